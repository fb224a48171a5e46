/* SPDX-License-Identifier: MIT
 *
 * test_lease.c: addresses for the guests of an access point (src/device/lease.h).
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

#include "device/lease.h"

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM };
enum { YIADDR = 16, OPTIONS = 240 };

static const uint8_t own[4] = { 192, 168, 4, 1 };
static struct thimble_leases leases;
static uint8_t answer[THIMBLE_LEASE_ANSWER_BYTES], to[4];
static uint32_t now_ms;

/* --------------------------------------------------------------------------------------
 * Messages
 */
struct message {
    uint8_t bytes[600];
    size_t len;
};

static struct message message(uint8_t type, uint8_t guest)
{
    struct message m = { .bytes = { 1, 1, 6, 0, 0x12, 0x34, 0x56, guest }, .len = OPTIONS };
    memcpy(m.bytes + 28, (const uint8_t[]){ 2, 0, 0, 0, 0, guest }, 6);
    memcpy(m.bytes + 236, (const uint8_t[]){ 99, 130, 83, 99, 53, 1, type }, 7);
    m.len = OPTIONS + 3;
    return m;
}

static void add(struct message *m, uint8_t code, const void *value, uint8_t len)
{
    m->bytes[m->len++] = code;
    m->bytes[m->len++] = len;
    memcpy(m->bytes + m->len, value, len);
    m->len += len;
}

static void add_ip(struct message *m, uint8_t code, uint8_t last)
{
    add(m, code, (const uint8_t[]){ 192, 168, 4, last }, 4);
}

static const uint8_t *option(uint8_t code)
{
    for (const uint8_t *at = answer + OPTIONS; *at != 255; at += 2 + at[1])
        if (*at == code)
            return at + 2;
    return NULL;
}

/* The type of the answer, 0: none. */
static unsigned say(const struct message *m)
{
    uint8_t *copy = malloc(m->len ? m->len : 1);
    assert_non_null(copy);
    memcpy(copy, m->bytes, m->len);
    memset(answer, 0xaa, sizeof answer);
    size_t n = thimble_lease_answer(&leases, copy, m->len, now_ms, answer, to);
    free(copy);
    if (n == 0)
        return 0;
    assert_int_equal(n, THIMBLE_LEASE_ANSWER_BYTES);
    assert_int_equal(answer[0], 2);
    assert_memory_equal(answer + 4, m->bytes + 4, 4);           /* the number of the question, */
    assert_memory_equal(answer + 28, m->bytes + 28, 6);         /* and who asked */
    assert_memory_equal(option(54), own, 4);
    return *option(53);
}

static unsigned ask(uint8_t type, uint8_t guest)
{
    struct message m = message(type, guest);
    return say(&m);
}

static unsigned request(uint8_t guest, uint8_t last)
{
    struct message m = message(REQUEST, guest);
    add_ip(&m, 54, 1);
    add_ip(&m, 50, last);
    return say(&m);
}

static unsigned given(void)
{
    assert_memory_equal(answer + YIADDR, own, 3);
    return answer[YIADDR + 3];
}

static int begin(void **state)
{
    (void)state;
    now_ms = UINT32_MAX - 5000;         /* the clock wraps */
    thimble_leases_init(&leases, own);
    return 0;
}

/* --------------------------------------------------------------------------------------
 * Tests
 */
static void a_guest_gets_an_address(void **state)
{
    (void)state;
    assert_int_equal(ask(DISCOVER, 1), OFFER);
    assert_int_equal(given(), 2);
    assert_memory_equal(to, "\xff\xff\xff\xff", 4);
    assert_memory_equal(option(1), "\xff\xff\xff\0", 4);
    assert_memory_equal(option(3), own, 4);
    assert_memory_equal(option(6), own, 4);
    assert_memory_equal(option(51), "\0\0\2\x58", 4);
    assert_int_equal(request(1, 2), ACK);
    assert_int_equal(given(), 2);
    assert_int_equal(ask(DISCOVER, 1), OFFER);          /* again */
    assert_int_equal(given(), 2);
    assert_int_equal(ask(DISCOVER, 2), OFFER);          /* another one */
    assert_int_equal(given(), 3);
}

static void renewing(void **state)
{
    struct message m = message(REQUEST, 1);
    (void)state;
    ask(DISCOVER, 1);
    request(1, 2);
    now_ms += THIMBLE_LEASE_S * 1000 / 2;
    memcpy(m.bytes + 12, (const uint8_t[]){ 192, 168, 4, 2 }, 4);
    assert_int_equal(say(&m), ACK);
    assert_memory_equal(to, m.bytes + 12, 4);           /* it has it already */
    now_ms += THIMBLE_LEASE_S * 1000 - 1;
    assert_int_equal(request(2, 2), NAK);
    now_ms++;
    assert_int_equal(request(2, 2), ACK);               /* the lease has ended */
    assert_int_equal(say(&m), NAK);
    assert_memory_equal(to, "\xff\xff\xff\xff", 4);
    assert_null(option(51));
}

