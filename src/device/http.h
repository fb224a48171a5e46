/* SPDX-License-Identifier: MIT
 *
 * http.h: the head of a request (HTTP/1.0 and 1.1, RFC 9112), byte by byte: of a small server that needs to know who asks
 * for what, and nothing else.
 *
 *     thimble_http_begin(&r);
 *     n = thimble_http_take(&r, data, len);       n bytes belong to the head
 *     r.state: HTTP_HEAD, more is to come; HTTP_DONE, the body follows; HTTP_BAD, answer r.status and close
 *
 * Pure.  Nothing is kept of a head but the fields below, so it costs the same however long it is.
 */
#ifndef THIMBLE_DEVICE_HTTP_H
#define THIMBLE_DEVICE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A longer name is a host's, or a path, that cannot be ours: it is told as "". */
enum { THIMBLE_HTTP_PATH = 31, THIMBLE_HTTP_HOST = 47, THIMBLE_HTTP_WORD = 17 };

/* A browser's is about 500. */
enum { THIMBLE_HTTP_HEAD_BYTES_MAX = 8192 };

enum thimble_http_state { THIMBLE_HTTP_HEAD, THIMBLE_HTTP_DONE, THIMBLE_HTTP_BAD };

struct thimble_http {
    enum thimble_http_state state;
    const char *status;                 /* HTTP_BAD: "400 Bad Request" */
    bool     is_post;                   /* else GET */
    char     path[THIMBLE_HTTP_PATH + 1];       /* without a query */
    char     host[THIMBLE_HTTP_HOST + 1];       /* "": there was none */
    uint32_t body_bytes;

    /* Private. */
    uint8_t  at, field, len;            /* which part of a line; which header; of what is being read */
    bool     cr, length_seen, host_seen, too_long;
    uint16_t head_bytes;
    char     word[THIMBLE_HTTP_WORD + 1];
};

void thimble_http_begin(struct thimble_http *r);

/* Returns how many of the bytes are the head's: all, unless it ends with them or is bad. */
size_t thimble_http_take(struct thimble_http *r, const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
