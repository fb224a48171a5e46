/* SPDX-License-Identifier: MIT
 *
 * status_lwip.c: see status.h: where the page and the numbers are, over HTTP (web_lwip.c); the MIB as a node of lwIP's SNMP
 * agent, where lwIP is built with it.  Both run in lwIP's own turn, which is the engine's.
 *
 * Layer 6.
 */
#include "which.h"

#include "status.h"

#if TH_BOARD_LWIP && TH_BOARD_STATUS

#include <string.h>

#include "../../status/mib.h"
#include "../../status/mib_disk.h"
#include "../lwip/thimble_lwip.h"
#include "lwip/tcp.h"
#include "platform.h"
#include "web_lwip.h"

#if LWIP_SNMP
#include "lwip/apps/snmp.h"
#include "lwip/apps/snmp_core.h"
#include "lwip/apps/snmp_mib2.h"
#include "lwip/netif.h"

static struct thimble_mib mib;
static struct thimble_mib_address portal;
static struct thimble_mib_failure refused[THIMBLE_BOARD_TARGETS];

/* --------------------------------------------------------------------------------------
 * SNMP
 */
typedef bool getter(const struct thimble_mib *m, const uint32_t *name, size_t len,
                    struct thimble_mib_value *value);
typedef bool walker(const struct thimble_mib *m, const uint32_t *name, size_t len, uint32_t *next,
                    size_t *next_len, struct thimble_mib_value *value);

static s16_t put_value(struct snmp_node_instance *instance, void *to);

static const u8_t asn1_types[] = {
    [THIMBLE_MIB_INTEGER] = SNMP_ASN1_TYPE_INTEGER, [THIMBLE_MIB_UNSIGNED] = SNMP_ASN1_TYPE_UNSIGNED32,
    [THIMBLE_MIB_COUNTER32] = SNMP_ASN1_TYPE_COUNTER32, [THIMBLE_MIB_COUNTER64] = SNMP_ASN1_TYPE_COUNTER64,
    [THIMBLE_MIB_TICKS] = SNMP_ASN1_TYPE_TIMETICKS, [THIMBLE_MIB_OCTETS] = SNMP_ASN1_TYPE_OCTET_STRING,
    [THIMBLE_MIB_OID] = SNMP_ASN1_TYPE_OBJECT_ID,
};

/* Between being asked whether an object is there and being asked for its value nothing else happens. */
static struct thimble_mib_value found;

static snmp_err_t offer(struct snmp_node_instance *instance)
{
    instance->asn1_type = asn1_types[found.type];
    instance->access = SNMP_NODE_INSTANCE_READ_ONLY;
    instance->get_value = put_value;
    return SNMP_ERR_NOERROR;
}

static s16_t put_value(struct snmp_node_instance *instance, void *to)
{
    uint32_t number = (uint32_t)found.number;
    size_t len = found.len;

    (void)instance;
    switch (found.type) {
    case THIMBLE_MIB_OCTETS:
        len = len < SNMP_MAX_OCTET_STRING_LEN ? len : SNMP_MAX_OCTET_STRING_LEN;
        memcpy(to, found.octets, len);
        return (s16_t)len;
    case THIMBLE_MIB_OID:
        memcpy(to, found.oid, len * sizeof *found.oid);
        return (s16_t)(len * sizeof *found.oid);
    case THIMBLE_MIB_COUNTER64:
        memcpy(to, &found.number, sizeof found.number);
        return sizeof found.number;
    default:
        memcpy(to, &number, sizeof number);
        return sizeof number;
    }
}

static void to_address(const ip_addr_t *from, u16_t port, struct thimble_mib_address *to)
{
    memset(to, 0, sizeof *to);
    to->port = port;
    to->len = IP_IS_V4(from) ? 4 : 16;
#if LWIP_IPV6
    if (!IP_IS_V4(from)) {
        memcpy(to->octets, ip_2_ip6(from)->addr, 16);
        return;
    }
#endif
    memcpy(to->octets, &ip_2_ip4(from)->addr, 4);
}

