/* SPDX-License-Identifier: MIT
 *
 * web.h: what a board answers to HTTP where the server has a task of its own (esp32/esp32_web.c):
 *
 *     GET  /  /status.json  /metrics       numbers (status/), if thimble.ini has [status] http
 *     GET  /update, POST /update           another firmware (device/update.h), if it has [update] key
 *     GET  /setup, POST /setup             the form (device/setup.h), only to who came by our access point; any other
 *                                          name leads them there
 *
 * Knows HTTP by struct th_web_request only, the platform by struct th_web; requests are answered one at a time.
 *
 * The engine's numbers are read in the engine's task: `make` has its function called there and waits.
 * A reader that is slow holds th_web's one buffer, and the server, but nothing of the engine's.
 *
 * Layer 6, private to src/port/.  Compiled where TH_BOARD_WEB is 1.
 */
#ifndef TH_BOARD_WEB_H
#define TH_BOARD_WEB_H

#include "../../device/setup.h"
#include "../../device/update.h"
#include "../../status/status.h"
#include "which.h"

#if TH_BOARD_WEB && !THIMBLE_STATS
#error "TH_BOARD_WEB shows the numbers of THIMBLE_STATS: set both to 0, or none"
#endif

struct th_web_head {
    const char *status, *type;          /* "200 OK" */
    const char *name, *value;           /* of one header more, or NULL */
    bool is_page;                       /* with what a browser is to know of a page of ours */
};

/* One request: what was asked, and how it is answered.  Functions block, and fail when the peer is gone or too slow. */
struct th_web_request {
    void *ctx;
    const char *path;                   /* without a query */
    bool is_post;
    bool by_point;                      /* it came by our own access point */
    uint64_t body_bytes;

    /* The header's value with a zero behind it; false: there is none, or it does not fit. */
    bool (*header)(void *ctx, const char *name, char *to, size_t size);

    /* 1 to size bytes of the body; 0: it ended, early perhaps; the caller counts. */
    size_t (*read)(void *ctx, void *to, size_t size);

    bool (*begin)(void *ctx, const struct th_web_head *head);
    bool (*send)(void *ctx, const void *data, size_t len);
};

enum { TH_WEB_BUFFER_BYTES = 2048 };

struct th_web {
    struct thimble_status_source *source;   /* NULL: numbers are not shown */
    struct thimble_update *update;      /* NULL: no updates */
    char point[24];                     /* address and port of our access point: "192.168.4.1"; "": there is none */
    char token[THIMBLE_FORM_TOKEN + 1]; /* of the form */

    /* Calls do_it(arg) in the engine's task.  False: it has no time. */
    bool (*make)(void (*do_it)(void *arg), void *arg);

    /* Keeps it over restarts. */
    bool (*keep)(const struct thimble_setup *s);

    /* Soon, when what was answered is on its way. */
    void (*restart)(void);

    char buf[TH_WEB_BUFFER_BYTES];
};

/* False: the connection is of no use any more. */
bool th_web_answer(struct th_web *w, const struct th_web_request *r);

#endif
