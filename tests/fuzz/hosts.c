/* SPDX-License-Identifier: MIT
 *
 * hosts.c: see hosts.h.
 */
#include "hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "iscsi/pdu.h"

struct hosts hosts;

void hosts_fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", hosts.title, what);
    abort();
}

/* To see what an input does: FUZZ_TRACE=1. */
static bool tracing(void)
{
    static int on = -1;

    if (on < 0)
        on = getenv("FUZZ_TRACE") != NULL;
    return on;
}

void hosts_note(const char *what, unsigned unit)
{
    if (tracing())
        fprintf(stderr, "unit %u: %s\n", unit, what);
}

static void trace(const struct exchange *x, const char *what)
{
    if (!tracing())
        return;
    fprintf(stderr, "%u.%08x unit %u %s", x->host, (unsigned)x->itt, x->lun, what);
    for (unsigned i = 0; i < (x->is_long ? 32 : 16); i++)
        fprintf(stderr, "%s%02x", i % 4 ? "" : " ", x->cdb[i]);
    fprintf(stderr, " %u bytes", (unsigned)x->n_bytes);
    if (x->state == EXCHANGE_ANSWERED)
        fprintf(stderr, " status %02x sense %06x", x->status, (unsigned)x->sense);
    fprintf(stderr, "\n");
}

/* ------------------------------------------------------------------------------------
 * To the target
 */
static void say(struct host *h, const uint8_t *bytes, size_t n)
{
    if (h->says_at == h->says_len)
        h->says_at = h->says_len = 0;
    if (n > HOST_SAYS_MAX - h->says_len)
        hosts_fail("the target listens to nobody");
    if (n > 0)
        memcpy(h->says + h->says_len, bytes, n);
    h->says_len += n;
}

static void say_pdu(struct host *h, uint8_t bhs[48], const uint8_t *ahs, uint32_t ahs_len, const uint8_t *data, uint32_t len)
{
    static const uint8_t zero[4];

    bhs[4] = (uint8_t)(ahs_len / 4);
    th_put24(bhs + 5, len);
    say(h, bhs, 48);
    say(h, ahs, ahs_len);
    say(h, data, len);
    say(h, zero, th_pad4(len) - len);
}

/* True: some bytes were taken. */
static bool feed(struct host *h)
{
    size_t left = h->says_len - h->says_at, len;
    uint8_t *to = h->conn && left > 0 ? thimble_conn_rx_buf(h->conn, &len) : NULL;

    if (!to)
        return false;
    if (len == 0)
        hosts_fail("no bytes were lent");
    len = len < left ? len : left;
    memcpy(to, h->says + h->says_at, len);
    h->says_at += len;
    thimble_conn_rx_ack(h->conn, len);
    return true;
}

struct exchange *hosts_new(unsigned host)
{
    struct host *h = &hosts.host[host];

    if (!h->logged_in || th_sn_before(h->max_cmd_sn, h->cmd_sn))
        return NULL;
    for (unsigned i = 0; i < HOST_QUEUE; i++) {
        struct exchange *x = &h->exchanges[i];
        if (x->state != EXCHANGE_FREE)
            continue;
        memset(x, 0, offsetof(struct exchange, out));
        x->host = (uint8_t)host;
        x->information = UINT32_MAX;
        return x;
    }
    return NULL;
}

static struct host *host_of(const struct exchange *x)
{
    return &hosts.host[x->host];
}

void hosts_start(struct exchange *x)
{
    struct host *h = host_of(x);
    uint8_t bhs[48] = { TH_OP_SCSI_COMMAND }, ahs[20] = { 0, 17, 1 };
    uint32_t burst = th_min32(h->first_burst_bytes, x->n_bytes), immediate = 0;
    bool more = x->write && !h->initial_r2t && x->unsolicited;

    if (x->n_bytes > EXCHANGE_MAX)
        hosts_fail("a command with too many bytes");
    if (x->write && h->immediate_data)
        immediate = th_min32(th_min32(x->immediate_bytes, burst), h->recv_max_bytes);
    more = more && immediate < burst;
    bhs[1] = (uint8_t)((more ? 0 : TH_FINAL) | (x->n_bytes == 0 ? 0 : x->write ? 0x20 : 0x40) | 1);
    bhs[9] = x->lun;
    x->itt = h->itt++;
    th_put32(bhs + 16, x->itt);
    th_put32(bhs + 20, x->n_bytes);
    th_put32(bhs + 24, h->cmd_sn++);
    memcpy(bhs + 32, x->cdb, 16);
    memcpy(ahs + 4, x->cdb + 16, 16);
    say_pdu(h, bhs, ahs, x->is_long ? 20 : 0, x->out, immediate);
    x->state = EXCHANGE_OPEN;
    trace(x, "begins");
    x->sent_bytes = immediate;
    if (more) {
        x->r2t_ttt = TH_TAG_NONE;
        x->r2t_left = burst - immediate;
    }
}

