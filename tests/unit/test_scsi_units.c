/* SPDX-License-Identifier: MIT
 *
 * test_scsi_units.c: what outlives a command: identity, unit attentions, reservations, the
 * medium that comes and goes, the writers' gate.
 */
#include "scsi_rig.h"

#define TUR "00 00 0000 00 00"
#define RESERVE "16 00 0000 00 00"
#define RELEASE "17 00 0000 00 00"
#define REQUEST_SENSE "03 00 0000 ff 00"
#define INQUIRY "12 00 00 0060 00"
#define REPORT_LUNS "a0 00 00 000000 00001000 00 00"
#define READ_0 "28 00 00000000 00 0001 00"

static void expect(struct rig *rig, unsigned nexus, const char *cdb, uint32_t sense)
{
    struct outcome o = rig_run_as(rig, nexus, cdb);

    expect_sense(cdb, &o, sense);
    rig_forget(&o);
}

static void expect_conflict(struct rig *rig, unsigned nexus, const char *cdb)
{
    struct outcome o = rig_run_as(rig, nexus, cdb);

    if (o.status != TH_STATUS_RESERVATION_CONFLICT)
        fail_msg("%s: status %02x, not RESERVATION CONFLICT", cdb, o.status);
    rig_forget(&o);
}

/* --------------------------------------------------------------------------------------
 * LUNs
 */
static void test_lun_decode(void **state)
{
    static const struct { const char *title, *field; int lun; } cases[] = {
        { "peripheral 0", "0000000000000000", 0 },
        { "peripheral 255", "00ff000000000000", 255 },
        { "peripheral on another bus", "0100000000000000", -1 },
        { "peripheral, second level", "0001000100000000", -1 },
        { "flat 0", "4000000000000000", 0 },
        { "flat 7", "4007000000000000", 7 },
        { "flat 16383", "7fff000000000000", 16383 },
        { "flat, second level", "4007000000000001", -1 },
        { "logical unit addressing", "8001000000000000", -1 },
        { "extended flat 5", "d200000500000000", 5 },
        { "extended flat, largest", "d2ffffff00000000", 0xffffff },
        { "extended flat, second level", "d200000500000001", -1 },
        { "extended flat of five bytes", "e200000000050000", -1 },
        { "well known: REPORT LUNS", "c101000000000000", THIMBLE_SCSI_WELL_KNOWN ? TH_LUN_REPORT_LUNS : -1 },
        { "well known: REPORT LUNS, second level", "c101000100000000", -1 },
        { "well known: another", "c102000000000000", -1 },
        { "not specified", "ff00000000000000", -1 },
        { "all ones", "ffffffffffffffff", -1 },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t field[8];
        from_hex(cases[i].field, field, 8);
        if (th_scsi_lun_decode(field) != cases[i].lun)
            fail_msg("%s: %d", cases[i].title, th_scsi_lun_decode(field));
    }
}

static struct outcome run_nowhere(struct rig *rig, const char *cdb)
{
    struct rig_cmd *c = rig_submit(rig, &rig->nexus[0], NULL, cdb, NULL, 0);

    rig_wait(c);
    return rig_collect(c);
}

static void test_no_logical_unit(void **state)
{
    static const char *const refused[] = {
        TUR, READ_0, "2a 00 00000000 00 0001 00", "1a 00 3f 00 ff 00", RESERVE,
        "25 00 00000000 0000 00 00", "a3 0c 00 00 0000 00001000 00 00", "ff",
        "12 01 83 00ff 00 ",
    };
    struct rig rig;
    struct outcome o;
    (void)state;

    rig_start(&rig, NULL);
    rig.nexus[0].ua[0] = 1u << TH_UA_POWER_ON;          /* of the unit that there is */
    for (unsigned i = 0; i < 8; i++) {
        o = run_nowhere(&rig, refused[i]);
        expect_sense(refused[i], &o, TH_SENSE_NO_LOGICAL_UNIT);
    }
    o = run_nowhere(&rig, refused[8]);
    expect_sense("VPD 83", &o, TH_SENSE_INVALID_CDB_FIELD);
    o = run_nowhere(&rig, INQUIRY);
    expect_data("INQUIRY", &o, "7f 00 06 12 5b");
    assert_int_equal(o.len, 96);
    rig_forget(&o);
    o = run_nowhere(&rig, "12 01 00 00ff 00");
    expect_data("VPD 00", &o, "7f 00 0001 00");
    rig_forget(&o);
    o = run_nowhere(&rig, REQUEST_SENSE);
    expect_data("REQUEST SENSE", &o, "70 00 05 00000000 0a 00000000 25 00");
    rig_forget(&o);
    o = run_nowhere(&rig, REPORT_LUNS);
    expect_data("REPORT LUNS", &o, "00000008 00000000 0000000000000000");
    rig_forget(&o);
    assert_int_equal(rig.nexus[0].ua[0], 1u << TH_UA_POWER_ON);
    rig_end(&rig);
}

#if THIMBLE_SCSI_WELL_KNOWN
/* SPC-4 8.3: four commands, no medium, no name of its own. */
static void test_well_known(void **state)
{
    static const struct { const char *cdb, *data; uint32_t len; } answered[] = {
        { TUR, "", 0 },
        { INQUIRY, "1e 00 06 12 5b 00 00 02", 96 },
        { "12 01 00 00ff 00", "1e 00 0002 00 83", 6 },
        { "12 01 83 00ff 00", "1e 83", 0 },
        { REQUEST_SENSE, "70 00 00", 18 },
        { REPORT_LUNS, "00000008 00000000 0000000000000000", 16 },
        { "a0 00 01 000000 00001000 00 00", "00000008 00000000 c101000000000000", 16 },
    };
    static const char *const refused[] = {
        READ_0, "2a 00 00000000 00 0001 00", "1a 00 3f 00 ff 00", RESERVE, "25 00 00000000 0000 00 00",
        "a3 0c 00 00 0000 00001000 00 00", "42 00 00000000 00 0018 00", "ff",
    };
    struct rig rig;
    struct outcome o;
    (void)state;

    rig_start(&rig, NULL);
    rig.well_known = true;
    rig.nexus[0].ua[0] = 1u << TH_UA_POWER_ON;          /* another unit's */
    for (unsigned i = 0; i < sizeof answered / sizeof answered[0]; i++) {
        o = run_nowhere(&rig, answered[i].cdb);
        expect_sense(answered[i].cdb, &o, TH_SENSE_NONE);
        expect_data(answered[i].cdb, &o, answered[i].data);
        if (answered[i].len)
            assert_int_equal(o.len, answered[i].len);
        rig_forget(&o);
    }
    o = run_nowhere(&rig, "12 01 83 00ff 00");
    for (uint32_t at = 4; at < o.len; at += 4 + o.data[at + 3])
        assert_int_not_equal(o.data[at + 1] & 0x30, 0); /* of the port or the target */
    rig_forget(&o);
    o = run_nowhere(&rig, "12 01 b0 00ff 00");
    expect_sense("VPD B0", &o, TH_SENSE_INVALID_CDB_FIELD);
    for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        o = run_nowhere(&rig, refused[i]);
        expect_sense(refused[i], &o, TH_SENSE_INVALID_OPCODE);
    }
    assert_int_equal(rig.nexus[0].ua[0], 1u << TH_UA_POWER_ON);
    rig_end(&rig);
}
#endif

