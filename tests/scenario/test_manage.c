/* SPDX-License-Identifier: MIT
 *
 * test_manage.c: task management, on tasks in every state that they can be in.
 *
 * RFC 7143 11.5 and 11.6, RFC 7144 4 and 5, SAM-5 7.
 *
 * The disks of most scenarios here answer when told to, so that a task stays where it is.
 */
#include "ways.h"

/* p's task is told to end.  While `at_disk` calls of it wait there, there is no answer. */
static void abort_it(struct peer *p, const struct cmd *c, uint32_t at_disk)
{
    struct lab *lab = p->lab;

    lab_run(lab);
    CHECK(lab, lab_disk_waiting(lab) == at_disk, "%u disk calls wait, not %u",
          (unsigned)lab_disk_waiting(lab), (unsigned)at_disk);
    uint32_t itt = tmf(p, TH_TMF_ABORT_TASK, 0, c->itt);
    abandon(p, c->itt);
    lab_run(lab);
    for (uint32_t i = 0; i < at_disk; i++) {
        CHECK(lab, !hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt),
              "answered although the disk is at work for it");
        lab_disk(lab, 1);
    }
    tmf_says(p, itt, TH_TMF_COMPLETE);
    CHECK(lab, lab_seen(lab, p, THIMBLE_EVENT_TASK_MANAGEMENT, THIMBLE_REASON_NONE) >= 1,
          "no event");
    CHECK(lab, lab_disk_waiting(lab) == 0, "the disk is at work behind the answer");
}

static void all_well(struct peer *p)
{
    p->lab->disk_held = false;
    p->deaf = false;
    p->attention = true;
    read_ok(p, 0, 100, 2);
    p->lab->disk_held = true;
}

static void abort_read_at_disk(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = read_cmd(p, 0, 32);

    start(p, &c);
    abort_it(p, &c, 1);
    CHECK(lab, !hear_of(p, TH_OP_DATA_IN, c.itt), "data of an aborted READ");
    all_well(p);
}

/* Half of its data is in PDUs that are on their way, or acknowledged late: they must stay. */
static void abort_read_half_sent(struct lab *lab)
{
    struct peer *p = session(lab, "MaxRecvDataSegmentLength=512 MaxBurstLength=2048");
    struct peer *other = session(lab, "");
    struct cmd c = read_cmd(p, 0, 128);

    p->deaf = true;
    start(p, &c);
    lab_run(lab);
    abandon(p, c.itt);
    uint32_t itt = tmf(p, TH_TMF_ABORT_TASK, 0, c.itt);
    lab_run(lab);
    write_ok(other, 0, 64, 16, 'o');    /* would use the buffer, were it free too early */
    p->deaf = false;
    p->attention = true;
    lab_run(lab);
    for (size_t i = 0; i < p->n_pdus; i++) {
        struct pdu *pdu = &p->pdus[i];
        if (pdu->bhs[0] != TH_OP_DATA_IN || th_get32(pdu->bhs + 16) != c.itt)
            continue;
        pdu->taken = true;
        CHECK(lab, lab->lenient || memcmp(data_of(p, pdu), lab->medium[0] +
                                          th_get32(pdu->bhs + 40), pdu->len) == 0,
              "other data in a PDU of an aborted READ");
    }
    tmf_says(p, itt, TH_TMF_COMPLETE);
    read_ok(p, 0, 64, 32);
    read_ok(other, 0, 0, 32);
}

/* All that was made of it is taken, but not acknowledged, when the abort comes. */
static void abort_read_at_once(struct lab *lab)
{
    struct peer *p = session(lab, "MaxRecvDataSegmentLength=600");
    struct cmd c = read_cmd(p, 0, 128), next = read_cmd(p, 64, 64);

    start(p, &c);
    uint32_t itt = tmf(p, TH_TMF_ABORT_TASK, 0, c.itt);
    start(p, &next);
    lab_run(lab);
    abandon(p, c.itt);
    struct pdu *pdu = hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt);
    CHECK(lab, pdu && pdu->bhs[2] <= TH_TMF_NO_TASK, "no answer");
    finish(p, &next);
    was(p, &next, TH_STATUS_GOOD, 0);
    CHECK(lab, lab->lenient || lab_untouched(lab, 0, 64, 64), "the disk");
    if (next.answered && next.status == TH_STATUS_GOOD)
        CHECK(lab, memcmp(next.in, lab->medium[0] + 64 * 512, 64 * 512) == 0, "other data");
}

static void abort_write_without_data(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    struct cmd c = write_cmd(p, 0, 4, 'a');

    struct request r = command_request(p, &c, 0, true);
    put(p, &r);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, c.itt);
    CHECK(lab, r2t, "no R2T");
    uint32_t ttt = th_get32(r2t->bhs + 20);
    abort_it(p, &c, 0);
    r = data_out(p, &c, ttt, 0, 0, 2048, true);     /* the data was on its way */
    put(p, &r);
    all_well(p);
    is_untouched(p, 0, 0, 128);
    expect_silence(p);
}

