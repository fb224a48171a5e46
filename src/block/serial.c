/* SPDX-License-Identifier: MIT
 *
 * serial.c: see serial.h.
 */
#include "serial.h"

#include <string.h>

#include "../core/wire.h"

static char *put_hex(char *p, const uint8_t *bytes, size_t n_digits)
{
    for (size_t i = 0; i < n_digits; i++)
        *p++ = "0123456789ABCDEF"[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
    return p;
}

static char *put_name(char *p, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *p++ = bytes[i] > ' ' && bytes[i] < 0x7f ? (char)bytes[i] : '_';
    return p;
}

void thimble_card_serial(char text[THIMBLE_CARD_SERIAL_BYTES], const uint8_t cid[16])
{
    uint8_t mdt[2] = { (uint8_t)(cid[13] << 4 | cid[14] >> 4), (uint8_t)(cid[14] << 4) };
    char *p = put_hex(text, cid, 2);    /* MID */
    p = put_name(p, cid + 1, 2 + 5);    /* OID, PNM */
    p = put_hex(p, cid + 8, 2 + 8);     /* PRV, PSN */
    p = put_hex(p, mdt, 3);             /* MDT: year and month */
    memset(p, 0, (size_t)(text + THIMBLE_CARD_SERIAL_BYTES - p));
}

void thimble_part_serial(char text[THIMBLE_PART_SERIAL_BYTES], const char *whole, const char *part)
{
    size_t n = strlen(whole), kept = n < 23 ? n : 23;
    uint32_t sum = UINT32_C(0x811c9dc5);        /* FNV-1a */
    uint8_t bytes[4];

    for (; *part; part++) {
        uint8_t c = (uint8_t)*part;
        sum = (sum ^ (c >= 'A' && c <= 'Z' ? c + 0x20u : c)) * UINT32_C(0x01000193);
    }
    memcpy(text, whole + n - kept, kept);
    text[kept] = '-';
    th_put32(bytes, sum);
    *put_hex(text + kept + 1, bytes, 8) = '\0';
}
