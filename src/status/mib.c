/* SPDX-License-Identifier: MIT
 *
 * mib.c: see mib.h: RFC 7147's tables as tables, and how to go through them in the order of names.
 *
 * Layer 6.  A name is  1 . group . table . 1 . column . index...  ; a table says how its index is made (enum rows), a column how its
 * value is had.  Going to the next object goes down the columns, row by row, as SNMP orders them.
 */
#include "mib.h"

#if THIMBLE_STATS

#include <string.h>

/* How a table's rows are numbered, behind iscsiInstIndex 1. */
enum rows {
    ROW_INSTANCE,                       /* nothing */
    ROW_PORTAL,                         /* portal, from 1 */
    ROW_TARGET_PORTAL,                  /* portal, 0: every target listens there */
    ROW_TARGET,                         /* target, from 1 */
    ROW_SESSION,                        /* target (0: discovery), TSIH */
    ROW_CONNECTION,                     /* the same, 1 */
};

/* What a row is about. */
struct row {
    const struct thimble_mib *m;
    unsigned portal;                    /* from 0 */
    int target;                         /* from 0 */
    struct thimble_session session;
    struct thimble_mib_address local, remote;
};

enum { INDEX_MAX = 4 };

struct column {
    uint8_t number, type;               /* enum thimble_mib_type */
    void (*value)(const struct row *r, struct thimble_mib_value *v);
};

struct table {
    uint8_t group, number, rows, n_columns;
    const struct column *columns;
};

/* ------------------------------------------------------------------------------------
 * Values
 */
static void text(struct thimble_mib_value *v, const char *s)
{
    v->octets = (const uint8_t *)(s ? s : "");
    v->len = s ? strlen(s) : 0;
}

static void octets(struct thimble_mib_value *v, const uint8_t *from, size_t len)
{
    v->octets = from;
    v->len = len;
}

static void short_octets(struct thimble_mib_value *v, const uint8_t *from, size_t len)
{
    memcpy(v->scratch, from, len);
    octets(v, v->scratch, len);
}

/* InetAddressType: unknown(0), ipv4(1), ipv6(2). */
static uint64_t address_type(const struct thimble_mib_address *a)
{
    return a->len == 4 ? 1 : a->len == 16 ? 2 : 0;
}

enum { TRUE_VALUE = 1, FALSE_VALUE = 2 };   /* TruthValue */

static uint64_t truth(bool yes)
{
    return yes ? TRUE_VALUE : FALSE_VALUE;
}

enum { DIGEST_NONE = 3, DIGEST_CRC32C = 4 };    /* IscsiDigestMethod: noDigest, crc32c */

#define NUMBER(name, expression) \
    static void name(const struct row *r, struct thimble_mib_value *v) \
    { \
        (void)r; \
        v->number = (expression); \
    }

static const uint32_t zero_dot_zero[] = { 0, 0 };

/* The counters that tell why: their columns' object identifiers. */
#define ISCSI_OID 1, 3, 6, 1, 2, 1, 142
static const uint32_t oid_digest[] = { ISCSI_OID, 1, 1, 2, 1, 1 };
static const uint32_t oid_timeout[] = { ISCSI_OID, 1, 1, 2, 1, 2 };
static const uint32_t oid_format[] = { ISCSI_OID, 1, 1, 2, 1, 3 };
static const uint32_t oid_login[THIMBLE_LOGIN_FAULTS][12] = {
    [THIMBLE_LOGIN_FAULT_OTHER] = { ISCSI_OID, 1, 6, 2, 1, 2 },
    [THIMBLE_LOGIN_FAULT_NOT_FOUND] = { ISCSI_OID, 1, 6, 2, 1, 2 },
    [THIMBLE_LOGIN_FAULT_AUTHORIZE] = { ISCSI_OID, 1, 6, 2, 1, 4 },
    [THIMBLE_LOGIN_FAULT_AUTHENTICATE] = { ISCSI_OID, 1, 6, 2, 1, 5 },
    [THIMBLE_LOGIN_FAULT_NEGOTIATE] = { ISCSI_OID, 1, 6, 2, 1, 6 },
};

enum { OID_LEN = 12 };

static void pointer(struct thimble_mib_value *v, const uint32_t *oid, size_t len)
{
    v->oid = oid ? oid : zero_dot_zero;
    v->len = oid ? len : 2;
}

