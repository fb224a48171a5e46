/* SPDX-License-Identifier: MIT
 *
 * fat.c: a file on a FAT16, FAT32 or exFAT volume, and where it lies.  See fat.h.
 *
 * Why not FatFs or SdFat: where an SDK brings one of them, a port may use it.  A board without
 * an SDK would have to carry a file system that can write, with its tables and buffers, only to
 * learn where a file lies.  This reads, with one block of memory, and whatever is on the card.
 *
 * The order: the boot sector says where the FAT, the clusters and the root directory are; a
 * directory is read entry by entry; a file is a chain of clusters in the FAT, or on exFAT a
 * single run.  One block at a time is in memory.
 *
 * Numbers on the disk are little-endian.
 */
#include "fat.h"

#include <string.h>

#include "../core/wire.h"
#include "partition.h"

enum {
    BLOCK_SHIFT = 9, BLOCK_BYTES = 512, ENTRY_BYTES = 32,
    NO_CLUSTER = 0, CLUSTER_FIRST = 2,
    FAT12_CLUSTERS = 4085, FAT16_CLUSTERS = 65525,  /* fewer than these */
    DIRECTORY_BLOCKS_MAX = 4096,        /* 65536 entries, FAT's own limit */
    DEPTH_MAX = 16,

    ATTR_READ_ONLY = 0x01, ATTR_LABEL = 0x08, ATTR_DIRECTORY = 0x10, ATTR_LONG_NAME = 0x0f,

    EX_FILE = 0x85, EX_STREAM = 0xc0, EX_NAME = 0xc1,
    EX_NO_CHAIN = 0x02,
};

static uint32_t get16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void ignore_done(struct thimble_io *io, int result)
{
    (void)io;
    (void)result;
}

static enum thimble_fat_result read_block(struct thimble_fat *fs, uint64_t lba)
{
    struct thimble_io io = { .done = ignore_done };

    if (lba == fs->block_lba)
        return THIMBLE_FAT_OK;
    if (lba >= fs->disk->size_blocks)
        return THIMBLE_FAT_DAMAGED;
    fs->block_lba = UINT64_MAX;
    fs->disk_result = fs->disk->read(fs->disk, lba, 1, fs->block, &io);
    TH_ASSERT(fs->disk_result != THIMBLE_PENDING);
    if (fs->disk_result != THIMBLE_OK)
        return THIMBLE_FAT_DISK;
    fs->block_lba = lba;
    return THIMBLE_FAT_OK;
}

/* --------------------------------------------------------------------------------------
 * Volumes
 */

/* log2 of n, or -1 if n is no power of two up to 128. */
static int log2_of(uint32_t n)
{
    for (int i = 0; i < 8; i++)
        if (n == UINT32_C(1) << i)
            return i;
    return -1;
}

/* A volume that is larger than its place is damaged, not none: whoever looks for a file must not go on as if there were
 * nothing to find. */
static enum thimble_fat_result good_fat(struct thimble_fat *fs, uint64_t base_lba, uint64_t size_blocks)
{
    const uint8_t *p = fs->block;
    uint32_t sector_bytes = get16(p + 11), reserved = get16(p + 14), n_fats = p[16];
    uint32_t root_entries = get16(p + 17), fat_blocks = get16(p + 22);
    uint64_t total = get16(p + 19);
    int cluster_shift = log2_of(p[13]);
    uint32_t active_fat = 0;

    if (total == 0)
        total = get32(p + 32);
    bool is_32 = fat_blocks == 0;
    if (is_32)
        fat_blocks = get32(p + 36);
    if (p[0] != 0xeb && p[0] != 0xe9)
        return THIMBLE_FAT_NO_VOLUME;
    if (sector_bytes != BLOCK_BYTES || cluster_shift < 0 || reserved == 0 || n_fats == 0 ||
        n_fats > 2 || fat_blocks == 0)
        return THIMBLE_FAT_NO_VOLUME;
    if (is_32 ? root_entries != 0 || get16(p + 42) != 0 : root_entries == 0)
        return THIMBLE_FAT_NO_VOLUME;
    if (is_32 && p[40] & 0x80)          /* no mirroring: one of them is right */
        active_fat = p[40] & 15;
    if (active_fat >= n_fats)
        return THIMBLE_FAT_NO_VOLUME;

