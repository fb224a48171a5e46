/* SPDX-License-Identifier: MIT
 *
 * test_block.c: the disks that come with the library (src/block/).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/thimble.h"

enum { N_BLOCKS = 32, BLOCK_BYTES = 512 };

static uint8_t mem[N_BLOCKS * BLOCK_BYTES];
static struct thimble_ram_disk ram;
static uint8_t block[BLOCK_BYTES];

/* The answer of a call that answers later. */
static int answer;

static void on_done(struct thimble_io *io, int result)
{
    (void)io;
    answer = result;
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mem; i++)
        mem[i] = (uint8_t)(i / BLOCK_BYTES + 1);
    return thimble_ram_disk_init(&ram, mem, N_BLOCKS, 9);
}

static bool holds(uint64_t lba, uint8_t byte)
{
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        if (mem[lba * BLOCK_BYTES + i] != byte)
            return false;
    return true;
}

static void test_ram(void **state)
{
    struct thimble_block *b = &ram.block;
    struct thimble_io io;
    (void)state;

    assert_int_equal(b->read(b, 31, 1, block, &io), THIMBLE_OK);
    assert_int_equal(block[0], 32);
    memset(block, 0xee, sizeof block);
    assert_int_equal(b->write(b, 31, 1, block, &io), THIMBLE_OK);
    assert_true(holds(31, 0xee) && holds(30, 31));
    assert_int_equal(b->unmap(b, 4, 2, &io), THIMBLE_OK);
    assert_int_equal(b->write_zeroes(b, 7, 1, &io), THIMBLE_OK);
    assert_true(holds(3, 4) && holds(4, 0) && holds(5, 0) && holds(6, 7) && holds(7, 0));
    assert_ptr_equal(b->map(b, 3, 1), mem + 3 * BLOCK_BYTES);
    assert_null(b->flush);
}

static void test_ram_arguments(void **state)
{
    struct thimble_ram_disk d;
    (void)state;

    assert_int_equal(thimble_ram_disk_init(&d, NULL, 1, 9), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_ram_disk_init(&d, mem, 0, 9), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_ram_disk_init(&d, mem, 1, 8), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_ram_disk_init(&d, mem, 1, 13), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_ram_disk_init(&d, mem, UINT64_MAX, 9), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_ram_disk_init(&d, mem, 1, 12), THIMBLE_OK);
}

static void test_readonly(void **state)
{
    struct thimble_readonly_disk d;
    struct thimble_io io;
    (void)state;

    assert_int_equal(thimble_readonly_disk_init(&d, NULL), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_readonly_disk_init(&d, &ram.block), THIMBLE_OK);
    assert_true(!d.block.write && !d.block.flush && !d.block.unmap && !d.block.write_zeroes);
    assert_int_equal(d.block.size_blocks, N_BLOCKS);
    assert_int_equal(d.block.read(&d.block, 5, 1, block, &io), THIMBLE_OK);
    assert_int_equal(block[0], 6);
    assert_ptr_equal(d.block.map(&d.block, 3, 1), mem + 3 * BLOCK_BYTES);
}

/* Every second block is mapped. */
static uint32_t one_by_one(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                           bool *mapped)
{
    assert_ptr_equal(b, &ram.block);                    /* not the disk above it */
    assert_true(n_blocks >= 1);
    *mapped = lba % 2 == 0;
    return 1;
}

static void test_extent_is_asked_below(void **state)
{
    struct thimble_readonly_disk readonly;
    struct thimble_offset_disk offset;
    struct thimble_fault_disk fault;
    struct thimble_delay_disk delay;
    struct thimble_block *all[] = { &readonly.block, &offset.block, &fault.block,
                                    &delay.block };
    (void)state;

    for (int offered = 0; offered < 2; offered++) {
        ram.block.extent = offered ? one_by_one : NULL;
        assert_int_equal(thimble_readonly_disk_init(&readonly, &ram.block), THIMBLE_OK);
        assert_int_equal(thimble_offset_disk_init(&offset, &ram.block, 1, 16), THIMBLE_OK);
        assert_int_equal(thimble_fault_disk_init(&fault, &ram.block), THIMBLE_OK);
        assert_int_equal(thimble_delay_disk_init(&delay, &ram.block), THIMBLE_OK);
        for (unsigned i = 0; i < 4; i++) {
            bool mapped = false;
            if (!offered) {
                assert_null(all[i]->extent);
                continue;
            }
            assert_int_equal(all[i]->extent(all[i], 4, 8, &mapped), 1);
            assert_int_equal(mapped, all[i] != &offset.block);
        }
    }
}

