/* SPDX-License-Identifier: MIT
 *
 * serve.c: from the command line to a running server, and to its end.
 *
 * Everything that can go wrong goes wrong before the first `ready` line, with one
 * sentence and exit code 2.  After that the loop of port/sockets does the work; nothing
 * is allocated.
 */
#define _GNU_SOURCE

#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../src/port/sockets/sockets.h"
#include "../src/thimble.h"
#include "agentx.h"
#include "announce.h"
#include "backend_file.h"
#include "backend_ram.h"
#include "chap_file.h"
#include "crypto.h"
#include "http.h"
#include "log.h"
#include "options.h"
#include "settings_file.h"
#include "store.h"
#include "worker.h"

/* Exit codes. */
enum { DONE = 0, NOT_DURABLE = 1, NOT_STARTED = 2 };

/* What makes an engine for a host of one for a microcontroller.  Memory that is not used
 * yet is not there yet: the system gives pages when they are touched. */
enum {
    SESSIONS_MAX = 256,
    BUFFERS = 64,
    BUFFER_BYTES = 262144,
    PARAMETER_BUFFERS = 16,
    PARAMETER_BYTES = 131072,
    BURST_BYTES = 1048576,
    FIRST_BURST_BYTES = 262144,
    OUTSTANDING_R2T = 4,
    REGISTRATIONS = 1024,
    READ_AHEAD_BYTES = 65536,
    READ_AHEAD_BUFFERS = 64,
    DESCRIPTORS_BESIDE = 32,            /* beside those of connections */
    LOOK_S = 5,                         /* how often files are looked at */
    ANNOUNCED_TARGETS = 6,              /* by name; a TXT record is to be small */
};

struct served_disk {
    enum { DISK_NONE, DISK_FILE, DISK_MEMORY } kind;
    const char *name;
    struct file_disk file;
    struct memory_disk memory;
    struct thimble_fault_disk fault;
    struct file_store store;            /* if the target has a folder for it */
    struct thimble_block *block;
    bool complained;                    /* its medium cannot be opened, and this was said */
};

struct served_target {
    const struct options_target *options;
    struct chap_file chap;
    struct served_disk disks[OPTIONS_DISKS_MAX];
};

struct server {
    struct options options;
    struct settings_file file;          /* all zeros without --config */
    struct served_target *targets;
    struct thimble_sockets *sockets;
    struct thimble *engine;
    struct http *http;                  /* NULL: no status page */
    char status_url[250];               /* as initiators can reach it; "": they cannot */
    struct worker *worker;              /* saves records; NULL: no target has a place for them */
    struct thimble_mib mib;
    struct thimble_mib_address portals[OPTIONS_LISTENERS_MAX];
    uint16_t groups[OPTIONS_LISTENERS_MAX];     /* tags of portal groups */
    uint16_t n_groups;
    int signals[2];                     /* a pipe from the signal handler */
    bool stopping, at_once;
};

