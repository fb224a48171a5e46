/* SPDX-License-Identifier: MIT
 *
 * test_options.c: the command line of `thimble serve`, and the sentence for each mistake.
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
#include <unistd.h>

#include <cmocka.h>

#include "../../host/options.h"
#include "../../host/settings_file.h"
#include "../../src/port/sockets/sockets.h"

static struct options options;
static char message[OPTIONS_MESSAGE_MAX];

/* Parses words that are separated by one blank each. */
static int parse(const char *line)
{
    static char words[4096];
    char *argv[1024] = { (char[]){ "serve" } };
    int argc = 1;

    snprintf(words, sizeof words, "%s", line);
    for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    return options_parse(&options, argc, argv, message);
}

static void good(const char *line)
{
    if (parse(line) != 0)
        fail_msg("%s: %s", line, message);
}

/* The message names the words at fault and says what to do. */
static void bad(const char *line, const char *part, const char *advice)
{
    if (parse(line) != -1)
        fail_msg("%s: accepted", line);
    if (!strstr(message, part) || !strstr(message, advice) || strchr(message, '\n'))
        fail_msg("%s: unclear message: %s", line, message);
}

static void defaults(void **state)
{
    (void)state;
    good("disk.img");
    assert_int_equal(1, options.n_targets);
    assert_string_equal(DEFAULT_TARGET_NAME, options.targets[0].name);
    assert_null(thimble_name_problem(DEFAULT_TARGET_NAME));
    assert_int_equal(1, options.targets[0].n_disks);
    assert_string_equal("disk.img", options.targets[0].disks[0].name);
    assert_int_equal(512, options.targets[0].block_bytes);
    assert_int_equal(0, options.targets[0].create_bytes);
    assert_false(options.targets[0].read_only);
    assert_null(options.targets[0].chap_file);
    assert_int_equal(1, options.n_listen);
    assert_true(options_is_loopback(&options.listen[0]));
    assert_int_equal(LEVEL_WARNING, options.log_level);
    assert_int_equal(UINT32_MAX, options.fail_call);
}

static void every_option(void **state)
{
    struct options_target *t = &options.targets[0];

    (void)state;
    good("--listen 0.0.0.0 --listen [::1]:3261 --name iqn.2001-04.com.example:a "
         "--alias Cellar "
         "--create 4G --block-size 4096 --read-only --no-unmap --chap-file secrets --state kept "
         "--allow "
         "iqn.1993-08.org.debian:01:abc --allow eui.02004567a425678d --log debug "
         "--max-connections 12 --queue-depth 16 --login-timeout 5 --nop-interval 0 "
         "--grace 9 "
         "--fail-call 7 one.img two.img ram:64M");
    assert_int_equal(2, options.n_listen);
    assert_false(options_is_loopback(&options.listen[0]));
    assert_true(options_is_loopback(&options.listen[1]));
    assert_string_equal("iqn.2001-04.com.example:a", t->name);
    assert_string_equal("Cellar", t->alias);
    assert_int_equal(UINT64_C(4) << 30, t->create_bytes);
    assert_int_equal(4096, t->block_bytes);
    assert_true(t->read_only);
    assert_true(t->no_unmap);
    assert_string_equal("secrets", t->chap_file);
    assert_string_equal("kept", t->state);
    assert_int_equal(2, t->n_allowed);
    assert_int_equal(LEVEL_DEBUG, options.log_level);
    assert_int_equal(12, options.max_connections);
    assert_int_equal(16, options.queue_depth);
    assert_int_equal(5000, options.login_timeout_ms);
    assert_int_equal(0, options.nop_interval_ms);
    assert_int_equal(9000, options.grace_ms);
    assert_int_equal(7, options.fail_call);
    assert_int_equal(3, t->n_disks);
    assert_string_equal("ram:64M", t->disks[2].name);
}

static void options_may_stand_anywhere(void **state)
{
    (void)state;
    good("a.img -v b.img --read-only -- --odd-name");
    assert_int_equal(3, options.targets[0].n_disks);
    assert_string_equal("--odd-name", options.targets[0].disks[2].name);
    assert_int_equal(LEVEL_INFO, options.log_level);
    good("--log debug -v a.img");
    assert_int_equal(LEVEL_DEBUG, options.log_level);
}

