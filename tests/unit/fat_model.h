/* SPDX-License-Identifier: MIT
 *
 * fat_model.h: writes FAT16, FAT32 and exFAT volumes into memory, good ones and bad ones.
 *
 * Written from the specifications and not from src/block/fat.c, which it tests.  The caller
 * says in which clusters things lie, so that every fragmentation can be had.
 */
#ifndef FAT_MODEL_H
#define FAT_MODEL_H

#include "../../src/block/fat.h"

#define FAT_MODEL_END UINT32_C(0xffffffff)

enum { FAT_MODEL_FOLDER_CLUSTERS = 16 };

struct fat_model_folder {
    uint32_t clusters[FAT_MODEL_FOLDER_CLUSTERS];
    uint32_t n_clusters;                /* 0: FAT16's root */
    uint32_t n_entries;
};

struct fat_model {
    enum thimble_fat_kind kind;
    uint8_t *mem;
    uint64_t base_lba, fat_lba, root_lba, heap_lba, end_lba;
    uint32_t fat_blocks, cluster_shift, n_clusters;
    struct fat_model_folder root;       /* cluster 2, but for FAT16 */
};

struct fat_model_entry {
    uint64_t size_bytes, valid_bytes;   /* valid_bytes: exFAT only */
    uint32_t first_cluster;
    bool     no_chain;                  /* exFAT only */
    bool     read_only, directory, deleted;
};

/* With base_lba > 0, block 0 becomes an MBR and the volume its first partition. */
void fat_model_format(struct fat_model *m, enum thimble_fat_kind kind, uint8_t *mem,
                      uint64_t mem_blocks, uint64_t base_lba, uint32_t cluster_shift,
                      uint32_t n_clusters);

/* What the FATs say at `cluster`. */
void fat_model_link(struct fat_model *m, uint32_t cluster, uint32_t next);
void fat_model_chain(struct fat_model *m, const uint32_t *clusters, uint32_t n);

uint64_t fat_model_lba(const struct fat_model *m, uint32_t cluster);

/* The next entry of a folder, to be written. */
uint8_t *fat_model_place(struct fat_model *m, struct fat_model_folder *folder);

/* An entry with its name.  Returns where it begins (the long name, or the exFAT file entry). */
uint8_t *fat_model_add(struct fat_model *m, struct fat_model_folder *folder, const char *name,
                       const struct fat_model_entry *e);

/* A folder in these clusters, in `parent`. */
struct fat_model_folder fat_model_folder(struct fat_model *m, struct fat_model_folder *parent,
                                         const char *name, const uint32_t *clusters,
                                         uint32_t n);

/* Byte `at` of a file, and these clusters filled with it. */
uint8_t fat_model_byte(uint32_t seed, uint64_t at);
void fat_model_fill(struct fat_model *m, const uint32_t *clusters, uint32_t n, uint32_t seed);

/* The checksum of an exFAT entry set, put into it. */
void fat_model_seal(uint8_t *set);

#endif
