/* SPDX-License-Identifier: MIT
 *
 * http.c: see http.h.
 *
 * Layer 0.  RFC 9112: 2.2 lines, 3 the request line, 5 header fields, 6 how long a body is.
 *
 *     METHOD -> TARGET [-> QUERY] -> VERSION -> NAME -> BLANK -> VALUE -> TAIL -> NAME ... -> an empty line
 *
 * A line ends with CR LF or LF (2.2).
 */
#include "http.h"

#include <string.h>

enum { METHOD, TARGET, QUERY, VERSION, NAME, BLANK, VALUE, TAIL };
enum { OTHER, HOST, LENGTH, CODING };   /* header fields */

void thimble_http_begin(struct thimble_http *r)
{
    memset(r, 0, sizeof *r);
}

static void refuse(struct thimble_http *r, const char *status)
{
    r->state = THIMBLE_HTTP_BAD;
    r->status = status;
}

static void malformed(struct thimble_http *r)
{
    refuse(r, "400 Bad Request");
}

static void next(struct thimble_http *r, uint8_t at)
{
    r->at = at;
    r->len = 0;
    r->word[0] = '\0';
    r->too_long = false;
}

/* Adds a character to what is being read; what does not fit makes it "". */
static void keep(struct thimble_http *r, char *text, uint8_t max, char c)
{
    if (r->too_long || r->len == max) {
        r->too_long = true;
        text[0] = '\0';
        return;
    }
    text[r->len++] = c;
    text[r->len] = '\0';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* RFC 9110, 5.6.2. */
static bool is_token(char c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void end_method(struct thimble_http *r)
{
    r->is_post = strcmp(r->word, "POST") == 0;
    if (!r->is_post && strcmp(r->word, "GET") != 0)
        refuse(r, "501 Not Implemented");
    next(r, TARGET);
}

static void end_request_line(struct thimble_http *r)
{
    if (strncmp(r->word, "HTTP/1.", 7) != 0 || r->len != 8 || r->word[7] < '0' || r->word[7] > '9')
        refuse(r, strncmp(r->word, "HTTP/", 5) == 0 ? "505 HTTP Version Not Supported" : "400 Bad Request");
    next(r, NAME);
}

static void end_name(struct thimble_http *r)
{
    static const char *const names[] = { [HOST] = "host", [LENGTH] = "content-length", [CODING] = "transfer-encoding" };

    r->field = r->len == 0 ? OTHER : CODING;
    while (r->field != OTHER && strcmp(r->word, names[r->field]) != 0)
        r->field--;
    if (r->len == 0 || (r->field == HOST && r->host_seen) || (r->field == LENGTH && r->length_seen))
        malformed(r);
    else if (r->field == CODING)        /* a body whose end we would not find */
        refuse(r, "501 Not Implemented");
    r->host_seen |= r->field == HOST;
    next(r, BLANK);
}

static void take_digit(struct thimble_http *r, char c)
{
    r->length_seen = true;
    if (c < '0' || c > '9')
        malformed(r);
    else if (r->body_bytes > (UINT32_MAX - 9) / 10)
        refuse(r, "413 Content Too Large");
    else
        r->body_bytes = r->body_bytes * 10 + (uint32_t)(c - '0');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void take_value(struct thimble_http *r, char c)
{
    if (is_blank(c)) {
        r->at = r->at == BLANK ? BLANK : TAIL;
        return;
    }
    if (r->at == TAIL && r->field != OTHER)     /* of two words, which is it? */
        malformed(r);
    r->at = VALUE;
    if (r->field == HOST)
        keep(r, r->host, THIMBLE_HTTP_HOST, lower(c));
    else if (r->field == LENGTH)
        take_digit(r, c);
}

static void end_line(struct thimble_http *r)
{
    switch (r->at) {
    case METHOD:                        /* an empty line in front */
        if (r->len > 0)
            malformed(r);
        break;
    case VERSION:
        end_request_line(r);
        break;
    case NAME:
        if (r->len > 0)
            malformed(r);
        else
            r->state = THIMBLE_HTTP_DONE;
        break;
    case BLANK:
    case VALUE:
    case TAIL:
        if (r->field == LENGTH && !r->length_seen)
            malformed(r);
        next(r, NAME);
        break;
    default:                            /* in the middle of the request line: HTTP/0.9 has no version */
        malformed(r);
        break;
    }
}

static void take_target(struct thimble_http *r, char c)
{
    if (r->len == 0 && c != '/')
        malformed(r);
    else if (c == ' ')
        next(r, VERSION);
    else if (c == '?' || c == '#')
        next(r, QUERY);
    else
        keep(r, r->path, THIMBLE_HTTP_PATH, c);
}

static void take_byte(struct thimble_http *r, char c)
{
    bool lone_cr = r->cr && c != '\n';

    r->cr = c == '\r';
    if (lone_cr || ((uint8_t)c < ' ' && !strchr("\t\r\n", c)) || c == '\0') {
        malformed(r);
        return;
    }
    if (c == '\n')
        end_line(r);
    if (c == '\n' || c == '\r')
        return;
    switch (r->at) {
    case METHOD:
        if (c == ' ')
            end_method(r);
        else
            keep(r, r->word, THIMBLE_HTTP_WORD, c);
        break;
    case TARGET:
        take_target(r, c);
        break;
    case QUERY:
        if (c == ' ')
            next(r, VERSION);
        break;
    case VERSION:
        keep(r, r->word, THIMBLE_HTTP_WORD, c);
        break;
    case NAME:
        if (c == ':')
            end_name(r);
        else if (is_token(c))           /* a space would be a folded line, or one that hides a name */
            keep(r, r->word, THIMBLE_HTTP_WORD, lower(c));
        else
            malformed(r);
        break;
    case BLANK:
    case VALUE:
    case TAIL:
        take_value(r, c);
        break;
    }
}

size_t thimble_http_take(struct thimble_http *r, const void *data, size_t len)
{
    const char *bytes = (const char *)data;
    size_t n = 0;

    while (n < len && r->state == THIMBLE_HTTP_HEAD) {
        if (r->head_bytes++ == THIMBLE_HTTP_HEAD_BYTES_MAX)
            refuse(r, "431 Request Header Fields Too Large");
        else
            take_byte(r, bytes[n++]);
    }
    return n;
}
