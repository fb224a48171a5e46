/* SPDX-License-Identifier: MIT
 *
 * registry.c: see registry.h.  Knows lists, no CDB.
 */
#include "ops.h"

#if THIMBLE_SCSI_PERSISTENT_RESERVE

#include <string.h>

#include "../core/record.h"
#include "../core/wire.h"
#include "registry.h"

/* A registration needs no more of READ FULL STATUS or of a record than this. */
enum { REGISTRATION_TEXT_MAX = 24 + TH_TRANSPORT_ID_MAX, HEADERS_MAX = 32 };

void th_scsi_registry_init(struct th_registry *registry, struct th_registration *memory,
                           uint32_t n, uint32_t reply_bytes)
{
    registry->free = NULL;
    registry->per_unit = (uint16_t)th_min32((reply_bytes - HEADERS_MAX) / REGISTRATION_TEXT_MAX,
                                            UINT16_MAX);
    while (n-- > 0) {
        memory[n].next = registry->free;
        registry->free = &memory[n];
    }
}

/* --------------------------------------------------------------------------------------
 * Initiator ports
 */
static const char separator[] = ",i,0x";

enum { PROTOCOL_ISCSI = 0x05, FORMAT_DEVICE = 0x00, FORMAT_PORT = 0x40, ISID_DIGITS = 12,
       TRANSPORT_ID_HEADER_BYTES = 4, TRANSPORT_ID_LEAST = 20 };

