/* SPDX-License-Identifier: MIT
 *
 * test_data.c: data both ways: immediate, unsolicited, solicited, in bursts and pieces of all
 * sizes; residuals; parameter lists; VERIFY.  RFC 7143 4.2.5, 11.3 to 11.8.
 */
#include "ways.h"

static void read_small(struct lab *lab)
{
    struct peer *p = session(lab, "");

    read_ok(p, 0, 0, 1);
    read_ok(p, 1, 127, 1);
    read_ok(p, 0, 3, 8);
}

static void read_large(struct lab *lab)
{
    struct peer *p = session(lab, "MaxRecvDataSegmentLength=65536");

    read_ok(p, 0, 0, 128);
}

static void read_in_small_segments(struct lab *lab)
{
    struct peer *p = session(lab, "MaxRecvDataSegmentLength=512 MaxBurstLength=1024");

    read_ok(p, 0, 5, 5);
    read_ok(p, 0, 0, 32);
}

static void read_in_odd_segments(struct lab *lab)
{
    struct peer *p = session(lab, "MaxRecvDataSegmentLength=1021 MaxBurstLength=2900");

    read_ok(p, 0, 1, 20);
}

static void write_immediate(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=Yes");

    write_ok(p, 0, 0, 1, 'a');
    write_ok(p, 1, 120, 8, 'b');
    read_ok(p, 0, 0, 2);
    is_untouched(p, 0, 1, 127);
    is_untouched(p, 1, 0, 120);
}

static void write_unsolicited(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No ImmediateData=No FirstBurstLength=8192");

    write_ok(p, 0, 4, 3, 'c');
    p->piece = 512;
    write_ok(p, 0, 64, 16, 'd');
    is_untouched(p, 0, 7, 57);
    is_untouched(p, 0, 80, 48);
}

static void write_immediate_and_unsolicited(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No ImmediateData=Yes FirstBurstLength=4096");

    p->immediate_bytes = 1024;
    p->piece = 1536;
    write_ok(p, 0, 4, 8, 'e');
    write_ok(p, 0, 40, 20, 'f');        /* and solicited */
    is_untouched(p, 0, 12, 28);
    is_untouched(p, 0, 60, 68);
}

static void write_one_r2t(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");

    write_ok(p, 0, 10, 4, 'g');
    p->piece = 1024;
    write_ok(p, 0, 20, 4, 'h');
    is_untouched(p, 0, 14, 6);
}

static void write_many_r2ts(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No MaxBurstLength=1024");

    write_ok(p, 0, 1, 13, 'i');
    p->piece = 512;
    write_ok(p, 0, 20, 9, 'j');
    is_untouched(p, 0, 14, 6);
    is_untouched(p, 0, 29, 99);
}

static void write_four_r2ts_at_a_time(struct lab *lab)
{
    struct peer *p =
        session(lab, "MaxOutstandingR2T=4 MaxBurstLength=512 FirstBurstLength=512");

    CHECK(lab, p->max_r2t == 4, "MaxOutstandingR2T is %u", (unsigned)p->max_r2t);
    write_ok(p, 0, 3, 11, 'k');

    struct cmd c = write_cmd(p, 40, 8, 'l');
    p->immediate_bytes = 0;
    start(p, &c);
    lab_run(lab);
    unsigned r2ts = 0;
    for (size_t i = 0; i < p->n_pdus; i++)
        r2ts += !p->pdus[i].taken && p->pdus[i].bhs[0] == TH_OP_R2T;
    CHECK(lab, r2ts == 4, "%u R2Ts at a time", r2ts);
    finish(p, &c);
    was(p, &c, TH_STATUS_GOOD, 0);
    is_written(p, 0, 40, 8, 'l');
}

/* The R2T of a command with a flat LUN has a flat LUN; finish() looks. */
static void write_to_a_flat_lun(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No InitialR2T=Yes");

    for (uint8_t lun = 0; lun < 2; lun++) {
        struct cmd c = write_cmd(p, 40, 8, 'f');
        c.lun = lun;
        c.lun_method = 0x40;
        good(p, &c);
        CHECK(lab, c.r2t_sn > 0, "no R2T came");
        is_written(p, lun, 40, 8, 'f');
    }
}