    uint32_t root_blocks = (root_entries + 15) / 16;
    uint64_t root_at = reserved + (uint64_t)n_fats * fat_blocks;
    uint64_t heap_at = root_at + root_blocks;
    if (heap_at >= total)
        return THIMBLE_FAT_NO_VOLUME;
    uint64_t n_clusters = (total - heap_at) >> cluster_shift;
    uint64_t entries = (uint64_t)fat_blocks * (is_32 ? BLOCK_BYTES / 4 : BLOCK_BYTES / 2);
    /* Few clusters would make it FAT16 by the specification, but without a FAT16's sizes it
     * cannot be one, and small cards are formatted so. */
    if (n_clusters < (is_32 ? 1 : FAT12_CLUSTERS) ||
        n_clusters >= (is_32 ? UINT32_C(0x0ffffff5) : FAT16_CLUSTERS) ||
        entries < n_clusters + CLUSTER_FIRST)
        return THIMBLE_FAT_NO_VOLUME;

    fs->kind = is_32 ? THIMBLE_FAT_32 : THIMBLE_FAT_16;
    fs->cluster_shift = (uint8_t)cluster_shift;
    fs->n_clusters = (uint32_t)n_clusters;
    fs->fat_lba = base_lba + reserved + (uint64_t)active_fat * fat_blocks;
    fs->root_lba = base_lba + root_at;
    fs->root_blocks = root_blocks;
    fs->root_cluster = is_32 ? get32(p + 44) : 0;
    fs->heap_lba = base_lba + heap_at;
    return total > size_blocks ? THIMBLE_FAT_DAMAGED : THIMBLE_FAT_OK;
}

static enum thimble_fat_result good_exfat(struct thimble_fat *fs, uint64_t base_lba, uint64_t size_blocks)
{
    const uint8_t *p = fs->block;
    uint64_t total = get64(p + 72);
    uint32_t fat_at = get32(p + 80), fat_blocks = get32(p + 84), heap_at = get32(p + 88);
    uint32_t n_clusters = get32(p + 92), n_fats = p[110];
    uint32_t active_fat = p[106] & 1;

    for (int i = 11; i < 64; i++)       /* else an old FAT driver might take it for its own */
        if (p[i] != 0)
            return THIMBLE_FAT_NO_VOLUME;
    if (p[105] != 1 || p[108] != BLOCK_SHIFT || p[109] > 25 - BLOCK_SHIFT)
        return THIMBLE_FAT_NO_VOLUME;
    if (n_fats == 0 || n_fats > 2 || active_fat >= n_fats)
        return THIMBLE_FAT_NO_VOLUME;
    if (fat_at == 0 || (uint64_t)fat_at + (uint64_t)n_fats * fat_blocks > heap_at)
        return THIMBLE_FAT_NO_VOLUME;
    if (n_clusters == 0 || n_clusters > UINT32_C(0xfffffff5) ||
        !th_range_ok(heap_at, (uint64_t)n_clusters << p[109], total) ||
        (uint64_t)fat_blocks * (BLOCK_BYTES / 4) < (uint64_t)n_clusters + CLUSTER_FIRST)
        return THIMBLE_FAT_NO_VOLUME;

    fs->kind = THIMBLE_FAT_EX;
    fs->cluster_shift = p[109];
    fs->n_clusters = n_clusters;
    fs->fat_lba = base_lba + fat_at + (uint64_t)active_fat * fat_blocks;
    fs->root_cluster = get32(p + 96);
    fs->heap_lba = base_lba + heap_at;
    return total > size_blocks ? THIMBLE_FAT_DAMAGED : THIMBLE_FAT_OK;
}

