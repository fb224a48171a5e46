/* SPDX-License-Identifier: MIT
 *
 * fuzz_persist.c: persistent reservations against a model of SPC-4 5.12 and 6.16, with three initiator ports.
 *
 * The model is written from the standard: who may do what, what each service action changes, who is told by which
 * unit attention, whose commands PREEMPT AND ABORT ends, what counts in PRGENERATION, what outlives a restart.  After each step the
 * target is asked what it knows (READ FULL STATUS, READ RESERVATION), and that must be what the model knows.
 *
 * Input, four bytes a step: what; key; key of the service action; type and flags.  See step().
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/wire.h"
#include "../../src/scsi/scsi.h"
#include "../../src/scsi/sense.h"
#include "../../src/thimble.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

enum { PORTS = 3, PARAM_BYTES = 4096, NOBODY = -1 };
enum action { REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT, IGNORE, MOVE };
enum { CONFLICT = 0x18, CHECK = 0x02, GOOD = 0x00 };

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_persist: %s\n", what);
    abort();
}

/* --------------------------------------------------------------------------------------
 * The model
 */
struct model {
    uint64_t key[PORTS];                /* 0: not registered */
    unsigned type;                      /* 0: no reservation */
    int      holder;                    /* NOBODY, if there is none or all registrants hold it */
    uint32_t generation;
    bool     kept;                      /* APTPL */
};

/* What a command brings beside its status. */
struct news {
    uint16_t ua[PORTS];
    bool     aborted[PORTS];
};

struct request {
    enum action action;
    int      who, to;                   /* to: REGISTER AND MOVE */
    uint64_t key, action_key;
    unsigned type;
    bool     kept, unregister;
};

static bool valid_type(unsigned type)
{
    return type == 1 || type == 3 || (type >= 5 && type <= 8);
}

static bool of_all(const struct model *m)
{
    return m->type >= 7;
}

static bool holds(const struct model *m, int who)
{
    return m->type && m->key[who] && (of_all(m) || m->holder == who);
}

static unsigned registrants(const struct model *m)
{
    unsigned n = 0;

    for (int i = 0; i < PORTS; i++)
        n += m->key[i] != 0;
    return n;
}

static void tell_registrants(const struct model *m, struct news *news, int but, enum th_ua ua)
{
    for (int i = 0; i < PORTS; i++)
        if (i != but && m->key[i])
            news->ua[i] |= (uint16_t)(1u << ua);
}

static void free_reservation(struct model *m)
{
    m->type = 0;
    m->holder = NOBODY;
}

/* 5.12.11.3: a registration ends by its own port. */
static void unregister(struct model *m, struct news *news, int who)
{
    bool held = holds(m, who);

    m->key[who] = 0;
    if (!held || (of_all(m) && registrants(m) > 0))
        return;
    if (m->type == 5 || m->type == 6)
        tell_registrants(m, news, who, TH_UA_RESERVATIONS_RELEASED);
    free_reservation(m);
}

static int do_register(struct model *m, const struct request *r, struct news *news)
{
    if (r->action == REGISTER && r->key != m->key[r->who])
        return CONFLICT;
    if (r->action_key)
        m->key[r->who] = r->action_key;
    else if (m->key[r->who])
        unregister(m, news, r->who);
    m->kept = r->kept;
    m->generation++;
    return GOOD;
}

static int do_release(struct model *m, const struct request *r, struct news *news)
{
    if (!holds(m, r->who))
        return GOOD;
    if (m->type != r->type)
        return CHECK;
    if (m->type >= 5)
        tell_registrants(m, news, r->who, TH_UA_RESERVATIONS_RELEASED);
    free_reservation(m);
    return GOOD;
}

