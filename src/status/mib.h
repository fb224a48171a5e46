/* SPDX-License-Identifier: MIT
 *
 * mib.h: an engine's numbers as SNMP objects: the ISCSI-MIB of RFC 7147, read only.
 *
 * An SNMP agent (Net-SNMP's snmpd by AgentX, lwIP's own) asks for an object or for the next one; it speaks BER and the
 * protocol, this speaks tables.  Object identifiers are given behind MIB_ISCSI's 1.3.6.1.2.1.142, a number each.
 *
 *     142.1.1.1  iscsiInstanceAttributesTable         one row: .1
 *     142.1.1.2  iscsiInstanceSsnErrorStatsTable
 *     142.1.2.1  iscsiPortalAttributesTable           .1.portal
 *     142.1.3.1  iscsiTgtPortalAttributesTable        .1.portal.0
 *     142.1.5.1  iscsiNodeAttributesTable             .1.target, from 1
 *     142.1.6.1  iscsiTargetAttributesTable
 *     142.1.6.2  iscsiTargetLoginStatsTable
 *     142.1.6.3  iscsiTargetLogoutStatsTable
 *     142.1.10.1 iscsiSessionAttributesTable          .1.target.session; target 0: discovery
 *     142.1.10.2 iscsiSessionStatsTable
 *     142.1.10.3 iscsiSessionCxnErrorStatsTable
 *     142.1.11.1 iscsiConnectionAttributesTable       .1.target.session.1
 *
 * What can be told by no one row is answered without an index, too (`...142.1.6.2.1.1` or with `.0` behind it): the
 * sum over all rows.  That is not the MIB's; some monitoring asks so.
 *
 * Layer 6.  No allocation, no platform.
 */
#ifndef THIMBLE_MIB_H
#define THIMBLE_MIB_H

#include "../thimble_stats.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sub-identifiers of the longest name: 1.11.1.1 column, and four of index. */
#define THIMBLE_MIB_NAME_MAX 12

/* So many are due in ten seconds at most. */
#define THIMBLE_MIB_NOTIFICATIONS 3

enum thimble_mib_type {
    THIMBLE_MIB_INTEGER, THIMBLE_MIB_UNSIGNED, THIMBLE_MIB_COUNTER32, THIMBLE_MIB_COUNTER64,
    THIMBLE_MIB_TICKS, THIMBLE_MIB_OCTETS, THIMBLE_MIB_OID,
};

struct thimble_mib_value {
    enum thimble_mib_type type;
    uint64_t number;
    const uint8_t *octets;              /* valid until the next call */
    const uint32_t *oid;                /* whole, not behind 142 */
    size_t len;                         /* of octets or oid */
    uint8_t scratch[8];                 /* for short octets */
};

/* An address of TCP: len 4, 16, or 0: not known. */
struct thimble_mib_address {
    uint8_t  octets[16];
    uint8_t  len;
    uint16_t port;
    uint16_t tag;                       /* of a portal: its portal group; 0: 1 */
};

/* What went wrong last, of a target or of all. */
struct thimble_mib_failure {
    uint32_t count;                     /* sessions that ended by a failure; 0: nothing went wrong */
    uint32_t ticks;                     /* sysUpTime then */
    const uint32_t *what;               /* object identifier of the counter that grew */
    struct thimble_mib_address address;
    char initiator[224];
};

/* Kept by the agent, told by thimble_mib_note(). */
struct thimble_mib {
    const struct thimble *engine;

    /* Borrowed.  portals[0 .. n_portals): where it listens. */
    const struct thimble_mib_address *portals;
    unsigned n_portals;

    uint32_t memory_low_bytes;          /* for mib_disk.h */

    /* As the engine is configured: what it offers. */
    struct thimble_config config;

    /* Both ends of a connection.  May be NULL. */
    void (*ends)(const void *port_conn, struct thimble_mib_address *local,
                 struct thimble_mib_address *remote);

    /* Filled by thimble_mib_note(); refused has a place for each target, or is NULL. */
    struct thimble_mib_failure session, *refused;
    unsigned n_refused;
    uint32_t notified_ticks[THIMBLE_MIB_NOTIFICATIONS];     /* of the last ones, one behind the other */
    uint32_t n_notified;
};

/* The object of this name.  False: there is none. */
bool thimble_mib_get(const struct thimble_mib *m, const uint32_t *name, size_t len,
                     struct thimble_mib_value *value);

/* The first object behind that name, in the order of names: its name goes to next[0 .. *next_len), THIMBLE_MIB_NAME_MAX at
 * most.  False: there are no more. */
bool thimble_mib_next(const struct thimble_mib *m, const uint32_t *name, size_t len, uint32_t *next,
                      size_t *next_len, struct thimble_mib_value *value);

/* The engine told of this event: keeps what tables want to know.  Returns the number of the notification that is due by
 * RFC 7147 (142.0.N): 1 iscsiTgtLoginFailure, of the target *target; 3 iscsiInstSessionFailure; 0: none, or too many of
 * late. */
unsigned thimble_mib_note(struct thimble_mib *m, const struct thimble_event *event, uint32_t ticks, int *target);

/* Names of the objects that notification n carries, for the agent: fills names; returns how many. */
size_t thimble_mib_notified(unsigned n, int target, uint32_t names[][THIMBLE_MIB_NAME_MAX], size_t *lens,
                            size_t max);

#ifdef __cplusplus
}
#endif

#endif
