/* SPDX-License-Identifier: MIT
 *
 * status.h: what can be seen of a board over the network: the status page over HTTP, and SNMP.
 *
 * By lwIP's httpd and SNMP agent (status_lwip.c) where the firmware's configuration sets TH_BOARD_STATUS to 1, which
 * needs THIMBLE_STATS; elsewhere these functions do nothing.  thimble.ini says what is on: [status] http and
 * snmp-community.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_STATUS_H
#define TH_BOARD_STATUS_H

#include "../../settings/settings.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef TH_BOARD_STATUS
#define TH_BOARD_STATUS 0
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
