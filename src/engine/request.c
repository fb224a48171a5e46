/* SPDX-License-Identifier: MIT
 *
 * request.c: PDUs to work: what each request of an initiator means.
 *
 * Layer 4, RFC 7143 chapters 4.2.2 (numbering) and 11.  th_dispatch() may be called again and again for one header, until
 * there is room for it: nothing is changed before that is sure.
 */
#include <string.h>

#include "engine.h"

/* ------------------------------------------------------------------------------------
 * Refusing
 */

/* Queues a Reject of the PDU that is in c->bhs.  False: no room now. */
bool th_reject(struct thimble_conn *c, enum th_reject reason, enum thimble_reason why)
{
    struct th_task *t = th_task_new(c, true);
    if (!t)
        return false;

    t->kind = TASK_REJECT;
    t->phase = (uint8_t)reason;
    memcpy(t->bhs, c->bhs, TH_BHS_BYTES);
    th_send_urgent(t);
    th_event(c, THIMBLE_EVENT_REJECT, why, (uint32_t)(c->bhs[0] & 0x3f) << 8 | reason);
    return true;
}

/* A Reject for which there may be no room: then the connection ends, for the initiator would wait for ever. */
static bool reject_or_fail(struct thimble_conn *c, enum th_reject reason, enum thimble_reason why)
{
    if (!th_reject(c, reason, why))
        th_conn_fail(c, why);
    return true;
}

/* ------------------------------------------------------------------------------------
 * Command numbering, RFC 7143 4.2.2.1
 */

enum turn { TURN_NOW, TURN_LATER, TURN_NEVER };

static enum turn turn_of(const struct thimble_conn *c, const uint8_t *bhs)
{
    uint32_t cmd_sn = th_get32(bhs + 24);

    if (bhs[0] & TH_IMMEDIATE)
        return TURN_NOW;
    if (th_sn_before(cmd_sn, c->exp_cmd_sn) || th_sn_before(th_max_cmd_sn(c), cmd_sn))
        return TURN_NEVER;              /* outside the window: ignored, as the clause says */
    return cmd_sn == c->exp_cmd_sn ? TURN_NOW : TURN_LATER;
}

static void count_command(struct thimble_conn *c, const uint8_t *bhs)
{
    if (!(bhs[0] & TH_IMMEDIATE))
        c->exp_cmd_sn++;
}

static bool is_parked(const struct thimble_conn *c, uint32_t cmd_sn)
{
    for (const struct th_task *t = c->tasks; t; t = t->next_active)
        if (t->kind == TASK_PARKED && th_get32(t->bhs + 24) == cmd_sn)
            return true;
    return false;
}

/* A request came ahead of its turn; with its data segment, it waits.  One at a time may have one: a connection keeps its
 * order, so numbers out of order are the initiator's mistake, and must not cost others their buffers. */
static bool park(struct thimble_conn *c)
{
    uint32_t cmd_sn = th_get32(c->bhs + 24);

    if (!THIMBLE_OUT_OF_ORDER) {
        th_conn_fail(c, THIMBLE_REASON_CMD_SN);
        return true;
    }
    if (is_parked(c, cmd_sn))
        return true;                    /* the same number again: ignored */
    if (c->rx_data_len > 0)
        for (const struct th_task *t = c->tasks; t; t = t->next_active)
            if (t->kind == TASK_PARKED && t->ready) {
                th_conn_fail(c, THIMBLE_REASON_CMD_SN);
                return true;
            }

    struct th_task *t = th_task_new(c, false);
    if (!t)
        return true;
    t->kind = TASK_PARKED;
    memcpy(t->bhs, c->bhs, sizeof t->bhs);
    t->total = c->rx_ahs_len;
    t->edtl = c->rx_data_len;
    c->n_parked++;
    c->rx_task = t;
    c->rx_into = INTO_BUFFER;
    return true;
}

/* ------------------------------------------------------------------------------------
 * SCSI Command, RFC 7143 11.3
 */

