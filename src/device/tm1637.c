/* SPDX-License-Identifier: MIT
 *
 * tm1637.c: see tm1637.h.  Commands and timing are those of Titan Micro's data sheet.
 *
 * A transfer begins when DIO falls and ends when it rises while CLK is high; between, DIO changes only
 * while CLK is low.  Bits go least significant first.
 */
#include "tm1637.h"

enum {
    DATA_TO_CONSECUTIVE_ADDRESSES = 0x40,
    ADDRESS_0 = 0xc0,
    DISPLAY_ON = 0x88, DISPLAY_OFF = 0x80,

    POINT = 0x80, LETTER_E = 0x79, LETTER_N = 0x54, LETTER_R = 0x50,
};

static const uint8_t digits[10] = {
    0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f,
};

static void begin(const struct thimble_tm1637 *t)
{
    t->dio(t->ctx, true);
    t->clk(t->ctx, true);
    t->wait(t->ctx);
    t->dio(t->ctx, false);
    t->wait(t->ctx);
}

static void end(const struct thimble_tm1637 *t)
{
    t->clk(t->ctx, false);
    t->dio(t->ctx, false);
    t->wait(t->ctx);
    t->clk(t->ctx, true);
    t->wait(t->ctx);
    t->dio(t->ctx, true);
    t->wait(t->ctx);
}

static bool put(const struct thimble_tm1637 *t, uint8_t byte)
{
    for (int i = 0; i < 8; i++) {
        t->clk(t->ctx, false);
        t->dio(t->ctx, byte >> i & 1);
        t->wait(t->ctx);
        t->clk(t->ctx, true);
        t->wait(t->ctx);
    }

    t->clk(t->ctx, false);              /* the chip pulls DIO low from here to the next fall */
    t->dio(t->ctx, true);
    t->wait(t->ctx);
    bool answered = !t->dio_is_high(t->ctx);
    t->clk(t->ctx, true);
    t->wait(t->ctx);
    t->clk(t->ctx, false);
    t->wait(t->ctx);
    return answered;
}

static bool command(const struct thimble_tm1637 *t, uint8_t byte)
{
    begin(t);
    bool answered = put(t, byte);
    end(t);
    return answered;
}

bool thimble_tm1637_show(const struct thimble_tm1637 *t, const uint8_t segments[4],
                         uint8_t brightness)
{
    if (!command(t, DATA_TO_CONSECUTIVE_ADDRESSES))
        return false;

    begin(t);
    bool answered = put(t, ADDRESS_0);
    for (int i = 0; i < 4; i++)
        answered = put(t, segments[i]) && answered;
    end(t);

    uint8_t control = DISPLAY_OFF;
    if (brightness < 8)
        control = (uint8_t)(DISPLAY_ON | brightness);
    return command(t, control) && answered;
}

void thimble_tm1637_number(uint8_t segments[4], uint32_t n)
{
    if (n > 9999)
        n = 9999;
    for (int i = 3; i >= 0; i--) {
        segments[i] = n > 0 || i == 3 ? digits[n % 10] : 0;
        n /= 10;
    }
}

void thimble_tm1637_rate(uint8_t segments[4], uint32_t bytes_per_s)
{
    uint32_t kb = bytes_per_s / 1000;
    if (kb < 10000) {
        thimble_tm1637_number(segments, kb);
    } else if (kb < 100000) {           /* 12.34 */
        thimble_tm1637_number(segments, kb / 10);
        segments[1] |= POINT;
    } else {                            /* 123.4 */
        thimble_tm1637_number(segments, kb / 100);
        segments[2] |= POINT;
    }
}

void thimble_tm1637_sessions(uint8_t segments[4], uint32_t n)
{
    thimble_tm1637_number(segments, n > 999 ? 999 : n);
    segments[0] = LETTER_N;
}

void thimble_tm1637_error(uint8_t segments[4], uint32_t code)
{
    thimble_tm1637_number(segments, code > 99 ? 99 : code);
    segments[0] = LETTER_E;
    segments[1] = LETTER_R;
}
