/* SPDX-License-Identifier: MIT
 *
 * test_cache.c: the cache over disks that answer at once, late, wrongly, or lose their power.
 *
 * A model (an array) says what must be read.  What is on the medium is checked after each flush, and
 * after a cut of the power at every write: what was flushed is there, and every other block is
 * as it was before or as some later write made it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/thimble.h"

enum { BLOCKS = 200, BLOCK_BYTES = 512, LONGEST = 48, LINES_MAX = 16, LINE_BLOCKS_MAX = 32 };

/* The medium: writes are volatile until it is flushed, if it can be.  From call `cut_at` on the power is off. */
struct medium {
    struct thimble_block block;
    uint8_t  mem[BLOCKS * BLOCK_BYTES], durable[BLOCKS * BLOCK_BYTES];
    uint32_t reads, writes, flushes;
    uint32_t cut_at;
    bool     absent;
};

static struct medium medium;
static struct thimble_fault_disk fault;
static struct thimble_delay_disk delay;
static struct thimble_cache_disk cache;
static struct thimble_cache_line lines[LINES_MAX];
static uint8_t data[LINES_MAX * LINE_BLOCKS_MAX * BLOCK_BYTES];
static uint8_t model[BLOCKS * BLOCK_BYTES];

static bool power_off(void)
{
    return medium.writes >= medium.cut_at;
}

static int medium_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                       struct thimble_io *io)
{
    (void)b, (void)io;
    assert_true(n_blocks > 0 && lba < BLOCKS && n_blocks <= BLOCKS - lba);
    medium.reads++;
    if (medium.absent)
        return THIMBLE_ERR_NO_MEDIUM;
    memcpy(buf, medium.mem + lba * BLOCK_BYTES, (size_t)n_blocks * BLOCK_BYTES);
    return THIMBLE_OK;
}

static int medium_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                        const void *buf, struct thimble_io *io)
{
    (void)io;
    assert_true(n_blocks > 0 && lba < BLOCKS && n_blocks <= BLOCKS - lba);
    if (medium.absent)
        return THIMBLE_ERR_NO_MEDIUM;
    if (power_off())
        return THIMBLE_ERR_HARDWARE;
    medium.writes++;
    memcpy(medium.mem + lba * BLOCK_BYTES, buf, (size_t)n_blocks * BLOCK_BYTES);
    if (!b->flush)
        memcpy(medium.durable + lba * BLOCK_BYTES, buf, (size_t)n_blocks * BLOCK_BYTES);
    return THIMBLE_OK;
}

static int medium_flush(struct thimble_block *b, struct thimble_io *io)
{
    (void)b, (void)io;
    medium.flushes++;
    if (medium.absent)
        return THIMBLE_ERR_NO_MEDIUM;
    if (power_off())
        return THIMBLE_ERR_HARDWARE;
    memcpy(medium.durable, medium.mem, sizeof medium.mem);
    return THIMBLE_OK;
}

static int medium_zero(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       struct thimble_io *io)
{
    static const uint8_t zeros[BLOCKS * BLOCK_BYTES];
    return medium_write(b, lba, n_blocks, zeros, io);
}

static int medium_ready(struct thimble_block *b)
{
    (void)b;
    return medium.absent ? THIMBLE_ERR_NO_MEDIUM : THIMBLE_OK;
}

/* Block lba as version v; blocks are told apart, and versions. */
static void paint(uint8_t *block, uint64_t lba, uint32_t v)
{
    for (size_t i = 0; i < BLOCK_BYTES; i += 4) {
        block[i] = (uint8_t)lba;
        block[i + 1] = (uint8_t)v;
        block[i + 2] = (uint8_t)(v >> 8);
        block[i + 3] = (uint8_t)(i / 4);
    }
}