/* 5.12.11.4 */
static int do_preempt(struct model *m, const struct request *r, struct news *news)
{
    bool all = of_all(m) && r->action_key == 0;
    bool takes = all || (m->type && !of_all(m) && m->key[m->holder] == r->action_key);
    unsigned removed = 0;

    if (r->action_key == 0 && !of_all(m))
        return CHECK;
    for (int i = 0; i < PORTS; i++)
        removed += m->key[i] != 0 && (all || m->key[i] == r->action_key);
    if (takes && !valid_type(r->type))
        return CHECK;
    if (removed == 0)
        return CONFLICT;
    for (int i = 0; i < PORTS; i++) {
        if (!m->key[i] || !(all || m->key[i] == r->action_key) || (takes && i == r->who))
            continue;
        m->key[i] = 0;
        if (i == r->who)
            continue;
        news->ua[i] |= 1u << TH_UA_REGISTRATIONS_PREEMPTED;
        news->aborted[i] = r->action == PREEMPT_AND_ABORT;
    }
    if (takes) {
        if (m->type != r->type)
            tell_registrants(m, news, r->who, TH_UA_RESERVATIONS_RELEASED);
        m->type = r->type;
        m->holder = r->type >= 7 ? NOBODY : r->who;
    } else if (of_all(m) && registrants(m) == 0) {
        free_reservation(m);
    }
    m->generation++;
    return GOOD;
}

static int do_move(struct model *m, const struct request *r)
{
    if (!m->type)
        return CHECK;
    if (of_all(m) || m->holder != r->who)
        return CONFLICT;
    if (r->action_key == 0 || r->to == r->who)
        return CHECK;
    m->key[r->to] = r->action_key;
    m->holder = r->to;
    if (r->unregister)
        m->key[r->who] = 0;
    m->kept = r->kept;
    m->generation++;
    return GOOD;
}

/* The status that the standard wants; m and news are changed only if it is GOOD. */
static int perform(struct model *m, const struct request *r, struct news *news)
{
    bool anybody = r->action == REGISTER || r->action == IGNORE;

    memset(news, 0, sizeof *news);
    if (!anybody && (m->key[r->who] == 0 || m->key[r->who] != r->key))
        return CONFLICT;
    switch (r->action) {
    case REGISTER:
    case IGNORE:
        return do_register(m, r, news);
    case RESERVE:
        if (m->type && (!holds(m, r->who) || m->type != r->type))
            return CONFLICT;
        if (!m->type) {
            m->type = r->type;
            m->holder = r->type >= 7 ? NOBODY : r->who;
        }
        return GOOD;
    case RELEASE:
        return do_release(m, r, news);
    case CLEAR:
        tell_registrants(m, news, r->who, TH_UA_RESERVATIONS_PREEMPTED);
        memset(m->key, 0, sizeof m->key);
        free_reservation(m);
        m->generation++;
        return GOOD;
    case PREEMPT:
    case PREEMPT_AND_ABORT:
        return do_preempt(m, r, news);
    case MOVE:
        return do_move(m, r);
    }
    return CHECK;
}

/* Table 67 of SPC-4, and SBC-3's: reading and writing. */
static bool may(const struct model *m, int who, bool write)
{
    if (!m->type || holds(m, who) || (m->type >= 5 && m->key[who]))
        return true;
    return !write && (m->type == 1 || m->type == 5 || m->type == 7);
}

/* --------------------------------------------------------------------------------------
 * The target, and its owner
 */
static const char *const names[PORTS] = { "iqn.2004-01.example:one", "iqn.2004-01.example:two", "iqn.2004-01.example:two" };
static const uint8_t isids[PORTS][6] = { { 0x40, 1, 2, 3, 4, 5 }, { 0 }, { 0, 0, 0, 0, 0, 1 } };

static uint8_t medium[64 << 9];
static struct thimble_ram_disk ram;
static struct th_scsi_target target;
static struct th_lu lu;
static struct th_nexus nexus[PORTS];
static bool here[PORTS];
static struct th_registry registry;
static struct th_registration registrations[4];
static struct model model, other;       /* other: a save that failed may have left that */
static bool has_other;
static bool aborted[PORTS];

static struct {
    struct thimble_store store;
    uint8_t bytes[PARAM_BYTES];
    uint32_t len;
    int result;                         /* of the next save; THIMBLE_PENDING: answered later */
    bool keeps;                         /* a save that fails */
    struct thimble_io *io;
    const void *buf;
    uint32_t buf_len;
} kept;

