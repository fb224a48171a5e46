/* SPDX-License-Identifier: MIT
 *
 * fuzz_settings.c: libFuzzer target: any bytes as thimble.ini.
 *
 * What must hold: no crash; a sentence for each problem; a file without problems means the same when it
 * has been written and read again; what is not served is not served after that either; secrets
 * are written as *** if they are not asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "settings/settings.h"
#include "settings/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

struct page {
    size_t n, at;
    char   text[4 * THIMBLE_SETTINGS_FILE_MAX];
};

static int get(void *ctx)
{
    struct page *p = ctx;
    return p->at < p->n ? (unsigned char)p->text[p->at++] : THIMBLE_SETTINGS_END;
}

static void put(void *ctx, const char *text)
{
    struct page *p = ctx;
    size_t len = strlen(text);
    MUST(p->n + len < sizeof p->text);
    memcpy(p->text + p->n, text, len + 1);
    p->n += len;
}

static void problem(void *ctx, const struct thimble_settings_problem *told)
{
    (void)ctx;
    MUST(strlen(told->text) > 10 && !strchr(told->text, '\n'));
}

static bool read_page(struct thimble_settings *s, struct page *p)
{
    struct thimble_settings_source source = { .get = get, .ctx = p };
    struct thimble_settings_report report = { .problem = problem };

    p->at = 0;
    return thimble_settings_read(s, &source, &report);
}

static void write_page(const struct thimble_settings *s, struct page *p, bool with_secrets)
{
    struct thimble_settings_sink sink = { .put = put, .ctx = p };

    p->n = 0;
    th_settings_write(s, &sink, with_secrets);
}

static void check_secrets(const char *line)
{
    static const char *const keys[] = { "password", "chap-password", "mutual-password" };

    for (; *line; line += strcspn(line, "\n"), line += *line == '\n')
        for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++)
            if (strncmp(line, keys[i], strlen(keys[i])) == 0)
                MUST(strncmp(line + strlen(keys[i]), " = ***\n", 7) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct thimble_settings first, second;
    static struct page in, once, again;

    if (size > sizeof in.text - 1)
        return 0;
    memcpy(in.text, data, size);
    in.n = size;
    bool usable = read_page(&first, &in);
    MUST(first.text_used <= sizeof first.text && first.n_entries <= THIMBLE_SETTINGS_LIST);
    write_page(&first, &once, true);
    bool usable_again = read_page(&second, &once);
    MUST(usable == usable_again);
    for (unsigned i = 0; i < THIMBLE_SETTINGS_LUNS; i++)
        MUST(!thimble_settings_lun(&first, i) == !thimble_settings_lun(&second, i));
    if (first.n_problems == 0) {
        MUST(second.n_problems == 0);
        write_page(&second, &again, true);
        MUST(strcmp(once.text, again.text) == 0);
    }
    write_page(&first, &once, false);
    check_secrets(once.text);
    return 0;
}
