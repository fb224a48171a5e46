/* SPDX-License-Identifier: MIT
 *
 * lease.c: see lease.h.
 *
 * Layer 0.  RFC 2131: 2 is the format, 4.3 what a server answers; options are RFC 2132's.
 */
#include "lease.h"

#include <string.h>

enum {                                  /* places in a message */
    OP = 0, HTYPE = 1, HLEN = 2, XID = 4, FLAGS = 10, CIADDR = 12, YIADDR = 16, GIADDR = 24, CHADDR = 28, MAGIC = 236,
    OPTIONS = 240,
};
enum { BOOTREQUEST = 1, BOOTREPLY = 2, ETHERNET = 1, MAC_BYTES = 6 };
enum { PAD = 0, MASK = 1, ROUTER = 3, NAME_SERVER = 6, WANTED = 50, LEASE_TIME = 51, TYPE = 53, SERVER = 54, END = 255 };
enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, DECLINE = 4, ACK = 5, NAK = 6, RELEASE = 7, INFORM = 8 };

static const uint8_t magic[4] = { 99, 130, 83, 99 }, nobody[MAC_BYTES], none[4];
static const uint8_t everybody[4] = { 255, 255, 255, 255 };

/* What a message asks; pointers are into it, to four bytes each. */
struct asked {
    uint8_t type;
    const uint8_t *mac, *wanted, *server;       /* wanted: none, if it names no address; server: NULL, none is named */
};

void thimble_leases_init(struct thimble_leases *l, const uint8_t ip[4])
{
    memset(l, 0, sizeof *l);
    memcpy(l->ip, ip, 4);
}

/* False: it is damaged. */
static bool read_options(struct asked *a, const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at != END) {
        uint8_t code = *at++;
        if (code == PAD)
            continue;
        if (at == end || *at > end - at - 1)
            return false;
        uint8_t len = *at++;
        if (code == TYPE && len == 1)
            a->type = *at;
        if (code == WANTED && len == 4)
            a->wanted = at;
        if (code == SERVER && len == 4)
            a->server = at;
        at += len;
    }
    return true;
}

static bool read_message(struct asked *a, const uint8_t *m, size_t len)
{
    if (len < OPTIONS || m[OP] != BOOTREQUEST || m[HTYPE] != ETHERNET || m[HLEN] != MAC_BYTES ||
        memcmp(m + MAGIC, magic, 4) != 0 || memcmp(m + GIADDR, none, 4) != 0 ||
        (m[CHADDR] & 1) != 0 || memcmp(m + CHADDR, nobody, MAC_BYTES) == 0)
        return false;
    *a = (struct asked){ .mac = m + CHADDR, .wanted = m + CIADDR };
    return read_options(a, m + OPTIONS, m + len);
}

/* --------------------------------------------------------------------------------------
 * Leases
 */
static bool is_taken(const struct thimble_lease *lease, uint32_t now_ms)
{
    return lease->taken && now_ms - lease->since_ms < lease->for_ms;
}

static struct thimble_lease *lease_of(struct thimble_leases *l, const uint8_t *mac)
{
    for (unsigned i = 0; i < THIMBLE_LEASES; i++)
        if (l->of[i].taken && memcmp(l->of[i].mac, mac, MAC_BYTES) == 0)
            return &l->of[i];
    return NULL;
}

static void put_address(const struct thimble_leases *l, const struct thimble_lease *lease, uint8_t ip[4])
{
    memcpy(ip, l->ip, 4);
    ip[3] = (uint8_t)(ip[3] + 1 + (lease - l->of));
}

/* Of this address; NULL: it is none that we give. */
static struct thimble_lease *lease_at(struct thimble_leases *l, const uint8_t *ip)
{
    unsigned i = (unsigned)ip[3] - l->ip[3] - 1;
    return memcmp(ip, l->ip, 3) == 0 && i < THIMBLE_LEASES ? &l->of[i] : NULL;
}

static void take(struct thimble_lease *lease, const uint8_t *mac, uint32_t now_ms, uint32_t for_ms)
{
    memmove(lease->mac, mac, MAC_BYTES);
    lease->taken = true;
    lease->since_ms = now_ms;
    lease->for_ms = for_ms;
}

/* The one that it had, the one that it wants, or one that is free. */
static struct thimble_lease *find_lease(struct thimble_leases *l, const struct asked *a, uint32_t now_ms)
{
    struct thimble_lease *lease = lease_of(l, a->mac);

