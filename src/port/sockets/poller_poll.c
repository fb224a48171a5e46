/* SPDX-License-Identifier: MIT
 *
 * poller_poll.c: the poller on everything that has poll(): BSD, macOS, ESP-IDF.
 *
 * Layer 6, includes poller.h only.  poll() reports levels; they become edges by asking
 * for a direction only from th_poller_arm() until the report.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "poller.h"

#if !TH_POLLER_EPOLL && \
    (defined(__unix__) || defined(__APPLE__) || defined(ESP_PLATFORM))

#include <errno.h>
#include <sys/poll.h>       /* ESP-IDF has no <poll.h> */

size_t th_poller_memory_bytes(size_t n_seats)
{
    return n_seats * (sizeof(void *) + sizeof(struct pollfd));
}

int th_poller_init(struct th_poller *p, void *mem, size_t n_seats)
{
    p->n_seats = n_seats;
    p->owners = mem;
    p->fds = (struct pollfd *)(void *)(p->owners + n_seats);
    p->n_used = p->next = 0;
    for (size_t i = 0; i < n_seats; i++)
        p->fds[i].fd = -1;
    return 0;
}

void th_poller_close(struct th_poller *p)
{
    p->n_used = 0;
}

int th_poller_add(struct th_poller *p, size_t seat, int fd, void *owner)
{
    p->fds[seat] = (struct pollfd){ .fd = fd, .events = POLLIN };
    p->owners[seat] = owner;
    if (p->n_used <= seat)
        p->n_used = seat + 1;
    return 0;
}

void th_poller_arm(struct th_poller *p, size_t seat, unsigned what)
{
    short events = 0;

    if (what & TH_POLL_READ)
        events |= POLLIN;
    if (what & TH_POLL_WRITE)
        events |= POLLOUT;
    p->fds[seat].events = (short)(p->fds[seat].events | events);
}

void th_poller_remove(struct th_poller *p, size_t seat, int fd)
{
    (void)fd;
    p->fds[seat].fd = -1;
    while (p->n_used && p->fds[p->n_used - 1].fd < 0)
        p->n_used--;
}

static unsigned what_happened(short events)
{
    unsigned what = 0;

    if (events & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
        what |= TH_POLL_READ;
    if (events & (POLLOUT | POLLHUP | POLLERR | POLLNVAL))
        what |= TH_POLL_WRITE;
    if (events & (POLLHUP | POLLERR | POLLNVAL))
        what |= TH_POLL_END | TH_POLL_HANGUP;
    return what;
}

size_t th_poller_wait(struct th_poller *p, struct th_poll_event events[TH_POLL_BATCH],
                      int timeout_ms)
{
    int ready = poll(p->fds, (nfds_t)p->n_used, timeout_ms);
    size_t n = 0;

    if (ready <= 0)
        return 0;
    if (p->next >= p->n_used)
        p->next = 0;
    size_t seat = p->next;
    for (size_t i = 0; i < p->n_used && n < (size_t)ready && n < TH_POLL_BATCH; i++) {
        struct pollfd *f = &p->fds[seat];
        if (f->fd >= 0 && f->revents) {
            events[n++] = (struct th_poll_event){ .owner = p->owners[seat],
                                                  .what = what_happened(f->revents) };
            f->events = (short)(f->events & ~f->revents);
        }
        seat = seat + 1 < p->n_used ? seat + 1 : 0;
    }
    p->next = seat;
    return n;
}

#else
typedef int th_poller_is_another_file;      /* ISO C wants a declaration */
#endif
