/* SPDX-License-Identifier: MIT
 *
 * fuzz_results.c: libFuzzer target: any bytes as a result of thimble bench.
 *
 * What must hold: no crash; a sentence for what is refused; what is accepted means the same
 * when it has been written and read again; nothing in it moves the cursor; a comparison and a
 * table can be made of it.
 */
#define _GNU_SOURCE

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/client/report.h"
#include "../../host/client/results.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

static char *written(const struct results *rs, size_t *size)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, size);

    results_write(rs, f);
    fclose(f);
    return text;
}

static bool reads(const void *data, size_t size, struct results *rs)
{
    char message[RESULTS_MESSAGE_MAX];
    FILE *f = fmemopen((void *)(uintptr_t)data, size, "r");
    bool good = results_read(rs, f, message);

    fclose(f);
    MUST(good == (message[0] == '\0') && (good || strlen(message) > 10));
    return good;
}

/* Writes and reads it again. */
static void write_and_read(const struct results *rs, struct results *again)
{
    size_t size;
    char *text = written(rs, &size);

    for (size_t i = 0; i < size; i++)
        MUST(text[i] == '\n' ||
             ((unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x7f));
    MUST(reads(text, size, again));
    MUST(rs->n == again->n);
    free(text);
}

static void must_be_equal(const struct results *a, const struct results *b)
{
    size_t a_size, b_size;
    char *a_text = written(a, &a_size), *b_text = written(b, &b_size);

    MUST(a_size == b_size && memcmp(a_text, b_text, a_size) == 0);
    free(a_text);
    free(b_text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct results first, second, third;
    size_t report_size;
    char *report = NULL;

    if (size == 0 || size > 16384 || !reads(data, size, &first))
        return 0;
    write_and_read(&first, &second);            /* rounds numbers to what is written */
    write_and_read(&second, &third);
    must_be_equal(&second, &third);

    FILE *f = open_memstream(&report, &report_size);
    report_compare(&first, &second, f);
    report_markdown(&first, f);
    report_gnuplot(&first, f);
    fclose(f);
    free(report);
    results_free(&first);
    results_free(&second);
    results_free(&third);
    return 0;
}
