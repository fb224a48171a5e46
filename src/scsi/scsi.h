/* SPDX-License-Identifier: MIT
 *
 * scsi.h: the SCSI pillar.  A CDB and data go in; a status, sense and data come out.
 *
 * Layers 1 and 2.  Knows the disk (thimble.h) and nothing of iSCSI.  SAM-5, SPC-4, SBC-3.
 *
 * A command's life, as its owner sees it:
 *
 *     fill cdb, lu, lun, nexus; then th_scsi_start(), which answers
 *
 *     TH_NEXT_STATUS  status and sense are final
 *     TH_NEXT_REPLY   hand th_scsi_reply() a buffer; it makes parameter data for the initiator
 *     TH_NEXT_READ    data_bytes bytes of the medium go to the initiator: th_scsi_read() for each
 *                     piece, in any pieces of whole blocks; then the status is GOOD
 *     TH_NEXT_WRITE   data_bytes bytes are wanted: for each piece of whole blocks what
 *                     cmd->use says: th_scsi_write(), th_scsi_read() and a comparison, first
 *                     the one and then the other, or th_scsi_read(), an OR of the data and
 *                     th_scsi_write(); then th_scsi_written()
 *     TH_NEXT_PARAM   data_bytes bytes are wanted whole, in a buffer of lu->param_bytes bytes
 *                     that the owner puts into cmd->param: the rest of it is work space, and
 *                     with data_bytes 0 all of it.  Then th_scsi_param().  An initiator
 *                     that sends less than data_bytes bytes gets
 *                     th_scsi_check(cmd, TH_SENSE_INVALID_INFORMATION_UNIT) instead;
 *                     what another sends beyond them is dropped, but see `exact`
 *     TH_NEXT_WAIT    a disk works; nexus->resume(cmd) is called when status and sense are final
 *
 *     th_scsi_written() and th_scsi_param() answer TH_NEXT_STATUS or TH_NEXT_WAIT.
 *
 * With THIMBLE_WORK, th_scsi_lu_turn() is called for every unit again and again.
 *
 * A command that ends may let others through the gate of its logical unit: resume() may be called for
 * them before the function that ended it has returned.
 */
#ifndef TH_SCSI_SCSI_H
#define TH_SCSI_SCSI_H

#include "../thimble.h"
#include "../thimble_stats.h"

enum th_status {                        /* SAM-5 5.3.1 */
    TH_STATUS_GOOD = 0x00,
    TH_STATUS_CHECK_CONDITION = 0x02,
    TH_STATUS_CONDITION_MET = 0x04,
    TH_STATUS_BUSY = 0x08,
    TH_STATUS_RESERVATION_CONFLICT = 0x18,
    TH_STATUS_TASK_SET_FULL = 0x28,
    TH_STATUS_TASK_ABORTED = 0x40,
};

/* Sense key, additional sense code and qualifier in one word; named in sense.h. */
#define TH_SENSE(key, asc, ascq) \
    ((uint32_t)(key) << 16 | (uint32_t)(asc) << 8 | (uint32_t)(ascq))

enum th_next {
    TH_NEXT_STATUS, TH_NEXT_REPLY, TH_NEXT_READ, TH_NEXT_WRITE, TH_NEXT_PARAM, TH_NEXT_WAIT
};

/* Writers share the medium; a command that must be atomic has it alone (COMPARE AND WRITE; a block of which
 * only a part is being written).  First come, first served. */
struct th_gate {
    uint16_t sharers;
    bool     exclusive;
    bool     granting;                  /* private: a th_gate_leave() is letting commands in */
    struct thimble_io *first, *last;    /* waiting; io->op is enum th_gate_kind */
};
enum th_gate_kind { TH_GATE_SHARED, TH_GATE_EXCLUSIVE };

/* THIMBLE_OK: entered.  THIMBLE_PENDING: io->done(io, THIMBLE_OK) is called when it is. */
int  th_gate_enter(struct th_gate *g, enum th_gate_kind kind, struct thimble_io *io);
void th_gate_leave(struct th_gate *g, enum th_gate_kind kind);

#if THIMBLE_TASK_ATTRIBUTES
/* The commands of a logical unit, as their attributes order them; the owner's (engine/taskset.c). */
struct th_task;
struct th_task_set {
    struct th_task *first, *last;
    uint32_t n_simple;
};
#endif

