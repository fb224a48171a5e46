/* SPDX-License-Identifier: MIT
 *
 * test_client.c: what is pure in thimble bench and its relatives: options, statistics,
 * results as CSV, comparison, words.
 */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../host/client/bench_options.h"
#include "../../host/client/out.h"
#include "../../host/client/report.h"
#include "../../host/client/results.h"
#include "../../host/client/stats.h"
#include "../../host/client/words.h"

/* --------------------------------------------------------------------------------------
 * Words
 */

static void sizes(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *words, *option;
    } cases[] = {
        { 0, "0 B", "0" },
        { 512, "512 B", "512" },
        { 1023, "1023 B", "1023" },
        { 1024, "1 KiB", "1K" },
        { 1536, "1.5 KiB", "1536" },
        { 65536, "64 KiB", "64K" },
        { 1u << 20, "1 MiB", "1M" },
        { (1u << 20) - 1, "1023.9 KiB", "1048575" },
        { UINT64_C(5) << 40, "5 TiB", "5T" },
        { UINT64_C(3) << 50, "3 PiB", "3072T" },
        { UINT64_MAX, "15.9 EiB", "18446744073709551615" },
    };
    char text[WORDS_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(cases[i].words, size_words(cases[i].bytes, text));
        assert_string_equal(cases[i].option, size_option(cases[i].bytes, text));
    }
}

static void seconds(void **state)
{
    static const char *const bad[] = {"",    ".",     "-1",    "0",  "0.0001", "1e3",
                                      "nan", "1.2.3", "86401", "1s", " 1",     "0x10"};
    uint32_t ms = 0;

    (void)state;
    assert_true(seconds_parse("0.25", &ms));
    assert_int_equal(250, ms);
    assert_true(seconds_parse(".5", &ms));
    assert_int_equal(500, ms);
    assert_true(seconds_parse("86400", &ms));
    assert_int_equal(86400000, ms);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (seconds_parse(bad[i], &ms))
            fail_msg("%s: accepted", bad[i]);
}

/* Secrets are in no output, whatever else is. */
static void no_secrets(void **state)
{
    static const char *const cases[][2] = {
        { "iscsi://nas/iqn.x:y/0", "iscsi://nas/iqn.x:y/0" },
        { "iscsi://me%SECRET@nas/iqn.x:y/0", "iscsi://me%***@nas/iqn.x:y/0" },
        { "iscsi://me:SECRET@nas", "iscsi://me%***@nas" },
        { "iscsi://me@nas", "iscsi://me@nas" },
        { "iscsi://nas/t/0?target_user=u&target_password=SECRET",
          "iscsi://nas/t/0?target_user=u&target_password=***" },
        { "iscsi://a%SECRET@nas/t/0?target_password=SECRET&x=y",
          "iscsi://a%***@nas/t/0?target_password=***&x=y" },
        { "iscsi://nas/t/0?x=a@b", "iscsi://nas/t/0?x=a@b" },
        { "--sizes", "--sizes" },
    };
    char text[256], small[12];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(cases[i][1], url_without_secrets(cases[i][0], text, sizeof text));
    assert_string_equal("iscsi://nas",
                        url_without_secrets("iscsi://nas/t/0", small, sizeof small));
}

static void urls(void **state)
{
    char text[600];

    (void)state;
    assert_null(url_problem("iscsi://nas/t/0"));
    assert_null(url_problem("iscsi://u%p@[::1]:3260/t/0?a=b&c=d"));
    assert_non_null(url_problem("http://nas/t/0"));
    assert_non_null(url_problem("iscsi:///t/0"));
    assert_non_null(url_problem("iscsi://u%p@/t/0"));
    assert_non_null(url_problem("iscsi://:3260/t/0"));
    assert_non_null(url_problem("iscsi://nas/t/0?auth"));       /* libiscsi would crash */
    assert_non_null(url_problem("iscsi://nas/t/0?a=b&c"));
    assert_non_null(url_problem("iscsi://nas/t/0?"));
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "iscsi://", 8);
    text[sizeof text - 1] = '\0';
    assert_non_null(url_problem(text));
    text[WORDS_URL_MAX - 1] = '\0';
    assert_null(url_problem(text));
}

