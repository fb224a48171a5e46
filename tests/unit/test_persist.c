/* SPDX-License-Identifier: MIT
 *
 * test_persist.c: persistent reservations: who may do what, what each service action does, what is kept over a restart.
 *
 * Three initiator ports, two of them of one initiator; each has a key of its own.
 */
#include "scsi_rig.h"

#include "../../src/core/record.h"
#include "../../src/scsi/registry.h"

enum { A, B, C };
enum { REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, ABORT, IGNORE, MOVE };
enum { SPEC_I_PT = 0x08, ALL_TG_PT = 0x04, APTPL = 0x01 };

#define KEY(who) (0xa0u + (who))
#define CONFLICT 0xffffffffu            /* beside sense data, in tables */

static void put_list(uint8_t list[24], uint64_t key, uint64_t action_key, unsigned flags)
{
    memset(list, 0, 24);
    th_put64(list, key);
    th_put64(list + 8, action_key);
    list[20] = (uint8_t)flags;
}

static const char *out_cdb(unsigned action, unsigned type, uint32_t len)
{
    static char cdb[64];

    snprintf(cdb, sizeof cdb, "5f %02x %02x 0000 %08x 00", action, type, len);
    return cdb;
}

static struct outcome out(struct rig *rig, unsigned who, unsigned action, unsigned type, uint64_t key,
                          uint64_t action_key, unsigned flags)
{
    uint8_t list[24];

    put_list(list, key, action_key, flags);
    return rig_send_as(rig, who, out_cdb(action, type, 24), list, 24);
}

static void expect_outcome(const char *title, const struct outcome *o, uint32_t want)
{
    if (want == CONFLICT)
        assert_int_equal(o->status, TH_STATUS_RESERVATION_CONFLICT);
    else
        expect_sense(title, o, want);
}

static void good(struct rig *rig, unsigned who, unsigned action, unsigned type, uint64_t key,
                 uint64_t action_key, unsigned flags)
{
    struct outcome o = out(rig, who, action, type, key, action_key, flags);
    expect_outcome("a step before the test", &o, TH_SENSE_NONE);
}

static void enlist(struct rig *rig, unsigned who)
{
    good(rig, who, IGNORE, 0, 0, KEY(who), 0);
}

/* PERSISTENT RESERVE IN answers so. */
static void told(struct rig *rig, unsigned action, const char *title, const char *hex)
{
    char cdb[64];

    snprintf(cdb, sizeof cdb, "5e %02x 0000000000 0400 00", action);
    struct outcome o = rig_run(rig, cdb, NULL, 0);
    expect_data(title, &o, hex);
    rig_forget(&o);
}

/* "a0 b1h - t5": keys of A, B and C, h the one that holds, t the type. */
static const char *state_of(const struct rig *rig)
{
    static char text[64];
    char *at = text;

    for (unsigned i = 0; i < RIG_NEXUSES; i++) {
        const struct th_registration *r = th_registration_of(&rig->lu, &rig->nexus[i]);
        if (r)
            at += sprintf(at, "%x%s ", (unsigned)r->key, th_is_holder(&rig->lu, r) ? "h" : "");
        else
            at += sprintf(at, "- ");
    }
    sprintf(at, "t%u", rig->lu.persistent.type);
    return text;
}

static void expect_state(const char *title, const struct rig *rig, const char *want)
{
    if (strcmp(state_of(rig), want) != 0)
        fail_msg("%s: %s, not %s", title, state_of(rig), want);
}

/* --------------------------------------------------------------------------------------
 * Who may do what
 */
static void test_every_cell(void **state)
{
    static const struct { const char *cdb; uint32_t out_len; } commands[] = {
        { "28 00 00000000 00 0001 00", 0 },             /* READ(10) */
        { "2a 00 00000000 00 0001 00", 512 },           /* WRITE(10) */
        { "1a 00 3f 00 ff 00", 0 },                     /* MODE SENSE(6): reads what the unit is */
        { "35 00 00000000 00 0000 00", 0 },             /* SYNCHRONIZE CACHE(10): manages it */
        { "00 00 0000 00 00", 0 },                      /* TEST UNIT READY */
        { "12 00 00 00ff 00", 0 },                      /* INQUIRY */
        { "5e 00 0000000000 00ff 00", 0 },              /* PERSISTENT RESERVE IN */
    };
    /* By type: the holder, a registrant, a port that has not registered; A allowed, C conflict, in the order of the
     * commands. */
    static const struct { unsigned type; const char *who[3]; } cells[] = {
        { 1, { "AAAAAAA", "ACACAAA", "ACACAAA" } },
        { 3, { "AAAAAAA", "CCCCAAA", "CCCCAAA" } },
        { 5, { "AAAAAAA", "AAAAAAA", "ACACAAA" } },
        { 6, { "AAAAAAA", "AAAAAAA", "CCCCAAA" } },
        { 7, { "AAAAAAA", "AAAAAAA", "ACACAAA" } },
        { 8, { "AAAAAAA", "AAAAAAA", "CCCCAAA" } },
    };
    static const uint8_t data[512];
    (void)state;

    for (unsigned i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        struct rig rig;
        rig_start(&rig, NULL);
        enlist(&rig, A);
        enlist(&rig, B);
        good(&rig, A, RESERVE, cells[i].type, KEY(A), 0, 0);
        for (unsigned who = 0; who < 3; who++)
            for (unsigned k = 0; k < sizeof commands / sizeof commands[0]; k++) {
                struct outcome o = rig_send_as(&rig, who, commands[k].cdb, data, commands[k].out_len);
                bool allowed = cells[i].who[who][k] == 'A';
                if ((o.status == TH_STATUS_GOOD) != allowed ||
                    (o.status == TH_STATUS_RESERVATION_CONFLICT) == allowed)
                    fail_msg("type %u, %u: %s: status %02x", cells[i].type, who, commands[k].cdb, o.status);
                rig_forget(&o);
            }
        rig_end(&rig);
    }
}

/* --------------------------------------------------------------------------------------
 * Service actions
 */
struct step {
    unsigned who, action, type;
    uint64_t key, action_key;
    unsigned flags;
    uint32_t want;
    const char *state;
    /* Unit attentions of the three afterwards: one character each: . none, r RESERVATIONS RELEASED, p RESERVATIONS PREEMPTED,
     * P REGISTRATIONS PREEMPTED. */
    const char *attentions;
    unsigned counted;                   /* PRGENERATION */
};

#define BAD_LIST TH_SENSE_INVALID_LIST_FIELD
#define BAD_FIELD TH_SENSE_INVALID_CDB_FIELD
#define STEPS(...) (const struct step[]){ __VA_ARGS__, { .state = NULL } }

