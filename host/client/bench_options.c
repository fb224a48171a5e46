/* SPDX-License-Identifier: MIT
 *
 * bench_options.c: see bench_options.h.
 */
#define _GNU_SOURCE

#include "bench_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../src/settings/settings.h"
#include "../start_getopt.h"
#include "client.h"
#include "look.h"
#include "words.h"

const char bench_help[] =
    "thimble bench [OPTION]... [--label NAME] URL...\n"
    "thimble bench --compare A B\n"
    "\n"
    "Measures targets, one beside the other: bandwidth, commands a second and their time\n"
    "(median and 99th percentile), for each size, order and depth.  Reads, unless\n"
    "--write is given.\n"
    "\n"
    "What is measured\n"
    "  --sizes LIST          bytes a command (default 512,1K,2K,4K,8K,16K,32K,64K,128K,\n"
    "                        256K,512K,1M); those that a LUN does not allow are left out\n"
    "  --depths LIST         commands on their way at a time (default 1,8)\n"
    "  --order ORDER         sequential, random or both (default both)\n"
    "  --range START:LENGTH  only these bytes of the LUN (default: all of it)\n"
    "  --write               write as well; DESTROYS what is in --range, which must be\n"
    "                        given\n"
    "  --verify              read back what was written, and compare\n"
    "\n"
    "How\n"
    "  --label NAME          what to call the URL that follows (default: its host and port)\n"
    "  --time S              seconds for each round of each size, order and depth\n"
    "                        (default 0.5)\n"
    "  --rounds N            rounds, with the targets in another order each (default 3)\n"
    "  --seed N              where random places come from (default 1)\n"
    LOOK_COMMON_HELP
    "\n"
    "Results\n"
    "  --output DIR          write results.csv, results.md and graphs (if gnuplot is there)\n"
    "  --compare A B         show ratios of two results: folders or CSV files\n"
    "\n" LOOK_URL_HELP
    "SIZES, START and LENGTH take K, M, G and T (powers of 1024).  Ctrl-C keeps what was\n"
    "measured.  Exit code: 0, 1 if a target failed, 2 if it could not start, 130 after\n"
    "Ctrl-C.\n";

enum {
    OPT_SIZES = 256, OPT_DEPTHS, OPT_ORDER, OPT_RANGE, OPT_WRITE, OPT_VERIFY, OPT_LABEL,
    OPT_TIME, OPT_ROUNDS, OPT_SEED, OPT_OUTPUT, OPT_COMPARE, OPT_INITIATOR, OPT_TIMEOUT,
};

static const struct option long_options[] = {
    { "sizes", required_argument, NULL, OPT_SIZES },
    { "depths", required_argument, NULL, OPT_DEPTHS },
    { "order", required_argument, NULL, OPT_ORDER },
    { "range", required_argument, NULL, OPT_RANGE },
    { "write", no_argument, NULL, OPT_WRITE },
    { "verify", no_argument, NULL, OPT_VERIFY },
    { "label", required_argument, NULL, OPT_LABEL },
    { "time", required_argument, NULL, OPT_TIME },
    { "rounds", required_argument, NULL, OPT_ROUNDS },
    { "seed", required_argument, NULL, OPT_SEED },
    { "output", required_argument, NULL, OPT_OUTPUT },
    { "compare", required_argument, NULL, OPT_COMPARE },
    { "initiator", required_argument, NULL, OPT_INITIATOR },
    { "timeout", required_argument, NULL, OPT_TIMEOUT },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

struct parser {
    struct bench_options *o;
    const char *label;              /* for the next URL */
    char *message;
};

static int __attribute__((format(printf, 2, 3)))
mistake(struct parser *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->message, BENCH_MESSAGE_MAX, format, args);
    va_end(args);
    return -1;
}

/* One element of a list that is separated by commas; true while there is one. */
static bool next_word(const char **list, char word[WORDS_SIZE_MAX])
{
    size_t len = strcspn(*list, ",");

    snprintf(word, WORDS_SIZE_MAX, "%.*s", (int)(len < 30 ? len : 30), *list);
    *list += len;
    if (**list == ',')
        ++*list;
    return len > 0;
}

static int take_sizes(struct parser *p, const char *list)
{
    struct bench_options *o = p->o;
    char word[WORDS_SIZE_MAX];
    const char *at = list;
    uint64_t v;

    o->n_sizes = 0;
    while (next_word(&at, word)) {
        if (!thimble_size_parse(word, &v) || v < BENCH_BYTES_MIN || v > BENCH_BYTES_MAX ||
            v % BENCH_BYTES_MIN)
            return mistake(p, "--sizes %s: write multiples of 512 up to 16M, such as 512,4K,1M",
                           word);
        for (size_t i = 0; i < o->n_sizes; i++)
            if (o->sizes[i] == v)
                return mistake(p, "--sizes: %s stands there twice", word);
        if (o->n_sizes == BENCH_SIZES_MAX)
            return mistake(p, "--sizes: at most %d", BENCH_SIZES_MAX);
        o->sizes[o->n_sizes++] = (uint32_t)v;
    }
    if (*at || o->n_sizes == 0)
        return mistake(p, "--sizes %.60s: write sizes with commas between, such as 512,4K,1M",
                       list);
    return 0;
}

