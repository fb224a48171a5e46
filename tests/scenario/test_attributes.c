/* SPDX-License-Identifier: MIT
 *
 * test_attributes.c: in which order commands begin: ORDERED, HEAD OF QUEUE, and what waits for what.
 *
 * SAM-5 8.6, RFC 7143 11.3.1.
 *
 * The disks of most scenarios here answer when told to: who is at a disk has begun, and who is not waits.
 */
#include "ways.h"

static struct cmd with(struct cmd c, uint8_t attribute)
{
    c.attribute = attribute;
    return c;
}

static struct cmd on_unit(struct cmd c, uint8_t lun)
{
    c.lun = lun;
    return c;
}

static void at_disk(struct lab *lab, uint32_t n)
{
    lab_run(lab);
    CHECK(lab, lab_disk_waiting(lab) == n, "%u commands have begun, not %u",
          (unsigned)lab_disk_waiting(lab), (unsigned)n);
}

static void begin(struct peer *p, struct cmd *c, uint32_t n)
{
    start(p, c);
    at_disk(p->lab, n);
}

static void ended_well(struct peer *p, struct cmd *c)
{
    finish(p, c);
    was(p, c, TH_STATUS_GOOD, 0);
}

static bool is_answered(struct peer *p, struct cmd *c)
{
    struct lab *lab = p->lab;
    uint32_t before = lab_disk_waiting(lab);

    finish(p, c);
    CHECK(lab, lab_disk_waiting(lab) == before, "a disk went on by itself");
    return c->answered;
}

/* ---- who waits for whom ---- */
static void ordered(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd a = read_cmd(p, 0, 1), b = read_cmd(q, 1, 1);
    struct cmd o = with(write_cmd(p, 8, 2, 'o'), TH_ATTR_ORDERED);
    struct cmd c = write_cmd(q, 8, 1, 'c'), d = with(read_cmd(p, 9, 1), TH_ATTR_UNTAGGED);
    struct cmd elsewhere = on_unit(read_cmd(q, 0, 1), 1);

    begin(p, &a, 1);
    begin(q, &b, 2);
    begin(p, &o, 2);
    begin(q, &c, 2);                    /* newer, of another nexus: the set is one */
    begin(p, &d, 2);
    begin(q, &elsewhere, 3);            /* another unit has its own */
    lab_disk(lab, 1);
    at_disk(lab, 2);
    CHECK(lab, is_answered(p, &a) && !is_answered(q, &b), "the first READ");
    lab_disk(lab, 1);                   /* the last that was older: now o */
    at_disk(lab, 2);
    ended_well(q, &b);
    is_untouched(p, 0, 8, 1);
    lab_disk(lab, 1);                   /* of all units, the first one's disk is served first */
    at_disk(lab, 3);
    ended_well(p, &o);
    is_written(p, 0, 8, 2, 'o');
    lab->disk_held = false;
    ended_well(q, &c);
    ended_well(p, &d);
    ended_well(q, &elsewhere);
    is_written(p, 0, 8, 1, 'c');
    CHECK(lab, memcmp(d.in, lab->medium[0] + 9 * 512, 512) == 0, "d read what was there before o");
}

static void head_of_queue(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd a = read_cmd(p, 0, 1), o = with(read_cmd(p, 1, 1), TH_ATTR_ORDERED);
    struct cmd h = with(read_cmd(q, 2, 1), TH_ATTR_HEAD_OF_QUEUE), s = read_cmd(q, 3, 1);

    begin(p, &a, 1);
    begin(p, &o, 1);
    begin(q, &h, 2);                    /* goes ahead of o */
    begin(q, &s, 2);
    lab_disk(lab, 1);                   /* a: o waited for nobody else, h came later */
    at_disk(lab, 2);
    ended_well(p, &a);
    lab_disk(lab, 1);                   /* h: s waits for o still */
    at_disk(lab, 1);
    ended_well(q, &h);
    lab_disk(lab, 1);
    at_disk(lab, 1);
    ended_well(p, &o);
    lab->disk_held = false;
    ended_well(q, &s);

    lab->disk_held = true;              /* what is newer than h waits for h */
    struct cmd h1 = with(read_cmd(q, 2, 1), TH_ATTR_HEAD_OF_QUEUE);
    struct cmd h2 = with(read_cmd(p, 2, 1), TH_ATTR_HEAD_OF_QUEUE);
    struct cmd s1 = read_cmd(p, 4, 1), s2 = read_cmd(p, 5, 1);
    begin(q, &h1, 1);
    begin(p, &s1, 1);
    begin(p, &h2, 2);
    begin(p, &s2, 2);
    lab_disk(lab, 1);                   /* h1 has ended: s1 may, s2 waits for h2 */
    at_disk(lab, 2);
    lab_disk(lab, 1);
    at_disk(lab, 2);
    lab->disk_held = false;
    ended_well(q, &h1);
    ended_well(p, &h2);
    ended_well(p, &s1);
    ended_well(p, &s2);
}

