/* SPDX-License-Identifier: MIT
 *
 * token.c: POPULATE TOKEN and WRITE USING TOKEN (SBC-3 5.7, 5.46; SPC-4 5.16.6): Windows's offloaded copies.
 *
 * A token stands for blocks as they were when it was made.  Nothing is kept of them, so it is of the type that says so:
 * "point in time copy, change vulnerable": whoever writes one of the blocks makes the token void.  It is 512
 * bytes long, of which 32 are random: who has it may read what it stands for, who has not cannot guess it.  Tokens are good
 * for all targets of the engine.  A token of another type, "block device zero", stands for zeros.  Layer 2.
 */
#include "copy.h"

#if THIMBLE_SCSI_THIRD_PARTY

#include <string.h>

#include "../core/wire.h"
#include "token.h"

enum {
    TOKEN_BYTES = 512, TOKEN_MANAGEMENT_BYTES = 96, TOKEN_SECRET_AT = TOKEN_BYTES - TH_TOKEN_SECRET_BYTES,
    RANGE_BYTES = 16, POPULATE_HEADER_BYTES = 16, WRITE_HEADER_BYTES = 536,
    WRITE_DEL_TKN = 0x02, POPULATE_RTV = 0x02,
    TIMEOUT_MAX_S = 600, TIMEOUT_DEFAULT_S = 60,
};
#define TYPE_CHANGE_VULNERABLE  UINT32_C(0x00800001)
#define TYPE_POINT_IN_TIME_ANY  UINT32_C(0x0080ffff)
#define TYPE_ZERO               UINT32_C(0xffff0001)

/* A command that copies as much as this shall be done before its initiator gives up. */
#define TRANSFER_MAX_BYTES      (UINT64_C(256) << 20)
#define TRANSFER_BEST_BYTES     (UINT64_C(64) << 20)

_Static_assert(WRITE_HEADER_BYTES + TH_TOKEN_RANGES * RANGE_BYTES <= TH_COPY_LIST_MAX, "the longest list");

bool th_tokens_offered(const struct th_lu *lu)
{
    return THIMBLE_SCSI_TOKENS > 0 && th_copy_offered(lu) && lu->target->copies->crypto;
}

/* --------------------------------------------------------------------------------------
 * The table
 */
static bool overlap(uint64_t a, uint64_t n_a, uint64_t b, uint64_t n_b)
{
    return n_a && n_b && (a < b ? b - a < n_a : a - b < n_b);
}

void th_copies_changed(struct th_copies *copies, const struct thimble_block *block, uint64_t lba,
                       uint64_t n_blocks)
{
    for (struct th_token *t = copies->tokens; t < copies->tokens + THIMBLE_SCSI_TOKENS; t++) {
        if (!t->lu || t->lu->block != block)
            continue;
        for (unsigned i = 0; i < t->n_ranges; i++)
            if (overlap(lba, n_blocks, t->ranges[i].lba, t->ranges[i].n_blocks))
                t->revoked = true;
    }
}

void th_changed(const struct th_lu *lu, uint64_t lba, uint64_t n_blocks)
{
    if (THIMBLE_SCSI_TOKENS > 0 && lu->target->copies)
        th_copies_changed(lu->target->copies, lu->block, lba, n_blocks);
}

bool th_token_stands(const struct th_token *t, uint32_t number)
{
    return t->lu && t->number == number && !t->revoked;
}

static bool expired(const struct th_copies *copies, const struct th_token *t)
{
    return t->users == 0 && copies->now_ms - t->used_ms >= t->timeout_ms;
}

/* A place for a token: one that is free, or void, or that of the oldest that nobody is copying from; or NULL. */
static struct th_token *new_token(struct th_copies *copies)
{
    struct th_token *oldest = NULL;

