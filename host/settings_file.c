/* SPDX-License-Identifier: MIT
 *
 * settings_file.c: see settings_file.h.
 */
#define _GNU_SOURCE

#include "settings_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int __attribute__((format(printf, 2, 3)))
mistake(char message[OPTIONS_MESSAGE_MAX], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(message, OPTIONS_MESSAGE_MAX, format, args);
    va_end(args);
    return -1;
}

/* --------------------------------------------------------------------------------------
 * Reading
 */
struct loading {
    FILE *in, *problems;
    const char *path, *prefix;
};

static int next_byte(void *ctx)
{
    struct loading *l = ctx;
    int c = getc(l->in);

    if (c != EOF)
        return c;
    return ferror(l->in) ? THIMBLE_SETTINGS_FAILED : THIMBLE_SETTINGS_END;
}

static void on_problem(void *ctx, const struct thimble_settings_problem *problem)
{
    struct loading *l = ctx;

    if (problem->line)
        fprintf(l->problems, "%s%s:%u: %s\n", l->prefix, l->path, problem->line, problem->text);
    else
        fprintf(l->problems, "%s%s: %s\n", l->prefix, l->path, problem->text);
}

static bool has_secrets(const struct thimble_settings *s)
{
    bool any = s->discovery.account.password || s->discovery.account.mutual_password;

    for (size_t i = 0; i < THIMBLE_SETTINGS_TARGETS; i++)
        any |= s->target[i].account.password || s->target[i].account.mutual_password;
    for (size_t i = 0; i < THIMBLE_SETTINGS_WIFI; i++)
        any |= s->wifi[i].password != 0;
    return any;
}

int settings_file_load(struct settings_file *f, const char *path, const char *prefix,
                       FILE *problems)
{
    struct loading loading = { .problems = problems, .path = path, .prefix = prefix };
    struct thimble_settings_source source = { .get = next_byte, .ctx = &loading };
    struct thimble_settings_report report = { .problem = on_problem, .ctx = &loading };
    struct stat st;

    *f = (struct settings_file){ .path = path };
    loading.in = fopen(path, "rbe");
    if (!loading.in) {
        fprintf(problems, "%s%s: cannot be opened: %s\n", prefix, path, strerror(errno));
        return -1;
    }
    setvbuf(loading.in, NULL, _IONBF, 0);       /* no copy of its secrets is left behind */
    thimble_settings_read(&f->settings, &source, &report);
    if (fstat(fileno(loading.in), &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)))
        f->readable_by_others = has_secrets(&f->settings);
    fclose(loading.in);
    return f->settings.n_problems ? -1 : 0;
}

void settings_file_free(struct settings_file *f)
{
    for (size_t i = 0; i < f->n_strings; i++)
        free(f->strings[i]);
    f->n_strings = 0;
    thimble_settings_wipe(&f->settings);
}

/* --------------------------------------------------------------------------------------
 * Paths
 */

/* Keeps what was allocated, for settings_file_free(). */
static const char *keep(struct settings_file *f, char *text)
{
    if (text)
        f->strings[f->n_strings++] = text;
    return text;
}

/* A relative path starts where the settings file is.  NULL: no memory. */
static const char *beside(struct settings_file *f, const char *path)
{
    const char *slash = strrchr(f->path, '/');
    int folder_len = slash ? (int)(slash - f->path) + 1 : 0;
    /* "./", so that nobody takes it for memory. */
    const char *here = folder_len == 0 && strncmp(path, "ram:", 4) == 0 ? "./" : "";
    char *text;

    if (path[0] == '/')
        return path;
    if (asprintf(&text, "%.*s%s%s", folder_len, f->path, here, path) < 0)
        return NULL;
    return keep(f, text);
}

/* --------------------------------------------------------------------------------------
 * Settings to options
 */

static int apply_listen(struct settings_file *f, struct options *o, char *message)
{
    const struct thimble_settings *s = &f->settings;
    const char *text;
    uint16_t line;

    for (unsigned i = 0; !options_given(o, OPT_LISTEN) &&
                         (text = thimble_settings_listen(s, i, &line)) != NULL; i++) {
        if (o->n_listen > 0 && options_group(text, &o->listen[o->n_listen - 1].portal_group))
            continue;                   /* it is about the address before it */
        if (o->n_listen == OPTIONS_LISTENERS_MAX)
            return mistake(message, "%s:%u: at most %d addresses can be listened at", f->path,
                           line, OPTIONS_LISTENERS_MAX);
        if (!options_portal(text, &o->listen[o->n_listen]))
            return mistake(message,
                           "%s:%u: [network] listen: \"%s\" is wrong; write a numeric address "
                           "and perhaps a port, such as 127.0.0.1, 0.0.0.0:3260 or [::1]:3260, and perhaps "
                           "group=N behind it, 1 to 65535",
                           f->path, line, text);
        o->n_listen++;
    }
    if (o->n_listen == 0)
        options_portal("127.0.0.1", &o->listen[o->n_listen++]);
    for (size_t i = 0; i < o->n_listen; i++)
        if (!o->listen[i].port_given)
            options_set_port(&o->listen[i], s->network.port);
    return 0;
}

