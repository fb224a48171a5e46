/* SPDX-License-Identifier: MIT
 *
 * md.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_MBEDTLS_MD_H
#define TEST_MBEDTLS_MD_H

#include <stddef.h>

typedef enum {
    MBEDTLS_MD_NONE, MBEDTLS_MD_MD5, MBEDTLS_MD_SHA1, MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA3_256,
} mbedtls_md_type_t;
typedef struct mbedtls_md_info_t mbedtls_md_info_t;
typedef struct {
    void *state;
} mbedtls_md_context_t;

const mbedtls_md_info_t *mbedtls_md_info_from_type(mbedtls_md_type_t type);
unsigned char mbedtls_md_get_size(const mbedtls_md_info_t *info);
void mbedtls_md_init(mbedtls_md_context_t *ctx);
void mbedtls_md_free(mbedtls_md_context_t *ctx);
int mbedtls_md_setup(mbedtls_md_context_t *ctx, const mbedtls_md_info_t *info, int hmac);
int mbedtls_md_starts(mbedtls_md_context_t *ctx);
int mbedtls_md_update(mbedtls_md_context_t *ctx, const unsigned char *input, size_t len);
int mbedtls_md_finish(mbedtls_md_context_t *ctx, unsigned char *output);

#endif
