/* SPDX-License-Identifier: MIT
 *
 * engine.h: where iSCSI and SCSI meet: tasks, connections and the engine itself.
 *
 * Layers 3 to 5.  Private to src/engine/.  Roadmap, from the wire inwards and back:
 *
 *     receive.c   bytes to PDUs: rx_buf, rx_ack, digests, where a data segment lands    (L4)
 *     request.c   PDUs to work: CmdSN, dispatch by opcode, Data-Out, NOP, text, logout  (L4)
 *     task.c      a SCSI command's life: start, data, status, abort                     (L3)
 *     taskset.c   in which order commands may begin                                     (L3)
 *     manage.c    task management functions (RFC 7143 11.5, RFC 7144)                   (L3)
 *     partial.c   data that ends inside a block, and VERIFY's comparison                (L3)
 *     buffer.c    data buffers and parameter buffers: who has one, who waits            (L3)
 *     send.c      work to PDUs to bytes: tx_buf, tx_taken, tx_ack                       (L4)
 *     thimble.c   memory, targets, sessions, time                                       (L5)
 *     stats.c     what happened, in numbers: thimble_stats.h                            (L5)
 *
 * Memory is fixed.  What cannot be served now waits where it costs nothing: a PDU whose header has come in
 * stays in its connection (rx_state RX_DISPATCH or RX_BUFFER, thimble_conn_rx_buf() answers NULL), a READ
 * without a buffer stands in engine->wait_first.  Whoever gives a buffer back wakes them.  A command that others are ahead
 * of stands in its unit's task set.
 */
#ifndef TH_ENGINE_ENGINE_H
#define TH_ENGINE_ENGINE_H

#include "../core/crc32c.h"
#include "../core/wire.h"
#include "../iscsi/negotiation.h"
#include "../iscsi/pdu.h"
#include "../iscsi/text.h"
#include "../scsi/copies.h"
#include "../scsi/scsi.h"
#include "../scsi/sense.h"
#include "../thimble.h"
#include "../thimble_stats.h"

/* Tasks of a connection besides its command window: immediate commands, Rejects. */
#define TH_TASKS_IMMEDIATE 2

/* Additional header segments that are looked into; longer ones are read over and refused.  A 32-byte CDB takes 20 bytes, a
 * bidirectional length 8 (RFC 7143 11.2.2). */
#define TH_AHS_MAX 32

#define TH_LOGIN_DATA_MAX 8192          /* data segment of a login PDU: the default of 13.12 */

/* ------------------------------------------------------------------------------------ */

/* A data buffer.  It is, at any time, in one place: the free list; under the bytes of an arriving data segment (conn->rx_buf);
 * at the disk; on its task's ready list; under a PDU that is being sent (slot->buf); or
 * taken by the transport and not yet acknowledged (conn->unacked). */
struct th_buf {
    struct thimble_io io;               /* its disk call */
    struct th_buf  *next;
    struct th_task *task;
    struct thimble_conn *holder;        /* counted in its n_held; NULL: nobody's */
    uint8_t  *mem;
    uint32_t offset;                    /* of its first byte in the command's data */
    uint32_t len;                       /* bytes of data in it */
    uint32_t sent;                      /* of these, already in PDUs */
    uint32_t end_seq;                   /* unacked: free when this much of the stream is acknowledged */
    bool     gated;                     /* a read at the disk that holds its unit's gate */
};

enum th_task_kind {
    TASK_FREE,
    TASK_COMMAND,                       /* SCSI Command */
    TASK_PARKED,                        /* any request whose CmdSN is ahead of its turn; bhs[] holds it */
    TASK_NOP,                           /* NOP-Out to be answered; ready[0] is its ping data */
    TASK_MANAGE,                        /* task management function */
    TASK_REJECT,                        /* a Reject to be sent; bhs[] holds the refused header */
};

