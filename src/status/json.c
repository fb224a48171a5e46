/* SPDX-License-Identifier: MIT
 *
 * json.c: the numbers as one JSON document.  docs/status.md describes it.
 *
 * Layer 6.  One step a piece; what is as long as a list is has a step for each of its elements.  Each step writes a
 * piece that is well formed by itself: `begun` says whether a comma belongs before it.
 */
#include "out.h"

#if THIMBLE_STATS

enum step {
    HEAD,
    TARGETS, TARGET, UNIT, UNIT_READ, UNIT_WRITE, UNIT_END,
    SESSIONS, SESSION, EVENTS, EVENT, DONE
};

static void field(struct th_out *o, const char *name, uint64_t n)
{
    th_out_text(o, ",\"");
    th_out_text(o, name);
    th_out_text(o, "\":");
    th_out_number(o, n);
}

static void flag(struct th_out *o, const char *name, bool yes)
{
    th_out_text(o, ",\"");
    th_out_text(o, name);
    th_out_text(o, yes ? "\":true" : "\":false");
}

static void word(struct th_out *o, const char *name, const char *text)
{
    th_out_text(o, ",\"");
    th_out_text(o, name);
    th_out_text(o, "\":");
    th_out_quoted(o, text);
}

/* Opens an element of a list. */
static void element(struct thimble_status_cursor *c, struct th_out *o)
{
    th_out_text(o, c->begun ? ",{" : "{");
    c->begun = true;
}

static void list(struct thimble_status_cursor *c, struct th_out *o, const char *name)
{
    th_out_text(o, ",\"");
    th_out_text(o, name);
    th_out_text(o, "\":[");
    c->begun = false;
}

static void faults(struct th_out *o, const uint32_t *n)
{
    th_out_text(o, ",\"refused\":{\"all\":");
    uint64_t all = 0;
    for (unsigned i = 0; i < THIMBLE_LOGIN_FAULTS; i++)
        all += n[i];
    th_out_number(o, all);
    for (unsigned i = 0; i < THIMBLE_LOGIN_FAULTS; i++)
        field(o, th_fault_word(i), n[i]);
    th_out_text(o, "}");
}

static void head(const struct thimble_status_source *s, struct th_out *o)
{
    const struct thimble_stats *n = thimble_stats(s->engine);

    th_out_text(o, "{\"name\":");
    th_out_quoted(o, s->name);
    word(o, "version", THIMBLE_VERSION);
    field(o, "uptime_ms", s->uptime_ms);
    field(o, "connections", thimble_connections(s->engine));
    field(o, "connections_opened", n->connections);
    field(o, "buffers_low", n->buffers_low);
    if (s->memory_low_bytes > 0)
        field(o, "memory_low_bytes", s->memory_low_bytes);
    field(o, "digest_errors", n->digest_errors);
    field(o, "format_errors", n->format_errors);
    field(o, "timeouts", n->timeouts);
    faults(o, n->faults);
    th_out_text(o, ",\"happened\":{\"all\":");
    th_out_number(o, thimble_event_count(s->engine));
    for (unsigned i = 0; i < THIMBLE_EVENT_KINDS; i++)
        field(o, th_event_word(i), n->events[i]);
    th_out_text(o, "}");
}

static void target(struct thimble_status_cursor *c, struct th_out *o)
{
    const struct thimble_target_stats *n = thimble_target_stats(c->source->engine, c->target);

    element(c, o);
    th_out_text(o, "\"name\":");
    th_out_quoted(o, thimble_target_name(c->source->engine, c->target));
    field(o, "logins", n->accepted);
    field(o, "logouts", n->logouts);
    field(o, "lost", n->lost);
    faults(o, n->faults);
    list(c, o, "luns");
}

/* c->target is the next one, or there is none. */
static void next_target(struct thimble_status_cursor *c, struct th_out *o)
{
    c->step = TARGET;
    if (!thimble_target_name(c->source->engine, c->target)) {
        th_out_text(o, "]");
        c->step = SESSIONS;
    }
}

static void target_end(struct thimble_status_cursor *c, struct th_out *o)
{
    th_out_text(o, "]}");
    c->begun = true;
    c->target++;
    next_target(c, o);
}

