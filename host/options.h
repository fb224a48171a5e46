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

#include "../src/thimble_config.h"
#include "log.h"

#define OPTIONS_LISTENERS_MAX   16
#define OPTIONS_TARGETS_MAX     32
#define OPTIONS_ALLOWED_MAX     64
#define OPTIONS_DISKS_MAX       THIMBLE_LUNS_MAX
#define OPTIONS_MESSAGE_MAX     512

#define DEFAULT_PORT            3260
#define DEFAULT_TARGET_NAME     "iqn.2026-11.org.thimble:disk"

struct options_target {
    const char *name;
    const char *alias;              /* NULL: none */
    const char *chap_file;          /* NULL: no CHAP */
    const char *allowed[OPTIONS_ALLOWED_MAX];
    size_t n_allowed;
    uint64_t create_bytes;          /* 0: the files must exist */
    uint32_t block_bytes;
    bool read_only, no_unmap;
    const char *disks[OPTIONS_DISKS_MAX];
    size_t n_disks;
};

struct options_address {
    struct sockaddr_storage address;
    socklen_t len;
    const char *text;               /* as it was given */
};

struct options {
    struct options_address listen[OPTIONS_LISTENERS_MAX];
    size_t n_listen;
    struct options_target targets[OPTIONS_TARGETS_MAX];
    size_t n_targets;
    enum log_level log_level;
    uint16_t max_connections;
    uint16_t queue_depth;
    uint32_t login_timeout_ms, nop_interval_ms, grace_ms;
    uint32_t fail_call;             /* for tests: UINT32_MAX, no disk call fails */
    bool help, version;             /* show these and end; nothing else is checked */
};

/* argv[0] is the command's name, "serve".  0, or -1 and one line in message.  The
 * strings of argv are borrowed. */
int options_parse(struct options *o, int argc, char **argv,
                  char message[OPTIONS_MESSAGE_MAX]);

/* "4096", "512K", "256M", "4G", "1T" (powers of 1024).  False: not a size, or over
 * 2^63. */
bool options_size(const char *text, uint64_t *bytes);

/* "127.0.0.1", "127.0.0.1:3260", "localhost:3260", "::1", "[::1]:3260". */
bool options_address(const char *text, struct options_address *a);
bool options_is_loopback(const struct options_address *a);

/* NULL: an iSCSI name (RFC 7143 4.2.7).  Otherwise what is wrong with it. */
const char *options_name_problem(const char *name);

/* The text of `thimble help serve`. */
extern const char options_help[];

#endif
