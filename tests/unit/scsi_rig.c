/* SPDX-License-Identifier: MIT
 *
 * scsi_rig.c: see scsi_rig.h.
 */
#include "scsi_rig.h"

/* --------------------------------------------------------------------------------------
 * The cache disk
 */
static struct cache_disk *cache_of(struct thimble_block *b)
{
    return (struct cache_disk *)b;
}

static void count(struct thimble_block *b, uint32_t n_blocks, bool change)
{
    struct cache_disk *d = cache_of(b);

    assert_int_not_equal(n_blocks, 0);
    if (n_blocks > d->longest_call)
        d->longest_call = n_blocks;
    if (change)
        d->writes_after_flush++;
}

static void check_range(struct thimble_block *b, uint64_t lba, uint32_t n_blocks)
{
    assert_true(th_range_ok(lba, n_blocks, b->size_blocks));
}

static int cache_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                      struct thimble_io *io)
{
    check_range(b, lba, n_blocks);
    count(b, n_blocks, false);
    return cache_of(b)->below->read(cache_of(b)->below, lba, n_blocks, buf, io);
}

static int cache_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       const void *buf, struct thimble_io *io)
{
    check_range(b, lba, n_blocks);
    count(b, n_blocks, true);
    if (cache_of(b)->forgets)
        return THIMBLE_OK;
    return cache_of(b)->below->write(cache_of(b)->below, lba, n_blocks, buf, io);
}

static int cache_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       struct thimble_io *io)
{
    check_range(b, lba, n_blocks);
    count(b, n_blocks, true);
    return cache_of(b)->below->unmap(cache_of(b)->below, lba, n_blocks, io);
}

static int cache_flush(struct thimble_block *b, struct thimble_io *io)
{
    (void)io;
    cache_of(b)->flushes++;
    cache_of(b)->writes_after_flush = 0;
    return THIMBLE_OK;
}

static uint32_t cache_extent(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                             bool *mapped)
{
    uint32_t run = cache_of(b)->run_blocks;

    check_range(b, lba, n_blocks);
    *mapped = lba / run % 2 == 0;
    return th_min32(n_blocks, run - (uint32_t)(lba % run));
}

static int cache_ready(struct thimble_block *b)
{
    return cache_of(b)->ready;
}

static struct cache_disk *cache_of_insight(struct thimble_insight *i)
{
    return (struct cache_disk *)((char *)i - offsetof(struct cache_disk, insight));
}

static bool cache_fill(struct thimble_insight *i, struct thimble_fill *fill)
{
    *fill = cache_of_insight(i)->fill;
    return true;
}

static bool cache_health(struct thimble_insight *i, struct thimble_health *health)
{
    *health = cache_of_insight(i)->health;
    return true;
}

static void cache_init(struct cache_disk *d, struct thimble_block *below,
                       const struct rig_options *o)
{
    *d = (struct cache_disk){ .block = *below, .below = below };
    d->block.read = cache_read;
    d->block.write = o->no_write ? NULL : cache_write;
    d->block.unmap = o->no_unmap ? NULL : cache_unmap;
    d->block.write_zeroes = o->no_write_zeroes ? NULL : cache_unmap;
    d->block.flush = o->cache ? cache_flush : NULL;
    d->block.extent = o->run_blocks ? cache_extent : NULL;
    d->run_blocks = o->run_blocks;
    d->forgets = o->forgets;
    d->block.ready = cache_ready;
    d->block.insight = &d->insight;
    d->insight.fill = o->fills ? cache_fill : NULL;
    d->insight.health = o->health ? cache_health : NULL;
    d->health = (struct thimble_health){ .temperature_c = 41, .used_percent = 7 };
    d->block.map = NULL;
    d->block.serial = o->serial;
    d->block.removable = o->removable;
    d->block.physical_shift = o->physical_shift;
    d->block.atomic_blocks = o->atomic_blocks;
    if (o->claimed_blocks)
        d->block.size_blocks = o->claimed_blocks;
}

/* --------------------------------------------------------------------------------------
 * The rig
 */
