/* SPDX-License-Identifier: MIT
 *
 * utf8.c: see utf8.h: the table of RFC 3629, section 4.
 *
 * Layer 0.  A file of its own: it costs flash only where text is read or shown.
 */
#include "utf8.h"

/* First bytes of characters: up to `last`, this long, and what their second byte may be.  That leaves no longer form
 * of a character, no surrogates, and nothing beyond U+10FFFF. */
static const struct {
    uint8_t last, len, low, high;
} firsts[] = {
    { 0x7f, 1, 0, 0 },
    { 0xc1, 0, 0, 0 },
    { 0xdf, 2, 0x80, 0xbf },
    { 0xe0, 3, 0xa0, 0xbf },
    { 0xec, 3, 0x80, 0xbf },
    { 0xed, 3, 0x80, 0x9f },
    { 0xef, 3, 0x80, 0xbf },
    { 0xf0, 4, 0x90, 0xbf },
    { 0xf3, 4, 0x80, 0xbf },
    { 0xf4, 4, 0x80, 0x8f },
    { 0xff, 0, 0, 0 },
};

size_t th_utf8_character(const uint8_t *c, size_t n)
{
    unsigned row = 0;

    while (c[0] > firsts[row].last)
        row++;
    size_t len = firsts[row].len;
    if (len > n)
        return 0;
    if (len > 1 && (c[1] < firsts[row].low || c[1] > firsts[row].high))
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return len;
}