static void write_parts_of_blocks(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No InitialR2T=Yes");
    struct cmd c = write_cmd(p, 2, 1, 'm');
    static const uint32_t parts[] = { 1024, 3072 };

    c.sent = 0;
    struct request r = command_request(p, &c, 0, true);
    put(p, &r);
    struct pdu *r2t = hear_of(p, TH_OP_R2T, c.itt);
    if (r2t) {
        uint32_t ttt = th_get32(r2t->bhs + 20), at = 0;
        for (uint32_t i = 0; i < COUNT(parts); i++) {
            r = data_out(p, &c, ttt, i, at, parts[i], i == COUNT(parts) - 1);
            put(p, &r);
            at += parts[i];
        }
    }
    c.r2t_sn = 1;
    finish(p, &c);
    CHECK(lab, c.answered, "1 KiB and 3 KiB of a block of 4 KiB: no answer");
    was(p, &c, TH_STATUS_GOOD, 0);
    is_written(p, 0, 2, 1, 'm');
    is_untouched(p, 0, 0, 2);
    is_untouched(p, 0, 3, 61);
}

static void write_512_at_a_time(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=Yes ImmediateData=Yes");

    p->piece = p->immediate_bytes = 512;        /* as boot firmware does */
    write_ok(p, 0, 2, 3, 'n');
    p->immediate_bytes = 0;
    write_ok(p, 0, 10, 2, 'o');
    is_untouched(p, 0, 5, 5);
}

static void residuals(struct lab *lab)
{
    struct peer *p = session(lab, "");

    struct cmd more = read_cmd(p, 0, 1);
    more.edtl = 1500;
    ends(p, &more, TH_STATUS_GOOD, 0);
    CHECK(lab, lab->lenient || more.residual == -988, "residual %d", (int)more.residual);

    struct cmd less = read_cmd(p, 0, 2);
    less.edtl = 700;
    ends(p, &less, TH_STATUS_GOOD, 0);
    CHECK(lab, lab->lenient || less.residual == 324, "residual %d", (int)less.residual);
    if (!lab->lenient)
        CHECK(lab, memcmp(less.in, lab->medium[0], 700) == 0, "other data");

    struct cmd none = read_cmd(p, 0, 1);
    none.read = false;
    none.edtl = 0;
    ends(p, &none, TH_STATUS_GOOD, 0);
    CHECK(lab, lab->lenient || none.residual == 512, "residual %d", (int)none.residual);

    struct cmd inquiry = cdb_cmd("12 00 00 00 ff 00", 255);
    ends(p, &inquiry, TH_STATUS_GOOD, 0);
    CHECK(lab, inquiry.residual == (int64_t)inquiry.got - 255, "residual %d",
          (int)inquiry.residual);

    struct cmd long_write = write_cmd(p, 9, 3, 'p');
    long_write.cdb[8] = 2;              /* the CDB wants two blocks, three come */
    ends(p, &long_write, TH_STATUS_GOOD, 0);
    CHECK(lab, lab->lenient || long_write.residual == -512, "residual %d",
          (int)long_write.residual);
    is_written(p, 0, 9, 2, 'p');
    is_untouched(p, 0, 11, 1);

    struct cmd short_write = write_cmd(p, 20, 2, 'q');
    short_write.cdb[8] = 3;
    ends(p, &short_write, TH_STATUS_GOOD, 0);
    CHECK(lab, lab->lenient || short_write.residual == 512, "residual %d",
          (int)short_write.residual);
    is_written(p, 0, 20, 2, 'q');
    is_untouched(p, 0, 22, 1);
}

