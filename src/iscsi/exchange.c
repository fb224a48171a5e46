/* SPDX-License-Identifier: MIT
 *
 * exchange.c: bytes of a data segment to key=value pairs, pairs through the key table to
 * answers, answers to data segments.
 *
 * Layer 2.  Knows no PDU: login.c and textphase.c do.  RFC 7143 6.1 (text), 6.2
 * (negotiation), chapter 13 (keys).
 *
 * Choices where the standard leaves one
 *
 *  - A value that is not admissible is answered with Reject (6.2.2) and the key keeps
 *    its default (6.2); whether the initiator can live with that is up to it.  A
 *    declared value has no answer, so a bad one ends the negotiation.
 *  - We answer every key that is negotiated, also where an answer is optional, and offer
 *    none: some initiators do not answer.
 *  - Reject, Irrelevant and NotUnderstood from an initiator answer something that we
 *    only declared, if anything; they are passed over.
 */
#include "exchange.h"

#include <string.h>

#include "chap.h"
#include "text.h"

void th_exchange_init(struct th_negotiation *n)
{
    n->status = TH_LOGIN_SUCCESS;
    n->why = THIMBLE_REASON_NONE;
    n->why_key[0] = '\0';

    n->pdu_left = 0;
    n->offered = 0;
    n->itt = n->ttt = TH_TAG_NONE;
    n->request_bytes = 0;
    n->send_max_bytes = TH_LOGIN_SEGMENT_BYTES;
    n->declared_bytes = n->first_burst_offer = 0;
    n->pair_len = 0;
    n->answer_len = n->answer_sent = n->answer_cut = 0;
    n->next_target = n->end_target = 0;
    n->next_portal = 0;
    n->stage = n->csg = n->nsg = 0;
    n->transit = n->more = n->begun = n->names_done = false;
    n->full_feature = n->declared = n->moving = n->owing = false;
    n->method_offered = n->method_none = n->method_chap = n->authenticated = false;
    n->chap = NULL;
#if THIMBLE_CHAP
    th_chap_init(n);
#endif
}

void th_exchange_fail(struct th_negotiation *n, uint16_t status, enum thimble_reason why,
                      const char *key)
{
    if (n->status != TH_LOGIN_SUCCESS)
        return;

    n->status = status;
    n->why = why;
    size_t len = strlen(key);
    if (len > TH_KEY_MAX)
        len = TH_KEY_MAX;
    memcpy(n->why_key, key, len);
    n->why_key[len] = '\0';
    n->pair_len = 0;
    n->answer_len = n->answer_sent = n->answer_cut = 0;
    n->next_target = n->end_target = 0;
}

/* ------------------------------------------------------------------------------------
 * Answers out
 */
void th_exchange_answer_part(struct th_negotiation *n, const char *key, const char *value,
                             size_t len)
{
    size_t key_len = strlen(key);
    if (key_len + len + 2 > sizeof n->answer - n->answer_len) {
        th_exchange_fail(n, TH_LOGIN_OUT_OF_RESOURCES, THIMBLE_REASON_NO_ROOM, key);
        return;
    }

    char *out = n->answer + n->answer_len;
    memcpy(out, key, key_len);
    out[key_len] = '=';
    memcpy(out + key_len + 1, value, len);
    out[key_len + 1 + len] = '\0';
    n->answer_len = (uint16_t)(n->answer_len + key_len + len + 2);
}

void th_exchange_answer(struct th_negotiation *n, const char *key, const char *value)
{
    th_exchange_answer_part(n, key, value, strlen(value));
}

void th_exchange_answer_number(struct th_negotiation *n, const char *key, uint32_t value)
{
    char text[11];
    size_t len = th_text_decimal(text, value);
    th_exchange_answer_part(n, key, text, len);
}

/* A cut between pairs, where there is one, is kind to initiators that parse each PDU by
 * itself. */
void th_exchange_cut(struct th_negotiation *n, uint32_t max_bytes)
{
    uint32_t left = (uint32_t)(n->answer_len - n->answer_sent);
    uint32_t cut = th_min32(left, max_bytes);
    if (cut < left) {
        uint32_t pairs = cut;
        while (pairs > 0 && n->answer[n->answer_sent + pairs - 1] != '\0')
            pairs--;
        if (pairs > 0)
            cut = pairs;
    }
    n->answer_cut = (uint16_t)(n->answer_sent + cut);
}

bool th_exchange_left(const struct th_negotiation *n)
{
    return n->answer_cut < n->answer_len;
}

