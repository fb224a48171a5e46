/* SPDX-License-Identifier: MIT
 *
 * sifive_spi.h: bytes over SPI with SiFive's controller, mode 0, chip select 0.
 */
#ifndef SIFIVE_SPI_H
#define SIFIVE_SPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void sifive_spi_start(uint32_t base, uint32_t clock_hz, uint32_t bus_hz);
void sifive_spi_select(uint32_t base, bool on);

/* Sends tx (NULL: bytes of 0xff) and keeps what comes back in rx (NULL: drops it). */
void sifive_spi_transfer(uint32_t base, const uint8_t *tx, uint8_t *rx, size_t n);

#endif