/* The additional header segments are well formed (11.2.2).  What they say of a second direction is not acted on: no command here
 * has two. */
static bool ahs_ok(const struct thimble_conn *c)
{
    uint32_t total = c->rx_ahs_len * 4u;
    const uint8_t *ahs = c->bhs + TH_BHS_BYTES;

    for (uint32_t at = 0; at < total;) {
        uint32_t len = th_get16(ahs + at);      /* counts from byte 3 of the segment */
        uint8_t type = ahs[at + 2] & 0x3f;
        if (len == 0 || (type != 1 && type != 2) || th_pad4(3 + len) > total - at)
            return false;
        at += th_pad4(3 + len);
    }
    return true;
}

/* The data segment that follows belongs to t. */
static void into_task(struct thimble_conn *c, const struct th_task *t)
{
    if (t->phase == PHASE_WRITE || th_dormant(t))
        c->rx_into = INTO_BUFFER;
    else if (THIMBLE_PARAMETER_LISTS && t->phase == PHASE_PARAM)
        c->rx_into = INTO_PARAM;
    else
        c->rx_into = INTO_NOTHING;
}

static bool on_scsi_command(struct thimble_conn *c)
{
    const uint8_t *bhs = c->bhs;
    uint32_t itt = th_get32(bhs + 16);
    uint32_t edtl = th_get32(bhs + 20);
    uint32_t data = c->rx_data_len;
    bool final = (bhs[1] & TH_FINAL) != 0;
    bool read_dir = (bhs[1] & 0x40) != 0;
    bool write_dir = (bhs[1] & 0x20) != 0;
    bool immediate = (bhs[0] & TH_IMMEDIATE) != 0;
    const struct th_params *p = &c->params;

    if (c->params.discovery)
        return th_reject(c, TH_REJECT_NOT_SUPPORTED, THIMBLE_REASON_OPCODE);
    if (c->rx_ahs_len * 4u > TH_AHS_MAX)
        return th_reject(c, TH_REJECT_INVALID_FIELD, THIMBLE_REASON_AHS_TOO_LONG);
    if (itt == TH_TAG_NONE || !ahs_ok(c) || (read_dir && write_dir) ||
        (THIMBLE_TASK_ATTRIBUTES && (bhs[1] & TH_ATTR_BITS) > TH_ATTR_ACA))
        return th_reject(c, TH_REJECT_INVALID_FIELD, THIMBLE_REASON_FIELD);
    if (data > 0 && (!write_dir || !p->immediate_data || data > edtl || data > p->first_burst_bytes))
        return th_reject(c, TH_REJECT_PROTOCOL_ERROR, THIMBLE_REASON_FIELD);
    if (!final && (!write_dir || p->initial_r2t))
        return th_reject(c, TH_REJECT_PROTOCOL_ERROR, THIMBLE_REASON_FIELD);

    enum turn turn = turn_of(c, bhs);
    if (turn == TURN_NEVER)
        return true;
    if (turn == TURN_LATER)
        return park(c);
    if (th_task_by_itt(c, itt))
        return th_reject(c, TH_REJECT_TASK_IN_PROGRESS, THIMBLE_REASON_FIELD);

    struct th_task *t = th_task_new(c, immediate);
    if (!t)
        return false;
    count_command(c, bhs);
    t->kind = TASK_COMMAND;
    t->itt = itt;
    t->edtl = edtl;
    t->read_dir = read_dir;
    t->write_dir = write_dir;
    t->unsolicited = !final;
    t->asked = final ? data : th_min32(p->first_burst_bytes, edtl);
    t->burst_start = t->asked;
    c->rx_task = t;
    c->rx_offset = 0;

    th_command_start(t);
    into_task(c, t);
    return true;
}

/* ------------------------------------------------------------------------------------
 * SCSI Data-Out, RFC 7143 11.7
 */
