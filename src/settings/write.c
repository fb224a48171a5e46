/* SPDX-License-Identifier: MIT
 *
 * write.c: values back to text: sentences about mistakes, and settings as a file.
 *
 * What is written means the same when it is read: what was not given is a comment with its
 * default, and what is not served for a mistake gets a line that is a mistake again.  Layer 6.
 */
#include "table.h"

#include <string.h>

void th_put(const struct thimble_settings_sink *sink, const char *text)
{
    sink->put(sink->ctx, text);
}

void th_put_number(const struct thimble_settings_sink *sink, uint64_t number)
{
    char text[21];
    char *at = text + sizeof text - 1;

    *at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    th_put(sink, at);
}

void th_put_size(const struct thimble_settings_sink *sink, uint64_t bytes)
{
    static const char units[][2] = { "", "K", "M", "G", "T" };
    unsigned unit = 0;

    for (; bytes && bytes % 1024 == 0 && unit < 4; unit++)
        bytes /= 1024;
    th_put_number(sink, bytes);
    th_put(sink, units[unit]);
}

void th_put_section(const struct thimble_settings_sink *sink, unsigned section, unsigned unit)
{
    th_put(sink, "[");
    th_put(sink, th_sections[section].name);
    if (th_sections[section].count > 1) {
        th_put(sink, " ");
        th_put_number(sink, unit + th_sections[section].first);
    }
    th_put(sink, "]");
}

/* --------------------------------------------------------------------------------------
 * What a key takes
 */

/* "error|warning|info" as "error, warning or info". */
static void put_choice(const struct thimble_settings_sink *sink, const char *words)
{
    char word[12];

    for (;;) {
        size_t len = strcspn(words, "|");
        if (len < sizeof word) {
            memcpy(word, words, len);
            word[len] = '\0';
            th_put(sink, word);
        }
        if (!words[len])
            return;
        words += len + 1;
        th_put(sink, strchr(words, '|') ? ", " : " or ");
    }
}

static void put_range(const struct thimble_settings_sink *sink, uint64_t min, uint64_t max)
{
    th_put_number(sink, min);
    if (min == max)
        return;
    th_put(sink, " to ");
    th_put_number(sink, max);
}

static void put_sizes(const struct thimble_settings_sink *sink, const struct th_setting *row)
{
    th_put(sink, "a size such as 64K, 256M or 4G, from ");
    th_put_size(sink, row->min);
    if (row->max) {
        th_put(sink, " to ");
        th_put_size(sink, row->max);
    }
}

void th_put_expected(const struct thimble_settings_sink *sink, const struct th_setting *row)
{
    switch (row->kind) {
    case TH_SET_BOOL:
        th_put(sink, "yes or no");
        return;
    case TH_SET_NUMBER:
        th_put(sink, "a number from ");
        put_range(sink, row->min, row->max);
        return;
    case TH_SET_SIZE:
        put_sizes(sink, row);
        return;
    case TH_SET_SECONDS:
        th_put(sink, "seconds from ");
        put_range(sink, row->min, row->max);
        break;
    case TH_SET_WORD:
        put_choice(sink, row->words);
        return;
    case TH_SET_ADDRESS:
        th_put(sink, "an IPv4 address such as 192.168.1.1");
        return;
    case TH_SET_ENDPOINT:
        th_put(sink, "an IPv4 address, perhaps with a port (otherwise ");
        th_put_number(sink, row->min);
        th_put(sink, "), such as 192.168.1.1 or 192.168.1.1:5514");
        return;
    case TH_SET_SUBNET:
        th_put(sink, "an IPv4 address and the length of its prefix, such as 192.168.1.50/24");
        break;
    case TH_SET_TEXT:
        th_put(sink, "text of ");
        put_range(sink, row->min, row->max);
        th_put(sink, " bytes");
        return;
    case TH_SET_ASCII:
        put_range(sink, row->min, row->max);
        th_put(sink, " characters of ASCII");
        return;
    case TH_SET_HOSTNAME:
        put_range(sink, row->min, row->max);
        th_put(sink, " letters, digits and hyphens");
        return;
    case TH_SET_COUNTRY:
        th_put(sink, "two letters such as DE");
        return;
    case TH_SET_NAME:
        th_put(sink, "an iSCSI name such as " THIMBLE_SETTINGS_NAME);
        return;
    case TH_SET_VIEW:
        th_put(sink, "an iSCSI name or *, perhaps with lun=N (");
        put_range(sink, 0, THIMBLE_LUNS_MAX - 1);
        th_put(sink, ") or read-only behind it");
        return;
    case TH_SET_DISK:
        th_put(sink, "card, partition N, file NAME, flash, psram or ram SIZE");
        return;
    case TH_SET_PIN:
        th_put(sink, "a pin's number from ");
        put_range(sink, row->min, row->max);
        th_put(sink, ", or none");
        return;
    }
    if (row->words) {
        th_put(sink, ", or ");
        th_put(sink, row->words);
    }
}

