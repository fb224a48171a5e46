/* SPDX-License-Identifier: MIT
 *
 * thimble_lwip.c: TCP connections of lwIP's raw API to connections of the engine.
 *
 * In:   a segment's pbufs are queued (`held`) and fed to the engine as it finds room; only
 *       what it took opens the TCP window again, so a stopped engine stops the initiator.
 * Out:  headers are copied by lwIP, data is sent from the disk's buffers and is theirs again when
 *       the initiator has acknowledged it.  What lwIP has no room for is tried again when
 *       an acknowledgement, of any connection, has freed some.
 *
 * lwIP's callbacks feed and send; connections are closed from thimble_lwip_poll() only, so no
 * callback ever returns with its connection gone.
 *
 * Layer 6.  No assumption about the board.  Compiled where there is lwIP.
 */
#ifndef THIMBLE_PORT_LWIP
#include "../board/which.h"
#define THIMBLE_PORT_LWIP TH_BOARD_LWIP
#endif

#if THIMBLE_PORT_LWIP

#include "thimble_lwip.h"

#include <string.h>

#include "lwip/pbuf.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"

enum { SPANS = 4, POLL_HALF_SECONDS = 1 };

/* thimble_lwip_poll() shall look at c. */
static void mark(struct thimble_lwip_conn *c)
{
    c->work = true;
    c->port->work = true;
}

/* --------------------------------------------------------------------------------------
 * In
 */

/* Feeds the engine until it has no room or nothing is left. */
static void feed(struct thimble_lwip_conn *c)
{
    uint32_t fed = 0;
    while (c->held) {
        size_t room;
        uint8_t *to = thimble_conn_rx_buf(c->conn, &room);
        if (!to)
            break;

        struct pbuf *p = c->held;
        uint16_t n = room < p->len ? (uint16_t)room : p->len;
        memcpy(to, p->payload, n);
        if (n < p->len) {
            pbuf_remove_header(p, n);
        } else {
            c->held = p->next;
            if (c->held)
                pbuf_ref(c->held);      /* pbuf_free() takes back p's reference to it */
            pbuf_free(p);
        }
        fed += n;
        thimble_conn_rx_ack(c->conn, n);
    }

    c->port->bytes_in += fed;
    for (uint32_t left = fed; left > 0;) {
        uint16_t n = left > UINT16_MAX ? UINT16_MAX : (uint16_t)left;
        tcp_recved(c->pcb, n);
        left -= n;
    }
}

/* --------------------------------------------------------------------------------------
 * Out
 */

/* Hands lwIP as much of a span as it takes; returns how much. */
static size_t write_span(struct thimble_lwip_conn *c, const struct thimble_tx_span *span)
{
    uint8_t flags = span->stable ? 0 : TCP_WRITE_FLAG_COPY;
    size_t written = 0;
    while (written < span->len) {
        size_t n = span->len - written;
        if (n > tcp_sndbuf(c->pcb))
            n = tcp_sndbuf(c->pcb);
        if (n == 0)
            break;
        err_t err = tcp_write(c->pcb, span->data + written, (u16_t)n, flags);
        if (err == ERR_MEM && n > TCP_MSS) {
            n = TCP_MSS;                /* a few segments may not fit where one does */
            err = tcp_write(c->pcb, span->data + written, (u16_t)n, flags);
        }
        if (err != ERR_OK) {
            c->starved = c->port->starved = true;
            break;
        }
        written += n;
    }
    return written;
}

/* Sends what the engine has and lwIP takes; true: something moved. */
static bool send(struct thimble_lwip_conn *c)
{
    uint32_t before = c->taken;
    c->full = false;
    for (;;) {
        struct thimble_tx_span spans[SPANS];
        size_t n_spans = thimble_conn_tx_buf(c->conn, spans, SPANS);
        size_t taken = 0;
        bool all = true;

        for (size_t i = 0; i < n_spans && all; i++) {
            size_t n = write_span(c, &spans[i]);
            taken += n;
            if (n > 0 && spans[i].stable)
                c->borrowed = c->taken + (uint32_t)taken;
            all = n == spans[i].len;
        }
        if (taken > 0) {
            c->taken += (uint32_t)taken;
            thimble_conn_tx_taken(c->conn, taken);
        }
        if (!all)
            c->full = true;
        if (n_spans == 0 || !all)
            break;
    }
    c->port->bytes_out += c->taken - before;
    return c->taken != before;
}

