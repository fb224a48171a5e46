/* SPDX-License-Identifier: MIT
 *
 * fuzz_disk.c: three initiators, three disks, and a model of what the disks must hold.
 *
 * Whatever commands come, however their data are cut, whatever the disks do meanwhile: a command that is answered GOOD did what it
 * says; what is read is what was written; nothing else has changed; after a loss of power, what was flushed is there; nothing that
 * was meant for a medium reaches the one that came after it; a command that meets no trouble does not fail.
 *
 * The model is a list of changes for each disk, with the times at which they began and ended.  Bytes may be those of a change
 * unless another one that was answered GOOD began after its end: that lets commands that overlap be done in any order, and
 * those that failed be done in part.  After a loss of power only changes count that were flushed.  Commands whose effect
 * depends on what was there (COMPARE AND WRITE, ORWRITE, copies) are not mixed with others on the same blocks.
 *
 * The input is a sequence of steps, see step().  Where it ends, zeros follow.  Under the units stand
 *
 *     0   512-byte blocks    a cache with late writes, a delay, a bottom with a volatile cache; can be taken out
 *     1   4096-byte blocks   a delay, a bottom with a volatile cache; changes its size
 *     2   512-byte blocks    a delay, a bottom where writes are durable; can be taken out
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "hosts.h"
#include "iscsi/pdu.h"
#include "leak.h"
#include "scsi/sense.h"

enum { UNITS = 3, UNIT_MAX = 1 << 15, CHANGES = 64, RANGES = 4, TOKENS = 2 };

static struct input {
    const uint8_t *at;
    size_t left;
} input;

static uint8_t next_byte(void)
{
    if (input.left == 0)
        return 0;
    input.left--;
    return *input.at++;
}

static void must(bool condition, const char *what)
{
    if (!condition)
        hosts_fail(what);
}

/* ------------------------------------------------------------------------------------
 * The bottom: a disk with a cache of its own, that fails, loses power, and can be taken out
 */
struct bottom {
    struct thimble_block block;
    uint8_t *now, *durable;
    bool    now_mapped[64], durable_mapped[64];
    bool    gone;
    bool    flush_failed;               /* if for a READ with FUA, the next flush for who wrote fails, too */
    uint8_t fail_in, fail_how;          /* calls until one fails; 0: none does */
};

static uint32_t chance;

static uint32_t random_bits(void)
{
    chance = chance * 1664525 + 1013904223;
    return chance >> 16;
}

static uint32_t troubles;               /* so far: whatever excuses a command that fails */

static struct bottom *bottom_of(struct thimble_block *b)
{
    return (struct bottom *)b;
}

/* How many blocks of the call are done, and its result. */
static int meet(struct bottom *d, uint64_t lba, uint32_t *n_blocks, bool writes)
{
    if (d->gone) {
        troubles++;
        *n_blocks = 0;
        return THIMBLE_ERR_NO_MEDIUM;
    }
    if (!th_range_ok(lba, *n_blocks, d->block.size_blocks)) {   /* it has shrunk meanwhile */
        must(troubles > 0, "a disk is asked for blocks that are not there");
        *n_blocks = 0;
        return THIMBLE_ERR_IO;
    }
    if (d->fail_in == 0 || --d->fail_in > 0)
        return THIMBLE_OK;
    troubles++;
    *n_blocks = d->fail_how & 1 ? *n_blocks / 2 : 0;
    return d->fail_how & 2 && writes ? THIMBLE_ERR_NO_SPACE : d->fail_how & 4 ? THIMBLE_ERR_HARDWARE : THIMBLE_ERR_IO;
}

static void put_blocks(struct bottom *d, uint64_t lba, uint32_t n_blocks, const uint8_t *data)
{
    unsigned shift = d->block.block_shift;

    for (uint32_t i = 0; i < n_blocks; i++) {
        size_t at = (size_t)(lba + i) << shift, n = (size_t)1 << shift;
        if ((random_bits() & 3) == 0) {         /* the medium took its time for the last one */
            memcpy(d->durable + at, d->now + at, n);
            d->durable_mapped[lba + i] = d->now_mapped[lba + i];
        }
        if (data)
            memcpy(d->now + at, data + ((size_t)i << shift), n);
        else
            memset(d->now + at, 0, n);
        d->now_mapped[lba + i] = data != NULL;
        if (!d->block.flush) {
            memcpy(d->durable + at, d->now + at, n);
            d->durable_mapped[lba + i] = data != NULL;
        }
    }
}

static int bottom_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf, struct thimble_io *io)
{
    struct bottom *d = bottom_of(b);
    int result = meet(d, lba, &n_blocks, false);

    (void)io;
    memcpy(buf, d->now + ((size_t)lba << b->block_shift), (size_t)n_blocks << b->block_shift);
    return result;
}

static int bottom_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, const void *buf, struct thimble_io *io)
{
    int result = meet(bottom_of(b), lba, &n_blocks, true);

    (void)io;
    put_blocks(bottom_of(b), lba, n_blocks, buf);
    return result;
}

static int bottom_zero(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, struct thimble_io *io)
{
    int result = meet(bottom_of(b), lba, &n_blocks, true);

    (void)io;
    put_blocks(bottom_of(b), lba, n_blocks, NULL);
    return result;
}

static int bottom_flush(struct thimble_block *b, struct thimble_io *io)
{
    struct bottom *d = bottom_of(b);
    uint32_t none = 0;
    int result = meet(d, 0, &none, false);

    (void)io;
    if (result == THIMBLE_OK) {
        memcpy(d->durable, d->now, UNIT_MAX);
        memcpy(d->durable_mapped, d->now_mapped, sizeof d->now_mapped);
    } else {
        d->flush_failed = true;
    }
    return result;
}

static uint32_t bottom_extent(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, bool *mapped)
{
    const struct bottom *d = bottom_of(b);
    uint32_t n = 1;

    must(n_blocks > 0 && th_range_ok(lba, n_blocks, b->size_blocks), "extents that are not there");
    *mapped = d->now_mapped[lba];
    while (n < n_blocks && d->now_mapped[lba + n] == *mapped)
        n++;
    return n;
}

static int bottom_ready(struct thimble_block *b)
{
    return bottom_of(b)->gone ? THIMBLE_ERR_NO_MEDIUM : THIMBLE_OK;
}

static void lose_power(struct bottom *d)
{
    unsigned shift = d->block.block_shift;

    for (uint32_t i = 0; i < UNIT_MAX >> shift && i < 64; i++) {
        size_t at = (size_t)i << shift, n = (size_t)1 << shift;
        if (random_bits() & 1) {
            memcpy(d->durable + at, d->now + at, n);
            d->durable_mapped[i] = d->now_mapped[i];
        }
    }
    memcpy(d->now, d->durable, UNIT_MAX);
    memcpy(d->now_mapped, d->durable_mapped, sizeof d->now_mapped);
}

/* ------------------------------------------------------------------------------------
 * The model
 */
struct change {
    bool     used, active, good, wild;  /* wild: unless it is good, any bytes may be there */
    uint32_t at, len;                   /* in bytes of the unit */
    uint32_t began, ended, durable;     /* durable 0: not known to be */
    const struct order *by;             /* while it is active; NULL: its session is gone, disks may still work for it */
    uint8_t *data;
};

struct unit {
    struct bottom bottom;
    struct thimble_delay_disk delay;
    struct thimble_cache_disk cache;
    uint8_t  now[UNIT_MAX], durable[UNIT_MAX];
    uint8_t  cache_mem[8 * 4 * 512];
    struct thimble_cache_line cache_lines[8];
    struct thimble_block *top;
    uint32_t n_bytes;                   /* all that there can be */
    unsigned shift;
    bool     write_through, spoiled;    /* a format or sanitize operation has failed */
    uint8_t  naa[16];

    uint8_t  base[UNIT_MAX];            /* durable, before all changes */
    struct change changes[CHANGES];
};

enum kind { ASKS, READS, WRITES, COMPARES, DEPENDS, FLUSHES, WHOLE };
enum wanted { WANT_GOOD, WANT_MISCOMPARE, WANT_REFUSED, WANT_ANYTHING };

struct range {
    uint8_t  unit;
    bool     written;
    uint32_t at, len;
};

/* What the model knows of a command. */
struct order {
    enum kind kind;
    enum wanted wanted;
    uint32_t offset;                    /* WANT_MISCOMPARE: where */
    uint8_t  unit;
    bool     durable, mode_through;     /* MODE SELECT: WCE is cleared */
    bool     is_mode, swapped;          /* swapped: its medium was taken out */
    uint32_t began, troubles;
    unsigned n_ranges;
    struct range ranges[2 * RANGES];
    int      token;                     /* POPULATE TOKEN: which; -1 */
};

