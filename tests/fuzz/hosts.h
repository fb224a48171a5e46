/* SPDX-License-Identifier: MIT
 *
 * hosts.h: initiators of few words, for fuzz targets with a model: they speak iSCSI right, and cut what they say as the input says.
 *
 * Each of HOSTS initiators has one session.  A command is a struct exchange from hosts_start() until its owner has looked at
 * how it ended (hosts.ended) and gave it back.  Nothing moves but in hosts_move(), which moves bytes both ways; data that
 * an R2T asks for goes when hosts_data() is called.  With FUZZ_TRACE in the environment, they say what they do.
 */
#ifndef HOSTS_H
#define HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thimble.h"

#define HOSTS_TARGET "iqn.2024-01.example:disk"

enum { HOSTS = 3, HOST_QUEUE = 4, EXCHANGE_MAX = 1 << 16, HOST_SAYS_MAX = 1 << 18 };

enum exchange_state { EXCHANGE_FREE, EXCHANGE_OPEN, EXCHANGE_ANSWERED, EXCHANGE_GONE };

struct exchange {
    /* The owner's, before hosts_start(). */
    uint8_t  cdb[32];
    uint8_t  lun;
    bool     is_long;                   /* a CDB of 32 bytes */
    bool     write;                     /* data go out, else in */
    uint32_t n_bytes;                   /* expected data transfer length */
    uint32_t piece_bytes;               /* of a Data-Out; 0: as many as may be */
    uint32_t immediate_bytes;           /* at most, with the command */
    bool     unsolicited;               /* the first burst is not waited for, if it need not be */

    /* How it ended. */
    enum exchange_state state;
    bool     gone;                      /* its state is, or was, EXCHANGE_GONE */
    uint8_t  status;
    uint32_t sense;                     /* key, code, qualifier; 0: none */
    uint32_t information;               /* of the sense data; UINT32_MAX: none */

    uint8_t  host;
    uint32_t itt, data_sn, sent_bytes, got_bytes;
    uint32_t r2t_ttt, r2t_left;         /* what was asked for, and is not yet sent */
    uint8_t  out[EXCHANGE_MAX], in[EXCHANGE_MAX];
};

struct host {
    struct thimble_conn *conn;          /* NULL: not connected */
    const char *name;
    uint8_t  isid;                      /* the last byte of it */
    bool     logged_in;
    bool     initial_r2t, immediate_data;
    uint32_t first_burst_bytes, max_burst_bytes, recv_max_bytes;
    uint32_t cmd_sn, max_cmd_sn, itt;
    bool     manages;                   /* a task management function is not answered yet */
    uint8_t  function, tmf_lun;
    uint32_t tmf_itt, tmf_ref;
    struct exchange exchanges[HOST_QUEUE];
    uint8_t  out[1 << 17], says[HOST_SAYS_MAX];
    size_t   out_len, says_len, says_at, unacked_bytes;
};

struct hosts {
    struct thimble *engine;
    const char *title;                  /* of the fuzz target, for messages */
    struct host host[HOSTS];
    void (*ended)(struct exchange *x);  /* it is answered, or gone */
};
extern struct hosts hosts;

/* For the trace. */
void hosts_note(const char *what, unsigned unit);
void hosts_fail(const char *what) __attribute__((noreturn));

/* All connections are forgotten, as by a loss of power.  The exchanges that were open are gone. */
void hosts_forget(void);

/* A login.  `keys` has a NUL behind each key, and two at the end.  An engine of two initiator ports of one name: isid. */
void hosts_log_in(unsigned host, const char *name, uint8_t isid, const char *keys);
void hosts_hang_up(unsigned host);

/* A free exchange, zeroed but for its data; NULL: all are open, or the target's window is closed. */
struct exchange *hosts_new(unsigned host);
void hosts_start(struct exchange *x);
void hosts_give_back(struct exchange *x);

/* One Data-Out that x owes.  False: none. */
bool hosts_data(struct exchange *x);

/* ABORT TASK (of `ref`), LOGICAL UNIT RESET ...  False: one is not answered yet. */
bool hosts_manage(unsigned host, uint8_t function, uint8_t lun, const struct exchange *ref);

/* True: something moved. */
bool hosts_move(void);
bool hosts_take(unsigned host, size_t max_bytes);

/* Some exchange is open. */
bool hosts_busy(void);

#endif
