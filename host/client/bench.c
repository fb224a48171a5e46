/* SPDX-License-Identifier: MIT
 *
 * bench.c: `thimble bench`: which cell comes when, what is shown, and what is kept.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/thimble.h"
#include "bench_run.h"
#include "client.h"
#include "report.h"

enum { EXIT_GOOD = 0, EXIT_TARGET_FAILED = 1, EXIT_NOT_STARTED = 2, EXIT_INTERRUPTED = 130 };

#define BAR_WIDTH       24
#define DRAW_MS         200

/* What is shown while it measures.  All of it goes to stderr: results are on stdout. */
static struct {
    bool terminal;
    uint64_t began_ns, drawn_ns;
    size_t done, all;                   /* rounds of one target */
    char what[BENCH_CELL_TEXT_MAX + RESULTS_LABEL_MAX];
} progress;

static void on_signal(int number)
{
    (void)number;
    session_interrupted = session_interrupted ? 2 : 1;
}

/* --------------------------------------------------------------------------------------
 * Progress
 */

static void clear_bar(void)
{
    if (progress.terminal && progress.drawn_ns)
        fputs("\r\033[K", stderr);
    progress.drawn_ns = 0;
}

static void draw_bar(uint64_t now)
{
    double part = progress.all ? (double)progress.done / (double)progress.all : 0;
    double spent = (double)(now - progress.began_ns) / 1e9;
    unsigned left = part > 0 ? (unsigned)(spent / part - spent + 0.5) : 0;
    int full = (int)(part * BAR_WIDTH);

    fprintf(stderr, "\r\033[K\033[32m%.*s\033[0m%.*s %3.0f %%  ", full,
            "########################", BAR_WIDTH - full, "........................",
            part * 100);
    if (part > 0)
        fprintf(stderr, "%u:%02u left  ", left / 60, left % 60);
    fputs(progress.what, stderr);
    fflush(stderr);
    progress.drawn_ns = now;
}

static void tick(struct bench *b)
{
    (void)b;
    if (!progress.terminal)
        return;
    uint64_t now = now_ns();
    if (now - progress.drawn_ns >= (uint64_t)DRAW_MS * 1000000)
        draw_bar(now);
}

static void say_failed(const struct bench_target *t)
{
    char url[WORDS_URL_MAX + 8];

    clear_bar();
    fprintf(stderr, "thimble: %s%s%s (%s): %s\n", progress.terminal ? "\033[31m" : "", t->label,
            progress.terminal ? "\033[0m" : "", url_without_secrets(t->url, url, sizeof url),
            t->session.problem);
}

static void say_cell(const struct results *rs, size_t from, size_t number, size_t all)
{
    char text[BENCH_CELL_TEXT_MAX];

    if (from == rs->n)
        return;
    clear_bar();
    fprintf(stderr, "[%zu/%zu] %s:", number, all, bench_cell_text(&rs->rows[from].cell, text));
    for (size_t i = from; i < rs->n; i++) {
        const struct result *r = &rs->rows[i];
        fprintf(stderr, "%s %s %.*f IOPS, %.1f MB/s, p99 %.2f ms", i > from ? ";" : "",
                r->label, r->iops < 10, r->iops, result_mb_s(r), r->p99_us / 1000);
    }
    putc('\n', stderr);
}

/* --------------------------------------------------------------------------------------
 * Measuring
 */

/* What the rounds of one cell have found on one target. */
struct gathered {
    double iops[BENCH_ROUNDS_MAX];
    uint32_t rounds;
    uint64_t commands, errors;
    double seconds;
    struct stats stats;
};

static struct result summary(struct gathered *g, const struct bench_target *t,
                             const struct bench_cell *c)
{
    struct result r = {
        .cell = *c,
        .rounds = g->rounds,
        .commands = g->commands,
        .errors = g->errors,
        .seconds = g->seconds,
        .mean_us = (double)stats_mean(&g->stats) / 1e3,
        .p50_us = (double)stats_percentile(&g->stats, 50) / 1e3,
        .p99_us = (double)stats_percentile(&g->stats, 99) / 1e3,
        .max_us = (double)g->stats.max_ns / 1e3,
    };

    snprintf(r.label, sizeof r.label, "%s", t->label);
    r.iops = median(g->iops, g->rounds);        /* and sorts them */
    r.iops_min = g->iops[0];
    r.iops_max = g->iops[g->rounds - 1];
    return r;
}

static void measure_round(struct bench *b, size_t which, const struct bench_cell *c,
                          uint64_t seed, struct gathered *g)
{
    static struct stats before;
    struct bench_target *t = &b->targets[which];
    struct measurement m;
    char text[BENCH_CELL_TEXT_MAX];

    snprintf(progress.what, sizeof progress.what, "%s  %s", bench_cell_text(c, text), t->label);
    before = g->stats;
    if (!bench_measure(b, t, c, seed, &m, &g->stats)) {
        g->stats = before;
        if (bench_failed(t) && !session_interrupted)
            say_failed(t);
        return;
    }
    if (m.seconds > 0)
        g->iops[g->rounds++] = (double)m.commands / m.seconds;
    g->commands += m.commands;
    g->errors += m.errors;
    g->seconds += m.seconds;
}

