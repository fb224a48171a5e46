/* SPDX-License-Identifier: MIT
 *
 * pins.c: see pins.h.
 *
 * Layer 6.
 */
#include "pins.h"

#include "which.h"

#if TH_BOARD_TEENSY || TH_BOARD_ESP32 || TH_BOARD_PICO

_Static_assert((int)THIMBLE_PIN_LED_READY + (int)TH_LED_COUNT == (int)THIMBLE_PIN_DISPLAY_CLK &&
               (int)THIMBLE_PIN_DISPLAY_CLK + (int)TH_WIRE_DIO == (int)THIMBLE_PIN_DISPLAY_DIO, "the order of th_pins_take()");

struct th_pins th_pins = { .led = { -1, -1, -1, -1 }, .wire = { -1, -1 } };

void th_pins_take(const struct thimble_settings *s, const int own[TH_PINS_OWN], bool (*usable)(int pin))
{
    th_pins.low_is_on = s->lights.active == 2;
    for (int i = 0; i < TH_PINS_OWN; i++) {
        int pin = thimble_settings_pin(s, (enum thimble_settings_pin)(THIMBLE_PIN_LED_READY + i), own[i]);
        if (pin >= 0 && !usable(pin)) {
            th_board_log(TH_LOG_WARNING, "pins: pin %d is not to be had on this board", pin);
            pin = -1;
        }
        *(i < TH_LED_COUNT ? &th_pins.led[i] : &th_pins.wire[i - TH_LED_COUNT]) = pin;
    }
}

#else

/* ISO C wants something in every file. */
typedef int th_pins_are_not_compiled;

#endif
