/* SPDX-License-Identifier: MIT
 *
 * login.c: Login Requests to Login Responses: the stages, and who may log in to what.
 *
 * Layer 2.  RFC 7143 6.3 (login phase), 11.12 and 11.13 (the PDUs).  A status is decided
 * once, by the first cause.
 *
 *     stage 0  SecurityNegotiation          AuthMethod, then chap.c
 *     stage 1  LoginOperationalNegotiation  the keys of chapter 13, exchange.c
 *     stage 3  FullFeaturePhase             the login is over
 *
 * An initiator may begin with 0 or 1 and leaves with T=1 to a later one; we agree,
 * unless CHAP is half done.
 */
#include <string.h>

#include "chap.h"
#include "exchange.h"
#include "text.h"

enum {
    STAGE_SECURITY = 0,
    STAGE_OPERATIONAL = 1,
    STAGE_RESERVED = 2,
    STAGE_FULL_FEATURE = 3,
};

void th_params_default(struct th_params *p)
{
    memset(p, 0, sizeof *p);
    for (int i = 0; i < th_n_keys; i++)
        th_key_store(&th_keys[i], p, th_keys[i].preset);
}

void th_login_init(struct th_negotiation *n, const struct th_negotiation_env *env,
                   struct th_params *params, struct th_peer *peer)
{
    n->env = env;
    n->params = params;
    n->peer = peer;
    n->node = NULL;
    memset(peer, 0, sizeof *peer);
    th_params_default(params);
    th_exchange_init(n);
}

static void fail(struct th_negotiation *n, uint16_t status, enum thimble_reason why,
                 const char *key)
{
    th_exchange_fail(n, status, why, key);
}

static void fail_protocol(struct th_negotiation *n)
{
    fail(n, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_LOGIN_PROTOCOL, "");
}

/* ------------------------------------------------------------------------------------
 * The header
 */

/* True if the stages and flags of the request at hand are legal (11.12.1 to 11.12.4). */
static bool stages_legal(const struct th_negotiation *n)
{
    if (n->csg != STAGE_SECURITY && n->csg != STAGE_OPERATIONAL)
        return false;
    if (n->begun && n->csg != n->stage)
        return false;
    if (!n->transit)
        return true;                    /* NSG means nothing */
    return !n->more && n->nsg > n->csg && n->nsg != STAGE_RESERVED;
}

/* True if this request goes on with the login that the first one began. */
static bool same_login(const struct th_negotiation *n, const uint8_t bhs[48])
{
    return memcmp(n->peer->isid, bhs + 8, 6) == 0 &&
           n->peer->tsih == th_get16(bhs + 14) && n->itt == th_get32(bhs + 16) &&
           n->peer->cid == th_get16(bhs + 20);
}

bool th_login_request(struct th_negotiation *n, const uint8_t bhs[48])
{
    if (n->status != TH_LOGIN_SUCCESS)
        return false;
    n->transit = (bhs[1] & TH_FINAL) != 0;
    n->more = (bhs[1] & TH_CONTINUE) != 0;
    n->csg = bhs[1] >> 2 & 3;
    n->nsg = bhs[1] & 3;
    uint8_t version_min = bhs[3];
    uint32_t len = th_get24(bhs + 5);
    bool fits = th_exchange_begin(n, len);
    bool same = !n->begun || same_login(n, bhs);
    if (!n->begun) {                    /* a refusal, too, must name these */
        memcpy(n->peer->isid, bhs + 8, 6);
        n->peer->tsih = th_get16(bhs + 14);
        n->itt = th_get32(bhs + 16);
        n->peer->cid = th_get16(bhs + 20);
    }

    if ((bhs[0] & 0x3f) != TH_OP_LOGIN)     /* 6.3: the login has begun, so there is an answer */
        fail(n, TH_LOGIN_INVALID_REQUEST, THIMBLE_REASON_NOT_LOGIN, "");
    else if (n->env->shutting_down)
        fail(n, TH_LOGIN_UNAVAILABLE, THIMBLE_REASON_SHUTDOWN, "");
    else if (version_min > 0)
        fail(n, TH_LOGIN_VERSION, THIMBLE_REASON_LOGIN_VERSION, "");
    else if (!same || !stages_legal(n) || (n->owing && len > 0))
        fail_protocol(n);
    else if (!fits)
        fail(n, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_TEXT_TOO_LONG, "");

    n->begun = true;
    n->stage = n->csg;
    return true;
}

/* ------------------------------------------------------------------------------------
 * Names
 */

