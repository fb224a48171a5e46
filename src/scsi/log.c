/* SPDX-License-Identifier: MIT
 *
 * log.c: what a logical unit counts, and what its disk tells of itself: LOG SENSE, LOG SELECT.
 *
 * The pages are a table; a page is offered if there is something to tell.  Counters go back to zero at a restart and
 * by LOG SELECT; nothing is saved.  Layer 2.  SPC-4 6.7, 6.8, 7.3; SBC-3 6.4.
 */
#include "ops.h"

#if THIMBLE_SCSI_LOG

#include <string.h>

enum { PC_CUMULATIVE = 1, ALL_SUBPAGES = 0xff, PCR = 0x02, HEADER_BYTES = 4 };
enum { COUNTER = 0x00, LIST = 0x03 };                   /* FORMAT AND LINKING */

struct log_page {
    uint8_t code;
    bool    counts;                     /* LOG SELECT resets it */
    /* True: there is something to tell; parameters go to *p, zeroed, unless it is NULL. */
    bool (*put)(const struct th_lu *lu, uint8_t **p);
};

/* A parameter of n bytes: where its value goes. */
static uint8_t *add(uint8_t **p, uint32_t code, unsigned control, uint8_t n)
{
    uint8_t *at = *p;

    th_put16(at, code);
    at[2] = (uint8_t)control;
    at[3] = n;
    *p = at + 4 + n;
    return at + 4;
}

/* --------------------------------------------------------------------------------------
 * The pages
 */

/* Health is asked for anew each time: a card may have been changed. */
static bool health_of(const struct th_lu *lu, struct thimble_health *h)
{
    struct thimble_insight *insight = lu->block->insight;

    return insight && insight->health && insight->health(insight, h);
}

/* Since LOG SELECT was here; another medium has begun anew by itself. */
static uint32_t since(uint32_t now, uint32_t reset)
{
    return now >= reset ? now - reset : now;
}

/* What the medium, or the driver, mended: at once, late, tries, both.  It is counted for all units that lie on it. */
static void put_mended(const struct thimble_health_requests *now, const struct thimble_health_requests *reset, uint8_t **p)
{
    uint32_t at_once = since(now->mended, reset->mended), late = since(now->mended_late, reset->mended_late);

    th_put32(add(p, 0x0000, COUNTER, 4), at_once);
    th_put32(add(p, 0x0001, COUNTER, 4), late);
    th_put32(add(p, 0x0002, COUNTER, 4), since(now->tries, reset->tries));
    th_put32(add(p, 0x0003, COUNTER, 4), at_once + late);
}

/* Error counters (SPC-4 7.3.7): bytes that went by, errors that nobody could correct. */
static bool put_errors(const struct th_log_counter *c, uint8_t **p)
{
    if (p) {
        th_put64(add(p, 0x0005, COUNTER, 8), c->bytes);
        th_put32(add(p, 0x0006, COUNTER, 4), c->errors);
    }
    return true;
}

static bool log_write_errors(const struct th_lu *lu, uint8_t **p)
{
    struct thimble_health h;

    if (p && health_of(lu, &h) && h.counted)
        put_mended(&h.writes, &lu->log.writes_reset, p);
    return put_errors(&lu->log.writes, p);
}

static bool log_read_errors(const struct th_lu *lu, uint8_t **p)
{
    struct thimble_health h;

    if (p && health_of(lu, &h) && h.counted)
        put_mended(&h.reads, &lu->log.reads_reset, p);
    return put_errors(&lu->log.reads, p);
}

static bool log_verify_errors(const struct th_lu *lu, uint8_t **p)
{
    return put_errors(&lu->log.verifies, p);
}

/* Logical block provisioning (SBC-3 6.4.5): in units of 2 to the THRESHOLD EXPONENT blocks. */
static bool log_provisioning(const struct th_lu *lu, uint8_t **p)
{
    struct thimble_insight *insight = lu->block->insight;
    struct thimble_fill fill;

    if (!insight || !insight->fill || !th_thin(lu))
        return false;
    if (p && insight->fill(insight, &fill)) {
        th_put32(add(p, 0x0001, LIST, 8), th_threshold_sets(fill.available_blocks));
        th_put32(add(p, 0x0002, LIST, 8), th_threshold_sets(fill.used_blocks));
    }
    return true;
}

/* Temperature (SPC-4 7.3.21). */
static bool log_temperature(const struct th_lu *lu, uint8_t **p)
{
    struct thimble_health h;

    if (!health_of(lu, &h) || h.temperature_c == THIMBLE_HEALTH_UNKNOWN)
        return false;
    if (p)
        add(p, 0x0000, LIST, 2)[1] = h.temperature_c;
    return true;
}

