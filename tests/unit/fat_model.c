/* SPDX-License-Identifier: MIT
 *
 * fat_model.c: see fat_model.h.
 */
#include "fat_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, ENTRY = 32 };

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v & 0xffff);
    put16(p + 2, v >> 16);
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

static void need(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "fat_model: %s\n", what);
        abort();
    }
}

/* --------------------------------------------------------------------------------------
 * Volumes
 */

static void format_fat(struct fat_model *m)
{
    bool is_32 = m->kind == THIMBLE_FAT_32;
    uint32_t reserved = is_32 ? 8 : 4, root_blocks = is_32 ? 0 : 4;
    uint8_t *p = m->mem + m->base_lba * BLOCK;

    m->fat_blocks = ((m->n_clusters + 2) * (is_32 ? 4 : 2) + BLOCK - 1) / BLOCK;
    m->fat_lba = m->base_lba + reserved;
    m->root_lba = m->fat_lba + 2 * m->fat_blocks;
    m->heap_lba = m->root_lba + root_blocks;
    m->end_lba = m->heap_lba + ((uint64_t)m->n_clusters << m->cluster_shift);

    memcpy(p, "\xeb\x58\x90" "MODEL   ", 11);
    put16(p + 11, BLOCK);
    p[13] = (uint8_t)(1 << m->cluster_shift);
    put16(p + 14, reserved);
    p[16] = 2;
    put16(p + 17, root_blocks * (BLOCK / ENTRY));
    p[21] = 0xf8;
    put32(p + 32, (uint32_t)(m->end_lba - m->base_lba));
    if (is_32) {
        put32(p + 36, m->fat_blocks);
        put32(p + 44, 2);
    } else {
        put16(p + 22, m->fat_blocks);
    }
    put16(p + 510, 0xaa55);
    fat_model_link(m, 0, UINT32_C(0xfffffff8));
    fat_model_link(m, 1, FAT_MODEL_END);
}

static void format_exfat(struct fat_model *m)
{
    uint8_t *p = m->mem + m->base_lba * BLOCK;

    m->fat_blocks = ((m->n_clusters + 2) * 4 + BLOCK - 1) / BLOCK;
    m->fat_lba = m->base_lba + 24;
    m->heap_lba = m->fat_lba + m->fat_blocks + 3;
    m->end_lba = m->heap_lba + ((uint64_t)m->n_clusters << m->cluster_shift);

    memcpy(p, "\xeb\x76\x90" "EXFAT   ", 11);
    put64(p + 64, m->base_lba);
    put64(p + 72, m->end_lba - m->base_lba);
    put32(p + 80, (uint32_t)(m->fat_lba - m->base_lba));
    put32(p + 84, m->fat_blocks);
    put32(p + 88, (uint32_t)(m->heap_lba - m->base_lba));
    put32(p + 92, m->n_clusters);
    put32(p + 96, 2);
    p[105] = 1;
    p[108] = 9;
    p[109] = (uint8_t)m->cluster_shift;
    p[110] = 1;
    put16(p + 510, 0xaa55);
}

void fat_model_format(struct fat_model *m, enum thimble_fat_kind kind, uint8_t *mem,
                      uint64_t mem_blocks, uint64_t base_lba, uint32_t cluster_shift,
                      uint32_t n_clusters)
{
    *m = (struct fat_model){ .kind = kind, .mem = mem, .base_lba = base_lba,
                             .cluster_shift = cluster_shift, .n_clusters = n_clusters };
    memset(mem, 0, (size_t)mem_blocks * BLOCK);
    if (kind == THIMBLE_FAT_EX)
        format_exfat(m);
    else
        format_fat(m);
    need(m->end_lba <= mem_blocks, "no room for the volume");

    if (base_lba > 0) {
        mem[446 + 4] = 0x0c;
        put32(mem + 446 + 8, (uint32_t)base_lba);
        put32(mem + 446 + 12, (uint32_t)(m->end_lba - base_lba));
        put16(mem + 510, 0xaa55);
    }
    if (kind != THIMBLE_FAT_16) {
        m->root = (struct fat_model_folder){ .clusters = { 2 }, .n_clusters = 1 };
        fat_model_link(m, 2, FAT_MODEL_END);
    }
    /* What such a volume has besides files: its label; on exFAT also bitmap and letters. */
    uint8_t *e = fat_model_place(m, &m->root);
    if (kind == THIMBLE_FAT_EX) {
        e[0] = 0x83;
        fat_model_place(m, &m->root)[0] = 0x81;
        fat_model_place(m, &m->root)[0] = 0x82;
    } else {
        memcpy(e, "LABEL   IMG\x08", 12);
    }
}

