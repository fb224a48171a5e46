/* SPDX-License-Identifier: MIT
 *
 * fuzz_stream.c: two connections to an engine with as little memory as there can be, or a little more.
 *
 * Whatever the input says, in whatever order bytes, disks, acknowledgements and time come: the
 * engine's books are right after each step; in the end nothing is lost, and a new session is
 * served.
 *
 * Structure: a login can be had with one byte, and requests are built nearly right (numbers,
 * lengths, digests, tags of R2Ts), so that the input need not guess them.  The steps are in
 * stream_format.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crc32c.h"
#include "core/wire.h"
#include "iscsi/pdu.h"
#include "leak.h"
#include "stream_format.h"
#include "thimble.h"

#define DISK "iqn.2024-01.example:disk"

enum { CONNS = 2, BLOCKS = 64, OUT_MAX = 1 << 16, R2TS = 8 };

static struct input {
    const uint8_t *at;
    size_t left;
} input;

static uint8_t next_byte(void)
{
    if (input.left == 0)
        return 0;
    input.left--;
    return *input.at++;
}

/* ------------------------------------------------------------------------------------
 * The world
 */
struct link {
    struct thimble_conn *conn;
    uint8_t  out[OUT_MAX];              /* of what came: what is not parsed yet */
    size_t   out_len;
    size_t   unacked;
    uint32_t cmd_sn, itt;
    bool     header_digest, data_digest;    /* as the login was answered */
    bool     lost;                      /* what came cannot be followed: keys cut in two */
    bool     in_full_feature;
    unsigned pdus;                      /* that came, in full feature phase */
    struct { uint32_t itt, ttt, at, len; } r2ts[R2TS];
    unsigned n_r2ts;
};

static struct {
    struct thimble *engine;
    struct link links[CONNS];
    uint8_t medium[2][BLOCKS << 9];     /* 64 blocks of 512 bytes, 8 of 4096 */
    struct thimble_ram_disk ram[2];
    struct thimble_fault_disk fault[2];
    struct thimble_delay_disk delay[2];
    uint32_t now_ms;
    bool     shutting_down;
} world;

static void fail(const char *what)
{
    fprintf(stderr, "fuzz_stream: %s\n", what);
    abort();
}

static void on_wake(void *ctx, struct thimble_conn *c, void *port_conn)
{
    (void)ctx;
    const struct link *l = port_conn;
    if (l->conn && l->conn != c)
        fail("somebody else's connection was woken");
}

static void on_event(void *ctx, const struct thimble_event *event)
{
    (void)ctx;
    if (strlen(event->initiator) + strlen(event->target) + strlen(event->key) > 1000)
        fail("an event with strings that never end");
}

static size_t on_portal(void *ctx, void *port_conn, unsigned index, char *text, size_t size)
{
    (void)ctx;
    (void)port_conn;
    return index < 2 ? (size_t)snprintf(text, size, "192.0.2.%u:3260", index) : 0;
}

static int flush(struct thimble_block *b, struct thimble_io *io)
{
    (void)b;
    (void)io;
    return THIMBLE_OK;
}

static void make_world(uint16_t n_buffers)
{
    static uint64_t mem[1 << 14];
    const struct thimble_config config = {
        .n_connections = CONNS, .n_sessions = CONNS, .queue_depth = 3, .n_buffers = n_buffers,
        .buffer_bytes = 4096, .n_targets = 2, .n_luns = 2, .max_burst_bytes = 8192,
        .first_burst_bytes = 4096, .max_outstanding_r2t = 2,
        .wake = on_wake, .event = on_event, .portal = on_portal,
    };
    static const struct thimble_target_config target = { .name = DISK };
    static const struct thimble_target_config empty = { .name = DISK "2" };

    memset(&world, 0, sizeof world);
    if (thimble_init(&world.engine, mem, sizeof mem, &config) != THIMBLE_OK)
        fail("thimble_init()");
    for (unsigned i = 0; i < 2; i++) {
        uint8_t shift = i ? 12 : 9;
        thimble_ram_disk_init(&world.ram[i], world.medium[i], (BLOCKS << 9) >> shift, shift);
        world.ram[i].block.flush = flush;
        thimble_fault_disk_init(&world.fault[i], &world.ram[i].block);
        thimble_delay_disk_init(&world.delay[i], &world.fault[i].block);
    }
    thimble_target_add(world.engine, &target);
    thimble_target_add(world.engine, &empty);
    for (uint16_t i = 0; i < 2; i++) {
        struct thimble_lun_config lun = { .block = &world.delay[i].block, .lun = i };
        if (thimble_lun_add(world.engine, 0, &lun) != THIMBLE_OK)
            fail("thimble_lun_add()");
    }
    thimble_tick(world.engine, world.now_ms);
}

