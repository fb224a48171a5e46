/* SPDX-License-Identifier: MIT
 *
 * ops.h: the command table, and the handlers that its rows name.
 *
 * Layer 2.  Private to src/scsi/.  To add a command, add a row to ops.c: the row says when the
 * command is allowed and which bits of its CDB have a meaning; the checks, and REPORT
 * SUPPORTED OPERATION CODES, follow from it.
 */
#ifndef TH_SCSI_OPS_H
#define TH_SCSI_OPS_H

#include "../core/wire.h"
#include "lu.h"
#include "scsi.h"
#include "sense.h"

enum th_row_flags {
    TH_ROW_SERVICE_ACTION = 0x001,  /* one of several of an opcode: byte 1, bits 4 to 0; 7Fh: bytes 8, 9 */
    TH_ROW_NO_LU_OK       = 0x002,  /* answered even where there is no logical unit */
    TH_ROW_WELL_KNOWN     = 0x004,  /* answered by the REPORT LUNS well known logical unit (SPC-4 8.3), as are those of NO_LU_OK */
    TH_ROW_UA_OK          = 0x008,  /* does not report a pending unit attention */
    TH_ROW_MEDIUM         = 0x010,  /* needs the medium */
    TH_ROW_WRITES         = 0x020,  /* changes the medium: refused if write-protected */
    TH_ROW_FUA            = 0x040,  /* th_flags(), bit 3: durable before the status is GOOD, or before it is read */
    TH_ROW_THIN           = 0x080,  /* offered by a unit with thin provisioning only */
    TH_ROW_ATOMIC         = 0x100,  /* offered if a parameter buffer holds what it needs */
    TH_ROW_WRITE_ATOMIC   = 0x400,  /* offered if a write can be atomic */
    TH_ROW_COPY           = 0x800,  /* offered if there is room for copying (copy.h) */
    TH_ROW_TOKEN          = 0x1000, /* ... and random numbers, which tokens are made of */
    TH_ROW_STORE          = 0x2000, /* offered by a unit with a store */
    TH_ROW_ORWRITE        = 0x4000, /* offered if a parameter buffer holds a block beside the data */
    TH_ROW_SANITIZE_OK    = 0x8000, /* allowed while the unit is sanitized, or that has failed (SBC-4 4.11.2) */
    TH_ROW_TAGS           = 0x200,  /* bytes 20 to 27 are about protection information, which there is
                                     * none of: ignored (SBC-3 5.14) */
};

/* Reservations of others that a command passes, if its nexus is not one of those that the reservation is for: a column of
 * the standards' tables each. */
enum th_passes {
    TH_PASSES_WRITE_EXCLUSIVE  = 0x01,  /* persistent, the three types that keep writers out */
    TH_PASSES_EXCLUSIVE_ACCESS = 0x02,  /* ... the three that keep everybody out */
    TH_PASSES_RESERVE          = 0x04,  /* RESERVE(6) and (10) */
    TH_PASSES_STARTING         = 0x08,  /* all of them, if START is 1 and POWER CONDITION 0 */
    TH_PASSES_ALLOWING         = 0x10,  /* all of them, if PREVENT is 0 */
};

/* Device types that a command or a mode page is for; 0: disks only. */
enum th_types { TH_FOR_DISK = 1, TH_FOR_CDROM = 2, TH_FOR_ALL = 3 };

static inline bool th_is_for(unsigned types, const struct th_lu *lu)
{
    unsigned type = th_is_cdrom(lu) ? TH_FOR_CDROM : TH_FOR_DISK;

    return types ? types & type : type == TH_FOR_DISK;
}

struct th_op {
    /* Called with a CDB that has passed every check that the row stands for. */
    enum th_next (*run)(struct th_cmd *cmd);
    union {
        /* If run answers TH_NEXT_REPLY: writes the parameter data, and ends with
         * th_reply_done(). */
        enum th_next (*reply)(struct th_cmd *cmd, uint8_t *buf);
        /* If run answers TH_NEXT_PARAM. */
        enum th_next (*param)(struct th_cmd *cmd);
    };
    uint16_t service_action;
    uint16_t flags;
    uint8_t  opcode, cdb_len;
    uint8_t  types;                     /* enum th_types */
    uint8_t  passes;                    /* enum th_passes */
    /* A 1 for each bit of the CDB that we understand, the opcode and the service action
     * as they are: the CDB USAGE DATA of SPC-4 6.35.3. */
    uint8_t  usage[TH_CDB_MAX];
};

