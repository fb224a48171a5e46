/* SPDX-License-Identifier: MIT
 *
 * test_sockets.c: the sockets port, with an engine of this file's own that echoes.
 *
 * The port is compiled into this file, so that its system calls can be counted and made
 * to fail.  The little engine speaks messages of 8 bytes (length of the data, and a
 * word that is handed back) and data, and answers each with the same bytes.  A client
 * in a thread of its own checks every one of them.
 *
 * Compile it with -DTHIMBLE_SOCKETS_POLL=1, too: then poll() is tested instead of epoll.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* --------------------------------------------------------------------------------------
 * The system calls, counted
 */
static struct {
    unsigned receives, sends, accepts;
    uint64_t in_place_bytes, received_bytes;
    int accept_error;               /* not 0: accept() fails with it */
} calls;

static ssize_t counted_recv(int fd, void *buf, size_t len, int flags)
{
    ssize_t r = recv(fd, buf, len, flags);

    calls.receives++;
    calls.received_bytes += r > 0 ? (uint64_t)r : 0;
    return r;
}

static ssize_t counted_recvmsg(int fd, struct msghdr *m, int flags)
{
    ssize_t r = recvmsg(fd, m, flags);

    calls.receives++;
    if (r > 0) {
        calls.received_bytes += (uint64_t)r;
        calls.in_place_bytes += (size_t)r < m->msg_iov[0].iov_len ? (size_t)r
                                                                  : m->msg_iov[0].iov_len;
    }
    return r;
}

static ssize_t counted_send(int fd, const void *buf, size_t len, int flags)
{
    calls.sends++;
    return send(fd, buf, len, flags);
}

static ssize_t counted_sendmsg(int fd, const struct msghdr *m, int flags)
{
    calls.sends++;
    return sendmsg(fd, m, flags);
}

static int counted_accept(int fd, struct sockaddr *address, socklen_t *len)
{
    calls.accepts++;
    if (calls.accept_error) {
        errno = calls.accept_error;
        return -1;
    }
    return accept(fd, address, len);
}

#define recv counted_recv
#define recvmsg counted_recvmsg
#define send counted_send
#define sendmsg counted_sendmsg
#define accept counted_accept
#include "../../src/port/sockets/poller_epoll.c"
#undef _GNU_SOURCE
#define what_happened what_happened_in_poll
#define th_poller_is_another_file th_poller_is_yet_another_file
#include "../../src/port/sockets/poller_poll.c"
#undef _GNU_SOURCE
#include "../../src/port/sockets/address.c"
#undef _GNU_SOURCE
#include "../../src/port/sockets/sockets.c"
#undef recv
#undef recvmsg
#undef send
#undef sendmsg
#undef accept

/* --------------------------------------------------------------------------------------
 * The engine
 */
enum { HEADER_BYTES = 8, DATA_MAX = 300000 };

enum { WORD_ECHO, WORD_CLOSE, WORD_LATER };

struct answer {
    struct answer *next;
    bool later;                     /* not to be sent before the next tick */
    size_t len;
    uint8_t bytes[];
};

struct thimble_conn {
    struct thimble *engine;
    void *port_conn;
    bool used, closing;
    uint8_t message[HEADER_BYTES + DATA_MAX];
    size_t got;
    struct answer *first, *last;
    size_t sent;                    /* of the first answer */
    size_t n_answers;
};

struct thimble {
    struct thimble_conn conns[64];
    size_t n_conns;                 /* that may be used */
    size_t n_answers;               /* that a connection may have; more: no rx_buf */
    uint32_t tick_ms;
    unsigned opened, closed;
    bool evict;                     /* open: tell the oldest to close when full */
};

static struct thimble engine;

static size_t message_bytes(const struct thimble_conn *c)
{
    uint32_t len;

    memcpy(&len, c->message, 4);
    return HEADER_BYTES + len;
}

struct thimble_conn *thimble_conn_open(struct thimble *e, void *port_conn)
{
    for (size_t i = 0; i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        if (c->used)
            continue;
        c->used = true;
        c->closing = false;
        c->engine = e;
        c->port_conn = port_conn;
        c->got = c->sent = c->n_answers = 0;
        c->first = c->last = NULL;
        e->opened++;
        return c;
    }
    if (e->evict) {
        e->conns[0].closing = true;
        thimble_sockets_wake(NULL, &e->conns[0], e->conns[0].port_conn);
    }
    return NULL;
}