static bool on_data_out(struct thimble_conn *c)
{
    const uint8_t *bhs = c->bhs;
    uint32_t itt = th_get32(bhs + 16);
    uint32_t ttt = th_get32(bhs + 20);
    uint32_t data_sn = th_get32(bhs + 36);
    uint32_t offset = th_get32(bhs + 40);
    uint32_t len = c->rx_data_len;

    struct th_task *t;
    if (ttt == TH_TAG_NONE) {
        t = th_task_by_itt(c, itt);
        if (t && (t->kind != TASK_COMMAND || !t->unsolicited))
            return th_reject(c, TH_REJECT_PROTOCOL_ERROR, THIMBLE_REASON_DATA_SN);
        if (!t)                         /* its command ended: refused, or aborted */
            return true;
    } else {
        if (!th_task_is_of(c, ttt & 0xffff))
            return th_reject(c, TH_REJECT_INVALID_FIELD, THIMBLE_REASON_FIELD);
        t = th_task_by_ttt(c, ttt);
        if (!t)                         /* once was ours: aborted in the meantime */
            return true;
        if (t->itt != itt || t->unsolicited || t->r2t_open == 0)
            return th_reject(c, TH_REJECT_PROTOCOL_ERROR, THIMBLE_REASON_DATA_SN);
    }

    c->timer_ms = c->engine->now_ms;
    c->rx_task = t;
    c->rx_offset = offset;
    if (t->phase != PHASE_DRAIN &&
        (data_sn != t->data_sn || offset != t->done || len > t->asked - t->done))
        th_command_out_of_order(t);     /* the rest of its data is let in and dropped */
    t->data_sn++;
    into_task(c, t);
    return true;
}

/* ------------------------------------------------------------------------------------
 * NOP-Out, task management, logout, text: RFC 7143 11.18, 11.5, 11.14, 11.10
 */

static bool on_nop_out(struct thimble_conn *c)
{
    const uint8_t *bhs = c->bhs;
    uint32_t itt = th_get32(bhs + 16);
    bool immediate = (bhs[0] & TH_IMMEDIATE) != 0;

    if (itt == TH_TAG_NONE) {           /* the answer to a ping of ours, or nothing */
        if (th_get32(bhs + 20) != TH_TAG_NONE && c->ping_out) {
            c->ping_out = false;
            c->ping_ever = true;
        }
        return true;
    }

    enum turn turn = turn_of(c, bhs);
    if (turn == TURN_NEVER)
        return true;
    if (turn == TURN_LATER)
        return park(c);

    struct th_task *t = th_task_new(c, immediate);
    if (!t)
        return false;
    count_command(c, bhs);
    t->kind = TASK_NOP;
    t->itt = itt;
    t->total = c->rx_data_len;
    memcpy(t->bhs + 8, bhs + 8, 8);     /* the LUN goes back as it came */
    c->rx_task = t;
    c->rx_into = INTO_BUFFER;
    return true;
}

static bool on_task_management(struct thimble_conn *c)
{
    const uint8_t *bhs = c->bhs;
    bool immediate = (bhs[0] & TH_IMMEDIATE) != 0;

    if (c->params.discovery)
        return th_reject(c, TH_REJECT_NOT_SUPPORTED, THIMBLE_REASON_OPCODE);
    if (th_get32(bhs + 16) == TH_TAG_NONE || c->rx_data_len > 0)
        return th_reject(c, TH_REJECT_INVALID_FIELD, THIMBLE_REASON_FIELD);

    enum turn turn = turn_of(c, bhs);
    if (turn == TURN_NEVER)
        return true;
    if (turn == TURN_LATER)
        return park(c);

    struct th_task *t = th_task_new(c, immediate);
    if (!t && th_task_manages(c))
        return th_reject(c, TH_REJECT_TOO_MANY_IMMEDIATE, THIMBLE_REASON_TOO_MANY);
    if (!t)
        return false;
    count_command(c, bhs);
    t->kind = TASK_MANAGE;
    t->itt = th_get32(bhs + 16);
    th_manage(t, bhs);
    return true;
}

