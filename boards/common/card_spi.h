/* SPDX-License-Identifier: MIT
 *
 * card_spi.h: what a board with its card on SPI gives to card_spi.c, which is then its
 * board_disk().
 */
#ifndef CARD_SPI_H
#define CARD_SPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bus's clock from now on: hz at most. */
void board_spi_speed(uint32_t hz);

/* The card's chip select. */
void board_spi_select(bool on);

/* Sends tx (NULL: ones) and keeps what comes back in rx (NULL: drops it). */
void board_spi_transfer(const uint8_t *tx, uint8_t *rx, size_t n);

#endif
