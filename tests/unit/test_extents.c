/* SPDX-License-Identifier: MIT
 *
 * test_extents.c: a file in runs of blocks, as a disk (src/block/extents.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/thimble.h"

enum { BLOCKS = 100, BLOCK_BYTES = 512, FILE_BLOCKS = 30 };

static uint8_t mem[BLOCKS * BLOCK_BYTES];
static struct thimble_ram_disk ram;
static struct thimble_delay_disk delay;
static struct thimble_fault_disk fault;
static struct thimble_extents_disk file;
static uint8_t buf[FILE_BLOCKS * BLOCK_BYTES];
static struct thimble_io io;

/* Out of order, one of a single block, two that touch. */
static const struct thimble_extent runs[] = { { 50, 7 }, { 10, 1 }, { 70, 12 }, { 82, 4 }, { 20, 6 } };

static uint64_t place(uint64_t lba)
{
    unsigned i = 0;
    for (; lba >= runs[i].n_blocks; i++)
        lba -= runs[i].n_blocks;
    return runs[i].first_lba + lba;
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mem; i++)
        mem[i] = (uint8_t)(i / BLOCK_BYTES + 1);
    return thimble_ram_disk_init(&ram, mem, BLOCKS, 9);
}

static void test_bad_runs_are_refused(void **state)
{
    static const struct { struct thimble_extent runs[2]; uint32_t n; } bad[] = {
        { { { 0, 0 } }, 1 },                            /* empty */
        { { { 99, 2 } }, 1 },                           /* beyond the end */
        { { { UINT64_MAX, 2 } }, 1 },
        { { { 1, UINT64_MAX } }, 1 },
        { { { 10, 5 }, { 14, 2 } }, 2 },                /* overlap */
        { { { 10, 5 }, { 10, 5 } }, 2 },
        { { { 11, 1 }, { 10, 5 } }, 2 },
        { { { 10, 5 } }, 0 },
        { { { 10, 5 } }, THIMBLE_EXTENTS_MAX + 1 },
    };
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(thimble_extents_disk_init(&file, &ram.block, bad[i].runs, bad[i].n),
                         THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_extents_disk_init(&file, NULL, runs, 5), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_extents_disk_init(&file, &ram.block, NULL, 5), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_extents_disk_init(&file, &ram.block, runs, 5), THIMBLE_OK);
    assert_int_equal(file.block.size_blocks, FILE_BLOCKS);
}

static void test_every_range_is_read_where_it_lies(void **state)
{
    struct thimble_block *b = &file.block;
    (void)state;
    thimble_extents_disk_init(&file, &ram.block, runs, 5);
    for (uint64_t lba = 0; lba < FILE_BLOCKS; lba++)
        for (uint32_t n = 1; n <= FILE_BLOCKS - lba; n++) {
            memset(buf, 0, sizeof buf);
            assert_int_equal(b->read(b, lba, n, buf, &io), THIMBLE_OK);
            for (uint32_t i = 0; i < n; i++)
                assert_int_equal(buf[i * BLOCK_BYTES + 7], place(lba + i) + 1);
            assert_true(n == FILE_BLOCKS || buf[n * BLOCK_BYTES] == 0);
        }
}

