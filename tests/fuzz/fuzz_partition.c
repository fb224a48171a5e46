/* SPDX-License-Identifier: MIT
 *
 * fuzz_partition.c: libFuzzer target: a disk of hostile bytes, searched for partitions.
 *
 * Two bytes choose block size, partition and repairs; the rest are the first blocks of
 * the disk and, mirrored, its last.  The CRCs of a GPT are repaired on request, for no
 * fuzzer guesses them.  What is found must lie within the disk, and the search must be
 * short.
 */
#include <stdlib.h>
#include <string.h>

#include "block/partition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCKS = 128, MOST_BLOCKS_BYTES = BLOCKS * 4096, READS_MAX = 5000 };

struct fuzz_disk {
    struct thimble_block block;
    uint8_t  mem[MOST_BLOCKS_BYTES];
    uint32_t reads;
};

static struct fuzz_disk disk;

static int disk_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                     struct thimble_io *io)
{
    (void)io;
    if (n_blocks != 1 || lba >= b->size_blocks || ++disk.reads > READS_MAX)
        abort();
    memcpy(buf, disk.mem + (lba << b->block_shift), (size_t)1 << b->block_shift);
    return THIMBLE_OK;
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t crc32(const uint8_t *p, size_t n)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

static void repair_gpt(uint64_t lba)
{
    uint32_t block_bytes = UINT32_C(1) << disk.block.block_shift;
    size_t disk_bytes = (size_t)BLOCKS * block_bytes;
    uint8_t *h = disk.mem + lba * block_bytes;
    size_t entries_at = (size_t)(h[72] % BLOCKS) * block_bytes;
    size_t entries_bytes = (size_t)(get32(h + 80) % 2048) * (get32(h + 84) % 8192);
    uint32_t header_bytes = get32(h + 12);

    disk.mem[510] = 0x55;
    disk.mem[511] = 0xaa;
    disk.mem[450] = 0xee;
    memcpy(h, "EFI PART\0\0\1\0", 12);
    memset(h + 73, 0, 7);
    put32(h + 24, (uint32_t)lba);
    put32(h + 28, 0);
    if (entries_bytes <= disk_bytes - entries_at)
        put32(h + 88, crc32(disk.mem + entries_at, entries_bytes));
    put32(h + 16, 0);
    if (header_bytes <= block_bytes)
        put32(h + 16, crc32(h, header_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    uint8_t choice = data[0];
    unsigned number = data[1];
    data += 2;
    size -= 2;

    disk.block = (struct thimble_block){
        .size_blocks = BLOCKS,
        .block_shift = (uint8_t)(9 + (choice & 3)),
        .read = disk_read,
    };
    disk.reads = 0;
    size_t block_bytes = (size_t)1 << disk.block.block_shift;
    size_t disk_bytes = BLOCKS * block_bytes;
    if (size > disk_bytes / 2)
        size = disk_bytes / 2;
    memset(disk.mem, 0, disk_bytes);
    for (size_t done = 0; done < size; done += block_bytes) {
        size_t n = size - done < block_bytes ? size - done : block_bytes;
        memcpy(disk.mem + done, data + done, n);
        memcpy(disk.mem + disk_bytes - done - block_bytes, data + done, n);
    }
    if (choice & 4)
        repair_gpt(1);
    if (choice & 8)
        repair_gpt(BLOCKS - 1);

    uint8_t *work = malloc(block_bytes);
    if (!work)
        return 0;
    struct thimble_partition p;
    int result = thimble_partition_find(&p, &disk.block, number, work, block_bytes);
    if (result == THIMBLE_OK) {
        if (p.table == THIMBLE_PARTITION_NO_TABLE || p.first_lba == 0 ||
            p.size_blocks == 0 || p.first_lba >= BLOCKS ||
            p.size_blocks > BLOCKS - p.first_lba)
            abort();
    } else if (result != THIMBLE_ERR_ARGUMENT || p.size_blocks != 0) {
        abort();
    }
    free(work);
    return 0;
}
