/* SPDX-License-Identifier: MIT
 *
 * reserve.c: who is kept out by a reservation; RESERVE and RELEASE (SPC-2 7.20 to 7.23, with the exceptions of SPC-4 5.12.3).
 *
 * Each row of the command table says which reservations of others its command passes (enum th_passes); whether there
 * is one is found here.  No disk.  Layer 2.
 */
#include "ops.h"
#include "registry.h"

/* What the CDB says decides for some commands. */
static bool passes_all(const struct th_cmd *cmd, unsigned passes)
{
    if (passes & TH_PASSES_STARTING)
        return (cmd->cdb[4] & 0xf1) == 0x01;
    return passes & TH_PASSES_ALLOWING && (cmd->cdb[4] & 0x03) == 0;
}

bool th_reserved_against(const struct th_cmd *cmd, unsigned passes)
{
    const struct th_lu *lu = cmd->lu;
    unsigned needed = 0;

    if (lu->reserved_by && lu->reserved_by != cmd->nexus)
        needed = TH_PASSES_RESERVE;
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    else if (lu->persistent.type && !th_reservation_admits(lu, cmd->nexus))
        needed = th_type_admits_readers(lu->persistent.type) ? TH_PASSES_WRITE_EXCLUSIVE
                                                             : TH_PASSES_EXCLUSIVE_ACCESS;
#endif
    return needed && !(passes & needed) && !passes_all(cmd, passes);
}

enum th_next th_conflict(struct th_cmd *cmd)
{
    cmd->status = TH_STATUS_RESERVATION_CONFLICT;
    return TH_NEXT_STATUS;
}

void th_release_all(const struct th_nexus *nexus)
{
    struct th_lu *const *lus = nexus->target->lus;

    for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++)
        if (lus[lun] && lus[lun]->reserved_by == nexus)
            lus[lun]->reserved_by = NULL;
}

#if THIMBLE_SCSI_RESERVE

/* CRH = 1 (SPC-4 5.12.3): GOOD without an effect to those whom a persistent reservation lets in; a conflict for all others as
 * soon as there is a registration. */
enum beside { BESIDE_NOTHING, BESIDE_GOOD, BESIDE_CONFLICT };

static enum beside beside_persistent(const struct th_cmd *cmd)
{
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    const struct th_lu *lu = cmd->lu;
    if (lu->persistent.type && th_reservation_admits(lu, cmd->nexus))
        return BESIDE_GOOD;
    if (lu->persistent.first)
        return BESIDE_CONFLICT;
#endif
    (void)cmd;
    return BESIDE_NOTHING;
}

enum th_next th_reserve_run(struct th_cmd *cmd)
{
    enum beside beside = beside_persistent(cmd);

    if (beside == BESIDE_CONFLICT)
        return th_conflict(cmd);
    if (beside == BESIDE_NOTHING)
        cmd->lu->reserved_by = cmd->nexus;      /* that of another was found before */
    return th_good(cmd);
}

enum th_next th_release_run(struct th_cmd *cmd)
{
    if (beside_persistent(cmd) == BESIDE_CONFLICT)
        return th_conflict(cmd);
    if (cmd->lu->reserved_by == cmd->nexus)     /* else: GOOD, without effect (SPC-2 7.23) */
        cmd->lu->reserved_by = NULL;
    return th_good(cmd);
}

#endif
