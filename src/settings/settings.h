/* SPDX-License-Identifier: MIT
 *
 * settings.h: thimble.ini, the settings file that the host command and every board read.
 *
 *     struct thimble_settings settings;               the caller's, about 1 KiB
 *
 *     if (!thimble_settings_read(&settings, &source, &report))
 *         ...                                         every mistake was reported; serve nothing
 *     for (unsigned n = 0; n < THIMBLE_SETTINGS_LUNS; n++)
 *         if ((lun = thimble_settings_lun(&settings, n)) != NULL)
 *             ...
 *     thimble_settings_wipe(&settings);               before its memory gets another use
 *
 * Without a file, thimble_settings_init() gives the defaults: DHCP, one target, the whole card.
 * docs/settings.md is the reference of all sections and keys; it is made from the table in table.c.
 *
 * A wrong value keeps its default and is reported with its line; reading goes on, so that one look
 * finds all mistakes.  But nothing is served that was meant otherwise: a logical unit or a target with a
 * mistake in its section is left out, and a file whose mistakes may concern any of them (a section
 * that nobody knows, [discovery]) is not usable at all.
 *
 * Layer 6.  No allocation, no stdio, no platform.
 */
#ifndef THIMBLE_SETTINGS_H
#define THIMBLE_SETTINGS_H

#include "../thimble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Targets, logical units of all of them, WiFi networks: 1 to 255.  RAM: 24, 56 and 16 bytes each. */
#ifndef THIMBLE_SETTINGS_TARGETS
#define THIMBLE_SETTINGS_TARGETS 2
#endif
#ifndef THIMBLE_SETTINGS_LUNS
#define THIMBLE_SETTINGS_LUNS 4
#endif
#ifndef THIMBLE_SETTINGS_WIFI
#define THIMBLE_SETTINGS_WIFI 4
#endif

/* Entries of all lists together (`allow` and `listen`).  RAM: 8 bytes each, and their text. */
#ifndef THIMBLE_SETTINGS_LIST
#define THIMBLE_SETTINGS_LIST 8
#endif

/* Bytes for all text of the file (names, passwords), each with a zero behind it; at most 65535. */
#ifndef THIMBLE_SETTINGS_TEXT
#define THIMBLE_SETTINGS_TEXT 512
#endif

/* 1: the sentences that explain each key are linked, for thimble_settings_example() and
 * thimble_settings_markdown(); about 6 KiB of constants.  A host wants them. */
#ifndef THIMBLE_SETTINGS_HELP
#define THIMBLE_SETTINGS_HELP 0
#endif

#if THIMBLE_SETTINGS_TARGETS < 1 || THIMBLE_SETTINGS_TARGETS > 255 || THIMBLE_SETTINGS_LUNS < 1 || \
    THIMBLE_SETTINGS_LUNS > 255 || THIMBLE_SETTINGS_WIFI < 1 || THIMBLE_SETTINGS_WIFI > 255
#error "THIMBLE_SETTINGS_TARGETS, _LUNS and _WIFI are 1 to 255"
#endif
#if THIMBLE_SETTINGS_TEXT < 64 || THIMBLE_SETTINGS_TEXT > 65535
#error "THIMBLE_SETTINGS_TEXT is 64 to 65535"
#endif

/* The name of target 1 where no file gives it another. */
#define THIMBLE_SETTINGS_NAME "iqn.2026-11.org.thimble:disk"

/* A file may have so many bytes; what is longer is no settings file. */
#define THIMBLE_SETTINGS_FILE_MAX 65536

/* --------------------------------------------------------------------------------------
 * What a file says.  Read the fields; text is had by thimble_settings_text().
 */

/* Where a text stands among the settings' own; 0: it was not given. */
typedef uint16_t thimble_text;

/* What every section has. */
struct thimble_settings_head {
    uint32_t given;                     /* a bit for each key that the file has */
    uint16_t line;                      /* of the section's [name], 0: not in the file */
    bool     present, bad;
};

