/* SPDX-License-Identifier: MIT
 *
 * read.c: bytes of a file to settings, one line at a time.
 *
 *     collect      bytes to a line, without its end and the blanks before it
 *     take_line    only lines that are sound (UTF-8, not too long) are taken apart, into a section's name or KEY = VALUE
 *     take_key     by the table, checked by values.c
 *
 * Layer 6.  The file is hostile: it is as long as it likes, and what it says is checked.
 */
#include "table.h"

#include <string.h>

#include "../core/utf8.h"

/* No line may be longer, so no value can. */
enum { LINE_MAX_CHARS = 198, SECTION_NAME_MAX = 40 };

struct reader {
    struct th_reporter to;
    const struct thimble_settings_source *source;
    uint32_t n_bytes;
    uint16_t line;
    int  ahead;                     /* a byte that was read too early, or NONE */
    bool ended;

    unsigned section;               /* th_sections[]; TH_SECTION_COUNT: none */
    unsigned unit;
    bool skipping;                  /* keys of a section that was refused */
};

enum { NONE = -3 };

/* A mistake that may concern a section that is served: it must not be. */
static void spoil(struct reader *r)
{
    struct thimble_settings_head *head;

    if (r->section == TH_SECTION_COUNT || r->skipping) {
        r->to.s->fatal = true;
        return;
    }
    head = th_section_of(r->to.s, r->section, r->unit);
    if (th_sections[r->section].strict)
        head->bad = true;
}

static void refuse_line(struct reader *r, const char *why)
{
    struct th_sentence t;

    th_sentence_init(&t);
    th_put(&t.sink, why);
    spoil(r);
    th_problem(&r->to, r->line, &t);
}

/* The file is no text that could be read on. */
static void refuse_file(struct reader *r, const char *why)
{
    struct th_sentence t;

    th_sentence_init(&t);
    th_put(&t.sink, why);
    r->to.s->fatal = true;
    r->ended = true;
    th_problem(&r->to, r->line, &t);
}

/* --------------------------------------------------------------------------------------
 * Bytes to lines
 */

static int get(struct reader *r)
{
    int c = r->ahead;

    r->ahead = NONE;
    if (c == NONE)
        c = r->ended ? THIMBLE_SETTINGS_END : r->source->get(r->source->ctx);
    if (c < 0) {
        if (c != THIMBLE_SETTINGS_END)
            refuse_file(r, "the file cannot be read to its end");
        r->ended = true;
        return THIMBLE_SETTINGS_END;
    }
    if (++r->n_bytes > THIMBLE_SETTINGS_FILE_MAX) {
        refuse_file(r, "the file is longer than 64 KiB: this is no settings file");
        return THIMBLE_SETTINGS_END;
    }
    return c;
}

static const char utf16[] =
    "the file is UTF-16; save it as UTF-8 (Notepad: Save as, Encoding: UTF-8)";

/* The first bytes tell what an editor made of the file; a byte order mark of UTF-8 is passed over. */
static void begin(struct reader *r)
{
    int c = get(r);

    if (c == 0xff || c == 0xfe || c == 0) {
        refuse_file(r, utf16);
        return;
    }
    if (c != 0xef) {
        if (c >= 0) {
            r->ahead = c;
            r->n_bytes--;
        }
        return;
    }
    int second = get(r), third = get(r);
    if (second != 0xbb || third != 0xbf)
        refuse_file(r, "the file does not begin with text; save it as UTF-8");
}

/* Collects a line without its end (LF, CR LF or CR) and the blanks before it.  Returns its length, beyond LINE_MAX_CHARS if
 * it is longer; -1: there are no more. */