static int __attribute__((format(printf, 1, 2))) not_started(const char *format, ...)
{
    va_list args;

    fputs("thimble: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return NOT_STARTED;
}

/* --------------------------------------------------------------------------------------
 * Disks and targets
 */

static int open_disk(struct served_disk *d, const struct options_disk *o, char *message)
{
    const char *name = o->name;
    uint64_t bytes;

    d->name = name;
    if (strncmp(name, "ram:", 4) == 0) {
        if (!thimble_size_parse(name + 4, &bytes)) {
            snprintf(message, BACKEND_MESSAGE_MAX,
                     "%s: not a size; write it like ram:64M", name);
            return -1;
        }
        if (memory_disk_open(&d->memory, name, bytes, o->block_bytes, message) < 0)
            return -1;
        d->memory.ram.block.removable = o->removable;
        for (uint32_t physical = o->physical_bytes; physical > o->block_bytes; physical /= 2)
            d->memory.ram.block.physical_shift++;
        d->kind = DISK_MEMORY;
        d->block = &d->memory.ram.block;
        return 0;
    }
    struct file_disk_config config = {
        .path = name, .block_bytes = o->block_bytes, .physical_bytes = o->physical_bytes,
        .create_bytes = o->create_bytes, .read_only = o->read_only, .removable = o->removable,
    };
    if (file_disk_open(&d->file, &config, message) < 0)
        return -1;
    d->kind = DISK_FILE;
    d->block = &d->file.block;
    return 0;
}

static int open_target(struct served_target *t, const struct options *o)
{
    char message[BACKEND_MESSAGE_MAX];

    if (t->options->chap_file) {
        if (chap_file_load(&t->chap, t->options->chap_file, message) < 0)
            return not_started("%s", message);
        if (t->chap.readable_by_others)
            log_line(LEVEL_WARNING,
                     "%s can be read by others than its owner; chmod 600 it",
                     t->options->chap_file);
    }
    for (size_t i = 0; i < t->options->n_disks; i++) {
        struct served_disk *d = &t->disks[i];
        const struct options_disk *from = &t->options->disks[i];
        if (open_disk(d, from, message) < 0)
            return not_started("%s", message);
        if (from->serial)
            d->block->serial = from->serial;
        if (from->no_unmap) {
            d->block->unmap = NULL;
            d->block->extent = NULL;
        }
        if (o->fail_call == UINT32_MAX)
            continue;
        thimble_fault_disk_init(&d->fault, d->block);
        d->fault.fail_at = o->fail_call;
        d->fault.result = THIMBLE_ERR_IO;
        d->fault.sticky = true;
        d->block = &d->fault.block;
    }
    return DONE;
}

static int open_targets(struct server *s)
{
    s->targets = calloc(s->options.n_targets, sizeof *s->targets);
    if (!s->targets)
        return not_started("no memory for %zu targets", s->options.n_targets);
    for (size_t i = 0; i < s->options.n_targets; i++) {
        s->targets[i].options = &s->options.targets[i];
        int code = open_target(&s->targets[i], &s->options);
        if (code)
            return code;
    }
    return DONE;
}

/* Flushes and closes all disks; false: one of them could not be flushed. */
static bool close_targets(struct server *s)
{
    bool durable = true;

    for (size_t i = 0; s->targets && i < s->options.n_targets; i++) {
        struct served_target *t = &s->targets[i];
        for (size_t k = 0; k < OPTIONS_DISKS_MAX; k++) {
            struct served_disk *d = &t->disks[k];
            file_store_close(&d->store);
            if (d->kind == DISK_MEMORY)
                memory_disk_close(&d->memory);
            if (d->kind != DISK_FILE || file_disk_close(&d->file))
                continue;
            log_line(LEVEL_ERROR,
                     "%s: cannot be flushed; what was written last may be lost",
                     d->name);
            durable = false;
        }
        chap_file_free(&t->chap);
    }
    free(s->targets);
    s->targets = NULL;
    return durable;
}

static int add_target(struct server *s, struct served_target *t)
{
    const struct options_target *o = t->options;
    struct thimble_target_config config = {
        .name = o->name,
        .alias = o->alias,
        .chap = o->chap_file ? &t->chap.chap : o->chap,
        .allowed = o->n_allowed ? o->allowed : NULL,
        .n_allowed = o->n_allowed,
    };
    int index = thimble_target_add(s->engine, &config);

    if (index == THIMBLE_ERR_NAME)
        return not_started("%s: not an iSCSI name, or used twice; write it like %s",
                           o->name, DEFAULT_TARGET_NAME);
    if (index == THIMBLE_ERR_SECRET)
        return not_started("%s: a secret in it is shorter than 12 bytes, or the same in both directions",
                           o->chap_file ? o->chap_file : o->name);
    if (index < 0)
        return not_started("%s: cannot be served (error %d)", o->name, index);

    for (size_t i = 0; i < o->n_disks; i++) {
        const struct options_disk *d = &o->disks[i];
        struct thimble_lun_config lun = {
            .block = t->disks[i].block, .lun = d->lun, .read_only = d->read_only,
            .type = d->cdrom ? THIMBLE_DEVICE_CDROM : THIMBLE_DEVICE_DISK,
            .views = d->seen_by, .n_views = d->n_seen_by,
            .vendor = d->vendor, .product = d->product,
        };
        struct file_store *store = &t->disks[i].store;
        if (o->state) {
            if (file_store_open(store, o->state, o->name, d->lun, s->worker) < 0)
                return not_started("--state %s: %s", o->state, strerror(errno));
            lun.store = &store->store;
        }
        int error = thimble_lun_add(s->engine, index, &lun);
        if (error == THIMBLE_ERR_RECORD)
            return not_started("%s: what LUN %u of %s kept there is damaged, or of another version; serving it might "
                               "let in whom its reservations keep out.  Move %s.lun%u.* away to serve it without",
                               o->state, d->lun, o->name, o->name, d->lun);
        if (error == THIMBLE_ERR_FULL)
            return not_started("%s: an initiator that --seen-by names would see two disks by one LUN; give each it sees another "
                               "lun=N", d->name);
        if (error < 0)
            return not_started("%s: cannot be served (error %d)", d->name, error);
    }
    return DONE;
}

/* --------------------------------------------------------------------------------------
 * What the engine and the loop report
 */

static void on_event(void *ctx, const struct thimble_event *event)
{
    (void)ctx;
    log_event(event, event->port_conn ? thimble_sockets_peer(event->port_conn) : "-");
    agentx_event(event);
}

/* For latencies. */
static uint32_t now_us(void *ctx)
{
    struct timespec t;

    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)((uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000);
}

static void on_notice(void *ctx, enum thimble_sockets_notice what, const char *peer,
                      int error)
{
    (void)ctx;
    switch (what) {
    case THIMBLE_SOCKETS_TURNED_AWAY:
        log_limited(
            LOG_KIND_TURNED_AWAY, LEVEL_WARNING,
            "%s: turned away, all connections are in use; see --max-connections", peer);
        break;
    case THIMBLE_SOCKETS_ACCEPT_PAUSED:
        log_limited(LOG_KIND_ACCEPT, LEVEL_WARNING,
                    "no connection can be accepted now: %s", strerror(error));
        break;
    }
}

/* --------------------------------------------------------------------------------------
 * Media that change
 */

static void look_at_disk(struct server *s, int target, unsigned lun, struct served_disk *d)
{
    char message[BACKEND_MESSAGE_MAX];
    enum file_disk_news news = file_disk_look(&d->file, message);
    bool resized = news == FILE_DISK_RESIZED;

    if (message[0] && !d->complained)
        log_line(LEVEL_WARNING, "%s", message);
    d->complained = message[0] != '\0';
    if (news == FILE_DISK_SAME)
        return;
    d->block->size_blocks = d->file.block.size_blocks;  /* of what stands above the file */
    log_line(LEVEL_INFO, "%s: %s, %" PRIu64 " blocks", d->name,
             resized ? "has another length" : news == FILE_DISK_GONE ? "has gone" : "has come",
             d->block->size_blocks);
    thimble_lun_changed(s->engine, target, (uint16_t)lun,
                        resized ? THIMBLE_LUN_RESIZED : THIMBLE_LUN_MEDIUM_CHANGED);
}

static void look_at_disks(struct server *s)
{
    for (size_t t = 0; t < s->options.n_targets; t++)
        for (size_t i = 0; i < s->options.targets[t].n_disks; i++)
            if (s->targets[t].disks[i].kind == DISK_FILE)
                look_at_disk(s, (int)t, s->options.targets[t].disks[i].lun, &s->targets[t].disks[i]);
}

static int signal_pipe_in = -1;

static void on_signal(int number)
{
    int error = errno;
    char byte = (char)number;

    if (write(signal_pipe_in, &byte, 1) < 0) {
        /* The pipe is full of signals: they will be seen. */
    }
    errno = error;
}

static void on_signal_pipe(void *ctx)
{
    struct server *s = ctx;
    char bytes[16];
    ssize_t n;

    while ((n = read(s->signals[0], bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == SIGHUP || bytes[i] == SIGALRM) {
                look_at_disks(s);
                continue;
            }
            s->at_once = s->stopping;
            if (s->stopping)
                continue;
            s->stopping = true;
            log_line(LEVEL_INFO, "asked to end (signal %d); initiators have %" PRIu32
                     " s to log out", bytes[i], s->options.grace_ms / 1000);
            announce_stop();
            thimble_sockets_stop_listening(s->sockets);
            thimble_shutdown(s->engine, s->options.grace_ms);
        }
    }
}

static int catch_signals(struct server *s)
{
    static const int caught[] = { SIGTERM, SIGINT, SIGHUP, SIGALRM };
    static const struct itimerval look = { { LOOK_S, 0 }, { LOOK_S, 0 } };
    struct sigaction end = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    if (pipe(s->signals) < 0)
        return not_started("no pipe for signals: %s", strerror(errno));
    for (int i = 0; i < 2; i++) {
        fcntl(s->signals[i], F_SETFL, O_NONBLOCK);
        fcntl(s->signals[i], F_SETFD, FD_CLOEXEC);
    }
    signal_pipe_in = s->signals[1];
    sigemptyset(&end.sa_mask);
    sigemptyset(&ignore.sa_mask);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        sigaction(caught[i], &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    int error = thimble_sockets_watch(s->sockets, s->signals[0], on_signal_pipe, s);
    if (error < 0)
        return not_started("signals cannot be waited for: %s", strerror(-error));
    setitimer(ITIMER_REAL, &look, NULL);
    return DONE;
}

/* --------------------------------------------------------------------------------------
 * Engine and sockets
 */

static void *get_memory(size_t bytes)
{
    void *mem =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mem == MAP_FAILED ? NULL : mem;
}

/* The place of a portal group's tag among those that there are. */
static uint16_t group_of(struct server *s, uint16_t tag)
{
    uint16_t place = 0;

    while (place < s->n_groups && s->groups[place] != tag)
        place++;
    if (place == s->n_groups)
        s->groups[s->n_groups++] = tag;
    return place;
}

/* Each connection needs a descriptor; asks the system for as many as we may have. */
static void fit_connections(struct options *o)
{
    struct rlimit limit;
    size_t n_disks = 0;

    for (size_t i = 0; i < o->n_targets; i++)
        n_disks += o->targets[i].n_disks;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    rlim_t beside = DESCRIPTORS_BESIDE + n_disks;
    rlim_t spare = 4 + (rlim_t)o->max_connections / 8;
    rlim_t wanted = o->max_connections + spare + beside;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted)
        return;
    rlim_t left = limit.rlim_cur > beside + 8 ? limit.rlim_cur - beside - 8 : 1;
    uint16_t fitting = (uint16_t)(left * 8 / 9 ? left * 8 / 9 : 1);
    log_line(LEVEL_WARNING,
             "%u connections at most, not %u: the system allows no more than "
             "%llu descriptors (ulimit -n)",
             fitting, o->max_connections, (unsigned long long)limit.rlim_cur);
    o->max_connections = fitting;
}

/* Nothing of the status page's, of SNMP's or of Avahi's is urgent: they are looked after between two rounds. */
static uint32_t on_idle(void *ctx)
{
    struct server *s = ctx;
    uint32_t http_ms = s->http ? http_run(s->http) : THIMBLE_NEVER;
    uint32_t agentx_ms = s->mib.engine ? agentx_run() : THIMBLE_NEVER;
    uint32_t announce_ms = announce_run();
    uint32_t ms = http_ms < agentx_ms ? http_ms : agentx_ms;

    return ms < announce_ms ? ms : announce_ms;
}

/* The loop was woken: on_idle() will be called. */
static void on_http(void *ctx)
{
    (void)ctx;
}

static void on_agentx(void *ctx)
{
    (void)ctx;
    agentx_wake();
}

static void on_announce(void *ctx)
{
    (void)ctx;
    announce_wake();
}

static int start_sockets(struct server *s)
{
    struct thimble_sockets_config config = {
        .n_connections = s->options.max_connections,
        .n_listeners = (uint16_t)s->options.n_listen,
        .n_watched = 5,                 /* signals, HTTP, SNMP, Avahi, the worker */
        .read_ahead_bytes = READ_AHEAD_BYTES,
        .n_read_ahead = READ_AHEAD_BUFFERS,
        .ctx = s,
        .notice = on_notice,
        .idle = s->options.http.len || s->options.agentx || s->options.announce ? on_idle : NULL,
    };
    size_t bytes = thimble_sockets_memory_bytes(&config);
    void *mem = get_memory(bytes);

    if (!mem)
        return not_started("no memory for %u connections; see --max-connections",
                           s->options.max_connections);
    int error = thimble_sockets_init(&s->sockets, mem, bytes, &config);
    if (error < 0)
        return not_started("cannot wait for connections: %s", strerror(-error));
    return DONE;
}

static void on_worker(void *ctx)
{
    struct server *s = ctx;

    worker_answer(s->worker);
}

static int start_worker(struct server *s)
{
    const char *state = NULL;

    for (size_t i = 0; i < s->options.n_targets && !state; i++)
        state = s->options.targets[i].state;
    if (!state)
        return DONE;
    s->worker = worker_start();
    if (!s->worker)
        return not_started("--state %s: no thread for it: %s", state, strerror(errno));
    int error = thimble_sockets_watch(s->sockets, worker_fd(s->worker), on_worker, s);
    if (error < 0)
        return not_started("--state %s: %s", state, strerror(-error));
    return DONE;
}

static int start_engine(struct server *s)
{
    const struct options *o = &s->options;
    uint32_t n_luns = 0;

    for (size_t i = 0; i < o->n_targets; i++)
        n_luns += (uint32_t)o->targets[i].n_disks;
    for (size_t i = 0; i < o->n_listen; i++)
        group_of(s, o->listen[i].portal_group);
    struct thimble_config config = {
        .n_connections = o->max_connections,
        .n_sessions =
            o->max_connections < SESSIONS_MAX ? o->max_connections : SESSIONS_MAX,
        .queue_depth = o->queue_depth,
        .n_buffers = BUFFERS,
        .buffer_bytes = BUFFER_BYTES,
        .n_parameter_buffers = PARAMETER_BUFFERS,
        .parameter_bytes = PARAMETER_BYTES,
        .n_registrations = REGISTRATIONS,
        .n_logins = o->max_connections,
        .n_targets = (uint16_t)o->n_targets,
        .n_luns = (uint16_t)n_luns,
        .max_burst_bytes = BURST_BYTES,
        .first_burst_bytes = FIRST_BURST_BYTES,
        .max_outstanding_r2t = OUTSTANDING_R2T,
        .login_timeout_ms = o->login_timeout_ms,
        .nop_interval_ms = o->nop_interval_ms ? o->nop_interval_ms : THIMBLE_NEVER,
        .ctx = s,
        .wake = thimble_sockets_wake,
        .event = on_event,
        .now_us = now_us,
        .status_url = s->status_url,
        .portal = thimble_sockets_portal,
        .portal_groups = s->groups,
        .portal_group = thimble_sockets_portal_group,
        .crypto = &host_crypto,
        .discovery_chap = o->discovery_chap,
    };
    config.n_portal_groups = s->n_groups;
    if (o->settings) {
        thimble_settings_limits(o->settings, &config);
        config.n_connections = o->max_connections;      /* the command line wins */
        config.queue_depth = o->queue_depth;
        config.login_timeout_ms = o->login_timeout_ms;
        config.nop_interval_ms = o->nop_interval_ms ? o->nop_interval_ms : THIMBLE_NEVER;
        if (config.n_sessions > config.n_connections)
            config.n_sessions = config.n_connections;
    }
    /* There are only so many commands that all sessions together may have open. */
    while (thimble_memory_bytes(&config) == 0 && config.n_sessions > 1)
        config.n_sessions /= 2;
    size_t bytes = thimble_memory_bytes(&config);
    void *mem = bytes ? get_memory(bytes) : NULL;

    if (!bytes)
        return not_started(
            "--max-connections %u and --queue-depth %u are too much together; "
            "make one of them smaller",
            o->max_connections, o->queue_depth);
    if (!mem)
        return not_started("no memory (%zu bytes) for %u connections; make "
                           "--max-connections smaller",
                           bytes, o->max_connections);
    int error = thimble_init(&s->engine, mem, bytes, &config);
    if (error < 0)
        return not_started("the engine does not start (error %d)", error);
    thimble_sockets_attach(s->sockets, s->engine);
    for (size_t i = 0; i < o->n_targets; i++) {
        int code = add_target(s, &s->targets[i]);
        if (code)
            return code;
    }
    return DONE;
}

static int listen_at(struct server *s, const struct options_address *a)
{
    int error = thimble_sockets_listen_as(s->sockets, (const void *)&a->address, a->len,
                                          group_of(s, a->portal_group));

    if (error == -EADDRINUSE)
        return not_started(
            "--listen %s: the port is in use; stop the other server, or choose "
            "another port",
            a->text);
    if (error == -EADDRNOTAVAIL)
        return not_started("--listen %s: this machine does not have that address",
                           a->text);
    if (error == -EACCES)
        return not_started("--listen %s: not permitted; choose a port above 1023",
                           a->text);
    if (error < 0)
        return not_started("--listen %s: %s", a->text, strerror(-error));
    return DONE;
}

/* IPv4 first: [::] then leaves 0.0.0.0 with the same port to its own listener. */
static int listen_at_all(struct server *s)
{
    static const int families[] = { AF_INET, AF_INET6 };

    for (int f = 0; f < 2; f++) {
        for (size_t i = 0; i < s->options.n_listen; i++) {
            const struct options_address *a = &s->options.listen[i];
            int code = a->address.ss_family == families[f] ? listen_at(s, a) : DONE;
            if (code)
                return code;
        }
    }
    return DONE;
}

/* VPD page 85h.  What listens at every address goes by the machine's name, and what only this machine reaches is not told to
 * others. */
static void tell_status_url(struct server *s)
{
    struct options_address a = s->options.http;
    const struct sockaddr_in *v4 = (const void *)&a.address;
    const struct sockaddr_in6 *v6 = (const void *)&a.address;
    char text[THIMBLE_SOCKETS_ADDRESS_MAX], name[128] = "";

    for (size_t i = 0; i < s->options.n_listen && options_is_loopback(&a); i++)
        if (!options_is_loopback(&s->options.listen[i]))
            return;
    options_set_port(&a, http_port(s->http));
    thimble_sockets_address_text((const void *)&a.address, text, sizeof text);
    if (a.address.ss_family == AF_INET ? v4->sin_addr.s_addr == htonl(INADDR_ANY)
                                       : IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr)) {
        if (gethostname(name, sizeof name - 1) < 0 || name[0] == '\0')
            return;
        snprintf(text, sizeof text, "%.60s:%u", name, (unsigned)http_port(s->http));
    }
    snprintf(s->status_url, sizeof s->status_url, "http://%s/", text);
}

