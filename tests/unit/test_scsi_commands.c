/* SPDX-License-Identifier: MIT
 *
 * test_scsi_commands.c: what each CDB is answered with.
 *
 * One row for each case.  Every row is run on a disk that answers at once and on one that
 * answers later, with data whole and block by block, and then once more for each of its disk
 * calls with that call failing.
 */
#include "scsi_rig.h"

struct row {
    const char *title;
    const char *cdb;
    struct rig_options on;

    const char *out;                    /* data-out as hex ... */
    uint32_t out_blocks;                /* ... or blocks of fill ... */
    uint8_t  fill;
    uint32_t out_medium;                /* ... or, first, as many blocks as the medium has at lba 0 */

    uint32_t sense;                     /* 0: GOOD */
    uint8_t  byte, bit;                 /* field pointer, if byte > 0 or the sense is 24/00 */
    const char *data;                   /* data-in begins so */
    uint32_t len;                       /* length of data-in */
    int64_t  info;                      /* INFORMATION; 0: not looked at; -1: must be 0 and valid */

    uint64_t changed_lba;               /* the blocks that changed ... */
    uint32_t n_changed;
    uint8_t  changed_to;                /* ... and what they hold */
    unsigned flushes;
};

#define GOOD .sense = TH_SENSE_NONE
#define BAD_CDB(at_byte, at_bit) \
    .sense = TH_SENSE_INVALID_CDB_FIELD, .byte = (at_byte), .bit = (at_bit)
#define WHOLE 255
#define NOWHERE 255                     /* the field pointer points nowhere */
#define OUT_OF_RANGE .sense = TH_SENSE_LBA_OUT_OF_RANGE
#define CD .on = { .cdrom = true }
#define DVD .on = { .cdrom = true, .claimed_blocks = 2298496 }     /* 4.7 GB */
#define CHANGES(lba, n, to) .changed_lba = (lba), .n_changed = (n), .changed_to = (to)

/* "THIMBLE " and "DISK" as INQUIRY has them */
#define VENDOR "5448494d424c4520"
#define PRODUCT "4449534b202020202020202020202020"