/* Persistent reservations (SPC-4 5.12).  A registration is that of an initiator port and a target port, for one logical unit; it
 * stays while the one is not logged in to the other. */
#define TH_INITIATOR_NAME_MAX 223
struct th_registration {
    struct th_registration *next;
    struct th_nexus *nexus;             /* the port's session; NULL: it has none now */
    uint64_t key;                       /* 0: the change that adds it is not in force */
    uint64_t next_key;                  /* of the change that is being made; 0: it ends */
    uint8_t  isid[6];
    bool     all_ports;                 /* made with ALL_TG_PT */
#if THIMBLE_PORT_GROUPS > 1
    uint16_t tag;                       /* of the target port */
#endif
    char     name[TH_INITIATOR_NAME_MAX + 1];
};

/* Registrations that are free, for all units of an engine. */
struct th_registry {
    struct th_registration *free;
    uint16_t per_unit;                  /* so many of one unit fit into a reply and a record */
};

/* Of a logical unit; see registry.h. */
struct th_persistent {
    struct th_registry *registry;
    struct th_registration *first;      /* in the order of their coming */
    struct th_registration *holder, *next_holder;   /* NULL: nobody, or all registrants */
    const struct th_registration *by;   /* whose nexus makes the change */
    uint32_t generation;                /* PRGENERATION */
    uint8_t  type, next_type;           /* enum th_reservation_type */
    bool     kept, next_kept;           /* over a restart: APTPL */
    struct th_gate gate;                /* one change at a time */
};

struct th_nexus;
struct th_cmd;
struct th_scsi_target;
struct th_copies;

#if THIMBLE_WORK
/* Work on a whole unit, see work.h. */
enum th_work_kind {
    TH_WORK_NONE,
    TH_WORK_FORMAT_FAILED, TH_WORK_SANITIZE_FAILED,
    TH_WORK_FORMAT, TH_WORK_ERASE, TH_WORK_OVERWRITE,   /* under way */
};

/* Where it is; those beside PIECES are about the note in the store, see work.c. */
enum th_work_phase {
    TH_PHASE_PIECES, TH_PHASE_NOTE, TH_PHASE_UNNOTE, TH_PHASE_LOAD, TH_PHASE_FORGET, TH_PHASE_NOTE_FAILURE,
};

struct th_work {
    struct thimble_io io;
    struct th_cmd *waiter;              /* is answered when the work ends; NULL: nobody */
    uint8_t *mem;                       /* what is written: a parameter buffer; NULL: none */
    uint64_t lba, size_blocks;          /* where it is, where it ends */
    uint32_t n_blocks;                  /* of the piece that is under way */
    uint8_t  kind;                      /* enum th_work_kind */
    uint8_t  phase;                     /* enum th_work_phase */
    uint8_t  pass, passes;
    uint8_t  before;                    /* kind, and ause, of what this took the place of */
    uint16_t pattern_bytes;             /* until the note is made */
    bool     invert : 1, ause : 1;      /* see struct th_work_order */
    bool     ause_before : 1;
    bool     immediate : 1;             /* the waiter is answered when the note is made */
    bool     busy : 1;                  /* a piece waits for the gate, or is at the disk */
    bool     flushing : 1;              /* the last piece: the disk's cache */
    bool     stop : 1;                  /* the owner wants an end */
    bool     lost : 1;                  /* the medium is not there any more */
};
#endif

#if THIMBLE_SCSI_LOG
/* Since the unit was added, or LOG SELECT. */
struct th_log_counter {
    uint64_t bytes, blocks, commands;
    uint32_t errors;
};
struct th_log {
    struct th_log_counter writes, reads, verifies;
    struct thimble_health_requests writes_reset, reads_reset;   /* the medium's counters when LOG SELECT was last here */
};
#endif

#if THIMBLE_SCSI_ORWRITE_LONG
/* Of ORWRITE, see orwrite.c. */
struct th_generations {
    uint32_t current, previous;
    uint8_t  policy;                    /* for what is not of the current one: a private code, 0: none was set */
};
#endif

/* Thin provisioning thresholds, mode page 1Ch/02h: of what is available, and of what is used. */
#define TH_THRESHOLDS 2
struct th_threshold {
    uint32_t sets;                      /* of 2 to the TH_THRESHOLD_EXPONENT blocks */
    bool     enabled, told;
};

/* Asymmetric access by one target port group. */
struct th_access {
    uint8_t state;                      /* enum thimble_access */
    bool    set : 1, implicit : 1;      /* it was set; not by an initiator */
};

