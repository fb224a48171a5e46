/* SPDX-License-Identifier: MIT
 *
 * report.c: see report.h.
 */
#include "report.h"

#include <math.h>
#include <string.h>

#include "words.h"

/* Three digits that matter, and no exponent. */
static void put_number(double v, FILE *to)
{
    fprintf(to, v >= 100 ? "%.0f" : v >= 10 ? "%.1f" : "%.2f", v);
}

static void put_time(double us, FILE *to)
{
    put_number(us >= 1e6 ? us / 1e6 : us >= 1000 ? us / 1000 : us, to);
    fputs(us >= 1e6 ? " s" : us >= 1000 ? " ms" : " us", to);
}

/* A label in a table; | would end its cell. */
static void put_label(const char *label, FILE *to)
{
    for (; *label; label++) {
        if (*label == '|')
            putc('\\', to);
        putc(*label, to);
    }
}

/* Is row i the first of its cell? */
static bool first_of_cell(const struct results *rs, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (bench_cell_equal(&rs->rows[k].cell, &rs->rows[i].cell))
            return false;
    return true;
}

void report_markdown(const struct results *rs, FILE *to)
{
    const char *labels[REPORT_LABELS_MAX];
    size_t n = results_labels(rs, labels, REPORT_LABELS_MAX);
    char text[BENCH_CELL_TEXT_MAX];

    fputs("| IOPS, MB/s, latency p50 / p99 |", to);
    for (size_t k = 0; k < n; k++) {
        putc(' ', to);
        put_label(labels[k], to);
        fputs(" |", to);
    }
    fputs("\n| --- |", to);
    for (size_t k = 0; k < n; k++)
        fputs(" --- |", to);
    putc('\n', to);
    for (size_t i = 0; i < rs->n; i++) {
        if (!first_of_cell(rs, i))
            continue;
        fprintf(to, "| %s |", bench_cell_text(&rs->rows[i].cell, text));
        for (size_t k = 0; k < n; k++) {
            const struct result *r = results_find(rs, labels[k], &rs->rows[i].cell);
            if (!r) {
                fputs(" |", to);
                continue;
            }
            putc(' ', to);
            put_number(r->iops, to);
            fputs(", ", to);
            put_number(result_mb_s(r), to);
            fputs(", ", to);
            put_time(r->p50_us, to);
            fputs(" / ", to);
            put_time(r->p99_us, to);
            if (r->errors)
                fprintf(to, ", %llu errors", (unsigned long long)r->errors);
            fputs(" |", to);
        }
        putc('\n', to);
    }
}

/* --------------------------------------------------------------------------------------
 * Comparison
 */

static double ratio(double a, double b)
{
    return a > 0 ? b / a : 0;
}

/* One label of a, and what it is called in b. */
static size_t compare_label(const struct results *a, const char *in_a, const struct results *b,
                            const char *in_b, double *sum_of_logs, size_t *n_logs, FILE *to)
{
    char text[BENCH_CELL_TEXT_MAX];
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++) {
        const struct result *x = &a->rows[i];
        const struct result *y =
            strcmp(x->label, in_a) == 0 ? results_find(b, in_b, &x->cell) : NULL;
        if (!y)
            continue;
        fputs("| ", to);
        put_label(in_a, to);
        if (strcmp(in_a, in_b) != 0) {
            fputs(" : ", to);
            put_label(in_b, to);
        }
        fprintf(to, " | %s | ", bench_cell_text(&x->cell, text));
        put_number(x->iops, to);
        fputs(" | ", to);
        put_number(y->iops, to);
        fprintf(to, " | %.2f | ", ratio(x->iops, y->iops));
        put_time(x->p99_us, to);
        fputs(" | ", to);
        put_time(y->p99_us, to);
        fprintf(to, " | %.2f |\n", ratio(x->p99_us, y->p99_us));
        if (x->iops > 0 && y->iops > 0) {
            *sum_of_logs += log(y->iops / x->iops);
            ++*n_logs;
        }
        n++;
    }
    return n;
}

