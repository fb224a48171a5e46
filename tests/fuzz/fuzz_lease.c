/* SPDX-License-Identifier: MIT
 *
 * fuzz_lease.c: libFuzzer target: hostile DHCP messages (device/lease.h), several one after the other.
 *
 * Each is two bytes of length, one that says how many seconds pass, and the message.  No two leases are one guest's, what is
 * given is ours to give and nobody else's, and what is answered goes to everybody or to an address that we give.
 */
#include <stdlib.h>
#include <string.h>

#include "device/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t own[4] = { 192, 168, 4, 1 };

static void check_answer(const struct thimble_leases *l, const uint8_t *message, const uint8_t *answer, const uint8_t *to)
{
    static const uint8_t none[4];
    const uint8_t *given = answer + 16;
    unsigned n = (unsigned)given[3] - own[3] - 1;

    if (answer[0] != 2 || memcmp(answer + 4, message + 4, 4) != 0 || memcmp(answer + 28, message + 28, 6) != 0)
        abort();
    if (memcmp(given, none, 4) != 0 && (memcmp(given, own, 3) != 0 || n >= THIMBLE_LEASES || !l->of[n].taken ||
                                        memcmp(l->of[n].mac, message + 28, 6) != 0))
        abort();
    if (memcmp(to, "\xff\xff\xff\xff", 4) != 0 && memcmp(to, own, 3) != 0)
        abort();
}

static void check_leases(const struct thimble_leases *l)
{
    static const uint8_t nobody[6];

    for (unsigned i = 0; i < THIMBLE_LEASES; i++)
        for (unsigned j = 0; j < i; j++)
            if (l->of[i].taken && l->of[j].taken && memcmp(l->of[i].mac, l->of[j].mac, 6) == 0 &&
                memcmp(l->of[i].mac, nobody, 6) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct thimble_leases leases;
    uint32_t now_ms = 0;

    thimble_leases_init(&leases, own);
    while (size >= 3) {
        size_t len = (size_t)(data[0] << 8 | data[1]) % 700;
        uint8_t answer[THIMBLE_LEASE_ANSWER_BYTES], to[4];
        now_ms += data[2] * UINT32_C(4000);
        data += 3;
        size -= 3;
        len = len < size ? len : size;
        uint8_t *message = malloc(len ? len : 1);       /* ends where its memory does */
        if (!message)
            return 0;
        memcpy(message, data, len);
        if (thimble_lease_answer(&leases, message, len, now_ms, answer, to) > 0)
            check_answer(&leases, message, answer, to);
        check_leases(&leases);
        free(message);
        data += len;
        size -= len;
    }
    return 0;
}
