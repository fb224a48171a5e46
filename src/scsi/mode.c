/* SPDX-License-Identifier: MIT
 *
 * mode.c: how a logical unit behaves, and what of it can be changed: mode pages, MODE SENSE and
 * MODE SELECT.
 *
 * The pages are a table.  What is saved goes to the unit's store, if it has one.  Layer 2.  SPC-4 6.11 to 6.14
 * and 7.5; SBC-3 6.5.
 */
#include <string.h>

#include "../core/record.h"
#include "../core/wire.h"
#include "ops.h"
#include "steps.h"

/* --------------------------------------------------------------------------------------
 * MODE SENSE (6.14, 6.15) and mode pages
 */
enum {
    PC_CURRENT = 0, PC_CHANGEABLE = 1, PC_DEFAULT = 2, PC_SAVED = 3,
    ALL_PAGES = 0x3f, ALL_SUBPAGES = 0xff,
    DBD = 0x08, LLBAA = 0x10,
    PARAMETER_WP = 0x80, PARAMETER_DPOFUA = 0x10,
    PS = 0x80, SPF = 0x40,
};

/* A page's parameters, n_bytes behind its header.  put() writes those that `control` names, over
 * zeros; take() puts values into effect that differ from the current ones only where the page
 * can be changed.  NULL: nothing can be. */
struct mode_page {
    uint8_t code, subpage, n_bytes;
    uint8_t types;                      /* enum th_types */
    void (*put)(const struct th_lu *lu, unsigned control, uint8_t *p);
    void (*take)(struct th_lu *lu, const uint8_t *p);
};

enum { PAGE_MAX_BYTES = 38 };

/* There is a place to save mode pages in. */
static bool mode_saved(const struct th_lu *lu)
{
    return THIMBLE_SCSI_MODE_SELECT && THIMBLE_STORE && lu->store;
}

/* What can be changed and saved, as a set.  The set that `control` names; of changeable ones, all. */
enum {
    MODE_D_SENSE = 0x01, MODE_SWP = 0x02, MODE_WRITE_THROUGH = 0x04, MODE_DEXCPT = 0x08, MODE_TEST = 0x10, MODE_TAS = 0x20
};

static unsigned mode_set(const struct th_lu *lu, unsigned control)
{
    if (!THIMBLE_SCSI_MODE_SELECT)      /* nothing was ever set */
        return control == PC_CHANGEABLE ? MODE_WRITE_THROUGH : 0;
    switch (control) {
    case PC_CURRENT:
        return (lu->d_sense ? MODE_D_SENSE : 0u) | (lu->software_protected ? MODE_SWP : 0u) |
               (lu->write_through ? MODE_WRITE_THROUGH : 0u) | (lu->exceptions_off ? MODE_DEXCPT : 0u) |
               (lu->exception_test ? MODE_TEST : 0u) | (lu->tells_aborts ? MODE_TAS : 0u);
    case PC_CHANGEABLE:
        return MODE_D_SENSE | MODE_SWP | MODE_DEXCPT | MODE_TEST | MODE_TAS;
    case PC_SAVED:
        return lu->saved_mode;
    default:
        return 0;
    }
}

/* Caching, SBC-3 6.5.6.  Without WCE every write is durable before it is answered. */
enum { WCE = 0x04 };

static void mode_caching(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    if (th_write_cache(lu) && !(mode_set(lu, control) & MODE_WRITE_THROUGH))
        p[0] = WCE;
}

/* Control, SPC-4 7.5.9. */
enum { D_SENSE = 0x04, GLTSD = 0x02, SWP = 0x08, REORDERED = 0x10, TAS = 0x40 };

static void mode_control(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    unsigned set = mode_set(lu, control);

    if (THIMBLE_SCSI_DESCRIPTOR_SENSE && set & MODE_D_SENSE)
        p[0] = D_SENSE;
    if (set & MODE_SWP)
        p[2] = SWP;
    if (set & MODE_TAS)
        p[3] = TAS;
    if (control == PC_CHANGEABLE)
        return;
    p[0] |= GLTSD;                                      /* one task set, for all nexuses */
    p[1] = REORDERED;                                   /* commands may be reordered */
    th_put16(p + 6, 0xffff);                            /* busy for as long as it takes */
}

/* A page that has nothing to tell: its zeros say so.  Read-Write Error Recovery (SBC-3 6.5.8): the
 * driver retries as it likes; Disconnect-Reconnect (SPC-4 7.5.12): iSCSI negotiates that; Control
 * Extension (7.5.10); Power Condition (7.5.15): no timer runs. */
static void mode_zeros(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    (void)lu;
    (void)control;
    (void)p;
}