/* Commands that only tell something do not wait, and nobody waits for them. */
static void at_once(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd a = read_cmd(p, 0, 1), o = with(read_cmd(p, 1, 1), TH_ATTR_ORDERED);
    struct cmd inquiry = cdb_cmd("12 00 00 00 24 00", 36), luns = cdb_cmd("a0 00 00 00 00 00 00 00 00 18 00 00", 24);
    struct cmd sense = with(cdb_cmd("03 00 00 00 12 00", 18), TH_ATTR_ORDERED);
    struct cmd nowhere = on_unit(with(cdb_cmd("00 00 00 00 00 00", 0), TH_ATTR_ORDERED), 5);
    struct cmd ready = cdb_cmd("00 00 00 00 00 00", 0);

    begin(p, &a, 1);
    begin(p, &o, 1);
    good(p, &inquiry);
    good(p, &luns);
    good(p, &sense);
    ends(p, &nowhere, TH_STATUS_CHECK_CONDITION, TH_SENSE_NO_LOGICAL_UNIT);
    start(p, &ready);
    CHECK(lab, !is_answered(p, &ready), "TEST UNIT READY overtook an ORDERED command");
    lab->disk_held = false;
    ended_well(p, &a);
    ended_well(p, &o);
    ended_well(p, &ready);
}

static void refused_attributes(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd aca = with(write_cmd(p, 0, 2, 'x'), TH_ATTR_ACA);

    ends(p, &aca, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_MESSAGE);
    for (uint8_t attribute = TH_ATTR_ACA + 1; attribute <= TH_ATTR_BITS; attribute++) {
        struct cmd reserved = with(read_cmd(p, 0, 1), attribute);
        struct request r = command_request(p, &reserved, 0, true);
        p->cmd_sn--;                    /* a PDU that is refused takes none */
        put(p, &r);
        abandon(p, reserved.itt);
        expect(p, "reject 09 of 01");
    }
    read_ok(p, 0, 0, 1);
    is_untouched(p, 0, 0, 2);
}

/* ---- data of commands that wait ---- */

/* Immediate and unsolicited data, a parameter list, and what comes while the turn comes. */
static void data_waits(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No FirstBurstLength=8192 MaxBurstLength=8192");
    struct cmd a = read_cmd(p, 0, 1), w = with(write_cmd(p, 16, 24, 'w'), TH_ATTR_ORDERED);
    static const uint8_t list[24] = { 0, 22, 0, 16, [15] = 80, [19] = 3 };
    struct cmd unmap = out_cmd("42 00 00 00 00 00 00 00 18 00", list, sizeof list);
    struct cmd conflict = out_cmd("2a 00 00 00 00 70 00 00 20 00", w.out, 12288);  /* behind the end */

    p->piece = 1536;
    p->immediate_bytes = 512;
    begin(p, &a, 1);
    begin(p, &w, 1);
    begin(p, &unmap, 1);
    begin(p, &conflict, 1);
    lab->disk_held = false;
    ended_well(p, &a);
    ended_well(p, &w);
    ended_well(p, &unmap);
    finish(p, &conflict);
    was(p, &conflict, TH_STATUS_CHECK_CONDITION, TH_SENSE_LBA_OUT_OF_RANGE);
    is_written(p, 0, 16, 24, 'w');
    for (uint32_t i = 80 * 512; i < 83 * 512; i++)
        CHECK(lab, lab->medium[0][i] == 0, "UNMAP did not");
    is_untouched(p, 0, 83, 45);
}

