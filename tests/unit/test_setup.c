/* SPDX-License-Identifier: MIT
 *
 * test_setup.c: the form of an access point, the names that it answers, when it is there (src/device/setup.h).
 *
 * Input ends where its memory does, so that a byte too many is noticed by AddressSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/setup.h"

/* --------------------------------------------------------------------------------------
 * The form
 */
#define TOKEN "0123456789abcdef"

static struct thimble_setup setup;

static const char *form(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    const char *problem = thimble_form_read(&setup, copy, len, TOKEN);
    free(copy);
    return problem;
}

static const char *fields(const char *text)
{
    char all[1024] = "token=" TOKEN "&";
    strcat(all, text);
    return form(all, strlen(all));
}

static void what_is_entered(void **state)
{
    (void)state;
    assert_null(fields("ssid=home&password=12345678&hostname=attic-2"));
    assert_string_equal(setup.ssid, "home");
    assert_string_equal(setup.password, "12345678");
    assert_string_equal(setup.host_name, "attic-2");

    assert_null(fields("ssid=a+b%2Bc%26d%3De%25&password=&other=%"));
    assert_string_equal(setup.ssid, "a b+c&d=e%");
    assert_string_equal(setup.password, "");
    assert_string_equal(setup.host_name, "");

    assert_null(fields("&&ssid=%c3%A9&=&ssi=x&password"));
    assert_string_equal(setup.ssid, "\xc3\xa9");
    assert_null(fields("ssid=abcdefghijklmnopqrstuvwxyz012345&password="
                       "123456789012345678901234567890123456789012345678901234567890123"));
    assert_int_equal(strlen(setup.ssid), 32);
    assert_int_equal(strlen(setup.password), 63);
}

static void what_cannot_be_entered(void **state)
{
    static const struct { const char *text, *words; } cases[] = {
        { "", "has no name" },
        { "ssid=", "has no name" },
        { "ssid=abcdefghijklmnopqrstuvwxyz0123456", "too long" },
        { "ssid=a&ssid=b", "twice" },
        { "ssid=%", "cannot be read" },
        { "ssid=%4", "cannot be read" },
        { "ssid=%4&password=12345678", "cannot be read" },
        { "ssid=%zz", "cannot be read" },
        { "ssid=a%00b", "cannot be read" },
        { "ssid=a%0ab", "characters" },
        { "ssid=a%7fb", "characters" },
        { "ssid=a&password=1234567", "8 characters" },
        { "ssid=a&password=1234567%e9", "characters" },
        { "ssid=a&hostname=a.b", "hyphens" },
        { "ssid=a&hostname=-a", "hyphens" },
        { "ssid=a&hostname=a-", "hyphens" },
        { "ssid=a&hostname=a%20b", "hyphens" },
        { "ssid=a&token=" TOKEN, "twice" },
    };
    static const struct thimble_setup nothing;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *problem = fields(cases[i].text);
        assert_non_null(problem);
        if (!strstr(problem, cases[i].words))
            fail_msg("%s: %s", cases[i].text, problem);
        assert_memory_equal(&setup, &nothing, sizeof setup);
    }
    assert_non_null(form("ssid=a\0b&token=" TOKEN, 15 + 8 + 6));
}

static void whose_form_it_is(void **state)
{
    static const char none[THIMBLE_FORM_TOKEN + 1];
    char text[THIMBLE_FORM_BYTES_MAX + 1];
    (void)state;
    assert_null(form("ssid=a&token=" TOKEN, 13 + 16));
    assert_non_null(form("ssid=a", 6));
    assert_non_null(form("ssid=a&token=", 13));
    assert_non_null(form("ssid=a&token=" TOKEN "0", 13 + 17));
    assert_non_null(form("ssid=a&token=0123456789abcdee", 13 + 16));
    assert_non_null(thimble_form_read(&setup, "ssid=a&token=", 13, none));
    memset(text, '&', sizeof text);
    memcpy(text, "ssid=a&token=" TOKEN, 13 + 16);
    assert_null(form(text, sizeof text - 1));
    assert_non_null(form(text, sizeof text));
}

static void the_longest_answer_fits(void **state)
{
    char text[THIMBLE_FORM_BYTES_MAX + 1] = "token=" TOKEN "&ssid=";
    (void)state;
    for (int i = 0; i < THIMBLE_SETUP_SSID; i++)
        strcat(text, "%C3");
    strcat(text, "&password=");
    for (int i = 0; i < THIMBLE_SETUP_PASSWORD; i++)
        strcat(text, "%26");
    strcat(text, "&hostname=");
    for (int i = 0; i < THIMBLE_SETUP_HOST_NAME; i++)
        strcat(text, "%61");
    assert_null(form(text, strlen(text)));
}