struct thimble_settings_address {
    uint8_t ip[4];
    uint8_t prefix;                     /* 0: no address (`address`: ask DHCP) */
};

struct thimble_settings_network {
    struct thimble_settings_head head;
    thimble_text hostname;
    uint16_t port;
    struct thimble_settings_address address, fallback;
    uint8_t gateway[4], dns[4];         /* all zeros: not given */
    bool ipv6, announce;
};

struct thimble_settings_wifi {
    struct thimble_settings_head head;
    thimble_text ssid, password, country;
};

/* Names and secrets for CHAP; what is not given is 0. */
struct thimble_settings_account {
    thimble_text user, password, mutual_user, mutual_password;
};

struct thimble_settings_target {
    struct thimble_settings_head head;
    thimble_text name, alias, chap_file, state;
    struct thimble_settings_account account;
};

struct thimble_settings_discovery {
    struct thimble_settings_head head;
    struct thimble_settings_account account;
};

enum thimble_settings_disk_kind {
    THIMBLE_DISK_CARD = 1,
    THIMBLE_DISK_PARTITION,             /* of the card */
    THIMBLE_DISK_FILE,                  /* on the card; on a host any file or device */
    THIMBLE_DISK_FLASH,
    THIMBLE_DISK_PSRAM,
    THIMBLE_DISK_RAM,
};

struct thimble_settings_disk {
    uint64_t ram_bytes;
    thimble_text file;
    uint8_t kind, partition;
};

struct thimble_settings_lun {
    struct thimble_settings_head head;
    struct thimble_settings_disk disk;
    uint64_t create_bytes;              /* 0: a file must exist */
    thimble_text vendor, product, serial;
    uint8_t target;                     /* 1, 2 ...: of [target N] */
    uint8_t number;                     /* LUN that initiators see */
    uint8_t block_size;                 /* 1: 512 bytes, 2: 4096 */
    uint32_t physical_bytes;            /* 0: not given */
    uint8_t type;                       /* 1: a disk, 2: a CD-ROM */
    bool read_only, removable, unmap;
};

enum thimble_settings_pin {
    THIMBLE_PIN_SD_CS, THIMBLE_PIN_SD_SCK, THIMBLE_PIN_SD_MOSI, THIMBLE_PIN_SD_MISO,
    THIMBLE_PIN_ETH_CS, THIMBLE_PIN_ETH_SCK, THIMBLE_PIN_ETH_MOSI, THIMBLE_PIN_ETH_MISO,
    THIMBLE_PIN_ETH_INT, THIMBLE_PIN_ETH_RESET,
    THIMBLE_PIN_LED_READY, THIMBLE_PIN_LED_READ, THIMBLE_PIN_LED_WRITE, THIMBLE_PIN_LED_ERROR,
    THIMBLE_PIN_DISPLAY_CLK, THIMBLE_PIN_DISPLAY_DIO,
    THIMBLE_PIN_COUNT
};

struct thimble_settings_pins {
    struct thimble_settings_head head;
    uint8_t pin[THIMBLE_PIN_COUNT];     /* see thimble_settings_pin() */
};

struct thimble_settings_card {
    struct thimble_settings_head head;
    uint8_t speed_mhz;
};

struct thimble_settings_lights {
    struct thimble_settings_head head;
    uint8_t active;                     /* a LED is on at: 1 high, 2 low */
    uint8_t brightness;                 /* of the display, 0 to 7 */
};

struct thimble_settings_endpoint {
    uint8_t ip[4];
    uint16_t port;                      /* 0: not given */
};

struct thimble_settings_log {
    struct thimble_settings_head head;
    struct thimble_settings_endpoint syslog;
    uint8_t level;                      /* 0: not given, 1 error, 2 warning, 3 info, 4 debug */
    uint8_t to;                         /* of a host: 1 stderr, 2 syslog, 3 journald */
    bool color;
};

