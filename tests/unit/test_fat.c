/* SPDX-License-Identifier: MIT
 *
 * test_fat.c: files on FAT16, FAT32 and exFAT volumes (src/block/fat.c), which fat_model.c
 * writes: whole ones, fragmented ones, and volumes that contradict themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fat_model.h"

enum { MEM_BLOCKS = 4608, BASE = 64, KINDS = 3, SEED = 5, RUNS = 8 };

static uint8_t mem[MEM_BLOCKS * 512];
static struct thimble_ram_disk ram;
static struct fat_model m;
static struct thimble_fat fs;
static struct thimble_fat_file file;
static struct thimble_extent runs[RUNS];
static uint32_t n_runs;
static uint8_t work[512];
static struct thimble_io io;

static uint32_t cluster_bytes(void)
{
    return UINT32_C(512) << m.cluster_shift;
}

/* FAT16 has thousands of clusters, or it were FAT12. */
static void format(int kind, uint64_t base_lba)
{
    static const struct { uint32_t shift, clusters; } sizes[KINDS] = { { 0, 4200 }, { 1, 700 },
                                                                       { 2, 400 } };
    fat_model_format(&m, (enum thimble_fat_kind)kind, mem, MEM_BLOCKS, base_lba,
                     sizes[kind].shift, sizes[kind].clusters);
    thimble_ram_disk_init(&ram, mem, MEM_BLOCKS, 9);
}

static int mount(void)
{
    return thimble_fat_mount(&fs, &ram.block, work, sizeof work);
}

static int open_file(const char *path)
{
    return thimble_fat_open(&fs, &file, path);
}

static int extents(uint32_t max)
{
    return thimble_fat_extents(&file, runs, max, &n_runs);
}

/* Mount, open, extents, up to the first that fails. */
static int look_for(const char *path)
{
    int result = mount();
    if (!result)
        result = open_file(path);
    return result ? result : extents(RUNS);
}

static uint8_t *add_entry(struct fat_model_folder *folder, const char *name, uint64_t size,
                          uint32_t first_cluster)
{
    return fat_model_add(&m, folder, name, &(struct fat_model_entry){
        .size_bytes = size, .valid_bytes = size, .first_cluster = first_cluster });
}

static void add_file(struct fat_model_folder *folder, const char *name,
                     const uint32_t *clusters, uint32_t n, uint64_t size)
{
    fat_model_chain(&m, clusters, n);
    fat_model_fill(&m, clusters, n, SEED);
    add_entry(folder, name, size, n ? clusters[0] : 0);
}

/* Empty files, until the folder's last cluster is nearly full. */
static void crowd(struct fat_model_folder *folder)
{
    while (folder->n_entries + 6 <= folder->n_clusters * cluster_bytes() / 32)
        add_entry(folder, "F", 0, 0);
}

/* It is found, and read and served block by block it is what was written. */
static void assert_whole(const char *path, const uint32_t *clusters, uint64_t size)
{
    static uint8_t buf[64 * 2048];
    struct thimble_extents_disk disk;
    size_t got;

    assert_int_equal(mount(), THIMBLE_FAT_OK);
    assert_int_equal(open_file(path), THIMBLE_FAT_OK);
    assert_int_equal(file.size_bytes, size);
    assert_true(size <= sizeof buf);
    assert_int_equal(thimble_fat_read(&file, buf, sizeof buf, &got), THIMBLE_FAT_OK);
    assert_int_equal(got, size);
    for (size_t i = 0; i < got; i++)
        assert_int_equal(buf[i], fat_model_byte(SEED, i));

    assert_int_equal(extents(RUNS), THIMBLE_FAT_OK);
    uint64_t block = 0;
    for (uint32_t i = 0; i < n_runs; i++) {
        assert_true(i == 0 ||
                    runs[i - 1].first_lba + runs[i - 1].n_blocks != runs[i].first_lba);
        for (uint64_t k = 0; k < runs[i].n_blocks; k++, block++) {
            uint64_t in_cluster = block & ((UINT64_C(1) << m.cluster_shift) - 1);
            assert_int_equal(runs[i].first_lba + k,
                             fat_model_lba(&m, clusters[block >> m.cluster_shift]) + in_cluster);
        }
    }
    assert_int_equal(block, size / 512);
    assert_int_equal(thimble_extents_disk_init(&disk, &ram.block, runs, n_runs), THIMBLE_OK);
    memset(buf, 0, sizeof buf);
    assert_int_equal(disk.block.read(&disk.block, 0, (uint32_t)block, buf, &io), THIMBLE_OK);
    for (size_t i = 0; i < block * 512; i++)
        assert_int_equal(buf[i], fat_model_byte(SEED, i));
}

