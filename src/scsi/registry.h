/* SPDX-License-Identifier: MIT
 *
 * registry.h: who has registered with a logical unit, and who holds its persistent reservation (SPC-4 5.12).
 *
 * A change is made beside what is in force, and then takes effect as a whole:
 *
 *     th_change_begin          what shall be is what is
 *     ... next_key, next_type, next_holder, next_kept; th_change_add()
 *     th_change_settle         a reservation that has lost its holder is none
 *     th_change_put            the record of what shall be, to be kept if next_kept
 *     th_change_commit         it is in force;  or  th_change_undo: nothing was
 *
 * so that a change which cannot be kept over a restart (APTPL) is no change.  lu->persistent.gate admits one
 * at a time.  Layer 2.  Private to src/scsi/.
 */
#ifndef TH_SCSI_REGISTRY_H
#define TH_SCSI_REGISTRY_H

#include "scsi.h"

/* The TYPE of a persistent reservation (SPC-4 6.15.3.4). */
enum th_reservation_type {
    TH_RESERVATION_NONE = 0,
    TH_WRITE_EXCLUSIVE = 1,
    TH_EXCLUSIVE_ACCESS = 3,
    TH_WRITE_EXCLUSIVE_REGISTRANTS = 5, /* ... registrants only */
    TH_EXCLUSIVE_ACCESS_REGISTRANTS = 6,
    TH_WRITE_EXCLUSIVE_ALL = 7,         /* ... all registrants: each of them is a holder */
    TH_EXCLUSIVE_ACCESS_ALL = 8,
};

static inline bool th_type_ok(unsigned type)
{
    return type == TH_WRITE_EXCLUSIVE || type == TH_EXCLUSIVE_ACCESS ||
           (type >= TH_WRITE_EXCLUSIVE_REGISTRANTS && type <= TH_EXCLUSIVE_ACCESS_ALL);
}

static inline bool th_type_admits_registrants(unsigned type)
{
    return type >= TH_WRITE_EXCLUSIVE_REGISTRANTS;
}

static inline bool th_type_of_all(unsigned type)
{
    return type >= TH_WRITE_EXCLUSIVE_ALL;
}

static inline bool th_type_admits_readers(unsigned type)
{
    return type == TH_WRITE_EXCLUSIVE || type == TH_WRITE_EXCLUSIVE_REGISTRANTS ||
           type == TH_WRITE_EXCLUSIVE_ALL;
}

/* An initiator port, and the target port that it uses: the same over logins and restarts. */
struct th_port {
    const char *name;                   /* InitiatorName, at most TH_INITIATOR_NAME_MAX bytes */
    size_t name_len;
    const uint8_t *isid;                /* 6 bytes; NULL: every port of that name */
    uint16_t tag;                       /* of the target port */
};

/* TransportIDs of iSCSI (SPC-4 7.6.4.6): a name, ",i,0x" and an ISID. */
#define TH_TRANSPORT_ID_MAX (4 + 244)
uint32_t th_transport_id_put(uint8_t *p, const struct th_registration *r);

/* Takes apart the one at p, of which up to `left` bytes are there.  Returns its length, 0: it is none.  port->name stays
 * where it was; the ISID goes to isid, and port->isid is isid or NULL; port->tag is the caller's to fill in. */
uint32_t th_transport_id_get(const uint8_t *p, uint32_t left, struct th_port *port, uint8_t isid[6]);

/* A session's, or that port's, registration with lu, now or in the change that is being made; NULL: it has none. */
struct th_registration *th_registration_of(const struct th_lu *lu, const struct th_nexus *nexus);
struct th_registration *th_registration_find(const struct th_lu *lu, const struct th_port *port);

/* The reservation is nexus's own, or lets it in because it has registered.  Only while there is one. */
bool th_reservation_admits(const struct th_lu *lu, const struct th_nexus *nexus);

#if THIMBLE_SCSI_PERSISTENT_RESERVE
static inline bool th_is_holder(const struct th_lu *lu, const struct th_registration *r)
{
    const struct th_persistent *p = &lu->persistent;
    return r && p->type && (th_type_of_all(p->type) || p->holder == r);
}
#endif

/* The target port of a registration with lu. */
static inline uint16_t th_registration_tag(const struct th_lu *lu, const struct th_registration *r)
{
#if THIMBLE_PORT_GROUPS > 1
    (void)lu;
    return r->tag;
#else
    (void)r;
    return lu->target->portal_group_tag;
#endif
}

/* A session came or goes: registrations are its port's, and stay. */
void th_registry_bind(struct th_nexus *nexus);
void th_registry_unbind(const struct th_nexus *nexus);

void th_change_begin(struct th_lu *lu);
/* A port that has no registration; its next_key is then to be set.  NULL: no room. */
struct th_registration *th_change_add(struct th_lu *lu, const struct th_port *port);
void th_change_settle(struct th_lu *lu);
bool th_change_any(const struct th_lu *lu);
uint32_t th_change_put(const struct th_lu *lu, uint8_t *record);
void th_change_commit(struct th_lu *lu);
void th_change_undo(struct th_lu *lu);

/* restore.c: what th_change_put() made is in force again.  THIMBLE_OK, THIMBLE_ERR_RECORD or THIMBLE_ERR_FULL. */
int th_registry_restore(struct th_lu *lu, const uint8_t *bytes, uint32_t n);

#endif