/* A logical unit; all sessions share it. */
struct th_lu {
    struct thimble_block *block;
    struct thimble_store *store;        /* or NULL */
    struct th_scsi_target *target;
    const struct th_lu *before;         /* the unit of any target that was added before; NULL: this is the first */
    const char *vendor, *product, *revision;    /* never NULL */
    uint16_t lun;                       /* its own; initiators may know another, see th_scsi_lun_of() */
    bool     read_only;
    bool     d_sense;                   /* sense data in descriptor format (control mode page) */
    bool     ejected;                   /* START STOP UNIT has taken the medium out */
    uint8_t  type;                      /* enum thimble_device_type */
    bool     software_protected : 1;    /* SWP (control mode page) */
    bool     tells_aborts : 1;          /* TAS (control mode page) */
    bool     write_through : 1;         /* WCE is cleared: writes are durable before they are answered */
    bool     exceptions_off : 1, exception_test : 1;    /* DEXCPT, TEST (mode page 1Ch) */
    bool     clock_set : 1;             /* SET TIMESTAMP */
    bool     flush_failed : 1;          /* for a READ: who wants to know that all is durable has yet to be told */
    uint8_t  saved_mode;                /* mode parameters that a reset goes back to, see mode.c */
    uint32_t param_bytes;               /* size of a parameter buffer: limits COMPARE AND WRITE */
    const struct thimble_lun_view *views;       /* the owner's: who sees it, see thimble_lun_config; NULL: all */
    size_t   n_views;
    struct th_gate gate;
#if THIMBLE_TASK_ATTRIBUTES
    struct th_task_set task_set;
#endif
    const struct th_nexus *reserved_by; /* RESERVE(6), SPC-2; NULL: nobody */
#if THIMBLE_WORK
    struct th_work work;
#endif
#if THIMBLE_SCSI_ALUA
    struct th_access access[THIMBLE_PORT_GROUPS];   /* by target port */
#endif
#if THIMBLE_SCSI_LOG
    struct th_log log;
#endif
#if THIMBLE_SCSI_ORWRITE_LONG
    struct th_generations generations;
#endif
#if THIMBLE_SCSI_THRESHOLDS
    struct th_threshold thresholds[TH_THRESHOLDS];
#endif
#if THIMBLE_SCSI_TIMESTAMP
    uint64_t clock_offset_ms;           /* to target->clock_ms */
#endif
#if THIMBLE_SCSI_BUFFER
    uint16_t echo_bytes;                /* of buffer, that WRITE BUFFER wrote to be echoed */
    uint8_t  buffer[THIMBLE_SCSI_BUFFER];
#endif
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    struct th_persistent persistent;
#endif
#if THIMBLE_STATS
    struct thimble_lun_stats stats;
#endif
};

/* The logical units and the sessions of one target.  It has a port for each portal group, alone in a target port group.  The
 * portal group tag is all three numbers: relative target port identifier and target port group, too. */
struct th_scsi_target {
    const char *name;                   /* for SCSI names and serial numbers made from it */
    uint16_t portal_group_tag;          /* if n_ports is 0 */
#if THIMBLE_PORT_GROUPS > 1
    uint16_t n_ports;                   /* 0: one */
    const uint16_t *port_tags;
#endif
#if THIMBLE_WORK
    uint8_t *(*take_param)(void *owner);                /* a parameter buffer, or NULL: none is free now */
    void   (*give_param)(void *owner, uint8_t *param);  /* one that a unit had kept */
    void    *owner;
#endif
#if THIMBLE_SCSI_VPD
    const char *status_url;             /* the owner's; NULL or "": none */
#endif
#if THIMBLE_SCSI_CLOCK
    uint64_t clock_ms;                  /* since the start, counted by the owner */
#endif
    struct th_nexus *nexuses;           /* all sessions, linked by next */
#if THIMBLE_SCSI_THIRD_PARTY
    struct th_copies *copies;           /* copies.h; NULL: copying is not offered */
#endif
    struct th_lu *lus[THIMBLE_LUNS_MAX];    /* by LUN; NULL: no such LUN */
};

static inline unsigned th_ports(const struct th_scsi_target *t)
{
#if THIMBLE_PORT_GROUPS > 1
    if (t->n_ports)
        return t->n_ports;
#endif
    (void)t;
    return 1;
}

