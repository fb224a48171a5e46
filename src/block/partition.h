/* SPDX-License-Identifier: MIT
 *
 * partition.h: where partition N of a disk lies, by its MBR or GPT (UEFI 5.2, 5.3).
 *
 * Layer 0.  What is on the disk is hostile: each field is checked before it is used,
 * tables that contradict themselves are refused, and the work is bounded whatever they
 * say.
 *
 *     struct thimble_partition p;
 *     if (thimble_partition_find(&p, &disk, 2, block, sizeof block) == THIMBLE_OK)
 *         thimble_offset_disk_init(&part, &disk, p.first_lba, p.size_blocks);
 */
#ifndef THIMBLE_BLOCK_PARTITION_H
#define THIMBLE_BLOCK_PARTITION_H

#include "../thimble.h"

#ifdef __cplusplus
extern "C" {
#endif

enum thimble_partition_table {
    THIMBLE_PARTITION_NO_TABLE,         /* neither, or one that is damaged */
    THIMBLE_PARTITION_MBR,
    THIMBLE_PARTITION_GPT,
};

struct thimble_partition {
    uint64_t first_lba;                 /* blocks of the disk */
    uint64_t size_blocks;               /* at least 1; all of them exist */
    uint8_t  type[16];                  /* GPT: the type GUID as it stands; MBR: byte 0 */
    enum thimble_partition_table table; /* what there is, even without the partition */
};

/* Finds partition `number`, counted as Linux does: MBR 1 to 4 primary, 5 and up logical;
 * GPT from 1.  The disk must answer at once (no THIMBLE_PENDING).  `block` is work space
 * of at least one block of the disk.
 *
 * THIMBLE_OK; THIMBLE_ERR_ARGUMENT: there is no such partition (p->table tells whether
 * there is a table), or block_bytes is too small; or what reading the disk answered. */
int thimble_partition_find(struct thimble_partition *p, struct thimble_block *disk,
                           unsigned number, void *block, size_t block_bytes);

#ifdef __cplusplus
}
#endif

#endif
