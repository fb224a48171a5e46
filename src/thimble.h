/* SPDX-License-Identifier: MIT
 *
 * thimble.h: the public interface of Thimble, an iSCSI target (RFC 7143) for small machines.
 *
 * Who does what
 *
 *     your port      moves bytes between the network and a connection, tells the time
 *     Thimble        speaks iSCSI and SCSI; never allocates, blocks, prints or waits
 *     your disk      reads and writes blocks (struct thimble_block), at once or later
 *
 * Life of an engine
 *
 *     thimble_init             give it memory and sizes
 *     thimble_target_add       name a target (an iSCSI node), with its CHAP users and allow-list
 *     thimble_lun_add          give it disks
 *     for each TCP connection that you accepted:
 *         thimble_conn_open
 *         thimble_conn_tx_buf, _tx_taken, _tx_ack      bytes that are ready to go
 *         thimble_conn_rx_buf, _rx_ack                 where the next bytes should land
 *         thimble_conn_closing                         true: close the socket, then call
 *         thimble_conn_close
 *     thimble_tick             every now and then, with the time
 *
 * What happened, in numbers: thimble_stats.h.
 *
 * Laws
 *
 *  - `_buf` lends memory and changes nothing that you can see; `_ack` says how many bytes
 *    moved and drives the machine.  A loan ends with the next call for that connection.
 *  - One engine belongs to one thread.  Functions may be called from the `wake` and `event`
 *    hooks only where it is said.
 *  - Pointers in the configuration structs are borrowed: what they point at must outlive the
 *    engine.  Zero in a numeric field means the default that its comment names.
 *  - Sizes are in bytes, times in milliseconds, disk addresses in blocks of that disk.
 */
#ifndef THIMBLE_H
#define THIMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble_config.h"

