/* SPDX-License-Identifier: MIT
 *
 * test_blocks.c: CDBs of 32 bytes (RFC 7143 11.2.2.3), ORWRITE, WRITE ATOMIC beside READs.
 */
#include "ways.h"

/* READ, WRITE, WRITE SAME, VERIFY and GET LBA STATUS with 32 bytes of CDB. */
static void long_cdbs(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd w = write_cmd(p, 7, 4, 'a');

    struct cmd c = out_cmd("7f 00 00000000 00 18 000b 08 00 0000000000000007 00000000 0000 0000 00000004",
                           w.out, w.edtl);
    good(p, &c);
    is_written(p, 0, 7, 4, 'a');
    c = cdb_cmd("7f 00 00000000 00 18 0009 00 00 0000000000000007 ffffffff 0000 ffff 00000004",
                w.edtl);
    good(p, &c);
    CHECK(lab, lab->lenient || memcmp(c.in, w.out, w.edtl) == 0, "READ(32) reads other data");
    c = out_cmd("7f 00 00000000 00 18 000a 02 00 0000000000000007 00000000 0000 0000 00000004",
                w.out, w.edtl);
    good(p, &c);
    c = out_cmd("7f 00 00000000 00 18 000d 00 00 0000000000000014 00000000 0000 0000 00000003",
                w.out, 512);
    good(p, &c);
    is_written(p, 0, 0x14, 1, 'a');
    c = cdb_cmd("7f 00 00000000 00 18 0012 00 00 0000000000000000 00000010 00000000 00000018", 24);
    good(p, &c);
    CHECK(lab, lab->lenient || th_get32(c.in + 16) == 0x10, "GET LBA STATUS(32) scans too far");
}

/* What does not make a CDB of 32 bytes is refused, and nothing is taken for something else. */
static void half_cdbs(struct lab *lab)
{
    static const char *const cdbs[] = {
        "7f 00 00000000 00 18 0009 00 00 00000000",                     /* no additional header */
        "7f 00 00000000 00 08 0009 00 00 00000000",
        "7f 00 00000000 00 10 0009 00 00 0000000000000007 00000000",     /* says 24 bytes */
    };
    struct peer *p = session(lab, "");

    for (unsigned i = 0; i < COUNT(cdbs); i++) {
        struct cmd c = cdb_cmd(cdbs[i], 512);
        ends(p, &c, TH_STATUS_CHECK_CONDITION, TH_SENSE_INVALID_CDB_FIELD);
    }
}

/* A command that comes ahead of its turn keeps its additional header segment. */
static void long_cdb_out_of_order(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=Yes");
    struct cmd w = write_cmd(p, 9, 1, 'b');
    struct cmd late = out_cmd("7f 00 00000000 00 18 000b 00 00 0000000000000009 00000000 0000 0000"
                              "00000001", w.out, w.edtl);
    struct cmd first = read_cmd(p, 0, 1);

    struct request r1 = command_request(p, &first, 0, true);
    struct request r2 = command_request(p, &late, w.edtl, true);
    put(p, &r2);
    lab_run(lab);
    put(p, &r1);
    finish(p, &first);
    finish(p, &late);
    was(p, &late, TH_STATUS_GOOD, 0);
    is_written(p, 0, 9, 1, 'b');
    is_untouched(p, 0, 0, 9);
}

/* Bits come to those that are there; pieces are cut anywhere. */
static void orwrite(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No MaxBurstLength=2048");
    uint8_t *bits = lab_alloc(lab, 8 * 512);
    bool fine = true;

    for (uint32_t i = 0; i < 8 * 512; i++)
        bits[i] = (uint8_t)(1u << (i * 7 % 8));
    p->piece = 700;
    struct cmd c = out_cmd("8b 08 000000000000000c 00000008 00 00", bits, 8 * 512);
    good(p, &c);
    for (uint32_t i = 0; i < 8 * 512; i++)
        fine = fine && lab->medium[0][12 * 512 + i] ==
                           (lab_byte(0, 12 + i / 512, i % 512) | bits[i]);
    CHECK(lab, lab->lenient || fine, "the medium is not what there was and the data");
    is_untouched(p, 0, 0, 12);
    is_untouched(p, 0, 20, 100);
}