static void help_needs_nothing_else(void **state)
{
    (void)state;
    good("--help");
    assert_true(options.help);
    good("-h");
    assert_true(options.help);
    good("--version");
    assert_true(options.version && !options.help);
}

static void several_targets(void **state)
{
    (void)state;
    good("--read-only --allow iqn.2001-04.com.example:x --target "
         "iqn.2001-04.com.example:a a.img "
         "--target iqn.2001-04.com.example:b --alias B --chap-file s b.img c.img");
    assert_int_equal(2, options.n_targets);
    assert_string_equal("iqn.2001-04.com.example:a", options.targets[0].name);
    assert_int_equal(1, options.targets[0].n_disks);
    assert_null(options.targets[0].alias);
    assert_string_equal("iqn.2001-04.com.example:b", options.targets[1].name);
    assert_int_equal(2, options.targets[1].n_disks);
    assert_string_equal("B", options.targets[1].alias);
    assert_string_equal("s", options.targets[1].chap_file);
    for (int i = 0; i < 2; i++) {
        assert_true(options.targets[i].read_only);
        assert_int_equal(1, options.targets[i].n_allowed);
    }

    good("first.img --target iqn.2001-04.com.example:b second.img");
    assert_int_equal(2, options.n_targets);
    assert_string_equal(DEFAULT_TARGET_NAME, options.targets[0].name);
    assert_string_equal("first.img", options.targets[0].disks[0].name);
    assert_int_equal(1, options.targets[1].n_disks);
}

static void as_many_targets_as_there_is_room_for(void **state)
{
    char line[4000] = "";

    (void)state;
    for (int i = 0; i < OPTIONS_TARGETS_MAX; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line),
                 " --target iqn.2001-04.com.example:t%d ram:1M", i);
    good(line);
    assert_int_equal(OPTIONS_TARGETS_MAX, options.n_targets);
    assert_string_equal("iqn.2001-04.com.example:t0", options.targets[0].name);
    strcat(line, " --target iqn.2001-04.com.example:more ram:1M");
    bad(line, "iqn.2001-04.com.example:more", "at most");
}

