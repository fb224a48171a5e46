/* SPDX-License-Identifier: MIT
 *
 * test_scsi_copy.c: EXTENDED COPY, tokens, and what is told of them: on disks that answer at once and later, with each
 * disk call failing, aborted at each step, and with lists of which each byte is wrong.
 */
#include "scsi_rig.h"

#include "../../src/scsi/lu.h"

enum { HEADER = 16, CSCD = 32, SEGMENT = 28, SEGMENTS_MAX = 32, OTHER_BLOCKS = 64, SOURCE_AT = 4, TO_AT = 6 };

/* A second unit beside the rig's. */
struct pair {
    struct rig rig;
    struct th_lu other;
    struct thimble_ram_disk ram;
    uint8_t *mem;
    unsigned copies, unmaps, reads;     /* by the other's disk itself */
    bool refuses_copies;
};

static struct pair *pair;

static int other_copy(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, struct thimble_block *from,
                      uint64_t from_lba, struct thimble_io *io)
{
    uint8_t *buf = malloc((size_t)n_blocks << b->block_shift);

    pair->copies++;
    if (pair->refuses_copies) {
        free(buf);
        return THIMBLE_ERR_ARGUMENT;
    }
    struct thimble_io unused = { .done = NULL };
    int err = from == &pair->ram.block ? from->read(from, from_lba, n_blocks, buf, &unused)
                                       : pair->rig.ram.block.read(&pair->rig.ram.block, from_lba, n_blocks, buf, &unused);
    if (err == THIMBLE_OK)
        err = b->write(b, lba, n_blocks, buf, io);
    free(buf);
    return err;
}

static int (*ram_read)(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf, struct thimble_io *io);

static int other_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf, struct thimble_io *io)
{
    pair->reads++;
    return ram_read(b, lba, n_blocks, buf, io);
}

static int (*ram_unmap)(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, struct thimble_io *io);

static int other_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, struct thimble_io *io)
{
    pair->unmaps++;
    return ram_unmap(b, lba, n_blocks, io);
}

static void pair_start(struct pair *p, const struct rig_options *o, unsigned other_shift)
{
    memset(p, 0, sizeof *p);
    pair = p;
    rig_start(&p->rig, o);
    p->mem = malloc((size_t)OTHER_BLOCKS << other_shift);
    memset(p->mem, 0xdd, (size_t)OTHER_BLOCKS << other_shift);
    assert_int_equal(thimble_ram_disk_init(&p->ram, p->mem, OTHER_BLOCKS, (uint8_t)other_shift), 0);
    ram_read = p->ram.block.read;
    p->ram.block.read = other_read;
    ram_unmap = p->ram.block.unmap;
    p->ram.block.unmap = other_unmap;
    p->ram.block.map = NULL;
    p->other = p->rig.lu;
    p->other.block = &p->ram.block;
    p->other.lun = 1;
    p->rig.target.lus[1] = &p->other;
}

static void pair_end(struct pair *p)
{
    for (unsigned i = 0; i < TH_COPY_RECORDS; i++)
        assert_null(p->rig.copies.records[i].cmd);
    for (unsigned i = 0; i < THIMBLE_SCSI_TOKENS; i++)
        assert_int_equal(p->rig.copies.tokens[i].users, 0);
    assert_int_equal(p->other.gate.sharers, 0);
    assert_null(p->other.gate.first);
    free(p->mem);
    rig_end(&p->rig);
}

/* ---- lists ---- */
static uint32_t put_cscd(uint8_t *at, const struct th_lu *lu)
{
    memset(at, 0, CSCD);
    at[0] = 0xe4;
    at[4] = 1;
    at[5] = 3;
    at[7] = 16;
    th_lu_naa(lu, at + 8);
    th_put24(at + 29, 1u << lu->block->block_shift);
    return CSCD;
}

static uint32_t put_segment(uint8_t *at, unsigned from, unsigned to, unsigned n_blocks, uint64_t from_lba,
                            uint64_t to_lba)
{
    memset(at, 0, SEGMENT);
    at[0] = 0x02;
    th_put16(at + 2, 24);
    th_put16(at + SOURCE_AT, from);
    th_put16(at + TO_AT, to);
    th_put16(at + 10, n_blocks);
    th_put64(at + 12, from_lba);
    th_put64(at + 20, to_lba);
    return SEGMENT;
}

/* Bytes of which the place is a number of bytes from the beginning of the disk. */
static uint32_t put_bytes(uint8_t *at, const struct th_lu *from, unsigned from_id, uint64_t from_byte,
                          const struct th_lu *to, unsigned to_id, uint64_t to_byte, uint32_t n_bytes)
{
    memset(at, 0, 32);
    at[0] = 0x0a;
    th_put16(at + 2, 28);
    th_put16(at + SOURCE_AT, from_id);
    th_put16(at + TO_AT, to_id);
    th_put32(at + 8, n_bytes);
    th_put64(at + 12, from_byte >> from->block->block_shift);
    th_put64(at + 20, to_byte >> to->block->block_shift);
    th_put16(at + 28, (uint32_t)from_byte & ((1u << from->block->block_shift) - 1));
    th_put16(at + 30, (uint32_t)to_byte & ((1u << to->block->block_shift) - 1));
    return 32;
}

static uint32_t put_verify(uint8_t *at, unsigned id, bool ready)
{
    memset(at, 0, 12);
    at[0] = 0x07;
    at[3] = 8;
    th_put16(at + SOURCE_AT, id);
    at[8] = ready;
    return 12;
}

struct list { uint8_t bytes[1400]; uint32_t len; };

/* A list with the rig's unit as CSCD 0, the other as 1. */
static struct list new_list(const struct pair *p, uint8_t list_id)
{
    struct list l = { .len = HEADER };

    l.bytes[0] = list_id;
    l.len += put_cscd(l.bytes + l.len, &p->rig.lu);
    l.len += put_cscd(l.bytes + l.len, &p->other);
    th_put16(l.bytes + 2, 2 * CSCD);
    return l;
}

static void add(struct list *l, unsigned from, unsigned to, unsigned n_blocks, uint64_t from_lba, uint64_t to_lba)
{
    l->len += put_segment(l->bytes + l->len, from, to, n_blocks, from_lba, to_lba);
    th_put32(l->bytes + 8, l->len - HEADER - 2 * CSCD);
}

static void grown(struct list *l, uint32_t by)
{
    l->len += by;
    th_put32(l->bytes + 8, l->len - HEADER - 2 * CSCD);
}

/* ... from_byte of CSCD `from`, to_byte of CSCD `to`. */
static void add_bytes(struct list *l, struct pair *p, unsigned from, uint64_t from_byte, unsigned to, uint64_t to_byte,
                      uint32_t n_bytes)
{
    grown(l, put_bytes(l->bytes + l->len, from ? &p->other : &p->rig.lu, from, from_byte,
                       to ? &p->other : &p->rig.lu, to, to_byte, n_bytes));
}

static struct rig_cmd *submit_copy(struct pair *p, const struct list *l)
{
    char cdb[64];

    snprintf(cdb, sizeof cdb, "83 00 0000000000000000 %08x 00 00", (unsigned)l->len);
    return rig_submit(&p->rig, &p->rig.nexus[0], &p->rig.lu, cdb, l->bytes, l->len);
}

static void expect_copy(struct pair *p, const char *title, const struct list *l, uint32_t sense)
{
    struct rig_cmd *c = submit_copy(p, l);
    rig_wait(c);
    struct outcome o = rig_collect(c);

    expect_sense(title, &o, sense);
    rig_forget(&o);
}

/* Blocks of the other unit hold what those of the rig's unit held at the start. */
static bool copied(const struct pair *p, uint64_t lba, uint32_t n, uint64_t to_lba)
{
    for (uint32_t b = 0; b < n; b++)
        for (uint32_t i = 0; i < 512; i++)
            if (p->mem[(to_lba + b) * 512 + i] != rig_byte(lba + b, i))
                return false;
    return true;
}

static void expect_status(struct pair *p, uint8_t list_id, unsigned status, unsigned segments, uint32_t bytes)
{
    char cdb[64];

    snprintf(cdb, sizeof cdb, "84 00 %02x 00000000000000 00000020 00 00", list_id);
    struct outcome o = rig_run(&p->rig, cdb, NULL, 0);
    expect_sense("RECEIVE COPY STATUS", &o, TH_SENSE_NONE);
    assert_int_equal(o.len, 12);
    assert_int_equal(o.data[4], status);
    assert_int_equal(th_get16(o.data + 5), segments);
    assert_int_equal(th_get32(o.data + 8), bytes);
    rig_forget(&o);
}

/* ---- EXTENDED COPY ---- */
static void test_copy(void **state)
{
    (void)state;
    for (int delayed = 0; delayed < 2; delayed++) {
        struct pair p;
        pair_start(&p, &(struct rig_options){ .delayed = delayed }, 9);
        struct list l = new_list(&p, 7);
        add(&l, 0, 1, 40, 3, 5);
        add(&l, 0, 1, 2, 60, 62);
        add(&l, 0, 0, 8, 0, 50);
        add(&l, 1, 1, 0, 0, 0);                 /* nothing */
        expect_copy(&p, "copy", &l, TH_SENSE_NONE);
        assert_true(copied(&p, 3, 40, 5) && copied(&p, 60, 2, 62));
        assert_int_equal(p.mem[4 * 512 + 511], 0xdd);
        assert_int_equal(p.mem[45 * 512], 0xdd);
        assert_memory_equal(p.rig.mem + 50 * 512, p.rig.mem, 8 * 512);
        assert_true(rig_blocks_untouched(&p.rig, 0, 50));
        expect_status(&p, 7, 0x01, 4, 50 * 512);
        pair_end(&p);
    }
}