static int start_http(struct server *s)
{
    const struct options_address *a = &s->options.http;

    if (a->len == 0)
        return DONE;
    s->http = http_start((const void *)&a->address, "thimble", s->engine);
    if (!s->http && errno == ENOTSUP)
        return not_started("--http %s: this thimble was built without libmicrohttpd", a->text);
    if (!s->http)
        return not_started("--http %s: %s", a->text, strerror(errno));
    int error = thimble_sockets_watch(s->sockets, http_fd(s->http), on_http, s);
    if (error < 0)
        return not_started("--http %s: %s", a->text, strerror(-error));
    tell_status_url(s);
    return DONE;
}

static void to_mib_address(const struct sockaddr_storage *from, struct thimble_mib_address *to)
{
    memset(to, 0, sizeof *to);
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;
        memcpy(to->octets, &in->sin_addr, to->len = 4);
        to->port = ntohs(in->sin_port);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)from;
        memcpy(to->octets, &in->sin6_addr, to->len = 16);
        to->port = ntohs(in->sin6_port);
    }
}

static void end_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *), struct thimble_mib_address *to)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof address;

    if (get(fd, (void *)&address, &len) < 0)
        address.ss_family = AF_UNSPEC;
    to_mib_address(&address, to);
}

static void ends_of(const void *port_conn, struct thimble_mib_address *local,
                    struct thimble_mib_address *remote)
{
    int fd = thimble_sockets_fd(port_conn);

