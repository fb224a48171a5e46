/* SPDX-License-Identifier: MIT
 *
 * card_views.c: see card_views.h.
 *
 *     view (all, a partition, a file)     for each logical unit
 *     cache                               one for all, if there is memory for it
 *     card
 *
 * Layer 6.  A part is looked for at the start and whenever the card is changed.  What is not found is a disk
 * without a medium: it keeps its place among the logical units, and nothing else is served in its stead.  A card whose
 * thimble.ini is another one than the board started with has no part of anything.
 */
#include "which.h"

#if TH_BOARD_ANY

#include <stdio.h>
#include <string.h>

#include "../../block/partition.h"
#include "../../block/serial.h"
#include "card_views.h"
#include "ini.h"
#include "show.h"

#define DEFAULT_FILE "thimble.img"

enum { CACHE_LINE_BLOCKS = 8, CACHE_LINES_MAX = 1024 };

struct view {
    union {                             /* all of them begin with the disk */
        struct thimble_block block;
        struct thimble_offset_disk offset;
        struct thimble_extents_disk extents;
    } as;
    enum view_kind { UNUSED, WHOLE, DEFAULT, PARTITION, FILE_VIEW } kind;
    unsigned partition;
    const char *path;
    bool is_file;                       /* DEFAULT: the file was found */
    const char *why;                    /* NULL: it is there */
    enum thimble_lights_error error;
    char serial[THIMBLE_PART_SERIAL_BYTES];
    struct thimble_extent runs[THIMBLE_BOARD_RUNS];
};

static struct view views[THIMBLE_BOARD_LUNS];
static uint8_t block[512] __attribute__((aligned(32)));

#if THIMBLE_BOARD_CACHE
static struct thimble_cache_disk cache;
static bool caching;
#endif

uint32_t th_sum(uint32_t sum, const void *bytes, size_t n)
{
    const uint8_t *at = (const uint8_t *)bytes;
    while (n-- > 0)
        sum = (sum ^ *at++) * UINT32_C(0x01000193);
    return sum;
}

/* --------------------------------------------------------------------------------------
 * The card
 */

bool th_card_ready(void)
{
    struct thimble_block *card = thimble_board_card();
    return card && (!card->ready || card->ready(card) == THIMBLE_OK);
}

/* For searching, which reads block after block: in a large card it may take longer than the watchdog. */
static int read_patiently(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                          struct thimble_io *io)
{
    struct thimble_block *card = thimble_board_card();
    (void)b;
    th_board_watchdog_feed();
    return card->read(card, lba, n_blocks, buf, io);
}

enum thimble_fat_result th_card_open(struct thimble_fat *fs, struct thimble_fat_file *file,
                                     const char *path)
{
    static struct thimble_block patient;
    patient = *thimble_board_card();
    patient.read = read_patiently;
    enum thimble_fat_result result = thimble_fat_mount(fs, &patient, block, sizeof block);
    return result == THIMBLE_FAT_OK ? thimble_fat_open(fs, file, path) : result;
}

/* What views are over: the card, or its cache. */
static struct thimble_block *below(void)
{
#if THIMBLE_BOARD_CACHE
    if (caching)
        return &cache.block;
#endif
    return thimble_board_card();
}

#if THIMBLE_BOARD_CACHE

void th_card_cache(uint32_t bytes)
{
    struct thimble_block *card = thimble_board_card();
    uint32_t line_blocks = CACHE_LINE_BLOCKS;
    if (!card || bytes == 0)
        return;

    while (line_blocks < 32 && bytes / (line_blocks * 512) > 256)
        line_blocks *= 2;
    uint32_t line_bytes = line_blocks << card->block_shift;
    uint32_t n_lines = bytes / (line_bytes + (uint32_t)sizeof(struct thimble_cache_line));
    if (n_lines > CACHE_LINES_MAX)
        n_lines = CACHE_LINES_MAX;
    void *data = n_lines < 4 ? NULL : th_board_memory(n_lines * line_bytes);
    void *lines = data ? th_board_memory(n_lines * sizeof(struct thimble_cache_line)) : NULL;
    if (!lines) {
        th_board_log(TH_LOG_WARNING, "card: no memory for a cache of %lu bytes; there is none",
                     (unsigned long)bytes);
        return;
    }
    const struct thimble_cache_config config = {
        .data = data, .lines = (struct thimble_cache_line *)lines, .n_lines = n_lines,
        .line_blocks = line_blocks, .ahead_lines = n_lines / 4, .dirty_lines = n_lines / 2,
    };
    caching = thimble_cache_disk_init(&cache, card, &config) == THIMBLE_OK;
    thimble_board_log("card: a cache of %lu KiB", (unsigned long)(n_lines * line_bytes / 1024));
}