/* Source and destination overlap: the destination gets what the source was. */
static void test_overlap(void **state)
{
    static const struct { unsigned from, to, n; } cases[] = {
        { 0, 1, 60 }, { 1, 0, 60 }, { 0, 30, 34 }, { 30, 0, 34 }, { 5, 5, 20 }, { 0, 3, 20 }, { 3, 0, 20 },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        pair_start(&p, NULL, 9);
        struct list l = new_list(&p, 1);
        add(&l, 0, 0, cases[i].n, cases[i].from, cases[i].to);
        expect_copy(&p, "overlap", &l, TH_SENSE_NONE);
        for (unsigned b = 0; b < cases[i].n; b++)
            for (unsigned k = 0; k < 512; k++)
                assert_int_equal(p.rig.mem[(cases[i].to + b) * 512 + k], rig_byte(cases[i].from + b, k));
        pair_end(&p);
    }
}

/* Holes become holes; what is in use is copied. */
static void test_holes(void **state)
{
    struct pair p;
    (void)state;

    pair_start(&p, &(struct rig_options){ .run_blocks = 16 }, 9);
    struct list l = new_list(&p, 1);
    add(&l, 0, 1, 64, 0, 0);
    expect_copy(&p, "holes", &l, TH_SENSE_NONE);
    for (unsigned b = 0; b < 64; b++)
        for (unsigned i = 0; i < 512; i++)
            assert_int_equal(p.mem[b * 512 + i], b / 16 % 2 ? 0 : rig_byte(b, i));
    assert_int_equal(p.unmaps, 2);
    pair_end(&p);
}

/* A disk that copies by itself is asked to; if it will not, the data go through the core. */
static void test_offload(void **state)
{
    (void)state;
    for (int refuses = 0; refuses < 2; refuses++) {
        struct pair p;
        pair_start(&p, NULL, 9);
        p.refuses_copies = refuses;
        p.ram.block.copy = other_copy;
        struct list l = new_list(&p, 1);
        add(&l, 0, 1, 64, 0, 0);
        expect_copy(&p, "offload", &l, TH_SENSE_NONE);
        assert_true(copied(&p, 0, 64, 0));
        assert_int_equal(p.copies, 1);
        pair_end(&p);
    }
}

/* Blocks of 512 bytes to blocks of 4096 and back; what does not fit is refused. */
static void test_block_sizes(void **state)
{
    struct pair p;
    (void)state;

    pair_start(&p, &(struct rig_options){ .param_bytes = 16384 }, 12);
    struct list l = new_list(&p, 1);
    add(&l, 0, 1, 64, 0, 1);
    expect_copy(&p, "to larger blocks", &l, TH_SENSE_NONE);
    assert_memory_equal(p.mem + 4096, p.rig.mem, 64 * 512);
    l = new_list(&p, 1);
    add(&l, 1, 0, 1, 9, 8);
    expect_copy(&p, "to smaller blocks", &l, TH_SENSE_NONE);
    assert_true(rig_blocks_are(&p.rig, 8, 8, 0xdd));
    l = new_list(&p, 1);
    add(&l, 0, 1, 2, 0, 30);
    l.bytes[HEADER + 2 * CSCD + 1] = 0x02;      /* DC: counted in blocks of the destination */
    expect_copy(&p, "counted by the destination", &l, TH_SENSE_NONE);
    assert_memory_equal(p.mem + 30 * 4096, p.rig.mem, 2 * 4096);
    l = new_list(&p, 1);
    add(&l, 0, 1, 7, 0, 1);
    expect_copy(&p, "half a block", &l, TH_SENSE_INEXACT_SEGMENT);
    pair_end(&p);
}

static void expect_why(struct pair *p, uint8_t list_id, uint32_t why);

/* Bytes from anywhere to anywhere, of units of all block sizes: as memmove() does, and nothing else changes. */
static void test_bytes(void **state)
{
    enum { SIZE = 64 * 512, ROUNDS = 150 };
    static const struct { unsigned shift, other_shift, param_bytes; } ways[] = {
        { 9, 9, 4096 }, { 9, 9, 65536 }, { 9, 12, 16384 }, { 12, 9, 16384 }, { 12, 12, 65536 },
    };
    uint32_t turn = 1;
    (void)state;

    for (unsigned way = 0; way < sizeof ways / sizeof ways[0]; way++)
        for (unsigned round = 0; round < ROUNDS; round++) {
            struct pair p;
            pair_start(&p, &(struct rig_options){ .block_shift = (uint8_t)ways[way].shift, .delayed = round % 2,
                                                  .param_bytes = ways[way].param_bytes }, ways[way].other_shift);
            for (uint32_t i = 0; i < SIZE; i++)
                p.mem[i] = (uint8_t)(i * 7 + (i >> 8) * 3);
            uint8_t *want[2] = { malloc(SIZE), malloc(SIZE) }, *have[2] = { p.rig.mem, p.mem };
            memcpy(want[0], have[0], SIZE);
            memcpy(want[1], have[1], SIZE);
            struct list l = new_list(&p, 1);
            for (unsigned i = 0; i < 3; i++) {
                uint32_t number[5];
                for (unsigned k = 0; k < 5; k++)
                    number[k] = (turn = turn * 1103515245 + 12345) >> 8;
                unsigned from = number[0] % 2, to = number[1] % 2;
                uint32_t n = number[2] % (round % 3 ? SIZE / 2 : 700);
                uint32_t from_byte = number[3] % (SIZE - n), to_byte = number[4] % (SIZE - n);
                add_bytes(&l, &p, from, from_byte, to, to_byte, n);
                memmove(want[to] + to_byte, want[from] + from_byte, n);
            }
            expect_copy(&p, "bytes", &l, TH_SENSE_NONE);
            assert_memory_equal(have[0], want[0], SIZE);
            assert_memory_equal(have[1], want[1], SIZE);
            free(want[0]);
            free(want[1]);
            pair_end(&p);
        }
}

/* A part of a block is put into it without losing what others write to the rest. */
static void test_bytes_beside_others(void **state)
{
    bool before = false, after = false;
    (void)state;

    for (unsigned steps = 0; steps < 12; steps++) {
        struct pair p;
        uint8_t data[1024];
        pair_start(&p, &(struct rig_options){ .delayed = true }, 9);
        struct list l = new_list(&p, 1);
        add_bytes(&l, &p, 1, 0, 0, 5 * 512 + 100, 50);
        memcpy(data, p.rig.mem + 5 * 512, 512);
        memset(data + 512, 0xee, 512);
        struct rig_cmd *c = submit_copy(&p, &l);
        for (unsigned i = 0; i < steps && !c->ended; i++)
            rig_step(c);
        struct rig_cmd *caw = rig_submit(&p.rig, &p.rig.nexus[1], &p.rig.lu, "89 00 0000000000000005 000000 01 00 00",
                                         data, 1024);
        while (!c->ended || !caw->ended)
            rig_step(c->ended ? caw : c);
        struct outcome o = rig_collect(c);
        expect_sense("bytes", &o, TH_SENSE_NONE);
        o = rig_collect(caw);
        if (o.status == TH_STATUS_GOOD)
            memset(data, 0xee, 512);
        *(o.status == TH_STATUS_GOOD ? &before : &after) = true;
        memset(data + 100, 0xdd, 50);
        assert_memory_equal(p.rig.mem + 5 * 512, data, 512);
        pair_end(&p);
    }
    assert_true(before && after);
}

/* The same beside a copy of whole blocks, which shares the gate with other writers. */
static void test_bytes_beside_blocks(void **state)
{
    bool before = false, after = false;
    (void)state;

    for (unsigned steps = 0; steps < 12; steps++) {
        struct pair p;
        uint8_t want[512];
        pair_start(&p, &(struct rig_options){ .delayed = true }, 9);
        struct list part = new_list(&p, 1), whole = new_list(&p, 2);
        add_bytes(&part, &p, 0, 20 * 512, 0, 5 * 512 + 100, 50);
        add(&whole, 1, 0, 1, 0, 5);
        struct rig_cmd *c = submit_copy(&p, &part), *w = NULL;
        for (unsigned i = 0; i < steps && !c->ended; i++)
            rig_step(c);
        w = submit_copy(&p, &whole);
        while (!c->ended || !w->ended)                  /* the whole one first, where it can */
            rig_step(!w->ended && w->waits_turn ? w : c->ended ? w : c);
        struct outcome o = rig_collect(c);
        expect_sense("bytes", &o, TH_SENSE_NONE);
        o = rig_collect(w);
        expect_sense("blocks", &o, TH_SENSE_NONE);
        memset(want, 0xdd, 512);
        bool last = memcmp(p.rig.mem + 5 * 512, want, 512) != 0;
        if (last)
            memcpy(want + 100, p.rig.mem + 20 * 512, 50);
        *(last ? &after : &before) = true;
        assert_memory_equal(p.rig.mem + 5 * 512, want, 512);
        pair_end(&p);
    }
    assert_true(before && after);
}