/* The turn comes while a Data-Out is half there: cut anywhere, by play_cuts(). */
static void turn_in_a_data_out(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No"), *q = session(lab, "");
    struct cmd a = read_cmd(q, 0, 1), w = with(write_cmd(p, 16, 4, 'w'), TH_ATTR_ORDERED);
    uint8_t *data = lab_alloc(lab, 1024);
    uint32_t cut = lab->way.cut;

    memcpy(data, lab->medium[0] + 40 * 512, 512);
    memset(data + 512, 0x5a, 512);
    struct cmd caw = out_cmd("89 00 00 00 00 00 00 00 00 28 00 00 00 01 00 00", data, 1024);
    begin(q, &a, 1);
    uint32_t from = lab->received;
    p->piece = p->immediate_bytes = 512;
    start(p, &w);
    start(p, &caw);
    size_t all = p->in_len;
    if (cut > from && cut - from < all - p->in_at)
        p->in_len = p->in_at + (cut - from);    /* a part of it */
    lab_run(lab);
    lab_disk(lab, 1);                   /* a ends */
    lab->disk_held = false;
    p->in_len = all;                    /* and the rest */
    p->attention = true;
    ended_well(q, &a);
    ended_well(p, &w);
    ended_well(p, &caw);
    is_written(p, 0, 16, 4, 'w');
    CHECK(lab, memcmp(lab->medium[0] + 40 * 512, data + 512, 512) == 0, "COMPARE AND WRITE did not");
}

/* Behind the data of one that waits is the data of the one that it waits for: it must not be in the way. */
static void data_behind_data(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd o = with(write_cmd(p, 16, 8, 'o'), TH_ATTR_ORDERED), s[3];
    unsigned refused = 0;

    p->immediate_bytes = 0;
    start(p, &o);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, o.itt);
    CHECK(lab, r2t, "no R2T");
    p->immediate_bytes = UINT32_MAX;
    for (unsigned i = 0; i < COUNT(s); i++) {
        s[i] = write_cmd(p, 32 + i, 1, 's');
        start(p, &s[i]);
    }
    struct request d = data_out(p, &o, th_get32(r2t->bhs + 20), 0, 0, o.edtl, true);
    o.r2t_sn = 1;
    o.sent = o.edtl;
    put(p, &d);
    ended_well(p, &o);
    for (unsigned i = 0; i < COUNT(s); i++) {
        finish(p, &s[i]);
        refused += s[i].status == TH_STATUS_TASK_SET_FULL;
        if (s[i].status != TH_STATUS_TASK_SET_FULL)
            was(p, &s[i], TH_STATUS_GOOD, 0);
        else
            is_untouched(p, 0, 32 + i, 1);
    }
    uint16_t n = lab->options->config.n_buffers;
    CHECK(lab, refused == (n == 2 ? 3u : n == 3 ? 2u : 0u), "%u were refused", refused);
    is_written(p, 0, 16, 8, 'o');
}

/* Several buffers of one command, on a disk that may answer at once. */
static void pieces_wait(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "InitialR2T=No");
    struct cmd o = with(write_cmd(p, 16, 1, 'o'), TH_ATTR_ORDERED), w = write_cmd(q, 16, 8, 'w');

    p->immediate_bytes = 0;
    start(p, &o);
    lab_run(lab);
    q->piece = q->immediate_bytes = 1024;
    start(q, &w);
    ended_well(p, &o);
    ended_well(q, &w);
    is_written(q, 0, 16, 8, 'w');
}

/* Those that wait have taken what they may: a READ that they wait for still gets its buffers. */
static void reads_have_buffers(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, ""), *r = session(lab, "");
    struct cmd a = read_cmd(p, 0, 64), b = read_cmd(q, 0, 64), c = read_cmd(r, 0, 64);
    struct cmd o = with(read_cmd(p, 1, 1), TH_ATTR_ORDERED), s[6];

    start(p, &a);
    start(q, &b);
    start(r, &c);
    start(p, &o);
    lab_run(lab);
    for (unsigned i = 0; i < COUNT(s); i++) {
        struct peer *who = i % 3 == 0 ? p : i % 3 == 1 ? q : r;
        s[i] = write_cmd(who, 64 + i, 1, 's');
        start(who, &s[i]);
    }
    lab_run(lab);
    lab->disk_held = false;
    ended_well(p, &a);
    ended_well(q, &b);
    ended_well(r, &c);
    ended_well(p, &o);
    for (unsigned i = 0; i < COUNT(s); i++) {
        finish(i % 3 == 0 ? p : i % 3 == 1 ? q : r, &s[i]);
        CHECK(lab, lab->lenient || (s[i].answered && s[i].status != TH_STATUS_CHECK_CONDITION),
              "write %u: %sanswered, status %02x", i, s[i].answered ? "" : "not ", s[i].status);
    }
}

