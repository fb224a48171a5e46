/* SPDX-License-Identifier: MIT
 *
 * test_sdspi.c: the SD card driver against the model card.
 *
 * First what a healthy card does, then each failure by itself with the exact outcome,
 * and at last every failure at every place of a scenario: each request must end in time,
 * either right or with an error, and what was flushed without error must be on the card.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sd_model.h"

enum { BLOCKS = 2048, LONGEST = 16 };       /* of the card; of one request */

struct bench {
    struct sd_model card;
    struct thimble_sdspi sd;
    struct thimble_sdspi_config config;
    uint8_t buf[LONGEST * SD_BLOCK];
    struct thimble_io io;               /* of the last read */
};

static struct bench bench;

/* Bytes that tell where they belong and which write they are from. */
static void pattern(uint8_t *buf, uint64_t lba, uint32_t n_blocks, unsigned version)
{
    for (uint32_t i = 0; i < n_blocks * SD_BLOCK; i++) {
        uint32_t x = (uint32_t)(lba * SD_BLOCK + i) * 2654435761u + version * 40503u;
        buf[i] = (uint8_t)(x >> 24 ^ x >> 11);
    }
}

static void begin(uint32_t size_blocks, bool high_capacity)
{
    memset(&bench, 0, sizeof bench);
    sd_model_make(&bench.card, size_blocks, high_capacity);
    sd_model_insert(&bench.card);
}

static int start(void)
{
    struct thimble_sdspi_config config = sd_model_config(&bench.card);
    config.max_clock_hz = bench.config.max_clock_hz;
    config.stream_idle_ms = bench.config.stream_idle_ms;
    config.shared_bus = bench.config.shared_bus;
    config.pre_erase = bench.config.pre_erase;
    return thimble_sdspi_init(&bench.sd, &config);
}

static void finish(void)
{
    assert_false(bench.card.hung);
    sd_model_free(&bench.card);
}

static int read_blocks(uint64_t lba, uint32_t n)
{
    memset(bench.buf, 0xa5, sizeof bench.buf);
    return bench.sd.block.read(&bench.sd.block, lba, n, bench.buf, &bench.io);
}

static int write_blocks(uint64_t lba, uint32_t n, unsigned version)
{
    struct thimble_io io;
    assert_non_null(bench.sd.block.write);
    pattern(bench.buf, lba, n, version);
    return bench.sd.block.write(&bench.sd.block, lba, n, bench.buf, &io);
}

static int flush(void)
{
    struct thimble_io io;
    return bench.sd.block.flush(&bench.sd.block, &io);
}

static int ready(void)
{
    return bench.sd.block.ready(&bench.sd.block);
}

static const uint8_t *on_card(uint64_t lba)
{
    return bench.card.image + lba * SD_BLOCK;
}

static void assert_pattern(const uint8_t *data, uint64_t lba, uint32_t n,
                           unsigned version)
{
    uint8_t want[LONGEST * SD_BLOCK];
    pattern(want, lba, n, version);
    assert_memory_equal(data, want, n * SD_BLOCK);
}

/* --------------------------------------------------------------------------------------
 * A healthy card
 */

static void opens(uint32_t size_blocks, bool high_capacity, bool version_1)
{
    begin(size_blocks, high_capacity);
    bench.card.version_1 = version_1;
    assert_int_equal(start(), THIMBLE_OK);
    assert_int_equal(ready(), THIMBLE_OK);
    assert_int_equal(bench.sd.block.size_blocks, size_blocks);
    assert_int_equal(bench.sd.block.block_shift, 9);
    assert_true(bench.sd.block.removable);
    assert_string_equal(bench.sd.block.serial, "03SDSU04G801234ABCD15A");
    assert_true(bench.card.crc_on);
    assert_int_equal(bench.card.clock_hz, 25000000);

    uint64_t lbas[] = { 0, 1, 7, size_blocks / 2, size_blocks - 1 };
    for (size_t i = 0; i < sizeof lbas / sizeof *lbas; i++)
        assert_int_equal(write_blocks(lbas[i], 1, 3), THIMBLE_OK);
    assert_int_equal(flush(), THIMBLE_OK);
    for (size_t i = 0; i < sizeof lbas / sizeof *lbas; i++) {
        assert_pattern(on_card(lbas[i]), lbas[i], 1, 3);
        assert_int_equal(read_blocks(lbas[i], 1), THIMBLE_OK);
        assert_pattern(bench.buf, lbas[i], 1, 3);
    }
    assert_int_equal(bench.sd.retries, 0);
    assert_int_equal(bench.card.violations, 0);
    finish();
}

static void sdsc_version_1_opens(void **state)
{
    (void)state;
    opens(BLOCKS, false, true);
}

static void sdsc_version_2_opens(void **state)
{
    (void)state;
    opens(BLOCKS, false, false);
}

static void sdhc_opens(void **state)
{
    (void)state;
    opens(2 * BLOCKS, true, false);
}

static void reads_go_on_in_one_transfer(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    assert_int_equal(start(), THIMBLE_OK);
    for (uint32_t i = 0; i < BLOCKS; i++)
        pattern(bench.card.image + i * SD_BLOCK, i, 1, 1);

    for (uint32_t lba = 100; lba < 164; lba += 8) {
        assert_int_equal(read_blocks(lba, 8), THIMBLE_OK);
        assert_pattern(bench.buf, lba, 8, 1);
    }
    assert_int_equal(bench.card.count_of[18], 1);
    assert_int_equal(bench.card.count_of[12], 0);

    assert_int_equal(read_blocks(300, 8), THIMBLE_OK);
    assert_pattern(bench.buf, 300, 8, 1);
    assert_int_equal(bench.card.count_of[18], 2);
    assert_int_equal(bench.card.count_of[12], 1);

    /* Single blocks: alone, and then one after the other. */
    uint32_t opened = bench.card.count_of[18];
    for (uint32_t lba = 500; lba < 510; lba++)
        assert_int_equal(read_blocks(lba, 1), THIMBLE_OK);
    assert_int_equal(bench.card.count_of[17], 1);
    assert_int_equal(bench.card.count_of[18], opened + 1);
    assert_int_equal(bench.card.violations, 0);
    assert_int_equal(bench.sd.retries, 0);
    finish();
}

static void writes_go_on_in_one_transfer(void **state)
{
    (void)state;
    begin(BLOCKS, false);
    assert_int_equal(start(), THIMBLE_OK);

    for (uint32_t lba = 40; lba < 104; lba += 8)
        assert_int_equal(write_blocks(lba, 8, 2), THIMBLE_OK);
    assert_int_equal(bench.card.count_of[25], 1);
    assert_true(bench.card.undo_valid);         /* still open */
    assert_int_equal(flush(), THIMBLE_OK);
    assert_false(bench.card.undo_valid);
    assert_true(bench.card.count_of[13] > 0);
    for (uint32_t lba = 40; lba < 104; lba += 8)
        assert_pattern(on_card(lba), lba, 8, 2);

    /* A read in between sees what was written, and ends the transfer. */
    assert_int_equal(write_blocks(200, 8, 3), THIMBLE_OK);
    assert_int_equal(read_blocks(204, 8), THIMBLE_OK);
    assert_pattern(bench.buf, 204, 4, 3);
    assert_int_equal(write_blocks(208, 8, 3), THIMBLE_OK);
    assert_int_equal(flush(), THIMBLE_OK);
    assert_int_equal(bench.card.count_of[25], 3);
    assert_int_equal(bench.card.count_of[64 + 23], 0);
    assert_int_equal(bench.card.violations, 0);
    finish();
}

