/* SPDX-License-Identifier: MIT
 *
 * session.h: a session with one target, by libiscsi.
 *
 * Everything here ends: each step has a time limit, and when it is over the connection is
 * given up.  A session that has failed stays so; `problem` keeps the first cause, in words
 * that say what to do.
 */
#ifndef HOST_CLIENT_SESSION_H
#define HOST_CLIENT_SESSION_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "words.h"

struct iscsi_context;
struct scsi_task;

#define SESSION_NEGOTIATED_MAX      24
#define SESSION_PORTALS_MAX         16
#define SESSION_DEFAULT_TIMEOUT_MS  10000
#define SESSION_DEFAULT_INITIATOR   "iqn.2026-11.org.thimble:client"

/* How far it came; also the exit code of the commands that do nothing else. */
enum session_stage {
    STAGE_READY = 0,
    STAGE_URL = 2,                  /* the URL was not understood */
    STAGE_NAME = 3,                 /* no address for the host's name */
    STAGE_CONNECT = 4,              /* TCP */
    STAGE_LOGIN = 5,
    STAGE_LUN = 6,                  /* no such logical unit, or not ready */
    STAGE_ANSWER = 7,               /* it worked, and does no more */
};

struct session_options {
    const char *initiator;          /* NULL: SESSION_DEFAULT_INITIATOR */
    uint32_t timeout_ms;            /* for each step; 0: the default */
};

struct session {
    struct iscsi_context *iscsi;    /* NULL: not connected (any more) */
    struct session_options how;
    const char *url;                /* borrowed */
    char portal[WORDS_URL_MAX], target[WORDS_URL_MAX];
    char address[WORDS_URL_MAX];    /* numeric, the one that answered */
    int lun;
    enum session_stage stage;
    char problem[512];
    char negotiated[SESSION_NEGOTIATED_MAX][96];    /* KEY=VALUE, the target's side */
    unsigned n_negotiated;
    uint32_t connect_us, login_us;  /* how long these steps took */
};

/* Set by the program's signal handler: what waits ends, as if the time were over. */
extern volatile sig_atomic_t session_interrupted;

uint64_t now_ns(void);

/* Logs in to the URL's target and waits until its logical unit is ready.  False: problem
 * and stage say why.  session_close() is due in either case. */
bool session_open(struct session *s, const char *url, const struct session_options *how);

/* The same up to the login; the URL may lack the LUN (it is 0 then), and the target as
 * well: then it is a discovery session. */
bool session_log_in(struct session *s, const char *url, const struct session_options *how);

/* Logs out if it can, and frees everything. */
void session_close(struct session *s);

/* Gives it up: open commands end as cancelled, at once.  Keeps an earlier problem. */
void session_fail(struct session *s, enum session_stage stage, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What the session waits for; and what came.  A false return: it has failed. */
struct pollfd session_pollfd(const struct session *s);
bool session_service(struct session *s, short revents);

/* The peer has closed the connection.  libiscsi says so only to commands on their way. */
bool session_peer_gone(const struct session *s);

/* One command, sent and answered; unit attentions are tried again.  The answer is the
 * caller's, to be given to scsi_free_scsi_task().  NULL: the session has failed. */
struct scsi_task *session_command(struct session *s, int lun, const uint8_t *cdb,
                                  int cdb_len, uint32_t data_in_bytes);

/* A ping: round trip in nanoseconds, 0 if the session has failed. */
uint64_t session_nop(struct session *s);

/* Targets that a portal names; free with session_free_found(). */
struct session_found {
    struct session_found *next;
    char     target[WORDS_URL_MAX];
    unsigned n_portals;
    char     portals[SESSION_PORTALS_MAX][WORDS_URL_MAX];
};
struct session_found *session_discover(struct session *s);
void session_free_found(struct session_found *found);

/* "illegal request, ..." for a status that is not GOOD. */
const char *status_words(const struct scsi_task *task, char *text, size_t size);

/* "disk", or the standard's name of another peripheral device type. */
const char *type_words(uint8_t type);

/* Bytes of an answer as a big-endian number; what the target did not send is 0. */
uint64_t answer_number(const struct scsi_task *task, unsigned offset, unsigned bytes);
bool answer_good(const struct scsi_task *task);

/* What every command wants to know of a disk. */
struct disk_facts {
    uint8_t  qualifier, type;
    bool     removable, write_protected, has_mode, thin;
    char     vendor[9], product[17], revision[5];
    uint32_t block_bytes;           /* 0: it has no capacity to tell */
    uint32_t physical_bytes;
    uint64_t size_blocks;
    uint32_t max_transfer_blocks;   /* 0: no limit */
};

/* False: the session has failed, or the unit does not even answer INQUIRY. */
bool session_disk_facts(struct session *s, int lun, struct disk_facts *facts);

#endif