static const struct { const char *title; const struct step *steps; } scripts[] = {
    { "registering: keys are checked", STEPS(
        { A, REGISTER, 0, 1, 0xa0, 0, CONFLICT, "- - - t0", "...", 0 },     /* has none, so 0 is right */
        { A, REGISTER, 0, 0, 0, 0, 0, "- - - t0", "...", 1 },               /* nothing to do */
        { A, REGISTER, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 2 },
        { A, REGISTER, 0, 0, 0xaa, 0, CONFLICT, "a0 - - t0", "...", 2 },
        { A, REGISTER, 0, 0xa1, 0xaa, 0, CONFLICT, "a0 - - t0", "...", 2 },
        { A, REGISTER, 0, 0xa0, 0xaa, 0, 0, "aa - - t0", "...", 3 },
        { A, REGISTER, 0, 0xaa, 0, 0, 0, "- - - t0", "...", 4 }) },
    { "registering: any key", STEPS(
        { A, IGNORE, 0, 77, 0, 0, 0, "- - - t0", "...", 1 },
        { A, IGNORE, 0, 77, 0xa0, 0, 0, "a0 - - t0", "...", 2 },
        { A, IGNORE, 0, 77, 0xaa, ALL_TG_PT, 0, "aa - - t0", "...", 3 },
        { A, IGNORE, 0, 77, 0xab, SPEC_I_PT, BAD_LIST, "aa - - t0", "...", 3 },
        { A, IGNORE, 0, 77, 0xab, APTPL, BAD_LIST, "aa - - t0", "...", 3 },     /* no store */
        { A, IGNORE, 0, 0, 0, 0, 0, "- - - t0", "...", 4 }) },
    { "reserving", STEPS(
        { A, RESERVE, 1, 0, 0, 0, CONFLICT, "- - - t0", "...", 0 },         /* not registered */
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 1, 0xb1, 0, 0, CONFLICT, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 0, 0xa0, 0, 0, BAD_FIELD, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 2, 0xa0, 0, 0, BAD_FIELD, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 4, 0xa0, 0, 0, BAD_FIELD, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 9, 0xa0, 0, 0, BAD_FIELD, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 0x11, 0xa0, 0, 0, BAD_FIELD, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 1, 0xa0, 0, 0, 0, "a0h b1 - t1", "...", 2 },
        { A, RESERVE, 1, 0xa0, 0, 0, 0, "a0h b1 - t1", "...", 2 },
        { A, RESERVE, 3, 0xa0, 0, 0, CONFLICT, "a0h b1 - t1", "...", 2 },
        { B, RESERVE, 1, 0xb1, 0, 0, CONFLICT, "a0h b1 - t1", "...", 2 },
        { B, RELEASE, 1, 0xb1, 0, 0, 0, "a0h b1 - t1", "...", 2 },          /* not the holder: no effect */
        { A, RELEASE, 3, 0xa0, 0, 0, TH_SENSE(5, 0x26, 0x04), "a0h b1 - t1", "...", 2 },
        { A, RELEASE, 1, 0xb1, 0, 0, CONFLICT, "a0h b1 - t1", "...", 2 },
        { A, RELEASE, 1, 0xa0, 0, 0, 0, "a0 b1 - t0", "...", 2 },
        { A, RELEASE, 1, 0xa0, 0, 0, 0, "a0 b1 - t0", "...", 2 },
        { C, RELEASE, 1, 0, 0, 0, CONFLICT, "a0 b1 - t0", "...", 2 }) },
    { "releasing tells registrants of the types that are for them", STEPS(
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 6, 0xa0, 0, 0, 0, "a0h b1 - t6", "...", 2 },
        { A, RELEASE, 6, 0xa0, 0, 0, 0, "a0 b1 - t0", ".r.", 2 },
        { A, RESERVE, 7, 0xa0, 0, 0, 0, "a0h b1h - t7", "...", 2 },
        { B, RESERVE, 7, 0xb1, 0, 0, 0, "a0h b1h - t7", "...", 2 },
        { B, RELEASE, 7, 0xb1, 0, 0, 0, "a0 b1 - t0", "r..", 2 },
        { A, RESERVE, 3, 0xa0, 0, 0, 0, "a0h b1 - t3", "...", 2 },
        { A, RELEASE, 3, 0xa0, 0, 0, 0, "a0 b1 - t0", "...", 2 }) },
    { "the holder unregisters", STEPS(
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 5, 0xa0, 0, 0, 0, "a0h b1 - t5", "...", 2 },
        { A, REGISTER, 0, 0xa0, 0, 0, 0, "- b1 - t0", ".r.", 3 },
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 b1 - t0", "...", 4 },
        { A, RESERVE, 1, 0xa0, 0, 0, 0, "a0h b1 - t1", "...", 4 },
        { A, IGNORE, 0, 0, 0, 0, 0, "- b1 - t0", "...", 5 }) },
    { "all registrants hold it, until the last unregisters", STEPS(
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { A, RESERVE, 8, 0xa0, 0, 0, 0, "a0h - - t8", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0h b1h - t8", "...", 2 },
        { A, REGISTER, 0, 0xa0, 0, 0, 0, "- b1h - t8", "...", 3 },
        { B, REGISTER, 0, 0xb1, 0, 0, 0, "- - - t0", "...", 4 }) },
    { "clearing", STEPS(
        { A, CLEAR, 0, 0, 0, 0, CONFLICT, "- - - t0", "...", 0 },
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 5, 0xa0, 0, 0, 0, "a0h b1 - t5", "...", 2 },
        { B, CLEAR, 0, 0xa0, 0, 0, CONFLICT, "a0h b1 - t5", "...", 2 },
        { B, CLEAR, 0, 0xb1, 0, 0, 0, "- - - t0", "p..", 3 }) },
    { "preempting the holder", STEPS(
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 2 },
        { C, IGNORE, 0, 0, 0xc2, 0, 0, "a0 b1 c2 t0", "...", 3 },
        { A, RESERVE, 1, 0xa0, 0, 0, 0, "a0h b1 c2 t1", "...", 3 },
        { B, PREEMPT, 1, 0xa0, 0xa0, 0, CONFLICT, "a0h b1 c2 t1", "...", 3 },
        { B, PREEMPT, 1, 0xb1, 0, 0, BAD_LIST, "a0h b1 c2 t1", "...", 3 },
        { B, PREEMPT, 1, 0xb1, 0xdd, 0, CONFLICT, "a0h b1 c2 t1", "...", 3 },
        { B, PREEMPT, 2, 0xb1, 0xa0, 0, BAD_FIELD, "a0h b1 c2 t1", "...", 3 },
        { B, PREEMPT, 0x11, 0xb1, 0xa0, 0, BAD_FIELD, "a0h b1 c2 t1", "...", 3 },
        { B, PREEMPT, 1, 0xb1, 0xa0, 0, 0, "- b1h c2 t1", "P..", 4 },
        { C, PREEMPT, 5, 0xc2, 0xb1, 0, 0, "- - c2h t5", ".P.", 5 }) },
    { "another type tells those that stay", STEPS(
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 2 },
        { C, IGNORE, 0, 0, 0xc2, 0, 0, "a0 b1 c2 t0", "...", 3 },
        { A, RESERVE, 1, 0xa0, 0, 0, 0, "a0h b1 c2 t1", "...", 3 },
        { B, PREEMPT, 3, 0xb1, 0xa0, 0, 0, "- b1h c2 t3", "P.r", 4 },
        { B, PREEMPT, 6, 0xb1, 0xb1, 0, 0, "- b1h c2 t6", "..r", 5 }) },    /* itself: its type changes */
    { "preempting registrations", STEPS(
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 2 },
        { C, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 b1 t0", "...", 3 },           /* the same key */
        { A, PREEMPT, 0xf2, 0xa0, 0xb1, 0, 0, "a0 - - t0", ".PP", 4 },      /* SCOPE and TYPE do not matter */
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 5 },
        { A, RESERVE, 3, 0xa0, 0, 0, 0, "a0h b1 - t3", "...", 5 },
        { A, PREEMPT, 1, 0xa0, 0xb1, 0, 0, "a0h - - t3", ".P.", 6 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0h b1 - t3", "...", 7 },
        { B, PREEMPT, 1, 0xb1, 0xb1, 0, 0, "a0h - - t3", "...", 8 }) },     /* itself, not the holder */
    { "preempting all registrants", STEPS(
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 2 },
        { C, IGNORE, 0, 0, 0xc2, 0, 0, "a0 b1 c2 t0", "...", 3 },
        { A, RESERVE, 7, 0xa0, 0, 0, 0, "a0h b1h c2h t7", "...", 3 },
        { B, PREEMPT, 7, 0xb1, 0xc2, 0, 0, "a0h b1h - t7", "..P", 4 },      /* a key: that one only */
        { B, PREEMPT, 5, 0xb1, 0, 0, 0, "- b1h - t5", "P..", 5 }) },        /* 0: all others */
    { "preempting and aborting", STEPS(
        { A, IGNORE, 0, 0, 0xa0, 0, 0, "a0 - - t0", "...", 1 },
        { B, IGNORE, 0, 0, 0xb1, 0, 0, "a0 b1 - t0", "...", 2 },
        { A, RESERVE, 3, 0xa0, 0, 0, 0, "a0h b1 - t3", "...", 2 },
        { B, ABORT, 3, 0xb1, 0xdd, 0, CONFLICT, "a0h b1 - t3", "...", 2 },
        { B, ABORT, 3, 0xb1, 0xa0, 0, 0, "- b1h - t3", "P..", 3 }) },
    { "no such service action, no list", STEPS(
        { A, 8, 0, 0, 0xa0, 0, BAD_FIELD, "- - - t0", "...", 0 },
        { A, 31, 0, 0, 0xa0, 0, BAD_FIELD, "- - - t0", "...", 0 }) },
};

