/* SPDX-License-Identifier: MIT
 *
 * test_w5500.c: the driver of the Ethernet chip against the model of it.
 *
 * First what a healthy chip does, then lengths that a broken or hostile chip tells, then each failure by itself,
 * and at last every failure at every byte of a scenario: each call must end in time, no frame may be longer
 * than a frame is, and when the failure is over, frames must go both ways again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "w5500_model.h"

static struct w5500_model chip;
static struct thimble_w5500 w;

static void fill(uint8_t *frame, size_t len, unsigned number)
{
    for (size_t i = 0; i < len; i++)
        frame[i] = (uint8_t)((i * 31 + number * 7) ^ (number >> 3));
}

static bool start(void)
{
    struct thimble_w5500_config config;
    w5500_model_make(&chip);
    config = w5500_model_config(&chip);
    return thimble_w5500_init(&w, &config);
}

static int setup(void **state)
{
    (void)state;
    assert_true(start());
    thimble_w5500_poll(&w);
    assert_true(w.link);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    assert_false(chip.hung);
    return 0;
}

static void arrive(size_t len, unsigned number)
{
    uint8_t frame[W5500_FRAME_ROOM];
    fill(frame, len, number);
    assert_true(w5500_model_arrive(&chip, frame, len, 0));
}

/* Takes the next frame in pieces of at most `piece`, into memory of exactly its size. */
static size_t receive(uint8_t **frame, size_t piece)
{
    size_t len = thimble_w5500_receive(&w);
    *frame = NULL;
    if (len == 0)
        return 0;
    assert_true(len <= THIMBLE_W5500_FRAME_MAX);
    *frame = malloc(len);
    for (size_t at = 0; at < len; at += piece)
        thimble_w5500_take(&w, *frame + at, len - at < piece ? len - at : piece);
    thimble_w5500_received(&w);
    return len;
}

static void expect_frame(size_t len, unsigned number, size_t piece)
{
    uint8_t want[W5500_FRAME_ROOM], *got;
    fill(want, len, number);
    assert_int_equal(receive(&got, piece), len);
    assert_memory_equal(got, want, len);
    free(got);
}

static bool send(size_t len, unsigned number, size_t piece)
{
    uint8_t frame[W5500_FRAME_ROOM];
    fill(frame, len, number);
    if (!thimble_w5500_send(&w, len))
        return false;
    for (size_t at = 0; at < len; at += piece)
        thimble_w5500_put(&w, frame + at, len - at < piece ? len - at : piece);
    thimble_w5500_sent(&w);
    return true;
}

static void expect_sent(size_t len, unsigned number)
{
    uint8_t want[W5500_FRAME_ROOM] = { 0 };
    fill(want, len, number);
    assert_int_equal(chip.out_len, len < 60 ? 60 : len);
    assert_memory_equal(chip.out, want, chip.out_len);
}

static void no_violations(void)
{
    assert_int_equal(chip.violations, 0);
    assert_int_equal(w.reopened, 0);
}

/* --------------------------------------------------------------------------------------
 * A healthy chip
 */

static void test_start(void **state)
{
    (void)state;
    assert_true(w.present && w.fast && w.full_duplex);
    assert_memory_equal(chip.common + 9, w.config.mac, 6);
    assert_int_equal(chip.socket[0][0], 0x84);          /* MACRAW, frames for us only */
    for (int i = 0; i < 8; i++) {
        assert_int_equal(chip.socket[i][0x1e], i ? 0 : 16);
        assert_int_equal(chip.socket[i][0x1f], i ? 0 : 16);
    }
    uint8_t *frame;
    assert_int_equal(receive(&frame, 100), 0);
    no_violations();
}

static void test_start_by_command(void **state)
{
    struct thimble_w5500_config config;
    (void)state;
    w5500_model_make(&chip);
    chip.socket[3][0x1e] = 9;           /* what was there before */
    config = w5500_model_config(&chip);
    config.hooks.reset = NULL;
    config.hooks.interrupt = NULL;
    assert_true(thimble_w5500_init(&w, &config));
    arrive(100, 1);
    expect_frame(100, 1, 100);
    no_violations();
}

/* So many that both rings and their 16-bit pointers wrap several times. */
static void test_frames_both_ways(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 400; n++) {
        size_t len = 60 + n * 97 % 1459, out = 14 + n * 131 % 1505;
        arrive(len, n);
        arrive(1518 - n, n + 1);
        expect_frame(len, n, 1 + n % 700);
        expect_frame(1518 - n, n + 1, 256);
        assert_true(send(out, n, 1 + n * 3 % 800));
        expect_sent(out, n);
    }
    assert_int_equal(w.frames_in, 800);
    assert_int_equal(w.frames_out, 400);
    no_violations();
}

