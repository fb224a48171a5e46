/* SPDX-License-Identifier: MIT
 *
 * rand.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_PICO_RAND_H
#define TEST_PICO_RAND_H

#include <stdint.h>

uint32_t get_rand_32(void);

#endif
