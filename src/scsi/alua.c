/* SPDX-License-Identifier: MIT
 *
 * alua.c: asymmetric access (SPC-4 5.15): REPORT and SET TARGET PORT GROUPS, and what each state refuses.
 *
 * Each portal group is one target port in one target port group, and its tag the identifier of both.  A unit has a state
 * for each of them; the initiator may set it, and so may the unit's owner.  Offline is a state of the port, so that what it
 * stands for in the standard, a secondary group of that port, is here the group itself.  Layer 2.  SPC-4 6.37, 6.45.
 */
#include "ops.h"

#if THIMBLE_SCSI_ALUA

#include <string.h>

enum { T_SUP = 0x80, O_SUP = 0x40, PRIMARY_STATES = 0x0f };     /* states that can be */
enum { STATUS_EXPLICIT = 1, STATUS_IMPLICIT = 2 };
enum { EXTENDED = 1, GROUP_BYTES = 12 };

enum th_next th_report_groups_run(struct th_cmd *cmd)
{
    if (cmd->cdb[1] >> 5 > EXTENDED)
        return th_check_cdb(cmd, 1, 7);
    return TH_NEXT_REPLY;
}

/* The one port of a target cannot be set offline: nobody could set it back. */
static bool has_offline(const struct th_lu *lu)
{
    return th_ports(lu->target) > 1;
}

static void put_group(const struct th_lu *lu, unsigned port, uint8_t *p)
{
    const struct th_access *a = &lu->access[port];

    p[0] = a->state;
    p[1] = (uint8_t)(T_SUP | (has_offline(lu) ? O_SUP : 0) | PRIMARY_STATES);
    th_put16(p + 2, th_port_tag(lu->target, port));
    p[5] = a->implicit ? STATUS_IMPLICIT : a->set ? STATUS_EXPLICIT : 0;
    p[7] = 1;                                           /* port: */
    th_put16(p + 10, th_port_tag(lu->target, port));
}

enum th_next th_report_groups_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;
    uint32_t n = 4;

    memset(buf, 0, 8 + THIMBLE_PORT_GROUPS * GROUP_BYTES);
    if (cmd->cdb[1] >> 5 == EXTENDED) {
        buf[4] = EXTENDED << 4;                         /* transitions take no time */
        n += 4;
    }
    for (unsigned port = 0; port < th_ports(lu->target); port++, n += GROUP_BYTES)
        put_group(lu, port, buf + n);
    th_put32(buf, n - 4);
    return th_reply_done(cmd, n, th_get32(cmd->cdb + 6));
}

void th_scsi_access(struct th_lu *lu, unsigned port, enum thimble_access state, const struct th_nexus *by)
{
    struct th_access *a = &lu->access[port];
    bool news = a->state != state;

    a->state = (uint8_t)state & 0x0f;
    a->set = true;
    a->implicit = by == NULL;
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

/* Whether an initiator may set it. */
static bool can_be_set(const struct th_lu *lu, unsigned state)
{
    return state <= THIMBLE_ACCESS_UNAVAILABLE || (state == THIMBLE_ACCESS_OFFLINE && has_offline(lu));
}

/* With ports that are offline as bits: a list that leaves nobody to set one of them back is refused where it does so. */
enum th_next th_set_groups_param(struct th_cmd *cmd)
{
    struct th_lu *lu = cmd->lu;
    unsigned n_ports = th_ports(lu->target), offline = 0;

    for (unsigned port = 0; port < n_ports; port++)
        offline |= (unsigned)(lu->access[port].state == THIMBLE_ACCESS_OFFLINE) << port;
    for (uint32_t at = 4; at < cmd->data_bytes; at += 4) {
        unsigned state = cmd->param[at] & 0x0f;
        int port = th_port_by_tag(lu->target, th_get16(cmd->param + at + 2));
        if (!can_be_set(lu, state))
            return th_check_list(cmd, at);
        if (port < 0)
            return th_check_list(cmd, at + 2);
        offline = (offline & ~(1u << port)) | (unsigned)(state == THIMBLE_ACCESS_OFFLINE) << port;
        if (offline == (1u << n_ports) - 1)
            return th_check_list(cmd, at);
    }

    for (uint32_t at = 4; at < cmd->data_bytes; at += 4)
        th_scsi_access(lu, (unsigned)th_port_by_tag(lu->target, th_get16(cmd->param + at + 2)),
                       (enum thimble_access)(cmd->param[at] & 0x0f), cmd->nexus);
    return th_good(cmd);
}

/* What is served in the states that serve little (5.15.2.4.4 and on), besides INQUIRY, REPORT LUNS and REQUEST SENSE. */
enum { STANDBY = 1, UNAVAILABLE = 2, TRANSITIONING = 4, OFFLINE = 8 };
static const struct { uint8_t opcode, action, in; } served[] = {
    { 0x15, 0, STANDBY }, { 0x55, 0, STANDBY },         /* MODE SELECT */
    { 0x1a, 0, STANDBY }, { 0x5a, 0, STANDBY },         /* MODE SENSE */
    { 0x1c, 0, STANDBY }, { 0x1d, 0, STANDBY },         /* diagnostics */
    { 0x3b, 0, STANDBY | UNAVAILABLE },                 /* WRITE BUFFER, READ BUFFER */
    { 0x3c, 0, STANDBY | UNAVAILABLE },
    { 0x4c, 0, STANDBY }, { 0x4d, 0, STANDBY },         /* logs */
    { 0x5e, 0, STANDBY }, { 0x5f, 0, STANDBY },         /* persistent reservations */
    { 0xa3, 0x0a, STANDBY | UNAVAILABLE | TRANSITIONING | OFFLINE },    /* REPORT TARGET PORT GROUPS */
    { 0xa4, 0x0a, STANDBY | UNAVAILABLE },              /* SET TARGET PORT GROUPS */
    { 0xa3, 0x0c, STANDBY }, { 0xa3, 0x0d, STANDBY },   /* what is supported */
};

static unsigned state_of(uint32_t sense)
{
    return sense == TH_SENSE_PORT_STANDBY ? STANDBY : sense == TH_SENSE_PORT_UNAVAILABLE ? UNAVAILABLE :
           sense == TH_SENSE_PORT_TRANSITIONING ? TRANSITIONING : OFFLINE;
}

bool th_access_refuses(struct th_cmd *cmd, unsigned row_flags)
{
    uint32_t sense = th_access_sense(cmd->lu, cmd->nexus);
    bool actions = row_flags & TH_ROW_SERVICE_ACTION;

    if (sense == TH_SENSE_NONE || row_flags & TH_ROW_UA_OK)
        return false;
    for (unsigned i = 0; i < sizeof served / sizeof served[0]; i++)
        if (served[i].opcode == cmd->cdb[0] && (!actions || served[i].action == (cmd->cdb[1] & 0x1f)) &&
            served[i].in & state_of(sense))
            return false;
    th_scsi_check(cmd, sense);
    return true;
}

#endif
