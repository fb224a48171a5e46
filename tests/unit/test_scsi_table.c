/* SPDX-License-Identifier: MIT
 *
 * test_scsi_table.c: the command table, as REPORT SUPPORTED OPERATION CODES tells it.
 *
 * What the unit says about its commands is asked for, and then held against what it does: every
 * bit that it does not claim to know is set, alone, and must be refused with a pointer to it.
 */
#include "scsi_rig.h"

struct command {
    uint8_t  opcode, action;
    bool     has_action;
    uint32_t len;
    uint8_t  usage[TH_CDB_MAX];
};

/* All commands, with their usage data.  Returns their number. */
static unsigned ask(struct rig *rig, struct command *commands, unsigned max)
{
    struct outcome all = rig_run(rig, "a3 0c 00 00 0000 0000ffff 00 00", NULL, 0);
    expect_sense("all commands", &all, TH_SENSE_NONE);
    unsigned n = th_get32(all.data) / 8;
    assert_int_equal(all.len, 4 + 8 * n);
    assert_in_range(n, 20, max);

    for (unsigned i = 0; i < n; i++) {
        const uint8_t *d = all.data + 4 + 8 * i;
        struct command *c = &commands[i];
        *c = (struct command){ .opcode = d[0], .action = d[3], .has_action = d[5] & 0x01,
                               .len = th_get16(d + 6) };
        assert_int_equal(d[5] & 0xfe, 0);               /* no time-outs were asked for */
        assert_true(c->has_action || c->action == 0);

        char cdb[64];
        snprintf(cdb, sizeof cdb, "a3 0c %02x %02x 00%02x 0000ffff 00 00",
                 c->has_action ? 2 : 1, c->opcode, c->action);
        struct outcome one = rig_run(rig, cdb, NULL, 0);
        expect_sense(cdb, &one, TH_SENSE_NONE);
        assert_int_equal(one.data[1], 3);
        assert_int_equal(th_get16(one.data + 2), c->len);
        assert_int_equal(one.len, 4 + c->len);
        memcpy(c->usage, one.data + 4, c->len);
        rig_forget(&one);

        /* the other question is refused */
        snprintf(cdb, sizeof cdb, "a3 0c %02x %02x 00%02x 0000ffff 00 00",
                 c->has_action ? 1 : 2, c->opcode, c->action);
        one = rig_run(rig, cdb, NULL, 0);
        expect_sense(cdb, &one, TH_SENSE_INVALID_CDB_FIELD);
    }
    rig_forget(&all);
    return n;
}

static void rows_are_sane(const struct rig_options *on)
{
    static const uint32_t len_of_group[8] = { 6, 10, 10, 32, 16, 12, 0, 0 };
    struct command commands[128];
    struct rig rig;

    rig_start(&rig, on);
    unsigned n = ask(&rig, commands, 128);
    for (unsigned i = 0; i < n; i++) {
        const struct command *c = &commands[i];
        assert_int_equal(c->len, len_of_group[c->opcode >> 5]);
        assert_int_equal(c->usage[0], c->opcode);
        if (c->has_action)
            assert_int_equal(c->opcode == 0x7f ? th_get16(c->usage + 8) : c->usage[1] & 0x1fu,
                             c->action);
        if (i > 0)
            assert_true((c[-1].opcode << 8 | c[-1].action) < (c->opcode << 8 | c->action));
    }
    rig_end(&rig);
}

/* About protection information: ignored, for there is none. */
static bool is_tag(const struct command *c, unsigned byte)
{
    return c->opcode == 0x7f && c->action <= 0x0e && byte >= 20 && byte < 28;
}

