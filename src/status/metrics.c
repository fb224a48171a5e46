/* SPDX-License-Identifier: MIT
 *
 * metrics.c: the numbers in Prometheus' text format 0.0.4: a table of families, each with its samples.
 *
 * Layer 6.  All samples of a family stand together, as the format wants it; a piece is a family's head, or its samples
 * for one target, unit or session.
 */
#include "out.h"

#if THIMBLE_STATS

enum scope { ENGINE, TARGET, UNIT, FLOW, SESSION };

struct family {
    const char *name, *type, *help;
    enum scope scope;
    /* Writes the samples of one thing of that scope; `labels` stands for their first labels. */
    void (*samples)(const struct family *f, struct thimble_status_cursor *c, struct th_out *o);
};

/* name{target="...",lun="0",direction="read"  -- the brace stays open. */
static void sample(const struct family *f, struct thimble_status_cursor *c, struct th_out *o,
                   const char *suffix)
{
    th_out_text(o, f->name);
    th_out_text(o, suffix);
    if (f->scope == ENGINE)
        return;
    th_out_text(o, "{target=");
    th_out_quoted(o, c->target >= 0 ? thimble_target_name(c->source->engine, c->target) : "");
    if (f->scope == TARGET || f->scope == SESSION)
        return;
    th_out_text(o, ",lun=\"");
    th_out_number(o, c->lun);
    th_out_text(o, "\"");
    if (f->scope == FLOW)
        th_out_text(o, c->part == 0 ? ",direction=\"read\"" : ",direction=\"write\"");
}

static void value(const struct family *f, struct th_out *o, uint64_t n)
{
    th_out_text(o, f->scope == ENGINE ? " " : "} ");
    th_out_number(o, n);
    th_out_text(o, "\n");
}

static void plain(const struct family *f, struct thimble_status_cursor *c, struct th_out *o, uint64_t n)
{
    sample(f, c, o, "");
    value(f, o, n);
}

/* ---- the engine ---- */
static void build_info(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    (void)c;
    th_out_text(o, f->name);
    th_out_text(o, "{version=\"" THIMBLE_VERSION "\"} 1\n");
}

static void uptime(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    sample(f, c, o, " ");
    th_out_seconds(o, c->source->uptime_ms * 1000);
    th_out_text(o, "\n");
}

static void connections(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, thimble_connections(c->source->engine));
}

static void connections_opened(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, thimble_stats(c->source->engine)->connections);
}

static void buffers_low(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, thimble_stats(c->source->engine)->buffers_low);
}

static void memory_low(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    if (c->source->memory_low_bytes > 0)
        plain(f, c, o, c->source->memory_low_bytes);
}

static void digest_errors(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, thimble_stats(c->source->engine)->digest_errors);
}

static void format_errors(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, thimble_stats(c->source->engine)->format_errors);
}

static void timeouts(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, thimble_stats(c->source->engine)->timeouts);
}

static void labelled(const struct family *f, struct th_out *o, const char *label, const char *word, uint64_t n)
{
    th_out_text(o, f->name);
    th_out_text(o, "{");
    th_out_text(o, label);
    th_out_text(o, "=");
    th_out_quoted(o, word);
    th_out_text(o, "} ");
    th_out_number(o, n);
    th_out_text(o, "\n");
}

static void events(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    for (unsigned i = 0; i < THIMBLE_EVENT_KINDS; i++)
        labelled(f, o, "kind", th_event_word(i), thimble_stats(c->source->engine)->events[i]);
}

static void refusals(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    for (unsigned i = 0; i < THIMBLE_LOGIN_FAULTS; i++)
        labelled(f, o, "why", th_fault_word(i), thimble_stats(c->source->engine)->faults[i]);
}

/* ---- targets ---- */
static void logins(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, thimble_target_stats(c->source->engine, c->target)->accepted);
}

static void logouts(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, thimble_target_stats(c->source->engine, c->target)->logouts);
}

