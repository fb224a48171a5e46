/* SPDX-License-Identifier: MIT
 *
 * test_copy.c: EXTENDED COPY and tokens as an initiator sees them: lists cut anywhere, disks that fail, others that are
 * served in between, task management, sessions that end.
 */
#include "ways.h"

enum { HEADER = 16, CSCD = 32, SEGMENT = 28 };

/* The unit's NAA designator, into a CSCD descriptor. */
static void put_cscd(struct peer *p, uint8_t lun, uint8_t *at)
{
    struct cmd c = cdb_cmd("12 01 83 02 00 00", 512);

    c.lun = lun;
    perform(p, &c);
    at[0] = 0xe4;
    if (!c.in || c.status != TH_STATUS_GOOD)
        return;
    for (uint32_t i = 4; i + 4 < 4u + th_get16(c.in + 2); i += 4u + c.in[i + 3])
        if ((c.in[i + 1] & 0x3f) == 3)
            memcpy(at + 4, c.in + i, 4u + c.in[i + 3]);
}

/* An EXTENDED COPY from LUN 0 to LUN 1. */
static struct cmd copy_cmd(struct peer *p, uint8_t list_id, uint32_t from_lba, uint32_t to_lba, uint16_t n_blocks)
{
    uint32_t len = HEADER + 2 * CSCD + SEGMENT;
    uint8_t *l = lab_alloc(p->lab, len);
    uint8_t *d = l + HEADER + 2 * CSCD;
    struct cmd c;

    l[0] = list_id;
    th_put16(l + 2, 2 * CSCD);
    th_put32(l + 8, SEGMENT);
    put_cscd(p, 0, l + HEADER);
    put_cscd(p, 1, l + HEADER + CSCD);
    d[0] = 0x02;
    th_put16(d + 2, SEGMENT - 4);
    th_put16(d + 6, 1);
    th_put16(d + 10, n_blocks);
    th_put64(d + 12, from_lba);
    th_put64(d + 20, to_lba);
    c = out_cmd("83 00 0000000000000000 0000006c 00 00", l, len);
    return c;
}

static void is_copied(struct lab *lab, uint32_t from_lba, uint32_t to_lba, uint32_t n_blocks)
{
    CHECK(lab, lab->lenient || memcmp(lab->medium[1] + to_lba * 512, lab->medium[0] + from_lba * 512,
                                      n_blocks * 512) == 0, "the copy is not the same");
}

static void copy(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=Yes");
    struct cmd c = copy_cmd(p, 1, 5, 40, 60);

    good(p, &c);
    is_copied(lab, 5, 40, 60);
    is_untouched(p, 1, 0, 40);
    is_untouched(p, 1, 100, 28);
    c = cdb_cmd("84 00 01 00000000000000 0000000c 00 00", 12);
    good(p, &c);
    CHECK(lab, lab->lenient || (c.in[4] == 1 && th_get32(c.in + 8) == 60 * 512), "another status");
}

static void copy_solicited(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    struct cmd c;

    p->piece = 44;
    c = copy_cmd(p, 1, 0, 64, 64);
    good(p, &c);
    is_copied(lab, 0, 64, 64);
}

/* The unit of another target cannot be reached. */
static void out_of_reach(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=Yes");
    struct cmd c = copy_cmd(p, 1, 0, 0, 8);

    ((uint8_t *)(uintptr_t)c.out)[HEADER + CSCD + 20] ^= 0x01;
    ends(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_CSCD_UNREACHABLE);
    is_untouched(p, 1, 0, 128);
}

/* Ends a copy that has had n disk calls, by `how`; nothing is done behind the answer, and all goes on. */
static bool end_copy(struct lab *lab, uint32_t n, uint8_t how)
{
    struct peer *p = session(lab, "ImmediateData=Yes");
    struct cmd c = copy_cmd(p, 1, 0, 0, 100);
    bool over = false;

    lab->disk_held = true;
    start(p, &c);
    lab_run(lab);
    for (uint32_t i = 0; i < n && !over; i++) {
        over = lab_disk_waiting(lab) == 0;
        if (!over)
            lab_disk(lab, 1);
    }
    over = over || lab_disk_waiting(lab) == 0;
    if (how == 0) {
        lab_hang_up(p);
    } else {
        abandon(p, c.itt);
        uint32_t itt = tmf(p, how, 0, c.itt);
        lab_run(lab);
        while (lab_disk_waiting(lab) > 0)
            lab_disk(lab, 1);
        tmf_says(p, itt, how == TH_TMF_ABORT_TASK && over ? TH_TMF_NO_TASK : TH_TMF_COMPLETE);
        lab_hang_up(p);
    }
    lab->disk_held = false;
    while (lab_disk_waiting(lab) > 0)
        lab_disk(lab, 1);
    struct peer *other = session(lab, "");
    read_ok(other, 0, 0, 8);
    lab_hang_up(other);
    return over;
}

static void ended_anywhere(struct lab *lab)
{
    static const uint8_t ways_to_end[] = { 0, TH_TMF_ABORT_TASK, TH_TMF_ABORT_TASK_SET, TH_TMF_LOGICAL_UNIT_RESET };

    for (unsigned w = 0; w < COUNT(ways_to_end); w++) {
        uint32_t n = 0;
        while (!end_copy(lab, n, ways_to_end[w]))
            n++;
        CHECK(lab, n > 20, "a copy of 100 blocks had only %u disk calls", (unsigned)n);
    }
}

