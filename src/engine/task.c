/* SPDX-License-Identifier: MIT
 *
 * task.c: a SCSI command's life: start, data, disk, status, abort.
 *
 * Layer 3: here iSCSI's data transfer (RFC 7143 4.2.5: immediate, unsolicited, R2T, Data-In) meets SCSI's commands.
 * A WRITE holds no memory while it waits: each Data-Out goes to the disk when it is complete.  A READ holds at most
 * THIMBLE_READ_AHEAD buffers.  Sending is send.c's; it asks th_command_has_output().
 */
#include <string.h>

#include "engine.h"

/* ------------------------------------------------------------------------------------
 * Tasks
 */
struct th_task *th_task_new(struct thimble_conn *c, bool immediate)
{
    if (immediate ? c->n_immediate >= TH_TASKS_IMMEDIATE : c->used >= c->window)
        return NULL;

    struct th_task *t = c->free_tasks;
    c->free_tasks = t->next_active;
    uint8_t generation = t->generation;
    memset(t, 0, offsetof(struct th_task, cmd));        /* the rest is filled by what it becomes */
    t->generation = (uint8_t)(generation + 1);
    t->conn = c;
    t->immediate = immediate;
    if (immediate)
        c->n_immediate++;
    else
        c->used++;
    t->next_active = c->tasks;
    c->tasks = t;
    return t;
}

static void give_ready(struct th_task *t)
{
    while (!t->mapped && t->ready) {
        struct th_buf *b = t->ready;
        t->ready = b->next;
        th_send_give_up(t->conn, b);
    }
}

static void ready_add(struct th_task *t, struct th_buf *b)
{
    struct th_buf **end = &t->ready;

    while (*end)
        end = &(*end)->next;
    b->next = NULL;
    *end = b;
}

static void give_param(struct th_task *t)
{
    if (THIMBLE_PARAMETER_LISTS && t->kind == TASK_COMMAND && t->cmd.param) {
        th_param_give(t->conn->engine, t->cmd.param);
        t->cmd.param = NULL;
    }
}

/* Who has ended t, and waits for that, may go on. */
static void tell_aborter(struct th_task *t)
{
    struct th_task *aborter = t->aborter;

    t->aborter = NULL;
    if (aborter)
        th_task_ended_for(aborter);
}

/* t leaves everything that it is in.  No disk call of it is under way. */
void th_task_free(struct th_task *t)
{
    struct thimble_conn *c = t->conn;

    th_unsend(t);
    th_buf_unwait(t);
    th_set_leave(t);
    give_ready(t);
    give_param(t);
    if (c->rx_task == t) {              /* what still arrives for it is nobody's */
        c->rx_task = NULL;
        if (!c->rx_buf) {
            c->rx_into = INTO_NOTHING;
            if (c->rx_state == RX_BUFFER)
                c->rx_state = RX_DATA;
        }
    }
    if (th_task_is_parked(t))
        c->n_parked--;

    struct th_task **link = &c->tasks;
    while (*link != t)
        link = &(*link)->next_active;
    *link = t->next_active;
    t->next_active = c->free_tasks;
    c->free_tasks = t;
    if (t->immediate)
        c->n_immediate--;
    else
        c->used--;
    t->kind = TASK_FREE;

    tell_aborter(t);
    if (c->state == CONN_GONE && !c->tasks)
        th_conn_release(c);
    else
        th_wake_stalled(c->engine);
}

struct th_task *th_task_by_itt(struct thimble_conn *c, uint32_t itt)
{
    for (struct th_task *t = c->tasks; t; t = t->next_active)
        if (t->kind == TASK_COMMAND && t->itt == itt && !t->aborted)
            return t;
    return NULL;
}

/* A target transfer tag: which task, which use of it, which R2T. */
uint32_t th_task_ttt(const struct th_task *t, uint32_t r2t_sn)
{
    uint32_t index = (uint32_t)(t - t->conn->engine->tasks);
    return (uint32_t)(t->generation & 0x7f) << 24 | (r2t_sn & 0xff) << 16 | index;
}