static void abort_write_at_disk(struct lab *lab)
{
    struct peer *p = session(lab, "MaxBurstLength=2048 FirstBurstLength=2048");
    struct cmd c = write_cmd(p, 0, 12, 'b');

    start(p, &c);
    lab_run(lab);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, c.itt);
    CHECK(lab, r2t, "no R2T while the disk is at work");
    struct request r = data_out(p, &c, th_get32(r2t->bhs + 20), 0, 2048, 1024, false);
    put(p, &r);
    abort_it(p, &c, 2);
    all_well(p);
    is_untouched(p, 0, 6, 122);
}

static void abort_parameter_list(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    uint8_t *data = lab_alloc(lab, 1024);
    memcpy(data, lab->medium[0], 512);

    struct cmd waits = out_cmd("89 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00", data, 1024);
    start(p, &waits);
    abort_it(p, &waits, 0);             /* its data was not sent yet */

    struct cmd works = out_cmd("89 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00", data, 1024);
    struct request r = command_request(p, &works, 0, true);
    put(p, &r);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, works.itt);
    CHECK(lab, r2t, "no R2T");
    r = data_out(p, &works, th_get32(r2t->bhs + 20), 0, 0, 1024, true);
    put(p, &r);
    abort_it(p, &works, 1);             /* it was reading to compare */
    all_well(p);
    is_untouched(p, 0, 0, 128);
}

/* One writes a part of a block under the gate alone; others wait for the gate, or in line. */
static void abort_at_the_gate(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No ImmediateData=Yes");
    struct cmd part = write_cmd(p, 0, 1, 'p'), whole = write_cmd(p, 4, 1, 'w');
    struct cmd second = write_cmd(p, 8, 1, 's');

    p->immediate_bytes = 512;           /* of blocks of 4 KiB */
    p->piece = 4096;
    start(p, &part);                    /* two pieces, both in line for the scratch block */
    p->immediate_bytes = UINT32_MAX;
    start(p, &whole);                   /* at the gate */
    p->immediate_bytes = 1024;
    start(p, &second);                  /* in line */
    lab_run(lab);
    CHECK(lab, lab_disk_waiting(lab) == 1, "%u disk calls", (unsigned)lab_disk_waiting(lab));

    uint32_t a = tmf(p, TH_TMF_ABORT_TASK, 0, whole.itt);
    uint32_t b = tmf(p, TH_TMF_ABORT_TASK, 0, second.itt);
    abandon(p, whole.itt);
    abandon(p, second.itt);
    lab_run(lab);
    lab->disk_held = false;
    tmf_says(p, a, TH_TMF_COMPLETE);
    tmf_says(p, b, TH_TMF_COMPLETE);
    finish(p, &part);
    was(p, &part, TH_STATUS_GOOD, 0);
    is_written(p, 0, 0, 1, 'p');
    is_untouched(p, 0, 4, 4);
}

static void abort_waiting_for_buffer(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c[4];

    for (unsigned i = 0; i < COUNT(c); i++) {
        c[i] = read_cmd(p, 16 * i, 16);
        start(p, &c[i]);
    }
    lab_run(lab);
    uint32_t waiting = lab_disk_waiting(lab);
    uint32_t itt = tmf(p, TH_TMF_ABORT_TASK, 0, c[3].itt);
    abandon(p, c[3].itt);
    lab_run(lab);
    CHECK(lab, lab_disk_waiting(lab) == waiting, "the disk was asked");
    lab->disk_held = false;
    tmf_says(p, itt, TH_TMF_COMPLETE);
    for (unsigned i = 0; i < 3; i++) {
        finish(p, &c[i]);
        was(p, &c[i], TH_STATUS_GOOD, 0);
    }
}

/* A status that is ready, but not on its way, does not come behind the answer. */
static void abort_when_ready(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = write_cmd(p, 0, 1, 'r');

    start(p, &c);
    uint32_t itt = tmf(p, TH_TMF_ABORT_TASK, 0, c.itt);
    lab_run(lab);
    bool before = hear_of(p, TH_OP_SCSI_RESPONSE, c.itt) != NULL;
    struct pdu *pdu = hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt);
    CHECK(lab, pdu && pdu->bhs[2] == (before ? TH_TMF_NO_TASK : TH_TMF_COMPLETE),
          "%s, and the command %s answered", pdu ? describe(p, pdu) : "nothing",
          before ? "was" : "was not");
    if (!before)
        abandon(p, c.itt);
    read_ok(p, 0, 0, 1);
}

