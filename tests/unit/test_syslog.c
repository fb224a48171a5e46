/* SPDX-License-Identifier: MIT
 *
 * test_syslog.c: lines as RFC 5424 wants them, and the queue that they wait in: order, losses, rate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "status/syslog.h"

static char message[THIMBLE_SYSLOG_MAX + 1];

static const char *formatted(struct thimble_syslog_line line, size_t size)
{
    size_t len;

    memset(message, '~', sizeof message);
    if (line.text && !line.len)
        line.len = strlen(line.text);
    len = thimble_syslog_format(&line, message, size);
    assert_true(len <= size);
    assert_int_equal('~', message[size]);           /* nothing behind it was touched */
    message[len] = '\0';
    return message;
}

static void check_text(const char *text, const char *expected)
{
    const char *m = formatted((struct thimble_syslog_line){ .severity = THIMBLE_SYSLOG_INFO, .host = "h", .text = text,
                                                            .sequence = 1 }, THIMBLE_SYSLOG_MAX);
    static const char head[] = "<134>1 - h thimble - - [meta sequenceId=\"1\" sysUpTime=\"0\"] ";

    assert_memory_equal(head, m, sizeof head - 1);
    assert_string_equal(expected, m + sizeof head - 1);
}

static void the_header(void **state)
{
    (void)state;
    assert_string_equal("<131>1 - cellar-1 thimble - - [meta sequenceId=\"2147483647\" sysUpTime=\"429496729\"] disk: error",
                        formatted((struct thimble_syslog_line){
                            .severity = THIMBLE_SYSLOG_ERROR, .host = "cellar-1", .text = "disk: error",
                            .sequence = INT32_MAX, .time_ms = UINT32_MAX }, THIMBLE_SYSLOG_MAX));
    assert_memory_equal("<132>1 - - thimble", formatted((struct thimble_syslog_line){
                            .severity = THIMBLE_SYSLOG_WARNING, .host = NULL, .text = "x" }, 100), 18);
    assert_memory_equal("<135>1 - - thimble", formatted((struct thimble_syslog_line){
                            .severity = THIMBLE_SYSLOG_DEBUG, .host = "", .text = "x" }, 100), 18);
    assert_memory_equal("<134>1 - a?b??c thimble", formatted((struct thimble_syslog_line){
                            .severity = THIMBLE_SYSLOG_INFO, .host = "a b\n\x80" "c", .text = "x" }, 100), 23);
}

static void what_a_text_may_hold(void **state)
{
    (void)state;
    check_text("plain", "plain");
    check_text("a\r\nb\033[2J\x7f\tc", "a??b?[2J??c");
    check_text("\"]<134>1 \\", "\"]<134>1 \\");     /* MSG has no escapes */
    check_text("k\xc3\xa4se", "\xef\xbb\xbfk\xc3\xa4se");
    check_text("\xf0\x9f\xa7\xb5", "\xef\xbb\xbf\xf0\x9f\xa7\xb5");
    check_text("\xc0\xaf", "??");                   /* too long a form of '/' */
    check_text("\xe0\x80\xaf|", "???|");
    check_text("\xed\xa0\x80", "???");              /* a surrogate */
    check_text("\xf4\x90\x80\x80", "????");         /* beyond 10FFFF */
    check_text("\xf5|\xff|\x80", "?|?|?");
    check_text("\xc3", "?");                        /* cut off */
    check_text("\xe2\x82", "??");
    check_text("\xc3\xa4\xe2\x82", "\xef\xbb\xbf\xc3\xa4??");
}

static void every_length_is_kept(void **state)
{
    static const char text[] = "\xc3\xa4\xe2\x82\xac\xf0\x9f\xa7\xb5z";
    struct thimble_syslog_line line = { .severity = THIMBLE_SYSLOG_INFO, .host = "h", .text = text, .sequence = 1 };
    size_t whole = strlen(formatted(line, THIMBLE_SYSLOG_MAX)), n_lengths = 0, last = 0;

    (void)state;
    for (size_t size = 0; size <= whole; size++) {
        size_t len = strlen(formatted(line, size));
        assert_true(len >= last);
        n_lengths += len != last;
        last = len;
    }
    assert_int_equal(whole, last);
    assert_int_equal(6, n_lengths);     /* the header, the mark, and four characters */

    char host[400], many[600];
    memset(host, 'h', sizeof host - 1);
    memset(many, 'm', sizeof many - 1);
    host[sizeof host - 1] = many[sizeof many - 1] = '\0';
    line.host = host;
    line.text = many;
    const char *m = formatted(line, THIMBLE_SYSLOG_MAX);
    assert_int_equal(THIMBLE_SYSLOG_MAX, strlen(m));
    assert_int_equal(255, strcspn(strchr(m, 'h'), " "));
}

