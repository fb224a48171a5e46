/* SPDX-License-Identifier: MIT
 *
 * board.c: the LM3S6965 evaluation board (board.h): 50 MHz from the PLL, serial line on UART0,
 * the card on SSI0 with its select on port D, three LEDs, watchdog.
 *
 * Register names and bits are those of the LM3S6965 data sheet.
 */
#include "board.h"

#include <stddef.h>

#include "card_spi.h"
#include "drivers/nic.h"
#include "drivers/pl011.h"
#include "drivers/pl022.h"
#include "drivers/stellaris_enet.h"
#include "irq.h"
#include "mmio.h"

/* System control */
#define RIS             REG(0x400fe050)
#define RIS_PLLL        BIT(6)
#define RCC             REG(0x400fe060)
#define RCC_MOSCDIS     BIT(0)
#define RCC_XTAL_8MHZ   (UINT32_C(14) << 6)
#define RCC_XTAL_MASK   (UINT32_C(15) << 6)
#define RCC_OSCSRC_MASK (UINT32_C(3) << 4)
#define RCC_BYPASS      BIT(11)
#define RCC_PWRDN       BIT(13)
#define RCC_USESYSDIV   BIT(22)
#define RCC_SYSDIV_4    (UINT32_C(3) << 23)
#define RCC_SYSDIV_MASK (UINT32_C(15) << 23)
#define RCGC0           REG(0x400fe100)
#define RCGC0_WDT       BIT(3)
#define RCGC1           REG(0x400fe104)
#define RCGC1_UART0     BIT(0)
#define RCGC1_SSI0      BIT(4)
#define RCGC2           REG(0x400fe108)
#define RCGC2_PORTS     (BIT(0) | BIT(3) | BIT(5))      /* A, D, F */
#define RCGC2_EMAC      BIT(28)
#define RCGC2_EPHY      BIT(30)
#define USER_REG0       REG(0x400fe1e0)
#define USER_REG1       REG(0x400fe1e4)

/* Ports: address bits 9:2 choose which pins a data access touches. */
#define PORT_A          0x40004000
#define PORT_D          0x40007000
#define PORT_F          0x40025000
#define PINS(port, mask) REG((port) + ((mask) << 2))
#define DIR(port)       REG((port) + 0x400)
#define AFSEL(port)     REG((port) + 0x420)
#define PUR(port)       REG((port) + 0x510)
#define DEN(port)       REG((port) + 0x51c)

#define CARD_SELECT     0x01u           /* D0, active low */
#define LED_READ        0x01u           /* F0: the status LED */
#define LED_WRITE       0x04u           /* F2, F3: the Ethernet jack's */
#define LED_ERROR       0x08u

#define UART0_BASE      0x4000c000
#define SSI0_BASE       0x40008000

#define WDT_LOAD        REG(0x40000000)
#define WDT_CTL         REG(0x40000008)
#define WDT_ICR         REG(0x4000000c)
#define WDT_LOCK        REG(0x40000c00)
#define WDT_UNLOCK      0x1acce551u

/* Cortex-M */
#define SYST_CSR        REG(0xe000e010)
#define SYST_RVR        REG(0xe000e014)
#define SYST_CVR        REG(0xe000e018)
#define NVIC_ISER(irq)  REG(0xe000e100 + (irq) / 32 * 4)
#define AIRCR           REG(0xe000ed0c)
#define AIRCR_RESET     0x05fa0004u

/* --- time: SysTick counts down PERIOD_TICKS again and again --- */

enum { PERIOD_MS = 20, PERIOD_TICKS = BOARD_CLOCK_HZ / 1000 * PERIOD_MS };

static volatile uint32_t periods;

void systick_irq(void)
{
    periods++;
}

/* Full periods, and ticks of the current one. */
static uint32_t elapsed(uint32_t *ticks)
{
    uint32_t before;
    do {
        before = periods;
        *ticks = PERIOD_TICKS - 1 - SYST_CVR;
    } while (before != periods);
    return before;
}

/* The division by 50000 as a product, for a processor without: right to 0.2 % of a period. */
uint32_t board_ms(void)
{
    static uint32_t last_ms;
    uint32_t ticks;
    uint32_t now_ms = elapsed(&ticks) * PERIOD_MS;
    now_ms += (ticks >> 4) * 335 >> 20;
    if ((int32_t)(now_ms - last_ms) > 0)        /* between the wrap and its interrupt it is less */
        last_ms = now_ms;
    return last_ms;
}

uint32_t board_ticks(void)
{
    uint32_t ticks;
    return elapsed(&ticks) * PERIOD_TICKS + ticks;
}

/* --- */

