/* SPDX-License-Identifier: MIT
 *
 * card_views.c: parts of the card as disks: a partition, or a file on it.
 *
 * Layer 6.  A part is looked for at the start and whenever the card is changed.  What is not found is a disk
 * without a medium: it keeps its place among the logical units, and nothing else is served in its stead.
 */
#include "which.h"

#if TH_BOARD_ANY

#include "../../block/fat.h"
#include "../../block/partition.h"
#include "card_views.h"
#include "platform.h"

struct view {
    union {                             /* all of them begin with the disk */
        struct thimble_block block;
        struct thimble_offset_disk offset;
        struct thimble_extents_disk extents;
    } as;
    unsigned partition;                 /* 0: a file */
    const char *path;
    struct thimble_extent runs[THIMBLE_BOARD_RUNS];
    bool used;
};

static struct view views[THIMBLE_BOARD_LUNS];
static uint8_t block[512] __attribute__((aligned(32)));

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

static bool is_ready(struct thimble_block *card)
{
    return !card->ready || card->ready(card) == THIMBLE_OK;
}

static bool find_partition(struct view *v, struct thimble_block *card)
{
    struct thimble_partition p;
    int result = thimble_partition_find(&p, card, v->partition, block, sizeof block);
    if (result != THIMBLE_OK) {
        thimble_board_log("card: no partition %u (%s)", v->partition,
                          p.table == THIMBLE_PARTITION_NO_TABLE ? "it has no partition table"
                                                                : "its table has none");
        return false;
    }
    return thimble_offset_disk_init(&v->as.offset, card, p.first_lba, p.size_blocks) ==
           THIMBLE_OK;
}

static bool find_file(struct view *v, struct thimble_block *card)
{
    struct thimble_fat fs;
    struct thimble_fat_file file;
    uint32_t n_runs = 0;

    enum thimble_fat_result result = thimble_fat_mount(&fs, card, block, sizeof block);
    if (result == THIMBLE_FAT_OK)
        result = thimble_fat_open(&fs, &file, v->path);
    if (result == THIMBLE_FAT_OK)
        result = thimble_fat_extents(&file, v->runs, THIMBLE_BOARD_RUNS, &n_runs);
    if (result != THIMBLE_FAT_OK) {
        thimble_board_log("card: %s: %s", v->path, thimble_fat_text(result));
        return false;
    }
    if (thimble_extents_disk_init(&v->as.extents, card, v->runs, n_runs) != THIMBLE_OK)
        return false;
    if (file.read_only)
        v->as.block.write = NULL;
    return true;
}

static void look(struct view *v)
{
    struct thimble_block *card = thimble_board_card();
    bool found = is_ready(card) && (v->partition ? find_partition(v, card) : find_file(v, card));

    if (!found)
        v->as.block = (struct thimble_block){
            .size_blocks = 1, .block_shift = 9, .read = absent_read, .write = absent_write,
            .ready = absent_ready,
        };
    v->as.block.removable = card->removable;
}

static struct thimble_block *view(unsigned partition, const char *path)
{
    if (!thimble_board_card())
        return NULL;
    for (struct view *v = views; v < views + THIMBLE_BOARD_LUNS; v++) {
        if (v->used)
            continue;
        v->used = true;
        v->partition = partition;
        v->path = path;
        look(v);
        return &v->as.block;
    }
    thimble_board_log("card: more parts of it than THIMBLE_BOARD_LUNS");
    return NULL;
}

struct thimble_block *thimble_board_partition(unsigned number)
{
    return number ? view(number, NULL) : NULL;
}

struct thimble_block *thimble_board_image(const char *path)
{
    return path ? view(0, path) : NULL;
}

void th_card_views_follow(void)
{
    for (struct view *v = views; v < views + THIMBLE_BOARD_LUNS; v++)
        if (v->used)
            look(v);
}

#else

/* ISO C wants something in every file. */
typedef int th_card_views_is_not_compiled;

#endif