/* The generation changes while the data of an ORWRITE(16) are on their way: what comes late is not OR'ed into what was cleared. */
static void orwrite_late(struct lab *lab)
{
    struct peer *p = session(lab, "ImmediateData=No InitialR2T=Yes"), *other = session(lab, "");
    uint8_t *ones = lab_alloc(lab, 512), *zeros = lab_alloc(lab, 512);

    memset(ones, 0xff, 512);
    memset(zeros, 0, 512);
    struct cmd late = out_cmd("8b 00 000000000000000c 00000001 00 00", ones, 512);
    start(p, &late);
    lab_run(lab);
    struct cmd clear = out_cmd("7f 00 01070000 00 18 000e 00 00 000000000000000c 00000000 00000001 00000001", zeros, 512);
    good(other, &clear);
    finish(p, &late);
    was(p, &late, TH_STATUS_CHECK_CONDITION, TH_SENSE_ORWRITE_GENERATION);
    CHECK(lab, lab->lenient || memcmp(lab->medium[0] + 12 * 512, zeros, 512) == 0, "bits came back");

    /* the same again as if the power had been cut */
    tmf_says(other, tmf(other, TH_TMF_TARGET_COLD_RESET, 0, 0), TH_TMF_COMPLETE);
    p = session(lab, "");
    struct cmd again = out_cmd("8b 00 000000000000000c 00000001 00 00", ones, 512);
    good(p, &again);
}

/* Blocks 8 to 15 as a READ from block 4 on gave them: 0: old, 1: new, -1: some of both. */
static int seen(const uint8_t *in, const uint8_t *new_data)
{
    bool old_all = true, new_all = true;

    for (uint32_t i = 0; i < 8 * 512; i++) {
        old_all = old_all && in[4 * 512 + i] == lab_byte(0, 8 + i / 512, i % 512);
        new_all = new_all && in[4 * 512 + i] == new_data[i];
    }
    return old_all ? 0 : new_all ? 1 : -1;
}

/* A WRITE ATOMIC that comes when a READ has had n of its disk calls. */
static int read_beside_atomic(struct lab *lab, struct peer *reader, struct peer *writer, uint32_t n)
{
    struct cmd r = read_cmd(reader, 4, 16);
    struct cmd w = write_cmd(writer, 8, 8, (uint8_t)('A' + n));

    memcpy(w.cdb, "\x9c\0\0\0\0\0\0\0\0\x08\0\0\0\x08\0", 16);
    start(reader, &r);
    lab_run(lab);
    for (uint32_t i = 0; i < n && lab_disk_waiting(lab) > 0; i++)
        lab_disk(lab, 1);
    start(writer, &w);
    lab_run(lab);
    while (lab_disk_waiting(lab) > 0)
        lab_disk(lab, 1);
    finish(reader, &r);
    finish(writer, &w);
    was(writer, &w, TH_STATUS_GOOD, 0);
    is_written(writer, 0, 8, 8, (uint8_t)('A' + n));
    int what = seen(r.in, w.out);
    for (uint32_t i = 0; i < 8; i++)            /* as it was */
        for (uint32_t k = 0; k < 512; k++)
            lab->medium[0][(8 + i) * 512 + k] = lab_byte(0, 8 + i, k);
    return what;
}

static void atomic_beside_read(struct lab *lab)
{
    struct peer *reader = session(lab, ""), *writer = session(lab, "");
    bool seen_old = false, seen_new = false;

    lab->disk_held = true;
    for (uint32_t n = 0; n < 4; n++) {
        int what = read_beside_atomic(lab, reader, writer, n);
        CHECK(lab, what >= 0, "after %u disk calls: a READ saw a part of a WRITE ATOMIC",
              (unsigned)n);
        seen_old = seen_old || what == 0;
        seen_new = seen_new || what == 1;
    }
    CHECK(lab, seen_old && seen_new, "they never met");
    lab->disk_held = false;
}

static void atomic(struct lab *lab)
{
    struct peer *p = session(lab, "");
    struct cmd w = write_cmd(p, 8, 8, 'c');

    struct cmd c = out_cmd("9c 08 0000000000000008 0000 0008 00 00", w.out, w.edtl);
    good(p, &c);
    is_written(p, 0, 8, 8, 'c');
    is_untouched(p, 0, 0, 8);
    is_untouched(p, 0, 16, 100);
    read_ok(p, 0, 3, 60);
}

static const struct scenario scenarios[] = {
    { .name = "CDBs of 32 bytes", .play = long_cdbs },
    { .name = "less than a CDB of 32 bytes", .play = half_cdbs },
    { .name = "a CDB of 32 bytes ahead of its turn", .play = long_cdb_out_of_order },
    { .name = "ORWRITE", .play = orwrite },
    { .name = "ORWRITE whose generation has passed", .play = orwrite_late },
    { .name = "WRITE ATOMIC", .play = atomic, .options = { .atomic_blocks = 8 } },
    { .name = "WRITE ATOMIC beside READs", .play = atomic_beside_read, .own_disks = true,
      .options = { .atomic_blocks = 8 } },
};

int main(void)
{
    return play_all("blocks", scenarios, COUNT(scenarios));
}
