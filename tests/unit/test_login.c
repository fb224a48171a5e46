/* SPDX-License-Identifier: MIT
 *
 * test_login.c: the login phase: stages, flags, who may log in, every status, and text
 * that is cut anywhere.
 */
#include "nego_test.h"

/* ------------------------------------------------------------------------------------
 * Stages and flags
 */
struct stage_case {
    const char *title;
    uint8_t first, second;      /* flags of two requests; second 0xff: only one is sent */
    uint8_t answer;             /* flags of the last response */
    enum th_login_next next;
};

#define ONLY 0xff

static const struct stage_case stages[] = {
    { "security, stays", CSG(0), ONLY, CSG(0), TH_LOGIN_ANSWER },
    { "operational, stays", CSG(1), ONLY, CSG(1), TH_LOGIN_ANSWER },
    { "security to operational", T | CSG(0) | NSG(1), ONLY, T | CSG(0) | NSG(1),
      TH_LOGIN_ANSWER },
    { "security to full feature", T | CSG(0) | NSG(3), ONLY, T | CSG(0) | NSG(3),
      TH_LOGIN_DONE },
    { "operational to full feature", T | CSG(1) | NSG(3), ONLY, T | CSG(1) | NSG(3),
      TH_LOGIN_DONE },
    { "all three", T | CSG(0) | NSG(1), T | CSG(1) | NSG(3), T | CSG(1) | NSG(3),
      TH_LOGIN_DONE },
    { "security twice", CSG(0), T | CSG(0) | NSG(1), T | CSG(0) | NSG(1),
      TH_LOGIN_ANSWER },
    { "operational twice", CSG(1), T | CSG(1) | NSG(3), T | CSG(1) | NSG(3),
      TH_LOGIN_DONE },
    { "NSG means nothing without T", CSG(0) | NSG(2), ONLY, CSG(0), TH_LOGIN_ANSWER },
    { "the same, NSG below CSG", CSG(1) | NSG(0), ONLY, CSG(1), TH_LOGIN_ANSWER },
    { "C alone", C | CSG(0), ONLY, CSG(0), TH_LOGIN_ANSWER },
    { "reserved bits are passed over", 0x30 | CSG(1), ONLY, CSG(1), TH_LOGIN_ANSWER },

    { "to the reserved stage", T | CSG(0) | NSG(2), ONLY, CSG(0), TH_LOGIN_FAILED },
    { "operational to the reserved stage", T | CSG(1) | NSG(2), ONLY, CSG(1),
      TH_LOGIN_FAILED },
    { "in the reserved stage", CSG(2), ONLY, CSG(2), TH_LOGIN_FAILED },
    { "out of the reserved stage", T | CSG(2) | NSG(3), ONLY, CSG(2), TH_LOGIN_FAILED },
    { "in full feature phase at once", CSG(3), ONLY, CSG(3), TH_LOGIN_FAILED },
    { "security to security", T | CSG(0) | NSG(0), ONLY, CSG(0), TH_LOGIN_FAILED },
    { "operational to operational", T | CSG(1) | NSG(1), ONLY, CSG(1), TH_LOGIN_FAILED },
    { "operational to security", T | CSG(1) | NSG(0), ONLY, CSG(1), TH_LOGIN_FAILED },
    { "T with C", T | C | CSG(0) | NSG(1), ONLY, CSG(0), TH_LOGIN_FAILED },
    { "back to security", T | CSG(0) | NSG(1), CSG(0), CSG(0), TH_LOGIN_FAILED },
    { "operational, then security", CSG(1), CSG(0), CSG(0), TH_LOGIN_FAILED },
    { "another stage without T", CSG(0), CSG(1), CSG(1), TH_LOGIN_FAILED },
    { "operational where security goes on", CSG(0), T | CSG(1) | NSG(3), CSG(1),
      TH_LOGIN_FAILED },
    { "stage changes within one text", C | CSG(0), CSG(1), CSG(1), TH_LOGIN_FAILED },
};

