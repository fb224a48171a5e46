/* SPDX-License-Identifier: MIT
 *
 * test_hostile.c: peers that break the rules.
 *
 * Each is refused or dropped, for the right reason, and costs others nothing: beside it, a
 * session goes on.
 */
#include "ways.h"

static struct peer *good_one;           /* the session beside */

/* Somebody who has just connected, or logged in; and the good one. */
static struct peer *stranger(struct lab *lab)
{
    good_one = session(lab, "");
    return lab_connect(lab);
}

static struct peer *enemy(struct lab *lab, const char *keys)
{
    good_one = session(lab, "");
    return session(lab, keys);
}

static void others_go_on(struct lab *lab)
{
    nop_answered(good_one);
    read_ok(good_one, 0, 64, 12);
    write_ok(good_one, 1, 64, 12, 'g');
    is_untouched(good_one, 0, 0, 64);
    (void)lab;
}

static void dropped(struct peer *p, enum thimble_reason reason)
{
    lab_dropped(p, reason);
    others_go_on(p->lab);
}

/* ------------------------------------------------------------------------------------
 * Before the login
 */
static void first_pdu_is(struct lab *lab, uint8_t opcode)
{
    struct peer *p = stranger(lab);
    struct request r = nop_request(p, IMMEDIATE, "", 0);

    r.bhs[0] = opcode;
    put(p, &r);
    dropped(p, THIMBLE_REASON_NOT_LOGIN);
}

static void first_is_nop(struct lab *lab)       { first_pdu_is(lab, 0x40); }
static void first_is_text(struct lab *lab)      { first_pdu_is(lab, 0x04); }
static void first_is_unknown(struct lab *lab)   { first_pdu_is(lab, 0x7f); }

static void first_is_read(struct lab *lab)
{
    struct peer *p = stranger(lab);
    struct cmd c = read_cmd(p, 0, 8);

    start(p, &c);
    dropped(p, THIMBLE_REASON_NOT_LOGIN);
    CHECK(lab, p->out_len == 0, "data without a login");
}

static void first_is_write(struct lab *lab)
{
    struct peer *p = stranger(lab);
    struct cmd c = write_cmd(p, 0, 8, 'x');

    start(p, &c);
    dropped(p, THIMBLE_REASON_NOT_LOGIN);
}

static struct request plain_login(struct peer *p)
{
    return login_request(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK);
}

static void login_16_mib(struct lab *lab)
{
    struct peer *p = stranger(lab);
    struct request r = plain_login(p);

    th_put24(r.bhs + 5, 0xffffff);
    put(p, &r);
    dropped(p, THIMBLE_REASON_DATA_TOO_LONG);
}

static void login_with_ahs(struct lab *lab)
{
    struct peer *p = stranger(lab);
    struct request r = plain_login(p);

    r.bhs[4] = 2;
    r.ahs_len = 8;
    put(p, &r);
    dropped(p, THIMBLE_REASON_LOGIN_PROTOCOL);
}

static void login_with_other_isid(struct lab *lab)
{
    struct peer *p = stranger(lab);
    struct request r = login_request(p, T_BIT | CSG(0) | NSG(1), "InitiatorName=" HOST
                                     " TargetName=" DISK " AuthMethod=None");
    put(p, &r);
    expect(p, "login 0000 0-1 TargetPortalGroupTag=1 TargetAlias=a disk AuthMethod=None");
    r = login_request(p, LAST_LOGIN, "");
    r.bhs[9] = 77;
    put(p, &r);
    refused(p, 0x0200, THIMBLE_REASON_LOGIN_PROTOCOL);
    others_go_on(lab);
}

/* 6.3: before a login has begun the connection just ends; now there is somebody to tell. */
static void login_and_then(struct lab *lab, uint8_t opcode, uint32_t len)
{
    struct peer *p = stranger(lab);
    struct request r = login_request(p, T_BIT | CSG(0) | NSG(1), "InitiatorName=" HOST
                                     " TargetName=" DISK " AuthMethod=None");
    put(p, &r);
    expect(p, "login 0000 0-1 TargetPortalGroupTag=1 TargetAlias=a disk AuthMethod=None");
    static const uint8_t data[512] = "TargetName=" OTHER_DISK;
    r = nop_request(p, IMMEDIATE, data, len);
    r.bhs[0] = opcode;
    put(p, &r);
    refused(p, 0x020b, THIMBLE_REASON_NOT_LOGIN);
    others_go_on(lab);
}

