/* SPDX-License-Identifier: MIT
 *
 * test_iesp_faults.c: mistakes that were seen in another small target (iESP 2.3), one test for
 * each that a target's core can make, to show that this one does not make it.
 */
#include "ways.h"

static void say_login(struct peer *p, uint8_t flags, const char *text)
{
    struct request r = login_request(p, flags, text);
    put(p, &r);
}

/* ------------------------------------------------------------------------------------
 * Crashes, hangs, memory
 */
static void number_that_is_none(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    log_in(p, "MaxBurstLength=abc FirstBurstLength= MaxOutstandingR2T=-1 "
              "DefaultTime2Wait=99999999999999999999");
    nop_answered(p);
    struct peer *q = lab_connect(lab);
    say_login(q, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK
                             " MaxRecvDataSegmentLength=abc");
    refused(q, 0x0200, THIMBLE_REASON_KEY_VALUE);
}

static void one_bad_header_digest(struct lab *lab)
{
    struct peer *p = session(lab, "HeaderDigest=CRC32C"), *q = session(lab, "");

    p->spoil_header_digest = true;
    nop(p, "");
    lab_dropped(p, THIMBLE_REASON_HEADER_DIGEST);
    nop_answered(q);
}

static void compare_and_write_without_data(struct lab *lab)
{
    struct peer *p = session(lab, "");
    static const uint8_t zeros[512];

    struct cmd none = cdb_cmd("89 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00", 0);
    ends(p, &none, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_CDB_FIELD);
    struct cmd half = out_cmd("89 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00", zeros, 512);
    ends(p, &half, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_CDB_FIELD);
    is_untouched(p, 0, 0, 128);
    read_ok(p, 0, 0, 1);
}

static void ahs_of_length_0(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = read_cmd(p, 0, 1);
    struct request r = command_request(p, &c, 0, true);

    r.bhs[4] = 1;
    r.ahs_len = 4;
    put(p, &r);
    expect(p, "reject 09 of 01");
    abandon(p, c.itt);
    p->cmd_sn--;
    read_ok(p, 0, 0, 1);
}

static void data_out_at_2_gib(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    struct cmd c = write_cmd(p, 0, 1, 'x');
    struct request r = command_request(p, &c, 0, true);

    put(p, &r);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, c.itt);
    CHECK(lab, r2t, "no R2T");
    r = data_out(p, &c, th_get32(r2t->bhs + 20), 0, 0, 512, true);
    th_put32(r.bhs + 40, 0x80000000);
    put(p, &r);
    c.r2t_sn = 1;
    finish(p, &c);
    was(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_PROTOCOL_CRC);
    is_untouched(p, 0, 0, 128);
}

static void more_blocks_than_the_disk(struct lab *lab)
{
    struct peer *p = session(lab, "");
    static const char *const cdbs[] = {
        "88 00 00 00 00 00 00 00 00 00 00 00 20 00 00 00",      /* 8192 blocks of 128 */
        "88 00 00 00 00 00 00 00 00 7f 00 00 00 02 00 00",
        "88 00 ff ff ff ff ff ff ff ff 00 00 00 01 00 00",      /* lba + n wraps */
        "88 00 ff ff ff ff ff ff ff 81 00 00 00 ff 00 00",
        "28 00 ff ff ff ff 00 00 01 00",
    };

    for (size_t i = 0; i < COUNT(cdbs); i++) {
        struct cmd c = cdb_cmd(cdbs[i], 512);
        ends(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_LBA_OUT_OF_RANGE);
        c = cdb_cmd(cdbs[i], 0);
        c.cdb[0] |= 0x02;               /* the WRITE beside it */
        ends(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_LBA_OUT_OF_RANGE);
    }
    is_untouched(p, 0, 0, 128);
}

static void read_without_a_login(struct lab *lab)
{
    struct peer *p = lab_connect(lab);
    struct cmd c = read_cmd(p, 0, 1);

    start(p, &c);
    lab_dropped(p, THIMBLE_REASON_NOT_LOGIN);
    CHECK(lab, p->out_len == 0, "it was answered");
}