static void lost(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, thimble_target_stats(c->source->engine, c->target)->lost);
}

/* ---- units ---- */
static const struct thimble_lun_stats *stats_of(const struct thimble_status_cursor *c)
{
    return thimble_lun_stats(c->source->engine, c->target, (uint16_t)c->lun);
}

static void unit_size(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    struct thimble_lun_info info;
    thimble_lun_info(c->source->engine, c->target, (uint16_t)c->lun, &info);
    plain(f, c, o, info.block->size_blocks << info.block->block_shift);
}

static void unit_ready(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    struct thimble_lun_info info;
    thimble_lun_info(c->source->engine, c->target, (uint16_t)c->lun, &info);
    plain(f, c, o, info.ready);
}

static void unit_errors(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    static const struct { uint8_t key; const char *word; } keys[] = {
        { 0x1, "recovered_error" }, { 0x2, "not_ready" }, { 0x3, "medium_error" },
        { 0x4, "hardware_error" }, { 0x5, "illegal_request" }, { 0x6, "unit_attention" },
        { 0x7, "data_protect" }, { 0xa, "copy_aborted" }, { 0xb, "aborted_command" }, { 0xe, "miscompare" },
    };
    unsigned i = c->part;               /* a piece each: names of targets are long */

    sample(f, c, o, "");
    th_out_text(o, ",sense_key=");
    th_out_quoted(o, keys[i].word);
    value(f, o, stats_of(c)->errors[keys[i].key]);
    c->part = (uint16_t)(i + 1 < sizeof keys / sizeof keys[0] ? i + 1 : 0);
}

static void unit_conflicts(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, stats_of(c)->conflicts);
}

/* ---- how units' media are ---- */
static bool health_of(const struct thimble_status_cursor *c, struct thimble_health *h)
{
    struct thimble_lun_info info;
    return thimble_lun_info(c->source->engine, c->target, (uint16_t)c->lun, &info) && th_health_of(&info, h);
}

static void unit_failing(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    struct thimble_health h;
    if (health_of(c, &h))
        plain(f, c, o, h.failing);
}

static void unit_temperature(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    struct thimble_health h;
    if (health_of(c, &h) && h.temperature_c != THIMBLE_HEALTH_UNKNOWN)
        plain(f, c, o, h.temperature_c);
}

static void unit_used(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    struct thimble_health h;
    if (health_of(c, &h) && h.used_percent != THIMBLE_HEALTH_UNKNOWN)
        plain(f, c, o, h.used_percent);
}

static void unit_faults(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    static const char *const words[] = { "garbled", "silent", "refused" };
    enum { N = sizeof words / sizeof words[0] };
    struct thimble_health h;
    unsigned i = c->part;               /* a piece each, as above */
    bool known = health_of(c, &h) && h.counted;

    c->part = (uint16_t)(known && i + 1 < N ? i + 1 : 0);
    if (!known)
        return;
    sample(f, c, o, "");
    th_out_text(o, ",fault=");
    th_out_quoted(o, words[i]);
    value(f, o, i == 0 ? h.garbled : i == 1 ? h.silent : h.refused);
}

static void unit_restarts(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    struct thimble_health h;
    if (health_of(c, &h) && h.counted)
        plain(f, c, o, h.restarts);
}

static void flow_tries(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    struct thimble_health h;
    if (health_of(c, &h) && h.counted)
        plain(f, c, o, c->part == 0 ? h.reads.tries : h.writes.tries);
}

static void flow_failed(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    struct thimble_health h;
    if (health_of(c, &h) && h.counted)
        plain(f, c, o, c->part == 0 ? h.reads.failed : h.writes.failed);
}

/* ---- what units moved ---- */
static const struct thimble_flow_stats *flow_of(const struct thimble_status_cursor *c)
{
    return c->part == 0 ? &stats_of(c)->read : &stats_of(c)->write;
}

static void commands(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, flow_of(c)->commands);
}

static void bytes(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    plain(f, c, o, flow_of(c)->bytes);
}

