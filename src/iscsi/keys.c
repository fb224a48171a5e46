/* SPDX-License-Identifier: MIT
 *
 * keys.c: the table of text keys, and the arithmetic of one key.
 *
 * Layer 1, no state.  One row a key, in the order of RFC 7143 12 and 13.  `own` is what
 * this target can do; limits that a configuration sets (bursts, R2Ts) are put in its
 * place by exchange.c.
 */
#include "keys.h"

#include <string.h>

#include "text.h"

#define SEGMENT_MIN 512             /* the byte counts of chapter 13 share this range */
#define SEGMENT_MAX 0xffffff

#define LEADING (TH_USE_OPERATIONAL | TH_USE_NOT_DISCOVERY)

const struct th_key th_keys[] = {
    /* Who, and what for: 13.3 to 13.9, 13.21 */
    { .name = "InitiatorName", .kind = TH_KIND_IDENTITY, .use = TH_USE_LOGIN,
      .result = TH_RESULT_INITIATOR_NAME },
    { .name = "TargetName", .kind = TH_KIND_IDENTITY, .use = TH_USE_LOGIN,
      .result = TH_RESULT_TARGET_NAME },
    { .name = "SessionType", .kind = TH_KIND_IDENTITY, .use = TH_USE_LOGIN,
      .result = TH_RESULT_SESSION_TYPE, .values = "Normal,Discovery" },
    { .name = "InitiatorAlias", .kind = TH_KIND_IGNORED, .use = TH_USE_ANY },
    { .name = "TargetAlias", .kind = TH_KIND_TARGET_ONLY, .use = TH_USE_ANY },
    { .name = "TargetAddress", .kind = TH_KIND_TARGET_ONLY, .use = TH_USE_ANY },
    { .name = "TargetPortalGroupTag", .kind = TH_KIND_TARGET_ONLY, .use = TH_USE_ANY },
    { .name = "SendTargets", .kind = TH_KIND_SEND_TARGETS, .use = TH_USE_FULL_FEATURE },

    /* Security: chapter 12 */
    { .name = "AuthMethod", .kind = TH_KIND_AUTH_METHOD, .use = TH_USE_SECURITY },
#if THIMBLE_CHAP
    { .name = "CHAP_A", .kind = TH_KIND_CHAP, .use = TH_USE_SECURITY,
      .result = TH_RESULT_CHAP_A },
    { .name = "CHAP_I", .kind = TH_KIND_CHAP, .use = TH_USE_SECURITY,
      .result = TH_RESULT_CHAP_I, .min = 0, .max = 255 },
    { .name = "CHAP_C", .kind = TH_KIND_CHAP, .use = TH_USE_SECURITY,
      .result = TH_RESULT_CHAP_C },
    { .name = "CHAP_N", .kind = TH_KIND_CHAP, .use = TH_USE_SECURITY,
      .result = TH_RESULT_CHAP_N },
    { .name = "CHAP_R", .kind = TH_KIND_CHAP, .use = TH_USE_SECURITY,
      .result = TH_RESULT_CHAP_R },
#endif

    /* Of the connection: 13.1, 13.12 */
    { .name = "HeaderDigest", .kind = TH_KIND_LIST, .use = TH_USE_OPERATIONAL,
      .result = TH_RESULT_HEADER_DIGEST, .preset = 0,
      .values = THIMBLE_DIGESTS ? "None,CRC32C" : "None" },
    { .name = "DataDigest", .kind = TH_KIND_LIST, .use = TH_USE_OPERATIONAL,
      .result = TH_RESULT_DATA_DIGEST, .preset = 0,
      .values = THIMBLE_DIGESTS ? "None,CRC32C" : "None" },
    { .name = "MaxRecvDataSegmentLength", .kind = TH_KIND_SEGMENT,
      .use = TH_USE_OPERATIONAL | TH_USE_FULL_FEATURE, .result = TH_RESULT_MAX_SEND,
      .min = SEGMENT_MIN, .max = SEGMENT_MAX, .preset = 8192 },

    /* Of the session: 13.2, 13.10 to 13.20, 13.23, RFC 7144 */
    { .name = "MaxConnections", .kind = TH_KIND_MIN, .use = LEADING,
      .min = 1, .max = 65535, .own = 1 },
    { .name = "InitialR2T", .kind = TH_KIND_OR, .use = LEADING,
      .result = TH_RESULT_INITIAL_R2T, .preset = 1 },
    { .name = "ImmediateData", .kind = TH_KIND_AND, .use = LEADING,
      .result = TH_RESULT_IMMEDIATE_DATA, .preset = 1 },
    { .name = "MaxBurstLength", .kind = TH_KIND_MIN, .use = LEADING,
      .result = TH_RESULT_MAX_BURST, .min = SEGMENT_MIN, .max = SEGMENT_MAX,
      .preset = 262144 },
    { .name = "FirstBurstLength", .kind = TH_KIND_MIN, .use = LEADING,
      .result = TH_RESULT_FIRST_BURST, .min = SEGMENT_MIN, .max = SEGMENT_MAX,
      .preset = 65536 },
    { .name = "DefaultTime2Wait", .kind = TH_KIND_MAX, .use = TH_USE_OPERATIONAL,
      .result = TH_RESULT_TIME2WAIT, .max = 3600, .own = 2, .preset = 2 },
    /* Nothing of a session outlives its connection here, so nothing is retained. */
    { .name = "DefaultTime2Retain", .kind = TH_KIND_MIN, .use = TH_USE_OPERATIONAL,
      .result = TH_RESULT_TIME2RETAIN, .max = 3600, .own = 0, .preset = 20 },
    { .name = "MaxOutstandingR2T", .kind = TH_KIND_MIN, .use = LEADING,
      .result = TH_RESULT_MAX_OUTSTANDING_R2T, .min = 1, .max = 65535, .preset = 1 },
    { .name = "DataPDUInOrder", .kind = TH_KIND_OR, .use = LEADING, .own = 1 },
    { .name = "DataSequenceInOrder", .kind = TH_KIND_OR, .use = LEADING, .own = 1 },
    { .name = "ErrorRecoveryLevel", .kind = TH_KIND_MIN, .use = TH_USE_OPERATIONAL,
      .max = 2, .own = 0 },
    { .name = "TaskReporting", .kind = TH_KIND_LIST, .use = LEADING,
      .result = TH_RESULT_TASK_REPORTING, .preset = TH_REPORTING_RFC3720,
      .values = "RFC3720,ResponseFence" },     /* enum th_task_reporting; FastAbort
                                                 * needs asynchronous event 5 */
    { .name = "iSCSIProtocolLevel", .kind = TH_KIND_MIN, .use = LEADING,
      .result = TH_RESULT_PROTOCOL_LEVEL, .max = 31, .own = THIMBLE_RFC7144 ? 2 : 1, .preset = 1 },
    { .name = "X#NodeArchitecture", .kind = TH_KIND_IGNORED, .use = TH_USE_OPERATIONAL },

    /* Obsolete, 13.25.  Of the two answers that are allowed for the markers, "No" is the
     * one that old initiators know. */
    { .name = "OFMarker", .kind = TH_KIND_AND, .use = TH_USE_OPERATIONAL, .own = 0 },
    { .name = "IFMarker", .kind = TH_KIND_AND, .use = TH_USE_OPERATIONAL, .own = 0 },
    { .name = "OFMarkInt", .kind = TH_KIND_OBSOLETE, .use = TH_USE_OPERATIONAL },
    { .name = "IFMarkInt", .kind = TH_KIND_OBSOLETE, .use = TH_USE_OPERATIONAL },

    /* iSER, RFC 7145 6: declined in a way that lets the login go on over TCP.  Its other keys are not understood, like
     * all that stand in no row. */
    { .name = "RDMAExtensions", .kind = TH_KIND_AND, .use = LEADING, .own = 0 },
};

