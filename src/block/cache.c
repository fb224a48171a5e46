/* SPDX-License-Identifier: MIT
 *
 * cache.c: a cache in memory over another disk.
 *
 * Lines of blocks; a bit a block says whether it is valid, another whether it is dirty: written
 * here, answered, and not yet below.
 *
 *   - Requests are done one at a time, in the order in which they came, so nothing that follows
 *     needs locks, and requests that overlap are done in order.  What a request needs from
 *     below is one call after the other; after each the machine looks again at what there is.
 *   - A line to be reused is always a clean one: dirty_lines is less than n_lines.  Making room never
 *     waits for a write.
 *   - Neighbouring lines tend to lie in neighbouring places, for the hand takes places in turn.
 *     Where they do, one call below reads or writes them all.
 *   - A late write that fails stays dirty.  The next flush tries again and fails if it fails, so it is
 *     never forgotten that something was answered and is not on the medium.  Only when the
 *     medium has gone is it dropped, and the next flush says so.
 *
 * Layer 0.
 */
#include <string.h>

#include "../core/wire.h"
#include "../thimble.h"

enum op { OP_READ, OP_WRITE, OP_FLUSH, OP_UNMAP, OP_WRITE_ZEROES, OP_WRITE_LATE };

/* What the call below does; the machine goes on accordingly when it has ended. */
enum flight {
    FLIGHT_FILL,            /* reads into lines, from flight_line on */
    FLIGHT_READ,            /* reads straight into the caller's buffer */
    FLIGHT_LATE,            /* writes dirty blocks */
    FLIGHT_WRITE,           /* writes straight from the caller's buffer */
    FLIGHT_FORGET,          /* unmap or write_zeroes */
    FLIGHT_FLUSH,
};

enum { LINES_MAX = 65535, LINE_BLOCKS_MAX = 32, DEFAULT_LINE_BLOCKS = 8, STREAMS = 4 };

static const uint64_t NO_LBA = UINT64_MAX;

static struct thimble_cache_disk *disk_of(struct thimble_block *b)
{
    return (struct thimble_cache_disk *)b;      /* its first member */
}

static uint64_t line_lba(const struct thimble_cache_disk *d, uint64_t lba)
{
    return lba & ~(uint64_t)(d->config.line_blocks - 1);
}

static uint32_t in_line(const struct thimble_cache_disk *d, uint64_t lba)
{
    return (uint32_t)lba & (d->config.line_blocks - 1);
}

static uint8_t *block_of(const struct thimble_cache_disk *d, uint32_t line, uint32_t block)
{
    size_t at_blocks = (size_t)line * d->config.line_blocks + block;
    return (uint8_t *)d->config.data + (at_blocks << d->block.block_shift);
}

static uint8_t *rest_of(const struct thimble_cache_disk *d, const struct thimble_io *io)
{
    return (uint8_t *)io->buf + ((size_t)d->done_blocks << d->block.block_shift);
}

/* Bits [first, first + n). */
static uint32_t bits(uint32_t first, uint32_t n)
{
    uint32_t ones = n < 32 ? (UINT32_C(1) << n) - 1 : UINT32_MAX;
    return ones << first;
}

/* How many bits from `first` on are alike in `mask`, up to `max`. */
static uint32_t alike(uint32_t mask, uint32_t first, uint32_t max)
{
    uint32_t value = mask >> first & 1, n = 1;
    while (n < max && (mask >> (first + n) & 1) == value)
        n++;
    return n;
}

/* --------------------------------------------------------------------------------------
 * Lines
 */

/* The line that holds lba's, or n_lines. */
static uint32_t find(const struct thimble_cache_disk *d, uint64_t lba)
{
    uint32_t i = 0;
    lba = line_lba(d, lba);
    while (i < d->config.n_lines && d->config.lines[i].lba != lba)
        i++;
    return i;
}

