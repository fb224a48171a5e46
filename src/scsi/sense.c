/* SPDX-License-Identifier: MIT
 *
 * sense.c: a command's outcome to sense data, in fixed or descriptor format (SPC-4 4.5).
 *
 * Pure functions on struct th_cmd; no disk.  Layer 1.
 */
#include "sense.h"

#include <string.h>

#include "../core/wire.h"

enum {
    FIXED_CURRENT = 0x70, DESCRIPTOR_CURRENT = 0x72,
    FIXED_BYTES = 18, DESCRIPTOR_HEADER_BYTES = 8,
    INFORMATION_BYTES = 12, COMMAND_SPECIFIC_BYTES = 12, SENSE_KEY_SPECIFIC_BYTES = 8
};

enum th_next th_good(struct th_cmd *cmd)
{
    cmd->status = TH_STATUS_GOOD;
    return TH_NEXT_STATUS;
}

enum th_next th_scsi_check(struct th_cmd *cmd, uint32_t sense)
{
    cmd->status = TH_STATUS_CHECK_CONDITION;
    cmd->sense = sense & 0xfffff;
    cmd->field_valid = false;
    cmd->info_valid = false;
#if THIMBLE_SCSI_EXTENDED_COPY
    cmd->segment_valid = false;
#endif
    return TH_NEXT_STATUS;
}

static enum th_next check_field(struct th_cmd *cmd, uint32_t sense, bool in_cdb,
                                uint32_t byte, unsigned bit)
{
    th_scsi_check(cmd, sense);
    cmd->field_valid = byte <= UINT16_MAX;      /* as wide as the field pointer */
    cmd->field_in_cdb = in_cdb;
    cmd->field = (uint16_t)byte;
    cmd->field_bit = bit & 15;
    return TH_NEXT_STATUS;
}

enum th_next th_check_cdb(struct th_cmd *cmd, unsigned byte, unsigned bit)
{
    return check_field(cmd, TH_SENSE_INVALID_CDB_FIELD, true, byte, bit);
}

enum th_next th_check_list(struct th_cmd *cmd, uint32_t byte)
{
    return check_field(cmd, TH_SENSE_INVALID_LIST_FIELD, false, byte, TH_FIELD_WHOLE_BYTE);
}

void th_scsi_miscompare(struct th_cmd *cmd, uint32_t offset)
{
    th_scsi_check(cmd, TH_SENSE_MISCOMPARE);
    cmd->lba = offset;
    cmd->info_valid = true;
}

uint32_t th_sense_of_error(int err, bool writing)
{
    switch (err) {
    case THIMBLE_ERR_IO:
    case THIMBLE_ERR_BLOCK:
        return writing ? TH_SENSE_WRITE_ERROR : TH_SENSE_READ_ERROR;
    case THIMBLE_ERR_NO_MEDIUM:
        return TH_SENSE_NO_MEDIUM;
    case THIMBLE_ERR_WRITE_PROTECTED:
        return TH_SENSE_WRITE_PROTECTED;
    case THIMBLE_ERR_NO_SPACE:
        return TH_SENSE_SPACE_EXHAUSTED;
    default:
        return TH_SENSE_INTERNAL_FAILURE;
    }
}

void th_check_progress(struct th_cmd *cmd, int progress)
{
    if (!THIMBLE_WORK || progress < 0)
        return;
    cmd->field_valid = true;
    cmd->field_in_cdb = false;
    cmd->field_bit = TH_FIELD_PROGRESS;
    cmd->field = (uint16_t)progress;
}

#if THIMBLE_SCSI_EXTENDED_COPY
void th_check_segment(struct th_cmd *cmd, uint16_t segment, unsigned byte)
{
    cmd->segment_valid = true;
    cmd->n_blocks = segment;
    cmd->field_valid = byte > 0;
    cmd->field_in_cdb = false;
    cmd->field_bit = TH_FIELD_SEGMENT;
    cmd->field = (uint16_t)byte;
}
#endif

/* The segment number is the third and fourth byte of the COMMAND-SPECIFIC INFORMATION (SPC-4 4.5.2.4.5). */
static bool put_segment(const struct th_cmd *cmd, uint8_t *information)
{
#if THIMBLE_SCSI_EXTENDED_COPY
    if (cmd->segment_valid) {
        th_put16(information + 2, cmd->n_blocks);
        return true;
    }
#endif
    (void)cmd;
    (void)information;
    return false;
}

