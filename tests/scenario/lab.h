/* SPDX-License-Identifier: MIT
 *
 * lab.h: an engine on a laboratory bench: memory of its own, disks that fail or answer late,
 * connections that cut the stream anywhere, and a clock that is moved by hand.
 *
 * The engine's memory is exactly thimble_memory_bytes() long and ends at an unmapped page.
 * Under each logical unit stands
 *
 *     delay disk      answers when lab_run() has nothing else to do, or when told to
 *     fault disk      fails when told to
 *     RAM disk        block n holds lab_byte(lun, n, i) at byte i; with a flush of its own
 *
 * The network keeps the port's side of the contract of thimble.h, and checks the engine's: it
 * looks at a connection only after it did something for it, or after `wake`; what was lent
 * stays the same until it is taken, what was lent as stable until it is acknowledged.
 */
#ifndef LAB_H
#define LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "thimble.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

#define DISK "iqn.2024-01.example:disk"
#define OTHER_DISK "iqn.2024-01.example:other"
#define HOST "iqn.1994-05.example:host"

enum { LAB_LUNS = 3, LAB_PEERS = 640, LAB_EVENTS = 64 };

/* How bytes, answers and acknowledgements travel; each scenario is run in many ways. */
struct way {
    const char *name;
    size_t   rx_piece, tx_piece;        /* bytes moved at a time; 0: as many as are lent */
    bool     late_ack;                  /* acknowledged only when nothing else can happen */
    bool     delayed;                   /* disks answer only when nothing else can happen */
    bool     eager;                     /* ... or, beside that, after each piece received */
    bool     digests;                   /* header and data digests are negotiated */
    uint16_t n_buffers;                 /* 0: as the scenario says */
    uint32_t cut;                       /* a pause after that many bytes received; 0: none */
    uint32_t fail_at;                   /* the disk call (from 1) that fails; 0: none */
    bool     sticky;                    /* ... and all after it */
};

struct lab_options {
    struct thimble_config config;       /* zero fields: small values, see lab_open() */
    uint64_t size_blocks;               /* 0: 128 */
    uint8_t  block_shift;               /* 0: 9 */
    bool     mapped;                    /* the RAM disk is served from its own memory */
    bool     no_second_target;
    uint32_t atomic_blocks;             /* of the RAM disks */
    const struct thimble_chap *chap;
    const char *const *allowed;
    size_t   n_allowed;
    const struct thimble_lun_config *units;     /* LAB_LUNS, without disk and LUN; NULL: plain ones */
    bool     two_groups;                /* portals 0, 2, ... are in portal group 5, the others in 9 */
};

struct lab;

/* A PDU that the target sent. */
struct pdu {
    uint8_t  bhs[48];
    size_t   at;                        /* of its data in peer->out */
    uint32_t len;                       /* of its data, without padding */
    bool     taken;                     /* somebody looked at it */
};

/* Memory that was lent as stable, and taken. */
struct loan {
    const uint8_t *data;
    size_t at, len;                     /* in peer->out */
};

/* The initiator's end of a TCP connection, and what the initiator knows. */
struct peer {
    struct lab *lab;
    struct thimble_conn *conn;          /* NULL: closed */
    unsigned portal;                    /* by which it came; to it this one is 0, and those before it follow */
    unsigned number;                    /* from 1 */
    bool     attention;                 /* the port has a reason to look at it */
    bool     deaf;                      /* takes nothing: its window is closed */
    bool     mute;                      /* what it said is held back */

    uint8_t *in;                        /* to the target */
    size_t   in_len, in_at, in_room;
    uint8_t *out;                       /* from the target */
    size_t   out_len, out_room, out_acked, out_parsed;
    struct loan *loans;
    size_t   n_loans, first_loan, loans_room;
    struct pdu *pdus;
    size_t   n_pdus, pdus_room;