#define FOR_EACH_KIND(kind) for (int kind = THIMBLE_FAT_16; kind < KINDS; kind++)
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --------------------------------------------------------------------------------------
 * Volumes
 */

static void test_a_volume_is_found_in_block_0_and_in_a_partition(void **state)
{
    static const uint32_t clusters[] = { 10, 11 };
    (void)state;
    FOR_EACH_KIND(kind)
        for (int place = 0; place < 2; place++) {
            format(kind, place * BASE);
            add_file(&m.root, "DISK.IMG", clusters, 2, 2 * cluster_bytes());
            assert_whole("disk.img", clusters, 2 * cluster_bytes());
            assert_int_equal(fs.kind, kind);
        }
}

static void test_a_volume_in_a_later_partition_is_found_behind_one_of_another_kind(void **state)
{
    static const uint32_t clusters[] = { 10, 11 };
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, BASE);
        add_file(&m.root, "DISK.IMG", clusters, 2, 2 * cluster_bytes());
        memcpy(mem + 446 + 32, mem + 446, 16);          /* now the third; the first is blocks 1 to 8 */
        memset(mem + 446, 0, 16);
        mem[446 + 4] = 0x83;
        mem[446 + 8] = 1;
        mem[446 + 12] = 8;
        assert_whole("disk.img", clusters, 2 * cluster_bytes());
    }
}

static void test_no_volume(void **state)
{
    (void)state;
    format(THIMBLE_FAT_16, 0);
    memset(mem, 0, sizeof mem);
    assert_int_equal(mount(), THIMBLE_FAT_NO_VOLUME);
    memset(mem, 0xff, sizeof mem);
    assert_int_equal(mount(), THIMBLE_FAT_NO_VOLUME);

    format(THIMBLE_FAT_16, 0);
    assert_int_equal(thimble_fat_mount(&fs, &ram.block, work, 511), THIMBLE_FAT_NO_VOLUME);
    thimble_ram_disk_init(&ram, mem, MEM_BLOCKS / 8, 12);
    assert_int_equal(mount(), THIMBLE_FAT_NO_VOLUME);
}

