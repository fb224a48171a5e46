/* SPDX-License-Identifier: MIT
 *
 * own_port.c: Thimble over a network stack of its own kind: toy_stack.h, which calls back,
 * takes what it has room for, and sends from the engine's memory until the peer has
 * acknowledged.
 *
 *     own_port [PORT]          on 127.0.0.1; 3260 by default
 *
 * A port for a real stack has the same functions.  The callbacks only remember; everything
 * is moved in serve(), which the main loop calls for each connection that has a reason.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "thimble.h"
#include "toy_stack.h"

#define TARGET "iqn.2026-11.org.example:port"

enum { CONNECTIONS = 4, SESSIONS = 3, QUEUE_DEPTH = 8, BUFFERS = 3, BUFFER_BYTES = 4096,
       SPANS = 4, LINGER_MS = 3000 };

/* [guide: link] */
/* A connection of the stack and one of the engine. */
struct link {
    struct toy_conn *toy;               /* NULL: free */
    struct thimble_conn *conn;
    bool work;                          /* serve() shall look at it */
    bool ended;                         /* the peer sends no more */
    bool closing;                       /* since closing_ms */
    uint32_t closing_ms;
};
/* [end] */

static _Alignas(16) uint8_t arena[THIMBLE_MEMORY_BYTES(CONNECTIONS, SESSIONS, QUEUE_DEPTH,
                                                       BUFFERS, BUFFER_BYTES)];
static uint8_t medium[16 << 20];
static struct thimble *engine;
static struct link links[CONNECTIONS];
static char portal_text[32];

static uint32_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/* ---------------------------------------------------------------------------------------
 * Moving bytes
 */

/* [guide: in] */
/* True: something moved.  The window opens for what the engine took, nothing else. */
static bool take_in(struct link *l)
{
    size_t waiting, room;
    const uint8_t *from;
    uint8_t *to;
    bool moved = false;

    while ((from = toy_peek(l->toy, &waiting)) != NULL &&
           (to = thimble_conn_rx_buf(l->conn, &room)) != NULL) {
        size_t n = waiting < room ? waiting : room;
        memcpy(to, from, n);
        toy_consumed(l->toy, n);
        thimble_conn_rx_ack(l->conn, n);
        moved = true;
    }
    return moved;
}
/* [end] */

/* [guide: out] */
/* True: something moved.  Stable spans are lent to the stack, the others it copies. */
static bool send_out(struct link *l)
{
    struct thimble_tx_span spans[SPANS];
    bool moved = false, room = true;
    size_t n;

    while (room && (n = thimble_conn_tx_buf(l->conn, spans, SPANS)) > 0) {
        size_t taken = 0;
        for (size_t i = 0; i < n && room; i++) {
            size_t part = toy_write(l->toy, spans[i].data, spans[i].len,
                                    !spans[i].stable);
            taken += part;
            room = part == spans[i].len;
        }
        if (taken > 0) {
            thimble_conn_tx_taken(l->conn, taken);
            moved = true;
        }
    }
    return moved;
}

/* The peer has acknowledged: what was lent is the engine's again. */
static void on_acked(struct toy_conn *t, size_t n)
{
    struct link *l = toy_get(t);

    thimble_conn_tx_ack(l->conn, n);
    l->work = true;                     /* there may be room for more */
}
/* [end] */

/* ---------------------------------------------------------------------------------------
 * Reasons to look
 */

/* [guide: reasons] */
/* The engine calls it from within any of its functions: only remember. */
static void on_wake(void *ctx, struct thimble_conn *c, void *port_conn)
{
    struct link *l = port_conn;

    (void)ctx, (void)c;
    l->work = true;
}

static void on_received(struct toy_conn *t)
{
    ((struct link *)toy_get(t))->work = true;
}

static void on_ended(struct toy_conn *t)
{
    struct link *l = toy_get(t);

    l->ended = l->work = true;
}

static void on_accepted(struct toy_conn *t)
{
    struct link *l = links;

    while (l < links + CONNECTIONS && l->toy)
        l++;
    if (l < links + CONNECTIONS)
        l->conn = thimble_conn_open(engine, l);
    if (l == links + CONNECTIONS || !l->conn) {
        toy_close(t);
        return;
    }
    l->toy = t;
    l->work = true;
    toy_set(t, l);
}
/* [end] */

/* ---------------------------------------------------------------------------------------
 * One connection's turn, and its end
 */

/* [guide: turn] */
/* After thimble_conn_close() the engine uses its buffers for others, so the stack must have
 * let go of them: it gets time to bring the last answers across, and is then cut off. */
static void end(struct link *l)
{
    if (!l->closing) {
        l->closing = true;
        l->closing_ms = now_ms();
    }
    if (!l->ended && toy_borrows(l->toy) && now_ms() - l->closing_ms < LINGER_MS) {
        l->work = true;
        return;
    }
    toy_close(l->toy);
    thimble_conn_close(l->conn);
    *l = (struct link){ .toy = NULL };
}

/* Answers first: they free what the next request may need. */
static void serve(struct link *l)
{
    size_t waiting;
    bool sent, took;

    l->work = false;
    do {
        sent = send_out(l);
        took = take_in(l);
    } while (sent || took);
    bool heard_all = l->ended && !toy_peek(l->toy, &waiting);
    if (heard_all || thimble_conn_closing(l->conn))
        end(l);
}
/* [end] */

static size_t portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    size_t len = strlen(portal_text);

    (void)ctx, (void)port_conn;
    if (index > 0 || len >= size)
        return 0;
    memcpy(text, portal_text, len + 1);
    return len;
}

static bool start(uint16_t port)
{
    static struct thimble_ram_disk disk;
    static const struct thimble_config config = {
        .n_connections = CONNECTIONS, .n_sessions = SESSIONS, .queue_depth = QUEUE_DEPTH,
        .n_buffers = BUFFERS, .buffer_bytes = BUFFER_BYTES,
        .wake = on_wake,
        .portal = portal,
    };
    static const struct toy_events events = {
        .accepted = on_accepted, .received = on_received,
        .acked = on_acked, .ended = on_ended,
    };

    if (thimble_init(&engine, arena, sizeof arena, &config) != THIMBLE_OK ||
        thimble_ram_disk_init(&disk, medium, sizeof medium / 512, 9) != THIMBLE_OK)
        return false;
    disk.block.map = NULL;              /* reads go through the engine's few buffers */
    int target = thimble_target_add(
        engine, &(struct thimble_target_config){ .name = TARGET });
    if (target < 0 || thimble_lun_add(engine, target, &(struct thimble_lun_config){
                                          .block = &disk.block }) != THIMBLE_OK)
        return false;
    snprintf(portal_text, sizeof portal_text, "127.0.0.1:%u", port);
    return toy_listen(port, &events);
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)(argc > 1 ? strtol(argv[1], NULL, 10) : 3260);

    if (!start(port)) {
        fprintf(stderr, "own_port: cannot serve on 127.0.0.1:%u\n", port);
        return 1;
    }
    printf("ready iscsi://%s/%s/0\n", portal_text, TARGET);
    fflush(stdout);

    /* [guide: loop] */
    for (;;) {
        uint32_t wait_ms = thimble_tick(engine, now_ms());
        for (struct link *l = links; l < links + CONNECTIONS; l++)
            if (l->toy && l->work)
                serve(l);
        for (struct link *l = links; l < links + CONNECTIONS; l++)
            if (l->work)
                wait_ms = 0;            /* somebody was woken by another one's turn */
        toy_poll(wait_ms < 1000 ? wait_ms : 1000);  /* callbacks find no old time */
    }
    /* [end] */
}
