/* SPDX-License-Identifier: MIT
 *
 * announce.c: see announce.h.
 *
 * Avahi's simple poll asks a function of ours for events, so we learn its descriptors and when it wants to be called
 * next.  They are in an epoll of our own, which the server's loop watches as one; where there is no epoll,
 * announce_run() is asked every 100 ms.
 */
#define _GNU_SOURCE

#include "announce.h"

#include "../src/thimble.h"

#ifdef HAVE_AVAHI

#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/simple-watch.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/epoll.h>
#endif

#include "log.h"

enum {
    RETRY_MS = 5000,                    /* without a bus */
    DESCRIPTORS_MAX = 16,               /* it has two or three */
    TURNS = 16,                         /* then the disks have theirs */
    LOOK_MS = 100,                      /* without epoll */
    NAMES = 30,                         /* tried before it gives up */
};

static struct {
    const struct announce_service *services;
    size_t n_services;
    AvahiSimplePoll *poll;
    AvahiClient *client;
    AvahiEntryGroup *group;
    char *name;                         /* of the services; NULL: not chosen yet */
    int epoll;                          /* -1: none */
    struct pollfd known[DESCRIPTORS_MAX];
    unsigned n_known;
    int left_ms, happened;              /* what the last round found */
    bool ready, broken, complained;
    uint64_t due_ms;
} an = { .epoll = -1 };

static uint64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Said once until it works. */
static void complain(int error)
{
    if (!an.complained)
        log_line(LEVEL_WARNING, "announce: %s; it is tried again", avahi_strerror(error));
    an.complained = true;
}

/* --------------------------------------------------------------------------------------
 * Services
 */
static void put_services(void);

static void next_name(void)
{
    char *next = avahi_alternative_service_name(an.name);

    avahi_free(an.name);
    an.name = next;
}

static void on_group(AvahiEntryGroup *group, AvahiEntryGroupState state, void *ctx)
{
    (void)ctx;
    an.group = group;
    switch (state) {
    case AVAHI_ENTRY_GROUP_ESTABLISHED:
        log_line(LEVEL_INFO, "announce: announced as \"%s\"", an.name);
        an.complained = false;
        break;
    case AVAHI_ENTRY_GROUP_COLLISION:
        log_line(LEVEL_INFO, "announce: there is a \"%s\" already", an.name);
        next_name();
        put_services();
        break;
    case AVAHI_ENTRY_GROUP_FAILURE:
        complain(avahi_client_errno(an.client));
        break;
    case AVAHI_ENTRY_GROUP_UNCOMMITED:
    case AVAHI_ENTRY_GROUP_REGISTERING:
        break;
    }
}

static int add_service(const struct announce_service *s)
{
    AvahiProtocol protocol = s->family == AF_INET    ? AVAHI_PROTO_INET
                             : s->family == AF_INET6 ? AVAHI_PROTO_INET6
                                                     : AVAHI_PROTO_UNSPEC;
    AvahiStringList *txt = NULL;

    for (size_t i = s->n_txt; i > 0; i--)   /* each goes before the others */
        txt = avahi_string_list_add(txt, s->txt[i - 1]);
    int error = avahi_entry_group_add_service_strlst(an.group, AVAHI_IF_UNSPEC, protocol, 0, an.name, s->type, NULL,
                                                     NULL, s->port, txt);
    avahi_string_list_free(txt);
    return error;
}

/* All under one name; one that this daemon has for somebody else already is told at once. */
static void put_services(void)
{
    int error = AVAHI_ERR_COLLISION;

    if (!an.name)
        an.name = avahi_strdup_printf("Thimble on %s", avahi_client_get_host_name(an.client));
    if (!an.group)
        an.group = avahi_entry_group_new(an.client, on_group, NULL);
    if (!an.group) {
        complain(avahi_client_errno(an.client));
        return;
    }
    for (int i = 0; i < NAMES && error == AVAHI_ERR_COLLISION; i++) {
        avahi_entry_group_reset(an.group);
        error = AVAHI_OK;
        for (size_t k = 0; k < an.n_services && error == AVAHI_OK; k++)
            error = add_service(&an.services[k]);
        if (error == AVAHI_ERR_COLLISION)
            next_name();
    }
    if (error == AVAHI_OK)
        error = avahi_entry_group_commit(an.group);
    if (error != AVAHI_OK)
        complain(error);
}

/* --------------------------------------------------------------------------------------
 * The daemon
 */
