/* SPDX-License-Identifier: MIT
 *
 * fuzz_fat.c: libFuzzer target: a good FAT16, FAT32 or exFAT volume with bytes of it changed,
 * searched for files.
 *
 * The first byte chooses the volume.  Then come changes: one byte says in which part of the
 * disk (boot sector, FAT, folder ...), two where, one how many, then the bytes.  Checksums of
 * exFAT's entry sets are repaired on request, for no fuzzer guesses them.  What is found must
 * lie within the disk and not twice in the same place, and the search must be short.
 */
#include <stdlib.h>
#include <string.h>

#include "fat_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A folder of 4096 blocks needs as many reads of the folder and of the FAT; a path may have a
 * few. */
enum { BLOCKS = 4608, KINDS = 3, VOLUMES = 2 * KINDS, RUNS = 6, READS_MAX = 100000,
       SIZE_MAX_READ = 65536 };

struct volume {
    uint8_t mem[BLOCKS * 512];
    struct fat_model m;
    uint8_t *sets[3];                   /* in mem: entry sets, or first entries */
};

static struct volume volumes[VOLUMES];
static uint8_t before[BLOCKS * 512];    /* to undo the changes, where there were some */
static bool changed[BLOCKS];
static struct volume *v;
static uint32_t reads;

static int disk_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                     struct thimble_io *io)
{
    (void)io;
    if (n_blocks != 1 || lba >= b->size_blocks || ++reads > READS_MAX)
        abort();
    memcpy(buf, v->mem + lba * 512, 512);
    return THIMBLE_OK;
}

static void make(struct volume *to, enum thimble_fat_kind kind, uint64_t base_lba)
{
    static const uint32_t clusters[] = { 20, 21, 25, 23 }, sub_at[] = { 30, 32 };
    struct fat_model *m = &to->m;

    fat_model_format(m, kind, to->mem, BLOCKS, base_lba, kind == THIMBLE_FAT_16 ? 0 : 1,
                     kind == THIMBLE_FAT_16 ? 4200 : 900);
    uint64_t size = (uint64_t)4 * 512 << m->cluster_shift;
    fat_model_chain(m, clusters, 4);
    struct fat_model_entry e = { .size_bytes = size, .valid_bytes = size, .first_cluster = 20 };
    to->sets[0] = fat_model_add(m, &m->root, "disk.img", &e);
    struct fat_model_folder sub = fat_model_folder(m, &m->root, "SUB", sub_at, 2);
    to->sets[1] = fat_model_add(m, &sub, "a longer name.img", &e);
    e.no_chain = true;
    to->sets[2] = fat_model_add(m, &m->root, "WHOLE.IMG", &e);
}

static uint64_t part_of_disk(uint8_t part)
{
    const struct fat_model *m = &v->m;
    switch (part % 8) {
    case 0:  return 0;
    case 1:  return m->base_lba;
    case 2:  return m->fat_lba;
    case 3:  return m->root_lba ? m->root_lba : m->heap_lba;
    case 4:  return fat_model_lba(m, 30);
    case 5:  return fat_model_lba(m, 2);
    case 6:  return m->fat_lba + m->fat_blocks;
    default: return m->heap_lba;
    }
}

static void change(uint64_t at, uint8_t byte)
{
    if (at >= sizeof v->mem)
        return;
    if (!changed[at / 512]) {
        changed[at / 512] = true;
        memcpy(before + at / 512 * 512, v->mem + at / 512 * 512, 512);
    }
    v->mem[at] = byte;
}

static void undo(void)
{
    for (size_t i = 0; i < BLOCKS; i++)
        if (changed[i]) {
            memcpy(v->mem + i * 512, before + i * 512, 512);
            changed[i] = false;
        }
}

static void seal_sets(void)
{
    for (int i = 0; i < 3; i++) {
        uint8_t *set = v->sets[i];
        size_t at = (size_t)(set - v->mem);
        if (at + 256u * 32 > sizeof v->mem)
            continue;
        uint8_t old[2] = { set[2], set[3] }, sum[2];
        fat_model_seal(set);
        memcpy(sum, set + 2, 2);
        memcpy(set + 2, old, 2);
        change(at + 2, sum[0]);
        change(at + 3, sum[1]);
    }
}

static void look_at(struct thimble_fat *fs, struct thimble_block *disk, const char *path)
{
    static uint8_t buf[SIZE_MAX_READ];
    struct thimble_fat_file file;
    struct thimble_extent runs[RUNS];
    struct thimble_extents_disk served;
    uint32_t n = 0;
    size_t got;

    reads = 0;
    enum thimble_fat_result result = thimble_fat_open(fs, &file, path);
    (void)thimble_fat_text(result);
    if (result != THIMBLE_FAT_OK)
        return;
    reads = 0;
    result = thimble_fat_extents(&file, runs, RUNS, &n);
    if (n > RUNS)
        abort();
    if (result == THIMBLE_FAT_OK) {
        if (thimble_extents_disk_init(&served, disk, runs, n) != THIMBLE_OK ||
            served.block.size_blocks != file.size_bytes / 512)
            abort();
    }
    reads = 0;
    size_t want = file.size_bytes < sizeof buf ? (size_t)file.size_bytes : sizeof buf;
    if (thimble_fat_read(&file, buf, want, &got) == THIMBLE_FAT_OK ? got != want : got > want)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;

    for (int i = 0; i < VOLUMES && !made; i++)
        make(&volumes[i], (enum thimble_fat_kind)(i % KINDS), i < KINDS ? 0 : 64);
    made = true;
    if (size < 1)
        return 0;
    v = &volumes[(data[0] & 0x7f) % VOLUMES];
    bool seal = data[0] & 0x80;
    data++;
    size--;
    while (size >= 4) {
        uint64_t at = part_of_disk(data[0]) * 512 + (data[1] | (uint64_t)data[2] << 8);
        size_t n = 1 + data[3] % 64;
        data += 4;
        size -= 4;
        for (; n > 0 && size > 0; n--, size--)
            change(at++, *data++);
    }
    if (seal)
        seal_sets();

    struct thimble_block disk = { .size_blocks = BLOCKS, .block_shift = 9, .read = disk_read };
    struct thimble_fat fs;
    uint8_t *work = malloc(512);
    if (work) {
        reads = 0;
        if (thimble_fat_mount(&fs, &disk, work, 512) == THIMBLE_FAT_OK) {
            look_at(&fs, &disk, "disk.img");
            look_at(&fs, &disk, "sub/A longer name.img");
            look_at(&fs, &disk, "whole.img");
            look_at(&fs, &disk, "not there");
        }
        free(work);
    }
    undo();
    return 0;
}
