/* SPDX-License-Identifier: MIT
 *
 * options.c: see options.h.
 */
#define _GNU_SOURCE

#include "options.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/words.h"
#include "start_getopt.h"

#define THIMBLE_STRING_(x) #x
#define THIMBLE_STRING(x) THIMBLE_STRING_(x)

const char options_help[] =
    "thimble serve [OPTION]... DISK...\n"
    "thimble serve [OPTION]... --config FILE\n"
    "\n"
    "Serves disks by iSCSI.  Each DISK is a file, a block device, or ram:SIZE, and\n"
    "becomes LUN 0, 1, ... of the target.\n"
    "\n"
    "  --config FILE         take targets, disks and everything else from a settings\n"
    "                        file, thimble.ini; see thimble help settings.  Options\n"
    "                        win over it, and a DISK over its targets\n"
    "\n"
    "What is served\n"
    "  --name IQN            name of the target\n"
    "                        (default " DEFAULT_TARGET_NAME ")\n"
    "  --alias TEXT          a name for people to read\n"
    "  --create SIZE         make files that do not exist: sparse, SIZE long\n"
    "  --cdrom ISO           a DISK that is an image of a CD or DVD: a CD drive\n"
    "  --block-size BYTES    logical block size, 512 (default) or 4096\n"
    "  --physical-block-size BYTES\n"
    "                        what initiators should align to: 512 to 65536 (default:\n"
    "                        4096, or what the device says)\n"
    "  --read-only           refuse writes\n"
    "  --serial TEXT         serial number of the next DISK, which no other disk may\n"
    "                        have (default: the device's, or by the path)\n"
    "  --removable           the medium can be ejected, and its file be taken away\n"
    "                        or replaced; --cdrom does not need it\n"
    "  --no-unmap            do not offer UNMAP (thin provisioning)\n"
    "  --target IQN DISK...  a further target.  Of the options in this group and the\n"
    "                        next, those that follow hold for it alone, those\n"
    "                        before the first --target for all\n"
    "\n"
    "Who may use it\n"
    "  --listen ADDR[:PORT][,group=N]\n"
    "                        where to listen; may be repeated (default\n"
    "                        127.0.0.1:3260).  0.0.0.0 is every IPv4 address,\n"
    "                        [::] every one.  N: portal group (default 1)\n"
    "  --state FOLDER        keep what outlives a restart in this folder: persistent\n"
    "                        reservations (APTPL), mode pages, SANITIZE\n"
    "  --chap-file FILE      demand CHAP.  Lines `incoming USER SECRET` say who may\n"
    "                        log in, `outgoing USER SECRET` who we are (mutual CHAP)\n"
    "  --allow IQN           an initiator that may log in; may be repeated\n"
    "                        (default: all)\n"
    "  --seen-by IQN[,lun=N][,read-only]\n"
    "                        the next DISK is there for this initiator alone, by\n"
    "                        that LUN, without writes; may be repeated; * is all\n"
    "                        others\n"
    "\n"
    "What can be seen\n"
    "  --http [ADDR:]PORT    a status page, /status.json and /metrics (Prometheus),\n"
    "                        for everybody who reaches it; without ADDR for this\n"
    "                        machine alone\n"
    "  --agentx ADDR         SNMP: the ISCSI-MIB (RFC 7147) through snmpd at ADDR:\n"
    "                        /var/agentx/master, tcp:127.0.0.1:705 ...\n"
    "  --announce            be found in the local network (DNS-SD): _iscsi._tcp, and\n"
    "                        with --http _http._tcp, through avahi-daemon\n"
    "\n"
    "How\n"
    "  --log LEVEL           error, warning (default), info or debug\n"
    "  -v                    --log info: also who logs in and out\n"
    "  --log-to PLACE        stderr (default), syslog, or journald: stderr that is\n"
    "                        systemd's journal, which is then told the levels\n"
    "  --max-connections N   connections at a time (default 1024)\n"
    "  --queue-depth N       commands that a session may have open (default 128)\n"
    "  --login-timeout S     seconds that a login may take (default 15)\n"
    "  --nop-interval S      seconds of silence after which an initiator is pinged\n"
    "                        (default 30; 0: never)\n"
    "  --grace S             seconds that initiators have to log out after SIGTERM\n"
    "                        or SIGINT (default 3)\n"
    "  -h, --help            this text\n"
    "  --version             the version\n"
    "\n"
    "For tests\n"
    "  --fail-call N         disk call N (from 0) of each disk and all later fail\n"
    "\n"
    "SIZE and BYTES take K, M, G and T.  A second SIGTERM or SIGINT ends at once;\n"
    "SIGHUP looks at files and media at once.  Exit code: 0 after SIGTERM or SIGINT,\n"
    "1 if a disk could not be flushed, 2 if it could not start.\n";