static void test_report_luns_lists_all(void **state)
{
    struct rig rig;
    struct th_lu second;
    (void)state;

    rig_start(&rig, NULL);
    second = rig.lu;
    second.lun = THIMBLE_LUNS_MAX - 1;
    rig.target.lus[THIMBLE_LUNS_MAX - 1] = &second;
    struct outcome o = rig_run_as(&rig, 0, REPORT_LUNS);
    assert_int_equal(o.len, 24);
    assert_int_equal(o.data[17], THIMBLE_LUNS_MAX - 1);
    rig_forget(&o);
    rig.target.lus[0] = NULL;
    o = run_nowhere(&rig, REPORT_LUNS);
    assert_int_equal(o.len, 16);
    assert_int_equal(o.data[9], THIMBLE_LUNS_MAX - 1);
    rig_forget(&o);
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * Identity
 */

/* The designator of this association and type in VPD page 83h, or NULL. */
static const uint8_t *designator(const struct outcome *o, unsigned association, unsigned type)
{
    for (uint32_t at = 4; at < o->len; at += 4u + o->data[at + 3])
        if ((o->data[at + 1] & 0x3f) == (association << 4 | type))
            return o->data + at;
    return NULL;
}

static void naa_of(struct rig *rig, uint8_t naa[16])
{
    struct outcome o = rig_run_as(rig, 0, "12 01 83 0400 00");
    const uint8_t *d = designator(&o, 0, 3);

    assert_non_null(d);
    assert_int_equal(d[3], 16);
    memcpy(naa, d + 4, 16);
    rig_forget(&o);
}

static void test_identification(void **state)
{
    struct rig rig;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .serial = "CARD-0001" });
    struct outcome o = rig_run_as(&rig, 0, "12 01 83 0400 00");
    assert_int_equal(th_get16(o.data + 2) + 4u, o.len);
    const uint8_t *d = designator(&o, 0, 1);
    assert_memory_equal(d, "\x02\x01\0\x21THIMBLE DISK            CARD-0001", 4 + 33);
    d = designator(&o, 0, 3);
    assert_int_equal(d[0], 0x01);
    assert_int_equal(d[4] >> 4, 6);
    char text[64] = "naa.";
    for (unsigned i = 0; i < 16; i++)
        snprintf(text + 4 + 2 * i, 3, "%02x", d[4 + i]);
    d = designator(&o, 0, 8);
    assert_int_equal(d[0], 0x03);
    assert_int_equal(d[3] % 4, 0);
    assert_string_equal((const char *)d + 4, text);
    d = designator(&o, 1, 4);
    assert_memory_equal(d, "\x51\x94\0\x04\0\0\0\x01", 8);
    d = designator(&o, 1, 8);
    assert_int_equal(d[0], 0x53);
    assert_int_equal(d[3] % 4, 0);
    assert_string_equal((const char *)d + 4, "iqn.2004-01.org.example:rig,t,0x0001");
    d = designator(&o, 2, 8);
    assert_string_equal((const char *)d + 4, "iqn.2004-01.org.example:rig");
    rig_forget(&o);
    rig_end(&rig);
}

static void test_longest_names(void **state)
{
    static char name[224];
    struct rig rig;
    (void)state;

    memset(name, 'n', 223);
    memcpy(name, "iqn.", 4);
    rig_start(&rig, &(struct rig_options){ .serial = "0123456789abcdef0123456789abcdefXX" });
    rig.target.name = name;
    struct outcome o = rig_run_as(&rig, 0, "12 01 83 0fff 00");
    expect_sense("VPD 83", &o, TH_SENSE_NONE);
    const uint8_t *d = designator(&o, 1, 8);
    assert_int_equal(strlen((const char *)d + 4), 223 + 9);
    assert_int_equal(designator(&o, 0, 1)[3], 24 + 32);
    rig_forget(&o);
    rig_end(&rig);
}

/* The names of a disk with a serial number go with it; of others, with their place. */
static void test_identity_is_stable_and_unique(void **state)
{
    static const struct { const char *name, *serial; uint16_t lun; unsigned same_as; } units[] = {
        { "iqn.2004-01.org.example:rig", NULL, 0, 0 },
        { "iqn.2004-01.org.example:rig", NULL, 1, 1 },
        { "iqn.2004-01.org.example:rig", "A", 0, 2 },
        { "iqn.2004-01.org.example:rig", "B", 0, 3 },
        { "iqn.2004-01.org.example:rigA", NULL, 0, 4 },
        { "iqn.2004-01.org.example:rig", "A", 1, 2 },   /* the same disk at another LUN, in another target */
        { "iqn.2004-01.org.example:rigA", "A", 0, 2 },
        { "iqn.2004-01.org.example:rig", "iqn.2004-01.org.example:rig", 0, 7 },
        { "iqn.2004-01.org.example:rig", NULL, 0, 0 },  /* after a restart */
    };
    enum { N = sizeof units / sizeof units[0] };
    uint8_t naa[N][16];
    (void)state;

    for (unsigned i = 0; i < N; i++) {
        struct rig rig;
        rig_start(&rig, &(struct rig_options){ .serial = units[i].serial });
        rig.target.name = units[i].name;
        rig.lu.lun = units[i].lun;
        naa_of(&rig, naa[i]);
        rig_end(&rig);
        for (unsigned other = 0; other < i; other++) {
            bool same = units[i].same_as == units[other].same_as;
            assert_int_equal(memcmp(naa[i], naa[other], 8) == 0, same);
            assert_int_equal(memcmp(naa[i] + 8, naa[other] + 8, 8) == 0, same);
        }
    }
}

/* Two units of one serial number have no name in common: the second is named after its place. */
static void test_twins(void **state)
{
    struct thimble_block other = { .serial = "A" };
    struct th_lu before = { .block = &other }, first = { .block = &other, .before = &before };
    static const struct { const char *serial; bool alone; } units[] = {
        { "A", false }, { NULL, false }, { "B", true }, { "AA", true },
    };
    uint8_t naa[16], alone[16];
    (void)state;

    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct rig rig;
        rig_start(&rig, &(struct rig_options){ .serial = "A" });
        naa_of(&rig, alone);
        rig.lu.before = &first;
        before.block = &(struct thimble_block){ .serial = units[i].serial };
        naa_of(&rig, naa);
        struct outcome o = rig_run_as(&rig, 0, "12 01 80 00ff 00");
        assert_memory_not_equal(naa, alone, 16);        /* "A" is before it */
        assert_int_equal(o.len, 4 + 16);
        rig_forget(&o);
        first.block = before.block;
        naa_of(&rig, naa);
        o = rig_run_as(&rig, 0, "12 01 80 00ff 00");
        assert_int_equal(memcmp(naa, alone, 16) == 0, units[i].serial == NULL || units[i].alone);
        assert_int_equal(o.len == 4 + 1, units[i].serial == NULL || units[i].alone);
        rig_forget(&o);
        first.block = &other;
        rig_end(&rig);
    }
}

/* --------------------------------------------------------------------------------------
 * Unit attentions
 */
static void test_power_on(void **state)
{
    struct rig rig;
    struct th_nexus nexus = { .initiator = "iqn.2004-01.org.example:new", .isid = (const uint8_t[6]){ 0 } };
    (void)state;

    rig_start(&rig, NULL);
    th_scsi_nexus_end(&rig.nexus[2]);
    th_scsi_nexus_begin(&nexus, &rig.target);
    for (unsigned lun = 0; lun < THIMBLE_LUNS_MAX; lun++)
        assert_int_equal(nexus.ua[lun], 1u << TH_UA_POWER_ON);
    assert_int_equal(rig.nexus[0].ua[0], 0);
    assert_ptr_equal(rig.target.nexuses, &nexus);
    th_scsi_nexus_end(&rig.nexus[0]);                   /* from the end of the list */
    th_scsi_nexus_end(&nexus);                          /* from its beginning */
    assert_ptr_equal(rig.target.nexuses, &rig.nexus[1]);
    assert_null(rig.nexus[1].next);
    rig_end(&rig);
}

