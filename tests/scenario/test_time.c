/* SPDX-License-Identifier: MIT
 *
 * test_time.c: time passes: login, data, ping, send and logout time-outs, and what must not be
 * taken for one.
 */
#include "ways.h"

static struct request plain_login(struct peer *p)
{
    return login_request(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
}

/* ------------------------------------------------------------------------------------
 * Login
 */
static void login_says_nothing(struct lab *lab)
{
    struct peer *p = lab_connect(lab), *q = session(lab, "");

    lab_pass(lab, 14999);
    CHECK(lab, p->conn, "too early");
    lab_pass(lab, 2);
    lab_dropped(p, THIMBLE_REASON_LOGIN_TIMEOUT);
    read_ok(q, 0, 0, 1);
}

/* It covers the whole login phase: to be busy does not help. */
static void login_takes_for_ever(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    for (unsigned i = 0; i < 20 && p->conn; i++) {
        struct request r = login_request(p, CSG(1), i ? "" : "InitiatorName=" HOST
                                                             " TargetName=" DISK);
        put(p, &r);
        lab_pass(lab, 1000);
    }
    lab_dropped(p, THIMBLE_REASON_LOGIN_TIMEOUT);
}

static void login_in_drops(struct lab *lab)
{
    struct peer *p = lab_connect(lab);
    struct request r = plain_login(p);

    p->mute = true;
    put(p, &r);
    size_t all = p->in_len;
    p->mute = false;
    for (size_t n = 1; n <= all && p->conn; n++) {
        p->in_len = n;
        p->attention = true;
        lab_pass(lab, 1000);
    }
    lab_dropped(p, THIMBLE_REASON_LOGIN_TIMEOUT);
}

/* The refusal is not read. */
static void refusal_is_not_read(struct lab *lab)
{
    struct peer *p = lab_connect(lab);
    struct request r = login_request(p, LAST_LOGIN, "InitiatorName=" HOST);

    p->deaf = true;
    put(p, &r);
    lab_run(lab);
    CHECK(lab, p->conn, "nobody waits for the refusal to be read");
    lab_pass(lab, 5001);
    lab_dropped(p, THIMBLE_REASON_LOGOUT_TIMEOUT);
}

/* ------------------------------------------------------------------------------------
 * Data
 */
static void data_does_not_come(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No"), *q = session(lab, "");
    struct cmd c = write_cmd(p, 0, 4, 'w');

    struct request r = command_request(p, &c, 0, true);
    put(p, &r);
    lab_pass(lab, 29000);
    nop(p, "");                         /* it lives, but data was asked for */
    lab_pass(lab, 900);
    CHECK(lab, p->conn, "too early");
    lab_pass(lab, 200);
    lab_dropped(p, THIMBLE_REASON_DATA_TIMEOUT);
    read_ok(q, 0, 0, 1);
    is_untouched(q, 0, 0, 128);
}

static void unsolicited_data_does_not_come(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No");
    struct cmd c = write_cmd(p, 0, 4, 'w');

    struct request r = command_request(p, &c, 512, false);
    put(p, &r);
    lab_pass(lab, 29900);
    CHECK(lab, p->conn, "too early");
    lab_pass(lab, 200);
    lab_dropped(p, THIMBLE_REASON_DATA_TIMEOUT);
    is_untouched(p, 0, 1, 127);
}

/* Each piece starts the time anew. */
static void data_comes_slowly(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    struct cmd c = write_cmd(p, 0, 8, 'w');

    struct request r = command_request(p, &c, 0, true);
    put(p, &r);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, c.itt);
    CHECK(lab, r2t, "no R2T");
    for (uint32_t i = 0; i < 8; i++) {
        lab_pass(lab, 20000);
        r = data_out(p, &c, th_get32(r2t->bhs + 20), i, 512 * i, 512, i == 7);
        put(p, &r);
        lab_run(lab);
    }
    c.r2t_sn = 1;
    finish(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
    is_written(p, 0, 0, 8, 'w');
    lab_pass(lab, 40000);               /* and nothing more is awaited */
    CHECK(lab, p->conn, "dropped without a reason");
}

/* In the middle of a PDU there is silence. */
static void half_a_pdu(struct lab *lab)
{
    static const size_t at[] = { 1, 47, 48, 50, 500 };

    for (size_t i = 0; i < COUNT(at); i++) {
        struct peer *p = session(lab, "");
        struct cmd c = write_cmd(p, 0, 1, 'w');
        size_t begin = p->in_len;
        lab_pass(lab, 29000);           /* it has been quiet for long before */
        p->mute = true;
        start(p, &c);
        p->in_len = begin + at[i];
        p->mute = false;
        p->attention = true;
        lab_pass(lab, 29000);
        CHECK(lab, p->conn, "dropped %zu bytes into a PDU, too early", at[i]);
        lab_pass(lab, 2000);
        lab_dropped(p, THIMBLE_REASON_DATA_TIMEOUT);
        is_untouched(p, 0, 0, 128);
    }
}

/* A tick comes while a header has arrived in part, long after data was last awaited. */
static void tick_in_a_header(struct lab *lab)
{
    struct peer *p = session(lab, "");

    write_ok(p, 0, 0, 1, 'w');
    for (unsigned i = 0; i < 5; i++) {
        lab_pass(lab, 20000);
        nop_answered(p);
    }
    size_t begin = p->in_len;
    p->mute = true;
    nop(p, "");
    size_t end = p->in_len;
    p->in_len = begin + 20;
    p->mute = false;
    p->attention = true;
    lab_run(lab);
    lab_pass(lab, 100);
    CHECK(lab, p->conn, "dropped in the middle of a header that had just begun");
    p->in_len = end;
    p->attention = true;
    struct pdu *pdu = hear_of(p, TH_OP_NOP_IN, 0);
    CHECK(lab, pdu, "no answer");
}

/* It is us who have no buffer: the initiator is not to blame. */
static void slow_disk(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    struct cmd c[4];

    for (unsigned i = 0; i < COUNT(c); i++) {
        c[i] = write_cmd(p, 8 * i, 8, (uint8_t)('a' + i));
        struct request r = command_request(p, &c[i], 0, true);
        put(p, &r);
    }
    for (unsigned i = 0; i < COUNT(c); i++) {
        struct pdu *r2t = hear_of(p, TH_OP_R2T, c[i].itt);
        CHECK(lab, r2t, "no R2T");
        struct request r = data_out(p, &c[i], th_get32(r2t->bhs + 20), 0, 0, 4096, true);
        put(p, &r);
        c[i].r2t_sn = 1;
    }
    lab_run(lab);
    CHECK(lab, p->in_at < p->in_len, "there was room for all of it");
    lab_pass(lab, 100000);
    CHECK(lab, p->conn, "dropped because the disk is slow");
    lab->disk_held = false;
    for (unsigned i = 0; i < COUNT(c); i++) {
        finish(p, &c[i]);
        was(p, &c[i], TH_STATUS_GOOD, 0);
        is_written(p, 0, 8 * i, 8, (uint8_t)('a' + i));
    }
}

/* ------------------------------------------------------------------------------------
 * Pings
 */
static void answer_ping(struct peer *p, const struct pdu *ping)
{
    struct request r = nop_request(p, IMMEDIATE, "", 0);

    memcpy(r.bhs + 8, ping->bhs + 8, 8);
    memset(r.bhs + 16, 0xff, 4);
    memcpy(r.bhs + 20, ping->bhs + 20, 4);
    put(p, &r);
    lab_run(p->lab);
}

static struct pdu *ping_of(struct peer *p)
{
    struct pdu *pdu = hear(p);