enum { OWN_LUN = UINT16_MAX };          /* the disk's; it is not known yet */

struct parser {
    struct options *o;
    struct options_target *target;      /* the one that options are for */
    struct options_target defaults;     /* what stood before the first --target */
    bool target_option_seen;
    size_t n_seen_by;                   /* the last of o->seen_by, for the DISK that comes */
    const char *serial;                 /* for the DISK that comes; NULL: the usual one */
    char *message;
};

/* Fills the message; returns -1 for the caller to return. */
static int __attribute__((format(printf, 2, 3)))
mistake(struct parser *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->message, OPTIONS_MESSAGE_MAX, format, args);
    va_end(args);
    return -1;
}

/* --------------------------------------------------------------------------------------
 * Words to values
 */

static bool ipv4_address(const char *host, uint16_t port, struct options_address *a)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

    if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
        return false;
    memcpy(&a->address, &in, sizeof in);
    a->len = sizeof in;
    return true;
}

static bool ipv6_address(const char *host, uint16_t port, struct options_address *a)
{
    struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    char plain[INET6_ADDRSTRLEN];
    const char *scope = strchr(host, '%');
    size_t len = scope ? (size_t)(scope - host) : strlen(host);

    if (len >= sizeof plain)
        return false;
    memcpy(plain, host, len);
    plain[len] = '\0';
    if (inet_pton(AF_INET6, plain, &in.sin6_addr) != 1)
        return false;
    if (scope && (in.sin6_scope_id = if_nametoindex(scope + 1)) == 0)
        return false;
    memcpy(&a->address, &in, sizeof in);
    a->len = sizeof in;
    return true;
}

bool options_address(const char *text, struct options_address *a)
{
    char host[128];
    const char *host_start = text, *host_end, *port_text = NULL;
    uint64_t port = DEFAULT_PORT;
    bool brackets = text[0] == '[';

    *a = (struct options_address){ .text = text };
    if (brackets) {
        host_start++;
        host_end = strchr(text, ']');
        if (!host_end || (host_end[1] && host_end[1] != ':'))
            return false;
        if (host_end[1])
            port_text = host_end + 2;
    } else {
        const char *colon = strchr(text, ':');
        bool bare_ipv6 = colon && strchr(colon + 1, ':');
        host_end = colon && !bare_ipv6 ? colon : text + strlen(text);
        if (colon && !bare_ipv6)
            port_text = colon + 1;
    }
    size_t len = (size_t)(host_end - host_start);
    if (len >= sizeof host || (port_text && !number_parse(port_text, 0, 65535, &port)))
        return false;
    memcpy(host, host_start, len);
    host[len] = '\0';
    a->port_given = port_text != NULL;

    if (!brackets && strcmp(host, "localhost") == 0)
        return ipv4_address("127.0.0.1", (uint16_t)port, a);
    return (!brackets && ipv4_address(host, (uint16_t)port, a)) ||
           ipv6_address(host, (uint16_t)port, a);
}

bool options_group(const char *word, uint16_t *tag)
{
    uint64_t v;

    if (strncmp(word, "group=", 6) != 0 || !number_parse(word + 6, 1, UINT16_MAX, &v))
        return false;
    *tag = (uint16_t)v;
    return true;
}

bool options_portal(const char *text, struct options_address *a)
{
    char address[128];
    uint16_t tag = 1;
    size_t len = strcspn(text, ",");

    if (len >= sizeof address || (text[len] && !options_group(text + len + 1, &tag)))
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    bool done = options_address(address, a);
    a->text = text;
    a->portal_group = tag;
    return done;
}

bool options_http(const char *text, struct options_address *a)
{
    uint64_t port;

    if (!number_parse(text, 0, 65535, &port))
        return options_address(text, a) && a->port_given;
    *a = (struct options_address){ .text = text, .port_given = true };
    return ipv4_address("127.0.0.1", (uint16_t)port, a);
}