static void the_page(void **state)
{
    char page[THIMBLE_FORM_PAGE_BYTES];
    const char *problem = form("ssid=%", 6);
    (void)state;
    size_t len = thimble_form_page(page, sizeof page, TOKEN, NULL);
    assert_int_equal(len, strlen(page));
    assert_non_null(strstr(page, "value=\"" TOKEN "\""));
    assert_null(strstr(page, "<b>"));
    size_t with = thimble_form_page(page, sizeof page, TOKEN, problem);
    assert_true(with > len && with < sizeof page - 100);
    assert_non_null(strstr(page, problem));
    for (size_t size = 1; size <= with; size++) {
        memset(page, 'x', sizeof page);
        assert_int_equal(thimble_form_page(page, size, TOKEN, problem), 0);
        assert_int_equal(page[size], 'x');
    }
}

/* --------------------------------------------------------------------------------------
 * Names
 */
static const uint8_t ip[4] = { 192, 168, 4, 1 };
static const uint8_t question[] = "\x12\x34\x01\x20\0\1\0\0\0\0\0\1"
                                  "\3www\7example\0\0\1\0\1"
                                  "\0\0\x29\x10\0\0\0\0\0\0";     /* and what EDNS adds */
enum { QUESTION = 12 + 13 + 4, TYPE_AT = QUESTION - 3, CLASS_AT = QUESTION - 1 };

static size_t answer_to(const uint8_t *q, size_t len, uint8_t *answer)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, q, len);
    size_t n = thimble_name_answer(copy, len, ip, answer);
    free(copy);
    return n;
}

static void each_name_is_ours(void **state)
{
    uint8_t a[THIMBLE_NAME_ANSWER_BYTES];
    (void)state;
    assert_int_equal(answer_to(question, sizeof question - 1, a), QUESTION + 16);
    assert_memory_equal(a, "\x12\x34\x85\0\0\1\0\1\0\0\0\0", 12);
    assert_memory_equal(a + 12, question + 12, QUESTION - 12);
    assert_memory_equal(a + QUESTION, "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\xc0\xa8\4\1", 16);
}

/* AAAA, HTTPS, another class: there is such a name, and no such thing of it. */
static void nothing_else_is_known(void **state)
{
    uint8_t q[sizeof question], a[THIMBLE_NAME_ANSWER_BYTES];
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        memcpy(q, question, sizeof q);
        q[TYPE_AT] = (uint8_t)type;
        size_t n = answer_to(q, QUESTION, a);
        bool known = type == 1 || type == 255;
        assert_int_equal(n, QUESTION + (known ? 16 : 0));
        assert_int_equal(a[7], known);
        assert_int_equal(a[3] & 15, 0);
    }
    memcpy(q, question, sizeof q);
    q[CLASS_AT] = 3;
    assert_int_equal(answer_to(q, QUESTION, a), QUESTION);
}

static void what_is_no_question(void **state)
{
    uint8_t q[sizeof question], a[THIMBLE_NAME_ANSWER_BYTES], labels[600] = { 0 };
    (void)state;
    for (size_t len = 0; len < QUESTION; len++)
        assert_int_equal(answer_to(question, len, a), 0);
    for (unsigned bits = 8; bits < 256; bits += 8) {    /* an answer, another kind of query */
        memcpy(q, question, sizeof q);
        q[2] = (uint8_t)bits;
        assert_int_equal(answer_to(q, QUESTION, a), 0);
    }
    memcpy(q, question, sizeof q);
    q[5] = 2;
    assert_int_equal(answer_to(q, sizeof q, a), 0);
    q[5] = 1;
    q[12] = 0xc0;                       /* a pointer, to itself */
    assert_int_equal(answer_to(q, QUESTION, a), 0);

    /* The longest name that is allowed, and longer ones. */
    memcpy(labels, question, 12);
    for (unsigned n = 1; n < 9; n++) {
        for (unsigned i = 0; i < n; i++)
            labels[12 + i * 63] = 62;
        labels[12 + n * 63] = 0;
        labels[12 + n * 63 + 2] = labels[12 + n * 63 + 4] = 1;
        assert_int_equal(answer_to(labels, 12 + n * 63 + 5, a), n <= 4 ? 12 + n * 63 + 5 + 16 : 0);
    }
}

