/* SPDX-License-Identifier: MIT
 *
 * copy.c: moves data between logical units in bounded steps; see copy.h.
 *
 * Each piece goes the shortest way there is: a hole becomes a hole, the disk copies by itself, or the data go through
 * the command's work space.  Writing shares the gate of its unit for one piece, so a COMPARE AND WRITE has to
 * wait for one, not for the whole copy.  Layer 2.  SPC-4 5.16, 6.4.
 */
#include "copy.h"

#if THIMBLE_SCSI_THIRD_PARTY

#include <string.h>

#include "../core/wire.h"
#include "token.h"
#include "work.h"

#define OFFLOAD_BYTES (UINT32_C(1) << 20)       /* that a disk copies by itself before others have their turn */

static uint32_t state_at(const struct th_lu *lu)
{
    return (lu->param_bytes - (uint32_t)sizeof(struct th_copy)) & ~15u;
}

bool th_copy_offered(const struct th_lu *lu)
{
    return lu->target->copies && !th_is_cdrom(lu) &&
           lu->param_bytes >= TH_COPY_LIST_MAX + 64 + sizeof(struct th_copy) + 16 &&
           state_at(lu) - TH_COPY_LIST_MAX - 64 >= th_block_bytes(lu);
}

struct th_copy *th_copy_of(const struct th_cmd *cmd)
{
    return (struct th_copy *)(void *)(cmd->param + state_at(cmd->lu));
}

/* Behind the parameter list, as a disk likes it aligned. */
static uint8_t *work_space(const struct th_cmd *cmd, uint32_t *n_bytes)
{
    uint32_t at = (cmd->data_bytes + 63) & ~63u;

    *n_bytes = state_at(cmd->lu) - at;
    return cmd->param + at;
}

/* --------------------------------------------------------------------------------------
 * Records
 */
struct th_copy_record *th_copy_find(const struct th_cmd *cmd, uint32_t list_id, bool lid1)
{
    struct th_copies *copies = cmd->lu->target->copies;

    for (unsigned i = 0; i < TH_COPY_RECORDS; i++) {
        struct th_copy_record *r = &copies->records[i];
        if (r->nexus == cmd->nexus && r->list_id == list_id && (r->action == 0) == lid1)
            return r;
    }
    return NULL;
}

/* One that is not in use, or the oldest of those that have ended, or NULL. */
static struct th_copy_record *new_record(struct th_copies *copies)
{
    struct th_copy_record *oldest = NULL;

    for (unsigned i = 0; i < TH_COPY_RECORDS; i++) {
        struct th_copy_record *r = &copies->records[i];
        if (r->cmd)
            continue;
        if (!r->nexus)
            return r;
        if (!oldest || th_sn_before(r->number, oldest->number))
            oldest = r;
    }
    return oldest;
}

bool th_copy_begin(struct th_cmd *cmd, uint32_t list_id, bool keep)
{
    struct th_copies *copies = cmd->lu->target->copies;
    struct th_copy *c = th_copy_of(cmd);
    unsigned action = cmd->cdb[1] & 0x1f;
    struct th_copy_record *r = keep ? th_copy_find(cmd, list_id, action == 0) : NULL;

    memset(c, 0, sizeof *c);
    if (!keep)
        return true;
    if (r && r->cmd) {
        th_scsi_check(cmd, TH_SENSE_OPERATION_IN_PROGRESS);
        return false;
    }
    if (!r)
        r = new_record(copies);
    if (!r) {
        cmd->status = TH_STATUS_BUSY;
        return false;
    }
    *r = (struct th_copy_record){
        .nexus = cmd->nexus, .cmd = cmd, .list_id = list_id, .number = copies->next_number++,
        .action = (uint8_t)action, .block_shift = cmd->lu->block->block_shift,
    };
    c->record = r;
    return true;
}

void th_copies_forget(struct th_copies *copies, const struct th_nexus *nexus)
{
    for (unsigned i = 0; i < TH_COPY_RECORDS; i++)
        if (copies->records[i].nexus == nexus)
            copies->records[i].nexus = NULL;
}

/* COPY OPERATION ABORT (SPC-4 6.3): it ends before its next piece. */
enum th_next th_copy_abort_run(struct th_cmd *cmd)
{
    struct th_copy_record *r = th_copy_find(cmd, th_get32(cmd->cdb + 2), false);

    if (!r)
        return th_check_cdb(cmd, 2, TH_FIELD_WHOLE_BYTE);
    if (r->cmd)
        th_copy_of(r->cmd)->stop = true;
    return th_good(cmd);
}