/* --------------------------------------------------------------------------------------
 * Sentences
 */

static void put_in_sentence(void *ctx, const char *text)
{
    struct th_sentence *t = ctx;
    size_t len = strlen(text), room = sizeof t->text - 1 - t->used;

    if (len > room) {
        len = room;
        while (len && ((uint8_t)text[len] & 0xc0) == 0x80)
            len--;                      /* not in the middle of a character */
    }
    memcpy(t->text + t->used, text, len);
    t->used += len;
    t->text[t->used] = '\0';
}

void th_sentence_init(struct th_sentence *t)
{
    t->sink = (struct thimble_settings_sink){ .put = put_in_sentence, .ctx = t };
    t->used = 0;
    t->text[0] = '\0';
}

void th_problem(const struct th_reporter *r, uint16_t line, const struct th_sentence *t)
{
    struct thimble_settings_problem problem = { .line = line, .text = t->text };

    if (r->s->n_problems < UINT16_MAX)
        r->s->n_problems++;
    if (r->report && r->report->problem)
        r->report->problem(r->report->ctx, &problem);
}

/* --------------------------------------------------------------------------------------
 * Values
 */

/* With blanks around the "=" a line is easier to read, without them more fits into it. */
enum { LONG_VALUE = 64 };

static bool needs_quotes(const char *value, bool tight)
{
    size_t len = strlen(value);

    if (value[0] == '"' || value[0] == ' ' || value[0] == '\t' ||
        (len && (value[len - 1] == ' ' || value[len - 1] == '\t')))
        return true;
    if (!tight && (value[0] == ';' || value[0] == '#'))
        return true;
    for (size_t i = 1; i < len; i++) {
        bool after_blank = value[i - 1] == ' ' || value[i - 1] == '\t';
        if (after_blank && (value[i] == ';' || value[i] == '#'))
            return true;                /* a comment would begin there */
    }
    return false;
}

static void put_quoted(const struct thimble_settings_sink *sink, const char *value)
{
    th_put(sink, "\"");
    for (; *value; value++) {
        char c[2] = { *value, '\0' };
        th_put(sink, c);
        if (*value == '"')
            th_put(sink, c);
    }
    th_put(sink, "\"");
}

static void put_text_line(const struct thimble_settings_sink *sink, const char *key,
                          const char *value)
{
    bool tight = strlen(value) >= LONG_VALUE;

    th_put(sink, key);
    th_put(sink, tight ? "=" : " = ");
    if (needs_quotes(value, tight))
        put_quoted(sink, value);
    else
        th_put(sink, value);
    th_put(sink, "\n");
}

static void put_ip(const struct thimble_settings_sink *sink, const uint8_t ip[4])
{
    for (int i = 0; i < 4; i++) {
        th_put(sink, i ? "." : "");
        th_put_number(sink, ip[i]);
    }
}