/* The task that waits for the data that ttt asked for, or NULL.  Its index is one of c's. */
struct th_task *th_task_by_ttt(struct thimble_conn *c, uint32_t ttt)
{
    struct th_task *t = &c->engine->tasks[ttt & 0xffff];

    if (t->kind != TASK_COMMAND || t->aborted)
        return NULL;
    return th_task_ttt(t, t->r2t_sn - t->r2t_open) == ttt ? t : NULL;
}

bool th_task_manages(const struct thimble_conn *c)
{
    for (const struct th_task *t = c->tasks; t; t = t->next_active)
        if (t->kind == TASK_MANAGE)
            return true;
    return false;
}

/* ------------------------------------------------------------------------------------
 * Ends
 */

static bool takes_data(const struct th_task *t)
{
    return t->phase == PHASE_WRITE || (THIMBLE_PARAMETER_LISTS && t->phase == PHASE_PARAM);
}

/* The initiator still owes data that it was asked for, or announced. */
static bool data_is_owed(const struct th_task *t)
{
    return t->unsolicited || t->r2t_open > 0;
}

/* A disk failed a command that it was at work for: that is news; what initiators ask wrongly is not. */
static void tell_disk_error(const struct th_task *t)
{
    uint32_t key = t->cmd.sense >> 16;
    bool failed = key == TH_KEY_MEDIUM_ERROR || key == TH_KEY_HARDWARE_ERROR;
    failed = failed || (THIMBLE_SCSI_THIRD_PARTY && t->cmd.sense == TH_SENSE_THIRD_PARTY_FAILURE);
    bool refused = key == TH_KEY_NOT_READY || key == TH_KEY_DATA_PROTECT;

    if (t->cmd.status == TH_STATUS_CHECK_CONDITION &&
        (failed || (refused && t->cmd.data_bytes > 0)))
        th_event(t->conn, THIMBLE_EVENT_DISK_ERROR, THIMBLE_REASON_NONE, t->cmd.sense);
}

/* A command that has not begun never will: it is in nobody's way, and wants no data. */
static void give_up_turn(struct th_task *t)
{
    th_unsend(t);
    th_set_leave(t);
    give_ready(t);
}

/* The status is final.  It goes out when the disk has let go and all data that was asked for is in. */
static void finish(struct th_task *t)
{
    if (t->aborted) {
        if (t->disk_calls == 0)
            th_task_free(t);
        return;
    }
    if (t->phase != PHASE_DRAIN && t->cmd.status != TH_STATUS_GOOD)
        give_ready(t);                  /* data of a command that failed is not sent */
    if (th_dormant(t))
        give_up_turn(t);
    t->phase = PHASE_DRAIN;
    if (t->disk_calls > 0)
        return;
    tell_aborter(t);
    if (data_is_owed(t))
        return;
    give_param(t);
    t->phase = PHASE_STATUS;
    tell_disk_error(t);
    th_send(t);
}

/* ... with this piece of its data. */
static void disk_failed(struct th_task *t, const struct th_buf *b, int result, bool writing)
{
    if (t->phase == PHASE_DRAIN)
        return;                         /* the first cause is kept */
    th_scsi_disk_error(&t->cmd, result, writing);
    if (THIMBLE_SCSI_BAD_BLOCK && result == THIMBLE_ERR_BLOCK)
        th_scsi_bad_block(&t->cmd, b->offset, &b->io);
}

/* Data-Out came out of order, or with a wrong digest: the task ends when all its data is in (RFC 7143 7.8, 7.9).  A command
 * that does nothing with the data that its initiator announced does not mind: a disk may be at work for it. */
void th_command_out_of_order(struct th_task *t)
{
    if (th_dormant(t))
        give_up_turn(t);
    else if (!takes_data(t))
        return;
    th_scsi_check(&t->cmd, TH_SENSE_PROTOCOL_CRC);
    t->phase = PHASE_DRAIN;
}

/* ------------------------------------------------------------------------------------
 * Writing
 */
static void write_submit(struct th_task *t, struct th_buf *b);

static void command_next(struct th_task *t, enum th_next next);