static char attention_of(const struct rig *rig, unsigned who)
{
    switch (rig->nexus[who].ua[0]) {
    case 0:                                      return '.';
    case 1u << TH_UA_RESERVATIONS_RELEASED:      return 'r';
    case 1u << TH_UA_RESERVATIONS_PREEMPTED:     return 'p';
    case 1u << TH_UA_REGISTRATIONS_PREEMPTED:    return 'P';
    default:                                     return '?';
    }
}

static void run_step(struct rig *rig, const char *title, const struct step *s)
{
    char attentions[RIG_NEXUSES + 1] = "";
    struct outcome o = out(rig, s->who, s->action, s->type, s->key, s->action_key, s->flags);

    expect_outcome(title, &o, s->want);
    expect_state(title, rig, s->state);
    assert_int_equal(rig->lu.persistent.generation, s->counted);
    for (unsigned i = 0; i < RIG_NEXUSES; i++) {
        attentions[i] = attention_of(rig, i);
        rig->nexus[i].ua[0] = 0;
    }
    assert_string_equal(attentions, s->attentions);
}

static void test_scripts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct rig rig;
        rig_start(&rig, NULL);
        for (const struct step *s = scripts[i].steps; s->state; s++)
            run_step(&rig, scripts[i].title, s);
        rig_end(&rig);
    }
}

/* The sessions that are preempted lose their commands, and no others do. */
static void test_who_is_aborted(void **state)
{
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    for (unsigned i = 0; i < 3; i++)
        enlist(&rig, i);
    good(&rig, A, PREEMPT, 0, KEY(A), KEY(B), 0);
    assert_int_equal(rig.aborts, 0);
    good(&rig, A, ABORT, 0, KEY(A), KEY(C), 0);
    assert_int_equal(rig.aborts, 1);
    good(&rig, A, ABORT, 0, KEY(A), KEY(A), 0);         /* itself */
    assert_int_equal(rig.aborts, 1);
    rig_end(&rig);
}

static void test_list_lengths(void **state)
{
    uint8_t list[64] = { 0 };
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    list[15] = 0xa0;
    for (unsigned action = 0; action < 8; action++)
        for (uint32_t len = 0; len < 40; len++) {
            if (len == 24 || (len > 24 && action == MOVE))
                continue;
            struct outcome o = rig_send_as(&rig, A, out_cdb(action, 1, len), list, len);
            expect_sense("length", &o, TH_SENSE_LIST_LENGTH);
        }
    struct outcome o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, 0x10000), list, 24);
    expect_sense("longer than a parameter buffer", &o, TH_SENSE_LIST_LENGTH);
    expect_state("nothing was done", &rig, "- - - t0");
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * Initiator ports
 */

/* A parameter list with TransportIDs behind it.  Returns its length. */
static uint32_t put_ports(uint8_t *list, uint64_t key, unsigned flags, const char *const *ids, unsigned n)
{
    uint32_t at = 28;

    put_list(list, 0, key, SPEC_I_PT | flags);
    for (unsigned i = 0; i < n; i++) {
        uint32_t len = th_pad4((uint32_t)strlen(ids[i]) + 1);
        memset(list + at, 0, 4 + len);
        list[at] = strchr(ids[i], ',') ? 0x45 : 0x05;
        th_put16(list + at + 2, len);
        memcpy(list + at + 4, ids[i], strlen(ids[i]));
        at += 4 + len;
    }
    th_put32(list + 24, at - 28);
    return at;
}

#define PORT_B "iqn.2004-01.org.example:two,i,0x000000000000"
#define PORT_C "iqn.2004-01.org.example:two,i,0x000000000001"
#define PORT_X "iqn.2004-01.org.example:nowhere,i,0xABCDEF012345"

