/* SPDX-License-Identifier: MIT
 *
 * lu.c: what outlives a command: sessions, unit attentions, the writers' gate.
 *
 * Knows lists and flags, no CDB and no disk.  Layer 2.  SAM-5 4.7 (LUNs), 5.14 (unit
 * attentions), 6.3 (resets).
 */
#include "lu.h"

#include <string.h>

#include "../core/wire.h"
#include "copies.h"
#include "ops.h"
#include "registry.h"
#include "work.h"

/* --------------------------------------------------------------------------------------
 * The gate
 */
static bool gate_admits(const struct th_gate *g, enum th_gate_kind kind)
{
    return !g->exclusive && (kind == TH_GATE_SHARED || g->sharers == 0);
}

static void gate_let_in(struct th_gate *g, enum th_gate_kind kind)
{
    if (kind == TH_GATE_SHARED)
        g->sharers++;
    else
        g->exclusive = true;
}

int th_gate_enter(struct th_gate *g, enum th_gate_kind kind, struct thimble_io *io)
{
    if (!g->first && gate_admits(g, kind)) {
        gate_let_in(g, kind);
        return THIMBLE_OK;
    }

    io->op = (uint8_t)kind;
    io->next = NULL;
    if (g->first)
        g->last->next = io;
    else
        g->first = io;
    g->last = io;
    return THIMBLE_PENDING;
}

/* Who is let in may leave before done() returns, and so let in the next: the outermost call
 * does it for all, so that a long queue does not become a deep stack. */
void th_gate_leave(struct th_gate *g, enum th_gate_kind kind)
{
    if (kind == TH_GATE_SHARED)
        g->sharers--;
    else
        g->exclusive = false;

    if (g->granting)
        return;
    g->granting = true;
    while (g->first && gate_admits(g, (enum th_gate_kind)g->first->op)) {
        struct thimble_io *io = g->first;
        g->first = io->next;
        gate_let_in(g, (enum th_gate_kind)io->op);
        io->done(io, THIMBLE_OK);
    }
    g->granting = false;
}

/* --------------------------------------------------------------------------------------
 * LUNs
 */
enum {
    LUN_PERIPHERAL = 0x00, LUN_FLAT = 0x40, LUN_EXTENDED_FLAT_24 = 0xd2, LUN_WELL_KNOWN = 0xc1,
    W_LUN_REPORT_LUNS = 1,
};

int th_scsi_lun_decode(const uint8_t field[8])
{
    uint32_t lun, used;

    switch (field[0] & 0xc0) {
    case LUN_PERIPHERAL:                        /* bus identifier 0: this target */
        if (field[0])
            return -1;
        lun = field[1];
        used = 2;
        break;
    case LUN_FLAT:
        lun = th_get16(field) & 0x3fffu;
        used = 2;
        break;
    default:
        if (field[0] != LUN_EXTENDED_FLAT_24 && (field[0] != LUN_WELL_KNOWN || field[1] != W_LUN_REPORT_LUNS))
            return -1;
        lun = th_get24(field + 1);
        used = field[0] == LUN_EXTENDED_FLAT_24 ? 4 : 2;
        break;
    }
    for (uint32_t i = used; i < 8; i++)         /* further levels */
        if (field[i])
            return -1;
    if (field[0] == LUN_WELL_KNOWN)
        return THIMBLE_SCSI_WELL_KNOWN ? TH_LUN_REPORT_LUNS : -1;
    return (int)lun;
}

void th_lun_encode_report_luns(uint8_t field[8])
{
    memset(field, 0, 8);
    field[0] = LUN_WELL_KNOWN;
    field[1] = W_LUN_REPORT_LUNS;
}

void th_lun_encode(uint8_t field[8], uint16_t lun)
{
    memset(field, 0, 8);
    if (lun < 256)
        field[1] = (uint8_t)lun;
    else
        th_put16(field, (uint32_t)LUN_FLAT << 8 | lun);
}

#if THIMBLE_LUN_MASKS
_Static_assert(THIMBLE_LUNS_MAX <= UINT8_MAX, "1 + LUN fits into th_nexus.units");

struct th_lu *th_scsi_lu_of(const struct th_nexus *nexus, int lun)
{
    if (lun < 0 || lun >= THIMBLE_LUNS_MAX || !nexus->units[lun])
        return NULL;
    return nexus->target->lus[nexus->units[lun] - 1];
}

int th_scsi_lun_of(const struct th_nexus *nexus, const struct th_lu *lu)
{
    for (int lun = 0; lun < THIMBLE_LUNS_MAX; lun++)
        if (nexus->units[lun] == lu->lun + 1)
            return lun;
    return -1;
}

