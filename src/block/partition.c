/* SPDX-License-Identifier: MIT
 *
 * partition.c: MBR and GPT into a range of blocks.  See partition.h.  UEFI chapter 5.
 *
 * The order: block 0 says which kind of table it is; a GPT is read from its header at
 * LBA 1 or, if that is damaged, from the backup in the last block.  A GPT without its
 * protective MBR is not looked for: somebody has put something else there since.
 *
 * Numbers on the disk are little-endian.
 */
#include "partition.h"

#include <string.h>

#include "../core/wire.h"

enum {
    MBR_TABLE = 446, MBR_ENTRY_BYTES = 16, MBR_ENTRIES = 4, MBR_SIGNATURE = 510,
    TYPE_EMPTY = 0x00, TYPE_EXTENDED_CHS = 0x05, TYPE_EXTENDED_LBA = 0x0f,
    TYPE_EXTENDED_LINUX = 0x85, TYPE_GPT_PROTECTIVE = 0xee,
    LOGICAL_MAX = 128,                  /* links of the chain that are followed */

    GPT_HEADER_BYTES = 92, GPT_ENTRY_BYTES = 128,
    GPT_ENTRIES_MAX = 1024,             /* the usual number is 128 */
};

struct disk {
    struct thimble_block *below;
    uint64_t size_blocks;
    uint32_t block_bytes;
    uint8_t *buf;                       /* one block */
};

struct range { uint64_t first_lba, size_blocks; };

/* Little-endian numbers. */
static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* CRC-32 (ISO 3309), as the GPT has it; begin with ~0, end with ~. */
static uint32_t crc32(uint32_t crc, const uint8_t *p, size_t n)
{
    for (; n > 0; n--, p++) {
        crc ^= *p;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return crc;
}

static void ignore_done(struct thimble_io *io, int result)
{
    (void)io;
    (void)result;
}

static int read_block(const struct disk *d, uint64_t lba)
{
    struct thimble_io io = { .done = ignore_done };
    int result = d->below->read(d->below, lba, 1, d->buf, &io);

    TH_ASSERT(result != THIMBLE_PENDING);
    return result == THIMBLE_PENDING ? THIMBLE_ERR_ARGUMENT : result;
}

static bool overlap(struct range a, struct range b)
{
    return a.first_lba < b.first_lba + b.size_blocks &&
           b.first_lba < a.first_lba + a.size_blocks;
}

/* --------------------------------------------------------------------------------------
 * MBR
 */

struct mbr_entry {
    uint8_t status, type;
    struct range range;
};

static struct mbr_entry mbr_entry(const uint8_t *block, unsigned i)
{
    const uint8_t *p = block + MBR_TABLE + MBR_ENTRY_BYTES * i;
    return (struct mbr_entry){
        .status = p[0],
        .type = p[4],
        .range = { get32(p + 8), get32(p + 12) },
    };
}

static bool mbr_signed(const uint8_t *block)
{
    return block[MBR_SIGNATURE] == 0x55 && block[MBR_SIGNATURE + 1] == 0xaa;
}

static bool is_extended(uint8_t type)
{
    return type == TYPE_EXTENDED_CHS || type == TYPE_EXTENDED_LBA ||
           type == TYPE_EXTENDED_LINUX;
}

/* A file system's first block carries the same signature: its "table" is code or text,
 * which hardly ever looks like four good entries. */
static bool mbr_good(const uint8_t *block, uint64_t size_blocks)
{
    struct mbr_entry e[MBR_ENTRIES];
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        e[i] = mbr_entry(block, i);
        if (e[i].status & 0x7f)
            return false;
        if (e[i].type == TYPE_EMPTY)
            continue;
        if (e[i].range.first_lba == 0 || e[i].range.size_blocks == 0 ||
            !th_range_ok(e[i].range.first_lba, e[i].range.size_blocks, size_blocks))
            return false;
        for (unsigned j = 0; j < i; j++)
            if (e[j].type != TYPE_EMPTY && overlap(e[i].range, e[j].range))
                return false;
    }
    return true;
}

static int found(struct thimble_partition *p, struct range range, uint8_t type)
{
    p->first_lba = range.first_lba;
    p->size_blocks = range.size_blocks;
    p->type[0] = type;
    return THIMBLE_OK;
}

/* Logical partitions: a chain of blocks, each with one partition (relative to the block)
 * and one link (relative to the extended partition), which must lead forward. */
