/* SPDX-License-Identifier: MIT
 *
 * spc.c: small commands that every SCSI device has: TEST UNIT READY, REQUEST SENSE, REPORT LUNS.
 *
 * No disk call.  Layer 2.  SPC-4 chapter 6.
 */
#include <string.h>

#include "../core/wire.h"
#include "ops.h"
#include "work.h"

enum th_next th_test_unit_ready_run(struct th_cmd *cmd)
{
    return th_good(cmd);
}

/* --------------------------------------------------------------------------------------
 * REQUEST SENSE (6.39): what is pending becomes data, and is then no longer pending.
 */
enum th_next th_request_sense_reply(struct th_cmd *cmd, uint8_t *buf)
{
    bool descriptor = cmd->cdb[1] & 0x01;               /* DESC */
    uint32_t sense = th_well_known(cmd) ? TH_SENSE_NONE : TH_SENSE_NO_LOGICAL_UNIT;
    int progress = -1;

    if (cmd->lu) {
        sense = th_ua_take(cmd->lu, cmd->nexus);
#if THIMBLE_WORK
        if (sense == TH_SENSE_NONE)
            sense = th_work_sense(cmd->lu, &progress);
#endif
        if (sense == TH_SENSE_NONE)
            sense = th_not_ready(cmd->lu);
        if (sense == TH_SENSE_NONE)
            sense = th_exception(cmd->lu);
    }
    return th_reply_done(cmd, th_sense_build(sense, progress, descriptor, buf), cmd->cdb[4]);
}

/* --------------------------------------------------------------------------------------
 * REPORT LUNS (6.33): SELECT REPORT, and what it asks for.  No unit here is an administrative one or belongs to one, so
 * that the lists of those are empty.
 */
enum { LIST_UNITS = 1, LIST_WELL_KNOWN = 2, LIST_NONE = 4 };

static unsigned lists_of(const struct th_cmd *cmd)
{
    if (!THIMBLE_SCSI_WELL_KNOWN)                       /* the first three, for the smallest */
        return cmd->cdb[2] == 0x01 ? LIST_NONE : cmd->cdb[2] <= 0x02 ? LIST_UNITS : 0;
    switch (cmd->cdb[2]) {
    case 0x00: return LIST_UNITS;
    case 0x01: return LIST_WELL_KNOWN;
    case 0x02: return LIST_UNITS | LIST_WELL_KNOWN;
    case 0x10: return LIST_NONE;                        /* administrative ones */
    case 0x11: return LIST_UNITS;                       /* ... and those that are no part of one */
    case 0x12: return LIST_NONE;                        /* the parts of the one that is addressed */
    default:   return 0;
    }
}

enum th_next th_report_luns_run(struct th_cmd *cmd)
{
    if (!lists_of(cmd))
        return th_check_cdb(cmd, 2, TH_FIELD_WHOLE_BYTE);

    return TH_NEXT_REPLY;
}

_Static_assert(8 + 8 * (THIMBLE_LUNS_MAX + 1) <= TH_REPLY_MAX, "all LUNs in one reply");

enum th_next th_report_luns_reply(struct th_cmd *cmd, uint8_t *buf)
{
    unsigned lists = lists_of(cmd);
    uint32_t n = 8;

    memset(buf, 0, 8);
    if (lists & LIST_UNITS)
        for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++)
            if (th_scsi_lu_of(cmd->nexus, (int)lun)) {
                th_lun_encode(buf + n, (uint16_t)lun);
                n += 8;
            }
    if (THIMBLE_SCSI_WELL_KNOWN && lists & LIST_WELL_KNOWN) {
        th_lun_encode_report_luns(buf + n);
        n += 8;
    }
    th_put32(buf, n - 8);
    th_ua_clear_everywhere(cmd->nexus, TH_UA_LUNS_CHANGED);
    return th_reply_done(cmd, n, th_get32(cmd->cdb + 6));
}
