/* SPDX-License-Identifier: MIT
 *
 * status_lwip.c: see status.h: documents of src/status as files of lwIP's httpd, and its MIB as a node of lwIP's SNMP
 * agent.
 *
 *     httpd    asks for a file, and then for pieces of any size: a document is made piece by piece into a small
 *              buffer, and copied out of it.  FILES_OPEN files at a time; others are told 404
 *     SNMP     asks for an object or the next one
 *
 * Both run in lwIP's own turn, which is the engine's.  HTTP connections have lwIP's lowest priority (HTTPD_TCP_PRIO): when
 * there is no place for an initiator, one of them goes.
 *
 * Layer 6.
 */
#include "which.h"

#include "status.h"

#if TH_BOARD_LWIP && TH_BOARD_STATUS

#include <limits.h>
#include <string.h>

#include "../../status/mib.h"
#include "../../status/mib_disk.h"
#include "../../status/status.h"
#include "../lwip/thimble_lwip.h"
#include "lwip/apps/fs.h"
#include "lwip/apps/httpd.h"
#include "lwip/apps/snmp.h"
#include "lwip/apps/snmp_core.h"
#include "lwip/apps/snmp_mib2.h"
#include "lwip/netif.h"
#include "lwip/tcp.h"
#include "platform.h"

enum { FILES_OPEN = 3 };

uint16_t th_status_http_port;           /* HTTPD_SERVER_PORT, see lwipopts.h */

static struct thimble_status_source source;
static struct thimble_mib mib;
static struct thimble_mib_address portal;
static struct thimble_mib_failure refused;  /* of the first target */

/* --------------------------------------------------------------------------------------
 * Files
 */
struct document {
    const char *name, *head;
    enum { DOC_PAGE, DOC_JSON, DOC_METRICS, DOC_MISSING } what;
};

#define HEAD(status, type, more) \
    "HTTP/1.0 " status "\r\nContent-Type: " type "\r\nCache-Control: no-store\r\n" \
    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n" more "\r\n"

static const struct document documents[] = {
    { "/index.html", HEAD("200 OK", "text/html; charset=utf-8",
                          "Content-Encoding: gzip\r\n"
                          "Content-Security-Policy: default-src 'none'; connect-src 'self'; img-src data:; "
                          "style-src 'unsafe-inline'; script-src 'unsafe-inline'\r\n"), DOC_PAGE },
    { "/status.json", HEAD("200 OK", "application/json", ""), DOC_JSON },
    { "/metrics", HEAD("200 OK", "text/plain; version=0.0.4", ""), DOC_METRICS },
    { "/404.html", HEAD("404 Not Found", "text/plain", "") "There is /, /status.json and /metrics.\n", DOC_MISSING },
};

static struct open_file {
    const struct document *document;    /* NULL: free */
    struct thimble_status_cursor cursor;
    const uint8_t *from;                /* what is to be sent next */
    size_t left;
    bool body_begun;
    char piece[THIMBLE_STATUS_PIECE_MIN];
} files[FILES_OPEN];

/* lwIP calls them, and declares them nowhere. */
int fs_open_custom(struct fs_file *file, const char *name);
void fs_close_custom(struct fs_file *file);
int fs_read_custom(struct fs_file *file, char *buffer, int count);

int fs_open_custom(struct fs_file *file, const char *name)
{
    const struct document *d = documents;
    struct open_file *f = files;

    while (d < documents + sizeof documents / sizeof documents[0] && strcmp(d->name, name) != 0)
        d++;
    if (d == documents + sizeof documents / sizeof documents[0])
        return 0;
    while (f < files + FILES_OPEN && f->document)
        f++;
    if (f == files + FILES_OPEN)
        return 0;
    f->document = d;
    f->from = (const uint8_t *)d->head;
    f->left = strlen(d->head);
    f->body_begun = false;
    memset(file, 0, sizeof *file);
    file->len = INT_MAX;                /* its end is told by FS_READ_EOF */
    file->pextension = f;
    file->flags = FS_FILE_FLAGS_HEADER_INCLUDED;
    return 1;
}

