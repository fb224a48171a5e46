/* SPDX-License-Identifier: MIT
 *
 * test_numbers.c: command numbering: order, gaps, the window, immediate commands.
 *
 * RFC 7143 4.2.2.
 *
 * StatSN, ExpCmdSN and MaxCmdSN are checked in every scenario, by initiator.c.
 */
#include "ways.h"

/* Three commands arrive as 3, 1, 2: they are executed as 1, 2, 3. */
static void out_of_order(struct lab *lab)
{
    struct peer *p = session(lab, "");
    uint32_t first = p->cmd_sn;
    struct cmd w = write_cmd(p, 0, 1, '3'), a = write_cmd(p, 0, 1, '1'), r = read_cmd(p, 8, 1);

    p->cmd_sn = first + 2;
    start(p, &w);
    p->cmd_sn = first;
    start(p, &a);
    start(p, &r);
    p->cmd_sn = first + 3;
    finish(p, &a);
    finish(p, &r);
    finish(p, &w);
    was(p, &a, TH_STATUS_GOOD, 0);
    was(p, &r, TH_STATUS_GOOD, 0);
    was(p, &w, TH_STATUS_GOOD, 0);
    is_written(p, 0, 0, 1, '3');
}

/* All kinds of requests wait for their turn. */
static void all_kinds_out_of_order(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    uint32_t first = p->cmd_sn;
    struct cmd w = write_cmd(p, 4, 2, 'w');

    p->cmd_sn = first + 1;
    struct request n = nop_request(p, ORDERED, "", 0);
    put(p, &n);
    struct request t = tmf_request(p, TH_TMF_ABORT_TASK_SET, 1, TH_TAG_NONE);
    t.bhs[0] &= (uint8_t)~TH_IMMEDIATE;
    th_put32(t.bhs + 24, first + 2);
    put(p, &t);
    p->cmd_sn = first + 3;
    start(p, &w);
    struct request dup = nop_request(p, ORDERED, "", 0);        /* first + 1 again */
    th_put32(dup.bhs + 24, first + 1);
    put(p, &dup);
    expect_silence(p);
    p->cmd_sn = first;
    struct request gap = nop_request(p, ORDERED, "", 0);
    put(p, &gap);
    p->cmd_sn = first + 4;
    CHECK(lab, hear_of(p, TH_OP_NOP_IN, th_get32(gap.bhs + 16)), "the gap");
    CHECK(lab, hear_of(p, TH_OP_NOP_IN, th_get32(n.bhs + 16)), "the NOP-Out");
    tmf_says(p, th_get32(t.bhs + 16), TH_TMF_COMPLETE);
    finish(p, &w);
    was(p, &w, TH_STATUS_GOOD, 0);
    CHECK(lab, !hear_of(p, TH_OP_NOP_IN, th_get32(dup.bhs + 16)), "one number, two answers");
    is_written(p, 0, 4, 2, 'w');
}

static void logout_out_of_order(struct lab *lab)
{
    struct peer *p = session(lab, "");
    uint32_t first = p->cmd_sn;

    p->cmd_sn = first + 1;
    struct request out = logout_request(p, ORDERED, 0);
    put(p, &out);
    expect_silence(p);
    p->cmd_sn = first;
    struct request gap = nop_request(p, ORDERED, "", 0);
    put(p, &gap);
    CHECK(lab, hear_of(p, TH_OP_NOP_IN, th_get32(gap.bhs + 16)), "the gap");
    CHECK(lab, hear_of(p, TH_OP_LOGOUT_RESPONSE, th_get32(out.bhs + 16)), "the logout");
    CHECK(lab, !p->conn, "still there");
}

/* A parameter list that waits for its turn lands in its place then. */
static void list_out_of_order(struct lab *lab)
{
    struct peer *p = session(lab, "");
    static const uint8_t list[24] = { 0, 22, 0, 16, [15] = 7, [19] = 3 };
    struct cmd unmap = out_cmd("42 00 00 00 00 00 00 00 18 00", list, 24);
    uint32_t first = p->cmd_sn;

    p->cmd_sn = first + 1;
    start(p, &unmap);
    p->cmd_sn = first;
    struct request gap = nop_request(p, ORDERED, "", 0);
    put(p, &gap);
    p->cmd_sn = first + 2;
    finish(p, &unmap);
    was(p, &unmap, TH_STATUS_GOOD, 0);
    for (uint32_t i = 0; i < 3 * 512; i++)
        CHECK(lab, lab->lenient || lab->medium[0][7 * 512 + i] == 0, "not unmapped");
    is_untouched(p, 0, 10, 118);
}

