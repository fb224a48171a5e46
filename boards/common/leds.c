/* SPDX-License-Identifier: MIT
 *
 * leds.c: see leds.h.
 */
#include "leds.h"

#include "board.h"

static struct thimble_lights lights;
static uint32_t shown;

void leds_show(void)
{
    static const uint8_t light_of[] = {
        [BOARD_LED_READ] = THIMBLE_LIGHT_READ,
        [BOARD_LED_WRITE] = THIMBLE_LIGHT_WRITE,
        [BOARD_LED_ERROR] = THIMBLE_LIGHT_ERROR,
    };
    uint32_t now = thimble_lights_now(&lights, board_ms());
    uint32_t changed = now ^ shown;

    shown = now;
    for (unsigned led = 0; led < sizeof light_of; led++)
        if (changed >> light_of[led] & 1)
            board_led((enum board_led)led, now >> light_of[led] & 1);
}

/* A long work of the disk holds up the main loop, so the light is lit before it. */
void leds_busy(enum thimble_light light, bool busy)
{
    thimble_lights_busy(&lights, light, busy, board_ms());
    if (busy)
        leds_show();
}

void leds_error(enum thimble_lights_error error)
{
    thimble_lights_error(&lights, error);
}

void leds_report(enum thimble_lights_error error)
{
    thimble_lights_report(&lights, error);
}
