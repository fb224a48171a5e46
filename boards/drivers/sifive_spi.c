/* SPDX-License-Identifier: MIT
 *
 * sifive_spi.c: see sifive_spi.h.  FU540-C000 manual, chapter "Serial Peripheral Interface".
 *
 * The queues are 8 deep; RXDATA tells with its top bit that nothing is there.
 */
#include "sifive_spi.h"

#include "mmio.h"

enum {
    SCKDIV = 0x00, SCKMODE = 0x04, CSID = 0x10, CSDEF = 0x14, CSMODE = 0x18, FMT = 0x40,
    TXDATA = 0x48, RXDATA = 0x4c, FCTRL = 0x60,
    CSMODE_HOLD = 2, CSMODE_OFF = 3,
    FMT_8_BITS = 8 << 16,
    QUEUE = 8,
};

#define RX_EMPTY BIT(31)

void sifive_spi_start(uint32_t base, uint32_t clock_hz, uint32_t bus_hz)
{
    REG(base + FCTRL) = 0;              /* registers, not memory-mapped flash */
    REG(base + SCKDIV) = (clock_hz + 2 * bus_hz - 1) / (2 * bus_hz) - 1;
    REG(base + SCKMODE) = 0;
    REG(base + FMT) = FMT_8_BITS;
    REG(base + CSID) = 0;
    REG(base + CSDEF) |= 1;             /* active low */
}

void sifive_spi_select(uint32_t base, bool on)
{
    REG(base + CSMODE) = on ? CSMODE_HOLD : CSMODE_OFF;
}

static uint8_t wait_for_byte(uint32_t base)
{
    uint32_t got;
    do
        got = REG(base + RXDATA);
    while (got & RX_EMPTY);
    return (uint8_t)got;
}

void sifive_spi_transfer(uint32_t base, const uint8_t *tx, uint8_t *rx, size_t n)
{
    size_t sent = 0;
    for (size_t got = 0; got < n; got++) {
        for (; sent < n && sent - got < QUEUE; sent++)
            REG(base + TXDATA) = tx ? tx[sent] : 0xff;
        uint8_t byte = wait_for_byte(base);
        if (rx)
            rx[got] = byte;
    }
}
