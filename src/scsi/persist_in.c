/* SPDX-License-Identifier: MIT
 *
 * persist_in.c: PERSISTENT RESERVE IN (SPC-4 6.15): who has registered, who holds the reservation, what we can.
 *
 * Layer 2.
 */
#include "ops.h"

#if THIMBLE_SCSI_PERSISTENT_RESERVE

#include <string.h>

#include "../core/wire.h"
#include "registry.h"

enum { HEADER_BYTES = 8, DESCRIPTOR_BYTES = 16, FULL_DESCRIPTOR_BYTES = 24 };

/* Both kinds of reservation exclude each other (SPC-2 7.12). */
enum th_next th_prin_run(struct th_cmd *cmd)
{
    return cmd->lu->reserved_by ? th_conflict(cmd) : TH_NEXT_REPLY;
}

/* PRGENERATION and ADDITIONAL LENGTH, before n bytes. */
static enum th_next reply_list(struct th_cmd *cmd, uint8_t *buf, uint32_t n)
{
    th_put32(buf, cmd->lu->persistent.generation);
    th_put32(buf + 4, n);
    return th_reply_done(cmd, HEADER_BYTES + n, th_get16(cmd->cdb + 7));
}

enum th_next th_read_keys_reply(struct th_cmd *cmd, uint8_t *buf)
{
    uint32_t n = 0;

    for (const struct th_registration *r = cmd->lu->persistent.first; r; r = r->next)
        if (r->key) {
            th_put64(buf + HEADER_BYTES + n, r->key);
            n += 8;
        }
    return reply_list(cmd, buf, n);
}

enum th_next th_read_reservation_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_persistent *p = &cmd->lu->persistent;
    uint8_t *d = buf + HEADER_BYTES;

    if (!p->type)
        return reply_list(cmd, buf, 0);
    memset(d, 0, DESCRIPTOR_BYTES);
    if (p->holder)                      /* else all registrants hold it, and the key is 0 */
        th_put64(d, p->holder->key);
    d[13] = p->type;                    /* SCOPE 0: the logical unit */
    return reply_list(cmd, buf, DESCRIPTOR_BYTES);
}

enum th_next th_report_capabilities_reply(struct th_cmd *cmd, uint8_t *buf)
{
    enum { CRH = 0x10, SIP_C = 0x08, ATP_C = 0x04, PTPL_C = 0x01, TMV = 0x80, PTPL_A = 0x01 };
    /* TEST UNIT READY passes all types, MODE SENSE and the like those that keep writers out. */
    enum { ALLOW_COMMANDS = 3 << 4 };
    const struct th_lu *lu = cmd->lu;

    memset(buf, 0, 8);
    th_put16(buf, 8);
    buf[2] = (uint8_t)((THIMBLE_SCSI_RESERVE ? CRH : 0) | SIP_C | ATP_C | (lu->store ? PTPL_C : 0));
    buf[3] = (uint8_t)(TMV | ALLOW_COMMANDS | (lu->persistent.kept ? PTPL_A : 0));
    buf[4] = 0xea;                      /* the types that th_type_ok() knows */
    buf[5] = 0x01;
    return th_reply_done(cmd, 8, th_get16(cmd->cdb + 7));
}

enum th_next th_read_full_status_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;
    uint8_t *d = buf + HEADER_BYTES;

    for (const struct th_registration *r = lu->persistent.first; r; r = r->next) {
        if (!r->key)
            continue;
        memset(d, 0, FULL_DESCRIPTOR_BYTES);
        th_put64(d, r->key);
        d[12] = (uint8_t)((r->all_ports ? 0x02 : 0) | (th_is_holder(lu, r) ? 0x01 : 0));
        if (th_is_holder(lu, r))
            d[13] = lu->persistent.type;
        th_put16(d + 18, th_registration_tag(lu, r));
        uint32_t n = th_transport_id_put(d + FULL_DESCRIPTOR_BYTES, r);
        th_put32(d + 20, n);
        d += FULL_DESCRIPTOR_BYTES + n;
    }
    return reply_list(cmd, buf, (uint32_t)(d - buf) - HEADER_BYTES);
}

#endif
