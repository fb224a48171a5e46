/* SPDX-License-Identifier: MIT
 *
 * toy_stack.c: see toy_stack.h.
 *
 * What was written waits in a queue of pieces:
 *
 *     | acknowledged | sent, not acknowledged | not sent |
 *                    first piece                          room for more
 */
#define _POSIX_C_SOURCE 200809L

#include "toy_stack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNS = 8,
    PIECES = 6,
    COPY_BYTES = 100,                   /* of one piece that is copied */
    SEGMENT_BYTES = 536,
    SEND_BUFFER_BYTES = 3 * SEGMENT_BYTES,
    ACK_BYTES = 700,                    /* most that one acknowledgement covers */
};

struct piece {
    const uint8_t *data;                /* the caller's, or `copied` */
    size_t len, sent, acked;
    uint32_t sum;
    uint8_t copied[COPY_BYTES];
};

struct toy_conn {
    int fd;                             /* -1: free */
    void *mine;
    struct piece queue[PIECES];
    unsigned first, n_pieces;
    size_t queued;                      /* bytes, acknowledged ones not counted */
    size_t in_flight;                   /* of these, sent when this round began */
    uint8_t segment[SEGMENT_BYTES];
    size_t segment_at, segment_end;
    bool ended;                         /* the peer's end of stream, or an error */
    bool closed;                        /* by the caller; sends its copies and goes */
};

static struct toy_conn conns[CONNS];
static const struct toy_events *call;
static int listener = -1;

static uint32_t sum_of(const uint8_t *data, size_t len)
{
    uint32_t sum = 2166136261u;         /* FNV-1a */

    for (size_t i = 0; i < len; i++)
        sum = (sum ^ data[i]) * 16777619u;
    return sum;
}

static void check_loan(const struct piece *p)
{
    if (sum_of(p->data, p->len) == p->sum)
        return;
    printf("toy_stack: memory was changed before it was acknowledged\n");
    exit(1);
}

/* ---------------------------------------------------------------------------------------
 * What the caller calls
 */

bool toy_listen(uint16_t port, const struct toy_events *events)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1;

    call = events;
    for (int i = 0; i < CONNS; i++)
        conns[i].fd = -1;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    return bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(listener, 16) == 0;
}

void toy_set(struct toy_conn *t, void *mine)
{
    t->mine = mine;
}

void *toy_get(const struct toy_conn *t)
{
    return t->mine;
}

size_t toy_write(struct toy_conn *t, const uint8_t *data, size_t len, bool copy)
{
    size_t room = SEND_BUFFER_BYTES - t->queued;

    if (t->n_pieces == PIECES || room == 0)
        return 0;
    struct piece *p = &t->queue[(t->first + t->n_pieces) % PIECES];
    if (copy && len > COPY_BYTES)
        len = COPY_BYTES;
    if (len > room)
        len = room;
    *p = (struct piece){ .data = data, .len = len };
    if (copy) {
        memcpy(p->copied, data, len);
        p->data = p->copied;
    }
    p->sum = sum_of(p->data, len);
    t->n_pieces++;
    t->queued += len;
    return len;
}

const uint8_t *toy_peek(const struct toy_conn *t, size_t *len)
{
    *len = t->segment_end - t->segment_at;
    return *len > 0 ? t->segment + t->segment_at : NULL;
}

void toy_consumed(struct toy_conn *t, size_t n)
{
    t->segment_at += n;
}

bool toy_borrows(const struct toy_conn *t)
{
    for (unsigned i = 0; i < t->n_pieces; i++) {
        const struct piece *p = &t->queue[(t->first + i) % PIECES];
        if (p->data != p->copied)
            return true;
    }
    return false;
}

static void drop(struct toy_conn *t)
{
    close(t->fd);
    *t = (struct toy_conn){ .fd = -1 };
}

void toy_close(struct toy_conn *t)
{
    t->closed = true;
    if (t->ended || t->n_pieces == 0 || toy_borrows(t))
        drop(t);
}

/* ---------------------------------------------------------------------------------------
 * One round: acknowledge what the round before has sent, send, receive
 */
static void acknowledge(struct toy_conn *t)
{
    size_t n = t->in_flight < ACK_BYTES ? t->in_flight : ACK_BYTES;

    for (size_t left = n; left > 0;) {
        struct piece *p = &t->queue[t->first];
        size_t part = p->len - p->acked < left ? p->len - p->acked : left;
        check_loan(p);
        p->acked += part;
        left -= part;
        if (p->acked == p->len) {
            t->first = (t->first + 1) % PIECES;
            t->n_pieces--;
        }
    }
    t->queued -= n;
    if (n > 0 && !t->closed)
        call->acked(t, n);
}

static void send_segment(struct toy_conn *t)
{
    size_t left = SEGMENT_BYTES;

    t->in_flight = 0;
    for (unsigned i = 0; i < t->n_pieces && !t->ended; i++) {
        struct piece *p = &t->queue[(t->first + i) % PIECES];
        size_t n = p->len - p->sent < left ? p->len - p->sent : left;
        check_loan(p);
        ssize_t r = n > 0 ? send(t->fd, p->data + p->sent, n, MSG_NOSIGNAL) : 0;
        if (r < 0 && errno != EAGAIN && errno != EINTR)
            t->ended = true;
        p->sent += r > 0 ? (size_t)r : 0;
        left -= r > 0 ? (size_t)r : 0;
        t->in_flight += p->sent - p->acked;
        if (p->sent < p->len)
            break;
    }
}

static void receive_segment(struct toy_conn *t)
{
    if (t->segment_at < t->segment_end || t->ended || t->closed)
        return;
    ssize_t n = recv(t->fd, t->segment, sizeof t->segment, 0);
    t->segment_at = 0;
    t->segment_end = n > 0 ? (size_t)n : 0;
    if (n > 0)
        call->received(t);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        t->ended = true;
}

static void one_round(struct toy_conn *t)
{
    bool was_ended = t->ended;

    acknowledge(t);
    if (t->fd >= 0)
        send_segment(t);
    if (t->fd >= 0)
        receive_segment(t);
    if (t->fd >= 0 && t->ended && !was_ended && !t->closed)
        call->ended(t);
    if (t->fd >= 0 && t->closed && (t->n_pieces == 0 || t->ended))
        drop(t);
}

static void accept_all(void)
{
    for (int i = 0; i < CONNS; i++) {
        if (conns[i].fd >= 0)
            continue;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return;
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        conns[i] = (struct toy_conn){ .fd = fd };
        call->accepted(&conns[i]);
    }
}

void toy_poll(uint32_t max_ms)
{
    struct pollfd fds[CONNS + 1] = { { .fd = listener, .events = POLLIN } };
    int wait_ms = max_ms < 1000 ? (int)max_ms : 1000;

    for (int i = 0; i < CONNS; i++) {
        struct toy_conn *t = &conns[i];
        bool listens = t->fd >= 0 && t->segment_at == t->segment_end && !t->ended;
        fds[i + 1] = (struct pollfd){ .fd = listens ? t->fd : -1, .events = POLLIN };
        if (t->fd >= 0 && t->n_pieces > 0)
            wait_ms = 0;
    }
    poll(fds, CONNS + 1, wait_ms);
    accept_all();
    for (int i = 0; i < CONNS; i++)
        if (conns[i].fd >= 0)
            one_round(&conns[i]);
}
