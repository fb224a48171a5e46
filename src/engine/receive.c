/* SPDX-License-Identifier: MIT
 *
 * receive.c: bytes to PDUs: where the next bytes land, and what happens when they have.
 *
 * Layer 4, RFC 7143 11.1.  A data segment lands where it belongs, without a copy: a WRITE's in a data buffer, a parameter list's
 * in its parameter buffer, text's in the negotiation; what nobody wants, in engine->drop.
 * What a PDU means is request.c's.
 */
#include "engine.h"

#define DIGEST_AT (TH_BHS_BYTES + TH_AHS_MAX)   /* in conn->bhs: where a digest or padding lands */

static void next_piece(struct thimble_conn *c, enum th_rx_state state)
{
    c->rx_state = (uint8_t)state;
    c->rx_got = 0;
}

static void pdu_done(struct thimble_conn *c)
{
    th_count_rx(c);
    next_piece(c, RX_BHS);
    c->rx_crc = TH_CRC32C_INIT;
    c->rx_into = INTO_NOTHING;
    c->rx_task = NULL;
}

/* The data segment, its padding and its digest have arrived. */
static void data_done(struct thimble_conn *c)
{
    th_data_arrived(c);
    if (THIMBLE_OUT_OF_ORDER && c->rx_state != RX_CLOSED && c->n_parked > 0)
        th_unpark(c);
    if (c->rx_state != RX_CLOSED)
        pdu_done(c);
}

static void pad_done(struct thimble_conn *c)
{
    if (THIMBLE_DIGESTS && c->ddigest)
        next_piece(c, RX_DDIGEST);
    else
        data_done(c);
}

static void segment_done(struct thimble_conn *c)
{
    if (c->rx_data_len & 3)
        next_piece(c, RX_PAD);
    else
        pad_done(c);
}

/* The header was acted on: c->rx_into says where its data segment goes. */
static void header_done(struct thimble_conn *c)
{
    c->rx_crc = TH_CRC32C_INIT;
    c->digest_bad = false;
    if (c->rx_data_len == 0)
        data_done(c);
    else
        next_piece(c, c->rx_into == INTO_BUFFER ? RX_BUFFER : RX_DATA);
}

/* Acts on a complete header as soon as that is possible.  False: it must wait. */
static bool dispatch(struct thimble_conn *c)
{
    if (!th_dispatch(c)) {
        th_stall(c);
        return false;
    }
    if (c->rx_state == RX_DISPATCH)
        header_done(c);
    return true;
}

/* There may be room now for the request whose header waits.  Its connection was woken, but if no
 * bytes follow it, the port has no reason to ask where they should land. */
void th_rx_retry(struct thimble_conn *c)
{
    if (c->rx_state == RX_DISPATCH)
        dispatch(c);
}

static bool take_buffer(struct thimble_conn *c)
{
    /* Data of a WRITE goes to the disk at once; everything else is held for a peer's sake. */
    struct th_task *t = c->rx_task;
    bool to_disk = t && t->kind == TASK_COMMAND;

    if (t && th_dormant(t)) {
        c->rx_buf = th_buf_take(c, BUF_DORMANT);
        if (!c->rx_buf) {
            c->rx_into = INTO_NOTHING;
            th_command_refuse(t);
        }
        next_piece(c, RX_DATA);
        return true;
    }
    c->rx_buf = th_buf_take(c, to_disk ? BUF_TO_DISK : BUF_HELD);
    if (!c->rx_buf) {
        th_stall(c);
        return false;
    }
    next_piece(c, RX_DATA);
    return true;
}

static void header_arrived(struct thimble_conn *c)
{
    next_piece(c, RX_DISPATCH);
    dispatch(c);
}

static void ahs_done(struct thimble_conn *c)
{
    if (THIMBLE_DIGESTS && c->hdigest)
        next_piece(c, RX_HDIGEST);
    else
        header_arrived(c);
}

static void bhs_done(struct thimble_conn *c)
{
    c->rx_ahs_len = c->bhs[4];          /* in words of four bytes */
    c->rx_data_len = th_get24(c->bhs + 5);
    if (c->state == CONN_LOGIN && !c->login_done && !th_login_header_ok(c))
        return;                         /* no need to wait for what such a header announces */
    if (c->rx_ahs_len > 0)
        next_piece(c, RX_AHS);
    else
        ahs_done(c);
}

static bool digest_right(struct thimble_conn *c)
{
    uint8_t want[4];
    th_crc32c_put(want, c->rx_crc);
    const uint8_t *got = c->bhs + DIGEST_AT;
    return want[0] == got[0] && want[1] == got[1] && want[2] == got[2] && want[3] == got[3];
}