/* Immediate commands have few places, which all others need: they do not wait. */
static void immediate_ones(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd a = read_cmd(p, 0, 1), o = with(read_cmd(p, 1, 1), TH_ATTR_ORDERED), s[3];
    struct cmd h = with(read_cmd(p, 2, 1), TH_ATTR_HEAD_OF_QUEUE);

    begin(p, &a, 1);
    begin(p, &o, 1);
    for (unsigned i = 0; i < COUNT(s); i++) {
        s[i] = write_cmd(p, 32 + i, 1, 's');
        s[i].order = IMMEDIATE;
        ends(p, &s[i], TH_STATUS_TASK_SET_FULL, 0);
    }
    h.order = IMMEDIATE;
    begin(p, &h, 2);
    nop_answered(p);
    lab->disk_held = false;
    ended_well(p, &a);
    ended_well(p, &h);
    ended_well(p, &o);
    is_untouched(p, 0, 32, 3);
}

/* A request that is ahead of its CmdSN's turn is in no task set; data that came with it does not wait twice. */
static void ahead_of_its_number(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    uint32_t gap = p->cmd_sn++;
    struct cmd o = with(read_cmd(p, 0, 1), TH_ATTR_ORDERED), w = write_cmd(p, 32, 1, 'w');
    struct cmd s = read_cmd(q, 1, 1);

    start(p, &o);
    start(p, &w);
    begin(q, &s, 1);                    /* o is not there yet */
    uint32_t next = p->cmd_sn;
    p->cmd_sn = gap;
    struct request r = nop_request(p, ORDERED, "", 0);
    put(p, &r);
    p->cmd_sn = next;
    at_disk(lab, 1);                    /* now it is, and waits for s */
    finish(p, &w);
    was(p, &w, TH_STATUS_TASK_SET_FULL, 0);
    lab->disk_held = false;
    ended_well(q, &s);
    ended_well(p, &o);
    write_ok(p, 0, 32, 1, 'w');
    CHECK(lab, hear_of(p, TH_OP_NOP_IN, th_get32(r.bhs + 16)), "the gap was not filled");
}

/* Out of order, too long, cut short: the one that waits ends, and the others do not care. */
static void wrong_data(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No ImmediateData=No");
    struct cmd a = read_cmd(p, 0, 1), w = with(write_cmd(p, 16, 4, 'w'), TH_ATTR_ORDERED), s = read_cmd(p, 1, 1);

    begin(p, &a, 1);
    struct request r = command_request(p, &w, 0, false);
    put(p, &r);
    start(p, &s);
    r = data_out(p, &w, TH_TAG_NONE, 0, 0, 512, false);
    put(p, &r);
    at_disk(lab, 1);
    r = data_out(p, &w, TH_TAG_NONE, 1, 1024, 1024, true);      /* 512 bytes are missing */
    put(p, &r);
    finish(p, &w);
    was(p, &w, TH_STATUS_CHECK_CONDITION, TH_SENSE_PROTOCOL_CRC);
    at_disk(lab, 2);                    /* s waits for nobody now */
    lab->disk_held = false;
    ended_well(p, &a);
    ended_well(p, &s);
    is_untouched(p, 0, 16, 4);
}

/* ---- ends ---- */
static void abort_one(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd a = read_cmd(p, 0, 1), o = with(write_cmd(p, 8, 1, 'o'), TH_ATTR_ORDERED);
    struct cmd s = write_cmd(q, 9, 1, 's'), t = read_cmd(q, 10, 1);

    begin(p, &a, 1);
    begin(p, &o, 1);
    begin(q, &s, 1);
    begin(q, &t, 1);
    uint32_t itt = tmf(q, TH_TMF_ABORT_TASK, 0, s.itt);
    abandon(q, s.itt);
    tmf_says(q, itt, TH_TMF_COMPLETE);
    at_disk(lab, 1);
    itt = tmf(p, TH_TMF_ABORT_TASK, 0, o.itt);
    abandon(p, o.itt);
    tmf_says(p, itt, TH_TMF_COMPLETE);
    at_disk(lab, 2);                    /* t goes on beside a */
    lab->disk_held = false;
    ended_well(p, &a);
    ended_well(q, &t);
    is_untouched(p, 0, 8, 2);
}