/* All rounds of one cell; in each the next target is the first. */
static bool measure_cell(struct bench *b, const struct bench_cell *c, uint64_t seed,
                         struct results *rs)
{
    static struct gathered found[BENCH_TARGETS_MAX];

    memset(found, 0, sizeof found);
    for (uint32_t round = 0; round < b->options->rounds && !session_interrupted; round++)
        for (size_t i = 0; i < b->n_targets && !session_interrupted; i++) {
            size_t which = (round + i) % b->n_targets;
            progress.done++;
            if (!bench_failed(&b->targets[which]) && bench_allows(&b->targets[which], c))
                measure_round(b, which, c, seed + round, &found[which]);
        }
    for (size_t i = 0; i < b->n_targets; i++) {
        if (found[i].rounds == 0)
            continue;
        struct result r = summary(&found[i], &b->targets[i], c);
        if (!results_add(rs, &r))
            return false;
    }
    return true;
}

static bool measure_all(struct bench *b, struct results *rs)
{
    static struct bench_cell cells[BENCH_CELLS_MAX];
    size_t n = bench_cells(b->options, cells, BENCH_CELLS_MAX);

    progress.all = n * b->options->rounds * b->n_targets;
    progress.began_ns = now_ns();
    for (size_t i = 0; i < n && !session_interrupted; i++) {
        size_t from = rs->n;
        bool alive = false;
        for (size_t k = 0; k < b->n_targets; k++)
            alive = alive || !bench_failed(&b->targets[k]);
        if (!alive)
            break;
        if (!measure_cell(b, &cells[i], b->options->seed * 1000003 + i * BENCH_ROUNDS_MAX, rs))
            return false;
        say_cell(rs, from, i + 1, n);
    }
    clear_bar();
    return true;
}

/* --------------------------------------------------------------------------------------
 * Results
 */

static void put_processor(FILE *to)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256];

    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
            line[strcspn(line, "\n")] = '\0';
            fprintf(to, ",%s", strchr(line, ':') + 1);
            break;
        }
    }
    if (f)
        fclose(f);
}

/* How it was measured, as comments: when, with what command, on what machine, which targets. */
static void put_origin(const struct bench *b, int argc, char **argv, FILE *to)
{
    char text[2 * WORDS_URL_MAX], size[WORDS_SIZE_MAX], stamp[32] = "";
    time_t now = time(NULL);
    struct utsname machine;
    struct tm utc;

    if (gmtime_r(&now, &utc))
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
    fprintf(to, "# thimble bench %s, %s\n# command: thimble", THIMBLE_VERSION, stamp);
    for (int i = 0; i < argc; i++) {
        url_without_secrets(argv[i], text, sizeof text);
        fprintf(to, " %s", make_plain(text));
    }
    putc('\n', to);
    if (uname(&machine) == 0) {
        fprintf(to, "# machine: %s %s %s, %ld processors", machine.sysname, machine.release,
                machine.machine, sysconf(_SC_NPROCESSORS_ONLN));
        put_processor(to);
        putc('\n', to);
    }
    for (size_t i = 0; i < b->n_targets; i++) {
        const struct bench_target *t = &b->targets[i];
        url_without_secrets(t->url, text, sizeof text);
        fprintf(to, "# target %s: %s", t->label, make_plain(text));
        if (t->facts.block_bytes)
            fprintf(to, ", %s %s %s, %s, blocks of %u", t->facts.vendor, t->facts.product,
                    t->facts.revision,
                    size_words(t->facts.size_blocks * t->facts.block_bytes, size),
                    t->facts.block_bytes);
        putc('\n', to);
        for (unsigned k = 0; k < t->session.n_negotiated; k++)
            fprintf(to, "#   %s\n", t->session.negotiated[k]);
        if (bench_failed(t))
            fprintf(to, "#   FAILED: %s\n", t->session.problem);
    }
    if (session_interrupted)
        fputs("# interrupted: not all was measured\n", to);
}

/* A file of the output folder; NULL and a line on stderr if it cannot be written. */
static FILE *create(const char *folder, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    if (!f)
        fprintf(stderr, "thimble: %s: %s\n", path, strerror(errno));
    return f;
}

static bool finish(FILE *f, const char *name)
{
    bool bad = ferror(f) != 0;

    if ((fclose(f) != 0) | bad) {
        fprintf(stderr, "thimble: %s: could not be written\n", name);
        return false;
    }
    return true;
}

static void draw(const char *folder)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (chdir(folder) == 0)
            execlp("gnuplot", "gnuplot", "graphs.gp", (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status)) {
        fprintf(stderr, "thimble: gnuplot could not be run\n");
    } else if (WEXITSTATUS(status) == 127) {
        fprintf(stderr, "thimble: no graphs, for gnuplot is not installed; later, run: "
                        "cd %s && gnuplot graphs.gp\n", folder);
    } else if (WEXITSTATUS(status) != 0) {
        fprintf(stderr, "thimble: gnuplot failed on %s/graphs.gp\n", folder);
    }
}