static inline uint16_t th_port_tag(const struct th_scsi_target *t, unsigned port)
{
#if THIMBLE_PORT_GROUPS > 1
    if (t->n_ports)
        return t->port_tags[port];
#endif
    (void)port;
    return t->portal_group_tag;
}

/* The port of that tag, -1: there is none. */
static inline int th_port_by_tag(const struct th_scsi_target *t, uint16_t tag)
{
    for (unsigned port = 0; port < th_ports(t); port++)
        if (th_port_tag(t, port) == tag)
            return (int)port;
    return -1;
}

/* Of the logical units of a target, by their own LUNs: bit lun % 8 of byte lun / 8. */
struct th_lun_set {
    uint8_t bits[(THIMBLE_LUNS_MAX + 7) / 8];
};

static inline bool th_lun_set_has(const struct th_lun_set *s, unsigned lun)
{
    return s->bits[lun / 8] >> lun % 8 & 1;
}

static inline void th_lun_set_put(struct th_lun_set *s, unsigned lun, bool in)
{
    unsigned others = s->bits[lun / 8] & ~(1u << lun % 8);
    s->bits[lun / 8] = (uint8_t)(others | (unsigned)in << lun % 8);
}

/* The I_T nexus: a session as SCSI sees it, embedded in the owner's. */
struct th_nexus {
    struct th_scsi_target *target;
    struct th_nexus *next;
    void (*resume)(struct th_cmd *cmd); /* see TH_NEXT_WAIT */
#if THIMBLE_SCSI_THIRD_PARTY
    void (*later)(struct th_cmd *cmd);  /* call th_scsi_go_on() when others had a turn; never at once.  A command that is
                                         * to be aborted is gone on with, too: it ends then */
#endif
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    const char *initiator;              /* who it is: name and ISID; set before th_scsi_nexus_begin() */
    const uint8_t *isid;
    /* PREEMPT AND ABORT: ends all commands for by->lu of the sessions whose `preempted` is set, and clears that.  True: some are
     * still at the disk; resume(by) is called when they have ended. */
    bool (*abort_preempted)(struct th_cmd *by);
    bool preempted;
#endif
#if THIMBLE_PORT_GROUPS > 1
    uint8_t port;                       /* the target port that it came by; set before th_scsi_nexus_begin() */
#endif
    uint16_t ua[THIMBLE_LUNS_MAX];      /* pending unit attentions by the unit's own LUN: a set of 1 << enum th_ua */
#if THIMBLE_LUN_MASKS
    uint8_t  units[THIMBLE_LUNS_MAX];   /* by the LUN that the initiator says: 1 + the unit's own; 0: there is none for it */
    struct th_lun_set read_only;        /* that it must not write */
#endif
#if THIMBLE_SCSI_PREVENT
    struct th_lun_set prevents;         /* PREVENT ALLOW MEDIUM REMOVAL */
#endif
    struct th_lun_set inserted, removed;    /* media events that GET EVENT STATUS NOTIFICATION has not told */
};

static inline unsigned th_port_of(const struct th_nexus *nexus)
{
#if THIMBLE_PORT_GROUPS > 1
    return nexus->port;
#else
    (void)nexus;
    return 0;
#endif
}

static inline uint16_t th_tag_of(const struct th_nexus *nexus)
{
    return th_port_tag(nexus->target, th_port_of(nexus));
}

/* Bits of ua[], reported lowest first. */
enum th_ua {
    TH_UA_POWER_ON,             /* 29/00 POWER ON, RESET, OR BUS DEVICE RESET OCCURRED */
    TH_UA_LU_RESET,             /* 29/03 BUS DEVICE RESET FUNCTION OCCURRED */
    TH_UA_NEXUS_LOSS,           /* 29/07 I_T NEXUS LOSS OCCURRED */
    TH_UA_MEDIUM_CHANGED,       /* 28/00 NOT READY TO READY CHANGE, MEDIUM MAY HAVE CHANGED */
    TH_UA_MODE_CHANGED,         /* 2A/01 MODE PARAMETERS CHANGED */
    TH_UA_RESERVATIONS_PREEMPTED,   /* 2A/03 RESERVATIONS PREEMPTED */
    TH_UA_RESERVATIONS_RELEASED,    /* 2A/04 RESERVATIONS RELEASED */
    TH_UA_REGISTRATIONS_PREEMPTED,  /* 2A/05 REGISTRATIONS PREEMPTED */
    TH_UA_CAPACITY_CHANGED,     /* 2A/09 CAPACITY DATA HAS CHANGED */
    TH_UA_COMMANDS_CLEARED,     /* 2F/00 COMMANDS CLEARED BY ANOTHER INITIATOR */
    TH_UA_LUNS_CHANGED,         /* 3F/0E REPORTED LUNS DATA HAS CHANGED */
    TH_UA_LOG_CHANGED,          /* 2A/02 LOG PARAMETERS CHANGED */
    TH_UA_ACCESS_CHANGED,       /* 2A/06 ASYMMETRIC ACCESS STATE CHANGED */
    TH_UA_TIMESTAMP_CHANGED,    /* 2A/10 TIMESTAMP CHANGED */
    TH_UA_THRESHOLD,            /* 38/07 THIN PROVISIONING SOFT THRESHOLD REACHED */
    TH_UA_IDENTIFIER_CHANGED,   /* 3F/05 DEVICE IDENTIFIER CHANGED */
    TH_UA_COUNT
};

