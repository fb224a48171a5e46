/* SPDX-License-Identifier: MIT
 *
 * test_partition.c: partitions are found where the tables say, and no damaged or hostile
 * table leads outside the disk, into an endless chain, or to blocks that two partitions
 * claim.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "block/partition.h"

enum { BLOCKS = 4096, NO_BAD_BLOCK = -1 };

struct mem_disk {
    struct thimble_block block;
    uint8_t *mem;
    int64_t  bad_lba;                   /* this block cannot be read */
    uint32_t reads;
};

static struct mem_disk disk;
static uint8_t *work;                   /* one block, and nothing behind it */

static int disk_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                     struct thimble_io *io)
{
    struct mem_disk *d = (struct mem_disk *)b;
    (void)io;
    d->reads++;
    assert_true(lba < b->size_blocks && n_blocks <= b->size_blocks - lba);
    if ((int64_t)lba == d->bad_lba)
        return THIMBLE_ERR_IO;
    memcpy(buf, d->mem + (lba << b->block_shift), (size_t)n_blocks << b->block_shift);
    return THIMBLE_OK;
}

static void begin(uint8_t block_shift)
{
    disk = (struct mem_disk){
        .block = { .size_blocks = BLOCKS, .block_shift = block_shift, .read = disk_read },
        .mem = calloc(BLOCKS, (size_t)1 << block_shift),
        .bad_lba = NO_BAD_BLOCK,
    };
    work = malloc((size_t)1 << block_shift);
    assert_non_null(disk.mem);
    assert_non_null(work);
}

static void finish(void)
{
    free(disk.mem);
    free(work);
}

