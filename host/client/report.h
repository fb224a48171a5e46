/* SPDX-License-Identifier: MIT
 *
 * report.h: results for people: Markdown, a comparison of two runs, and graphs as a script
 * for gnuplot.  Writes to open files, runs nothing.
 */
#ifndef HOST_CLIENT_REPORT_H
#define HOST_CLIENT_REPORT_H

#include <stdio.h>

#include "results.h"

#define REPORT_LABELS_MAX   16

/* A table of one line a cell and, side by side, the targets. */
void report_markdown(const struct results *rs, FILE *to);

/* Cells that both have, with ratios of b to a, and the geometric mean of each target's.
 * Targets are the same if their labels are, or if each run has but one.  Returns the number
 * of cells that both have. */
size_t report_compare(const struct results *a, const struct results *b, FILE *to);

/* A script that draws an SVG and a PNG for each graph into the folder where it is run;
 * returns how many graphs.  One for each of bandwidth, IOPS and latency, and for each
 * operation and order; over the block size, or over the depth if there is but one size. */
size_t report_gnuplot(const struct results *rs, FILE *to);

#endif