static void abort_unknown(struct lab *lab)
{
    struct peer *p = session(lab, "");

    struct request r = tmf_request(p, TH_TMF_ABORT_TASK, 0, 4711);
    th_put32(r.bhs + 32, p->cmd_sn - 1);        /* RefCmdSN: was executed */
    put(p, &r);
    tmf_says(p, th_get32(r.bhs + 16), TH_TMF_NO_TASK);

    /* It got lost: its number is in the window, and passes. */
    r = tmf_request(p, TH_TMF_ABORT_TASK, 0, 4712);
    th_put32(r.bhs + 32, p->cmd_sn);
    p->cmd_sn++;
    th_put32(r.bhs + 24, p->cmd_sn);
    put(p, &r);
    tmf_says(p, th_get32(r.bhs + 16), TH_TMF_COMPLETE);
    read_ok(p, 0, 0, 1);

    /* The second of two that got lost first: the first is still awaited. */
    uint32_t gap = p->cmd_sn;
    p->cmd_sn += 2;
    r = tmf_request(p, TH_TMF_ABORT_TASK, 0, 4713);
    th_put32(r.bhs + 32, gap + 1);
    put(p, &r);
    tmf_says(p, th_get32(r.bhs + 16), TH_TMF_COMPLETE);
    struct cmd c = read_cmd(p, 0, 1);
    start(p, &c);
    lab_run(lab);
    CHECK(lab, !hear_of(p, TH_OP_DATA_IN, c.itt), "executed ahead of its turn");
    r = tmf_request(p, TH_TMF_ABORT_TASK, 0, 4714);
    th_put32(r.bhs + 32, gap);
    put(p, &r);
    tmf_says(p, th_get32(r.bhs + 16), TH_TMF_COMPLETE);
    finish(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
}

static void abort_parked(struct lab *lab)
{
    struct peer *p = session(lab, "");
    uint32_t gap = p->cmd_sn++;
    struct cmd c = write_cmd(p, 0, 2, 'k');

    start(p, &c);                       /* waits for its turn, with its data */
    uint32_t itt = tmf(p, TH_TMF_ABORT_TASK, 0, c.itt);
    abandon(p, c.itt);
    tmf_says(p, itt, TH_TMF_COMPLETE);
    uint32_t next = p->cmd_sn;
    p->cmd_sn = gap;
    nop(p, "");
    expect(p, "nop-in 8 len=0");
    struct request r = nop_request(p, ORDERED, "", 0);
    put(p, &r);
    CHECK(lab, hear_of(p, TH_OP_NOP_IN, th_get32(r.bhs + 16)), "the gap was not filled");
    p->cmd_sn = next;
    read_ok(p, 0, 0, 2);
    is_untouched(p, 0, 0, 2);
}

/* ---- sets of tasks ---- */
static void abort_task_set(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "");
    struct cmd a = read_cmd(p, 0, 4), b = write_cmd(p, 8, 4, 'b'), unit1 = read_cmd(p, 0, 1);
    struct cmd others = read_cmd(other, 0, 4);

    unit1.lun = 1;
    start(p, &a);
    start(p, &b);
    start(p, &unit1);
    start(other, &others);
    lab_run(lab);
    uint32_t itt = tmf(p, TH_TMF_ABORT_TASK_SET, 0, TH_TAG_NONE);
    abandon(p, a.itt);
    abandon(p, b.itt);
    lab_run(lab);
    CHECK(lab, !hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt), "answered too early");
    lab->disk_held = false;
    tmf_says(p, itt, TH_TMF_COMPLETE);
    finish(p, &unit1);
    was(p, &unit1, TH_STATUS_GOOD, 0);
    finish(other, &others);
    was(other, &others, TH_STATUS_GOOD, 0);
}

static void clear_task_set(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, ""), *idle = session(lab, "");
    struct cmd a = read_cmd(p, 0, 4), others = read_cmd(other, 0, 4);

    start(p, &a);
    start(other, &others);
    lab_run(lab);
    uint32_t itt = tmf(p, TH_TMF_CLEAR_TASK_SET, 0, TH_TAG_NONE);
    abandon(p, a.itt);
    abandon(other, others.itt);
    lab_run(lab);
    CHECK(lab, !hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt), "answered too early");
    lab->disk_held = false;
    tmf_says(p, itt, TH_TMF_COMPLETE);
    struct cmd first = read_cmd(other, 0, 1);
    ends(other, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_COMMANDS_CLEARED);
    read_ok(other, 0, 0, 1);
    read_ok(idle, 0, 0, 1);             /* had nothing to lose */
    read_ok(p, 0, 0, 1);
}

#if THIMBLE_SCSI_MODE_SELECT
/* TAS, by p; the others have heard of it. */
static void tell_aborts(struct peer *p, struct peer *other)
{
    static const uint8_t list[16] = { [4] = 0x0a, 0x0a, 0x02, 0x10, 0, 0x40, 0, 0, 0xff, 0xff };
    struct cmd c = out_cmd("15 10 00 00 10 00", list, sizeof list), ready = cdb_cmd("00 00 00 00 00 00", 0);

    p->lab->disk_held = false;
    good(p, &c);
    ends(other, &ready, TH_STATUS_CHECK_CONDITION, TH_SENSE_MODE_CHANGED);
    p->lab->disk_held = true;
}