void th_scsi_hide_all(struct th_nexus *nexus)
{
    memset(nexus->units, 0, sizeof nexus->units);
    memset(&nexus->read_only, 0, sizeof nexus->read_only);
}

void th_scsi_show(struct th_nexus *nexus, const struct th_lu *lu, uint16_t lun, bool read_only)
{
    nexus->units[lun] = (uint8_t)(lu->lun + 1);
    th_lun_set_put(&nexus->read_only, lu->lun, read_only);
}

static void show_all(struct th_nexus *nexus)
{
    th_scsi_hide_all(nexus);
    for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++)
        nexus->units[lun] = (uint8_t)(lun + 1);
}
#else
struct th_lu *th_scsi_lu_of(const struct th_nexus *nexus, int lun)
{
    return lun < 0 || lun >= THIMBLE_LUNS_MAX ? NULL : nexus->target->lus[lun];
}
#endif

/* --------------------------------------------------------------------------------------
 * Unit attentions
 */
static const uint32_t ua_sense[TH_UA_COUNT] = {
    [TH_UA_POWER_ON]         = TH_SENSE_POWER_ON,
    [TH_UA_LU_RESET]         = TH_SENSE_DEVICE_RESET,
    [TH_UA_NEXUS_LOSS]       = TH_SENSE_NEXUS_LOSS,
    [TH_UA_MEDIUM_CHANGED]   = TH_SENSE_MEDIUM_CHANGED,
    [TH_UA_MODE_CHANGED]     = TH_SENSE_MODE_CHANGED,
    [TH_UA_RESERVATIONS_PREEMPTED]  = TH_SENSE_RESERVATIONS_PREEMPTED,
    [TH_UA_RESERVATIONS_RELEASED]   = TH_SENSE_RESERVATIONS_RELEASED,
    [TH_UA_REGISTRATIONS_PREEMPTED] = TH_SENSE_REGISTRATIONS_PREEMPTED,
    [TH_UA_CAPACITY_CHANGED] = TH_SENSE_CAPACITY_CHANGED,
    [TH_UA_COMMANDS_CLEARED] = TH_SENSE_COMMANDS_CLEARED,
    [TH_UA_LUNS_CHANGED]     = TH_SENSE_LUNS_CHANGED,
    [TH_UA_LOG_CHANGED]      = TH_SENSE_LOG_CHANGED,
    [TH_UA_ACCESS_CHANGED]   = TH_SENSE_ACCESS_CHANGED,
    [TH_UA_TIMESTAMP_CHANGED] = TH_SENSE_TIMESTAMP_CHANGED,
    [TH_UA_THRESHOLD]        = TH_SENSE_THRESHOLD,
    [TH_UA_IDENTIFIER_CHANGED] = TH_SENSE_IDENTIFIER_CHANGED,
};

_Static_assert(TH_UA_COUNT <= 16, "th_nexus.ua is a set of 16");

uint32_t th_scsi_ua_sense(enum th_ua ua)
{
    return ua_sense[ua];
}

/* The one that comes first.  At least one is pending. */
static enum th_ua first_ua(unsigned pending)
{
    unsigned ua = 0;
    while (!(pending & 1u << ua))
        ua++;
    return (enum th_ua)ua;
}

uint32_t th_ua_take(const struct th_lu *lu, struct th_nexus *nexus)
{
    uint16_t *pending = &nexus->ua[lu->lun];

    if (*pending == 0)
        return TH_SENSE_NONE;
    enum th_ua ua = first_ua(*pending);
    *pending = (uint16_t)(*pending & ~(1u << ua));
    return ua_sense[ua];
}

uint32_t th_scsi_ua_query(const struct th_nexus *nexus, uint16_t lun)
{
    unsigned pending = nexus->ua[lun];

    if (pending == 0)
        return 0;
    uint32_t depth = pending & (pending - 1) ? 2 : 1;   /* several: one */
    return depth << 20 | ua_sense[first_ua(pending)];
}

void th_scsi_ua(struct th_lu *lu, enum th_ua ua, const struct th_nexus *but)
{
    for (struct th_nexus *n = lu->target->nexuses; n; n = n->next)
        if (n != but)
            n->ua[lu->lun] = (uint16_t)(n->ua[lu->lun] | 1u << ua);
}

void th_media_event(struct th_lu *lu, enum th_media_event event)
{
    if (!th_is_cdrom(lu))
        return;
    for (struct th_nexus *n = lu->target->nexuses; n; n = n->next) {
        th_lun_set_put(&n->inserted, lu->lun, event == TH_MEDIA_NEW);
        th_lun_set_put(&n->removed, lu->lun, event == TH_MEDIA_REMOVAL);
    }
}