static void test_stages(void **state)
{
    (void)state;
    static struct world w;
    for (size_t i = 0; i < COUNT(stages); i++) {
        const struct stage_case *s = &stages[i];
        world_init(&w);
        login_init(&w);
        login(&w, s->first, NORMAL);
        if (s->second != ONLY) {
            assert_int_equal(w.next, TH_LOGIN_ANSWER);
            login(&w, s->second, "");
        }

        bool failed = s->next == TH_LOGIN_FAILED;
        if (w.next != s->next || w.bhs[1] != s->answer ||
            w.n.status != (failed ? TH_LOGIN_INITIATOR_ERROR : 0) ||
            w.n.why != (failed ? THIMBLE_REASON_LOGIN_PROTOCOL : THIMBLE_REASON_NONE))
            fail_msg("%s: next %d flags %02x status %04x", s->title, w.next, w.bhs[1],
                     w.n.status);
        assert_int_equal(w.admitted, s->next == TH_LOGIN_DONE);
        if (failed)
            assert_int_equal(w.len, 0);
    }
}

/* ------------------------------------------------------------------------------------
 * Who may log in to what
 */
struct first_case {
    const char *title;
    const char *request, *answer;
    uint16_t status;
    enum thimble_reason why;
    const char *key;
};

#define FINE 0, THIMBLE_REASON_NONE
#define NAME200 "iqn.2024-01.example:" \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890" \
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