static const struct row rows[] = {
    /* TEST UNIT READY */
    { "TEST UNIT READY", "00 00 0000 00 00", GOOD },
    { "TEST UNIT READY with NACA", "00 00 0000 00 04", BAD_CDB(5, 2) },
    { "TEST UNIT READY with a vendor's control bits", "00 00 0000 00 c0", BAD_CDB(5, 7) },
    { "TEST UNIT READY with a reserved byte", "00 00 0001 00 00", BAD_CDB(3, 0) },

    /* REQUEST SENSE */
    { "REQUEST SENSE, nothing pending", "03 00 0000 ff 00",
      .data = "70 00 00 00000000 0a 00000000 00 00", .len = 18 },
    { "REQUEST SENSE in descriptor format", "03 01 0000 ff 00",
      .data = "72 00 00 00 000000 00", .len = 8 },
    { "REQUEST SENSE, descriptor format on a unit with D_SENSE is still DESC's matter",
      "03 00 0000 ff 00", .on = { .d_sense = true }, .data = "70", .len = 18 },
    { "REQUEST SENSE, allocation length 0", "03 00 0000 00 00", .len = 0 },
    { "REQUEST SENSE, allocation length 1", "03 00 0000 01 00", .data = "70", .len = 1 },

    /* INQUIRY */
    { "INQUIRY", "12 00 00 0060 00",
      .data = "00 00 06 12 5b 38 00 02" VENDOR PRODUCT "302e3120", .len = 96 },
    { "INQUIRY, more allocated than there is", "12 00 00 ffff 00", .len = 96 },
    { "INQUIRY, 36 bytes", "12 00 00 0024 00", .len = 36 },
    { "INQUIRY, 5 bytes", "12 00 00 0005 00", .data = "00 00 06 12 5b", .len = 5 },
    { "INQUIRY, 0 bytes", "12 00 00 0000 00", .len = 0 },
    { "INQUIRY of a removable disk", "12 00 00 0060 00", .on = { .removable = true },
      .data = "00 80", .len = 96 },
    { "INQUIRY with a page code and no EVPD", "12 00 80 00ff 00", BAD_CDB(2, WHOLE) },
    { "INQUIRY with CMDDT", "12 02 00 00ff 00", BAD_CDB(1, 1) },
    { "INQUIRY with a SCSI-2 LUN", "12 20 00 00ff 00", BAD_CDB(1, 5) },
    { "VPD 00", "12 01 00 00ff 00", .data = "00 00 000a 00 80 83 86 87 88 8f b0 b1 b2", .len = 14 },
    { "VPD 00, 4 bytes", "12 01 00 0004 00", .data = "00 00 000a", .len = 4 },
    { "VPD 80 of a disk with a serial number", "12 01 80 00ff 00", .on = { .serial = "S123" },
      .data = "00 80 0004 53313233", .len = 8 },
    { "VPD 80 of a disk without: 16 digits", "12 01 80 00ff 00", .data = "00 80 0010", .len = 20 },
    { "VPD 86", "12 01 86 00ff 00", .data = "00 86 003c 00 07 00 01", .len = 64 },
    { "VPD 86 with a write cache", "12 01 86 00ff 00", .on = { .cache = true },
      .data = "00 86 003c 00 07 01 01", .len = 64 },
    { "VPD B0", "12 01 b0 00ff 00",
      .data = "00 b0 003c 01 03 0001 007fffff 00000000 00000000 00100000 000000ff 00000000"
              "00000000 0000000000010000", .len = 64 },
    { "VPD B0 of 512e", "12 01 b0 00ff 00", .on = { .physical_shift = 3 },
      .data = "00 b0 003c 01 03 0008 007fffff 00000000 00000000 00100000 000000ff 00000008"
              "80000000 0000000000010000", .len = 64 },
    { "VPD B0 of 4Kn with the smallest parameter buffer: no COMPARE AND WRITE",
      "12 01 b0 00ff 00", .on = { .block_shift = 12 }, .data = "00 b0 003c 01 00 0001 000fffff",
      .len = 64 },
    { "VPD B0 with a big parameter buffer: COMPARE AND WRITE of 255 blocks",
      "12 01 b0 00ff 00", .on = { .param_bytes = 1u << 20 }, .data = "00 b0 003c 01 ff 0001",
      .len = 64 },
    { "VPD B0 without thin provisioning", "12 01 b0 00ff 00", .on = { .no_unmap = true },
      .data = "00 b0 003c 01 03 0001 007fffff 00000000 00000000 00000000 00000000 00000000"
              "00000000 0000000000010000", .len = 64 },
    { "VPD B0 of a disk that writes 8 blocks whole", "12 01 b0 00ff 00",
      .on = { .atomic_blocks = 8 },
      .data = "00 b0 003c 01 03 0001 007fffff 00000000 00000000 00100000 000000ff 00000000"
              "00000000 0000000000010000 00000008 00000008 00000008 00000000 00000000",
      .len = 64 },
    { "VPD B1: it does not turn, and VERIFY knows unmapped blocks", "12 01 b1 00ff 00",
      .data = "00 b1 003c 0001 00 40 01", .len = 64 },
    { "VPD B1 without thin provisioning", "12 01 b1 00ff 00", .on = { .no_unmap = true },
      .data = "00 b1 003c 0001 00 40 00", .len = 64 },
    { "VPD B2", "12 01 b2 00ff 00", .data = "00 b2 0004 00 e4 02 00", .len = 8 },
    { "VPD B2 without thin provisioning", "12 01 b2 00ff 00", .on = { .no_unmap = true },
      .data = "00 b2 0004 00 00 00 00", .len = 8 },
    { "VPD B9: not ours", "12 01 b9 00ff 00", BAD_CDB(2, WHOLE) },
    { "VPD FF: not ours", "12 01 ff 00ff 00", BAD_CDB(2, WHOLE) },

    /* MODE SENSE */
    { "MODE SENSE(6), all pages", "1a 00 3f 00 ff 00",
      .data = "7b 00 10 08 00000040 00 000200 01 0a 00", .len = 124 },
    { "MODE SENSE(6), all pages and subpages", "1a 00 3f ff ff 00", .len = 156 },
    { "MODE SENSE(6), write-protected", "1a 00 3f 00 ff 00", .on = { .read_only = true },
      .data = "7b 00 90 08", .len = 124 },
    { "MODE SENSE(6), a disk that cannot write", "1a 00 3f 00 ff 00", .on = { .no_write = true },
      .data = "7b 00 90 08", .len = 124 },
    { "MODE SENSE(6), caching", "1a 08 08 00 ff 00", .data = "17 00 10 00 08 12 00", .len = 24 },
    { "MODE SENSE(6), caching with a write cache", "1a 08 08 00 ff 00", .on = { .cache = true },
      .data = "17 00 10 00 08 12 04", .len = 24 },
    { "MODE SENSE(6), caching, changeable: WCE", "1a 08 48 00 ff 00", .on = { .cache = true },
      .data = "17 00 10 00 08 12 040000000000000000000000000000000000", .len = 24 },
    { "MODE SENSE(6), caching, default", "1a 08 88 00 ff 00", .on = { .cache = true },
      .data = "17 00 10 00 08 12 04", .len = 24 },
    { "MODE SENSE(6), caching, saved", "1a 08 c8 00 ff 00", .sense = TH_SENSE_SAVING_UNSUPPORTED },
    { "MODE SENSE(6), control", "1a 08 0a 00 ff 00",
      .data = "0f 00 10 00 0a 0a 02 10 00 00 0000 ffff 0000", .len = 16 },
    { "MODE SENSE(6), control with D_SENSE", "1a 08 0a 00 ff 00", .on = { .d_sense = true },
      .data = "0f 00 10 00 0a 0a 06", .len = 16 },
    { "MODE SENSE(6), control with D_SENSE, default", "1a 08 8a 00 ff 00",
      .on = { .d_sense = true }, .data = "0f 00 10 00 0a 0a 02", .len = 16 },
    { "MODE SENSE(6), control, changeable: D_SENSE, SWP, TAS", "1a 08 4a 00 ff 00",
      .data = "0f 00 10 00 0a 0a 04000840000000000000", .len = 16 },
    { "MODE SENSE(6), control and its subpages", "1a 08 0a ff ff 00",
      .data = "2f 00 10 00 0a 0a 02 10 0000 0000 ffff 0000 4a 01 001c", .len = 48 },
    { "MODE SENSE(6), control extension", "1a 08 0a 01 ff 00",
      .data = "23 00 10 00 4a 01 001c 00000000", .len = 36 },
    { "MODE SENSE(6), 4 bytes", "1a 00 3f 00 04 00", .data = "7b 00 10 08", .len = 4 },
    { "MODE SENSE(6), 0 bytes", "1a 00 3f 00 00 00", .len = 0 },
    { "MODE SENSE(6), a page that is not there", "1a 00 1b 00 ff 00", BAD_CDB(2, 5) },
    { "MODE SENSE(6), a subpage that is not there", "1a 00 0a 02 ff 00", BAD_CDB(3, WHOLE) },
    { "MODE SENSE(6), reserved subpage of all pages", "1a 00 3f 01 ff 00", BAD_CDB(3, WHOLE) },
    { "MODE SENSE(6) with LLBAA", "1a 10 3f 00 ff 00", BAD_CDB(1, 4) },
    { "MODE SENSE(10), all pages", "5a 00 3f 00 000000 00ff 00",
      .data = "007e 00 10 00 00 0008 00000040 00 000200 01 0a 00", .len = 128 },
    { "MODE SENSE(10), long block descriptor", "5a 10 3f 00 000000 00ff 00",
      .data = "0086 00 10 01 00 0010 0000000000000040 00000000 00000200 01 0a 00", .len = 136 },
    { "MODE SENSE(10), no block descriptor", "5a 18 3f 00 000000 00ff 00",
      .data = "0076 00 10 01 00 0000 01 0a 00", .len = 120 },
    { "MODE SENSE(10) of 3 TiB: the short descriptor is full", "5a 00 08 00 000000 00ff 00",
      .on = { .claimed_blocks = UINT64_C(0x180000000) },
      .data = "0022 00 10 00 00 0008 ffffffff 00 000200 08 12 00" },
    { "MODE SENSE(10) of 3 TiB, long descriptor", "5a 10 08 00 000000 00ff 00",
      .on = { .claimed_blocks = UINT64_C(0x180000000) },
      .data = "002a 00 10 01 00 0010 0000000180000000 00000000 00000200 08 12 00" },
    { "MODE SENSE(10), 2 bytes", "5a 00 3f 00 000000 0002 00", .data = "007e", .len = 2 },

    /* REPORT LUNS */
    { "REPORT LUNS", "a0 00 00 000000 00001000 00 00",
      .data = "00000008 00000000 0000000000000000", .len = 16 },
#if THIMBLE_SCSI_WELL_KNOWN
    { "REPORT LUNS, all", "a0 00 02 000000 00001000 00 00",
      .data = "00000010 00000000 0000000000000000 c101000000000000", .len = 24 },
    { "REPORT LUNS, well known ones", "a0 00 01 000000 00001000 00 00",
      .data = "00000008 00000000 c101000000000000", .len = 16 },
    { "REPORT LUNS, administrative ones", "a0 00 10 000000 00001000 00 00", .data = "00000000 00000000", .len = 8 },
    { "REPORT LUNS, and what is no part of one", "a0 00 11 000000 00001000 00 00",
      .data = "00000008 00000000 0000000000000000", .len = 16 },
    { "REPORT LUNS, the parts of LUN 0", "a0 00 12 000000 00001000 00 00", .data = "00000000 00000000", .len = 8 },
#else
    { "REPORT LUNS, all", "a0 00 02 000000 00001000 00 00", .data = "00000008", .len = 16 },
    { "REPORT LUNS, well known ones", "a0 00 01 000000 00001000 00 00",
      .data = "00000000 00000000", .len = 8 },
#endif
    { "REPORT LUNS, reserved", "a0 00 03 000000 00001000 00 00", BAD_CDB(2, WHOLE) },
    { "REPORT LUNS, reserved (13h)", "a0 00 13 000000 00001000 00 00", BAD_CDB(2, WHOLE) },
    { "REPORT LUNS, 4 bytes", "a0 00 00 000000 00000004 00 00", .data = "00000008", .len = 4 },
    { "REPORT LUNS, 0 bytes", "a0 00 00 000000 00000000 00 00", .len = 0 },
    { "REPORT LUNS, 4 GiB allocated", "a0 00 00 000000 ffffffff 00 00", .len = 16 },

    /* READ CAPACITY */
    { "READ CAPACITY(10)", "25 00 00000000 0000 00 00", .data = "0000003f 00000200", .len = 8 },
    { "READ CAPACITY(10) of 4Kn", "25 00 00000000 0000 00 00", .on = { .block_shift = 12 },
      .data = "0000003f 00001000", .len = 8 },
    { "READ CAPACITY(10) of 2 TiB less a block", "25 00 00000000 0000 00 00",
      .on = { .claimed_blocks = UINT64_C(0xffffffff) }, .data = "fffffffe 00000200" },
    { "READ CAPACITY(10) of 2 TiB", "25 00 00000000 0000 00 00",
      .on = { .claimed_blocks = UINT64_C(0x100000000) }, .data = "ffffffff 00000200" },
    { "READ CAPACITY(10) of 3 TiB", "25 00 00000000 0000 00 00",
      .on = { .claimed_blocks = UINT64_C(0x180000000) }, .data = "ffffffff 00000200" },
    { "READ CAPACITY(10) with PMI", "25 00 00000000 0000 01 00", BAD_CDB(8, 0) },
    { "READ CAPACITY(16)", "9e 10 0000000000000000 00000020 00 00",
      .data = "000000000000003f 00000200 00 00 c0 00", .len = 32 },
    { "READ CAPACITY(16) of 512e, not thin", "9e 10 0000000000000000 00000020 00 00",
      .on = { .physical_shift = 3, .no_unmap = true },
      .data = "000000000000003f 00000200 00 03 00 00", .len = 32 },
    { "READ CAPACITY(16) of 3 TiB", "9e 10 0000000000000000 00000020 00 00",
      .on = { .claimed_blocks = UINT64_C(0x180000000) }, .data = "000000017fffffff 00000200" },
    { "READ CAPACITY(16), 15 bytes", "9e 10 0000000000000000 0000000f 00 00", .len = 15 },
    { "READ CAPACITY(16), 1 byte", "9e 10 0000000000000000 00000001 00 00", .len = 1 },
    { "READ CAPACITY(16), 0 bytes", "9e 10 0000000000000000 00000000 00 00", .len = 0 },
    { "GET LBA STATUS of a disk that cannot tell", "9e 12 0000000000000000 00001000 00 00",
      .data = "00000014 00000000 0000000000000000 00000040 00 000000", .len = 24 },
    { "GET LBA STATUS, four runs", "9e 12 0000000000000000 00001000 00 00",
      .on = { .run_blocks = 16 }, .len = 72,
      .data = "00000044 00000000 0000000000000000 00000010 00 000000"
              "0000000000000010 00000010 01 000000 0000000000000020 00000010 00 000000"
              "0000000000000030 00000010 01 000000" },
    { "GET LBA STATUS from inside a run", "9e 12 0000000000000035 00001000 00 00",
      .on = { .run_blocks = 16 }, .len = 24,
      .data = "00000014 00000000 0000000000000035 0000000b 01 000000" },
    { "GET LBA STATUS, room for one", "9e 12 0000000000000000 00000018 00 00",
      .on = { .run_blocks = 16 }, .len = 24,
      .data = "00000014 00000000 0000000000000000 00000010" },
    { "GET LBA STATUS of more runs than one answer tells",
      "9e 12 0000000000000000 00001000 00 00", .on = { .size_blocks = 200, .run_blocks = 1 },
      .data = "00000404", .len = 1032 },
    { "GET LBA STATUS, 0 bytes", "9e 12 0000000000000000 00000000 00 00", .len = 0 },
    { "GET LBA STATUS of the last block", "9e 12 000000000000003f 00001000 00 00",
      .data = "00000014 00000000 000000000000003f 00000001 00", .len = 24 },
    { "GET LBA STATUS beyond", "9e 12 0000000000000040 00001000 00 00", OUT_OF_RANGE },
    { "SERVICE ACTION IN(16) that is not there", "9e 11 0000000000000000 00000020 00 00",
      BAD_CDB(1, 4) },

    /* Opcodes */
    { "an opcode that is not there", "c1 00 0000 00 00", .sense = TH_SENSE_INVALID_OPCODE },
    { "the opcode before all others that are not there", "01 00 0000 00 00",
      .sense = TH_SENSE_INVALID_OPCODE },
    { "the last opcode", "ff 00 0000 00 00", .sense = TH_SENSE_INVALID_OPCODE },
    { "READ BUFFER, as ESXi probes", "3c 00 0000 00 00", BAD_CDB(1, 4) },

    /* READ */
    { "READ(6) of one block", "08 00 0001 01 00", .data = "26 31", .len = 512 },
    { "READ(6) of 256 blocks by 0", "08 00 0000 00 00", .on = { .size_blocks = 300 },
      .data = "01 0c", .len = 256 * 512 },
    { "READ(6) of 256 blocks, less there", "08 00 0000 00 00", OUT_OF_RANGE },
    { "READ(6) beyond the end", "08 00 0040 01 00", OUT_OF_RANGE },
    { "READ(10) of all", "28 00 00000000 00 0040 00", .data = "01 0c", .len = 64 * 512 },
    { "READ(10) of the last block", "28 00 0000003f 00 0001 00", .len = 512 },
    { "READ(10) one block too many", "28 00 0000003f 00 0002 00", OUT_OF_RANGE },
    { "READ(10) far beyond", "28 00 ffffffff 00 0001 00", OUT_OF_RANGE },
    { "READ(10) of nothing at 0", "28 00 00000000 00 0000 00", .len = 0 },
    { "READ(10) of nothing at the end", "28 00 00000040 00 0000 00", .len = 0 },
    { "READ(10) of nothing behind the end", "28 00 00000041 00 0000 00", OUT_OF_RANGE },
    { "READ(10) with DPO and FUA", "28 18 00000000 00 0001 00", .len = 512 },
    { "READ(10) with FUA_NV", "28 02 00000000 00 0001 00", .len = 512 },
    { "READ(10) with a group number", "28 00 00000000 1f 0001 00", .len = 512 },
    { "READ(10) with RDPROTECT", "28 20 00000000 00 0001 00", BAD_CDB(1, 5) },
    { "READ(10) with RDPROTECT 7", "28 e0 00000000 00 0001 00", BAD_CDB(1, 7) },
    { "READ(10) with RELADR", "28 01 00000000 00 0001 00", BAD_CDB(1, 0) },
    { "READ(12)", "a8 00 00000001 00000002 00 00", .data = "26 31", .len = 1024 },
    { "READ(12) too many", "a8 00 00000001 ffffffff 00 00", OUT_OF_RANGE },
    { "READ(16)", "88 00 0000000000000001 00000002 00 00", .data = "26 31", .len = 1024 },
    { "READ(16) at 2^63", "88 00 8000000000000000 00000001 00 00", OUT_OF_RANGE },
    { "READ(16) that wraps", "88 00 ffffffffffffffff 00000002 00 00", OUT_OF_RANGE },
    { "READ(16) of 4 GiB: more than can be transferred", "88 00 0000000000000000 00800000 00 00",
      .on = { .claimed_blocks = 0x800000 }, BAD_CDB(10, WHOLE) },
    { "READ(12) of 4 GiB: more than can be transferred", "a8 00 00000000 00800000 00 00",
      .on = { .claimed_blocks = 0x800000 }, BAD_CDB(6, WHOLE) },
    { "READ(16) with rebuild assist", "88 04 0000000000000000 00000001 00 00", BAD_CDB(1, 2) },
    { "READ(10) of 4Kn", "28 00 00000001 00 0001 00", .on = { .block_shift = 12 },
      .data = "26 31", .len = 4096 },

    /* WRITE */
    { "WRITE(6)", "0a 00 0001 02 00", .out_blocks = 2, .fill = 0xee, CHANGES(1, 2, 0xee) },
    { "WRITE(10)", "2a 00 00000005 00 0003 00", .out_blocks = 3, .fill = 0xee,
      CHANGES(5, 3, 0xee) },
    { "WRITE(10) of the last block", "2a 00 0000003f 00 0001 00", .out_blocks = 1, .fill = 0xee,
      CHANGES(63, 1, 0xee) },
    { "WRITE(10) one block too many", "2a 00 0000003f 00 0002 00", .out_blocks = 2,
      OUT_OF_RANGE },
    { "WRITE(10) of nothing", "2a 00 00000000 00 0000 00", GOOD },
    { "WRITE(10) of nothing behind the end", "2a 00 00000041 00 0000 00", OUT_OF_RANGE },
    { "WRITE(10) to a write-protected unit", "2a 00 00000000 00 0001 00",
      .on = { .read_only = true }, .out_blocks = 1, .sense = TH_SENSE_WRITE_PROTECTED },
    { "WRITE(10) to a disk that cannot", "2a 00 00000000 00 0001 00",
      .on = { .no_write = true }, .out_blocks = 1, .sense = TH_SENSE_WRITE_PROTECTED },
    { "WRITE(10) through the cache: no flush", "2a 00 00000005 00 0003 00",
      .on = { .cache = true }, .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee) },
    { "WRITE(10) with FUA: a flush", "2a 08 00000005 00 0003 00", .on = { .cache = true },
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee), .flushes = 1 },
    { "WRITE(10) with FUA without a cache", "2a 08 00000005 00 0003 00",
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee) },
    { "WRITE(10) with FUA_NV only", "2a 02 00000005 00 0003 00", .on = { .cache = true },
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee) },
    { "WRITE(10) with WRPROTECT", "2a 20 00000005 00 0003 00", BAD_CDB(1, 5) },
    { "WRITE(12) with FUA", "aa 08 00000005 00000003 00 00", .on = { .cache = true },
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee), .flushes = 1 },
    { "WRITE(16) with FUA", "8a 08 0000000000000005 00000003 00 00", .on = { .cache = true },
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee), .flushes = 1 },
    { "WRITE(16) at -1", "8a 00 ffffffffffffffff 00000001 00 00", .out_blocks = 1,
      OUT_OF_RANGE },
    { "WRITE AND VERIFY(10)", "2e 00 00000005 00 0003 00", .on = { .cache = true },
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee), .flushes = 1 },
    { "WRITE AND VERIFY(10) with BYTCHK", "2e 02 00000005 00 0003 00",
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee) },
    { "WRITE(10) to a disk that forgets: nobody looked", "2a 00 00000005 00 0003 00",
      .on = { .forgets = true }, .out_blocks = 3, .fill = 0xee },
    { "WRITE AND VERIFY(10) to a disk that forgets", "2e 00 00000005 00 0003 00",
      .on = { .forgets = true }, .out_blocks = 3, .fill = 0xee, .sense = TH_SENSE_MISCOMPARE },
    { "WRITE AND VERIFY(10) with DPO", "2e 10 00000005 00 0003 00",
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee) },
    { "WRITE AND VERIFY(10) with BYTCHK 10b", "2e 04 00000005 00 0003 00", BAD_CDB(1, 2) },
    { "WRITE AND VERIFY(10) with BYTCHK 11b", "2e 06 00000005 00 0003 00", BAD_CDB(1, 2) },
    { "WRITE AND VERIFY(12)", "ae 00 00000005 00000003 00 00",
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee) },
    { "WRITE AND VERIFY(16)", "8e 00 0000000000000005 00000003 00 00",
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee) },
    { "WRITE AND VERIFY(16) beyond", "8e 00 0000000000000040 00000001 00 00", OUT_OF_RANGE },

    /* VERIFY */
    { "VERIFY(10) of all", "2f 00 00000000 00 0040 00", GOOD },
    { "VERIFY(10) of nothing", "2f 00 00000000 00 0000 00", GOOD },
    { "VERIFY(10) of nothing behind the end", "2f 02 00000041 00 0000 00", OUT_OF_RANGE },
    { "VERIFY(10), BYTCHK 01b, same", "2f 02 00000000 00 0008 00", .out_medium = 8 },
    { "VERIFY(10), BYTCHK 01b, not the same", "2f 02 00000004 00 0004 00", .out_medium = 4,
      .sense = TH_SENSE_MISCOMPARE, .info = -1 },
    { "VERIFY(10), BYTCHK 10b", "2f 04 00000000 00 0001 00", BAD_CDB(1, 2) },
    { "VERIFY(10), BYTCHK 11b, one block for one", "2f 06 00000000 00 0001 00",
      .out_medium = 1 },
    { "VERIFY(10), BYTCHK 11b, the next block differs", "2f 06 00000000 00 0002 00",
      .out_medium = 1, .sense = TH_SENSE_MISCOMPARE, .info = -1 },
    { "VERIFY(10), BYTCHK 11b, no room", "2f 06 00000000 00 0001 00",
      .on = { .block_shift = 12 }, BAD_CDB(1, 2) },
    { "VERIFY(10) with DPO", "2f 10 00000000 00 0001 00", GOOD },
    { "VERIFY(10) with VRPROTECT", "2f 20 00000000 00 0001 00", BAD_CDB(1, 5) },
    { "VERIFY(10) beyond", "2f 00 0000003f 00 0002 00", OUT_OF_RANGE },
    { "VERIFY(12), BYTCHK 01b, same", "af 02 00000000 00000003 00 00", .out_medium = 3 },
    { "VERIFY(16), BYTCHK 01b, same", "8f 02 0000000000000000 00000003 00 00",
      .out_medium = 3 },
    { "VERIFY(16) on a write-protected unit", "8f 02 0000000000000000 00000003 00 00",
      .on = { .read_only = true }, .out_medium = 3 },
    { "VERIFY(16) of 4Kn, block by block", "8f 00 0000000000000000 00000010 00 00",
      .on = { .block_shift = 12 } },

    /* ORWRITE, WRITE ATOMIC */
    { "ORWRITE(16) of ones", "8b 00 0000000000000005 00000003 00 00", .out_blocks = 3,
      .fill = 0xff, CHANGES(5, 3, 0xff) },
    { "ORWRITE(16) of zeros changes nothing", "8b 00 0000000000000005 00000003 00 00",
      .out_blocks = 3, .fill = 0 },
    { "ORWRITE(16) with FUA", "8b 08 0000000000000005 00000003 00 00", .on = { .cache = true },
      .out_blocks = 3, .fill = 0xff, CHANGES(5, 3, 0xff), .flushes = 1 },
    { "ORWRITE(16) of nothing", "8b 00 0000000000000005 00000000 00 00", GOOD },
    { "ORWRITE(16) beyond", "8b 00 000000000000003f 00000002 00 00", .out_blocks = 2,
      OUT_OF_RANGE },
    { "ORWRITE(16) with ORPROTECT", "8b 20 0000000000000005 00000003 00 00", BAD_CDB(1, 5) },
    { "ORWRITE(16) to a write-protected unit", "8b 00 0000000000000005 00000003 00 00",
      .on = { .read_only = true }, .out_blocks = 3, .sense = TH_SENSE_WRITE_PROTECTED },
    { "WRITE ATOMIC(16)", "9c 00 0000000000000008 0000 0008 00 00", .on = { .atomic_blocks = 8 },
      .out_blocks = 8, .fill = 0xee, CHANGES(8, 8, 0xee) },
    { "WRITE ATOMIC(16) with FUA and DPO", "9c 18 0000000000000008 0000 0008 00 00",
      .on = { .atomic_blocks = 8, .cache = true }, .out_blocks = 8, .fill = 0xee,
      CHANGES(8, 8, 0xee), .flushes = 1 },
    { "WRITE ATOMIC(16) of nothing", "9c 00 0000000000000008 0000 0000 00 00",
      .on = { .atomic_blocks = 8 } },
    { "WRITE ATOMIC(16) that is not aligned", "9c 00 0000000000000009 0000 0008 00 00",
      .on = { .atomic_blocks = 8 }, .out_blocks = 8, BAD_CDB(2, WHOLE) },
    { "WRITE ATOMIC(16) of a part", "9c 00 0000000000000008 0000 0004 00 00",
      .on = { .atomic_blocks = 8 }, .out_blocks = 4, BAD_CDB(12, WHOLE) },
    { "WRITE ATOMIC(16) of two", "9c 00 0000000000000008 0000 0010 00 00",
      .on = { .atomic_blocks = 8 }, .out_blocks = 16, BAD_CDB(12, WHOLE) },
    { "WRITE ATOMIC(16) with a boundary", "9c 00 0000000000000008 0008 0008 00 00",
      .on = { .atomic_blocks = 8 }, .out_blocks = 8, BAD_CDB(11, 3) },
    { "WRITE ATOMIC(16) beyond", "9c 00 0000000000000040 0000 0008 00 00",
      .on = { .atomic_blocks = 8 }, .out_blocks = 8, OUT_OF_RANGE },
    { "WRITE ATOMIC(16) with less data", "9c 00 0000000000000008 0000 0008 00 00",
      .on = { .atomic_blocks = 8 }, .out_blocks = 7, .sense = TH_SENSE_INVALID_CDB_FIELD,
      .byte = NOWHERE },
    { "WRITE ATOMIC(16) where nothing is promised", "9c 00 0000000000000008 0000 0008 00 00",
      .out_blocks = 8, .sense = TH_SENSE_INVALID_OPCODE },
    { "WRITE ATOMIC(16) of more than there is room for", "9c 00 0000000000000010 0000 0010 00 00",
      .on = { .atomic_blocks = 16 }, .out_blocks = 16, .sense = TH_SENSE_INVALID_OPCODE },

    /* READ LONG, WRITE LONG: there are no bytes beside the data */
    { "READ LONG(10)", "3e 00 00000000 00 0200 00", .sense = TH_SENSE_INVALID_OPCODE },
    { "WRITE LONG(10)", "3f 00 00000000 00 0200 00", .out_blocks = 1,
      .sense = TH_SENSE_INVALID_OPCODE },
    { "WRITE LONG(16)", "9f 11 0000000000000000 0000 0200 00 00", .out_blocks = 1,
      .sense = TH_SENSE_INVALID_OPCODE },

    /* CDBs of 32 bytes */