/* Data came in, or came to rest on the disk: is there more to ask for, or is the command through? */
static void write_check(struct th_task *t)
{
    if (t->phase == PHASE_DRAIN) {
        finish(t);
        return;
    }
    if (t->done < t->total || data_is_owed(t)) {
        if (th_command_wants_r2t(t))
            th_send(t);
        return;
    }
    if (THIMBLE_PARAMETER_LISTS && t->phase == PHASE_PARAM)
        command_next(t, th_scsi_param(&t->cmd));
    else if (t->disk_calls == 0)
        command_next(t, th_scsi_written(&t->cmd));
}

bool th_command_wants_r2t(const struct th_task *t)
{
    return takes_data(t) && !t->unsolicited && t->asked < t->total &&
           t->r2t_open < t->conn->params.max_outstanding_r2t;
}

/* A buffer of a WRITE is through with the disk. */
static void write_done(struct th_task *t, struct th_buf *b, int result)
{
    t->disk_calls--;
    if (result < 0 && !t->aborted) {
        if (t->cmd.status == TH_STATUS_GOOD)    /* else: a comparison failed, which says more */
            disk_failed(t, b, result, !(THIMBLE_SCSI_VERIFY && t->cmd.use == TH_USE_COMPARE));
        t->phase = PHASE_DRAIN;
    }
    th_buf_give(t->conn->engine, b);
    if (t->aborted)
        finish(t);
    else
        write_check(t);
}

/* b is through with partial.c. */
void th_command_disk_done(struct th_task *t, struct th_buf *b, int result)
{
    write_done(t, b, result);
}

static void write_io_done(struct thimble_io *io, int result)
{
    struct th_buf *b = (struct th_buf *)io;     /* its first member */
    struct th_task *t = b->task;
    struct thimble_conn *c = t->conn;

    th_gate_leave(&t->cmd.lu->gate, TH_GATE_SHARED);
    write_done(t, b, result);
    th_conn_wake(c);
}

static void gate_entered(struct thimble_io *io, int result)
{
    struct th_buf *b = (struct th_buf *)io;
    struct th_task *t = b->task;

    (void)result;
    if (t->aborted) {
        write_io_done(io, THIMBLE_OK);
        return;
    }
    b->io.done = write_io_done;
    int r = th_scsi_write(&t->cmd, b->offset, b->len, b->mem, &b->io);
    if (r != THIMBLE_PENDING)
        write_io_done(io, r);
}

/* A piece of a WRITE's data goes to the disk. */
static void write_submit(struct th_task *t, struct th_buf *b)
{
    t->disk_calls++;
    b->task = t;
    if (th_partial_needed(t, b->offset, b->len)) {
        th_partial_start(b);
        return;
    }

    struct th_gate *gate = &t->cmd.lu->gate;
    b->io.done = gate_entered;
    if (th_gate_enter(gate, TH_GATE_SHARED, &b->io) == THIMBLE_PENDING)
        return;
    b->io.done = write_io_done;
    int r = th_scsi_write(&t->cmd, b->offset, b->len, b->mem, &b->io);
    if (r == THIMBLE_PENDING)
        return;
    th_gate_leave(gate, TH_GATE_SHARED);
    write_done(t, b, r);
}

/* Counts a piece of data, and sees where a burst ends: where its F bit must be (11.7.1). */
static void count_data(struct th_task *t, uint32_t len, bool final)
{
    t->done += len;
    if (t->unsolicited) {
        if (t->done == t->asked && !final && t->phase != PHASE_DRAIN && len > 0)
            th_command_out_of_order(t); /* more than FirstBurstLength is coming */
        if (final) {
            t->unsolicited = false;
            t->asked = t->burst_start = t->done;
            t->data_sn = 0;
        }
        return;
    }
    if (t->r2t_open == 0)
        return;                         /* immediate data alone */

    uint32_t max = t->conn->params.max_burst_bytes;
    uint32_t left = t->total - t->burst_start;
    uint32_t burst_end = t->burst_start + th_min32(left, max);
    if (t->phase != PHASE_DRAIN && final != (t->done == burst_end))
        th_command_out_of_order(t);
    if (final) {
        t->r2t_open--;
        t->burst_start = burst_end;
        t->data_sn = 0;
    }
}