#if THIMBLE_SCSI_CDROM
/* MMC-3 6.3.11: a tray that opens, closes and can be locked; CD-R, CD-RW and DVD-ROM are read.  The speed is that of a fast
 * drive: some divide by it. */
static void mode_capabilities(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    if (control == PC_CHANGEABLE)
        return;
    p[0] = 0x0b;
    p[4] = 0x20 | (THIMBLE_SCSI_START_STOP ? 0x08 : 0) | (THIMBLE_SCSI_PREVENT ? 0x01 : 0);
    if (THIMBLE_SCSI_PREVENT && control == PC_CURRENT && th_removal_prevented(lu))
        p[4] |= 0x02;                                   /* it is locked */
    th_put16(p + 6, 50 * 176);
    th_put16(p + 12, 50 * 176);
}
#endif

#if THIMBLE_SCSI_MODE_SELECT

static void take_caching(struct th_lu *lu, const uint8_t *p)
{
    lu->write_through = th_write_cache(lu) && !(p[0] & WCE);
}

static void take_control(struct th_lu *lu, const uint8_t *p)
{
    lu->d_sense = p[0] & D_SENSE;
    lu->software_protected = p[2] & SWP;
    lu->tells_aborts = p[3] & TAS;
}

/* Informational Exceptions Control, SPC-4 7.5.13: exceptions are told to who asks, by REQUEST
 * SENSE and log page 2Fh. */
enum { DEXCPT = 0x08, TEST = 0x04, MRIE_ON_REQUEST = 6 };

static void mode_exceptions(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    unsigned set = mode_set(lu, control);

    p[0] = (uint8_t)((set & MODE_DEXCPT ? DEXCPT : 0) | (set & MODE_TEST ? TEST : 0));
    if (control != PC_CHANGEABLE)
        p[1] = MRIE_ON_REQUEST;
}

static void take_exceptions(struct th_lu *lu, const uint8_t *p)
{
    lu->exceptions_off = p[0] & DEXCPT;
    lu->exception_test = p[0] & TEST;
}

#if THIMBLE_SCSI_THRESHOLDS
/* Logical Block Provisioning, SBC-3 6.5.9: one threshold of what is available, for when it falls, and one of what
 * is used, for when it rises.  All nexuses are told (SITUA 0). */
enum { FIRST_THRESHOLD = 12, THRESHOLD_BYTES = 8, THRESHOLD_ENABLED = 0x80 };
enum { RESOURCE_AVAILABLE = 1, RESOURCE_USED = 2, ARMED_INCREASING = 1 };

static void mode_provisioning(const struct th_lu *lu, unsigned control, uint8_t *p)
{
    for (unsigned i = 0; i < TH_THRESHOLDS; i++) {
        const struct th_threshold *t = &lu->thresholds[i];
        uint8_t *at = p + FIRST_THRESHOLD + THRESHOLD_BYTES * i;
        if (control == PC_CHANGEABLE) {
            at[0] = THRESHOLD_ENABLED;
            th_put32(at + 4, UINT32_MAX);
            continue;
        }
        at[0] = i == 0 ? 0 : ARMED_INCREASING;
        at[1] = i == 0 ? RESOURCE_AVAILABLE : RESOURCE_USED;
        if (control == PC_CURRENT) {
            at[0] |= t->enabled ? THRESHOLD_ENABLED : 0;
            th_put32(at + 4, t->sets);
        }
    }
}

static void take_provisioning(struct th_lu *lu, const uint8_t *p)
{
    for (unsigned i = 0; i < TH_THRESHOLDS; i++) {
        const uint8_t *at = p + FIRST_THRESHOLD + THRESHOLD_BYTES * i;
        lu->thresholds[i] = (struct th_threshold){ .sets = th_get32(at + 4), .enabled = at[0] & THRESHOLD_ENABLED };
    }
}

bool th_scsi_lu_look(struct th_lu *lu)
{
    struct thimble_fill fill;
    bool known = th_has_thresholds(lu) && lu->block->insight->fill(lu->block->insight, &fill), any = false;

    for (unsigned i = 0; i < TH_THRESHOLDS; i++) {
        struct th_threshold *t = &lu->thresholds[i];
        any = any || t->enabled;
        if (!known || !t->enabled)
            continue;
        bool crossed = i == 0 ? th_threshold_sets(fill.available_blocks) <= t->sets
                              : th_threshold_sets(fill.used_blocks) >= t->sets;
        if (crossed && !t->told)
            th_scsi_ua(lu, TH_UA_THRESHOLD, NULL);
        t->told = crossed;
    }
    return any;
}
#endif

#endif

