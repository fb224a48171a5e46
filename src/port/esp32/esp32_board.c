/* SPDX-License-Identifier: MIT
 *
 * esp32_board.c: ESP32, ESP32-S3 and ESP32-C3 for board.c: console, LEDs, watchdog, random bytes, memory,
 * and the task in which everything runs.
 *
 * Layer 6.
 */
#include "esp32.h"

#if TH_BOARD_ESP32

#include <bootloader_random.h>
#include <driver/gpio.h>
#include <esp_attr.h>
#include <esp_heap_caps.h>
#include <esp_random.h>
#include <esp_rom_sys.h>
#include <esp_system.h>
#include <esp_task_wdt.h>
#include <esp_timer.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <stdio.h>

#include "../board/pins.h"

#if THIMBLE_BOARD_ETHERNET
const char th_board_name[] = CONFIG_IDF_TARGET " with Ethernet";
#else
const char th_board_name[] = CONFIG_IDF_TARGET;
#endif

#ifndef THIMBLE_BOARD_LED_READY
#define THIMBLE_BOARD_LED_READY ((const int[])TH_LED_PINS)[TH_LED_READY]
#endif
#ifndef THIMBLE_BOARD_LED_READ
#define THIMBLE_BOARD_LED_READ ((const int[])TH_LED_PINS)[TH_LED_READ]
#endif
#ifndef THIMBLE_BOARD_LED_WRITE
#define THIMBLE_BOARD_LED_WRITE ((const int[])TH_LED_PINS)[TH_LED_WRITE]
#endif
#ifndef THIMBLE_BOARD_LED_ERROR
#define THIMBLE_BOARD_LED_ERROR ((const int[])TH_LED_PINS)[TH_LED_ERROR]
#endif
#ifndef THIMBLE_BOARD_DISPLAY_CLK
#define THIMBLE_BOARD_DISPLAY_CLK ((const int[])TH_DISPLAY_PINS)[TH_WIRE_CLK]
#endif
#ifndef THIMBLE_BOARD_DISPLAY_DIO
#define THIMBLE_BOARD_DISPLAY_DIO ((const int[])TH_DISPLAY_PINS)[TH_WIRE_DIO]
#endif

static bool watched;
static void (*turn_of_task)(void);

void th_board_start(void)
{
}

uint32_t th_board_ms(void)
{
    return (uint32_t)(esp_timer_get_time() / 1000);
}

/* The console makes CR LF of a line feed by itself. */
void th_board_write(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\r')
            putchar(text[i]);
    fflush(stdout);
}

/* --------------------------------------------------------------------------------------
 * Pins
 */
static bool is_output(int pin)
{
    return GPIO_IS_VALID_OUTPUT_GPIO(pin);
}

static void make_output(int pin, gpio_mode_t mode)
{
    const gpio_config_t c = {
        .pin_bit_mask = UINT64_C(1) << pin,
        .mode = mode,
        .pull_up_en = mode == GPIO_MODE_INPUT_OUTPUT_OD ? GPIO_PULLUP_ENABLE : GPIO_PULLUP_DISABLE,
    };
    gpio_config(&c);
}

void th_board_pins(const struct thimble_settings *s)
{
    const int own[TH_PINS_OWN] = { THIMBLE_BOARD_LED_READY, THIMBLE_BOARD_LED_READ, THIMBLE_BOARD_LED_WRITE,
                                   THIMBLE_BOARD_LED_ERROR, THIMBLE_BOARD_DISPLAY_CLK, THIMBLE_BOARD_DISPLAY_DIO };
    th_pins_take(s, own, is_output);
    for (int led = 0; led < TH_LED_COUNT; led++) {
        if (th_pins.led[led] < 0)
            continue;
        th_board_led((enum th_led)led, false);
        make_output(th_pins.led[led], GPIO_MODE_OUTPUT);
    }
    for (int wire = 0; wire < 2 && th_board_has_display(); wire++) {
        th_board_wire((enum th_wire)wire, true);
        make_output(th_pins.wire[wire], GPIO_MODE_INPUT_OUTPUT_OD);
    }
    if (s->card.speed_mhz)
        th_esp32_card_speed(s->card.speed_mhz);
}

void th_board_led(enum th_led led, bool on)
{
    if (th_pins.led[led] >= 0)
        gpio_set_level((gpio_num_t)th_pins.led[led], on != th_pins.low_is_on);
}

bool th_board_has_display(void)
{
    return th_pins_have_display();
}

void th_board_wire(enum th_wire wire, bool released)
{
    gpio_set_level((gpio_num_t)th_pins.wire[wire], released);
}

bool th_board_wire_is_high(enum th_wire wire)
{
    return gpio_get_level((gpio_num_t)th_pins.wire[wire]) != 0;
}

