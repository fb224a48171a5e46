/* SPDX-License-Identifier: MIT
 *
 * out.h: text into a buffer: strings, numbers, names that somebody else chose.
 *
 * Private to src/status/.  What does not fit is left out; a step of a document is made so that it fits into
 * THIMBLE_STATUS_PIECE_MIN bytes.
 */
#ifndef TH_STATUS_OUT_H
#define TH_STATUS_OUT_H

#include "status.h"

struct th_out {
    char  *to;
    size_t size, len;
};

void th_out_text(struct th_out *o, const char *text);
void th_out_number(struct th_out *o, uint64_t n);
void th_out_hex(struct th_out *o, uint32_t n, unsigned digits);

/* Microseconds as seconds: "0.000128". */
void th_out_seconds(struct th_out *o, uint64_t us);

/* A name between quotes: `\` and `"` are escaped, what is not printable ASCII becomes `?`. */
void th_out_quoted(struct th_out *o, const char *text);

/* Words for enum thimble_event_kind and enum thimble_login_fault. */
const char *th_event_word(unsigned kind);
const char *th_fault_word(unsigned fault);

/* How the unit's medium is; false: it does not tell. */
bool th_health_of(const struct thimble_lun_info *info, struct thimble_health *h);

/* json.c, metrics.c: write step after step while c->step is what they know. */
void th_json_piece(struct thimble_status_cursor *c, struct th_out *o);
void th_metrics_piece(struct thimble_status_cursor *c, struct th_out *o);

/* The next logical unit at or behind (c->target, c->lun); false: there are no more.  c is left at it. */
bool th_unit_at(struct thimble_status_cursor *c, struct thimble_lun_info *info);

#endif
