/* SPDX-License-Identifier: MIT
 *
 * sockets.c: the loop between BSD sockets and the engine.  See sockets.h.
 *
 * Layer 6.  The life of a socket:
 *
 *     FREE -> accept -> WAITING -> OPEN -> LINGERING -> FREE
 *                          |         |         |
 *                          |         |         the engine has let go; its last words
 *                          |         |         are still on their way
 *                          |         the engine knows it
 *                          all places in the engine are taken; it may get one soon
 *
 * One pass of the loop: sleep until events, note them, accept, give each connection
 * that has something to do one turn, and the time to the engine.  A turn takes in all
 * that is there, then sends all answers, and is bounded in bytes, so that nobody
 * starves the others.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#if defined(__unix__) || defined(__APPLE__) || defined(ESP_PLATFORM)

#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "poller.h"

/* Spans that one system call sends; 40 bytes of stack each. */
#ifndef THIMBLE_SOCKETS_SPANS
#ifdef ESP_PLATFORM
#define THIMBLE_SOCKETS_SPANS 16
#else
#define THIMBLE_SOCKETS_SPANS 64
#endif
#endif

/* Bytes that one connection may move before the next one's turn. */
#ifndef THIMBLE_SOCKETS_TURN_BYTES
#define THIMBLE_SOCKETS_TURN_BYTES 524288
#endif

#define BACKLOG 1024

/* The engine's clock is at most this old while there is traffic. */
#define TICK_MS 50

/* How long accepting rests after it failed for want of descriptors. */
#define ACCEPT_PAUSE_MS 200

/* How long a connection may wait for a place in the engine. */
#define WAITING_MS 2000

/* How long, and for how many unwanted bytes, the peer may take to read our last words:
 * to close with unread input would reset the connection and could destroy them. */
#define LINGERING_MS 1000
#define LINGERING_BYTES 4194304

#define ACCEPTS_PER_PASS 32

/* lwIP has no signals: it defines MSG_NOSIGNAL, and its sendmsg() refuses every flag that it does not know how
 * to do.  LWIP_SOCKET is in its headers alone. */
#if defined(MSG_NOSIGNAL) && !defined(LWIP_SOCKET)
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0
#endif

struct link {
    struct link *next, *prev;
};

enum kind { KIND_LISTENER, KIND_WATCHED, KIND_SOCKET };

struct listener {
    enum kind kind;
    int fd;
    bool readable;
    bool wildcard, loopback;
    unsigned portal_group;
    char address[THIMBLE_SOCKETS_ADDRESS_MAX];
};

struct watched {
    enum kind kind;
    int fd;
    void (*ready)(void *ctx);
    void *ctx;
};

struct read_ahead {
    struct read_ahead *next;
    uint8_t *bytes;
};

enum state { FREE, WAITING, OPEN, LINGERING };

struct socket {
    enum kind kind;
    enum state state;
    int fd;
    struct thimble_sockets *loop;
    struct thimble_conn *conn;      /* OPEN only */
    unsigned portal_group;          /* of the listener that it came by */

    /* What the last system call or event said: false, would block. */
    bool readable, writable;
    bool ended;                     /* the peer's end of stream has arrived */
    bool hung_up;                   /* the connection is gone */
    bool woken;                     /* by the engine, during its own turn */

    /* The last pieces were big: read little ahead, so that more lands in place. */
    bool bulk;

    /* Bytes that were read ahead and that the engine has not taken yet: held->bytes
     * [held_at, held_end).  NULL: none. */
    struct read_ahead *held;
    uint32_t held_at, held_end;

    uint32_t deadline_ms;           /* WAITING and LINGERING */
    uint32_t discarded_bytes;       /* LINGERING */
    struct link in_state;           /* free, waiting or lingering list of the loop */
    struct link in_ready;           /* alone: not in the ready list */
    char peer[THIMBLE_SOCKETS_ADDRESS_MAX];
};

struct thimble_sockets {
    struct thimble *engine;
    struct th_poller poller;
    struct thimble_sockets_config config;

    struct socket *sockets;
    size_t n_sockets, n_open;
    struct listener *listeners;
    size_t n_listeners;
    struct watched *watched;
    size_t n_watched;

    struct read_ahead *free_ahead;
    uint32_t in_place_bytes;        /* pieces of this size are received in place */
    uint32_t bulk_ahead_bytes;

    struct link free, waiting, lingering, ready;
    struct socket *in_turn;
    bool place_free;                /* the engine has lost a connection */
    bool accept_paused;
    uint32_t accept_again_ms;

