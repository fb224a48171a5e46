/* SPDX-License-Identifier: MIT
 *
 * remote.c: see remote.h: the restart that somebody asked for over the network.
 *
 * Layer 6.
 */
#include "remote.h"

#if TH_BOARD_SETUP || TH_BOARD_WEB_TASK

#include <stdatomic.h>

#include "card_views.h"

enum {
    ANSWERED_MS = 1000,                 /* an answer is on its way by then */
    LATE_MS = 10000,                    /* for what the cache still has to write */
};

static atomic_bool restart_asked;

void th_restart_ask(void)
{
    atomic_store(&restart_asked, true);
}

void th_restart_poll(void)
{
    static bool noted;
    static uint32_t since_ms;

    if (!atomic_load(&restart_asked))
        return;
    if (!noted)
        since_ms = th_board_ms();
    noted = true;
    uint32_t waited_ms = th_board_ms() - since_ms;
    if (waited_ms < ANSWERED_MS || (th_card_write_late() && waited_ms < LATE_MS))
        return;
    th_board_log(TH_LOG_INFO, "thimble: restarts");
    th_board_restart();
}

#else

/* ISO C wants something in every file. */
typedef int th_remote_is_not_compiled;

#endif