static void set_dirty(struct thimble_cache_disk *d, uint32_t line, uint32_t dirty)
{
    struct thimble_cache_line *l = &d->config.lines[line];
    if (l->dirty && !dirty)
        d->n_dirty--;
    if (!l->dirty && dirty)
        d->n_dirty++;
    l->dirty = dirty;
}

static void clear(struct thimble_cache_line *l, uint64_t lba)
{
    *l = (struct thimble_cache_line){ .lba = lba };
}

/* Everything is forgotten.  What was dirty is lost, and the next flush says so. */
static void drop_all(struct thimble_cache_disk *d)
{
    for (uint32_t i = 0; i < d->config.n_lines; i++) {
        for (uint32_t dirty = d->config.lines[i].dirty; dirty; dirty &= dirty - 1) {
            d->lost_blocks++;
            d->lost = true;
        }
        clear(&d->config.lines[i], NO_LBA);
    }
    for (int i = 0; i < STREAMS; i++)
        d->next_lba[i] = NO_LBA;
    d->n_dirty = 0;
    d->cursor_lba = 0;
}

/* A clean line, made to be lba's: the first after the hand that was not used since the hand's last
 * visit.  There is always a clean one. */
static uint32_t claim(struct thimble_cache_disk *d, uint64_t lba)
{
    for (;;) {
        uint32_t i = d->hand;
        struct thimble_cache_line *l = &d->config.lines[i];
        d->hand = i + 1 < d->config.n_lines ? i + 1 : 0;
        if (l->dirty)
            continue;
        if (l->used) {
            l->used = false;
            continue;
        }
        clear(l, line_lba(d, lba));
        return i;
    }
}

/* The block of a cached line that is dirty and first from lba on; NO_LBA: none. */
static uint64_t next_dirty(const struct thimble_cache_disk *d, uint64_t lba, uint32_t *line)
{
    uint64_t first = NO_LBA;

    for (uint32_t i = 0; i < d->config.n_lines; i++) {
        const struct thimble_cache_line *l = &d->config.lines[i];
        uint32_t dirty = l->dirty;
        if (!dirty || l->lba + d->config.line_blocks <= lba)
            continue;
        if (l->lba < lba)
            dirty &= ~bits(0, in_line(d, lba));
        if (!dirty || l->lba >= first)
            continue;
        uint32_t block = dirty & 1 ? 0 : alike(dirty, 0, d->config.line_blocks);
        if (l->lba + block < first) {
            first = l->lba + block;
            *line = i;
        }
    }
    return first;
}

/* For each piece of [lba, lba + n_blocks) that is in a line.  The order is that of the lines. */
static bool piece(const struct thimble_cache_disk *d, uint32_t line, uint64_t lba,
                  uint32_t n_blocks, uint32_t *first, uint32_t *n)
{
    uint64_t begin = d->config.lines[line].lba;
    if (begin == NO_LBA)
        return false;
    uint64_t from = lba > begin ? lba : begin;
    uint64_t to = lba + n_blocks;
    if (to > begin + d->config.line_blocks)
        to = begin + d->config.line_blocks;
    if (from >= to)
        return false;
    *first = (uint32_t)(from - begin);
    *n = (uint32_t)(to - from);
    return true;
}

/* The medium has these blocks now: from `buf`, or if that is NULL, something that is not known here. */
static void written_below(struct thimble_cache_disk *d, uint64_t lba, uint32_t n_blocks,
                          const uint8_t *buf)
{
    uint32_t first, n;

    for (uint32_t i = 0; i < d->config.n_lines; i++) {
        struct thimble_cache_line *l = &d->config.lines[i];
        if (!piece(d, i, lba, n_blocks, &first, &n))
            continue;
        set_dirty(d, i, l->dirty & ~bits(first, n));
        if (buf) {
            size_t from_blocks = (size_t)(l->lba + first - lba);
            memcpy(block_of(d, i, first), buf + (from_blocks << d->block.block_shift),
                   (size_t)n << d->block.block_shift);
            l->valid |= bits(first, n);
        } else {
            l->valid &= ~bits(first, n);
        }
    }
}

