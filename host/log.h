/* SPDX-License-Identifier: MIT
 *
 * log.h: lines for people to read: on stderr, to syslog(3), or to systemd's journal.
 *
 *     2026-11-23T06:12:01 warning: 192.0.2.7:40112: login refused: ...    stderr
 *     <4>192.0.2.7:40112: login refused: ...                              stderr that is the journal (sd-daemon(3))
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../src/thimble.h"

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

/* "error", "warning", "info" or "debug". */
bool log_level_parse(const char *text, enum log_level *level);
void log_set_level(enum log_level level);

enum log_place { LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_JOURNALD };

/* "stderr", "syslog" or "journald". */
bool log_place_parse(const char *text, enum log_place *place);

/* Where lines go from now on.  False, and nothing changes: stderr is not connected to the journal. */
bool log_to(enum log_place place);

void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As log_line(), for what peers can cause as often as they like.  Of warnings and
 * errors of each kind (0 to LOG_KINDS - 1), a burst of LOG_BURST lines is shown, then
 * LOG_PER_SECOND a second; how many were not is said afterwards.  Who asked for more
 * gets it all. */
#define LOG_KINDS       12
#define LOG_BURST       40
#define LOG_PER_SECOND  4
void log_limited(unsigned kind, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what was not shown, at the end. */
void log_flush(void);

/* One line for what happened on the connection of `peer`. */
void log_event(const struct thimble_event *event, const char *peer);

/* Kinds beyond those of enum thimble_event_kind. */
enum { LOG_KIND_ACCEPT = 10, LOG_KIND_TURNED_AWAY = 11 };

/* The parts of log_event(), for tests. */
enum log_level log_event_level(const struct thimble_event *event);
void log_event_text(const struct thimble_event *event, const char *peer, char *text,
                    size_t size);

#endif
