/* SPDX-License-Identifier: MIT
 *
 * crypto.h: hashes and random numbers for CHAP, as Thimble wants them.
 */
#ifndef CRYPTO_H
#define CRYPTO_H

#include "thimble.h"

extern const struct thimble_crypto board_crypto;

#endif
