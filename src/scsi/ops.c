/* SPDX-License-Identifier: MIT
 *
 * ops.c: the command table: which commands there are, when they are allowed, what their CDBs
 * may hold.
 *
 * One row for each command.  th_scsi_start() refuses what its row does not allow, in the order
 * of SAM-5 5.3.3 and SPC-4 4.2.5, and calls the handler; REPORT SUPPORTED OPERATION CODES
 * (SPC-4 6.35) is answered from the same bytes.  Layer 2.
 */
#include "ops.h"

#include "../core/wire.h"
#include "work.h"

/* --------------------------------------------------------------------------------------
 * The table, in the order of (opcode, service action).
 *
 * Bits left out of `usage` on purpose: RDPROTECT, WRPROTECT and VRPROTECT (no protection
 * information), ANCHOR, RARC, NACA, the LUN field of SCSI-2, and all that is obsolete or
 * reserved.  FUA_NV and SYNC_NV are in it: our caches are volatile, so they ask for nothing.
 */
#define MEDIUM  TH_ROW_MEDIUM
#define WRITES  (TH_ROW_MEDIUM | TH_ROW_WRITES)

/* Reservations of others that a command passes, as SPC-4, SBC-3 and SPC-2 have it; none unless it is said. */
#define READERS TH_PASSES_WRITE_EXCLUSIVE
#define SHARED  (READERS | TH_PASSES_EXCLUSIVE_ACCESS)
#define ANYHOW  (SHARED | TH_PASSES_RESERVE)
#define ALL     TH_FOR_ALL
#define CDROM   TH_FOR_CDROM

/* A CDB of 32 bytes with a GROUP NUMBER, flags in byte 10, an LBA, tags and a number of blocks. */
#define LONG    (TH_ROW_SERVICE_ACTION | TH_ROW_TAGS)
#define LONG_USAGE(action, flags) \
    { 0x7f, 0, 0, 0, 0, 0, 0x1f, 0x18, 0x00, (action), (flags), 0, \
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, \
      0xff, 0xff, 0xff, 0xff }

/* RECEIVE COPY ...: a list identifier of one byte, or four, and an allocation length. */
#define LID1_USAGE(action) { 0x84, (action), 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }
#define LID4_USAGE(action) { 0x84, (action), 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }

/* PERSISTENT RESERVE IN and OUT.  SCOPE and TYPE are ignored by service actions that have no use for them. */
#define PRIN_USAGE(action)  { 0x5e, (action), 0, 0, 0, 0, 0, 0xff, 0xff }
#define PROUT_USAGE(action) { 0x5f, (action), 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }

const struct th_op th_ops[] = {
    { .opcode = 0x00, .types = ALL, .cdb_len = 6, .passes = SHARED, .flags = MEDIUM | TH_ROW_WELL_KNOWN, /* TEST UNIT READY */
      .usage = { 0x00 }, .run = th_test_unit_ready_run },
    /* REQUEST SENSE */
    { .opcode = 0x03, .types = ALL, .cdb_len = 6, .passes = ANYHOW, .flags = TH_ROW_NO_LU_OK | TH_ROW_UA_OK,
      .usage = { 0x03, THIMBLE_SCSI_DESCRIPTOR_SENSE, 0, 0, 0xff },
      .run = th_reply_run, .reply = th_request_sense_reply },
#if THIMBLE_SCSI_FORMAT
    { .opcode = 0x04, .cdb_len = 6, .flags = WRITES,            /* FORMAT UNIT */
      .usage = { 0x04, 0x38 }, .run = th_format_run, .param = th_format_param },
#endif
#if THIMBLE_SCSI_SHORT
    { .opcode = 0x08, .cdb_len = 6, .passes = READERS, .flags = MEDIUM,  /* READ(6) */
      .usage = { 0x08, 0x1f, 0xff, 0xff, 0xff }, .run = th_read_run },
    { .opcode = 0x0a, .cdb_len = 6, .flags = WRITES,                     /* WRITE(6) */
      .usage = { 0x0a, 0x1f, 0xff, 0xff, 0xff }, .run = th_write_run },
#endif
    /* INQUIRY */
    { .opcode = 0x12, .types = ALL, .cdb_len = 6, .passes = ANYHOW, .flags = TH_ROW_NO_LU_OK | TH_ROW_UA_OK,
      .usage = { 0x12, 0x01, 0xff, 0xff, 0xff },
      .run = th_inquiry_run, .reply = th_inquiry_reply },
#if THIMBLE_SCSI_MODE_SELECT
    { .opcode = 0x15, .types = ALL, .cdb_len = 6,                             /* MODE SELECT(6) */
      .usage = { 0x15, THIMBLE_STORE ? 0x11 : 0x10, 0, 0, 0xff },
      .run = th_mode_select_run, .param = th_mode_select_param },
#endif
#if THIMBLE_SCSI_RESERVE
    { .opcode = 0x16, .types = ALL, .cdb_len = 6, .passes = SHARED,      /* RESERVE(6) */
      .usage = { 0x16 }, .run = th_reserve_run },
    { .opcode = 0x17, .types = ALL, .cdb_len = 6, .passes = ANYHOW,      /* RELEASE(6) */
      .usage = { 0x17 }, .run = th_release_run },
#endif
    { .opcode = 0x1a, .types = ALL, .cdb_len = 6, .passes = READERS,     /* MODE SENSE(6) */
      .usage = { 0x1a, 0x08, 0xff, 0xff, 0xff },
      .run = th_mode_sense_run, .reply = th_mode_sense_reply },
#if THIMBLE_SCSI_START_STOP
    { .opcode = 0x1b, .types = ALL, .cdb_len = 6, .passes = TH_PASSES_STARTING, /* START STOP UNIT */
      .usage = { 0x1b, 0x01, 0, 0x0f, 0xf7 }, .run = th_start_stop_run },
#endif
#if THIMBLE_SCSI_DIAGNOSTIC
    { .opcode = 0x1c, .types = ALL, .cdb_len = 6, .passes = READERS,     /* RECEIVE DIAGNOSTIC RESULTS */
      .usage = { 0x1c, 0x01, 0xff, 0xff, 0xff },
      .run = th_receive_diagnostic_run, .reply = th_receive_diagnostic_reply },
    { .opcode = 0x1d, .types = ALL, .cdb_len = 6,                        /* SEND DIAGNOSTIC */
      .usage = { 0x1d, 0x17, 0, 0xff, 0xff },
      .run = th_send_diagnostic_run, .param = th_send_diagnostic_param },
#endif
#if THIMBLE_SCSI_PREVENT
    { .opcode = 0x1e, .types = ALL, .cdb_len = 6, .passes = TH_PASSES_ALLOWING, /* PREVENT ALLOW MEDIUM REMOVAL */
      .usage = { 0x1e, 0, 0, 0, 0x01 }, .run = th_prevent_run },
#endif
    { .opcode = 0x25, .types = ALL, .cdb_len = 10, .passes = ANYHOW, .flags = MEDIUM | TH_ROW_SANITIZE_OK,
      .usage = { 0x25 },                                        /* READ CAPACITY(10) */
      .run = th_reply_run, .reply = th_read_capacity_10_reply },
    /* READ(10) */
    { .opcode = 0x28, .types = ALL, .cdb_len = 10, .passes = READERS, .flags = MEDIUM | TH_ROW_FUA,
      .usage = { 0x28, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff },
      .run = th_read_run },
    { .opcode = 0x2a, .cdb_len = 10, .flags = WRITES | TH_ROW_FUA,       /* WRITE(10) */
      .usage = { 0x2a, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff },
      .run = th_write_run },
#if THIMBLE_SCSI_VERIFY
    { .opcode = 0x2e, .cdb_len = 10, .flags = WRITES,                    /* WRITE AND VERIFY(10) */
      .usage = { 0x2e, 0x16, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff },
      .run = th_write_and_verify_run },
    { .opcode = 0x2f, .cdb_len = 10, .passes = READERS, .flags = MEDIUM, /* VERIFY(10) */
      .usage = { 0x2f, 0x16, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff },
      .run = th_verify_run, .param = th_verify_param },
#endif
#if THIMBLE_SCSI_START_STOP
    { .opcode = 0x34, .cdb_len = 10, .passes = READERS, .flags = MEDIUM, /* PRE-FETCH(10) */
      .usage = { 0x34, 0x02, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff },
      .run = th_prefetch_run },
#endif
    { .opcode = 0x35, .cdb_len = 10, .flags = MEDIUM,                    /* SYNCHRONIZE CACHE(10) */
      .usage = { 0x35, 0x06, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff },
      .run = th_synchronize_cache_run },
#if THIMBLE_SCSI_DEFECTS
    { .opcode = 0x37, .cdb_len = 10, .passes = READERS,                  /* READ DEFECT DATA(10) */
      .usage = { 0x37, 0, 0x1f, 0, 0, 0, 0, 0xff, 0xff },
      .run = th_reply_run, .reply = th_read_defects_reply },
#endif
#if THIMBLE_SCSI_BUFFER
    { .opcode = 0x3b, .cdb_len = 10,                                     /* WRITE BUFFER */
      .usage = { 0x3b, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
      .run = th_write_buffer_run, .param = th_write_buffer_param },
    { .opcode = 0x3c, .cdb_len = 10, .passes = READERS,                  /* READ BUFFER */
      .usage = { 0x3c, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
      .run = th_read_buffer_run, .reply = th_read_buffer_reply },
#endif
#if THIMBLE_SCSI_WRITE_SAME
    { .opcode = 0x41, .cdb_len = 10, .flags = WRITES,                    /* WRITE SAME(10) */
      .usage = { 0x41, 0x08, 0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff },
      .run = th_write_same_run, .param = th_write_same_param },
#endif
#if THIMBLE_SCSI_THIN
    { .opcode = 0x42, .cdb_len = 10, .flags = WRITES | TH_ROW_THIN,      /* UNMAP */
      .usage = { 0x42, 0, 0, 0, 0, 0, 0x1f, 0xff, 0xff },
      .run = th_unmap_run, .param = th_unmap_param },
#endif
#if THIMBLE_SCSI_CDROM
    /* READ SUB-CHANNEL */
    { .opcode = 0x42, .types = CDROM, .cdb_len = 10, .passes = READERS, .flags = MEDIUM,
      .usage = { 0x42, 0x02, 0x40, 0xff, 0, 0, 0xff, 0xff, 0xff },
      .run = th_read_subchannel_run, .reply = th_read_subchannel_reply },
    /* READ TOC/PMA/ATIP */
    { .opcode = 0x43, .types = CDROM, .cdb_len = 10, .passes = READERS, .flags = MEDIUM,
      .usage = { 0x43, 0x02, 0x0f, 0, 0, 0, 0xff, 0xff, 0xff, 0xc0 },
      .run = th_read_toc_run, .reply = th_read_toc_reply },
    /* GET CONFIGURATION */
    { .opcode = 0x46, .types = CDROM, .cdb_len = 10, .passes = ANYHOW, .flags = TH_ROW_UA_OK,
      .usage = { 0x46, 0x03, 0xff, 0xff, 0, 0, 0, 0xff, 0xff },
      .run = th_get_configuration_run, .reply = th_get_configuration_reply },
#endif
#if THIMBLE_SCSI_SANITIZE
    { .opcode = 0x48, .service_action = 0x01, .cdb_len = 10,    /* SANITIZE: OVERWRITE */
      .flags = TH_ROW_SERVICE_ACTION | WRITES, .usage = { 0x48, 0xa1, 0, 0, 0, 0, 0, 0xff, 0xff },
      .run = th_overwrite_run, .param = th_overwrite_param },
    { .opcode = 0x48, .service_action = 0x02, .cdb_len = 10,    /* SANITIZE: BLOCK ERASE */
      .flags = TH_ROW_SERVICE_ACTION | WRITES, .usage = { 0x48, 0xa2, 0, 0, 0, 0, 0, 0xff, 0xff },
      .run = th_erase_run, .param = th_erase_param },
    { .opcode = 0x48, .service_action = 0x1f, .cdb_len = 10,    /* SANITIZE: EXIT FAILURE MODE */
      .flags = TH_ROW_SERVICE_ACTION, .usage = { 0x48, 0xbf, 0, 0, 0, 0, 0, 0xff, 0xff },
      .run = th_exit_failure_run },
#endif
#if THIMBLE_SCSI_CDROM
    { .opcode = 0x4a, .types = CDROM, .cdb_len = 10, .passes = ANYHOW, .flags = TH_ROW_UA_OK,
      .usage = { 0x4a, 0x01, 0, 0, 0xff, 0, 0, 0xff, 0xff },    /* GET EVENT STATUS NOTIFICATION */
      .run = th_get_event_run, .reply = th_get_event_reply },
#endif
#if THIMBLE_SCSI_LOG
    { .opcode = 0x4c, .cdb_len = 10,                                     /* LOG SELECT */
      .usage = { 0x4c, 0x02, 0xff, 0, 0, 0, 0, 0xff, 0xff }, .run = th_log_select_run },
    { .opcode = 0x4d, .cdb_len = 10, .passes = SHARED,                   /* LOG SENSE */
      .usage = { 0x4d, 0, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_log_sense_run, .reply = th_log_sense_reply },
#endif
#if THIMBLE_SCSI_CDROM
    /* READ DISC INFORMATION */
    { .opcode = 0x51, .types = CDROM, .cdb_len = 10, .passes = READERS, .flags = MEDIUM,
      .usage = { 0x51, 0, 0, 0, 0, 0, 0, 0xff, 0xff },
      .run = th_reply_run, .reply = th_read_disc_information_reply },
    /* READ TRACK INFORMATION */
    { .opcode = 0x52, .types = CDROM, .cdb_len = 10, .passes = READERS, .flags = MEDIUM,
      .usage = { 0x52, 0x03, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff },
      .run = th_read_track_information_run, .reply = th_read_track_information_reply },
#endif
#if THIMBLE_SCSI_MODE_SELECT
    { .opcode = 0x55, .types = ALL, .cdb_len = 10,                            /* MODE SELECT(10) */
      .usage = { 0x55, THIMBLE_STORE ? 0x11 : 0x10, 0, 0, 0, 0, 0, 0xff, 0xff },
      .run = th_mode_select_run, .param = th_mode_select_param },
#endif
#if THIMBLE_SCSI_RESERVE
    { .opcode = 0x56, .types = ALL, .cdb_len = 10, .passes = SHARED,     /* RESERVE(10) */
      .usage = { 0x56 }, .run = th_reserve_run },
    { .opcode = 0x57, .types = ALL, .cdb_len = 10, .passes = ANYHOW,     /* RELEASE(10) */
      .usage = { 0x57 }, .run = th_release_run },
#endif
    { .opcode = 0x5a, .types = ALL, .cdb_len = 10, .passes = READERS,    /* MODE SENSE(10) */
      .usage = { 0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff },
      .run = th_mode_sense_run, .reply = th_mode_sense_reply },
#if THIMBLE_SCSI_PERSISTENT_RESERVE
    { .opcode = 0x5e, .service_action = 0x00, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* PERSISTENT RESERVE IN: READ KEYS */
      .usage = PRIN_USAGE(0x00), .run = th_prin_run, .reply = th_read_keys_reply },
    { .opcode = 0x5e, .service_action = 0x01, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* READ RESERVATION */
      .usage = PRIN_USAGE(0x01), .run = th_prin_run, .reply = th_read_reservation_reply },
    { .opcode = 0x5e, .service_action = 0x02, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* REPORT CAPABILITIES */
      .usage = PRIN_USAGE(0x02), .run = th_prin_run, .reply = th_report_capabilities_reply },
    { .opcode = 0x5e, .service_action = 0x03, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* READ FULL STATUS */
      .usage = PRIN_USAGE(0x03), .run = th_prin_run, .reply = th_read_full_status_reply },
    { .opcode = 0x5f, .service_action = 0x00, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* PERSISTENT RESERVE OUT: REGISTER */
      .usage = PROUT_USAGE(0x00), .run = th_prout_run, .param = th_prout_param },
    { .opcode = 0x5f, .service_action = 0x01, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* RESERVE */
      .usage = PROUT_USAGE(0x01), .run = th_prout_run, .param = th_prout_param },
    { .opcode = 0x5f, .service_action = 0x02, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* RELEASE */
      .usage = PROUT_USAGE(0x02), .run = th_prout_run, .param = th_prout_param },
    { .opcode = 0x5f, .service_action = 0x03, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* CLEAR */
      .usage = PROUT_USAGE(0x03), .run = th_prout_run, .param = th_prout_param },
    { .opcode = 0x5f, .service_action = 0x04, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* PREEMPT */
      .usage = PROUT_USAGE(0x04), .run = th_prout_run, .param = th_prout_param },
    { .opcode = 0x5f, .service_action = 0x05, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* PREEMPT AND ABORT */
      .usage = PROUT_USAGE(0x05), .run = th_prout_run, .param = th_prout_param },
    { .opcode = 0x5f, .service_action = 0x06, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* REGISTER AND IGNORE EXISTING KEY */
      .usage = PROUT_USAGE(0x06), .run = th_prout_run, .param = th_prout_param },
    { .opcode = 0x5f, .service_action = 0x07, .types = ALL, .cdb_len = 10, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION,                           /* REGISTER AND MOVE */
      .usage = PROUT_USAGE(0x07), .run = th_prout_run, .param = th_prout_param },
#endif
#if THIMBLE_SCSI_LONG_CDB
    { .opcode = 0x7f, .service_action = 0x0009, .passes = READERS,                 /* READ(32) */
      .flags = LONG | MEDIUM | TH_ROW_FUA,
      .usage = LONG_USAGE(0x09, 0x1a), .cdb_len = 32, .run = th_read_run },
#if THIMBLE_SCSI_VERIFY
    { .opcode = 0x7f, .service_action = 0x000a, .passes = READERS,                 /* VERIFY(32) */
      .flags = LONG | MEDIUM,
      .usage = LONG_USAGE(0x0a, 0x16), .cdb_len = 32,
      .run = th_verify_run, .param = th_verify_param },
#endif
    { .opcode = 0x7f, .service_action = 0x000b,                 /* WRITE(32) */
      .flags = LONG | WRITES | TH_ROW_FUA,
      .usage = LONG_USAGE(0x0b, 0x1a), .cdb_len = 32, .run = th_write_run },
#if THIMBLE_SCSI_VERIFY
    { .opcode = 0x7f, .service_action = 0x000c,                 /* WRITE AND VERIFY(32) */
      .flags = LONG | WRITES,
      .usage = LONG_USAGE(0x0c, 0x16), .cdb_len = 32, .run = th_write_and_verify_run },
#endif
#if THIMBLE_SCSI_WRITE_SAME
    { .opcode = 0x7f, .service_action = 0x000d,                 /* WRITE SAME(32) */
      .flags = LONG | WRITES,
      .usage = LONG_USAGE(0x0d, 0x09), .cdb_len = 32,
      .run = th_write_same_run, .param = th_write_same_param },
#endif
#if THIMBLE_SCSI_ORWRITE
    { .opcode = 0x7f, .service_action = 0x000e, .cdb_len = 32,  /* ORWRITE(32) */
      .flags = TH_ROW_SERVICE_ACTION | WRITES | TH_ROW_FUA | TH_ROW_ORWRITE,
      .usage = { 0x7f, 0, 0x07, 0x0f, 0, 0, 0x1f, 0x18, 0x00, 0x0e, 0x1a, 0,
                 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
      .run = th_orwrite_long_run, .param = th_orwrite_long_param },
#endif
#if THIMBLE_SCSI_WRITE_ATOMIC
    { .opcode = 0x7f, .service_action = 0x000f,                 /* WRITE ATOMIC(32) */
      .flags = LONG | WRITES | TH_ROW_FUA | TH_ROW_WRITE_ATOMIC,
      .usage = LONG_USAGE(0x0f, 0x18), .cdb_len = 32,
      .run = th_write_atomic_run, .param = th_write_atomic_param },
#endif
#if THIMBLE_SCSI_THIN
    { .opcode = 0x7f, .service_action = 0x0012, .cdb_len = 32, .passes = READERS, /* GET LBA STATUS(32) */
      .flags = TH_ROW_SERVICE_ACTION | MEDIUM | TH_ROW_THIN,
      .usage = { 0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0x00, 0x12, 0, 0,
                 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_get_lba_status_run, .reply = th_get_lba_status_reply },
#endif
#endif
#if THIMBLE_SCSI_EXTENDED_COPY
    { .opcode = 0x83, .service_action = 0x00, .cdb_len = 16,    /* EXTENDED COPY(LID1) */
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY,
      .usage = { 0x83, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_extended_copy_run, .param = th_extended_copy_param },
    { .opcode = 0x83, .service_action = 0x01, .cdb_len = 16,    /* EXTENDED COPY(LID4) */
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY,
      .usage = { 0x83, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_extended_copy_run, .param = th_extended_copy_param },
#endif
#if THIMBLE_SCSI_TOKENS
    { .opcode = 0x83, .service_action = 0x10, .cdb_len = 16,    /* POPULATE TOKEN */
      .flags = TH_ROW_SERVICE_ACTION | MEDIUM | TH_ROW_TOKEN,
      .usage = { 0x83, 0x10, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_populate_token_run, .param = th_populate_token_param },
    { .opcode = 0x83, .service_action = 0x11, .cdb_len = 16,    /* WRITE USING TOKEN */
      .flags = TH_ROW_SERVICE_ACTION | WRITES | TH_ROW_TOKEN,
      .usage = { 0x83, 0x11, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_write_using_token_run, .param = th_write_using_token_param },
#endif
#if THIMBLE_SCSI_THIRD_PARTY
    { .opcode = 0x83, .service_action = 0x1c, .cdb_len = 16,    /* COPY OPERATION ABORT */
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY,
      .usage = { 0x83, 0x1c, 0xff, 0xff, 0xff, 0xff }, .run = th_copy_abort_run },
#endif
#if THIMBLE_SCSI_EXTENDED_COPY
    { .opcode = 0x84, .service_action = 0x00, .cdb_len = 16, .passes = READERS,    /* RECEIVE COPY STATUS(LID1) */
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY, .usage = LID1_USAGE(0x00),
      .run = th_receive_copy_run, .reply = th_receive_copy_reply },
    { .opcode = 0x84, .service_action = 0x01, .cdb_len = 16, .passes = READERS,    /* RECEIVE COPY DATA(LID1) */
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY, .usage = LID1_USAGE(0x01),
      .run = th_receive_copy_run, .reply = th_receive_copy_reply },
    { .opcode = 0x84, .service_action = 0x03, .cdb_len = 16, .passes = READERS,
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY,     /* RECEIVE COPY OPERATING PARAMETERS */
      .usage = { 0x84, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_receive_copy_run, .reply = th_receive_copy_reply },
    { .opcode = 0x84, .service_action = 0x04, .cdb_len = 16, .passes = READERS,
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY,     /* RECEIVE COPY FAILURE DETAILS(LID1) */
      .usage = LID1_USAGE(0x04),
      .run = th_receive_copy_run, .reply = th_receive_copy_reply },
#endif
#if THIMBLE_SCSI_THIRD_PARTY
    { .opcode = 0x84, .service_action = 0x05, .cdb_len = 16, .passes = READERS,    /* RECEIVE COPY STATUS(LID4) */
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY, .usage = LID4_USAGE(0x05),
      .run = th_receive_copy_run, .reply = th_receive_copy_reply },
    { .opcode = 0x84, .service_action = 0x06, .cdb_len = 16, .passes = READERS,    /* RECEIVE COPY DATA(LID4) */
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY, .usage = LID4_USAGE(0x06),
      .run = th_receive_copy_run, .reply = th_receive_copy_reply },
    { .opcode = 0x84, .service_action = 0x07, .cdb_len = 16, .passes = READERS,
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_COPY,     /* RECEIVE ROD TOKEN INFORMATION */
      .usage = LID4_USAGE(0x07),
      .run = th_receive_copy_run, .reply = th_receive_copy_reply },
#endif
#if THIMBLE_SCSI_TOKENS
    { .opcode = 0x84, .service_action = 0x08, .cdb_len = 16, .passes = READERS,    /* REPORT ALL ROD TOKENS */
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_TOKEN,
      .usage = { 0x84, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_receive_copy_run, .reply = th_receive_copy_reply },
#endif
    { .opcode = 0x88, .cdb_len = 16, .passes = READERS, .flags = MEDIUM | TH_ROW_FUA,   /* READ(16) */
      .usage = { 0x88, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_read_run },
#if THIMBLE_SCSI_COMPARE_AND_WRITE
    { .opcode = 0x89, .cdb_len = 16,                                     /* COMPARE AND WRITE */
      .flags = WRITES | TH_ROW_FUA | TH_ROW_ATOMIC,
      .usage = { 0x89, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0, 0, 0, 0xff, 0x1f },
      .run = th_compare_and_write_run, .param = th_compare_and_write_param },
#endif
    { .opcode = 0x8a, .cdb_len = 16, .flags = WRITES | TH_ROW_FUA,       /* WRITE(16) */
      .usage = { 0x8a, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_write_run },
#if THIMBLE_SCSI_ORWRITE
    { .opcode = 0x8b, .cdb_len = 16, .flags = WRITES | TH_ROW_FUA,       /* ORWRITE(16) */
      .usage = { 0x8b, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_orwrite_run },
#endif
#if THIMBLE_SCSI_VERIFY
    { .opcode = 0x8e, .cdb_len = 16, .flags = WRITES,                    /* WRITE AND VERIFY(16) */
      .usage = { 0x8e, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_write_and_verify_run },
    { .opcode = 0x8f, .cdb_len = 16, .passes = READERS, .flags = MEDIUM, /* VERIFY(16) */
      .usage = { 0x8f, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_verify_run, .param = th_verify_param },
#endif
#if THIMBLE_SCSI_START_STOP
    { .opcode = 0x90, .cdb_len = 16, .passes = READERS, .flags = MEDIUM, /* PRE-FETCH(16) */
      .usage = { 0x90, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_prefetch_run },
#endif
    { .opcode = 0x91, .cdb_len = 16, .flags = MEDIUM,                    /* SYNCHRONIZE CACHE(16) */
      .usage = { 0x91, 0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_synchronize_cache_run },
#if THIMBLE_SCSI_WRITE_SAME
    { .opcode = 0x93, .cdb_len = 16, .flags = WRITES,                    /* WRITE SAME(16) */
      .usage = { 0x93, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_write_same_run, .param = th_write_same_param },
#endif
#if THIMBLE_SCSI_WRITE_ATOMIC
    { .opcode = 0x9c, .cdb_len = 16,                            /* WRITE ATOMIC(16) */
      .flags = WRITES | TH_ROW_FUA | TH_ROW_WRITE_ATOMIC,
      .usage = { 0x9c, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0, 0, 0xff, 0xff, 0x1f },
      .run = th_write_atomic_run, .param = th_write_atomic_param },
#endif
    { .opcode = 0x9e, .service_action = 0x10, .cdb_len = 16, .passes = ANYHOW, /* READ CAPACITY(16) */
      .flags = TH_ROW_SERVICE_ACTION | MEDIUM | TH_ROW_SANITIZE_OK,
      .usage = { 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_reply_run, .reply = th_read_capacity_16_reply },
#if THIMBLE_SCSI_THIN
    { .opcode = 0x9e, .service_action = 0x12, .cdb_len = 16, .passes = READERS, /* GET LBA STATUS */
      .flags = TH_ROW_SERVICE_ACTION | MEDIUM | TH_ROW_THIN,
      .usage = { 0x9e, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                 0xff, 0xff, 0xff, 0xff },
      .run = th_get_lba_status_run, .reply = th_get_lba_status_reply },
#endif
    /* REPORT LUNS */
    { .opcode = 0xa0, .types = ALL, .cdb_len = 12, .passes = ANYHOW, .flags = TH_ROW_NO_LU_OK | TH_ROW_UA_OK,
      .usage = { 0xa0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_report_luns_run, .reply = th_report_luns_reply },
#if THIMBLE_SCSI_IDENT
    { .opcode = 0xa3, .service_action = 0x05, .cdb_len = 12, .passes = ANYHOW,
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_STORE,    /* REPORT IDENTIFYING INFORMATION */
      .usage = { 0xa3, 0x05, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe },
      .run = th_report_ident_run, .reply = th_report_ident_reply },
#endif
#if THIMBLE_SCSI_ALUA
    { .opcode = 0xa3, .service_action = 0x0a, .cdb_len = 12, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION, .usage = { 0xa3, 0xea, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_report_groups_run, .reply = th_report_groups_reply },    /* REPORT TARGET PORT GROUPS */
#endif
#if THIMBLE_SCSI_OPCODES
    { .opcode = 0xa3, .service_action = 0x0c, .types = ALL, .cdb_len = 12, .passes = READERS,
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_SANITIZE_OK,
      .usage = { 0xa3, 0x0c, 0x87, 0xff, 0xff, 0xff,    /* REPORT SUPPORTED OPERATION CODES */
                 0xff, 0xff, 0xff, 0xff },
      .run = th_report_opcodes_run, .reply = th_report_opcodes_reply },
    { .opcode = 0xa3, .service_action = 0x0d, .types = ALL, .cdb_len = 12, .passes = READERS,
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_SANITIZE_OK,
      .usage = { 0xa3, 0x0d, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },   /* REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS */
      .run = th_report_tmf_run, .reply = th_report_tmf_reply },
#endif
#if THIMBLE_SCSI_TIMESTAMP
    { .opcode = 0xa3, .service_action = 0x0f, .cdb_len = 12, .passes = SHARED,
      .flags = TH_ROW_SERVICE_ACTION, .usage = { 0xa3, 0x0f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_reply_run, .reply = th_report_timestamp_reply },         /* REPORT TIMESTAMP */
#endif
#if THIMBLE_SCSI_IDENT
    { .opcode = 0xa4, .service_action = 0x06, .cdb_len = 12,             /* SET IDENTIFYING INFORMATION */
      .flags = TH_ROW_SERVICE_ACTION | TH_ROW_STORE,
      .usage = { 0xa4, 0x06, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe },
      .run = th_set_ident_run, .param = th_set_ident_param },
#endif
#if THIMBLE_SCSI_ALUA
    { .opcode = 0xa4, .service_action = 0x0a, .cdb_len = 12,             /* SET TARGET PORT GROUPS */
      .flags = TH_ROW_SERVICE_ACTION, .usage = { 0xa4, 0x0a, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_set_groups_run, .param = th_set_groups_param },
#endif
#if THIMBLE_SCSI_TIMESTAMP
    { .opcode = 0xa4, .service_action = 0x0f, .cdb_len = 12,             /* SET TIMESTAMP */
      .flags = TH_ROW_SERVICE_ACTION, .usage = { 0xa4, 0x0f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
      .run = th_set_timestamp_run, .param = th_set_timestamp_param },
#endif
#if THIMBLE_SCSI_SHORT
    /* READ(12) */
    { .opcode = 0xa8, .types = ALL, .cdb_len = 12, .passes = READERS, .flags = MEDIUM | TH_ROW_FUA,
      .usage = { 0xa8, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_read_run },
    { .opcode = 0xaa, .cdb_len = 12, .flags = WRITES | TH_ROW_FUA,       /* WRITE(12) */
      .usage = { 0xaa, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_write_run },
#endif
#if THIMBLE_SCSI_CDROM
    /* READ DISC STRUCTURE */
    { .opcode = 0xad, .types = CDROM, .cdb_len = 12, .passes = READERS, .flags = MEDIUM,
      .usage = { 0xad, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc0 },
      .run = th_read_dvd_structure_run, .reply = th_read_dvd_structure_reply },
#endif
#if THIMBLE_SCSI_VERIFY
    { .opcode = 0xae, .cdb_len = 12, .flags = WRITES,                    /* WRITE AND VERIFY(12) */
      .usage = { 0xae, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_write_and_verify_run },
    { .opcode = 0xaf, .cdb_len = 12, .passes = READERS, .flags = MEDIUM, /* VERIFY(12) */
      .usage = { 0xaf, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f },
      .run = th_verify_run, .param = th_verify_param },
#endif
#if THIMBLE_SCSI_DEFECTS
    { .opcode = 0xb7, .cdb_len = 12, .passes = READERS,                  /* READ DEFECT DATA(12) */
      .usage = { 0xb7, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
      .run = th_reply_run, .reply = th_read_defects_reply },
#endif
#if THIMBLE_SCSI_CDROM
    { .opcode = 0xb9, .types = CDROM, .cdb_len = 12, .passes = READERS, .flags = MEDIUM, /* READ CD MSF */
      .usage = { 0xb9, 0x08, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10 },
      .run = th_read_cd_msf_run },
    { .opcode = 0xbb, .types = CDROM, .cdb_len = 12,                     /* SET CD SPEED */
      .usage = { 0xbb, 0x03, 0xff, 0xff, 0xff, 0xff }, .run = th_set_cd_speed_run },
    { .opcode = 0xbd, .types = CDROM, .cdb_len = 12, .passes = READERS,  /* MECHANISM STATUS */
      .usage = { 0xbd, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff },
      .run = th_reply_run, .reply = th_mechanism_status_reply },
    /* READ CD: mode 1, user data */
    { .opcode = 0xbe, .types = CDROM, .cdb_len = 12, .passes = READERS, .flags = MEDIUM,
      .usage = { 0xbe, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10 },
      .run = th_read_cd_run },
#endif
};

#define N_OPS (sizeof th_ops / sizeof th_ops[0])
const size_t th_n_ops = N_OPS;

_Static_assert(4 + N_OPS * (8 + TH_TIMEOUTS_BYTES) <= TH_REPLY_MAX, "all commands in one reply of opcodes.c");

enum { SERVICE_ACTION_BITS = 0x1f };

/* --------------------------------------------------------------------------------------
 * Finding and checking
 */
bool th_op_offered(const struct th_op *op, const struct th_lu *lu)
{
    enum {
        SOMETIMES = TH_ROW_THIN | TH_ROW_ATOMIC | TH_ROW_COPY | TH_ROW_TOKEN | TH_ROW_WRITE_ATOMIC | TH_ROW_STORE |
                    TH_ROW_ORWRITE
    };

    if (!th_is_for(op->types, lu))
        return false;
    if (!(op->flags & SOMETIMES))
        return true;
    if (THIMBLE_SCSI_THIN && op->flags & TH_ROW_THIN && !th_thin(lu))
        return false;
    if (THIMBLE_SCSI_COMPARE_AND_WRITE && op->flags & TH_ROW_ATOMIC && th_max_compare_and_write_blocks(lu) == 0)
        return false;
    if (THIMBLE_SCSI_THIRD_PARTY && op->flags & TH_ROW_COPY && !th_copy_offered(lu))
        return false;
    if (THIMBLE_SCSI_THIRD_PARTY && op->flags & TH_ROW_TOKEN && !th_tokens_offered(lu))
        return false;
    if (THIMBLE_SCSI_IDENT && op->flags & TH_ROW_STORE && !lu->store)
        return false;
#if THIMBLE_SCSI_ORWRITE_LONG
    if (op->flags & TH_ROW_ORWRITE && !th_orwrite_long_offered(lu))
        return false;
#endif
    if (THIMBLE_SCSI_WRITE_ATOMIC && op->flags & TH_ROW_WRITE_ATOMIC && th_scsi_atomic_blocks(lu) == 0)
        return false;
    return true;
}

/* The first row of an opcode, offered or not; behind the table if there is none. */
static const struct th_op *first_row(uint8_t opcode)
{
    size_t low = 0, high = N_OPS;       /* it is in [low, high] */

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (th_ops[middle].opcode < opcode)
            low = middle + 1;
        else
            high = middle;
    }
    return th_ops + low;
}

const struct th_op *th_op_first(uint8_t opcode, const struct th_lu *lu)
{
    for (const struct th_op *op = first_row(opcode); op < th_ops + N_OPS && op->opcode == opcode; op++)
        if (!lu || th_op_offered(op, lu))
            return op;
    return NULL;
}

const struct th_op *th_op_find(uint8_t opcode, uint32_t service_action, const struct th_lu *lu)
{
    for (const struct th_op *op = first_row(opcode); op < th_ops + N_OPS && op->opcode == opcode; op++)
        if ((!(op->flags & TH_ROW_SERVICE_ACTION) || op->service_action == service_action) &&
            (!lu || th_op_offered(op, lu)))
            return op;
    return NULL;
}

static const struct th_op *row_of(const struct th_cmd *cmd)
{
    return th_op_find(cmd->cdb[0], th_is_long(cmd) ? th_get16(cmd->cdb + 8)
                                                   : cmd->cdb[1] & SERVICE_ACTION_BITS, cmd->lu);
}

#if THIMBLE_TASK_ATTRIBUTES
bool th_scsi_at_once(const struct th_cmd *cmd)
{
    const struct th_op *op = row_of(cmd);
    return op && op->flags & TH_ROW_UA_OK;
}
#endif

static unsigned highest_bit(unsigned byte)
{
    unsigned bit = 7;
    while (!(byte & 1u << bit))
        bit--;
    return bit;
}

/* True if cmd was refused: it has a bit set that we do not know.  (Its service action is that of
 * the row, and so are the bits of it.) */
static bool bad_cdb(const struct th_op *op, struct th_cmd *cmd)
{
    if (th_is_long(cmd) && (!cmd->long_cdb || cmd->cdb[7] != op->cdb_len - 8)) {
        th_check_cdb(cmd, 7, TH_FIELD_WHOLE_BYTE);      /* ADDITIONAL CDB LENGTH */
        return true;
    }
    for (unsigned i = 1; i < op->cdb_len; i++) {
        if (op->flags & TH_ROW_TAGS && i >= 20 && i < 28)
            continue;
        unsigned unknown = cmd->cdb[i] & ~(unsigned)op->usage[i];
        if (unknown) {
            th_check_cdb(cmd, i, highest_bit(unknown));
            return true;
        }
    }
    return false;
}

static enum th_next refuse_opcode(struct th_cmd *cmd)
{
    const struct th_op *op = th_op_first(cmd->cdb[0], cmd->lu);

    if (op && op->flags & TH_ROW_SERVICE_ACTION)
        return th_is_long(cmd) ? th_check_cdb(cmd, 8, TH_FIELD_WHOLE_BYTE) : th_check_cdb(cmd, 1, 4);
    return th_scsi_check(cmd, TH_SENSE_INVALID_OPCODE);
}

enum th_next th_scsi_start(struct th_cmd *cmd)
{
    const struct th_op *op = row_of(cmd);
    struct th_lu *lu = cmd->lu;
    uint32_t sense;

    cmd->status = TH_STATUS_GOOD;
    cmd->sense = TH_SENSE_NONE;
    cmd->data_bytes = 0;
    cmd->gate = 0;
    cmd->use = TH_USE_WRITE;
    cmd->lost = 0;
    cmd->field_valid = cmd->info_valid = cmd->exact = false;
#if THIMBLE_SCSI_EXTENDED_COPY
    cmd->segment_valid = false;
#endif
    cmd->fua = cmd->writing = cmd->aborted = false;
    unsigned flags = op ? op->flags : 0;

    if (th_well_known(cmd) && !(flags & (TH_ROW_NO_LU_OK | TH_ROW_WELL_KNOWN)))
        return th_scsi_check(cmd, TH_SENSE_INVALID_OPCODE);
    if (!lu && !th_well_known(cmd) && !(flags & TH_ROW_NO_LU_OK))
        return th_scsi_check(cmd, TH_SENSE_NO_LOGICAL_UNIT);
    if (TH_RESERVATIONS && lu && op && th_reserved_against(cmd, op->passes))
        return th_conflict(cmd);
    if (lu && !(flags & TH_ROW_UA_OK)) {
        sense = th_ua_take(lu, cmd->nexus);
        if (sense != TH_SENSE_NONE)
            return th_scsi_check(cmd, sense);
    }
    if (!op)
        return refuse_opcode(cmd);
    if (bad_cdb(op, cmd))
        return TH_NEXT_STATUS;
#if THIMBLE_SCSI_ALUA
    if (lu && th_access_refuses(cmd, flags))
        return TH_NEXT_STATUS;
#endif
#if THIMBLE_WORK
    if (lu && th_work_refuses(cmd, flags))
        return TH_NEXT_STATUS;
#endif
    if (lu && flags & TH_ROW_MEDIUM) {
        sense = th_not_ready(lu);
        if (sense != TH_SENSE_NONE)
            return th_scsi_check(cmd, sense);
    }
    if (lu && flags & TH_ROW_WRITES) {
        sense = th_write_protection(lu, cmd->nexus);
        if (sense != TH_SENSE_NONE)
            return th_scsi_check(cmd, sense);
    }

    cmd->fua = (flags & TH_ROW_FUA && th_flags(cmd) & 0x08) ||
               (lu && flags & TH_ROW_WRITES && th_write_through(lu));
    return op->run(cmd);
}

enum th_next th_reply_run(struct th_cmd *cmd)
{
    (void)cmd;
    return TH_NEXT_REPLY;
}

enum th_next th_reply_done(struct th_cmd *cmd, uint32_t n, uint32_t allocation_length)
{
    cmd->data_bytes = th_min32(n, allocation_length);
    return th_good(cmd);
}

enum th_next th_scsi_reply(struct th_cmd *cmd, uint8_t *buf, uint32_t size)
{
    (void)size;
    TH_ASSERT(size >= TH_REPLY_MAX);
    return row_of(cmd)->reply(cmd, buf);
}

enum th_next th_scsi_param(struct th_cmd *cmd)
{
    return row_of(cmd)->param(cmd);
}