/* A write below failed: it is not known what these blocks are now.  What is dirty stays: it will be written. */
static void unknown_below(struct thimble_cache_disk *d, uint64_t lba, uint32_t n_blocks)
{
    uint32_t first, n;

    for (uint32_t i = 0; i < d->config.n_lines; i++)
        if (piece(d, i, lba, n_blocks, &first, &n))
            d->config.lines[i].valid &= ~bits(first, n) | d->config.lines[i].dirty;
}

/* --------------------------------------------------------------------------------------
 * Calls below.  Each begins one and answers as it does.
 */

static int fly(struct thimble_cache_disk *d, enum flight flight, uint64_t lba,
               uint32_t n_blocks, void *buf)
{
    struct thimble_block *below = d->below;

    d->flight = (uint8_t)flight;
    d->flight_lba = lba;
    d->flight_blocks = n_blocks;
    switch (flight) {
    case FLIGHT_FILL:
    case FLIGHT_READ:
        return below->read(below, lba, n_blocks, buf, &d->io);
    case FLIGHT_LATE:
    case FLIGHT_WRITE:
        return below->write ? below->write(below, lba, n_blocks, buf, &d->io)
                            : THIMBLE_ERR_WRITE_PROTECTED;
    case FLIGHT_FORGET:
        if (d->current->op == OP_UNMAP)
            return below->unmap(below, lba, n_blocks, &d->io);
        return below->write_zeroes(below, lba, n_blocks, &d->io);
    case FLIGHT_FLUSH:
        return below->flush(below, &d->io);
    }
    return THIMBLE_ERR_ARGUMENT;
}

/* Writes the dirty run that is first from the cursor on, over lines that are neighbours in
 * place too.  There is one. */
static int write_late(struct thimble_cache_disk *d, uint64_t lba, uint32_t line)
{
    uint32_t first = in_line(d, lba), n = 0, i = line;
    const struct thimble_cache_line *lines = d->config.lines;

    for (uint32_t at = first;; at = 0, i++) {
        n += alike(lines[i].dirty, at, d->config.line_blocks - at);
        bool goes_on = in_line(d, lba + n) == 0 && i + 1 < d->config.n_lines &&
                       lines[i + 1].lba == lba + n && (lines[i + 1].dirty & 1);
        if (!goes_on)
            break;
    }
    d->flight_line = line;
    return fly(d, FLIGHT_LATE, lba, n, block_of(d, line, first));
}

/* Marks what a call over neighbouring lines, from flight_line on, has read or written. */
static void mark_lines(struct thimble_cache_disk *d, bool valid, bool clean)
{
    uint32_t done = 0, at = in_line(d, d->flight_lba);

    for (uint32_t i = d->flight_line; done < d->flight_blocks; i++, at = 0) {
        uint32_t n = th_min32(d->flight_blocks - done, d->config.line_blocks - at);
        if (valid)
            d->config.lines[i].valid |= bits(at, n);
        if (clean)
            set_dirty(d, i, d->config.lines[i].dirty & ~bits(at, n));
        done += n;
    }
}