uint8_t rig_byte(uint64_t lba, uint32_t i)
{
    return (uint8_t)(lba * 37 + i * 11 + (i >> 8) + 1);
}

static void resume(struct th_cmd *cmd);

static uint8_t *take_param(void *owner);
static void give_param(void *owner, uint8_t *param);

static void later(struct th_cmd *cmd)
{
    struct rig_cmd *c = *(struct rig_cmd **)(void *)(cmd + 1);

    assert_false(c->waits_turn);
    c->waits_turn = true;
}

static bool rig_random(void *ctx, void *buf, size_t len)
{
    static uint8_t seed;

    (void)ctx;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)(++seed * 151);
    return true;
}

static const struct thimble_crypto rig_crypto = { .random = rig_random };
static struct rig_store *store_of(struct thimble_store *s)
{
    return (struct rig_store *)s;
}

static int store_load(struct thimble_store *s, enum thimble_record record, void *buf, uint32_t size)
{
    struct rig_store *d = store_of(s);

    if (d->result < 0)
        return d->result;
    assert_true(d->kept[record].len <= size);
    memcpy(buf, d->kept[record].bytes, d->kept[record].len);
    return (int)d->kept[record].len;
}

static void keep(struct rig_record *r, const void *buf, uint32_t len)
{
    memcpy(r->bytes, buf, len);
    r->len = len;
}

static int store_save(struct thimble_store *s, enum thimble_record record, const void *buf,
                      uint32_t len, struct thimble_io *io)
{
    struct rig_store *d = store_of(s);

    assert_true(len <= sizeof d->kept[record].bytes);
    assert_null(d->io);
    d->saves++;
    if (d->result == THIMBLE_PENDING) {
        d->io = io;
        d->kind = record;
        d->buf = buf;
        d->buf_len = len;
    }
    if (d->result == THIMBLE_OK)
        keep(&d->kept[record], buf, len);
    return d->result;
}

void rig_store_answer(struct rig *rig, int result)
{
    struct rig_store *d = &rig->store;
    struct thimble_io *io = d->io;

    assert_non_null(io);
    d->io = NULL;
    if (result == THIMBLE_OK)
        keep(&d->kept[d->kind], d->buf, d->buf_len);
    thimble_io_done(io, result);
}

/* Nobody's commands are under way at the end of a test but by itself, so there is nothing to wait for. */
static bool abort_preempted(struct th_cmd *by)
{
    for (struct th_nexus *n = by->lu->target->nexuses; n; n = n->next) {
        struct rig *rig = (struct rig *)(void *)((char *)by->lu - offsetof(struct rig, lu));
        rig->aborts += n->preempted;
        n->preempted = false;
    }
    return false;
}