/* What was held up for lack of room goes on when answers have freed some. */
static void serve(struct thimble_lwip_conn *c)
{
    bool sent;
    bool any = false;
    do {
        feed(c);
        sent = send(c);
        any |= sent;
    } while (sent && c->held);
    if (any)
        tcp_output(c->pcb);
    if (c->peer_closed || thimble_conn_closing(c->conn))
        mark(c);
}

/* --------------------------------------------------------------------------------------
 * The end of a connection
 */

static void detach(struct thimble_lwip_conn *c)
{
    tcp_arg(c->pcb, NULL);
    tcp_recv(c->pcb, NULL);
    tcp_sent(c->pcb, NULL);
    tcp_poll(c->pcb, NULL, 0);
    tcp_err(c->pcb, NULL);
}

/* lwIP uses none of the engine's memory any more. */
static void forget(struct thimble_lwip_conn *c)
{
    struct thimble_lwip *port = c->port;
    struct thimble_conn *conn = c->conn;
    if (c->held)
        pbuf_free(c->held);
    *c = (struct thimble_lwip_conn){ .port = port };
    if (conn) {
        port->n_open--;
        port->room = true;
        thimble_conn_close(conn);
    }
}

/* A newcomer's turn: the engine takes it, or it has waited for too long. */
static void admit(struct thimble_lwip_conn *c)
{
    if (c->port->room && !c->peer_closed)
        c->conn = thimble_conn_open(c->port->engine, c);
    c->port->room = false;
    if (c->conn) {
        c->port->n_open++;
        mark(c);
    } else if (c->peer_closed || sys_now() - c->since_ms >= THIMBLE_LWIP_WAIT_MS) {
        struct tcp_pcb *pcb = c->pcb;
        detach(c);
        tcp_abort(pcb);
        forget(c);
    }
}

static void close_connection(struct thimble_lwip_conn *c)
{
    bool borrowing = (int32_t)(c->borrowed - c->acked) > 0;
    if (borrowing && !c->peer_closed && !c->closing) {
        c->closing = true;
        c->since_ms = sys_now();
    }
    if (borrowing && !c->peer_closed && sys_now() - c->since_ms < THIMBLE_LWIP_LINGER_MS)
        return;                         /* on_sent() and on_poll() come back to it */

    struct tcp_pcb *pcb = c->pcb;
    detach(c);
    if (borrowing) {
        tcp_abort(pcb);
    } else {
        if (c->held)
            tcp_recved(pcb, c->held->tot_len);  /* unread data would make it a reset */
        tcp_setprio(pcb, TCP_PRIO_MIN); /* lwIP may drop it for a newcomer */
        if (tcp_close(pcb) != ERR_OK)
            tcp_abort(pcb);
    }
    forget(c);
}

/* --------------------------------------------------------------------------------------
 * lwIP's callbacks
 */

/* Puts what is held into as few pbufs of the pool as it needs: small segments of a stopped connection
 * must not use the pool up. */
static void gather(struct thimble_lwip_conn *c)
{
    struct pbuf *few = pbuf_alloc(PBUF_RAW, c->held->tot_len, PBUF_POOL);
    if (few) {
        pbuf_copy(few, c->held);
        pbuf_free(c->held);
        c->held = few;
    }
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct thimble_lwip_conn *c = arg;
    (void)pcb;
    (void)err;
    if (!p) {
        c->peer_closed = true;
        mark(c);
        return ERR_OK;
    }
    if (c->held && pbuf_clen(c->held) >= THIMBLE_LWIP_HELD_MAX) {
        gather(c);
        if (pbuf_clen(c->held) >= THIMBLE_LWIP_HELD_MAX)
            return ERR_MEM;             /* lwIP keeps p and asks again, four times a second */
    }

    if (c->held)
        pbuf_cat(c->held, p);
    else
        c->held = p;
    if (c->conn)
        serve(c);
    return ERR_OK;
}

static void memory_freed(struct thimble_lwip *port)
{
    port->starved = false;
    for (unsigned i = 0; i < port->n_conns; i++) {
        struct thimble_lwip_conn *c = &port->conns[i];
        if (c->starved) {
            c->starved = false;
            mark(c);
        }
    }
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct thimble_lwip_conn *c = arg;
    (void)pcb;
    c->acked += len;
    thimble_conn_tx_ack(c->conn, len);
    if (c->port->starved)
        memory_freed(c->port);
    if (c->work || c->full || c->closing)
        serve(c);
    return ERR_OK;
}