/* What is written, given back or zeroed changes the file and nothing beside it. */
static void test_nothing_outside_is_touched(void **state)
{
    struct thimble_block *b = &file.block;
    bool ours[BLOCKS] = { false };
    (void)state;
    thimble_extents_disk_init(&file, &ram.block, runs, 5);
    memset(buf, 0xee, sizeof buf);
    assert_int_equal(b->write(b, 0, FILE_BLOCKS, buf, &io), THIMBLE_OK);
    assert_int_equal(b->unmap(b, 5, 10, &io), THIMBLE_OK);
    assert_int_equal(b->write_zeroes(b, 20, 8, &io), THIMBLE_OK);
    for (uint64_t lba = 0; lba < FILE_BLOCKS; lba++) {
        bool zero = (lba >= 5 && lba < 15) || (lba >= 20 && lba < 28);
        assert_int_equal(mem[place(lba) * BLOCK_BYTES], zero ? 0 : 0xee);
        ours[place(lba)] = true;
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        assert_true(ours[i] || mem[i * BLOCK_BYTES] == i + 1);
}

static void test_memory_is_lent_within_one_run(void **state)
{
    struct thimble_block *b = &file.block;
    (void)state;
    thimble_extents_disk_init(&file, &ram.block, runs, 5);
    assert_ptr_equal(b->map(b, 8, 12), mem + 70 * BLOCK_BYTES);
    assert_null(b->map(b, 6, 2));
}

static void test_a_failing_piece_ends_the_request(void **state)
{
    struct thimble_block *b = &file.block;
    (void)state;
    for (uint32_t k = 0; k < 5; k++) {
        thimble_fault_disk_init(&fault, &ram.block);
        fault.fail_at = k;
        thimble_extents_disk_init(&file, &fault.block, runs, 5);
        assert_int_equal(b->read(b, 0, FILE_BLOCKS, buf, &io), THIMBLE_ERR_IO);
        assert_int_equal(fault.calls, k + 1);
        assert_int_equal(b->read(b, 0, FILE_BLOCKS, buf, &io), THIMBLE_OK);
    }
}

/* Which block failed is said in blocks of the request, whatever piece it was in. */
static void test_which_block_failed(void **state)
{
    struct thimble_block *b = &file.block;
    (void)state;
    thimble_fault_disk_init(&fault, &ram.block);
    thimble_extents_disk_init(&file, &fault.block, runs, 5);
    fault.lba_only = fault.sticky = true;
    fault.fail_at = 0;
    fault.bad_blocks = 1;
    fault.result = THIMBLE_ERR_BLOCK;
    uint32_t at = 0;
    for (unsigned r = 0; r < 5; r++) {
        fault.bad_lba = runs[r].first_lba + runs[r].n_blocks - 1;
        at += (uint32_t)runs[r].n_blocks;
        assert_int_equal(b->read(b, 2, FILE_BLOCKS - 2, buf, &io), THIMBLE_ERR_BLOCK);
        assert_int_equal(io.n_blocks, at - 1 - 2);
    }
}

/* Answers that come later: any number at a time, and a request from within an answer. */
enum { AT_A_TIME = 6 };

static struct waiting {
    struct thimble_io io;
    uint8_t  buf[FILE_BLOCKS * BLOCK_BYTES];
    uint64_t lba;
    uint32_t n, answers, again;
} waiting[AT_A_TIME];

static void ask(struct waiting *w)
{
    assert_int_equal(file.block.read(&file.block, w->lba, w->n, w->buf, &w->io), THIMBLE_PENDING);
}

static void on_done(struct thimble_io *done, int result)
{
    struct waiting *w = (struct waiting *)done;
    assert_int_equal(result, THIMBLE_OK);
    for (uint32_t i = 0; i < w->n; i++)
        assert_int_equal(w->buf[i * BLOCK_BYTES], place(w->lba + i) + 1);
    memset(w->buf, 0, sizeof w->buf);
    w->answers++;
    if (w->again-- > 0)
        ask(w);
}

static void test_requests_that_are_answered_later(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed < 300; seed++) {
        thimble_delay_disk_init(&delay, &ram.block);
        thimble_extents_disk_init(&file, &delay.block, runs, 5);
        for (uint32_t i = 0; i < AT_A_TIME; i++) {
            uint64_t lba = seed * (i + 3) * 7919 % (FILE_BLOCKS - 1);
            uint32_t n = (uint32_t)(1 + seed * (i + 5) * 104729 % (FILE_BLOCKS - lba));
            waiting[i] = (struct waiting){ .io.done = on_done, .lba = lba, .n = n, .again = 3 };
            ask(&waiting[i]);
        }
        while (delay.waiting)
            thimble_delay_disk_run(&delay, 1);
        for (uint32_t i = 0; i < AT_A_TIME; i++)
            assert_int_equal(waiting[i].answers, 4);
    }
}

static void test_physical_blocks_are_told_only_if_they_are_ours(void **state)
{
    static const struct thimble_extent aligned[] = { { 16, 8 }, { 40, 3 } };
    static const struct thimble_extent shifted[] = { { 16, 4 }, { 40, 8 } };
    (void)state;
    ram.block.physical_shift = 3;
    ram.block.serial = "CARD";
    thimble_extents_disk_init(&file, &ram.block, aligned, 2);
    assert_int_equal(file.block.physical_shift, 3);
    assert_null(file.block.serial);
    thimble_extents_disk_init(&file, &ram.block, shifted, 2);
    assert_int_equal(file.block.physical_shift, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bad_runs_are_refused, set_up),
        cmocka_unit_test_setup(test_every_range_is_read_where_it_lies, set_up),
        cmocka_unit_test_setup(test_nothing_outside_is_touched, set_up),
        cmocka_unit_test_setup(test_memory_is_lent_within_one_run, set_up),
        cmocka_unit_test_setup(test_a_failing_piece_ends_the_request, set_up),
        cmocka_unit_test_setup(test_which_block_failed, set_up),
        cmocka_unit_test_setup(test_requests_that_are_answered_later, set_up),
        cmocka_unit_test_setup(test_physical_blocks_are_told_only_if_they_are_ours, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
