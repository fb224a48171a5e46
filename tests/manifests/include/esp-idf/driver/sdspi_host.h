/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: driver, from 5.3 on esp_driver_sdspi.  See ../README.md.
 */
#ifndef FAKE_DRIVER_SDSPI_HOST_H
#define FAKE_DRIVER_SDSPI_HOST_H

#include "driver/gpio.h"
#include "driver/spi_master.h"
#include "sdmmc_cmd.h"

typedef int sdspi_dev_handle_t;
typedef struct { spi_host_device_t host_id; gpio_num_t gpio_cs; } sdspi_device_config_t;
#define SDSPI_DEVICE_CONFIG_DEFAULT() { .host_id = SPI2_HOST, .gpio_cs = GPIO_NUM_13 }
#define SDSPI_HOST_DEFAULT() { .slot = SPI2_HOST, .max_freq_khz = 20000, .do_transaction = &sdspi_host_do_transaction }
esp_err_t sdspi_host_init(void);
esp_err_t sdspi_host_init_device(const sdspi_device_config_t *config, sdspi_dev_handle_t *handle);
esp_err_t sdspi_host_do_transaction(sdspi_dev_handle_t handle, sdmmc_command_t *command);

#endif
