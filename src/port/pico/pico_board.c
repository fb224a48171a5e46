/* SPDX-License-Identifier: MIT
 *
 * pico_board.c: an RP2040 board for board.c: serial line, LEDs, display, watchdog, random bytes, memory.
 *
 * Layer 6.
 */
#include "pico.h"

#if TH_BOARD_PICO

#include <hardware/gpio.h>
#include <hardware/watchdog.h>
#if TH_BOARD_SETUP && !defined(ARDUINO)
#include <pico/flash.h>
#endif
#include <pico/rand.h>
#include <pico/stdlib.h>
#include <stdlib.h>
#include <string.h>

#include "../board/pins.h"
#include "../board/remote.h"

#if TH_PICO_WIFI
const char th_board_name[] = "Raspberry Pi Pico W";
#else
const char th_board_name[] = "Pico with W5500";
#endif

enum { WATCHDOG_MAX_MS = 8300, WIRE_WAIT_US = 5 };

static bool watchdog_runs;

/* --------------------------------------------------------------------------------------
 * Serial line, time
 */

#ifdef ARDUINO

void th_board_start(void)
{
    th_pico_serial_begin();
}

void th_board_write(const char *text, size_t len)
{
    th_pico_serial_write(text, len);
}

#else

void th_board_start(void)
{
    stdio_init_all();                   /* UART, USB or both: as the firmware's build says */
}

void th_board_write(const char *text, size_t len)
{
    stdio_put_string(text, (int)len, false, false);
}

#endif

uint32_t th_board_ms(void)
{
    return to_ms_since_boot(get_absolute_time());
}

bool th_board_task(void (*turn)(void))
{
    (void)turn;
    return false;
}

/* Frames are looked for all the time. */
void th_board_idle(uint32_t ms)
{
    (void)ms;
}

/* --------------------------------------------------------------------------------------
 * Pins
 */

/* GP23, 24, 25 and 29 are the radio's, or the supply's and the LED's. */
bool th_pico_pin_is_free(int pin)
{
    return pin >= 0 && pin <= 28 && !(pin >= 23 && pin <= 25);
}

void th_board_pins(const struct thimble_settings *s)
{
    const int own[TH_PINS_OWN] = { THIMBLE_BOARD_LED_READY, THIMBLE_BOARD_LED_READ, THIMBLE_BOARD_LED_WRITE,
                                   THIMBLE_BOARD_LED_ERROR, THIMBLE_BOARD_DISPLAY_CLK, THIMBLE_BOARD_DISPLAY_DIO };
    th_pins_take(s, own, th_pico_pin_is_free);
    for (int led = 0; led < TH_LED_COUNT; led++) {
        if (th_pins.led[led] < 0)
            continue;
        gpio_init((uint)th_pins.led[led]);
        th_board_led((enum th_led)led, false);
        gpio_set_dir((uint)th_pins.led[led], GPIO_OUT);
    }
    for (int wire = 0; wire < 2 && th_board_has_display(); wire++) {
        gpio_init((uint)th_pins.wire[wire]);    /* an input; low when it is made an output */
        gpio_pull_up((uint)th_pins.wire[wire]);
    }
    if (s->card.speed_mhz)
        th_pico_card_limit(s->card.speed_mhz * UINT32_C(1000000));
}

void th_board_led(enum th_led led, bool on)
{
    if (th_pins.led[led] >= 0)
        gpio_put((uint)th_pins.led[led], on != th_pins.low_is_on);
    if (led == TH_LED_READY)
        th_pico_radio_led(on);
}

bool th_board_has_display(void)
{
    return th_pins_have_display();
}

void th_board_wire(enum th_wire wire, bool released)
{
    gpio_set_dir((uint)th_pins.wire[wire], released ? GPIO_IN : GPIO_OUT);
}

bool th_board_wire_is_high(enum th_wire wire)
{
    return gpio_get((uint)th_pins.wire[wire]);
}

void th_board_wire_wait(void)
{
    busy_wait_us_32(WIRE_WAIT_US);
}

/* --------------------------------------------------------------------------------------
 * Watchdog
 */

void th_board_watchdog_start(uint32_t ms)
{
    watchdog_enable(ms < WATCHDOG_MAX_MS ? ms : WATCHDOG_MAX_MS, true);
    watchdog_runs = true;
}

void th_board_watchdog_feed(void)
{
    if (watchdog_runs)
        watchdog_update();
}

/* Not a restart that was asked for, such as the one after flashing. */
bool th_board_was_stuck(void)
{
    return watchdog_enable_caused_reboot();
}

/* A register that the watchdog's restart leaves alone; pico-sdk uses 4 to 7 of them.  The upper bytes tell that it is
 * ours. */
#define STRIKES watchdog_hw->scratch[3]
#define STRIKES_MARK UINT32_C(0x54484d00)

uint8_t th_board_strikes(void)
{
    uint32_t kept = STRIKES;
    return (kept & 0xffffff00) == STRIKES_MARK ? (uint8_t)kept : 0;
}

void th_board_set_strikes(uint8_t n)
{
    STRIKES = STRIKES_MARK | n;
}

#if TH_BOARD_SETUP

void th_board_restart(void)
{
    watchdog_reboot(0, 0, 0);
    for (;;)
        tight_loop_contents();
}

#ifndef ARDUINO

bool th_pico_with_flash(void (*write)(void *arg), void *arg)
{
    return flash_safe_execute(write, arg, UINT32_MAX) == PICO_OK;
}

#endif

#endif

/* --------------------------------------------------------------------------------------
 * Random bytes, memory
 */

/* pico_rand mixes the ring oscillator's noise, the clock, the board's number and more; it is not a certified source. */
bool th_board_random(void *buf, size_t len)
{
    uint8_t *to = buf;
    while (len > 0) {
        uint32_t bits = get_rand_32();
        size_t n = len < sizeof bits ? len : sizeof bits;
        memcpy(to, &bits, n);
        to += n;
        len -= n;
    }
    return true;
}

struct thimble_block *thimble_board_flash(void)
{
    return NULL;
}

size_t th_board_psram_bytes(void)
{
    return 0;
}

void *thimble_board_psram(size_t bytes)
{
    th_board_log(TH_LOG_ERROR, "psram: %lu bytes wanted, there is none", (unsigned long)bytes);
    return NULL;
}

/* pico-sdk's malloc stops the program when there is no memory, so it is asked only for what is surely there.  What it gives
 * is aligned to 8 bytes, and the DMA wants no more. */
void *th_board_memory(size_t bytes)
{
    extern char __end__, __StackLimit;  /* of the linker script: the heap */
    enum { KEPT = 8192, OVERHEAD = 16 };        /* for the C library and the sketch; of each piece */
    static size_t given;
    size_t heap = (size_t)(&__StackLimit - &__end__);

    if (heap < KEPT + OVERHEAD + given || bytes > heap - KEPT - OVERHEAD - given)
        return NULL;
    given += bytes + OVERHEAD;
    return calloc(1, bytes);
}

#else

/* ISO C wants something in every file. */
typedef int th_pico_board_is_not_compiled;

#endif
