/* SPDX-License-Identifier: MIT
 *
 * log_event.c: what the engine reports, as sentences.  See log.h.
 */
#define _GNU_SOURCE

#include "log.h"

#include <stdio.h>
#include <string.h>

/* Status-Class and Status-Detail of RFC 7143 11.13.5. */
static const struct {
    uint16_t status;
    const char *text;
} login_statuses[] = {
    { 0x0101, "target moved temporarily" },
    { 0x0102, "target moved permanently" },
    { 0x0200, "initiator error" },
    { 0x0201, "authentication failure" },
    { 0x0202, "authorization failure" },
    { 0x0203, "target not found" },
    { 0x0204, "target removed" },
    { 0x0205, "unsupported version" },
    { 0x0206, "too many connections" },
    { 0x0207, "missing parameter" },
    { 0x0208, "cannot include in session" },
    { 0x0209, "session type not supported" },
    { 0x020a, "session does not exist" },
    { 0x020b, "invalid request during login" },
    { 0x0300, "target error" },
    { 0x0301, "service unavailable" },
    { 0x0302, "out of resources" },
};

/* Reasons of the Reject PDU, RFC 7143 11.17.1, from 2 on. */
static const char *const reject_reasons[] = {
    "data digest error", "SNACK reject", "protocol error", "command not supported",
    "immediate command reject", "task in progress", "invalid data ack",
    "invalid PDU field", "long operation reject", NULL, "waiting for logout",
};

/* Functions of RFC 7143 11.5.1 and RFC 7144, from 1 on. */
static const char *const task_functions[] = {
    "ABORT TASK", "ABORT TASK SET", "CLEAR ACA", "CLEAR TASK SET", "LOGICAL UNIT RESET",
    "TARGET WARM RESET", "TARGET COLD RESET", "TASK REASSIGN", "QUERY TASK",
    "QUERY TASK SET", "I_T NEXUS RESET", "QUERY ASYNCHRONOUS EVENT",
};

static const char *const task_responses[] = {
    "function complete", "task does not exist", "LUN does not exist",
    "task still allegiant", "task allegiance reassignment not supported",
    "function not supported", "function authorization failed", "function succeeded",
};

static const char *const sense_keys[] = {
    "NO SENSE", "RECOVERED ERROR", "NOT READY", "MEDIUM ERROR", "HARDWARE ERROR",
    "ILLEGAL REQUEST", "UNIT ATTENTION", "DATA PROTECT", "BLANK CHECK", "VENDOR SPECIFIC",
    "COPY ABORTED", "ABORTED COMMAND", "RESERVED", "VOLUME OVERFLOW", "MISCOMPARE",
    "COMPLETED",
};

#define NAME_OF(table, index) \
    ((index) < sizeof(table) / sizeof((table)[0]) && (table)[index] ? (table)[index] \
                                                                    : "unknown")

static const char *login_status_text(uint32_t status)
{
    for (size_t i = 0; i < sizeof login_statuses / sizeof login_statuses[0]; i++)
        if (login_statuses[i].status == status)
            return login_statuses[i].text;
    return "unknown status";
}

enum log_level log_event_level(const struct thimble_event *event)
{
    switch (event->kind) {
    case THIMBLE_EVENT_LOGIN:
    case THIMBLE_EVENT_LOGOUT:
    case THIMBLE_EVENT_REINSTATED:
    case THIMBLE_EVENT_TASK_MANAGEMENT:
        return LEVEL_INFO;
    case THIMBLE_EVENT_DROPPED:
        return event->reason == THIMBLE_REASON_PEER_CLOSED ||
                       event->reason == THIMBLE_REASON_SHUTDOWN
                   ? LEVEL_INFO
                   : LEVEL_WARNING;
    case THIMBLE_EVENT_LOGIN_REFUSED:
    case THIMBLE_EVENT_REJECT:
        return LEVEL_WARNING;
    case THIMBLE_EVENT_DISK_ERROR:
        return LEVEL_ERROR;
    }
    return LEVEL_WARNING;
}

/* ": reason (key Name)", or nothing. */
static void because(const struct thimble_event *e, char *text, size_t size)
{
    bool reason = e->reason != THIMBLE_REASON_NONE;
    bool key = e->key && *e->key;

    snprintf(text, size, "%s%s%s%s%s", reason ? ": " : "",
             reason ? thimble_reason_text(e->reason) : "", key ? " (key " : "",
             key ? e->key : "", key ? ")" : "");
}

void log_event_text(const struct thimble_event *e, const char *peer, char *text,
                    size_t size)
{
    char who[400], why[300];
    uint32_t high = e->detail >> 8 & 0xff, low = e->detail & 0xff;
    const char *target = e->target && *e->target ? e->target : "discovery";
    bool named = e->initiator && *e->initiator;

    snprintf(who, sizeof who, "%s%s%s", peer, named ? " " : "",
             named ? e->initiator : "");
    because(e, why, sizeof why);
    switch (e->kind) {
    case THIMBLE_EVENT_LOGIN:
        snprintf(text, size, "%s: logged in to %s", who, target);
        return;
    case THIMBLE_EVENT_LOGIN_REFUSED:
        snprintf(text, size, "%s: login refused%s; answered %s (0x%04x)", who, why,
                 login_status_text(e->detail), (unsigned)e->detail);
        return;
    case THIMBLE_EVENT_LOGOUT:
        snprintf(text, size, "%s: logged out of %s", who, target);
        return;
    case THIMBLE_EVENT_REINSTATED:
        snprintf(text, size,
                 "%s: its session with %s was replaced by a new login under the "
                 "same name",
                 who, target);
        return;
    case THIMBLE_EVENT_DROPPED:
        snprintf(text, size, "%s: connection ended%s", who, why);
        return;
    case THIMBLE_EVENT_REJECT:
        snprintf(text, size, "%s: a PDU with opcode 0x%02x was rejected, %s%s", who,
                 (unsigned)high,
                 low >= 2 ? NAME_OF(reject_reasons, low - 2) : "unknown", why);
        return;
    case THIMBLE_EVENT_TASK_MANAGEMENT:
        snprintf(text, size, "%s: %s: %s", who,
                 high >= 1 ? NAME_OF(task_functions, high - 1) : "unknown",
                 low == 255 ? "function rejected" : NAME_OF(task_responses, low));
        return;
    case THIMBLE_EVENT_DISK_ERROR:
        snprintf(text, size, "%s: disk error on %s: %s, ASC/ASCQ %02x/%02x", who,
                 target, NAME_OF(sense_keys, e->detail >> 16 & 0xf), (unsigned)high,
                 (unsigned)low);
        return;
    }
    snprintf(text, size, "%s: event %u", who, (unsigned)e->kind);
}

void log_event(const struct thimble_event *event, const char *peer)
{
    char text[900];

    log_event_text(event, peer, text, sizeof text);
    log_limited((unsigned)event->kind, log_event_level(event), "%s", text);
}
