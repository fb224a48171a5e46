/* SPDX-License-Identifier: MIT
 *
 * syslog.c: see syslog.h.
 */
#include "syslog.h"

#include <stdbool.h>
#include <string.h>

#include "../core/utf8.h"

enum {
    LOCAL0 = 16,
    HOST_MAX = 255,
    SEQUENCE_MAX = INT32_MAX,           /* then 1 again, RFC 5424 7.3.1 */
    APART_MS = 10,
    ENTRY = 6,                          /* severity, length, time */
    TEXT_MAX = 255,
};

/* --------------------------------------------------------------------------------------
 * A message
 */
struct writer {
    char *at;
    size_t left;
    bool full;
};

static void put(struct writer *w, const char *bytes, size_t n)
{
    if (n > w->left || w->full) {
        w->full = true;
        return;
    }
    memcpy(w->at, bytes, n);
    w->at += n;
    w->left -= n;
}

static void put_word(struct writer *w, const char *word)
{
    put(w, word, strlen(word));
}

static void put_number(struct writer *w, uint32_t number)
{
    char digits[10];
    size_t n = sizeof digits;

    do
        digits[--n] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(w, digits + n, sizeof digits - n);
}

/* HOSTNAME: printable ASCII without blanks. */
static void put_host(struct writer *w, const char *host)
{
    size_t n = 0;

    for (; host && *host && n < HOST_MAX; host++, n++) {
        char c = *host > 0x20 && *host < 0x7f ? *host : '?';
        put(w, &c, 1);
    }
    if (n == 0)
        put_word(w, "-");
}

static void put_text(struct writer *w, const char *text, size_t len)
{
    const uint8_t *c = (const uint8_t *)text, *end = c + len;
    bool marked = false;

    for (const uint8_t *at = c; at < end && !marked; at++)
        if (*at >= 0x80 && th_utf8_character(at, (size_t)(end - at)) > 1) {
            put_word(w, "\xef\xbb\xbf");
            marked = true;
        }
    while (c < end) {
        size_t n = th_utf8_character(c, (size_t)(end - c));
        bool plain = n > 1 || (n == 1 && *c >= 0x20 && *c != 0x7f);
        put(w, plain ? (const char *)c : "?", n ? n : 1);
        c += n ? n : 1;
    }
}

size_t thimble_syslog_format(const struct thimble_syslog_line *line, char *message, size_t size)
{
    struct writer w = { .at = message, .left = size };

    put_word(&w, "<");
    put_number(&w, LOCAL0 * 8u + (uint32_t)line->severity);
    put_word(&w, ">1 - ");
    put_host(&w, line->host);
    put_word(&w, " thimble - - [meta sequenceId=\"");
    put_number(&w, line->sequence);
    put_word(&w, "\" sysUpTime=\"");
    put_number(&w, line->time_ms / 10);
    put_word(&w, "\"] ");
    if (w.full)
        return 0;
    put_text(&w, line->text, line->len);
    return (size_t)(w.at - message);
}

/* --------------------------------------------------------------------------------------
 * The queue
 */
static bool fits(const struct thimble_syslog *s, size_t len)
{
    return s->used + ENTRY + len <= sizeof s->queue;
}

static void append(struct thimble_syslog *s, enum thimble_syslog_severity severity, const char *text, size_t len,
                   uint32_t now_ms)
{
    uint8_t *entry = s->queue + s->used;

    entry[0] = (uint8_t)severity;
    entry[1] = (uint8_t)len;
    memcpy(entry + 2, &now_ms, sizeof now_ms);
    memcpy(entry + ENTRY, text, len);
    s->used = (uint16_t)(s->used + ENTRY + len);
}

/* What was lost is said in its place, if there is room for that and for `more` bytes. */
static void say_lost(struct thimble_syslog *s, size_t more, uint32_t now_ms)
{
    char text[48];
    struct writer w = { .at = text, .left = sizeof text };

    put_number(&w, s->lost);
    put_word(&w, " more lines were not sent");
    size_t len = (size_t)(w.at - text);
    if (s->lost == 0 || !fits(s, len + more))
        return;
    append(s, THIMBLE_SYSLOG_WARNING, text, len, now_ms);
    s->lost = 0;
}

void thimble_syslog_put(struct thimble_syslog *s, enum thimble_syslog_severity severity, const char *text,
                        size_t len, uint32_t now_ms)
{
    if (len > TEXT_MAX)
        len = TEXT_MAX;
    say_lost(s, ENTRY + len, now_ms);
    if (s->lost > 0 || !fits(s, len)) {
        s->lost++;
        return;
    }
    append(s, severity, text, len, now_ms);
}

static uint32_t after(uint32_t sequence)
{
    return sequence < SEQUENCE_MAX ? sequence + 1 : 1;
}

/* Time gives back what was spent. */
static void refill(struct thimble_syslog *s, uint32_t now_ms)
{
    uint32_t each_ms = 1000 / THIMBLE_SYSLOG_PER_SECOND, n = (now_ms - s->filled_ms) / each_ms;

    if (n >= s->spent) {
        s->spent = 0;
        s->filled_ms = now_ms;
        return;
    }
    s->spent = (uint8_t)(s->spent - n);
    s->filled_ms += n * each_ms;
}

size_t thimble_syslog_next(struct thimble_syslog *s, uint32_t now_ms, char message[THIMBLE_SYSLOG_MAX])
{
    refill(s, now_ms);
    if (s->spent == THIMBLE_SYSLOG_BURST || (s->spent > 0 && now_ms - s->sent_ms < APART_MS))
        return 0;
    if (s->used == 0)
        say_lost(s, 0, now_ms);
    if (s->used == 0)
        return 0;
    struct thimble_syslog_line line = {
        .severity = (enum thimble_syslog_severity)s->queue[0], .host = s->host, .sequence = after(s->sequence),
        .text = (const char *)s->queue + ENTRY, .len = s->queue[1],
    };
    memcpy(&line.time_ms, s->queue + 2, sizeof line.time_ms);
    return thimble_syslog_format(&line, message, THIMBLE_SYSLOG_MAX);
}

void thimble_syslog_sent(struct thimble_syslog *s, uint32_t now_ms)
{
    uint16_t entry = (uint16_t)(ENTRY + s->queue[1]);

    s->used = (uint16_t)(s->used - entry);
    memmove(s->queue, s->queue + entry, s->used);
    s->sequence = after(s->sequence);
    s->sent_ms = now_ms;
    s->spent++;
}