enum th_next th_copy_failed(struct th_cmd *cmd, uint32_t sense, uint32_t why)
{
    struct th_copy_record *r = th_copy_of(cmd)->record;

    th_scsi_check(cmd, sense);
    if (r)
        r->sense = why;
    return TH_NEXT_STATUS;
}

bool th_scsi_copies(const struct th_cmd *cmd, const struct th_lu *lu)
{
    const struct th_copy *c = th_is_copy(cmd) ? th_copy_of(cmd) : NULL;

    return c && (c->from == lu || c->to == lu);
}

static void leave(struct th_copy *c)
{
    unsigned gated = c->gated;

    c->gated = 0;
    if (gated)
        th_gate_leave(&c->to->gate, (enum th_gate_kind)(gated - 1));
}

/* Steps.c: a chain of a copy command has ended, one way or another. */
void th_copy_ended(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);
    struct th_copy_record *r = c->record;

    leave(c);
    if (c->token)
        th_token_leave(cmd->lu->target->copies, c->token, c->delete_token);
    c->token = NULL;
    uint32_t key = cmd->sense >> 16;                    /* a disk failed, or the list is wrong */
    if (cmd->status == TH_STATUS_CHECK_CONDITION && key != TH_KEY_COPY_ABORTED && key != TH_KEY_ILLEGAL_REQUEST)
        th_copy_failed(cmd, TH_SENSE_THIRD_PARTY_FAILURE, cmd->sense);
#if THIMBLE_SCSI_EXTENDED_COPY
    if (cmd->status == TH_STATUS_CHECK_CONDITION && cmd->sense >> 16 == TH_KEY_COPY_ABORTED && c->segment_at)
        th_check_segment(cmd, (uint16_t)c->segment, cmd->field_valid ? cmd->field : 0);
#endif
    if (!r)
        return;
    r->cmd = NULL;
    if (r->sense == TH_SENSE_NONE)
        r->sense = cmd->sense;
    if (cmd->status == TH_STATUS_TASK_ABORTED)          /* nobody is told anything (SPC-4 5.16.4.3) */
        r->nexus = NULL;
}

/* --------------------------------------------------------------------------------------
 * Which blocks
 */
static uint64_t blocks_of(const struct th_lu *lu, uint64_t n_bytes)
{
    return n_bytes >> lu->block->block_shift;
}

/* All blocks of which a byte is in n_bytes from from_byte on. */
static uint64_t cover(const struct th_lu *lu, uint64_t from_byte, uint64_t n_bytes)
{
    uint32_t mask = th_block_bytes(lu) - 1;

    return n_bytes ? blocks_of(lu, (from_byte & mask) + n_bytes + mask) : 0;
}

uint32_t th_copy_not_ready(const struct th_nexus *nexus, struct th_lu *lu)
{
    if (th_access_sense(lu, nexus) != TH_SENSE_NONE)
        return th_access_sense(lu, nexus);
#if THIMBLE_WORK
    int progress;
    if (th_work_sense(lu, &progress) != TH_SENSE_NONE)
        return th_work_sense(lu, &progress);
#endif
    return th_not_ready(lu);
}

/* Why a session cannot read or write a unit, TH_SENSE_NONE: it can.  What th_scsi_start() would tell it if it sent a READ or
 * a WRITE to that unit itself, in the same order. */
static uint32_t why_not(struct th_nexus *nexus, struct th_lu *lu, bool write)
{
    const struct th_cmd as = { .lu = lu, .nexus = nexus };

    if (th_reserved_against(&as, write ? 0 : TH_PASSES_WRITE_EXCLUSIVE))
        return TH_SENSE_RESERVATION_CONFLICT;
    uint32_t sense = th_copy_not_ready(nexus, lu);
    if (sense != TH_SENSE_NONE)
        return sense;
    return write ? th_write_protection(lu, nexus) : TH_SENSE_NONE;
}

static uint32_t why_not_there(const struct th_cmd *cmd, struct th_lu *lu, uint64_t from_byte, uint64_t n_bytes,
                              bool write)
{
    uint32_t sense = why_not(cmd->nexus, lu, write);

    if (sense == TH_SENSE_NONE &&
        !th_range_ok(blocks_of(lu, from_byte), cover(lu, from_byte, n_bytes), lu->block->size_blocks))
        return TH_SENSE_LBA_OUT_OF_RANGE;
    return sense;
}