uint8_t *thimble_conn_rx_buf(struct thimble_conn *c, size_t *len)
{
    assert_true(c->used);
    if (c->closing || c->n_answers >= c->engine->n_answers)
        return NULL;
    *len = (c->got < HEADER_BYTES ? HEADER_BYTES : message_bytes(c)) - c->got;
    return c->message + c->got;
}

void thimble_conn_rx_ack(struct thimble_conn *c, size_t n)
{
    uint32_t word;

    assert_true(n > 0);
    c->got += n;
    if (c->got < HEADER_BYTES || c->got < message_bytes(c))
        return;
    memcpy(&word, c->message + 4, 4);
    struct answer *a = malloc(sizeof *a + c->got);
    assert_non_null(a);
    *a = (struct answer){ .len = c->got, .later = word == WORD_LATER };
    memcpy(a->bytes, c->message, c->got);
    if (c->last)
        c->last->next = a;
    else
        c->first = a;
    c->last = a;
    c->n_answers++;
    c->got = 0;
    if (word == WORD_CLOSE)
        c->closing = true;
}

size_t thimble_conn_tx_buf(struct thimble_conn *c, struct thimble_tx_span *spans,
                           size_t max)
{
    size_t n = 0, skip = c->sent;

    for (struct answer *a = c->first; a && !a->later && n < max; a = a->next) {
        spans[n++] =
            (struct thimble_tx_span){ .data = a->bytes + skip, .len = a->len - skip };
        skip = 0;
    }
    return n;
}

void thimble_conn_tx_taken(struct thimble_conn *c, size_t n)
{
    (void)c;
    assert_true(n > 0);
}

void thimble_conn_tx_ack(struct thimble_conn *c, size_t n)
{
    while (n) {
        struct answer *a = c->first;
        assert_non_null(a);
        size_t step = a->len - c->sent < n ? a->len - c->sent : n;
        c->sent += step;
        n -= step;
        if (c->sent < a->len)
            continue;
        c->first = a->next;
        if (!c->first)
            c->last = NULL;
        c->sent = 0;
        c->n_answers--;
        free(a);
    }
}

bool thimble_conn_closing(const struct thimble_conn *c)
{
    return c->closing && !c->first;
}

void thimble_conn_close(struct thimble_conn *c)
{
    while (c->first) {
        struct answer *a = c->first;
        c->first = a->next;
        free(a);
    }
    c->used = false;
    c->engine->closed++;
}

uint32_t thimble_tick(struct thimble *e, uint32_t now_ms)
{
    (void)now_ms;
    for (size_t i = 0; i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        for (struct answer *a = c->used ? c->first : NULL; a; a = a->next) {
            if (a->later)
                thimble_sockets_wake(NULL, c, c->port_conn);
            a->later = false;
        }
    }
    return e->tick_ms;
}

/* --------------------------------------------------------------------------------------
 * Server and client
 */
struct fixture {
    struct thimble_sockets *sockets;
    void *mem;
    struct sockaddr_in address;
    unsigned n_turned_away, n_paused;
    char turned_away[THIMBLE_SOCKETS_ADDRESS_MAX];
};

static void on_notice(void *ctx, enum thimble_sockets_notice what, const char *peer,
                      int error)
{
    struct fixture *f = ctx;

    if (what == THIMBLE_SOCKETS_TURNED_AWAY) {
        f->n_turned_away++;
        strcpy(f->turned_away, peer);
    } else {
        f->n_paused++;
        assert_int_not_equal(error, 0);
    }
}

