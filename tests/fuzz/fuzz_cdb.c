/* SPDX-License-Identifier: MIT
 *
 * fuzz_cdb.c: commands and parameter lists of any bytes against a small disk.
 *
 * Input, again and again until it ends:
 *
 *     1   0x01 there is a logical unit; 0x02 which of two nexuses; 0x04 pieces of one block;
 *         0x08 another unit attention first; 0x30 a disk call fails (which one); 0x40 the unit is a
 *         CD-ROM; 0x80 aborted
 *     16  the CDB
 *     2   length of the data-out, big-endian, taken modulo 4097
 *     16  if 0x40 is set in the first byte: more of the CDB
 *     n   the data-out, repeated as often as needed if it is shorter
 *
 * What must hold whatever comes: no call of the disk is out of its range (asserted), every
 * command ends, no reply is longer than its buffer, the gate is free afterwards.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/wire.h"
#include "../../src/scsi/copies.h"
#include "../../src/scsi/scsi.h"
#include "../../src/scsi/sense.h"
#include "../../src/thimble.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

enum { N_BLOCKS = 128, BLOCK_BYTES = 512, PARAM_BYTES = 4096, PIECE_BYTES = 4096 };

#define MUST(condition) ((condition) ? (void)0 : abort())

/* --------------------------------------------------------------------------------------
 * A disk that checks what it is asked
 */
static struct thimble_block below;
static unsigned call_to_fail;

static int asked(struct thimble_block *b, uint64_t lba, uint32_t n_blocks)
{
    MUST(n_blocks > 0 && th_range_ok(lba, n_blocks, b->size_blocks));
    return call_to_fail && --call_to_fail == 0 ? THIMBLE_ERR_IO : THIMBLE_OK;
}

static int checked_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                        struct thimble_io *io)
{
    int err = asked(b, lba, n_blocks);
    return err ? err : below.read(b, lba, n_blocks, buf, io);
}

static int checked_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                         const void *buf, struct thimble_io *io)
{
    int err = asked(b, lba, n_blocks);
    return err ? err : below.write(b, lba, n_blocks, buf, io);
}

static int checked_unmap(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                         struct thimble_io *io)
{
    int err = asked(b, lba, n_blocks);
    return err ? err : below.unmap(b, lba, n_blocks, io);
}

static int checked_flush(struct thimble_block *b, struct thimble_io *io)
{
    (void)io;
    return asked(b, 0, 1);
}

/* --------------------------------------------------------------------------------------
 * The owner of the commands
 */
static struct thimble_ram_disk ram;
static struct thimble_delay_disk delay;
static struct th_scsi_target target;
static struct th_lu lu;
static struct th_nexus nexus[2];
static struct th_registry registry;
static struct th_registration registrations[4];
/* What the unit's store keeps, of each kind. */
static struct kept { uint8_t bytes[PARAM_BYTES]; uint32_t len; } kept[THIMBLE_RECORD_WORK + 1];

static int store_load(struct thimble_store *s, enum thimble_record record, void *buf, uint32_t size)
{
    const struct kept *k = &kept[record];

    (void)s;
    MUST(k->len <= size);
    memcpy(buf, k->bytes, k->len);
    return (int)k->len;
}

static int store_save(struct thimble_store *s, enum thimble_record record, const void *buf,
                      uint32_t len, struct thimble_io *io)
{
    (void)s, (void)io;
    MUST(len <= PARAM_BYTES);
    memcpy(kept[record].bytes, buf, len);
    kept[record].len = len;
    return THIMBLE_OK;
}

static struct thimble_store store = { .load = store_load, .save = store_save };

static bool abort_preempted(struct th_cmd *by)
{
    for (unsigned i = 0; i < 2; i++) {
        MUST(&nexus[i] != by->nexus || !nexus[i].preempted);
        nexus[i].preempted = false;
    }
    return false;
}

/* What was kept can be taken in again. */
static void restart(void)
{
    static uint8_t work[PARAM_BYTES];
    static struct th_registration memory[4];
    struct th_registry all;
    struct th_lu again = { .block = &ram.block, .target = &target, .store = &store, .persistent.registry = &all };

    th_scsi_registry_init(&all, memory, 4, PARAM_BYTES);
    MUST(th_scsi_lu_restore(&again, work, PARAM_BYTES) == THIMBLE_OK);
    MUST(again.persistent.type == (kept[THIMBLE_RECORD_RESERVATIONS].len ? lu.persistent.type : 0));
}
static bool ended;

