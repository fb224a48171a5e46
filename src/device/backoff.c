/* SPDX-License-Identifier: MIT
 *
 * backoff.c: see backoff.h.
 */
#include "backoff.h"

void thimble_backoff_init(struct thimble_backoff *b, uint32_t first_ms, uint32_t max_ms)
{
    b->first_ms = first_ms > 0 ? first_ms : 1;
    b->max_ms = max_ms > b->first_ms ? max_ms : b->first_ms;
    b->next_ms = 0;
}

uint32_t thimble_backoff_next(struct thimble_backoff *b, uint32_t random)
{
    if (b->next_ms == 0)
        b->next_ms = b->first_ms;
    uint32_t whole_ms = b->next_ms, half_ms = whole_ms / 2;

    b->next_ms = whole_ms > b->max_ms / 2 ? b->max_ms : 2 * whole_ms;
    return whole_ms - random % (half_ms + 1);
}

void thimble_backoff_reset(struct thimble_backoff *b)
{
    b->next_ms = 0;
}
