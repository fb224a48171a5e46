/* SPDX-License-Identifier: MIT
 *
 * status.h: an engine's numbers (thimble_stats.h) as documents: JSON for the status page and for programs, text for
 * Prometheus, and the page itself.
 *
 *     struct thimble_status_cursor c;
 *     thimble_status_begin(&c, THIMBLE_STATUS_JSON, &source);
 *     while ((n = thimble_status_piece(&c, buf, sizeof buf)) > 0)
 *         ...                                         send n bytes
 *
 * A document is made piece by piece in a buffer of the caller's, so it may be as long as it likes.  Between two pieces
 * the engine may go on: sessions come and go, and a document of several pieces is no snapshot; it is well
 * formed all the same.
 *
 * Layer 6.  No allocation, no stdio, no platform.
 */
#ifndef THIMBLE_STATUS_H
#define THIMBLE_STATUS_H

#include "../thimble_stats.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A buffer for a piece has at least so many bytes. */
#define THIMBLE_STATUS_PIECE_MIN 1024

enum thimble_status_document {
    THIMBLE_STATUS_JSON,                /* application/json */
    THIMBLE_STATUS_METRICS,             /* text/plain; version=0.0.4 */
};

/* What the engine does not know.  Borrowed while a document is made. */
struct thimble_status_source {
    const struct thimble *engine;
    const char *name;                   /* of the machine; ASCII */
    uint64_t uptime_ms;
    uint32_t now_ms;                    /* thimble_tick()'s clock, to tell how long ago an event was */
    uint32_t memory_low_bytes;          /* the least memory that was ever free; 0: not known */

    /* The peer's address as text.  May be NULL. */
    const char *(*peer)(const void *port_conn);
};

struct thimble_status_cursor {
    const struct thimble_status_source *source;
    uint8_t  document, step;
    bool     begun;                     /* a list has an element already */
    uint16_t part;
    int      target;
    uint32_t lun, event;
    unsigned session;
};

void thimble_status_begin(struct thimble_status_cursor *c, enum thimble_status_document document,
                          const struct thimble_status_source *source);

/* Writes the next piece; returns its length, 0: the document is complete.  size is at least
 * THIMBLE_STATUS_PIECE_MIN. */
size_t thimble_status_piece(struct thimble_status_cursor *c, char *buf, size_t size);

/* The page, compressed with gzip (Content-Encoding: gzip). */
extern const uint8_t thimble_status_page[];
extern const size_t  thimble_status_page_bytes;

#ifdef __cplusplus
}
#endif

#endif
