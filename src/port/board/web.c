/* SPDX-License-Identifier: MIT
 *
 * web.c: see web.h.
 *
 * Layer 6.
 */
#include "which.h"

#if TH_BOARD_WEB

#include "web.h"

#include <stdio.h>
#include <string.h>

#include "platform.h"

_Static_assert((int)TH_WEB_BUFFER_BYTES >= 2 * (int)THIMBLE_STATUS_PIECE_MIN, "two pieces at a time");
_Static_assert((int)TH_WEB_BUFFER_BYTES >= (int)THIMBLE_FORM_PAGE_BYTES, "the page of the form");
_Static_assert((int)TH_WEB_BUFFER_BYTES >= (int)THIMBLE_FORM_BYTES_MAX, "the form");

static void say(struct th_web_reply *reply, const char *status, const char *text)
{
    *reply = (struct th_web_reply){ .head = { .status = status, .type = "text/plain" }, .body = text, .len = strlen(text) };
}

static void not_found(struct th_web_reply *reply)
{
    say(reply, "404 Not Found", "There is nothing of that name.\n");
}

/* --------------------------------------------------------------------------------------
 * Numbers
 */
void th_web_document(struct th_web *w, const struct th_web_reply *reply, struct thimble_status_cursor *cursor)
{
    w->source->uptime_ms = w->source->now_ms = th_board_ms();
    thimble_status_begin(cursor, reply->document, w->source);
}

size_t th_web_pieces(struct thimble_status_cursor *cursor, char buf[TH_WEB_BUFFER_BYTES])
{
    size_t len = 0, n = 1;

    while (n > 0 && TH_WEB_BUFFER_BYTES - len >= THIMBLE_STATUS_PIECE_MIN)
        len += n = thimble_status_piece(cursor, buf + len, TH_WEB_BUFFER_BYTES - len);
    return len;
}

static void show_document(const struct th_web *w, struct th_web_reply *reply, enum thimble_status_document document,
                          const char *type)
{
    if (w->source)
        *reply = (struct th_web_reply){ .head = { .status = "200 OK", .type = type }, .document = document };
    else
        not_found(reply);
}

static void show_json(struct th_web *w, const struct th_web_request *r, char *buf, struct th_web_reply *reply)
{
    (void)r, (void)buf;
    show_document(w, reply, THIMBLE_STATUS_JSON, "application/json");
}

static void show_metrics(struct th_web *w, const struct th_web_request *r, char *buf, struct th_web_reply *reply)
{
    (void)r, (void)buf;
    show_document(w, reply, THIMBLE_STATUS_METRICS, "text/plain; version=0.0.4");
}

static void show_page(struct th_web *w, const struct th_web_request *r, char *buf, struct th_web_reply *reply)
{
    (void)r, (void)buf;
    if (w->source)
        *reply = (struct th_web_reply){ .head = { .status = "200 OK", .type = "text/html; charset=utf-8",
                                                  .name = "Content-Encoding", .value = "gzip", .is_page = true },
                                        .body = thimble_status_page, .len = thimble_status_page_bytes };
    else
        not_found(reply);
}

/* --------------------------------------------------------------------------------------
 * Set-up
 */
#if TH_BOARD_SETUP

static void show_form(const struct th_web *w, char *buf, struct th_web_reply *reply, const char *status, const char *problem)
{
    size_t len = thimble_form_page(buf, TH_WEB_BUFFER_BYTES, w->token, problem);

    *reply = (struct th_web_reply){ .head = { .status = status, .type = "text/html; charset=utf-8", .is_page = true },
                                    .body = buf, .len = len };
}

/* A page that came by another name must not fill in the form, nor read it: to such a browser we are that name's. */
static bool is_for_us(const struct th_web *w, const struct th_web_request *r)
{
    return w->point[0] != '\0' && strcmp(r->host, w->point) == 0;
}

static void lead_to_form(const struct th_web *w, char *buf, struct th_web_reply *reply)
{
    snprintf(buf, TH_WEB_BUFFER_BYTES, "http://%s/setup", w->point);
    say(reply, "302 Found", buf);
    reply->head.name = "Location";
    reply->head.value = buf;
}

static void ask_setup(struct th_web *w, const struct th_web_request *r, char *buf, struct th_web_reply *reply)
{
    if (!r->by_point)
        not_found(reply);
    else if (is_for_us(w, r))
        show_form(w, buf, reply, "200 OK", NULL);
    else
        lead_to_form(w, buf, reply);
}

static void wipe(void *memory, size_t bytes)
{
    for (volatile char *at = memory; bytes-- > 0; at++)
        *at = '\0';
}

static void take_setup(struct th_web *w, const struct th_web_request *r, char *buf, struct th_web_reply *reply)
{
    struct thimble_setup setup;

    if (!r->by_point || !is_for_us(w, r)) {
        not_found(reply);
        return;
    }
    if (!r->body) {
        show_form(w, buf, reply, "413 Content Too Large", "The form is too long.");
        return;
    }
    const char *problem = thimble_form_read(&setup, r->body, (size_t)r->body_bytes, w->token);
    bool kept = !problem && w->keep(&setup);
    wipe(&setup, sizeof setup);
    wipe(buf, TH_WEB_BUFFER_BYTES);
    if (problem) {
        show_form(w, buf, reply, "400 Bad Request", problem);
    } else if (!kept) {
        show_form(w, buf, reply, "500 Internal Server Error", "It cannot be kept: the board's memory refuses it.");
    } else {
        th_board_log(TH_LOG_INFO, "setup: a network was entered, and is kept");
        say(reply, "200 OK", "Kept. The board restarts, and joins that network; this one ends.\n");
        reply->restarts = true;
    }
}

void th_web_new_token(struct th_web *w)
{
    uint8_t random[THIMBLE_FORM_TOKEN / 2];

    if (!th_board_random(random, sizeof random))
        return;
    for (unsigned i = 0; i < sizeof random; i++)
        snprintf(w->token + 2 * i, 3, "%02x", random[i]);
}

#endif

/* -------------------------------------------------------------------------------------- */

static const struct route {
    const char *path;
    bool is_post;
    void (*answer)(struct th_web *w, const struct th_web_request *r, char *buf, struct th_web_reply *reply);
} routes[] = {
    { "/", false, show_page },
    { "/status.json", false, show_json },
    { "/metrics", false, show_metrics },
#if TH_BOARD_SETUP
    { "/setup", false, ask_setup },
    { "/setup", true, take_setup },
#endif
};

bool th_web_wants_body(const struct th_web_request *r)
{
    return r->is_post && r->by_point && strcmp(r->path, "/setup") == 0 && r->body_bytes <= THIMBLE_FORM_BYTES_MAX;
}

/* Who comes by our access point wants the form, by whatever name: telephones ask for several to find out where they
 * are. */
void th_web_reply(struct th_web *w, const struct th_web_request *r, char buf[TH_WEB_BUFFER_BYTES],
                  struct th_web_reply *reply)
{
    for (const struct route *route = routes; route < routes + sizeof routes / sizeof routes[0]; route++) {
        bool is_start = route->answer == show_page;
        if (route->is_post == r->is_post && strcmp(route->path, r->path) == 0 && !(is_start && r->by_point)) {
            route->answer(w, r, buf, reply);
            return;
        }
    }
#if TH_BOARD_SETUP
    if (r->by_point && !r->is_post) {
        lead_to_form(w, buf, reply);
        return;
    }
#endif
    not_found(reply);
}

#else

/* ISO C wants something in every file. */
typedef int th_web_is_not_compiled;

#endif
