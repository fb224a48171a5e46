/* SPDX-License-Identifier: MIT
 *
 * pins.h: LEDs and display of boards whose pins are numbers: which pins they are, by thimble.ini's [pins] and the board's own.
 * The platform drives them.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_PINS_H
#define TH_BOARD_PINS_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of the board's own, in this order: the LEDs of enum th_led, the wires of enum th_wire. */
enum { TH_PINS_OWN = TH_LED_COUNT + 2 };

struct th_pins {
    int  led[TH_LED_COUNT], wire[2];    /* -1: none */
    bool low_is_on;
};

/* Before th_pins_take() there are none. */
extern struct th_pins th_pins;

/* usable: this board has such a pin, and can drive it; one that is not is told and left out. */
void th_pins_take(const struct thimble_settings *s, const int own[TH_PINS_OWN], bool (*usable)(int pin));

static inline bool th_pins_have_display(void)
{
    return th_pins.wire[TH_WIRE_CLK] >= 0 && th_pins.wire[TH_WIRE_DIO] >= 0;
}

#ifdef __cplusplus
}
#endif

#endif