static void login_and_nop(struct lab *lab)      { login_and_then(lab, 0x40, 0); }
static void login_and_text(struct lab *lab)     { login_and_then(lab, 0x04, 512); }
static void login_and_command(struct lab *lab)  { login_and_then(lab, 0x01, 5); }

static void login_text_without_end(struct lab *lab)
{
    struct peer *p = stranger(lab);
    char *much = lab_alloc(lab, 4097);

    memset(much, 'a', 4096);
    struct request r = login_request(p, C_BIT | CSG(1), much);
    put(p, &r);
    refused(p, 0x0200, THIMBLE_REASON_TEXT_TOO_LONG);
    others_go_on(lab);
}

/* More text than anybody needs, in well-formed pairs. */
static void login_text_for_ever(struct lab *lab)
{
    struct peer *p = stranger(lab);
    char *pairs = lab_alloc(lab, 8200);
    size_t len = 0;

    for (unsigned i = 0; len < 8000; i++)
        len += (size_t)sprintf(pairs + len, "%sInitiatorAlias=%0100u", i ? " " : "", i);
    for (unsigned i = 0; i < 20 && p->conn; i++) {
        struct request r = login_request(p, C_BIT | CSG(1), pairs);
        put(p, &r);
        lab_run(lab);
    }
    refused(p, 0x0200, THIMBLE_REASON_TEXT_TOO_LONG);
    others_go_on(lab);
}

/* Keys that nobody knows, until the answers have no room. */
static void login_unknown_keys(struct lab *lab)
{
    struct peer *p = stranger(lab);
    char *pairs = lab_alloc(lab, 8200);
    unsigned key = 0;

    for (unsigned i = 0; i < 8 && p->conn; i++) {
        size_t len = 0;
        for (unsigned first = key; len < 8000; key++)
            len += (size_t)sprintf(pairs + len, "%sX-%06u=0", key > first ? " " : "", key);
        struct request r = login_request(p, C_BIT | CSG(1), pairs);
        put(p, &r);
        lab_run(lab);
    }
    refused(p, 0x0302, THIMBLE_REASON_NO_ROOM);
    others_go_on(lab);
}

static void garbage(struct lab *lab)
{
    struct peer *p = stranger(lab);
    uint32_t x = 12345;
    uint8_t bytes[1024];

    for (size_t i = 0; i < sizeof bytes; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(x >> 24);
    }
    bytes[4] = 0;                       /* so that it ends with the first header */
    lab_say(p, bytes, sizeof bytes);
    dropped(p, THIMBLE_REASON_NOT_LOGIN);
}

static void http(struct lab *lab)
{
    struct peer *p = stranger(lab);
    static const char get[] =
        "GET / HTTP/1.1\r\nHost: 192.0.2.1:3260\r\nUser-Agent: curl/7.88.1\r\n"
        "Accept: */*\r\n\r\n";

    for (unsigned i = 0; i < 20; i++)
        lab_say(p, get, sizeof get - 1);
    dropped(p, THIMBLE_REASON_NOT_LOGIN);
}

static void speaks_before_the_answer(struct lab *lab)
{
    struct peer *p = stranger(lab);
    struct request r = plain_login(p);

    put(p, &r);                         /* and at once, in the same breath */
    r = nop_request(p, IMMEDIATE, "", 0);
    put(p, &r);
    lab_run(lab);
    CHECK(lab, hear_of(p, TH_OP_LOGIN_RESPONSE, 0) && hear_of(p, TH_OP_NOP_IN, 0),
          "no answers");
    others_go_on(lab);
}

static void login_again(struct lab *lab)
{
    struct peer *p = enemy(lab, "");
    struct request r = plain_login(p);

    put(p, &r);
    expect(p, "reject 04 of 03");
    nop_answered(p);
    others_go_on(lab);
}

/* ------------------------------------------------------------------------------------
 * Headers
 */
static void opcodes(struct lab *lab)
{
    struct peer *p = enemy(lab, "");

    for (unsigned op = 0x07; op < 0x40; op++) {
        char want[32];
        struct request r = nop_request(p, IMMEDIATE, "abcd", 4);
        r.bhs[0] = (uint8_t)(op | TH_IMMEDIATE);
        put(p, &r);
        sprintf(want, "reject %02x of %02x", op == TH_OP_SNACK ? 0x03 : 0x05, op);
        expect(p, want);
    }
    nop_answered(p);
    others_go_on(lab);
}

