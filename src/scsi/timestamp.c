/* SPDX-License-Identifier: MIT
 *
 * timestamp.c: REPORT TIMESTAMP and SET TIMESTAMP (SPC-4 5.2, 6.38, 6.46): milliseconds, from 0 at power on or from
 * what an initiator has set.
 *
 * The owner of the target counts them.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_TIMESTAMP

#include <string.h>

enum { REPORT_BYTES = 12, SET_BYTES = 12, ORIGIN_ZERO = 0, ORIGIN_SET = 2 };

static uint64_t get48(const uint8_t *p)
{
    return (uint64_t)th_get16(p) << 32 | th_get32(p + 2);
}

enum th_next th_report_timestamp_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;
    uint64_t now = lu->target->clock_ms + lu->clock_offset_ms;

    memset(buf, 0, REPORT_BYTES);
    th_put16(buf, REPORT_BYTES - 2);
    buf[2] = lu->clock_set ? ORIGIN_SET : ORIGIN_ZERO;
    th_put16(buf + 4, (uint32_t)(now >> 32) & 0xffff);
    th_put32(buf + 6, (uint32_t)now);
    return th_reply_done(cmd, REPORT_BYTES, th_get32(cmd->cdb + 6));
}

enum th_next th_set_timestamp_run(struct th_cmd *cmd)
{
    uint32_t list_bytes = th_get32(cmd->cdb + 6);

    if (list_bytes == 0)
        return th_good(cmd);
    if (list_bytes < SET_BYTES)
        return th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
    cmd->data_bytes = SET_BYTES;
    return TH_NEXT_PARAM;
}

enum th_next th_set_timestamp_param(struct th_cmd *cmd)
{
    struct th_lu *lu = cmd->lu;

    lu->clock_offset_ms = get48(cmd->param + 4) - lu->target->clock_ms;
    lu->clock_set = true;
    th_scsi_ua(lu, TH_UA_TIMESTAMP_CHANGED, cmd->nexus);
    return th_good(cmd);
}

#endif