/* What a token stands for. */
struct token {
    bool     made, known;               /* known: bytes[] was fetched */
    uint8_t  unit, host;
    uint32_t list_id, n_bytes, number;  /* number: of changes before it */
    uint8_t  bytes[512];
    uint8_t *data;
    unsigned n_ranges;
    struct range ranges[RANGES];
    bool     revoked, doubtful;         /* doubtful: perhaps revoked */
};

static struct unit units[UNITS];
static struct order orders[HOSTS][HOST_QUEUE];
static struct token tokens[TOKENS];
static uint32_t now;
static uint32_t now_ms;

static struct order *order_of(const struct exchange *x)
{
    return &orders[x->host][x - hosts.host[x->host].exchanges];
}

static bool overlap(uint32_t a, uint32_t n_a, uint32_t b, uint32_t n_b)
{
    return n_a > 0 && n_b > 0 && a < b + n_b && b < a + n_a;
}

static void drop_change(struct change *c)
{
    free(c->data);
    memset(c, 0, sizeof *c);
}

static struct change *add_change(unsigned unit, uint32_t at, uint32_t len, const uint8_t *data, const struct order *by)
{
    struct change *c = units[unit].changes;

    while (c < units[unit].changes + CHANGES && c->used)
        c++;
    must(c < units[unit].changes + CHANGES, "(the model has no room for a change)");
    *c = (struct change){ .used = true, .active = true, .at = at, .len = len, .began = now, .by = by };
    c->data = malloc(len ? len : 1);
    if (data)
        memcpy(c->data, data, len);
    else
        memset(c->data, 0, len);
    return c;
}

/* Tokens of these blocks are void; or, if not `surely`, may be. */
static void revoke(unsigned unit, uint32_t at, uint32_t len, bool surely)
{
    for (struct token *t = tokens; t < tokens + TOKENS; t++)
        for (unsigned i = 0; i < t->n_ranges; i++)
            if (t->unit == unit && overlap(t->ranges[i].at, t->ranges[i].len, at, len)) {
                t->doubtful = true;
                t->revoked |= surely;
            }
}

static void end_change(struct change *c, bool good, bool durable)
{
    c->active = false;
    c->good = good;
    c->ended = now;
    c->durable = good && durable ? now : 0;
    c->by = NULL;
}

/* For a reader that began at `from`, c counts no more at byte `at`: another one came after it. */
static bool superseded(const struct unit *u, const struct change *c, uint32_t at, uint32_t from, bool after_loss)
{
    uint32_t ended = c ? c->ended : 0;

    if (c && c->active)
        return false;
    for (const struct change *d = u->changes; d < u->changes + CHANGES; d++)
        if (d->used && d->good && d != c && at - d->at < d->len && d->began > ended &&
            (after_loss ? d->durable != 0 : d->ended < from))
            return true;
    return false;
}

static void dump(const struct unit *u, uint32_t at, uint8_t byte, uint32_t from)
{
    fprintf(stderr, "unit %d byte %u (block %u) is %02x at time %u for who began at %u; base %02x\n", (int)(u - units), (unsigned)at,
            (unsigned)(at >> u->shift), byte, (unsigned)now, (unsigned)from, u->base[at]);
    for (const struct change *c = u->changes; c < u->changes + CHANGES; c++)
        if (c->used && at - c->at < c->len)
            fprintf(stderr, "  change [%u, %u) began %u ended %u%s%s durable %u: %02x\n", (unsigned)c->at, (unsigned)(c->at + c->len),
                    (unsigned)c->began, (unsigned)c->ended, c->active ? " active" : "", c->good ? " good" : "", (unsigned)c->durable,
                    c->data[at - c->at]);
}

/* Where, from `at` on and before `end`, the first change begins or ends. */
static uint32_t next_edge(const struct unit *u, uint32_t at, uint32_t end)
{
    for (const struct change *c = u->changes; c < u->changes + CHANGES; c++) {
        if (c->used && c->at > at && c->at < end)
            end = c->at;
        if (c->used && c->at + c->len > at && c->at + c->len < end)
            end = c->at + c->len;
    }
    return end;
}

/* Bytes that the same changes are about: `bytes` are theirs. */
static void check_run(const struct unit *u, uint32_t at, const uint8_t *bytes, uint32_t len, uint32_t from, bool after_loss)
{
    const uint8_t *may_be[CHANGES + 1];
    unsigned n = 0;

    if (!superseded(u, NULL, at, from, after_loss))
        may_be[n++] = u->base + at;
    for (const struct change *c = u->changes; c < u->changes + CHANGES; c++) {
        if (!c->used || at - c->at >= c->len || superseded(u, c, at, from, after_loss))
            continue;
        if (c->wild && !c->good)
            return;
        may_be[n++] = c->data + (at - c->at);
    }
    for (unsigned k = 0; k < n; k++)
        if (memcmp(may_be[k], bytes, len) == 0)
            return;
    for (uint32_t i = 0; i < len; i++) {
        unsigned k = 0;
        while (k < n && may_be[k][i] != bytes[i])
            k++;
        if (k < n)
            continue;
        dump(u, at + i, bytes[i], from);
        hosts_fail(after_loss ? "what was flushed is not there after a loss of power" : "what is read is not what was written");
    }
}

static void check_bytes(unsigned unit, uint32_t at, const uint8_t *bytes, uint32_t len, uint32_t from, bool after_loss)
{
    const struct unit *u = &units[unit];

    for (uint32_t end = at + len; at < end;) {
        uint32_t next = next_edge(u, at, end);
        check_run(u, at, bytes, next - at, from, after_loss);
        bytes += next - at;
        at = next;
    }
}

/* ------------------------------------------------------------------------------------
 * How commands end
 */
static void judge(const struct exchange *x, const struct order *o)
{
    uint32_t key = x->sense >> 16;
    bool excused = o->troubles != troubles || key == TH_KEY_UNIT_ATTENTION || units[o->unit].spoiled || o->swapped ||
                   x->status == 0x08 || x->status == 0x28 || x->status == 0x40;

    for (unsigned i = 0; i < UNITS; i++)
        excused |= units[i].bottom.gone;
    if ((o->durable || o->mode_through || o->kind == FLUSHES) &&
        (units[0].cache.late_errors > 0 || units[0].cache.lost_blocks > 0 || units[o->unit].bottom.flush_failed))
        excused = true;                 /* a flush fails for what came before */
    if (x->sense == TH_SENSE_SANITIZE_IN_PROGRESS || x->sense == TH_SENSE_SANITIZE_FAILED)
        excused = true;                 /* it goes on, though its command was aborted */
    if (x->status == 0x02 && x->sense == 0)
        hosts_fail("CHECK CONDITION without sense data");
    if (o->wanted == WANT_ANYTHING || excused)
        return;
    if (o->wanted == WANT_GOOD && x->status != 0) {
        fprintf(stderr, "CDB %02x %02x ...: status %02x sense %06x\n", x->cdb[0], x->cdb[1], x->status, (unsigned)x->sense);
        hosts_fail("a command failed without reason");
    }
    must(o->wanted != WANT_REFUSED || x->status != 0, "a command was not refused");
    if (o->wanted == WANT_MISCOMPARE) {
        must(key == 0x0e, "a difference was not found");
        if (x->information != o->offset)
            fprintf(stderr, "CDB %02x: said %u, is %u\n", x->cdb[0], (unsigned)x->information, (unsigned)o->offset);
        must(x->information == o->offset, "a difference was found elsewhere");
    }
}

/* The command had no effect: it was refused. */
static bool was_refused(const struct exchange *x)
{
    uint32_t key = x->sense >> 16;
    bool check = x->status == 0x02;

    if (x->cdb[0] == 0x83 && x->cdb[1] == 0x11)
        return false;                   /* a token may be revoked on the way */
    return x->status == 0x08 || x->status == 0x28 || x->status == 0x18 ||
           (check && (key == TH_KEY_UNIT_ATTENTION || key == TH_KEY_ILLEGAL_REQUEST)) || (check && key == 0x0e && x->cdb[0] == 0x89);
}

static void flushed(unsigned unit, uint32_t began)
{
    struct unit *u = &units[unit];

    for (struct change *c = u->changes; c < u->changes + CHANGES; c++)
        if (c->used && c->good && !c->durable && c->ended < began)
            c->durable = now;
}

