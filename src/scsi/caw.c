/* SPDX-License-Identifier: MIT
 *
 * caw.c: COMPARE AND WRITE (SBC-3 5.2): under the gate alone, so that it is atomic among all writers.
 *
 *     param   | n blocks to compare with | n blocks to write | work space, >= 1 block |
 *
 * n is in the CDB; n_blocks is what is still to be compared.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_COMPARE_AND_WRITE

#include "../core/wire.h"
#include "steps.h"

enum th_next th_compare_and_write_run(struct th_cmd *cmd)
{
    cmd->lba = th_get64(cmd->cdb + 2);
    cmd->n_blocks = cmd->cdb[13];

    if (!th_range_ok(cmd->lba, cmd->n_blocks, cmd->lu->block->size_blocks))
        return th_scsi_check(cmd, TH_SENSE_LBA_OUT_OF_RANGE);
    if (cmd->n_blocks > th_max_compare_and_write_blocks(cmd->lu))
        return th_check_cdb(cmd, 13, TH_FIELD_WHOLE_BYTE);
    cmd->exact = true;                  /* nobody can mean half of it */
    if (cmd->n_blocks == 0)
        return th_good(cmd);

    cmd->data_bytes = 2 * cmd->n_blocks << cmd->lu->block->block_shift;
    return TH_NEXT_PARAM;
}

static int caw_next(struct th_cmd *cmd);

/* How many blocks go into the work space at a time. */
static uint32_t caw_piece(const struct th_cmd *cmd)
{
    return th_min32(th_work_space_blocks(cmd), cmd->n_blocks);
}

static int caw_compare(struct th_cmd *cmd)
{
    unsigned shift = cmd->lu->block->block_shift;
    uint32_t n_blocks = caw_piece(cmd);
    uint32_t done = (cmd->cdb[13] - cmd->n_blocks) << shift;
    const uint8_t *have = cmd->param + cmd->data_bytes;
    const uint8_t *want = cmd->param + done;

    for (uint32_t i = 0; i < n_blocks << shift; i++)
        if (have[i] != want[i]) {
            th_scsi_miscompare(cmd, done + i);
            return TH_STEP_END;
        }
    cmd->n_blocks -= n_blocks;
    return caw_next(cmd);
}

static int caw_next(struct th_cmd *cmd)
{
    uint32_t n = cmd->cdb[13];

    if (cmd->n_blocks == 0)
        return th_step_write(cmd, cmd->lba, n, cmd->param + cmd->data_bytes / 2, th_step_written);
    return th_step_read(cmd, cmd->lba + (n - cmd->n_blocks), caw_piece(cmd),
                        cmd->param + cmd->data_bytes, caw_compare);
}

static int caw_enter(struct th_cmd *cmd)
{
    return th_step_gate(cmd, TH_GATE_EXCLUSIVE, caw_next);
}

enum th_next th_compare_and_write_param(struct th_cmd *cmd)
{
    return th_steps_run(cmd, caw_enter);
}

#endif
