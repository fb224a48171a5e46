/* SPDX-License-Identifier: MIT
 *
 * test_settings.c: thimble.ini: what is read, the sentence for each mistake, what is written back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "settings/settings.h"
#include "settings/table.h"

static struct thimble_settings s;
static char said[16384];                /* "3: sentence\n" for each problem */

struct text {
    const char *at, *end;
    bool fails;                         /* at its end, instead of ending */
};

static int get(void *ctx)
{
    struct text *t = ctx;

    if (t->at < t->end)
        return (unsigned char)*t->at++;
    return t->fails ? THIMBLE_SETTINGS_FAILED : THIMBLE_SETTINGS_END;
}

static void keep_problem(void *ctx, const struct thimble_settings_problem *problem)
{
    size_t used = strlen(said);

    (void)ctx;
    assert_null(strchr(problem->text, '\n'));
    assert_true(strlen(problem->text) > 10);
    snprintf(said + used, sizeof said - used, "%u: %s\n", problem->line, problem->text);
}

static bool read_text(struct text text)
{
    struct thimble_settings_source source = { .get = get, .ctx = &text };
    struct thimble_settings_report report = { .problem = keep_problem };

    said[0] = '\0';
    memset(&s, 0xa5, sizeof s);
    return thimble_settings_read(&s, &source, &report);
}

static bool read_bytes(const char *bytes, size_t n)
{
    return read_text((struct text){ .at = bytes, .end = bytes + n });
}

static bool read_ini(const char *ini)
{
    return read_bytes(ini, strlen(ini));
}

/* No problem, and something to serve. */
static void good(const char *ini)
{
    bool usable = read_ini(ini);

    if (!usable || s.n_problems || said[0])
        fail_msg("%s: usable %d, problems %u: %s", ini, usable, s.n_problems, said);
}

/* Exactly one problem: on that line, with both parts in it. */
static void bad_bytes(const char *ini, size_t n, unsigned line, const char *part, const char *advice)
{
    char number[16];

    snprintf(number, sizeof number, "%u: ", line);
    read_bytes(ini, n);
    if (s.n_problems != 1 || strncmp(said, number, strlen(number)) != 0 || !strstr(said, part) ||
        !strstr(said, advice))
        fail_msg("%s: expected line %u, \"%s\", \"%s\"; %u problems: %s", ini, line, part, advice,
                 s.n_problems, said);
}

static void bad(const char *ini, unsigned line, const char *part, const char *advice)
{
    bad_bytes(ini, strlen(ini), line, part, advice);
}

static const char *text_of(thimble_text text)
{
    return thimble_settings_text(&s, text);
}

/* --------------------------------------------------------------------------------------
 * What is written
 */
struct page {
    size_t used;
    char text[65536];
};

static void put(void *ctx, const char *text)
{
    struct page *p = ctx;
    size_t len = strlen(text);

    assert_true(p->used + len < sizeof p->text);
    memcpy(p->text + p->used, text, len + 1);
    p->used += len;
}

static const char *written(struct page *p, bool with_secrets)
{
    struct thimble_settings_sink sink = { .put = put, .ctx = p };

    p->used = 0;
    p->text[0] = '\0';
    if (with_secrets)
        th_settings_write(&s, &sink, true);
    else
        thimble_settings_write(&s, &sink);
    return p->text;
}

/* --------------------------------------------------------------------------------------
 * Defaults and values
 */

static void an_empty_file_means_the_defaults(void **state)
{
    static const char *const empty[] = { "", "\n", "\xef\xbb\xbf", "; nothing\n# at all\n", "   \t \r\n" };

    (void)state;
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        good(empty[i]);
        assert_string_equal(THIMBLE_SETTINGS_NAME, text_of(thimble_settings_target(&s, 1)->name));
        assert_int_equal(THIMBLE_DISK_CARD, thimble_settings_lun(&s, 0)->disk.kind);
        assert_null(thimble_settings_lun(&s, 1));
        assert_null(thimble_settings_target(&s, 2));
        assert_null(thimble_settings_target(&s, 0));
        assert_null(thimble_settings_lun(&s, THIMBLE_SETTINGS_LUNS));
        assert_int_equal(3260, s.network.port);
        assert_int_equal(0, s.network.address.prefix);
        assert_string_equal("thimble", text_of(s.network.hostname));
        assert_int_equal(-1, thimble_settings_pin(&s, THIMBLE_PIN_SD_CS, -1));
        assert_int_equal(7, thimble_settings_pin(&s, THIMBLE_PIN_SD_CS, 7));
    }
}

static const char everything[] =
    "[network]\n"
    "hostname = cellar-1\naddress = 192.168.1.50/24\nfallback = 10.0.0.2/8\ngateway = 192.168.1.1\n"
    "dns = 9.9.9.9\nipv6 = yes\nport = 3261\nlisten = 0.0.0.0, [::1]:3262\nlisten = 127.0.0.1\n"
    "[wifi 1]\nssid = caf\xc3\xa9 no 1\npassword = \" eight bytes;\"\ncountry = de\n"
    "[wifi 3]\nssid = open\n"
    "[target 1]\nname = iqn.2001-04.com.example:one\nalias = \"A \"\"name\"\" ; of it\"\n"
    "allow = iqn.2001-04.com.example:a,eui.02004567a425678d\nallow = iqn.2001-04.com.example:b\n"
    "chap-user = alice\nchap-password = twelve-bytes-a\nmutual-user = thimble\n"
    "mutual-password = twelve-bytes-b\n"
    "[target 2]\nname = iqn.2001-04.com.example:two\nchap-file = my secrets\n"
    "[discovery]\nchap-user = bob\nchap-password = twelve-bytes-c\n"
    "[lun 0]\ndisk = partition 2\nvendor = ACME\nproduct = SOME DISK\nserial = 0123\nread-only = on\n"
    "[lun 1]\ndisk = file a b.img\nblock-size = 4096\ncreate = 3G\nunmap = no\n"
    "[lun 3]\ntarget = 2\nnumber = 0\ndisk = ram 64M\n"
    "[card]\nspeed = 12\n"
    "[pins]\nsd-cs = 0\nled_error = none\nDISPLAY-CLK = 99\n"
    "[lights]\nactive = low\nbrightness = 7\n"
    "[log]\nlevel = debug\ncolor = true\nto = journald\nsyslog = 192.168.1.9:5514\n"
    "[limits]\nconnections = 9\nsessions = 4\nqueue-depth = 17\nbuffers = 5\nbuffer-size = 12K\n"
    "max-burst = 1M\nfirst-burst = 32768\noutstanding-r2t = 3\nunsolicited-data = no\n"
    "immediate-data = off\ncache = 0\n"
    "[timeouts]\nlogin = 16\nlogout = 6\ndata-out = 31\nnop = never\nnop-answer = 32\nsend = 61\n"
    "grace = 0\n";

