/* SPDX-License-Identifier: MIT
 *
 * look.h: the options that ls, inq and ping have in common.
 */
#ifndef HOST_CLIENT_LOOK_H
#define HOST_CLIENT_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "out.h"
#include "session.h"

#define LOOK_MESSAGE_MAX    320

struct look_options {
    const char *url;
    struct session_options session;
    uint64_t count;                 /* ping: how many */
    uint32_t interval_ms;           /* ping */
    bool test_unit_ready;           /* ping: that command instead of a NOP */
    bool json;                      /* one document in place of lines */
    bool help;
};

/* argv[0] is the command's name; `ping` allows its options too.  0, or -1 and one line. */
int look_options_parse(struct look_options *o, int argc, char **argv, bool ping,
                       char message[LOOK_MESSAGE_MAX]);

/* Prints why a session failed, and tells it in the object that is open; returns the exit code for it. */
int look_failed(struct out *out, const struct session *s);

/* The document begins and ends; the end tells the exit code, and returns it. */
struct out look_begin(const struct look_options *o);
int look_end(struct out *out, int code);

/* Its type, size and names, in the object that is open. */
void look_disk(struct out *out, const struct disk_facts *f);

/* How long two steps of the login took, in the object that is open. */
void look_login(struct out *out, const struct session *s);

/* What the options of every command that logs in say of themselves. */
#define LOOK_COMMON_HELP                                                                 \
    "  --initiator IQN       who we say we are\n"                                        \
    "                        (default " SESSION_DEFAULT_INITIATOR ")\n"                  \
    "  --timeout S           seconds that each step may take (default 10)\n"             \
    "  -h, --help            this text\n"

#define LOOK_JSON_HELP                                                                   \
    "  --json                one JSON document (docs/bench.md) in place of lines\n"

#define LOOK_URL_HELP                                                                    \
    "URL is iscsi://[USER%PASSWORD@]HOST[:PORT]/TARGET/LUN, as thimble serve prints it\n"  \
    "and libiscsi and QEMU take it.  For mutual CHAP, add\n"                              \
    "?target_user=USER&target_password=SECRET.\n"

#define LOOK_CODES_HELP                                                                  \
    "Exit code: 0, 2 if the command or the URL was not understood, 3 no address for\n"   \
    "the host, 4 no connection, 5 login refused or failed, 6 no such LUN or not ready,\n" \
    "7 no answer after that.\n"

#endif