static void landed(struct thimble_cache_disk *d, int result)
{
    struct thimble_io *io = d->current;

    if (result == THIMBLE_ERR_NO_MEDIUM)
        d->gone = true;
    if (result == THIMBLE_ERR_BLOCK && d->flight == FLIGHT_READ)
        io->n_blocks = d->done_blocks + d->io.n_blocks;
    else if (result == THIMBLE_ERR_BLOCK)
        result = THIMBLE_ERR_IO;        /* that was not the request's block */
    switch ((enum flight)d->flight) {
    case FLIGHT_FILL:
        if (result == THIMBLE_OK)
            mark_lines(d, true, false);
        else
            d->fill_failed = true;      /* it was perhaps not what was asked for */
        break;
    case FLIGHT_READ:
        if (result == THIMBLE_OK)
            d->done_blocks += d->flight_blocks;
        else
            d->flight_result = result;
        break;
    case FLIGHT_LATE:
        if (result == THIMBLE_OK) {
            mark_lines(d, false, true);
        } else {
            d->late_errors++;
            d->write_failed = true;
            d->flush_result = result;
        }
        d->cursor_lba = d->flight_lba + d->flight_blocks;
        break;
    case FLIGHT_WRITE:
        if (result == THIMBLE_OK) {
            written_below(d, d->flight_lba, d->flight_blocks, rest_of(d, io));
            d->done_blocks += d->flight_blocks;
        } else {
            unknown_below(d, d->flight_lba, d->flight_blocks);
            d->flight_result = result;
        }
        break;
    case FLIGHT_FORGET:
        if (result == THIMBLE_OK)
            written_below(d, d->flight_lba, d->flight_blocks, NULL);
        else
            unknown_below(d, d->flight_lba, d->flight_blocks);
        d->done_blocks = d->flight_blocks;
        d->flight_result = result;
        break;
    case FLIGHT_FLUSH:
        d->done_blocks = 1;
        d->flight_result = result;
        break;
    }
}

/* --------------------------------------------------------------------------------------
 * Requests.  A step does what can be done at once, and then begins one call below; or sets *ended
 * and answers the request's result.
 */

/* Blocks from lba on that are in no line. */
static uint32_t missing(const struct thimble_cache_disk *d, uint64_t lba, uint32_t n_blocks)
{
    uint32_t n = 0;

    while (n < n_blocks) {
        uint32_t at = in_line(d, lba + n), i = find(d, lba + n);
        uint32_t max = th_min32(n_blocks - n, d->config.line_blocks - at);
        if (i < d->config.n_lines) {
            if (d->config.lines[i].valid >> at & 1)
                break;
            max = alike(d->config.lines[i].valid, at, max);
        }
        n += max;
        if (in_line(d, lba + n) != 0)
            break;
    }
    return n;
}

/* Reads what is missing from lba on into its line; for a reader in sequence also the rest of the line and lines
 * after it, as long as their places are neighbours. */
static int fill(struct thimble_cache_disk *d, uint64_t lba, uint32_t wanted)
{
    uint32_t at = in_line(d, lba), i = find(d, lba);
    uint32_t n = th_min32(wanted, d->config.line_blocks - at);
    bool ahead = d->sequential && d->config.ahead_lines > 0;

    if (i == d->config.n_lines)
        i = claim(d, lba);
    if (ahead) {
        n = alike(d->config.lines[i].valid, at, d->config.line_blocks - at);
        uint64_t next = lba + n;
        for (uint32_t k = 1; k <= d->config.ahead_lines && in_line(d, next) == 0; k++) {
            if (next >= d->block.size_blocks || i + k >= d->config.n_lines ||
                find(d, next) < d->config.n_lines)
                break;
            struct thimble_cache_line *l = &d->config.lines[i + k];
            if (l->dirty || l->used)
                break;
            clear(l, next);
            d->hand = i + k + 1 < d->config.n_lines ? i + k + 1 : 0;
            n += d->config.line_blocks;
            next += d->config.line_blocks;
        }
        if (n > d->block.size_blocks - lba)
            n = (uint32_t)(d->block.size_blocks - lba);
    }
    d->flight_line = i;
    return fly(d, FLIGHT_FILL, lba, n, block_of(d, i, at));
}