static void ended(struct exchange *x)
{
    struct order *o = order_of(x);
    bool answered = x->state == EXCHANGE_ANSWERED;
    bool good = answered && x->status == 0;

    now++;
    if (answered)
        judge(x, o);
    if (good && o->kind == READS && !o->swapped) {
        const struct range *r = &o->ranges[0];
        must(x->got_bytes == r->len, "a READ is GOOD and short");
        check_bytes(r->unit, r->at, x->in, r->len, o->began, false);
    }
    if (good && o->kind == FLUSHES && !o->swapped)
        flushed(o->unit, o->began);
    if (good && o->is_mode)
        units[o->unit].write_through = o->mode_through;
    if (o->kind == WHOLE && !o->is_mode && answered && !was_refused(x))
        units[o->unit].spoiled = !good;
    if (o->token >= 0)
        tokens[o->token].made = good;
    for (unsigned i = 0; i < UNITS; i++)
        for (struct change *c = units[i].changes; c < units[i].changes + CHANGES; c++) {
            if (!c->used || c->by != o)
                continue;
            if (!answered && hosts.host[x->host].conn == NULL)
                c->by = NULL;           /* a disk may still be at work for it: see zombies_end() */
            else if (answered && was_refused(x))
                drop_change(c);
            else
                end_change(c, good, o->durable);
            if (good)
                revoke(i, c->at, c->len, true);
        }
    x->state = EXCHANGE_FREE;
}

/* Changes of sessions that are gone have ended when no disk is at work. */
static void zombies_end(void)
{
    for (unsigned i = 0; i < UNITS; i++)
        if (units[i].delay.waiting > 0)
            return;
    now++;
    for (unsigned i = 0; i < UNITS; i++)
        for (struct change *c = units[i].changes; c < units[i].changes + CHANGES; c++)
            if (c->used && c->active && !c->by)
                end_change(c, false, false);
}

/* ------------------------------------------------------------------------------------
 * The world
 */
static uint64_t memory[1 << 15];

static void on_wake(void *ctx, struct thimble_conn *c, void *port_conn)
{
    (void)ctx, (void)c, (void)port_conn;
}

static size_t on_portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    (void)ctx, (void)port_conn;
    return index == 0 ? (size_t)snprintf(text, size, "192.0.2.1:3260") : 0;
}

static bool on_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)random_bits();
    return true;
}

static const char *const keys[] = {
    "InitialR2T=No\0MaxBurstLength=8192\0FirstBurstLength=4096\0",
    "InitialR2T=No\0ImmediateData=No\0MaxBurstLength=1024\0FirstBurstLength=512\0",
    "ImmediateData=No\0MaxBurstLength=8192\0FirstBurstLength=4096\0",
    "MaxBurstLength=1024\0FirstBurstLength=512\0",
};
static const char *const names[HOSTS] = {
    "iqn.1994-05.example:a", "iqn.1994-05.example:b", "iqn.1994-05.example:c"
};

static void make_bottom(struct unit *u, unsigned i)
{
    struct bottom *d = &u->bottom;

    u->shift = i == 1 ? 12 : 9;
    u->n_bytes = i == 1 ? 8u << 12 : 64u << 9;
    *d = (struct bottom){
        .block = {
            .size_blocks = u->n_bytes >> u->shift, .block_shift = (uint8_t)u->shift, .removable = i != 1,
            .atomic_blocks = i == 1 ? 1 : 8, .read = bottom_read, .write = bottom_write, .ready = bottom_ready,
            .flush = i < 2 ? bottom_flush : NULL, .unmap = i < 2 ? bottom_zero : NULL,
            .write_zeroes = i == 1 ? bottom_zero : NULL, .extent = i < 2 ? bottom_extent : NULL,
        },
        .now = u->now, .durable = u->durable,
    };
}

static void fill_medium(struct unit *u, uint8_t seed)
{
    struct bottom *d = &u->bottom;

    for (uint32_t i = 0; i < u->n_bytes; i++)
        u->now[i] = (uint8_t)(seed + (i >> 9) * 7 + i);
    memcpy(u->durable, u->now, UNIT_MAX);
    memcpy(u->base, u->now, UNIT_MAX);
    memset(d->now_mapped, true, sizeof d->now_mapped);
    memset(d->durable_mapped, true, sizeof d->durable_mapped);
}

/* What is above the bottoms, and an engine without sessions: as after a start. */
static void make_engine(void)
{
    static const struct thimble_crypto crypto = { .random = on_random };
    static const struct thimble_config config = {
        .n_connections = HOSTS + 2, .n_sessions = HOSTS + 2, .queue_depth = HOST_QUEUE, .n_buffers = 3, .buffer_bytes = 4096,
        .n_parameter_buffers = 2, .parameter_bytes = 16384, .n_luns = UNITS, .max_burst_bytes = 8192,
        .first_burst_bytes = 4096, .wake = on_wake, .portal = on_portal, .crypto = &crypto,
    };
    static const struct thimble_target_config target = { .name = HOSTS_TARGET };

    must(thimble_memory_bytes(&config) <= sizeof memory, "(the memory is too small)");
    must(thimble_init(&hosts.engine, memory, sizeof memory, &config) == THIMBLE_OK, "thimble_init()");
    must(thimble_target_add(hosts.engine, &target) == 0, "thimble_target_add()");
    for (unsigned i = 0; i < UNITS; i++) {
        struct unit *u = &units[i];
        struct thimble_cache_config cache = {
            .data = u->cache_mem, .lines = u->cache_lines, .n_lines = 8, .line_blocks = 4, .ahead_lines = 2, .dirty_lines = 4,
            .straight_blocks = 8,
        };
        thimble_delay_disk_init(&u->delay, &u->bottom.block);
        u->top = &u->delay.block;
        if (i == 0) {
            must(thimble_cache_disk_init(&u->cache, &u->delay.block, &cache) == THIMBLE_OK, "thimble_cache_disk_init()");
            u->top = &u->cache.block;
        }
        struct thimble_lun_config lun = { .block = u->top, .lun = (uint16_t)i };
        must(thimble_lun_add(hosts.engine, 0, &lun) == THIMBLE_OK, "thimble_lun_add()");
        u->write_through = u->spoiled = u->bottom.flush_failed = false;
    }
    for (struct token *t = tokens; t < tokens + TOKENS; t++) {
        free(t->data);
        memset(t, 0, sizeof *t);
    }
    thimble_tick(hosts.engine, now_ms);
}

static bool disks_run(uint32_t max)
{
    bool moved = false;

    for (unsigned i = 0; i < UNITS; i++)
        moved |= thimble_delay_disk_run(&units[i].delay, max) > 0;
    return moved;
}

/* Everything comes to its end. */
static void settle(void)
{
    for (unsigned idle = 0; idle < 4000;) {
        bool moved = hosts_move();
        for (unsigned h = 0; h < HOSTS; h++)
            for (unsigned k = 0; k < HOST_QUEUE; k++)
                moved |= hosts_data(&hosts.host[h].exchanges[k]);
        moved |= disks_run(1);
        if (!moved && !hosts_busy()) {
            zombies_end();
            return;
        }
        idle = moved ? 0 : idle + 1;
        thimble_tick(hosts.engine, now_ms);     /* FORMAT UNIT, SANITIZE */
    }
    hosts_fail("a command is never answered");
}

static void log_in(unsigned host, unsigned how)
{
    hosts_log_in(host, names[host], 0, keys[how % 4]);
    for (unsigned i = 0; !hosts.host[host].logged_in; i++) {
        must(i < 1000, "a login is not answered");
        if (!hosts_move() && !disks_run(1))
            thimble_tick(hosts.engine, now_ms);
    }
}

/* ------------------------------------------------------------------------------------
 * Commands without troubles, of the model itself
 */
static struct exchange *ask(unsigned host, unsigned unit)
{
    struct exchange *x = hosts_new(host);

    if (!x)
        return NULL;
    struct order *o = order_of(x);
    *o = (struct order){ .kind = ASKS, .wanted = WANT_ANYTHING, .unit = (uint8_t)unit, .began = now, .troubles = troubles,
                         .token = -1 };
    x->lun = (uint8_t)unit;
    return x;
}