/* What becomes of the data of TH_NEXT_WRITE. */
enum th_use { TH_USE_WRITE, TH_USE_COMPARE, TH_USE_WRITE_AND_COMPARE, TH_USE_OR };

#define TH_CDB_MAX (THIMBLE_SCSI_LONG_CDB ? 32 : 16)

struct th_cmd {
    /* Passed to th_scsi_start(), with long_cdb and well_known below. */
    uint8_t cdb[TH_CDB_MAX];
    struct th_lu    *lu;                /* NULL: the LUN does not exist; or see well_known */
    struct th_nexus *nexus;

    /* Given back, and then private to the command while it runs. */
    uint64_t lba;                       /* first block; after a failure: sense INFORMATION, see info_valid */
    uint32_t n_blocks;
    uint32_t data_bytes;                /* see enum th_next; after th_scsi_reply(): length of the reply */
    uint32_t sense : 20;                /* TH_SENSE(), 0: none */
    uint32_t well_known : 1;            /* lu is NULL, and the LUN TH_LUN_REPORT_LUNS */
    uint32_t field_bit : 4;             /* bit 0..7 of `field` that is wrong; 8: the whole byte */
    uint32_t use : 2;                   /* enum th_use */
#if THIMBLE_SCSI_EXTENDED_COPY
    uint32_t segment_valid : 1;         /* after COPY ABORTED: n_blocks is the segment descriptor that was worked on */
#endif
    uint32_t gate : 2;                  /* private: enum th_gate_kind + 1 of the gate that is held */
    uint32_t at_lba : 1;                /* private: the disk call that is under way begins at lba */
    uint32_t lost : 1;                  /* private: see th_scsi_lose_medium() */
    uint16_t field;                     /* CDB byte (or parameter byte) in error, if field_valid */
    uint8_t  status;                    /* enum th_status */
    bool     field_valid : 1, field_in_cdb : 1, info_valid : 1;
    bool     exact : 1;                 /* the initiator must expect to send data_bytes exactly, else
                                         * the owner ends the command with INVALID FIELD IN CDB */
    bool     long_cdb : 1;              /* the initiator sent more than 16 bytes of CDB */
    bool     fua : 1;                   /* durable before the status is GOOD; of a READ: th_scsi_flush() comes first */
    bool     writing : 1;               /* private: the disk call that is under way writes */
    bool     aborted : 1;               /* set by the owner: stop at the next step, TASK ABORTED */
    uint8_t *param;                     /* set by the owner, see TH_NEXT_PARAM */
    int    (*step)(struct th_cmd *cmd); /* private: what follows the disk call that is under way */
    struct thimble_io io;               /* private: disk calls that have no data buffer */
};

enum th_next th_scsi_start(struct th_cmd *cmd);

#if THIMBLE_TASK_ATTRIBUTES
/* cmd, whose cdb and lu are filled, may be HEAD OF QUEUE whatever its attribute says: INQUIRY, REPORT LUNS, REQUEST SENSE and
 * others that only tell something. */
bool th_scsi_at_once(const struct th_cmd *cmd);
#endif

/* buf has room for at least TH_REPLY_MAX bytes.  Returns TH_NEXT_STATUS; on GOOD data_bytes bytes of buf go to the
 * initiator (already cut to the allocation length). */
#define TH_REPLY_MAX 4096
enum th_next th_scsi_reply(struct th_cmd *cmd, uint8_t *buf, uint32_t size);