static void test_ports(void **state)
{
    static const char *const two[] = { PORT_B, PORT_X }, *const device[] = { "iqn.2004-01.org.example:two" };
    uint8_t list[512];
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    uint32_t len = put_ports(list, 0xee, ALL_TG_PT, two, 2);
    struct outcome o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, len), list, len);
    expect_sense("two ports", &o, TH_SENSE_NONE);
    expect_state("two ports", &rig, "ee ee - t0");
    o = rig_send_as(&rig, A, "5e 03 0000000000 0400 00", NULL, 0);
    expect_sense("READ FULL STATUS", &o, TH_SENSE_NONE);
    assert_int_equal(o.len, 8 + (24 + 4 + 48) * 2 + 24 + 4 + 52);
    const uint8_t *x = o.data + 8 + (24 + 4 + 48) * 2;
    assert_int_equal(th_get64(x), 0xee);
    assert_int_equal(x[12], 0x02);                      /* ALL_TG_PT, not the holder */
    assert_int_equal(th_get32(x + 20), 4 + 52);
    assert_int_equal(x[24], 0x45);
    assert_string_equal((const char *)x + 28, "iqn.2004-01.org.example:nowhere,i,0xabcdef012345");
    rig_forget(&o);

    /* The port that was not there is told apart by its ISID when it comes. */
    static const uint8_t isid[] = { 0xab, 0xcd, 0xef, 1, 0x23, 0x45 };
    struct th_nexus late = { .initiator = "iqn.2004-01.org.example:nowhere", .isid = rig.nexus[B].isid };
    th_scsi_nexus_begin(&late, &rig.target);
    assert_null(th_registration_of(&rig.lu, &late));
    th_scsi_nexus_end(&late);
    late.isid = isid;
    th_scsi_nexus_begin(&late, &rig.target);
    assert_non_null(th_registration_of(&rig.lu, &late));
    th_scsi_nexus_end(&late);
    assert_non_null(rig.lu.persistent.first->next->next);
    assert_null(rig.lu.persistent.first->next->next->nexus);

    /* A second time: who has registered may not, and who has not cannot add to it with another key. */
    o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, len), list, len);
    expect_outcome("again", &o, CONFLICT);
    good(&rig, A, CLEAR, 0, 0xee, 0, 0);
    memset(rig.nexus[B].ua, 0, sizeof rig.nexus[B].ua);

    len = put_ports(list, 0xdd, 0, device, 1);          /* no ISID: all ports of that name */
    o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, len), list, len);
    expect_sense("a device", &o, TH_SENSE_NONE);
    expect_state("a device", &rig, "dd dd dd t0");
    rig_end(&rig);
}

/* Each TransportID that is none: nobody is registered. */
static void test_bad_ports(void **state)
{
    static const char *const one[] = { PORT_X };
    uint8_t good_list[512], list[512];
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    uint32_t len = put_ports(good_list, 0xee, 0, one, 1);
    for (unsigned cut = 24; cut < len; cut++) {         /* cut anywhere */
        memcpy(list, good_list, len);
        struct outcome o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, cut), list, cut);
        expect_sense("cut", &o, TH_SENSE_LIST_LENGTH);
        if (cut < 28)
            continue;
        th_put32(list + 24, cut - 28);                  /* and a length that says so */
        o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, cut), list, cut);
        if (cut == 28)
            good(&rig, A, CLEAR, 0, 0xee, 0, 0);        /* no ports: only itself */
        else
            expect_sense("cut, and said", &o, BAD_LIST);
    }
    /* byte of the TransportID, its new value */
    static const uint8_t wrong[][2] = {
        { 0, 0x44 }, { 0, 0x85 }, { 0, 0x05 + 0x10 }, { 2, 1 }, { 3, 51 }, { 3, 16 }, { 3, 48 }, { 4, 0 },
        { 4 + 31, 'x' }, { 4 + 32, 'j' }, { 4 + 34, '1' }, { 4 + 36, 'g' }, { 4 + 47, 'G' }, { 4 + 48, 'f' },
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(list, good_list, len);
        list[28 + wrong[i][0]] = wrong[i][1];
        struct outcome o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, len), list, len);
        expect_sense("one byte", &o, BAD_LIST);
        assert_null(rig.lu.persistent.first);
    }
    rig_end(&rig);
}

static void test_no_room(void **state)
{
    static const char *const many[] = {
        "iqn.a.b:1,i,0x000000000000", "iqn.a.b:2,i,0x000000000000", "iqn.a.b:3,i,0x000000000000",
        "iqn.a.b:4,i,0x000000000000", "iqn.a.b:5,i,0x000000000000",
    };
    uint8_t list[512];
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    uint32_t len = put_ports(list, 0xee, 0, many, RIG_REGISTRATIONS);
    struct outcome o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, len), list, len);
    expect_sense("one too many", &o, TH_SENSE(5, 0x55, 0x04));
    assert_null(rig.lu.persistent.first);               /* none of them */
    len = put_ports(list, 0xee, 0, many, RIG_REGISTRATIONS - 1);
    o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, len), list, len);
    expect_sense("as many as there is room for", &o, TH_SENSE_NONE);
    o = out(&rig, B, REGISTER, 0, 0, KEY(B), 0);
    expect_sense("one more", &o, TH_SENSE(5, 0x55, 0x04));
    good(&rig, A, PREEMPT, 0, 0xee, 0xee, 0);           /* all of them, and itself */
    enlist(&rig, B);
    expect_state("room again", &rig, "- a1 - t0");
    rig_end(&rig);
}

static uint32_t put_move(uint8_t *list, uint64_t key, uint64_t action_key, unsigned flags, uint16_t port,
                         const char *id)
{
    uint8_t ports[512];
    uint32_t len = put_ports(ports, 0, 0, &id, 1) - 28;

    put_list(list, key, action_key, 0);
    list[17] = (uint8_t)flags;
    th_put16(list + 18, port);
    th_put32(list + 20, len);
    memcpy(list + 24, ports + 28, len);
    return 24 + len;
}

static void test_move(void **state)
{
    static const struct {
        const char *title;
        unsigned who, type;             /* type 0: nothing is reserved */
        uint64_t key, action_key;
        unsigned flags;
        uint16_t port;
        const char *id;
        uint32_t want;
        const char *state;
    } cases[] = {
        { "to one that has registered", A, 3, KEY(A), 0xee, 0, 1, PORT_B, 0, "a0 eeh - t3" },
        { "to one that has not", A, 3, KEY(A), 0xee, 0, 1, PORT_C, 0, "a0 a1 eeh t3" },
        { "to one that is not there, and gone", A, 5, KEY(A), 0xee, 2, 1, PORT_X, 0, "- a1 - t5" },
        { "nothing is reserved", A, 0, KEY(A), 0xee, 0, 1, PORT_B, BAD_FIELD, "a0 a1 - t0" },
        { "by another than the holder", B, 3, KEY(B), 0xee, 0, 1, PORT_C, CONFLICT, "a0h a1 - t3" },
        { "by one that has not registered", C, 3, 0, 0xee, 0, 1, PORT_C, CONFLICT, "a0h a1 - t3" },
        { "with a wrong key", A, 3, KEY(B), 0xee, 0, 1, PORT_B, CONFLICT, "a0h a1 - t3" },
        { "of all registrants", A, 7, KEY(A), 0xee, 0, 1, PORT_B, CONFLICT, "a0h a1h - t7" },
        { "with key 0", A, 3, KEY(A), 0, 0, 1, PORT_B, BAD_LIST, "a0h a1 - t3" },
        { "to another target port", A, 3, KEY(A), 0xee, 0, 2, PORT_B, BAD_LIST, "a0h a1 - t3" },
        { "to itself", A, 3, KEY(A), 0xee, 0, 1, "iqn.2004-01.org.example:one,i,0x0002031dab00", BAD_LIST,
          "a0h a1 - t3" },
        { "to a device", A, 3, KEY(A), 0xee, 0, 1, "iqn.2004-01.org.example:two", BAD_LIST, "a0h a1 - t3" },
        { "to be kept, without a store", A, 3, KEY(A), 0xee, 1, 1, PORT_B, BAD_LIST, "a0h a1 - t3" },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t list[512];
        struct rig rig;
        rig_start(&rig, NULL);
        enlist(&rig, A);
        enlist(&rig, B);
        if (cases[i].type)
            good(&rig, A, RESERVE, cases[i].type, KEY(A), 0, 0);
        uint32_t len = put_move(list, cases[i].key, cases[i].action_key, cases[i].flags, cases[i].port,
                                cases[i].id);
        struct outcome o = rig_send_as(&rig, cases[i].who, out_cdb(MOVE, 0, len), list, len);
        expect_outcome(cases[i].title, &o, cases[i].want);
        expect_state(cases[i].title, &rig, cases[i].state);
        assert_int_equal(rig.lu.persistent.generation, cases[i].want ? 2 : 3);
        th_put32(list + 20, len - 23);
        o = rig_send_as(&rig, A, out_cdb(MOVE, 0, len), list, len);
        assert_int_not_equal(o.status, TH_STATUS_GOOD);
        rig_end(&rig);
    }
}

