/* SPDX-License-Identifier: MIT
 *
 * show.c: see show.h.
 *
 * Layer 6.  A display takes a millisecond to be written; it is, once a second.
 */
#include "which.h"

#if TH_BOARD_ANY

#include <string.h>

#include "../../device/tm1637.h"
#include "show.h"

enum { DISPLAY_MS = 1000 };

static struct thimble_lights lights;
static uint32_t lit, displayed_ms, displayed_bytes;
static uint8_t brightness;

void th_show_start(const struct thimble_settings *s)
{
    brightness = s->lights.brightness;
    thimble_lights_init(&lights, th_board_ms());
}

static void show_lights(void)
{
    static const uint8_t led_of[THIMBLE_LIGHT_COUNT] = {
        [THIMBLE_LIGHT_READY] = TH_LED_READY, [THIMBLE_LIGHT_READ] = TH_LED_READ,
        [THIMBLE_LIGHT_WRITE] = TH_LED_WRITE, [THIMBLE_LIGHT_ERROR] = TH_LED_ERROR,
    };
    uint32_t now = thimble_lights_now(&lights, th_board_ms());
    uint32_t changed = now ^ lit;

    lit = now;
    for (unsigned light = 0; light < THIMBLE_LIGHT_COUNT; light++)
        if (changed >> light & 1)
            th_board_led((enum th_led)led_of[light], now >> light & 1);
}

void th_show_busy(enum thimble_light light, bool busy)
{
    thimble_lights_busy(&lights, light, busy, th_board_ms());
    if (busy)
        show_lights();
}

void th_show_report(enum thimble_lights_error error)
{
    thimble_lights_report(&lights, error);
}

void th_show_error(enum thimble_lights_error error)
{
    thimble_lights_error(&lights, error);
}

void th_show_state(enum thimble_lights_state state)
{
    thimble_lights_state(&lights, state, th_board_ms());
}

/* -------------------------------------------------------------------------------------- */

static void clk(void *ctx, bool released)
{
    (void)ctx;
    th_board_wire(TH_WIRE_CLK, released);
}

static void dio(void *ctx, bool released)
{
    (void)ctx;
    th_board_wire(TH_WIRE_DIO, released);
}

static bool dio_is_high(void *ctx)
{
    (void)ctx;
    return th_board_wire_is_high(TH_WIRE_DIO);
}

static void wait(void *ctx)
{
    (void)ctx;
    th_board_wire_wait();
}

/* What stands behind the last point, as a number. */
static uint32_t last_number(const char *address)
{
    const char *at = strrchr(address, '.');
    uint32_t n = 0;
    while (at && *++at >= '0' && *at <= '9')
        n = n * 10 + (uint32_t)(*at - '0');
    return n;
}

static void show_display(const struct th_show *what, uint32_t passed_ms)
{
    static const struct thimble_tm1637 display = {
        .clk = clk, .dio = dio, .dio_is_high = dio_is_high, .wait = wait,
    };
    uint32_t moved = what->bytes - displayed_bytes;
    uint8_t segments[4];

    if (lights.lasting != THIMBLE_LIGHTS_NO_ERROR)
        thimble_tm1637_error(segments, lights.lasting);
    else if (moved > 0)
        thimble_tm1637_rate(segments, (uint32_t)((uint64_t)moved * 1000 / passed_ms));
    else if (what->connections > 0)
        thimble_tm1637_sessions(segments, what->connections);
    else
        thimble_tm1637_number(segments, last_number(what->address));
    thimble_tm1637_show(&display, segments, brightness);
}

void th_show_now(const struct th_show *what)
{
    uint32_t now_ms = th_board_ms();
    show_lights();
    if (now_ms - displayed_ms < DISPLAY_MS)
        return;
    if (th_board_has_display())
        show_display(what, now_ms - displayed_ms);
    displayed_ms = now_ms;
    displayed_bytes = what->bytes;
}

#else

/* ISO C wants something in every file. */
typedef int th_board_show_is_not_compiled;

#endif
