/* SPDX-License-Identifier: MIT
 *
 * test_stats.c: the counters of thimble_stats.h say what happened, however the bytes came and
 * the disks answered.
 */
#include "thimble_stats.h"
#include "ways.h"

static const struct thimble_lun_stats *unit(struct lab *lab, uint16_t lun)
{
    const struct thimble_lun_stats *s = thimble_lun_stats(lab->engine, 0, lun);

    CHECK(lab, s, "LUN %u has no numbers", lun);
    return s;
}

static uint64_t sum(const struct thimble_flow_stats *flow)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < THIMBLE_LATENCY_BUCKETS; i++)
        n += flow->latency[i];
    return n;
}

#define IS(value, wanted) \
    CHECK(lab, (value) == (wanted), #value " is %llu, not %llu", \
          (unsigned long long)(value), (unsigned long long)(wanted))

/* ------------------------------------------------------------------------------------
 * Commands
 */
static void reads_and_writes(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No");
    uint64_t other = unit(lab, 0)->other;

    read_ok(p, 0, 0, 5);
    read_ok(p, 0, 7, 1);
    write_ok(p, 0, 20, 9, 'w');
    struct cmd tur = cdb_cmd("00 00 00 00 00 00", 0);
    good(p, &tur);

    const struct thimble_lun_stats *s = unit(lab, 0);
    IS(s->read.commands, 2);
    IS(s->read.bytes, 6 * 512);
    IS(sum(&s->read), 2);
    IS(s->write.commands, 1);
    IS(s->write.bytes, 9 * 512);
    IS(sum(&s->write), 1);
    IS(s->other, other + 1);
    IS(unit(lab, 1)->read.commands, 0);
}

static void errors_by_sense_key(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd beyond = cdb_cmd("28 00 00 00 01 00 00 00 01 00", 512);
    struct cmd unknown = cdb_cmd("ff 00 00 00 00 00", 0);
    uint64_t before = unit(lab, 0)->errors[TH_KEY_ILLEGAL_REQUEST];

    ends(p, &beyond, TH_STATUS_CHECK_CONDITION, TH_SENSE_LBA_OUT_OF_RANGE);
    ends(p, &unknown, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_OPCODE);
    IS(unit(lab, 0)->errors[TH_KEY_ILLEGAL_REQUEST], before + 2);
    IS(unit(lab, 0)->read.commands, 0);
}

/* A disk that takes its time, by the clock that the engine was given. */
static void latency_is_measured(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = read_cmd(p, 0, 1);

    start(p, &c);
    lab_run(lab);
    lab_pass(lab, 100);                 /* 100,000 us: at least 2^16, less than 2^17 */
    lab_disk(lab, 1);
    finish(p, &c);

    IS(unit(lab, 0)->read.busy_us, 100000);
    IS(unit(lab, 0)->read.latency[16], 1);
}

static uint32_t lab_us(void *ctx)
{
    return ((struct lab *)ctx)->now_ms * 1000;
}

/* ------------------------------------------------------------------------------------
 * Sessions and logins
 */
static void a_session_is_seen(struct lab *lab)
{
    struct peer *p = session(lab, "MaxBurstLength=1024 ImmediateData=No");
    struct thimble_session s;
    unsigned cursor = 0;

    read_ok(p, 0, 0, 2);
    CHECK(lab, thimble_session_next(lab->engine, &cursor, &s), "no session");
    CHECK(lab, strcmp(s.initiator, HOST) == 0 && s.target == 0, "another session");
    IS(s.max_burst_bytes, 1024);
    IS(s.immediate_data, false);
    IS(s.header_digest, lab->way.digests);
    IS(s.queued, 0);
    CHECK(lab, s.stats.commands >= 1 && s.stats.tx_bytes >= 1024 && s.stats.rx_pdus > 1,
          "nothing was counted");
    CHECK(lab, !thimble_session_next(lab->engine, &cursor, &s), "a second session");

    log_out(p);
    cursor = 0;
    CHECK(lab, !thimble_session_next(lab->engine, &cursor, &s), "it has logged out");
    IS(thimble_target_stats(lab->engine, 0)->logouts, 1);
    IS(thimble_target_stats(lab->engine, 0)->lost, 0);
}

