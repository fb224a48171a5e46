/* SPDX-License-Identifier: MIT
 *
 * work.h: work on a whole logical unit that goes on by itself: FORMAT UNIT, SANITIZE.
 *
 * Layer 2.  Private to src/scsi/.  It is done in pieces, one each time that the owner of the unit
 * calls th_scsi_lu_turn(), so that a disk that answers at once lets others be served in between.  A
 * piece has the gate alone.  Meanwhile commands are refused, and told how far it is.
 */
#ifndef TH_SCSI_WORK_H
#define TH_SCSI_WORK_H

#include "scsi.h"

#if THIMBLE_WORK

/* What is to be done; cmd is the command that asks for it, with its parameter buffer. */
struct th_work_order {
    enum th_work_kind kind;
    uint8_t passes;                     /* at least 1 */
    bool    invert;                     /* the pattern, from pass to pass */
    bool    ause;                       /* SANITIZE: EXIT FAILURE MODE is allowed */
    bool    immediate;                  /* cmd is answered now, not when the work is done */
    uint32_t pattern_bytes;             /* of cmd->param, repeated in each block; 0: zeros */
};

enum th_next th_work_begin(struct th_cmd *cmd, const struct th_work_order *order);

/* EXIT FAILURE MODE, if it is allowed. */
enum th_next th_work_forgive(struct th_cmd *cmd);

/* True if cmd was refused: work is under way on its unit, or has failed. */
bool th_work_refuses(struct th_cmd *cmd, unsigned row_flags);

/* The medium has gone: work on it ends, and what of it had failed does not matter any more.  A SANITIZE that the store knows of waits
 * for its medium, as after a restart. */
void th_work_lose(struct th_lu *lu);

/* The sense data of that; TH_SENSE_NONE: no work.  *progress: 0 to 65535, or -1: none to tell. */
uint32_t th_work_sense(const struct th_lu *lu, int *progress);

#if THIMBLE_STORE
/* work_note.c: THIMBLE_RECORD_WORK.  Where the pattern begins in it: */
#define TH_WORK_NOTE_BYTES 60u

/* Makes the record in work.mem, where a pattern of so many bytes stands at its place already; returns its length. */
uint32_t th_work_note(const struct th_lu *lu, enum th_work_kind kind, bool ause, uint32_t pattern_bytes);

/* Restarted: what the record says is so, unless it is about another medium.  THIMBLE_OK or THIMBLE_ERR_RECORD. */
int th_work_restore(struct th_lu *lu, const uint8_t *bytes, uint32_t n);

/* The record once more: th_working() is false if it is about another medium.  Returns the length of the pattern, which is at the
 * beginning of buf then, or a negative thimble_err. */
int th_work_read_note(struct th_lu *lu, uint8_t *buf, uint32_t size);
#endif

#else

static inline void th_work_lose(struct th_lu *lu)
{
    (void)lu;
}

#endif

/* Disk calls of commands that had begun before are refused, too. */
static inline bool th_working(const struct th_lu *lu)
{
#if THIMBLE_WORK
    return lu->work.kind >= TH_WORK_FORMAT;
#else
    (void)lu;
    return false;
#endif
}

#endif