static void set_up_medium(bool volatile_medium)
{
    memset(&medium, 0, sizeof medium);
    medium.block = (struct thimble_block){
        .size_blocks = BLOCKS, .block_shift = 9, .removable = true,
        .read = medium_read, .write = medium_write, .unmap = medium_zero,
        .write_zeroes = medium_zero, .ready = medium_ready,
        .flush = volatile_medium ? medium_flush : NULL,
    };
    medium.cut_at = UINT32_MAX;
    for (uint64_t i = 0; i < BLOCKS; i++)
        paint(medium.mem + i * BLOCK_BYTES, i, 0);
    memcpy(medium.durable, medium.mem, sizeof medium.mem);
    memcpy(model, medium.mem, sizeof model);
}

static struct thimble_block *set_up_cache(struct thimble_block *below, uint32_t n_lines,
                                          uint32_t line_blocks, uint32_t ahead_lines,
                                          uint32_t dirty_lines)
{
    struct thimble_cache_config config = {
        .data = data, .lines = lines, .n_lines = n_lines, .line_blocks = line_blocks,
        .ahead_lines = ahead_lines, .dirty_lines = dirty_lines,
    };
    memset(data, 0xdb, sizeof data);
    assert_int_equal(thimble_cache_disk_init(&cache, below, &config), THIMBLE_OK);
    return &cache.block;
}

/* What holds between any two calls. */
static void check_bounds(void)
{
    uint32_t n_dirty = 0;
    for (uint32_t i = 0; i < cache.config.n_lines; i++) {
        assert_int_equal(lines[i].dirty & ~lines[i].valid, 0);
        n_dirty += lines[i].dirty != 0;
        for (uint32_t k = 0; k < i; k++)
            assert_true(lines[i].lba == UINT64_MAX || lines[i].lba != lines[k].lba);
    }
    assert_int_equal(n_dirty, cache.n_dirty);
    assert_true(n_dirty <= cache.config.dirty_lines);
}

static uint32_t seed;