static bool cluster_ok(const struct thimble_fat *fs, uint32_t cluster)
{
    return cluster >= CLUSTER_FIRST && cluster - CLUSTER_FIRST < fs->n_clusters;
}

/* A volume in blocks [base_lba, base_lba + size_blocks), which exist. */
static enum thimble_fat_result mount_at(struct thimble_fat *fs, uint64_t base_lba,
                                        uint64_t size_blocks)
{
    enum thimble_fat_result result = read_block(fs, base_lba);
    if (result)
        return result;

    const uint8_t *p = fs->block;
    if (p[510] != 0x55 || p[511] != 0xaa)
        return THIMBLE_FAT_NO_VOLUME;
    bool ex = memcmp(p + 3, "EXFAT   ", 8) == 0;
    result = (ex ? good_exfat : good_fat)(fs, base_lba, size_blocks);
    if (result == THIMBLE_FAT_OK && fs->kind != THIMBLE_FAT_16 && !cluster_ok(fs, fs->root_cluster))
        result = THIMBLE_FAT_DAMAGED;
    return result;
}

enum thimble_fat_result thimble_fat_mount(struct thimble_fat *fs, struct thimble_block *disk,
                                          void *block, size_t block_bytes)
{
    *fs = (struct thimble_fat){ .disk = disk, .block = block, .block_lba = UINT64_MAX };
    if (disk->block_shift != BLOCK_SHIFT || block_bytes < BLOCK_BYTES)
        return THIMBLE_FAT_NO_VOLUME;

    enum thimble_fat_result result = mount_at(fs, 0, disk->size_blocks);
    for (unsigned i = 1; result == THIMBLE_FAT_NO_VOLUME && i <= 4; i++) {
        struct thimble_partition p;
        int found = thimble_partition_find(&p, disk, i, block, block_bytes);
        fs->block_lba = UINT64_MAX;     /* it used the block */
        if (found == THIMBLE_OK) {
            result = mount_at(fs, p.first_lba, p.size_blocks);
        } else if (found != THIMBLE_ERR_ARGUMENT) {
            fs->disk_result = found;
            result = THIMBLE_FAT_DISK;
        }
    }
    return result;
}

/* --------------------------------------------------------------------------------------
 * Clusters
 */

static uint64_t cluster_lba(const struct thimble_fat *fs, uint32_t cluster)
{
    return fs->heap_lba + ((uint64_t)(cluster - CLUSTER_FIRST) << fs->cluster_shift);
}

/* The cluster after this one, or NO_CLUSTER. */
static enum thimble_fat_result next_in_chain(struct thimble_fat *fs, uint32_t cluster,
                                             uint32_t *next)
{
    uint32_t shift = fs->kind == THIMBLE_FAT_16 ? 1 : 2;
    uint64_t at_bytes = (uint64_t)cluster << shift;
    enum thimble_fat_result result = read_block(fs, fs->fat_lba + (at_bytes >> BLOCK_SHIFT));
    if (result)
        return result;

    const uint8_t *p = fs->block + (at_bytes & (BLOCK_BYTES - 1));
    uint32_t end = UINT32_C(0xffffffff);
    switch (fs->kind) {
    case THIMBLE_FAT_16:
        *next = get16(p);
        end = UINT32_C(0xfff8);
        break;
    case THIMBLE_FAT_32:
        *next = get32(p) & UINT32_C(0x0fffffff);
        end = UINT32_C(0x0ffffff8);
        break;
    case THIMBLE_FAT_EX:
        *next = get32(p);
        break;
    }
    if (*next >= end)
        *next = NO_CLUSTER;
    else if (!cluster_ok(fs, *next))
        return THIMBLE_FAT_DAMAGED;
    return THIMBLE_FAT_OK;
}