static void unit(struct thimble_status_cursor *c, struct th_out *o, const struct thimble_lun_info *info)
{
    element(c, o);
    th_out_text(o, "\"lun\":");
    th_out_number(o, c->lun);
    word(o, "vendor", info->vendor);
    word(o, "product", info->product);
    if (info->block->serial)
        word(o, "serial", info->block->serial);
    field(o, "blocks", info->block->size_blocks);
    field(o, "block_bytes", UINT64_C(1) << info->block->block_shift);
    flag(o, "read_only", info->read_only);
    flag(o, "removable", info->block->removable);
    flag(o, "ready", info->ready);
}

static void requests(struct th_out *o, const char *name, const struct thimble_health_requests *r)
{
    th_out_text(o, ",\"");
    th_out_text(o, name);
    th_out_text(o, "\":{\"tries\":");
    th_out_number(o, r->tries);
    field(o, "mended", r->mended);
    field(o, "mended_late", r->mended_late);
    field(o, "failed", r->failed);
    th_out_text(o, "}");
}

static void health(struct th_out *o, const struct thimble_lun_info *info)
{
    struct thimble_health h;

    if (!th_health_of(info, &h))
        return;
    th_out_text(o, h.failing ? ",\"health\":{\"failing\":true" : ",\"health\":{\"failing\":false");
    if (h.temperature_c != THIMBLE_HEALTH_UNKNOWN)
        field(o, "temperature_c", h.temperature_c);
    if (h.used_percent != THIMBLE_HEALTH_UNKNOWN)
        field(o, "used_percent", h.used_percent);
    if (h.speed_class)
        field(o, "speed_class", h.speed_class);
    if (h.erase_unit_kib)
        field(o, "erase_unit_kib", h.erase_unit_kib);
    if (h.counted) {
        requests(o, "reads", &h.reads);
        requests(o, "writes", &h.writes);
        field(o, "garbled", h.garbled);
        field(o, "silent", h.silent);
        field(o, "refused", h.refused);
        field(o, "restarts", h.restarts);
    }
    th_out_text(o, "}");
}

static void flow(struct th_out *o, const char *name, const struct thimble_flow_stats *n)
{
    th_out_text(o, ",\"");
    th_out_text(o, name);
    th_out_text(o, "\":{\"commands\":");
    th_out_number(o, n->commands);
    field(o, "bytes", n->bytes);
    field(o, "busy_us", n->busy_us);
    th_out_text(o, ",\"latency\":[");
    for (unsigned i = 0; i < THIMBLE_LATENCY_BUCKETS; i++) {
        th_out_text(o, i ? "," : "");
        th_out_number(o, n->latency[i]);
    }
    th_out_text(o, "]}");
}

static void unit_end(struct th_out *o, const struct thimble_lun_stats *n)
{
    field(o, "other", n->other);
    field(o, "conflicts", n->conflicts);
    field(o, "refused", n->refused);
    th_out_text(o, ",\"errors\":[");
    for (unsigned i = 0; i < 16; i++) {
        th_out_text(o, i ? "," : "");
        th_out_number(o, n->errors[i]);
    }
    th_out_text(o, "]}");
}

static void session(struct thimble_status_cursor *c, struct th_out *o, const struct thimble_session *s)
{
    element(c, o);
    th_out_text(o, "\"initiator\":");
    th_out_quoted(o, s->initiator);
    if (s->target >= 0)
        field(o, "target", (uint64_t)s->target);
    if (c->source->peer && s->port_conn)
        word(o, "peer", c->source->peer(s->port_conn));
    th_out_text(o, ",\"isid\":\"");
    for (unsigned i = 0; i < sizeof s->isid; i++)
        th_out_hex(o, s->isid[i], 2);
    th_out_text(o, "\"");
    field(o, "tsih", s->tsih);
    field(o, "portal_group", s->portal_group_tag);
    field(o, "age_ms", s->age_ms);
    field(o, "queued", s->queued);
    field(o, "queue_depth", s->queue_depth);
    field(o, "max_send_bytes", s->max_send_bytes);
    field(o, "max_burst_bytes", s->max_burst_bytes);
    field(o, "first_burst_bytes", s->first_burst_bytes);
    field(o, "max_outstanding_r2t", s->max_outstanding_r2t);
    flag(o, "header_digest", s->header_digest);
    flag(o, "data_digest", s->data_digest);
    flag(o, "initial_r2t", s->initial_r2t);
    flag(o, "immediate_data", s->immediate_data);
    field(o, "commands", s->stats.commands);
    field(o, "rx_bytes", s->stats.rx_bytes);
    field(o, "tx_bytes", s->stats.tx_bytes);
    field(o, "digest_errors", s->stats.digest_errors);
    th_out_text(o, "}");
}

