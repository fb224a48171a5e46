/* SPDX-License-Identifier: MIT
 *
 * board.c: the i.MX 6UltraLite evaluation kit (board.h): serial line on UART1, card on uSDHC1,
 * three LEDs on GPIO1, watchdog 1.  Register names are those of the reference manual and of the
 * ARMv7-A architecture manual (generic timer, GIC).
 *
 * Interrupts stay masked in the processor: an enabled one that is pending ends WFI all the
 * same, and then we look ourselves at what there is.  So there is no handler to write and no
 * wake-up to lose.
 */
#include "board.h"

#include <stddef.h>
#include <stdio.h>

#include "drivers/imx_enet.h"
#include "drivers/imx_uart.h"
#include "drivers/nic.h"
#include "drivers/usdhc.h"
#include "memory.h"
#include "mmio.h"

#define UART1_BASE      0x02020000

#define GPIO1_DR        REG(0x0209c000)
#define GPIO1_GDIR      REG(0x0209c004)
#define LED_PIN(led)    BIT(20 + (led))

#define WDOG1_WCR       REG16(0x020bc000)
#define WDOG1_WSR       REG16(0x020bc002)
#define WCR_10_S        (19u << 8)              /* (n + 1) / 2 seconds */
#define WCR_NO_RESET    (3u << 4)               /* WDA, SRS: both act when written 0 */
#define WCR_ENABLE      (1u << 2)

#define GIC_DIST        0x00a01000
#define GIC_CPU         0x00a02000
#define GICD_CTLR       REG(GIC_DIST + 0x000)
#define GICD_ISENABLER(irq) REG(GIC_DIST + 0x100 + (irq) / 32 * 4)
#define GICD_PRIORITY_WORD(irq) REG(GIC_DIST + 0x400 + (irq) / 4 * 4)
#define GICD_TARGETS_WORD(irq) REG(GIC_DIST + 0x800 + (irq) / 4 * 4)
#define GICC_CTLR       REG(GIC_CPU + 0x00)
#define GICC_PMR        REG(GIC_CPU + 0x04)
#define GICC_IAR        REG(GIC_CPU + 0x0c)
#define GICC_EOIR       REG(GIC_CPU + 0x10)

enum { IRQ_TIMER = 29, IRQ_TIMER_NONSECURE = 30, IRQ_ENET1 = 32 + 118, IRQ_NONE = 1023 };

int main(void);
void reset_entry(void);
void fault_report(uint32_t at, uint32_t mode);

void reset_entry(void)
{
    memory_start();
    main();
}

void fault_report(uint32_t at, uint32_t mode)
{
    printf("\nfault near %08lx, mode %02lx; restarting\n", (unsigned long)at,
           (unsigned long)mode);
    board_restart();
}

/* --- time: the generic timer's physical counter --- */

static uint32_t counter_hz;

static uint64_t counter(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("isb\n\tmrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high));
    return (uint64_t)high << 32 | low;
}

/* Counted on from the last call, to divide 32 bits instead of 64.  Fails if not called for a
 * minute. */
uint32_t board_ms(void)
{
    static uint32_t now_ms, at;
    uint32_t per_ms = counter_hz / 1000;
    uint32_t passed_ms = ((uint32_t)counter() - at) / per_ms;
    at += passed_ms * per_ms;
    now_ms += passed_ms;
    return now_ms;
}

uint32_t board_ticks(void)
{
    return (uint32_t)counter();
}

static void timer_in(uint32_t ms)
{
    if (ms > 20000)
        ms = 20000;
    __asm__ volatile("mcr p15, 0, %0, c14, c2, 0" ::"r"(ms * (counter_hz / 1000)));
    __asm__ volatile("mcr p15, 0, %0, c14, c2, 1\n\tisb" ::"r"(1));
}

/* --- */

static void gic_enable(unsigned irq)
{
    unsigned shift = irq % 4 * 8;
    GICD_PRIORITY_WORD(irq) = (GICD_PRIORITY_WORD(irq) & ~(UINT32_C(0xff) << shift)) |
                              UINT32_C(0x80) << shift;
    if (irq >= 32)
        GICD_TARGETS_WORD(irq) = (GICD_TARGETS_WORD(irq) & ~(UINT32_C(0xff) << shift)) |
                                 UINT32_C(1) << shift;
    GICD_ISENABLER(irq) = BIT(irq % 32);
}

void board_start(void)
{
    __asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(counter_hz));
    imx_uart_start(UART1_BASE);
    GPIO1_GDIR |= LED_PIN(0) | LED_PIN(1) | LED_PIN(2);

    gic_enable(IRQ_TIMER);
    gic_enable(IRQ_TIMER_NONSECURE);
    gic_enable(IRQ_ENET1);
    GICD_CTLR = 1;
    GICC_PMR = 0xff;
    GICC_CTLR = 1;

    WDOG1_WCR = WCR_10_S | WCR_NO_RESET | WCR_ENABLE;
}

void board_watchdog_feed(void)
{
    WDOG1_WSR = 0x5555;
    WDOG1_WSR = 0xaaaa;
}

_Noreturn void board_restart(void)
{
    WDOG1_WCR = WCR_ENABLE;             /* both resets, of the chip and on its pin */
    for (;;)
        ;
}

void board_putc(char c)
{
    imx_uart_putc(UART1_BASE, c);
}

void board_sleep(uint32_t max_ms)
{
    timer_in(max_ms);
    if (!nic_waiting())
        __asm__ volatile("dsb\n\twfi" ::: "memory");

    imx_enet_irq();
    uint32_t irq = GICC_IAR;
    if ((irq & 0x3ff) != IRQ_NONE)
        GICC_EOIR = irq;
}

void board_led(enum board_led led, bool on)
{
    uint32_t pin = LED_PIN(led);
    GPIO1_DR = on ? GPIO1_DR | pin : GPIO1_DR & ~pin;
}

struct thimble_block *board_disk(void)
{
    return usdhc_disk();
}

bool board_disk_poll(void)
{
    return usdhc_poll();
}

/* It stays at 25 MHz, which every card can. */
void board_disk_speed(uint32_t hz)
{
    (void)hz;
}
