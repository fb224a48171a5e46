/* SPDX-License-Identifier: MIT
 *
 * same.c: WRITE SAME: one block of data, or zeros, to a range of blocks (SBC-3 5.43 to 5.45).
 *
 * The parameter buffer is filled with copies of the block and written again and again; zeros may go the
 * disk's shorter ways.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_WRITE_SAME

#include <string.h>

#include "../core/wire.h"
#include "steps.h"

enum { UNMAP = 0x08, NDOB = 0x01 };

enum th_next th_write_same_run(struct th_cmd *cmd)
{
    unsigned flags = th_flags(cmd);

    if (flags & UNMAP && !th_thin(cmd->lu))
        return th_check_cdb(cmd, th_flags_byte(cmd), 3);
    if (th_bad_blocks(cmd))
        return TH_NEXT_STATUS;
    /* WSNZ: no blocks would mean "to the end of the disk", which nobody shall mean by mistake. */
    if (cmd->n_blocks == 0 || cmd->n_blocks > TH_MAX_WRITE_SAME_BLOCKS)
        return th_check_cdb(cmd, th_length_byte(cmd), TH_FIELD_WHOLE_BYTE);

    cmd->data_bytes = flags & NDOB ? 0 : th_block_bytes(cmd->lu);
    cmd->exact = !(flags & NDOB);       /* more than a block: two ideas of its size */
    return TH_NEXT_PARAM;
}

/* The next piece: its length; its address goes to *lba. */
static uint32_t take_blocks(struct th_cmd *cmd, uint32_t max, uint64_t *lba)
{
    uint32_t n_blocks = th_min32(cmd->n_blocks, max);

    *lba = cmd->lba;
    cmd->lba += n_blocks;
    cmd->n_blocks -= n_blocks;
    return n_blocks;
}

static int same_unmap(struct th_cmd *cmd)
{
    uint64_t lba;
    uint32_t n_blocks = take_blocks(cmd, THIMBLE_ZERO_CHUNK_BLOCKS, &lba);

    return n_blocks ? th_step_unmap(cmd, lba, n_blocks, same_unmap) : th_step_written(cmd);
}

static int same_zeroes(struct th_cmd *cmd)
{
    uint64_t lba;
    uint32_t n_blocks = take_blocks(cmd, THIMBLE_ZERO_CHUNK_BLOCKS, &lba);

    return n_blocks ? th_step_write_zeroes(cmd, lba, n_blocks, same_zeroes)
                    : th_step_written(cmd);
}

static int same_write(struct th_cmd *cmd)
{
    uint64_t lba;
    uint32_t n_blocks = take_blocks(cmd, cmd->lu->param_bytes >> cmd->lu->block->block_shift,
                                    &lba);

    return n_blocks ? th_step_write(cmd, lba, n_blocks, cmd->param, same_write)
                    : th_step_written(cmd);
}

static bool all_zero(const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

/* Blocks may be given back instead of written only if they then read as what was to be
 * written: as zeros. */
static int same_enter(struct th_cmd *cmd)
{
    th_step *way = same_write;

    if (all_zero(cmd->param, th_block_bytes(cmd->lu))) {
        if (th_flags(cmd) & UNMAP)
            way = same_unmap;
        else if (cmd->lu->block->write_zeroes)
            way = same_zeroes;
    }
    return th_step_gate(cmd, TH_GATE_SHARED, way);
}

enum th_next th_write_same_param(struct th_cmd *cmd)
{
    uint32_t n = th_block_bytes(cmd->lu);

    if (cmd->data_bytes == 0)
        memset(cmd->param, 0, n);
    for (uint32_t at = n; at + n <= cmd->lu->param_bytes; at += n)
        memcpy(cmd->param + at, cmd->param, n);
    return th_steps_run(cmd, same_enter);
}

#endif