#define LONG(action, flags) "7f 00 00000000 00 18 " action flags " 00 "
#define ORWRITE32(bmop, policy, flags, expected, new, n_blocks) \
    "7f 00 " bmop policy "0000 00 18 000e " flags " 00 0000000000000005 " expected new n_blocks
    { "READ(32)", LONG("0009", "00") "0000000000000001 00000000 0000 0000 00000002",
      .data = "26 31", .len = 1024 },
    { "READ(32) with DPO and FUA", LONG("0009", "18")
      "0000000000000001 00000000 0000 0000 00000002", .data = "26 31", .len = 1024 },
    { "READ(32), tags of protection information are ignored", LONG("0009", "00")
      "0000000000000001 ffffffff ffff ffff 00000002", .data = "26 31", .len = 1024 },
    { "READ(32) with RDPROTECT", LONG("0009", "20")
      "0000000000000001 00000000 0000 0000 00000002", BAD_CDB(10, 5) },
    { "READ(32) with a group", "7f 00 00000000 1f 18 0009 00 00"
      "0000000000000001 00000000 0000 0000 00000001", .data = "26 31", .len = 512 },
    { "READ(32) with a reserved byte", "7f 00 00010000 00 18 0009 00 00"
      "0000000000000001 00000000 0000 0000 00000001", BAD_CDB(3, 0) },
    { "READ(32) with NACA", "7f 04 00000000 00 18 0009 00 00"
      "0000000000000001 00000000 0000 0000 00000001", BAD_CDB(1, 2) },
    { "READ(32) beyond", LONG("0009", "00") "000000000000003f 00000000 0000 0000 00000002",
      OUT_OF_RANGE },
    { "READ(32) of 4 GiB: more than can be transferred", LONG("0009", "00")
      "0000000000000000 00000000 0000 0000 00800000", .on = { .claimed_blocks = 0x800000 },
      BAD_CDB(28, WHOLE) },
    { "READ(32) of which 16 bytes came", "7f 00 00000000 00 18 0009 00 00 00000000",
      BAD_CDB(7, WHOLE) },
    { "READ(32) with a wrong additional length", "7f 00 00000000 00 10 0009 00 00"
      "0000000000000001 00000000 0000 0000 00000001", BAD_CDB(7, WHOLE) },
    { "READ(32) with no additional length", "7f 00 00000000 00 00 0009 00 00"
      "0000000000000001 00000000 0000 0000 00000001", BAD_CDB(7, WHOLE) },
    { "a service action of 32 bytes that is not there", LONG("0109", "00")
      "0000000000000001 00000000 0000 0000 00000002", BAD_CDB(8, WHOLE) },
    { "WRITE(32)", LONG("000b", "00") "0000000000000005 00000000 0000 0000 00000003",
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee) },
    { "WRITE(32) with FUA", LONG("000b", "08") "0000000000000005 00000000 0000 0000 00000003",
      .on = { .cache = true }, .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee),
      .flushes = 1 },
    { "WRITE(32) with WRPROTECT", LONG("000b", "20")
      "0000000000000005 00000000 0000 0000 00000003", .out_blocks = 3, BAD_CDB(10, 5) },
    { "WRITE(32) to a write-protected unit", LONG("000b", "00")
      "0000000000000005 00000000 0000 0000 00000003", .on = { .read_only = true },
      .out_blocks = 3, .sense = TH_SENSE_WRITE_PROTECTED },
    { "ORWRITE(32) of ones", ORWRITE32("00", "00", "00", "00000000", "00000000", "00000003"), .out_blocks = 3,
      .fill = 0xff, CHANGES(5, 3, 0xff) },
    { "ORWRITE(32) of zeros changes nothing", ORWRITE32("00", "00", "00", "00000000", "00000000", "00000003"),
      .out_blocks = 3, .fill = 0 },
    { "ORWRITE(32) with FUA and DPO", ORWRITE32("00", "00", "18", "00000000", "00000000", "00000003"),
      .on = { .cache = true }, .out_blocks = 3, .fill = 0xff, CHANGES(5, 3, 0xff), .flushes = 1 },
    { "ORWRITE(32) of nothing", ORWRITE32("00", "00", "00", "00000000", "00000000", "00000000"), GOOD },
    { "ORWRITE(32), set: what is about changing the generation is ignored",
      ORWRITE32("00", "0f", "00", "00000000", "ffffffff", "00000003"), .out_blocks = 3, .fill = 0xff,
      CHANGES(5, 3, 0xff) },
    { "ORWRITE(32), set, of another generation", ORWRITE32("00", "00", "00", "00000001", "00000000", "00000003"),
      .out_blocks = 3, .fill = 0xff, .sense = TH_SENSE_ORWRITE_GENERATION },
    { "ORWRITE(32), clear", ORWRITE32("01", "00", "00", "00000000", "00000001", "00000003"), .out_blocks = 3,
      .fill = 0, CHANGES(5, 3, 0) },
    { "ORWRITE(32), clear, of another generation", ORWRITE32("01", "00", "00", "00000001", "00000002", "00000003"),
      .out_blocks = 3, .fill = 0, .sense = TH_SENSE_ORWRITE_GENERATION },
    { "ORWRITE(32), clear nothing, of another generation",
      ORWRITE32("01", "00", "00", "00000001", "00000002", "00000000"), .sense = TH_SENSE_ORWRITE_GENERATION },
    { "ORWRITE(32), clear with a reserved policy", ORWRITE32("01", "01", "00", "00000000", "00000001", "00000003"),
      .out_blocks = 3, BAD_CDB(3, 3) },
    { "ORWRITE(32), a reserved operation", ORWRITE32("02", "00", "00", "00000000", "00000001", "00000003"),
      .out_blocks = 3, BAD_CDB(2, 2) },
    { "ORWRITE(32) with ORPROTECT", ORWRITE32("00", "00", "20", "00000000", "00000000", "00000003"),
      .out_blocks = 3, BAD_CDB(10, 5) },
    { "ORWRITE(32) beyond", ORWRITE32("00", "00", "00", "00000000", "00000000", "0000003c"), OUT_OF_RANGE },
    { "ORWRITE(32) of all that a parameter buffer holds", ORWRITE32("00", "00", "00", "00000000", "00000000", "00000007"),
      .out_blocks = 7, .fill = 0xff, CHANGES(5, 7, 0xff) },
    { "ORWRITE(32) of more", ORWRITE32("00", "00", "00", "00000000", "00000000", "00000008"), .out_blocks = 8,
      BAD_CDB(28, WHOLE) },
    { "ORWRITE(32) with less data", ORWRITE32("00", "00", "00", "00000000", "00000000", "00000003"),
      .out_blocks = 2, .sense = TH_SENSE_INVALID_CDB_FIELD, .byte = NOWHERE },
    { "ORWRITE(32) on 4Kn without room for it", ORWRITE32("00", "00", "00", "00000000", "00000000", "00000001"),
      .on = { .block_shift = 12 }, .out_blocks = 1, BAD_CDB(8, WHOLE) },
    { "ORWRITE(32) on 4Kn", ORWRITE32("00", "00", "00", "00000000", "00000000", "00000001"),
      .on = { .block_shift = 12, .param_bytes = 8192 }, .out_blocks = 1, .fill = 0xff, CHANGES(5, 1, 0xff) },
    { "ORWRITE(32) to a write-protected unit", ORWRITE32("00", "00", "00", "00000000", "00000000", "00000003"),
      .on = { .read_only = true }, .out_blocks = 3, .sense = TH_SENSE_WRITE_PROTECTED },
    { "WRITE ATOMIC(32)", LONG("000f", "00") "0000000000000008 ffffffff ffff ffff 00000008",
      .on = { .atomic_blocks = 8 }, .out_blocks = 8, .fill = 0xee, CHANGES(8, 8, 0xee) },
    { "WRITE ATOMIC(32) with FUA and DPO", LONG("000f", "18") "0000000000000008 00000000 0000 0000 00000008",
      .on = { .atomic_blocks = 8, .cache = true }, .out_blocks = 8, .fill = 0xee, CHANGES(8, 8, 0xee), .flushes = 1 },
    { "WRITE ATOMIC(32) of nothing", LONG("000f", "00") "0000000000000008 00000000 0000 0000 00000000",
      .on = { .atomic_blocks = 8 } },
    { "WRITE ATOMIC(32) that is not aligned", LONG("000f", "00") "0000000000000009 00000000 0000 0000 00000008",
      .on = { .atomic_blocks = 8 }, .out_blocks = 8, BAD_CDB(12, WHOLE) },
    { "WRITE ATOMIC(32) of two", LONG("000f", "00") "0000000000000008 00000000 0000 0000 00000010",
      .on = { .atomic_blocks = 8 }, .out_blocks = 16, BAD_CDB(28, WHOLE) },
    { "WRITE ATOMIC(32) with a boundary", "7f 00 0000 0008 00 18 000f 00 00"
      "0000000000000008 00000000 0000 0000 00000008", .on = { .atomic_blocks = 8 }, .out_blocks = 8, BAD_CDB(5, 3) },
    { "WRITE ATOMIC(32) with WRPROTECT", LONG("000f", "20") "0000000000000008 00000000 0000 0000 00000008",
      .on = { .atomic_blocks = 8 }, .out_blocks = 8, BAD_CDB(10, 5) },
    { "WRITE ATOMIC(32) beyond", LONG("000f", "00") "0000000000000040 00000000 0000 0000 00000008",
      .on = { .atomic_blocks = 8 }, .out_blocks = 8, OUT_OF_RANGE },
    { "WRITE ATOMIC(32) where nothing is promised", LONG("000f", "00")
      "0000000000000008 00000000 0000 0000 00000008", .out_blocks = 8, BAD_CDB(8, WHOLE) },
    { "VERIFY(32)", LONG("000a", "00") "0000000000000000 00000000 0000 0000 00000040", GOOD },
    { "VERIFY(32), BYTCHK 01b, same", LONG("000a", "02")
      "0000000000000000 00000000 0000 0000 00000003", .out_medium = 3 },
    { "VERIFY(32), BYTCHK 01b, not the same", LONG("000a", "02")
      "0000000000000004 00000000 0000 0000 00000003", .out_medium = 3,
      .sense = TH_SENSE_MISCOMPARE, .info = -1 },
    { "VERIFY(32), BYTCHK 11b", LONG("000a", "06")
      "0000000000000000 00000000 0000 0000 00000001", .out_medium = 1 },
    { "VERIFY(32), BYTCHK 10b", LONG("000a", "04")
      "0000000000000000 00000000 0000 0000 00000001", BAD_CDB(10, 2) },
    { "WRITE AND VERIFY(32)", LONG("000c", "02") "0000000000000005 00000000 0000 0000 00000003",
      .out_blocks = 3, .fill = 0xee, CHANGES(5, 3, 0xee) },
    { "WRITE AND VERIFY(32) to a disk that forgets", LONG("000c", "00")
      "0000000000000005 00000000 0000 0000 00000003", .on = { .forgets = true },
      .out_blocks = 3, .fill = 0xee, .sense = TH_SENSE_MISCOMPARE },
    { "WRITE SAME(32)", LONG("000d", "00") "0000000000000005 00000000 0000 0000 00000014",
      .out_blocks = 1, .fill = 0xee, CHANGES(5, 20, 0xee) },
    { "WRITE SAME(32) with NDOB and UNMAP", LONG("000d", "09")
      "0000000000000005 00000000 0000 0000 00000014", CHANGES(5, 20, 0) },
    { "WRITE SAME(32) with UNMAP where it is not offered", LONG("000d", "08")
      "0000000000000005 00000000 0000 0000 00000014", .on = { .no_unmap = true },
      .out_blocks = 1, BAD_CDB(10, 3) },
    { "WRITE SAME(32) with ANCHOR", LONG("000d", "18")
      "0000000000000005 00000000 0000 0000 00000014", .out_blocks = 1, BAD_CDB(10, 4) },
    { "WRITE SAME(32) of no blocks (WSNZ)", LONG("000d", "00")
      "0000000000000005 00000000 0000 0000 00000000", .out_blocks = 1, BAD_CDB(28, WHOLE) },
    { "GET LBA STATUS(32), four runs", LONG("0012", "00")
      "0000000000000000 00000000 00000000 00001000", .on = { .run_blocks = 16 }, .len = 72,
      .data = "00000044 00000000 0000000000000000 00000010 00 000000" },
    { "GET LBA STATUS(32), no further than the scan length", LONG("0012", "00")
      "0000000000000008 0000000c 00000000 00001000", .on = { .run_blocks = 16 }, .len = 40,
      .data = "00000024 00000000 0000000000000008 00000008 00 000000"
              "0000000000000010 00000004 01 000000" },
    { "GET LBA STATUS(32) with a report type", LONG("0012", "10")
      "0000000000000000 00000000 00000000 00001000", BAD_CDB(10, 4) },
    { "GET LBA STATUS(32) beyond", LONG("0012", "00")
      "0000000000000040 00000000 00000000 00001000", OUT_OF_RANGE },
    { "RSOC, a service action of 32 bytes", "a3 0c 02 7f 0009 00001000 00 00",
      .data = "00 03 0020 7f 00 00000000 1f 18 0009 1a 00 ffffffffffffffff 0000000000000000"
              "ffffffff", .len = 36 },

    /* SYNCHRONIZE CACHE, PRE-FETCH */
    { "SYNCHRONIZE CACHE(10)", "35 00 00000000 00 0000 00", .on = { .cache = true },
      .flushes = 1 },
    { "SYNCHRONIZE CACHE(10) with IMMED", "35 02 00000000 00 0000 00", .on = { .cache = true },
      .flushes = 1 },
    { "SYNCHRONIZE CACHE(10) without a cache", "35 00 00000000 00 0000 00", GOOD },
    { "SYNCHRONIZE CACHE(10) on a write-protected unit", "35 00 00000000 00 0000 00",
      .on = { .cache = true, .read_only = true }, .flushes = 1 },
    { "SYNCHRONIZE CACHE(10) beyond", "35 00 00000040 00 0001 00", OUT_OF_RANGE },
    { "SYNCHRONIZE CACHE(16)", "91 00 0000000000000000 00000040 00 00",
      .on = { .cache = true }, .flushes = 1 },
    { "SYNCHRONIZE CACHE(16) beyond", "91 00 0000000000000000 00000041 00 00", OUT_OF_RANGE },
    { "PRE-FETCH(10)", "34 00 00000000 00 0040 00", GOOD },
    { "PRE-FETCH(10) with IMMED and a group", "34 02 00000000 03 0001 00", GOOD },
    { "PRE-FETCH(10) to the end", "34 00 00000001 00 0000 00", GOOD },
    { "PRE-FETCH(10) beyond", "34 00 00000041 00 0000 00", OUT_OF_RANGE },
    { "PRE-FETCH(16) beyond", "90 00 0000000000000040 00000001 00 00", OUT_OF_RANGE },
    { "PRE-FETCH(16)", "90 00 0000000000000000 00000001 00 00", GOOD },

    /* UNMAP */
    { "UNMAP, two descriptors", "42 00 00000000 00 0028 00",
      .out = "0026 0020 00000000 0000000000000005 00000002 00000000"
             "0000000000000007 00000001 00000000", CHANGES(5, 3, 0) },
    { "UNMAP of all", "42 00 00000000 00 0018 00",
      .out = "0016 0010 00000000 0000000000000000 00000040 00000000", CHANGES(0, 64, 0) },
    { "UNMAP of nothing at the end", "42 00 00000000 00 0018 00",
      .out = "0016 0010 00000000 0000000000000040 00000000 00000000" },
    { "UNMAP without a list", "42 00 00000000 00 0000 00", GOOD },
    { "UNMAP without descriptors", "42 00 00000000 00 0008 00", .out = "0006 0000 00000000" },
    { "UNMAP with a list that is too short", "42 00 00000000 00 0007 00",
      .out = "0005 0000 000000", .sense = TH_SENSE_LIST_LENGTH },
    { "UNMAP with a list that ends inside its descriptors", "42 00 00000000 00 0018 00",
      .out = "0026 0020 00000000 0000000000000005 00000002 00000000",
      .sense = TH_SENSE_LIST_LENGTH },
    { "UNMAP with more descriptors than data", "42 00 00000000 00 0018 00",
      .out = "0016 0020 00000000 0000000000000005 00000002 00000000",
      .sense = TH_SENSE_LIST_LENGTH },
    { "UNMAP, half a descriptor is ignored", "42 00 00000000 00 0020 00",
      .out = "001e 0018 00000000 0000000000000005 00000002 00000000 ffffffffffffffff",
      CHANGES(5, 2, 0) },
    { "UNMAP, the second descriptor is beyond: nothing happens", "42 00 00000000 00 0028 00",
      .out = "0026 0020 00000000 0000000000000005 00000002 00000000"
             "000000000000003f 00000002 00000000", OUT_OF_RANGE },
    { "UNMAP of more than the limit", "42 00 00000000 00 0018 00",
      .on = { .claimed_blocks = 0x200000 },
      .out = "0016 0010 00000000 0000000000000000 00100001 00000000",
      .sense = TH_SENSE_INVALID_LIST_FIELD, .byte = 16, .bit = WHOLE },
    { "UNMAP of a longer list than fits", "42 00 00000000 00 1001 00", BAD_CDB(7, WHOLE) },
    { "UNMAP with ANCHOR", "42 01 00000000 00 0018 00", BAD_CDB(1, 0) },
    { "UNMAP on a write-protected unit", "42 00 00000000 00 0018 00",
      .on = { .read_only = true },
      .out = "0016 0010 00000000 0000000000000000 00000040 00000000",
      .sense = TH_SENSE_WRITE_PROTECTED },
    { "UNMAP where it is not offered", "42 00 00000000 00 0018 00", .on = { .no_unmap = true },
      .out = "0016 0010 00000000 0000000000000000 00000040 00000000",
      .sense = TH_SENSE_INVALID_OPCODE },

    /* WRITE SAME */
    { "WRITE SAME(10)", "41 00 00000005 00 0014 00", .out_blocks = 1, .fill = 0xee,
      CHANGES(5, 20, 0xee) },
    { "WRITE SAME(10) of zeros", "41 00 00000005 00 0014 00", .out_blocks = 1, .fill = 0,
      CHANGES(5, 20, 0) },
    { "WRITE SAME(10) of zeros, written", "41 00 00000005 00 0014 00",
      .on = { .no_write_zeroes = true }, .out_blocks = 1, .fill = 0, CHANGES(5, 20, 0) },
    { "WRITE SAME(10) of no blocks (WSNZ)", "41 00 0000003e 00 0000 00", .out_blocks = 1,
      BAD_CDB(7, WHOLE) },
    { "WRITE SAME(16) of no blocks (WSNZ)", "93 00 0000000000000000 00000000 00 00",
      .out_blocks = 1, BAD_CDB(10, WHOLE) },
    { "WRITE SAME(10) behind the end", "41 00 00000041 00 0000 00", OUT_OF_RANGE },
    { "WRITE SAME(10) one block too many", "41 00 0000003f 00 0002 00", .out_blocks = 1,
      OUT_OF_RANGE },
    { "WRITE SAME(10) with UNMAP of zeros", "41 08 00000005 00 0014 00",
      .on = { .no_write = false }, .out_blocks = 1, .fill = 0, CHANGES(5, 20, 0) },
    { "WRITE SAME(10) with UNMAP, not zeros: written", "41 08 00000005 00 0014 00",
      .out_blocks = 1, .fill = 0xee, CHANGES(5, 20, 0xee) },
    { "WRITE SAME(10) with UNMAP where it is not offered", "41 08 00000005 00 0014 00",
      .on = { .no_unmap = true }, .out_blocks = 1, BAD_CDB(1, 3) },
    { "WRITE SAME(10) with ANCHOR", "41 10 00000005 00 0014 00", .out_blocks = 1,
      BAD_CDB(1, 4) },
    { "WRITE SAME(10) with ANCHOR and UNMAP", "41 18 00000005 00 0014 00", .out_blocks = 1,
      BAD_CDB(1, 4) },
    { "WRITE SAME(10) with LBDATA", "41 02 00000005 00 0014 00", BAD_CDB(1, 1) },
    { "WRITE SAME(10) with WRPROTECT", "41 20 00000005 00 0014 00", BAD_CDB(1, 5) },
    { "WRITE SAME(10) with half a block", "41 00 00000005 00 0014 00", .out = "00ff",
      .sense = TH_SENSE_INVALID_CDB_FIELD, .byte = NOWHERE },
    { "WRITE SAME(10) with two blocks", "41 00 00000005 00 0014 00", .out_blocks = 2,
      .sense = TH_SENSE_INVALID_CDB_FIELD, .byte = NOWHERE },
    { "UNMAP with less than its list", "42 00 00000000 00 0018 00", .out = "0016 0010",
      .sense = TH_SENSE_INVALID_INFORMATION_UNIT },
    { "UNMAP with more than its list", "42 00 00000000 00 0018 00",
      .out = "0016 0010 00000000 0000000000000005 00000001 00000000 00000000",
      CHANGES(5, 1, 0) },
    { "WRITE SAME(16)", "93 00 0000000000000005 00000014 00 00", .out_blocks = 1, .fill = 0xee,
      CHANGES(5, 20, 0xee) },
    { "WRITE SAME(16) with NDOB", "93 01 0000000000000005 00000014 00 00", CHANGES(5, 20, 0) },
    { "WRITE SAME(16) with NDOB, written", "93 01 0000000000000005 00000014 00 00",
      .on = { .no_write_zeroes = true }, CHANGES(5, 20, 0) },
    { "WRITE SAME(16) with NDOB and UNMAP", "93 09 0000000000000005 00000014 00 00",
      CHANGES(5, 20, 0) },
    { "WRITE SAME(16) over the limit", "93 00 0000000000000000 00010001 00 00",
      .on = { .claimed_blocks = 0x20000 }, BAD_CDB(10, WHOLE) },
    { "WRITE SAME(16) of 4Kn, a block at a time", "93 00 0000000000000005 00000014 00 00",
      .on = { .block_shift = 12 }, .out_blocks = 1, .fill = 0xee, CHANGES(5, 20, 0xee) },
    { "WRITE SAME(16) on a write-protected unit", "93 01 0000000000000005 00000014 00 00",
      .on = { .read_only = true }, .sense = TH_SENSE_WRITE_PROTECTED },

    /* COMPARE AND WRITE */
    { "COMPARE AND WRITE of nothing", "89 00 0000000000000000 000000 00 00 00", GOOD },
    { "COMPARE AND WRITE, same", "89 00 0000000000000000 000000 01 00 00",
      .out_medium = 1, .out_blocks = 1, .fill = 0xee, CHANGES(0, 1, 0xee) },
    { "COMPARE AND WRITE, three blocks", "89 00 0000000000000000 000000 03 00 00",
      .out_medium = 3, .out_blocks = 3, .fill = 0xee, CHANGES(0, 3, 0xee) },
    { "COMPARE AND WRITE, three blocks in 3584 bytes", "89 00 0000000000000000 000000 03 00 00",
      .on = { .param_bytes = 3584 }, .out_medium = 3, .out_blocks = 3, .fill = 0xee,
      CHANGES(0, 3, 0xee) },
    { "COMPARE AND WRITE with FUA", "89 08 0000000000000000 000000 01 00 00",
      .on = { .cache = true }, .out_medium = 1, .out_blocks = 1, .fill = 0xee,
      CHANGES(0, 1, 0xee), .flushes = 1 },
    { "COMPARE AND WRITE, four blocks do not fit", "89 00 0000000000000000 000000 04 00 00",
      BAD_CDB(13, WHOLE) },
    { "COMPARE AND WRITE, differs from the first byte", "89 00 0000000000000001 000000 01 00 00",
      .out_medium = 1, .out_blocks = 1, .fill = 0xee, .sense = TH_SENSE_MISCOMPARE,
      .info = -1 },
    { "COMPARE AND WRITE beyond", "89 00 000000000000003f 000000 02 00 00", OUT_OF_RANGE },
    { "COMPARE AND WRITE with too few data", "89 00 0000000000000000 000000 02 00 00",
      .out_blocks = 1, .sense = TH_SENSE_INVALID_CDB_FIELD, .byte = NOWHERE },
    { "COMPARE AND WRITE with too many data", "89 00 0000000000000000 000000 01 00 00",
      .out_blocks = 4, .sense = TH_SENSE_INVALID_CDB_FIELD, .byte = NOWHERE },
    { "COMPARE AND WRITE with WRPROTECT", "89 20 0000000000000000 000000 01 00 00",
      BAD_CDB(1, 5) },
    { "COMPARE AND WRITE with a length of more than a byte",
      "89 00 0000000000000000 000001 01 00 00", BAD_CDB(12, 0) },
    { "COMPARE AND WRITE where there is no room for it",
      "89 00 0000000000000000 000000 01 00 00", .on = { .block_shift = 12 },
      .sense = TH_SENSE_INVALID_OPCODE },

    /* START STOP UNIT */
    { "START STOP UNIT, start", "1b 00 00 00 01 00", GOOD },
    { "START STOP UNIT, stop: flushes", "1b 00 00 00 00 00", .on = { .cache = true },
      .flushes = 1 },
    { "START STOP UNIT, stop with NO_FLUSH", "1b 00 00 00 04 00", .on = { .cache = true } },
    { "START STOP UNIT with IMMED", "1b 01 00 00 00 00", GOOD },
    { "START STOP UNIT, standby", "1b 00 00 00 30 00", .on = { .cache = true } },
    { "START STOP UNIT, eject a fixed disk", "1b 00 00 00 02 00", BAD_CDB(4, 1) },
    { "START STOP UNIT, reserved bit", "1b 00 00 00 08 00", BAD_CDB(4, 3) },
    { "START STOP UNIT, eject", "1b 00 00 00 02 00", .on = { .removable = true, .cache = true },
      .flushes = 1 },

    /* RESERVE, RELEASE */
    { "RESERVE(6)", "16 00 0000 00 00", GOOD },
    { "RESERVE(6) for a third party", "16 10 0000 00 00", BAD_CDB(1, 4) },
    { "RESERVE(6) of an extent", "16 01 0000 00 00", BAD_CDB(1, 0) },
    { "RELEASE(6)", "17 00 0000 00 00", GOOD },
    { "RESERVE(10)", "56 00 00000000 00 0000 00", GOOD },
    { "RESERVE(10) for a third party", "56 10 00000000 00 0000 00", BAD_CDB(1, 4) },
    { "RELEASE(10)", "57 00 00000000 00 0000 00", GOOD },

    /* REPORT SUPPORTED OPERATION CODES; the whole list is test_scsi_table.c's */
    { "RSOC, one command", "a3 0c 01 28 0000 00001000 00 00",
      .data = "00 03 000a 28 1a ffffffff 1f ffff 00", .len = 14 },
    { "RSOC, one command with time-outs", "a3 0c 81 28 0000 00001000 00 00",
      .data = "00 83 000a 28 1a ffffffff 1f ffff 00 000a 0000 00000000 00000000", .len = 26 },
    { "RSOC, one command with service actions, asked without", "a3 0c 01 9e 0010 00001000 00 00",
      BAD_CDB(2, 2) },
    { "RSOC, service action", "a3 0c 02 9e 0010 00001000 00 00",
      .data = "00 03 0010 9e 10 00000000", .len = 20 },
    { "RSOC, service action that is not there", "a3 0c 02 9e 0011 00001000 00 00",
      .data = "00 01 0000", .len = 4 },
    { "RSOC, service action of an opcode without", "a3 0c 02 28 0000 00001000 00 00",
      BAD_CDB(2, 2) },
    { "RSOC, either", "a3 0c 03 28 0000 00001000 00 00", .data = "00 03 000a 28", .len = 14 },
    { "RSOC, either, service action", "a3 0c 03 9e 0010 00001000 00 00",
      .data = "00 03 0010 9e", .len = 20 },
    { "RSOC, either, service action of an opcode without", "a3 0c 03 28 0001 00001000 00 00",
      .data = "00 01 0000", .len = 4 },
    { "RSOC, opcode that is not there", "a3 0c 01 c1 0000 00001000 00 00",
      .data = "00 01 0000", .len = 4 },
    { "RSOC, opcode that this disk does not offer", "a3 0c 01 42 0000 00001000 00 00",
      .on = { .no_unmap = true }, .data = "00 01 0000", .len = 4 },
    { "RSOC, reserved option", "a3 0c 04 28 0000 00001000 00 00", BAD_CDB(2, 2) },
    { "RSOC, 3 bytes", "a3 0c 01 28 0000 00000003 00 00", .data = "00 03 00", .len = 3 },
    { "MAINTENANCE IN with another service action", "a3 1e 00 00 0000 00001000 00 00",
      BAD_CDB(1, 4) },

    /* CD-ROM: what it is */
    { "CD: INQUIRY", "12 00 00 0060 00", CD, .data = "05 80 06 12 5b 00 00 02" VENDOR, .len = 96 },
    { "CD: VPD 00 has no page of disks", "12 01 00 00ff 00", CD, .data = "05 00 0006 00 80 83 86 87 88", .len = 10 },
    { "CD: VPD B0", "12 01 b0 00ff 00", CD, BAD_CDB(2, WHOLE) },
    { "CD: READ CAPACITY(10)", "25 00 00000000 0000 00 00", CD, .data = "0000003f 00000800", .len = 8 },
    { "CD: READ CAPACITY(16) is a disk's", "9e 10 0000000000000000 00000020 00 00", CD,
      .sense = TH_SENSE_INVALID_OPCODE },
    { "CD: MODE SENSE(10), capabilities", "5a 00 2a 00 000000 00ff 00", CD,
      .data = "001c 00 00 0000 0000 2a 14 0b 00 00 00 29 00", .len = 30 },
    { "CD: MODE SENSE(6), capabilities", "1a 00 2a 00 ff 00", CD, .data = "19 00 00 00 2a 14 0b", .len = 26 },
    { "CD: MODE SENSE(10), what can be changed", "5a 00 6a 00 000000 00ff 00", CD,
      .data = "001c 00 00 0000 0000 2a 14 00 00 00 00 00 00 0000", .len = 30 },
    { "CD: MODE SENSE(10), the caching page of disks", "5a 00 08 00 000000 00ff 00", CD, BAD_CDB(2, 5) },
    { "MODE SENSE(10), the capabilities page of CD drives", "5a 00 2a 00 000000 00ff 00", BAD_CDB(2, 5) },

    /* CD-ROM: reading */
    { "CD: READ(10)", "28 00 00000002 00 0003 00", CD, .len = 3 * 2048 },
    { "CD: READ(12)", "a8 00 00000002 00000003 00 00", CD, .len = 3 * 2048 },
    { "CD: READ(10) beyond the end", "28 00 0000003f 00 0002 00", CD, OUT_OF_RANGE },
    { "CD: WRITE(10)", "2a 00 00000002 00 0003 00", CD, .sense = TH_SENSE_INVALID_OPCODE },
    { "CD: READ CD", "be 00 00000002 000003 10 00 00", CD, .len = 3 * 2048 },
    { "CD: READ CD, mode 1", "be 08 0000003f 000001 10 00 00", CD, .len = 2048 },
    { "CD: READ CD, no data wanted", "be 00 00000002 000003 00 00 00", CD, .len = 0 },
    { "CD: READ CD of audio", "be 04 00000002 000003 10 00 00", CD, BAD_CDB(1, 2) },
    { "CD: READ CD of raw sectors", "be 00 00000002 000003 f8 00 00", CD, BAD_CDB(9, 7) },
    { "CD: READ CD with subchannels", "be 00 00000002 000003 10 01 00", CD, BAD_CDB(10, 0) },
    { "CD: READ CD beyond the end", "be 00 0000003f 000002 10 00 00", CD, OUT_OF_RANGE },
    { "CD: READ CD MSF", "b9 00 00 000204 000207 10 00 00", CD, .len = 3 * 2048 },
    { "CD: READ CD MSF, nothing", "b9 00 00 000204 000204 10 00 00", CD, .len = 0 },
    { "CD: READ CD MSF, backwards", "b9 00 00 000204 000203 10 00 00", CD, BAD_CDB(6, WHOLE) },
    { "CD: READ CD MSF in the lead-in", "b9 00 00 000000 000100 10 00 00", CD, OUT_OF_RANGE },
    { "CD: READ CD MSF beyond the end", "b9 00 00 000240 000241 10 00 00", CD, OUT_OF_RANGE },
    { "DVD: READ CD", "be 00 00000002 000003 10 00 00", DVD, .sense = TH_SENSE_INCOMPATIBLE_FORMAT },

    /* CD-ROM: what is on the disc */
    { "CD: READ TOC", "43 00 00 000000 00 00ff 00", CD,
      .data = "0012 01 01 00 14 01 00 00000000 00 14 aa 00 00000040", .len = 20 },
    { "CD: READ TOC in minutes", "43 02 00 000000 01 00ff 00", CD,
      .data = "0012 01 01 00 14 01 00 00000200 00 14 aa 00 00000240", .len = 20 },
    { "CD: READ TOC, the lead-out", "43 00 00 000000 aa 00ff 00", CD,
      .data = "000a 01 01 00 14 aa 00 00000040", .len = 12 },
    { "CD: READ TOC, 4 bytes", "43 00 00 000000 00 0004 00", CD, .data = "0012 01 01", .len = 4 },
    { "CD: READ TOC, track 2", "43 00 00 000000 02 00ff 00", CD, BAD_CDB(6, WHOLE) },
    { "CD: READ TOC, sessions", "43 00 01 000000 00 00ff 00", CD,
      .data = "000a 01 01 00 14 01 00 00000000", .len = 12 },
    { "CD: READ TOC, sessions as they were asked for before MMC", "43 00 00 000000 00 00ff 40", CD,
      .data = "000a 01 01 00 14 01 00 00000000", .len = 12 },
    { "CD: READ TOC, raw", "43 00 02 000000 01 00ff 00", CD,
      .data = "002e 01 01 01 14 00 a0 000000 00 010000 01 14 00 a1 000000 00 010000"
              "01 14 00 a2 000000 00 000240 01 14 00 01 000000 00 000200", .len = 48 },
    { "CD: READ TOC, ATIP of a disc that was not written", "43 00 04 000000 00 00ff 00", CD, BAD_CDB(2, 3) },
    { "DVD: READ TOC", "43 00 00 000000 00 00ff 00", DVD,
      .data = "0012 01 01 00 14 01 00 00000000 00 14 aa 00 00231280", .len = 20 },
    { "DVD: READ TOC, minutes that do not fit", "43 02 00 000000 aa 00ff 00", DVD,
      .data = "000a 01 01 00 14 aa 00 00ff3b4a", .len = 12 },
    { "DVD: READ TOC, raw", "43 00 02 000000 01 00ff 00", DVD, BAD_CDB(2, 3) },
    { "CD: READ DISC INFORMATION", "51 00 0000000000 00ff 00", CD,
      .data = "0020 0e 01 01 01 01 00 00 000000 00000000 ffffffff ffffffff", .len = 34 },
    { "CD: READ TRACK INFORMATION by block", "52 00 0000003f 00 00ff 00", CD,
      .data = "0022 01 01 00 04 01 00 00000000 00000000 00000000 00000000 00000040", .len = 36 },
    { "CD: READ TRACK INFORMATION by track", "52 01 00000001 00 00ff 00", CD, .data = "0022 01", .len = 36 },
    { "CD: READ TRACK INFORMATION by session", "52 02 00000001 00 00ff 00", CD, .data = "0022 01", .len = 36 },
    { "CD: READ TRACK INFORMATION, block beyond", "52 00 00000040 00 00ff 00", CD, OUT_OF_RANGE },
    { "CD: READ TRACK INFORMATION, track 2", "52 01 00000002 00 00ff 00", CD, BAD_CDB(2, WHOLE) },
    { "CD: READ TRACK INFORMATION, session 0", "52 02 00000000 00 00ff 00", CD, BAD_CDB(2, WHOLE) },
    { "CD: READ TRACK INFORMATION by nothing", "52 03 00000001 00 00ff 00", CD, BAD_CDB(1, 1) },
    { "CD: READ SUB-CHANNEL, header", "42 00 00 00 0000 00 00ff 00", CD, .data = "00 15 0000", .len = 4 },
    { "CD: READ SUB-CHANNEL, position", "42 02 40 01 0000 00 00ff 00", CD,
      .data = "00 15 000c 01 14 01 01 00000200 00000200", .len = 16 },
    { "CD: READ SUB-CHANNEL, catalogue number", "42 00 40 02 0000 00 00ff 00", CD,
      .data = "00 15 0014 02 00 00 00 00", .len = 24 },
    { "CD: READ SUB-CHANNEL, recording code", "42 00 40 03 0000 01 00ff 00", CD,
      .data = "00 15 0014 03 14 01 00 00", .len = 24 },
    { "CD: READ SUB-CHANNEL, another format", "42 00 40 04 0000 00 00ff 00", CD, BAD_CDB(3, WHOLE) },
    { "CD: READ DISC STRUCTURE", "ad 00 00000000 00 00 0010 00 00", CD, .sense = TH_SENSE_INCOMPATIBLE_FORMAT },
    { "DVD: READ DISC STRUCTURE, physical", "ad 00 00000000 00 00 ffff 00 00", DVD,
      .data = "0802 0000 01 0f 01 00 00 030000 00 26127f 00 000000", .len = 2052 },
    { "DVD: READ DISC STRUCTURE, copyright", "ad 00 00000000 00 01 ffff 00 00", DVD,
      .data = "0006 0000 00 00 0000", .len = 8 },
    { "DVD: READ DISC STRUCTURE, second layer", "ad 00 00000000 01 00 ffff 00 00", DVD, BAD_CDB(6, WHOLE) },
    { "DVD: READ DISC STRUCTURE, disc key", "ad 00 00000000 00 02 ffff 00 00", DVD, BAD_CDB(7, WHOLE) },

    /* CD-ROM: the drive */
    { "CD: GET CONFIGURATION", "46 00 0000 000000 00ff 00", CD,
      .data = "00000048 0000 0008"
              "0000 03 08 0010 00 00 0008 01 00"
              "0001 0b 08 00000001 00000000"
              "0002 07 04 00000000"
              "0003 0b 04 39000000"
              "0010 01 08 00000800 0001 0000"
              "001e 09 04 00000000"
              "001f 04 04 00000000", .len = 76 },
    { "CD: GET CONFIGURATION, current features from 10h on", "46 01 0010 000000 00ff 00", CD,
      .data = "00000018 0000 0008 0010 01 08 00000800 0001 0000 001e 09 04 00000000", .len = 28 },
    { "CD: GET CONFIGURATION, one feature", "46 02 0003 000000 00ff 00", CD,
      .data = "0000000c 0000 0008 0003 0b 04 39000000", .len = 16 },
    { "CD: GET CONFIGURATION, a feature that is not there", "46 02 0021 000000 00ff 00", CD,
      .data = "00000004 0000 0008", .len = 8 },
    { "CD: GET CONFIGURATION of what", "46 03 0000 000000 00ff 00", CD, BAD_CDB(1, 1) },
    { "DVD: GET CONFIGURATION, current features from 10h on", "46 01 0010 000000 00ff 00", DVD,
      .data = "00000018 0000 0010 0010 01 08 00000800 0010 0000 001f 05 04 00000000", .len = 28 },
    { "CD: GET EVENT STATUS NOTIFICATION, no event", "4a 01 0000 10 0000 0008 00", CD,
      .data = "0006 04 12 00 02 0000", .len = 8 },
    { "CD: GET EVENT STATUS NOTIFICATION, of operation", "4a 01 0000 12 0000 0008 00", CD,
      .data = "0006 01 12 00 00 0000", .len = 8 },
    { "CD: GET EVENT STATUS NOTIFICATION, of other classes", "4a 01 0000 ed 0000 0008 00", CD,
      .data = "0002 80 12", .len = 4 },
    { "CD: GET EVENT STATUS NOTIFICATION, to be called", "4a 00 0000 10 0000 0008 00", CD, BAD_CDB(1, 0) },
    { "CD: MECHANISM STATUS", "bd 00 000000000000 0008 00 00", CD, .data = "0000 000000 00 0000", .len = 8 },
    { "CD: SET CD SPEED", "bb 00 ffff ffff 000000000000", CD, GOOD },
    { "CD: START STOP UNIT, eject", "1b 00 00 00 02 00", CD, GOOD },
    { "UNMAP's opcode on a CD, READ TOC's on a disk", "43 00 00 000000 00 00ff 00", .sense = TH_SENSE_INVALID_OPCODE },
};