/* What a SCSI command waits for. */
enum th_task_phase {
    PHASE_REPLY,                        /* a buffer, to make parameter data in */
    PHASE_READ,                         /* buffers, the disk, and the transport, until all is sent */
    PHASE_WRITE,                        /* data from the initiator, then the disk */
    PHASE_PARAM,                        /* data from the initiator into cmd.param */
    PHASE_DISK,                         /* cmd.io: nexus.resume will be called */
    PHASE_DRAIN,                        /* failed: data that was asked for and must be let in */
    PHASE_STATUS,                       /* status is final: to be sent after the data that is ready */
    PHASE_DORMANT,                      /* others of its unit; data that came unasked is in ready[] */
};

/* Where a command is in its unit's task set, see taskset.c. */
enum th_place { PLACE_NONE, PLACE_COUNTED, PLACE_LISTED, PLACE_WAITS };

/* What a command moves, for stats.c. */
enum th_flow { FLOW_OTHER, FLOW_READ, FLOW_WRITE };

struct th_task {
    struct th_task *next_active;        /* conn->tasks, newest first; or the free list */
    struct th_task *next;               /* a send queue, or those who wait for a buffer */
    struct thimble_conn *conn;
    uint32_t itt;
    uint8_t  kind;                      /* enum th_task_kind */
    uint8_t  phase;                     /* enum th_task_phase */
    uint8_t  generation;                /* part of the target transfer tag: tells a stale tag */
    uint8_t  r2t_open;                  /* R2Ts sent that are not answered in full */
    uint16_t disk_calls;                /* buffers that are at the disk; PREEMPT AND ABORT: others' commands that must end */
    bool     immediate : 1;             /* not counted in the command window */
    bool     queued : 1;                /* in one of conn's queues */
    bool     waiting : 1;               /* in engine->wait_first; then not `queued` */
    bool     aborted : 1;               /* frees itself when the disk is done with it; never answers */
    bool     unsolicited : 1;           /* unsolicited Data-Out follow until the F bit */
    bool     read_dir : 1, write_dir : 1;   /* R and W bits of the command */
    bool     mapped : 1;                /* data is sent from the medium's own memory */
#if THIMBLE_TASK_ATTRIBUTES
    uint8_t  attribute : 3;             /* enum th_attribute */
    uint8_t  place : 2;                 /* enum th_place */
    struct th_task *next_in_set;
#endif
#if THIMBLE_STATS
    uint8_t  flow : 2;                  /* enum th_flow */
    uint32_t start_us;                  /* when its header came */
#endif
    struct th_task *aborter;            /* the task (TASK_MANAGE, or PREEMPT AND ABORT) that waits for this one to end */

    /* Command data, in bytes from its start:
     *
     *     0 ....... done ........ asked ........ total
     *     | received or sent | by R2T or      |
     *     |                  | unsolicited    | not asked for yet (writes)
     *
     * READ: `done` was made into PDUs, `asked` was asked of the disk. */
    uint32_t edtl;                      /* Expected Data Transfer Length */
    uint32_t total;                     /* min(edtl, what the CDB says) */
    uint32_t done, asked;
    uint32_t burst_start;               /* write: where the solicited bursts begin; read: where this one did */
    uint32_t data_sn;                   /* next DataSN of the data sequence */
    uint32_t r2t_sn;                    /* next R2TSN: R2Ts sent */
    uint8_t  lun[4];                    /* of the command, as it was written: R2Ts have the same */
    union {
        struct th_buf *ready;           /* data for the initiator, in order; parked, dormant or ping data */
        const uint8_t *map;             /* if `mapped`: where the data is */
    };

    union {
        struct th_cmd cmd;
        /* TASK_PARKED (with its additional header segments, `total` bytes of them), TASK_REJECT */
        uint8_t bhs[TH_BHS_BYTES + (THIMBLE_SCSI_LONG_CDB ? TH_AHS_MAX : 0)];
        struct {                        /* TASK_MANAGE */
            uint32_t to_end;            /* tasks that are still to end before it is answered */
            uint32_t information;       /* RFC 7144: additional response information */
            uint8_t  function, response;
            bool     complete;          /* all that it does was started */
        } manage;
    };
};

