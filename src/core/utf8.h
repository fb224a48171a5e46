/* SPDX-License-Identifier: MIT
 *
 * utf8.h: characters of UTF-8 (RFC 3629).
 *
 * Layer 0.
 */
#ifndef TH_CORE_UTF8_H
#define TH_CORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at the beginning of n bytes, n at least 1.  0: it is none, or it is cut. */
size_t th_utf8_character(const uint8_t *c, size_t n);

#endif
