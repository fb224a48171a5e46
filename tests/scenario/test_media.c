/* SPDX-License-Identifier: MIT
 *
 * test_media.c: who sees which logical unit, and what sessions are told of a medium that changes.
 *
 * SAM-5 4.7 (a LUN without a logical unit), SPC-4 6.33 (REPORT LUNS), RFC 7143 11.5 and 11.9.
 */
#include "ways.h"

#define STRANGER "iqn.1994-05.example:stranger"

/* LUN 1 is for HOST alone. */
static const struct thimble_lun_view only_host[] = {
    { "iqn.1994-05.Example:HOST", 1, false }, { "iqn.1994-05.example:spare", 1, false },
};
static const struct thimble_lun_config hidden_unit[LAB_LUNS] = {
    [1] = { .views = only_host, .n_views = COUNT(only_host) },
};

/* A session of an initiator that does not see LUN 1. */
static struct peer *stranger(struct lab *lab)
{
    struct peer *p = lab_connect(lab);
    struct cmd c = cdb_cmd("00 00 00 00 00 00", 0), again = c;

    p->name = STRANGER;
    log_in(p, "");
    perform(p, &c);                     /* the unit attention of a new session */
    good(p, &again);
    return p;
}

static void lists(struct peer *p, const char *hex)
{
    struct cmd c = cdb_cmd("a0 00 00 00 00 00 00 00 00 40 00 00", 64);
    struct cmd want = cdb_cmd(hex, 0);

    perform(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
    CHECK(p->lab, c.got == 8u + c.in[3] && memcmp(c.in, want.cdb, 4) == 0, "%u bytes of LUNs",
          (unsigned)c.got);
    for (uint32_t i = 0; 8 * i + 8 < c.got; i++)
        CHECK(p->lab, c.in[8 + 8 * i + 1] == i, "LUN %u", c.in[8 + 8 * i + 1]);
}

/* To the stranger LUN 1 is as LUN 2, which is not there. */
static void hidden_is_not_there(struct lab *lab)
{
    struct peer *p = session(lab, ""), *s = stranger(lab);

    lists(p, "00 00 00 10 00 00");
    lists(s, "00 00 00 08 00 00");
    for (uint8_t lun = 1; lun <= 2; lun++) {
        static const char *const commands[] = {
            "00 00 00 00 00 00", "1a 00 3f 00 ff 00", "28 00 00 00 00 00 00 00 01 00",
            "2a 00 00 00 00 00 00 00 00 00", "16 00 00 00 00 00", "1b 00 00 00 01 00",
        };
        for (unsigned i = 0; i < COUNT(commands); i++) {
            struct cmd c = cdb_cmd(commands[i], 512);
            c.lun = lun;
            perform(s, &c);
            was(s, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_NO_LOGICAL_UNIT);
        }
        struct cmd inquiry = cdb_cmd("12 00 00 00 24 00", 36);
        inquiry.lun = lun;
        good(s, &inquiry);
        CHECK(lab, inquiry.in && inquiry.in[0] == 0x7f, "a peripheral device type");
        struct cmd serial = cdb_cmd("12 01 80 00 24 00", 36);
        serial.lun = lun;
        ends(s, &serial, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_CDB_FIELD);
        tmf_says(s, tmf(s, TH_TMF_LOGICAL_UNIT_RESET, lun, TH_TAG_NONE), TH_TMF_NO_LUN);
        tmf_says(s, tmf(s, TH_TMF_ABORT_TASK_SET, lun, TH_TAG_NONE), TH_TMF_NO_LUN);
    }
    read_ok(p, 1, 0, 1);                /* nobody has reset it */
    read_ok(s, 0, 0, 1);
}

static void hidden_is_not_reset(struct lab *lab)
{
    struct peer *p = session(lab, ""), *s = stranger(lab);
    struct cmd zero = read_cmd(p, 0, 1), one = read_cmd(p, 0, 1);

    tmf_says(s, tmf(s, TH_TMF_TARGET_WARM_RESET, 0, TH_TAG_NONE), TH_TMF_COMPLETE);
    ends(p, &zero, TH_STATUS_CHECK_CONDITION, TH_SENSE_DEVICE_RESET);
    one.lun = 1;
    good(p, &one);
}

static void hidden_says_nothing(struct lab *lab)
{
    struct peer *p = session(lab, ""), *s = stranger(lab);

    thimble_lun_changed(lab->engine, 0, 1, THIMBLE_LUN_MEDIUM_CHANGED);
    expect(p, "async 0");
    expect_silence(s);
    thimble_lun_changed(lab->engine, 0, 0, THIMBLE_LUN_MEDIUM_CHANGED);
    expect(p, "async 0");
    expect(s, "async 0");
}

/* A unit that comes while there are sessions. */
static void comes_later(struct lab *lab)
{
    struct peer *p = session(lab, ""), *s = stranger(lab);
    static const struct thimble_lun_view views[] = { { HOST, 3, false } };
    struct thimble_lun_config config = {
        .block = &lab->ram[0].block, .lun = 3, .read_only = true, .views = views, .n_views = COUNT(views),
    };

    assert_int_equal(thimble_lun_add(lab->engine, 0, &config), THIMBLE_OK);
    read_ok(s, 0, 0, 1);                /* without a unit attention: nothing has changed for it */
    struct cmd c = read_cmd(p, 0, 1);
    ends(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_LUNS_CHANGED);
}

/* REPORT LUNS asks the well known logical unit, of which nobody has to know a LUN first; it is not reset. */
static void well_known(struct lab *lab)
{
    struct peer *s = stranger(lab);
    struct cmd luns = cdb_cmd("a0 00 02 00 00 00 00 00 00 40 00 00", 64);
    struct cmd ready = cdb_cmd("00 00 00 00 00 00", 0), capacity = cdb_cmd("25 00 00 00 00 00 00 00 00 00", 8);

    luns.lun_method = ready.lun_method = capacity.lun_method = 0xc1;
    luns.lun = ready.lun = capacity.lun = 1;
    perform(s, &luns);
    was(s, &luns, TH_STATUS_GOOD, 0);
    CHECK(lab, luns.got == 24 && luns.in[8] == 0 && luns.in[9] == 0 && luns.in[16] == 0xc1 && luns.in[17] == 1,
          "%u bytes of LUNs", (unsigned)luns.got);
    good(s, &ready);
    ends(s, &capacity, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_OPCODE);
}

/* --------------------------------------------------------------------------------------
 * Views: HOST knows unit 0 as LUN 1 and unit 1 as LUN 0, which it must not write; to the stranger, unit 1 is LUN 5, and the
 * others see it as it is, to read.
 */
static const struct thimble_lun_view
    views_of_zero[] = { { HOST, 1, false }, { NULL, 0, false } },
    views_of_one[] = { { NULL, 1, true }, { HOST, 0, true }, { STRANGER, 5, false } };
static const struct thimble_lun_config viewed[LAB_LUNS] = {
    [0] = { .views = views_of_zero, .n_views = COUNT(views_of_zero) },
    [1] = { .views = views_of_one, .n_views = COUNT(views_of_one) },
};

static void luns_are(struct peer *p, uint8_t first, uint8_t second)
{
    struct cmd c = cdb_cmd("a0 00 00 00 00 00 00 00 00 40 00 00", 64);

    perform(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
    CHECK(p->lab, c.got == 24 && c.in[9] == first && c.in[17] == second, "LUNs %u and %u", c.in[9], c.in[17]);
}

/* Block 3 of this unit is reached by that LUN. */
static void is_unit(struct peer *p, uint8_t lun, unsigned unit)
{
    struct cmd c;

    for (unsigned attentions = 0; attentions < 3; attentions++) {
        c = read_cmd(p, 3, 1);
        c.lun = lun;
        perform(p, &c);
        if (c.status != TH_STATUS_CHECK_CONDITION || c.sense >> 16 != 0x6)
            break;
    }
    was(p, &c, TH_STATUS_GOOD, 0);
    for (uint32_t i = 0; !p->lab->lenient && i < c.got; i++)
        CHECK(p->lab, c.in[i] == lab_byte(unit, 3, i), "LUN %u is not unit %u", lun, unit);
}

static void is_protected(struct peer *p, uint8_t lun, bool yes)
{
    struct cmd sense = cdb_cmd("1a 00 3f 00 ff 00", 255), write = write_cmd(p, 8, 4, 'w');

    sense.lun = write.lun = lun;
    perform(p, &sense);
    was(p, &sense, TH_STATUS_GOOD, 0);
    CHECK(p->lab, (sense.in[2] & 0x80) == (yes ? 0x80 : 0), "WP of LUN %u: %02x", lun, sense.in[2]);
    if (yes)
        ends(p, &write, TH_STATUS_CHECK_CONDITION, TH_SENSE_WRITE_PROTECTED);
    else
        good(p, &write);
}

static void other_numbers(struct lab *lab)
{
    struct peer *host = session(lab, "InitialR2T=Yes ImmediateData=No"), *s = lab_connect(lab), *third = lab_connect(lab);

    s->name = STRANGER;
    log_in(s, "InitialR2T=Yes ImmediateData=No");
    third->name = "iqn.1994-05.example:third";
    log_in(third, "");
    luns_are(host, 0, 1);
    luns_are(s, 0, 5);
    luns_are(third, 0, 1);
    is_unit(host, 0, 1);
    is_unit(host, 1, 0);
    is_unit(s, 0, 0);
    is_unit(s, 5, 1);
    is_unit(third, 0, 0);
    is_unit(third, 1, 1);
    struct cmd none = read_cmd(s, 0, 1);
    none.lun = 1;
    ends(s, &none, TH_STATUS_CHECK_CONDITION, TH_SENSE_NO_LOGICAL_UNIT);
    tmf_says(s, tmf(s, TH_TMF_LOGICAL_UNIT_RESET, 1, TH_TAG_NONE), TH_TMF_NO_LUN);
}

static void read_only_for_some(struct lab *lab)
{
    struct peer *host = session(lab, "InitialR2T=Yes ImmediateData=No"), *s = lab_connect(lab);

    s->name = STRANGER;
    log_in(s, "InitialR2T=Yes ImmediateData=No");
    is_unit(s, 0, 0);
    is_unit(s, 5, 1);
    is_protected(host, 0, true);
    is_untouched(host, 1, 8, 4);
    is_protected(s, 5, false);
    is_written(s, 1, 8, 4, 'w');
    is_protected(host, 1, false);
    is_written(host, 0, 8, 4, 'w');
    is_protected(s, 0, false);
}

/* A reset, a reservation and a message are about the unit, whatever its LUN is. */
static void means_the_unit(struct lab *lab)
{
    struct peer *host = session(lab, ""), *s = lab_connect(lab);

    s->name = STRANGER;
    log_in(s, "");
    is_unit(s, 0, 0);
    is_unit(s, 5, 1);
    tmf_says(s, tmf(s, TH_TMF_LOGICAL_UNIT_RESET, 5, TH_TAG_NONE), TH_TMF_COMPLETE);
    struct cmd one = read_cmd(host, 0, 1), other = one, again = one, reserve = cdb_cmd("16 00 00 00 00 00", 0);
    ends(host, &one, TH_STATUS_CHECK_CONDITION, TH_SENSE_DEVICE_RESET);
    other.lun = 1;
    good(host, &other);
    is_unit(s, 5, 1);
    reserve.lun = 5;
    good(s, &reserve);
    ends(host, &again, TH_STATUS_RESERVATION_CONFLICT, TH_SENSE_NONE);

    static const uint8_t told[2][2] = { { 1, 0 }, { 0, 5 } };   /* by unit, to HOST and the stranger */
    for (uint16_t unit = 0; unit < 2; unit++) {
        thimble_lun_changed(lab->engine, 0, unit, THIMBLE_LUN_RESIZED);
        struct pdu *h = hear_of(host, TH_OP_ASYNC, 0), *t = hear_of(s, TH_OP_ASYNC, 0);
        CHECK(lab, h && h->bhs[9] == told[unit][0], "a message about LUN %d", h ? h->bhs[9] : -1);
        CHECK(lab, t && t->bhs[9] == told[unit][1], "a message about LUN %d", t ? t->bhs[9] : -1);
    }
}

/* Nobody may have two units by one LUN. */
static void views_that_clash(struct lab *lab)
{
    static const struct thimble_lun_view
        onto_zero[] = { { "iqn.1994-05.example:third", 0, false } }, onto_one[] = { { "iqn.1994-05.Example:HOST", 1, false } },
        others_onto_one[] = { { HOST, 7, false }, { NULL, 1, false } }, beyond[] = { { HOST, THIMBLE_LUNS_MAX, false } },
        fine[] = { { HOST, 2, false }, { STRANGER, 1, false } };
    static const struct { const struct thimble_lun_view *views; size_t n; int err; } cases[] = {
        { onto_zero, 1, THIMBLE_ERR_FULL }, { onto_one, 1, THIMBLE_ERR_FULL }, { others_onto_one, 2, THIMBLE_ERR_FULL },
        { beyond, 1, THIMBLE_ERR_ARGUMENT }, { fine, 2, THIMBLE_OK },
    };
    struct peer *host = session(lab, ""), *s = lab_connect(lab);

    s->name = STRANGER;
    log_in(s, "");
    luns_are(s, 0, 5);
    for (unsigned i = 0; i < COUNT(cases); i++) {
        struct thimble_lun_config config = {
            .block = &lab->ram[2].block, .lun = 3, .views = cases[i].views, .n_views = cases[i].n,
        };
        assert_int_equal(thimble_lun_add(lab->engine, 0, &config), cases[i].err);
    }
    is_unit(host, 2, 2);
    is_unit(s, 1, 2);
}

#define VIEWED .options = { .units = viewed }

/* A WRITE waits for its data, of which a part begins inside a block, when the medium is changed; a READ for its peer to read.  The
 * next medium is not written, and what was asked of the one before fails. */
static void nothing_reaches_the_next_medium(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No MaxBurstLength=512 FirstBurstLength=512");
    struct peer *q = session(lab, "ImmediateData=No");
    struct cmd w = write_cmd(p, 7, 4, 'a'), v = write_cmd(q, 20, 4, 'b'), r = read_cmd(p, 7, 4);

    q->piece = 300;
    start(p, &w);
    start(q, &v);
    lab_run(lab);
    thimble_lun_changed(lab->engine, 0, 0, THIMBLE_LUN_MEDIUM_CHANGED);
    finish(p, &w);
    finish(q, &v);
    was(p, &w, TH_STATUS_CHECK_CONDITION, TH_SENSE_NO_MEDIUM);
    was(q, &v, TH_STATUS_CHECK_CONDITION, TH_SENSE_NO_MEDIUM);
    is_untouched(p, 0, 0, 32);
    ends(p, &r, TH_STATUS_CHECK_CONDITION, TH_SENSE_MEDIUM_CHANGED);
    write_ok(p, 0, 7, 4, 'c');
}

#define HIDDEN .options = { .units = hidden_unit }

static const struct scenario scenarios[] = {
    { .name = "a hidden unit is not there", .play = hidden_is_not_there, HIDDEN },
    { .name = "a hidden unit is not reset", .play = hidden_is_not_reset, HIDDEN },
    { .name = "a hidden unit says nothing", .play = hidden_says_nothing, HIDDEN },
    { .name = "the unit that is well known", .play = well_known, HIDDEN },
    { .name = "nothing reaches the next medium", .play = nothing_reaches_the_next_medium },
    { .name = "a unit comes later",
      .play = comes_later,
      .options = { .units = hidden_unit, .config = { .n_luns = LAB_LUNS + 1 } } },
    { .name = "each knows a unit by another LUN", .play = other_numbers, VIEWED },
    { .name = "some may read only", .play = read_only_for_some, VIEWED },
    { .name = "a unit is meant, whatever its LUN", .play = means_the_unit, VIEWED },
    { .name = "two units by one LUN", .play = views_that_clash, .no_faults = true,
      .options = { .units = viewed, .config = { .n_luns = LAB_LUNS + 1 } } },
};

int main(void)
{
    return play_all("media", scenarios, COUNT(scenarios));
}