static void start(struct fixture *f, const struct thimble_sockets_config *given)
{
    struct thimble_sockets_config config = *given;
    struct sockaddr_in any = { .sin_family = AF_INET };
    char text[THIMBLE_SOCKETS_ADDRESS_MAX];

    memset(&calls, 0, sizeof calls);
    *f = (struct fixture){ .sockets = NULL };
    config.ctx = f;
    config.notice = on_notice;
    for (size_t i = 0; i < sizeof engine.conns / sizeof engine.conns[0]; i++)
        engine.conns[i].used = false;
    engine.n_conns = config.n_connections;
    engine.n_answers = 1000000;
    engine.tick_ms = 5;
    engine.opened = engine.closed = 0;
    engine.evict = false;
    f->mem = malloc(thimble_sockets_memory_bytes(&config));
    assert_non_null(f->mem);
    assert_int_equal(0, thimble_sockets_init(&f->sockets, f->mem,
                                             thimble_sockets_memory_bytes(&config),
                                             &config));
    thimble_sockets_attach(f->sockets, &engine);
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(0, thimble_sockets_listen(f->sockets, (void *)&any, sizeof any));
    assert_true(thimble_sockets_listener(f->sockets, 0, text, sizeof text) > 10);
    f->address = any;
    f->address.sin_port = htons((uint16_t)atoi(strchr(text, ':') + 1));
}

static void stop(struct fixture *f)
{
    thimble_sockets_close(f->sockets);
    assert_int_equal(engine.opened, engine.closed);
    free(f->mem);
}

static const struct thimble_sockets_config usual = {
    .n_connections = 16,
    .n_listeners = 4,
    .n_watched = 1,
    .read_ahead_bytes = 65536,
    .n_read_ahead = 4,
};