    uint32_t now_ms;
    uint32_t ticked_ms, tick_due_ms;
    bool tick_never;                /* tick_due_ms means nothing */
    bool active;                    /* something happened since the last tick */
};

/* What taking in or sending came to. */
enum moved {
    MOVED_ALL,          /* nothing is left to be moved */
    MOVED_BLOCKED,      /* the engine has no room (in), or the socket has none (out) */
    MOVED_ENOUGH,       /* the turn's bytes are used up */
    MOVED_END,          /* the peer has ended the stream */
    MOVED_FAILED,       /* the connection is broken */
};

/* --------------------------------------------------------------------------------------
 * Small things
 */

#define SOCKET_OF(link, member) \
    ((struct socket *)(void *)((char *)(link) - offsetof(struct socket, member)))

static void link_alone(struct link *l)
{
    l->next = l->prev = l;
}

static bool link_is_alone(const struct link *l)
{
    return l->next == l;
}

static void link_append(struct link *list, struct link *l)
{
    l->prev = list->prev;
    l->next = list;
    list->prev->next = l;
    list->prev = l;
}

static void link_remove(struct link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    link_alone(l);
}

static uint32_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
}

/* Times wrap after 49 days; those that are compared are less than half of that apart. */
static bool is_due(uint32_t now_ms, uint32_t due_ms)
{
    return now_ms - due_ms < UINT32_C(0x80000000);
}

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

static bool set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL, 0);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return false;
#ifdef FD_CLOEXEC
    fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
    return true;
}

static void set_flag(int fd, int level, int option)
{
    int on = 1;

    setsockopt(fd, level, option, &on, sizeof on);
}

/* Seats of the poller: listeners, watched descriptors, sockets. */
static size_t seat_of_listener(const struct thimble_sockets *s, const struct listener *l)
{
    return (size_t)(l - s->listeners);
}

static size_t seat_of_watched(const struct thimble_sockets *s, const struct watched *w)
{
    return s->config.n_listeners + (size_t)(w - s->watched);
}

static size_t seat_of_socket(const struct socket *k)
{
    const struct thimble_sockets *s = k->loop;

    return (size_t)s->config.n_listeners + s->config.n_watched + (size_t)(k - s->sockets);
}

static void not_readable(struct socket *k)
{
    k->readable = false;
    th_poller_arm(&k->loop->poller, seat_of_socket(k), TH_POLL_READ);
}

static void not_writable(struct socket *k)
{
    k->writable = false;
    th_poller_arm(&k->loop->poller, seat_of_socket(k), TH_POLL_WRITE);
}

static void make_ready(struct socket *k)
{
    if (link_is_alone(&k->in_ready))
        link_append(&k->loop->ready, &k->in_ready);
}

/* --------------------------------------------------------------------------------------
 * Addresses
 */

static size_t local_address(int fd, bool *is_loopback, char *text, size_t size)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return 0;
    *is_loopback = th_address_is_loopback((struct sockaddr *)&address);
    return thimble_sockets_address_text((struct sockaddr *)&address, text, size);
}

/* Portal `index` of 1, 2, ...; NULL: there is none. */
static const struct listener *further_portal(const struct socket *k, unsigned index, const char *own,
                                             bool is_loopback)
{
    const struct thimble_sockets *s = k->loop;

    for (size_t i = 0; i < s->n_listeners; i++) {
        const struct listener *l = &s->listeners[i];
        /* To a peer elsewhere our loopback address would mean itself. */
        bool is_reachable = !l->wildcard && (is_loopback || !l->loopback);
        if (is_reachable && strcmp(l->address, own) != 0 && --index == 0)
            return l;
    }
    return NULL;
}

unsigned thimble_sockets_portal_group(void *ctx, void *port_conn, unsigned index)
{
    const struct socket *k = port_conn;
    char own[THIMBLE_SOCKETS_ADDRESS_MAX] = "";
    bool is_loopback = false;

    (void)ctx;
    if (index == 0)
        return k->portal_group;
    local_address(k->fd, &is_loopback, own, sizeof own);
    const struct listener *l = further_portal(k, index, own, is_loopback);
    return l ? l->portal_group : 0;
}