static int take_depths(struct parser *p, const char *list)
{
    struct bench_options *o = p->o;
    char word[WORDS_SIZE_MAX];
    const char *at = list;
    uint64_t v;

    o->n_depths = 0;
    while (next_word(&at, word)) {
        if (!number_parse(word, 1, BENCH_DEPTH_MAX, &v))
            return mistake(p, "--depths %s: write numbers from 1 to %d, such as 1,8,32", word,
                           BENCH_DEPTH_MAX);
        for (size_t i = 0; i < o->n_depths; i++)
            if (o->depths[i] == v)
                return mistake(p, "--depths: %s stands there twice", word);
        if (o->n_depths == BENCH_DEPTHS_MAX)
            return mistake(p, "--depths: at most %d", BENCH_DEPTHS_MAX);
        o->depths[o->n_depths++] = (uint32_t)v;
    }
    if (*at || o->n_depths == 0)
        return mistake(p, "--depths %.60s: write numbers with commas between, such as 1,8,32",
                       list);
    return 0;
}

static int take_range(struct parser *p, const char *text)
{
    struct bench_options *o = p->o;
    char start[WORDS_SIZE_MAX];
    const char *colon = strchr(text, ':');

    if (colon && (size_t)(colon - text) < sizeof start) {
        snprintf(start, sizeof start, "%.*s", (int)(colon - text), text);
        o->range = true;
        if (thimble_size_parse(start, &o->range_start) &&
            thimble_size_parse(colon + 1, &o->range_bytes) && o->range_bytes > 0 &&
            o->range_start % BENCH_BYTES_MIN == 0)
            return 0;
    }
    return mistake(p,
                   "--range %.60s: write START:LENGTH in bytes, such as 0:64M, both multiples "
                   "of 512",
                   text);
}

/* HOST[:PORT] of the URL; a second one of the same gets a number. */
static void default_label(const struct bench_options *o, const char *url, char *label)
{
    const char *at = strchr(url, '@');
    const char *host = at ? at + 1 : url + 8;
    int len = (int)strcspn(host, "/?");
    unsigned number = 1;

    if (len > RESULTS_LABEL_MAX - 8)
        len = RESULTS_LABEL_MAX - 8;
    snprintf(label, RESULTS_LABEL_MAX, "%.*s", len, host);
    for (size_t i = 0; i < o->n_urls; i++)
        if (strcmp(o->labels[i], label) == 0) {
            snprintf(label, RESULTS_LABEL_MAX, "%.*s #%u", len, host, ++number);
            i = (size_t)-1;                     /* from the start */
        }
}

static int take_url(struct parser *p, const char *url)
{
    struct bench_options *o = p->o;
    const char *problem = url_problem(url);
    char shown[WORDS_URL_MAX], *label = o->labels[o->n_urls];

    url_without_secrets(url, shown, sizeof shown);
    if (problem)
        return mistake(p, "%.100s: %s; write iscsi://HOST[:PORT]/TARGET/LUN", shown, problem);
    if (o->n_urls == BENCH_TARGETS_MAX)
        return mistake(p, "%.100s: at most %d targets", shown, BENCH_TARGETS_MAX);
    if (p->label) {
        for (size_t i = 0; i < o->n_urls; i++)
            if (strcmp(o->labels[i], p->label) == 0)
                return mistake(p, "--label %s: two targets cannot have one name", p->label);
        snprintf(label, RESULTS_LABEL_MAX, "%s", p->label);
    } else {
        default_label(o, url, label);
    }
    if (!results_label_good(label))
        return mistake(p, "%.100s: give it a name with --label before it", shown);
    o->urls[o->n_urls++] = url;
    p->label = NULL;
    return 0;
}