/* The data-out of a row; to be freed. */
static uint8_t *make_out(const struct row *row, const struct rig *rig, uint32_t *len)
{
    uint32_t block_bytes = 1u << rig->options.block_shift;
    uint32_t medium_bytes = row->out_medium * block_bytes;
    uint32_t fill_bytes = row->out_blocks * block_bytes;
    uint8_t *out = malloc(medium_bytes + fill_bytes + 512);

    if (row->out) {
        *len = (uint32_t)from_hex(row->out, out, 512);
        return out;
    }
    memcpy(out, rig->mem, medium_bytes);
    memset(out + medium_bytes, row->fill, fill_bytes);
    *len = medium_bytes + fill_bytes;
    return out;
}

static struct outcome run_row(const struct row *row, struct rig *rig)
{
    uint32_t len;
    uint8_t *out = make_out(row, rig, &len);
    struct outcome o = rig_run(rig, row->cdb, out, len);

    free(out);
    return o;
}

static void check_outcome(const struct row *row, const struct outcome *o)
{
    expect_sense(row->title, o, row->sense);
    if (row->byte == NOWHERE) {
        expect_field(row->title, o, -1, -1);
    } else if (row->byte || row->sense == TH_SENSE_INVALID_CDB_FIELD) {
        expect_field(row->title, o, row->byte, row->bit == WHOLE ? -1 : row->bit);
        assert_int_equal(o->field_in_cdb, row->sense == TH_SENSE_INVALID_CDB_FIELD);
    }
    if (row->info) {
        assert_true(o->info_valid);
        assert_int_equal(o->info, row->info < 0 ? 0 : row->info);
    }
    if (row->data)
        expect_data(row->title, o, row->data);
    if (row->len || !row->data)
        assert_int_equal(o->len, row->len);
}