/* Somebody can reserve a unit. */
#define TH_RESERVATIONS (THIMBLE_SCSI_RESERVE || THIMBLE_SCSI_PERSISTENT_RESERVE)

/* The table, in the order of (opcode, service action); an opcode may have a row for each type of device. */
extern const struct th_op th_ops[];
extern const size_t th_n_ops;

/* Of the rows that lu offers (NULL: of all), the first of an opcode; that of an opcode and a service action (which is
 * ignored if the opcode has none); NULL: there is none. */
const struct th_op *th_op_first(uint8_t opcode, const struct th_lu *lu);
const struct th_op *th_op_find(uint8_t opcode, uint32_t service_action, const struct th_lu *lu);

#define TH_TIMEOUTS_BYTES 12            /* a command timeouts descriptor, SPC-4 6.35.4 */

/* Not every unit has every command. */
bool th_op_offered(const struct th_op *op, const struct th_lu *lu);

/* run of a command that only has to make its reply. */
enum th_next th_reply_run(struct th_cmd *cmd);

/* The reply is n bytes long, of which the initiator gets no more than it has allocated. */
enum th_next th_reply_done(struct th_cmd *cmd, uint32_t n, uint32_t allocation_length);

/* spc.c */
enum th_next th_test_unit_ready_run(struct th_cmd *cmd);
enum th_next th_request_sense_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_report_luns_run(struct th_cmd *cmd);
enum th_next th_report_luns_reply(struct th_cmd *cmd, uint8_t *buf);

/* inquiry.c */
enum th_next th_inquiry_run(struct th_cmd *cmd);
enum th_next th_inquiry_reply(struct th_cmd *cmd, uint8_t *buf);

/* mode.c */
enum th_next th_mode_sense_run(struct th_cmd *cmd);
enum th_next th_mode_sense_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_mode_select_run(struct th_cmd *cmd);
enum th_next th_mode_select_param(struct th_cmd *cmd);

/* reserve.c */
enum th_next th_reserve_run(struct th_cmd *cmd);
enum th_next th_release_run(struct th_cmd *cmd);

/* Whether a reservation keeps out a command of this CDB and nexus whose row has `passes`. */
bool th_reserved_against(const struct th_cmd *cmd, unsigned passes);

/* The command ends with RESERVATION CONFLICT. */
enum th_next th_conflict(struct th_cmd *cmd);

/* persist_in.c */
enum th_next th_prin_run(struct th_cmd *cmd);
enum th_next th_read_keys_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_reservation_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_report_capabilities_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_full_status_reply(struct th_cmd *cmd, uint8_t *buf);

/* persist_out.c */
enum th_next th_prout_run(struct th_cmd *cmd);
enum th_next th_prout_param(struct th_cmd *cmd);

/* opcodes.c */
enum th_next th_report_opcodes_run(struct th_cmd *cmd);
enum th_next th_report_opcodes_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_report_tmf_run(struct th_cmd *cmd);
enum th_next th_report_tmf_reply(struct th_cmd *cmd, uint8_t *buf);

/* sbc.c */
enum th_next th_start_stop_run(struct th_cmd *cmd);
enum th_next th_read_capacity_10_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_capacity_16_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_run(struct th_cmd *cmd);
enum th_next th_write_run(struct th_cmd *cmd);
enum th_next th_prefetch_run(struct th_cmd *cmd);
enum th_next th_synchronize_cache_run(struct th_cmd *cmd);

/* orwrite.c, atomic.c */
enum th_next th_orwrite_run(struct th_cmd *cmd);
enum th_next th_orwrite_long_run(struct th_cmd *cmd);
enum th_next th_orwrite_long_param(struct th_cmd *cmd);
bool th_orwrite_long_offered(const struct th_lu *lu);
enum th_next th_write_atomic_run(struct th_cmd *cmd);
enum th_next th_write_atomic_param(struct th_cmd *cmd);

