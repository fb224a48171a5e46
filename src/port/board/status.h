/* SPDX-License-Identifier: MIT
 *
 * status.h: what can be seen of a board over the network: the status page over HTTP (web.h), and SNMP.
 *
 * Where TH_BOARD_STATUS is 1 (which.h), which needs THIMBLE_STATS: status_lwip.c, with SNMP where lwIP is built with its agent;
 * esp32_web.c.  Elsewhere these functions do nothing.  thimble.ini says what is on: [status] http and snmp-community.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_STATUS_H
#define TH_BOARD_STATUS_H

#include "../../settings/settings.h"
#include "which.h"

#ifdef __cplusplus
extern "C" {
#endif

#if TH_BOARD_STATUS
/* Once, when the engine serves. */
void th_status_start(const struct thimble *engine, const struct thimble_settings *s);

/* From the engine's event hook. */
void th_status_event(const struct thimble_event *event);
#else
static inline void th_status_start(const struct thimble *engine, const struct thimble_settings *s)
{
    (void)engine, (void)s;
}

static inline void th_status_event(const struct thimble_event *event)
{
    (void)event;
}
#endif

#ifdef __cplusplus
}
#endif

#endif