static const struct mode_page mode_pages[] = {          /* ascending, as they are returned */
#if THIMBLE_SCSI_MODE_SELECT
    { 0x01, 0x00, 10, TH_FOR_ALL, mode_zeros, NULL },
    { 0x02, 0x00, 14, TH_FOR_DISK, mode_zeros, NULL },
    { 0x08, 0x00, 18, TH_FOR_DISK, mode_caching, take_caching },
    { 0x0a, 0x00, 10, TH_FOR_ALL, mode_control, take_control },
    { 0x0a, 0x01, 28, TH_FOR_ALL, mode_zeros, NULL },
    { 0x1a, 0x00, PAGE_MAX_BYTES, TH_FOR_DISK, mode_zeros, NULL },
    { 0x1c, 0x00, 10, TH_FOR_DISK, mode_exceptions, take_exceptions },
#if THIMBLE_SCSI_THRESHOLDS
    { 0x1c, 0x02, FIRST_THRESHOLD + TH_THRESHOLDS * THRESHOLD_BYTES, TH_FOR_DISK, mode_provisioning,
      take_provisioning },
#endif
#else
    { 0x08, 0x00, 18, TH_FOR_DISK, mode_caching, NULL },
    { 0x0a, 0x00, 10, TH_FOR_ALL, mode_control, NULL },
    { 0x0a, 0x01, 28, TH_FOR_ALL, mode_zeros, NULL },
#endif
#if THIMBLE_SCSI_CDROM
    { 0x2a, 0x00, 20, TH_FOR_CDROM, mode_capabilities, NULL },
#endif
};

#define N_MODE_PAGES (sizeof mode_pages / sizeof mode_pages[0])

static bool mode_page_offered(const struct mode_page *page, const struct th_lu *lu)
{
    bool of_thresholds = page->code == 0x1c && page->subpage == 0x02;

    return th_is_for(page->types, lu) && (!of_thresholds || th_has_thresholds(lu));
}

static bool mode_page_wanted(const struct mode_page *page, const struct th_cmd *cmd)
{
    unsigned code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];

    return mode_page_offered(page, cmd->lu) && (code == ALL_PAGES || code == page->code) &&
           (subpage == ALL_SUBPAGES || subpage == page->subpage);
}

enum th_next th_mode_sense_run(struct th_cmd *cmd)
{
    unsigned code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];
    bool known = code == ALL_PAGES, wanted = false;

    for (unsigned i = 0; i < N_MODE_PAGES; i++) {
        known = known || (mode_pages[i].code == code && mode_page_offered(&mode_pages[i], cmd->lu));
        wanted = wanted || mode_page_wanted(&mode_pages[i], cmd);
    }
    if (!known)
        return th_check_cdb(cmd, 2, 5);
    if (!wanted || (code == ALL_PAGES && subpage != 0 && subpage != ALL_SUBPAGES))
        return th_check_cdb(cmd, 3, TH_FIELD_WHOLE_BYTE);
    if (cmd->cdb[2] >> 6 == PC_SAVED && !mode_saved(cmd->lu))
        return th_scsi_check(cmd, TH_SENSE_SAVING_UNSUPPORTED);

    return TH_NEXT_REPLY;
}

/* SBC-3 6.5.2: what the medium is; returns its length. */
static uint32_t put_block_descriptor(const struct th_lu *lu, bool long_lba, uint8_t *p)
{
    uint64_t size_blocks = lu->block->size_blocks;

    if (long_lba) {
        th_put64(p, size_blocks);
        th_put32(p + 12, th_block_bytes(lu));
        return 16;
    }
    th_put32(p, size_blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)size_blocks);
    th_put24(p + 5, th_block_bytes(lu));
    return 8;
}

static uint32_t put_mode_pages(const struct th_cmd *cmd, uint8_t *p)
{
    uint32_t n = 0;

    for (const struct mode_page *page = mode_pages; page < mode_pages + N_MODE_PAGES; page++) {
        if (!mode_page_wanted(page, cmd))
            continue;
        p[n] = page->code;
        if (mode_saved(cmd->lu) && page->take && page->subpage == 0)
            p[n] |= PS;
        if (page->subpage) {
            p[n] |= SPF;
            p[n + 1] = page->subpage;
            th_put16(p + n + 2, page->n_bytes);
            n += 4;
        } else {
            p[n + 1] = page->n_bytes;
            n += 2;
        }
        page->put(cmd->lu, cmd->cdb[2] >> 6, p + n);
        n += page->n_bytes;
    }
    return n;
}