static void put_word(const struct thimble_settings_sink *sink, const char *words,
                     unsigned place)
{
    char word[12];

    while (--place > 0)
        words += strcspn(words, "|") + 1;
    size_t len = strcspn(words, "|");
    if (len >= sizeof word)
        return;
    memcpy(word, words, len);
    word[len] = '\0';
    th_put(sink, word);
}

static uint64_t get_number(const struct th_setting *row, const void *field)
{
    uint8_t v8;
    uint16_t v16;
    uint32_t v32;
    uint64_t v64;

    switch (row->bytes) {
    case 1:  memcpy(&v8, field, 1);  return v8;
    case 2:  memcpy(&v16, field, 2); return v16;
    case 4:  memcpy(&v32, field, 4); return v32;
    default: memcpy(&v64, field, 8); return v64;
    }
}

/* Zero, where zero is not among the values: nothing was given, or it has been taken back. */
static bool is_nothing(const struct th_setting *row, const void *field)
{
    static const uint8_t zeros[4];

    switch (row->kind) {
    case TH_SET_BOOL:    return false;
    case TH_SET_ADDRESS: return memcmp(field, zeros, 4) == 0;
    case TH_SET_SUBNET: {
        struct thimble_settings_address a;
        memcpy(&a, field, sizeof a);
        return !a.prefix && !row->words;
    }
    case TH_SET_ENDPOINT: {
        struct thimble_settings_endpoint e;
        memcpy(&e, field, sizeof e);
        return e.port == 0;
    }
    case TH_SET_DISK:    return false;
    case TH_SET_NUMBER:
    case TH_SET_SIZE:
    case TH_SET_SECONDS: return row->min && !get_number(row, field);
    default:             return !get_number(row, field);
    }
}

static void put_number_value(const struct thimble_settings_sink *sink,
                             const struct th_setting *row, uint64_t v)
{
    if (row->kind == TH_SET_SIZE)
        th_put_size(sink, v);
    else if (row->kind == TH_SET_WORD)
        put_word(sink, row->words, (unsigned)v);
    else if (row->kind == TH_SET_PIN && v == 255)
        th_put(sink, "none");
    else if (row->kind == TH_SET_PIN)
        th_put_number(sink, v - 1);
    else if (row->kind == TH_SET_SECONDS && row->words && v == THIMBLE_SETTINGS_NEVER)
        th_put(sink, row->words);
    else
        th_put_number(sink, v);
}

static void put_disk_line(const struct thimble_settings *s,
                          const struct thimble_settings_sink *sink, const char *key,
                          const struct thimble_settings_disk *d)
{
    if (d->kind == THIMBLE_DISK_FILE) {             /* quotes go around all of it */
        char value[5 + 255 + 1] = "file ";
        strncat(value, s->text + d->file, sizeof value - 6);
        put_text_line(sink, key, value);
        return;
    }
    th_put(sink, key);
    th_put(sink, " = ");
    switch (d->kind) {
    case THIMBLE_DISK_PARTITION:
        th_put(sink, "partition ");
        th_put_number(sink, d->partition);
        break;
    case THIMBLE_DISK_FLASH: th_put(sink, "flash"); break;
    case THIMBLE_DISK_PSRAM: th_put(sink, "psram"); break;
    case THIMBLE_DISK_RAM:
        th_put(sink, "ram ");
        th_put_size(sink, d->ram_bytes);
        break;
    default: th_put(sink, "card"); break;
    }
    th_put(sink, "\n");
}

