/* SPDX-License-Identifier: MIT
 *
 * thimble_lwip.h: Thimble over lwIP's raw API, on any board that has lwIP.
 *
 *     static struct thimble_lwip port;
 *     static struct thimble_lwip_conn conns[5];     (the engine has 4)
 *
 *     config.ctx = &port;
 *     config.wake = thimble_lwip_wake;
 *     config.portal = thimble_lwip_portal;
 *     thimble_init(&engine, ...);
 *     thimble_lwip_start(&port, engine, conns, 5, 3260);
 *     for (;;) {
 *         ...take in frames, run lwIP's timers...
 *         thimble_lwip_poll(&port);
 *         thimble_tick(engine, ms);
 *     }
 *
 * Everything runs in the one context that lwIP's raw API allows: the main loop without an
 * operating system, else lwIP's thread.
 *
 * What lwIP must be able to hold.  For each connection, of the pool: TCP_WND bytes that wait
 * for a place (a stopped connection's), see THIMBLE_LWIP_HELD_MAX; of the heap: a header of
 * about 120 bytes for each PDU that was not acknowledged yet.  Data is sent from the disk's
 * buffers without a copy.  Running out of either costs time, never data.
 */
#ifndef THIMBLE_LWIP_H
#define THIMBLE_LWIP_H

#include "../../thimble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Most pbufs that one stopped connection may keep; at least one more than a window fills.
 * Before there are more, what they hold is copied into fewer; if that is not possible, data is
 * refused and the initiator sends it again.  Default: as many as come. */
#ifndef THIMBLE_LWIP_HELD_MAX
#define THIMBLE_LWIP_HELD_MAX 1000
#endif

/* How long a connection that is being closed may wait until the initiator has acknowledged
 * data that lies in the disk's buffers, in ms. */
#ifndef THIMBLE_LWIP_LINGER_MS
#define THIMBLE_LWIP_LINGER_MS 3000
#endif

/* How long a newcomer waits, when all connections of the engine are taken, until one is free. */
#ifndef THIMBLE_LWIP_WAIT_MS
#define THIMBLE_LWIP_WAIT_MS 1000
#endif

struct tcp_pcb;
struct pbuf;

/* One TCP connection.  All fields are private. */
struct thimble_lwip_conn {
    struct thimble_lwip *port;
    struct tcp_pcb *pcb;                /* NULL: free */
    struct thimble_conn *conn;          /* NULL: a newcomer that waits for the engine */
    struct pbuf *held;                  /* came in, not taken by the engine yet */
    uint32_t taken, acked;              /* bytes handed to lwIP; of these, acknowledged */
    uint32_t borrowed;                  /* value of `taken` behind the last byte that lies
                                         * in a disk's buffer */
    uint32_t since_ms;                  /* of waiting, or of closing */
    bool work;                          /* thimble_lwip_poll() shall look */
    bool full;                          /* lwIP did not take all that there is to send */
    bool starved;                       /* ... because it had no memory */
    bool peer_closed, closing;
};

struct thimble_lwip {
    struct thimble *engine;
    struct thimble_lwip_conn *conns;
    unsigned n_conns;
    struct tcp_pcb *listener;
    bool work;                          /* thimble_lwip_poll() has something to look at */
    bool starved;                       /* a connection is, perhaps */
    bool room;                          /* a connection of the engine became free */

    /* To show. */
    uint32_t bytes_in, bytes_out;       /* wrap */
    unsigned n_open;
};

/* Listens on a TCP port, on IPv6 too where lwIP has it.  conns: n of them, one more than the
 * engine has connections, for a newcomer to wait in; port and conns are zeroed here and must
 * live on.  THIMBLE_OK or THIMBLE_ERR_NO_MEMORY. */
int thimble_lwip_start(struct thimble_lwip *port, struct thimble *engine,
                       struct thimble_lwip_conn *conns, unsigned n, uint16_t tcp_port);

/* Moves what can be moved.  Call it after frames came in, and after disks answered.  True: call
 * again before sleeping. */
bool thimble_lwip_poll(struct thimble_lwip *port);

/* Hooks for struct thimble_config, whose ctx must then be the struct thimble_lwip. */
void thimble_lwip_wake(void *ctx, struct thimble_conn *c, void *port_conn);
size_t thimble_lwip_portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
