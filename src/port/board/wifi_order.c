/* SPDX-License-Identifier: MIT
 *
 * wifi_order.c: see wifi_order.h.
 */
#include "which.h"

#if TH_BOARD_ANY

#include "wifi_order.h"

enum { PAUSE_MS = 1000, PAUSE_MAX_MS = 60000 };

void th_wifi_order_init(struct th_wifi_order *o, unsigned n_networks)
{
    *o = (struct th_wifi_order){
        .n = n_networks,
        .trouble = n_networks ? TH_NETWORK_NO_TROUBLE : TH_NETWORK_WIFI_NOT_SET,
    };
    thimble_backoff_init(&o->backoff, PAUSE_MS, PAUSE_MAX_MS);
}

int th_wifi_order_next(struct th_wifi_order *o, uint32_t now_ms, uint32_t random)
{
    if (o->state == TH_WIFI_JOINING && now_ms - o->since_ms >= TH_WIFI_JOIN_MS)
        th_wifi_order_ended(o, false, now_ms, random);
    if (o->n == 0 || o->state != TH_WIFI_PAUSE || now_ms - o->since_ms < o->pause_ms)
        return -1;
    o->state = TH_WIFI_JOINING;
    o->since_ms = now_ms;
    return (int)o->at;
}

void th_wifi_order_joined(struct th_wifi_order *o)
{
    o->state = TH_WIFI_JOINED;
    o->trouble = TH_NETWORK_NO_TROUBLE;
    thimble_backoff_reset(&o->backoff);
}

void th_wifi_order_ended(struct th_wifi_order *o, bool refused, uint32_t now_ms, uint32_t random)
{
    bool was_joined = o->state == TH_WIFI_JOINED;
    if (o->state == TH_WIFI_PAUSE)      /* the echo of one that was given up */
        return;

    o->state = TH_WIFI_PAUSE;
    o->since_ms = now_ms;
    o->pause_ms = 0;
    o->at = was_joined ? 0 : o->at + 1;
    o->refused = !was_joined && (o->refused || refused);
    if (o->at < o->n)
        return;
    o->trouble = o->refused ? TH_NETWORK_WIFI_REFUSED : TH_NETWORK_WIFI_NOT_FOUND;
    o->at = 0;
    o->refused = false;
    o->pause_ms = thimble_backoff_next(&o->backoff, random);
}

#else

/* ISO C wants something in every file. */
typedef int th_wifi_order_is_not_compiled;

#endif