static void data_16_mib(struct lab *lab)
{
    struct peer *p = enemy(lab, "");
    struct request r = nop_request(p, IMMEDIATE, "", 0);

    th_put24(r.bhs + 5, 0xffffff);
    put(p, &r);
    dropped(p, THIMBLE_REASON_DATA_TOO_LONG);
}

static void data_one_too_long(struct lab *lab)
{
    struct peer *p = enemy(lab, "");
    struct request r = nop_request(p, IMMEDIATE, "", 0);

    th_put24(r.bhs + 5, 4097);
    put(p, &r);
    dropped(p, THIMBLE_REASON_DATA_TOO_LONG);
}

static void with_ahs(struct peer *p, struct cmd *c, const uint8_t *ahs, uint32_t len)
{
    struct request r = command_request(p, c, 0, true);

    memcpy(r.ahs, ahs, len);
    r.ahs_len = len;
    r.bhs[4] = (uint8_t)(len / 4);
    put(p, &r);
}

static void ahs(struct lab *lab)
{
    struct peer *p = enemy(lab, "");
    static const uint8_t no_length[8] = { 0, 0, 1, 0 };
    static const uint8_t too_long[8] = { 0, 6, 1, 0 };
    static const uint8_t unknown[8] = { 0, 5, 7, 0 };
    static const uint8_t extended_cdb[20] = { 0, 17, 1, 0 };
    static const uint8_t *const bad[] = { no_length, too_long, unknown };

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct cmd c = read_cmd(p, 0, 1);
        with_ahs(p, &c, bad[i], 8);
        expect(p, "reject 09 of 01");
        abandon(p, c.itt);
        p->cmd_sn--;
    }
    struct cmd fine = read_cmd(p, 0, 1);        /* well formed: not needed, not in the way */
    with_ahs(p, &fine, extended_cdb, 20);
    finish(p, &fine);
    was(p, &fine, TH_STATUS_GOOD, 0);

    struct cmd c = read_cmd(p, 0, 1);           /* as many as there can be, of length 0 */
    struct request r = command_request(p, &c, 0, true);
    uint8_t zeros[1020] = { 0 };
    r.bhs[4] = 255;
    lab_say(p, r.bhs, 48);
    lab_say(p, zeros, sizeof zeros);
    if (p->header_digest) {
        p->header_digest = false;       /* by hand: no digest follows, so it is wrong */
        lab_say(p, zeros, 4);
        abandon(p, c.itt);
        dropped(p, THIMBLE_REASON_HEADER_DIGEST);
        return;
    }
    expect(p, "reject 09 of 01");
    abandon(p, c.itt);
    p->cmd_sn--;
    r = nop_request(p, IMMEDIATE, "", 0);
    r.bhs[4] = 1;
    r.ahs_len = 4;
    put(p, &r);
    expect(p, "reject 09 of 00");
    read_ok(p, 0, 0, 1);
    others_go_on(lab);
}

