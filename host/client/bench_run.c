/* SPDX-License-Identifier: MIT
 *
 * bench_run.c: see bench_run.h.
 *
 * A round has `depth` slots, each with a buffer and at most one command.  A command that
 * ends is counted and its slot gives the next; when the time is over no more are given, and
 * the round ends with the last answer.  The other targets' sessions are served meanwhile,
 * so that their pings are answered.
 */
#define _GNU_SOURCE

#include "bench_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#define POLL_MS             50
#define ERRORS_IN_A_ROW_MAX 100

struct slot {
    struct round *round;
    uint8_t *buffer;
    struct scsi_iovec iov;
    uint64_t chunk;                 /* which piece of `bytes` bytes, from the start */
    uint64_t began_ns;
};

struct round {
    struct bench_target *target;
    const struct bench_cell *cell;
    uint64_t seed, random;
    uint64_t n_chunks, next;        /* the next in order */
    uint64_t end_ns, last_ns;       /* when to stop; when the last answer came */
    unsigned in_flight, errors_in_a_row;
    bool writes, verifies, fills, over;
    uint8_t *written;               /* a bit for each chunk; NULL: not kept */
    struct measurement *m;
    struct stats *stats;
};

/* --------------------------------------------------------------------------------------
 * Places and contents
 */

/* SplitMix64: a number in, one that looks random out. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* False: nothing is left to do. */
static bool next_chunk(struct round *r, uint64_t *chunk)
{
    if (r->verifies) {
        while (r->next < r->n_chunks && !(r->written[r->next / 8] >> (r->next % 8) & 1))
            r->next++;
        *chunk = r->next++;
        return *chunk < r->n_chunks;
    }
    if (r->cell->pattern == BENCH_RANDOM) {
        r->random = mix(r->random);
        *chunk = r->random % r->n_chunks;
    } else {
        *chunk = r->next++ % r->n_chunks;
    }
    return true;
}

/* What a chunk has after it was written in this round: it depends on the round and on the
 * place, so neither old data nor that of another place can pass for it. */
static uint64_t first_word(const struct round *r, uint64_t chunk)
{
    return mix(mix(r->seed) ^ chunk);
}

static void fill(const struct round *r, struct slot *s)
{
    uint64_t word = first_word(r, s->chunk);

    for (size_t i = 0; i < r->cell->bytes;
         i += sizeof word, word += UINT64_C(0x9e3779b97f4a7c15))
        memcpy(s->buffer + i, &word, sizeof word);
}

static bool is_filled(const struct round *r, const struct slot *s)
{
    uint64_t word = first_word(r, s->chunk);

    for (size_t i = 0; i < r->cell->bytes;
         i += sizeof word, word += UINT64_C(0x9e3779b97f4a7c15))
        if (memcmp(s->buffer + i, &word, sizeof word) != 0)
            return false;
    return true;
}

static uint64_t lba_of(const struct round *r, uint64_t chunk)
{
    return (r->target->start + chunk * r->cell->bytes) / r->target->facts.block_bytes;
}

/* --------------------------------------------------------------------------------------
 * Commands
 */

static void on_done(struct iscsi_context *iscsi, int status, void *data, void *private_data);

/* READ or WRITE, with 10 bytes where they suffice. */
static struct scsi_task *send_command(struct slot *s)
{
    struct round *r = s->round;
    struct session *session = &r->target->session;
    uint32_t bytes = r->cell->bytes;
    int block = (int)r->target->facts.block_bytes;
    uint64_t lba = lba_of(r, s->chunk);
    bool is_short = lba <= UINT32_MAX - UINT16_MAX && bytes / (uint32_t)block <= UINT16_MAX;

    s->iov = (struct scsi_iovec){ .iov_base = s->buffer, .iov_len = bytes };
    if (r->writes && is_short)
        return iscsi_write10_iov_task(session->iscsi, session->lun, (uint32_t)lba, NULL, bytes,
                                      block, 0, 0, 0, 0, 0, on_done, s, &s->iov, 1);
    if (r->writes)
        return iscsi_write16_iov_task(session->iscsi, session->lun, lba, NULL, bytes, block, 0,
                                      0, 0, 0, 0, on_done, s, &s->iov, 1);
    if (is_short)
        return iscsi_read10_iov_task(session->iscsi, session->lun, (uint32_t)lba, bytes, block,
                                     0, 0, 0, 0, 0, on_done, s, &s->iov, 1);
    return iscsi_read16_iov_task(session->iscsi, session->lun, lba, bytes, block, 0, 0, 0, 0, 0,
                                 on_done, s, &s->iov, 1);
}

/* Ends the round.  The session must outlive the callbacks in which this is called, so only the
 * words are set here; run() does the rest. */
