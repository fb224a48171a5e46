/* SPDX-License-Identifier: MIT
 *
 * test_work.c: FORMAT UNIT and SANITIZE beside loss of power, at each call of the disk and of the store; commands that come while a
 * note is made; notes that make no sense.
 */
#include "scsi_rig.h"

#include "../../src/core/record.h"
#include "../../src/scsi/work.h"

enum { BLOCKS = 64 };
#define READY "00 00 0000 00 00"

/* The power goes at a call of the disk, or of the store: nothing that comes later is done.  The store has then what it had,
 * or what it was given. */
struct power {
    struct rig rig;
    struct thimble_store store;
    uint32_t saves, cut_at_save;
    bool save_is_done, gone;
};

static struct power *power;

static bool is_gone(void)
{
    return power->gone || power->rig.fault.failed > 0;
}

static int save(struct thimble_store *s, enum thimble_record record, const void *buf, uint32_t len,
                struct thimble_io *io)
{
    struct thimble_store *below = &power->rig.store.store;

    (void)s;
    if (is_gone())
        return THIMBLE_ERR_IO;
    if (power->saves++ != power->cut_at_save)
        return below->save(below, record, buf, len, io);
    if (power->save_is_done)
        below->save(below, record, buf, len, io);
    power->gone = true;
    power->rig.fault.fail_at = power->rig.fault.calls;
    return THIMBLE_ERR_IO;
}

static int load(struct thimble_store *s, enum thimble_record record, void *buf, uint32_t size)
{
    (void)s;
    return power->rig.store.store.load(&power->rig.store.store, record, buf, size);
}

struct order {
    const char *title, *cdb, *out;
    struct rig_options on;
    uint8_t byte;                       /* that all blocks hold then */
    bool format, immediate;
};

static const struct order orders[] = {
#if THIMBLE_SCSI_SANITIZE
    { "overwrite", "48 01 00000000 00 0005 00", "01 00 0001 9c", .byte = 0x9c },
    { "overwrite, at once, with a cache", "48 81 00000000 00 0005 00", "83 00 0001 9c", { .cache = true }, .byte = 0x9c,
      .immediate = true },
    { "erase", "48 02 00000000 00 0000 00", "", .byte = 0 },
    { "erase by zeros, at once", "48 82 00000000 00 0000 00", "", { .no_unmap = true, .no_write_zeroes = true }, .byte = 0,
      .immediate = true },
#endif
#if THIMBLE_SCSI_FORMAT
    { "format", "04 00 0000 00 00", "", .byte = 0, .format = true },
    { "format by zeros, at once", "04 18 0000 00 00", "00 02 0000", { .no_unmap = true, .no_write_zeroes = true },
      .byte = 0, .format = true, .immediate = true },
#endif
};

static struct outcome run(const struct order *o)
{
    uint8_t out[16];
    uint32_t n = (uint32_t)from_hex(o->out, out, sizeof out);
    struct outcome outcome = rig_run(&power->rig, o->cdb, out, n);

    rig_work(&power->rig);
    return outcome;
}

static void restart(void)
{
    uint8_t buf[4096];
    struct th_lu *lu = &power->rig.lu;

    power->rig.fault.fail_at = UINT32_MAX;
    power->rig.fault.failed = 0;
    power->gone = false;
    power->cut_at_save = UINT32_MAX;
    assert_null(lu->work.mem);
    memset(&lu->work, 0, sizeof lu->work);
    assert_int_equal(th_scsi_lu_restore(lu, buf, sizeof buf), THIMBLE_OK);
}

static uint32_t ready(void)
{
    struct outcome o = rig_run(&power->rig, READY, NULL, 0);

    rig_forget(&o);
    return o.sense;
}