/* Solid state media (SBC-3 6.4.7): how much of its endurance is used. */
static bool log_endurance(const struct th_lu *lu, uint8_t **p)
{
    struct thimble_health h;

    if (!health_of(lu, &h) || h.used_percent == THIMBLE_HEALTH_UNKNOWN)
        return false;
    if (p)
        add(p, 0x0001, LIST, 4)[3] = h.used_percent;
    return true;
}

/* Background scan (SBC-3 6.4.2): none is active, and none was ever made; the minutes are those since the start, as far
 * as anybody here knows. */
static bool log_background(const struct th_lu *lu, uint8_t **p)
{
    if (p)
        th_put32(add(p, 0x0000, LIST, 12), (uint32_t)(lu->target->clock_ms / 60000));
    return !th_is_cdrom(lu);
}

/* General statistics and performance (SPC-4 7.3.8); time is not measured here. */
static bool log_statistics(const struct th_lu *lu, uint8_t **p)
{
    if (p) {
        uint8_t *at = add(p, 0x0001, LIST, 64);
        th_put64(at, lu->log.reads.commands);
        th_put64(at + 8, lu->log.writes.commands);
        th_put64(at + 16, lu->log.reads.blocks);
        th_put64(at + 24, lu->log.writes.blocks);
    }
    return true;
}

/* The medium's own word, and what its driver has seen it fail at; see struct thimble_health. */
uint32_t th_exception(const struct th_lu *lu)
{
    struct thimble_health h;

    if (lu->exceptions_off)
        return TH_SENSE_NONE;
    if (lu->exception_test)
        return TH_SENSE_EXCEPTION_TEST;
    if (!health_of(lu, &h))
        return TH_SENSE_NONE;
    if (h.failing)
        return TH_SENSE_MEDIUM_FAILING;
    return h.used_percent != THIMBLE_HEALTH_UNKNOWN && h.used_percent >= 100 ? TH_SENSE_ENDURANCE_MET : TH_SENSE_NONE;
}

/* Informational exceptions (SPC-4 7.3.9). */
static bool log_exceptions(const struct th_lu *lu, uint8_t **p)
{
    struct thimble_health h;
    uint32_t sense = th_exception(lu);

    if (p) {
        uint8_t *at = add(p, 0x0000, LIST, 4);
        at[0] = (uint8_t)(sense >> 8);
        at[1] = (uint8_t)sense;
        at[2] = health_of(lu, &h) ? h.temperature_c : THIMBLE_HEALTH_UNKNOWN;
    }
    return true;
}

static const struct log_page pages[] = {                /* ascending */
    { 0x00, false, NULL },
    { 0x02, true,  log_write_errors },
    { 0x03, true,  log_read_errors },
    { 0x05, true,  log_verify_errors },
    { 0x0c, false, log_provisioning },
    { 0x0d, false, log_temperature },
    { 0x11, false, log_endurance },
    { 0x15, false, log_background },
    { 0x19, true,  log_statistics },
    { 0x2f, false, log_exceptions },
};

#define N_PAGES (sizeof pages / sizeof pages[0])

static bool offered(const struct log_page *page, const struct th_lu *lu)
{
    return !page->put || page->put(lu, NULL);
}

static const struct log_page *find(const struct th_lu *lu, unsigned code)
{
    for (unsigned i = 0; i < N_PAGES; i++)
        if (pages[i].code == code && offered(&pages[i], lu))
            return &pages[i];
    return NULL;
}

/* --------------------------------------------------------------------------------------
 * LOG SENSE
 */
enum th_next th_log_sense_run(struct th_cmd *cmd)
{
    unsigned code = cmd->cdb[2] & 0x3f, subpage = cmd->cdb[3];

    if (!find(cmd->lu, code))
        return th_check_cdb(cmd, 2, 5);
    if (subpage != 0 && !(subpage == ALL_SUBPAGES && code == 0))
        return th_check_cdb(cmd, 3, TH_FIELD_WHOLE_BYTE);
    if (cmd->cdb[2] >> 6 != PC_CUMULATIVE && code != 0)
        return th_check_cdb(cmd, 2, 7);
    return TH_NEXT_REPLY;
}