/* Who was here before, or elsewhere. */
static void without_an_offer(void **state)
{
    struct message m = message(REQUEST, 1);
    (void)state;
    add_ip(&m, 50, 4);
    assert_int_equal(say(&m), ACK);
    assert_int_equal(given(), 4);
    static const uint8_t others[][4] = { { 192, 168, 4, 1 }, { 192, 168, 4, 6 }, { 192, 168, 4, 0 }, { 192, 168, 4, 255 },
                                         { 192, 168, 5, 2 }, { 10, 0, 0, 2 }, { 0, 0, 0, 0 }, { 255, 255, 255, 255 } };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        m = message(REQUEST, 2);
        add(&m, 50, others[i], 4);
        assert_int_equal(say(&m), NAK);
    }
    assert_int_equal(ask(REQUEST, 2), NAK);
    m = message(DISCOVER, 3);           /* a wish */
    add_ip(&m, 50, 5);
    assert_int_equal(say(&m), OFFER);
    assert_int_equal(given(), 5);
    m = message(DISCOVER, 4);           /* one that cannot be */
    add_ip(&m, 50, 5);
    assert_int_equal(say(&m), OFFER);
    assert_int_equal(given(), 2);
}

static void another_server(void **state)
{
    struct message m = message(REQUEST, 1);
    (void)state;
    ask(DISCOVER, 1);
    add_ip(&m, 54, 9);
    add_ip(&m, 50, 2);
    assert_int_equal(say(&m), 0);
    assert_int_equal(request(2, 2), ACK);               /* it is free again */
}

static void giving_back(void **state)
{
    (void)state;
    ask(DISCOVER, 1);
    request(1, 2);
    assert_int_equal(ask(RELEASE, 2), 0);               /* not his */
    assert_int_equal(request(2, 2), NAK);
    assert_int_equal(ask(RELEASE, 1), 0);
    assert_int_equal(request(2, 2), ACK);
    assert_int_equal(ask(DECLINE, 2), 0);               /* somebody else has it */
    assert_int_equal(request(2, 2), NAK);
    assert_int_equal(ask(DISCOVER, 2), OFFER);
    assert_int_equal(given(), 3);
    struct message m = message(INFORM, 7);
    memcpy(m.bytes + 12, (const uint8_t[]){ 192, 168, 4, 3 }, 4);
    assert_int_equal(say(&m), ACK);
    assert_memory_equal(to, m.bytes + 12, 4);
    assert_memory_equal(answer + YIADDR, "\0\0\0\0", 4);
    assert_null(option(51));
    m.bytes[12] = 10;                   /* not at our place: nobody is sent anything there */
    assert_int_equal(say(&m), ACK);
    assert_memory_equal(to, "\xff\xff\xff\xff", 4);
}

static void a_crowd(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= THIMBLE_LEASES; i++)
        assert_int_equal(ask(DISCOVER, i), OFFER);
    assert_int_equal(ask(DISCOVER, 99), 0);
    assert_int_equal(request(1, 2), ACK);
    now_ms += THIMBLE_LEASE_OFFER_MS;                   /* who does not come has nothing */
    for (uint8_t i = 1; i < THIMBLE_LEASES; i++) {
        assert_int_equal(ask(DISCOVER, 100 + i), OFFER);
        assert_int_equal(given(), 2 + i);
    }
    assert_int_equal(ask(DISCOVER, 1), OFFER);
    assert_int_equal(given(), 2);
    assert_int_equal(ask(DISCOVER, 99), 0);
}

static void what_is_no_message(void **state)
{
    struct message good = message(DISCOVER, 1), m;
    (void)state;
    add(&good, 61, "\1\2\0\0\0\0\1", 7);
    add(&good, 12, "telephone", 9);
    good.bytes[good.len++] = 255;
    assert_int_equal(say(&good), OFFER);
    for (size_t len = 0; len < good.len; len++) {
        m = good;
        m.len = len;
        unsigned type = say(&m);
        if (len < OPTIONS + 3)
            assert_int_equal(type, 0);
    }
    static const struct { size_t at; uint8_t value; } wrong[] = {
        { 0, 2 }, { 0, 0 }, { 1, 6 }, { 2, 16 }, { 24, 1 }, { 28, 1 }, { 28, 255 }, { 236, 0 }, { 239, 0 }, { OPTIONS + 1, 200 },
        { OPTIONS + 2, 0 }, { OPTIONS + 2, OFFER }, { OPTIONS + 2, ACK }, { OPTIONS + 2, 9 }, { OPTIONS + 1, 0 },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        m = good;
        m.bytes[wrong[i].at] = wrong[i].value;
        assert_int_equal(say(&m), 0);
    }
    m = good;
    memset(m.bytes + 28, 0, 6);
    assert_int_equal(say(&m), 0);
    m = good;                           /* what stands behind the end, or beyond what is looked at, is nothing */
    m.bytes[OPTIONS] = 255;
    assert_int_equal(say(&m), 0);
    m = message(0, 1);
    m.len = OPTIONS;
    memset(m.bytes + m.len, 0, THIMBLE_LEASE_MESSAGE_BYTES - OPTIONS);
    m.len = THIMBLE_LEASE_MESSAGE_BYTES;
    add(&m, 53, "\1", 1);
    assert_int_equal(say(&m), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_guest_gets_an_address, begin),
        cmocka_unit_test_setup(renewing, begin),
        cmocka_unit_test_setup(without_an_offer, begin),
        cmocka_unit_test_setup(another_server, begin),
        cmocka_unit_test_setup(giving_back, begin),
        cmocka_unit_test_setup(a_crowd, begin),
        cmocka_unit_test_setup(what_is_no_message, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
