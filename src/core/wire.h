/* SPDX-License-Identifier: MIT
 *
 * wire.h: big-endian bytes to numbers and back, and the arithmetic that a peer's numbers go through.
 *
 * Layer 0, knows nobody.  RFC 7143 and the SCSI standards are big-endian throughout.
 */
#ifndef TH_CORE_WIRE_H
#define TH_CORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t th_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t th_get24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t th_get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | th_get24(p + 1);
}

static inline uint64_t th_get64(const uint8_t *p)
{
    return (uint64_t)th_get32(p) << 32 | th_get32(p + 4);
}

static inline void th_put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void th_put24(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 16);
    th_put16(p + 1, v);
}

static inline void th_put32(uint8_t *p, uint32_t v)
{
    th_put16(p, v >> 16);
    th_put16(p + 2, v);
}

static inline void th_put64(uint8_t *p, uint64_t v)
{
    th_put32(p, (uint32_t)(v >> 32));
    th_put32(p + 4, (uint32_t)v);
}

static inline uint32_t th_min32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* n rounded up to the next multiple of 4: the padding of RFC 7143 11.1.  n <= 2^32 - 4. */
static inline uint32_t th_pad4(uint32_t n)
{
    return (n + 3) & ~UINT32_C(3);
}

/* True if [at, at + n) lies within [0, size).  Cannot wrap. */
static inline bool th_range_ok(uint64_t at, uint64_t n, uint64_t size)
{
    return at <= size && n <= size - at;
}

/* True if a comes before b in serial-number order (RFC 1982, 32 bits). */
static inline bool th_sn_before(uint32_t a, uint32_t b)
{
    return a != b && b - a < UINT32_C(0x80000000);
}

#endif