static void check_medium(const struct row *row, const struct rig *rig)
{
    uint64_t end = row->changed_lba + row->n_changed;

    assert_true(rig_blocks_are(rig, row->changed_lba, row->n_changed, row->changed_to));
    assert_true(rig_blocks_untouched(rig, 0, (uint32_t)row->changed_lba));
    assert_true(rig_blocks_untouched(rig, end, (uint32_t)(rig->options.size_blocks - end)));
}

/* Reads are compared with the medium byte by byte. */
static void check_read(const struct row *row, const struct rig *rig, const struct outcome *o)
{
    static const uint8_t reads[] = { 0x08, 0x28, 0xa8, 0x88, 0x7f };
    uint8_t cdb[TH_CDB_MAX + 1];

    from_hex(row->cdb, cdb, sizeof cdb);
    if (o->status != TH_STATUS_GOOD || !memchr(reads, cdb[0], sizeof reads) ||
        (cdb[0] == 0x7f && cdb[9] != 0x09))
        return;
    uint64_t lba = cdb[0] == 0x08 ? th_get24(cdb + 1) & 0x1fffff
                   : cdb[0] == 0x88 ? th_get64(cdb + 2)
                   : cdb[0] == 0x7f ? th_get64(cdb + 12) : th_get32(cdb + 2);
    for (uint32_t i = 0; i < o->len; i++)
        assert_int_equal(o->data[i], rig->mem[(lba << rig->options.block_shift) + i]);
}