/* --------------------------------------------------------------------------------------
 * The access point
 */
static void without_any_network(void **state)
{
    struct thimble_point p;
    (void)state;
    thimble_point_init(&p, 100);
    assert_true(thimble_point_next(&p, false, false, 0, 100));
    assert_true(thimble_point_next(&p, false, false, 1, 99 + THIMBLE_POINT_UNUSED_MS));
    assert_true(thimble_point_next(&p, false, false, 0, 98 + 2 * THIMBLE_POINT_UNUSED_MS));
    assert_false(thimble_point_next(&p, false, false, 0, 99 + 2 * THIMBLE_POINT_UNUSED_MS));
    assert_false(thimble_point_next(&p, false, false, 0, 99 + 20 * THIMBLE_POINT_UNUSED_MS));
}

static void when_none_is_in_reach(void **state)
{
    struct thimble_point p;
    uint32_t now = UINT32_MAX - 5;      /* the clock wraps */
    (void)state;
    thimble_point_init(&p, now);
    assert_false(thimble_point_next(&p, false, true, 0, now + THIMBLE_POINT_AFTER_MS - 1));
    assert_true(thimble_point_next(&p, false, true, 0, now += THIMBLE_POINT_AFTER_MS));
    assert_false(thimble_point_next(&p, true, true, 1, now + 1));      /* it came back */
    assert_false(thimble_point_next(&p, false, true, 0, now + THIMBLE_POINT_AFTER_MS));
    assert_true(thimble_point_next(&p, false, true, 0, now += 1 + THIMBLE_POINT_AFTER_MS));
    assert_false(thimble_point_next(&p, false, true, 0, now += THIMBLE_POINT_UNUSED_MS));
    assert_false(thimble_point_next(&p, false, true, 0, now += THIMBLE_POINT_AFTER_MS));
    assert_false(thimble_point_next(&p, true, true, 0, now));
    assert_true(thimble_point_next(&p, false, true, 0, now + THIMBLE_POINT_AFTER_MS));
}

/* A radio that is one thing at a time goes back to the networks that it knows. */
static void a_radio_alone(void **state)
{
    struct thimble_point p;
    uint32_t now = THIMBLE_POINT_AFTER_MS;
    (void)state;
    thimble_point_init(&p, 0);
    p.alone = true;
    assert_true(thimble_point_next(&p, false, true, 0, now));
    assert_true(thimble_point_next(&p, false, true, 1, now += THIMBLE_POINT_ALONE_MS - 1));
    assert_true(thimble_point_next(&p, false, true, 0, now + THIMBLE_POINT_ALONE_MS - 1));
    assert_false(thimble_point_next(&p, false, true, 0, now + THIMBLE_POINT_ALONE_MS));
    thimble_point_init(&p, 0);
    p.alone = true;
    assert_true(thimble_point_next(&p, false, false, 0, 1));    /* there is nothing to go back to */
    assert_true(thimble_point_next(&p, false, false, 0, THIMBLE_POINT_UNUSED_MS));
}

static void passwords(void **state)
{
    char text[THIMBLE_POINT_PASSWORD + 1];
    uint8_t random[THIMBLE_POINT_PASSWORD];
    unsigned seen[128] = { 0 };
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        memset(random, (int)i, sizeof random);
        thimble_point_password(text, random);
        assert_int_equal(strlen(text), THIMBLE_POINT_PASSWORD);
        seen[(unsigned char)text[0]]++;
    }
    for (unsigned c = 0; c < 128; c++)
        assert_true(seen[c] == 0 || seen[c] == 8);
    assert_int_equal(seen['l'] + seen['1'] + seen['0'] + seen['o'] + seen['O'], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_entered),
        cmocka_unit_test(what_cannot_be_entered),
        cmocka_unit_test(whose_form_it_is),
        cmocka_unit_test(the_longest_answer_fits),
        cmocka_unit_test(the_page),
        cmocka_unit_test(each_name_is_ours),
        cmocka_unit_test(nothing_else_is_known),
        cmocka_unit_test(what_is_no_question),
        cmocka_unit_test(without_any_network),
        cmocka_unit_test(when_none_is_in_reach),
        cmocka_unit_test(a_radio_alone),
        cmocka_unit_test(passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