/* A request that waits for its turn; where a build keeps none, there are none. */
static inline bool th_task_is_parked(const struct th_task *t)
{
    return THIMBLE_OUT_OF_ORDER && t->kind == TASK_PARKED;
}

/* A PDU that is ready to go: head[0..head_len), then data, then head[tail_at..tail_at + tail_len). */
struct th_slot {
    const uint8_t *data;
    struct th_buf *buf;                 /* given back when the transport has acknowledged the data, or NULL */
    struct th_task *task;               /* freed when the transport has taken the PDU, or NULL */
    uint32_t data_len;
    uint8_t  head_len, tail_at, tail_len;
    bool     text : 1;                  /* data is the negotiation's answer */
    bool     stable : 1;                /* data stays until acknowledged */
    bool     last : 1;                  /* the connection ends behind this PDU */
    uint8_t  head[TH_BHS_BYTES + 4 + 2 + TH_SENSE_MAX + 2 + 4];
};

enum th_rx_state {
    RX_BHS,             /* 48 bytes */
    RX_AHS,             /* 4 * TotalAHSLength bytes; the first TH_AHS_MAX are kept */
    RX_HDIGEST,         /* 4 bytes, if negotiated; checked before acting */
    RX_DISPATCH,        /* the header is complete: act on it, as soon as there is room for its task */
    RX_BUFFER,          /* its data segment needs a data buffer */
    RX_DATA,            /* straight to where it belongs, see rx_into */
    RX_PAD,             /* 0 to 3 bytes, dropped, but part of the digest */
    RX_DDIGEST,         /* 4 bytes, if negotiated */
    RX_CLOSED,          /* nothing is accepted any more */
};

enum th_rx_into { INTO_NOTHING, INTO_BUFFER, INTO_PARAM, INTO_TEXT };

enum th_conn_state {
    CONN_FREE,
    CONN_LOGIN,
    CONN_FULL,          /* full feature phase */
    CONN_LEAVING,       /* the last PDU is queued; when it is gone the port is told to close */
    CONN_CLOSING,       /* the port is told to close */
    CONN_GONE,          /* the port has closed; disk calls of its tasks are still to end */
};

struct th_queue {
    struct th_task *first, *last;
};

