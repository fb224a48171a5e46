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
_Static_assert((int)TH_WEB_BUFFER_BYTES > (int)THIMBLE_FORM_BYTES_MAX, "the form");

static bool say(const struct th_web_request *r, const char *status, const char *text)
{
    const struct th_web_head head = { .status = status, .type = "text/plain" };

    return r->begin(r->ctx, &head) && r->send(r->ctx, text, strlen(text)) && r->send(r->ctx, "\n", 1);
}

static bool not_found(const struct th_web_request *r)
{
    return say(r, "404 Not Found", "There is nothing of that name.");
}

/* --------------------------------------------------------------------------------------
 * Numbers
 */
struct pieces {
    struct th_web *web;
    struct thimble_status_cursor cursor;
    enum thimble_status_document document;
    bool   begun;
    size_t len;                         /* of what is in the web's buffer; 0: the document is complete */
};

/* In the engine's task. */
static void make_pieces(void *arg)
{
    struct pieces *p = arg;
    struct th_web *w = p->web;
    size_t n;

    p->len = 0;
    if (!p->begun) {
        w->source->uptime_ms = w->source->now_ms = th_board_ms();
        thimble_status_begin(&p->cursor, p->document, w->source);
        p->begun = true;
    }
    while (sizeof w->buf - p->len >= THIMBLE_STATUS_PIECE_MIN &&
           (n = thimble_status_piece(&p->cursor, w->buf + p->len, sizeof w->buf - p->len)) > 0)
        p->len += n;
}

static bool answer_document(struct th_web *w, const struct th_web_request *r,
                            enum thimble_status_document document, const char *type)
{
    const struct th_web_head head = { .status = "200 OK", .type = type };
    struct pieces p = { .web = w, .document = document };

    if (!w->make(make_pieces, &p))
        return say(r, "503 Service Unavailable", "The target has no time.");
    bool sent = r->begin(r->ctx, &head);
    while (sent && p.len > 0)
        sent = r->send(r->ctx, w->buf, p.len) && w->make(make_pieces, &p);
    return sent;
}

static bool answer_json(struct th_web *w, const struct th_web_request *r)
{
    return w->source ? answer_document(w, r, THIMBLE_STATUS_JSON, "application/json") : not_found(r);
}

static bool answer_metrics(struct th_web *w, const struct th_web_request *r)
{
    return w->source ? answer_document(w, r, THIMBLE_STATUS_METRICS, "text/plain; version=0.0.4")
                     : not_found(r);
}

static bool answer_page(struct th_web *w, const struct th_web_request *r)
{
    const struct th_web_head head = { .status = "200 OK", .type = "text/html; charset=utf-8",
                                      .name = "Content-Encoding", .value = "gzip", .is_page = true };
    if (!w->source)
        return not_found(r);
    return r->begin(r->ctx, &head) && r->send(r->ctx, thimble_status_page, thimble_status_page_bytes);
}

/* --------------------------------------------------------------------------------------
 * Another firmware
 */
