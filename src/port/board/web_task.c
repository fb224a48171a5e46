/* SPDX-License-Identifier: MIT
 *
 * web_task.c: see web_task.h.
 *
 * Layer 6.
 */
#include "which.h"

#if TH_BOARD_WEB_TASK

#include "web_task.h"

#include <stdio.h>
#include <string.h>

#include "platform.h"

static bool say(const struct th_web_call *r, const char *status, const char *text)
{
    const struct th_web_head head = { .status = status, .type = "text/plain" };

    return r->begin(r->ctx, &head) && r->send(r->ctx, text, strlen(text)) && r->send(r->ctx, "\n", 1);
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
static bool read_hex(const struct th_web_call *r, const char *name, uint8_t *bytes, size_t n)
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

static bool offer_update(struct th_web_task *t, const struct th_web_call *r)
{
    char nonce[2 * THIMBLE_UPDATE_NONCE_BYTES + 1], text[160];
    if (!t->update)
        return say(r, "404 Not Found", "There is nothing of that name.");
    const uint8_t *bytes = thimble_update_nonce(t->update, th_board_ms());
    if (!bytes)
        return say(r, "503 Service Unavailable", "There are no random numbers now.");
    put_hex(nonce, bytes, THIMBLE_UPDATE_NONCE_BYTES);
    snprintf(text, sizeof text, "nonce %s\nchip %u\nroom %lu\nversion %s", nonce, t->update->chip,
             (unsigned long)t->update->room_bytes, THIMBLE_VERSION);
    return say(r, "200 OK", text);
}

static enum thimble_update_result receive_image(struct th_web_task *t, const struct th_web_call *r)
{
    uint8_t nonce[THIMBLE_UPDATE_NONCE_BYTES], sha256[THIMBLE_UPDATE_HASH_BYTES];
    uint8_t proof[THIMBLE_UPDATE_HASH_BYTES];
    size_t n;

    if (!read_hex(r, "X-Thimble-Nonce", nonce, sizeof nonce) ||
        !read_hex(r, "X-Thimble-Sha256", sha256, sizeof sha256) ||
        !read_hex(r, "X-Thimble-Proof", proof, sizeof proof))
        return THIMBLE_UPDATE_NO_PROOF;
    enum thimble_update_result result =
        thimble_update_begin(t->update, th_board_ms(), nonce, r->request.body_bytes, sha256, proof);
    if (result != THIMBLE_UPDATE_OK)
        return result;

    for (uint64_t left = r->request.body_bytes; left > 0 && result == THIMBLE_UPDATE_OK; left -= n) {
        n = r->read(r->ctx, t->buf, left < sizeof t->buf ? (size_t)left : sizeof t->buf);
        if (n == 0)
            break;
        result = thimble_update_add(t->update, t->buf, n);
    }
    return result == THIMBLE_UPDATE_OK ? thimble_update_end(t->update) : result;
}

static bool take_update(struct th_web_task *t, const struct th_web_call *r)
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
    if (!t->update)
        return say(r, "404 Not Found", "There is nothing of that name.");
    enum thimble_update_result result = receive_image(t, r);
    th_board_log(result == THIMBLE_UPDATE_OK ? TH_LOG_INFO : TH_LOG_WARNING, "update: %s",
                 thimble_update_text(result));
    bool said = say(r, statuses[result], thimble_update_text(result));
    if (result == THIMBLE_UPDATE_OK)
        t->web.restart();
    return said;
}

/* --------------------------------------------------------------------------------------
 * What web.c answers
 */
struct pieces {
    struct th_web_task *task;
    const struct th_web_reply *reply;
    struct thimble_status_cursor cursor;
    bool   begun;
    size_t len;                         /* of what is in the task's buffer; 0: the document is complete */
};

/* In the engine's task. */
static void make_pieces(void *arg)
{
    struct pieces *p = arg;

    if (!p->begun)
        th_web_document(&p->task->web, p->reply, &p->cursor);
    p->begun = true;
    p->len = th_web_pieces(&p->cursor, p->task->buf);
}

static bool send_document(struct th_web_task *t, const struct th_web_call *r, const struct th_web_reply *reply)
{
    struct pieces p = { .task = t, .reply = reply };

    if (!t->make(make_pieces, &p))
        return say(r, "503 Service Unavailable", "The target has no time.");
    bool sent = r->begin(r->ctx, &reply->head);
    while (sent && p.len > 0)
        sent = r->send(r->ctx, t->buf, p.len) && t->make(make_pieces, &p);
    return sent;
}

static bool read_body(struct th_web_task *t, struct th_web_call *call)
{
    size_t got = 0, n = 1, len = (size_t)call->request.body_bytes;

    while (got < len && n > 0)
        got += n = call->read(call->ctx, t->buf + got, len - got);
    call->request.body = t->buf;
    return got == len;
}

bool th_web_answer(struct th_web_task *t, struct th_web_call *call)
{
    struct th_web_reply reply;

    if (strcmp(call->request.path, "/update") == 0)
        return call->request.is_post ? take_update(t, call) : offer_update(t, call);
    if (th_web_wants_body(&call->request) && !read_body(t, call))
        return false;
    th_web_reply(&t->web, &call->request, t->buf, &reply);
    bool sent = reply.body ? call->begin(call->ctx, &reply.head) && call->send(call->ctx, reply.body, reply.len)
                           : send_document(t, call, &reply);
    if (reply.restarts)
        t->web.restart();
    return sent;
}

#else

/* ISO C wants something in every file. */
typedef int th_web_task_is_not_compiled;

#endif
