/* SPDX-License-Identifier: MIT
 *
 * wifi_order.h: which of the WiFi networks of thimble.ini to join, and when: in their order, each once; when none could be
 * joined, again from the first after a pause that grows.  One that was lost is looked for from the first on, too.
 *
 * Pure: it is told what happened and what time it is, and says what to do.
 *
 *     th_wifi_order_next      in each turn: a network to join now, or -1
 *     th_wifi_order_joined    it is joined
 *     th_wifi_order_ended     it is not, or not any more
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_WIFI_ORDER_H
#define TH_BOARD_WIFI_ORDER_H

#include "../../device/backoff.h"
#include "platform.h"

/* How long joining may take when nothing is heard of it. */
#define TH_WIFI_JOIN_MS 20000

enum th_wifi_state { TH_WIFI_PAUSE, TH_WIFI_JOINING, TH_WIFI_JOINED };

struct th_wifi_order {
    enum th_wifi_state state;
    unsigned n, at;                     /* networks; which of them, from 0 */
    uint32_t since_ms, pause_ms;        /* PAUSE or JOINING */
    bool refused;                       /* by one of them, in this round */
    enum th_network_trouble trouble;    /* of the last round */
    struct thimble_backoff backoff;
};

void th_wifi_order_init(struct th_wifi_order *o, unsigned n_networks);

/* -1: there is nothing to do.  Joining that takes too long counts as not found; the caller
 * stops it by itself when it is told to join another. */
int th_wifi_order_next(struct th_wifi_order *o, uint32_t now_ms, uint32_t random);

void th_wifi_order_joined(struct th_wifi_order *o);

/* refused: it is there, but does not take us. */
void th_wifi_order_ended(struct th_wifi_order *o, bool refused, uint32_t now_ms, uint32_t random);

#endif
