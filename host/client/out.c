/* SPDX-License-Identifier: MIT
 *
 * out.c: see out.h.
 */
#define _GNU_SOURCE

#include "out.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "../../src/core/utf8.h"

void out_say(const struct out *o, const char *format, ...)
{
    va_list words;

    if (o->json)
        return;
    va_start(words, format);
    vprintf(format, words);
    va_end(words);
}

static void put_string(FILE *to, const char *text)
{
    const uint8_t *c = (const uint8_t *)text, *end = c + strlen(text);

    putc('"', to);
    while (c < end) {
        size_t n = th_utf8_character(c, (size_t)(end - c));
        if (n == 0)
            fputs("\\ufffd", to);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(to, "\\u%04x", *c);
        else {
            if (*c == '"' || *c == '\\')
                putc('\\', to);
            fwrite(c, 1, n, to);
        }
        c += n ? n : 1;
    }
    putc('"', to);
}

/* What comes before a value.  False: no JSON is wanted. */
static bool begin(struct out *o, const char *key)
{
    if (!o->json)
        return false;
    if (o->begun[o->depth])
        putc(',', o->json);
    o->begun[o->depth] = true;
    if (key) {
        put_string(o->json, key);
        putc(':', o->json);
    }
    return true;
}

static void open_with(struct out *o, const char *key, char bracket, char end)
{
    if (!begin(o, key))
        return;
    assert(o->depth < OUT_DEPTH_MAX);
    putc(bracket, o->json);
    o->depth++;
    o->begun[o->depth] = false;
    o->ends[o->depth] = end;
}

void out_object(struct out *o, const char *key)
{
    open_with(o, key, '{', '}');
}

void out_list(struct out *o, const char *key)
{
    open_with(o, key, '[', ']');
}

void out_end(struct out *o)
{
    if (!o->json)
        return;
    assert(o->depth > 0);
    putc(o->ends[o->depth--], o->json);
    if (o->depth == 0) {
        putc('\n', o->json);
        fflush(o->json);
    }
}

void out_text(struct out *o, const char *key, const char *text)
{
    if (begin(o, key))
        put_string(o->json, text);
}

void out_number(struct out *o, const char *key, uint64_t number)
{
    if (begin(o, key))
        fprintf(o->json, "%llu", (unsigned long long)number);
}

void out_flag(struct out *o, const char *key, bool yes)
{
    if (begin(o, key))
        fputs(yes ? "true" : "false", o->json);
}

void out_ms(struct out *o, const char *key, double ms)
{
    if (begin(o, key))
        fprintf(o->json, "%.3f", ms);
}
