/* SPDX-License-Identifier: MIT
 *
 * ping.c: `thimble ping`: log in, then count how long small answers take.
 */
#define _GNU_SOURCE

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#include "client.h"
#include "look.h"
#include "stats.h"

const char ping_help[] =
    "thimble ping [OPTION]... URL\n"
    "\n"
    "Logs in to a target, sees whether the LUN is ready, and sends it iSCSI pings\n"
    "(NOP-Out).  If something fails, it says at which step, and what to do.\n"
    "\n"
    "  -c COUNT              how many pings (default 5)\n"
    "  -i SECONDS            time between two (default 1)\n"
    "  --tur                 send TEST UNIT READY, which the LUN answers, in place of\n"
    "                        pings, which the target answers\n" LOOK_JSON_HELP LOOK_COMMON_HELP "\n"
    LOOK_URL_HELP LOOK_CODES_HELP;

static void on_signal(int number)
{
    (void)number;
    session_interrupted = 1;
}

/* One round trip; 0: it failed, and the session says why. */
static uint64_t one(struct session *s, bool test_unit_ready)
{
    static const uint8_t cdb[6] = { 0 };
    char words[160];

    if (!test_unit_ready)
        return session_nop(s);
    uint64_t began = now_ns();
    struct scsi_task *task = session_command(s, s->lun, cdb, 6, 0);
    if (!task)
        return 0;
    uint64_t took = now_ns() - began;
    if (!answer_good(task)) {
        session_fail(s, STAGE_LUN, "LUN %d is not ready any more: %s", s->lun,
                     status_words(task, words, sizeof words));
        took = 0;
    }
    scsi_free_scsi_task(task);
    return took;
}

/* Answers the target's own pings in the meantime. */
static void pause_between(struct session *s, uint32_t ms)
{
    uint64_t end = now_ns() + (uint64_t)ms * 1000000;

    while (!session_interrupted && s->iscsi) {
        uint64_t now = now_ns();
        if (now >= end)
            return;
        struct pollfd p = session_pollfd(s);
        int n = poll(&p, 1, (int)((end - now) / 1000000) + 1);
        if (n > 0 && (session_peer_gone(s) || !session_service(s, p.revents)))
            return;                     /* the next ping finds out why */
    }
}

static void ping(struct out *out, struct session *s, const struct look_options *o, struct stats *stats)
{
    for (uint64_t i = 0; i < o->count && !session_interrupted; i++) {
        if (i > 0)
            pause_between(s, o->interval_ms);
        uint64_t ns = session_interrupted ? 0 : one(s, o->test_unit_ready);
        if (ns == 0)
            return;
        stats_add(stats, ns);
        out_say(out, "%llu: %.3f ms\n", (unsigned long long)i + 1, (double)ns / 1e6);
        out_ms(out, NULL, (double)ns / 1e6);
        fflush(stdout);
    }
}

static void summary(struct out *out, uint64_t sent, const struct stats *stats)
{
    double min = (double)stats->min_ns / 1e6, mean = (double)stats_mean(stats) / 1e6;
    double p99 = (double)stats_percentile(stats, 99) / 1e6, max = (double)stats->max_ns / 1e6;

    out_say(out, "%llu of %llu answered", (unsigned long long)stats->count, (unsigned long long)sent);
    out_number(out, "wanted", sent);
    out_number(out, "answered", stats->count);
    if (stats->count) {
        out_say(out, "; min %.3f, mean %.3f, p99 %.3f, max %.3f ms", min, mean, p99, max);
        out_ms(out, "min_ms", min);
        out_ms(out, "mean_ms", mean);
        out_ms(out, "p99_ms", p99);
        out_ms(out, "max_ms", max);
    }
    out_say(out, "\n");
}

int ping_command(int argc, char **argv)
{
    static struct stats stats;
    struct look_options o;
    struct session s;
    char message[LOOK_MESSAGE_MAX];
    int code = 0;

    if (look_options_parse(&o, argc, argv, true, message) < 0) {
        fprintf(stderr, "thimble: %s\n", message);
        return STAGE_URL;
    }
    if (o.help) {
        fputs(ping_help, stdout);
        return 0;
    }
    struct out out = look_begin(&o);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (session_open(&s, o.url, &o.session)) {
        out_say(&out, "%s at %s, LUN %d: connected in %.2f ms, logged in in %.2f ms\n", s.target,
                s.address, s.lun, s.connect_us / 1000.0, s.login_us / 1000.0);
        look_login(&out, &s);
        out_number(&out, "lun", (uint64_t)s.lun);
        out_list(&out, "pings_ms");
        ping(&out, &s, &o, &stats);
        out_end(&out);
        summary(&out, o.count, &stats);
    }
    if (session_interrupted)
        code = stats.count ? 0 : STAGE_ANSWER;
    else if (s.problem[0])
        code = look_failed(&out, &s);
    session_interrupted = 0;                    /* the logout may take its time */
    session_close(&s);
    return look_end(&out, code);
}