void options_set_port(struct options_address *a, uint16_t port)
{
    if (a->address.ss_family == AF_INET)
        ((struct sockaddr_in *)&a->address)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&a->address)->sin6_port = htons(port);
}

bool options_is_loopback(const struct options_address *a)
{
    if (a->address.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)&a->address;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in = (const void *)&a->address;
    return IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
}

/* --------------------------------------------------------------------------------------
 * Options
 */

static const struct option long_options[] = {
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "name", required_argument, NULL, OPT_NAME },
    { "alias", required_argument, NULL, OPT_ALIAS },
    { "create", required_argument, NULL, OPT_CREATE },
    { "block-size", required_argument, NULL, OPT_BLOCK_SIZE },
    { "physical-block-size", required_argument, NULL, OPT_PHYSICAL_BLOCK_SIZE },
    { "read-only", no_argument, NULL, OPT_READ_ONLY },
    { "removable", no_argument, NULL, OPT_REMOVABLE },
    { "no-unmap", no_argument, NULL, OPT_NO_UNMAP },
    { "cdrom", required_argument, NULL, OPT_CDROM },
    { "seen-by", required_argument, NULL, OPT_SEEN_BY },
    { "serial", required_argument, NULL, OPT_SERIAL },
    { "chap-file", required_argument, NULL, OPT_CHAP_FILE },
    { "state", required_argument, NULL, OPT_STATE },
    { "allow", required_argument, NULL, OPT_ALLOW },
    { "target", required_argument, NULL, OPT_TARGET },
    { "log", required_argument, NULL, OPT_LOG },
    { "max-connections", required_argument, NULL, OPT_MAX_CONNECTIONS },
    { "queue-depth", required_argument, NULL, OPT_QUEUE_DEPTH },
    { "login-timeout", required_argument, NULL, OPT_LOGIN_TIMEOUT },
    { "nop-interval", required_argument, NULL, OPT_NOP_INTERVAL },
    { "grace", required_argument, NULL, OPT_GRACE },
    { "fail-call", required_argument, NULL, OPT_FAIL_CALL },
    { "config", required_argument, NULL, OPT_CONFIG },
    { "http", required_argument, NULL, OPT_HTTP },
    { "agentx", required_argument, NULL, OPT_AGENTX },
    { "announce", no_argument, NULL, OPT_ANNOUNCE },
    { "log-to", required_argument, NULL, OPT_LOG_TO },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, OPT_VERSION },
    { NULL, 0, NULL, 0 },
};

static int add_listen(struct parser *p, const char *text)
{
    struct options *o = p->o;

    if (o->n_listen == OPTIONS_LISTENERS_MAX)
        return mistake(p, "--listen %s: at most %d addresses can be listened at", text,
                       OPTIONS_LISTENERS_MAX);
    if (!options_portal(text, &o->listen[o->n_listen]))
        return mistake(
            p,
            "--listen %s: write a numeric address and perhaps a port, such as "
            "127.0.0.1, 0.0.0.0:3260 or [::1]:3260, and perhaps ,group=N behind it, 1 to 65535",
            text);
    o->n_listen++;
    return 0;
}

static int check_name(struct parser *p, const char *option, const char *name)
{
    const char *problem = thimble_name_problem(name);

    if (problem)
        return mistake(p, "%s %s: not an iSCSI name, %s; write it like %s", option, name,
                       problem, DEFAULT_TARGET_NAME);
    return 0;
}

static int add_target(struct parser *p, const char *name)
{
    struct options *o = p->o;

    if (check_name(p, "--target", name) < 0)
        return -1;
    if (p->target_option_seen && p->target->n_disks == 0)
        return mistake(p, "--target %s: a DISK must follow", p->target->name);
    if (!p->target_option_seen) {
        p->defaults = *p->target;
        p->defaults.n_disks = 0;
        if (p->target->n_disks == 0)
            o->n_targets = 0;           /* it was nothing but the defaults */
    }
    if (o->n_targets == OPTIONS_TARGETS_MAX)
        return mistake(p, "--target %s: at most %d targets can be served", name,
                       OPTIONS_TARGETS_MAX);

    p->target_option_seen = true;
    p->target = &o->targets[o->n_targets++];
    *p->target = p->defaults;
    p->target->name = name;
    return 0;
}

static int set_number(struct parser *p, const char *option, const char *text,
                      uint64_t min, uint64_t max, uint64_t *value)
{
    if (!number_parse(text, min, max, value))
        return mistake(p, "%s %s: write a number from %llu to %llu", option, text,
                       (unsigned long long)min, (unsigned long long)max);
    return 0;
}