    end_of(fd, getsockname, local);
    end_of(fd, getpeername, remote);
}

static int start_agentx(struct server *s)
{
    size_t n = s->options.n_targets;
    int fd;

    if (!s->options.agentx)
        return DONE;
    s->mib = (struct thimble_mib){ .engine = s->engine, .portals = s->portals, .n_refused = (unsigned)n,
                                   .refused = calloc(n, sizeof *s->mib.refused), .ends = ends_of };
    s->mib.config = *thimble_configuration(s->engine);
    if (!s->mib.refused)
        return not_started("no memory for %zu targets", n);
    while (s->mib.n_portals < OPTIONS_LISTENERS_MAX &&
           (fd = thimble_sockets_listener_fd(s->sockets, s->mib.n_portals)) >= 0) {
        struct thimble_mib_address *portal = &s->portals[s->mib.n_portals];
        end_of(fd, getsockname, portal);
        portal->tag = s->groups[thimble_sockets_listener_group(s->sockets, s->mib.n_portals++)];
    }
    if (!agentx_start(s->options.agentx, &s->mib))
        return not_started("--agentx %s: this thimble was built without Net-SNMP", s->options.agentx);
    int error = agentx_fd() < 0 ? 0 : thimble_sockets_watch(s->sockets, agentx_fd(), on_agentx, s);
    if (error < 0)
        return not_started("--agentx %s: %s", s->options.agentx, strerror(-error));
    return DONE;
}

