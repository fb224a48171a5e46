/* SPDX-License-Identifier: MIT
 *
 * log.c: lines for the serial line, and for syslog by UDP.
 *
 * Layer 6.  A line is put together in 200 bytes and cut where it is longer; longer names make no
 * difference to what can be done about it.  What is for syslog waits in a queue from the first line on, until there is an
 * address; it is sent from the loop, never from within a call of the network's, and what goes wrong with that is no
 * line of its own.
 */
#include "which.h"

#if TH_BOARD_ANY

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../status/syslog.h"
#include "log.h"

static enum th_log most = TH_LOG_INFO;
static bool in_color;
static struct thimble_syslog waiting;
static struct thimble_settings_endpoint receiver = { .port = 1 };     /* until it is known whether there is one */

void th_log_set(const struct thimble_settings *s)
{
    if (s->log.level != 0)
        most = (enum th_log)s->log.level;
    in_color = s->log.color;
    receiver = s->log.syslog;
    waiting.host = thimble_settings_text(s, s->network.hostname);
}

void th_log_send(void)
{
    char message[THIMBLE_SYSLOG_MAX];
    size_t len = 0;
    uint32_t now_ms = th_board_ms();

    if (receiver.port != 0 && th_board_address()[0] != '\0')
        len = thimble_syslog_next(&waiting, now_ms, message);
    if (len > 0 && th_transport_datagram(receiver.ip, receiver.port, message, len))
        thimble_syslog_sent(&waiting, now_ms);
}

static void color(enum th_log level, bool on)
{
    const char *text = !on ? "\033[0m" : level == TH_LOG_ERROR ? "\033[31m" : "\033[33m";
    if (in_color && level < TH_LOG_INFO)
        th_board_write(text, strlen(text));
}

static void say(enum th_log level, const char *format, va_list arguments)
{
    static const enum thimble_syslog_severity severities[] = {
        [TH_LOG_ERROR] = THIMBLE_SYSLOG_ERROR, [TH_LOG_WARNING] = THIMBLE_SYSLOG_WARNING,
        [TH_LOG_INFO] = THIMBLE_SYSLOG_INFO, [TH_LOG_DEBUG] = THIMBLE_SYSLOG_DEBUG,
    };
    char line[200];
    if (level > most)
        return;

    int n = vsnprintf(line, sizeof line - 2, format, arguments);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof line - 3 ? (size_t)n : sizeof line - 3;
    if (receiver.port != 0)
        thimble_syslog_put(&waiting, severities[level], line, len, th_board_ms());
    line[len++] = '\r';
    line[len++] = '\n';
    color(level, true);
    th_board_write(line, len);
    color(level, false);
}

void th_board_log(enum th_log level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(level, format, arguments);
    va_end(arguments);
}

void thimble_board_log(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(TH_LOG_INFO, format, arguments);
    va_end(arguments);
}

void th_log_event(const struct thimble_event *e)
{
    const char *who = e->initiator[0] ? e->initiator : "somebody";
    const char *what = e->target[0] ? e->target : "discovery";
    const char *why = thimble_reason_text(e->reason);
    unsigned long high = (unsigned long)(e->detail >> 8), low = (unsigned long)(e->detail & 0xff);

    switch (e->kind) {
    case THIMBLE_EVENT_LOGIN:
        thimble_board_log("session: %s logged in (%s)", who, what);
        break;
    case THIMBLE_EVENT_LOGOUT:
        thimble_board_log("session: %s logged out (%s)", who, what);
        break;
    case THIMBLE_EVENT_REINSTATED:
        thimble_board_log("session: %s replaces its old session", who);
        break;
    case THIMBLE_EVENT_DROPPED:
        thimble_board_log("session: %s, connection ended: %s", who, why);
        break;
    case THIMBLE_EVENT_LOGIN_REFUSED:
        th_board_log(TH_LOG_WARNING, "session: %s refused with %04lx: %s %s", who,
                     (unsigned long)e->detail, why, e->key);
        break;
    case THIMBLE_EVENT_REJECT:
        th_board_log(TH_LOG_WARNING, "session: %s, PDU %02lx rejected with %lu: %s", who, high, low,
                     why);
        break;
    case THIMBLE_EVENT_TASK_MANAGEMENT:
        thimble_board_log("session: %s, task management %lu: response %lu", who, high, low);
        break;
    case THIMBLE_EVENT_DISK_ERROR:
        th_board_log(TH_LOG_ERROR, "disk: error, sense %06lx", (unsigned long)e->detail);
        break;
    default:
        break;
    }
}

#else

/* ISO C wants something in every file. */
typedef int th_board_log_is_not_compiled;

#endif