static void kinds_of_media(void **state)
{
    struct options_target *t = &options.targets[0];

    (void)state;
    good("a.img --seen-by iqn.1994-05.com.example:a --seen-by iqn.1994-05.com.example:b --cdrom b.iso "
         "--seen-by iqn.1994-05.com.example:c c.img --removable --block-size 4096 --physical-block-size 16K");
    assert_int_equal(3, t->n_disks);
    assert_null(t->disks[0].seen_by);
    assert_false(t->disks[0].cdrom || t->disks[0].read_only);
    assert_true(t->disks[0].removable);
    assert_int_equal(16384, t->disks[0].physical_bytes);
    assert_string_equal("b.iso", t->disks[1].name);
    assert_true(t->disks[1].cdrom && t->disks[1].read_only && t->disks[1].removable);
    assert_int_equal(2048, t->disks[1].block_bytes);
    assert_int_equal(2048, t->disks[1].physical_bytes);
    assert_int_equal(2, t->disks[1].n_seen_by);
    assert_string_equal("iqn.1994-05.com.example:a", t->disks[1].seen_by[0].initiator);
    assert_string_equal("iqn.1994-05.com.example:b", t->disks[1].seen_by[1].initiator);
    assert_int_equal(1, t->disks[1].seen_by[0].lun);
    assert_false(t->disks[1].seen_by[0].read_only);
    assert_int_equal(1, t->disks[2].n_seen_by);
    assert_string_equal("iqn.1994-05.com.example:c", t->disks[2].seen_by[0].initiator);
    assert_int_equal(2, t->disks[2].seen_by[0].lun);
    assert_int_equal(4096, t->disks[2].block_bytes);

    bad("a --seen-by iqn.1994-05.com.example:a", "--seen-by iqn.1994-05.com.example:a", "a DISK must follow");
    bad("--seen-by me a", "--seen-by me", "write it like");
    bad("--cdrom ram:1M", "--cdrom ram:1M", "name a file");
    bad("--physical-block-size 1000 a", "--physical-block-size 1000", "power of two");
    bad("--physical-block-size 256 a", "--physical-block-size 256", "512 to 65536");
    static char many[64 * (OPTIONS_SEEN_BY_MAX + 1) + 8];
    for (int i = 0; i <= OPTIONS_SEEN_BY_MAX; i++)
        strcat(many, "--seen-by iqn.1994-05.com.example:a ");
    char *argv[2 * (OPTIONS_SEEN_BY_MAX + 1) + 2] = { (char[]){ "serve" } };
    int argc = 1;
    for (char *w = strtok(many, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    assert_int_equal(-1, options_parse(&options, argc, argv, message));
    assert_non_null(strstr(message, "at most 256 initiators"));
}

static void portal_groups(void **state)
{
    (void)state;
    good("--listen 127.0.0.1:7000 --listen [::1]:7001,group=65535 --listen 127.0.0.2,group=2 a");
    assert_int_equal(1, options.listen[0].portal_group);
    assert_int_equal(65535, options.listen[1].portal_group);
    assert_int_equal(2, options.listen[2].portal_group);
    assert_string_equal("127.0.0.2,group=2", options.listen[2].text);
    assert_false(options.listen[2].port_given);
    bad("--listen 127.0.0.1,2 a", "127.0.0.1,2", "group=N");
    bad("--listen 127.0.0.1,group=0 a", "group=0", "1 to 65535");
    bad("--listen 127.0.0.1,group=65536 a", "group=65536", "1 to 65535");
    bad("--listen 127.0.0.1,group=2,group=2 a", "group=2,group=2", "1 to 65535");
    bad("--listen ,group=2 a", "--listen ,group=2", "numeric address");
    bad("--http 127.0.0.1:80,group=2 a", "--http", "address with a port");
}

static void views(void **state)
{
    struct options_target *t = &options.targets[0];

    (void)state;
    good("a.img --seen-by iqn.1994-05.com.example:a,lun=0,read-only --seen-by *,lun=63 b.img "
         "--seen-by iqn.1994-05.com.example:c,read-only c.img");
    assert_int_equal(0, t->disks[1].seen_by[0].lun);
    assert_true(t->disks[1].seen_by[0].read_only);
    assert_string_equal("iqn.1994-05.com.example:a", t->disks[1].seen_by[0].initiator);
    assert_null(t->disks[1].seen_by[1].initiator);
    assert_int_equal(63, t->disks[1].seen_by[1].lun);
    assert_false(t->disks[1].seen_by[1].read_only);
    assert_int_equal(2, t->disks[2].seen_by[0].lun);
    assert_true(t->disks[2].seen_by[0].read_only);

    bad("--seen-by iqn.1994-05.com.example:a,lun=64 a", "a,lun=64", "0 to 63");
    bad("--seen-by iqn.1994-05.com.example:a,lun= a", "a,lun=", "0 to 63");
    bad("--seen-by iqn.1994-05.com.example:a, a", "example:a,", "read-only");
    bad("--seen-by iqn.1994-05.com.example:a,read-only,readonly a", "readonly", "there can be");
    bad("--seen-by ,lun=1 a", "--seen-by", "write it like");
    char longest[224 + 32] = "--seen-by iqn.1994-05.com.example:";
    memset(longest + strlen(longest), 'a', 223 - strlen("iqn.1994-05.com.example:"));
    strcat(longest, ",lun=3 a");
    good(longest);
    assert_int_equal(223, strlen(t->disks[0].seen_by[0].initiator));
    assert_int_equal(3, t->disks[0].seen_by[0].lun);
    char longer[224 + 32] = "--seen-by iqn.1994-05.com.example:";
    memset(longer + strlen(longer), 'a', 224 - strlen("iqn.1994-05.com.example:"));
    strcat(longer, " a");
    bad(longer, "--seen-by", "longer than 223");
}

static void serial_numbers(void **state)
{
    (void)state;
    good("a.img --serial A-1 b.img c.img --target iqn.2001-04.com.example:t --serial ABCDEFGHIJKLMNOPQRSTUVWXYZ123456 d.img");
    assert_null(options.targets[0].disks[0].serial);
    assert_string_equal("A-1", options.targets[0].disks[1].serial);
    assert_null(options.targets[0].disks[2].serial);
    assert_string_equal("ABCDEFGHIJKLMNOPQRSTUVWXYZ123456", options.targets[1].disks[0].serial);
    good("--read-only --serial A a.img --target iqn.2001-04.com.example:t --serial A a.img");
    bad("a --serial ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567 b", "--serial ABCD", "1 to 32 characters");
    bad("a --serial \xc3\xa9 b", "--serial", "1 to 32 characters");
    bad("a --serial A", "--serial A", "a DISK must follow");
    bad("--serial A a --serial A b", "--serial A", "both a and b");
    bad("--serial A ram:1M --target iqn.2001-04.com.example:t --serial A b", "--serial A", "both ram:1M and b");
}

static void mistakes_have_sentences(void **state)
{
    (void)state;
    bad("", "no DISK", "name a file");
    bad("a.img --config", "--config", "needs a value");
    bad("--nonsense a.img", "--nonsense", "thimble help serve");
    bad("-x a.img", "-x", "thimble help serve");
    bad("a.img --name", "--name", "needs a value");
    bad("--read-only=yes a.img", "--read-only", "takes no value");
    bad("--listen nowhere a.img", "--listen nowhere", "numeric address");
    bad("--listen 127.0.0.1:70000 a.img", "70000", "port");
    bad("--listen 3260 a.img", "--listen 3260", "127.0.0.1");
    bad("--http 70000 a.img", "--http 70000", "a port");
    bad("--http 0.0.0.0 a.img", "--http 0.0.0.0", "an address with a port");
    bad("--http example.org:80 a.img", "--http example.org:80", "0.0.0.0:8080");
    bad("--log-to printer a.img", "--log-to printer", "stderr, syslog or journald");
    bad("--name disk a.img", "--name disk", "must begin with");
    bad("--name iqn.2001-04.com.Example a.img", "com.Example", "lower case");
    bad("--name iqn.01-04.com.example a.img", "iqn.01", "year and month");
    bad("--allow * a.img", "--allow *", "only letters");
    bad("--create 12X a.img", "--create 12X", "256M");
    bad("--create 0 a.img", "--create 0", "256M");
    bad("--create -1 a.img", "--create -1", "256M");
    bad("--block-size 1024 a.img", "1024", "512 or 4096");
    bad("--log loud a.img", "--log loud", "warning");
    bad("--max-connections 0 a.img", "--max-connections 0", "from 1 to");
    bad("--queue-depth many a.img", "--queue-depth many", "from 1 to 1024");
    bad("--grace -3 a.img", "--grace -3", "from 0 to");
    bad("--target iqn.2001-04.com.example:a", "--target iqn", "DISK must follow");
    bad("--target iqn.2001-04.com.example:a --target iqn.2001-04.com.example:b x",
        "com.example:a", "DISK must follow");
    bad("--target iqn.2001-04.com.example:a x --target iqn.2001-04.com.example:a y",
        "two targets", "name of its own");
    bad("--target iqn.2001-04.com.example:a --name iqn.2001-04.com.example:b x", "--name",
        "already");
}

static void too_many_of_everything(void **state)
{
    char line[4000];

    (void)state;
    strcpy(line, "x");
    for (int i = 0; i <= OPTIONS_DISKS_MAX; i++)
        strcat(line, " d");
    bad(line, "d:", "second --target");
    strcpy(line, "x");
    for (int i = 0; i <= OPTIONS_LISTENERS_MAX; i++)
        strcat(line, " --listen 127.0.0.1");
    bad(line, "--listen", "at most");
    strcpy(line, "x");
    for (int i = 0; i <= OPTIONS_ALLOWED_MAX; i++)
        strcat(line, " --allow iqn.2001-04.com.example:i");
    bad(line, "--allow", "at most");
}

static void sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;             /* 0: refused, but for "0" */
    } cases[] = {
        { "0", 0 },
        { "1", 1 },
        { "1048576", 1048576 },
        { "1K", 1024 },
        { "256M", 1 << 28 },
        { "4G", UINT64_C(1) << 32 },
        { "1T", UINT64_C(1) << 40 },
        { "2t", UINT64_C(1) << 41 },
        { "8388607T", UINT64_C(8388607) << 40 },
        { "9223372036854775808", UINT64_C(1) << 63 },
        { "8388608T", UINT64_C(1) << 63 },
        { "8388609T", 0 },
        { "9223372036854775809", 0 },
        { "99999999999999999999", 0 },
        { "", 0 },
        { "K", 0 },
        { "-1", 0 },
        { "+1", 0 },
        { " 1", 0 },
        { "1KB", 0 },
        { "1.5G", 0 },
        { "0x10", 0 },
        { "1P", 0 },
        { "1 K", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t bytes = 0;
        bool ok = thimble_size_parse(cases[i].text, &bytes);
        bool expected = cases[i].bytes || strcmp(cases[i].text, "0") == 0;
        if (ok != expected || (ok && bytes != cases[i].bytes))
            fail_msg("\"%s\"", cases[i].text);
    }
}

static void addresses(void **state)
{
    static const struct {
        const char *text, *result;          /* NULL: refused */
    } cases[] = {
        { "127.0.0.1", "127.0.0.1:3260" },
        { "127.0.0.1:1", "127.0.0.1:1" },
        { "127.0.0.1:65535", "127.0.0.1:65535" },
        { "127.0.0.1:0", "127.0.0.1:0" },
        { "localhost", "127.0.0.1:3260" },
        { "localhost:4000", "127.0.0.1:4000" },
        { "0.0.0.0:3260", "0.0.0.0:3260" },
        { "::1", "[::1]:3260" },
        { "[::1]", "[::1]:3260" },
        { "[::1]:4000", "[::1]:4000" },
        { "[2001:db8::5]:4000", "[2001:db8::5]:4000" },
        { "2001:db8::5", "[2001:db8::5]:3260" },
        { "::", "[::]:3260" },
        { "", NULL },
        { ":3260", NULL },
        { "127.0.0.1:", NULL },
        { "127.0.0.1:65536", NULL },
        { "127.0.0.1:-1", NULL },
        { "127.0.0.1:x", NULL },
        { "127.0.0.1:32 60", NULL },
        { "127.1", NULL },
        { "127.0.0.256", NULL },
        { "3260", NULL },
        { "[127.0.0.1]:3260", NULL },
        { "[::1", NULL },
        { "[::1]x", NULL },
        { "[::1]:", NULL },
        { "[]:3260", NULL },
        { "[localhost]", NULL },
        { "example.org", NULL },
        { "[fe80::1%no-such-interface]:3260", NULL },
        { "*", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options_address a;
        char text[THIMBLE_SOCKETS_ADDRESS_MAX] = "";
        bool ok = options_address(cases[i].text, &a);
        if (ok)
            thimble_sockets_address_text((void *)&a.address, text, sizeof text);
        if (ok != (cases[i].result != NULL) || (ok && strcmp(text, cases[i].result) != 0))
            fail_msg("\"%s\" became \"%s\"", cases[i].text, text);
    }
}

static void names(void **state)
{
    static const char *const good_names[] = {
        "iqn.2001-04.com.example", "iqn.2001-04.com.example:storage.disk2:x-1",
        "iqn.1993-08.org.debian:01:ab", "iqn.2026-12.x", "eui.02004567a425678d",
        "naa.52004567ba64678d", "naa.62004567ba64678d0123456789abcdef",
        "iqn.2001-04.com.example:\xc3\xa4",
    };
    static const char *const bad_names[] = {
        "",
        "iqn",
        "iqn.",
        "iqn.2001-04",
        "iqn.2001-04.",
        "iqn.2001-13.com.example",
        "iqn.2001-00.com.example",
        "iqn.201-04.com.example",
        "iqn.2001-4.com.example",
        "iqn.2001-04.:x",
        "iqn.2001-04..com",
        "iqn.2001-04.com.:x",
        "iqn.2001-04.com.example:",
        "iqn.2001-04.com.example/x",
        "iqn.2001-04.com.example:a b",
        "IQN.2001-04.com.example",
        "eui.02004567A425678D",
        "eui.02004567a425678",
        "eui.02004567a425678g",
        "naa.52004567ba64678",
        "naa.62004567ba64678d0123456789abcde",
        "disk",
    };
    char longest[230];

    (void)state;
    for (size_t i = 0; i < sizeof good_names / sizeof good_names[0]; i++)
        if (thimble_name_problem(good_names[i]))
            fail_msg("%s: %s", good_names[i], thimble_name_problem(good_names[i]));
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++)
        if (!thimble_name_problem(bad_names[i]))
            fail_msg("%s: accepted", bad_names[i]);
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "iqn.2001-04.com.example:", 24);
    longest[223] = '\0';
    assert_null(thimble_name_problem(longest));
    longest[223] = 'a';
    longest[224] = '\0';
    assert_non_null(thimble_name_problem(longest));
}