static void test_each_unit_attention(void **state)
{
    static const struct { enum th_ua ua; uint32_t sense; } all[TH_UA_COUNT] = {
        { TH_UA_POWER_ON, TH_SENSE(6, 0x29, 0x00) },
        { TH_UA_LU_RESET, TH_SENSE(6, 0x29, 0x03) },
        { TH_UA_NEXUS_LOSS, TH_SENSE(6, 0x29, 0x07) },
        { TH_UA_MEDIUM_CHANGED, TH_SENSE(6, 0x28, 0x00) },
        { TH_UA_MODE_CHANGED, TH_SENSE(6, 0x2a, 0x01) },
        { TH_UA_RESERVATIONS_PREEMPTED, TH_SENSE(6, 0x2a, 0x03) },
        { TH_UA_RESERVATIONS_RELEASED, TH_SENSE(6, 0x2a, 0x04) },
        { TH_UA_REGISTRATIONS_PREEMPTED, TH_SENSE(6, 0x2a, 0x05) },
        { TH_UA_CAPACITY_CHANGED, TH_SENSE(6, 0x2a, 0x09) },
        { TH_UA_COMMANDS_CLEARED, TH_SENSE(6, 0x2f, 0x00) },
        { TH_UA_LUNS_CHANGED, TH_SENSE(6, 0x3f, 0x0e) },
        { TH_UA_LOG_CHANGED, TH_SENSE(6, 0x2a, 0x02) },
        { TH_UA_ACCESS_CHANGED, TH_SENSE(6, 0x2a, 0x06) },
        { TH_UA_TIMESTAMP_CHANGED, TH_SENSE(6, 0x2a, 0x10) },
        { TH_UA_THRESHOLD, TH_SENSE(6, 0x38, 0x07) },
        { TH_UA_IDENTIFIER_CHANGED, TH_SENSE(6, 0x3f, 0x05) },
    };
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    for (unsigned i = TH_UA_COUNT; i-- > 0;)            /* reported in the order of the enum */
        th_scsi_ua(&rig.lu, all[i].ua, &rig.nexus[1]);
    for (unsigned i = 0; i < TH_UA_COUNT; i++) {
        uint32_t depth = i + 1 < TH_UA_COUNT ? 2 : 1;
        assert_int_equal(th_scsi_ua_query(&rig.nexus[0], 0), depth << 20 | all[i].sense);
        assert_int_equal(th_scsi_ua_sense(all[i].ua), all[i].sense);
        expect(&rig, 0, TUR, all[i].sense);
    }
    assert_int_equal(th_scsi_ua_query(&rig.nexus[0], 0), 0);
    expect(&rig, 0, TUR, TH_SENSE_NONE);
    expect(&rig, 1, TUR, TH_SENSE_NONE);                /* the nexus that was spared */
    rig_end(&rig);
}

static void test_who_reports_unit_attentions(void **state)
{
    struct rig rig;
    struct outcome o;
    (void)state;

    rig_start(&rig, NULL);
    th_scsi_ua(&rig.lu, TH_UA_CAPACITY_CHANGED, NULL);
    expect(&rig, 0, INQUIRY, TH_SENSE_NONE);            /* neither reports it nor clears it */
    expect(&rig, 0, REPORT_LUNS, TH_SENSE_NONE);
    expect(&rig, 0, "ff", TH_SENSE_CAPACITY_CHANGED);   /* before the opcode is looked at */
    expect(&rig, 0, "ff", TH_SENSE_INVALID_OPCODE);
    expect(&rig, 1, "28 00 ffffffff 00 0001 00", TH_SENSE_CAPACITY_CHANGED);
    expect(&rig, 1, "28 00 ffffffff 00 0001 00", TH_SENSE_LBA_OUT_OF_RANGE);

    th_scsi_ua(&rig.lu, TH_UA_CAPACITY_CHANGED, NULL);
    o = rig_run_as(&rig, 0, REQUEST_SENSE);             /* reports it as data, and clears it */
    expect_data("REQUEST SENSE", &o, "70 00 06 00000000 0a 00000000 2a 09");
    rig_forget(&o);
    expect(&rig, 0, TUR, TH_SENSE_NONE);
    o = rig_run_as(&rig, 1, "03 01 0000 ff 00");
    expect_data("REQUEST SENSE, descriptor format", &o, "72 06 2a 09 000000 00");
    rig_forget(&o);

    th_scsi_ua(&rig.lu, TH_UA_LUNS_CHANGED, NULL);      /* REPORT LUNS answers the question */
    expect(&rig, 0, REPORT_LUNS, TH_SENSE_NONE);
    expect(&rig, 0, TUR, TH_SENSE_NONE);
    expect(&rig, 1, TUR, TH_SENSE_LUNS_CHANGED);
    rig_end(&rig);
}

static void test_resets(void **state)
{
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    expect(&rig, 0, RESERVE, TH_SENSE_NONE);
    th_scsi_lu_reset(&rig.lu, &rig.nexus[1]);
    expect(&rig, 1, TUR, TH_SENSE_NONE);                /* by whom, and no longer reserved */
    expect(&rig, 0, TUR, TH_SENSE_DEVICE_RESET);
    th_scsi_lu_reset(&rig.lu, NULL);
    expect(&rig, 0, TUR, TH_SENSE_DEVICE_RESET);
    expect(&rig, 1, TUR, TH_SENSE_DEVICE_RESET);

    expect(&rig, 0, RESERVE, TH_SENSE_NONE);
    th_scsi_nexus_reset(&rig.nexus[1]);                 /* not the owner's */
    expect_conflict(&rig, 1, RESERVE);
    th_scsi_nexus_reset(&rig.nexus[0]);
    expect(&rig, 1, RESERVE, TH_SENSE_NEXUS_LOSS);
    expect(&rig, 1, RESERVE, TH_SENSE_NONE);
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * Reservations
 */
static void test_reservation(void **state)
{
    static const struct { const char *cdb; bool allowed; } others[] = {
        { INQUIRY, true }, { REQUEST_SENSE, true }, { REPORT_LUNS, true }, { RELEASE, true },
        { "57 00 00000000 00 0000 00", true },
        { "25 00 00000000 0000 00 00", true },
        { "9e 10 0000000000000000 00000020 00 00", true },
        { "1b 00 00 00 01 00", true },
        { TUR, false }, { RESERVE, false }, { READ_0, false },
        { "56 00 00000000 00 0000 00", false },
        { "08 00 0000 01 00", false },
        { "2a 00 00000000 00 0001 00", false },
        { "1a 00 3f 00 ff 00", false }, { "5a 00 3f 00 000000 00ff 00", false },
        { "1b 00 00 00 00 00", false },
        { "1b 00 00 00 11 00", false },
        { "a3 0c 01 28 0000 00001000 00 00", false },
        { "2f 00 00000000 00 0001 00", false },
        { "34 00 00000000 00 0040 00", false },
        { "35 00 00000000 00 0000 00", false },
        { "41 00 00000005 00 0014 00", false },
        { "42 00 00000000 00 0018 00", false },
        { "89 00 0000000000000000 000000 01 00 00", false },
    };
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    expect(&rig, 0, RESERVE, TH_SENSE_NONE);
    expect(&rig, 0, RESERVE, TH_SENSE_NONE);            /* again, by the same */
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i].allowed)
            expect(&rig, 1, others[i].cdb, TH_SENSE_NONE);
        else
            expect_conflict(&rig, 1, others[i].cdb);
    expect(&rig, 0, READ_0, TH_SENSE_NONE);
    expect(&rig, 0, RELEASE, TH_SENSE_NONE);            /* theirs above had no effect */
    expect(&rig, 1, "56 00 00000000 00 0000 00", TH_SENSE_NONE);
    expect_conflict(&rig, 0, RESERVE);
    th_scsi_nexus_end(&rig.nexus[1]);                   /* logout */
    expect(&rig, 0, RESERVE, TH_SENSE_NONE);
    rig_end(&rig);
}

