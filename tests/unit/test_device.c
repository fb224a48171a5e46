/* SPDX-License-Identifier: MIT
 *
 * test_device.c: what a person sees of a board, and how long it waits between tries (src/device/).
 *
 * The display's two wires are decoded as the chip would, edge by edge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/backoff.h"
#include "device/lights.h"
#include "device/tm1637.h"
#include "port/board/card_watch.h"

/* --------------------------------------------------------------------------------------
 * Lights
 */

static struct thimble_lights lights;

static bool is_lit(enum thimble_light light, uint32_t now_ms)
{
    return thimble_lights_now(&lights, now_ms) >> light & 1;
}

/* How often a light goes on in [from_ms, from_ms + for_ms), and for how many ms it is on. */
static uint32_t blinks(enum thimble_light light, uint32_t from_ms, uint32_t for_ms, uint32_t *on_ms)
{
    uint32_t n = 0;
    bool was = false;
    *on_ms = 0;
    for (uint32_t i = 0; i < for_ms; i++) {
        bool is = is_lit(light, from_ms + i);
        n += is && !was;
        *on_ms += is;
        was = is;
    }
    return n;
}

static void test_the_ready_light_tells_the_state(void **state)
{
    static const struct { enum thimble_lights_state state; uint32_t blinks, on_ms; } cases[] = {
        { THIMBLE_LIGHTS_OFF, 0, 0 },
        { THIMBLE_LIGHTS_NO_CARD, 20, 2000 },
        { THIMBLE_LIGHTS_NO_NETWORK, 4, 2000 },
        { THIMBLE_LIGHTS_SERVING, 1, 4000 },
    };
    uint32_t now_ms = UINT32_MAX - 6000, on_ms;     /* the clock wraps meanwhile */
    (void)state;
    thimble_lights_init(&lights, now_ms);
    for (unsigned i = 0; i < 4; i++, now_ms += 4000) {
        thimble_lights_state(&lights, cases[i].state, now_ms);
        assert_int_equal(blinks(THIMBLE_LIGHT_READY, now_ms, 4000, &on_ms), cases[i].blinks);
        assert_int_equal(on_ms, cases[i].on_ms);
    }
}

static void test_a_short_burst_is_seen_for_30_ms(void **state)
{
    uint32_t on_ms;
    (void)state;
    thimble_lights_init(&lights, 0);
    thimble_lights_busy(&lights, THIMBLE_LIGHT_READ, true, 5);
    thimble_lights_busy(&lights, THIMBLE_LIGHT_READ, false, 5);
    assert_int_equal(blinks(THIMBLE_LIGHT_READ, 5, 100, &on_ms), 1);
    assert_int_equal(on_ms, 30);
    assert_false(is_lit(THIMBLE_LIGHT_WRITE, 20));

    thimble_lights_busy(&lights, THIMBLE_LIGHT_WRITE, true, 200);   /* a long one as long as it is */
    assert_int_equal(blinks(THIMBLE_LIGHT_WRITE, 200, 500, &on_ms), 1);
    assert_int_equal(on_ms, 500);
    thimble_lights_busy(&lights, THIMBLE_LIGHT_WRITE, false, 700);
    assert_false(is_lit(THIMBLE_LIGHT_WRITE, 700));
    assert_false(is_lit(THIMBLE_LIGHT_READ, 49 * 86400000u));       /* not again when time wraps */
    assert_false(is_lit(THIMBLE_LIGHT_READ, 7));
}

static void test_an_error_blinks_its_number(void **state)
{
    uint32_t on_ms;
    (void)state;
    for (uint32_t code = 1; code < THIMBLE_LIGHTS_ERROR_COUNT; code++) {
        thimble_lights_init(&lights, 0);
        assert_int_equal(blinks(THIMBLE_LIGHT_ERROR, 0, 3000, &on_ms), 0);
        thimble_lights_error(&lights, (enum thimble_lights_error)code);
        uint32_t period_ms = code * 400 + 1200;
        for (uint32_t i = 0; i < 3; i++) {
            assert_int_equal(blinks(THIMBLE_LIGHT_ERROR, 3000 + i * period_ms, period_ms, &on_ms),
                             code);
            assert_int_equal(on_ms, code * 200);
        }
        assert_string_not_equal(thimble_lights_text((enum thimble_lights_error)code), "unknown");
    }
}