static uint32_t choose(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static struct thimble_io io;
static uint8_t buf[LONGEST * BLOCK_BYTES];

static void read_and_compare(struct thimble_block *b, uint64_t lba, uint32_t n)
{
    memset(buf, 0xee, sizeof buf);
    assert_int_equal(b->read(b, lba, n, buf, &io), THIMBLE_OK);
    assert_memory_equal(buf, model + lba * BLOCK_BYTES, (size_t)n * BLOCK_BYTES);
}

static void write_version(struct thimble_block *b, uint64_t lba, uint32_t n, uint32_t v)
{
    for (uint32_t i = 0; i < n; i++)
        paint(buf + (size_t)i * BLOCK_BYTES, lba + i, v);
    assert_int_equal(b->write(b, lba, n, buf, &io), THIMBLE_OK);
    memcpy(model + lba * BLOCK_BYTES, buf, (size_t)n * BLOCK_BYTES);
}

/* --------------------------------------------------------------------------------------
 * One thing at a time
 */

static void test_arguments_are_checked(void **state)
{
    const struct thimble_cache_config good = {
        .data = data, .lines = lines, .n_lines = 4, .line_blocks = 8, .ahead_lines = 2,
        .dirty_lines = 3,
    };
    struct thimble_cache_config c = good;
    (void)state;

    set_up_medium(false);
    assert_int_equal(thimble_cache_disk_init(&cache, &medium.block, &good), THIMBLE_OK);
    assert_int_equal(thimble_cache_disk_init(&cache, NULL, &good), THIMBLE_ERR_ARGUMENT);
#define REFUSED(field, value)                                                              \
    c = good;                                                                              \
    c.field = value;                                                                       \
    assert_int_equal(thimble_cache_disk_init(&cache, &medium.block, &c), THIMBLE_ERR_ARGUMENT)
    REFUSED(data, NULL);
    REFUSED(lines, NULL);
    REFUSED(n_lines, 1);
    REFUSED(n_lines, 65536);
    REFUSED(line_blocks, 3);
    REFUSED(line_blocks, 64);
    REFUSED(ahead_lines, 3);
    REFUSED(dirty_lines, 4);
#undef REFUSED
}

static void test_the_write_cache_is_told_as_it_is(void **state)
{
    (void)state;
    set_up_medium(false);
    assert_null(set_up_cache(&medium.block, 4, 8, 0, 0)->flush);
    assert_non_null(set_up_cache(&medium.block, 4, 8, 0, 2)->flush);
    medium.block.write = NULL;
    assert_null(set_up_cache(&medium.block, 4, 8, 0, 2)->write);
    assert_null(cache.block.flush);
    set_up_medium(true);
    assert_non_null(set_up_cache(&medium.block, 4, 8, 0, 0)->flush);
}

static void test_a_reader_in_sequence_is_read_ahead_of(void **state)
{
    (void)state;
    set_up_medium(false);
    struct thimble_block *b = set_up_cache(&medium.block, 16, 8, 3, 0);
    for (uint64_t lba = 0; lba < BLOCKS; lba += 2)
        read_and_compare(b, lba, 2);
    /* 100 requests: the first is alone, then 32 blocks at a time but for the end of the places */
    assert_in_range(medium.reads, 7, 12);

    /* Readers that alternate are told apart. */
    uint32_t before = medium.reads;
    thimble_cache_disk_follow(&cache);
    for (uint64_t lba = 0; lba < 96; lba += 2) {
        read_and_compare(b, lba, 2);
        read_and_compare(b, 100 + lba, 2);
    }
    assert_in_range(medium.reads - before, 8, 20);
}

static void test_random_reads_fetch_only_what_they_want(void **state)
{
    (void)state;
    set_up_medium(false);
    struct thimble_block *b = set_up_cache(&medium.block, 4, 8, 2, 0);
    read_and_compare(b, 17, 1);
    assert_int_equal(medium.reads, 1);
    read_and_compare(b, 17, 1);
    assert_int_equal(medium.reads, 1);
    read_and_compare(b, 19, 1);
    assert_int_equal(medium.reads, 2);
}

static void test_neighbouring_writes_become_one(void **state)
{
    (void)state;
    set_up_medium(true);
    struct thimble_block *b = set_up_cache(&medium.block, 16, 8, 0, 8);
    for (uint64_t lba = 5; lba < 61; lba++)
        write_version(b, lba, 1, 1);
    assert_int_equal(medium.writes, 0);
    assert_int_equal(cache.n_dirty, 8);
    assert_int_equal(b->flush(b, &io), THIMBLE_OK);
    assert_int_equal(medium.writes, 1);
    assert_int_equal(medium.flushes, 1);
    assert_memory_equal(medium.durable, model, sizeof model);

    /* Beyond the limit the oldest go, all neighbours together. */
    for (uint64_t lba = 0; lba < 160; lba += 4) {
        write_version(b, lba, 4, 2);
        check_bounds();
    }
    assert_in_range(medium.writes, 2, 5);
    assert_int_equal(b->flush(b, &io), THIMBLE_OK);
    assert_memory_equal(medium.durable, model, sizeof model);
}

static void test_idle_time_writes_late(void **state)
{
    (void)state;
    set_up_medium(false);
    struct thimble_block *b = set_up_cache(&medium.block, 8, 4, 0, 4);
    write_version(b, 0, 2, 1);
    write_version(b, 50, 2, 1);
    assert_true(thimble_cache_disk_write_late(&cache));
    assert_int_equal(medium.writes, 1);
    assert_false(thimble_cache_disk_write_late(&cache));
    assert_false(thimble_cache_disk_write_late(&cache));
    assert_int_equal(medium.writes, 2);
    assert_memory_equal(medium.durable, model, sizeof model);
}

static void test_a_late_write_that_fails_is_kept_and_told(void **state)
{
    (void)state;
    set_up_medium(true);
    thimble_fault_disk_init(&fault, &medium.block);
    struct thimble_block *b = set_up_cache(&fault.block, 8, 4, 0, 2);
    fault.lba_only = true;
    fault.bad_lba = 5;
    fault.bad_blocks = 1;
    fault.fail_at = 0;
    fault.sticky = true;

    write_version(b, 4, 4, 1);
    write_version(b, 40, 4, 1);
    write_version(b, 80, 4, 1);         /* must make room: 5 cannot be written */
    check_bounds();
    assert_int_equal(cache.late_errors, 1);
    read_and_compare(b, 4, 4);
    assert_int_equal(b->flush(b, &io), THIMBLE_ERR_IO);
    assert_memory_equal(medium.mem + 40 * BLOCK_BYTES, model + 40 * BLOCK_BYTES,
                        4 * BLOCK_BYTES);       /* the others were */
    assert_int_equal(b->flush(b, &io), THIMBLE_ERR_IO);
    read_and_compare(b, 4, 4);

    fault.fail_at = UINT32_MAX;         /* it was a passing matter */
    assert_int_equal(b->flush(b, &io), THIMBLE_OK);
    assert_memory_equal(medium.durable, model, sizeof model);
}

static void test_a_bad_block_ahead_harms_nobody(void **state)
{
    (void)state;
    set_up_medium(false);
    thimble_fault_disk_init(&fault, &medium.block);
    struct thimble_block *b = set_up_cache(&fault.block, 16, 8, 4, 0);
    fault.lba_only = true;
    fault.bad_lba = 30;
    fault.bad_blocks = 1;
    fault.fail_at = 0;
    fault.sticky = true;
    for (uint64_t lba = 0; lba < 60; lba++) {
        if (lba != 30)
            read_and_compare(b, lba, 1);
        else
            assert_int_equal(b->read(b, lba, 1, buf, &io), THIMBLE_ERR_IO);
    }

    fault.result = THIMBLE_ERR_BLOCK;
    assert_int_equal(b->read(b, 30, 1, buf, &io), THIMBLE_ERR_BLOCK);
    assert_int_equal(io.n_blocks, 0);
    assert_int_equal(b->read(b, 27, 8, buf, &io), THIMBLE_ERR_BLOCK);
    assert_int_equal(io.n_blocks, 3);
}

static void test_a_medium_that_went_takes_all_with_it(void **state)
{
    (void)state;
    set_up_medium(true);
    struct thimble_block *b = set_up_cache(&medium.block, 8, 4, 0, 4);
    write_version(b, 8, 4, 1);
    read_and_compare(b, 100, 2);
    medium.absent = true;
    assert_int_equal(b->ready(b), THIMBLE_ERR_NO_MEDIUM);
    assert_int_equal(cache.n_dirty, 0);
    assert_int_equal(cache.lost_blocks, 4);
    assert_int_equal(b->read(b, 100, 2, buf, &io), THIMBLE_ERR_NO_MEDIUM);

    /* Another card: nothing of the old one shows or lands there; the loss is told once. */
    set_up_medium(true);
    for (uint64_t i = 0; i < BLOCKS; i++)
        paint(medium.mem + i * BLOCK_BYTES, i, 7);
    memcpy(model, medium.mem, sizeof model);
    thimble_cache_disk_follow(&cache);
    read_and_compare(b, 100, 2);
    read_and_compare(b, 8, 4);
    assert_int_equal(b->flush(b, &io), THIMBLE_ERR_IO);
    assert_int_equal(b->flush(b, &io), THIMBLE_OK);
    assert_int_equal(medium.writes, 0);
}

static void test_a_medium_that_goes_during_a_flush(void **state)
{
    (void)state;
    set_up_medium(true);
    struct thimble_block *b = set_up_cache(&medium.block, 8, 4, 0, 4);
    write_version(b, 8, 4, 1);
    medium.absent = true;
    assert_int_equal(b->flush(b, &io), THIMBLE_ERR_NO_MEDIUM);
    medium.absent = false;
    assert_int_equal(cache.lost_blocks, 4);
    assert_int_equal(b->flush(b, &io), THIMBLE_OK);     /* it was told */
    assert_int_equal(medium.writes, 0);
}

/* What is dirty is in use, although the disk below knows nothing of it. */
static uint32_t nothing_mapped(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                               bool *mapped)
{
    (void)b, (void)lba;
    *mapped = false;
    return n_blocks;
}

static void test_extents_know_of_late_writes(void **state)
{
    bool mapped = true;
    (void)state;
    set_up_medium(false);
    medium.block.extent = nothing_mapped;
    struct thimble_block *b = set_up_cache(&medium.block, 8, 4, 0, 4);
    write_version(b, 10, 3, 1);
    assert_int_equal(b->extent(b, 0, 50, &mapped), 10);
    assert_false(mapped);
    assert_int_equal(b->extent(b, 10, 50, &mapped), 2);
    assert_true(mapped);
    assert_int_equal(b->extent(b, 12, 50, &mapped), 1);
    assert_true(mapped);
    assert_int_equal(b->extent(b, 13, 50, &mapped), 50);
    assert_false(mapped);
}

/* --------------------------------------------------------------------------------------
 * Anything against a model
 */

/* Sizes of caches that differ in kind. */
static const struct { uint32_t n_lines, line_blocks, ahead, dirty; } shapes[] = {
    { 2, 1, 0, 1 }, { 2, 8, 0, 0 }, { 3, 4, 1, 2 }, { 8, 8, 4, 4 }, { 8, 8, 6, 7 },
    { 16, 16, 2, 8 }, { 4, 32, 2, 3 }, { 16, 1, 14, 15 },
};

static void random_step(struct thimble_block *b, uint32_t v)
{
    uint32_t n = choose(4) == 0 ? 1 + choose(LONGEST) : 1 + choose(6);
    uint64_t lba = choose(BLOCKS - n + 1);
    static uint64_t next;
    if (choose(2) && next + n <= BLOCKS)        /* as file systems do */
        lba = next;
    next = lba + n;

    switch (choose(16)) {
    case 0:
        assert_int_equal(b->unmap(b, lba, n, &io), THIMBLE_OK);
        memset(model + lba * BLOCK_BYTES, 0, (size_t)n * BLOCK_BYTES);
        break;
    case 1:
        assert_int_equal(b->write_zeroes(b, lba, n, &io), THIMBLE_OK);
        memset(model + lba * BLOCK_BYTES, 0, (size_t)n * BLOCK_BYTES);
        break;
    case 2:
        if (b->flush)
            assert_int_equal(b->flush(b, &io), THIMBLE_OK);
        assert_memory_equal(medium.durable, model, sizeof model);
        break;
    case 3:
        thimble_cache_disk_write_late(&cache);
        break;
    case 4: case 5: case 6: case 7: case 8: case 9:
        write_version(b, lba, n, v);
        break;
    default:
        read_and_compare(b, lba, n);
        break;
    }
    check_bounds();
}

static void test_random_work_matches_the_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (uint32_t run = 0; run < 20; run++) {
            seed = run * 1000 + (uint32_t)i;
            set_up_medium(run & 1);
            struct thimble_block *b =
                set_up_cache(&medium.block, shapes[i].n_lines, shapes[i].line_blocks,
                             shapes[i].ahead, shapes[i].dirty);
            for (uint32_t v = 1; v < 300; v++)
                random_step(b, v);
        }
}

