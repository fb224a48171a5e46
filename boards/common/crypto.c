/* SPDX-License-Identifier: MIT
 *
 * crypto.c: what CHAP needs, as port/board/crypto.c has it elsewhere: nettle's hashes,
 * random.h's numbers.
 */
#include "port/board/platform.h"

#include "nettle/md5.h"
#include "nettle/sha1.h"
#include "nettle/sha2.h"
#include "nettle/sha3.h"
#include "random.h"

union context {
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256;
    struct sha3_256_ctx sha3_256;
};

typedef void init_function(void *context);
typedef void update_function(void *context, size_t len, const uint8_t *data);
typedef void digest_function(void *context, size_t len, uint8_t *digest);

static void md5_start(void *h) { md5_init(h); }
static void md5_more(void *h, size_t n, const uint8_t *p) { md5_update(h, n, p); }
static void md5_end(void *h, size_t n, uint8_t *digest) { md5_digest(h, n, digest); }

static void sha1_start(void *h) { sha1_init(h); }
static void sha1_more(void *h, size_t n, const uint8_t *p) { sha1_update(h, n, p); }
static void sha1_end(void *h, size_t n, uint8_t *digest) { sha1_digest(h, n, digest); }

static void sha256_start(void *h) { sha256_init(h); }
static void sha256_more(void *h, size_t n, const uint8_t *p) { sha256_update(h, n, p); }
static void sha256_end(void *h, size_t n, uint8_t *digest) { sha256_digest(h, n, digest); }

static void sha3_start(void *h) { sha3_256_init(h); }
static void sha3_more(void *h, size_t n, const uint8_t *p) { sha3_256_update(h, n, p); }
static void sha3_end(void *h, size_t n, uint8_t *digest) { sha3_256_digest(h, n, digest); }

static const struct {
    enum thimble_hash algorithm;
    uint8_t digest_len;
    init_function *start;
    update_function *more;
    digest_function *end;
} hashes[] = {
    { THIMBLE_HASH_MD5, MD5_DIGEST_SIZE, md5_start, md5_more, md5_end },
    { THIMBLE_HASH_SHA1, SHA1_DIGEST_SIZE, sha1_start, sha1_more, sha1_end },
    { THIMBLE_HASH_SHA256, SHA256_DIGEST_SIZE, sha256_start, sha256_more, sha256_end },
    { THIMBLE_HASH_SHA3_256, SHA3_256_DIGEST_SIZE, sha3_start, sha3_more, sha3_end },
};

static size_t hash(void *ctx, enum thimble_hash algorithm, const struct thimble_span *parts,
                   size_t n_parts, uint8_t digest[32])
{
    (void)ctx;
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        if (hashes[i].algorithm != algorithm)
            continue;
        union context context;
        hashes[i].start(&context);
        for (size_t part = 0; part < n_parts; part++)
            hashes[i].more(&context, parts[part].len, parts[part].data);
        hashes[i].end(&context, hashes[i].digest_len, digest);
        return hashes[i].digest_len;
    }
    return 0;
}

static bool random_bytes(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    random_fill(buf, len);
    return true;
}

const struct thimble_crypto *th_board_crypto(void)
{
    static const struct thimble_crypto crypto = { .random = random_bytes, .hash = hash };
    return &crypto;
}
