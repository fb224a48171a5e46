/* SPDX-License-Identifier: MIT
 *
 * card_views.h: the card, or a part of it, as a disk that looks for its part anew in each card.
 *
 * Layer 6, private to src/port/board.
 */
#ifndef TH_BOARD_CARD_VIEWS_H
#define TH_BOARD_CARD_VIEWS_H

#include "../../block/fat.h"
#include "platform.h"

/* [limits] cache: memory for a cache over the card.  Before the first view. */
void th_card_cache(uint32_t bytes);

/* The whole card; or thimble.img, if the card has that file.  Others are in thimble_board.h. */
struct thimble_block *th_card_whole(void);
struct thimble_block *th_card_default(void);

/* Why a view has no medium, as a sentence; NULL: it has one, or this is no view. */
const char *th_card_why(const struct thimble_block *view, enum thimble_lights_error *error);

/* What a view shows: "file disk.img", "partition 2"; NULL: this is no view. */
const char *th_card_what(const struct thimble_block *view, char text[48]);

/* The card was changed: looks for each part anew.  Not changed: tries those again that could not be read.  True: one
 * still cannot; try again later. */
bool th_card_follow(bool changed);

/* In idle time: what the cache has not written yet.  True: there is more. */
bool th_card_write_late(void);

bool th_card_ready(void);

/* A file of the card's volume, for reading, through the one block of memory that there is for this. */
enum thimble_fat_result th_card_open(struct thimble_fat *fs, struct thimble_fat_file *file,
                                     const char *path);

/* FNV-1a: tells apart what differs by chance, not what somebody made alike.  Never 0 but for bad luck. */
#define TH_SUM_START UINT32_C(0x811c9dc5)
uint32_t th_sum(uint32_t sum, const void *bytes, size_t n);

#endif
