/* SPDX-License-Identifier: MIT
 *
 * ways.c: the ways, and the transcripts that are compared.
 */
#include "ways.h"

#include "../fuzz/stream_format.h"
#include "core/crc32c.h"

static const struct way ways[] = {
    { .name = "whole" },                /* the others are compared with this one */
    { .name = "received byte by byte", .rx_piece = 1 },
    { .name = "sent byte by byte", .tx_piece = 1 },
    { .name = "received by 3, sent by 7", .rx_piece = 3, .tx_piece = 7 },
    { .name = "acknowledged late", .late_ack = true },
    { .name = "two buffers", .n_buffers = 2 },
    { .name = "many buffers", .n_buffers = 32 },
    { .name = "disks answer late", .delayed = true },
    { .name = "disks answer in between", .delayed = true, .eager = true, .rx_piece = 16 },
    { .name = "all at once the hard way", .delayed = true, .late_ack = true, .n_buffers = 2,
      .rx_piece = 1, .tx_piece = 1 },
    { .name = "with digests", .digests = true },
    { .name = "with digests, byte by byte", .digests = true, .rx_piece = 1, .tx_piece = 1 },
    { .name = "with digests, the hard way", .digests = true, .delayed = true, .late_ack = true,
      .n_buffers = 2, .rx_piece = 5, .tx_piece = 3 },
};

enum { CUTS_MAX = 4096, TRANSCRIPT_LINES = 40000 };

/* ------------------------------------------------------------------------------------
 * Transcripts: what each peer heard, a line a PDU; lines of one task are in order, tasks are
 * sorted, for their order is a matter of time.
 */
struct line {
    unsigned peer;
    uint32_t itt;
    size_t   index;
    uint32_t hash;
    char    *text;
};

struct transcript {
    struct line *lines;
    size_t n;
};

static int by_task(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->peer != y->peer)
        return x->peer < y->peer ? -1 : 1;
    if (x->itt != y->itt)
        return x->itt < y->itt ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static struct transcript transcript_of(const struct lab *lab)
{
    struct transcript t = { 0 };
    size_t total = 0;

    for (unsigned i = 0; i < lab->n_peers; i++)
        total += lab->peers[i]->n_pdus;
    assert_true(total < TRANSCRIPT_LINES);
    t.lines = calloc(total + 1, sizeof *t.lines);
    assert_non_null(t.lines);
    for (unsigned i = 0; i < lab->n_peers; i++) {
        const struct peer *p = lab->peers[i];
        for (size_t k = 0; k < p->n_pdus; k++) {
            const struct pdu *pdu = &p->pdus[k];
            const char *text = describe(p, pdu);
            struct line *l = &t.lines[t.n++];
            *l = (struct line){ .peer = p->number, .itt = th_get32(pdu->bhs + 16), .index = k };
            l->text = malloc(strlen(text) + 1);
            assert_non_null(l->text);
            strcpy(l->text, text);
            l->hash = th_crc32c(TH_CRC32C_INIT, data_of(p, pdu), pdu->len);
            if ((pdu->bhs[0] & 0x3f) == TH_OP_REJECT)
                l->hash = 0;            /* the refused header has ExpStatSN in it */
        }
    }
    qsort(t.lines, t.n, sizeof *t.lines, by_task);
    return t;
}

static void transcript_free(struct transcript *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->lines[i].text);
    free(t->lines);
    t->lines = NULL;
    t->n = 0;
}

static void same_transcripts(const struct lab *lab, const struct transcript *want,
                             const struct transcript *got)
{
    for (size_t i = 0; i < want->n && i < got->n; i++) {
        const struct line *w = &want->lines[i], *g = &got->lines[i];
        CHECK(lab, w->peer == g->peer && strcmp(w->text, g->text) == 0 && w->hash == g->hash,
              "peer %u heard \"%s\"; whole it was, for peer %u, \"%s\"%s", g->peer, g->text,
              w->peer, w->text, w->hash == g->hash ? "" : " with other data");
    }
    CHECK(lab, want->n == got->n, "%zu PDUs came; whole it was %zu", got->n, want->n);
}

/* ------------------------------------------------------------------------------------
 * Playing
 */

/* After whatever happened: who is still there is served, and so is somebody new. */
static void still_serves(struct lab *lab)
{
    lab->disk_held = false;
    for (unsigned i = 0; i < LAB_LUNS; i++) {   /* the disks are well again */
        lab->fault[i].fail_at = UINT32_MAX;
        lab->fault[i].sticky = false;
    }
    lab->way.fail_at = 0;
    lab->lenient = false;
    lab_run(lab);
    for (unsigned i = 0; i < lab->n_peers; i++) {
        struct peer *p = lab->peers[i];
        CHECK(lab, !p->conn || !p->logged_in || p->n_open_itts == 0,
              "peer %u: task %u was never answered", p->number, (unsigned)p->open_itts[0]);
        if (p->conn && p->logged_in && !p->deaf && !p->mute && p->in_at == p->in_len)
            nop_answered(p);
    }
}

