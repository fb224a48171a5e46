/* SPDX-License-Identifier: MIT
 *
 * test_update.c: another firmware over the network (src/device/update.h): whole, cut anywhere, with each call of the flash
 * failing, and with a clock that goes on.  tests/update/run does it over HTTP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/update.h"
#include "host/crypto.h"

enum { SIZE = 300, CHIP = 9 };

static uint8_t image[SIZE], flash[SIZE];
static size_t written;
static unsigned calls, fails_at;        /* 0: none does */
static bool is_open, is_used;

static bool call_ok(void)
{
    return ++calls != fails_at;
}

static bool flash_begin(void *ctx, uint32_t size)
{
    (void)ctx;
    assert_false(is_open);
    assert_int_equal(size, SIZE);
    written = 0;
    return is_open = call_ok();
}

static bool flash_add(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    assert_true(is_open && len > 0 && len <= SIZE - written);
    memcpy(flash + written, data, len);
    written += len;
    return call_ok();
}

static bool hash(const void *data, size_t len, uint8_t sha256[32])
{
    const struct thimble_span all = { data, len };
    return host_crypto.hash(host_crypto.ctx, THIMBLE_HASH_SHA256, &all, 1, sha256) == 32;
}

static bool flash_hash(void *ctx, uint8_t sha256[32])
{
    (void)ctx;
    assert_true(is_open);
    return call_ok() && hash(flash, written, sha256);
}

static bool flash_use(void *ctx)
{
    (void)ctx;
    assert_true(is_open);
    is_used = call_ok();
    is_open = !is_used;
    return is_used;
}

static void flash_drop(void *ctx)
{
    (void)ctx;
    assert_true(is_open);
    is_open = false;
}

static const struct thimble_update_flash hooks = { .begin = flash_begin, .add = flash_add, .hash = flash_hash,
                                                   .use = flash_use, .drop = flash_drop };
static struct thimble_update u;

static int set_up(void **state)
{
    (void)state;
    u = (struct thimble_update){ .key = "0123456789abcdef", .crypto = &host_crypto, .flash = &hooks,
                                 .room_bytes = SIZE, .chip = CHIP };
    for (size_t i = 0; i < SIZE; i++)
        image[i] = (uint8_t)(i * 7);
    image[0] = 0xe9;
    image[1] = 5;
    image[12] = CHIP;
    image[13] = 0;
    memcpy(image + 32, "\x32\x54\xcd\xab", 4);
    calls = fails_at = 0;
    is_open = is_used = false;
    return 0;
}

/* HMAC by its definition, over a message put together here. */
static void prove(const char *key, const uint8_t *nonce, const uint8_t sha256[32], uint64_t size, uint8_t proof[32])
{
    uint8_t message[64 + 16 + 16 + 8 + 32] = { 0 }, outer[64 + 32] = { 0 };
    memcpy(message, key, strlen(key));
    memcpy(outer, key, strlen(key));
    for (int i = 0; i < 64; i++) {
        message[i] ^= 0x36;
        outer[i] ^= 0x5c;
    }
    memcpy(message + 64, "thimble-update-1", 16);
    memcpy(message + 80, nonce, 16);
    for (int i = 0; i < 8; i++)
        message[96 + i] = (uint8_t)(size >> 8 * (7 - i));
    memcpy(message + 104, sha256, 32);
    assert_true(hash(message, sizeof message, outer + 64));
    assert_true(hash(outer, sizeof outer, proof));
}

static enum thimble_update_result begin_at(uint32_t made_ms, uint32_t now_ms)
{
    uint8_t sha256[32], proof[32], nonce[THIMBLE_UPDATE_NONCE_BYTES];
    const uint8_t *n = thimble_update_nonce(&u, made_ms);
    assert_non_null(n);
    memcpy(nonce, n, sizeof nonce);
    assert_true(hash(image, SIZE, sha256));
    prove(u.key, nonce, sha256, SIZE, proof);
    return thimble_update_begin(&u, now_ms, nonce, SIZE, sha256, proof);
}

static enum thimble_update_result add_and_end(size_t cut)
{
    enum thimble_update_result result = thimble_update_add(&u, image, cut);
    if (result == THIMBLE_UPDATE_OK)
        result = thimble_update_add(&u, image + cut, SIZE - cut);
    return result == THIMBLE_UPDATE_OK ? thimble_update_end(&u) : result;
}

static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= SIZE; cut++) {
        is_used = false;
        memset(flash, 0, sizeof flash);
        assert_int_equal(begin_at(0, 0), THIMBLE_UPDATE_OK);
        assert_int_equal(add_and_end(cut), THIMBLE_UPDATE_OK);
        assert_true(is_used && !is_open);
        assert_memory_equal(flash, image, SIZE);
    }
}

static void ends_anywhere(void **state)
{
    (void)state;
    for (size_t len = 0; len < SIZE; len++) {
        assert_int_equal(begin_at(0, 0), THIMBLE_UPDATE_OK);
        assert_int_equal(thimble_update_add(&u, image, len), THIMBLE_UPDATE_OK);
        assert_int_equal(thimble_update_end(&u), THIMBLE_UPDATE_INCOMPLETE);
        assert_int_equal(thimble_update_end(&u), THIMBLE_UPDATE_INCOMPLETE);
        assert_int_equal(thimble_update_add(&u, image, 1), THIMBLE_UPDATE_INCOMPLETE);
        assert_false(is_open || is_used);
    }
}