/* A histogram's lines: a bucket a piece, then the sum and the count.  c->event: which. */
static void latency(const struct family *f, struct thimble_status_cursor *c, struct th_out *o)
{
    const struct thimble_flow_stats *flow = flow_of(c);
    uint64_t below = 0;

    for (unsigned i = 0; i <= c->event && i < THIMBLE_LATENCY_BUCKETS; i++)
        below += flow->latency[i];
    if (c->event < THIMBLE_LATENCY_BUCKETS) {
        sample(f, c, o, "_bucket");
        th_out_text(o, ",le=\"");
        if (c->event < THIMBLE_LATENCY_BUCKETS - 1)
            th_out_seconds(o, UINT64_C(2) << c->event);
        else
            th_out_text(o, "+Inf");
        th_out_text(o, "\"");
        value(f, o, below);
        c->event++;
        return;
    }
    sample(f, c, o, "_sum");
    th_out_text(o, "} ");
    th_out_seconds(o, flow->busy_us);
    th_out_text(o, "\n");
    sample(f, c, o, "_count");
    value(f, o, flow->commands);
    c->event = 0;
}

/* ---- sessions ---- */
static void session_label(const struct family *f, struct thimble_status_cursor *c, struct th_out *o,
                          const struct thimble_session *s)
{
    c->target = s->target;
    sample(f, c, o, "");
    th_out_text(o, ",initiator=");
    th_out_quoted(o, s->initiator);
    th_out_text(o, ",tsih=\"");
    th_out_number(o, s->tsih);
    th_out_text(o, "\"");
}

#define SESSION_FAMILY(function, expression) \
    static void function(const struct family *f, struct thimble_status_cursor *c, struct th_out *o) \
    { \
        struct thimble_session s; \
        unsigned cursor = c->session - 1; \
        if (!thimble_session_next(c->source->engine, &cursor, &s)) \
            return; \
        session_label(f, c, o, &s); \
        value(f, o, (expression)); \
    }
SESSION_FAMILY(session_rx, s.stats.rx_bytes)
SESSION_FAMILY(session_tx, s.stats.tx_bytes)
SESSION_FAMILY(session_commands, s.stats.commands)
SESSION_FAMILY(session_queued, s.queued)

