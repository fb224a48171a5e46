/* SPDX-License-Identifier: MIT
 *
 * textphase.c: Text Requests to Text Responses in full feature phase, SendTargets above
 * all.
 *
 * Layer 2.  RFC 7143 6.4 (negotiation outside the login), 11.10 and 11.11 (the PDUs),
 * appendix C (SendTargets).
 *
 * A listing is made as it is sent, one PDU at a time, so it needs no more room than one
 * PDU however many targets there are.  Each PDU but the last has a target transfer tag,
 * with which the initiator asks for the next.
 */
#include <string.h>

#include "exchange.h"
#include "text.h"

/* One exchange at a time on a connection, so any tag but the reserved one will do. */
#define EXCHANGE_TAG 1

#define PORTAL_TEXT_MAX 96              /* the hook is promised 64 at least */

static void reset(struct th_negotiation *n)
{
    th_exchange_init(n);
    n->full_feature = true;
}

void th_text_init(struct th_negotiation *n, const struct th_negotiation_env *env,
                  struct th_params *params, struct th_peer *peer,
                  const struct th_node *node, void *port_conn)
{
    n->env = env;
    n->params = params;
    n->peer = peer;
    n->node = node;
    n->port_conn = port_conn;
    reset(n);
}

/* ------------------------------------------------------------------------------------
 * SendTargets
 */
static void list_nodes(struct th_negotiation *n, unsigned first, unsigned end)
{
    n->next_target = (uint16_t)first;
    n->end_target = (uint16_t)end;
    n->next_portal = 0;
}

static void list_one(struct th_negotiation *n, const struct th_node *node)
{
    unsigned index = (unsigned)(node - n->env->nodes);
    list_nodes(n, index, index + 1);
}

static bool visible(const struct th_negotiation *n, const struct th_node *node)
{
    return node == n->node || (!n->node && th_node_allows(node, n->peer->name));
}

/* Appendix C: "All" is for discovery sessions, the empty value (this target) for normal
 * ones, a name for both.  A name that this initiator cannot see, or that is not the
 * session's own, has no answer lines, as if it did not exist. */
void th_text_send_targets(struct th_negotiation *n, const char *value)
{
    bool discovery = n->node == NULL;

    if (strcmp(value, "All") == 0 || *value == '\0') {
        if ((*value != '\0') != discovery)
            th_exchange_answer(n, "SendTargets", "Reject");
        else if (discovery)
            list_nodes(n, 0, n->env->n_nodes);
        else
            list_one(n, n->node);
        return;
    }

    const struct th_node *node = th_node_find(n->env, value);
    if (node && visible(n, node))
        list_one(n, node);
}

/* Room for a pair of that length in the PDU at hand. */
static bool has_room(const struct th_negotiation *n, size_t pair_bytes,
                     uint32_t max_bytes)
{
    size_t pending = (size_t)(n->answer_len - n->answer_sent);
    return pending + pair_bytes <= max_bytes &&
           pair_bytes <= sizeof n->answer - n->answer_len;
}

/* "TargetAddress=<portal>,<tag>" into out; 0: there are no more portals. */
static size_t make_address(const struct th_negotiation *n, const struct th_node *node,
                           unsigned index, char out[PORTAL_TEXT_MAX + 8])
{
    const struct thimble_config *config = n->env->config;
    size_t len = config->portal(config->ctx, n->port_conn, index, out, PORTAL_TEXT_MAX);
    if (len == 0 || len > PORTAL_TEXT_MAX)
        return 0;

    out[len++] = ',';
    char tag[11];
    size_t tag_len = th_text_decimal(tag, th_portal_tag(n, node, index));
    memcpy(out + len, tag, tag_len);
    return len + tag_len;
}