static int step_read(struct thimble_cache_disk *d, struct thimble_io *io, bool *ended)
{
    while (d->flight_result == THIMBLE_OK && d->done_blocks < io->n_blocks) {
        uint64_t lba = io->lba + d->done_blocks;
        uint32_t left = io->n_blocks - d->done_blocks;
        uint32_t n = missing(d, lba, left);
        if (n > 0) {
            d->read_misses++;
            /* A fill that failed: once more, but only what was asked for. */
            if (n >= d->config.straight_blocks || d->fill_failed)
                return fly(d, FLIGHT_READ, lba, n, rest_of(d, io));
            return fill(d, lba, n);
        }

        uint32_t at = in_line(d, lba), i = find(d, lba);
        struct thimble_cache_line *l = &d->config.lines[i];
        n = alike(l->valid, at, th_min32(left, d->config.line_blocks - at));
        memcpy(rest_of(d, io), block_of(d, i, at), (size_t)n << d->block.block_shift);
        l->used = l->used || !d->sequential;
        d->done_blocks += n;
        d->read_hits++;
    }
    *ended = true;
    return d->flight_result;
}

static int step_write(struct thimble_cache_disk *d, struct thimble_io *io, bool *ended)
{
    while (d->flight_result == THIMBLE_OK && d->done_blocks < io->n_blocks) {
        uint64_t lba = io->lba + d->done_blocks;
        uint32_t left = io->n_blocks - d->done_blocks;
        if (d->config.dirty_lines == 0 || left >= d->config.straight_blocks ||
            d->write_failed)
            return fly(d, FLIGHT_WRITE, lba, left, rest_of(d, io));

        uint32_t at = in_line(d, lba), i = find(d, lba), line = 0;
        bool dirty = i < d->config.n_lines && d->config.lines[i].dirty;
        if (!dirty && d->n_dirty >= d->config.dirty_lines) {
            uint64_t first = next_dirty(d, d->cursor_lba, &line);
            if (first == NO_LBA)
                first = next_dirty(d, 0, &line);
            return write_late(d, first, line);
        }
        if (i == d->config.n_lines)
            i = claim(d, lba);
        uint32_t n = th_min32(left, d->config.line_blocks - at);
        memcpy(block_of(d, i, at), rest_of(d, io), (size_t)n << d->block.block_shift);
        d->config.lines[i].valid |= bits(at, n);
        set_dirty(d, i, d->config.lines[i].dirty | bits(at, n));
        d->done_blocks += n;
    }
    *ended = true;
    return d->flight_result;
}

/* All dirty blocks once, in rising order; then the disk below.  One that fails does not keep
 * the others from the medium. */
static int step_flush(struct thimble_cache_disk *d, bool *ended)
{
    uint32_t line = 0;

    if (d->done_blocks == 0 && d->flight_result == THIMBLE_OK) {
        uint64_t first = next_dirty(d, d->cursor_lba, &line);
        if (first != NO_LBA)
            return write_late(d, first, line);
        if (d->below->flush)
            return fly(d, FLIGHT_FLUSH, 0, 0, NULL);
    }
    *ended = true;
    int result = d->flush_result != THIMBLE_OK ? d->flush_result : d->flight_result;
    if (result == THIMBLE_OK && d->lost)
        result = THIMBLE_ERR_IO;
    d->lost = false;                    /* told */
    return result;
}

/* The oldest late write that the cursor meets. */
static int step_write_late(struct thimble_cache_disk *d, bool *ended)
{
    uint32_t line = 0;

    if (d->done_blocks++ == 0 && d->n_dirty > 0) {
        uint64_t first = next_dirty(d, d->cursor_lba, &line);
        if (first == NO_LBA)
            first = next_dirty(d, 0, &line);
        return write_late(d, first, line);
    }
    *ended = true;
    return THIMBLE_OK;
}