/* A connection and, since a session has one, its session. */
struct thimble_conn {
    struct thimble *engine;
    void           *port_conn;
    struct th_negotiation *text;        /* while a login or text exchange is under way */
    const struct th_node *node;         /* NULL: login, or discovery */
    struct th_task *tasks;              /* active, linked by next_active */
    struct th_task *free_tasks;
    struct th_queue urgent, normal;     /* tasks with something to send */
#if THIMBLE_TURNS
    struct th_queue turns;              /* tasks whose command goes on when others have had a turn */
#endif
    struct th_buf  *unacked, *unacked_last;
    struct th_buf  *rx_buf;             /* the data segment lands here: INTO_BUFFER */
    struct th_task *rx_task;            /* what the data segment belongs to, or NULL */
    uint32_t rx_got;                    /* bytes of this state's piece */
    uint32_t rx_data_len;               /* DataSegmentLength */
    uint32_t rx_offset;                 /* of the data segment in the command's data */
    uint32_t rx_crc;
    uint32_t tx_off;                    /* bytes of slots[first] already taken */
    uint32_t tx_seq, ack_seq;           /* bytes taken, bytes acknowledged, since the beginning */
    uint32_t exp_cmd_sn, stat_sn;
    uint32_t last_rx_ms;                /* when the peer was last heard */
    uint32_t timer_ms;                  /* login: its start; leaving: when; else when data was last asked for or came */
    uint32_t ping_ms;                   /* when our ping became due */
    uint32_t exchange_ms;               /* when the login or text exchange began */
    uint32_t send_ms;                   /* when the transport last took something, or the peer */
#if THIMBLE_STATS
    uint32_t opened_ms;
    struct thimble_session_stats stats;
#endif
    uint16_t n_held;                    /* data buffers that come back when the peer has read */
    uint16_t used;                      /* tasks of the command window in use */
    uint16_t window;                    /* tasks of the command window */
    uint16_t session;                   /* index into engine's session slots + 1; 0: none */
    uint8_t  state, rx_state, rx_into;  /* enums above */
    uint8_t  rx_ahs_len;                /* bytes of AHS that arrive */
    uint8_t  reason;                    /* enum thimble_reason: the first cause */
    uint8_t  async_due;                 /* a set of 1 << AsyncEvent */
    uint8_t  async_lun;                 /* of a SCSI event */
    uint8_t  async_sense;               /* its unit attention: enum th_ua */
    uint8_t  slot_first, slot_count;
    bool     hdigest : 1, ddigest : 1;  /* on the next PDU to arrive */
    bool     tx_hdigest : 1, tx_ddigest : 1;
    bool     digest_bad : 1;            /* of the data segment that has just arrived */
    bool     stalled : 1;               /* waits for a buffer, a task or a negotiation */
    bool     text_due : 1;              /* a login or text response is to be made */
    bool     text_over : 1;             /* ... and is the last of its exchange */
    bool     text_failed : 1;           /* ... and the connection ends with it */
    bool     text_sending : 1;          /* it is in a slot */
    bool     login_done : 1;
    bool     ping_due : 1, ping_out : 1;    /* a NOP-In of ours is to be sent, is unanswered */
    bool     ping_ever : 1;             /* the initiator has answered one */
    bool     heard : 1;                 /* bytes came since the last tick */
    bool     logout_due : 1;
    bool     logged_out : 1;
    uint8_t  logout_response;
    uint8_t  n_parked;                  /* requests ahead of their turn */
    uint8_t  n_immediate;               /* tasks besides the command window, in use */
    uint32_t text_itt;                  /* of the logout */
    struct th_params params;
    struct th_peer   peer;
    struct th_nexus  nexus;
    uint8_t  bhs[TH_BHS_BYTES + TH_AHS_MAX + 4];    /* header, AHS, and room for a digest */
    struct th_slot slots[THIMBLE_TX_SLOTS];
};

#if THIMBLE_STATS
struct th_stats_store {
    struct thimble_stats stats;
    uint32_t n_events;
    struct thimble_kept_event kept[THIMBLE_EVENTS_KEPT];
};
#endif

/* The one place for work on parts of blocks. */
struct th_scratch {
    struct th_buf *first, *last;        /* first is being worked on */
    uint8_t *mem;                       /* one block */
    uint32_t done;                      /* bytes of first that are done */
    uint8_t  phase;
};