/* ------------------------------------------------------------------------------------
 * The instance
 */
static const struct thimble_stats *totals(const struct row *r)
{
    return thimble_stats(r->m->engine);
}

static uint32_t n_targets(const struct row *r)
{
    uint32_t n = 0;
    while (thimble_target_name(r->m->engine, (int)n))
        n++;
    return n;
}

static uint32_t n_sessions(const struct row *r)
{
    struct thimble_session s;
    unsigned cursor = 0;
    uint32_t n = 0;

    while (thimble_session_next(r->m->engine, &cursor, &s))
        n++;
    return n;
}

static void inst_descr(const struct row *r, struct thimble_mib_value *v)
{
    (void)r;
    text(v, "Thimble, an iSCSI target");
}

static void inst_vendor(const struct row *r, struct thimble_mib_value *v)
{
    (void)r;
    text(v, "Thimble");
}

static void inst_version(const struct row *r, struct thimble_mib_value *v)
{
    (void)r;
    text(v, THIMBLE_VERSION);
}

static void inst_last_type(const struct row *r, struct thimble_mib_value *v)
{
    pointer(v, r->m->session.what, OID_LEN);
}

static void inst_last_name(const struct row *r, struct thimble_mib_value *v)
{
    text(v, r->m->session.initiator);
}

static void nothing(const struct row *r, struct thimble_mib_value *v)
{
    (void)r;
    text(v, "");
}

NUMBER(zero, 0)
NUMBER(one, 1)
NUMBER(inst_portals, r->m->n_portals)
NUMBER(inst_nodes, n_targets(r))
NUMBER(inst_sessions, n_sessions(r))
NUMBER(inst_failures, r->m->session.count)
NUMBER(err_digest, totals(r)->digest_errors)
NUMBER(err_timeout, totals(r)->timeouts)
NUMBER(err_format, totals(r)->format_errors)

static const struct column instance_columns[] = {
    { 2, THIMBLE_MIB_OCTETS, inst_descr },
    { 3, THIMBLE_MIB_UNSIGNED, zero },          /* iscsiInstVersionMin: RFC 7143's version 0 */
    { 4, THIMBLE_MIB_UNSIGNED, zero },
    { 5, THIMBLE_MIB_OCTETS, inst_vendor },
    { 6, THIMBLE_MIB_OCTETS, inst_version },
    { 7, THIMBLE_MIB_UNSIGNED, inst_portals },
    { 8, THIMBLE_MIB_UNSIGNED, inst_nodes },
    { 9, THIMBLE_MIB_UNSIGNED, inst_sessions },
    { 10, THIMBLE_MIB_COUNTER32, inst_failures },
    { 11, THIMBLE_MIB_OID, inst_last_type },
    { 12, THIMBLE_MIB_OCTETS, inst_last_name },
    { 13, THIMBLE_MIB_TICKS, zero },            /* counters never jump */
    { 14, THIMBLE_MIB_OCTETS, nothing },        /* X#NodeArchitecture */
};

static const struct column instance_error_columns[] = {
    { 1, THIMBLE_MIB_COUNTER32, err_digest },
    { 2, THIMBLE_MIB_COUNTER32, err_timeout },
    { 3, THIMBLE_MIB_COUNTER32, err_format },
    { 4, THIMBLE_MIB_COUNTER32, zero },         /* no sessions to targets */
};

/* ------------------------------------------------------------------------------------
 * Portals
 */
static const struct thimble_mib_address *portal(const struct row *r)
{
    return &r->m->portals[r->portal];
}

static void portal_address(const struct row *r, struct thimble_mib_value *v)
{
    octets(v, portal(r)->octets, portal(r)->len);
}

static void role_target(const struct row *r, struct thimble_mib_value *v)
{
    static const uint8_t bit_0 = 0x80;

    (void)r;
    short_octets(v, &bit_0, 1);
}

enum { ROW_ACTIVE = 1, STORAGE_READ_ONLY = 5, PROTOCOL_TCP = 6 };

