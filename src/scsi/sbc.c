/* SPDX-License-Identifier: MIT
 *
 * sbc.c: the commands of every disk: READ and WRITE in all lengths, READ CAPACITY, SYNCHRONIZE CACHE,
 * PRE-FETCH, START STOP UNIT.
 *
 * `run` handlers turn a CDB into blocks, and say whether data are wanted; data that may go to
 * the disk in pieces pass through th_scsi_read() and th_scsi_write(), the others arrive in
 * cmd->param and are worked on by a chain of steps (steps.h).  Layer 2.  SBC-3 chapter 5.
 */
#include <string.h>

#include "../core/wire.h"
#include "ops.h"
#include "steps.h"
#include "work.h"

/* --------------------------------------------------------------------------------------
 * Limits
 */
uint32_t th_max_transfer_blocks(const struct th_lu *lu)
{
    return UINT32_MAX >> lu->block->block_shift;        /* data_bytes has 32 bits */
}

/* --------------------------------------------------------------------------------------
 * Which blocks
 */
/* The opcode's upper three bits (SAM-5 5.2); groups 1 and 2 are CDBs of 10 bytes. */
enum { CDB_6 = 0, CDB_32 = 3, CDB_16 = 4, CDB_12 = 5 };

unsigned th_length_byte(const struct th_cmd *cmd)
{
    switch (cmd->cdb[0] >> 5) {
    case CDB_32: return 28;
    case CDB_12: return 6;
    case CDB_16: return 10;
    default:     return 7;
    }
}