struct thimble_settings_status {
    struct thimble_settings_head head;
    thimble_text http_address, agentx, snmp_community;
    uint16_t http_port;                 /* 0: no status page */
    uint8_t snmp_trap[4];               /* all zeros: not given */
};

struct thimble_settings_setup {
    struct thimble_settings_head head;
    uint8_t access_point;               /* 1: with a password, 2: open, 3: none */
};

struct thimble_settings_update {
    struct thimble_settings_head head;
    thimble_text key;
};

/* 0: not given.  See struct thimble_config. */
struct thimble_settings_limits {
    struct thimble_settings_head head;
    uint32_t buffer_bytes, max_burst_bytes, first_burst_bytes, cache_bytes;
    uint16_t connections, sessions, queue_depth, buffers;
    uint8_t outstanding_r2t;
    bool unsolicited_data, immediate_data;
};

#define THIMBLE_SETTINGS_NEVER UINT16_MAX

/* Seconds, or THIMBLE_SETTINGS_NEVER. */
struct thimble_settings_timeouts {
    struct thimble_settings_head head;
    uint16_t login_s, logout_s, data_out_s, nop_s, nop_answer_s, send_s, grace_s;
};

struct thimble_settings_entry {
    uint8_t row, unit;                  /* whose: its key, and number of the section */
    uint16_t line;
    thimble_text text;
    uint8_t lun;                        /* of [lun N] allow: lun=N; THIMBLE_SETTINGS_OWN_LUN: not given */
    bool read_only;
};
#define THIMBLE_SETTINGS_OWN_LUN UINT8_MAX

struct thimble_settings {
    struct thimble_settings_network network;
    struct thimble_settings_wifi wifi[THIMBLE_SETTINGS_WIFI];       /* [wifi 1] is wifi[0] */
    struct thimble_settings_target target[THIMBLE_SETTINGS_TARGETS];/* [target 1] is target[0] */
    struct thimble_settings_discovery discovery;
    struct thimble_settings_lun lun[THIMBLE_SETTINGS_LUNS];         /* [lun 0] is lun[0] */
    struct thimble_settings_pins pins;
    struct thimble_settings_card card;
    struct thimble_settings_lights lights;
    struct thimble_settings_log log;
    struct thimble_settings_status status;
    struct thimble_settings_setup setup;
    struct thimble_settings_update update;
    struct thimble_settings_limits limits;
    struct thimble_settings_timeouts timeouts;

    uint16_t n_problems;
    bool fatal;                         /* a mistake that may concern every target */
    bool any_lun;                       /* the file has a [lun], even if there is no room for it */
    uint16_t n_entries, text_used;
    struct thimble_settings_entry entry[THIMBLE_SETTINGS_LIST];
    char text[THIMBLE_SETTINGS_TEXT];
};

/* --------------------------------------------------------------------------------------
 * Reading
 */

/* A file, byte by byte. */
enum { THIMBLE_SETTINGS_END = -1, THIMBLE_SETTINGS_FAILED = -2 };
struct thimble_settings_source {
    int (*get)(void *ctx);              /* the next byte, 0 to 255, or one of these */
    void *ctx;
};

struct thimble_settings_problem {
    uint16_t line;                      /* 0: the file as a whole */
    const char *text;                   /* a sentence without line feed and secrets, valid during the call */
};

struct thimble_settings_report {
    void (*problem)(void *ctx, const struct thimble_settings_problem *problem);  /* may be NULL */
    void *ctx;
};

/* The defaults: what an empty file means. */
void thimble_settings_init(struct thimble_settings *s);

/* Defaults, and then what the file says.  Returns thimble_settings_usable().  Stack: some 800
 * bytes; `report` must outlive the call only. */
bool thimble_settings_read(struct thimble_settings *s, const struct thimble_settings_source *source,
                           const struct thimble_settings_report *report);

