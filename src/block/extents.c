/* SPDX-License-Identifier: MIT
 *
 * extents.c: a file that lies in runs of blocks of another disk, as a disk.
 *
 * A request within one run is handed down as it is.  One that crosses runs is done piece by
 * piece, with a struct thimble_io of our own, for the caller's belongs to the disk below
 * while a piece is there, and could not remember the rest.  There is only one such: runs are
 * few, so requests that cross them are rare, and may wait for each other.  Layer 0.
 */
#include "../core/wire.h"
#include "../thimble.h"

enum { OP_READ, OP_WRITE, OP_UNMAP, OP_WRITE_ZEROES };

static struct thimble_extents_disk *disk_of(struct thimble_block *b)
{
    return (struct thimble_extents_disk *)b;    /* its first member */
}

/* Where block lba of the file is on the disk below; *n_blocks is cut to what its run has. */
static uint64_t locate(const struct thimble_extents_disk *d, uint64_t lba, uint32_t *n_blocks)
{
    const struct thimble_extent *e = d->extents;
    while (lba >= e->n_blocks) {
        lba -= e->n_blocks;
        e++;
    }
    if (*n_blocks > e->n_blocks - lba)
        *n_blocks = (uint32_t)(e->n_blocks - lba);
    return e->first_lba + lba;
}

static int call_below(const struct thimble_extents_disk *d, uint8_t op, uint64_t lba,
                      uint32_t n_blocks, void *buf, struct thimble_io *io)
{
    struct thimble_block *below = d->below;
    switch (op) {
    case OP_READ:  return below->read(below, lba, n_blocks, buf, io);
    case OP_WRITE: return below->write(below, lba, n_blocks, buf, io);
    case OP_UNMAP: return below->unmap(below, lba, n_blocks, io);
    default:       return below->write_zeroes(below, lba, n_blocks, io);
    }
}

/* The answer of a piece: what it says of its blocks is said of the request's. */
static int of_request(struct thimble_extents_disk *d, int result)
{
    if (result == THIMBLE_ERR_BLOCK)
        d->first->n_blocks = d->done_blocks - d->piece_blocks + d->io.n_blocks;
    return result;
}

/* Goes on with the oldest request that crosses runs.  THIMBLE_PENDING: a piece is below. */
static int go_on(struct thimble_extents_disk *d)
{
    const struct thimble_io *io = d->first;

    while (d->done_blocks < io->n_blocks) {
        uint32_t n = io->n_blocks - d->done_blocks;
        uint64_t lba = locate(d, io->lba + d->done_blocks, &n);
        uint8_t *buf = io->buf;
        if (buf)
            buf += (size_t)d->done_blocks << d->block.block_shift;
        d->done_blocks += n;
        d->piece_blocks = n;
        int result = call_below(d, io->op, lba, n, buf, &d->io);
        if (result != THIMBLE_OK)
            return of_request(d, result);
    }
    return THIMBLE_OK;
}

static void forget_first(struct thimble_extents_disk *d)
{
    d->first = d->first->next;
    d->done_blocks = 0;
}

/* Answers the oldest, and begins with the next ones until one is below. */
static void answer(struct thimble_extents_disk *d, int result)
{
    d->running = true;                  /* who is answered may ask again: that waits */
    while (result != THIMBLE_PENDING) {
        struct thimble_io *io = d->first;
        forget_first(d);
        thimble_io_done(io, result);
        if (!d->first)
            break;
        result = go_on(d);
    }
    d->running = false;
}

static void piece_done(struct thimble_io *io, int result)
{
    struct thimble_extents_disk *d =
        (struct thimble_extents_disk *)((uint8_t *)io -
                                        offsetof(struct thimble_extents_disk, io));
    result = result == THIMBLE_OK ? go_on(d) : of_request(d, result);
    if (result != THIMBLE_PENDING)
        answer(d, result);
}