/* Lists on for as long as whole pairs fit into one PDU of max_bytes. */
static void list_on(struct th_negotiation *n, uint32_t max_bytes)
{
    while (n->next_target < n->end_target) {
        const struct th_node *node = &n->env->nodes[n->next_target];
        char address[PORTAL_TEXT_MAX + 8];
        const char *key = "TargetName";
        const char *value = node->name;
        size_t len = strlen(node->name);

        if (n->next_portal > 0) {
            key = "TargetAddress";
            value = address;
            len = make_address(n, node, n->next_portal - 1U, address);
        }
        if (len == 0 || !visible(n, node)) {
            n->next_target++;
            n->next_portal = 0;
            continue;
        }
        if (!has_room(n, strlen(key) + len + 2, max_bytes))
            return;
        th_exchange_answer_part(n, key, value, len);
        if (n->next_portal == UINT8_MAX) {
            n->next_target++;
            n->next_portal = 0;
        } else {
            n->next_portal++;
        }
    }
}

/* ------------------------------------------------------------------------------------
 * The PDUs
 */

/* The exchange is over, without effect. */
static uint8_t reject(struct th_negotiation *n, uint8_t reason)
{
    n->ttt = TH_TAG_NONE;
    return reason;
}

uint8_t th_text_request(struct th_negotiation *n, const uint8_t bhs[48])
{
    bool final = (bhs[1] & TH_FINAL) != 0;
    bool more = (bhs[1] & TH_CONTINUE) != 0;
    uint32_t len = th_get24(bhs + 5);
    uint32_t itt = th_get32(bhs + 16);
    uint32_t ttt = th_get32(bhs + 20);
    bool goes_on = ttt != TH_TAG_NONE;

    n->pdu_left = 0;
    if (itt == TH_TAG_NONE || (goes_on && (ttt != n->ttt || itt != n->itt)))
        return reject(n, TH_REJECT_INVALID_FIELD);
    if ((final && more) || (goes_on && n->owing && len > 0)) {
        n->why = THIMBLE_REASON_FIELD;
        return reject(n, TH_REJECT_PROTOCOL_ERROR);
    }

    if (!goes_on)                       /* drops what came before (11.10.4) */
        reset(n);
    n->itt = itt;
    n->ttt = EXCHANGE_TAG;
    n->transit = final;
    n->more = more;
    if (!th_exchange_begin(n, len)) {
        n->pdu_left = 0;
        n->why = THIMBLE_REASON_TEXT_TOO_LONG;
        return reject(n, TH_REJECT_OUT_OF_RESOURCES);
    }
    return TH_REJECT_NONE;
}

uint8_t th_text_end(struct th_negotiation *n)
{
    if (n->status == TH_LOGIN_SUCCESS && !n->more)
        th_exchange_end(n);
    if (n->status == TH_LOGIN_OUT_OF_RESOURCES)
        return reject(n, TH_REJECT_OUT_OF_RESOURCES);
    if (n->status != TH_LOGIN_SUCCESS)
        return reject(n, TH_REJECT_PROTOCOL_ERROR);

    if (n->transit && n->declared_bytes > 0) {
        n->params->max_send_bytes = n->declared_bytes;
        n->declared_bytes = 0;
    }
    return TH_REJECT_NONE;
}

bool th_text_response(struct th_negotiation *n, uint8_t bhs[48], const uint8_t **text,
                      uint32_t *len)
{
    if (!n->more) {                     /* the answer to a C=1 is empty (6.2) */
        list_on(n, n->params->max_send_bytes);
        th_exchange_cut(n, n->params->max_send_bytes);
        n->owing = th_exchange_left(n) || n->next_target < n->end_target;
    }
    bool over = n->transit && !n->owing;
    th_exchange_lend(n, text, len);

    memset(bhs, 0, TH_BHS_BYTES);
    bhs[0] = TH_OP_TEXT_RESPONSE;
    if (over)
        bhs[1] = TH_FINAL;
    else if (n->owing && !n->more)
        bhs[1] = TH_CONTINUE;
    th_put24(bhs + 5, *len);
    th_put32(bhs + 16, n->itt);
    th_put32(bhs + 20, over ? TH_TAG_NONE : n->ttt);
    if (over)
        n->ttt = TH_TAG_NONE;
    return over;
}