size_t thimble_sockets_portal(void *ctx, void *port_conn, unsigned index, char *text,
                              size_t size)
{
    const struct socket *k = port_conn;
    char own[THIMBLE_SOCKETS_ADDRESS_MAX] = "";
    bool is_loopback = false;
    const char *found = own;

    (void)ctx;
    if (!local_address(k->fd, &is_loopback, own, sizeof own) && index == 0)
        return 0;
    if (index > 0) {
        const struct listener *l = further_portal(k, index, own, is_loopback);
        found = l ? l->address : NULL;
    }
    if (!found || strlen(found) >= size)
        return 0;

    memcpy(text, found, strlen(found) + 1);
    return strlen(found);
}

const char *thimble_sockets_peer(const void *port_conn)
{
    return ((const struct socket *)port_conn)->peer;
}

int thimble_sockets_fd(const void *port_conn)
{
    return ((const struct socket *)port_conn)->fd;
}

int thimble_sockets_listener_fd(const struct thimble_sockets *s, unsigned i)
{
    return i < s->n_listeners ? s->listeners[i].fd : -1;
}

/* --------------------------------------------------------------------------------------
 * Bytes coming in
 */

static void drop_held(struct socket *k)
{
    struct read_ahead *b = k->held;

    if (!b)
        return;
    k->held = NULL;
    b->next = k->loop->free_ahead;
    k->loop->free_ahead = b;
}

/* Gives the engine as much of the awaited piece as was read ahead. */
static void feed_held(struct socket *k, uint8_t *piece, size_t len)
{
    size_t left = k->held_end - k->held_at;
    size_t n = len < left ? len : left;

    if (len >= k->loop->in_place_bytes)
        k->bulk = true;
    memcpy(piece, k->held->bytes + k->held_at, n);
    k->held_at += (uint32_t)n;
    if (n == left)
        drop_held(k);
    thimble_conn_rx_ack(k->conn, n);
}

/* Receives with one system call: into the piece itself if it is big, and ahead if there
 * is a buffer. */
static enum moved receive(struct socket *k, uint8_t *piece, size_t len, size_t *budget)
{
    struct thimble_sockets *s = k->loop;
    struct read_ahead *ahead = s->free_ahead;
    bool big = len >= s->in_place_bytes;
    bool in_place = big || !ahead;
    size_t piece_bytes = in_place ? len : 0;
    size_t ahead_bytes = 0;

    if (ahead)
        ahead_bytes = big || k->bulk ? s->bulk_ahead_bytes : s->config.read_ahead_bytes;
    k->bulk = big;

    ssize_t r;
    if (in_place && ahead) {
        struct iovec parts[2] = { { .iov_base = piece, .iov_len = piece_bytes },
                                  { .iov_base = ahead->bytes, .iov_len = ahead_bytes } };
        struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
        r = recvmsg(k->fd, &m, 0);
    } else {
        r = recv(k->fd, in_place ? piece : ahead->bytes, piece_bytes + ahead_bytes, 0);
    }
    if (r < 0 && errno == EINTR)
        return MOVED_ALL;
    if (r < 0 && would_block(errno)) {
        not_readable(k);
        return MOVED_ALL;
    }
    if (r <= 0)
        return r < 0 ? MOVED_FAILED : MOVED_END;

    size_t n = (size_t)r;
    if (n < piece_bytes + ahead_bytes && !k->ended)
        not_readable(k);
    *budget -= n < *budget ? n : *budget;
    size_t n_piece = n < piece_bytes ? n : piece_bytes;
    if (ahead && n > n_piece) {
        s->free_ahead = ahead->next;
        k->held = ahead;
        k->held_at = 0;
        k->held_end = (uint32_t)(n - n_piece);
    }
    if (n_piece)
        thimble_conn_rx_ack(k->conn, n_piece);
    return MOVED_ALL;
}

static enum moved take_in(struct socket *k, size_t *budget)
{
    for (;;) {
        size_t len;
        uint8_t *piece = thimble_conn_rx_buf(k->conn, &len);
        if (!piece)
            return MOVED_BLOCKED;

        if (k->held) {
            feed_held(k, piece, len);
            continue;
        }
        if (!k->readable)
            return MOVED_ALL;
        if (!*budget)
            return MOVED_ENOUGH;
        enum moved m = receive(k, piece, len, budget);
        if (m != MOVED_ALL)
            return m;
    }
}

/* --------------------------------------------------------------------------------------
 * Bytes going out
 */

