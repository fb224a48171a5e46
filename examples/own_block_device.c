/* SPDX-License-Identifier: MIT
 *
 * own_block_device.c: disks that answer at once.
 *
 *     own_block_device [PORT]      serves two of them: LUN 0 is computed, LUN 1 striped
 *     own_block_device --check     tries the striped one without a network
 *
 * The computed disk has the least that a disk can have: two facts and a function.  The
 * striped one spreads its blocks over two disks below it, and shows what a disk made of
 * disks has to take care of.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve.h"
#include "thimble.h"

/* ---------------------------------------------------------------------------------------
 * 1 GiB of text that takes no memory
 */

/* [guide: smallest disk] */
enum { BLOCK_BYTES = 512, LINE_BYTES = 32 };

static int text_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                     struct thimble_io *io)
{
    char *to = buf;
    char line[LINE_BYTES + 1];

    (void)b;
    (void)io;                           /* answered at once: nothing to remember */
    for (; n_blocks > 0; n_blocks--, lba++) {
        snprintf(line, sizeof line, "this is block %17" PRIu64 "\n", lba);
        for (int i = 0; i < BLOCK_BYTES / LINE_BYTES; i++, to += LINE_BYTES)
            memcpy(to, line, LINE_BYTES);
    }
    return THIMBLE_OK;
}

static struct thimble_block text_disk = {
    .size_blocks = 1 << 21,
    .block_shift = 9,
    .read = text_read,                  /* no `write`: the disk is write-protected */
};
/* [end] */

/* ---------------------------------------------------------------------------------------
 * Stripes: the first eight blocks are on one disk, the next eight on the other, and so on
 */
enum { STRIPE_BLOCKS = 8 };

struct stripe_disk {
    struct thimble_block block;         /* first: a pointer to it points to the whole */
    struct thimble_block *below[2];     /* must answer at once */
};

/* The first part of a request that lies on one disk. */
struct part {
    struct thimble_block *disk;
    uint64_t lba;
    uint32_t n_blocks;
};

static struct part first_part(const struct thimble_block *b, uint64_t lba,
                              uint32_t n_blocks)
{
    const struct stripe_disk *d = (const struct stripe_disk *)b;
    uint64_t stripe = lba / STRIPE_BLOCKS;
    uint32_t skip = (uint32_t)(lba % STRIPE_BLOCKS);
    uint32_t left = STRIPE_BLOCKS - skip;

    return (struct part){
        .disk = d->below[stripe % 2],
        .lba = stripe / 2 * STRIPE_BLOCKS + skip,
        .n_blocks = n_blocks < left ? n_blocks : left,
    };
}

static int stripe_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       void *buf, struct thimble_io *io)
{
    uint8_t *to = buf;

    while (n_blocks > 0) {
        struct part p = first_part(b, lba, n_blocks);
        int result = p.disk->read(p.disk, p.lba, p.n_blocks, to, io);
        if (result != THIMBLE_OK)
            return result;              /* what was read before does no harm */
        lba += p.n_blocks;
        n_blocks -= p.n_blocks;
        to += (size_t)p.n_blocks << b->block_shift;
    }
    return THIMBLE_OK;
}

static int stripe_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                        const void *buf, struct thimble_io *io)
{
    const uint8_t *from = buf;

    while (n_blocks > 0) {
        struct part p = first_part(b, lba, n_blocks);
        int result = p.disk->write(p.disk, p.lba, p.n_blocks, from, io);
        if (result != THIMBLE_OK)
            return result;
        lba += p.n_blocks;
        n_blocks -= p.n_blocks;
        from += (size_t)p.n_blocks << b->block_shift;
    }
    return THIMBLE_OK;
}

/* Both, even if the first one fails: what can be made durable shall be. */
static int stripe_flush(struct thimble_block *b, struct thimble_io *io)
{
    const struct stripe_disk *d = (const struct stripe_disk *)b;
    int worst = THIMBLE_OK;

    for (int i = 0; i < 2; i++) {
        struct thimble_block *disk = d->below[i];
        int result = disk->flush ? disk->flush(disk, io) : THIMBLE_OK;
        if (worst == THIMBLE_OK)
            worst = result;
    }
    return worst;
}

