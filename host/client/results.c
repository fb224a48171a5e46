/* SPDX-License-Identifier: MIT
 *
 * results.c: see results.h.
 */
#include "results.h"

#include <stdlib.h>
#include <string.h>

#include "words.h"

static const char header[] =
    "label,op,pattern,bytes,depth,rounds,commands,errors,seconds,iops,iops_min,iops_max,"
    "mb_s,mean_us,p50_us,p99_us,max_us";

enum { FIELDS = 17 };

const char *const bench_op_names[2] = { "read", "write" };
const char *const bench_pattern_names[2] = { "sequential", "random" };

bool bench_cell_equal(const struct bench_cell *a, const struct bench_cell *b)
{
    return a->op == b->op && a->pattern == b->pattern && a->bytes == b->bytes &&
           a->depth == b->depth;
}

const char *bench_cell_text(const struct bench_cell *c, char text[BENCH_CELL_TEXT_MAX])
{
    char size[WORDS_SIZE_MAX];

    snprintf(text, BENCH_CELL_TEXT_MAX, "%s %s %s depth %u", bench_op_names[c->op],
             bench_pattern_names[c->pattern], size_option(c->bytes, size), c->depth);
    return text;
}

bool results_label_good(const char *label)
{
    if (*label == '\0' || strlen(label) >= RESULTS_LABEL_MAX)
        return false;
    for (; *label; label++)
        if ((unsigned char)*label < 0x20 || (unsigned char)*label >= 0x7f)
            return false;
    return true;
}

bool results_add(struct results *rs, const struct result *r)
{
    if (rs->n == RESULTS_ROWS_MAX)
        return false;
    if (rs->n == rs->room) {
        size_t room = rs->room ? 2 * rs->room : 64;
        struct result *rows = realloc(rs->rows, room * sizeof *rows);
        if (!rows)
            return false;
        rs->rows = rows;
        rs->room = room;
    }
    rs->rows[rs->n++] = *r;
    return true;
}

void results_free(struct results *rs)
{
    free(rs->rows);
    *rs = (struct results){ 0 };
}

const struct result *results_find(const struct results *rs, const char *label,
                                  const struct bench_cell *c)
{
    for (size_t i = 0; i < rs->n; i++)
        if (strcmp(rs->rows[i].label, label) == 0 && bench_cell_equal(&rs->rows[i].cell, c))
            return &rs->rows[i];
    return NULL;
}

size_t results_labels(const struct results *rs, const char **labels, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < rs->n; i++) {
        size_t k = 0;
        while (k < n && strcmp(labels[k], rs->rows[i].label) != 0)
            k++;
        if (k == n && n < max)
            labels[n++] = rs->rows[i].label;
    }
    return n;
}

/* --------------------------------------------------------------------------------------
 * Writing
 */

static void write_label(const char *label, FILE *to)
{
    if (!strpbrk(label, ",\"") && label[0] != '#' && label[0] != ' ') {
        fputs(label, to);
        return;
    }
    putc('"', to);
    for (; *label; label++) {
        if (*label == '"')
            putc('"', to);
        putc(*label, to);
    }
    putc('"', to);
}

void results_write(const struct results *rs, FILE *to)
{
    fprintf(to, "%s\n", header);
    for (size_t i = 0; i < rs->n; i++) {
        const struct result *r = &rs->rows[i];
        write_label(r->label, to);
        fprintf(to, ",%s,%s,%u,%u,%u,%llu,%llu,%.6f,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f\n",
                bench_op_names[r->cell.op], bench_pattern_names[r->cell.pattern], r->cell.bytes,
                r->cell.depth, r->rounds, (unsigned long long)r->commands,
                (unsigned long long)r->errors, r->seconds, r->iops, r->iops_min, r->iops_max,
                result_mb_s(r), r->mean_us, r->p50_us, r->p99_us, r->max_us);
    }
}

/* --------------------------------------------------------------------------------------
 * Reading
 */

/* Cuts a line into its fields, in place.  False: not so many, or quotes that do not match. */
static bool split(char *line, char *fields[FIELDS])
{
    char *from = line, *to = line;

    for (unsigned i = 0; i < FIELDS; i++) {
        bool quoted = *from == '"';
        fields[i] = to;
        from += quoted;
        while (*from && (quoted || *from != ',')) {
            if (*from == '"') {
                if (!quoted)
                    return false;
                if (from[1] != '"')
                    break;
                from++;
            }
            *to++ = *from++;
        }
        if (quoted && *from++ != '"')
            return false;
        char end = *from;
        if (end != (i + 1 < FIELDS ? ',' : '\0'))
            return false;
        from += end == ',';
        *to++ = '\0';
    }
    return true;
}