/* Frames that nobody takes are the chip's to drop; what it kept comes in order. */
static void test_full_ring(void **state)
{
    uint8_t frame[1000];
    unsigned kept = 0;
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        for (kept = 0; ; kept++) {
            fill(frame, sizeof frame, kept);
            if (!w5500_model_arrive(&chip, frame, sizeof frame, 0))
                break;
        }
        assert_int_equal(kept, W5500_RING / 1002);
        for (unsigned n = 0; n < kept; n++)
            expect_frame(sizeof frame, n, 300);
    }
    no_violations();
}

/* A frame may be left unread: there was no memory for it. */
static void test_frame_is_skipped(void **state)
{
    (void)state;
    arrive(300, 1);
    arrive(400, 2);
    assert_int_equal(thimble_w5500_receive(&w), 300);
    uint8_t few[10];
    thimble_w5500_take(&w, few, sizeof few);
    thimble_w5500_received(&w);
    expect_frame(400, 2, 400);
    no_violations();
}

/* More than there is of a frame is not read, more than was announced not written. */
static void test_pieces_too_long(void **state)
{
    uint8_t in[400], out[100];
    (void)state;
    memset(in, 0xee, sizeof in);
    fill(out, sizeof out, 5);
    arrive(100, 1);
    assert_int_equal(thimble_w5500_receive(&w), 100);
    thimble_w5500_take(&w, in, sizeof in);
    thimble_w5500_received(&w);
    assert_int_equal(in[100], 0xee);

    assert_true(thimble_w5500_send(&w, 70));
    thimble_w5500_put(&w, out, sizeof out);
    thimble_w5500_sent(&w);
    expect_sent(70, 5);
    no_violations();
}

static void test_lengths_of_frames_out(void **state)
{
    (void)state;
    assert_false(thimble_w5500_send(&w, 0));
    assert_false(thimble_w5500_send(&w, 13));
    assert_false(thimble_w5500_send(&w, 1519));
    assert_false(thimble_w5500_send(&w, 65536 + 100));
    assert_int_equal(w.dropped_out, 4);
    assert_int_equal(chip.frames_out, 0);
    no_violations();
}

static void test_link(void **state)
{
    (void)state;
    chip.link = false;
    w5500_model_wait_ms(&chip, 101);
    thimble_w5500_poll(&w);
    assert_false(w.link);
    assert_false(send(100, 1, 100));
    chip.link = true;
    w5500_model_wait_ms(&chip, 101);
    thimble_w5500_poll(&w);
    assert_true(w.link);
    assert_true(send(100, 1, 100));
    expect_sent(100, 1);
    no_violations();
}

static void test_interrupt_wire(void **state)
{
    uint8_t *frame;
    (void)state;
    assert_int_equal(receive(&frame, 1), 0);
    uint64_t before = chip.bytes;
    for (int i = 0; i < 100; i++)
        assert_int_equal(receive(&frame, 1), 0);
    assert_int_equal(chip.bytes, before);       /* nobody came: no look */
    arrive(100, 1);
    expect_frame(100, 1, 100);
    arrive(200, 2);
    expect_frame(200, 2, 100);
    no_violations();
}

static void test_interrupts_are_lost(void **state)
{
    uint8_t *frame;
    (void)state;
    chip.wire_broken = true;
    for (unsigned n = 0; n < 50; n++) {
        (void)receive(&frame, 1);
        arrive(100, n);
        w5500_model_wait_ms(&chip, THIMBLE_W5500_LOOK_MS);
        expect_frame(100, n, 100);
    }
    no_violations();
}

/* The size changes between its two bytes: 0x00fe and 0x0146 must not become 0x0046 or 0x01fe. */
static void test_torn_size(void **state)
{
    uint8_t frame[70];
    (void)state;
    arrive(0xfe - 2, 1);
    fill(frame, sizeof frame, 2);
    chip.tearing = frame;
    chip.tearing_len = sizeof frame;
    expect_frame(0xfe - 2, 1, 300);
    expect_frame(sizeof frame, 2, 300);
    assert_null(chip.tearing);
    no_violations();
}

/* --------------------------------------------------------------------------------------
 * Lengths that cannot be
 */

static void test_wrong_lengths(void **state)
{
    static const uint16_t claims[] = { 1, 2, 3, 15, 1521, 1522, 4096, 16384, 0x7fff, 0x8000, 0xffff };
    uint8_t frame[600], *got;
    (void)state;
    for (unsigned i = 0; i < sizeof claims / sizeof *claims; i++) {
        arrive(200, i);
        fill(frame, sizeof frame, i);
        assert_true(w5500_model_arrive(&chip, frame, sizeof frame, claims[i]));
        arrive(300, i);                 /* cannot be found behind it */

        expect_frame(200, i, 200);
        assert_int_equal(receive(&got, 1518), 0);
        assert_int_equal(w.reopened, i + 1);
        assert_int_equal(receive(&got, 1518), 0);

        arrive(500, i + 1);
        expect_frame(500, i + 1, 100);
        assert_true(send(500, i, 500));
        expect_sent(500, i);
    }
    assert_int_equal(chip.violations, 0);
}