static void plain(void **state)
{
    char text[] = "a\x1b[31m\nb\xff  ", blank[] = "   ";

    (void)state;
    assert_string_equal("a?[31m?b?", make_plain(text));
    assert_string_equal("", make_plain(blank));
}

/* Every status of RFC 7143 11.13.5 that ends a login has its words. */
static void login_statuses(void **state)
{
    (void)state;
    for (unsigned status = 0x0201; status <= 0x020b; status++)
        assert_non_null(login_advice(status));
    for (unsigned status = 0x0300; status <= 0x0302; status++)
        assert_non_null(login_advice(status));
    assert_null(login_advice(0));
    assert_string_equal("medium error", sense_key_words(3));
    assert_null(login_advice(0x0400));
}

/* --------------------------------------------------------------------------------------
 * Options
 */

static struct bench_options options;
static char message[BENCH_MESSAGE_MAX];

#define URL "iscsi://127.0.0.1/iqn.x:y/0"

static int parse(const char *line)
{
    static char words[8192];
    char *argv[128] = { (char[]){ "bench" } };
    int argc = 1;

    snprintf(words, sizeof words, "%s", line);
    for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    return bench_options_parse(&options, argc, argv, message);
}

static void good(const char *line)
{
    if (parse(line) != 0)
        fail_msg("%s: %s", line, message);
}

static void bad(const char *line, const char *part)
{
    if (parse(line) != -1)
        fail_msg("%s: accepted", line);
    if (!strstr(message, part) || strchr(message, '\n'))
        fail_msg("%s: unclear message: %s", line, message);
}

static void option_defaults(void **state)
{
    struct bench_cell cells[BENCH_CELLS_MAX];

    (void)state;
    good(URL);
    assert_int_equal(12, options.n_sizes);
    assert_int_equal(512, options.sizes[0]);
    assert_int_equal(1 << 20, options.sizes[11]);
    assert_false(options.write);
    assert_false(options.range);
    assert_string_equal("127.0.0.1", options.labels[0]);
    assert_int_equal(2 * 2 * 12, bench_cells(&options, cells, BENCH_CELLS_MAX));
    for (size_t i = 0; i < 48; i++)
        assert_int_equal(BENCH_READ, cells[i].op);
    assert_int_equal(5, bench_cells(&options, cells, 5));
}

static void option_values(void **state)
{
    struct bench_cell cells[BENCH_CELLS_MAX];

    (void)state;
    good("--sizes 4K,512 --depths 1,256 --order random --write --verify --range 1M:64K --time "
         "0.1 "
         "--rounds 7 --seed 18446744073709551615 --output d --timeout 3 --label one " URL
         " iscsi://u%p@nas:77/t/0 iscsi://nas:77/t/1 --label two iscsi://nas:77/t/2");
    assert_int_equal(2, options.n_sizes);
    assert_int_equal(4096, options.sizes[0]);
    assert_int_equal(256, options.depths[1]);
    assert_false(options.sequential);
    assert_true(options.random && options.write && options.verify && options.range);
    assert_int_equal(1 << 20, options.range_start);
    assert_int_equal(65536, options.range_bytes);
    assert_int_equal(100, options.time_ms);
    assert_int_equal(7, options.rounds);
    assert_true(options.seed == UINT64_MAX);
    assert_int_equal(3000, options.timeout_ms);
    assert_int_equal(4, options.n_urls);
    assert_string_equal("one", options.labels[0]);
    assert_string_equal("nas:77", options.labels[1]);
    assert_string_equal("nas:77 #2", options.labels[2]);
    assert_string_equal("two", options.labels[3]);
    assert_int_equal(2 * 2 * 2, bench_cells(&options, cells, BENCH_CELLS_MAX));
    assert_int_equal(BENCH_WRITE, cells[7].op);

    good("--compare a b");
    assert_string_equal("a", options.compare[0]);
    assert_string_equal("b", options.compare[1]);
    good("--help");
    assert_true(options.help);
}