/* --------------------------------------------------------------------------------------
 * A settings file
 */
static struct settings_file file;

static void write_ini(const char *path, const char *ini)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(ini, out);
    fclose(out);
    chmod(path, 0600);
}

/* The command line with "--config PATH" put behind it, over the file.  What settings_file_apply() returns. */
static int with_file(const char *ini, const char *line)
{
    static char path[] = "/tmp/thimble-options-XXXXXX", words[1024];
    static bool made;

    if (!made) {
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        close(fd);
        made = true;
    }
    write_ini(path, ini);
    snprintf(words, sizeof words, "%s --config %s", line, path);
    good(words);
    settings_file_free(&file);
    int loaded = settings_file_load(&file, options.config, "", stderr);
    remove(path);
    made = false;
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    assert_int_equal(0, loaded);
    return settings_file_apply(&file, &options, message);
}

static void good_file(const char *ini, const char *line)
{
    if (with_file(ini, line) != 0)
        fail_msg("%s: %s", ini, message);
}

static void bad_file(const char *ini, const char *line, const char *part, const char *advice)
{
    if (with_file(ini, line) != -1)
        fail_msg("%s: accepted", ini);
    if (!strstr(message, part) || !strstr(message, advice) || strchr(message, '\n'))
        fail_msg("%s: unclear message: %s", ini, message);
}