/* One piece of the medium: offset and len in bytes from the start of the command's data, whole blocks, within data_bytes.
 * Returns a disk call's result; a negative one is handed to th_scsi_disk_error().  io is the caller's. */
int th_scsi_read(struct th_cmd *cmd, uint32_t offset, uint32_t len, void *buf,
                 struct thimble_io *io);
int th_scsi_write(struct th_cmd *cmd, uint32_t offset, uint32_t len, const void *buf,
                  struct thimble_io *io);

#if THIMBLE_SCSI_ORWRITE_LONG
/* Whether a piece of TH_USE_OR is to be OR'ed into the medium, for one that has entered the gate.  PERFORM; DISCARD: as if it were
 * done; REFUSE: cmd has ended with CHECK CONDITION. */
enum th_or_verdict { TH_OR_PERFORM, TH_OR_DISCARD, TH_OR_REFUSE };
enum th_or_verdict th_scsi_or_verdict(struct th_cmd *cmd);

/* TARGET COLD RESET, a hard reset of the unit: the generations of ORWRITE begin anew.  (No reset of a unit alone changes them.) */
void th_scsi_or_forget(struct th_lu *lu);
#endif

/* Makes durable what was written to the unit; the result as above. */
int th_scsi_flush(struct th_cmd *cmd, struct thimble_io *io);

/* It failed, for a command that only reads.  A disk may say once that writes are lost, so the next flush for who wrote fails, too. */
void th_scsi_flush_failed(struct th_lu *lu);

/* The longest piece that th_scsi_read() shall be asked for at offset, at most max bytes (a multiple of 4096): what a
 * WRITE ATOMIC writes is in one piece of a READ. */
uint32_t th_scsi_read_max(const struct th_cmd *cmd, uint32_t offset, uint32_t max);

/* Blocks of a WRITE ATOMIC, a power of two; 0: the unit does not offer it. */
uint32_t th_scsi_atomic_blocks(const struct th_lu *lu);

/* The address of a piece if the medium is memory, else NULL. */
const void *th_scsi_map(struct th_cmd *cmd, uint32_t offset, uint32_t len);

/* Ends cmd with the sense data of a failed disk call. */
void th_scsi_disk_error(struct th_cmd *cmd, int err, bool writing);

/* cmd has so been ended by THIMBLE_ERR_BLOCK, of a piece at offset: its sense data tell which block it was. */
void th_scsi_bad_block(struct th_cmd *cmd, uint32_t offset, const struct thimble_io *io);

/* Ends cmd with MISCOMPARE at this byte of its data. */
void th_scsi_miscompare(struct th_cmd *cmd, uint32_t offset);

/* All data of TH_NEXT_WRITE was written or compared. */
enum th_next th_scsi_written(struct th_cmd *cmd);
enum th_next th_scsi_param(struct th_cmd *cmd);

#if THIMBLE_SCSI_ALUA
/* by: who asked for it, and is not told; NULL: the owner. */
void th_scsi_access(struct th_lu *lu, unsigned port, enum thimble_access state, const struct th_nexus *by);
#endif

#if THIMBLE_SCSI_THRESHOLDS
/* Looks whether a threshold was crossed.  True: it wants to look again in a second. */
bool th_scsi_lu_look(struct th_lu *lu);
#endif

#if THIMBLE_WORK
/* FORMAT UNIT and SANITIZE go on by being given turns: true if it wants another at once, false if there is nothing
 * to do now.  A command may leave its parameter buffer to them: cmd->param is then NULL, and target->give_param() is called
 * when they end.  With stop(), that is at the next turn: the unit refuses what needs its medium from then on. */
bool th_scsi_lu_turn(struct th_lu *lu);
void th_scsi_lu_stop(struct th_lu *lu);
bool th_scsi_lu_busy(const struct th_lu *lu);
#endif
#if THIMBLE_SCSI_THIRD_PARTY
/* Whether a command that waits (TH_NEXT_WAIT) is copying from or to lu, though it may have been sent to another unit. */
bool th_scsi_copies(const struct th_cmd *cmd, const struct th_lu *lu);
#endif

/* See th_nexus.later: nexus->resume(cmd) is called if status and sense are final now. */
void th_scsi_go_on(struct th_cmd *cmd);

/* cmd ends with CHECK CONDITION and this sense.  Returns TH_NEXT_STATUS. */
enum th_next th_scsi_check(struct th_cmd *cmd, uint32_t sense);

