/* SPDX-License-Identifier: MIT
 *
 * stats.c: see stats.h.
 */
#include "stats.h"

#include <stdlib.h>

/* Values below 2 * STATS_STEPS have a bucket each; above, the bucket is the octave and the
 * six bits below the highest one. */
static size_t bucket_of(uint64_t ns)
{
    unsigned shift = 0;

    while (ns >> shift >= (uint64_t)2 * STATS_STEPS)
        shift++;
    size_t bucket = (size_t)shift * STATS_STEPS + (size_t)(ns >> shift);
    return bucket < STATS_BUCKETS ? bucket : STATS_BUCKETS - 1;
}

/* The middle of a bucket. */
static uint64_t bucket_value(size_t bucket)
{
    if (bucket < (size_t)2 * STATS_STEPS)
        return bucket;
    unsigned shift = (unsigned)(bucket / STATS_STEPS) - 1;
    uint64_t low = (uint64_t)(bucket % STATS_STEPS + STATS_STEPS) << shift;
    return low + ((UINT64_C(1) << shift) >> 1);
}

void stats_add(struct stats *s, uint64_t ns)
{
    if (s->count == 0 || ns < s->min_ns)
        s->min_ns = ns;
    if (ns > s->max_ns)
        s->max_ns = ns;
    s->count++;
    s->sum_ns += ns;
    s->buckets[bucket_of(ns)]++;
}

uint64_t stats_percentile(const struct stats *s, double percent)
{
    double wanted = percent / 100 * (double)s->count;
    uint64_t seen = 0;

    if (s->count == 0)
        return 0;
    for (size_t i = 0; i < STATS_BUCKETS; i++) {
        seen += s->buckets[i];
        if (seen && (double)seen >= wanted) {
            uint64_t v = bucket_value(i);
            return v < s->min_ns ? s->min_ns : v > s->max_ns ? s->max_ns : v;
        }
    }
    return s->max_ns;
}

uint64_t stats_mean(const struct stats *s)
{
    return s->count ? s->sum_ns / s->count : 0;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median(double *values, size_t n)
{
    if (n == 0)
        return 0;
    qsort(values, n, sizeof *values, compare);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}