static void every_key_is_understood(void **state)
{
    uint16_t line;
    const char *allowed[8];

    (void)state;
    good(everything);
    assert_string_equal("cellar-1", text_of(s.network.hostname));
    assert_memory_equal("\xc0\xa8\x01\x32", s.network.address.ip, 4);
    assert_int_equal(24, s.network.address.prefix);
    assert_int_equal(8, s.network.fallback.prefix);
    assert_memory_equal("\xc0\xa8\x01\x01", s.network.gateway, 4);
    assert_memory_equal("\x09\x09\x09\x09", s.network.dns, 4);
    assert_true(s.network.ipv6);
    assert_int_equal(3261, s.network.port);
    assert_string_equal("0.0.0.0", thimble_settings_listen(&s, 0, &line));
    assert_int_equal(9, line);
    assert_string_equal("[::1]:3262", thimble_settings_listen(&s, 1, &line));
    assert_string_equal("127.0.0.1", thimble_settings_listen(&s, 2, &line));
    assert_int_equal(10, line);
    assert_null(thimble_settings_listen(&s, 3, &line));
    assert_string_equal("caf\xc3\xa9 no 1", text_of(s.wifi[0].ssid));
    assert_string_equal(" eight bytes;", text_of(s.wifi[0].password));
    assert_string_equal("de", text_of(s.wifi[0].country));
    assert_false(s.wifi[1].head.present);
    assert_true(s.wifi[2].head.present);
    assert_null(text_of(s.wifi[2].password));

    const struct thimble_settings_target *t = thimble_settings_target(&s, 1);
    assert_string_equal("iqn.2001-04.com.example:one", text_of(t->name));
    assert_string_equal("A \"name\" ; of it", text_of(t->alias));
    assert_int_equal(3, thimble_settings_allowed(&s, 1, allowed, 8));
    assert_string_equal("eui.02004567a425678d", allowed[1]);
    assert_string_equal("iqn.2001-04.com.example:b", allowed[2]);
    assert_int_equal(2, thimble_settings_allowed(&s, 1, allowed, 2));
    assert_int_equal(0, thimble_settings_allowed(&s, 2, allowed, 8));
    assert_string_equal("my secrets", text_of(thimble_settings_target(&s, 2)->chap_file));

    const struct thimble_settings_lun *l = thimble_settings_lun(&s, 0);
    assert_int_equal(THIMBLE_DISK_PARTITION, l->disk.kind);
    assert_int_equal(2, l->disk.partition);
    assert_string_equal("ACME", text_of(l->vendor));
    assert_string_equal("SOME DISK", text_of(l->product));
    assert_string_equal("0123", text_of(l->serial));
    assert_true(l->read_only && l->unmap);
    l = thimble_settings_lun(&s, 1);
    assert_int_equal(THIMBLE_DISK_FILE, l->disk.kind);
    assert_string_equal("a b.img", text_of(l->disk.file));
    assert_int_equal(2, l->block_size);
    assert_true(l->create_bytes == UINT64_C(3) << 30);
    assert_int_equal(1, l->number);
    assert_false(l->read_only || l->unmap);
    assert_null(thimble_settings_lun(&s, 2));
    l = thimble_settings_lun(&s, 3);
    assert_int_equal(THIMBLE_DISK_RAM, l->disk.kind);
    assert_int_equal(64 << 20, l->disk.ram_bytes);
    assert_int_equal(2, l->target);
    assert_int_equal(0, l->number);

    assert_int_equal(12, s.card.speed_mhz);
    assert_int_equal(0, thimble_settings_pin(&s, THIMBLE_PIN_SD_CS, 5));
    assert_int_equal(5, thimble_settings_pin(&s, THIMBLE_PIN_SD_SCK, 5));
    assert_int_equal(-1, thimble_settings_pin(&s, THIMBLE_PIN_LED_ERROR, 5));
    assert_int_equal(99, thimble_settings_pin(&s, THIMBLE_PIN_DISPLAY_CLK, 5));
    assert_int_equal(2, s.lights.active);
    assert_int_equal(7, s.lights.brightness);
    assert_int_equal(4, s.log.level);
    assert_true(s.log.color);
    assert_int_equal(3, s.log.to);
    assert_memory_equal("\xc0\xa8\x01\x09", s.log.syslog.ip, 4);
    assert_int_equal(5514, s.log.syslog.port);
    assert_int_equal(0, s.limits.cache_bytes);
    assert_int_equal(0, s.timeouts.grace_s);
}

static void accounts_become_chap(void **state)
{
    struct thimble_settings_chap memory;

    (void)state;
    good(everything);
    const struct thimble_chap *chap =
        thimble_settings_chap(&s, &thimble_settings_target(&s, 1)->account, &memory);
    assert_int_equal(1, chap->n_users);
    assert_string_equal("alice", chap->users[0].name);
    assert_int_equal(14, chap->users[0].secret_len);
    assert_memory_equal("twelve-bytes-a", chap->users[0].secret, 14);
    assert_string_equal("thimble", chap->outgoing->name);
    assert_memory_equal("twelve-bytes-b", chap->outgoing->secret, 14);
    chap = thimble_settings_chap(&s, &s.discovery.account, &memory);
    assert_string_equal("bob", chap->users[0].name);
    assert_null(chap->outgoing);
    assert_null(thimble_settings_chap(&s, &thimble_settings_target(&s, 2)->account, &memory));
}

