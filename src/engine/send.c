/* SPDX-License-Identifier: MIT
 *
 * send.c: work to PDUs to bytes: which PDU goes next, its header, and when its data buffer is free again.
 *
 * Layer 4, RFC 7143 chapter 11.  A header is made at the last moment, so StatSN, ExpCmdSN and MaxCmdSN are right by
 * construction, and a task that gets its last PDU is free from then on.  Order: what answers a
 * question about the connection (NOP-In, Reject, task management, Async) before disk work; the
 * tasks with disk work take turns, a PDU each.
 */
#include <string.h>

#include "engine.h"

/* ------------------------------------------------------------------------------------
 * The two queues
 */
static void enqueue(struct th_queue *q, struct th_task *t)
{
    if (t->queued)
        return;
    t->queued = true;
    t->next = NULL;
    if (q->first)
        q->last->next = t;
    else
        q->first = t;
    q->last = t;
}

static struct th_task *dequeue(struct th_queue *q)
{
    struct th_task *t = q->first;

    q->first = t->next;
    t->queued = false;
    return t;
}

static void unlink_task(struct th_queue *q, struct th_task *t)
{
    struct th_task *before = NULL;

    for (struct th_task *i = q->first; i; before = i, i = i->next) {
        if (i != t)
            continue;
        if (before)
            before->next = t->next;
        else
            q->first = t->next;
        if (q->last == t)
            q->last = before;
        return;
    }
}

void th_send(struct th_task *t)
{
    enqueue(&t->conn->normal, t);
}

void th_send_urgent(struct th_task *t)
{
    enqueue(&t->conn->urgent, t);
}

/* t's command begins, or goes on, when the port has had a chance to serve others. */
void th_wait_turn(struct th_task *t)
{
#if THIMBLE_TURNS
    enqueue(&t->conn->turns, t);
    th_conn_wake(t->conn);
#else
    (void)t;
#endif
}

/* Those that waited for their turn go on, one step each. */
static void take_turns(struct thimble_conn *c)
{
#if THIMBLE_TURNS
    unsigned n = 0;
    for (const struct th_task *t = c->turns.first; t; t = t->next)
        n++;
    for (; n > 0 && c->turns.first; n--) {      /* one may end others */
        struct th_task *t = dequeue(&c->turns);
        if (THIMBLE_TASK_ATTRIBUTES && (!THIMBLE_SCSI_THIRD_PARTY || th_dormant(t)))
            th_command_begin(t);
        else
            th_scsi_go_on(&t->cmd);
    }
#else
    (void)c;
#endif
}

void th_unsend(struct th_task *t)
{
    if (!t->queued)
        return;
    unlink_task(&t->conn->normal, t);
    unlink_task(&t->conn->urgent, t);
#if THIMBLE_TURNS
    unlink_task(&t->conn->turns, t);
#endif
    t->queued = false;
}

/* ------------------------------------------------------------------------------------
 * Headers
 */

/* A request that is ahead of its turn has a task, and its number is still in the window. */
uint32_t th_max_cmd_sn(const struct thimble_conn *c)
{
    uint32_t running = (uint32_t)c->used - (THIMBLE_OUT_OF_ORDER ? c->n_parked : 0u);
    return c->exp_cmd_sn + (c->window - running) - 1;
}

enum stat_sn { STAT_SN_TAKES, STAT_SN_SHOWS };

static void put_numbers(struct thimble_conn *c, uint8_t *bhs, enum stat_sn how)
{
    th_put32(bhs + 24, c->stat_sn);
    if (how == STAT_SN_TAKES)
        c->stat_sn++;
    th_put32(bhs + 28, c->exp_cmd_sn);
    th_put32(bhs + 32, th_max_cmd_sn(c));
}

static struct th_slot *slot_new(struct thimble_conn *c, enum th_opcode opcode)
{
    struct th_slot *s = &c->slots[(c->slot_first + c->slot_count) % THIMBLE_TX_SLOTS];

    if (c->slot_count++ == 0 && c->ack_seq == c->tx_seq)
        c->send_ms = c->engine->now_ms;
    memset(s, 0, offsetof(struct th_slot, head) + TH_BHS_BYTES);
    s->head[0] = (uint8_t)opcode;
    s->head[1] = TH_FINAL;
    s->head_len = TH_BHS_BYTES;
    return s;
}

static void put_header_digest(struct thimble_conn *c, struct th_slot *s)
{
    if (THIMBLE_DIGESTS && c->tx_hdigest) {
        th_crc32c_put(s->head + TH_BHS_BYTES, th_crc32c(TH_CRC32C_INIT, s->head, TH_BHS_BYTES));
        s->head_len += 4;
    }
}