static void refused_commands(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No FirstBurstLength=2048 ImmediateData=Yes");

    struct cmd beyond = read_cmd(p, 128, 1);
    ends(p, &beyond, TH_STATUS_CHECK_CONDITION, TH_SENSE_LBA_OUT_OF_RANGE);
    CHECK(lab, beyond.residual == -512, "residual %d", (int)beyond.residual);

    struct cmd write = write_cmd(p, 127, 8, 'r');       /* its unsolicited data comes anyway */
    p->immediate_bytes = 512;
    ends(p, &write, TH_STATUS_CHECK_CONDITION, TH_SENSE_LBA_OUT_OF_RANGE);
    is_untouched(p, 0, 0, 128);

    struct cmd unknown = cdb_cmd("ff 00 00 00 00 00", 0);
    ends(p, &unknown, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_OPCODE);
    struct cmd no_unit = read_cmd(p, 0, 1);
    no_unit.lun = 5;
    ends(p, &no_unit, TH_STATUS_CHECK_CONDITION, TH_SENSE_NO_LOGICAL_UNIT);
    read_ok(p, 0, 0, 4);
}

/* ---- parameter lists ---- */
static const uint8_t unmap_list[24] = {
    0, 22, 0, 16, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 7,  0, 0, 0, 3
};

static void is_zero(struct peer *p, uint32_t lba, uint32_t n_blocks)
{
    const uint8_t *at = p->lab->medium[0] + (size_t)lba * 512;
    for (uint32_t i = 0; i < n_blocks * 512; i++)
        CHECK(p->lab, p->lab->lenient || at[i] == 0, "LBA %u is not zero", (unsigned)lba);
}

static void lists_in(struct lab *lab, const char *keys)
{
    struct peer *p = session(lab, keys);
    uint8_t *caw = lab_alloc(lab, 1024);
    uint8_t *block = lab_alloc(lab, 512);

    struct cmd unmap = out_cmd("42 00 00 00 00 00 00 00 18 00", unmap_list, 24);
    good(p, &unmap);
    is_zero(p, 7, 3);
    is_untouched(p, 0, 0, 7);

    for (uint32_t i = 0; i < 512; i++) {
        caw[i] = lab_byte(0, 20, i);
        caw[512 + i] = (uint8_t)(i ^ 0x5a);
    }
    struct cmd swap = out_cmd("89 00 00 00 00 00 00 00 00 14 00 00 00 01 00 00", caw, 1024);
    good(p, &swap);
    if (!lab->lenient)
        CHECK(lab, memcmp(lab->medium[0] + 20 * 512, caw + 512, 512) == 0, "not swapped");
    struct cmd again = out_cmd("89 00 00 00 00 00 00 00 00 14 00 00 00 01 00 00", caw, 1024);
    ends(p, &again, TH_STATUS_CHECK_CONDITION, TH_SENSE_MISCOMPARE);

    memset(block, 0xc3, 512);
    struct cmd same = out_cmd("93 00 00 00 00 00 00 00 00 28 00 00 00 05 00 00", block, 512);
    good(p, &same);
    for (uint32_t i = 0; i < 5 * 512; i++)
        CHECK(lab, lab->lenient || lab->medium[0][40 * 512 + i] == 0xc3, "not the same");
    is_untouched(p, 0, 45, 83);

    struct cmd zero = cdb_cmd("93 09 00 00 00 00 00 00 00 50 00 00 00 04 00 00", 0);
    good(p, &zero);                     /* WRITE SAME with UNMAP and NDOB */
    is_zero(p, 80, 4);
}

static void lists_immediate(struct lab *lab)
{
    lists_in(lab, "ImmediateData=Yes InitialR2T=Yes");
}

static void lists_solicited(struct lab *lab)
{
    lists_in(lab, "ImmediateData=No InitialR2T=Yes MaxBurstLength=512");
}

static void lists_unsolicited(struct lab *lab)
{
    lists_in(lab, "ImmediateData=No InitialR2T=No");
}

static void list_short(struct lab *lab)
{
    struct peer *p = session(lab, "");

    struct cmd unmap = out_cmd("42 00 00 00 00 00 00 00 18 00", unmap_list, 16);
    ends(p, &unmap, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_INFORMATION_UNIT);
    struct cmd nothing = cdb_cmd("89 00 00 00 00 00 00 00 00 14 00 00 00 01 00 00", 0);
    ends(p, &nothing, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_CDB_FIELD);
    is_untouched(p, 0, 0, 128);
    read_ok(p, 0, 0, 1);
}

