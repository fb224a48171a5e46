/* SPDX-License-Identifier: MIT
 *
 * card_watch.h: when to look after a card that tells nothing by itself: one that is there each second, one that is not less and
 * less often, up to every 16 seconds.
 *
 *     if (th_card_watch_is_due(&w, now_ms))
 *         if (w.present) ... th_card_watch_gone(&w)
 *         else           th_card_watch_tried(&w, open_card())
 *     return th_card_watch_news(&w)
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_CARD_WATCH_H
#define TH_BOARD_CARD_WATCH_H

#include <stdbool.h>
#include <stdint.h>

enum { TH_CARD_LOOK_MS = 1000, TH_CARD_TRIES_MAX = 4 };

/* Zeroed: there is none yet. */
struct th_card_watch {
    bool     present;
    bool     to_tell;                   /* the owner does not know yet */
    uint8_t  tries;                     /* in vain */
    uint32_t looked_ms;
};

static inline bool th_card_watch_is_due(struct th_card_watch *w, uint32_t now_ms)
{
    uint32_t pause_ms = (uint32_t)TH_CARD_LOOK_MS << (w->present ? 0 : w->tries);

    if (now_ms - w->looked_ms < pause_ms)
        return false;
    w->looked_ms = now_ms;
    return true;
}

static inline void th_card_watch_gone(struct th_card_watch *w)
{
    w->present = false;
    w->to_tell = true;
}

static inline void th_card_watch_tried(struct th_card_watch *w, bool found)
{
    if (found) {
        w->present = w->to_tell = true;
        w->tries = 0;
    } else if (w->tries < TH_CARD_TRIES_MAX) {
        w->tries++;
    }
}

/* True once after each change. */
static inline bool th_card_watch_news(struct th_card_watch *w)
{
    bool news = w->to_tell;

    w->to_tell = false;
    return news;
}

#endif