static void give_up(struct round *r, const char *why)
{
    struct session *s = &r->target->session;

    r->over = true;
    if (s->problem[0] == '\0') {
        snprintf(s->problem, sizeof s->problem, "%s", why);
        s->stage = STAGE_ANSWER;
    }
}

static void send_again(struct slot *s)
{
    struct round *r = s->round;

    if (r->over || !r->target->session.iscsi)
        return;
    s->began_ns = now_ns();
    if (send_command(s))
        r->in_flight++;
    else
        give_up(r, "the command could not be sent; is there memory?");
}

static void send_next(struct slot *s)
{
    struct round *r = s->round;

    if (r->over)
        return;
    if (!next_chunk(r, &s->chunk)) {
        r->over = true;
        return;
    }
    if (r->fills)
        fill(r, s);
    send_again(s);
}

static void count_error(struct round *r, const struct scsi_task *task)
{
    char words[160], why[256];

    r->m->errors++;
    if (++r->errors_in_a_row < ERRORS_IN_A_ROW_MAX || r->over)
        return;
    snprintf(why, sizeof why, "%d errors in a row, the last: %s", ERRORS_IN_A_ROW_MAX,
             status_words(task, words, sizeof words));
    give_up(r, why);
}

static void count_success(struct round *r, const struct slot *s)
{
    r->m->commands++;
    r->errors_in_a_row = 0;
    if (r->stats)
        stats_add(r->stats, r->last_ns - s->began_ns);
    if (r->writes && r->written)
        r->written[s->chunk / 8] |= (uint8_t)(1u << s->chunk % 8);
    if (r->verifies && !is_filled(r, s)) {
        char why[128];
        snprintf(why, sizeof why,
                 "WRONG DATA: what was read from LBA %llu on is not what was written there",
                 (unsigned long long)lba_of(r, s->chunk));
        give_up(r, why);
    }
}

static void on_done(struct iscsi_context *iscsi, int status, void *data, void *private_data)
{
    struct slot *s = private_data;
    struct round *r = s->round;
    struct scsi_task *task = data;

    (void)iscsi;
    r->in_flight--;
    r->last_ns = now_ns();
    if (r->last_ns >= r->end_ns)
        r->over = true;
    if (status == SCSI_STATUS_CANCELLED || status == SCSI_STATUS_ERROR ||
        status == SCSI_STATUS_TIMEOUT) {
        give_up(r, "the connection has ended; did the target stop?");
        scsi_free_scsi_task(task);
        return;
    }
    bool attention =
        status == SCSI_STATUS_CHECK_CONDITION && task->sense.key == SCSI_SENSE_UNIT_ATTENTION;
    if (status == SCSI_STATUS_GOOD)
        count_success(r, s);
    else
        count_error(r, task);
    if (attention && !r->over)
        r->m->errors--;                 /* it was told something, and is asked again */
    scsi_free_scsi_task(task);
    if (attention)
        send_again(s);
    else
        send_next(s);
}

/* --------------------------------------------------------------------------------------
 * A round
 */

static void serve_sessions(struct bench *b, const struct bench_target *busy)
{
    struct pollfd fds[BENCH_TARGETS_MAX];

    for (size_t i = 0; i < b->n_targets; i++)
        fds[i] = session_pollfd(&b->targets[i].session);
    if (poll(fds, b->n_targets, POLL_MS) < 0)
        return;
    for (size_t i = 0; i < b->n_targets; i++) {
        struct bench_target *t = &b->targets[i];
        if (!t->session.iscsi || (t != busy && fds[i].revents == 0))
            continue;
        bool gone = t != busy && session_peer_gone(&t->session);
        if (gone || !session_service(&t->session, fds[i].revents))
            session_fail(&t->session, STAGE_ANSWER,
                         "the connection has ended; did the target stop?");
    }
}

/* Until the last command has ended.  False: it did not go well. */
static bool run(struct bench *b, struct round *r, struct slot *slots)
{
    struct session *session = &r->target->session;
    uint64_t timeout_ns = (uint64_t)session->how.timeout_ms * 1000000;

    r->last_ns = now_ns();
    for (unsigned i = 0; i < r->cell->depth && !r->over; i++) {
        slots[i] = (struct slot){.round = r, .buffer = b->memory + (size_t)i * r->cell->bytes};
        if (r->writes)
            fill(r, &slots[i]);         /* not zeros, which a disk may make holes of */
        send_next(&slots[i]);
    }
    while (r->in_flight > 0) {
        serve_sessions(b, r->target);
        b->tick(b);
        if (session_interrupted)
            r->over = true;
        if (r->in_flight > 0 && session_interrupted > 1)
            session_fail(session, STAGE_ANSWER, "interrupted");
        else if (r->in_flight > 0 && now_ns() - r->last_ns > timeout_ns)
            session_fail(session, STAGE_ANSWER,
                         "no answer within %g s; the target hangs, or its network is gone",
                         session->how.timeout_ms / 1000.0);
    }
    if (session->problem[0] || !session->iscsi)
        session_fail(session, STAGE_ANSWER, "the connection has ended; did the target stop?");
    return session->iscsi && !session_interrupted;
}

