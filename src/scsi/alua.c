/* SPDX-License-Identifier: MIT
 *
 * alua.c: asymmetric access (SPC-4 5.15): REPORT and SET TARGET PORT GROUPS, and what each state refuses.
 *
 * A target is one port in one group, whose identifier is the portal group tag.  Its state is the unit's own; the
 * initiator may set it, and so may the unit's owner.  Layer 2.  SPC-4 6.37, 6.45.
 */
#include "ops.h"

#if THIMBLE_SCSI_ALUA

#include <string.h>

enum { T_STATES = 0x0f };        /* states that can be: the first four */
enum { STATUS_EXPLICIT = 1, STATUS_IMPLICIT = 2 };
enum { EXTENDED = 1, GROUP_BYTES = 12 };

enum th_next th_report_groups_run(struct th_cmd *cmd)
{
    if (cmd->cdb[1] >> 5 > EXTENDED)
        return th_check_cdb(cmd, 1, 7);
    return TH_NEXT_REPLY;
}

enum th_next th_report_groups_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;
    uint32_t n = 4;

    memset(buf, 0, 8 + GROUP_BYTES);
    if (cmd->cdb[1] >> 5 == EXTENDED) {
        buf[4] = EXTENDED << 4;                         /* transitions take no time */
        n += 4;
    }
    buf[n] = lu->access_state;
    buf[n + 1] = T_STATES;
    th_put16(buf + n + 2, lu->target->portal_group_tag);
    buf[n + 5] = lu->access_implicit ? STATUS_IMPLICIT : lu->access_set ? STATUS_EXPLICIT : 0;
    buf[n + 7] = 1;                                     /* port: */
    th_put16(buf + n + 10, lu->target->relative_port);
    n += GROUP_BYTES;
    th_put32(buf, n - 4);
    return th_reply_done(cmd, n, th_get32(cmd->cdb + 6));
}

void th_scsi_access(struct th_lu *lu, enum thimble_access state, const struct th_nexus *by)
{
    bool news = lu->access_state != state;

    lu->access_state = (uint8_t)state & 0x0f;
    lu->access_set = true;
    lu->access_implicit = by == NULL;
    if (news)
        th_scsi_ua(lu, TH_UA_ACCESS_CHANGED, by);
}

enum th_next th_set_groups_run(struct th_cmd *cmd)
{
    uint32_t list_bytes = th_get32(cmd->cdb + 6);

    if (list_bytes == 0)
        return th_good(cmd);
    if (list_bytes < 4 || list_bytes % 4 != 0)
        return th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
    if (list_bytes > cmd->lu->param_bytes)
        return th_check_cdb(cmd, 6, TH_FIELD_WHOLE_BYTE);

    cmd->data_bytes = list_bytes;
    return TH_NEXT_PARAM;
}

enum th_next th_set_groups_param(struct th_cmd *cmd)
{
    struct th_lu *lu = cmd->lu;

    for (uint32_t at = 4; at < cmd->data_bytes; at += 4) {
        if ((cmd->param[at] & 0x0f) > THIMBLE_ACCESS_UNAVAILABLE)
            return th_check_list(cmd, at);
        if (th_get16(cmd->param + at + 2) != lu->target->portal_group_tag)
            return th_check_list(cmd, at + 2);
    }

    for (uint32_t at = 4; at < cmd->data_bytes; at += 4)
        th_scsi_access(lu, (enum thimble_access)(cmd->param[at] & 0x0f), cmd->nexus);
    return th_good(cmd);
}

/* What is served in the states that serve little (5.15.2.4.4, 5.15.2.4.5), besides INQUIRY, REPORT LUNS and REQUEST
 * SENSE. */
static const struct { uint8_t opcode, action; bool unavailable; } served[] = {
    { 0x15, 0, false }, { 0x55, 0, false },             /* MODE SELECT */
    { 0x1a, 0, false }, { 0x5a, 0, false },             /* MODE SENSE */
    { 0x1c, 0, false }, { 0x1d, 0, false },             /* diagnostics */
    { 0x3b, 0, true },  { 0x3c, 0, true },              /* buffers */
    { 0x4c, 0, false }, { 0x4d, 0, false },             /* logs */
    { 0x5e, 0, false }, { 0x5f, 0, false },             /* persistent reservations */
    { 0xa3, 0x0a, true }, { 0xa4, 0x0a, true },         /* these two */
    { 0xa3, 0x0c, false }, { 0xa3, 0x0d, false },       /* what is supported */
};

bool th_access_refuses(struct th_cmd *cmd, unsigned row_flags)
{
    uint32_t sense = th_access_sense(cmd->lu);
    bool actions = row_flags & TH_ROW_SERVICE_ACTION;

    if (sense == TH_SENSE_NONE || row_flags & TH_ROW_UA_OK)
        return false;
    for (unsigned i = 0; i < sizeof served / sizeof served[0]; i++)
        if (served[i].opcode == cmd->cdb[0] && (!actions || served[i].action == (cmd->cdb[1] & 0x1f)) &&
            (served[i].unavailable || sense == TH_SENSE_PORT_STANDBY))
            return false;
    th_scsi_check(cmd, sense);
    return true;
}

#endif