/* Single calls below fail here and there; requests that fail may have changed their blocks or not, others
 * must be right. */
static void test_random_work_with_failures_below(void **state)
{
    static bool unsure[BLOCKS];
    (void)state;

    for (uint32_t run = 0; run < 400; run++) {
        const size_t i = run % (sizeof shapes / sizeof *shapes);
        seed = run;
        memset(unsure, 0, sizeof unsure);
        set_up_medium(true);
        thimble_fault_disk_init(&fault, &medium.block);
        struct thimble_block *b =
            set_up_cache(&fault.block, shapes[i].n_lines, shapes[i].line_blocks,
                         shapes[i].ahead, shapes[i].dirty);
        for (uint32_t v = 1; v < 100; v++) {
            uint32_t n = 1 + choose(12);
            uint64_t lba = choose(BLOCKS - n + 1);
            fault.fail_at = fault.calls + choose(6);
            fault.sticky = choose(4) == 0;
            uint32_t what = choose(8);
            int result = THIMBLE_OK;
            if (what == 0) {
                result = b->flush(b, &io);
                if (result == THIMBLE_OK)
                    for (uint64_t k = 0; k < BLOCKS; k++)
                        assert_true(unsure[k] || !memcmp(medium.durable + k * BLOCK_BYTES,
                                                         model + k * BLOCK_BYTES, BLOCK_BYTES));
            } else if (what < 5) {
                for (uint32_t k = 0; k < n; k++)
                    paint(buf + (size_t)k * BLOCK_BYTES, lba + k, v);
                result = b->write(b, lba, n, buf, &io);
                memcpy(model + lba * BLOCK_BYTES, buf, (size_t)n * BLOCK_BYTES);
                for (uint32_t k = 0; k < n; k++)
                    unsure[lba + k] = result != THIMBLE_OK;
            } else if (what == 5) {
                result = b->unmap(b, lba, n, &io);
                memset(model + lba * BLOCK_BYTES, 0, (size_t)n * BLOCK_BYTES);
                for (uint32_t k = 0; k < n; k++)
                    unsure[lba + k] = result != THIMBLE_OK;
            } else {
                result = b->read(b, lba, n, buf, &io);
                for (uint32_t k = 0; k < n && result == THIMBLE_OK; k++)
                    assert_true(unsure[lba + k] ||
                                !memcmp(buf + (size_t)k * BLOCK_BYTES,
                                        model + (lba + k) * BLOCK_BYTES, BLOCK_BYTES));
            }
            check_bounds();
        }
    }
}