/* False: nothing may be served by these settings. */
bool thimble_settings_usable(const struct thimble_settings *s);

/* A firmware's own default in the place of ours, written as in a file: counts where the file says nothing of the key.  To
 * be called after the settings were read.  False: there is no such key, or this is no value for it. */
bool thimble_settings_default(struct thimble_settings *s, const char *section, const char *key,
                              const char *value);

/* A WiFi network more, behind those of the file.  password "": it is open.  False: there is no place for it, or it makes no
 * sense. */
bool thimble_settings_add_wifi(struct thimble_settings *s, const char *ssid, const char *password);

/* Overwrites everything, secrets included, in a way that the compiler cannot leave out. */
void thimble_settings_wipe(struct thimble_settings *s);

/* --------------------------------------------------------------------------------------
 * Asking
 */

/* NULL: it was not given. */
const char *thimble_settings_text(const struct thimble_settings *s, thimble_text text);

/* A target or logical unit that is to be served, by its number in the file; NULL: there is none, or its section has a
 * mistake. */
const struct thimble_settings_target *thimble_settings_target(const struct thimble_settings *s,
                                                              unsigned number);
const struct thimble_settings_lun *thimble_settings_lun(const struct thimble_settings *s,
                                                        unsigned number);

/* Initiators that may log in to a target: fills `allowed` with up to max names; 0: everybody may. */
size_t thimble_settings_allowed(const struct thimble_settings *s, unsigned target,
                                const char **allowed, size_t max);

/* Who sees a logical unit, [lun N], and how: fills up to max views; 0: all of its target do, by its own LUN. */
size_t thimble_settings_views(const struct thimble_settings *s, unsigned lun,
                              struct thimble_lun_view *views, size_t max);

/* A word behind the name of an initiator: "lun=N", "read-only".  False: it is neither, and nothing is changed. */
bool thimble_view_word(const char *word, uint8_t *lun, bool *read_only);

/* Entry `index` of the key `listen`, and its line; NULL: there are no more. */
const char *thimble_settings_listen(const struct thimble_settings *s, unsigned index,
                                    uint16_t *line);

/* The pin's number; own: what the board has if the file does not say; -1: none. */
int thimble_settings_pin(const struct thimble_settings *s, enum thimble_settings_pin pin, int own);

/* What the engine wants for CHAP, in memory of the caller that borrows from the settings.  NULL: no CHAP. */
struct thimble_settings_chap {
    struct thimble_chap chap;
    struct thimble_chap_user user, outgoing;
};
const struct thimble_chap *thimble_settings_chap(const struct thimble_settings *s,
                                                 const struct thimble_settings_account *account,
                                                 struct thimble_settings_chap *memory);

/* Puts the sizes and time-outs that the file gives into a configuration; the others stay as they are.  The caller
 * asks thimble_memory_bytes() whether it has the memory for the result. */
void thimble_settings_limits(const struct thimble_settings *s, struct thimble_config *config);

/* --------------------------------------------------------------------------------------
 * Writing
 */
struct thimble_settings_sink {
    void (*put)(void *ctx, const char *text);
    void *ctx;
};

/* The settings as they are in effect, as a file; secrets are written as ***. */
void thimble_settings_write(const struct thimble_settings *s,
                            const struct thimble_settings_sink *sink);

#if THIMBLE_SETTINGS_HELP
/* A file with all keys as comments, and the reference page. */
void thimble_settings_example(const struct thimble_settings_sink *sink);
void thimble_settings_markdown(const struct thimble_settings_sink *sink);
#endif

/* "4096", "512K", "256M", "4G", "1T" (powers of 1024).  False: not a size, or over 2^63. */
bool thimble_size_parse(const char *text, uint64_t *bytes);

/* NULL: an iSCSI name (RFC 7143 4.2.7).  Otherwise what is wrong with it. */
const char *thimble_name_problem(const char *name);

#ifdef __cplusplus
}
#endif

#endif