static int set_seconds(struct parser *p, const char *option, const char *text,
                       uint64_t min, uint32_t *ms)
{
    uint64_t v = 0;

    if (set_number(p, option, text, min, 86400, &v) < 0)
        return -1;
    *ms = (uint32_t)v * 1000;
    return 0;
}

static int add_disk(struct parser *p, const char *name, bool cdrom)
{
    struct options_target *t = p->target;
    struct options *o = p->o;

    if (*name == '\0')
        return mistake(p, "an empty word is no DISK: write a file, a block device or ram:SIZE");
    if (cdrom && strncmp(name, "ram:", 4) == 0)
        return mistake(p, "--cdrom %s: memory is no CD; name a file", name);
    if (t->n_disks == OPTIONS_DISKS_MAX)
        return mistake(p, "%s: a target can have %d disks; give the others to a second --target",
                       name, OPTIONS_DISKS_MAX);
    t->disks[t->n_disks++] = (struct options_disk){
        .name = name,
        .cdrom = cdrom,
        .serial = p->serial,
        .seen_by = p->n_seen_by ? &o->seen_by[o->n_seen_by - p->n_seen_by] : NULL,
        .n_seen_by = p->n_seen_by,
    };
    p->n_seen_by = 0;
    p->serial = NULL;
    return 0;
}

