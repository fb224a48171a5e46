/* SPDX-License-Identifier: MIT
 *
 * handoff.h: one task asks another to call a function for it, and waits: how a server's task has something done in
 * the engine's without a lock.
 *
 *     th_handoff_ask     in the asker's task (there is one)
 *     th_handoff_serve   in the other's, each turn
 *
 *     IDLE -> ASKED -> MAKING -> DONE -> IDLE
 *             ASKED -> IDLE                        given up: nobody took it
 *
 * Until the asker has its answer or has given up, all that the function touches is the other task's; after that the asker's.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_HANDOFF_H
#define TH_BOARD_HANDOFF_H

#include <stdatomic.h>
#include <stdbool.h>

struct th_handoff {
    atomic_uint state;
    void (*do_it)(void *arg);
    void *arg;
};

enum { TH_HANDOFF_IDLE, TH_HANDOFF_ASKED, TH_HANDOFF_MAKING, TH_HANDOFF_DONE };

/* Rests between two looks, at most `rests` times until it is taken.  False: it was not, and never will be. */
static inline bool th_handoff_ask(struct th_handoff *h, void (*do_it)(void *arg), void *arg,
                                  void (*rest)(void), unsigned rests)
{
    unsigned expected = TH_HANDOFF_ASKED;

    h->do_it = do_it;
    h->arg = arg;
    atomic_store(&h->state, TH_HANDOFF_ASKED);
    while (atomic_load(&h->state) == TH_HANDOFF_ASKED && rests-- > 0)
        rest();
    if (atomic_compare_exchange_strong(&h->state, &expected, TH_HANDOFF_IDLE))
        return false;
    while (atomic_load(&h->state) != TH_HANDOFF_DONE)
        rest();
    atomic_store(&h->state, TH_HANDOFF_IDLE);
    return true;
}

static inline void th_handoff_serve(struct th_handoff *h)
{
    unsigned expected = TH_HANDOFF_ASKED;

    if (!atomic_compare_exchange_strong(&h->state, &expected, TH_HANDOFF_MAKING))
        return;
    h->do_it(h->arg);
    atomic_store(&h->state, TH_HANDOFF_DONE);
}

#endif