static const struct first_case firsts[] = {
    { "normal", NORMAL, "TargetPortalGroupTag=1", FINE, "" },
    { "SessionType left out is Normal", "InitiatorName=" HOST " TargetName=" DISK,
      "TargetPortalGroupTag=1", FINE, "" },
    { "any order", "SessionType=Normal TargetName=" DISK " InitiatorName=" HOST,
      "TargetPortalGroupTag=1", FINE, "" },
    { "an alias is declared", "InitiatorName=" HOST " TargetName=" OTHER,
      "TargetPortalGroupTag=65535 TargetAlias=other^disk", FINE, "" },
    { "names in capitals", "InitiatorName=" HOST " TargetName=IQN.2024-01.EXAMPLE:DISK",
      "TargetPortalGroupTag=1", FINE, "" },
    { "discovery", DISCOVERY, "", FINE, "" },
    { "discovery with a target", DISCOVERY " TargetName=" OTHER, "", FINE, "" },
    { "discovery with a target of nobody", DISCOVERY " TargetName=iqn.nobody", "", FINE,
      "" },
    { "on the allow-list", "InitiatorName=" FRIEND " TargetName=" VAULT,
      "TargetPortalGroupTag=2", FINE, "" },
    { "on the allow-list, in capitals",
      "InitiatorName=IQN.1994-05.EXAMPLE:FRIEND TargetName=" VAULT,
      "TargetPortalGroupTag=2", FINE, "" },
    { "name of 223 bytes",
      "InitiatorName=" NAME200 "01234567890123456789012 TargetName=" DISK,
      "TargetPortalGroupTag=1", FINE, "" },
    { "name that is not ASCII",
      "InitiatorName=iqn.1994-05.example:h\xc3\xb6st TargetName=" DISK,
      "TargetPortalGroupTag=1", FINE, "" },
    { "said twice, the same", NORMAL " " NORMAL, "TargetPortalGroupTag=1", FINE, "" },

    { "no text", "", "", TH_LOGIN_MISSING_PARAMETER, THIMBLE_REASON_NAME_MISSING,
      "InitiatorName" },
    { "no initiator", "TargetName=" DISK, "", TH_LOGIN_MISSING_PARAMETER,
      THIMBLE_REASON_NAME_MISSING, "InitiatorName" },
    { "no initiator in discovery", "SessionType=Discovery", "",
      TH_LOGIN_MISSING_PARAMETER,
      THIMBLE_REASON_NAME_MISSING, "InitiatorName" },
    { "no target", "InitiatorName=" HOST, "", TH_LOGIN_MISSING_PARAMETER,
      THIMBLE_REASON_NAME_MISSING, "TargetName" },
    { "target of nobody", "InitiatorName=" HOST " TargetName=iqn.2024-01.example:disk2",
      "",
      TH_LOGIN_NOT_FOUND, THIMBLE_REASON_TARGET_UNKNOWN, "TargetName" },
    { "empty target", "InitiatorName=" HOST " TargetName=", "", TH_LOGIN_NOT_FOUND,
      THIMBLE_REASON_TARGET_UNKNOWN, "TargetName" },
    { "not on the allow-list", "InitiatorName=" HOST " TargetName=" VAULT, "",
      TH_LOGIN_FORBIDDEN, THIMBLE_REASON_NOT_ALLOWED, "InitiatorName" },
    { "almost on the allow-list", "InitiatorName=" FRIEND "s TargetName=" VAULT, "",
      TH_LOGIN_FORBIDDEN, THIMBLE_REASON_NOT_ALLOWED, "InitiatorName" },
    { "unknown SessionType", "InitiatorName=" HOST " SessionType=Data", "",
      TH_LOGIN_SESSION_TYPE,
      THIMBLE_REASON_SESSION_TYPE, "SessionType" },
    { "empty SessionType", "InitiatorName=" HOST " SessionType=", "",
      TH_LOGIN_SESSION_TYPE,
      THIMBLE_REASON_SESSION_TYPE, "SessionType" },
    { "empty initiator", "InitiatorName= TargetName=" DISK, "", TH_LOGIN_INITIATOR_ERROR,
      THIMBLE_REASON_NAME_BAD, "InitiatorName" },
    { "name of 224 bytes",
      "InitiatorName=" NAME200 "012345678901234567890123 TargetName=" DISK, "",
      TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_NAME_BAD, "InitiatorName" },
    { "blank in the name", "InitiatorName=iqn.a^b TargetName=" DISK, "",
      TH_LOGIN_INITIATOR_ERROR,
      THIMBLE_REASON_NAME_BAD, "InitiatorName" },
    { "line feed in the name", "InitiatorName=iqn.a\nb TargetName=" DISK, "",
      TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_NAME_BAD, "InitiatorName" },
    { "two initiators",
      "InitiatorName=" HOST " InitiatorName=" FRIEND " TargetName=" DISK, "",
      TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_KEY_REPEATED, "InitiatorName" },
    { "two targets", NORMAL " TargetName=" OTHER, "", TH_LOGIN_INITIATOR_ERROR,
      THIMBLE_REASON_KEY_REPEATED, "TargetName" },
    { "both types", NORMAL " SessionType=Discovery", "", TH_LOGIN_INITIATOR_ERROR,
      THIMBLE_REASON_KEY_REPEATED, "SessionType" },
    { "an answer for a name is none", "InitiatorName=Reject TargetName=" DISK, "",
      TH_LOGIN_MISSING_PARAMETER, THIMBLE_REASON_NAME_MISSING, "InitiatorName" },
};

static void test_firsts(void **state)
{
    (void)state;
    static struct world w;
    for (size_t i = 0; i < COUNT(firsts); i++) {
        const struct first_case *f = &firsts[i];
        world_init(&w);
        login_init(&w);
        login(&w, T | CSG(0) | NSG(1), f->request);
        if (w.n.status != f->status || w.n.why != f->why || strcmp(plain_text(&w),
            f->answer) != 0 ||
            strcmp(w.n.why_key, f->key) != 0)
            fail_msg("%s: %04x %d '%s' '%s'", f->title, w.n.status, w.n.why, w.n.why_key,
                     plain_text(&w));
        assert_int_equal(w.admitted, 0);
        if (f->status != 0)
            continue;

        bool discovery = strstr(f->request, "Discovery") != NULL;
        login(&w, T | CSG(1) | NSG(3), "");
        assert_int_equal(w.next, TH_LOGIN_DONE);
        assert_int_equal(w.params.discovery, discovery);
        assert_int_equal(w.admit_node == NULL, discovery);
        assert_string_equal(plain_text(&w), "MaxRecvDataSegmentLength=16384");
    }
}