NUMBER(row_active, ROW_ACTIVE)
NUMBER(storage_read_only, STORAGE_READ_ONLY)
NUMBER(protocol_tcp, PROTOCOL_TCP)
NUMBER(portal_type, address_type(portal(r)))
NUMBER(portal_port, portal(r)->port)
NUMBER(portal_tag, portal(r)->tag ? portal(r)->tag : 1)
NUMBER(our_segment, r->m->config.buffer_bytes)
NUMBER(digest_crc, THIMBLE_DIGESTS ? DIGEST_CRC32C : DIGEST_NONE)
NUMBER(digest_none, DIGEST_NONE)
NUMBER(no, FALSE_VALUE)
NUMBER(yes, TRUE_VALUE)

static const struct column portal_columns[] = {
    { 2, THIMBLE_MIB_INTEGER, row_active },
    { 3, THIMBLE_MIB_OCTETS, role_target },
    { 4, THIMBLE_MIB_INTEGER, portal_type },
    { 5, THIMBLE_MIB_OCTETS, portal_address },
    { 6, THIMBLE_MIB_UNSIGNED, protocol_tcp },
    { 7, THIMBLE_MIB_UNSIGNED, our_segment },
    { 8, THIMBLE_MIB_INTEGER, digest_crc },
    { 9, THIMBLE_MIB_INTEGER, digest_crc },
    { 10, THIMBLE_MIB_INTEGER, digest_none },
    { 11, THIMBLE_MIB_INTEGER, digest_none },
    { 12, THIMBLE_MIB_INTEGER, no },
    { 13, THIMBLE_MIB_INTEGER, storage_read_only },
    { 14, THIMBLE_MIB_OCTETS, nothing },
};

static const struct column target_portal_columns[] = {
    { 2, THIMBLE_MIB_UNSIGNED, portal_port },
    { 3, THIMBLE_MIB_UNSIGNED, portal_tag },
};

/* ------------------------------------------------------------------------------------
 * Nodes and targets
 */
static void node_name(const struct row *r, struct thimble_mib_value *v)
{
    text(v, thimble_target_name(r->m->engine, r->target));
}

static void node_alias(const struct row *r, struct thimble_mib_value *v)
{
    text(v, thimble_target_alias(r->m->engine, r->target));
}

static void node_transport(const struct row *r, struct thimble_mib_value *v)
{
    (void)r;
    pointer(v, NULL, 0);
}

static const struct thimble_config *config(const struct row *r)
{
    return &r->m->config;
}

NUMBER(node_initial_r2t, truth(config(r)->refuse_unsolicited))
NUMBER(node_immediate, truth(!config(r)->refuse_immediate))
NUMBER(node_r2t, config(r)->max_outstanding_r2t)
NUMBER(node_first_burst, config(r)->first_burst_bytes)
NUMBER(node_max_burst, config(r)->max_burst_bytes)
NUMBER(node_time2wait, 2)
NUMBER(node_time2retain, 0)

static const struct column node_columns[] = {
    { 2, THIMBLE_MIB_OCTETS, node_name },
    { 3, THIMBLE_MIB_OCTETS, node_alias },
    { 4, THIMBLE_MIB_OCTETS, role_target },
    { 5, THIMBLE_MIB_OID, node_transport },
    { 6, THIMBLE_MIB_INTEGER, node_initial_r2t },
    { 7, THIMBLE_MIB_INTEGER, node_immediate },
    { 8, THIMBLE_MIB_UNSIGNED, node_r2t },
    { 9, THIMBLE_MIB_UNSIGNED, node_first_burst },
    { 10, THIMBLE_MIB_UNSIGNED, node_max_burst },
    { 11, THIMBLE_MIB_UNSIGNED, one },          /* MaxConnections */
    { 12, THIMBLE_MIB_INTEGER, yes },
    { 13, THIMBLE_MIB_INTEGER, yes },
    { 14, THIMBLE_MIB_UNSIGNED, node_time2wait },
    { 15, THIMBLE_MIB_UNSIGNED, node_time2retain },
    { 16, THIMBLE_MIB_UNSIGNED, zero },         /* ErrorRecoveryLevel */
    { 17, THIMBLE_MIB_TICKS, zero },
    { 18, THIMBLE_MIB_INTEGER, storage_read_only },
};

static const struct thimble_target_stats *target(const struct row *r)
{
    return thimble_target_stats(r->m->engine, r->target);
}

static uint64_t all_faults(const struct row *r)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < THIMBLE_LOGIN_FAULTS; i++)
        n += target(r)->faults[i];
    return n;
}

