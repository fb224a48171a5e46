/* SPDX-License-Identifier: MIT
 *
 * stats.c: the counters of thimble_stats.h: counting, and reading them.
 *
 * Layer 5.  Counting is called from where things happen: a PDU comes or goes (receive.c, send.c), a command
 * starts or gets its status (task.c, send.c), an event is told (thimble.c).  Nothing here decides anything.
 */
#include <string.h>

#include "engine.h"

/* ISO C wants something in every file. */
typedef int th_stats_are_an_option;

#if THIMBLE_STATS

/* ------------------------------------------------------------------------------------
 * Commands
 */
static uint32_t now_us(const struct thimble *e)
{
    const struct thimble_config *config = &e->config;
    return config->now_us ? config->now_us(config->ctx) : e->now_ms * 1000;
}

void th_count_start(struct th_task *t)
{
    t->flow = FLOW_OTHER;
    t->start_us = now_us(t->conn->engine);
    t->conn->stats.commands++;
}

static unsigned bucket_of(uint32_t us)
{
    unsigned i = 0;

    for (; us >= 2 && i < THIMBLE_LATENCY_BUCKETS - 1; us >>= 1)
        i++;
    return i;
}

static void count_flow(struct thimble_flow_stats *flow, const struct th_task *t)
{
    uint32_t us = now_us(t->conn->engine) - t->start_us;

    flow->commands++;
    flow->bytes += t->total;
    flow->busy_us += us;
    flow->latency[bucket_of(us)]++;
}

/* t has its status, and is about to be freed. */
void th_count_end(const struct th_task *t)
{
    struct th_lu *lu = t->cmd.lu;

    t->conn->stats.responses++;
    if (!lu)
        return;
    struct thimble_lun_stats *s = &lu->stats;
    switch (t->cmd.status) {
    case TH_STATUS_CHECK_CONDITION:
        s->errors[t->cmd.sense >> 16 & 0xf]++;
        break;
    case TH_STATUS_RESERVATION_CONFLICT:
        s->conflicts++;
        break;
    case TH_STATUS_BUSY:
    case TH_STATUS_TASK_SET_FULL:
        s->refused++;
        break;
    case TH_STATUS_TASK_ABORTED:
        break;
    default:
        if (t->flow == FLOW_READ)
            count_flow(&s->read, t);
        else if (t->flow == FLOW_WRITE)
            count_flow(&s->write, t);
        else
            s->other++;
        break;
    }
}

/* ------------------------------------------------------------------------------------
 * Events
 */

/* Under which of RFC 7147's headings a refused login falls. */
static enum thimble_login_fault fault_of(enum thimble_reason reason)
{
    switch (reason) {
    case THIMBLE_REASON_TARGET_UNKNOWN:
        return THIMBLE_LOGIN_FAULT_NOT_FOUND;
    case THIMBLE_REASON_NOT_ALLOWED:
        return THIMBLE_LOGIN_FAULT_AUTHORIZE;
    case THIMBLE_REASON_AUTH_NEEDED:
    case THIMBLE_REASON_AUTH_FAILED:
    case THIMBLE_REASON_AUTH_REFLECTION:
    case THIMBLE_REASON_AUTH_PROTOCOL:
        return THIMBLE_LOGIN_FAULT_AUTHENTICATE;
    case THIMBLE_REASON_KEY_REPEATED:
    case THIMBLE_REASON_KEY_VALUE:
    case THIMBLE_REASON_SESSION_TYPE:
        return THIMBLE_LOGIN_FAULT_NEGOTIATE;
    default:
        return THIMBLE_LOGIN_FAULT_OTHER;
    }
}

static void count_reason(struct thimble *e, struct thimble_conn *c, enum thimble_reason reason)
{
    struct thimble_stats *s = &e->store.stats;

    s->reasons[reason]++;
    switch (reason) {
    case THIMBLE_REASON_HEADER_DIGEST:
    case THIMBLE_REASON_DATA_DIGEST:
        s->digest_errors++;
        c->stats.digest_errors++;
        break;
    case THIMBLE_REASON_NOT_LOGIN:
    case THIMBLE_REASON_TEXT_MALFORMED:
    case THIMBLE_REASON_DATA_TOO_LONG:
    case THIMBLE_REASON_AHS_TOO_LONG:
    case THIMBLE_REASON_OPCODE:
    case THIMBLE_REASON_FIELD:
    case THIMBLE_REASON_CMD_SN:
    case THIMBLE_REASON_DATA_SN:
        s->format_errors++;
        break;
    case THIMBLE_REASON_LOGIN_TIMEOUT:
    case THIMBLE_REASON_DATA_TIMEOUT:
    case THIMBLE_REASON_NOP_TIMEOUT:
    case THIMBLE_REASON_SEND_TIMEOUT:
    case THIMBLE_REASON_LOGOUT_TIMEOUT:
        s->timeouts++;
        break;
    default:
        break;
    }
}

static void count_refused(struct thimble *e, struct thimble_target_stats *t,
                          enum thimble_reason reason)
{
    enum thimble_login_fault fault = fault_of(reason);

    e->store.stats.faults[fault]++;
    if (!t)
        return;
    t->faults[fault]++;
    t->fault = (uint8_t)fault;
    t->fault_ms = e->now_ms;
}

