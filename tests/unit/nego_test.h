/* SPDX-License-Identifier: MIT
 *
 * nego_test.h: an initiator made of strings, for the tests of src/iscsi.
 *
 * Text is written with a blank where the wire has NUL: "InitialR2T=No
 * MaxBurstLength=512" is two pairs, each ended by NUL.  '^' stands for a blank.
 */
#ifndef NEGO_TEST_H
#define NEGO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/core/wire.h"
#include "../../src/iscsi/keys.h"
#include "../../src/iscsi/negotiation.h"
#include "../../src/iscsi/pdu.h"
#include "../../src/iscsi/text.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

#define DISK "iqn.2024-01.example:disk"
#define OTHER "iqn.2024-01.example:other"
#define VAULT "iqn.2024-01.example:vault"
#define GUARDED "iqn.2024-01.example:guarded"
#define HOST "iqn.1994-05.example:host"
#define FRIEND "iqn.1994-05.example:friend"
#define NORMAL "InitiatorName=" HOST " TargetName=" DISK " SessionType=Normal"
#define DISCOVERY "InitiatorName=" HOST " SessionType=Discovery"

#define T 0x80
#define C 0x40
#define CSG(n) ((n) << 2)
#define NSG(n) (n)

struct world {
    struct thimble_config config;
    struct thimble_crypto crypto;
    struct th_node nodes[4];
    struct th_negotiation_env env;
    struct th_negotiation n;
    struct th_params params;
    struct th_peer peer;

    /* The initiator's next header. */
    uint8_t  isid[6];
    uint16_t tsih, cid;
    uint32_t itt, ttt;
    uint8_t  version_min;
    size_t   piece;                 /* bytes of one rx_ack; 0: as many as are lent */

    /* What came back. */
    enum th_login_next next;
    uint8_t  reject;
    bool     over;
    uint8_t  bhs[48];
    char     text[THIMBLE_TEXT_ANSWER_MAX + 1];
    uint32_t len;

    unsigned admitted;
    uint16_t admit_status;
    const struct th_node *admit_node;
    unsigned n_portals;
    unsigned char next_random;
    bool     no_random;
};

/* Blanks to NUL; the last pair gets one, too. */
static inline uint32_t wire_text(char *out, const char *text)
{
    uint32_t len = 0;
    if (*text == '\0')
        return 0;
    for (; *text != '\0'; text++)
        out[len++] = *text == ' ' ? '\0' : *text == '^' ? ' ' : *text;
    out[len++] = '\0';
    return len;
}

static inline const char *plain_text(struct world *w)
{
    static char out[sizeof w->text];
    uint32_t len = w->len;
    for (uint32_t i = 0; i < len; i++)
        out[i] = w->text[i] == '\0' ? ' ' : w->text[i] == ' ' ? '^' : w->text[i];
    if (len > 0)
        assert_int_equal(out[len - 1], ' ');
    out[len > 0 ? len - 1 : 0] = '\0';
    return out;
}

static inline uint16_t admit(void *ctx, const struct th_node *node,
                             const struct th_params *params,
                             enum thimble_reason *why)
{
    struct world *w = ctx;
    (void)params;
    w->admitted++;
    w->admit_node = node;
    if (w->admit_status != 0)
        *why = THIMBLE_REASON_SESSION_UNKNOWN;
    else
        w->peer.tsih = 0x7001;
    return w->admit_status;
}

static inline size_t portal(void *ctx, void *port_conn, unsigned index, char *text,
                            size_t size)
{
    struct world *w = ctx;
    assert_ptr_equal(port_conn, w);
    assert_true(size >= 64);
    if (index >= w->n_portals)
        return 0;
    if (index == 0)
        return (size_t)sprintf(text, "192.0.2.1:3260");
    return (size_t)sprintf(text, "[2001:db8::%x]:3260", index);
}

static inline void world_init(struct world *w)
{
    memset(w, 0xa5, sizeof *w);
    memset(&w->config, 0, sizeof w->config);
    w->config.max_burst_bytes = 262144;
    w->config.first_burst_bytes = 65536;
    w->config.max_outstanding_r2t = 4;
    w->config.refuse_unsolicited = false;
    w->config.refuse_immediate = false;
    w->config.ctx = w;
    w->config.portal = portal;

    static const char *const friends[] = { FRIEND };
    memset(w->nodes, 0, sizeof w->nodes);
    w->nodes[0] = (struct th_node){ .name = DISK, .portal_group_tag = 1 };
    w->nodes[1] = (struct th_node){ .name = OTHER, .alias = "other disk",
                   .portal_group_tag = 65535 };
    w->nodes[2] = (struct th_node){ .name = VAULT, .portal_group_tag = 2,
                   .allowed = friends,
                                    .n_allowed = 1 };
    w->nodes[3] = (struct th_node){ .name = GUARDED, .portal_group_tag = 3 };
    w->env = (struct th_negotiation_env){ .config = &w->config, .nodes = w->nodes,
              .n_nodes = 3,
                                          .max_recv_bytes = 16384, .admit = admit };
    w->n_portals = 1;
    w->admit_status = 0;
    w->admitted = 0;
    w->admit_node = NULL;
    w->next_random = 1;
    w->no_random = false;

    memcpy(w->isid, "\x40\x01\x02\x03\x04\x05", 6);
    w->tsih = 0;
    w->cid = 7;
    w->itt = 0x11223344;
    w->ttt = TH_TAG_NONE;
    w->version_min = 0;
    w->piece = 0;
}

static inline void login_init(struct world *w)
{
    th_login_init(&w->n, &w->env, &w->params, &w->peer);
    w->n.admit_ctx = w;
    w->n.port_conn = w;
}