size_t report_compare(const struct results *a, const struct results *b, FILE *to)
{
    const char *labels_a[REPORT_LABELS_MAX], *labels_b[REPORT_LABELS_MAX];
    double means[REPORT_LABELS_MAX] = { 0 };
    size_t n_a = results_labels(a, labels_a, REPORT_LABELS_MAX);
    size_t n_b = results_labels(b, labels_b, REPORT_LABELS_MAX);
    size_t n = 0, n_logs;

    fputs("| target | cell | IOPS A | IOPS B | B/A | p99 A | p99 B | B/A |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- |\n", to);
    for (size_t k = 0; k < n_a; k++) {
        double sum_of_logs = 0;
        n_logs = 0;
        n += compare_label(a, labels_a[k], b, n_a == 1 && n_b == 1 ? labels_b[0] : labels_a[k],
                           &sum_of_logs, &n_logs, to);
        means[k] = n_logs ? exp(sum_of_logs / (double)n_logs) : 0;
    }
    for (size_t k = 0; k < n_a; k++) {
        if (means[k] <= 0)
            continue;
        fputs("\n", to);
        put_label(labels_a[k], to);
        fprintf(to, ": IOPS of B are %.2f times those of A (geometric mean).\n", means[k]);
    }
    return n;
}

/* --------------------------------------------------------------------------------------
 * Graphs
 */

enum metric { BANDWIDTH, IOPS, LATENCY };

static const struct {
    const char *file, *title, *unit;
} metrics[] = {
    [BANDWIDTH] = { "bandwidth", "bandwidth", "MB/s" },
    [IOPS] = { "iops", "commands a second", "IOPS" },
    [LATENCY] = { "latency", "time of a command, median and (dashed) p99", "ms" },
};

/* Which rows a graph shows: those like `fixed`, but for what its x axis is. */
struct graph {
    struct bench_cell fixed;
    bool over_depth;
};

static bool belongs(const struct graph *g, const struct result *r)
{
    const struct bench_cell *c = &r->cell;

    return c->op == g->fixed.op && c->pattern == g->fixed.pattern &&
           (g->over_depth ? c->bytes == g->fixed.bytes : c->depth == g->fixed.depth);
}

/* How many places the graph has on its x axis. */
static size_t places(const struct results *rs, const struct graph *g)
{
    size_t n = 0;

    for (size_t i = 0; i < rs->n; i++)
        n += belongs(g, &rs->rows[i]) && first_of_cell(rs, i);
    return n;
}

/* In gnuplot's single quotes, a quote is written twice. */
static void put_quoted(const char *text, FILE *to)
{
    for (; *text; text++) {
        if (*text == '\'')
            putc('\'', to);
        putc(*text, to);
    }
}

static void put_data(const struct results *rs, const struct graph *g, const char *label,
                     size_t number, FILE *to)
{
    fprintf(to, "$t%zu << END\n", number);
    for (size_t i = 0; i < rs->n; i++) {
        const struct result *r = &rs->rows[i];
        if (belongs(g, r) && strcmp(r->label, label) == 0)
            fprintf(to, "%u %.6f %.3f %.6f %.6f\n",
                    g->over_depth ? r->cell.depth : r->cell.bytes, result_mb_s(r), r->iops,
                    r->p50_us / 1000, r->p99_us / 1000);
    }
    fputs("END\n", to);
}

static void put_ticks(const struct results *rs, const struct graph *g, FILE *to)
{
    char size[WORDS_SIZE_MAX];
    const char *between = "";

    fputs("set xtics (", to);
    for (size_t i = 0; i < rs->n; i++) {
        const struct result *r = &rs->rows[i];
        if (!belongs(g, r) || !first_of_cell(rs, i))
            continue;
        if (g->over_depth)
            fprintf(to, "%s%u", between, r->cell.depth);
        else
            fprintf(to, "%s'%s' %u", between, size_option(r->cell.bytes, size), r->cell.bytes);
        between = ", ";
    }
    fputs(")\n", to);
}

