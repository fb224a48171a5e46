/* SPDX-License-Identifier: MIT
 *
 * test_text.c: src/iscsi/text.c, value by value.
 */
#include "nego_test.h"

struct number_case { const char *title, *text; bool good; uint64_t value; };

static const struct number_case numbers[] = {
    { "zero", "0", true, 0 },
    { "decimal", "8192", true, 8192 },
    { "largest", "18446744073709551615", true, UINT64_MAX },
    { "one more than the largest", "18446744073709551616", false, 0 },
    { "ten times as much", "184467440737095516150", false, 0 },
    { "hexadecimal", "0x2000", true, 8192 },
    { "hexadecimal, capital X", "0X2000", true, 8192 },
    { "hexadecimal, both cases", "0xAbCdEf", true, 0xabcdef },
    { "hexadecimal, leading zeros", "0x00000000000000000001", true, 1 },
    { "hexadecimal, largest", "0xffffffffffffffff", true, UINT64_MAX },
    { "hexadecimal, one more", "0x10000000000000000", false, 0 },
    { "nothing", "", false, 0 },
    { "only the prefix", "0x", false, 0 },
    { "leading zero", "08192", false, 0 },
    { "two zeros", "00", false, 0 },
    { "sign", "-1", false, 0 },
    { "plus", "+1", false, 0 },
    { "blank before", " 1", false, 0 },
    { "blank behind", "1 ", false, 0 },
    { "a word", "abc", false, 0 },
    { "digits, then a letter", "12a", false, 0 },
    { "a letter that is no hexadecimal digit", "0x1g", false, 0 },
    { "base64 is not for numbers", "0bAAAA", false, 0 },
    { "fraction", "1.5", false, 0 },
    { "range", "1~2", false, 0 },
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t v = 77;
        bool good = th_text_number(numbers[i].text, &v);
        if (good != numbers[i].good || (good && v != numbers[i].value))
            fail_msg("%s: %d %llu", numbers[i].title, good, (unsigned long long)v);
        if (!good)
            assert_int_equal(v, 77);
    }
}

struct binary_case { const char *title, *text; size_t len; const char *bytes; };

static const struct binary_case binaries[] = {
    { "hexadecimal", "0x00ff10", 3, "\x00\xff\x10" },
    { "hexadecimal, capitals", "0XABCDEF", 3, "\xab\xcd\xef" },
    { "odd number of digits", "0xabc", 2, "\x0a\xbc" },
    { "one digit", "0x7", 1, "\x07" },
    { "leading zeros count", "0x0000", 2, "\0\0" },
    { "no digits", "0x", 0, "" },
    { "bad digit", "0x0g", 0, "" },
    { "blank", "0x 0", 0, "" },
    { "exactly as long as there is room", "0x0102030405060708", 8, "\1\2\3\4\5\6\7\10" },
    { "one byte more", "0x010203040506070809", 0, "" },
    { "half a byte more", "0x10203040506070809", 0, "" },
    { "base64", "0bAQID", 3, "\1\2\3" },
    { "base64, capital B", "0BAQID", 3, "\1\2\3" },
    { "base64, one pad", "0bAQI=", 2, "\1\2" },
    { "base64, two pads", "0bAQ==", 1, "\1" },
    { "base64, pads left out", "0bAQI", 2, "\1\2" },
    { "base64, all kinds of digits", "0bAZaz09+/", 6, "\x01\x96\xb3\xd3\xdf\xbf" },
    { "base64, nothing", "0b", 0, "" },
    { "base64, only pads", "0b==", 0, "" },
    { "base64, one character", "0bA", 0, "" },
    { "base64, one character and pads", "0bA===", 0, "" },
    { "base64, pad too many", "0bAQID=", 0, "" },
    { "base64, pad in the middle", "0bAQ==AQID", 0, "" },
    { "base64, bad character", "0bAQ-D", 0, "" },
    { "base64, as long as there is room", "0bAQIDBAUGBwg=", 8, "\1\2\3\4\5\6\7\10" },
    { "base64, one byte more", "0bAQIDBAUGBwgJ", 0, "" },
    { "decimal is not for bytes", "12", 0, "" },
    { "nothing", "", 0, "" },
    { "zero", "0", 0, "" },
};

static void test_binaries(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(binaries); i++) {
        uint8_t out[9];
        memset(out, 0x5a, sizeof out);
        size_t len = th_text_binary(binaries[i].text, out, 8);
        if (len != binaries[i].len || memcmp(out, binaries[i].bytes, len) != 0)
            fail_msg("%s: %zu bytes", binaries[i].title, len);
        assert_int_equal(out[8], 0x5a);
    }
}