static int stripe_ready(struct thimble_block *b)
{
    const struct stripe_disk *d = (const struct stripe_disk *)b;

    for (int i = 0; i < 2; i++) {
        struct thimble_block *disk = d->below[i];
        int result = disk->ready ? disk->ready(disk) : THIMBLE_OK;
        if (result != THIMBLE_OK)
            return result;
    }
    return THIMBLE_OK;
}

/* [guide: stripe init] */
/* What the disks below cannot do, this one does not offer; the core tells initiators so. */
static int stripe_init(struct stripe_disk *d, struct thimble_block *one,
                       struct thimble_block *other)
{
    if (one->block_shift != other->block_shift)
        return THIMBLE_ERR_ARGUMENT;

    uint64_t least = one->size_blocks < other->size_blocks ? one->size_blocks
                                                           : other->size_blocks;
    *d = (struct stripe_disk){
        .block = {
            .size_blocks = least / STRIPE_BLOCKS * STRIPE_BLOCKS * 2,
            .block_shift = one->block_shift,
            .optimal_blocks = 2 * STRIPE_BLOCKS,
            .read = stripe_read,
            .write = one->write && other->write ? stripe_write : NULL,
            .flush = one->flush || other->flush ? stripe_flush : NULL,
            .ready = one->ready || other->ready ? stripe_ready : NULL,
        },
        .below = { one, other },
    };
    return d->block.size_blocks > 0 ? THIMBLE_OK : THIMBLE_ERR_ARGUMENT;
}
/* [end] */

/* ---------------------------------------------------------------------------------------
 * The two disks below, in memory
 */
enum { HALF_BLOCKS = 16384 };

static uint8_t half_memory[2][HALF_BLOCKS * BLOCK_BYTES];
static struct thimble_ram_disk half[2];
static struct stripe_disk striped;

static bool same(unsigned disk, uint64_t lba, uint64_t of_text)
{
    char expected[BLOCK_BYTES];

    text_read(&text_disk, of_text, 1, expected, NULL);
    return memcmp(&half_memory[disk][lba * BLOCK_BYTES], expected, BLOCK_BYTES) == 0;
}

/* Writes at every offset and in every length up to 40, and looks where it went. */
static int check(void)
{
    static char text[40 * BLOCK_BYTES], back[sizeof text];
    unsigned passed = 0, failed = 0;
    struct thimble_block *b = &striped.block;

    for (uint32_t n = 1; n <= 40; n++) {
        for (uint64_t lba = 0; lba < 32; lba++) {
            for (int i = 0; i < 2; i++)
                memset(half_memory[i], 0, 64 * BLOCK_BYTES);
            text_read(&text_disk, lba, n, text, NULL);
            bool good = b->write(b, lba, n, text, NULL) == THIMBLE_OK &&
                        b->read(b, lba, n, back, NULL) == THIMBLE_OK &&
                        memcmp(text, back, n * BLOCK_BYTES) == 0;
            for (uint64_t i = lba; i < lba + n && good; i++)
                good = same(i / 8 % 2, i / 16 * 8 + i % 8, i);
            good ? passed++ : failed++;
        }
    }
    struct thimble_fault_disk broken;
    thimble_fault_disk_init(&broken, &half[1].block);
    broken.fail_at = 0;
    stripe_init(&striped, &half[0].block, &broken.block);
    bool reported = b->read(b, 0, 8, back, NULL) == THIMBLE_OK &&
                    b->read(b, 0, 9, back, NULL) == THIMBLE_ERR_IO;
    reported ? passed++ : failed++;

    printf("%u passed, %u failed\n", passed, failed);
    return failed > 0;
}

int main(int argc, char **argv)
{
    struct thimble_block *const disks[] = { &text_disk, &striped.block };

    for (int i = 0; i < 2; i++)
        if (thimble_ram_disk_init(&half[i], half_memory[i], HALF_BLOCKS, 9) != THIMBLE_OK)
            return 1;
    if (stripe_init(&striped, &half[0].block, &half[1].block) != THIMBLE_OK)
        return 1;
    if (argc > 1 && strcmp(argv[1], "--check") == 0)
        return check();

    struct serve_disks what = { .disks = disks, .n_disks = 2, .fd = -1 };
    return serve(&what, (uint16_t)(argc > 1 ? strtol(argv[1], NULL, 10) : 3260));
}
