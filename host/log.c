/* SPDX-License-Identifier: MIT
 *
 * log.c: levels, time stamps, and the limit on lines that peers cause.  See log.h.
 */
#define _GNU_SOURCE

#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = { "error", "warning", "info", "debug" };

static enum log_level shown = LEVEL_WARNING;

struct limit {
    uint32_t left;                  /* lines that may be shown now */
    uint32_t not_shown;
    time_t   filled;                /* when `left` was last added to */
};

static struct limit limits[LOG_KINDS];

bool log_level_parse(const char *text, enum log_level *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_set_level(enum log_level level)
{
    shown = level;
}

/* Names and texts come from peers: nothing that moves the cursor leaves here. */
static void make_printable(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

static void put_line(enum log_level level, const char *format, va_list args)
{
    char stamp[32] = "", text[1024];
    time_t now = time(NULL);
    struct tm local;

    if (localtime_r(&now, &local))
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &local);
    vsnprintf(text, sizeof text, format, args);
    make_printable(text);
    fprintf(stderr, "%s %s: %s\n", stamp, level_names[level], text);
}

void log_line(enum log_level level, const char *format, ...)
{
    va_list args;

    if (level > shown)
        return;
    va_start(args, format);
    put_line(level, format, args);
    va_end(args);
}

static time_t seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1;            /* 0 is "never" in struct limit */
}

static void say_not_shown(struct limit *l)
{
    if (l->not_shown)
        log_line(LEVEL_WARNING, "%lu more lines of this kind were not shown",
                 (unsigned long)l->not_shown);
    l->not_shown = 0;
}

void log_limited(unsigned kind, enum log_level level, const char *format, ...)
{
    struct limit *l = &limits[kind < LOG_KINDS ? kind : LOG_KINDS - 1];
    time_t now = seconds();
    va_list args;

    if (level > shown)
        return;
    if (level >= LEVEL_INFO) {
        va_start(args, format);
        put_line(level, format, args);
        va_end(args);
        return;
    }
    if (l->filled == 0 || now - l->filled > LOG_BURST)
        l->left = LOG_BURST;
    else
        l->left += (uint32_t)(now - l->filled) * LOG_PER_SECOND;
    if (l->left > LOG_BURST)
        l->left = LOG_BURST;
    l->filled = now;
    if (l->left == 0) {
        l->not_shown++;
        return;
    }

    l->left--;
    say_not_shown(l);
    va_start(args, format);
    put_line(level, format, args);
    va_end(args);
}

void log_flush(void)
{
    for (size_t i = 0; i < LOG_KINDS; i++)
        say_not_shown(&limits[i]);
}
