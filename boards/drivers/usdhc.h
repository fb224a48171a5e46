/* SPDX-License-Identifier: MIT
 *
 * usdhc.h: an SD card in its native mode, as a disk, on NXP's uSDHC controller.
 */
#ifndef USDHC_H
#define USDHC_H

#include <stdbool.h>

#include "thimble.h"

/* Looks for a card; the disk is there even without one, and `ready` tells. */
struct thimble_block *usdhc_disk(void);

/* From the main loop: notices a card that went or came.  True: the disk changed. */
bool usdhc_poll(void);

#endif