/* Writes the sense data of a finished command, fixed or descriptor format as the logical unit is set; returns its
 * length: 0 unless the status is CHECK CONDITION.  out has room for TH_SENSE_MAX bytes. */
#define TH_SENSE_MAX 32
uint32_t th_scsi_sense(const struct th_cmd *cmd, uint8_t *out);

/* Decodes the 8-byte LUN field (SAM-5 4.7: peripheral, flat and extended flat addressing).  Returns the LUN, or
 * -1 for one that cannot exist here, or that of the REPORT LUNS well known logical unit, which is no struct th_lu. */
#define TH_LUN_REPORT_LUNS (-2)
int th_scsi_lun_decode(const uint8_t field[8]);

/* The logical unit that this nexus reaches by a LUN; NULL: there is none, or it is hidden from the nexus, which is the same
 * to it.  Whatever a peer says about a LUN goes through here; and what it is told, through the other: the LUN by which it
 * reaches a unit, -1: by none. */
struct th_lu *th_scsi_lu_of(const struct th_nexus *nexus, int lun);
#if THIMBLE_LUN_MASKS
int th_scsi_lun_of(const struct th_nexus *nexus, const struct th_lu *lu);
#else
static inline int th_scsi_lun_of(const struct th_nexus *nexus, const struct th_lu *lu)
{
    (void)nexus;
    return lu->lun;
}
#endif

#if THIMBLE_LUN_MASKS
/* After th_scsi_nexus_begin(), which shows all units by their own LUNs: none is seen any more; this one is, by that LUN. */
void th_scsi_hide_all(struct th_nexus *nexus);
void th_scsi_show(struct th_nexus *nexus, const struct th_lu *lu, uint16_t lun, bool read_only);
#endif

/* A session came: joins target->nexuses, with unit attention POWER ON for each unit.  A session went: leaves,
 * and its reservations are released. */
void th_scsi_nexus_begin(struct th_nexus *nexus, struct th_scsi_target *target);
void th_scsi_nexus_end(struct th_nexus *nexus);

/* I_T NEXUS RESET, loss of the nexus: its reservations are released; it gets a unit attention. */
void th_scsi_nexus_reset(struct th_nexus *nexus);

/* n registrations in memory are free, for all units whose lu->persistent.registry this is.  A reply and a parameter
 * buffer have reply_bytes bytes at least. */
void th_scsi_registry_init(struct th_registry *registry, struct th_registration *memory, uint32_t n,
                           uint32_t reply_bytes);

/* Takes from lu->store what it kept of lu, with buf as work space.  THIMBLE_OK or a negative thimble_err. */
int th_scsi_lu_restore(struct th_lu *lu, uint8_t *buf, uint32_t size);

/* Commands that another nexus ends are answered with TASK ABORTED, and there is no unit attention for them (TAS, SPC-4 7.5.9). */
static inline bool th_scsi_tells_aborts(const struct th_lu *lu)
{
    return THIMBLE_SCSI_MODE_SELECT && lu->tells_aborts;
}

/* LOGICAL UNIT RESET: releases reservations, sets a unit attention for every nexus but `by` (NULL: for all).
 * Aborting commands is the owner's. */
void th_scsi_lu_reset(struct th_lu *lu, const struct th_nexus *by);

/* Sets a unit attention for every nexus but `but` (NULL: for all). */
void th_scsi_ua(struct th_lu *lu, enum th_ua ua, const struct th_nexus *but);

/* The medium came, went, or is another; it is not ejected any more: a unit attention for every nexus but `but`, and a media event for all. */
void th_scsi_medium_changed(struct th_lu *lu, const struct th_nexus *but);

/* Its disk has another size: a unit attention for every nexus. */
void th_scsi_lu_resized(struct th_lu *lu);

/* The medium of lu is not the one that cmd was sent to: what cmd would still do to it fails.  A copy ends, whatever its units. */
void th_scsi_lose_medium(struct th_cmd *cmd, const struct th_lu *lu);

/* Its sense data, TH_SENSE(). */
uint32_t th_scsi_ua_sense(enum th_ua ua);

/* QUERY ASYNCHRONOUS EVENT (SAM-5 7.8): 0 if no unit attention is pending, else UADE DEPTH, sense
 * key, additional sense code and qualifier of the first in 24 bits. */
uint32_t th_scsi_ua_query(const struct th_nexus *nexus, uint16_t lun);

#endif