static void tags(struct lab *lab)
{
    struct peer *p = enemy(lab, "ImmediateData=No");
    struct cmd c = read_cmd(p, 0, 1);

    struct request r = command_request(p, &c, 0, true);
    abandon(p, c.itt);
    memset(r.bhs + 16, 0xff, 4);        /* the reserved tag */
    put(p, &r);
    expect(p, "reject 09 of 01");
    p->cmd_sn--;

    struct cmd w = write_cmd(p, 0, 1, 'w'), same = read_cmd(p, 8, 1);
    r = command_request(p, &w, 0, true);
    put(p, &r);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, w.itt);
    CHECK(lab, r2t, "no R2T");
    r = command_request(p, &same, 0, true);
    memcpy(r.bhs + 16, &(uint32_t){ 0 }, 4);
    th_put32(r.bhs + 16, w.itt);        /* in use */
    put(p, &r);
    expect(p, "reject 07 of 01");
    abandon(p, same.itt);
    p->cmd_sn--;

    /* Target transfer tags: none of ours, somebody else's, ours for another task. */
    struct cmd others = write_cmd(good_one, 32, 1, 'o');
    good_one->immediate_bytes = 0;
    r = command_request(good_one, &others, 0, true);
    put(good_one, &r);
    struct pdu *theirs = hear_of(good_one, TH_OP_R2T, others.itt);
    CHECK(lab, theirs, "no R2T");
    uint32_t their_tag = th_get32(theirs->bhs + 20);
    r = data_out(p, &w, their_tag, 0, 0, 512, true);
    put(p, &r);
    expect(p, "reject 09 of 05");
    r = data_out(p, &w, 0x7fffffff, 0, 0, 512, true);
    put(p, &r);
    expect(p, "reject 09 of 05");
    r = data_out(p, &w, th_get32(r2t->bhs + 20), 0, 0, 512, true);
    th_put32(r.bhs + 16, 4711);
    put(p, &r);
    expect(p, "reject 04 of 05");
    is_untouched(p, 0, 0, 128);
    r = data_out(p, &w, th_get32(r2t->bhs + 20), 0, 0, 512, true);
    put(p, &r);
    r = data_out(good_one, &others, their_tag, 0, 0, 512, true);
    put(good_one, &r);
    w.r2t_sn = others.r2t_sn = 1;
    finish(p, &w);
    was(p, &w, TH_STATUS_GOOD, 0);
    finish(good_one, &others);
    was(good_one, &others, TH_STATUS_GOOD, 0);
    is_written(p, 0, 0, 1, 'w');
    is_written(p, 0, 32, 1, 'o');
}

static void flags(struct lab *lab)
{
    struct peer *p = enemy(lab, "InitialR2T=Yes ImmediateData=No");
    struct cmd both = read_cmd(p, 0, 1), immediate = write_cmd(p, 0, 1, 'i');
    struct cmd more = write_cmd(p, 0, 1, 'm'), reading = read_cmd(p, 0, 1);

    struct request r = command_request(p, &both, 0, true);
    r.bhs[1] |= 0x20;
    put(p, &r);
    expect(p, "reject 09 of 01");
    abandon(p, both.itt);
    p->cmd_sn--;
    r = command_request(p, &immediate, 512, true);      /* was not negotiated */
    put(p, &r);
    expect(p, "reject 04 of 01");
    abandon(p, immediate.itt);
    p->cmd_sn--;
    r = command_request(p, &more, 0, false);            /* nor this */
    put(p, &r);
    expect(p, "reject 04 of 01");
    abandon(p, more.itt);
    p->cmd_sn--;
    r = command_request(p, &reading, 0, false);         /* a READ that announces data */
    put(p, &r);
    expect(p, "reject 04 of 01");
    abandon(p, reading.itt);
    p->cmd_sn--;
    is_untouched(p, 0, 0, 128);
    read_ok(p, 0, 0, 1);
    others_go_on(lab);
}

/* ------------------------------------------------------------------------------------
 * Data
 */

/* A WRITE of 4 blocks whose R2T has come. */
static uint32_t awaited(struct peer *p, struct cmd *c)
{
    *c = write_cmd(p, 0, 4, 'd');
    struct request r = command_request(p, c, 0, true);
    put(p, &r);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, c->itt);
    CHECK(p->lab, r2t && th_get32(r2t->bhs + 44) == 2048, "no R2T");
    c->r2t_sn = 1;
    return th_get32(r2t->bhs + 20);
}

static void ends_badly(struct peer *p, struct cmd *c)
{
    finish(p, c);
    was(p, c, TH_STATUS_CHECK_CONDITION, TH_SENSE_PROTOCOL_CRC);
    is_untouched(p, 0, 4, 60);
    read_ok(p, 0, 100, 1);
    nop_answered(good_one);
    read_ok(good_one, 0, 64, 12);
    write_ok(good_one, 1, 64, 12, 'g');
}

static void wrong_offset(struct lab *lab)
{
    struct peer *p = enemy(lab, "ImmediateData=No");
    static const uint32_t offsets[] = { 512, 0x80000000, 0xfffffe00, 2048 };

    for (size_t i = 0; i < COUNT(offsets); i++) {
        struct cmd c;
        uint32_t ttt = awaited(p, &c);
        struct request r = data_out(p, &c, ttt, 0, 0, 512, true);
        th_put32(r.bhs + 40, offsets[i]);
        put(p, &r);
        ends_badly(p, &c);
        is_untouched(p, 0, 0, 4);
    }
}

