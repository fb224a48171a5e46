/* SPDX-License-Identifier: MIT
 *
 * xcopy.c: EXTENDED COPY (SPC-4 6.4, 6.5), with list identifiers of one byte (LID1) and of four (LID4).
 *
 *     parameter list   | header | CSCD descriptors, 32 bytes each | segment descriptors |
 *
 * A CSCD (copy source or copy destination) is named by its NAA identifier, among the logical units that this session
 * could address itself: nothing else can be reached.  Segments copy from block device to block
 * device, blocks (type 02h) or bytes (0Ah), or ask whether a CSCD is there (07h).  All of the list is looked at before anything is
 * copied.  Layer 2.
 */
#include "copy.h"

#if THIMBLE_SCSI_EXTENDED_COPY

#include <string.h>

#include "../core/wire.h"

enum {
    LID1_BYTES = 16, LID4_BYTES = 48, CSCD_BYTES = 32, SEGMENT_MAX_BYTES = 32,
    CSCD_IDENTIFICATION = 0xe4, CSCD_THIS_UNIT = 0xffff,
    SEGMENT_BLOCKS = 0x02, SEGMENT_VERIFY = 0x07, SEGMENT_BYTES = 0x0a,
    SEGMENT_DC = 0x02, SEGMENT_KNOWN_BITS = 0x03, VERIFY_TUR = 0x01,
    NO_LIST_ID = 3,                     /* LIST ID USAGE: nobody will ask */
    HEADER_KNOWN_BITS = 0x3f,
};

_Static_assert(LID4_BYTES + TH_COPY_CSCDS * CSCD_BYTES + TH_COPY_SEGMENTS * SEGMENT_MAX_BYTES <= TH_COPY_LIST_MAX,
               "the longest list");
_Static_assert(TH_COPY_CSCDS * CSCD_BYTES + TH_COPY_SEGMENTS * SEGMENT_MAX_BYTES == TH_COPY_DESCRIPTORS_MAX, "as told");

static bool is_lid1(const struct th_cmd *cmd)
{
    return (cmd->cdb[1] & 0x1f) == 0;
}

enum th_next th_extended_copy_run(struct th_cmd *cmd)
{
    uint32_t list_bytes = th_get32(cmd->cdb + 10);

    if (list_bytes == 0)
        return th_good(cmd);
    if (list_bytes < (is_lid1(cmd) ? LID1_BYTES : LID4_BYTES) || list_bytes > TH_COPY_LIST_MAX)
        return th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);

    cmd->data_bytes = list_bytes;
    return TH_NEXT_PARAM;
}

/* The header, of either kind. */
struct header {
    uint32_t list_id;
    unsigned usage;                     /* LIST ID USAGE */
    uint32_t cscds_at, cscds_bytes, segments_bytes, inline_bytes;
};

