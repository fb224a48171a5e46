/* SPDX-License-Identifier: MIT
 *
 * sbc.c: the commands of a disk: READ and WRITE in all lengths, VERIFY, SYNCHRONIZE CACHE, and
 * those that end in several disk calls: UNMAP, WRITE SAME, COMPARE AND WRITE.
 *
 * `run` handlers turn a CDB into blocks, and say whether data are wanted; data that may go to
 * the disk in pieces pass through th_scsi_read() and th_scsi_write(), the others arrive in
 * cmd->param and are worked on by a chain of steps (steps.h).  Layer 2.  SBC-3 chapter 5.
 */
#include <string.h>

#include "../core/wire.h"
#include "ops.h"
#include "steps.h"

/* --------------------------------------------------------------------------------------
 * Limits
 */
uint32_t th_max_transfer_blocks(const struct th_lu *lu)
{
    return UINT32_MAX >> lu->block->block_shift;        /* data_bytes has 32 bits */
}

/* n blocks to compare with, n blocks to write, and one to read into. */
uint32_t th_max_compare_and_write_blocks(const struct th_lu *lu)
{
    uint32_t n_blocks = lu->param_bytes >> lu->block->block_shift;

    return n_blocks < 3 ? 0 : th_min32((n_blocks - 1) / 2, UINT8_MAX);
}

enum { UNMAP_HEADER_BYTES = 8, UNMAP_DESCRIPTOR_BYTES = 16 };

uint32_t th_max_unmap_descriptors(const struct th_lu *lu)
{
    uint32_t list_bytes = th_min32(lu->param_bytes, UINT16_MAX);

    return (list_bytes - UNMAP_HEADER_BYTES) / UNMAP_DESCRIPTOR_BYTES;
}

/* --------------------------------------------------------------------------------------
 * Which blocks
 */
/* The opcode's upper three bits (SAM-5 5.2); groups 1 and 2 are CDBs of 10 bytes. */
enum { CDB_6 = 0, CDB_16 = 4, CDB_12 = 5 };

/* Where in a CDB of more than 6 bytes the number of blocks stands. */
static unsigned length_byte(const struct th_cmd *cmd)
{
    switch (cmd->cdb[0] >> 5) {
    case CDB_12: return 6;
    case CDB_16: return 10;
    default:     return 7;
    }
}

/* lba and n_blocks as the CDB has them.  True if cmd was refused: they are not on the disk. */
static bool bad_blocks(struct th_cmd *cmd)
{
    const uint8_t *cdb = cmd->cdb;

    switch (cdb[0] >> 5) {
    case CDB_6:
        cmd->lba = th_get24(cdb + 1) & 0x1fffff;
        cmd->n_blocks = cdb[4] ? cdb[4] : 256;
        break;
    case CDB_12:
        cmd->lba = th_get32(cdb + 2);
        cmd->n_blocks = th_get32(cdb + 6);
        break;
    case CDB_16:
        cmd->lba = th_get64(cdb + 2);
        cmd->n_blocks = th_get32(cdb + 10);
        break;
    default:
        cmd->lba = th_get32(cdb + 2);
        cmd->n_blocks = th_get16(cdb + 7);
        break;
    }
    if (th_range_ok(cmd->lba, cmd->n_blocks, cmd->lu->block->size_blocks))
        return false;
    th_scsi_check(cmd, TH_SENSE_LBA_OUT_OF_RANGE);
    return true;
}

/* The blocks are transferred, in this manner; no blocks is no mistake. */
static enum th_next transfer(struct th_cmd *cmd, enum th_next how)
{
    if (cmd->n_blocks > th_max_transfer_blocks(cmd->lu))
        return th_check_cdb(cmd, length_byte(cmd), TH_FIELD_WHOLE_BYTE);
    if (cmd->n_blocks == 0)
        return th_good(cmd);

    cmd->data_bytes = cmd->n_blocks << cmd->lu->block->block_shift;
    return how;
}

/* --------------------------------------------------------------------------------------
 * READ CAPACITY (5.15, 5.16)
 */
enum th_next th_read_capacity_10_reply(struct th_cmd *cmd, uint8_t *buf)
{
    uint64_t last = cmd->lu->block->size_blocks - 1;

