/* SPDX-License-Identifier: MIT
 *
 * crypto.c: hashes for CHAP from Mbed TLS, if the sketch brings it.  Random bytes are the platform's.
 *
 * Layer 6.  Where it is not, th_board_crypto() is NULL, and a target with CHAP is refused at the start.
 */
#include "which.h"

#if TH_BOARD_ANY

#include "platform.h"

#ifdef __has_include
#if __has_include(<mbedtls/md.h>)
#define USE_MBEDTLS 1
#include <mbedtls/md.h>
#include <mbedtls/version.h>
#endif
#endif

#ifdef USE_MBEDTLS

static bool random_bytes(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    return th_board_random(buf, len);
}

static mbedtls_md_type_t type_of(enum thimble_hash algorithm)
{
    switch (algorithm) {
    case THIMBLE_HASH_MD5:      return MBEDTLS_MD_MD5;
    case THIMBLE_HASH_SHA1:     return MBEDTLS_MD_SHA1;
    case THIMBLE_HASH_SHA256:   return MBEDTLS_MD_SHA256;
    case THIMBLE_HASH_SHA3_256:
#if MBEDTLS_VERSION_NUMBER >= 0x03050000 && MBEDTLS_VERSION_NUMBER < 0x04000000
        return MBEDTLS_MD_SHA3_256;
#else
        return MBEDTLS_MD_NONE;
#endif
    }
    return MBEDTLS_MD_NONE;
}

static size_t hash(void *ctx, enum thimble_hash algorithm, const struct thimble_span *parts,
                   size_t n_parts, uint8_t digest[32])
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(type_of(algorithm));
    mbedtls_md_context_t md;
    (void)ctx;
    if (!info)                          /* left out of this build of Mbed TLS */
        return 0;

    mbedtls_md_init(&md);
    bool done = mbedtls_md_setup(&md, info, 0) == 0 && mbedtls_md_starts(&md) == 0;
    for (size_t i = 0; i < n_parts && done; i++)
        done = mbedtls_md_update(&md, parts[i].data, parts[i].len) == 0;
    done = done && mbedtls_md_finish(&md, digest) == 0;
    mbedtls_md_free(&md);
    return done ? mbedtls_md_get_size(info) : 0;
}

const struct thimble_crypto *th_board_crypto(void)
{
    static const struct thimble_crypto crypto = { .random = random_bytes, .hash = hash };
    return &crypto;
}

#else

const struct thimble_crypto *th_board_crypto(void)
{
    return NULL;
}

#endif

#else

/* ISO C wants something in every file. */
typedef int th_board_crypto_is_not_compiled;

#endif
