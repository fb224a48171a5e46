/* SPDX-License-Identifier: MIT
 *
 * partial.c: data that begins or ends inside a block, the comparison of VERIFY and WRITE AND VERIFY, ORWRITE.
 *
 * Layer 3.  An initiator cuts its data as it likes (boot firmware sends 512 bytes at a time to disks of any
 * block size), and no buffer may be held until the rest of a block comes.  So a piece of a block is put into the
 * block on the disk: read it into the one scratch block, change the part, write it back, with the logical unit's gate
 * closed to others.  The same walk, block by block, compares instead of changing for VERIFY with BYTCHK,
 * reads back what it wrote for WRITE AND VERIFY, and ORs for ORWRITE.
 * It is slow and rare.  One buffer is worked on at a time; others stand in line.
 */
#include <string.h>

#include "engine.h"

static bool compares(const struct th_cmd *cmd)
{
    return THIMBLE_SCSI_VERIFY && cmd->use == TH_USE_COMPARE;
}

static bool verifies(const struct th_cmd *cmd)
{
    return THIMBLE_SCSI_VERIFY && cmd->use == TH_USE_WRITE_AND_COMPARE;
}

static bool ors(const struct th_cmd *cmd)
{
    return THIMBLE_SCSI_ORWRITE && cmd->use == TH_USE_OR;
}

enum phase { ENTER, NEXT_BLOCK, BLOCK_READ, BLOCK_WRITTEN, BLOCK_READ_BACK };

bool th_partial_needed(const struct th_task *t, uint32_t offset, uint32_t len)
{
    uint32_t mask = (1u << t->cmd.lu->block->block_shift) - 1;
    return t->cmd.use != TH_USE_WRITE || ((offset | len) & mask) != 0;
}

static void step(struct thimble *e, int result);

static void io_done(struct thimble_io *io, int result)
{
    struct th_buf *b = (struct th_buf *)io;
    struct thimble_conn *c = b->task->conn;

    step(c->engine, result);
    th_conn_wake(c);
}

/* The part of the current block that the buffer covers. */
struct part {
    uint32_t at_block;                  /* first byte of the block, in the command's data */
    uint32_t in_block;                  /* of the part's first byte */
    uint32_t len;
    uint8_t *data;
};

static struct part part_of(const struct thimble *e, const struct th_buf *b)
{
    uint32_t block = 1u << b->task->cmd.lu->block->block_shift;
    uint32_t at = b->offset + e->scratch.done;
    struct part p = { .at_block = at & ~(block - 1), .in_block = at & (block - 1) };

    p.len = th_min32(block - p.in_block, b->len - e->scratch.done);
    p.data = b->mem + e->scratch.done;
    return p;
}

/* The first difference in this part ends a VERIFY. */
static int compare_part(struct thimble *e, struct th_buf *b, const struct part *p)
{
    for (uint32_t i = 0; i < p->len; i++) {
        if (e->scratch.mem[p->in_block + i] != p->data[i]) {
            th_scsi_miscompare(&b->task->cmd, p->at_block + p->in_block + i);
            return THIMBLE_ERR_IO;
        }
    }
    return THIMBLE_OK;
}

/* Does what comes next for the first buffer in line; answers of the disk that come at once are taken in the loop. */
static int work(struct thimble *e, struct th_buf *b, int result)
{
    struct th_scratch *s = &e->scratch;
    struct th_task *t = b->task;
    struct th_cmd *cmd = &t->cmd;
    uint32_t block = 1u << cmd->lu->block->block_shift;

    b->io.done = io_done;
    while (result == THIMBLE_OK) {
        struct part p = part_of(e, b);

        switch ((enum phase)s->phase) {
        case ENTER:
            s->phase = NEXT_BLOCK;
            result = th_gate_enter(&cmd->lu->gate, TH_GATE_EXCLUSIVE, &b->io);
            break;
        case NEXT_BLOCK:
            if (s->done == b->len || t->aborted)
                return THIMBLE_OK;
#if THIMBLE_SCSI_ORWRITE_LONG
            enum th_or_verdict verdict = ors(cmd) ? th_scsi_or_verdict(cmd) : TH_OR_PERFORM;
            if (verdict != TH_OR_PERFORM)
                return verdict == TH_OR_DISCARD ? THIMBLE_OK : THIMBLE_ERR_IO;
#endif
            s->phase = BLOCK_READ;
            if (p.len < block || compares(cmd) || ors(cmd))
                result = th_scsi_read(cmd, p.at_block, block, s->mem, &b->io);
            break;
        case BLOCK_READ:
            if (compares(cmd)) {
                result = compare_part(e, b, &p);
                s->done += p.len;
                s->phase = NEXT_BLOCK;
                break;
            }
            if (ors(cmd))
                for (uint32_t i = 0; i < p.len; i++)
                    s->mem[p.in_block + i] |= p.data[i];
            else
                memcpy(s->mem + p.in_block, p.data, p.len);
            s->phase = BLOCK_WRITTEN;
            result = th_scsi_write(cmd, p.at_block, block, s->mem, &b->io);
            break;
        case BLOCK_WRITTEN:
            if (verifies(cmd)) {
                s->phase = BLOCK_READ_BACK;
                result = th_scsi_read(cmd, p.at_block, block, s->mem, &b->io);
                break;
            }
            s->done += p.len;
            s->phase = NEXT_BLOCK;
            break;
        case BLOCK_READ_BACK:           /* verifies(cmd) */
            if (!THIMBLE_SCSI_VERIFY)
                break;
            result = compare_part(e, b, &p);
            s->done += p.len;
            s->phase = NEXT_BLOCK;
            break;
        }
    }
    return result;
}

static void step(struct thimble *e, int result)
{
    struct th_scratch *s = &e->scratch;

    while (s->first) {
        struct th_buf *b = s->first;
        struct th_task *t = b->task;

        result = work(e, b, result);
        if (result == THIMBLE_PENDING)
            return;
        if (THIMBLE_SCSI_BAD_BLOCK)
            b->offset += s->done;       /* where it is, if it failed */
        s->first = b->next;
        s->phase = ENTER;
        s->done = 0;
        th_gate_leave(&t->cmd.lu->gate, TH_GATE_EXCLUSIVE);
        th_command_disk_done(t, b, result);
        th_conn_wake(t->conn);
        result = THIMBLE_OK;
    }
}

/* b, a piece of a WRITE or VERIFY, stands in line.  th_command_disk_done() is called when it is done. */
void th_partial_start(struct th_buf *b)
{
    struct thimble *e = b->task->conn->engine;
    struct th_scratch *s = &e->scratch;

    b->next = NULL;
    if (s->first) {
        s->last->next = b;
        s->last = b;
        return;
    }
    s->first = s->last = b;
    s->phase = ENTER;
    s->done = 0;
    step(e, THIMBLE_OK);
}