/* other's commands, wherever they are, end with TASK ABORTED when p says `function`; p's own without an answer. */
static void abort_and_tell(struct lab *lab, uint8_t function)
{
    struct peer *p = session(lab, "ImmediateData=No"), *other = session(lab, "MaxRecvDataSegmentLength=512");
    struct cmd own = read_cmd(p, 0, 1), sending = read_cmd(other, 0, 64), reads = read_cmd(other, 0, 4);
    struct cmd writes = write_cmd(other, 64, 4, 'w'), owes = write_cmd(other, 72, 4, 'o');
    struct cmd unit1 = read_cmd(other, 0, 1);

    tell_aborts(p, other);
    unit1.lun = 1;
    lab->disk_held = false;
    other->deaf = true;
    start(other, &sending);             /* half of it is on its way */
    lab_run(lab);
    other->deaf = false;
    lab->disk_held = true;
    start(p, &own);
    start(other, &reads);
    start(other, &writes);
    start(other, &unit1);
    other->immediate_bytes = 0;
    start(other, &owes);
    lab_run(lab);
    struct pdu *r2t = hear_of(other, TH_OP_R2T, owes.itt);
    CHECK(lab, r2t, "no R2T");

    uint32_t itt = tmf(p, function, 0, TH_TAG_NONE);
    abandon(p, own.itt);
    lab_run(lab);
    CHECK(lab, !hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt), "answered although the disk is at work");
    lab->disk_held = false;
    tmf_says(p, itt, TH_TMF_COMPLETE);  /* it does not wait for data that is owed */
    finish(other, &sending);
    was(other, &sending, TH_STATUS_TASK_ABORTED, 0);
    finish(other, &reads);
    was(other, &reads, TH_STATUS_TASK_ABORTED, 0);
    CHECK(lab, reads.got == 0, "data of a READ that was aborted");
    finish(other, &writes);
    was(other, &writes, TH_STATUS_TASK_ABORTED, 0);
    finish(other, &owes);
    CHECK(lab, !owes.answered, "answered before its data, which was asked for");
    struct request d = data_out(other, &owes, th_get32(r2t->bhs + 20), 0, 0, 2048, true);
    owes.r2t_sn = 1;
    put(other, &d);
    finish(other, &owes);
    was(other, &owes, TH_STATUS_TASK_ABORTED, 0);
    is_untouched(p, 0, 72, 4);
    finish(other, &unit1);
    was(other, &unit1, TH_STATUS_GOOD, 0);
}

static void clear_and_tell(struct lab *lab)
{
    abort_and_tell(lab, TH_TMF_CLEAR_TASK_SET);
    read_ok(lab->peers[1], 0, 0, 1);    /* there is no unit attention */
}

static void reset_and_tell(struct lab *lab)
{
    struct cmd first;

    abort_and_tell(lab, TH_TMF_LOGICAL_UNIT_RESET);
    first = read_cmd(lab->peers[1], 0, 1);
    ends(lab->peers[1], &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_DEVICE_RESET);
    read_ok(lab->peers[1], 0, 0, 1);
}

/* One is at the gate, one in line behind it, one waits for its turn, one's list is not there yet, one is at work with its list. */
static void clear_those_that_wait(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "InitialR2T=No");
    struct cmd part = write_cmd(other, 0, 1, 'p'), whole = write_cmd(other, 4, 1, 'w');
    struct cmd second = write_cmd(other, 8, 1, 's'), later = write_cmd(other, 12, 1, 'l');
    static const uint8_t list[24] = { 0, 22, 0, 16, [15] = 7, [19] = 3 };
    struct cmd unmap = out_cmd("42 00 00 00 00 00 00 00 18 00", list, 24), missing = unmap;
    struct cmd *all[] = { &part, &whole, &second, &later, &unmap };

    tell_aborts(p, other);
    other->immediate_bytes = 512;       /* of blocks of 4 KiB */
    other->piece = 4096;
    start(other, &part);                /* two pieces, both in line for the scratch block */
    other->immediate_bytes = UINT32_MAX;
    start(other, &whole);               /* at the gate */
    start(other, &unmap);
    other->immediate_bytes = 1024;
    start(other, &second);              /* in line */
    other->immediate_bytes = 0;
    other->no_unsolicited = true;
    start(other, &missing);
    other->no_unsolicited = false;
    later.attribute = TH_ATTR_ORDERED;
    start(other, &later);
    lab_run(lab);
    struct pdu *r2t = hear_of(other, TH_OP_R2T, missing.itt);
    CHECK(lab, r2t, "no R2T");
    uint32_t itt = tmf(p, TH_TMF_CLEAR_TASK_SET, 0, TH_TAG_NONE);
    lab_run(lab);
    CHECK(lab, lab_disk_waiting(lab) == 1, "%u disk calls", (unsigned)lab_disk_waiting(lab));
    lab->disk_held = false;
    tmf_says(p, itt, TH_TMF_COMPLETE);
    for (unsigned i = 0; i < COUNT(all); i++) {
        finish(other, all[i]);
        was(other, all[i], TH_STATUS_TASK_ABORTED, 0);
    }
    struct request d = data_out(other, &missing, th_get32(r2t->bhs + 20), 0, 0, 24, true);
    missing.r2t_sn = 1;
    put(other, &d);
    finish(other, &missing);
    was(other, &missing, TH_STATUS_TASK_ABORTED, 0);
    is_untouched(p, 0, 0, 64);
    read_ok(other, 0, 0, 1);
}
#endif

/* PERSISTENT RESERVE OUT: keys and flags of the parameter list are one byte each. */
static struct cmd reserve_out(const char *cdb, uint8_t list[24], uint8_t key, uint8_t action_key)
{
    memset(list, 0, 24);
    list[7] = key;
    list[15] = action_key;
    return out_cmd(cdb, list, 24);
}

static void enlist(struct peer *p, uint8_t key)
{
    uint8_t list[24];
    struct cmd c = reserve_out("5f 06 00 0000 00000018 00", list, 0, key);
    good(p, &c);
}