/* What destroys data must be asked for twice, and nothing is guessed. */
static void option_mistakes(void **state)
{
    static const char *const cases[][2] = {
        { "", "no URL" },
        { "--write " URL, "--range" },
        { "--verify " URL, "--write" },
        { "--range 64M --write " URL, "START:LENGTH" },
        { "--range 100:64M --write " URL, "multiples of 512" },
        { "--range 0:0 --write " URL, "START:LENGTH" },
        { "--range :64M --write " URL, "START:LENGTH" },
        { "--range 0:64Q --write " URL, "START:LENGTH" },
        { "--sizes 4000 " URL, "4000" },
        { "--sizes 0 " URL, "multiples of 512" },
        { "--sizes 32M " URL, "up to 16M" },
        { "--sizes 4K,,8K " URL, "commas" },
        { "--sizes 4K,4096 " URL, "twice" },
        { "--sizes , " URL, "commas" },
        { "--depths 0 " URL, "from 1 to 256" },
        { "--depths 257 " URL, "from 1 to 256" },
        { "--depths 1,1 " URL, "twice" },
        { "--order up " URL, "sequential" },
        { "--time 0 " URL, "seconds" },
        { "--rounds 101 " URL, "from 1 to 100" },
        { "--seed -1 " URL, "number" },
        { "--label a", "must follow" },
        { "--label a --label b " URL, "must follow" },
        { "--label a " URL " --label a " URL, "one name" },
        { "--label \x01 " URL, "ASCII" },
        { "--initiator disk " URL, "iSCSI name" },
        { "--frobnicate " URL, "unknown option --frobnicate" },
        { "--sizes", "needs a value" },
        { "--compare a", "two results" },
        { "--compare a b " URL, "two results" },
        { "disk.img", "iscsi://" },
        { "iscsi://u%SECRET@nas/t/0?x", "iscsi://u%***@nas" },
    };
    char many[BENCH_TARGETS_MAX * sizeof URL + 80] = "";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        bad(cases[i][0], cases[i][1]);
    for (unsigned i = 0; i <= BENCH_TARGETS_MAX; i++)
        strcat(many, URL " ");
    bad(many, "at most 16");
}

/* --------------------------------------------------------------------------------------
 * Statistics
 */

/* Against a sorted list of the same values. */
static void percentiles(void **state)
{
    enum { N = 20000 };
    static struct stats s;
    static double values[N];
    uint64_t x = 1, sum = 0;

    (void)state;
    for (unsigned i = 0; i < N; i++) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint64_t ns = 100 + (x >> 33) % ((UINT64_C(1) << (10 + i % 20)));
        stats_add(&s, ns);
        values[i] = (double)ns;
        sum += ns;
    }
    (void)median(values, N);                    /* sorts them */
    for (double percent = 1; percent <= 100; percent += 0.5) {
        double exact = values[(size_t)(percent / 100 * N + 0.9999) - 1];
        double found = (double)stats_percentile(&s, percent);
        if (found < exact * 0.992 - 1 || found > exact * 1.008 + 1)
            fail_msg("%.1f %%: %.0f, not %.0f", percent, found, exact);
    }
    assert_int_equal(sum / N, stats_mean(&s));
    assert_true((double)s.min_ns == values[0] && (double)s.max_ns == values[N - 1]);
}

static void edges_of_statistics(void **state)
{
    static struct stats none, one, far;
    double few[] = { 3, 1, 2 }, even[] = { 4, 1, 2, 3 };

    (void)state;
    assert_int_equal(0, stats_percentile(&none, 99));
    assert_int_equal(0, stats_mean(&none));
    stats_add(&one, 12345);
    assert_int_equal(12345, stats_percentile(&one, 0));
    assert_int_equal(12345, stats_percentile(&one, 50));
    assert_int_equal(12345, stats_percentile(&one, 100));
    stats_add(&far, 0);
    stats_add(&far, UINT64_MAX);
    assert_int_equal(0, stats_percentile(&far, 50));
    assert_true(stats_percentile(&far, 100) > UINT64_C(1) << 46);
    assert_true(median(few, 3) == 2);
    assert_true(median(even, 4) == 2.5);
    assert_true(median(even, 0) == 0);
}

