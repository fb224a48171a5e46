/* SPDX-License-Identifier: MIT
 *
 * log.c: levels, time stamps, and the limit on lines that peers cause.  See log.h.
 */
#define _GNU_SOURCE

#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = { "error", "warning", "info", "debug" };
static const char *const place_names[] = { "stderr", "syslog", "journald" };
static const int severities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

static enum log_level shown = LEVEL_WARNING;
static enum log_place place;

struct limit {
    uint32_t left;                  /* lines that may be shown now */
    uint32_t not_shown;
    time_t   filled;                /* when `left` was last added to */
};

static struct limit limits[LOG_KINDS];

static int find(const char *text, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return -1;
}

bool log_level_parse(const char *text, enum log_level *level)
{
    int i = find(text, level_names, LEVEL_DEBUG + 1);

    if (i >= 0)
        *level = (enum log_level)i;
    return i >= 0;
}

bool log_place_parse(const char *text, enum log_place *to)
{
    int i = find(text, place_names, LOG_TO_JOURNALD + 1);

    if (i >= 0)
        *to = (enum log_place)i;
    return i >= 0;
}

/* systemd says by device and inode which stream is the journal: who has stderr elsewhere since then has not. */
static bool stderr_is_the_journal(void)
{
    const char *journal = getenv("JOURNAL_STREAM");
    char ours[48];
    struct stat st;

    if (!journal || fstat(STDERR_FILENO, &st) < 0)
        return false;
    snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(ours, journal) == 0;
}

bool log_to(enum log_place to)
{
    if (to == LOG_TO_JOURNALD && !stderr_is_the_journal())
        return false;
    if (place == LOG_TO_SYSLOG)
        closelog();
    if (to == LOG_TO_SYSLOG)
        openlog("thimble", LOG_PID | LOG_NDELAY, LOG_DAEMON);
    place = to;
    return true;
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

    vsnprintf(text, sizeof text, format, args);
    make_printable(text);
    switch (place) {
    case LOG_TO_STDERR:
        if (localtime_r(&now, &local))
            strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &local);
        fprintf(stderr, "%s %s: %s\n", stamp, level_names[level], text);
        break;
    case LOG_TO_SYSLOG:
        syslog(severities[level], "%s", text);
        break;
    case LOG_TO_JOURNALD:
        fprintf(stderr, "<%d>%s\n", severities[level], text);
        break;
    }
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