static uint8_t *at(uint64_t lba)
{
    return disk.mem + (lba << disk.block.block_shift);
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

static uint32_t crc32(const uint8_t *p, size_t n)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < 8 * n; i++) {
        uint32_t low = (crc ^ p[i / 8] >> i % 8) & 1;
        crc = crc >> 1 ^ (low ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

static void mbr_put(uint64_t lba, unsigned i, uint8_t type, uint32_t first, uint32_t size)
{
    uint8_t *p = at(lba) + 446 + 16 * i;
    p[4] = type;
    put32(p + 8, first);
    put32(p + 12, size);
    at(lba)[510] = 0x55;
    at(lba)[511] = 0xaa;
}

/* What thimble_partition_find() wrote last. */
static struct thimble_partition p;

static int find(unsigned number)
{
    memset(&p, 0x5a, sizeof p);
    return thimble_partition_find(&p, &disk.block, number, work,
                                  (size_t)1 << disk.block.block_shift);
}

static void assert_found(unsigned number, uint64_t first_lba, uint64_t size_blocks)
{
    assert_int_equal(find(number), THIMBLE_OK);
    assert_int_equal(p.first_lba, first_lba);
    assert_int_equal(p.size_blocks, size_blocks);
}

static void assert_not_found(unsigned number)
{
    assert_int_equal(find(number), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(p.size_blocks, 0);
}

/* --------------------------------------------------------------------------------------
 * MBR
 */

/* 1, 2 and 4 primary; 5, 6, 7 logical, the sixth with a gap before it. */
static void make_mbr(void)
{
    mbr_put(0, 0, 0x0c, 64, 100);
    mbr_put(0, 1, 0x83, 200, 300);
    mbr_put(0, 2, 0x0f, 1000, 1000);
    mbr_put(0, 3, 0xda, BLOCKS - 1, 1);
    mbr_put(1000, 0, 0x83, 10, 90);
    mbr_put(1000, 1, 0x05, 150, 250);
    mbr_put(1150, 0, 0x07, 1, 249);
    mbr_put(1150, 1, 0x05, 400, 600);
    mbr_put(1400, 0, 0x83, 100, 500);
}

static void mbr_partitions_are_found(void **state)
{
    (void)state;
    for (uint8_t shift = 9; shift <= 12; shift += 3) {
        begin(shift);
        make_mbr();
        assert_found(1, 64, 100);
        assert_int_equal(p.table, THIMBLE_PARTITION_MBR);
        assert_int_equal(p.type[0], 0x0c);
        assert_found(2, 200, 300);
        assert_found(4, BLOCKS - 1, 1);
        assert_found(5, 1010, 90);
        assert_found(6, 1151, 249);
        assert_int_equal(p.type[0], 0x07);
        assert_found(7, 1500, 500);
        assert_not_found(0);
        assert_not_found(3);            /* the extended one is none */
        assert_int_equal(find(8), THIMBLE_ERR_ARGUMENT);
        assert_int_equal(p.table, THIMBLE_PARTITION_MBR);
        assert_not_found(UINT32_MAX);
        finish();
    }
}

static void mbr_fields_are_checked(void **state)
{
    (void)state;
    static const struct { uint16_t offset; uint8_t value; } bad[] = {
        { 510, 0x56 }, { 511, 0xab },               /* signature */
        { 446, 0x01 }, { 446 + 48, 0x7f },          /* status */
        { 446 + 11, 0xff }, { 446 + 15, 0xff },     /* first, size: beyond the disk */
        { 446 + 8, 0 }, { 446 + 12, 0 },            /* first, size: 0 */
        { 446 + 12, 137 },                          /* one block of the next */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(9);
        make_mbr();
        at(0)[bad[i].offset] = bad[i].value;
        assert_not_found(1);
        finish();
    }
    begin(9);                           /* 136 blocks just fit */
    make_mbr();
    at(0)[446 + 12] = 136;
    assert_found(1, 64, 136);
    finish();
}

static void hostile_chains_end(void **state)
{
    (void)state;
    /* Links to itself, back, beyond the extended partition; partitions beyond it. */
    static const struct { uint64_t lba; unsigned entry; uint32_t first, size; } bad[] = {
        { 1000, 1, 0, 250 }, { 1150, 1, 150, 600 }, { 1150, 1, 0, 600 },
        { 1150, 1, 10, 600 }, { 1000, 1, 1000, 250 }, { 1000, 1, UINT32_MAX, 250 },
        { 1000, 1, 99, 250 },
        { 1400, 0, 100, 501 }, { 1400, 0, UINT32_MAX, UINT32_MAX }, { 1400, 0, 0, 10 },
        { 1400, 0, 100, 0 }, { 1000, 0, 10, UINT32_MAX }, { 1000, 0, 1, 1000 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(9);
        make_mbr();
        mbr_put(bad[i].lba, bad[i].entry, bad[i].entry ? 0x05 : 0x83, bad[i].first,
                bad[i].size);
        assert_not_found(7);
        assert_true(disk.reads < 10);
        assert_found(2, 200, 300);
        finish();
    }

    /* A chain without end, each link one block further and without a partition. */
    begin(9);
    mbr_put(0, 0, 0x05, 1, BLOCKS - 1);
    for (uint32_t i = 1; i < BLOCKS; i++)
        mbr_put(i, 1, 0x05, i, 1);
    assert_not_found(4000);
    assert_true(disk.reads < 200);
    assert_not_found(5);
    finish();
}

static void a_file_system_is_not_a_table(void **state)
{
    (void)state;
    begin(9);
    memset(at(0), 'x', 510);
    at(0)[510] = 0x55;
    at(0)[511] = 0xaa;
    assert_not_found(1);
    assert_int_equal(p.table, THIMBLE_PARTITION_NO_TABLE);
    memset(at(0), 0, 512);
    assert_not_found(1);
    finish();
}

/* --------------------------------------------------------------------------------------
 * GPT
 */

enum { ENTRIES = 128 };

static uint32_t table_blocks(uint32_t entry_bytes)
{
    return ENTRIES * entry_bytes >> disk.block.block_shift;
}

static void seal_header(uint64_t lba)
{
    put32(at(lba) + 16, 0);
    put32(at(lba) + 16, crc32(at(lba), 92));
}

static void seal(uint64_t lba)
{
    const uint8_t *h = at(lba);
    uint32_t entries_lba = h[72] | (uint32_t)h[73] << 8;
    uint32_t n = h[80] | (uint32_t)h[81] << 8;
    uint32_t entry_bytes = h[84] | (uint32_t)h[85] << 8;
    put32(at(lba) + 88, crc32(at(entries_lba), n * entry_bytes));
    seal_header(lba);
}

static void put_header(uint64_t lba, uint64_t entries_lba, uint32_t entry_bytes)
{
    uint32_t n = table_blocks(entry_bytes);
    uint8_t *h = at(lba);
    memcpy(h, "EFI PART", 8);
    put32(h + 8, 0x00010000);
    put32(h + 12, 92);
    put64(h + 24, lba);
    put64(h + 32, lba == 1 ? BLOCKS - 1 : 1);
    put64(h + 40, 2 + n);
    put64(h + 48, BLOCKS - 2 - n);
    put64(h + 72, entries_lba);
    put32(h + 80, ENTRIES);
    put32(h + 84, entry_bytes);
}

static uint8_t *entry(uint64_t entries_lba, uint32_t entry_bytes, unsigned number)
{
    return at(entries_lba) + (size_t)(number - 1) * entry_bytes;
}

static void put_entry(uint64_t entries_lba, uint32_t entry_bytes, unsigned number,
                      uint64_t first, uint64_t last)
{
    uint8_t *e = entry(entries_lba, entry_bytes, number);
    memset(e, (int)number, 16);
    memset(e + 16, 0xee, 16);
    put64(e + 32, first);
    put64(e + 40, last);
}

/* Partitions 1, 2, 128; the last one up to the last usable block. */
static void make_gpt(uint32_t entry_bytes)
{
    uint32_t n = table_blocks(entry_bytes);
    uint64_t tables[] = { 2, BLOCKS - 1 - n }, headers[] = { 1, BLOCKS - 1 };

    mbr_put(0, 0, 0xee, 1, BLOCKS - 1);
    for (int i = 0; i < 2; i++) {
        put_header(headers[i], tables[i], entry_bytes);
        put_entry(tables[i], entry_bytes, 1, 2048, 2147);
        put_entry(tables[i], entry_bytes, 2, 2 + n, 2 + n);
        put_entry(tables[i], entry_bytes, 128, 3000, BLOCKS - 2 - n);
        seal(headers[i]);
    }
}

static void assert_gpt_found(uint32_t entry_bytes)
{
    uint32_t n = table_blocks(entry_bytes);
    uint8_t type[16];
    memset(type, 1, sizeof type);
    assert_found(1, 2048, 100);
    assert_int_equal(p.table, THIMBLE_PARTITION_GPT);
    assert_memory_equal(p.type, type, 16);
    assert_found(2, 2 + n, 1);
    assert_found(128, 3000, BLOCKS - 2 - n - 2999);
    assert_not_found(0);
    assert_not_found(3);
    assert_int_equal(p.table, THIMBLE_PARTITION_GPT);
    assert_not_found(129);
    assert_not_found(UINT32_MAX);
}

static void gpt_partitions_are_found(void **state)
{
    (void)state;
    for (uint8_t shift = 9; shift <= 12; shift += 3)
        for (uint32_t entry_bytes = 128; entry_bytes <= 512; entry_bytes *= 2) {
            begin(shift);
            make_gpt(entry_bytes);
            assert_gpt_found(entry_bytes);
            finish();
        }
}

static void the_backup_stands_in(void **state)
{
    (void)state;
    static const uint16_t damage[] = { 0, 8, 12, 16, 24, 40, 48, 72, 80, 84, 88 };
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        begin(9);
        make_gpt(128);
        at(1)[damage[i]] ^= 1;
        assert_gpt_found(128);
        at(BLOCKS - 1)[damage[i]] ^= 1;
        assert_not_found(1);
        assert_int_equal(p.table, THIMBLE_PARTITION_NO_TABLE);
        finish();
    }

    begin(9);                           /* the entries, not the header */
    make_gpt(128);
    at(20)[5] ^= 1;
    assert_gpt_found(128);
    finish();
}

static void unreadable_blocks_are_told_or_circumvented(void **state)
{
    (void)state;
    begin(9);
    make_gpt(128);
    for (int64_t bad = 1; bad < 34; bad++) {
        disk.bad_lba = bad;
        assert_gpt_found(128);
    }
    disk.bad_lba = 0;
    assert_int_equal(find(1), THIMBLE_ERR_IO);
    disk.bad_lba = BLOCKS - 1;
    assert_gpt_found(128);
    at(1)[0] = 0;
    assert_int_equal(find(1), THIMBLE_ERR_IO);
    finish();

    begin(9);
    make_mbr();
    disk.bad_lba = 1150;
    assert_found(5, 1010, 90);
    assert_int_equal(find(6), THIMBLE_ERR_IO);
    finish();
}

/* Fields that are wrong under a right CRC: somebody means harm.  In both headers. */
static void hostile_headers_are_refused(void **state)
{
    (void)state;
    static const struct { uint8_t offset, bytes; uint64_t value; } bad[] = {
        { 8, 4, 0x00020000 }, { 12, 4, 91 }, { 12, 4, 513 }, { 12, 4, UINT32_MAX },
        { 24, 8, 2 }, { 24, 8, UINT64_MAX },
        { 40, 8, 0 }, { 40, 8, 1 }, { 40, 8, 4063 }, { 40, 8, UINT64_MAX },
        { 48, 8, 33 }, { 48, 8, BLOCKS }, { 48, 8, UINT64_MAX },
        { 72, 8, 0 }, { 72, 8, 1 }, { 72, 8, 40 }, { 72, 8, BLOCKS - 31 },
        { 72, 8, UINT64_MAX }, { 72, 8, UINT64_MAX - 31 },
        { 80, 4, 0 }, { 80, 4, 1025 }, { 80, 4, UINT32_MAX }, { 80, 4, 0x02000001 },
        { 84, 4, 0 }, { 84, 4, 64 }, { 84, 4, 127 }, { 84, 4, 192 }, { 84, 4, 1024 },
        { 84, 4, 0x80000000 }, { 84, 4, UINT32_MAX },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(9);
        make_gpt(128);
        for (int h = 0; h < 2; h++) {
            uint64_t lba = h ? BLOCKS - 1 : 1;
            if (bad[i].bytes == 8)
                put64(at(lba) + bad[i].offset, bad[i].value);
            else
                put32(at(lba) + bad[i].offset, (uint32_t)bad[i].value);
            seal_header(lba);
        }
        assert_not_found(1);
        assert_true(disk.reads < 2000);
        finish();
    }
}

/* The usable blocks begin in the primary table, or end in the backup table. */
static void a_table_inside_the_partitions_is_refused(void **state)
{
    (void)state;
    for (int h = 0; h < 2; h++) {
        uint64_t lba = h ? BLOCKS - 1 : 1;
        begin(9);
        make_gpt(128);
        put64(at(lba) + (h ? 48 : 40), h ? 4063 : 33);
        seal_header(lba);
        assert_gpt_found(128);          /* by the other header */
        at(h ? 1 : BLOCKS - 1)[0] ^= 1;
        assert_not_found(1);
        finish();
    }
}

static void hostile_entries_are_refused(void **state)
{
    (void)state;
    static const struct { uint64_t first, last; } bad[] = {
        { 0, 100 }, { 1, 1 }, { 33, 100 }, { 100, 99 }, { 3999, 4063 },
        { 3999, UINT64_MAX },
        { UINT64_MAX, UINT64_MAX }, { UINT64_MAX, 5 }, { 0, UINT64_MAX },
        { 34, 2048 }, { 2147, 2147 }, { 2147, 2999 }, { 2000, 2999 }, { 2100, 2101 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(9);
        make_gpt(128);
        put_entry(2, 128, 2, bad[i].first, bad[i].last);
        seal(1);
        assert_not_found(2);            /* itself, and the one that it overlaps */
        assert_not_found(1);
        assert_int_equal(p.table, THIMBLE_PARTITION_GPT);
        finish();
    }
}

static void the_protective_mbr_decides(void **state)
{
    (void)state;
    begin(9);
    make_gpt(128);
    mbr_put(0, 0, 0x83, 100, 1000);     /* somebody made an MBR since */
    assert_found(1, 100, 1000);
    assert_int_equal(p.table, THIMBLE_PARTITION_MBR);
    finish();
}

static void small_disks_and_work_space_are_refused(void **state)
{
    (void)state;
    begin(9);
    make_mbr();
    assert_int_equal(thimble_partition_find(&p, &disk.block, 1, work, 511),
                     THIMBLE_ERR_ARGUMENT);
    make_gpt(128);
    for (uint64_t size = 1; size < 70; size++) {
        disk.block.size_blocks = size;
        assert_int_equal(find(1), THIMBLE_ERR_ARGUMENT);
    }
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mbr_partitions_are_found),
        cmocka_unit_test(mbr_fields_are_checked),
        cmocka_unit_test(hostile_chains_end),
        cmocka_unit_test(a_file_system_is_not_a_table),
        cmocka_unit_test(gpt_partitions_are_found),
        cmocka_unit_test(the_backup_stands_in),
        cmocka_unit_test(unreadable_blocks_are_told_or_circumvented),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(a_table_inside_the_partitions_is_refused),
        cmocka_unit_test(hostile_entries_are_refused),
        cmocka_unit_test(the_protective_mbr_decides),
        cmocka_unit_test(small_disks_and_work_space_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