/* ---- VERIFY ---- */
static void verify(struct lab *lab)
{
    struct peer *p = session(lab, "MaxBurstLength=1024");
    uint8_t *data = lab_alloc(lab, 2048);

    memcpy(data, lab->medium[0] + 512, 2048);
    struct cmd same = out_cmd("2f 02 00 00 00 01 00 00 04 00", data, 2048);
    good(p, &same);
    p->piece = 700;                     /* pieces that end inside a block */
    p->immediate_bytes = 300;
    struct cmd pieces = out_cmd("2f 02 00 00 00 01 00 00 04 00", data, 2048);
    good(p, &pieces);

    uint8_t *other = lab_alloc(lab, 2048);
    memcpy(other, data, 2048);
    other[1500] ^= 1;
    struct cmd differs = out_cmd("2f 02 00 00 00 01 00 00 04 00", other, 2048);
    ends(p, &differs, TH_STATUS_CHECK_CONDITION, TH_SENSE_MISCOMPARE);
    is_untouched(p, 0, 0, 128);

    struct cmd medium_only = cdb_cmd("2f 00 00 00 00 01 00 00 04 00", 0);
    good(p, &medium_only);
    struct cmd one_block = out_cmd("2f 06 00 00 00 01 00 00 01 00", data, 512);
    good(p, &one_block);
}

static void write_and_verify(struct lab *lab)
{
    struct peer *p = session(lab, "MaxBurstLength=1024");
    struct cmd c = write_cmd(p, 30, 5, 's');

    c.cdb[0] = 0x2e;
    p->piece = 900;
    good(p, &c);
    is_written(p, 0, 30, 5, 's');
    is_untouched(p, 0, 35, 90);
}

/* ---- durability ---- */
static void flushes(struct lab *lab)
{
    struct peer *p = session(lab, "");

    write_ok(p, 0, 0, 1, 't');
    CHECK(lab, lab->flushes == 0, "flushed without need");
    struct cmd fua = write_cmd(p, 1, 9, 'u');
    fua.cdb[1] = 0x08;
    good(p, &fua);
    CHECK(lab, lab->lenient || lab->flushes == 1, "FUA: %u flushes", lab->flushes);
    struct cmd sync = cdb_cmd("35 00 00 00 00 00 00 00 00 00", 0);
    good(p, &sync);
    CHECK(lab, lab->lenient || lab->flushes == 2, "SYNCHRONIZE CACHE: %u flushes",
          lab->flushes);

    read_ok(p, 0, 0, 1);
    CHECK(lab, lab->lenient || lab->flushes == 2, "a READ flushed without need");
    struct cmd read = read_cmd(p, 0, 20);       /* of several buffers: flushed once */
    read.cdb[1] = 0x08;
    good(p, &read);
    CHECK(lab, lab->lenient || lab->flushes == 3, "READ with FUA: %u flushes", lab->flushes);
    CHECK(lab, lab->lenient || memcmp(read.in, lab->medium[0], 20 * 512) == 0, "READ with FUA: other data");
}

/* What is late must be down before it is read; if it cannot be, it is not read. */
static void flush_before_read(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd read = read_cmd(p, 0, 2), second = read_cmd(p, 0, 2), aborted = read_cmd(p, 4, 2);

    read.cdb[1] = second.cdb[1] = aborted.cdb[1] = 0x08;
    start(p, &read);
    lab_run(lab);
    lab_disk(lab, 1);
    CHECK(lab, lab->flushes == 1 && !hear_of(p, TH_OP_DATA_IN, read.itt), "data before the flush");
    lab_disk(lab, 1);
    finish(p, &read);
    was(p, &read, TH_STATUS_GOOD, 0);

    lab->fault[0].fail_at = lab->fault[0].calls;
    start(p, &second);
    lab_run(lab);
    lab_disk(lab, 1);
    lab->fault[0].fail_at = UINT32_MAX;
    finish(p, &second);
    was(p, &second, TH_STATUS_CHECK_CONDITION, TH_SENSE_READ_ERROR);

    struct cmd sync = cdb_cmd("35 00 00 00 00 00 00 00 00 00", 0), again = sync;
    unsigned flushes = lab->flushes;
    start(p, &sync);                    /* who wrote has to know; the disk may have said it once */
    finish(p, &sync);
    was(p, &sync, TH_STATUS_CHECK_CONDITION, TH_SENSE_WRITE_ERROR);
    start(p, &again);
    lab_run(lab);
    lab_disk(lab, 1);
    finish(p, &again);
    was(p, &again, TH_STATUS_GOOD, 0);
    CHECK(lab, lab->flushes == flushes + 1, "%u flushes", lab->flushes - flushes);

    start(p, &aborted);
    lab_run(lab);
    uint32_t itt = tmf(p, TH_TMF_ABORT_TASK, 0, aborted.itt);
    abandon(p, aborted.itt);
    lab_run(lab);
    lab_disk(lab, 1);
    CHECK(lab, lab_disk_waiting(lab) == 0, "an aborted READ goes on behind the flush");
    tmf_says(p, itt, TH_TMF_COMPLETE);
}