static int store_load(struct thimble_store *s, enum thimble_record record, void *buf, uint32_t size)
{
    (void)s;
    if (record != THIMBLE_RECORD_RESERVATIONS)
        return 0;
    must(kept.len <= size, "a record that is too long");
    memcpy(buf, kept.bytes, kept.len);
    return (int)kept.len;
}

static void keep(const void *buf, uint32_t len)
{
    must(len <= PARAM_BYTES, "a record that is too long");
    memcpy(kept.bytes, buf, len);
    kept.len = len;
}

static int store_save(struct thimble_store *s, enum thimble_record record, const void *buf, uint32_t len, struct thimble_io *io)
{
    (void)s;
    must(record == THIMBLE_RECORD_RESERVATIONS && !kept.io, "a save that nobody expects");
    kept.io = kept.result == THIMBLE_PENDING ? io : NULL;
    kept.buf = buf;
    kept.buf_len = len;
    if (kept.result == THIMBLE_OK || (kept.result < 0 && kept.keeps))
        keep(buf, len);
    return kept.result;
}

static bool abort_preempted(struct th_cmd *by)
{
    (void)by;
    for (int i = 0; i < PORTS; i++) {
        aborted[i] = nexus[i].preempted;
        nexus[i].preempted = false;
    }
    return false;
}

static bool ended;

static void resume(struct th_cmd *cmd)
{
    (void)cmd;
    ended = true;
}

static void come(int i)
{
    memset(&nexus[i], 0, sizeof nexus[i]);
    nexus[i].initiator = names[i];
    nexus[i].isid = isids[i];
    nexus[i].abort_preempted = abort_preempted;
    nexus[i].resume = resume;
    th_scsi_nexus_begin(&nexus[i], &target);
    nexus[i].ua[0] = 0;
    here[i] = true;
}

static void go(int i)
{
    th_scsi_nexus_end(&nexus[i]);
    here[i] = false;
}

/* A new target, with what the store has. */
static void start(void)
{
    static uint8_t work[PARAM_BYTES];

    target = (struct th_scsi_target){ .name = "iqn.2004-01.example:disk", .portal_group_tag = 1 };
    lu = (struct th_lu){
        .block = &ram.block, .target = &target, .store = &kept.store, .vendor = "THIMBLE", .product = "FUZZ", .revision = "1",
        .param_bytes = PARAM_BYTES, .persistent.registry = &registry,
    };
    th_scsi_registry_init(&registry, registrations, 4, PARAM_BYTES);
    must(th_scsi_lu_restore(&lu, work, PARAM_BYTES) == THIMBLE_OK, "what was kept cannot be restored");
    target.lus[0] = &lu;
    for (int i = 0; i < PORTS; i++)
        come(i);
}

/* --------------------------------------------------------------------------------------
 * Commands
 */
static struct th_cmd cmd;
static uint8_t param[PARAM_BYTES], reply[TH_REPLY_MAX];

/* Starts it; true: it has ended. */
static bool send_command(int who, const uint8_t cdb[10], const uint8_t *out, uint32_t len)
{
    memset(&cmd, 0, sizeof cmd);
    memcpy(cmd.cdb, cdb, 10);
    cmd.lu = &lu;
    cmd.nexus = &nexus[who];
    ended = false;
    enum th_next next = th_scsi_start(&cmd);
    if (next == TH_NEXT_PARAM) {
        must(cmd.data_bytes == len, "a list of another length is wanted");
        memset(param, 0xa5, sizeof param);
        memcpy(param, out, len);
        cmd.param = param;
        next = th_scsi_param(&cmd);
    }
    if (next == TH_NEXT_REPLY)
        next = th_scsi_reply(&cmd, reply, sizeof reply);
    return next != TH_NEXT_WAIT;
}

static void ask(unsigned action)
{
    uint8_t cdb[10] = { 0x5e, (uint8_t)action, 0, 0, 0, 0, 0, 0x10, 0 };
    int who = here[0] ? 0 : here[1] ? 1 : 2;

    must(send_command(who, cdb, NULL, 0) && cmd.status == GOOD, "PERSISTENT RESERVE IN fails");
}