/* --------------------------------------------------------------------------------------
 * A disk below that answers later
 */

struct later {
    struct thimble_io io;
    bool     busy, is_read, is_flush;
    int      result;
    uint64_t lba;
    uint32_t n;
    uint32_t order;
    uint8_t  buf[LONGEST * BLOCK_BYTES], expected[LONGEST * BLOCK_BYTES];
    uint8_t *at_flush;
};

static uint32_t answers;

static void on_done(struct thimble_io *done, int result)
{
    struct later *l = (struct later *)done;
    assert_true(l->busy);
    l->busy = false;
    l->result = result;
    l->order = answers++;
    assert_int_equal(result, THIMBLE_OK);
    if (l->is_read)
        assert_memory_equal(l->buf, l->expected, (size_t)l->n * BLOCK_BYTES);
}

/* Several requests at a time, overlapping: each sees those that came before it. */
static void test_random_work_over_a_disk_that_answers_later(void **state)
{
    static struct later slots[6];
    static uint8_t at_flush[6][BLOCKS * BLOCK_BYTES];
    (void)state;

    for (uint32_t run = 0; run < 100; run++) {
        const size_t shape = run % (sizeof shapes / sizeof *shapes);
        seed = run;
        memset(slots, 0, sizeof slots);
        set_up_medium(run % 3 == 0);
        thimble_delay_disk_init(&delay, &medium.block);
        struct thimble_block *b =
            set_up_cache(&delay.block, shapes[shape].n_lines, shapes[shape].line_blocks,
                         shapes[shape].ahead, shapes[shape].dirty);
        for (uint32_t v = 1; v < 400; v++) {
            unsigned i = choose(6);
            struct later *l = &slots[i];
            if (l->busy) {
                thimble_delay_disk_run(&delay, 1);
                if (choose(8) == 0)
                    thimble_cache_disk_write_late(&cache);
                continue;
            }
            l->io.done = on_done;
            l->n = 1 + choose(16);
            l->lba = choose(BLOCKS - l->n + 1);
            l->is_read = l->is_flush = false;
            l->busy = true;
            uint8_t *m = model + l->lba * BLOCK_BYTES;
            size_t bytes = (size_t)l->n * BLOCK_BYTES;
            int result;
            switch (choose(8)) {
            case 0:
                if (b->flush) {
                    memcpy(at_flush[i], model, sizeof model);
                    l->is_flush = true;
                    result = b->flush(b, &l->io);
                    break;
                }
                /* fall through */
            case 1:
                result = b->write_zeroes(b, l->lba, l->n, &l->io);
                memset(m, 0, bytes);
                break;
            case 2: case 3: case 4:
                for (uint32_t k = 0; k < l->n; k++)
                    paint(l->buf + (size_t)k * BLOCK_BYTES, l->lba + k, v);
                memcpy(m, l->buf, bytes);
                result = b->write(b, l->lba, l->n, l->buf, &l->io);
                break;
            default:
                memcpy(l->expected, m, bytes);
                l->is_read = true;
                result = b->read(b, l->lba, l->n, l->buf, &l->io);
                break;
            }
            if (result != THIMBLE_PENDING)
                on_done(&l->io, result);
            check_bounds();
        }
        while (delay.waiting)
            thimble_delay_disk_run(&delay, 1);
        for (unsigned i = 0; i < 6; i++)
            assert_false(slots[i].busy);
        if (b->flush) {
            slots[0].busy = true;
            slots[0].is_read = false;
            if (b->flush(b, &slots[0].io) == THIMBLE_OK)
                slots[0].busy = false;
            while (delay.waiting)
                thimble_delay_disk_run(&delay, 1);
            assert_false(slots[0].busy);
        }
        assert_memory_equal(medium.durable, model, sizeof model);
    }
}

