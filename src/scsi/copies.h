/* SPDX-License-Identifier: MIT
 *
 * copies.h: what copy commands leave behind, until it is asked for: what became of them, and tokens.
 *
 * One for all targets of an engine, its memory the owner's.  Layer 2.  SPC-4 5.16 (third-party copies).
 */
#ifndef TH_SCSI_COPIES_H
#define TH_SCSI_COPIES_H

#include "scsi.h"

#if THIMBLE_SCSI_THIRD_PARTY

/* Copy commands that can be asked about, at work or ended; the oldest that has ended gives way. */
#define TH_COPY_RECORDS 8

struct th_copy_record {
    const struct th_nexus *nexus;       /* whose; NULL: not in use, or its session is gone */
    struct th_cmd *cmd;                 /* at work; NULL: it has ended */
    uint64_t moved_bytes;
    uint32_t list_id;
    uint32_t number;                    /* counts up */
    uint32_t sense;                     /* TH_SENSE() of what failed, 0: nothing */
    uint16_t segments;                  /* that were processed */
    uint8_t  action;                    /* service action of the command */
    uint8_t  block_shift;               /* of the unit that it was sent to */
    uint8_t  token;                     /* of POPULATE TOKEN: index in tokens[] + 1 */
    uint32_t token_number;              /* ... which may have gone to another since */
};

#define TH_TOKEN_RANGES 8
#define TH_TOKEN_SECRET_BYTES 32

/* A token: blocks of a unit, as they were when it was made.  It is void as soon as one of them is written. */
struct th_token {
    struct th_lu *lu;                   /* NULL: not in use */
    uint64_t n_bytes;
    uint32_t number;                    /* counts up */
    uint32_t timeout_ms, used_ms;       /* it ends when nobody has used it for so long */
    uint16_t n_ranges, users;           /* users: commands that copy from it */
    bool     revoked;                   /* one of its blocks was written */
    uint8_t  secret[TH_TOKEN_SECRET_BYTES];
    struct { uint64_t lba; uint32_t n_blocks; } ranges[TH_TOKEN_RANGES];
};

struct th_copies {
    const struct thimble_crypto *crypto;    /* for the secrets; NULL: there are no tokens */
    uint32_t now_ms;                    /* the owner's clock */
    uint32_t next_number;
    struct th_copy_record records[TH_COPY_RECORDS];
    struct th_token tokens[THIMBLE_SCSI_TOKENS ? THIMBLE_SCSI_TOKENS : 1];
};

/* Blocks of a disk are about to change: tokens that stand for them are void. */
void th_copies_changed(struct th_copies *copies, const struct thimble_block *block, uint64_t lba,
                       uint64_t n_blocks);

/* A session is gone: nobody can ask about its commands any more. */
void th_copies_forget(struct th_copies *copies, const struct th_nexus *nexus);

#endif
#endif
