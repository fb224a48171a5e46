/* SPDX-License-Identifier: MIT
 *
 * opcodes.c: REPORT SUPPORTED OPERATION CODES (SPC-4 6.35), answered from the rows of the command table, and
 * REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS (6.36).  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_OPCODES

#include <string.h>

#include "../core/wire.h"

enum {
    REPORT_ALL = 0,
    REPORT_OPCODE = 1,                  /* ... which must have no service actions */
    REPORT_SERVICE_ACTION = 2,          /* ... which must have some */
    REPORT_EITHER = 3,

    RCTD = 0x80,
    SUPPORT_NONE = 1, SUPPORT_AS_STANDARD = 3,
};

enum th_next th_report_opcodes_run(struct th_cmd *cmd)
{
    unsigned options = cmd->cdb[2] & 7;
    const struct th_op *op = th_op_first(cmd->cdb[3], cmd->lu);
    bool has_actions = op && op->flags & TH_ROW_SERVICE_ACTION;

    if (options > REPORT_EITHER)
        return th_check_cdb(cmd, 2, 2);
    if (options == REPORT_OPCODE && has_actions)
        return th_check_cdb(cmd, 2, 2);
    if (options == REPORT_SERVICE_ACTION && op && !has_actions)
        return th_check_cdb(cmd, 2, 2);

    return TH_NEXT_REPLY;
}

/* The command timeouts descriptor: we indicate none. */
static uint32_t put_timeouts(uint8_t *p)
{
    memset(p, 0, TH_TIMEOUTS_BYTES);
    th_put16(p, TH_TIMEOUTS_BYTES - 2);
    return TH_TIMEOUTS_BYTES;
}

static uint32_t put_all_commands(const struct th_lu *lu, bool timeouts, uint8_t *buf)
{
    uint32_t n = 4;

    for (const struct th_op *op = th_ops; op < th_ops + th_n_ops; op++) {
        if (!th_op_offered(op, lu))
            continue;
        uint8_t *p = buf + n;
        memset(p, 0, 8);
        p[0] = op->opcode;
        th_put16(p + 2, op->service_action);
        p[5] = (uint8_t)((timeouts ? 0x02 : 0) |                        /* CTDP */
                         (op->flags & TH_ROW_SERVICE_ACTION ? 0x01 : 0));    /* SERVACTV */
        th_put16(p + 6, op->cdb_len);
        n += 8;
        if (timeouts)
            n += put_timeouts(buf + n);
    }
    th_put32(buf, n - 4);
    return n;
}

static uint32_t put_one_command(const struct th_op *op, bool timeouts, uint8_t *buf)
{
    uint32_t n = 4;

    memset(buf, 0, 4);
    if (!op) {
        buf[1] = SUPPORT_NONE;
        return n;
    }
    buf[1] = (uint8_t)(SUPPORT_AS_STANDARD | (timeouts ? 0x80 : 0));    /* CTDP */
    th_put16(buf + 2, op->cdb_len);
    memcpy(buf + n, op->usage, op->cdb_len);
    n += op->cdb_len;
    if (timeouts)
        n += put_timeouts(buf + n);
    return n;
}

enum th_next th_report_opcodes_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const uint8_t *cdb = cmd->cdb;
    bool timeouts = (cdb[2] & RCTD) != 0;
    uint32_t service_action = th_get16(cdb + 4);
    uint32_t n;

    if ((cdb[2] & 7) == REPORT_ALL) {
        n = put_all_commands(cmd->lu, timeouts, buf);
    } else {
        const struct th_op *op = th_op_find(cdb[3], service_action, cmd->lu);
        if (op && (cdb[2] & 7) == REPORT_EITHER &&
            !(op->flags & TH_ROW_SERVICE_ACTION) && service_action != 0)
            op = NULL;
        n = put_one_command(op, timeouts, buf);
    }
    return th_reply_done(cmd, n, th_get32(cdb + 6));
}

/* --------------------------------------------------------------------------------------
 * REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS: what engine/manage.c does.
 */
enum { REPD = 0x80, TMF_SHORT_BYTES = 4, TMF_LONG_BYTES = 16 };
enum { ATS = 0x80, ATSS = 0x40, CTSS = 0x10, LURS = 0x08, QTS = 0x04 };     /* byte 0 */
enum { QAES = 0x04, QTSS = 0x02, ITNRS = 0x01 };                            /* byte 1 */

enum th_next th_report_tmf_run(struct th_cmd *cmd)
{
    if (th_get32(cmd->cdb + 6) < TMF_SHORT_BYTES)
        return th_check_cdb(cmd, 6, TH_FIELD_WHOLE_BYTE);
    return TH_NEXT_REPLY;
}

enum th_next th_report_tmf_reply(struct th_cmd *cmd, uint8_t *buf)
{
    bool times = cmd->cdb[2] & REPD;

    memset(buf, 0, TMF_LONG_BYTES);                     /* no time-outs are indicated */
    buf[0] = ATS | ATSS | CTSS | LURS | (THIMBLE_RFC7144 ? QTS : 0);
    buf[1] = THIMBLE_RFC7144 ? QAES | QTSS | ITNRS : 0;
    buf[3] = times ? TMF_LONG_BYTES - TMF_SHORT_BYTES : 0;
    return th_reply_done(cmd, times ? TMF_LONG_BYTES : TMF_SHORT_BYTES, th_get32(cmd->cdb + 6));
}

#endif