static enum thimble_fat_result next_cluster(struct thimble_fat_file *file, uint32_t cluster,
                                            uint32_t *next)
{
    if (file->chained)
        return next_in_chain(file->fs, cluster, next);
    *next = cluster + 1;
    return cluster_ok(file->fs, *next) ? THIMBLE_FAT_OK : THIMBLE_FAT_DAMAGED;
}

/* Where byte at_bytes of the file is.  THIMBLE_FAT_NO_FILE: its chain ends before. */
static enum thimble_fat_result locate(struct thimble_fat_file *file, uint64_t at_bytes,
                                      uint64_t *lba)
{
    struct thimble_fat *fs = file->fs;
    uint64_t block = at_bytes >> BLOCK_SHIFT;
    uint64_t index = block >> fs->cluster_shift;

    if (index < file->cluster_index) {
        file->cluster_index = 0;
        file->cluster = file->first_cluster;
    }
    while (file->cluster_index < index) {
        uint32_t next;
        enum thimble_fat_result result = next_cluster(file, file->cluster, &next);
        if (result)
            return result;
        if (next == NO_CLUSTER)
            return THIMBLE_FAT_NO_FILE;
        file->cluster = next;
        file->cluster_index++;
    }
    uint64_t in_cluster = block & ((UINT64_C(1) << fs->cluster_shift) - 1);
    *lba = cluster_lba(fs, file->cluster) + in_cluster;
    return THIMBLE_FAT_OK;
}

/* --------------------------------------------------------------------------------------
 * Directories
 */

/* The way through one: entry by entry, and what is known of the name that is wanted. */
struct search {
    struct thimble_fat_file directory;
    const char *name;
    size_t   name_len;
    uint32_t entry;                     /* the next one */

    /* Entries that belong together so far: FAT's long name, or exFAT's entry set. */
    uint32_t awaited;                   /* how many more; 0: none */
    uint32_t checksum, wanted_checksum;
    uint32_t position;                  /* in the name; exFAT */
    bool     matches, complete, stream;
    struct thimble_fat_file found;      /* exFAT: collected meanwhile */
};

static uint32_t lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool same_letter(uint32_t a, char b)
{
    return lower(a) == lower((uint8_t)b);
}

/* The next 32 bytes; NULL: the directory has ended. */
static enum thimble_fat_result next_entry(struct search *s, const uint8_t **entry)
{
    struct thimble_fat *fs = s->directory.fs;
    uint64_t at_bytes = (uint64_t)s->entry * ENTRY_BYTES;
    uint64_t block = at_bytes >> BLOCK_SHIFT, lba;
    enum thimble_fat_result result = THIMBLE_FAT_OK;

    *entry = NULL;
    if (block >= DIRECTORY_BLOCKS_MAX)
        return THIMBLE_FAT_OK;
    if (s->directory.first_cluster == NO_CLUSTER) {     /* FAT16's root */
        if (block >= fs->root_blocks)
            return THIMBLE_FAT_OK;
        lba = fs->root_lba + block;
    } else {
        if (s->directory.size_bytes > 0 && at_bytes >= s->directory.size_bytes)
            return THIMBLE_FAT_OK;
        result = locate(&s->directory, at_bytes, &lba);
        if (result == THIMBLE_FAT_NO_FILE)      /* a full directory ends with its chain */
            return THIMBLE_FAT_OK;
    }
    if (!result)
        result = read_block(fs, lba);
    if (result)
        return result;
    s->entry++;
    const uint8_t *p = fs->block + (at_bytes & (BLOCK_BYTES - 1));
    *entry = p[0] != 0 ? p : NULL;
    return THIMBLE_FAT_OK;
}

/* name[*at ...] begins with the padded letters of a short name's part; *at is moved behind
 * them. */