static void poll_ends_idle_transfers(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    bench.config.stream_idle_ms = 40;
    assert_int_equal(start(), THIMBLE_OK);

    assert_int_equal(write_blocks(8, 8, 1), THIMBLE_OK);
    sd_model_wait_ms(&bench.card, 30);
    assert_int_equal(thimble_sdspi_poll(&bench.sd), THIMBLE_SDSPI_SAME);
    assert_true(bench.card.undo_valid);
    sd_model_wait_ms(&bench.card, 15);
    assert_int_equal(thimble_sdspi_poll(&bench.sd), THIMBLE_SDSPI_SAME);
    assert_false(bench.card.undo_valid);
    assert_false(bench.card.selected);

    assert_int_equal(read_blocks(8, 8), THIMBLE_OK);
    assert_true(bench.card.selected);
    sd_model_wait_ms(&bench.card, 50);
    assert_int_equal(thimble_sdspi_poll(&bench.sd), THIMBLE_SDSPI_SAME);
    assert_false(bench.card.selected);
    assert_int_equal(bench.card.count_of[12], 1);
    assert_int_equal(bench.card.violations, 0);
    finish();
}

static void transfers_end_with_the_card(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    assert_int_equal(start(), THIMBLE_OK);

    assert_int_equal(write_blocks(BLOCKS - 8, 8, 1), THIMBLE_OK);
    assert_false(bench.card.undo_valid);
    assert_int_equal(read_blocks(BLOCKS - 8, 8), THIMBLE_OK);
    assert_pattern(bench.buf, BLOCKS - 8, 8, 1);
    assert_int_equal(bench.card.count_of[12], 1);
    assert_int_equal(read_blocks(0, 1), THIMBLE_OK);
    assert_int_equal(bench.sd.retries, 0);
    finish();
}

static void a_shared_bus_is_left_after_each_request(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    bench.config.shared_bus = true;
    assert_int_equal(start(), THIMBLE_OK);

    for (uint32_t lba = 0; lba < 32; lba += 8) {
        assert_int_equal(write_blocks(lba, 8, 1), THIMBLE_OK);
        assert_false(bench.card.selected);
        assert_false(bench.card.undo_valid);
    }
    for (uint32_t lba = 0; lba < 32; lba += 8) {
        assert_int_equal(read_blocks(lba, 8), THIMBLE_OK);
        assert_pattern(bench.buf, lba, 8, 1);
        assert_false(bench.card.selected);
    }
    assert_int_equal(bench.card.violations, 0);
    finish();
}

static void pre_erase_announces_the_length(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    bench.config.pre_erase = true;
    assert_int_equal(start(), THIMBLE_OK);
    assert_int_equal(write_blocks(0, 16, 1), THIMBLE_OK);
    assert_int_equal(flush(), THIMBLE_OK);
    assert_int_equal(bench.card.count_of[64 + 23], 1);
    assert_pattern(on_card(0), 0, 16, 1);
    assert_int_equal(bench.card.violations, 0);
    finish();
}

static void slow_cards_are_waited_for(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    bench.card.init_ms = 900;
    bench.card.busy_us = 400000;
    bench.card.read_wait = 8000;
    bench.card.response_wait = 8;
    assert_int_equal(start(), THIMBLE_OK);
    assert_int_equal(write_blocks(10, 4, 1), THIMBLE_OK);
    assert_int_equal(write_blocks(14, 4, 1), THIMBLE_OK);
    assert_int_equal(flush(), THIMBLE_OK);
    assert_int_equal(read_blocks(10, 8), THIMBLE_OK);
    assert_pattern(bench.buf, 10, 8, 1);
    assert_int_equal(bench.sd.retries, 0);
    assert_int_equal(bench.card.violations, 0);
    finish();
}

static void requests_in_any_order_match_a_shadow(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        begin(BLOCKS, kind & 1);
        bench.config.pre_erase = kind & 2;
        assert_int_equal(start(), THIMBLE_OK);

        uint8_t *shadow = calloc(BLOCKS, SD_BLOCK);
        assert_non_null(shadow);
        uint32_t random = 12345 + kind, last = 0;
        for (unsigned i = 0; i < 1000; i++) {
            random = random * 1664525u + 1013904223u;
            uint32_t n = (random >> 8) % LONGEST + 1;
            uint32_t lba = random >> 28 < 9 ? last : (random >> 12) % BLOCKS;
            if (lba + n > BLOCKS)
                lba = BLOCKS - n;
            last = lba + n;
            if ((random >> 20 & 7) == 0)
                n = 1;
            if (random >> 24 & 1) {
                assert_int_equal(read_blocks(lba, n), THIMBLE_OK);
                assert_memory_equal(bench.buf, shadow + lba * SD_BLOCK, n * SD_BLOCK);
            } else {
                assert_int_equal(write_blocks(lba, n, i), THIMBLE_OK);
                pattern(shadow + lba * SD_BLOCK, lba, n, i);
            }
            if (i % 97 == 0)
                assert_int_equal(flush(), THIMBLE_OK);
            if (i % 13 == 0) {
                sd_model_wait_ms(&bench.card, random >> 27);
                assert_int_equal(thimble_sdspi_poll(&bench.sd), THIMBLE_SDSPI_SAME);
            }
        }
        assert_int_equal(flush(), THIMBLE_OK);
        assert_memory_equal(bench.card.image, shadow, BLOCKS * SD_BLOCK);
        assert_int_equal(bench.card.violations, 0);
        assert_int_equal(bench.sd.retries, 0);
        free(shadow);
        finish();
    }
}

/* --------------------------------------------------------------------------------------
 * Registers
 */

