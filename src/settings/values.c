/* SPDX-License-Identifier: MIT
 *
 * values.c: the value of a key, from its text into its field.
 *
 * Pure.  Text comes from a file and is hostile: every length and range is checked against the key's row.
 * Layer 6; names of targets and initiators by RFC 7143 4.2.7.
 */
#include "table.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits at *at, moved behind them.  False: there are none, or they are over max. */
static bool take_number(const char **at, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;

    if (!is_digit(**at))
        return false;
    for (; is_digit(**at); (*at)++) {
        unsigned digit = (unsigned)(**at - '0');
        if (v > (max - digit) / 10 || digit > max)
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    return take_number(&text, max, value) && !*text && *value >= min;
}

bool thimble_size_parse(const char *text, uint64_t *bytes)
{
    static const char units[] = "kKmMgGtT";
    uint64_t most = UINT64_C(1) << 63;
    unsigned shift = 0;
    uint64_t v;

    if (!take_number(&text, most, &v))
        return false;
    if (*text) {
        const char *unit = strchr(units, *text);
        if (!unit || text[1])
            return false;
        shift = 10 * ((unsigned)(unit - units) / 2 + 1);
    }
    if (v > most >> shift)
        return false;
    *bytes = v << shift;
    return true;
}

/* --------------------------------------------------------------------------------------
 * iSCSI names, RFC 7143 4.2.7
 */

static bool is_hex(const char *text, size_t n)
{
    return strlen(text) == n && strspn(text, "0123456789abcdef") == n;
}

/* What stands behind "iqn.": year and month, a reversed domain name, and perhaps more. */
static const char *iqn_problem(const char *rest)
{
    static const char digits[] = "0123456789";

    if (strspn(rest, digits) != 4 || rest[4] != '-' || strspn(rest + 5, digits) != 2 ||
        rest[7] != '.' || memcmp(rest + 5, "01", 2) < 0 || memcmp(rest + 5, "12", 2) > 0)
        return "after \"iqn.\" come year and month, such as 2026-11, and a dot";
    const char *domain = rest + 8;
    size_t len = strcspn(domain, ":");
    if (len == 0 || domain[0] == '.' || domain[0] == '-' || domain[len - 1] == '.')
        return "after the date comes a reversed domain name, such as org.example";
    if (domain[len] == ':' && domain[len + 1] == '\0')
        return "something must follow the colon";
    return NULL;
}

const char *thimble_name_problem(const char *name)
{
    if (strlen(name) > 223)
        return "it is longer than 223 bytes";
    for (const char *c = name; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            return "it must be in lower case";
        bool good = is_letter(*c) || is_digit(*c) || *c == '.' || *c == '-' || *c == ':' ||
                    (*c & 0x80);
        if (!good)
            return "only letters, digits, '.', '-' and ':' may stand in it";
    }
    if (strncmp(name, "iqn.", 4) == 0)
        return iqn_problem(name + 4);
    if (strncmp(name, "eui.", 4) == 0)
        return is_hex(name + 4, 16) ? NULL : "16 hexadecimal digits must follow \"eui.\"";
    if (strncmp(name, "naa.", 4) == 0)
        return is_hex(name + 4, 16) || is_hex(name + 4, 32)
                   ? NULL
                   : "16 or 32 hexadecimal digits must follow \"naa.\"";
    return "it must begin with \"iqn.\", \"eui.\" or \"naa.\"";
}

/* --------------------------------------------------------------------------------------
 * Text
 */

/* Copies text to the others; 0: no room. */
static thimble_text keep_text(struct thimble_settings *s, const char *text, size_t len)
{
    thimble_text at = s->text_used;

    if (len >= sizeof s->text - at)
        return 0;
    memcpy(s->text + at, text, len);
    s->text[at + len] = '\0';
    s->text_used = (uint16_t)(at + len + 1);
    return at;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

static bool is_hostname(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!is_letter(*c) && !is_digit(*c) && (*c != '-' || c == text || !c[1]))
            return false;
    return true;
}

static bool text_fits(const struct th_setting *row, const char *text)
{
    size_t len = strlen(text);

    if (len < row->min || len > row->max)
        return false;
    switch (row->kind) {
    case TH_SET_NAME:     return thimble_name_problem(text) == NULL;
    case TH_SET_VIEW:     return strcmp(text, "*") == 0 || thimble_name_problem(text) == NULL;
    case TH_SET_HOSTNAME: return is_hostname(text);
    case TH_SET_COUNTRY:  return is_letter(text[0]) && is_letter(text[1]);
    case TH_SET_ASCII:    return is_ascii(text);
    default:              return true;          /* the reader has seen that it is UTF-8 */
    }
}

static enum th_set_result set_text(struct thimble_settings *s, const struct th_setting *row,
                                   thimble_text *field, const char *text)
{
    if (!text_fits(row, text))
        return TH_SET_WRONG;
    thimble_text at = keep_text(s, text, strlen(text));
    if (!at)
        return TH_SET_NO_ROOM;
    *field = at;
    return TH_SET_OK;
}

/* --------------------------------------------------------------------------------------
 * Lists: words between commas and blanks
 */

static enum th_set_result add_entry(struct thimble_settings *s, const struct th_setting *row,
                                    unsigned unit, const char *text, uint16_t line)
{
    if (!text_fits(row, text))
        return TH_SET_WRONG;
    if (s->n_entries == THIMBLE_SETTINGS_LIST)
        return TH_SET_NO_ROOM;
    thimble_text at = keep_text(s, text, strlen(text));
    if (!at)
        return TH_SET_NO_ROOM;
    s->entry[s->n_entries++] = (struct thimble_settings_entry){
        .row = (uint8_t)(row - th_settings), .unit = (uint8_t)unit, .line = line, .text = at,
        .lun = THIMBLE_SETTINGS_OWN_LUN,
    };
    return TH_SET_OK;
}

bool thimble_view_word(const char *word, uint8_t *lun, bool *read_only)
{
    uint64_t v;

    if (strncmp(word, "lun=", 4) == 0 && number(word + 4, 0, THIMBLE_LUNS_MAX - 1, &v)) {
        *lun = (uint8_t)v;
        return true;
    }
    if (!th_word_equal(word, "read-only"))
        return false;
    *read_only = true;
    return true;
}

/* The word is about the last entry, which this value began. */
static bool about_last(struct thimble_settings *s, const struct th_setting *row, const char *word, uint16_t n_before)
{
    if (row->kind != TH_SET_VIEW || s->n_entries == n_before)
        return false;
    struct thimble_settings_entry *last = &s->entry[s->n_entries - 1];
    return thimble_view_word(word, &last->lun, &last->read_only);
}

static enum th_set_result set_list(struct thimble_settings *s, const struct th_setting *row,
                                   unsigned unit, const char *value, uint16_t line)
{
    uint16_t n_before = s->n_entries, used_before = s->text_used;
    enum th_set_result result = TH_SET_WRONG;           /* no word at all */
    char word[224];

    while (*(value += strspn(value, ", \t"))) {
        size_t len = strcspn(value, ", \t");
        if (len >= sizeof word) {
            result = TH_SET_WRONG;
        } else {
            memcpy(word, value, len);
            word[len] = '\0';
            result = about_last(s, row, word, n_before) ? TH_SET_OK : add_entry(s, row, unit, word, line);
        }
        if (result != TH_SET_OK) {
            s->n_entries = n_before;
            s->text_used = used_before;
            return result;
        }
        value += len;
    }
    return result;
}

/* --------------------------------------------------------------------------------------
 * Addresses
 */

static bool take_address(const char **at, uint8_t ip[4])
{
    uint8_t bytes[4];

    for (int i = 0; i < 4; i++) {
        uint64_t v;
        if (i > 0 && *(*at)++ != '.')
            return false;
        /* No leading zeros: some read them as octal. */
        if (((*at)[0] == '0' && is_digit((*at)[1])) || !take_number(at, 255, &v))
            return false;
        bytes[i] = (uint8_t)v;
    }
    /* 0.0.0.0/8 and multicast are no addresses of a machine. */
    if (bytes[0] == 0 || bytes[0] >= 224)
        return false;
    memcpy(ip, bytes, 4);
    return true;
}

static bool parse_subnet(const struct th_setting *row, const char *text,
                         struct thimble_settings_address *a)
{
    uint64_t prefix;

    *a = (struct thimble_settings_address){ .prefix = 0 };
    if (row->words && th_word_equal(row->words, text))
        return true;
    if (!take_address(&text, a->ip) || *text++ != '/' || !number(text, 1, 30, &prefix))
        return false;
    a->prefix = (uint8_t)prefix;
    return true;
}

static bool parse_endpoint(const struct th_setting *row, const char *text,
                           struct thimble_settings_endpoint *e)
{
    uint64_t port = row->min;

    *e = (struct thimble_settings_endpoint){ .port = 0 };
    if (!take_address(&text, e->ip) || (*text && (*text++ != ':' || !number(text, 1, 65535, &port))))
        return false;
    e->port = (uint16_t)port;
    return true;
}

/* --------------------------------------------------------------------------------------
 * Disks
 */

/* "partition 2": the rest after the word and its blanks, NULL: another word. */
static const char *after_word(const char *text, const char *word)
{
    char first[12];
    size_t len = strcspn(text, " \t");

    if (len >= sizeof first)
        return NULL;
    memcpy(first, text, len);
    first[len] = '\0';
    return th_word_equal(first, word) ? text + len + strspn(text + len, " \t") : NULL;
}

static enum th_set_result set_disk(struct thimble_settings *s, const struct th_setting *row,
                                   struct thimble_settings_disk *field, const char *text)
{
    static const struct { char word[8]; uint8_t kind; } whole[] = {
        { "card", THIMBLE_DISK_CARD }, { "flash", THIMBLE_DISK_FLASH },
        { "psram", THIMBLE_DISK_PSRAM },
    };
    struct thimble_settings_disk d = { .kind = 0 };
    const char *rest;
    uint64_t v;

    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if ((rest = after_word(text, whole[i].word)) && !*rest)
            d.kind = whole[i].kind;
    if ((rest = after_word(text, "partition")) && number(rest, 1, 128, &v)) {
        d.kind = THIMBLE_DISK_PARTITION;
        d.partition = (uint8_t)v;
    } else if ((rest = after_word(text, "ram")) && thimble_size_parse(rest, &d.ram_bytes) &&
               d.ram_bytes >= 512) {
        d.kind = THIMBLE_DISK_RAM;
    } else if ((rest = after_word(text, "file")) && strlen(rest) >= row->min &&
               strlen(rest) <= row->max) {
        d.kind = THIMBLE_DISK_FILE;
        d.file = keep_text(s, rest, strlen(rest));
        if (!d.file)
            return TH_SET_NO_ROOM;
    }
    if (!d.kind)
        return TH_SET_WRONG;
    *field = d;
    return TH_SET_OK;
}

/* --------------------------------------------------------------------------------------
 * Small things
 */

static bool parse_bool(const char *text, bool *value)
{
    static const char words[][2][6] = {
        { "no", "yes" }, { "off", "on" }, { "false", "true" }, { "0", "1" },
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (int v = 0; v < 2; v++) {
            if (th_word_equal(text, words[i][v])) {
                *value = v;
                return true;
            }
        }
    }
    return false;
}

/* Place of a word among words, from 1; 0: it is none of them. */
static uint8_t word_place(const char *words, const char *text)
{
    char word[12];

    for (uint8_t place = 1;; place++) {
        size_t len = strcspn(words, "|");
        if (len < sizeof word) {
            memcpy(word, words, len);
            word[len] = '\0';
            if (th_word_equal(word, text))
                return place;
        }
        if (!words[len])
            return 0;
        words += len + 1;
    }
}

static void set_number(const struct th_setting *row, void *field, uint64_t v)
{
    uint8_t v8 = (uint8_t)v;
    uint16_t v16 = (uint16_t)v;
    uint32_t v32 = (uint32_t)v;

    switch (row->bytes) {
    case 1:  memcpy(field, &v8, 1);  break;
    case 2:  memcpy(field, &v16, 2); break;
    case 4:  memcpy(field, &v32, 4); break;
    default: memcpy(field, &v, 8);   break;
    }
}

static bool parse_number(const struct th_setting *row, const char *text, uint64_t *v)
{
    switch (row->kind) {
    case TH_SET_SECONDS:
        *v = THIMBLE_SETTINGS_NEVER;
        return (row->words && th_word_equal(row->words, text)) ||
               number(text, row->min, row->max, v);
    case TH_SET_SIZE:
        return thimble_size_parse(text, v) && *v >= row->min && (!row->max || *v <= row->max);
    case TH_SET_WORD:
        *v = word_place(row->words, text);
        return *v != 0;
    case TH_SET_PIN:
        *v = 255;
        if (th_word_equal("none", text))
            return true;
        if (!number(text, row->min, row->max, v))
            return false;
        (*v)++;
        return true;
    default:
        return number(text, row->min, row->max, v);
    }
}

enum th_set_result th_value_set(struct thimble_settings *s, const struct th_setting *row,
                                unsigned unit, const char *value, uint16_t line)
{
    void *field = (char *)th_section_of(s, row->section, unit) + row->at;
    uint64_t v;

    if (row->flags & TH_SET_LIST)
        return set_list(s, row, unit, value, line);
    switch (row->kind) {
    case TH_SET_BOOL:
        return parse_bool(value, field) ? TH_SET_OK : TH_SET_WRONG;
    case TH_SET_ADDRESS: {
        const char *at = value;
        uint8_t ip[4];
        if (!take_address(&at, ip) || *at)
            return TH_SET_WRONG;
        memcpy(field, ip, 4);
        return TH_SET_OK;
    }
    case TH_SET_SUBNET: {
        struct thimble_settings_address a;
        if (!parse_subnet(row, value, &a))
            return TH_SET_WRONG;
        memcpy(field, &a, sizeof a);
        return TH_SET_OK;
    }
    case TH_SET_ENDPOINT: {
        struct thimble_settings_endpoint e;
        if (!parse_endpoint(row, value, &e))
            return TH_SET_WRONG;
        memcpy(field, &e, sizeof e);
        return TH_SET_OK;
    }
    case TH_SET_DISK:
        return set_disk(s, row, field, value);
    case TH_SET_TEXT:
    case TH_SET_ASCII:
    case TH_SET_HOSTNAME:
    case TH_SET_COUNTRY:
    case TH_SET_NAME:
    case TH_SET_VIEW:
        return set_text(s, row, field, value);
    default:
        if (!parse_number(row, value, &v))
            return TH_SET_WRONG;
        set_number(row, field, v);
        return TH_SET_OK;
    }
}