/* The header is complete; `len` bytes of data follow it, wherever they are. */
static void slot_data(struct thimble_conn *c, struct th_slot *s, const uint8_t *data, uint32_t len)
{
    static const uint8_t zero[4];
    uint32_t pad = th_pad4(len) - len;

    th_put24(s->head + 5, len);
    th_count_tx(c, s, len);
    put_header_digest(c, s);
    s->data = data;
    s->data_len = len;
    s->tail_at = s->head_len;
    if (len == 0)
        return;
    memset(s->head + s->tail_at, 0, pad);
    s->tail_len = (uint8_t)pad;
    if (THIMBLE_DIGESTS && c->tx_ddigest) {
        uint32_t crc = th_crc32c(th_crc32c(TH_CRC32C_INIT, data, len), zero, pad);
        th_crc32c_put(s->head + s->tail_at + pad, crc);
        s->tail_len = (uint8_t)(pad + 4);
    }
}

/* Sense data travels behind its length (11.4.7), within the slot. */
static void slot_sense(struct thimble_conn *c, struct th_slot *s, const uint8_t *sense, uint32_t len)
{
    uint32_t data_len = len > 0 ? 2 + len : 0;

    th_put24(s->head + 5, data_len);
    th_count_tx(c, s, data_len);
    put_header_digest(c, s);
    if (len == 0)
        return;
    uint8_t *data = s->head + s->head_len;
    memset(data, 0, th_pad4(data_len));
    th_put16(data, len);
    memcpy(data + 2, sense, len);
    s->head_len = (uint8_t)(s->head_len + th_pad4(data_len));
    if (THIMBLE_DIGESTS && c->tx_ddigest) {
        th_crc32c_put(s->head + s->head_len,
                      th_crc32c(TH_CRC32C_INIT, data, th_pad4(data_len)));
        s->head_len += 4;
    }
}

/* ------------------------------------------------------------------------------------
 * Disk work: Data-In, R2T, SCSI Response
 */
static bool has_data(const struct th_task *t)
{
    if (t->mapped)
        return t->phase == PHASE_READ && t->done < t->asked;
    return t->ready != NULL;
}

bool th_command_has_output(const struct th_task *t)
{
    if (t->aborted)
        return false;
    return has_data(t) || t->phase == PHASE_STATUS || th_command_wants_r2t(t);
}

/* Residual of 11.4.5: what the CDB says against what the initiator expects. */
static void put_residual(const struct th_task *t, uint8_t *bhs)
{
    uint32_t wanted = t->cmd.data_bytes;
    bool failed = t->cmd.status != TH_STATUS_GOOD;
    uint32_t moved = failed ? th_min32(t->done, t->total) : t->total;

    if (!failed && wanted > t->edtl) {
        bhs[1] |= 0x04;
        th_put32(bhs + 44, wanted - t->edtl);
    } else if (moved < t->edtl) {
        bhs[1] |= 0x02;
        th_put32(bhs + 44, t->edtl - moved);
    }
}

static void make_response(struct thimble_conn *c, struct th_task *t)
{
    struct th_slot *s = slot_new(c, TH_OP_SCSI_RESPONSE);
    uint8_t sense[TH_SENSE_MAX];
    uint32_t sense_len = th_scsi_sense(&t->cmd, sense);

    s->head[3] = t->cmd.status;
    th_put32(s->head + 16, t->itt);
    th_put32(s->head + 36, t->read_dir ? t->data_sn : t->r2t_sn);
    put_residual(t, s->head);
    th_count_end(t);
    th_task_free(t);                    /* its place in the window is open again */
    put_numbers(c, s->head, STAT_SN_TAKES);
    slot_sense(c, s, sense, sense_len);
}

