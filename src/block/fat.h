/* SPDX-License-Identifier: MIT
 *
 * fat.h: finds a file on a card's FAT16, FAT32 or exFAT volume, reads it, or tells in which
 * runs of blocks it lies, so that it can be served as a disk (thimble_extents_disk).
 *
 * Layer 0.  Never writes.  What is on the card is hostile: each number is checked before it is
 * used, and the work is bounded whatever the card says.  Needs one block of work space and
 * struct thimble_fat; both may be forgotten when the runs are known.
 *
 * Where an SDK brings a file system (FatFs, SdFat), that may be used.  This one is for boards
 * without: it takes one block of memory and some kilobytes of code, tells where a file lies,
 * which is all that serving it needs, and is the same on every board, so it is tested once.
 *
 *     struct thimble_fat fs;
 *     struct thimble_fat_file file;
 *     if (thimble_fat_mount(&fs, card, work, sizeof work) == THIMBLE_FAT_OK &&
 *         thimble_fat_open(&fs, &file, "disk.img") == THIMBLE_FAT_OK &&
 *         thimble_fat_extents(&file, runs, 8, &n_runs) == THIMBLE_FAT_OK)
 *         thimble_extents_disk_init(&disk, card, runs, n_runs);
 *
 * FAT: Microsoft's specification 1.03; exFAT: Microsoft's specification 1.00.
 */
#ifndef THIMBLE_BLOCK_FAT_H
#define THIMBLE_BLOCK_FAT_H

#include "../thimble.h"

#ifdef __cplusplus
extern "C" {
#endif

enum thimble_fat_result {
    THIMBLE_FAT_OK,
    THIMBLE_FAT_DISK,               /* reading failed: fs->disk_result */
    THIMBLE_FAT_NO_VOLUME,          /* neither the disk nor one of its partitions has one */
    THIMBLE_FAT_NO_FILE,
    THIMBLE_FAT_DAMAGED,            /* the volume contradicts itself, or is larger than its place */
    THIMBLE_FAT_FRAGMENTED,         /* the file has more runs than there is room for */
    THIMBLE_FAT_NOT_FILLED,         /* exFAT: parts of the file were never written */
    THIMBLE_FAT_TOO_SMALL,          /* not one whole block */
};

/* A sentence for the owner of the card, with what to do; never NULL.  Linked only if used. */
const char *thimble_fat_text(enum thimble_fat_result result);

enum thimble_fat_kind { THIMBLE_FAT_16, THIMBLE_FAT_32, THIMBLE_FAT_EX };

struct thimble_fat {
    struct thimble_block *disk;
    uint8_t *block;                 /* work space, and which block is in it */
    uint64_t block_lba;
    int      disk_result;

    enum thimble_fat_kind kind;
    uint8_t  cluster_shift;         /* log2 of blocks per cluster */
    uint32_t n_clusters;            /* their numbers begin with 2 */
    uint64_t fat_lba, heap_lba;     /* of the disk; cluster 2 is at heap_lba */
    uint64_t root_lba;              /* FAT16: the root directory is no file */
    uint32_t root_blocks, root_cluster;
};

struct thimble_fat_file {
    struct thimble_fat *fs;
    uint64_t size_bytes;
    uint64_t valid_bytes;           /* exFAT: the rest was never written */
    uint32_t first_cluster;
    bool     chained;               /* false: one run, whatever the FAT says */
    bool     read_only, directory;

    /* Where reading is. */
    uint64_t at_bytes;
    uint32_t cluster, cluster_index;
};

/* Finds the volume: that which begins in block 0, else the first one in partitions 1 to 4 (MBR
 * or GPT).  The disk must have blocks of 512 bytes and answer at once.  `block` is at least 512
 * bytes of work space. */
enum thimble_fat_result thimble_fat_mount(struct thimble_fat *fs, struct thimble_block *disk,
                                          void *block, size_t block_bytes);

/* path: ASCII, with / between folders, in any case, relative to the root directory. */
enum thimble_fat_result thimble_fat_open(struct thimble_fat *fs, struct thimble_fat_file *file,
                                         const char *path);

/* Reads on.  *got < size: that was the end. */
enum thimble_fat_result thimble_fat_read(struct thimble_fat_file *file, void *buf, size_t size,
                                         size_t *got);

/* Where the file lies: its whole blocks, in at most `max` runs.  Follows the whole chain, which
 * takes a read for each 128 (FAT16: 256) clusters. */
enum thimble_fat_result thimble_fat_extents(struct thimble_fat_file *file,
                                            struct thimble_extent *extents, uint32_t max,
                                            uint32_t *n);

#ifdef __cplusplus
}
#endif

#endif
