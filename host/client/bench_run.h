/* SPDX-License-Identifier: MIT
 *
 * bench_run.h: one round of one cell on one target: commands on their way at a given depth
 * for a given time.
 */
#ifndef HOST_CLIENT_BENCH_RUN_H
#define HOST_CLIENT_BENCH_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench_options.h"
#include "session.h"
#include "stats.h"

struct bench_target {
    const char *url, *label;
    struct session session;         /* .problem is set: the target has failed */
    struct disk_facts facts;
    uint64_t start, length;         /* bytes of it that are used */
};

struct bench {
    const struct bench_options *options;
    struct bench_target targets[BENCH_TARGETS_MAX];
    size_t n_targets;
    uint8_t *memory;                /* a buffer for each command on its way */
    size_t memory_bytes;
    void (*tick)(struct bench *b);  /* called now and then while it measures */
};

struct measurement {
    uint64_t commands, errors;
    double   seconds;
};

static inline bool bench_failed(const struct bench_target *t)
{
    return t->session.problem[0] != '\0';
}

/* False: no memory. */
bool bench_init(struct bench *b, const struct bench_options *o);

/* Logs in and finds out what the disk allows.  False: the session says why. */
bool bench_open(struct bench *b, struct bench_target *t);

/* Does this disk allow it? */
bool bench_allows(const struct bench_target *t, const struct bench_cell *c);

/* The same seed leads to the same places.  False: the target has failed, or Ctrl-C was
 * pressed; what is in m and stats is then not to be used. */
bool bench_measure(struct bench *b, struct bench_target *t, const struct bench_cell *c,
                   uint64_t seed, struct measurement *m, struct stats *stats);

void bench_free(struct bench *b);

#endif