static bool on_logout(struct thimble_conn *c)
{
    const uint8_t *bhs = c->bhs;
    uint8_t reason = bhs[1] & 0x7f;
    uint16_t cid = th_get16(bhs + 20);

    if (reason > 2 || (reason == 2 && c->params.discovery) || th_get32(bhs + 16) == TH_TAG_NONE)
        return th_reject(c, TH_REJECT_INVALID_FIELD, THIMBLE_REASON_FIELD);
    if (c->logout_due)
        return false;                   /* one that was refused is yet to be answered */
    enum turn turn = turn_of(c, bhs);
    if (turn == TURN_NEVER)
        return true;
    if (turn == TURN_LATER)
        return park(c);

    count_command(c, bhs);
    c->text_itt = th_get32(bhs + 16);
    c->logout_due = true;
    if (reason == 2)
        c->logout_response = 2;         /* recovery needs ErrorRecoveryLevel 2 */
    else if (reason == 1 && cid != c->peer.cid)
        c->logout_response = 1;
    else
        c->logout_response = 0;
    if (c->logout_response == 0) {
        th_abort_unfinished(c);
        th_conn_leave(c, THIMBLE_REASON_NONE);
    }
    return true;
}

/* A connection has a negotiation while a login or a text exchange is under way. */
static bool take_negotiation(struct thimble_conn *c)
{
    struct thimble *e = c->engine;

    for (unsigned i = 0; i < e->config.n_logins; i++) {
        if (!e->logins_used[i]) {
            e->logins_used[i] = 1;
            c->text = &e->logins[i];
            return true;
        }
    }
    return false;
}

/* Likewise; the oldest exchange that does not get on makes room. */
static bool negotiation_ready(struct thimble_conn *c)
{
    if (c->text || take_negotiation(c))
        return true;
    return th_evict_exchange(c) && take_negotiation(c);
}

void th_negotiation_give(struct thimble_conn *c)
{
    struct thimble *e = c->engine;

    if (!c->text)
        return;
    e->logins_used[c->text - e->logins] = 0;
    c->text = NULL;
    th_wake_stalled(e);
}

static bool on_text(struct thimble_conn *c)
{
    const uint8_t *bhs = c->bhs;

    if (th_get32(bhs + 16) == TH_TAG_NONE)
        return th_reject(c, TH_REJECT_INVALID_FIELD, THIMBLE_REASON_FIELD);
    if (c->text_due || c->text_sending)
        return false;                   /* one exchange at a time, its answer first */
    enum turn turn = turn_of(c, bhs);
    if (turn == TURN_NEVER)
        return true;
    if (turn == TURN_LATER)
        return th_reject(c, TH_REJECT_PROTOCOL_ERROR, THIMBLE_REASON_CMD_SN);

    bool fresh = !c->text;
    if (!negotiation_ready(c))
        return false;
    if (fresh) {
        c->exchange_ms = c->engine->now_ms;
        th_text_init(c->text, &c->engine->env, &c->params, &c->peer, c->node, c->port_conn);
    }
    count_command(c, bhs);
    uint8_t reason = th_text_request(c->text, bhs);
    if (reason != TH_REJECT_NONE) {
        th_negotiation_give(c);
        return reject_or_fail(c, reason, THIMBLE_REASON_FIELD);
    }
    c->rx_into = INTO_TEXT;
    return true;
}

static void text_arrived(struct thimble_conn *c)
{
    uint8_t reason = th_text_end(c->text);
    if (reason != TH_REJECT_NONE) {
        enum thimble_reason why = c->text->why;
        th_negotiation_give(c);
        reject_or_fail(c, reason, why);
        return;
    }
    c->text_due = true;
}

/* ------------------------------------------------------------------------------------
 * Login phase, RFC 7143 chapter 6
 */