static bool takes_part(const struct search *s, size_t *at, const uint8_t *part, unsigned max)
{
    for (unsigned i = 0; i < max && part[i] != ' '; i++, (*at)++)
        if (*at >= s->name_len || !same_letter(part[i], s->name[*at]))
            return false;
    return true;
}

static bool short_name_matches(const struct search *s, const uint8_t *entry)
{
    size_t at = 0;

    if (!takes_part(s, &at, entry, 8))
        return false;
    if (entry[8] != ' ' && (at >= s->name_len || s->name[at++] != '.'))
        return false;
    return takes_part(s, &at, entry + 8, 3) && at == s->name_len;
}

/* One of the entries that carry 13 letters each, the last part of the name first. */
static void take_long_name(struct search *s, const uint8_t *entry)
{
    static const uint8_t places[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
    uint32_t number = entry[0] & 0x3f;

    if (entry[0] & 0x40) {
        s->awaited = number;
        s->wanted_checksum = entry[13];
        s->matches = number == (s->name_len + 12) / 13;
    }
    if (number == 0 || number != s->awaited || entry[13] != s->wanted_checksum) {
        s->awaited = 0;
        s->complete = false;
        return;
    }
    for (unsigned i = 0; i < 13; i++) {
        size_t at = (size_t)(number - 1) * 13 + i;
        uint32_t letter = get16(entry + places[i]);
        bool same = at < s->name_len ? same_letter(letter, s->name[at])
                                     : letter == (at == s->name_len ? 0u : 0xffffu);
        s->matches = s->matches && same;
    }
    s->complete = --s->awaited == 0;
}

/* True: this is it. */
static bool take_fat_entry(struct search *s, const uint8_t *entry)
{
    if (entry[0] != 0xe5 && (entry[11] & 0x3f) == ATTR_LONG_NAME) {
        take_long_name(s, entry);
        return false;
    }
    uint8_t sum = 0;
    for (int i = 0; i < 11; i++)
        sum = (uint8_t)((sum >> 1 | sum << 7) + entry[i]);
    bool by_long_name = s->complete && s->matches && sum == s->wanted_checksum;
    s->complete = false;
    s->awaited = 0;
    if (entry[0] == 0xe5 || entry[11] & ATTR_LABEL ||
        !(by_long_name || short_name_matches(s, entry)))
        return false;

    uint32_t high = s->directory.fs->kind == THIMBLE_FAT_32 ? get16(entry + 20) : 0;
    s->found = (struct thimble_fat_file){
        .size_bytes = get32(entry + 28),
        .valid_bytes = get32(entry + 28),
        .first_cluster = high << 16 | get16(entry + 26),
        .chained = true,
        .read_only = (entry[11] & ATTR_READ_ONLY) != 0,
        .directory = (entry[11] & ATTR_DIRECTORY) != 0,
    };
    if (s->found.directory)             /* their size is not told: the chain's */
        s->found.size_bytes = s->found.valid_bytes = 0;
    return true;
}

static void take_stream(struct search *s, const uint8_t *entry)
{
    s->stream = true;
    s->found.chained = (entry[1] & EX_NO_CHAIN) == 0;
    s->matches = entry[3] == s->name_len;
    s->found.valid_bytes = get64(entry + 8);
    s->found.first_cluster = get32(entry + 20);
    s->found.size_bytes = get64(entry + 24);
}

static bool take_exfat_entry(struct search *s, const uint8_t *entry)
{
    if (entry[0] == EX_FILE) {
        s->awaited = entry[1];
        s->wanted_checksum = get16(entry + 2);
        s->checksum = 0;
        s->position = 0;
        s->matches = s->stream = false;
        s->found = (struct thimble_fat_file){
            .read_only = (entry[4] & ATTR_READ_ONLY) != 0,
            .directory = (entry[4] & ATTR_DIRECTORY) != 0,
        };
    } else if (s->awaited == 0) {
        return false;
    } else if (entry[0] == EX_STREAM && !s->stream) {
        s->awaited--;
        take_stream(s, entry);
    } else if (entry[0] == EX_NAME && s->stream) {
        s->awaited--;
        for (unsigned i = 2; i < ENTRY_BYTES && s->position < s->name_len; i += 2)
            s->matches = s->matches && same_letter(get16(entry + i), s->name[s->position++]);
    } else if ((entry[0] & 0xc0) == 0xc0) {
        s->awaited--;                   /* a kind that may be ignored, but counts */
    } else {
        s->awaited = 0;
        return false;
    }

    for (unsigned i = 0; i < ENTRY_BYTES; i++)
        if (entry[0] != EX_FILE || (i != 2 && i != 3))
            s->checksum = ((s->checksum >> 1 | s->checksum << 15) + entry[i]) & 0xffff;
    return s->awaited == 0 && s->matches && s->position == s->name_len &&
           s->checksum == s->wanted_checksum;
}

static enum thimble_fat_result find(struct thimble_fat_file *directory, const char *name,
                                    size_t name_len, struct thimble_fat_file *file)
{
    struct thimble_fat *fs = directory->fs;
    struct search s = { .directory = *directory, .name = name, .name_len = name_len };
    const uint8_t *entry;

    for (;;) {
        enum thimble_fat_result result = next_entry(&s, &entry);
        if (result)
            return result;
        if (!entry)
            return THIMBLE_FAT_NO_FILE;
        bool found = fs->kind == THIMBLE_FAT_EX ? take_exfat_entry(&s, entry)
                                                : take_fat_entry(&s, entry);
        if (found)
            break;
    }

    bool has_clusters = s.found.size_bytes > 0 || s.found.directory;
    if (has_clusters && !cluster_ok(fs, s.found.first_cluster))
        return THIMBLE_FAT_DAMAGED;
    if (s.found.valid_bytes > s.found.size_bytes)
        return THIMBLE_FAT_DAMAGED;
    *file = s.found;
    file->fs = fs;
    file->cluster = file->first_cluster;
    return THIMBLE_FAT_OK;
}

enum thimble_fat_result thimble_fat_open(struct thimble_fat *fs, struct thimble_fat_file *file,
                                         const char *path)
{
    struct thimble_fat_file at = {
        .fs = fs, .chained = true, .directory = true,
        .first_cluster = fs->root_cluster, .cluster = fs->root_cluster,
    };

    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        size_t len = 0;
        while (*path == '/')
            path++;
        while (path[len] != '\0' && path[len] != '/')
            len++;
        if (len == 0 || len > 255 || !at.directory)
            return THIMBLE_FAT_NO_FILE;

        enum thimble_fat_result result = find(&at, path, len, file);
        if (result)
            return result;
        path += len;
        if (*path == '\0')
            return file->directory ? THIMBLE_FAT_NO_FILE : THIMBLE_FAT_OK;
        at = *file;
    }
    return THIMBLE_FAT_NO_FILE;
}