/* What an engine finds when a login is done. */
static void test_peer(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    login_init(&w);
    login(&w, T | CSG(1) | NSG(3),
          "InitiatorName=IQN.1994-05.Example:Host TargetName=" OTHER);
    assert_int_equal(w.next, TH_LOGIN_DONE);
    assert_string_equal(w.peer.name, HOST);
    assert_memory_equal(w.peer.isid, w.isid, 6);
    assert_int_equal(w.peer.cid, 7);
    assert_int_equal(w.peer.tsih, 0x7001);
    assert_ptr_equal(w.admit_node, &w.nodes[1]);
    assert_ptr_equal(w.n.node, &w.nodes[1]);
    assert_int_equal(w.admitted, 1);
}

/* ------------------------------------------------------------------------------------
 * The other statuses
 */
static void expect_failure(struct world *w, uint16_t status, enum thimble_reason why)
{
    assert_int_equal(w->next, TH_LOGIN_FAILED);
    assert_int_equal(w->n.status, status);
    assert_int_equal(w->n.why, why);
    assert_int_equal(w->len, 0);
    assert_int_equal(w->bhs[1] & (T | C), 0);

    uint8_t bhs[48] = { 0x43 };             /* it stays refused */
    assert_false(th_login_request(&w->n, bhs));
}

static void test_version(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    login_init(&w);
    w.version_min = 1;
    login(&w, CSG(0), NORMAL);
    expect_failure(&w, TH_LOGIN_VERSION, THIMBLE_REASON_LOGIN_VERSION);
    assert_int_equal(w.bhs[2], 0);
    assert_int_equal(w.bhs[3], 0);
}

static void test_shutting_down(void **state)
{
    (void)state;
    static struct world w;
    for (int late = 0; late < 2; late++) {
        world_init(&w);
        login_init(&w);
        if (late)
            login(&w, CSG(0), NORMAL);
        w.env.shutting_down = true;
        login(&w, CSG(0), late ? "" : NORMAL);
        expect_failure(&w, TH_LOGIN_UNAVAILABLE, THIMBLE_REASON_SHUTDOWN);
    }
}

static void test_not_admitted(void **state)
{
    (void)state;
    static const uint16_t statuses[] = { TH_LOGIN_OUT_OF_RESOURCES, TH_LOGIN_NO_SESSION,
                                         TH_LOGIN_TOO_MANY_CONNECTIONS };
    static struct world w;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        world_init(&w);
        login_init(&w);
        w.tsih = 0x1234;
        w.admit_status = statuses[i];
        login(&w, T | CSG(0) | NSG(1), NORMAL);
        assert_int_equal(w.admitted, 0);
        assert_int_equal(w.peer.tsih, 0x1234);
        login(&w, T | CSG(1) | NSG(3), "InitialR2T=No");
        assert_int_equal(w.admitted, 1);
        expect_failure(&w, statuses[i], THIMBLE_REASON_SESSION_UNKNOWN);
    }
}

/* A login is one ITT, ISID, TSIH and CID from its first request to its last. */
static void test_changes(void **state)
{
    (void)state;
    static struct world w;
    for (int field = 0; field < 4; field++) {
        world_init(&w);
        login_init(&w);
        login(&w, CSG(1), NORMAL);
        uint8_t bhs[48] = { 0x43, CSG(1) };
        memcpy(bhs + 8, w.isid, 6);
        th_put32(bhs + 16, w.itt);
        th_put16(bhs + 20, w.cid);
        static const uint8_t at[] = { 13, 15, 19, 21 };
        bhs[at[field]] ^= 1;
        assert_true(th_login_request(&w.n, bhs));
        assert_int_equal(th_login_end(&w.n), TH_LOGIN_FAILED);
        assert_int_equal(w.n.status, TH_LOGIN_INITIATOR_ERROR);
        assert_int_equal(w.n.why, THIMBLE_REASON_LOGIN_PROTOCOL);
    }
}

