/* SPDX-License-Identifier: MIT
 *
 * received.c: RECEIVE COPY RESULTS and its kin (opcode 84h, SPC-4 6.20 to 6.28), VPD page 8Fh (7.8.17): what became of
 * copy commands, and what they can do.
 *
 * Records (copies.h) to parameter data; no disk call.  Layer 2.
 */
#include "copy.h"

#if THIMBLE_SCSI_THIRD_PARTY

#include <string.h>

#include "../core/wire.h"
#include "token.h"

enum action {
    STATUS_LID1 = 0x00, DATA_LID1 = 0x01, OPERATING_PARAMETERS = 0x03, FAILURE_DETAILS = 0x04,
    STATUS_LID4 = 0x05, DATA_LID4 = 0x06, ROD_TOKEN_INFORMATION = 0x07, ALL_ROD_TOKENS = 0x08,
};

static enum action action_of(const struct th_cmd *cmd)
{
    return (enum action)(cmd->cdb[1] & 0x1f);
}

static struct th_copy_record *record_of(const struct th_cmd *cmd)
{
    switch (action_of(cmd)) {
    case STATUS_LID1:
    case DATA_LID1:
    case FAILURE_DETAILS:
        return th_copy_find(cmd, cmd->cdb[2], true);
    default:
        return th_copy_find(cmd, th_get32(cmd->cdb + 2), false);
    }
}

enum th_next th_receive_copy_run(struct th_cmd *cmd)
{
    enum action action = action_of(cmd);

    if (action == OPERATING_PARAMETERS || action == ALL_ROD_TOKENS)
        return TH_NEXT_REPLY;
    const struct th_copy_record *r = record_of(cmd);
    bool at_end = action == FAILURE_DETAILS || action == DATA_LID1 || action == DATA_LID4;
    if (!r || (at_end && r->cmd))
        return th_check_cdb(cmd, 2, TH_FIELD_WHOLE_BYTE);
    return TH_NEXT_REPLY;
}

static bool failed(const struct th_copy_record *r)
{
    return !r->cmd && r->sense != TH_SENSE_NONE;
}

/* 6.24: bytes 4 and on are the record of a command with a list identifier of one byte. */
static uint32_t put_status_lid1(const struct th_copy_record *r, uint8_t *p)
{
    bool many = r->moved_bytes > UINT32_MAX;

    p[4] = r->cmd ? 0x00 : failed(r) ? 0x02 : 0x01;     /* in progress, with errors, without */
    th_put16(p + 5, r->segments);
    p[7] = many ? 2 : 0;                                /* TRANSFER COUNT UNITS: MiB, bytes */
    th_put32(p + 8, (uint32_t)(many ? r->moved_bytes >> 20 : r->moved_bytes));
    return 12;
}

/* 6.20 */
static uint32_t put_failure_details(const struct th_copy_record *r, uint8_t *p)
{
    if (!failed(r))
        return 4;
    p[56] = TH_STATUS_CHECK_CONDITION;
    uint32_t n = th_sense_build(r->sense, -1, false, p + 60);
    th_put16(p + 58, n);
    return 60 + n;
}

/* 6.25, and the beginning of 6.26 */
static uint32_t put_status_lid4(const struct th_copy_record *r, uint8_t *p)
{
    bool in_blocks = r->action != 0x01;                 /* a command of SBC-3 */
    uint32_t n = 0;

    p[4] = r->action;                                   /* RESPONSE TO SERVICE ACTION */
    p[5] = r->cmd ? 0x11 : failed(r) ? 0x02 : 0x01;     /* in foreground, with errors, without */
    th_put16(p + 6, r->segments);                       /* OPERATION COUNTER */
    th_put32(p + 8, r->cmd ? 1000 : 0xfffffffe);        /* ask again in so many ms; it will not change */
    p[15] = in_blocks ? 0xf1 : 0;                       /* TRANSFER COUNT UNITS: blocks, bytes */
    th_put64(p + 16, in_blocks ? r->moved_bytes >> r->block_shift : r->moved_bytes);
    th_put16(p + 24, r->segments);
    if (failed(r)) {
        p[12] = TH_STATUS_CHECK_CONDITION;
        n = th_sense_build(r->sense, -1, true, p + 32);
        p[13] = p[14] = (uint8_t)n;
    }
    return 32 + n;
}

/* Of segments: blocks to blocks, verify, bytes to bytes; of CSCDs: identification.  See xcopy.c. */
static const uint8_t descriptor_types[] = { 0x02, 0x07, 0x0a, 0xe4 };