static int connect_to(const struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    assert_true(fd >= 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    assert_int_equal(0, connect(fd, (const void *)&f->address, sizeof f->address));
    return fd;
}

/* Lets the server work for a while. */
static uint32_t run_for(struct fixture *f, uint32_t ms)
{
    uint32_t until = clock_ms() + ms, passes = 0;

    while (!is_due(clock_ms(), until)) {
        thimble_sockets_run_once(f->sockets);
        passes++;
    }
    return passes;
}

static void send_message(int fd, uint32_t len, uint32_t word, uint8_t fill)
{
    uint8_t *m = malloc(HEADER_BYTES + len);

    assert_non_null(m);
    memcpy(m, &len, 4);
    memcpy(m + 4, &word, 4);
    memset(m + HEADER_BYTES, fill, len);
    assert_int_equal(HEADER_BYTES + len, send(fd, m, HEADER_BYTES + len, 0));
    free(m);
}

/* Reads what has come without waiting; returns how much. */
static size_t read_now(int fd, uint8_t *buf, size_t size)
{
    size_t n = 0;
    ssize_t r;

    while (n < size && (r = recv(fd, buf + n, size - n, MSG_DONTWAIT)) > 0)
        n += (size_t)r;
    return n;
}

/* A client that sends n messages of random sizes in pieces of random sizes and checks the
 * answers, in a thread of its own. */
struct client {
    const struct fixture *f;
    pthread_t thread;
    unsigned seed, n_messages, max_len, word;
    unsigned pause_ms;              /* before it reads the first answer */
    bool done, good;
};

static uint32_t next_random(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static size_t make_stream(const struct client *c, uint8_t **stream)
{
    unsigned seed = c->seed;
    size_t room = (size_t)c->n_messages * (HEADER_BYTES + c->max_len), n = 0;
    uint8_t *s = malloc(room);

    for (unsigned i = 0; s && i < c->n_messages; i++) {
        uint32_t len = c->max_len ? next_random(&seed) % c->max_len : 0;
        uint32_t word = c->word;
        memcpy(s + n, &len, 4);
        memcpy(s + n + 4, &word, 4);
        for (uint32_t k = 0; k < len; k++)
            s[n + HEADER_BYTES + k] = (uint8_t)(seed + k * 7 + (k >> 8));
        n += HEADER_BYTES + len;
    }
    *stream = s;
    return n;
}

static void *client_main(void *arg)
{
    struct client *c = arg;
    uint8_t *stream, *back;
    size_t n = make_stream(c, &stream), sent = 0, received = 0;
    unsigned seed = c->seed + 1;
    int fd = connect_to(c->f);

    back = malloc(n + 1);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    uint32_t read_from = clock_ms() + c->pause_ms, give_up = clock_ms() + 20000;
    while (received < n && !is_due(clock_ms(), give_up)) {
        bool may_read = is_due(clock_ms(), read_from);
        struct pollfd p = { .fd = fd, .events = (short)((sent < n ? POLLOUT : 0) |
                                                        (may_read ? POLLIN : 0)) };
        poll(&p, 1, 10);
        if (p.revents & POLLOUT) {
            size_t step = 1 + next_random(&seed) % (next_random(&seed) % 4 ? 200000 : 20);
            ssize_t r = send(fd, stream + sent, step < n - sent ? step : n - sent, 0);
            sent += r > 0 ? (size_t)r : 0;
        }
        if (p.revents & POLLIN) {
            ssize_t r = recv(fd, back + received, n - received, 0);
            if (r == 0)
                break;
            received += r > 0 ? (size_t)r : 0;
        }
    }
    c->good = received == n && memcmp(stream, back, n) == 0;
    close(fd);
    free(stream);
    free(back);
    __atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
    return NULL;
}

static void run_clients(struct fixture *f, struct client *clients, size_t n)
{
    size_t n_done;

    for (size_t i = 0; i < n; i++) {
        clients[i].f = f;
        clients[i].seed += (unsigned)i * 101;
        pthread_create(&clients[i].thread, NULL, client_main, &clients[i]);
    }
    do {
        thimble_sockets_run_once(f->sockets);
        n_done = 0;
        for (size_t i = 0; i < n; i++)
            n_done += __atomic_load_n(&clients[i].done, __ATOMIC_ACQUIRE);
    } while (n_done < n);
    for (size_t i = 0; i < n; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_true(clients[i].good);
    }
    run_for(f, 60);
    assert_true(thimble_sockets_idle(f->sockets));
}

/* --------------------------------------------------------------------------------------
 * Bytes
 */
static void many_clients_get_their_bytes_back(void **state)
{
    struct fixture f;
    struct client clients[8];

    (void)state;
    start(&f, &usual);
    for (size_t i = 0; i < 8; i++)
        clients[i] = (struct client){ .seed = 7, .n_messages = 60, .max_len = 299999 };
    run_clients(&f, clients, 8);
    for (size_t i = 0; i < 8; i++)
        clients[i] = (struct client){ .seed = 8, .n_messages = 3000, .max_len = 60 };
    run_clients(&f, clients, 8);
    stop(&f);
}

static void without_read_ahead_it_works_too(void **state)
{
    struct thimble_sockets_config config = usual;
    struct fixture f;
    struct client clients[4];

    (void)state;
    config.read_ahead_bytes = 0;
    start(&f, &config);
    for (size_t i = 0; i < 4; i++)
        clients[i] = (struct client){ .seed = 9, .n_messages = 200, .max_len = 9000 };
    run_clients(&f, clients, 4);
    stop(&f);
}

static void a_tiny_read_ahead_works(void **state)
{
    struct thimble_sockets_config config = usual;
    struct fixture f;
    struct client clients[4];

    (void)state;
    config.read_ahead_bytes = 16;
    config.n_read_ahead = 1;
    start(&f, &config);
    for (size_t i = 0; i < 4; i++)
        clients[i] = (struct client){ .seed = 9, .n_messages = 100, .max_len = 3000 };
    run_clients(&f, clients, 4);
    stop(&f);
}

/* More connections without room in the engine than there are read-ahead buffers: each
 * keeps what was read, none loses a byte, and the rest go on without. */
static void backpressure_loses_nothing(void **state)
{
    struct fixture f;
    struct client clients[12];

    (void)state;
    start(&f, &usual);
    engine.n_answers = 2;
    for (size_t i = 0; i < 12; i++)
        clients[i] = (struct client){ .seed = 10, .n_messages = 400, .max_len = 20000,
                                      .pause_ms = 300 };
    run_clients(&f, clients, 12);
    stop(&f);
}

static void answers_that_come_later_are_sent(void **state)
{
    struct fixture f;
    struct client clients[4];

    (void)state;
    start(&f, &usual);
    for (size_t i = 0; i < 4; i++)
        clients[i] = (struct client){ .seed = 11, .n_messages = 50, .max_len = 5000,
                                      .word = WORD_LATER };
    run_clients(&f, clients, 4);
    stop(&f);
}

/* --------------------------------------------------------------------------------------
 * System calls
 */
static void one_request_costs_one_receive_and_one_send(void **state)
{
    uint8_t back[4096];
    struct fixture f;

    (void)state;
    start(&f, &usual);
    int fd = connect_to(&f);
    run_for(&f, 30);
    memset(&calls, 0, sizeof calls);
    for (int i = 0; i < 10; i++) {
        send_message(fd, 40, WORD_ECHO, 1);
        run_for(&f, 12);
        assert_int_equal(48, read_now(fd, back, sizeof back));
    }
    assert_int_equal(10, calls.receives);
    assert_int_equal(10, calls.sends);
    close(fd);
    run_for(&f, 30);
    stop(&f);
}

static void a_burst_is_taken_and_answered_at_once(void **state)
{
    uint8_t burst[48 * 200] = {0}, back[sizeof burst];
    struct fixture f;
    uint32_t len = 40;

    (void)state;
    for (size_t i = 0; i < sizeof burst; i += 48)
        memcpy(burst + i, &len, 4);
    start(&f, &usual);
    int fd = connect_to(&f);
    run_for(&f, 30);
    memset(&calls, 0, sizeof calls);
    assert_int_equal(sizeof burst, send(fd, burst, sizeof burst, 0));
    run_for(&f, 30);
    assert_int_equal(sizeof burst, read_now(fd, back, sizeof back));
    assert_memory_equal(burst, back, sizeof burst);
    assert_int_equal(1, calls.receives);
    assert_in_range(calls.sends, 1,
                    (200 + THIMBLE_SOCKETS_SPANS - 1) / THIMBLE_SOCKETS_SPANS);
    close(fd);
    run_for(&f, 30);
    stop(&f);
}

static void big_data_lands_where_it_belongs(void **state)
{
    struct fixture f;
    struct client client = { .seed = 12, .n_messages = 200, .max_len = 299999 };

    (void)state;
    start(&f, &usual);
    run_clients(&f, &client, 1);
    assert_true(calls.in_place_bytes > calls.received_bytes / 2);
    stop(&f);
}

static void *poke_later(void *arg)
{
    struct timespec t = { .tv_nsec = 300000000 };

    nanosleep(&t, NULL);
    assert_int_equal(1, write(*(int *)arg, "x", 1));
    return NULL;
}

static void on_poke(void *ctx)
{
    char byte;

    while (read(*(int *)ctx, &byte, 1) > 0)
        ;
    *(int *)ctx = -1;
}

static void an_idle_server_sleeps(void **state)
{
    struct fixture f;
    pthread_t thread;
    int ends[2], fd, in, passes = 0;

    (void)state;
    start(&f, &usual);
    fd = connect_to(&f);
    run_for(&f, 80);
    assert_int_equal(0, pipe(ends));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    in = ends[0];
    assert_int_equal(0, thimble_sockets_watch(f.sockets, ends[0], on_poke, &in));

    engine.tick_ms = THIMBLE_NEVER;
    pthread_create(&thread, NULL, poke_later, &ends[1]);
    while (in >= 0) {
        thimble_sockets_run_once(f.sockets);
        passes++;
    }
    pthread_join(thread, NULL);
    assert_in_range(passes, 1, 4);
    engine.tick_ms = 5;
    close(fd);
    run_for(&f, 30);
    stop(&f);
    close(ends[0]);
    close(ends[1]);
}

/* --------------------------------------------------------------------------------------
 * Ends
 */
static void a_peer_that_leaves_is_forgotten(void **state)
{
    struct linger at_once = { .l_onoff = 1 };
    struct fixture f;

    (void)state;
    start(&f, &usual);
    int polite = connect_to(&f), rude = connect_to(&f), half = connect_to(&f);
    send_message(half, 1000, WORD_ECHO, 1);
    run_for(&f, 30);
    assert_int_equal(3, engine.opened);
    close(polite);
    setsockopt(rude, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(rude);
    shutdown(half, SHUT_WR);
    run_for(&f, 60);
    assert_int_equal(3, engine.closed);
    assert_true(thimble_sockets_idle(f.sockets));
    close(half);
    stop(&f);
}

static void a_blocked_peer_that_resets_is_forgotten(void **state)
{
    struct linger at_once = { .l_onoff = 1 };
    struct fixture f;

    (void)state;
    start(&f, &usual);
    engine.n_answers = 0;
    int fd = connect_to(&f);
    send_message(fd, 1000, WORD_ECHO, 1);
    run_for(&f, 30);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
    assert_in_range(run_for(&f, 100), 1, 60);
    assert_int_equal(1, engine.closed);
    stop(&f);
}

static void half_closed_peer_gets_its_answers(void **state)
{
    uint8_t back[2000];
    struct fixture f;

    (void)state;
    start(&f, &usual);
    int fd = connect_to(&f);
    send_message(fd, 1000, WORD_ECHO, 1);
    shutdown(fd, SHUT_WR);
    run_for(&f, 60);
    assert_int_equal(1008, read_now(fd, back, sizeof back));
    assert_int_equal(0, recv(fd, back, sizeof back, MSG_DONTWAIT));
    close(fd);
    stop(&f);
}

/* Bytes that nobody will read are on their way when the engine ends the connection: to
 * close at once would reset it, and the peer might never see the answer. */
static void last_words_are_not_destroyed(void **state)
{
    uint8_t back[2000];
    struct fixture f;

    (void)state;
    start(&f, &usual);
    int fd = connect_to(&f);
    send_message(fd, 100, WORD_CLOSE, 1);
    send_message(fd, 60000, WORD_ECHO, 2);
    run_for(&f, 50);
    send_message(fd, 60000, WORD_ECHO, 2);
    run_for(&f, 50);
    assert_int_equal(1, engine.closed);
    assert_int_equal(108, read_now(fd, back, sizeof back));
    assert_int_equal(0, recv(fd, back, sizeof back, MSG_DONTWAIT));
    assert_false(thimble_sockets_idle(f.sockets));
    close(fd);
    run_for(&f, 50);
    assert_true(thimble_sockets_idle(f.sockets));

    /* A peer that stays does not keep its place for ever. */
    fd = connect_to(&f);
    send_message(fd, 100, WORD_CLOSE, 1);
    run_for(&f, LINGERING_MS + 200);
    assert_true(thimble_sockets_idle(f.sockets));
    close(fd);
    stop(&f);
}

/* --------------------------------------------------------------------------------------
 * Too many
 */
static void a_full_engine_makes_room(void **state)
{
    struct thimble_sockets_config config = usual;
    uint8_t back[100];
    struct fixture f;
    int fds[3];

    (void)state;
    config.n_connections = 2;
    start(&f, &config);
    engine.evict = true;
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_to(&f);
        run_for(&f, 30);
    }
    send_message(fds[2], 8, WORD_ECHO, 1);
    run_for(&f, 30);
    assert_int_equal(16, read_now(fds[2], back, sizeof back));
    assert_int_equal(0, recv(fds[0], back, 1, MSG_DONTWAIT)); /* the oldest had to go */
    assert_int_equal(3, engine.opened);
    assert_int_equal(0, f.n_turned_away);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    run_for(&f, 30);
    stop(&f);
}

static void without_room_a_peer_waits_and_is_turned_away(void **state)
{
    struct thimble_sockets_config config = usual;
    uint8_t back[100];
    struct fixture f;

    (void)state;
    config.n_connections = 1;
    start(&f, &config);
    int first = connect_to(&f);
    run_for(&f, 20);
    int second = connect_to(&f);
    send_message(second, 8, WORD_ECHO, 1);
    run_for(&f, 200);
    assert_int_equal(1, engine.opened);
    close(first);
    run_for(&f, 30);
    assert_int_equal(16, read_now(second, back, sizeof back));      /* it got the place */

    int third = connect_to(&f);
    uint32_t passes = run_for(&f, WAITING_MS + 100);
    assert_in_range(passes, 1, 1500);
    assert_int_equal(1, f.n_turned_away);
    assert_memory_equal("127.0.0.1:", f.turned_away, 10);
    assert_int_equal(0, recv(third, back, 1, MSG_DONTWAIT));
    close(second);
    close(third);
    run_for(&f, 30);
    stop(&f);
}

static void no_descriptors_left_does_not_spin(void **state)
{
    uint8_t back[100];
    struct fixture f;

    (void)state;
    start(&f, &usual);
    run_for(&f, 20);
    calls.accept_error = EMFILE;
    calls.accepts = 0;
    int fd = connect_to(&f);
    send_message(fd, 8, WORD_ECHO, 1);
    run_for(&f, 1000);
    assert_in_range(calls.accepts, 1, 1000 / ACCEPT_PAUSE_MS + 1);
    assert_in_range(f.n_paused, 1, 1000 / ACCEPT_PAUSE_MS + 1);
    calls.accept_error = 0;
    run_for(&f, ACCEPT_PAUSE_MS + 50);
    assert_int_equal(16, read_now(fd, back, sizeof back));
    close(fd);
    run_for(&f, 30);
    stop(&f);
}

/* --------------------------------------------------------------------------------------
 * Addresses
 */
static void portals_are_named(void **state)
{
    struct sockaddr_in second = { .sin_family = AF_INET },
                       wildcard = { .sin_family = AF_INET };
    char text[THIMBLE_SOCKETS_ADDRESS_MAX], expected[THIMBLE_SOCKETS_ADDRESS_MAX];
    struct fixture f;

    (void)state;
    start(&f, &usual);
    second.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    assert_int_equal(0, thimble_sockets_listen_as(f.sockets, (void *)&second, sizeof second, 3));
    assert_int_equal(
        0, thimble_sockets_listen(f.sockets, (void *)&wildcard, sizeof wildcard));
    int fd = connect_to(&f);
    run_for(&f, 30);
    void *port_conn = engine.conns[0].port_conn;

    size_t n = thimble_sockets_portal(NULL, port_conn, 0, text, sizeof text);
    snprintf(expected, sizeof expected, "127.0.0.1:%u", ntohs(f.address.sin_port));
    assert_string_equal(expected, text);
    assert_int_equal(strlen(expected), n);
    assert_true(thimble_sockets_portal(NULL, port_conn, 1, text, sizeof text) > 0);
    assert_memory_equal("127.0.0.2:", text, 10);
    assert_int_equal(0, thimble_sockets_portal(NULL, port_conn, 2, text, sizeof text));
    assert_int_equal(0, thimble_sockets_portal(NULL, port_conn, 0, text, 5));
    assert_memory_equal("127.0.0.1:", thimble_sockets_peer(port_conn), 10);

    /* In which group they are; and for whom that comes by the other. */
    assert_int_equal(0, thimble_sockets_portal_group(NULL, port_conn, 0));
    assert_int_equal(3, thimble_sockets_portal_group(NULL, port_conn, 1));
    assert_int_equal(0, thimble_sockets_portal_group(NULL, port_conn, 2));
    assert_int_equal(3, thimble_sockets_listener_group(f.sockets, 1));
    close(fd);
    run_for(&f, 30);
    thimble_sockets_listener(f.sockets, 1, text, sizeof text);
    f.address = second;
    f.address.sin_port = htons((uint16_t)atoi(strchr(text, ':') + 1));
    fd = connect_to(&f);
    run_for(&f, 30);
    port_conn = engine.conns[0].port_conn;
    assert_int_equal(3, thimble_sockets_portal_group(NULL, port_conn, 0));
    assert_int_equal(0, thimble_sockets_portal_group(NULL, port_conn, 1));
    close(fd);
    run_for(&f, 30);
    stop(&f);
}

/* An IPv4 address of this machine that others reach it by. */
static bool outer_address(struct sockaddr_in *address)
{
    struct ifaddrs *all;
    bool found = false;

    if (getifaddrs(&all) < 0)
        return false;
    for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
        found = i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
                (i->ifa_flags & IFF_UP) && !th_address_is_loopback(i->ifa_addr);
        if (found)
            memcpy(address, i->ifa_addr, sizeof *address);
    }
    freeifaddrs(all);
    return found;
}

static void loopback_is_not_shown_to_others(void **state)
{
    char text[THIMBLE_SOCKETS_ADDRESS_MAX];
    struct sockaddr_in outer;
    struct fixture f;

    (void)state;
    if (!outer_address(&outer))
        skip();
    outer.sin_port = 0;
    start(&f, &usual);
    assert_int_equal(0, thimble_sockets_listen(f.sockets, (void *)&outer, sizeof outer));
    int near = connect_to(&f);
    run_for(&f, 30);
    assert_true(
        thimble_sockets_portal(NULL, engine.conns[0].port_conn, 1, text, sizeof text));

    thimble_sockets_listener(f.sockets, 1, text, sizeof text);
    outer.sin_port = htons((uint16_t)atoi(strchr(text, ':') + 1));
    f.address = outer;
    int far = connect_to(&f);
    run_for(&f, 30);
    void *port_conn = engine.conns[1].port_conn;
    assert_true(thimble_sockets_portal(NULL, port_conn, 0, text, sizeof text));
    assert_int_not_equal(0, strncmp(text, "127.", 4));
    assert_int_equal(0, thimble_sockets_portal(NULL, port_conn, 1, text, sizeof text));
    close(near);
    close(far);
    run_for(&f, 30);
    stop(&f);
}

static void ipv4_through_ipv6_is_shown_as_ipv4(void **state)
{
    struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
    char text[THIMBLE_SOCKETS_ADDRESS_MAX];
    struct fixture f;

    (void)state;
    start(&f, &usual);
    if (thimble_sockets_listen(f.sockets, (void *)&any, sizeof any) < 0) {
        stop(&f);
        skip();
    }
    assert_true(thimble_sockets_listener(f.sockets, 1, text, sizeof text) > 0);
    assert_memory_equal("[::]:", text, 5);
    f.address.sin_port = htons((uint16_t)atoi(text + 5));
    int fd = connect_to(&f);
    run_for(&f, 30);
    assert_true(
        thimble_sockets_portal(NULL, engine.conns[0].port_conn, 0, text, sizeof text));
    assert_memory_equal("127.0.0.1:", text, 10);
    assert_memory_equal("127.0.0.1:", thimble_sockets_peer(engine.conns[0].port_conn),
                        10);
    close(fd);
    run_for(&f, 30);
    stop(&f);
}

static void a_port_in_use_is_reported(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, &usual);
    assert_int_equal(-EADDRINUSE, thimble_sockets_listen(f.sockets, (void *)&f.address,
                                                         sizeof f.address));
    stop(&f);
}