/* The sense data say which block it was, whatever piece of the command it is in: INFORMATION, and VALID. */
static void which_block(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No");
    struct thimble_fault_disk *f = &lab->fault[0];
    struct cmd c[] = {
        read_cmd(p, 3, 40), write_cmd(p, 3, 40, 'w'), read_cmd(p, 29, 1),
        out_cmd("2f 02 00 00 00 03 00 00 28 00", lab->medium[0] + 3 * 512, 40 * 512),   /* VERIFY */
        out_cmd("2e 02 00 00 00 03 00 00 28 00", lab->medium[0] + 3 * 512, 40 * 512),   /* WRITE AND VERIFY */
        out_cmd("2a 08 00 00 00 03 00 00 28 00", lab->medium[0] + 3 * 512, 40 * 512),   /* with FUA */
    };

    for (unsigned i = 0; i < COUNT(c); i++) {
        *f = (struct thimble_fault_disk){ .block = f->block, .below = f->below, .calls = f->calls, .sticky = true,
                                          .lba_only = true, .bad_lba = 29, .bad_blocks = 2, .result = THIMBLE_ERR_BLOCK };
        bool reads = c[i].read || c[i].cdb[0] == 0x2f;
        ends(p, &c[i], TH_STATUS_CHECK_CONDITION, reads ? TH_SENSE_READ_ERROR : TH_SENSE_WRITE_ERROR);
        const uint8_t *sense = data_of(p, &p->pdus[p->n_pdus - 1]) + 2;     /* the response */
        CHECK(lab, sense[0] == 0xf0 && th_get32(sense + 3) == 29, "command %u: sense %02x, block %u", i, sense[0],
              (unsigned)th_get32(sense + 3));
    }
    f->fail_at = UINT32_MAX;
    f->lba_only = f->sticky = false;
    read_ok(p, 0, 0, 1);
}

/* A comparison fails: what stands in line behind it is not written, here or elsewhere. */
static void nothing_behind_a_miscompare(struct lab *lab)
{
    struct peer *p = session(lab, "InitialR2T=No");
    struct cmd c = write_cmd(p, 4, 10, 'm');
    uint8_t *data = lab_alloc(lab, 10 * 512);

    for (uint32_t i = 0; i < 10 * 512; i++)
        data[i] = c.out[i];
    c = out_cmd("2e 02 00 00 00 04 00 00 0a 00", data, 10 * 512);
    p->immediate_bytes = 512;
    p->piece = 4096;
    start(p, &c);
    lab_run(lab);
    lab_disk(lab, 1);                   /* the first block is written */
    lab->medium[0][4 * 512 + 7] ^= 1;
    lab_disk(lab, 1);                   /* ... and read back */
    lab->disk_held = false;
    finish(p, &c);
    was(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_MISCOMPARE);
    is_untouched(p, 0, 0, 4);
    is_untouched(p, 0, 5, 123);
}

