/* SPDX-License-Identifier: MIT
 *
 * remote.h: set-up and update over the network, where the platform has them; elsewhere these
 * functions do nothing.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_REMOTE_H
#define TH_BOARD_REMOTE_H

#include "../../device/setup.h"
#include "which.h"

#if TH_BOARD_SETUP
/* What was entered in the form, in this life or an earlier one.  False: nothing. */
bool th_remote_entered(struct thimble_setup *s);
#else
static inline bool th_remote_entered(struct thimble_setup *s)
{
    (void)s;
    return false;
}
#endif

#if TH_BOARD_SETUP || TH_BOARD_WEB_TASK
/* In each turn, whatever the state.  serves: the target listens, and the board has an address. */
void th_remote_poll(bool serves);

/* From any task: a restart, when what was answered went out, and what the cache has late is on the card.  The restart itself
 * is th_restart_poll()'s, which the platform calls each turn; it has th_board_restart(). */
void th_restart_ask(void);
void th_restart_poll(void);
void th_board_restart(void);
#else
static inline void th_remote_poll(bool serves)
{
    (void)serves;
}
#endif

#endif