static void test_boot_sectors_that_make_no_sense(void **state)
{
    static const struct {
        int kind;
        uint16_t at;
        uint8_t n, bytes[8];
        const char *what;
        bool damaged;               /* it is a volume, and says of itself what cannot be */
    } bad[] = {
        { 0, 510, 1, { 0 }, "signature", false },
        { 0, 0, 1, { 0 }, "no jump", false },
        { 0, 11, 2, { 0, 4 }, "sectors of 1024 bytes", false },
        { 0, 11, 2, { 0, 0 }, "sectors of no bytes", false },
        { 0, 13, 1, { 0 }, "clusters of no sectors", false },
        { 0, 13, 1, { 3 }, "clusters of 3 sectors", false },
        { 0, 13, 1, { 255 }, "clusters of 255 sectors", false },
        { 0, 13, 1, { 2 }, "so few clusters that it is FAT12", false },
        { 0, 14, 2, { 0, 0 }, "nothing reserved", false },
        { 0, 14, 2, { 255, 255 }, "all reserved", false },
        { 0, 16, 1, { 0 }, "no FAT", false },
        { 0, 16, 1, { 3 }, "three FATs", false },
        { 0, 17, 2, { 0, 0 }, "no root", false },
        { 0, 17, 2, { 255, 255 }, "a root larger than the volume", false },
        { 0, 22, 2, { 1, 0 }, "a FAT too small for the clusters", false },
        { 0, 22, 2, { 255, 255 }, "a FAT larger than the volume", false },
        { 0, 32, 4, { 255, 255, 255, 255 }, "more sectors than the disk", false },
        { 0, 32, 4, { 0, 0, 0, 0 }, "no sectors", false },
        { 1, 36, 4, { 0, 0, 0, 0 }, "no FAT32", false },
        { 1, 36, 4, { 255, 255, 255, 255 }, "a FAT32 larger than the volume", false },
        { 1, 42, 2, { 1, 0 }, "a later FAT32", false },
        { 1, 17, 2, { 16, 0 }, "FAT32 with a fixed root", false },
        { 1, 44, 4, { 0, 0, 0, 0 }, "no root cluster", true },
        { 1, 44, 4, { 1, 0, 0, 0 }, "root in cluster 1", true },
        { 1, 44, 4, { 255, 255, 255, 15 }, "root beyond the end", true },
        { 1, 40, 1, { 0x82 }, "the third FAT32 active", false },
        { 2, 20, 1, { 1 }, "exFAT with an old FAT's fields", false },
        { 2, 72, 8, { 0 }, "exFAT of no sectors", false },
        { 2, 72, 8, { 255, 255, 255, 255, 255, 255, 255, 255 }, "exFAT larger than the disk", true },
        { 2, 80, 4, { 0, 0, 0, 0 }, "exFAT without a FAT", false },
        { 2, 80, 4, { 255, 255, 255, 255 }, "exFAT with its FAT beyond the end", false },
        { 2, 84, 4, { 1, 0, 0, 0 }, "exFAT with a FAT too small", false },
        { 2, 84, 4, { 255, 255, 255, 255 }, "exFAT with a FAT into its clusters", false },
        { 2, 88, 4, { 255, 255, 255, 255 }, "exFAT with its clusters beyond the end", false },
        { 2, 92, 4, { 0, 0, 0, 0 }, "exFAT without clusters", false },
        { 2, 92, 4, { 255, 255, 255, 255 }, "exFAT with too many clusters", false },
        { 2, 96, 4, { 1, 0, 0, 0 }, "exFAT root in cluster 1", true },
        { 2, 96, 4, { 255, 255, 255, 255 }, "exFAT root beyond the end", true },
        { 2, 105, 1, { 2 }, "a later exFAT", false },
        { 2, 106, 1, { 1 }, "the second exFAT FAT of one", false },
        { 2, 108, 1, { 12 }, "exFAT sectors of 4096 bytes", false },
        { 2, 109, 1, { 17 }, "exFAT clusters over 32 MiB", false },
        { 2, 109, 1, { 255 }, "exFAT clusters of nonsense", false },
        { 2, 110, 1, { 0 }, "exFAT with no FATs", false },
        { 2, 110, 1, { 3 }, "exFAT with three FATs", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        for (int place = 0; place < 2; place++) {
            format(bad[i].kind, place * BASE);
            assert_int_equal(mount(), THIMBLE_FAT_OK);
            memcpy(mem + m.base_lba * 512 + bad[i].at, bad[i].bytes, bad[i].n);
            if (mount() != (bad[i].damaged ? THIMBLE_FAT_DAMAGED : THIMBLE_FAT_NO_VOLUME))
                fail_msg("%s: another result", bad[i].what);
        }
}

static void test_a_volume_on_a_disk_that_is_too_short_is_damaged(void **state)
{
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, 0);
        for (uint64_t blocks = 1; blocks < m.end_lba; blocks += 1 + blocks / 7) {
            thimble_ram_disk_init(&ram, mem, blocks, 9);
            assert_int_equal(mount(), THIMBLE_FAT_DAMAGED);
        }
        thimble_ram_disk_init(&ram, mem, m.end_lba, 9);
        assert_int_equal(mount(), THIMBLE_FAT_OK);
    }
}

/* Copies of the FAT may differ; the boot sector says which one holds. */
static void test_the_active_fat_is_used(void **state)
{
    static const uint32_t clusters[] = { 10, 30, 31 };
    (void)state;
    format(THIMBLE_FAT_32, 0);
    add_file(&m.root, "DISK.IMG", clusters, 3, 3 * cluster_bytes());
    memset(mem + (m.fat_lba + m.fat_blocks) * 512 + 40, 0, 4);      /* cluster 10, second FAT */
    assert_whole("disk.img", clusters, 3 * cluster_bytes());
    mem[40] = 0x81;
    assert_int_equal(look_for("disk.img"), THIMBLE_FAT_DAMAGED);
}

/* --------------------------------------------------------------------------------------
 * Files
 */

static void test_runs_are_where_the_clusters_are(void **state)
{
    static const struct { uint32_t n, clusters[12], runs; } cases[] = {
        { 1, { 10 }, 1 },
        { 3, { 10, 11, 12 }, 1 },
        { 3, { 10, 12, 14 }, 3 },
        { 3, { 12, 11, 10 }, 3 },
        { 6, { 20, 21, 50, 51, 22, 23 }, 3 },
        { 2, { 3, 300 }, 2 },
        { 12, { 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111 }, 1 },
        { 8, { 9, 11, 13, 15, 17, 19, 21, 23 }, 8 },
    };
    (void)state;
    FOR_EACH_KIND(kind)
        for (size_t i = 0; i < COUNT(cases); i++)
            for (uint32_t short_bytes = 0; short_bytes < cluster_bytes(); short_bytes += 511) {
                uint64_t size = (uint64_t)cases[i].n * (512u << kind);
                format(kind, i % 2 * BASE);
                if (size - short_bytes < 512 || short_bytes >= cluster_bytes())
                    continue;
                add_file(&m.root, "DISK.IMG", cases[i].clusters, cases[i].n, size - short_bytes);
                assert_whole("DISK.IMG", cases[i].clusters, size - short_bytes);
                if (short_bytes == 0)
                    assert_int_equal(n_runs, cases[i].runs);
            }
}