static void every_unknown_bit(const struct rig_options *on)
{
    struct command commands[128];
    struct rig rig;
    unsigned refused = 0;

    rig_start(&rig, on);
    unsigned n = ask(&rig, commands, 128);
    for (unsigned i = 0; i < n; i++)
        for (unsigned byte = 1; byte < commands[i].len; byte++)
            for (int bit = 0; bit < 8; bit++) {
                const struct command *c = &commands[i];
                bool is_long = c->opcode == 0x7f;
                bool of_action = c->has_action && (is_long ? byte == 8 || byte == 9
                                                           : byte == 1 && bit < 5);
                if (of_action || is_tag(c, byte) || c->usage[byte] & 1u << bit)
                    continue;
                uint8_t cdb[TH_CDB_MAX] = { c->opcode, is_long ? 0 : c->action };
                if (is_long) {
                    cdb[7] = 0x18;
                    cdb[9] = c->action;
                }
                cdb[byte] |= (uint8_t)(1u << bit);
                char hex[2 * TH_CDB_MAX + 1], title[64];
                for (unsigned b = 0; b < (is_long ? 32 : 16); b++)
                    snprintf(hex + 2 * b, 3, "%02x", cdb[b]);
                snprintf(title, sizeof title, "opcode %02x byte %u bit %d", c->opcode, byte,
                         bit);
                struct outcome o = rig_run(&rig, hex, NULL, 0);
                expect_sense(title, &o, TH_SENSE_INVALID_CDB_FIELD);
                expect_field(title, &o, (int)byte, is_long && byte == 7 ? -1 : bit);
                refused++;
            }
    assert_true(refused > 400);
    rig_end(&rig);
}

/* Opcodes that are not in the list are refused as such, and only those. */
static void every_opcode(const struct rig_options *on)
{
    struct command commands[128];
    struct rig rig;

    rig_start(&rig, on);
    unsigned n = ask(&rig, commands, 128);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        bool known = false;
        for (unsigned i = 0; i < n; i++)
            known = known || commands[i].opcode == opcode;
        char cdb[48];
        /* the control byte of any length: refused in every command that we know */
        snprintf(cdb, sizeof cdb, "%02x ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff", opcode);
        struct outcome o = rig_run(&rig, cdb, NULL, 0);
        expect_sense(cdb, &o, known ? TH_SENSE_INVALID_CDB_FIELD : TH_SENSE_INVALID_OPCODE);
    }
    rig_end(&rig);
}

static void test_rows_are_sane(void **state)
{
    rows_are_sane(*state);
}

static void test_every_unknown_bit(void **state)
{
    every_unknown_bit(*state);
}

static void test_every_opcode(void **state)
{
    every_opcode(*state);
}

static void test_timeouts(void **state)
{
    struct rig rig;
    (void)state;

    rig_start(&rig, NULL);
    struct outcome o = rig_run(&rig, "a3 0c 80 00 0000 0000ffff 00 00", NULL, 0);
    unsigned n = th_get32(o.data) / 20;
    assert_int_equal(o.len, 4 + 20 * n);
    assert_true(n >= 30);
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *d = o.data + 4 + 20 * i;
        assert_int_equal(d[5] & 0x02, 0x02);            /* CTDP */
        assert_int_equal(th_get16(d + 8), 10);
    }
    rig_forget(&o);
    rig_end(&rig);
}

/* What a disk cannot do is not in its list. */
static void test_list_follows_the_disk(void **state)
{
    static const struct { struct rig_options on; uint8_t opcode; bool offered; } cases[] = {
        { { .no_unmap = false }, 0x42, true },
        { { .no_unmap = true }, 0x42, false },
        { { .param_bytes = 4096 }, 0x89, true },
        { { .block_shift = 12 }, 0x89, false },
        { { .atomic_blocks = 8 }, 0x9c, true },
        { { .atomic_blocks = 0 }, 0x9c, false },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig rig;
        bool found = false;
        rig_start(&rig, &cases[i].on);
        struct outcome o = rig_run(&rig, "a3 0c 00 00 0000 0000ffff 00 00", NULL, 0);
        for (uint32_t at = 4; at < o.len; at += 8)
            found = found || o.data[at] == cases[i].opcode;
        assert_int_equal(found, cases[i].offered);
        rig_forget(&o);
        rig_end(&rig);
    }
}

/* Every reply, with every allocation length up to more than there is: a prefix of the whole,
 * and not a byte more is claimed. */
