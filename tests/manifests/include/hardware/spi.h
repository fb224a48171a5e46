/* SPDX-License-Identifier: MIT
 *
 * spi.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_HARDWARE_SPI_H
#define TEST_HARDWARE_SPI_H

#include <stddef.h>

#include "hardware/gpio.h"

typedef struct {
    volatile uint32_t cr0, cr1, dr;
} spi_hw_t;
typedef struct spi_inst spi_inst_t;
extern spi_inst_t spi_inst_0, spi_inst_1;
#define spi0 (&spi_inst_0)
#define spi1 (&spi_inst_1)

uint spi_init(spi_inst_t *spi, uint hz);
uint spi_set_baudrate(spi_inst_t *spi, uint hz);
spi_hw_t *spi_get_hw(spi_inst_t *spi);
uint spi_get_dreq(spi_inst_t *spi, bool is_tx);
int spi_write_read_blocking(spi_inst_t *spi, const uint8_t *out, uint8_t *in, size_t n);
int spi_write_blocking(spi_inst_t *spi, const uint8_t *out, size_t n);
int spi_read_blocking(spi_inst_t *spi, uint8_t repeated, uint8_t *in, size_t n);

#endif