static const char *listen_text(size_t i)
{
    static char text[THIMBLE_SOCKETS_ADDRESS_MAX];

    assert_true(i < options.n_listen);
    thimble_sockets_address_text((void *)&options.listen[i].address, text, sizeof text);
    return text;
}

static const char two_targets[] =
    "[network]\nport = 3300\nlisten = 0.0.0.0, [::1]:3301\n"
    "[target 1]\nname = iqn.2001-04.com.example:one\nalias = One\nallow = iqn.2001-04.com.example:x\n"
    "chap-user = alice\nchap-password = twelve-bytes-a\n"
    "[target 2]\nname = iqn.2001-04.com.example:two\nchap-file = secrets\nstate = kept\n"
    "[discovery]\nchap-user = bob\nchap-password = twelve-bytes-b\n"
    "[lun 0]\ndisk = file a.img\ncreate = 1G\nblock-size = 4096\nvendor = ACME\nserial = 42\n"
    "[lun 5]\ndisk = file /dev/null\nread-only = yes\nunmap = no\n"
    "[lun 6]\ntarget = 2\nnumber = 0\ndisk = ram 1M\nallow = iqn.2001-04.com.example:x lun=4 read-only, *\n"
    "[log]\nlevel = debug\n[limits]\nconnections = 7\nqueue-depth = 9\n"
    "[timeouts]\nlogin = 20\nnop = never\ngrace = 8\n";