bool th_bad_blocks(struct th_cmd *cmd)
{
    const uint8_t *cdb = cmd->cdb;

    switch (cdb[0] >> 5) {
    case CDB_6:
        cmd->lba = th_get24(cdb + 1) & 0x1fffff;
        cmd->n_blocks = cdb[4] ? cdb[4] : 256;
        break;
    case CDB_32:
        if (!THIMBLE_SCSI_LONG_CDB)
            break;
        cmd->lba = th_get64(cdb + 12);
        cmd->n_blocks = th_get32(cdb + 28);
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

enum th_next th_transfer(struct th_cmd *cmd, enum th_next how)
{
    if (cmd->n_blocks > th_max_transfer_blocks(cmd->lu))
        return th_check_cdb(cmd, th_length_byte(cmd), TH_FIELD_WHOLE_BYTE);
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
 * READ and WRITE
 */
enum th_next th_read_run(struct th_cmd *cmd)
{
    if (th_bad_blocks(cmd))
        return TH_NEXT_STATUS;

#if THIMBLE_SCSI_LOG
    th_log_command(cmd, false);
#endif
    return th_transfer(cmd, TH_NEXT_READ);
}

enum th_next th_write_run(struct th_cmd *cmd)
{
    if (th_bad_blocks(cmd))
        return TH_NEXT_STATUS;

#if THIMBLE_SCSI_LOG
    th_log_command(cmd, true);
#endif
    return th_transfer(cmd, TH_NEXT_WRITE);
}

/* The disk of a piece of the command's data, and the piece in blocks; NULL: it is not there
 * (any more: a disk may change its size or its medium while a command runs), or the command has ended already. */
static struct thimble_block *piece(struct th_cmd *cmd, bool writing, uint32_t offset, uint32_t len,
                                   uint64_t *lba, uint32_t *n_blocks)
{
    struct thimble_block *b = cmd->lu->block;

    *lba = cmd->lba + (offset >> b->block_shift);
    *n_blocks = len >> b->block_shift;
    if (cmd->status != TH_STATUS_GOOD || !th_range_ok(*lba, *n_blocks, b->size_blocks) || th_working(cmd->lu) || cmd->lost)
        return NULL;
#if THIMBLE_SCSI_LOG
    th_log_data(cmd, writing, *n_blocks);
#endif
    (void)writing;
    return b;
}

int th_scsi_read(struct th_cmd *cmd, uint32_t offset, uint32_t len, void *buf,
                 struct thimble_io *io)
{
    uint64_t lba;
    uint32_t n_blocks;
    struct thimble_block *b = piece(cmd, false, offset, len, &lba, &n_blocks);

    return b ? b->read(b, lba, n_blocks, buf, io) : THIMBLE_ERR_IO;
}

int th_scsi_write(struct th_cmd *cmd, uint32_t offset, uint32_t len, const void *buf,
                  struct thimble_io *io)
{
    uint64_t lba;
    uint32_t n_blocks;
    struct thimble_block *b = piece(cmd, true, offset, len, &lba, &n_blocks);

    if (!b)
        return THIMBLE_ERR_IO;
    th_changed(cmd->lu, lba, n_blocks);
    return b->write(b, lba, n_blocks, buf, io);
}

void th_scsi_bad_block(struct th_cmd *cmd, uint32_t offset, const struct thimble_io *io)
{
    uint64_t lba = cmd->lba + (offset >> cmd->lu->block->block_shift) + io->n_blocks;

    if (cmd->sense >> 16 != TH_KEY_MEDIUM_ERROR || lba >= cmd->lu->block->size_blocks)
        return;                         /* it ended for another reason, or the disk says what cannot be */
    cmd->lba = lba;
    cmd->info_valid = true;
}

int th_scsi_flush(struct th_cmd *cmd, struct thimble_io *io)
{
    struct thimble_block *b = cmd->lu->block;

    return b->flush ? b->flush(b, io) : THIMBLE_OK;
}

void th_scsi_flush_failed(struct th_lu *lu)
{
    lu->flush_failed = true;
}

const void *th_scsi_map(struct th_cmd *cmd, uint32_t offset, uint32_t len)
{
    uint64_t lba;
    uint32_t n_blocks;

    if (!cmd->lu->block->map)
        return NULL;
    struct thimble_block *b = piece(cmd, false, offset, len, &lba, &n_blocks);
    return b ? b->map(b, lba, n_blocks) : NULL;
}

enum th_next th_scsi_written(struct th_cmd *cmd)
{
    return cmd->fua ? th_steps_run(cmd, th_step_durable) : th_good(cmd);
}

/* --------------------------------------------------------------------------------------
 * SYNCHRONIZE CACHE, PRE-FETCH, START STOP UNIT
 *
 * IMMED asks for an early answer; ours comes when the work is done, and is true.
 */
enum th_next th_synchronize_cache_run(struct th_cmd *cmd)
{
    if (th_bad_blocks(cmd))
        return TH_NEXT_STATUS;

    return th_steps_run(cmd, th_step_durable);
}

/* There is no cache that the blocks could be fetched into: GOOD, not CONDITION MET. */
enum th_next th_prefetch_run(struct th_cmd *cmd)
{
    return th_bad_blocks(cmd) ? TH_NEXT_STATUS : th_good(cmd);
}

enum { START = 0x01, LOEJ = 0x02, NO_FLUSH = 0x04, POWER_CONDITION = 0xf0 };

static int stop_flushed(struct th_cmd *cmd)
{
    if (cmd->cdb[4] & LOEJ && !cmd->lu->ejected) {
        cmd->lu->ejected = true;
        th_media_event(cmd->lu, TH_MEDIA_REMOVAL);
    }
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

    if (cmd->cdb[4] & LOEJ && lu->ejected)
        th_scsi_medium_changed(lu, cmd->nexus);
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
    if (how & LOEJ && !th_removable(cmd->lu))
        return th_check_cdb(cmd, 4, 1);
#if THIMBLE_SCSI_PREVENT
    if ((how & (LOEJ | START)) == LOEJ && th_removal_prevented(cmd->lu))
        return th_scsi_check(cmd, TH_SENSE_REMOVAL_PREVENTED);
#endif

    return how & START ? start(cmd) : th_steps_run(cmd, stop);
}
