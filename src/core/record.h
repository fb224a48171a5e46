/* SPDX-License-Identifier: MIT
 *
 * record.h: a record of a struct thimble_store: bytes with a header that tells whether they can be trusted.
 *
 *     0   "Thb", kind (enum thimble_record)
 *     4   version of what follows the header: TH_RECORD_VERSION
 *     8   bytes that follow the header
 *     12  CRC32C of all but these four bytes
 *     16  what the record says
 *
 * Layer 0.  Numbers are big-endian, the checksum as on the wire.
 */
#ifndef TH_CORE_RECORD_H
#define TH_CORE_RECORD_H

#include <stdint.h>

#define TH_RECORD_HEADER_BYTES 16
#define TH_RECORD_VERSION 1

/* The header of a record whose n bytes stand behind the place for it.  Returns the length of all. */
uint32_t th_record_seal(uint8_t *record, uint8_t kind, uint32_t n);

/* How many bytes follow the header of a record of len bytes, or THIMBLE_ERR_RECORD: it is another
 * kind's or another version's, was cut, or is damaged. */
int th_record_open(const uint8_t *record, uint32_t len, uint8_t kind);

#endif