static void hang_up(struct link *l)
{
    if (!l->conn)
        return;
    thimble_conn_close(l->conn);
    memset(l, 0, sizeof *l);
}

/* ------------------------------------------------------------------------------------
 * From the target
 */
/* The target's answers, in whatever login. */
static void learn_digests(struct link *l, const uint8_t *text, uint32_t len)
{
    static const char header[] = "HeaderDigest=CRC32C", data[] = "DataDigest=CRC32C";

    for (uint32_t i = 0; i < len; i++) {
        uint32_t left = len - i;
        if (i > 0 && text[i - 1] != '\0')
            continue;
        l->header_digest |= left >= sizeof header && !memcmp(text + i, header, sizeof header);
        l->data_digest |= left >= sizeof data && !memcmp(text + i, data, sizeof data);
    }
}

static void take_pdu(struct link *l, const uint8_t *bhs)
{
    if ((bhs[0] & 0x3f) == TH_OP_LOGIN_RESPONSE) {
        learn_digests(l, bhs + 48, th_get24(bhs + 5));
        l->in_full_feature = (bhs[1] & 0x83) == 0x83 && th_get16(bhs + 36) == 0;
        return;
    }
    l->pdus++;
    if ((bhs[0] & 0x3f) == TH_OP_R2T && l->n_r2ts < R2TS) {
        l->r2ts[l->n_r2ts].itt = th_get32(bhs + 16);
        l->r2ts[l->n_r2ts].ttt = th_get32(bhs + 20);
        l->r2ts[l->n_r2ts].at = th_get32(bhs + 40);
        l->r2ts[l->n_r2ts].len = th_get32(bhs + 44);
        l->n_r2ts++;
    }
}

static void parse(struct link *l)
{
    while (!l->lost) {
        bool digests = l->in_full_feature;
        size_t header = 48 + (digests && l->header_digest ? 4u : 0u);
        if (l->out_len < header)
            return;
        uint32_t len = th_get24(l->out + 5);
        size_t all = header + th_pad4(len) + (len && digests && l->data_digest ? 4u : 0u);
        l->lost = all > OUT_MAX;
        if (l->out_len < all)
            return;
        take_pdu(l, l->out);
        memmove(l->out, l->out + all, l->out_len - all);
        l->out_len -= all;
    }
    l->out_len = 0;
}

/* The transport takes `max` bytes.  True: it took something. */
static bool take(struct link *l, size_t max)
{
    struct thimble_tx_span spans[48];
    size_t taken = 0;

    if (!l->conn)
        return false;
    size_t n = thimble_conn_tx_buf(l->conn, spans, 48);
    for (size_t i = 0; i < n && taken < max; i++) {
        size_t len = spans[i].len < max - taken ? spans[i].len : max - taken;
        if (len > OUT_MAX - l->out_len)
            len = OUT_MAX - l->out_len;
        if (len == 0)
            break;
        memcpy(l->out + l->out_len, spans[i].data, len);
        l->out_len += len;
        taken += len;
        if (len < spans[i].len)
            break;
    }
    if (taken > 0) {
        thimble_conn_tx_taken(l->conn, taken);
        l->unacked += taken;
        parse(l);
    }
    if (thimble_conn_closing(l->conn))
        hang_up(l);
    return taken > 0;
}

static bool acknowledge(struct link *l, size_t n)
{
    if (!l->conn || l->unacked == 0)
        return false;
    if (n == 0 || n > l->unacked)
        n = l->unacked;
    l->unacked -= n;
    thimble_conn_tx_ack(l->conn, n);
    return true;
}

static void settle(void)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (unsigned i = 0; i < CONNS; i++) {
            moved |= take(&world.links[i], SIZE_MAX);
            moved |= acknowledge(&world.links[i], 0);
        }
        for (unsigned i = 0; i < 2; i++)
            moved |= thimble_delay_disk_run(&world.delay[i], 1) > 0;
        moved |= thimble_tick(world.engine, world.now_ms) == 0;     /* a unit is being formatted or sanitized */
    }
}

/* ------------------------------------------------------------------------------------
 * To the target
 */

