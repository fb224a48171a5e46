/* SPDX-License-Identifier: MIT
 *
 * ways.h: one scenario, played in every way that bytes can travel and disks can answer.
 *
 * A scenario is a function that talks to an engine.  It is played
 *
 *     in each of the ways of ways.c     pieces, acknowledgements, disks, buffers, digests
 *     with a pause behind each byte     that the target receives (if they are more than 4096,
 *                                       behind evenly spread ones)
 *     with each disk call failing       alone, and with all that follow it
 *
 * and what the target says must be the same (but for failing disks: there, each command must be
 * answered and the target must go on serving).  Afterwards nothing may be lost.
 *
 * With THIMBLE_SEEDS=DIR in the environment, what the target received becomes a file in DIR
 * for each scenario: seeds for tests/fuzz/fuzz_stream.c.
 */
#ifndef WAYS_H
#define WAYS_H

#include "initiator.h"

struct scenario {
    const char *name;
    void (*play)(struct lab *lab);
    struct lab_options options;
    bool own_disks;                     /* moves the delayed disks itself: played only so */
    bool own_pace;                      /* what it says depends on who is first: not compared */
    bool no_cuts, no_faults;
};

/* Runs them as tests of a cmocka group; returns main()'s result. */
int play_all(const char *group, const struct scenario *scenarios, size_t n);

#endif