static int find_logical(struct thimble_partition *p, const struct disk *d,
                        struct range extended, unsigned number)
{
    uint64_t at = 0;                    /* relative, as all that follows */
    for (unsigned i = 0; i < LOGICAL_MAX; i++) {
        int result = read_block(d, extended.first_lba + at);
        if (result != THIMBLE_OK)
            return result;

        struct mbr_entry logical = mbr_entry(d->buf, 0), link = mbr_entry(d->buf, 1);
        uint64_t left = extended.size_blocks - at;
        if (!mbr_signed(d->buf) || logical.status & 0x7f || link.status & 0x7f)
            return THIMBLE_ERR_ARGUMENT;
        struct range r = logical.range;
        bool present = logical.type != TYPE_EMPTY && !is_extended(logical.type);
        if (present && (r.first_lba == 0 || r.size_blocks == 0 ||
                        !th_range_ok(r.first_lba, r.size_blocks, left)))
            return THIMBLE_ERR_ARGUMENT;
        if (number == i) {
            if (!present)
                return THIMBLE_ERR_ARGUMENT;
            r.first_lba += extended.first_lba + at;
            return found(p, r, logical.type);
        }

        uint64_t end = at + 1;
        if (present)
            end = at + r.first_lba + r.size_blocks;
        if (!is_extended(link.type) || link.range.first_lba < end ||
            link.range.first_lba >= extended.size_blocks)
            return THIMBLE_ERR_ARGUMENT;
        at = link.range.first_lba;
    }
    return THIMBLE_ERR_ARGUMENT;
}

static int find_mbr(struct thimble_partition *p, const struct disk *d, unsigned number)
{
    if (number <= MBR_ENTRIES) {
        struct mbr_entry e = mbr_entry(d->buf, number - 1);
        if (e.type == TYPE_EMPTY || is_extended(e.type))
            return THIMBLE_ERR_ARGUMENT;
        return found(p, e.range, e.type);
    }

    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        struct mbr_entry e = mbr_entry(d->buf, i);
        if (is_extended(e.type))
            return find_logical(p, d, e.range, number - MBR_ENTRIES - 1);
    }
    return THIMBLE_ERR_ARGUMENT;
}

/* --------------------------------------------------------------------------------------
 * GPT
 */

struct gpt_header {
    uint64_t first_usable_lba, last_usable_lba, entries_lba;
    uint32_t n_entries, entry_bytes, entries_crc;
};

/* Decodes and checks the header that is in the buffer and was read from `lba`. */
static bool gpt_header(struct gpt_header *h, const struct disk *d, uint64_t lba)
{
    const uint8_t *p = d->buf;
    static const uint8_t no_crc[4];
    uint32_t revision = get32(p + 8), header_bytes = get32(p + 12);
    uint32_t header_crc = get32(p + 16);
    uint64_t my_lba = get64(p + 24);
    *h = (struct gpt_header){
        .first_usable_lba = get64(p + 40),
        .last_usable_lba = get64(p + 48),
        .entries_lba = get64(p + 72),
        .n_entries = get32(p + 80),
        .entry_bytes = get32(p + 84),
        .entries_crc = get32(p + 88),
    };

    if (memcmp(p, "EFI PART", 8) != 0 || revision >> 16 != 1)
        return false;
    if (header_bytes < GPT_HEADER_BYTES || header_bytes > d->block_bytes)
        return false;
    uint32_t crc = crc32(~UINT32_C(0), p, 16);
    crc = crc32(crc, no_crc, 4);        /* the field itself counts as zero */
    crc = crc32(crc, p + 20, header_bytes - 20);
    if (~crc != header_crc || my_lba != lba)
        return false;

    /* Entries: 128, 256, 512 ... bytes each, whole ones in a block, in front of or
     * behind what they describe. */
    if (h->entry_bytes < GPT_ENTRY_BYTES || h->entry_bytes > d->block_bytes ||
        (h->entry_bytes & (h->entry_bytes - 1)) != 0)
        return false;
    if (h->n_entries == 0 || h->n_entries > GPT_ENTRIES_MAX)
        return false;
    if (h->first_usable_lba > h->last_usable_lba || h->last_usable_lba >= d->size_blocks)
        return false;
    uint32_t table_bytes = h->n_entries * h->entry_bytes;
    uint64_t table_blocks = (table_bytes + d->block_bytes - 1) / d->block_bytes;
    if (h->entries_lba < 2 || !th_range_ok(h->entries_lba, table_blocks, d->size_blocks))
        return false;
    struct range table = { h->entries_lba, table_blocks };
    struct range usable = { h->first_usable_lba,
                            h->last_usable_lba - h->first_usable_lba + 1 };
    struct range header = { lba, 1 };
    return h->first_usable_lba >= 2 && !overlap(table, usable) &&
           !overlap(header, usable) && !overlap(header, table);
}

/* Entry i; its block is read if it is the first of it.  The entries before it in its
 * block must have been asked for.  Returns NULL with *result set if it cannot be read. */