/* Where others reach it: false, it is for this machine alone. */
static bool announced_at(const struct sockaddr_storage *address, struct announce_service *service)
{
    struct options_address a = { .address = *address };
    struct thimble_mib_address port;

    to_mib_address(address, &port);
    service->port = port.port;
    service->family = address->ss_family;
    if (address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr))
        service->family = AF_UNSPEC;        /* it takes IPv4, too */
    return !options_is_loopback(&a);
}

/* "target=IQN" and "luns=N" of the first targets; of others than the first, "target2" and so on. */
static size_t describe_targets(const struct options *o, const char *txt[])
{
    static char lines[2 * ANNOUNCED_TARGETS][250];
    size_t n = 0;

    txt[n++] = "txtvers=1";
    for (unsigned i = 0; i < o->n_targets && i < ANNOUNCED_TARGETS; i++) {
        char number[12] = "", *target = lines[2 * i], *luns = lines[2 * i + 1];
        if (i > 0)
            snprintf(number, sizeof number, "%u", i + 1);
        snprintf(target, sizeof lines[0], "target%s=%s", number, o->targets[i].name);
        snprintf(luns, sizeof lines[0], "luns%s=%zu", number, o->targets[i].n_disks);
        txt[n++] = target;
        txt[n++] = luns;
    }
    return n;
}