/* What waits for its turn is refused as any other. */
static void wrong_and_out_of_order(struct lab *lab)
{
    struct peer *p = session(lab, "HeaderDigest=CRC32C DataDigest=CRC32C");
    uint32_t first = p->cmd_sn;
    struct cmd w = write_cmd(p, 0, 1, 'w'), no_unit = read_cmd(p, 0, 1);

    p->cmd_sn = first + 1;
    p->spoil_data_digest = true;
    start(p, &w);
    expect(p, "reject 02 of 01");       /* as if it had not come */
    abandon(p, w.itt);
    p->cmd_sn = first + 1;
    struct request text = text_request(p, T_BIT, TH_TAG_NONE, "SendTargets=");
    put(p, &text);
    expect(p, "reject 04 of 04");       /* text does not wait */
    p->cmd_sn = first + 1;
    no_unit.lun = 5;
    start(p, &no_unit);
    p->cmd_sn = first;
    struct request gap = nop_request(p, ORDERED, "", 0);
    put(p, &gap);
    p->cmd_sn = first + 2;
    finish(p, &no_unit);
    was(p, &no_unit, TH_STATUS_CHECK_CONDITION, TH_SENSE_NO_LOGICAL_UNIT);
    read_ok(p, 0, 0, 1);
    is_untouched(p, 0, 0, 128);
}

/* Two with data ahead of their turn: nobody keeps two buffers for one who cannot count. */
static void two_ahead_with_data(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "");
    struct cmd a = write_cmd(p, 0, 1, 'a'), b = write_cmd(p, 1, 1, 'b');

    p->cmd_sn++;
    start(p, &a);
    start(p, &b);
    lab_dropped(p, THIMBLE_REASON_CMD_SN);
    read_ok(other, 0, 0, 2);
    is_untouched(p, 0, 0, 128);
}

/* Requests that hold what they wait for end the connection, in time, and no other. */
static void deadlock_of_its_own(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "");
    struct cmd a = write_cmd(p, 0, 1, 'a');

    p->cmd_sn++;
    start(p, &a);
    nop(p, "needs the buffer that the WRITE holds");
    lab_run(lab);
    for (unsigned i = 0; i < 4; i++) {
        lab_pass(lab, 10000);
        write_ok(other, 0, 8 + i, 1, 'o');
    }
    lab_dropped(p, THIMBLE_REASON_DATA_TIMEOUT);
    is_untouched(p, 0, 0, 8);
}

static void outside_the_window(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd far = write_cmd(p, 0, 1, 'f'), past = write_cmd(p, 0, 1, 'p');
    uint32_t here = p->cmd_sn;

    p->cmd_sn = p->max_cmd_sn + 1;
    start(p, &far);
    p->cmd_sn = here - 1;               /* executed long ago */
    start(p, &past);
    p->cmd_sn = here + 0x80000000;
    struct request r = nop_request(p, ORDERED, "", 0);
    put(p, &r);
    p->cmd_sn = here;
    expect_silence(p);                  /* ignored, as the clause says */
    abandon(p, far.itt);
    abandon(p, past.itt);
    read_ok(p, 0, 0, 1);
    is_untouched(p, 0, 0, 128);
}

