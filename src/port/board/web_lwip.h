/* SPDX-License-Identifier: MIT
 *
 * web_lwip.h: web.h's answers by lwIP's raw interface, in lwIP's own turn.
 *
 * A few connections at a time, each with one buffer.  They have lwIP's lowest priority: when it has no place for
 * an initiator, one of them goes.  A newcomer for whom there is no place takes that of one that has asked for nothing
 * for a second, or is sent away.
 *
 * Layer 6, private to src/port/.  Compiled where TH_BOARD_WEB is 1 and the server has no task of its own.
 */
#ifndef TH_BOARD_WEB_LWIP_H
#define TH_BOARD_WEB_LWIP_H

#include "web.h"

/* Of a browser that looks at the page, one is open at a time, and one more perhaps that it keeps ready.  Each 2.2 KiB. */
#ifndef THIMBLE_BOARD_HTTP_CONNECTIONS
#define THIMBLE_BOARD_HTTP_CONNECTIONS 3
#endif

/* What is answered: whoever has something to show, or takes the form, says so here. */
extern struct th_web th_web_lwip;

/* Listens.  Called again, it goes on listening. */
void th_web_lwip_start(uint16_t port);

/* Who comes by this address of ours (as lwIP has it; 0: nobody) is at our access point. */
void th_web_lwip_point(uint32_t ip);

#endif