static const struct thimble_mib_failure *refused(const struct row *r)
{
    static const struct thimble_mib_failure none;

    return r->m->refused && (unsigned)r->target < r->m->n_refused ? &r->m->refused[r->target] : &none;
}

static void refused_type(const struct row *r, struct thimble_mib_value *v)
{
    pointer(v, refused(r)->what, OID_LEN);
}

static void refused_name(const struct row *r, struct thimble_mib_value *v)
{
    text(v, refused(r)->initiator);
}

static void refused_address(const struct row *r, struct thimble_mib_value *v)
{
    octets(v, refused(r)->address.octets, refused(r)->address.len);
}

NUMBER(login_failures, all_faults(r))
NUMBER(refused_time, refused(r)->ticks)
NUMBER(refused_address_type, address_type(&refused(r)->address))
NUMBER(refused_port, refused(r)->address.port)
NUMBER(login_accepts, target(r)->accepted)
NUMBER(login_other, target(r)->faults[THIMBLE_LOGIN_FAULT_OTHER])
NUMBER(login_authorize, target(r)->faults[THIMBLE_LOGIN_FAULT_AUTHORIZE])
NUMBER(login_authenticate, target(r)->faults[THIMBLE_LOGIN_FAULT_AUTHENTICATE])
NUMBER(login_negotiate, target(r)->faults[THIMBLE_LOGIN_FAULT_NEGOTIATE])
NUMBER(logout_normals, target(r)->logouts)
NUMBER(logout_others, target(r)->lost)

static const struct column target_columns[] = {
    { 1, THIMBLE_MIB_COUNTER32, login_failures },
    { 2, THIMBLE_MIB_TICKS, refused_time },
    { 3, THIMBLE_MIB_OID, refused_type },
    { 4, THIMBLE_MIB_OCTETS, refused_name },
    { 5, THIMBLE_MIB_INTEGER, refused_address_type },
    { 6, THIMBLE_MIB_OCTETS, refused_address },
    { 7, THIMBLE_MIB_UNSIGNED, refused_port },
};

static const struct column login_columns[] = {
    { 1, THIMBLE_MIB_COUNTER32, login_accepts },
    { 2, THIMBLE_MIB_COUNTER32, login_other },
    { 3, THIMBLE_MIB_COUNTER32, zero },         /* redirects: never */
    { 4, THIMBLE_MIB_COUNTER32, login_authorize },
    { 5, THIMBLE_MIB_COUNTER32, login_authenticate },
    { 6, THIMBLE_MIB_COUNTER32, login_negotiate },
};

static const struct column logout_columns[] = {
    { 1, THIMBLE_MIB_COUNTER32, logout_normals },
    { 2, THIMBLE_MIB_COUNTER32, logout_others },
    { 3, THIMBLE_MIB_COUNTER32, zero },         /* one connection a session: none is closed alone */
    { 4, THIMBLE_MIB_COUNTER32, zero },
};

/* ------------------------------------------------------------------------------------
 * Sessions and connections
 */
static void session_initiator(const struct row *r, struct thimble_mib_value *v)
{
    text(v, r->session.initiator);
}

static void session_target(const struct row *r, struct thimble_mib_value *v)
{
    text(v, thimble_target_name(r->m->engine, r->session.target));
}

static void session_target_alias(const struct row *r, struct thimble_mib_value *v)
{
    text(v, thimble_target_alias(r->m->engine, r->session.target));
}

static void session_isid(const struct row *r, struct thimble_mib_value *v)
{
    short_octets(v, r->session.isid, sizeof r->session.isid);
}

static void session_identity(const struct row *r, struct thimble_mib_value *v)
{
    (void)r;
    pointer(v, NULL, 0);
}

static void session_reporting(const struct row *r, struct thimble_mib_value *v)
{
    uint8_t bits = r->session.response_fence ? 0x40 : 0x80;     /* taskReportingResponseFence(1), ...Rfc3720(0) */

    short_octets(v, &bits, 1);
}