/* PREEMPT AND ABORT is answered when the commands of the one that it keeps out have left the disk. */
static void preempt_and_abort(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, ""), *third = session(lab, "");
    struct cmd own = read_cmd(p, 0, 4), others = read_cmd(other, 0, 4), thirds = read_cmd(third, 0, 4);
    uint8_t list[24];
    struct cmd abort = reserve_out("5f 05 03 0000 00000018 00", list, 1, 2);

    enlist(p, 1);
    enlist(other, 2);
    enlist(third, 3);
    start(other, &others);              /* it has the one buffer, if there is only one for READs */
    lab_run(lab);
    start(p, &own);
    start(third, &thirds);
    lab_run(lab);
    start(p, &abort);
    lab_run(lab);
    abandon(other, others.itt);
    CHECK(lab, !hear_of(p, TH_OP_SCSI_RESPONSE, abort.itt), "answered too early");
    lab->disk_held = false;
    finish(p, &abort);
    was(p, &abort, TH_STATUS_GOOD, 0);
    finish(p, &own);
    was(p, &own, TH_STATUS_GOOD, 0);
    finish(third, &thirds);
    was(third, &thirds, TH_STATUS_GOOD, 0);
    struct cmd first = read_cmd(other, 0, 1), second = read_cmd(other, 0, 1);
    ends(other, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_REGISTRATIONS_PREEMPTED);
    ends(other, &second, TH_STATUS_CHECK_CONDITION, TH_SENSE_COMMANDS_CLEARED);
    read_ok(other, 0, 0, 1);            /* it was not reserved */
    read_ok(p, 0, 0, 1);
    read_ok(third, 0, 0, 1);
}

#if THIMBLE_SCSI_MODE_SELECT
static void preempt_and_tell(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "");
    struct cmd at_disk = read_cmd(other, 0, 4), first = read_cmd(other, 0, 1);
    uint8_t list[24];
    struct cmd abort = reserve_out("5f 05 03 0000 00000018 00", list, 1, 2);

    tell_aborts(p, other);
    lab->disk_held = false;
    enlist(p, 1);
    enlist(other, 2);
    lab->disk_held = true;
    start(other, &at_disk);
    lab_run(lab);
    start(p, &abort);
    lab_run(lab);
    CHECK(lab, !hear_of(p, TH_OP_SCSI_RESPONSE, abort.itt), "answered too early");
    lab->disk_held = false;
    finish(p, &abort);
    was(p, &abort, TH_STATUS_GOOD, 0);
    finish(other, &at_disk);
    was(other, &at_disk, TH_STATUS_TASK_ABORTED, 0);
    ends(other, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_REGISTRATIONS_PREEMPTED);
    read_ok(other, 0, 0, 1);
}
#endif

/* The one that asked is gone, or aborted, before the others' commands have left the disk. */
static void preempt_and_hang_up(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "");
    struct cmd others = read_cmd(other, 0, 4);
    uint8_t list[24];
    struct cmd abort = reserve_out("5f 05 03 0000 00000018 00", list, 1, 2);

    enlist(p, 1);
    enlist(other, 2);
    start(other, &others);
    lab_run(lab);
    start(p, &abort);
    lab_run(lab);
    abandon(other, others.itt);
    lab_hang_up(p);
    lab_run(lab);
    lab->disk_held = false;
    lab_run(lab);
    struct cmd first = read_cmd(other, 0, 1), second = read_cmd(other, 0, 1);
    ends(other, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_REGISTRATIONS_PREEMPTED);
    ends(other, &second, TH_STATUS_CHECK_CONDITION, TH_SENSE_COMMANDS_CLEARED);
    read_ok(other, 0, 0, 1);
}

static void unit_is_reset(struct peer *p)
{
    struct cmd first = read_cmd(p, 0, 1);
    ends(p, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_DEVICE_RESET);
    read_ok(p, 0, 0, 1);
}

static void reset_unit(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "");
    struct cmd reserve = cdb_cmd("16 00 00 00 00 00", 0);
    struct cmd w = write_cmd(other, 0, 1, 'w');

    good(other, &reserve);
    start(other, &w);
    lab_run(lab);
    uint32_t itt = tmf(p, TH_TMF_LOGICAL_UNIT_RESET, 0, TH_TAG_NONE);
    abandon(other, w.itt);
    lab_run(lab);
    CHECK(lab, !hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt), "answered too early");
    lab->disk_held = false;
    tmf_says(p, itt, TH_TMF_COMPLETE);
    unit_is_reset(other);
    unit_is_reset(p);
    read_ok(p, 1, 0, 1);                /* not the other unit */
}