static void hdigest_done(struct thimble_conn *c)
{
    if (digest_right(c))
        header_arrived(c);
    else
        th_conn_fail(c, THIMBLE_REASON_HEADER_DIGEST);  /* RFC 7143 7.7: lengths cannot be trusted */
}

static void ddigest_done(struct thimble_conn *c)
{
    c->digest_bad = !digest_right(c);
    data_done(c);
}

/* Where the rest of the data segment lands, or the next part of it. */
static uint8_t *data_span(struct thimble_conn *c, size_t *len)
{
    uint32_t left = c->rx_data_len - c->rx_got;

    switch ((enum th_rx_into)c->rx_into) {
    case INTO_BUFFER:
        *len = left;
        return c->rx_buf->mem + c->rx_got;
    case INTO_PARAM: {
        if (!THIMBLE_PARAMETER_LISTS)
            break;
        const struct th_cmd *cmd = &c->rx_task->cmd;
        uint32_t at = c->rx_offset + c->rx_got;
        if (at < cmd->data_bytes) {
            *len = th_min32(left, cmd->data_bytes - at);
            return cmd->param + at;
        }
        break;                          /* more than the command wants */
    }
    case INTO_TEXT: {
        uint8_t *p = th_negotiation_rx_buf(c->text, len);
        if (*len > left)
            *len = left;
        return p;
    }
    case INTO_NOTHING:
        break;
    }
    *len = th_min32(left, sizeof c->engine->drop);
    return c->engine->drop;
}

uint8_t *thimble_conn_rx_buf(struct thimble_conn *c, size_t *len)
{
    if (c->rx_state == RX_DISPATCH && !dispatch(c))
        return NULL;
    if (c->rx_state == RX_BUFFER && !take_buffer(c))
        return NULL;

    switch ((enum th_rx_state)c->rx_state) {
    case RX_BHS:
        *len = TH_BHS_BYTES - c->rx_got;
        return c->bhs + c->rx_got;
    case RX_AHS: {
        uint32_t left = c->rx_ahs_len * 4u - c->rx_got;
        if (c->rx_got < TH_AHS_MAX) {
            *len = th_min32(left, TH_AHS_MAX - c->rx_got);
            return c->bhs + TH_BHS_BYTES + c->rx_got;
        }
        *len = th_min32(left, sizeof c->engine->drop);
        return c->engine->drop;
    }
    case RX_DATA:
        return data_span(c, len);
    case RX_PAD:
        *len = (-c->rx_data_len & 3) - c->rx_got;
        return c->bhs + DIGEST_AT + c->rx_got;
    case RX_HDIGEST:
    case RX_DDIGEST:
        *len = 4 - c->rx_got;
        return c->bhs + DIGEST_AT + c->rx_got;
    case RX_DISPATCH:
    case RX_BUFFER:
    case RX_CLOSED:
        break;
    }
    return NULL;
}

/* The digest runs over what has just landed, before anybody moves it. */
static void digest(struct thimble_conn *c, size_t n)
{
    size_t len;
    c->rx_crc = th_crc32c(c->rx_crc, thimble_conn_rx_buf(c, &len), n);
}

void thimble_conn_rx_ack(struct thimble_conn *c, size_t n)
{
    bool in_header = c->rx_state <= RX_AHS;
    bool in_data = c->rx_state == RX_DATA || c->rx_state == RX_PAD;

    TH_ASSERT(n > 0);
    c->heard = true;
    if (THIMBLE_DIGESTS && ((in_header && c->hdigest) || (in_data && c->ddigest)))
        digest(c, n);
    if (c->rx_state == RX_DATA && c->rx_into == INTO_TEXT)
        th_negotiation_rx_ack(c->text, n);
    c->rx_got += (uint32_t)n;

    switch ((enum th_rx_state)c->rx_state) {
    case RX_BHS:
        if (c->rx_got == TH_BHS_BYTES)
            bhs_done(c);
        break;
    case RX_AHS:
        if (c->rx_got == c->rx_ahs_len * 4u)
            ahs_done(c);
        break;
    case RX_HDIGEST:
        if (THIMBLE_DIGESTS && c->rx_got == 4)
            hdigest_done(c);
        break;
    case RX_DATA:
        if (c->rx_got == c->rx_data_len)
            segment_done(c);
        break;
    case RX_PAD:
        if (c->rx_got == (-c->rx_data_len & 3))
            pad_done(c);
        break;
    case RX_DDIGEST:
        if (THIMBLE_DIGESTS && c->rx_got == 4)
            ddigest_done(c);
        break;
    case RX_DISPATCH:
    case RX_BUFFER:
    case RX_CLOSED:
        break;
    }
}