static void test_the_last_cluster_can_be_used(void **state)
{
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, 0);
        const uint32_t clusters[] = { 5, m.n_clusters + 1 };
        add_file(&m.root, "DISK.IMG", clusters, 2, 2 * cluster_bytes());
        assert_whole("disk.img", clusters, 2 * cluster_bytes());
    }
}

static void test_every_size_of_reading(void **state)
{
    static const uint32_t clusters[] = { 10, 40, 20 };
    uint8_t buf[1400];
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, 0);
        uint64_t size = 2 * cluster_bytes() + 77;
        add_file(&m.root, "A.INI", clusters, 3, size);
        assert_int_equal(mount(), THIMBLE_FAT_OK);
        for (size_t step = 1; step < sizeof buf; step += 1 + step / 3) {
            uint64_t at = 0;
            size_t got;
            assert_int_equal(open_file("a.ini"), THIMBLE_FAT_OK);
            do {
                assert_int_equal(thimble_fat_read(&file, buf, step, &got), THIMBLE_FAT_OK);
                for (size_t i = 0; i < got; i++, at++)
                    assert_int_equal(buf[i], fat_model_byte(SEED, at));
            } while (got == step);
            assert_int_equal(at, size);
        }
    }
}

static void test_a_file_of_less_than_a_block_is_too_small(void **state)
{
    static const uint32_t clusters[] = { 10 };
    uint8_t buf[600];
    size_t got;
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, 0);
        add_file(&m.root, "EMPTY", NULL, 0, 0);
        add_file(&m.root, "SMALL", clusters, 1, 511);
        assert_int_equal(look_for("empty"), THIMBLE_FAT_TOO_SMALL);
        assert_int_equal(thimble_fat_read(&file, buf, sizeof buf, &got), THIMBLE_FAT_OK);
        assert_int_equal(got, 0);
        assert_int_equal(look_for("small"), THIMBLE_FAT_TOO_SMALL);
        assert_int_equal(thimble_fat_read(&file, buf, sizeof buf, &got), THIMBLE_FAT_OK);
        assert_int_equal(got, 511);
    }
}

static void test_too_many_runs(void **state)
{
    static const uint32_t clusters[] = { 9, 11, 13, 15, 17, 19, 21, 23 };
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, 0);
        add_file(&m.root, "DISK.IMG", clusters, 8, 8 * cluster_bytes());
        assert_int_equal(mount(), THIMBLE_FAT_OK);
        assert_int_equal(open_file("disk.img"), THIMBLE_FAT_OK);
        for (uint32_t max = 0; max < 8; max++)
            assert_int_equal(extents(max), THIMBLE_FAT_FRAGMENTED);
        assert_int_equal(extents(8), THIMBLE_FAT_OK);
    }
}

static void test_chains_that_contradict_the_file(void **state)
{
    static const uint32_t clusters[] = { 10, 11, 14, 15 };
    static const struct { uint32_t cluster, next; const char *what; } bad[] = {
        { 11, FAT_MODEL_END, "ends early" },
        { 11, 0, "free" },
        { 11, 1, "cluster 1" },
        { 14, 10, "loop to the beginning" },
        { 14, 14, "loop to itself" },
        { 14, 11, "loop to the middle" },
        { 10, 10, "loop at once" },
        { 11, 100000, "out of range" },
        { 11, UINT32_C(0x0ffffff7), "bad" },
    };
    (void)state;
    FOR_EACH_KIND(kind)
        for (size_t i = 0; i < COUNT(bad); i++) {
            uint32_t next = bad[i].next;
            format(kind, 0);
            if (next == 100000)
                next = m.n_clusters + 2;
            add_file(&m.root, "DISK.IMG", clusters, 4, 4 * cluster_bytes());
            fat_model_link(&m, bad[i].cluster, next);
            if (look_for("disk.img") != THIMBLE_FAT_DAMAGED)
                fail_msg("%s: not noticed, kind %d", bad[i].what, kind);
            assert_int_equal(mount(), THIMBLE_FAT_OK);
            assert_int_equal(open_file("disk.img"), THIMBLE_FAT_OK);
            uint32_t few = 1;                   /* a loop is no fragmentation */
            if (bad[i].cluster == 10 && bad[i].next == 10)
                few = 2;
            assert_int_not_equal(extents(few), THIMBLE_FAT_OK);
        }
}