/* --------------------------------------------------------------------------------------
 * Files
 */

enum thimble_fat_result thimble_fat_read(struct thimble_fat_file *file, void *buf, size_t size,
                                         size_t *got)
{
    uint8_t *to = buf;

    *got = 0;
    while (*got < size && file->at_bytes < file->size_bytes) {
        uint32_t in_block = (uint32_t)(file->at_bytes & (BLOCK_BYTES - 1));
        uint64_t lba, left = file->size_bytes - file->at_bytes;
        size_t n = BLOCK_BYTES - in_block;
        if (n > left)
            n = (size_t)left;
        if (n > size - *got)
            n = size - *got;

        enum thimble_fat_result result = locate(file, file->at_bytes, &lba);
        if (!result)
            result = read_block(file->fs, lba);
        if (result)
            return result == THIMBLE_FAT_NO_FILE ? THIMBLE_FAT_DAMAGED : result;
        memcpy(to + *got, file->fs->block + in_block, n);
        for (size_t i = 0; i < n; i++)
            if (file->at_bytes + i >= file->valid_bytes)
                to[*got + i] = 0;
        *got += n;
        file->at_bytes += n;
    }
    return THIMBLE_FAT_OK;
}

/* A chain that comes back to where it was. */
static bool overlap(const struct thimble_extent *e, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (e[i].first_lba < e[k].first_lba + e[k].n_blocks &&
                e[k].first_lba < e[i].first_lba + e[i].n_blocks)
                return true;
    return false;
}

