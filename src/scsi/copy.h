/* SPDX-License-Identifier: MIT
 *
 * copy.h: moves data between logical units, or zeros to one, in bounded steps (copy.c).
 *
 * Layer 2.  Private to src/scsi/.  A command that copies has a parameter buffer:
 *
 *     param   | its parameter list | work space, at least a block | struct th_copy |
 *
 * It fills in th_copy (th_copy_begin(), th_copy_move()) and runs steps (steps.h); between two of them others have
 * their turn.
 */
#ifndef TH_SCSI_COPY_H
#define TH_SCSI_COPY_H

#include "copies.h"
#include "ops.h"
#include "steps.h"

#if THIMBLE_SCSI_THIRD_PARTY

struct th_copy {
    /* What is being moved. */
    struct th_lu *from, *to;            /* from NULL: zeros */
    uint64_t from_byte, to_byte;        /* where the rest begins */
    uint64_t left_bytes;
    th_step *then;                      /* when nothing is left */

    uint64_t at_byte;                   /* of the piece that is under way, in the rest */
    uint32_t piece_bytes;
    bool     zero;                      /* the piece is zeros */
    bool     by_bytes;                  /* it may begin and end inside a block */
    uint8_t  gated;                     /* it holds the gate of `to`: enum th_gate_kind + 1 */
    bool     no_offload;                /* the disk does not copy by itself */
    bool     stop;                      /* COPY OPERATION ABORT */

    struct th_copy_record *record;      /* NULL: nobody may ask */

    /* The command's own. */
    th_step *on;                        /* behind a segment or range */
    uint32_t segment, n_segments;
    uint32_t list_at, segments_bytes;   /* where they are in the parameter list */
    uint32_t segment_at, next_at;       /* where this one begins, and the next */
    struct th_token *token;
    uint32_t token_number;
    uint64_t skip_bytes;                /* of what the token stands for */
    uint64_t range_bytes;               /* of a range, done */
    bool     delete_token;
};

/* Of one EXTENDED COPY; and the longest parameter list of any command that copies. */
#define TH_COPY_CSCDS       8
#define TH_COPY_SEGMENTS    32
#define TH_COPY_LIST_MAX    1328u
#define TH_COPY_DESCRIPTORS_MAX 1280u   /* without a header */

struct th_copy *th_copy_of(const struct th_cmd *cmd);

/* Takes a record for cmd (keep: somebody may ask for list_id).  False: cmd has ended. */
bool th_copy_begin(struct th_cmd *cmd, uint32_t list_id, bool keep);

/* True if cmd was refused: blocks of units cannot be copied so.  n_bytes from from_byte of `from` (NULL: zeros) on to
 * to_byte of `to` on; whole blocks, if not by_bytes: then from is no NULL, and n_bytes at most UINT32_MAX. */
bool th_copy_refused(struct th_cmd *cmd, struct th_lu *from, uint64_t from_byte, struct th_lu *to,
                     uint64_t to_byte, uint64_t n_bytes, bool by_bytes);

/* A step: moves that, then goes on with `then`.  by_bytes is found out. */
int th_copy_move(struct th_cmd *cmd, struct th_lu *from, uint64_t from_byte, struct th_lu *to,
                 uint64_t to_byte, uint64_t n_bytes, th_step *then);

/* A step, for `then`: what was written is made durable if the unit wants that; goes on with `on`. */
int th_copy_durable(struct th_cmd *cmd);

/* The record of a list identifier that this session used, or NULL. */
struct th_copy_record *th_copy_find(const struct th_cmd *cmd, uint32_t list_id, bool lid1);

/* Why what TEST UNIT READY asks for is not so, or TH_SENSE_NONE. */
uint32_t th_copy_not_ready(const struct th_nexus *nexus, struct th_lu *lu);

/* COPY ABORTED: something is wrong with a unit: `why` is told by RECEIVE COPY FAILURE DETAILS. */
enum th_next th_copy_failed(struct th_cmd *cmd, uint32_t sense, uint32_t why);

#endif
#endif
