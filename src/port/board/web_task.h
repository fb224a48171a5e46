/* SPDX-License-Identifier: MIT
 *
 * web_task.h: answers to HTTP where the server has a task of its own (esp32/esp32_web.c): those of web.h, and
 *
 *     GET  /update, POST /update           another firmware (device/update.h), if thimble.ini has [update] key
 *
 * Knows HTTP by struct th_web_call only; requests are answered one at a time.
 *
 * The engine's numbers are read in the engine's task: `make` has its function called there and waits.
 * A reader that is slow holds th_web_task's one buffer, and the server, but nothing of the engine's.
 *
 * Layer 6, private to src/port/.  Compiled where TH_BOARD_WEB_TASK is 1.
 */
#ifndef TH_BOARD_WEB_TASK_H
#define TH_BOARD_WEB_TASK_H

#include "../../device/update.h"
#include "web.h"

/* One request, and how it is answered.  Functions block, and fail when the peer is gone or too slow. */
struct th_web_call {
    void *ctx;
    struct th_web_request request;      /* without the body */

    /* The header's value with a zero behind it; false: there is none, or it does not fit. */
    bool (*header)(void *ctx, const char *name, char *to, size_t size);

    /* 1 to size bytes of the body; 0: it ended, early perhaps; the caller counts. */
    size_t (*read)(void *ctx, void *to, size_t size);

    bool (*begin)(void *ctx, const struct th_web_head *head);
    bool (*send)(void *ctx, const void *data, size_t len);
};

struct th_web_task {
    struct th_web web;
    struct thimble_update *update;      /* NULL: no updates */

    /* Calls do_it(arg) in the engine's task.  False: it has no time. */
    bool (*make)(void (*do_it)(void *arg), void *arg);

    char buf[TH_WEB_BUFFER_BYTES];
};

/* False: the connection is of no use any more. */
bool th_web_answer(struct th_web_task *t, struct th_web_call *call);

#endif
