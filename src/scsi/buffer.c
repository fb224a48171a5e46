/* SPDX-License-Identifier: MIT
 *
 * buffer.c: READ BUFFER and WRITE BUFFER (SPC-4 6.18, 6.49): a few bytes of the unit, to try the way to it.
 *
 * The data buffer and the echo buffer are the same THIMBLE_SCSI_BUFFER bytes; the first use the offset.
 * Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_BUFFER

#include <string.h>

enum { MODE = 0x1f, DATA = 0x02, DESCRIPTOR = 0x03, ECHO = 0x0a, ECHO_DESCRIPTOR = 0x0b };


/* True if cmd was refused: there is no such buffer, or the offset is beyond it. */
static bool bad_place(struct th_cmd *cmd, unsigned mode)
{
    if (cmd->cdb[2] != 0) {
        th_check_cdb(cmd, 2, TH_FIELD_WHOLE_BYTE);
        return true;
    }
    if (th_get24(cmd->cdb + 3) > (mode == DATA ? (uint32_t)THIMBLE_SCSI_BUFFER : 0)) {
        th_check_cdb(cmd, 3, TH_FIELD_WHOLE_BYTE);
        return true;
    }
    return false;
}

enum th_next th_write_buffer_run(struct th_cmd *cmd)
{
    unsigned mode = cmd->cdb[1] & MODE;
    uint32_t n = th_get24(cmd->cdb + 6);

    if (mode != DATA && mode != ECHO)
        return th_check_cdb(cmd, 1, 4);
    if (bad_place(cmd, mode))
        return TH_NEXT_STATUS;
    if (n > THIMBLE_SCSI_BUFFER - th_get24(cmd->cdb + 3) || n > cmd->lu->param_bytes)
        return th_check_cdb(cmd, 6, TH_FIELD_WHOLE_BYTE);
    if (n == 0)
        return th_good(cmd);

    cmd->data_bytes = n;
    return TH_NEXT_PARAM;
}

enum th_next th_write_buffer_param(struct th_cmd *cmd)
{
    struct th_lu *lu = cmd->lu;

    memcpy(lu->buffer + th_get24(cmd->cdb + 3), cmd->param, cmd->data_bytes);
    if ((cmd->cdb[1] & MODE) == ECHO)
        lu->echo_bytes = (uint16_t)cmd->data_bytes;
    return th_good(cmd);
}

enum th_next th_read_buffer_run(struct th_cmd *cmd)
{
    unsigned mode = cmd->cdb[1] & MODE;

    if (mode != DATA && mode != DESCRIPTOR && mode != ECHO && mode != ECHO_DESCRIPTOR)
        return th_check_cdb(cmd, 1, 4);
    if (bad_place(cmd, mode))
        return TH_NEXT_STATUS;
    if (mode == ECHO && cmd->lu->echo_bytes == 0)       /* nothing was written before it */
        return th_scsi_check(cmd, TH_SENSE_SEQUENCE);
    return TH_NEXT_REPLY;
}

enum th_next th_read_buffer_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;
    uint32_t offset = th_get24(cmd->cdb + 3), n;

    memset(buf, 0, 4);
    switch (cmd->cdb[1] & MODE) {
    case DESCRIPTOR:                                    /* offsets of any byte: 2 to the 0 */
        th_put24(buf + 1, THIMBLE_SCSI_BUFFER);
        n = 4;
        break;
    case ECHO_DESCRIPTOR:
        buf[0] = 0x01;                                  /* EBOS: another may have written it meanwhile */
        th_put16(buf + 2, THIMBLE_SCSI_BUFFER);
        n = 4;
        break;
    case ECHO:
        n = lu->echo_bytes;
        memcpy(buf, lu->buffer, n);
        break;
    default:
        n = THIMBLE_SCSI_BUFFER - offset;
        memcpy(buf, lu->buffer + offset, n);
        break;
    }
    return th_reply_done(cmd, n, th_get24(cmd->cdb + 6));
}

#endif
