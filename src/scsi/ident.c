/* SPDX-License-Identifier: MIT
 *
 * ident.c: REPORT and SET IDENTIFYING INFORMATION (SPC-4 6.32, 6.43): a name that an initiator gives a logical unit,
 * and that others find.
 *
 * It is in the unit's store and nowhere else: a unit without one does not offer these commands.  Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_IDENT

#include <string.h>

#include "../core/record.h"
#include "steps.h"

enum { TYPE_SUPPORTED = 0x7f, TYPE_BYTE = 10, HEADER_BYTES = 4 };

static const struct kind {
    uint8_t  type;                      /* INFORMATION TYPE */
    bool     text;                      /* UTF-8, ended by a zero */
    uint16_t max_bytes;
    enum thimble_record record;
} kinds[] = {
    { 0, false, 64, THIMBLE_RECORD_IDENTITY },
    { 2, true, 256, THIMBLE_RECORD_IDENTITY_TEXT },
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static unsigned type_of(const struct th_cmd *cmd)
{
    return cmd->cdb[TYPE_BYTE] >> 1;
}

static const struct kind *kind_of(const struct th_cmd *cmd)
{
    for (const struct kind *k = kinds; k < kinds + N_KINDS; k++)
        if (k->type == type_of(cmd))
            return k;
    return NULL;
}

enum th_next th_report_ident_run(struct th_cmd *cmd)
{
    if (!kind_of(cmd) && type_of(cmd) != TYPE_SUPPORTED)
        return th_check_cdb(cmd, TYPE_BYTE, 7);
    return TH_NEXT_REPLY;
}

static uint32_t put_supported(uint8_t *p)
{
    memset(p, 0, HEADER_BYTES * N_KINDS);
    for (unsigned i = 0; i < N_KINDS; i++) {
        p[HEADER_BYTES * i] = (uint8_t)(kinds[i].type << 1);
        th_put16(p + HEADER_BYTES * i + 2, kinds[i].max_bytes);
    }
    return HEADER_BYTES * N_KINDS;
}

/* What the store has, its length; or a negative thimble_err. */
static int put_kept(struct thimble_store *store, const struct kind *k, uint8_t *p)
{
    int n = store->load(store, k->record, p, TH_REPLY_MAX - HEADER_BYTES);

    if (n <= 0)
        return n;
    if (n > TH_REPLY_MAX - HEADER_BYTES)
        return THIMBLE_ERR_RECORD;
    n = th_record_open(p, (uint32_t)n, (uint8_t)k->record);
    if (n > k->max_bytes)
        return THIMBLE_ERR_RECORD;
    if (n > 0)
        memmove(p, p + TH_RECORD_HEADER_BYTES, (uint32_t)n);
    return n;
}

enum th_next th_report_ident_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct kind *k = kind_of(cmd);
    int n = k ? put_kept(cmd->lu->store, k, buf + HEADER_BYTES) : (int)put_supported(buf + HEADER_BYTES);

    if (n < 0)
        return th_scsi_check(cmd, TH_SENSE_INTERNAL_FAILURE);
    th_put32(buf, (uint32_t)n);
    return th_reply_done(cmd, HEADER_BYTES + (uint32_t)n, th_get32(cmd->cdb + 6));
}

static int ident_saved(struct th_cmd *cmd)
{
    th_scsi_ua(cmd->lu, TH_UA_IDENTIFIER_CHANGED, cmd->nexus);
    return th_step_good(cmd);
}

/* The list, if there is one, is moved behind the place for the record's header. */
static int ident_save(struct th_cmd *cmd)
{
    const struct kind *k = kind_of(cmd);

    if (cmd->data_bytes == 0)           /* forget it */
        return th_step_save(cmd, k->record, cmd->cdb, 0, ident_saved);
    memmove(cmd->param + TH_RECORD_HEADER_BYTES, cmd->param, cmd->data_bytes);
    uint32_t len = th_record_seal(cmd->param, (uint8_t)k->record, cmd->data_bytes);
    return th_step_save(cmd, k->record, cmd->param, len, ident_saved);
}

enum th_next th_set_ident_run(struct th_cmd *cmd)
{
    const struct kind *k = kind_of(cmd);
    uint32_t list_bytes = th_get32(cmd->cdb + 6);

    if (!k)
        return th_check_cdb(cmd, TYPE_BYTE, 7);
    if (list_bytes > k->max_bytes)
        return th_check_cdb(cmd, 6, TH_FIELD_WHOLE_BYTE);
    if (list_bytes == 0)
        return th_steps_run(cmd, ident_save);
    cmd->data_bytes = list_bytes;
    return TH_NEXT_PARAM;
}

enum th_next th_set_ident_param(struct th_cmd *cmd)
{
    if (kind_of(cmd)->text && memchr(cmd->param, 0, cmd->data_bytes) != cmd->param + cmd->data_bytes - 1)
        return th_check_list(cmd, cmd->data_bytes - 1);
    return th_steps_run(cmd, ident_save);
}

#endif