static int take_option(struct parser *p, int option, const char *arg)
{
    struct bench_options *o = p->o;
    const char *problem;
    uint64_t v;

    switch (option) {
    case 1:
        if (o->compare[0] && !o->compare[1]) {
            o->compare[1] = arg;
            return 0;
        }
        return take_url(p, arg);
    case OPT_SIZES:
        return take_sizes(p, arg);
    case OPT_DEPTHS:
        return take_depths(p, arg);
    case OPT_ORDER:
        o->sequential = strcmp(arg, "sequential") == 0 || strcmp(arg, "both") == 0;
        o->random = strcmp(arg, "random") == 0 || strcmp(arg, "both") == 0;
        if (!o->sequential && !o->random)
            return mistake(p, "--order %.60s: it is sequential, random or both", arg);
        return 0;
    case OPT_RANGE:
        return take_range(p, arg);
    case OPT_WRITE:
        o->write = true;
        return 0;
    case OPT_VERIFY:
        o->verify = true;
        return 0;
    case OPT_LABEL:
        if (p->label)
            return mistake(p, "--label %.60s: a URL must follow", p->label);
        if (!results_label_good(arg))
            return mistake(p, "--label %.60s: 1 to %d characters of ASCII", arg,
                           RESULTS_LABEL_MAX - 1);
        p->label = arg;
        return 0;
    case OPT_TIME:
        if (!seconds_parse(arg, &o->time_ms))
            return mistake(p, "--time %.60s: write seconds, such as 1 or 0.5", arg);
        return 0;
    case OPT_TIMEOUT:
        if (!seconds_parse(arg, &o->timeout_ms))
            return mistake(p, "--timeout %.60s: write seconds, such as 10 or 0.5", arg);
        return 0;
    case OPT_ROUNDS:
        if (!number_parse(arg, 1, BENCH_ROUNDS_MAX, &v))
            return mistake(p, "--rounds %.60s: write a number from 1 to %d", arg,
                           BENCH_ROUNDS_MAX);
        o->rounds = (uint32_t)v;
        return 0;
    case OPT_SEED:
        if (!number_parse(arg, 0, UINT64_MAX, &o->seed))
            return mistake(p, "--seed %.60s: write a number", arg);
        return 0;
    case OPT_OUTPUT:
        o->output = arg;
        return 0;
    case OPT_COMPARE:
        o->compare[0] = arg;
        return 0;
    case OPT_INITIATOR:
        problem = thimble_name_problem(arg);
        if (problem)
            return mistake(p, "--initiator %.60s: not an iSCSI name, %s; write it like %s", arg,
                           problem, SESSION_DEFAULT_INITIATOR);
        o->initiator = arg;
        return 0;
    default:
        return mistake(p, "unknown option; see thimble help bench");
    }
}

static int check_whole(struct parser *p)
{
    const struct bench_options *o = p->o;

    if (p->label)
        return mistake(p, "--label %s: a URL must follow", p->label);
    if (o->compare[0]) {
        if (!o->compare[1] || o->n_urls)
            return mistake(p, "--compare takes two results and nothing else, such as --compare "
                              "before after");
        return 0;
    }
    if (o->n_urls == 0)
        return mistake(p, "no URL given, such as "
                          "iscsi://127.0.0.1/iqn.2026-11.org.thimble:disk/0");
    if (o->write && !o->range)
        return mistake(p, "--write destroys what is on the disk: name the part with --range "
                          "START:LENGTH, such as --range 0:64M");
    if (o->verify && !o->write)
        return mistake(p, "--verify compares what --write wrote; add --write, or leave it out");
    return 0;
}

int bench_options_parse(struct bench_options *o, int argc, char **argv,
                        char message[BENCH_MESSAGE_MAX])
{
    struct parser p = { .o = o, .message = message };

    *o = (struct bench_options){
        .depths = { 1, 8 },
        .n_depths = 2,
        .sequential = true,
        .random = true,
        .time_ms = 500,
        .rounds = 3,
        .seed = 1,
    };
    for (uint32_t bytes = BENCH_BYTES_MIN; bytes <= 1u << 20; bytes *= 2)
        o->sizes[o->n_sizes++] = bytes;
    message[0] = '\0';

    start_getopt();
    for (;;) {
        int at = optind > 0 ? optind : 1;
        int option = getopt_long(argc, argv, "-:h", long_options, NULL);
        if (option == -1)
            break;
        if (option == 'h') {
            o->help = true;
            return 0;
        }
        if (option == ':')
            return mistake(&p, "%.100s needs a value; see thimble help bench", argv[at]);
        if (option == '?')
            return mistake(&p, "unknown option %.100s; see thimble help bench", argv[at]);
        if (take_option(&p, option, optarg) < 0)
            return -1;
    }
    for (int i = optind; i < argc; i++)
        if (take_option(&p, 1, argv[i]) < 0)
            return -1;
    return check_whole(&p);
}

size_t bench_cells(const struct bench_options *o, struct bench_cell *cells, size_t max)
{
    size_t n = 0;

    for (int op = BENCH_READ; op <= (o->write ? BENCH_WRITE : BENCH_READ); op++)
        for (int order = BENCH_SEQUENTIAL; order <= BENCH_RANDOM; order++)
            for (size_t d = 0; d < o->n_depths; d++)
                for (size_t s = 0; s < o->n_sizes; s++)
                    if ((order == BENCH_RANDOM ? o->random : o->sequential) && n < max)
                        cells[n++] = (struct bench_cell){
                            .op = (enum bench_op)op,
                            .pattern = (enum bench_pattern)order,
                            .bytes = o->sizes[s],
                            .depth = o->depths[d],
                        };
    return n;
}