/* Bytes of a WRITE's data that are whole blocks. */
static uint32_t medium_bytes(const struct th_task *t)
{
    uint8_t shift = t->cmd.lu->block->block_shift;
    return t->total >> shift << shift;
}

/* b, with data of t, goes to the disk, or into the parameter list; what nobody wants is dropped.  True: it is at the disk, or was. */
static bool take_data(struct th_task *t, struct th_buf *b)
{
    uint32_t medium = t->phase == PHASE_WRITE ? medium_bytes(t) : 0;

    if (b->len > 0 && b->offset < medium) {
        b->len = th_min32(b->len, medium - b->offset);
        write_submit(t, b);
        return true;
    }
    if (THIMBLE_PARAMETER_LISTS && t->phase == PHASE_PARAM && b->offset < t->cmd.data_bytes)
        memcpy(t->cmd.param + b->offset, b->mem, th_min32(b->len, t->cmd.data_bytes - b->offset));
    th_buf_give(t->conn->engine, b);
    return false;
}

/* b, with data of a command that has not begun, waits with it. */
static void keep_data(struct th_task *t, struct th_buf *b)
{
    if (b->holder)                      /* it came ahead of its CmdSN's turn: see BUF_DORMANT */
        th_command_refuse(t);
    if (th_dormant(t) && b->len > 0)
        ready_add(t, b);
    else
        th_buf_give(t->conn->engine, b);
}

/* A data segment of t has arrived, in b or in its parameter buffer (b is then NULL). */
void th_command_received(struct th_task *t, struct th_buf *b, uint32_t offset, uint32_t len,
                         bool final, bool bad_digest)
{
    struct thimble *e = t->conn->engine;
    bool with_command = (t->conn->bhs[0] & 0x3f) == TH_OP_SCSI_COMMAND;

    if (t->aborted) {
        if (b)
            th_buf_give(e, b);
        return;
    }
    if (bad_digest)
        th_command_out_of_order(t);
    if (with_command)
        t->done = len;                  /* its F bit speaks of what follows */
    else
        count_data(t, len, final);

    if (b) {
        b->offset = offset;
        b->len = len;
        if (th_dormant(t)) {
            keep_data(t, b);
            return;
        }
        if (take_data(t, b)) {
            if (t->phase == PHASE_WRITE && t->disk_calls > 0)
                write_check(t);         /* the disk is at work: ask for more meanwhile */
            return;
        }
    }
    if (takes_data(t) || t->phase == PHASE_DRAIN)
        write_check(t);
}

/* ------------------------------------------------------------------------------------
 * Reading
 */
static unsigned ready_count(const struct th_task *t)
{
    unsigned n = 0;
    for (const struct th_buf *b = t->ready; b; b = b->next)
        n++;
    return n;
}

/* A buffer of a READ came back from the disk. */
static void read_done(struct th_task *t, struct th_buf *b, int result)
{
    t->disk_calls--;
    if (t->aborted || result < 0 || t->phase == PHASE_DRAIN) {
        if (!t->aborted)
            disk_failed(t, b, result, false);
        th_buf_give(t->conn->engine, b);
        finish(t);
        return;
    }
    ready_add(t, b);
    th_send(t);
}

/* No piece of a READ is at the disk beside a WRITE ATOMIC. */
static void read_leave_gate(struct th_buf *b)
{
    if (THIMBLE_SCSI_WRITE_ATOMIC && b->gated)
        th_gate_leave(&b->task->cmd.lu->gate, TH_GATE_SHARED);
    b->gated = false;
}

static void read_io_done(struct thimble_io *io, int result)
{
    struct th_buf *b = (struct th_buf *)io;
    struct th_task *t = b->task;
    struct thimble_conn *c = t->conn;

    read_leave_gate(b);
    read_done(t, b, result);
    if (t->kind == TASK_COMMAND && t->phase == PHASE_READ && t->conn == c && !t->aborted)
        th_command_pump(t);
    th_conn_wake(c);
}

static int read_start(struct th_buf *b);

/* What was written before a READ with FUA is on the medium. */
static void read_flushed(struct thimble_io *io, int result)
{
    struct th_buf *b = (struct th_buf *)io;

    if (result < 0)
        th_scsi_flush_failed(b->task->cmd.lu);
    if (result == THIMBLE_OK && !b->task->aborted)
        result = read_start(b);
    if (result != THIMBLE_PENDING)
        read_io_done(io, result);
}