static void test_a_long_loop_is_noticed_when_the_runs_are_few(void **state)
{
    static const uint32_t clusters[] = { 10, 11 };
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, 0);
        add_file(&m.root, "DISK.IMG", clusters, 2, 200 * cluster_bytes());
        fat_model_link(&m, 11, 10);
        assert_int_equal(look_for("disk.img"), THIMBLE_FAT_DAMAGED);
    }
}

static void test_a_file_larger_than_the_volume(void **state)
{
    static const uint32_t clusters[] = { 10, 11 };
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, 0);
        add_file(&m.root, "DISK.IMG", clusters, 2, UINT32_C(0xffffffff));
        assert_int_equal(look_for("disk.img"), THIMBLE_FAT_DAMAGED);
        format(kind, 0);
        add_file(&m.root, "DISK.IMG", clusters, 2, (uint64_t)(m.n_clusters + 1) * cluster_bytes());
        assert_int_equal(look_for("disk.img"), THIMBLE_FAT_DAMAGED);
    }
}

static void test_a_file_that_begins_nowhere(void **state)
{
    (void)state;
    FOR_EACH_KIND(kind)
        for (int i = 0; i < 4; i++) {
            format(kind, 0);
            const uint32_t first[] = { 0, 1, m.n_clusters + 2, 0xffff };
            add_entry(&m.root, "DISK.IMG", 4096, first[i]);
            assert_int_equal(look_for("disk.img"), THIMBLE_FAT_DAMAGED);
        }
}

static void test_read_only_is_told(void **state)
{
    (void)state;
    FOR_EACH_KIND(kind)
        for (int read_only = 0; read_only < 2; read_only++) {
            format(kind, 0);
            fat_model_add(&m, &m.root, "DISK.IMG", &(struct fat_model_entry){
                .size_bytes = 512, .valid_bytes = 512, .first_cluster = 10,
                .read_only = read_only });
            assert_int_equal(look_for("disk.img"), THIMBLE_FAT_OK);
            assert_int_equal(file.read_only, read_only);
        }
}

/* --------------------------------------------------------------------------------------
 * exFAT's own
 */

static void add_exfat(const char *name, uint64_t size, uint64_t valid, bool no_chain,
                      uint32_t first_cluster)
{
    fat_model_add(&m, &m.root, name, &(struct fat_model_entry){
        .size_bytes = size, .valid_bytes = valid, .no_chain = no_chain,
        .first_cluster = first_cluster });
}

static void test_exfat_a_file_without_a_chain(void **state)
{
    static const uint32_t clusters[] = { 10, 11, 12 };
    (void)state;
    format(THIMBLE_FAT_EX, 0);
    fat_model_fill(&m, clusters, 3, SEED);
    fat_model_link(&m, 10, 77);                         /* must not be looked at */
    add_exfat("disk.img", 3 * cluster_bytes() - 1, 3 * cluster_bytes() - 1, true, 10);
    assert_whole("disk.img", clusters, 3 * cluster_bytes() - 1);
    assert_int_equal(n_runs, 1);
}

static void test_exfat_a_file_without_a_chain_ends_in_the_volume(void **state)
{
    (void)state;
    format(THIMBLE_FAT_EX, 0);
    uint32_t first = m.n_clusters - 1;                  /* three are left */
    add_exfat("fits.img", 3 * cluster_bytes(), 3 * cluster_bytes(), true, first);
    add_exfat("more.img", 3 * cluster_bytes() + 512, 3 * cluster_bytes() + 512, true, first);
    add_exfat("huge.img", UINT64_MAX, UINT64_MAX, true, first);
    assert_int_equal(look_for("fits.img"), THIMBLE_FAT_OK);
    assert_int_equal(look_for("more.img"), THIMBLE_FAT_DAMAGED);
    assert_int_equal(look_for("huge.img"), THIMBLE_FAT_DAMAGED);
}

