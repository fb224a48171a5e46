/* SPDX-License-Identifier: MIT
 *
 * keys.h: the text keys of RFC 7143 chapters 12 and 13 and the rule of each, as a table.
 *
 * Layer 1.  The table says what a key is and when it may come; exchange.c walks it.
 */
#ifndef TH_ISCSI_KEYS_H
#define TH_ISCSI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../thimble_config.h"
#include "params.h"

/* How a key is treated.  "Negotiated" keys are answered, "declared" ones are not (RFC
 * 7143 6.2). */
enum th_key_kind {
    TH_KIND_IDENTITY,       /* declared: who logs in to what; login.c */
    TH_KIND_IGNORED,        /* declared, of no use to a target */
    TH_KIND_SEGMENT,        /* declared number: MaxRecvDataSegmentLength */
    TH_KIND_TARGET_ONLY,    /* ours to send: Reject */
    TH_KIND_AUTH_METHOD,    /* negotiated list, answered when the target is known */
    TH_KIND_CHAP,           /* chap.c */
    TH_KIND_AND,            /* negotiated boolean: Yes if both say so */
    TH_KIND_OR,             /* negotiated boolean: Yes if one says so */
    TH_KIND_MIN,            /* negotiated number: the smaller */
    TH_KIND_MAX,            /* negotiated number: the greater */
    TH_KIND_LIST,           /* negotiated list: the first of theirs that is one of ours */
    TH_KIND_OBSOLETE,       /* Reject whatever it says */
    TH_KIND_SEND_TARGETS,   /* textphase.c */
};

/* When a key may be used, as bits.  The first two are 1 << CSG. */
enum {
    TH_USE_SECURITY = 1,        /* SecurityNegotiation stage */
    TH_USE_OPERATIONAL = 2,     /* LoginOperationalNegotiation stage */
    TH_USE_LOGIN = 3,
    TH_USE_FULL_FEATURE = 4,
    TH_USE_ANY = 7,
    TH_USE_NOT_DISCOVERY = 8,   /* Irrelevant in a discovery session */
};

/* Where the outcome goes. */
enum th_key_result {
    TH_RESULT_NONE,
    TH_RESULT_INITIATOR_NAME,
    TH_RESULT_TARGET_NAME,
    TH_RESULT_SESSION_TYPE,
    TH_RESULT_CHAP_A,
    TH_RESULT_CHAP_I,
    TH_RESULT_CHAP_C,
    TH_RESULT_CHAP_N,
    TH_RESULT_CHAP_R,
    TH_RESULT_HEADER_DIGEST,        /* from here on a member of struct th_params */
    TH_RESULT_DATA_DIGEST,
    TH_RESULT_INITIAL_R2T,
    TH_RESULT_IMMEDIATE_DATA,
    TH_RESULT_MAX_SEND,
    TH_RESULT_MAX_BURST,
    TH_RESULT_FIRST_BURST,
    TH_RESULT_TIME2WAIT,
    TH_RESULT_TIME2RETAIN,
    TH_RESULT_MAX_OUTSTANDING_R2T,
    TH_RESULT_TASK_REPORTING,
    TH_RESULT_PROTOCOL_LEVEL,
};

struct th_key {
    const char *name;
    const char *values;     /* lists: what we take; an outcome is a position in it */
    uint32_t max;           /* numbers: admissible range is min to max */
    uint32_t preset;        /* the RFC's default of a member of struct th_params */
    uint16_t min;
    uint8_t  own;           /* numbers, booleans: our side, unless configured */
    uint8_t  kind;          /* enum th_key_kind */
    uint8_t  use;           /* TH_USE_ bits */
    uint8_t  result;        /* enum th_key_result */
};

extern const struct th_key th_keys[];
extern const uint8_t th_n_keys;         /* at most 64: a set of keys is a word */

/* Index of the key, or -1. */
int th_key_find(const char *name);

/* Parses a value of a number key and checks its range. */
bool th_key_number(const struct th_key *k, const char *value, uint32_t *number);

/* The outcome for a negotiated number or boolean. */
uint32_t th_key_combine(const struct th_key *k, uint32_t offered, uint32_t own);

/* Position in k->values of the first item of the offered list that is there, or -1;
 * *item is that item. */
int th_key_choose(const struct th_key *k, const char *offered, const char **item,
                  size_t *len);

/* Puts an outcome where it belongs; nothing for keys without a member of struct
 * th_params. */
void th_key_store(const struct th_key *k, struct th_params *params, uint32_t outcome);

#endif