/* The unit that is written becomes read-only at any step: no disk call is begun after that. */
static void test_bytes_shut_out(void **state)
{
    bool over = false;
    (void)state;

    for (unsigned steps = 1; !over; steps++) {
        struct pair p;
        pair_start(&p, &(struct rig_options){ .delayed = true }, 9);
        struct list l = new_list(&p, 1);
        add_bytes(&l, &p, 0, 20 * 512 + 1, 0, 100, 1000);
        struct rig_cmd *c = submit_copy(&p, &l);
        for (unsigned i = 0; i < steps && !c->ended; i++)
            rig_step(c);
        over = c->ended;
        p.rig.lu.read_only = true;
        uint32_t calls = p.rig.fault.calls + p.rig.delay.waiting;
        rig_wait(c);
        assert_int_equal(p.rig.fault.calls, calls);
        struct outcome o = rig_collect(c);
        assert_true(over || o.sense == TH_SENSE_THIRD_PARTY_FAILURE || rig_blocks_untouched(&p.rig, 3, 61));
        pair_end(&p);
    }
}

/* The disk becomes smaller in the middle. */
static void test_resized_at_work(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 2; which++)
        for (unsigned bytes = 0; bytes < 2; bytes++)
            for (unsigned steps = 1; steps < 5; steps++) {
                struct pair p;
                pair_start(&p, &(struct rig_options){ .delayed = true, .param_bytes = 3072 }, 9);
                struct list l = new_list(&p, 5);
                add_bytes(&l, &p, 0, 0, 1, bytes, 50 * 512);
                struct rig_cmd *c = submit_copy(&p, &l);
                for (unsigned i = 0; i < steps; i++)
                    rig_step(c);
                assert_false(c->ended);
                (which ? &p.other : &p.rig.lu)->block->size_blocks = 40;
                rig_wait(c);
                struct outcome o = rig_collect(c);
                expect_sense("a smaller disk", &o, TH_SENSE_THIRD_PARTY_FAILURE);
                rig_forget(&o);
                expect_why(&p, 5, TH_SENSE_LBA_OUT_OF_RANGE);
                assert_int_equal(p.mem[40 * 512], 0xdd);
                pair_end(&p);
            }
}

/* Segments that ask whether a unit is there, or also whether it is ready. */
static void test_verify(void **state)
{
    struct pair p;
    (void)state;

    pair_start(&p, NULL, 9);
    struct list l = new_list(&p, 4);
    grown(&l, put_verify(l.bytes + l.len, 1, false));
    add(&l, 0, 1, 8, 0, 0);
    grown(&l, put_verify(l.bytes + l.len, 0, true));
    expect_copy(&p, "all are there", &l, TH_SENSE_NONE);
    expect_status(&p, 4, 0x01, 3, 8 * 512);

    p.other.ejected = true;
    l = new_list(&p, 4);
    grown(&l, put_verify(l.bytes + l.len, 1, false));
    expect_copy(&p, "there, and not ready", &l, TH_SENSE_NONE);
    grown(&l, put_verify(l.bytes + l.len, 1, true));
    expect_copy(&p, "not ready", &l, TH_SENSE_THIRD_PARTY_FAILURE);
    expect_why(&p, 4, TH_SENSE_NO_MEDIUM);
    p.rig.nexus[0].units[1] = 0;
    l = new_list(&p, 4);
    grown(&l, put_verify(l.bytes + l.len, 1, false));
    expect_copy(&p, "hidden", &l, TH_SENSE_CSCD_UNREACHABLE);

    l = new_list(&p, 4);
    for (unsigned i = 0; i <= SEGMENTS_MAX; i++)
        grown(&l, put_verify(l.bytes + l.len, 0, false));
    expect_copy(&p, "too many", &l, TH_SENSE_TOO_MANY_SEGMENTS);
    grown(&l, 0u - 12);
    expect_copy(&p, "as many as may be", &l, TH_SENSE_NONE);
    grown(&l, 0u - 4);
    expect_copy(&p, "one that is cut", &l, TH_SENSE_LIST_LENGTH);
    pair_end(&p);
}

/* COPY ABORTED names the segment, and the byte of it that is wrong. */
static void test_segment_pointer(void **state)
{
    static const struct { const char *title; unsigned at, value; uint32_t sense; int field; } cases[] = {
        { "a source that is not in the list", 5, 2, TH_SENSE_CSCD_ID, 4 },
        { "a destination that is not in the list", 7, 2, TH_SENSE_CSCD_ID, 6 },
        { "far beyond the source", 12, 1, TH_SENSE_COPY_ABORTED, 12 },
        { "far beyond the destination", 20, 1, TH_SENSE_COPY_ABORTED, 20 },
        { "a byte behind the block of the source", 28, 2, TH_SENSE_COPY_LIST_FIELD, 28 },
        { "a byte behind the block of the destination", 30, 2, TH_SENSE_COPY_LIST_FIELD, 30 },
        { "more bytes than there are", 9, 1, TH_SENSE_COPY_ABORTED, -1 },
    };
    (void)state;

    for (unsigned i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        pair_start(&p, &(struct rig_options){ .d_sense = i % 2 }, 9);
        struct list l = new_list(&p, 5);
        add(&l, 0, 1, 8, 0, 0);
        uint32_t at = l.len;
        add_bytes(&l, &p, 0, 0, 1, 0, 8);
        l.bytes[at + cases[i / 2].at] = (uint8_t)cases[i / 2].value;
        struct rig_cmd *c = submit_copy(&p, &l);
        rig_wait(c);
        struct outcome o = rig_collect(c);
        expect_sense(cases[i / 2].title, &o, cases[i / 2].sense);
        expect_field(cases[i / 2].title, &o, cases[i / 2].field, -1);
        assert_int_equal(o.segment, 1);
        assert_int_equal(o.field_in_segment, cases[i / 2].field >= 0);
        assert_int_equal(p.mem[0], 0xdd);
        rig_forget(&o);
        pair_end(&p);
    }

    /* at work: what fails is in the second */
    struct pair p;
    pair_start(&p, &(struct rig_options){ .delayed = true }, 9);
    struct list l = new_list(&p, 5);
    add(&l, 1, 1, 2, 0, 10);
    add(&l, 0, 1, 2, 0, 0);
    p.rig.fault.fail_at = p.rig.fault.calls;
    struct rig_cmd *c = submit_copy(&p, &l);
    rig_wait(c);
    struct outcome o = rig_collect(c);
    expect_sense("a disk that fails", &o, TH_SENSE_THIRD_PARTY_FAILURE);
    assert_int_equal(o.segment, 1);
    expect_field("a disk that fails", &o, -1, -1);
    pair_end(&p);
}

/* Each call of a disk fails: the copy says so, and the unit goes on serving. */
static void test_failing_calls(void **state)
{
    (void)state;
    for (int delayed = 0; delayed < 2; delayed++)
        for (uint32_t call = 0;; call++) {
            struct pair p;
            pair_start(&p, &(struct rig_options){ .delayed = delayed, .run_blocks = 8 }, 9);
            p.rig.fault.fail_at = call;
            struct list l = new_list(&p, 9);
            add(&l, 0, 1, 32, 0, 0);
            add(&l, 1, 0, 32, 32, 32);
            add_bytes(&l, &p, 1, 3, 0, 2, 2000);
            struct rig_cmd *c = submit_copy(&p, &l);
            rig_wait(c);
            struct outcome o = rig_collect(c);
            bool failed = p.rig.fault.failed > 0;
            expect_sense("a failing disk", &o, failed ? TH_SENSE_THIRD_PARTY_FAILURE : TH_SENSE_NONE);
            rig_forget(&o);

            o = rig_run(&p.rig, "84 04 09 00000000000000 00000100 00 00", NULL, 0);
            expect_sense("RECEIVE COPY FAILURE DETAILS", &o, TH_SENSE_NONE);
            assert_int_equal(o.len, failed ? 78 : 4);
            if (failed) {
                uint32_t why = TH_SENSE(o.data[62], o.data[72], o.data[73]);
                assert_true(why == TH_SENSE_READ_ERROR || why == TH_SENSE_WRITE_ERROR);
                assert_int_equal(o.data[56], TH_STATUS_CHECK_CONDITION);
            }
            rig_forget(&o);
            pair_end(&p);
            if (!failed) {
                assert_true(call > 3);
                break;
            }
        }
}

/* Aborted before each of its steps: it ends, holds nothing, and nobody can ask about it. */
static void test_aborts(void **state)
{
    (void)state;
    for (int stop = 0; stop < 2; stop++)
        for (unsigned steps = 0;; steps++) {
            struct pair p;
            pair_start(&p, &(struct rig_options){ .delayed = true, .run_blocks = 8 }, 9);
            struct list l = new_list(&p, 9);
            add(&l, 0, 1, 32, 0, 0);
            add(&l, 1, 0, 32, 32, 32);
            add_bytes(&l, &p, 0, 3, 0, 2, 1000);
            struct rig_cmd *c = submit_copy(&p, &l);
            for (unsigned i = 0; i < steps && !c->ended; i++)
                rig_step(c);
            bool was_over = c->ended;
            if (!was_over)
                c->cmd->aborted = true;
            rig_wait(c);
            struct outcome o = rig_collect(c);
            assert_int_equal(o.status, was_over ? TH_STATUS_GOOD : TH_STATUS_TASK_ABORTED);
            rig_forget(&o);
            o = rig_run(&p.rig, "84 00 09 00000000000000 00000100 00 00", NULL, 0);
            expect_sense("RECEIVE COPY STATUS", &o, was_over ? TH_SENSE_NONE : TH_SENSE_INVALID_CDB_FIELD);
            rig_forget(&o);
            pair_end(&p);
            if (was_over) {
                assert_true(steps > 8);
                break;
            }
        }
}

