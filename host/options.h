/* SPDX-License-Identifier: MIT
 *
 * options.h: the command line of `thimble serve`, words to values.
 *
 * Pure: opens nothing.  A mistake becomes one line that names the words at fault and says
 * what to write instead.
 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "../src/settings/settings.h"
#include "log.h"

#define OPTIONS_LISTENERS_MAX   16
#define OPTIONS_TARGETS_MAX     32
#define OPTIONS_ALLOWED_MAX     64
#define OPTIONS_DISKS_MAX       THIMBLE_LUNS_MAX
#define OPTIONS_SEEN_BY_MAX     256     /* of all disks together */
#define OPTIONS_MESSAGE_MAX     512

#define DEFAULT_PORT            3260
#define DEFAULT_TARGET_NAME     "iqn.2026-11.org.thimble:disk"

struct options_disk {
    const char *name;               /* a path or "ram:SIZE" */
    const char *vendor, *product, *serial;      /* NULL: the usual ones */
    uint64_t create_bytes;          /* 0: the file must exist */
    uint32_t block_bytes;
    uint32_t physical_bytes;        /* 0: what the file system or the device says */
    struct thimble_lun_view *seen_by;   /* n_seen_by initiators; NULL: all see it */
    size_t n_seen_by;
    uint8_t lun;
    bool cdrom;                     /* an image; then also read_only, removable, blocks of 2048 */
    bool read_only, removable, no_unmap;
};

struct options_target {
    const char *name;
    const char *alias;              /* NULL: none */
    const char *chap_file;          /* NULL: none */
    const char *state;              /* folder for what outlives a restart; NULL: none */
    const struct thimble_chap *chap;            /* NULL: none; never both of them */
    const char *allowed[OPTIONS_ALLOWED_MAX];
    size_t n_allowed;
    uint64_t create_bytes;          /* this and the next two lines: for each of its disks */
    uint32_t block_bytes, physical_bytes;
    bool read_only, removable, no_unmap;
    struct options_disk disks[OPTIONS_DISKS_MAX];
    size_t n_disks;
};

struct options_address {
    struct sockaddr_storage address;
    socklen_t len;
    bool port_given;                /* it is not the default */
    uint16_t portal_group;          /* tag; see options_portal() */
    const char *text;               /* as it was given */
};

/* Options with a name, also as bits of `given`. */
enum options_option {
    OPT_LISTEN = 256,
    OPT_NAME,
    OPT_ALIAS,
    OPT_CREATE,
    OPT_BLOCK_SIZE,
    OPT_PHYSICAL_BLOCK_SIZE,
    OPT_READ_ONLY,
    OPT_REMOVABLE,
    OPT_NO_UNMAP,
    OPT_CDROM,
    OPT_SEEN_BY, OPT_SERIAL,
    OPT_CHAP_FILE, OPT_STATE,
    OPT_ALLOW,
    OPT_TARGET,
    OPT_LOG,
    OPT_MAX_CONNECTIONS,
    OPT_QUEUE_DEPTH,
    OPT_LOGIN_TIMEOUT,
    OPT_NOP_INTERVAL,
    OPT_GRACE,
    OPT_FAIL_CALL,
    OPT_CONFIG,
    OPT_HTTP,
    OPT_AGENTX,
    OPT_LOG_TO,
    OPT_ANNOUNCE,
    OPT_VERSION,
};

struct options {
    const char *config;             /* a settings file, NULL: none; see settings_file.h */
    uint32_t given;                 /* see options_given() */
    struct options_address listen[OPTIONS_LISTENERS_MAX];
    size_t n_listen;
    struct options_target targets[OPTIONS_TARGETS_MAX];
    size_t n_targets;
    struct thimble_lun_view seen_by[OPTIONS_SEEN_BY_MAX];   /* lists of struct options_disk, one after the other */
    char seen_by_name[OPTIONS_SEEN_BY_MAX][224];            /* of those that the command line names */
    size_t n_seen_by;
    enum log_level log_level;
    enum log_place log_to;
    uint16_t max_connections;
    uint16_t queue_depth;
    uint32_t login_timeout_ms, nop_interval_ms, grace_ms;
    struct options_address http;    /* of the status page; len 0: none */
    bool announce;                  /* by DNS-SD */
    const char *agentx;             /* socket of snmpd, NULL: none */
    uint32_t fail_call;             /* for tests: UINT32_MAX, no disk call fails */
    bool help, version;             /* show these and end; nothing else is checked */

    /* From the settings file; NULL: none. */
    const struct thimble_settings *settings;
    const struct thimble_chap *discovery_chap;
};

/* It stood on the command line. */
static inline bool options_given(const struct options *o, enum options_option option)
{
    return (o->given >> (option - OPT_LISTEN) & 1) != 0;
}

/* argv[0] is the command's name, "serve".  0, or -1 and one line in message.  The
 * strings of argv are borrowed.  With a settings file, listen and targets[0].disks may be
 * empty: settings_file_apply() fills them. */
int options_parse(struct options *o, int argc, char **argv,
                  char message[OPTIONS_MESSAGE_MAX]);

/* What a CD is, whatever else was asked for. */
void options_fit_cdrom(struct options_disk *d);

/* "8080", for this machine alone, or an address with a port. */
bool options_http(const char *text, struct options_address *a);

/* "127.0.0.1", "127.0.0.1:3260", "localhost:3260", "::1", "[::1]:3260". */
bool options_address(const char *text, struct options_address *a);

/* The same, and behind a comma its portal group: "127.0.0.1,group=2"; without it, that is 1. */
bool options_portal(const char *text, struct options_address *a);
bool options_group(const char *word, uint16_t *tag);    /* "group=2" */
void options_set_port(struct options_address *a, uint16_t port);
bool options_is_loopback(const struct options_address *a);

/* The text of `thimble help serve`. */
extern const char options_help[];

#endif