static const uint8_t *gpt_entry(const struct disk *d, const struct gpt_header *h,
                                uint32_t i, int *result)
{
    uint32_t offset = i * h->entry_bytes;
    *result = THIMBLE_OK;
    if (offset % d->block_bytes == 0)
        *result = read_block(d, h->entries_lba + offset / d->block_bytes);
    return *result == THIMBLE_OK ? d->buf + offset % d->block_bytes : NULL;
}

static bool gpt_used(const uint8_t *entry)
{
    static const uint8_t unused[16];
    return memcmp(entry, unused, sizeof unused) != 0;
}

/* THIMBLE_OK: range is that of a used entry, within what is usable. */
static int gpt_range(const struct gpt_header *h, const uint8_t *entry,
                     struct range *range)
{
    uint64_t first = get64(entry + 32), last = get64(entry + 40);

    if (first < h->first_usable_lba || last > h->last_usable_lba || first > last)
        return THIMBLE_ERR_ARGUMENT;
    *range = (struct range){ first, last - first + 1 };
    return THIMBLE_OK;
}

/* The table whose header is good: whether its CRC is right, and the wanted entry.  A
 * second pass makes sure that no other entry claims the same blocks. */
static int find_in_gpt(struct thimble_partition *p, const struct disk *d,
                       const struct gpt_header *h, unsigned number, bool *table_good)
{
    struct range wanted = { 0, 0 };
    int result, wanted_result = THIMBLE_ERR_ARGUMENT;
    uint32_t crc = ~UINT32_C(0);

    *table_good = false;
    for (uint32_t i = 0; i < h->n_entries; i++) {
        const uint8_t *entry = gpt_entry(d, h, i, &result);
        if (!entry)
            return result;
        crc = crc32(crc, entry, h->entry_bytes);
        if (i == number - 1 && gpt_used(entry)) {
            wanted_result = gpt_range(h, entry, &wanted);
            memcpy(p->type, entry, sizeof p->type);
        }
    }
    if (~crc != h->entries_crc)
        return THIMBLE_ERR_ARGUMENT;
    *table_good = true;
    if (wanted_result != THIMBLE_OK)
        return wanted_result;

    for (uint32_t i = 0; i < h->n_entries; i++) {
        struct range other;
        const uint8_t *entry = gpt_entry(d, h, i, &result);
        if (!entry)
            return result;
        if (i != number - 1 && gpt_used(entry) &&
            (gpt_range(h, entry, &other) != THIMBLE_OK || overlap(other, wanted)))
            return THIMBLE_ERR_ARGUMENT;
    }
    p->first_lba = wanted.first_lba;
    p->size_blocks = wanted.size_blocks;
    return THIMBLE_OK;
}

static int find_gpt(struct thimble_partition *p, const struct disk *d, unsigned number)
{
    const uint64_t headers[] = { 1, d->size_blocks - 1 };
    int error = THIMBLE_ERR_ARGUMENT;

    for (unsigned i = 0; i < 2; i++) {
        struct gpt_header h;
        bool table_good = false;
        int result = read_block(d, headers[i]);
        if (result == THIMBLE_OK && gpt_header(&h, d, headers[i])) {
            result = find_in_gpt(p, d, &h, number, &table_good);
            if (table_good) {
                p->table = THIMBLE_PARTITION_GPT;
                return result;
            }
        }
        if (result != THIMBLE_OK)
            error = result;             /* the backup may be readable */
    }
    return error;
}

/* --------------------------------------------------------------------------------------
 * Both
 */

int thimble_partition_find(struct thimble_partition *p, struct thimble_block *disk,
                           unsigned number, void *block, size_t block_bytes)
{
    struct disk d = {
        .below = disk,
        .size_blocks = disk->size_blocks,
        .block_bytes = UINT32_C(1) << disk->block_shift,
        .buf = block,
    };
    *p = (struct thimble_partition){ .table = THIMBLE_PARTITION_NO_TABLE };
    if (number == 0 || block_bytes < d.block_bytes || d.size_blocks < 3)
        return THIMBLE_ERR_ARGUMENT;

    int result = read_block(&d, 0);
    if (result != THIMBLE_OK)
        return result;
    if (!mbr_signed(d.buf))
        return THIMBLE_ERR_ARGUMENT;
    for (unsigned i = 0; i < MBR_ENTRIES; i++)
        if (mbr_entry(d.buf, i).type == TYPE_GPT_PROTECTIVE) {
            result = find_gpt(p, &d, number);
            if (result != THIMBLE_OK)
                memset(p->type, 0, sizeof p->type);
            return result;
        }
    if (!mbr_good(d.buf, d.size_blocks))
        return THIMBLE_ERR_ARGUMENT;

    p->table = THIMBLE_PARTITION_MBR;
    return find_mbr(p, &d, number);
}