static int step(struct thimble_cache_disk *d, struct thimble_io *io, bool *ended)
{
    if (d->gone) {                      /* found out on the way */
        drop_all(d);
        d->gone = false;
        if (io->op == OP_FLUSH)
            d->lost = false;            /* told with this answer */
        d->stale = d->first;            /* these were meant for the medium that is gone, too */
        d->first = NULL;
        *ended = true;
        return THIMBLE_ERR_NO_MEDIUM;
    }
    switch ((enum op)io->op) {
    case OP_READ:       return step_read(d, io, ended);
    case OP_WRITE:      return step_write(d, io, ended);
    case OP_FLUSH:      return step_flush(d, ended);
    case OP_WRITE_LATE: return step_write_late(d, ended);
    case OP_UNMAP:
    case OP_WRITE_ZEROES:
        if (d->done_blocks == 0)
            return fly(d, FLIGHT_FORGET, io->lba, io->n_blocks, NULL);
        break;
    }
    *ended = true;
    return d->flight_result;
}

/* Whether a reader goes on where it stopped; notes where this one will. */
static bool in_sequence(struct thimble_cache_disk *d, uint64_t lba, uint32_t n_blocks)
{
    for (int i = 0; i < STREAMS; i++)
        if (d->next_lba[i] == lba) {
            d->next_lba[i] = lba + n_blocks;
            return true;
        }
    d->next_lba[d->next_stream] = lba + n_blocks;
    d->next_stream = (uint8_t)((d->next_stream + 1) % STREAMS);
    return false;
}

static void begin(struct thimble_cache_disk *d, struct thimble_io *io)
{
    d->current = io;
    d->done_blocks = 0;
    d->flight_result = THIMBLE_OK;
    d->flush_result = THIMBLE_OK;
    d->fill_failed = false;
    d->write_failed = false;
    d->sequential = io->op == OP_READ && in_sequence(d, io->lba, io->n_blocks);
    if (io->op == OP_FLUSH)
        d->cursor_lba = 0;
}

/* Goes on with the current request until it has ended or waits for a call below. */
static int run(struct thimble_cache_disk *d)
{
    for (;;) {
        bool ended = false;
        int result = step(d, d->current, &ended);
        if (ended)
            return result;
        if (result == THIMBLE_PENDING)
            return THIMBLE_PENDING;
        landed(d, result);
    }
}

/* Ends the current request, and does those that wait. */
static void go_on(struct thimble_cache_disk *d)
{
    d->running = true;                  /* who is answered may ask again: that waits */
    int result = run(d);
    while (result != THIMBLE_PENDING) {
        struct thimble_io *io = d->current;
        d->current = NULL;
        thimble_io_done(io, result);
        while (d->stale) {
            io = d->stale;
            d->stale = io->next;
            thimble_io_done(io, THIMBLE_ERR_NO_MEDIUM);
        }
        if (!d->first)
            break;
        io = d->first;
        d->first = io->next;
        begin(d, io);
        result = run(d);
    }
    d->running = false;
}

static void call_done(struct thimble_io *io, int result)
{
    struct thimble_cache_disk *d =
        (struct thimble_cache_disk *)((uint8_t *)io - offsetof(struct thimble_cache_disk, io));
    landed(d, result);
    go_on(d);
}

static int request(struct thimble_block *b, enum op op, uint64_t lba, uint32_t n_blocks,
                   void *buf, struct thimble_io *io)
{
    struct thimble_cache_disk *d = disk_of(b);

    io->op = (uint8_t)op;
    io->lba = lba;
    io->n_blocks = n_blocks;
    io->buf = buf;
    io->next = NULL;
    if (d->current || d->running) {
        if (d->first)
            d->last->next = io;
        else
            d->first = io;
        d->last = io;
        return THIMBLE_PENDING;
    }
    begin(d, io);
    int result = run(d);
    if (result != THIMBLE_PENDING)
        d->current = NULL;
    return result;
}

static int cache_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                      struct thimble_io *io)
{
    return request(b, OP_READ, lba, n_blocks, buf, io);
}

static int cache_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       const void *buf, struct thimble_io *io)
{
    return request(b, OP_WRITE, lba, n_blocks, (void *)(uintptr_t)buf, io);
}

static int cache_flush(struct thimble_block *b, struct thimble_io *io)
{
    return request(b, OP_FLUSH, 0, 0, NULL, io);
}

