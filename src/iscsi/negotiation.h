/* SPDX-License-Identifier: MIT
 *
 * negotiation.h: login phase and text exchanges, from request text to response text.
 *
 * Layer 2.  RFC 7143 chapters 6 (login and negotiation), 12 (security keys), 13
 * (operational keys) and appendix C (SendTargets).  Knows PDU headers and text, no SCSI,
 * no connection: whoever owns the bytes calls, for each Login or Text Request,
 *
 *     th_login_request / th_text_request     the 48 bytes of the header have arrived
 *     th_negotiation_rx_buf, _rx_ack         its data segment arrives, piece by piece
 *     th_login_end / th_text_end             the data segment is complete: what to answer
 *     th_login_response / th_text_response   make the header, lend the text
 *
 * A text key may be cut anywhere, by pieces or by PDUs (C bit).  The workspace is the
 * caller's and is needed only from the first request of an exchange until its last
 * response was made.
 */
#ifndef TH_ISCSI_NEGOTIATION_H
#define TH_ISCSI_NEGOTIATION_H

#include "../thimble.h"
#include "params.h"

/* One target as iSCSI sees it. */
struct th_node {
    const char *name;
    const char *alias;                  /* or NULL */
    uint16_t    portal_group_tag;       /* where there are no thimble_config.portal_groups */
    const struct thimble_chap *chap;    /* or NULL */
    const char *const *allowed;         /* or NULL: everybody */
    size_t      n_allowed;
};

struct th_negotiation;

/* What a negotiation needs to know of the world; one for all of them. */
struct th_negotiation_env {
    const struct thimble_config *config;    /* defaults filled in */
    const struct th_node *nodes;
    uint16_t n_nodes;
    uint32_t max_recv_bytes;                /* our MaxRecvDataSegmentLength */
    bool     shutting_down;

    /* The login is about to enter full feature phase: makes room for the session and
     * gives it peer->tsih, which until then is the TSIH that the initiator sent (0: a
     * new session). Returns 0 or a login status (class << 8 | detail): 0x0302 no room,
     * 0x020a TSIH of no session, 0x0206 a second connection.  node is NULL for a
     * discovery session.  *why says more for the log. */
    uint16_t (*admit)(void *admit_ctx, const struct th_node *node,
                      const struct th_params *params, enum thimble_reason *why);
};

/* Longest key=value pair that is taken: a key of 63 bytes, '=', a value of 255 bytes or
 * a CHAP challenge as hexadecimal, and NUL. */
#if THIMBLE_CHAP && 2 + 2 * THIMBLE_CHAP_CHALLENGE_MAX > 255
#define TH_PAIR_MAX (64 + 2 + 2 * THIMBLE_CHAP_CHALLENGE_MAX + 1)
#else
#define TH_PAIR_MAX (64 + 255 + 1)
#endif

struct th_negotiation {
    const struct th_negotiation_env *env;
    void *admit_ctx;                    /* for env->admit */
    void *port_conn;                    /* for config->portal */
    struct th_params *params;           /* results; the caller's */
    struct th_peer   *peer;             /* likewise */
    const struct th_node *node;         /* NULL: discovery, or not known yet */

    /* Login: the status that th_login_end() decided, class << 8 | detail, and why; 0 is
     * success. */
    uint16_t status;
    enum thimble_reason why;
    char     why_key[64];               /* the key that it is about, or "" */

    uint32_t pdu_left;                  /* bytes of the data segment still to come */

    /* Private from here on.  `pair` fills from the wire; a pair that is complete is
     * acted upon and its room used again.
     *
     *     answer: 0 ..... answer_sent ....... answer_cut ........ answer_len
     *              |  in earlier PDUs  |  in this response  |  later  | */
    uint64_t offered;                   /* keys seen so far: bits by index in th_keys */
    uint32_t itt, ttt;                  /* ttt: TH_TAG_NONE while no text goes on */
    uint32_t request_bytes;             /* text of this exchange so far */
    uint32_t send_max_bytes;            /* data segment of a login response */
    uint32_t declared_bytes;            /* their segment length, not in force yet, or 0 */
    uint32_t first_burst_offer;         /* FirstBurstLength awaiting its answer, or 0 */
    uint16_t pair_len;                  /* bytes of an unfinished pair */
    uint16_t answer_len, answer_sent, answer_cut;
    uint16_t next_target, end_target;   /* SendTargets: goes on here, ends there */
    uint8_t  next_portal;               /* 0: TargetName is next; n: portal n - 1 */
    uint8_t  stage;                     /* CSG that the next Login Request must have */
    uint8_t  csg, nsg;                  /* of the request at hand */
    bool     transit : 1;               /* T or F bit of the request at hand */
    bool     more : 1;                  /* its C bit */
    bool     begun : 1;                 /* a first Login Request has come */
    bool     names_done : 1;            /* who and what for is settled */
    bool     full_feature : 1;          /* a text exchange, not a login */
    bool     declared : 1;              /* our MaxRecvDataSegmentLength was sent */
    bool     moving : 1;                /* this response ends the stage */
    bool     owing : 1;                 /* the last response left answers over */
    bool     method_offered : 1, method_none : 1, method_chap : 1;
    bool     authenticated : 1;
    const struct thimble_chap *chap;    /* what is asked for; NULL: nothing */
#if THIMBLE_CHAP
    const struct thimble_chap_user *user;   /* by CHAP_N; NULL: nobody of that name */
    uint8_t  chap_step;                 /* enum chap_step */
    uint8_t  chap_seen;                 /* CHAP keys of the text at hand */
    uint8_t  chap_hash;                 /* enum thimble_hash, or 0 */
    uint8_t  own_id, peer_id;
    uint8_t  response_len;
    uint16_t peer_challenge_len;
    uint8_t  own_challenge[16];
    uint8_t  response[32];              /* the initiator's CHAP_R */
    uint8_t  peer_challenge[THIMBLE_CHAP_CHALLENGE_MAX];
#endif
    char     pair[TH_PAIR_MAX];
    char     answer[THIMBLE_TEXT_ANSWER_MAX];
};

