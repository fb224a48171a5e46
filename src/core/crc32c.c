/* SPDX-License-Identifier: MIT
 *
 * crc32c.c: CRC-32C over a piece of memory.
 *
 * Layer 0.  Three ways, chosen when compiling: the processor's own instructions where the compiler says that
 * it has them (-msse4.2, -march=armv8-a+crc), else a table of THIMBLE_CRC32C_TABLE bytes.  The bits run least
 * significant first, so the polynomial 0x1edc6f41 stands here mirrored.
 */
#include "crc32c.h"

#include "../thimble_config.h"

#if defined(__SSE4_2__)

#include <nmmintrin.h>
#include <string.h>

uint32_t th_crc32c(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;

#if defined(__x86_64__)
    uint64_t wide = crc;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
#endif
    for (; len > 0; p++, len--)
        crc = _mm_crc32_u8(crc, *p);
    return crc;
}

#elif defined(__ARM_FEATURE_CRC32)

#include <arm_acle.h>
#include <string.h>

uint32_t th_crc32c(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;

    for (; len >= 4; p += 4, len -= 4) {
        uint32_t word;
        memcpy(&word, p, 4);
        crc = __crc32cw(crc, word);
    }
    for (; len > 0; p++, len--)
        crc = __crc32cb(crc, *p);
    return crc;
}

#elif THIMBLE_CRC32C_TABLE == 64

static const uint32_t table[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t th_crc32c(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;

    for (; len > 0; p++, len--) {
        crc ^= *p;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#else

#include "crc32c_table.h"

/* One load where the processor allows it anywhere. */
static inline uint32_t get_word(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t th_crc32c(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;
    const uint32_t *byte_step = th_crc32c_table[0];

#if THIMBLE_CRC32C_TABLE == 8192
    for (; len >= 8; p += 8, len -= 8) {
        crc ^= get_word(p);
        crc = th_crc32c_table[7][crc & 255] ^ th_crc32c_table[6][crc >> 8 & 255] ^
              th_crc32c_table[5][crc >> 16 & 255] ^ th_crc32c_table[4][crc >> 24] ^
              th_crc32c_table[3][p[4]] ^ th_crc32c_table[2][p[5]] ^
              th_crc32c_table[1][p[6]] ^ th_crc32c_table[0][p[7]];
    }
#else
    for (; len >= 4; p += 4, len -= 4) {        /* half the instructions of the loop below */
        crc ^= get_word(p);
        crc = crc >> 8 ^ byte_step[crc & 255];
        crc = crc >> 8 ^ byte_step[crc & 255];
        crc = crc >> 8 ^ byte_step[crc & 255];
        crc = crc >> 8 ^ byte_step[crc & 255];
    }
#endif
    for (; len > 0; p++, len--)
        crc = crc >> 8 ^ byte_step[(crc ^ *p) & 255];
    return crc;
}

#endif
