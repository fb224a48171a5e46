/* SPDX-License-Identifier: MIT
 *
 * pl022.h: bytes over SPI with ARM's PL022 (SSI), as master, mode 0.
 */
#ifndef PL022_H
#define PL022_H

#include <stddef.h>
#include <stdint.h>

/* clock_hz: of the cell; the bus runs at bus_hz at most. */
void pl022_start(uint32_t base, uint32_t clock_hz, uint32_t bus_hz);

/* Sends tx (NULL: bytes of 0xff) and keeps what comes back in rx (NULL: drops it). */
void pl022_transfer(uint32_t base, const uint8_t *tx, uint8_t *rx, size_t n);

#endif
