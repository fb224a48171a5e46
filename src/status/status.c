/* SPDX-License-Identifier: MIT
 *
 * status.c: see status.h: the pieces of a document, and text into a buffer.
 *
 * Layer 6.
 */
#include "out.h"

#if THIMBLE_STATS

#include <string.h>

void th_out_text(struct th_out *o, const char *text)
{
    size_t len = strlen(text);
    size_t room = o->size - o->len;

    if (len > room)
        len = room;
    memcpy(o->to + o->len, text, len);
    o->len += len;
}

void th_out_number(struct th_out *o, uint64_t n)
{
    char text[21];
    unsigned at = sizeof text - 1;

    text[at] = '\0';
    do
        text[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    th_out_text(o, text + at);
}

void th_out_hex(struct th_out *o, uint32_t n, unsigned digits)
{
    while (digits-- > 0) {
        char digit[2] = { "0123456789abcdef"[n >> 4 * digits & 0xf], '\0' };
        th_out_text(o, digit);
    }
}

void th_out_seconds(struct th_out *o, uint64_t us)
{
    char fraction[8] = ".";

    for (unsigned i = 6, rest = (unsigned)(us % 1000000); i > 0; i--, rest /= 10)
        fraction[i] = (char)('0' + rest % 10);
    fraction[7] = '\0';
    th_out_number(o, us / 1000000);
    th_out_text(o, fraction);
}

void th_out_quoted(struct th_out *o, const char *text)
{
    th_out_text(o, "\"");
    for (; *text; text++) {
        char c[3] = { *text, '\0', '\0' };
        if (*text == '"' || *text == '\\') {
            c[0] = '\\';
            c[1] = *text;
        } else if (*text < 0x20 || *text > 0x7e) {
            c[0] = '?';
        }
        th_out_text(o, c);
    }
    th_out_text(o, "\"");
}

const char *th_event_word(unsigned kind)
{
    static const char *const words[THIMBLE_EVENT_KINDS] = {
        [THIMBLE_EVENT_LOGIN] = "login",
        [THIMBLE_EVENT_LOGIN_REFUSED] = "login_refused",
        [THIMBLE_EVENT_LOGOUT] = "logout",
        [THIMBLE_EVENT_REINSTATED] = "reinstated",
        [THIMBLE_EVENT_DROPPED] = "dropped",
        [THIMBLE_EVENT_REJECT] = "reject",
        [THIMBLE_EVENT_TASK_MANAGEMENT] = "task_management",
        [THIMBLE_EVENT_DISK_ERROR] = "disk_error",
    };
    return words[kind];
}

const char *th_fault_word(unsigned fault)
{
    static const char *const words[THIMBLE_LOGIN_FAULTS] = {
        [THIMBLE_LOGIN_FAULT_OTHER] = "other",
        [THIMBLE_LOGIN_FAULT_NOT_FOUND] = "not_found",
        [THIMBLE_LOGIN_FAULT_AUTHORIZE] = "not_allowed",
        [THIMBLE_LOGIN_FAULT_AUTHENTICATE] = "authentication",
        [THIMBLE_LOGIN_FAULT_NEGOTIATE] = "negotiation",
    };
    return words[fault];
}

bool th_health_of(const struct thimble_lun_info *info, struct thimble_health *h)
{
    struct thimble_insight *insight = info->block->insight;

    return insight && insight->health && insight->health(insight, h);
}

bool th_unit_at(struct thimble_status_cursor *c, struct thimble_lun_info *info)
{
    for (; thimble_target_name(c->source->engine, c->target); c->target++, c->lun = 0)
        for (; c->lun < THIMBLE_LUNS_MAX; c->lun++)
            if (thimble_lun_info(c->source->engine, c->target, (uint16_t)c->lun, info))
                return true;
    return false;
}

void thimble_status_begin(struct thimble_status_cursor *c, enum thimble_status_document document,
                          const struct thimble_status_source *source)
{
    *c = (struct thimble_status_cursor){ .source = source, .document = (uint8_t)document };
}

size_t thimble_status_piece(struct thimble_status_cursor *c, char *buf, size_t size)
{
    struct th_out o = { buf, size, 0 };

    if (c->document == THIMBLE_STATUS_JSON)
        th_json_piece(c, &o);
    else
        th_metrics_piece(c, &o);
    return o.len;
}

#else

/* ISO C wants something in every file. */
typedef int th_status_needs_counters;

#endif