static void numbers_reach_the_engine(void **state)
{
    struct thimble_config c = { .n_connections = 100, .n_sessions = 50, .nop_timeout_ms = 1234 };

    (void)state;
    good(everything);
    thimble_settings_limits(&s, &c);
    assert_int_equal(9, c.n_connections);
    assert_int_equal(4, c.n_sessions);
    assert_int_equal(17, c.queue_depth);
    assert_int_equal(5, c.n_buffers);
    assert_int_equal(12288, c.buffer_bytes);
    assert_int_equal(1 << 20, c.max_burst_bytes);
    assert_int_equal(32768, c.first_burst_bytes);
    assert_int_equal(3, c.max_outstanding_r2t);
    assert_true(c.refuse_unsolicited && c.refuse_immediate);
    assert_int_equal(16000, c.login_timeout_ms);
    assert_int_equal(6000, c.logout_timeout_ms);
    assert_int_equal(31000, c.data_out_timeout_ms);
    assert_true(c.nop_interval_ms == THIMBLE_NEVER);
    assert_int_equal(32000, c.nop_timeout_ms);
    assert_int_equal(61000, c.send_timeout_ms);

    /* What is not given stays, and pairs still fit together. */
    good("[limits]\nconnections = 3\nmax-burst = 512\n");
    c = (struct thimble_config){ .n_connections = 100, .n_sessions = 50, .nop_timeout_ms = 1234,
                                 .first_burst_bytes = 4096, .queue_depth = 6 };
    thimble_settings_limits(&s, &c);
    assert_int_equal(3, c.n_sessions);
    assert_int_equal(512, c.first_burst_bytes);
    assert_int_equal(1234, c.nop_timeout_ms);
    assert_int_equal(6, c.queue_depth);
    assert_false(c.refuse_unsolicited || c.refuse_immediate);
}

/* --------------------------------------------------------------------------------------
 * The form of the file
 */

static void any_line_end_and_a_byte_order_mark_will_do(void **state)
{
    static const char *const same[] = {
        "[network]\nport = 1\n[log]\nlevel = info\n",
        "[network]\r\nport = 1\r\n[log]\r\nlevel = info\r\n",
        "[network]\rport = 1\r[log]\rlevel = info",
        "\xef\xbb\xbf[network]\r\nport = 1\r\n[log]\r\nlevel = info",
        "  [ Network ] ; comment\n\tPORT=1#no comment\n[LOG]\n   Level :   info   # comment\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        if (i == 4) {                   /* a # within a word is part of it */
            bad(same[i], 2, "[network] port", "1#no comment");
            assert_int_equal(3, s.log.level);
            continue;
        }
        good(same[i]);
        assert_int_equal(1, s.network.port);
        assert_int_equal(3, s.log.level);
        assert_int_equal(3, s.log.head.line);
    }
    /* Lines are counted whatever ends them. */
    bad("\r\n\r\n[log]\r\nlevel = loud\r\n", 4, "[log] level", "error, warning, info or debug");
    bad("\n\r\n\r[log]\rlevel = loud", 5, "[log] level", "loud");
    bad("\xef\xbb\xbf[log]\nlevel = loud", 2, "[log] level", "loud");
}

static void quotes_and_comments(void **state)
{
    static const struct { const char *written, *read; } cases[] = {
        { "plain", "plain" }, { "two words", "two words" }, { "a;b", "a;b" }, { "a#b", "a#b" },
        { "a ; comment", "a" }, { "a # comment", "a" }, { "a\t# comment", "a" },
        { "\"  a ; b # c\t\"", "  a ; b # c\t" }, { "\"a\" ; comment", "a" },
        { "\"\"\"a\"\"\"", "\"a\"" }, { "a \"b\"", "a \"b\"" }, { "\"=\"", "=" }, { "a=b:c", "a=b:c" },
        { "'a'", "'a'" }, { "\\n", "\\n" }, { "\xe2\x82\xac", "\xe2\x82\xac" },
    };
    char ini[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(ini, sizeof ini, "[target]\nalias = %s\n", cases[i].written);
        good(ini);
        assert_string_equal(cases[i].read, text_of(s.target[0].alias));
    }
    bad("[target]\nalias = \"a\n", 2, "alias", "quotes");
    bad("[target]\nalias = \"a\"\"\n", 2, "alias", "quotes");
    bad("[target]\nalias = \"a\" b\n", 2, "alias", "quotes");
    bad("[target]\nalias = \"\"\n", 2, "alias", "no value");
    bad("[target]\nalias = \"\n", 2, "alias", "quotes");
    bad("[target]\nalias =\n", 2, "alias", "no value");
    bad("[target]\nalias = ; comment\n", 2, "alias", "no value");
}

static void what_is_no_settings_file(void **state)
{
    char *long_file = malloc(THIMBLE_SETTINGS_FILE_MAX + 2);
    char line[260];

    (void)state;
    bad_bytes("\xff\xfe[\0l\0", 6, 1, "UTF-16", "save it as UTF-8");
    bad_bytes("\xfe\xff\0[\0l", 6, 1, "UTF-16", "save it as UTF-8");
    bad_bytes("[\0l\0o\0g\0", 8, 1, "UTF-16", "save it as UTF-8");
    bad_bytes("\0[\0l", 4, 1, "UTF-16", "save it as UTF-8");
    bad_bytes("[log]\nlev\0el", 12, 2, "zero byte", "no text file");
    bad("\xef\xbb?", 1, "does not begin with text", "UTF-8");
    assert_false(thimble_settings_usable(&s));

    memset(long_file, '\n', THIMBLE_SETTINGS_FILE_MAX + 2);
    assert_true(read_bytes(long_file, THIMBLE_SETTINGS_FILE_MAX));
    assert_false(read_bytes(long_file, THIMBLE_SETTINGS_FILE_MAX + 1));
    assert_non_null(strstr(said, "longer than 64 KiB"));
    free(long_file);

    const char *half = "[log]\n";
    assert_false(read_text((struct text){ .at = half, .end = half + 6, .fails = true }));
    assert_non_null(strstr(said, "cannot be read to its end"));

    bad("[target]\nalias = \xe9\n", 2, "not UTF-8", "save the file as UTF-8");
    bad("[target]\nalias = \xed\xa0\x80\n", 2, "not UTF-8", "save");
    bad("[target]\nalias = \xc0\xaf\n", 2, "not UTF-8", "save");
    bad("[target]\nalias = \xf5\x80\x80\x80\n", 2, "not UTF-8", "save");
    bad("[target]\nalias = \xe2\x82\n", 2, "not UTF-8", "save");
    bad("[target]\nalias = a\x1f""b\n", 2, "cannot be seen", "anew");
    bad("[target]\nalias = \x7f\n", 2, "cannot be seen", "anew");

    snprintf(line, sizeof line, "[target]\nalias=%0192d\n", 1);
    good(line);
    snprintf(line, sizeof line, "[target]\nalias=%0193d\n", 1);
    bad(line, 2, "longer than 198 characters", "");
    assert_null(thimble_settings_target(&s, 1));
    snprintf(line, sizeof line, ";%0240d\n[log]\n", 1);
    good(line);
}