/* What an initiator may find: all as it was, if it was not told that it is done; all done; or it is told why not. */
static void look(const char *title, const struct order *o, uint32_t told)
{
    struct rig *rig = &power->rig;
    uint32_t sense = ready();
    bool all_done = rig_blocks_are(rig, 0, BLOCKS, o->byte);

    if (sense == TH_SENSE_NONE && !all_done && (told == TH_SENSE_NONE || !rig_blocks_untouched(rig, 0, BLOCKS)))
        fail_msg("%s: served, and it is neither old nor new", title);
    if (sense != TH_SENSE_NONE && told == TH_SENSE_NONE && !o->immediate)
        fail_msg("%s: not served although it was done", title);
    if (o->format) {
        if (sense != TH_SENSE_NONE && sense != TH_SENSE_FORMAT_CORRUPTED)
            fail_msg("%s: %06x", title, (unsigned)sense);
        return;
    }
    if (sense != TH_SENSE_NONE && sense != TH_SENSE_SANITIZE_IN_PROGRESS && sense != TH_SENSE_SANITIZE_FAILED)
        fail_msg("%s: %06x", title, (unsigned)sense);
    bool goes_on = sense == TH_SENSE_SANITIZE_IN_PROGRESS;
    rig_work(rig);
    if (goes_on && (ready() != TH_SENSE_NONE || !rig_blocks_are(rig, 0, BLOCKS, o->byte)))
        fail_msg("%s: not gone on with", title);
}

/* False: the power went too late to be noticed. */
static bool cut(const struct order *o, bool delayed, bool at_save, bool save_is_done, uint32_t n)
{
    struct power p = { .cut_at_save = at_save ? n : UINT32_MAX, .save_is_done = save_is_done };
    struct rig_options options = o->on;
    char title[128];

    snprintf(title, sizeof title, "%s%s, power cut at %s %u%s", o->title, delayed ? ", delayed" : "",
             at_save ? "save" : "disk call", (unsigned)n, save_is_done ? ", done" : "");
    power = &p;
    options.delayed = delayed;
    options.store = true;
    rig_start(&p.rig, &options);
    p.store = (struct thimble_store){ .load = load, .save = save };
    p.rig.lu.store = &p.store;
    p.rig.fault.sticky = true;
    if (!at_save)
        p.rig.fault.fail_at = p.rig.fault.calls + n;
    struct outcome told = run(o);
    rig_forget(&told);
    bool happened = is_gone();
    if (!happened)
        assert_int_equal(told.sense, TH_SENSE_NONE);
    restart();
    look(title, o, told.sense);
    rig_end(&p.rig);
    return happened;
}

static void test_power_cut(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof orders / sizeof orders[0]; i++)
        for (unsigned delayed = 0; delayed < 2; delayed++) {
            uint32_t saves = 0, calls = 0;
            while (cut(&orders[i], delayed, true, false, saves))
                cut(&orders[i], delayed, true, true, saves++);
            while (cut(&orders[i], delayed, false, false, calls))
                calls++;
            assert_int_equal(saves, 2);                 /* noted, forgotten */
            assert_true(calls >= 1);
        }
}

#if THIMBLE_SCSI_SANITIZE
/* While the store has not answered, nothing is served and nothing is written; an abort does not end it. */
static void test_while_it_is_noted(void **state)
{
    (void)state;
    for (unsigned aborted = 0; aborted < 2; aborted++) {
        struct rig rig;
        rig_start(&rig, &(struct rig_options){ .store = true });
        rig.store.result = THIMBLE_PENDING;
        struct rig_cmd *c = rig_submit(&rig, &rig.nexus[0], &rig.lu, "48 02 00000000 00 0000 00", NULL, 0);
        assert_false(th_scsi_lu_turn(&rig.lu));
        assert_non_null(rig.store.io);
        struct outcome o = rig_run_as(&rig, 1, READY);
        expect_sense("meanwhile", &o, TH_SENSE_SANITIZE_IN_PROGRESS);
        c->cmd->aborted = aborted;
        assert_false(th_scsi_lu_turn(&rig.lu));
        assert_true(rig_blocks_untouched(&rig, 0, BLOCKS));
        rig_store_answer(&rig, THIMBLE_OK);
        for (unsigned turns = 0; !rig.store.io && turns < BLOCKS; turns++)
            th_scsi_lu_turn(&rig.lu);
        assert_non_null(rig.store.io);
        assert_int_equal(c->ended, aborted);            /* it is not done before the note is gone */
        assert_true(rig_blocks_are(&rig, 0, BLOCKS, 0));
        o = rig_run_as(&rig, 1, READY);
        expect_sense("still", &o, TH_SENSE_SANITIZE_IN_PROGRESS);
        rig_store_answer(&rig, THIMBLE_OK);
        o = rig_collect(c);
        assert_int_equal(o.status, aborted ? TH_STATUS_TASK_ABORTED : TH_STATUS_GOOD);
        o = rig_run_as(&rig, 1, READY);
        expect_sense("then", &o, TH_SENSE_NONE);
        rig_end(&rig);
    }
}
#endif