void th_exchange_lend(struct th_negotiation *n, const uint8_t **text, uint32_t *len)
{
    *text = (const uint8_t *)n->answer + n->answer_sent;
    *len = (uint32_t)(n->answer_cut - n->answer_sent);

    n->answer_sent = n->answer_cut;
    if (n->answer_sent == n->answer_len)
        n->answer_len = n->answer_sent = n->answer_cut = 0;
}

/* ------------------------------------------------------------------------------------
 * One pair
 */

/* Our side of a key: what the configuration says, or the row. */
static uint32_t own_value(const struct thimble_config *config, const struct th_key *k)
{
    switch (k->result) {
    case TH_RESULT_MAX_BURST:           return config->max_burst_bytes;
    case TH_RESULT_FIRST_BURST:         return config->first_burst_bytes;
    case TH_RESULT_MAX_OUTSTANDING_R2T: return config->max_outstanding_r2t;
    case TH_RESULT_INITIAL_R2T:         return config->refuse_unsolicited;
    case TH_RESULT_IMMEDIATE_DATA:      return !config->refuse_immediate;
    default:                            return k->own;
    }
}

static void negotiate_bool(struct th_negotiation *n, const struct th_key *k,
                           const char *value)
{
    int offer = th_text_bool(value);
    if (offer < 0) {
        th_exchange_answer(n, k->name, "Reject");
        return;
    }

    uint32_t outcome = th_key_combine(k, (uint32_t)offer, own_value(n->env->config, k));
    th_key_store(k, n->params, outcome);
    th_exchange_answer(n, k->name, outcome ? "Yes" : "No");
}

static void negotiate_number(struct th_negotiation *n, const struct th_key *k,
                             const char *value)
{
    uint32_t offer;
    if (!th_key_number(k, value, &offer)) {
        th_exchange_answer(n, k->name, "Reject");
        return;
    }
    if (k->result == TH_RESULT_FIRST_BURST) { /* MaxBurstLength may follow and limit it */
        n->first_burst_offer = offer;
        return;
    }

    uint32_t outcome = th_key_combine(k, offer, own_value(n->env->config, k));
    th_key_store(k, n->params, outcome);
    th_exchange_answer_number(n, k->name, outcome);
}

static void negotiate_list(struct th_negotiation *n, const struct th_key *k,
                           const char *value)
{
    const char *item;
    size_t len;
    int at = th_key_choose(k, value, &item, &len);
    if (at < 0) {
        th_exchange_answer(n, k->name, "Reject");
        return;
    }

    th_key_store(k, n->params, (uint32_t)at);
    th_exchange_answer_part(n, k->name, item, len);
}

/* 13.14: FirstBurstLength is at most MaxBurstLength. */
static void answer_first_burst(struct th_negotiation *n)
{
    const struct th_key *k = &th_keys[th_key_find("FirstBurstLength")];
    uint32_t own = own_value(n->env->config, k);
    uint32_t outcome = th_key_combine(k, n->first_burst_offer, own);
    outcome = th_min32(outcome, n->params->max_burst_bytes);
    n->first_burst_offer = 0;
    th_key_store(k, n->params, outcome);
    th_exchange_answer_number(n, k->name, outcome);
}

/* In a text exchange the old value stays in force until the exchange has succeeded
 * (6.10). */
static void declare_segment(struct th_negotiation *n, const struct th_key *k,
                            const char *value)
{
    uint32_t bytes;
    if (!th_key_number(k, value, &bytes))
        th_exchange_fail(n, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_KEY_VALUE, k->name);
    else if (n->full_feature)
        n->declared_bytes = bytes;
    else
        th_key_store(k, n->params, bytes);
}

/* True if the key may come now; else it was dealt with. */
static bool may_come(struct th_negotiation *n, const struct th_key *k)
{
    if (n->full_feature) {
        if (k->use & TH_USE_FULL_FEATURE)
            return true;
        th_exchange_answer(n, k->name, "Reject");
        return false;
    }
    if (!(k->use & 1 << n->csg)) {
        th_exchange_fail(n, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_LOGIN_PROTOCOL,
                         k->name);
        return false;
    }
    if (n->params->discovery && k->use & TH_USE_NOT_DISCOVERY) {
        th_exchange_answer(n, k->name, "Irrelevant");
        return false;
    }
    return true;
}