static void test_a_passing_error_is_shown_once(void **state)
{
    uint32_t on_ms;
    (void)state;
    thimble_lights_init(&lights, 0);
    thimble_lights_report(&lights, THIMBLE_LIGHTS_CARD_FAILED);
    assert_int_equal(blinks(THIMBLE_LIGHT_ERROR, 0, 20000, &on_ms), 2);

    /* Before what lasts, which is never cut in its middle. */
    thimble_lights_error(&lights, THIMBLE_LIGHTS_FILE_MISSING);
    assert_int_equal(blinks(THIMBLE_LIGHT_ERROR, 20000, 500, &on_ms), 2);
    thimble_lights_report(&lights, THIMBLE_LIGHTS_CARD_FAILED);
    assert_int_equal(blinks(THIMBLE_LIGHT_ERROR, 20600, 1799, &on_ms), 1);
    assert_int_equal(blinks(THIMBLE_LIGHT_ERROR, 22400, 2000, &on_ms), 2);
    assert_int_equal(blinks(THIMBLE_LIGHT_ERROR, 24400, 2400, &on_ms), 3);
    thimble_lights_error(&lights, THIMBLE_LIGHTS_NO_ERROR);
    assert_int_equal(blinks(THIMBLE_LIGHT_ERROR, 26800, 9000, &on_ms), 0);
}

/* --------------------------------------------------------------------------------------
 * TM1637
 */

/* The chip: sees the wires, collects transfers, acknowledges. */
static struct {
    bool clk, dio, pulls, in_transfer, absent;
    unsigned bit;
    uint8_t byte, bytes[8];
    unsigned n, transfers, waits_since_edge;
    uint8_t digit[4], control;
} chip;

static bool wire(void)
{
    return chip.dio && !chip.pulls;
}

static void transfer_ends(void)
{
    chip.transfers++;
    assert_int_equal(chip.bit, 0);
    if (chip.n == 1 && chip.bytes[0] >= 0x80 && chip.bytes[0] < 0xc0)
        chip.control = chip.bytes[0];
    else if (chip.n == 1)
        assert_int_equal(chip.bytes[0], 0x40);
    else {
        assert_int_equal(chip.n, 5);
        assert_int_equal(chip.bytes[0], 0xc0);
        memcpy(chip.digit, chip.bytes + 1, 4);
    }
    chip.in_transfer = false;
}

static void set_clk(void *ctx, bool released)
{
    (void)ctx;
    if (released == chip.clk)
        return;
    assert_true(chip.waits_since_edge > 0);
    chip.waits_since_edge = 0;
    chip.clk = released;
    if (!chip.in_transfer)
        return;
    if (released && chip.bit < 8) {
        chip.byte = (uint8_t)(chip.byte | (unsigned)wire() << chip.bit);
        chip.bit++;
    } else if (released && chip.bit == 8 && chip.pulls) {
        chip.bit = 9;
    } else if (released && chip.bit == 8 && chip.absent) {
        chip.bit = 9;
    } else if (!released && chip.bit == 8) {
        chip.pulls = !chip.absent;
    } else if (!released && chip.bit == 9) {
        chip.pulls = false;
        assert_true(chip.n < sizeof chip.bytes);
        chip.bytes[chip.n++] = chip.byte;
        chip.bit = 0;
        chip.byte = 0;
    }
}

static void set_dio(void *ctx, bool released)
{
    (void)ctx;
    bool before = wire();
    chip.dio = released;
    if (wire() == before || !chip.clk)
        return;
    if (!wire()) {                      /* falls while CLK is high */
        assert_false(chip.in_transfer);
        chip.in_transfer = true;
        chip.bit = chip.n = 0;
        chip.byte = 0;
    } else {
        /* The rise of CLK before it looked like a bit. */
        assert_true(chip.in_transfer);
        assert_int_equal(chip.bit, 1);
        chip.bit = 0;
        transfer_ends();
    }
}

static bool dio_is_high(void *ctx)
{
    (void)ctx;
    return wire();
}

static void wait_half(void *ctx)
{
    (void)ctx;
    chip.waits_since_edge++;
}

static const struct thimble_tm1637 display = {
    .clk = set_clk, .dio = set_dio, .dio_is_high = dio_is_high, .wait = wait_half,
};

static void reset_chip(void)
{
    memset(&chip, 0, sizeof chip);
    chip.clk = chip.dio = true;
}

static void test_the_display_gets_every_bit(void **state)
{
    uint8_t segments[4];
    (void)state;
    reset_chip();
    for (unsigned i = 0; i < 256; i++) {
        for (unsigned k = 0; k < 4; k++)
            segments[k] = (uint8_t)(i * (k + 1) + k);
        assert_true(thimble_tm1637_show(&display, segments, (uint8_t)(i % 9)));
        assert_memory_equal(chip.digit, segments, 4);
        assert_int_equal(chip.control, i % 9 == 8 ? 0x80 : 0x88 + i % 9);
        assert_int_equal(chip.transfers, 3 * (i + 1));
        assert_true(chip.clk && chip.dio && !chip.in_transfer);
    }
}

static void test_an_absent_display_is_noticed(void **state)
{
    const uint8_t segments[4] = { 0 };
    (void)state;
    reset_chip();
    chip.absent = true;
    assert_false(thimble_tm1637_show(&display, segments, 3));
    assert_int_equal(chip.transfers, 1);
}

