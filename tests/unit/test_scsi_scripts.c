/* SPDX-License-Identifier: MIT
 *
 * test_scsi_scripts.c: what several commands in a row, of one or two initiators, are answered with.
 *
 * One table of scripts; a script is a unit on the workbench (scsi_rig.h) and a list of steps.  Every
 * script is run on a disk that answers at once and on one that answers later.
 */
#include "scsi_rig.h"

#include "../../src/scsi/lu.h"

struct step {
    /* A CDB in hex, or one of the words of do_word(). */
    const char *what;
    const char *out;                    /* data-out in hex */
    unsigned nexus;
    uint32_t sense;                     /* 0: GOOD */
    int      byte;                      /* where the field pointer points; 0: not looked at */
    uint32_t out_blocks;                /* or data-out of so many blocks of 77h */
    const char *data;                   /* data-in begins so */
    uint32_t len;                       /* and is so long; 0: not looked at */
};

struct script {
    const char *title;
    struct rig_options on;
    struct step steps[24];
};

/* The header of MODE SELECT(6) and (10) without a block descriptor. */
#define LIST6 "00 00 00 00 "
#define LIST10 "0000 00 00 00 00 0000 "
#define CONTROL_SWP "0a 0a 02 10 08 00 0000 ffff 0000"
#define CONTROL_TAS "0a 0a 02 10 00 40 0000 ffff 0000"
#define CONTROL_D_SENSE "0a 0a 06 10 00 00 0000 ffff 0000"
#define CONTROL "0a 0a 02 10 00 00 0000 ffff 0000"
#define CACHING_ON "08 12 04 00 0000 0000 0000 0000 00 00 0000 00000000"
#define CACHING_OFF "08 12 00 00 0000 0000 0000 0000 00 00 0000 00000000"
#define EXCEPTIONS(flags) "1c 0a " flags " 06 00000000 00000000"
#define SELECT6(n) "15 10 0000 " n " 00"
#define SELECT10(n) "55 10 00 00 00 00 00 00" n " 00"
#define READY "00 00 0000 00 00"
#define WRITE_0 "2a 00 00000000 00 0001 00"

#define LIST_FIELD(at) .sense = TH_SENSE_INVALID_LIST_FIELD, .byte = (at)
#define CDB_FIELD(at) .sense = TH_SENSE_INVALID_CDB_FIELD, .byte = (at)

