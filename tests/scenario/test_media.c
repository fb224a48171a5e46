/* SPDX-License-Identifier: MIT
 *
 * test_media.c: who sees which logical unit, and what sessions are told of a medium that changes.
 *
 * SAM-5 4.7 (a LUN without a logical unit), SPC-4 6.33 (REPORT LUNS), RFC 7143 11.5 and 11.9.
 */
#include "ways.h"

#define STRANGER "iqn.1994-05.example:stranger"

/* LUN 1 is for HOST alone. */
static const char *const only_host[] = { "iqn.1994-05.Example:HOST", "iqn.1994-05.example:spare" };
static const struct thimble_lun_config hidden_unit[LAB_LUNS] = {
    [1] = { .allowed = only_host, .n_allowed = COUNT(only_host) },
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
    struct thimble_lun_config config = {
        .block = &lab->ram[0].block, .lun = 3, .read_only = true,
        .allowed = only_host, .n_allowed = COUNT(only_host),
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

#define HIDDEN .options = { .units = hidden_unit }

static const struct scenario scenarios[] = {
    { .name = "a hidden unit is not there", .play = hidden_is_not_there, HIDDEN },
    { .name = "a hidden unit is not reset", .play = hidden_is_not_reset, HIDDEN },
    { .name = "a hidden unit says nothing", .play = hidden_says_nothing, HIDDEN },
    { .name = "the unit that is well known", .play = well_known, HIDDEN },
    { .name = "a unit comes later",
      .play = comes_later,
      .options = { .units = hidden_unit, .config = { .n_luns = LAB_LUNS + 1 } } },
};

int main(void)
{
    return play_all("media", scenarios, COUNT(scenarios));
}