bool th_login_header_ok(struct thimble_conn *c)
{
    enum thimble_reason why = THIMBLE_REASON_NONE;

    if ((c->bhs[0] & 0x3f) != TH_OP_LOGIN && !c->text)   /* later, login.c answers it */
        why = THIMBLE_REASON_NOT_LOGIN;
    else if (c->rx_data_len > TH_LOGIN_DATA_MAX)
        why = THIMBLE_REASON_DATA_TOO_LONG;
    else if (c->rx_ahs_len > 0)
        why = THIMBLE_REASON_LOGIN_PROTOCOL;
    if (why == THIMBLE_REASON_NONE)
        return true;
    th_conn_fail(c, why);
    return false;
}

static bool on_login(struct thimble_conn *c)
{
    const uint8_t *bhs = c->bhs;

    if (c->text_due || c->text_sending)
        return false;
    bool fresh = !c->text;
    if (!negotiation_ready(c))
        return false;
    if (fresh) {
        th_login_init(c->text, &c->engine->env, &c->params, &c->peer);
        c->text->admit_ctx = c;
        c->text->port_conn = c->port_conn;
        c->exp_cmd_sn = th_get32(bhs + 24);
    }

    if (!th_login_request(c->text, bhs)) {
        th_conn_fail(c, c->text->why);
        return true;
    }
    c->rx_into = INTO_TEXT;
    return true;
}

static void login_arrived(struct thimble_conn *c)
{
    switch (th_login_end(c->text)) {
    case TH_LOGIN_ANSWER:
        break;
    case TH_LOGIN_DONE:
        c->login_done = true;
        c->hdigest = c->params.header_digest;
        c->ddigest = c->params.data_digest;
        break;
    case TH_LOGIN_FAILED:
        th_event(c, THIMBLE_EVENT_LOGIN_REFUSED, c->text->why, c->text->status);
        c->text_failed = true;
        c->rx_state = RX_CLOSED;
        c->state = CONN_LEAVING;
        c->reason = (uint8_t)c->text->why;
        c->timer_ms = c->engine->now_ms;
        break;
    case TH_LOGIN_DROP:
        th_conn_fail(c, c->text->why);
        return;
    }
    c->text_due = true;
}

/* ------------------------------------------------------------------------------------
 * Dispatch
 */

static bool on_request(struct thimble_conn *c)
{
    switch (c->bhs[0] & 0x3f) {
    case TH_OP_SCSI_COMMAND:    return on_scsi_command(c);
    case TH_OP_DATA_OUT:        return on_data_out(c);
    case TH_OP_NOP_OUT:         return on_nop_out(c);
    case TH_OP_TASK_MANAGEMENT: return on_task_management(c);
    case TH_OP_LOGOUT:          return on_logout(c);
    case TH_OP_TEXT:            return on_text(c);
    case TH_OP_SNACK:           /* needs ErrorRecoveryLevel 1 (11.16) */
        return th_reject(c, TH_REJECT_SNACK, THIMBLE_REASON_OPCODE);
    case TH_OP_LOGIN:           /* not in full feature phase */
        return th_reject(c, TH_REJECT_PROTOCOL_ERROR, THIMBLE_REASON_OPCODE);
    default:
        return th_reject(c, TH_REJECT_NOT_SUPPORTED, THIMBLE_REASON_OPCODE);
    }
}

/* Acts on the header in c->bhs.  False: there is no room for it now, nothing was done. */
bool th_dispatch(struct thimble_conn *c)
{
    c->rx_task = NULL;
    c->rx_into = INTO_NOTHING;

    if (c->state == CONN_LOGIN && !c->login_done)
        return on_login(c);
    if (c->login_done && c->state == CONN_LOGIN)
        return false;                   /* spoke before it had our answer: after it */
    if (c->rx_data_len > c->engine->env.max_recv_bytes) {
        th_conn_fail(c, THIMBLE_REASON_DATA_TOO_LONG);
        return true;
    }
    if (c->rx_ahs_len > 0 && (c->bhs[0] & 0x3f) != TH_OP_SCSI_COMMAND)
        return th_reject(c, TH_REJECT_INVALID_FIELD, THIMBLE_REASON_FIELD);
    return on_request(c);
}