static void lines_that_are_neither_section_nor_key(void **state)
{
    (void)state;
    bad("[log]\nlevel debug\n", 2, "not a setting", "KEY = VALUE");
    bad("[log]\nlevel debug", 2, "not a setting", "KEY = VALUE");
    bad("port = 1\n", 1, "port", "a [section] must stand before");
    bad("[log\nlevel = info\n", 1, "not a section", "in brackets");
    assert_false(thimble_settings_usable(&s));
    bad("[log] level = info\n", 1, "not a section", "in brackets");
    bad("[]\n", 1, "there is no section []", "");
    bad("[a b c d e f g h i j k l m n o p q r s t u v w x y z]\n", 1, "not a section", "");
}

static void unknown_names_and_their_neighbours(void **state)
{
    (void)state;
    bad("[netwrok]\nport = 1\n", 1, "there is no section [netwrok]", "did you mean [network]?");
    assert_false(thimble_settings_usable(&s));
    bad("[luns]\n", 1, "[luns]", "did you mean [lun]?");
    bad("[xyzzy]\n", 1, "there is no section [xyzzy]\n", "");
    bad("[network 1]\n", 1, "there is no section [network 1]", "");
    bad("[lun x]\n", 1, "[lun x]", "");
    bad("[lun 1 2]\n", 1, "[lun 1 2]", "");
    bad("[network]\nprot = 1\n", 2, "[network] prot: there is no such key", "did you mean port?");
    bad("[network]\nhost = a\n", 2, "host", "did you mean hostname?");
    bad("[target]\nchap-passwort = a\n", 2, "[target 1] chap-passwort", "did you mean chap-password?");
    bad("[network]\nbrightness = 1\n", 2, "brightness", "it belongs into [lights]");
    bad("[network]\nxyzzy = 1\n", 2, "[network] xyzzy: there is no such key\n", "");
    assert_true(thimble_settings_usable(&s));
}

static void numbers_of_sections(void **state)
{
    char ini[64];

    (void)state;
    good("[lun]\ndisk = card\n[target]\n[wifi]\nssid = a\n");
    assert_true(s.wifi[0].head.present);
    snprintf(ini, sizeof ini, "[lun %d]\n[lun 0]\n", THIMBLE_SETTINGS_LUNS);
    bad(ini, 1, "this program has room for [lun 0] to", "");
    assert_non_null(thimble_settings_lun(&s, 0));
    bad("[wifi 0]\n", 1, "[wifi 0]", "room for [wifi 1] to");
    bad("[target 999]\n", 1, "[target 999]", "room for [target 1] to");
    bad("[lun 1000]\n", 1, "there is no section [lun 1000]", "");

    /* A disk that there is no room for must not become the whole card. */
    snprintf(ini, sizeof ini, "[lun %d]\ndisk = file a\n", THIMBLE_SETTINGS_LUNS);
    bad(ini, 1, "this program has room for", "");
    assert_false(thimble_settings_usable(&s));
    assert_null(thimble_settings_lun(&s, 0));

    /* A section may be gone on with; a key may not be there twice. */
    good("[network]\nport = 5\n[log]\n[network]\nipv6 = yes\n");
    bad("[network]\nport = 5\n[log]\n[network]\nport = 6\n", 5, "port: the second time", "");
    assert_int_equal(5, s.network.port);
}

/* --------------------------------------------------------------------------------------
 * Wrong values
 */

static void every_kind_of_wrong_value(void **state)
{
    static const struct { const char *section, *line, *advice; } cases[] = {
        { "network", "port = 0", "a number from 1 to 65535" },
        { "network", "port = 65536", "65535" },
        { "network", "port = 99999999999999999999999", "65535" },
        { "network", "port = -1", "65535" },
        { "network", "port = 0x10", "65535" },
        { "network", "port = 1 2", "65535" },
        { "network", "ipv6 = maybe", "yes or no" },
        { "network", "ipv6 = 2", "yes or no" },
        { "network", "hostname = a.b", "letters, digits and hyphens" },
        { "network", "hostname = -a", "letters" },
        { "network", "hostname = a-", "letters" },
        { "network", "address = 192.168.1.50", "192.168.1.50/24, or dhcp" },
        { "network", "address = 192.168.1.50/31", "prefix" },
        { "network", "address = 192.168.1.50/0", "prefix" },
        { "network", "address = 192.168.1.256/24", "prefix" },
        { "network", "address = 192.168.01.5/24", "prefix" },
        { "network", "address = 224.0.0.1/24", "prefix" },
        { "network", "address = 0.1.2.3/24", "prefix" },
        { "network", "address = static", "dhcp" },
        { "network", "fallback = dhcp", "prefix" },
        { "network", "gateway = 1.2.3", "an IPv4 address such as" },
        { "log", "syslog = somewhere", "otherwise 514" },
        { "log", "syslog = 192.168.1.1:", "192.168.1.1:5514" },
        { "log", "syslog = 192.168.1.1:0", "192.168.1.1:5514" },
        { "log", "syslog = 192.168.1.1:65536", "192.168.1.1:5514" },
        { "log", "syslog = 192.168.1.1:514x", "192.168.1.1:5514" },
        { "log", "syslog = 239.0.0.1", "otherwise 514" },
        { "log", "to = printer", "stderr, syslog or journald" },
        { "network", "gateway = 1.2.3.4.5", "an IPv4 address such as" },
        { "network", "gateway = 1.2.3.4 x", "an IPv4 address such as" },
        { "network", "listen = ,", "ASCII" },
        { "network", "listen = \xc3\xa9", "ASCII" },
        { "wifi", "country = DEU", "two letters" },
        { "wifi", "country = 49", "two letters" },
        { "wifi", "ssid = 123456789012345678901234567890123", "text of 1 to 32 bytes" },
        { "target", "name = disk", "it must begin with" },
        { "target", "name = iqn.2001-04.com.Example", "lower case" },
        { "target", "name = iqn.2001-13.com.example", "year and month" },
        { "target", "name = iqn.2001-04.com.example:", "follow the colon" },
        { "target", "name = eui.0123", "16 hexadecimal" },
        { "target", "name = naa.0123", "16 or 32" },
        { "target", "allow = *", "an iSCSI name" },
        { "target", "allow = iqn.2001-04.com.example:a, *", "an iSCSI name" },
        { "lun", "disk = floppy", "card, partition N, file NAME" },
        { "lun", "disk = card 1", "card" },
        { "lun", "disk = partition", "partition N" },
        { "lun", "disk = partition 0", "partition N" },
        { "lun", "disk = partition 129", "partition N" },
        { "lun", "disk = file", "file NAME" },
        { "lun", "disk = ram", "ram SIZE" },
        { "lun", "disk = ram 511", "ram SIZE" },
        { "lun", "disk = ram 8388609T", "ram SIZE" },
        { "lun", "disk = disk.img", "file NAME" },
        { "lun", "target = 0", "a number from 1" },
        { "lun", "number = 999", "a number from 0" },
        { "lun", "block-size = 1024", "512 or 4096" },
        { "lun", "vendor = NINELONGX", "1 to 8 characters of ASCII" },
        { "lun", "serial = \xc3\xa9", "ASCII" },
        { "lun", "create = 256MB", "a size such as" },
        { "lun", "create = 511", "from 512" },
        { "lun", "create = 1.5G", "a size such as" },
        { "pins", "sd-cs = 100", "a pin's number from 0 to 99, or none" },
        { "pins", "sd-cs = D4", "or none" },
        { "card", "speed = 51", "1 to 50" },
        { "lights", "active = on", "high or low" },
        { "lights", "brightness = 8", "0 to 7" },
        { "log", "level = 3", "error, warning, info or debug" },
        { "limits", "connections = 0", "1 to 50000" },
        { "limits", "buffers = 1", "2 to 4096" },
        { "limits", "buffer-size = 4095", "from 4K to 16380K" },
        { "limits", "buffer-size = 16M", "from 4K to 16380K" },
        { "limits", "outstanding-r2t = 256", "1 to 255" },
        { "timeouts", "nop = 0", "seconds from 1 to 43200, or never" },
        { "timeouts", "nop = 43201", "or never" },
        { "timeouts", "grace = never", "seconds from 0 to 43200" },
    };
    char ini[512], expected[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool strict = strcmp(cases[i].section, "target") == 0 || strcmp(cases[i].section, "lun") == 0;
        bool wifi = strcmp(cases[i].section, "wifi") == 0 && strncmp(cases[i].line, "ssid", 4) != 0;
        snprintf(ini, sizeof ini, "\n[%s]\n%s\n%s\n", cases[i].section, wifi ? "ssid = a" : ";",
                 cases[i].line);
        snprintf(expected, sizeof expected, "%.*s: ", (int)strcspn(cases[i].line, " "), cases[i].line);
        if (strncmp(cases[i].line, "ssid", 4) == 0) {
            read_ini(ini);              /* and then there is none */
            assert_non_null(strstr(said, cases[i].advice));
            assert_non_null(strstr(said, "it needs an ssid"));
            assert_false(s.wifi[0].head.present);
            continue;
        }
        bad(ini, 4, expected, cases[i].advice);
        if (thimble_settings_usable(&s) == strict)
            fail_msg("%s: usable %d", ini, !strict);
    }
}

