/* SPDX-License-Identifier: MIT
 *
 * work.c: work on a whole logical unit, piece by piece (work.h).
 *
 * Blocks become zeros by the shortest way that the disk has, or are written over by a pattern that stands in
 * a parameter buffer: the work keeps it until it ends.
 *
 * A unit with a store has a note of it there from before the first piece until after the last (work_note.c), so that a
 * restart does not make anybody forget:
 *
 *     NOTE -> PIECES -> FORGET -> answered         (it cannot be noted: UNNOTE -> refused)
 *               |          |
 *               '----------'--> NOTE_FAILURE -> failed
 *     restart: LOAD -> PIECES ...                  (a format is not gone on with: it has failed)
 *
 * Layer 2.  SBC-3 4.9, 4.11.
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

enum { FORMAT_UNIT = 0x04, SANITIZE = 0x48, MODE_SENSE_6 = 0x1a, MODE_SENSE_10 = 0x5a, LOG_SENSE = 0x4d };
enum { PAGE_BITS = 0x3f, TEMPERATURE_PAGE = 0x0d };

/* Commands allowed during sanitize (SBC-4 4.11.2): rows that say so, and some pages. */
static bool is_allowed(const struct th_cmd *cmd, unsigned row_flags)
{
    static const uint8_t mode_pages[] = { 0x08, 0x0a, 0x18, 0x19, 0x1c };
    unsigned page = cmd->cdb[2] & PAGE_BITS;

    if (cmd->cdb[0] == LOG_SENSE)
        return page == TEMPERATURE_PAGE && cmd->cdb[3] == 0;
    if (cmd->cdb[0] == MODE_SENSE_6 || cmd->cdb[0] == MODE_SENSE_10)
        return memchr(mode_pages, (int)page, sizeof mode_pages) && cmd->cdb[3] == 0;
    return row_flags & TH_ROW_SANITIZE_OK;
}