static void make_data_in(struct thimble_conn *c, struct th_task *t)
{
    struct th_slot *s = slot_new(c, TH_OP_DATA_IN);
    const struct th_params *p = &c->params;
    struct th_buf *b = t->mapped ? NULL : t->ready;
    uint32_t burst_left = p->max_burst_bytes - (t->done - t->burst_start);
    uint32_t len = th_min32(p->max_send_bytes, burst_left);
    const uint8_t *data;

    if (b) {
        len = th_min32(len, b->len - b->sent);
        data = b->mem + b->sent;
    } else {
        len = th_min32(len, t->asked - t->done);
        data = t->map + t->done;
    }
    th_put32(s->head + 16, t->itt);
    th_put32(s->head + 20, TH_TAG_NONE);
    th_put32(s->head + 36, t->data_sn++);
    th_put32(s->head + 40, t->done);
    s->stable = true;

    t->done += len;
    if (b) {
        b->sent += len;
        if (b->sent == b->len) {        /* this PDU is the last that needs the buffer */
            t->ready = b->next;
            s->buf = b;
        }
    }
    bool last = t->done == t->total;
    if (t->done - t->burst_start == p->max_burst_bytes)
        t->burst_start = t->done;
    else if (!last)
        s->head[1] = 0;                 /* the sequence goes on: no F bit */

    /* The status rides on the last Data-In if nothing else is to be said: some boot firmware wants a response
     * of its own when the data fall short. */
    if (last && t->cmd.status == TH_STATUS_GOOD && t->total == t->edtl &&
        t->cmd.data_bytes == t->total) {
        s->head[1] |= 0x01;
        s->head[3] = t->cmd.status;
        th_count_end(t);
        th_task_free(t);
        put_numbers(c, s->head, STAT_SN_TAKES);
        slot_data(c, s, data, len);
    } else {
        if (last)
            t->phase = PHASE_STATUS;
        put_numbers(c, s->head, STAT_SN_SHOWS);
        th_put32(s->head + 24, 0);      /* StatSN is for a Data-In with status alone */
        slot_data(c, s, data, len);
        th_command_pump(t);             /* it may fail, and give up data of this PDU */
    }
}

static void make_r2t(struct thimble_conn *c, struct th_task *t)
{
    struct th_slot *s = slot_new(c, TH_OP_R2T);
    uint32_t len = th_min32(c->params.max_burst_bytes, t->total - t->asked);

    memcpy(s->head + 8, t->lun, sizeof t->lun);         /* 11.8.5 */
    th_put32(s->head + 16, t->itt);
    th_put32(s->head + 20, th_task_ttt(t, t->r2t_sn));
    put_numbers(c, s->head, STAT_SN_SHOWS);
    th_put32(s->head + 36, t->r2t_sn);
    th_put32(s->head + 40, t->asked);
    th_put32(s->head + 44, len);
    slot_data(c, s, NULL, 0);

    t->asked += len;
    t->r2t_sn++;
    t->r2t_open++;
    c->timer_ms = c->engine->now_ms;
}

static void make_disk_work(struct thimble_conn *c)
{
    struct th_task *t = dequeue(&c->normal);

    if (has_data(t))
        make_data_in(c, t);
    else if (th_command_wants_r2t(t))
        make_r2t(c, t);
    else if (t->phase == PHASE_STATUS)
        make_response(c, t);
    if (t->kind == TASK_COMMAND && th_command_has_output(t))
        th_send(t);                     /* behind the others */
}

/* ------------------------------------------------------------------------------------
 * What goes first
 */
static void make_nop_in(struct thimble_conn *c, struct th_task *t)
{
    struct th_slot *s = slot_new(c, TH_OP_NOP_IN);
    struct th_buf *b = t->ready;
    uint32_t len = b ? th_min32(b->len, c->params.max_send_bytes) : 0;

    memcpy(s->head + 8, t->bhs + 8, 8);
    th_put32(s->head + 16, t->itt);
    th_put32(s->head + 20, TH_TAG_NONE);
    t->ready = NULL;
    th_task_free(t);
    put_numbers(c, s->head, STAT_SN_TAKES);
    s->buf = b;
    s->stable = true;
    slot_data(c, s, b ? b->mem : NULL, len);
}

static void make_reject(struct thimble_conn *c, struct th_task *t)
{
    struct th_slot *s = slot_new(c, TH_OP_REJECT);

    s->head[2] = t->phase;              /* th_reject() keeps the reason here */
    th_put32(s->head + 16, TH_TAG_NONE);
    put_numbers(c, s->head, STAT_SN_TAKES);
    s->task = t;
    slot_data(c, s, t->bhs, TH_BHS_BYTES);
}

static void make_management_response(struct thimble_conn *c, struct th_task *t)
{
    struct th_slot *s = slot_new(c, TH_OP_TASK_MANAGEMENT_RESPONSE);
    bool cold_reset = t->manage.function == TH_TMF_TARGET_COLD_RESET &&
                      t->manage.response == TH_TMF_COMPLETE;

    s->head[2] = t->manage.response;
    th_put32(s->head + 16, t->itt);
    th_put24(s->head + 36, t->manage.information);
    th_task_free(t);
    put_numbers(c, s->head, STAT_SN_TAKES);
    slot_data(c, s, NULL, 0);
    if (cold_reset)
        th_manage_cold_reset(c);
}