static void test_offset(void **state)
{
    struct thimble_offset_disk d;
    struct thimble_block *b = &d.block;
    struct thimble_io io;
    (void)state;

    assert_int_equal(thimble_offset_disk_init(&d, NULL, 0, 1), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_offset_disk_init(&d, &ram.block, 0, 0), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_offset_disk_init(&d, &ram.block, 0, 33), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_offset_disk_init(&d, &ram.block, 32, 1), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_offset_disk_init(&d, &ram.block, UINT64_MAX, 2),
                     THIMBLE_ERR_ARGUMENT);

    assert_int_equal(thimble_offset_disk_init(&d, &ram.block, 8, 16), THIMBLE_OK);
    assert_int_equal(b->size_blocks, 16);
    assert_int_equal(b->read(b, 0, 1, block, &io), THIMBLE_OK);
    assert_int_equal(block[0], 9);
    memset(block, 0xee, sizeof block);
    assert_int_equal(b->write(b, 15, 1, block, &io), THIMBLE_OK);
    assert_true(holds(23, 0xee) && holds(24, 25));
    assert_int_equal(b->unmap(b, 1, 1, &io), THIMBLE_OK);
    assert_int_equal(b->write_zeroes(b, 3, 1, &io), THIMBLE_OK);
    assert_true(holds(9, 0) && holds(10, 11) && holds(11, 0));
    assert_ptr_equal(b->map(b, 2, 1), mem + 10 * BLOCK_BYTES);
}

/* Two partitions are not the same disk; one that begins inside a physical block has none. */
static void test_offset_facts(void **state)
{
    struct thimble_offset_disk d;
    (void)state;

    ram.block.serial = "CARD";
    ram.block.physical_shift = 3;
    assert_int_equal(thimble_offset_disk_init(&d, &ram.block, 8, 16), THIMBLE_OK);
    assert_null(d.block.serial);
    assert_int_equal(d.block.physical_shift, 3);
    assert_int_equal(thimble_offset_disk_init(&d, &ram.block, 9, 16), THIMBLE_OK);
    assert_int_equal(d.block.physical_shift, 0);
}

static void test_fault(void **state)
{
    struct thimble_fault_disk d;
    struct thimble_block *b = &d.block;
    struct thimble_io io;
    (void)state;

    assert_int_equal(thimble_fault_disk_init(&d, NULL), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_fault_disk_init(&d, &ram.block), THIMBLE_OK);
    assert_null(b->map);
    assert_int_equal(b->read(b, 0, 1, block, &io), THIMBLE_OK);
    d.fail_at = 2;
    assert_int_equal(b->write(b, 0, 1, block, &io), THIMBLE_OK);
    memset(block, 0xee, sizeof block);
    assert_int_equal(b->write(b, 0, 1, block, &io), THIMBLE_ERR_IO);
    assert_true(holds(0, 1));
    assert_int_equal(b->unmap(b, 0, 1, &io), THIMBLE_OK);
    assert_int_equal(d.calls, 4);
    assert_int_equal(d.failed, 1);
    d.sticky = true;
    d.result = THIMBLE_ERR_NO_SPACE;
    assert_int_equal(b->write_zeroes(b, 0, 1, &io), THIMBLE_ERR_NO_SPACE);
    assert_int_equal(b->read(b, 0, 1, block, &io), THIMBLE_ERR_NO_SPACE);
    assert_int_equal(d.failed, 3);
}

