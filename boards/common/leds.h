/* SPDX-License-Identifier: MIT
 *
 * leds.h: the board's LEDs (board.h) as device/lights.h wants them.  The boards have three:
 * there is no ready light.
 */
#ifndef LEDS_H
#define LEDS_H

#include "device/lights.h"

/* Around each work of the disk. */
void leds_busy(enum thimble_light light, bool busy);

/* What lasts, and what is over: see device/lights.h. */
void leds_error(enum thimble_lights_error error);
void leds_report(enum thimble_lights_error error);

/* From the main loop, every 30 ms at least. */
void leds_show(void);

#endif