enum thimble_fat_result thimble_fat_extents(struct thimble_fat_file *file,
                                            struct thimble_extent *extents, uint32_t max,
                                            uint32_t *n)
{
    struct thimble_fat *fs = file->fs;
    uint64_t left_blocks = file->size_bytes >> BLOCK_SHIFT;
    uint32_t cluster = file->first_cluster;
    uint64_t cluster_blocks = UINT64_C(1) << fs->cluster_shift;

    *n = 0;
    if (left_blocks == 0)
        return THIMBLE_FAT_TOO_SMALL;
    if (file->valid_bytes < file->size_bytes)
        return THIMBLE_FAT_NOT_FILLED;
    uint64_t most_blocks = (uint64_t)fs->n_clusters << fs->cluster_shift;
    if (!file->chained)
        most_blocks -= (uint64_t)(cluster - CLUSTER_FIRST) << fs->cluster_shift;
    if (left_blocks > most_blocks)
        return THIMBLE_FAT_DAMAGED;
    if (max == 0)
        return THIMBLE_FAT_FRAGMENTED;
    if (!file->chained) {
        extents[(*n)++] = (struct thimble_extent){ cluster_lba(fs, cluster), left_blocks };
        return THIMBLE_FAT_OK;
    }

    for (;;) {
        uint64_t lba = cluster_lba(fs, cluster);
        uint64_t blocks = left_blocks < cluster_blocks ? left_blocks : cluster_blocks;
        if (*n > 0 && extents[*n - 1].first_lba + extents[*n - 1].n_blocks == lba) {
            extents[*n - 1].n_blocks += blocks;
        } else {
            if (*n == max)
                return overlap(extents, *n) ? THIMBLE_FAT_DAMAGED : THIMBLE_FAT_FRAGMENTED;
            extents[(*n)++] = (struct thimble_extent){ lba, blocks };
        }
        left_blocks -= blocks;
        if (left_blocks == 0)
            return overlap(extents, *n) ? THIMBLE_FAT_DAMAGED : THIMBLE_FAT_OK;

        uint32_t next;
        enum thimble_fat_result result = next_in_chain(fs, cluster, &next);
        if (result)
            return result;
        if (next == NO_CLUSTER)
            return THIMBLE_FAT_DAMAGED;
        cluster = next;
    }
}

const char *thimble_fat_text(enum thimble_fat_result result)
{
    switch (result) {
    case THIMBLE_FAT_OK:
        return "found";
    case THIMBLE_FAT_DISK:
        return "the card cannot be read";
    case THIMBLE_FAT_NO_VOLUME:
        return "no FAT16, FAT32 or exFAT volume on the card; format it";
    case THIMBLE_FAT_NO_FILE:
        return "no such file on the card";
    case THIMBLE_FAT_DAMAGED:
        return "the card's file system is damaged; check and repair it on a computer";
    case THIMBLE_FAT_FRAGMENTED:
        return "the file lies in too many pieces; format the card and copy the file to it "
               "first";
    case THIMBLE_FAT_NOT_FILLED:
        return "parts of the file were never written; copy a whole file to the card, not a "
               "sparse one";
    case THIMBLE_FAT_TOO_SMALL:
        return "the file is smaller than one block of 512 bytes";
    }
    return "unknown";
}
