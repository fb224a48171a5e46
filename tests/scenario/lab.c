/* SPDX-License-Identifier: MIT
 *
 * lab.c: the bench: memory, disks, the network, time.
 */
#define _DEFAULT_SOURCE                 /* mmap's MAP_ANONYMOUS */

#include "lab.h"

#include <sys/mman.h>
#include <unistd.h>

#include "initiator.h"
#include "leak.h"

void lab_fail(const struct lab *lab, const char *file, int line, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n    scenario \"%s\", %s", lab->scenario, lab->way.name);
    if (lab->way.cut)
        fprintf(stderr, ", cut behind byte %u", (unsigned)lab->way.cut);
    if (lab->way.fail_at)
        fprintf(stderr, ", disk call %u%s fails", (unsigned)lab->way.fail_at,
                lab->way.sticky ? " and all later" : "");
    fprintf(stderr, "\n");
    initiator_dump(lab);
    fail();
    abort();                            /* not reached */
}

/* ------------------------------------------------------------------------------------
 * Memory that ends at an unmapped page
 */
static uint8_t *arena(size_t bytes)
{
    static uint8_t *base;
    static size_t mapped;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (bytes > mapped) {
        if (base)
            munmap(base, mapped + page);
        mapped = (bytes + page - 1) / page * page;
        base = mmap(NULL, mapped + page, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(base != MAP_FAILED);
        assert_int_equal(mprotect(base + mapped, page, PROT_NONE), 0);
    }
    return base + mapped - bytes;
}

void *lab_alloc(struct lab *lab, size_t bytes)
{
    void **block = calloc(1, 16 + bytes);       /* the first word is the link */

    assert_non_null(block);
    *block = lab->allocated;
    lab->allocated = block;
    return (char *)block + 16;
}

static void *grown(void *list, size_t *room, size_t need, size_t size)
{
    if (need <= *room)
        return list;
    *room = need * 2 + 16;
    list = realloc(list, *room * size);
    assert_non_null(list);
    return list;
}

/* ------------------------------------------------------------------------------------
 * Disks
 */
uint8_t lab_byte(unsigned lun, uint64_t lba, uint32_t i)
{
    return (uint8_t)(lba * 7 + i * 13 + (i >> 8) + lun * 101 + 1);
}

uint32_t lab_block_bytes(const struct lab *lab)
{
    return UINT32_C(1) << (lab->options->block_shift ? lab->options->block_shift : 9);
}

/* A medium as it is in the beginning; made once for each size. */
static const uint8_t *pristine(const struct lab *lab, unsigned lun)
{
    static struct {
        uint8_t *bytes;
        uint64_t blocks;
        uint32_t block_bytes;
    } images[LAB_LUNS];
    uint64_t blocks = lab->options->size_blocks ? lab->options->size_blocks : 128;
    uint32_t block_bytes = lab_block_bytes(lab);

    if (images[lun].blocks == blocks && images[lun].block_bytes == block_bytes)
        return images[lun].bytes;
    free(images[lun].bytes);
    images[lun].blocks = blocks;
    images[lun].block_bytes = block_bytes;
    images[lun].bytes = malloc((size_t)blocks * block_bytes);
    assert_non_null(images[lun].bytes);
    for (uint64_t lba = 0; lba < blocks; lba++)
        for (uint32_t i = 0; i < block_bytes; i++)
            images[lun].bytes[lba * block_bytes + i] = lab_byte(lun, lba, i);
    return images[lun].bytes;
}

bool lab_untouched(const struct lab *lab, unsigned lun, uint64_t lba, uint32_t n_blocks)
{
    size_t at = (size_t)lba * lab_block_bytes(lab);
    return memcmp(lab->medium[lun] + at, pristine(lab, lun) + at,
                  (size_t)n_blocks * lab_block_bytes(lab)) == 0;
}

static struct lab *flushed_lab;

static int ram_flush(struct thimble_block *b, struct thimble_io *io)
{
    (void)b;
    (void)io;
    flushed_lab->flushes++;
    return THIMBLE_OK;
}

static void make_disk(struct lab *lab, unsigned lun)
{
    uint64_t blocks = lab->options->size_blocks ? lab->options->size_blocks : 128;
    uint32_t block_bytes = lab_block_bytes(lab);
    uint8_t shift = lab->options->block_shift ? lab->options->block_shift : 9;

    lab->medium[lun] = malloc((size_t)blocks * block_bytes);
    assert_non_null(lab->medium[lun]);
    memcpy(lab->medium[lun], pristine(lab, lun), (size_t)blocks * block_bytes);
    assert_int_equal(thimble_ram_disk_init(&lab->ram[lun], lab->medium[lun], blocks, shift), 0);
    lab->ram[lun].block.atomic_blocks = lab->options->atomic_blocks;
    if (!lab->options->mapped)
        lab->ram[lun].block.flush = ram_flush;
    assert_int_equal(thimble_fault_disk_init(&lab->fault[lun], &lab->ram[lun].block), 0);
    assert_int_equal(thimble_delay_disk_init(&lab->delay[lun], &lab->fault[lun].block), 0);
}

static struct thimble_block *top_of(struct lab *lab, unsigned lun)
{
    if (lab->options->mapped)
        return &lab->ram[lun].block;
    return lab->way.delayed ? &lab->delay[lun].block : &lab->fault[lun].block;
}

static uint32_t run_disks(struct lab *lab, uint32_t n)
{
    uint32_t done = 0;
    for (unsigned i = 0; i < LAB_LUNS && done < n; i++)
        done += thimble_delay_disk_run(&lab->delay[i], n - done);
    return done;
}

uint32_t lab_disk_waiting(const struct lab *lab)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < LAB_LUNS; i++)
        n += lab->delay[i].waiting;
    return n;
}

