/* SPDX-License-Identifier: MIT
 *
 * fuzz_login.c: a hostile initiator in the login phase, and in text exchanges after it.
 *
 * Input: one byte of settings (below), then PDUs:
 *
 *     0      byte 1 of the header: T or F, C, CSG, NSG
 *     1      1, 2, 4: another ITT, CID, ISID; 8: Version-min 1; 16: TTT as last answered
 *     2-3    length of the data segment, big-endian; cut to 8192 and to what is there
 *     4-     data segment
 *
 * What must hold: nothing is read or written out of bounds; no answer is longer than it
 * may be; answers are whole pairs; and nobody gets past CHAP without the secret, which
 * the fuzzer cannot know.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/wire.h"
#include "../../src/iscsi/negotiation.h"
#include "../../src/iscsi/pdu.h"

enum { GUARDED = 1, SMALL_ANSWERS = 2, BYTE_BY_BYTE = 4, NOT_ADMITTED = 8, NO_RANDOM = 16 };

static uint8_t secret[16];
static unsigned admitted;
static uint8_t settings;

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

static uint16_t admit(void *ctx, const struct th_node *node,
                      const struct th_params *params,
                      enum thimble_reason *why)
{
    (void)ctx;
    (void)node;
    CHECK(params->first_burst_bytes <= params->max_burst_bytes);
    CHECK(params->max_send_bytes >= 512 && params->max_burst_bytes >= 512);
    CHECK(params->max_outstanding_r2t >= 1);
    admitted++;
    if (!(settings & NOT_ADMITTED))
        return 0;
    *why = THIMBLE_REASON_NO_ROOM;
    return TH_LOGIN_OUT_OF_RESOURCES;
}

static size_t portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    (void)ctx;
    (void)port_conn;
    if (index > 2)
        return 0;
    memset(text, '0', size);
    return index == 1 ? size : 14;
}

static bool random_bytes(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    memset(buf, 7, len);
    return !(settings & NO_RANDOM);
}

/* Not a good hash, but one that depends on all of the secret. */
static size_t hash(void *ctx, enum thimble_hash algorithm,
                   const struct thimble_span *parts,
                   size_t n_parts, uint8_t digest[32])
{
    (void)ctx;
    uint64_t h[4] = { 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, algorithm };
    for (size_t i = 0; i < n_parts; i++) {
        const uint8_t *p = parts[i].data;
        for (size_t k = 0; k < parts[i].len; k++) {
            h[k % 4] = (h[k % 4] ^ p[k]) * 0x100000001b3;
            h[(k + 1) % 4] ^= h[k % 4] >> 29;
        }
    }
    memcpy(digest, h, 32);
    return algorithm == THIMBLE_HASH_MD5 ? 16 : 32;
}

static const struct thimble_chap_user user = {
    .name = "me", .secret = secret, .secret_len = sizeof secret,
};
static const struct thimble_chap_user own = {
    .name = "we", .secret = (const uint8_t *)"x", .secret_len = 1,
};
static const struct thimble_chap chap = { .users = &user, .n_users = 1, .outgoing = &own };

/* No longer than it may be, and cut within a pair only if the C bit says that more
 * follows. */
static void check_text(const uint8_t bhs[48], const uint8_t *text, uint32_t len,
                       uint32_t max)
{
    CHECK(len <= max && len == th_get24(bhs + 5));
    CHECK(len == 0 || text[len - 1] == '\0' || bhs[1] & TH_CONTINUE);
    CHECK(!(bhs[1] & TH_CONTINUE && bhs[1] & TH_FINAL));
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    static const char *const allowed[] = { "iqn.b" };
    static const struct thimble_crypto crypto = { .random = random_bytes, .hash = hash };
    static bool seeded;
    static struct th_negotiation n;
    struct th_params params;
    struct th_peer peer;

    for (size_t i = 0; !seeded && i < sizeof secret; i++)
        secret[i] = (uint8_t)((uintptr_t)&params >> i % 6 * 8) ^ (uint8_t)(rand() >> 7);
    seeded = true;
    if (size < 1)
        return 0;
    settings = *in++;
    size--;

    const struct thimble_config config = {
        .max_burst_bytes = 262144, .first_burst_bytes = 65536, .max_outstanding_r2t = 2,
        .portal = portal, .crypto = &crypto,
        .discovery_chap = settings & GUARDED ? &chap : NULL,
    };
    const struct th_node nodes[] = {
        { .name = "iqn.a", .alias = "alias", .portal_group_tag = 1,
          .chap = config.discovery_chap },
        { .name = "iqn.b", .portal_group_tag = 2, .chap = config.discovery_chap,
          .allowed = allowed, .n_allowed = 1 },
    };
    const struct th_negotiation_env env = {
        .config = &config, .nodes = nodes, .n_nodes = 2, .admit = admit,
        .max_recv_bytes = settings & SMALL_ANSWERS ? 4096 : 65536,
    };

    memset(&n, 0x5a, sizeof n);
    th_login_init(&n, &env, &params, &peer);
    if (settings & SMALL_ANSWERS)
        n.send_max_bytes = 32;
    uint32_t send_max = n.send_max_bytes;
    bool full_feature = false;
    uint32_t ttt = TH_TAG_NONE;
    admitted = 0;

    while (size >= 4) {
        uint8_t bhs[48] = { full_feature ? 0x04 : 0x43, in[0], 0, in[1] & 8 ? 1 : 0 };
        uint8_t change = in[1];
        uint32_t len = th_min32(th_get16(in + 2), 8192);
        in += 4;
        size -= 4;
        if (len > size)
            len = (uint32_t)size;
        th_put24(bhs + 5, len);
        bhs[16] = change & 1;
        bhs[21] = change & 2;
        bhs[13] = change & 4;
        const uint8_t *text;
        uint32_t text_len;

        if (full_feature) {
            memset(bhs + 8, 0, 8);
            th_put32(bhs + 20, change & 16 ? ttt : TH_TAG_NONE);
            if (th_text_request(&n, bhs) != TH_REJECT_NONE)
                break;
        } else if (!th_login_request(&n, bhs)) {
            CHECK(n.status != 0);
            break;
        }
        while (n.pdu_left > 0) {
            size_t room;
            uint8_t *to = th_negotiation_rx_buf(&n, &room);
            CHECK(room >= 1 && room <= n.pdu_left);
            if (settings & BYTE_BY_BYTE)
                room = 1;
            memcpy(to, in, room);
            in += room;
            size -= room;
            th_negotiation_rx_ack(&n, room);
        }

        if (full_feature) {
            if (th_text_end(&n) != TH_REJECT_NONE)
                break;
            bool over = th_text_response(&n, bhs, &text, &text_len);
            ttt = th_get32(bhs + 20);
            CHECK(over == (ttt == TH_TAG_NONE));
            check_text(bhs, text, text_len, params.max_send_bytes);
            continue;
        }
        enum th_login_next next = th_login_end(&n);
        th_login_response(&n, bhs, &text, &text_len);
        check_text(bhs, text, text_len, send_max);
        CHECK((next == TH_LOGIN_FAILED) == (n.status != 0));
        CHECK(admitted <= 1 && (next == TH_LOGIN_DONE) <= admitted);
        CHECK(!(admitted && settings & GUARDED));
        if (next == TH_LOGIN_FAILED)
            break;
        if (next == TH_LOGIN_DONE) {
            full_feature = true;
            th_text_init(&n, &env, &params, &peer, n.node, NULL);
        }
    }
    return 0;
}