static void event(struct thimble_status_cursor *c, struct th_out *o, const struct thimble_kept_event *e)
{
    element(c, o);
    th_out_text(o, "\"number\":");
    th_out_number(o, e->number);
    field(o, "ago_ms", c->source->now_ms - e->at_ms);
    word(o, "kind", th_event_word(e->kind));
    if (e->reason != THIMBLE_REASON_NONE)
        word(o, "reason", thimble_reason_text((enum thimble_reason)e->reason));
    if (e->detail) {
        th_out_text(o, ",\"detail\":\"");
        th_out_hex(o, e->detail, 6);
        th_out_text(o, "\"");
    }
    if (e->target >= 0)
        field(o, "target", (uint64_t)e->target);
    word(o, "initiator", e->initiator);
    th_out_text(o, "}");
}

/* The oldest event that is still kept at or behind number c->event, or NULL. */
static const struct thimble_kept_event *next_event(struct thimble_status_cursor *c)
{
    uint32_t end = thimble_event_count(c->source->engine);

    if (end - c->event > THIMBLE_EVENTS_KEPT)
        c->event = end < THIMBLE_EVENTS_KEPT ? 0 : end - THIMBLE_EVENTS_KEPT;
    return c->event == end ? NULL : thimble_event_kept(c->source->engine, c->event++);
}

void th_json_piece(struct thimble_status_cursor *c, struct th_out *o)
{
    const struct thimble *engine = c->source->engine;
    const struct thimble_lun_stats *n;
    const struct thimble_kept_event *e;
    struct thimble_session s;
    struct thimble_lun_info info;

    switch ((enum step)c->step) {
    case HEAD:
        head(c->source, o);
        c->step = TARGETS;
        break;
    case TARGETS:
        list(c, o, "targets");
        next_target(c, o);
        break;
    case TARGET:
        target(c, o);
        c->lun = 0;
        c->step = UNIT;
        break;
    case UNIT:
        while (c->lun < THIMBLE_LUNS_MAX &&
               !thimble_lun_info(engine, c->target, (uint16_t)c->lun, &info))
            c->lun++;
        if (c->lun < THIMBLE_LUNS_MAX) {
            unit(c, o, &info);
            health(o, &info);
            c->step = UNIT_READ;
        } else {
            target_end(c, o);
        }
        break;
    case UNIT_READ:
    case UNIT_WRITE:
    case UNIT_END:
        n = thimble_lun_stats(engine, c->target, (uint16_t)c->lun);
        if (c->step == UNIT_READ)
            flow(o, "read", &n->read);
        else if (c->step == UNIT_WRITE)
            flow(o, "write", &n->write);
        else
            unit_end(o, n);
        if (c->step++ == UNIT_END) {
            c->lun++;
            c->step = UNIT;
        }
        break;
    case SESSIONS:
        list(c, o, "sessions");
        c->step = SESSION;
        break;
    case SESSION:
        if (thimble_session_next(engine, &c->session, &s)) {
            session(c, o, &s);
            break;
        }
        th_out_text(o, "]");
        c->step = EVENTS;
        break;
    case EVENTS:
        list(c, o, "events");
        c->event = 0;
        c->step = EVENT;
        break;
    case EVENT:
        e = next_event(c);
        if (e) {
            event(c, o, e);
            break;
        }
        th_out_text(o, "]}\n");
        c->step = DONE;
        break;
    case DONE:
        break;
    }
}

#else

/* ISO C wants something in every file. */
typedef int th_json_needs_counters;

#endif