static void task_data_arrived(struct thimble_conn *c, struct th_task *t, struct th_buf *b)
{
    bool final = (c->bhs[1] & TH_FINAL) != 0;
    bool bad = c->digest_bad;

    if (b)
        b->len = c->rx_data_len;
    switch ((enum th_task_kind)t->kind) {
    case TASK_COMMAND:
        if (bad)
            reject_or_fail(c, TH_REJECT_DATA_DIGEST, THIMBLE_REASON_DATA_DIGEST);
        th_command_received(t, b, c->rx_offset, c->rx_data_len, final, bad);
        return;
    case TASK_NOP:
    case TASK_PARKED:
        if (bad) {
            th_task_free(t);
            reject_or_fail(c, TH_REJECT_DATA_DIGEST, THIMBLE_REASON_DATA_DIGEST);
            break;
        }
        t->ready = b;
        if (t->kind == TASK_NOP)
            th_send_urgent(t);
        return;
    case TASK_FREE:
    case TASK_MANAGE:
    case TASK_REJECT:
        break;
    }
    if (b)
        th_buf_give(c->engine, b);
}

/* The whole PDU has arrived: header, data segment (if any) and digests. */
void th_data_arrived(struct thimble_conn *c)
{
    struct th_task *t = c->rx_task;
    struct th_buf *b = c->rx_buf;

    c->rx_task = NULL;
    c->rx_buf = NULL;
    if (t) {
        task_data_arrived(c, t, b);
    } else if (c->rx_into == INTO_TEXT) {
        if (c->digest_bad) {
            th_negotiation_give(c);     /* what was understood of it has no effect */
            reject_or_fail(c, TH_REJECT_DATA_DIGEST, THIMBLE_REASON_DATA_DIGEST);
        } else if (c->state == CONN_LOGIN) {
            login_arrived(c);
        } else {
            text_arrived(c);
        }
    } else {
        if (c->digest_bad)
            reject_or_fail(c, TH_REJECT_DATA_DIGEST, THIMBLE_REASON_DATA_DIGEST);
        if (b)
            th_buf_give(c->engine, b);
    }
}

/* The data segment of a parked request goes where it would have landed. */
static void parked_data(struct thimble_conn *c, struct th_buf **b)
{
    if (c->rx_state == RX_CLOSED)
        return;
    if (*b && (c->rx_into == INTO_BUFFER || (THIMBLE_PARAMETER_LISTS && c->rx_into == INTO_PARAM))) {
        c->rx_buf = *b;
        *b = NULL;
    }
    th_data_arrived(c);
}

/* Parked requests whose turn has come, in order: they go through the same door as those that arrive.  Called between two
 * PDUs, for it uses the connection's place for a header. */
void th_unpark(struct thimble_conn *c)
{
    struct th_task *t = THIMBLE_OUT_OF_ORDER ? c->tasks : NULL;

    while (t && c->rx_state != RX_CLOSED) {
        if (t->kind != TASK_PARKED || th_get32(t->bhs + 24) != c->exp_cmd_sn) {
            t = t->next_active;
            continue;
        }

        struct th_buf *b = t->ready;
        bool cancelled = t->aborted;
        t->ready = NULL;
        memcpy(c->bhs, t->bhs, sizeof t->bhs);
        c->rx_data_len = t->edtl;
        c->rx_ahs_len = THIMBLE_SCSI_LONG_CDB ? (uint8_t)t->total : 0;
        c->digest_bad = false;
        th_task_free(t);
        if (cancelled)
            c->exp_cmd_sn++;
        else if (th_dispatch(c))
            parked_data(c, &b);
        else
            th_conn_fail(c, THIMBLE_REASON_CMD_SN);
        if (b)
            th_buf_give(c->engine, b);
        t = c->tasks;
    }
}
