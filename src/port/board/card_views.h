/* SPDX-License-Identifier: MIT
 *
 * card_views.h: parts of the card as disks; see thimble_board_partition() and thimble_board_image().
 *
 * Layer 6, private to src/port/board.
 */
#ifndef TH_BOARD_CARD_VIEWS_H
#define TH_BOARD_CARD_VIEWS_H

/* The card was changed: looks for each of its parts anew. */
void th_card_views_follow(void);

#endif