static void sizes_come_from_every_csd(void **state)
{
    (void)state;
    static const uint64_t FAR = UINT64_C(1) << 32;
    static const struct {
        uint8_t csd[16];
        bool high_capacity;
        uint64_t size_blocks;           /* 0: refused */
    } cases[] = {
        /* 2 GB: READ_BL_LEN 10, C_SIZE 4095, C_SIZE_MULT 7 */
        { { 0, 0, 0, 0, 0x5b, 0x5a, 0x03, 0xff, 0xc0, 0x03, 0x80 }, false, 4194304 },
        /* 4 GB: READ_BL_LEN 11 */
        { { 0, 0, 0, 0, 0x5b, 0x5b, 0x03, 0xff, 0xc0, 0x03, 0x80 }, false, 8388608 },
        /* smallest */
        { { 0, 0, 0, 0, 0x5b, 0x59, 0x00, 0x00, 0x00, 0x00, 0x00 }, false, 4 },
        /* READ_BL_LEN 8 and 12 do not exist */
        { { 0, 0, 0, 0, 0x5b, 0x58, 0x03, 0xff, 0xc0, 0x03, 0x80 }, false, 0 },
        { { 0, 0, 0, 0, 0x5b, 0x5c, 0x03, 0xff, 0xc0, 0x03, 0x80 }, false, 0 },
        /* version 2: 4 GB, 2 TB */
        { { 0x40, 0, 0, 0, 0x5b, 0x59, 0, 0x00, 0x1d, 0xff, 0x40 }, true, 7864320 },
        { { 0x40, 0, 0, 0, 0x5b, 0x59, 0, 0x3f, 0xff, 0xff, 0x40 }, true, FAR },
        /* version 3: as far as 32 bits reach */
        { { 0x80, 0, 0, 0, 0x5b, 0x59, 0, 0x40, 0x00, 0x00, 0x40 }, true, FAR },
        { { 0x80, 0, 0, 0, 0x5b, 0x59, 0x0f, 0xff, 0xff, 0xff, 0x40 }, true, FAR },
        { { 0x80, 0, 0, 0, 0x5b, 0x59, 0, 0x10, 0x00, 0x00, 0x40 }, true, 1073742848 },
        /* a version that does not exist; OCR and CSD that contradict each other */
        { { 0xc0, 0, 0, 0, 0x5b, 0x59, 0, 0x00, 0x1d, 0xff, 0x40 }, true, 0 },
        { { 0x40, 0, 0, 0, 0x5b, 0x59, 0, 0x00, 0x1d, 0xff, 0x40 }, false, 0 },
        { { 0, 0, 0, 0, 0x5b, 0x59, 0x03, 0xff, 0xc0, 0x03, 0x80 }, true, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(BLOCKS, cases[i].high_capacity);
        memcpy(bench.card.csd, cases[i].csd, 16);
        if (cases[i].size_blocks) {
            assert_int_equal(start(), THIMBLE_OK);
            assert_int_equal(bench.sd.block.size_blocks, cases[i].size_blocks);
        } else {
            assert_int_equal(start(), THIMBLE_ERR_HARDWARE);
            assert_int_equal(ready(), THIMBLE_ERR_HARDWARE);
            assert_int_equal(read_blocks(0, 1), THIMBLE_ERR_HARDWARE);
        }
        finish();
    }
}

static void unprintable_names_are_replaced(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    memcpy(bench.card.cid + 1, "\x00\xff" " a\x7f" "Z\n", 7);
    assert_int_equal(start(), THIMBLE_OK);
    assert_string_equal(bench.sd.block.serial, "03___a_Z_801234ABCD15A");
    finish();
}

static void write_protection_is_seen(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        begin(BLOCKS, true);
        if (how < 2)
            bench.card.csd[14] |= how ? 0x20 : 0x10;
        bench.card.protect_switch = true;
        bench.card.switch_protected = how == 2;
        assert_int_equal(start(), THIMBLE_OK);
        assert_null(bench.sd.block.write);
        assert_null(bench.sd.block.unmap);
        assert_null(bench.sd.block.write_zeroes);
        assert_int_equal(read_blocks(0, 8), THIMBLE_OK);
        assert_int_equal(flush(), THIMBLE_OK);
        finish();
    }
}

static void protection_that_comes_later_is_told(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 8; n += 7) {
        begin(BLOCKS, true);
        assert_int_equal(start(), THIMBLE_OK);
        assert_int_equal(write_blocks(0, n, 1), THIMBLE_OK);
        assert_int_equal(flush(), THIMBLE_OK);
        bench.card.csd[14] |= 0x10;
        assert_int_equal(write_blocks(100, n, 1), THIMBLE_ERR_WRITE_PROTECTED);
        assert_int_equal(flush(), THIMBLE_OK);
        assert_int_equal(read_blocks(0, n), THIMBLE_OK);
        assert_pattern(bench.buf, 0, n, 1);
        finish();
    }
}

/* --------------------------------------------------------------------------------------
 * Zeros
 */

static int unmap(uint64_t lba, uint32_t n)
{
    struct thimble_io io;
    assert_non_null(bench.sd.block.unmap);
    return bench.sd.block.unmap(&bench.sd.block, lba, n, &io);
}

static int write_zeroes(uint64_t lba, uint32_t n)
{
    struct thimble_io io;
    return bench.sd.block.write_zeroes(&bench.sd.block, lba, n, &io);
}

static void assert_zeros(uint64_t lba, uint32_t n)
{
    for (uint32_t i = 0; i < BLOCKS; i++) {
        bool inside = i >= lba && i < lba + n;
        for (uint32_t j = 0; j < SD_BLOCK; j++)
            assert_int_equal(on_card(i)[j], inside ? 0 : 0x77);
    }
}

static void unmapped_blocks_read_as_zeros(void **state)
{
    (void)state;
    /* A card that erases to zeros; one that says so and does not; one that refuses to
     * erase. */
    for (int kind = 0; kind < 6; kind++) {
        begin(BLOCKS, kind % 2);
        bench.card.erased = kind / 2 == 1 ? 0xff : 0x00;
        bench.card.no_erase = kind / 2 == 2;
        assert_int_equal(start(), THIMBLE_OK);
        memset(bench.card.image, 0x77, BLOCKS * SD_BLOCK);
        assert_int_equal(unmap(100, 333), THIMBLE_OK);
        assert_int_equal(flush(), THIMBLE_OK);
        assert_zeros(100, 333);
        assert_int_equal(unmap(433, 1), THIMBLE_OK);
        assert_int_equal(flush(), THIMBLE_OK);
        assert_zeros(100, 334);
        static const uint32_t erases[] = { 2, 1, 0 };
        assert_int_equal(bench.card.count_of[38], erases[kind / 2]);
        assert_int_equal(bench.card.violations, 0);
        assert_int_equal(bench.sd.retries, 0);
        finish();
    }
}

static void zeros_are_written_without_a_buffer(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 100; n += 11) {
        begin(BLOCKS, true);
        assert_int_equal(start(), THIMBLE_OK);
        memset(bench.card.image, 0x77, BLOCKS * SD_BLOCK);
        assert_int_equal(write_zeroes(50, n), THIMBLE_OK);
        assert_int_equal(flush(), THIMBLE_OK);
        assert_zeros(50, n);
        finish();
    }
}