_Static_assert(THIMBLE_TEXT_ANSWER_MAX <= UINT16_MAX, "answer_len is 16 bits");
_Static_assert(sizeof(struct th_negotiation) <= THIMBLE_LOGIN_BYTES,
               "THIMBLE_LOGIN_BYTES");

void th_params_default(struct th_params *p);

#if THIMBLE_PORT_GROUPS > 1
/* The portal group of a portal, as its place among them; what there is none of is the first. */
static inline unsigned th_portal_group(const struct thimble_config *config, void *port_conn, unsigned index)
{
    unsigned group = config->n_portal_groups > 1 ? config->portal_group(config->ctx, port_conn, index) : 0;

    return group < config->n_portal_groups ? group : 0;
}
#endif

/* The tag of a portal's group, at this node. */
static inline uint16_t th_portal_tag(const struct th_negotiation *n, const struct th_node *node, unsigned index)
{
#if THIMBLE_PORT_GROUPS > 1
    const struct thimble_config *config = n->env->config;

    if (config->n_portal_groups > 0)
        return config->portal_groups[th_portal_group(config, n->port_conn, index)];
#endif
    (void)n;
    (void)index;
    return node->portal_group_tag;
}

/* Starts the login of a new connection.  *peer and *params are reset to their defaults;
 * admit_ctx and port_conn are set by the caller, before or after. */
void th_login_init(struct th_negotiation *n, const struct th_negotiation_env *env,
                   struct th_params *params, struct th_peer *peer);

enum th_login_next {
    TH_LOGIN_ANSWER,    /* send th_login_response(); the login goes on */
    TH_LOGIN_DONE,      /* send it; then the connection is in full feature phase */
    TH_LOGIN_FAILED,    /* send it (it carries n->status); then close */
    TH_LOGIN_DROP,      /* close at once, n->why says why */
};

/* The header of a Login Request (opcode and immediate bit are right, the data segment is
 * at most 8192 bytes). False: drop the connection, n->why says why.  A mistake that has
 * an answer is kept, and comes out of th_login_end(). */
bool th_login_request(struct th_negotiation *n, const uint8_t bhs[48]);
enum th_login_next th_login_end(struct th_negotiation *n);

/* Makes the header (all but StatSN, ExpCmdSN, MaxCmdSN) and lends the data segment,
 * without padding.  Valid until the next request.  Call it once for each th_login_end()
 * that is not TH_LOGIN_DROP. */
void th_login_response(struct th_negotiation *n, uint8_t bhs[48], const uint8_t **text,
                       uint32_t *len);

/* A text exchange in full feature phase.  node is NULL in a discovery session.  *params
 * is changed only by what full feature phase may change (MaxRecvDataSegmentLength). */
void th_text_init(struct th_negotiation *n, const struct th_negotiation_env *env,
                  struct th_params *params, struct th_peer *peer,
                  const struct th_node *node, void *port_conn);

/* The header of a Text Request.  0, or a Reject reason (RFC 7143 11.17.1): then the data
 * segment is to be dropped and the exchange is over. */
uint8_t th_text_request(struct th_negotiation *n, const uint8_t bhs[48]);
uint8_t th_text_end(struct th_negotiation *n);

/* As th_login_response().  Returns true if the exchange is over with this response,
 * false if the initiator must continue it with the target transfer tag that is in it. */
bool th_text_response(struct th_negotiation *n, uint8_t bhs[48], const uint8_t **text,
                      uint32_t *len);

/* Where the next bytes of the data segment should land; *len is at least 1 and at most
 * what is left of it.  Only while pdu_left > 0. */
uint8_t *th_negotiation_rx_buf(struct th_negotiation *n, size_t *len);
void th_negotiation_rx_ack(struct th_negotiation *n, size_t len);

#endif