/* True if cmd was refused. */
static bool bad_header(struct th_cmd *cmd, struct header *h)
{
    const uint8_t *p = cmd->param;

    h->usage = p[1] >> 3 & 3;
    if (is_lid1(cmd)) {
        h->list_id = p[0];
        h->cscds_at = LID1_BYTES;
        h->cscds_bytes = th_get16(p + 2);
        h->segments_bytes = th_get32(p + 8);
        h->inline_bytes = th_get32(p + 12);
    } else {
        h->list_id = th_get32(p + 20);
        h->cscds_at = LID4_BYTES;
        h->cscds_bytes = th_get16(p + 42);
        h->segments_bytes = th_get16(p + 44);
        h->inline_bytes = th_get16(p + 46);
        if (p[0] != 0x01) {                     /* PARAMETER LIST FORMAT */
            th_check_list(cmd, 0);
            return true;
        }
        if (p[15] & 0x03 || th_get16(p + 2) != CSCD_BYTES || p[16] != 0xff) {
            th_check_list(cmd, p[15] & 0x03 ? 15 : th_get16(p + 2) != CSCD_BYTES ? 2 : 16);
            return true;                        /* G_SENSE, IMMED; HEADER CSCD DESCRIPTOR */
        }
    }
    if (p[1] & ~HEADER_KNOWN_BITS || h->usage == 1 || (h->usage == NO_LIST_ID && h->list_id != 0)) {
        th_check_list(cmd, h->usage == NO_LIST_ID ? (is_lid1(cmd) ? 0 : 20) : 1);
        return true;
    }
    if (h->inline_bytes > 0) {
        th_scsi_check(cmd, TH_SENSE_INLINE_DATA);
        return true;
    }
    if (h->cscds_bytes % CSCD_BYTES != 0) {
        th_check_list(cmd, is_lid1(cmd) ? 2 : 42);
        return true;
    }
    if (h->segments_bytes > TH_COPY_DESCRIPTORS_MAX || h->cscds_bytes > TH_COPY_DESCRIPTORS_MAX - h->segments_bytes) {
        th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
        return true;
    }
    if (h->cscds_bytes > TH_COPY_CSCDS * CSCD_BYTES) {
        th_scsi_check(cmd, TH_SENSE_TOO_MANY_CSCDS);
        return true;
    }
    if (h->segments_bytes > TH_COPY_SEGMENTS * SEGMENT_MAX_BYTES) {
        th_scsi_check(cmd, TH_SENSE_TOO_MANY_SEGMENTS);
        return true;
    }
    if (h->cscds_at + h->cscds_bytes + h->segments_bytes > cmd->data_bytes) {
        th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
        return true;
    }
    return false;
}

/* --------------------------------------------------------------------------------------
 * CSCD descriptors (6.4.5)
 */
static struct th_lu *find_unit(const struct th_cmd *cmd, const uint8_t naa[TH_NAA_BYTES])
{
    uint8_t its[TH_NAA_BYTES];

    for (int lun = 0; lun < THIMBLE_LUNS_MAX; lun++) {
        struct th_lu *lu = th_scsi_lu_of(cmd->nexus, lun);
        if (!lu)
            continue;
        th_lu_naa(lu, its);
        if (memcmp(its, naa, sizeof its) == 0)
            return lu;
    }
    return NULL;
}

/* The unit that an identification descriptor names, or NULL: cmd was refused. */
static struct th_lu *unit_of(struct th_cmd *cmd, uint32_t at)
{
    const uint8_t *d = cmd->param + at;
    static const uint8_t nobody[TH_NAA_BYTES];
    const uint8_t *naa = nobody;
    bool null_device = d[1] & 0x20;

    /* binary, of the unit, NAA, of that length */
    if ((d[4] & 0x0f) == 1 && (d[5] & 0x3f) == 3 && d[7] == TH_NAA_BYTES)
        naa = d + 8;
    struct th_lu *lu = null_device ? NULL : find_unit(cmd, naa);
    if (!lu) {
        th_copy_failed(cmd, TH_SENSE_CSCD_UNREACHABLE, TH_SENSE_NONE);
        return NULL;
    }
    if ((d[1] & 0x1f) != lu->type || th_is_cdrom(lu)) {
        th_copy_failed(cmd, TH_SENSE_CSCD_DEVICE_TYPE, TH_SENSE_NONE);
        return NULL;
    }
    uint32_t block_bytes = th_get24(d + 29);            /* 0: whatever it is */
    if (block_bytes != 0 && block_bytes != th_block_bytes(lu)) {
        th_check_list(cmd, at + 29);
        return NULL;
    }
    return lu;
}

/* (LU ID TYPE is about descriptors with an LU IDENTIFIER; this kind has none.) */
static bool bad_cscds(struct th_cmd *cmd, const struct header *h)
{
    for (uint32_t at = h->cscds_at; at < h->cscds_at + h->cscds_bytes; at += CSCD_BYTES) {
        if (cmd->param[at] != CSCD_IDENTIFICATION) {
            th_scsi_check(cmd, TH_SENSE_CSCD_TYPE);
            return true;
        }
    }
    return false;
}