static int start_announce(struct server *s)
{
    static const char *const page[] = { "path=/" };
    static const char *targets[1 + 2 * ANNOUNCED_TARGETS];
    static struct announce_service services[2];
    size_t n = 0;
    int fd;

    if (!s->options.announce)
        return DONE;
    for (unsigned i = 0; n == 0 && (fd = thimble_sockets_listener_fd(s->sockets, i)) >= 0; i++) {
        struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
        socklen_t len = sizeof address;
        if (getsockname(fd, (void *)&address, &len) == 0 && announced_at(&address, &services[0]))
            n = 1;
    }
    if (n == 0)
        return not_started("--announce: only this machine can connect; add --listen, such as --listen 0.0.0.0");
    services[0].type = "_iscsi._tcp";
    services[0].txt = targets;
    services[0].n_txt = describe_targets(&s->options, targets);
    if (s->http && announced_at(&s->options.http.address, &services[1])) {
        services[1].type = "_http._tcp";
        services[1].txt = page;
        services[1].n_txt = 1;
        services[1].port = http_port(s->http);
        n = 2;
    }
    if (!announce_start(services, n))
        return not_started("--announce: this thimble was built without Avahi's library");
    int error = announce_fd() < 0 ? 0 : thimble_sockets_watch(s->sockets, announce_fd(), on_announce, s);
    if (error < 0)
        return not_started("--announce: %s", strerror(-error));
    return DONE;
}

