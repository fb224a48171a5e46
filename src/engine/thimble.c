/* SPDX-License-Identifier: MIT
 *
 * thimble.c: the engine: its memory, targets, connections, sessions and time.
 *
 * Layer 5: most of the entry points of thimble.h.  RFC 7143 4.4.3 and 6.3 (sessions and their reinstatement).
 */
#include <string.h>

#include "engine.h"

/* A task in each connection for a request that is not immediate, before it has a session (a discovery session has no
 * more), and the immediate ones. */
#define TASKS_OF_CONN (TH_TASKS_IMMEDIATE + 1)

#define TH_SCRATCH_BYTES 4096           /* the largest block */

_Static_assert(sizeof(struct thimble_conn) <= THIMBLE_CONN_BYTES, "THIMBLE_CONN_BYTES");
_Static_assert(sizeof(struct th_registration) <= THIMBLE_REGISTRATION_BYTES, "THIMBLE_REGISTRATION_BYTES");
_Static_assert(TH_INITIATOR_NAME_MAX == TH_NAME_MAX, "a name of iSCSI is one of SCSI");
_Static_assert(sizeof(struct th_task) <= THIMBLE_TASK_BYTES, "THIMBLE_TASK_BYTES");
_Static_assert(sizeof(struct th_lu) <= THIMBLE_LUN_BYTES, "THIMBLE_LUN_BYTES");

/* ------------------------------------------------------------------------------------
 * Configuration and memory
 */
static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

static void fill_in(struct thimble_config *c)
{
    c->n_connections = (uint16_t)or_default(c->n_connections, 4);
    c->n_sessions = (uint16_t)or_default(c->n_sessions, or_default(c->n_connections / 2, 1));
    c->queue_depth = (uint16_t)or_default(c->queue_depth, 8);
    c->n_buffers = (uint16_t)or_default(c->n_buffers, 4);
    c->buffer_bytes = or_default(c->buffer_bytes, 8192);
    c->n_parameter_buffers = (uint16_t)or_default(c->n_parameter_buffers, 1);
    c->parameter_bytes = or_default(c->parameter_bytes, 4096);
    c->n_logins = (uint16_t)or_default(c->n_logins, 1);
    c->n_targets = (uint16_t)or_default(c->n_targets, 1);
    c->n_luns = (uint16_t)or_default(c->n_luns, 1);
    c->n_registrations = (uint16_t)or_default(c->n_registrations, 8);
    c->max_burst_bytes = or_default(c->max_burst_bytes, 262144);
    c->first_burst_bytes = or_default(c->first_burst_bytes, 65536);
    c->max_outstanding_r2t = (uint8_t)or_default(c->max_outstanding_r2t, 1);
    c->login_timeout_ms = or_default(c->login_timeout_ms, 15000);
    c->logout_timeout_ms = or_default(c->logout_timeout_ms, 5000);
    c->data_out_timeout_ms = or_default(c->data_out_timeout_ms, 30000);
    c->nop_interval_ms = or_default(c->nop_interval_ms, 30000);
    c->nop_timeout_ms = or_default(c->nop_timeout_ms, 30000);
    c->send_timeout_ms = or_default(c->send_timeout_ms, 60000);
}

static bool in_range(uint32_t value, uint32_t low, uint32_t high)
{
    return value >= low && value <= high;
}

static uint32_t count_tasks(const struct thimble_config *c)
{
    return (uint32_t)c->n_connections * TASKS_OF_CONN + (uint32_t)c->n_sessions * c->queue_depth;
}

static bool groups_ok(const struct thimble_config *c)
{
#if THIMBLE_PORT_GROUPS > 1
    if (c->n_portal_groups == 0)
        return true;
    if (c->n_portal_groups > THIMBLE_PORT_GROUPS || !c->portal_groups || (c->n_portal_groups > 1 && !c->portal_group))
        return false;
    for (unsigned i = 0; i < c->n_portal_groups; i++) {
        if (c->portal_groups[i] == 0)
            return false;
        for (unsigned k = 0; k < i; k++)
            if (c->portal_groups[k] == c->portal_groups[i])
                return false;
    }
#endif
    (void)c;
    return true;
}

static bool config_ok(const struct thimble_config *c)
{
    return groups_ok(c) && in_range(c->n_sessions, 1, c->n_connections) && in_range(c->queue_depth, 1, 1024) &&
           in_range(c->n_buffers, 2, 4096) && c->buffer_bytes % 4096 == 0 &&
           in_range(c->buffer_bytes, 4096, (1u << 24) - 4096) &&
           (!THIMBLE_PARAMETER_LISTS || (in_range(c->n_parameter_buffers, 1, 64) &&
                                         in_range(c->parameter_bytes, 4096, 1u << 20))) &&
           in_range(c->n_targets, 1, 255) &&
           in_range(c->max_burst_bytes, 512, (1u << 24) - 1) &&
           in_range(c->first_burst_bytes, 512, c->max_burst_bytes) &&
           count_tasks(c) <= 65536;     /* a target transfer tag has 16 bits of it */
}

/* Places of all parts, in order, in one piece of memory. */
struct plan {
    uint8_t *base;                      /* NULL: only add up */
    size_t   used;
};

static void *carve_aligned(struct plan *p, size_t size, size_t count, size_t align)
{
    size_t at = (p->used + align - 1) & ~(align - 1);

    p->used = at + size * count;
    return p->base ? p->base + at : NULL;
}

static void *carve(struct plan *p, size_t size, size_t count)
{
    return carve_aligned(p, size, count, 16);
}

