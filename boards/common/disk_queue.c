/* SPDX-License-Identifier: MIT
 *
 * disk_queue.c: see disk_queue.h.
 */
#include "disk_queue.h"

#include <stddef.h>

#include "board.h"

enum op { OP_READ, OP_WRITE, OP_FLUSH, OP_UNMAP };

/* A long unmap is done in pieces: QEMU's card takes a second for 8 MiB. */
enum { UNMAP_BLOCKS = 8192 };

static int enqueue(struct thimble_block *b, struct thimble_io *io, enum op op, uint64_t lba,
                   uint32_t n_blocks, void *buf)
{
    struct disk_queue *q = (struct disk_queue *)b;
    io->op = (uint8_t)op;
    io->lba = lba;
    io->n_blocks = n_blocks;
    io->buf = buf;
    io->next = NULL;
    if (q->first)
        q->last->next = io;
    else
        q->first = io;
    q->last = io;
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

static int queue_ready(struct thimble_block *b)
{
    struct thimble_block *below = ((struct disk_queue *)b)->below;
    return below->ready ? below->ready(below) : THIMBLE_OK;
}

void disk_queue_follow(struct disk_queue *q)
{
    q->block = *q->below;
    q->block.read = queue_read;
    q->block.write = q->below->write ? queue_write : NULL;
    q->block.flush = q->below->flush ? queue_flush : NULL;
    q->block.unmap = q->below->unmap ? queue_unmap : NULL;
    q->block.write_zeroes = NULL;
    q->block.map = NULL;
    q->block.extent = NULL;             /* the disk below would be handed the queue */
    q->block.ready = queue_ready;
}

void disk_queue_init(struct disk_queue *q, struct thimble_block *below)
{
    *q = (struct disk_queue){ .below = below };
    disk_queue_follow(q);
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
    }
    return THIMBLE_ERR_IO;
}

bool disk_queue_run(struct disk_queue *q)
{
    struct thimble_io *io = q->first;
    if (!io)
        return false;

    uint32_t n = io->n_blocks;
    if (io->op == OP_UNMAP && n > UNMAP_BLOCKS)
        n = UNMAP_BLOCKS;
    enum board_led led = io->op == OP_READ ? BOARD_LED_READ : BOARD_LED_WRITE;
    board_led(led, true);
    int result = run(q, io, n);
    board_led(led, false);

    io->lba += n;
    io->n_blocks -= n;
    if (result != THIMBLE_OK || io->n_blocks == 0) {
        q->first = io->next;
        thimble_io_done(io, result);
    }
    return q->first != NULL;
}
