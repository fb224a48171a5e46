/* SPDX-License-Identifier: MIT
 *
 * test_sessions.c: sessions begin, live side by side, replace each other, and end.
 *
 * RFC 7143 4.4.3 (sessions), 6 (login), 11.9 (Async), 11.10 (text), 11.14 (logout),
 * 11.18 (NOP).
 */
#include "ways.h"

#include <nettle/md5.h>

/* ------------------------------------------------------------------------------------
 * Login
 */
static void login_in_one_step(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    log_in(p, "InitialR2T=No ImmediateData=Yes MaxBurstLength=16384 ErrorRecoveryLevel=2 "
              "MaxConnections=8 X-unknown=1");
    CHECK(lab, !p->initial_r2t && p->immediate_data && p->max_burst == 16384, "the answers");
    CHECK(lab, p->send_max == 4096, "MaxRecvDataSegmentLength=%u", (unsigned)p->send_max);
    CHECK(lab, lab_seen(lab, p, THIMBLE_EVENT_LOGIN, THIMBLE_REASON_NONE) == 1, "no event");
}

static void say_login(struct peer *p, uint8_t flags, const char *text)
{
    struct request r = login_request(p, flags, text);
    put(p, &r);
}

static void login_in_all_stages(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    say_login(p, T_BIT | CSG(0) | NSG(1), "InitiatorName=" HOST " TargetName=" DISK
                                          " AuthMethod=CHAP,None");
    expect(p, "login 0000 0-1 TargetPortalGroupTag=1 TargetAlias=a disk AuthMethod=None");
    say_login(p, CSG(1), "MaxBurstLength=512");
    expect(p, "login 0000 1 MaxBurstLength=512 MaxRecvDataSegmentLength=4096");
    say_login(p, LAST_LOGIN, "InitialR2T=Yes");
    expect(p, "login 0000 1-3 InitialR2T=Yes");
    CHECK(lab, p->logged_in, "not logged in");
    nop_answered(p);
}

static void login_straight_from_security(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    say_login(p, T_BIT | CSG(0) | NSG(3), "InitiatorName=" HOST " TargetName=" DISK
                                          " AuthMethod=None");
    expect(p, "login 0000 0-3 TargetPortalGroupTag=1 TargetAlias=a disk AuthMethod=None "
              "MaxRecvDataSegmentLength=4096");
    nop_answered(p);
}

/* 8 KiB of text in PDUs that end anywhere, with C bits. */
static void login_with_long_text(struct lab *lab)
{
    struct peer *p = lab_connect(lab);
    char *text = lab_alloc(lab, 9000);
    size_t len = 0;

    len +=
        (size_t)sprintf(text, "InitiatorName=" HOST " TargetName=" DISK " MaxBurstLength=4096");
    for (unsigned i = 0; len < 8300; i++)
        len += (size_t)sprintf(text + len, " X-com.example.%u=%0200u", i, i);
    char *bytes = lab_alloc(lab, 9000);
    uint32_t n = text_bytes(bytes, text);
    for (uint32_t at = 0; at < n;) {
        uint32_t piece = th_min32(3001, n - at);
        bool last = at + piece == n;
        struct request r = login_request(p, last ? LAST_LOGIN : C_BIT | CSG(1), "");
        r.data = bytes + at;
        r.len = piece;
        th_put24(r.bhs + 5, piece);
        put(p, &r);
        at += piece;
        struct pdu *pdu = hear(p);
        CHECK(lab, pdu && th_get16(pdu->bhs + 36) == 0, "refused");
        CHECK(lab, last || pdu->len == 0, "an answer to text that goes on");
    }
    CHECK(lab, p->logged_in && p->max_burst == 4096, "not logged in");
    nop_answered(p);
}

