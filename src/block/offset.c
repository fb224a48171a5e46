/* SPDX-License-Identifier: MIT
 *
 * offset.c: a run of blocks of another disk, as a disk: a partition.
 *
 * Adds to addresses; everything else is the disk below.  Layer 0.
 */
#include "../core/wire.h"
#include "../thimble.h"

static struct thimble_block *below(struct thimble_block *b)
{
    return ((struct thimble_offset_disk *)b)->below;
}

static uint64_t there(struct thimble_block *b, uint64_t lba)
{
    return ((struct thimble_offset_disk *)b)->first_lba + lba;
}

static int offset_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                       struct thimble_io *io)
{
    return below(b)->read(below(b), there(b, lba), n_blocks, buf, io);
}

static int offset_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                        const void *buf, struct thimble_io *io)
{
    return below(b)->write(below(b), there(b, lba), n_blocks, buf, io);
}

static int offset_flush(struct thimble_block *b, struct thimble_io *io)
{
    return below(b)->flush(below(b), io);
}

static int offset_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                        struct thimble_io *io)
{
    return below(b)->unmap(below(b), there(b, lba), n_blocks, io);
}

static int offset_write_zeroes(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                               struct thimble_io *io)
{
    return below(b)->write_zeroes(below(b), there(b, lba), n_blocks, io);
}

static uint32_t offset_extent(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                              bool *mapped)
{
    return below(b)->extent(below(b), there(b, lba), n_blocks, mapped);
}

static const void *offset_map(struct thimble_block *b, uint64_t lba, uint32_t n_blocks)
{
    return below(b)->map(below(b), there(b, lba), n_blocks);
}

static int offset_ready(struct thimble_block *b)
{
    return below(b)->ready(below(b));
}

int thimble_offset_disk_init(struct thimble_offset_disk *d, struct thimble_block *lower,
                             uint64_t first_lba, uint64_t size_blocks)
{
    if (!lower || size_blocks == 0 ||
        !th_range_ok(first_lba, size_blocks, lower->size_blocks))
        return THIMBLE_ERR_ARGUMENT;

    d->below = lower;
    d->first_lba = first_lba;
    d->block = *lower;
    d->block.size_blocks = size_blocks;
    d->block.serial = NULL;     /* two partitions of a disk are two disks */
    if (first_lba & ((UINT64_C(1) << lower->physical_shift) - 1))
        d->block.physical_shift = 0;    /* our block 0 is not where a physical block begins */
    if (lower->atomic_blocks && first_lba & (lower->atomic_blocks - 1))
        d->block.atomic_blocks = 0;     /* ... nor where one that is written whole does */
    d->block.read = offset_read;
    d->block.write = lower->write ? offset_write : NULL;
    d->block.flush = lower->flush ? offset_flush : NULL;
    d->block.unmap = lower->unmap ? offset_unmap : NULL;
    d->block.write_zeroes = lower->write_zeroes ? offset_write_zeroes : NULL;
    d->block.extent = lower->extent ? offset_extent : NULL;
    d->block.map = lower->map ? offset_map : NULL;
    d->block.copy = NULL;
    d->block.ready = lower->ready ? offset_ready : NULL;
    return THIMBLE_OK;
}
