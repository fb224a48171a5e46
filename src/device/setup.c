/* SPDX-License-Identifier: MIT
 *
 * setup.c: see setup.h: the form and its page, and when there is an access point.
 *
 * Layer 0.
 */
#include "setup.h"

#include <string.h>

/* --------------------------------------------------------------------------------------
 * What may be entered
 */
static bool is_printable(const char *text, bool ascii)
{
    for (; *text; text++) {
        uint8_t c = (uint8_t)*text;
        if (c < 0x20 || c == 0x7f || (ascii && c > 0x7e))
            return false;
    }
    return true;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_host_name(const char *text)
{
    size_t len = strlen(text);

    if (text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter_or_digit(text[i]) && text[i] != '-')
            return false;
    return true;
}

const char *thimble_setup_problem(const struct thimble_setup *s)
{
    size_t password_len = strlen(s->password);

    if (s->ssid[0] == '\0')
        return "The network has no name.";
    if (!is_printable(s->ssid, false))
        return "The network's name has characters that cannot be in it.";
    if (password_len > 0 && password_len < 8)
        return "A password has at least 8 characters.";
    if (!is_printable(s->password, true))
        return "The password has characters that cannot be in it.";
    if (s->host_name[0] != '\0' && !is_host_name(s->host_name))
        return "The board's name has letters, digits and hyphens only.";
    return NULL;
}

/* --------------------------------------------------------------------------------------
 * Reading the form
 */
struct field {
    const char *name, *too_long;
    char  *to;
    size_t max;
    bool   seen;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The next byte of a value at *at; -1: no such thing can be in one. */
static int next_byte(const char *text, size_t len, size_t *at)
{
    char c = text[(*at)++];

    if (c == '+')
        return ' ';
    if (c != '%')
        return c == '\0' ? -1 : (uint8_t)c;
    if (len - *at < 2)
        return -1;
    int high = hex_digit(text[*at]), low = hex_digit(text[*at + 1]);
    *at += 2;
    return high < 0 || low < 0 || high + low == 0 ? -1 : high << 4 | low;
}

static const char *take_value(struct field *f, const char *text, size_t len)
{
    size_t n = 0, at = 0;

    if (f->seen)
        return "The form has a field twice.";
    f->seen = true;
    while (at < len) {
        int byte = next_byte(text, len, &at);
        if (byte < 0)
            return "The form cannot be read.";
        if (n == f->max)
            return f->too_long;
        f->to[n++] = (char)byte;
    }
    f->to[n] = '\0';
    return NULL;
}

/* `name=value`, as far as the next `&`. */
static const char *take_pair(struct field *fields, size_t n_fields, const char *text, size_t len)
{
    const char *equals = len ? memchr(text, '=', len) : NULL;
    size_t name_len = equals ? (size_t)(equals - text) : len;

    for (struct field *f = fields; f < fields + n_fields && equals; f++)
        if (strlen(f->name) == name_len && memcmp(f->name, text, name_len) == 0)
            return take_value(f, equals + 1, len - name_len - 1);
    return NULL;
}

static void wipe(void *memory, size_t bytes)
{
    volatile uint8_t *at = memory;

    while (bytes-- > 0)
        *at++ = 0;
}

const char *thimble_form_read(struct thimble_setup *s, const char *text, size_t len,
                              const char token[THIMBLE_FORM_TOKEN + 1])
{
    char given[THIMBLE_FORM_TOKEN + 1] = "";
    const char *problem = len > THIMBLE_FORM_BYTES_MAX ? "The form is too long." : NULL;
    struct field fields[] = {
        { "ssid", "The network's name is too long.", s->ssid, THIMBLE_SETUP_SSID, false },
        { "password", "The password is too long.", s->password, THIMBLE_SETUP_PASSWORD, false },
        { "hostname", "The board's name is too long.", s->host_name, THIMBLE_SETUP_HOST_NAME, false },
        { "token", "The form is not this board's.", given, THIMBLE_FORM_TOKEN, false },
    };

    memset(s, 0, sizeof *s);
    for (size_t at = 0; at < len && !problem;) {
        const char *end = memchr(text + at, '&', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        problem = take_pair(fields, sizeof fields / sizeof fields[0], text + at, n);
        at += n + 1;
    }
    if (!problem && (token[0] == '\0' || strcmp(given, token) != 0))
        problem = "The form is not this board's, or an old one.";
    if (!problem)
        problem = thimble_setup_problem(s);
    if (problem)
        wipe(s, sizeof *s);
    return problem;
}

/* --------------------------------------------------------------------------------------
 * The page.  Nothing on it was ever entered by anybody.
 */
static const char page_begin[] =
    "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Thimble: set-up</title>"
    "<style>body{font:1em sans-serif;max-width:24em;margin:2em auto;padding:0 1em}"
    "label{display:block;margin:1em 0}input{width:100%;box-sizing:border-box;font:inherit}</style>"
    "<h1>Set up this board</h1>";
static const char page_form[] =
    "<form method=\"post\" action=\"/setup\" autocomplete=\"off\">"
    "<label>WiFi network <input name=\"ssid\" required maxlength=\"32\"></label>"
    "<label>Password <input name=\"password\" type=\"password\" maxlength=\"63\"></label>"
    "<label>Name of the board <input name=\"hostname\" maxlength=\"63\" placeholder=\"thimble\"></label>"
    "<input type=\"hidden\" name=\"token\" value=\"";
static const char page_end[] =
    "\"><input type=\"submit\" value=\"Keep, and restart\"></form>"
    "<p>What thimble.ini says counts before what is entered here.</html>\n";

size_t thimble_form_page(char *to, size_t size, const char token[THIMBLE_FORM_TOKEN + 1],
                         const char *problem)
{
    const char *parts[] = { page_begin, problem ? "<p><b>" : "", problem ? problem : "",
                            problem ? "</b>" : "", page_form, token, page_end };
    size_t len = 0;

    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t n = strlen(parts[i]);
        if (n >= size - len)
            return 0;
        memcpy(to + len, parts[i], n + 1);
        len += n;
    }
    return len;
}

/* --------------------------------------------------------------------------------------
 * The access point
 */
void thimble_point_init(struct thimble_point *p, uint32_t now_ms)
{
    *p = (struct thimble_point){ .lonely_ms = now_ms };
}

bool thimble_point_next(struct thimble_point *p, bool joined, bool any_network, unsigned n_guests,
                        uint32_t now_ms)
{
    if (joined) {
        p->on = p->given_up = false;
        p->lonely_ms = now_ms;
        return false;
    }
    if (p->on) {
        uint32_t unused_ms = p->alone && any_network ? THIMBLE_POINT_ALONE_MS : THIMBLE_POINT_UNUSED_MS;
        if (n_guests > 0)
            p->used_ms = now_ms;
        if (now_ms - p->used_ms >= unused_ms) {
            p->on = false;
            p->given_up = true;
        }
    } else if (!p->given_up &&
               (!any_network || now_ms - p->lonely_ms >= THIMBLE_POINT_AFTER_MS)) {
        p->on = true;
        p->used_ms = now_ms;
    }
    return p->on;
}

void thimble_point_password(char to[THIMBLE_POINT_PASSWORD + 1],
                            const uint8_t random[THIMBLE_POINT_PASSWORD])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";       /* 32 of them */

    for (unsigned i = 0; i < THIMBLE_POINT_PASSWORD; i++)
        to[i] = letters[random[i] % 32];
    to[THIMBLE_POINT_PASSWORD] = '\0';
}