void ethernet_irq(void)
{
    stellaris_enet_irq();
}

/* The order is the data sheet's: run from the oscillator, set the PLL up, wait, switch. */
static void clock_start(void)
{
    uint32_t rcc = RCC;
    rcc = (rcc | RCC_BYPASS) & ~RCC_USESYSDIV;
    RCC = rcc;
    rcc &= ~(RCC_XTAL_MASK | RCC_OSCSRC_MASK | RCC_PWRDN | RCC_MOSCDIS);
    rcc |= RCC_XTAL_8MHZ;
    RCC = rcc;
    rcc = (rcc & ~RCC_SYSDIV_MASK) | RCC_SYSDIV_4 | RCC_USESYSDIV;
    RCC = rcc;
    for (int i = 0; i < 100000 && !(RIS & RIS_PLLL); i++)
        ;
    RCC = rcc & ~RCC_BYPASS;

    RCGC0 |= RCGC0_WDT;
    RCGC1 |= RCGC1_UART0 | RCGC1_SSI0;
    RCGC2 |= RCGC2_PORTS | RCGC2_EMAC | RCGC2_EPHY;
    (void)RCGC2;                        /* the gates open a few clocks later */
    (void)RCGC2;
}

static void pins_start(void)
{
    AFSEL(PORT_A) |= 0x37;              /* A0, A1 serial line; A2, A4, A5 SSI0 */
    PUR(PORT_A) |= 0x10;                /* an empty slot reads as ones */
    DEN(PORT_A) |= 0x37;

    PINS(PORT_D, CARD_SELECT) = CARD_SELECT;
    DIR(PORT_D) |= CARD_SELECT;
    DEN(PORT_D) |= CARD_SELECT;

    DIR(PORT_F) |= LED_READ | LED_WRITE | LED_ERROR;
    DEN(PORT_F) |= LED_READ | LED_WRITE | LED_ERROR;
}

/* The address that was burnt in at the factory, if it was. */
static void mac_start(void)
{
    uint32_t low = USER_REG0;
    uint32_t high = USER_REG1;
    if (low == UINT32_MAX || high == UINT32_MAX || (low == 0 && high == 0))
        return;

    uint8_t mac[6];
    for (int i = 0; i < 3; i++) {
        mac[i] = (uint8_t)(low >> 8 * i);
        mac[3 + i] = (uint8_t)(high >> 8 * i);
    }
    stellaris_enet_set_mac(mac);
}

/* The watchdog counts down twice: the first time it only remembers, the second it resets. */
static void watchdog_start(void)
{
    WDT_LOCK = WDT_UNLOCK;
    WDT_LOAD = 5 * BOARD_CLOCK_HZ;
    WDT_CTL = 3;
}

void board_watchdog_feed(void)
{
    WDT_ICR = 0;
}

void board_start(void)
{
    clock_start();
    pins_start();
    pl011_start(UART0_BASE, BOARD_CLOCK_HZ, 115200);
    mac_start();

    SYST_RVR = PERIOD_TICKS - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    NVIC_ISER(IRQ_ETHERNET) = BIT(IRQ_ETHERNET % 32);
    watchdog_start();
}

void board_putc(char c)
{
    pl011_putc(UART0_BASE, c);
}

/* SysTick ends every sleep within PERIOD_MS, so max_ms needs no timer of its own.  With interrupts
 * masked a pending one still ends WFI, so a frame that comes between the look and the WFI does. */
void board_sleep(uint32_t max_ms)
{
    (void)max_ms;
    __asm__ volatile("cpsid i" ::: "memory");
    if (!nic_waiting())
        __asm__ volatile("dsb\n\twfi" ::: "memory");
    __asm__ volatile("cpsie i" ::: "memory");
}

void board_led(enum board_led led, bool on)
{
    static const uint8_t pin[] = {
        [BOARD_LED_READ] = LED_READ,
        [BOARD_LED_WRITE] = LED_WRITE,
        [BOARD_LED_ERROR] = LED_ERROR,
    };
    PINS(PORT_F, (uint32_t)pin[led]) = on ? pin[led] : 0;
}

_Noreturn void board_restart(void)
{
    AIRCR = AIRCR_RESET;
    for (;;)
        ;
}

/* --- what card_spi.c needs --- */

void board_spi_speed(uint32_t hz)
{
    pl022_start(SSI0_BASE, BOARD_CLOCK_HZ, hz);
}

void board_spi_select(bool on)
{
    PINS(PORT_D, CARD_SELECT) = on ? 0 : CARD_SELECT;
}

void board_spi_transfer(const uint8_t *tx, uint8_t *rx, size_t n)
{
    pl022_transfer(SSI0_BASE, tx, rx, n);
}