NUMBER(session_tsih, r->session.tsih)
NUMBER(session_initial_r2t, truth(r->session.initial_r2t))
NUMBER(session_immediate, truth(r->session.immediate_data))
NUMBER(session_type, r->session.target < 0 ? 2 : 1)
NUMBER(session_r2t, r->session.max_outstanding_r2t)
NUMBER(session_first_burst, r->session.first_burst_bytes)
NUMBER(session_max_burst, r->session.max_burst_bytes)
NUMBER(session_level, r->session.protocol_level)
NUMBER(session_commands, r->session.stats.commands)
NUMBER(session_responses, r->session.stats.responses)
NUMBER(session_tx, r->session.stats.tx_bytes)
NUMBER(session_rx, r->session.stats.rx_bytes)
NUMBER(session_tx_low, (uint32_t)r->session.stats.tx_bytes)
NUMBER(session_rx_low, (uint32_t)r->session.stats.rx_bytes)
NUMBER(session_nops_in, r->session.stats.rx_nops)
NUMBER(session_nops_out, r->session.stats.tx_nops)
NUMBER(session_digests, r->session.stats.digest_errors)

static const struct column session_columns[] = {
    { 3, THIMBLE_MIB_INTEGER, one },            /* inboundSession */
    { 4, THIMBLE_MIB_OCTETS, session_initiator },
    { 5, THIMBLE_MIB_OCTETS, session_target },
    { 6, THIMBLE_MIB_UNSIGNED, session_tsih },
    { 7, THIMBLE_MIB_OCTETS, session_isid },
    { 8, THIMBLE_MIB_OCTETS, nothing },         /* InitiatorAlias: not kept */
    { 9, THIMBLE_MIB_OCTETS, session_target_alias },
    { 10, THIMBLE_MIB_INTEGER, session_initial_r2t },
    { 11, THIMBLE_MIB_INTEGER, session_immediate },
    { 12, THIMBLE_MIB_INTEGER, session_type },
    { 13, THIMBLE_MIB_UNSIGNED, session_r2t },
    { 14, THIMBLE_MIB_UNSIGNED, session_first_burst },
    { 15, THIMBLE_MIB_UNSIGNED, session_max_burst },
    { 16, THIMBLE_MIB_UNSIGNED, one },
    { 17, THIMBLE_MIB_OID, session_identity },
    { 18, THIMBLE_MIB_INTEGER, yes },
    { 19, THIMBLE_MIB_INTEGER, yes },
    { 20, THIMBLE_MIB_UNSIGNED, zero },
    { 21, THIMBLE_MIB_TICKS, zero },
    { 22, THIMBLE_MIB_UNSIGNED, session_level },
    { 23, THIMBLE_MIB_OCTETS, session_reporting },
};

static const struct column session_stats_columns[] = {
    { 1, THIMBLE_MIB_COUNTER32, session_commands },
    { 2, THIMBLE_MIB_COUNTER32, session_responses },
    { 3, THIMBLE_MIB_COUNTER64, session_tx },
    { 4, THIMBLE_MIB_COUNTER64, session_rx },
    { 5, THIMBLE_MIB_COUNTER32, session_tx_low },
    { 6, THIMBLE_MIB_COUNTER32, session_rx_low },
    { 7, THIMBLE_MIB_COUNTER32, session_nops_in },
    { 8, THIMBLE_MIB_COUNTER32, session_nops_out },
};

static const struct column session_error_columns[] = {
    { 1, THIMBLE_MIB_COUNTER32, session_digests },
    { 2, THIMBLE_MIB_COUNTER32, zero },         /* a session ends with its connection */
};

static void cxn_local(const struct row *r, struct thimble_mib_value *v)
{
    octets(v, r->local.octets, r->local.len);
}

static void cxn_remote(const struct row *r, struct thimble_mib_value *v)
{
    octets(v, r->remote.octets, r->remote.len);
}

NUMBER(cxn_cid, r->session.cid)
NUMBER(cxn_state, 2)                            /* full */
NUMBER(cxn_type, address_type(&r->remote))
NUMBER(cxn_local_port, r->local.port)
NUMBER(cxn_remote_port, r->remote.port)
NUMBER(cxn_xmit, r->session.max_send_bytes)
NUMBER(cxn_header, r->session.header_digest ? DIGEST_CRC32C : DIGEST_NONE)
NUMBER(cxn_data, r->session.data_digest ? DIGEST_CRC32C : DIGEST_NONE)