void fat_model_link(struct fat_model *m, uint32_t cluster, uint32_t next)
{
    for (uint32_t copy = 0; copy < (m->kind == THIMBLE_FAT_EX ? 1 : 2); copy++) {
        uint8_t *fat = m->mem + (m->fat_lba + (uint64_t)copy * m->fat_blocks) * BLOCK;
        if (m->kind == THIMBLE_FAT_16)
            put16(fat + (size_t)cluster * 2, next & 0xffff);
        else if (m->kind == THIMBLE_FAT_32)     /* the upper four bits mean nothing */
            put32(fat + (size_t)cluster * 4,
                  (next & UINT32_C(0x0fffffff)) | UINT32_C(0xa0000000));
        else
            put32(fat + (size_t)cluster * 4, next);
    }
}

void fat_model_chain(struct fat_model *m, const uint32_t *clusters, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        fat_model_link(m, clusters[i], i + 1 < n ? clusters[i + 1] : FAT_MODEL_END);
}

uint64_t fat_model_lba(const struct fat_model *m, uint32_t cluster)
{
    need(cluster >= 2 && cluster - 2 < m->n_clusters, "no such cluster");
    return m->heap_lba + ((uint64_t)(cluster - 2) << m->cluster_shift);
}

/* --------------------------------------------------------------------------------------
 * Entries
 */

uint8_t *fat_model_place(struct fat_model *m, struct fat_model_folder *folder)
{
    size_t at = (size_t)folder->n_entries++ * ENTRY;

    if (folder->n_clusters == 0) {
        need(m->root_lba * BLOCK + at < m->heap_lba * BLOCK, "the root is full");
        return m->mem + m->root_lba * BLOCK + at;
    }
    size_t cluster_bytes = (size_t)BLOCK << m->cluster_shift;
    need(at / cluster_bytes < folder->n_clusters, "the folder is full");
    return m->mem + fat_model_lba(m, folder->clusters[at / cluster_bytes]) * BLOCK +
           at % cluster_bytes;
}

static uint8_t upper(char c)
{
    return (uint8_t)(c >= 'a' && c <= 'z' ? c - 32 : c);
}

/* True: the name is of the old kind, and is now in `to`.  Else an alias is. */
static bool short_name(uint8_t to[11], const char *name, uint32_t number)
{
    const char *dot = strrchr(name, '.');
    size_t base = dot ? (size_t)(dot - name) : strlen(name);
    size_t extension = dot ? strlen(dot + 1) : 0;
    bool old = base <= 8 && extension <= 3;

    memset(to, ' ', 11);
    for (size_t i = 0; name[i]; i++)
        old = old && upper(name[i]) == (uint8_t)name[i] && name[i] != ' ';
    for (size_t i = 0; i < base && i < (old ? 8 : 6); i++)
        to[i] = upper(name[i]);
    for (size_t i = 0; i < extension && i < 3; i++)
        to[8 + i] = upper(dot[1 + i]);
    if (!old) {
        to[6] = '~';
        to[7] = (uint8_t)('0' + number % 10);
    }
    return old;
}

static uint8_t *add_fat(struct fat_model *m, struct fat_model_folder *folder, const char *name,
                        const struct fat_model_entry *e)
{
    static const uint8_t places[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
    uint8_t alias[11], sum = 0, *first = NULL;
    size_t len = strlen(name), parts = (len + 12) / 13;

    if (short_name(alias, name, folder->n_entries))
        parts = 0;
    for (int i = 0; i < 11; i++)
        sum = (uint8_t)((uint8_t)(sum << 7 | sum >> 1) + alias[i]);
    for (size_t part = parts; part > 0; part--) {
        uint8_t *p = fat_model_place(m, folder);
        first = first ? first : p;
        p[0] = (uint8_t)(part | (part == parts ? 0x40 : 0));
        if (e->deleted)
            p[0] = 0xe5;
        p[11] = 0x0f;
        p[13] = sum;
        for (size_t i = 0; i < 13; i++) {
            size_t at = (part - 1) * 13 + i;
            put16(p + places[i], at < len ? (uint8_t)name[at] : at == len ? 0 : 0xffff);
        }
    }
    uint8_t *p = fat_model_place(m, folder);
    memcpy(p, alias, 11);
    if (e->deleted)
        p[0] = 0xe5;
    p[11] = (uint8_t)((e->read_only ? 0x01 : 0) | (e->directory ? 0x10 : 0x20));
    if (m->kind == THIMBLE_FAT_32)
        put16(p + 20, e->first_cluster >> 16);
    put16(p + 26, e->first_cluster & 0xffff);
    put32(p + 28, e->directory ? 0 : (uint32_t)e->size_bytes);
    return first ? first : p;
}

void fat_model_seal(uint8_t *set)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < (1u + set[1]) * ENTRY; i++)
        if (i != 2 && i != 3)
            sum = ((sum << 15 | sum >> 1) + set[i]) & 0xffff;
    put16(set + 2, sum);
}

