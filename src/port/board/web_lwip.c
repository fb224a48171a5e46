/* SPDX-License-Identifier: MIT
 *
 * web_lwip.c: see web_lwip.h.
 *
 *     ASKS     the head comes in (device/http.h); what of it is not ours is not kept
 *     TELLS    the body, into the connection's buffer, if it is wanted
 *     HEARS    the answer goes out: its head copied by lwIP, its body not.  What comes in is dropped
 *
 * A body that lies in flash is handed over as far as AHEAD_BYTES; a document is made in the connection's buffer, one piece
 * at a time, when the one before was acknowledged.  So lwIP's heap has nothing of it but headers.
 *
 * Layer 6.
 */
#include "which.h"

#if TH_BOARD_WEB && !TH_BOARD_WEB_TASK

#include "web_lwip.h"

#include <stdio.h>
#include <string.h>

#include "../../device/http.h"
#include "lwip/tcp.h"
#include "platform.h"

enum {
    ROOM_MS = 1000,                     /* a newcomer may take the place of who asks so long */
    STILL_MS = 8000,                    /* nothing comes, or is acknowledged */
    ALL_MS = 60000,                     /* of one request, in small bites */
    LOOK_HALF_SECONDS = 1,
    AHEAD_BYTES = 4 * TCP_MSS,
    HEAD_BYTES = 512,
};

enum state { ASKS, TELLS, HEARS };

static struct visitor {
    struct tcp_pcb *pcb;                /* NULL: free */
    enum state state;
    uint32_t begun_ms, moved_ms;
    struct thimble_http head;
    size_t   got;                       /* bytes of the body */

    struct th_web_reply reply;
    struct thimble_status_cursor cursor;
    const uint8_t *from;                /* what lwIP is to have next */
    size_t left, flying;                /* flying: bytes that it has, and the peer has not acknowledged */
    bool   head_sent, all_made;
    char   buf[TH_WEB_BUFFER_BYTES];
} visitors[THIMBLE_BOARD_HTTP_CONNECTIONS];

struct th_web th_web_lwip;
static struct tcp_pcb *listener;
static uint32_t point_ip;

static bool by_point(const struct visitor *v)
{
    return point_ip != 0 && IP_IS_V4(&v->pcb->local_ip) && ip4_addr_get_u32(ip_2_ip4(&v->pcb->local_ip)) == point_ip;
}

/* --------------------------------------------------------------------------------------
 * The end of a connection
 */

/* Its memory is the next one's; no callback comes any more. */
static struct tcp_pcb *leave(struct visitor *v)
{
    struct tcp_pcb *pcb = v->pcb;

    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    v->pcb = NULL;
    if (v->reply.restarts)
        th_web_lwip.restart();
    return pcb;
}

/* For a callback of that connection: what it must return. */
static err_t drop(struct visitor *v)
{
    tcp_abort(leave(v));
    return ERR_ABRT;
}

/* All is acknowledged, so lwIP has nothing of ours. */
static err_t finish(struct visitor *v)
{
    struct tcp_pcb *pcb = leave(v);

    if (tcp_close(pcb) == ERR_OK)
        return ERR_OK;
    tcp_abort(pcb);                     /* no memory for a FIN */
    return ERR_ABRT;
}

/* --------------------------------------------------------------------------------------
 * Out
 */

/* False: not now. */
static bool send_head(struct visitor *v)
{
    const struct th_web_head *h = &v->reply.head;
    static char text[HEAD_BYTES];       /* not on the stack, which is small */
    int n = snprintf(text, sizeof text, "HTTP/1.0 %s\r\nContent-Type: %s\r\nCache-Control: no-store\r\n"
                     "X-Content-Type-Options: nosniff\r\nConnection: close\r\n%s%s%s%s%s\r\n", h->status, h->type,
                     h->is_page ? "Content-Security-Policy: " TH_WEB_POLICY "\r\n" : "", h->name ? h->name : "",
                     h->name ? ": " : "", h->name ? h->value : "", h->name ? "\r\n" : "");

    if (n < 0 || (size_t)n >= sizeof text || tcp_write(v->pcb, text, (u16_t)n, TCP_WRITE_FLAG_COPY) != ERR_OK)
        return false;
    v->flying += (size_t)n;
    return true;
}

/* The next piece of a document, when nobody needs the one before; false: there is nothing to hand over now. */
static bool has_more(struct visitor *v)
{
    if (v->left > 0)
        return true;
    if (v->reply.body || v->all_made || v->flying > 0)
        return false;
    v->from = (const uint8_t *)v->buf;
    v->left = th_web_pieces(&v->cursor, v->buf);
    v->all_made = v->left == 0;
    return v->left > 0;
}

/* Hands over what lwIP takes; what it does not is tried again when something was acknowledged, or half a second later. */
static err_t send(struct visitor *v)
{
    if (!v->head_sent)
        v->head_sent = send_head(v);
    while (v->head_sent && v->flying < AHEAD_BYTES && has_more(v)) {
        size_t n = v->left < AHEAD_BYTES - v->flying ? v->left : AHEAD_BYTES - v->flying;
        n = n < tcp_sndbuf(v->pcb) ? n : tcp_sndbuf(v->pcb);
        n = n < TCP_MSS ? n : TCP_MSS;
        if (n == 0 || tcp_write(v->pcb, v->from, (u16_t)n, n < v->left ? TCP_WRITE_FLAG_MORE : 0) != ERR_OK)
            break;
        v->from += n;
        v->left -= n;
        v->flying += n;
    }
    tcp_output(v->pcb);
    bool all = v->head_sent && v->left == 0 && (v->reply.body || v->all_made);
    return all && v->flying == 0 ? finish(v) : ERR_OK;
}