static void test_fault_of_bad_blocks(void **state)
{
    struct thimble_fault_disk d;
    struct thimble_block *b = &d.block;
    struct thimble_io io;
    static uint8_t many[N_BLOCKS * BLOCK_BYTES];
    (void)state;

    assert_int_equal(thimble_fault_disk_init(&d, &ram.block), THIMBLE_OK);
    d.lba_only = d.sticky = true;
    d.fail_at = 0;
    d.bad_lba = 10;
    d.bad_blocks = 2;
    assert_int_equal(b->read(b, 0, 10, many, &io), THIMBLE_OK);
    assert_int_equal(b->read(b, 12, 20, many, &io), THIMBLE_OK);
    assert_int_equal(b->read(b, 9, 2, many, &io), THIMBLE_ERR_IO);
    assert_int_equal(b->read(b, 11, 1, many, &io), THIMBLE_ERR_IO);
    assert_int_equal(b->read(b, 0, 32, many, &io), THIMBLE_ERR_IO);
    assert_int_equal(d.calls, 3);

    struct thimble_offset_disk part;            /* counted from where the request begins, wherever that is */
    d.result = THIMBLE_ERR_BLOCK;
    assert_int_equal(thimble_offset_disk_init(&part, b, 4, 20), THIMBLE_OK);
    assert_int_equal(part.block.read(&part.block, 3, 8, many, &io), THIMBLE_ERR_BLOCK);
    assert_int_equal(io.n_blocks, 3);
    assert_int_equal(b->read(b, 11, 4, many, &io), THIMBLE_ERR_BLOCK);
    assert_int_equal(io.n_blocks, 0);
}

static void test_delay(void **state)
{
    struct thimble_delay_disk d;
    struct thimble_block *b = &d.block;
    struct thimble_io io[5];
    uint8_t got[BLOCK_BYTES];
    (void)state;

    assert_int_equal(thimble_delay_disk_init(&d, NULL), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_delay_disk_init(&d, &ram.block), THIMBLE_OK);
    assert_null(b->map);
    assert_null(b->flush);
    for (unsigned i = 0; i < 5; i++)
        io[i].done = on_done;
    memset(block, 0xee, sizeof block);
    assert_int_equal(b->write(b, 1, 1, block, &io[0]), THIMBLE_PENDING);
    assert_int_equal(b->read(b, 1, 1, got, &io[1]), THIMBLE_PENDING);
    assert_int_equal(b->unmap(b, 1, 1, &io[2]), THIMBLE_PENDING);
    assert_int_equal(b->write_zeroes(b, 2, 1, &io[3]), THIMBLE_PENDING);
    assert_int_equal(d.waiting, 4);
    assert_true(holds(1, 2));                           /* nothing was done yet */
    answer = 1;
    assert_int_equal(thimble_delay_disk_run(&d, 0), 0);
    assert_int_equal(answer, 1);
    assert_int_equal(thimble_delay_disk_run(&d, 2), 2);
    assert_int_equal(answer, THIMBLE_OK);
    assert_true(holds(1, 0xee));
    assert_memory_equal(got, block, BLOCK_BYTES);
    assert_int_equal(thimble_delay_disk_run(&d, 99), 2);
    assert_true(holds(1, 0) && holds(2, 0));
    assert_int_equal(d.waiting, 0);
    assert_int_equal(thimble_delay_disk_run(&d, 1), 0);
}

/* Over another that answers later, and over one that fails. */
static void test_delay_over_others(void **state)
{
    struct thimble_fault_disk fault;
    struct thimble_delay_disk lower, upper;
    struct thimble_io io = { .done = on_done };
    (void)state;

    assert_int_equal(thimble_fault_disk_init(&fault, &ram.block), THIMBLE_OK);
    assert_int_equal(thimble_delay_disk_init(&lower, &fault.block), THIMBLE_OK);
    assert_int_equal(thimble_delay_disk_init(&upper, &lower.block), THIMBLE_OK);
    fault.fail_at = 0;
    answer = 1;
    assert_int_equal(upper.block.read(&upper.block, 1, 1, block, &io), THIMBLE_PENDING);
    assert_int_equal(thimble_delay_disk_run(&upper, 1), 1);
    assert_int_equal(answer, 1);                        /* now it waits below */
    assert_int_equal(thimble_delay_disk_run(&lower, 1), 1);
    assert_int_equal(answer, THIMBLE_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ram, set_up),
        cmocka_unit_test_setup(test_ram_arguments, set_up),
        cmocka_unit_test_setup(test_readonly, set_up),
        cmocka_unit_test_setup(test_extent_is_asked_below, set_up),
        cmocka_unit_test_setup(test_offset, set_up),
        cmocka_unit_test_setup(test_offset_facts, set_up),
        cmocka_unit_test_setup(test_fault, set_up),
        cmocka_unit_test_setup(test_fault_of_bad_blocks, set_up),
        cmocka_unit_test_setup(test_delay, set_up),
        cmocka_unit_test_setup(test_delay_over_others, set_up),
    };

    return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
