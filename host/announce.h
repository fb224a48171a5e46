/* SPDX-License-Identifier: MIT
 *
 * announce.h: DNS-SD (RFC 6763): the target as _iscsi._tcp and the status page as _http._tcp, by Avahi.
 *
 * avahi-daemon speaks multicast DNS and answers for HOSTNAME.local; this process tells it by D-Bus what to announce, from
 * the server's own loop.  When the daemon or the bus is not there or goes, it is looked for again.  A name that
 * another host has already gets a number.
 *
 * libavahi-client waits for the answers to its calls, which come from this machine: some when a daemon is found, none
 * while disks are served.
 */
#ifndef HOST_ANNOUNCE_H
#define HOST_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct announce_service {
    const char *type;                   /* "_iscsi._tcp" */
    const char *const *txt;             /* n_txt strings "key=value" */
    size_t n_txt;
    int family;                         /* AF_INET, AF_INET6, AF_UNSPEC: both */
    uint16_t port;
};

/* Announces them, now or later.  Everything given is borrowed.  False: built without Avahi's library. */
bool announce_start(const struct announce_service *services, size_t n);

/* Becomes readable when there is something to do; -1: announce_run() must be called now and then. */
int announce_fd(void);
void announce_wake(void);               /* it became readable */

/* Does what there is to do; returns the time in ms after which it wants to be called again at the latest. */
uint32_t announce_run(void);

/* Takes everything back. */
void announce_stop(void);

#endif