/* While it works: its list identifier is taken, its status is told, other commands have turns, a COMPARE AND WRITE to
 * its destination waits for one piece only. */
static void test_beside_others(void **state)
{
    struct pair p;
    (void)state;

    pair_start(&p, &(struct rig_options){ .delayed = true }, 9);
    struct list l = new_list(&p, 3);
    add(&l, 0, 0, 30, 0, 32);
    struct rig_cmd *c = submit_copy(&p, &l);
    for (int i = 0; i < 4; i++)
        rig_step(c);
    expect_copy(&p, "the same list identifier", &l, TH_SENSE_OPERATION_IN_PROGRESS);
    expect_status(&p, 3, 0x00, 0, (uint32_t)p.rig.copies.records[0].moved_bytes);
    uint8_t data[1024];
    memcpy(data, p.rig.mem + 31 * 512, 512);
    memset(data + 512, 0xee, 512);
    struct rig_cmd *caw = rig_submit(&p.rig, &p.rig.nexus[1], &p.rig.lu,
                                     "89 00 000000000000001f 000000 01 00 00", data, 1024);
    for (int i = 0; i < 12 && !caw->ended; i++)
        rig_step(c);
    assert_true(caw->ended && !c->ended);
    struct outcome o = rig_collect(caw);
    expect_sense("COMPARE AND WRITE", &o, TH_SENSE_NONE);
    rig_wait(c);
    o = rig_collect(c);
    expect_sense("copy", &o, TH_SENSE_NONE);
    assert_memory_equal(p.rig.mem + 32 * 512, p.rig.mem, 30 * 512);
    pair_end(&p);
}

/* What cannot be served is refused, and nothing is copied. */
static void test_refusals(void **state)
{
    enum { AT_CSCD = HEADER + CSCD, AT_SEGMENT = HEADER + 2 * CSCD };
    static const struct { const char *title; unsigned at, value; uint32_t sense; } cases[] = {
        { "a reserved bit of the header", 1, 0x80, TH_SENSE_INVALID_LIST_FIELD },
        { "list identifier usage 01b", 1, 0x08, TH_SENSE_INVALID_LIST_FIELD },
        { "a list identifier that is not used", 1, 0x18, TH_SENSE_INVALID_LIST_FIELD },
        { "CSCD descriptors of half a length", 3, 2 * CSCD - 1, TH_SENSE_INVALID_LIST_FIELD },
        { "more CSCD descriptors than bytes", 3, 5 * CSCD, TH_SENSE_LIST_LENGTH },
        { "too many CSCD descriptors", 2, 2, TH_SENSE_TOO_MANY_CSCDS },
        { "more segments than bytes", 11, 3 * SEGMENT, TH_SENSE_LIST_LENGTH },
        { "too many segments", 10, 4, TH_SENSE_TOO_MANY_SEGMENTS },
        { "longer than a list may be", 10, 5, TH_SENSE_LIST_LENGTH },
        { "far longer", 8, 0x80, TH_SENSE_LIST_LENGTH },
        { "inline data", 15, 1, TH_SENSE_INLINE_DATA },
        { "another kind of CSCD descriptor", AT_CSCD, 0xe0, TH_SENSE_CSCD_TYPE },
        { "a null device", AT_CSCD + 1, 0x20, TH_SENSE_CSCD_UNREACHABLE },
        { "another device type", AT_CSCD + 1, 0x05, TH_SENSE_CSCD_DEVICE_TYPE },
        { "a designator of a port", AT_CSCD + 5, 0x13, TH_SENSE_CSCD_UNREACHABLE },
        { "another kind of designator", AT_CSCD + 5, 0x02, TH_SENSE_CSCD_UNREACHABLE },
        { "a shorter designator", AT_CSCD + 7, 8, TH_SENSE_CSCD_UNREACHABLE },
        { "a designator that is longer than its field", AT_CSCD + 7, 21, TH_SENSE_CSCD_UNREACHABLE },
        { "the identifier of another unit", AT_CSCD + 23, 0x00, TH_SENSE_CSCD_UNREACHABLE },
        { "another block length", AT_CSCD + 30, 0x10, TH_SENSE_INVALID_LIST_FIELD },
        { "another kind of segment", AT_SEGMENT, 0x00, TH_SENSE_SEGMENT_TYPE },
        { "a segment that copies to the initiator", AT_SEGMENT, 0x0d, TH_SENSE_SEGMENT_TYPE },
        { "a reserved bit of a segment", AT_SEGMENT + 1, 0x40, TH_SENSE_INVALID_LIST_FIELD },
        { "a segment of another length", AT_SEGMENT + 3, 25, TH_SENSE_INVALID_LIST_FIELD },
        { "a source that is not in the list", AT_SEGMENT + 5, 2, TH_SENSE_CSCD_ID },
        { "a destination that is not in the list", AT_SEGMENT + 7, 9, TH_SENSE_CSCD_ID },
        { "this unit, with a list identifier of one byte", AT_SEGMENT + 6, 0xff, TH_SENSE_CSCD_ID },
        { "blocks beyond the source", AT_SEGMENT + 19, 60, TH_SENSE_COPY_ABORTED },
        { "blocks beyond the destination", AT_SEGMENT + 27, 60, TH_SENSE_COPY_ABORTED },
        { "blocks far beyond", AT_SEGMENT + 12, 0xff, TH_SENSE_COPY_ABORTED },
        { "more blocks than there are", AT_SEGMENT + 10, 0xff, TH_SENSE_COPY_ABORTED },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        pair_start(&p, NULL, 9);
        struct list l = new_list(&p, 5);
        add(&l, 0, 1, 8, 0, 0);
        l.bytes[cases[i].at] = (uint8_t)cases[i].value;
        expect_copy(&p, cases[i].title, &l, cases[i].sense);
        for (unsigned k = 0; k < OTHER_BLOCKS * 512; k++)
            assert_int_equal(p.mem[k], 0xdd);
        pair_end(&p);
    }
}

/* ---- units that are not open to everybody, or not now ---- */
static void reserve_out(struct pair *p, unsigned who, struct th_lu *lu, unsigned action, unsigned type, uint8_t key,
                        uint8_t action_key)
{
    uint8_t list[24] = { [7] = key, [15] = action_key };
    char cdb[64];

    snprintf(cdb, sizeof cdb, "5f %02x %02x 0000 00000018 00", action, type);
    struct rig_cmd *c = rig_submit(&p->rig, &p->rig.nexus[who], lu, cdb, list, sizeof list);
    rig_wait(c);
    struct outcome o = rig_collect(c);
    expect_sense("PERSISTENT RESERVE OUT", &o, TH_SENSE_NONE);
    assert_int_equal(o.status, TH_STATUS_GOOD);
    rig_forget(&o);
}

enum role { HOLDER, REGISTRANT, STRANGER };
enum { REGISTER_AND_IGNORE = 6, RESERVE = 1, BY_RESERVE_6 = 0 };

/* lu is reserved so that the first session, which copies, is that to it. */
static void reserve(struct pair *p, struct th_lu *lu, unsigned type, enum role role)
{
    unsigned holder = role == HOLDER ? 0 : 1;

    if (type == BY_RESERVE_6) {
        struct outcome o = rig_collect(rig_submit(&p->rig, &p->rig.nexus[holder], lu, "16 00 0000 00 00", NULL, 0));
        expect_sense("RESERVE(6)", &o, TH_SENSE_NONE);
        rig_forget(&o);
        return;
    }
    if (role == REGISTRANT)
        reserve_out(p, 0, lu, REGISTER_AND_IGNORE, 0, 0, 1);
    reserve_out(p, holder, lu, REGISTER_AND_IGNORE, 0, 0, 7);
    reserve_out(p, holder, lu, RESERVE, type, 7, 0);
}

/* What went wrong at a unit, as RECEIVE COPY FAILURE DETAILS tells it. */
static void expect_why(struct pair *p, uint8_t list_id, uint32_t why)
{
    char cdb[64];

    snprintf(cdb, sizeof cdb, "84 04 %02x 00000000000000 00000100 00 00", list_id);
    struct outcome o = rig_run(&p->rig, cdb, NULL, 0);
    expect_sense("RECEIVE COPY FAILURE DETAILS", &o, TH_SENSE_NONE);
    assert_int_equal(o.len, 78);
    assert_int_equal(TH_SENSE(o.data[62], o.data[72], o.data[73]), why);
    rig_forget(&o);
}

/* A copy manager reads and writes a unit by the rights of who asked for the copy: which types of reservation let it read,
 * which write, as the holder, a registrant, a stranger.  A: allowed, C: conflict. */
