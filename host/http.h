/* SPDX-License-Identifier: MIT
 *
 * http.h: the status page, /status.json and /metrics over HTTP, read only, by libmicrohttpd.
 *
 * It works in the server's own loop: http_fd() becomes readable when there is something to do, http_run() does it and
 * returns soon.  Documents are made piece by piece (src/status), so a slow reader costs one small
 * buffer.  At most 32 connections at a time, each of them ended after 15 s of silence.
 */
#ifndef HOST_HTTP_H
#define HOST_HTTP_H

#include <sys/socket.h>

#include "../src/thimble.h"

struct http;

/* Listens at address.  NULL: errno says why not; ENOTSUP: built without libmicrohttpd. */
struct http *http_start(const struct sockaddr *address, const char *name,
                        const struct thimble *engine);

/* The port that it listens at. */
uint16_t http_port(const struct http *h);
int http_fd(const struct http *h);

/* Does what there is to do; returns the time in ms after which it wants to be called again at the latest, or
 * THIMBLE_NEVER. */
uint32_t http_run(struct http *h);

/* NULL is fine. */
void http_stop(struct http *h);

#endif
