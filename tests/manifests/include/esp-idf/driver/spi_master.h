/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: driver, from 5.3 on esp_driver_spi.  See ../README.md.
 */
#ifndef FAKE_DRIVER_SPI_MASTER_H
#define FAKE_DRIVER_SPI_MASTER_H

#include "esp_err.h"

typedef enum { SPI1_HOST, SPI2_HOST } spi_host_device_t;
typedef enum { SPI_DMA_DISABLED, SPI_DMA_CH_AUTO = 3 } spi_dma_chan_t;
typedef struct {
    int mosi_io_num, miso_io_num, sclk_io_num, quadwp_io_num, quadhd_io_num, max_transfer_sz;
} spi_bus_config_t;
esp_err_t spi_bus_initialize(spi_host_device_t host, const spi_bus_config_t *config, spi_dma_chan_t dma);

#endif
