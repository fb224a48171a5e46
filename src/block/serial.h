/* SPDX-License-Identifier: MIT
 *
 * serial.h: serial numbers for struct thimble_block: a card's from its CID, a part's from that of the whole.
 *
 * The same card has the same one in every board's slot and behind every driver, so its initiators know it again wherever
 * it is served.  Layer 0.
 */
#ifndef THIMBLE_BLOCK_SERIAL_H
#define THIMBLE_BLOCK_SERIAL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define THIMBLE_CARD_SERIAL_BYTES 24    /* with the zero at the end */
#define THIMBLE_PART_SERIAL_BYTES 33

/* From the CID register of an SD card (Physical Layer specification, 5.2; the last byte, a check sum, does not matter):
 * "03SDSU04G801234ABCD15A" is MID, OID, PNM, PRV, PSN, MDT. */
void thimble_card_serial(char text[THIMBLE_CARD_SERIAL_BYTES], const uint8_t cid[16]);

/* For a part of a disk, which is another disk: the last 23 characters of the whole's and a sum over the part's name, in
 * which upper and lower case are alike, as in FAT: "partition 2", "thimble.img". */
void thimble_part_serial(char text[THIMBLE_PART_SERIAL_BYTES], const char *whole, const char *part);

#ifdef __cplusplus
}
#endif

#endif