/* PERSISTENT RESERVE OUT to LUN 1: keys are one byte each. */
static struct cmd reserve_out(struct peer *p, const char *cdb, uint8_t key, uint8_t action_key)
{
    uint8_t *list = lab_alloc(p->lab, 24);
    struct cmd c;

    list[7] = key;
    list[15] = action_key;
    c = out_cmd(cdb, list, 24);
    c.lun = 1;
    return c;
}

static void reserve(struct peer *p, const char *cdb, uint8_t key, uint8_t action_key)
{
    struct cmd c = reserve_out(p, cdb, key, action_key);
    good(p, &c);
}

/* Who copies to a unit is preempted there, after n disk calls: the answer comes when the copy has left the disk. */
static bool preempt_copy(struct lab *lab, uint32_t n)
{
    struct peer *p = session(lab, "ImmediateData=Yes"), *other = session(lab, "ImmediateData=Yes");
    struct cmd c = copy_cmd(other, 1, 0, 0, 100);

    reserve(p, "5f 06 00 0000 00000018 00", 0, 1);
    reserve(other, "5f 06 00 0000 00000018 00", 0, 2);
    reserve(other, "5f 01 05 0000 00000018 00", 2, 0);
    lab->disk_held = true;
    start(other, &c);
    lab_run(lab);
    for (uint32_t i = 0; i < n && lab_disk_waiting(lab) > 0; i++)
        lab_disk(lab, 1);
    bool over = lab_disk_waiting(lab) == 0;
    struct cmd preempt = reserve_out(p, "5f 05 05 0000 00000018 00", 1, 2);
    start(p, &preempt);
    lab_run(lab);
    if (!over) {
        CHECK(lab, !hear_of(p, TH_OP_SCSI_RESPONSE, preempt.itt), "answered before the copy has left the disk");
        abandon(other, c.itt);
    }
    lab->disk_held = false;
    while (lab_disk_waiting(lab) > 0)
        lab_disk(lab, 1);
    finish(p, &preempt);
    was(p, &preempt, TH_STATUS_GOOD, 0);
    uint8_t *then = lab_alloc(lab, 100 * 512);
    memcpy(then, lab->medium[1], 100 * 512);
    if (over) {
        finish(other, &c);
        was(other, &c, TH_STATUS_GOOD, 0);
    } else {
        struct cmd first = read_cmd(other, 0, 1);       /* the copy was a command of LUN 0 */
        ends(other, &first, TH_STATUS_CHECK_CONDITION, TH_SENSE_COMMANDS_CLEARED);
    }
    read_ok(other, 0, 0, 8);
    CHECK(lab, memcmp(then, lab->medium[1], 100 * 512) == 0, "the copy went on");
    reserve(p, "5f 03 00 0000 00000018 00", 1, 0);
    lab_hang_up(p);
    lab_hang_up(other);
    return over;
}

static void preempted_anywhere(struct lab *lab)
{
    uint32_t n = 0;

    while (!preempt_copy(lab, n))
        n += 3;
    CHECK(lab, n > 20, "a copy of 100 blocks had only %u disk calls", (unsigned)n);
}

/* A disk that answers at once: pings and reads of others are answered while a copy is at work. */
static void others_have_turns(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=Yes"), *other = session(lab, "");
    struct cmd c = copy_cmd(p, 1, 0, 0, 128), r = read_cmd(other, 7, 4);

    start(p, &c);
    start(other, &r);
    nop(p, "hello");
    finish(other, &r);
    was(other, &r, TH_STATUS_GOOD, 0);
    nop_answered(p);
    finish(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
    is_copied(lab, 0, 0, 128);
}

static void one_parameter_buffer(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=Yes");
    struct cmd a = copy_cmd(p, 1, 0, 0, 64), b = copy_cmd(p, 2, 64, 64, 64);

    start(p, &a);
    start(p, &b);
    finish(p, &a);
    finish(p, &b);
    CHECK(lab, lab->lenient || (a.answered && b.answered), "a copy was not answered");
    b = copy_cmd(p, 2, 64, 64, 64);
    good(p, &b);
    is_copied(lab, 64, 64, 64);
}

static const struct scenario scenarios[] = {
    { .name = "EXTENDED COPY", .play = copy },
    { .name = "EXTENDED COPY with a list in pieces", .play = copy_solicited },
    { .name = "EXTENDED COPY to nobody", .play = out_of_reach, .no_cuts = true },
    { .name = "EXTENDED COPY that is ended anywhere", .play = ended_anywhere, .own_disks = true, .no_cuts = true },
    { .name = "EXTENDED COPY to a unit that is taken away", .play = preempted_anywhere, .own_disks = true,
      .no_cuts = true },
    { .name = "EXTENDED COPY beside others", .play = others_have_turns, .own_pace = true, .no_cuts = true },
    { .name = "EXTENDED COPY twice, with room for one", .play = one_parameter_buffer, .own_pace = true,
      .no_cuts = true, .options = { .config = { .n_parameter_buffers = 1 } } },
};

int main(void)
{
    return play_all("copy", scenarios, COUNT(scenarios));
}