    th_put32(buf, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last);
    th_put32(buf + 4, th_block_bytes(cmd->lu));
    return th_reply_done(cmd, 8, 8);
}

enum th_next th_read_capacity_16_reply(struct th_cmd *cmd, uint8_t *buf)
{
    const struct th_lu *lu = cmd->lu;

    memset(buf, 0, 32);
    th_put64(buf, lu->block->size_blocks - 1);
    th_put32(buf + 8, th_block_bytes(lu));
    buf[13] = lu->block->physical_shift;
    if (th_thin(lu))
        buf[14] = 0xc0;                                 /* LBPME, LBPRZ */
    return th_reply_done(cmd, 32, th_get32(cmd->cdb + 10));
}

/* --------------------------------------------------------------------------------------
 * GET LBA STATUS (5.6): runs of blocks that are in use or given back, from the LBA asked for on.
 */
enum { LBA_STATUS_RUNS_MAX = 64, LBA_STATUS_MAPPED = 0, LBA_STATUS_DEALLOCATED = 1 };

enum th_next th_get_lba_status_run(struct th_cmd *cmd)
{
    cmd->lba = th_get64(cmd->cdb + 2);
    if (cmd->lba >= cmd->lu->block->size_blocks)
        return th_scsi_check(cmd, TH_SENSE_LBA_OUT_OF_RANGE);
    return TH_NEXT_REPLY;
}

enum th_next th_get_lba_status_reply(struct th_cmd *cmd, uint8_t *buf)
{
    struct thimble_block *b = cmd->lu->block;
    uint32_t allocation_length = th_get32(cmd->cdb + 10);
    uint32_t n = 8;

    memset(buf, 0, 8);
    while (cmd->lba < b->size_blocks && n < 8 + 16 * LBA_STATUS_RUNS_MAX &&
           (n == 8 || n < allocation_length)) {
        uint64_t left = b->size_blocks - cmd->lba;
        uint32_t n_blocks = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
        bool mapped = true;

        if (b->extent)
            n_blocks = b->extent(b, cmd->lba, n_blocks, &mapped);
        memset(buf + n, 0, 16);
        th_put64(buf + n, cmd->lba);
        th_put32(buf + n + 8, n_blocks);
        buf[n + 12] = mapped ? LBA_STATUS_MAPPED : LBA_STATUS_DEALLOCATED;
        n += 16;
        cmd->lba += n_blocks;
    }
    th_put32(buf, n - 4);
    return th_reply_done(cmd, n, allocation_length);
}

/* --------------------------------------------------------------------------------------
 * READ, WRITE, WRITE AND VERIFY
 */
enum th_next th_read_run(struct th_cmd *cmd)
{
    if (bad_blocks(cmd))
        return TH_NEXT_STATUS;

    return transfer(cmd, TH_NEXT_READ);
}

enum th_next th_write_run(struct th_cmd *cmd)
{
    if (bad_blocks(cmd))
        return TH_NEXT_STATUS;

    return transfer(cmd, TH_NEXT_WRITE);
}

enum bytchk { BYTCHK_MEDIUM = 0, BYTCHK_DATA = 1, BYTCHK_ONE_BLOCK = 3 };

static unsigned bytchk(const struct th_cmd *cmd)
{
    return cmd->cdb[1] >> 1 & 3;
}

/* With BYTCHK 00b the medium would have to be readable only; comparing shows that, too. */
enum th_next th_write_and_verify_run(struct th_cmd *cmd)
{
    if (bytchk(cmd) > BYTCHK_DATA)
        return th_check_cdb(cmd, 1, 2);
    if (bad_blocks(cmd))
        return TH_NEXT_STATUS;

    cmd->verify = true;
    cmd->fua = true;
    return transfer(cmd, TH_NEXT_WRITE);
}

/* The disk of a piece of the command's data, and the piece in blocks; NULL: it is not there
 * (any more: the size of a disk may change while a command runs). */