/* Runs it, again if there is a unit attention.  The outcome stays in x until the next command. */
static struct exchange *run_now(unsigned unit, const uint8_t cdb[16], uint32_t in_bytes)
{
    for (unsigned tries = 0; tries < 40; tries++) {
        struct exchange *x = ask(0, unit);
        if (!x) {
            settle();
            x = ask(0, unit);
        }
        must(x != NULL, "(no exchange is free)");
        memcpy(x->cdb, cdb, 16);
        x->n_bytes = in_bytes;
        now++;
        hosts_start(x);
        for (unsigned turns = 0; turns < 100 && x->state == EXCHANGE_OPEN; turns++)
            if (!hosts_move())
                disks_run(1);
        if (x->state == EXCHANGE_OPEN)
            settle();                   /* it waits for others */
        bool later = x->sense == TH_SENSE_FORMAT_IN_PROGRESS || x->sense == TH_SENSE_SANITIZE_IN_PROGRESS;
        if (later)
            settle();
        if (!x->gone && !later && x->sense >> 16 != TH_KEY_UNIT_ATTENTION)
            return x;
    }
    hosts_fail("unit attentions without end");
}

static void no_faults(void)
{
    for (unsigned i = 0; i < UNITS; i++)
        units[i].bottom.fail_in = 0;
}

/* A unit that FORMAT UNIT or SANITIZE has spoiled becomes zeros. */
static void mend(unsigned unit)
{
    static const uint8_t are_you_ready[16] = { 0 }, erase[16] = { 0x48, 0x02 };
    struct unit *u = &units[unit];
    struct exchange *x = run_now(unit, are_you_ready, 0);

    if (x->sense != TH_SENSE_FORMAT_CORRUPTED && x->sense != TH_SENSE_SANITIZE_FAILED)
        return;
    settle();
    x = run_now(unit, erase, 0);
    if (x->status != 0 && (u->cache.late_errors > 0 || u->cache.lost_blocks > 0)) {
        settle();                       /* its flush was told of writes that were lost before */
        x = run_now(unit, erase, 0);
    }
    if (x->status != 0)
        fprintf(stderr, "status %02x sense %06x\n", x->status, (unsigned)x->sense);
    must(x->status == 0, "SANITIZE fails without reason");
    for (struct change *c = u->changes; c < u->changes + CHANGES; c++)
        drop_change(c);
    memset(u->base, 0, UNIT_MAX);
    u->spoiled = false;
}

/* What is on the unit, as all its initiators see it: checked, and then known.  Nothing else is under way. */
static void look(unsigned unit, uint32_t at, uint32_t len, uint8_t *bytes, bool after_loss)
{
    struct unit *u = &units[unit];

    if (!after_loss)
        mend(unit);
    for (uint32_t done = 0; done < len;) {
        uint8_t cdb[16] = { 0x28 };
        uint32_t n = th_min32(len - done, 8192);
        th_put32(cdb + 2, (at + done) >> u->shift);
        cdb[8] = (uint8_t)(n >> u->shift);
        struct exchange *x = run_now(unit, cdb, n);
        if (x->status != 0)
            fprintf(stderr, "unit %u at %u: status %02x sense %06x\n", unit, (unsigned)at, x->status, (unsigned)x->sense);
        must(x->status == 0 && x->got_bytes == n, "a READ fails without reason");
        check_bytes(unit, at + done, x->in, n, now + 1, after_loss);
        memcpy(bytes + done, x->in, n);
        done += n;
    }
    if (after_loss)
        return;
    now++;
    end_change(add_change(unit, at, len, bytes, NULL), true, false);
    now++;
}

static uint32_t size_of(unsigned unit)
{
    return (uint32_t)(units[unit].bottom.block.size_blocks << units[unit].shift);
}

/* All of a unit is looked at, flushed, and becomes its base. */
static void start_anew(unsigned unit)
{
    static const uint8_t flush[16] = { 0x35 };
    static uint8_t bytes[UNIT_MAX];
    struct unit *u = &units[unit];

    no_faults();
    settle();
    look(unit, 0, size_of(unit), bytes, false);
    struct exchange *x = run_now(unit, flush, 0);
    must(x->status == 0 || u->cache.late_errors > 0 || u->cache.lost_blocks > 0 || u->bottom.flush_failed,
         "SYNCHRONIZE CACHE fails without reason");
    u->bottom.flush_failed = false;
    if (x->status != 0)
        must(run_now(unit, flush, 0)->status == 0, "SYNCHRONIZE CACHE fails again without reason");
    for (struct change *c = u->changes; c < u->changes + CHANGES; c++)
        drop_change(c);
    memcpy(u->base, bytes, size_of(unit));
    memset(u->base + size_of(unit), 0, UNIT_MAX - size_of(unit));
}

static void step_medium(unsigned unit, uint8_t how);

static void make_room(unsigned unit)
{
    unsigned n = 0;

    for (unsigned i = 0; i < CHANGES; i++)
        n += units[unit].changes[i].used;
    if (n > CHANGES - 20 && units[unit].bottom.gone)
        step_medium(unit, 3);           /* with another one, all is new */
    else if (n > CHANGES - 20)
        start_anew(unit);
}

/* ------------------------------------------------------------------------------------
 * Commands
 */
static void touch(struct order *o, unsigned unit, uint32_t at, uint32_t len, bool written)
{
    o->ranges[o->n_ranges++] = (struct range){ .unit = (uint8_t)unit, .written = written, .at = at, .len = len };
}

static bool conflicts(const struct order *a, const struct order *b)
{
    bool simple = (a->kind == READS || a->kind == WRITES) && (b->kind == READS || b->kind == WRITES);

    bool whole = a->kind == WHOLE || b->kind == WHOLE;

    if (whole && a->unit == b->unit)
        return true;
    for (unsigned i = 0; i < a->n_ranges && !simple; i++)
        for (unsigned k = 0; k < b->n_ranges; k++)
            if (a->ranges[i].unit == b->ranges[k].unit &&
                (whole || ((a->ranges[i].written || b->ranges[k].written) &&
                           overlap(a->ranges[i].at, a->ranges[i].len, b->ranges[k].at, b->ranges[k].len))))
                return true;
    return false;
}

/* What must not be mixed with o comes to its end, what o depends on is known. */
static void prepare(const struct order *o)
{
    bool clash = false;

    for (unsigned h = 0; h < HOSTS; h++)
        for (unsigned k = 0; k < HOST_QUEUE; k++)
            if (hosts.host[h].exchanges[k].state == EXCHANGE_OPEN)
                clash |= conflicts(o, &orders[h][k]);
    for (unsigned i = 0; i < o->n_ranges && o->kind > WRITES; i++)
        for (const struct change *c = units[o->ranges[i].unit].changes; c < units[o->ranges[i].unit].changes + CHANGES; c++)
            clash |= c->used && c->active && !c->by;
    if (clash)
        settle();
}

/* A range of blocks, as the input says; mostly on the disk. */
static struct range some_blocks(unsigned unit, unsigned max_blocks)
{
    unsigned shift = units[unit].shift;
    uint32_t n_disk = size_of(unit) >> shift;
    uint32_t lba = next_byte() % n_disk, n = next_byte() % (max_blocks + 1);

    if (n > n_disk - lba)
        n = n_disk - lba;
    return (struct range){ .unit = (uint8_t)unit, .at = lba << shift, .len = n << shift };
}

static void some_data(uint8_t *p, uint32_t len)
{
    uint8_t seed = next_byte();
    static uint8_t turn;

    turn++;
    for (uint32_t i = 0; i < len; i++)
        p[i] = seed == 0 ? 0 : (uint8_t)(seed * 31 + turn * 97 + i * 13 + (i >> 9) * 29);
}

/* The longest CDB is chosen by `size`: 6, 10, 12, 16 or 32 bytes. */
static void put_cdb(struct exchange *x, const uint8_t opcodes[5], unsigned size, uint32_t lba, uint32_t n, uint8_t flags)
{
    while (opcodes[size % 5] == 0xff)
        size++;
    x->cdb[0] = opcodes[size % 5];
    x->cdb[1] = flags;
    switch (size % 5) {
    case 0:
        x->cdb[1] = 0;
        th_put16(x->cdb + 2, lba);
        x->cdb[4] = (uint8_t)n;
        break;
    case 1:
        th_put32(x->cdb + 2, lba);
        th_put16(x->cdb + 7, n);
        break;
    case 2:
        th_put32(x->cdb + 2, lba);
        th_put32(x->cdb + 6, n);
        break;
    case 3:
        th_put64(x->cdb + 2, lba);
        th_put32(x->cdb + 10, n);
        break;
    default:
        x->cdb[0] = 0x7f;
        x->cdb[1] = 0;
        x->cdb[7] = 0x18;
        x->cdb[9] = opcodes[4];
        x->cdb[10] = flags;
        th_put64(x->cdb + 12, lba);
        th_put32(x->cdb + 28, n);
        x->is_long = true;
        break;
    }
}

