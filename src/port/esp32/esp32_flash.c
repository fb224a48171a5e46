/* SPDX-License-Identifier: MIT
 *
 * esp32_flash.c: a partition of the internal flash memory as a disk, below it ESP-IDF's wear levelling, which moves
 * the places that are written often.
 *
 * Layer 6.  Flash can be written only when it was erased, 4096 bytes at a time, so that is the size of a block: a write
 * erases it and then writes it, some 50 ms each.  A block whose write loses power reads as 0xff, or partly
 * so; no other block is touched, and the wear levelling's own records survive.  While flash is erased or written, code
 * that is not in IRAM stands still on both cores.
 *
 * The firmware's table of partitions must have one of type `data` (any subtype) with this name.
 */
#include "esp32.h"

#if TH_BOARD_ESP32

#include <esp_partition.h>
#include <wear_levelling.h>

#ifndef THIMBLE_BOARD_FLASH
#define THIMBLE_BOARD_FLASH "thimble"
#endif

static struct thimble_block disk;
static wl_handle_t levelled = WL_INVALID_HANDLE;

static int flash_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                      struct thimble_io *io)
{
    size_t at = (size_t)lba << b->block_shift, n = (size_t)n_blocks << b->block_shift;
    (void)io;
    return wl_read(levelled, at, buf, n) == ESP_OK ? THIMBLE_OK : THIMBLE_ERR_IO;
}

/* Block by block, so that a loss of power costs one. */
static int flash_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, const void *buf,
                       struct thimble_io *io)
{
    size_t size = (size_t)1 << b->block_shift, at = (size_t)lba << b->block_shift;
    const uint8_t *from = buf;
    (void)io;
    for (; n_blocks > 0; n_blocks--, at += size, from += size)
        if (wl_erase_range(levelled, at, size) != ESP_OK ||
            wl_write(levelled, at, from, size) != ESP_OK)
            return THIMBLE_ERR_IO;
    return THIMBLE_OK;
}

static bool open_partition(void)
{
    const esp_partition_t *p = esp_partition_find_first(
        ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, THIMBLE_BOARD_FLASH);
    if (!p) {
        th_board_log(TH_LOG_ERROR, "flash: there is no data partition named %s", THIMBLE_BOARD_FLASH);
        return false;
    }
    esp_err_t err = wl_mount(p, &levelled);
    if (err != ESP_OK) {
        th_board_log(TH_LOG_ERROR, "flash: the partition %s is not usable: error 0x%x",
                     THIMBLE_BOARD_FLASH, (unsigned)err);
        return false;
    }
    return true;
}

struct thimble_block *thimble_board_flash(void)
{
    if (levelled != WL_INVALID_HANDLE)
        return &disk;
    if (!open_partition())
        return NULL;
    size_t size = wl_sector_size(levelled);     /* 512 is possible, see ESP-IDF's configuration */
    disk = (struct thimble_block){
        .block_shift = size == 512 ? 9 : 12,
        .size_blocks = wl_size(levelled) / (size == 512 ? 512 : 4096),
        .read = flash_read,
        .write = flash_write,
    };
    return &disk;
}

#else

/* ISO C wants something in every file. */
typedef int th_esp32_flash_is_not_compiled;

#endif
