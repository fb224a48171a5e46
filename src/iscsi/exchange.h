/* SPDX-License-Identifier: MIT
 *
 * exchange.h: what login.c, chap.c and textphase.c share, in the order in which a
 * request passes through.
 *
 * Layer 2, private to this folder.  An exchange is a login or a text exchange: pairs
 * come in and are treated by the key table, answers are collected and go out in PDUs of
 * limited size.
 */
#ifndef TH_ISCSI_EXCHANGE_H
#define TH_ISCSI_EXCHANGE_H

#include "keys.h"
#include "negotiation.h"
#include "../core/wire.h"
#include "pdu.h"

#define TH_LOGIN_SEGMENT_BYTES 8192 /* MaxRecvDataSegmentLength until it is declared */

/* Everything but the public pointers to its beginning. */
void th_exchange_init(struct th_negotiation *n);

/* A PDU with that much text begins.  False: more than THIMBLE_TEXT_REQUEST_MAX in all. */
bool th_exchange_begin(struct th_negotiation *n, uint32_t len);

/* The text that began with the first PDU after a C=0 is complete: treats what is left in
 * the buffer. */
void th_exchange_end(struct th_negotiation *n);

/* The first cause wins.  In full feature phase only `why` and the class of the status
 * matter. */
void th_exchange_fail(struct th_negotiation *n, uint16_t status, enum thimble_reason why,
                      const char *key);

void th_exchange_answer(struct th_negotiation *n, const char *key, const char *value);
void th_exchange_answer_part(struct th_negotiation *n, const char *key, const char *value,
                             size_t len);
void th_exchange_answer_number(struct th_negotiation *n, const char *key, uint32_t value);

/* Chooses how much of the answers goes into one data segment of that size: all, or as
 * many whole pairs as fit. */
void th_exchange_cut(struct th_negotiation *n, uint32_t max_bytes);

/* True if answers are left over after this response. */
bool th_exchange_left(const struct th_negotiation *n);

/* Lends what was cut, and makes the next response begin behind it. */
void th_exchange_lend(struct th_negotiation *n, const uint8_t **text, uint32_t *len);

/* True if that initiator may see the target and log in to it. */
bool th_node_allows(const struct th_node *node, const char *initiator);

/* NULL: there is none of that name. */
const struct th_node *th_node_find(const struct th_negotiation_env *env,
                                   const char *name);

/* Keys that are not treated by their row alone. */
void th_login_identity(struct th_negotiation *n, const struct th_key *k,
                       const char *value, bool repeated);
void th_login_auth_method(struct th_negotiation *n, const char *value);
void th_text_send_targets(struct th_negotiation *n, const char *value);

#endif