static const struct column connection_columns[] = {
    { 2, THIMBLE_MIB_UNSIGNED, cxn_cid },
    { 3, THIMBLE_MIB_INTEGER, cxn_state },
    { 4, THIMBLE_MIB_INTEGER, cxn_type },
    { 5, THIMBLE_MIB_OCTETS, cxn_local },
    { 6, THIMBLE_MIB_UNSIGNED, protocol_tcp },
    { 7, THIMBLE_MIB_UNSIGNED, cxn_local_port },
    { 8, THIMBLE_MIB_OCTETS, cxn_remote },
    { 9, THIMBLE_MIB_UNSIGNED, cxn_remote_port },
    { 10, THIMBLE_MIB_UNSIGNED, our_segment },
    { 11, THIMBLE_MIB_UNSIGNED, cxn_xmit },
    { 12, THIMBLE_MIB_INTEGER, cxn_header },
    { 13, THIMBLE_MIB_INTEGER, cxn_data },
    { 14, THIMBLE_MIB_INTEGER, no },
    { 15, THIMBLE_MIB_INTEGER, no },
    { 16, THIMBLE_MIB_UNSIGNED, zero },         /* version 0 */
};

#define TABLE(group_, number_, rows_, columns_) \
    { .group = (group_), .number = (number_), .rows = (rows_), \
      .n_columns = sizeof(columns_) / sizeof((columns_)[0]), .columns = (columns_) }

/* In the order of their names. */
static const struct table tables[] = {
    TABLE(1, 1, ROW_INSTANCE, instance_columns),
    TABLE(1, 2, ROW_INSTANCE, instance_error_columns),
    TABLE(2, 1, ROW_PORTAL, portal_columns),
    TABLE(3, 1, ROW_TARGET_PORTAL, target_portal_columns),
    TABLE(5, 1, ROW_TARGET, node_columns),
    TABLE(6, 1, ROW_TARGET, target_columns),
    TABLE(6, 2, ROW_TARGET, login_columns),
    TABLE(6, 3, ROW_TARGET, logout_columns),
    TABLE(10, 1, ROW_SESSION, session_columns),
    TABLE(10, 2, ROW_SESSION, session_stats_columns),
    TABLE(10, 3, ROW_SESSION, session_error_columns),
    TABLE(11, 1, ROW_CONNECTION, connection_columns),
};

enum { N_TABLES = sizeof tables / sizeof tables[0] };

/* ------------------------------------------------------------------------------------
 * Names
 */
enum { PREFIX = 5 };                    /* 1 . group . table . 1 . column */

static void prefix(const struct table *t, const struct column *c, uint32_t *name)
{
    name[0] = 1;
    name[1] = t->group;
    name[2] = t->number;
    name[3] = 1;
    name[4] = c->number;
}