static const struct family families[] = {
    { "thimble_build_info", "gauge", "Version of Thimble.", ENGINE, build_info },
    { "thimble_uptime_seconds", "gauge", "Time since the start.", ENGINE, uptime },
    { "thimble_connections", "gauge", "Open connections, logins included.", ENGINE, connections },
    { "thimble_connections_opened_total", "counter", "Connections that were ever opened.", ENGINE,
      connections_opened },
    { "thimble_buffers_low", "gauge", "Fewest data buffers that were ever free.", ENGINE, buffers_low },
    { "thimble_memory_low_bytes", "gauge", "Least memory that was ever free.", ENGINE, memory_low },
    { "thimble_digest_errors_total", "counter", "Header and data digests that did not match.", ENGINE,
      digest_errors },
    { "thimble_format_errors_total", "counter", "PDUs that broke the protocol.", ENGINE, format_errors },
    { "thimble_timeouts_total", "counter", "Connections that ended for silence.", ENGINE, timeouts },
    { "thimble_events_total", "counter", "What happened, by kind.", ENGINE, events },
    { "thimble_logins_refused_total", "counter", "Logins that were refused, and why.", ENGINE, refusals },
    { "thimble_target_logins_total", "counter", "Logins that were accepted.", TARGET, logins },
    { "thimble_target_logouts_total", "counter", "Sessions that ended by logout.", TARGET, logouts },
    { "thimble_target_sessions_lost_total", "counter", "Sessions that ended otherwise.", TARGET, lost },
    { "thimble_lun_size_bytes", "gauge", "Capacity of the disk.", UNIT, unit_size },
    { "thimble_lun_ready", "gauge", "1: the medium can be used.", UNIT, unit_ready },
    { "thimble_lun_conflicts_total", "counter", "Commands refused for a reservation.", UNIT, unit_conflicts },
    { "thimble_lun_errors_total", "counter", "CHECK CONDITION, by sense key.", UNIT, unit_errors },
    { "thimble_lun_medium_failing", "gauge", "1: the medium has begun to fail, or says that it is about to.", UNIT,
      unit_failing },
    { "thimble_lun_medium_temperature_celsius", "gauge", "Its temperature.", UNIT, unit_temperature },
    { "thimble_lun_medium_used_percent", "gauge", "How much of its endurance is used.", UNIT, unit_used },
    { "thimble_lun_medium_faults_total", "counter", "Wrong check sums, missing answers, failures that it tells.", UNIT,
      unit_faults },
    { "thimble_lun_medium_restarts_total", "counter", "How often it was started anew.", UNIT, unit_restarts },
    { "thimble_lun_medium_tries_total", "counter", "Requests to it that were made again.", FLOW, flow_tries },
    { "thimble_lun_medium_failed_total", "counter", "Requests to it that were given up.", FLOW, flow_failed },
    { "thimble_lun_commands_total", "counter", "Reads and writes that ended well.", FLOW, commands },
    { "thimble_lun_bytes_total", "counter", "Bytes that they moved.", FLOW, bytes },
    { "thimble_lun_latency_seconds", "histogram", "Time from a command's header to its status.", FLOW,
      latency },
    { "thimble_session_commands_total", "counter", "SCSI commands of a session.", SESSION, session_commands },
    { "thimble_session_rx_bytes_total", "counter", "Data from the initiator.", SESSION, session_rx },
    { "thimble_session_tx_bytes_total", "counter", "Data to the initiator.", SESSION, session_tx },
    { "thimble_session_queued", "gauge", "Commands under way.", SESSION, session_queued },
};

enum { N_FAMILIES = sizeof families / sizeof families[0] };

static void family_head(const struct family *f, struct th_out *o)
{
    th_out_text(o, "# HELP ");
    th_out_text(o, f->name);
    th_out_text(o, " ");
    th_out_text(o, f->help);
    th_out_text(o, "\n# TYPE ");
    th_out_text(o, f->name);
    th_out_text(o, " ");
    th_out_text(o, f->type);
    th_out_text(o, "\n");
}

/* Goes to the next thing of the family's scope.  False: there is none. */
static bool next_thing(const struct family *f, struct thimble_status_cursor *c)
{
    struct thimble_lun_info info;
    struct thimble_session s;

    switch (f->scope) {
    case ENGINE:
        if (c->begun)
            return false;
        break;
    case TARGET:
        c->target += c->begun;
        if (!thimble_target_name(c->source->engine, c->target))
            return false;
        break;
    case UNIT:
    case FLOW:
        if (c->begun && c->part == 0 && c->event == 0 && f->scope == UNIT)
            c->lun++;
        if (c->begun && f->scope == FLOW && c->event == 0 && ++c->part == 2) {
            c->part = 0;
            c->lun++;
        }
        if (!th_unit_at(c, &info))
            return false;
        break;
    case SESSION:
        if (!thimble_session_next(c->source->engine, &c->session, &s))
            return false;
        break;
    }
    c->begun = true;
    return true;
}

void th_metrics_piece(struct thimble_status_cursor *c, struct th_out *o)
{
    while (c->step < 2 * N_FAMILIES && o->len == 0) {
        const struct family *f = &families[c->step / 2];
        if (c->step % 2 == 0) {
            family_head(f, o);
            *c = (struct thimble_status_cursor){ .source = c->source, .document = c->document,
                                                 .step = (uint8_t)(c->step + 1) };
        } else if (next_thing(f, c)) {
            f->samples(f, c, o);
        } else {
            c->step++;
        }
    }
}

#else

/* ISO C wants something in every file. */
typedef int th_metrics_need_counters;

#endif