/* What a disk is handed. */
static void *carve_data(struct plan *p, size_t size, size_t count)
{
    return carve_aligned(p, size, count, THIMBLE_BUFFER_ALIGN);
}

/* Plans memory for e, and when there is memory, builds it there.  Returns it then, else NULL. */
static struct thimble *lay_out(struct plan *p, const struct thimble_config *c)
{
    struct thimble *e = carve(p, sizeof *e, 1);
    struct th_node *nodes = carve(p, sizeof *nodes, c->n_targets);
    struct th_scsi_target *targets = carve(p, sizeof *targets, c->n_targets);
    struct th_lu *lus = carve(p, sizeof *lus, c->n_luns);
    struct th_registration *registrations =
        carve(p, sizeof *registrations, THIMBLE_SCSI_PERSISTENT_RESERVE ? c->n_registrations : 0);
#if THIMBLE_STATS
    struct thimble_target_stats *target_stats = carve(p, sizeof *target_stats, c->n_targets);
#endif
#if THIMBLE_SCSI_THIRD_PARTY
    struct th_copies *copies = carve(p, sizeof *copies, 1);
#endif
    struct th_buf *bufs = carve(p, sizeof *bufs, c->n_buffers);
    uint8_t *logins_used = carve(p, 1, c->n_logins);
    uint8_t *sessions_used = carve(p, 1, c->n_sessions);
    size_t to_clear = p->used;          /* the rest is cleared when it comes into use */
    struct thimble_conn *conns = carve(p, sizeof *conns, c->n_connections);
    struct th_task *tasks = carve(p, sizeof *tasks, count_tasks(c));
    struct th_negotiation *logins = carve(p, sizeof *logins, c->n_logins);
    uint8_t *params = carve_data(p, THIMBLE_PARAMETER_LISTS ? c->parameter_bytes : 0, c->n_parameter_buffers);
    uint8_t *scratch = carve_data(p, TH_SCRATCH_BYTES, 1);
    uint8_t *data = carve_data(p, c->buffer_bytes, c->n_buffers);

    if (!p->base)
        return NULL;
    memset(p->base, 0, to_clear);
    e->nodes = nodes;
    e->targets = targets;
    e->lus = lus;
#if THIMBLE_STATS
    e->target_stats = target_stats;
    e->store.stats.buffers_low = c->n_buffers;
#endif
#if THIMBLE_SCSI_THIRD_PARTY
    e->copies = copies;
    copies->crypto = c->crypto;
#endif
    e->conns = conns;
    e->tasks = tasks;
    e->bufs = bufs;
    e->logins = logins;
    e->logins_used = logins_used;
    e->sessions_used = sessions_used;
    e->params = params;
    e->scratch.mem = scratch;
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    th_scsi_registry_init(&e->registry, registrations, c->n_registrations,
                          th_min32(c->buffer_bytes, c->parameter_bytes));
#else
    (void)registrations;
#endif
    for (unsigned i = c->n_buffers; i-- > 0;) {
        bufs[i].mem = data + (size_t)c->buffer_bytes * i;
        th_buf_give(e, &bufs[i]);
    }
    return e;
}

size_t thimble_memory_bytes(const struct thimble_config *config)
{
    struct thimble_config c = *config;
    struct plan p = { NULL, 0 };

    fill_in(&c);
    if (!config_ok(&c))
        return 0;
    lay_out(&p, &c);
    return p.used;
}

static bool secret_ok(const struct thimble_chap_user *u)
{
    return u->name && u->name[0] && u->secret && u->secret_len >= THIMBLE_CHAP_SECRET_MIN &&
           u->secret_len <= THIMBLE_CHAP_SECRET_MAX;
}

static bool same_secret(const struct thimble_chap_user *a, const struct thimble_chap_user *b)
{
    return a->secret_len == b->secret_len && memcmp(a->secret, b->secret, a->secret_len) == 0;
}

static int check_chap(const struct thimble *e, const struct thimble_chap *chap)
{
    if (!chap)
        return THIMBLE_OK;
    if (!THIMBLE_CHAP || !e->config.crypto || chap->n_users == 0)
        return THIMBLE_ERR_ARGUMENT;
    if (chap->outgoing && !secret_ok(chap->outgoing))
        return THIMBLE_ERR_SECRET;
    for (size_t i = 0; i < chap->n_users; i++) {
        if (!secret_ok(&chap->users[i]))
            return THIMBLE_ERR_SECRET;
        if (chap->outgoing && same_secret(&chap->users[i], chap->outgoing))
            return THIMBLE_ERR_SECRET;  /* RFC 7143 9.2.1: never the same both ways */
    }
    return THIMBLE_OK;
}

int thimble_init(struct thimble **engine, void *mem, size_t mem_bytes,
                 const struct thimble_config *config)
{
    size_t need = thimble_memory_bytes(config);
    struct plan p = { mem, 0 };

    if (need == 0 || !config->wake || !config->portal)
        return THIMBLE_ERR_ARGUMENT;
    if (THIMBLE_BUFFER_ALIGN > 16 && (uintptr_t)mem % THIMBLE_BUFFER_ALIGN != 0)
        return THIMBLE_ERR_ARGUMENT;
    if (mem_bytes < need)
        return THIMBLE_ERR_NO_MEMORY;

    struct thimble_config c = *config;
    fill_in(&c);
    struct thimble *e = lay_out(&p, &c);
    e->config = c;
    e->env.config = &e->config;
    e->env.nodes = e->nodes;
    e->env.max_recv_bytes = c.buffer_bytes;
    e->env.admit = th_admit;
    *engine = e;
    return check_chap(e, c.discovery_chap);
}