static void logins_are_counted(struct lab *lab)
{
    struct peer *good_one = session(lab, ""), *bad = lab_connect(lab);
    struct request r = login_request(bad, LAST_LOGIN,
                                     "InitiatorName=" HOST " TargetName=iqn.2024-01.example:none");

    put(bad, &r);
    refused(bad, 0x0203, THIMBLE_REASON_TARGET_UNKNOWN);
    struct peer *shy = lab_connect(lab);
    struct request empty = login_request(shy, LAST_LOGIN, "SessionType=Normal");
    put(shy, &empty);
    refused(shy, 0x0207, THIMBLE_REASON_NAME_MISSING);
    lab_hang_up(good_one);
    lab_run(lab);

    const struct thimble_stats *s = thimble_stats(lab->engine);
    const struct thimble_target_stats *t = thimble_target_stats(lab->engine, 0);
    IS(t->accepted, 1);
    IS(t->lost, 1);
    IS(s->events[THIMBLE_EVENT_LOGIN_REFUSED], 2);
    IS(s->faults[THIMBLE_LOGIN_FAULT_NOT_FOUND], 1);
    IS(s->faults[THIMBLE_LOGIN_FAULT_OTHER], 1);
    IS(s->connections, 3);
    CHECK(lab, s->reasons[THIMBLE_REASON_TARGET_UNKNOWN] > 0, "its reason is not counted");
}

/* ------------------------------------------------------------------------------------
 * Events that are kept
 */
static void events_are_kept(struct lab *lab)
{
    const char *long_name = "iqn.2024-01.example:a-name-that-is-too-long-to-be-kept-whole:the-end";
    struct peer *p = lab_connect(lab);

    p->name = long_name;
    log_in(p, "");
    uint32_t n = thimble_event_count(lab->engine);
    const struct thimble_kept_event *k = thimble_event_kept(lab->engine, n - 1);
    CHECK(lab, k && k->kind == THIMBLE_EVENT_LOGIN && k->target == 0, "the login is not kept");
    size_t len = strlen(k->initiator);
    IS(len, THIMBLE_KEPT_NAME_BYTES - 1);
    CHECK(lab, strcmp(k->initiator, long_name + strlen(long_name) - len) == 0, "its name is not");
    CHECK(lab, !thimble_event_kept(lab->engine, n), "an event that has not happened");

    for (unsigned i = 0; i < THIMBLE_EVENTS_KEPT; i++) {
        struct peer *q = lab_connect(lab);
        lab_hang_up(q);
        lab_run(lab);
    }
    CHECK(lab, !thimble_event_kept(lab->engine, n - 1), "it was overwritten");
    n = thimble_event_count(lab->engine);
    k = thimble_event_kept(lab->engine, n - 1);
    CHECK(lab, k && k->number == n - 1 && k->reason == THIMBLE_REASON_PEER_CLOSED &&
          k->target == -1 && k->initiator[0] == '\0', "the last one is another");
}

static void units_are_told(struct lab *lab)
{
    struct thimble_lun_info info;

    CHECK(lab, thimble_lun_info(lab->engine, 0, 0, &info), "LUN 0 is not there");
    CHECK(lab, info.ready && !info.read_only && info.block->size_blocks == 128, "another disk");
    CHECK(lab, !thimble_lun_info(lab->engine, 0, 7, &info), "LUN 7 is there");
    CHECK(lab, !thimble_lun_info(lab->engine, 2, 0, &info), "target 2 is there");
    CHECK(lab, !thimble_lun_stats(lab->engine, -1, 0), "target -1 is there");
    CHECK(lab, strcmp(thimble_target_name(lab->engine, 1), OTHER_DISK) == 0, "another target");
    CHECK(lab, !thimble_target_name(lab->engine, 2), "target 2 is there");
}

int main(void)
{
    static const struct scenario scenarios[] = {
        { .name = "reads_and_writes", .play = reads_and_writes, .no_faults = true },
        { .name = "errors_by_sense_key", .play = errors_by_sense_key },
        { .name = "latency_is_measured", .play = latency_is_measured,
          .options = { .config = { .now_us = lab_us } },
          .own_disks = true, .no_faults = true },
        { .name = "a_session_is_seen", .play = a_session_is_seen, .no_faults = true },
        { .name = "logins_are_counted", .play = logins_are_counted },
        { .name = "events_are_kept", .play = events_are_kept },
        { .name = "units_are_told", .play = units_are_told },
    };
    return play_all("stats", scenarios, COUNT(scenarios));
}
