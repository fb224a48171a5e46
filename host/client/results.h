/* SPDX-License-Identifier: MIT
 *
 * results.h: what a measurement found: a table of cells, as CSV and back.
 *
 * The file is RFC 4180 behind comment lines that begin with #.  It is read strictly: a line
 * that results_write() would not have written is refused with its number.
 */
#ifndef HOST_CLIENT_RESULTS_H
#define HOST_CLIENT_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RESULTS_LABEL_MAX       64      /* with the zero at its end */
#define RESULTS_ROWS_MAX        16384   /* 16 targets, all sizes and depths there can be */
#define RESULTS_LINE_MAX        1024
#define RESULTS_MESSAGE_MAX     160

enum bench_op { BENCH_READ, BENCH_WRITE };
enum bench_pattern { BENCH_SEQUENTIAL, BENCH_RANDOM };

extern const char *const bench_op_names[2];
extern const char *const bench_pattern_names[2];

/* What was measured; the same for each target. */
struct bench_cell {
    enum bench_op op;
    enum bench_pattern pattern;
    uint32_t bytes;                     /* a command */
    uint32_t depth;                     /* commands on their way at a time */
};

struct result {
    char label[RESULTS_LABEL_MAX];      /* the target's */
    struct bench_cell cell;
    uint32_t rounds;
    uint64_t commands, errors;
    double   seconds;                   /* of all rounds */
    double   iops, iops_min, iops_max;  /* median, and extremes, of the rounds */
    double   mean_us, p50_us, p99_us, max_us;
};

struct results {
    struct result *rows;
    size_t n, room;
};

static inline double result_mb_s(const struct result *r)
{
    return r->iops * r->cell.bytes / 1e6;
}

bool bench_cell_equal(const struct bench_cell *a, const struct bench_cell *b);

/* "read random 4K depth 8". */
#define BENCH_CELL_TEXT_MAX     80
const char *bench_cell_text(const struct bench_cell *c, char text[BENCH_CELL_TEXT_MAX]);

/* Not empty, not too long, nothing but printable ASCII. */
bool results_label_good(const char *label);

/* False: no memory, or too many. */
bool results_add(struct results *rs, const struct result *r);
void results_free(struct results *rs);

/* NULL: there is none. */
const struct result *results_find(const struct results *rs, const char *label,
                                  const struct bench_cell *c);

/* Each label once, in the order of the rows; returns how many, at most max. */
size_t results_labels(const struct results *rs, const char **labels, size_t max);

/* The header line and the rows, without comments. */
void results_write(const struct results *rs, FILE *to);

/* False and one line in message: rs is then empty.  Otherwise results_free() is due. */
bool results_read(struct results *rs, FILE *from, char message[RESULTS_MESSAGE_MAX]);

#endif