static struct exchange *new_order(unsigned host, unsigned unit, enum kind kind, struct order **o)
{
    struct exchange *x = ask(host, unit);

    if (!x)
        return NULL;
    *o = order_of(x);
    (*o)->kind = kind;
    (*o)->wanted = WANT_GOOD;
    uint8_t how = next_byte();
    x->piece_bytes = (how & 7) == 0 ? 0 : (how & 7) == 1 ? 100 : (how & 7u) * 256;
    x->immediate_bytes = how & 8 ? UINT32_MAX : (how >> 4) * 64u;
    x->unsolicited = how & 0x10;
    return x;
}

static void start(struct exchange *x, struct order *o)
{
    o->began = ++now;
    o->troubles = troubles;
    now++;
    hosts_start(x);
}

static void start_changing(struct exchange *x, struct order *o, const uint8_t *data)
{
    o->began = ++now;
    o->troubles = troubles;
    for (unsigned i = 0; i < o->n_ranges; i++)
        if (o->ranges[i].written && o->ranges[i].len > 0) {
            add_change(o->ranges[i].unit, o->ranges[i].at, o->ranges[i].len, data, o);
            revoke(o->ranges[i].unit, o->ranges[i].at, o->ranges[i].len, false);
            data = data ? data + o->ranges[i].len : NULL;
        }
    now++;
    hosts_start(x);
}

static bool always_durable(unsigned unit)
{
    return !units[unit].bottom.block.flush || units[unit].write_through;
}

static void order_read(unsigned host, unsigned unit)
{
    static const uint8_t opcodes[5] = { 0x08, 0x28, 0xa8, 0x88, 0x09 };
    struct order *o;
    struct exchange *x = new_order(host, unit, READS, &o);

    if (!x)
        return;
    struct range r = some_blocks(unit, 16);
    uint8_t how = next_byte();
    unsigned size = r.len == 0 && how % 5 == 0 ? 1 : how;
    put_cdb(x, opcodes, size, r.at >> units[unit].shift, r.len >> units[unit].shift, how & 0x80 ? 0x08 : 0);
    x->n_bytes = r.len;
    o->durable = how & 0x80;            /* FUA: it flushes first */
    touch(o, unit, r.at, r.len, false);
    prepare(o);
    start(x, o);
}

static void order_write(unsigned host, unsigned unit)
{
    static const uint8_t opcodes[5] = { 0x0a, 0x2a, 0xaa, 0x8a, 0x0b }, verifying[5] = { 0xff, 0x2e, 0xae, 0x8e, 0x0c };
    struct order *o;
    struct exchange *x = new_order(host, unit, WRITES, &o);

    if (!x)
        return;
    struct range r = some_blocks(unit, unit == 1 ? 5 : 24);
    uint8_t how = next_byte();
    bool verify = how & 0x40;
    unsigned size = (how & 0x3f) % 5;
    if (r.len == 0 && size == 0)
        size = 1;                       /* WRITE(6) of no blocks is one of 256 */
    bool fua = how & 0x80 && size != 0;
    put_cdb(x, verify ? verifying : opcodes, size, r.at >> units[unit].shift, r.len >> units[unit].shift,
            verify ? (how & 0x80 ? 0x02 : 0) : fua ? 0x08 : 0);
    some_data(x->out, r.len);
    x->n_bytes = r.len;
    x->write = true;
    o->durable = always_durable(unit) || fua || verify;
    touch(o, unit, r.at, r.len, true);
    prepare(o);
    start_changing(x, o, x->out);
}

static void order_same(unsigned host, unsigned unit)
{
    static const uint8_t opcodes[5] = { 0xff, 0x41, 0xff, 0x93, 0x0d };
    struct order *o;
    struct exchange *x = new_order(host, unit, WRITES, &o);

    if (!x)
        return;
    struct range r = some_blocks(unit, 30);
    uint8_t how = next_byte();
    unsigned shift = units[unit].shift;
    static uint8_t all[UNIT_MAX];
    unsigned size = how % 5;
    uint8_t flags = (how & 0x20 ? 0x08 : 0) | (how & 0x40 ? 0x10 : 0);
    while (opcodes[size % 5] == 0xff)
        size++;
    if (how & 0x80 && size != 1)
        flags |= 0x01;                  /* NDOB */
    put_cdb(x, opcodes, size, r.at >> shift, r.len >> shift, flags);
    some_data(x->out, 1u << shift);
    x->n_bytes = flags & 0x01 ? 0 : 1u << shift;
    x->write = true;
    for (uint32_t i = 0; i < r.len; i++)
        all[i] = flags & 0x01 ? 0 : x->out[i & ((1u << shift) - 1)];
    if (r.len == 0 || flags & 0x10 || (flags & 0x08 && !units[unit].bottom.block.unmap))
        o->wanted = WANT_REFUSED;
    else
        touch(o, unit, r.at, r.len, true);
    o->durable = always_durable(unit);
    prepare(o);
    start_changing(x, o, all);
}

static void order_unmap(unsigned host, unsigned unit)
{
    struct order *o;
    struct exchange *x = new_order(host, unit, WRITES, &o);

    if (!x)
        return;
    unsigned n = next_byte() % (RANGES + 1), shift = units[unit].shift;
    uint8_t anchor = next_byte() == 0xff;
    x->cdb[0] = 0x42;
    x->cdb[1] = anchor;
    th_put16(x->cdb + 7, 8 + 16 * n);
    x->n_bytes = 8 + 16 * n;
    x->write = true;
    memset(x->out, 0, x->n_bytes);
    th_put16(x->out, 6 + 16 * n);
    th_put16(x->out + 2, 16 * n);
    for (unsigned i = 0; i < n; i++) {
        struct range r = some_blocks(unit, 20);
        th_put64(x->out + 8 + 16 * i, r.at >> shift);
        th_put32(x->out + 16 + 16 * i, r.len >> shift);
        touch(o, unit, r.at, r.len, true);
    }
    if (anchor || !units[unit].bottom.block.unmap) {
        o->wanted = WANT_REFUSED;
        o->n_ranges = 0;
    }
    o->durable = always_durable(unit);
    prepare(o);
    start_changing(x, o, NULL);
}

static void order_atomic(unsigned host, unsigned unit)
{
    struct order *o;
    struct exchange *x = new_order(host, unit, WRITES, &o);

    if (!x)
        return;
    unsigned shift = units[unit].shift, n = unit == 1 ? 1 : 8;
    uint32_t lba = next_byte() % (size_of(unit) >> shift) / n * n;
    bool fua = next_byte() & 1;
    x->cdb[0] = 0x9c;
    x->cdb[1] = fua ? 0x08 : 0;
    th_put64(x->cdb + 2, lba);
    th_put16(x->cdb + 12, n);
    x->n_bytes = n << shift;
    x->write = true;
    some_data(x->out, x->n_bytes);
    o->durable = always_durable(unit) || fua;
    if (unit == 0 || lba + n > size_of(unit) >> shift)
        o->wanted = WANT_REFUSED;
    else
        touch(o, unit, lba << shift, n << shift, true);
    prepare(o);
    start_changing(x, o, x->out);
}

/* The first difference in len bytes; len: none. */
static uint32_t difference(const uint8_t *a, const uint8_t *b, uint32_t len)
{
    uint32_t i = 0;

    while (i < len && a[i] == b[i])
        i++;
    return i;
}