/* --------------------------------------------------------------------------------------
 * What PERSISTENT RESERVE IN tells
 */
static void test_in(void **state)
{
    struct rig rig;
    struct outcome o;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .store = true });
    told(&rig, 0, "no keys", "00000000 00000000");
    told(&rig, 1, "no reservation", "00000000 00000000");
    told(&rig, 2, "capabilities", "0008 1d b0 ea01 0000");
    o = rig_run(&rig, "5e 04 0000000000 0100 00", NULL, 0);
    expect_field("no such service action", &o, 1, 4);

    enlist(&rig, B);
    good(&rig, A, REGISTER, 0, 0, KEY(A), APTPL);
    good(&rig, A, RESERVE, 5, KEY(A), 0, 0);
    told(&rig, 0, "keys", "00000002 00000010 00000000000000a1 00000000000000a0");
    told(&rig, 1, "reservation", "00000002 00000010 00000000000000a0 00000000 00 05 0000");
    told(&rig, 2, "kept", "0008 1d b1 ea01 0000");
    o = rig_run(&rig, "5e 03 0000000000 0400 00", NULL, 0);
    expect_data("full status", &o, "00000002 00000098"
                "00000000000000a1 00000000 00 00 00000000 0001 00000034 45 00 0030");
    assert_memory_equal(o.data + 84, "\0\0\0\0\0\0\0\xa0\0\0\0\0\1\5\0\0\0\0\0\1\0\0\0\x34\x45\0\0\x30"
                        "iqn.2004-01.org.example:one,i,0x0002031dab00\0\0\0\0", 76);
    rig_forget(&o);
    good(&rig, A, PREEMPT, 7, KEY(A), KEY(A), 0);
    memset(rig.nexus[B].ua, 0, sizeof rig.nexus[B].ua);
    told(&rig, 1, "of all registrants: no key", "00000003 00000010 0000000000000000 00000000 00 07 0000");
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * RESERVE and RELEASE beside it (CRH)
 */
static void test_compatible(void **state)
{
    static const char reserve[] = "16 00 0000 00 00", release[] = "57 00 00000000 00 0000 00";
    struct rig rig;
    struct outcome o;
    (void)state;

    rig_start(&rig, NULL);
    o = rig_run_as(&rig, A, reserve);
    expect_sense("RESERVE", &o, TH_SENSE_NONE);
    for (unsigned who = A; who <= B; who++) {           /* also for the one who has reserved */
        o = out(&rig, who, REGISTER, 0, 0, KEY(who), 0);
        expect_outcome("register while reserved", &o, CONFLICT);
        o = rig_run_as(&rig, who, "5e 00 0000000000 0100 00");
        expect_outcome("read keys while reserved", &o, CONFLICT);
    }
    o = rig_run_as(&rig, A, release);
    enlist(&rig, A);
    enlist(&rig, B);
    for (unsigned who = A; who <= C; who++) {
        o = rig_run_as(&rig, who, reserve);
        expect_outcome("RESERVE while somebody has registered", &o, CONFLICT);
        o = rig_run_as(&rig, who, release);
        expect_outcome("RELEASE while somebody has registered", &o, CONFLICT);
    }
    /* By type: who gets GOOD, and no reservation. */
    static const struct { unsigned type; const char *who; } types[] = {
        { 1, "GCC" }, { 3, "GCC" }, { 5, "GGC" }, { 6, "GGC" }, { 7, "GGC" }, { 8, "GGC" },
    };
    for (unsigned i = 0; i < 6; i++) {
        good(&rig, A, RESERVE, types[i].type, KEY(A), 0, 0);
        for (unsigned who = A; who <= C; who++) {
            uint32_t want = types[i].who[who] == 'G' ? TH_SENSE_NONE : CONFLICT;
            o = rig_run_as(&rig, who, reserve);
            expect_outcome("RESERVE", &o, want);
            o = rig_run_as(&rig, who, release);
            expect_outcome("RELEASE", &o, want);
            assert_null(rig.lu.reserved_by);
            assert_int_equal(rig.lu.persistent.type, types[i].type);
        }
        good(&rig, A, RELEASE, types[i].type, KEY(A), 0, 0);
        memset(rig.nexus[B].ua, 0, sizeof rig.nexus[B].ua);
    }
    rig_end(&rig);
}