static void test_reservations(void **state)
{
    static const struct { unsigned type; const char *read_write[3]; } cells[] = {
        { 1, { "AA", "AC", "AC" } }, { 3, { "AA", "CC", "CC" } }, { 5, { "AA", "AA", "AC" } },
        { 6, { "AA", "AA", "CC" } }, { 7, { "AA", "AA", "AC" } }, { 8, { "AA", "AA", "CC" } },
        { BY_RESERVE_6, { "AA", "CC", "CC" } },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cells / sizeof cells[0]; i++)
        for (enum role role = HOLDER; role <= STRANGER; role++)
            for (unsigned writes = 0; writes < 2; writes++) {
                struct pair p;
                char title[64];
                pair_start(&p, NULL, 9);
                reserve(&p, &p.other, cells[i].type, role);
                struct list l = new_list(&p, 5);
                add(&l, !writes, writes, 8, 0, 0);
                bool allowed = cells[i].read_write[role][writes] == 'A';
                snprintf(title, sizeof title, "type %u, role %d, %s", cells[i].type, (int)role,
                         writes ? "written" : "read");
                expect_copy(&p, title, &l, allowed ? TH_SENSE_NONE : TH_SENSE_THIRD_PARTY_FAILURE);
                if (!allowed)
                    expect_why(&p, 5, TH_SENSE_RESERVATION_CONFLICT);
                assert_int_equal(p.mem[0], allowed && writes ? rig_byte(0, 0) : 0xdd);
                assert_int_equal(p.rig.mem[0], allowed && !writes ? 0xdd : rig_byte(0, 0));
                pair_end(&p);
            }
}

/* What may happen to the other unit, and what is told of it. */
enum change { RESERVED, RESERVED_6, STANDBY, UNAVAILABLE, PROTECTED, EJECTED, SANITIZED, CHANGES };

static const uint32_t why_after[CHANGES] = {
    [RESERVED] = TH_SENSE_RESERVATION_CONFLICT, [RESERVED_6] = TH_SENSE_RESERVATION_CONFLICT,
    [STANDBY] = TH_SENSE_PORT_STANDBY, [UNAVAILABLE] = TH_SENSE_PORT_UNAVAILABLE,
    [PROTECTED] = TH_SENSE_WRITE_PROTECTED, [EJECTED] = TH_SENSE_NO_MEDIUM, [SANITIZED] = TH_SENSE_SANITIZE_IN_PROGRESS,
};

static void happen(struct pair *p, enum change change)
{
    struct th_lu *lu = &p->other;

    switch (change) {
    case RESERVED: reserve(p, lu, 3, STRANGER); break;
    case RESERVED_6: reserve(p, lu, BY_RESERVE_6, STRANGER); break;
    case STANDBY: lu->access[0].state = THIMBLE_ACCESS_STANDBY; break;
    case UNAVAILABLE: lu->access[0].state = THIMBLE_ACCESS_UNAVAILABLE; break;
    case PROTECTED: lu->read_only = true; break;
    case EJECTED: lu->ejected = true; break;
    case SANITIZED:
        lu->work = (struct th_work){ .kind = TH_WORK_ERASE, .size_blocks = OTHER_BLOCKS, .passes = 1 };
        break;
    case CHANGES: break;
    }
}

/* No unit that the session could not address itself, or read and write. */
static void test_reach(void **state)
{
    struct pair p;
    (void)state;

    pair_start(&p, NULL, 9);
    struct list l = new_list(&p, 5);
    add(&l, 0, 1, 8, 0, 0);
    p.rig.nexus[0].units[1] = 0;
    expect_copy(&p, "a unit that is hidden from the session", &l, TH_SENSE_CSCD_UNREACHABLE);
    th_scsi_show(&p.rig.nexus[0], &p.other, 1, true);
    expect_copy(&p, "a unit that the session must not write", &l, TH_SENSE_THIRD_PARTY_FAILURE);
    th_scsi_show(&p.rig.nexus[0], &p.other, 1, false);
    th_scsi_show(&p.rig.nexus[1], &p.other, 1, true);
    expect_copy(&p, "a unit that another must not write", &l, TH_SENSE_NONE);
    p.rig.nexus[1].units[1] = 0;
    expect_copy(&p, "a unit that is hidden from another", &l, TH_SENSE_NONE);

    /* another session cannot ask */
    struct outcome o = rig_run_as(&p.rig, 1, "84 00 05 00000000000000 00000100 00 00");
    expect_sense("another session's list identifier", &o, TH_SENSE_INVALID_CDB_FIELD);
    pair_end(&p);

    for (enum change change = 0; change < CHANGES; change++)
        for (unsigned writes = 0; writes < 2; writes++) {
            pair_start(&p, NULL, 9);
            l = new_list(&p, 5);
            add(&l, !writes, writes, 8, 0, 0);
            happen(&p, change);
            bool fine = change == PROTECTED && !writes;
            expect_copy(&p, "a unit that is not open", &l, fine ? TH_SENSE_NONE : TH_SENSE_THIRD_PARTY_FAILURE);
            if (!fine)
                expect_why(&p, 5, why_after[change]);
            pair_end(&p);
        }
}

/* ... and if that comes in the middle of a copy, nothing more is written, or read.  Ways: written; written by the disk itself;
 * read. */
enum { WRITTEN, BY_ITSELF, READ, BYTES, WAYS };

static bool shut_out_after(enum change change, unsigned way, unsigned steps)
{
    static uint8_t before[OTHER_BLOCKS * 512];
    struct pair p;

    pair_start(&p, &(struct rig_options){ .delayed = true, .param_bytes = 3072 }, 9);
    p.ram.block.copy = way == BY_ITSELF ? other_copy : NULL;
    struct list l = new_list(&p, 5);
    if (way == BYTES) {
        add_bytes(&l, &p, 0, 0, 1, 1, 30 * 512);
        add_bytes(&l, &p, 0, 30 * 512 + 1, 1, 30 * 512, 30 * 512);
    } else {
        add(&l, way == READ, way != READ, 30, 0, 0);
        add(&l, way == READ, way != READ, 30, 30, 30);
    }
    struct rig_cmd *c = submit_copy(&p, &l);
    for (unsigned i = 0; i < steps && !c->ended; i++)
        rig_step(c);
    bool was_over = c->ended;
    happen(&p, change);
    unsigned reads = p.reads;
    memcpy(before, p.mem, sizeof before);
    rig_wait(c);
    struct outcome o = rig_collect(c);
    bool fine = was_over || (way == READ && (change == PROTECTED || rig_blocks_are(&p.rig, 0, 60, 0xdd)));
    expect_sense("a copy to a unit that is not open any more", &o, fine ? TH_SENSE_NONE : TH_SENSE_THIRD_PARTY_FAILURE);
    rig_forget(&o);
    assert_memory_equal(p.mem, before, sizeof before);
    assert_true(p.reads == reads || change == PROTECTED);
    if (!fine)
        expect_why(&p, 5, why_after[change]);
    pair_end(&p);
    return was_over;
}

static void test_shut_out_at_work(void **state)
{
    (void)state;
    for (enum change change = 0; change < CHANGES; change++)
        for (unsigned way = 0; way < WAYS; way++) {
            unsigned steps = 1;
            while (!shut_out_after(change, way, steps))
                steps++;
            assert_true(steps > 1);
        }
}

/* ... or while it waits for others who write there. */
static void never(struct thimble_io *io, int result)
{
    (void)io, (void)result;
    fail();
}

static void test_shut_out_at_the_gate(void **state)
{
    (void)state;
    for (unsigned way = WRITTEN; way <= BY_ITSELF; way++) {
        struct pair p;
        struct thimble_io io = { .done = never };
        pair_start(&p, NULL, 9);
        p.ram.block.copy = way == BY_ITSELF ? other_copy : NULL;
        assert_int_equal(th_gate_enter(&p.other.gate, TH_GATE_EXCLUSIVE, &io), THIMBLE_OK);
        struct list l = new_list(&p, 5);
        add(&l, 0, 1, 8, 0, 0);
        struct rig_cmd *c = submit_copy(&p, &l);
        rig_step(c);
        assert_true(!c->ended && p.other.gate.first);
        happen(&p, RESERVED);
        th_gate_leave(&p.other.gate, TH_GATE_EXCLUSIVE);
        assert_true(c->ended);
        struct outcome o = rig_collect(c);
        expect_sense("reserved while it waited", &o, TH_SENSE_THIRD_PARTY_FAILURE);
        rig_forget(&o);
        assert_int_equal(p.mem[0], 0xdd);
        assert_int_equal(p.copies, 0);
        pair_end(&p);
    }
}

/* The unit that the command was sent to is a unit like others; a conflict there has a status of its own. */
static void test_own_unit_is_reserved(void **state)
{
    struct pair p;
    (void)state;

    pair_start(&p, NULL, 9);
    reserve(&p, &p.rig.lu, 1, STRANGER);
    struct list l = new_list(&p, 5);
    add(&l, 1, 1, 8, 0, 20);
    struct outcome o = rig_collect(submit_copy(&p, &l));
    assert_int_equal(o.status, TH_STATUS_RESERVATION_CONFLICT);
    rig_forget(&o);
    pair_end(&p);
}

/* Any one byte of a list may be anything: the command ends, and no disk is asked for what it has not. */
static void test_any_byte(void **state)
{
    (void)state;
    for (unsigned at = 0; at < HEADER + 2 * CSCD + 2 * SEGMENT + 32 + 12; at++)
        for (unsigned value = 0; value < 256; value += at % 2 ? 5 : 3) {
            struct pair p;
            pair_start(&p, NULL, 9);
            struct list l = new_list(&p, 5);
            add(&l, 0, 1, 8, 0, 0);
            add(&l, 1, 0, 8, 0, 20);
            add_bytes(&l, &p, 0, 100, 1, 600, 700);
            grown(&l, put_verify(l.bytes + l.len, 1, true));
            l.bytes[at] = (uint8_t)value;
            struct rig_cmd *c = submit_copy(&p, &l);
            rig_wait(c);
            struct outcome o = rig_collect(c);
            assert_true(o.status == TH_STATUS_GOOD || o.status == TH_STATUS_CHECK_CONDITION);
            pair_end(&p);
        }
}