/* RESERVATION CONFLICT comes before a unit attention, which stays. */
static void test_conflict_before_attention(void **state)
{
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    expect(&rig, 0, RESERVE, TH_SENSE_NONE);
    th_scsi_ua(&rig.lu, TH_UA_MODE_CHANGED, &rig.nexus[0]);
    expect_conflict(&rig, 1, TUR);
    expect(&rig, 0, RELEASE, TH_SENSE_NONE);
    expect(&rig, 1, TUR, TH_SENSE_MODE_CHANGED);
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * The medium
 */
/* A drive tells everybody once what became of its medium, besides unit attentions. */
static void test_cd_events(void **state)
{
    static const char poll[] = "4a 01 0000 12 0000 0008 00", short_poll[] = "4a 01 0000 10 0000 0004 00";
    static const struct {
        unsigned nexus;
        const char *cdb;
        uint32_t sense;
        const char *data;               /* NULL: not looked at */
    } steps[] = {
        { 0, poll, TH_SENSE_NONE, "0006 01 12 00 00" },
        { 1, "1e 00 00 00 01 00", TH_SENSE_NONE, NULL },        /* locked by another */
        { 0, "5a 00 2a 00 000000 00ff 00", TH_SENSE_NONE, "001c 00 00 0000 0000 2a 14 0b 00 00 00 2b" },
        { 0, "1b 00 00 00 02 00", TH_SENSE_REMOVAL_PREVENTED, NULL },
        { 1, "1e 00 00 00 00 00", TH_SENSE_NONE, NULL },
        { 0, "1b 00 00 00 02 00", TH_SENSE_NONE, NULL },        /* eject */
        { 0, "1b 00 00 00 02 00", TH_SENSE_NONE, NULL },        /* is no second event */
        { 0, short_poll, TH_SENSE_NONE, "0006 04 12" },         /* too short to be told */
        { 0, poll, TH_SENSE_NONE, "0006 04 12 03 01" },         /* removal, tray open */
        { 0, poll, TH_SENSE_NONE, "0006 01 12 00 00" },
        { 0, "00 00 0000 00 00", TH_SENSE_TRAY_OPEN, NULL },
        { 0, "43 00 00 000000 00 00ff 00", TH_SENSE_TRAY_OPEN, NULL },
        { 0, "28 00 00000000 00 0001 00", TH_SENSE_TRAY_OPEN, NULL },
        { 0, "46 02 0010 000000 00ff 00", TH_SENSE_NONE,
          "00000010 0000 0000 0010 00 08" },                    /* no profile, not current */
        { 0, "bd 00 000000000000 0008 00 00", TH_SENSE_NONE, "00 10" },
        { 0, "1b 00 00 00 03 00", TH_SENSE_NONE, NULL },        /* load */
        { 1, poll, TH_SENSE_NONE, "0006 04 12 02 02" },         /* a new medium: before the ... */
        { 1, "00 00 0000 00 00", TH_SENSE_MEDIUM_CHANGED, NULL },       /* ... unit attention */
        { 1, "00 00 0000 00 00", TH_SENSE_NONE, NULL },
        { 0, poll, TH_SENSE_NONE, "0006 04 12 02 02" },
        { 0, "00 00 0000 00 00", TH_SENSE_NONE, NULL },
    };
    struct rig rig;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .cdrom = true });
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct outcome o = rig_run_as(&rig, steps[i].nexus, steps[i].cdb);
        char title[64];
        snprintf(title, sizeof title, "step %u, %s", i, steps[i].cdb);
        expect_sense(title, &o, steps[i].sense);
        if (steps[i].data)
            expect_data(title, &o, steps[i].data);
        rig_forget(&o);
    }
    rig.cache.ready = THIMBLE_ERR_NO_MEDIUM;            /* somebody took it out of the closed tray */
    th_scsi_medium_changed(&rig.lu, NULL);
    struct outcome o = rig_run_as(&rig, 0, poll);
    expect_data("taken out", &o, "0006 04 12 03 00");
    rig_forget(&o);
    o = rig_run_as(&rig, 0, "00 00 0000 00 00");
    expect_sense("taken out", &o, TH_SENSE_MEDIUM_CHANGED);
    o = rig_run_as(&rig, 0, "00 00 0000 00 00");
    expect_sense("taken out", &o, TH_SENSE_TRAY_CLOSED);
    rig_end(&rig);
}

static void test_eject_and_load(void **state)
{
    static const char *const need_medium[] = {
        TUR, READ_0, "08 00 0000 01 00", "a8 00 00000000 00000001 00 00",
        "88 00 0000000000000000 00000001 00 00", "2a 00 00000000 00 0001 00",
        "25 00 00000000 0000 00 00", "9e 10 0000000000000000 00000020 00 00",
        "2f 00 00000000 00 0001 00", "34 00 00000000 00 0001 00", "35 00 00000000 00 0000 00",
        "91 00 0000000000000000 00000000 00 00", "41 00 00000000 00 0001 00",
        "42 00 00000000 00 0000 00", "89 00 0000000000000000 000000 01 00 00",
        "2e 00 00000000 00 0001 00",
    };
    struct rig rig;
    struct outcome o;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .removable = true, .cache = true });
    expect(&rig, 0, "1b 00 00 00 00 00", TH_SENSE_NONE);    /* stop: does not eject */
    expect(&rig, 0, TUR, TH_SENSE_NONE);
    for (unsigned condition = 1; condition < 16; condition++) {
        char cdb[32];
        snprintf(cdb, sizeof cdb, "1b 01 00 00 %02x 00", condition << 4 | 2);
        expect(&rig, 0, cdb, TH_SENSE_NONE);            /* LOEJ is ignored */
        expect(&rig, 0, TUR, TH_SENSE_NONE);
    }
    expect(&rig, 0, "1b 01 00 00 02 00", TH_SENSE_NONE);
    for (unsigned i = 0; i < sizeof need_medium / sizeof need_medium[0]; i++)
        expect(&rig, 0, need_medium[i], TH_SENSE_NO_MEDIUM);
    expect(&rig, 0, INQUIRY, TH_SENSE_NONE);
    expect(&rig, 0, "1a 00 3f 00 ff 00", TH_SENSE_NONE);
    o = rig_run_as(&rig, 0, REQUEST_SENSE);
    expect_data("REQUEST SENSE", &o, "70 00 02 00000000 0a 00000000 3a 00");
    rig_forget(&o);
    unsigned flushes = rig.cache.flushes;
    expect(&rig, 0, "1b 00 00 00 02 00", TH_SENSE_NONE);    /* again: nothing to flush */
    assert_int_equal(rig.cache.flushes, flushes);
    expect(&rig, 0, "1b 00 00 00 01 00", TH_SENSE_NO_MEDIUM);   /* start without a medium */
    expect(&rig, 0, "1b 00 00 00 03 00", TH_SENSE_NONE);    /* load */
    expect(&rig, 0, TUR, TH_SENSE_NONE);
    expect(&rig, 1, TUR, TH_SENSE_MEDIUM_CHANGED);
    expect(&rig, 1, TUR, TH_SENSE_NONE);
    expect(&rig, 0, "1b 00 00 00 03 00", TH_SENSE_NONE);    /* load what is there */
    expect(&rig, 1, TUR, TH_SENSE_NONE);
    rig_end(&rig);
}

