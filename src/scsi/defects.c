/* SPDX-License-Identifier: MIT
 *
 * defects.c: READ DEFECT DATA (SBC-3 5.17, 5.18): the lists are empty, whatever format they are asked for in.
 *
 * What lies below maps out its bad blocks by itself, or has none.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_DEFECTS

#include <string.h>

enum { LISTS = 0x18, DEFECT_LIST_FORMAT = 0x07 };       /* PLIST and GLIST: wanted, valid */

enum th_next th_read_defects_reply(struct th_cmd *cmd, uint8_t *buf)
{
    bool twelve = cmd->cdb[0] == 0xb7;
    uint8_t how = cmd->cdb[twelve ? 1 : 2];

    memset(buf, 0, 8);
    buf[1] = how & (LISTS | DEFECT_LIST_FORMAT);
    return twelve ? th_reply_done(cmd, 8, th_get32(cmd->cdb + 6))
                  : th_reply_done(cmd, 4, th_get16(cmd->cdb + 7));
}

#endif