/* What we write, we read. */
static void test_there_and_back(void **state)
{
    (void)state;
    uint8_t in[256], out[256];
    char hex[2 * sizeof in + 3];
    for (unsigned i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 1; len <= sizeof in; len++) {
        assert_int_equal(th_text_hex(hex, in, len), 2 * len + 2);
        assert_int_equal(strlen(hex), 2 * len + 2);
        assert_int_equal(th_text_binary(hex, out, sizeof out), len);
        assert_memory_equal(in, out, len);
    }

    static const uint32_t values[] = { 0, 1, 9, 10, 65535, 262144, 16777215, UINT32_MAX };
    for (size_t i = 0; i < COUNT(values); i++) {
        char text[11];
        char expected[16];
        uint64_t back;
        sprintf(expected, "%u", values[i]);
        assert_int_equal(th_text_decimal(text, values[i]), strlen(expected));
        assert_string_equal(text, expected);
        assert_true(th_text_number(text, &back));
        assert_int_equal(back, values[i]);
    }
}

struct split_case { const char *title, *pair, *key, *value; };

#define A63 "A23456789012345678901234567890123456789012345678901234567890123"

static const struct split_case splits[] = {
    { "plain", "Key=value", "Key", "value" },
    { "empty value", "Key=", "Key", "" },
    { "'=' in the value", "Key=a=b", "Key", "a=b" },
    { "every character a key may have", "aZ09.-+@_#=1", "aZ09.-+@_#", "1" },
    { "longest key", A63 "=1", A63, "1" },
    { "key too long", A63 "4=1", NULL, NULL },
    { "no '='", "Key", NULL, NULL },
    { "no key", "=value", NULL, NULL },
    { "blank in the key", "A key=1", NULL, NULL },
    { "control character in the key", "Ke\ny=1", NULL, NULL },
    { "not ASCII", "K\xc3\xa4y=1", NULL, NULL },
};

static void test_splits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(splits); i++) {
        char pair[128];
        char *value = NULL;
        strcpy(pair, splits[i].pair);
        bool good = th_text_split(pair, &value);
        if (good != (splits[i].key != NULL))
            fail_msg("%s", splits[i].title);
        if (good) {
            assert_string_equal(pair, splits[i].key);
            assert_string_equal(value, splits[i].value);
        }
    }
}

static void test_lists(void **state)
{
    (void)state;
    static const char *const items[] = { "CRC32C", "", "None" };
    const char *list = "CRC32C,,None";
    const char *item;
    size_t len;
    for (size_t i = 0; i < COUNT(items); i++) {
        assert_true(th_text_item(&list, &item, &len));
        assert_int_equal(len, strlen(items[i]));
        assert_memory_equal(item, items[i], len);
    }
    assert_false(th_text_item(&list, &item, &len));

    assert_int_equal(th_text_find("None,CRC32C", "CRC32C", 6), 1);
    assert_int_equal(th_text_find("None,CRC32C", "None,", 4), 0);
    assert_int_equal(th_text_find("None,CRC32C", "CRC32", 5), -1);
    assert_int_equal(th_text_find("None,CRC32C", "crc32c", 6), -1);
    assert_int_equal(th_text_find("", "None", 4), -1);
}

static void test_words(void **state)
{
    (void)state;
    assert_int_equal(th_text_bool("Yes"), 1);
    assert_int_equal(th_text_bool("No"), 0);
    assert_int_equal(th_text_bool("yes"), -1);
    assert_int_equal(th_text_bool("Yes "), -1);
    assert_int_equal(th_text_bool(""), -1);
    assert_true(th_text_is_answer("Reject"));
    assert_true(th_text_is_answer("Irrelevant"));
    assert_true(th_text_is_answer("NotUnderstood"));
    assert_false(th_text_is_answer("None"));
    assert_false(th_text_is_answer("reject"));
    assert_false(th_text_is_answer(""));
    assert_true(th_name_equal("iqn.2024-01.Example:A", "IQN.2024-01.example:a"));
    assert_false(th_name_equal("iqn.a", "iqn.ab"));
    assert_false(th_name_equal("iqn.ab", "iqn.a"));
    assert_false(th_name_equal("iqn.[", "iqn.{"));
}

static void test_reasons(void **state)
{
    (void)state;
    for (int i = 0; i < THIMBLE_REASON_COUNT; i++) {
        const char *text = thimble_reason_text((enum thimble_reason)i);
        assert_non_null(text);
        assert_string_not_equal(text, "unknown reason");
        for (int j = 0; j < i; j++)
            assert_string_not_equal(text, thimble_reason_text((enum thimble_reason)j));
    }
    assert_string_equal(thimble_reason_text(THIMBLE_REASON_COUNT), "unknown reason");
    assert_string_equal(thimble_reason_text((enum thimble_reason)-1), "unknown reason");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_binaries),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