static void warn_if_open(const struct options *o)
{
    for (size_t i = 0; i < o->n_listen; i++) {
        if (options_is_loopback(&o->listen[i]))
            continue;
        for (size_t k = 0; k < o->n_targets; k++)
            if (!o->targets[k].chap_file && !o->targets[k].chap && o->targets[k].n_allowed == 0)
                log_line(LEVEL_WARNING,
                         "everybody who reaches %s can read%s %s; to prevent it, add "
                         "--chap-file FILE or --allow IQN", o->listen[i].text,
                         o->targets[k].read_only ? "" : " and write", o->targets[k].name);
    }
}

static void say_ready(const struct server *s)
{
    char address[THIMBLE_SOCKETS_ADDRESS_MAX];

    for (unsigned i = 0;
         thimble_sockets_listener(s->sockets, i, address, sizeof address); i++)
        for (size_t t = 0; t < s->options.n_targets; t++)
            for (size_t d = 0; d < s->options.targets[t].n_disks; d++)
                printf("ready iscsi://%s/%s/%u\n", address, s->options.targets[t].name,
                       s->options.targets[t].disks[d].lun);
    if (s->http) {
        struct options_address a = s->options.http;
        options_set_port(&a, http_port(s->http));
        thimble_sockets_address_text((const void *)&a.address, address, sizeof address);
        printf("status http://%s/\n", address);
    }
    fflush(stdout);
}