static void wrong_data_sn(struct lab *lab)
{
    struct peer *p = enemy(lab, "ImmediateData=No");
    struct cmd c;
    uint32_t ttt = awaited(p, &c);

    struct request r = data_out(p, &c, ttt, 7, 0, 2048, true);
    put(p, &r);
    ends_badly(p, &c);
    is_untouched(p, 0, 0, 4);
}

static void too_much_solicited(struct lab *lab)
{
    struct peer *p = enemy(lab, "ImmediateData=No");
    struct cmd c;
    uint32_t ttt = awaited(p, &c);
    uint8_t *much = lab_alloc(lab, 4096);

    c.out = much;
    struct request r = data_out(p, &c, ttt, 0, 0, 4096, true);
    put(p, &r);
    ends_badly(p, &c);
    is_untouched(p, 0, 0, 64);
}

static void final_too_early(struct lab *lab)
{
    struct peer *p = enemy(lab, "ImmediateData=No");
    struct cmd c;
    uint32_t ttt = awaited(p, &c);

    struct request r = data_out(p, &c, ttt, 0, 0, 512, true);
    put(p, &r);
    ends_badly(p, &c);
}

static void final_missing(struct lab *lab)
{
    struct peer *p = enemy(lab, "ImmediateData=No");
    struct cmd c;
    uint32_t ttt = awaited(p, &c);

    struct request r = data_out(p, &c, ttt, 0, 0, 2048, false);
    put(p, &r);
    lab_run(lab);
    CHECK(lab, !hear_of(p, TH_OP_SCSI_RESPONSE, c.itt), "answered ahead of its F bit");
    r = data_out(p, &c, ttt, 1, 2048, 0, true);
    put(p, &r);
    ends_badly(p, &c);
}

static void data_again_and_again(struct lab *lab)
{
    struct peer *p = enemy(lab, "ImmediateData=No");
    struct cmd c;
    uint32_t ttt = awaited(p, &c);

    for (unsigned i = 0; i < 20; i++) {
        struct request r = data_out(p, &c, ttt, i, 0, 2048, false);
        put(p, &r);
    }
    struct request r = data_out(p, &c, ttt, 20, 0, 2048, true);
    put(p, &r);
    ends_badly(p, &c);
    r = data_out(p, &c, ttt, 0, 0, 2048, true); /* behind the end: nobody's */
    put(p, &r);
    expect_silence(p);
    nop_answered(p);
}

static void too_much_unsolicited(struct lab *lab)
{
    struct peer *p = enemy(lab, "InitialR2T=No ImmediateData=No FirstBurstLength=1024");
    struct cmd c = write_cmd(p, 0, 4, 'u');

    struct request r = command_request(p, &c, 0, false);
    put(p, &r);
    for (uint32_t at = 0; at < 2048; at += 512) {
        r = data_out(p, &c, TH_TAG_NONE, at / 512, at, 512, at == 1536);
        put(p, &r);
    }
    ends_badly(p, &c);
    is_untouched(p, 0, 2, 62);
}

static void immediate_over_first_burst(struct lab *lab)
{
    struct peer *p = enemy(lab, "FirstBurstLength=512");
    struct cmd c = write_cmd(p, 0, 2, 'i');

    struct request r = command_request(p, &c, 1024, true);
    put(p, &r);
    expect(p, "reject 04 of 01");
    abandon(p, c.itt);
    p->cmd_sn--;
    struct cmd d = write_cmd(p, 0, 1, 'i');
    d.edtl = 256;                       /* more than it says itself */
    r = command_request(p, &d, 512, true);
    put(p, &r);
    expect(p, "reject 04 of 01");
    abandon(p, d.itt);
    p->cmd_sn--;
    is_untouched(p, 0, 0, 128);
    others_go_on(lab);
}

/* Data for a READ, for a task that nobody knows, for one that has all its data. */
static void data_for_nobody(struct lab *lab)
{
    struct peer *p = enemy(lab, "InitialR2T=No ImmediateData=No");
    struct cmd c = write_cmd(p, 0, 1, 'n');

    c.itt = 4711;
    struct request r = data_out(p, &c, TH_TAG_NONE, 0, 0, 512, true);
    put(p, &r);
    expect_silence(p);                  /* late, perhaps: its command was refused, or aborted */

    p->no_unsolicited = true;
    struct cmd w = write_cmd(p, 0, 1, 'w');
    r = command_request(p, &w, 0, true);
    put(p, &r);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, w.itt);
    CHECK(lab, r2t, "no R2T");
    r = data_out(p, &w, TH_TAG_NONE, 0, 0, 512, true);  /* unsolicited after F=1 */
    put(p, &r);
    expect(p, "reject 04 of 05");
    r = data_out(p, &w, th_get32(r2t->bhs + 20), 0, 0, 512, true);
    put(p, &r);
    w.r2t_sn = 1;
    finish(p, &w);
    was(p, &w, TH_STATUS_GOOD, 0);
    read_ok(p, 0, 100, 1);
}

