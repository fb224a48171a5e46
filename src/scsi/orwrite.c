/* SPDX-License-Identifier: MIT
 *
 * orwrite.c: ORWRITE(16) and (32) (SBC-4 4.27, 5.10, 5.11): the data are OR'ed into the medium; with BMOP 001b, AND'ed.
 *
 * (16): the owner of the command ORs, piece by piece as the data arrive, each piece with the gate of the unit to itself (enum
 * th_use).  (32): the data wait in a parameter buffer until they are whole, and the command has the gate alone from the
 * look at its generation to the change of it: what of others is OR'ed comes before or behind the clearing as a whole.
 *
 * Generations say which of the two a set operation belongs to: those of ORWRITE(16) to generation 0.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_ORWRITE

#include "../core/wire.h"
#include "steps.h"

enum th_next th_orwrite_run(struct th_cmd *cmd)
{
    cmd->use = TH_USE_OR;
    return th_write_run(cmd);
}

#if THIMBLE_SCSI_ORWRITE_LONG

enum { BMOP_SET = 0, BMOP_CLEAR = 1 };
enum { FIRST_POLICY = 7, NO_POLICY = 0 };

/* Table 29: what becomes of a set operation whose generation is the previous one, and of one of any other; what is of the current
 * one is performed.  Policies that the standard reserves are not there. */
static const struct { uint8_t policy, previous, other; } policies[] = {
    { 0, TH_OR_PERFORM, TH_OR_REFUSE  },
    { 2, TH_OR_DISCARD, TH_OR_REFUSE  },
    { 3, TH_OR_PERFORM, TH_OR_PERFORM },
    { 5, TH_OR_DISCARD, TH_OR_DISCARD },
    { 7, TH_OR_REFUSE,  TH_OR_REFUSE  },
};
enum { N_POLICIES = sizeof policies / sizeof policies[0] };

/* Index of a policy in the table + 1; NO_POLICY: it is reserved. */
static unsigned policy_of(unsigned code)
{
    for (unsigned i = 0; i < N_POLICIES; i++)
        if (policies[i].policy == code)
            return i + 1;
    return NO_POLICY;
}

enum th_or_verdict th_scsi_or_verdict(struct th_cmd *cmd)
{
    const struct th_generations *g = &cmd->lu->generations;
    unsigned policy = g->policy != NO_POLICY ? g->policy : policy_of(FIRST_POLICY);
    uint32_t expected = th_is_long(cmd) ? th_get32(cmd->cdb + 20) : 0;
    unsigned verdict = expected == g->current ? TH_OR_PERFORM
                     : expected == g->previous ? policies[policy - 1].previous : policies[policy - 1].other;

    if (verdict == TH_OR_REFUSE)
        th_scsi_check(cmd, TH_SENSE_ORWRITE_GENERATION);
    return (enum th_or_verdict)verdict;
}

void th_scsi_or_forget(struct th_lu *lu)
{
    lu->generations = (struct th_generations){ .policy = NO_POLICY };
}

bool th_orwrite_long_offered(const struct th_lu *lu)
{
    return lu->param_bytes >> lu->block->block_shift >= 2;
}

static bool clears(const struct th_cmd *cmd)
{
    return (cmd->cdb[2] & 7) == BMOP_CLEAR;
}

static uint32_t all_blocks(const struct th_cmd *cmd)
{
    return th_get32(cmd->cdb + 28);
}

/* --------------------------------------------------------------------------------------
 * Steps: look at the generation, read and combine block after block, write them all, change the generation.
 */
static int or_next(struct th_cmd *cmd);

static uint32_t or_piece(const struct th_cmd *cmd)
{
    return th_min32(th_work_space_blocks(cmd), cmd->n_blocks);
}

static int or_combine(struct th_cmd *cmd)
{
    unsigned shift = cmd->lu->block->block_shift;
    uint32_t n_blocks = or_piece(cmd);
    const uint8_t *have = cmd->param + cmd->data_bytes;
    uint8_t *data = cmd->param + ((all_blocks(cmd) - cmd->n_blocks) << shift);

    for (uint32_t i = 0; i < n_blocks << shift; i++)
        data[i] = (uint8_t)(clears(cmd) ? data[i] & have[i] : data[i] | have[i]);
    cmd->n_blocks -= n_blocks;
    return or_next(cmd);
}

static int or_written(struct th_cmd *cmd)
{
    struct th_generations *g = &cmd->lu->generations;

    if (clears(cmd)) {
        g->policy = (uint8_t)policy_of(cmd->cdb[3]);
        g->previous = g->current;
        g->current = th_get32(cmd->cdb + 24);
    }
    return th_step_written(cmd);
}

static int or_next(struct th_cmd *cmd)
{
    uint32_t all = all_blocks(cmd);

    if (cmd->n_blocks > 0)
        return th_step_read(cmd, cmd->lba + (all - cmd->n_blocks), or_piece(cmd),
                            cmd->param + cmd->data_bytes, or_combine);
    return all ? th_step_write(cmd, cmd->lba, all, cmd->param, or_written) : or_written(cmd);
}

static int or_begin(struct th_cmd *cmd)
{
    if (clears(cmd) && th_get32(cmd->cdb + 20) != cmd->lu->generations.current) {
        th_scsi_check(cmd, TH_SENSE_ORWRITE_GENERATION);
        return TH_STEP_END;
    }
    enum th_or_verdict verdict = clears(cmd) ? TH_OR_PERFORM : th_scsi_or_verdict(cmd);
    if (verdict == TH_OR_PERFORM)
        return or_next(cmd);
    return verdict == TH_OR_DISCARD ? th_step_good(cmd) : TH_STEP_END;
}

static int or_enter(struct th_cmd *cmd)
{
    return th_step_gate(cmd, TH_GATE_EXCLUSIVE, or_begin);
}

enum th_next th_orwrite_long_param(struct th_cmd *cmd)
{
    return th_steps_run(cmd, or_enter);
}

enum th_next th_orwrite_long_run(struct th_cmd *cmd)
{
    unsigned operation = cmd->cdb[2] & 7;

    if (th_bad_blocks(cmd))
        return TH_NEXT_STATUS;
    if (operation > BMOP_CLEAR)
        return th_check_cdb(cmd, 2, 2);
    if (operation == BMOP_CLEAR && policy_of(cmd->cdb[3]) == NO_POLICY)
        return th_check_cdb(cmd, 3, 3);
    if (cmd->n_blocks > (cmd->lu->param_bytes >> cmd->lu->block->block_shift) - 1)
        return th_check_cdb(cmd, 28, TH_FIELD_WHOLE_BYTE);
    if (cmd->n_blocks == 0)             /* the generation may change, all the same */
        return th_steps_run(cmd, or_enter);

    cmd->data_bytes = cmd->n_blocks << cmd->lu->block->block_shift;
    cmd->exact = true;
    return TH_NEXT_PARAM;
}

#endif
#endif
