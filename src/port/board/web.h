/* SPDX-License-Identifier: MIT
 *
 * web.h: what a board answers to HTTP:
 *
 *     GET  /  /status.json  /metrics       numbers (status/), if thimble.ini has [status] http
 *     GET  /setup, POST /setup             the form (device/setup.h), only to who came by our access point; any other
 *                                          name leads them there (TH_BOARD_SETUP)
 *     GET  /update, POST /update           another firmware (device/update.h), if it has [update] key; where the server has
 *                                          a task of its own (web_task.h)
 *
 * th_web_reply() only says what the answer is; it is sent by web_task.c, which blocks, or web_lwip.c, which does not.
 *
 * Layer 6, private to src/port/.  Compiled where TH_BOARD_WEB is 1.
 */
#ifndef TH_BOARD_WEB_H
#define TH_BOARD_WEB_H

#include "../../device/setup.h"
#include "../../status/status.h"
#include "which.h"

#if TH_BOARD_WEB && !THIMBLE_STATS
#error "TH_BOARD_WEB shows the numbers of THIMBLE_STATS: set both to 0, or none"
#endif

/* What a browser is to know of a page of ours. */
#define TH_WEB_POLICY \
    "default-src 'none'; connect-src 'self'; img-src data:; form-action 'self'; style-src 'unsafe-inline'; " \
    "script-src 'unsafe-inline'; frame-ancestors 'none'"

struct th_web_head {
    const char *status, *type;          /* "200 OK" */
    const char *name, *value;           /* of one header more, or NULL */
    bool is_page;                       /* with TH_WEB_POLICY */
};

struct th_web_request {
    const char *path;                   /* without a query */
    const char *host;                   /* as the header Host has it; "": it has none */
    bool is_post;
    bool by_point;                      /* it came by our own access point */
    uint64_t body_bytes;
    const char *body;                   /* all of it, if th_web_wants_body(); else NULL */
};

struct th_web_reply {
    struct th_web_head head;
    const void *body;                   /* NULL: a document, to be made piece by piece */
    size_t len;
    enum thimble_status_document document;
    bool restarts;                      /* th_web.restart is to be called when it is on its way */
};

/* Enough for the form, there and back, and for a piece of a document. */
enum { TH_WEB_BUFFER_BYTES = 2048 };

struct th_web {
    struct thimble_status_source *source;   /* NULL: numbers are not shown */
    char point[24];                     /* address and port of our access point: "192.168.4.1"; "": there is none */
    char token[THIMBLE_FORM_TOKEN + 1]; /* of the form */

    /* Keeps it over restarts. */
    bool (*keep)(const struct thimble_setup *s);

    /* Soon, when what was answered is on its way. */
    void (*restart)(void);
};

/* The request has a body that is to be read into a buffer first; it is not longer than the form's longest. */
bool th_web_wants_body(const struct th_web_request *r);

/* What is answered.  buf may be where the body is; what is in it and not in the answer is wiped. */
void th_web_reply(struct th_web *w, const struct th_web_request *r, char buf[TH_WEB_BUFFER_BYTES],
                  struct th_web_reply *reply);

/* In the engine's turn: begins the reply's document; the next pieces of it, as many as there is room for.  0: it is
 * complete. */
void th_web_document(struct th_web *w, const struct th_web_reply *reply, struct thimble_status_cursor *cursor);
size_t th_web_pieces(struct thimble_status_cursor *cursor, char buf[TH_WEB_BUFFER_BYTES]);

/* A new token, of random digits. */
void th_web_new_token(struct th_web *w);

#endif