void hosts_give_back(struct exchange *x)
{
    x->state = EXCHANGE_FREE;
}

bool hosts_data(struct exchange *x)
{
    struct host *h = host_of(x);
    uint8_t bhs[48] = { TH_OP_DATA_OUT };
    uint32_t len = th_min32(x->r2t_left, h->recv_max_bytes);

    if (x->state != EXCHANGE_OPEN || x->r2t_left == 0)
        return false;
    if (x->piece_bytes)
        len = th_min32(len, x->piece_bytes);
    bhs[1] = len == x->r2t_left ? TH_FINAL : 0;
    bhs[9] = x->lun;
    th_put32(bhs + 16, x->itt);
    th_put32(bhs + 20, x->r2t_ttt);
    th_put32(bhs + 36, x->data_sn++);
    th_put32(bhs + 40, x->sent_bytes);
    say_pdu(h, bhs, NULL, 0, x->out + x->sent_bytes, len);
    x->sent_bytes += len;
    x->r2t_left -= len;
    return true;
}

bool hosts_manage(unsigned host, uint8_t function, uint8_t lun, const struct exchange *ref)
{
    struct host *h = &hosts.host[host];
    uint8_t bhs[48] = { TH_OP_TASK_MANAGEMENT | TH_IMMEDIATE, (uint8_t)(TH_FINAL | function) };

    if (!h->conn || h->manages)
        return false;
    h->manages = true;
    h->function = function;
    h->tmf_lun = lun;
    h->tmf_itt = h->itt++;
    h->tmf_ref = ref ? ref->itt : TH_TAG_NONE;
    bhs[9] = lun;
    th_put32(bhs + 16, h->tmf_itt);
    th_put32(bhs + 20, h->tmf_ref);
    th_put32(bhs + 24, h->cmd_sn);
    th_put32(bhs + 32, h->cmd_sn);
    say_pdu(h, bhs, NULL, 0, NULL, 0);
    return true;
}

/* ------------------------------------------------------------------------------------
 * From the target
 */
static struct exchange *open_by_itt(struct host *h, uint32_t itt)
{
    for (unsigned i = 0; i < HOST_QUEUE; i++)
        if (h->exchanges[i].state == EXCHANGE_OPEN && h->exchanges[i].itt == itt)
            return &h->exchanges[i];
    return NULL;
}

static void end(struct exchange *x, enum exchange_state state)
{
    x->state = state;
    x->gone = state == EXCHANGE_GONE;
    x->r2t_left = 0;
    trace(x, state == EXCHANGE_GONE ? "is gone" : "ended");
    hosts.ended(x);
}

static void take_response(struct exchange *x, const uint8_t *bhs, uint32_t len)
{
    const uint8_t *sense = bhs + 48 + 2;
    bool fixed = len >= 2 + 18 && (sense[0] & 0x7f) == 0x70;

    x->status = bhs[3];
    if (bhs[2] != 0)
        hosts_fail("a SCSI Response that says: target failure");
    if (len > 0) {
        x->sense = fixed ? (uint32_t)(sense[2] & 15) << 16 | th_get16(sense + 12)
                         : (uint32_t)(sense[1] & 15) << 16 | th_get16(sense + 2);
        if (fixed && sense[0] & 0x80)
            x->information = th_get32(sense + 3);
    }
    end(x, EXCHANGE_ANSWERED);
}