static void keep(struct thimble *e, const struct thimble_event *event, int target)
{
    struct thimble_kept_event *k = &e->store.kept[e->store.n_events % THIMBLE_EVENTS_KEPT];
    size_t len = strlen(event->initiator);
    size_t cut = len < sizeof k->initiator ? 0 : len - (sizeof k->initiator - 1);

    k->number = e->store.n_events++;
    k->at_ms = e->now_ms;
    k->detail = event->detail;
    k->kind = (uint8_t)event->kind;
    k->reason = (uint8_t)event->reason;
    k->target = (int16_t)target;
    memcpy(k->initiator, event->initiator + cut, len - cut + 1);
}

/* node: the target that the event is about, or NULL. */
void th_count_event(struct thimble_conn *c, const struct thimble_event *event,
                    const struct th_node *node)
{
    struct thimble *e = c->engine;
    int target = node ? (int)(node - e->nodes) : -1;
    struct thimble_target_stats *t = node ? &e->target_stats[target] : NULL;

    e->store.stats.events[event->kind]++;
    if (event->reason != THIMBLE_REASON_NONE)
        count_reason(e, c, event->reason);
    keep(e, event, target);

    switch (event->kind) {
    case THIMBLE_EVENT_LOGIN:
        if (t)
            t->accepted++;
        break;
    case THIMBLE_EVENT_LOGIN_REFUSED:
        count_refused(e, t, event->reason);
        break;
    case THIMBLE_EVENT_LOGOUT:
        if (t)
            t->logouts++;
        break;
    case THIMBLE_EVENT_DROPPED:
    case THIMBLE_EVENT_REINSTATED:
        if (t && c->session)
            t->lost++;
        break;
    case THIMBLE_EVENT_REJECT:
    case THIMBLE_EVENT_TASK_MANAGEMENT:
    case THIMBLE_EVENT_DISK_ERROR:
        break;
    }
}

/* ------------------------------------------------------------------------------------
 * Reading
 */
static const struct th_lu *lu_of(const struct thimble *e, int target, uint16_t lun)
{
    if (target < 0 || target >= e->env.n_nodes || lun >= THIMBLE_LUNS_MAX)
        return NULL;
    return e->targets[target].lus[lun];
}

const struct thimble_lun_stats *thimble_lun_stats(const struct thimble *e, int target, uint16_t lun)
{
    const struct th_lu *lu = lu_of(e, target, lun);
    return lu ? &lu->stats : NULL;
}

bool thimble_lun_info(const struct thimble *e, int target, uint16_t lun,
                      struct thimble_lun_info *info)
{
    const struct th_lu *lu = lu_of(e, target, lun);

    if (!lu)
        return false;
    *info = (struct thimble_lun_info){
        .block = lu->block,
        .vendor = lu->vendor,
        .product = lu->product,
        .read_only = lu->read_only || !lu->block->write,
        .ready = !lu->ejected && (!lu->block->ready || lu->block->ready(lu->block) == THIMBLE_OK),
    };
    return true;
}

const char *thimble_target_name(const struct thimble *e, int target)
{
    return target >= 0 && target < e->env.n_nodes ? e->nodes[target].name : NULL;
}

const char *thimble_target_alias(const struct thimble *e, int target)
{
    return target >= 0 && target < e->env.n_nodes ? e->nodes[target].alias : NULL;
}

const struct thimble_target_stats *thimble_target_stats(const struct thimble *e, int target)
{
    return target >= 0 && target < e->env.n_nodes ? &e->target_stats[target] : NULL;
}

bool thimble_session_next(const struct thimble *e, unsigned *cursor, struct thimble_session *s)
{
    while (*cursor < e->n_conns) {
        const struct thimble_conn *c = &e->conns[(*cursor)++];
        const struct th_params *p = &c->params;
        if (c->state != CONN_FULL)
            continue;
        *s = (struct thimble_session){
            .initiator = c->peer.name,
            .target = c->session ? (int)(c->node - e->nodes) : -1,
            .tsih = c->peer.tsih,
            .cid = c->peer.cid,
            .port_conn = c->port_conn,
            .portal_group_tag = c->session ? th_tag_of(&c->nexus) : 0,
            .age_ms = e->now_ms - c->opened_ms,
            .queued = (uint16_t)(c->used - c->n_parked),
            .queue_depth = c->window,
            .max_send_bytes = p->max_send_bytes,
            .max_burst_bytes = p->max_burst_bytes,
            .first_burst_bytes = p->first_burst_bytes,
            .max_outstanding_r2t = p->max_outstanding_r2t,
            .header_digest = p->header_digest,
            .data_digest = p->data_digest,
            .initial_r2t = p->initial_r2t,
            .immediate_data = p->immediate_data,
            .protocol_level = p->protocol_level,
            .response_fence = p->task_reporting == TH_REPORTING_RESPONSE_FENCE,
            .stats = c->stats,
        };
        memcpy(s->isid, c->peer.isid, sizeof s->isid);
        return true;
    }
    return false;
}

const struct thimble_stats *thimble_stats(const struct thimble *e)
{
    return &e->store.stats;
}

const struct thimble_config *thimble_configuration(const struct thimble *e)
{
    return &e->config;
}

unsigned thimble_connections(const struct thimble *e)
{
    return e->n_open;
}

uint32_t thimble_event_count(const struct thimble *e)
{
    return e->store.n_events;
}

const struct thimble_kept_event *thimble_event_kept(const struct thimble *e, uint32_t number)
{
    uint32_t back = e->store.n_events - number;

    if (back == 0 || back > THIMBLE_EVENTS_KEPT || back > e->store.n_events)
        return NULL;
    return &e->store.kept[number % THIMBLE_EVENTS_KEPT];
}

#endif
