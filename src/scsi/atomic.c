/* SPDX-License-Identifier: MIT
 *
 * atomic.c: WRITE ATOMIC(16) and (32) (SBC-4 4.29, 5.59, 5.60): all of it or nothing, for readers, other writers, and after a loss of power.
 *
 * What the disk promises about a loss of power (atomic_blocks in thimble.h) is what is offered: one such unit, aligned.
 * Its data wait in a parameter buffer until they are whole and go to the disk in one call, under the gate alone.  READs pass
 * the gate as well, and are cut at multiples of the unit.  Layer 2.
 */
#include "ops.h"

#include "../core/wire.h"
#include "steps.h"

uint32_t th_scsi_atomic_blocks(const struct th_lu *lu)
{
    const struct thimble_block *b = lu->block;
    uint32_t n_blocks = THIMBLE_SCSI_WRITE_ATOMIC ? b->atomic_blocks : 0;

    if (b->map)                         /* memory that readers are lent changes under their hands */
        return 0;
    return n_blocks << b->block_shift <= th_min32(lu->param_bytes, TH_ATOMIC_BYTES) ? n_blocks : 0;
}

uint32_t th_scsi_read_max(const struct th_cmd *cmd, uint32_t offset, uint32_t max)
{
    unsigned shift = cmd->lu->block->block_shift;
    uint32_t unit = th_scsi_atomic_blocks(cmd->lu);

    if (unit == 0)
        return max;
    return max - ((uint32_t)((cmd->lba + (offset >> shift)) & (unit - 1)) << shift);
}

#if THIMBLE_SCSI_WRITE_ATOMIC

enum th_next th_write_atomic_run(struct th_cmd *cmd)
{
    uint32_t unit = th_scsi_atomic_blocks(cmd->lu);

    if (th_bad_blocks(cmd))             /* (16): ATOMIC BOUNDARY, before the length, is 0 */
        return TH_NEXT_STATUS;
    if (cmd->n_blocks == 0)
        return th_good(cmd);
    if (cmd->lba & (unit - 1))
        return th_check_cdb(cmd, th_is_long(cmd) ? 12 : 2, TH_FIELD_WHOLE_BYTE);
    if (cmd->n_blocks != unit)
        return th_check_cdb(cmd, th_is_long(cmd) ? 28 : 12, TH_FIELD_WHOLE_BYTE);

    cmd->data_bytes = unit << cmd->lu->block->block_shift;
    cmd->exact = true;
    return TH_NEXT_PARAM;
}

static int atomic_write(struct th_cmd *cmd)
{
    return th_step_write(cmd, cmd->lba, cmd->n_blocks, cmd->param, th_step_written);
}

static int atomic_enter(struct th_cmd *cmd)
{
    return th_step_gate(cmd, TH_GATE_EXCLUSIVE, atomic_write);
}

enum th_next th_write_atomic_param(struct th_cmd *cmd)
{
    return th_steps_run(cmd, atomic_enter);
}

#endif