/* What has no room now is lost, as if the stream ended there: no step waits for another. */
static bool say(struct link *l, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        size_t len;
        uint8_t *to = l->conn ? thimble_conn_rx_buf(l->conn, &len) : NULL;
        if (!to) {
            settle();
            to = l->conn ? thimble_conn_rx_buf(l->conn, &len) : NULL;
        }
        if (!to)
            return false;
        if (len == 0)
            fail("no bytes were lent");
        len = len < n ? len : n;
        memcpy(to, bytes, len);
        thimble_conn_rx_ack(l->conn, len);
        bytes += len;
        n -= len;
    }
    return true;
}

static void say_pdu(struct link *l, uint8_t bhs[48], const uint8_t *data, uint32_t len)
{
    static const uint8_t zero[4];
    uint8_t digest[4];
    bool digests = l->in_full_feature;

    th_put24(bhs + 5, len);
    say(l, bhs, 48);
    if (digests && l->header_digest) {
        th_crc32c_put(digest, th_crc32c(TH_CRC32C_INIT, bhs, 48));
        say(l, digest, 4);
    }
    if (len == 0)
        return;
    say(l, data, len);
    say(l, zero, th_pad4(len) - len);
    if (digests && l->data_digest) {
        uint32_t crc = th_crc32c(TH_CRC32C_INIT, data, len);
        th_crc32c_put(digest, th_crc32c(crc, zero, th_pad4(len) - len));
        say(l, digest, 4);
    }
}

static const uint8_t *filler(void)
{
    static uint8_t bytes[8192];
    bytes[0] = 0;
    bytes[1] = 22;                      /* is an UNMAP list, too */
    bytes[3] = 16;
    bytes[15] = 3;
    bytes[19] = 5;
    return bytes;
}

/* A CmdSN that is right, unless `how` has all of these bits. */
static void number(struct link *l, uint8_t bhs[48], uint8_t how)
{
    uint32_t cmd_sn = l->cmd_sn;

    if (how & 0x40)
        bhs[0] |= TH_IMMEDIATE;
    else if ((how & 0x30) == 0x30)
        cmd_sn += 1 + (how & 1);        /* ahead of its turn */
    else
        l->cmd_sn++;
    th_put32(bhs + 16, ++l->itt);
    th_put32(bhs + 20, TH_TAG_NONE);
    th_put32(bhs + 24, cmd_sn);
}

#define KEYS(text) { text, sizeof(text) }       /* with the NUL behind the last one */

static void log_in(struct link *l, uint8_t which)
{
    static const struct {
        const char *text;
        size_t len;
    } keys[] = {
        KEYS("InitialR2T=No"),
        KEYS("InitialR2T=No\0ImmediateData=No"),
        KEYS("ImmediateData=No"),
        KEYS("InitialR2T=No\0MaxBurstLength=512\0FirstBurstLength=512\0MaxOutstandingR2T=2"),
        KEYS("MaxRecvDataSegmentLength=512\0MaxBurstLength=1024"),
        KEYS("iSCSIProtocolLevel=2"),
        KEYS("HeaderDigest=CRC32C\0DataDigest=CRC32C"),
        KEYS("SessionType=Discovery"),
    };
    uint8_t bhs[48] = { 0x43, 0x87 };    /* operational stage to full feature phase */
    uint8_t text[256];
    unsigned i = which & 7;
    size_t len = (size_t)snprintf((char *)text, sizeof text,
                                  "InitiatorName=iqn.1994-05.example:h%u", which >> 4 & 1u) +
                 1;

    if (i != 7)
        len += (size_t)snprintf((char *)text + len, sizeof text - len, "TargetName=" DISK) + 1;
    memcpy(text + len, keys[i].text, keys[i].len);
    len += keys[i].len;
    bhs[8] = 0x80;
    bhs[13] = which >> 5 & 1;           /* ISIDs that are the same, and that are not */
    th_put32(bhs + 16, ++l->itt);
    th_put32(bhs + 24, l->cmd_sn);
    say_pdu(l, bhs, text, (uint32_t)len);
    take(l, SIZE_MAX);
}

static void step_open(struct link *l)
{
    uint8_t which = next_byte();

    if (l->conn)
        return;
    memset(l, 0, sizeof *l);
    l->cmd_sn = 0xfffffffe;
    l->conn = thimble_conn_open(world.engine, l);
    if (l->conn && which & 0x80)
        log_in(l, which);
}

static void step_raw(struct link *l)
{
    size_t n = next_byte();

    n |= (size_t)next_byte() << 8;
    n = n < input.left ? n : input.left;
    say(l, input.at, n);
    input.at += n;
    input.left -= n;
}