bool th_copy_refused(struct th_cmd *cmd, struct th_lu *from, uint64_t from_byte, struct th_lu *to,
                     uint64_t to_byte, uint64_t n_bytes, bool by_bytes)
{
    uint32_t space_bytes, sense = TH_SENSE_NONE;
    uint32_t mask = th_block_bytes(to) - 1;

    work_space(cmd, &space_bytes);
    if (from) {
        mask |= th_block_bytes(from) - 1;
        sense = why_not_there(cmd, from, from_byte, n_bytes, false);
    }
    if (!by_bytes && n_bytes & mask) {
        th_copy_failed(cmd, TH_SENSE_INEXACT_SEGMENT, TH_SENSE_NONE);
        return true;
    }
    if (sense == TH_SENSE_NONE)
        sense = why_not_there(cmd, to, to_byte, n_bytes, true);
    if (sense == TH_SENSE_NONE && mask >= (by_bytes ? space_bytes / 2 : space_bytes))
        sense = TH_SENSE_INTERNAL_FAILURE;
    if (sense == TH_SENSE_NONE)
        return false;
    th_copy_failed(cmd, sense == TH_SENSE_LBA_OUT_OF_RANGE ? TH_SENSE_COPY_ABORTED
                                                           : TH_SENSE_THIRD_PARTY_FAILURE, sense);
    return true;
}

/* --------------------------------------------------------------------------------------
 * Moving
 */
static int copy_next(struct th_cmd *cmd);
static int copy_piece(struct th_cmd *cmd);

/* What is copied has changed since the token was made: it is not what the token stands for. */
static bool is_stale(struct th_cmd *cmd)
{
    const struct th_copy *c = th_copy_of(cmd);

    if (!c->token || th_token_stands(c->token, c->token_number))
        return false;
    th_copy_failed(cmd, TH_SENSE_TOKEN_REVOKED, TH_SENSE_TOKEN_REVOKED);
    return true;
}

/* True if cmd was refused: what th_copy_refused() found at the beginning is no longer so.  Each piece is asked for as a
 * command of its own would be: a reservation that has been answered holds for it, and so does another size of the disk. */
static bool is_shut_out(struct th_cmd *cmd)
{
    const struct th_copy *c = th_copy_of(cmd);
    uint32_t sense = c->from ? why_not_there(cmd, c->from, c->from_byte, c->left_bytes, false) : TH_SENSE_NONE;

    if (sense == TH_SENSE_NONE)
        sense = why_not_there(cmd, c->to, c->to_byte, c->left_bytes, true);
    if (sense == TH_SENSE_NONE)
        return false;
    th_copy_failed(cmd, TH_SENSE_THIRD_PARTY_FAILURE, sense);
    return true;
}

static int piece_done(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);

    if (is_stale(cmd))
        return TH_STEP_END;
    leave(c);
    c->left_bytes -= c->piece_bytes;
    if (c->at_byte == 0) {
        c->from_byte += c->piece_bytes;
        c->to_byte += c->piece_bytes;
    }
    if (c->record)
        c->record->moved_bytes += c->piece_bytes;
    return th_step_go(cmd, copy_next);
}

static int write_piece(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);
    const struct thimble_block *b = c->to->block;
    uint64_t lba = blocks_of(c->to, c->to_byte + c->at_byte);
    uint32_t n_blocks = (uint32_t)blocks_of(c->to, c->piece_bytes);
    uint32_t space_bytes;
    uint8_t *space = work_space(cmd, &space_bytes);

    if (is_shut_out(cmd))               /* it has waited for the source, and for the gate */
        return TH_STEP_END;
    if (c->zero && th_thin(c->to))
        return th_lu_unmap(cmd, c->to, lba, n_blocks, piece_done);
    if (c->zero && b->write_zeroes)
        return th_lu_write_zeroes(cmd, c->to, lba, n_blocks, piece_done);
    if (c->zero)
        memset(space, 0, c->piece_bytes);
    return th_lu_write(cmd, c->to, lba, n_blocks, space, piece_done);
}

static int offload_piece(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);

    if (is_shut_out(cmd))
        return TH_STEP_END;
    int result = th_lu_copy(cmd, c->to, blocks_of(c->to, c->to_byte), c->from,
                            blocks_of(c->from, c->from_byte),
                            (uint32_t)blocks_of(c->to, c->piece_bytes), piece_done);
    if (result != THIMBLE_ERR_ARGUMENT)
        return result;
    c->no_offload = true;               /* not these two disks: as if nothing had been said */
    leave(c);
    return th_step_go(cmd, copy_piece);
}

