/* SPDX-License-Identifier: MIT
 *
 * chap.c: proof that the initiator knows a secret, and on request that we do.
 *
 * Layer 2.  RFC 7143 12.1.3 and 9.2.1, RFC 1994.  The hashes and the random bytes come
 * from struct thimble_crypto.
 *
 *     initiator   CHAP_A=<list>
 *     we          CHAP_A=<one>  CHAP_I=<id>  CHAP_C=<challenge>
 *     initiator   CHAP_N=<user> CHAP_R=<hash of id, secret, challenge>   [CHAP_I  CHAP_C]
 *     we                                                                 [CHAP_N  CHAP_R]
 *
 * Whatever is wrong with a name or a response has one and the same outcome, 0x0201,
 * after the same work.
 */
#include "chap.h"

#if THIMBLE_CHAP

#include <string.h>

#include "exchange.h"
#include "text.h"

enum {                                  /* bits of chap_seen */
    SEEN_A = 1,                         /* the others by their distance from it */
    SEEN_I = 1 << (TH_RESULT_CHAP_I - TH_RESULT_CHAP_A),
    SEEN_C = 1 << (TH_RESULT_CHAP_C - TH_RESULT_CHAP_A),
    SEEN_N = 1 << (TH_RESULT_CHAP_N - TH_RESULT_CHAP_A),
    SEEN_R = 1 << (TH_RESULT_CHAP_R - TH_RESULT_CHAP_A),
};

#define DIGEST_MAX 32

void th_chap_init(struct th_negotiation *n)
{
    n->user = NULL;
    n->chap_step = CHAP_IDLE;
    n->chap_seen = 0;
    n->chap_hash = 0;
    n->own_id = n->peer_id = 0;
    n->response_len = 0;
    n->peer_challenge_len = 0;
}

void th_chap_start(struct th_negotiation *n)
{
    n->chap_step = CHAP_ALGORITHM;
}

static void refuse(struct th_negotiation *n, enum thimble_reason why, const char *key)
{
    th_exchange_fail(n, TH_LOGIN_AUTH_FAILURE, why, key);
}

/* Length of the digest, or 0: the algorithm is not there. */
static size_t digest_of(const struct th_negotiation *n, uint8_t algorithm,
                        const struct thimble_span *parts, size_t n_parts,
                        uint8_t digest[DIGEST_MAX])
{
    const struct thimble_crypto *crypto = n->env->config->crypto;
    if (!crypto || !crypto->hash)
        return 0;
    size_t len = crypto->hash(crypto->ctx, (enum thimble_hash)algorithm, parts, n_parts,
                              digest);
    return len <= DIGEST_MAX ? len : 0;
}

static size_t response_to(const struct th_negotiation *n, const uint8_t *id,
                          const struct thimble_chap_user *user, const uint8_t *challenge,
                          size_t challenge_len, uint8_t digest[DIGEST_MAX])
{
    const struct thimble_span parts[] = {
        { .data = id, .len = 1 },
        { .data = user->secret, .len = user->secret_len },
        { .data = challenge, .len = challenge_len },
    };
    return digest_of(n, n->chap_hash, parts, sizeof parts / sizeof parts[0], digest);
}

/* Takes the same time wherever the first difference is. */
static bool same_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++)
        difference = (uint8_t)(difference | (a[i] ^ b[i]));
    return difference == 0;
}

/* ------------------------------------------------------------------------------------
 * Keys in
 */

/* The first algorithm of the list that the hook really computes; 0: none. */
static uint8_t choose_hash(const struct th_negotiation *n, const char *list)
{
    const char *item;
    size_t len;
    while (th_text_item(&list, &item, &len)) {
        char text[8];
        uint64_t number;
        if (len >= sizeof text)
            continue;
        memcpy(text, item, len);
        text[len] = '\0';
        if (!th_text_number(text, &number) || number < THIMBLE_HASH_MD5 ||
            number > THIMBLE_HASH_SHA3_256)
            continue;

        const struct thimble_span nothing = { .data = "", .len = 0 };
        uint8_t digest[DIGEST_MAX];
        if (digest_of(n, (uint8_t)number, &nothing, 1, digest) > 0)
            return (uint8_t)number;
    }
    return 0;
}

static const struct thimble_chap_user *find_user(const struct thimble_chap *chap,
                                                 const char *name)
{
    for (size_t i = 0; i < chap->n_users; i++)
        if (strcmp(chap->users[i].name, name) == 0)
            return &chap->users[i];
    return NULL;
}

