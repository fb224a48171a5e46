/* SPDX-License-Identifier: MIT
 *
 * thimble_stats.h: what an engine has done, in numbers: one set of counters, for status pages, metrics,
 * SNMP and SCSI's log pages alike.  Part of thimble.h's interface.
 *
 * The memory is fixed and part of what thimble_memory_bytes() counts.  Counters begin at zero with the
 * engine; they never go down, and those of 32 bits wrap.  Read them from the engine's thread.
 *
 * THIMBLE_STATS 0 leaves all of it out.
 */
#ifndef THIMBLE_STATS_H
#define THIMBLE_STATS_H

#include "thimble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------------------
 * Logical units
 */

/* How long commands took, from the arrival of the command's header to the making of its status.  latency[i]
 * counts those of less than 2^(i + 1) microseconds (and at least 2^i, but for i = 0); the last one
 * all longer ones: half a second and more. */
#define THIMBLE_LATENCY_BUCKETS 20

struct thimble_flow_stats {
    uint64_t commands;                  /* that ended with GOOD */
    uint64_t bytes;                     /* of the medium, that these moved */
    uint64_t busy_us;                   /* sum of their latencies */
    uint64_t latency[THIMBLE_LATENCY_BUCKETS];
};

struct thimble_lun_stats {
    struct thimble_flow_stats read, write;
    uint64_t other;                     /* commands that move no blocks, and ended with GOOD */
    uint32_t errors[16];                /* CHECK CONDITION, by sense key */
    uint32_t conflicts;                 /* RESERVATION CONFLICT */
    uint32_t refused;                   /* BUSY, TASK SET FULL: no memory at that moment */
};

/* NULL: there is no such unit. */
const struct thimble_lun_stats *thimble_lun_stats(const struct thimble *engine, int target,
                                                  uint16_t lun);

/* What a unit is: the disk as it was handed to thimble_lun_add(), and how initiators may use it.
 * False: there is no such unit. */
struct thimble_lun_info {
    const struct thimble_block *block;
    const char *vendor, *product;
    bool read_only;
    bool ready;                         /* the medium can be used */
};
bool thimble_lun_info(const struct thimble *engine, int target, uint16_t lun,
                      struct thimble_lun_info *info);

/* --------------------------------------------------------------------------------------
 * Targets.  The fields follow iscsiTgtLoginStats and iscsiTgtLogoutStats of RFC 7147.
 */
enum thimble_login_fault {
    THIMBLE_LOGIN_FAULT_OTHER,          /* resources, protocol, sessions that are not there */
    THIMBLE_LOGIN_FAULT_NOT_FOUND,      /* no such target: counted for the engine alone */
    THIMBLE_LOGIN_FAULT_AUTHORIZE,      /* not on the allow-list */
    THIMBLE_LOGIN_FAULT_AUTHENTICATE,   /* CHAP */
    THIMBLE_LOGIN_FAULT_NEGOTIATE,      /* a key's value */
    THIMBLE_LOGIN_FAULTS
};

struct thimble_target_stats {
    uint32_t accepted;                  /* logins, discovery sessions not counted */
    uint32_t faults[THIMBLE_LOGIN_FAULTS];
    uint32_t logouts;                   /* by the initiator's Logout Request */
    uint32_t lost;                      /* sessions that ended otherwise */
    uint32_t fault_ms;                  /* when the last login was refused */
    uint8_t  fault;                     /* and its enum thimble_login_fault */
};

/* The name of target 0, 1, ... in the order of thimble_target_add(); NULL: there is no such one. */
const char *thimble_target_name(const struct thimble *engine, int target);
const struct thimble_target_stats *thimble_target_stats(const struct thimble *engine, int target);

/* Its TargetAlias; NULL: it has none, or there is no such target. */
const char *thimble_target_alias(const struct thimble *engine, int target);

/* --------------------------------------------------------------------------------------
 * Sessions
 */
struct thimble_session_stats {
    uint64_t rx_bytes, tx_bytes;        /* of data segments */
    uint32_t commands, responses;       /* SCSI Commands that came, and that got their status */
    uint32_t rx_nops, tx_nops;          /* NOP-Out and NOP-In PDUs */
    uint32_t rx_pdus, tx_pdus;
    uint32_t digest_errors;
};

struct thimble_session {
    const char *initiator;              /* InitiatorName; valid until the engine runs again */
    int      target;                    /* index; -1: a discovery session */
    uint8_t  isid[6];
    uint16_t tsih;
    uint16_t cid;
    void    *port_conn;                 /* as given to thimble_conn_open() */
    uint16_t portal_group_tag;          /* 0: a discovery session */
    uint32_t age_ms;                    /* since its connection was opened */
    uint16_t queued;                    /* commands that are under way */
    uint16_t queue_depth;               /* and may be, at most */

    /* As negotiated, RFC 7143 chapter 13. */
    uint32_t max_send_bytes;            /* the initiator's MaxRecvDataSegmentLength */
    uint32_t max_burst_bytes, first_burst_bytes;
    uint16_t max_outstanding_r2t;
    bool     header_digest, data_digest, initial_r2t, immediate_data;
    uint8_t  protocol_level;
    bool     response_fence;            /* TaskReporting: ResponseFence, else RFC3720 */

    struct thimble_session_stats stats;
};

/* Goes from session to session in full feature phase: *cursor is 0 for the first; false: there are no more. */
bool thimble_session_next(const struct thimble *engine, unsigned *cursor,
                          struct thimble_session *session);

/* --------------------------------------------------------------------------------------
 * The engine
 */
struct thimble_stats {
    uint32_t events[THIMBLE_EVENT_KINDS];       /* by enum thimble_event_kind */
    uint32_t reasons[THIMBLE_REASON_COUNT];     /* why connections and PDUs were refused or ended */
    uint32_t faults[THIMBLE_LOGIN_FAULTS];      /* of all targets, and of none */

    /* iscsiInstance's sessions that failed: by digests, by what is no iSCSI, by silence. */
    uint32_t digest_errors, format_errors, timeouts;
    uint32_t connections;                       /* opened */

    /* The fewest data buffers that were ever free: 0, and somebody had to wait. */
    uint16_t buffers_low;
};
const struct thimble_stats *thimble_stats(const struct thimble *engine);

/* The configuration in force, with its defaults filled in. */
const struct thimble_config *thimble_configuration(const struct thimble *engine);

/* Open connections, logins included. */
unsigned thimble_connections(const struct thimble *engine);

/* The last THIMBLE_EVENTS_KEPT events.  A number that grows by one with each names them; initiators' names are
 * cut at their beginning. */
#define THIMBLE_KEPT_NAME_BYTES 48

struct thimble_kept_event {
    uint32_t number, at_ms, detail;     /* at_ms: as of thimble_tick() */
    uint8_t  kind, reason;              /* enums of thimble.h */
    int16_t  target;                    /* index; -1: none */
    char     initiator[THIMBLE_KEPT_NAME_BYTES];
};

/* The event with this number, or NULL: it was overwritten, or has not happened yet. */
const struct thimble_kept_event *thimble_event_kept(const struct thimble *engine, uint32_t number);

/* The number that the next event will get. */
uint32_t thimble_event_count(const struct thimble *engine);

#ifdef __cplusplus
}
#endif

#endif
