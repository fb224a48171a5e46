/* SPDX-License-Identifier: MIT
 *
 * table.h: sections and keys of thimble.ini as tables, and what is done with a row of them.
 *
 * Shared by the files of settings/ only.  A key is one row: its field in struct thimble_settings, the values that
 * it takes, its default as text.  Reading, writing, the example and the reference page all go by these
 * rows; nothing else knows a key's name.  Layer 6.
 */
#ifndef THIMBLE_SETTINGS_TABLE_H
#define THIMBLE_SETTINGS_TABLE_H

#include "settings.h"

enum th_setting_kind {
    TH_SET_BOOL,                /* bool */
    TH_SET_NUMBER,              /* uint8_t to uint32_t, min to max */
    TH_SET_SIZE,                /* bytes; K, M, G, T; min to max, 0: no limit */
    TH_SET_SECONDS,             /* uint16_t; `never` if words has it */
    TH_SET_WORD,                /* uint8_t: place in words, from 1 */
    TH_SET_ADDRESS,             /* uint8_t[4] */
    TH_SET_SUBNET,              /* struct thimble_settings_address; `dhcp` if words has it */
    TH_SET_ENDPOINT,            /* struct thimble_settings_endpoint; min: the port, if none is written */
    TH_SET_TEXT,                /* UTF-8, min to max bytes */
    TH_SET_ASCII,               /* the same in printable ASCII */
    TH_SET_HOSTNAME,
    TH_SET_COUNTRY,
    TH_SET_NAME,                /* iSCSI name, RFC 7143 4.2.7 */
    TH_SET_VIEW,                /* one, or "*", and how it sees a logical unit: in lists only */
    TH_SET_DISK,                /* struct thimble_settings_disk */
    TH_SET_PIN,                 /* uint8_t: 0 the board's own, 255 none, else number + 1 */
};

enum {
    TH_SET_HOST = 1, TH_SET_BOARD = 2, TH_SET_BOTH = 3,     /* where it has a meaning */
    TH_SET_SECRET = 4,
    TH_SET_LIST = 8,            /* may be repeated; kept in struct thimble_settings_entry */
};

struct th_setting {
    const char *key;
    const char *words;          /* separated by '|' */
    const char *fallback;       /* the default, written as in a file; NULL: none */
#if THIMBLE_SETTINGS_HELP
    const char *help;           /* half a sentence for the reference page */
#endif
    uint32_t min, max;
    uint16_t at;                /* of the field in the section's struct */
    uint8_t section, kind, flags;
    uint8_t bytes;              /* of the field */
};

enum th_section_id {
    TH_SECTION_NETWORK, TH_SECTION_WIFI, TH_SECTION_TARGET, TH_SECTION_DISCOVERY, TH_SECTION_LUN,
    TH_SECTION_CARD, TH_SECTION_PINS, TH_SECTION_LIGHTS, TH_SECTION_LOG, TH_SECTION_STATUS, TH_SECTION_SETUP,
    TH_SECTION_UPDATE, TH_SECTION_LIMITS, TH_SECTION_TIMEOUTS, TH_SECTION_COUNT
};

struct th_section {
    const char *name;
#if THIMBLE_SETTINGS_HELP
    const char *help;           /* sentences for the reference page */
#endif
    uint16_t at, stride;        /* of the first in struct thimble_settings, and to the next */
    uint8_t count, first;       /* how many there are; number of the first */
    bool strict;                /* a mistake in it keeps it from being served */
};

extern const struct th_section th_sections[TH_SECTION_COUNT];
extern const struct th_setting th_settings[];
extern const uint8_t th_n_settings;

/* The struct of a section, number `unit` from 0. */
static inline void *th_section_of(struct thimble_settings *s, unsigned section, unsigned unit)
{
    return (char *)s + th_sections[section].at + unit * th_sections[section].stride;
}

static inline const void *th_section_in(const struct thimble_settings *s, unsigned section,
                                        unsigned unit)
{
    return (const char *)s + th_sections[section].at + unit * th_sections[section].stride;
}

/* The bit of a key in its section's `given`. */
uint32_t th_given_bit(const struct th_setting *row);

/* The row of a key, NULL: there is none.  Case does not matter, and _ is as good as -. */
const struct th_setting *th_setting_find(unsigned section, const char *key);
bool th_word_equal(const char *a, const char *b);

/* The known name that is nearest to a mistyped one, or NULL: a section's, or with a section one of its keys. */
const char *th_nearest_section(const char *name);
const char *th_nearest_key(unsigned section, const char *key);

/* --------------------------------------------------------------------------------------
 * Values
 */
enum th_set_result { TH_SET_OK, TH_SET_WRONG, TH_SET_NO_ROOM };

/* Puts the value of a key into the settings; TH_SET_WRONG changes nothing. */
enum th_set_result th_value_set(struct thimble_settings *s, const struct th_setting *row,
                                unsigned unit, const char *value, uint16_t line);

/* --------------------------------------------------------------------------------------
 * Text that is put somewhere
 */
void th_put(const struct thimble_settings_sink *sink, const char *text);
void th_put_number(const struct thimble_settings_sink *sink, uint64_t number);
void th_put_size(const struct thimble_settings_sink *sink, uint64_t bytes);

/* What a key takes: "a number from 1 to 65535". */
void th_put_expected(const struct thimble_settings_sink *sink, const struct th_setting *row);

/* "[lun 0]" */
void th_put_section(const struct thimble_settings_sink *sink, unsigned section, unsigned unit);

/* A sentence that is put together piece by piece, and cut where it is too long. */
struct th_sentence {
    struct thimble_settings_sink sink;
    size_t used;
    char text[240];
};
void th_sentence_init(struct th_sentence *t);

/* --------------------------------------------------------------------------------------
 * Mistakes
 */
struct th_reporter {
    struct thimble_settings *s;
    const struct thimble_settings_report *report;
};

/* Counts the problem and hands it out. */
void th_problem(const struct th_reporter *r, uint16_t line, const struct th_sentence *t);

/* What no single line can tell: what does not fit together.  Ends the reading. */
void th_settings_check(const struct th_reporter *r);

/* thimble_settings_write(), and for whoever keeps the file itself the secrets too. */
void th_settings_write(const struct thimble_settings *s, const struct thimble_settings_sink *sink,
                       bool with_secrets);

#endif