void th_board_wire_wait(void)
{
    esp_rom_delay_us(5);
}

/* --------------------------------------------------------------------------------------
 * The task.  The radio's tasks are on core 0, unless ESP-IDF's configuration says otherwise; this one has the other
 * core where there is one.  A sketch's loop(), or app_main(), goes on beside it.
 */
static void run_turns(void *unused)
{
    (void)unused;
    for (;;)
        turn_of_task();
}

bool th_board_task(void (*turn)(void))
{
#if defined(CONFIG_FREERTOS_UNICORE) || defined(CONFIG_ESP_WIFI_TASK_PINNED_TO_CORE_1)
    const BaseType_t core = 0;
#else
    const BaseType_t core = 1;
#endif
    if (!turn_of_task) {
        turn_of_task = turn;
        if (xTaskCreatePinnedToCore(run_turns, "thimble", THIMBLE_BOARD_STACK_BYTES, NULL,
                                    THIMBLE_BOARD_PRIORITY, NULL, core) != pdPASS) {
            turn_of_task = NULL;
            return false;
        }
    }
    vTaskDelay(1);                      /* the caller has nothing to wait for, nor to hurry */
    return true;
}

void th_board_idle(uint32_t ms)
{
    if (ms > 0 && !th_transport_sleep(ms))
        vTaskDelay(pdMS_TO_TICKS(ms) + 1);
}

/* --------------------------------------------------------------------------------------
 * Watchdog
 */

/* Of the tasks only ours is watched from here on: what a sketch does with the idle task's time is its own matter. */
void th_board_watchdog_start(uint32_t ms)
{
    const esp_task_wdt_config_t c = { .timeout_ms = ms, .trigger_panic = true };
    esp_err_t err = esp_task_wdt_init(&c);
    if (err == ESP_ERR_INVALID_STATE)   /* it runs already, as ESP-IDF's configuration says */
        err = esp_task_wdt_reconfigure(&c);
    if (err == ESP_OK)
        err = esp_task_wdt_add(NULL);
    watched = err == ESP_OK;
    if (!watched)
        th_board_log(TH_LOG_WARNING, "watchdog: it does not start: error 0x%x", (unsigned)err);
}

/* Before that somebody else's may run, which wants the idle task to get its turn. */
void th_board_watchdog_feed(void)
{
    if (watched)
        esp_task_wdt_reset();
    else
        vTaskDelay(1);
}

bool th_board_was_stuck(void)
{
    switch (esp_reset_reason()) {
    case ESP_RST_TASK_WDT:
    case ESP_RST_INT_WDT:
    case ESP_RST_WDT:
    case ESP_RST_PANIC:
        return true;
    default:
        return false;
    }
}

/* Kept over every restart, filled with anything when power comes; the upper bytes tell that it is ours. */
enum { STRIKES_MARK = 0x54484d00 };
static RTC_NOINIT_ATTR uint32_t strikes;

uint8_t th_board_strikes(void)
{
    return (strikes & 0xffffff00) == STRIKES_MARK ? (uint8_t)strikes : 0;
}

void th_board_set_strikes(uint8_t n)
{
    strikes = STRIKES_MARK | n;
}

/* --------------------------------------------------------------------------------------
 * Random bytes and memory
 */

/* The generator is fed by the radio's noise, or, while there is no radio, by that of the analogue converter. */
bool th_board_random(void *buf, size_t len)
{
#if THIMBLE_BOARD_ETHERNET
    bootloader_random_enable();
#endif
    esp_fill_random(buf, len);
#if THIMBLE_BOARD_ETHERNET
    bootloader_random_disable();
#endif
    return true;
}

void *th_board_memory(size_t bytes)
{
    size_t room = heap_caps_get_free_size(MALLOC_CAP_DMA);
    if (room < THIMBLE_BOARD_HEAP_BYTES || bytes > room - THIMBLE_BOARD_HEAP_BYTES)
        return NULL;
    return heap_caps_aligned_calloc(32, 1, bytes, MALLOC_CAP_DMA);
}

size_t th_board_psram_bytes(void)
{
    return heap_caps_get_largest_free_block(MALLOC_CAP_SPIRAM);
}

void *thimble_board_psram(size_t bytes)
{
    void *memory = heap_caps_calloc(1, bytes, MALLOC_CAP_SPIRAM);
    if (!memory)
        th_board_log(TH_LOG_ERROR, "psram: %lu bytes wanted, %lu are there", (unsigned long)bytes,
                     (unsigned long)th_board_psram_bytes());
    return memory;
}

#else

/* ISO C wants something in every file. */
typedef int th_esp32_board_is_not_compiled;

#endif