static void run_once(const struct row *row, bool delayed, uint32_t piece_blocks)
{
    struct rig rig;
    struct rig_options options = row->on;

    options.delayed = delayed;
    rig_start(&rig, &options);
    rig.piece_blocks = piece_blocks;
    struct outcome o = run_row(row, &rig);
    check_outcome(row, &o);
    check_read(row, &rig, &o);
    check_medium(row, &rig);
    assert_int_equal(rig.cache.flushes, row->flushes);
    rig_forget(&o);
    rig_end(&rig);
}

/* What a failed call, of a disk that reads or writes, may be answered with. */
static bool names_failure(uint32_t sense)
{
    return sense == TH_SENSE_READ_ERROR || sense == TH_SENSE_WRITE_ERROR;
}

static void run_failing(const struct row *row, bool delayed)
{
    for (uint32_t call = 0;; call++) {
        struct rig rig;
        struct rig_options options = row->on;

        options.delayed = delayed;
        rig_start(&rig, &options);
        rig.fault.fail_at = call;
        struct outcome o = run_row(row, &rig);
        bool failed = rig.fault.failed > 0;
        if (failed) {
            if (o.status != TH_STATUS_CHECK_CONDITION || !names_failure(o.sense))
                fail_msg("%s: call %u failed, and the command ended with %02x %06x",
                         row->title, (unsigned)call, o.status, (unsigned)o.sense);
        } else {
            expect_sense(row->title, &o, row->sense);
        }
        rig_forget(&o);

        /* The unit still serves. */
        rig.fault.fail_at = UINT32_MAX;
        o = rig_run(&rig, "28 00 00000000 00 0001 00", NULL, 0);
        uint32_t after = row->cdb[0] == '1' && row->cdb[1] == 'b' && rig.lu.ejected
                         ? (row->on.cdrom ? TH_SENSE_TRAY_OPEN : TH_SENSE_NO_MEDIUM) : TH_SENSE_NONE;
        expect_sense(row->title, &o, after);
        rig_forget(&o);
        rig_end(&rig);
        if (!failed)
            break;
    }
}