static void step_command(struct link *l)
{
    static const uint8_t opcodes[] = {
        0x28, 0x2a, 0x2a, 0x28, 0x42, 0x89, 0x41, 0x93,
        0x2f, 0x2e, 0x35, 0x12, 0xa0, 0x16, 0x1b, 0x9e,
    };
    uint8_t bhs[48] = { TH_OP_SCSI_COMMAND };
    uint8_t how = next_byte(), op = opcodes[next_byte() & 15], lba = next_byte();
    uint8_t n_blocks = next_byte(), size = next_byte(), flags = next_byte();
    bool writes = op != 0x28 && op != 0x35 && op != 0x12 && op != 0xa0 && op != 0x9e;
    uint32_t block = flags & 1 ? 4096 : 512;
    uint32_t edtl = (size & 0xc0) == 0xc0 ? (size & 0x3fu) * 97u : n_blocks * block;
    uint32_t immediate = (flags & 0x0e) == 0   ? 0
                         : (flags & 0x0e) == 2 ? edtl
                                               : (flags >> 4) * 256u;

    if (op == 0x42 && (size & 0xc0) != 0xc0)
        edtl = 24;
    if (op == 0x89)
        edtl = 1024;
    number(l, bhs, how);
    bhs[1] = (uint8_t)((how & 0x80 ? 0 : TH_FINAL) | (writes ? 0x20 : 0x40) | (how >> 1 & TH_ATTR_BITS));
    bhs[9] = flags & 1;
    th_put32(bhs + 20, edtl);
    bhs[32] = op;
    if (op >= 0x80 && op < 0xa0) {
        bhs[41] = lba & 0x3f;
        bhs[45] = n_blocks;
        if (op == 0x9e)
            bhs[33] = 0x10;
    } else if (op == 0x12) {
        bhs[33] = lba & 1;
        bhs[34] = n_blocks;
        bhs[36] = size;
    } else {
        bhs[33] = (uint8_t)(op == 0x2f || op == 0x2a ? lba >> 6 << 1 : 0);
        bhs[37] = lba & 0x3f;
        bhs[40] = op == 0x42 ? 24 : n_blocks;
    }
    if (!writes || immediate > 4096 || immediate > edtl)
        immediate = 0;
    say_pdu(l, bhs, filler(), immediate);
}

static void step_request(struct link *l)
{
    static const uint8_t opcodes[] = { TH_OP_NOP_OUT, TH_OP_TASK_MANAGEMENT, TH_OP_TEXT,
                                       TH_OP_LOGOUT };
    static const char *const texts[] = { "SendTargets=", "SendTargets=All", "X-a=1",
                                         "MaxRecvDataSegmentLength=1024", "" };
    uint8_t how = next_byte(), what = next_byte(), a = next_byte(), b = next_byte();
    uint8_t bhs[48] = { opcodes[what & 3], TH_FINAL };
    const uint8_t *data = filler();
    uint32_t len = 0;

    number(l, bhs, how);
    switch (what & 3) {
    case 0:
        len = a * 16u;
        if (b & 1) {                    /* an answer to a ping */
            th_put32(bhs + 16, TH_TAG_NONE);
            th_put32(bhs + 20, 1);
        }
        break;
    case 1:
        bhs[1] |= a & 0x0f;
        bhs[9] = b & 1;
        th_put32(bhs + 20, l->itt - 1 - (b >> 4));      /* a task of lately */
        th_put32(bhs + 32, l->cmd_sn - (b >> 1 & 7u));
        break;
    case 2:
        bhs[1] = a & 0xc0;
        if (b & 1)
            th_put32(bhs + 20, 1);
        data = (const uint8_t *)texts[(b >> 4) % 5];
        len = (uint32_t)strlen(texts[(b >> 4) % 5]);
        len += len > 0;
        break;
    default:
        bhs[1] |= a & 3;
        bhs[21] = b & 1;
        break;
    }
    say_pdu(l, bhs, data, len);
}

