/* SPDX-License-Identifier: MIT
 *
 * test_record.c: a record that was kept is trusted when it is whole, and only then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/core/record.h"
#include "../../src/thimble.h"

enum { BYTES = 45, LEN = TH_RECORD_HEADER_BYTES + BYTES };

static void make(uint8_t record[LEN])
{
    for (unsigned i = 0; i < BYTES; i++)
        record[TH_RECORD_HEADER_BYTES + i] = (uint8_t)(i * 7);
    assert_int_equal(th_record_seal(record, THIMBLE_RECORD_MODE_PAGES, BYTES), LEN);
}

static void test_whole(void **state)
{
    uint8_t record[LEN], empty[TH_RECORD_HEADER_BYTES];
    (void)state;

    make(record);
    assert_int_equal(th_record_open(record, LEN, THIMBLE_RECORD_MODE_PAGES), BYTES);
    assert_int_equal(th_record_open(record, LEN, THIMBLE_RECORD_RESERVATIONS), THIMBLE_ERR_RECORD);

    assert_int_equal(th_record_seal(empty, THIMBLE_RECORD_MODE_PAGES, 0), TH_RECORD_HEADER_BYTES);
    assert_int_equal(th_record_open(empty, sizeof empty, THIMBLE_RECORD_MODE_PAGES), 0);
}

static void test_every_bit(void **state)
{
    uint8_t record[LEN];
    (void)state;

    for (unsigned bit = 0; bit < 8 * LEN; bit++) {
        make(record);
        record[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(th_record_open(record, LEN, THIMBLE_RECORD_MODE_PAGES),
                         THIMBLE_ERR_RECORD);
    }
}

/* The record lies at the end of its memory, so that reading beyond it is found by the sanitizer. */
static void test_every_length(void **state)
{
    uint8_t record[LEN + 1] = { 0 };
    (void)state;

    make(record);
    for (uint32_t len = 0; len <= LEN + 1; len++) {
        uint8_t *cut = malloc(len ? len : 1);
        memcpy(cut, record, len);
        int want = len == LEN ? BYTES : THIMBLE_ERR_RECORD;
        assert_int_equal(th_record_open(cut, len, THIMBLE_RECORD_MODE_PAGES), want);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_every_length),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