/* Text that comes with a header that is refused is taken and dropped. */
static void test_text_after_refusal(void **state)
{
    (void)state;
    static struct world w;
    static char data[8192];
    world_init(&w);
    login_init(&w);
    memset(data, 'x', sizeof data);
    assert_true(login_bytes(&w, T | C, data, sizeof data, 0));
    expect_failure(&w, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_LOGIN_PROTOCOL);
}

/* ------------------------------------------------------------------------------------
 * Long text
 */
static uint32_t unknown_key(char *out, unsigned number, unsigned value_len)
{
    int len = sprintf(out, "X-%u=", number);
    memset(out + len, 'v', value_len);
    out[len + value_len] = '\0';
    return (uint32_t)len + value_len + 1;
}

static void test_long_text(void **state)
{
    (void)state;
    static struct world w;
    char data[8192];
    uint32_t total = 0;
    unsigned number = 0;
    world_init(&w);
    login_init(&w);

    uint32_t len = wire_text(data, NORMAL);
    assert_true(login_bytes(&w, C | CSG(1), data, len, 0));
    while (total < 32768) {
        len = 0;
        while (len + 300 < sizeof data)
            len += unknown_key(data + len, number++, 255);
        assert_true(login_bytes(&w, C | CSG(1), data, len, 0));
        assert_int_equal(w.n.status, 0);
        assert_int_equal(w.len, 0);
        assert_int_equal(w.bhs[1], CSG(1));
        total += len;
    }
    login(&w, T | CSG(1) | NSG(3), "InitialR2T=No");
    assert_int_equal(w.next, TH_LOGIN_DONE);
    assert_false(w.params.initial_r2t);
    assert_non_null(strstr(plain_text(&w), "X-0=NotUnderstood X-1=NotUnderstood"));
    assert_non_null(strstr(plain_text(&w), " InitialR2T=No TargetPortalGroupTag=1"));
}

static void test_too_much_text(void **state)
{
    (void)state;
    static struct world w;
    static char data[8192];         /* empty pairs: nothing to answer, and yet text */
    world_init(&w);
    login_init(&w);
    login(&w, C | CSG(0), NORMAL);
    for (uint32_t total = 8192; total < THIMBLE_TEXT_REQUEST_MAX; total += 8192) {
        assert_true(login_bytes(&w, C | CSG(0), data, sizeof data, 0));
        assert_int_equal(w.n.status, 0);
    }
    assert_true(login_bytes(&w, C | CSG(0), data, sizeof data, 0));
    expect_failure(&w, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_TEXT_TOO_LONG);
}

static void test_too_many_answers(void **state)
{
    (void)state;
    static struct world w;
    char data[8192];
    unsigned number = 0;
    world_init(&w);
    login_init(&w);
    login(&w, C | CSG(0), NORMAL);
    for (unsigned i = 0; w.n.status == 0 && i < 7; i++) {
        uint32_t len = 0;
        while (len + 20 < sizeof data)
            len += unknown_key(data + len, number++, 0);
        assert_true(login_bytes(&w, C | CSG(0), data, len, 0));
    }
    expect_failure(&w, TH_LOGIN_OUT_OF_RESOURCES, THIMBLE_REASON_NO_ROOM);
}

static void test_longest_pair(void **state)
{
    (void)state;
    static struct world w;
    static char data[8192];
    for (unsigned over = 0; over < 2; over++) {
        world_init(&w);
        login_init(&w);
        login(&w, CSG(1), NORMAL);
        uint32_t len = (uint32_t)sprintf(data, "X=");
        memset(data + len, 'v', TH_PAIR_MAX - 1 - len + over);
        len = TH_PAIR_MAX - 1 + over;
        data[len++] = '\0';
        assert_true(login_bytes(&w, CSG(1), data, len, 0));
        if (over)
            expect_failure(&w, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_TEXT_TOO_LONG);
        else
            assert_string_equal(plain_text(&w), "X=NotUnderstood");
    }
}