/* LID4: a header of 48 bytes, list identifiers of four, this unit as FFFFh. */
static void test_lid4(void **state)
{
    struct pair p;
    struct list l = { .len = 48 };
    (void)state;

    pair_start(&p, NULL, 9);
    l.bytes[0] = 1;
    th_put16(l.bytes + 2, 32);
    l.bytes[16] = 0xff;
    th_put32(l.bytes + 20, 0x12345678);
    th_put16(l.bytes + 42, CSCD);
    th_put16(l.bytes + 44, SEGMENT);
    l.len += put_cscd(l.bytes + l.len, &p.other);
    l.len += put_segment(l.bytes + l.len, 0xffff, 0, 20, 2, 3);
    struct outcome o = rig_run(&p.rig, "83 01 0000000000000000 0000006c 00 00", l.bytes, l.len);
    expect_sense("LID4", &o, TH_SENSE_NONE);
    assert_true(copied(&p, 2, 20, 3));
    o = rig_run(&p.rig, "84 05 12345678 00000000 00000100 00 00", NULL, 0);
    expect_data("RECEIVE COPY STATUS(LID4)", &o, "0000001c 01 01 0001 fffffffe 00 00 00 00 0000000000002800 0001");
    rig_forget(&o);
    o = rig_run(&p.rig, "84 06 12345678 00000000 00000100 00 00", NULL, 0);
    expect_data("RECEIVE COPY DATA(LID4)", &o, "00000000");
    rig_forget(&o);
    o = rig_run(&p.rig, "84 05 12345679 00000000 00000100 00 00", NULL, 0);
    expect_sense("an unknown list identifier", &o, TH_SENSE_INVALID_CDB_FIELD);
    o = rig_run(&p.rig, "83 1c 12345678 00000000 00000000 00 00", NULL, 0);
    expect_sense("COPY OPERATION ABORT of one that has ended", &o, TH_SENSE_NONE);
    l.bytes[15] = 1;
    o = rig_run(&p.rig, "83 01 0000000000000000 0000006c 00 00", l.bytes, l.len);
    expect_sense("IMMED", &o, TH_SENSE_INVALID_LIST_FIELD);
    pair_end(&p);
}

static void test_operating_parameters(void **state)
{
    struct pair p;
    (void)state;

    pair_start(&p, NULL, 9);
    struct outcome o = rig_run(&p.rig, "84 03 0000000000000000 00000100 00 00", NULL, 0);
    expect_data("RECEIVE COPY OPERATING PARAMETERS", &o,
                "0000002c 01 000000 0008 0020 00000500 00000000 00000000 00000000 00000000 0000 0008 08 00 00 00"
                "000000 04 02 07 0a e4");
    rig_forget(&o);
    pair_end(&p);
}

/* A medium is changed while a copy is under way: nothing more is copied. */
static void test_copy_of_a_lost_medium(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 2; lost++) {         /* that of the unit that was asked, or of the other */
        struct pair p;
        pair_start(&p, NULL, 9);
        struct list l = new_list(&p, 7);
        add(&l, 0, 1, 30, 0, 0);
        struct rig_cmd *c = submit_copy(&p, &l);
        rig_step(c);                                    /* one piece */
        assert_false(c->ended);
        memset(p.mem, 0xdd, OTHER_BLOCKS * 512);        /* another medium */
        th_scsi_lose_medium(c->cmd, lost ? &p.other : &p.rig.lu);
        rig_wait(c);
        struct outcome o = rig_collect(c);
        expect_sense("EXTENDED COPY", &o, TH_SENSE_THIRD_PARTY_FAILURE);
        for (uint32_t i = 0; i < OTHER_BLOCKS * 512; i++)
            assert_int_equal(p.mem[i], 0xdd);
        pair_end(&p);
    }
}

/* ---- tokens ---- */
enum { POPULATE = 16, WRITE_LIST = 536, RANGE = 16 };

static void put_range(uint8_t *at, uint64_t lba, uint32_t n_blocks)
{
    memset(at, 0, RANGE);
    th_put64(at, lba);
    th_put32(at + 8, n_blocks);
}

static struct outcome populate(struct pair *p, uint32_t id, uint64_t lba, uint32_t n, uint64_t lba2, uint32_t n2)
{
    uint8_t l[POPULATE + 2 * RANGE] = { 0 };
    unsigned ranges = n2 ? 2 : 1;
    char cdb[64];

    th_put16(l, POPULATE - 2 + RANGE * ranges);
    th_put16(l + 14, RANGE * ranges);
    put_range(l + 16, lba, n);
    put_range(l + 32, lba2, n2);
    snprintf(cdb, sizeof cdb, "83 10 00000000 %08x %08x 00 00", (unsigned)id, POPULATE + RANGE * ranges);
    return rig_run(&p->rig, cdb, l, POPULATE + RANGE * ranges);
}

/* The token that a command made; false: none. */
static bool fetch_token(struct pair *p, uint32_t id, uint8_t token[512])
{
    char cdb[64];

    snprintf(cdb, sizeof cdb, "84 07 %08x 00000000 00000400 00 00", (unsigned)id);
    struct outcome o = rig_run(&p->rig, cdb, NULL, 0);
    expect_sense("RECEIVE ROD TOKEN INFORMATION", &o, TH_SENSE_NONE);
    bool there = th_get32(o.data + 32) == 514;
    if (there)
        memcpy(token, o.data + 38, 512);
    rig_forget(&o);
    return there;
}

static struct rig_cmd *submit_write_as(struct pair *p, struct th_nexus *nexus, struct th_lu *lu, uint32_t id,
                                       const uint8_t *token, uint64_t offset, uint64_t lba, uint32_t n)
{
    static uint8_t l[WRITE_LIST + RANGE];
    char cdb[64];

    memset(l, 0, sizeof l);
    th_put16(l, sizeof l - 2);
    th_put64(l + 8, offset);
    memcpy(l + 16, token, 512);
    th_put16(l + 534, RANGE);
    put_range(l + 536, lba, n);
    snprintf(cdb, sizeof cdb, "83 11 00000000 %08x %08x 00 00", (unsigned)id, (unsigned)sizeof l);
    return rig_submit(&p->rig, nexus, lu, cdb, l, sizeof l);
}

static struct rig_cmd *submit_write(struct pair *p, struct th_lu *lu, uint32_t id, const uint8_t *token,
                                    uint64_t offset, uint64_t lba, uint32_t n)
{
    return submit_write_as(p, &p->rig.nexus[0], lu, id, token, offset, lba, n);
}

static uint32_t write_token(struct pair *p, struct th_lu *lu, const uint8_t *token, uint64_t offset, uint64_t lba,
                            uint32_t n)
{
    struct rig_cmd *c = submit_write(p, lu, 77, token, offset, lba, n);
    rig_wait(c);
    struct outcome o = rig_collect(c);
    rig_forget(&o);
    return o.sense;
}

static void test_token(void **state)
{
    (void)state;
    for (int delayed = 0; delayed < 2; delayed++) {
        struct pair p;
        uint8_t token[512], changed[512];
        pair_start(&p, &(struct rig_options){ .delayed = delayed }, 9);
        struct outcome o = populate(&p, 1, 10, 20, 50, 10);
        expect_sense("POPULATE TOKEN", &o, TH_SENSE_NONE);
        assert_true(fetch_token(&p, 1, token));
        assert_int_equal(th_get32(token), 0x00800001);
        assert_int_equal(th_get64(token + 56), 30 * 512);
        assert_int_equal(write_token(&p, &p.other, token, 0, 4, 30), 0);
        assert_true(copied(&p, 10, 20, 4) && copied(&p, 50, 10, 24));
        assert_int_equal(write_token(&p, &p.other, token, 15, 40, 10), 0);      /* across both ranges */
        assert_true(copied(&p, 25, 5, 40) && copied(&p, 50, 5, 45));
        assert_int_equal(write_token(&p, &p.other, token, 21, 0, 10), TH_SENSE_INVALID_LIST_FIELD);
        for (unsigned i = 0; i < 512; i += 13) {
            memcpy(changed, token, 512);
            changed[i] ^= 0x40;
            if (i >= 4)                         /* the type: another token altogether */
                assert_int_equal(write_token(&p, &p.other, changed, 0, 0, 1), TH_SENSE_TOKEN_UNKNOWN);
        }
        o = rig_run(&p.rig, "84 08 0000000000000000 00001000 00 00", NULL, 0);
        assert_int_equal(o.len, 8 + 96);
        assert_memory_equal(o.data + 8, token, 96);
        rig_forget(&o);
        pair_end(&p);
    }
}