static void data_for_a_read(struct lab *lab)
{
    struct peer *p = enemy(lab, "");
    struct cmd c = read_cmd(p, 100, 4);
    static const uint8_t block[512];

    p->deaf = true;                     /* so that the READ stays */
    start(p, &c);
    lab_run(lab);
    struct cmd fake = c;
    fake.out = block;
    struct request r = data_out(p, &fake, TH_TAG_NONE, 0, 0, 512, true);
    put(p, &r);
    lab_run(lab);
    p->deaf = false;
    p->attention = true;
    finish(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
    others_go_on(lab);
}

/* A command that wants no data gets some, while the disk is at work for it. */
static void data_for_a_flush(struct lab *lab)
{
    struct peer *p = enemy(lab, "InitialR2T=No ImmediateData=No");
    struct cmd c = out_cmd("35 00 00 00 00 00 00 00 00 00", lab_alloc(lab, 2048), 1024);

    struct request r = command_request(p, &c, 0, false);
    put(p, &r);
    lab_run(lab);
    for (uint32_t i = 0; i < 3; i++) {
        r = data_out(p, &c, TH_TAG_NONE, 5 - i, 512, 512, i == 2);
        put(p, &r);
    }
    lab_run(lab);
    lab->disk_held = false;
    finish(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
    others_go_on(lab);
}

static void data_for_a_read_with_command(struct lab *lab)
{
    struct peer *p = enemy(lab, "");
    struct cmd c = read_cmd(p, 100, 1);
    static const uint8_t block[512];

    c.out = block;
    struct request r = command_request(p, &c, 512, true);
    put(p, &r);
    expect(p, "reject 04 of 01");
    abandon(p, c.itt);
    p->cmd_sn--;
    others_go_on(lab);
}

static void write_that_reads(struct lab *lab)
{
    struct peer *p = enemy(lab, "");
    struct cmd c = write_cmd(p, 0, 1, 'x');

    c.write = false;
    c.read = true;                      /* WRITE(10) with the R bit: nothing moves */
    perform(p, &c);
    CHECK(lab, c.answered && c.got == 0, "no answer");
    is_untouched(p, 0, 0, 128);

    struct cmd r = read_cmd(p, 100, 1); /* READ(10) with the W bit */
    static const uint8_t block[512];
    r.read = false;
    r.write = true;
    r.out = block;
    perform(p, &r);
    CHECK(lab, r.answered, "no answer");
    is_untouched(p, 0, 0, 128);
    others_go_on(lab);
}

/* ------------------------------------------------------------------------------------
 * Digests
 */
#define DIGESTS "HeaderDigest=CRC32C DataDigest=CRC32C"

static void wrong_header_digest(struct lab *lab)
{
    struct peer *p = enemy(lab, DIGESTS);

    p->spoil_header_digest = true;
    nop(p, "");
    dropped(p, THIMBLE_REASON_HEADER_DIGEST);
}

static void wrong_digest_of_data_out(struct lab *lab)
{
    struct peer *p = enemy(lab, DIGESTS " ImmediateData=No");
    struct cmd c;
    uint32_t ttt = awaited(p, &c);

    struct request r = data_out(p, &c, ttt, 0, 0, 1024, false);
    p->spoil_data_digest = true;
    put(p, &r);
    r = data_out(p, &c, ttt, 1, 1024, 1024, true);
    put(p, &r);
    expect(p, "reject 02 of 05");
    ends_badly(p, &c);
    is_untouched(p, 0, 0, 2);
}

static void wrong_digest_of_immediate_data(struct lab *lab)
{
    struct peer *p = enemy(lab, DIGESTS);
    struct cmd c = write_cmd(p, 0, 1, 'x');

    p->spoil_data_digest = true;
    start(p, &c);
    expect(p, "reject 02 of 01");
    ends_badly(p, &c);
    is_untouched(p, 0, 0, 2);
}

static void wrong_digest_of_parameter_list(struct lab *lab)
{
    struct peer *p = enemy(lab, DIGESTS);
    static const uint8_t list[24] = { 0, 22, 0, 16, [15] = 7, [19] = 3 };
    struct cmd c = out_cmd("42 00 00 00 00 00 00 00 18 00", list, 24);

    p->spoil_data_digest = true;
    start(p, &c);
    expect(p, "reject 02 of 01");
    ends_badly(p, &c);
    is_untouched(p, 0, 0, 128);
}

static void wrong_digest_of_the_rest(struct lab *lab)
{
    struct peer *p = enemy(lab, DIGESTS);

    p->spoil_data_digest = true;
    nop(p, "ping");
    expect(p, "reject 02 of 00");
    p->spoil_data_digest = true;
    struct request r = text_request(p, T_BIT, TH_TAG_NONE, "SendTargets=");
    put(p, &r);
    expect(p, "reject 02 of 04");
    p->cmd_sn = p->exp_cmd_sn;
    r = text_request(p, T_BIT, TH_TAG_NONE, "SendTargets=");
    put(p, &r);
    expect(p, "text 8 F TargetName=" DISK " TargetAddress=192.0.2.1:3260,1");
    others_go_on(lab);
}

/* ------------------------------------------------------------------------------------
 * Text in full feature phase
 */
static void text_wrong(struct lab *lab)
{
    struct peer *p = enemy(lab, "");

    struct request r = text_request(p, T_BIT | C_BIT, TH_TAG_NONE, "X-a=1");
    put(p, &r);
    expect(p, "reject 04 of 04");
    p->cmd_sn = p->exp_cmd_sn;
    r = text_request(p, T_BIT, TH_TAG_NONE, "nonsense");
    put(p, &r);
    expect(p, "reject 04 of 04");
    p->cmd_sn = p->exp_cmd_sn;
    r = text_request(p, T_BIT, TH_TAG_NONE, "MaxRecvDataSegmentLength=3");
    put(p, &r);
    expect(p, "reject 04 of 04");
    p->cmd_sn = p->exp_cmd_sn;
    for (unsigned i = 0; i < 3; i++) {  /* begun, and never ended: a new one replaces it */
        r = text_request(p, 0, TH_TAG_NONE, "X-a=1");
        put(p, &r);
        struct pdu *pdu = hear(p);
        CHECK(lab, pdu && pdu->bhs[0] == TH_OP_TEXT_RESPONSE, "%s", describe(p, pdu));
    }
    others_go_on(lab);
}

/* The only place for negotiation is held by one who does not go on. */
static void negotiation_held(struct lab *lab)
{
    struct peer *p = enemy(lab, ""), *next;

    struct request r = text_request(p, 0, TH_TAG_NONE, "X-a=1");
    put(p, &r);
    lab_run(lab);
    next = lab_connect(lab);
    r = plain_login(next);
    put(next, &r);
    expect_silence(next);
    lab_pass(lab, 1500);
    struct pdu *pdu = hear_of(next, TH_OP_LOGIN_RESPONSE, 0);
    CHECK(lab, pdu && next->logged_in, "a login waits for ever");
    dropped(p, THIMBLE_REASON_LOGIN_EVICTED);
}

/* ------------------------------------------------------------------------------------
 * One who does not listen
 */
static void deaf_reader(struct lab *lab)
{
    struct peer *p = enemy(lab, "");

    p->deaf = true;
    for (unsigned i = 0; i < 8; i++) {
        struct cmd c = read_cmd(p, 0, 128);
        start(p, &c);
        abandon(p, c.itt);
    }
    for (unsigned i = 0; i < 10; i++)
        nop(p, "");
    lab_run(lab);
    for (unsigned i = 0; i < 6; i++) {  /* the writes of others never wait for him */
        write_ok(good_one, 1, 8 * i, 8, (uint8_t)('A' + i));
        lab_pass(lab, 9000);
    }
    lab_pass(lab, 8000);
    lab_dropped(p, THIMBLE_REASON_SEND_TIMEOUT);
    others_go_on(lab);
}

/* He may hold half of the buffers, so the reads of others do not wait for him either. */
static void deaf_reader_leaves_buffers(struct lab *lab)
{
    struct peer *p = enemy(lab, "");
    struct cmd c[8];

    p->deaf = true;
    for (unsigned i = 0; i < COUNT(c); i++) {
        c[i] = read_cmd(p, 0, 128);
        start(p, &c[i]);
    }
    nop(p, "wake up");
    lab_run(lab);
    for (unsigned i = 0; i < 3; i++) {
        read_ok(good_one, 1, 8 * i, 8);
        write_ok(good_one, 1, 8 * i, 8, (uint8_t)('A' + i));
    }
    p->deaf = false;
    p->attention = true;
    for (unsigned i = 0; i < COUNT(c); i++) {
        finish(p, &c[i]);
        was(p, &c[i], TH_STATUS_GOOD, 0);
    }
    nop_answered(p);
    others_go_on(lab);
}

static const struct scenario scenarios[] = {
    { .name = "the first PDU is a NOP-Out", .play = first_is_nop },
    { .name = "the first PDU is a Text Request", .play = first_is_text },
    { .name = "the first PDU is unknown", .play = first_is_unknown },
    { .name = "the first PDU is a READ", .play = first_is_read },
    { .name = "the first PDU is a WRITE", .play = first_is_write },
    { .name = "a login of 16 MiB - 1", .play = login_16_mib },
    { .name = "a login with an AHS", .play = login_with_ahs },
    { .name = "a login that changes its ISID", .play = login_with_other_isid },
    { .name = "a NOP-Out in the middle of a login", .play = login_and_nop },
    { .name = "a Text Request in the middle of a login", .play = login_and_text },
    { .name = "a SCSI Command in the middle of a login", .play = login_and_command },
    { .name = "login text without an end", .play = login_text_without_end },
    { .name = "login text for ever", .play = login_text_for_ever, .no_cuts = true },
    { .name = "login with thousands of unknown keys",
      .play = login_unknown_keys,
      .no_cuts = true },
    { .name = "garbage", .play = garbage },
    { .name = "HTTP", .play = http },
    { .name = "speaking before the answer", .play = speaks_before_the_answer },
    { .name = "a login in full feature phase", .play = login_again },
    { .name = "unknown opcodes", .play = opcodes },
    { .name = "data of 16 MiB - 1", .play = data_16_mib },
    { .name = "one byte over MaxRecvDataSegmentLength", .play = data_one_too_long },
    { .name = "additional header segments", .play = ahs, .own_pace = true },
    { .name = "tags", .play = tags },
    { .name = "flags", .play = flags },
    { .name = "Data-Out at a wrong offset", .play = wrong_offset },
    { .name = "Data-Out with a wrong DataSN", .play = wrong_data_sn },
    { .name = "more Data-Out than the R2T asked for", .play = too_much_solicited },
    { .name = "F bit too early", .play = final_too_early },
    { .name = "F bit missing", .play = final_missing },
    { .name = "the same Data-Out again and again", .play = data_again_and_again },
    { .name = "more than FirstBurstLength", .play = too_much_unsolicited },
    { .name = "immediate data over FirstBurstLength", .play = immediate_over_first_burst },
    { .name = "data for nobody", .play = data_for_nobody },
    { .name = "data for a READ", .play = data_for_a_read, .own_pace = true },
    { .name = "data for a flush", .play = data_for_a_flush, .own_disks = true },
    { .name = "immediate data for a READ", .play = data_for_a_read_with_command },
    { .name = "a WRITE with the R bit, a READ with the W bit", .play = write_that_reads },
    { .name = "a wrong header digest", .play = wrong_header_digest },
    { .name = "a wrong digest of Data-Out",
      .play = wrong_digest_of_data_out,
      .own_pace = true },
    { .name = "a wrong digest of immediate data", .play = wrong_digest_of_immediate_data },
    { .name = "a wrong digest of a parameter list", .play = wrong_digest_of_parameter_list },
    { .name = "a wrong digest of something else", .play = wrong_digest_of_the_rest },
    { .name = "text that is wrong", .play = text_wrong },
    { .name = "the place for negotiation is held", .play = negotiation_held },
    { .name = "one who does not listen",
      .play = deaf_reader,
      .no_cuts = true,
      .own_pace = true },
    { .name = "one who does not listen leaves buffers to others",
      .play = deaf_reader_leaves_buffers,
      .no_cuts = true,
      .own_pace = true,
      .options = { .config = { .n_buffers = 4 } } },
};

int main(void)
{
    return play_all("hostile", scenarios, COUNT(scenarios));
}