static void test_row(void **state)
{
    const struct row *row = *state;

    run_once(row, false, 0);
    run_once(row, false, 1);
    run_once(row, true, 0);
    run_once(row, true, 1);
    run_failing(row, false);
    run_failing(row, true);
}

/* In data-out of several blocks, and in one that is compared with several, the miscompare's
 * place is told to the byte. */
static void test_miscompare_offset(void **state)
{
    static const struct { const char *cdb; uint32_t blocks, period; } cases[] = {
        { "2f 02 00000000 00 0004 00", 4, 0 },
        { "af 02 00000000 00000004 00 00", 4, 0 },
        { "89 00 0000000000000000 000000 03 00 00", 3, 0 },
    };
    (void)state;

    for (unsigned c = 0; c < 3; c++)
        for (uint32_t at = 0; at < cases[c].blocks * 512; at += 61)
            for (int descriptor = 0; descriptor < 2; descriptor++) {
                struct rig rig;
                uint8_t out[8 * 512];
                rig_start(&rig, &(struct rig_options){ .d_sense = descriptor });
                memcpy(out, rig.mem, cases[c].blocks * 512);
                memset(out + cases[c].blocks * 512, 0xee, cases[c].blocks * 512);
                out[at] ^= 0x80;
                uint32_t len = cases[c].blocks * 512 * (cases[c].cdb[0] == '8' ? 2 : 1);
                struct outcome o = rig_run(&rig, cases[c].cdb, out, len);
                expect_sense(cases[c].cdb, &o, TH_SENSE_MISCOMPARE);
                assert_true(o.info_valid);
                assert_int_equal(o.info, at);
                assert_int_equal(o.sense_bytes[0], descriptor ? 0x72 : 0xf0);
                assert_true(rig_blocks_untouched(&rig, 0, 64));
                rig_forget(&o);
                rig_end(&rig);
            }
}