/* The same while the other's Data-Out is cut anywhere: by play_cuts(). */
static void reset_unit_in_a_data_out(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "ImmediateData=No");
    struct cmd w = write_cmd(other, 0, 4, 'w');
    static const uint8_t list[24] = { 0, 22, 0, 16, [15] = 7, [19] = 3 };
    struct cmd unmap = out_cmd("42 00 00 00 00 00 00 00 18 00", list, 24);
    uint32_t cut = lab->way.cut;

    start(other, &w);
    start(other, &unmap);
    lab_run(lab);
    struct pdu *r2t[2] = { hear_of(other, TH_OP_R2T, w.itt),
                           hear_of(other, TH_OP_R2T, unmap.itt) };
    CHECK(lab, r2t[0] && r2t[1], "no R2T");
    struct request d[2] = {
        data_out(other, &w, th_get32(r2t[0]->bhs + 20), 0, 0, 2048, true),
        data_out(other, &unmap, th_get32(r2t[1]->bhs + 20), 0, 0, 24, true),
    };
    uint32_t begin = lab->received;
    put(other, &d[0]);
    put(other, &d[1]);
    size_t all = other->in_len;
    if (cut > begin && cut - begin < all - other->in_at)
        other->in_len = other->in_at + (cut - begin);   /* a part of it */
    lab_run(lab);
    uint32_t itt = tmf(p, TH_TMF_LOGICAL_UNIT_RESET, 0, TH_TAG_NONE);
    abandon(other, w.itt);
    abandon(other, unmap.itt);
    tmf_says(p, itt, TH_TMF_COMPLETE);
    other->in_len = all;                /* and the rest */
    other->attention = true;
    lab_run(lab);
    unit_is_reset(other);
    unit_is_reset(p);
    for (size_t i = 0; i < other->n_pdus; i++)
        other->pdus[i].taken = true;
}

static void warm_reset(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "");
    struct cmd a = read_cmd(other, 0, 1), b = read_cmd(other, 0, 1);

    b.lun = 1;
    start(other, &a);
    start(other, &b);
    lab_run(lab);
    uint32_t itt = tmf(p, TH_TMF_TARGET_WARM_RESET, 0, TH_TAG_NONE);
    abandon(other, a.itt);
    abandon(other, b.itt);
    lab_run(lab);
    lab->disk_held = false;
    tmf_says(p, itt, TH_TMF_COMPLETE);
    unit_is_reset(other);
    struct cmd second = read_cmd(other, 0, 1);
    second.lun = 1;
    ends(other, &second, TH_STATUS_CHECK_CONDITION, TH_SENSE_DEVICE_RESET);
}

static void cold_reset(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, ""), *elsewhere = lab_connect(lab);
    struct cmd a = read_cmd(other, 0, 1);

    log_in(elsewhere, "TargetName=" OTHER_DISK);
    start(other, &a);
    lab_run(lab);
    uint32_t itt = tmf(p, TH_TMF_TARGET_COLD_RESET, 0, TH_TAG_NONE);
    lab_run(lab);
    lab->disk_held = false;
    tmf_says(p, itt, TH_TMF_COMPLETE);
    lab_dropped(p, THIMBLE_REASON_RESET);
    lab_dropped(other, THIMBLE_REASON_RESET);
    nop_answered(elsewhere);
    read_ok(session(lab, ""), 0, 0, 1);
}

/* A function waits, too, for tasks that were aborted before, and are still at the disk. */
static void two_functions_one_task(struct lab *lab)
{
    struct peer *p = session(lab, ""), *q = session(lab, "");
    struct cmd w = write_cmd(p, 0, 1, 'w'), lost = write_cmd(q, 4, 1, 'l');

    start(p, &w);
    start(q, &lost);
    lab_run(lab);
    lab_hang_up(q);                     /* its write is still at the disk */
    uint32_t reset = tmf(p, TH_TMF_LOGICAL_UNIT_RESET, 0, TH_TAG_NONE);
    abandon(p, w.itt);
    lab_run(lab);
    lab_disk(lab, 1);
    CHECK(lab, !hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, reset),
          "answered although a write of a lost session is at the disk");
    lab_disk(lab, 1);
    tmf_says(p, reset, TH_TMF_COMPLETE);
    lab->disk_held = false;
    unit_is_reset(p);
}

/* Who asked has gone when the tasks end. */
static void asker_hangs_up(struct lab *lab)
{
    struct peer *p = session(lab, ""), *other = session(lab, "");
    struct cmd w = write_cmd(other, 0, 1, 'w');

    start(other, &w);
    lab_run(lab);
    tmf(p, TH_TMF_LOGICAL_UNIT_RESET, 0, TH_TAG_NONE);
    abandon(other, w.itt);
    lab_run(lab);
    lab_hang_up(p);
    lab->disk_held = false;
    lab_run(lab);
    unit_is_reset(other);
}

/* ---- answers that need no task ---- */
static void refused_functions(struct lab *lab)
{
    struct peer *p = session(lab, "");
    static const struct {
        uint8_t function, lun, response;
    } cases[] = {
        { TH_TMF_CLEAR_ACA, 0, TH_TMF_NOT_SUPPORTED },
        { TH_TMF_TASK_REASSIGN, 0, TH_TMF_NO_REASSIGN },
        { TH_TMF_ABORT_TASK_SET, 7, TH_TMF_NO_LUN },
        { TH_TMF_LOGICAL_UNIT_RESET, 5, TH_TMF_NO_LUN },
        { TH_TMF_QUERY_TASK, 0, TH_TMF_NOT_SUPPORTED },         /* iSCSIProtocolLevel 1 */
        { TH_TMF_QUERY_TASK_SET, 0, TH_TMF_NOT_SUPPORTED },
        { TH_TMF_I_T_NEXUS_RESET, 0, TH_TMF_NOT_SUPPORTED },
        { TH_TMF_QUERY_ASYNCHRONOUS_EVENT, 0, TH_TMF_NOT_SUPPORTED },
        { 13, 0, TH_TMF_REJECTED },
        { 0, 0, TH_TMF_REJECTED },
        { 127, 0, TH_TMF_REJECTED },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t itt = tmf(p, cases[i].function, cases[i].lun, TH_TAG_NONE);
        tmf_says(p, itt, cases[i].response);
    }
    struct request r = tmf_request(p, TH_TMF_ABORT_TASK_SET, 0, TH_TAG_NONE);
    r.data = "data";                    /* has none */
    r.len = 4;
    th_put24(r.bhs + 5, 4);
    put(p, &r);
    expect(p, "reject 09 of 02");
    read_ok(p, 0, 0, 1);
}

