/* SPDX-License-Identifier: MIT
 *
 * sense.h: the outcomes of SCSI commands by name, and sense data (SPC-4 4.5) made of them.
 *
 * Layer 1.  A handler ends in th_good(), th_scsi_check() or th_check_cdb(); nobody
 * fills sense bytes by hand.
 */
#ifndef TH_SCSI_SENSE_H
#define TH_SCSI_SENSE_H

#include "scsi.h"

enum th_sense_key {
    TH_KEY_NO_SENSE = 0x0,
    TH_KEY_NOT_READY = 0x2,
    TH_KEY_MEDIUM_ERROR = 0x3,
    TH_KEY_HARDWARE_ERROR = 0x4,
    TH_KEY_ILLEGAL_REQUEST = 0x5,
    TH_KEY_UNIT_ATTENTION = 0x6,
    TH_KEY_DATA_PROTECT = 0x7,
    TH_KEY_COPY_ABORTED = 0xa,
    TH_KEY_ABORTED_COMMAND = 0xb,
    TH_KEY_MISCOMPARE = 0xe,
};

#define TH_SENSE_NONE                   TH_SENSE(0x0, 0x00, 0x00)
#define TH_SENSE_MEDIUM_FAILING         TH_SENSE(0x0, 0x5d, 0x01)
#define TH_SENSE_ENDURANCE_MET          TH_SENSE(0x0, 0x5d, 0x73)
#define TH_SENSE_EXCEPTION_TEST         TH_SENSE(0x0, 0x5d, 0xff)
#define TH_SENSE_PORT_STANDBY           TH_SENSE(0x2, 0x04, 0x0b)
#define TH_SENSE_PORT_UNAVAILABLE       TH_SENSE(0x2, 0x04, 0x0c)
#define TH_SENSE_PORT_TRANSITIONING     TH_SENSE(0x2, 0x04, 0x0a)
#define TH_SENSE_PORT_OFFLINE           TH_SENSE(0x2, 0x04, 0x12)
#define TH_SENSE_FORMAT_IN_PROGRESS     TH_SENSE(0x2, 0x04, 0x04)
#define TH_SENSE_SANITIZE_IN_PROGRESS   TH_SENSE(0x2, 0x04, 0x1b)
#define TH_SENSE_NO_MEDIUM              TH_SENSE(0x2, 0x3a, 0x00)
#define TH_SENSE_TRAY_CLOSED            TH_SENSE(0x2, 0x3a, 0x01)
#define TH_SENSE_TRAY_OPEN              TH_SENSE(0x2, 0x3a, 0x02)
#define TH_SENSE_WRITE_ERROR            TH_SENSE(0x3, 0x0c, 0x00)
#define TH_SENSE_READ_ERROR             TH_SENSE(0x3, 0x11, 0x00)
#define TH_SENSE_FORMAT_CORRUPTED       TH_SENSE(0x3, 0x31, 0x00)
#define TH_SENSE_FORMAT_FAILED          TH_SENSE(0x3, 0x31, 0x01)
#define TH_SENSE_SANITIZE_FAILED        TH_SENSE(0x3, 0x31, 0x03)
#define TH_SENSE_INTERNAL_FAILURE       TH_SENSE(0x4, 0x44, 0x00)
#define TH_SENSE_LIST_LENGTH            TH_SENSE(0x5, 0x1a, 0x00)
#define TH_SENSE_INVALID_OPCODE         TH_SENSE(0x5, 0x20, 0x00)
#define TH_SENSE_LBA_OUT_OF_RANGE       TH_SENSE(0x5, 0x21, 0x00)
#define TH_SENSE_INVALID_CDB_FIELD      TH_SENSE(0x5, 0x24, 0x00)
#define TH_SENSE_NO_LOGICAL_UNIT        TH_SENSE(0x5, 0x25, 0x00)
#define TH_SENSE_INVALID_LIST_FIELD     TH_SENSE(0x5, 0x26, 0x00)
#define TH_SENSE_INCOMPATIBLE_FORMAT    TH_SENSE(0x5, 0x30, 0x02)
#define TH_SENSE_INVALID_RELEASE         TH_SENSE(0x5, 0x26, 0x04)
#define TH_SENSE_SAVING_UNSUPPORTED     TH_SENSE(0x5, 0x39, 0x00)
#define TH_SENSE_SEQUENCE               TH_SENSE(0x5, 0x2c, 0x00)
#define TH_SENSE_ORWRITE_GENERATION     TH_SENSE(0x5, 0x2c, 0x0c)
#define TH_SENSE_REMOVAL_PREVENTED      TH_SENSE(0x5, 0x53, 0x02)
#define TH_SENSE_REGISTRATIONS_FULL     TH_SENSE(0x5, 0x55, 0x04)
#define TH_SENSE_INVALID_INFORMATION_UNIT TH_SENSE(0x5, 0x0e, 0x03)
#define TH_SENSE_POWER_ON               TH_SENSE(0x6, 0x29, 0x00)
#define TH_SENSE_DEVICE_RESET           TH_SENSE(0x6, 0x29, 0x03)
#define TH_SENSE_NEXUS_LOSS             TH_SENSE(0x6, 0x29, 0x07)
#define TH_SENSE_MEDIUM_CHANGED         TH_SENSE(0x6, 0x28, 0x00)
#define TH_SENSE_MODE_CHANGED           TH_SENSE(0x6, 0x2a, 0x01)
#define TH_SENSE_LOG_CHANGED            TH_SENSE(0x6, 0x2a, 0x02)
#define TH_SENSE_ACCESS_CHANGED         TH_SENSE(0x6, 0x2a, 0x06)
#define TH_SENSE_TIMESTAMP_CHANGED      TH_SENSE(0x6, 0x2a, 0x10)
#define TH_SENSE_THRESHOLD              TH_SENSE(0x6, 0x38, 0x07)
#define TH_SENSE_RESERVATIONS_PREEMPTED TH_SENSE(0x6, 0x2a, 0x03)
#define TH_SENSE_RESERVATIONS_RELEASED  TH_SENSE(0x6, 0x2a, 0x04)
#define TH_SENSE_REGISTRATIONS_PREEMPTED TH_SENSE(0x6, 0x2a, 0x05)
#define TH_SENSE_CAPACITY_CHANGED       TH_SENSE(0x6, 0x2a, 0x09)
#define TH_SENSE_COMMANDS_CLEARED       TH_SENSE(0x6, 0x2f, 0x00)
#define TH_SENSE_LUNS_CHANGED           TH_SENSE(0x6, 0x3f, 0x0e)
#define TH_SENSE_IDENTIFIER_CHANGED     TH_SENSE(0x6, 0x3f, 0x05)
#define TH_SENSE_WRITE_PROTECTED        TH_SENSE(0x7, 0x27, 0x00)
#define TH_SENSE_SOFTWARE_PROTECTED     TH_SENSE(0x7, 0x27, 0x02)
#define TH_SENSE_SPACE_EXHAUSTED        TH_SENSE(0x7, 0x27, 0x07)
#define TH_SENSE_RESERVATION_CONFLICT   TH_SENSE(0x5, 0x2c, 0x09)   /* told of another unit only */
#define TH_SENSE_OPERATION_IN_PROGRESS  TH_SENSE(0x5, 0x00, 0x16)
#define TH_SENSE_TOKEN_UNKNOWN          TH_SENSE(0x5, 0x23, 0x04)
#define TH_SENSE_TOKEN_REVOKED          TH_SENSE(0x5, 0x23, 0x06)
#define TH_SENSE_TOKEN_EXPIRED          TH_SENSE(0x5, 0x23, 0x07)
#define TH_SENSE_TOO_MANY_CSCDS         TH_SENSE(0x5, 0x26, 0x06)
#define TH_SENSE_CSCD_TYPE              TH_SENSE(0x5, 0x26, 0x07)
#define TH_SENSE_TOO_MANY_SEGMENTS      TH_SENSE(0x5, 0x26, 0x08)
#define TH_SENSE_SEGMENT_TYPE           TH_SENSE(0x5, 0x26, 0x09)
#define TH_SENSE_INLINE_DATA            TH_SENSE(0x5, 0x26, 0x0b)
#define TH_SENSE_NO_ROOM_FOR_TOKEN      TH_SENSE(0x5, 0x55, 0x0d)
#define TH_SENSE_COPY_ABORTED           TH_SENSE(0xa, 0x00, 0x00)
#define TH_SENSE_COPY_STOPPED           TH_SENSE(0xa, 0x00, 0x06)
#define TH_SENSE_CSCD_ID                TH_SENSE(0xa, 0x08, 0x04)
#define TH_SENSE_THIRD_PARTY_FAILURE    TH_SENSE(0xa, 0x0d, 0x01)
#define TH_SENSE_CSCD_UNREACHABLE       TH_SENSE(0xa, 0x0d, 0x02)
#define TH_SENSE_CSCD_DEVICE_TYPE       TH_SENSE(0xa, 0x0d, 0x03)
#define TH_SENSE_COPY_LIST_FIELD        TH_SENSE(0xa, 0x26, 0x00)
#define TH_SENSE_INEXACT_SEGMENT        TH_SENSE(0xa, 0x26, 0x0a)
#define TH_SENSE_INVALID_MESSAGE        TH_SENSE(0x5, 0x49, 0x00)
#define TH_SENSE_DATA_PHASE_ERROR       TH_SENSE(0xb, 0x4b, 0x00)
#define TH_SENSE_UNEXPECTED_DATA        TH_SENSE(0xb, 0x0c, 0x0c)
#define TH_SENSE_NOT_ENOUGH_DATA        TH_SENSE(0xb, 0x0c, 0x0d)
#define TH_SENSE_PROTOCOL_CRC           TH_SENSE(0xb, 0x47, 0x05)
#define TH_SENSE_MISCOMPARE             TH_SENSE(0xe, 0x1d, 0x00)