static int gone_answers;

static void on_gone(struct thimble_io *done, int result)
{
    (void)done;
    assert_int_equal(result, THIMBLE_ERR_NO_MEDIUM);
    gone_answers++;
}

/* The card is changed while one call is below and others wait: none of them reaches the new card. */
static void test_what_waits_for_a_card_that_went_fails(void **state)
{
    static struct thimble_io ios[4];
    static uint8_t bufs[4][8 * BLOCK_BYTES];
    (void)state;

    set_up_medium(true);
    thimble_delay_disk_init(&delay, &medium.block);
    struct thimble_block *b = set_up_cache(&delay.block, 4, 4, 0, 0);
    gone_answers = 0;
    for (unsigned i = 0; i < 4; i++) {
        ios[i].done = on_gone;
        assert_int_equal(b->write(b, 8 * i, 8, bufs[i], &ios[i]), THIMBLE_PENDING);
    }
    assert_int_equal(delay.waiting, 1);
    medium.absent = true;
    assert_int_equal(b->ready(b), THIMBLE_ERR_NO_MEDIUM);
    thimble_delay_disk_run(&delay, 1);
    assert_int_equal(gone_answers, 4);
    assert_int_equal(delay.waiting, 0);
    medium.absent = false;
    thimble_cache_disk_follow(&cache);
    assert_memory_equal(medium.mem, model, sizeof model);
}