static int read_start(struct th_buf *b)
{
    struct th_cmd *cmd = &b->task->cmd;
    uint32_t block = 1u << cmd->lu->block->block_shift;

    if (THIMBLE_SCSI_READ_FUA && cmd->fua) {
        cmd->fua = false;
        b->io.done = read_flushed;
        int r = th_scsi_flush(cmd, &b->io);
        if (r < 0)
            th_scsi_flush_failed(cmd->lu);
        if (r != THIMBLE_OK)
            return r;
    }

    b->io.done = read_io_done;          /* if the transfer ends inside a block: all of it */
    return th_scsi_read(cmd, b->offset, (b->len + block - 1) & ~(block - 1), b->mem, &b->io);
}

static void read_gate_entered(struct thimble_io *io, int result)
{
    struct th_buf *b = (struct th_buf *)io;

    b->gated = true;
    if (!b->task->aborted)
        result = read_start(b);
    if (result != THIMBLE_PENDING)
        read_io_done(io, result);
}

static int read_submit(struct th_task *t, struct th_buf *b)
{
    if (!THIMBLE_SCSI_WRITE_ATOMIC || th_scsi_atomic_blocks(t->cmd.lu) == 0)
        return read_start(b);

    b->io.done = read_gate_entered;
    int r = th_gate_enter(&t->cmd.lu->gate, TH_GATE_SHARED, &b->io);
    if (r == THIMBLE_PENDING)
        return r;
    b->gated = true;
    r = read_start(b);
    if (r != THIMBLE_PENDING)
        read_leave_gate(b);
    return r;
}

static void read_pump(struct th_task *t)
{
    struct thimble *e = t->conn->engine;
    uint8_t shift = t->cmd.lu->block->block_shift;

    while (t->phase == PHASE_READ && !t->aborted && t->asked < t->total && t->disk_calls == 0 &&
           ready_count(t) < THIMBLE_READ_AHEAD) {
        struct th_buf *b = th_buf_take(t->conn, BUF_HELD);
        if (!b) {
            if (!t->ready)              /* else: when that was sent */
                th_buf_wait(t);
            return;
        }
        uint32_t left = t->total - t->asked;
        uint32_t blocks = left >> shift;
        if ((left & ((1u << shift) - 1)) != 0)
            blocks++;                   /* the transfer ends inside a block */
        uint32_t len = th_min32(blocks, e->config.buffer_bytes >> shift) << shift;

        if (THIMBLE_SCSI_WRITE_ATOMIC)
            len = th_min32(len, th_scsi_read_max(&t->cmd, t->asked, e->config.buffer_bytes));
        b->task = t;
        b->offset = t->asked;
        b->len = th_min32(len, left);
        t->asked += b->len;
        t->disk_calls++;
        int r = read_submit(t, b);
        if (r == THIMBLE_PENDING)
            return;
        read_done(t, b, r);
    }
}

static void reply_pump(struct th_task *t)
{
    struct thimble *e = t->conn->engine;
    struct th_buf *b = th_buf_take(t->conn, BUF_HELD);

    if (!b) {
        th_buf_wait(t);
        return;
    }
    th_scsi_reply(&t->cmd, b->mem, e->config.buffer_bytes);
    t->total = 0;
    if (t->cmd.status == TH_STATUS_GOOD && t->read_dir)
        t->total = th_min32(t->edtl, t->cmd.data_bytes);
    t->asked = b->len = t->total;
    b->task = t;
    if (t->total > 0)
        ready_add(t, b);
    else
        th_buf_give(e, b);
    finish(t);
}

/* t may go on: it was just started, a buffer came free, or a PDU of it was made. */
void th_command_pump(struct th_task *t)
{
    if (t->aborted)
        return;
    if (t->phase == PHASE_REPLY)
        reply_pump(t);
    else if (t->phase == PHASE_READ && !t->mapped)
        read_pump(t);
}

/* ------------------------------------------------------------------------------------
 * Start, and what SCSI says comes next
 */