/* The data segment arrives in pieces. */
static inline void arrive(struct world *w, const char *data, uint32_t len, uint32_t first)
{
    uint32_t at = 0;
    assert_int_equal(w->n.pdu_left, len);
    while (w->n.pdu_left > 0) {
        size_t room;
        uint8_t *to = th_negotiation_rx_buf(&w->n, &room);
        assert_in_range(room, 1, w->n.pdu_left);
        assert_true(to >= (uint8_t *)w->n.pair && to + room <= (uint8_t *)w->n.pair +
                    sizeof w->n.pair);
        if (w->piece > 0 && room > w->piece)
            room = w->piece;
        if (first > at && room > first - at)
            room = first - at;
        memcpy(to, data + at, room);
        at += (uint32_t)room;
        th_negotiation_rx_ack(&w->n, room);
    }
    assert_int_equal(at, len);
}

static inline void take_text(struct world *w, const uint8_t *text, uint32_t len)
{
    assert_true(len <= THIMBLE_TEXT_ANSWER_MAX);
    memcpy(w->text, text, len);
    w->len = len;
    assert_int_equal(th_get24(w->bhs + 5), len);
    assert_int_equal(th_get32(w->bhs + 16), w->itt);
    for (unsigned i = 24; i < 36; i++)      /* the connection's business */
        assert_int_equal(w->bhs[i], 0);
}

/* One Login Request with these bytes, cut after `first` bytes, and its response. */
static inline bool login_bytes(struct world *w, uint8_t flags, const char *data,
                               uint32_t len,
                               uint32_t first)
{
    uint8_t bhs[48] = { 0x43, flags, 0, w->version_min };
    th_put24(bhs + 5, len);
    memcpy(bhs + 8, w->isid, 6);
    th_put16(bhs + 14, w->tsih);
    th_put32(bhs + 16, w->itt);
    th_put16(bhs + 20, w->cid);
    if (!th_login_request(&w->n, bhs))
        return false;
    arrive(w, data, len, first);

    w->next = th_login_end(&w->n);
    assert_int_not_equal(w->next, TH_LOGIN_DROP);
    const uint8_t *text;
    uint32_t text_len;
    th_login_response(&w->n, w->bhs, &text, &text_len);
    take_text(w, text, text_len);
    assert_int_equal(w->bhs[0], 0x23);
    assert_memory_equal(w->bhs + 8, w->isid, 6);
    assert_int_equal(th_get16(w->bhs + 36), w->n.status);
    assert_int_equal(w->next == TH_LOGIN_FAILED, w->n.status != 0);
    if (w->n.status == 0)
        assert_int_equal(w->bhs[1] >> 2 & 3, flags >> 2 & 3);
    assert_false((w->bhs[1] & T) && (w->bhs[1] & C));
    assert_false((w->bhs[1] & T) && !(flags & T));
    assert_int_equal(th_get16(w->bhs + 14), w->next == TH_LOGIN_DONE ? 0x7001 : w->tsih);
    return true;
}

static inline void login(struct world *w, uint8_t flags, const char *text)
{
    char data[THIMBLE_TEXT_REQUEST_MAX];
    uint32_t len = wire_text(data, text);
    assert_true(login_bytes(w, flags, data, len, 0));
}

static inline void text_init(struct world *w, const struct th_node *node)
{
    memset(&w->peer, 0, sizeof w->peer);
    strcpy(w->peer.name, HOST);
    th_params_default(&w->params);
    w->params.discovery = node == NULL;
    th_text_init(&w->n, &w->env, &w->params, &w->peer, node, w);
}

static inline void text_bytes(struct world *w, uint8_t flags, const char *data,
                              uint32_t len,
                              uint32_t first)
{
    uint8_t bhs[48] = { 0x04, flags };
    th_put24(bhs + 5, len);
    th_put32(bhs + 16, w->itt);
    th_put32(bhs + 20, w->ttt);
    w->len = 0;
    w->over = true;
    w->reject = th_text_request(&w->n, bhs);
    if (w->reject)
        return;
    arrive(w, data, len, first);
    w->reject = th_text_end(&w->n);
    if (w->reject)
        return;

    const uint8_t *text;
    uint32_t text_len;
    w->over = th_text_response(&w->n, w->bhs, &text, &text_len);
    take_text(w, text, text_len);
    assert_int_equal(w->bhs[0], 0x24);
    assert_true(text_len <= w->params.max_send_bytes);
    assert_int_equal((w->bhs[1] & T) != 0, w->over);
    assert_false((w->bhs[1] & T) && (w->bhs[1] & C));
    assert_false((w->bhs[1] & T) && !(flags & T));
    w->ttt = th_get32(w->bhs + 20);
    assert_int_equal(w->ttt == TH_TAG_NONE, w->over);
}

static inline void text(struct world *w, uint8_t flags, const char *request)
{
    char data[THIMBLE_TEXT_REQUEST_MAX];
    uint32_t len = wire_text(data, request);
    text_bytes(w, flags, data, len, 0);
}

/* The results as text, to look for a part of it. */
static inline const char *params_text(const struct th_params *p)
{
    static char out[256];
    snprintf(out, sizeof out,
             " hd=%d dd=%d r2t=%d imm=%d send=%u max=%u first=%u n_r2t=%u wait=%u retain=%u "
             "level=%u reporting=%u discovery=%d ",
             p->header_digest, p->data_digest, p->initial_r2t, p->immediate_data, p->max_send_bytes,
             p->max_burst_bytes, p->first_burst_bytes, p->max_outstanding_r2t, p->time2wait_s,
             p->time2retain_s, p->protocol_level, p->task_reporting, p->discovery);
    return out;
}

#endif