/* Sessions and resets come and go; registrations stay. */
static void test_stays(void **state)
{
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    enlist(&rig, A);
    good(&rig, A, RESERVE, 3, KEY(A), 0, 0);
    th_scsi_lu_reset(&rig.lu, NULL);
    th_scsi_nexus_reset(&rig.nexus[A]);
    expect_state("resets", &rig, "a0h - - t3");
    th_scsi_nexus_end(&rig.nexus[A]);
    expect_state("logged out", &rig, "- - - t3");
    struct outcome o = rig_run_as(&rig, B, "28 00 00000000 00 0001 00");
    expect_outcome("kept out by one who is not there", &o, CONFLICT);
    th_scsi_nexus_begin(&rig.nexus[A], &rig.target);
    expect_state("back", &rig, "a0h - - t3");
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * Two target ports: a registration is for one of them
 */

/* B is A again, by the other port; C comes by A's port and is another. */
static void two_ports(struct rig *rig, bool store)
{
    struct th_nexus *b = &rig->nexus[B];

    rig_start(rig, &(struct rig_options){ .two_ports = true, .store = store });
    th_scsi_nexus_end(b);
    b->initiator = rig->nexus[A].initiator;
    b->isid = rig->nexus[A].isid;
    th_scsi_nexus_begin(b, &rig->target);
    memset(b->ua, 0, sizeof b->ua);
}

static void quiet(struct rig *rig)
{
    for (unsigned i = 0; i < RIG_NEXUSES; i++)
        memset(rig->nexus[i].ua, 0, sizeof rig->nexus[i].ua);
}

static void test_target_ports(void **state)
{
    struct rig rig;
    struct outcome o;
    (void)state;

    two_ports(&rig, false);
    good(&rig, A, REGISTER, 0, 0, KEY(A), 0);
    expect_state("by one port", &rig, "a0 - - t0");
    good(&rig, A, RESERVE, 3, KEY(A), 0, 0);
    o = rig_run_as(&rig, B, "28 00 00000000 00 0001 00");
    expect_outcome("the same initiator by the other port", &o, CONFLICT);
    o = out(&rig, B, REGISTER, 0, KEY(A), KEY(B), 0);
    expect_outcome("with the key of the other port's", &o, CONFLICT);
    good(&rig, B, REGISTER, 0, 0, KEY(B), 0);
    expect_state("by both", &rig, "a0h a1 - t3");
    o = rig_run(&rig, "5e 03 0000000000 0400 00", NULL, 0);
    expect_data("full status", &o, "00000002 00000098"
                "00000000000000a0 00000000 01 03 00000000 0001 00000034 45 00 0030");
    assert_int_equal(th_get64(o.data + 84), 0xa1);
    assert_int_equal(o.data[84 + 12], 0);
    assert_int_equal(th_get16(o.data + 84 + 18), 7);
    assert_memory_equal(o.data + 84 + 28, o.data + 8 + 28, 48);         /* the same initiator port */
    rig_forget(&o);
    good(&rig, B, PREEMPT, 3, KEY(B), KEY(A), 0);
    expect_state("preempted by the other port", &rig, "- a1h - t3");
    assert_int_not_equal(rig.nexus[A].ua[0], 0);
    quiet(&rig);
    th_scsi_nexus_end(&rig.nexus[B]);
    expect_state("gone", &rig, "- - - t3");
    th_scsi_nexus_begin(&rig.nexus[B], &rig.target);
    quiet(&rig);
    expect_state("back by its port", &rig, "- a1h - t3");
    rig_end(&rig);
}

static void test_all_target_ports(void **state)
{
    static const char *const c[] = { PORT_C };
    uint8_t list[512];
    struct rig rig;
    struct outcome o;
    (void)state;

    two_ports(&rig, false);
    good(&rig, A, REGISTER, 0, 0, KEY(A), ALL_TG_PT);
    expect_state("by all", &rig, "a0 a0 - t0");
    o = rig_run(&rig, "5e 03 0000000000 0400 00", NULL, 0);
    assert_int_equal(o.data[8 + 12] | o.data[84 + 12], 0);              /* each has its own */
    assert_int_equal(th_get16(o.data + 8 + 18), 1);
    assert_int_equal(th_get16(o.data + 84 + 18), 7);
    rig_forget(&o);
    good(&rig, B, REGISTER, 0, KEY(A), 0xbb, 0);
    expect_state("another key by one", &rig, "a0 bb - t0");
    o = out(&rig, A, REGISTER, 0, KEY(A), 0xcc, ALL_TG_PT);
    expect_outcome("not the key of all", &o, CONFLICT);
    expect_state("nothing has changed", &rig, "a0 bb - t0");
    good(&rig, A, IGNORE, 0, 0, 0xcc, ALL_TG_PT);
    expect_state("whatever it was", &rig, "cc cc - t0");
    good(&rig, B, REGISTER, 0, 0xcc, 0, ALL_TG_PT);
    expect_state("away from all", &rig, "- - - t0");
    good(&rig, B, IGNORE, 0, 0, 0, ALL_TG_PT);

    /* For others, too: five places are not enough for three ports by two. */
    uint32_t len = put_ports(list, 0xee, ALL_TG_PT, c, 1);
    o = rig_send_as(&rig, B, out_cdb(REGISTER, 0, len), list, len);
    expect_sense("another port, by all", &o, TH_SENSE_NONE);
    expect_state("another port, by all", &rig, "ee ee ee t0");
    o = out(&rig, C, REGISTER, 0, 0xee, 0, ALL_TG_PT);
    expect_sense("its registrations end", &o, TH_SENSE_NONE);
    expect_state("its registrations end", &rig, "ee ee - t0");
    good(&rig, A, CLEAR, 0, 0xee, 0, 0);
    quiet(&rig);
    static const char *const two[] = { PORT_C, PORT_X };
    len = put_ports(list, 0xee, ALL_TG_PT, two, 2);
    o = rig_send_as(&rig, A, out_cdb(REGISTER, 0, len), list, len);
    expect_sense("no place for all", &o, TH_SENSE_REGISTRATIONS_FULL);
    expect_state("no place for all", &rig, "- - - t0");
    len = put_ports(list, 0xee, 0, c, 1);
    o = rig_send_as(&rig, B, out_cdb(REGISTER, 0, len), list, len);
    expect_sense("by the port that was asked alone", &o, TH_SENSE_NONE);
    expect_state("by the port that was asked alone", &rig, "- ee - t0");
    rig_end(&rig);
}

/* REGISTER AND MOVE says which target port it is for. */
static void test_move_to_port(void **state)
{
    static const char port[] = "iqn.2004-01.org.example:one,i,0x0002031dab00";
    static const struct { uint16_t tag; uint32_t want; const char *then; } cases[] = {
        { 2, TH_SENSE_INVALID_LIST_FIELD, "a0h - - t5" },
        { 1, TH_SENSE_INVALID_LIST_FIELD, "a0h - - t5" },       /* to itself */
        { 7, TH_SENSE_NONE, "a0 dd" "h - t5" },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t list[24 + 4 + 48] = { 0 };
        struct rig rig;
        two_ports(&rig, false);
        good(&rig, A, REGISTER, 0, 0, KEY(A), 0);
        good(&rig, A, RESERVE, 5, KEY(A), 0, 0);
        th_put64(list, KEY(A));
        th_put64(list + 8, 0xdd);
        th_put16(list + 18, cases[i].tag);
        th_put32(list + 20, 4 + 48);
        list[24] = 0x45;
        list[27] = 48;
        memcpy(list + 28, port, sizeof port);
        struct outcome o = rig_send_as(&rig, A, out_cdb(MOVE, 0, sizeof list), list, sizeof list);
        expect_sense("move", &o, cases[i].want);
        expect_state("move", &rig, cases[i].then);
        rig_end(&rig);
    }
}

/* --------------------------------------------------------------------------------------
 * Over a restart
 */

/* The same unit, anew. */
static int restart(struct rig *rig, const uint8_t *record, uint32_t len)
{
    uint8_t work[4096];

    rig_start(rig, &(struct rig_options){ .store = true });
    memcpy(rig->store.kept[THIMBLE_RECORD_RESERVATIONS].bytes, record, len);
    rig->store.kept[THIMBLE_RECORD_RESERVATIONS].len = len;
    int err = th_scsi_lu_restore(&rig->lu, work, sizeof work);
    for (unsigned i = 0; i < RIG_NEXUSES; i++) {        /* now they log in */
        th_scsi_nexus_end(&rig->nexus[i]);
        th_scsi_nexus_begin(&rig->nexus[i], &rig->target);
        memset(rig->nexus[i].ua, 0, sizeof rig->nexus[i].ua);
    }
    return err;
}

/* Registrations come back to the target ports that they were for; those of a record without ports, to the first; those of a
 * port that there is not any more keep others out all the same. */
static void test_kept_ports(void **state)
{
    uint8_t work[4096], record[4096];
    struct rig rig, next;
    (void)state;

    two_ports(&rig, true);
    good(&rig, B, REGISTER, 0, 0, KEY(B), APTPL);
    good(&rig, B, RESERVE, 3, KEY(B), 0, 0);
    uint32_t len = rig.store.kept[THIMBLE_RECORD_RESERVATIONS].len;
    memcpy(record, rig.store.kept[THIMBLE_RECORD_RESERVATIONS].bytes, len);
    rig_end(&rig);

    two_ports(&next, true);
    memcpy(next.store.kept[THIMBLE_RECORD_RESERVATIONS].bytes, record, len);
    next.store.kept[THIMBLE_RECORD_RESERVATIONS].len = len;
    assert_int_equal(th_scsi_lu_restore(&next.lu, work, sizeof work), THIMBLE_OK);
    expect_state("by its port", &next, "- a1h - t3");
    rig_end(&next);

    /* Now there is one port: the holder is nobody of those that are there. */
    assert_int_equal(restart(&next, record, len), THIMBLE_OK);
    expect_state("its port is gone", &next, "- - - t3");
    struct outcome o = rig_run_as(&next, A, "28 00 00000000 00 0001 00");
    expect_outcome("kept out", &o, CONFLICT);
    rig_end(&next);

    rig_start(&rig, &(struct rig_options){ .store = true });
    good(&rig, A, REGISTER, 0, 0, KEY(A), APTPL);
    len = rig.store.kept[THIMBLE_RECORD_RESERVATIONS].len;
    two_ports(&next, true);
    memcpy(next.store.kept[THIMBLE_RECORD_RESERVATIONS].bytes, rig.store.kept[THIMBLE_RECORD_RESERVATIONS].bytes, len);
    next.store.kept[THIMBLE_RECORD_RESERVATIONS].len = len;
    assert_int_equal(th_scsi_lu_restore(&next.lu, work, sizeof work), THIMBLE_OK);
    expect_state("of the first port", &next, "a0 - - t0");
    rig_end(&rig);
    rig_end(&next);
}

static void test_kept(void **state)
{
    struct rig rig, next;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .store = true });
    enlist(&rig, A);                                    /* without APTPL */
    assert_int_equal(rig.store.saves, 0);
    good(&rig, B, REGISTER, 0, 0, KEY(B), APTPL);       /* from now on all of it is kept */
    good(&rig, A, RESERVE, 6, KEY(A), 0, 0);
    assert_int_equal(rig.store.saves, 2);
    good(&rig, A, RESERVE, 6, KEY(A), 0, 0);            /* nothing new: nothing to save */
    good(&rig, B, RELEASE, 6, KEY(B), 0, 0);
    assert_int_equal(rig.store.saves, 2);

    assert_int_equal(restart(&next, rig.store.kept[THIMBLE_RECORD_RESERVATIONS].bytes,
                             rig.store.kept[THIMBLE_RECORD_RESERVATIONS].len), THIMBLE_OK);
    expect_state("restart", &next, "a0h a1 - t6");
    assert_int_equal(next.lu.persistent.generation, 0);
    assert_true(next.lu.persistent.kept);
    good(&next, B, PREEMPT, 8, KEY(B), KEY(A), 0);
    uint8_t record[4096];
    uint32_t len = next.store.kept[THIMBLE_RECORD_RESERVATIONS].len;
    memcpy(record, next.store.kept[THIMBLE_RECORD_RESERVATIONS].bytes, len);
    rig_end(&next);
    assert_int_equal(restart(&next, record, len), THIMBLE_OK);
    expect_state("again", &next, "- a1h - t8");
    good(&next, B, IGNORE, 0, 0, KEY(B), 0);            /* no longer */
    assert_int_equal(next.store.kept[THIMBLE_RECORD_RESERVATIONS].len, 0);
    rig_end(&next);
    assert_int_equal(restart(&next, record, 0), THIMBLE_OK);
    expect_state("forgotten", &next, "- - - t0");
    rig_end(&next);
    rig_end(&rig);
}

