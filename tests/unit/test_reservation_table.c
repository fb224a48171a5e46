/* SPDX-License-Identifier: MIT
 *
 * test_reservation_table.c: the column of the command table that says which reservations of others a command passes,
 * held against the standards.
 *
 * The list below is typed from the tables "commands that are allowed in the presence of various reservations" of SPC-4,
 * SBC-3 and SPC-2 (for RESERVE), and MMC-6, not from ops.c.  A command that these do not have is held to what
 * Exclusive Access does to its like.  A row of ops.c without a line here fails: look the command up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../src/scsi/ops.h"

/* The columns: RESERVE by another; Write Exclusive; Exclusive Access.  A allowed, C conflict; S allowed if
 * START is 1 and POWER CONDITION 0; P allowed if PREVENT is 0; H the handler decides, and passes here. */
static const struct {
    uint8_t opcode;
    int action;                         /* -1: all, or none */
    const char *columns, *name;
} standard[] = {
    { 0x00, -1, "CAA", "TEST UNIT READY" },
    { 0x03, -1, "AAA", "REQUEST SENSE" },
    { 0x04, -1, "CCC", "FORMAT UNIT" },
    { 0x07, -1, "CCC", "REASSIGN BLOCKS" },
    { 0x08, -1, "CAC", "READ(6)" },
    { 0x0a, -1, "CCC", "WRITE(6)" },
    { 0x12, -1, "AAA", "INQUIRY" },
    { 0x15, -1, "CCC", "MODE SELECT(6)" },
    { 0x16, -1, "CHH", "RESERVE(6)" },
    { 0x17, -1, "AHH", "RELEASE(6)" },
    { 0x1a, -1, "CAC", "MODE SENSE(6)" },
    { 0x1b, -1, "SSS", "START STOP UNIT" },
    { 0x1c, -1, "CAC", "RECEIVE DIAGNOSTIC RESULTS" },
    { 0x1d, -1, "CCC", "SEND DIAGNOSTIC" },
    { 0x1e, -1, "PPP", "PREVENT ALLOW MEDIUM REMOVAL" },
    { 0x25, -1, "AAA", "READ CAPACITY(10)" },
    { 0x28, -1, "CAC", "READ(10)" },
    { 0x2a, -1, "CCC", "WRITE(10)" },
    { 0x2e, -1, "CCC", "WRITE AND VERIFY(10)" },
    { 0x2f, -1, "CAC", "VERIFY(10)" },
    { 0x34, -1, "CAC", "PRE-FETCH(10)" },
    { 0x35, -1, "CCC", "SYNCHRONIZE CACHE(10)" },
    { 0x37, -1, "CAC", "READ DEFECT DATA(10)" },
    { 0x3b, -1, "CCC", "WRITE BUFFER" },
    { 0x3c, -1, "CAC", "READ BUFFER(10)" },
    { 0x3e, -1, "CCC", "READ LONG(10)" },
    { 0x3f, -1, "CCC", "WRITE LONG(10)" },
    { 0x41, -1, "CCC", "WRITE SAME(10)" },
    { 0x42, -1, "CCC", "UNMAP" },
    { 0x48, -1, "CCC", "SANITIZE" },
    { 0x4c, -1, "CCC", "LOG SELECT" },
    { 0x4d, -1, "CAA", "LOG SENSE" },
    { 0x55, -1, "CCC", "MODE SELECT(10)" },
    { 0x56, -1, "CHH", "RESERVE(10)" },
    { 0x57, -1, "AHH", "RELEASE(10)" },
    { 0x5a, -1, "CAC", "MODE SENSE(10)" },
    { 0x5e, -1, "CAA", "PERSISTENT RESERVE IN" },
    { 0x5f, -1, "CHH", "PERSISTENT RESERVE OUT" },
    { 0x7f, 0x0009, "CAC", "READ(32)" },
    { 0x7f, 0x000a, "CAC", "VERIFY(32)" },
    { 0x7f, 0x000b, "CCC", "WRITE(32)" },
    { 0x7f, 0x000c, "CCC", "WRITE AND VERIFY(32)" },
    { 0x7f, 0x000d, "CCC", "WRITE SAME(32)" },
    { 0x7f, 0x000e, "CCC", "ORWRITE(32)" },
    { 0x7f, 0x000f, "CCC", "WRITE ATOMIC(32)" },
    { 0x7f, 0x0012, "CAC", "GET LBA STATUS(32)" },
    { 0x83, -1, "CCC", "EXTENDED COPY and the like" },
    { 0x84, -1, "CAC", "RECEIVE COPY RESULTS and the like" },
    { 0x88, -1, "CAC", "READ(16)" },
    { 0x89, -1, "CCC", "COMPARE AND WRITE" },
    { 0x8a, -1, "CCC", "WRITE(16)" },
    { 0x8b, -1, "CCC", "ORWRITE(16)" },
    { 0x8e, -1, "CCC", "WRITE AND VERIFY(16)" },
    { 0x8f, -1, "CAC", "VERIFY(16)" },
    { 0x90, -1, "CAC", "PRE-FETCH(16)" },
    { 0x91, -1, "CCC", "SYNCHRONIZE CACHE(16)" },
    { 0x93, -1, "CCC", "WRITE SAME(16)" },
    { 0x9c, -1, "CCC", "WRITE ATOMIC(16)" },
    { 0x9e, 0x10, "AAA", "READ CAPACITY(16)" },
    { 0x9e, 0x11, "CCC", "READ LONG(16)" },
    { 0x9e, 0x12, "CAC", "GET LBA STATUS" },
    { 0x9e, 0x13, "CAA", "REPORT REFERRALS" },
    { 0x9f, 0x11, "CCC", "WRITE LONG(16)" },
    { 0xa0, -1, "AAA", "REPORT LUNS" },
    { 0xa2, -1, "CAC", "SECURITY PROTOCOL IN" },
    { 0xa3, 0x05, "AAA", "REPORT IDENTIFYING INFORMATION" },
    { 0xa3, 0x0a, "CAA", "REPORT TARGET PORT GROUPS" },
    { 0xa3, 0x0b, "CAA", "REPORT ALIASES" },
    { 0xa3, 0x0c, "CAC", "REPORT SUPPORTED OPERATION CODES" },
    { 0xa3, 0x0d, "CAC", "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS" },
    { 0xa3, 0x0e, "CAA", "REPORT PRIORITY" },
    { 0xa3, 0x0f, "CAA", "REPORT TIMESTAMP" },
    { 0xa3, 0x10, "CAC", "MANAGEMENT PROTOCOL IN" },
    { 0xa4, 0x06, "CCC", "SET IDENTIFYING INFORMATION" },
    { 0xa4, 0x0a, "CCC", "SET TARGET PORT GROUPS" },
    { 0xa4, 0x0b, "CCC", "CHANGE ALIASES" },
    { 0xa4, 0x0e, "CCC", "SET PRIORITY" },
    { 0xa4, 0x0f, "CCC", "SET TIMESTAMP" },
    { 0xa8, -1, "CAC", "READ(12)" },
    { 0xaa, -1, "CCC", "WRITE(12)" },
    { 0xab, 0x01, "CAA", "READ MEDIA SERIAL NUMBER" },
    { 0xae, -1, "CCC", "WRITE AND VERIFY(12)" },
    { 0xaf, -1, "CAC", "VERIFY(12)" },
    { 0xb5, -1, "CCC", "SECURITY PROTOCOL OUT" },
    { 0xb7, -1, "CAC", "READ DEFECT DATA(12)" },
};