static bool write_output(const struct bench *b, const struct results *rs, int argc, char **argv)
{
    const char *folder = b->options->output;
    FILE *f = create(folder, "results.csv");

    if (!f)
        return false;
    put_origin(b, argc, argv, f);
    results_write(rs, f);
    if (!finish(f, "results.csv"))
        return false;
    f = create(folder, "results.md");
    if (!f)
        return false;
    report_markdown(rs, f);
    if (!finish(f, "results.md"))
        return false;
    f = create(folder, "graphs.gp");
    if (!f)
        return false;
    size_t graphs = report_gnuplot(rs, f);
    if (!finish(f, "graphs.gp"))
        return false;
    if (graphs)
        draw(folder);
    else if (rs->n)
        fprintf(stderr, "thimble: no graphs: they need two sizes or two depths\n");
    return true;
}

/* --------------------------------------------------------------------------------------
 * The command
 */

static bool load(struct results *rs, const char *name)
{
    char path[4096], message[RESULTS_MESSAGE_MAX];
    struct stat st;

    bool folder = stat(name, &st) == 0 && S_ISDIR(st.st_mode);
    snprintf(path, sizeof path, "%s%s", name, folder ? "/results.csv" : "");
    FILE *f = fopen(path, "r");
    if (!f) {
        fprintf(stderr, "thimble: %s: %s\n", path, strerror(errno));
        return false;
    }
    bool good = results_read(rs, f, message);
    fclose(f);
    if (!good)
        fprintf(stderr, "thimble: %s: %s\n", path, message);
    return good;
}

static int compare(const char *const names[2])
{
    struct results a, b;

    if (!load(&a, names[0]))
        return EXIT_NOT_STARTED;
    if (!load(&b, names[1])) {
        results_free(&a);
        return EXIT_NOT_STARTED;
    }
    size_t n = report_compare(&a, &b, stdout);
    results_free(&a);
    results_free(&b);
    if (n == 0)
        fprintf(stderr,
                "thimble: the two have nothing in common: the same labels, sizes, orders "
                "and depths can be compared\n");
    return n ? EXIT_GOOD : EXIT_TARGET_FAILED;
}

static int run_bench(struct bench *b, const struct bench_options *o, struct results *rs,
                     int argc, char **argv)
{
    int code = EXIT_GOOD;

    if (!bench_init(b, o)) {
        fprintf(stderr,
                "thimble: no memory for %zu commands of this size; take smaller --depths "
                "or --sizes\n",
                (size_t)o->depths[0]);
        return EXIT_NOT_STARTED;
    }
    for (size_t i = 0; i < o->n_urls; i++) {
        struct bench_target *t = &b->targets[b->n_targets++];
        *t = (struct bench_target){ .url = o->urls[i], .label = o->labels[i] };
        if (!bench_open(b, t))
            say_failed(t);
    }
    if (!measure_all(b, rs)) {
        fprintf(stderr, "thimble: no memory for the results\n");
        code = EXIT_TARGET_FAILED;
    }
    if (rs->n) {
        report_markdown(rs, stdout);
        fflush(stdout);
    }
    if (o->output && !write_output(b, rs, argc, argv))
        code = EXIT_TARGET_FAILED;
    for (size_t i = 0; i < b->n_targets; i++)
        if (bench_failed(&b->targets[i]))
            code = EXIT_TARGET_FAILED;
    if (session_interrupted) {
        fprintf(stderr, "thimble: interrupted; what was measured is kept\n");
        code = EXIT_INTERRUPTED;
    }
    session_interrupted = 0;                    /* the logouts may take their time */
    return code;
}

int bench_command(int argc, char **argv)
{
    static struct bench_options o;
    static struct bench b;
    struct results rs = { 0 };
    char message[BENCH_MESSAGE_MAX];

    /* getopt_long() changes the order of words; they are recorded as they were given. */
    char **words = calloc((size_t)argc + 1, sizeof *words);
    if (!words)
        return EXIT_NOT_STARTED;
    memcpy(words, argv, (size_t)argc * sizeof *words);
    int code = EXIT_GOOD;
    if (bench_options_parse(&o, argc, argv, message) < 0) {
        fprintf(stderr, "thimble: %s\n", message);
        code = EXIT_NOT_STARTED;
    } else if (o.help) {
        fputs(bench_help, stdout);
    } else if (o.compare[0]) {
        code = compare(o.compare);
    } else if (o.output && mkdir(o.output, 0777) < 0 && errno != EEXIST) {
        fprintf(stderr, "thimble: --output %s: %s\n", o.output, strerror(errno));
        code = EXIT_NOT_STARTED;
    } else {
        b.tick = tick;
        progress.terminal = isatty(STDERR_FILENO) != 0;
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        signal(SIGPIPE, SIG_IGN);               /* libiscsi's writev() may meet a closed one */
        code = run_bench(&b, &o, &rs, argc, words);
        bench_free(&b);
    }
    results_free(&rs);
    free(words);
    return code;
}