bool th_work_refuses(struct th_cmd *cmd, unsigned row_flags)
{
    const struct th_work *w = &cmd->lu->work;
    int progress;

    if (w->kind == TH_WORK_NONE || row_flags & TH_ROW_UA_OK)
        return false;
    if (w->kind == TH_WORK_SANITIZE_FAILED && cmd->cdb[0] == SANITIZE)
        return false;
    bool format = w->kind == TH_WORK_FORMAT || w->kind == TH_WORK_FORMAT_FAILED;
    if (!format && is_allowed(cmd, row_flags))
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

static bool has_store(const struct th_lu *lu)
{
    return THIMBLE_STORE && lu->store;
}

static void give_mem(struct th_lu *lu)
{
    struct th_work *w = &lu->work;

    if (w->mem)
        lu->target->give_param(lu->target->owner, w->mem);
    w->mem = NULL;
}

static void flip(uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        p[i] = (uint8_t)~p[i];
}

/* The pattern, n bytes at the beginning of the buffer, becomes blocks of it; 0: zeros.  The last pass is the pattern as it came.
 * Where the disk needs no data, the buffer is given back. */
static void fill_mem(struct th_lu *lu, uint32_t n)
{
    struct th_work *w = &lu->work;
    uint32_t block_bytes = th_block_bytes(lu);

    if (by_unmap(lu) || by_zeroes(lu)) {
        give_mem(lu);
        return;
    }
    if (n == 0)
        memset(w->mem, 0, block_bytes);
    for (uint32_t i = n; n > 0 && i < block_bytes; i++)
        w->mem[i] = w->mem[i - n];
    if (w->invert && w->passes % 2 == 0)
        flip(w->mem, block_bytes);
    for (uint32_t at = block_bytes; at + block_bytes <= lu->param_bytes; at += block_bytes)
        memcpy(w->mem + at, w->mem, block_bytes);
}

enum th_next th_work_begin(struct th_cmd *cmd, const struct th_work_order *order)
{
    struct th_lu *lu = cmd->lu;
    struct th_work *w = &lu->work;

    if (cmd->lost) {                    /* while its parameter list was on its way */
        th_scsi_disk_error(cmd, THIMBLE_ERR_NO_MEDIUM, true);
        return TH_NEXT_STATUS;
    }
    th_changed(lu, 0, lu->block->size_blocks);
    *w = (struct th_work){
        .kind = (uint8_t)order->kind, .passes = order->passes, .invert = order->invert, .ause = order->ause,
        .size_blocks = lu->block->size_blocks, .mem = cmd->param,
        .before = w->kind, .ause_before = w->ause,
    };
    cmd->param = NULL;
#if THIMBLE_STORE
    if (has_store(lu)) {
        memmove(w->mem + TH_WORK_NOTE_BYTES, w->mem, order->pattern_bytes);
        w->pattern_bytes = (uint16_t)order->pattern_bytes;
        w->phase = TH_PHASE_NOTE;
        w->immediate = order->immediate;
        w->waiter = cmd;
        return TH_NEXT_WAIT;
    }
#endif
    fill_mem(lu, order->pattern_bytes);
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
    give_mem(lu);
    lu->work.kind = (uint8_t)kind;
    lu->work.phase = TH_PHASE_PIECES;
}

static enum th_work_kind failed_kind(const struct th_lu *lu)
{
    return lu->work.kind == TH_WORK_FORMAT ? TH_WORK_FORMAT_FAILED : TH_WORK_SANITIZE_FAILED;
}

static void failed(struct th_lu *lu)
{
    enum th_work_kind kind = failed_kind(lu);

    end(lu, kind);
    answer(lu, TH_STATUS_CHECK_CONDITION,
           kind == TH_WORK_FORMAT_FAILED ? TH_SENSE_FORMAT_FAILED : TH_SENSE_SANITIZE_FAILED);
}

static void done(struct th_lu *lu)
{
    const struct th_cmd *waiter = lu->work.waiter;

    end(lu, TH_WORK_NONE);
    answer(lu, waiter && waiter->aborted ? TH_STATUS_TASK_ABORTED : TH_STATUS_GOOD, TH_SENSE_NONE);
}

/* --------------------------------------------------------------------------------------
 * The note in the store
 */
#if THIMBLE_STORE

static void note_done(struct thimble_io *io, int result)
{
    struct th_lu *lu = lu_of(io);
    struct th_work *w = &lu->work;

    w->busy = false;
    switch ((enum th_work_phase)w->phase) {
    case TH_PHASE_NOTE:
        w->phase = result < 0 ? TH_PHASE_UNNOTE : TH_PHASE_PIECES;
        if (result < 0)
            break;
        memmove(w->mem, w->mem + TH_WORK_NOTE_BYTES, w->pattern_bytes);
        fill_mem(lu, w->pattern_bytes);
        if (w->immediate)
            answer(lu, TH_STATUS_GOOD, TH_SENSE_NONE);
        break;
    case TH_PHASE_UNNOTE:               /* nothing was touched; what the store has now, nobody can say if that failed, too */
        w->ause = w->ause_before;
        end(lu, (enum th_work_kind)w->before);
        answer(lu, TH_STATUS_CHECK_CONDITION, TH_SENSE_WRITE_ERROR);
        break;
    case TH_PHASE_FORGET:               /* if not, a restart would do it again: nobody shall write before */
        if (result < 0)
            failed(lu);
        else
            done(lu);
        break;
    case TH_PHASE_NOTE_FAILURE:         /* if not, a restart tries again */
        failed(lu);
        break;
    case TH_PHASE_LOAD:
    case TH_PHASE_PIECES:
        break;
    }
}

static int put_note(struct th_lu *lu)
{
    struct th_work *w = &lu->work;
    struct thimble_store *store = lu->store;
    uint32_t len = 0;

    if (w->phase == TH_PHASE_NOTE)
        len = th_work_note(lu, (enum th_work_kind)w->kind, w->ause, w->pattern_bytes);
    else if (w->phase == TH_PHASE_NOTE_FAILURE)
        len = th_work_note(lu, failed_kind(lu), w->ause, 0);
    else if (w->phase == TH_PHASE_UNNOTE && w->before != TH_WORK_NONE)
        len = th_work_note(lu, (enum th_work_kind)w->before, w->ause_before, 0);

    const void *record = len ? (const void *)w->mem : "";
    w->io.done = note_done;
    return store->save(store, THIMBLE_RECORD_WORK, record, len, &w->io);
}

/* A restart has interrupted it: from the beginning.  False: not now; it waits for its medium, or for a buffer. */
static bool load(struct th_lu *lu)
{
    struct th_work *w = &lu->work;

    if (th_not_ready(lu) != TH_SENSE_NONE || lu->read_only || !lu->block->write)
        return false;
    w->mem = lu->target->take_param(lu->target->owner);
    if (!w->mem)
        return false;
    int pattern_bytes = th_work_read_note(lu, w->mem, lu->param_bytes);
    if (pattern_bytes < 0) {
        failed(lu);
        return false;
    }
    if (!th_working(lu)) {              /* another medium */
        give_mem(lu);
        return false;
    }
    w->phase = TH_PHASE_PIECES;
    w->size_blocks = lu->block->size_blocks;
    fill_mem(lu, (uint32_t)pattern_bytes);
    return true;
}

/* The failure of a sanitize is forgiven when the note of it is gone. */
enum th_next th_work_forgive(struct th_cmd *cmd)
{
    struct th_work *w = &cmd->lu->work;

    if (w->kind != TH_WORK_SANITIZE_FAILED || !has_store(cmd->lu)) {
        w->kind = TH_WORK_NONE;
        return th_good(cmd);
    }
    w->kind = TH_WORK_ERASE;
    w->phase = TH_PHASE_FORGET;
    w->waiter = cmd;
    return TH_NEXT_WAIT;
}

#else

enum th_next th_work_forgive(struct th_cmd *cmd)
{
    cmd->lu->work.kind = TH_WORK_NONE;
    return th_good(cmd);
}

#endif

static void fail(struct th_lu *lu)
{
    struct th_work *w = &lu->work;

    if (has_store(lu) && w->kind != TH_WORK_FORMAT) {   /* of a format, the note says it already */
        if (!w->mem)
            w->mem = lu->target->take_param(lu->target->owner);
        w->phase = TH_PHASE_NOTE_FAILURE;
        if (w->mem)                     /* else a restart tries again */
            return;
    }
    failed(lu);
}

static void succeed(struct th_lu *lu)
{
    if (has_store(lu))
        lu->work.phase = TH_PHASE_FORGET;
    else
        done(lu);
}

/* --------------------------------------------------------------------------------------
 * Piece by piece
 */
static void advance(struct th_lu *lu, int result)
{
    struct th_work *w = &lu->work;

    if (w->lost)
        return;                         /* the next turn does the rest */
    if (result < 0) {
        fail(lu);
    } else if (w->flushing) {
        succeed(lu);
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
            succeed(lu);
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
    if (w->lost)
        return THIMBLE_ERR_NO_MEDIUM;
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
    struct th_work *w = &lu->work;

    if (w->phase == TH_PHASE_FORGET || w->phase == TH_PHASE_UNNOTE)
        return;                         /* it ends right now */
    if (w->kind == TH_WORK_FORMAT && w->phase == TH_PHASE_PIECES && has_store(lu)) {
        w->phase = TH_PHASE_FORGET;
        return;
    }
    if (w->kind == TH_WORK_FORMAT)
        end(lu, w->phase == TH_PHASE_NOTE ? (enum th_work_kind)w->before : TH_WORK_NONE);
    answer(lu, TH_STATUS_TASK_ABORTED, TH_SENSE_NONE);
}

/* Its medium has gone. */
static void lose(struct th_lu *lu)
{
    struct th_work *w = &lu->work;

    if (w->phase == TH_PHASE_FORGET || w->phase == TH_PHASE_UNNOTE || w->phase == TH_PHASE_LOAD)
        return;                         /* what is left has nothing to do with the medium, or looks at it */
    if (w->phase == TH_PHASE_PIECES && has_store(lu) && w->kind != TH_WORK_FORMAT) {
        give_mem(lu);
        w->phase = TH_PHASE_LOAD;
    } else {
        end(lu, TH_WORK_NONE);
    }
    w->lost = false;
    answer(lu, TH_STATUS_CHECK_CONDITION, TH_SENSE_NO_MEDIUM);
}

/* The owner wants an end.  What was begun is not done: until the unit is gone, it is as one that failed. */
static void give_up(struct th_lu *lu)
{
    end(lu, failed_kind(lu));
    answer(lu, TH_STATUS_TASK_ABORTED, TH_SENSE_NONE);
}

static void begin_piece(struct th_lu *lu)
{
    struct th_work *w = &lu->work;

    w->busy = true;
#if THIMBLE_STORE
    if (w->phase != TH_PHASE_PIECES) {
        int result = put_note(lu);
        if (result != THIMBLE_PENDING)
            note_done(&w->io, result);
        return;
    }
#endif
    w->io.done = gate_entered;
    if (th_gate_enter(&lu->gate, TH_GATE_EXCLUSIVE, &w->io) == THIMBLE_OK)
        run_piece(lu);
}

bool th_scsi_lu_turn(struct th_lu *lu)
{
    struct th_work *w = &lu->work;

    if (!th_working(lu) || w->busy)
        return false;
    if (w->waiter && w->waiter->aborted)
        let_go(lu);
    if (w->stop && th_working(lu))
        give_up(lu);
    if (w->lost && th_working(lu))
        lose(lu);
    if (!th_working(lu))
        return false;
#if THIMBLE_STORE
    if (w->phase == TH_PHASE_LOAD && !load(lu))
        return false;
#endif
    begin_piece(lu);
    return !w->busy && th_working(lu);
}

void th_work_lose(struct th_lu *lu)
{
    if (th_working(lu))
        lu->work.lost = true;
    else
        lu->work.kind = TH_WORK_NONE;
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