/* The commands of a CD-ROM drive that others do not have. */
static const struct {
    uint8_t opcode;
    const char *columns, *name;
} of_cdrom[] = {
    { 0x42, "CAC", "READ SUB-CHANNEL" },
    { 0x43, "CAC", "READ TOC/PMA/ATIP" },
    { 0x46, "AAA", "GET CONFIGURATION" },
    { 0x4a, "AAA", "GET EVENT STATUS NOTIFICATION" },
    { 0x51, "CAC", "READ DISC INFORMATION" },
    { 0x52, "CAC", "READ TRACK INFORMATION" },
    { 0xad, "CAC", "READ DISC STRUCTURE" },
    { 0xb9, "CAC", "READ CD MSF" },
    { 0xbb, "CCC", "SET CD SPEED" },
    { 0xbd, "CAC", "MECHANISM STATUS" },
    { 0xbe, "CAC", "READ CD" },
};

/* What the row says, as the standard's columns have it. */
static void columns_of(const struct th_op *op, char text[4])
{
    static const unsigned bits[] = { TH_PASSES_RESERVE, TH_PASSES_WRITE_EXCLUSIVE,
                                     TH_PASSES_EXCLUSIVE_ACCESS };

    for (unsigned i = 0; i < 3; i++)
        text[i] = op->passes & TH_PASSES_STARTING   ? 'S'
                  : op->passes & TH_PASSES_ALLOWING ? 'P'
                  : op->passes & bits[i]            ? 'A'
                                                    : 'C';
    text[3] = 0;
}

static const char *find(const struct th_op *op, const char **name)
{
    if (op->types == TH_FOR_CDROM)
        for (unsigned i = 0; i < sizeof of_cdrom / sizeof of_cdrom[0]; i++)
            if (of_cdrom[i].opcode == op->opcode) {
                *name = of_cdrom[i].name;
                return of_cdrom[i].columns;
            }
    for (unsigned i = 0; i < sizeof standard / sizeof standard[0]; i++)
        if (standard[i].opcode == op->opcode &&
            (standard[i].action < 0 || standard[i].action == op->service_action)) {
            *name = standard[i].name;
            return standard[i].columns;
        }
    return NULL;
}

static void test_column(void **state)
{
    unsigned wrong = 0;
    (void)state;

    for (const struct th_op *op = th_ops; op < th_ops + th_n_ops; op++) {
        const char *name = "no line in the standard's table", *want = find(op, &name);
        char have[4];
        columns_of(op, have);
        bool same = want != NULL;
        for (unsigned i = 0; want && i < 3; i++)
            same = same && have[i] == (want[i] == 'H' ? 'A' : want[i]);
        if (!same) {
            print_message("%02x/%02x %s: %s, the standard says %s\n", op->opcode,
                          op->service_action, name, have, want ? want : "?");
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Nothing that changes the medium passes, whoever adds a row. */
static void test_no_writer_passes(void **state)
{
    (void)state;

    for (const struct th_op *op = th_ops; op < th_ops + th_n_ops; op++)
        if (op->flags & TH_ROW_WRITES)
            assert_int_equal(op->passes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_column),
        cmocka_unit_test(test_no_writer_passes),
    };

    return cmocka_run_group_tests_name("reservation table", tests, NULL, NULL);
}
