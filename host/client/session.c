/* SPDX-License-Identifier: MIT
 *
 * session.c: see session.h.
 */
#define _GNU_SOURCE

#include "session.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#define ADDRESSES_MAX           8
#define REDIRECTS_MAX           4
#define UNIT_ATTENTIONS_MAX     16
#define POLL_MS                 100

volatile sig_atomic_t session_interrupted;

/* The session whose login libiscsi is logging: its log function has no argument for it. */
static struct session *logged;

/* What a callback leaves behind for the one that waits. */
struct answer {
    bool done;
    int status;
    struct scsi_task *task;
};

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void session_fail(struct session *s, enum session_stage stage, const char *format, ...)
{
    if (s->problem[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(s->problem, sizeof s->problem, format, args);
        va_end(args);
        make_plain(s->problem);
        s->stage = stage;
    }
    if (s->iscsi) {
        struct iscsi_context *iscsi = s->iscsi;
        s->iscsi = NULL;                /* callbacks run in here */
        iscsi_destroy_context(iscsi);
    }
}

/* --------------------------------------------------------------------------------------
 * Waiting
 */

struct pollfd session_pollfd(const struct session *s)
{
    return (struct pollfd){
        .fd = s->iscsi ? iscsi_get_fd(s->iscsi) : -1,
        .events = (short)(s->iscsi ? iscsi_which_events(s->iscsi) : 0),
    };
}

bool session_service(struct session *s, short revents)
{
    if (!s->iscsi)
        return false;
    /* A hang-up may have come behind the last data, which must be read first. */
    if ((revents & POLLHUP) && (revents & POLLIN))
        revents = (short)(revents & ~POLLHUP);
    return iscsi_service(s->iscsi, revents) == 0;
}

bool session_peer_gone(const struct session *s)
{
    char c;

    return s->iscsi && recv(iscsi_get_fd(s->iscsi), &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Serves the session until the answer is there.  False: it ended, or the time is over, or
 * somebody pressed Ctrl-C; the session is left as it is. */
static bool wait_for(struct session *s, const bool *done)
{
    uint64_t end = now_ns() + (uint64_t)s->how.timeout_ms * 1000000;

    while (!*done) {
        if (now_ns() >= end || session_interrupted)
            return false;
        struct pollfd p = session_pollfd(s);
        if (poll(&p, 1, POLL_MS) < 0)
            continue;
        if (!session_service(s, p.revents))
            return *done;
    }
    return true;
}

static void on_answer(struct iscsi_context *iscsi, int status, void *data, void *private_data)
{
    struct answer *a = private_data;

    (void)iscsi;
    (void)data;
    a->done = true;
    a->status = status;
}

static void on_scsi_answer(struct iscsi_context *iscsi, int status, void *data,
                           void *private_data)
{
    struct answer *a = private_data;

    (void)iscsi;
    a->done = true;
    a->status = status;
    a->task = data;
}

/* --------------------------------------------------------------------------------------
 * From a URL to a session
 */

/* Numeric addresses of a portal "host", "host:port", "[v6]:port". */
static unsigned resolve(struct session *s, const char *portal,
                        char (*list)[WORDS_URL_MAX])
{
    char host[WORDS_URL_MAX], name[NI_MAXHOST];
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    const char *port = "3260", *start = host;
    unsigned n = 0;

    snprintf(host, sizeof host, "%s", portal);
    host[strcspn(host, ",")] = '\0';            /* the portal group tag */
    char *colon = strrchr(host, ':');
    if (colon && !strchr(colon, ']') && (host[0] == '[' || strchr(host, ':') == colon)) {
        *colon = '\0';
        port = colon + 1;
    }
    uint64_t number;
    if (!number_parse(port, 1, 65535, &number)) {
        session_fail(s, STAGE_URL, "%s is no TCP port; write 1 to 65535", port);
        return 0;
    }
    if (host[0] == '[') {
        start++;
        host[strcspn(host, "]")] = '\0';
    }
    int error = getaddrinfo(start, port, &hints, &found);
    if (error) {
        session_fail(s, STAGE_NAME,
                     "no address for %s: %s; check the name, or write the address", start,
                     gai_strerror(error));
        return 0;
    }
    for (struct addrinfo *a = found; a && n < ADDRESSES_MAX; a = a->ai_next) {
        if (getnameinfo(a->ai_addr, a->ai_addrlen, name, sizeof name, NULL, 0, NI_NUMERICHOST))
            continue;
        int len = snprintf(list[n], WORDS_URL_MAX,
                           a->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", name, port);
        n += len < WORDS_URL_MAX;
    }
    freeaddrinfo(found);
    if (n == 0)
        session_fail(s, STAGE_NAME, "no address for %s", start);
    return n;
}

/* "TargetLoginReply: MaxBurstLength=262144 [iqn.../0]" */
static void on_log(int level, const char *message)
{
    static const char start[] = "TargetLoginReply: ";
    struct session *s = logged;

    (void)level;
    if (!s || strncmp(message, start, sizeof start - 1) != 0 ||
        s->n_negotiated == SESSION_NEGOTIATED_MAX)
        return;
    message += sizeof start - 1;
    if (strncmp(message, "CHAP_", 5) == 0)
        return;
    char *line = s->negotiated[s->n_negotiated++];
    snprintf(line, sizeof s->negotiated[0], "%s", message);
    line[strcspn(line, " ")] = '\0';
    make_plain(line);
}

static bool context_create(struct session *s)
{
    s->iscsi = iscsi_create_context(s->how.initiator);
    if (!s->iscsi) {
        session_fail(s, STAGE_URL, "no memory for a session");
        return false;
    }
    iscsi_set_noautoreconnect(s->iscsi, 1);
    iscsi_set_reconnect_max_retries(s->iscsi, 0);
    iscsi_set_header_digest(s->iscsi, ISCSI_HEADER_DIGEST_NONE_CRC32C);
    return true;
}

/* Gives the context what the URL says. */
static bool context_configure(struct session *s)
{
    char url[WORDS_URL_MAX + 4];
    const char *path = strchr(s->url + 8, '/');
    bool portal_only = !path || path[1] == '\0';
    size_t head = strcspn(s->url, "?");

    /* A target without a LUN is completed, for libiscsi demands one. */
    bool with_lun = !portal_only && memchr(path + 1, '/', strcspn(path + 1, "?"));
    snprintf(url, sizeof url, "%.*s%s%s", (int)head, s->url,
             portal_only || with_lun ? "" : "/0", s->url + head);
    struct iscsi_url *parsed = portal_only ? iscsi_parse_portal_url(s->iscsi, url)
                                           : iscsi_parse_full_url(s->iscsi, url);
    if (!parsed || (!portal_only && (parsed->lun < 0 || parsed->lun > 16383))) {
        session_fail(s, STAGE_URL,
                     "not understood; write iscsi://HOST[:PORT]/TARGET/LUN, perhaps with "
                     "USER%%PASSWORD@ before the host");
        return false;
    }
    snprintf(s->portal, sizeof s->portal, "%s", parsed->portal);
    snprintf(s->target, sizeof s->target, "%s", portal_only ? "" : parsed->target);
    s->lun = portal_only ? 0 : parsed->lun;
    iscsi_destroy_url(parsed);
    iscsi_set_session_type(s->iscsi, portal_only ? ISCSI_SESSION_DISCOVERY
                                                 : ISCSI_SESSION_NORMAL);
    return true;
}

/* libiscsi's next error would write over this one. */
struct connecting {
    struct answer answer;
    char error[256];
};

static void on_connect(struct iscsi_context *iscsi, int status, void *data, void *private_data)
{
    struct connecting *c = private_data;

    on_answer(iscsi, status, data, &c->answer);
    snprintf(c->error, sizeof c->error, "%s", iscsi_get_error(iscsi));
}

static bool connect_to(struct session *s, const char *address)
{
    struct connecting c = { .answer = { .done = false } };
    uint64_t began = now_ns();
    bool started = iscsi_connect_async(s->iscsi, address, on_connect, &c) == 0;
    bool ended = started && wait_for(s, &c.answer.done);

    s->connect_us = (uint32_t)((now_ns() - began) / 1000);
    if (ended && c.answer.status == SCSI_STATUS_GOOD) {
        snprintf(s->address, sizeof s->address, "%.*s", WORDS_URL_MAX - 1, address);
        return true;
    }
    if (session_interrupted) {
        session_fail(s, STAGE_CONNECT, "interrupted");
    } else if (started && !ended) {
        session_fail(s, STAGE_CONNECT,
                     "%s does not answer within %g s; is the machine on, is the address right, "
                     "does a firewall drop the packets?",
                     address, s->how.timeout_ms / 1000.0);
    } else {
        const char *error = started ? c.error : iscsi_get_error(s->iscsi);
        if (strstr(error, strerror(ECONNREFUSED)))
            session_fail(s, STAGE_CONNECT,
                         "%s refuses connections; is the target running, and on this port?",
                         address);
        else
            session_fail(s, STAGE_CONNECT, "no connection to %s: %s", address, error);
    }
    return false;
}

static unsigned login_status(const char *error)
{
    const char *status = strstr(error, "Status: ");
    const char *number = status ? strrchr(status, '(') : NULL;

    return number ? (unsigned)strtoul(number + 1, NULL, 10) : 0;
}

static void explain_login(struct session *s, const struct answer *a)
{
    char error[256];

    snprintf(error, sizeof error, "%s", iscsi_get_error(s->iscsi));
    unsigned status = login_status(error);
    const struct login_advice *advice = login_advice(status);
    if (session_interrupted)
        session_fail(s, STAGE_LOGIN, "interrupted");
    else if (a->done && advice)
        session_fail(s, STAGE_LOGIN, "login refused, 0x%04x: %s; %s", status,
                     advice->meaning, advice->advice);
    else if (a->done && status)
        session_fail(s, STAGE_LOGIN, "login refused, status 0x%04x", status);
    else if (a->done && strstr(error, "CHAP"))
        session_fail(s, STAGE_LOGIN,
                     "the target did not prove who it is (%s); check target_user and "
                     "target_password",
                     error);
    else if (a->done)
        session_fail(s, STAGE_LOGIN, "login failed: %s", error);
    else if (iscsi_get_fd(s->iscsi) >= 0 && s->login_us / 1000 >= s->how.timeout_ms)
        session_fail(s, STAGE_LOGIN,
                     "%s accepts the connection and says nothing within %g s; is it an iSCSI "
                     "target?",
                     s->address, s->how.timeout_ms / 1000.0);
    else
        session_fail(s, STAGE_LOGIN,
                     "%s ends the connection during the login; is it an iSCSI target? Its log "
                     "may say why",
                     s->address);
}

enum login_result { LOGIN_DONE, LOGIN_FAILED, LOGIN_REDIRECTED };

static enum login_result log_in(struct session *s, char redirect[WORDS_URL_MAX])
{
    struct answer a = { .done = false };
    uint64_t began = now_ns();

    s->n_negotiated = 0;
    logged = s;
    iscsi_set_log_fn(s->iscsi, on_log);
    iscsi_set_log_level(s->iscsi, 6);
    bool started = iscsi_login_async(s->iscsi, on_answer, &a) == 0;
    bool ended = started && wait_for(s, &a.done);
    s->login_us = (uint32_t)((now_ns() - began) / 1000);
    if (s->iscsi)
        iscsi_set_log_level(s->iscsi, 0);
    logged = NULL;

    if (ended && a.status == SCSI_STATUS_GOOD)
        return LOGIN_DONE;
    if (ended && a.status == SCSI_STATUS_REDIRECT) {
        snprintf(redirect, WORDS_URL_MAX, "%s", iscsi_get_target_address(s->iscsi));
        return LOGIN_REDIRECTED;
    }
    explain_login(s, &a);
    return LOGIN_FAILED;
}

/* A failed attempt may be followed by one at the next address. */
static void forget_failure(struct session *s)
{
    s->problem[0] = '\0';
    s->stage = STAGE_READY;
}

bool session_log_in(struct session *s, const char *url, const struct session_options *how)
{
    char addresses[ADDRESSES_MAX][WORDS_URL_MAX], portal[WORDS_URL_MAX];

    *s = (struct session){ .how = *how, .url = url };
    if (!s->how.initiator)
        s->how.initiator = SESSION_DEFAULT_INITIATOR;
    if (s->how.timeout_ms == 0)
        s->how.timeout_ms = SESSION_DEFAULT_TIMEOUT_MS;
    const char *problem = url_problem(url);
    if (problem) {
        session_fail(s, STAGE_URL, "%s; write iscsi://HOST[:PORT]/TARGET/LUN", problem);
        return false;
    }
    if (!context_create(s) || !context_configure(s))
        return false;

    snprintf(portal, sizeof portal, "%s", s->portal);
    for (unsigned redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
        unsigned n = resolve(s, portal, addresses);
        bool connected = false;
        for (unsigned i = 0; i < n && !connected; i++) {
            if (i > 0) {
                forget_failure(s);
                if (!context_create(s) || !context_configure(s))
                    return false;
            }
            connected = connect_to(s, addresses[i]);
        }
        if (!connected)
            return false;
        enum login_result result = log_in(s, portal);
        if (result != LOGIN_REDIRECTED)
            return result == LOGIN_DONE;
        iscsi_destroy_context(s->iscsi);
        if (!context_create(s) || !context_configure(s))
            return false;
    }
    session_fail(s, STAGE_LOGIN, "the target sends us from portal to portal");
    return false;
}

bool session_open(struct session *s, const char *url, const struct session_options *how)
{
    static const uint8_t test_unit_ready[6] = { 0 };
    char words[160];

    if (!session_log_in(s, url, how))
        return false;
    if (s->target[0] == '\0') {
        session_fail(s, STAGE_URL,
                     "it names no target; thimble ls %s shows those that are there", url);
        return false;
    }
    struct scsi_task *task = session_command(s, s->lun, test_unit_ready, 6, 0);
    if (!task)
        return false;
    if (!answer_good(task)) {
        bool absent =
            task->status == SCSI_STATUS_CHECK_CONDITION && task->sense.ascq >> 8 == 0x25;
        status_words(task, words, sizeof words);
        session_fail(s, STAGE_LUN,
                     absent
                         ? "the target has no LUN %d (%s); thimble ls shows those that it has"
                         : "LUN %d is not ready: %s",
                     s->lun, words);
    }
    scsi_free_scsi_task(task);
    return s->iscsi != NULL;
}

void session_close(struct session *s)
{
    struct answer a = { .done = false };

    if (!s->iscsi)
        return;
    s->how.timeout_ms = s->how.timeout_ms < 2000 ? s->how.timeout_ms : 2000;
    if (iscsi_is_logged_in(s->iscsi) && iscsi_logout_async(s->iscsi, on_answer, &a) == 0)
        wait_for(s, &a.done);
    iscsi_destroy_context(s->iscsi);
    s->iscsi = NULL;
}

/* --------------------------------------------------------------------------------------
 * Commands
 */

/* The cause of a wait without success. */
static void explain_silence(struct session *s, uint64_t began)
{
    if (session_interrupted)
        session_fail(s, STAGE_ANSWER, "interrupted");
    else if ((now_ns() - began) / 1000000 >= s->how.timeout_ms)
        session_fail(s, STAGE_ANSWER,
                     "no answer within %g s; the target hangs, or its network is gone",
                     s->how.timeout_ms / 1000.0);
    else
        session_fail(s, STAGE_ANSWER, "the connection has ended; did the target stop?");
}

static bool answered(const struct answer *a)
{
    return a->done && a->status != SCSI_STATUS_CANCELLED && a->status != SCSI_STATUS_ERROR &&
           a->status != SCSI_STATUS_TIMEOUT;
}

struct scsi_task *session_command(struct session *s, int lun, const uint8_t *cdb,
                                  int cdb_len, uint32_t data_in_bytes)
{
    for (unsigned attentions = 0;; attentions++) {
        struct answer a = { .done = false };
        uint64_t began = now_ns();
        uint8_t copy[16];

        if (!s->iscsi)
            return NULL;
        memcpy(copy, cdb, (size_t)cdb_len);
        struct scsi_task *task =
            scsi_create_task(cdb_len, copy, data_in_bytes ? SCSI_XFER_READ : SCSI_XFER_NONE,
                             (int)data_in_bytes);
        if (!task || iscsi_scsi_command_async(s->iscsi, lun, task, on_scsi_answer, NULL, &a)) {
            if (task)
                scsi_free_scsi_task(task);
            session_fail(s, STAGE_ANSWER, "the command could not be sent: %s",
                         iscsi_get_error(s->iscsi));
            return NULL;
        }
        wait_for(s, &a.done);
        if (!answered(&a)) {
            explain_silence(s, began);          /* also lets go of the command */
            scsi_free_scsi_task(task);
            return NULL;
        }
        if (task->status != SCSI_STATUS_CHECK_CONDITION ||
            task->sense.key != SCSI_SENSE_UNIT_ATTENTION || attentions == UNIT_ATTENTIONS_MAX)
            return task;
        scsi_free_scsi_task(task);
    }
}

uint64_t session_nop(struct session *s)
{
    struct answer a = { .done = false };
    uint64_t began = now_ns();

    if (!s->iscsi)
        return 0;
    if (iscsi_nop_out_async(s->iscsi, on_answer, NULL, 0, &a) != 0) {
        session_fail(s, STAGE_ANSWER, "the ping could not be sent: %s",
                     iscsi_get_error(s->iscsi));
        return 0;
    }
    wait_for(s, &a.done);
    if (!answered(&a)) {
        explain_silence(s, began);
        return 0;
    }
    uint64_t took = now_ns() - began;
    return took ? took : 1;
}

struct discovery {
    struct answer answer;
    struct session_found *found;
};

/* libiscsi frees its list when the callback returns. */
static struct session_found *copy_found(const struct iscsi_discovery_address *from)
{
    struct session_found *list = NULL, **end = &list;

    for (; from; from = from->next) {
        struct session_found *to = calloc(1, sizeof *to);
        if (!to)
            break;
        snprintf(to->target, sizeof to->target, "%s", from->target_name);
        make_plain(to->target);
        for (const struct iscsi_target_portal *p = from->portals;
             p && to->n_portals < SESSION_PORTALS_MAX; p = p->next) {
            char *portal = to->portals[to->n_portals++];
            snprintf(portal, sizeof to->portals[0], "%s", p->portal);
            make_plain(portal);
        }
        *end = to;
        end = &to->next;
    }
    return list;
}

static void on_discovery(struct iscsi_context *iscsi, int status, void *data,
                         void *private_data)
{
    struct discovery *d = private_data;

    (void)iscsi;
    d->answer.done = true;
    d->answer.status = status;
    if (status == SCSI_STATUS_GOOD)
        d->found = copy_found(data);
}

struct session_found *session_discover(struct session *s)
{
    struct discovery d = { .answer = { .done = false } };
    uint64_t began = now_ns();

    if (!s->iscsi)
        return NULL;
    if (iscsi_discovery_async(s->iscsi, on_discovery, &d) != 0) {
        session_fail(s, STAGE_ANSWER, "discovery could not be asked for: %s",
                     iscsi_get_error(s->iscsi));
        return NULL;
    }
    wait_for(s, &d.answer.done);
    if (!answered(&d.answer))
        explain_silence(s, began);
    return d.found;
}

void session_free_found(struct session_found *found)
{
    while (found) {
        struct session_found *next = found->next;
        free(found);
        found = next;
    }
}

/* --------------------------------------------------------------------------------------
 * Answers
 */

bool answer_good(const struct scsi_task *task)
{
    return task->status == SCSI_STATUS_GOOD;
}

uint64_t answer_number(const struct scsi_task *task, unsigned offset, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = offset; i < offset + bytes; i++)
        v = v << 8 | ((int64_t)i < task->datain.size ? task->datain.data[i] : 0);
    return v;
}

const char *status_words(const struct scsi_task *task, char *text, size_t size)
{
    static const struct {
        int status;
        const char *name;
    } names[] = {
        { SCSI_STATUS_BUSY, "BUSY" },
        { SCSI_STATUS_RESERVATION_CONFLICT, "RESERVATION CONFLICT" },
        { SCSI_STATUS_TASK_SET_FULL, "TASK SET FULL" },
        { SCSI_STATUS_ACA_ACTIVE, "ACA ACTIVE" },
        { SCSI_STATUS_TASK_ABORTED, "TASK ABORTED" },
    };

    if (task->status == SCSI_STATUS_CHECK_CONDITION) {
        const char *more = scsi_sense_ascq_str(task->sense.ascq);       /* knows a few */
        snprintf(text, size, "%s%s%s (%02X/%02X)", sense_key_words((unsigned)task->sense.key),
                 more ? ", " : "", more ? more : "", (unsigned)task->sense.ascq >> 8 & 0xff,
                 (unsigned)task->sense.ascq & 0xff);
        return text;
    }
    snprintf(text, size, "status 0x%02x", (unsigned)task->status & 0xff);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].status == task->status)
            snprintf(text, size, "%s", names[i].name);
    return text;
}

const char *type_words(uint8_t type)
{
    return type == 0 ? "disk"
                     : scsi_devtype_to_str((enum scsi_inquiry_peripheral_device_type)type);
}

static void answer_text(const struct scsi_task *task, unsigned offset, unsigned len,
                        char *text)
{
    for (unsigned i = 0; i < len; i++) {
        char c = (char)answer_number(task, offset + i, 1);
        text[i] = c ? c : ' ';
    }
    text[len] = '\0';
    make_plain(text);
}

static bool take_capacity(struct session *s, int lun, struct disk_facts *f)
{
    static const uint8_t capacity_16[16] = { 0x9e, 0x10, [13] = 32 };
    static const uint8_t capacity_10[10] = { 0x25 };

    struct scsi_task *task = session_command(s, lun, capacity_16, 16, 32);
    if (!task)
        return false;
    if (answer_good(task)) {
        f->size_blocks = answer_number(task, 0, 8) + 1;
        f->block_bytes = (uint32_t)answer_number(task, 8, 4);
        f->physical_bytes = f->block_bytes << (answer_number(task, 13, 1) & 0xf);
        f->thin = (answer_number(task, 14, 1) & 0x80) != 0;
        scsi_free_scsi_task(task);
        return true;
    }
    scsi_free_scsi_task(task);
    task = session_command(s, lun, capacity_10, 10, 8);
    if (!task)
        return false;
    if (answer_good(task)) {
        f->size_blocks = answer_number(task, 0, 4) + 1;
        f->block_bytes = f->physical_bytes = (uint32_t)answer_number(task, 4, 4);
    }
    scsi_free_scsi_task(task);
    return true;
}

bool session_disk_facts(struct session *s, int lun, struct disk_facts *f)
{
    static const uint8_t inquiry[6] = { 0x12, [4] = 96 };
    static const uint8_t mode[6] = { 0x1a, 0x08, 0x3f, 0, 252 };
    static const uint8_t limits[6] = { 0x12, 0x01, 0xb0, 0, 64 };

    *f = (struct disk_facts){ 0 };
    struct scsi_task *task = session_command(s, lun, inquiry, 6, 96);
    if (!task)
        return false;
    bool good = answer_good(task);
    f->qualifier = (uint8_t)(answer_number(task, 0, 1) >> 5);
    f->type = (uint8_t)(answer_number(task, 0, 1) & 0x1f);
    f->removable = (answer_number(task, 1, 1) & 0x80) != 0;
    answer_text(task, 8, 8, f->vendor);
    answer_text(task, 16, 16, f->product);
    answer_text(task, 32, 4, f->revision);
    scsi_free_scsi_task(task);
    if (!good)
        return false;
    if (f->qualifier != 0 || (f->type != 0 && f->type != 7 && f->type != 0x0e))
        return true;                            /* no disk */

    if (!take_capacity(s, lun, f))
        return false;
    task = session_command(s, lun, mode, 6, 252);
    if (!task)
        return false;
    f->has_mode = answer_good(task);
    f->write_protected = f->has_mode && (answer_number(task, 2, 1) & 0x80) != 0;
    scsi_free_scsi_task(task);
    task = session_command(s, lun, limits, 6, 64);
    if (!task)
        return false;
    if (answer_good(task))
        f->max_transfer_blocks = (uint32_t)answer_number(task, 8, 4);
    scsi_free_scsi_task(task);
    return true;
}