/* The k-th call of all disks together fails: arm() is called before each that may be it. */
static void arm_faults(struct lab *lab)
{
    uint32_t calls = 0;

    if (!lab->way.fail_at)
        return;
    for (unsigned i = 0; i < LAB_LUNS; i++)
        calls += lab->fault[i].calls;
    for (unsigned i = 0; i < LAB_LUNS; i++) {
        uint32_t others = calls - lab->fault[i].calls;
        lab->fault[i].sticky = lab->way.sticky;
        lab->fault[i].fail_at = UINT32_MAX;
        if (lab->way.fail_at > others)
            lab->fault[i].fail_at = lab->way.fail_at - 1 - others;
        else if (lab->way.sticky)
            lab->fault[i].fail_at = 0;
    }
}

/* ------------------------------------------------------------------------------------
 * Hooks
 */
static void on_wake(void *ctx, struct thimble_conn *c, void *port_conn)
{
    struct peer *p = port_conn;
    struct lab *lab = ctx;

    CHECK(lab, p->conn == c, "a connection was woken that peer %u does not have", p->number);
    p->attention = true;
}

static void on_event(void *ctx, const struct thimble_event *event)
{
    struct lab *lab = ctx;

    CHECK(lab, event->initiator && event->target && event->key, "an event without its strings");
    CHECK(lab, thimble_reason_text(event->reason)[0], "a reason without a text");
    lab->seen[lab->n_seen++ % LAB_EVENTS] = (struct seen){
        event->kind, event->reason, event->detail, event->port_conn
    };
}

static size_t on_portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    struct lab *lab = ctx;

    CHECK(lab, port_conn && size >= 64, "the portal hook was called with less than promised");
    if (index > lab->n_portals)
        return 0;
    return index == 0 ? (size_t)snprintf(text, size, "192.0.2.1:3260")
                      : (size_t)snprintf(text, size, "[2001:db8::%x]:3260", index);
}

static const uint16_t lab_groups[] = { 5, 9 };

static unsigned on_portal_group(void *ctx, void *port_conn, unsigned index)
{
    const struct peer *p = port_conn;
    unsigned portal = index == 0 ? p->portal : index <= p->portal ? index - 1 : index;

    CHECK((struct lab *)ctx, p, "no connection");
    return portal % 2;
}

unsigned lab_seen(const struct lab *lab, const struct peer *p, enum thimble_event_kind kind,
                  enum thimble_reason reason)
{
    unsigned n = lab->n_seen < LAB_EVENTS ? lab->n_seen : LAB_EVENTS, found = 0;

    for (unsigned i = 0; i < n; i++)
        found += lab->seen[i].peer == p && lab->seen[i].kind == kind &&
                 lab->seen[i].reason == reason;
    return found;
}

