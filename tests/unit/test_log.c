/* SPDX-License-Identifier: MIT
 *
 * test_log.c: what the log says about events, and the hashes against their published
 * examples.
 */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../host/crypto.h"
#include "../../host/log.h"

static void check(struct thimble_event e, enum log_level level, const char *expected)
{
    char text[900];

    e.initiator = "iqn.2001-04.com.example:i";
    e.target = "iqn.2001-04.com.example:t";
    log_event_text(&e, "192.0.2.7:40112", text, sizeof text);
    if (!strstr(text, expected))
        fail_msg("%s: not in: %s", expected, text);
    assert_memory_equal("192.0.2.7:40112 iqn.2001-04.com.example:i: ", text, 43);
    assert_int_equal(level, log_event_level(&e));
}

static void events_are_sentences(void **state)
{
    (void)state;
    check((struct thimble_event){ .kind = THIMBLE_EVENT_LOGIN }, LEVEL_INFO,
          "logged in to iqn.2001-04.com.example:t");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_LOGIN_REFUSED,
                                  .detail = 0x0203,
                                  .reason = THIMBLE_REASON_TARGET_UNKNOWN,
                                  .key = "TargetName" },
          LEVEL_WARNING, "target not found (0x0203)");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_LOGIN_REFUSED,
                                  .detail = 0x0200,
                                  .reason = THIMBLE_REASON_KEY_VALUE,
                                  .key = "MaxBurstLength" },
          LEVEL_WARNING, "(key MaxBurstLength)");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_LOGOUT }, LEVEL_INFO,
          "logged out");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_REINSTATED }, LEVEL_INFO,
          "replaced");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_DROPPED,
                                  .reason = THIMBLE_REASON_PEER_CLOSED },
          LEVEL_INFO, "connection ended: ");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_DROPPED,
                                  .reason = THIMBLE_REASON_NOP_TIMEOUT },
          LEVEL_WARNING, thimble_reason_text(THIMBLE_REASON_NOP_TIMEOUT));
    check((struct thimble_event){ .kind = THIMBLE_EVENT_REJECT, .detail = 0x0109 },
          LEVEL_WARNING, "opcode 0x01 was rejected, invalid PDU field");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_REJECT, .detail = 0x0b },
          LEVEL_WARNING, "unknown");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_TASK_MANAGEMENT,
                                  .detail = 0x0500 },
          LEVEL_INFO, "LOGICAL UNIT RESET: function complete");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_TASK_MANAGEMENT,
                                  .detail = 0x09ff },
          LEVEL_INFO, "QUERY TASK: function rejected");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_TASK_MANAGEMENT,
                                  .detail = 0xffee },
          LEVEL_INFO, "unknown: unknown");
    check((struct thimble_event){ .kind = THIMBLE_EVENT_DISK_ERROR, .detail = 0x031100 },
          LEVEL_ERROR, "MEDIUM ERROR, ASC/ASCQ 11/00");
}

static void nameless_peers_have_an_address(void **state)
{
    struct thimble_event e = { .kind = THIMBLE_EVENT_DROPPED,
                               .initiator = "",
                               .target = "",
                               .reason = THIMBLE_REASON_NOT_LOGIN };
    char text[200];

    (void)state;
    log_event_text(&e, "[::1]:9", text, sizeof text);
    assert_memory_equal("[::1]:9: connection ended: ", text, 27);
    e = (struct thimble_event){ .kind = THIMBLE_EVENT_LOGIN,
                                .initiator = "i",
                                .target = "" };
    log_event_text(&e, "[::1]:9", text, sizeof text);
    assert_string_equal("[::1]:9 i: logged in to discovery", text);
}

static void levels(void **state)
{
    enum log_level level;

    (void)state;
    assert_true(log_level_parse("info", &level));
    assert_int_equal(LEVEL_INFO, level);
    assert_false(log_level_parse("loud", &level));
    assert_false(log_level_parse("", &level));
}

/* What was written to stderr since the last begin_capture(). */
static int captured[2], real_stderr;

static void begin_capture(void)
{
    assert_int_equal(0, pipe(captured));
    fflush(stderr);
    real_stderr = dup(2);
    dup2(captured[1], 2);
    close(captured[1]);
}