void rig_start(struct rig *rig, const struct rig_options *options)
{
    memset(rig, 0, sizeof *rig);
    if (options)
        rig->options = *options;
    struct rig_options *o = &rig->options;
    if (!o->size_blocks)
        o->size_blocks = 64;
    if (!o->block_shift)
        o->block_shift = o->cdrom ? 11 : 9;
    if (!o->param_bytes)
        o->param_bytes = 4096;

    rig->mem = malloc((size_t)o->size_blocks << o->block_shift);
    for (uint64_t lba = 0; lba < o->size_blocks; lba++)
        for (uint32_t i = 0; i < 1u << o->block_shift; i++)
            rig->mem[(lba << o->block_shift) + i] = rig_byte(lba, i);
    assert_int_equal(thimble_ram_disk_init(&rig->ram, rig->mem, o->size_blocks,
                                           o->block_shift), THIMBLE_OK);
    cache_init(&rig->cache, &rig->ram.block, o);
    assert_int_equal(thimble_fault_disk_init(&rig->fault, &rig->cache.block), THIMBLE_OK);
    assert_int_equal(thimble_delay_disk_init(&rig->delay, &rig->fault.block), THIMBLE_OK);

    rig->target.name = "iqn.2004-01.org.example:rig";
    rig->target.take_param = take_param;
    rig->target.give_param = give_param;
    rig->target.owner = rig;
    rig->target.portal_group_tag = 1;
    rig->target.lus[0] = &rig->lu;
    rig->copies.crypto = &rig_crypto;
    rig->target.copies = &rig->copies;
    rig->lu = (struct th_lu){
        .block = o->delayed ? &rig->delay.block : &rig->fault.block,
        .target = &rig->target,
        .vendor = "THIMBLE", .product = "DISK", .revision = "0.1",
        .read_only = o->read_only || o->cdrom, .d_sense = o->d_sense,
        .type = o->cdrom ? THIMBLE_DEVICE_CDROM : THIMBLE_DEVICE_DISK,
        .param_bytes = o->param_bytes,
    };
    static const char *const names[RIG_NEXUSES] = {
        "iqn.2004-01.org.example:one", "iqn.2004-01.org.example:two", "iqn.2004-01.org.example:two"
    };
    static const uint8_t isids[RIG_NEXUSES][6] = { { 0, 2, 3, 0x1d, 0xab, 0 }, { 0 }, { 0, 0, 0, 0, 0, 1 } };
    rig->store.store = (struct thimble_store){ .load = store_load, .save = store_save };
    rig->lu.store = o->store ? &rig->store.store : NULL;
    rig->lu.persistent.registry = &rig->registry;
    static const uint16_t tags[] = { 1, 7 };
    rig->target.n_ports = o->two_ports ? 2 : 0;
    rig->target.port_tags = tags;
    th_scsi_registry_init(&rig->registry, rig->registrations, RIG_REGISTRATIONS, TH_REPLY_MAX);
    for (unsigned i = 0; i < RIG_NEXUSES; i++) {
        rig->nexus[i].initiator = names[i];
        rig->nexus[i].isid = isids[i];
        rig->nexus[i].abort_preempted = abort_preempted;
        rig->nexus[i].port = o->two_ports ? i % 2 : 0;
        th_scsi_nexus_begin(&rig->nexus[i], &rig->target);
        rig->nexus[i].resume = resume;
        rig->nexus[i].later = later;
        memset(rig->nexus[i].ua, 0, sizeof rig->nexus[i].ua);
    }
}

void rig_end(struct rig *rig)
{
    assert_int_equal(rig->lu.gate.sharers, 0);
    assert_false(rig->lu.gate.exclusive);
    assert_null(rig->lu.gate.first);
    assert_int_equal(rig->delay.waiting, 0);
    assert_false(rig->lu.persistent.gate.exclusive);
    assert_null(rig->lu.persistent.gate.first);
    assert_null(rig->store.io);
    free(rig->mem);
}

size_t from_hex(const char *hex, uint8_t *bytes, size_t max)
{
    size_t n = 0;
    unsigned value = 0, digits = 0;

    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        const char *all = "0123456789abcdef";
        const char *digit = strchr(all, *hex);
        assert_non_null(digit);
        value = value << 4 | (unsigned)(digit - all);
        if (++digits % 2 == 0) {
            assert_true(n < max);
            bytes[n++] = (uint8_t)value;
        }
    }
    assert_int_equal(digits % 2, 0);
    return n;
}

/* --------------------------------------------------------------------------------------
 * A command
 */

/* A disk call of a piece of data. */
struct piece_io {
    struct thimble_io io;
    int result;
};

static void piece_done(struct thimble_io *io, int result)
{
    ((struct piece_io *)io)->result = result;
}

static int piece_wait(struct rig *rig, struct piece_io *p, int result)
{
    if (result != THIMBLE_PENDING)
        return result;
    while (p->result == THIMBLE_PENDING)
        assert_int_equal(thimble_delay_disk_run(&rig->delay, 1), 1);
    return p->result;
}

static void next(struct rig_cmd *c, enum th_next what);

static void resume(struct th_cmd *cmd)
{
    /* its owner stands behind it, see rig_submit() */
    struct rig_cmd *c = *(struct rig_cmd **)(void *)(cmd + 1);

    assert_false(c->ended);
    c->ended = true;
}

static uint32_t piece_len(const struct rig_cmd *c, uint32_t at, uint32_t total)
{
    uint32_t len = total - at;
    uint32_t max = c->rig->piece_blocks << c->rig->options.block_shift;

    return max && len > max ? max : len;
}