static const struct script scripts[] = {
#if THIMBLE_SCSI_MODE_SELECT
    { "MODE SELECT(6): no list", .steps = {
        { .what = SELECT6("00") },
        { READY, .nexus = 1 },
    } },
    { "MODE SELECT(6): SWP protects, and others are told", .steps = {
        { WRITE_0, .out_blocks = 1 },
        { SELECT6("10"), .out = LIST6 CONTROL_SWP },
        { WRITE_0, .out_blocks = 1, .sense = TH_SENSE_SOFTWARE_PROTECTED },
        { "1a 08 0a 00 ff 00", .data = "0f 00 90 00 " CONTROL_SWP, .len = 16 },
        { READY, .nexus = 1, .sense = TH_SENSE_MODE_CHANGED },
        { READY, .nexus = 1 },
        { SELECT6("10"), .out = LIST6 CONTROL, .nexus = 1 },
        { READY, .sense = TH_SENSE_MODE_CHANGED },
        { WRITE_0, .out_blocks = 1 },
    } },
    { "MODE SELECT(6): TAS", .steps = {
        { SELECT6("10"), .out = LIST6 CONTROL_TAS },
        { "1a 08 0a 00 ff 00", .data = "0f 00 10 00 " CONTROL_TAS, .len = 16 },
        { SELECT6("10"), .out = LIST6 CONTROL },
        { "1a 08 0a 00 ff 00", .data = "0f 00 10 00 " CONTROL, .len = 16 },
    } },
    { "MODE SELECT(6): the same values again are no news", .steps = {
        { SELECT6("10"), .out = LIST6 CONTROL },
        { READY, .nexus = 1 },
    } },
    { "MODE SELECT(10): two pages", .on = { .cache = true }, .steps = {
        { SELECT10("28"), .out = LIST10 CACHING_OFF CONTROL_SWP },
        { "5a 08 08 00 000000 00ff 00", .data = "001a 00 90 00 00 0000 08 12 00" },
        { "5a 08 48 00 000000 00ff 00", .data = "001a 00 90 00 00 0000 08 12 04 00" },
        { "5a 08 88 00 000000 00ff 00", .data = "001a 00 90 00 00 0000 08 12 04 00" },
        { "5a 08 4a 00 000000 00ff 00", .data = "0012 00 90 00 00 0000 0a 0a 04 00 08 40" },
        { "5a 08 8a 00 000000 00ff 00", .data = "0012 00 90 00 00 0000 " CONTROL },
    } },
    { "MODE SELECT: D_SENSE", .steps = {
        { "28 00 00000100 00 0001 00", .sense = TH_SENSE_LBA_OUT_OF_RANGE },
        { .what = "sense 70" },
        { SELECT6("10"), .out = LIST6 CONTROL_D_SENSE },
        { "28 00 00000100 00 0001 00", .sense = TH_SENSE_LBA_OUT_OF_RANGE },
        { .what = "sense 72" },
        { .what = "lu reset" },
        { READY, .sense = TH_SENSE_DEVICE_RESET },
        { .what = "sense 70" },
    } },
    { "MODE SELECT: WCE cleared: what was written is flushed, then every write is", .on = { .cache = true }, .steps = {
        { WRITE_0, .out_blocks = 1 },
        { .what = "flushes 0" },
        { SELECT6("18"), .out = LIST6 CACHING_OFF },
        { .what = "flushes 1" },
        { WRITE_0, .out_blocks = 1 },
        { .what = "flushes 2" },
        { "41 00 00000000 00 0004 00", .out_blocks = 1 },
        { .what = "flushes 3" },
        { "42 00 00000000 00 0018 00",
          .out = "0016 0010 00000000 0000000000000000 00000004 00000000" },
        { .what = "flushes 4" },
        { "89 00 0000000000000000 000000 01 00 00",
          .out_blocks = 2, .sense = TH_SENSE_MISCOMPARE },
        { .what = "flushes 4" },
        { SELECT6("18"), .out = LIST6 CACHING_ON },
        { WRITE_0, .out_blocks = 1 },
        { .what = "flushes 4" },
        { .what = "35 00 00000000 00 0000 00" },
        { .what = "flushes 5" },
    } },
    { "MODE SELECT: WCE cannot be set where there is no cache", .steps = {
        { SELECT6("18"), .out = LIST6 CACHING_ON, LIST_FIELD(6) },
        { SELECT6("18"), .out = LIST6 CACHING_OFF },
    } },
    { "MODE SELECT: a bit that cannot be changed changes nothing at all", .on = { .cache = true }, .steps = {
        { SELECT6("28"), .out = LIST6 CACHING_OFF " 01 0a 80 00 0000 0000 0000 0000 0a0a02100000 0000",
          LIST_FIELD(26) },
        { "1a 08 08 00 ff 00", .data = "17 00 10 00 08 12 04" },
        { READY, .nexus = 1 },
    } },
    { "MODE SELECT: lists that end too early", .steps = {
        { SELECT6("03"), .out = "00 00 00", .sense = TH_SENSE_LIST_LENGTH },
        { SELECT6("08"), .out = "00 00 00 08 00000000", .sense = TH_SENSE_LIST_LENGTH },
        { SELECT6("05"), .out = LIST6 "0a", .sense = TH_SENSE_LIST_LENGTH },
        { SELECT6("0f"), .out = LIST6 "0a 0a 0200000000 00000000", .sense = TH_SENSE_LIST_LENGTH },
        { SELECT6("07"), .out = LIST6 "4a 01 00", .sense = TH_SENSE_LIST_LENGTH },
        { SELECT10("07"), .out = "0000 00 00 00 00 00", .sense = TH_SENSE_LIST_LENGTH },
    } },
    { "MODE SELECT: lists that make no sense", .steps = {
        { SELECT6("10"), .out = "00 01 00 00 " CONTROL, LIST_FIELD(1) },
        { SELECT10("14"), .out = "0000 01 00 00 00 0000 " CONTROL, LIST_FIELD(2) },
        { SELECT6("10"), .out = "00 00 00 07 " CONTROL, LIST_FIELD(3) },
        { SELECT10("14"), .out = "0000 00 00 01 00 0008 " CONTROL, LIST_FIELD(6) },
        { SELECT6("06"), .out = LIST6 "3e 00", LIST_FIELD(4) },
        { SELECT6("0f"), .out = LIST6 "0a 09 02 10 00 00 0000 ffff 00", LIST_FIELD(5) },
        { SELECT6("08"), .out = LIST6 "4a 01 0001", LIST_FIELD(6) },
        { SELECT6("10"), .out = LIST6 "0a 0a 02 10 00 00 0000 fffe 0000", LIST_FIELD(13) },
    } },
    { "MODE SELECT: block descriptors", .steps = {
        { SELECT6("0c"), .out = "00 00 00 08 00000000 00 000200" },
        { SELECT6("0c"), .out = "00 00 00 08 00000040 00 000200" },
        { SELECT6("0c"), .out = "00 00 00 08 ffffffff 00 000200" },
        { SELECT6("0c"), .out = "00 00 00 08 00000020 00 000200", LIST_FIELD(4) },
        { SELECT6("0c"), .out = "00 00 00 08 00000000 00 001000", LIST_FIELD(4) },
        { SELECT10("18"), .out = "0000 00 00 01 00 0010 0000000000000040 00000000 00000200" },
        { SELECT10("18"), .out = "0000 00 00 01 00 0010 0000000100000040 00000000 00000200",
          LIST_FIELD(8) },
        { SELECT10("24"), .out = "0000 00 00 01 00 0010 0000000000000000 00000000 00000200"
          CONTROL_SWP },
        { WRITE_0, .out_blocks = 1, .sense = TH_SENSE_SOFTWARE_PROTECTED },
    } },
    { "MODE SELECT: SP and no PF", .steps = {
        { "15 11 0000 10 00", .out = LIST6 CONTROL_SWP, CDB_FIELD(1) },
        { "15 00 0000 10 00", .out = LIST6 CONTROL_SWP, CDB_FIELD(1) },
        { "15 00 0000 04 00", .out = LIST6 },
        { WRITE_0, .out_blocks = 1 },
    } },
    { "MODE SELECT: a subpage, and pages of zeros", .steps = {
        { SELECT6("24"), .out = LIST6 "4a 01 001c 00000000 00000000 00000000 00000000 00000000 00000000 00000000" },
        { SELECT6("10"), .out = LIST6 "01 0a 00000000000000000000" },
        { SELECT6("10"), .out = LIST6 "81 0a 00000000000000000000" },
        { SELECT6("10"), .out = LIST6 "01 0a 00000000000000010000", LIST_FIELD(13) },
    } },
    { "MODE SENSE: informational exceptions", .steps = {
        { "1a 08 1c 00 ff 00", .data = "0f 00 10 00 " EXCEPTIONS("00"), .len = 16 },
        { "1a 08 5c 00 ff 00", .data = "0f 00 10 00 1c 0a 0c 00 00000000 00000000", .len = 16 },
        { SELECT6("10"), .out = LIST6 EXCEPTIONS("08") },
        { "1a 08 1c 00 ff 00", .data = "0f 00 10 00 " EXCEPTIONS("08"), .len = 16 },
        { "1a 08 9c 00 ff 00", .data = "0f 00 10 00 " EXCEPTIONS("00"), .len = 16 },
    } },
    { "TEST: REQUEST SENSE tells a false exception, unless they are off", .steps = {
        { SELECT6("10"), .out = LIST6 EXCEPTIONS("04") },
        { "03 00 0000 ff 00", .data = "70 00 00 00000000 0a 00000000 5d ff" },
        { .what = READY },
        { SELECT6("10"), .out = LIST6 EXCEPTIONS("0c") },
        { "03 00 0000 ff 00", .data = "70 00 00 00000000 0a 00000000 00 00" },
    } },
#endif
#if THIMBLE_SCSI_FORMAT
    { "FORMAT UNIT: gives every block back, and others are told that it goes on", .on = { .cache = true }, .steps = {
        { "04 18 0000 00 00", .out = "00 02 0000" },
        { READY, .sense = TH_SENSE_FORMAT_IN_PROGRESS },
        { "28 00 00000000 00 0001 00", .nexus = 1, .sense = TH_SENSE_FORMAT_IN_PROGRESS },
        { "12 00 00 0024 00", .len = 36 },
        { "03 00 0000 ff 00", .data = "70 00 02 00000000 0a 00000000 04 04 00 80 0000", .len = 18 },
        { "03 01 0000 ff 00", .data = "72 02 04 04 000000 08 02 06 0000 80 0000 00", .len = 16 },
        { .what = "work" },
        { .what = READY },
        { .what = "zeros 0 64" },
        { .what = "flushes 1" },
    } },
    { "FORMAT UNIT: the answer comes at the end; zeros are written where there is no shorter way",
      .on = { .no_unmap = true, .no_write_zeroes = true }, .steps = {
        { .what = "04 00 0000 00 00" },
        { .what = "zeros 0 64" },
        { .what = READY },
    } },
    { "FORMAT UNIT: lists that it cannot follow", .steps = {
        { "04 20 0000 00 00", CDB_FIELD(1) },
        { "04 11 0000 00 00", .out = "00 00 0000", CDB_FIELD(1) },
        { "04 90 0000 00 00", .out = "00 00 0000", CDB_FIELD(1) },
        { "04 10 0000 00 00", .out = "01 00 0000", .sense = TH_SENSE_INVALID_LIST_FIELD },
        { "04 10 0000 00 00", .out = "00 88 0000", LIST_FIELD(1) },
        { "04 10 0000 00 00", .out = "00 40 0000", LIST_FIELD(1) },
        { "04 10 0000 00 00", .out = "00 80 0008", LIST_FIELD(2) },
        { "04 30 0000 00 00", .out = "00 80 00 00 00000008", LIST_FIELD(4) },
        { "04 30 0000 00 00", .out = "00 80 00 01 00000000", LIST_FIELD(3) },
        { .what = "untouched" },
        { "04 38 0000 00 00", .out = "00 e0 00 00 00000000" },
        { .what = "zeros 0 64" },
    } },
    { "FORMAT UNIT: one that fails leaves a medium that must be formatted", .steps = {
        { .what = "fail next" },
        { "04 00 0000 00 00", .sense = TH_SENSE_FORMAT_FAILED },
        { READY, .sense = TH_SENSE_FORMAT_CORRUPTED },
        { .what = "1a 08 0a 00 ff 00" },
        { .what = "04 00 0000 00 00" },
        { .what = READY },
    } },
#if THIMBLE_STORE
    { "FORMAT UNIT over a restart: the medium must be formatted again", .on = { .store = true }, .steps = {
        { "04 18 0000 00 00", .out = "00 02 0000" },
        { .what = "turn" },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_FORMAT_CORRUPTED },
        { "28 00 00000000 00 0001 00", .sense = TH_SENSE_FORMAT_CORRUPTED },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_FORMAT_CORRUPTED },
        { .what = "04 00 0000 00 00" },
        { .what = "kept 5 0" },
        { .what = "restart" },
        { .what = READY },
    } },
    { "FORMAT UNIT over a restart: a failure is remembered", .on = { .store = true }, .steps = {
        { .what = "fail next" },
        { "04 00 0000 00 00", .sense = TH_SENSE_FORMAT_FAILED },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_FORMAT_CORRUPTED },
        { .what = "store fails" },
        { "04 00 0000 00 00", .sense = TH_SENSE_WRITE_ERROR },
        { READY, .sense = TH_SENSE_FORMAT_CORRUPTED },
        { .what = "store works" },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_FORMAT_CORRUPTED },
    } },
