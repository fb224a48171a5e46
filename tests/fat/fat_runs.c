/* SPDX-License-Identifier: MIT
 *
 * fat_runs.c: for tests/fat/run: finds a file in a card's image and copies it out by its runs
 * of blocks.
 *
 *   fat_runs IMAGE PATH [WRITE]    the content to stdout, the runs to stderr, one "first n" a
 * line; with WRITE, stdin is written over the file, block by block
 *
 * Exit code 3: not found, or not to be served; the reason is on stderr.
 */
#include <stdio.h>
#include <stdlib.h>

#include "block/fat.h"

static FILE *image;

static int image_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                      struct thimble_io *io)
{
    (void)io;
    if (fseek(image, (long)(lba << b->block_shift), SEEK_SET) != 0 ||
        fread(buf, (size_t)1 << b->block_shift, n_blocks, image) != n_blocks)
        return THIMBLE_ERR_IO;
    return THIMBLE_OK;
}

static int image_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                       const void *buf, struct thimble_io *io)
{
    (void)io;
    if (fseek(image, (long)(lba << b->block_shift), SEEK_SET) != 0 ||
        fwrite(buf, (size_t)1 << b->block_shift, n_blocks, image) != n_blocks)
        return THIMBLE_ERR_IO;
    return THIMBLE_OK;
}

int main(int argc, char **argv)
{
    static struct thimble_extent runs[64];
    static uint8_t work[512], buf[512];
    struct thimble_block card = { .block_shift = 9, .read = image_read, .write = image_write };
    struct thimble_extents_disk disk;
    struct thimble_fat fs;
    struct thimble_fat_file file;
    struct thimble_io io;
    uint32_t n = 0;

    if (argc < 3 || !(image = fopen(argv[1], "r+b")) || fseek(image, 0, SEEK_END) != 0)
        return 2;
    card.size_blocks = (uint64_t)ftell(image) / 512;

    enum thimble_fat_result result = thimble_fat_mount(&fs, &card, work, sizeof work);
    if (!result)
        result = thimble_fat_open(&fs, &file, argv[2]);
    if (!result)
        result = thimble_fat_extents(&file, runs, sizeof runs / sizeof *runs, &n);
    if (result) {
        fprintf(stderr, "%s\n", thimble_fat_text(result));
        return 3;
    }
    for (uint32_t i = 0; i < n; i++)
        fprintf(stderr, "%llu %llu\n", (unsigned long long)runs[i].first_lba,
                (unsigned long long)runs[i].n_blocks);

    if (thimble_extents_disk_init(&disk, &card, runs, n) != THIMBLE_OK)
        return 1;
    for (uint64_t lba = 0; lba < disk.block.size_blocks; lba++) {
        if (argc > 3) {
            if (fread(buf, sizeof buf, 1, stdin) != 1 ||
                disk.block.write(&disk.block, lba, 1, buf, &io) != THIMBLE_OK)
                return 1;
        } else if (disk.block.read(&disk.block, lba, 1, buf, &io) != THIMBLE_OK ||
                   fwrite(buf, sizeof buf, 1, stdout) != 1) {
            return 1;
        }
    }
    return fclose(image) == 0 ? 0 : 1;
}