/* Whoever writes what a token stands for makes it void, by any command; who writes beside it does not. */
/* Blocks of 4096 bytes are asked for in blocks of 512: never more than the token has, and nothing that is not whole blocks of both. */
static void test_token_of_other_blocks(void **state)
{
    struct pair p;
    uint8_t token[512];
    (void)state;

    pair_start(&p, &(struct rig_options){ .block_shift = 12, .param_bytes = 16384 }, 9);
    struct outcome o = populate(&p, 1, 3, 1, 0, 0);
    expect_sense("POPULATE TOKEN", &o, TH_SENSE_NONE);
    assert_true(fetch_token(&p, 1, token));
    for (uint32_t n = 0; n <= 17; n++)
        assert_int_equal(write_token(&p, &p.other, token, 0, 2, n),
                         n == 0 || n == 8 ? 0 : n < 8 ? TH_SENSE_INEXACT_SEGMENT : TH_SENSE_INVALID_LIST_FIELD);
    assert_memory_equal(p.mem + 2 * 512, p.rig.mem + 3 * 4096, 4096);
    assert_int_equal(p.mem[10 * 512], 0xdd);
    assert_int_equal(write_token(&p, &p.other, token, 1, 2, 1), TH_SENSE_INVALID_LIST_FIELD);
    assert_int_equal(write_token(&p, &p.other, token, UINT64_MAX, 2, 8), TH_SENSE_INVALID_LIST_FIELD);
    assert_int_equal(write_token(&p, &p.other, token, UINT64_C(1) << 52, 2, 8), TH_SENSE_INVALID_LIST_FIELD);
    pair_end(&p);
}

/* The other unit is another target's: a token is good there, for what the session may not do with it otherwise; but what keeps
 * others from reading its source, keeps it, too.  EXTENDED COPY does not reach it. */
static void test_other_target(void **state)
{
    struct th_scsi_target target;
    struct th_nexus nexus;
    struct pair p;
    uint8_t token[512];
    (void)state;

    pair_start(&p, NULL, 9);
    target = p.rig.target;
    target.name = "iqn.2004-01.org.example:other";
    target.nexuses = NULL;
    memset(target.lus, 0, sizeof target.lus);
    target.lus[1] = &p.other;
    p.rig.target.lus[1] = NULL;
    p.other.target = &target;
    nexus = p.rig.nexus[0];
    th_scsi_nexus_begin(&nexus, &target);
    memset(nexus.ua, 0, sizeof nexus.ua);

    struct list l = new_list(&p, 5);
    add(&l, 0, 1, 8, 0, 0);
    expect_copy(&p, "another target's unit", &l, TH_SENSE_CSCD_UNREACHABLE);
    l = new_list(&p, 5);
    add(&l, 1, 0, 8, 0, 0);
    expect_copy(&p, "another target's unit as source", &l, TH_SENSE_CSCD_UNREACHABLE);
    assert_true(rig_blocks_untouched(&p.rig, 0, 64));

    struct outcome o = populate(&p, 1, 10, 20, 0, 0);
    expect_sense("POPULATE TOKEN", &o, TH_SENSE_NONE);
    assert_true(fetch_token(&p, 1, token));
    for (unsigned reserved = 0; reserved < 2; reserved++) {
        if (reserved)
            reserve(&p, &p.rig.lu, 3, STRANGER);
        struct rig_cmd *c = submit_write_as(&p, &nexus, &p.other, 9, token, 0, 4 + 20 * reserved, 20);
        rig_wait(c);
        o = rig_collect(c);
        expect_sense("WRITE USING TOKEN at another target", &o, reserved ? TH_SENSE_THIRD_PARTY_FAILURE : TH_SENSE_NONE);
        rig_forget(&o);
    }
    assert_true(copied(&p, 10, 20, 4));
    assert_int_equal(p.mem[24 * 512], 0xdd);
    th_scsi_nexus_end(&nexus);
    p.other.target = &p.rig.target;
    pair_end(&p);
}

static void test_token_is_revoked(void **state)
{
    static const struct { const char *cdb; uint32_t out; bool revokes; } cases[] = {
        { "2a 00 0000000a 00 0001 00", 512, true }, { "2a 00 0000001d 00 0001 00", 512, true },
        { "2a 00 00000009 00 0001 00", 512, false }, { "2a 00 0000001e 00 0001 00", 512, false },
        { "2a 00 00000000 00 0040 00", 64 * 512, true }, { "93 01 000000000000000c 00000001 00 00", 0, true },
        { "93 08 000000000000000c 00000001 00 00", 512, true }, { "8b 00 000000000000000c 00000001 00 00", 512, true },
        { "89 00 000000000000000c 000000 01 00 00", 1024, false },      /* it compares, and does not write */
        { "2f 02 0000000c 00 0001 00", 512, false }, { "28 00 0000000a 00 0014 00", 0, false },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        static const uint8_t zeros[64 * 512];
        uint8_t token[512];
        pair_start(&p, NULL, 9);
        struct outcome o = populate(&p, 1, 10, 20, 0, 0);
        expect_sense("POPULATE TOKEN", &o, TH_SENSE_NONE);
        assert_true(fetch_token(&p, 1, token));
        o = rig_run(&p.rig, cases[i].cdb, zeros, cases[i].out);
        rig_forget(&o);
        uint32_t want = cases[i].revokes ? TH_SENSE_TOKEN_REVOKED : TH_SENSE_NONE;
        if (write_token(&p, &p.other, token, 0, 0, 20) != want)
            fail_msg("%s: the token is %s", cases[i].cdb, cases[i].revokes ? "still good" : "void");
        assert_int_equal(fetch_token(&p, 1, token), !cases[i].revokes);
        pair_end(&p);
    }
}

/* ... also while it is being copied from: then the copy fails. */
static void test_revoked_at_work(void **state)
{
    struct pair p;
    uint8_t token[512], block[512] = { 0 };
    (void)state;

    pair_start(&p, &(struct rig_options){ .delayed = true }, 9);
    struct outcome o = populate(&p, 1, 0, 60, 0, 0);
    assert_true(fetch_token(&p, 1, token));
    struct rig_cmd *c = submit_write(&p, &p.other, 2, token, 0, 0, 60);
    for (int i = 0; i < 4; i++)
        rig_step(c);
    assert_false(c->ended);
    o = rig_run(&p.rig, "2a 00 0000003b 00 0001 00", block, 512);
    expect_sense("WRITE", &o, TH_SENSE_NONE);
    rig_wait(c);
    o = rig_collect(c);
    expect_sense("WRITE USING TOKEN", &o, TH_SENSE_TOKEN_REVOKED);
    o = rig_run(&p.rig, "84 07 00000002 00000000 00000400 00 00", NULL, 0);
    assert_int_equal(o.data[5], 0x02);          /* ended with errors */
    rig_forget(&o);
    pair_end(&p);
}

/* Blocks that were cut off are not what they were, even if the disk grows again. */
static void test_token_of_a_cut_unit(void **state)
{
    (void)state;
    for (unsigned size = 25; size <= 30; size += 5) {
        struct pair p;
        uint8_t token[512];
        pair_start(&p, NULL, 9);
        struct outcome o = populate(&p, 1, 10, 20, 0, 0);
        expect_sense("POPULATE TOKEN", &o, TH_SENSE_NONE);
        assert_true(fetch_token(&p, 1, token));
        p.rig.fault.block.size_blocks = size;
        th_scsi_lu_resized(&p.rig.lu);
        p.rig.fault.block.size_blocks = 64;
        th_scsi_lu_resized(&p.rig.lu);
        memset(p.rig.nexus[0].ua, 0, sizeof p.rig.nexus[0].ua);
        assert_int_equal(write_token(&p, &p.other, token, 0, 0, 20), size < 30 ? TH_SENSE_TOKEN_REVOKED : TH_SENSE_NONE);
        pair_end(&p);
    }
}

/* A token does not open a unit that has been reserved since, nor one that is out of service. */
static void test_token_of_a_shut_unit(void **state)
{
    static const struct { unsigned type; enum role role; bool allowed; } cases[] = {
        { 1, STRANGER, true }, { 3, STRANGER, false }, { 3, HOLDER, true }, { 6, REGISTRANT, true }, { 8, STRANGER, false },
        { BY_RESERVE_6, STRANGER, false }, { BY_RESERVE_6, HOLDER, true },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        uint8_t token[512];
        pair_start(&p, NULL, 9);
        struct outcome o = populate(&p, 1, 10, 20, 0, 0);
        expect_sense("POPULATE TOKEN", &o, TH_SENSE_NONE);
        assert_true(fetch_token(&p, 1, token));
        reserve(&p, &p.rig.lu, cases[i].type, cases[i].role);
        assert_int_equal(write_token(&p, &p.other, token, 0, 0, 20),
                         cases[i].allowed ? TH_SENSE_NONE : TH_SENSE_THIRD_PARTY_FAILURE);
        assert_int_equal(p.mem[0], cases[i].allowed ? rig_byte(10, 0) : 0xdd);
        pair_end(&p);
    }

    struct pair p;
    uint8_t token[512];
    pair_start(&p, NULL, 9);
    struct outcome o = populate(&p, 1, 10, 20, 0, 0);
    expect_sense("POPULATE TOKEN", &o, TH_SENSE_NONE);
    assert_true(fetch_token(&p, 1, token));
    p.rig.lu.access[0].state = THIMBLE_ACCESS_UNAVAILABLE;
    assert_int_equal(write_token(&p, &p.other, token, 0, 0, 20), TH_SENSE_THIRD_PARTY_FAILURE);
    pair_end(&p);
}