/* The unit of a CSCD descriptor ID, or NULL: cmd was refused. */
static struct th_lu *unit_by_id(struct th_cmd *cmd, uint32_t id)
{
    uint32_t first = is_lid1(cmd) ? LID1_BYTES : LID4_BYTES;
    uint32_t n = (th_copy_of(cmd)->list_at - first) / CSCD_BYTES;

    if (id == CSCD_THIS_UNIT && !is_lid1(cmd) && !th_is_cdrom(cmd->lu))
        return cmd->lu;
    if (id < n)
        return unit_of(cmd, first + id * CSCD_BYTES);
    th_copy_failed(cmd, TH_SENSE_CSCD_ID, TH_SENSE_NONE);
    return NULL;
}

/* --------------------------------------------------------------------------------------
 * Segments (6.4.6)
 */
struct segment {
    uint32_t bytes;                     /* of the descriptor */
    struct th_lu *from, *to;            /* to NULL: nothing is copied */
    uint64_t from_byte, to_byte, n_bytes;
};

/* The length of a segment descriptor of this type; 0: we do not have it. */
static uint32_t segment_bytes(unsigned type)
{
    switch (type) {
    case SEGMENT_BLOCKS: return 28;
    case SEGMENT_VERIFY: return 12;
    case SEGMENT_BYTES:  return 32;
    default:             return 0;
    }
}

/* COPY ABORTED, because of a byte of the segment descriptor; `why` is told by RECEIVE COPY FAILURE DETAILS. */
static bool wrong(struct th_cmd *cmd, uint32_t sense, uint32_t why, unsigned byte)
{
    th_copy_failed(cmd, sense, why);
    th_check_segment(cmd, (uint16_t)th_copy_of(cmd)->segment, byte);
    return true;
}

/* The unit whose CSCD descriptor ID stands in this byte; NULL: cmd was refused. */
static struct th_lu *unit_at(struct th_cmd *cmd, const uint8_t *d, unsigned byte)
{
    struct th_lu *lu = unit_by_id(cmd, th_get16(d + byte));

    if (!lu && cmd->sense == TH_SENSE_CSCD_ID)
        wrong(cmd, TH_SENSE_CSCD_ID, TH_SENSE_NONE, byte);
    return lu;
}

/* The byte of a unit that an LBA and an offset into its block name.  True: there is none, and cmd was refused. */
static bool bad_place(struct th_cmd *cmd, const struct th_lu *lu, const uint8_t *d, unsigned lba_at, unsigned offset,
                      unsigned offset_at, uint64_t *byte)
{
    unsigned shift = lu->block->block_shift;
    uint64_t lba = th_get64(d + lba_at);

    if (offset >= th_block_bytes(lu))
        return wrong(cmd, TH_SENSE_COPY_LIST_FIELD, TH_SENSE_INVALID_LIST_FIELD, offset_at);
    if (lba > lu->block->size_blocks || lba << shift >> shift != lba)
        return wrong(cmd, TH_SENSE_COPY_ABORTED, TH_SENSE_LBA_OUT_OF_RANGE, lba_at);
    *byte = (lba << shift) + offset;
    return false;
}

/* True if cmd was refused. */
static bool bad_verify(struct th_cmd *cmd, const uint8_t *d, struct segment *s)
{
    s->from = unit_at(cmd, d, 4);
    if (!s->from)
        return true;
    uint32_t sense = d[8] & VERIFY_TUR ? th_copy_not_ready(cmd->nexus, s->from) : TH_SENSE_NONE;
    return sense != TH_SENSE_NONE && wrong(cmd, TH_SENSE_THIRD_PARTY_FAILURE, sense, 4);
}