static struct thimble_block *piece(const struct th_cmd *cmd, uint32_t offset, uint32_t len,
                                   uint64_t *lba, uint32_t *n_blocks)
{
    struct thimble_block *b = cmd->lu->block;

    *lba = cmd->lba + (offset >> b->block_shift);
    *n_blocks = len >> b->block_shift;
    return th_range_ok(*lba, *n_blocks, b->size_blocks) ? b : NULL;
}

int th_scsi_read(struct th_cmd *cmd, uint32_t offset, uint32_t len, void *buf,
                 struct thimble_io *io)
{
    uint64_t lba;
    uint32_t n_blocks;
    struct thimble_block *b = piece(cmd, offset, len, &lba, &n_blocks);

    return b ? b->read(b, lba, n_blocks, buf, io) : THIMBLE_ERR_IO;
}

int th_scsi_write(struct th_cmd *cmd, uint32_t offset, uint32_t len, const void *buf,
                  struct thimble_io *io)
{
    uint64_t lba;
    uint32_t n_blocks;
    struct thimble_block *b = piece(cmd, offset, len, &lba, &n_blocks);

    return b ? b->write(b, lba, n_blocks, buf, io) : THIMBLE_ERR_IO;
}

const void *th_scsi_map(struct th_cmd *cmd, uint32_t offset, uint32_t len)
{
    uint64_t lba;
    uint32_t n_blocks;

    if (!cmd->lu->block->map)
        return NULL;
    struct thimble_block *b = piece(cmd, offset, len, &lba, &n_blocks);
    return b ? b->map(b, lba, n_blocks) : NULL;
}

static int flush_and_end(struct th_cmd *cmd)
{
    return th_write_cache(cmd->lu) ? th_step_flush(cmd, th_step_good) : th_step_good(cmd);
}

enum th_next th_scsi_written(struct th_cmd *cmd)
{
    return cmd->fua ? th_steps_run(cmd, flush_and_end) : th_good(cmd);
}

/* --------------------------------------------------------------------------------------
 * SYNCHRONIZE CACHE, PRE-FETCH, START STOP UNIT
 *
 * IMMED asks for an early answer; ours comes when the work is done, and is true.
 */
enum th_next th_synchronize_cache_run(struct th_cmd *cmd)
{
    if (bad_blocks(cmd))
        return TH_NEXT_STATUS;

    return th_steps_run(cmd, flush_and_end);
}

/* There is no cache that the blocks could be fetched into: GOOD, not CONDITION MET. */
enum th_next th_prefetch_run(struct th_cmd *cmd)
{
    return bad_blocks(cmd) ? TH_NEXT_STATUS : th_good(cmd);
}

enum { START = 0x01, LOEJ = 0x02, NO_FLUSH = 0x04, POWER_CONDITION = 0xf0 };

static int stop_flushed(struct th_cmd *cmd)
{
    if (cmd->cdb[4] & LOEJ)
        cmd->lu->ejected = true;
    return th_step_good(cmd);
}

static int stop(struct th_cmd *cmd)
{
    bool flush = th_write_cache(cmd->lu) && !(cmd->cdb[4] & NO_FLUSH) &&
                 th_not_ready(cmd->lu) == TH_SENSE_NONE;

    return flush ? th_step_flush(cmd, stop_flushed) : stop_flushed(cmd);
}

static enum th_next start(struct th_cmd *cmd)
{
    struct th_lu *lu = cmd->lu;

    if (cmd->cdb[4] & LOEJ && lu->ejected) {
        lu->ejected = false;
        th_scsi_ua(lu, TH_UA_MEDIUM_CHANGED, cmd->nexus);
    }
    uint32_t sense = th_not_ready(lu);
    return sense == TH_SENSE_NONE ? th_good(cmd) : th_scsi_check(cmd, sense);
}

/* Nothing turns and nothing sleeps: starting, stopping and the power conditions change
 * nothing, save that stopping flushes.  A removable medium can be taken out and put back. */
enum th_next th_start_stop_run(struct th_cmd *cmd)
{
    uint8_t how = cmd->cdb[4];

    if (how & POWER_CONDITION)                          /* START and LOEJ are ignored */
        return th_good(cmd);
    if (how & LOEJ && !cmd->lu->block->removable)
        return th_check_cdb(cmd, 4, 1);