const uint8_t th_n_keys = sizeof th_keys / sizeof th_keys[0];
_Static_assert(sizeof th_keys / sizeof th_keys[0] <= 64, "a set of keys is a uint64_t");

int th_key_find(const char *name)
{
    for (int i = 0; i < th_n_keys; i++)
        if (strcmp(th_keys[i].name, name) == 0)
            return i;
    return -1;
}

bool th_key_number(const struct th_key *k, const char *value, uint32_t *number)
{
    uint64_t v;
    if (!th_text_number(value, &v) || v < k->min || v > k->max)
        return false;

    *number = (uint32_t)v;
    return true;
}

uint32_t th_key_combine(const struct th_key *k, uint32_t offered, uint32_t own)
{
    bool greater = k->kind == TH_KIND_MAX || k->kind == TH_KIND_OR;
    return (offered > own) == greater ? offered : own;
}

int th_key_choose(const struct th_key *k, const char *offered, const char **item,
                  size_t *len)
{
    while (th_text_item(&offered, item, len)) {
        int at = th_text_find(k->values, *item, *len);
        if (at >= 0)
            return at;
    }
    return -1;
}

void th_key_store(const struct th_key *k, struct th_params *params, uint32_t outcome)
{
    switch (k->result) {
    case TH_RESULT_HEADER_DIGEST:  params->header_digest = outcome != 0; break;
    case TH_RESULT_DATA_DIGEST:    params->data_digest = outcome != 0; break;
    case TH_RESULT_INITIAL_R2T:    params->initial_r2t = outcome != 0; break;
    case TH_RESULT_IMMEDIATE_DATA: params->immediate_data = outcome != 0; break;
    case TH_RESULT_MAX_SEND:       params->max_send_bytes = outcome; break;
    case TH_RESULT_MAX_BURST:      params->max_burst_bytes = outcome; break;
    case TH_RESULT_FIRST_BURST:    params->first_burst_bytes = outcome; break;
    case TH_RESULT_TIME2WAIT:      params->time2wait_s = (uint16_t)outcome; break;
    case TH_RESULT_TIME2RETAIN:    params->time2retain_s = (uint16_t)outcome; break;
    case TH_RESULT_MAX_OUTSTANDING_R2T:
        params->max_outstanding_r2t = (uint16_t)outcome;
        break;
    case TH_RESULT_TASK_REPORTING: params->task_reporting = (uint8_t)outcome; break;
    case TH_RESULT_PROTOCOL_LEVEL: params->protocol_level = (uint8_t)outcome; break;
    default:                       break;
    }
}
