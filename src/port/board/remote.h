/* SPDX-License-Identifier: MIT
 *
 * remote.h: set-up and update over the network, where the platform has them (TH_BOARD_SETUP); elsewhere these
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

/* In each turn, whatever the state.  serves: the target listens, and the board has an address. */
void th_remote_poll(bool serves);
#else
static inline bool th_remote_entered(struct thimble_setup *s)
{
    (void)s;
    return false;
}

static inline void th_remote_poll(bool serves)
{
    (void)serves;
}
#endif

#endif
