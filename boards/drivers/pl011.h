/* SPDX-License-Identifier: MIT
 *
 * pl011.h: a serial line on ARM's PL011 UART, sending only.
 */
#ifndef PL011_H
#define PL011_H

#include "mmio.h"

static inline void pl011_start(uint32_t base, uint32_t clock_hz, uint32_t baud)
{
    uint32_t divisor = (8 * clock_hz / baud + 1) / 2;   /* 16 clocks a bit, in 1/64 */
    REG(base + 0x30) = 0;
    REG(base + 0x24) = divisor >> 6;
    REG(base + 0x28) = divisor & 63;
    REG(base + 0x2c) = 0x70;                            /* 8 bits, FIFO */
    REG(base + 0x30) = 0x101;                           /* on, sending */
}

static inline void pl011_putc(uint32_t base, char c)
{
    while (REG(base + 0x18) & BIT(5))                   /* FIFO full */
        ;
    REG(base) = (unsigned char)c;
}

#endif
