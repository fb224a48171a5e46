/* SPDX-License-Identifier: MIT
 *
 * announce.h: a board is found in its network without its address: multicast DNS (RFC 6762) and DNS-SD (RFC 6763).
 *
 *     HOSTNAME.local                  the board
 *     _iscsi._tcp                     "Thimble on HOSTNAME", its port, its targets in the TXT record
 *     _http._tcp                      the same name, if there is a status page
 *
 * By lwIP's own responder (announce_lwip.c) or a component of ESP-IDF (esp32_announce.c), where the firmware has one.  A name
 * that another machine has already gets a number.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_ANNOUNCE_H
#define TH_BOARD_ANNOUNCE_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed for good. */
struct th_announced {
    const char *host_name;
    uint16_t port, http_port;           /* http_port 0: there is no page */
    struct {
        const char *target;             /* NULL: it is not served */
        unsigned n_luns;
    } of[THIMBLE_BOARD_TARGETS];
};

/* False: this firmware has nobody to do it. */
extern const bool th_announce_is_there;

/* Once, when the engine serves and the network was started. */
void th_announce_start(const struct th_announced *what);

/* In each turn after that. */
void th_announce_poll(void);

/* --------------------------------------------------------------------------------------
 * announce.c: what both say
 */

enum {
    TH_ANNOUNCE_LABEL = 64,             /* the longest part of a name, and a zero */
    TH_ANNOUNCE_TEXT = 240,             /* the longest string below, and a zero */
};

/* HOSTNAME, HOSTNAME-2, HOSTNAME-3 ...; n: from 1. */
void th_announce_host(const struct th_announced *what, unsigned n, char name[TH_ANNOUNCE_LABEL]);

/* "Thimble on" that. */
void th_announce_service(const char *host, char name[TH_ANNOUNCE_LABEL]);

/* String n, from 0, of the TXT record of _iscsi._tcp: "txtvers=1", then of each target "target=IQN" and "luns=N", of
 * others than the first "target2" and so on.  Returns its length, 0: there are no more. */
size_t th_announce_text(const struct th_announced *what, unsigned n, char text[TH_ANNOUNCE_TEXT]);

#ifdef __cplusplus
}
#endif

#endif