static void a_settings_file_fills_the_options(void **state)
{
    const struct options_target *t = options.targets;

    (void)state;
    good_file(two_targets, "");
    assert_string_equal("0.0.0.0:3300", listen_text(0));
    assert_string_equal("[::1]:3301", listen_text(1));
    assert_int_equal(2, options.n_listen);
    assert_int_equal(2, options.n_targets);
    assert_string_equal("iqn.2001-04.com.example:one", t[0].name);
    assert_string_equal("One", t[0].alias);
    assert_int_equal(1, t[0].n_allowed);
    assert_string_equal("alice", t[0].chap->users[0].name);
    assert_null(t[0].chap_file);
    assert_null(t[0].state);
    assert_int_equal(2, t[0].n_disks);
    /* A relative path starts where the file is, which is /tmp. */
    assert_string_equal("/tmp/a.img", t[0].disks[0].name);
    assert_int_equal(1 << 30, t[0].disks[0].create_bytes);
    assert_int_equal(4096, t[0].disks[0].block_bytes);
    assert_string_equal("ACME", t[0].disks[0].vendor);
    assert_string_equal("42", t[0].disks[0].serial);
    assert_false(t[0].disks[0].read_only || t[0].disks[0].no_unmap || t[0].read_only);
    assert_string_equal("/dev/null", t[0].disks[1].name);
    assert_int_equal(5, t[0].disks[1].lun);
    assert_true(t[0].disks[1].read_only && t[0].disks[1].no_unmap);
    assert_null(t[0].disks[1].serial);
    assert_string_equal("/tmp/secrets", t[1].chap_file);
    assert_string_equal("/tmp/kept", t[1].state);
    assert_null(t[1].chap);
    assert_string_equal("ram:1048576", t[1].disks[0].name);
    assert_int_equal(0, t[1].disks[0].lun);
    assert_int_equal(2, t[1].disks[0].n_seen_by);
    assert_int_equal(4, t[1].disks[0].seen_by[0].lun);
    assert_true(t[1].disks[0].seen_by[0].read_only);
    assert_null(t[1].disks[0].seen_by[1].initiator);
    assert_int_equal(0, t[1].disks[0].seen_by[1].lun);
    assert_string_equal("bob", options.discovery_chap->users[0].name);
    assert_int_equal(LEVEL_DEBUG, options.log_level);
    assert_int_equal(7, options.max_connections);
    assert_int_equal(9, options.queue_depth);
    assert_int_equal(20000, options.login_timeout_ms);
    assert_int_equal(0, options.nop_interval_ms);
    assert_int_equal(8000, options.grace_ms);

    good_file("[lun]\ndisk = ram 1M\n", "");
    assert_string_equal("127.0.0.1:3260", listen_text(0));
    assert_int_equal(1024, options.max_connections);
    assert_int_equal(30000, options.nop_interval_ms);
    assert_int_equal(LEVEL_WARNING, options.log_level);
    assert_null(options.discovery_chap);
    settings_file_free(&file);
}