void th_chap_key(struct th_negotiation *n, const struct th_key *k, const char *value)
{
    uint32_t id = 0;
    bool good = true;

    switch (k->result) {
    case TH_RESULT_CHAP_A:
        n->chap_hash = choose_hash(n, value);
        good = n->chap_hash != 0;
        break;
    case TH_RESULT_CHAP_I:
        good = th_key_number(k, value, &id);
        n->peer_id = (uint8_t)id;
        break;
    case TH_RESULT_CHAP_C:
        n->peer_challenge_len =
            (uint16_t)th_text_binary(value, n->peer_challenge, sizeof n->peer_challenge);
        good = n->peer_challenge_len > 0;
        break;
    case TH_RESULT_CHAP_N:              /* nobody of that name: as a bad response */
        n->user = n->chap ? find_user(n->chap, value) : NULL;
        break;
    default:                            /* TH_RESULT_CHAP_R */
        n->response_len = (uint8_t)th_text_binary(value, n->response, sizeof n->response);
        good = n->response_len > 0;
        break;
    }

    n->chap_seen |= (uint8_t)(1 << (k->result - TH_RESULT_CHAP_A));
    if (!good)
        refuse(n, THIMBLE_REASON_AUTH_PROTOCOL, k->name);
}

/* ------------------------------------------------------------------------------------
 * Steps
 */
static void challenge(struct th_negotiation *n)
{
    const struct thimble_crypto *crypto = n->env->config->crypto;
    if (!crypto->random ||
        !crypto->random(crypto->ctx, n->own_challenge, sizeof n->own_challenge) ||
        !crypto->random(crypto->ctx, &n->own_id, sizeof n->own_id)) {
        th_exchange_fail(n, TH_LOGIN_TARGET_ERROR, THIMBLE_REASON_RANDOM, "CHAP_C");
        return;
    }

    char hex[2 * sizeof n->own_challenge + 3];
    th_text_hex(hex, n->own_challenge, sizeof n->own_challenge);
    th_exchange_answer_number(n, "CHAP_A", n->chap_hash);
    th_exchange_answer_number(n, "CHAP_I", n->own_id);
    th_exchange_answer(n, "CHAP_C", hex);
    n->chap_step = CHAP_RESPONSE;
}

/* True if the initiator's response proves that it knows its user's secret. */
static bool response_good(const struct th_negotiation *n)
{
    static const struct thimble_chap_user nobody = {
        .name = "", .secret = (const uint8_t *)"",
    };
    const struct thimble_chap_user *user = n->user ? n->user : &nobody;

    uint8_t digest[DIGEST_MAX];
    size_t len = response_to(n, &n->own_id, user, n->own_challenge,
                             sizeof n->own_challenge, digest);
    bool same = len > 0 && len == n->response_len && same_bytes(digest, n->response, len);
    return same && n->user;
}

/* An initiator that sends our challenge back wants us to answer it for it, on this or
 * another connection. */
static bool reflected(const struct th_negotiation *n)
{
    return n->peer_challenge_len == sizeof n->own_challenge &&
           memcmp(n->peer_challenge, n->own_challenge, sizeof n->own_challenge) == 0;
}

static void authenticate_ourselves(struct th_negotiation *n)
{
    if (!n->chap->outgoing) {
        refuse(n, THIMBLE_REASON_AUTH_PROTOCOL, "CHAP_C");
        return;
    }
    uint8_t digest[DIGEST_MAX];
    size_t len = response_to(n, &n->peer_id, n->chap->outgoing, n->peer_challenge,
                             n->peer_challenge_len, digest);
    if (len == 0) {
        th_exchange_fail(n, TH_LOGIN_TARGET_ERROR, THIMBLE_REASON_AUTH_PROTOCOL,
                         "CHAP_R");
        return;
    }

    char hex[2 * DIGEST_MAX + 3];
    th_text_hex(hex, digest, len);
    th_exchange_answer(n, "CHAP_N", n->chap->outgoing->name);
    th_exchange_answer(n, "CHAP_R", hex);
}

static void check_response(struct th_negotiation *n)
{
    bool mutual = (n->chap_seen & (SEEN_I | SEEN_C)) != 0;
    if (mutual && reflected(n)) {
        refuse(n, THIMBLE_REASON_AUTH_REFLECTION, "CHAP_C");
        return;
    }
    if (!response_good(n)) {
        refuse(n, THIMBLE_REASON_AUTH_FAILED, "CHAP_R");
        return;
    }

    if (mutual)
        authenticate_ourselves(n);
    if (n->status == TH_LOGIN_SUCCESS) {
        n->authenticated = true;
        n->chap_step = CHAP_OVER;
    }
}

void th_chap_text_end(struct th_negotiation *n)
{
    uint8_t had = n->chap_seen;

    switch ((enum chap_step)n->chap_step) {
    case CHAP_IDLE:
    case CHAP_OVER:
        if (had != 0)
            refuse(n, THIMBLE_REASON_AUTH_PROTOCOL, "AuthMethod");
        break;
    case CHAP_ALGORITHM:
        if (had == SEEN_A)
            challenge(n);
        else
            refuse(n, THIMBLE_REASON_AUTH_PROTOCOL, "CHAP_A");
        break;
    case CHAP_RESPONSE:
        if (had == (SEEN_N | SEEN_R) || had == (SEEN_N | SEEN_R | SEEN_I | SEEN_C))
            check_response(n);
        else
            refuse(n, THIMBLE_REASON_AUTH_PROTOCOL, "CHAP_R");
        break;
    }
    n->chap_seen = 0;
}

#endif