static void start_read(struct th_task *t)
{
    t->total = t->read_dir ? th_min32(t->edtl, t->cmd.data_bytes) : 0;
    t->phase = PHASE_READ;
    th_count_flow(t, FLOW_READ);
    t->asked = 0;
    if (t->total == 0) {
        finish(t);
        return;
    }
    const uint8_t *map = NULL;          /* with a digest, data must not change on its way */
    if (!t->conn->params.data_digest && !(THIMBLE_SCSI_READ_FUA && t->cmd.fua))
        map = th_scsi_map(&t->cmd, 0, t->cmd.data_bytes);
    if (map) {
        t->mapped = true;
        t->map = map;
        t->asked = t->total;
        th_send(t);
        return;
    }
    read_pump(t);
}

static void start_write(struct th_task *t)
{
    t->total = t->write_dir ? th_min32(t->edtl, t->cmd.data_bytes) : 0;
    t->phase = PHASE_WRITE;
    th_count_flow(t, t->cmd.use == TH_USE_COMPARE ? FLOW_OTHER : FLOW_WRITE);
    if (t->asked == 0 && !t->unsolicited)   /* else write_check() comes with the data */
        write_check(t);
}

/* There is no room for t now.  SAM-5 5.3.1: BUSY if it is the only one. */
void th_command_refuse(struct th_task *t)
{
    bool only = t->conn->tasks == t && !t->next_active;

    t->cmd.status = only ? TH_STATUS_BUSY : TH_STATUS_TASK_SET_FULL;
    finish(t);
}

static void start_param(struct th_task *t)
{
    struct thimble *e = t->conn->engine;

    t->total = t->write_dir ? th_min32(t->edtl, t->cmd.data_bytes) : 0;
    if (t->total < t->cmd.data_bytes) {
        command_next(t, th_scsi_check(&t->cmd, TH_SENSE_INVALID_INFORMATION_UNIT));
        return;
    }
    t->cmd.param = th_param_take(e);
    if (!t->cmd.param) {
        th_command_refuse(t);
        return;
    }
    t->phase = PHASE_PARAM;
    if (t->asked == 0 && !t->unsolicited)
        write_check(t);
}

static void command_next(struct th_task *t, enum th_next next)
{
    switch (next) {
    case TH_NEXT_STATUS:
        finish(t);
        break;
    case TH_NEXT_REPLY:
        t->phase = PHASE_REPLY;
        reply_pump(t);
        break;
    case TH_NEXT_READ:
        start_read(t);
        break;
    case TH_NEXT_WRITE:
        start_write(t);
        break;
    case TH_NEXT_PARAM:
        if (THIMBLE_PARAMETER_LISTS)
            start_param(t);
        break;
    case TH_NEXT_WAIT:
        t->phase = PHASE_DISK;
        break;
    }
}

static struct th_task *task_of(struct th_cmd *cmd)
{
    return (struct th_task *)((char *)cmd - offsetof(struct th_task, cmd));
}

/* A command that waited for a disk (TH_NEXT_WAIT) has its status. */
void th_command_resume(struct th_cmd *cmd)
{
    struct th_task *t = task_of(cmd);
    struct thimble_conn *c = t->conn;

    t->phase = PHASE_STATUS;            /* no longer at the disk */
    finish(t);
    th_conn_wake(c);
}

/* The CDB: 16 bytes in the header, and what of it is in an additional header segment (RFC 7143 11.2.2.3). */
static void take_cdb(struct th_task *t)
{
    const struct thimble_conn *c = t->conn;
    const uint8_t *ahs = c->bhs + TH_BHS_BYTES;

    memset(t->cmd.cdb, 0, sizeof t->cmd.cdb);
    memcpy(t->cmd.cdb, c->bhs + 32, 16);
    t->cmd.long_cdb = false;
    for (uint32_t at = 0; THIMBLE_SCSI_LONG_CDB && at < c->rx_ahs_len * 4u;) {
        uint32_t len = th_get16(ahs + at);      /* a reserved byte, and what there is; see ahs_ok() */
        if ((ahs[at + 2] & 0x3f) == 1 && len > 1) {
            memcpy(t->cmd.cdb + 16, ahs + at + 4, th_min32(len - 1, sizeof t->cmd.cdb - 16));
            t->cmd.long_cdb = true;
        }
        at += th_pad4(3 + len);
    }
}

