/* SPDX-License-Identifier: MIT
 *
 * tm1637.h: a display of four 7-segment digits with a TM1637 on two wires.
 *
 * The wires are open-drain: a pin pulls its wire low or lets go of it, and a resistor pulls it up.  The chip answers each
 * byte by pulling DIO low for one clock.  A display that is absent or broken costs the time of a
 * byte, no more.
 *
 * What is shown: a rate without point is in KB/s, with a point in MB/s ("418", "11.80"); "n  3" is three
 * sessions; "Er 4" is error 4 of lights.h.
 */
#ifndef THIMBLE_DEVICE_TM1637_H
#define THIMBLE_DEVICE_TM1637_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct thimble_tm1637 {
    void *ctx;

    /* True: let go of the wire; false: pull it low. */
    void (*clk)(void *ctx, bool released);
    void (*dio)(void *ctx, bool released);
    /* True: the wire is high. */
    bool (*dio_is_high)(void *ctx);
    /* Half a clock: 2 us at least, 5 to be safe with weak pull-ups. */
    void (*wait)(void *ctx);
};

/* Segments of a digit: bit 0 is a (top), clockwise to 5, 6 is the middle, 7 the point. */
void thimble_tm1637_number(uint8_t segments[4], uint32_t n);        /* 9999 at most */
void thimble_tm1637_rate(uint8_t segments[4], uint32_t bytes_per_s);
void thimble_tm1637_sessions(uint8_t segments[4], uint32_t n);
void thimble_tm1637_error(uint8_t segments[4], uint32_t code);

/* Shows them.  brightness: 0 to 7; 8: dark.  False: the display does not answer. */
bool thimble_tm1637_show(const struct thimble_tm1637 *t, const uint8_t segments[4],
                         uint8_t brightness);

#ifdef __cplusplus
}
#endif

#endif
