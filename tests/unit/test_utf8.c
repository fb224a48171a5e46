/* SPDX-License-Identifier: MIT
 *
 * test_utf8.c: what is a character of UTF-8 and what is none, against an encoder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/core/utf8.h"

static size_t encode(uint32_t c, uint8_t to[4])
{
    if (c < 0x80) {
        to[0] = (uint8_t)c;
        return 1;
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; c >>= 6)
        to[i] = 0x80 | (c & 0x3f);
    to[0] = (uint8_t)(0xf00u >> len | c);
    return len;
}

/* Its bytes lie at the end of their memory, so that the sanitizer finds who looks beyond. */
static size_t at_the_end(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n);

    memcpy(copy, bytes, n);
    size_t len = th_utf8_character(copy, n);
    free(copy);
    return len;
}

static void test_every_character(void **state)
{
    uint8_t bytes[4];
    (void)state;

    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        size_t len = encode(c, bytes);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        assert_int_equal(th_utf8_character(bytes, len), surrogate ? 0 : len);
    }
    assert_int_equal(encode(0x110000, bytes), 4);
    assert_int_equal(th_utf8_character(bytes, 4), 0);
}

/* Of three bytes of any value, as many are characters as there are characters. */
static void test_nothing_else(void **state)
{
    uint32_t found[4] = { 0 };
    (void)state;

    for (uint32_t i = 0; i < 1u << 24; i++) {
        const uint8_t bytes[3] = { (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
        found[th_utf8_character(bytes, 3)]++;
    }
    assert_int_equal(found[1], 0x80u << 16);
    assert_int_equal(found[2], (0x800u - 0x80) << 8);
    assert_int_equal(found[3], 0x10000 - 0x800 - 0x800);
}

static void test_what_is_cut(void **state)
{
    static const uint32_t some[] = { 0xe9, 0x20ac, 0x1f600 };
    uint8_t bytes[4];
    (void)state;

    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        size_t len = encode(some[i], bytes);
        for (size_t n = 1; n <= len; n++)
            assert_int_equal(at_the_end(bytes, n), n == len ? len : 0);
        for (size_t k = 1; k < len; k++) {
            uint8_t spoilt[4];
            memcpy(spoilt, bytes, 4);
            spoilt[k] = 'x';
            assert_int_equal(at_the_end(spoilt, len), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_nothing_else),
        cmocka_unit_test(test_what_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