static unsigned end_capture(char *text, size_t size)
{
    size_t len = 0;
    ssize_t n;
    unsigned n_lines = 0;

    fflush(stderr);
    dup2(real_stderr, 2);
    close(real_stderr);
    while (len + 1 < size && (n = read(captured[0], text + len, size - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(captured[0]);
    for (size_t i = 0; i < len; i++)
        n_lines += text[i] == '\n';
    return n_lines;
}

static void lines_have_time_level_and_nothing_strange(void **state)
{
    char text[1000];

    (void)state;
    log_set_level(LEVEL_WARNING);
    begin_capture();
    log_line(LEVEL_INFO, "too much detail");
    log_line(LEVEL_WARNING, "a %s\n\033[2Jname", "peer's");
    assert_int_equal(1, end_capture(text, sizeof text));
    assert_non_null(strstr(text, "warning: a peer's??[2Jname\n"));
    assert_int_equal('T', text[10]);
}

static void the_journal_is_told_levels(void **state)
{
    char text[1000], stream[80];
    struct stat st;

    (void)state;
    log_set_level(LEVEL_DEBUG);
    begin_capture();
    assert_int_equal(0, fstat(2, &st));
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    unsetenv("JOURNAL_STREAM");
    bool without = log_to(LOG_TO_JOURNALD);
    setenv("JOURNAL_STREAM", "1:2", 1);
    bool elsewhere = log_to(LOG_TO_JOURNALD);
    setenv("JOURNAL_STREAM", stream, 1);
    bool there = log_to(LOG_TO_JOURNALD);
    log_line(LEVEL_ERROR, "an error\n<0>");
    log_line(LEVEL_WARNING, "a warning");
    log_line(LEVEL_INFO, "news");
    log_line(LEVEL_DEBUG, "detail");
    log_to(LOG_TO_STDERR);
    assert_int_equal(4, end_capture(text, sizeof text));
    assert_false(without);
    assert_false(elsewhere);
    assert_true(there);
    assert_string_equal("<3>an error?<0>\n<4>a warning\n<6>news\n<7>detail\n", text);
    unsetenv("JOURNAL_STREAM");
}

/* In the place of the C library's. */
static char syslogged[200];

void openlog(const char *name, int option, int facility)
{
    snprintf(syslogged, sizeof syslogged, "%s %d %d|", name, (option & LOG_PID) != 0, facility);
}

void closelog(void)
{
    size_t used = strlen(syslogged);

    snprintf(syslogged + used, sizeof syslogged - used, "closed");
}

void syslog(int priority, const char *format, ...)
{
    size_t used = strlen(syslogged);
    va_list args;

    used += (size_t)snprintf(syslogged + used, sizeof syslogged - used, "%d:", priority);
    va_start(args, format);
    used += (size_t)vsnprintf(syslogged + used, sizeof syslogged - used, format, args);
    va_end(args);
    snprintf(syslogged + used, sizeof syslogged - used, "|");
}

static void syslog_is_told_levels(void **state)
{
    char text[100], expected[60];

    (void)state;
    log_set_level(LEVEL_INFO);
    begin_capture();
    assert_true(log_to(LOG_TO_SYSLOG));
    log_line(LEVEL_WARNING, "%s", "100%s\r");
    log_line(LEVEL_DEBUG, "too much detail");
    log_line(LEVEL_INFO, "news");
    log_to(LOG_TO_STDERR);
    assert_int_equal(0, end_capture(text, sizeof text));
    snprintf(expected, sizeof expected, "thimble 1 %d|4:100%%s?|6:news|closed", LOG_DAEMON);
    assert_string_equal(expected, syslogged);
}

static void a_flood_of_warnings_is_cut(void **state)
{
    static char text[60000];
    char sum[60];

    (void)state;
    log_set_level(LEVEL_INFO);
    begin_capture();
    for (int i = 0; i < 200; i++)
        log_limited(3, LEVEL_WARNING, "a peer did what it should not, time %d", i);
    unsigned n = end_capture(text, sizeof text);
    assert_in_range(n, LOG_BURST, LOG_BURST + 10);
    begin_capture();
    log_limited(4, LEVEL_WARNING, "another kind");
    log_flush();
    assert_int_equal(2, end_capture(text, sizeof text));
    assert_non_null(strstr(text, "another kind"));
    snprintf(sum, sizeof sum, "%u more lines of this kind were not shown", 200 - n);
    assert_non_null(strstr(text, sum));

    /* Who asked for it gets every line. */
    begin_capture();
    for (int i = 0; i < 200; i++)
        log_limited(5, LEVEL_INFO, "a peer logged in, time %d", i);
    assert_int_equal(200, end_capture(text, sizeof text));
}

/* The hashes of "abc" (RFC 1321 A.5, FIPS 180-4 and FIPS 202 examples). */
static void hashes(void **state)
{
    static const struct {
        enum thimble_hash algorithm;
        size_t len;
        uint8_t begin[4];
    } cases[] = {
        { THIMBLE_HASH_MD5, 16, { 0x90, 0x01, 0x50, 0x98 } },
        { THIMBLE_HASH_SHA1, 20, { 0xa9, 0x99, 0x3e, 0x36 } },
        { THIMBLE_HASH_SHA256, 32, { 0xba, 0x78, 0x16, 0xbf } },
        { THIMBLE_HASH_SHA3_256, 32, { 0x3a, 0x98, 0x5d, 0xa7 } },
    };
    const struct thimble_span parts[] = { { "a", 1 }, { "", 0 }, { "bc", 2 } };
    uint8_t digest[32];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(cases[i].len,
                         host_crypto.hash(NULL, cases[i].algorithm, parts, 3, digest));
        assert_memory_equal(cases[i].begin, digest, 4);
    }
    assert_int_equal(0, host_crypto.hash(NULL, (enum thimble_hash)99, parts, 3, digest));
}

static void random_bytes(void **state)
{
    uint8_t a[1000] = {0}, b[1000] = {0};
    unsigned zeros = 0;

    (void)state;
    assert_true(host_crypto.random(NULL, a, sizeof a));
    assert_true(host_crypto.random(NULL, b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 900, b + 900, 100);
    for (size_t i = 0; i < sizeof a; i++)
        zeros += a[i] == 0;
    assert_in_range(zeros, 0, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_sentences),
        cmocka_unit_test(nameless_peers_have_an_address),
        cmocka_unit_test(levels),
        cmocka_unit_test(lines_have_time_level_and_nothing_strange),
        cmocka_unit_test(the_journal_is_told_levels),
        cmocka_unit_test(syslog_is_told_levels),
        cmocka_unit_test(a_flood_of_warnings_is_cut),
        cmocka_unit_test(hashes),
        cmocka_unit_test(random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
