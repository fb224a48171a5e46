/* SPDX-License-Identifier: MIT
 *
 * scsi_rig.h: a logical unit on a workbench: commands are put in, outcomes come out.
 *
 * The rig owns commands as the iSCSI engine does (scsi.h), without iSCSI.  Under the unit stands
 *
 *     delay disk      answers later, if rig_options.delayed
 *     fault disk      fails when told to
 *     cache disk      counts flushes, if rig_options.cache; offers what the options say
 *     RAM disk        block n holds rig_byte(n, i) at byte i
 */
#ifndef SCSI_RIG_H
#define SCSI_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/core/wire.h"
#include "../../src/scsi/copies.h"
#include "../../src/scsi/scsi.h"
#include "../../src/scsi/sense.h"
#include "../../src/thimble.h"

/* Initiators of a rig, and registrations that they have room for. */
enum { RIG_NEXUSES = 3, RIG_REGISTRATIONS = 5 };

struct rig_options {
    uint64_t size_blocks;               /* 0: 64 */
    uint8_t  block_shift;               /* 0: 9 */
    uint8_t  physical_shift;
    uint32_t param_bytes;               /* 0: 4096 */
    uint64_t claimed_blocks;            /* the size that the disk claims; 0: size_blocks */
    bool delayed, cache, no_unmap, no_write_zeroes, no_write, removable, read_only, d_sense;
    bool cdrom;                         /* block_shift 0: 11 */
    bool forgets;                       /* answers writes, and does not keep them */
    uint32_t atomic_blocks;
    uint32_t run_blocks;                /* every second run of so many is unmapped; 0: none is */
    bool store;                         /* what is to outlive a restart goes to rig.store */
    const char *serial;
    bool fills;                         /* the disk tells how full it is: cache_disk.fill */
    bool health;                        /* ... and how it is: cache_disk.health */
    bool two_ports;                     /* target ports of tags 1 and 7: sessions come by the one, the other, the one ... */
};

/* A store in memory. */
struct rig_record {
    uint8_t bytes[4096];
    uint32_t len;
};
struct rig_store {
    struct thimble_store store;
    struct rig_record kept[THIMBLE_RECORD_WORK + 1];
    enum thimble_record kind;           /* of the save that is pending */
    uint32_t saves;
    int result;                         /* of the next saves; THIMBLE_PENDING: by rig_store_answer() */
    struct thimble_io *io;              /* that is pending */
    const void *buf;
    uint32_t buf_len;
};

struct cache_disk {
    struct thimble_block block;
    struct thimble_block *below;
    unsigned flushes;                   /* so far */
    unsigned writes_after_flush;        /* changes since the last one */
    int ready;                          /* what ready() answers */
    unsigned longest_call;              /* in blocks */
    uint32_t run_blocks;
    bool forgets;
    struct thimble_insight insight;
    struct thimble_fill fill;
    struct thimble_health health;
};

struct rig {
    struct rig_options options;
    uint8_t *mem;
    struct thimble_ram_disk ram;
    struct cache_disk cache;
    struct thimble_fault_disk fault;
    struct thimble_delay_disk delay;
    struct th_lu lu;
    struct th_scsi_target target;
    struct th_copies copies;
    struct th_nexus nexus[RIG_NEXUSES]; /* without pending unit attentions */
    struct th_registry registry;
    struct th_registration registrations[RIG_REGISTRATIONS];
    struct rig_store store;
    bool well_known;                    /* commands without a unit are for REPORT LUNS's */
    unsigned aborts;                    /* sessions that lost their commands by PREEMPT AND ABORT */
    bool no_param;                      /* all parameter buffers are taken */
    uint32_t piece_blocks;              /* how data are cut; 0: as they come */
};

/* What a command ended with. */
struct outcome {
    uint8_t  status;
    uint32_t sense;                     /* TH_SENSE() of the sense data, 0: none */
    int      field, field_bit;          /* -1: none */
    bool     field_in_cdb, field_in_segment;
    int      segment;                   /* COPY ABORTED: which one; 0 without */
    bool     info_valid;
    uint64_t info;
    uint32_t sense_len;
    uint8_t  sense_bytes[TH_SENSE_MAX];
    uint32_t data_bytes;                /* what the command said it would transfer */
    uint32_t len;                       /* bytes for the initiator */
    uint8_t *data;
};

void rig_start(struct rig *rig, const struct rig_options *options);
void rig_end(struct rig *rig);

/* The pending save ends so. */
void rig_store_answer(struct rig *rig, int result);
uint8_t rig_byte(uint64_t lba, uint32_t i);

/* A command under way, for tests with several. */
struct rig_cmd {
    struct th_cmd *cmd;
    struct rig *rig;
    const uint8_t *out;
    uint32_t out_len;
    uint8_t *in;
    uint32_t in_len;
    bool ended, waits_turn;
};

/* Hex digits; spaces are skipped.  Returns the number of bytes. */
size_t from_hex(const char *hex, uint8_t *bytes, size_t max);

/* Starts a command and goes on until it waits or has ended. */
struct rig_cmd *rig_submit(struct rig *rig, struct th_nexus *nexus, struct th_lu *lu,
                           const char *cdb_hex, const uint8_t *out, uint32_t out_len);
/* A command that waits: it has its turn, or a delayed disk call is done; then until it has ended. */
void rig_step(struct rig_cmd *c);
void rig_wait(struct rig_cmd *c);
/* Lets work that goes on by itself come to its end. */
void rig_work(struct rig *rig);
/* Takes the outcome and frees the command. */
struct outcome rig_collect(struct rig_cmd *c);

/* All of it.  outcome.data is to be freed with rig_forget(). */
struct outcome rig_run(struct rig *rig, const char *cdb_hex, const uint8_t *out,
                       uint32_t out_len);
struct outcome rig_run_as(struct rig *rig, unsigned nexus, const char *cdb_hex);
struct outcome rig_send_as(struct rig *rig, unsigned nexus, const char *cdb_hex, const uint8_t *out,
                           uint32_t out_len);
void rig_forget(struct outcome *o);

/* Fails the test, naming `title`, if the command did not end so.  sense TH_SENSE_NONE: GOOD. */
void expect_sense(const char *title, const struct outcome *o, uint32_t sense);
void expect_field(const char *title, const struct outcome *o, int byte, int bit);
void expect_data(const char *title, const struct outcome *o, const char *hex_prefix);

/* Blocks [lba, lba + n) hold this byte everywhere / what they held at the start. */
bool rig_blocks_are(const struct rig *rig, uint64_t lba, uint32_t n, uint8_t byte);
bool rig_blocks_untouched(const struct rig *rig, uint64_t lba, uint32_t n);

#endif