static void do_read(struct rig_cmd *c)
{
    struct th_cmd *cmd = c->cmd;

    c->in = malloc(cmd->data_bytes);
    for (uint32_t at = 0, len; at < cmd->data_bytes; at += len) {
        struct piece_io p = { .io.done = piece_done, .result = THIMBLE_PENDING };
        len = piece_len(c, at, cmd->data_bytes);
        int err = piece_wait(c->rig, &p, th_scsi_read(cmd, at, len, c->in + at, &p.io));
        if (err < 0) {
            th_scsi_disk_error(cmd, err, false);
            if (err == THIMBLE_ERR_BLOCK)
                th_scsi_bad_block(cmd, at, &p.io);
            break;
        }
        c->in_len = at + len;
    }
    c->ended = true;
}

/* False: cmd has ended badly. */
static bool compare_piece(struct rig_cmd *c, uint32_t at, uint32_t len)
{
    struct piece_io p = { .io.done = piece_done, .result = THIMBLE_PENDING };
    uint8_t *have = malloc(len);
    int err = piece_wait(c->rig, &p, th_scsi_read(c->cmd, at, len, have, &p.io));
    bool same = err == THIMBLE_OK;

    if (err < 0)
        th_scsi_disk_error(c->cmd, err, false);
    for (uint32_t i = 0; same && i < len; i++)
        if (have[i] != c->out[at + i]) {
            th_scsi_miscompare(c->cmd, at + i);
            same = false;
        }
    free(have);
    return same;
}

/* Likewise. */
static bool write_piece(struct rig_cmd *c, uint32_t at, uint32_t len)
{
    struct piece_io p = { .io.done = piece_done, .result = THIMBLE_PENDING };
    uint8_t *data = malloc(len);
    int err = THIMBLE_OK;

    memset(data, 0, len);
#if THIMBLE_SCSI_ORWRITE_LONG
    if (c->cmd->use == TH_USE_OR) {
        enum th_or_verdict verdict = th_scsi_or_verdict(c->cmd);
        if (verdict != TH_OR_PERFORM) {
            free(data);
            return verdict == TH_OR_DISCARD;
        }
    }
#endif
    if (c->cmd->use == TH_USE_OR)
        err = piece_wait(c->rig, &p, th_scsi_read(c->cmd, at, len, data, &p.io));
    if (err < 0)
        th_scsi_disk_error(c->cmd, err, false);
    if (err == THIMBLE_OK) {
        for (uint32_t i = 0; i < len; i++)
            data[i] |= c->out[at + i];
        p.result = THIMBLE_PENDING;
        err = piece_wait(c->rig, &p, th_scsi_write(c->cmd, at, len, data, &p.io));
        if (err < 0)
            th_scsi_disk_error(c->cmd, err, true);
    }
    free(data);
    return err == THIMBLE_OK;
}

static void do_write(struct rig_cmd *c)
{
    struct th_cmd *cmd = c->cmd;

    assert_int_equal(c->out_len, cmd->data_bytes);
    for (uint32_t at = 0, len; at < cmd->data_bytes; at += len) {
        len = piece_len(c, at, cmd->data_bytes);
        if (cmd->use != TH_USE_COMPARE && !write_piece(c, at, len)) {
            c->ended = true;
            return;
        }
        if ((cmd->use == TH_USE_COMPARE || cmd->use == TH_USE_WRITE_AND_COMPARE) &&
            !compare_piece(c, at, len)) {
            c->ended = true;
            return;
        }
    }
    next(c, th_scsi_written(cmd));
}