    for (struct th_token *t = copies->tokens; t < copies->tokens + THIMBLE_SCSI_TOKENS; t++) {
        if (!t->lu)
            return t;
        if (t->users > 0)
            continue;
        bool is_void = t->revoked || expired(copies, t);
        bool oldest_void = oldest && (oldest->revoked || expired(copies, oldest));
        if (!oldest || (is_void && !oldest_void) ||
            (is_void == oldest_void && th_sn_before(t->number, oldest->number)))
            oldest = t;
    }
    return oldest;
}

/* --------------------------------------------------------------------------------------
 * Its 512 bytes (SPC-4 5.16.6.5)
 */
static void put_token(const struct th_token *t, uint8_t p[TOKEN_BYTES])
{
    const struct th_lu *lu = t->lu;
    const char *name = lu->target->name;
    size_t name_len = strlen(name);

    memset(p, 0, TOKEN_BYTES);
    th_put32(p, TYPE_CHANGE_VULNERABLE);
    th_put16(p + 6, TOKEN_BYTES - 8);
    th_put32(p + 12, t->number);                /* COPY MANAGER ROD TOKEN IDENTIFIER */
    p[16] = 0xe4;                               /* CREATOR LOGICAL UNIT DESCRIPTOR: as in xcopy.c */
    p[17] = lu->type;
    p[20] = 1;
    p[21] = 3;
    p[23] = TH_NAA_BYTES;
    th_lu_naa(lu, p + 24);
    th_put24(p + 45, th_block_bytes(lu));
    th_put64(p + 56, t->n_bytes);               /* NUMBER OF BYTES REPRESENTED */
    th_put32(p + 96, th_block_bytes(lu));       /* as READ CAPACITY(16) has it */
    p[101] = lu->block->physical_shift;
    p[128] = 0x53;                              /* TARGET DEVICE DESCRIPTOR: iSCSI, UTF-8, */
    p[129] = 0xa8;                              /* PIV, of the target, a SCSI name */
    p[131] = (uint8_t)th_pad4((uint32_t)name_len + 1);
    memcpy(p + 132, name, name_len);
    memcpy(p + TOKEN_SECRET_AT, t->secret, TH_TOKEN_SECRET_BYTES);
}

_Static_assert(132 + 224 <= TOKEN_SECRET_AT, "the longest target's name");

/* The token that these bytes are; NULL, and *sense says why not.  It takes as long whether the bytes are nearly right or wrong. */
static struct th_token *find_token(struct th_copies *copies, const uint8_t *bytes, uint32_t *sense)
{
    uint8_t its[TOKEN_BYTES];

    *sense = TH_SENSE_TOKEN_UNKNOWN;
    for (struct th_token *t = copies->tokens; t < copies->tokens + THIMBLE_SCSI_TOKENS; t++) {
        unsigned differ = 0;
        if (!t->lu)
            continue;
        put_token(t, its);
        for (unsigned i = 0; i < TOKEN_BYTES; i++)
            differ |= its[i] ^ bytes[i];
        if (differ)
            continue;
        *sense = t->revoked ? TH_SENSE_TOKEN_REVOKED : expired(copies, t) ? TH_SENSE_TOKEN_EXPIRED : TH_SENSE_NONE;
        return *sense == TH_SENSE_NONE ? t : NULL;
    }
    return NULL;
}

/* --------------------------------------------------------------------------------------
 * Block device range descriptors (SBC-3 5.7.3)
 */
struct ranges {
    const uint8_t *at;
    uint32_t n;
    uint64_t n_blocks;                  /* of all */
};

static uint64_t range_lba(const struct ranges *r, uint32_t i)
{
    return th_get64(r->at + i * RANGE_BYTES);
}

static uint32_t range_blocks(const struct ranges *r, uint32_t i)
{
    return th_get32(r->at + i * RANGE_BYTES + 8);
}