/* log.c */
enum th_next th_log_sense_run(struct th_cmd *cmd);
enum th_next th_log_sense_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_log_select_run(struct th_cmd *cmd);
#if THIMBLE_SCSI_LOG
/* A READ or WRITE began; blocks are asked of the disk; it failed. */
void th_log_command(struct th_cmd *cmd, bool writing);
void th_log_data(struct th_cmd *cmd, bool writing, uint32_t n_blocks);
void th_log_error(struct th_cmd *cmd, bool writing);
#endif

/* alua.c */
enum th_next th_report_groups_run(struct th_cmd *cmd);
enum th_next th_report_groups_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_set_groups_run(struct th_cmd *cmd);
enum th_next th_set_groups_param(struct th_cmd *cmd);
/* True if cmd was refused: the unit's access state does not allow it. */
bool th_access_refuses(struct th_cmd *cmd, unsigned row_flags);

/* prevent.c */
enum th_next th_prevent_run(struct th_cmd *cmd);
bool th_removal_prevented(const struct th_lu *lu);

/* defects.c */
enum th_next th_read_defects_reply(struct th_cmd *cmd, uint8_t *buf);

/* diagnostic.c */
enum th_next th_send_diagnostic_run(struct th_cmd *cmd);
enum th_next th_send_diagnostic_param(struct th_cmd *cmd);
enum th_next th_receive_diagnostic_run(struct th_cmd *cmd);
enum th_next th_receive_diagnostic_reply(struct th_cmd *cmd, uint8_t *buf);

/* buffer.c */
enum th_next th_read_buffer_run(struct th_cmd *cmd);
enum th_next th_read_buffer_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_write_buffer_run(struct th_cmd *cmd);
enum th_next th_write_buffer_param(struct th_cmd *cmd);

/* timestamp.c */
enum th_next th_report_timestamp_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_set_timestamp_run(struct th_cmd *cmd);
enum th_next th_set_timestamp_param(struct th_cmd *cmd);

/* ident.c */
enum th_next th_report_ident_run(struct th_cmd *cmd);
enum th_next th_report_ident_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_set_ident_run(struct th_cmd *cmd);
enum th_next th_set_ident_param(struct th_cmd *cmd);

/* format.c */
enum th_next th_format_run(struct th_cmd *cmd);
enum th_next th_format_param(struct th_cmd *cmd);

/* sanitize.c */
enum th_next th_overwrite_run(struct th_cmd *cmd);
enum th_next th_overwrite_param(struct th_cmd *cmd);
enum th_next th_erase_run(struct th_cmd *cmd);
enum th_next th_erase_param(struct th_cmd *cmd);
enum th_next th_exit_failure_run(struct th_cmd *cmd);
/* copy.c: EXTENDED COPY, POPULATE TOKEN, WRITE USING TOKEN, and how a chain of steps of theirs ends. */
static inline bool th_is_copy(const struct th_cmd *cmd)
{
    return THIMBLE_SCSI_THIRD_PARTY && cmd->cdb[0] == 0x83;
}
void th_copy_ended(struct th_cmd *cmd);
bool th_copy_offered(const struct th_lu *lu);
bool th_tokens_offered(const struct th_lu *lu);

/* xcopy.c, received.c, token.c */
enum th_next th_extended_copy_run(struct th_cmd *cmd);
enum th_next th_extended_copy_param(struct th_cmd *cmd);
enum th_next th_copy_abort_run(struct th_cmd *cmd);
enum th_next th_receive_copy_run(struct th_cmd *cmd);
enum th_next th_receive_copy_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_populate_token_run(struct th_cmd *cmd);
enum th_next th_populate_token_param(struct th_cmd *cmd);
enum th_next th_write_using_token_run(struct th_cmd *cmd);
enum th_next th_write_using_token_param(struct th_cmd *cmd);
uint32_t th_vpd_third_party(const struct th_cmd *cmd, uint8_t *p);

/* verify.c */
enum th_next th_write_and_verify_run(struct th_cmd *cmd);
enum th_next th_verify_run(struct th_cmd *cmd);
enum th_next th_verify_param(struct th_cmd *cmd);