#ifdef __cplusplus
extern "C" {
#endif

#define THIMBLE_VERSION "0.1.0"

/* --------------------------------------------------------------------------------------
 * Outcomes
 */
enum thimble_err {
    THIMBLE_PENDING = 1,                /* a disk call: the answer comes later */
    THIMBLE_OK = 0,
    THIMBLE_ERR_IO = -1,                /* the medium failed: MEDIUM ERROR */
    THIMBLE_ERR_NO_MEDIUM = -2,         /* no card: NOT READY, MEDIUM NOT PRESENT */
    THIMBLE_ERR_WRITE_PROTECTED = -3,   /* DATA PROTECT, WRITE PROTECTED */
    THIMBLE_ERR_NO_SPACE = -4,          /* thin disk is full: DATA PROTECT, SPACE ALLOCATION FAILED */
    THIMBLE_ERR_HARDWARE = -5,          /* the way to the medium failed: HARDWARE ERROR */
    THIMBLE_ERR_ARGUMENT = -6,          /* a configuration field is outside its range */
    THIMBLE_ERR_NO_MEMORY = -7,         /* the memory handed over is too small */
    THIMBLE_ERR_NAME = -8,              /* not an iSCSI name (RFC 7143 4.2.7), or in use */
    THIMBLE_ERR_SECRET = -9,            /* a CHAP secret that is too short or long, or the same both ways */
    THIMBLE_ERR_FULL = -10,             /* no room for another target or logical unit */
    THIMBLE_ERR_RECORD = -11,           /* what a store kept is damaged, or of another version */
    THIMBLE_ERR_BLOCK = -12,            /* a disk call: as THIMBLE_ERR_IO, and it is known where, see struct thimble_io */
};

/* --------------------------------------------------------------------------------------
 * The disk below
 */

/* One request to a disk.  A device that answers at once can ignore it.  A device that answers
 * later returns THIMBLE_PENDING, keeps the pointer, and ends with thimble_io_done(); until
 * then the fields below `done` are its own, to remember the request with.  With the answer THIMBLE_ERR_BLOCK
 * n_blocks is the number of blocks before the one that failed: initiators are told its address. */
struct thimble_io {
    void (*done)(struct thimble_io *io, int result);    /* the core's; do not touch */
    struct thimble_io *next;
    uint64_t lba;
    uint32_t n_blocks;
    int32_t  result;
    void    *buf;
    uint8_t  op;
};

/* result: THIMBLE_OK or a negative thimble_err.  Call it from the engine's thread, not from
 * within the disk call that returned THIMBLE_PENDING. */
static inline void thimble_io_done(struct thimble_io *io, int result)
{
    io->done(io, result);
}

struct thimble_fill {
    uint64_t used_blocks, available_blocks;
};

/* What became of requests that the medium, or the way to it, did not answer well at once. */
struct thimble_health_requests {
    uint32_t tries;                     /* made again */
    uint32_t mended;                    /* requests that a further try mended, */
    uint32_t mended_late;               /* ... and those for which the medium had to be started anew */
    uint32_t failed;                    /* that were given up */
};

#define THIMBLE_HEALTH_UNKNOWN 0xff
struct thimble_health {
    uint8_t temperature_c;              /* 0 to 254; THIMBLE_HEALTH_UNKNOWN */
    uint8_t used_percent;               /* of its endurance, may exceed 100; THIMBLE_HEALTH_UNKNOWN */
    bool    failing;                    /* it has begun to fail, or says that it is about to: copy it while it can be read */

    /* True: the rest is counted, for this medium since it is in use. */
    bool    counted;
    struct thimble_health_requests reads, writes;
    uint32_t garbled, silent, refused;  /* faults: a check sum was wrong; no answer in time; the medium says that it failed */
    uint32_t restarts;

    /* What an SD card tells of itself; 0: it does not. */
    uint8_t  speed_class;               /* MB/s of writing that it promises: 2, 4, 6, 10 */
    uint32_t erase_unit_kib;            /* allocation unit */
};

/* Both answer at once, false if they cannot tell now; NULL: it is not known. */
struct thimble_insight {
    bool (*fill)(struct thimble_insight *of, struct thimble_fill *fill);        /* of a thin disk; asked once a second */
    bool (*health)(struct thimble_insight *of, struct thimble_health *health);
};

/* A disk.  Two facts and one function are needed (size_blocks, block_shift, read); the rest
 * is optional, and says what follows when it is NULL or zero.  The core checks range and
 * direction before each call: n_blocks is never 0 and [lba, lba + n_blocks) always exists.
 *
 * Each function returns THIMBLE_OK, a negative thimble_err, or THIMBLE_PENDING and calls
 * thimble_io_done(io, ...) later.  `buf` stays valid until then.  Several requests may be
 * pending at a time; those that overlap may be done in any order. */
struct thimble_block {
    uint64_t size_blocks;       /* at least 1; may change, see thimble_lun_changed() */
    uint8_t  block_shift;       /* log2 of the block size in bytes: 9 (512) to 12 (4096) */
    uint8_t  physical_shift;    /* log2 of blocks per physical block, 0 to 7: 3 is 512e */

    /* True: the medium can be taken out (RMB). */
    bool     removable;

    /* A write of so many blocks, at an address that is a multiple of as many, is there after a loss of power whole or not at
     * all; a power of two.  0: that cannot be said, and WRITE ATOMIC is not offered. */
    uint32_t atomic_blocks;

    /* Best and longest transfer in blocks, reported in VPD page B0; 0: no advice. */
    uint32_t optimal_blocks;

    /* Serial number, 1 to 32 printable ASCII characters, stable over restarts (src/block/serial.h makes a card's and a
     * part's).  All names of the logical unit are made from it alone, so initiators know the disk again wherever it is
     * served; no other disk may have the same.  Of units that have the same, the first has it, the others are as
     * without.  NULL: names are made from the target's name and the LUN. */
    const char *serial;

    int (*read)(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                struct thimble_io *io);

    /* NULL: the medium is write-protected. */
    int (*write)(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, const void *buf,
                 struct thimble_io *io);

    /* Makes everything durable whose write was answered before.  NULL: every write is
     * durable when it is answered (WCE = 0). */
    int (*flush)(struct thimble_block *b, struct thimble_io *io);

    /* Gives blocks back; they read as zeros afterwards.  NULL: thin provisioning is not offered
     * (LBPME = 0). */
    int (*unmap)(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                 struct thimble_io *io);

    /* Writes zeros without being handed them.  NULL: the core writes buffers of zeros. */
    int (*write_zeroes)(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                        struct thimble_io *io);

    /* How many blocks from lba on, at most n_blocks and at least 1, are alike: in use (*mapped is true) or given back.
     * Answers at once.  NULL: all are taken to be in use. */
    uint32_t (*extent)(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, bool *mapped);

    /* Copies n_blocks from another disk of the same block size, or from elsewhere on this one (never overlapping), without
     * being handed the data.  THIMBLE_ERR_ARGUMENT, at once: not from that one; then, and if it is NULL, the core reads
     * and writes. */
    int (*copy)(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, struct thimble_block *from,
                uint64_t from_lba, struct thimble_io *io);

    /* Memory-mapped media: the address of block lba, valid for n_blocks and for the life of
     * the disk.  Reads are then sent from there.  NULL, or a NULL answer: read() is used. */
    const void *(*map)(struct thimble_block *b, uint64_t lba, uint32_t n_blocks);

    /* What the medium tells of itself; borrowed; a disk over another has the other's.  NULL: nothing. */
    struct thimble_insight *insight;

    /* THIMBLE_OK, or why the disk cannot be used now.  Asked before each command that needs the
     * medium: it must be quick.  NULL: always ready. */
    int (*ready)(struct thimble_block *b);
};

/* --------------------------------------------------------------------------------------
 * What outlives a restart, and is not on the disk
 */

/* A logical unit has at most one record of each kind.  The core gives it length, version and checksum, so a store
 * keeps bytes and need not look into them. */
enum thimble_record {
    THIMBLE_RECORD_RESERVATIONS = 1,    /* persistent reservations (APTPL) */
    THIMBLE_RECORD_MODE_PAGES = 2,      /* saved mode pages */
    THIMBLE_RECORD_IDENTITY = 3,        /* what SET IDENTIFYING INFORMATION names it, in bytes */
    THIMBLE_RECORD_IDENTITY_TEXT = 4,   /* ... and in text */
    THIMBLE_RECORD_WORK = 5,            /* FORMAT UNIT or SANITIZE that has begun, or failed */
};

/* A place for the records of one logical unit: files on a host, two blocks of a card or a page of flash on a board.  Records
 * are short (hundreds of bytes; never more than thimble_config.parameter_bytes), and seldom written. */
struct thimble_store {
    /* Puts the record into buf.  Returns its length; 0: there is none; or a negative thimble_err, which thimble_lun_add()
     * then returns: a logical unit must not be served as if it had forgotten.  Answers at once, at any time: while a record
     * is being saved, with the old one or the new. */
    int (*load)(struct thimble_store *s, enum thimble_record record, void *buf, uint32_t size);

    /* Replaces the record; len 0: there is none any more.  Returns THIMBLE_OK, a negative thimble_err, or THIMBLE_PENDING and
     * calls thimble_io_done(io, ...) later, as a disk does; `buf` stays valid until then.  Promise: after the answer
     * THIMBLE_OK the new record is there whatever happens, and whenever the power goes, either the old
     * one is there or the new.  A call that failed may have left either. */
    int (*save)(struct thimble_store *s, enum thimble_record record, const void *buf, uint32_t len,
                struct thimble_io *io);
};

/* --------------------------------------------------------------------------------------
 * What the engine needs from its surroundings
 */

/* Hash algorithms by their CHAP_A numbers (RFC 7143 12.1.3 and IANA's registry). */
enum thimble_hash {
    THIMBLE_HASH_MD5 = 5,
    THIMBLE_HASH_SHA1 = 6,
    THIMBLE_HASH_SHA256 = 7,
    THIMBLE_HASH_SHA3_256 = 8,
};

struct thimble_span {
    const void *data;
    size_t len;
};

struct thimble_crypto {
    void *ctx;

    /* Fills buf with unpredictable bytes.  False: none to be had now; the login fails. */
    bool (*random)(void *ctx, void *buf, size_t len);

    /* digest = hash of the parts, one after the other; digest has room for 32 bytes.
     * Returns the digest's length, or 0 if the algorithm is not there. */
    size_t (*hash)(void *ctx, enum thimble_hash algorithm, const struct thimble_span *parts,
                   size_t n_parts, uint8_t digest[32]);
};

struct thimble;
struct thimble_conn;

/* What happened, for a log, an LED or a counter.  Not for steering. */
enum thimble_event_kind {
    THIMBLE_EVENT_LOGIN,            /* a session is in full feature phase */
    THIMBLE_EVENT_LOGIN_REFUSED,    /* detail: login status class << 8 | detail */
    THIMBLE_EVENT_LOGOUT,           /* the initiator logged out */
    THIMBLE_EVENT_REINSTATED,       /* the session was replaced by a new login of its initiator */
    THIMBLE_EVENT_DROPPED,          /* the connection ended otherwise; see reason */
    THIMBLE_EVENT_REJECT,           /* a PDU was refused; detail: opcode << 8 | Reject reason */
    THIMBLE_EVENT_TASK_MANAGEMENT,  /* detail: function << 8 | response */
    THIMBLE_EVENT_DISK_ERROR,       /* detail: sense key << 16 | ASC << 8 | ASCQ */
};
#define THIMBLE_EVENT_KINDS (THIMBLE_EVENT_DISK_ERROR + 1)

enum thimble_reason {
    THIMBLE_REASON_NONE,
    THIMBLE_REASON_PEER_CLOSED,         /* the transport ended */
    THIMBLE_REASON_NOT_LOGIN,           /* the first PDU was not a Login Request */
    THIMBLE_REASON_LOGIN_TIMEOUT,
    THIMBLE_REASON_LOGIN_EVICTED,       /* unfinished login made room for a newer one */
    THIMBLE_REASON_LOGIN_PROTOCOL,      /* stage, flags or numbers of a login PDU are wrong */
    THIMBLE_REASON_LOGIN_VERSION,
    THIMBLE_REASON_TEXT_MALFORMED,      /* not key=value text */
    THIMBLE_REASON_TEXT_TOO_LONG,
    THIMBLE_REASON_KEY_REPEATED,
    THIMBLE_REASON_KEY_VALUE,           /* a key's value is outside its range */
    THIMBLE_REASON_NAME_MISSING,        /* InitiatorName or TargetName */
    THIMBLE_REASON_NAME_BAD,
    THIMBLE_REASON_TARGET_UNKNOWN,
    THIMBLE_REASON_NOT_ALLOWED,         /* the initiator is not on the allow-list */
    THIMBLE_REASON_AUTH_NEEDED,         /* the target asks for CHAP, the initiator did not offer it */
    THIMBLE_REASON_AUTH_FAILED,         /* wrong name or secret */
    THIMBLE_REASON_AUTH_REFLECTION,     /* our own challenge came back */
    THIMBLE_REASON_AUTH_PROTOCOL,       /* CHAP keys missing or out of order */
    THIMBLE_REASON_SESSION_TYPE,
    THIMBLE_REASON_SESSION_UNKNOWN,     /* TSIH of no session */
    THIMBLE_REASON_CONNECTIONS,         /* a second connection for one session */
    THIMBLE_REASON_NO_ROOM,             /* all sessions, or the answer buffer, are in use */
    THIMBLE_REASON_SHUTDOWN,
    THIMBLE_REASON_DATA_TOO_LONG,       /* data segment over MaxRecvDataSegmentLength */
    THIMBLE_REASON_AHS_TOO_LONG,
    THIMBLE_REASON_HEADER_DIGEST,
    THIMBLE_REASON_DATA_DIGEST,
    THIMBLE_REASON_OPCODE,              /* not an initiator's opcode, or not allowed now */
    THIMBLE_REASON_FIELD,               /* a field of the PDU is wrong */
    THIMBLE_REASON_CMD_SN,              /* command numbers out of order beyond repair */
    THIMBLE_REASON_DATA_SN,             /* Data-Out out of order or beyond what was asked for */
    THIMBLE_REASON_TOO_MANY,            /* more immediate commands than there is room for */
    THIMBLE_REASON_DATA_TIMEOUT,
    THIMBLE_REASON_NOP_TIMEOUT,
    THIMBLE_REASON_SEND_TIMEOUT,
    THIMBLE_REASON_LOGOUT_TIMEOUT,
    THIMBLE_REASON_RESET,               /* TARGET COLD RESET */
    THIMBLE_REASON_RANDOM,              /* the random hook had no bytes for a CHAP challenge */
    THIMBLE_REASON_COUNT
};

/* A short English phrase; never NULL.  Linked only if used. */
const char *thimble_reason_text(enum thimble_reason reason);

struct thimble_event {
    enum thimble_event_kind kind;
    enum thimble_reason reason;
    uint32_t detail;                    /* see the kind */
    const char *initiator;              /* InitiatorName, "" before it is known */
    const char *target;                 /* target's name, "" if none (discovery) */
    const char *key;                    /* the text key that a refusal is about, or "" */
    void *port_conn;                    /* as given to thimble_conn_open() */
};

/* --------------------------------------------------------------------------------------
 * The engine
 */

#define THIMBLE_NEVER UINT32_MAX        /* for a time-out: none */

struct thimble_config {
    /* Connections at a time, 1 to 65535; those in login count.  0: 4. */
    uint16_t n_connections;

    /* Normal sessions at a time, 1 to n_connections.  0: half of n_connections, at least 1. */
    uint16_t n_sessions;

    /* Commands that one session may have open, 1 to 1024.  0: 8.  One THIMBLE_TASK_BYTES each. */
    uint16_t queue_depth;

    /* Data buffers, 2 to 4096.  0: 4.  A READ needs one at a time, an arriving Data-Out one per
     * connection; two are always enough for progress. */
    uint16_t n_buffers;

    /* Bytes of one data buffer: a multiple of 4096, 4096 to 2^24 - 4096.  0: 8192.  It is also the
     * MaxRecvDataSegmentLength that we declare. */
    uint32_t buffer_bytes;

    /* Places for parameter lists that must be whole (UNMAP, COMPARE AND WRITE ...), 1 to 64.
     * 0: 1.  When none is free, a command that needs one ends with BUSY or TASK SET FULL. */
    uint16_t n_parameter_buffers;

    /* Bytes of one, 4096 to 2^20.  0: 4096. */
    uint32_t parameter_bytes;

    /* Logins and text exchanges that are served at a time, 1 to 65535; others wait their turn.
     * 0: 1.  One THIMBLE_LOGIN_BYTES each. */
    uint16_t n_logins;

    /* Targets, 1 to 255, and logical units of all targets together, 1 to 65535.  0: 1. */
    uint16_t n_targets, n_luns;

    /* Registrations of persistent reservations, of all logical units together, 1 to 65535.  0: 8.  One
     * THIMBLE_REGISTRATION_BYTES each, unless THIMBLE_SCSI_PERSISTENT_RESERVE is 0.  One logical unit has at most 15 for each 4096
     * bytes of a data buffer or parameter buffer, whichever is smaller.  When none is free, initiators are told so. */
    uint16_t n_registrations;

    /* What we offer or accept in negotiation, RFC 7143 chapter 13.  Bytes, 512 to 2^24 - 1.
     * 0: 262144 and 65536.  first_burst_bytes <= max_burst_bytes. */
    uint32_t max_burst_bytes, first_burst_bytes;

    /* MaxOutstandingR2T, 1 to 255.  0: 1. */
    uint8_t max_outstanding_r2t;

    /* InitialR2T=No (unsolicited Data-Out) and ImmediateData=Yes are accepted when an initiator offers
     * them, unless these are set. */
    bool refuse_unsolicited, refuse_immediate;

    /* Time-outs in ms; THIMBLE_NEVER: none.
     *   login      whole login phase; 0: 15000
     *   logout     from our request to log out, or our logout response, to the end; 0: 5000
     *   data_out   between two PDUs of data that we asked for; 0: 30000
     *   nop        silence after which we ping; 0: 30000
     *   nop_answer silence after the ping after which the connection is dropped, if the initiator ever answered
     *              one (some never do); 0: 30000
     *   send       the transport takes nothing although something is to be sent; 0: 60000 */
    uint32_t login_timeout_ms, logout_timeout_ms, data_out_timeout_ms;
    uint32_t nop_interval_ms, nop_timeout_ms, send_timeout_ms;

    /* Hooks.  `ctx` is handed to all of them. */
    void *ctx;

    /* The connection has something to send, can take bytes again, or is closing, without
     * your having called a function for it, or while you are in one, for this connection or another.
     * Mandatory.  Only remember it here: the thimble_conn functions must not be called before the hook has returned. */
    void (*wake)(void *ctx, struct thimble_conn *c, void *port_conn);

    /* May be NULL.  Strings are valid during the call. */
    void (*event)(void *ctx, const struct thimble_event *event);

    /* Address of a portal as TargetAddress has it, without the tag: "192.0.2.1:3260", "[2001:db8::1]:3260".
     * index 0: the one that this connection came in by; 1, 2, ...: further ones, without that
     * one.  Returns the length written, or 0: no such portal.  Mandatory.  size is at least 64. */
    size_t (*portal)(void *ctx, void *port_conn, unsigned index, char *text, size_t size);

    /* URL of a page that shows how the engine is ("http://192.0.2.1/"), for VPD page 85h; ASCII, at most
     * 250 bytes.  Borrowed: the text may change at any time, with the machine's address.  NULL, or "": there is none. */
    const char *status_url;
#if THIMBLE_PORT_GROUPS > 1
    /* Portal groups: their tags, each another one and none 0, n_portal_groups of them, at most THIMBLE_PORT_GROUPS; borrowed.
     * All targets have them all.  NULL: one, whose tag is the target's own. */
    const uint16_t *portal_groups;
    uint16_t n_portal_groups;

    /* The group of a portal, as its place in portal_groups; portals are counted as above.  Mandatory with several groups. */
    unsigned (*portal_group)(void *ctx, void *port_conn, unsigned index);
#endif

    /* Microseconds from any beginning, wrapping: for the latencies of thimble_stats.h.  NULL: they are
     * counted in the steps of thimble_tick()'s clock. */
    uint32_t (*now_us)(void *ctx);

    /* For CHAP.  NULL: a target with CHAP users is refused. */
    const struct thimble_crypto *crypto;

    /* CHAP for discovery sessions: as in struct thimble_target_config.  NULL: none is needed. */
    const struct thimble_chap *discovery_chap;
};

/* RAM of one of each, in bytes, on any machine of 32 or 64 bits: for static memory.  A data buffer
 * also has its bytes; a parameter buffer has nothing else.  The exact need of a configuration is
 * thimble_memory_bytes(). */
#define THIMBLE_PTR_EXTRA(n)    (sizeof(void *) > 4 ? (n) : 0)
/* ... of which the counters of thimble_stats.h take: */
#define THIMBLE_STATS_BYTES(n)  (THIMBLE_STATS ? (n) : 0)

#define THIMBLE_CONN_BYTES \
    (512 + (THIMBLE_TURNS ? 16 + THIMBLE_PTR_EXTRA(8) : 0) + \
     (THIMBLE_LUN_MASKS ? 4 : 3) * THIMBLE_LUNS_MAX + \
     THIMBLE_TX_SLOTS * (112 + THIMBLE_PTR_EXTRA(16)) + \
     THIMBLE_PTR_EXTRA(80) + (THIMBLE_SCSI_PERSISTENT_RESERVE ? 16 + THIMBLE_PTR_EXTRA(16) : 0) + \
     THIMBLE_STATS_BYTES(52))
#define THIMBLE_TASK_BYTES \
    (152 + (THIMBLE_SCSI_LONG_CDB ? 16 : 0) + THIMBLE_PTR_EXTRA(56) + \
     (THIMBLE_TASK_ATTRIBUTES ? 8 + THIMBLE_PTR_EXTRA(8) : 0) + THIMBLE_STATS_BYTES(8))
#define THIMBLE_LOGIN_BYTES \
    (1024 + THIMBLE_TEXT_ANSWER_MAX + (THIMBLE_CHAP ? 3 * THIMBLE_CHAP_CHALLENGE_MAX : 0))
#define THIMBLE_BUFFER_BYTES    (64 + THIMBLE_PTR_EXTRA(32))
#define THIMBLE_REGISTRATION_BYTES (256 + THIMBLE_PTR_EXTRA(8) + (THIMBLE_PORT_GROUPS > 1 ? 8 : 0))
#define THIMBLE_LUN_BYTES \
    (64 + THIMBLE_PTR_EXTRA(56) + (THIMBLE_SCSI_PERSISTENT_RESERVE ? 40 + THIMBLE_PTR_EXTRA(36) : 0) + \
     (THIMBLE_WORK ? 80 + THIMBLE_PTR_EXTRA(32) : 0) + \
     (THIMBLE_TASK_ATTRIBUTES ? 12 + THIMBLE_PTR_EXTRA(12) : 0) + \
     (THIMBLE_SCSI_ALUA ? 2 * (THIMBLE_PORT_GROUPS + 1) : 0) + \
     (THIMBLE_SCSI_LOG ? 144 : 0) + (THIMBLE_SCSI_TIMESTAMP ? 16 : 0) + \
     (THIMBLE_SCSI_ORWRITE_LONG ? 12 : 0) + (THIMBLE_SCSI_THRESHOLDS ? 16 : 0) + \
     (THIMBLE_SCSI_BUFFER ? THIMBLE_SCSI_BUFFER + 8 : 0) + 8 + \
     THIMBLE_STATS_BYTES(448))
#define THIMBLE_TARGET_BYTES \
    (44 + 4 * THIMBLE_LUNS_MAX + THIMBLE_PTR_EXTRA(44 + 4 * THIMBLE_LUNS_MAX) + \
     (THIMBLE_PORT_GROUPS > 1 ? 8 + THIMBLE_PTR_EXTRA(8) : 0) + \
     (THIMBLE_WORK ? 8 + THIMBLE_PTR_EXTRA(8) : 0) + (THIMBLE_SCSI_CLOCK ? 8 : 0) + \
     (THIMBLE_SCSI_VPD ? 4 + THIMBLE_PTR_EXTRA(4) : 0) + \
     THIMBLE_STATS_BYTES(48))
#define THIMBLE_BASE_BYTES \
    (5120 - 3 * 16 + 3 * THIMBLE_BUFFER_ALIGN + THIMBLE_PTR_EXTRA(128) + \
     THIMBLE_STATS_BYTES(288 + 64 * THIMBLE_EVENTS_KEPT) + \
     (THIMBLE_SCSI_THIRD_PARTY ? 512 + 208 * THIMBLE_SCSI_TOKENS : 0))

/* Enough for a configuration whose other fields are at their defaults, as a constant; add
 * THIMBLE_LUN_BYTES for each further logical unit, and so on. */
#define THIMBLE_MEMORY_BYTES(connections, sessions, queue_depth, buffers, buffer_bytes) \
    (THIMBLE_BASE_BYTES + (connections) * THIMBLE_CONN_BYTES + \
     (3 * (connections) + (sessions) * (queue_depth)) * THIMBLE_TASK_BYTES + \
     (sessions) + (buffers) * (THIMBLE_BUFFER_BYTES + (buffer_bytes)) + 4096 + \
     THIMBLE_LOGIN_BYTES + THIMBLE_TARGET_BYTES + THIMBLE_LUN_BYTES + \
     (THIMBLE_SCSI_PERSISTENT_RESERVE ? 8 * THIMBLE_REGISTRATION_BYTES : 0))

/* Bytes that thimble_init() needs for this configuration, or 0 if a field is outside its range. */
size_t thimble_memory_bytes(const struct thimble_config *config);

/* Builds an engine in mem, which must be aligned for any object and to THIMBLE_BUFFER_ALIGN, is at least thimble_memory_bytes() long
 * and belongs to the engine from now on.  The configuration is copied, what it points at is borrowed.
 * THIMBLE_OK, THIMBLE_ERR_ARGUMENT, THIMBLE_ERR_SECRET or THIMBLE_ERR_NO_MEMORY. */
int thimble_init(struct thimble **engine, void *mem, size_t mem_bytes,
                 const struct thimble_config *config);

/* Bytes of a secret.  96 bits are the least that RFC 7143 9.2.1 lets pass without IPsec. */
#define THIMBLE_CHAP_SECRET_MIN 12
#define THIMBLE_CHAP_SECRET_MAX 255

struct thimble_chap_user {
    const char    *name;                /* CHAP_N, 1 to 255 bytes */
    const uint8_t *secret;
    size_t         secret_len;          /* THIMBLE_CHAP_SECRET_MIN to _MAX */
};

struct thimble_chap {
    /* Who may log in: all of these. */
    const struct thimble_chap_user *users;
    size_t n_users;

    /* Who we are when the initiator asks for mutual authentication; NULL: it is refused. */
    const struct thimble_chap_user *outgoing;
};

struct thimble_target_config {
    /* iSCSI name: "iqn.", "eui." or "naa.", at most 223 bytes, lower case. */
    const char *name;

    /* TargetAlias, at most 255 bytes of UTF-8.  NULL: none is declared. */
    const char *alias;

    /* TargetPortalGroupTag, unless there are thimble_config.portal_groups.  0: 1. */
    uint16_t portal_group_tag;

    /* NULL: everybody who is allowed may log in without CHAP. */
    const struct thimble_chap *chap;

    /* Initiator names that may log in; names in n_allowed places.  NULL: every initiator. */
    const char *const *allowed;
    size_t n_allowed;
};

/* Returns the target's index (0, 1, ...), or a negative thimble_err. */
int thimble_target_add(struct thimble *engine, const struct thimble_target_config *config);

/* Peripheral device types, SPC-4 6.6.2. */
enum thimble_device_type {
    THIMBLE_DEVICE_DISK = 0x00,
    THIMBLE_DEVICE_CDROM = 0x05,        /* an image of a CD or DVD in blocks of 2048 bytes: removable, read-only */
};

/* How initiators see a logical unit. */
struct thimble_lun_view {
    const char *initiator;              /* its name; NULL: everybody whom no other view of the unit names */
    uint16_t lun;                       /* by which it reaches the unit, 0 to THIMBLE_LUNS_MAX - 1 */
    bool     read_only;                 /* for it the unit is write-protected */
};

struct thimble_lun_config {
    struct thimble_block *block;        /* borrowed */

    /* Where the unit keeps what outlives a restart; borrowed.  NULL: nowhere, and initiators that ask for it are
     * refused. */
    struct thimble_store *store;

    /* LUN, 0 to THIMBLE_LUNS_MAX - 1: the unit's own, by which it is called in this interface, and by initiators unless
     * a view says otherwise. */
    uint16_t lun;

    /* 0: a disk.  A CD-ROM needs THIMBLE_SCSI_CDROM and a block_shift of 11. */
    enum thimble_device_type type;

    /* Write-protected even if the disk can write. */
    bool read_only;

    /* Who sees this unit, of those that may log in, and how: the first view that names an initiator counts.  To who is in none
     * there is no such unit.  One LUN may be another unit to each initiator, but two units to none.  NULL: all see it, by its
     * own LUN. */
    const struct thimble_lun_view *views;
    size_t n_views;

    /* INQUIRY strings, ASCII: 8, 16 and 4 characters at most.  NULL: "THIMBLE", "DISK" or "CD-ROM", and the version. */
    const char *vendor, *product, *revision;
};

/* Loads the unit's records, if it has a store.  THIMBLE_OK, or a negative thimble_err: then the unit is not there.
 * THIMBLE_ERR_FULL: its LUN is taken, perhaps for one initiator alone; or there is no room. */
int thimble_lun_add(struct thimble *engine, int target, const struct thimble_lun_config *config);

/* The size or the presence of the medium changed: every session gets a unit attention and an asynchronous
 * SCSI event (RFC 7143 11.9.1).  Commands under way do nothing to another medium than theirs, if
 * this is called as soon as it has come. */
enum thimble_lun_change { THIMBLE_LUN_RESIZED, THIMBLE_LUN_MEDIUM_CHANGED };
void thimble_lun_changed(struct thimble *engine, int target, uint16_t lun,
                         enum thimble_lun_change what);

#if THIMBLE_SCSI_ALUA
/* Asymmetric access: a unit is in one of these states for each target port group (SPC-4 6.37). */
enum thimble_access {
    THIMBLE_ACCESS_OPTIMIZED = 0, THIMBLE_ACCESS_NON_OPTIMIZED = 1,
    THIMBLE_ACCESS_STANDBY = 2, THIMBLE_ACCESS_UNAVAILABLE = 3,
    THIMBLE_ACCESS_OFFLINE = 14, THIMBLE_ACCESS_TRANSITIONING = 15,
};

/* Puts the unit into another one for the group of this portal group tag, as SET TARGET PORT GROUPS does (which can do so by
 * itself, but for TRANSITIONING); every session gets a unit attention if it is news.  THIMBLE_OK, or THIMBLE_ERR_ARGUMENT:
 * there is no such unit, group or state. */
int thimble_lun_access(struct thimble *engine, int target, uint16_t lun, uint16_t tag, enum thimble_access state);
#endif

/* Asks every initiator to negotiate its parameters again (asynchronous event 4). */
void thimble_request_parameters(struct thimble *engine);

/* Time passes.  now_ms may start anywhere and wrap; call it once before the first connection is opened, for that is
 * when the clock is set.  Returns the time in ms after which it wants to be called again at the latest, or
 * THIMBLE_NEVER; what other functions are called for in between may shorten it, so a port that has been at work asks
 * again before it sleeps.  Calling it more often is harmless. */
uint32_t thimble_tick(struct thimble *engine, uint32_t now_ms);

/* Refuses new logins (status 0x0301), asks every initiator to log out (asynchronous event 1), and closes
 * what is left when grace_ms have passed.  thimble_idle(): no connection and no disk call is left. */
void thimble_shutdown(struct thimble *engine, uint32_t grace_ms);
bool thimble_idle(const struct thimble *engine);

/* --------------------------------------------------------------------------------------
 * A connection
 */

/* A TCP connection was accepted.  port_conn is handed back to the hooks.  NULL: all are taken; then the
 * oldest unfinished login, if there is one, was told to close (its `wake` is called), so trying again when it
 * has gone will work. */
struct thimble_conn *thimble_conn_open(struct thimble *engine, void *port_conn);

/* Where the next bytes of the peer should land: exactly the piece that is awaited.  NULL: no room now (`wake` says
 * when there is), or the connection is closing. */
uint8_t *thimble_conn_rx_buf(struct thimble_conn *c, size_t *len);

/* The first n bytes of that piece have arrived; 1 <= n <= *len. */
void thimble_conn_rx_ack(struct thimble_conn *c, size_t n);

/* A piece that is ready to be sent. */
struct thimble_tx_span {
    const uint8_t *data;
    size_t len;
    /* False: valid until thimble_conn_tx_taken(); a transport that keeps references must copy it.
     * True: data of a disk, valid until thimble_conn_tx_ack(). */
    bool stable;
};

/* Fills spans with what is ready to go, in order; returns how many, 0: nothing.  max is at least 3: a PDU is lent
 * whole, and may have three pieces. */
size_t thimble_conn_tx_buf(struct thimble_conn *c, struct thimble_tx_span *spans, size_t max);

/* The transport took the first n of those bytes: they will not be lent again. */
void thimble_conn_tx_taken(struct thimble_conn *c, size_t n);

/* n more bytes are gone for good: the kernel has copied them, or the peer acknowledged them.  Never more than
 * was taken. */
void thimble_conn_tx_ack(struct thimble_conn *c, size_t n);

/* True: nothing more will be sent or taken; close the transport and call thimble_conn_close(). */
bool thimble_conn_closing(const struct thimble_conn *c);

/* The transport is gone, whoever ended it.  c must not be used afterwards.  No memory lent for this connection
 * is used by the port any more. */
void thimble_conn_close(struct thimble_conn *c);

/* --------------------------------------------------------------------------------------
 * Disks that come with Thimble: src/block/.  Each struct is the caller's; its first member is the disk.
 */

/* Memory as a disk.  mem is borrowed, size_blocks << block_shift bytes. */
struct thimble_ram_disk {
    struct thimble_block block;
    uint8_t *mem;
};
int thimble_ram_disk_init(struct thimble_ram_disk *d, void *mem, uint64_t size_blocks,
                          uint8_t block_shift);

/* A disk that refuses to be written. */
struct thimble_readonly_disk {
    struct thimble_block block;
    struct thimble_block *below;
};
int thimble_readonly_disk_init(struct thimble_readonly_disk *d, struct thimble_block *below);

/* Blocks [first, first + size) of another disk: a partition. */
struct thimble_offset_disk {
    struct thimble_block block;
    struct thimble_block *below;
    uint64_t first_lba;
};
int thimble_offset_disk_init(struct thimble_offset_disk *d, struct thimble_block *below,
                             uint64_t first_lba, uint64_t size_blocks);

/* A disk that fails on purpose: call number `fail_at` (from 0), and with `sticky` every later one, gets `result`.  With
 * `lba_only`, only calls that touch [bad_lba, bad_lba + bad_blocks) count. */
struct thimble_fault_disk {
    struct thimble_block block;
    struct thimble_block *below;
    uint32_t calls;                     /* counted so far */
    uint32_t failed;                    /* of these, made to fail */
    uint32_t fail_at;                   /* UINT32_MAX: none */
    int      result;                    /* negative thimble_err */
    bool     sticky, lba_only;
    uint64_t bad_lba, bad_blocks;
};
int thimble_fault_disk_init(struct thimble_fault_disk *d, struct thimble_block *below);

/* A disk that answers later: each call is kept until thimble_delay_disk_run(). */
struct thimble_delay_disk {
    struct thimble_block block;
    struct thimble_block *below;
    struct thimble_io *first, *last;    /* waiting, oldest first */
    uint32_t waiting;
};
int thimble_delay_disk_init(struct thimble_delay_disk *d, struct thimble_block *below);

/* Does and answers the oldest `max` waiting calls; returns how many. */
uint32_t thimble_delay_disk_run(struct thimble_delay_disk *d, uint32_t max);

/* A file that lies in one or several runs of blocks of another disk, as a disk: run after run.  `extents` is
 * borrowed.  Runs that overlap or lie outside the disk below are refused, so is a run of no blocks. */
#define THIMBLE_EXTENTS_MAX 1024
struct thimble_extent {
    uint64_t first_lba;                 /* of the disk below */
    uint64_t n_blocks;
};
struct thimble_extents_disk {
    struct thimble_block block;
    struct thimble_block *below;
    const struct thimble_extent *extents;
    uint32_t n_extents;

    /* One request that crosses runs is done at a time, piece by piece; others of its kind wait. */
    struct thimble_io io;
    struct thimble_io *first, *last;
    uint32_t done_blocks, piece_blocks;
    bool running;
};
int thimble_extents_disk_init(struct thimble_extents_disk *d, struct thimble_block *below,
                              const struct thimble_extent *extents, uint32_t n_extents);

/* A cache in memory of the caller's over another disk: small reads in sequence become long ones, small writes that
 * are neighbours too.  docs/design.md says what it promises; in short: a flush reaches the medium or fails. */
struct thimble_cache_line {
    uint64_t lba;                       /* of its first block */
    uint32_t valid, dirty;              /* one bit a block; a dirty one is valid */
    bool     used;                      /* since the hand passed */
};
struct thimble_cache_config {
    /* n_lines << (log2 of line_blocks + block_shift) bytes, aligned as the disk below likes it. */
    void *data;
    struct thimble_cache_line *lines;
    uint32_t n_lines;                   /* 2 to 65535; looked through one by one: hundreds are many */

    /* Blocks of a line: a power of two, 1 to 32.  0: 8. */
    uint32_t line_blocks;

    /* Lines read beyond what a reader in sequence asked for, at most n_lines - 2.  0: none. */
    uint32_t ahead_lines;

    /* Lines whose writes were answered but not yet done, at most n_lines - 1.  0: none; every
     * write is done below before it is answered. */
    uint32_t dirty_lines;

    /* Runs of so many blocks pass by the cache.  0: 4 * line_blocks. */
    uint32_t straight_blocks;
};
struct thimble_cache_disk {
    struct thimble_block block;
    struct thimble_block *below;
    struct thimble_cache_config config;
    uint32_t n_dirty;                   /* lines with late writes */

    /* The request that is being done, and what waits for it. */
    struct thimble_io *current, *first, *last, *stale;
    struct thimble_io io, late;         /* the call below; the request for late writing */
    uint64_t cursor_lba;                /* where late writing goes on */
    uint64_t flight_lba;                /* what the call below is about */
    uint32_t flight_blocks, flight_line, hand;
    uint32_t done_blocks;
    int32_t  flight_result, flush_result;
    uint8_t  flight;
    bool     running, sequential, fill_failed, write_failed, gone, lost;
    uint64_t next_lba[4];               /* where readers in sequence will go on */
    uint8_t  next_stream;

    /* To show; they wrap. */
    uint32_t read_hits, read_misses, late_errors, lost_blocks;
};
int thimble_cache_disk_init(struct thimble_cache_disk *d, struct thimble_block *below,
                            const struct thimble_cache_config *config);

/* For idle time: begins the next late write.  True: there are more, or it has not ended. */
bool thimble_cache_disk_write_late(struct thimble_cache_disk *d);

/* The medium below was changed, or its size: forgets everything, and looks at the disk below anew.  Late writes that
 * were lost by that make the next flush fail. */
void thimble_cache_disk_follow(struct thimble_cache_disk *d);

#ifdef __cplusplus
}
#endif

#endif
