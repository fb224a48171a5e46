/* SPDX-License-Identifier: MIT
 *
 * out.h: what ls, inq and ping say: lines for people, or one JSON document (RFC 8259) for programs.
 *
 * A command tells each fact both ways, one below the other; out_say() is silent when JSON is wanted, the rest
 * when it is not.  What was opened must be closed, also after a failure: then the document is whole.
 */
#ifndef HOST_CLIENT_OUT_H
#define HOST_CLIENT_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define OUT_DEPTH_MAX   8

struct out {
    FILE    *json;                      /* NULL: for people, to stdout */
    unsigned depth;
    bool     begun[OUT_DEPTH_MAX + 1];  /* there is something before, so a comma is due */
    char     ends[OUT_DEPTH_MAX + 1];
};

void out_say(const struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* key: NULL within a list and for the document. */
void out_object(struct out *o, const char *key);
void out_list(struct out *o, const char *key);
void out_end(struct out *o);            /* of what was opened last; behind the document, a line's end */

/* A text may be any bytes: what is not UTF-8 becomes U+FFFD. */
void out_text(struct out *o, const char *key, const char *text);
void out_number(struct out *o, const char *key, uint64_t number);
void out_flag(struct out *o, const char *key, bool yes);
void out_ms(struct out *o, const char *key, double ms);

#endif