/* --------------------------------------------------------------------------------------
 * Power
 */

enum { VERSIONS = 120 };

/* For each block, which versions it may have when the power has gone: the one that was flushed, and each
 * that was written since. */
static bool may_be[BLOCKS][VERSIONS];

static uint32_t version_of(const uint8_t *block, uint64_t lba)
{
    uint8_t whole[BLOCK_BYTES];
    uint32_t v = (uint32_t)block[1] | (uint32_t)block[2] << 8;
    paint(whole, lba, v);
    assert_memory_equal(block, whole, BLOCK_BYTES);     /* never a mixture */
    return v;
}

/* One scenario until the power goes at write number cut_at; true: it went. */
static bool work_until_the_cut(uint32_t scenario, uint32_t cut_at)
{
    const size_t i = scenario % (sizeof shapes / sizeof *shapes);
    seed = scenario;
    set_up_medium(scenario & 1);
    medium.cut_at = cut_at;
    struct thimble_block *b = set_up_cache(&medium.block, shapes[i].n_lines,
                                           shapes[i].line_blocks, shapes[i].ahead,
                                           shapes[i].dirty);
    static uint32_t latest[BLOCKS];
    memset(may_be, 0, sizeof may_be);
    memset(latest, 0, sizeof latest);
    for (uint64_t k = 0; k < BLOCKS; k++)
        may_be[k][0] = true;

    for (uint32_t v = 1; v < VERSIONS && !power_off(); v++) {
        uint32_t n = 1 + choose(10);
        uint64_t lba = choose(2) ? choose(40) : choose(BLOCKS - n + 1);
        uint32_t what = choose(8);
        if (what == 0 && b->flush) {
            if (b->flush(b, &io) == THIMBLE_OK)
                for (uint64_t k = 0; k < BLOCKS; k++) {
                    memset(may_be[k], 0, sizeof may_be[k]);
                    may_be[k][latest[k]] = true;
                }
            continue;
        }
        if (what == 1) {
            thimble_cache_disk_write_late(&cache);
            continue;
        }
        for (uint32_t k = 0; k < n; k++) {
            paint(buf + (size_t)k * BLOCK_BYTES, lba + k, v);
            may_be[lba + k][v] = true;
        }
        if (b->write(b, lba, n, buf, &io) == THIMBLE_OK)
            for (uint32_t k = 0; k < n; k++) {
                latest[lba + k] = v;
                if (!b->flush) {        /* then it is durable when it is answered */
                    memset(may_be[lba + k], 0, sizeof may_be[lba + k]);
                    may_be[lba + k][v] = true;
                }
            }
    }
    return power_off();
}