/* The last resort, if no other event brings a stopped connection back. */
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    struct thimble_lwip_conn *c = arg;
    (void)pcb;
    mark(c);
    return ERR_OK;
}

/* The connection was reset or given up; lwIP has freed it. */
static void on_err(void *arg, err_t err)
{
    struct thimble_lwip_conn *c = arg;
    (void)err;
    forget(c);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct thimble_lwip *port = arg;
    struct thimble_lwip_conn *c = NULL;

    for (unsigned i = 0; i < port->n_conns && !c; i++)
        if (!port->conns[i].pcb)
            c = &port->conns[i];
    if (err != ERR_OK || !c)
        return ERR_MEM;

    /* If the engine is full, it now ends an unfinished login; the newcomer waits for that. */
    *c = (struct thimble_lwip_conn){ .port = port, .pcb = pcb, .since_ms = sys_now() };
    c->conn = thimble_conn_open(port->engine, c);
    if (c->conn)
        port->n_open++;
    port->work = true;
    tcp_nagle_disable(pcb);
    tcp_arg(pcb, c);
    tcp_recv(pcb, on_recv);
    tcp_sent(pcb, on_sent);
    tcp_poll(pcb, on_poll, POLL_HALF_SECONDS);
    tcp_err(pcb, on_err);
    return ERR_OK;
}

/* --------------------------------------------------------------------------------------
 * The port
 */

int thimble_lwip_start(struct thimble_lwip *port, struct thimble *engine,
                       struct thimble_lwip_conn *conns, unsigned n, uint16_t tcp_port)
{
    *port = (struct thimble_lwip){ .engine = engine, .conns = conns, .n_conns = n };
    for (unsigned i = 0; i < n; i++)
        conns[i] = (struct thimble_lwip_conn){ .port = port };

    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (!pcb)
        return THIMBLE_ERR_NO_MEMORY;
    if (tcp_bind(pcb, IP_ANY_TYPE, tcp_port) == ERR_OK)
        port->listener = tcp_listen_with_backlog(pcb, (u8_t)(n < 255 ? n : 255));
    if (!port->listener) {
        tcp_close(pcb);
        return THIMBLE_ERR_NO_MEMORY;
    }
    tcp_arg(port->listener, port);
    tcp_accept(port->listener, on_accept);
    return THIMBLE_OK;
}

bool thimble_lwip_poll(struct thimble_lwip *port)
{
    bool again = false;
    if (!port->work)
        return false;
    port->work = false;
    for (struct thimble_lwip_conn *c = port->conns; c < port->conns + port->n_conns; c++) {
        if (c->pcb && !c->conn) {
            port->work = true;          /* for as long as it waits */
            admit(c);
        }
        if (!c->pcb || !c->conn || !c->work)
            continue;
        c->work = false;
        serve(c);
        c->work = false;
        if (thimble_conn_closing(c->conn) || (c->peer_closed && !c->held))
            close_connection(c);
    }
    if (port->work)                     /* wake() may have come since */
        for (unsigned i = 0; i < port->n_conns; i++)
            again |= port->conns[i].conn && port->conns[i].work;
    return again;
}

void thimble_lwip_wake(void *ctx, struct thimble_conn *conn, void *port_conn)
{
    struct thimble_lwip_conn *c = port_conn;
    (void)ctx;
    (void)conn;
    mark(c);
}

size_t thimble_lwip_portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    const struct thimble_lwip_conn *c = port_conn;
    (void)ctx;
    if (index > 0 || size < IPADDR_STRLEN_MAX + 9)
        return 0;

    bool v6 = IP_IS_V6(&c->pcb->local_ip);
    size_t n = 0;
    if (v6)
        text[n++] = '[';
    if (!ipaddr_ntoa_r(&c->pcb->local_ip, text + n, (int)(size - n)))
        return 0;
    n += strlen(text + n);
    if (v6)
        text[n++] = ']';
    text[n++] = ':';

    char digits[5];
    size_t n_digits = 0;
    unsigned number = c->pcb->local_port;
    do {
        digits[n_digits++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (n_digits > 0)
        text[n++] = digits[--n_digits];
    return n;
}

#else

/* ISO C wants something in every file. */
typedef int thimble_lwip_is_not_compiled;

#endif