static int cache_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       struct thimble_io *io)
{
    return request(b, OP_UNMAP, lba, n_blocks, NULL, io);
}

static int cache_write_zeroes(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                              struct thimble_io *io)
{
    return request(b, OP_WRITE_ZEROES, lba, n_blocks, NULL, io);
}

/* What is dirty is in use, whatever the disk below says. */
static uint32_t cache_extent(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                             bool *mapped)
{
    struct thimble_cache_disk *d = disk_of(b);
    uint32_t line = 0;
    uint64_t first = next_dirty(d, lba, &line);

    if (first == lba) {
        uint32_t at = in_line(d, lba);
        *mapped = true;
        return alike(d->config.lines[line].dirty, at,
                     th_min32(n_blocks, d->config.line_blocks - at));
    }
    if (first - lba < n_blocks)
        n_blocks = (uint32_t)(first - lba);
    return d->below->extent(d->below, lba, n_blocks, mapped);
}

/* While a call is below, its lines stay; the machine drops them when it has ended. */
static void medium_gone(struct thimble_cache_disk *d)
{
    if (d->current)
        d->gone = true;
    else
        drop_all(d);
}

static int cache_ready(struct thimble_block *b)
{
    struct thimble_cache_disk *d = disk_of(b);
    int result = d->below->ready(d->below);
    if (result == THIMBLE_ERR_NO_MEDIUM)
        medium_gone(d);
    return result;
}

static void take_shape(struct thimble_cache_disk *d)
{
    struct thimble_block *lower = d->below;

    d->block = *lower;
    d->block.read = cache_read;
    d->block.write = lower->write ? cache_write : NULL;
    d->block.flush = lower->flush || (lower->write && d->config.dirty_lines > 0) ? cache_flush
                                                                                  : NULL;
    d->block.unmap = lower->unmap ? cache_unmap : NULL;
    d->block.write_zeroes = lower->write_zeroes ? cache_write_zeroes : NULL;
    d->block.extent = lower->extent ? cache_extent : NULL;
    d->block.map = NULL;
    d->block.copy = NULL;
    d->block.atomic_blocks = 0;         /* a late write may go down in parts */
    d->block.ready = lower->ready ? cache_ready : NULL;
}

static void late_done(struct thimble_io *io, int result)
{
    (void)io;
    (void)result;
}

bool thimble_cache_disk_write_late(struct thimble_cache_disk *d)
{
    if (!d->current && !d->running && d->n_dirty > 0) {
        d->late.done = late_done;
        (void)request(&d->block, OP_WRITE_LATE, 0, 0, NULL, &d->late);
    }
    return d->n_dirty > 0;
}

void thimble_cache_disk_follow(struct thimble_cache_disk *d)
{
    medium_gone(d);
    take_shape(d);
}

int thimble_cache_disk_init(struct thimble_cache_disk *d, struct thimble_block *below,
                            const struct thimble_cache_config *config)
{
    struct thimble_cache_config c = *config;

    if (c.line_blocks == 0)
        c.line_blocks = DEFAULT_LINE_BLOCKS;
    if (c.straight_blocks == 0)
        c.straight_blocks = 4 * c.line_blocks;
    if (!below || !c.data || !c.lines || c.n_lines < 2 || c.n_lines > LINES_MAX ||
        c.line_blocks > LINE_BLOCKS_MAX || (c.line_blocks & (c.line_blocks - 1)) != 0 ||
        c.ahead_lines > c.n_lines - 2 || c.dirty_lines > c.n_lines - 1)
        return THIMBLE_ERR_ARGUMENT;

    *d = (struct thimble_cache_disk){
        .below = below, .config = c, .io = { .done = call_done },
    };
    for (uint32_t i = 0; i < c.n_lines; i++)
        clear(&c.lines[i], NO_LBA);
    drop_all(d);
    take_shape(d);
    return THIMBLE_OK;
}
