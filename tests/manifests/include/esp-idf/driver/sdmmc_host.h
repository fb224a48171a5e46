/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: driver, from 5.3 on esp_driver_sdmmc.  See ../README.md.
 */
#ifndef FAKE_DRIVER_SDMMC_HOST_H
#define FAKE_DRIVER_SDMMC_HOST_H

#include "driver/gpio.h"
#include "sdmmc_cmd.h"
#include "soc/soc_caps.h"

#if SOC_SDMMC_HOST_SUPPORTED
typedef struct {
#ifdef SOC_SDMMC_USE_GPIO_MATRIX
    gpio_num_t clk, cmd, d0, d1, d2, d3;
#endif
    uint8_t width;
    uint32_t flags;
} sdmmc_slot_config_t;
#define SDMMC_SLOT_FLAG_INTERNAL_PULLUP (1u << 0)
#define SDMMC_SLOT_CONFIG_DEFAULT() { .width = 0, .flags = 0 }
#define SDMMC_HOST_DEFAULT() { .slot = 1, .max_freq_khz = 20000, .do_transaction = &sdmmc_host_do_transaction }
esp_err_t sdmmc_host_init(void);
esp_err_t sdmmc_host_init_slot(int slot, const sdmmc_slot_config_t *config);
esp_err_t sdmmc_host_do_transaction(int slot, sdmmc_command_t *command);
#endif

#endif
