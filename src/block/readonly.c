/* SPDX-License-Identifier: MIT
 *
 * readonly.c: a disk that refuses to be written, over any other disk.
 *
 * What the disk below does to change the medium is simply not offered.  Size and shape are
 * those that the disk below had at init.  Layer 0.
 */
#include "../thimble.h"

static struct thimble_block *below(struct thimble_block *b)
{
    return ((struct thimble_readonly_disk *)b)->below;
}

static int readonly_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                         struct thimble_io *io)
{
    return below(b)->read(below(b), lba, n_blocks, buf, io);
}

static uint32_t readonly_extent(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                                bool *mapped)
{
    return below(b)->extent(below(b), lba, n_blocks, mapped);
}

static const void *readonly_map(struct thimble_block *b, uint64_t lba, uint32_t n_blocks)
{
    return below(b)->map(below(b), lba, n_blocks);
}

static int readonly_ready(struct thimble_block *b)
{
    return below(b)->ready(below(b));
}

int thimble_readonly_disk_init(struct thimble_readonly_disk *d, struct thimble_block *lower)
{
    if (!lower)
        return THIMBLE_ERR_ARGUMENT;

    d->below = lower;
    d->block = *lower;
    d->block.read = readonly_read;
    d->block.write = NULL;
    d->block.flush = NULL;
    d->block.unmap = NULL;
    d->block.write_zeroes = NULL;
    d->block.extent = lower->extent ? readonly_extent : NULL;
    d->block.map = lower->map ? readonly_map : NULL;
    d->block.copy = NULL;
    d->block.ready = lower->ready ? readonly_ready : NULL;
    return THIMBLE_OK;
}
