/* SPDX-License-Identifier: MIT
 *
 * delay.c: a disk that answers later, over one that answers at once or later.
 *
 * Every call is written down in its struct thimble_io and waits in a queue; the owner says when
 * the oldest are done.  Memory is not mapped.  Layer 0.
 */
#include "../thimble.h"

enum { OP_READ, OP_WRITE, OP_FLUSH, OP_UNMAP, OP_WRITE_ZEROES };

static int later(struct thimble_block *b, uint8_t op, uint64_t lba, uint32_t n_blocks,
                 void *buf, struct thimble_io *io)
{
    struct thimble_delay_disk *d = (struct thimble_delay_disk *)b;

    io->op = op;
    io->lba = lba;
    io->n_blocks = n_blocks;
    io->buf = buf;
    io->next = NULL;
    if (d->first)
        d->last->next = io;
    else
        d->first = io;
    d->last = io;
    d->waiting++;
    return THIMBLE_PENDING;
}

static int delay_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                      struct thimble_io *io)
{
    return later(b, OP_READ, lba, n_blocks, buf, io);
}

static int delay_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       const void *buf, struct thimble_io *io)
{
    return later(b, OP_WRITE, lba, n_blocks, (void *)(uintptr_t)buf, io);
}

static int delay_flush(struct thimble_block *b, struct thimble_io *io)
{
    return later(b, OP_FLUSH, 0, 0, NULL, io);
}

static int delay_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       struct thimble_io *io)
{
    return later(b, OP_UNMAP, lba, n_blocks, NULL, io);
}

static int delay_write_zeroes(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                              struct thimble_io *io)
{
    return later(b, OP_WRITE_ZEROES, lba, n_blocks, NULL, io);
}

static uint32_t delay_extent(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                             bool *mapped)
{
    struct thimble_block *below = ((struct thimble_delay_disk *)b)->below;
    return below->extent(below, lba, n_blocks, mapped);
}

static int delay_ready(struct thimble_block *b)
{
    struct thimble_block *below = ((struct thimble_delay_disk *)b)->below;
    return below->ready(below);
}

static int do_now(struct thimble_block *below, struct thimble_io *io)
{
    switch (io->op) {
    case OP_READ:   return below->read(below, io->lba, io->n_blocks, io->buf, io);
    case OP_WRITE:  return below->write(below, io->lba, io->n_blocks, io->buf, io);
    case OP_FLUSH:  return below->flush(below, io);
    case OP_UNMAP:  return below->unmap(below, io->lba, io->n_blocks, io);
    default:        return below->write_zeroes(below, io->lba, io->n_blocks, io);
    }
}

uint32_t thimble_delay_disk_run(struct thimble_delay_disk *d, uint32_t max)
{
    uint32_t n = 0;

    for (; n < max && d->first; n++) {
        struct thimble_io *io = d->first;
        d->first = io->next;
        d->waiting--;
        int result = do_now(d->below, io);
        if (result != THIMBLE_PENDING)
            thimble_io_done(io, result);
    }
    return n;
}

int thimble_delay_disk_init(struct thimble_delay_disk *d, struct thimble_block *lower)
{
    if (!lower)
        return THIMBLE_ERR_ARGUMENT;

    *d = (struct thimble_delay_disk){ .block = *lower, .below = lower };
    d->block.read = delay_read;
    d->block.write = lower->write ? delay_write : NULL;
    d->block.flush = lower->flush ? delay_flush : NULL;
    d->block.unmap = lower->unmap ? delay_unmap : NULL;
    d->block.write_zeroes = lower->write_zeroes ? delay_write_zeroes : NULL;
    d->block.extent = lower->extent ? delay_extent : NULL;
    d->block.map = NULL;
    d->block.copy = NULL;
    d->block.ready = lower->ready ? delay_ready : NULL;
    return THIMBLE_OK;
}