static void step_data_out(struct link *l)
{
    uint8_t bhs[48] = { TH_OP_DATA_OUT };
    uint8_t how = next_byte(), size = next_byte();
    uint32_t itt = l->itt, ttt = TH_TAG_NONE, at = 0, len = size * 32u, data_sn = how >> 6;

    if (l->n_r2ts > 0 && !(how & 1)) {
        itt = l->r2ts[0].itt;
        ttt = l->r2ts[0].ttt;
        at = l->r2ts[0].at;
        len = size == 0 ? l->r2ts[0].len : len;
        len = th_min32(th_min32(len, l->r2ts[0].len), 4096);
        l->r2ts[0].at += len;
        l->r2ts[0].len -= len;
        if (l->r2ts[0].len == 0 || how & 2) {
            bhs[1] = TH_FINAL;
            l->n_r2ts--;
            memmove(l->r2ts, l->r2ts + 1, l->n_r2ts * sizeof l->r2ts[0]);
        }
    } else {
        at = (how >> 2 & 7u) * 512u;
        len = th_min32(len, 4096);
        bhs[1] = how & 2 ? TH_FINAL : 0;
    }
    if ((how & 0x38) == 0x38)
        at += 512;
    th_put32(bhs + 16, itt);
    th_put32(bhs + 20, ttt);
    th_put32(bhs + 36, data_sn);
    th_put32(bhs + 40, at);
    say_pdu(l, bhs, filler(), len);
}

static void step_disk(void)
{
    uint8_t how = next_byte();

    for (unsigned i = 0; i < 2; i++) {
        world.fault[i].fail_at = how & 0x80 ? world.fault[i].calls : UINT32_MAX;
        world.fault[i].result = how & 0x40 ? THIMBLE_ERR_NO_SPACE : THIMBLE_ERR_IO;
        thimble_delay_disk_run(&world.delay[i], how & 0x0f);
    }
}

static void step_event(void)
{
    uint8_t what = next_byte();

    switch (what & 7) {
    case 0:
        thimble_lun_changed(world.engine, 0, what >> 3 & 3, THIMBLE_LUN_RESIZED);
        break;
    case 1:
        thimble_lun_changed(world.engine, 0, what >> 3 & 3, THIMBLE_LUN_MEDIUM_CHANGED);
        break;
    case 2:
        thimble_request_parameters(world.engine);
        break;
    case 3:
        world.shutting_down = true;
        thimble_shutdown(world.engine, 1u << (what >> 3));
        break;
    default:
        break;
    }
}

static void check(const char *leak)
{
    if (leak)
        fail(leak);
}

static void step(void)
{
    uint8_t kind = next_byte();
    struct link *l = &world.links[kind >> 7];

    switch ((enum stream_step)((kind & 15) % STEP_KINDS)) {
    case STEP_OPEN:     step_open(l); break;
    case STEP_RAW:      step_raw(l); break;
    case STEP_COMMAND:  step_command(l); break;
    case STEP_REQUEST:  step_request(l); break;
    case STEP_DATA_OUT: step_data_out(l); break;
    case STEP_TAKE: {
        uint8_t n = next_byte();
        take(l, n ? n : SIZE_MAX);
        break;
    }
    case STEP_ACK:      acknowledge(l, next_byte()); break;
    case STEP_DISK:     step_disk(); break;
    case STEP_TICK:
        world.now_ms += 1u << (next_byte() & 31);
        thimble_tick(world.engine, world.now_ms);
        break;
    case STEP_CLOSE:    hang_up(l); break;
    case STEP_EVENT:    step_event(); break;
    case STEP_SETTLE:   settle(); break;
    case STEP_KINDS:    break;
    }
    check(leak_while_running(world.engine));
}

/* ------------------------------------------------------------------------------------ */

/* Whatever was before, a new session is served. */
static void serve_somebody_new(void)
{
    struct link *l = &world.links[0];
    static const uint8_t open[] = { 0x80 };

    input.at = open;
    input.left = sizeof open;
    step_open(l);
    settle();
    if (!l->conn || !l->in_full_feature)
        fail("a new login is not answered");
    for (unsigned i = 0; i < 2; i++) {  /* the first gets the unit attention */
        static const uint8_t read_one[] = { 0, 0, 1, 1, 0, 0 };
        unsigned before = l->pdus;
        input.at = read_one;
        input.left = sizeof read_one;
        step_command(l);
        settle();
        if (l->pdus == before)
            fail("a new session is not served");
    }
    hang_up(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_world(size & 1 ? 4 : 2);       /* with two, no command that waits keeps data */
    input.at = data;
    input.left = size;
    while (input.left > 0)
        step();

    for (unsigned i = 0; i < CONNS; i++)
        hang_up(&world.links[i]);
    settle();
    check(leak_after_close(world.engine));
    if (!world.shutting_down) {
        serve_somebody_new();
        settle();
        check(leak_after_close(world.engine));
    }
    return 0;
}