static void put_hex(char *to, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        to[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    to[2 * n] = '\0';
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* A header of exactly n bytes in lower-case hexadecimal digits. */
static bool read_hex(const struct th_web_request *r, const char *name, uint8_t *bytes, size_t n)
{
    char text[2 * THIMBLE_UPDATE_HASH_BYTES + 1];

    if (!r->header(r->ctx, name, text, sizeof text) || strlen(text) != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool offer_update(struct th_web *w, const struct th_web_request *r)
{
    char nonce[2 * THIMBLE_UPDATE_NONCE_BYTES + 1], text[160];
    if (!w->update)
        return not_found(r);
    const uint8_t *bytes = thimble_update_nonce(w->update, th_board_ms());
    if (!bytes)
        return say(r, "503 Service Unavailable", "There are no random numbers now.");
    put_hex(nonce, bytes, THIMBLE_UPDATE_NONCE_BYTES);
    snprintf(text, sizeof text, "nonce %s\nchip %u\nroom %lu\nversion %s", nonce, w->update->chip,
             (unsigned long)w->update->room_bytes, THIMBLE_VERSION);
    return say(r, "200 OK", text);
}

static enum thimble_update_result receive_image(struct th_web *w, const struct th_web_request *r)
{
    uint8_t nonce[THIMBLE_UPDATE_NONCE_BYTES], sha256[THIMBLE_UPDATE_HASH_BYTES];
    uint8_t proof[THIMBLE_UPDATE_HASH_BYTES];
    size_t n;

    if (!read_hex(r, "X-Thimble-Nonce", nonce, sizeof nonce) ||
        !read_hex(r, "X-Thimble-Sha256", sha256, sizeof sha256) ||
        !read_hex(r, "X-Thimble-Proof", proof, sizeof proof))
        return THIMBLE_UPDATE_NO_PROOF;
    enum thimble_update_result result =
        thimble_update_begin(w->update, th_board_ms(), nonce, r->body_bytes, sha256, proof);
    if (result != THIMBLE_UPDATE_OK)
        return result;

    for (uint64_t left = r->body_bytes; left > 0 && result == THIMBLE_UPDATE_OK; left -= n) {
        n = r->read(r->ctx, w->buf, left < sizeof w->buf ? (size_t)left : sizeof w->buf);
        if (n == 0)
            break;
        result = thimble_update_add(w->update, w->buf, n);
    }
    return result == THIMBLE_UPDATE_OK ? thimble_update_end(w->update) : result;
}

static bool take_update(struct th_web *w, const struct th_web_request *r)
{
    static const char *const statuses[THIMBLE_UPDATE_RESULTS] = {
        [THIMBLE_UPDATE_OK] = "200 OK",
        [THIMBLE_UPDATE_NO_PROOF] = "403 Forbidden",
        [THIMBLE_UPDATE_BUSY] = "409 Conflict",
        [THIMBLE_UPDATE_TOO_LARGE] = "413 Content Too Large",
        [THIMBLE_UPDATE_NO_IMAGE] = "400 Bad Request",
        [THIMBLE_UPDATE_OTHER_CHIP] = "400 Bad Request",
        [THIMBLE_UPDATE_INCOMPLETE] = "400 Bad Request",
        [THIMBLE_UPDATE_DAMAGED] = "400 Bad Request",
        [THIMBLE_UPDATE_NOT_WRITTEN] = "500 Internal Server Error",
    };
    if (!w->update)
        return not_found(r);
    enum thimble_update_result result = receive_image(w, r);
    th_board_log(result == THIMBLE_UPDATE_OK ? TH_LOG_INFO : TH_LOG_WARNING, "update: %s",
                 thimble_update_text(result));
    bool said = say(r, statuses[result], thimble_update_text(result));
    if (result == THIMBLE_UPDATE_OK)
        w->restart();
    return said;
}

/* --------------------------------------------------------------------------------------
 * Set-up
 */
static bool show_form(struct th_web *w, const struct th_web_request *r, const char *status,
                      const char *problem)
{
    const struct th_web_head head = { .status = status, .type = "text/html; charset=utf-8",
                                      .is_page = true };
    size_t len = thimble_form_page(w->buf, sizeof w->buf, w->token, problem);

    return r->begin(r->ctx, &head) && r->send(r->ctx, w->buf, len);
}

/* A page that came by another name must not fill in the form, nor read it: to such a browser we are that name's. */
static bool is_for_us(const struct th_web *w, const struct th_web_request *r)
{
    char host[sizeof w->point];

    return r->header(r->ctx, "Host", host, sizeof host) && strcmp(host, w->point) == 0;
}

static bool lead_to_form(const struct th_web *w, const struct th_web_request *r)
{
    char to[sizeof w->point + 16];
    const struct th_web_head head = { .status = "302 Found", .type = "text/plain", .name = "Location", .value = to };

    snprintf(to, sizeof to, "http://%s/setup", w->point);
    return r->begin(r->ctx, &head) && r->send(r->ctx, to, strlen(to));
}

static bool ask_setup(struct th_web *w, const struct th_web_request *r)
{
    if (!r->by_point)
        return not_found(r);
    return is_for_us(w, r) ? show_form(w, r, "200 OK", NULL) : lead_to_form(w, r);
}

static bool take_setup(struct th_web *w, const struct th_web_request *r)
{
    struct thimble_setup setup;
    size_t got = 0, n = 1;

    if (!r->by_point || !is_for_us(w, r))
        return not_found(r);
    if (r->body_bytes > THIMBLE_FORM_BYTES_MAX)
        return show_form(w, r, "413 Content Too Large", "The form is too long.");
    while (got < r->body_bytes && n > 0)
        got += n = r->read(r->ctx, w->buf + got, (size_t)r->body_bytes - got);
    if (got < r->body_bytes)
        return false;

    const char *problem = thimble_form_read(&setup, w->buf, got, w->token);
    bool kept = !problem && w->keep(&setup);
    memset(w->buf, 0, sizeof w->buf);
    for (volatile char *c = setup.password; c < setup.password + sizeof setup.password; c++)
        *c = '\0';
    if (problem)
        return show_form(w, r, "400 Bad Request", problem);
    if (!kept)
        return show_form(w, r, "500 Internal Server Error", "It cannot be kept: the board's memory refuses it.");
    th_board_log(TH_LOG_INFO, "setup: a network was entered, and is kept");
    bool said = say(r, "200 OK", "Kept. The board restarts, and joins that network; this one ends.");
    w->restart();
    return said;
}

/* -------------------------------------------------------------------------------------- */

static const struct route {
    const char *path;
    bool is_post;
    bool (*answer)(struct th_web *w, const struct th_web_request *r);
} routes[] = {
    { "/", false, answer_page },
    { "/status.json", false, answer_json },
    { "/metrics", false, answer_metrics },
    { "/update", false, offer_update },
    { "/update", true, take_update },
    { "/setup", false, ask_setup },
    { "/setup", true, take_setup },
};

/* Who comes by our access point wants the form, by whatever name: telephones ask for several to find out where they
 * are. */
bool th_web_answer(struct th_web *w, const struct th_web_request *r)
{
    for (const struct route *route = routes; route < routes + sizeof routes / sizeof routes[0]; route++) {
        bool is_start = route->answer == answer_page;
        if (route->is_post == r->is_post && strcmp(route->path, r->path) == 0 && !(is_start && r->by_point))
            return route->answer(w, r);
    }
    return r->by_point && !r->is_post ? lead_to_form(w, r) : not_found(r);
}

#else

/* ISO C wants something in every file. */
typedef int th_web_is_not_compiled;

#endif
