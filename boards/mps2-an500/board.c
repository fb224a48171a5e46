/* SPDX-License-Identifier: MIT
 *
 * board.c: the MPS2 board with image AN500 (board.h): 25 MHz, serial line on UART0, its disk in
 * the 16 MiB of PSRAM, two LEDs, watchdog.
 *
 * Register names are those of Arm's application note AN500 and of the Cortex-M System Design Kit.
 */
#include "board.h"

#include "drivers/lan9118.h"
#include "drivers/nic.h"
#include "irq.h"
#include "mmio.h"
#include "thimble.h"

#define UART0_DATA      REG(0x40004000)
#define UART0_STATE     REG(0x40004004)
#define UART0_CTRL      REG(0x40004008)
#define UART0_BAUDDIV   REG(0x40004010)
#define UART_TX_FULL    BIT(0)
#define UART_TX_ENABLE  BIT(0)

#define WDOG_LOAD       REG(0x40008000)
#define WDOG_CONTROL    REG(0x40008008)
#define WDOG_INTCLR     REG(0x4000800c)
#define WDOG_LOCK       REG(0x40008c00)
#define WDOG_UNLOCK     0x1acce551u

#define LED0            REG(0x40028000)
#define LED_TRANSFER    BIT(0)
#define LED_ERROR       BIT(1)

/* Cortex-M */
#define SYST_CSR        REG(0xe000e010)
#define SYST_RVR        REG(0xe000e014)
#define SYST_CVR        REG(0xe000e018)
#define NVIC_ISER(irq)  REG(0xe000e100 + (irq) / 32 * 4)
#define AIRCR           REG(0xe000ed0c)
#define AIRCR_RESET     0x05fa0004u

static volatile uint32_t now_ms;

void systick_irq(void)
{
    now_ms++;
}

void ethernet_irq(void)
{
    lan9118_irq();
}

/* [guide: board start] */
void board_start(void)
{
    UART0_BAUDDIV = BOARD_CLOCK_HZ / 115200;
    UART0_CTRL = UART_TX_ENABLE;

    SYST_RVR = BOARD_CLOCK_HZ / 1000 - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    lan9118_reset();
    NVIC_ISER(IRQ_ETHERNET) = BIT(IRQ_ETHERNET);

    WDOG_LOCK = WDOG_UNLOCK;
    WDOG_LOAD = 10 * BOARD_CLOCK_HZ;
    WDOG_CONTROL = 3;
}
/* [end] */

void board_watchdog_feed(void)
{
    WDOG_INTCLR = 1;
}

void board_putc(char c)
{
    while (UART0_STATE & UART_TX_FULL)
        ;
    UART0_DATA = (unsigned char)c;
}

uint32_t board_ms(void)
{
    return now_ms;
}

uint32_t board_ticks(void)
{
    return now_ms * (BOARD_CLOCK_HZ / 1000) - SYST_CVR;
}

/* [guide: board sleep] */
/* SysTick ends every sleep within 1 ms.  With interrupts masked a pending one still ends WFI, so
 * a frame that comes between the look and the WFI is not slept over. */
void board_sleep(uint32_t max_ms)
{
    (void)max_ms;
    __asm__ volatile("cpsid i" ::: "memory");
    if (!nic_waiting())
        __asm__ volatile("dsb\n\twfi" ::: "memory");
    __asm__ volatile("cpsie i" ::: "memory");
}
/* [end] */

void board_led(enum board_led led, bool on)
{
    static uint32_t lit;                /* as the firmware sees them: two share an LED */

    lit = on ? lit | BIT(led) : lit & ~BIT(led);
    LED0 = (lit & BIT(BOARD_LED_ERROR) ? LED_ERROR : 0) |
           (lit & (BIT(BOARD_LED_READ) | BIT(BOARD_LED_WRITE)) ? LED_TRANSFER : 0);
}

_Noreturn void board_restart(void)
{
    AIRCR = AIRCR_RESET;
    for (;;)
        ;
}

/* [guide: board disk] */
static uint8_t psram[16 << 20] __attribute__((section(".psram"), aligned(16)));

struct thimble_block *board_disk(void)
{
    static struct thimble_ram_disk disk;

    if (!disk.mem)
        thimble_ram_disk_init(&disk, psram, sizeof psram / 512, 9);
    return &disk.block;
}

void board_disk_speed(uint32_t hz)
{
    (void)hz;
}

bool board_disk_poll(void)
{
    return false;                       /* it is always there */
}
/* [end] */
