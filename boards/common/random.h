/* SPDX-License-Identifier: MIT
 *
 * random.h: unpredictable numbers on a machine without a generator of its own.
 *
 * A pool is stirred with the moment at which each frame arrives, counted by the fastest
 * counter there is, and with what a board knows about itself; SHA-256 of the pool is what comes
 * out.  Good enough for CHAP challenges and TCP sequence numbers on a local network; a
 * board with a true generator stirs that in too.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Mixes a few bits that an outsider does not know into the pool. */
void random_stir(uint32_t bits);

void random_fill(void *buf, size_t len);
uint32_t random_u32(void);

#endif
