// SPDX-License-Identifier: MIT
//
// entropy.h: declarations for a compile test only, see ../../README.md.
#pragma once

#include <stddef.h>

namespace qindesign::entropy {

void trng_init();
bool trng_is_started();
size_t trng_data(void *data, size_t size);

} // namespace qindesign::entropy