static void ipv6_addresses_have_brackets(void **state)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(3260) };
    char text[64];

    (void)state;
    assert_int_equal(1, inet_pton(AF_INET6, "2001:db8::1", &a.sin6_addr));
    assert_int_equal(18, thimble_sockets_address_text((void *)&a, text, sizeof text));
    assert_string_equal("[2001:db8::1]:3260", text);
    assert_int_equal(0, thimble_sockets_address_text((void *)&a, text, 18));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_clients_get_their_bytes_back),
        cmocka_unit_test(without_read_ahead_it_works_too),
        cmocka_unit_test(a_tiny_read_ahead_works),
        cmocka_unit_test(backpressure_loses_nothing),
        cmocka_unit_test(answers_that_come_later_are_sent),
        cmocka_unit_test(one_request_costs_one_receive_and_one_send),
        cmocka_unit_test(a_burst_is_taken_and_answered_at_once),
        cmocka_unit_test(big_data_lands_where_it_belongs),
        cmocka_unit_test(an_idle_server_sleeps),
        cmocka_unit_test(a_peer_that_leaves_is_forgotten),
        cmocka_unit_test(a_blocked_peer_that_resets_is_forgotten),
        cmocka_unit_test(half_closed_peer_gets_its_answers),
        cmocka_unit_test(last_words_are_not_destroyed),
        cmocka_unit_test(a_full_engine_makes_room),
        cmocka_unit_test(without_room_a_peer_waits_and_is_turned_away),
        cmocka_unit_test(no_descriptors_left_does_not_spin),
        cmocka_unit_test(portals_are_named),
        cmocka_unit_test(loopback_is_not_shown_to_others),
        cmocka_unit_test(ipv4_through_ipv6_is_shown_as_ipv4),
        cmocka_unit_test(a_port_in_use_is_reported),
        cmocka_unit_test(ipv6_addresses_have_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