/* Segments as characters, a point after its digit. */
static const char *read_digits(const uint8_t segments[4])
{
    static const struct { uint8_t segments; char c; } font[] = {
        { 0x3f, '0' }, { 0x06, '1' }, { 0x5b, '2' }, { 0x4f, '3' }, { 0x66, '4' }, { 0x6d, '5' },
        { 0x7d, '6' }, { 0x07, '7' }, { 0x7f, '8' }, { 0x6f, '9' }, { 0x79, 'E' }, { 0x50, 'r' },
        { 0x54, 'n' }, { 0x00, ' ' },
    };
    static char text[9];
    char *to = text;
    for (unsigned i = 0; i < 4; i++) {
        char c = '?';
        for (unsigned k = 0; k < sizeof font / sizeof *font; k++)
            if (font[k].segments == (segments[i] & 0x7f))
                c = font[k].c;
        *to++ = c;
        if (segments[i] & 0x80)
            *to++ = '.';
    }
    *to = '\0';
    return text;
}

static void test_what_is_shown_can_be_read(void **state)
{
    static const struct { uint32_t bytes_per_s; const char *text; } rates[] = {
        { 0, "   0" }, { 999, "   0" }, { 418000, " 418" }, { 9999999, "9999" },
        { 11800000, "11.80" }, { 99999999, "99.99" }, { 117400000, "117.4" },
        { UINT32_MAX, "999.9" },
    };
    uint8_t segments[4];
    (void)state;
    for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
        thimble_tm1637_rate(segments, rates[i].bytes_per_s);
        assert_string_equal(read_digits(segments), rates[i].text);
    }
    thimble_tm1637_sessions(segments, 3);
    assert_string_equal(read_digits(segments), "n  3");
    thimble_tm1637_sessions(segments, 5000);
    assert_string_equal(read_digits(segments), "n999");
    thimble_tm1637_error(segments, 4);
    assert_string_equal(read_digits(segments), "Er 4");
}

/* --------------------------------------------------------------------------------------
 * Back-off
 */

static void test_waits_double_up_to_the_limit(void **state)
{
    static const uint32_t whole_ms[] = { 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000 };
    struct thimble_backoff b;
    (void)state;
    for (uint32_t random = 0; random < 40000; random += 7) {
        thimble_backoff_init(&b, 500, 15000);
        for (unsigned i = 0; i < 8; i++) {
            uint32_t ms = thimble_backoff_next(&b, random + i);
            assert_in_range(ms, whole_ms[i] / 2, whole_ms[i]);
        }
        thimble_backoff_reset(&b);
        assert_in_range(thimble_backoff_next(&b, random), 250, 500);
    }
}

static void test_waits_differ_and_never_overflow(void **state)
{
    struct thimble_backoff b;
    uint32_t least = UINT32_MAX, most = 0;
    (void)state;
    for (uint32_t random = 0; random < 1000; random++) {
        thimble_backoff_init(&b, 1000, UINT32_MAX);
        uint32_t ms = thimble_backoff_next(&b, random * 2654435761u);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    assert_in_range(least, 500, 520);
    assert_in_range(most, 980, 1000);

    for (unsigned i = 0; i < 100; i++)
        assert_true(thimble_backoff_next(&b, 0) >= 1000);
    assert_int_equal(thimble_backoff_next(&b, 0), UINT32_MAX);
    thimble_backoff_init(&b, 0, 0);
    assert_int_equal(thimble_backoff_next(&b, 12345), 1);
}

/* Looked after each second, looked for after 1, 2, 4, 8, 16, 16 ... seconds; told once. */
static void test_a_card_is_watched(void **state)
{
    struct th_card_watch w = { .looked_ms = UINT32_MAX - 100 };
    uint32_t now_ms = w.looked_ms;
    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        uint32_t pause_ms = 1000u << (i < 4 ? i : 4);
        assert_false(th_card_watch_is_due(&w, now_ms + pause_ms - 1));
        assert_true(th_card_watch_is_due(&w, now_ms += pause_ms));
        assert_false(th_card_watch_is_due(&w, now_ms));
        th_card_watch_tried(&w, i == 6);
        assert_int_equal(th_card_watch_news(&w), i == 6);
    }
    assert_true(w.present && !th_card_watch_news(&w));
    assert_false(th_card_watch_is_due(&w, now_ms + 999));
    assert_true(th_card_watch_is_due(&w, now_ms += 1000));
    th_card_watch_gone(&w);
    assert_true(!w.present && th_card_watch_news(&w) && !th_card_watch_news(&w));
    assert_true(th_card_watch_is_due(&w, now_ms + 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_ready_light_tells_the_state),
        cmocka_unit_test(test_a_short_burst_is_seen_for_30_ms),
        cmocka_unit_test(test_an_error_blinks_its_number),
        cmocka_unit_test(test_a_passing_error_is_shown_once),
        cmocka_unit_test(test_the_display_gets_every_bit),
        cmocka_unit_test(test_an_absent_display_is_noticed),
        cmocka_unit_test(test_what_is_shown_can_be_read),
        cmocka_unit_test(test_waits_double_up_to_the_limit),
        cmocka_unit_test(test_waits_differ_and_never_overflow),
        cmocka_unit_test(test_a_card_is_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