    return how & START ? start(cmd) : th_steps_run(cmd, stop);
}

/* --------------------------------------------------------------------------------------
 * VERIFY (5.32): BYTCHK 01b compares piece by piece as the data arrive, like a WRITE; 00b reads
 * through a parameter buffer; 11b has one block in it that all blocks are compared with.
 */
enum th_next th_verify_run(struct th_cmd *cmd)
{
    uint32_t block_bytes = th_block_bytes(cmd->lu);
    unsigned mode = bytchk(cmd);

    if (mode == 2 || (mode == BYTCHK_ONE_BLOCK && cmd->lu->param_bytes < 2 * block_bytes))
        return th_check_cdb(cmd, 1, 2);
    if (bad_blocks(cmd))
        return TH_NEXT_STATUS;

    cmd->compare = mode == BYTCHK_DATA;
    enum th_next next = transfer(cmd, cmd->compare ? TH_NEXT_WRITE : TH_NEXT_PARAM);
    if (next == TH_NEXT_PARAM)
        cmd->data_bytes = mode == BYTCHK_ONE_BLOCK ? block_bytes : 0;
    return next;
}

/* Whole blocks that fit behind the data in the parameter buffer. */
static uint32_t work_space_blocks(const struct th_cmd *cmd)
{
    return (cmd->lu->param_bytes - cmd->data_bytes) >> cmd->lu->block->block_shift;
}

/* Where blocks are read to, and how many at a time. */
static uint8_t *verify_space(const struct th_cmd *cmd, uint32_t *n_blocks)
{
    *n_blocks = th_min32(work_space_blocks(cmd), cmd->n_blocks);
    return cmd->param + cmd->data_bytes;
}

static int verify_next(struct th_cmd *cmd);

static int verify_have(struct th_cmd *cmd)
{
    uint32_t n_blocks, block_bytes = th_block_bytes(cmd->lu);
    const uint8_t *have = verify_space(cmd, &n_blocks);

    if (cmd->data_bytes)
        for (uint32_t i = 0; i < n_blocks * block_bytes; i++)
            if (have[i] != cmd->param[i & (block_bytes - 1)]) {
                th_scsi_miscompare(cmd, i & (block_bytes - 1));
                return TH_STEP_END;
            }
    cmd->lba += n_blocks;
    cmd->n_blocks -= n_blocks;
    return verify_next(cmd);
}

static int verify_next(struct th_cmd *cmd)
{
    uint32_t n_blocks;
    uint8_t *space = verify_space(cmd, &n_blocks);

    return n_blocks ? th_step_read(cmd, cmd->lba, n_blocks, space, verify_have)
                    : th_step_good(cmd);
}

enum th_next th_verify_param(struct th_cmd *cmd)
{
    return th_steps_run(cmd, verify_next);
}

/* --------------------------------------------------------------------------------------
 * UNMAP (5.28)
 */
enum th_next th_unmap_run(struct th_cmd *cmd)
{
    uint32_t list_bytes = th_get16(cmd->cdb + 7);

    if (list_bytes == 0)
        return th_good(cmd);
    if (list_bytes < UNMAP_HEADER_BYTES)
        return th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
    if (list_bytes > cmd->lu->param_bytes)
        return th_check_cdb(cmd, 7, TH_FIELD_WHOLE_BYTE);

    cmd->data_bytes = list_bytes;
    return TH_NEXT_PARAM;
}

static uint8_t *unmap_descriptor(const struct th_cmd *cmd, uint32_t i)
{
    return cmd->param + UNMAP_HEADER_BYTES + i * UNMAP_DESCRIPTOR_BYTES;
}

/* True if cmd was refused: a descriptor cannot be served.  All are looked at before the first
 * one is. */
static bool bad_descriptors(struct th_cmd *cmd, uint32_t n_descriptors)
{
    uint64_t total_blocks = 0;

    for (uint32_t i = 0; i < n_descriptors; i++) {
        const uint8_t *d = unmap_descriptor(cmd, i);
        uint32_t n_blocks = th_get32(d + 8);

        if (!th_range_ok(th_get64(d), n_blocks, cmd->lu->block->size_blocks)) {
            th_scsi_check(cmd, TH_SENSE_LBA_OUT_OF_RANGE);
            return true;
        }
        total_blocks += n_blocks;
        if (total_blocks > TH_MAX_UNMAP_BLOCKS) {
            th_check_list(cmd, (uint32_t)(d + 8 - cmd->param));
            return true;
        }
    }
    return false;
}

