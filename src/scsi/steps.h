/* SPDX-License-Identifier: MIT
 *
 * steps.h: a command that needs several disk calls, as a chain of steps.
 *
 * Layer 2.  Private to src/scsi/.  A step is a function that looks at cmd, starts one disk call
 * with the functions below, naming the step that follows it, and returns what they return; or
 * returns TH_STEP_END when status and sense are final.  A step is only called when the call
 * before it went well: a failed one, and an aborted command, end the chain.  Whether the disk
 * answers at once or later makes no difference to a step, nor to the depth of the stack.
 *
 *     static int unmap_next(struct th_cmd *cmd)
 *     {
 *         if (cmd->n_blocks == 0)
 *             return th_step_good(cmd);
 *         ...
 *         return th_step_unmap(cmd, lba, n_blocks, unmap_next);
 *     }
 */
#ifndef TH_SCSI_STEPS_H
#define TH_SCSI_STEPS_H

#include "scsi.h"

#define TH_STEP_END 2                   /* beside THIMBLE_PENDING, THIMBLE_OK and errors */

typedef int th_step(struct th_cmd *cmd);

/* Runs the chain from `first` on: TH_NEXT_STATUS, or TH_NEXT_WAIT and, when it has ended,
 * nexus->resume(cmd). */
enum th_next th_steps_run(struct th_cmd *cmd, th_step *first);

/* The command holds the gate of its logical unit from `next` on, until it ends. */
int th_step_gate(struct th_cmd *cmd, enum th_gate_kind kind, th_step *next);

/* Calls of the disk of any unit ... */
int th_lu_read(struct th_cmd *cmd, struct th_lu *lu, uint64_t lba, uint32_t n_blocks, void *buf,
               th_step *next);
int th_lu_write(struct th_cmd *cmd, struct th_lu *lu, uint64_t lba, uint32_t n_blocks,
                const void *buf, th_step *next);
int th_lu_unmap(struct th_cmd *cmd, struct th_lu *lu, uint64_t lba, uint32_t n_blocks,
                th_step *next);
int th_lu_write_zeroes(struct th_cmd *cmd, struct th_lu *lu, uint64_t lba, uint32_t n_blocks,
                       th_step *next);
int th_lu_flush(struct th_cmd *cmd, struct th_lu *lu, th_step *next);

/* ... and of the command's own. */
static inline int th_step_read(struct th_cmd *cmd, uint64_t lba, uint32_t n_blocks, void *buf,
                               th_step *next)
{
    return th_lu_read(cmd, cmd->lu, lba, n_blocks, buf, next);
}

static inline int th_step_write(struct th_cmd *cmd, uint64_t lba, uint32_t n_blocks,
                                const void *buf, th_step *next)
{
    return th_lu_write(cmd, cmd->lu, lba, n_blocks, buf, next);
}

static inline int th_step_unmap(struct th_cmd *cmd, uint64_t lba, uint32_t n_blocks, th_step *next)
{
    return th_lu_unmap(cmd, cmd->lu, lba, n_blocks, next);
}

static inline int th_step_write_zeroes(struct th_cmd *cmd, uint64_t lba, uint32_t n_blocks,
                                       th_step *next)
{
    return th_lu_write_zeroes(cmd, cmd->lu, lba, n_blocks, next);
}

static inline int th_step_flush(struct th_cmd *cmd, th_step *next)
{
    return th_lu_flush(cmd, cmd->lu, next);
}

/* `next` follows at once, without a call in between. */
static inline int th_step_go(struct th_cmd *cmd, th_step *next)
{
    cmd->step = next;
    return THIMBLE_OK;
}

#if THIMBLE_SCSI_THIRD_PARTY
/* The disk of `to` copies from that of `from`; THIMBLE_ERR_ARGUMENT at once: it does not. */
int th_lu_copy(struct th_cmd *cmd, struct th_lu *to, uint64_t lba, struct th_lu *from,
               uint64_t from_lba, uint32_t n_blocks, th_step *next);

/* `next` follows when other commands have had a turn. */
int th_step_turn(struct th_cmd *cmd, th_step *next);

/* What a chain waited for is there. */
void th_steps_resume(struct th_cmd *cmd, int result);
#endif

/* The unit's record, sealed by th_record_seal() (core/record.h), goes to lu->store, which is not NULL.  It stays where
 * it is until `next`; behind the data in the parameter buffer is a good place. */
int th_step_save(struct th_cmd *cmd, enum thimble_record which, const uint8_t *record, uint32_t len,
                 th_step *next);

/* Last steps: the command ends well; and that, when what it wrote is durable; and that if it is
 * asked to be (cmd->fua): the end of every command that writes. */
int th_step_good(struct th_cmd *cmd);
int th_step_durable(struct th_cmd *cmd);
int th_step_written(struct th_cmd *cmd);

/* Whole blocks that fit behind the data in the parameter buffer. */
static inline uint32_t th_work_space_blocks(const struct th_cmd *cmd)
{
    return (cmd->lu->param_bytes - cmd->data_bytes) >> cmd->lu->block->block_shift;
}

#endif