/* --------------------------------------------------------------------------------------
 * Results
 */

static struct result row(const char *label, uint32_t bytes, uint32_t depth, double iops)
{
    struct result r = {
        .cell = { .op = BENCH_READ, .pattern = BENCH_RANDOM, .bytes = bytes, .depth = depth },
        .rounds = 3, .commands = 1000, .errors = 2, .seconds = 1.5, .iops = iops,
        .iops_min = iops / 2, .iops_max = iops * 2, .mean_us = 11.25, .p50_us = 10.5,
        .p99_us = 99.125, .max_us = 1234.5,
    };
    snprintf(r.label, sizeof r.label, "%s", label);
    return r;
}

static struct results some(void)
{
    static const char *const labels[] = { "board", "a,b \"c\" | 'd'", "#1" };
    struct results rs = { 0 };

    for (unsigned k = 0; k < 3; k++)
        for (unsigned i = 0; i < 4; i++) {
            struct result r = row(labels[k], 512u << i, 1 + i % 2 * 7, 1000.0 * (k + 1) + i);
            assert_true(results_add(&rs, &r));
        }
    return rs;
}

static char *written(const struct results *rs)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    results_write(rs, f);
    fclose(f);
    return text;
}

static bool reads(const char *text, size_t len, struct results *rs,
                  char why[RESULTS_MESSAGE_MAX])
{
    FILE *f = fmemopen((void *)(uintptr_t)text, len, "r");

    assert_non_null(f);
    bool result = results_read(rs, f, why);
    fclose(f);
    return result;
}

static void csv_round_trip(void **state)
{
    struct results rs = some(), again;
    char why[RESULTS_MESSAGE_MAX], with_comments[8192];

    (void)state;
    char *text = written(&rs);
    snprintf(with_comments, sizeof with_comments, "# a comment, \"with\" anything\n#\n%s# end",
             text);
    if (!reads(with_comments, strlen(with_comments), &again, why))
        fail_msg("%s", why);
    assert_int_equal(rs.n, again.n);
    for (size_t i = 0; i < rs.n; i++) {
        assert_string_equal(rs.rows[i].label, again.rows[i].label);
        assert_true(bench_cell_equal(&rs.rows[i].cell, &again.rows[i].cell));
    }
    char *text_again = written(&again);
    assert_string_equal(text, text_again);
    free(text);
    free(text_again);
    results_free(&rs);
    results_free(&again);
}

/* Cut at every byte: never more rows than the whole, and a cut inside a row is told. */
static void csv_cut_anywhere(void **state)
{
    struct results rs = some(), part;
    char why[RESULTS_MESSAGE_MAX];

    (void)state;
    char *text = written(&rs);
    for (size_t len = 1; len < strlen(text); len++) {
        if (reads(text, len, &part, why)) {
            assert_true(part.n <= rs.n);
            results_free(&part);
        } else {
            assert_true(strlen(why) > 10 && part.n == 0 && !part.rows);
        }
    }
    free(text);
    results_free(&rs);
}