/* nexus.later of SCSI. */
void th_command_later(struct th_cmd *cmd)
{
    th_wait_turn((struct th_task *)((char *)cmd - offsetof(struct th_task, cmd)));
}

/* What does the CDB ask for? */
static void start(struct th_task *t)
{
    enum th_next next = th_scsi_start(&t->cmd);

    if (t->cmd.exact && t->cmd.status == TH_STATUS_GOOD &&
        (t->write_dir ? t->edtl : 0) != t->cmd.data_bytes)
        next = th_scsi_check(&t->cmd, TH_SENSE_INVALID_CDB_FIELD);
    command_next(t, next);
}

/* c->bhs holds the command; t has been filled from it as far as iSCSI goes. */
void th_command_start(struct th_task *t)
{
    struct thimble_conn *c = t->conn;

    th_count_start(t);
    take_cdb(t);
    t->cmd.nexus = &c->nexus;
    memcpy(t->lun, c->bhs + 8, sizeof t->lun);          /* what stands behind it is 0 in a LUN that there is */
    int lun = th_scsi_lun_decode(c->bhs + 8);
    t->cmd.lu = th_scsi_lu_of(&c->nexus, lun);
    t->cmd.well_known = lun == TH_LUN_REPORT_LUNS;
    t->cmd.param = NULL;
    if (t->write_dir)
        c->timer_ms = c->engine->now_ms;
    if (THIMBLE_TASK_ATTRIBUTES && (c->bhs[1] & TH_ATTR_BITS) == TH_ATTR_ACA) {
        t->cmd.data_bytes = 0;
        command_next(t, th_scsi_check(&t->cmd, TH_SENSE_INVALID_MESSAGE));
    } else if (th_set_join(t)) {
        start(t);
    } else {
        t->cmd.data_bytes = 0;
        t->phase = PHASE_DORMANT;
        if (t->immediate)               /* they would be in the way of all other immediate ones, and what is behind these */
            th_command_refuse(t);
    }
}

#if THIMBLE_TASK_ATTRIBUTES
/* The turn of a command has come that had to wait, and has data, perhaps, that came meanwhile. */
void th_command_begin(struct th_task *t)
{
    struct th_buf *next, *first = t->ready;

    t->ready = NULL;
    start(t);
    bool writes = t->phase == PHASE_WRITE;
    if (writes)
        t->disk_calls++;                /* not through before all of it is handed over */
    for (struct th_buf *b = first; b; b = next) {
        next = b->next;
        take_data(t, b);
    }
    if (writes)
        t->disk_calls--;
    if (first && (writes || t->phase == PHASE_PARAM))
        write_check(t);
}
#endif

/* ------------------------------------------------------------------------------------
 * Abort
 */

static bool at_disk(const struct th_task *t)
{
    return t->disk_calls > 0 || (t->kind == TASK_COMMAND && t->phase == PHASE_DISK);
}

/* aborter (or NULL) is told when t has ended. */
static void set_aborter(struct th_task *t, struct th_task *aborter)
{
    if (!aborter || t->aborter)         /* one is told: the first of those who are still there */
        return;
    t->aborter = aborter;
    if (!THIMBLE_SCSI_PERSISTENT_RESERVE || aborter->kind == TASK_MANAGE)
        aborter->manage.to_end++;
    else
        aborter->disk_calls++;
}

/* t ends without an answer: at once, or when the disk lets go of it; aborter (or NULL) is told. */
void th_task_abort(struct th_task *t, struct th_task *aborter)
{
    bool already = t->aborted;

    set_aborter(t, aborter);
    t->aborted = true;
    if (already)
        return;
    if (!at_disk(t)) {
        th_task_free(t);
        return;
    }
    t->cmd.aborted = true;
    if (THIMBLE_SCSI_THIRD_PARTY && t->phase == PHASE_DISK && t->queued) {
        th_unsend(t);
        th_scsi_go_on(&t->cmd);         /* it waited for its turn: it ends here */
        return;
    }
    th_unsend(t);
    th_buf_unwait(t);
    give_ready(t);
}