/* 4.2.7.1 bounds the length.  What an initiator's name is made of is its own affair, as
 * long as it can be logged: no control characters, no spaces.  Kept in lower case, for
 * then equal names are equal strings. */
static bool keep_name(char *out, const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > TH_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
            return false;

    for (size_t i = 0; i <= len; i++)
        out[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
    return true;
}

/* Said again, in a later stage, these may not say something else; and what the first
 * request did not say was settled by its absence. */
void th_login_identity(struct th_negotiation *n, const struct th_key *k,
                       const char *value, bool repeated)
{
    bool settled = repeated || n->names_done;
    bool agrees = true;

    switch (k->result) {
    case TH_RESULT_INITIATOR_NAME:
        if (settled)
            agrees = th_name_equal(n->peer->name, value);
        else if (!keep_name(n->peer->name, value))
            fail(n, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_NAME_BAD, k->name);
        break;
    case TH_RESULT_TARGET_NAME: {
        const struct th_node *node = th_node_find(n->env, value);
        if (!settled)
            n->node = node;
        else if (!n->params->discovery)
            agrees = node == n->node;
        break;
    }
    default: {                          /* TH_RESULT_SESSION_TYPE */
        int type = th_text_find(k->values, value, strlen(value));
        if (type < 0)
            fail(n, TH_LOGIN_SESSION_TYPE, THIMBLE_REASON_SESSION_TYPE, k->name);
        else if (settled)
            agrees = n->params->discovery == (type == 1);
        else
            n->params->discovery = type == 1;
        break;
    }
    }

    if (!agrees)
        fail(n, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_KEY_REPEATED, k->name);
}

static bool seen(const struct th_negotiation *n, const char *key)
{
    return (n->offered >> th_key_find(key) & 1) != 0;
}

/* The first text is complete, so it must have said who logs in to what (6.3).  Answers
 * with what a target declares then: its tag (13.9) and its alias. */
static void names_complete(struct th_negotiation *n)
{
    n->names_done = true;
    if (n->peer->name[0] == '\0') {
        fail(n, TH_LOGIN_MISSING_PARAMETER, THIMBLE_REASON_NAME_MISSING, "InitiatorName");
        return;
    }
    if (n->params->discovery) {
        n->node = NULL;
        n->chap = n->env->config->discovery_chap;
        return;
    }
    if (!seen(n, "TargetName")) {
        fail(n, TH_LOGIN_MISSING_PARAMETER, THIMBLE_REASON_NAME_MISSING, "TargetName");
        return;
    }
    if (!n->node) {
        fail(n, TH_LOGIN_NOT_FOUND, THIMBLE_REASON_TARGET_UNKNOWN, "TargetName");
        return;
    }
    if (!th_node_allows(n->node, n->peer->name)) {
        fail(n, TH_LOGIN_FORBIDDEN, THIMBLE_REASON_NOT_ALLOWED, "InitiatorName");
        return;
    }

    n->chap = n->node->chap;
    th_exchange_answer_number(n, "TargetPortalGroupTag", th_portal_tag(n, n->node, 0));
    if (n->node->alias)
        th_exchange_answer(n, "TargetAlias", n->node->alias);
}

/* ------------------------------------------------------------------------------------
 * Security stage
 */

/* The answer has to wait until the text has said which target it is about. */
void th_login_auth_method(struct th_negotiation *n, const char *value)
{
    n->method_offered = true;
    n->method_none = th_text_find(value, "None", 4) >= 0;
    n->method_chap = th_text_find(value, "CHAP", 4) >= 0;
}

/* There is never a choice: either the target has CHAP users, and then nothing else will
 * do, or it has none to ask. */
static void answer_auth_method(struct th_negotiation *n)
{
    n->method_offered = false;
    if (n->chap && THIMBLE_CHAP && n->method_chap) {
        th_exchange_answer(n, "AuthMethod", "CHAP");
#if THIMBLE_CHAP
        th_chap_start(n);
#endif
        return;
    }
    if (!n->chap && n->method_none) {
        th_exchange_answer(n, "AuthMethod", "None");
        return;
    }

    enum thimble_reason why =
        n->chap ? THIMBLE_REASON_AUTH_NEEDED : THIMBLE_REASON_AUTH_PROTOCOL;
    fail(n, TH_LOGIN_AUTH_FAILURE, why, "AuthMethod");
    th_exchange_answer(n, "AuthMethod", "Reject");
}

/* True while CHAP was begun and is not over. */
static bool chap_half_done(const struct th_negotiation *n)
{
#if THIMBLE_CHAP
    return n->chap_step != CHAP_IDLE && !n->authenticated;
#else
    (void)n;
    return false;
#endif
}

static void security_complete(struct th_negotiation *n)
{
    bool agreed_now = n->method_offered;
    if (agreed_now)
        answer_auth_method(n);
#if THIMBLE_CHAP
    /* CHAP_A comes in the next text; some initiators send it along with AuthMethod. */
    if (n->status == TH_LOGIN_SUCCESS && (!agreed_now || n->chap_seen != 0))
        th_chap_text_end(n);
#endif
    if (n->status == TH_LOGIN_SUCCESS && n->transit && n->chap && !n->authenticated &&
        !chap_half_done(n))
        fail(n, TH_LOGIN_AUTH_FAILURE, THIMBLE_REASON_AUTH_NEEDED, "AuthMethod");

    /* An operational key has no place in this stage (chapter 12), and without it the
     * initiator may send 8192 bytes at a time.  If it skips the stage where we could say
     * so, and we have less room, this is the lesser evil. */
    if (n->status == TH_LOGIN_SUCCESS && n->transit && n->nsg == STAGE_FULL_FEATURE &&
        !chap_half_done(n) && n->env->max_recv_bytes < TH_LOGIN_SEGMENT_BYTES)
        th_exchange_answer_number(n, "MaxRecvDataSegmentLength", n->env->max_recv_bytes);
}

/* ------------------------------------------------------------------------------------
 * Operational stage, and the end of the text
 */
static void operational_complete(struct th_negotiation *n)
{
    if (n->chap && !n->authenticated) {
        fail(n, TH_LOGIN_AUTH_FAILURE, THIMBLE_REASON_AUTH_NEEDED, "AuthMethod");
        return;
    }
    if (!n->declared) {
        n->declared = true;
        th_exchange_answer_number(n, "MaxRecvDataSegmentLength", n->env->max_recv_bytes);
    }
}

static void text_complete(struct th_negotiation *n)
{
    th_exchange_end(n);
    if (n->status == TH_LOGIN_SUCCESS && !n->names_done)
        names_complete(n);
    if (n->status != TH_LOGIN_SUCCESS)
        return;

    if (n->csg == STAGE_SECURITY)
        security_complete(n);
    else
        operational_complete(n);
}

static void enter_full_feature(struct th_negotiation *n)
{
    struct th_params *p = n->params;
    p->first_burst_bytes = th_min32(p->first_burst_bytes, p->max_burst_bytes);

    enum thimble_reason why = THIMBLE_REASON_NO_ROOM;
    uint16_t status = n->env->admit(n->admit_ctx, n->node, p, &why);
    if (status != TH_LOGIN_SUCCESS)
        fail(n, status, why, "");
}

enum th_login_next th_login_end(struct th_negotiation *n)
{
    n->moving = false;
    if (n->status == TH_LOGIN_SUCCESS && !n->more)
        text_complete(n);
    if (n->status != TH_LOGIN_SUCCESS) {
        th_exchange_cut(n, n->send_max_bytes);
        return TH_LOGIN_FAILED;
    }
    if (n->more)                        /* its answer is empty (6.2) */
        return TH_LOGIN_ANSWER;

    th_exchange_cut(n, n->send_max_bytes);
    n->owing = th_exchange_left(n);
    n->moving = n->transit && !chap_half_done(n) && !n->owing;
    if (!n->moving)
        return TH_LOGIN_ANSWER;
    n->stage = n->nsg;
    if (n->nsg != STAGE_FULL_FEATURE)
        return TH_LOGIN_ANSWER;

    enter_full_feature(n);
    return n->status == TH_LOGIN_SUCCESS ? TH_LOGIN_DONE : TH_LOGIN_FAILED;
}

void th_login_response(struct th_negotiation *n, uint8_t bhs[48], const uint8_t **text,
                       uint32_t *len)
{
    bool failed = n->status != TH_LOGIN_SUCCESS;
    th_exchange_lend(n, text, len);

    memset(bhs, 0, TH_BHS_BYTES);
    bhs[0] = TH_OP_LOGIN_RESPONSE;
    bhs[1] = (uint8_t)(n->csg << 2);
    if (n->moving && !failed)
        bhs[1] |= (uint8_t)(TH_FINAL | n->nsg);
    if (n->owing && !failed && !n->more)
        bhs[1] |= TH_CONTINUE;
    th_put24(bhs + 5, *len);
    memcpy(bhs + 8, n->peer->isid, 6);
    th_put16(bhs + 14, n->peer->tsih);
    th_put32(bhs + 16, n->itt);
    th_put16(bhs + 36, n->status);
}