bool th_card_write_late(void)
{
    if (!caching || cache.n_dirty == 0)
        return false;
    th_show_busy(THIMBLE_LIGHT_WRITE, true);
    bool more = thimble_cache_disk_write_late(&cache);
    th_show_busy(THIMBLE_LIGHT_WRITE, false);
    return more;
}

static void follow_cache(void)
{
    if (caching)
        thimble_cache_disk_follow(&cache);
}

#else

void th_card_cache(uint32_t bytes)
{
    if (bytes > 0)
        th_board_log(TH_LOG_WARNING, "card: this firmware was built without a cache");
}

bool th_card_write_late(void)
{
    return false;
}

static void follow_cache(void)
{
}

#endif

/* --------------------------------------------------------------------------------------
 * Parts of it
 */

static int absent_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                       struct thimble_io *io)
{
    (void)b, (void)lba, (void)n_blocks, (void)buf, (void)io;
    return THIMBLE_ERR_NO_MEDIUM;
}

static int absent_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                        const void *buf, struct thimble_io *io)
{
    (void)b, (void)lba, (void)n_blocks, (void)buf, (void)io;
    return THIMBLE_ERR_NO_MEDIUM;
}

static int absent_ready(struct thimble_block *b)
{
    (void)b;
    return THIMBLE_ERR_NO_MEDIUM;
}

/* False, for brevity where something is not found. */
static bool refuse(struct view *v, enum thimble_lights_error error, const char *why)
{
    v->why = why;
    v->error = error;
    v->as.block = (struct thimble_block){
        .size_blocks = 1, .block_shift = 9, .read = absent_read, .write = absent_write,
        .ready = absent_ready, .removable = true,
    };
    return false;
}

static const char unreadable[] = "the card cannot be read";

/* A part has a serial number of its own. */
static void give_serial(struct view *v, const char *name)
{
    const char *of_card = thimble_board_card()->serial;
    if (!of_card)
        return;
    thimble_part_serial(v->serial, of_card, name);
    v->as.block.serial = v->serial;
}

static bool find_partition(struct view *v)
{
    struct thimble_partition p;
    char name[24];
    int result = thimble_partition_find(&p, thimble_board_card(), v->partition, block,
                                        sizeof block);
    if (result == THIMBLE_ERR_ARGUMENT)
        return refuse(v, THIMBLE_LIGHTS_FILE_MISSING,
                      p.table == THIMBLE_PARTITION_NO_TABLE ? "the card has no partition table"
                                                            : "the card has no such partition");
    if (result != THIMBLE_OK)
        return refuse(v, THIMBLE_LIGHTS_CARD_FAILED, unreadable);
    if (thimble_offset_disk_init(&v->as.offset, below(), p.first_lba, p.size_blocks) != THIMBLE_OK)
        return refuse(v, THIMBLE_LIGHTS_FILE_UNUSABLE, "the partition reaches beyond the card");
    snprintf(name, sizeof name, "partition %u", v->partition);
    give_serial(v, name);
    return true;
}

static bool find_file(struct view *v, const char *path, bool *missing)
{
    struct thimble_fat fs;
    struct thimble_fat_file file;
    uint32_t n_runs = 0;

    enum thimble_fat_result result = th_card_open(&fs, &file, path);
    *missing = result == THIMBLE_FAT_NO_VOLUME || result == THIMBLE_FAT_NO_FILE;
    if (result == THIMBLE_FAT_OK)
        result = thimble_fat_extents(&file, v->runs, THIMBLE_BOARD_RUNS, &n_runs);
    if (result == THIMBLE_FAT_OK &&
        thimble_extents_disk_init(&v->as.extents, below(), v->runs, n_runs) != THIMBLE_OK)
        result = THIMBLE_FAT_DAMAGED;
    if (result != THIMBLE_FAT_OK)
        return refuse(v,
                      result == THIMBLE_FAT_DISK ? THIMBLE_LIGHTS_CARD_FAILED
                      : *missing                 ? THIMBLE_LIGHTS_FILE_MISSING
                                                 : THIMBLE_LIGHTS_FILE_UNUSABLE,
                      thimble_fat_text(result));
    if (file.read_only) {
        v->as.block.write = NULL;
        v->as.block.unmap = NULL;
        v->as.block.write_zeroes = NULL;
    }
    give_serial(v, path + strspn(path, "/"));
    return true;
}

