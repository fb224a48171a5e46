/* SPDX-License-Identifier: MIT
 *
 * diagnostic.c: SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS (SPC-4 6.42, 6.27).
 *
 * The default self-test reads the first block and the last.  Of diagnostic pages there is only the one that lists
 * them.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_DIAGNOSTIC

#include <string.h>

#include "steps.h"

enum { SELFTEST = 0x04, PCV = 0x01 };

enum th_next th_send_diagnostic_run(struct th_cmd *cmd)
{
    uint32_t list_bytes = th_get16(cmd->cdb + 3);
    bool test = cmd->cdb[1] & SELFTEST;

    if (list_bytes > cmd->lu->param_bytes || (test && list_bytes != 0))
        return th_check_cdb(cmd, 3, TH_FIELD_WHOLE_BYTE);
    if (!test && list_bytes == 0)
        return th_good(cmd);
    if (list_bytes > 0 && list_bytes < 4)
        return th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
    if (test) {
        uint32_t sense = th_not_ready(cmd->lu);
        if (sense != TH_SENSE_NONE)
            return th_scsi_check(cmd, sense);
    }

    cmd->data_bytes = list_bytes;
    return TH_NEXT_PARAM;
}

static int read_last(struct th_cmd *cmd)
{
    return th_step_read(cmd, cmd->lu->block->size_blocks - 1, 1, cmd->param, th_step_good);
}

static int read_first(struct th_cmd *cmd)
{
    return th_step_read(cmd, 0, 1, cmd->param, read_last);
}

enum th_next th_send_diagnostic_param(struct th_cmd *cmd)
{
    if (cmd->data_bytes == 0)
        return th_steps_run(cmd, read_first);
    if (cmd->param[0] != 0)                             /* PAGE CODE */
        return th_check_list(cmd, 0);
    if (th_get16(cmd->param + 2) != 0)
        return th_check_list(cmd, 2);
    return th_good(cmd);
}

enum th_next th_receive_diagnostic_run(struct th_cmd *cmd)
{
    if (cmd->cdb[1] & PCV && cmd->cdb[2] != 0)
        return th_check_cdb(cmd, 2, TH_FIELD_WHOLE_BYTE);
    return TH_NEXT_REPLY;
}

enum th_next th_receive_diagnostic_reply(struct th_cmd *cmd, uint8_t *buf)
{
    memset(buf, 0, 5);
    buf[3] = 1;                                         /* one page: this one */
    return th_reply_done(cmd, 5, th_get16(cmd->cdb + 3));
}

#endif
