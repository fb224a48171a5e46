/* SPDX-License-Identifier: MIT
 *
 * fault.c: a disk that fails on purpose, over one that works.
 *
 * Each operation reads: maybe fail, else ask the disk below.  Memory is not mapped, for then
 * reads would pass us by.  Layer 0.
 */
#include "../thimble.h"

static struct thimble_block *below(struct thimble_block *b)
{
    return ((struct thimble_fault_disk *)b)->below;
}

/* Counts the call: THIMBLE_OK, or the failure that it shall meet. */
static int fault(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, struct thimble_io *io)
{
    struct thimble_fault_disk *d = (struct thimble_fault_disk *)b;

    if (d->lba_only && (lba + n_blocks <= d->bad_lba || lba >= d->bad_lba + d->bad_blocks))
        return THIMBLE_OK;
    uint32_t call = d->calls++;
    bool fails = d->fail_at != UINT32_MAX &&
                 (call == d->fail_at || (d->sticky && call > d->fail_at));
    if (!fails)
        return THIMBLE_OK;
    d->failed++;
    if (d->result == THIMBLE_ERR_BLOCK)
        io->n_blocks = d->lba_only && d->bad_lba > lba ? (uint32_t)(d->bad_lba - lba) : 0;
    return d->result;
}

static int fault_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                      struct thimble_io *io)
{
    int err = fault(b, lba, n_blocks, io);
    return err ? err : below(b)->read(below(b), lba, n_blocks, buf, io);
}

static int fault_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       const void *buf, struct thimble_io *io)
{
    int err = fault(b, lba, n_blocks, io);
    return err ? err : below(b)->write(below(b), lba, n_blocks, buf, io);
}

/* Touches no block: with lba_only it never fails. */
static int fault_flush(struct thimble_block *b, struct thimble_io *io)
{
    bool counts = !((struct thimble_fault_disk *)b)->lba_only;
    int err = counts ? fault(b, 0, 0, io) : THIMBLE_OK;
    return err ? err : below(b)->flush(below(b), io);
}

static int fault_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       struct thimble_io *io)
{
    int err = fault(b, lba, n_blocks, io);
    return err ? err : below(b)->unmap(below(b), lba, n_blocks, io);
}

static int fault_write_zeroes(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                              struct thimble_io *io)
{
    int err = fault(b, lba, n_blocks, io);
    return err ? err : below(b)->write_zeroes(below(b), lba, n_blocks, io);
}

static uint32_t fault_extent(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                             bool *mapped)
{
    return below(b)->extent(below(b), lba, n_blocks, mapped);
}

static int fault_ready(struct thimble_block *b)
{
    return below(b)->ready(below(b));
}

int thimble_fault_disk_init(struct thimble_fault_disk *d, struct thimble_block *lower)
{
    if (!lower)
        return THIMBLE_ERR_ARGUMENT;

    *d = (struct thimble_fault_disk){
        .block = *lower, .below = lower,
        .fail_at = UINT32_MAX, .result = THIMBLE_ERR_IO,
    };
    d->block.read = fault_read;
    d->block.write = lower->write ? fault_write : NULL;
    d->block.flush = lower->flush ? fault_flush : NULL;
    d->block.unmap = lower->unmap ? fault_unmap : NULL;
    d->block.write_zeroes = lower->write_zeroes ? fault_write_zeroes : NULL;
    d->block.extent = lower->extent ? fault_extent : NULL;
    d->block.map = NULL;
    d->block.copy = NULL;
    d->block.ready = lower->ready ? fault_ready : NULL;
    return THIMBLE_OK;
}