static void csv_mistakes(void **state)
{
    static const char row_start[] = "x,read,random,512,1,1,1,0,";
    static const char *const cases[] = {
        "",
        "x,read,random,512,1,1,1,0,1,1,1,1,1,1,1,1",                /* too few */
        "x,read,random,512,1,1,1,0,1,1,1,1,1,1,1,1,1,1",            /* too many */
        "x,erase,random,512,1,1,1,0,1,1,1,1,1,1,1,1,1",
        "x,read,upwards,512,1,1,1,0,1,1,1,1,1,1,1,1,1",
        "x,read,random,0,1,1,1,0,1,1,1,1,1,1,1,1,1",
        "x,read,random,4294967296,1,1,1,0,1,1,1,1,1,1,1,1,1",
        "x,read,random,512,1,0,1,0,1,1,1,1,1,1,1,1,1",
        "x,read,random,512,1,1,-1,0,1,1,1,1,1,1,1,1,1",
        "x,read,random,512,1,1,1,0,nan,1,1,1,1,1,1,1,1",
        "x,read,random,512,1,1,1,0,inf,1,1,1,1,1,1,1,1",
        "x,read,random,512,1,1,1,0,1e9,1,1,1,1,1,1,1,1",
        "x,read,random,512,1,1,1,0,1.2.3,1,1,1,1,1,1,1,1",
        "x,read,random,512,1,1,1,0,,1,1,1,1,1,1,1,1",
        "x,read,random,512,1,1,1,0,1,1,1,1,1,1,1,1,1000000000000001",
        ",read,random,512,1,1,1,0,1,1,1,1,1,1,1,1,1",
        "\"x,read,random,512,1,1,1,0,1,1,1,1,1,1,1,1,1",
        "x\"y,read,random,512,1,1,1,0,1,1,1,1,1,1,1,1,1",
        "\"x\"y,read,random,512,1,1,1,0,1,1,1,1,1,1,1,1,1",
        "\x1b[2J,read,random,512,1,1,1,0,1,1,1,1,1,1,1,1,1",
    };
    struct results none = { 0 }, rs;
    char why[RESULTS_MESSAGE_MAX], text[4096], longer[2 * RESULTS_LINE_MAX];

    (void)state;
    char *header = written(&none);
    snprintf(text, sizeof text, "%s%s1,1,1,1,1,1,1,1,1\r\n", header, row_start);
    if (!reads(text, strlen(text), &rs, why))
        fail_msg("%s", why);
    assert_int_equal(1, rs.n);
    results_free(&rs);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, "%s%s\n", header, cases[i]);
        if (reads(text, strlen(text), &rs, why))
            fail_msg("accepted: %s", cases[i]);
        assert_non_null(strstr(why, "line 2"));
    }
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    snprintf(text, sizeof text, "%s%s", header, longer);
    assert_false(reads(text, strlen(text), &rs, why));
    assert_non_null(strstr(why, "line 2 is too long"));
    assert_false(reads("# only\n", 7, &rs, why));
    assert_false(reads("a\0b", 3, &rs, why));
    assert_false(reads("label,op\n", 9, &rs, why));
    assert_non_null(strstr(why, "header"));
    free(header);
}

/* --------------------------------------------------------------------------------------
 * Reports
 */

static char *report_text;
static size_t report_size;

static FILE *report_open(void)
{
    free(report_text);
    report_text = NULL;
    return open_memstream(&report_text, &report_size);
}

static void has(const char *part)
{
    if (!strstr(report_text, part))
        fail_msg("no '%s' in:\n%s", part, report_text);
}

static void comparison(void **state)
{
    struct results a = { 0 }, b = { 0 };
    struct result r;

    (void)state;
    r = row("board", 512, 1, 100), results_add(&a, &r);
    r = row("board", 4096, 1, 100), results_add(&a, &r);
    r = row("board", 8192, 1, 100), results_add(&a, &r);
    r = row("nas", 512, 1, 50), results_add(&a, &r);
    r = row("board", 512, 1, 200), r.p99_us *= 3, results_add(&b, &r);
    r = row("board", 4096, 1, 50), results_add(&b, &r);
    r = row("nas", 512, 8, 50), results_add(&b, &r);

    FILE *f = report_open();
    size_t n = report_compare(&a, &b, f);
    fclose(f);
    assert_int_equal(2, n);
    has("| board | read random 512 depth 1 | 100 | 200 | 2.00 | 99.1 us | 297 us | 3.00 |");
    has("| board | read random 4K depth 1 | 100 | 50.0 | 0.50 |");
    has("board: IOPS of B are 1.00 times those of A");
    assert_null(strstr(report_text, "nas |"));

    /* One target each: their names need not be the same. */
    struct results c = { 0 }, d = { 0 };
    r = row("before", 512, 1, 0), results_add(&c, &r);
    r = row("after", 512, 1, 10), results_add(&d, &r);
    f = report_open();
    assert_int_equal(1, report_compare(&c, &d, f));
    fclose(f);
    has("before : after");
    results_free(&a);
    results_free(&b);
    results_free(&c);
    results_free(&d);
}