/* ------------------------------------------------------------------------------------
 * Targets and logical units
 */

/* RFC 7143 4.2.7: "iqn.", "eui." or "naa.", then letters, digits, '-', '.' and ':' (bytes over 127 are UTF-8 that
 * was prepared by whoever wrote the name). */
static bool name_ok(const char *name)
{
    size_t len = name ? strlen(name) : 0;

    if (len < 5 || len > TH_NAME_MAX)
        return false;
    if (memcmp(name, "iqn.", 4) != 0 && memcmp(name, "eui.", 4) != 0 && memcmp(name, "naa.", 4) != 0)
        return false;
    for (const uint8_t *p = (const uint8_t *)name; *p; p++) {
        bool fine = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' ||
                    *p == '.' || *p == ':' || *p > 127;
        if (!fine && !(memcmp(name, "iqn.", 4) != 0 && *p >= 'A' && *p <= 'F'))
            return false;
    }
    return true;
}

#if THIMBLE_WORK
static uint8_t *take_param(void *owner)
{
    return th_param_take(owner);
}

static void give_param(void *owner, uint8_t *param)
{
    th_param_give(owner, param);
}
#endif

int thimble_target_add(struct thimble *e, const struct thimble_target_config *config)
{
    unsigned index = e->env.n_nodes;

    if (!name_ok(config->name))
        return THIMBLE_ERR_NAME;
    for (unsigned i = 0; i < index; i++)
        if (strcmp(e->nodes[i].name, config->name) == 0)
            return THIMBLE_ERR_NAME;
    if (config->alias && strlen(config->alias) > 255)
        return THIMBLE_ERR_ARGUMENT;
    int err = check_chap(e, config->chap);
    if (err != THIMBLE_OK)
        return err;
    if (index == e->config.n_targets)
        return THIMBLE_ERR_FULL;

    struct th_node *node = &e->nodes[index];
    node->name = config->name;
    node->alias = config->alias;
    node->portal_group_tag = config->portal_group_tag ? config->portal_group_tag : 1;
    node->chap = config->chap;
    node->allowed = config->allowed;
    node->n_allowed = config->n_allowed;
    e->targets[index].name = config->name;
#if THIMBLE_PORT_GROUPS > 1
    e->targets[index].n_ports = e->config.n_portal_groups;
    e->targets[index].port_tags = e->config.portal_groups;
#endif
#if THIMBLE_SCSI_VPD
    e->targets[index].status_url = e->config.status_url;
#endif
#if THIMBLE_WORK
    e->targets[index].take_param = take_param;
    e->targets[index].give_param = give_param;
    e->targets[index].owner = e;
#endif
    e->targets[index].portal_group_tag = node->portal_group_tag;
#if THIMBLE_SCSI_THIRD_PARTY
    e->targets[index].copies = e->copies;
#endif
    e->env.n_nodes++;
    return (int)index;
}

static bool is_cdrom(const struct thimble_lun_config *config)
{
    return THIMBLE_SCSI_CDROM && config->type == THIMBLE_DEVICE_CDROM;
}

#if THIMBLE_LUN_MASKS
/* The view that an initiator has of a unit; NULL: none. */
static const struct thimble_lun_view *view_of(const struct th_lu *lu, const char *initiator,
                                              struct thimble_lun_view *plain)
{
    const struct thimble_lun_view *others = NULL;

    if (!lu->views) {
        *plain = (struct thimble_lun_view){ .lun = lu->lun };
        return plain;
    }
    for (size_t i = 0; i < lu->n_views; i++) {
        const struct thimble_lun_view *v = &lu->views[i];
        if (v->initiator && th_name_equal(v->initiator, initiator))
            return v;
        if (!v->initiator && !others)
            others = v;
    }
    return others;
}

/* Shows the unit to a session as its initiator is to see it. */
static void show(struct th_nexus *n, const struct th_lu *lu, const char *initiator)
{
    struct thimble_lun_view plain;
    const struct thimble_lun_view *v = view_of(lu, initiator, &plain);

    if (v)
        th_scsi_show(n, lu, v->lun, v->read_only);
}

static bool views_ok(const struct thimble_lun_config *config)
{
    for (size_t i = 0; config->views && i < config->n_views; i++)
        if (config->views[i].lun >= THIMBLE_LUNS_MAX)
            return false;
    return true;
}

static bool share_lun_for(const struct th_lu *a, const struct th_lu *b, const char *initiator)
{
    struct thimble_lun_view plain[2];
    const struct thimble_lun_view *v = view_of(a, initiator, &plain[0]), *w = view_of(b, initiator, &plain[1]);

    return v && w && v->lun == w->lun;
}

/* Whether somebody whom a names would reach both units by one LUN. */
static bool clash_for_those_of(const struct th_lu *a, const struct th_lu *b)
{
    for (size_t i = 0; a->views && i < a->n_views; i++)
        if (a->views[i].initiator && share_lun_for(a, b, a->views[i].initiator))
            return true;
    return false;
}

static bool clashes(const struct thimble *e, const struct th_lu *lu)
{
    for (const struct th_lu *o = e->lus; o < e->lus + e->n_lus; o++)
        if (o->target == lu->target && (share_lun_for(lu, o, "") ||     /* nobody's name: the others */
                                        clash_for_those_of(lu, o) || clash_for_those_of(o, lu)))
            return true;
    return false;
}

