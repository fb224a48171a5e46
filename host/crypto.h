/* SPDX-License-Identifier: MIT
 *
 * crypto.h: CHAP's hashes from Nettle, and random bytes from the system.
 */
#ifndef HOST_CRYPTO_H
#define HOST_CRYPTO_H

#include "../src/thimble.h"

extern const struct thimble_crypto host_crypto;

#endif