enum th_next th_mode_sense_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;
    const uint8_t *cdb = cmd->cdb;
    bool ten = cdb[0] == 0x5a;
    bool long_lba = ten && cdb[1] & LLBAA;
    uint32_t n = ten ? 8 : 4, descriptor = 0;
    uint8_t parameter = PARAMETER_DPOFUA;

    if (th_write_protection(lu, cmd->nexus) != TH_SENSE_NONE)
        parameter |= PARAMETER_WP;
    if (th_is_cdrom(lu))                                /* no such bits there, and no block descriptor */
        parameter = 0;

    memset(buf, 0, TH_REPLY_MAX);
    if (!(cdb[1] & DBD) && !th_is_cdrom(lu))
        descriptor = put_block_descriptor(lu, long_lba, buf + n);
    n += descriptor;
    n += put_mode_pages(cmd, buf + n);
    if (ten) {
        th_put16(buf, n - 2);
        buf[3] = parameter;
        buf[4] = long_lba ? 0x01 : 0x00;                /* LONGLBA */
        th_put16(buf + 6, descriptor);
    } else {
        buf[0] = (uint8_t)(n - 1);
        buf[2] = parameter;
        buf[3] = (uint8_t)descriptor;
    }
    return th_reply_done(cmd, n, ten ? th_get16(cdb + 7) : cdb[4]);
}

#if THIMBLE_SCSI_MODE_SELECT
/* --------------------------------------------------------------------------------------
 * MODE SELECT (6.10, 6.11)
 *
 *     | header | block descriptor, if there is one | page | page ...
 *
 * The whole list is looked at before the first page is put into effect.
 */
enum { PF = 0x10, SP = 0x01 };

static bool ten_bytes(const struct th_cmd *cmd)
{
    return cmd->cdb[0] == 0x55;
}

enum th_next th_mode_select_run(struct th_cmd *cmd)
{
    bool ten = ten_bytes(cmd);
    uint32_t list_bytes = ten ? th_get16(cmd->cdb + 7) : cmd->cdb[4];

    if (cmd->cdb[1] & SP && !mode_saved(cmd->lu))
        return th_check_cdb(cmd, 1, 0);
    if (list_bytes == 0)
        return th_good(cmd);
    if (list_bytes > cmd->lu->param_bytes)
        return th_check_cdb(cmd, ten ? 7 : 4, TH_FIELD_WHOLE_BYTE);

    cmd->data_bytes = list_bytes;
    return TH_NEXT_PARAM;
}

/* A block descriptor may say what is so: the size (or 0, or "as many as there are"), the block's
 * length. */
static bool descriptor_agrees(const struct th_lu *lu, const uint8_t *p, bool long_lba)
{
    uint64_t size_blocks = lu->block->size_blocks;
    uint64_t asked = long_lba ? th_get64(p) : th_get32(p);
    uint64_t most = long_lba ? UINT64_MAX : UINT32_MAX;
    uint32_t bytes = long_lba ? th_get32(p + 12) : th_get24(p + 5);

    return (asked == 0 || asked == size_blocks || asked == most) &&
           bytes == th_block_bytes(lu);
}

/* Where the pages begin in the list; 0: cmd was refused. */
static uint32_t find_pages(struct th_cmd *cmd)
{
    const uint8_t *p = cmd->param;
    bool ten = ten_bytes(cmd);
    uint32_t header = ten ? 8 : 4;

    if (cmd->data_bytes < header) {
        th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
        return 0;
    }
    uint32_t descriptor = ten ? th_get16(p + 6) : p[3];
    bool long_lba = ten && p[4] & 0x01;                 /* LONGLBA */
    if (descriptor != 0 && descriptor != (long_lba ? 16 : 8)) {
        th_check_list(cmd, ten ? 6 : 3);
        return 0;
    }
    if (cmd->data_bytes - header < descriptor) {
        th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
        return 0;
    }
    if (p[ten ? 2 : 1] != 0) {                          /* MEDIUM TYPE */
        th_check_list(cmd, ten ? 2 : 1);
        return 0;
    }
    if (descriptor && !descriptor_agrees(cmd->lu, p + header, long_lba)) {
        th_check_list(cmd, header);
        return 0;
    }
    return header + descriptor;
}