static void rfc_7144(struct lab *lab)
{
    struct peer *p = session(lab, "iSCSIProtocolLevel=2"), *other = session(lab, "");
    struct cmd w = write_cmd(p, 0, 4, 'w');

    tmf_says(p, tmf(p, TH_TMF_QUERY_TASK_SET, 0, TH_TAG_NONE), TH_TMF_COMPLETE);
    p->immediate_bytes = 0;
    struct request r = command_request(p, &w, 0, true);
    put(p, &r);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, w.itt);
    tmf_says(p, tmf(p, TH_TMF_QUERY_TASK, 0, w.itt), TH_TMF_SUCCEEDED);
    tmf_says(p, tmf(p, TH_TMF_QUERY_TASK, 1, w.itt), TH_TMF_COMPLETE);
    tmf_says(p, tmf(p, TH_TMF_QUERY_TASK, 0, 4711), TH_TMF_COMPLETE);
    tmf_says(p, tmf(p, TH_TMF_QUERY_TASK_SET, 0, TH_TAG_NONE), TH_TMF_SUCCEEDED);
    tmf_says(p, tmf(p, TH_TMF_QUERY_TASK_SET, 1, TH_TAG_NONE), TH_TMF_COMPLETE);
    if (r2t) {
        r = data_out(p, &w, th_get32(r2t->bhs + 20), 0, 0, 2048, true);
        put(p, &r);
    }
    w.r2t_sn = 1;
    finish(p, &w);
    was(p, &w, TH_STATUS_GOOD, 0);

    tmf_says(p, tmf(p, TH_TMF_QUERY_ASYNCHRONOUS_EVENT, 0, TH_TAG_NONE), TH_TMF_COMPLETE);
    tmf_says(other, tmf(other, TH_TMF_LOGICAL_UNIT_RESET, 0, TH_TAG_NONE), TH_TMF_COMPLETE);
    uint32_t itt = tmf(p, TH_TMF_QUERY_ASYNCHRONOUS_EVENT, 0, TH_TAG_NONE);
    struct pdu *pdu = hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt);
    CHECK(lab, pdu && pdu->bhs[2] == TH_TMF_SUCCEEDED, "no unit attention");
    CHECK(lab, pdu && th_get24(pdu->bhs + 36) == (UINT32_C(0x100000) | TH_SENSE_DEVICE_RESET),
          "additional response information %06x", (unsigned)th_get24(pdu->bhs + 36));

    struct cmd reserve = cdb_cmd("16 00 00 00 00 00", 0);
    reserve.lun = 1;
    good(p, &reserve);
    tmf_says(p, tmf(p, TH_TMF_I_T_NEXUS_RESET, 0, TH_TAG_NONE), TH_TMF_COMPLETE);
    struct cmd first = read_cmd(p, 0, 1);
    first.lun = 1;
    ends(p, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_NEXUS_LOSS);
    read_ok(other, 1, 0, 1);            /* the reservation is gone */
}

#define BY_HAND .own_disks = true

#if THIMBLE_SCSI_SANITIZE && THIMBLE_SCSI_FORMAT
/* ABORT TASK lets the command go, and is answered when the disk's last piece for it has ended. */
static void let_go_of(struct peer *p, const struct cmd *c)
{
    struct lab *lab = p->lab;

    lab_pass(lab, 2);
    CHECK(lab, lab_disk_waiting(lab) == 1, "%u pieces are at the disk",
          (unsigned)lab_disk_waiting(lab));
    uint32_t itt = tmf(p, TH_TMF_ABORT_TASK, 0, c->itt);
    abandon(p, c->itt);
    lab_run(lab);
    CHECK(lab, !hear_of(p, TH_OP_TASK_MANAGEMENT_RESPONSE, itt), "answered too early");
    lab_disk(lab, 1);
    lab_pass(lab, 2);
    tmf_says(p, itt, TH_TMF_COMPLETE);
}