static err_t answer(struct visitor *v, const char *body)
{
    const struct th_web_request request = {
        .path = v->head.path, .host = v->head.host, .is_post = v->head.is_post, .by_point = by_point(v),
        .body_bytes = v->head.body_bytes, .body = body,
    };
    th_web_reply(&th_web_lwip, &request, v->buf, &v->reply);
    v->state = HEARS;
    v->from = v->reply.body;
    v->left = v->reply.body ? v->reply.len : 0;
    if (!v->reply.body)
        th_web_document(&th_web_lwip, &v->reply, &v->cursor);
    return send(v);
}

static err_t refuse(struct visitor *v)
{
    v->state = HEARS;
    v->reply = (struct th_web_reply){ .head = { .status = v->head.status, .type = "text/plain" },
                                      .body = "This is not understood.\n", .len = 24 };
    v->from = v->reply.body;
    v->left = v->reply.len;
    return send(v);
}

/* --------------------------------------------------------------------------------------
 * In
 */
static err_t asked(struct visitor *v)
{
    const struct th_web_request request = { .path = v->head.path, .is_post = v->head.is_post, .by_point = by_point(v),
                                            .body_bytes = v->head.body_bytes };
    if (v->head.state == THIMBLE_HTTP_BAD)
        return refuse(v);
    if (!th_web_wants_body(&request))
        return answer(v, NULL);
    v->state = TELLS;
    return ERR_OK;
}

static err_t take(struct visitor *v, const char *data, size_t len)
{
    err_t err = ERR_OK;

    if (v->state == ASKS) {
        size_t n = thimble_http_take(&v->head, data, len);
        data += n;
        len -= n;
        if (v->head.state != THIMBLE_HTTP_HEAD)
            err = asked(v);
    }
    if (err == ERR_OK && v->state == TELLS) {
        size_t wanted = v->head.body_bytes - v->got, n = len < wanted ? len : wanted;
        memcpy(v->buf + v->got, data, n);
        v->got += n;
        if (v->got == v->head.body_bytes)
            err = answer(v, v->buf);
    }
    return err;
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct visitor *v = arg;

    if (err != ERR_OK || !p) {          /* the peer has said all, and is answered if it asked */
        if (p)
            pbuf_free(p);
        return v->state == HEARS ? ERR_OK : finish(v);
    }
    v->moved_ms = v->state == HEARS ? v->moved_ms : th_board_ms();
    tcp_recved(pcb, p->tot_len);
    err = ERR_OK;
    for (const struct pbuf *q = p; q && err == ERR_OK && v->pcb == pcb; q = q->next)
        err = take(v, q->payload, q->len);
    pbuf_free(p);
    return err;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct visitor *v = arg;

    (void)pcb;
    v->flying -= len;
    v->moved_ms = th_board_ms();
    return send(v);
}

/* --------------------------------------------------------------------------------------
 * Coming and staying
 */

/* The connection is gone already. */
static void on_error(void *arg, err_t err)
{
    struct visitor *v = arg;

    (void)err;
    v->pcb = NULL;
    if (v->reply.restarts)
        th_web_lwip.restart();
}

static err_t on_look(void *arg, struct tcp_pcb *pcb)
{
    struct visitor *v = arg;
    uint32_t now_ms = th_board_ms();

    (void)pcb;
    if (now_ms - v->moved_ms >= STILL_MS || now_ms - v->begun_ms >= ALL_MS)
        return drop(v);
    return v->state == HEARS ? send(v) : ERR_OK;
}

static struct visitor *place(void)
{
    struct visitor *oldest = NULL;
    uint32_t now_ms = th_board_ms();

    for (struct visitor *v = visitors; v < visitors + THIMBLE_BOARD_HTTP_CONNECTIONS; v++) {
        if (!v->pcb)
            return v;
        if (v->state != HEARS && (!oldest || now_ms - v->begun_ms > now_ms - oldest->begun_ms))
            oldest = v;
    }
    if (!oldest || now_ms - oldest->begun_ms < ROOM_MS)
        return NULL;
    drop(oldest);
    return oldest;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct visitor *v = err == ERR_OK && pcb ? place() : NULL;

    (void)arg;
    if (!v) {
        if (pcb)
            tcp_abort(pcb);
        return ERR_ABRT;
    }
    memset(v, 0, sizeof *v);
    v->pcb = pcb;
    v->begun_ms = v->moved_ms = th_board_ms();
    thimble_http_begin(&v->head);
    tcp_setprio(pcb, TCP_PRIO_MIN);
    tcp_nagle_disable(pcb);             /* a piece is not to wait for the acknowledgement of the one before */
    tcp_arg(pcb, v);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_poll(pcb, on_look, LOOK_HALF_SECONDS);
    return ERR_OK;
}

void th_web_lwip_start(uint16_t port)
{
    if (listener)
        return;
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (pcb && tcp_bind(pcb, IP_ANY_TYPE, port) == ERR_OK)
        listener = tcp_listen_with_backlog(pcb, THIMBLE_BOARD_HTTP_CONNECTIONS);
    if (!listener) {
        if (pcb)
            tcp_abort(pcb);
        th_board_log(TH_LOG_ERROR, "status: no memory for http");
        return;
    }
    tcp_accept(listener, on_accept);
    th_board_log(TH_LOG_INFO, "status: http on port %u", (unsigned)port);
}

void th_web_lwip_point(uint32_t ip)
{
    point_ip = ip;
}

#else

/* ISO C wants something in every file. */
typedef int th_web_lwip_is_not_compiled;

#endif
