/* SPDX-License-Identifier: MIT
 *
 * version.h: declarations for a compile test only, see ../README.md.
 */
#define MBEDTLS_VERSION_NUMBER 0x03060000