static enum moved send_out(struct socket *k, size_t *budget)
{
    while (k->writable) {
        struct thimble_tx_span spans[THIMBLE_SOCKETS_SPANS];
        struct iovec parts[THIMBLE_SOCKETS_SPANS];
        size_t n = thimble_conn_tx_buf(k->conn, spans, THIMBLE_SOCKETS_SPANS);
        size_t total = 0;
        if (!n)
            return MOVED_ALL;
        if (!*budget)
            return MOVED_ENOUGH;
        for (size_t i = 0; i < n; i++) {
            parts[i] = (struct iovec){ .iov_base = (void *)(uintptr_t)spans[i].data,
                                       .iov_len = spans[i].len };
            total += spans[i].len;
        }

        struct msghdr m = { .msg_iov = parts, .msg_iovlen = (int)n };
        ssize_t r = n == 1 ? send(k->fd, spans[0].data, total, SEND_FLAGS)
                           : sendmsg(k->fd, &m, SEND_FLAGS);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && (would_block(errno) || errno == ENOBUFS)) {
            not_writable(k);
            break;
        }
        if (r < 0)
            return MOVED_FAILED;
        if ((size_t)r < total)
            not_writable(k);
        *budget -= (size_t)r < *budget ? (size_t)r : *budget;
        if (r > 0) {
            thimble_conn_tx_taken(k->conn, (size_t)r);
            thimble_conn_tx_ack(k->conn, (size_t)r);
        }
    }
    return MOVED_BLOCKED;
}

/* --------------------------------------------------------------------------------------
 * The life of a socket
 */

static void release(struct socket *k)
{
    struct thimble_sockets *s = k->loop;

    th_poller_remove(&s->poller, seat_of_socket(k), k->fd);
    close(k->fd);
    k->fd = -1;
    k->state = FREE;
    link_remove(&k->in_ready);
    link_remove(&k->in_state);
    link_append(&s->free, &k->in_state);
}

/* Takes the connection from the engine. */
static void leave_engine(struct socket *k)
{
    drop_held(k);
    thimble_conn_close(k->conn);
    k->conn = NULL;
    k->loop->n_open--;
    k->loop->place_free = true;
}

static void linger(struct socket *k)
{
    struct thimble_sockets *s = k->loop;

    if (shutdown(k->fd, SHUT_WR) < 0 || k->hung_up) {
        release(k);
        return;
    }
    k->state = LINGERING;
    k->deadline_ms = s->now_ms + LINGERING_MS;
    k->discarded_bytes = 0;
    link_append(&s->lingering, &k->in_state);
    make_ready(k);
}

static void discard(struct socket *k)
{
    uint8_t unwanted[1024];
    struct read_ahead *ahead = k->loop->free_ahead;
    void *to = ahead ? ahead->bytes : unwanted;
    size_t size = ahead ? k->loop->config.read_ahead_bytes : sizeof unwanted;

    while (k->readable) {
        ssize_t r = recv(k->fd, to, size, 0);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && would_block(errno)) {
            not_readable(k);
            return;
        }
        k->discarded_bytes += r > 0 ? (uint32_t)r : 0;
        if (r <= 0 || k->discarded_bytes > LINGERING_BYTES) {
            release(k);
            return;
        }
    }
    if (k->hung_up)
        release(k);
}

static void turn_open(struct socket *k)
{
    size_t budget = THIMBLE_SOCKETS_TURN_BYTES;
    enum moved in, out;
    bool gone, room;

    k->woken = false;
    do {
        in = take_in(k, &budget);
        size_t before = budget;
        out = in == MOVED_FAILED ? MOVED_FAILED : send_out(k, &budget);
        gone = in == MOVED_FAILED || out == MOVED_FAILED || in == MOVED_END ||
               (in == MOVED_BLOCKED && k->hung_up);
        /* Answers that have gone make room for input. */
        room = in == MOVED_BLOCKED && budget < before;
    } while (!gone && room && !thimble_conn_closing(k->conn));

    if (gone) {
        leave_engine(k);
        release(k);
    } else if (thimble_conn_closing(k->conn)) {
        leave_engine(k);
        linger(k);
    } else if (in == MOVED_ENOUGH || out == MOVED_ENOUGH || k->woken) {
        make_ready(k);
    }
}

static void turn(struct socket *k)
{
    struct thimble_sockets *s = k->loop;

    link_remove(&k->in_ready);
    s->in_turn = k;
    switch (k->state) {
    case OPEN:
        turn_open(k);
        break;
    case LINGERING:
        discard(k);
        break;
    case WAITING:
        if (k->hung_up)
            release(k);
        break;
    case FREE:
        break;
    }
    s->in_turn = NULL;
}

