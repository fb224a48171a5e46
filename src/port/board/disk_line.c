/* SPDX-License-Identifier: MIT
 *
 * disk_line.c: see disk_line.h.
 */
#include "which.h"

#if TH_BOARD_ANY

#include <stddef.h>

#include "disk_line.h"
#include "show.h"

enum op { OP_READ, OP_WRITE, OP_FLUSH, OP_UNMAP, OP_ZERO };

/* What needs no data may be long, and is done in pieces, the others in turn between them: a card erases a few MiB in a
 * tenth of a second, but a slow one that has to be sent zeros takes a quarter of one for 512 blocks. */
#ifndef THIMBLE_BOARD_UNMAP_BLOCKS
#define THIMBLE_BOARD_UNMAP_BLOCKS 8192
#endif
#ifndef THIMBLE_BOARD_ZERO_BLOCKS
#define THIMBLE_BOARD_ZERO_BLOCKS 1024
#endif

static uint32_t piece(const struct thimble_io *io)
{
    uint32_t n = io->n_blocks;
    if (io->op == OP_UNMAP && n > THIMBLE_BOARD_UNMAP_BLOCKS)
        n = THIMBLE_BOARD_UNMAP_BLOCKS;
    if (io->op == OP_ZERO && n > THIMBLE_BOARD_ZERO_BLOCKS)
        n = THIMBLE_BOARD_ZERO_BLOCKS;
    return n;
}

/* A card may have gone since the request came, and with it what it could do. */
static int call(struct th_disk_line *l, const struct thimble_io *io, uint32_t n_blocks)
{
    struct thimble_block *d = l->below;
    switch ((enum op)io->op) {
    case OP_READ:
        l->bytes_read += n_blocks << d->block_shift;
        return d->read(d, io->lba, n_blocks, io->buf, &l->own);
    case OP_WRITE:
        l->bytes_written += n_blocks << d->block_shift;
        return d->write ? d->write(d, io->lba, n_blocks, io->buf, &l->own)
                        : THIMBLE_ERR_WRITE_PROTECTED;
    case OP_FLUSH:
        return d->flush ? d->flush(d, &l->own) : THIMBLE_OK;
    case OP_UNMAP:
        return d->unmap ? d->unmap(d, io->lba, n_blocks, &l->own) : THIMBLE_ERR_IO;
    case OP_ZERO:
        return d->write_zeroes ? d->write_zeroes(d, io->lba, n_blocks, &l->own)
                               : THIMBLE_ERR_IO;
    }
    return THIMBLE_ERR_IO;
}

static enum thimble_light light_of(const struct thimble_io *io)
{
    return io->op == OP_READ ? THIMBLE_LIGHT_READ : THIMBLE_LIGHT_WRITE;
}

static void append(struct th_disk_line *l, struct thimble_io *io)
{
    io->next = NULL;
    if (l->first)
        l->last->next = io;
    else
        l->first = io;
    l->last = io;
}

/* A piece of the first request was answered.  True: that was all of it, and it has left the line; else what is left of it
 * stands at the line's end. */
static bool settle(struct th_disk_line *l, int result)
{
    struct thimble_io *io = l->first;
    th_show_busy(light_of(io), false);
    io->lba += l->own_blocks;
    io->n_blocks -= l->own_blocks;
    if (result == THIMBLE_ERR_BLOCK)    /* what is not cut: all of it was one call */
        io->n_blocks = l->own.n_blocks >> l->group_shift;
    l->first = io->next;
    if (result != THIMBLE_OK || io->n_blocks == 0)
        return true;
    append(l, io);
    return false;
}

static void below_done(struct thimble_io *own, int result)
{
    struct th_disk_line *l =
        (struct th_disk_line *)(void *)((char *)own - offsetof(struct th_disk_line, own));
    struct thimble_io *io = l->first;
    l->in_flight = false;
    if (settle(l, result))
        thimble_io_done(io, result);
}

/* Does one piece of the first request.  True: it has left the line with *result; else there is more of it, or
 * it is in flight. */
static bool advance(struct th_disk_line *l, int *result)
{
    struct thimble_io *io = l->first;
    l->own = (struct thimble_io){ .done = below_done };
    l->own_blocks = piece(io);
    th_show_busy(light_of(io), true);
    *result = call(l, io, l->own_blocks);
    l->in_flight = *result == THIMBLE_PENDING;
    return !l->in_flight && settle(l, *result);
}

static int take(struct thimble_block *b, struct thimble_io *io, enum op op, uint64_t lba,
                uint32_t n_blocks, void *buf)
{
    struct th_disk_line *l = (struct th_disk_line *)b;
    io->op = (uint8_t)op;
    io->lba = lba << l->group_shift;
    io->n_blocks = n_blocks << l->group_shift;
    io->buf = buf;
    append(l, io);
    return THIMBLE_PENDING;
}

static int line_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                     struct thimble_io *io)
{
    return take(b, io, OP_READ, lba, n_blocks, buf);
}

static int line_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, const void *buf,
                      struct thimble_io *io)
{
    return take(b, io, OP_WRITE, lba, n_blocks, (void *)(uintptr_t)buf);
}

static int line_flush(struct thimble_block *b, struct thimble_io *io)
{
    return take(b, io, OP_FLUSH, 0, 0, NULL);
}

static int line_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                      struct thimble_io *io)
{
    return take(b, io, OP_UNMAP, lba, n_blocks, NULL);
}

static int line_write_zeroes(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                             struct thimble_io *io)
{
    return take(b, io, OP_ZERO, lba, n_blocks, NULL);
}

static int line_ready(struct thimble_block *b)
{
    struct thimble_block *below = ((struct th_disk_line *)b)->below;
    return below->ready ? below->ready(below) : THIMBLE_OK;
}

void th_disk_line_follow(struct th_disk_line *l)
{
    l->block = *l->below;
    l->block.block_shift = (uint8_t)(l->block.block_shift + l->group_shift);
    l->block.size_blocks >>= l->group_shift;
    if (l->block.size_blocks == 0)      /* no image, and no medium therefore */
        l->block.size_blocks = 1;
    l->block.read = line_read;
    l->block.write = l->below->write ? line_write : NULL;
    l->block.flush = l->below->flush ? line_flush : NULL;
    l->block.unmap = l->below->unmap ? line_unmap : NULL;
    l->block.write_zeroes = l->below->write_zeroes ? line_write_zeroes : NULL;
    l->block.map = NULL;
    l->block.extent = NULL;             /* the disk below would be handed the line */
    l->block.ready = line_ready;

    /* What waited was for the medium before, and so is what it lets through the gate of its unit when it ends. */
    while (l->first) {
        struct thimble_io *io = l->first;
        l->first = io->next;
        thimble_io_done(io, THIMBLE_ERR_NO_MEDIUM);
    }
}

void th_disk_line_init(struct th_disk_line *l, struct thimble_block *below, uint8_t block_shift)
{
    *l = (struct th_disk_line){ .below = below };
    if (block_shift > below->block_shift)
        l->group_shift = (uint8_t)(block_shift - below->block_shift);
    th_disk_line_follow(l);
}

bool th_disk_line_run(struct th_disk_line *l)
{
    struct thimble_io *io = l->first;
    int result;
    if (!io || l->in_flight)
        return false;
    if (advance(l, &result))
        thimble_io_done(io, result);
    return true;
}

#else

/* ISO C wants something in every file. */
typedef int th_disk_line_is_not_compiled;

#endif
