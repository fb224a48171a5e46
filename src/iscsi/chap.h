/* SPDX-License-Identifier: MIT
 *
 * chap.h: CHAP within the security stage of a login: RFC 7143 12.1.3, RFC 1994.
 *
 * Layer 2, private to this folder.  Compiled out by THIMBLE_CHAP 0.
 */
#ifndef TH_ISCSI_CHAP_H
#define TH_ISCSI_CHAP_H

#include "keys.h"
#include "negotiation.h"

#if THIMBLE_CHAP

/* What the initiator's next text brings. */
enum chap_step {
    CHAP_IDLE,          /* CHAP was not agreed on */
    CHAP_ALGORITHM,     /* CHAP_A; we answer with CHAP_A, CHAP_I and CHAP_C */
    CHAP_RESPONSE,      /* CHAP_N and CHAP_R; to test us also CHAP_I and CHAP_C */
    CHAP_OVER,          /* nothing */
};

void th_chap_init(struct th_negotiation *n);

/* AuthMethod=CHAP was agreed on. */
void th_chap_start(struct th_negotiation *n);

/* One of the CHAP keys: it is kept. */
void th_chap_key(struct th_negotiation *n, const struct th_key *k, const char *value);

/* The text is complete: acts on the keys that it had. */
void th_chap_text_end(struct th_negotiation *n);

#endif

#endif