/* The board listens at every address that it has; the one that it was given is told. */
static void know_portal(void)
{
    if (netif_default && !ip4_addr_isany(netif_ip4_addr(netif_default)))
        to_address(netif_ip_addr4(netif_default), portal.port, &portal);
}

static snmp_err_t answer_get(getter *get, struct snmp_node_instance *instance)
{
    const struct snmp_obj_id *name = &instance->instance_oid;

    know_portal();
    return get(&mib, name->id, name->len, &found) ? offer(instance) : SNMP_ERR_NOSUCHINSTANCE;
}

static snmp_err_t answer_next(walker *walk, struct snmp_node_instance *instance)
{
    struct snmp_obj_id *name = &instance->instance_oid;
    uint32_t next[THIMBLE_MIB_NAME_MAX];
    size_t len;

    know_portal();
    if (!walk(&mib, name->id, name->len, next, &len, &found))
        return SNMP_ERR_NOSUCHINSTANCE;
    snmp_oid_assign(name, next, (u8_t)len);
    return offer(instance);
}

static snmp_err_t iscsi_get(const u32_t *root, u8_t root_len, struct snmp_node_instance *instance)
{
    (void)root, (void)root_len;
    return answer_get(thimble_mib_get, instance);
}

static snmp_err_t iscsi_next(const u32_t *root, u8_t root_len, struct snmp_node_instance *instance)
{
    (void)root, (void)root_len;
    return answer_next(thimble_mib_next, instance);
}

static snmp_err_t disk_get(const u32_t *root, u8_t root_len, struct snmp_node_instance *instance)
{
    (void)root, (void)root_len;
    return answer_get(thimble_mib_disk_get, instance);
}

static snmp_err_t disk_next(const u32_t *root, u8_t root_len, struct snmp_node_instance *instance)
{
    (void)root, (void)root_len;
    return answer_next(thimble_mib_disk_next, instance);
}

static const u32_t iscsi_root[] = { 1, 3, 6, 1, 2, 1, 142 }, disk_root[] = { 1, 3, 6, 1, 4, 1, 2021 };
static const struct snmp_leaf_node iscsi_node = { { SNMP_NODE_SCALAR, 142 }, iscsi_get, iscsi_next };
static const struct snmp_leaf_node disk_node = { { SNMP_NODE_SCALAR, 2021 }, disk_get, disk_next };
static const struct snmp_mib iscsi_mib = SNMP_MIB_CREATE(iscsi_root, &iscsi_node.node);
static const struct snmp_mib disk_mib = SNMP_MIB_CREATE(disk_root, &disk_node.node);

static void ends_of(const void *port_conn, struct thimble_mib_address *local,
                    struct thimble_mib_address *remote)
{
    const struct tcp_pcb *pcb = ((const struct thimble_lwip_conn *)port_conn)->pcb;

    memset(local, 0, sizeof *local);
    memset(remote, 0, sizeof *remote);
    if (!pcb)
        return;
    to_address(&pcb->local_ip, pcb->local_port, local);
    to_address(&pcb->remote_ip, pcb->remote_port, remote);
}

/* --------------------------------------------------------------------------------------
 * Notifications: traps of version 1, for lwIP 2.1 sends no others; their enterprise and number mean the standard's 142.0.N
 * (RFC 3584, 3.1).
 */
enum { OBJECTS_MAX = 8, VALUES_BYTES = SNMP_MAX_OCTET_STRING_LEN + 128 };

