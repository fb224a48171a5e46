/* SPDX-License-Identifier: MIT
 *
 * agentx.h: RFC 7147's ISCSI-MIB for SNMP managers, as a sub-agent (AgentX, RFC 2741) of Net-SNMP's snmpd.
 *
 * snmpd has the port, the communities and users, and who may see what; this process tells it numbers, over a local socket,
 * from the server's own loop.  When snmpd is not there or goes, it is tried again every 15 s.
 */
#ifndef HOST_AGENTX_H
#define HOST_AGENTX_H

#include "../src/status/mib.h"

/* Connects to snmpd at `address` ("/var/agentx/master", "tcp:127.0.0.1:705"), now or later.  mib is borrowed.
 * False: built without Net-SNMP. */
bool agentx_start(const char *address, struct thimble_mib *mib);

/* Becomes readable when there is something to do; -1: agentx_run() must be called now and then. */
int agentx_fd(void);
void agentx_wake(void);                 /* it became readable */

/* Does what there is to do; returns the time in ms after which it wants to be called again at the latest. */
uint32_t agentx_run(void);

/* What the engine told: a notification goes out if RFC 7147 has one for it, three in ten seconds at most. */
void agentx_event(const struct thimble_event *event);

void agentx_stop(void);

#endif
