/* SPDX-License-Identifier: MIT
 *
 * bench_options.h: the command line of `thimble bench`, words to values.  Pure.
 */
#ifndef HOST_CLIENT_BENCH_OPTIONS_H
#define HOST_CLIENT_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results.h"

#define BENCH_TARGETS_MAX   16
#define BENCH_SIZES_MAX     16
#define BENCH_DEPTHS_MAX    16
#define BENCH_DEPTH_MAX     256
#define BENCH_BYTES_MIN     512
#define BENCH_BYTES_MAX     (16u << 20)
#define BENCH_ROUNDS_MAX    100
#define BENCH_MESSAGE_MAX   320

struct bench_options {
    const char *urls[BENCH_TARGETS_MAX];
    char labels[BENCH_TARGETS_MAX][RESULTS_LABEL_MAX];
    size_t n_urls;
    const char *initiator;          /* NULL: the usual one */
    const char *output;             /* a folder; NULL: none */
    const char *compare[2];         /* two results; NULL: none */
    uint32_t sizes[BENCH_SIZES_MAX], depths[BENCH_DEPTHS_MAX];
    size_t n_sizes, n_depths;
    bool sequential, random, write, verify, range, help;
    uint64_t range_start, range_bytes;  /* if range */
    uint32_t time_ms, timeout_ms, rounds;
    uint64_t seed;
};

/* argv[0] is "bench".  0, or -1 and one line in message.  The words of argv are borrowed. */
int bench_options_parse(struct bench_options *o, int argc, char **argv,
                        char message[BENCH_MESSAGE_MAX]);

/* What is to be measured, in order; returns how many, at most max. */
size_t bench_cells(const struct bench_options *o, struct bench_cell *cells, size_t max);

#define BENCH_CELLS_MAX     (2 * 2 * BENCH_SIZES_MAX * BENCH_DEPTHS_MAX)

#endif
