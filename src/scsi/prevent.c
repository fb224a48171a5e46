/* SPDX-License-Identifier: MIT
 *
 * prevent.c: PREVENT ALLOW MEDIUM REMOVAL (SBC-3 5.10): while a session prevents it, no command takes the medium out.
 *
 * A session's wish ends with it, with its reset and with a reset of the unit.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_PREVENT

enum th_next th_prevent_run(struct th_cmd *cmd)
{
    th_lun_set_put(&cmd->nexus->prevents, cmd->lu->lun, cmd->cdb[4] & 0x01);
    return th_good(cmd);
}

bool th_removal_prevented(const struct th_lu *lu)
{
    for (const struct th_nexus *n = lu->target->nexuses; n; n = n->next)
        if (th_lun_set_has(&n->prevents, lu->lun))
            return true;
    return false;
}

#endif