static void put_line(const struct thimble_settings *s, const struct thimble_settings_sink *sink,
                     const struct th_setting *row, unsigned unit, bool with_secrets)
{
    const void *field = (const char *)th_section_in(s, row->section, unit) + row->at;
    struct thimble_settings_address a;
    struct thimble_settings_endpoint e;
    bool flag;

    switch (row->kind) {
    case TH_SET_TEXT:
    case TH_SET_ASCII:
    case TH_SET_HOSTNAME:
    case TH_SET_COUNTRY:
    case TH_SET_NAME:
        if ((row->flags & TH_SET_SECRET) && !with_secrets)
            put_text_line(sink, row->key, "***");
        else
            put_text_line(sink, row->key, s->text + get_number(row, field));
        return;
    case TH_SET_DISK:
        put_disk_line(s, sink, row->key, field);
        return;
    default:
        break;
    }
    th_put(sink, row->key);
    th_put(sink, " = ");
    switch (row->kind) {
    case TH_SET_BOOL:
        memcpy(&flag, field, sizeof flag);
        th_put(sink, flag ? "yes" : "no");
        break;
    case TH_SET_ADDRESS:
        put_ip(sink, field);
        break;
    case TH_SET_ENDPOINT:
        memcpy(&e, field, sizeof e);
        put_ip(sink, e.ip);
        th_put(sink, ":");
        th_put_number(sink, e.port);
        break;
    case TH_SET_SUBNET:
        memcpy(&a, field, sizeof a);
        if (a.prefix) {
            put_ip(sink, a.ip);
            th_put(sink, "/");
            th_put_number(sink, a.prefix);
        } else {
            th_put(sink, row->words);
        }
        break;
    default:
        put_number_value(sink, row, get_number(row, field));
        break;
    }
    th_put(sink, "\n");
}

/* "iqn.2001-04.com.example:a lun=0 read-only" */
static void put_view(const struct thimble_settings_sink *sink, const char *key, const char *name,
                     const struct thimble_settings_entry *e)
{
    th_put(sink, key);
    th_put(sink, " = ");
    th_put(sink, name);
    if (e->lun != THIMBLE_SETTINGS_OWN_LUN) {
        th_put(sink, " lun=");
        th_put_number(sink, e->lun);
    }
    th_put(sink, e->read_only ? " read-only\n" : "\n");
}

static void put_entries(const struct thimble_settings *s,
                        const struct thimble_settings_sink *sink, const struct th_setting *row,
                        unsigned unit)
{
    for (const struct thimble_settings_entry *e = s->entry; e < s->entry + s->n_entries; e++) {
        if (&th_settings[e->row] != row || e->unit != unit)
            continue;
        if (row->kind == TH_SET_VIEW)
            put_view(sink, row->key, s->text + e->text, e);
        else
            put_text_line(sink, row->key, s->text + e->text);
    }
}

/* --------------------------------------------------------------------------------------
 * Whole settings
 */

static void write_section(const struct thimble_settings *s,
                          const struct thimble_settings_sink *sink, unsigned section,
                          unsigned unit, bool with_secrets)
{
    const struct thimble_settings_head *head = th_section_in(s, section, unit);

    th_put(sink, "\n");
    th_put_section(sink, section, unit);
    th_put(sink, "\n");
    if (head->bad)
        th_put(sink, "a mistake was here; this section is not served\n");
    for (const struct th_setting *row = th_settings; row < th_settings + th_n_settings; row++) {
        if (row->section != section)
            continue;
        if (row->flags & TH_SET_LIST) {
            put_entries(s, sink, row, unit);
            continue;
        }
        if (is_nothing(row, (const char *)head + row->at))
            continue;
        if (!(head->given & th_given_bit(row))) {
            if (!row->fallback)
                continue;
            th_put(sink, "; ");
        }
        put_line(s, sink, row, unit, with_secrets);
    }
}

void th_settings_write(const struct thimble_settings *s,
                       const struct thimble_settings_sink *sink, bool with_secrets)
{
    th_put(sink, "; Lines that begin with ; show defaults.\n");
    if (!thimble_settings_usable(s))
        th_put(sink, "a mistake was in the file; nothing of it is served\n");
    for (unsigned section = 0; section < TH_SECTION_COUNT; section++) {
        for (unsigned unit = 0; unit < th_sections[section].count; unit++) {
            const struct thimble_settings_head *head = th_section_in(s, section, unit);
            if (head->present)
                write_section(s, sink, section, unit, with_secrets);
        }
    }
}

void thimble_settings_write(const struct thimble_settings *s,
                            const struct thimble_settings_sink *sink)
{
    th_settings_write(s, sink, false);
}