/* Made in a piece, then put into its places, which may lie in several clusters. */
static uint8_t *add_exfat(struct fat_model *m, struct fat_model_folder *folder,
                          const char *name, const struct fat_model_entry *e)
{
    uint8_t set[ENTRY * 20] = { 0 };
    size_t len = strlen(name), parts = (len + 14) / 15;
    uint8_t *first = NULL;

    need(parts >= 1 && parts <= 17, "exFAT name");
    set[0] = 0x85;
    set[1] = (uint8_t)(1 + parts);
    put16(set + 4, (e->read_only ? 0x01u : 0) | (e->directory ? 0x10u : 0x20u));
    set[32] = 0xc0;
    set[33] = (uint8_t)(0x01 | (e->no_chain ? 0x02 : 0));
    set[35] = (uint8_t)len;
    put64(set + 32 + 8, e->valid_bytes);
    put32(set + 32 + 20, e->first_cluster);
    put64(set + 32 + 24, e->size_bytes);
    for (size_t part = 0; part < parts; part++) {
        uint8_t *p = set + 64 + part * ENTRY;
        p[0] = 0xc1;
        for (size_t i = 0; i < 15 && part * 15 + i < len; i++)
            put16(p + 2 + 2 * i, (uint8_t)name[part * 15 + i]);
    }
    fat_model_seal(set);
    for (size_t i = 0; i < 2 + parts; i++) {
        if (e->deleted)
            set[i * ENTRY] &= 0x7f;
        uint8_t *p = fat_model_place(m, folder);
        memcpy(p, set + i * ENTRY, ENTRY);
        first = first ? first : p;
    }
    return first;
}

uint8_t *fat_model_add(struct fat_model *m, struct fat_model_folder *folder, const char *name,
                       const struct fat_model_entry *e)
{
    return (m->kind == THIMBLE_FAT_EX ? add_exfat : add_fat)(m, folder, name, e);
}

struct fat_model_folder fat_model_folder(struct fat_model *m, struct fat_model_folder *parent,
                                         const char *name, const uint32_t *clusters, uint32_t n)
{
    struct fat_model_folder folder = { .n_clusters = n };
    uint64_t bytes = (uint64_t)n * BLOCK << m->cluster_shift;

    need(n <= FAT_MODEL_FOLDER_CLUSTERS, "too large a folder");
    memcpy(folder.clusters, clusters, n * sizeof *clusters);
    fat_model_chain(m, clusters, n);
    fat_model_add(m, parent, name, &(struct fat_model_entry){
        .directory = true, .first_cluster = clusters[0], .size_bytes = bytes,
        .valid_bytes = bytes });
    if (m->kind != THIMBLE_FAT_EX) {
        memcpy(fat_model_place(m, &folder), ".          \x10", 12);
        memcpy(fat_model_place(m, &folder), "..         \x10", 12);
    }
    return folder;
}

/* --------------------------------------------------------------------------------------
 * Files
 */

uint8_t fat_model_byte(uint32_t seed, uint64_t at)
{
    uint32_t x = (uint32_t)(at / BLOCK + 1) * UINT32_C(2654435761) + seed * UINT32_C(40503);
    return (uint8_t)((x >> (at % 4 * 8)) ^ at);
}

void fat_model_fill(struct fat_model *m, const uint32_t *clusters, uint32_t n, uint32_t seed)
{
    uint64_t cluster_bytes = (uint64_t)BLOCK << m->cluster_shift;

    for (uint32_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < cluster_bytes; k++)
            m->mem[fat_model_lba(m, clusters[i]) * BLOCK + k] =
                fat_model_byte(seed, i * cluster_bytes + k);
}