/* A session sees what its initiator is to see of its target. */
static void show_units(struct thimble_conn *c)
{
    const struct thimble *e = c->engine;

    th_scsi_hide_all(&c->nexus);
    for (unsigned i = 0; i < e->n_lus; i++)
        if (e->lus[i].target == c->nexus.target)
            show(&c->nexus, &e->lus[i], c->peer.name);
}
#endif

/* A unit was added while this session is there. */
static void show_new(struct th_nexus *n, const struct th_lu *lu, const char *initiator)
{
#if THIMBLE_LUN_MASKS
    show(n, lu, initiator);
#endif
    (void)initiator;
    if (th_scsi_lun_of(n, lu) < 0)
        return;
    for (unsigned i = 0; i < THIMBLE_LUNS_MAX; i++)
        if (n->target->lus[i])          /* attentions of hidden ones are never taken */
            n->ua[i] |= 1u << TH_UA_LUNS_CHANGED;
}

/* Parameter buffers are where records are made, and so where they are taken apart. */
static int restore(struct thimble *e, struct th_lu *lu)
{
    uint8_t *buf = th_param_take(e);

    if (!buf)
        return THIMBLE_ERR_FULL;        /* all are in use now */
    int err = th_scsi_lu_restore(lu, buf, e->config.parameter_bytes);
    th_param_give(e, buf);
    return err;
}

int thimble_lun_add(struct thimble *e, int target, const struct thimble_lun_config *config)
{
    const struct thimble_block *block = config->block;

    if (target < 0 || target >= e->env.n_nodes || config->lun >= THIMBLE_LUNS_MAX)
        return THIMBLE_ERR_ARGUMENT;
    if (!block || !block->read || block->size_blocks == 0 || block->block_shift < 9 ||
        block->block_shift > 12 || block->physical_shift > 7)
        return THIMBLE_ERR_ARGUMENT;
    if (config->type != THIMBLE_DEVICE_DISK && !(is_cdrom(config) && block->block_shift == 11))
        return THIMBLE_ERR_ARGUMENT;
#if THIMBLE_LUN_MASKS
    if (!views_ok(config))
        return THIMBLE_ERR_ARGUMENT;
#else
    if (config->views)
        return THIMBLE_ERR_ARGUMENT;    /* must not be seen by all */
#endif
    struct th_scsi_target *t = &e->targets[target];
    if (e->n_lus == e->config.n_luns || t->lus[config->lun])
        return THIMBLE_ERR_FULL;

    struct th_lu *lu = &e->lus[e->n_lus];
    if (THIMBLE_STORE || THIMBLE_LUN_MASKS)     /* another one may have been refused below */
        memset(lu, 0, sizeof *lu);
    lu->block = config->block;
    lu->store = THIMBLE_STORE ? config->store : NULL;
    lu->target = t;
    lu->before = e->n_lus ? lu - 1 : NULL;
    lu->vendor = config->vendor ? config->vendor : "THIMBLE";
    lu->product = config->product ? config->product : is_cdrom(config) ? "CD-ROM" : "DISK";
    lu->revision = config->revision ? config->revision : "0.1";
    lu->lun = config->lun;
    lu->read_only = config->read_only || is_cdrom(config);
    lu->type = (uint8_t)config->type;
    lu->views = config->views;
    lu->n_views = config->n_views;
    lu->param_bytes = e->config.parameter_bytes;
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    lu->persistent.registry = &e->registry;
#endif
#if THIMBLE_LUN_MASKS
    if (clashes(e, lu))
        return THIMBLE_ERR_FULL;
#endif
    int err = THIMBLE_STORE && lu->store ? restore(e, lu) : THIMBLE_OK;
    if (err < 0)
        return err;
    e->n_lus++;
    t->lus[config->lun] = lu;
    for (unsigned i = 0; i < e->n_conns; i++)
        if (e->conns[i].nexus.target == t)
            show_new(&e->conns[i].nexus, lu, e->conns[i].peer.name);
    return THIMBLE_OK;
}

/* ------------------------------------------------------------------------------------
 * Telling the port
 */
void th_conn_wake(struct thimble_conn *c)
{
    if (c->state != CONN_FREE && c->state != CONN_GONE)
        c->engine->config.wake(c->engine->config.ctx, c, c->port_conn);
}

void th_event(struct thimble_conn *c, enum thimble_event_kind kind, enum thimble_reason reason,
              uint32_t detail)
{
    const struct thimble_config *config = &c->engine->config;
    bool in_login = c->text && c->state <= CONN_LEAVING && kind == THIMBLE_EVENT_LOGIN_REFUSED;
    const struct th_node *node = in_login ? c->text->node : c->node;

    if (!THIMBLE_STATS && !config->event)
        return;
    struct thimble_event event = {
        .kind = kind,
        .reason = reason,
        .detail = detail,
        .initiator = c->peer.name,
        .target = node ? node->name : "",
        .key = in_login ? c->text->why_key : "",
        .port_conn = c->port_conn,
    };
    th_count_event(c, &event, node);
    if (config->event)
        config->event(config->ctx, &event);
}