static void send_trap(unsigned n, int target)
{
    static const struct snmp_obj_id enterprise = { 7, { 1, 3, 6, 1, 2, 1, 142 } };
    static struct snmp_varbind objects[OBJECTS_MAX];
    static uint32_t values[VALUES_BYTES / 4];
    uint32_t names[OBJECTS_MAX][THIMBLE_MIB_NAME_MAX];
    size_t lens[OBJECTS_MAX], count = thimble_mib_notified(n, target, names, lens, OBJECTS_MAX), used = 0, i = 0;

    know_portal();
    for (; i < count && thimble_mib_get(&mib, names[i], lens[i], &found); i++) {
        struct snmp_varbind *v = &objects[i];
        s16_t len = put_value(NULL, values + used);
        snmp_oid_assign(&v->oid, iscsi_root, LWIP_ARRAYSIZE(iscsi_root));
        snmp_oid_append(&v->oid, names[i], (u8_t)lens[i]);
        v->type = asn1_types[found.type];
        v->value = values + used;
        v->value_len = (u16_t)len;
        v->next = NULL;
        if (i > 0)
            objects[i - 1].next = v;
        used += ((size_t)len + 3) / 4;
    }
    if (i > 0)
        snmp_send_trap(&enterprise, SNMP_GENTRAP_ENTERPRISE_SPECIFIC, (s32_t)n, objects);
}

static void send_traps_to(const uint8_t ip[4], const char *community)
{
    ip_addr_t to;

    IP_ADDR4(&to, ip[0], ip[1], ip[2], ip[3]);
    if (ip_addr_isany(&to))
        return;
    snmp_set_community_trap(community);
    snmp_trap_dst_ip_set(0, &to);
    snmp_trap_dst_enable(0, 1);
}

static void start_snmp(const struct thimble *engine, const struct thimble_settings *s)
{
    static const struct snmp_mib *mibs[] = { &mib2, &iscsi_mib, &disk_mib };
    static u16_t lens[3];
    static const u8_t *const words[] = { (const u8_t *)"Thimble " THIMBLE_VERSION ", an iSCSI target" };
    const char *name = thimble_settings_text(s, s->network.hostname);

    lens[0] = (u16_t)strlen((const char *)words[0]);
    portal.port = s->network.port;
    mib = (struct thimble_mib){ .engine = engine, .portals = &portal, .n_portals = 1, .refused = refused,
                                .n_refused = THIMBLE_BOARD_TARGETS, .ends = ends_of, .config = *thimble_configuration(engine) };
    snmp_set_community(thimble_settings_text(s, s->status.snmp_community));
    snmp_set_community_write("");       /* nothing can be written */
    snmp_mib2_set_sysdescr(words[0], &lens[0]);
    if (name) {
        lens[1] = (u16_t)strlen(name);
        snmp_mib2_set_sysname_readonly((const u8_t *)name, &lens[1]);
    }
    snmp_set_mibs(mibs, LWIP_ARRAYSIZE(mibs));
    snmp_init();
    send_traps_to(s->status.snmp_trap, thimble_settings_text(s, s->status.snmp_community));
}

#endif

/* -------------------------------------------------------------------------------------- */

static const char *peer_of(const void *port_conn)
{
    static char text[IPADDR_STRLEN_MAX];
    const struct tcp_pcb *pcb = ((const struct thimble_lwip_conn *)port_conn)->pcb;

    return pcb ? ipaddr_ntoa_r(&pcb->remote_ip, text, sizeof text) : "";
}

void th_status_start(const struct thimble *engine, const struct thimble_settings *s)
{
    static struct thimble_status_source source;
    const char *name = thimble_settings_text(s, s->network.hostname);

    source = (struct thimble_status_source){ .engine = engine, .name = name ? name : th_board_name,
                                             .peer = peer_of };
    if (s->status.http_port) {
        th_web_lwip.source = &source;
        th_web_lwip_start(s->status.http_port);
    }
    if (s->status.snmp_community) {
#if LWIP_SNMP
        start_snmp(engine, s);
        th_board_log(TH_LOG_INFO, "status: snmp on port 161");
#else
        th_board_log(TH_LOG_WARNING, "status: this firmware has no SNMP");
#endif
    }
}

void th_status_event(const struct thimble_event *event)
{
#if LWIP_SNMP
    int target;
    unsigned n = mib.engine ? thimble_mib_note(&mib, event, th_board_ms() / 10, &target) : 0;

    if (n > 0)
        send_trap(n, target);
#else
    (void)event;                        /* the engine counts by itself */
#endif
}

#else

/* ISO C wants something in every file. */
typedef int th_status_is_not_shown;

#endif