/* The last NUL may be missing where the text ends, but not where it only pauses. */
static void test_last_nul_missing(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    login_init(&w);
    login(&w, CSG(1), NORMAL);
    assert_true(login_bytes(&w, CSG(1), "InitialR2T=No", 13, 0));
    assert_string_equal(plain_text(&w), "InitialR2T=No");
    assert_true(login_bytes(&w, C | CSG(1), "ImmediateData=", 14, 0));
    assert_int_equal(w.len, 0);
    assert_true(login_bytes(&w, CSG(1), "No", 2, 0));
    assert_string_equal(plain_text(&w), "ImmediateData=No");
}

/* Answers that do not fit one response: C=1, and no stage ends before the last. */
static void test_answers_in_parts(void **state)
{
    (void)state;
    static struct world w;
    static const char *const parts[] = {
        "ErrorRecoveryLevel=0 InitialR2T=No", "ImmediateData=Yes MaxConnections=1",
        "TargetPortalGroupTag=1", "MaxRecvDataSegmentLength=16384",
    };
    world_init(&w);
    login_init(&w);
    w.n.send_max_bytes = 40;
    login(&w, T | CSG(1) | NSG(3),
          NORMAL " ErrorRecoveryLevel=0 InitialR2T=No ImmediateData=Yes MaxConnections=1");
    for (size_t i = 0; i < COUNT(parts); i++) {
        bool last = i + 1 == COUNT(parts);
        assert_string_equal(plain_text(&w), parts[i]);
        assert_int_equal(w.bhs[1], last ? (T | CSG(1) | NSG(3)) : (C | CSG(1)));
        assert_int_equal(w.next, last ? TH_LOGIN_DONE : TH_LOGIN_ANSWER);
        assert_int_equal(w.admitted, last);
        if (!last)
            login(&w, T | CSG(1) | NSG(3), "");
    }

    /* An initiator that goes on talking instead of listening. */
    world_init(&w);
    login_init(&w);
    w.n.send_max_bytes = 40;
    login(&w, CSG(1), NORMAL " ErrorRecoveryLevel=0 InitialR2T=No ImmediateData=Yes");
    assert_int_equal(w.bhs[1], C | CSG(1));
    login(&w, CSG(1), "MaxConnections=1");
    expect_failure(&w, TH_LOGIN_INITIATOR_ERROR, THIMBLE_REASON_LOGIN_PROTOCOL);

    /* A pair longer than the response is cut within. */
    world_init(&w);
    login_init(&w);
    w.n.send_max_bytes = 10;
    login(&w, CSG(1), NORMAL);
    assert_int_equal(w.len, 10);
    assert_memory_equal(w.text, "TargetPort", 10);
    login(&w, CSG(1), "");
    assert_memory_equal(w.text, "alGroupTag", 10);
    login(&w, CSG(1), "");
    assert_int_equal(w.len, 3);
    assert_memory_equal(w.text, "=1", 3);
}

/* Straight from security to full feature phase there is no stage to declare a segment
 * length in.  Where 8192, which the initiator then takes for granted, is too much, it is
 * told all the same. */
static void test_skipped_operational(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    login_init(&w);
    login(&w, T | CSG(0) | NSG(3), NORMAL " AuthMethod=None");
    assert_string_equal(plain_text(&w), "TargetPortalGroupTag=1 AuthMethod=None");
    assert_int_equal(w.next, TH_LOGIN_DONE);

    world_init(&w);
    w.env.max_recv_bytes = 4096;
    login_init(&w);
    login(&w, T | CSG(0) | NSG(3), NORMAL);
    assert_string_equal(plain_text(&w),
                        "TargetPortalGroupTag=1 MaxRecvDataSegmentLength=4096");
}