static void clear_all(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd a = read_cmd(p, 0, 1), o = with(write_cmd(p, 8, 1, 'o'), TH_ATTR_ORDERED), s = write_cmd(q, 9, 1, 's');

    begin(p, &a, 1);
    begin(p, &o, 1);
    begin(q, &s, 1);
    uint32_t itt = tmf(p, TH_TMF_CLEAR_TASK_SET, 0, TH_TAG_NONE);
    abandon(p, a.itt);
    abandon(p, o.itt);
    abandon(q, s.itt);
    lab_run(lab);
    CHECK(lab, !hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt), "answered too early");
    lab->disk_held = false;
    tmf_says(p, itt, TH_TMF_COMPLETE);
    struct cmd first = read_cmd(q, 0, 1);
    ends(q, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_COMMANDS_CLEARED);
    read_ok(q, 0, 0, 1);
    is_untouched(p, 0, 8, 2);
}

/* Who others wait for goes away, with a command at the disk and one that waits. */
static void hang_up(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd a = with(read_cmd(p, 0, 1), TH_ATTR_ORDERED), o = with(write_cmd(p, 8, 1, 'o'), TH_ATTR_ORDERED);
    struct cmd s = write_cmd(q, 9, 1, 's');

    begin(p, &a, 1);
    begin(p, &o, 1);
    begin(q, &s, 1);
    lab_hang_up(p);
    at_disk(lab, 1);                    /* a is still there */
    lab_disk(lab, 1);
    at_disk(lab, 1);
    lab->disk_held = false;
    ended_well(q, &s);
    is_untouched(q, 0, 8, 1);
    is_written(q, 0, 9, 1, 's');
}

/* ---- nobody waits for ever ---- */
static void data_never_comes(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd o = with(write_cmd(p, 8, 1, 'o'), TH_ATTR_ORDERED);

    p->immediate_bytes = 0;
    struct request r = command_request(p, &o, 0, true);
    put(p, &r);
    struct cmd s = read_cmd(q, 9, 1);
    start(q, &s);
    lab_pass(lab, 29000);
    CHECK(lab, !is_answered(q, &s), "it did not wait");
    lab_pass(lab, 2000);
    lab_dropped(p, THIMBLE_REASON_DATA_TIMEOUT);
    ended_well(q, &s);
}

static void does_not_read(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd o = with(read_cmd(p, 0, 128), TH_ATTR_ORDERED);

    p->deaf = true;
    start(p, &o);
    lab_run(lab);
    struct cmd s = read_cmd(q, 9, 1);
    start(q, &s);
    lab_pass(lab, 59000);
    CHECK(lab, !is_answered(q, &s), "it did not wait");
    lab_pass(lab, 2000);
    lab_dropped(p, THIMBLE_REASON_SEND_TIMEOUT);
    ended_well(q, &s);
}

/* The data that two immediate commands wait for stands behind a third immediate request. */
static void blocks_itself(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd w[2];

    p->immediate_bytes = 0;
    for (unsigned i = 0; i < COUNT(w); i++) {
        w[i] = with(write_cmd(p, 8 + i, 1, 'w'), TH_ATTR_HEAD_OF_QUEUE);
        w[i].order = IMMEDIATE;
        struct request r = command_request(p, &w[i], 0, true);
        put(p, &r);
    }
    nop(p, "");
    struct cmd s = read_cmd(q, 9, 1);
    start(q, &s);
    for (unsigned i = 0; i < 29 && p->conn; i++) {
        nop_answered(q);
        lab_pass(lab, 1000);
    }
    CHECK(lab, p->conn && !is_answered(q, &s), "too early");
    lab_pass(lab, 2000);
    lab_dropped(p, THIMBLE_REASON_DATA_TIMEOUT);
    ended_well(q, &s);
}

