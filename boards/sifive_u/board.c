/* SPDX-License-Identifier: MIT
 *
 * board.c: the SiFive U (board.h): serial line on UART0, the card on SPI2, three LEDs on GPIO.
 * Register names are those of the FU540-C000 manual.
 *
 * Interrupts stay masked in the processor: an enabled one that is pending ends WFI all the
 * same, and then we look ourselves at what there is.  So there is no handler to write and no
 * wake-up to lose.
 */
#include "board.h"

#include <stddef.h>
#include <stdio.h>

#include "card_spi.h"
#include "drivers/cadence_gem.h"
#include "drivers/nic.h"
#include "drivers/sifive_spi.h"
#include "memory.h"
#include "mmio.h"

#define UART0_TXDATA    REG(0x10010000)
#define UART0_TXCTRL    REG(0x10010008)
#define UART0_DIV       REG(0x10010018)
#define UART_FULL       BIT(31)

#define SPI2_BASE       0x10050000
#define PERIPHERAL_HZ   500000000u

#define GPIO_OUTPUT_EN  REG(0x10060008)
#define GPIO_OUTPUT     REG(0x1006000c)

/* Core-local interruptor: a 64-bit counter of 1 MHz and a comparator a hart */
#define HART            1
#define MTIMECMP_LOW    REG(0x02004000 + 8 * HART)
#define MTIMECMP_HIGH   REG(0x02004004 + 8 * HART)
#define MTIME_LOW       REG(0x0200bff8)
#define MTIME_HIGH      REG(0x0200bffc)

/* Platform interrupt controller; context 1 is hart 1 in machine mode */
#define PLIC_BASE       0x0c000000
#define PLIC_CONTEXT    1
#define IRQ_GEM         53
#define PLIC_PRIORITY(irq)  REG(PLIC_BASE + 4 * (irq))
#define PLIC_ENABLE(irq)    REG(PLIC_BASE + 0x2000 + 0x80 * PLIC_CONTEXT + (irq) / 32 * 4)
#define PLIC_THRESHOLD      REG(PLIC_BASE + 0x200000 + 0x1000 * PLIC_CONTEXT)
#define PLIC_CLAIM          REG(PLIC_BASE + 0x200004 + 0x1000 * PLIC_CONTEXT)

#define MIE_TIMER       BIT(7)
#define MIE_EXTERNAL    BIT(11)

int main(void);
void reset_entry(void);
void fault_report(uint32_t cause, uint32_t at, uint32_t value);
extern const uint8_t _start[];

void reset_entry(void)
{
    memory_start();
    main();
}

void fault_report(uint32_t cause, uint32_t at, uint32_t value)
{
    printf("\nfault %lu at %08lx (%08lx); restarting\n", (unsigned long)cause,
           (unsigned long)at, (unsigned long)value);
    board_restart();
}

static uint64_t mtime(void)
{
    uint32_t high;
    uint32_t low;
    do {
        high = MTIME_HIGH;
        low = MTIME_LOW;
    } while (MTIME_HIGH != high);
    return (uint64_t)high << 32 | low;
}

static void set_mtimecmp(uint64_t when)
{
    MTIMECMP_HIGH = UINT32_MAX;         /* no false alarm between the two writes */
    MTIMECMP_LOW = (uint32_t)when;
    MTIMECMP_HIGH = (uint32_t)(when >> 32);
}

void board_start(void)
{
    UART0_DIV = PERIPHERAL_HZ / 115200 - 1;
    UART0_TXCTRL = 1;
    GPIO_OUTPUT_EN |= 7;

    PLIC_PRIORITY(IRQ_GEM) = 1;
    PLIC_ENABLE(IRQ_GEM) = BIT(IRQ_GEM % 32);
    PLIC_THRESHOLD = 0;
    __asm__ volatile("csrw mie, %0" ::"r"(MIE_TIMER | MIE_EXTERNAL));
}

void board_putc(char c)
{
    while (UART0_TXDATA & UART_FULL)
        ;
    UART0_TXDATA = (unsigned char)c;
}

/* Counted on from the last call, to divide 32 bits instead of 64.  Fails if not called for an
 * hour. */
uint32_t board_ms(void)
{
    static uint32_t now_ms, at_us;
    uint32_t passed_ms = (MTIME_LOW - at_us) / 1000;
    at_us += passed_ms * 1000;
    now_ms += passed_ms;
    return now_ms;
}

uint32_t board_ticks(void)
{
    uint32_t cycles;
    __asm__ volatile("csrr %0, mcycle" : "=r"(cycles));
    return cycles;
}

void board_sleep(uint32_t max_ms)
{
    set_mtimecmp(mtime() + (uint64_t)max_ms * 1000);
    if (!nic_waiting())
        __asm__ volatile("wfi" ::: "memory");

    cadence_gem_irq();
    uint32_t irq = PLIC_CLAIM;
    if (irq != 0)
        PLIC_CLAIM = irq;
}

void board_led(enum board_led led, bool on)
{
    uint32_t pin = BIT(led);            /* GPIO 0, 1, 2 */
    GPIO_OUTPUT = on ? GPIO_OUTPUT | pin : GPIO_OUTPUT & ~pin;
}

/* There is none that QEMU models. */
void board_watchdog_feed(void)
{
}

_Noreturn void board_restart(void)
{
    __asm__ volatile("csrw mie, zero\n\tjr %0" ::"r"(_start));
    __builtin_unreachable();
}

/* --- what card_spi.c needs --- */

void board_spi_speed(uint32_t hz)
{
    sifive_spi_start(SPI2_BASE, PERIPHERAL_HZ, hz);
}

void board_spi_select(bool on)
{
    sifive_spi_select(SPI2_BASE, on);
}

void board_spi_transfer(const uint8_t *tx, uint8_t *rx, size_t n)
{
    sifive_spi_transfer(SPI2_BASE, tx, rx, n);
}