static int start(struct server *s)
{
    int code;

    fit_connections(&s->options);
    if ((code = open_targets(s)) || (code = start_sockets(s)) ||
        (code = start_worker(s)) || (code = start_engine(s)) || (code = catch_signals(s)) ||
        (code = listen_at_all(s)) || (code = start_http(s)) ||
        (code = start_agentx(s)) || (code = start_announce(s)))
        return code;
    warn_if_open(&s->options);
    say_ready(s);
    return DONE;
}

static void run(struct server *s)
{
    while (!s->at_once) {
        if (s->stopping && thimble_idle(s->engine) && thimble_sockets_idle(s->sockets))
            break;
        thimble_sockets_run_once(s->sockets);
    }
    http_stop(s->http);
    agentx_stop();
    announce_stop();
    free(s->mib.refused);
    thimble_sockets_close(s->sockets);
}

/* What the command line leaves open comes from the settings file. */
static int take_settings(struct server *s)
{
    char message[OPTIONS_MESSAGE_MAX];

    if (settings_file_load(&s->file, s->options.config, "thimble: ", stderr) < 0)
        return NOT_STARTED;
    if (settings_file_apply(&s->file, &s->options, message) < 0)
        return not_started("%s", message);
    return DONE;
}

int serve(int argc, char **argv)
{
    static struct server s;
    char message[OPTIONS_MESSAGE_MAX];

    if (options_parse(&s.options, argc, argv, message) < 0)
        return not_started("%s", message);
    if (s.options.help || s.options.version) {
        fputs(s.options.help ? options_help : "thimble " THIMBLE_VERSION "\n", stdout);
        return DONE;
    }

    int code = s.options.config ? take_settings(&s) : DONE;
    log_set_level(s.options.log_level);
    if (code == DONE && !log_to(s.options.log_to))
        code = not_started("--log-to journald: stderr is not connected to the journal; let systemd start it, or leave "
                           "this away");
    if (s.file.readable_by_others)
        log_line(LEVEL_WARNING, "%s has passwords and can be read by others than its owner; "
                 "chmod 600 it", s.file.path);
    if (code == DONE && (code = start(&s)) == DONE)
        run(&s);
    worker_stop(s.worker);
    if (!close_targets(&s) && code == DONE)
        code = NOT_DURABLE;
    settings_file_free(&s.file);
    log_flush();
    return code;
}
