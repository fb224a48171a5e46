/* SPDX-License-Identifier: MIT
 *
 * poller_epoll.c: the poller on Linux.
 *
 * Layer 6, includes poller.h only.  Each descriptor is registered once, for both
 * directions and edge-triggered; the kernel arms it again by itself, when a call found
 * it not ready.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "poller.h"

#if TH_POLLER_EPOLL

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

size_t th_poller_memory_bytes(size_t n_seats)
{
    (void)n_seats;
    return 0;
}

int th_poller_init(struct th_poller *p, void *mem, size_t n_seats)
{
    (void)mem;
    p->n_seats = n_seats;
    p->fd = epoll_create1(EPOLL_CLOEXEC);
    return p->fd < 0 ? -errno : 0;
}

void th_poller_close(struct th_poller *p)
{
    close(p->fd);
    p->fd = -1;
}

int th_poller_add(struct th_poller *p, size_t seat, int fd, void *owner)
{
    struct epoll_event e = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = owner,
    };

    (void)seat;
    return epoll_ctl(p->fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

void th_poller_arm(struct th_poller *p, size_t seat, unsigned what)
{
    (void)p;
    (void)seat;
    (void)what;
}

void th_poller_remove(struct th_poller *p, size_t seat, int fd)
{
    struct epoll_event unused = {0};    /* Linux before 2.6.9 wants a pointer */

    (void)seat;
    epoll_ctl(p->fd, EPOLL_CTL_DEL, fd, &unused);
}

static unsigned what_happened(uint32_t events)
{
    unsigned what = 0;

    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        what |= TH_POLL_READ;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        what |= TH_POLL_WRITE;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        what |= TH_POLL_END;
    if (events & (EPOLLHUP | EPOLLERR))
        what |= TH_POLL_HANGUP;
    return what;
}

size_t th_poller_wait(struct th_poller *p, struct th_poll_event events[TH_POLL_BATCH],
                      int timeout_ms)
{
    struct epoll_event got[TH_POLL_BATCH];
    int n = epoll_wait(p->fd, got, TH_POLL_BATCH, timeout_ms);

    if (n <= 0)
        return 0;
    for (int i = 0; i < n; i++)
        events[i] = (struct th_poll_event){ .owner = got[i].data.ptr,
                                            .what = what_happened(got[i].events) };
    return (size_t)n;
}

#else
typedef int th_poller_is_another_file;      /* ISO C wants a declaration */
#endif