static void logins_refused(struct lab *lab)
{
    static const struct {
        const char *text;
        uint8_t  flags;
        uint16_t status;
        enum thimble_reason reason;
    } cases[] = {
        { "InitiatorName=" HOST, LAST_LOGIN, 0x0207, THIMBLE_REASON_NAME_MISSING },
        { "TargetName=" DISK, LAST_LOGIN, 0x0207, THIMBLE_REASON_NAME_MISSING },
        { "InitiatorName=" HOST " TargetName=" DISK "x", LAST_LOGIN, 0x0203,
          THIMBLE_REASON_TARGET_UNKNOWN },
        { "InitiatorName=" HOST " TargetName=" DISK " SessionType=Odd", LAST_LOGIN, 0x0209,
          THIMBLE_REASON_SESSION_TYPE },
        { "InitiatorName=" HOST " TargetName=" DISK " AuthMethod=SRP", T_BIT | CSG(0) | NSG(1),
          0x0201, THIMBLE_REASON_AUTH_PROTOCOL },
        { "InitiatorName=" HOST " TargetName=" DISK " nonsense", LAST_LOGIN, 0x0200,
          THIMBLE_REASON_TEXT_MALFORMED },
        { "InitiatorName=" HOST " TargetName=" DISK " InitialR2T=No InitialR2T=No", LAST_LOGIN,
          0x0200, THIMBLE_REASON_KEY_REPEATED },
        { "InitiatorName=" HOST " TargetName=" DISK " MaxRecvDataSegmentLength=511", LAST_LOGIN,
          0x0200, THIMBLE_REASON_KEY_VALUE },
        { "InitiatorName=" HOST " TargetName=" DISK, T_BIT | CSG(1) | NSG(1), 0x0200,
          THIMBLE_REASON_LOGIN_PROTOCOL },
        { "InitiatorName=" HOST " TargetName=" DISK, CSG(3), 0x0200,
          THIMBLE_REASON_LOGIN_PROTOCOL },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct peer *p = lab_connect(lab);
        CHECK(lab, p, "case %zu: no connection", i);
        say_login(p, cases[i].flags, cases[i].text);
        refused(p, cases[i].status, cases[i].reason);
    }
    struct peer *p = lab_connect(lab);
    struct request r = login_request(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    r.bhs[2] = r.bhs[3] = 1;            /* version 1 at least */
    put(p, &r);
    refused(p, 0x0205, THIMBLE_REASON_LOGIN_VERSION);
    log_in(lab_connect(lab), "");
}

static const char *const friends[] = { "iqn.1994-05.example:friend" };

static void only_friends(struct lab *lab)
{
    struct peer *p = lab_connect(lab);
    say_login(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    refused(p, 0x0202, THIMBLE_REASON_NOT_ALLOWED);

    struct peer *f = lab_connect(lab);
    f->name = friends[0];
    log_in(f, "");
    nop_answered(f);
}

/* ---- CHAP ---- */
static bool next_random(void *ctx, void *buf, size_t len)
{
    static unsigned char next;
    (void)ctx;
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)buf)[i] = next += 37;
    return true;
}

static size_t md5(void *ctx, enum thimble_hash algorithm, const struct thimble_span *parts,
                  size_t n_parts, uint8_t digest[32])
{
    struct md5_ctx md;

    (void)ctx;
    if (algorithm != THIMBLE_HASH_MD5)
        return 0;
    md5_init(&md);
    for (size_t i = 0; i < n_parts; i++)
        md5_update(&md, parts[i].len, parts[i].data);
    md5_digest(&md, MD5_DIGEST_SIZE, digest);
    return MD5_DIGEST_SIZE;
}

static const struct thimble_crypto crypto = { .random = next_random, .hash = md5 };
static const struct thimble_chap_user users[] = {
    { "alice", (const uint8_t *)"correct horse battery", 21 },
};
static const struct thimble_chap chap = { .users = users, .n_users = 1 };

/* Answers the target's challenge with this secret. */
static void chap_login(struct peer *p, const char *secret)
{
    uint8_t digest[32], challenge[64];
    char text[160];
    unsigned id, n = 0;

    say_login(p, T_BIT | CSG(0) | NSG(1), "InitiatorName=" HOST " TargetName=" DISK
                                          " AuthMethod=CHAP,None");
    expect(p, "login 0000 0 TargetPortalGroupTag=1 TargetAlias=a disk AuthMethod=CHAP");
    say_login(p, CSG(0), "CHAP_A=7,5");
    struct pdu *pdu = hear(p);
    const char *words = describe(p, pdu);
    assert_int_equal(sscanf(words, "login 0000 0 CHAP_A=5 CHAP_I=%u", &id), 1);
    const char *hex = strstr(words, "CHAP_C=0x");
    assert_non_null(hex);
    for (hex += 9; n < sizeof challenge && sscanf(hex + 2 * n, "%2hhx", &challenge[n]) == 1;)
        n++;
    CHECK(p->lab, n >= 16, "a challenge of %u bytes", n);

    uint8_t id_byte = (uint8_t)id;
    struct thimble_span parts[] = { { &id_byte, 1 }, { secret, strlen(secret) },
                                    { challenge, n } };
    md5(NULL, THIMBLE_HASH_MD5, parts, 3, digest);
    size_t len = (size_t)sprintf(text, "CHAP_N=alice CHAP_R=0x");
    for (unsigned i = 0; i < 16; i++)
        len += (size_t)sprintf(text + len, "%02x", digest[i]);
    say_login(p, T_BIT | CSG(0) | NSG(1), text);
}