#define TH_FIELD_WHOLE_BYTE 8           /* th_cmd.field_bit: no bit in particular */
#define TH_FIELD_PROGRESS 9             /* th_cmd.field is no pointer, but a progress indication */
#define TH_FIELD_SEGMENT 10             /* th_cmd.field points into a segment descriptor: a byte in all */

/* INVALID FIELD IN CDB, pointing at a byte and its most significant wrong bit. */
enum th_next th_check_cdb(struct th_cmd *cmd, unsigned byte, unsigned bit);

/* INVALID FIELD IN PARAMETER LIST, pointing at a byte of the list. */
enum th_next th_check_list(struct th_cmd *cmd, uint32_t byte);

#if THIMBLE_SCSI_EXTENDED_COPY
/* The sense data of cmd, which has ended with COPY ABORTED, name a segment descriptor, and a byte of it that is wrong
 * (0: none). */
void th_check_segment(struct th_cmd *cmd, uint16_t segment, unsigned byte);
#endif

/* The sense data of cmd, which has ended, tell how far something is: 0 to 65535; -1: nothing is told. */
void th_check_progress(struct th_cmd *cmd, int progress);

/* The command ends well. */
enum th_next th_good(struct th_cmd *cmd);

/* Sense data that say no more than `sense` (and a progress, unless it is -1), as REQUEST SENSE returns them: length of
 * what was written to out, TH_SENSE_MAX bytes at most. */
uint32_t th_sense_build(uint32_t sense, int progress, bool descriptor, uint8_t *out);

/* What a failed disk call means. */
uint32_t th_sense_of_error(int err, bool writing);

#endif
