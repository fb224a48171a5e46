/* SPDX-License-Identifier: MIT
 *
 * backoff.h: how long to wait before the next try: twice as long each time up to a limit, and a random part
 * of it, so that many boards that lost the same access point do not all come back at once.
 *
 * Pure; the random number is the caller's.
 *
 *     wait_ms = thimble_backoff_next(&b, random());     after a try that failed
 *     thimble_backoff_reset(&b);                        after one that did not
 */
#ifndef THIMBLE_DEVICE_BACKOFF_H
#define THIMBLE_DEVICE_BACKOFF_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct thimble_backoff {
    uint32_t first_ms, max_ms;      /* 1 <= first_ms <= max_ms; others are put right */
    uint32_t next_ms;               /* 0: none has failed yet */
};

void thimble_backoff_init(struct thimble_backoff *b, uint32_t first_ms, uint32_t max_ms);

/* Between half and the whole of first_ms, 2 * first_ms, 4 * first_ms ... max_ms. */
uint32_t thimble_backoff_next(struct thimble_backoff *b, uint32_t random);

void thimble_backoff_reset(struct thimble_backoff *b);

#ifdef __cplusplus
}
#endif

#endif
