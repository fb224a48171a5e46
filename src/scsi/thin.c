/* SPDX-License-Identifier: MIT
 *
 * thin.c: thin provisioning: UNMAP gives blocks back, GET LBA STATUS tells which are in use.
 *
 * An unmapped block reads as zeros.  Layer 2.  SBC-3 4.7, 5.4, 5.28.
 */
#include "ops.h"

#if THIMBLE_SCSI_THIN

#include <string.h>

#include "../core/wire.h"
#include "steps.h"

/* --------------------------------------------------------------------------------------
 * GET LBA STATUS (5.4): runs of blocks that are in use or given back, from the LBA asked for on; with 32 bytes of CDB
 * (SBC-4 5.7) no further than SCAN LENGTH, if it is not 0.
 */
enum { LBA_STATUS_RUNS_MAX = 64, LBA_STATUS_MAPPED = 0, LBA_STATUS_DEALLOCATED = 1 };

enum th_next th_get_lba_status_run(struct th_cmd *cmd)
{
    cmd->lba = th_get64(cmd->cdb + (th_is_long(cmd) ? 12 : 2));
    if (cmd->lba >= cmd->lu->block->size_blocks)
        return th_scsi_check(cmd, TH_SENSE_LBA_OUT_OF_RANGE);
    return TH_NEXT_REPLY;
}

enum th_next th_get_lba_status_reply(struct th_cmd *cmd, uint8_t *buf)
{
    struct thimble_block *b = cmd->lu->block;
    uint32_t allocation_length = th_get32(cmd->cdb + th_length_byte(cmd));
    uint64_t end = b->size_blocks;
    uint32_t n = 8;

    if (th_is_long(cmd)) {
        uint32_t scan_blocks = th_get32(cmd->cdb + 20);
        if (scan_blocks && scan_blocks < end - cmd->lba)
            end = cmd->lba + scan_blocks;
    }
    memset(buf, 0, 8);
    while (cmd->lba < end && n < 8 + 16 * LBA_STATUS_RUNS_MAX &&
           (n == 8 || n < allocation_length)) {
        uint64_t left = end - cmd->lba;
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
    return th_step_written(cmd);
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

#endif
