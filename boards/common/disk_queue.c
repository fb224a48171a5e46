/* SPDX-License-Identifier: MIT
 *
 * disk_queue.c: see disk_queue.h.
 */
#include "disk_queue.h"

#include <stddef.h>

#include "leds.h"

enum op { OP_READ, OP_WRITE, OP_FLUSH, OP_UNMAP, OP_ZERO };

/* What needs no data may be long, and is done in pieces, the others in turn between them.  A card
 * that does not erase to zeros has them written: a piece then takes a quarter of a second. */
enum { PIECE_BLOCKS = 512 };

static void append(struct disk_queue *q, struct thimble_io *io)
{
    io->next = NULL;
    if (q->first)
        q->last->next = io;
    else
        q->first = io;
    q->last = io;
}

static int enqueue(struct thimble_block *b, struct thimble_io *io, enum op op, uint64_t lba,
                   uint32_t n_blocks, void *buf)
{
    struct disk_queue *q = (struct disk_queue *)b;
    io->op = (uint8_t)op;
    io->lba = lba;
    io->n_blocks = n_blocks;
    io->buf = buf;
    append(q, io);
    return THIMBLE_PENDING;
}

static int queue_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                      struct thimble_io *io)
{
    return enqueue(b, io, OP_READ, lba, n_blocks, buf);
}

static int queue_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, const void *buf,
                       struct thimble_io *io)
{
    return enqueue(b, io, OP_WRITE, lba, n_blocks, (void *)(uintptr_t)buf);
}

static int queue_flush(struct thimble_block *b, struct thimble_io *io)
{
    return enqueue(b, io, OP_FLUSH, 0, 0, NULL);
}

static int queue_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       struct thimble_io *io)
{
    return enqueue(b, io, OP_UNMAP, lba, n_blocks, NULL);
}

static int queue_write_zeroes(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                              struct thimble_io *io)
{
    return enqueue(b, io, OP_ZERO, lba, n_blocks, NULL);
}

static int queue_ready(struct thimble_block *b)
{
    struct thimble_block *below = ((struct disk_queue *)b)->below;
    return below->ready ? below->ready(below) : THIMBLE_OK;
}

void disk_queue_follow(struct disk_queue *q, struct thimble_block *below)
{
    struct thimble_io *waiting = q->first;

    q->first = NULL;
    q->below = below;
    q->block = *q->below;
    q->block.read = queue_read;
    q->block.write = q->below->write ? queue_write : NULL;
    q->block.flush = q->below->flush ? queue_flush : NULL;
    q->block.unmap = q->below->unmap ? queue_unmap : NULL;
    q->block.write_zeroes = q->below->write_zeroes ? queue_write_zeroes : NULL;
    q->block.map = NULL;
    q->block.extent = NULL;             /* the disk below would be handed the queue */
    q->block.ready = queue_ready;

    while (waiting) {
        struct thimble_io *io = waiting;
        waiting = io->next;
        thimble_io_done(io, THIMBLE_ERR_NO_MEDIUM);
    }
}

void disk_queue_init(struct disk_queue *q, struct thimble_block *below)
{
    *q = (struct disk_queue){ .first = NULL };
    disk_queue_follow(q, below);
}

/* A card may have gone since the request came, and with it what it could do. */
static int run(struct disk_queue *q, struct thimble_io *io, uint32_t n_blocks)
{
    struct thimble_block *d = q->below;
    switch ((enum op)io->op) {
    case OP_READ:
        q->bytes_read += n_blocks << d->block_shift;
        return d->read(d, io->lba, n_blocks, io->buf, io);
    case OP_WRITE:
        q->bytes_written += n_blocks << d->block_shift;
        return d->write ? d->write(d, io->lba, n_blocks, io->buf, io)
                        : THIMBLE_ERR_WRITE_PROTECTED;
    case OP_FLUSH:
        return d->flush ? d->flush(d, io) : THIMBLE_OK;
    case OP_UNMAP:
        return d->unmap ? d->unmap(d, io->lba, n_blocks, io) : THIMBLE_ERR_IO;
    case OP_ZERO:
        return d->write_zeroes ? d->write_zeroes(d, io->lba, n_blocks, io) : THIMBLE_ERR_IO;
    }
    return THIMBLE_ERR_IO;
}

bool disk_queue_run(struct disk_queue *q)
{
    struct thimble_io *io = q->first;
    if (!io)
        return false;

    uint32_t n = io->n_blocks;
    if ((io->op == OP_UNMAP || io->op == OP_ZERO) && n > PIECE_BLOCKS)
        n = PIECE_BLOCKS;
    enum thimble_light light = io->op == OP_READ ? THIMBLE_LIGHT_READ : THIMBLE_LIGHT_WRITE;
    leds_busy(light, true);
    int result = run(q, io, n);
    leds_busy(light, false);

    io->lba += n;
    io->n_blocks -= n;
    q->first = io->next;
    if (result == THIMBLE_OK && io->n_blocks > 0)
        append(q, io);
    else
        thimble_io_done(io, result);
    return q->first != NULL;
}
