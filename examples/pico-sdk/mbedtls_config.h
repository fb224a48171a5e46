/* SPDX-License-Identifier: MIT
 *
 * mbedtls_config.h: of Mbed TLS the hashes for CHAP, and nothing else.  pico-sdk does not
 * compile its SHA-3.
 */
#define MBEDTLS_MD_C
#define MBEDTLS_MD5_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_PLATFORM_C