static void order_compare(unsigned host, unsigned unit)
{
    static const uint8_t opcodes[5] = { 0xff, 0x2f, 0xaf, 0x8f, 0x0a };
    static uint8_t have[UNIT_MAX];
    struct order *o;

    uint8_t how = next_byte();
    bool writes = how & 0x01;           /* COMPARE AND WRITE */
    unsigned bytchk = writes ? 0 : (how >> 1 & 3) == 2 ? 1 : how >> 1 & 3, shift = units[unit].shift;
    struct range r = some_blocks(unit, writes ? (unit == 1 ? 1 : 4) : 12);
    unsigned size = next_byte() % 5;
    bool fua = how & 0x80;
    uint8_t spoil = next_byte();
    uint32_t spoil_at = (uint32_t)next_byte() << 5 | (spoil & 31);
    struct order look_first = { .kind = DEPENDS, .unit = (uint8_t)unit, .n_ranges = 1, .ranges = { r } };

    look_first.ranges[0].written = true;
    prepare(&look_first);
    if (units[unit].spoiled || units[unit].bottom.gone || units[unit].bottom.fail_in > 0)
        return;
    look(unit, r.at, r.len, have, false);
    struct exchange *x = new_order(host, unit, COMPARES, &o);
    if (!x)
        return;
    uint32_t block = 1u << shift;
    uint32_t n = bytchk == 3 ? th_min32(block, r.len) : bytchk == 0 && !writes ? 0 : r.len;
    memcpy(x->out, have, n);
    if (spoil & 0x80 && n > 0)
        x->out[spoil_at % n] ^= (uint8_t)(1 + (spoil & 0x1f));
    uint32_t at = difference(x->out, have, n);
    for (uint32_t k = block; bytchk == 3 && at == n && k < r.len; k += block)
        at = difference(x->out, have + k, n);
    if (n > 0 && at < n) {
        o->wanted = WANT_MISCOMPARE;
        o->offset = at;
    }
    x->n_bytes = n;
    x->write = true;
    touch(o, unit, r.at, r.len, writes);
    if (!writes) {
        put_cdb(x, opcodes, size, r.at >> shift, r.len >> shift, (uint8_t)(bytchk << 1));
        start(x, o);
        return;
    }
    x->cdb[0] = 0x89;
    x->cdb[1] = fua ? 0x08 : 0;
    th_put64(x->cdb + 2, r.at >> shift);
    x->cdb[13] = (uint8_t)(r.len >> shift);
    x->n_bytes = 2 * r.len;
    some_data(x->out + r.len, r.len);
    o->durable = always_durable(unit) || fua;
    start_changing(x, o, x->out + r.len);
}

static void order_or(unsigned host, unsigned unit)
{
    static uint8_t have[UNIT_MAX];
    struct range r = some_blocks(unit, 9);
    struct order *o, look_first = { .kind = DEPENDS, .unit = (uint8_t)unit, .n_ranges = 1, .ranges = { r } };

    look_first.ranges[0].written = true;
    prepare(&look_first);
    if (units[unit].spoiled || units[unit].bottom.gone || units[unit].bottom.fail_in > 0)
        return;
    look(unit, r.at, r.len, have, false);
    struct exchange *x = new_order(host, unit, DEPENDS, &o);
    if (!x)
        return;
    bool fua = next_byte() & 1;
    x->cdb[0] = 0x8b;
    x->cdb[1] = fua ? 0x08 : 0;
    th_put64(x->cdb + 2, r.at >> units[unit].shift);
    th_put32(x->cdb + 10, r.len >> units[unit].shift);
    some_data(x->out, r.len);
    for (uint32_t i = 0; i < r.len; i++) {
        x->out[i] &= 0x35;
        have[i] |= x->out[i];
    }
    x->n_bytes = r.len;
    x->write = true;
    o->durable = always_durable(unit) || fua;
    touch(o, unit, r.at, r.len, true);
    start_changing(x, o, have);
}

static void order_flush(unsigned host, unsigned unit)
{
    struct order *o;
    struct exchange *x = new_order(host, unit, FLUSHES, &o);

    if (!x)
        return;
    x->cdb[0] = next_byte() & 1 ? 0x35 : 0x91;
    o->wanted = unit == 0 ? WANT_ANYTHING : WANT_GOOD;  /* one late write that failed makes it fail later */
    prepare(o);
    start(x, o);
}

/* FORMAT UNIT, SANITIZE, MODE SELECT: alone. */
static void order_whole(unsigned host, unsigned unit)
{
    struct order *o;
    struct exchange *x = new_order(host, unit, WHOLE, &o);
    static uint8_t all[UNIT_MAX];

    if (!x)
        return;
    uint8_t what = next_byte();
    uint32_t block = 1u << units[unit].shift;
    memset(all, 0, sizeof all);
    o->durable = true;
    x->write = true;
    switch (what & 3) {
    case 0:
        x->cdb[0] = 0x04;
        break;
    case 1:
        x->cdb[0] = 0x48;
        x->cdb[1] = 0x22;               /* AUSE, BLOCK ERASE */
        break;
    case 2:
        x->cdb[0] = 0x48;
        x->cdb[1] = 0x21;
        unsigned passes = 1 + (what >> 2 & 3), n = what & 0x20 ? block : 2;
        x->out[0] = (uint8_t)((what & 0x10 ? 0x80 : 0) | passes);
        x->out[1] = 0;
        th_put16(x->out + 2, n);
        some_data(x->out + 4, n);
        th_put16(x->cdb + 7, 4 + n);
        x->n_bytes = 4 + n;
        for (uint32_t i = 0; i < sizeof all; i++)
            all[i] = x->out[4 + i % n];     /* INVERT or not: the last pass is the pattern */
        break;
    default:
        x->cdb[0] = 0x15;
        x->cdb[1] = 0x10;
        x->cdb[4] = 4 + 20;
        x->n_bytes = 24;
        memset(x->out, 0, 24);
        x->out[4] = 0x08;
        x->out[5] = 0x12;
        o->is_mode = true;
        o->mode_through = what & 4 || !units[unit].bottom.block.flush;
        x->out[6] = o->mode_through ? 0 : 0x04;
        o->durable = false;
        break;
    }
    touch(o, unit, 0, units[unit].n_bytes, true);
    prepare(o);
    if (o->is_mode) {
        start(x, o);
        return;
    }
    o->ranges[0].len = size_of(unit);
    start_changing(x, o, all);
    for (struct change *c = units[unit].changes; c < units[unit].changes + CHANGES; c++)
        if (c->used && c->by == o)
            c->wild = true;
}

/* EXTENDED COPY(LID4) of one segment, between any two units. */
static void order_copy(unsigned host, unsigned unit)
{
    static uint8_t have[UNIT_MAX];
    unsigned from = next_byte() % UNITS, to = next_byte() % UNITS;
    unsigned big = units[from].shift > units[to].shift ? units[from].shift : units[to].shift;
    struct range r = some_blocks(from, 20), w = some_blocks(to, 1);
    uint32_t len = r.len >> big << big;
    struct order *o, look_first = { .kind = DEPENDS, .unit = (uint8_t)unit, .n_ranges = 2 };

    if (len > size_of(to) - w.at)
        len = (size_of(to) - w.at) >> big << big;
    look_first.ranges[0] = (struct range){ .unit = (uint8_t)from, .written = true, .at = r.at, .len = len };
    look_first.ranges[1] = (struct range){ .unit = (uint8_t)to, .written = true, .at = w.at, .len = len };
    prepare(&look_first);
    for (unsigned i = 0; i < UNITS; i++)
        if (units[i].spoiled || units[i].bottom.gone || units[i].bottom.fail_in > 0)
            return;
    look(from, r.at, len, have, false);
    struct exchange *x = new_order(host, unit, DEPENDS, &o);
    if (!x)
        return;
    uint8_t *p = x->out;
    x->n_bytes = 48 + 64 + 28;
    x->write = true;
    x->cdb[0] = 0x83;
    x->cdb[1] = 0x01;
    th_put32(x->cdb + 10, x->n_bytes);
    memset(p, 0, x->n_bytes);
    p[0] = 0x01;
    p[1] = 3 << 3;                      /* nobody will ask */
    th_put16(p + 2, 32);
    p[16] = 0xff;
    th_put16(p + 42, 64);
    th_put16(p + 44, 28);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *d = p + 48 + 32 * i;
        d[0] = 0xe4;
        d[4] = 1;
        d[5] = 3;
        d[7] = 16;
        memcpy(d + 8, units[i ? to : from].naa, 16);
    }
    uint8_t *s = p + 48 + 64;
    s[0] = 0x02;
    th_put16(s + 2, 24);
    th_put16(s + 4, 0);
    th_put16(s + 6, 1);
    th_put16(s + 10, len >> units[from].shift);
    th_put64(s + 12, r.at >> units[from].shift);
    th_put64(s + 20, w.at >> units[to].shift);
    touch(o, from, r.at, len, false);
    touch(o, to, w.at, len, true);
    o->durable = always_durable(to);
    start_changing(x, o, have);
}