void thimble_lun_changed(struct thimble *e, int target, uint16_t lun, enum thimble_lun_change what)
{
    if (target < 0 || target >= e->env.n_nodes || lun >= THIMBLE_LUNS_MAX)
        return;
    struct th_lu *lu = e->targets[target].lus[lun];
    if (!lu)
        return;

    enum th_ua ua = what == THIMBLE_LUN_RESIZED ? TH_UA_CAPACITY_CHANGED : TH_UA_MEDIUM_CHANGED;
    if (what == THIMBLE_LUN_RESIZED)
        th_scsi_lu_resized(lu);
    else
        th_scsi_medium_changed(lu, NULL);
    for (unsigned i = 0; i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        for (struct th_task *t = what == THIMBLE_LUN_RESIZED ? NULL : c->tasks; t; t = t->next_active)
            if (t->kind == TASK_COMMAND)
                th_scsi_lose_medium(&t->cmd, lu);
        if (c->state == CONN_FULL && c->session && c->nexus.target == lu->target &&
            th_scsi_lun_of(&c->nexus, lu) >= 0) {
            c->async_due |= 1u << TH_ASYNC_SCSI;
            c->async_lun = (uint8_t)th_scsi_lun_of(&c->nexus, lu);
            c->async_sense = (uint8_t)ua;
            th_conn_wake(c);
        }
    }
}

#if THIMBLE_SCSI_ALUA
int thimble_lun_access(struct thimble *e, int target, uint16_t lun, uint16_t tag, enum thimble_access state)
{
    static const uint16_t states = 0x0f | 1u << THIMBLE_ACCESS_OFFLINE | 1u << THIMBLE_ACCESS_TRANSITIONING;

    if (target < 0 || target >= e->env.n_nodes || lun >= THIMBLE_LUNS_MAX || (unsigned)state > 15 || !(states >> state & 1))
        return THIMBLE_ERR_ARGUMENT;
    struct th_lu *lu = e->targets[target].lus[lun];
    int port = th_port_by_tag(&e->targets[target], tag);
    if (!lu || port < 0)
        return THIMBLE_ERR_ARGUMENT;
    th_scsi_access(lu, (unsigned)port, state, NULL);
    return THIMBLE_OK;
}
#endif

/* All normal sessions are told; those of discovery should not be (7.4.3). */
static void tell_sessions(struct thimble *e, enum th_async event)
{
    for (unsigned i = 0; i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        if (c->state == CONN_FULL && c->session) {
            c->async_due |= (uint8_t)(1u << event);
            th_conn_wake(c);
        }
    }
}

void thimble_request_parameters(struct thimble *e)
{
    tell_sessions(e, TH_ASYNC_PARAMETERS);
}

/* ------------------------------------------------------------------------------------
 * Connections come and go
 */
static void give_tasks(struct thimble_conn *c, uint32_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct th_task *t = &c->engine->tasks[first + i];
        memset(t, 0, sizeof *t);
        t->next_active = c->free_tasks;
        c->free_tasks = t;
    }
}

static uint32_t first_of_session(const struct thimble_conn *c)
{
    const struct thimble_config *config = &c->engine->config;
    return (uint32_t)config->n_connections * TASKS_OF_CONN +
           (uint32_t)(c->session - 1) * config->queue_depth;
}

/* True if task number `index` is one of c's. */
bool th_task_is_of(const struct thimble_conn *c, uint32_t index)
{
    uint32_t first = (uint32_t)(c - c->engine->conns) * TASKS_OF_CONN;

    if (index - first < TASKS_OF_CONN)
        return true;
    return c->session && index - first_of_session(c) < c->engine->config.queue_depth;
}

/* The login that has been at it for longest, of those older than min_age_ms. */
static struct thimble_conn *oldest_login(struct thimble *e, uint32_t min_age_ms, bool with_text)
{
    struct thimble_conn *oldest = NULL;
    uint32_t age = min_age_ms;

    for (unsigned i = 0; i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        bool unfinished = c->state == CONN_LOGIN || (with_text && c->state == CONN_FULL);
        if (!unfinished || (with_text && !c->text))
            continue;
        uint32_t its_age = e->now_ms - (c->state == CONN_LOGIN ? c->timer_ms : c->exchange_ms);
        if (its_age >= age) {
            age = its_age;
            oldest = c;
        }
    }
    return oldest;
}

/* All places for exchanges are taken: one that has had a second of its own gives way. */
bool th_evict_exchange(struct thimble_conn *by)
{
    struct thimble_conn *c = oldest_login(by->engine, 1000, true);

    if (!c || c == by)
        return false;
    th_conn_fail(c, THIMBLE_REASON_LOGIN_EVICTED);
    return true;
}

/* The index of a connection that is free, or -1. */
static int free_conn(struct thimble *e)
{
    for (unsigned i = 0; i < e->n_conns; i++)
        if (e->conns[i].state == CONN_FREE)
            return (int)i;
    return e->n_conns < e->config.n_connections ? (int)e->n_conns++ : -1;
}

struct thimble_conn *thimble_conn_open(struct thimble *e, void *port_conn)
{
    int index = free_conn(e);

    if (index < 0) {
        struct thimble_conn *victim = oldest_login(e, 0, false);
        if (victim)
            th_conn_fail(victim, THIMBLE_REASON_LOGIN_EVICTED);
        return NULL;
    }

    struct thimble_conn *c = &e->conns[index];
    memset(c, 0, sizeof *c);
    c->engine = e;
    c->port_conn = port_conn;
    c->state = CONN_LOGIN;
    c->rx_state = RX_BHS;
    c->rx_crc = TH_CRC32C_INIT;
    c->stat_sn = 1;
    c->timer_ms = c->last_rx_ms = e->now_ms;
#if THIMBLE_STATS
    c->opened_ms = e->now_ms;
    e->store.stats.connections++;
#endif
    c->nexus.resume = th_command_resume;
#if THIMBLE_SCSI_THIRD_PARTY
    c->nexus.later = th_command_later;
#endif
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    c->nexus.initiator = c->peer.name;
    c->nexus.isid = c->peer.isid;
    c->nexus.abort_preempted = th_abort_preempted;
#endif
    c->window = 1;
    give_tasks(c, (uint32_t)(c - e->conns) * TASKS_OF_CONN, TASKS_OF_CONN);
    e->n_open++;
    return c;
}