static int port_of(const uint8_t *id)
{
    char text[300];

    for (int i = 0; i < PORTS; i++) {
        int n = snprintf(text, sizeof text, "%s,i,0x", names[i]);
        for (int k = 0; k < 6; k++)
            n += snprintf(text + n, sizeof text - (size_t)n, "%02x", isids[i][k]);
        if (strcmp((const char *)id + 4, text) == 0)
            return i;
    }
    return NOBODY;
}

/* What the target says is what the model says. */
static bool agrees(const struct model *m)
{
    uint64_t key[PORTS] = { 0 };

    ask(0x03);                          /* READ FULL STATUS */
    bool same = th_get32(reply) == m->generation;
    uint32_t end = 8 + th_get32(reply + 4);
    for (uint32_t at = 8; at < end; at += 24 + th_get32(reply + at + 20)) {
        int i = port_of(reply + at + 24);
        must(i != NOBODY && key[i] == 0, "a registration of a stranger, or a second one");
        key[i] = th_get64(reply + at);
        bool held = reply[at + 12] & 0x01;
        same = same && held == holds(m, i) && (!held || reply[at + 13] == m->type);
    }
    same = same && memcmp(key, m->key, sizeof key) == 0;
    ask(0x01);                          /* READ RESERVATION */
    same = same && (th_get32(reply + 4) != 0) == (m->type != 0);
    if (same && m->type)
        same = reply[8 + 13] == m->type && th_get64(reply + 8) == (m->holder == NOBODY ? 0 : m->key[m->holder]);
    return same;
}

static void check_access(const struct model *m)
{
    static const uint8_t read[10] = { 0x28, 0, 0, 0, 0, 0, 0, 0, 1 }, write[10] = { 0x2a, 0, 0, 0, 0, 0, 0, 0, 1 };
    struct th_cmd saved = cmd;

    for (int i = 0; i < PORTS; i++) {
        if (!here[i])
            continue;
        uint16_t ua = nexus[i].ua[0];
        nexus[i].ua[0] = 0;
        send_command(i, read, NULL, 0);
        must((cmd.status == CONFLICT) == !may(m, i, false), "a READ");
        send_command(i, write, NULL, 0);
        must((cmd.status == CONFLICT) == !may(m, i, true), "a WRITE");
        nexus[i].ua[0] = ua;
    }
    cmd = saved;
}

/* Unit attentions and aborts are those that were expected, of the ports that are here. */
static void check_news(const struct news *news)
{
    for (int i = 0; i < PORTS; i++) {
        if (here[i] && nexus[i].ua[0] != news->ua[i])
            fprintf(stderr, "port %d: unit attentions %04x, not %04x\n", i, nexus[i].ua[0], news->ua[i]);
        must(!here[i] || nexus[i].ua[0] == news->ua[i], "unit attentions");
        must(!here[i] || aborted[i] == news->aborted[i], "whose commands PREEMPT AND ABORT ends");
        nexus[i].ua[0] = 0;
        aborted[i] = false;
    }
}

static uint32_t put_transport_id(uint8_t *p, int port)
{
    int n = snprintf((char *)p + 4, 256, "%s,i,0x", names[port]);

    for (int k = 0; k < 6; k++)
        n += snprintf((char *)p + 4 + n, 16, "%02x", isids[port][k]);
    uint32_t len = ((uint32_t)n + 4) & ~3u;
    memset(p + 4 + n, 0, len - (uint32_t)n);
    p[0] = 0x45;
    p[1] = 0;
    th_put16(p + 2, len);
    return 4 + len;
}

