/* SPDX-License-Identifier: MIT
 *
 * stats.h: times in a fixed amount of memory, and what to say of them.
 *
 * A histogram whose buckets are 1/64 of an octave wide: a percentile is wrong by 0.8 % at
 * most.  Pure.
 */
#ifndef HOST_CLIENT_STATS_H
#define HOST_CLIENT_STATS_H

#include <stddef.h>
#include <stdint.h>

#define STATS_STEPS     64u             /* buckets an octave; a power of two */
#define STATS_OCTAVES   42u             /* up to 2^47 ns: over a day */
#define STATS_BUCKETS   (STATS_STEPS * STATS_OCTAVES)

struct stats {
    uint64_t count, min_ns, max_ns, sum_ns;
    uint32_t buckets[STATS_BUCKETS];
};

void stats_add(struct stats *s, uint64_t ns);

/* The time that `percent` (0 to 100) of all are not over; 0 if there are none. */
uint64_t stats_percentile(const struct stats *s, double percent);

uint64_t stats_mean(const struct stats *s);

/* Of n values, which it sorts; 0 if there are none. */
double median(double *values, size_t n);

#endif
