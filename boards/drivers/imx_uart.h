/* SPDX-License-Identifier: MIT
 *
 * imx_uart.h: a serial line on NXP's i.MX UART, sending only.
 */
#ifndef IMX_UART_H
#define IMX_UART_H

#include "mmio.h"

/* 115200 baud from a clock of 80 MHz. */
static inline void imx_uart_start(uint32_t base)
{
    REG(base + 0x84) = BIT(0) | BIT(2) | BIT(5) | BIT(14);  /* UCR2: run, send, 8 bits, no RTS */
    REG(base + 0x88) = BIT(2);                              /* UCR3: always muxed */
    REG(base + 0x90) = UINT32_C(5) << 7 | UINT32_C(2) << 10;        /* UFCR: clock as it is */
    REG(base + 0xa4) = 71;                                  /* UBIR and UBMR: 72 / 3125 / 16 */
    REG(base + 0xa8) = 3124;
    REG(base + 0x80) = BIT(0);                              /* UCR1: on */
}

static inline void imx_uart_putc(uint32_t base, char c)
{
    while (REG(base + 0xb4) & BIT(4))                       /* UTS: FIFO full */
        ;
    REG(base + 0x40) = (unsigned char)c;
}

#endif
