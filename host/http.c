/* SPDX-License-Identifier: MIT
 *
 * http.c: see http.h.
 *
 * libmicrohttpd keeps an epoll descriptor of its own and no thread: so the engine is looked at by nobody
 * but its own thread, and needs no lock.
 */
#define _GNU_SOURCE

#include "http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_MICROHTTPD

#include <microhttpd.h>
#include <time.h>

#include "../src/port/sockets/sockets.h"
#include "../src/status/status.h"

enum {
    CONNECTIONS_MAX = 32,
    PER_ADDRESS_MAX = 16,
    SILENCE_S = 15,
    CONNECTION_BYTES = 16384,
    PIECE_BYTES = 4096,
    TURNS = 16,                         /* then the disks have theirs */
};

struct http {
    struct MHD_Daemon *daemon;
    const struct thimble *engine;
    const char *name;
    uint64_t started_ms;
};

/* A document that is on its way. */
struct document {
    struct thimble_status_cursor cursor;
    struct thimble_status_source source;
};

static uint64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static ssize_t next_piece(void *ctx, uint64_t at, char *buf, size_t size)
{
    struct document *d = ctx;

    (void)at;
    if (size < THIMBLE_STATUS_PIECE_MIN)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = thimble_status_piece(&d->cursor, buf, size);
    return n ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static struct MHD_Response *document(struct http *h, enum thimble_status_document which,
                                     const char *type)
{
    struct document *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    uint64_t now_ms = clock_ms();
    d->source = (struct thimble_status_source){
        .engine = h->engine, .name = h->name, .uptime_ms = now_ms - h->started_ms,
        .now_ms = (uint32_t)now_ms, .peer = thimble_sockets_peer,
    };
    thimble_status_begin(&d->cursor, which, &d->source);
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, next_piece, d, free);
    if (!r)
        free(d);
    else
        MHD_add_response_header(r, "Content-Type", type);
    return r;
}

static struct MHD_Response *page(void)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(
        thimble_status_page_bytes, (void *)(uintptr_t)thimble_status_page, MHD_RESPMEM_PERSISTENT);

    if (!r)
        return NULL;
    MHD_add_response_header(r, "Content-Type", "text/html; charset=utf-8");
    MHD_add_response_header(r, "Content-Encoding", "gzip");
    MHD_add_response_header(r, "Content-Security-Policy",
                            "default-src 'none'; connect-src 'self'; img-src data:; "
                            "style-src 'unsafe-inline'; script-src 'unsafe-inline'");
    return r;
}

static struct MHD_Response *sentence(const char *text)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

    if (r)
        MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
    return r;
}

static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_len, void **state)
{
    static char seen;                   /* its address alone matters */
    struct http *h = ctx;
    unsigned status = MHD_HTTP_OK;
    struct MHD_Response *r;

    (void)version, (void)upload;
    if (!*state) {                      /* headers are in: a body may follow, nobody wants it */
        *state = &seen;
        return MHD_YES;
    }
    *upload_len = 0;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        status = MHD_HTTP_METHOD_NOT_ALLOWED;
        r = sentence("Only GET: this page shows, and changes nothing.\n");
        if (r)
            MHD_add_response_header(r, "Allow", "GET, HEAD");
    } else if (strcmp(url, "/") == 0) {
        r = page();
    } else if (strcmp(url, "/status.json") == 0) {
        r = document(h, THIMBLE_STATUS_JSON, "application/json");
    } else if (strcmp(url, "/metrics") == 0) {
        r = document(h, THIMBLE_STATUS_METRICS, "text/plain; version=0.0.4");
    } else {
        status = MHD_HTTP_NOT_FOUND;
        r = sentence("There is /, /status.json and /metrics.\n");
    }
    if (!r)
        return MHD_NO;
    MHD_add_response_header(r, "Cache-Control", "no-store");
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    enum MHD_Result result = MHD_queue_response(connection, status, r);
    MHD_destroy_response(r);
    return result;
}

struct http *http_start(const struct sockaddr *address, const char *name,
                        const struct thimble *engine)
{
    struct http *h = calloc(1, sizeof *h);
    unsigned flags = MHD_USE_EPOLL;

    if (!h)
        return NULL;
    *h = (struct http){ .engine = engine, .name = name, .started_ms = clock_ms() };
    if (address->sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    errno = 0;
    h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, answer, h,
                                 MHD_OPTION_SOCK_ADDR, address,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                                 MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)PER_ADDRESS_MAX,
                                 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                                 MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
    if (!h->daemon) {
        int error = errno ? errno : EINVAL;
        free(h);
        errno = error;
        return NULL;
    }
    return h;
}

uint16_t http_port(const struct http *h)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

int http_fd(const struct http *h)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}

uint32_t http_run(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;

    for (unsigned i = 0; i < TURNS && wait_ms == 0; i++) {
        MHD_run(h->daemon);
        if (MHD_get_timeout(h->daemon, &wait_ms) != MHD_YES)
            return THIMBLE_NEVER;
    }
    return wait_ms < THIMBLE_NEVER ? (uint32_t)wait_ms : THIMBLE_NEVER - 1;
}

void http_stop(struct http *h)
{
    if (!h)
        return;
    MHD_stop_daemon(h->daemon);
    free(h);
}

#else

struct http *http_start(const struct sockaddr *address, const char *name,
                        const struct thimble *engine)
{
    (void)address, (void)name, (void)engine;
    errno = ENOTSUP;
    return NULL;
}

uint16_t http_port(const struct http *h)
{
    (void)h;
    return 0;
}

int http_fd(const struct http *h)
{
    (void)h;
    return -1;
}

uint32_t http_run(struct http *h)
{
    (void)h;
    return THIMBLE_NEVER;
}

void http_stop(struct http *h)
{
    (void)h;
}

#endif
