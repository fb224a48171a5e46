/* SPDX-License-Identifier: MIT
 *
 * work_note.c: the note in a unit's store that FORMAT UNIT or SANITIZE has begun, or failed (work.c).
 *
 *     16  what (enum note), passes, flags, length of the serial number
 *     20  blocks of the medium
 *     28  its serial number, 32 bytes
 *     60  the pattern, the rest of the record
 *
 * The medium may be another one after a restart: it is told by its serial number, by its size if it has none.  Another one
 * has nothing to do with the note, which stays for the one that it is about.  Layer 2.
 */
#include "work.h"

#if THIMBLE_WORK && THIMBLE_STORE

#include <string.h>

#include "../core/record.h"
#include "../core/wire.h"
#include "lu.h"

/* As they stand in the record, whatever becomes of enum th_work_kind. */
enum note { NOTE_FORMAT = 1, NOTE_ERASE = 2, NOTE_OVERWRITE = 3, NOTE_SANITIZE_FAILED = 4 };
enum { AUSE = 0x01, INVERT = 0x02, SERIAL_MAX = 32, PASSES_MAX = 31, PATTERN_MAX = 4096 };
enum { AT_NOTE = 0, AT_PASSES = 1, AT_FLAGS = 2, AT_SERIAL_LENGTH = 3, AT_SIZE = 4, AT_SERIAL = 12, AT_PATTERN = 44 };

_Static_assert(TH_RECORD_HEADER_BYTES + AT_PATTERN == TH_WORK_NOTE_BYTES, "where the pattern begins");

static uint32_t serial_length(const struct th_lu *lu)
{
    const char *serial = lu->block->serial;
    uint32_t n = 0;

    while (serial && n < SERIAL_MAX && serial[n])
        n++;
    return n;
}

uint32_t th_work_note(const struct th_lu *lu, enum th_work_kind kind, bool ause, uint32_t pattern_bytes)
{
    const struct th_work *w = &lu->work;
    uint8_t *p = w->mem + TH_RECORD_HEADER_BYTES;
    uint32_t n = serial_length(lu);

    memset(p, 0, AT_PATTERN);
    p[AT_NOTE] = kind == TH_WORK_ERASE ? NOTE_ERASE : kind == TH_WORK_OVERWRITE ? NOTE_OVERWRITE
               : kind == TH_WORK_SANITIZE_FAILED ? NOTE_SANITIZE_FAILED : NOTE_FORMAT;
    p[AT_PASSES] = w->passes;
    p[AT_FLAGS] = (uint8_t)((ause ? AUSE : 0) | (w->invert ? INVERT : 0));
    p[AT_SERIAL_LENGTH] = (uint8_t)n;
    th_put64(p + AT_SIZE, lu->block->size_blocks);
    if (n > 0)
        memcpy(p + AT_SERIAL, lu->block->serial, n);
    return th_record_seal(w->mem, THIMBLE_RECORD_WORK, AT_PATTERN + pattern_bytes);
}

/* The unit has the medium that the note is about, as far as can be said. */
static bool is_its_medium(const struct th_lu *lu, const uint8_t *p)
{
    uint32_t n = serial_length(lu);

    if (th_not_ready(lu) != TH_SENSE_NONE)
        return true;                    /* it is looked at again when there is one */
    if (n != p[AT_SERIAL_LENGTH])
        return false;
    return n > 0 ? memcmp(lu->block->serial, p + AT_SERIAL, n) == 0 : th_get64(p + AT_SIZE) == lu->block->size_blocks;
}

int th_work_restore(struct th_lu *lu, const uint8_t *p, uint32_t n)
{
    struct th_work *w = &lu->work;

    if (n < AT_PATTERN || n > AT_PATTERN + PATTERN_MAX || p[AT_NOTE] < NOTE_FORMAT ||
        p[AT_NOTE] > NOTE_SANITIZE_FAILED || p[AT_PASSES] < 1 || p[AT_PASSES] > PASSES_MAX ||
        p[AT_SERIAL_LENGTH] > SERIAL_MAX)
        return THIMBLE_ERR_RECORD;

    *w = (struct th_work){
        .kind = TH_WORK_NONE, .passes = p[AT_PASSES], .size_blocks = lu->block->size_blocks,
        .ause = p[AT_FLAGS] & AUSE, .invert = p[AT_FLAGS] & INVERT,
    };
    if (!is_its_medium(lu, p))
        return THIMBLE_OK;
    if (p[AT_NOTE] == NOTE_FORMAT) {
        w->kind = TH_WORK_FORMAT_FAILED;
    } else if (p[AT_NOTE] == NOTE_SANITIZE_FAILED) {
        w->kind = TH_WORK_SANITIZE_FAILED;
    } else {
        w->kind = p[AT_NOTE] == NOTE_ERASE ? TH_WORK_ERASE : TH_WORK_OVERWRITE;
        w->phase = TH_PHASE_LOAD;
    }
    return THIMBLE_OK;
}

int th_work_read_note(struct th_lu *lu, uint8_t *buf, uint32_t size)
{
    struct th_work *w = &lu->work;
    int n = lu->store->load(lu->store, THIMBLE_RECORD_WORK, buf, size);

    if (n <= 0 || (uint32_t)n > size)
        return n < 0 ? n : THIMBLE_ERR_RECORD;
    n = th_record_open(buf, (uint32_t)n, THIMBLE_RECORD_WORK);
    if (n < 0)
        return n;
    uint8_t *mem = w->mem;
    int err = th_work_restore(lu, buf + TH_RECORD_HEADER_BYTES, (uint32_t)n);
    w->mem = mem;
    if (err < 0)
        return err;
    memmove(buf, buf + TH_WORK_NOTE_BYTES, (uint32_t)n - AT_PATTERN);
    return n - AT_PATTERN;
}

#endif