static void chap_one_way(struct lab *lab)
{
    struct peer *p = lab_connect(lab);
    chap_login(p, "correct horse battery");
    expect(p, "login 0000 0-1");
    say_login(p, LAST_LOGIN, "");
    expect(p, "login 0000 1-3 MaxRecvDataSegmentLength=4096");
    nop_answered(p);

    struct peer *wrong = lab_connect(lab);
    chap_login(wrong, "correct horse batterz");
    refused(wrong, 0x0201, THIMBLE_REASON_AUTH_FAILED);

    struct peer *none = lab_connect(lab);
    say_login(none, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    refused(none, 0x0201, THIMBLE_REASON_AUTH_NEEDED);
}

/* ------------------------------------------------------------------------------------
 * Discovery, text
 */
static void discovery(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    lab->n_portals = 1;
    log_in(p, "SessionType=Discovery");
    struct request r = text_request(p, T_BIT, TH_TAG_NONE, "SendTargets=All");
    put(p, &r);
    expect(p, "text 2 F TargetName=" DISK " TargetAddress=192.0.2.1:3260,1 "
              "TargetAddress=[2001:db8::1]:3260,1 TargetName=" OTHER_DISK
              " TargetAddress=192.0.2.1:3260,1 TargetAddress=[2001:db8::1]:3260,1");
    r = text_request(p, T_BIT, TH_TAG_NONE, "SendTargets=" OTHER_DISK);
    put(p, &r);
    expect(p, "text 3 F TargetName=" OTHER_DISK " TargetAddress=192.0.2.1:3260,1 "
              "TargetAddress=[2001:db8::1]:3260,1");

    struct cmd c = read_cmd(p, 0, 1);
    c.order = IMMEDIATE;
    c.edtl = 512;
    r = command_request(p, &c, 0, true);
    put(p, &r);
    abandon(p, c.itt);
    expect(p, "reject 05 of 01");       /* no SCSI in a discovery session */
    tmf(p, TH_TMF_LOGICAL_UNIT_RESET, 0, TH_TAG_NONE);
    expect(p, "reject 05 of 02");
    log_out(p);
}

/* --------------------------------------------------------------------------------------
 * Two portal groups: two target ports
 */

/* By that portal. */
static struct peer *by_portal(struct lab *lab, unsigned portal)
{
    struct peer *p = lab_connect(lab);

    CHECK(lab, p, "no connection is free");
    p->portal = portal;
    return p;
}

static void becomes_ready(struct peer *p)
{
    for (unsigned attentions = 0; attentions < 3; attentions++) {
        struct cmd c = cdb_cmd("00 00 00 00 00 00", 0);
        perform(p, &c);
        if (c.status == TH_STATUS_GOOD)
            return;
    }
}

static void portal_groups_are_told(struct lab *lab)
{
    struct peer *p = by_portal(lab, 0), *q = by_portal(lab, 1), *d = by_portal(lab, 1);
    struct request r = login_request(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);

    lab->n_portals = 2;
    put(p, &r);
    expect(p, "login 0000 1-3 TargetPortalGroupTag=5 TargetAlias=a disk MaxRecvDataSegmentLength=4096");
    r = login_request(q, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    put(q, &r);
    expect(q, "login 0000 1-3 TargetPortalGroupTag=9 TargetAlias=a disk MaxRecvDataSegmentLength=4096");
    log_in(d, "SessionType=Discovery");
    r = text_request(d, T_BIT, TH_TAG_NONE, "SendTargets=" OTHER_DISK);
    put(d, &r);
    expect(d, "text 2 F TargetName=" OTHER_DISK " TargetAddress=192.0.2.1:3260,9 "
              "TargetAddress=[2001:db8::1]:3260,5 TargetAddress=[2001:db8::2]:3260,5");
}

/* The same initiator port by two target ports: two nexuses, and a login replaces the session by its own port alone. */
static void two_target_ports(struct lab *lab)
{
    struct peer *p = by_portal(lab, 0), *q = by_portal(lab, 1), *again = by_portal(lab, 1), *third = by_portal(lab, 1);

    log_in(p, "");
    log_in(q, "");
    becomes_ready(p);
    becomes_ready(q);
    read_ok(p, 0, 0, 1);
    memcpy(again->isid, q->isid, 6);
    memcpy(third->isid, p->isid, 6);
    CHECK(lab, memcmp(p->isid, q->isid, 6) != 0, "peers have an ISID of their own");
    log_in(third, "");                  /* the first one's port, by the other portal: both stay */
    becomes_ready(third);
    read_ok(p, 0, 1, 1);
    log_in(again, "");
    lab_run(lab);
    CHECK(lab, !q->conn, "the session was not replaced");
    becomes_ready(again);
    read_ok(p, 0, 2, 1);
    read_ok(third, 0, 2, 1);

    /* RESERVE is of one of them. */
    struct cmd reserve = cdb_cmd("16 00 00 00 00 00", 0), read = read_cmd(third, 0, 1);
    good(p, &reserve);
    ends(third, &read, TH_STATUS_RESERVATION_CONFLICT, TH_SENSE_NONE);
}

static void set_group(struct peer *p, uint8_t state, uint8_t tag)
{
    uint8_t list[8] = { [4] = state, [7] = tag };
    struct cmd c = out_cmd("a4 0a 00 00 00 00 00 00 00 08 00 00", list, sizeof list);

    good(p, &c);
}

static void attends(struct peer *p, uint32_t sense)
{
    struct cmd c = cdb_cmd("00 00 00 00 00 00", 0);

    ends(p, &c, TH_STATUS_CHECK_CONDITION, sense);
}

static void access_by_group(struct lab *lab)
{
    struct peer *p = by_portal(lab, 0), *q = by_portal(lab, 1);

    log_in(p, "");
    log_in(q, "");
    becomes_ready(p);
    becomes_ready(q);
    set_group(p, THIMBLE_ACCESS_STANDBY, 9);
    attends(q, TH_SENSE_ACCESS_CHANGED);
    attends(q, TH_SENSE_PORT_STANDBY);
    read_ok(p, 0, 0, 1);
    set_group(p, THIMBLE_ACCESS_OFFLINE, 9);
    attends(q, TH_SENSE_ACCESS_CHANGED);
    attends(q, TH_SENSE_PORT_OFFLINE);

    /* A session that comes by a port that is offline is told so. */
    struct peer *late = by_portal(lab, 1);
    log_in(late, "");
    attends(late, TH_SENSE_POWER_ON);
    attends(late, TH_SENSE_PORT_OFFLINE);
    set_group(p, THIMBLE_ACCESS_OPTIMIZED, 9);
    attends(late, TH_SENSE_ACCESS_CHANGED);
    read_ok(late, 0, 0, 1);
    attends(q, TH_SENSE_ACCESS_CHANGED);
    read_ok(q, 0, 0, 1);

    /* The owner's doing: everybody is told. */
    assert_int_equal(thimble_lun_access(lab->engine, 0, 0, 9, THIMBLE_ACCESS_TRANSITIONING), THIMBLE_OK);
    attends(p, TH_SENSE_ACCESS_CHANGED);
    attends(q, TH_SENSE_ACCESS_CHANGED);
    attends(q, TH_SENSE_PORT_TRANSITIONING);
    read_ok(p, 0, 0, 1);
    assert_int_equal(thimble_lun_access(lab->engine, 0, 0, 9, THIMBLE_ACCESS_NON_OPTIMIZED), THIMBLE_OK);
    attends(q, TH_SENSE_ACCESS_CHANGED);
    read_ok(q, 0, 0, 1);
    assert_int_equal(thimble_lun_access(lab->engine, 0, 0, 1, THIMBLE_ACCESS_STANDBY), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_lun_access(lab->engine, 0, 7, 9, THIMBLE_ACCESS_STANDBY), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_lun_access(lab->engine, 2, 0, 9, THIMBLE_ACCESS_STANDBY), THIMBLE_ERR_ARGUMENT);
    assert_int_equal(thimble_lun_access(lab->engine, 0, 0, 9, (enum thimble_access)4), THIMBLE_ERR_ARGUMENT);

    struct thimble_session s;
    unsigned cursor = 0, by_tag[10] = { 0 };
    while (thimble_session_next(lab->engine, &cursor, &s))
        by_tag[s.portal_group_tag]++;
    CHECK(lab, by_tag[5] == 1 && by_tag[9] == 2, "%u and %u sessions", by_tag[5], by_tag[9]);
}

/* A listing that does not fit into one PDU is asked for piece by piece. */
static void discovery_continued(struct lab *lab)
{
    struct peer *p = lab_connect(lab);
    char all[4096] = "";
    uint32_t ttt = TH_TAG_NONE;
    unsigned pdus = 0, length = 0;

    lab->n_portals = 20;
    log_in(p, "SessionType=Discovery MaxRecvDataSegmentLength=512");
    struct request first = text_request(p, T_BIT, ttt, "SendTargets=All");
    put(p, &first);
    for (;;) {
        struct pdu *pdu = hear_of(p, TH_OP_TEXT_RESPONSE, th_get32(first.bhs + 16));
        CHECK(lab, pdu && pdus < 10, "no end of it");
        for (uint32_t i = 0; i < pdu->len; i++) {
            char c = (char)data_of(p, pdu)[i];
            CHECK(lab, length < sizeof all - 1, "a listing of %u bytes", length);
            all[length++] = c ? c : ' ';
        }
        pdus++;
        ttt = th_get32(pdu->bhs + 20);
        if (pdu->bhs[1] & TH_FINAL)
            break;
        struct request more = text_request(p, T_BIT, ttt, "");
        memcpy(more.bhs + 16, first.bhs + 16, 4);       /* the same task */
        put(p, &more);
    }
    CHECK(lab, pdus > 2 && ttt == TH_TAG_NONE, "%u PDUs", pdus);
    CHECK(lab, strstr(all, "[2001:db8::14]:3260,1 TargetName=" OTHER_DISK), "a hole: %s", all);
    CHECK(lab, strlen(all) == 2 * (11 + 24) + 2 + 1 + 2 * 33 + 2 * (9 * 36 + 11 * 37) ||
                   strstr(all, OTHER_DISK), "length %zu", strlen(all));
}

static void text_in_full_feature_phase(struct lab *lab)
{
    struct peer *p = session(lab, "MaxRecvDataSegmentLength=4096");

    struct request r = text_request(p, T_BIT, TH_TAG_NONE, "SendTargets=");
    put(p, &r);
    expect(p, "text 6 F TargetName=" DISK " TargetAddress=192.0.2.1:3260,1");

    /* Keys cut anywhere, with the C bit. */
    r = text_request(p, C_BIT, TH_TAG_NONE, "");
    r.data = "MaxRecvDataSegme";
    r.len = 16;
    th_put24(r.bhs + 5, r.len);
    uint32_t itt = th_get32(r.bhs + 16);
    put(p, &r);
    struct pdu *pdu = hear(p);
    CHECK(lab, pdu && pdu->len == 0 && !(pdu->bhs[1] & TH_FINAL), "%s", describe(p, pdu));
    r = text_request(p, T_BIT, th_get32(pdu->bhs + 20), "ntLength=1024 InitialR2T=Yes X-any=1");
    th_put32(r.bhs + 16, itt);
    put(p, &r);
    expect(p, "text 7 F InitialR2T=Reject X-any=NotUnderstood");
    p->recv_max = 1024;
    read_ok(p, 0, 0, 16);

    r = text_request(p, T_BIT, 77, "SendTargets=");     /* no such exchange */
    put(p, &r);
    p->cmd_sn = p->exp_cmd_sn;
    lab_run(lab);
    p->cmd_sn = p->exp_cmd_sn;
    expect(p, "reject 09 of 04");
    read_ok(p, 1, 0, 1);
}

/* ------------------------------------------------------------------------------------
 * NOP
 */
static void nops(struct lab *lab)
{
    struct peer *p = session(lab, "MaxRecvDataSegmentLength=512");
    char *much = lab_alloc(lab, 4096);

    nop(p, "");
    expect(p, "nop-in 6 len=0");
    nop(p, "abc");
    expect(p, "nop-in 7 len=3");
    memset(much, 'x', 4095);
    nop(p, much);
    expect(p, "nop-in 8 len=512");      /* as much as we take */
    struct request r = nop_request(p, ORDERED, "in order", 8);
    put(p, &r);
    expect(p, "nop-in 9 len=8");
    for (unsigned i = 0; i < 12; i++)   /* a burst of them */
        nop(p, "ping");
    for (unsigned i = 0; i < 12; i++) {
        char want[32];
        sprintf(want, "nop-in %u len=4", 10 + i);
        expect(p, want);
    }
}

/* A NOP-In overtakes a READ that waits for its disk. */
static void nop_ahead_of_disk(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = read_cmd(p, 0, 8);

    start(p, &c);
    lab_run(lab);
    CHECK(lab, lab_disk_waiting(lab) > 0, "the disk was not asked");
    nop(p, "");
    expect(p, "nop-in 7 len=0");
    while (lab_disk_waiting(lab))
        lab_disk(lab, 1);
    finish(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
}

/* ------------------------------------------------------------------------------------
 * Several sessions
 */
static void two_on_one_unit(struct lab *lab)
{
    struct peer *a = session(lab, "MaxBurstLength=1024"), *b = session(lab, "");
    struct cmd wa = write_cmd(a, 0, 16, 'a'), wb = write_cmd(b, 32, 8, 'b');
    struct cmd rb = read_cmd(b, 100, 20);

    a->immediate_bytes = 0;
    start(a, &wa);
    start(b, &wb);
    start(b, &rb);
    finish(a, &wa);
    finish(b, &wb);
    finish(b, &rb);
    was(a, &wa, TH_STATUS_GOOD, 0);
    was(b, &wb, TH_STATUS_GOOD, 0);
    was(b, &rb, TH_STATUS_GOOD, 0);
    is_written(a, 0, 0, 16, 'a');
    is_written(b, 0, 32, 8, 'b');
    read_ok(b, 0, 0, 16);
    read_ok(a, 0, 32, 8);
}

static void reservation(struct lab *lab)
{
    struct peer *a = session(lab, ""), *b = session(lab, "");
    struct cmd reserve = cdb_cmd("16 00 00 00 00 00", 0);
    struct cmd release = cdb_cmd("17 00 00 00 00 00", 0);

    good(a, &reserve);
    struct cmd r = read_cmd(b, 0, 1);
    ends(b, &r, TH_STATUS_RESERVATION_CONFLICT, 0);
    good(a, &release);
    read_ok(b, 0, 0, 1);

    struct cmd again = cdb_cmd("16 00 00 00 00 00", 0);
    good(a, &again);
    lab_hang_up(a);                     /* the reservation ends with the nexus */
    read_ok(b, 0, 0, 1);
}

/* The same initiator port logs in again: its old session ends (6.3.5). */
static void reinstatement(struct lab *lab)
{
    struct peer *old = session(lab, ""), *other = session(lab, "");
    struct peer *p = lab_connect(lab);
    struct cmd pending = write_cmd(old, 0, 32, 'x');

    old->immediate_bytes = 512;
    start(old, &pending);               /* its R2T is never answered */
    lab_run(lab);
    memcpy(p->isid, old->isid, 6);
    log_in(p, "");
    CHECK(lab, !old->conn, "the old session is alive");
    CHECK(lab, lab_seen(lab, old, THIMBLE_EVENT_REINSTATED, THIMBLE_REASON_NONE) == 1,
          "no event");
    CHECK(lab, p->tsih != old->tsih, "the same TSIH");
    struct cmd first = cdb_cmd("00 00 00 00 00 00", 0);
    ends(p, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_POWER_ON);
    read_ok(p, 0, 64, 1);
    read_ok(other, 0, 64, 1);
    is_untouched(p, 0, 1, 127);
}

/* The disk is still at work for the old session: the new one begins when that has ended. */
static void reinstatement_waits_for_disk(struct lab *lab)
{
    struct peer *old = session(lab, "");
    struct peer *p = lab_connect(lab);
    struct cmd late = write_cmd(old, 0, 1, 'l');

    start(old, &late);
    lab_run(lab);
    CHECK(lab, lab_disk_waiting(lab) == 1, "the disk was not asked");
    memcpy(p->isid, old->isid, 6);
    say_login(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    expect_silence(p);
    CHECK(lab, !old->conn, "the old session is alive");
    lab_disk(lab, 1);
    struct pdu *pdu = hear(p);
    CHECK(lab, pdu && p->logged_in, "the new session did not begin");
    is_written(p, 0, 0, 1, 'l');
}

static void other_isid_or_name_is_another_session(struct lab *lab)
{
    struct peer *a = session(lab, ""), *b = lab_connect(lab), *c = lab_connect(lab);

    memcpy(b->isid, a->isid, 6);
    b->name = "iqn.1994-05.example:host2";
    log_in(b, "");
    memcpy(c->isid, a->isid, 6);
    log_in(c, "TargetName=" OTHER_DISK);        /* another target */
    nop_answered(a);
    nop_answered(b);
    nop_answered(c);
    CHECK(lab, a->tsih != b->tsih && b->tsih != c->tsih && a->tsih != c->tsih, "TSIHs");
}

static void tsih_of_no_session(struct lab *lab)
{
    struct peer *a = session(lab, ""), *p = lab_connect(lab);

    p->tsih = 4711;
    say_login(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    refused(p, 0x020a, THIMBLE_REASON_SESSION_UNKNOWN);

    struct peer *second = lab_connect(lab);     /* a second connection for a's session */
    memcpy(second->isid, a->isid, 6);
    second->tsih = a->tsih;
    second->cid = 2;
    say_login(second, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    refused(second, 0x0206, THIMBLE_REASON_CONNECTIONS);
    nop_answered(a);

    struct peer *again = lab_connect(lab);      /* a's connection, anew */
    memcpy(again->isid, a->isid, 6);
    again->tsih = a->tsih;
    log_in(again, "");
    CHECK(lab, !a->conn && again->tsih == a->tsih, "the connection was not reinstated");
}

static void no_room_for_a_session(struct lab *lab)
{
    struct peer *a = session(lab, ""), *b = session(lab, ""), *p = lab_connect(lab);

    say_login(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    refused(p, 0x0302, THIMBLE_REASON_NO_ROOM);
    log_out(b);
    log_in(lab_connect(lab), "");
    nop_answered(a);
}

/* ------------------------------------------------------------------------------------
 * The end
 */
static void logout_kinds(struct lab *lab)
{
    struct peer *session_closed = session(lab, "");
    struct request r = logout_request(session_closed, ORDERED, 0);
    put(session_closed, &r);
    expect(session_closed, "logout 6 0");
    CHECK(lab, !session_closed->conn, "still there");

    struct peer *conn_closed = session(lab, "");
    r = logout_request(conn_closed, IMMEDIATE, 1);
    put(conn_closed, &r);
    expect(conn_closed, "logout 6 0");
    CHECK(lab, !conn_closed->conn, "still there");

    struct peer *p = session(lab, "");
    r = logout_request(p, IMMEDIATE, 1);        /* another connection of the session */
    th_put16(r.bhs + 20, 9);
    put(p, &r);
    expect(p, "logout 6 1");
    r = logout_request(p, IMMEDIATE, 2); /* for recovery: not with ErrorRecoveryLevel 0 */
    put(p, &r);
    struct request second = logout_request(p, IMMEDIATE, 2);
    put(p, &second);
    expect(p, "logout 7 2");
    expect(p, "logout 8 2");
    r = logout_request(p, IMMEDIATE, 3);        /* no such reason */
    put(p, &r);
    expect(p, "reject 09 of 06");
    nop_answered(p);
}

/* What was answered before the logout is sent before its response; the rest is dropped. */
static void logout_with_work(struct lab *lab)
{
    struct peer *p = session(lab, "MaxBurstLength=512");
    struct cmd r = read_cmd(p, 0, 4), w = write_cmd(p, 10, 8, 'y');

    p->immediate_bytes = 0;
    start(p, &w);
    start(p, &r);
    struct request out = logout_request(p, IMMEDIATE, 0);
    put(p, &out);
    lab_run(lab);
    CHECK(lab, hear_of(p, TH_OP_LOGOUT_RESPONSE, th_get32(out.bhs + 16)), "no logout response");
    CHECK(lab, !p->conn, "still there");
    abandon(p, r.itt);
    abandon(p, w.itt);
    is_untouched(p, 0, 10, 8);
}

static void hang_up_anywhere(struct lab *lab)
{
    struct peer *p = session(lab, "MaxBurstLength=512"), *other = session(lab, "");
    struct cmd r = read_cmd(p, 0, 16), w = write_cmd(p, 10, 8, 'z');

    p->deaf = true;
    start(p, &r);
    start(p, &w);
    nop(p, "never heard");
    lab_run(lab);
    write_ok(other, 0, 64, 16, 'o');
    struct cmd waits = read_cmd(other, 64, 16);
    start(other, &waits);               /* for a buffer, perhaps */
    lab_run(lab);
    lab_hang_up(p);
    finish(other, &waits);
    was(other, &waits, TH_STATUS_GOOD, 0);
}

static void shutdown(struct lab *lab)
{
    struct peer *a = session(lab, ""), *b = session(lab, ""), *half = lab_connect(lab);
    uint8_t byte = 0x43;

    lab_say(half, &byte, 1);
    lab_run(lab);
    thimble_shutdown(lab->engine, 10000);
    expect(a, "async 1");
    expect(b, "async 1");
    struct peer *late = lab_connect(lab);
    say_login(late, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
    refused(late, 0x0301, THIMBLE_REASON_SHUTDOWN);
    read_ok(a, 0, 0, 1);                /* what was begun may end */
    log_out(a);
    lab_pass(lab, 9000);
    CHECK(lab, b->conn && !thimble_idle(lab->engine), "no grace");
    lab_pass(lab, 1001);
    expect(b, "async 3");
    lab_dropped(b, THIMBLE_REASON_SHUTDOWN);
    lab_dropped(half, THIMBLE_REASON_SHUTDOWN);
    CHECK(lab, thimble_idle(lab->engine), "not idle behind the grace");
}

/* 7.4.3: a discovery session is told of nothing, and ends with the grace. */
static void discovery_is_not_told(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    log_in(p, "SessionType=Discovery");
    thimble_request_parameters(lab->engine);
    lab_run(lab);
    expect_silence(p);
    thimble_shutdown(lab->engine, 1000);
    lab_run(lab);
    expect_silence(p);
    lab_pass(lab, 1001);
    expect_silence(p);
    lab_dropped(p, THIMBLE_REASON_SHUTDOWN);
}

static void asynchronous_events(struct lab *lab)
{
    struct peer *a = session(lab, ""), *other = lab_connect(lab);

    log_in(other, "TargetName=" OTHER_DISK);
    thimble_request_parameters(lab->engine);
    expect(a, "async 4");
    expect(other, "async 4");

    lab->ram[1].block.size_blocks = lab->fault[1].block.size_blocks =
        lab->delay[1].block.size_blocks = 100;
    thimble_lun_changed(lab->engine, 0, 1, THIMBLE_LUN_RESIZED);
    struct pdu *pdu = hear(a);
    CHECK(lab, strcmp(describe(a, pdu), "async 0") == 0 && pdu->bhs[9] == 1, "%s",
          describe(a, pdu));
    CHECK(lab,
          pdu->len >= 16 && (data_of(a, pdu)[4] & 0xf) == 6 && data_of(a, pdu)[14] == 0x2a &&
              data_of(a, pdu)[15] == 0x09,
          "its sense data");
    expect_silence(other);
    struct cmd c = read_cmd(a, 0, 1);
    c.lun = 1;
    ends(a, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_CAPACITY_CHANGED);
    read_ok(a, 1, 0, 1);
    struct cmd beyond = read_cmd(a, 100, 1);
    beyond.lun = 1;
    ends(a, &beyond, TH_STATUS_CHECK_CONDITION, TH_SENSE_LBA_OUT_OF_RANGE);
    read_ok(a, 0, 0, 1);                /* the other unit has nothing to say */
}

/* The disk shrinks while a READ is on its way: it fails, and nothing beyond is touched. */
static void shrinks_under_way(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = read_cmd(p, 0, 64);

    p->deaf = true;
    start(p, &c);
    lab_run(lab);
    lab->ram[0].block.size_blocks = lab->fault[0].block.size_blocks =
        lab->delay[0].block.size_blocks = 8;
    thimble_lun_changed(lab->engine, 0, 0, THIMBLE_LUN_RESIZED);
    p->deaf = false;
    p->attention = true;
    finish(p, &c);
    CHECK(lab, c.answered && (c.status == TH_STATUS_CHECK_CONDITION || c.got == c.edtl),
          "no answer");
}

static const struct scenario scenarios[] = {
    { .name = "login in one step", .play = login_in_one_step },
    { .name = "login in all stages", .play = login_in_all_stages },
    { .name = "login straight from security", .play = login_straight_from_security },
    { .name = "login with 8 KiB of text", .play = login_with_long_text },
    { .name = "logins that are refused",
      .play = logins_refused,
      .options = { .config = { .n_connections = 16 } } },
    { .name = "portal groups are told", .play = portal_groups_are_told, .options = { .two_groups = true } },
    { .name = "two target ports are two nexuses", .play = two_target_ports,
      .options = { .two_groups = true, .config = { .n_connections = 5 } } },
    { .name = "a unit has an access state by group", .play = access_by_group, .options = { .two_groups = true } },
    { .name = "allow-list",
      .play = only_friends,
      .options = { .allowed = friends, .n_allowed = 1 } },
    { .name = "CHAP",
      .play = chap_one_way,
      .own_pace = true,
      .no_cuts = true,
      .options = { .chap = &chap, .config = { .crypto = &crypto } } },
    { .name = "discovery", .play = discovery },
    { .name = "discovery continued", .play = discovery_continued },
    { .name = "text in full feature phase", .play = text_in_full_feature_phase },
    { .name = "NOP-Out", .play = nops },
    { .name = "NOP ahead of disk work", .play = nop_ahead_of_disk, .own_disks = true },
    { .name = "two sessions on one unit", .play = two_on_one_unit },
    { .name = "RESERVE(6)", .play = reservation },
    { .name = "session reinstatement", .play = reinstatement },
    { .name = "reinstatement waits for the disk",
      .play = reinstatement_waits_for_disk,
      .own_disks = true },
    { .name = "other ISID, name or target", .play = other_isid_or_name_is_another_session },
    { .name = "TSIH",
      .play = tsih_of_no_session,
      .options = { .config = { .n_connections = 8 } } },
    { .name = "no room for a session",
      .play = no_room_for_a_session,
      .options = { .config = { .n_sessions = 2 } } },
    { .name = "logout of all kinds", .play = logout_kinds },
    { .name = "logout with work under way", .play = logout_with_work, .own_pace = true },
    { .name = "hang up in the middle", .play = hang_up_anywhere },
    { .name = "shutdown with grace", .play = shutdown },
    { .name = "discovery is told of nothing", .play = discovery_is_not_told },
    { .name = "asynchronous events", .play = asynchronous_events },
    { .name = "the disk shrinks under way", .play = shrinks_under_way, .own_pace = true },
    { .name = "mapped memory shrinks under way",
      .play = shrinks_under_way,
      .own_pace = true,
      .options = { .mapped = true } },
};

int main(void)
{
    return play_all("sessions", scenarios, COUNT(scenarios));
}