void thimble_sockets_wake(void *ctx, struct thimble_conn *c, void *port_conn)
{
    struct socket *k = port_conn;

    (void)ctx;
    (void)c;
    k->woken = true;
    if (k != k->loop->in_turn)
        make_ready(k);
}

/* --------------------------------------------------------------------------------------
 * New connections
 */

static void notice(struct thimble_sockets *s, enum thimble_sockets_notice what,
                   const char *peer, int error)
{
    if (s->config.notice)
        s->config.notice(s->config.ctx, what, peer, error);
}

static void turn_away(struct socket *k)
{
    notice(k->loop, THIMBLE_SOCKETS_TURNED_AWAY, k->peer, 0);
    release(k);
}

/* Hands a socket that is in no state list to the engine; if that is full, the socket
 * waits. */
static bool enter_engine(struct socket *k)
{
    struct thimble_sockets *s = k->loop;

    k->conn = thimble_conn_open(s->engine, k);
    if (!k->conn)
        return false;
    k->state = OPEN;
    link_remove(&k->in_state);
    s->n_open++;
    s->active = true;
    make_ready(k);
    return true;
}

static void enter_waiting(struct thimble_sockets *s)
{
    s->place_free = false;
    while (!link_is_alone(&s->waiting))
        if (!enter_engine(SOCKET_OF(s->waiting.next, in_state)))
            return;
}

static struct socket *free_socket(struct thimble_sockets *s)
{
    if (link_is_alone(&s->free) && !link_is_alone(&s->lingering))
        release(SOCKET_OF(s->lingering.next, in_state));
    return link_is_alone(&s->free) ? NULL : SOCKET_OF(s->free.next, in_state);
}

static void welcome(struct socket *k, int fd, const struct sockaddr *peer)
{
    struct thimble_sockets *s = k->loop;

    set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
    set_flag(fd, SOL_SOCKET, SO_KEEPALIVE);
#ifdef SO_NOSIGPIPE
    set_flag(fd, SOL_SOCKET, SO_NOSIGPIPE);
#endif
    if (!set_nonblocking(fd) || th_poller_add(&s->poller, seat_of_socket(k), fd, k) < 0) {
        close(fd);
        return;
    }

    link_remove(&k->in_state);
    k->fd = fd;
    k->readable = k->ended = k->hung_up = k->woken = k->bulk = false;
    k->writable = true;
    if (!thimble_sockets_address_text(peer, k->peer, sizeof k->peer))
        k->peer[0] = '\0';
    if (!link_is_alone(&s->waiting) || !enter_engine(k)) {
        k->state = WAITING;
        k->deadline_ms = s->now_ms + WAITING_MS;
        link_append(&s->waiting, &k->in_state);
    }
}

static void pause_accepting(struct thimble_sockets *s, int error)
{
    s->accept_paused = true;
    s->accept_again_ms = s->now_ms + ACCEPT_PAUSE_MS;
    if (error)
        notice(s, THIMBLE_SOCKETS_ACCEPT_PAUSED, "", error);
}

static void accept_some(struct thimble_sockets *s, struct listener *l)
{
    for (int i = 0; i < ACCEPTS_PER_PASS && l->readable && !s->accept_paused; i++) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        struct socket *k = free_socket(s);
        if (!k) {
            pause_accepting(s, 0);      /* they wait in the kernel's queue */
            return;
        }

        int fd = accept(l->fd, (struct sockaddr *)&peer, &len);
        if (fd >= 0) {
            k->portal_group = l->portal_group;
            welcome(k, fd, (struct sockaddr *)&peer);
        } else if (would_block(errno)) {
            l->readable = false;
            th_poller_arm(&s->poller, seat_of_listener(s, l), TH_POLL_READ);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            pause_accepting(s, errno);      /* EMFILE and its like */
        }
    }
}

static void expire(struct thimble_sockets *s)
{
    struct link *l;

    while ((l = s->waiting.next) != &s->waiting &&
           is_due(s->now_ms, SOCKET_OF(l, in_state)->deadline_ms))
        turn_away(SOCKET_OF(l, in_state));
    while ((l = s->lingering.next) != &s->lingering &&
           is_due(s->now_ms, SOCKET_OF(l, in_state)->deadline_ms))
        release(SOCKET_OF(l, in_state));
    if (s->accept_paused && is_due(s->now_ms, s->accept_again_ms))
        s->accept_paused = false;
}

/* --------------------------------------------------------------------------------------
 * The loop
 */

