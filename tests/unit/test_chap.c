/* SPDX-License-Identifier: MIT
 *
 * test_chap.c: CHAP, one way and mutual, with Nettle's hashes behind the hook.
 *
 * The hook's random bytes are 1, 2, 3 ..., so our challenge is 01..10, our identifier is
 * 17, and the right responses can be computed beforehand (here with Python's hashlib).
 */
#include "nego_test.h"

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>

#define CHALLENGE "0x0102030405060708090a0b0c0d0e0f10"
#define SECRET "twelve bytes"
#define FIRST "InitiatorName=" HOST " TargetName=" GUARDED " AuthMethod=CHAP,None"

/* Hash of 17, SECRET and CHALLENGE. */
#define MD5_R "0x5312672f64363bd495080853d0e18ecd"
#define SHA1_R "0x3a7afbe3a72b7259341caa38303fad04c1481347"
#define SHA256_R "0xbc145b0607f7e4ca11a9fea6c9a890f2193ae7eec7afc9538f6206dd54e3d7b9"
#define SHA3_R "0xcd0f9362a8fe6542f06ab66c81bbb812a77b5ea2eeef9b11de2c46a6695f0d13"
#define MD5_R_LAST_BIT "0x5312672f64363bd495080853d0e18ecc"
#define MD5_R_SHORT "0x5312672f64363bd495080853d0e18e"
#define MD5_R_LONG "0x005312672f64363bd495080853d0e18ecd"
#define MD5_EMPTY "0x7e9952a28d76a26b48ce057436f53dab"          /* no secret */
#define MD5_R_BASE64 "0bUxJnL2Q2O9SVCAhT0OGOzQ=="

/* Hash of 9, "another secret" and THEIRS. */
#define THEIRS "0xa1b2c3d4e5f60718"
#define THEIRS_BASE64 "0bobLD1OX2Bxg="
#define MD5_M "0xfe136847065e8b4cb79902b6bcddcaf8"
#define SHA3_M "0xea749148979c330ccdbea4cbda5b8fd1c9dab22a126902b7ca0767bab11084bd"

static unsigned hashes_offered;         /* bits by number */