/* What a restart now would find is what there is. */
static void expect_restart(const struct rig *rig)
{
    const struct rig_record *kept = &rig->store.kept[THIMBLE_RECORD_RESERVATIONS];
    struct rig next;
    char now[64];

    strcpy(now, state_of(rig));
    assert_int_equal(restart(&next, kept->bytes, kept->len), THIMBLE_OK);
    expect_state("after a restart", &next, now);
    rig_end(&next);
}

/* Each save that an evening of changes needs, failing: not GOOD, and nothing has changed; and then done. */
static void test_failing_saves(void **state)
{
    static const struct step evening[] = {
        { .who = A, .action = REGISTER, .action_key = 0xa0, .flags = APTPL },
        { .who = B, .action = IGNORE, .action_key = 0xb1, .flags = APTPL },
        { .who = A, .action = RESERVE, .type = 5, .key = 0xa0 },
        { .who = B, .action = PREEMPT, .type = 3, .key = 0xb1, .action_key = 0xa0 },
        { .who = B, .action = RELEASE, .type = 3, .key = 0xb1 },
        { .who = B, .action = REGISTER, .key = 0xb1, .action_key = 0xbb, .flags = APTPL },
        { .who = B, .action = CLEAR, .key = 0xbb },
    };
    static const struct { int result; uint32_t sense; } errors[] = {
        { THIMBLE_ERR_IO, TH_SENSE_WRITE_ERROR }, { THIMBLE_ERR_NO_SPACE, TH_SENSE_SPACE_EXHAUSTED },
    };
    struct rig rig;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .store = true });
    for (unsigned i = 0; i < sizeof evening / sizeof evening[0]; i++) {
        const struct step *s = &evening[i];
        char before[64];
        strcpy(before, state_of(&rig));
        for (unsigned k = 0; k < 2; k++) {
            rig.store.result = errors[k].result;
            uint32_t counted = rig.lu.persistent.generation;
            struct outcome o = out(&rig, s->who, s->action, s->type, s->key, s->action_key, s->flags);
            expect_sense("not kept", &o, errors[k].sense);
            expect_state("not kept", &rig, before);
            assert_int_equal(rig.lu.persistent.generation, counted);
            for (unsigned n = 0; n < RIG_NEXUSES; n++)
                assert_int_equal(rig.nexus[n].ua[0], 0);
        }
        rig.store.result = THIMBLE_OK;
        good(&rig, s->who, s->action, s->type, s->key, s->action_key, s->flags);
        assert_string_not_equal(state_of(&rig), before);
        expect_restart(&rig);
        for (unsigned n = 0; n < RIG_NEXUSES; n++)
            rig.nexus[n].ua[0] = 0;
    }
    rig_end(&rig);
}