static void unmap_is_offered_only_where_it_works(void **state)
{
    (void)state;
    for (int why = 0; why < 4; why++) {
        begin(BLOCKS, false);
        switch (why) {
        case 0: bench.card.scr[1] |= 0x80; break;           /* erased data are ones */
        case 1: bench.card.no_scr = true; break;
        case 2: bench.card.csd[10] &= 0xbf; break;          /* erases groups of blocks */
        case 3: bench.card.csd[4] &= 0xfd; break;           /* no erase commands */
        }
        assert_int_equal(start(), THIMBLE_OK);
        assert_null(bench.sd.block.unmap);
        assert_non_null(bench.sd.block.write_zeroes);
        memset(bench.card.image, 0x77, BLOCKS * SD_BLOCK);
        assert_int_equal(write_zeroes(100, 300), THIMBLE_OK);
        assert_int_equal(flush(), THIMBLE_OK);
        assert_zeros(100, 300);
        assert_int_equal(bench.card.count_of[38], 0);
        finish();
    }
}

/* --------------------------------------------------------------------------------------
 * Cards that come and go
 */

static void an_empty_slot_answers_at_once(void **state)
{
    (void)state;
    for (int with_switch = 0; with_switch < 2; with_switch++) {
        begin(BLOCKS, true);
        bench.card.switch_present = with_switch;
        sd_model_remove(&bench.card);
        assert_int_equal(start(), THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(bench.sd.block.size_blocks, 1);
        assert_int_equal(ready(), THIMBLE_ERR_NO_MEDIUM);

        uint64_t before = bench.card.bytes;
        assert_int_equal(read_blocks(0, 1), THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(flush(), THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(bench.card.bytes, before);

        /* Polling an empty slot for a minute takes less than one second of the bus. */
        for (int i = 0; i < 600; i++) {
            uint64_t ns = bench.card.ns;
            assert_int_equal(thimble_sdspi_poll(&bench.sd), THIMBLE_SDSPI_SAME);
            assert_true(bench.card.ns - ns < 20000000);
            sd_model_wait_ms(&bench.card, 50);
        }

        sd_model_insert(&bench.card);
        enum thimble_sdspi_change change = THIMBLE_SDSPI_SAME;
        for (int i = 0; i < 30 && change == THIMBLE_SDSPI_SAME; i++) {
            change = thimble_sdspi_poll(&bench.sd);
            sd_model_wait_ms(&bench.card, 50);
        }
        assert_int_equal(change, THIMBLE_SDSPI_NEW);
        assert_int_equal(ready(), THIMBLE_OK);
        assert_int_equal(bench.sd.block.size_blocks, BLOCKS);
        assert_int_equal(write_blocks(3, 4, 1), THIMBLE_OK);
        assert_int_equal(flush(), THIMBLE_OK);
        assert_pattern(on_card(3), 3, 4, 1);
        finish();
    }
}

static enum thimble_sdspi_change poll_until_changed(void)
{
    enum thimble_sdspi_change change = THIMBLE_SDSPI_SAME;
    for (int i = 0; i < 1200 && change == THIMBLE_SDSPI_SAME; i++) {
        change = thimble_sdspi_poll(&bench.sd);
        sd_model_wait_ms(&bench.card, 100);
    }
    return change;
}

static void removal_is_noticed_by_poll(void **state)
{
    (void)state;
    for (int with_switch = 0; with_switch < 2; with_switch++) {
        begin(BLOCKS, true);
        bench.card.switch_present = with_switch;
        assert_int_equal(start(), THIMBLE_OK);
        assert_int_equal(read_blocks(0, 1), THIMBLE_OK);
        uint32_t generation = bench.sd.generation;

        sd_model_remove(&bench.card);
        assert_int_equal(poll_until_changed(), THIMBLE_SDSPI_GONE);
        assert_int_equal(ready(), THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(read_blocks(0, 1), THIMBLE_ERR_NO_MEDIUM);

        sd_model_insert(&bench.card);   /* the same, but it was away */
        assert_int_equal(poll_until_changed(), THIMBLE_SDSPI_NEW);
        assert_int_not_equal(bench.sd.generation, generation);
        assert_int_equal(read_blocks(0, 1), THIMBLE_OK);
        finish();
    }
}

static void removal_is_noticed_by_a_request(void **state)
{
    (void)state;
    for (int writing = 0; writing < 2; writing++) {
        begin(BLOCKS, true);
        bench.card.limit_ms = 8000;
        assert_int_equal(start(), THIMBLE_OK);
        if (writing)
            assert_int_equal(write_blocks(0, 8, 1), THIMBLE_OK);
        else
            assert_int_equal(read_blocks(0, 8), THIMBLE_OK);

        sd_model_remove(&bench.card);
        assert_int_equal(writing ? write_blocks(8, 8, 1) : read_blocks(8, 8),
                         THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(flush(), writing ? THIMBLE_ERR_IO : THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(flush(), THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(poll_until_changed(), THIMBLE_SDSPI_GONE);
        finish();
    }
}

/* Nothing that was meant for one card ends on another, whenever it is exchanged. */
static void a_swapped_card_waits_for_its_owner(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        begin(BLOCKS, true);
        assert_int_equal(start(), THIMBLE_OK);
        switch (what) {
        case 0: assert_int_equal(write_blocks(0, 8, 1), THIMBLE_OK); break;
        case 1: assert_int_equal(read_blocks(0, 8), THIMBLE_OK); break;
        case 2: break;
        }
        sd_model_swap(&bench.card, 0x99);

        assert_int_equal(write_blocks(8, 8, 1), THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(write_blocks(0, 1, 1), THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(read_blocks(0, 1), THIMBLE_ERR_NO_MEDIUM);
        assert_int_equal(ready(), THIMBLE_ERR_NO_MEDIUM);
        for (uint32_t i = 0; i < BLOCKS * SD_BLOCK; i++)
            assert_int_equal(bench.card.image[i], 0x99);

        assert_int_equal(thimble_sdspi_poll(&bench.sd), THIMBLE_SDSPI_NEW);
        assert_int_equal(thimble_sdspi_poll(&bench.sd), THIMBLE_SDSPI_SAME);
        assert_string_equal(bench.sd.block.serial, "03SDSU04G801234AB9915A");
        assert_int_equal(flush(), what == 0 ? THIMBLE_ERR_IO : THIMBLE_OK);
        assert_int_equal(write_blocks(8, 8, 1), THIMBLE_OK);
        assert_int_equal(flush(), THIMBLE_OK);
        assert_pattern(on_card(8), 8, 8, 1);
        finish();
    }
}

/* Functions that were there must stay callable. */
static void a_protected_card_after_another_refuses(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    assert_int_equal(start(), THIMBLE_OK);
    bench.card.csd[14] |= 0x20;
    bench.card.scr[1] |= 0x80;
    sd_model_swap(&bench.card, 0x42);
    assert_int_equal(poll_until_changed(), THIMBLE_SDSPI_NEW);
    assert_int_equal(write_blocks(0, 8, 1), THIMBLE_ERR_WRITE_PROTECTED);
    assert_int_equal(unmap(0, 8), THIMBLE_ERR_WRITE_PROTECTED);
    assert_int_equal(write_zeroes(0, 8), THIMBLE_ERR_WRITE_PROTECTED);

    bench.card.csd[14] &= 0xcf;         /* on one that cannot erase, zeros are written */
    sd_model_swap(&bench.card, 0x77);
    assert_int_equal(poll_until_changed(), THIMBLE_SDSPI_NEW);
    assert_int_equal(unmap(100, 8), THIMBLE_OK);
    assert_int_equal(flush(), THIMBLE_OK);
    assert_zeros(100, 8);
    assert_int_equal(bench.card.count_of[38], 0);
    finish();
}

static void a_swap_between_requests_is_noticed_by_poll(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    assert_int_equal(start(), THIMBLE_OK);
    sd_model_swap(&bench.card, 0x42);
    assert_int_equal(poll_until_changed(), THIMBLE_SDSPI_NEW);
    assert_int_equal(read_blocks(0, 1), THIMBLE_OK);
    assert_int_equal(bench.buf[0], 0x42);
    finish();
}

static void a_card_that_never_initialises_costs_little(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    bench.card.init_ms = UINT32_MAX;
    assert_int_equal(start(), THIMBLE_ERR_HARDWARE);
    uint64_t start_ns = bench.card.ns, polled_ns = 0, waited = 0;
    while (bench.card.ns - start_ns < UINT64_C(40000000000)) {
        uint64_t ns = bench.card.ns;
        assert_int_equal(thimble_sdspi_poll(&bench.sd), THIMBLE_SDSPI_SAME);
        assert_true(bench.card.ns - ns < 1600000000);
        polled_ns += bench.card.ns - ns;
        sd_model_wait_ms(&bench.card, 100);
        waited++;
    }
    assert_true(polled_ns < UINT64_C(4000000000));
    assert_int_equal(read_blocks(0, 1), THIMBLE_ERR_HARDWARE);
    assert_true(waited > 0);
    finish();
}

/* A processor that restarts finds the card in the middle of something. */
static void a_card_is_found_in_any_state(void **state)
{
    (void)state;
    for (int what = 0; what < 4; what++) {
        for (unsigned cut = 0; cut < 1200; cut += 37) {
            begin(BLOCKS, true);
            assert_int_equal(start(), THIMBLE_OK);

            /* Half a request: the bus goes dead after `cut` bytes of it. */
            struct thimble_sdspi_config config = sd_model_config(&bench.card);
            uint8_t junk[1200];
            memset(junk, what == 3 ? 0x55 : 0xff, sizeof junk);
            static const uint8_t commands[][8] = {
                { 0xff, 0x52, 0, 0, 0, 0, 0, 0 },           /* CMD18 */
                { 0xff, 0x51, 0, 0, 0, 0, 0, 0 },           /* CMD17 */
                { 0xff, 0x58, 0, 0, 0, 0, 0, 0 },           /* CMD24 */
                { 0xff, 0x59, 0, 0, 0, 0, 0, 0 },           /* CMD25 */
            };
            static const uint8_t tokens[] = { 0xff, 0xff, 0xfe, 0xfc };
            bench.card.crc_on = false;
            config.hooks.select(config.hooks.ctx, true);
            config.hooks.transfer(config.hooks.ctx, commands[what], NULL, 7);
            config.hooks.transfer(config.hooks.ctx, NULL, NULL, 4);
            config.hooks.transfer(config.hooks.ctx, &tokens[what], NULL, 1);
            bench.card.crc_on = true;
            config.hooks.transfer(config.hooks.ctx, junk, NULL, cut);

            assert_int_equal(start(), THIMBLE_OK);
            assert_int_equal(write_blocks(30, 8, 1), THIMBLE_OK);
            assert_int_equal(read_blocks(30, 8), THIMBLE_OK);
            assert_pattern(bench.buf, 30, 8, 1);
            finish();
        }
    }
}

/* --------------------------------------------------------------------------------------
 * One failure, and what it must lead to
 */

static void one_failure_of_a_request_is_mended(void **state)
{
    (void)state;
    static const enum sd_fault faults[] = {
        SD_FAULT_COMMAND_CRC, SD_FAULT_COMMAND_LOST, SD_FAULT_RESPONSE_LOST,
        SD_FAULT_RESET, SD_FAULT_PARAMETER,
        SD_FAULT_READ_CRC, SD_FAULT_READ_ERROR, SD_FAULT_READ_TOKEN,
        SD_FAULT_READ_NEVER, SD_FAULT_READ_LATE,
        SD_FAULT_WRITE_CRC, SD_FAULT_WRITE_ERROR, SD_FAULT_WRITE_RESPONSE,
        SD_FAULT_WRITE_SLOW,
    };
    for (size_t f = 0; f < sizeof faults / sizeof *faults; f++) {
        for (uint32_t n = 1; n <= 8; n += 7) {
            begin(BLOCKS, f % 2);
            assert_int_equal(start(), THIMBLE_OK);
            assert_int_equal(write_blocks(20, n, 1), THIMBLE_OK);
            assert_int_equal(flush(), THIMBLE_OK);

            sd_model_fail(&bench.card, faults[f], 0, 0);
            assert_int_equal(read_blocks(20, n), THIMBLE_OK);
            assert_pattern(bench.buf, 20, n, 1);
            assert_int_equal(write_blocks(40, n, 2), THIMBLE_OK);
            assert_int_equal(flush(), THIMBLE_OK);
            assert_pattern(on_card(40), 40, n, 2);
            assert_int_equal(bench.card.happened, 1);
            assert_int_equal(bench.sd.retries > 0, faults[f] != SD_FAULT_READ_LATE &&
                                                   faults[f] != SD_FAULT_WRITE_SLOW);
            finish();
        }
    }
}

static void lasting_failures_become_the_right_error(void **state)
{
    (void)state;
    static const struct { enum sd_fault fault; int read, write; } cases[] = {
        { SD_FAULT_WRITE_ERROR,    THIMBLE_OK,           THIMBLE_ERR_IO },
        { SD_FAULT_WRITE_CRC,      THIMBLE_OK,           THIMBLE_ERR_HARDWARE },
        { SD_FAULT_WRITE_RESPONSE, THIMBLE_OK,           THIMBLE_ERR_HARDWARE },
        { SD_FAULT_STUCK_LOW,      THIMBLE_ERR_HARDWARE, THIMBLE_ERR_HARDWARE },
        { SD_FAULT_REMOVED,        THIMBLE_ERR_NO_MEDIUM, THIMBLE_ERR_NO_MEDIUM },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint32_t n = 1; n <= 8; n += 7) {
            begin(BLOCKS, true);
            assert_int_equal(start(), THIMBLE_OK);
            bench.card.limit_ms = bench.card.ns / 1000000 + 10000;

            sd_model_fail(&bench.card, cases[i].fault, 0, UINT64_MAX / 2);
            assert_int_equal(read_blocks(20, n), cases[i].read);
            assert_int_equal(write_blocks(20, n, 1), cases[i].write);
            sd_model_heal(&bench.card);
            finish();
        }
    }
}

static struct thimble_health health_of_card(void)
{
    struct thimble_insight *insight = bench.sd.block.insight;
    struct thimble_health h;

    assert_true(insight->health(insight, &h));
    return h;
}

static void expect_requests(const struct thimble_health_requests *r, uint32_t tries, uint32_t mended,
                            uint32_t mended_late, uint32_t failed)
{
    assert_int_equal(r->tries, tries);
    assert_int_equal(r->mended, mended);
    assert_int_equal(r->mended_late, mended_late);
    assert_int_equal(r->failed, failed);
}

static void what_went_wrong_is_counted(void **state)
{
    static const struct thimble_health_requests none;
    (void)state;

    begin(BLOCKS, true);
    assert_int_equal(start(), THIMBLE_OK);
    struct thimble_health h = health_of_card();
    assert_true(h.counted && !h.failing);
    assert_int_equal(h.temperature_c, THIMBLE_HEALTH_UNKNOWN);
    assert_int_equal(h.used_percent, THIMBLE_HEALTH_UNKNOWN);
    assert_int_equal(h.speed_class, 10);
    assert_int_equal(h.erase_unit_kib, 4096);
    assert_memory_equal(&h.reads, &none, sizeof none);

    sd_model_fail(&bench.card, SD_FAULT_READ_CRC, 0, 0);
    assert_int_equal(read_blocks(20, 4), THIMBLE_OK);
    h = health_of_card();
    expect_requests(&h.reads, 1, 1, 0, 0);
    assert_int_equal(h.garbled, 1);
    assert_int_equal(h.restarts, 0);

    sd_model_fail(&bench.card, SD_FAULT_READ_NEVER, 0, 0);
    assert_int_equal(read_blocks(100, 1), THIMBLE_OK);
    h = health_of_card();
    expect_requests(&h.reads, 2, 1, 1, 0);
    assert_int_equal(h.silent, 1);
    assert_int_equal(h.restarts, 1);

    sd_model_fail(&bench.card, SD_FAULT_WRITE_CRC, 0, UINT64_MAX / 2);   /* a bad wire says nothing about the card */
    assert_int_equal(write_blocks(20, 1, 1), THIMBLE_ERR_HARDWARE);
    sd_model_heal(&bench.card);
    h = health_of_card();
    expect_requests(&h.writes, 3, 0, 0, 1);
    assert_int_equal(h.garbled, 5);
    assert_false(h.failing);

    sd_model_fail(&bench.card, SD_FAULT_WRITE_ERROR, 0, 0);
    assert_int_equal(write_blocks(20, 1, 1), THIMBLE_OK);
    h = health_of_card();
    expect_requests(&h.writes, 4, 1, 0, 1);
    assert_int_equal(h.refused, 1);
    assert_false(h.failing);

    sd_model_fail(&bench.card, SD_FAULT_WRITE_ERROR, 0, UINT64_MAX / 2);
    assert_int_equal(write_blocks(20, 1, 1), THIMBLE_ERR_IO);
    sd_model_heal(&bench.card);
    h = health_of_card();
    expect_requests(&h.writes, 7, 1, 0, 2);
    assert_int_equal(h.refused, 5);
    assert_true(h.failing);
    assert_int_equal(write_blocks(20, 1, 1), THIMBLE_OK);   /* and it stays so */
    assert_true(health_of_card().failing);
    assert_int_equal(health_of_card().reads.failed, 0);
    finish();
}

/* What was answered, and is found lost afterwards. */
static void a_lost_write_is_counted(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    assert_int_equal(start(), THIMBLE_OK);
    sd_model_fail(&bench.card, SD_FAULT_WRITE_FORGOTTEN, 3, 0);
    assert_int_equal(write_blocks(0, 8, 1), THIMBLE_OK);
    assert_int_equal(flush(), THIMBLE_ERR_IO);
    assert_int_equal(health_of_card().writes.failed, 1);
    assert_true(health_of_card().failing);
    finish();
}

static void health_belongs_to_the_card(void **state)
{
    struct thimble_insight *insight;
    struct thimble_health h;
    (void)state;

    begin(BLOCKS, true);
    bench.card.no_status = true;        /* it need not tell its speed */
    assert_int_equal(start(), THIMBLE_OK);
    insight = bench.sd.block.insight;
    assert_int_equal(health_of_card().speed_class, 0);
    assert_int_equal(health_of_card().erase_unit_kib, 0);
    sd_model_fail(&bench.card, SD_FAULT_WRITE_ERROR, 0, UINT64_MAX / 2);
    assert_int_equal(write_blocks(20, 1, 1), THIMBLE_ERR_IO);
    sd_model_heal(&bench.card);
    sd_model_remove(&bench.card);
    assert_int_equal(read_blocks(0, 1), THIMBLE_ERR_NO_MEDIUM);
    assert_false(insight->health(insight, &h));
    sd_model_insert(&bench.card);       /* the same */
    while (thimble_sdspi_poll(&bench.sd) != THIMBLE_SDSPI_NEW)
        bench.card.ns += 10000000;
    assert_true(health_of_card().failing);
    assert_int_equal(health_of_card().writes.failed, 1);

    bench.card.no_status = false;
    bench.card.au_size = 15;
    bench.card.speed_class = 9;         /* reserved */
    sd_model_swap(&bench.card, 0x99);   /* another */
    for (bool met = false; !met; bench.card.ns += 10000000)
        met = thimble_sdspi_poll(&bench.sd) == THIMBLE_SDSPI_NEW;
    assert_false(health_of_card().failing);
    assert_int_equal(health_of_card().writes.failed, 0);
    assert_int_equal(health_of_card().speed_class, 0);
    assert_int_equal(health_of_card().erase_unit_kib, 65536);
    finish();
}

/* A block that the card cannot read: the rest of the disk stays in use. */
static void a_bad_block_is_an_io_error(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    assert_int_equal(start(), THIMBLE_OK);
    assert_int_equal(write_blocks(0, 8, 1), THIMBLE_OK);
    assert_int_equal(flush(), THIMBLE_OK);

    sd_model_fail(&bench.card, SD_FAULT_READ_ERROR, 0, 2);  /* until it is opened anew */
    assert_int_equal(read_blocks(100, 1), THIMBLE_OK);
    assert_int_equal(bench.card.happened, 3);
    assert_int_equal(bench.sd.restarts, 1);

    bench.card.size_blocks = 64;        /* reads beyond fail for ever */
    assert_int_equal(read_blocks(60, 8), THIMBLE_ERR_BLOCK);
    assert_int_equal(bench.io.n_blocks, 4);
    assert_int_equal(read_blocks(100, 1), THIMBLE_ERR_BLOCK);
    assert_int_equal(bench.io.n_blocks, 0);
    assert_int_equal(write_blocks(60, 8, 1), THIMBLE_ERR_IO);
    assert_int_equal(read_blocks(0, 8), THIMBLE_OK);
    assert_pattern(bench.buf, 0, 8, 1);
    finish();
}

static void a_stuck_card_is_given_up(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 8; n += 7) {
        begin(BLOCKS, true);
        assert_int_equal(start(), THIMBLE_OK);
        sd_model_fail(&bench.card, SD_FAULT_WRITE_STUCK, n - 1, 0);
        uint64_t ns = bench.card.ns;
        int result = write_blocks(0, n, 1);
        if (n > 1) {                    /* the card may be busy after an answer */
            assert_int_equal(result, THIMBLE_OK);
            assert_int_equal(flush(), THIMBLE_ERR_IO);
            assert_int_equal(read_blocks(0, 1), THIMBLE_ERR_HARDWARE);
        } else {
            assert_int_equal(result, THIMBLE_ERR_HARDWARE);
        }
        assert_true(bench.card.ns - ns < UINT64_C(10000000000));
        assert_int_equal(poll_until_changed(), THIMBLE_SDSPI_GONE);

        sd_model_remove(&bench.card);   /* out and in again helps */
        sd_model_insert(&bench.card);
        assert_int_equal(poll_until_changed(), THIMBLE_SDSPI_NEW);
        assert_int_equal(write_blocks(0, n, 1), THIMBLE_OK);
        assert_int_equal(flush(), THIMBLE_OK);
        assert_pattern(on_card(0), 0, n, 1);
        finish();
    }
}

/* A card forgets, after it had taken the block: the flush must say so. */
static void forgotten_blocks_fail_the_flush(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    assert_int_equal(start(), THIMBLE_OK);
    sd_model_fail(&bench.card, SD_FAULT_WRITE_FORGOTTEN, 3, 0);
    assert_int_equal(write_blocks(0, 8, 1), THIMBLE_OK);
    assert_int_equal(write_blocks(8, 8, 1), THIMBLE_OK);
    assert_int_equal(flush(), THIMBLE_ERR_IO);
    assert_int_equal(flush(), THIMBLE_OK);

    /* A read or poll that ends the transfer does not hide it. */
    for (int how = 0; how < 2; how++) {
        sd_model_fail(&bench.card, SD_FAULT_WRITE_FORGOTTEN, 3, 0);
        assert_int_equal(write_blocks(0, 8, 2), THIMBLE_OK);
        if (how == 0) {
            assert_int_equal(read_blocks(100, 1), THIMBLE_OK);
        } else {
            sd_model_wait_ms(&bench.card, 100);
            assert_int_equal(thimble_sdspi_poll(&bench.sd), THIMBLE_SDSPI_SAME);
        }
        assert_int_equal(flush(), THIMBLE_ERR_IO);
        assert_int_equal(flush(), THIMBLE_OK);
    }

    /* A request that ends its own transfer tries again. */
    sd_model_fail(&bench.card, SD_FAULT_WRITE_FORGOTTEN, 0, 0);
    assert_int_equal(write_blocks(30, 1, 3), THIMBLE_OK);
    assert_pattern(on_card(30), 30, 1, 3);
    assert_int_equal(flush(), THIMBLE_OK);
    finish();
}

/* A write error in a later request tells whether the earlier ones arrived. */
static void the_card_is_asked_how_far_it_came(void **state)
{
    (void)state;
    for (int lost = 0; lost < 2; lost++) {
        begin(BLOCKS, true);
        assert_int_equal(start(), THIMBLE_OK);
        assert_int_equal(write_blocks(0, 8, 1), THIMBLE_OK);
        sd_model_fail(&bench.card, SD_FAULT_WRITE_ERROR, 2, 0);
        if (lost)
            bench.card.written = 5;
        assert_int_equal(write_blocks(8, 8, 1), THIMBLE_OK);
        assert_int_equal(bench.card.count_of[64 + 22], 1);
        assert_int_equal(flush(), lost ? THIMBLE_ERR_IO : THIMBLE_OK);
        assert_pattern(on_card(0), 0, 16, 1);
        finish();
    }
}

/* --------------------------------------------------------------------------------------
 * Every failure at every place
 */

/* What a block may hold: the version flushed last, or any that was tried since. */
struct block_state { uint8_t flushed, newest; bool dirty; };

enum { WATCHED = 96 };
static struct block_state blocks[WATCHED];

static bool block_allowed(uint32_t lba, const uint8_t *data)
{
    uint8_t want[SD_BLOCK];
    for (unsigned v = blocks[lba].flushed; v <= blocks[lba].newest; v++) {
        if (v == 0)
            memset(want, 0, sizeof want);
        else
            pattern(want, lba, 1, v);
        if (memcmp(want, data, sizeof want) == 0)
            return true;
    }
    /* Zeros, if an unmap was tried; see scenario(). */
    memset(want, 0, sizeof want);
    return lba >= 64 && lba < 72 && memcmp(want, data, sizeof want) == 0;
}

static void try_write(uint32_t lba, uint32_t n, uint8_t version)
{
    for (uint32_t i = 0; i < n; i++)
        blocks[lba + i].newest = version;
    (void)write_blocks(lba, n, version);
}

static void try_read(uint32_t lba, uint32_t n)
{
    if (read_blocks(lba, n) != THIMBLE_OK)
        return;
    for (uint32_t i = 0; i < n; i++)
        assert_true(block_allowed(lba + i, bench.buf + i * SD_BLOCK));
}

/* Requests of all kinds.  `all_well`: every write since the last flush succeeded; if
 * not, or if the flush fails, the blocks written since may hold anything that was tried.
 */
static void scenario(void)
{
    bool all_well = true;
    static const struct { char what; uint8_t lba, n, version; } steps[] = {
        { 'w', 8, 4, 1 }, { 'w', 12, 3, 1 }, { 'f', 0, 0, 0 },
        { 'r', 8, 3, 0 }, { 'r', 11, 2, 0 }, { 'w', 64, 8, 1 }, { 'r', 66, 1, 0 },
        { 'w', 8, 1, 2 }, { 'u', 64, 8, 0 }, { 'p', 0, 0, 0 },
        { 'w', 12, 2, 3 }, { 'f', 0, 0, 0 }, { 'r', 8, 8, 0 },
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        uint32_t lba = steps[i].lba, n = steps[i].n;
        switch (steps[i].what) {
        case 'w': {
            struct thimble_io io;
            for (uint32_t j = 0; j < n; j++) {
                blocks[lba + j].newest = steps[i].version;
                blocks[lba + j].dirty = true;
            }
            pattern(bench.buf, lba, n, steps[i].version);
            all_well = bench.sd.block.write && all_well &&
                       bench.sd.block.write(&bench.sd.block, lba, n, bench.buf, &io) ==
                       THIMBLE_OK;
            break;
        }
        case 'r':
            try_read(lba, n);
            break;
        case 'u': {
            struct thimble_io io;
            all_well = bench.sd.block.unmap && all_well &&
                       bench.sd.block.unmap(&bench.sd.block, lba, n, &io) == THIMBLE_OK;
            break;
        }
        case 'p':
            sd_model_wait_ms(&bench.card, 30);
            (void)thimble_sdspi_poll(&bench.sd);
            break;
        case 'f':
            all_well = flush() == THIMBLE_OK && all_well;
            for (uint32_t b = 0; b < WATCHED; b++) {
                if (all_well && blocks[b].dirty)
                    blocks[b].flushed = blocks[b].newest;
                blocks[b].dirty = false;
            }
            all_well = true;
            break;
        }
        assert_false(bench.card.hung);
    }
}

static bool opened_again(void)
{
    for (int i = 0; i < 1200 && ready() != THIMBLE_OK; i++) {
        (void)thimble_sdspi_poll(&bench.sd);
        sd_model_wait_ms(&bench.card, 100);
    }
    return ready() == THIMBLE_OK;
}

/* Runs the scenario with one planned fault; false: it did not happen any more. */
static bool survives(enum sd_fault fault, uint64_t at, uint64_t more, bool during_init)
{
    begin(1024, at & 1);
    memset(blocks, 0, sizeof blocks);
    bench.card.forgets = true;
    bench.card.byte_ns = 4000;          /* long waits in few steps */
    bench.card.look_ns = 200000;
    bench.card.limit_ms = 90000;
    bench.card.slow_ms = 400;
    if (during_init)
        sd_model_fail(&bench.card, fault, at, more);
    int opened = start();
    if (!during_init) {
        assert_int_equal(opened, THIMBLE_OK);
        sd_model_fail(&bench.card, fault, at, more);
    }
    scenario();
    bool happened = bench.card.happened > 0;

    /* Afterwards, with everything mended, the card works, and holds what was flushed. */
    sd_model_heal(&bench.card);
    if (!bench.card.inserted)
        sd_model_insert(&bench.card);
    bench.card.limit_ms = bench.card.ns / 1000000 + 200000;
    assert_true(opened_again());
    (void)flush();
    assert_int_equal(flush(), THIMBLE_OK);
    for (uint32_t lba = 0; lba < WATCHED; lba++)
        assert_true(block_allowed(lba, on_card(lba)));
    try_read(0, LONGEST);
    try_write(80, 8, 9);
    assert_int_equal(flush(), THIMBLE_OK);
    assert_pattern(on_card(80), 80, 8, 9);
    assert_int_equal(bench.sd.deferred, THIMBLE_OK);
    finish();
    return happened;
}

static void every_command_and_packet_may_fail(void **state)
{
    (void)state;
    static const uint64_t how_often[] = { 0, 1, 5, UINT64_MAX / 2 };
    for (int fault = SD_FAULT_COMMAND_CRC; fault <= SD_FAULT_WRITE_FORGOTTEN; fault++)
        for (int init = 0; init < 2; init++)
            for (size_t i = 0; i < sizeof how_often / sizeof *how_often; i++) {
                uint64_t at = 0;
                uint64_t step = how_often[i] > 5 ? 5 : 1;   /* these take long */
                while (survives((enum sd_fault)fault, at, how_often[i], init))
                    at += step;
            }
}

/* The scenario is some 20,000 bytes long. */
static void every_byte_may_fail(void **state)
{
    (void)state;
    static const struct { enum sd_fault fault; uint64_t step; } cases[] = {
        { SD_FAULT_BYTE_IN, 13 }, { SD_FAULT_BYTE_OUT, 13 }, { SD_FAULT_GARBAGE, 61 },
        { SD_FAULT_STUCK_LOW, 131 }, { SD_FAULT_REMOVED, 67 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t at = i;
        while (survives(cases[i].fault, at, 0, false))
            at += cases[i].step;
        assert_true(at > 10000);
        for (at = i; at < 1500 && survives(cases[i].fault, at, 0, true);)
            at += 5;
    }
}

static void a_missing_hook_is_refused(void **state)
{
    (void)state;
    begin(BLOCKS, true);
    for (int i = 0; i < 3; i++) {
        struct thimble_sdspi_config config = sd_model_config(&bench.card);
        switch (i) {
        case 0: config.hooks.transfer = NULL; break;
        case 1: config.hooks.select = NULL; break;
        case 2: config.hooks.millis = NULL; break;
        }
        assert_int_equal(thimble_sdspi_init(&bench.sd, &config), THIMBLE_ERR_ARGUMENT);
    }
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sdsc_version_1_opens),
        cmocka_unit_test(sdsc_version_2_opens),
        cmocka_unit_test(sdhc_opens),
        cmocka_unit_test(reads_go_on_in_one_transfer),
        cmocka_unit_test(writes_go_on_in_one_transfer),
        cmocka_unit_test(poll_ends_idle_transfers),
        cmocka_unit_test(transfers_end_with_the_card),
        cmocka_unit_test(a_shared_bus_is_left_after_each_request),
        cmocka_unit_test(pre_erase_announces_the_length),
        cmocka_unit_test(slow_cards_are_waited_for),
        cmocka_unit_test(requests_in_any_order_match_a_shadow),
        cmocka_unit_test(sizes_come_from_every_csd),
        cmocka_unit_test(unprintable_names_are_replaced),
        cmocka_unit_test(write_protection_is_seen),
        cmocka_unit_test(protection_that_comes_later_is_told),
        cmocka_unit_test(unmapped_blocks_read_as_zeros),
        cmocka_unit_test(zeros_are_written_without_a_buffer),
        cmocka_unit_test(unmap_is_offered_only_where_it_works),
        cmocka_unit_test(an_empty_slot_answers_at_once),
        cmocka_unit_test(removal_is_noticed_by_poll),
        cmocka_unit_test(removal_is_noticed_by_a_request),
        cmocka_unit_test(a_swapped_card_waits_for_its_owner),
        cmocka_unit_test(a_protected_card_after_another_refuses),
        cmocka_unit_test(a_swap_between_requests_is_noticed_by_poll),
        cmocka_unit_test(a_card_that_never_initialises_costs_little),
        cmocka_unit_test(a_card_is_found_in_any_state),
        cmocka_unit_test(one_failure_of_a_request_is_mended),
        cmocka_unit_test(lasting_failures_become_the_right_error),
        cmocka_unit_test(what_went_wrong_is_counted),
        cmocka_unit_test(a_lost_write_is_counted),
        cmocka_unit_test(health_belongs_to_the_card),
        cmocka_unit_test(a_bad_block_is_an_io_error),
        cmocka_unit_test(a_stuck_card_is_given_up),
        cmocka_unit_test(forgotten_blocks_fail_the_flush),
        cmocka_unit_test(the_card_is_asked_how_far_it_came),
        cmocka_unit_test(every_command_and_packet_may_fail),
        cmocka_unit_test(every_byte_may_fail),
        cmocka_unit_test(a_missing_hook_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