static bool take_word(const char *text, const char *const names[2], unsigned *value)
{
    for (*value = 0; *value < 2; ++*value)
        if (strcmp(text, names[*value]) == 0)
            return true;
    return false;
}

static bool take_u32(const char *text, uint32_t min, uint32_t *value)
{
    uint64_t v;

    if (!number_parse(text, min, UINT32_MAX, &v))
        return false;
    *value = (uint32_t)v;
    return true;
}

#define REAL_MAX    1e15

/* Digits and a point: no sign, no exponent, no "nan". */
static bool take_real(const char *text, double max, double *value)
{
    char *end;

    if (text[0] < '0' || text[0] > '9' || text[strspn(text, "0123456789.")] != '\0')
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && *value <= max;
}

static bool take_row(char *line, struct result *r)
{
    char *f[FIELDS];
    unsigned op, pattern;
    double mb_s;

    *r = (struct result){ .rounds = 0 };
    if (!split(line, f) || !results_label_good(f[0]) || !take_word(f[1], bench_op_names, &op) ||
        !take_word(f[2], bench_pattern_names, &pattern))
        return false;
    snprintf(r->label, sizeof r->label, "%s", f[0]);
    r->cell.op = (enum bench_op)op;
    r->cell.pattern = (enum bench_pattern)pattern;
    return take_u32(f[3], 1, &r->cell.bytes) && take_u32(f[4], 1, &r->cell.depth) &&
           take_u32(f[5], 1, &r->rounds) && number_parse(f[6], 0, UINT64_MAX, &r->commands) &&
           number_parse(f[7], 0, UINT64_MAX, &r->errors) &&
           take_real(f[8], REAL_MAX, &r->seconds) && take_real(f[9], REAL_MAX, &r->iops) &&
           take_real(f[10], REAL_MAX, &r->iops_min) &&
           take_real(f[11], REAL_MAX, &r->iops_max) &&
           take_real(f[12], REAL_MAX * UINT32_MAX, &mb_s) &&
           take_real(f[13], REAL_MAX, &r->mean_us) && take_real(f[14], REAL_MAX, &r->p50_us) &&
           take_real(f[15], REAL_MAX, &r->p99_us) && take_real(f[16], REAL_MAX, &r->max_us);
}

/* One line without its end.  1, 0 at the end of the file, -1 if it is too long or has a
 * zero in it. */
static int get_line(FILE *from, char line[RESULTS_LINE_MAX])
{
    size_t n = 0;
    int c;

    while ((c = getc(from)) != EOF && c != '\n') {
        if (c == '\0' || n == RESULTS_LINE_MAX - 1)
            return -1;
        line[n++] = (char)c;
    }
    if (c == EOF && n == 0)
        return 0;
    if (n > 0 && line[n - 1] == '\r')           /* a spreadsheet has saved it */
        n--;
    line[n] = '\0';
    return 1;
}

/* A comment may be of any length. */
static bool skip_comment(FILE *from)
{
    int c = getc(from);

    if (c != '#') {
        ungetc(c, from);
        return false;
    }
    while (c != EOF && c != '\n')
        c = getc(from);
    return true;
}

bool results_read(struct results *rs, FILE *from, char message[RESULTS_MESSAGE_MAX])
{
    char line[RESULTS_LINE_MAX];
    unsigned long number = 0;
    bool header_seen = false;
    struct result r;
    int got = 1;

    *rs = (struct results){ 0 };
    message[0] = '\0';
    while (message[0] == '\0' && got == 1) {
        number++;
        if (skip_comment(from) || (got = get_line(from, line)) == 0)
            continue;
        if (got < 0)
            snprintf(message, RESULTS_MESSAGE_MAX, "line %lu is too long, or not text", number);
        else if (!header_seen && strcmp(line, header) != 0)
            snprintf(message, RESULTS_MESSAGE_MAX, "line %lu is not the header of a result of "
                     "thimble bench", number);
        else if (!header_seen)
            header_seen = true;
        else if (!take_row(line, &r))
            snprintf(message, RESULTS_MESSAGE_MAX, "line %lu is not a result of thimble bench",
                     number);
        else if (!results_add(rs, &r))
            snprintf(message, RESULTS_MESSAGE_MAX, "line %lu: too many results", number);
    }
    if (message[0] == '\0' && !header_seen)
        snprintf(message, RESULTS_MESSAGE_MAX, "there is nothing in it");
    if (message[0] == '\0' && ferror(from))
        snprintf(message, RESULTS_MESSAGE_MAX, "it could not be read");
    if (message[0])
        results_free(rs);
    return message[0] == '\0';
}