/* A store that answers later: until then nothing has changed, and the next change waits. */
static void test_later(void **state)
{
    uint8_t one[24], two[24];
    struct rig rig;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .store = true });
    put_list(one, 0, KEY(A), APTPL);
    put_list(two, 0, KEY(B), 0);
    rig.store.result = THIMBLE_PENDING;
    struct rig_cmd *a = rig_submit(&rig, &rig.nexus[A], &rig.lu, out_cdb(REGISTER, 0, 24), one, 24);
    struct rig_cmd *b = rig_submit(&rig, &rig.nexus[B], &rig.lu, out_cdb(REGISTER, 0, 24), two, 24);
    struct rig_cmd *c = rig_submit(&rig, &rig.nexus[C], &rig.lu, out_cdb(REGISTER, 0, 24), two, 24);
    assert_false(a->ended || b->ended || c->ended);
    expect_state("pending", &rig, "- - - t0");
    told(&rig, 0, "pending", "00000000 00000000");

    c->cmd->aborted = true;                             /* while it waits for its turn */
    rig_store_answer(&rig, THIMBLE_OK);
    assert_true(a->ended && !b->ended && !c->ended);    /* b turns APTPL off: that is saved, too */
    expect_state("kept", &rig, "a0 - - t0");
    rig_store_answer(&rig, THIMBLE_ERR_HARDWARE);
    assert_true(b->ended && c->ended);
    expect_state("not kept", &rig, "a0 - - t0");
    struct outcome o = rig_collect(a);
    expect_sense("first", &o, TH_SENSE_NONE);
    o = rig_collect(b);
    expect_sense("second", &o, TH_SENSE_INTERNAL_FAILURE);
    o = rig_collect(c);
    assert_int_equal(o.status, TH_STATUS_TASK_ABORTED);
    rig_end(&rig);
}

/* Records that are whole, and yet wrong; the store itself fails; all are refused, and nothing comes of them. */
static void test_bad_records(void **state)
{
#define ENTRY(key, flags, len) "00000000000000" key "000000000000" flags len
    static const struct { const char *title, *hex; int want; } cases[] = {
        { "nobody, but kept", "00 00 0000", THIMBLE_OK },
        { "one", "00 00 0001" ENTRY("01", "00", "01") "61", THIMBLE_OK },
        { "one that holds", "03 00 0001" ENTRY("01", "01", "01") "61", THIMBLE_OK },
        { "of all", "07 00 0001" ENTRY("01", "00", "01") "61", THIMBLE_OK },
        { "nothing", "", THIMBLE_ERR_RECORD },
        { "less than a header", "00 00 00", THIMBLE_ERR_RECORD },
        { "no such type", "02 00 0001" ENTRY("01", "01", "01") "61", THIMBLE_ERR_RECORD },
        { "no holder", "03 00 0001" ENTRY("01", "00", "01") "61", THIMBLE_ERR_RECORD },
        { "a holder of nothing", "00 00 0001" ENTRY("01", "01", "01") "61", THIMBLE_ERR_RECORD },
        { "a holder of all", "08 00 0001" ENTRY("01", "01", "01") "61", THIMBLE_ERR_RECORD },
        { "of all, but nobody is there", "08 00 0000", THIMBLE_ERR_RECORD },
        { "two holders", "01 00 0002" ENTRY("01", "01", "01") "61" ENTRY("01", "01", "01") "62",
          THIMBLE_ERR_RECORD },
        { "the same twice", "00 00 0002" ENTRY("01", "00", "01") "61" ENTRY("02", "00", "01") "61",
          THIMBLE_ERR_RECORD },
        { "key 0", "00 00 0001" ENTRY("00", "00", "01") "61", THIMBLE_ERR_RECORD },
        { "no name", "00 00 0001" ENTRY("01", "00", "00"), THIMBLE_ERR_RECORD },
        { "a zero in the name", "00 00 0001" ENTRY("01", "00", "02") "6100", THIMBLE_ERR_RECORD },
        { "a name that is cut", "00 00 0001" ENTRY("01", "00", "03") "6162", THIMBLE_ERR_RECORD },
        { "a long name", "00 00 0001" ENTRY("01", "00", "e0") "6162", THIMBLE_ERR_RECORD },
        { "one less than it says", "00 00 0002" ENTRY("01", "00", "01") "61", THIMBLE_ERR_RECORD },
        { "one more than it says", "00 00 0000" ENTRY("01", "00", "01") "61", THIMBLE_ERR_RECORD },
        { "more than there is room for", "00 00 0006" ENTRY("01", "00", "01") "61" ENTRY("01", "00", "01") "62"
          ENTRY("01", "00", "01") "63" ENTRY("01", "00", "01") "64" ENTRY("01", "00", "01") "65"
          ENTRY("01", "00", "01") "66", THIMBLE_ERR_FULL },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t record[512];
        struct rig rig;
        uint32_t n = (uint32_t)from_hex(cases[i].hex, record + TH_RECORD_HEADER_BYTES, 400);
        int err = restart(&rig, record, th_record_seal(record, THIMBLE_RECORD_RESERVATIONS, n));
        if (err != cases[i].want)
            fail_msg("%s: %d", cases[i].title, err);
        if (err < 0)
            assert_null(rig.lu.persistent.first);
        assert_int_equal(rig.lu.persistent.kept, err == THIMBLE_OK);
        rig_end(&rig);

        record[TH_RECORD_HEADER_BYTES - 1] ^= 0x10;     /* and one that is damaged */
        assert_int_equal(restart(&rig, record, TH_RECORD_HEADER_BYTES + n), THIMBLE_ERR_RECORD);
        rig_end(&rig);
    }
    struct rig rig;
    uint8_t work[4096];
    rig_start(&rig, &(struct rig_options){ .store = true });
    rig.store.result = THIMBLE_ERR_IO;
    assert_int_equal(th_scsi_lu_restore(&rig.lu, work, sizeof work), THIMBLE_ERR_IO);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell),
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_who_is_aborted),
        cmocka_unit_test(test_target_ports),
        cmocka_unit_test(test_all_target_ports),
        cmocka_unit_test(test_move_to_port),
        cmocka_unit_test(test_kept_ports),
        cmocka_unit_test(test_list_lengths),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_bad_ports),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_in),
        cmocka_unit_test(test_compatible),
        cmocka_unit_test(test_stays),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_failing_saves),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_bad_records),
    };

    return cmocka_run_group_tests_name("persistent reservations", tests, NULL, NULL);
}
