/* SPDX-License-Identifier: MIT
 *
 * orwrite.c: ORWRITE(16) (SBC-3 5.9): the data are OR'ed into the medium.
 *
 * The owner of the command does that, piece by piece as they arrive, each with the gate of the unit to itself
 * (enum th_use); so there is no more here than which blocks.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_ORWRITE

enum th_next th_orwrite_run(struct th_cmd *cmd)
{
    cmd->use = TH_USE_OR;
    return th_write_run(cmd);
}

#endif
