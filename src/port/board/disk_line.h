/* SPDX-License-Identifier: MIT
 *
 * disk_line.h: the disk of a logical unit as the engine sees it: requests wait in line and are done one at
 * a time between two turns of the main loop, so that frames, timers and the watchdog get their turn
 * however long the line is.  It also lights an LED while the disk below works, and counts bytes.  A CD has larger blocks
 * than the card that its image lies on: the line may put several together.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_DISK_LINE_H
#define TH_BOARD_DISK_LINE_H

#include "../../thimble.h"

struct th_disk_line {
    struct thimble_block block;
    struct thimble_block *below;
    struct thimble_io *first, *last;    /* waiting, oldest first */
    struct thimble_io own;              /* the call below, for the first one or a piece of it */
    uint32_t own_blocks;
    bool in_flight;                     /* the disk below will answer that later */
    uint8_t group_shift;                /* log2 of the blocks below that are one of ours */
    uint32_t bytes_read, bytes_written; /* to show; wrap */
};

/* block_shift: of our blocks, not less than that below; 0: as below. */
void th_disk_line_init(struct th_disk_line *l, struct thimble_block *below, uint8_t block_shift);

/* The medium below is another one, or has another size.  What waits was meant for the old one and ends with
 * THIMBLE_ERR_NO_MEDIUM.  Not while l->in_flight. */
void th_disk_line_follow(struct th_disk_line *l);

/* Does one piece of work, if there is any.  True: something was done. */
bool th_disk_line_run(struct th_disk_line *l);

#endif