static void sanitize_goes_on(struct lab *lab)
{
    static const uint8_t list[] = { 0x01, 0, 0, 1, 0xd1 };
    struct peer *p = session(lab, ""), *other = session(lab, "");
    struct cmd c = out_cmd("48 01 00 00 00 00 00 00 05 00", list, sizeof list);
    struct cmd ready = cdb_cmd("00 00 00 00 00 00", 0), w = write_cmd(other, 0, 1, 'w');

    start(p, &c);
    let_go_of(p, &c);
    CHECK(lab, lab_disk_waiting(lab) == 1, "it stopped");
    uint32_t itt = tmf(p, TH_TMF_LOGICAL_UNIT_RESET, 0, TH_TAG_NONE);
    tmf_says(p, itt, TH_TMF_COMPLETE);
    ends(p, &ready, TH_STATUS_CHECK_CONDITION, TH_SENSE_DEVICE_RESET);
    ready = cdb_cmd("00 00 00 00 00 00", 0);
    ends(p, &ready, TH_STATUS_CHECK_CONDITION, TH_SENSE_SANITIZE_IN_PROGRESS);
    ready = cdb_cmd("00 00 00 00 00 00", 0);
    ends(other, &ready, TH_STATUS_CHECK_CONDITION, TH_SENSE_DEVICE_RESET);
    ends(other, &w, TH_STATUS_CHECK_CONDITION, TH_SENSE_SANITIZE_IN_PROGRESS);

    lab->disk_held = false;
    for (unsigned i = 0; i < 40; i++)   /* a turn for each piece */
        lab_pass(lab, 1);
    read_ok(p, 1, 0, 1);                /* another unit has nothing to do with it */
    ready = cdb_cmd("00 00 00 00 00 00", 0);
    good(p, &ready);
    for (uint32_t i = 0; i < 128 * 512; i++)
        CHECK(lab, lab->medium[0][i] == 0xd1, "byte %u is %02x", (unsigned)i, lab->medium[0][i]);
}

static void format_ends(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd c = cdb_cmd("04 00 00 00 00 00", 0), ready = cdb_cmd("00 00 00 00 00 00", 0);

    start(p, &c);
    let_go_of(p, &c);
    CHECK(lab, lab_disk_waiting(lab) == 0, "it goes on");
    good(p, &ready);
}
#endif

static const struct scenario scenarios[] = {
#if THIMBLE_SCSI_SANITIZE && THIMBLE_SCSI_FORMAT
    { .name = "SANITIZE goes on, whatever is aborted or reset", .play = sanitize_goes_on, BY_HAND },
    { .name = "FORMAT UNIT ends with its command", .play = format_ends, BY_HAND },
#endif
    { .name = "ABORT TASK: a READ at the disk", .play = abort_read_at_disk, BY_HAND },
    { .name = "ABORT TASK: a READ half sent", .play = abort_read_half_sent, .own_pace = true },
    { .name = "ABORT TASK: a READ at once", .play = abort_read_at_once, .own_pace = true },
    { .name = "ABORT TASK: a WRITE without its data",
      .play = abort_write_without_data,
      BY_HAND },
    { .name = "ABORT TASK: a WRITE at the disk",
      .play = abort_write_at_disk,
      BY_HAND,
      .options = { .config = { .n_buffers = 6 } } },
    { .name = "ABORT TASK: a parameter list", .play = abort_parameter_list, BY_HAND },
    { .name = "ABORT TASK: at the gate and in line",
      .play = abort_at_the_gate,
      BY_HAND,
      .options = { .block_shift = 12, .size_blocks = 64, .config = { .n_buffers = 8 } } },
    { .name = "ABORT TASK: a READ without a buffer",
      .play = abort_waiting_for_buffer,
      BY_HAND,
      .options = { .config = { .n_buffers = 3 } },
      .own_pace = true },
    { .name = "ABORT TASK: a status that is ready",
      .play = abort_when_ready,
      .own_pace = true },
    { .name = "ABORT TASK: no such task", .play = abort_unknown },
    { .name = "ABORT TASK: a command ahead of its turn", .play = abort_parked },
    { .name = "ABORT TASK SET", .play = abort_task_set, BY_HAND },
    { .name = "CLEAR TASK SET", .play = clear_task_set, BY_HAND },
#if THIMBLE_SCSI_MODE_SELECT
    { .name = "CLEAR TASK SET with TAS", .play = clear_and_tell, BY_HAND, .options = { .config = { .n_buffers = 12 } } },
    { .name = "LOGICAL UNIT RESET with TAS",
      .play = reset_and_tell,
      BY_HAND,
      .options = { .config = { .n_buffers = 12 } } },
    { .name = "CLEAR TASK SET with TAS: those that wait",
      .play = clear_those_that_wait,
      BY_HAND,
      .options = { .block_shift = 12, .size_blocks = 64, .config = { .n_buffers = 12, .n_parameter_buffers = 3 } } },
    { .name = "PREEMPT AND ABORT with TAS", .play = preempt_and_tell, BY_HAND },
#endif
    { .name = "PREEMPT AND ABORT", .play = preempt_and_abort, BY_HAND },
    { .name = "PREEMPT AND ABORT: the asker hangs up", .play = preempt_and_hang_up, BY_HAND },
    { .name = "LOGICAL UNIT RESET", .play = reset_unit, BY_HAND },
    { .name = "LOGICAL UNIT RESET in a Data-Out",
      .play = reset_unit_in_a_data_out,
      .own_pace = true },
    { .name = "TARGET WARM RESET", .play = warm_reset, BY_HAND },
    { .name = "TARGET COLD RESET", .play = cold_reset, BY_HAND },
    { .name = "two functions, one task", .play = two_functions_one_task, BY_HAND },
    { .name = "the asker hangs up", .play = asker_hangs_up, BY_HAND },
    { .name = "functions that are refused", .play = refused_functions },
    { .name = "the functions of RFC 7144", .play = rfc_7144 },
};

int main(void)
{
    return play_all("task management", scenarios, COUNT(scenarios));
}
