/* SPDX-License-Identifier: MIT
 *
 * test_many.c: 64 sessions at work, 500 half-open logins around a good one, transfers of many
 * thousand PDUs.
 */
#include "ways.h"

static const char *name_of(struct lab *lab, unsigned i)
{
    char *name = lab_alloc(lab, 64);
    sprintf(name, "iqn.1994-05.example:host-%u", i);
    return name;
}

static void sixty_four_sessions(struct lab *lab)
{
    struct peer *p[64];
    struct cmd w[64], r[64];

    for (unsigned i = 0; i < 64; i++) {
        p[i] = lab_connect(lab);
        CHECK(lab, p[i], "no connection for session %u", i);
        p[i]->name = name_of(lab, i);
        log_in(p[i], i & 1 ? "MaxBurstLength=512" : "InitialR2T=No MaxOutstandingR2T=4");
        struct cmd first = cdb_cmd("00 00 00 00 00 00", 0);
        ends(p[i], &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_POWER_ON);
        p[i]->immediate_bytes = i & 2 ? 512 : 0;
    }
    for (unsigned i = 0; i < 64; i++) {
        w[i] = write_cmd(p[i], 4 * i, 4, (uint8_t)i);
        r[i] = read_cmd(p[i], 4 * i + 256, 4);
        start(p[i], &w[i]);
        start(p[i], &r[i]);
        nop(p[i], "at the same time");
    }
    for (unsigned i = 0; i < 64; i++) {
        finish(p[i], &w[i]);
        finish(p[i], &r[i]);
        was(p[i], &w[i], TH_STATUS_GOOD, 0);
        was(p[i], &r[i], TH_STATUS_GOOD, 0);
        CHECK(lab, hear_of(p[i], TH_OP_NOP_IN, 0), "no NOP-In");
        is_written(p[i], 0, 4 * i, 4, (uint8_t)i);
    }
    struct peer *one_more = lab_connect(lab);
    CHECK(lab, !one_more, "a connection more than there is room for");
    for (unsigned i = 0; i < 64; i += 2)
        log_out(p[i]);
    for (unsigned i = 0; i < 32; i++) {
        struct peer *q = lab_connect(lab);
        q->name = name_of(lab, 100 + i);
        log_in(q, "");
    }
    for (unsigned i = 1; i < 64; i += 2)
        read_ok(p[i], 0, 0, 1);
}

/* What a port does when thimble_conn_open() has no room: it closes the socket; the oldest login
 * that is not finished makes room for the next. */
static struct peer *connect_somehow(struct lab *lab)
{
    for (unsigned i = 0; i < 3; i++) {
        struct peer *p = lab_connect(lab);
        if (p)
            return p;
        lab_run(lab);
    }
    lab_fail(lab, __FILE__, __LINE__, "no connection, and nobody made room");
}

static void half_open_logins(struct lab *lab)
{
    struct peer *busy = session(lab, "");
    static const size_t said[] = { 0, 1, 20, 47, 48, 60 };
    unsigned evicted = 0;

    for (unsigned i = 0; i < 500; i++) {
        struct peer *p = connect_somehow(lab);
        struct request r =
            login_request(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
        p->mute = true;
        put(p, &r);
        p->in_len = said[i % (i < 400 ? 4 : COUNT(said))];  /* at last: a whole header */
        p->mute = false;
        lab_pass(lab, 2);
        if (i % 100 == 50 && i < 400) { /* in the middle of it, somebody means it */
            struct peer *good_one = connect_somehow(lab);
            good_one->name = name_of(lab, i);
            log_in(good_one, "");
            struct cmd first = read_cmd(good_one, 0, 1);
            ends(good_one, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_POWER_ON);
            read_ok(good_one, 0, 0, 8);
            log_out(good_one);
        }
        evicted += lab_seen(lab, p, THIMBLE_EVENT_DROPPED, THIMBLE_REASON_LOGIN_EVICTED);
    }
    CHECK(lab, evicted == 0, "the newest login made room");
    read_ok(busy, 0, 0, 8);

    struct peer *patient = connect_somehow(lab);
    patient->name = name_of(lab, 1000);
    struct request r =
        login_request(patient, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    put(patient, &r);
    lab_pass(lab, 1100);                /* the place for negotiation was held */
    CHECK(lab, hear_of(patient, TH_OP_LOGIN_RESPONSE, 0) && patient->logged_in, "kept out");
    log_out(patient);

    lab_pass(lab, 16000);               /* the last ones time out */
    for (unsigned i = 1; i < lab->n_peers; i++)
        CHECK(lab, !lab->peers[i]->conn, "peer %u is still there", i + 1);
    nop_answered(busy);
}

/* More than 65535 R2Ts for one command. */
static void very_many_r2ts(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No MaxBurstLength=512");
    uint32_t n_blocks = 66000;
    uint8_t *data = lab_alloc(lab, (size_t)n_blocks * 512);

    memset(data, 0x77, (size_t)n_blocks * 512);
    struct cmd big = out_cmd("8a 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", data,
                             n_blocks * 512);
    th_put32(big.cdb + 10, n_blocks);
    good(p, &big);
    CHECK(lab, big.r2t_sn == n_blocks, "%u R2Ts", (unsigned)big.r2t_sn);
    for (uint32_t i = 0; i < n_blocks * 512; i += 511)
        CHECK(lab, lab->medium[0][i] == 0x77, "byte %u was not written", (unsigned)i);
}

static void very_many_data_ins(struct lab *lab)
{
    struct peer *p = session(lab, "MaxRecvDataSegmentLength=512 MaxBurstLength=512");
    struct cmd big = cdb_cmd("88 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", 66000 * 512);

    th_put32(big.cdb + 10, 66000);
    good(p, &big);
    CHECK(lab, big.data_sn == 66000, "%u PDUs", (unsigned)big.data_sn);
    CHECK(lab, memcmp(big.in, lab->medium[0], big.edtl) == 0, "other data");
}

/* Plays it in one way only: these take long. */
static void once(void **state)
{
    static const struct way ways[] = { { .name = "whole" } };
    const struct scenario *s = *state;
    static struct lab lab;

    lab_open(&lab, s->name, &s->options, &ways[0]);
    s->play(&lab);
    lab_run(&lab);
    lab_close(&lab);
}

static const struct scenario scenarios[] = {
    { .name = "64 sessions", .play = sixty_four_sessions, .no_cuts = true, .no_faults = true,
      .options = { .size_blocks = 600, .config = { .n_connections = 64 } } },
    { .name = "500 half-open logins", .play = half_open_logins, .no_cuts = true,
      .no_faults = true, .own_pace = true, .options = { .config = { .n_connections = 8 } } },
};

static const struct scenario big_ones[] = {
    { .name = "66000 R2Ts", .play = very_many_r2ts, .options = { .size_blocks = 66000 } },
    { .name = "66000 Data-Ins",
      .play = very_many_data_ins,
      .options = { .size_blocks = 66000 } },
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        { .name = big_ones[0].name, .test_func = once,
          .initial_state = (void *)(uintptr_t)&big_ones[0] },
        { .name = big_ones[1].name, .test_func = once,
          .initial_state = (void *)(uintptr_t)&big_ones[1] },
    };

    return play_all("many", scenarios, COUNT(scenarios)) +
           cmocka_run_group_tests_name("big", tests, NULL, NULL);
}