/* ------------------------------------------------------------------------------------
 * Seeds
 */

/* The streams of the first two peers, in pieces that take turns. */
static void write_seed(const struct lab *lab, const char *dir)
{
    enum { PIECE = 240, SEED_MAX = 2000 };
    size_t at[2] = { 0, 0 }, size = 0;
    char path[512];

    snprintf(path, sizeof path, "%s/%s", dir, lab->scenario);
    for (char *c = path + strlen(dir) + 1; *c; c++)
        *c = *c == ' ' || *c == '/' || *c == ',' || *c == ':' ? '-' : *c;
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (bool more = true; more && size < SEED_MAX;) {
        more = false;
        for (unsigned i = 0; i < 2 && i < lab->n_peers; i++) {
            const struct peer *p = lab->peers[i];
            size_t n = p->in_len - at[i] < PIECE ? p->in_len - at[i] : PIECE;
            uint8_t which = (uint8_t)(i << 7);
            uint8_t steps[] = { STEP_OPEN | which, 0, STEP_RAW | which, (uint8_t)n, 0 };
            if (n == 0)
                continue;
            fwrite(at[i] ? steps + 2 : steps, 1, at[i] ? 3 : 5, f);
            fwrite(p->in + at[i], 1, n, f);
            fputc(STEP_SETTLE, f);
            at[i] += n;
            size += n;
            more = true;
        }
    }
    fclose(f);
}

struct outcome {
    struct transcript said;
    uint32_t received;                  /* bytes */
    uint32_t disk_calls;
};

static struct outcome play(const struct scenario *s, const struct way *way)
{
    struct outcome o = { .disk_calls = 0 };
    static struct lab lab;

    lab_open(&lab, s->name, &s->options, way);
    lab.disk_held = s->own_disks;
    s->play(&lab);
    lab_run(&lab);
    o.said = transcript_of(&lab);
    o.received = lab.received;
    const char *seeds = getenv("THIMBLE_SEEDS");
    if (seeds && strcmp(way->name, ways[0].name) == 0)
        write_seed(&lab, seeds);
    for (unsigned i = 0; i < LAB_LUNS; i++)
        o.disk_calls += lab.fault[i].calls;
    still_serves(&lab);
    lab_close(&lab);
    return o;
}

static void play_and_compare(const struct scenario *s, const struct way *way,
                             const struct transcript *want)
{
    struct outcome o = play(s, way);
    struct lab lab = { .scenario = s->name, .way = *way };

    if (!s->own_pace)
        same_transcripts(&lab, want, &o.said);
    transcript_free(&o.said);
}

static void play_cuts(const struct scenario *s, const struct way *whole,
                      const struct outcome *o)
{
    uint32_t step = o->received / CUTS_MAX + 1;

    for (uint32_t cut = 1; cut < o->received; cut += step) {
        struct way way = *whole;
        way.name = "with a pause";
        way.cut = cut;
        play_and_compare(s, &way, &o->said);
    }
}

static void play_faults(const struct scenario *s, const struct way *whole, uint32_t disk_calls)
{
    for (uint32_t k = 1; k <= disk_calls; k++) {
        for (unsigned kind = 0; kind < 4; kind++) {
            struct way way = *whole;
            way.name = "with a failing disk";
            way.fail_at = k;
            way.sticky = kind & 1;
            if (kind & 2) {
                way.delayed = true;
                way.n_buffers = s->options.config.n_buffers ? 0 : 2;
            }
            struct outcome faulty = play(s, &way);
            transcript_free(&faulty.said);
        }
    }
}

static void play_every_way(void **state)
{
    const struct scenario *s = *state;
    struct outcome whole[2] = { { .received = 0 } };    /* without and with digests */

    for (size_t i = 0; i < COUNT(ways); i++) {
        struct way way = ways[i];
        struct outcome *reference = &whole[way.digests];
        way.delayed |= s->own_disks;
        if (s->options.mapped && way.delayed)
            continue;
        if (s->options.config.n_buffers)        /* it depends on their number */
            way.n_buffers = 0;
        if (!reference->said.lines)
            *reference = play(s, &way);
        else
            play_and_compare(s, &way, &reference->said);
    }

    struct way first = ways[0];
    first.delayed = s->own_disks;
    if (!s->no_cuts)
        play_cuts(s, &first, &whole[0]);
    if (!s->no_faults && !s->own_disks && !s->options.mapped)
        play_faults(s, &first, whole[0].disk_calls);
    transcript_free(&whole[0].said);
    transcript_free(&whole[1].said);
}

int play_all(const char *group, const struct scenario *scenarios, size_t n)
{
    struct CMUnitTest *tests = calloc(n, sizeof *tests);

    assert_non_null(tests);
    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){
            .name = scenarios[i].name, .test_func = play_every_way,
            .initial_state = (void *)(uintptr_t)&scenarios[i],
        };
    int failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);
    free(tests);
    return failed;
}