static void markdown(void **state)
{
    struct results rs = some();

    (void)state;
    FILE *f = report_open();
    report_markdown(&rs, f);
    fclose(f);
    has("| board | a,b \"c\" \\| 'd' | #1 |");
    has("| read random 512 depth 1 | 1000, 0.51, 10.5 us / 99.1 us, 2 errors | 2000,");
    results_free(&rs);
}

/* Sizes make the x axis; with one size, the depths; with one of each there is no graph. */
static void graphs(void **state)
{
    struct results rs = some(), depths = { 0 };
    struct result r;

    (void)state;
    FILE *f = report_open();
    size_t n = report_gnuplot(&rs, f);
    fclose(f);
    assert_int_equal(2 * 3, n);                 /* two depths, three graphs each */
    has("set output 'read-random-depth1-bandwidth.svg'");
    has("set output 'read-random-depth8-latency.png'");
    has("title 'a,b \"c\" | ''d'''");
    has("'2K' 2048");

    r = row("board", 512, 1, 100), results_add(&depths, &r);
    f = report_open();
    assert_int_equal(0, report_gnuplot(&depths, f));
    fclose(f);
    r = row("board", 512, 8, 300), results_add(&depths, &r);
    f = report_open();
    assert_int_equal(3, report_gnuplot(&depths, f));
    fclose(f);
    has("set output 'read-random-512-iops.svg'");
    results_free(&rs);
    results_free(&depths);
    free(report_text);
    report_text = NULL;
}

/* --------------------------------------------------------------------------------------
 * JSON
 */
static void json(void **state)
{
    static const struct {
        const char *bytes, *string;
    } texts[] = {
        { "", "\"\"" },
        { "a \"disk\"\\", "\"a \\\"disk\\\"\\\\\"" },
        { "\t\x7f\x1b", "\"\\u0009\\u007f\\u001b\"" },
        { "Gr\xc3\xbc\xc3\x9f", "\"Gr\xc3\xbc\xc3\x9f\"" },
        { "\xfcx\xc3", "\"\\ufffdx\\ufffd\"" },
        { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
    };
    char *said = NULL;
    size_t len = 0;
    (void)state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct out text = { .json = open_memstream(&said, &len) };
        out_text(&text, NULL, texts[i].bytes);
        fclose(text.json);
        assert_string_equal(said, texts[i].string);
        free(said);
    }

    struct out out = { .json = open_memstream(&said, &len) };
    out_say(&out, "nothing of this\n");
    out_object(&out, NULL);
    out_number(&out, "n", UINT64_MAX);
    out_list(&out, "empty");
    out_end(&out);
    out_list(&out, "list");
    out_object(&out, NULL);
    out_end(&out);
    out_ms(&out, NULL, 1.5);
    out_flag(&out, NULL, false);
    out_end(&out);
    out_flag(&out, "yes", true);
    out_end(&out);
    fclose(out.json);
    assert_string_equal(said, "{\"n\":18446744073709551615,\"empty\":[],\"list\":[{},1.500,false],\"yes\":true}\n");
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(seconds),
        cmocka_unit_test(no_secrets),
        cmocka_unit_test(urls),
        cmocka_unit_test(plain),
        cmocka_unit_test(login_statuses),
        cmocka_unit_test(option_defaults),
        cmocka_unit_test(option_values),
        cmocka_unit_test(option_mistakes),
        cmocka_unit_test(percentiles),
        cmocka_unit_test(edges_of_statistics),
        cmocka_unit_test(csv_round_trip),
        cmocka_unit_test(csv_cut_anywhere),
        cmocka_unit_test(csv_mistakes),
        cmocka_unit_test(comparison),
        cmocka_unit_test(markdown),
        cmocka_unit_test(graphs),
        cmocka_unit_test(json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