/* thin.c */
enum th_next th_get_lba_status_run(struct th_cmd *cmd);
enum th_next th_get_lba_status_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_unmap_run(struct th_cmd *cmd);
enum th_next th_unmap_param(struct th_cmd *cmd);

/* same.c */
enum th_next th_write_same_run(struct th_cmd *cmd);
enum th_next th_write_same_param(struct th_cmd *cmd);

/* caw.c */
enum th_next th_compare_and_write_run(struct th_cmd *cmd);
enum th_next th_compare_and_write_param(struct th_cmd *cmd);

/* mmc.c */
enum th_next th_read_subchannel_run(struct th_cmd *cmd);
enum th_next th_read_subchannel_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_toc_run(struct th_cmd *cmd);
enum th_next th_read_toc_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_get_configuration_run(struct th_cmd *cmd);
enum th_next th_get_configuration_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_get_event_run(struct th_cmd *cmd);
enum th_next th_get_event_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_disc_information_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_track_information_run(struct th_cmd *cmd);
enum th_next th_read_track_information_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_dvd_structure_run(struct th_cmd *cmd);
enum th_next th_read_dvd_structure_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_cd_msf_run(struct th_cmd *cmd);
enum th_next th_set_cd_speed_run(struct th_cmd *cmd);
enum th_next th_mechanism_status_reply(struct th_cmd *cmd, uint8_t *buf);
enum th_next th_read_cd_run(struct th_cmd *cmd);

/* sbc.c, for the families: lba and n_blocks as the CDB has them.  True if cmd was refused: they are not on the disk. */
bool th_bad_blocks(struct th_cmd *cmd);

/* The blocks are transferred, in this manner; no blocks is no mistake. */
enum th_next th_transfer(struct th_cmd *cmd, enum th_next how);

#define TH_OP_VARIABLE_LENGTH 0x7f      /* CDBs of 32 bytes */

static inline bool th_well_known(const struct th_cmd *cmd)
{
    return THIMBLE_SCSI_WELL_KNOWN && cmd->well_known;
}

static inline bool th_is_long(const struct th_cmd *cmd)
{
    return THIMBLE_SCSI_LONG_CDB && cmd->cdb[0] == TH_OP_VARIABLE_LENGTH;
}

/* Where in a CDB of more than 6 bytes the number of blocks stands; where its flags (DPO, FUA, BYTCHK, UNMAP ...)
 * stand, and they. */
unsigned th_length_byte(const struct th_cmd *cmd);

static inline unsigned th_flags_byte(const struct th_cmd *cmd)
{
    return th_is_long(cmd) ? 10 : 1;
}

static inline unsigned th_flags(const struct th_cmd *cmd)
{
    return cmd->cdb[th_flags_byte(cmd)];
}

/* Limits that VPD page B0h reports and the handlers hold. */
uint32_t th_max_transfer_blocks(const struct th_lu *lu);

/* COMPARE AND WRITE: n blocks to compare with, n blocks to write, and one to read into. */
static inline uint32_t th_max_compare_and_write_blocks(const struct th_lu *lu)
{
    uint32_t n_blocks = THIMBLE_SCSI_COMPARE_AND_WRITE ? lu->param_bytes >> lu->block->block_shift : 0;

    return n_blocks < 3 ? 0 : th_min32((n_blocks - 1) / 2, UINT8_MAX);
}

enum { UNMAP_HEADER_BYTES = 8, UNMAP_DESCRIPTOR_BYTES = 16 };

static inline uint32_t th_max_unmap_descriptors(const struct th_lu *lu)
{
    return (th_min32(lu->param_bytes, UINT16_MAX) - UNMAP_HEADER_BYTES) / UNMAP_DESCRIPTOR_BYTES;
}

/* A WRITE ATOMIC is never longer: the smallest data buffer holds it. */
#define TH_ATOMIC_BYTES             UINT32_C(4096)

#define TH_MAX_UNMAP_BLOCKS         (UINT32_C(1) << 20)
#define TH_MAX_WRITE_SAME_BLOCKS    (UINT32_C(1) << 16)

#endif