static void a_wrong_value_keeps_the_default_and_reading_goes_on(void **state)
{
    (void)state;
    assert_true(read_ini("[network]\nport = many\nhostname = ok\n[lights]\nbrightness = 9\nactive = low\n"));
    assert_int_equal(2, s.n_problems);
    assert_non_null(strstr(said, "2: [network] port"));
    assert_non_null(strstr(said, "5: [lights] brightness"));
    assert_int_equal(3260, s.network.port);
    assert_string_equal("ok", text_of(s.network.hostname));
    assert_int_equal(2, s.lights.brightness);
    assert_int_equal(2, s.lights.active);
}

static void what_has_a_mistake_is_not_served_but_the_rest_is(void **state)
{
    (void)state;
    bad("[lun 0]\ndisk = ram 1M\n[lun 1]\ndisk = file a\nread-only = jes\n", 5, "[lun 1] read-only", "yes or no");
    assert_non_null(thimble_settings_lun(&s, 0));
    assert_null(thimble_settings_lun(&s, 1));
    bad("[lun 0]\ndisk = ram 1M\n[lun 1]\nnumber = 0\ndisk = file a\ntarget = 2\n"
        "[target 2]\nname = iqn.2001-04.com.example:a\nalow = x\n", 9, "alow", "did you mean allow?");
    assert_non_null(thimble_settings_lun(&s, 0));
    assert_null(thimble_settings_lun(&s, 1));
    /* A misspelt password must not open discovery to everybody. */
    bad("[discovery]\nchap-user = a\nchap-password = short\n", 3, "chap-password", "12 to 255");
    assert_false(thimble_settings_usable(&s));
}