static void test_token_ends(void **state)
{
    struct pair p;
    uint8_t token[512], first[512], zero[512] = { 0 };
    (void)state;

    pair_start(&p, NULL, 9);
    struct outcome o = populate(&p, 1, 10, 20, 0, 0);
    assert_true(fetch_token(&p, 1, first));
    p.rig.copies.now_ms += 59999;
    assert_int_equal(write_token(&p, &p.other, first, 0, 0, 1), 0);     /* used: it lives on */
    p.rig.copies.now_ms += 59999;
    assert_true(fetch_token(&p, 1, token));
    p.rig.copies.now_ms += 1;
    assert_false(fetch_token(&p, 1, token));
    assert_int_equal(write_token(&p, &p.other, first, 0, 0, 1), TH_SENSE_TOKEN_EXPIRED);

    /* more than there are places: the oldest give way, each is another */
    for (uint32_t i = 0; i < THIMBLE_SCSI_TOKENS + 5; i++) {
        o = populate(&p, 100 + i, i, 1, 0, 0);
        expect_sense("POPULATE TOKEN", &o, TH_SENSE_NONE);
        assert_true(fetch_token(&p, 100 + i, token));
        if (i == 0)
            memcpy(first, token, 512);
    }
    assert_memory_not_equal(first + 480, token + 480, 32);
    assert_int_equal(write_token(&p, &p.other, first, 0, 0, 1), TH_SENSE_TOKEN_UNKNOWN);
    assert_int_equal(write_token(&p, &p.other, token, 0, 0, 1), 0);

    /* zeros */
    th_put32(zero, 0xffff0001);
    th_put16(zero + 6, 0x1f8);
    assert_int_equal(write_token(&p, &p.rig.lu, zero, 0, 3, 30), 0);
    assert_true(rig_blocks_are(&p.rig, 3, 30, 0));
    assert_true(rig_blocks_untouched(&p.rig, 33, 31));
    assert_int_equal(write_token(&p, &p.rig.lu, zero, 0, 60, 5), TH_SENSE_LBA_OUT_OF_RANGE);

    /* without random numbers there are none */
    p.rig.copies.crypto = NULL;
    o = populate(&p, 1, 10, 20, 0, 0);
    expect_sense("POPULATE TOKEN", &o, TH_SENSE_INVALID_CDB_FIELD);
    pair_end(&p);
}

static void test_bad_token_lists(void **state)
{
    static const struct { const char *title, *cdb, *list; uint32_t sense; } cases[] = {
        { "no list", "83 10 00000000 00000001 00000000 00 00", "", 0 },
        { "a short list", "83 10 00000000 00000001 0000000f 00 00", "000e 00 00 00000000 00000000 0000 00",
          TH_SENSE_LIST_LENGTH },
        { "no ranges", "83 10 00000000 00000001 00000010 00 00", "000e 00 00 00000000 00000000 0000 0000",
          TH_SENSE_INVALID_LIST_FIELD },
        { "more ranges than bytes", "83 10 00000000 00000001 00000010 00 00",
          "001e 00 00 00000000 00000000 0000 0010", TH_SENSE_LIST_LENGTH },
        { "half a range", "83 10 00000000 00000001 00000020 00 00",
          "001e 00 00 00000000 00000000 0000 0008 0000000000000000 00000001 00000000", TH_SENSE_INVALID_LIST_FIELD },
        { "a long time-out", "83 10 00000000 00000001 00000020 00 00",
          "001e 00 00 00000259 00000000 0000 0010 0000000000000000 00000001 00000000", TH_SENSE_INVALID_LIST_FIELD },
        { "another type of token", "83 10 00000000 00000001 00000020 00 00",
          "001e 02 00 00000000 00800002 0000 0010 0000000000000000 00000001 00000000", TH_SENSE_INVALID_LIST_FIELD },
        { "any point in time", "83 10 00000000 00000001 00000020 00 00",
          "001e 02 00 00000000 0080ffff 0000 0010 0000000000000000 00000001 00000000", 0 },
        { "beyond the end", "83 10 00000000 00000001 00000020 00 00",
          "001e 00 00 00000000 00000000 0000 0010 000000000000003f 00000002 00000000", TH_SENSE_LBA_OUT_OF_RANGE },
        { "overlapping ranges", "83 10 00000000 00000001 00000030 00 00",
          "002e 00 00 00000000 00000000 0000 0020 0000000000000000 00000004 00000000"
          "0000000000000003 00000004 00000000", TH_SENSE_INVALID_LIST_FIELD },
    };
    (void)state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        uint8_t list[256];
        pair_start(&p, NULL, 9);
        uint32_t n = (uint32_t)from_hex(cases[i].list, list, sizeof list);
        struct outcome o = rig_run(&p.rig, cases[i].cdb, list, n);
        expect_sense(cases[i].title, &o, cases[i].sense);
        pair_end(&p);
    }
}

static void test_vpd(void **state)
{
    struct pair p;
    (void)state;

    pair_start(&p, NULL, 9);
    struct outcome o = rig_run(&p.rig, "12 01 8f 0400 00", NULL, 0);
    expect_data("VPD 8F", &o, "00 8f");
    uint32_t n = 4, types = 0;
    static const uint16_t want[] = { 0x0000, 0x0001, 0x0004, 0x0008, 0x000c, 0x0106, 0x0108, 0x8001 };
    assert_int_equal(o.len, 4 + th_get16(o.data + 2));
    for (; n < o.len; n += 4 + th_get16(o.data + n + 2)) {
        assert_int_equal(th_get16(o.data + n), want[types++]);
        assert_int_equal(th_get16(o.data + n + 2) % 4, 0);
    }
    assert_int_equal(n, o.len);
    assert_int_equal(types, sizeof want / sizeof want[0]);
    rig_forget(&o);
    p.rig.copies.crypto = NULL;                 /* no tokens: nothing of them */
    o = rig_run(&p.rig, "12 01 8f 0400 00", NULL, 0);
    assert_int_equal(th_get16(o.data + 4), 0x0001);
    rig_forget(&o);
    pair_end(&p);
}

/* ---- COMPARE AND WRITE ---- */

/* Eight count together in one block, each with COMPARE AND WRITE until it succeeds, on a disk that answers later and
 * beside WRITE SAME, ORWRITE and copies to the blocks around it: no increment is lost. */
static void test_counter(void **state)
{
    enum { WRITERS = 8, ROUNDS = 100000 };
    static uint8_t out[WRITERS][1024];
    static const uint8_t zeros[512];
    struct rig_cmd *c[WRITERS] = { NULL };
    uint64_t expected[WRITERS] = { 0 };
    unsigned added = 0, missed = 0, turn = 0;
    struct pair p;
    (void)state;

    pair_start(&p, &(struct rig_options){ .delayed = true }, 9);
    memset(p.rig.mem + 512, 0, 512);
    while (added < ROUNDS) {
        for (unsigned i = 0; i < WRITERS; i++) {
            if (c[i] && !c[i]->ended)
                continue;
            if (c[i]) {
                struct outcome o = rig_collect(c[i]);
                added += o.status == TH_STATUS_GOOD;
                expected[i]++;
                if (o.status != TH_STATUS_GOOD) {
                    expect_sense("COMPARE AND WRITE", &o, TH_SENSE_MISCOMPARE);
                    missed++;
                    expected[i] = th_get64(p.rig.mem + 512);
                }
            }
            memset(out[i], 0, sizeof out[i]);
            th_put64(out[i], expected[i]);
            th_put64(out[i] + 512, expected[i] + 1);
            c[i] = rig_submit(&p.rig, &p.rig.nexus[i % 2], &p.rig.lu,
                              "89 00 0000000000000001 000000 01 00 00", out[i], 1024);
        }
        if (++turn % 64 == 0) {
            struct outcome o = rig_run(&p.rig, turn % 128 ? "93 00 0000000000000002 00000004 00 00"
                                                          : "8b 00 0000000000000000 00000001 00 00", zeros, 512);
            rig_forget(&o);
        }
        thimble_delay_disk_run(&p.rig.delay, 1 + turn % 3);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        rig_wait(c[i]);
        struct outcome o = rig_collect(c[i]);
        added += o.status == TH_STATUS_GOOD;
    }
    assert_int_equal(th_get64(p.rig.mem + 512), added);
    assert_true(missed > ROUNDS / 10);
    pair_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_offload),
        cmocka_unit_test(test_block_sizes),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bytes_beside_others),
        cmocka_unit_test(test_bytes_beside_blocks),
        cmocka_unit_test(test_bytes_shut_out),
        cmocka_unit_test(test_resized_at_work),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_segment_pointer),
        cmocka_unit_test(test_failing_calls),
        cmocka_unit_test(test_aborts),
        cmocka_unit_test(test_beside_others),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_reservations),
        cmocka_unit_test(test_shut_out_at_work),
        cmocka_unit_test(test_shut_out_at_the_gate),
        cmocka_unit_test(test_own_unit_is_reserved),
        cmocka_unit_test(test_token_of_a_cut_unit),
        cmocka_unit_test(test_token_of_a_shut_unit),
        cmocka_unit_test(test_any_byte),
        cmocka_unit_test(test_lid4),
        cmocka_unit_test(test_operating_parameters),
        cmocka_unit_test(test_copy_of_a_lost_medium),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_token_of_other_blocks),
        cmocka_unit_test(test_other_target),
        cmocka_unit_test(test_token_is_revoked),
        cmocka_unit_test(test_revoked_at_work),
        cmocka_unit_test(test_token_ends),
        cmocka_unit_test(test_bad_token_lists),
        cmocka_unit_test(test_vpd),
        cmocka_unit_test(test_counter),
    };

    return cmocka_run_group_tests_name("scsi copy", tests, NULL, NULL);
}