static int collect(struct reader *r, char text[LINE_MAX_CHARS + 1])
{
    const int room = LINE_MAX_CHARS;
    int len = 0, c = get(r);

    if (c < 0)
        return -1;
    for (; c >= 0 && c != '\n' && c != '\r'; c = get(r)) {
        if (c == 0) {
            refuse_file(r, r->n_bytes == 2 ? utf16 : "a zero byte: this is no text file");
            return -1;
        }
        if (len == 0 && (c == ' ' || c == '\t'))
            continue;
        if (len < room)
            text[len] = (char)c;
        if (len <= room)
            len++;
    }
    if (c == '\r') {
        c = get(r);
        if (c != '\n' && c >= 0) {
            r->ahead = c;
            r->n_bytes--;
        }
    }
    text[len < room ? len : room] = '\0';
    return len;
}

/* NULL: nothing but text. */
static const char *text_problem(const char *text)
{
    const uint8_t *c = (const uint8_t *)text, *end = c + strlen(text);

    while (c < end) {
        if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
            return "a character that cannot be seen; write the line anew";
        size_t n = th_utf8_character(c, (size_t)(end - c));
        if (n == 0)
            return "a character that is not UTF-8; save the file as UTF-8";
        c += n;
    }
    return NULL;
}

/* "[lun 0]", and after it nothing but a comment. */
static bool is_section(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_ \t";
    size_t len = strspn(text + 1, letters);

    if (len > SECTION_NAME_MAX || text[1 + len] != ']')
        return false;
    text += len + 2;
    size_t blanks = strspn(text, " \t");
    return !text[blanks] || (blanks && (text[blanks] == ';' || text[blanks] == '#'));
}

/* --------------------------------------------------------------------------------------
 * Sections
 */

/* "lun 12" to "lun" and 12; a name alone has the number that is the section's first.  False: not
 * so. */
static bool split_name(char *name, unsigned *section, unsigned *number)
{
    size_t len = strcspn(name, " \t");
    char *digits = name + len + strspn(name + len, " \t");
    unsigned v = 0;
    size_t n_digits = strspn(digits, "0123456789");

    name[len] = '\0';
    for (*section = 0; *section < TH_SECTION_COUNT; ++*section)
        if (th_word_equal(name, th_sections[*section].name))
            break;
    if (*section == TH_SECTION_COUNT)
        return false;
    *number = th_sections[*section].first;
    if (!*digits)
        return true;
    if (n_digits > 3 || digits[n_digits + strspn(digits + n_digits, " \t")] ||
        th_sections[*section].count == 1)
        return false;
    for (size_t i = 0; i < n_digits; i++)
        v = v * 10 + (unsigned)(digits[i] - '0');
    *number = v;
    return n_digits > 0;
}

static void unknown_section(struct reader *r, const char *whole, const char *name)
{
    struct th_sentence t;
    const char *nearest = th_nearest_section(name);

    th_sentence_init(&t);
    th_put(&t.sink, "there is no section [");
    th_put(&t.sink, whole);
    th_put(&t.sink, "]");
    if (nearest) {
        th_put(&t.sink, "; did you mean [");
        th_put(&t.sink, nearest);
        th_put(&t.sink, "]?");
    }
    r->to.s->fatal = true;
    th_problem(&r->to, r->line, &t);
}

static void no_such_number(struct reader *r, unsigned number)
{
    const struct th_section *section = &th_sections[r->section];
    struct th_sentence t;

    th_sentence_init(&t);
    th_put(&t.sink, "[");
    th_put(&t.sink, section->name);
    th_put(&t.sink, " ");
    th_put_number(&t.sink, number);
    th_put(&t.sink, "]: this program has room for ");
    th_put_section(&t.sink, r->section, 0);
    th_put(&t.sink, " to ");
    th_put_section(&t.sink, r->section, section->count - 1u);
    th_problem(&r->to, r->line, &t);
}

