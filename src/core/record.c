/* SPDX-License-Identifier: MIT
 *
 * record.c: see record.h.
 */
#include "record.h"

#include <string.h>

#include "../thimble.h"
#include "crc32c.h"
#include "wire.h"

enum { AT_KIND = 3, AT_VERSION = 4, AT_LENGTH = 8, AT_CRC = 12 };

static const uint8_t mark[] = { 'T', 'h', 'b' };

static void put_crc(uint8_t digest[4], const uint8_t *record, uint32_t n)
{
    uint32_t crc = th_crc32c(TH_CRC32C_INIT, record, AT_CRC);

    th_crc32c_put(digest, th_crc32c(crc, record + TH_RECORD_HEADER_BYTES, n));
}

uint32_t th_record_seal(uint8_t *record, uint8_t kind, uint32_t n)
{
    memcpy(record, mark, sizeof mark);
    record[AT_KIND] = kind;
    th_put32(record + AT_VERSION, TH_RECORD_VERSION);
    th_put32(record + AT_LENGTH, n);
    put_crc(record + AT_CRC, record, n);
    return TH_RECORD_HEADER_BYTES + n;
}

int th_record_open(const uint8_t *record, uint32_t len, uint8_t kind)
{
    uint8_t digest[4];

    if (len < TH_RECORD_HEADER_BYTES || memcmp(record, mark, sizeof mark) != 0 ||
        record[AT_KIND] != kind || th_get32(record + AT_VERSION) != TH_RECORD_VERSION)
        return THIMBLE_ERR_RECORD;
    uint32_t n = th_get32(record + AT_LENGTH);
    if (n != len - TH_RECORD_HEADER_BYTES || n > INT32_MAX)
        return THIMBLE_ERR_RECORD;
    put_crc(digest, record, n);
    return memcmp(digest, record + AT_CRC, sizeof digest) == 0 ? (int)n : THIMBLE_ERR_RECORD;
}