static size_t hash(void *ctx, enum thimble_hash algorithm,
                   const struct thimble_span *parts,
                   size_t n_parts, uint8_t digest[32])
{
    (void)ctx;
    if (!(hashes_offered >> algorithm & 1))
        return 0;

    uint8_t all[2048];
    size_t len = 0;
    for (size_t i = 0; i < n_parts; i++) {
        assert_non_null(parts[i].data);
        assert_true(len + parts[i].len <= sizeof all);
        memcpy(all + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    switch (algorithm) {
    case THIMBLE_HASH_MD5: {
        struct md5_ctx c;
        md5_init(&c);
        md5_update(&c, len, all);
        md5_digest(&c, 16, digest);
        return 16;
    }
    case THIMBLE_HASH_SHA1: {
        struct sha1_ctx c;
        sha1_init(&c);
        sha1_update(&c, len, all);
        sha1_digest(&c, 20, digest);
        return 20;
    }
    case THIMBLE_HASH_SHA256: {
        struct sha256_ctx c;
        sha256_init(&c);
        sha256_update(&c, len, all);
        sha256_digest(&c, 32, digest);
        return 32;
    }
    case THIMBLE_HASH_SHA3_256: {
        struct sha3_256_ctx c;
        sha3_256_init(&c);
        sha3_256_update(&c, len, all);
        sha3_256_digest(&c, 32, digest);
        return 32;
    }
    default:
        return 0;
    }
}

static bool random_bytes(void *ctx, void *buf, size_t len)
{
    struct world *w = ctx;
    uint8_t *out = buf;
    for (size_t i = 0; i < len; i++)
        out[i] = w->next_random++;
    return !w->no_random;
}

static const struct thimble_chap_user users[] = {
    { .name = "somebody", .secret = (const uint8_t *)"a secret of somebody",
      .secret_len = 20 },
    { .name = "me", .secret = (const uint8_t *)SECRET, .secret_len = 12 },
};
static const struct thimble_chap_user ourselves = {
    .name = "the target", .secret = (const uint8_t *)"another secret", .secret_len = 14
};
static const struct thimble_chap one_way = { .users = users, .n_users = COUNT(users) };
static const struct thimble_chap both_ways = { .users = users, .n_users = COUNT(users),
                                               .outgoing = &ourselves };

static void guard(struct world *w, const struct thimble_chap *chap)
{
    world_init(w);
    hashes_offered = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8;
    w->crypto = (struct thimble_crypto){ .ctx = w, .random = random_bytes, .hash = hash };
    w->config.crypto = &w->crypto;
    w->nodes[3].chap = chap;
    w->env.n_nodes = 4;
    login_init(w);
}

/* As far as the challenge. */
static void challenged(struct world *w, const struct thimble_chap *chap,
                       const char *algorithms,
                       const char *answer)
{
    char request[64];
    guard(w, chap);
    login(w, CSG(0), FIRST);
    assert_string_equal(plain_text(w), "TargetPortalGroupTag=3 AuthMethod=CHAP");
    snprintf(request, sizeof request, "CHAP_A=%s", algorithms);
    login(w, CSG(0), request);
    assert_string_equal(plain_text(w), answer);
}

#define CHALLENGED_MD5 "CHAP_A=5 CHAP_I=17 CHAP_C=" CHALLENGE

/* The hook is what it says, or the rest proves nothing: "abc" of RFC 1321, FIPS 180-4
 * and FIPS 202. */
static void test_hook(void **state)
{
    (void)state;
    static const struct { enum thimble_hash algorithm; const char *digest; } lines[] = {
        { THIMBLE_HASH_MD5, "0x900150983cd24fb0d6963f7d28e17f72" },
        { THIMBLE_HASH_SHA1, "0xa9993e364706816aba3e25717850c26c9cd0d89d" },
        { THIMBLE_HASH_SHA256,
          "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { THIMBLE_HASH_SHA3_256,
          "0x3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
    };
    hashes_offered = ~0U;
    for (size_t i = 0; i < COUNT(lines); i++) {
        const struct thimble_span parts[] = { { "a", 1 }, { "", 0 }, { "bc", 2 } };
        uint8_t digest[32];
        char hex[67];
        th_text_hex(hex, digest, hash(NULL, lines[i].algorithm, parts, 3, digest));
        assert_string_equal(hex, lines[i].digest);
    }
}

/* ------------------------------------------------------------------------------------
 * One response after a challenge
 */
struct response_case {
    const char *title;
    const struct thimble_chap *chap;
    const char *algorithms, *challenge;     /* sent, and what we answer to it */
    const char *response, *answer;
    uint16_t status;
    enum thimble_reason why;
};

#define FINE 0, THIMBLE_REASON_NONE
#define AUTH TH_LOGIN_AUTH_FAILURE
#define FAILED THIMBLE_REASON_AUTH_FAILED
#define PROTOCOL THIMBLE_REASON_AUTH_PROTOCOL
#define ASK(number) "CHAP_A=" number " CHAP_I=17 CHAP_C=" CHALLENGE
#define ME "CHAP_N=me CHAP_R="

static const struct response_case responses[] = {
    { "MD5", &one_way, "5", ASK("5"), ME MD5_R, "", FINE },
    { "SHA-1", &one_way, "6", ASK("6"), ME SHA1_R, "", FINE },
    { "SHA-256", &one_way, "7", ASK("7"), ME SHA256_R, "", FINE },
    { "SHA3-256", &one_way, "8", ASK("8"), ME SHA3_R, "", FINE },
    { "the first of their list", &one_way, "8,7,6,5", ASK("8"), ME SHA3_R, "", FINE },
    { "unknown algorithms are passed over", &one_way, "99,,x,256,261,5", ASK("5"),
      ME MD5_R, "", FINE },
    { "algorithm as hexadecimal", &one_way, "0x7", ASK("7"), ME SHA256_R, "", FINE },
    { "response as base64", &one_way, "5", ASK("5"), ME MD5_R_BASE64, "", FINE },
    { "the other order", &one_way, "5", ASK("5"), "CHAP_R=" MD5_R " CHAP_N=me", "",
      FINE },
    { "other keys beside", &one_way, "5", ASK("5"), "X-a=1 " ME MD5_R,
      "X-a=NotUnderstood", FINE },
    { "mutual is not asked for", &both_ways, "5", ASK("5"), ME MD5_R, "", FINE },
    { "mutual, MD5", &both_ways, "5", ASK("5"), ME MD5_R " CHAP_I=9 CHAP_C=" THEIRS,
      "CHAP_N=the^target CHAP_R=" MD5_M, FINE },
    { "mutual, SHA3-256", &both_ways, "8", ASK("8"), ME SHA3_R " CHAP_I=9 CHAP_C=" THEIRS,
      "CHAP_N=the^target CHAP_R=" SHA3_M, FINE },
    { "mutual, base64, hexadecimal", &both_ways, "5", ASK("5"),
      "CHAP_C=" THEIRS_BASE64 " CHAP_I=0x9 " ME MD5_R, "CHAP_N=the^target CHAP_R=" MD5_M,
      FINE },

    { "wrong response", &one_way, "5", ASK("5"), ME "0x00112233445566778899aabbccddeeff",
      "", AUTH, FAILED },
    { "last bit wrong", &one_way, "5", ASK("5"), ME MD5_R_LAST_BIT, "", AUTH, FAILED },
    { "response of another algorithm", &one_way, "5", ASK("5"), ME SHA1_R, "", AUTH,
      FAILED },
    { "response too short", &one_way, "5", ASK("5"), ME MD5_R_SHORT, "", AUTH, FAILED },
    { "response with a zero before", &one_way, "5", ASK("5"), ME MD5_R_LONG, "", AUTH,
      FAILED },
    { "response with a byte behind", &one_way, "5", ASK("5"), ME MD5_R "00", "", AUTH,
      FAILED },
    { "somebody else", &one_way, "5", ASK("5"), "CHAP_N=somebody CHAP_R=" MD5_R, "", AUTH,
      FAILED },
    { "nobody", &one_way, "5", ASK("5"), "CHAP_N=nobody CHAP_R=" MD5_R, "", AUTH,
      FAILED },
    { "nobody, the response to no secret", &one_way, "5", ASK("5"),
      "CHAP_N=nobody CHAP_R=" MD5_EMPTY, "", AUTH, FAILED },
    { "empty name, the response to no secret", &one_way, "5", ASK("5"),
      "CHAP_N= CHAP_R=" MD5_EMPTY, "", AUTH, FAILED },
    { "a beginning of a name", &one_way, "5", ASK("5"), "CHAP_N=m CHAP_R=" MD5_R, "",
      AUTH, FAILED },
    { "capitals in the name", &one_way, "5", ASK("5"), "CHAP_N=ME CHAP_R=" MD5_R, "",
      AUTH, FAILED },
    { "wrong response, mutual: we prove nothing", &both_ways, "5", ASK("5"),
      ME "0x00112233445566778899aabbccddeeff CHAP_I=9 CHAP_C=" THEIRS, "", AUTH, FAILED },
    { "our challenge comes back", &both_ways, "5", ASK("5"),
      ME MD5_R " CHAP_I=9 CHAP_C=" CHALLENGE, "",
      AUTH, THIMBLE_REASON_AUTH_REFLECTION },
    { "our challenge comes back as base64", &both_ways, "5", ASK("5"),
      ME MD5_R " CHAP_I=17 CHAP_C=0bAQIDBAUGBwgJCgsMDQ4PEA==", "", AUTH,
      THIMBLE_REASON_AUTH_REFLECTION },
    { "our challenge comes back, one way", &one_way, "5", ASK("5"),
      ME MD5_R " CHAP_I=9 CHAP_C=" CHALLENGE, "",
      AUTH, THIMBLE_REASON_AUTH_REFLECTION },
    { "mutual where we have no secret", &one_way, "5", ASK("5"),
      ME MD5_R " CHAP_I=9 CHAP_C=" THEIRS, "", AUTH, PROTOCOL },
    { "no CHAP_N", &one_way, "5", ASK("5"), "CHAP_R=" MD5_R, "", AUTH, PROTOCOL },
    { "no CHAP_R", &one_way, "5", ASK("5"), "CHAP_N=me", "", AUTH, PROTOCOL },
    { "no CHAP_C", &both_ways, "5", ASK("5"), ME MD5_R " CHAP_I=9", "", AUTH, PROTOCOL },
    { "no CHAP_I", &both_ways, "5", ASK("5"), ME MD5_R " CHAP_C=" THEIRS, "", AUTH,
      PROTOCOL },
    { "nothing", &one_way, "5", ASK("5"), "", "", AUTH, PROTOCOL },
    { "CHAP_I too great", &both_ways, "5", ASK("5"),
      ME MD5_R " CHAP_I=256 CHAP_C=" THEIRS, "", AUTH, PROTOCOL },
    { "CHAP_I no number", &both_ways, "5", ASK("5"), ME MD5_R " CHAP_I=x CHAP_C=" THEIRS,
      "", AUTH, PROTOCOL },
    { "CHAP_C empty", &both_ways, "5", ASK("5"), ME MD5_R " CHAP_I=9 CHAP_C=0x", "", AUTH,
      PROTOCOL },
    { "CHAP_C no bytes", &both_ways, "5", ASK("5"), ME MD5_R " CHAP_I=9 CHAP_C=hello", "",
      AUTH, PROTOCOL },
    { "CHAP_R no bytes", &one_way, "5", ASK("5"), ME "secret", "", AUTH, PROTOCOL },
    { "CHAP_R of 33 bytes", &one_way, "5", ASK("5"),
      ME "0x000000000000000000000000000000000000000000000000000000000000000000", "", AUTH,
      PROTOCOL },
    { "CHAP_R twice", &one_way, "5", ASK("5"), ME MD5_R " CHAP_R=" MD5_R, "",
      TH_LOGIN_INITIATOR_ERROR,
      THIMBLE_REASON_KEY_REPEATED },
    { "CHAP_A again", &one_way, "5", ASK("5"), "CHAP_A=5", "", TH_LOGIN_INITIATOR_ERROR,
      THIMBLE_REASON_KEY_REPEATED },
    { "AuthMethod again", &one_way, "5", ASK("5"), "AuthMethod=None", "",
      TH_LOGIN_INITIATOR_ERROR,
      THIMBLE_REASON_KEY_REPEATED },
};

static void test_responses(void **state)
{
    (void)state;
    static struct world w;
    unsigned bad = 0;
    for (size_t i = 0; i < COUNT(responses); i++) {
        const struct response_case *r = &responses[i];
        challenged(&w, r->chap, r->algorithms, r->challenge);
        login(&w, T | CSG(0) | NSG(1), r->response);
        if (w.n.status != r->status || w.n.why != r->why || strcmp(plain_text(&w),
            r->answer) != 0) {
            print_error("%s: %04x %d '%s' '%s'\n", r->title, w.n.status, w.n.why,
                        w.n.why_key,
                        plain_text(&w));
            bad++;
            continue;
        }
        assert_int_equal(w.bhs[1], r->status != 0 ? CSG(0) : (T | CSG(0) | NSG(1)));
        if (r->status == 0) {
            login(&w, T | CSG(1) | NSG(3), "");
            assert_int_equal(w.next, TH_LOGIN_DONE);
        } else {
            assert_int_equal(w.admitted, 0);
        }
    }
    assert_int_equal(bad, 0);
}

/* ------------------------------------------------------------------------------------
 * The way there
 */
struct path_case {
    const char *title;
    uint8_t flags[4];
    const char *requests[4];
    const char *answer;         /* of the last */
    uint16_t status;
    enum thimble_reason why;
};

#define NEEDED THIMBLE_REASON_AUTH_NEEDED
#define WHO "InitiatorName=" HOST " TargetName=" GUARDED
#define S CSG(0)
#define TO_OP (T | CSG(0) | NSG(1))
#define TO_FULL (T | CSG(0) | NSG(3))

static const struct path_case paths[] = {
    { "straight to the operational stage", { CSG(1) }, { WHO }, "", AUTH, NEEDED },
    { "straight to full feature phase", { T | CSG(1) | NSG(3) }, { WHO }, "", AUTH,
      NEEDED },
    { "out of the security stage without a method", { TO_OP }, { WHO }, "", AUTH,
      NEEDED },
    { "out of it later", { S, TO_FULL }, { WHO, "" }, "", AUTH, NEEDED },
    { "only None", { S }, { WHO " AuthMethod=None" }, "AuthMethod=Reject", AUTH, NEEDED },
    { "only what we do not know", { S }, { WHO " AuthMethod=KRB5,SRP" },
      "AuthMethod=Reject", AUTH, NEEDED },
    { "None first: CHAP all the same", { S }, { WHO " AuthMethod=None,CHAP" },
      "TargetPortalGroupTag=3 AuthMethod=CHAP", FINE },
    { "the method before the names", { S }, { "AuthMethod=CHAP " WHO },
      "TargetPortalGroupTag=3 AuthMethod=CHAP", FINE },
    { "the method in the second request", { S, S }, { WHO, "AuthMethod=CHAP" },
      "AuthMethod=CHAP", FINE },
    { "T from the beginning: we hold it back", { TO_OP, TO_OP }, { FIRST, "CHAP_A=5" },
      CHALLENGED_MD5, FINE },
    { "the algorithm with the method", { S }, { FIRST " CHAP_A=5" },
      "TargetPortalGroupTag=3 AuthMethod=CHAP " CHALLENGED_MD5, FINE },
    { "the algorithm before the method", { S }, { "CHAP_A=5 " FIRST },
      "TargetPortalGroupTag=3 AuthMethod=CHAP " CHALLENGED_MD5, FINE },
    { "all the way to full feature phase", { S, S, TO_FULL }, { FIRST, "CHAP_A=5",
      ME MD5_R }, "", FINE },
    { "T only when all is over", { S, S, S, TO_OP }, { FIRST, "CHAP_A=5", ME MD5_R, "" },
      "", FINE },
    { "jump from the method", { S, TO_OP }, { FIRST, "" }, "", AUTH, PROTOCOL },
    { "jump from the challenge", { S, S, TO_OP }, { FIRST, "CHAP_A=5", "" }, "", AUTH,
      PROTOCOL },
    { "operational stage instead of an answer", { S, S, CSG(1) }, { FIRST, "CHAP_A=5",
      "" }, "",
      TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_LOGIN_PROTOCOL },
    { "a response nobody asked for", { S, S }, { FIRST, ME MD5_R }, "", AUTH, PROTOCOL },
    { "algorithm and response together", { S, S }, { FIRST, "CHAP_A=5 " ME MD5_R }, "",
      AUTH, PROTOCOL },
    { "no algorithm of ours", { S, S }, { FIRST, "CHAP_A=1,2,9" }, "", AUTH, PROTOCOL },
    { "algorithm is no number", { S, S }, { FIRST, "CHAP_A=MD5" }, "", AUTH, PROTOCOL },
    { "empty algorithm", { S, S }, { FIRST, "CHAP_A=" }, "", AUTH, PROTOCOL },
    { "CHAP keys when all is over", { S, S, S, S }, { FIRST, "CHAP_A=5", ME MD5_R,
      "CHAP_I=1 CHAP_C=0x01" }, "",
      AUTH, PROTOCOL },
};

static void test_paths(void **state)
{
    (void)state;
    static struct world w;
    unsigned bad = 0;
    for (size_t i = 0; i < COUNT(paths); i++) {
        const struct path_case *p = &paths[i];
        guard(&w, &one_way);
        for (unsigned k = 0; k < COUNT(p->requests) && p->requests[k]; k++) {
            if (k > 0)
                assert_int_equal(w.next, TH_LOGIN_ANSWER);
            login(&w, p->flags[k], p->requests[k]);
        }
        if (w.n.status != p->status || w.n.why != p->why || strcmp(plain_text(&w),
            p->answer) != 0) {
            print_error("%s: %04x %d '%s'\n", p->title, w.n.status, w.n.why,
                        plain_text(&w));
            bad++;
        }
        assert_int_equal(w.admitted, w.next == TH_LOGIN_DONE);
    }
    assert_int_equal(bad, 0);
}

/* ------------------------------------------------------------------------------------
 * Apart
 */
static void test_hook_limits(void **state)
{
    (void)state;
    static struct world w;
    guard(&w, &one_way);                /* a small machine has MD5 only */
    hashes_offered = 1 << THIMBLE_HASH_MD5;
    login(&w, CSG(0), FIRST);
    login(&w, CSG(0), "CHAP_A=8,7,6,5");
    assert_string_equal(plain_text(&w), CHALLENGED_MD5);

    guard(&w, &one_way);
    hashes_offered = 0;
    login(&w, CSG(0), FIRST);
    login(&w, CSG(0), "CHAP_A=5");
    assert_int_equal(w.n.status, TH_LOGIN_AUTH_FAILURE);

    guard(&w, &one_way);                /* no random bytes: nobody gets in */
    w.no_random = true;
    login(&w, CSG(0), FIRST);
    login(&w, CSG(0), "CHAP_A=5");
    assert_int_equal(w.n.status, TH_LOGIN_TARGET_ERROR);
    assert_int_equal(w.n.why, THIMBLE_REASON_RANDOM);

    guard(&w, &one_way);                /* the hash fails between challenge and response */
    login(&w, CSG(0), FIRST);
    login(&w, CSG(0), "CHAP_A=5");
    hashes_offered = 0;
    login(&w, TO_OP, ME MD5_R);
    assert_int_equal(w.n.status, TH_LOGIN_AUTH_FAILURE);

    guard(&w, &one_way);                /* no crypto at all */
    w.config.crypto = NULL;
    login(&w, CSG(0), FIRST);
    login(&w, CSG(0), "CHAP_A=5");
    assert_int_equal(w.n.status, TH_LOGIN_AUTH_FAILURE);
}

static void test_longest_challenge(void **state)
{
    (void)state;
    static struct world w;
    static char request[4096];
    for (unsigned over = 0; over < 2; over++) {
        challenged(&w, &both_ways, "5", CHALLENGED_MD5);
        int len = sprintf(request, ME MD5_R " CHAP_I=9 CHAP_C=0x");
        unsigned digits = 2 * (THIMBLE_CHAP_CHALLENGE_MAX + over);
        memset(request + len, 'a', digits);
        request[(unsigned)len + digits] = '\0';
        login(&w, TO_OP, request);
        if (over)
            assert_int_not_equal(w.n.status, 0);
        else
            assert_non_null(strstr(plain_text(&w), "CHAP_N=the^target CHAP_R=0x"));
    }
}

static void test_discovery(void **state)
{
    (void)state;
    static struct world w;
    guard(&w, NULL);
    w.config.discovery_chap = &one_way;
    login(&w, TO_OP, DISCOVERY);
    assert_int_equal(w.n.status, TH_LOGIN_AUTH_FAILURE);

    guard(&w, NULL);
    w.config.discovery_chap = &one_way;
    login(&w, CSG(0), DISCOVERY " AuthMethod=CHAP");
    login(&w, CSG(0), "CHAP_A=5");
    login(&w, TO_FULL, ME MD5_R);
    assert_int_equal(w.next, TH_LOGIN_DONE);

    guard(&w, NULL);                    /* a target's users are not asked for in discovery */
    w.nodes[3].chap = &one_way;
    login(&w, TO_OP, DISCOVERY " TargetName=" GUARDED);
    assert_int_equal(w.n.status, 0);
}

/* Each login has a challenge of its own, so an old response opens nothing. */
static void test_replay(void **state)
{
    (void)state;
    static struct world w;
    challenged(&w, &one_way, "5", CHALLENGED_MD5);
    login(&w, TO_FULL, ME MD5_R);
    assert_int_equal(w.next, TH_LOGIN_DONE);

    login_init(&w);
    w.n.env = &w.env;
    w.itt++;
    login(&w, CSG(0), FIRST);
    login(&w, CSG(0), "CHAP_A=5");
    assert_string_equal(plain_text(&w),
                        "CHAP_A=5 CHAP_I=34 CHAP_C=0x12131415161718191a1b1c1d1e1f2021");
    login(&w, TO_FULL, ME MD5_R);
    assert_int_equal(w.n.status, TH_LOGIN_AUTH_FAILURE);
}

/* The response cut at each byte, by pieces and by PDUs. */
static void test_every_cut(void **state)
{
    (void)state;
    static struct world w;
    char data[512];
    uint32_t len = wire_text(data, ME MD5_R " CHAP_I=9 CHAP_C=" THEIRS);
    for (uint32_t cut = 0; cut <= len; cut++) {
        for (int by_pdu = 0; by_pdu < 2; by_pdu++) {
            challenged(&w, &both_ways, "5", CHALLENGED_MD5);
            if (by_pdu) {
                assert_true(login_bytes(&w, C | CSG(0), data, cut, 0));
                assert_int_equal(w.len, 0);
                assert_true(login_bytes(&w, TO_FULL, data + cut, len - cut, 0));
            } else {
                assert_true(login_bytes(&w, TO_FULL, data, len, cut));
            }
            assert_string_equal(plain_text(&w), "CHAP_N=the^target CHAP_R=" MD5_M);
            assert_int_equal(w.next, TH_LOGIN_DONE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hook),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_hook_limits),
        cmocka_unit_test(test_longest_challenge),
        cmocka_unit_test(test_discovery),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