    /* initiator.c */
    const char *name;                   /* InitiatorName */
    uint8_t  isid[6];
    uint16_t tsih, cid;
    uint32_t cmd_sn, exp_stat_sn, next_itt;
    uint32_t exp_cmd_sn, max_cmd_sn;    /* as the target said last */
    uint32_t queue_depth;               /* the widest window that was seen */
    bool     numbered;                  /* exp_stat_sn and the window are known */
    bool     logged_in;
    bool     digests_on;                /* behind the login */
    bool     header_digest, data_digest, initial_r2t, immediate_data;
    uint32_t recv_max, send_max;        /* MaxRecvDataSegmentLength: ours, the target's */
    uint32_t max_burst, first_burst, max_r2t;
    uint32_t piece;                     /* bytes of a Data-Out; 0: as many as may be */
    uint32_t immediate_bytes;           /* with a command, at most; default UINT32_MAX */
    bool     no_unsolicited;            /* although it may */
    bool     spoil_header_digest, spoil_data_digest;    /* of the next PDU */
    uint32_t abandoned[32];             /* tasks that will not be answered */
    unsigned n_abandoned;
    uint32_t open_itts[256];            /* SCSI commands without an answer */
    unsigned n_open_itts;
};

struct seen {
    enum thimble_event_kind kind;
    enum thimble_reason reason;
    uint32_t detail;
    struct peer *peer;
};

struct lab {
    const struct lab_options *options;
    struct way way;
    const char *scenario;
    bool     lenient;                   /* disk calls fail: outcomes are as they are */
    bool     disk_held;                 /* delayed calls wait for lab_disk() */
    bool     paused;                    /* the cut was reached */
    struct thimble *engine;
    uint8_t *mem;
    size_t   mem_bytes;
    uint32_t now_ms;
    uint32_t received;                  /* bytes, of all peers */

    uint8_t *medium[LAB_LUNS];
    struct thimble_ram_disk   ram[LAB_LUNS];
    struct thimble_fault_disk fault[LAB_LUNS];
    struct thimble_delay_disk delay[LAB_LUNS];
    unsigned flushes;
    unsigned n_portals;                 /* beside the first */

    struct peer *peers[LAB_PEERS];
    unsigned n_peers;
    struct seen seen[LAB_EVENTS];       /* the last ones */
    unsigned n_seen;
    void    *allocated;                 /* lab_alloc() */
};

/* Fails the test and says in which way it was run. */
#define CHECK(lab, condition, ...) \
    do { \
        if (!(condition)) \
            lab_fail(lab, __FILE__, __LINE__, __VA_ARGS__); \
    } while (0)
void lab_fail(const struct lab *lab, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5), noreturn));

/* Two targets: OTHER_DISK with the last of LAB_LUNS units, DISK with those before it. */
void lab_open(struct lab *lab, const char *scenario, const struct lab_options *options,
              const struct way *way);

/* Closes all connections, lets the disks finish, and demands that nothing has leaked. */
void lab_close(struct lab *lab);

/* Memory until lab_close(), zeroed. */
void *lab_alloc(struct lab *lab, size_t bytes);

uint8_t lab_byte(unsigned lun, uint64_t lba, uint32_t i);
uint32_t lab_block_bytes(const struct lab *lab);
bool lab_untouched(const struct lab *lab, unsigned lun, uint64_t lba, uint32_t n_blocks);

/* A connection; NULL: the engine has no room for it now. */
struct peer *lab_connect(struct lab *lab);

/* The initiator ends it. */
void lab_hang_up(struct peer *p);

/* Bytes for the target; they travel with the next lab_run(). */
void lab_say(struct peer *p, const void *bytes, size_t len);

/* Moves everything until nothing moves. */
void lab_run(struct lab *lab);

/* Does n of the delayed disk calls of all units, then moves everything.  For disk_held. */
void lab_disk(struct lab *lab, uint32_t n);
uint32_t lab_disk_waiting(const struct lab *lab);

/* Time passes: the engine is ticked no later than it asked for, and everything moves. */
void lab_pass(struct lab *lab, uint32_t ms);

/* How often the event was seen (of the last LAB_EVENTS ones). */
unsigned lab_seen(const struct lab *lab, const struct peer *p, enum thimble_event_kind kind,
                  enum thimble_reason reason);

/* Somebody has ended p's connection, for that reason. */
void lab_dropped(struct peer *p, enum thimble_reason reason);

#endif