static void test_exfat_what_was_never_written_is_zeros_and_not_served(void **state)
{
    static const uint32_t clusters[] = { 10, 11 };
    uint8_t buf[4096];
    size_t got;
    (void)state;
    format(THIMBLE_FAT_EX, 0);
    fat_model_fill(&m, clusters, 2, SEED);
    add_exfat("disk.img", 4096, 1000, true, 10);
    assert_int_equal(look_for("disk.img"), THIMBLE_FAT_NOT_FILLED);
    assert_int_equal(thimble_fat_read(&file, buf, sizeof buf, &got), THIMBLE_FAT_OK);
    assert_int_equal(got, 4096);
    for (size_t i = 0; i < got; i++)
        assert_int_equal(buf[i], i < 1000 ? fat_model_byte(SEED, i) : 0);
    add_exfat("bad.img", 4096, 4097, true, 10);
    assert_int_equal(look_for("bad.img"), THIMBLE_FAT_DAMAGED);
}

static void test_exfat_an_entry_set_with_a_wrong_checksum_is_no_file(void **state)
{
    (void)state;
    for (unsigned at = 2; at < 96; at++) {
        if (at == 32 || at == 64)
            continue;
        format(THIMBLE_FAT_EX, 0);
        uint8_t *set = add_entry(&m.root, "disk.img", 4096, 10);
        assert_int_equal(look_for("disk.img"), THIMBLE_FAT_DAMAGED);    /* its chain: not linked */
        set[at] ^= 0x20;
        assert_int_equal(look_for("disk.img"), THIMBLE_FAT_NO_FILE);
    }
}

static void test_exfat_entries_of_other_kinds_in_a_set(void **state)
{
    static const uint8_t kinds[] = { 0xe0, 0xe1, 0xc1, 0x85, 0xa0, 0x41, 0x05, 0xc0 };
    static const bool found[] = { true, true, true, false, false, false, false, true };
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        format(THIMBLE_FAT_EX, 0);
        uint8_t *set = add_entry(&m.root, "disk.img", 512, 10);
        uint8_t *more = fat_model_place(&m, &m.root);
        more[0] = kinds[i];
        set[1]++;
        fat_model_seal(set);
        if ((look_for("disk.img") == THIMBLE_FAT_OK) != found[i])
            fail_msg("kind %02x", kinds[i]);
    }
}

/* --------------------------------------------------------------------------------------
 * Names and folders
 */

static void test_names(void **state)
{
    static char n255[256];
    static const char *const names[] = {
        "DISK.IMG", "a", "NOEXT", "x.y", "disk.img", "thirteen13.im", "twenty-six-letters-26.imag",
        "A long name with blanks.image", "fifteen-chars.i", "thirty-characters-in-it-30.img",
        n255,
    };
    static const uint32_t clusters[] = { 60 };
    (void)state;
    memset(n255, 'q', 255);
    FOR_EACH_KIND(kind)
        for (size_t i = 0; i < COUNT(names); i++) {
            char other[257], *p;
            format(kind, 0);
            if (kind == THIMBLE_FAT_EX) {               /* names beside it of every length */
                static const uint32_t more[] = { 2, 3, 4 };
                memcpy(m.root.clusters, more, sizeof more);
                m.root.n_clusters = 3;
                fat_model_chain(&m, more, 3);
            }
            add_file(&m.root, names[i], clusters, 1, 512);
            assert_whole(names[i], clusters, 512);

            strcpy(other, names[i]);
            for (p = other; *p; p++)
                *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
            assert_whole(other, clusters, 512);
            strcpy(other, "/");
            strcat(other, names[i]);
            assert_whole(other, clusters, 512);

            strcpy(other, names[i]);
            strcat(other, "x");
            assert_int_equal(open_file(other), THIMBLE_FAT_NO_FILE);
            strcpy(other, names[i]);
            other[strlen(other) - 1] = '\0';
            assert_int_equal(open_file(other), THIMBLE_FAT_NO_FILE);
            strcpy(other, names[i]);
            other[0] = '!';
            assert_int_equal(open_file(other), THIMBLE_FAT_NO_FILE);
            strcpy(other, names[i]);
            other[strlen(other) - 1] = '!';
            assert_int_equal(open_file(other), THIMBLE_FAT_NO_FILE);
            assert_int_equal(open_file(""), THIMBLE_FAT_NO_FILE);
            assert_int_equal(open_file("/"), THIMBLE_FAT_NO_FILE);
        }
}

static void test_labels_deleted_files_and_folders_are_no_files(void **state)
{
    static const uint32_t clusters[] = { 70 };
    (void)state;
    FOR_EACH_KIND(kind) {
        static const char *const gone[] = { "DISK.IMG", "disk with a long name.img" };
        format(kind, 0);
        for (int i = 0; i < 2; i++)
            fat_model_add(&m, &m.root, gone[i], &(struct fat_model_entry){
                .size_bytes = 512, .valid_bytes = 512, .first_cluster = 10, .deleted = true });
        fat_model_folder(&m, &m.root, "SUB.IMG", clusters, 1);
        assert_int_equal(look_for("label.img"), THIMBLE_FAT_NO_FILE);
        assert_int_equal(look_for("sub.img"), THIMBLE_FAT_NO_FILE);
        assert_int_equal(look_for(gone[0]), THIMBLE_FAT_NO_FILE);
        assert_int_equal(look_for(gone[1]), THIMBLE_FAT_NO_FILE);
    }
}