static void what_does_not_fit_together(void **state)
{
    static const struct { const char *ini; unsigned line; const char *part; } cases[] = {
        { "\n[target]\nchap-user = a\n", 2, "chap-user needs a chap-password" },
        { "\n[target]\nchap-password = twelve-bytes-a\n", 2, "needs a chap-user" },
        { "\n[target]\nmutual-user = a\nmutual-password = twelve-bytes-a\n", 2, "needs a chap-user" },
        { "[target]\nchap-user = a\nchap-password = twelve-bytes-a\nmutual-user = b\n", 1,
          "needs a mutual-password" },
        { "[target]\nchap-user = a\nchap-password = twelve-bytes-a\nmutual-password = twelve-bytes-b\n", 1,
          "needs a mutual-user" },
        { "[target]\nchap-user = a\nchap-password = twelve-bytes-a\nmutual-user = b\n"
          "mutual-password = twelve-bytes-a\n", 1, "must not be the same" },
        { "[target]\nchap-user = a\nchap-password = twelve-bytes-a\nchap-file = b\n", 1, "keep either" },
        { "[target 2]\n[lun]\ntarget = 2\n", 1, "it needs a name" },
        { "[target 2]\nname = iqn.2001-04.com.example:a\n", 1, "no [lun] says that it belongs to it" },
        { "[lun 0]\ntarget = 2\n", 1, "the [target] that it belongs to is not there" },
        { "[lun 1]\n", 0, "it has no LUN 0" },
        { "[lun 0]\ndisk = ram 1M\n[lun 1]\nnumber = 0\ndisk = ram 1M\n", 3, "same target and number as [lun 0]" },
        { "[lun 0]\ndisk = card\n[lun 1]\ndisk = partition 1\n", 3, "shares its disk with [lun 0]" },
        { "[lun 0]\ndisk = file a\n[lun 1]\ndisk = file a\n", 3, "shares its disk with [lun 0]" },
        { "[lun 0]\ndisk = file a\nread-only = yes\n[lun 1]\ndisk = file a\n", 4, "shares its disk" },
        { "[lun 0]\ndisk = ram 1M\ncreate = 1M\n", 1, "create is for disk = file NAME" },
        { "[lun 0]\ndisk = card\nblock-size = 4096\n", 1, "blocks of a card are 512 bytes" },
        { "[lun 0]\ndisk = ram 1M\ntype = cdrom\n", 1, "type = cdrom is for disk = file NAME" },
        { "[lun 0]\ndisk = file a\ntype = cdrom\nblock-size = 4096\n", 1, "not for type = cdrom" },
        { "[lun 0]\ndisk = file a\ntype = cdrom\ncreate = 1M\n", 1, "not for type = cdrom" },
        { "[lun 0]\ndisk = file a\nphysical-block-size = 5000\n", 1, "must be a power of two" },
        { "[lun 0]\ndisk = file a\ntype = cdrom\n[lun 1]\ndisk = file a\n", 4, "shares its disk" },
        { "[lun 0]\ndisk = file a\nserial = 1\n[lun 1]\ndisk = ram 1M\nserial = 1\n", 4,
          "take two disks for one: it has the serial number of [lun 0]" },
        { "[network]\naddress = 192.168.1.0/24\n", 1, "names the network as a whole" },
        { "[network]\naddress = 192.168.1.255/24\n", 1, "names the network as a whole" },
        { "[network]\naddress = 192.168.1.5/24\ngateway = 192.168.2.1\n", 1, "gateway is not in the network" },
        { "[status]\nsnmp-trap = 192.168.1.2\n", 1, "snmp-trap needs an snmp-community" },
        { "[wifi 2]\npassword = 12345678\n", 1, "it needs an ssid" },
        { "[limits]\nconnections = 3\nsessions = 4\n", 1, "sessions must not be more" },
        { "[limits]\nmax-burst = 1K\nfirst-burst = 2K\n", 1, "first-burst must not be more" },
        { "[limits]\nbuffer-size = 5000\n", 1, "a multiple of 4K" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        bad(cases[i].ini, cases[i].line, cases[i].part, "");
    good("[lun 0]\ndisk = file a\nread-only = yes\n[lun 1]\ndisk = file a\nread-only = yes\n");
    good("[lun 0]\ndisk = file a\nread-only = yes\nserial = 1\n[lun 1]\ndisk = file a\nread-only = yes\nserial = 1\n");
    good("[lun 0]\ndisk = partition 1\n[lun 1]\ndisk = partition 2\n[lun 2]\ndisk = ram 1M\n[lun 3]\ndisk = ram 1M\n");
}

static void who_sees_a_unit(void **state)
{
    struct thimble_lun_view views[4];
    const char *names[4];

    (void)state;
    good("[target]\nallow = iqn.2001-04.com.example:t\n"
         "[lun 0]\ndisk = ram 1M\n[lun 1]\ndisk = file a.iso\ntype = cdrom\n"
         "allow = iqn.2001-04.com.example:a, iqn.2001-04.com.example:b lun=3\nnumber = 2\n"
         "allow = * read-only lun=7\n");
    assert_int_equal(0, thimble_settings_views(&s, 0, views, 4));
    assert_int_equal(3, thimble_settings_views(&s, 1, views, 4));
    assert_string_equal("iqn.2001-04.com.example:a", views[0].initiator);
    assert_int_equal(2, views[0].lun);
    assert_false(views[0].read_only);
    assert_string_equal("iqn.2001-04.com.example:b", views[1].initiator);
    assert_int_equal(3, views[1].lun);
    assert_null(views[2].initiator);
    assert_int_equal(7, views[2].lun);
    assert_true(views[2].read_only);
    assert_int_equal(2, thimble_settings_views(&s, 1, views, 2));
    assert_int_equal(1, thimble_settings_allowed(&s, 1, names, 4));
    assert_string_equal("iqn.2001-04.com.example:t", names[0]);
    assert_int_equal(2, s.lun[1].type);
    assert_int_equal(1, s.lun[0].type);

    /* Words without a name before them; on a line of their own; of another list. */
    static const char *const wrong[] = {
        "allow = lun=1", "allow = read-only, iqn.2001-04.com.example:a", "allow = iqn.2001-04.com.example:a lun=64",
        "allow = iqn.2001-04.com.example:a lun=", "allow = iqn.2001-04.com.example:a lun=0x1",
        "allow = iqn.2001-04.com.example:a writes", "allow = **", "allow = iqn.2001-04.com.example:a\nallow = read-only",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char ini[160];
        snprintf(ini, sizeof ini, "[lun 0]\ndisk = ram 1M\n%s\n", wrong[i]);
        bad(ini, strstr(wrong[i], "\n") ? 4 : 3, "allow", "lun=N");
        assert_null(thimble_settings_lun(&s, 0));
    }
    bad("[target]\nallow = iqn.2001-04.com.example:t read-only\n", 2, "allow", "an iSCSI name");
}

/* Nobody can have two units by one LUN. */
static void one_unit_by_one_lun(void **state)
{
    static const struct { const char *zero, *one; bool clash; } cases[] = {
        { "", "allow = iqn.2001-04.com.example:a lun=0\n", true },
        { "allow = iqn.2001-04.com.example:a\n", "allow = iqn.2001-04.com.example:b lun=0\n", false },
        { "allow = iqn.2001-04.com.example:a\n", "allow = iqn.2001-04.com.example:a lun=0\n", true },
        { "allow = iqn.2001-04.com.example:a lun=1\n", "", true },
        { "allow = iqn.2001-04.com.example:a lun=1\n", "allow = iqn.2001-04.com.example:a lun=0\n", false },
        { "allow = *\n", "allow = iqn.2001-04.com.example:a lun=0\n", true },
        { "allow = *\n", "allow = * lun=0\n", true },
        { "allow = *, iqn.2001-04.com.example:a lun=5\n", "allow = iqn.2001-04.com.example:a lun=0\n", false },
        { "allow = * lun=5, iqn.2001-04.com.example:a\n", "allow = * lun=5, iqn.2001-04.com.example:a\n", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char ini[320];
        snprintf(ini, sizeof ini, "[lun 0]\ndisk = ram 1M\n%s[lun 1]\ndisk = ram 1M\n%s", cases[i].zero, cases[i].one);
        if (!cases[i].clash) {
            good(ini);
            continue;
        }
        read_ini(ini);
        if (s.n_problems != 1 || !strstr(said, "by the same LUN as [lun 0]") || thimble_settings_lun(&s, 1))
            fail_msg("%s: %s", ini, said);
    }
    good("[target 1]\n[target 2]\nname = iqn.2001-04.com.example:b\n[lun 0]\ndisk = ram 1M\n"
         "[lun 1]\ntarget = 2\ndisk = ram 1M\nnumber = 0\nallow = iqn.2001-04.com.example:a lun=0\n");
}

static void too_many_names_and_texts(void **state)
{
    static char ini[32768];

    (void)state;
    strcpy(ini, "[target]\n");
    for (int i = 0; i < THIMBLE_SETTINGS_LIST; i++)
        sprintf(ini + strlen(ini), "allow = iqn.2001-04.com.example:%d\n", i);
    good(ini);
    strcat(ini, "allow = iqn.2001-04.com.example:more\n");
    bad(ini, THIMBLE_SETTINGS_LIST + 2, "allow: there is no room left", "");
    assert_false(thimble_settings_usable(&s));

    strcpy(ini, "[target]\n");
    for (int i = 0; i < THIMBLE_SETTINGS_LIST / 2; i++)
        sprintf(ini + strlen(ini), "allow = iqn.2001-04.com.example:%0150d\n", i);
    for (int i = 0; i < THIMBLE_SETTINGS_LUNS; i++)
        sprintf(ini + strlen(ini), "[lun %d]\ndisk = file %0180d\nserial = %032d\nproduct = %016d\n"
                "vendor = %08d\n", i, i, i, i, i);
    read_ini(ini);
    assert_true(s.n_problems > 0);
    assert_non_null(strstr(said, "there is no room left"));
    assert_non_null(thimble_settings_lun(&s, 0));
    assert_null(thimble_settings_lun(&s, THIMBLE_SETTINGS_LUNS - 1));
    assert_true(s.text_used <= sizeof s.text);
}

/* --------------------------------------------------------------------------------------
 * Writing
 */

static void what_is_written_reads_as_the_same(void **state)
{
    static struct page first, second;
    static const char *const more[] = {
        everything, "", "[lun 0]\ndisk = \"file x \"\n[lun 2]\ndisk = \"file ;a\"\n",
        "[target]\nalias=\"#1\"\nchap-user=;a\nchap-password=\"  \"\" ;  twelve\"\n",
        "[lun 0]\ndisk=ram 1M\nallow=iqn.2001-04.com.example:a read-only lun=3,*\n",
        "[network]\nlisten = \"#a,;b\"\naddress = dhcp\n[timeouts]\nnop=1\n[pins]\nsd-cs=none\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        struct thimble_settings before;
        good(more[i]);
        before = s;
        written(&first, true);
        good(first.text);
        assert_string_equal(first.text, written(&second, true));
        assert_int_equal(before.n_entries, s.n_entries);
        assert_memory_equal(&before.limits.head.given, &s.limits.head.given, sizeof s.limits.head.given);
        assert_int_equal(before.timeouts.head.given, s.timeouts.head.given);
        assert_int_equal(before.lun[1].create_bytes, s.lun[1].create_bytes);
    }
    good(everything);
    written(&first, true);
    static const char *const lines[] = {
        "\nport = 3261\n", "\nlisten = [::1]:3262\n", "\npassword = \" eight bytes;\"\n", "\nread-only = yes\n",
        "\nalias = \"A \"\"name\"\" ; of it\"\n", "\ndisk = file a b.img\n", "\ndisk = ram 64M\n",
        "\nled-error = none\n", "\nbuffer-size = 12K\n", "\nnop = never\n", "\ngrace = 0\n", "\ncache = 0\n",
        "\n; block-size = 512\n", "\nblock-size = 4096\n", "\nlevel = debug\n", "\naddress = 192.168.1.50/24\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!strstr(first.text, lines[i]))
            fail_msg("not written: %s in %s", lines[i], first.text);
}

static void the_longest_lines_can_be_written_and_read(void **state)
{
    static const char *const keys[] = { "alias", "chap-file" };
    static struct page first, second;
    char ini[300], fill[200];

    (void)state;
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        for (size_t len = 50; len + strlen(keys[k]) + 1 <= 198; len++) {
            memset(fill, 'a', len);
            fill[len] = '\0';
            if (len % 3 == 0)
                fill[0] = '#';
            snprintf(ini, sizeof ini, "[target]\n%s=%s\n", keys[k], fill);
            good(ini);
            written(&first, true);
            good(first.text);
            assert_string_equal(first.text, written(&second, true));
        }
    }
}

static void what_is_not_served_is_not_served_after_writing_either(void **state)
{
    static const char *const inis[] = {
        "[lun 0]\ndisk = floppy\n", "[lun 200]\n", "[xyzzy]\n", "[discovery]\nchap-user = a\n",
        "[target]\nchap-user = a\nchap-password = short\n",
        "[lun 0]\ndisk = ram 1M\n[lun 1]\ndisk = ram 1\n",
    };
    static struct page page;

    (void)state;
    for (size_t i = 0; i < sizeof inis / sizeof inis[0]; i++) {
        bool usable = read_ini(inis[i]);
        bool lun_0 = thimble_settings_lun(&s, 0) != NULL, lun_1 = thimble_settings_lun(&s, 1) != NULL;
        written(&page, true);
        assert_int_equal(usable, read_ini(page.text));
        assert_int_equal(lun_0, thimble_settings_lun(&s, 0) != NULL);
        assert_int_equal(lun_1, thimble_settings_lun(&s, 1) != NULL);
        assert_int_equal(i == 5, usable);
    }
}

static void a_network_more(void **state)
{
    (void)state;
    good("[wifi 2]\nssid = a\n");
    assert_true(thimble_settings_add_wifi(&s, "b", "12345678"));
    assert_string_equal("b", text_of(s.wifi[2].ssid));
    assert_string_equal("12345678", text_of(s.wifi[2].password));
    assert_true(thimble_settings_add_wifi(&s, "c", ""));
    assert_string_equal("c", text_of(s.wifi[3].ssid));
    assert_null(text_of(s.wifi[3].password));
    assert_false(thimble_settings_add_wifi(&s, "d", "short"));
    assert_false(thimble_settings_add_wifi(&s, "123456789012345678901234567890123", ""));
    assert_false(s.wifi[4].head.present);
    assert_null(text_of(s.wifi[4].ssid));
    while (thimble_settings_add_wifi(&s, "e", ""))
        ;
    assert_string_equal("e", text_of(s.wifi[THIMBLE_SETTINGS_WIFI - 1].ssid));
    assert_string_equal("c", text_of(s.wifi[3].ssid));

    good("");                           /* a sketch's own stays, too */
    assert_true(thimble_settings_default(&s, "wifi", "ssid", "sketch"));
    assert_true(thimble_settings_add_wifi(&s, "b", ""));
    assert_string_equal("sketch", text_of(s.wifi[0].ssid));
    assert_string_equal("b", text_of(s.wifi[1].ssid));
}

static void secrets_are_never_told(void **state)
{
    /* Each has the word at a place where a sentence could quote it. */
    static const char *const inis[] = {
        "[target]\nchap-user = a\nchap-password = hushhush-hushhush\nmutual-user = b\nmutual-password = other-hushhush\n",
        "[update]\nkey = hushhush-hushhush\n", "[update]\nkey = hushhush\n",
        "[wifi]\nssid = a\npassword = hushhush-hushhush\n", "[wifi]\nssid = a\npassword = hush\n",
        "[target]\nchap-user = a\nchap-password = hushhush\n", "[target]\nchap-password = hush\xc3\xa9hushhush\n",
        "[target]\nchap-password hushhush-hushhush\n", "[target]\nchap-password hushhush = hushhush\n",
        "[target]\nchap-pasword = hushhush-hushhush\n", "[target]\nchap-password = \"hushhush-hushhush\n",
        "chap-password = hushhush\n", "chap-password hush = hush\n", "[log]\nchap-password = hushhush\n",
        "[target]\nchap-password = hush\x01hushhush\n",
        "[discovery]\nchap-user = a\nchap-password = hushhush-hushhush\nchap-password = hushhush-hushhush\n",
        "[target]\nchap-user=a\nchap-password=hushhush-hushhush\nmutual-user=b\nmutual-password=hushhush-hushhush\n",
    };
    static struct page page;

    (void)state;
    for (size_t i = 0; i < sizeof inis / sizeof inis[0]; i++) {
        read_ini(inis[i]);
        written(&page, false);
        if (strstr(said, "hush") || strstr(page.text, "hush"))
            fail_msg("%s: %s%s", inis[i], said, page.text);
    }
    good(inis[0]);
    assert_non_null(strstr(written(&page, false), "chap-password = ***\n"));
    assert_non_null(strstr(page.text, "mutual-password = ***\n"));
    assert_non_null(strstr(written(&page, true), "hushhush-hushhush"));
    thimble_settings_wipe(&s);
    for (size_t i = 0; i < sizeof s; i++)
        assert_int_equal(0, ((unsigned char *)&s)[i]);
}

/* --------------------------------------------------------------------------------------
 * The table, the example and the page
 */

static void the_table_is_sound(void **state)
{
    (void)state;
    for (const struct th_setting *row = th_settings; row < th_settings + th_n_settings; row++) {
        assert_ptr_equal(row, th_setting_find(row->section, row->key));
        assert_true(row > th_settings ? row->section >= row[-1].section : row->section == 0);
        assert_true(th_given_bit(row) != 0);
        assert_true(row->flags & TH_SET_BOTH);
        assert_true(row->help && !strchr(row->help, '|'));
        assert_string_equal(row->key, th_nearest_key(row->section, row->key));
        if (!(row->flags & TH_SET_LIST))
            assert_true(row->bytes > 0 && row->at + row->bytes <= th_sections[row->section].stride);
    }
}

/* Each key of the example, with its comment mark taken off, is known, and defaults are good values. */
static void the_example_is_a_good_file(void **state)
{
    static struct page page;
    static char ini[65536];
    struct thimble_settings_sink sink = { .put = put, .ctx = &page };
    unsigned n_keys = 0;

    (void)state;
    page.used = 0;
    thimble_settings_example(&sink);
    good(page.text);
    ini[0] = '\0';
    for (char *line = strtok(page.text, "\n"); line; line = strtok(NULL, "\n")) {
        size_t len = strlen(line);
        assert_int_equal(';', line[0]);
        assert_in_range(len, 0, 79);
        if (line[1] == ' ')
            continue;
        n_keys += line[1] != '[';
        assert_true(line[1] == '[' || strchr(line, '='));
        /* A network needs its name, which has no default. */
        if (line[len - 1] != '=' && strncmp(line, ";[wifi", 6) != 0)
            strcat(strcat(ini, line + 1), "\n");
    }
    assert_int_equal(th_n_settings, n_keys);
    good(ini);
    assert_int_equal(3260, s.network.port);
}

static void the_page_in_docs_is_that_of_the_table(void **state)
{
    static struct page made, kept;
    struct thimble_settings_sink sink = { .put = put, .ctx = &made };
    FILE *file = fopen("../docs/settings.md", "r");

    (void)state;
    if (!file)
        fail_msg("docs/settings.md is not there; make it by thimble settings --markdown");
    kept.text[fread(kept.text, 1, sizeof kept.text - 1, file)] = '\0';
    fclose(file);
    made.used = 0;
    thimble_settings_markdown(&sink);
    for (unsigned i = 0; i < th_n_settings; i++) {
        char cell[64];
        snprintf(cell, sizeof cell, "| `%s` |", th_settings[i].key);
        assert_non_null(strstr(made.text, cell));
    }
    if (strcmp(made.text, kept.text) != 0)
        fail_msg("docs/settings.md is not what thimble settings --markdown prints");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_means_the_defaults),
        cmocka_unit_test(every_key_is_understood),
        cmocka_unit_test(accounts_become_chap),
        cmocka_unit_test(numbers_reach_the_engine),
        cmocka_unit_test(any_line_end_and_a_byte_order_mark_will_do),
        cmocka_unit_test(quotes_and_comments),
        cmocka_unit_test(what_is_no_settings_file),
        cmocka_unit_test(lines_that_are_neither_section_nor_key),
        cmocka_unit_test(unknown_names_and_their_neighbours),
        cmocka_unit_test(numbers_of_sections),
        cmocka_unit_test(every_kind_of_wrong_value),
        cmocka_unit_test(a_wrong_value_keeps_the_default_and_reading_goes_on),
        cmocka_unit_test(what_has_a_mistake_is_not_served_but_the_rest_is),
        cmocka_unit_test(what_does_not_fit_together),
        cmocka_unit_test(who_sees_a_unit),
        cmocka_unit_test(one_unit_by_one_lun),
        cmocka_unit_test(too_many_names_and_texts),
        cmocka_unit_test(what_is_written_reads_as_the_same),
        cmocka_unit_test(the_longest_lines_can_be_written_and_read),
        cmocka_unit_test(what_is_not_served_is_not_served_after_writing_either),
        cmocka_unit_test(a_network_more),
        cmocka_unit_test(secrets_are_never_told),
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(the_example_is_a_good_file),
        cmocka_unit_test(the_page_in_docs_is_that_of_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