static int apply_status(struct settings_file *f, struct options *o, char *message)
{
    const struct thimble_settings_status *s = &f->settings.status;
    const char *address = thimble_settings_text(&f->settings, s->http_address);

    o->announce |= f->settings.network.announce;
    if (!options_given(o, OPT_AGENTX))
        o->agentx = thimble_settings_text(&f->settings, s->agentx);
    if (options_given(o, OPT_HTTP) || s->http_port == 0)
        return 0;
    if (!options_address(address ? address : "127.0.0.1", &o->http) || o->http.port_given)
        return mistake(message, "%s: [status] http-address: \"%s\" is wrong; write a numeric "
                                "address such as 127.0.0.1, 0.0.0.0 or [::]", f->path, address);
    options_set_port(&o->http, s->http_port);
    return 0;
}

static void apply_numbers(const struct thimble_settings *s, struct options *o)
{
    struct thimble_config c = {
        .n_connections = o->max_connections, .queue_depth = o->queue_depth,
        .login_timeout_ms = o->login_timeout_ms, .nop_interval_ms = o->nop_interval_ms,
    };

    thimble_settings_limits(s, &c);
    if (!options_given(o, OPT_MAX_CONNECTIONS))
        o->max_connections = c.n_connections;
    if (!options_given(o, OPT_QUEUE_DEPTH))
        o->queue_depth = c.queue_depth;
    if (!options_given(o, OPT_LOGIN_TIMEOUT))
        o->login_timeout_ms = c.login_timeout_ms;
    if (!options_given(o, OPT_NOP_INTERVAL))
        o->nop_interval_ms = c.nop_interval_ms == THIMBLE_NEVER ? 0 : c.nop_interval_ms;
    if (!options_given(o, OPT_GRACE))
        o->grace_ms = s->timeouts.grace_s * UINT32_C(1000);
    if (!options_given(o, OPT_LOG) && s->log.level)
        o->log_level = (enum log_level)(s->log.level - 1);
    if (!options_given(o, OPT_LOG_TO))
        o->log_to = (enum log_place)(s->log.to - 1);
}

/* The name of a disk as on the command line; NULL and a message: there is none on a host. */
static const char *disk_name(struct settings_file *f, unsigned number,
                             const struct thimble_settings_lun *l, char *message)
{
    const char *name = NULL;
    char *text;

    if (l->disk.kind == THIMBLE_DISK_FILE)
        name = beside(f, thimble_settings_text(&f->settings, l->disk.file));
    else if (l->disk.kind == THIMBLE_DISK_RAM)
        name = asprintf(&text, "ram:%" PRIu64, l->disk.ram_bytes) < 0 ? NULL : keep(f, text);
    if (name)
        return name;
    if (l->disk.kind == THIMBLE_DISK_FILE || l->disk.kind == THIMBLE_DISK_RAM)
        mistake(message, "%s: no memory for its paths", f->path);
    else if (!l->head.line)
        mistake(message, "%s: no disk to serve; write a section [lun 0], and in it a line such "
                         "as disk = file disk.img", f->path);
    else
        mistake(message, "%s:%u: [lun %u]: a host has no such disk; write disk = file PATH or "
                         "disk = ram SIZE", f->path, l->head.line, number);
    return NULL;
}

static int apply_disks(struct settings_file *f, unsigned number, struct options *o,
                       struct options_target *t, char *message)
{
    const struct thimble_settings *s = &f->settings;

    for (unsigned n = 0; n < THIMBLE_SETTINGS_LUNS; n++) {
        const struct thimble_settings_lun *l = thimble_settings_lun(s, n);
        if (!l || l->target != number)
            continue;
        const char *name = disk_name(f, n, l, message);
        if (!name)
            return -1;
        struct thimble_lun_view *seen_by = &o->seen_by[o->n_seen_by];
        size_t n_seen_by = thimble_settings_views(s, n, seen_by, OPTIONS_SEEN_BY_MAX - o->n_seen_by);
        o->n_seen_by += n_seen_by;
        t->disks[t->n_disks] = (struct options_disk){
            .name = name,
            .seen_by = n_seen_by ? seen_by : NULL,
            .n_seen_by = n_seen_by,
            .cdrom = l->type == 2,
            .physical_bytes = l->physical_bytes,
            .removable = l->removable,
            .vendor = thimble_settings_text(s, l->vendor),
            .product = thimble_settings_text(s, l->product),
            .serial = thimble_settings_text(s, l->serial),
            .create_bytes = l->create_bytes,
            .block_bytes = l->block_size == 2 ? 4096 : 512,
            .lun = l->number,
            .read_only = l->read_only,
            .no_unmap = !l->unmap,
        };
        options_fit_cdrom(&t->disks[t->n_disks++]);
    }
    return 0;
}