static void test_sub_folders(void **state)
{
    static const uint32_t a[] = { 70 }, b[] = { 72, 90, 74 }, clusters[] = { 100, 101 };
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, BASE);
        struct fat_model_folder images = fat_model_folder(&m, &m.root, "images of disks", a, 1);
        struct fat_model_folder second = fat_model_folder(&m, &images, "2ND", b, 3);
        crowd(&second);
        add_file(&second, "disk.img", clusters, 2, 2 * cluster_bytes());
        add_file(&m.root, "FILE", clusters, 2, 2 * cluster_bytes());
        assert_whole("Images of disks/2nd/disk.img", clusters, 2 * cluster_bytes());
        assert_whole("//images of disks///2nd//DISK.IMG", clusters, 2 * cluster_bytes());
        assert_int_equal(open_file("images of disks/disk.img"), THIMBLE_FAT_NO_FILE);
        assert_int_equal(open_file("disk.img"), THIMBLE_FAT_NO_FILE);
        assert_int_equal(open_file("images of disks/2nd/disk.img/"), THIMBLE_FAT_NO_FILE);
        assert_int_equal(open_file("file/disk.img"), THIMBLE_FAT_NO_FILE);
        assert_int_equal(open_file("images of disks/2nd"), THIMBLE_FAT_NO_FILE);
    }
}

static void test_a_folder_whose_chain_loops_has_an_end(void **state)
{
    static const uint32_t a[] = { 70, 71 };
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, 0);
        struct fat_model_folder sub = fat_model_folder(&m, &m.root, "SUB", a, 2);
        crowd(&sub);
        while (sub.n_entries < 2 * cluster_bytes() / 32)
            fat_model_place(&m, &sub)[0] = kind == THIMBLE_FAT_EX ? 0x05 : 0xe5;
        fat_model_link(&m, 71, 70);
        assert_int_equal(look_for("sub/disk.img"), THIMBLE_FAT_NO_FILE);
        if (kind != THIMBLE_FAT_EX) {                   /* there, a folder has a size */
            fat_model_link(&m, 71, m.n_clusters + 2);
            assert_int_equal(look_for("sub/disk.img"), THIMBLE_FAT_DAMAGED);
        }
    }
}

static void test_a_path_deeper_than_16_is_not_followed(void **state)
{
    static const uint32_t a[] = { 70 };
    (void)state;
    FOR_EACH_KIND(kind) {
        format(kind, 0);
        struct fat_model_folder sub = fat_model_folder(&m, &m.root, "S", a, 1);
        uint64_t bytes = cluster_bytes();
        fat_model_add(&m, &sub, "S", &(struct fat_model_entry){
            .directory = true, .first_cluster = 70, .size_bytes = bytes, .valid_bytes = bytes });
        add_entry(&sub, "F", 512, 80);
        assert_int_equal(look_for("s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/f"), THIMBLE_FAT_OK);
        assert_int_equal(look_for("s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/f"), THIMBLE_FAT_NO_FILE);
    }
}

/* A long name belongs to the entry after it only if the entry's own name has its sum. */
static void test_fat_a_stray_long_name_is_not_taken(void **state)
{
    (void)state;
    for (int kind = 0; kind < THIMBLE_FAT_EX; kind++)
        for (int how = 0; how < 3; how++) {
            format(kind, 0);
            uint8_t *first = add_entry(&m.root, "the disk to serve.img", 512, 10);
            assert_int_equal(look_for("the disk to serve.img"), THIMBLE_FAT_OK);
            if (how == 0)
                first[64] = 'X';                        /* another short name */
            else if (how == 1)
                first[32] = 3;                          /* parts out of order */
            else
                first[32 + 13]++;                       /* parts of two names */
            assert_int_equal(look_for("the disk to serve.img"), THIMBLE_FAT_NO_FILE);
        }
}

/* --------------------------------------------------------------------------------------
 * Disks that fail
 */

