/* SPDX-License-Identifier: MIT
 *
 * steps.c: runs chains of disk calls (steps.h) to their end, without recursion.
 *
 * Layer 2.  Failures are turned into sense data here, and the gate is left here, so that a
 * chain cannot forget either.
 */
#include "steps.h"

#include "../core/wire.h"
#include "ops.h"
#include "work.h"

/* The chain goes on with the answer to its last disk call. */
static enum th_next steps_go(struct th_cmd *cmd, int result)
{
    while (result != THIMBLE_PENDING && result != TH_STEP_END) {
        if (cmd->aborted) {
            cmd->status = TH_STATUS_TASK_ABORTED;
            result = TH_STEP_END;
        } else if (result < 0 || cmd->lost) {
            th_scsi_disk_error(cmd, result, cmd->writing);
            if (THIMBLE_SCSI_BAD_BLOCK && result == THIMBLE_ERR_BLOCK && cmd->at_lba)
                th_scsi_bad_block(cmd, 0, &cmd->io);
            result = TH_STEP_END;
        } else {
            result = cmd->step(cmd);
        }
    }
    if (result == THIMBLE_PENDING)
        return TH_NEXT_WAIT;

    if (th_is_copy(cmd))
        th_copy_ended(cmd);
    if (cmd->gate) {
        enum th_gate_kind kind = (enum th_gate_kind)(cmd->gate - 1);
        cmd->gate = 0;
        th_gate_leave(&cmd->lu->gate, kind);
    }
    return TH_NEXT_STATUS;
}

static void step_done(struct thimble_io *io, int result)
{
    struct th_cmd *cmd = (struct th_cmd *)(void *)((char *)io - offsetof(struct th_cmd, io));

    if (steps_go(cmd, result) == TH_NEXT_STATUS)
        cmd->nexus->resume(cmd);
}

/* The gate lets the command in later than it asked. */
static void gate_done(struct thimble_io *io, int result)
{
    struct th_cmd *cmd = (struct th_cmd *)(void *)((char *)io - offsetof(struct th_cmd, io));

    cmd->gate = (io->op + 1u) & 3;
    step_done(io, result);
}

enum th_next th_steps_run(struct th_cmd *cmd, th_step *first)
{
    cmd->step = first;
    return steps_go(cmd, THIMBLE_OK);
}

int th_step_gate(struct th_cmd *cmd, enum th_gate_kind kind, th_step *next)
{
    cmd->step = next;
    cmd->io.done = gate_done;
    int result = th_gate_enter(&cmd->lu->gate, kind, &cmd->io);
    if (result == THIMBLE_OK)
        cmd->gate = (kind + 1u) & 3;
    return result;
}

/* The disk of a call that `next` follows, or NULL: the blocks are not there (any more: the
 * size of a disk may change while a command runs). */
static struct thimble_block *prepare(struct th_cmd *cmd, const struct th_lu *lu, uint64_t lba,
                                     uint32_t n_blocks, bool writing, th_step *next)
{
    struct thimble_block *b = lu->block;

    cmd->step = next;
    cmd->writing = writing;
    if (THIMBLE_SCSI_BAD_BLOCK)
        cmd->at_lba = lu == cmd->lu && lba == cmd->lba && n_blocks > 0;
    cmd->io.done = step_done;
    if (!th_range_ok(lba, n_blocks, b->size_blocks) || th_working(lu))
        return NULL;
    if (writing)
        th_changed(lu, lba, n_blocks);
#if THIMBLE_SCSI_LOG
    if (lu == cmd->lu)
        th_log_data(cmd, writing, n_blocks);
#endif
    return b;
}

int th_lu_read(struct th_cmd *cmd, struct th_lu *lu, uint64_t lba, uint32_t n_blocks, void *buf,
               th_step *next)
{
    struct thimble_block *b = prepare(cmd, lu, lba, n_blocks, false, next);
    return b ? b->read(b, lba, n_blocks, buf, &cmd->io) : THIMBLE_ERR_IO;
}

int th_lu_write(struct th_cmd *cmd, struct th_lu *lu, uint64_t lba, uint32_t n_blocks,
                const void *buf, th_step *next)
{
    struct thimble_block *b = prepare(cmd, lu, lba, n_blocks, true, next);
    return b ? b->write(b, lba, n_blocks, buf, &cmd->io) : THIMBLE_ERR_IO;
}

int th_lu_unmap(struct th_cmd *cmd, struct th_lu *lu, uint64_t lba, uint32_t n_blocks,
                th_step *next)
{
    struct thimble_block *b = prepare(cmd, lu, lba, n_blocks, true, next);
    return b ? b->unmap(b, lba, n_blocks, &cmd->io) : THIMBLE_ERR_IO;
}

int th_lu_write_zeroes(struct th_cmd *cmd, struct th_lu *lu, uint64_t lba, uint32_t n_blocks,
                       th_step *next)
{
    struct thimble_block *b = prepare(cmd, lu, lba, n_blocks, true, next);
    return b ? b->write_zeroes(b, lba, n_blocks, &cmd->io) : THIMBLE_ERR_IO;
}

int th_lu_flush(struct th_cmd *cmd, struct th_lu *lu, th_step *next)
{
    struct thimble_block *b = prepare(cmd, lu, 0, 0, true, next);

    if (THIMBLE_SCSI_READ_FUA && lu->flush_failed) {
        lu->flush_failed = false;
        return THIMBLE_ERR_IO;
    }
    return b ? b->flush(b, &cmd->io) : THIMBLE_ERR_IO;
}

#if THIMBLE_SCSI_THIRD_PARTY
int th_lu_copy(struct th_cmd *cmd, struct th_lu *to, uint64_t lba, struct th_lu *from,
               uint64_t from_lba, uint32_t n_blocks, th_step *next)
{
    struct thimble_block *b = prepare(cmd, to, lba, n_blocks, true, next);

    if (!b || !th_range_ok(from_lba, n_blocks, from->block->size_blocks))
        return THIMBLE_ERR_IO;
    return b->copy(b, lba, n_blocks, from->block, from_lba, &cmd->io);
}

int th_step_turn(struct th_cmd *cmd, th_step *next)
{
    cmd->step = next;
    cmd->nexus->later(cmd);
    return THIMBLE_PENDING;
}

void th_steps_resume(struct th_cmd *cmd, int result)
{
    if (steps_go(cmd, result) == TH_NEXT_STATUS)
        cmd->nexus->resume(cmd);
}

void th_scsi_go_on(struct th_cmd *cmd)
{
    th_steps_resume(cmd, THIMBLE_OK);
}
#endif

int th_step_save(struct th_cmd *cmd, enum thimble_record which, const uint8_t *record, uint32_t len,
                 th_step *next)
{
    struct thimble_store *store = cmd->lu->store;

    prepare(cmd, cmd->lu, 0, 0, true, next);
    return store->save(store, which, record, len, &cmd->io);
}

int th_step_good(struct th_cmd *cmd)
{
    th_good(cmd);
    return TH_STEP_END;
}

int th_step_durable(struct th_cmd *cmd)
{
    return th_write_cache(cmd->lu) ? th_step_flush(cmd, th_step_good) : th_step_good(cmd);
}

int th_step_written(struct th_cmd *cmd)
{
    return cmd->fua ? th_step_durable(cmd) : th_step_good(cmd);
}