/* The session's place is free when nothing of it is at a disk any more. */
static void session_end(struct thimble_conn *c)
{
    if (c->nexus.target) {
        th_scsi_nexus_end(&c->nexus);
        c->nexus.target = NULL;
    }
    if (c->session && !c->tasks) {
        c->engine->sessions_used[c->session - 1] = 0;
        c->session = 0;
        c->free_tasks = NULL;
    }
}

static void wake_waiting_logins(struct thimble *e)
{
    for (unsigned i = 0; i < e->n_conns; i++)
        if (e->conns[i].state == CONN_LOGIN && e->conns[i].login_done)
            th_conn_wake(&e->conns[i]);
}

/* Everything that c has under way ends; what is at a disk ends later. */
static void end_work(struct thimble_conn *c)
{
    c->rx_state = RX_CLOSED;
    c->async_due = 0;
    c->ping_due = c->logout_due = c->text_due = false;
    for (unsigned i = 0; i < c->slot_count; i++) {
        struct th_slot *s = &c->slots[(c->slot_first + i) % THIMBLE_TX_SLOTS];
        s->task = NULL;                 /* it is among c->tasks */
    }

    /* Nobody is told any more who waits for tasks of c, or of others, to end. */
    struct thimble *e = c->engine;
    for (const struct th_task *m = c->tasks; m; m = m->next_active)
        if (m->kind == TASK_MANAGE)
            for (unsigned i = 0; i < e->n_conns; i++)
                for (struct th_task *t = e->conns[i].tasks; t; t = t->next_active)
                    if (t->aborter == m)
                        t->aborter = NULL;
    for (struct th_task *t = c->tasks, *next; t; t = next) {
        next = t->next_active;
        th_task_abort(t, NULL);
        if (th_task_is_parked(t))       /* passed over: was marked as aborted before */
            th_task_free(t);
    }
    th_negotiation_give(c);
    if (c->stalled) {
        c->stalled = false;
        e->n_stalled--;
    }
    session_end(c);
}

/* The connection ends now, without another word.  The first cause is kept. */
void th_conn_fail(struct thimble_conn *c, enum thimble_reason why)
{
    if (c->state == CONN_FREE || c->state >= CONN_CLOSING)
        return;
    c->reason = (uint8_t)why;
    th_event(c, THIMBLE_EVENT_DROPPED, why, 0);
    c->state = CONN_CLOSING;
    end_work(c);
    th_conn_wake(c);
}

/* The connection ends when what is queued has been sent. */
void th_conn_leave(struct thimble_conn *c, enum thimble_reason why)
{
    if (c->state >= CONN_LEAVING)
        return;
    c->reason = (uint8_t)why;
    if (why != THIMBLE_REASON_NONE)     /* else it is a logout, which has an event of its own */
        th_event(c, THIMBLE_EVENT_DROPPED, why, 0);
    c->state = CONN_LEAVING;
    c->rx_state = RX_CLOSED;
    c->timer_ms = c->engine->now_ms;
    th_conn_wake(c);
}

/* The last task of a connection that the port has closed is gone. */
void th_conn_release(struct thimble_conn *c)
{
    struct thimble *e = c->engine;

    session_end(c);
    c->state = CONN_FREE;
    e->n_open--;
    wake_waiting_logins(e);
    th_wake_stalled(e);
}

void thimble_conn_close(struct thimble_conn *c)
{
    struct thimble *e = c->engine;

    if (c->state == CONN_LOGIN || c->state == CONN_FULL)
        th_event(c, THIMBLE_EVENT_DROPPED, THIMBLE_REASON_PEER_CLOSED, 0);
    c->state = CONN_CLOSING;
    c->text_sending = false;
    end_work(c);
    for (unsigned i = 0; i < c->slot_count; i++) {
        struct th_slot *s = &c->slots[(c->slot_first + i) % THIMBLE_TX_SLOTS];
        if (s->buf)
            th_buf_give(e, s->buf);
    }
    c->slot_count = 0;
    while (c->unacked) {
        struct th_buf *b = c->unacked;
        c->unacked = b->next;
        th_buf_give(e, b);
    }
    if (c->rx_buf) {
        th_buf_give(e, c->rx_buf);
        c->rx_buf = NULL;
    }
    c->state = CONN_GONE;
    if (!c->tasks)
        th_conn_release(c);
}

/* ------------------------------------------------------------------------------------
 * Sessions, RFC 7143 6.3
 */
static bool same_initiator_port(const struct thimble_conn *a, const struct thimble_conn *b)
{
    return memcmp(a->peer.isid, b->peer.isid, 6) == 0 && strcmp(a->peer.name, b->peer.name) == 0;
}

static bool same_target_port(const struct thimble_conn *a, const struct thimble_conn *b)
{
    return a->node == b->node && th_port_of(&a->nexus) == th_port_of(&b->nexus);
}

/* The session of the same initiator port (name and ISID) with this target by the same port of it, or NULL. */
static struct thimble_conn *session_of(const struct thimble_conn *c, const struct th_node *node)
{
    struct thimble *e = c->engine;