static void test_power_cut_at_every_write(void **state)
{
    uint32_t cuts = 0;
    (void)state;

    for (uint32_t scenario = 0; scenario < 32; scenario++)
        for (uint32_t cut_at = 0; work_until_the_cut(scenario, cut_at); cut_at++, cuts++)
            for (uint64_t k = 0; k < BLOCKS; k++) {
                /* A medium with a cache of its own may have kept any of what it was given. */
                const uint8_t *kept = choose(2) ? medium.mem : medium.durable;
                uint32_t v = version_of(kept + k * BLOCK_BYTES, k);
                assert_true(v < VERSIONS && may_be[k][v]);
            }
    assert_true(cuts > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_are_checked),
        cmocka_unit_test(test_the_write_cache_is_told_as_it_is),
        cmocka_unit_test(test_a_reader_in_sequence_is_read_ahead_of),
        cmocka_unit_test(test_random_reads_fetch_only_what_they_want),
        cmocka_unit_test(test_neighbouring_writes_become_one),
        cmocka_unit_test(test_idle_time_writes_late),
        cmocka_unit_test(test_a_late_write_that_fails_is_kept_and_told),
        cmocka_unit_test(test_a_bad_block_ahead_harms_nobody),
        cmocka_unit_test(test_a_medium_that_went_takes_all_with_it),
        cmocka_unit_test(test_a_medium_that_goes_during_a_flush),
        cmocka_unit_test(test_extents_know_of_late_writes),
        cmocka_unit_test(test_random_work_matches_the_model),
        cmocka_unit_test(test_random_work_with_failures_below),
        cmocka_unit_test(test_random_work_over_a_disk_that_answers_later),
        cmocka_unit_test(test_what_waits_for_a_card_that_went_fails),
        cmocka_unit_test(test_power_cut_at_every_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