static int request(struct thimble_block *b, uint8_t op, uint64_t lba, uint32_t n_blocks,
                   void *buf, struct thimble_io *io)
{
    struct thimble_extents_disk *d = disk_of(b);
    uint32_t n = n_blocks;
    uint64_t there = locate(d, lba, &n);
    if (n == n_blocks)
        return call_below(d, op, there, n_blocks, buf, io);

    io->op = op;
    io->lba = lba;
    io->n_blocks = n_blocks;
    io->buf = buf;
    io->next = NULL;
    bool waits = d->first || d->running;
    if (d->first)
        d->last->next = io;
    else
        d->first = io;
    d->last = io;
    if (waits)
        return THIMBLE_PENDING;

    int result = go_on(d);
    if (result != THIMBLE_PENDING)
        forget_first(d);                /* nobody else came: nothing was answered meanwhile */
    return result;
}

static int extents_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                        struct thimble_io *io)
{
    return request(b, OP_READ, lba, n_blocks, buf, io);
}

static int extents_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                         const void *buf, struct thimble_io *io)
{
    return request(b, OP_WRITE, lba, n_blocks, (void *)(uintptr_t)buf, io);
}

static int extents_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                         struct thimble_io *io)
{
    return request(b, OP_UNMAP, lba, n_blocks, NULL, io);
}

static int extents_write_zeroes(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                                struct thimble_io *io)
{
    return request(b, OP_WRITE_ZEROES, lba, n_blocks, NULL, io);
}

static int extents_flush(struct thimble_block *b, struct thimble_io *io)
{
    struct thimble_block *below = disk_of(b)->below;
    return below->flush(below, io);
}

static uint32_t extents_extent(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                               bool *mapped)
{
    struct thimble_extents_disk *d = disk_of(b);
    uint64_t there = locate(d, lba, &n_blocks);
    return d->below->extent(d->below, there, n_blocks, mapped);
}

static const void *extents_map(struct thimble_block *b, uint64_t lba, uint32_t n_blocks)
{
    struct thimble_extents_disk *d = disk_of(b);
    uint32_t n = n_blocks;
    uint64_t there = locate(d, lba, &n);
    return n == n_blocks ? d->below->map(d->below, there, n_blocks) : NULL;
}

static int extents_ready(struct thimble_block *b)
{
    struct thimble_block *below = disk_of(b)->below;
    return below->ready(below);
}

static bool overlap(struct thimble_extent a, struct thimble_extent b)
{
    return a.first_lba < b.first_lba + b.n_blocks && b.first_lba < a.first_lba + a.n_blocks;
}

int thimble_extents_disk_init(struct thimble_extents_disk *d, struct thimble_block *lower,
                              const struct thimble_extent *extents, uint32_t n_extents)
{
    uint64_t size_blocks = 0, misfits = 0;

    if (!lower || !extents || n_extents == 0 || n_extents > THIMBLE_EXTENTS_MAX)
        return THIMBLE_ERR_ARGUMENT;
    for (uint32_t i = 0; i < n_extents; i++) {
        if (extents[i].n_blocks == 0 ||
            !th_range_ok(extents[i].first_lba, extents[i].n_blocks, lower->size_blocks))
            return THIMBLE_ERR_ARGUMENT;
        for (uint32_t k = 0; k < i; k++)
            if (overlap(extents[i], extents[k]))
                return THIMBLE_ERR_ARGUMENT;
        misfits |= extents[i].first_lba ^ size_blocks;
        size_blocks += extents[i].n_blocks;     /* at most the disk below, as none overlap */
    }

    *d = (struct thimble_extents_disk){
        .block = *lower, .below = lower, .extents = extents, .n_extents = n_extents,
        .io = { .done = piece_done },
    };
    d->block.size_blocks = size_blocks;
    d->block.serial = NULL;             /* two files of a card are two disks */
    d->block.atomic_blocks = 0;         /* a write may cross runs */
    if (misfits & ((UINT64_C(1) << lower->physical_shift) - 1))
        d->block.physical_shift = 0;    /* physical blocks of ours are not those below */
    d->block.read = extents_read;
    d->block.write = lower->write ? extents_write : NULL;
    d->block.flush = lower->flush ? extents_flush : NULL;
    d->block.unmap = lower->unmap ? extents_unmap : NULL;
    d->block.write_zeroes = lower->write_zeroes ? extents_write_zeroes : NULL;
    d->block.extent = lower->extent ? extents_extent : NULL;
    d->block.map = lower->map ? extents_map : NULL;
    d->block.copy = NULL;
    d->block.ready = lower->ready ? extents_ready : NULL;
    return THIMBLE_OK;
}