static void next(struct rig_cmd *c, enum th_next what)
{
    struct th_cmd *cmd = c->cmd;

    switch (what) {
    case TH_NEXT_STATUS:
        c->ended = true;
        break;
    case TH_NEXT_REPLY:
        c->in = malloc(TH_REPLY_MAX);
        memset(c->in, 0xa5, TH_REPLY_MAX);
        next(c, th_scsi_reply(cmd, c->in, TH_REPLY_MAX));
        c->in_len = cmd->status == TH_STATUS_GOOD ? cmd->data_bytes : 0;
        break;
    case TH_NEXT_READ:
        do_read(c);
        break;
    case TH_NEXT_WRITE:
        do_write(c);
        break;
    case TH_NEXT_PARAM:
        if (cmd->data_bytes > c->out_len) {
            th_scsi_check(cmd, TH_SENSE_INVALID_INFORMATION_UNIT);
            c->ended = true;
            break;
        }
        assert_true(cmd->data_bytes <= cmd->lu->param_bytes);
        cmd->param = malloc(cmd->lu->param_bytes);
        memset(cmd->param, 0x5a, cmd->lu->param_bytes);
        if (cmd->data_bytes)
            memcpy(cmd->param, c->out, cmd->data_bytes);
        next(c, th_scsi_param(cmd));
        break;
    case TH_NEXT_WAIT:
        break;
    }
}

struct rig_cmd *rig_submit(struct rig *rig, struct th_nexus *nexus, struct th_lu *lu,
                           const char *cdb_hex, const uint8_t *out, uint32_t out_len)
{
    struct rig_cmd *c = calloc(1, sizeof *c);

    c->rig = rig;
    c->out = out;
    c->out_len = out_len;
    c->cmd = malloc(sizeof *c->cmd + sizeof c);
    memset(c->cmd, 0xa5, sizeof *c->cmd);       /* only what scsi.h names is filled in */
    memcpy(c->cmd + 1, &c, sizeof c);
    memset(c->cmd->cdb, 0, sizeof c->cmd->cdb);
    c->cmd->long_cdb = from_hex(cdb_hex, c->cmd->cdb, sizeof c->cmd->cdb + 1) > 16;
    c->cmd->lu = lu;
    c->cmd->well_known = !lu && rig->well_known;
    c->cmd->nexus = nexus;
    c->cmd->param = NULL;
    enum th_next what = th_scsi_start(c->cmd);
    if (c->cmd->exact && c->cmd->status == TH_STATUS_GOOD && out_len != c->cmd->data_bytes)
        what = th_scsi_check(c->cmd, TH_SENSE_INVALID_CDB_FIELD);
    next(c, what);
    return c;
}

void rig_step(struct rig_cmd *c)
{
    if (c->waits_turn) {
        c->waits_turn = false;
        th_scsi_go_on(c->cmd);
        return;
    }
    bool more = th_scsi_lu_turn(&c->rig->lu);
    if (!more && !c->ended)
        assert_int_equal(thimble_delay_disk_run(&c->rig->delay, 1), 1);
}

void rig_wait(struct rig_cmd *c)
{
    while (!c->ended)
        rig_step(c);
}

void rig_work(struct rig *rig)
{
    while (th_scsi_lu_busy(&rig->lu))
        if (!th_scsi_lu_turn(&rig->lu))
            thimble_delay_disk_run(&rig->delay, 1);
}

static uint8_t *take_param(void *owner)
{
    struct rig *rig = owner;

    return rig->no_param ? NULL : malloc(rig->options.param_bytes);
}

static void give_param(void *owner, uint8_t *param)
{
    (void)owner;
    free(param);
}

/* Reads the sense data back, as an initiator would. */
static void parse_sense(struct outcome *o)
{
    const uint8_t *s = o->sense_bytes;
    const uint8_t *sks = NULL;

    if (o->sense_len == 0)
        return;
    if (s[0] == 0x72) {
        assert_int_equal(o->sense_len, 8u + s[7]);
        o->sense = TH_SENSE(s[1], s[2], s[3]);
        for (uint32_t at = 8; at < o->sense_len; at += 2u + s[at + 1]) {
            if (s[at] == 0x00) {
                o->info_valid = s[at + 2] & 0x80;
                o->info = th_get64(s + at + 4);
            } else if (s[at] == 0x01) {
                assert_int_equal(s[at + 1], 10);
                o->segment = th_get16(s + at + 6);
            } else {
                assert_int_equal(s[at], 0x02);
                sks = s + at + 4;
            }
        }
    } else {
        assert_int_equal(s[0] & 0x7f, 0x70);
        assert_int_equal(o->sense_len, 8u + s[7]);
        o->sense = TH_SENSE(s[2], s[12], s[13]);
        o->info_valid = s[0] & 0x80;
        o->info = th_get32(s + 3);
        o->segment = th_get16(s + 10);
        if (s[15] & 0x80)
            sks = s + 15;
    }
    if (sks) {
        assert_true(sks[0] & 0x80);
        o->field = th_get16(sks + 1);
        o->field_bit = sks[0] & 0x08 ? sks[0] & 7 : -1;
        o->field_in_cdb = sks[0] & 0x40;
        o->field_in_segment = sks[0] & 0x20;
    }
}