static void portal_groups_of_a_file(void **state)
{
    (void)state;
    good_file("[network]\nlisten = 127.0.0.1 group=3, 127.0.0.2\nlisten = [::1] group=4\n[lun]\ndisk = ram 1M\n", "");
    assert_int_equal(3, options.n_listen);
    assert_int_equal(3, options.listen[0].portal_group);
    assert_int_equal(1, options.listen[1].portal_group);
    assert_int_equal(4, options.listen[2].portal_group);
    good_file("[lun]\ndisk = ram 1M\n", "");
    assert_int_equal(1, options.listen[0].portal_group);
    settings_file_free(&file);
}

static void the_command_line_wins_over_the_file(void **state)
{
    const struct options_target *t = options.targets;

    (void)state;
    good_file(two_targets, "--listen 127.0.0.1 --listen 127.0.0.2:1 -v --max-connections 3 --queue-depth 4 "
                           "--login-timeout 5 --nop-interval 6 --grace 0");
    assert_int_equal(2, options.n_listen);
    assert_string_equal("127.0.0.1:3300", listen_text(0));
    assert_string_equal("127.0.0.2:1", listen_text(1));
    assert_int_equal(LEVEL_INFO, options.log_level);
    assert_int_equal(3, options.max_connections);
    assert_int_equal(4, options.queue_depth);
    assert_int_equal(5000, options.login_timeout_ms);
    assert_int_equal(6000, options.nop_interval_ms);
    assert_int_equal(0, options.grace_ms);
    assert_int_equal(2, options.n_targets);

    good_file(two_targets, "--read-only --no-unmap --alias Both --chap-file mine --block-size 512 "
                           "--create 2G --allow iqn.2001-04.com.example:y");
    for (int i = 0; i < 2; i++) {
        assert_string_equal("Both", t[i].alias);
        assert_string_equal("mine", t[i].chap_file);
        assert_null(t[i].chap);
        assert_int_equal(1, t[i].n_allowed);
        assert_string_equal("iqn.2001-04.com.example:y", t[i].allowed[0]);
        assert_true(t[i].read_only && t[i].disks[0].read_only && t[i].disks[0].no_unmap);
        assert_int_equal(512, t[i].disks[0].block_bytes);
        assert_true(t[i].disks[0].create_bytes == UINT64_C(2) << 30);
    }

    good_file("[lun]\ndisk = ram 1M\n", "--name iqn.2001-04.com.example:mine");
    assert_string_equal("iqn.2001-04.com.example:mine", t[0].name);
    good_file(two_targets, "--name iqn.2001-04.com.example:mine b.img");
    assert_int_equal(1, options.n_targets);
    assert_string_equal("iqn.2001-04.com.example:mine", t[0].name);
    assert_string_equal("b.img", t[0].disks[0].name);
    assert_null(t[0].chap);
    assert_int_equal(2, options.n_listen);
    good_file(two_targets, "--target iqn.2001-04.com.example:mine b.img");
    assert_int_equal(1, options.n_targets);
    settings_file_free(&file);
}