    if (!lease)
        lease = lease_at(l, a->wanted);
    if (lease && (!is_taken(lease, now_ms) || memcmp(lease->mac, a->mac, MAC_BYTES) == 0))
        return lease;
    for (lease = l->of; lease < l->of + THIMBLE_LEASES; lease++)
        if (!is_taken(lease, now_ms))
            return lease;
    return NULL;
}

/* What is answered to a REQUEST: NAK, if the address that it means is not the one that we would give; 0: it is for another
 * server. */
static uint8_t answer_request(struct thimble_leases *l, const struct asked *a, uint32_t now_ms,
                              struct thimble_lease **lease)
{
    struct thimble_lease *had = lease_of(l, a->mac), *meant = lease_at(l, a->wanted);

    if (a->server && memcmp(a->server, l->ip, 4) != 0) {
        if (had)
            had->taken = false;
        return 0;
    }
    if (!meant || (had && had != meant) || (!had && is_taken(meant, now_ms)))
        return NAK;
    take(meant, a->mac, now_ms, THIMBLE_LEASE_S * UINT32_C(1000));
    *lease = meant;
    return ACK;
}

/* An address that somebody else has is nobody's for a while. */
static void give_back(struct thimble_leases *l, const struct asked *a, uint32_t now_ms)
{
    struct thimble_lease *lease = lease_of(l, a->mac);

    if (lease && a->type == DECLINE)
        take(lease, nobody, now_ms, THIMBLE_LEASE_S * UINT32_C(1000));
    else if (lease)
        lease->taken = false;
}

/* --------------------------------------------------------------------------------------
 * The answer
 */
static uint8_t *put_option(uint8_t *at, uint8_t code, const void *value, uint8_t len)
{
    *at++ = code;
    *at++ = len;
    memcpy(at, value, len);
    return at + len;
}

static void put_answer(const struct thimble_leases *l, const uint8_t *m, uint8_t type, const struct thimble_lease *lease,
                       uint8_t *answer)
{
    static const uint8_t mask[4] = { 255, 255, 255, 0 };
    static const uint8_t seconds[4] = { 0, 0, THIMBLE_LEASE_S >> 8, THIMBLE_LEASE_S & 255 };
    uint8_t *at = answer + OPTIONS;

    memset(answer, 0, THIMBLE_LEASE_ANSWER_BYTES);
    answer[OP] = BOOTREPLY;
    answer[HTYPE] = ETHERNET;
    answer[HLEN] = MAC_BYTES;
    memcpy(answer + XID, m + XID, 4);
    memcpy(answer + FLAGS, m + FLAGS, 2);
    memcpy(answer + CHADDR, m + CHADDR, MAC_BYTES);
    memcpy(answer + MAGIC, magic, 4);
    if (type != NAK)
        memcpy(answer + CIADDR, m + CIADDR, 4);
    if (lease)
        put_address(l, lease, answer + YIADDR);
    at = put_option(at, TYPE, &type, 1);
    at = put_option(at, SERVER, l->ip, 4);
    if (lease)
        at = put_option(at, LEASE_TIME, seconds, 4);
    if (type != NAK) {
        at = put_option(at, MASK, mask, 4);
        at = put_option(at, ROUTER, l->ip, 4);
        at = put_option(at, NAME_SERVER, l->ip, 4);
    }
    *at = END;
}

size_t thimble_lease_answer(struct thimble_leases *l, const uint8_t *message, size_t len, uint32_t now_ms,
                            uint8_t answer[THIMBLE_LEASE_ANSWER_BYTES], uint8_t to[4])
{
    struct thimble_lease *lease = NULL;
    struct asked a;
    uint8_t type = 0;

    if (!read_message(&a, message, len < THIMBLE_LEASE_MESSAGE_BYTES ? len : THIMBLE_LEASE_MESSAGE_BYTES))
        return 0;
    switch (a.type) {
    case DISCOVER:
        lease = find_lease(l, &a, now_ms);
        if (lease && !(is_taken(lease, now_ms) && lease_of(l, a.mac) == lease))
            take(lease, a.mac, now_ms, THIMBLE_LEASE_OFFER_MS);
        type = lease ? OFFER : 0;
        break;
    case REQUEST:
        type = answer_request(l, &a, now_ms, &lease);
        break;
    case DECLINE:
    case RELEASE:
        give_back(l, &a, now_ms);
        break;
    case INFORM:
        type = ACK;
        break;
    default:
        break;
    }
    if (type == 0)
        return 0;
    put_answer(l, message, type, lease, answer);
    bool has_address = type == ACK && lease_at(l, message + CIADDR);
    memcpy(to, has_address ? message + CIADDR : everybody, 4);
    return THIMBLE_LEASE_ANSWER_BYTES;
}