static void test_every_read_fails_once(void **state)
{
    static const uint32_t sub_at[] = { 70, 90 }, clusters[] = { 100, 300, 101 };
    (void)state;
    FOR_EACH_KIND(kind) {
        struct thimble_fault_disk fault;
        uint32_t fail_at = 0;
        format(kind, BASE);
        struct fat_model_folder sub = fat_model_folder(&m, &m.root, "SUB", sub_at, 2);
        crowd(&sub);
        add_file(&sub, "disk.img", clusters, 3, 3 * cluster_bytes());
        for (;; fail_at++) {
            int result;
            thimble_fault_disk_init(&fault, &ram.block);
            fault.fail_at = fail_at;
            fault.result = THIMBLE_ERR_IO;
            result = thimble_fat_mount(&fs, &fault.block, work, sizeof work);
            if (!result)
                result = open_file("sub/disk.img");
            if (!result)
                result = extents(RUNS);
            if (fault.failed == 0) {
                assert_int_equal(result, THIMBLE_FAT_OK);
                break;
            }
            assert_int_equal(result, THIMBLE_FAT_DISK);
            assert_int_equal(fs.disk_result, THIMBLE_ERR_IO);
        }
        assert_true(fail_at > 5);
        assert_whole("sub/disk.img", clusters, 3 * cluster_bytes());
    }
}

/* What was in the block when a read failed is not taken for what was to be read. */
static void test_after_a_failed_read_the_same_volume_goes_on(void **state)
{
    static const uint32_t clusters[] = { 100, 300, 101 };
    (void)state;
    FOR_EACH_KIND(kind) {
        struct thimble_fault_disk fault;
        format(kind, 0);
        add_file(&m.root, "disk.img", clusters, 3, 3 * cluster_bytes());
        thimble_fault_disk_init(&fault, &ram.block);
        fault.fail_at = UINT32_MAX;
        fault.result = THIMBLE_ERR_IO;
        assert_int_equal(thimble_fat_mount(&fs, &fault.block, work, sizeof work), THIMBLE_FAT_OK);
        assert_int_equal(open_file("disk.img"), THIMBLE_FAT_OK);
        fault.fail_at = fault.calls;
        assert_int_equal(extents(RUNS), THIMBLE_FAT_DISK);
        memset(work, 0xcc, sizeof work);
        assert_int_equal(extents(RUNS), THIMBLE_FAT_OK);
        assert_int_equal(n_runs, 3);
    }
}

static void test_every_result_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i <= THIMBLE_FAT_TOO_SMALL; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(thimble_fat_text((enum thimble_fat_result)i),
                                    thimble_fat_text((enum thimble_fat_result)k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_volume_is_found_in_block_0_and_in_a_partition),
        cmocka_unit_test(test_a_volume_in_a_later_partition_is_found_behind_one_of_another_kind),
        cmocka_unit_test(test_no_volume),
        cmocka_unit_test(test_boot_sectors_that_make_no_sense),
        cmocka_unit_test(test_a_volume_on_a_disk_that_is_too_short_is_damaged),
        cmocka_unit_test(test_the_active_fat_is_used),
        cmocka_unit_test(test_runs_are_where_the_clusters_are),
        cmocka_unit_test(test_the_last_cluster_can_be_used),
        cmocka_unit_test(test_every_size_of_reading),
        cmocka_unit_test(test_a_file_of_less_than_a_block_is_too_small),
        cmocka_unit_test(test_too_many_runs),
        cmocka_unit_test(test_chains_that_contradict_the_file),
        cmocka_unit_test(test_a_long_loop_is_noticed_when_the_runs_are_few),
        cmocka_unit_test(test_a_file_larger_than_the_volume),
        cmocka_unit_test(test_a_file_that_begins_nowhere),
        cmocka_unit_test(test_read_only_is_told),
        cmocka_unit_test(test_exfat_a_file_without_a_chain),
        cmocka_unit_test(test_exfat_a_file_without_a_chain_ends_in_the_volume),
        cmocka_unit_test(test_exfat_what_was_never_written_is_zeros_and_not_served),
        cmocka_unit_test(test_exfat_an_entry_set_with_a_wrong_checksum_is_no_file),
        cmocka_unit_test(test_exfat_entries_of_other_kinds_in_a_set),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_labels_deleted_files_and_folders_are_no_files),
        cmocka_unit_test(test_sub_folders),
        cmocka_unit_test(test_a_folder_whose_chain_loops_has_an_end),
        cmocka_unit_test(test_a_path_deeper_than_16_is_not_followed),
        cmocka_unit_test(test_fat_a_stray_long_name_is_not_taken),
        cmocka_unit_test(test_every_read_fails_once),
        cmocka_unit_test(test_after_a_failed_read_the_same_volume_goes_on),
        cmocka_unit_test(test_every_result_has_a_sentence_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