/* True if cmd was refused.  The list has a header of `header` bytes, the last two of which are the length of the descriptors. */
static bool bad_ranges(struct th_cmd *cmd, uint32_t header, struct ranges *r)
{
    uint32_t bytes = th_get16(cmd->param + header - 2);

    *r = (struct ranges){ .at = cmd->param + header, .n = bytes / RANGE_BYTES };
    if (bytes > cmd->data_bytes - header || th_get16(cmd->param) + 2u < header + bytes) {
        th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);
        return true;
    }
    if (r->n == 0 || bytes % RANGE_BYTES != 0 || r->n > TH_TOKEN_RANGES) {
        th_check_list(cmd, header - 2);
        return true;
    }
    for (uint32_t i = 0; i < r->n; i++) {
        r->n_blocks += range_blocks(r, i);
        if (!th_range_ok(range_lba(r, i), range_blocks(r, i), cmd->lu->block->size_blocks)) {
            th_scsi_check(cmd, TH_SENSE_LBA_OUT_OF_RANGE);
            return true;
        }
        for (uint32_t k = 0; k < i; k++)
            if (overlap(range_lba(r, i), range_blocks(r, i), range_lba(r, k), range_blocks(r, k))) {
                th_check_list(cmd, header + i * RANGE_BYTES);
                return true;
            }
    }
    if (r->n_blocks > TRANSFER_MAX_BYTES >> cmd->lu->block->block_shift) {
        th_check_list(cmd, header + 8);
        return true;
    }
    return false;
}

static enum th_next token_run(struct th_cmd *cmd, uint32_t header)
{
    uint32_t list_bytes = th_get32(cmd->cdb + 10);

    if (list_bytes == 0)
        return th_good(cmd);
    if (list_bytes < header || list_bytes > TH_COPY_LIST_MAX)
        return th_scsi_check(cmd, TH_SENSE_LIST_LENGTH);

    cmd->data_bytes = list_bytes;
    return TH_NEXT_PARAM;
}

static uint32_t list_id_of(const struct th_cmd *cmd)
{
    return th_get32(cmd->cdb + 6);
}

/* --------------------------------------------------------------------------------------
 * POPULATE TOKEN
 */
enum th_next th_populate_token_run(struct th_cmd *cmd)
{
    return token_run(cmd, POPULATE_HEADER_BYTES);
}

/* Fills it in; false: there are no random numbers now. */
static bool make_token(struct th_cmd *cmd, struct th_token *t, const struct ranges *r)
{
    struct th_copies *copies = cmd->lu->target->copies;
    uint32_t timeout_s = th_get32(cmd->param + 4);

    *t = (struct th_token){
        .number = copies->next_number++, .used_ms = copies->now_ms,
        .timeout_ms = (timeout_s ? timeout_s : TIMEOUT_DEFAULT_S) * 1000,
        .n_bytes = r->n_blocks << cmd->lu->block->block_shift, .n_ranges = (uint16_t)r->n,
    };
    for (uint32_t i = 0; i < r->n; i++) {
        t->ranges[i].lba = range_lba(r, i);
        t->ranges[i].n_blocks = range_blocks(r, i);
    }
    if (!copies->crypto->random(copies->crypto->ctx, t->secret, sizeof t->secret))
        return false;
    t->lu = cmd->lu;
    return true;
}

enum th_next th_populate_token_param(struct th_cmd *cmd)
{
    struct th_copies *copies = cmd->lu->target->copies;
    uint32_t type = th_get32(cmd->param + 8);
    struct ranges r;

    if (cmd->lost) {                    /* while its parameter list was on its way */
        th_scsi_disk_error(cmd, THIMBLE_ERR_NO_MEDIUM, false);
        return TH_NEXT_STATUS;
    }
    if (th_get32(cmd->param + 4) > TIMEOUT_MAX_S)
        return th_check_list(cmd, 4);
    if (cmd->param[2] & POPULATE_RTV && type != TYPE_CHANGE_VULNERABLE && type != TYPE_POINT_IN_TIME_ANY)
        return th_check_list(cmd, 8);
    if (bad_ranges(cmd, POPULATE_HEADER_BYTES, &r) || !th_copy_begin(cmd, list_id_of(cmd), true))
        return TH_NEXT_STATUS;