static void what_a_host_cannot_do_with_a_file(void **state)
{
    (void)state;
    bad_file("", "", "no disk to serve", "[lun 0]");
    bad_file("\n[lun 2]\ndisk = flash\nnumber = 0\n", "", ":2: [lun 2]", "disk = file PATH");
    bad_file("[lun]\ndisk = partition 1\n", "", ":1: [lun 0]", "ram SIZE");
    bad_file("[lun]\ndisk = ram 1M\n[network]\nlisten = nowhere\n", "", ":4: [network] listen: \"nowhere\"",
             "numeric address");
    bad_file(two_targets, "--name iqn.2001-04.com.example:mine", "--name", "has 2 targets");
    settings_file_free(&file);
}

static void a_file_with_mistakes_or_without_bytes(void **state)
{
    char path[] = "/tmp/thimble-options-XXXXXX", *said = NULL;
    size_t len;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    write_ini(path, "[network]\nport = x\nprot = 1\n[lun]\ndisk = ram 1M\n");
    FILE *problems = open_memstream(&said, &len);
    assert_int_equal(-1, settings_file_load(&file, path, "thimble: ", problems));
    fclose(problems);
    assert_non_null(strstr(said, ":2: [network] port: \"x\" is wrong"));
    assert_non_null(strstr(said, "\nthimble: /tmp/thimble-options-"));
    free(said);

    write_ini(path, "[target]\nchap-user = a\nchap-password = twelve-bytes-a\n[lun]\ndisk = ram 1M\n");
    assert_int_equal(0, settings_file_load(&file, path, "", stderr));
    assert_false(file.readable_by_others);
    chmod(path, 0640);
    assert_int_equal(0, settings_file_load(&file, path, "", stderr));
    assert_true(file.readable_by_others);
    write_ini(path, "[lun]\ndisk = ram 1M\n");
    chmod(path, 0644);
    assert_int_equal(0, settings_file_load(&file, path, "", stderr));
    assert_false(file.readable_by_others);
    remove(path);

    problems = open_memstream(&said, &len);
    assert_int_equal(-1, settings_file_load(&file, path, "", problems));
    assert_int_equal(-1, settings_file_load(&file, "/tmp", "", problems));
    fclose(problems);
    assert_non_null(strstr(said, "cannot be opened: No such file"));
    assert_non_null(strstr(said, "/tmp:1: the file cannot be read to its end"));
    free(said);
}

/* The help names every option that there is, and no line is wider than a terminal. */
static void help_is_whole(void **state)
{
    static const char *const words[] = {
        "--listen",
        "--name",
        "--alias",
        "--create",
        "--block-size",
        "--read-only", "--no-unmap",
        "--state",
        "--chap-file",
        "--allow",
        "--serial",
        "--target",
        "--log",
        "-v",
        "--max-connections",
        "--queue-depth",
        "--login-timeout",
        "--nop-interval",
        "--grace",
        "--help",
        "--version",
        "--config",
        "--fail-call",
        DEFAULT_TARGET_NAME,
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strstr(options_help, words[i]))
            fail_msg("%s is not in the help", words[i]);
    for (const char *line = options_help; *line; line = strchr(line, '\n') + 1)
        assert_in_range(strcspn(line, "\n"), 0, 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_option),
        cmocka_unit_test(options_may_stand_anywhere),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(several_targets),
        cmocka_unit_test(as_many_targets_as_there_is_room_for),
        cmocka_unit_test(kinds_of_media),
        cmocka_unit_test(portal_groups),
        cmocka_unit_test(views),
        cmocka_unit_test(serial_numbers),
        cmocka_unit_test(mistakes_have_sentences),
        cmocka_unit_test(too_many_of_everything),
        cmocka_unit_test(sizes),
        cmocka_unit_test(addresses),
        cmocka_unit_test(names),
        cmocka_unit_test(a_settings_file_fills_the_options),
        cmocka_unit_test(portal_groups_of_a_file),
        cmocka_unit_test(the_command_line_wins_over_the_file),
        cmocka_unit_test(what_a_host_cannot_do_with_a_file),
        cmocka_unit_test(a_file_with_mistakes_or_without_bytes),
        cmocka_unit_test(help_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