/* n_blocks is the number of descriptors that are left; the last of them is worked on, and what
 * was done is taken off it. */
static int unmap_next(struct th_cmd *cmd)
{
    for (; cmd->n_blocks; cmd->n_blocks--) {
        uint8_t *d = unmap_descriptor(cmd, cmd->n_blocks - 1);
        uint64_t lba = th_get64(d);
        uint32_t left = th_get32(d + 8);
        uint32_t n_blocks = th_min32(left, THIMBLE_ZERO_CHUNK_BLOCKS);

        if (n_blocks) {
            th_put64(d, lba + n_blocks);
            th_put32(d + 8, left - n_blocks);
            return th_step_unmap(cmd, lba, n_blocks, unmap_next);
        }
    }
    return th_step_good(cmd);
}

static int unmap_enter(struct th_cmd *cmd)
{
    return th_step_gate(cmd, TH_GATE_SHARED, unmap_next);
}

enum th_next th_unmap_param(struct th_cmd *cmd)
{
    uint32_t data_length = th_get16(cmd->param);
    uint32_t descriptor_bytes = th_get16(cmd->param + 2);
    uint32_t n_descriptors = descriptor_bytes / UNMAP_DESCRIPTOR_BYTES;

    if (data_length + 2 > cmd->data_bytes ||
        descriptor_bytes > cmd->data_bytes - UNMAP_HEADER_BYTES)
        return th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
    if (bad_descriptors(cmd, n_descriptors))
        return TH_NEXT_STATUS;

    cmd->n_blocks = n_descriptors;
    return th_steps_run(cmd, unmap_enter);
}

/* --------------------------------------------------------------------------------------
 * WRITE SAME (5.42, 5.43)
 */
enum { UNMAP = 0x08, NDOB = 0x01 };

enum th_next th_write_same_run(struct th_cmd *cmd)
{
    unsigned flags = cmd->cdb[1];

    if (flags & UNMAP && !th_thin(cmd->lu))
        return th_check_cdb(cmd, 1, 3);
    if (bad_blocks(cmd))
        return TH_NEXT_STATUS;
    /* WSNZ: no blocks would mean "to the end of the disk", which nobody shall mean by mistake. */
    if (cmd->n_blocks == 0 || cmd->n_blocks > TH_MAX_WRITE_SAME_BLOCKS)
        return th_check_cdb(cmd, length_byte(cmd), TH_FIELD_WHOLE_BYTE);

    cmd->data_bytes = flags & NDOB ? 0 : th_block_bytes(cmd->lu);
    cmd->exact = !(flags & NDOB);       /* more than a block: two ideas of its size */
    return TH_NEXT_PARAM;
}

/* The next piece: its length; its address goes to *lba. */
static uint32_t take_blocks(struct th_cmd *cmd, uint32_t max, uint64_t *lba)
{
    uint32_t n_blocks = th_min32(cmd->n_blocks, max);

    *lba = cmd->lba;
    cmd->lba += n_blocks;
    cmd->n_blocks -= n_blocks;
    return n_blocks;
}

static int same_unmap(struct th_cmd *cmd)
{
    uint64_t lba;
    uint32_t n_blocks = take_blocks(cmd, THIMBLE_ZERO_CHUNK_BLOCKS, &lba);

    return n_blocks ? th_step_unmap(cmd, lba, n_blocks, same_unmap) : th_step_good(cmd);
}

static int same_zeroes(struct th_cmd *cmd)
{
    uint64_t lba;
    uint32_t n_blocks = take_blocks(cmd, THIMBLE_ZERO_CHUNK_BLOCKS, &lba);

    return n_blocks ? th_step_write_zeroes(cmd, lba, n_blocks, same_zeroes)
                    : th_step_good(cmd);
}