static void enter_section(struct reader *r, const char *whole)
{
    char name[SECTION_NAME_MAX + 1];
    struct thimble_settings_head *head;
    unsigned number;

    while (*whole == ' ' || *whole == '\t')
        whole++;
    strncpy(name, whole, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    r->skipping = true;
    if (!split_name(name, &r->section, &number)) {
        r->section = TH_SECTION_COUNT;
        unknown_section(r, whole, name);
        return;
    }
    if (r->section == TH_SECTION_LUN)
        r->to.s->any_lun = true;
    if (number < th_sections[r->section].first ||
        number - th_sections[r->section].first >= th_sections[r->section].count) {
        no_such_number(r, number);
        return;
    }
    r->skipping = false;
    r->unit = number - th_sections[r->section].first;
    head = th_section_of(r->to.s, r->section, r->unit);
    head->present = true;
    if (!head->line)
        head->line = r->line;
}

/* --------------------------------------------------------------------------------------
 * Keys
 */

/* Takes the quotes off, in place.  False: they are not as they should be. */
static bool unquote(char *value)
{
    char *in = value, *out = value;
    bool closed = false;

    if (*in++ != '"')
        return true;
    for (; *in && !closed; in++) {
        closed = in[0] == '"' && in[1] != '"';
        if (closed)
            continue;
        if (*in == '"')
            in++;                       /* two of them stand for one */
        *out++ = *in;
    }
    if (!closed || *in)
        return false;
    *out = '\0';
    return true;
}

/* Begins a sentence about a key: "[lun 0] disk: ". */
static void about_key(const struct reader *r, const char *key, struct th_sentence *t)
{
    th_sentence_init(t);
    th_put_section(&t->sink, r->section, r->unit);
    th_put(&t->sink, " ");
    th_put(&t->sink, key);
    th_put(&t->sink, ": ");
}

/* Up to the first blank only: somebody may have forgotten the = before a password. */
static void first_word(char *text)
{
    text[strcspn(text, " \t")] = '\0';
}

static void unknown_key(struct reader *r, char *key)
{
    struct th_sentence t;

    first_word(key);
    about_key(r, key, &t);
    th_put(&t.sink, "there is no such key");
    const char *nearest = th_nearest_key(r->section, key);
    if (nearest) {
        th_put(&t.sink, "; did you mean ");
        th_put(&t.sink, nearest);
        th_put(&t.sink, "?");
    }
    for (unsigned i = 0; !nearest && i < TH_SECTION_COUNT; i++) {
        if (th_setting_find(i, key)) {
            th_put(&t.sink, " in this section; it belongs into [");
            th_put(&t.sink, th_sections[i].name);
            th_put(&t.sink, "]");
            break;
        }
    }
    spoil(r);
    th_problem(&r->to, r->line, &t);
}

/* The value itself, as far as it fits and may be told. */
static void put_quoted(const struct thimble_settings_sink *sink, const char *value)
{
    char text[48];
    size_t len = strlen(value);

    if (len >= sizeof text)
        len = sizeof text - 1;
    while (value[len] && (value[len] & 0xc0) == 0x80)
        len--;
    memcpy(text, value, len);
    text[len] = '\0';
    th_put(sink, "\"");
    th_put(sink, text);
    th_put(sink, value[len] ? "...\"" : "\"");
}

static void wrong_value(struct reader *r, const struct th_setting *row, const char *value,
                        enum th_set_result result)
{
    const char *why = row->kind == TH_SET_NAME ? thimble_name_problem(value) : NULL;
    struct th_sentence t;

    about_key(r, row->key, &t);
    if (result == TH_SET_NO_ROOM) {
        th_put(&t.sink, "there is no room left for it; the file has too many names and texts");
    } else {
        if (row->flags & TH_SET_SECRET)
            th_put(&t.sink, "the value");
        else if (*value)
            put_quoted(&t.sink, value);
        else
            th_put(&t.sink, "no value");
        th_put(&t.sink, " is wrong; write ");
        th_put_expected(&t.sink, row);
        if (why && !strpbrk(value, ", ")) {
            th_put(&t.sink, ": ");
            th_put(&t.sink, why);
        }
    }
    spoil(r);
    th_problem(&r->to, r->line, &t);
}

static void take_key(struct reader *r, char *key, char *value)
{
    const struct th_setting *row = th_setting_find(r->section, key);
    struct thimble_settings_head *head = th_section_of(r->to.s, r->section, r->unit);
    enum th_set_result result = TH_SET_WRONG;
    struct th_sentence t;

    if (!row) {
        unknown_key(r, key);
        return;
    }
    if ((head->given & th_given_bit(row)) && !(row->flags & TH_SET_LIST)) {
        about_key(r, row->key, &t);
        th_put(&t.sink, "the second time in this section; keep one of them");
        spoil(r);
        th_problem(&r->to, r->line, &t);
        return;
    }
    if (!unquote(value)) {
        about_key(r, row->key, &t);
        th_put(&t.sink, "a value in quotes begins and ends with one; write two of them for one in it");
        spoil(r);
        th_problem(&r->to, r->line, &t);
        return;
    }
    head->given |= th_given_bit(row);
    if (*value)
        result = th_value_set(r->to.s, row, r->unit, value, r->line);
    if (result != TH_SET_OK) {
        head->given &= ~th_given_bit(row);
        wrong_value(r, row, value, result);
    }
}

/* --------------------------------------------------------------------------------------
 * Lines
 */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void drop_blanks_at_end(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    text[len] = '\0';
}

/* ; or # after a blank begins a comment; not within quotes. */
static void drop_comment(char *value)
{
    bool quoted = *value == '"', in_quotes = false;

    for (char *c = value; *c; c++) {
        if (quoted && *c == '"')
            in_quotes = !in_quotes;
        else if (!in_quotes && (*c == ';' || *c == '#') && is_blank(c[-1])) {
            *c = '\0';
            return;
        }
    }
}

/* "KEY = VALUE", or with a colon. */
static void take_setting(struct reader *r, char *text)
{
    char *end = text;
    struct th_sentence t;

    while (*end && *end != '=' && *end != ':' && !(*end == ';' && is_blank(end[-1])))
        end++;
    if (*end != '=' && *end != ':') {
        refuse_line(r, "not a setting; write KEY = VALUE, or ; before a comment");
        return;
    }
    *end = '\0';
    char *value = end + 1 + strspn(end + 1, " \t");
    drop_comment(value);
    drop_blanks_at_end(value);
    drop_blanks_at_end(text);

    if (r->skipping)
        return;
    if (r->section == TH_SECTION_COUNT) {
        first_word(text);
        th_sentence_init(&t);
        th_put(&t.sink, text);
        th_put(&t.sink, ": a [section] must stand before the first key");
        r->to.s->fatal = true;
        th_problem(&r->to, r->line, &t);
        return;
    }
    take_key(r, text, value);
}

/* len: as collect() returned it. */
static void take_line(struct reader *r, char *text, int len)
{
    const char *why;

    if (len == 0 || text[0] == ';' || text[0] == '#')
        return;
    if (len > LINE_MAX_CHARS) {
        struct th_sentence t;
        th_sentence_init(&t);
        th_put(&t.sink, "the line is longer than ");
        th_put_number(&t.sink, LINE_MAX_CHARS);
        th_put(&t.sink, " characters");
        spoil(r);
        th_problem(&r->to, r->line, &t);
    } else if ((why = text_problem(text)) != NULL) {
        refuse_line(r, why);
    } else if (text[0] != '[') {
        take_setting(r, text);
    } else if (is_section(text)) {
        text[strcspn(text, "]")] = '\0';
        enter_section(r, text + 1);
    } else {
        r->section = TH_SECTION_COUNT;
        refuse_line(r, "not a section; write its name in brackets on a line of its own, such as [lun 0]");
        r->skipping = true;
    }
}

bool thimble_settings_read(struct thimble_settings *s, const struct thimble_settings_source *source,
                           const struct thimble_settings_report *report)
{
    struct reader r = {
        .to = { .s = s, .report = report }, .source = source, .line = 1, .ahead = NONE,
        .section = TH_SECTION_COUNT,
    };
    char text[LINE_MAX_CHARS + 1];
    int len;

    thimble_settings_init(s);
    begin(&r);
    while ((len = collect(&r, text)) >= 0) {
        take_line(&r, text, len);
        if (r.line < UINT16_MAX)
            r.line++;
    }
    th_settings_check(&r.to);
    return thimble_settings_usable(s);
}