/* The page at `at` of the list, and where its parameters begin; NULL: cmd was refused. */
static const struct mode_page *find_page(struct th_cmd *cmd, uint32_t at, uint32_t *values)
{
    const uint8_t *p = cmd->param + at;
    uint32_t left = cmd->data_bytes - at;
    bool spf = p[0] & SPF;
    uint32_t header = spf ? 4 : 2;

    if (left < header) {
        th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
        return NULL;
    }
    for (const struct mode_page *page = mode_pages; page < mode_pages + N_MODE_PAGES; page++) {
        if (!mode_page_offered(page, cmd->lu) || page->code != (p[0] & 0x3f) ||
            page->subpage != (spf ? p[1] : 0))
            continue;
        if (page->n_bytes != (spf ? th_get16(p + 2) : p[1])) {
            th_check_list(cmd, at + header - (spf ? 2 : 1));
            return NULL;
        }
        if (left - header < page->n_bytes) {
            th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
            return NULL;
        }
        *values = at + header;
        return page;
    }
    th_check_list(cmd, at);
    return NULL;
}

/* True if cmd was refused: a bit differs that cannot be changed. */
static bool bad_values(struct th_cmd *cmd, const struct mode_page *page, uint32_t values,
                       bool *changes)
{
    uint8_t now[PAGE_MAX_BYTES] = { 0 }, mask[PAGE_MAX_BYTES] = { 0 };

    page->put(cmd->lu, PC_CURRENT, now);
    page->put(cmd->lu, PC_CHANGEABLE, mask);
    for (uint32_t i = 0; i < page->n_bytes; i++) {
        unsigned differs = cmd->param[values + i] ^ now[i];
        if (differs & ~(unsigned)mask[i]) {
            th_check_list(cmd, values + i);
            return true;
        }
        *changes = *changes || differs;
    }
    return false;
}

enum { RECORD_BYTES = 1, SAVEABLE = MODE_D_SENSE | MODE_SWP | MODE_WRITE_THROUGH | MODE_DEXCPT | MODE_TAS };

#if THIMBLE_STORE
static int saved(struct th_cmd *cmd)
{
    cmd->lu->saved_mode = cmd->param[TH_RECORD_HEADER_BYTES];
    return th_step_written(cmd);
}

/* All current values are saved (SPC-4 6.11 leaves it open whether those of other pages are).  The list is
 * not needed any more. */
static int save(struct th_cmd *cmd)
{
    cmd->param[TH_RECORD_HEADER_BYTES] = mode_set(cmd->lu, PC_CURRENT) & SAVEABLE;
    uint32_t len = th_record_seal(cmd->param, THIMBLE_RECORD_MODE_PAGES, RECORD_BYTES);
    return th_step_save(cmd, THIMBLE_RECORD_MODE_PAGES, cmd->param, len, saved);
}
#else
#define save th_step_written
#endif

enum th_next th_mode_select_param(struct th_cmd *cmd)
{
    struct th_lu *lu = cmd->lu;
    bool changes = false, cached = !lu->write_through;
    const struct mode_page *page;
    uint32_t first = find_pages(cmd), values;

    if (first == 0)
        return TH_NEXT_STATUS;
    if (first < cmd->data_bytes && !(cmd->cdb[1] & PF))
        return th_check_cdb(cmd, 1, 4);
    for (uint32_t at = first; at < cmd->data_bytes; at = values + page->n_bytes) {
        page = find_page(cmd, at, &values);
        if (!page || bad_values(cmd, page, values, &changes))
            return TH_NEXT_STATUS;
    }

    for (uint32_t at = first; at < cmd->data_bytes; at = values + page->n_bytes) {
        page = find_page(cmd, at, &values);
        if (page->take)
            page->take(lu, cmd->param + values);
    }
    if (changes)
        th_scsi_ua(lu, TH_UA_MODE_CHANGED, cmd->nexus);
    /* what was written before WCE was cleared becomes durable now */
    cmd->fua = cached && lu->write_through;
    return th_steps_run(cmd, cmd->cdb[1] & SP ? save : th_step_written);
}

static void use_set(struct th_lu *lu, unsigned set)
{
    lu->d_sense = set & MODE_D_SENSE;
    lu->software_protected = set & MODE_SWP;
    lu->tells_aborts = set & MODE_TAS;
    lu->write_through = set & MODE_WRITE_THROUGH && th_write_cache(lu);
    lu->exceptions_off = set & MODE_DEXCPT;
    lu->exception_test = false;
}

void th_mode_reset(struct th_lu *lu)
{
    use_set(lu, lu->saved_mode);
#if THIMBLE_SCSI_THRESHOLDS
    memset(lu->thresholds, 0, sizeof lu->thresholds);
#endif
}

#if THIMBLE_STORE
int th_mode_restore(struct th_lu *lu, const uint8_t *bytes, uint32_t n)
{
    if (n != RECORD_BYTES || bytes[0] & ~SAVEABLE)
        return THIMBLE_ERR_RECORD;
    lu->saved_mode = bytes[0];
    use_set(lu, lu->saved_mode);
    return THIMBLE_OK;
}
#endif

#endif
