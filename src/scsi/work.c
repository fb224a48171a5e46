/* SPDX-License-Identifier: MIT
 *
 * work.c: work on a whole logical unit, piece by piece (work.h).
 *
 * Blocks become zeros by the shortest way that the disk has, or are written over by a pattern that stands in
 * a parameter buffer: the work keeps it until it ends.  Layer 2.  SBC-3 4.9, 4.11.
 */
#include "work.h"

#if THIMBLE_WORK

#include <string.h>

#include "../core/wire.h"
#include "ops.h"

static struct th_lu *lu_of(struct thimble_io *io)
{
    return (struct th_lu *)(void *)((char *)io - offsetof(struct th_lu, work.io));
}

/* --------------------------------------------------------------------------------------
 * What is told of it
 */
static uint32_t progress_of(const struct th_work *w)
{
    uint64_t done = ((uint64_t)w->pass << 16) + (w->lba << 16) / w->size_blocks;

    return th_min32((uint32_t)(done / w->passes), UINT16_MAX);
}

uint32_t th_work_sense(const struct th_lu *lu, int *progress)
{
    const struct th_work *w = &lu->work;

    *progress = -1;
    switch ((enum th_work_kind)w->kind) {
    case TH_WORK_NONE:
        break;
    case TH_WORK_FORMAT_FAILED:
        return TH_SENSE_FORMAT_CORRUPTED;
    case TH_WORK_SANITIZE_FAILED:
        return TH_SENSE_SANITIZE_FAILED;
    case TH_WORK_FORMAT:
        *progress = (int)progress_of(w);
        return TH_SENSE_FORMAT_IN_PROGRESS;
    case TH_WORK_ERASE:
    case TH_WORK_OVERWRITE:
        *progress = (int)progress_of(w);
        return TH_SENSE_SANITIZE_IN_PROGRESS;
    }
    return TH_SENSE_NONE;
}

enum { FORMAT_UNIT = 0x04, SANITIZE = 0x48 };

bool th_work_refuses(struct th_cmd *cmd, unsigned row_flags)
{
    const struct th_work *w = &cmd->lu->work;
    int progress;

    if (w->kind == TH_WORK_NONE || row_flags & TH_ROW_UA_OK)
        return false;
    if (w->kind == TH_WORK_SANITIZE_FAILED && cmd->cdb[0] == SANITIZE)
        return false;
    if (w->kind == TH_WORK_FORMAT_FAILED &&
        (!(row_flags & TH_ROW_MEDIUM) || cmd->cdb[0] == FORMAT_UNIT || cmd->cdb[0] == SANITIZE))
        return false;

    th_scsi_check(cmd, th_work_sense(cmd->lu, &progress));
    th_check_progress(cmd, progress);
    return true;
}

/* --------------------------------------------------------------------------------------
 * Beginning and end
 */
static bool by_unmap(const struct th_lu *lu)
{
    return lu->work.kind != TH_WORK_OVERWRITE && th_thin(lu);
}

static bool by_zeroes(const struct th_lu *lu)
{
    return lu->work.kind != TH_WORK_OVERWRITE && !th_thin(lu) && lu->block->write_zeroes;
}

enum th_next th_work_begin(struct th_cmd *cmd, const struct th_work_order *order)
{
    struct th_lu *lu = cmd->lu;
    struct th_work *w = &lu->work;
    uint32_t block_bytes = th_block_bytes(lu);

    th_changed(lu, 0, lu->block->size_blocks);
    memset(w, 0, sizeof *w);
    w->kind = (uint8_t)order->kind;
    w->passes = order->passes;
    w->invert = order->invert;
    w->ause = order->ause;
    w->size_blocks = lu->block->size_blocks;
    th_changed(lu, 0, w->size_blocks);
    if (!by_unmap(lu) && !by_zeroes(lu)) {
        if (order->pattern_bytes == 0)
            memset(cmd->param, 0, lu->param_bytes);
        for (uint32_t i = order->pattern_bytes; order->pattern_bytes && i < block_bytes; i++)
            cmd->param[i] = cmd->param[i - order->pattern_bytes];
        for (uint32_t at = block_bytes; at + block_bytes <= lu->param_bytes; at += block_bytes)
            memcpy(cmd->param + at, cmd->param, block_bytes);
        w->mem = cmd->param;
        cmd->param = NULL;
    }
    if (order->immediate)
        return th_good(cmd);
    w->waiter = cmd;
    return TH_NEXT_WAIT;
}