static void test_disk_that_is_not_ready(void **state)
{
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    rig.cache.ready = THIMBLE_ERR_NO_MEDIUM;
    expect(&rig, 0, TUR, TH_SENSE_NO_MEDIUM);
    expect(&rig, 0, READ_0, TH_SENSE_NO_MEDIUM);
    expect(&rig, 0, INQUIRY, TH_SENSE_NONE);
    rig.cache.ready = THIMBLE_ERR_HARDWARE;
    expect(&rig, 0, TUR, TH_SENSE_INTERNAL_FAILURE);
    rig.cache.ready = THIMBLE_OK;
    expect(&rig, 0, TUR, TH_SENSE_NONE);
    rig_end(&rig);
}

/* A medium that changes size is as big as it is now. */
static void test_resize(void **state)
{
    struct rig rig;
    struct outcome o;
    (void)state;

    rig_start(&rig, NULL);
    expect(&rig, 0, "28 00 0000003f 00 0001 00", TH_SENSE_NONE);
    rig.fault.block.size_blocks = 10;
    expect(&rig, 0, "28 00 0000003f 00 0001 00", TH_SENSE_LBA_OUT_OF_RANGE);
    o = rig_run_as(&rig, 0, "25 00 00000000 0000 00 00");
    expect_data("READ CAPACITY", &o, "00000009");
    rig_forget(&o);
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * The gate
 */
struct visitor {
    struct thimble_io io;               /* first: see visitor_done() */
    struct th_gate *gate;
    enum th_gate_kind kind;
    bool inside, leaves_at_once;
    unsigned order;
};

static unsigned n_entered;
static uintptr_t deepest, shallowest;

static void note_stack(void)
{
    int here;
    uintptr_t at = (uintptr_t)&here;

    if (at < deepest)
        deepest = at;
    if (at > shallowest)
        shallowest = at;
}

static void visitor_done(struct thimble_io *io, int result)
{
    struct visitor *v = (struct visitor *)io;

    assert_int_equal(result, THIMBLE_OK);
    note_stack();
    v->inside = true;
    v->order = ++n_entered;
    if (v->leaves_at_once) {
        v->inside = false;
        th_gate_leave(v->gate, v->kind);
    }
}

static void enter(struct visitor *v, struct th_gate *gate, enum th_gate_kind kind)
{
    v->io.done = visitor_done;
    v->gate = gate;
    v->kind = kind;
    if (th_gate_enter(gate, kind, &v->io) == THIMBLE_OK) {
        v->inside = true;
        v->order = ++n_entered;
    }
}

static void leave(struct visitor *v)
{
    v->inside = false;
    th_gate_leave(v->gate, v->kind);
}

static void test_gate_order(void **state)
{
    struct th_gate gate = { 0 };
    struct visitor v[6];
    (void)state;

    memset(v, 0, sizeof v);
    n_entered = 0;
    enter(&v[0], &gate, TH_GATE_SHARED);
    enter(&v[1], &gate, TH_GATE_SHARED);
    enter(&v[2], &gate, TH_GATE_EXCLUSIVE);
    enter(&v[3], &gate, TH_GATE_SHARED);        /* behind the one that waits: it must not starve */
    enter(&v[4], &gate, TH_GATE_SHARED);
    enter(&v[5], &gate, TH_GATE_EXCLUSIVE);
    assert_true(v[0].inside && v[1].inside && !v[2].inside && !v[3].inside);
    leave(&v[0]);
    assert_false(v[2].inside);
    leave(&v[1]);
    assert_true(v[2].inside && !v[3].inside);
    leave(&v[2]);
    assert_true(v[3].inside && v[4].inside && !v[5].inside);
    leave(&v[4]);
    leave(&v[3]);
    assert_true(v[5].inside);
    leave(&v[5]);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(v[i].order, i + 1);
    assert_true(gate.sharers == 0 && !gate.exclusive && !gate.first);
}

/* A long queue of those who leave as soon as they enter does not become a deep stack. */
static void test_gate_depth(void **state)
{
    enum { N = 10000 };
    static struct visitor v[N];
    struct th_gate gate = { 0 };
    struct visitor first = { .leaves_at_once = false };
    (void)state;

    n_entered = 0;
    deepest = UINTPTR_MAX;
    shallowest = 0;
    enter(&first, &gate, TH_GATE_EXCLUSIVE);
    for (unsigned i = 0; i < N; i++) {
        v[i].leaves_at_once = true;
        enter(&v[i], &gate, i % 3 ? TH_GATE_EXCLUSIVE : TH_GATE_SHARED);
    }
    leave(&first);
    assert_int_equal(n_entered, N + 1);
    assert_true(shallowest - deepest < 4096);
}

/* Two COMPARE AND WRITE of the same block, interleaved on a slow disk in all ways: exactly one
 * finds what it expects. */
static void test_compare_and_write_is_atomic(void **state)
{
    (void)state;

    for (unsigned lead = 0; lead < 6; lead++) {
        struct rig rig;
        uint8_t out[2][1024];
        rig_start(&rig, &(struct rig_options){ .delayed = true });
        for (unsigned i = 0; i < 2; i++) {
            memcpy(out[i], rig.mem, 512);
            memset(out[i] + 512, 0xa0 + (int)i, 512);
        }
        const char *cdb = "89 00 0000000000000000 000000 01 00 00";
        struct rig_cmd *a = rig_submit(&rig, &rig.nexus[0], &rig.lu, cdb, out[0], 1024);
        thimble_delay_disk_run(&rig.delay, lead);
        struct rig_cmd *b = rig_submit(&rig, &rig.nexus[1], &rig.lu, cdb, out[1], 1024);
        assert_true(rig.delay.waiting <= 1);            /* never both at the disk */
        while (thimble_delay_disk_run(&rig.delay, 1))
            ;
        struct outcome oa = rig_collect(a), ob = rig_collect(b);
        expect_sense("the first", &oa, TH_SENSE_NONE);
        expect_sense("the second", &ob, TH_SENSE_MISCOMPARE);
        assert_true(rig_blocks_are(&rig, 0, 1, 0xa0));
        rig_end(&rig);
    }
}

#if THIMBLE_SCSI_ORWRITE_LONG
/* One block at LBA 0 of this byte; returns how it ended. */
static uint32_t or_block(struct rig *rig, const char *cdb, uint8_t byte)
{
    uint8_t out[512];

    memset(out, byte, sizeof out);
    struct outcome o = rig_send_as(rig, 0, cdb, out, sizeof out);
    rig_forget(&o);
    return o.sense;
}

static uint32_t or_long(struct rig *rig, unsigned operation, unsigned policy, uint32_t expected, uint32_t new_one,
                        uint8_t byte)
{
    char cdb[128];

    snprintf(cdb, sizeof cdb, "7f 00 %02x %02x 0000 00 18 000e 00 00 0000000000000000 %08x %08x 00000001",
             operation, policy, (unsigned)expected, (unsigned)new_one);
    return or_block(rig, cdb, byte);
}

enum { SET = 0, CLEAR = 1, PREVIOUS = 10, CURRENT = 20, OTHER = 30 };

/* Generations 0, 10, 20, and a policy: an ORWRITE of each generation ends so. */
static void test_orwrite_generations(void **state)
{
    enum { DONE, DROPPED, REFUSED };
    static const struct { unsigned policy; int of_current, of_previous, of_other; } table[] = {
        { 0, DONE, DONE,    REFUSED },
        { 2, DONE, DROPPED, REFUSED },
        { 3, DONE, DONE,    DONE    },
        { 5, DONE, DROPPED, DROPPED },
        { 7, DONE, REFUSED, REFUSED },
    };
    (void)state;

    for (unsigned i = 0; i < 3 * sizeof table / sizeof table[0]; i++) {
        unsigned row = i / 3, which = i % 3;
        uint32_t generation = which == 0 ? CURRENT : which == 1 ? PREVIOUS : OTHER;
        int want = which == 0 ? table[row].of_current : which == 1 ? table[row].of_previous : table[row].of_other;
        struct rig rig;

        rig_start(&rig, NULL);
        assert_int_equal(or_long(&rig, CLEAR, 7, 0, PREVIOUS, 0x00), TH_SENSE_NONE);
        assert_int_equal(or_long(&rig, CLEAR, table[row].policy, PREVIOUS, CURRENT, 0xff), TH_SENSE_NONE);
        assert_true(rig_blocks_are(&rig, 0, 1, 0x00));
        uint32_t sense = or_long(&rig, SET, 0, generation, 0, 0x42);
        assert_int_equal(sense, want == REFUSED ? TH_SENSE_ORWRITE_GENERATION : TH_SENSE_NONE);
        assert_true(rig_blocks_are(&rig, 0, 1, want == DONE ? 0x42 : 0x00));
        rig_end(&rig);
    }
}

/* An ORWRITE(16) is of generation 0; a reset of the unit keeps the generations, a hard one does not. */
static void test_orwrite_16_is_of_generation_0(void **state)
{
    const char *set_16 = "8b 00 0000000000000000 00000001 00 00";
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    assert_int_equal(or_long(&rig, CLEAR, 2, 0, CURRENT, 0x00), TH_SENSE_NONE);
    assert_int_equal(or_block(&rig, set_16, 0x01), TH_SENSE_NONE);      /* of the previous one: dropped */
    assert_true(rig_blocks_are(&rig, 0, 1, 0x00));
    assert_int_equal(or_long(&rig, CLEAR, 2, CURRENT, OTHER, 0x00), TH_SENSE_NONE);
    th_scsi_lu_reset(&rig.lu, &rig.nexus[0]);
    assert_int_equal(or_block(&rig, set_16, 0x01), TH_SENSE_ORWRITE_GENERATION);
    assert_true(rig_blocks_are(&rig, 0, 1, 0x00));
    th_scsi_or_forget(&rig.lu);
    assert_int_equal(or_block(&rig, set_16, 0x01), TH_SENSE_NONE);
    assert_true(rig_blocks_are(&rig, 0, 1, 0x01));
    rig_end(&rig);
}

/* A clear whose write fails has changed no generation. */
static void test_orwrite_that_fails(void **state)
{
    struct rig rig;
    (void)state;

    for (uint32_t call = 0; call < 2; call++) {
        rig_start(&rig, NULL);
        rig.fault.fail_at = rig.fault.calls + call;
        assert_int_not_equal(or_long(&rig, CLEAR, 0, 0, CURRENT, 0x00), TH_SENSE_NONE);
        assert_true(rig_blocks_untouched(&rig, 0, 1));
        assert_int_equal(or_long(&rig, CLEAR, 0, 0, CURRENT, 0x00), TH_SENSE_NONE);
        rig_end(&rig);
    }
}
#endif

/* A counter that several increment at a time loses no increment. */
static void test_counter(void **state)
{
    enum { WRITERS = 4, ROUNDS = 200 };
    struct rig rig;
    struct rig_cmd *running[WRITERS] = { 0 };
    uint8_t out[WRITERS][1024];
    uint32_t done = 0, lost = 0, turn = 1;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .delayed = true });
    memset(rig.mem, 0, 512);
    while (done < ROUNDS) {
        turn = turn * 1103515245 + 12345;               /* an order that looks like none */
        unsigned w = turn >> 16 & (WRITERS - 1);
        if (!running[w]) {
            memcpy(out[w], rig.mem, 512);
            memcpy(out[w] + 512, rig.mem, 512);
            th_put32(out[w] + 512, th_get32(rig.mem) + 1);
            running[w] = rig_submit(&rig, &rig.nexus[w & 1], &rig.lu,
                                    "89 00 0000000000000000 000000 01 00 00", out[w], 1024);
        } else {
            thimble_delay_disk_run(&rig.delay, 1);
            if (running[w]->ended) {
                struct outcome o = rig_collect(running[w]);
                running[w] = NULL;
                if (o.status == TH_STATUS_GOOD)
                    done++;
                else
                    lost++;
            }
        }
    }
    for (unsigned w = 0; w < WRITERS; w++)
        if (running[w]) {
            rig_wait(running[w]);
            struct outcome o = rig_collect(running[w]);
            done += o.status == TH_STATUS_GOOD;
        }
    assert_int_equal(th_get32(rig.mem), done);
    assert_true(lost > 0);                              /* they did meet */
    rig_end(&rig);
}

