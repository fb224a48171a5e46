/* SPDX-License-Identifier: MIT
 *
 * show.h: LEDs and display of a board: device/lights.h and device/tm1637.h on the platform's
 * pins.
 *
 * Layer 6, private to src/port/board.
 */
#ifndef TH_BOARD_SHOW_H
#define TH_BOARD_SHOW_H

#include "platform.h"

/* The display's brightness, `lights.brightness`. */
void th_show_start(const struct thimble_settings *s);

/* Around each work of a disk: a long one holds up the loop, so the light is lit before it. */
void th_show_busy(enum thimble_light light, bool busy);

/* An error that is over, and what lasts. */
void th_show_report(enum thimble_lights_error error);
void th_show_error(enum thimble_lights_error error);
void th_show_state(enum thimble_lights_state state);

/* What the display tells, as long as there is no error: traffic, else connections, else the last number of the
 * address.  bytes: moved up to now; wraps. */
struct th_show {
    uint32_t bytes, connections;
    const char *address;
};

/* Each turn, every 30 ms at least. */
void th_show_now(const struct th_show *what);

#endif