/* The command that waits, if there is one, ends. */
static void answer(struct th_lu *lu, uint8_t status, uint32_t sense)
{
    struct th_cmd *waiter = lu->work.waiter;

    lu->work.waiter = NULL;
    if (!waiter)
        return;
    waiter->status = status;
    if (sense != TH_SENSE_NONE)
        th_scsi_check(waiter, sense);
    waiter->nexus->resume(waiter);
}

static void end(struct th_lu *lu, enum th_work_kind kind)
{
    struct th_work *w = &lu->work;

    if (w->mem)
        lu->target->give_param(lu->target->owner, w->mem);
    w->mem = NULL;
    w->kind = (uint8_t)kind;
}

static void fail(struct th_lu *lu)
{
    bool format = lu->work.kind == TH_WORK_FORMAT;

    end(lu, format ? TH_WORK_FORMAT_FAILED : TH_WORK_SANITIZE_FAILED);
    answer(lu, TH_STATUS_CHECK_CONDITION, format ? TH_SENSE_FORMAT_FAILED : TH_SENSE_SANITIZE_FAILED);
}

/* --------------------------------------------------------------------------------------
 * Piece by piece
 */
static void flip(uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        p[i] = (uint8_t)~p[i];
}

static void advance(struct th_lu *lu, int result)
{
    struct th_work *w = &lu->work;

    if (result < 0) {
        fail(lu);
    } else if (w->flushing) {
        end(lu, TH_WORK_NONE);
        answer(lu, TH_STATUS_GOOD, TH_SENSE_NONE);
    } else {
        w->lba += w->n_blocks;
        if (w->lba < w->size_blocks)
            return;
        if (w->pass + 1u < w->passes) {
            w->pass++;
            w->lba = 0;
            if (w->invert)
                flip(w->mem, lu->param_bytes);
        } else if (th_write_cache(lu)) {
            w->flushing = true;
        } else {
            end(lu, TH_WORK_NONE);
            answer(lu, TH_STATUS_GOOD, TH_SENSE_NONE);
        }
    }
}

static void piece_done(struct thimble_io *io, int result)
{
    struct th_lu *lu = lu_of(io);

    th_gate_leave(&lu->gate, TH_GATE_EXCLUSIVE);
    lu->work.busy = false;
    advance(lu, result);
}

static int submit(struct th_lu *lu)
{
    struct th_work *w = &lu->work;
    struct thimble_block *b = lu->block;
    uint32_t most = w->mem ? lu->param_bytes >> b->block_shift : THIMBLE_ZERO_CHUNK_BLOCKS;
    uint64_t left = w->size_blocks - w->lba;

    w->io.done = piece_done;
    if (w->flushing)
        return b->flush(b, &w->io);
    w->n_blocks = left < most ? (uint32_t)left : most;
    if (!th_range_ok(w->lba, w->n_blocks, b->size_blocks))
        return THIMBLE_ERR_IO;          /* the disk has shrunk */
    if (w->mem)
        return b->write(b, w->lba, w->n_blocks, w->mem, &w->io);
    return by_unmap(lu) ? b->unmap(b, w->lba, w->n_blocks, &w->io)
                        : b->write_zeroes(b, w->lba, w->n_blocks, &w->io);
}

static void run_piece(struct th_lu *lu)
{
    int result = submit(lu);

    if (result != THIMBLE_PENDING)
        piece_done(&lu->work.io, result);
}

static void gate_entered(struct thimble_io *io, int result)
{
    (void)result;
    run_piece(lu_of(io));
}

/* A command that was aborted does not wait any more.  A format ends with it; nothing but its own
 * end ends a SANITIZE (SBC-3 4.11.1). */
static void let_go(struct th_lu *lu)
{
    if (lu->work.kind == TH_WORK_FORMAT)
        end(lu, TH_WORK_NONE);
    answer(lu, TH_STATUS_TASK_ABORTED, TH_SENSE_NONE);
}

bool th_scsi_lu_turn(struct th_lu *lu)
{
    struct th_work *w = &lu->work;

    if (!th_working(lu) || w->busy)
        return false;
    if (w->waiter && w->waiter->aborted)
        let_go(lu);
    if (w->stop) {
        end(lu, TH_WORK_NONE);
        answer(lu, TH_STATUS_TASK_ABORTED, TH_SENSE_NONE);
    }
    if (!th_working(lu))
        return false;

    w->busy = true;
    w->io.done = gate_entered;
    if (th_gate_enter(&lu->gate, TH_GATE_EXCLUSIVE, &w->io) == THIMBLE_OK)
        run_piece(lu);
    return !w->busy && th_working(lu);
}

void th_scsi_lu_stop(struct th_lu *lu)
{
    lu->work.stop = true;
}

bool th_scsi_lu_busy(const struct th_lu *lu)
{
    return th_working(lu);
}

#endif