static void tick(struct thimble_sockets *s)
{
    uint32_t wait_ms = thimble_tick(s->engine, s->now_ms);

    s->ticked_ms = s->now_ms;
    s->tick_never = wait_ms == THIMBLE_NEVER;
    s->tick_due_ms = s->now_ms + (wait_ms < 0x7fffffff ? wait_ms : 0x7fffffff);
    s->active = false;
}

/* wait_ms, or what is left until due_ms if that is less. */
static uint32_t sooner(uint32_t wait_ms, uint32_t now_ms, uint32_t due_ms)
{
    uint32_t left = is_due(now_ms, due_ms) ? 0 : due_ms - now_ms;

    return left < wait_ms ? left : wait_ms;
}

static uint32_t sleep_ms(const struct thimble_sockets *s)
{
    uint32_t wait = s->config.idle ? s->config.idle(s->config.ctx) : THIMBLE_NEVER;

    if (!link_is_alone(&s->ready) || (s->place_free && !link_is_alone(&s->waiting)))
        return 0;
    for (size_t i = 0; i < s->n_listeners; i++)
        if (s->listeners[i].readable && !s->accept_paused)
            return 0;

    if (!s->tick_never)
        wait = sooner(wait, s->now_ms, s->tick_due_ms);
    if (s->active)
        wait = sooner(wait, s->now_ms, s->ticked_ms + TICK_MS);
    if (s->accept_paused)
        wait = sooner(wait, s->now_ms, s->accept_again_ms);
    if (!link_is_alone(&s->waiting))
        wait = sooner(wait, s->now_ms, SOCKET_OF(s->waiting.next, in_state)->deadline_ms);
    if (!link_is_alone(&s->lingering))
        wait = sooner(wait, s->now_ms,
                      SOCKET_OF(s->lingering.next, in_state)->deadline_ms);
    return wait;
}

static int as_timeout(uint32_t wait_ms)
{
    return wait_ms == THIMBLE_NEVER ? -1 : wait_ms < 0x7fffffff ? (int)wait_ms : 0x7fffffff;
}

static void note_socket(struct socket *k, unsigned what)
{
    if (k->state == FREE)
        return;
    if (what & TH_POLL_READ)
        k->readable = true;
    if (what & TH_POLL_END)
        k->ended = true;
    if (what & TH_POLL_HANGUP)
        k->hung_up = true;

    /* That a socket may be written to, which nobody waited for, is no news. */
    bool news = (what & TH_POLL_READ) || !k->writable;
    if (what & TH_POLL_WRITE)
        k->writable = true;
    if (news)
        make_ready(k);
}

static void note(struct thimble_sockets *s, const struct th_poll_event *e)
{
    switch (*(enum kind *)e->owner) {
    case KIND_LISTENER:
        ((struct listener *)e->owner)->readable = true;
        break;
    case KIND_WATCHED: {
        struct watched *w = e->owner;
        w->ready(w->ctx);
        s->active = true;               /* it may have told the engine something */
        th_poller_arm(&s->poller, seat_of_watched(s, w), TH_POLL_READ);
        break;
    }
    case KIND_SOCKET:
        note_socket(e->owner, e->what);
        break;
    }
}

uint32_t thimble_sockets_run_for(struct thimble_sockets *s, uint32_t most_ms)
{
    struct th_poll_event events[TH_POLL_BATCH];
    uint32_t wait_ms = sleep_ms(s);
    size_t n = th_poller_wait(&s->poller, events,
                              as_timeout(wait_ms < most_ms ? wait_ms : most_ms));

    /* The engine knows the time before it sees what happened at that time. */
    s->now_ms = clock_ms();
    if (is_due(s->now_ms, s->ticked_ms + TICK_MS) ||
        (!s->tick_never && is_due(s->now_ms, s->tick_due_ms)))
        tick(s);
    for (size_t i = 0; i < n; i++)
        note(s, &events[i]);

    expire(s);
    if (s->place_free)
        enter_waiting(s);
    for (size_t i = 0; i < s->n_listeners; i++)
        accept_some(s, &s->listeners[i]);

    /* Those that are ready now; who becomes ready meanwhile has the next pass. */
    if (!link_is_alone(&s->ready)) {
        struct link now;
        now = s->ready;
        now.next->prev = now.prev->next = &now;
        link_alone(&s->ready);
        s->active = true;
        while (!link_is_alone(&now))
            turn(SOCKET_OF(now.next, in_ready));
    }
    return sleep_ms(s);
}