static void test_every_allocation_length(void **state)
{
    static const struct { const char *format; uint32_t max; } replies[] = {
        { "03 00 0000 %02x 00", 0xff },
        { "03 01 0000 %02x 00", 0xff },
        { "12 00 00 %04x 00", 0x1ff },
        { "12 01 00 %04x 00", 0x1ff },
        { "12 01 80 %04x 00", 0x1ff },
        { "12 01 83 %04x 00", 0x1ff },
        { "12 01 86 %04x 00", 0x1ff },
        { "12 01 87 %04x 00", 0x1ff },
        { "12 01 88 %04x 00", 0x1ff },
        { "4d 00 40 00 00 0000 %04x 00", 0x1ff },
        { "4d 00 40 ff 00 0000 %04x 00", 0x1ff },
        { "4d 00 42 00 00 0000 %04x 00", 0x1ff },
        { "4d 00 6f 00 00 0000 %04x 00", 0x1ff },
        { "a3 2a 00000000 %08x 00 00", 0x40 },
        { "a3 0f 00000000 %08x 00 00", 0x40 },
        { "a3 05 00000000 %08x fe 00", 0x40 },
        { "3c 03 00 000000 %06x 00", 0x10 },
        { "1c 01 00 %04x 00", 0x10 },
        { "37 00 18 00000000 %04x 00", 0x10 },
        { "b7 18 00000000 %08x 00 00", 0x10 },
        { "12 01 b0 %04x 00", 0x1ff },
        { "12 01 b1 %04x 00", 0x1ff },
        { "12 01 b2 %04x 00", 0x1ff },
        { "1a 00 3f 00 %02x 00", 0xff },
        { "5a 10 3f 00 000000 %04x 00", 0x1ff },
        { "5e 00 0000000000 %04x 00", 0x40 },
        { "5e 01 0000000000 %04x 00", 0x40 },
        { "5e 02 0000000000 %04x 00", 0x40 },
        { "5e 03 0000000000 %04x 00", 0x40 },
        { "9e 10 0000000000000000 %08x 00 00", 0x40 },
        { "a0 00 00 000000 %08x 00 00", 0x40 },
        { "a3 0c 00 00 0000 %08x 00 00", 0x200 },
        { "a3 0c 80 00 0000 %08x 00 00", 0x400 },
        { "a3 0c 01 28 0000 %08x 00 00", 0x40 },
    };
    struct rig rig;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .store = true });
    for (unsigned i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        char cdb[64];
        snprintf(cdb, sizeof cdb, replies[i].format, replies[i].max);
        struct outcome whole = rig_run(&rig, cdb, NULL, 0);
        expect_sense(cdb, &whole, TH_SENSE_NONE);
        assert_true(whole.len > 0 && whole.len <= replies[i].max);
        for (uint32_t n = 0; n < replies[i].max; n++) {
            snprintf(cdb, sizeof cdb, replies[i].format, n);
            struct outcome o = rig_run(&rig, cdb, NULL, 0);
            expect_sense(cdb, &o, TH_SENSE_NONE);
            assert_int_equal(o.len, th_min32(n, whole.len));
            assert_memory_equal(o.data, whole.data, o.len);
            rig_forget(&o);
        }
        rig_forget(&whole);
    }
    rig_end(&rig);
}

int main(void)
{
    static struct rig_options disk, cdrom = { .cdrom = true };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_rows_are_sane, &disk),
        cmocka_unit_test_prestate(test_every_unknown_bit, &disk),
        cmocka_unit_test_prestate(test_every_opcode, &disk),
        cmocka_unit_test_prestate(test_rows_are_sane, &cdrom),
        cmocka_unit_test_prestate(test_every_unknown_bit, &cdrom),
        cmocka_unit_test_prestate(test_every_opcode, &cdrom),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_list_follows_the_disk),
        cmocka_unit_test(test_every_allocation_length),
    };

    return cmocka_run_group_tests_name("scsi table", tests, NULL, NULL);
}