/* A length that could be, but is more than the chip says that it has. */
static void test_length_beyond_what_came(void **state)
{
    uint8_t frame[100] = { 0 }, *got;
    (void)state;
    assert_true(w5500_model_arrive(&chip, frame, sizeof frame, 103));
    assert_int_equal(receive(&got, 1518), 0);
    assert_int_equal(w.reopened, 1);
    arrive(100, 2);
    expect_frame(100, 2, 100);
}

/* --------------------------------------------------------------------------------------
 * Failures
 */

static void test_no_chip(void **state)
{
    unsigned starts = 0;
    uint8_t *frame;
    (void)state;
    struct thimble_w5500_config config;
    w5500_model_make(&chip);
    w5500_model_fail(&chip, W5500_FAULT_HIGH, 0);
    config = w5500_model_config(&chip);
    assert_false(thimble_w5500_init(&w, &config));
    assert_false(w.present);
    assert_int_equal(receive(&frame, 1), 0);
    assert_false(send(100, 1, 100));

    for (unsigned i = 0; i < 6000; i++) {       /* a minute */
        uint64_t before = chip.bytes;
        w5500_model_wait_ms(&chip, 10);
        thimble_w5500_poll(&w);
        starts += chip.bytes > before;
    }
    assert_in_range(starts, 5, 10);             /* after 1, 2, 4, 8, 16, 16 s or less */

    w5500_model_heal(&chip);
    w5500_model_wait_ms(&chip, 16000);
    thimble_w5500_poll(&w);
    assert_true(w.present);
    assert_int_equal(w.restarted, 0);           /* it is the first time */
    arrive(100, 1);
    expect_frame(100, 1, 100);
}

static void test_chip_of_another_kind(void **state)
{
    struct thimble_w5500_config config;
    (void)state;
    w5500_model_make(&chip);
    chip.version = 0x51;                /* W5100S */
    config = w5500_model_config(&chip);
    assert_false(thimble_w5500_init(&w, &config));
    assert_false(w.present);
}

static void test_supply_breaks_down(void **state)
{
    (void)state;
    arrive(100, 1);
    w5500_model_fail(&chip, W5500_FAULT_RESET, 0);
    w5500_model_wait_ms(&chip, 101);
    thimble_w5500_poll(&w);
    assert_int_equal(chip.happened, 1);
    w5500_model_heal(&chip);
    w5500_model_wait_ms(&chip, 101);
    thimble_w5500_poll(&w);
    assert_true(w.present && w.link);
    assert_int_equal(w.reopened, 1);
    assert_memory_equal(chip.common + 9, w.config.mac, 6);
    arrive(200, 2);
    expect_frame(200, 2, 200);
    assert_true(send(200, 2, 200));
    expect_sent(200, 2);
}

static void test_frame_never_goes_out(void **state)
{
    (void)state;
    w5500_model_fail(&chip, W5500_FAULT_NEVER_SENT, 0);
    uint64_t before_ns = chip.ns;
    (void)send(100, 1, 100);
    (void)send(200, 2, 200);            /* finds out, and is dropped */
    assert_in_range((chip.ns - before_ns) / 1000000, 50, 60);
    assert_int_equal(w.dropped_out, 1);
    assert_int_equal(w.reopened, 1);
    w5500_model_heal(&chip);
    assert_true(send(300, 3, 300));
    expect_sent(300, 3);
}

static void test_command_is_not_taken(void **state)
{
    (void)state;
    w5500_model_fail(&chip, W5500_FAULT_COMMAND_STUCK, 0);
    (void)send(100, 1, 100);
    assert_false(w.present);
    assert_false(w.link);
    w5500_model_heal(&chip);
    w5500_model_wait_ms(&chip, 1001);
    thimble_w5500_poll(&w);
    thimble_w5500_poll(&w);
    assert_int_equal(w.restarted, 1);
    assert_true(send(100, 1, 100));
    expect_sent(100, 1);
}

/* --------------------------------------------------------------------------------------
 * Every failure at every byte
 */

