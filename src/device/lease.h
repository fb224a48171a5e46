/* SPDX-License-Identifier: MIT
 *
 * lease.h: addresses for the guests of an access point of our own: as much of a DHCP server (RFC 2131) as a telephone
 * that is to fill in a form asks for.
 *
 *     thimble_leases_init(&l, ip);
 *     n = thimble_lease_answer(&l, message, len, now_ms, answer, to);     UDP port 67; n bytes to `to`, port 68
 *
 * Guests get the addresses behind ours, one each, by their hardware address; we are their router and answer their questions
 * for names.  Pure; messages are hostile until they were checked here.
 */
#ifndef THIMBLE_DEVICE_LEASE_H
#define THIMBLE_DEVICE_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    THIMBLE_LEASES = 4,
    THIMBLE_LEASE_MESSAGE_BYTES = 576,  /* of a longer one only so many are looked at: the least that must be taken */
    THIMBLE_LEASE_ANSWER_BYTES = 300,   /* exactly: some want that many */
    THIMBLE_LEASE_S = 600,
    THIMBLE_LEASE_OFFER_MS = 10000,     /* an offer is kept so long for who asked */
};

struct thimble_lease {
    bool     taken;
    uint8_t  mac[6];
    uint32_t since_ms, for_ms;
};

struct thimble_leases {
    uint8_t ip[4];                      /* ours; the last number is at most 255 - THIMBLE_LEASES - 1 */
    struct thimble_lease of[THIMBLE_LEASES];
};

void thimble_leases_init(struct thimble_leases *l, const uint8_t ip[4]);

/* Returns THIMBLE_LEASE_ANSWER_BYTES, or 0: nothing is answered. */
size_t thimble_lease_answer(struct thimble_leases *l, const uint8_t *message, size_t len, uint32_t now_ms,
                            uint8_t answer[THIMBLE_LEASE_ANSWER_BYTES], uint8_t to[4]);

#ifdef __cplusplus
}
#endif

#endif