void lab_dropped(struct peer *p, enum thimble_reason reason)
{
    struct lab *lab = p->lab;

    lab_run(lab);
    CHECK(lab, !p->conn, "peer %u still has its connection, expected: %s", p->number,
          thimble_reason_text(reason));
    unsigned n = lab_seen(lab, p, THIMBLE_EVENT_DROPPED, reason);
    CHECK(lab, n == 1, "%u events say that peer %u was dropped because %s", n, p->number,
          thimble_reason_text(reason));
}

/* ------------------------------------------------------------------------------------
 * Beginning and end
 */
static void give(uint16_t *field, uint16_t value)
{
    if (!*field)
        *field = value;
}

static void add_units(struct lab *lab)
{
    static const struct thimble_target_config second = { .name = OTHER_DISK };
    struct thimble_target_config first = {
        .name = DISK, .alias = "a disk", .chap = lab->options->chap,
        .allowed = lab->options->allowed, .n_allowed = lab->options->n_allowed,
    };

    assert_int_equal(thimble_target_add(lab->engine, &first), 0);
    if (!lab->options->no_second_target)
        assert_int_equal(thimble_target_add(lab->engine, &second), 1);
    for (unsigned i = 0; i < LAB_LUNS; i++) {
        bool last = i == LAB_LUNS - 1;
        struct thimble_lun_config config = { .block = NULL };
        if (lab->options->units)
            config = lab->options->units[i];
        config.block = top_of(lab, i);
        config.lun = last ? 0 : (uint16_t)i;
        if (!last || !lab->options->no_second_target)
            assert_int_equal(thimble_lun_add(lab->engine, last, &config), 0);
    }
}

void lab_open(struct lab *lab, const char *scenario, const struct lab_options *options,
              const struct way *way)
{
    struct thimble_config config = options->config;

    memset(lab, 0, sizeof *lab);
    lab->scenario = scenario;
    lab->options = options;
    lab->way = *way;
    lab->lenient = way->fail_at != 0;
    lab->now_ms = 0xffffff00;           /* the clock wraps soon */
    flushed_lab = lab;

    give(&config.n_connections, 4);
    give(&config.n_sessions, config.n_connections);
    give(&config.n_buffers, 6);
    if (way->n_buffers)
        config.n_buffers = way->n_buffers;
    give(&config.n_parameter_buffers, 2);
    give(&config.n_targets, 2);
    give(&config.n_luns, LAB_LUNS);
    if (!config.buffer_bytes)
        config.buffer_bytes = 4096;
    config.ctx = lab;
    config.wake = on_wake;
    config.event = on_event;
    config.portal = on_portal;
    if (options->two_groups) {
        config.portal_groups = lab_groups;
        config.n_portal_groups = COUNT(lab_groups);
        config.portal_group = on_portal_group;
    }

    lab->mem_bytes = thimble_memory_bytes(&config);
    assert_true(lab->mem_bytes > 0);
    lab->mem = arena(lab->mem_bytes);
    memset(lab->mem, 0xa5, lab->mem_bytes);
    assert_int_equal(thimble_init(&lab->engine, lab->mem, lab->mem_bytes - 1, &config),
                     THIMBLE_ERR_NO_MEMORY);
    assert_int_equal(thimble_init(&lab->engine, lab->mem, lab->mem_bytes, &config), 0);
    for (unsigned i = 0; i < LAB_LUNS; i++)
        make_disk(lab, i);
    add_units(lab);
    arm_faults(lab);
    thimble_tick(lab->engine, lab->now_ms);
}

static void free_peer(struct peer *p)
{
    free(p->in);
    free(p->out);
    free(p->loans);
    free(p->pdus);
    free(p);
}

void lab_close(struct lab *lab)
{
    for (unsigned i = 0; i < lab->n_peers; i++)
        if (lab->peers[i]->conn)
            lab_hang_up(lab->peers[i]);
    for (unsigned i = 0; i < LAB_LUNS; i++)
        while (lab->delay[i].waiting)
            thimble_delay_disk_run(&lab->delay[i], 1);
    const char *leak = leak_after_close(lab->engine);
    CHECK(lab, !leak, "%s", leak);

    for (unsigned i = 0; i < lab->n_peers; i++)
        free_peer(lab->peers[i]);
    for (unsigned i = 0; i < LAB_LUNS; i++)
        free(lab->medium[i]);
    while (lab->allocated) {
        void *block = lab->allocated;
        lab->allocated = *(void **)block;
        free(block);
    }
}

