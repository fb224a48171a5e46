/* SPDX-License-Identifier: MIT
 *
 * verify.c: VERIFY and WRITE AND VERIFY (SBC-3 5.29 to 5.32, 5.37 to 5.40).
 *
 * BYTCHK 01b compares piece by piece as the data arrive, like a WRITE, as does the reading back of WRITE AND
 * VERIFY: the owner of the command does that (enum th_use).  00b reads through a parameter
 * buffer; 11b has one block in it that all blocks are compared with.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_VERIFY

#include "../core/wire.h"
#include "steps.h"

enum bytchk { BYTCHK_MEDIUM = 0, BYTCHK_DATA = 1, BYTCHK_ONE_BLOCK = 3 };

static unsigned bytchk(const struct th_cmd *cmd)
{
    return th_flags(cmd) >> 1 & 3;
}

/* With BYTCHK 00b the medium would have to be readable only; comparing shows that, too. */
enum th_next th_write_and_verify_run(struct th_cmd *cmd)
{
    if (bytchk(cmd) > BYTCHK_DATA)
        return th_check_cdb(cmd, th_flags_byte(cmd), 2);
    if (th_bad_blocks(cmd))
        return TH_NEXT_STATUS;

    cmd->use = TH_USE_WRITE_AND_COMPARE;
    cmd->fua = true;
    return th_transfer(cmd, TH_NEXT_WRITE);
}

enum th_next th_verify_run(struct th_cmd *cmd)
{
    uint32_t block_bytes = th_block_bytes(cmd->lu);
    unsigned mode = bytchk(cmd);

    if (mode == 2 || (mode == BYTCHK_ONE_BLOCK && cmd->lu->param_bytes < 2 * block_bytes))
        return th_check_cdb(cmd, th_flags_byte(cmd), 2);
    if (th_bad_blocks(cmd))
        return TH_NEXT_STATUS;

    cmd->use = TH_USE_COMPARE;
    enum th_next next = th_transfer(cmd, mode == BYTCHK_DATA ? TH_NEXT_WRITE : TH_NEXT_PARAM);
    if (next == TH_NEXT_PARAM)
        cmd->data_bytes = mode == BYTCHK_ONE_BLOCK ? block_bytes : 0;
    return next;
}

/* Where blocks are read to, and how many at a time. */
static uint8_t *verify_space(const struct th_cmd *cmd, uint32_t *n_blocks)
{
    *n_blocks = th_min32(th_work_space_blocks(cmd), cmd->n_blocks);
    return cmd->param + cmd->data_bytes;
}

static int verify_next(struct th_cmd *cmd);

static int verify_have(struct th_cmd *cmd)
{
    uint32_t n_blocks, block_bytes = th_block_bytes(cmd->lu);
    const uint8_t *have = verify_space(cmd, &n_blocks);

    if (cmd->data_bytes)
        for (uint32_t i = 0; i < n_blocks * block_bytes; i++)
            if (have[i] != cmd->param[i & (block_bytes - 1)]) {
                th_scsi_miscompare(cmd, i & (block_bytes - 1));
                return TH_STEP_END;
            }
    cmd->lba += n_blocks;
    cmd->n_blocks -= n_blocks;
    return verify_next(cmd);
}

static int verify_next(struct th_cmd *cmd)
{
    uint32_t n_blocks;
    uint8_t *space = verify_space(cmd, &n_blocks);

    return n_blocks ? th_step_read(cmd, cmd->lba, n_blocks, space, verify_have)
                    : th_step_good(cmd);
}

enum th_next th_verify_param(struct th_cmd *cmd)
{
    return th_steps_run(cmd, verify_next);
}

#endif