/* A queue of ORDERED writes of one block: the last is what stays, whatever comes late. */
static void one_after_the_other(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No"), *q = session(lab, "");
    struct cmd w[24], r[4];
    unsigned last = 0;

    for (unsigned i = 0, k = 0; i < COUNT(w); i++) {
        w[i] = with(write_cmd(p, 40, 4, (uint8_t)i), TH_ATTR_ORDERED);
        p->piece = 512 + 512 * (i % 3);
        p->immediate_bytes = i % 4 * 512;
        start(p, &w[i]);
        if (i % 6 == 0) {
            r[k] = with(read_cmd(q, 0, 32), (uint8_t)(TH_ATTR_SIMPLE + k % 3));
            start(q, &r[k++]);
        }
        if (i % 8 == 7) {
            for (unsigned j = i - 7; j <= i; j++) {
                finish(p, &w[j]);
                CHECK(lab, lab->lenient || w[j].status == TH_STATUS_GOOD || w[j].status == TH_STATUS_TASK_SET_FULL ||
                           w[j].status == TH_STATUS_BUSY,
                      "write %u: status %02x", j, w[j].status);
                last = w[j].status == TH_STATUS_GOOD ? j : last;
            }
            is_written(p, 0, 40, 4, (uint8_t)last);
        }
    }
    for (unsigned k = 0; k < COUNT(r); k++)
        ended_well(q, &r[k]);
}

#define BY_HAND .own_disks = true
#define BUFFERS(n) .options = { .config = { .n_buffers = n } }

static const struct scenario scenarios[] = {
    { .name = "ORDERED", .play = ordered, BY_HAND, BUFFERS(8) },
    { .name = "HEAD OF QUEUE", .play = head_of_queue, BY_HAND, BUFFERS(8) },
    { .name = "commands that do not wait", .play = at_once, BY_HAND, BUFFERS(8) },
    { .name = "attributes that are refused", .play = refused_attributes },
    { .name = "data waits", .play = data_waits, BY_HAND, BUFFERS(32) },
    { .name = "the turn comes in a Data-Out", .play = turn_in_a_data_out, BY_HAND, .own_pace = true, BUFFERS(16) },
    { .name = "data behind data, 2 buffers", .play = data_behind_data, BUFFERS(2) },
    { .name = "data behind data, 3 buffers", .play = data_behind_data, BUFFERS(3) },
    { .name = "data behind data, 8 buffers", .play = data_behind_data, BUFFERS(8) },
    { .name = "pieces wait", .play = pieces_wait, BUFFERS(16) },
    { .name = "READs have buffers, of 2", .play = reads_have_buffers, BY_HAND, .own_pace = true, BUFFERS(2) },
    { .name = "READs have buffers, of 3", .play = reads_have_buffers, BY_HAND, .own_pace = true, BUFFERS(3) },
    { .name = "READs have buffers, of 6", .play = reads_have_buffers, BY_HAND, .own_pace = true, BUFFERS(6) },
    { .name = "READs have buffers, of 9", .play = reads_have_buffers, BY_HAND, .own_pace = true, BUFFERS(9) },
    { .name = "immediate commands", .play = immediate_ones, BY_HAND, BUFFERS(8) },
    { .name = "ahead of its CmdSN", .play = ahead_of_its_number, BY_HAND, BUFFERS(8) },
    { .name = "wrong data of one that waits", .play = wrong_data, BY_HAND, BUFFERS(8) },
    { .name = "ABORT TASK of one that waits", .play = abort_one, BY_HAND, BUFFERS(8) },
    { .name = "CLEAR TASK SET with some that wait", .play = clear_all, BY_HAND, BUFFERS(8) },
    { .name = "who others wait for hangs up", .play = hang_up, BY_HAND, BUFFERS(8) },
    { .name = "data never comes", .play = data_never_comes, .no_faults = true },
    { .name = "a reader that does not read", .play = does_not_read, .own_pace = true, .no_faults = true, BUFFERS(4) },
    { .name = "an initiator that blocks itself", .play = blocks_itself, .own_pace = true, .no_faults = true },
    { .name = "one after the other", .play = one_after_the_other, .own_pace = true, .no_cuts = true },
};

int main(void)
{
    return play_all("task attributes", scenarios, COUNT(scenarios));
}