static void each_call_fails(void **state)
{
    enum thimble_update_result result = THIMBLE_UPDATE_NOT_WRITTEN;
    (void)state;
    for (unsigned k = 1; result != THIMBLE_UPDATE_OK; k++) {
        calls = 0;
        fails_at = k;
        assert_int_equal(begin_at(0, 0), THIMBLE_UPDATE_OK);
        result = add_and_end(100);
        assert_int_equal(result, calls < k ? THIMBLE_UPDATE_OK : THIMBLE_UPDATE_NOT_WRITTEN);
        assert_int_equal(is_used, result == THIMBLE_UPDATE_OK);
        assert_false(is_open);
    }
    assert_int_equal(calls, 6);         /* begin, the head, two pieces, hash, use */
}

static void each_bit_counts(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * SIZE; bit += bit < 8 * 40 ? 1 : 37) {
        assert_int_equal(begin_at(0, 0), THIMBLE_UPDATE_OK);
        image[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum thimble_update_result result = add_and_end(50);
        image[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(result, THIMBLE_UPDATE_OK);
        assert_true(result == THIMBLE_UPDATE_DAMAGED || result == THIMBLE_UPDATE_NO_IMAGE ||
                    result == THIMBLE_UPDATE_OTHER_CHIP);
        assert_false(is_open || is_used);
    }
}

static void too_many_bytes(void **state)
{
    (void)state;
    assert_int_equal(begin_at(0, 0), THIMBLE_UPDATE_OK);
    assert_int_equal(thimble_update_add(&u, image, SIZE), THIMBLE_UPDATE_OK);
    assert_int_equal(thimble_update_add(&u, image, 1), THIMBLE_UPDATE_DAMAGED);
    assert_false(is_open || is_used);
}

static void one_at_a_time(void **state)
{
    (void)state;
    assert_int_equal(begin_at(0, 0), THIMBLE_UPDATE_OK);
    assert_int_equal(begin_at(0, 0), THIMBLE_UPDATE_BUSY);
    assert_int_equal(add_and_end(36), THIMBLE_UPDATE_OK);
}

static void nonces_grow_old(void **state)
{
    const uint32_t start = UINT32_MAX - 1000;       /* the clock wraps */
    uint8_t first[THIMBLE_UPDATE_NONCE_BYTES];
    (void)state;
    assert_int_equal(begin_at(start, start + THIMBLE_UPDATE_NONCE_MS - 1), THIMBLE_UPDATE_OK);
    thimble_update_drop(&u);
    assert_int_equal(begin_at(start, start + THIMBLE_UPDATE_NONCE_MS), THIMBLE_UPDATE_NO_PROOF);
    memcpy(first, thimble_update_nonce(&u, start), sizeof first);
    assert_memory_equal(first, thimble_update_nonce(&u, start + THIMBLE_UPDATE_NONCE_MS / 2 - 1), sizeof first);
    assert_memory_not_equal(first, thimble_update_nonce(&u, start + THIMBLE_UPDATE_NONCE_MS / 2), sizeof first);
}

static void keys(void **state)
{
    static char key[THIMBLE_UPDATE_KEY_MAX + 2];
    (void)state;
    for (size_t len = 1; len <= THIMBLE_UPDATE_KEY_MAX; len++) {
        memset(key, 'k', len);
        u.key = key;
        assert_int_equal(begin_at(0, 0), THIMBLE_UPDATE_OK);
        thimble_update_drop(&u);
    }
    uint8_t nothing[32] = { 0 };
    key[THIMBLE_UPDATE_KEY_MAX] = 'k';
    assert_int_equal(thimble_update_begin(&u, 0, thimble_update_nonce(&u, 0), SIZE, nothing, nothing),
                     THIMBLE_UPDATE_NO_PROOF);
    key[0] = '\0';
    assert_int_equal(thimble_update_begin(&u, 0, thimble_update_nonce(&u, 0), SIZE, nothing, nothing),
                     THIMBLE_UPDATE_NO_PROOF);
}

static void trials(void **state)
{
    (void)state;
    assert_int_equal(thimble_trial(false, 0), THIMBLE_TRIAL_WAIT);
    assert_int_equal(thimble_trial(false, THIMBLE_TRIAL_MS - 1), THIMBLE_TRIAL_WAIT);
    assert_int_equal(thimble_trial(false, THIMBLE_TRIAL_MS), THIMBLE_TRIAL_BAD);
    assert_int_equal(thimble_trial(true, 0), THIMBLE_TRIAL_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(cut_anywhere, set_up), cmocka_unit_test_setup(ends_anywhere, set_up),
        cmocka_unit_test_setup(each_call_fails, set_up), cmocka_unit_test_setup(each_bit_counts, set_up),
        cmocka_unit_test_setup(too_many_bytes, set_up), cmocka_unit_test_setup(one_at_a_time, set_up),
        cmocka_unit_test_setup(nonces_grow_old, set_up), cmocka_unit_test_setup(keys, set_up),
        cmocka_unit_test_setup(trials, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