static void in_a_row(struct lab *lab)
{
    struct peer *p = session(lab, "MaxBurstLength=1024 FirstBurstLength=1024");
    struct cmd c[6];

    for (unsigned i = 0; i < COUNT(c); i++) {
        c[i] = i & 1 ? write_cmd(p, 16 * i, 6, (uint8_t)('A' + i)) : read_cmd(p, 16 * i, 12);
        start(p, &c[i]);
    }
    for (unsigned i = 0; i < COUNT(c); i++) {
        finish(p, &c[i]);
        was(p, &c[i], TH_STATUS_GOOD, 0);
    }
    for (unsigned i = 1; i < COUNT(c); i += 2)
        is_written(p, 0, 16 * i, 6, (uint8_t)('A' + i));
}

static void more_parameter_lists_than_room(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No");
    struct cmd c[3];
    unsigned good_ones = 0, full = 0;

    for (unsigned i = 0; i < COUNT(c); i++) {
        c[i] = out_cmd("42 00 00 00 00 00 00 00 18 00", unmap_list, 24);
        start(p, &c[i]);
    }
    lab_run(lab);
    for (unsigned i = 0; i < COUNT(c); i++) {
        finish(p, &c[i]);
        good_ones += c[i].answered && c[i].status == TH_STATUS_GOOD;
        full += c[i].answered && c[i].status == TH_STATUS_TASK_SET_FULL;
    }
    CHECK(lab, lab->lenient || (good_ones == 2 && full == 1), "%u good, %u full", good_ones,
          full);
}

#define BLOCKS_OF_4K .options = { .block_shift = 12, .size_blocks = 64 }

static const struct scenario scenarios[] = {
    { .name = "READ of a few blocks", .play = read_small },
    { .name = "READ of 64 KiB", .play = read_large },
    { .name = "READ with MaxRecvDataSegmentLength 512", .play = read_in_small_segments },
    { .name = "READ with odd limits", .play = read_in_odd_segments },
    { .name = "READ of blocks of 4 KiB", .play = read_in_odd_segments, BLOCKS_OF_4K },
    { .name = "READ from mapped memory", .play = read_large, .options = { .mapped = true } },
    { .name = "READ from mapped memory, odd limits",
      .play = read_in_odd_segments,
      .options = { .mapped = true } },
    { .name = "WRITE with immediate data", .play = write_immediate },
    { .name = "WRITE with unsolicited data", .play = write_unsolicited },
    { .name = "WRITE with both, and solicited data", .play = write_immediate_and_unsolicited },
    { .name = "WRITE with one R2T", .play = write_one_r2t },
    { .name = "WRITE with many R2Ts", .play = write_many_r2ts },
    { .name = "WRITE with MaxOutstandingR2T 4",
      .play = write_four_r2ts_at_a_time,
      .options = { .config = { .max_outstanding_r2t = 8 } } },
    { .name = "WRITE to a flat LUN", .play = write_to_a_flat_lun },
    { .name = "WRITE: 1 KiB and 3 KiB of a block of 4 KiB",
      .play = write_parts_of_blocks,
      BLOCKS_OF_4K },
    { .name = "WRITE: 512 bytes at a time to blocks of 4 KiB",
      .play = write_512_at_a_time,
      BLOCKS_OF_4K },
    { .name = "residuals", .play = residuals },
    { .name = "refused commands", .play = refused_commands },
    { .name = "parameter lists as immediate data", .play = lists_immediate },
    { .name = "parameter lists as solicited data", .play = lists_solicited },
    { .name = "parameter lists as unsolicited data", .play = lists_unsolicited },
    { .name = "parameter lists that are too short", .play = list_short },
    { .name = "VERIFY with BYTCHK", .play = verify },
    { .name = "WRITE AND VERIFY", .play = write_and_verify },
    { .name = "FUA and SYNCHRONIZE CACHE", .play = flushes },
    { .name = "which block failed", .play = which_block, .own_pace = true, .no_faults = true },
    { .name = "FUA in a READ", .play = flush_before_read, .own_disks = true, .options = { .config = { .n_buffers = 8 } } },
    { .name = "nothing behind a miscompare",
      .play = nothing_behind_a_miscompare,
      .own_disks = true,
      .options = { .config = { .n_buffers = 8 } } },
    { .name = "six commands in a row", .play = in_a_row },
    { .name = "more parameter lists than there is room for",
      .play = more_parameter_lists_than_room },
};

int main(void)
{
    return play_all("data", scenarios, COUNT(scenarios));
}