static void take_data_in(struct exchange *x, const uint8_t *bhs, uint32_t len)
{
    uint32_t at = th_get32(bhs + 40);

    if (x->write || at != x->got_bytes || len > x->n_bytes - at)
        hosts_fail("Data-In that was not asked for");
    memcpy(x->in + at, bhs + 48, len);
    x->got_bytes = at + len;
    if (bhs[1] & 0x01) {
        x->status = bhs[3];
        end(x, EXCHANGE_ANSWERED);
    }
}

static void take_r2t(struct exchange *x, const uint8_t *bhs)
{
    if (!x->write || x->r2t_left > 0 || th_get32(bhs + 40) != x->sent_bytes ||
        th_get32(bhs + 44) > x->n_bytes - x->sent_bytes || th_get32(bhs + 44) == 0)
        hosts_fail("an R2T for what cannot be");
    x->r2t_ttt = th_get32(bhs + 20);
    x->r2t_left = th_get32(bhs + 44);
    x->data_sn = 0;
}

/* To hear how far the window is open: nothing else tells of commands that another initiator has ended. */
static void ping(struct host *h)
{
    uint8_t bhs[48] = { TH_OP_NOP_OUT | TH_IMMEDIATE, TH_FINAL };

    th_put32(bhs + 16, h->itt++);
    th_put32(bhs + 20, TH_TAG_NONE);
    th_put32(bhs + 24, h->cmd_sn);
    say_pdu(h, bhs, NULL, 0, NULL, 0);
}

/* What a task management function has ended will not be answered. */
static void managed(struct host *by, uint8_t response)
{
    bool one = by->function == TH_TMF_ABORT_TASK;

    by->manages = false;
    for (unsigned i = 0; i < HOSTS && response == TH_TMF_COMPLETE; i++) {
        struct host *h = &hosts.host[i];
        bool all = by->function == TH_TMF_LOGICAL_UNIT_RESET || by->function == TH_TMF_CLEAR_TASK_SET;
        if (h != by && !all)
            continue;
        if (h != by)
            hosts_take(i, SIZE_MAX);    /* what it was told before */
        for (unsigned k = 0; k < HOST_QUEUE; k++) {
            struct exchange *x = &h->exchanges[k];
            if (x->state == EXCHANGE_OPEN && (one ? x->itt == by->tmf_ref : x->lun == by->tmf_lun))
                end(x, EXCHANGE_GONE);
        }
        if (h != by && h->conn)
            ping(h);
    }
}

static void take_pdu(struct host *h, const uint8_t *bhs)
{
    struct exchange *x = open_by_itt(h, th_get32(bhs + 16));
    uint32_t len = th_get24(bhs + 5), max_cmd_sn = th_get32(bhs + 32);

    if (!h->logged_in || th_sn_before(h->max_cmd_sn, max_cmd_sn))
        h->max_cmd_sn = max_cmd_sn;
    switch (bhs[0] & 0x3f) {
    case TH_OP_LOGIN_RESPONSE:
        if (th_get16(bhs + 36) != 0)
            hosts_fail("a login is refused");
        h->logged_in = true;
        break;
    case TH_OP_SCSI_RESPONSE:
        if (x)
            take_response(x, bhs, len);
        break;
    case TH_OP_DATA_IN:
        if (x)
            take_data_in(x, bhs, len);
        break;
    case TH_OP_R2T:
        if (x)
            take_r2t(x, bhs);
        break;
    case TH_OP_TASK_MANAGEMENT_RESPONSE:
        if (h->manages && th_get32(bhs + 16) == h->tmf_itt)
            managed(h, bhs[2]);
        break;
    case TH_OP_REJECT:
        hosts_fail("a PDU is rejected");
    default:                            /* messages, pings */
        break;
    }
}

static void parse(struct host *h)
{
    while (h->out_len >= 48) {
        size_t all = 48 + th_pad4(th_get24(h->out + 5));
        if (h->out_len < all)
            return;
        static uint8_t pdu[1 << 16];    /* h->out may grow while it is looked at */
        if (all > sizeof pdu)
            hosts_fail("a PDU that is too long");
        memcpy(pdu, h->out, all);
        memmove(h->out, h->out + all, h->out_len - all);
        h->out_len -= all;
        take_pdu(h, pdu);
    }
}