    CHECK(p->lab, pdu && strcmp(describe(p, pdu), "ping") == 0, "%s",
          pdu ? describe(p, pdu) : "");
    CHECK(p->lab, th_get32(pdu->bhs + 20) != TH_TAG_NONE, "a ping without a tag");
    return pdu;
}

static void pings(struct lab *lab)
{
    struct peer *p = session(lab, "");

    lab_pass(lab, 29000);
    expect_silence(p);
    lab_pass(lab, 2000);
    answer_ping(p, ping_of(p));
    lab_pass(lab, 31000);
    answer_ping(p, ping_of(p));
    lab_pass(lab, 31000);
    ping_of(p);                         /* this one is not answered */
    lab_pass(lab, 28000);
    CHECK(lab, p->conn, "too early");
    lab_pass(lab, 3000);
    lab_dropped(p, THIMBLE_REASON_NOP_TIMEOUT);
}

/* Some never answer: they are pinged once, and stay. */
static void never_answers_pings(struct lab *lab)
{
    struct peer *p = session(lab, "");

    lab_pass(lab, 31000);
    ping_of(p);
    lab_pass(lab, 200000);
    CHECK(lab, p->conn, "dropped one who never answers pings");
    read_ok(p, 0, 0, 1);
}

/* Whoever talks is alive. */
static void no_ping_for_the_busy(struct lab *lab)
{
    struct peer *p = session(lab, "");

    for (unsigned i = 0; i < 10; i++) {
        lab_pass(lab, 20000);
        read_ok(p, 0, i, 1);
    }
    expect_silence(p);
}

static void discovery_is_not_pinged(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    log_in(p, "SessionType=Discovery");
    lab_pass(lab, 31000);
    expect_silence(p);
    struct request r = text_request(p, T_BIT, TH_TAG_NONE, "SendTargets=" OTHER_DISK);
    put(p, &r);
    expect(p, "text 2 F TargetName=" OTHER_DISK " TargetAddress=192.0.2.1:3260,1");
    lab_pass(lab, 59000);
    CHECK(lab, p->conn, "it had its say; too early");
    lab_pass(lab, 2000);
    expect_silence(p);
    lab_dropped(p, THIMBLE_REASON_NOP_TIMEOUT);
}

/* ------------------------------------------------------------------------------------
 * Sending, leaving
 */
static void takes_nothing(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = read_cmd(p, 0, 8);

    p->deaf = true;
    start(p, &c);
    lab_run(lab);
    lab_pass(lab, 59000);
    CHECK(lab, p->conn, "too early");
    lab_pass(lab, 2000);
    lab_dropped(p, THIMBLE_REASON_SEND_TIMEOUT);
}

static void logout_is_not_read(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct request r = logout_request(p, IMMEDIATE, 0);

    p->deaf = true;
    put(p, &r);
    lab_run(lab);
    lab_pass(lab, 4900);
    CHECK(lab, p->conn, "too early");
    lab_pass(lab, 200);
    lab_dropped(p, THIMBLE_REASON_LOGOUT_TIMEOUT);
}

/* All of them off: nothing ends, and no tick is asked for. */
static void no_time_outs(struct lab *lab)
{
    struct peer *half = lab_connect(lab), *p = session(lab, "ImmediateData=No");
    struct cmd c = write_cmd(p, 0, 1, 'w');

    struct request r = command_request(p, &c, 0, true);
    put(p, &r);
    p->deaf = true;
    lab_run(lab);
    CHECK(lab, thimble_tick(lab->engine, lab->now_ms) == THIMBLE_NEVER, "a tick is asked for");
    lab_pass(lab, 100000000);
    CHECK(lab, half->conn && p->conn, "dropped");
    p->deaf = false;
    p->attention = true;
    finish(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
}

static void nothing_to_do(struct lab *lab)
{
    CHECK(lab, thimble_tick(lab->engine, lab->now_ms) == THIMBLE_NEVER,
          "an engine without connections wants to be ticked");
    struct peer *p = session(lab, "");
    uint32_t next = thimble_tick(lab->engine, lab->now_ms);
    CHECK(lab, next > 25000 && next <= 30000, "an idle session wants a tick in %u ms",
          (unsigned)next);
    log_out(p);
    CHECK(lab, thimble_tick(lab->engine, lab->now_ms) == THIMBLE_NEVER, "and without it again");
}

#define NEVER                                                                              \
    .options = { .config = {                                                               \
        .login_timeout_ms = THIMBLE_NEVER, .logout_timeout_ms = THIMBLE_NEVER,             \
        .data_out_timeout_ms = THIMBLE_NEVER, .nop_interval_ms = THIMBLE_NEVER,            \
        .nop_timeout_ms = THIMBLE_NEVER, .send_timeout_ms = THIMBLE_NEVER } }

static const struct scenario scenarios[] = {
    { .name = "a login that says nothing", .play = login_says_nothing },
    { .name = "a login that takes for ever", .play = login_takes_for_ever },
    { .name = "a login in drops", .play = login_in_drops, .no_cuts = true },
    { .name = "a refusal is not read", .play = refusal_is_not_read },
    { .name = "data that was asked for does not come", .play = data_does_not_come },
    { .name = "unsolicited data does not come", .play = unsolicited_data_does_not_come },
    { .name = "data comes slowly", .play = data_comes_slowly },
    { .name = "half a PDU", .play = half_a_pdu, .own_pace = true, .no_cuts = true },
    { .name = "a tick in a header", .play = tick_in_a_header },
    { .name = "a slow disk", .play = slow_disk, .own_disks = true, .own_pace = true,
      .options = { .config = { .n_buffers = 2 } } },
    { .name = "pings", .play = pings },
    { .name = "one who never answers pings", .play = never_answers_pings },
    { .name = "no ping for the busy", .play = no_ping_for_the_busy },
    { .name = "discovery is not pinged", .play = discovery_is_not_pinged },
    { .name = "one who takes nothing", .play = takes_nothing },
    { .name = "a logout response is not read", .play = logout_is_not_read },
    { .name = "no time-outs", .play = no_time_outs, NEVER },
    { .name = "nothing to do", .play = nothing_to_do },
};

int main(void)
{
    return play_all("time", scenarios, COUNT(scenarios));
}