#endif
    { "FORMAT UNIT: not of what is write-protected", .on = { .read_only = true }, .steps = {
        { "04 00 0000 00 00", .sense = TH_SENSE_WRITE_PROTECTED },
    } },
#endif
#if THIMBLE_SCSI_SANITIZE
    { "SANITIZE: overwrite with a pattern of three bytes", .on = { .cache = true }, .steps = {
        { "48 01 00000000 00 0007 00", .out = "01 00 0003 aabbcc" },
        { "28 00 00000000 00 0001 00", .data = "aabbccaabbccaabbccaabbcc", .len = 512 },
        { "28 00 0000003f 00 0001 00", .data = "aabbccaabbccaabbccaabbcc", .len = 512 },
        { .what = "flushes 1" },
    } },
    { "SANITIZE: passes inverted each time; the last one is the pattern", .steps = {
        { "48 01 00000000 00 0005 00", .out = "83 00 0001 0f" },
        { .what = "filled 0f" },
        { "48 01 00000000 00 0005 00", .out = "82 00 0001 0f" },
        { .what = "filled 0f" },
        { .what = "fail in 8" },        /* the second pass begins */
        { "48 01 00000000 00 0005 00", .out = "82 00 0001 0f", .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "filled f0" },
    } },
    { "SANITIZE: commands are refused until it ends, and no reset ends it", .steps = {
        { "48 81 00000000 00 0005 00", .out = "01 00 0001 33" },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "1b 00 00 00 01 00", .nexus = 1, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "48 02 00000000 00 0000 00", .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "a0 00 00 000000 00000010 00 00", .len = 16 },
        { .what = "lu reset" },
        { READY, .sense = TH_SENSE_DEVICE_RESET },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { .what = "work" },
        { .what = READY },
        { .what = "filled 33" },
    } },
    { "SANITIZE: what is allowed meanwhile, and when it has failed", .on = { .health = true }, .steps = {
        { .what = "48 82 00000000 00 0000 00" },
        { "25 00 00000000 0000 00 00", .data = "0000003f 00000200", .len = 8 },
        { "9e 10 0000000000000000 00000020 00 00", .len = 32 },
        { "1a 08 0a 00 ff 00", .len = 16 },
        { "5a 08 08 00 000000 00ff 00", .len = 28 },
        { "4d 00 4d 00 00 0000 00ff 00", .data = "0d 00" },
        { "a3 0c 01 00 0000 00000100 00 00", .data = "00 03 0006" },
        { "a3 0d 80 00 0000 00000010 00 00", .len = 16 },
        { "1a 08 01 00 ff 00", .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "1a 08 3f 00 ff 00", .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "1a 08 0a 01 ff 00", .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "4d 00 42 00 00 0000 00ff 00", .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "a3 0f 00 00 0000 00000010 00 00", .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "28 00 00000000 00 0001 00", .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { .what = "fail next" },
        { .what = "work" },
        { "28 00 00000000 00 0001 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { "25 00 00000000 0000 00 00", .len = 8 },
        { "1a 08 01 00 ff 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "48 02 00000000 00 0000 00" },
    } },
    { "FORMAT UNIT: READ CAPACITY is not allowed meanwhile", .steps = {
        { "04 18 0000 00 00", .out = "00 02 0000" },
        { "25 00 00000000 0000 00 00", .sense = TH_SENSE_FORMAT_IN_PROGRESS },
        { .what = "work" },
    } },
    { "SANITIZE: block erase", .on = { .no_unmap = true, .no_write_zeroes = true }, .steps = {
        { .what = "48 02 00000000 00 0000 00" },
        { .what = "zeros 0 64" },
    } },
    { "SANITIZE: lists that it cannot follow", .steps = {
        { "48 01 00000000 00 0004 00", .out = "01 00 0001", CDB_FIELD(7) },
        { "48 01 00000000 00 0205 00", .out_blocks = 2, CDB_FIELD(7) },
        { "48 01 00000000 00 0005 00", .out = "00 00 0001 00", .sense = TH_SENSE_INVALID_CDB_FIELD },
        { "48 01 00000000 00 0005 00", .out = "01 00 0000 00", .sense = TH_SENSE_INVALID_CDB_FIELD },
        { "48 01 00000000 00 0005 00", .out = "01 00 0002 00", .sense = TH_SENSE_INVALID_CDB_FIELD },
        { "48 01 00000000 00 0005 00", .out = "21 00 0001 00", .sense = TH_SENSE_INVALID_LIST_FIELD },
        { "48 02 00000000 00 0001 00", .out = "00", CDB_FIELD(7) },
        { "48 1f 00000000 00 0001 00", .out = "00", CDB_FIELD(7) },
        { "48 03 00000000 00 0000 00", CDB_FIELD(1) },
        { .what = "48 1f 00000000 00 0000 00" },
        { .what = "untouched" },
    } },
    { "SANITIZE: one that fails refuses everything until another succeeds", .steps = {
        { .what = "fail next" },
        { "48 02 00000000 00 0000 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { "28 00 00000000 00 0001 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { "1a 08 02 00 ff 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { "48 1f 00000000 00 0000 00", CDB_FIELD(1) },
        { .what = "48 02 00000000 00 0000 00" },
        { .what = READY },
    } },
    { "SANITIZE: what failed without AUSE is not repeated with it", .steps = {
        { .what = "fail next" },
        { "48 02 00000000 00 0000 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { "48 22 00000000 00 0000 00", CDB_FIELD(1) },
        { "48 21 00000000 00 0005 00", .out = "01 00 0001 0f", CDB_FIELD(1) },
        { READY, .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "48 02 00000000 00 0000 00" },
        { .what = READY },
    } },
    { "SANITIZE: a failure that may be forgiven", .steps = {
        { .what = "fail next" },
        { "48 22 00000000 00 0000 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { "03 00 0000 ff 00", .data = "70 00 03 00000000 0a 00000000 31 03" },
        { .what = "48 1f 00000000 00 0000 00" },
        { .what = READY },
    } },
#if THIMBLE_STORE
    { "SANITIZE over a restart: refused until it has gone on to its end", .on = { .store = true, .cache = true }, .steps = {
        { "48 81 00000000 00 0006 00", .out = "01 00 0002 a55a" },
        { .what = "kept 5 62" },
        { .what = "turn" },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "28 00 00000000 00 0001 00", .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "48 1f 00000000 00 0000 00", .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { "03 00 0000 ff 00", .data = "70 00 02 00000000 0a 00000000 04 1b 00 80 0000", .len = 18 },
        { .what = "work" },
        { .what = "kept 5 0" },
        { "28 00 00000000 00 0001 00", .data = "a55aa55aa55aa55a", .len = 512 },
        { "28 00 0000003f 00 0001 00", .data = "a55aa55aa55aa55a", .len = 512 },
        { .what = "restart" },
        { .what = READY },
    } },
    { "SANITIZE over a restart: passes and their inversion", .on = { .store = true }, .steps = {
        { "48 81 00000000 00 0005 00", .out = "82 00 0001 0f" },
        { .what = "restart" },
        { .what = "fail in 8" },
        { .what = "work" },
        { READY, .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "filled f0" },
    } },
    { "SANITIZE over a restart: block erase", .on = { .store = true, .no_unmap = true, .no_write_zeroes = true }, .steps = {
        { .what = "48 82 00000000 00 0000 00" },
        { .what = "restart" },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { .what = "work" },
        { .what = "zeros 0 64" },
        { .what = READY },
    } },
    { "SANITIZE over a restart: a failure is remembered until another succeeds", .on = { .store = true }, .steps = {
        { .what = "fail next" },
        { "48 02 00000000 00 0000 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_SANITIZE_FAILED },
        { "48 1f 00000000 00 0000 00", CDB_FIELD(1) },
        { "48 22 00000000 00 0000 00", CDB_FIELD(1) },
        { .what = "48 02 00000000 00 0000 00" },
        { .what = "restart" },
        { .what = READY },
    } },
    { "SANITIZE over a restart: a failure that may be forgiven", .on = { .store = true }, .steps = {
        { .what = "fail next" },
        { "48 22 00000000 00 0000 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "store fails" },
        { "48 1f 00000000 00 0000 00", .sense = TH_SENSE_SANITIZE_FAILED },
        { READY, .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "store works" },
        { .what = "48 1f 00000000 00 0000 00" },
        { .what = READY },
        { .what = "restart" },
        { .what = READY },
    } },
    { "SANITIZE over a restart: another medium is left alone", .on = { .store = true, .serial = "S1" }, .steps = {
        { .what = "48 82 00000000 00 0000 00" },
        { .what = "another serial" },
        { .what = "restart" },
        { .what = READY },
        { .what = "work" },
        { .what = "untouched" },
        { .what = "its serial" },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { .what = "work" },
        { .what = "zeros 0 64" },
    } },
    { "SANITIZE over a restart: waits for its medium, and looks at it then", .on = { .store = true, .serial = "S1" }, .steps = {
        { .what = "48 82 00000000 00 0000 00" },
        { .what = "medium out" },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { .what = "turn" },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { .what = "another serial" },
        { .what = "medium in" },
        { .what = "turn" },
        { .what = READY },
        { .what = "untouched" },
        { .what = "its serial" },
        { .what = "restart" },
        { .what = "work" },
        { .what = "zeros 0 64" },
    } },
    { "SANITIZE over a restart: waits for a buffer, and until it may write", .on = { .store = true }, .steps = {
        { "48 81 00000000 00 0005 00", .out = "01 00 0001 77" },
        { .what = "no buffers" },
        { .what = "restart" },
        { .what = "turn" },
        { .what = "buffers" },
        { .what = "is read-only" },
        { .what = "turn" },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { .what = "untouched" },
        { .what = "is not read-only" },
        { .what = "work" },
        { .what = "filled 77" },
        { .what = READY },
    } },
    { "SANITIZE that cannot be noted is refused", .on = { .store = true }, .steps = {
        { .what = "store fails" },
        { "48 02 00000000 00 0000 00", .sense = TH_SENSE_WRITE_ERROR },
        { "48 82 00000000 00 0000 00", .sense = TH_SENSE_WRITE_ERROR },
        { .what = READY },
        { .what = "untouched" },
        { .what = "store works" },
        { .what = "restart" },
        { .what = READY },
    } },
    { "SANITIZE whose note cannot be removed is repeated: nothing is written before", .on = { .store = true }, .steps = {
        { .what = "48 82 00000000 00 0000 00" },
        { .what = "turn" },
        { .what = "store fails" },
        { .what = "work" },
        { READY, .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "store works" },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { .what = "work" },
        { .what = READY },
    } },
    { "SANITIZE at the end of the engine: refused, and gone on with later", .on = { .store = true }, .steps = {
        { .what = "48 82 00000000 00 0000 00" },
        { .what = "stop" },
        { .what = "work" },
        { READY, .sense = TH_SENSE_SANITIZE_FAILED },
        { .what = "untouched" },
        { .what = "restart" },
        { READY, .sense = TH_SENSE_SANITIZE_IN_PROGRESS },
        { .what = "work" },
        { .what = "zeros 0 64" },
    } },
    { "SANITIZE: a pattern that the note has no room for", .on = { .store = true, .block_shift = 12, .size_blocks = 64 }, .steps = {
        { "48 01 00000000 00 0fc9 00", .out = "01 00 0fc5", CDB_FIELD(7) },
    } },
#endif
    { "SANITIZE: not of what is write-protected", .steps = {
        { SELECT6("10"), .out = LIST6 CONTROL_SWP },
        { "48 02 00000000 00 0000 00", .sense = TH_SENSE_SOFTWARE_PROTECTED },
        { "48 01 00000000 00 0005 00", .out = "01 00 0001 00", .sense = TH_SENSE_SOFTWARE_PROTECTED },
        { .what = "untouched" },
    } },
#endif
#if THIMBLE_SCSI_MODE_SELECT && THIMBLE_STORE
    { "MODE SELECT: SP: saved, and there after a restart and a reset", .on = { .store = true, .cache = true }, .steps = {
        { "1a 08 ca 00 ff 00", .data = "0f 00 10 00 8a 0a 02 10 00", .len = 16 },
        { "15 11 0000 10 00", .out = LIST6 CONTROL_SWP },
        { "1a 08 ca 00 ff 00", .data = "0f 00 90 00 8a 0a 02 10 08", .len = 16 },
        { SELECT6("10"), .out = LIST6 CONTROL_D_SENSE },
        { "1a 08 0a 00 ff 00", .data = "0f 00 10 00 8a 0a 06 10 00", .len = 16 },
        { .what = "lu reset" },
        { READY, .sense = TH_SENSE_DEVICE_RESET },
        { WRITE_0, .out_blocks = 1, .sense = TH_SENSE_SOFTWARE_PROTECTED },
        { .what = "restart" },
        { WRITE_0, .out_blocks = 1, .sense = TH_SENSE_SOFTWARE_PROTECTED },
        { "15 11 0000 18 00", .out = LIST6 CACHING_OFF },
        { "15 11 0000 10 00", .out = LIST6 CONTROL },
        { .what = "restart" },
        { .what = "flushes 1" },
        { WRITE_0, .out_blocks = 1 },
        { .what = "flushes 2" },
        { "1a 08 88 00 ff 00", .data = "17 00 10 00 88 12 04", .len = 24 },
    } },
#endif
#if THIMBLE_SCSI_THRESHOLDS
#define THRESHOLDS(available, used) "5c 02 001c 00 0000000000000000000000 " available " " used
    { "Thin provisioning thresholds: told once, to all, when they are crossed", .on = { .fills = true }, .steps = {
        { "12 01 b2 00ff 00", .data = "00 b2 0004 0b" },
        { "1a 08 1c 02 ff 00", .data = "23 00 10 00 " THRESHOLDS("00 01 0000 00000000", "01 02 0000 00000000") },
        { "1a 08 5c 02 ff 00", .data = "23 00 10 00 " THRESHOLDS("80 00 0000 ffffffff", "80 00 0000 ffffffff") },
        { SELECT6("24"), .out = LIST6 THRESHOLDS("80 01 0000 00000010", "81 02 0000 00000100") },
        { READY, .nexus = 1, .sense = TH_SENSE_MODE_CHANGED },
        { .what = "fill 300 100" },
        { READY, .sense = TH_SENSE_THRESHOLD },
        { .what = "fill 301 99" },
        { .what = READY },
        { READY, .nexus = 1, .sense = TH_SENSE_THRESHOLD },
        { .what = "fill 255 100" },
        { .what = "fill 255 16" },
        { READY, .sense = TH_SENSE_THRESHOLD },
        { SELECT6("24"), .out = LIST6 THRESHOLDS("80 02 0000 00000010", "81 02 0000 00000100"), LIST_FIELD(21) },
    } },
    { "Thin provisioning thresholds: not where the disk does not tell", .steps = {
        { "1a 08 1c 02 ff 00", CDB_FIELD(3) },
        { "12 01 b2 00ff 00", .data = "00 b2 0004 00" },
    } },
#endif
#if THIMBLE_SCSI_LOG
#define SENSE_LOG(page) "4d 00 " page " 00 00 0000 00ff 00"
    { "LOG SENSE: which pages there are", .steps = {
        { SENSE_LOG("40"), .data = "00 00 0007 00 02 03 05 15 19 2f", .len = 11 },
        { "4d 00 40 ff 00 0000 00ff 00", .data = "40 ff 0010 0000 00ff 0200 0300 0500 1500 1900 2f00", .len = 20 },
        { SENSE_LOG("4c"), CDB_FIELD(2) },
        { SENSE_LOG("4d"), CDB_FIELD(2) },
        { "4d 00 42 01 00 0000 00ff 00", CDB_FIELD(3) },
        { SENSE_LOG("02"), CDB_FIELD(2) },
        { "4d 01 42 00 00 0000 00ff 00", CDB_FIELD(1) },
    } },
    { "LOG SENSE: what the disk tells of itself", .on = { .fills = true, .health = true }, .steps = {
        { SENSE_LOG("40"), .data = "00 00 000a 00 02 03 05 0c 0d 11 15 19 2f", .len = 14 },
        { .what = "fill 300 100" },
        { SENSE_LOG("4c"), .data = "0c 00 0018 0001 03 08 00000064 00000000 0002 03 08 0000012c 00000000", .len = 28 },
        { SENSE_LOG("4d"), .data = "0d 00 0006 0000 03 02 00 29", .len = 10 },
        { SENSE_LOG("51"), .data = "11 00 0008 0001 03 04 00 00 00 07", .len = 12 },
        { SENSE_LOG("6f"), .data = "2f 00 0008 0000 03 04 00 00 29 00", .len = 12 },
    } },
    { "LOG SENSE: counts, and LOG SELECT begins anew", .steps = {
        { "28 00 00000000 00 0003 00", .len = 1536 },
        { WRITE_0, .out_blocks = 1 },
        { .what = "2f 00 00000000 00 0002 00" },
        { SENSE_LOG("42"), .data = "02 00 0014 0005 00 08 0000000000000200 0006 00 04 00000000", .len = 24 },
        { SENSE_LOG("43"), .data = "03 00 0014 0005 00 08 0000000000000600 0006 00 04 00000000", .len = 24 },
        { SENSE_LOG("45"), .data = "05 00 0014 0005 00 08 0000000000000400 0006 00 04 00000000", .len = 24 },
        { SENSE_LOG("59"), .data = "19 00 0044 0001 03 40 0000000000000001 0000000000000001 0000000000000003 0000000000000001",
          .len = 72 },
        { .what = "fail next" },
        { "28 00 00000000 00 0001 00", .sense = TH_SENSE_READ_ERROR },
        { "4d 00 43 00 00 0006 00ff 00", .data = "03 00 0008 0006 00 04 00000001", .len = 12 },
        { "4d 00 43 00 00 0007 00ff 00", CDB_FIELD(5) },
        { .what = "4c 02 43 00 00 0000 0000 00" },
        { READY, .nexus = 1, .sense = TH_SENSE_LOG_CHANGED },
        { SENSE_LOG("43"), .data = "03 00 0014 0005 00 08 0000000000000000 0006 00 04 00000000", .len = 24 },
        { SENSE_LOG("42"), .data = "02 00 0014 0005 00 08 0000000000000200 0006 00 04 00000000", .len = 24 },
        { .what = "4c 02 c0 00 00 0000 0000 00" },
        { SENSE_LOG("42"), .data = "02 00 0014 0005 00 08 0000000000000000 0006 00 04 00000000", .len = 24 },
        { "4c 02 6f 00 00 0000 0000 00", CDB_FIELD(2) },
        { "4c 00 40 00 00 0000 0004 00", .out = "00000000", CDB_FIELD(7) },
        { .what = "4c 00 40 00 00 0000 0000 00" },
    } },
    { "LOG SENSE: what the driver mended; LOG SELECT begins anew", .on = { .health = true }, .steps = {
        { .what = "mended 5 3" },
        { SENSE_LOG("42"), .data = "02 00 0034 0000 00 04 00000003 0001 00 04 00000002 0002 00 04 00000005 0003 00 04 00000005"
                                   "0005 00 08 0000000000000000 0006 00 04 00000000", .len = 56 },
        { SENSE_LOG("43"), .data = "03 00 0034 0000 00 04 00000006 0001 00 04 00000004 0002 00 04 0000000a 0003 00 04 0000000a",
          .len = 56 },
        { .what = "4c 02 42 00 00 0000 0000 00" },
        { SENSE_LOG("42"), .data = "02 00 0034 0000 00 04 00000000 0001 00 04 00000000 0002 00 04 00000000 0003 00 04 00000000",
          .len = 56 },
        { SENSE_LOG("43"), .data = "03 00 0034 0000 00 04 00000006", .len = 56 },
        { .what = "mended 7 4" },
        { SENSE_LOG("42"), .data = "02 00 0034 0000 00 04 00000001 0001 00 04 00000001 0002 00 04 00000002 0003 00 04 00000002",
          .len = 56 },
        { .what = "mended 1 1" },                       /* another medium */
        { SENSE_LOG("42"), .data = "02 00 0034 0000 00 04 00000001 0001 00 04 00000000 0002 00 04 00000001 0003 00 04 00000001",
          .len = 56 },
    } },
    { "LOG SENSE: a medium that fails, or has had its time, is told to who asks", .on = { .health = true }, .steps = {
        { SENSE_LOG("6f"), .data = "2f 00 0008 0000 03 04 00 00 29 00", .len = 12 },
        { .what = "used 99" },
        { SENSE_LOG("6f"), .data = "2f 00 0008 0000 03 04 00 00 29 00", .len = 12 },
        { .what = "used 100" },
        { SENSE_LOG("6f"), .data = "2f 00 0008 0000 03 04 5d 73 29 00", .len = 12 },
        { "03 00 0000 ff 00", .data = "70 00 00 00000000 0a 00000000 5d 73", .len = 18 },
        { .what = "used 255" },                         /* not known */
        { SENSE_LOG("6f"), .data = "2f 00 0008 0000 03 04 00 00 29 00", .len = 12 },
        { .what = "failing" },
        { SENSE_LOG("6f"), .data = "2f 00 0008 0000 03 04 5d 01 29 00", .len = 12 },
        { "03 00 0000 ff 00", .data = "70 00 00 00000000 0a 00000000 5d 01", .len = 18 },
        { .what = READY },
        { SELECT6("10"), .out = LIST6 EXCEPTIONS("08") },
        { SENSE_LOG("6f"), .data = "2f 00 0008 0000 03 04 00 00 29 00", .len = 12 },
        { "03 00 0000 ff 00", .data = "70 00 00 00000000 0a 00000000 00 00", .len = 18 },
    } },
    { "LOG SENSE: no background scan is active; 2 minutes since the start", .steps = {
        { .what = "milliseconds 179999" },
        { SENSE_LOG("55"), .data = "15 00 0010 0000 03 0c 00000002 00 00 0000 0000 0000", .len = 20 },
        { "4c 02 55 00 00 0000 0000 00", CDB_FIELD(2) },
    } },
    { "LOG SENSE: a false exception is in the log", .steps = {
        { SELECT6("10"), .out = LIST6 EXCEPTIONS("04") },
        { SENSE_LOG("6f"), .data = "2f 00 0008 0000 03 04 5d ff ff 00", .len = 12 },
    } },
#endif
#if THIMBLE_SCSI_ALUA
#define SET_GROUP(state, group) "a4 0a 00000000 00000008 00 00", .out = "00000000 " state " 00 " group
    { "Target port groups: reported, set, and told to others", .steps = {
        { "a3 0a 00000000 000000ff 00 00", .data = "0000000c 00 8f 0001 00 00 00 01 0000 0001", .len = 16 },
        { "a3 2a 00000000 000000ff 00 00", .data = "00000010 10 00 0000 00 8f 0001 00 00 00 01 0000 0001", .len = 20 },
        { "a3 4a 00000000 000000ff 00 00", CDB_FIELD(1) },
        { SET_GROUP("01", "0001") },
        { .what = READY },
        { READY, .nexus = 1, .sense = TH_SENSE_ACCESS_CHANGED },
        { "a3 0a 00000000 000000ff 00 00", .data = "0000000c 01 8f 0001 00 01 00 01 0000 0001", .len = 16 },
        { WRITE_0, .out_blocks = 1 },
        { SET_GROUP("04", "0001"), LIST_FIELD(4) },
        { SET_GROUP("0e", "0001"), LIST_FIELD(4) },
        { SET_GROUP("00", "0002"), LIST_FIELD(6) },
        { "a4 0a 00000000 00000006 00 00", .out = "00000000 0000", .sense = TH_SENSE_LIST_LENGTH },
        { .what = "a4 0a 00000000 00000000 00 00" },
    } },
#define GROUPS(state1, how1, state7, how7) \
    "00000018 " state1 " cf 0001 00 " how1 " 00 01 0000 0001 " state7 " cf 0007 00 " how7 " 00 01 0000 0007"
    { "Target port groups: two of them, each with a state of its own", .on = { .two_ports = true }, .steps = {
        { "a3 0a 00000000 000000ff 00 00", .data = GROUPS("00", "00", "00", "00"), .len = 28 },
        { "a3 2a 00000000 000000ff 00 00", .nexus = 1, .data = "0000001c 10 00 0000 00 cf 0001", .len = 32 },
        { SET_GROUP("02", "0007") },
        { .what = READY },
        { READY, .nexus = 1, .sense = TH_SENSE_ACCESS_CHANGED },
        { READY, .nexus = 1, .sense = TH_SENSE_PORT_STANDBY },
        { READY, .nexus = 2, .sense = TH_SENSE_ACCESS_CHANGED },
        { READY, .nexus = 2 },
        { "a3 0a 00000000 000000ff 00 00", .nexus = 1, .data = GROUPS("00", "00", "02", "01"), .len = 28 },
        /* Through the one that stands by: both in one list, which is done as a whole or not at all. */
        { "a4 0a 00000000 0000000c 00 00", .out = "00000000 01 00 0001 05 00 0007", .nexus = 1, LIST_FIELD(8) },
        { "a4 0a 00000000 0000000c 00 00", .out = "00000000 01 00 0001 00 00 0002", .nexus = 1, LIST_FIELD(10) },
        { "a3 0a 00000000 000000ff 00 00", .data = GROUPS("00", "00", "02", "01"), .len = 28 },
        { "a4 0a 00000000 0000000c 00 00", .out = "00000000 01 00 0001 00 00 0007", .nexus = 1 },
        { READY, .sense = TH_SENSE_ACCESS_CHANGED },
        { .what = READY },
        { READY, .nexus = 1 },
        { "a3 0a 00000000 000000ff 00 00", .data = GROUPS("01", "01", "00", "01"), .len = 28 },
    } },
    { "Target port groups: offline, and back by the other one", .on = { .two_ports = true }, .steps = {
        { SET_GROUP("0e", "0007") },
        { READY, .nexus = 1, .sense = TH_SENSE_ACCESS_CHANGED },
        { READY, .nexus = 1, .sense = TH_SENSE_PORT_OFFLINE },
        { "12 00 00 0024 00", .nexus = 1, .len = 36 },
        { "a3 0a 00000000 000000ff 00 00", .nexus = 1, .data = GROUPS("00", "00", "0e", "01"), .len = 28 },
        { SET_GROUP("00", "0007"), .nexus = 1, .sense = TH_SENSE_PORT_OFFLINE },
        { SET_GROUP("0e", "0001"), LIST_FIELD(4) },     /* nobody could set them back */
        { "a4 0a 00000000 0000000c 00 00", .out = "00000000 00 00 0007 0e 00 0001" },   /* one for the other */
        { READY, .sense = TH_SENSE_PORT_OFFLINE },
        { READY, .nexus = 1, .sense = TH_SENSE_ACCESS_CHANGED },
        { READY, .nexus = 1 },
        { "a4 0a 00000000 0000000c 00 00", .out = "00000000 0e 00 0007 00 00 0001", .nexus = 1, LIST_FIELD(4) },
        { SET_GROUP("01", "0001"), .nexus = 1 },
        { READY, .sense = TH_SENSE_ACCESS_CHANGED },
        { .what = READY },
        { SET_GROUP("0f", "0007"), LIST_FIELD(4) },
    } },
    { "VPD pages 83 and 88: each target port", .on = { .two_ports = true }, .steps = {
        { "12 01 88 0400 00", .nexus = 1, .len = 4 + 2 * (12 + 4 + 40),
          .data = "00 88 0070 0000 0001 0000 0000 0000 002c 53 98 00 28"
                  "69716e2e323030342d30312e6f72672e6578616d706c653a726967 2c742c307830303031 00000000 0000 0007 0000 0000 0000 002c" },
    } },
    { "Target port groups: standby and unavailable", .steps = {
        { SET_GROUP("02", "0001") },
        { READY, .sense = TH_SENSE_PORT_STANDBY },
        { "28 00 00000000 00 0001 00", .sense = TH_SENSE_PORT_STANDBY },
        { "12 00 00 0024 00", .len = 36 },
        { "1a 08 0a 00 ff 00", .len = 16 },
        { SET_GROUP("03", "0001") },
        { READY, .sense = TH_SENSE_PORT_UNAVAILABLE },
        { "1a 08 0a 00 ff 00", .sense = TH_SENSE_PORT_UNAVAILABLE },
        { "a0 00 00 000000 00000010 00 00", .len = 16 },
        { "03 00 0000 ff 00", .data = "70 00 00" },
        { "a3 0a 00000000 000000ff 00 00", .data = "0000000c 03 8f 0001 00 01", .len = 16 },
        { SET_GROUP("00", "0001") },
        { .what = READY },
    } },
#endif
#if THIMBLE_SCSI_PREVENT
    { "PREVENT ALLOW MEDIUM REMOVAL: each session for itself", .on = { .removable = true }, .steps = {
        { .what = "1e 00 0000 01 00" },
        { "1e 00 0000 01 00", .nexus = 1 },
        { "1b 00 00 00 02 00", .sense = TH_SENSE_REMOVAL_PREVENTED },
        { .what = "1e 00 0000 00 00" },
        { "1b 00 00 00 02 00", .sense = TH_SENSE_REMOVAL_PREVENTED },
        { "nexus reset", .nexus = 1 },
        { .what = "1b 00 00 00 02 00" },
        { READY, .sense = TH_SENSE_NO_MEDIUM },
        { .what = "1b 00 00 00 03 00" },
        { .what = "1e 00 0000 01 00" },
        { .what = "lu reset" },
        { READY, .sense = TH_SENSE_DEVICE_RESET },
        { .what = "1b 00 00 00 02 00" },
        { "1e 00 0000 02 00", CDB_FIELD(4) },
    } },
#endif
#if THIMBLE_SCSI_DEFECTS
    { "READ DEFECT DATA: empty lists of any format", .steps = {
        { "37 00 1d 00000000 00ff 00", .data = "00 1d 0000", .len = 4 },
        { "b7 1d 00000000 000000ff 00 00", .data = "00 1d 0000 00000000", .len = 8 },
    } },
#endif
#if THIMBLE_SCSI_DIAGNOSTIC
    { "SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS", .steps = {
        { .what = "1d 04 00 0000 00" },
        { .what = "1d 14 00 0000 00" },
        { .what = "fail next" },
        { "1d 04 00 0000 00", .sense = TH_SENSE_READ_ERROR },
        { "1d 10 00 0004 00", .out = "00000000" },
        { "1d 10 00 0004 00", .out = "80000000", .sense = TH_SENSE_INVALID_LIST_FIELD },
        { "1d 10 00 0005 00", .out = "0000000100", LIST_FIELD(2) },
        { "1d 10 00 0003 00", .out = "000000", .sense = TH_SENSE_LIST_LENGTH },
        { "1d 04 00 0004 00", .out = "00000000", CDB_FIELD(3) },
        { "1d 24 00 0000 00", CDB_FIELD(1) },
        { "1c 01 00 00ff 00", .data = "00 00 0001 00", .len = 5 },
        { "1c 01 80 00ff 00", CDB_FIELD(2) },
        { "1c 00 00 00ff 00", .data = "00 00 0001 00", .len = 5 },
    } },
#endif
#if THIMBLE_SCSI_BUFFER == 512
    { "READ BUFFER and WRITE BUFFER", .steps = {
        { "3c 03 00 000000 000004 00", .data = "00 000200", .len = 4 },
        { "3c 0b 00 000000 000004 00", .data = "01 00 0200", .len = 4 },
        { "3c 0a 00 000000 000004 00", .sense = TH_SENSE_SEQUENCE },
        { "3b 0a 00 000000 000005 00", .out = "1122334455" },
        { "3c 0a 00 000000 0000ff 00", .data = "1122334455", .len = 5 },
        { "3b 02 00 0001fe 000002 00", .out = "aabb" },
        { "3c 02 00 0001fd 0000ff 00", .data = "00 aa bb", .len = 3 },
        { "3b 02 00 0001fe 000003 00", .out = "aabbcc", CDB_FIELD(6) },
        { "3b 02 00 000201 000000 00", CDB_FIELD(3) },
        { "3b 02 01 000000 000001 00", .out = "aa", CDB_FIELD(2) },
        { "3b 05 00 000000 000001 00", .out = "aa", CDB_FIELD(1) },
        { "3c 00 00 000000 0000ff 00", CDB_FIELD(1) },
    } },
#endif
#if THIMBLE_SCSI_TIMESTAMP
    { "REPORT and SET TIMESTAMP", .steps = {
        { "a3 0f 00000000 000000ff 00 00", .data = "000a 00 00 000000000000 0000", .len = 12 },
        { .what = "milliseconds 70000" },
        { "a3 0f 00000000 000000ff 00 00", .data = "000a 00 00 000000011170 0000", .len = 12 },
        { "a4 0f 00000000 0000000c 00 00", .out = "00000000 0190000000ff 0000" },
        { .what = "milliseconds 1" },
        { "a3 0f 00000000 000000ff 00 00", .data = "000a 02 00 019000000100 0000", .len = 12 },
        { READY, .nexus = 1, .sense = TH_SENSE_TIMESTAMP_CHANGED },
        { "a4 0f 00000000 0000000b 00 00", .out = "00000000 0190000000ff 00", .sense = TH_SENSE_LIST_LENGTH },
    } },
#endif
#if THIMBLE_SCSI_IDENT
#define REPORT_IDENT(type) "a3 05 00000000 000001ff " type " 00"
#define SET_IDENT(n, type) "a4 06 00000000 000000" n " " type " 00"
    { "Identifying information: kept for all, over a restart", .on = { .store = true }, .steps = {
        { REPORT_IDENT("fe"), .data = "0000 0008 00 00 0040 04 00 0100", .len = 12 },
        { REPORT_IDENT("00"), .data = "0000 0000", .len = 4 },
        { SET_IDENT("03", "00"), .out = "11 00 33" },
        { SET_IDENT("06", "04"), .out = "43 61 66 c3 a9 00" },
        { READY, .nexus = 1, .sense = TH_SENSE_IDENTIFIER_CHANGED },
        { REPORT_IDENT("00"), .nexus = 1, .data = "0000 0003 11 00 33", .len = 7 },
        { .what = "lu reset" },
        { READY, .sense = TH_SENSE_DEVICE_RESET },
        { .what = "restart" },
        { REPORT_IDENT("04"), .data = "0000 0006 43 61 66 c3 a9 00", .len = 10 },
        { "a3 05 00000000 00000005 00 00", .data = "0000 0003 11", .len = 5 },
        { .what = SET_IDENT("00", "00") },
        { READY, .nexus = 1, .sense = TH_SENSE_DEVICE_RESET },
        { READY, .nexus = 1, .sense = TH_SENSE_IDENTIFIER_CHANGED },
        { REPORT_IDENT("00"), .data = "0000 0000", .len = 4 },
        { .what = "kept 03 0" },
        { REPORT_IDENT("04"), .data = "0000 0006 43", .len = 10 },
    } },
    { "Identifying information: what cannot be, and a store that fails", .on = { .store = true }, .steps = {
        { SET_IDENT("41", "00"), CDB_FIELD(6) },
        { "a4 06 00000000 00000101 04 00", CDB_FIELD(6) },
        { SET_IDENT("01", "02"), CDB_FIELD(10) },
        { SET_IDENT("01", "fe"), CDB_FIELD(10) },
        { SET_IDENT("01", "01"), CDB_FIELD(10) },
        { REPORT_IDENT("06"), CDB_FIELD(10) },
        { SET_IDENT("02", "04"), .out = "41 42", LIST_FIELD(1) },
        { SET_IDENT("03", "04"), .out = "41 00 00", LIST_FIELD(2) },
        { SET_IDENT("02", "04"), .out = "41 00" },
        { READY, .nexus = 1, .sense = TH_SENSE_IDENTIFIER_CHANGED },
        { .what = "store fails" },
        { SET_IDENT("02", "04"), .out = "42 00", .sense = TH_SENSE_WRITE_ERROR },
        { READY, .nexus = 1 },
        { REPORT_IDENT("04"), .sense = TH_SENSE_INTERNAL_FAILURE },
        { .what = "store works" },
        { REPORT_IDENT("04"), .data = "0000 0002 41 00", .len = 6 },
        { .what = "spoil 04" },
        { REPORT_IDENT("04"), .sense = TH_SENSE_INTERNAL_FAILURE },
    } },
    { "Identifying information: not without a store", .steps = {
        { REPORT_IDENT("00"), CDB_FIELD(1) },
        { SET_IDENT("00", "00"), CDB_FIELD(1) },
    } },
#endif
#if THIMBLE_SCSI_OPCODES
    { "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", .steps = {
        { "a3 0d 00 000000 000000ff 00 00", .data = THIMBLE_RFC7144 ? "dc 07 00 00" : "d8 00 00 00", .len = 4 },
        { "a3 0d 80 000000 000000ff 00 00", .data = THIMBLE_RFC7144 ? "dc 07 00 0c" : "d8 00 00 0c", .len = 16 },
        { "a3 0d 00 000000 00000003 00 00", CDB_FIELD(6) },
    } },
#endif
#if THIMBLE_SCSI_VPD
    { "VPD 85: where the state can be seen, as long as it is known", .steps = {
        { "12 01 85 00ff 00", CDB_FIELD(2) },
        { .what = "url http://h" },
        { "12 01 00 00ff 00", .data = "00 00 000b 00 80 83 85 86 87 88 8f b0 b1 b2", .len = 15 },
        { "12 01 85 00ff 00", .data = "00 85 0010 43 00 000c 687474703a2f2f68 00000000", .len = 20 },
        { .what = "url http://ho/" },
        { "12 01 85 00ff 00", .data = "00 85 0010 43 00 000c 687474703a2f2f686f2f 0000", .len = 20 },
        { .what = "url " },
        { "12 01 85 00ff 00", CDB_FIELD(2) },
    } },
    { "VPD 87 and 88", .steps = {
        { "12 01 87 00ff 00", .data = "00 87 0004 3f ff 00 00", .len = 8 },
        { "12 01 88 00ff 00", .data = "00 88 0038 0000 0001 0000 0000 0000 002c 53 98 00 28 69716e2e" },
    } },
#endif
    { "MODE SENSE: no page is saved", .steps = {
        { "1a 08 ff ff ff 00", .sense = TH_SENSE_SAVING_UNSUPPORTED },
    } },
};

/* The unit is gone, and added anew with its store. */
static void restart(struct rig *rig)
{
    uint8_t buf[4096];

    while (thimble_delay_disk_run(&rig->delay, 1))
        ;
#if THIMBLE_WORK
    free(rig->lu.work.mem);
    memset(&rig->lu.work, 0, sizeof rig->lu.work);
#endif
    rig->lu.d_sense = rig->lu.software_protected = rig->lu.write_through = false;
    rig->lu.saved_mode = 0;
    assert_int_equal(th_scsi_lu_restore(&rig->lu, buf, sizeof buf), THIMBLE_OK);
}

/* What is not a command: things that happen to the unit, and looks at it. */
static void do_word(const char *title, struct rig *rig, const struct step *step,
                    const struct outcome *last)
{
    unsigned number = 0, count = 0;

    if (strcmp(step->what, "lu reset") == 0)
        th_scsi_lu_reset(&rig->lu, NULL);
    else if (strcmp(step->what, "nexus reset") == 0)
        th_scsi_nexus_reset(&rig->nexus[step->nexus]);
    else if (sscanf(step->what, "flushes %u", &number) == 1)
        assert_int_equal(rig->cache.flushes, number);
    else if (strcmp(step->what, "store fails") == 0)
        rig->store.result = THIMBLE_ERR_IO;
    else if (strcmp(step->what, "store works") == 0)
        rig->store.result = THIMBLE_OK;
    else if (sscanf(step->what, "kept %x %u", &number, &count) == 2)
        assert_int_equal(rig->store.kept[number].len, count);
    else if (sscanf(step->what, "spoil %x", &number) == 1)
        rig->store.kept[number].bytes[rig->store.kept[number].len - 1] ^= 1;
    else if (strcmp(step->what, "restart") == 0)
        restart(rig);
    else if (sscanf(step->what, "fill %u %u", &number, &count) == 2) {
        rig->cache.fill = (struct thimble_fill){ (uint64_t)number << TH_THRESHOLD_EXPONENT,
                                                 (uint64_t)count << TH_THRESHOLD_EXPONENT };
        th_scsi_lu_look(&rig->lu);
    } else if (sscanf(step->what, "milliseconds %u", &number) == 1)
        rig->target.clock_ms += number;
    else if (sscanf(step->what, "mended %u %u", &number, &count) == 2) {
        rig->cache.health.counted = true;
        rig->cache.health.writes = (struct thimble_health_requests){ number, count, number - count, 0 };
        rig->cache.health.reads = (struct thimble_health_requests){ 2 * number, 2 * count, 2 * (number - count), 0 };
    } else if (sscanf(step->what, "used %u", &number) == 1)
        rig->cache.health.used_percent = (uint8_t)number;
    else if (strcmp(step->what, "failing") == 0)
        rig->cache.health.failing = true;
    else if (strncmp(step->what, "url ", 4) == 0)
        rig->target.status_url = step->what + 4;
    else if (strcmp(step->what, "work") == 0)
        rig_work(rig);
    else if (strcmp(step->what, "fail next") == 0)
        rig->fault.fail_at = rig->fault.calls;
    else if (sscanf(step->what, "fail in %u", &number) == 1)
        rig->fault.fail_at = rig->fault.calls + number;
    else if (strcmp(step->what, "turn") == 0)
        th_scsi_lu_turn(&rig->lu);
    else if (strcmp(step->what, "stop") == 0)
        th_scsi_lu_stop(&rig->lu);
    else if (strcmp(step->what, "buffers") == 0)
        rig->no_param = false;
    else if (strcmp(step->what, "no buffers") == 0)
        rig->no_param = true;
    else if (strcmp(step->what, "medium in") == 0)
        rig->cache.ready = THIMBLE_OK;
    else if (strcmp(step->what, "medium out") == 0)
        rig->cache.ready = THIMBLE_ERR_NO_MEDIUM;
    else if (strcmp(step->what, "is read-only") == 0)
        rig->lu.read_only = true;
    else if (strcmp(step->what, "is not read-only") == 0)
        rig->lu.read_only = false;
    else if (strcmp(step->what, "another serial") == 0)
        rig->lu.block->serial = "OTHER";
    else if (strcmp(step->what, "its serial") == 0)
        rig->lu.block->serial = rig->options.serial;
    else if (strcmp(step->what, "untouched") == 0)
        assert_true(rig_blocks_untouched(rig, 0, 64));
    else if (sscanf(step->what, "zeros %u %u", &number, &count) == 2)
        assert_true(rig_blocks_are(rig, number, count, 0));
    else if (sscanf(step->what, "filled %x", &number) == 1)
        assert_true(rig_blocks_are(rig, 0, 64, (uint8_t)number));
    else if (sscanf(step->what, "sense %x", &number) == 1)
        assert_int_equal(last->sense_bytes[0], number);
    else
        fail_msg("%s: %s is no word", title, step->what);
}

static bool is_cdb(const char *what)
{
    return strspn(what, "0123456789abcdef ") == strlen(what);
}

static struct outcome run_command(struct rig *rig, const char *title, const struct step *step)
{
    static uint8_t out[65536];
    uint32_t out_len = 0;

    if (step->out)
        out_len = (uint32_t)from_hex(step->out, out, sizeof out);
    else if (step->out_blocks) {
        out_len = step->out_blocks << rig->options.block_shift;
        memset(out, 0x77, out_len);
    }
    struct rig_cmd *c = rig_submit(rig, &rig->nexus[step->nexus], &rig->lu, step->what, out, out_len);
    rig_wait(c);
    struct outcome o = rig_collect(c);
    expect_sense(title, &o, step->sense);
    if (step->byte && o.field != step->byte)
        fail_msg("%s: field pointer %d, not %d", title, o.field, step->byte);
    if (step->data)
        expect_data(title, &o, step->data);
    if (step->len && o.len != step->len)
        fail_msg("%s: %u bytes, not %u", title, (unsigned)o.len, (unsigned)step->len);
    return o;
}

static void run_script(const struct script *script, bool delayed)
{
    struct rig_options options = script->on;
    struct outcome last = { 0 };
    struct rig rig;

    options.delayed = delayed;
    rig_start(&rig, &options);
    for (unsigned i = 0; i < 24 && script->steps[i].what; i++) {
        const struct step *step = &script->steps[i];
        char title[256];
        snprintf(title, sizeof title, "%s, step %u (%s)%s", script->title, i + 1, step->what,
                 delayed ? ", delayed" : "");
        if (!is_cdb(step->what)) {
            do_word(title, &rig, step, &last);
            continue;
        }
        rig_forget(&last);
        last = run_command(&rig, title, step);
    }
    rig_forget(&last);
    rig_end(&rig);
}

static void test_script(void **state)
{
    run_script(*state, false);
    run_script(*state, true);
}

int main(void)
{
    enum { N = sizeof scripts / sizeof scripts[0] };
    static struct CMUnitTest tests[N];

    for (unsigned i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){
            .name = scripts[i].title, .test_func = test_script, .initial_state = (void *)&scripts[i],
        };
    return cmocka_run_group_tests_name("scsi scripts", tests, NULL, NULL);
}