bool hosts_take(unsigned host, size_t max)
{
    struct host *h = &hosts.host[host];
    struct thimble_tx_span spans[48];
    size_t taken = 0;

    if (!h->conn)
        return false;
    size_t n = thimble_conn_tx_buf(h->conn, spans, 48);
    for (size_t i = 0; i < n && taken < max; i++) {
        size_t len = spans[i].len < max - taken ? spans[i].len : max - taken;
        if (len > sizeof h->out - h->out_len)
            break;
        memcpy(h->out + h->out_len, spans[i].data, len);
        h->out_len += len;
        taken += len;
    }
    if (taken > 0) {
        thimble_conn_tx_taken(h->conn, taken);
        h->unacked_bytes += taken;
    }
    if (thimble_conn_closing(h->conn))
        hosts_fail("a connection is dropped");
    if (taken > 0)
        parse(h);
    return taken > 0;
}

bool hosts_move(void)
{
    bool moved = false;

    for (unsigned i = 0; i < HOSTS; i++) {
        struct host *h = &hosts.host[i];
        moved |= hosts_take(i, SIZE_MAX);
        if (h->conn && h->unacked_bytes > 0) {
            thimble_conn_tx_ack(h->conn, h->unacked_bytes);
            h->unacked_bytes = 0;
            moved = true;
        }
        while (feed(h))
            moved = true;
    }
    return moved;
}

bool hosts_busy(void)
{
    for (unsigned i = 0; i < HOSTS; i++) {
        if (hosts.host[i].manages)
            return true;
        for (unsigned k = 0; k < HOST_QUEUE; k++)
            if (hosts.host[i].exchanges[k].state == EXCHANGE_OPEN)
                return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------
 * Sessions
 */
static void forget(struct host *h)
{
    h->conn = NULL;
    h->logged_in = h->manages = false;
    h->out_len = h->says_len = h->says_at = h->unacked_bytes = 0;
    for (unsigned k = 0; k < HOST_QUEUE; k++)
        if (h->exchanges[k].state == EXCHANGE_OPEN)
            end(&h->exchanges[k], EXCHANGE_GONE);
}

void hosts_forget(void)
{
    for (unsigned i = 0; i < HOSTS; i++)
        forget(&hosts.host[i]);
}

void hosts_hang_up(unsigned host)
{
    struct host *h = &hosts.host[host];

    if (h->conn)
        thimble_conn_close(h->conn);
    forget(h);
}

static bool has(const char *keys, const char *key)
{
    for (; *keys; keys += strlen(keys) + 1)
        if (strcmp(keys, key) == 0)
            return true;
    return false;
}

void hosts_log_in(unsigned host, const char *name, uint8_t isid, const char *keys)
{
    struct host *h = &hosts.host[host];
    uint8_t bhs[48] = { TH_OP_LOGIN | TH_IMMEDIATE, 0x87 };     /* operational stage to full feature phase */
    uint8_t text[512];
    size_t len;

    h->conn = thimble_conn_open(hosts.engine, h);
    if (!h->conn)
        hosts_fail("no connection is to be had");
    h->name = name;
    h->isid = isid;
    h->cmd_sn = 0xfffffffe;
    len = (size_t)snprintf((char *)text, sizeof text, "InitiatorName=%s", name) + 1;
    len += (size_t)snprintf((char *)text + len, sizeof text - len, "TargetName=%s", HOSTS_TARGET) + 1;
    for (const char *k = keys; *k; k += strlen(k) + 1) {
        memcpy(text + len, k, strlen(k) + 1);
        len += strlen(k) + 1;
    }
    h->initial_r2t = !has(keys, "InitialR2T=No");
    h->immediate_data = !has(keys, "ImmediateData=No");
    h->max_burst_bytes = has(keys, "MaxBurstLength=1024") ? 1024 : 8192;
    h->first_burst_bytes = has(keys, "FirstBurstLength=512") ? 512 : 4096;
    h->recv_max_bytes = 4096;
    bhs[8] = 0x80;
    bhs[13] = isid;
    th_put32(bhs + 16, h->itt++);
    th_put32(bhs + 24, h->cmd_sn);
    say_pdu(h, bhs, NULL, 0, text, (uint32_t)len);
}