/* While COMPARE AND WRITE compares, UNMAP and WRITE SAME wait; among themselves they do not. */
static void test_writers_share(void **state)
{
    static const char *const list =
        "0016 0010 00000000 0000000000000000 00000001 00000000";
    struct rig rig;
    uint8_t out[1024], unmap[24];
    (void)state;

    from_hex(list, unmap, sizeof unmap);
    rig_start(&rig, &(struct rig_options){ .delayed = true });
    memcpy(out, rig.mem, 512);
    memset(out + 512, 0xee, 512);
    struct rig_cmd *u = rig_submit(&rig, &rig.nexus[0], &rig.lu,
                                   "42 00 00000000 00 0018 00", unmap, 24);
    struct rig_cmd *s = rig_submit(&rig, &rig.nexus[1], &rig.lu,
                                   "93 01 0000000000000005 00000014 00 00", NULL, 0);
    assert_int_equal(rig.delay.waiting, 2);
    struct rig_cmd *c = rig_submit(&rig, &rig.nexus[0], &rig.lu,
                                   "89 00 0000000000000000 000000 01 00 00", out, 1024);
    struct rig_cmd *v = rig_submit(&rig, &rig.nexus[1], &rig.lu,
                                   "42 00 00000000 00 0018 00", unmap, 24);
    assert_int_equal(rig.delay.waiting, 2);             /* those two wait at the gate */
    while (thimble_delay_disk_run(&rig.delay, 1))
        ;
    struct outcome o = rig_collect(u);
    expect_sense("UNMAP", &o, TH_SENSE_NONE);
    o = rig_collect(s);
    expect_sense("WRITE SAME", &o, TH_SENSE_NONE);
    o = rig_collect(c);
    expect_sense("COMPARE AND WRITE, after UNMAP", &o, TH_SENSE_MISCOMPARE);
    o = rig_collect(v);
    expect_sense("UNMAP", &o, TH_SENSE_NONE);
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * Abort
 */
static void test_abort(void **state)
{
    static const struct { const char *title, *cdb; uint32_t out_len; } jobs[] = {
        { "WRITE SAME", "93 01 0000000000000000 00000040 00 00", 0 },
        { "VERIFY", "2f 00 00000000 00 0040 00", 0 },
        { "COMPARE AND WRITE", "89 00 0000000000000000 000000 03 00 00", 3072 },
        { "SYNCHRONIZE CACHE", "35 00 00000000 00 0000 00", 0 },
    };
    (void)state;

    for (unsigned j = 0; j < 4; j++)
        for (unsigned after = 0;; after++) {
            struct rig rig;
            uint8_t out[3072];
            rig_start(&rig, &(struct rig_options){ .delayed = true, .cache = true,
                                                   .no_write_zeroes = true });
            memcpy(out, rig.mem, sizeof out);
            struct rig_cmd *c = rig_submit(&rig, &rig.nexus[0], &rig.lu, jobs[j].cdb, out,
                                           jobs[j].out_len);
            thimble_delay_disk_run(&rig.delay, after);
            bool in_time = !c->ended;
            uint32_t calls = rig.fault.calls;
            c->cmd->aborted = true;
            rig_wait(c);
            assert_true(rig.fault.calls <= calls + 1);  /* the one that was under way */
            struct outcome o = rig_collect(c);
            if (in_time)
                assert_int_equal(o.status, TH_STATUS_TASK_ABORTED);
            rig_end(&rig);                              /* and the gate is free */
            if (!in_time)
                break;
        }
}

/* One that waits at the gate ends when its turn comes, without touching the disk. */
static void test_abort_at_the_gate(void **state)
{
    struct rig rig;
    uint8_t out[1024];
    (void)state;

    rig_start(&rig, &(struct rig_options){ .delayed = true });
    memcpy(out, rig.mem, 512);
    memset(out + 512, 0xee, 512);
    struct rig_cmd *c = rig_submit(&rig, &rig.nexus[0], &rig.lu,
                                   "89 00 0000000000000000 000000 01 00 00", out, 1024);
    struct rig_cmd *s = rig_submit(&rig, &rig.nexus[1], &rig.lu,
                                   "93 01 0000000000000005 00000014 00 00", NULL, 0);
    s->cmd->aborted = true;
    rig_wait(c);
    assert_true(s->ended);
    struct outcome o = rig_collect(c);
    expect_sense("COMPARE AND WRITE", &o, TH_SENSE_NONE);
    o = rig_collect(s);
    assert_int_equal(o.status, TH_STATUS_TASK_ABORTED);
    assert_true(rig_blocks_untouched(&rig, 1, 63));
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * A medium that is changed while commands run: nothing more of them reaches the disk
 */
static void test_medium_lost(void **state)
{
    static const struct { const char *title, *cdb; uint32_t out_len; } jobs[] = {
        { "WRITE SAME", "93 01 0000000000000000 00000040 00 00", 0 },
        { "VERIFY", "2f 00 00000000 00 0040 00", 0 },
        { "COMPARE AND WRITE", "89 00 0000000000000000 000000 03 00 00", 3072 },
        { "UNMAP", "42 00 00000000 00 0028 00", 40 },
    };
    (void)state;

    for (unsigned j = 0; j < 4; j++) {
        struct rig rig;
        uint8_t out[3072];
        rig_start(&rig, &(struct rig_options){ .delayed = true, .cache = true, .no_write_zeroes = true });
        memcpy(out, rig.mem, sizeof out);
        if (jobs[j].out_len == 40) {
            memset(out, 0, 40);
            th_put16(out, 38);
            th_put16(out + 2, 32);
            th_put32(out + 16, 1);                      /* block 0, and then another */
            th_put64(out + 24, 9);
            th_put32(out + 32, 1);
        }
        struct rig_cmd *c = rig_submit(&rig, &rig.nexus[0], &rig.lu, jobs[j].cdb, out, jobs[j].out_len);
        th_scsi_lose_medium(c->cmd, &rig.lu);
        rig_wait(c);
        assert_int_equal(rig.fault.calls, 1);           /* the one that was under way */
        struct outcome o = rig_collect(c);
        expect_sense(jobs[j].title, &o, TH_SENSE_NO_MEDIUM);
        rig_end(&rig);
    }
}

/* FORMAT UNIT and SANITIZE end with their medium; one that had failed does not trouble the next medium. */
static void test_work_of_a_lost_medium(void **state)
{
    static const char *const jobs[] = { "04 00 00 00 00 00", "48 02 0000000000 0000 00" };
    (void)state;

    for (unsigned j = 0; j < 2; j++)
        for (unsigned fails = 0; fails < 2; fails++) {
            struct rig rig;
            rig_start(&rig, &(struct rig_options){ .delayed = true, .no_unmap = true, .no_write_zeroes = true });
            struct rig_cmd *c = rig_submit(&rig, &rig.nexus[0], &rig.lu, jobs[j], NULL, 0);
            th_scsi_lu_turn(&rig.lu);                   /* the first 8 blocks are on their way */
            if (fails) {
                rig.fault.fail_at = 0;
                rig_wait(c);
            }
            th_scsi_medium_changed(&rig.lu, NULL);
            rig_wait(c);
            struct outcome o = rig_collect(c);
            if (!fails)
                expect_sense(jobs[j], &o, TH_SENSE_NO_MEDIUM);
            assert_true(rig_blocks_untouched(&rig, 8, 56));
            assert_false(th_scsi_lu_busy(&rig.lu));
            o = rig_run(&rig, "00 00 00 00 00 00", NULL, 0);
            expect_sense("the unit attention", &o, TH_SENSE_MEDIUM_CHANGED);
            o = rig_run(&rig, "28 00 00000008 00 0001 00", NULL, 0);
            expect_sense("READ of the next medium", &o, TH_SENSE_NONE);
            rig_forget(&o);
            rig_end(&rig);
        }
}

/* Its parameter list was on its way when the medium went. */
static void test_format_of_a_lost_medium(void **state)
{
    struct rig rig;
    struct th_cmd cmd = { .nexus = &rig.nexus[0], .lu = &rig.lu };
    uint8_t param[4096] = { 0 };
    (void)state;

    rig_start(&rig, NULL);
    from_hex("04 10 00 00 00 00", cmd.cdb, sizeof cmd.cdb);
    assert_int_equal(th_scsi_start(&cmd), TH_NEXT_PARAM);
    th_scsi_lose_medium(&cmd, &rig.lu);
    th_scsi_medium_changed(&rig.lu, NULL);
    cmd.param = param;
    assert_int_equal(th_scsi_param(&cmd), TH_NEXT_STATUS);
    assert_int_equal(cmd.sense, TH_SENSE_NO_MEDIUM);
    assert_false(th_scsi_lu_busy(&rig.lu));
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------------
 * Sense data
 */
static void test_sense_formats(void **state)
{
    struct th_lu lu = { 0 };
    struct th_cmd cmd = { .lu = &lu };
    uint8_t out[TH_SENSE_MAX];
    (void)state;

    cmd.status = TH_STATUS_GOOD;
    assert_int_equal(th_scsi_sense(&cmd, out), 0);
    cmd.status = TH_STATUS_RESERVATION_CONFLICT;
    assert_int_equal(th_scsi_sense(&cmd, out), 0);

    th_check_cdb(&cmd, 2, 5);
    assert_int_equal(th_scsi_sense(&cmd, out), 18);
    assert_memory_equal(out, "\x70\0\x05\0\0\0\0\x0a\0\0\0\0\x24\0\0\xcd\0\x02", 18);
    th_check_list(&cmd, 0x123);
    assert_int_equal(th_scsi_sense(&cmd, out), 18);
    assert_memory_equal(out, "\x70\0\x05\0\0\0\0\x0a\0\0\0\0\x26\0\0\x80\x01\x23", 18);
    th_scsi_miscompare(&cmd, 0x12345678);
    assert_int_equal(th_scsi_sense(&cmd, out), 18);
    assert_memory_equal(out, "\xf0\0\x0e\x12\x34\x56\x78\x0a\0\0\0\0\x1d\0\0\0\0\0", 18);
    cmd.lba = UINT64_C(0x100000000);                    /* too big for the fixed format */
    th_scsi_sense(&cmd, out);
    assert_memory_equal(out, "\x70\0\x0e\0\0\0\0\x0a", 8);

    lu.d_sense = true;
    assert_int_equal(th_scsi_sense(&cmd, out), 20);
    assert_memory_equal(out, "\x72\x0e\x1d\0\0\0\0\x0c\0\x0a\x80\0\0\0\0\x01\0\0\0\0", 20);
    th_check_cdb(&cmd, 2, TH_FIELD_WHOLE_BYTE);
    assert_int_equal(th_scsi_sense(&cmd, out), 16);
    assert_memory_equal(out, "\x72\x05\x24\0\0\0\0\x08\x02\x06\0\0\xc0\0\x02\0", 16);
    th_check_list(&cmd, 0x10000);                       /* wider than a field pointer */
    assert_int_equal(th_scsi_sense(&cmd, out), 8);
    cmd.lu = NULL;                                      /* nobody's settings: fixed */
    assert_int_equal(th_scsi_sense(&cmd, out), 18);
}

/* --------------------------------------------------------------------------------------
 * Asymmetric access
 */

/* By state what is served: active/optimized, active/non-optimized, standby, unavailable, offline, transitioning. */
static void test_access_states(void **state)
{
    static const uint8_t states[6] = {
        THIMBLE_ACCESS_OPTIMIZED, THIMBLE_ACCESS_NON_OPTIMIZED, THIMBLE_ACCESS_STANDBY, THIMBLE_ACCESS_UNAVAILABLE,
        THIMBLE_ACCESS_OFFLINE, THIMBLE_ACCESS_TRANSITIONING,
    };
    static const uint32_t why[6] = {
        TH_SENSE_NONE, TH_SENSE_NONE, TH_SENSE_PORT_STANDBY, TH_SENSE_PORT_UNAVAILABLE, TH_SENSE_PORT_OFFLINE,
        TH_SENSE_PORT_TRANSITIONING,
    };
    static const struct { const char *cdb, *served; } commands[] = {
        { "12 00 00 00ff 00", "ANSUOT" },               /* INQUIRY */
        { "12 01 83 00ff 00", "ANSUOT" },
        { "a0 00 00 000000 00000100 00 00", "ANSUOT" }, /* REPORT LUNS */
        { "03 00 0000 ff 00", "ANSUOT" },               /* REQUEST SENSE */
        { "a3 0a 00000000 00000100 00 00", "ANSUOT" },  /* REPORT TARGET PORT GROUPS */
        { "a4 0a 00000000 00000000 00 00", "ANSU--" },  /* SET TARGET PORT GROUPS, no list */
        { "a3 0c 00 00 0000 00001000 00 00", "ANS---" },    /* REPORT SUPPORTED OPERATION CODES */
        { "a3 0d 00 00 0000 00001000 00 00", "ANS---" },
        { "1a 00 3f 00 ff 00", "ANS---" },              /* MODE SENSE */
        { "5a 00 3f 00 00 00 00 00ff 00", "ANS---" },
        { "15 10 0000 00 00", "ANS---" },               /* MODE SELECT, no list */
        { "4d 00 40 00 00 0000 0100 00", "ANS---" },    /* LOG SENSE */
        { "4c 00 40 00 00 0000 0000 00", "ANS---" },    /* LOG SELECT, no list */
        { "5e 00 0000000000 0100 00", "ANS---" },       /* PERSISTENT RESERVE IN */
        { "1d 04 00 0000 00", "ANS---" },               /* SEND DIAGNOSTIC: self-test */
        { "3c 02 00 000000 000010 00", "ANSU--" },      /* READ BUFFER */
        { "00 00 0000 00 00", "AN----" },               /* TEST UNIT READY */
        { "25 00 00000000 0000 00 00", "AN----" },      /* READ CAPACITY */
        { "9e 10 0000000000000000 00000020 00 00", "AN----" },
        { "28 00 00000000 00 0001 00", "AN----" },      /* READ */
        { "2a 00 00000000 00 0000 00", "AN----" },      /* WRITE, no blocks */
        { "35 00 00000000 00 0000 00", "AN----" },      /* SYNCHRONIZE CACHE */
        { "1b 00 0000 01 00", "AN----" },               /* START STOP UNIT */
        { "16 00 0000 00 00", "AN----" },               /* RESERVE */
        { "a3 0f 00000000 00000100 00 00", "AN----" },  /* REPORT TIMESTAMP */
    };
    struct rig rig;

    (void)state;
    rig_start(&rig, &(struct rig_options){ .two_ports = true });
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++)
        for (unsigned k = 0; k < 6; k++) {
            char title[80];
            snprintf(title, sizeof title, "%s in state %u", commands[i].cdb, states[k]);
            rig.lu.access[1].state = states[k];
            for (unsigned nexus = 0; nexus < 2; nexus++) {      /* the first comes by the other port */
                bool served = nexus == 0 || commands[i].served[k] != '-';
                struct outcome o = rig_run_as(&rig, nexus, commands[i].cdb);
                expect_sense(title, &o, served ? TH_SENSE_NONE : why[k]);
                rig_forget(&o);
                rig.lu.reserved_by = NULL;
            }
        }
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access_states),
        cmocka_unit_test(test_lun_decode),
        cmocka_unit_test(test_no_logical_unit),
#if THIMBLE_SCSI_WELL_KNOWN
        cmocka_unit_test(test_well_known),
#endif
        cmocka_unit_test(test_report_luns_lists_all),
        cmocka_unit_test(test_identification),
        cmocka_unit_test(test_longest_names),
        cmocka_unit_test(test_identity_is_stable_and_unique),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_power_on),
        cmocka_unit_test(test_each_unit_attention),
        cmocka_unit_test(test_who_reports_unit_attentions),
        cmocka_unit_test(test_resets),
        cmocka_unit_test(test_reservation),
        cmocka_unit_test(test_conflict_before_attention),
        cmocka_unit_test(test_eject_and_load),
        cmocka_unit_test(test_cd_events),
        cmocka_unit_test(test_disk_that_is_not_ready),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_gate_order),
        cmocka_unit_test(test_gate_depth),
        cmocka_unit_test(test_compare_and_write_is_atomic),
#if THIMBLE_SCSI_ORWRITE_LONG
        cmocka_unit_test(test_orwrite_generations),
        cmocka_unit_test(test_orwrite_16_is_of_generation_0),
        cmocka_unit_test(test_orwrite_that_fails),
#endif
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_writers_share),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_abort_at_the_gate),
        cmocka_unit_test(test_medium_lost),
        cmocka_unit_test(test_work_of_a_lost_medium),
        cmocka_unit_test(test_format_of_a_lost_medium),
        cmocka_unit_test(test_sense_formats),
    };

    return cmocka_run_group_tests_name("scsi units", tests, NULL, NULL);
}