#if THIMBLE_SCSI_FORMAT
/* A format that is aborted ends, and the note of it with it. */
static void test_aborted_format(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 4; turns++) {
        struct rig rig;
        rig_start(&rig, &(struct rig_options){ .store = true, .no_unmap = true, .no_write_zeroes = true });
        struct rig_cmd *c = rig_submit(&rig, &rig.nexus[0], &rig.lu, "04 00 0000 00 00", NULL, 0);
        for (unsigned i = 0; i < turns; i++)
            th_scsi_lu_turn(&rig.lu);
        c->cmd->aborted = true;
        rig_work(&rig);
        struct outcome o = rig_collect(c);
        assert_int_equal(o.status, TH_STATUS_TASK_ABORTED);
        assert_int_equal(rig.store.kept[THIMBLE_RECORD_WORK].len, 0);
        assert_int_equal(rig.lu.work.kind, TH_WORK_NONE);
        assert_null(rig.lu.work.mem);
        rig_end(&rig);
    }
}
#endif

/* A record that a unit with another idea of records may have left: the unit is not served as if there were none. */
static void test_bad_notes(void **state)
{
    enum { LEN = TH_WORK_NOTE_BYTES + 1, PAYLOAD = LEN - TH_RECORD_HEADER_BYTES };
    static const struct { const char *title; unsigned at; uint8_t value; uint32_t len; } cases[] = {
        { "nothing is said", 0, 0, PAYLOAD },
        { "something unknown", 0, 5, PAYLOAD },
        { "no passes", 1, 0, PAYLOAD },
        { "too many passes", 1, 32, PAYLOAD },
        { "a long serial number", 3, 33, PAYLOAD },
        { "cut", 4, 0, PAYLOAD - 2 },
        { "nothing", 4, 0, 0 },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t record[LEN] = { 0 }, buf[4096];
        struct rig rig;
        rig_start(&rig, &(struct rig_options){ .store = true });
        uint8_t *p = record + TH_RECORD_HEADER_BYTES;
        p[0] = 3;
        p[1] = 1;
        th_put64(p + 4, BLOCKS);
        p[PAYLOAD - 1] = 0x55;
        struct rig_record *kept = &rig.store.kept[THIMBLE_RECORD_WORK];
        kept->len = th_record_seal(record, THIMBLE_RECORD_WORK, PAYLOAD);
        memcpy(kept->bytes, record, kept->len);
        assert_int_equal(th_scsi_lu_restore(&rig.lu, buf, sizeof buf), THIMBLE_OK);
        rig_work(&rig);
        assert_true(rig_blocks_are(&rig, 0, BLOCKS, 0x55));     /* that is how a good one looks */
        p[cases[i].at] = cases[i].value;
        kept->len = th_record_seal(record, THIMBLE_RECORD_WORK, cases[i].len);
        memcpy(kept->bytes, record, kept->len);
        if (th_scsi_lu_restore(&rig.lu, buf, sizeof buf) != THIMBLE_ERR_RECORD)
            fail_msg("%s: taken in", cases[i].title);
        rig_end(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_cut),
#if THIMBLE_SCSI_SANITIZE
        cmocka_unit_test(test_while_it_is_noted),
#endif
#if THIMBLE_SCSI_FORMAT
        cmocka_unit_test(test_aborted_format),
#endif
        cmocka_unit_test(test_bad_notes),
    };

    return cmocka_run_group_tests_name("work on whole units", tests, NULL, NULL);
}