static void test_declared_once(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    login_init(&w);
    login(&w, T | CSG(0) | NSG(1), NORMAL);
    assert_string_equal(plain_text(&w), "TargetPortalGroupTag=1");
    login(&w, CSG(1), "");
    assert_string_equal(plain_text(&w), "MaxRecvDataSegmentLength=16384");
    login(&w, CSG(1), "");
    assert_string_equal(plain_text(&w), "");
    login(&w, T | CSG(1) | NSG(3), "");
    assert_string_equal(plain_text(&w), "");
    assert_int_equal(w.next, TH_LOGIN_DONE);
}

/* FirstBurstLength agreed on first, MaxBurstLength smaller and later. */
static void test_bursts_in_two_texts(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w);
    login_init(&w);
    login(&w, CSG(1), NORMAL " FirstBurstLength=65536");
    login(&w, T | CSG(1) | NSG(3), "MaxBurstLength=4096");
    assert_int_equal(w.next, TH_LOGIN_DONE);
    assert_int_equal(w.params.max_burst_bytes, 4096);
    assert_int_equal(w.params.first_burst_bytes, 4096);
}

/* ------------------------------------------------------------------------------------
 * Text that is cut
 */
struct request { uint8_t flags; const char *text; };

struct stream {
    const char *title;
    struct request requests[4];
    unsigned n_requests;
};

static const struct stream streams[] = {
    { "normal session, three stages",
      { { T | CSG(0) | NSG(1), NORMAL " AuthMethod=CHAP,None InitiatorAlias=me" },
        { CSG(1),
          "HeaderDigest=CRC32C,None DataDigest=None InitialR2T=No MaxBurstLength=0x4000"
          },
        { T | CSG(1) | NSG(3), "FirstBurstLength=65536 X-vendor=1 ImmediateData=Yes" } },
          3 },
    { "discovery session, one request",
      { { T | CSG(1) | NSG(3),
        DISCOVERY " MaxRecvDataSegmentLength=32768 InitialR2T=No" } }, 1 },
    { "unknown target", { { T | CSG(0) | NSG(1),
      "InitiatorName=" HOST " TargetName=iqn.x" } }, 1 },
    { "key twice", { { CSG(1), NORMAL " InitialR2T=No InitialR2T=No MaxConnections=1" } },
      1 },
    { "not key=value", { { CSG(1), NORMAL " junk InitialR2T=No" } }, 1 },
    { "bad length", { { CSG(1), NORMAL }, { CSG(1), "MaxRecvDataSegmentLength=1" } }, 2 },
    { "CHAP is needed",
      { { T | CSG(0) | NSG(1),
        "InitiatorName=" HOST " TargetName=" GUARDED " AuthMethod=None" } }, 1 },
};

/* What an initiator can tell of a login, for comparison. */
struct transcript { char text[8192]; size_t len; };

static void note(struct transcript *t, const struct world *w)
{
    assert_true(t->len + 8 + w->len < sizeof t->text);
    t->text[t->len++] = (char)w->bhs[1];
    t->text[t->len++] = (char)w->bhs[36];
    t->text[t->len++] = (char)w->bhs[37];
    t->text[t->len++] = (char)w->next;
    memcpy(t->text + t->len, w->text, w->len);
    t->len += w->len;
}

/* Runs a stream.  piece: bytes of one arrival, 0 all.  In request `which` the data
 * arrives in two pieces, cut after `cut` bytes, or with `by_pdu` in two PDUs. */