/* Page 00h, and with subpages: which there are. */
static uint32_t put_list(const struct th_lu *lu, bool subpages, uint8_t *p)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < N_PAGES; i++) {
        if (!offered(&pages[i], lu))
            continue;
        p[n++] = pages[i].code;
        if (subpages)
            p[n++] = 0;
        if (subpages && i == 0) {                       /* itself */
            p[n++] = 0;
            p[n++] = ALL_SUBPAGES;
        }
    }
    return n;
}

/* Parameters before this one are left out: the length of what is left, or 0 if nothing is. */
static uint32_t skip_to(uint8_t *p, uint32_t n, uint32_t pointer)
{
    uint32_t at = 0;

    while (at < n && th_get16(p + at) < pointer)
        at += 4u + p[at + 3];
    memmove(p, p + at, n - at);
    return n - at;
}

enum th_next th_log_sense_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct log_page *page = find(cmd->lu, cmd->cdb[2] & 0x3f);
    uint32_t pointer = th_get16(cmd->cdb + 5), n;

    if (!page)                                          /* the medium has just been taken out */
        return th_check_cdb(cmd, 2, 5);
    memset(buf, 0, TH_REPLY_MAX);
    buf[0] = page->code;
    if (cmd->cdb[3]) {
        buf[0] |= 0x40;                                 /* SPF */
        buf[1] = cmd->cdb[3];
    }
    if (!page->put) {
        n = put_list(cmd->lu, cmd->cdb[3], buf + HEADER_BYTES);
    } else {
        uint8_t *end = buf + HEADER_BYTES;
        page->put(cmd->lu, &end);
        n = (uint32_t)(end - buf) - HEADER_BYTES;
        if (pointer > 0 && (n = skip_to(buf + HEADER_BYTES, n, pointer)) == 0)
            return th_check_cdb(cmd, 5, TH_FIELD_WHOLE_BYTE);
    }
    th_put16(buf + 2, n);
    return th_reply_done(cmd, HEADER_BYTES + n, th_get16(cmd->cdb + 7));
}

/* --------------------------------------------------------------------------------------
 * LOG SELECT: resets counters, and sets nothing.
 */
enum th_next th_log_select_run(struct th_cmd *cmd)
{
    struct th_lu *lu = cmd->lu;
    unsigned code = cmd->cdb[2] & 0x3f;
    const struct log_page *page = find(lu, code);

    if (th_get16(cmd->cdb + 7) != 0)
        return th_check_cdb(cmd, 7, TH_FIELD_WHOLE_BYTE);
    if (!(cmd->cdb[1] & PCR))
        return th_good(cmd);
    if (code != 0 && (!page || !page->counts))
        return th_check_cdb(cmd, 2, 5);

    struct thimble_health h = { .counted = false };
    (void)health_of(lu, &h);
    if (code == 0x02 || code == 0) {
        lu->log.writes.bytes = lu->log.writes.errors = 0;
        lu->log.writes_reset = h.writes;
    }
    if (code == 0x03 || code == 0) {
        lu->log.reads.bytes = lu->log.reads.errors = 0;
        lu->log.reads_reset = h.reads;
    }
    if (code == 0x05 || code == 0)
        lu->log.verifies.bytes = lu->log.verifies.errors = 0;
    if (code == 0x19 || code == 0)
        lu->log.reads.commands = lu->log.reads.blocks = lu->log.writes.commands = lu->log.writes.blocks = 0;
    th_scsi_ua(lu, TH_UA_LOG_CHANGED, cmd->nexus);
    return th_good(cmd);
}

/* --------------------------------------------------------------------------------------
 * Counting
 */
static bool is_read(const struct th_cmd *cmd)
{
    return cmd->cdb[0] == 0x7f ? cmd->cdb[9] == 0x09 : (cmd->cdb[0] & 0x1f) == 0x08;
}

/* What reads and is no READ compares. */
static struct th_log_counter *counter_of(const struct th_cmd *cmd, bool writing)
{
    struct th_log *log = &cmd->lu->log;

    return writing ? &log->writes : is_read(cmd) ? &log->reads : &log->verifies;
}

void th_log_command(struct th_cmd *cmd, bool writing)
{
    counter_of(cmd, writing)->commands++;
}

void th_log_data(struct th_cmd *cmd, bool writing, uint32_t n_blocks)
{
    struct th_log_counter *c = counter_of(cmd, writing);

    c->blocks += n_blocks;
    c->bytes += (uint64_t)n_blocks << cmd->lu->block->block_shift;
}

void th_log_error(struct th_cmd *cmd, bool writing)
{
    counter_of(cmd, writing)->errors++;
}

#endif
