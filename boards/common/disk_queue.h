/* SPDX-License-Identifier: MIT
 *
 * disk_queue.h: a disk whose requests are done one at a time from the main loop, so that
 * frames, timers and the watchdog get their turn between two of them, however many requests
 * there are and however long they take together.
 *
 * It also lights an LED (leds.h) while the disk below works, and counts bytes.
 */
#ifndef DISK_QUEUE_H
#define DISK_QUEUE_H

#include "thimble.h"

struct disk_queue {
    struct thimble_block block;
    struct thimble_block *below;
    struct thimble_io *first, *last;    /* waiting, oldest first */

    /* To show. */
    uint32_t bytes_read, bytes_written; /* wrap */
};

void disk_queue_init(struct disk_queue *q, struct thimble_block *below);

/* Another disk is below from now on, or the same with another medium.  What waits was meant for
 * the old one and ends with THIMBLE_ERR_NO_MEDIUM. */
void disk_queue_follow(struct disk_queue *q, struct thimble_block *below);

/* Does one piece of work.  True: there is more. */
bool disk_queue_run(struct disk_queue *q);

#endif