    for (unsigned i = 0; i < e->n_conns; i++) {
        struct thimble_conn *o = &e->conns[i];
        if (o != c && o->session && o->node == node && o->state != CONN_FREE &&
            th_port_of(&o->nexus) == th_port_of(&c->nexus) && same_initiator_port(o, c))
            return o;
    }
    return NULL;
}

/* The disk still works for a session that this login replaces: what it writes late must not come after what the new
 * session writes, so the login is answered when it is done. */
bool th_login_must_wait(const struct thimble_conn *c)
{
    struct thimble *e = c->engine;

    if (c->state != CONN_LOGIN || !c->login_done || !c->session)
        return false;
    for (unsigned i = 0; i < e->n_conns; i++) {
        const struct thimble_conn *o = &e->conns[i];
        if (o != c && o->state >= CONN_CLOSING && o->tasks && same_target_port(o, c) &&
            same_initiator_port(o, c))
            return true;
    }
    return false;
}

static uint16_t new_tsih(struct thimble *e)
{
    for (;;) {
        bool used = ++e->next_tsih == 0;
        for (unsigned i = 0; i < e->n_conns && !used; i++)
            used = e->conns[i].state != CONN_FREE && e->conns[i].peer.tsih == e->next_tsih;
        if (!used)
            return e->next_tsih;
    }
}

uint16_t th_admit(void *ctx, const struct th_node *node, const struct th_params *params,
                  enum thimble_reason *why)
{
    struct thimble_conn *c = ctx;
    struct thimble *e = c->engine;
    uint16_t tsih = c->peer.tsih;

    if (params->discovery) {
        if (tsih != 0) {
            *why = THIMBLE_REASON_SESSION_UNKNOWN;
            return TH_LOGIN_NO_SESSION;
        }
        c->peer.tsih = new_tsih(e);
        return TH_LOGIN_SUCCESS;
    }

#if THIMBLE_PORT_GROUPS > 1
    c->nexus.port = (uint8_t)th_portal_group(&e->config, c->port_conn, 0);
#endif
    struct thimble_conn *old = session_of(c, node);
    if (tsih != 0 && (!old || old->peer.tsih != tsih || old->state >= CONN_LEAVING)) {
        *why = THIMBLE_REASON_SESSION_UNKNOWN;
        return TH_LOGIN_NO_SESSION;
    }
    if (tsih != 0 && old->peer.cid != c->peer.cid) {
        *why = THIMBLE_REASON_CONNECTIONS;
        return TH_LOGIN_TOO_MANY_CONNECTIONS;
    }
    if (old && old->state < CONN_CLOSING) {
        th_event(old, THIMBLE_EVENT_REINSTATED, THIMBLE_REASON_NONE, 0);
        old->state = CONN_CLOSING;
        end_work(old);
        th_conn_wake(old);
    }

    unsigned slot = 0;
    while (slot < e->config.n_sessions && e->sessions_used[slot])
        slot++;
    if (slot == e->config.n_sessions) {
        *why = THIMBLE_REASON_NO_ROOM;
        return TH_LOGIN_OUT_OF_RESOURCES;
    }
    e->sessions_used[slot] = 1;
    c->session = (uint16_t)(slot + 1);
    c->window = e->config.queue_depth;
    give_tasks(c, first_of_session(c), e->config.queue_depth);
    c->node = node;
    if (tsih == 0)
        c->peer.tsih = new_tsih(e);
    th_scsi_nexus_begin(&c->nexus, &e->targets[node - e->nodes]);
#if THIMBLE_LUN_MASKS
    show_units(c);
#endif
    return TH_LOGIN_SUCCESS;
}

/* ------------------------------------------------------------------------------------
 * Time
 */

/* Whether `ms` have passed since `since`; if not, *next is lowered to what is left. */
static bool over(const struct thimble *e, uint32_t since, uint32_t ms, uint32_t *next)
{
    if (ms == THIMBLE_NEVER)
        return false;
    uint32_t passed = e->now_ms - since;
    if (passed >= ms)
        return true;
    *next = th_min32(*next, ms - passed);
    return false;
}

/* The peer has begun a PDU. */
static bool in_a_pdu(const struct thimble_conn *c)
{
    return c->rx_state != RX_CLOSED && (c->rx_state != RX_BHS || c->rx_got > 0);
}

/* The peer has data to send, for a command. */
static bool owes_data(const struct thimble_conn *c)
{
    for (const struct th_task *t = c->tasks; t; t = t->next_active)
        if (t->kind == TASK_COMMAND && !t->aborted && (t->unsolicited || t->r2t_open > 0))
            return true;
    return false;
}

/* The peer has put another immediate request before the data that its immediate ones wait for: it waits for itself. */
static bool blocks_itself(const struct thimble_conn *c)
{
    return THIMBLE_TASK_ATTRIBUTES && c->rx_state == RX_DISPATCH && c->n_immediate == TH_TASKS_IMMEDIATE && owes_data(c);
}

static void watch_silence(struct thimble_conn *c, uint32_t *next)
{
    const struct thimble_config *config = &c->engine->config;

    if (!over(c->engine, c->last_rx_ms, config->nop_interval_ms, next))
        return;
    if (!c->ping_out && !c->ping_due) {
        if (c->params.discovery)
            c->ping_out = c->ping_ever = true;  /* 7.4.3: no ping, but the time that one has */
        else
            c->ping_due = true;
        c->ping_ms = c->engine->now_ms;
        th_conn_wake(c);
    }
    if (c->ping_ever && over(c->engine, c->ping_ms, config->nop_timeout_ms, next))
        th_conn_fail(c, THIMBLE_REASON_NOP_TIMEOUT);
}