void thimble_sockets_run_once(struct thimble_sockets *s)
{
    thimble_sockets_run_for(s, THIMBLE_NEVER);
}

/* --------------------------------------------------------------------------------------
 * Beginning and end
 */

static struct thimble_sockets_config
with_defaults(const struct thimble_sockets_config *config)
{
    struct thimble_sockets_config c = *config;

    if (!c.n_connections)
        c.n_connections = 4;
    if (!c.n_spare)
        c.n_spare = (uint16_t)(4 + c.n_connections / 8);
    if (!c.n_listeners)
        c.n_listeners = 1;
    if (!c.read_ahead_bytes)
        c.n_read_ahead = 0;
    else if (!c.n_read_ahead)
        c.n_read_ahead = 1;
    return c;
}

/* The parts of the memory, in order; offsets from its start. */
struct layout {
    size_t sockets, listeners, watched, poller, buffers, bytes, end;
    size_t n_sockets, n_seats;
};

static size_t place(size_t *at, size_t size)
{
    size_t here = (*at + 15) & ~(size_t)15;

    *at = here + size;
    return here;
}

static struct layout lay_out(const struct thimble_sockets_config *c)
{
    struct layout l;
    size_t at = sizeof(struct thimble_sockets);

    l.n_sockets = (size_t)c->n_connections + c->n_spare;
    l.n_seats = l.n_sockets + c->n_listeners + c->n_watched;
    l.sockets = place(&at, l.n_sockets * sizeof(struct socket));
    l.listeners = place(&at, c->n_listeners * sizeof(struct listener));
    l.watched = place(&at, c->n_watched * sizeof(struct watched));
    l.poller = place(&at, th_poller_memory_bytes(l.n_seats));
    l.buffers = place(&at, c->n_read_ahead * sizeof(struct read_ahead));
    l.bytes = place(&at, (size_t)c->n_read_ahead * c->read_ahead_bytes);
    l.end = at;
    return l;
}

size_t thimble_sockets_memory_bytes(const struct thimble_sockets_config *config)
{
    struct thimble_sockets_config c = with_defaults(config);

    return lay_out(&c).end;
}

int thimble_sockets_init(struct thimble_sockets **sockets, void *mem, size_t mem_bytes,
                         const struct thimble_sockets_config *config)
{
    struct thimble_sockets_config c = with_defaults(config);
    struct layout at = lay_out(&c);
    struct thimble_sockets *s = mem;
    char *base = mem;

    if (mem_bytes < at.end || c.read_ahead_bytes % 16)
        return -EINVAL;

    *s = (struct thimble_sockets){
        .config = c,
        .sockets = (void *)(base + at.sockets),
        .n_sockets = at.n_sockets,
        .listeners = (void *)(base + at.listeners),
        .watched = (void *)(base + at.watched),
        .in_place_bytes = c.read_ahead_bytes / 4,
        .bulk_ahead_bytes = c.read_ahead_bytes / 16,
        .now_ms = clock_ms(),
        .tick_never = true,
        .active = true,
    };
    s->ticked_ms = s->now_ms - TICK_MS;
    int error = th_poller_init(&s->poller, base + at.poller, at.n_seats);
    if (error < 0)
        return error;

    link_alone(&s->free);
    link_alone(&s->waiting);
    link_alone(&s->lingering);
    link_alone(&s->ready);
    for (size_t i = 0; i < s->n_sockets; i++) {
        struct socket *k = &s->sockets[i];
        *k = (struct socket){ .kind = KIND_SOCKET, .state = FREE, .fd = -1, .loop = s };
        link_alone(&k->in_ready);
        link_append(&s->free, &k->in_state);
    }
    for (size_t i = c.n_read_ahead; i-- > 0;) {
        struct read_ahead *b = (struct read_ahead *)(void *)(base + at.buffers) + i;
        b->bytes = (uint8_t *)base + at.bytes + i * c.read_ahead_bytes;
        b->next = s->free_ahead;
        s->free_ahead = b;
    }
    *sockets = s;
    return 0;
}

void thimble_sockets_attach(struct thimble_sockets *s, struct thimble *engine)
{
    s->engine = engine;
}