void fs_close_custom(struct fs_file *file)
{
    struct open_file *f = file->pextension;
    if (f)
        f->document = NULL;
}

/* The next bytes to send; false: there are no more. */
static bool next_piece(struct open_file *f)
{
    switch (f->document->what) {
    case DOC_PAGE:
        if (f->body_begun)
            return false;
        f->from = thimble_status_page;
        f->left = thimble_status_page_bytes;
        break;
    case DOC_JSON:
    case DOC_METRICS:
        if (!f->body_begun) {
            source.uptime_ms = th_board_ms();
            source.now_ms = th_board_ms();
            thimble_status_begin(&f->cursor, f->document->what == DOC_JSON ? THIMBLE_STATUS_JSON
                                                                       : THIMBLE_STATUS_METRICS, &source);
        }
        f->from = (const uint8_t *)f->piece;
        f->left = thimble_status_piece(&f->cursor, f->piece, sizeof f->piece);
        break;
    case DOC_MISSING:
        return false;
    }
    f->body_begun = true;
    return f->left > 0;
}

int fs_read_custom(struct fs_file *file, char *buffer, int count)
{
    struct open_file *f = file->pextension;
    size_t n = 0, room = count > 0 ? (size_t)count : 0;

    while (n < room && (f->left > 0 || next_piece(f))) {
        size_t part = f->left < room - n ? f->left : room - n;
        memcpy(buffer + n, f->from, part);
        f->from += part;
        f->left -= part;
        n += part;
    }
    return n > 0 ? (int)n : FS_READ_EOF;
}

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

static const char *peer_of(const void *port_conn)
{
    static char text[IPADDR_STRLEN_MAX];
    const struct tcp_pcb *pcb = ((const struct thimble_lwip_conn *)port_conn)->pcb;

    return pcb ? ipaddr_ntoa_r(&pcb->remote_ip, text, sizeof text) : "";
}

static void start_snmp(const struct thimble *engine, const struct thimble_settings *s)
{
    static const struct snmp_mib *mibs[] = { &mib2, &iscsi_mib, &disk_mib };
    static u16_t lens[3];
    static const u8_t *const words[] = { (const u8_t *)"Thimble " THIMBLE_VERSION ", an iSCSI target" };
    const char *name = thimble_settings_text(s, s->network.hostname);

    lens[0] = (u16_t)strlen((const char *)words[0]);
    portal.port = s->network.port;
    mib = (struct thimble_mib){ .engine = engine, .portals = &portal, .n_portals = 1, .refused = &refused,
                                .n_refused = 1, .ends = ends_of, .config = *thimble_configuration(engine) };
    snmp_set_community(thimble_settings_text(s, s->status.snmp_community));
    snmp_set_community_write("");       /* nothing can be written */
    snmp_mib2_set_sysdescr(words[0], &lens[0]);
    if (name) {
        lens[1] = (u16_t)strlen(name);
        snmp_mib2_set_sysname_readonly((const u8_t *)name, &lens[1]);
    }
    snmp_set_mibs(mibs, LWIP_ARRAYSIZE(mibs));
    snmp_init();
}

/* -------------------------------------------------------------------------------------- */

void th_status_start(const struct thimble *engine, const struct thimble_settings *s)
{
    const char *name = thimble_settings_text(s, s->network.hostname);

    source = (struct thimble_status_source){ .engine = engine, .name = name ? name : th_board_name,
                                             .peer = peer_of };
    if (s->status.http_port) {
        th_status_http_port = s->status.http_port;
        httpd_init();
        th_board_log(TH_LOG_INFO, "status: http on port %u", s->status.http_port);
    }
    if (s->status.snmp_community) {
        start_snmp(engine, s);
        th_board_log(TH_LOG_INFO, "status: snmp on port 161");
    }
}

void th_status_event(const struct thimble_event *event)
{
    int target;

    if (mib.engine)
        thimble_mib_note(&mib, event, th_board_ms() / 10, &target);
}

#else

/* ISO C wants something in every file. */
typedef int th_status_is_not_shown;

#endif
