/* SPDX-License-Identifier: MIT
 *
 * crc32c.h: the digest of RFC 7143 13.1 (CRC-32C, Castagnoli).
 *
 * Layer 0.  Use: crc = TH_CRC32C_INIT; crc = th_crc32c(crc, piece, n) for each piece; then
 * th_crc32c_put(digest, crc) makes the four bytes as they stand on the wire.
 */
#ifndef TH_CORE_CRC32C_H
#define TH_CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#define TH_CRC32C_INIT UINT32_C(0xffffffff)

uint32_t th_crc32c(uint32_t crc, const void *data, size_t len);

/* The digest goes out least significant byte first, unlike all numbers of the protocol (RFC 7143 13.1,
 * and its example in appendix A.4). */
static inline void th_crc32c_put(uint8_t digest[4], uint32_t crc)
{
    crc = ~crc;
    digest[0] = (uint8_t)crc;
    digest[1] = (uint8_t)(crc >> 8);
    digest[2] = (uint8_t)(crc >> 16);
    digest[3] = (uint8_t)(crc >> 24);
}

#endif