/* ------------------------------------------------------------------------------------
 * The network
 */
struct peer *lab_connect(struct lab *lab)
{
    struct peer *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->lab = lab;
    p->number = lab->n_peers + 1;
    p->conn = thimble_conn_open(lab->engine, p);
    if (!p->conn) {
        free(p);
        return NULL;
    }
    assert_true(lab->n_peers < LAB_PEERS);
    lab->peers[lab->n_peers++] = p;
    initiator_init(p);
    p->attention = true;
    return p;
}

/* What was lent and is not acknowledged has not changed. */
static void check_loans(struct peer *p, size_t until)
{
    while (p->first_loan < p->n_loans && p->loans[p->first_loan].at < until) {
        const struct loan *l = &p->loans[p->first_loan];
        CHECK(p->lab, memcmp(l->data, p->out + l->at, l->len) == 0,
              "%zu bytes lent to peer %u as stable changed before they were acknowledged",
              l->len, p->number);
        if (l->at + l->len > until)
            return;
        p->first_loan++;
    }
}

void lab_hang_up(struct peer *p)
{
    struct thimble_conn *c = p->conn;

    check_loans(p, p->out_len);
    thimble_conn_close(c);
    p->conn = NULL;
    p->attention = false;
}

void lab_say(struct peer *p, const void *bytes, size_t len)
{
    p->in = grown(p->in, &p->in_room, p->in_len + len, 1);
    memcpy(p->in + p->in_len, bytes, len);
    p->in_len += len;
    p->attention = true;
}

static bool feed(struct peer *p)
{
    struct lab *lab = p->lab;
    size_t left = p->in_len - p->in_at;
    size_t len, again;

    if (left == 0 || lab->paused || p->mute)
        return false;
    uint8_t *to = thimble_conn_rx_buf(p->conn, &len);
    if (!to)
        return false;
    CHECK(lab, len > 0 && to == thimble_conn_rx_buf(p->conn, &again) && len == again,
          "the second loan differs from the first");
    CHECK(lab, to >= lab->mem && to + len <= lab->mem + lab->mem_bytes,
          "lent memory is not the engine's");

    size_t n = len < left ? len : left;
    if (lab->way.rx_piece && n > lab->way.rx_piece)
        n = lab->way.rx_piece;
    if (lab->way.cut > lab->received && n > lab->way.cut - lab->received)
        n = lab->way.cut - lab->received;
    memcpy(to, p->in + p->in_at, n);
    p->in_at += n;
    lab->received += (uint32_t)n;
    thimble_conn_rx_ack(p->conn, n);
    lab->paused = lab->received == lab->way.cut;
    if (lab->way.eager && !lab->disk_held) {
        arm_faults(lab);
        run_disks(lab, 1);
    }
    return true;
}

static void acknowledge(struct peer *p, size_t n)
{
    check_loans(p, p->out_acked + n);
    p->out_acked += n;
    p->attention = true;
    thimble_conn_tx_ack(p->conn, n);
}

/* Lent twice, it is the same, or more: there may be room now for a request that waited. */
static size_t lent(struct peer *p, struct thimble_tx_span *spans, size_t max)
{
    struct thimble_tx_span again[256];
    size_t n = thimble_conn_tx_buf(p->conn, spans, max);

    CHECK(p->lab, thimble_conn_tx_buf(p->conn, again, max) >= n, "the second loan is shorter");
    for (size_t i = 0; i < n; i++)
        CHECK(p->lab, spans[i].data == again[i].data && spans[i].len == again[i].len &&
                      spans[i].stable == again[i].stable, "the second loan differs");
    return n;
}

static void take_span(struct peer *p, const struct thimble_tx_span *s, size_t len)
{
    p->out = grown(p->out, &p->out_room, p->out_len + len, 1);
    memcpy(p->out + p->out_len, s->data, len);
    if (s->stable && p->lab->way.late_ack && !p->lab->options->mapped) {
        p->loans = grown(p->loans, &p->loans_room, p->n_loans + 1, sizeof *p->loans);
        p->loans[p->n_loans++] = (struct loan){ s->data, p->out_len, len };
    }
    p->out_len += len;
}