static void resume(struct th_cmd *cmd)
{
    (void)cmd;
    ended = true;
}

static struct th_cmd *waits_turn;

static void later(struct th_cmd *cmd)
{
    MUST(!waits_turn);
    waits_turn = cmd;
}

/* The command waits: for its turn, or the disk. */
static void go_on(void)
{
    struct th_cmd *cmd = waits_turn;

    waits_turn = NULL;
    if (cmd)
        th_scsi_go_on(cmd);
    else if (!th_scsi_lu_turn(&lu) && !ended)
        MUST(thimble_delay_disk_run(&delay, 1) == 1);
}

static uint8_t *take_param(void *owner)
{
    static uint8_t mem[PARAM_BYTES];

    (void)owner;
    return mem;
}

static void give_param(void *owner, uint8_t *param)
{
    (void)owner;
    (void)param;                        /* run() frees it */
}

static bool no_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    memset(buf, 0x11, len);
    return true;
}

static const struct thimble_crypto crypto = { .random = no_random };
static struct th_copies copies;
static int piece_result;

static void piece_done(struct thimble_io *io, int result)
{
    (void)io;
    piece_result = result;
}

static int wait_for(int result)
{
    if (result != THIMBLE_PENDING)
        return result;
    piece_result = THIMBLE_PENDING;
    while (piece_result == THIMBLE_PENDING)
        MUST(thimble_delay_disk_run(&delay, 1) == 1);
    return piece_result;
}

/* True: the piece went well. */
static bool do_piece(struct th_cmd *cmd, bool write, uint32_t at, uint32_t len, uint8_t *buf)
{
    struct thimble_io io = { .done = piece_done };
    int err = wait_for(write ? th_scsi_write(cmd, at, len, buf, &io)
                             : th_scsi_read(cmd, at, len, buf, &io));

    if (err < 0)
        th_scsi_disk_error(cmd, err, write);
    return err == THIMBLE_OK;
}

static enum th_next do_data(struct th_cmd *cmd, bool out, uint32_t piece_bytes, uint8_t *buf)
{
    for (uint32_t at = 0; at < cmd->data_bytes; at += piece_bytes) {
        uint32_t len = th_min32(piece_bytes, cmd->data_bytes - at);
        MUST(len % BLOCK_BYTES == 0);
        if (out && cmd->use != TH_USE_COMPARE && !do_piece(cmd, true, at, len, buf))
            return TH_NEXT_STATUS;
        if ((!out || cmd->use != TH_USE_WRITE) && !do_piece(cmd, false, at, len, buf))
            return TH_NEXT_STATUS;
        if (cmd->use == TH_USE_COMPARE && buf[0] == 0x11) {
            th_scsi_miscompare(cmd, at);
            return TH_NEXT_STATUS;
        }
    }
    return out ? th_scsi_written(cmd) : TH_NEXT_STATUS;
}

static void run(struct th_cmd *cmd, bool small_pieces, bool abort_it, const uint8_t *out,
                uint32_t n)
{
    uint8_t *reply = malloc(TH_REPLY_MAX), *piece = malloc(PIECE_BYTES);
    uint8_t *param = malloc(PARAM_BYTES), sense[TH_SENSE_MAX];
    enum th_next next = th_scsi_start(cmd);
    bool replied = false;

    memset(piece, n ? out[0] : 0, PIECE_BYTES);
    memset(param, 0, PARAM_BYTES);
    ended = false;
    if (next == TH_NEXT_REPLY) {
        next = th_scsi_reply(cmd, reply, TH_REPLY_MAX);
        MUST(next == TH_NEXT_STATUS);
        MUST(cmd->status != TH_STATUS_GOOD || cmd->data_bytes <= TH_REPLY_MAX);
        replied = true;
    } else if (next == TH_NEXT_READ || next == TH_NEXT_WRITE) {
        MUST(cmd->data_bytes > 0 && cmd->data_bytes <= N_BLOCKS * BLOCK_BYTES);
        next = do_data(cmd, next == TH_NEXT_WRITE, small_pieces ? BLOCK_BYTES : PIECE_BYTES,
                       piece);
    } else if (next == TH_NEXT_PARAM) {
        MUST(cmd->data_bytes <= PARAM_BYTES);
        for (uint32_t i = 0; n && i < cmd->data_bytes; i++)
            param[i] = out[i % n];
        cmd->param = param;
        next = th_scsi_param(cmd);
    }
    if (next == TH_NEXT_WAIT) {
        cmd->aborted = abort_it;
        while (!ended)
            go_on();
    } else {
        MUST(next == TH_NEXT_STATUS);
    }
    while (th_scsi_lu_busy(&lu))        /* FORMAT UNIT and SANITIZE go on behind their answer */
        if (!th_scsi_lu_turn(&lu))
            thimble_delay_disk_run(&delay, 1);
    uint32_t sense_len = th_scsi_sense(cmd, sense);
    MUST(sense_len <= TH_SENSE_MAX);
    MUST((sense_len > 0) == (cmd->status == TH_STATUS_CHECK_CONDITION));
    MUST((cmd->sense != 0) == (cmd->status == TH_STATUS_CHECK_CONDITION));
    if (replied && cmd->status == TH_STATUS_GOOD && cmd->data_bytes)
        piece[0] = (uint8_t)(reply[0] + reply[cmd->data_bytes - 1]);
    free(param);
    free(piece);
    free(reply);
}