static void change(const struct request *r, unsigned how)
{
    uint8_t list[400] = { 0 }, cdb[10] = { 0x5f, (uint8_t)r->action, (uint8_t)r->type };
    uint32_t len = 24;
    struct model after = model;
    struct news news, none;

    memset(&none, 0, sizeof none);
    th_put64(list, r->key);
    th_put64(list + 8, r->action_key);
    if (r->action == MOVE) {
        list[17] = (uint8_t)((r->unregister ? 2 : 0) | (r->kept ? 1 : 0));
        th_put16(list + 18, 1);
        len += put_transport_id(list + 24, r->to);
        th_put32(list + 20, len - 24);
    } else {
        list[20] = r->kept;
    }
    th_put32(cdb + 5, len);

    bool bad_type = !valid_type(r->type) && (r->action == RESERVE || r->action == RELEASE);
    int want = bad_type ? CHECK : perform(&after, r, &news);
    kept.result = (how & 3) == 0 ? THIMBLE_OK : (how & 3) == 1 ? THIMBLE_PENDING : THIMBLE_ERR_IO;
    kept.keeps = (how & 3) == 3;
    bool at_once = send_command(r->who, cdb, list, len), saved = kept.buf != NULL;
    if (!at_once) {                     /* meanwhile nothing has changed */
        must(kept.io != NULL, "it waits for nothing");
        check_access(&model);
        bool fails = how & 4;
        if (!fails || how & 8)
            keep(kept.buf, kept.buf_len);
        kept.keeps = how & 8;
        kept.result = fails ? THIMBLE_ERR_IO : THIMBLE_OK;
        struct thimble_io *io = kept.io;
        kept.io = NULL;
        thimble_io_done(io, kept.result);
        must(ended, "it does not end");
    }
    kept.buf = NULL;
    if (want == GOOD && saved && kept.result < 0) {
        must(cmd.status == CHECK, "a change that could not be kept is GOOD");
        has_other = has_other || kept.keeps;
        if (kept.keeps)
            other = after;
        check_news(&none);
        return;
    }
    if (cmd.status != want)
        fprintf(stderr, "action %d of port %d: status %02x, not %02x\n", r->action, r->who, cmd.status, (unsigned)want);
    must(cmd.status == want, "the status of PERSISTENT RESERVE OUT");
    if (want != GOOD) {
        check_news(&none);
        return;
    }
    bool changed = memcmp(after.key, model.key, sizeof after.key) != 0 || after.type != model.type ||
                   after.holder != model.holder || after.kept != model.kept;
    must(saved == (changed && (after.kept || model.kept)), "what was to be kept was not saved, or what was not, was");
    has_other = has_other && !saved;
    model = after;
    check_news(&news);
}

static void restart(void)
{
    struct model now = { .holder = NOBODY }, instead = now;

    if (model.kept)
        now = model;
    if (has_other && other.kept)
        instead = other;
    now.generation = instead.generation = 0;
    start();
    if (has_other && agrees(&instead))
        now = instead;
    model = now;
    has_other = false;
}

/* One step. */
static void step(const uint8_t s[4])
{
    static const unsigned types[8] = { 1, 3, 5, 6, 7, 8, 0, 2 };
    int who = (s[0] >> 3) % PORTS;

    if (s[0] >= 0xf8) {
        restart();
    } else if (s[0] >= 0xe8) {
        unsigned n = 0;
        for (int i = 0; i < PORTS; i++)
            n += here[i];
        if (!here[who])
            come(who);
        else if (n > 1)
            go(who);
    } else {
        struct request r = {
            .action = (enum action)(s[0] & 7), .who = who, .to = (s[3] >> 3) % PORTS, .key = s[1] & 3, .action_key = s[2] & 3,
            .type = types[s[3] & 7], .kept = s[3] & 0x40, .unregister = s[3] & 0x80,
        };
        if (s[1] & 0x80)                /* the right key, so that more is reached */
            r.key = model.key[who];
        if (here[who])
            change(&r, s[2] & 0x80 ? s[2] >> 3 & 15 : 0);
    }
    if (!agrees(&model)) {
        fprintf(stderr, "model: keys %u %u %u type %u holder %d generation %u\n", (unsigned)model.key[0], (unsigned)model.key[1],
                (unsigned)model.key[2], model.type, model.holder, (unsigned)model.generation);
        must(false, "the target knows something else");
    }
    check_access(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
    thimble_ram_disk_init(&ram, medium, 64, 9);
    memset(&kept, 0, sizeof kept);
    kept.store = (struct thimble_store){ .load = store_load, .save = store_save };
    model = (struct model){ .holder = NOBODY };
    has_other = false;
    start();
    for (; n >= 4; in += 4, n -= 4)
        step(in);
    restart();
    must(agrees(&model), "a restart has changed what was kept");
    for (int i = 0; i < PORTS; i++)
        if (here[i])
            go(i);
    return 0;
}