/* As many commands as the window takes, and one more: it is ignored, and comes again. */
static void full_window(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    struct cmd c[9];
    uint32_t window = p->max_cmd_sn - p->cmd_sn + 1;

    CHECK(lab, window == 8, "a window of %u", (unsigned)window);
    for (unsigned i = 0; i < 8; i++) {
        c[i] = write_cmd(p, 4 * i, 4, (uint8_t)('0' + i));
        start(p, &c[i]);
    }
    lab_run(lab);
    CHECK(lab, p->max_cmd_sn == p->exp_cmd_sn - 1, "the window is not closed");
    c[8] = write_cmd(p, 64, 1, '8');
    start(p, &c[8]);                    /* in spite of it */
    nop(p, "");                         /* not held up by it */
    lab_run(lab);
    CHECK(lab, hear_of(p, TH_OP_NOP_IN, 0), "a full window holds a NOP up");
    for (unsigned i = 0; i < 8; i++) {
        finish(p, &c[i]);
        was(p, &c[i], TH_STATUS_GOOD, 0);
        is_written(p, 0, 4 * i, 4, (uint8_t)('0' + i));
    }
    abandon(p, c[8].itt);
    CHECK(lab, lab->lenient || !c[8].answered, "answered outside the window");
    is_untouched(p, 0, 64, 1);
    p->cmd_sn = p->exp_cmd_sn;
    CHECK(lab, p->max_cmd_sn - p->exp_cmd_sn + 1 == 8, "the window is not open again");
    write_ok(p, 0, 64, 1, '8');
}

static void immediate_commands(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c[4];

    for (unsigned i = 0; i < COUNT(c); i++) {
        c[i] = i & 1 ? read_cmd(p, 8 * i, 4) : write_cmd(p, 8 * i, 4, (uint8_t)('i' + i));
        c[i].order = IMMEDIATE;
        start(p, &c[i]);
    }
    for (unsigned i = 0; i < COUNT(c); i++) {
        finish(p, &c[i]);
        was(p, &c[i], TH_STATUS_GOOD, 0);
    }
    read_ok(p, 0, 0, 8);                /* no number was used up */
}

/* More immediate requests than there are places, of all kinds, while the disk is silent. */
static void immediate_flood(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "");
    uint32_t tags[20];
    struct cmd w = write_cmd(p, 0, 1, 'w');

    start(p, &w);
    for (unsigned i = 0; i < COUNT(tags); i++) {
        tags[i] = i % 3 == 0 ? tmf(p, TH_TMF_ABORT_TASK_SET, 0, TH_TAG_NONE) : nop(p, "");
        struct request bad = nop_request(p, IMMEDIATE, "", 0);
        bad.bhs[0] = 0x7c;              /* to be rejected */
        put(p, &bad);
    }
    abandon(p, w.itt);
    lab_run(lab);
    nop(other, "");
    expect(other, "nop-in 6 len=0");
    lab->disk_held = false;
    lab_run(lab);
    for (unsigned i = 0; i < COUNT(tags); i++) {
        CHECK(lab,
              hear_of(p, i % 3 == 0 ? TH_OP_TASK_MANAGEMENT_RESPONSE : TH_OP_NOP_IN, tags[i]),
              "request %u was not answered", i);
        CHECK(lab, hear_of(p, TH_OP_REJECT, 0), "not rejected");
    }
    read_ok(p, 0, 0, 1);
}

/* The initiator's own numbers do not matter for a Reject: its number is not used up (7.3). */
static void rejected_number_is_free(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = read_cmd(p, 0, 1);

    struct request r = command_request(p, &c, 0, true);
    r.bhs[1] |= 0x20;                   /* R and W */
    put(p, &r);
    expect(p, "reject 09 of 01");
    abandon(p, c.itt);
    p->cmd_sn--;
    read_ok(p, 0, 0, 1);
}

static const struct scenario scenarios[] = {
    { .name = "commands out of order", .play = out_of_order },
    { .name = "all kinds out of order", .play = all_kinds_out_of_order },
    { .name = "logout out of order", .play = logout_out_of_order },
    { .name = "a parameter list out of order", .play = list_out_of_order },
    { .name = "wrong and out of order", .play = wrong_and_out_of_order },
    { .name = "two with data ahead of their turn", .play = two_ahead_with_data },
    { .name = "a deadlock of its own making", .play = deadlock_of_its_own, .no_cuts = true,
      .options = { .config = { .n_buffers = 2 } } },
    { .name = "outside the window", .play = outside_the_window },
    { .name = "full window", .play = full_window },
    { .name = "immediate commands", .play = immediate_commands },
    { .name = "immediate flood", .play = immediate_flood, .own_disks = true },
    { .name = "the number of a rejected command", .play = rejected_number_is_free },
};

int main(void)
{
    return play_all("numbers", scenarios, COUNT(scenarios));
}