static bool drain(struct peer *p)
{
    struct lab *lab = p->lab;
    struct thimble_tx_span spans[256];
    size_t taken = 0, limit = lab->way.tx_piece ? lab->way.tx_piece : SIZE_MAX;

    if (p->deaf) {
        thimble_conn_tx_buf(p->conn, spans, COUNT(spans));
        return false;
    }
    size_t n = lent(p, spans, COUNT(spans));
    for (size_t i = 0; i < n && taken < limit; i++) {
        CHECK(lab, spans[i].len > 0, "an empty piece was lent");
        size_t len = spans[i].len < limit - taken ? spans[i].len : limit - taken;
        take_span(p, &spans[i], len);
        taken += len;
    }
    if (taken == 0)
        return false;
    thimble_conn_tx_taken(p->conn, taken);
    if (!lab->way.late_ack)
        acknowledge(p, taken);
    return true;
}

static bool serve(struct peer *p)
{
    if (!p->conn || !p->attention)
        return false;
    p->attention = false;
    bool moved = drain(p);
    if (thimble_conn_closing(p->conn)) {
        lab_hang_up(p);
        return true;
    }
    moved |= feed(p);
    p->attention |= moved;              /* or it was woken while it was looked at */
    return p->attention;
}

static bool acknowledge_some(struct lab *lab)
{
    for (unsigned i = 0; i < lab->n_peers; i++) {
        struct peer *p = lab->peers[i];
        size_t n = p->out_len - p->out_acked;
        if (p->conn && n > 0 && !p->deaf) {
            acknowledge(p, n < 1460 ? n : 1460);
            return true;
        }
    }
    return false;
}

/* Nothing moves: then nothing could, and the engine's books are right. */
static void check_quiet(struct lab *lab)
{
    struct thimble_tx_span spans[4];
    size_t len;

    for (unsigned i = 0; i < lab->n_peers; i++) {
        struct peer *p = lab->peers[i];
        if (!p->conn)
            continue;
        CHECK(lab, !thimble_conn_closing(p->conn), "peer %u: closing without a wake",
              p->number);
        if (!p->deaf)
            CHECK(lab, thimble_conn_tx_buf(p->conn, spans, COUNT(spans)) == 0,
                  "peer %u: something to send without a wake", p->number);
        if (p->in_at < p->in_len && !p->mute)
            CHECK(lab, !thimble_conn_rx_buf(p->conn, &len),
                  "peer %u: room without a wake", p->number);
    }
    const char *leak = leak_while_running(lab->engine);
    CHECK(lab, !leak, "%s", leak);
}

void lab_run(struct lab *lab)
{
    for (;;) {
        bool moved = false;
        for (unsigned i = 0; i < lab->n_peers; i++) {
            arm_faults(lab);
            moved |= serve(lab->peers[i]);
        }
        if (moved)
            continue;
        if (lab->way.late_ack && acknowledge_some(lab))
            continue;
        arm_faults(lab);
        if (!lab->disk_held && run_disks(lab, 1) > 0)
            continue;
        if (!lab->paused)
            break;
        lab->paused = false;            /* the second half of what was cut */
        for (unsigned i = 0; i < lab->n_peers; i++)
            lab->peers[i]->attention |= lab->peers[i]->conn != NULL;
    }
    check_quiet(lab);
    for (unsigned i = 0; i < lab->n_peers; i++)
        initiator_parse(lab->peers[i]);
}

void lab_disk(struct lab *lab, uint32_t n)
{
    arm_faults(lab);
    uint32_t done = run_disks(lab, n);
    CHECK(lab, done == n, "only %u disk calls wait", (unsigned)done);
    lab_run(lab);
}

void lab_pass(struct lab *lab, uint32_t ms)
{
    uint32_t next = thimble_tick(lab->engine, lab->now_ms);

    lab_run(lab);
    while (ms > 0) {
        uint32_t step = next < ms ? next : ms;
        step = step > 0 ? step : 1;
        lab->now_ms += step;
        ms -= step;
        next = thimble_tick(lab->engine, lab->now_ms);
        lab_run(lab);
    }
}