static int same_write(struct th_cmd *cmd)
{
    uint64_t lba;
    uint32_t n_blocks = take_blocks(cmd, cmd->lu->param_bytes >> cmd->lu->block->block_shift,
                                    &lba);

    return n_blocks ? th_step_write(cmd, lba, n_blocks, cmd->param, same_write)
                    : th_step_good(cmd);
}

static bool all_zero(const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

/* Blocks may be given back instead of written only if they then read as what was to be
 * written: as zeros. */
static int same_enter(struct th_cmd *cmd)
{
    th_step *way = same_write;

    if (all_zero(cmd->param, th_block_bytes(cmd->lu))) {
        if (cmd->cdb[1] & UNMAP)
            way = same_unmap;
        else if (cmd->lu->block->write_zeroes)
            way = same_zeroes;
    }
    return th_step_gate(cmd, TH_GATE_SHARED, way);
}

enum th_next th_write_same_param(struct th_cmd *cmd)
{
    uint32_t n = th_block_bytes(cmd->lu);

    if (cmd->data_bytes == 0)
        memset(cmd->param, 0, n);
    for (uint32_t at = n; at + n <= cmd->lu->param_bytes; at += n)
        memcpy(cmd->param + at, cmd->param, n);
    return th_steps_run(cmd, same_enter);
}

/* --------------------------------------------------------------------------------------
 * COMPARE AND WRITE (5.2): under the gate alone, so that it is atomic among all writers.
 *
 *     param   | n blocks to compare with | n blocks to write | work space, >= 1 block |
 *
 * n is in the CDB; n_blocks is what is still to be compared.
 */
enum th_next th_compare_and_write_run(struct th_cmd *cmd)
{
    cmd->lba = th_get64(cmd->cdb + 2);
    cmd->n_blocks = cmd->cdb[13];

    if (!th_range_ok(cmd->lba, cmd->n_blocks, cmd->lu->block->size_blocks))
        return th_scsi_check(cmd, TH_SENSE_LBA_OUT_OF_RANGE);
    if (cmd->n_blocks > th_max_compare_and_write_blocks(cmd->lu))
        return th_check_cdb(cmd, 13, TH_FIELD_WHOLE_BYTE);
    cmd->exact = true;                  /* nobody can mean half of it */
    if (cmd->n_blocks == 0)
        return th_good(cmd);

    cmd->data_bytes = 2 * cmd->n_blocks << cmd->lu->block->block_shift;
    return TH_NEXT_PARAM;
}

static int caw_next(struct th_cmd *cmd);

/* How many blocks go into the work space at a time. */
static uint32_t caw_piece(const struct th_cmd *cmd)
{
    return th_min32(work_space_blocks(cmd), cmd->n_blocks);
}

static int caw_compare(struct th_cmd *cmd)
{
    unsigned shift = cmd->lu->block->block_shift;
    uint32_t n_blocks = caw_piece(cmd);
    uint32_t done = (cmd->cdb[13] - cmd->n_blocks) << shift;
    const uint8_t *have = cmd->param + cmd->data_bytes;
    const uint8_t *want = cmd->param + done;

    for (uint32_t i = 0; i < n_blocks << shift; i++)
        if (have[i] != want[i]) {
            th_scsi_miscompare(cmd, done + i);
            return TH_STEP_END;
        }
    cmd->n_blocks -= n_blocks;
    return caw_next(cmd);
}

static int caw_written(struct th_cmd *cmd)
{
    return cmd->fua ? flush_and_end(cmd) : th_step_good(cmd);
}

static int caw_next(struct th_cmd *cmd)
{
    uint32_t n = cmd->cdb[13];

    if (cmd->n_blocks == 0)
        return th_step_write(cmd, cmd->lba, n, cmd->param + cmd->data_bytes / 2, caw_written);
    return th_step_read(cmd, cmd->lba + (n - cmd->n_blocks), caw_piece(cmd),
                        cmd->param + cmd->data_bytes, caw_compare);
}

static int caw_enter(struct th_cmd *cmd)
{
    return th_step_gate(cmd, TH_GATE_EXCLUSIVE, caw_next);
}

enum th_next th_compare_and_write_param(struct th_cmd *cmd)
{
    return th_steps_run(cmd, caw_enter);
}
