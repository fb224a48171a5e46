/* SPDX-License-Identifier: MIT
 *
 * crypto.c: see crypto.h.
 */
#define _GNU_SOURCE

#include "crypto.h"

#include <nettle/md5.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <nettle/version.h>
#include <unistd.h>

#if defined(__linux__) || defined(__APPLE__)
#include <sys/random.h>
#endif

#define RANDOM_AT_ONCE 256      /* the most that getentropy() gives */

static bool random_bytes(void *ctx, void *buf, size_t len)
{
    uint8_t *at = buf;

    (void)ctx;
    while (len) {
        size_t n = len < RANDOM_AT_ONCE ? len : RANDOM_AT_ONCE;
        if (getentropy(at, n) != 0)
            return false;
        at += n;
        len -= n;
    }
    return true;
}

static const struct nettle_hash *hash_of(enum thimble_hash algorithm)
{
    switch (algorithm) {
    case THIMBLE_HASH_MD5:      return &nettle_md5;
    case THIMBLE_HASH_SHA1:     return &nettle_sha1;
    case THIMBLE_HASH_SHA256:   return &nettle_sha256;
    case THIMBLE_HASH_SHA3_256: return &nettle_sha3_256;
    }
    return NULL;
}

static size_t hash_parts(void *ctx, enum thimble_hash algorithm,
                         const struct thimble_span *parts, size_t n_parts,
                         uint8_t digest[32])
{
    union {
        struct md5_ctx md5;
        struct sha1_ctx sha1;
        struct sha256_ctx sha256;
        struct sha3_256_ctx sha3_256;
    } state;
    const struct nettle_hash *hash = hash_of(algorithm);

    (void)ctx;
    if (!hash || hash->context_size > sizeof state || hash->digest_size > 32)
        return 0;
    hash->init(&state);
    for (size_t i = 0; i < n_parts; i++)
        hash->update(&state, parts[i].len, parts[i].data);
#if NETTLE_VERSION_MAJOR >= 4
    hash->digest(&state, digest);
#else
    hash->digest(&state, hash->digest_size, digest);
#endif
    return hash->digest_size;
}

const struct thimble_crypto host_crypto = { .random = random_bytes, .hash = hash_parts };