static void gate_entered(struct thimble_io *io, int result)
{
    struct th_cmd *cmd = (struct th_cmd *)(void *)((char *)io - offsetof(struct th_cmd, io));

    th_copy_of(cmd)->gated = (uint8_t)(io->op + 1);
    th_steps_resume(cmd, result);
}

/* `next` with the gate of the unit that is written: a share of it, or alone, where parts of blocks are written. */
static int enter(struct th_cmd *cmd, th_step *next)
{
    struct th_copy *c = th_copy_of(cmd);
    enum th_gate_kind kind = c->by_bytes ? TH_GATE_EXCLUSIVE : TH_GATE_SHARED;

    cmd->step = next;
    cmd->io.done = gate_entered;
    int result = th_gate_enter(&c->to->gate, kind, &cmd->io);
    c->gated = (uint8_t)(result == THIMBLE_OK ? kind + 1 : 0);
    return result;
}

static int piece_read(struct th_cmd *cmd)
{
    return is_stale(cmd) ? TH_STEP_END : enter(cmd, write_piece);
}

/* The two overlap, so that neither holes nor the disk's own way can be used. */
static bool overlaps(const struct th_copy *c)
{
    if (!c->from || c->from->block != c->to->block)
        return false;
    uint64_t apart = c->from_byte > c->to_byte ? c->from_byte - c->to_byte
                                               : c->to_byte - c->from_byte;
    return apart < c->left_bytes;
}

/* How much of the rest is alike, in whole blocks of both; *zero: it is not in use. */
static uint64_t alike(const struct th_copy *c, uint64_t max_bytes, uint32_t unit_bytes, bool *zero)
{
    struct thimble_block *b = c->from->block;
    uint64_t max_blocks = max_bytes >> b->block_shift;
    bool mapped = true;
    uint32_t n = max_blocks < THIMBLE_ZERO_CHUNK_BLOCKS ? (uint32_t)max_blocks : THIMBLE_ZERO_CHUNK_BLOCKS;

    if (b->extent && th_range_ok(blocks_of(c->from, c->from_byte), n, b->size_blocks))
        n = b->extent(b, blocks_of(c->from, c->from_byte), n, &mapped);
    uint64_t n_bytes = ((uint64_t)n << b->block_shift) & ~(uint64_t)(unit_bytes - 1);
    *zero = !mapped && n_bytes > 0;
    return n_bytes ? n_bytes : unit_bytes;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --------------------------------------------------------------------------------------
 * Pieces that begin or end inside a block: the blocks that they lie in are read, in the one half of the work space; those
 * that they go to in the other, under the gate alone, and written back.  The rest of those stays as it is.
 */
static uint32_t half_space(const struct th_cmd *cmd, uint8_t **second)
{
    uint32_t n_bytes;
    uint8_t *space = work_space(cmd, &n_bytes);

    n_bytes = n_bytes / 2 & ~63u;
    *second = space + n_bytes;
    return n_bytes;
}

/* Where in its first block a byte stands. */
static uint32_t in_block(const struct th_lu *lu, uint64_t byte)
{
    return (uint32_t)byte & (th_block_bytes(lu) - 1);
}

static int bytes_merged(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);
    uint64_t from_byte = c->from_byte + c->at_byte, to_byte = c->to_byte + c->at_byte;
    uint32_t space_bytes;
    uint8_t *second, *first = work_space(cmd, &space_bytes);

    if (is_shut_out(cmd))               /* it has waited for what is to stay */
        return TH_STEP_END;
    half_space(cmd, &second);
    memcpy(second + in_block(c->to, to_byte), first + in_block(c->from, from_byte), c->piece_bytes);
    return th_lu_write(cmd, c->to, blocks_of(c->to, to_byte), (uint32_t)cover(c->to, to_byte, c->piece_bytes),
                       second, piece_done);
}

static int bytes_enter(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);
    uint64_t to_byte = c->to_byte + c->at_byte;
    uint8_t *second;

    if (is_shut_out(cmd))
        return TH_STEP_END;
    half_space(cmd, &second);
    if (in_block(c->to, to_byte) == 0 && in_block(c->to, c->piece_bytes) == 0)
        return th_step_go(cmd, bytes_merged);
    return th_lu_read(cmd, c->to, blocks_of(c->to, to_byte), (uint32_t)cover(c->to, to_byte, c->piece_bytes),
                      second, bytes_merged);
}

static int bytes_read(struct th_cmd *cmd)
{
    return enter(cmd, bytes_enter);
}