struct thimble {
    struct thimble_config config;       /* defaults filled in */
    struct th_negotiation_env env;
    struct th_node *nodes;              /* targets as iSCSI sees them ... */
    struct th_scsi_target *targets;     /* ... and as SCSI does, same index */
    struct th_lu   *lus;
    struct thimble_conn *conns;
    struct th_task *tasks;
    struct th_buf  *bufs;
    struct th_negotiation *logins;
    uint8_t *params;                    /* parameter buffers */
    struct th_buf *free_bufs;
    struct th_task *wait_first, *wait_last;     /* READs and replies without a buffer, oldest first */
    struct th_scratch scratch;
#if THIMBLE_SCSI_THIRD_PARTY
    struct th_copies *copies;
#endif
    uint32_t now_ms, last_tick_ms;
    uint32_t shutdown_ms, grace_ms;     /* when it began, and how long logouts are waited for */
    uint32_t n_stalled;
    uint32_t look_ms;                   /* since thresholds were looked at, 1000 at most */
    bool     clock_runs;                /* now_ms was told */
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    struct th_registry registry;
#endif
    uint16_t n_free_bufs, n_lus, next_tsih;
    uint16_t async_seconds;             /* Parameter3 of a request to log out or to negotiate */
    uint16_t n_conns;                   /* connections that have ever been in use: the first ones */
    uint16_t n_open;                    /* connections that are not CONN_FREE */
    bool     shutting_down;
    bool     serving;                   /* th_serve_waiting() is at work */
    uint64_t params_used;               /* a bit for each parameter buffer */
    uint8_t *logins_used;               /* a byte for each negotiation */
    uint8_t *sessions_used;             /* a byte for each session slot */
#if THIMBLE_STATS
    struct thimble_target_stats *target_stats;  /* same index as nodes */
    struct th_stats_store store;
#endif
    uint8_t  drop[512];                 /* where data lands that nobody wants; never read */
};

/* thimble.c */
void th_event(struct thimble_conn *c, enum thimble_event_kind kind, enum thimble_reason reason,
              uint32_t detail);
void th_conn_wake(struct thimble_conn *c);
void th_conn_fail(struct thimble_conn *c, enum thimble_reason why);
void th_conn_leave(struct thimble_conn *c, enum thimble_reason why);
bool th_task_is_of(const struct thimble_conn *c, uint32_t index);
void th_conn_release(struct thimble_conn *c);
bool th_login_must_wait(const struct thimble_conn *c);
bool th_evict_exchange(struct thimble_conn *by);
uint16_t th_admit(void *ctx, const struct th_node *node, const struct th_params *params,
                  enum thimble_reason *why);

/* stats.c.  Without THIMBLE_STATS they cost nothing. */
#if THIMBLE_STATS
void th_count_start(struct th_task *t);
void th_count_end(const struct th_task *t);
void th_count_event(struct thimble_conn *c, const struct thimble_event *event,
                    const struct th_node *node);

static inline void th_count_flow(struct th_task *t, enum th_flow flow)
{
    t->flow = flow & 3u;
}

static inline void th_count_rx(struct thimble_conn *c)
{
    c->stats.rx_pdus++;
    c->stats.rx_nops += (c->bhs[0] & 0x3f) == TH_OP_NOP_OUT;
    c->stats.rx_bytes += c->rx_data_len;
}

static inline void th_count_tx(struct thimble_conn *c, const struct th_slot *s, uint32_t data_len)
{
    c->stats.tx_pdus++;
    c->stats.tx_nops += s->head[0] == TH_OP_NOP_IN;
    c->stats.tx_bytes += data_len;
}

static inline void th_count_buffers(struct thimble *e)
{
    if (e->n_free_bufs < e->store.stats.buffers_low)
        e->store.stats.buffers_low = e->n_free_bufs;
}
#else
static inline void th_count_start(struct th_task *t)
{
    (void)t;
}

static inline void th_count_end(const struct th_task *t)
{
    (void)t;
}

static inline void th_count_event(struct thimble_conn *c, const struct thimble_event *event,
                                  const struct th_node *node)
{
    (void)c, (void)event, (void)node;
}

static inline void th_count_flow(struct th_task *t, enum th_flow flow)
{
    (void)t, (void)flow;
}

static inline void th_count_rx(struct thimble_conn *c)
{
    (void)c;
}

static inline void th_count_tx(struct thimble_conn *c, const struct th_slot *s, uint32_t data_len)
{
    (void)c, (void)s, (void)data_len;
}

static inline void th_count_buffers(struct thimble *e)
{
    (void)e;
}
#endif