/* Sense key specific data: the field pointer, the progress indication or the segment pointer, SPC-4 4.5.2.4.2 to 4.5.2.4.5; three
 * bytes. */
static void put_specific(const struct th_cmd *cmd, uint8_t *p)
{
    p[0] = 0x80;                                /* SKSV */
    if (cmd->field_in_cdb)
        p[0] |= 0x40;                           /* C/D */
    if (THIMBLE_SCSI_EXTENDED_COPY && cmd->field_bit == TH_FIELD_SEGMENT)
        p[0] |= 0x20;                           /* SD */
    if (cmd->field_bit < TH_FIELD_WHOLE_BYTE)
        p[0] |= (uint8_t)(0x08 | cmd->field_bit);   /* BPV, BIT POINTER */
    th_put16(p + 1, cmd->field);
}

static uint32_t put_fixed(const struct th_cmd *cmd, uint8_t *out)
{
    memset(out, 0, FIXED_BYTES);
    out[0] = FIXED_CURRENT;
    out[2] = (uint8_t)(cmd->sense >> 16);
    out[7] = FIXED_BYTES - 8;
    out[12] = (uint8_t)(cmd->sense >> 8);
    out[13] = (uint8_t)cmd->sense;
    if (cmd->info_valid && cmd->lba <= UINT32_MAX) {    /* else it does not fit: not VALID */
        out[0] |= 0x80;
        th_put32(out + 3, (uint32_t)cmd->lba);
    }
    put_segment(cmd, out + 8);
    if (cmd->field_valid)
        put_specific(cmd, out + 15);
    return FIXED_BYTES;
}

static uint32_t put_descriptors(const struct th_cmd *cmd, uint8_t *out)
{
    uint32_t n = DESCRIPTOR_HEADER_BYTES;

    memset(out, 0, TH_SENSE_MAX);
    out[0] = DESCRIPTOR_CURRENT;
    out[1] = (uint8_t)(cmd->sense >> 16);
    out[2] = (uint8_t)(cmd->sense >> 8);
    out[3] = (uint8_t)cmd->sense;
    if (cmd->info_valid) {
        out[n] = 0x00;                          /* information, SPC-4 4.5.2.2 */
        out[n + 1] = INFORMATION_BYTES - 2;
        out[n + 2] = 0x80;
        th_put64(out + n + 4, cmd->lba);
        n += INFORMATION_BYTES;
    } else if (put_segment(cmd, out + n + 4)) { /* no command has both */
        out[n] = 0x01;                          /* command specific information, SPC-4 4.5.2.3 */
        out[n + 1] = COMMAND_SPECIFIC_BYTES - 2;
        n += COMMAND_SPECIFIC_BYTES;
    }
    if (cmd->field_valid) {
        out[n] = 0x02;                          /* sense key specific, SPC-4 4.5.2.4 */
        out[n + 1] = SENSE_KEY_SPECIFIC_BYTES - 2;
        put_specific(cmd, out + n + 4);
        n += SENSE_KEY_SPECIFIC_BYTES;
    }
    out[7] = (uint8_t)(n - DESCRIPTOR_HEADER_BYTES);
    return n;
}

_Static_assert(COMMAND_SPECIFIC_BYTES <= INFORMATION_BYTES, "one or the other");
_Static_assert(DESCRIPTOR_HEADER_BYTES + INFORMATION_BYTES + SENSE_KEY_SPECIFIC_BYTES <=
               TH_SENSE_MAX, "all descriptors at a time");

uint32_t th_scsi_sense(const struct th_cmd *cmd, uint8_t *out)
{
    if (cmd->status != TH_STATUS_CHECK_CONDITION)
        return 0;
    if (THIMBLE_SCSI_DESCRIPTOR_SENSE && cmd->lu && cmd->lu->d_sense)
        return put_descriptors(cmd, out);
    return put_fixed(cmd, out);
}

uint32_t th_sense_build(uint32_t sense, int progress, bool descriptor, uint8_t *out)
{
    struct th_cmd cmd = { .sense = sense & 0xfffff };

    th_check_progress(&cmd, progress);
    if (THIMBLE_SCSI_DESCRIPTOR_SENSE && descriptor)
        return put_descriptors(&cmd, out);
    return put_fixed(&cmd, out);
}
