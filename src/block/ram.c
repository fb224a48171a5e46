/* SPDX-License-Identifier: MIT
 *
 * ram.c: memory as a disk.
 *
 * Answers at once, keeps nothing back (no flush), and can be sent from where it is (map).
 * Layer 0.
 */
#include <string.h>

#include "../thimble.h"

/* The bytes of a block, and of n of them. */
static uint8_t *at(const struct thimble_block *b, uint64_t lba)
{
    const struct thimble_ram_disk *d = (const struct thimble_ram_disk *)b;
    return d->mem + (size_t)(lba << b->block_shift);
}

static size_t bytes(const struct thimble_block *b, uint32_t n_blocks)
{
    return (size_t)n_blocks << b->block_shift;
}

static int ram_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                    struct thimble_io *io)
{
    (void)io;
    memcpy(buf, at(b, lba), bytes(b, n_blocks));
    return THIMBLE_OK;
}

static int ram_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                     const void *buf, struct thimble_io *io)
{
    (void)io;
    memcpy(at(b, lba), buf, bytes(b, n_blocks));
    return THIMBLE_OK;
}

static int ram_zero(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                    struct thimble_io *io)
{
    (void)io;
    memset(at(b, lba), 0, bytes(b, n_blocks));
    return THIMBLE_OK;
}

static const void *ram_map(struct thimble_block *b, uint64_t lba, uint32_t n_blocks)
{
    (void)n_blocks;
    return at(b, lba);
}

int thimble_ram_disk_init(struct thimble_ram_disk *d, void *mem, uint64_t size_blocks,
                          uint8_t block_shift)
{
    if (!mem || size_blocks == 0 || block_shift < 9 || block_shift > 12 ||
        size_blocks > (uint64_t)SIZE_MAX >> block_shift)
        return THIMBLE_ERR_ARGUMENT;

    *d = (struct thimble_ram_disk){
        .block = {
            .size_blocks = size_blocks, .block_shift = block_shift,
            .read = ram_read, .write = ram_write,
            .unmap = ram_zero, .write_zeroes = ram_zero, .map = ram_map,
        },
        .mem = mem,
    };
    return THIMBLE_OK;
}