struct outcome rig_collect(struct rig_cmd *c)
{
    struct outcome o = { .status = c->cmd->status, .field = -1, .field_bit = -1 };

    assert_true(c->ended);
    o.sense_len = th_scsi_sense(c->cmd, o.sense_bytes);
    assert_true(o.sense_len <= TH_SENSE_MAX);
    assert_int_equal(o.sense_len > 0, o.status == TH_STATUS_CHECK_CONDITION);
    parse_sense(&o);
    o.data_bytes = c->cmd->data_bytes;
    o.data = c->in;
    o.len = c->in_len;
    free(c->cmd->param);
    free(c->cmd);
    free(c);
    return o;
}

struct outcome rig_run(struct rig *rig, const char *cdb_hex, const uint8_t *out,
                       uint32_t out_len)
{
    struct rig_cmd *c = rig_submit(rig, &rig->nexus[0], &rig->lu, cdb_hex, out, out_len);

    rig_wait(c);
    return rig_collect(c);
}

struct outcome rig_run_as(struct rig *rig, unsigned nexus, const char *cdb_hex)
{
    return rig_send_as(rig, nexus, cdb_hex, NULL, 0);
}

struct outcome rig_send_as(struct rig *rig, unsigned nexus, const char *cdb_hex, const uint8_t *out,
                           uint32_t out_len)
{
    struct rig_cmd *c = rig_submit(rig, &rig->nexus[nexus], &rig->lu, cdb_hex, out, out_len);

    rig_wait(c);
    return rig_collect(c);
}

void rig_forget(struct outcome *o)
{
    free(o->data);
    o->data = NULL;
}

/* --------------------------------------------------------------------------------------
 * Expectations
 */
void expect_sense(const char *title, const struct outcome *o, uint32_t sense)
{
    uint8_t status = sense == TH_SENSE_NONE ? TH_STATUS_GOOD : TH_STATUS_CHECK_CONDITION;

    if (o->status != status || o->sense != sense)
        fail_msg("%s: status %02x sense %06x, not %02x %06x", title, o->status,
                 (unsigned)o->sense, status, (unsigned)sense);
}

void expect_field(const char *title, const struct outcome *o, int byte, int bit)
{
    if (o->field != byte || o->field_bit != bit)
        fail_msg("%s: field pointer %d bit %d, not %d bit %d", title, o->field, o->field_bit,
                 byte, bit);
}

void expect_data(const char *title, const struct outcome *o, const char *hex_prefix)
{
    uint8_t want[512];
    size_t n = from_hex(hex_prefix, want, sizeof want);

    if (o->len < n)
        fail_msg("%s: %u bytes came, not %zu", title, (unsigned)o->len, n);
    for (size_t i = 0; i < n; i++)
        if (o->data[i] != want[i])
            fail_msg("%s: byte %zu is %02x, not %02x", title, i, o->data[i], want[i]);
}

bool rig_blocks_are(const struct rig *rig, uint64_t lba, uint32_t n, uint8_t byte)
{
    unsigned shift = rig->options.block_shift;

    for (size_t i = lba << shift; i < (lba + n) << shift; i++)
        if (rig->mem[i] != byte)
            return false;
    return true;
}

bool rig_blocks_untouched(const struct rig *rig, uint64_t lba, uint32_t n)
{
    unsigned shift = rig->options.block_shift;

    for (uint64_t b = lba; b < lba + n; b++)
        for (uint32_t i = 0; i < 1u << shift; i++)
            if (rig->mem[(b << shift) + i] != rig_byte(b, i))
                return false;
    return true;
}