enum th_media_event th_media_event_look(const struct th_lu *lu, const struct th_nexus *nexus)
{
    if (th_lun_set_has(&nexus->inserted, lu->lun))
        return TH_MEDIA_NEW;
    return th_lun_set_has(&nexus->removed, lu->lun) ? TH_MEDIA_REMOVAL : TH_MEDIA_NONE;
}

void th_media_event_told(const struct th_lu *lu, struct th_nexus *nexus)
{
    th_lun_set_put(&nexus->inserted, lu->lun, false);
    th_lun_set_put(&nexus->removed, lu->lun, false);
}

void th_scsi_medium_changed(struct th_lu *lu, const struct th_nexus *but)
{
    lu->ejected = false;                        /* whoever put one in has closed the tray */
    lu->flush_failed = false;                   /* that was of the other medium */
    th_changed(lu, 0, UINT64_MAX);
    th_work_lose(lu);
    th_scsi_ua(lu, TH_UA_MEDIUM_CHANGED, but);
    th_media_event(lu, th_not_ready(lu) == TH_SENSE_NONE ? TH_MEDIA_NEW : TH_MEDIA_REMOVAL);
}

void th_scsi_lu_resized(struct th_lu *lu)
{
    uint64_t size_blocks = lu->block->size_blocks;

    th_changed(lu, size_blocks, UINT64_MAX - size_blocks);
    th_scsi_ua(lu, TH_UA_CAPACITY_CHANGED, NULL);
}

void th_scsi_lose_medium(struct th_cmd *cmd, const struct th_lu *lu)
{
    if (cmd->lu == lu || th_is_copy(cmd))
        cmd->lost = 1;
}

void th_ua_clear_everywhere(struct th_nexus *nexus, enum th_ua ua)
{
    for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++)
        nexus->ua[lun] = (uint16_t)(nexus->ua[lun] & ~(1u << ua));
}

/* --------------------------------------------------------------------------------------
 * Sessions, resets
 */
static void allow_removal(struct th_nexus *nexus)
{
#if THIMBLE_SCSI_PREVENT
    memset(&nexus->prevents, 0, sizeof nexus->prevents);
#else
    (void)nexus;
#endif
}

void th_scsi_nexus_begin(struct th_nexus *nexus, struct th_scsi_target *target)
{
    nexus->target = target;
    allow_removal(nexus);
    nexus->next = target->nexuses;
    target->nexuses = nexus;
    for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++)
        nexus->ua[lun] = 1u << TH_UA_POWER_ON;
#if THIMBLE_LUN_MASKS
    show_all(nexus);
#endif
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    th_registry_bind(nexus);
#endif
}

void th_scsi_nexus_end(struct th_nexus *nexus)
{
    struct th_nexus **at = &nexus->target->nexuses;

    th_release_all(nexus);
#if THIMBLE_SCSI_THIRD_PARTY
    if (nexus->target->copies)
        th_copies_forget(nexus->target->copies, nexus);
#endif
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    th_registry_unbind(nexus);
#endif
    while (*at && *at != nexus)
        at = &(*at)->next;
    TH_ASSERT(*at == nexus);
    if (*at)
        *at = nexus->next;
}

void th_scsi_nexus_reset(struct th_nexus *nexus)
{
    th_release_all(nexus);
    allow_removal(nexus);
    for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++)
        nexus->ua[lun] = (uint16_t)(nexus->ua[lun] | 1u << TH_UA_NEXUS_LOSS);
}

void th_scsi_disk_error(struct th_cmd *cmd, int err, bool writing)
{
    if (cmd->lost)
        err = THIMBLE_ERR_NO_MEDIUM;
#if THIMBLE_WORK
    if (th_working(cmd->lu)) {                  /* it came in between */
        th_work_refuses(cmd, 0);
        return;
    }
#endif
#if THIMBLE_SCSI_LOG
    th_log_error(cmd, writing);
#endif
    th_scsi_check(cmd, th_sense_of_error(err, writing));
}

void th_scsi_lu_reset(struct th_lu *lu, const struct th_nexus *by)
{
    lu->reserved_by = NULL;
#if THIMBLE_SCSI_PREVENT
    for (struct th_nexus *n = lu->target->nexuses; n; n = n->next)
        th_lun_set_put(&n->prevents, lu->lun, false);
#endif
#if THIMBLE_SCSI_MODE_SELECT
    th_mode_reset(lu);
#endif
    th_scsi_ua(lu, TH_UA_LU_RESET, by);
}