static void make_urgent(struct thimble_conn *c)
{
    struct th_task *t = dequeue(&c->urgent);

    switch ((enum th_task_kind)t->kind) {
    case TASK_NOP:
        make_nop_in(c, t);
        break;
    case TASK_REJECT:
        make_reject(c, t);
        break;
    case TASK_MANAGE:
        make_management_response(c, t);
        break;
    case TASK_FREE:
    case TASK_COMMAND:
    case TASK_PARKED:
        break;
    }
}

/* Our ping: the initiator answers it with a NOP-Out.  It shows StatSN and does not take it (11.19). */
static void make_ping(struct thimble_conn *c)
{
    struct th_slot *s = slot_new(c, TH_OP_NOP_IN);

    c->ping_due = false;
    c->ping_out = true;
    th_put32(s->head + 16, TH_TAG_NONE);
    th_put32(s->head + 20, 1);
    put_numbers(c, s->head, STAT_SN_SHOWS);
    slot_data(c, s, NULL, 0);
}

/* Asynchronous Message, 11.9: the event with the lowest number of those that are due. */
static void make_async(struct thimble_conn *c)
{
    struct th_slot *s = slot_new(c, TH_OP_ASYNC);
    uint8_t event = 0;
    uint8_t sense[TH_SENSE_MAX];
    uint32_t sense_len = 0;

    while (!(c->async_due >> event & 1))
        event++;
    c->async_due &= (uint8_t)~(1u << event);
    th_put32(s->head + 16, TH_TAG_NONE);
    s->head[36] = event;
    switch (event) {
    case TH_ASYNC_SCSI:
        s->head[9] = c->async_lun;
        sense_len = th_sense_build(th_scsi_ua_sense((enum th_ua)c->async_sense), -1, false,
                                   sense);
        break;
    case TH_ASYNC_LOGOUT:
    case TH_ASYNC_PARAMETERS:
        th_put16(s->head + 42, c->engine->async_seconds);   /* Parameter3 */
        break;
    default:                            /* the connections are dropped; Time2Wait and Time2Retain */
        th_put16(s->head + 40, c->params.time2wait_s);
        break;
    }
    put_numbers(c, s->head, STAT_SN_TAKES);
    slot_sense(c, s, sense, sense_len);
}

static void make_text(struct thimble_conn *c)
{
    bool login = c->state == CONN_LOGIN || c->text_failed;
    struct th_slot *s = slot_new(c, login ? TH_OP_LOGIN_RESPONSE : TH_OP_TEXT_RESPONSE);
    const uint8_t *text = NULL;
    uint32_t len = 0;

    c->text_due = false;
    c->text_sending = true;
    s->text = true;
    if (login) {
        th_login_response(c->text, s->head, &text, &len);
        c->text_over = c->login_done || c->text_failed;
        s->last = c->text_failed;
    } else {
        c->text_over = th_text_response(c->text, s->head, &text, &len);
    }
    put_numbers(c, s->head, STAT_SN_TAKES);
    slot_data(c, s, text, len);
    if (login && c->login_done) {       /* full feature phase begins behind this PDU */
        c->state = CONN_FULL;
        c->tx_hdigest = c->params.header_digest;
        c->tx_ddigest = c->params.data_digest;
        th_event(c, THIMBLE_EVENT_LOGIN, THIMBLE_REASON_NONE, 0);
    }
}

static void make_logout_response(struct thimble_conn *c)
{
    struct th_slot *s = slot_new(c, TH_OP_LOGOUT_RESPONSE);

    c->logout_due = false;
    s->head[2] = c->logout_response;
    th_put32(s->head + 16, c->text_itt);
    put_numbers(c, s->head, STAT_SN_TAKES);
    th_put16(s->head + 40, c->params.time2wait_s);
    slot_data(c, s, NULL, 0);
    if (c->logout_response == 0) {
        s->last = true;
        th_event(c, THIMBLE_EVENT_LOGOUT, THIMBLE_REASON_NONE, 0);
        c->logged_out = true;
    }
}

/* ------------------------------------------------------------------------------------
 * What the port sees
 */
static bool make_next(struct thimble_conn *c)
{
    if (THIMBLE_ASYNC && c->async_due && c->state != CONN_LOGIN)
        make_async(c);
    else if (c->urgent.first)
        make_urgent(c);
    else if (c->ping_due)
        make_ping(c);
    else if (c->text_due && !th_login_must_wait(c))
        make_text(c);
    else if (c->normal.first)
        make_disk_work(c);
    else if (c->logout_due)
        make_logout_response(c);
    else
        return false;
    return true;
}

