/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: sdmmc.  See ../README.md.
 */
#ifndef FAKE_SDMMC_CMD_H
#define FAKE_SDMMC_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "esp_err.h"

#define SCF_CMD_AC 0x0000
#define SCF_RSP_R1 0x1c00
typedef uint32_t sdmmc_response_t[4];
typedef struct {
    uint32_t opcode, arg;
    sdmmc_response_t response;
    void *data;
    size_t datalen, blklen;
    int flags;
    esp_err_t error;
    uint32_t timeout_ms;
} sdmmc_command_t;
typedef struct { int csd_ver, mmc_ver, capacity, sector_size; } sdmmc_csd_t;
typedef struct { int mfg_id, oem_id; char name[8]; int revision, serial, date; } sdmmc_cid_t;
typedef struct { uint32_t sd_spec : 4, erase_mem_state : 1, bus_width : 4; } sdmmc_scr_t;
typedef struct {
    uint32_t flags;
#define SDMMC_HOST_FLAG_4BIT (1u << 1)
#define SDMMC_HOST_FLAG_8BIT (1u << 2)
#define SDMMC_HOST_FLAG_DDR (1u << 4)
    int slot, max_freq_khz;
    esp_err_t (*do_transaction)(int slot, sdmmc_command_t *command);
} sdmmc_host_t;
typedef struct {
    sdmmc_host_t host;
    sdmmc_cid_t cid;
    sdmmc_csd_t csd;
    sdmmc_scr_t scr;
    uint16_t rca;
    uint32_t is_mem : 1, is_sdio : 1, is_mmc : 1;
} sdmmc_card_t;
typedef enum { SDMMC_ERASE_ARG, SDMMC_DISCARD_ARG } sdmmc_erase_arg_t;
esp_err_t sdmmc_card_init(const sdmmc_host_t *host, sdmmc_card_t *card);
esp_err_t sdmmc_get_status(sdmmc_card_t *card);
esp_err_t sdmmc_read_sectors(sdmmc_card_t *card, void *to, size_t first, size_t n);
esp_err_t sdmmc_write_sectors(sdmmc_card_t *card, const void *from, size_t first, size_t n);
esp_err_t sdmmc_erase_sectors(sdmmc_card_t *card, size_t first, size_t n, sdmmc_erase_arg_t arg);

#endif