/* Whether 0.0.0.0 with the port of this address is listened at already. */
static bool ipv4_is_taken(const struct thimble_sockets *s, const struct sockaddr *address)
{
    char own[THIMBLE_SOCKETS_ADDRESS_MAX];

    if (!thimble_sockets_address_text(address, own, sizeof own))
        return false;
    for (size_t i = 0; i < s->n_listeners; i++) {
        const char *other = s->listeners[i].address;
        if (s->listeners[i].wildcard && other[0] != '[' &&
            strcmp(strrchr(other, ':'), strrchr(own, ':')) == 0)
            return true;
    }
    return false;
}

static int open_listener(struct thimble_sockets *s, const struct sockaddr *address,
                         socklen_t len, struct listener *l)
{
    set_flag(l->fd, SOL_SOCKET, SO_REUSEADDR);
#if defined(AF_INET6) && defined(IPV6_V6ONLY)
    if (address->sa_family == AF_INET6) {
        int only = !th_address_is_wildcard(address) || ipv4_is_taken(s, address);
        setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    }
#endif
    if (bind(l->fd, address, len) < 0 || listen(l->fd, BACKLOG) < 0 ||
        !set_nonblocking(l->fd))
        return -errno;
    if (!local_address(l->fd, &l->loopback, l->address, sizeof l->address))
        return -EAFNOSUPPORT;
    return th_poller_add(&s->poller, seat_of_listener(s, l), l->fd, l);
}

int thimble_sockets_listen(struct thimble_sockets *s, const struct sockaddr *address,
                           socklen_t len)
{
    return thimble_sockets_listen_as(s, address, len, 0);
}

int thimble_sockets_listen_as(struct thimble_sockets *s, const struct sockaddr *address,
                              socklen_t len, unsigned portal_group)
{
    if (s->n_listeners == s->config.n_listeners)
        return -ENOSPC;

    struct listener *l = &s->listeners[s->n_listeners];
    *l = (struct listener){ .kind = KIND_LISTENER, .portal_group = portal_group,
                            .wildcard = th_address_is_wildcard(address) };
    l->fd = socket(address->sa_family, SOCK_STREAM, 0);
    if (l->fd < 0)
        return -errno;
    int error = open_listener(s, address, len, l);
    if (error < 0) {
        close(l->fd);
        return error;
    }
    s->n_listeners++;
    return 0;
}

unsigned thimble_sockets_listener_group(const struct thimble_sockets *s, unsigned i)
{
    return i < s->n_listeners ? s->listeners[i].portal_group : 0;
}

size_t thimble_sockets_listener(const struct thimble_sockets *s, unsigned i, char *text,
                                size_t size)
{
    if (i >= s->n_listeners || strlen(s->listeners[i].address) >= size)
        return 0;
    memcpy(text, s->listeners[i].address, strlen(s->listeners[i].address) + 1);
    return strlen(text);
}

int thimble_sockets_watch(struct thimble_sockets *s, int fd, void (*ready)(void *ctx),
                          void *ctx)
{
    if (s->n_watched == s->config.n_watched)
        return -ENOSPC;

    struct watched *w = &s->watched[s->n_watched];
    *w = (struct watched){ .kind = KIND_WATCHED, .fd = fd, .ready = ready, .ctx = ctx };
    int error = th_poller_add(&s->poller, seat_of_watched(s, w), fd, w);
    if (error == 0)
        s->n_watched++;
    return error;
}

void thimble_sockets_stop_listening(struct thimble_sockets *s)
{
    while (s->n_listeners) {
        struct listener *l = &s->listeners[s->n_listeners - 1];
        th_poller_remove(&s->poller, seat_of_listener(s, l), l->fd);
        close(l->fd);
        s->n_listeners--;
    }
}

size_t thimble_sockets_open(const struct thimble_sockets *s)
{
    return s->n_open;
}

bool thimble_sockets_idle(const struct thimble_sockets *s)
{
    return s->n_open == 0 && link_is_alone(&s->waiting) && link_is_alone(&s->lingering);
}

void thimble_sockets_close(struct thimble_sockets *s)
{
    thimble_sockets_stop_listening(s);
    for (size_t i = 0; i < s->n_sockets; i++) {
        struct socket *k = &s->sockets[i];
        if (k->state == OPEN)
            leave_engine(k);
        if (k->state != FREE)
            release(k);
    }
    while (s->n_watched) {
        struct watched *w = &s->watched[s->n_watched - 1];
        th_poller_remove(&s->poller, seat_of_watched(s, w), w->fd);
        s->n_watched--;
    }
    th_poller_close(&s->poller);
}

#else
typedef int thimble_sockets_has_no_platform;    /* ISO C wants a declaration */
#endif