static void order_populate(unsigned host, unsigned unit)
{
    static uint8_t have[UNIT_MAX];
    unsigned which = next_byte() % TOKENS, n = 1 + next_byte() % 2, shift = units[unit].shift;
    struct token *t = &tokens[which];
    struct order *o, look_first = { .kind = DEPENDS, .unit = (uint8_t)unit, .n_ranges = n };

    for (unsigned i = 0; i < n; i++) {
        struct range r = some_blocks(unit, 10);
        uint32_t half = size_of(unit) / 2 >> shift << shift;
        if (half == 0)
            r.len = 0;
        else
            r.at = r.at % half + (i ? half : 0);        /* they must not overlap */
        if (half && r.len > half - r.at % half)
            r.len = half - r.at % half;
        if (r.at + r.len > size_of(unit))
            r.len = 0;
        r.written = true;
        look_first.ranges[i] = r;
    }
    prepare(&look_first);
    for (unsigned h = 0; h < HOSTS; h++)
        for (unsigned k = 0; k < HOST_QUEUE; k++)
            if (hosts.host[h].exchanges[k].state == EXCHANGE_OPEN && orders[h][k].token == (int)which)
                return;
    if (units[unit].spoiled || units[unit].bottom.gone || units[unit].bottom.fail_in > 0)
        return;
    uint32_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        look(unit, look_first.ranges[i].at, look_first.ranges[i].len, have + at, false);
        at += look_first.ranges[i].len;
    }
    struct exchange *x = new_order(host, unit, DEPENDS, &o);
    if (!x)
        return;
    free(t->data);
    memset(t, 0, sizeof *t);
    t->unit = (uint8_t)unit;
    t->host = (uint8_t)host;
    t->list_id = 0x1000 + which;
    t->n_bytes = at;
    t->data = malloc(at ? at : 1);
    memcpy(t->data, have, at);
    x->cdb[0] = 0x83;
    x->cdb[1] = 0x10;
    th_put32(x->cdb + 6, t->list_id);
    x->n_bytes = 16 + 16 * n;
    th_put32(x->cdb + 10, x->n_bytes);
    memset(x->out, 0, x->n_bytes);
    th_put16(x->out, x->n_bytes - 2);
    th_put16(x->out + 14, 16 * n);
    for (unsigned i = 0; i < n; i++) {
        struct range r = look_first.ranges[i];
        th_put64(x->out + 16 + 16 * i, r.at >> shift);
        th_put32(x->out + 24 + 16 * i, r.len >> shift);
        t->ranges[t->n_ranges++] = r;
        touch(o, unit, r.at, r.len, false);
    }
    x->write = true;
    o->token = (int)which;
    o->wanted = WANT_ANYTHING;
    start(x, o);
}

/* RECEIVE ROD TOKEN INFORMATION, once for each token. */
static bool fetch_token(struct token *t)
{
    if (t->known || !t->made)
        return t->known;
    settle();
    for (unsigned tries = 0; tries < 20; tries++) {
        struct exchange *x = ask(t->host, t->unit);
        if (!x)
            return false;
        x->cdb[0] = 0x84;
        x->cdb[1] = 0x07;
        th_put32(x->cdb + 2, t->list_id);
        th_put32(x->cdb + 10, 1024);
        x->n_bytes = 1024;
        hosts_start(x);
        settle();
        if (x->gone || x->sense >> 16 == TH_KEY_UNIT_ATTENTION)
            continue;
        if (x->status != 0 || x->got_bytes < 38 + 512)
            return false;
        memcpy(t->bytes, x->in + 38, 512);
        t->known = true;
        return true;
    }
    return false;
}

static void order_use_token(unsigned host, unsigned unit)
{
    unsigned which = next_byte() % TOKENS, shift = units[unit].shift;
    struct token *t = &tokens[which];
    uint8_t how = next_byte();
    struct range w = some_blocks(unit, 20);
    struct order *o, look_first = { .kind = DEPENDS, .unit = (uint8_t)unit, .n_ranges = 1, .ranges = { w } };

    if (!fetch_token(t))
        return;
    unsigned from_shift = units[t->unit].shift, big = from_shift > shift ? from_shift : shift;
    uint32_t skip = t->n_bytes ? (uint32_t)(how & 0x0f) << from_shift : 0;
    if (skip > t->n_bytes)
        skip = 0;
    uint32_t len = th_min32(w.len, t->n_bytes - skip) >> big << big;
    if (len == 0)
        return;
    look_first.ranges[0].len = len;
    look_first.ranges[0].written = true;
    for (unsigned i = 0; i < t->n_ranges; i++) {
        look_first.ranges[look_first.n_ranges] = t->ranges[i];
        look_first.ranges[look_first.n_ranges++].written = true;
    }
    prepare(&look_first);
    struct exchange *x = new_order(host, unit, DEPENDS, &o);
    if (!x)
        return;
    bool stale = t->revoked;
    bool whole = true;                  /* blocks of 4096 bytes cannot be cut by ranges of blocks of 512 */
    for (unsigned i = 0; i < t->n_ranges; i++)
        whole = whole && (t->ranges[i].len & ((1u << big) - 1)) == 0;
    whole = whole && (skip & ((1u << big) - 1)) == 0;
    bool own = false;
    for (unsigned i = 0; i < t->n_ranges; i++)
        own |= t->unit == unit && overlap(t->ranges[i].at, t->ranges[i].len, w.at, len);
    x->cdb[0] = 0x83;
    x->cdb[1] = 0x11;
    th_put32(x->cdb + 6, 0x2000 + x->itt);
    x->n_bytes = 536 + 16;
    th_put32(x->cdb + 10, x->n_bytes);
    memset(x->out, 0, x->n_bytes);
    th_put16(x->out, x->n_bytes - 2);
    th_put64(x->out + 8, skip >> from_shift);
    memcpy(x->out + 16, t->bytes, 512);
    th_put16(x->out + 534, 16);
    th_put64(x->out + 536, w.at >> shift);
    th_put32(x->out + 544, len >> shift);
    x->write = true;
    o->wanted = stale ? WANT_REFUSED : own || !whole || t->doubtful ? WANT_ANYTHING : WANT_GOOD;
    touch(o, unit, w.at, len, true);
    for (unsigned i = 0; i < t->n_ranges; i++)
        touch(o, t->unit, t->ranges[i].at, t->ranges[i].len, false);
    o->durable = always_durable(unit);
    if (stale)
        o->n_ranges = 0;
    start_changing(x, o, t->data + skip);
    if (!stale)
        t->known = t->made = false;     /* it may have gone with this one; another is made */
}

/* Blocks that are not on the disk, in all manners: refused, and nothing changes. */
static void order_beyond(unsigned host, unsigned unit)
{
    static const uint8_t opcodes[] = { 0x88, 0x8a, 0x8b, 0x8e, 0x8f, 0x93, 0x89, 0x9c };
    struct order *o;
    struct exchange *x = new_order(host, unit, ASKS, &o);

    if (!x)
        return;
    uint64_t size = units[unit].bottom.block.size_blocks;
    uint8_t what = next_byte(), n = next_byte();
    uint64_t lba = what & 0x08 ? size : what & 0x10 ? size - n : what & 0x20 ? UINT64_MAX - n : (uint64_t)1 << 32 | n;
    uint32_t n_blocks = what & 0x40 ? UINT32_MAX : n + 1u;
    x->cdb[0] = opcodes[what & 7];
    x->cdb[1] = x->cdb[0] == 0x8f ? 0x02 : 0;
    th_put64(x->cdb + 2, lba);
    th_put32(x->cdb + 10, n_blocks);
    if (x->cdb[0] == 0x89)
        th_put32(x->cdb + 10, n + 1u < 256 ? n + 1u : 255);
    if (x->cdb[0] == 0x9c)
        th_put32(x->cdb + 10, n + 1u);
    x->write = x->cdb[0] != 0x88;
    x->n_bytes = 4096;
    memset(x->out, 0xee, 4096);
    o->wanted = WANT_REFUSED;
    start(x, o);
}

static void step_command(uint8_t kind)
{
    static void (*const all[])(unsigned host, unsigned unit) = {
        order_read, order_write, order_write, order_same, order_unmap, order_atomic, order_compare, order_or,
        order_flush, order_copy, order_populate, order_use_token, order_beyond, order_whole, order_read, order_flush,
    };
    uint8_t who = next_byte();
    unsigned host = (who & 3) % HOSTS, unit = (who >> 2 & 3) % UNITS;

    for (unsigned i = 0; i < UNITS; i++)
        make_room(i);
    all[kind & 15](host, unit);
}

/* ------------------------------------------------------------------------------------
 * What happens beside
 */

