/* SPDX-License-Identifier: MIT
 *
 * read.c: bytes of a file to settings, by way of inih.
 *
 *     next_line    hands inih one line at a time: without its end and the blanks before it, and only lines that
 *                  are sound (UTF-8, not too long), so inih is never at a loss
 *     take         is called by inih with section, key and value
 *
 * inih tells neither its caller's line number nor a section without keys, and its first mistake only.  Since it
 * asks for a line when it is done with the one before, next_line knows all three: the number, that no
 * key came of a line, and after each section it slips in a line of its own, by which take() learns of it.
 *
 * Layer 6.  The file is hostile: it is as long as it likes, and what it says is checked by values.c.
 */
#include "table.h"

#if defined(__has_include)
#if __has_include(<ini.h>)

#include <ini.h>
#include <string.h>

/* Stand for blanks within quotes, where they begin no comment; in a file they are refused. */
enum { QUOTED_BLANK = 0x1f, QUOTED_TAB = 0x1e };

/* inih cuts longer names of sections. */
enum { SECTION_NAME_MAX = 40 };

#define SECTION_TOLD "@"

struct reader {
    struct th_reporter to;
    const struct thimble_settings_source *source;
    uint32_t n_bytes;
    uint16_t line;
    int  ahead;                     /* a byte that was read too early, or NONE */
    bool ended;
    char *text;                     /* the line that inih works on */

    bool key_expected;              /* the line must yield a key */
    bool section_expected;          /* the line is [a section] */
    bool telling;                   /* the line is ours, not the file's */

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

/* Collects a line without its end (LF, CR LF or CR) and the blanks before it: inih would take an indented line for
 * a part of the one above.  Returns its length, beyond room if it is longer; -1: there are no more. */
static int collect(struct reader *r, char *text, int room)
{
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

/* Bytes of one character of UTF-8 (RFC 3629), 0: it is none. */
static unsigned utf8_len(const uint8_t *c)
{
    unsigned n = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3
                 : c[0] < 0xf5 ? 4 : 0;

    for (unsigned i = 1; i < n; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
        (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
        return 0;
    return n;
}

/* NULL: nothing but text. */
static const char *text_problem(const char *text)
{
    const uint8_t *c = (const uint8_t *)text;

    while (*c) {
        if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
            return "a character that cannot be seen; write the line anew";
        unsigned n = utf8_len(c);
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

/* A value in quotes keeps its blanks; elsewhere a # after a blank begins a comment, as ; does. */
static void mark_comments(char *text)
{
    char *c = text + strcspn(text, "=:");
    bool in_quotes = false;

    if (*c)
        c++;
    c += strspn(c, " \t");
    bool quoted = *c == '"';
    for (; *c; c++) {
        if (quoted && *c == '"')
            in_quotes = !in_quotes;
        else if (in_quotes && *c == ' ')
            *c = QUOTED_BLANK;
        else if (in_quotes && *c == '\t')
            *c = QUOTED_TAB;
        else if (!in_quotes && *c == '#' && (c[-1] == ' ' || c[-1] == '\t'))
            *c = ';';
    }
}

/* Makes a line fit for inih, or nothing of it.  len: as collect() returned it. */
static void prepare(struct reader *r, char *text, int len, int room)
{
    const char *why;

    if (text[0] == ';' || text[0] == '#' || len == 0) {
        text[0] = '\0';
        return;
    }
    if (len > room) {
        struct th_sentence t;
        th_sentence_init(&t);
        th_put(&t.sink, "the line is longer than ");
        th_put_number(&t.sink, (unsigned)room);
        th_put(&t.sink, " characters");
        spoil(r);
        th_problem(&r->to, r->line, &t);
        text[0] = '\0';
    } else if ((why = text_problem(text)) != NULL) {
        refuse_line(r, why);
        text[0] = '\0';
    } else if (text[0] == '[' && !is_section(text)) {
        r->section = TH_SECTION_COUNT;
        refuse_line(r, "not a section; write its name in brackets on a line of its own, such as [lun 0]");
        r->skipping = true;
        text[0] = '\0';
    } else if (text[0] == '[') {
        r->section_expected = true;
    } else {
        mark_comments(text);
        r->key_expected = true;
    }
}

/* The `reader` of inih: as fgets(). */
static char *next_line(char *text, int size, void *stream)
{
    struct reader *r = stream;
    int room = size - 2;                /* "\n" and the zero go behind a line */

    r->text = text;
    if (r->key_expected) {
        r->key_expected = false;
        refuse_line(r, "not a setting; write KEY = VALUE, or ; before a comment");
    }
    if (r->section_expected) {
        r->section_expected = false;
        r->telling = true;
        memcpy(text, SECTION_TOLD "=\n", sizeof SECTION_TOLD "=\n");
        return text;
    }

    r->telling = false;
    if (r->line < UINT16_MAX)
        r->line++;
    int len = collect(r, text, room);
    if (len < 0)
        return NULL;
    prepare(r, text, len, room);
    len = (int)strlen(text);
    memcpy(text + len, "\n", 2);
    return text;
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
        *out++ = (char)(*in == QUOTED_BLANK ? ' ' : *in == QUOTED_TAB ? '\t' : *in);
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

/* The `handler` of inih.  What it is given stands in r->text, but for the section. */
static int take(void *user, const char *section, const char *name, const char *value)
{
    struct reader *r = user;

    if (r->telling) {
        enter_section(r, section);
        return 1;
    }
    r->key_expected = false;
    if (r->skipping)
        return 1;
    if (r->section == TH_SECTION_COUNT) {
        char *key = r->text + (name - r->text);
        struct th_sentence t;
        first_word(key);
        th_sentence_init(&t);
        th_put(&t.sink, key);
        th_put(&t.sink, ": a [section] must stand before the first key");
        r->to.s->fatal = true;
        th_problem(&r->to, r->line, &t);
        return 1;
    }
    take_key(r, r->text + (name - r->text), r->text + (value - r->text));
    return 1;
}

bool thimble_settings_read(struct thimble_settings *s, const struct thimble_settings_source *source,
                           const struct thimble_settings_report *report)
{
    struct reader r = {
        .to = { .s = s, .report = report }, .source = source, .line = 1, .ahead = NONE,
        .section = TH_SECTION_COUNT,
    };

    thimble_settings_init(s);
    begin(&r);
    r.line = 0;
    ini_parse_stream(next_line, &r, take, &r);
    th_settings_check(&r.to);
    return thimble_settings_usable(s);
}

#endif
#endif
