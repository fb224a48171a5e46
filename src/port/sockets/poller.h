/* SPDX-License-Identifier: MIT
 *
 * poller.h: which descriptors can move bytes, from epoll (Linux) or poll() (everywhere
 * else).
 *
 * Layer 6, knows nobody.  Both implementations keep one law, which is that of epoll's
 * edges:
 *
 *     A descriptor is reported once when it becomes ready.  It is reported again only
 *     after th_poller_arm(), which is called when a system call found it not ready any
 *     more: it would have blocked, or moved fewer bytes than it was asked to.
 *
 * So a connection that cannot use its bytes now costs nothing while it waits, and with
 * epoll no system call is ever made to change what is waited for.
 */
#ifndef TH_PORT_POLLER_H
#define TH_PORT_POLLER_H

#include <stddef.h>

/* 1 uses poll() on Linux, too. */
#ifndef THIMBLE_SOCKETS_POLL
#define THIMBLE_SOCKETS_POLL 0
#endif

#if defined(__linux__) && !THIMBLE_SOCKETS_POLL
#define TH_POLLER_EPOLL 1
#else
#define TH_POLLER_EPOLL 0
#endif

/* Events that one call of th_poller_wait() reports at most. */
#define TH_POLL_BATCH 64

enum {
    TH_POLL_READ = 1,       /* bytes, a new connection, or the peer's end of stream */
    TH_POLL_WRITE = 2,
    TH_POLL_END = 4,        /* the peer sends no more: read on until you see it */
    TH_POLL_HANGUP = 8,     /* the connection is gone in both directions */
};

struct th_poll_event {
    void *owner;            /* as given to th_poller_add() */
    unsigned what;
};

struct th_poller {
    size_t n_seats;
#if TH_POLLER_EPOLL
    int fd;
#else
    struct pollfd *fds;     /* one a seat; fd -1: free */
    void **owners;
    size_t n_used;          /* seats from here on are free */
    size_t next;            /* where the next report starts, so that all get their turn */
#endif
};

/* Memory for n_seats descriptors, aligned for pointers; may be 0. */
size_t th_poller_memory_bytes(size_t n_seats);

/* 0, or -errno. */
int th_poller_init(struct th_poller *p, void *mem, size_t n_seats);
void th_poller_close(struct th_poller *p);

/* Waits for fd to be readable; it is taken to be writable now.  seat: a number of your
 * own below n_seats, not in use.  0, or -errno. */
int th_poller_add(struct th_poller *p, size_t seat, int fd, void *owner);

/* Report it when fd is ready for `what` (TH_POLL_READ, TH_POLL_WRITE). */
void th_poller_arm(struct th_poller *p, size_t seat, unsigned what);

/* To be called before fd is closed. */
void th_poller_remove(struct th_poller *p, size_t seat, int fd);

/* Sleeps until something is ready or timeout_ms have passed; -1: no limit.  Returns the
 * number of events, 0 also when a signal came. */
size_t th_poller_wait(struct th_poller *p, struct th_poll_event events[TH_POLL_BATCH],
                      int timeout_ms);

#endif