/* < 0, 0, > 0: as SNMP orders names; a beginning of another comes before it. */
static int compare(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len)
{
    for (size_t i = 0; i < a_len && i < b_len; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return a_len < b_len ? -1 : a_len > b_len;
}

static size_t index_len(enum rows rows)
{
    static const uint8_t lens[] = {
        [ROW_INSTANCE] = 1, [ROW_PORTAL] = 2, [ROW_TARGET_PORTAL] = 3, [ROW_TARGET] = 2,
        [ROW_SESSION] = 3, [ROW_CONNECTION] = 4,
    };
    return lens[rows];
}

/* The row that the index names.  False: there is none. */
static bool row_at(const struct thimble_mib *m, enum rows rows, const uint32_t *index, struct row *r)
{
    unsigned cursor = 0;

    *r = (struct row){ .m = m };
    if (index[0] != 1)
        return false;
    switch (rows) {
    case ROW_INSTANCE:
        return true;
    case ROW_TARGET_PORTAL:
        if (index[2] != 0)
            return false;
        r->portal = index[1] - 1;
        return index[1] >= 1 && index[1] <= m->n_portals;
    case ROW_PORTAL:
        r->portal = index[1] - 1;
        return index[1] >= 1 && index[1] <= m->n_portals;
    case ROW_TARGET:
        r->target = (int)(index[1] - 1);
        return index[1] >= 1 && index[1] <= 255 && thimble_target_name(m->engine, r->target);
    case ROW_CONNECTION:
        if (index[3] != 1)
            return false;
        break;
    case ROW_SESSION:
        break;
    }
    while (thimble_session_next(m->engine, &cursor, &r->session))
        if ((uint32_t)(r->session.target + 1) == index[1] && r->session.tsih == index[2]) {
            if (m->ends && r->session.port_conn)
                m->ends(r->session.port_conn, &r->local, &r->remote);
            return true;
        }
    return false;
}

/* The smallest index of a session that is behind (after[0 .. len)), of none if len is 0. */
static bool next_session(const struct thimble_mib *m, enum rows rows, const uint32_t *after, size_t len,
                         uint32_t *index)
{
    struct thimble_session s;
    unsigned cursor = 0;
    bool found = false;

    while (thimble_session_next(m->engine, &cursor, &s)) {
        const uint32_t i[INDEX_MAX] = { 1, (uint32_t)(s.target + 1), s.tsih, 1 };
        size_t n = index_len(rows);
        if (compare(i, n, after, len) <= 0 || (found && compare(i, n, index, n) >= 0))
            continue;
        memcpy(index, i, sizeof i);
        found = true;
    }
    return found;
}

/* The first index behind that one. */
static bool next_index(const struct thimble_mib *m, enum rows rows, const uint32_t *after, size_t len,
                       uint32_t *index)
{
    struct row r;

    if (rows == ROW_SESSION || rows == ROW_CONNECTION)
        return next_session(m, rows, after, len, index);
    memcpy(index, (const uint32_t[INDEX_MAX]){ 1, 1, 0, 0 }, INDEX_MAX * sizeof *index);
    for (; row_at(m, rows, index, &r); index[1]++) {
        if (compare(index, index_len(rows), after, len) > 0)
            return true;
        if (rows == ROW_INSTANCE)
            return false;
    }
    return false;
}

static void fill(const struct column *c, const struct row *r, struct thimble_mib_value *v)
{
    memset(v, 0, sizeof *v);
    v->type = (enum thimble_mib_type)c->type;
    c->value(r, v);
}

/* Without an index: the sum over the rows of a counter. */
static bool sum_of(const struct thimble_mib *m, const struct table *t, const struct column *c,
                   struct thimble_mib_value *v)
{
    uint32_t index[INDEX_MAX], after[INDEX_MAX];
    uint64_t sum = 0;
    size_t len = 0;
    struct row r;

    if (c->type != THIMBLE_MIB_COUNTER32 && c->type != THIMBLE_MIB_COUNTER64)
        return false;
    while (next_index(m, (enum rows)t->rows, after, len, index)) {
        row_at(m, (enum rows)t->rows, index, &r);
        fill(c, &r, v);
        sum += v->number;
        len = index_len((enum rows)t->rows);
        memcpy(after, index, sizeof after);
    }
    memset(v, 0, sizeof *v);
    v->type = (enum thimble_mib_type)c->type;
    v->number = c->type == THIMBLE_MIB_COUNTER32 ? (uint32_t)sum : sum;
    return true;
}

static const struct column *column_of(const struct table *t, uint32_t number)
{
    for (unsigned i = 0; i < t->n_columns; i++)
        if (t->columns[i].number == number)
            return &t->columns[i];
    return NULL;
}

bool thimble_mib_get(const struct thimble_mib *m, const uint32_t *name, size_t len,
                     struct thimble_mib_value *value)
{
    if (len < PREFIX || name[0] != 1 || name[3] != 1)
        return false;
    for (unsigned i = 0; i < N_TABLES; i++) {
        const struct table *t = &tables[i];
        if (t->group != name[1] || t->number != name[2])
            continue;
        const struct column *c = column_of(t, name[4]);
        struct row r;
        if (!c)
            return false;
        if (len == PREFIX || (len == PREFIX + 1 && name[PREFIX] == 0))
            return sum_of(m, t, c, value);
        if (len != PREFIX + index_len((enum rows)t->rows) ||
            !row_at(m, (enum rows)t->rows, name + PREFIX, &r))
            return false;
        fill(c, &r, value);
        return true;
    }
    return false;
}

bool thimble_mib_next(const struct thimble_mib *m, const uint32_t *name, size_t len, uint32_t *next,
                      size_t *next_len, struct thimble_mib_value *value)
{
    for (unsigned i = 0; i < N_TABLES; i++) {
        const struct table *t = &tables[i];
        for (unsigned k = 0; k < t->n_columns; k++) {
            const struct column *c = &t->columns[k];
            size_t head = len < PREFIX ? len : PREFIX;
            size_t after_len = 0;
            prefix(t, c, next);
            int order = compare(next, PREFIX, name, head);
            if (order < 0)
                continue;
            if (order == 0 && len > PREFIX)     /* that very column: go on behind its row */
                after_len = len - PREFIX;
            if (!next_index(m, (enum rows)t->rows, name + PREFIX, after_len, next + PREFIX))
                continue;
            struct row r;
            *next_len = PREFIX + index_len((enum rows)t->rows);
            row_at(m, (enum rows)t->rows, next + PREFIX, &r);
            fill(c, &r, value);
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------------------
 * Events
 */
static const uint32_t *failure_of(enum thimble_reason reason)
{
    switch (reason) {
    case THIMBLE_REASON_HEADER_DIGEST:
    case THIMBLE_REASON_DATA_DIGEST:
        return oid_digest;
    case THIMBLE_REASON_DATA_TIMEOUT:
    case THIMBLE_REASON_NOP_TIMEOUT:
    case THIMBLE_REASON_SEND_TIMEOUT:
    case THIMBLE_REASON_PEER_CLOSED:            /* iscsiInstSsnCxnTimeoutErrors: or broken off */
        return oid_timeout;
    default:
        return oid_format;
    }
}

static void keep(struct thimble_mib_failure *f, const struct thimble_mib *m,
                 const struct thimble_event *event, uint32_t ticks, const uint32_t *what)
{
    struct thimble_mib_address local;
    size_t len = strlen(event->initiator);

    f->count++;
    f->ticks = ticks;
    f->what = what;
    memset(&f->address, 0, sizeof f->address);
    if (m->ends && event->port_conn)
        m->ends(event->port_conn, &local, &f->address);
    len = len < sizeof f->initiator ? len : sizeof f->initiator - 1;
    memcpy(f->initiator, event->initiator, len);
    f->initiator[len] = '\0';
}

/* The notification, if it may be sent. */
static unsigned in_bounds(struct thimble_mib *m, unsigned notification, uint32_t ticks)
{
    enum { TEN_SECONDS = 1000 };
    uint32_t *oldest = &m->notified_ticks[m->n_notified % THIMBLE_MIB_NOTIFICATIONS];

    if (m->n_notified >= THIMBLE_MIB_NOTIFICATIONS && ticks - *oldest < TEN_SECONDS)
        return 0;
    *oldest = ticks;
    m->n_notified++;
    return notification;
}

unsigned thimble_mib_note(struct thimble_mib *m, const struct thimble_event *event, uint32_t ticks, int *target)
{
    *target = -1;
    for (int i = 0; thimble_target_name(m->engine, i); i++)
        if (strcmp(thimble_target_name(m->engine, i), event->target) == 0)
            *target = i;

    if (event->kind == THIMBLE_EVENT_LOGIN_REFUSED && *target >= 0 &&
        (unsigned)*target < m->n_refused) {
        const struct thimble_target_stats *s = thimble_target_stats(m->engine, *target);
        keep(&m->refused[*target], m, event, ticks, oid_login[s->fault]);
        return in_bounds(m, 1, ticks);
    }
    /* A session, not a login, that ended by nobody's wish. */
    if (event->kind == THIMBLE_EVENT_DROPPED && *target >= 0 &&
        event->reason != THIMBLE_REASON_SHUTDOWN && event->reason != THIMBLE_REASON_RESET) {
        keep(&m->session, m, event, ticks, failure_of(event->reason));
        return in_bounds(m, 3, ticks);
    }
    return 0;
}

size_t thimble_mib_notified(unsigned n, int target_index, uint32_t names[][THIMBLE_MIB_NAME_MAX], size_t *lens,
                            size_t max)
{
    static const uint8_t login[] = { 1, 3, 4, 5, 6, 7 }, instance[] = { 10, 11, 12 };
    const uint8_t *columns = n == 1 ? login : instance;
    size_t count = n == 1 ? sizeof login : sizeof instance;

    for (size_t i = 0; i < count && i < max; i++) {
        const uint32_t name[] = { 1, n == 1 ? 6 : 1, 1, 1, columns[i], 1, (uint32_t)(target_index + 1) };
        lens[i] = n == 1 ? 7 : 6;
        memcpy(names[i], name, sizeof name);
    }
    return count < max ? count : max;
}

#else

/* ISO C wants something in every file. */
typedef int th_mib_needs_counters;

#endif