static int apply_target(struct settings_file *f, unsigned number,
                        const struct thimble_settings_target *from, struct options *o,
                        struct options_target *t, char *message)
{
    const struct thimble_settings *s = &f->settings;

    *t = (struct options_target){
        .name = thimble_settings_text(s, from->name),
        .alias = thimble_settings_text(s, from->alias),
        .chap = thimble_settings_chap(s, &from->account, &f->chap[number - 1]),
    };
    t->n_allowed = thimble_settings_allowed(s, number, t->allowed, OPTIONS_ALLOWED_MAX);
    if (from->chap_file) {
        t->chap_file = beside(f, thimble_settings_text(s, from->chap_file));
        if (!t->chap_file)
            return mistake(message, "%s: no memory for its paths", f->path);
    }
    if (from->state) {
        t->state = beside(f, thimble_settings_text(s, from->state));
        if (!t->state)
            return mistake(message, "%s: no memory for its paths", f->path);
    }
    return apply_disks(f, number, o, t, message);
}

/* Options for a target hold for all targets of the file. */
static void apply_words(const struct options *o, const struct options_target *words,
                        struct options_target *t)
{
    if (options_given(o, OPT_NAME))
        t->name = words->name;
    if (options_given(o, OPT_ALIAS))
        t->alias = words->alias;
    if (options_given(o, OPT_CHAP_FILE)) {
        t->chap_file = words->chap_file;
        t->chap = NULL;
    }
    if (options_given(o, OPT_STATE))
        t->state = words->state;
    if (options_given(o, OPT_ALLOW)) {
        memcpy(t->allowed, words->allowed, sizeof t->allowed);
        t->n_allowed = words->n_allowed;
    }
    t->read_only = true;
    for (size_t i = 0; i < t->n_disks; i++) {
        struct options_disk *d = &t->disks[i];
        if (options_given(o, OPT_CREATE))
            d->create_bytes = words->create_bytes;
        if (options_given(o, OPT_BLOCK_SIZE))
            d->block_bytes = words->block_bytes;
        if (options_given(o, OPT_PHYSICAL_BLOCK_SIZE))
            d->physical_bytes = words->physical_bytes;
        d->read_only |= words->read_only;
        d->removable |= words->removable;
        d->no_unmap |= words->no_unmap;
        options_fit_cdrom(d);
        t->read_only &= d->read_only;
    }
}

static int apply_targets(struct settings_file *f, struct options *o, char *message)
{
    const struct options_target words = o->targets[0];

    o->n_targets = 0;
    for (unsigned number = 1; number <= THIMBLE_SETTINGS_TARGETS; number++) {
        const struct thimble_settings_target *from =
            thimble_settings_target(&f->settings, number);
        if (!from)
            continue;
        struct options_target *t = &o->targets[o->n_targets++];
        if (apply_target(f, number, from, o, t, message) < 0)
            return -1;
        apply_words(o, &words, t);
    }
    if (options_given(o, OPT_NAME) && o->n_targets > 1)
        return mistake(message, "--name %s: %s has %zu targets; change their names there",
                       words.name, f->path, o->n_targets);
    return 0;
}

_Static_assert(THIMBLE_SETTINGS_TARGETS <= OPTIONS_TARGETS_MAX, "each target has a place");
_Static_assert(THIMBLE_SETTINGS_LUNS <= OPTIONS_DISKS_MAX, "each logical unit has a place");
_Static_assert(THIMBLE_SETTINGS_LIST <= OPTIONS_SEEN_BY_MAX,  "nobody of a list is left out");
_Static_assert(THIMBLE_SETTINGS_LIST <= OPTIONS_ALLOWED_MAX, "nobody of a list is left out");

int settings_file_apply(struct settings_file *f, struct options *o,
                        char message[OPTIONS_MESSAGE_MAX])
{
    const struct thimble_settings *s = &f->settings;

    message[0] = '\0';
    apply_numbers(s, o);
    if (apply_listen(f, o, message) < 0 || apply_status(f, o, message) < 0)
        return -1;
    if (o->targets[0].n_disks == 0 && apply_targets(f, o, message) < 0)
        return -1;
    o->settings = s;
    o->discovery_chap = thimble_settings_chap(s, &s->discovery.account, &f->discovery);
    return 0;
}