    struct th_copy_record *record = th_copy_of(cmd)->record;
    struct th_token *t = new_token(copies);
    th_good(cmd);
    if (!t || !make_token(cmd, t, &r)) {
        th_scsi_check(cmd, TH_SENSE_NO_ROOM_FOR_TOKEN);
    } else {
        record->token = (uint8_t)(t - copies->tokens + 1);
        record->token_number = t->number;
        record->moved_bytes = t->n_bytes;
    }
    th_copy_ended(cmd);
    return TH_NEXT_STATUS;
}

/* --------------------------------------------------------------------------------------
 * WRITE USING TOKEN
 */
enum th_next th_write_using_token_run(struct th_cmd *cmd)
{
    return token_run(cmd, WRITE_HEADER_BYTES);
}

static struct ranges ranges_of(const struct th_cmd *cmd)
{
    const struct th_copy *c = th_copy_of(cmd);

    return (struct ranges){ .at = cmd->param + WRITE_HEADER_BYTES, .n = c->n_segments };
}

/* Where byte `skip` of what t stands for lies on its disk; *left_bytes: how much follows there. */
static uint64_t source_of(const struct th_token *t, uint64_t skip_bytes, uint64_t *left_bytes)
{
    unsigned shift = t->lu->block->block_shift;
    unsigned i = 0;

    while (i + 1u < t->n_ranges && skip_bytes >= (uint64_t)t->ranges[i].n_blocks << shift)
        skip_bytes -= (uint64_t)t->ranges[i++].n_blocks << shift;
    *left_bytes = ((uint64_t)t->ranges[i].n_blocks << shift) - skip_bytes;
    return (t->ranges[i].lba << shift) + skip_bytes;
}

/* The next piece that is in one range of both. */
static int next_piece(struct th_cmd *cmd)
{
    struct th_copy *c = th_copy_of(cmd);
    struct ranges r = ranges_of(cmd);
    unsigned shift = cmd->lu->block->block_shift;
    struct th_lu *from = NULL;
    uint64_t from_byte = 0;

    while (c->segment < c->n_segments && c->range_bytes == (uint64_t)range_blocks(&r, c->segment) << shift) {
        c->segment++;
        c->range_bytes = 0;
        c->record->segments++;
    }
    if (c->segment == c->n_segments)
        return th_step_good(cmd);

    uint64_t n_bytes = ((uint64_t)range_blocks(&r, c->segment) << shift) - c->range_bytes;
    uint64_t to_byte = (range_lba(&r, c->segment) << shift) + c->range_bytes;
    if (c->token) {
        uint64_t left_bytes;
        from = c->token->lu;
        from_byte = source_of(c->token, c->skip_bytes, &left_bytes);
        n_bytes = n_bytes < left_bytes ? n_bytes : left_bytes;
    }
    if (th_copy_refused(cmd, from, from_byte, cmd->lu, to_byte, n_bytes, false))
        return TH_STEP_END;
    c->skip_bytes += n_bytes;
    c->range_bytes += n_bytes;
    return th_copy_move(cmd, from, from_byte, cmd->lu, to_byte, n_bytes, th_copy_durable);
}

/* A token has so many bytes behind so many of its blocks. */
static bool token_has(const struct th_token *t, uint64_t offset_blocks, uint64_t n_bytes)
{
    unsigned shift = t->lu->block->block_shift;

    return th_range_ok(offset_blocks, 0, t->n_bytes >> shift) && n_bytes <= t->n_bytes - (offset_blocks << shift);
}

enum th_next th_write_using_token_param(struct th_cmd *cmd)
{
    struct th_copies *copies = cmd->lu->target->copies;
    const uint8_t *bytes = cmd->param + 16;
    uint64_t offset_blocks = th_get64(cmd->param + 8), skip_bytes = 0;
    struct th_token *t = NULL;
    struct ranges r;
    uint32_t sense;