/* Power goes and comes back. */
static void step_power(unsigned how)
{
    static uint8_t bytes[UNIT_MAX];

    hosts_note("no power", 0);
    for (unsigned i = 0; i < HOSTS; i++)
        hosts.host[i].conn = NULL;
    hosts_forget();
    for (unsigned i = 0; i < UNITS; i++) {
        lose_power(&units[i].bottom);
        units[i].bottom.gone = false;
    }
    no_faults();
    make_engine();
    zombies_end();
    troubles++;
    for (unsigned i = 0; i < HOSTS; i++)
        log_in(i, how >> 2 * i);
    for (unsigned i = 0; i < UNITS; i++) {
        look(i, 0, size_of(i), bytes, true);
        for (struct change *c = units[i].changes; c < units[i].changes + CHANGES; c++)
            drop_change(c);
        memcpy(units[i].base, bytes, size_of(i));
        memset(units[i].base + size_of(i), 0, UNIT_MAX - size_of(i));
    }
}

/* The medium of a unit is taken out; or another one comes in. */
static void step_medium(unsigned unit, uint8_t how)
{
    struct unit *u = &units[unit];

    hosts_move();                       /* what was said before has been heard before */
    for (unsigned i = 0; i < HOSTS; i++)
        if (hosts.host[i].says_at < hosts.host[i].says_len)
            settle();
    troubles++;
    hosts_note(u->bottom.gone ? "another medium" : "no medium", unit);
    if (!u->bottom.gone) {
        u->bottom.gone = true;
        if (how & 0x80)
            thimble_lun_changed(hosts.engine, 0, (uint16_t)unit, THIMBLE_LUN_MEDIUM_CHANGED);
        return;
    }
    while (u->delay.waiting > 0)        /* calls for the old one end with it */
        thimble_delay_disk_run(&u->delay, 1);
    for (struct change *c = u->changes; c < u->changes + CHANGES; c++)
        drop_change(c);
    for (unsigned h = 0; h < HOSTS; h++)
        for (unsigned k = 0; k < HOST_QUEUE; k++)
            for (unsigned i = 0; i < orders[h][k].n_ranges; i++)
                orders[h][k].swapped |= orders[h][k].ranges[i].unit == unit;
    for (unsigned h = 0; h < HOSTS; h++)
        for (unsigned k = 0; k < HOST_QUEUE; k++)
            orders[h][k].swapped |= orders[h][k].unit == unit;
    fill_medium(u, how);
    u->spoiled = false;
    u->bottom.gone = false;
    for (unsigned i = 0; i < TOKENS; i++)
        if (tokens[i].unit == unit)
            tokens[i].revoked = tokens[i].doubtful = true;
    if (unit == 0)
        thimble_cache_disk_follow(&u->cache);
    thimble_lun_changed(hosts.engine, 0, (uint16_t)unit, THIMBLE_LUN_MEDIUM_CHANGED);
}

/* Unit 1 becomes smaller, or as large as it was. */
static void step_size(uint8_t how)
{
    struct unit *u = &units[1];
    uint32_t full = u->n_bytes >> u->shift, blocks = how & 1 ? full : 1 + how % full;

    for (unsigned h = 0; h < HOSTS; h++)
        for (unsigned k = 0; k < HOST_QUEUE; k++)
            if (hosts.host[h].exchanges[k].state == EXCHANGE_OPEN && orders[h][k].kind > WRITES)
                settle();
    make_room(1);
    hosts_note("another size", blocks);
    troubles++;
    now++;
    if (blocks < u->bottom.block.size_blocks) {
        uint32_t at = blocks << u->shift, len = u->n_bytes - at;
        memset(u->now + at, 0, len);
        memset(u->durable + at, 0, len);
        memset(u->bottom.now_mapped + blocks, 0, full - blocks);
        memset(u->bottom.durable_mapped + blocks, 0, full - blocks);
        end_change(add_change(1, at, len, NULL, NULL), true, true);
        revoke(1, at, len, true);
    }
    now++;
    u->bottom.block.size_blocks = u->delay.block.size_blocks = blocks;
    thimble_lun_changed(hosts.engine, 0, 1, THIMBLE_LUN_RESIZED);
}

static void step_manage(uint8_t who, uint8_t how)
{
    unsigned host = (who & 3) % HOSTS, unit = (who >> 2 & 3) % UNITS;
    struct exchange *x = &hosts.host[host].exchanges[how & 3];
    static const uint8_t functions[] = { TH_TMF_ABORT_TASK, TH_TMF_ABORT_TASK_SET, TH_TMF_LOGICAL_UNIT_RESET, TH_TMF_CLEAR_TASK_SET };
    uint8_t function = functions[how >> 6];

    if (function == TH_TMF_ABORT_TASK && x->state != EXCHANGE_OPEN)
        return;
    if (function == TH_TMF_ABORT_TASK)
        unit = x->lun;
    if (hosts_manage(host, function, (uint8_t)unit, x)) {
        troubles++;
        if (function == TH_TMF_LOGICAL_UNIT_RESET)
            units[unit].write_through = false;
    }
}

/* One byte is the kind of the step; the others are its arguments. */
static void step(void)
{
    uint8_t kind = next_byte(), arg;

    now++;
    if (kind < 0x80) {
        step_command(kind);
        return;
    }
    switch (kind & 15) {
    case 0:
    case 1:
        hosts_move();
        break;
    case 2:
    case 3:
        arg = next_byte();
        thimble_delay_disk_run(&units[(arg >> 6) % UNITS].delay, arg & 0x3f);
        break;
    case 4:
    case 5:
        arg = next_byte();
        hosts_data(&hosts.host[(arg & 3) % HOSTS].exchanges[arg >> 2 & 3]);
        break;
    case 6:
        arg = next_byte();
        step_manage(arg, next_byte());
        break;
    case 7:
        arg = next_byte();
        units[(arg >> 6) % UNITS].bottom.fail_in = arg >> 3 & 7;
        units[(arg >> 6) % UNITS].bottom.fail_how = arg & 7;
        break;
    case 8:
        step_power(next_byte());
        break;
    case 9:
        arg = next_byte();
        step_medium(arg & 1 ? 2 : 0, arg);
        break;
    case 10:
        arg = next_byte();
        if (hosts.host[(arg & 3) % HOSTS].manages)
            settle();                   /* whom it ends must be known */
        hosts_hang_up((arg & 3) % HOSTS);
        troubles++;
        log_in((arg & 3) % HOSTS, arg >> 2);
        break;
    case 11:
        step_size(next_byte());
        break;
    case 12:
        thimble_cache_disk_write_late(&units[0].cache);
        break;
    case 13:
        hosts_take(next_byte() % HOSTS, next_byte());
        break;
    case 14:
        thimble_tick(hosts.engine, ++now_ms);
        break;
    default:
        settle();
        break;
    }
    const char *leak = leak_while_running(hosts.engine);
    if (leak)
        hosts_fail(leak);
    zombies_end();
}

/* ------------------------------------------------------------------------------------ */

/* Each unit's NAA identifier, which EXTENDED COPY names it by; it is always the same. */
static void learn_names(void)
{
    static const uint8_t cdb[16] = { 0x12, 0x01, 0x83, 0, 255 };

    for (unsigned i = 0; i < UNITS; i++) {
        struct exchange *x = run_now(i, cdb, 255);
        for (uint32_t at = 4; at + 20 <= x->got_bytes; at += 4u + x->in[at + 3])
            if ((x->in[at + 1] & 0x3f) == 3 && x->in[at + 3] == 16)
                memcpy(units[i].naa, x->in + at + 4, 16);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hosts.title = "fuzz_disk";
    hosts.ended = ended;
    input.at = data;
    input.left = size;
    now = 1;
    now_ms = 0;
    troubles = 0;
    chance = (uint32_t)size;
    for (unsigned i = 0; i < UNITS; i++) {
        make_bottom(&units[i], i);
        fill_medium(&units[i], (uint8_t)(i * 50));
    }
    uint8_t how = next_byte();
    make_engine();
    for (unsigned i = 0; i < HOSTS; i++)
        log_in(i, how >> 2 * i);
    if (units[0].naa[0] == 0)
        learn_names();

    while (input.left > 0)
        step();

    no_faults();
    for (unsigned i = 0; i < UNITS; i++)
        if (units[i].bottom.gone)
            step_medium(i, 3);
    settle();
    for (unsigned i = 0; i < UNITS; i++)
        start_anew(i);
    step_power(0);
    hosts_hang_up(0);
    hosts_hang_up(1);
    hosts_hang_up(2);
    while (disks_run(1))
        continue;
    const char *leak = leak_after_close(hosts.engine);
    if (leak)
        hosts_fail(leak);
    for (unsigned i = 0; i < TOKENS; i++) {
        free(tokens[i].data);
        tokens[i] = (struct token){ .data = NULL };
    }
    return 0;
}