static void scenario(void)
{
    uint8_t frame[W5500_FRAME_ROOM], *got;
    for (unsigned n = 0; n < 3; n++) {
        fill(frame, sizeof frame, n);
        (void)w5500_model_arrive(&chip, frame, 60 + n * 40, 0);
        (void)w5500_model_arrive(&chip, frame, 90, 0);
        for (int i = 0; i < 3; i++) {
            (void)receive(&got, 64);
            free(got);
        }
        (void)send(60 + n * 20, n, 50);
        w5500_model_wait_ms(&chip, 101);
        thimble_w5500_poll(&w);
    }
}

static bool works_again(void)
{
    uint8_t frame[100], *got;
    bool same = false;
    for (int i = 0; i < 40 && (i == 0 || !(w.present && w.link)); i++) {
        w5500_model_wait_ms(&chip, 1000);
        thimble_w5500_poll(&w);
    }
    for (int i = 0; i < 30; i++) {      /* what was left from before */
        w5500_model_wait_ms(&chip, THIMBLE_W5500_LOOK_MS);
        (void)receive(&got, 1518);
        free(got);
    }
    fill(frame, sizeof frame, 9);
    if (!w5500_model_arrive(&chip, frame, sizeof frame, 0))
        return false;
    w5500_model_wait_ms(&chip, THIMBLE_W5500_LOOK_MS);
    size_t len = receive(&got, 1518);
    same = len == sizeof frame && memcmp(got, frame, len) == 0;
    free(got);
    for (int i = 0; i < 3 && same; i++)         /* one may find out that the one before never went */
        (void)send(100, 9, 100);
    return same && chip.out_len == 100 && memcmp(chip.out, frame, 100) == 0;
}

static uint64_t try_at(enum w5500_fault fault, uint64_t at)
{
    start();
    thimble_w5500_poll(&w);
    w5500_model_fail(&chip, fault, at);
    chip.limit_ms = (uint32_t)(chip.ns / 1000000) + 3000;
    scenario();
    uint64_t happened = chip.happened;
    chip.limit_ms = UINT32_MAX;
    w5500_model_heal(&chip);
    if (chip.hung || !works_again())
        fail_msg("failure %d at %lu%s", (int)fault, (unsigned long)at, chip.hung ? ": took too long" : "");
    return happened;
}

static void test_every_failure_everywhere(void **state)
{
    (void)state;
    for (int fault = W5500_FAULT_NONE + 1; fault < W5500_FAULT_COUNT; fault++) {
        uint64_t at = 0;
        while (try_at((enum w5500_fault)fault, at))
            at++;
        assert_true(at >= 3);
    }
}

/* A chip that says anything at all. */
static void test_only_garbage(void **state)
{
    uint8_t *got;
    (void)state;
    for (unsigned seed = 1; seed < 300; seed++) {
        start();
        thimble_w5500_poll(&w);
        chip.random = seed * 7919;
        chip.limit_ms = (uint32_t)(chip.ns / 1000000) + 20000;
        for (int i = 0; i < 20; i++) {
            chip.garbage = UINT32_MAX;
            (void)receive(&got, 1518);
            free(got);
            (void)send(100, 1, 100);
            w5500_model_wait_ms(&chip, 101);
            thimble_w5500_poll(&w);
        }
        assert_false(chip.hung);
        w5500_model_heal(&chip);
        chip.limit_ms = UINT32_MAX;
        assert_true(works_again());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_start, setup, finish),
        cmocka_unit_test_setup_teardown(test_start_by_command, setup, finish),
        cmocka_unit_test_setup_teardown(test_frames_both_ways, setup, finish),
        cmocka_unit_test_setup_teardown(test_full_ring, setup, finish),
        cmocka_unit_test_setup_teardown(test_frame_is_skipped, setup, finish),
        cmocka_unit_test_setup_teardown(test_pieces_too_long, setup, finish),
        cmocka_unit_test_setup_teardown(test_lengths_of_frames_out, setup, finish),
        cmocka_unit_test_setup_teardown(test_link, setup, finish),
        cmocka_unit_test_setup_teardown(test_interrupt_wire, setup, finish),
        cmocka_unit_test_setup_teardown(test_interrupts_are_lost, setup, finish),
        cmocka_unit_test_setup_teardown(test_torn_size, setup, finish),
        cmocka_unit_test_setup_teardown(test_wrong_lengths, setup, finish),
        cmocka_unit_test_setup_teardown(test_length_beyond_what_came, setup, finish),
        cmocka_unit_test_setup_teardown(test_no_chip, setup, finish),
        cmocka_unit_test_setup_teardown(test_chip_of_another_kind, setup, finish),
        cmocka_unit_test_setup_teardown(test_supply_breaks_down, setup, finish),
        cmocka_unit_test_setup_teardown(test_frame_never_goes_out, setup, finish),
        cmocka_unit_test_setup_teardown(test_command_is_not_taken, setup, finish),
        cmocka_unit_test(test_every_failure_everywhere),
        cmocka_unit_test(test_only_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