/* -------------------------------------------------------------------------------------- */

static void say(struct thimble_syslog *s, const char *text, uint32_t now_ms)
{
    thimble_syslog_put(s, THIMBLE_SYSLOG_INFO, text, strlen(text), now_ms);
}

/* The text of the next message, NULL: there is none. */
static const char *take(struct thimble_syslog *s, uint32_t now_ms)
{
    size_t len = thimble_syslog_next(s, now_ms, message);

    if (len == 0)
        return NULL;
    message[len] = '\0';
    thimble_syslog_sent(s, now_ms);
    return strstr(message, "\"] ") + 3;
}

static void lines_keep_their_order_and_time(void **state)
{
    struct thimble_syslog s = { .host = "h" };

    (void)state;
    assert_null(take(&s, 5));
    say(&s, "one", 1000);
    say(&s, "two", 1500);
    say(&s, "", 1600);
    assert_true(thimble_syslog_next(&s, 2000, message) > 0);
    assert_string_equal("one", take(&s, 2000));     /* it was not sent before */
    assert_non_null(strstr(message, "sequenceId=\"1\" sysUpTime=\"100\""));
    assert_null(take(&s, 2009));
    assert_string_equal("two", take(&s, 2010));
    assert_non_null(strstr(message, "sequenceId=\"2\" sysUpTime=\"150\""));
    assert_string_equal("", take(&s, 2020));
    assert_null(take(&s, 3000));
    s.sequence = INT32_MAX;
    say(&s, "round", 4000);
    assert_string_equal("round", take(&s, 4000));
    assert_non_null(strstr(message, "sequenceId=\"1\" "));
}

static void what_finds_no_room_is_counted(void **state)
{
    static struct thimble_syslog s = { .host = "h" };
    static char text[300];
    unsigned n = 0, kept = 0, n_notes = 0;
    const char *said;
    char note[80] = "";

    (void)state;
    memset(text, 'x', sizeof text - 1);
    say(&s, text, 0);
    assert_int_equal(255, strlen(take(&s, 0)));
    for (; n < 30; n++)
        say(&s, "a line of forty characters, more or less", 0);
    for (uint32_t now_ms = 250; (said = take(&s, now_ms)) != NULL; now_ms += 250) {
        kept += !strcmp(said, "a line of forty characters, more or less");
        if (strstr(said, "not sent")) {
            snprintf(note, sizeof note, "%s", said);
            n_notes++;
        }
    }
    assert_int_equal(1, n_notes);
    assert_in_range(kept, 10, 20);
    assert_int_equal(n, kept + strtoul(note, NULL, 10));

    /* It is said before what came after it. */
    for (n = 0; n < 30; n++)
        say(&s, "a line of forty characters, more or less", 0);
    for (n = 0; n < 5; n++)
        assert_non_null(take(&s, 100000 + 250 * n));
    say(&s, "later", 102000);
    for (n = 0; (said = take(&s, 103000 + 250 * n)) && !strstr(said, "not sent"); n++)
        assert_string_not_equal("later", said);
    assert_non_null(said);
    assert_string_equal("later", take(&s, 110000));
    assert_null(take(&s, 111000));
}

static void a_flood_is_slowed(void **state)
{
    static struct thimble_syslog s = { .host = "h" };
    unsigned n = 0;

    (void)state;
    for (uint32_t ms = 0; ms < 10000; ms++) {
        say(&s, "again", UINT32_MAX - 5000 + ms);
        n += take(&s, UINT32_MAX - 5000 + ms) != NULL;
    }
    assert_in_range(n, THIMBLE_SYSLOG_BURST + 10 * THIMBLE_SYSLOG_PER_SECOND - 2,
                    THIMBLE_SYSLOG_BURST + 10 * THIMBLE_SYSLOG_PER_SECOND + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header),
        cmocka_unit_test(what_a_text_may_hold),
        cmocka_unit_test(every_length_is_kept),
        cmocka_unit_test(lines_keep_their_order_and_time),
        cmocka_unit_test(what_finds_no_room_is_counted),
        cmocka_unit_test(a_flood_is_slowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