uint32_t th_transport_id_put(uint8_t *p, const struct th_registration *r)
{
    uint32_t name_len = (uint32_t)strlen(r->name);
    uint32_t len = th_pad4(name_len + sizeof separator - 1 + ISID_DIGITS + 1);
    uint8_t *at = p + TRANSPORT_ID_HEADER_BYTES;

    memset(p, 0, TRANSPORT_ID_HEADER_BYTES + len);
    p[0] = FORMAT_PORT | PROTOCOL_ISCSI;
    th_put16(p + 2, len);
    memcpy(at, r->name, name_len);
    at += name_len;
    memcpy(at, separator, sizeof separator - 1);
    at += sizeof separator - 1;
    for (unsigned i = 0; i < ISID_DIGITS; i++)
        at[i] = (uint8_t)"0123456789abcdef"[r->isid[i / 2] >> (i % 2 ? 0 : 4) & 15];
    return TRANSPORT_ID_HEADER_BYTES + len;
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool isid_of(const uint8_t *digits, uint8_t isid[6])
{
    for (unsigned i = 0; i < 6; i++) {
        int high = digit_of(digits[2 * i]), low = digit_of(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        isid[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

uint32_t th_transport_id_get(const uint8_t *p, uint32_t left, struct th_port *port, uint8_t isid[6])
{
    if (left < TRANSPORT_ID_HEADER_BYTES)
        return 0;
    uint32_t len = th_get16(p + 2);
    const uint8_t *text = p + TRANSPORT_ID_HEADER_BYTES;
    if (len < TRANSPORT_ID_LEAST || len % 4 != 0 || len > left - TRANSPORT_ID_HEADER_BYTES)
        return 0;
    const uint8_t *end = memchr(text, 0, len);
    if (!end)
        return 0;

    const uint32_t tail = sizeof separator - 1 + ISID_DIGITS;
    size_t n = (size_t)(end - text);
    *port = (struct th_port){ .name = (const char *)text, .name_len = n };
    if (p[0] == (FORMAT_PORT | PROTOCOL_ISCSI)) {
        if (n <= tail || memcmp(end - tail, separator, sizeof separator - 1) != 0 ||
            !isid_of(end - ISID_DIGITS, isid))
            return 0;
        port->name_len = n - tail;
        port->isid = isid;
    } else if (p[0] != (FORMAT_DEVICE | PROTOCOL_ISCSI)) {
        return 0;
    }
    if (port->name_len == 0 || port->name_len > TH_INITIATOR_NAME_MAX)
        return 0;
    return TRANSPORT_ID_HEADER_BYTES + len;
}

static bool is_port(const struct th_registration *r, const struct th_port *port)
{
#if THIMBLE_PORT_GROUPS > 1
    if (r->tag != port->tag)
        return false;
#endif
    return memcmp(r->isid, port->isid, 6) == 0 && strlen(r->name) == port->name_len &&
           memcmp(r->name, port->name, port->name_len) == 0;
}

struct th_registration *th_registration_find(const struct th_lu *lu, const struct th_port *port)
{
    struct th_registration *r = lu->persistent.first;

    while (r && !is_port(r, port))
        r = r->next;
    return r;
}

struct th_registration *th_registration_of(const struct th_lu *lu, const struct th_nexus *nexus)
{
    struct th_registration *r = lu->persistent.first;

    while (r && (r->nexus != nexus || r->key == 0))
        r = r->next;
    return r;
}

bool th_reservation_admits(const struct th_lu *lu, const struct th_nexus *nexus)
{
    const struct th_registration *r = th_registration_of(lu, nexus);

    return r && (th_type_admits_registrants(lu->persistent.type) || th_is_holder(lu, r));
}

void th_registry_bind(struct th_nexus *nexus)
{
    struct th_port port = { nexus->initiator, strlen(nexus->initiator), nexus->isid, th_tag_of(nexus) };

    for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++) {
        const struct th_lu *lu = nexus->target->lus[lun];
        struct th_registration *r = lu ? th_registration_find(lu, &port) : NULL;
        if (r)
            r->nexus = nexus;
    }
}

void th_registry_unbind(const struct th_nexus *nexus)
{
    for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++) {
        const struct th_lu *lu = nexus->target->lus[lun];
        for (struct th_registration *r = lu ? lu->persistent.first : NULL; r; r = r->next)
            if (r->nexus == nexus)
                r->nexus = NULL;
    }
}

/* --------------------------------------------------------------------------------------
 * Changes
 */
void th_change_begin(struct th_lu *lu)
{
    struct th_persistent *p = &lu->persistent;

    for (struct th_registration *r = p->first; r; r = r->next)
        r->next_key = r->key;
    p->next_type = p->type;
    p->next_holder = p->holder;
    p->next_kept = p->kept;
}

struct th_registration *th_change_add(struct th_lu *lu, const struct th_port *port)
{
    struct th_persistent *p = &lu->persistent;
    struct th_registration *r = p->registry->free, **end = &p->first;
    unsigned n = 0;

    for (; *end; end = &(*end)->next)
        n++;
    if (!r || n >= p->registry->per_unit)
        return NULL;
    p->registry->free = r->next;
    memset(r, 0, sizeof *r);
    memcpy(r->name, port->name, port->name_len);
    memcpy(r->isid, port->isid, 6);
#if THIMBLE_PORT_GROUPS > 1
    r->tag = port->tag;
#endif
    for (struct th_nexus *s = lu->target->nexuses; s; s = s->next)
        if (memcmp(s->isid, r->isid, 6) == 0 && strcmp(s->initiator, r->name) == 0 &&
            (THIMBLE_PORT_GROUPS == 1 || th_tag_of(s) == port->tag))
            r->nexus = s;
    *end = r;
    return r;
}

/* 5.12.11: a reservation ends with the registration of its holder, or with the last one. */
void th_change_settle(struct th_lu *lu)
{
    struct th_persistent *p = &lu->persistent;
    bool held = false;

    for (const struct th_registration *r = p->first; r; r = r->next)
        held = held || (r->next_key != 0 && (th_type_of_all(p->next_type) || r == p->next_holder));
    if (!held)
        p->next_type = TH_RESERVATION_NONE;
    if (p->next_type == TH_RESERVATION_NONE || th_type_of_all(p->next_type))
        p->next_holder = NULL;          /* RELEASE ends the type only */
}

bool th_change_any(const struct th_lu *lu)
{
    const struct th_persistent *p = &lu->persistent;
    bool any = p->next_type != p->type || p->next_holder != p->holder || p->next_kept != p->kept;

    for (const struct th_registration *r = p->first; r; r = r->next)
        any = any || r->next_key != r->key;
    return any;
}

/* The registrations that have no key are free. */
static void sweep(struct th_lu *lu)
{
    struct th_registration **at = &lu->persistent.first;
    struct th_registry *registry = lu->persistent.registry;

    while (*at) {
        struct th_registration *r = *at;
        if (r->key != 0) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        r->next = registry->free;
        registry->free = r;
    }
}

void th_change_commit(struct th_lu *lu)
{
    struct th_persistent *p = &lu->persistent;

    for (struct th_registration *r = p->first; r; r = r->next)
        r->key = r->next_key;
    p->type = p->next_type;
    p->holder = p->next_holder;
    p->kept = p->next_kept;
    sweep(lu);
}

void th_change_undo(struct th_lu *lu)
{
    sweep(lu);
}

/* --------------------------------------------------------------------------------------
 * The record
 *
 *     0   TYPE of the reservation, 0: none
 *     1   0
 *     2   number of registrations, each of which is
 *             0   reservation key
 *             8   ISID
 *             14  1: the holder;  2: made for all target ports;  4: there is a tag
 *             15  length of the name
 *             16  the name
 *             ..  tag of the target port, 2 bytes; not there: it is the first
 */
enum { RECORD_HEADER_BYTES = 4, ENTRY_BYTES = 16, ENTRY_HOLDER = 0x01, ENTRY_ALL_PORTS = 0x02, ENTRY_TAG = 0x04,
       TAG_BYTES = 2 };

_Static_assert(ENTRY_BYTES + TH_INITIATOR_NAME_MAX + TAG_BYTES <= REGISTRATION_TEXT_MAX &&
               TH_RECORD_HEADER_BYTES + RECORD_HEADER_BYTES <= HEADERS_MAX, "a record of per_unit fits");

uint32_t th_change_put(const struct th_lu *lu, uint8_t *record)
{
    const struct th_persistent *p = &lu->persistent;
    uint8_t *head = record + TH_RECORD_HEADER_BYTES, *at = head + RECORD_HEADER_BYTES;
    unsigned n = 0;

    for (const struct th_registration *r = p->first; r; r = r->next) {
        if (r->next_key == 0)
            continue;
        size_t len = strlen(r->name);
        th_put64(at, r->next_key);
        memcpy(at + 8, r->isid, 6);
        at[14] = (uint8_t)((r == p->next_holder ? ENTRY_HOLDER : 0) |
                           (r->all_ports ? ENTRY_ALL_PORTS : 0));
        at[15] = (uint8_t)len;
        memcpy(at + ENTRY_BYTES, r->name, len);
#if THIMBLE_PORT_GROUPS > 1
        if (th_ports(lu->target) > 1) {
            at[14] |= ENTRY_TAG;
            th_put16(at + ENTRY_BYTES + len, r->tag);
            len += TAG_BYTES;
        }
#endif
        at += ENTRY_BYTES + len;
        n++;
    }
    head[0] = p->next_type;
    head[1] = 0;
    th_put16(head + 2, n);
    return th_record_seal(record, THIMBLE_RECORD_RESERVATIONS, (uint32_t)(at - head));
}

/* One registration, of which `left` bytes are there.  Returns its length, or a negative thimble_err. */
static int restore_entry(struct th_lu *lu, const uint8_t *at, uint32_t left)
{
    struct th_persistent *p = &lu->persistent;

    if (left < ENTRY_BYTES)
        return THIMBLE_ERR_RECORD;
    uint32_t len = at[15], tag_bytes = at[14] & ENTRY_TAG ? TAG_BYTES : 0;
    if (left - ENTRY_BYTES < len + tag_bytes || len > TH_INITIATOR_NAME_MAX || len == 0 ||
        memchr(at + ENTRY_BYTES, 0, len))
        return THIMBLE_ERR_RECORD;
    struct th_port port = { (const char *)at + ENTRY_BYTES, len, at + 8, th_port_tag(lu->target, 0) };
    if (tag_bytes)
        port.tag = th_get16(at + ENTRY_BYTES + len);
    bool holder = at[14] & ENTRY_HOLDER;
    if (th_get64(at) == 0 || th_registration_find(lu, &port) || (holder && p->next_holder))
        return THIMBLE_ERR_RECORD;

    struct th_registration *r = th_change_add(lu, &port);
    if (!r)
        return THIMBLE_ERR_FULL;
    r->next_key = th_get64(at);
    r->all_ports = at[14] & ENTRY_ALL_PORTS;
    if (holder)
        p->next_holder = r;
    return (int)(ENTRY_BYTES + len + tag_bytes);
}

static int restore_entries(struct th_lu *lu, const uint8_t *bytes, uint32_t n)
{
    struct th_persistent *p = &lu->persistent;
    uint32_t at = RECORD_HEADER_BYTES;

    if (n < RECORD_HEADER_BYTES || (bytes[0] != 0 && !th_type_ok(bytes[0])))
        return THIMBLE_ERR_RECORD;
    p->next_type = bytes[0];
    p->next_kept = true;
    for (unsigned left = th_get16(bytes + 2); left > 0; left--) {
        int len = restore_entry(lu, bytes + at, n - at);
        if (len < 0)
            return len;
        at += (uint32_t)len;
    }
    bool wants_holder = p->next_type && !th_type_of_all(p->next_type);
    bool wants_any = p->next_type != TH_RESERVATION_NONE;
    if (at != n || wants_holder != (p->next_holder != NULL) || (wants_any && !p->first))
        return THIMBLE_ERR_RECORD;
    return THIMBLE_OK;
}

int th_registry_restore(struct th_lu *lu, const uint8_t *bytes, uint32_t n)
{
    th_change_begin(lu);
    int err = restore_entries(lu, bytes, n);
    if (err == THIMBLE_OK)
        th_change_commit(lu);
    else
        th_change_undo(lu);
    return err;
}

#endif