/* Another nexus ends t: it does no more, and is answered with TASK ABORTED.  The aborter waits for the disk, not for data
 * that t's initiator owes. */
static void end_for_other(struct th_task *t, struct th_task *aborter)
{
    if (at_disk(t))
        set_aborter(t, aborter);
    if (t->aborted || t->cmd.aborted || t->phase == PHASE_STATUS)
        return;                         /* it ends, or has ended */
    t->cmd.aborted = true;
    t->cmd.status = TH_STATUS_TASK_ABORTED;
    if (t->phase != PHASE_DISK) {
        th_unsend(t);
        th_buf_unwait(t);
        finish(t);
    } else if (THIMBLE_SCSI_THIRD_PARTY && t->queued) {
        th_unsend(t);
        th_scsi_go_on(&t->cmd);         /* it waited for its turn: it ends here */
    }
    th_conn_wake(t->conn);
}

/* Aborts c's commands for lu (NULL: for all units); returns how many. */
uint32_t th_abort_tasks(struct thimble_conn *c, const struct th_lu *lu, struct th_task *aborter)
{
    bool told = aborter && aborter->conn != c && th_scsi_tells_aborts(lu);
    uint32_t n = 0;

    for (struct th_task *t = c->tasks, *next; t; t = next) {
        next = t->next_active;
        if (t->kind == TASK_COMMAND && (!lu || t->cmd.lu == lu)) {
            n += !t->aborted;
            if (told)
                end_for_other(t, aborter);
            else
                th_task_abort(t, aborter);
        }
    }
    return n;
}

#if THIMBLE_SCSI_PERSISTENT_RESERVE
/* ... and those that copy from or to lu on behalf of another unit. */
static void abort_copies(struct thimble_conn *c, const struct th_lu *lu, struct th_task *aborter)
{
#if THIMBLE_SCSI_THIRD_PARTY
    for (struct th_task *t = c->tasks, *next; t; t = next) {
        next = t->next_active;
        if (t->kind == TASK_COMMAND && t->phase == PHASE_DISK && !t->aborted && th_scsi_copies(&t->cmd, lu)) {
            if (th_scsi_tells_aborts(t->cmd.lu)) {
                end_for_other(t, aborter);
                continue;
            }
            c->nexus.ua[t->cmd.lu->lun] |= 1u << TH_UA_COMMANDS_CLEARED;
            th_task_abort(t, aborter);
        }
    }
#else
    (void)c, (void)lu, (void)aborter;
#endif
}

/* PREEMPT AND ABORT: see struct th_nexus. */
bool th_abort_preempted(struct th_cmd *by)
{
    struct th_task *t = task_of(by);
    struct thimble *e = t->conn->engine;

    t->phase = PHASE_DISK;
    t->disk_calls = 1;                  /* its own, so that it cannot go on before all are found */
    for (unsigned i = 0; i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        if (c->state == CONN_FREE || !c->nexus.preempted)
            continue;
        c->nexus.preempted = false;
        if (th_abort_tasks(c, by->lu, t) > 0 && !th_scsi_tells_aborts(by->lu))
            c->nexus.ua[by->lu->lun] |= 1u << TH_UA_COMMANDS_CLEARED;
        abort_copies(c, by->lu, t);
    }
    return --t->disk_calls > 0;
}
#endif

/* A task that `aborter` has aborted, and waits for, has ended. */
void th_task_ended_for(struct th_task *aborter)
{
    if (!THIMBLE_SCSI_PERSISTENT_RESERVE || aborter->kind == TASK_MANAGE)
        th_manage_task_ended(aborter);
    else if (--aborter->disk_calls == 0)
        th_command_resume(&aborter->cmd);
}

/* A logout: what is not finished ends; answers that wait to be sent are sent. */
void th_abort_unfinished(struct thimble_conn *c)
{
    for (struct th_task *t = c->tasks, *next; t; t = next) {
        next = t->next_active;
        if (th_task_is_parked(t) || (t->kind == TASK_COMMAND && t->phase != PHASE_STATUS))
            th_task_abort(t, NULL);
    }
}