    if (bad_ranges(cmd, WRITE_HEADER_BYTES, &r))
        return TH_NEXT_STATUS;
    if (th_get32(bytes) != TYPE_ZERO) {
        t = find_token(copies, bytes, &sense);
        if (!t)
            return th_scsi_check(cmd, sense);
        if (!token_has(t, offset_blocks, r.n_blocks << cmd->lu->block->block_shift))
            return th_check_list(cmd, 8);
        skip_bytes = offset_blocks << t->lu->block->block_shift;
    }
    if (!th_copy_begin(cmd, list_id_of(cmd), true))
        return TH_NEXT_STATUS;

    struct th_copy *c = th_copy_of(cmd);
    c->n_segments = r.n;
    c->skip_bytes = skip_bytes;
    c->on = next_piece;
    if (t) {
        c->token = t;
        c->token_number = t->number;
        c->delete_token = cmd->param[2] & WRITE_DEL_TKN;
        t->users++;
        t->used_ms = copies->now_ms;
    }
    return th_steps_run(cmd, next_piece);
}

void th_token_leave(struct th_copies *copies, struct th_token *t, bool delete_it)
{
    t->users--;
    t->used_ms = copies->now_ms;
    if (delete_it)
        t->timeout_ms = 0;              /* when the last one has done with it */
}

/* --------------------------------------------------------------------------------------
 * What is told of them
 */
uint32_t th_token_put_result(const struct th_cmd *cmd, const struct th_copy_record *r, uint8_t *p)
{
    struct th_copies *copies = cmd->lu->target->copies;
    const struct th_token *t = r->token ? &copies->tokens[r->token - 1] : NULL;

    if (!t || !th_token_stands(t, r->token_number) || expired(copies, t)) {
        th_put32(p, 0);
        return 4;
    }
    th_put32(p, 2 + TOKEN_BYTES);
    th_put16(p + 4, 0);
    put_token(t, p + 6);
    return 6 + TOKEN_BYTES;
}

uint32_t th_tokens_put(const struct th_cmd *cmd, uint8_t *p)
{
    const struct th_copies *copies = cmd->lu->target->copies;
    uint8_t bytes[TOKEN_BYTES];
    uint32_t n = 0;

    for (const struct th_token *t = copies->tokens; t < copies->tokens + THIMBLE_SCSI_TOKENS; t++)
        if (t->lu && !t->revoked && !expired(copies, t) && n + TOKEN_MANAGEMENT_BYTES + 8 <= TH_REPLY_MAX) {
            put_token(t, bytes);
            memcpy(p + n, bytes, TOKEN_MANAGEMENT_BYTES);       /* which is not what makes it a token */
            n += TOKEN_MANAGEMENT_BYTES;
        }
    return n;
}

void th_token_put_limits(const struct th_lu *lu, uint8_t *p)
{
    unsigned shift = lu->block->block_shift;

    th_put16(p + 6, TH_TOKEN_RANGES);
    th_put32(p + 8, TIMEOUT_MAX_S);
    th_put32(p + 12, TIMEOUT_DEFAULT_S);
    th_put64(p + 16, TRANSFER_MAX_BYTES >> shift);
    th_put64(p + 24, TRANSFER_BEST_BYTES >> shift);
}

void th_token_put_features(uint8_t *features, uint8_t *types)
{
    th_put32(features + 12, 1);                 /* lifetimes in seconds: at least, at most, without use */
    th_put32(features + 16, UINT32_MAX);
    th_put32(features + 20, TIMEOUT_MAX_S);
    th_put16(features + 42, 0x30);              /* about block devices */
    th_put16(features + 46, 0x2c);
    th_put64(features + 52, TRANSFER_MAX_BYTES);        /* in a ROD */
    th_put64(features + 60, TRANSFER_BEST_BYTES);       /* best in one transfer, to a token, from it */
    th_put64(features + 68, TRANSFER_BEST_BYTES);
    th_put64(features + 76, TRANSFER_BEST_BYTES);

    th_put16(types + 2, 2 * 64);
    th_put32(types + 4, TYPE_CHANGE_VULNERABLE);
    types[8] = 0x03;                            /* TOKEN_IN, TOKEN_OUT */
    th_put32(types + 68, TYPE_ZERO);
    types[72] = 0x02;                           /* TOKEN_IN */
}

#endif