static void take_key(struct th_negotiation *n, int index, const char *value)
{
    const struct th_key *k = &th_keys[index];
    bool repeated = (n->offered >> index & 1) != 0;
    n->offered |= UINT64_C(1) << index;

    /* Some initiators introduce themselves once in each stage; login.c sees to it that
     * they do not contradict themselves. */
    if (repeated && k->kind != TH_KIND_IDENTITY && k->kind != TH_KIND_IGNORED) {
        th_exchange_fail(n, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_KEY_REPEATED,
                         k->name);
        return;
    }
    if (!may_come(n, k))
        return;

    switch ((enum th_key_kind)k->kind) {
    case TH_KIND_IDENTITY:     th_login_identity(n, k, value, repeated); break;
    case TH_KIND_IGNORED:      break;
    case TH_KIND_SEGMENT:      declare_segment(n, k, value); break;
    case TH_KIND_TARGET_ONLY:  th_exchange_answer(n, k->name, "Reject"); break;
    case TH_KIND_AUTH_METHOD:  th_login_auth_method(n, value); break;
#if THIMBLE_CHAP
    case TH_KIND_CHAP:         th_chap_key(n, k, value); break;
#else
    case TH_KIND_CHAP:         break;
#endif
    case TH_KIND_AND:
    case TH_KIND_OR:           negotiate_bool(n, k, value); break;
    case TH_KIND_MIN:
    case TH_KIND_MAX:          negotiate_number(n, k, value); break;
    case TH_KIND_LIST:         negotiate_list(n, k, value); break;
    case TH_KIND_OBSOLETE:     th_exchange_answer(n, k->name, "Reject"); break;
    case TH_KIND_SEND_TARGETS: th_text_send_targets(n, value); break;
    }
}

static void take_pair(struct th_negotiation *n, char *pair)
{
    if (*pair == '\0')                  /* some initiators count the padding as text */
        return;
    char *value;
    if (!th_text_split(pair, &value)) {
        th_exchange_fail(n, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_TEXT_MALFORMED, "");
        return;
    }
    if (th_text_is_answer(value))
        return;

    int index = th_key_find(pair);
    if (index >= 0)
        take_key(n, index, value);
    else
        th_exchange_answer(n, pair, "NotUnderstood");
}

/* ------------------------------------------------------------------------------------
 * Text in
 */
bool th_exchange_begin(struct th_negotiation *n, uint32_t len)
{
    n->pdu_left = len;
    if (len > THIMBLE_TEXT_REQUEST_MAX - n->request_bytes)
        return false;

    n->request_bytes += len;
    return true;
}

uint8_t *th_negotiation_rx_buf(struct th_negotiation *n, size_t *len)
{
    size_t room = sizeof n->pair - n->pair_len;
    *len = n->pdu_left < room ? n->pdu_left : room;
    return (uint8_t *)n->pair + n->pair_len;
}

void th_negotiation_rx_ack(struct th_negotiation *n, size_t len)
{
    n->pdu_left -= (uint32_t)len;
    if (n->status != TH_LOGIN_SUCCESS)  /* the rest is taken and dropped */
        return;

    char *pair = n->pair;
    char *end = n->pair + n->pair_len + len;
    char *nul = memchr(n->pair + n->pair_len, '\0', len);
    while (nul) {
        take_pair(n, pair);
        if (n->status != TH_LOGIN_SUCCESS)
            return;
        pair = nul + 1;
        nul = memchr(pair, '\0', (size_t)(end - pair));
    }

    n->pair_len = (uint16_t)(end - pair);
    memmove(n->pair, pair, n->pair_len);
    if (n->pair_len == sizeof n->pair)
        th_exchange_fail(n, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_TEXT_TOO_LONG, "");
}

void th_exchange_end(struct th_negotiation *n)
{
    /* 6.1 wants a NUL behind the last pair, too.  Where the text ends, so does the pair:
     * it cannot be misread, and not all initiators send that NUL. */
    if (n->pair_len > 0) {
        n->pair[n->pair_len] = '\0';
        n->pair_len = 0;
        take_pair(n, n->pair);
    }
    if (n->status == TH_LOGIN_SUCCESS && n->first_burst_offer > 0)
        answer_first_burst(n);
}

/* ------------------------------------------------------------------------------------
 * Nodes
 */
bool th_node_allows(const struct th_node *node, const char *initiator)
{
    return !node->allowed || th_names_have(node->allowed, node->n_allowed, initiator);
}

const struct th_node *th_node_find(const struct th_negotiation_env *env, const char *name)
{
    for (unsigned i = 0; i < env->n_nodes; i++)
        if (th_name_equal(env->nodes[i].name, name))
            return &env->nodes[i];
    return NULL;
}