static bool whole_card(struct view *v)
{
    struct thimble_block *card = below();
    return thimble_offset_disk_init(&v->as.offset, card, 0, card->size_blocks) == THIMBLE_OK &&
           (v->as.block.serial = thimble_board_card()->serial, true);
}

static bool find(struct view *v)
{
    bool missing = false;
    switch (v->kind) {
    case WHOLE:
        return whole_card(v);
    case PARTITION:
        return find_partition(v);
    case FILE_VIEW:
        return find_file(v, v->path, &missing);
    case DEFAULT:
        v->is_file = find_file(v, DEFAULT_FILE, &missing) || !missing;
        return v->is_file ? v->why == NULL : whole_card(v);
    case UNUSED:
        break;
    }
    return false;
}

static void look(struct view *v, enum th_ini_match match)
{
    v->why = NULL;
    v->error = THIMBLE_LIGHTS_NO_ERROR;
    if (!th_card_ready())
        refuse(v, THIMBLE_LIGHTS_CARD_MISSING, "no card, or one that does not answer");
    else if (match == TH_INI_OTHER)
        refuse(v, THIMBLE_LIGHTS_SETTINGS_WRONG,
               "the card's thimble.ini is not the one that this board started with; restart it");
    else if (match == TH_INI_UNKNOWN)
        refuse(v, THIMBLE_LIGHTS_CARD_FAILED, unreadable);
    else if (find(v)) {
        v->why = NULL;
        v->error = THIMBLE_LIGHTS_NO_ERROR;
    }
    v->as.block.removable = thimble_board_card()->removable;
}

static struct thimble_block *view(enum view_kind kind, unsigned partition, const char *path)
{
    if (!thimble_board_card())
        return NULL;
    for (struct view *v = views; v < views + THIMBLE_BOARD_LUNS; v++) {
        if (v->kind != UNUSED)
            continue;
        v->kind = kind;
        v->partition = partition;
        v->path = path;
        look(v, th_card_ready() ? th_ini_compare() : TH_INI_SAME);
        return &v->as.block;
    }
    th_board_log(TH_LOG_ERROR, "card: more parts of it than THIMBLE_BOARD_LUNS");
    return NULL;
}

struct thimble_block *th_card_whole(void)
{
    return view(WHOLE, 0, NULL);
}

struct thimble_block *th_card_default(void)
{
    return view(DEFAULT, 0, NULL);
}

struct thimble_block *thimble_board_partition(unsigned number)
{
    return number ? view(PARTITION, number, NULL) : NULL;
}

struct thimble_block *thimble_board_image(const char *path)
{
    return path ? view(FILE_VIEW, 0, path) : NULL;
}

static const struct view *view_of(const struct thimble_block *disk)
{
    for (const struct view *v = views; v < views + THIMBLE_BOARD_LUNS; v++)
        if (&v->as.block == disk)
            return v;
    return NULL;
}

const char *th_card_why(const struct thimble_block *disk, enum thimble_lights_error *error)
{
    const struct view *v = view_of(disk);
    *error = v ? v->error : THIMBLE_LIGHTS_NO_ERROR;
    return v ? v->why : NULL;
}

const char *th_card_what(const struct thimble_block *disk, char text[48])
{
    const struct view *v = view_of(disk);
    if (!v)
        return NULL;
    if (v->kind == PARTITION)
        snprintf(text, 48, "partition %u", v->partition);
    else if (v->kind == FILE_VIEW || (v->kind == DEFAULT && v->is_file))
        snprintf(text, 48, "file %s", v->kind == FILE_VIEW ? v->path : DEFAULT_FILE);
    else
        snprintf(text, 48, "whole card");
    return text;
}

bool th_card_follow(bool changed)
{
    bool again = false;
    enum th_ini_match match = th_card_ready() ? th_ini_compare() : TH_INI_SAME;

    if (changed)
        follow_cache();
    for (struct view *v = views; v < views + THIMBLE_BOARD_LUNS; v++) {
        if (v->kind == UNUSED || (!changed && v->error != THIMBLE_LIGHTS_CARD_FAILED))
            continue;
        look(v, match);
        again |= v->error == THIMBLE_LIGHTS_CARD_FAILED;
    }
    return again;
}

#else

/* ISO C wants something in every file. */
typedef int th_card_views_is_not_compiled;

#endif