/* As many bytes as fit into both halves, wherever they begin; cut where a block of `to` does, if it can be. */
static int bytes_piece(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);
    uint32_t space_bytes;
    uint8_t *second, *first = work_space(cmd, &space_bytes);
    uint32_t half = half_space(cmd, &second);
    uint32_t to_block = th_block_bytes(c->to), from_block = th_block_bytes(c->from);
    bool backwards = overlaps(c) && c->from_byte < c->to_byte;
    uint64_t max_bytes = th_min32(half & ~(to_block - 1), half & ~(from_block - 1)) -
                         ((to_block > from_block ? to_block : from_block) - 1);
    uint64_t n_bytes = min64(c->left_bytes, max_bytes);

    if (n_bytes < c->left_bytes && !backwards && n_bytes > in_block(c->to, c->to_byte + n_bytes))
        n_bytes -= in_block(c->to, c->to_byte + n_bytes);
    c->zero = false;
    c->at_byte = backwards ? c->left_bytes - n_bytes : 0;
    c->piece_bytes = (uint32_t)n_bytes;
    uint64_t from_byte = c->from_byte + c->at_byte;
    return th_lu_read(cmd, c->from, blocks_of(c->from, from_byte), (uint32_t)cover(c->from, from_byte, n_bytes),
                      first, bytes_read);
}

/* The next piece, in as many steps as its way needs. */
static int copy_piece(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);
    uint32_t space_bytes, unit_bytes = th_block_bytes(c->to);
    uint8_t *space = work_space(cmd, &space_bytes);
    uint64_t n_bytes = c->left_bytes;
    bool apart = !overlaps(c);

    if (is_stale(cmd) || is_shut_out(cmd))
        return TH_STEP_END;
    if (c->stop) {
        th_copy_failed(cmd, TH_SENSE_COPY_STOPPED, TH_SENSE_NONE);
        return TH_STEP_END;
    }
    if (c->by_bytes)
        return bytes_piece(cmd);
    if (c->from && unit_bytes < th_block_bytes(c->from))
        unit_bytes = th_block_bytes(c->from);
    c->zero = !c->from;
    c->at_byte = 0;
    if (c->from && apart)
        n_bytes = min64(n_bytes, alike(c, n_bytes, unit_bytes, &c->zero));

    bool shorter = c->zero && (th_thin(c->to) || c->to->block->write_zeroes);
    bool offload = !c->zero && apart && !c->no_offload && c->to->block->copy &&
                   c->from->block->block_shift == c->to->block->block_shift;
    if (shorter)
        n_bytes = min64(n_bytes, (uint64_t)THIMBLE_ZERO_CHUNK_BLOCKS << c->to->block->block_shift);
    else
        n_bytes = min64(n_bytes, offload ? OFFLOAD_BYTES : space_bytes & ~(unit_bytes - 1));
    c->piece_bytes = (uint32_t)n_bytes;

    if (c->zero)
        return enter(cmd, write_piece);
    if (offload)
        return enter(cmd, offload_piece);
    if (!apart && c->from_byte < c->to_byte)
        c->at_byte = c->left_bytes - n_bytes;           /* from the end, as memmove() does */
    return th_lu_read(cmd, c->from, blocks_of(c->from, c->from_byte + c->at_byte),
                      (uint32_t)blocks_of(c->from, n_bytes), space, piece_read);
}

static int copy_next(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);

    return c->left_bytes ? th_step_turn(cmd, copy_piece) : th_step_go(cmd, c->then);
}

int th_copy_durable(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);

    return th_write_cache(c->to) && th_write_through(c->to) ? th_lu_flush(cmd, c->to, c->on)
                                                            : th_step_go(cmd, c->on);
}

int th_copy_move(struct th_cmd *cmd, struct th_lu *from, uint64_t from_byte, struct th_lu *to,
                 uint64_t to_byte, uint64_t n_bytes, th_step *then)
{
    struct th_copy *c = th_copy_of(cmd);

    c->from = from;
    c->to = to;
    c->from_byte = from_byte;
    c->to_byte = to_byte;
    c->left_bytes = n_bytes;
    c->then = then;
    c->no_offload = false;
    uint32_t mask = (th_block_bytes(to) - 1) | (from ? th_block_bytes(from) - 1 : 0);
    c->by_bytes = from && ((n_bytes & mask) || in_block(from, from_byte) || in_block(to, to_byte));
    return th_step_go(cmd, copy_next);
}

#endif