/* Each error of a disk has its own sense data. */
static void test_disk_errors(void **state)
{
    static const struct { int err; uint32_t reading, writing; } cases[] = {
        { THIMBLE_ERR_IO, TH_SENSE_READ_ERROR, TH_SENSE_WRITE_ERROR },
        { THIMBLE_ERR_BLOCK, TH_SENSE_READ_ERROR, TH_SENSE_WRITE_ERROR },
        { THIMBLE_ERR_NO_MEDIUM, TH_SENSE_NO_MEDIUM, TH_SENSE_NO_MEDIUM },
        { THIMBLE_ERR_WRITE_PROTECTED, TH_SENSE_WRITE_PROTECTED, TH_SENSE_WRITE_PROTECTED },
        { THIMBLE_ERR_NO_SPACE, TH_SENSE_SPACE_EXHAUSTED, TH_SENSE_SPACE_EXHAUSTED },
        { THIMBLE_ERR_HARDWARE, TH_SENSE_INTERNAL_FAILURE, TH_SENSE_INTERNAL_FAILURE },
        { THIMBLE_ERR_ARGUMENT, TH_SENSE_INTERNAL_FAILURE, TH_SENSE_INTERNAL_FAILURE },
    };
    static const uint8_t block[512];
    (void)state;

    for (unsigned c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct rig rig;
        struct outcome o;

        rig_start(&rig, &(struct rig_options){ .cache = true });
        rig.fault.fail_at = 0;
        rig.fault.sticky = true;
        rig.fault.result = cases[c].err;
        o = rig_run(&rig, "28 00 00000000 00 0001 00", NULL, 0);
        expect_sense("READ", &o, cases[c].reading);
        rig_forget(&o);
        o = rig_run(&rig, "2a 00 00000000 00 0001 00", block, 512);
        expect_sense("WRITE", &o, cases[c].writing);
        o = rig_run(&rig, "35 00 00000000 00 0000 00", NULL, 0);
        expect_sense("SYNCHRONIZE CACHE", &o, cases[c].writing);
        o = rig_run(&rig, "93 01 0000000000000005 00000014 00 00", NULL, 0);
        expect_sense("WRITE SAME", &o, cases[c].writing);
        o = rig_run(&rig, "2f 00 00000000 00 0001 00", NULL, 0);
        expect_sense("VERIFY", &o, cases[c].reading);
        rig_end(&rig);
    }
}

/* VERIFY reads what it has room for at a time: the address of the block that failed is told all the same, or none. */
static void test_bad_block(void **state)
{
    (void)state;
    for (unsigned d_sense = 0; d_sense < 2; d_sense++) {
        struct rig rig;

        rig_start(&rig, &(struct rig_options){ .delayed = d_sense, .d_sense = d_sense });
        rig.fault.fail_at = 0;
        rig.fault.sticky = rig.fault.lba_only = true;
        rig.fault.bad_lba = 37;
        rig.fault.bad_blocks = 3;
        rig.fault.result = THIMBLE_ERR_BLOCK;
        struct outcome o = rig_run(&rig, "2f 00 00000005 00 0032 00", NULL, 0);
        expect_sense("VERIFY", &o, TH_SENSE_READ_ERROR);
        assert_true(o.info_valid && o.info == 37);
        assert_int_equal(o.sense_bytes[0], d_sense ? 0x72 : 0xf0);
        o = rig_run(&rig, "2f 00 00000027 00 0001 00", NULL, 0);
        expect_sense("VERIFY", &o, TH_SENSE_READ_ERROR);
        assert_true(o.info_valid && o.info == 39);
        rig.fault.result = THIMBLE_ERR_IO;
        o = rig_run(&rig, "2f 00 00000005 00 0032 00", NULL, 0);
        expect_sense("VERIFY", &o, TH_SENSE_READ_ERROR);
        assert_false(o.info_valid);
        rig_end(&rig);
    }
}

/* A disk that becomes smaller while a command runs is not asked for blocks that are gone. */
static void test_shrinking_disk(void **state)
{
    struct rig rig;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .delayed = true, .no_write_zeroes = true });
    struct rig_cmd *c = rig_submit(&rig, &rig.nexus[0], &rig.lu,
                                   "93 01 0000000000000000 00000040 00 00", NULL, 0);
    rig.delay.block.size_blocks = 20;
    rig_wait(c);
    struct outcome o = rig_collect(c);
    expect_sense("WRITE SAME", &o, TH_SENSE_WRITE_ERROR);
    assert_true(rig_blocks_untouched(&rig, 20, 44));
    rig_end(&rig);
}

/* The chunks of long jobs: no disk call is longer than the configuration says, and all blocks
 * are covered. */
static void test_chunks(void **state)
{
    static const uint8_t list[] = { 0, 0x16, 0, 0x10, 0, 0, 0, 0,
                                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x00, 0x00, 0, 0, 0, 0 };
    struct rig rig;
    (void)state;

    rig_start(&rig, &(struct rig_options){ .size_blocks = 0x20000 });
    struct outcome o = rig_run(&rig, "42 00 00000000 00 0018 00", list, sizeof list);
    expect_sense("UNMAP", &o, TH_SENSE_NONE);
    assert_true(rig_blocks_are(&rig, 0, 0x20000, 0));
    assert_true(rig.cache.longest_call <= THIMBLE_ZERO_CHUNK_BLOCKS);
    assert_int_equal(rig.fault.calls, 0x20000 / THIMBLE_ZERO_CHUNK_BLOCKS);
    rig_end(&rig);
}

/* A medium that is memory is lent where it lies; any other is not. */
static void test_map(void **state)
{
    struct rig rig;
    struct th_cmd cmd;
    (void)state;

    rig_start(&rig, NULL);
    memset(&cmd, 0, sizeof cmd);
    from_hex("28 00 00000005 00 0002 00", cmd.cdb, sizeof cmd.cdb);
    cmd.lu = &rig.lu;
    cmd.nexus = &rig.nexus[0];
    assert_int_equal(th_scsi_start(&cmd), TH_NEXT_READ);
    assert_null(th_scsi_map(&cmd, 0, 1024));
    rig.lu.block = &rig.ram.block;
    assert_ptr_equal(th_scsi_map(&cmd, 0, 1024), rig.mem + 5 * 512);
    assert_ptr_equal(th_scsi_map(&cmd, 512, 512), rig.mem + 6 * 512);
    rig.ram.block.size_blocks = 6;                      /* it has become smaller */
    assert_null(th_scsi_map(&cmd, 0, 1024));
    rig_end(&rig);
}

int main(void)
{
    enum { N_ROWS = sizeof rows / sizeof rows[0], N_MORE = 6 };
    static struct CMUnitTest tests[N_ROWS + N_MORE] = {
        cmocka_unit_test(test_miscompare_offset),
        cmocka_unit_test(test_disk_errors),
        cmocka_unit_test(test_bad_block),
        cmocka_unit_test(test_shrinking_disk),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_map),
    };

    for (unsigned i = 0; i < N_ROWS; i++)
        tests[N_MORE + i] = (struct CMUnitTest){
            .name = rows[i].title, .test_func = test_row, .initial_state = (void *)&rows[i],
        };
    return cmocka_run_group_tests_name("scsi commands", tests, NULL, NULL);
}