static void set_up(bool delayed)
{
    static uint8_t mem[N_BLOCKS * BLOCK_BYTES];

    memset(mem, 0x11, sizeof mem);
    thimble_ram_disk_init(&ram, mem, N_BLOCKS, 9);
    below = ram.block;
    ram.block.read = checked_read;
    ram.block.write = checked_write;
    ram.block.unmap = ram.block.write_zeroes = checked_unmap;
    ram.block.flush = checked_flush;
    ram.block.removable = true;
    ram.block.map = NULL;
    ram.block.atomic_blocks = 8;
    thimble_delay_disk_init(&delay, &ram.block);
    lu = (struct th_lu){
        .block = delayed ? &delay.block : &ram.block, .target = &target,
        .vendor = "THIMBLE", .product = "FUZZ", .revision = "1", .param_bytes = PARAM_BYTES,
    };
    target = (struct th_scsi_target){ .name = "iqn.2004-01.org.example:fuzz",
                                      .portal_group_tag = 1 };
    target.lus[0] = &lu;
    memset(&copies, 0, sizeof copies);
    copies.crypto = &crypto;
    target.copies = &copies;
    lu.store = &store;
    memset(kept, 0, sizeof kept);
    lu.persistent.registry = &registry;
    th_scsi_registry_init(&registry, registrations, 4, PARAM_BYTES);
    target.take_param = take_param;
    target.give_param = give_param;
    for (unsigned i = 0; i < 2; i++) {
        memset(&nexus[i], 0, sizeof nexus[i]);
        nexus[i].initiator = i ? "iqn.2004-01.org.example:two" : "iqn.2004-01.org.example:one";
        nexus[i].isid = (const uint8_t *)"\0\1\2\3\4\5";
        th_scsi_nexus_begin(&nexus[i], &target);
        nexus[i].ua[0] = 0;
        nexus[i].abort_preempted = abort_preempted;
        nexus[i].resume = resume;
        nexus[i].later = later;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
    for (int delayed = 0; delayed < 2; delayed++) {
        const uint8_t *at = in;
        size_t left = n;
        set_up(delayed);
        while (left >= 19) {
            uint8_t how = at[0];
            uint32_t out_len = th_get16(at + 17) % (PARAM_BYTES + 1);
            struct th_cmd cmd = { .lu = how & 1 ? &lu : NULL,
                                  .nexus = &nexus[how >> 1 & 1],
                                  .well_known = (how & 0x81) == 0x80 };
            memcpy(cmd.cdb, at + 1, 16);
            at += 19;
            left -= 19;
            if (how & 0x40 && left >= 16) {
                memcpy(cmd.cdb + 16, at, 16);
                cmd.long_cdb = true;
                at += 16;
                left -= 16;
            }
            out_len = th_min32(out_len, (uint32_t)left);
            if (how & 8)
                th_scsi_ua(&lu, (enum th_ua)(cmd.cdb[15] % TH_UA_COUNT), cmd.nexus);
            call_to_fail = how >> 4 & 3;
            lu.type = how & 0x40 ? THIMBLE_DEVICE_CDROM : THIMBLE_DEVICE_DISK;
            run(&cmd, how & 4, how & 0x80, at, out_len);
            at += out_len;
            left -= out_len;
        }
        MUST(delay.waiting == 0);
        MUST(!lu.persistent.gate.exclusive && !lu.persistent.gate.first);
        restart();
        MUST(lu.gate.sharers == 0 && !lu.gate.exclusive && !lu.gate.first);
    }
    return 0;
}
