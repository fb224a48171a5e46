/* SPDX-License-Identifier: MIT
 *
 * format.c: FORMAT UNIT (SBC-3 5.3): every block is given back, or becomes zeros.
 *
 * There are no defects to certify or to map out, so a defect list must be empty; the block's length cannot
 * be changed.  The work itself is work.c's.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_FORMAT

#include "work.h"

enum { FMTDATA = 0x10, LONGLIST = 0x20 };
enum { FOV = 0x80, FORMAT_OPTIONS = 0x7d, IP = 0x08, IMMED = 0x02 };

enum th_next th_format_run(struct th_cmd *cmd)
{
    bool long_list = cmd->cdb[1] & LONGLIST;

    if (!(cmd->cdb[1] & FMTDATA) && long_list)
        return th_check_cdb(cmd, 1, 5);

    cmd->data_bytes = !(cmd->cdb[1] & FMTDATA) ? 0 : long_list ? 8 : 4;
    return TH_NEXT_PARAM;
}

enum th_next th_format_param(struct th_cmd *cmd)
{
    const uint8_t *list = cmd->param;
    bool long_list = cmd->data_bytes == 8;
    struct th_work_order order = { .kind = TH_WORK_FORMAT, .passes = 1 };

    if (cmd->data_bytes) {
        if (list[0] & 0x07)                             /* protection information */
            return th_check_list(cmd, 0);
        if (list[1] & IP || (!(list[1] & FOV) && list[1] & FORMAT_OPTIONS & ~IMMED))
            return th_check_list(cmd, 1);
        if (long_list && list[3] != 0)
            return th_check_list(cmd, 3);
        if (long_list ? th_get32(list + 4) != 0 : th_get16(list + 2) != 0)
            return th_check_list(cmd, long_list ? 4 : 2);
        order.immediate = list[1] & IMMED;
    }
    return th_work_begin(cmd, &order);
}

#endif
