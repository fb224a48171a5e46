/* SPDX-License-Identifier: MIT
 *
 * sanitize.c: SANITIZE (SBC-3 5.24): overwrite, block erase, exit failure mode.
 *
 * Block erase gives every block back to the disk where it can, and writes zeros where it cannot: how far that
 * goes below is the disk's matter.  Nothing is encrypted, so there is no cryptographic erase.  The work itself is
 * work.c's.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_SANITIZE

#include <string.h>

#include "work.h"

enum { IMMED = 0x80, AUSE = 0x20 };
enum { INVERT = 0x80, TEST = 0x60, OVERWRITE_COUNT = 0x1f, LIST_HEADER_BYTES = 4 };

/* True if cmd was refused: what failed without AUSE cannot be repeated with it (SBC-4 5.30.1). */
static bool bad_ause(struct th_cmd *cmd)
{
    const struct th_work *w = &cmd->lu->work;

    if (w->kind != TH_WORK_SANITIZE_FAILED || w->ause || !(cmd->cdb[1] & AUSE))
        return false;
    th_check_cdb(cmd, 1, 5);
    return true;
}

/* Pattern bytes that there is room for, in a note of them, too. */
static uint32_t max_pattern(const struct th_lu *lu)
{
    uint32_t before = LIST_HEADER_BYTES;

#if THIMBLE_STORE
    if (lu->store)
        before = TH_WORK_NOTE_BYTES;
#endif
    return th_min32(th_block_bytes(lu), lu->param_bytes - before);
}

static struct th_work_order order_of(const struct th_cmd *cmd, enum th_work_kind kind)
{
    return (struct th_work_order){
        .kind = kind, .passes = 1,
        .ause = cmd->cdb[1] & AUSE, .immediate = cmd->cdb[1] & IMMED,
    };
}

enum th_next th_overwrite_run(struct th_cmd *cmd)
{
    uint32_t list_bytes = th_get16(cmd->cdb + 7);

    if (bad_ause(cmd))
        return TH_NEXT_STATUS;
    if (list_bytes <= LIST_HEADER_BYTES || list_bytes > LIST_HEADER_BYTES + max_pattern(cmd->lu))
        return th_check_cdb(cmd, 7, TH_FIELD_WHOLE_BYTE);

    cmd->data_bytes = list_bytes;
    return TH_NEXT_PARAM;
}

enum th_next th_overwrite_param(struct th_cmd *cmd)
{
    const uint8_t *list = cmd->param;
    struct th_work_order order = order_of(cmd, TH_WORK_OVERWRITE);
    uint32_t pattern_bytes = th_get16(list + 2);

    order.passes = list[0] & OVERWRITE_COUNT;
    order.invert = list[0] & INVERT;
    order.pattern_bytes = pattern_bytes;
    if (list[0] & TEST)
        return th_check_list(cmd, 0);
    /* The clause names INVALID FIELD IN CDB for these two. */
    if (order.passes == 0 || pattern_bytes == 0 ||
        pattern_bytes != cmd->data_bytes - LIST_HEADER_BYTES)
        return th_scsi_check(cmd, TH_SENSE_INVALID_CDB_FIELD);

    memmove(cmd->param, cmd->param + LIST_HEADER_BYTES, pattern_bytes);
    return th_work_begin(cmd, &order);
}

enum th_next th_erase_run(struct th_cmd *cmd)
{
    if (bad_ause(cmd))
        return TH_NEXT_STATUS;
    if (th_get16(cmd->cdb + 7) != 0)
        return th_check_cdb(cmd, 7, TH_FIELD_WHOLE_BYTE);
    return TH_NEXT_PARAM;               /* work space */
}

enum th_next th_erase_param(struct th_cmd *cmd)
{
    struct th_work_order order = order_of(cmd, TH_WORK_ERASE);

    return th_work_begin(cmd, &order);
}

/* Only a sanitize operation that allowed it is forgiven its failure. */
enum th_next th_exit_failure_run(struct th_cmd *cmd)
{
    const struct th_work *w = &cmd->lu->work;

    if (th_get16(cmd->cdb + 7) != 0)
        return th_check_cdb(cmd, 7, TH_FIELD_WHOLE_BYTE);
    if (w->kind == TH_WORK_SANITIZE_FAILED && !w->ause)
        return th_check_cdb(cmd, 1, 4);

    return th_work_forgive(cmd);
}

#endif