/* 6.21 */
static uint32_t put_operating_parameters(uint8_t *p)
{
    p[4] = 0x01;                                        /* SNLID */
    th_put16(p + 8, TH_COPY_CSCDS);
    th_put16(p + 10, TH_COPY_SEGMENTS);
    th_put32(p + 12, TH_COPY_DESCRIPTORS_MAX);
    th_put16(p + 34, TH_COPY_RECORDS);                  /* TOTAL CONCURRENT COPIES */
    p[36] = TH_COPY_RECORDS;
    p[43] = sizeof descriptor_types;
    memcpy(p + 44, descriptor_types, sizeof descriptor_types);
    return 44 + sizeof descriptor_types;
}

enum th_next th_receive_copy_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_copy_record *r = record_of(cmd);
    uint32_t n = 4;

    memset(buf, 0, TH_REPLY_MAX);
    switch (action_of(cmd)) {
    case STATUS_LID1:
        n = put_status_lid1(r, buf);
        break;
    case DATA_LID1:                                     /* no data were held back */
    case DATA_LID4:
        break;
    case OPERATING_PARAMETERS:
        n = put_operating_parameters(buf);
        break;
    case FAILURE_DETAILS:
        n = put_failure_details(r, buf);
        break;
    case STATUS_LID4:
        n = put_status_lid4(r, buf);
        break;
    case ROD_TOKEN_INFORMATION:
        n = put_status_lid4(r, buf);
        n += th_token_put_result(cmd, r, buf + n);
        break;
    case ALL_ROD_TOKENS:
        n = 8 + th_tokens_put(cmd, buf + 8);
        break;
    }
    th_put32(buf, n - 4);                               /* AVAILABLE DATA */
    return th_reply_done(cmd, n, th_get32(cmd->cdb + 10));
}

/* --------------------------------------------------------------------------------------
 * Third-party copy (VPD page 8Fh)
 */

/* The header of a descriptor; returns where its n bytes go. */
static uint8_t *put_descriptor(uint8_t **p, uint32_t type, uint32_t n)
{
    uint8_t *at = *p;

    th_put16(at, type);
    th_put16(at + 2, n);
    *p = at + 4 + n;
    return at + 4;
}

/* The service actions of an opcode that this unit offers; returns how many. */
static uint32_t put_actions(const struct th_lu *lu, uint8_t opcode, uint8_t *p)
{
    uint32_t n = 0;

    for (const struct th_op *op = th_ops; op < th_ops + th_n_ops; op++)
        if (op->opcode == opcode && th_op_offered(op, lu))
            p[2 + n++] = (uint8_t)op->service_action;
    p[0] = opcode;
    p[1] = (uint8_t)n;
    return 2 + n;
}

uint32_t th_vpd_third_party(const struct th_cmd *cmd, uint8_t *p)
{
    const struct th_lu *lu = cmd->lu;
    uint8_t *end = p, *at;

    if (th_tokens_offered(lu))
        th_token_put_limits(lu, put_descriptor(&end, 0x0000, 0x20));

    uint8_t commands[64];                               /* supported commands (7.8.17.4) */
    uint32_t n = put_actions(lu, 0x83, commands);
    n += put_actions(lu, 0x84, commands + n);
    at = put_descriptor(&end, 0x0001, th_pad4(1 + n));
    at[0] = (uint8_t)n;
    memcpy(at + 1, commands, n);

    if (THIMBLE_SCSI_EXTENDED_COPY) {
        at = put_descriptor(&end, 0x0004, 0x1c);        /* parameter data */
        th_put16(at + 4, TH_COPY_CSCDS);
        th_put16(at + 6, TH_COPY_SEGMENTS);
        th_put32(at + 8, TH_COPY_DESCRIPTORS_MAX);
        at = put_descriptor(&end, 0x0008, th_pad4(1 + sizeof descriptor_types));     /* supported descriptors */
        at[0] = sizeof descriptor_types;
        memcpy(at + 1, descriptor_types, sizeof descriptor_types);
        at = put_descriptor(&end, 0x000c, 4);           /* supported CSCD descriptor IDs */
        th_put16(at, 2);
        th_put16(at + 2, 0xffff);
    }
    if (th_tokens_offered(lu)) {
        at = put_descriptor(&end, 0x0106, 0x2c + 0x30); /* features, and types, of tokens */
        th_token_put_features(at, put_descriptor(&end, 0x0108, 4 + 2 * 64));
    }
    at = put_descriptor(&end, 0x8001, 0x20);            /* general copy operations */
    th_put32(at, TH_COPY_RECORDS);
    th_put32(at + 4, TH_COPY_RECORDS);
    return (uint32_t)(end - p);
}

#endif