static void on_client(AvahiClient *client, AvahiClientState state, void *ctx)
{
    (void)ctx;
    an.client = client;
    switch (state) {
    case AVAHI_CLIENT_S_RUNNING:
        put_services();
        break;
    case AVAHI_CLIENT_S_COLLISION:      /* the host changes its name; then it is running again */
    case AVAHI_CLIENT_S_REGISTERING:
        if (an.group)
            avahi_entry_group_reset(an.group);
        break;
    case AVAHI_CLIENT_FAILURE:          /* not to be freed in here */
        complain(avahi_client_errno(client));
        an.broken = true;
        break;
    case AVAHI_CLIENT_CONNECTING:
        break;
    }
}

static void leave(void)
{
    if (an.client)
        avahi_client_free(an.client);   /* and its groups */
    an.client = NULL;
    an.group = NULL;
    an.broken = false;
}

/* True: there is a bus, and the daemon on it will be seen when it comes. */
static bool join(void)
{
    int error;

    an.client = avahi_client_new(avahi_simple_poll_get(an.poll), AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
    if (!an.client)
        complain(error);
    return an.client != NULL;
}

/* --------------------------------------------------------------------------------------
 * The loop
 */

/* In the place of poll(): does not wait, and keeps what was asked. */
static int ask(struct pollfd *fds, unsigned n, int timeout, void *ctx)
{
    (void)ctx;
    an.n_known = n < DESCRIPTORS_MAX ? n : DESCRIPTORS_MAX;
    memcpy(an.known, fds, an.n_known * sizeof *fds);
    an.left_ms = timeout;
    an.happened = poll(fds, n, 0);
    return an.happened;
}

static void watch_descriptors(void)
{
#ifdef __linux__
    static struct pollfd watched[DESCRIPTORS_MAX];
    static unsigned n_watched;

    for (unsigned i = 0; i < n_watched; i++)        /* a closed one is gone already: no error counts */
        epoll_ctl(an.epoll, EPOLL_CTL_DEL, watched[i].fd, NULL);
    for (unsigned i = 0; i < an.n_known; i++)
        epoll_ctl(an.epoll, EPOLL_CTL_ADD, an.known[i].fd,
                  &(struct epoll_event){ .events = (uint32_t)an.known[i].events });
    memcpy(watched, an.known, sizeof watched);
    n_watched = an.n_known;
#endif
}

/* The library's work, a bounded part of it. */
static void work(void)
{
    int turns = 0;

    if (an.broken)
        leave();
    if (!an.client && !join()) {
        an.due_ms = clock_ms() + RETRY_MS;
        return;
    }
    do {
        avahi_simple_poll_iterate(an.poll, -1);
    } while ((an.happened > 0 || an.left_ms == 0) && !an.broken && ++turns < TURNS);
    watch_descriptors();
    an.ready = an.broken || turns == TURNS;
    an.due_ms = an.left_ms < 0 ? UINT64_MAX : clock_ms() + (uint64_t)an.left_ms;
}

uint32_t announce_run(void)
{
    if (!an.poll)
        return THIMBLE_NEVER;
    if (an.ready || an.epoll < 0 || clock_ms() >= an.due_ms) {
        an.ready = false;
        work();
    }
    uint64_t now_ms = clock_ms(), left = an.due_ms > now_ms ? an.due_ms - now_ms : 0;
    if (an.ready)
        return 0;
    if (an.epoll < 0 && left > LOOK_MS)
        return LOOK_MS;
    return left < THIMBLE_NEVER ? (uint32_t)left : THIMBLE_NEVER;
}

void announce_stop(void)
{
    if (!an.poll)
        return;
    leave();
    avahi_simple_poll_free(an.poll);
    avahi_free(an.name);
    an.poll = NULL;
    an.name = NULL;
}

bool announce_start(const struct announce_service *services, size_t n)
{
    an.services = services;
    an.n_services = n;
    an.poll = avahi_simple_poll_new();
    if (!an.poll)
        return false;
    avahi_simple_poll_set_func(an.poll, ask, NULL);
#ifdef __linux__
    an.epoll = epoll_create1(EPOLL_CLOEXEC);
#endif
    an.ready = true;
    return true;
}

int announce_fd(void)
{
    return an.epoll;
}

void announce_wake(void)
{
    an.ready = true;
}

#else

bool announce_start(const struct announce_service *services, size_t n)
{
    (void)services, (void)n;
    return false;
}

int announce_fd(void)
{
    return -1;
}

void announce_wake(void)
{
}

uint32_t announce_run(void)
{
    return THIMBLE_NEVER;
}

void announce_stop(void)
{
}

#endif