static void any_target_name(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    say_login(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=iqn.2024-01.example:whatever");
    refused(p, 0x0203, THIMBLE_REASON_TARGET_UNKNOWN);
}

static void chap_only_gets_none(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    say_login(p, T_BIT | CSG(0) | NSG(1), "InitiatorName=" HOST " TargetName=" DISK
                                          " AuthMethod=CHAP");
    refused(p, 0x0201, THIMBLE_REASON_AUTH_PROTOCOL);
}

static void sixteen_mb_nop(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct request r = nop_request(p, IMMEDIATE, "", 0);

    th_put24(r.bhs + 5, 16000000);
    put(p, &r);
    lab_dropped(p, THIMBLE_REASON_DATA_TOO_LONG);       /* and all memory is our own */
}

static void segment_length_0(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    say_login(p, LAST_LOGIN, "InitiatorName=" HOST " TargetName=" DISK
                             " MaxRecvDataSegmentLength=0");
    refused(p, 0x0200, THIMBLE_REASON_KEY_VALUE);

    struct peer *q = session(lab, "");
    struct request r = text_request(q, T_BIT, TH_TAG_NONE, "MaxRecvDataSegmentLength=0");
    put(q, &r);
    expect(q, "reject 04 of 04");
    q->cmd_sn = q->exp_cmd_sn;
    read_ok(q, 0, 0, 4);
}

static void connections_without_limit(struct lab *lab)
{
    for (unsigned i = 0; i < 4; i++)
        session(lab, "");
    CHECK(lab, !lab_connect(lab), "a fifth connection in memory for four");
    nop_answered(lab->peers[0]);
}

static void dead_peer_blocks_others(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd c = read_cmd(p, 0, 4);

    p->deaf = true;
    start(p, &c);
    lab_run(lab);
    write_ok(q, 0, 64, 16, 'q');
    lab_pass(lab, 61000);
    lab_dropped(p, THIMBLE_REASON_SEND_TIMEOUT);
    read_ok(q, 0, 64, 16);
}

/* ------------------------------------------------------------------------------------
 * Silent data errors
 */
static void segment_smaller_than_a_block(struct lab *lab)
{
    struct peer *p = session(lab, "MaxRecvDataSegmentLength=1024");

    read_ok(p, 0, 0, 8);
    read_ok(p, 0, 3, 1);
}

static void transfer_of_4_gib(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct thimble_block *top[] = { &lab->ram[0].block, &lab->fault[0].block,
                                    &lab->delay[0].block };

    for (size_t i = 0; i < COUNT(top); i++)
        top[i]->size_blocks = UINT64_C(1) << 33;
    struct cmd c = cdb_cmd("88 00 00 00 00 00 00 00 00 00 00 80 00 00 00 00", 512);
    ends(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_CDB_FIELD);
    struct cmd ten = cdb_cmd("25 00 00 00 00 00 00 00 00 00", 8);
    good(p, &ten);
    CHECK(lab, th_get32(ten.in) == 0xffffffff, "READ CAPACITY(10) of 4 TiB");
    for (size_t i = 0; i < COUNT(top); i++)
        top[i]->size_blocks = 128;
}

static void lists_without_immediate_data(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    uint8_t list[40] = { 0, 38, 0, 32, [15] = 7, [19] = 3, [31] = 90, [35] = 2 };
    uint8_t block[512];

    memset(block, 0x3c, sizeof block);
    struct cmd unmap = out_cmd("42 00 00 00 00 00 00 00 28 00", list, 40);
    good(p, &unmap);
    struct cmd same = out_cmd("41 00 00 00 00 14 00 00 02 00", block, 512);
    good(p, &same);
    for (uint32_t i = 0; i < 512 && !lab->lenient; i++) {
        CHECK(lab, lab->medium[0][7 * 512 + i] == 0 && lab->medium[0][91 * 512 + i] == 0,
              "not unmapped");
        CHECK(lab, lab->medium[0][20 * 512 + i] == 0x3c && lab->medium[0][21 * 512 + i] == 0x3c,
              "not the same");
    }
    is_untouched(p, 0, 10, 10);

    list[3] = 40;                       /* more descriptors than there are bytes */
    struct cmd beyond = out_cmd("42 00 00 00 00 00 00 00 28 00", list, 40);
    ends(p, &beyond, TH_STATUS_CHECK_CONDITION, TH_SENSE_LIST_LENGTH);
    static const uint8_t ragged[31] = { 0, 29, 0, 23, [15] = 50, [19] = 1 };
    struct cmd part = out_cmd("42 00 00 00 00 00 00 00 1f 00", ragged, 31);
    perform(p, &part);                  /* 16 of its 23 bytes are a descriptor */
    CHECK(lab, part.answered, "no answer");
    is_untouched(p, 0, 51, 10);
}

static void fua_with_solicited_data(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    struct cmd c = write_cmd(p, 0, 4, 'f');

    c.cdb[1] = 0x08;
    good(p, &c);
    is_written(p, 0, 0, 4, 'f');
    CHECK(lab, lab->lenient || lab->flushes == 1, "%u flushes", lab->flushes);
}

/* Told to fail here, beside the failing of each call that every scenario gets. */
static void fail_now(struct lab *lab)
{
    lab->fault[0].fail_at = lab->fault[0].calls;
}

static void write_error_on_immediate_data(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = write_cmd(p, 0, 1, 'e');
    uint8_t block[512];

    fail_now(lab);
    ends(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_WRITE_ERROR);
    memset(block, 1, sizeof block);
    struct cmd same = out_cmd("41 00 00 00 00 14 00 00 02 00", block, 512);
    fail_now(lab);
    ends(p, &same, TH_STATUS_CHECK_CONDITION, TH_SENSE_WRITE_ERROR);
    CHECK(lab, lab_seen(lab, p, THIMBLE_EVENT_DISK_ERROR, THIMBLE_REASON_NONE) == 2,
          "no event");
    write_ok(p, 0, 0, 1, 'e');
}

static void flush_that_fails(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd sync = cdb_cmd("35 00 00 00 00 00 00 00 00 00", 0);

    fail_now(lab);
    ends(p, &sync, TH_STATUS_CHECK_CONDITION, TH_SENSE_WRITE_ERROR);
    struct cmd mode = cdb_cmd("1a 08 08 00 ff 00", 255);
    ends(p, &mode, TH_STATUS_GOOD, 0);
    CHECK(lab, mode.got >= 4 + 20 && mode.in[4] == 0x08 && (mode.in[6] & 0x04),
          "a cache is there, and WCE does not say so");
}

/* Two sessions compare the same block with what it holds, and write: one of them wins. */
static void compare_and_write_is_atomic(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    uint8_t *mine = lab_alloc(lab, 1024), *theirs = lab_alloc(lab, 1024);

    for (uint32_t i = 0; i < 512; i++)
        mine[i] = theirs[i] = lab_byte(0, 0, i);
    memset(mine + 512, 'm', 512);
    memset(theirs + 512, 't', 512);
    struct cmd a = out_cmd("89 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00", mine, 1024);
    struct cmd b = out_cmd("89 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00", theirs, 1024);
    struct cmd w = write_cmd(q, 0, 2, 'w');
    start(p, &a);
    start(q, &b);
    start(q, &w);
    finish(p, &a);
    finish(q, &b);
    finish(q, &w);
    if (lab->lenient)
        return;
    unsigned won = (a.status == TH_STATUS_GOOD) + (b.status == TH_STATUS_GOOD);
    CHECK(lab, won <= 1, "both have won");
    was(q, &w, TH_STATUS_GOOD, 0);
}

static void pieces_smaller_than_a_block(struct lab *lab)
{
    struct peer *p = session(lab, "");

    p->immediate_bytes = 0;
    p->piece = 1024;
    write_ok(p, 0, 1, 1, 'p');
    p->piece = 512;
    write_ok(p, 0, 2, 2, 'q');
    is_untouched(p, 0, 4, 20);
}

static void digest_behind_the_padding(struct lab *lab)
{
    struct peer *p = session(lab, "HeaderDigest=None DataDigest=CRC32C");

    for (unsigned n = 36; n < 41; n++) {
        struct cmd c = cdb_cmd("12 00 00 00 00 00", n); /* checked by initiator.c */
        c.cdb[4] = (uint8_t)n;
        good(p, &c);
    }
    nop_answered(p);
}

/* ------------------------------------------------------------------------------------
 * Protocol
 */
static void check_condition_with_response_0(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = cdb_cmd("c1 00 00 00 00 00", 0);

    start(p, &c);
    struct pdu *pdu = hear_of(p, TH_OP_SCSI_RESPONSE, c.itt);
    CHECK(lab, pdu && pdu->bhs[2] == 0 && pdu->bhs[3] == 2, "response byte");
    CHECK(lab, th_get16(data_of(p, pdu)) == pdu->len - 2, "SenseLength");
}

static void limits_above_the_offer(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    say_login(
        p, LAST_LOGIN,
        "InitiatorName=" HOST " TargetName=" DISK
        " MaxBurstLength=16776192 FirstBurstLength=262144 MaxRecvDataSegmentLength=262144"
        " MaxOutstandingR2T=1 DefaultTime2Wait=2 DefaultTime2Retain=0 ErrorRecoveryLevel=0"
        " MaxConnections=1 InitialR2T=No ImmediateData=Yes DataPDUInOrder=Yes"
        " DataSequenceInOrder=Yes HeaderDigest=None DataDigest=None");
    expect(p,
           "login 0000 1-3 MaxBurstLength=262144 MaxOutstandingR2T=1 DefaultTime2Wait=2"
           " DefaultTime2Retain=0 ErrorRecoveryLevel=0 MaxConnections=1 InitialR2T=No"
           " ImmediateData=Yes DataPDUInOrder=Yes DataSequenceInOrder=Yes HeaderDigest=None"
           " DataDigest=None FirstBurstLength=65536 TargetPortalGroupTag=1 TargetAlias=a disk"
           " MaxRecvDataSegmentLength=4096");
}

static void r2t_within_max_burst(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No MaxBurstLength=8192");

    write_ok(p, 0, 0, 100, 'r');        /* R2TSN, lengths and the end: checked by initiator.c */
}

static void command_outside_the_window(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = write_cmd(p, 0, 1, 'x');
    uint32_t here = p->cmd_sn, exp = p->exp_cmd_sn;

    p->cmd_sn = here + 1000;
    start(p, &c);
    abandon(p, c.itt);
    p->cmd_sn = here;
    nop(p, "");
    struct pdu *pdu = hear_of(p, TH_OP_NOP_IN, 0);
    CHECK(lab, pdu && th_get32(pdu->bhs + 28) == exp, "ExpCmdSN moved");
    is_untouched(p, 0, 0, 1);
}

static void stat_sn_is_an_echo(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct request r = nop_request(p, IMMEDIATE, "", 0);
    uint32_t want = p->exp_stat_sn;

    th_put32(r.bhs + 28, want + 77);    /* a wrong ExpStatSN */
    put(p, &r);
    struct pdu *pdu = hear_of(p, TH_OP_NOP_IN, 0);
    CHECK(lab, pdu && th_get32(pdu->bhs + 24) == want, "StatSN %u", (unsigned)want);
}

static void every_lun_is_the_same(struct lab *lab)
{
    struct peer *p = session(lab, "");

    read_ok(p, 0, 0, 1);
    read_ok(p, 1, 0, 1);                /* each with bytes of its own */
    struct cmd none = read_cmd(p, 0, 1);
    none.lun = 2;
    ends(p, &none, TH_STATUS_CHECK_CONDITION, TH_SENSE_NO_LOGICAL_UNIT);
    struct cmd luns = cdb_cmd("a0 00 00 00 00 00 00 00 00 40 00 00", 64);
    ends(p, &luns, TH_STATUS_GOOD, 0);
    CHECK(lab, luns.got == 24 && th_get32(luns.in) == 16 && luns.in[9] == 0 && luns.in[17] == 1,
          "REPORT LUNS");
    struct cmd cut = cdb_cmd("a0 00 00 00 00 00 00 00 00 10 00 00", 64);
    ends(p, &cut, TH_STATUS_GOOD, 0);
    CHECK(lab, cut.got == 16, "ALLOCATION LENGTH is ignored");
    struct cmd inquiry = cdb_cmd("12 00 00 00 24 00", 36);
    good(p, &inquiry);
    CHECK(lab, inquiry.in[0] == 0, "not a disk: type %02x", inquiry.in[0]);
    CHECK(lab, inquiry.in[7] & 0x02, "CMDQUE is 0");
    for (unsigned i = 8; i < 36; i++)
        CHECK(lab, inquiry.in[i] >= ' ' && inquiry.in[i] < 0x7f, "INQUIRY strings");
}

static void residual_of_short_replies(struct lab *lab)
{
    struct peer *p = session(lab, "");
    static const char *const cdbs[] = {
        "1a 00 3f 00 c0 00", "5a 00 3f 00 00 00 00 00 c0 00", "12 01 00 00 c0 00",
        "12 01 83 00 c0 00", "03 00 00 00 c0 00",
    };

    for (size_t i = 0; i < COUNT(cdbs); i++) {
        struct cmd c = cdb_cmd(cdbs[i], 0xc00);
        ends(p, &c, TH_STATUS_GOOD, 0);
        CHECK(lab, c.got > 0 && c.got <= 0xc0 && c.residual == (int64_t)c.got - 0xc00,
              "%s: %u bytes, residual %d", cdbs[i], (unsigned)c.got, (int)c.residual);
    }
}

static void vital_product_data(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd list = cdb_cmd("12 01 00 00 ff 00", 255);
    bool naa = false;

    ends(p, &list, TH_STATUS_GOOD, 0);
    for (unsigned i = 0; i < list.in[3]; i++) {         /* each page in the list can be read */
        struct cmd page = cdb_cmd("12 01 00 00 ff 00", 255);
        page.cdb[2] = list.in[4 + i];
        ends(p, &page, TH_STATUS_GOOD, 0);
        CHECK(lab, page.in[1] == list.in[4 + i], "page %02x", list.in[4 + i]);
    }
    CHECK(lab, memchr(list.in + 4, 0xb2, list.in[3]), "page B2 is not in the list");
    struct cmd id = cdb_cmd("12 01 83 00 ff 00", 255);
    ends(p, &id, TH_STATUS_GOOD, 0);
    for (unsigned at = 4; at + 4 <= id.got; at += 4u + id.in[at + 3])
        naa |= (id.in[at + 1] & 0x3f) == 3;
    CHECK(lab, naa, "no NAA designator in page 83");
}

static void text_requests(struct lab *lab)
{
    struct peer *p = session(lab, "");

    struct request r = text_request(p, T_BIT, TH_TAG_NONE, "");
    put(p, &r);
    expect(p, "text 6 F");
    r = text_request(p, T_BIT, TH_TAG_NONE, "SendTargets=");
    put(p, &r);
    expect(p, "text 7 F TargetName=" DISK " TargetAddress=192.0.2.1:3260,1");
    r = text_request(p, T_BIT, TH_TAG_NONE, "SendTargets=" DISK);
    put(p, &r);
    expect(p, "text 8 F TargetName=" DISK " TargetAddress=192.0.2.1:3260,1");
    r = text_request(p, 0, TH_TAG_NONE, "X-more=1");    /* F=0: it goes on, with a tag */
    put(p, &r);
    struct pdu *pdu = hear(p);
    CHECK(lab, pdu && !(pdu->bhs[1] & TH_FINAL) && th_get32(pdu->bhs + 20) != TH_TAG_NONE,
          "%s", describe(p, pdu));
}

static void split_login_key(struct lab *lab)
{
    struct peer *p = lab_connect(lab);

    struct request r =
        login_request(p, C_BIT | CSG(1), "InitiatorName=" HOST " TargetName=" DISK " MaxBurs");
    r.len--;                            /* without the NUL */
    th_put24(r.bhs + 5, r.len);
    put(p, &r);
    expect(p, "login 0000 1");
    say_login(p, LAST_LOGIN, "tLength=1536");
    expect(p, "login 0000 1-3 MaxBurstLength=1536 TargetPortalGroupTag=1 TargetAlias=a disk"
              " MaxRecvDataSegmentLength=4096");
}

static void abort_of_nothing(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = lab_connect(lab);
    struct request r = tmf_request(p, TH_TMF_ABORT_TASK, 0, 4711);

    th_put32(r.bhs + 32, p->cmd_sn - 2);
    put(p, &r);
    tmf_says(p, th_get32(r.bhs + 16), TH_TMF_NO_TASK);
    memcpy(q->isid, p->isid, 6);
    log_in(q, "");
    CHECK(lab, !p->conn, "one ISID, two sessions");
}

static void digest_error_ends_the_task(struct lab *lab)
{
    struct peer *p = session(lab, "DataDigest=CRC32C");
    struct cmd c = write_cmd(p, 0, 1, 'd');

    p->spoil_data_digest = true;
    start(p, &c);
    expect(p, "reject 02 of 01");
    finish(p, &c);
    was(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_PROTOCOL_CRC);
    is_untouched(p, 0, 0, 1);
}

static void r2t_from_an_initiator(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct request r = nop_request(p, IMMEDIATE, "", 0);

    r.bhs[0] = 0x31;
    put(p, &r);
    expect(p, "reject 05 of 31");
    nop_answered(p);
}

/* A Data-Out that is refused is refused as what it is, with the numbers of the session. */
static void refused_data_out(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = write_cmd(p, 0, 1, 'x');
    uint32_t exp = p->exp_cmd_sn;

    c.itt = 99;
    struct request r = data_out(p, &c, 0x00ff00ff, 0, 0, 512, true);
    put(p, &r);
    struct pdu *pdu = hear(p);
    CHECK(lab, pdu && strcmp(describe(p, pdu), "reject 09 of 05") == 0, "%s",
          pdu ? describe(p, pdu) : "nothing");
    CHECK(lab, th_get32(pdu->bhs + 28) == exp, "ExpCmdSN");
}

static void lock_of_another_nexus(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd reserve = cdb_cmd("16 00 00 00 00 00", 0),
               sense = cdb_cmd("03 00 00 00 12 00", 18);

    good(p, &reserve);
    struct cmd w = write_cmd(q, 0, 1, 'q');
    ends(q, &w, TH_STATUS_RESERVATION_CONFLICT, 0);
    good(q, &sense);
    tmf_says(q, tmf(q, TH_TMF_LOGICAL_UNIT_RESET, 0, TH_TAG_NONE), TH_TMF_COMPLETE);
    struct cmd first = read_cmd(q, 0, 1);
    perform(q, &first);                 /* a unit attention, perhaps */
    write_ok(q, 0, 0, 1, 'q');
}

#define BLOCKS_OF_4K .options = { .block_shift = 12, .size_blocks = 32 }

static const struct scenario scenarios[] = {
    { .name = "1 a number that is none", .play = number_that_is_none },
    { .name = "2 one bad header digest", .play = one_bad_header_digest },
    { .name = "3 COMPARE AND WRITE without data", .play = compare_and_write_without_data },
    { .name = "4 an AHS of length 0", .play = ahs_of_length_0 },
    { .name = "5 Data-Out at 2 GiB", .play = data_out_at_2_gib },
    { .name = "6 more blocks than the disk has", .play = more_blocks_than_the_disk },
    { .name = "7 a READ without a login", .play = read_without_a_login },
    { .name = "7 any target name", .play = any_target_name },
    { .name = "7 who asks for CHAP alone gets None", .play = chap_only_gets_none },
    { .name = "8, 10 a NOP-Out of 16 MB", .play = sixteen_mb_nop },
    { .name = "9 MaxRecvDataSegmentLength=0", .play = segment_length_0 },
    { .name = "11 connections without limit", .play = connections_without_limit },
    { .name = "12 a dead peer blocks others", .play = dead_peer_blocks_others },
    { .name = "13 a segment that is smaller than a block", .play = segment_smaller_than_a_block,
      BLOCKS_OF_4K },
    { .name = "13, 31 a transfer of 4 GiB, a disk of 4 TiB", .play = transfer_of_4_gib },
    { .name = "14 UNMAP and WRITE SAME without immediate data",
      .play = lists_without_immediate_data },
    { .name = "15 FUA with solicited data", .play = fua_with_solicited_data },
    { .name = "16 a write error on immediate data", .play = write_error_on_immediate_data,
      .no_faults = true },
    { .name = "17 a flush that fails", .play = flush_that_fails, .no_faults = true },
    { .name = "18 COMPARE AND WRITE is atomic", .play = compare_and_write_is_atomic,
      .own_pace = true },
    { .name = "19 pieces that are smaller than a block", .play = pieces_smaller_than_a_block,
      BLOCKS_OF_4K },
    { .name = "20 the digest behind the padding", .play = digest_behind_the_padding },
    { .name = "21 CHECK CONDITION has response 0", .play = check_condition_with_response_0 },
    { .name = "22 limits above the offer", .play = limits_above_the_offer },
    { .name = "23 R2T within MaxBurstLength", .play = r2t_within_max_burst },
    { .name = "24 a command outside the window", .play = command_outside_the_window },
    { .name = "24 StatSN is our own", .play = stat_sn_is_an_echo },
    { .name = "25 every LUN is the same", .play = every_lun_is_the_same },
    { .name = "26 residuals of short replies", .play = residual_of_short_replies },
    { .name = "27 text requests", .play = text_requests },
    { .name = "27 a key that is cut", .play = split_login_key },
    { .name = "28 the abort of nothing; one ISID twice", .play = abort_of_nothing },
    { .name = "29 a digest error ends the task", .play = digest_error_ends_the_task },
    { .name = "29 an R2T from an initiator", .play = r2t_from_an_initiator },
    { .name = "30 a Data-Out that is refused", .play = refused_data_out },
    { .name = "31 VPD pages", .play = vital_product_data },
    { .name = "31 the lock of another nexus", .play = lock_of_another_nexus },
};

int main(void)
{
    return play_all("faults of iESP", scenarios, COUNT(scenarios));
}