static int set_serial(struct parser *p, const char *text)
{
    size_t n = strlen(text);

    for (const char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            n = 0;
    if (n < 1 || n > 32)
        return mistake(p, "--serial %s: write 1 to 32 characters of ASCII", text);
    p->serial = text;
    return 0;
}

/* "IQN", and behind it ",lun=N" and ",read-only".  Where no LUN is said, fill_disks() fills it in. */
static int add_seen_by(struct parser *p, const char *text)
{
    struct options *o = p->o;
    size_t len = strcspn(text, ",");
    bool len_fits = len < sizeof o->seen_by_name[0];

    if (o->n_seen_by == OPTIONS_SEEN_BY_MAX)
        return mistake(p, "--seen-by %s: at most %d initiators can be named", text,
                       OPTIONS_SEEN_BY_MAX);
    struct thimble_lun_view *view = &o->seen_by[o->n_seen_by];
    char *name = o->seen_by_name[o->n_seen_by++];
    p->n_seen_by++;
    snprintf(name, sizeof o->seen_by_name[0], "%.*s", (int)len, text);
    *view = (struct thimble_lun_view){ .initiator = strcmp(name, "*") == 0 ? NULL : name, .lun = OWN_LUN };

    for (const char *word = text + len; *word; word += len) {
        char copy[16];
        uint8_t lun = THIMBLE_SETTINGS_OWN_LUN;
        len = strcspn(++word, ",");
        snprintf(copy, sizeof copy, "%.*s", (int)len, word);
        if (len >= sizeof copy || !thimble_view_word(copy, &lun, &view->read_only))
            return mistake(p, "--seen-by %s: behind the name there can be ,lun=N with a LUN from 0 to %d, and "
                              ",read-only", text, THIMBLE_LUNS_MAX - 1);
        if (lun != THIMBLE_SETTINGS_OWN_LUN)
            view->lun = lun;
    }
    if (!view->initiator)
        return 0;
    return check_name(p, "--seen-by", len_fits ? name : text);
}

static int take_option(struct parser *p, int option, const char *arg)
{
    struct options *o = p->o;
    struct options_target *t = p->target;
    uint64_t v = 0;

    if (option >= OPT_LISTEN)
        o->given |= UINT32_C(1) << (option - OPT_LISTEN);
    switch (option) {
    case 1:                                     /* a word that is no option */
        return add_disk(p, arg, false);
    case OPT_CDROM:
        return add_disk(p, arg, true);
    case OPT_SEEN_BY:
        return add_seen_by(p, arg);
    case OPT_SERIAL:
        return set_serial(p, arg);
    case OPT_LISTEN:
        return add_listen(p, arg);
    case OPT_NAME:
        if (p->target_option_seen)
            return mistake(p, "--name %s: --target has named this target already", arg);
        t->name = arg;
        return check_name(p, "--name", arg);
    case OPT_ALIAS:
        if (strlen(arg) > 255)
            return mistake(p, "--alias: at most 255 bytes");
        t->alias = arg;
        return 0;
    case OPT_CREATE:
        if (!thimble_size_parse(arg, &t->create_bytes) || t->create_bytes == 0)
            return mistake(
                p, "--create %s: not a size; write it like 256M, 4G or 1048576", arg);
        return 0;
    case OPT_BLOCK_SIZE:
        if (!thimble_size_parse(arg, &v) || (v != 512 && v != 4096))
            return mistake(p, "--block-size %s: it is 512 or 4096", arg);
        t->block_bytes = (uint32_t)v;
        return 0;
    case OPT_PHYSICAL_BLOCK_SIZE:
        if (!thimble_size_parse(arg, &v) || v < 512 || v > 65536 || (v & (v - 1)))
            return mistake(p, "--physical-block-size %s: it is a power of two, 512 to 65536", arg);
        t->physical_bytes = (uint32_t)v;
        return 0;
    case OPT_READ_ONLY:
        t->read_only = true;
        return 0;
    case OPT_REMOVABLE:
        t->removable = true;
        return 0;
    case OPT_NO_UNMAP:
        t->no_unmap = true;
        return 0;
    case OPT_CHAP_FILE:
        t->chap_file = arg;
        return 0;
    case OPT_STATE:
        t->state = arg;
        return 0;
    case OPT_ALLOW:
        if (t->n_allowed == OPTIONS_ALLOWED_MAX)
            return mistake(p, "--allow %s: at most %d initiators can be named", arg,
                           OPTIONS_ALLOWED_MAX);
        t->allowed[t->n_allowed++] = arg;
        return check_name(p, "--allow", arg);
    case OPT_TARGET:
        return add_target(p, arg);
    case OPT_LOG:
        if (!log_level_parse(arg, &o->log_level))
            return mistake(p, "--log %s: it is error, warning, info or debug", arg);
        return 0;
    case OPT_ANNOUNCE:
        o->announce = true;
        return 0;
    case OPT_LOG_TO:
        if (!log_place_parse(arg, &o->log_to))
            return mistake(p, "--log-to %s: it is stderr, syslog or journald", arg);
        return 0;
    case OPT_CONFIG:
        o->config = arg;
        return 0;
    case OPT_AGENTX:
        if (*arg == '\0')
            return mistake(p, "--agentx: write snmpd's AgentX socket, such as /var/agentx/master");
        o->agentx = arg;
        return 0;
    case OPT_HTTP:
        if (!options_http(arg, &o->http))
            return mistake(p, "--http %s: write a port, or an address with a port, such as "
                              "8080, 0.0.0.0:8080 or [::1]:8080", arg);
        return 0;
    case 'v':
        o->given |= UINT32_C(1) << (OPT_LOG - OPT_LISTEN);
        if (o->log_level < LEVEL_INFO)
            o->log_level = LEVEL_INFO;
        return 0;
    case OPT_MAX_CONNECTIONS:
        if (set_number(p, "--max-connections", arg, 1, 50000, &v) < 0)
            return -1;
        o->max_connections = (uint16_t)v;
        return 0;
    case OPT_QUEUE_DEPTH:
        if (set_number(p, "--queue-depth", arg, 1, 1024, &v) < 0)
            return -1;
        o->queue_depth = (uint16_t)v;
        return 0;
    case OPT_LOGIN_TIMEOUT:
        return set_seconds(p, "--login-timeout", arg, 1, &o->login_timeout_ms);
    case OPT_NOP_INTERVAL:
        return set_seconds(p, "--nop-interval", arg, 0, &o->nop_interval_ms);
    case OPT_GRACE:
        return set_seconds(p, "--grace", arg, 0, &o->grace_ms);
    case OPT_FAIL_CALL:
        if (set_number(p, "--fail-call", arg, 0, UINT32_MAX - 1, &v) < 0)
            return -1;
        o->fail_call = (uint32_t)v;
        return 0;
    default:
        return mistake(p, "unknown option; see thimble help serve");
    }
}

/* Words that getopt_long() did not understand.  word: the one that it was at. */
static int bad_word(struct parser *p, int result, const char *word)
{
    if (result == ':')
        return mistake(p, "%s needs a value; see thimble help serve", word);
    if (strncmp(word, "--", 2) == 0 && strchr(word, '='))
        return mistake(
            p,
            "%s: no such option, or one that takes no value; see thimble help "
            "serve",
            word);
    return mistake(p, "unknown option %s; see thimble help serve", word);
}

/* Initiators take two disks of one serial number for one disk. */
static int check_serials(struct parser *p)
{
    const struct options_disk *seen[OPTIONS_TARGETS_MAX * OPTIONS_DISKS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < p->o->n_targets; i++)
        for (size_t k = 0; k < p->o->targets[i].n_disks; k++) {
            const struct options_disk *d = &p->o->targets[i].disks[k];
            for (size_t j = 0; d->serial && j < n; j++)
                if (strcmp(d->serial, seen[j]->serial) == 0 && strcmp(d->name, seen[j]->name) != 0)
                    return mistake(p, "--serial %s: both %s and %s; give each disk one of its own",
                                   d->serial, seen[j]->name, d->name);
            if (d->serial)
                seen[n++] = d;
        }
    return 0;
}

static int check_whole(struct parser *p)
{
    struct options *o = p->o;

    if (p->target->n_disks == 0 && p->target_option_seen)
        return mistake(p, "--target %s: a DISK must follow", p->target->name);
    if (p->target->n_disks == 0 && !o->config)
        return mistake(
            p, "no DISK to serve: name a file, a block device or ram:SIZE, such as "
               "thimble serve --create 256M disk.img");
    if (p->n_seen_by)
        return mistake(p, "--seen-by %s: a DISK must follow", o->seen_by_name[o->n_seen_by - 1]);
    if (p->serial)
        return mistake(p, "--serial %s: a DISK must follow", p->serial);
    if (check_serials(p) < 0)
        return -1;
    for (size_t i = 0; i < o->n_targets; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(o->targets[i].name, o->targets[j].name) == 0)
                return mistake(
                    p,
                    "two targets are named %s: give each a name of its own with "
                    "--name or --target",
                    o->targets[i].name);
    return 0;
}

void options_fit_cdrom(struct options_disk *d)
{
    if (!d->cdrom)
        return;
    d->block_bytes = d->physical_bytes = 2048;
    d->create_bytes = 0;
    d->read_only = d->removable = true;
}

/* Disks have what their target has, wherever on the line it stood. */
static void fill_disks(struct options_target *t)
{
    for (size_t i = 0; i < t->n_disks; i++) {
        struct options_disk *d = &t->disks[i];
        d->create_bytes = t->create_bytes;
        d->block_bytes = t->block_bytes;
        d->physical_bytes = t->physical_bytes;
        d->removable = t->removable;
        d->read_only = t->read_only;
        d->no_unmap = t->no_unmap;
        d->lun = (uint8_t)i;
        for (size_t k = 0; k < d->n_seen_by; k++)
            if (d->seen_by[k].lun == OWN_LUN)
                d->seen_by[k].lun = d->lun;
        options_fit_cdrom(d);
    }
}

int options_parse(struct options *o, int argc, char **argv,
                  char message[OPTIONS_MESSAGE_MAX])
{
    struct parser p = { .o = o, .target = &o->targets[0], .message = message };

    *o = (struct options){
        .n_targets = 1,
        .log_level = LEVEL_WARNING,
        .max_connections = 1024,
        .queue_depth = 128,
        .login_timeout_ms = 15000,
        .nop_interval_ms = 30000,
        .grace_ms = 3000,
        .fail_call = UINT32_MAX,
    };
    o->targets[0] =
        (struct options_target){ .name = DEFAULT_TARGET_NAME, .block_bytes = 512 };
    message[0] = '\0';

    start_getopt();
    for (;;) {
        int at = optind > 0 ? optind : 1;
        int option = getopt_long(argc, argv, "-:hv", long_options, NULL);
        if (option == -1)
            break;
        if (option == 'h' || option == OPT_VERSION) {
            o->help = option == 'h';
            o->version = !o->help;
            return 0;
        }
        if (option == '?' || option == ':')
            return bad_word(&p, option, argv[at]);
        if (take_option(&p, option, optarg) < 0)
            return -1;
    }
    for (int i = optind; i < argc; i++)             /* after "--" */
        if (take_option(&p, 1, argv[i]) < 0)
            return -1;
    if (check_whole(&p) < 0)
        return -1;

    for (size_t i = 0; i < o->n_targets; i++)
        fill_disks(&o->targets[i]);
    if (o->n_listen == 0 && !o->config)
        add_listen(&p, "127.0.0.1:" THIMBLE_STRING(DEFAULT_PORT));
    return 0;
}