static uint32_t slot_len(const struct th_slot *s)
{
    return s->head_len + s->data_len + s->tail_len;
}

/* Adds a piece but for its first *skip bytes. */
static size_t add_span(struct thimble_tx_span *spans, size_t n, const uint8_t *data, uint32_t len,
                       bool stable, uint32_t *skip)
{
    if (*skip >= len) {
        *skip -= len;
        return n;
    }
    spans[n] = (struct thimble_tx_span){ data + *skip, len - *skip, stable };
    *skip = 0;
    return n + 1;
}

size_t thimble_conn_tx_buf(struct thimble_conn *c, struct thimble_tx_span *spans, size_t max)
{
    th_rx_retry(c);
    if (c->state >= CONN_CLOSING)
        return 0;
    take_turns(c);
    while (c->slot_count < THIMBLE_TX_SLOTS && make_next(c))
        continue;

    uint32_t skip = c->tx_off;
    size_t n = 0;
    for (unsigned i = 0; i < c->slot_count && n + 3 <= max; i++) {
        const struct th_slot *s = &c->slots[(c->slot_first + i) % THIMBLE_TX_SLOTS];
        n = add_span(spans, n, s->head, s->head_len, false, &skip);
        n = add_span(spans, n, s->data, s->data_len, s->stable, &skip);
        n = add_span(spans, n, s->head + s->tail_at, s->tail_len, false, &skip);
    }
    if (n == 0 && c->state == CONN_LEAVING)
        c->state = CONN_CLOSING;
    return n;
}

/* b is free again when the transport has acknowledged all before end_seq. */
static void keep_until_acked(struct thimble_conn *c, struct th_buf *b, uint32_t end_seq)
{
    b->end_seq = end_seq;
    b->next = NULL;
    if (c->unacked)
        c->unacked_last->next = b;
    else
        c->unacked = b;
    c->unacked_last = b;
}

/* A task gives up data that it had for the initiator.  PDUs that were made of a part of it are on
 * their way, and need its memory as it is. */
void th_send_give_up(struct thimble_conn *c, struct th_buf *b)
{
    for (unsigned i = c->slot_count; i > 0 && b->sent > 0; i--) {
        struct th_slot *s = &c->slots[(c->slot_first + i - 1) % THIMBLE_TX_SLOTS];
        if (s->data_len > 0 && (uintptr_t)s->data - (uintptr_t)b->mem < b->sent) {
            s->buf = b;
            return;
        }
    }
    if (b->sent > 0 && th_sn_before(c->ack_seq, c->tx_seq))
        keep_until_acked(c, b, c->tx_seq);
    else
        th_buf_give(c->engine, b);
}

/* The transport has all of the first slot's PDU. */
static void slot_taken(struct thimble_conn *c, uint32_t end_seq)
{
    struct th_slot *s = &c->slots[c->slot_first];

    c->slot_first = (uint8_t)((c->slot_first + 1) % THIMBLE_TX_SLOTS);
    c->slot_count--;
    if (s->buf)
        keep_until_acked(c, s->buf, end_seq);
    if (s->task)
        th_task_free(s->task);
    if (s->text) {
        c->text_sending = false;
        if (c->text_over)
            th_negotiation_give(c);
    }
    if (s->last)
        c->state = CONN_CLOSING;
}

void thimble_conn_tx_taken(struct thimble_conn *c, size_t n)
{
    c->tx_seq += (uint32_t)n;
    c->send_ms = c->engine->now_ms;

    uint32_t taken = c->tx_off + (uint32_t)n;
    while (c->slot_count > 0 && taken >= slot_len(&c->slots[c->slot_first])) {
        taken -= slot_len(&c->slots[c->slot_first]);
        slot_taken(c, c->tx_seq - taken);
    }
    c->tx_off = taken;
    if (c->stalled) {                   /* what it waited for may have been its own answers */
        c->stalled = false;
        c->engine->n_stalled--;
        th_conn_wake(c);
    }
}

void thimble_conn_tx_ack(struct thimble_conn *c, size_t n)
{
    c->ack_seq += (uint32_t)n;
    c->send_ms = c->engine->now_ms;
    while (c->unacked && !th_sn_before(c->ack_seq, c->unacked->end_seq)) {
        struct th_buf *b = c->unacked;
        c->unacked = b->next;
        th_buf_give(c->engine, b);
    }
}

bool thimble_conn_closing(const struct thimble_conn *c)
{
    return c->state == CONN_CLOSING;
}