static bool verify(struct bench *b, const struct round *wrote, struct slot *slots)
{
    struct measurement m = { 0 };
    struct round r = {
        .target = wrote->target,
        .cell = wrote->cell,
        .seed = wrote->seed,
        .n_chunks = wrote->n_chunks,
        .end_ns = UINT64_MAX,
        .verifies = true,
        .written = wrote->written,
        .m = &m,
    };

    if (!run(b, &r, slots))
        return false;
    wrote->m->errors += m.errors;
    return true;
}

bool bench_measure(struct bench *b, struct bench_target *t, const struct bench_cell *c,
                   uint64_t seed, struct measurement *m, struct stats *stats)
{
    static struct slot slots[BENCH_DEPTH_MAX];
    uint64_t began = now_ns();
    struct round r = {
        .target = t,
        .cell = c,
        .seed = seed,
        .random = seed,
        .n_chunks = t->length / c->bytes,
        .end_ns = began + (uint64_t)b->options->time_ms * 1000000,
        .writes = c->op == BENCH_WRITE,
        .fills = c->op == BENCH_WRITE && b->options->verify,
        .m = m,
        .stats = stats,
    };

    *m = (struct measurement){ 0 };
    if (r.fills) {
        r.written = calloc(1, (size_t)(r.n_chunks / 8 + 1));
        if (!r.written) {
            session_fail(&t->session, STAGE_ANSWER, "no memory to remember what was written");
            return false;
        }
    }
    bool good = run(b, &r, slots);
    m->seconds = (double)(r.last_ns - began) / 1e9;
    if (good && r.fills)
        good = verify(b, &r, slots);
    free(r.written);
    return good;
}

/* --------------------------------------------------------------------------------------
 * Targets
 */

bool bench_init(struct bench *b, const struct bench_options *o)
{
    size_t most_bytes = 0, most_depth = 0;

    b->options = o;
    for (size_t i = 0; i < o->n_sizes; i++)
        most_bytes = o->sizes[i] > most_bytes ? o->sizes[i] : most_bytes;
    for (size_t i = 0; i < o->n_depths; i++)
        most_depth = o->depths[i] > most_depth ? o->depths[i] : most_depth;
    b->memory_bytes = most_bytes * most_depth;
    b->memory = mmap(NULL, b->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0);
    if (b->memory == MAP_FAILED) {
        b->memory = NULL;
        return false;
    }
    return true;
}

bool bench_open(struct bench *b, struct bench_target *t)
{
    const struct bench_options *o = b->options;
    const struct session_options how = {.initiator = o->initiator, .timeout_ms = o->timeout_ms};
    struct session *s = &t->session;

    if (!session_open(s, t->url, &how) || !session_disk_facts(s, s->lun, &t->facts)) {
        session_fail(s, STAGE_ANSWER, "the LUN does not answer INQUIRY");
        return false;
    }
    const struct disk_facts *f = &t->facts;
    if (f->type != 0 || f->block_bytes == 0 || f->block_bytes > BENCH_BYTES_MAX) {
        session_fail(s, STAGE_LUN, "LUN %d is no disk, or has no medium", s->lun);
        return false;
    }
    uint64_t size = f->size_blocks > UINT64_MAX / f->block_bytes
                        ? UINT64_MAX
                        : f->size_blocks * f->block_bytes;
    t->start = o->range ? o->range_start : 0;
    t->length = o->range ? o->range_bytes : size;
    if (t->start > size || t->length > size - t->start) {
        session_fail(s, STAGE_LUN, "--range ends behind the LUN's last byte, %llu",
                     (unsigned long long)size - 1);
        return false;
    }
    if (t->start % f->block_bytes) {
        session_fail(s, STAGE_LUN, "--range does not begin at a block of %u bytes",
                     f->block_bytes);
        return false;
    }
    if (o->write && f->write_protected) {
        session_fail(s, STAGE_LUN, "LUN %d is write-protected; leave out --write, or serve it "
                                   "without --read-only", s->lun);
        return false;
    }
    return true;
}

bool bench_allows(const struct bench_target *t, const struct bench_cell *c)
{
    const struct disk_facts *f = &t->facts;

    return c->bytes % f->block_bytes == 0 && c->bytes <= t->length &&
           (f->max_transfer_blocks == 0 || c->bytes / f->block_bytes <= f->max_transfer_blocks);
}

void bench_free(struct bench *b)
{
    for (size_t i = 0; i < b->n_targets; i++)
        session_close(&b->targets[i].session);
    if (b->memory)
        munmap(b->memory, b->memory_bytes);
}