/* True if cmd was refused.  The segment is the one that th_copy has come to. */
static bool bad_segment(struct th_cmd *cmd, struct segment *s)
{
    const struct th_copy *c = th_copy_of(cmd);
    uint32_t end = c->list_at + c->segments_bytes;
    const uint8_t *d = cmd->param + c->segment_at;
    bool by_bytes = d[0] == SEGMENT_BYTES;

    *s = (struct segment){ .bytes = segment_bytes(d[0]) };
    if (s->bytes == 0) {
        th_scsi_check(cmd, TH_SENSE_SEGMENT_TYPE);
        return true;
    }
    if (s->bytes > end - c->segment_at) {
        th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
        return true;
    }
    if (d[1] & ~SEGMENT_KNOWN_BITS || th_get16(d + 2) != s->bytes - 4) {
        th_check_list(cmd, c->segment_at + (d[1] & ~SEGMENT_KNOWN_BITS ? 1u : 2u));
        return true;
    }
    if (d[0] == SEGMENT_VERIFY)
        return bad_verify(cmd, d, s);
    s->from = unit_at(cmd, d, 4);
    s->to = s->from ? unit_at(cmd, d, 6) : NULL;
    if (!s->to || bad_place(cmd, s->from, d, 12, by_bytes ? th_get16(d + 28) : 0, 28, &s->from_byte) ||
        bad_place(cmd, s->to, d, 20, by_bytes ? th_get16(d + 30) : 0, 30, &s->to_byte))
        return true;
    unsigned shift = (d[1] & SEGMENT_DC ? s->to : s->from)->block->block_shift;
    s->n_bytes = by_bytes ? th_get32(d + 8) : (uint64_t)th_get16(d + 10) << shift;
    return th_copy_refused(cmd, s->from, s->from_byte, s->to, s->to_byte, s->n_bytes, by_bytes);
}

static int segment_done(struct th_cmd *cmd);

/* Does the segment that th_copy has come to, and those behind it. */
static int do_segment(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);
    struct segment s;

    if (c->segment == c->n_segments)
        return th_step_good(cmd);
    if (bad_segment(cmd, &s))                           /* was fine: a unit has changed */
        return TH_STEP_END;
    c->next_at = c->segment_at + s.bytes;
    if (!s.to)
        return th_step_go(cmd, segment_done);
    return th_copy_move(cmd, s.from, s.from_byte, s.to, s.to_byte, s.n_bytes, th_copy_durable);
}

static int segment_done(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);

    c->segment++;
    c->segment_at = c->next_at;
    if (c->record)
        c->record->segments++;
    return th_step_go(cmd, do_segment);
}

/* Looks at all of them.  True if cmd was refused. */
static bool bad_segments(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);
    struct segment s;

    for (c->segment_at = c->list_at; c->segment_at < c->list_at + c->segments_bytes; c->segment_at += s.bytes) {
        if (c->segment == TH_COPY_SEGMENTS) {
            th_scsi_check(cmd, TH_SENSE_TOO_MANY_SEGMENTS);
            return true;
        }
        if (bad_segment(cmd, &s))
            return true;
        c->segment++;
    }
    c->n_segments = c->segment;
    c->segment = 0;
    c->segment_at = c->list_at;
    return false;
}

/* The command ends before it has copied anything; its record tells how. */
static enum th_next end(struct th_cmd *cmd)
{
    th_copy_ended(cmd);
    return TH_NEXT_STATUS;
}

enum th_next th_extended_copy_param(struct th_cmd *cmd)
{
    struct header h;

    if (bad_header(cmd, &h) || bad_cscds(cmd, &h))
        return TH_NEXT_STATUS;
    if (!th_copy_begin(cmd, h.list_id, h.usage != NO_LIST_ID))
        return TH_NEXT_STATUS;

    struct th_copy *c = th_copy_of(cmd);
    c->list_at = h.cscds_at + h.cscds_bytes;
    c->segments_bytes = h.segments_bytes;
    c->on = segment_done;
    if (bad_segments(cmd))
        return end(cmd);
    if (c->n_segments == 0) {
        th_good(cmd);
        return end(cmd);
    }
    return th_steps_run(cmd, do_segment);
}

#endif