/* buffer.c */
enum th_buf_use {
    BUF_TO_DISK,                        /* comes back when the disk is done with it */
    BUF_HELD,                           /* ... when the peer has read, or a turn has come */
    BUF_DORMANT,                        /* ... when others have ended */
};
struct th_buf *th_buf_take(struct thimble_conn *c, enum th_buf_use use);
void th_buf_give(struct thimble *e, struct th_buf *b);
void th_buf_wait(struct th_task *t);
void th_buf_unwait(struct th_task *t);
uint8_t *th_param_take(struct thimble *e);
void th_param_give(struct thimble *e, uint8_t *mem);
void th_stall(struct thimble_conn *c);
void th_wake_stalled(struct thimble *e);

/* receive.c, request.c */
void th_rx_retry(struct thimble_conn *c);
bool th_dispatch(struct thimble_conn *c);
void th_data_arrived(struct thimble_conn *c);
bool th_login_header_ok(struct thimble_conn *c);
void th_unpark(struct thimble_conn *c);
void th_negotiation_give(struct thimble_conn *c);
bool th_reject(struct thimble_conn *c, enum th_reject reason, enum thimble_reason why);

/* task.c */
struct th_task *th_task_new(struct thimble_conn *c, bool immediate);
void th_task_free(struct th_task *t);
struct th_task *th_task_by_itt(struct thimble_conn *c, uint32_t itt);
struct th_task *th_task_by_ttt(struct thimble_conn *c, uint32_t ttt);
uint32_t th_task_ttt(const struct th_task *t, uint32_t r2t_sn);
void th_command_start(struct th_task *t);
void th_command_begin(struct th_task *t);
void th_command_refuse(struct th_task *t);
void th_command_pump(struct th_task *t);
void th_command_received(struct th_task *t, struct th_buf *b, uint32_t offset, uint32_t len,
                         bool final, bool bad_digest);
void th_command_disk_done(struct th_task *t, struct th_buf *b, int result);
void th_command_out_of_order(struct th_task *t);
bool th_command_has_output(const struct th_task *t);
bool th_task_manages(const struct thimble_conn *c);
void th_abort_unfinished(struct thimble_conn *c);
uint32_t th_abort_tasks(struct thimble_conn *c, const struct th_lu *lu, struct th_task *aborter);
bool th_command_wants_r2t(const struct th_task *t);
void th_command_resume(struct th_cmd *cmd);
void th_command_later(struct th_cmd *cmd);
void th_task_ended_for(struct th_task *aborter);
bool th_abort_preempted(struct th_cmd *by);
void th_task_abort(struct th_task *t, struct th_task *aborter);

/* taskset.c */
#if THIMBLE_TASK_ATTRIBUTES
bool th_set_join(struct th_task *t);
void th_set_take_out(struct th_task *t);

static inline void th_set_leave(struct th_task *t)
{
    if (t->place != PLACE_NONE)
        th_set_take_out(t);
}
#else
static inline bool th_set_join(struct th_task *t)
{
    (void)t;
    return true;
}

static inline void th_set_leave(struct th_task *t)
{
    (void)t;
}
#endif

/* It has not begun: others of its unit are ahead of it. */
static inline bool th_dormant(const struct th_task *t)
{
    return THIMBLE_TASK_ATTRIBUTES && t->kind == TASK_COMMAND && t->phase == PHASE_DORMANT;
}

/* partial.c */
bool th_partial_needed(const struct th_task *t, uint32_t offset, uint32_t len);
void th_partial_start(struct th_buf *b);

/* manage.c */
void th_manage(struct th_task *t, const uint8_t bhs[48]);
void th_manage_task_ended(struct th_task *aborter);
void th_manage_cold_reset(struct thimble_conn *by);

/* send.c */
void th_send(struct th_task *t);
void th_send_urgent(struct th_task *t);
void th_wait_turn(struct th_task *t);
void th_unsend(struct th_task *t);
void th_send_give_up(struct thimble_conn *c, struct th_buf *b);
uint32_t th_max_cmd_sn(const struct thimble_conn *c);

#endif