static void put_lines(const char *const *labels, size_t n, enum metric metric, FILE *to)
{
    unsigned column = metric == BANDWIDTH ? 2 : metric == IOPS ? 3 : 4;

    fputs("plot ", to);
    for (size_t k = 0; k < n; k++) {
        fprintf(to, "%s$t%zu using 1:%u with linespoints linestyle %zu title '", k ? ", " : "",
                k, column, k + 1);
        put_quoted(labels[k], to);
        putc('\'', to);
        if (metric == LATENCY)
            fprintf(to, ", $t%zu using 1:5 with lines linestyle %zu dashtype 2 notitle", k,
                    k + 1);
    }
    putc('\n', to);
}

static void put_graph(const struct results *rs, const struct graph *g, enum metric metric,
                      FILE *to)
{
    const char *labels[REPORT_LABELS_MAX];
    size_t n = results_labels(rs, labels, REPORT_LABELS_MAX);
    char size[WORDS_SIZE_MAX], name[80], what[80];

    if (g->over_depth) {
        size_option(g->fixed.bytes, size);
        snprintf(name, sizeof name, "%s-%s-%s-%s", bench_op_names[g->fixed.op],
                 bench_pattern_names[g->fixed.pattern], size, metrics[metric].file);
        snprintf(what, sizeof what, "%s %s, %s", bench_op_names[g->fixed.op],
                 bench_pattern_names[g->fixed.pattern], size);
    } else {
        snprintf(name, sizeof name, "%s-%s-depth%u-%s", bench_op_names[g->fixed.op],
                 bench_pattern_names[g->fixed.pattern], g->fixed.depth, metrics[metric].file);
        snprintf(what, sizeof what, "%s %s, depth %u", bench_op_names[g->fixed.op],
                 bench_pattern_names[g->fixed.pattern], g->fixed.depth);
    }
    fprintf(to, "\nset title '%s: %s'\nset xlabel '%s'\nset ylabel '%s'\n", what,
            metrics[metric].title, g->over_depth ? "commands at a time" : "bytes a command",
            metrics[metric].unit);
    put_ticks(rs, g, to);
    fprintf(to,
            "set terminal svg noenhanced size 640,400 dynamic background 'white' font "
            "'sans-serif,13'\n"
            "set output '%s.svg'\n",
            name);
    put_lines(labels, n, metric, to);
    fprintf(to, "@png\nset output '%s.png'\n", name);
    put_lines(labels, n, metric, to);
}

size_t report_gnuplot(const struct results *rs, FILE *to)
{
    /* Colours that people who see few of them can tell apart (Okabe and Ito). */
    static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                           "#e69f00", "#56b4e9", "#000000" };
    const char *labels[REPORT_LABELS_MAX];
    size_t n = results_labels(rs, labels, REPORT_LABELS_MAX), graphs = 0;

    fputs("# Draws what thimble bench measured: gnuplot graphs.gp\n"
          "png = strstrt(GPVAL_TERMINALS, ' pngcairo ') ? "
          "'set terminal pngcairo noenhanced size 960,600' : 'set terminal png noenhanced size "
          "960,600'\n"
          "set logscale x 2\nset logscale y 10\n"
          "set grid xtics ytics linetype 1 linewidth 1 linecolor rgb '#dddddd'\n"
          "set key tmargin center horizontal samplen 2\n",
          to);
    for (size_t k = 0; k < n; k++)
        fprintf(
            to,
            "set style line %zu linecolor rgb '%s' linewidth 2 pointtype %zu pointsize 0.7\n",
            k + 1, colours[k % (sizeof colours / sizeof colours[0])], 4 + k % 12);
    for (size_t i = 0; i < rs->n; i++) {
        for (int over_depth = 0; over_depth < 2; over_depth++) {
            struct graph g = { .fixed = rs->rows[i].cell, .over_depth = over_depth };
            size_t first = 0;
            while (!belongs(&g, &rs->rows[first]))
                first++;
            struct graph over_size = { .fixed = rs->rows[i].cell };
            if (first != i || places(rs, &g) < 2 || (over_depth && places(rs, &over_size) > 1))
                continue;
            for (size_t k = 0; k < n; k++)
                put_data(rs, &g, labels[k], k, to);
            for (int m = BANDWIDTH; m <= LATENCY; m++)
                put_graph(rs, &g, (enum metric)m, to);
            graphs += 3;
        }
    }
    return graphs;
}