static void watch(struct thimble_conn *c, uint32_t *next)
{
    struct thimble *e = c->engine;
    const struct thimble_config *config = &e->config;

    if (c->heard) {
        c->heard = false;
        c->last_rx_ms = e->now_ms;
        c->ping_out = false;            /* whatever came, the peer lives */
        if (c->state == CONN_FULL && in_a_pdu(c))
            c->timer_ms = e->now_ms;
    }
    /* It is us who do not listen; but for requests ahead of their turn, and commands, which hold up others. */
    if (c->stalled && c->state == CONN_FULL && (!THIMBLE_OUT_OF_ORDER || c->n_parked == 0) &&
        !blocks_itself(c))
        c->last_rx_ms = c->timer_ms = e->now_ms;
    bool sending = c->slot_count > 0 || c->ack_seq != c->tx_seq;
    if (sending && over(e, c->send_ms, config->send_timeout_ms, next)) {
        th_conn_fail(c, THIMBLE_REASON_SEND_TIMEOUT);
        return;
    }

    switch ((enum th_conn_state)c->state) {
    case CONN_LOGIN:
        if (over(e, c->timer_ms, config->login_timeout_ms, next))
            th_conn_fail(c, THIMBLE_REASON_LOGIN_TIMEOUT);
        break;
    case CONN_FULL:
        if ((owes_data(c) || in_a_pdu(c)) && over(e, c->timer_ms, config->data_out_timeout_ms, next))
            th_conn_fail(c, THIMBLE_REASON_DATA_TIMEOUT);
        else
            watch_silence(c, next);
        break;
    case CONN_LEAVING:
        if (over(e, c->timer_ms, config->logout_timeout_ms, next))
            th_conn_fail(c, THIMBLE_REASON_LOGOUT_TIMEOUT);
        break;
    case CONN_FREE:
    case CONN_CLOSING:
    case CONN_GONE:
        break;
    }
}

static void end_of_grace(struct thimble *e)
{
    for (unsigned i = 0; i < e->n_conns; i++) {
        struct thimble_conn *c = &e->conns[i];
        if (c->state == CONN_LOGIN) {
            th_conn_fail(c, THIMBLE_REASON_SHUTDOWN);
        } else if (c->state == CONN_FULL) {
            if (THIMBLE_ASYNC && c->session)
                c->async_due |= 1u << TH_ASYNC_DROP_ALL;
            th_conn_leave(c, THIMBLE_REASON_SHUTDOWN);
        }
    }
}

/* Work on whole units goes on.  True: there is more, at once. */
static bool units_turn(struct thimble *e)
{
    bool more = false;

#if THIMBLE_WORK
    for (unsigned i = 0; i < e->n_lus; i++)
        more |= th_scsi_lu_turn(&e->lus[i]);
#else
    (void)e;
#endif
    return more;
}

/* Time passes for the units. */
static void units_clock(struct thimble *e, uint32_t passed_ms, uint32_t *next)
{
#if THIMBLE_SCSI_CLOCK
    for (unsigned i = 0; e->clock_runs && i < e->env.n_nodes; i++)
        e->targets[i].clock_ms += passed_ms;
    e->clock_runs = true;               /* the first time is where it begins */
#endif
#if THIMBLE_SCSI_THRESHOLDS
    e->look_ms = th_min32(e->look_ms + th_min32(passed_ms, 1000), 1000);
    bool look = e->look_ms == 1000;
    for (unsigned i = 0; look && i < e->n_lus; i++)
        if (th_scsi_lu_look(&e->lus[i]))
            e->look_ms = 0;
    if (e->look_ms < 1000)
        *next = th_min32(*next, 1000 - e->look_ms);
#endif
    (void)e;
    (void)passed_ms;
    (void)next;
}

uint32_t thimble_tick(struct thimble *e, uint32_t now_ms)
{
    uint32_t next = THIMBLE_NEVER;

    units_clock(e, now_ms - e->now_ms, &next);
    e->now_ms = now_ms;
#if THIMBLE_SCSI_THIRD_PARTY
    e->copies->now_ms = now_ms;
#endif
    if (e->shutting_down && over(e, e->shutdown_ms, e->grace_ms, &next))
        end_of_grace(e);
    for (unsigned i = 0; i < e->n_conns; i++)
        if (e->conns[i].state != CONN_FREE)
            watch(&e->conns[i], &next);
    if (e->n_stalled > 0) {             /* an exchange may have grown old enough to give way */
        th_wake_stalled(e);
        next = th_min32(next, 1000);
    }
    return units_turn(e) ? 0 : next;
}

void thimble_shutdown(struct thimble *e, uint32_t grace_ms)
{
    e->shutting_down = e->env.shutting_down = true;
    e->shutdown_ms = e->now_ms;
    e->grace_ms = grace_ms;
    e->async_seconds = (uint16_t)(grace_ms / 1000);
#if THIMBLE_WORK
    for (unsigned i = 0; i < e->n_lus; i++)
        th_scsi_lu_stop(&e->lus[i]);
#endif
    tell_sessions(e, TH_ASYNC_LOGOUT);
}

bool thimble_idle(const struct thimble *e)
{
#if THIMBLE_WORK
    for (unsigned i = 0; i < e->n_lus; i++)
        if (th_scsi_lu_busy(&e->lus[i]))
            return false;
#endif
    return e->n_open == 0;
}