static void run_stream(struct world *w, const struct stream *s, size_t piece,
                       unsigned which,
                       uint32_t cut, bool by_pdu, struct transcript *t)
{
    static const struct thimble_chap chap;
    world_init(w);
    w->nodes[3].chap = &chap;
    w->env.n_nodes = 4;
    w->piece = piece;
    login_init(w);
    t->len = 0;

    for (unsigned i = 0; i < s->n_requests; i++) {
        char data[1024];
        uint32_t len = wire_text(data, s->requests[i].text);
        uint8_t flags = s->requests[i].flags;
        if (by_pdu && i == which) {
            assert_true(login_bytes(w, (uint8_t)((flags & CSG(3)) | C), data, cut, 0));
            if (w->next == TH_LOGIN_FAILED) {   /* found out early */
                w->bhs[1] = flags & CSG(3);
                note(t, w);
                return;
            }
            assert_int_equal(w->next, TH_LOGIN_ANSWER);
            assert_int_equal(w->bhs[1], flags & CSG(3));
            assert_int_equal(w->len, 0);
            assert_true(login_bytes(w, flags, data + cut, len - cut, 0));
        } else {
            assert_true(login_bytes(w, flags, data, len, i == which ? cut : 0));
        }
        note(t, w);
        if (w->next == TH_LOGIN_FAILED || w->next == TH_LOGIN_DONE)
            return;
    }
}

static void expect_same(const struct transcript *a, const struct transcript *b,
                        const char *title,
                        const char *how, unsigned which, uint32_t cut)
{
    if (a->len != b->len || memcmp(a->text, b->text, a->len) != 0)
        fail_msg("%s: %s, request %u, cut after %u", title, how, which, cut);
}

static void test_every_cut(void **state)
{
    (void)state;
    static struct world w;
    static struct transcript whole, t;
    for (size_t i = 0; i < COUNT(streams); i++) {
        const struct stream *s = &streams[i];
        run_stream(&w, s, 0, 0, 0, false, &whole);
        char params[256];
        strcpy(params, params_text(&w.params));
        uint16_t status = w.n.status;

        for (size_t piece = 1; piece < 8; piece++) {
            run_stream(&w, s, piece, 0, 0, false, &t);
            expect_same(&whole, &t, s->title, "pieces", 0, (uint32_t)piece);
        }
        for (unsigned which = 0; which < s->n_requests; which++) {
            char data[1024];
            uint32_t len = wire_text(data, s->requests[which].text);
            for (uint32_t cut = 0; cut <= len; cut++) {
                run_stream(&w, s, 0, which, cut, false, &t);
                expect_same(&whole, &t, s->title, "two pieces", which, cut);
                run_stream(&w, s, 0, which, cut, true, &t);
                expect_same(&whole, &t, s->title, "two PDUs", which, cut);
                assert_int_equal(w.n.status, status);
                if (status == 0)
                    assert_string_equal(params_text(&w.params), params);
                run_stream(&w, s, 1, which, cut, true, &t);
                expect_same(&whole, &t, s->title, "two PDUs, byte by byte", which, cut);
            }
        }
    }
}

/* Every PDU holds one byte of text. */
static void test_a_byte_a_pdu(void **state)
{
    (void)state;
    static struct world w;
    char data[256];
    uint32_t len = wire_text(data, NORMAL " InitialR2T=No");
    world_init(&w);
    login_init(&w);
    for (uint32_t i = 0; i < len; i++) {
        assert_true(login_bytes(&w, C | CSG(1), data + i, 1, 0));
        assert_int_equal(w.bhs[1], CSG(1));
        assert_int_equal(w.len, 0);
    }
    login(&w, T | CSG(1) | NSG(3), "");
    assert_string_equal(plain_text(&w),
                        "InitialR2T=No TargetPortalGroupTag=1 MaxRecvDataSegmentLength=16384");
    assert_int_equal(w.next, TH_LOGIN_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_firsts),
        cmocka_unit_test(test_peer),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_shutting_down),
        cmocka_unit_test(test_not_admitted),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_text_after_refusal),
        cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_too_much_text),
        cmocka_unit_test(test_too_many_answers),
        cmocka_unit_test(test_longest_pair),
        cmocka_unit_test(test_last_nul_missing),
        cmocka_unit_test(test_answers_in_parts),
        cmocka_unit_test(test_skipped_operational),
        cmocka_unit_test(test_declared_once),
        cmocka_unit_test(test_bursts_in_two_texts),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_a_byte_a_pdu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
