/* SPDX-License-Identifier: MIT
 *
 * sd_model.c: see sd_model.h.  SD Physical Layer specification, chapter 7, from the
 * card's side.
 *
 * One byte goes in and one comes out at a time.  What the card does with them is its
 * phase; commands are collected in every phase in which a card listens to them.
 */
#include "sd_model.h"

#include <stdlib.h>
#include <string.h>

enum phase {
    LISTEN,         /* for a command */
    RESPOND,        /* out[] goes out */
    SEND_WAIT,      /* `wait` bytes, then SEND_TOKEN */
    SEND_TOKEN,
    SEND_DATA,      /* packet[], then LISTEN, or SEND_WAIT for the next block */
    TAKE_TOKEN,     /* for a data token, or the stop token */
    TAKE_DATA,      /* into packet[] */
    TAKE_RESPONSE,  /* the data response goes out */
};

enum { R1_IDLE = 1, R1_ILLEGAL = 4, R1_CRC = 8, R1_ADDRESS = 0x20, R1_PARAMETER = 0x40 };
enum { R2_ERROR = 0x04, R2_WP = 0x20, R2_RANGE = 0x80 };

/* The CRCs on purpose not as the driver computes them. */
static uint8_t crc7(const uint8_t *p, size_t n)
{
    unsigned crc = 0;
    for (size_t i = 0; i < 8 * n; i++) {
        unsigned bit = p[i / 8] >> (7 - i % 8) & 1u;
        unsigned top = crc >> 6 & 1u;
        crc = crc << 1 & 0x7f;
        if (bit ^ top)
            crc ^= 0x09;
    }
    return (uint8_t)(crc << 1 | 1);
}

/* With the usual table: a test computes many of these. */
static uint16_t crc16(const uint8_t *p, size_t n)
{
    static uint16_t table[256];
    if (!table[1]) {
        for (unsigned i = 0; i < 256; i++) {
            unsigned crc = i << 8;
            for (int bit = 0; bit < 8; bit++)
                crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
            table[i] = (uint16_t)crc;
        }
    }

    unsigned crc = 0;
    while (n-- > 0)
        crc = (crc << 8 ^ table[(crc >> 8 ^ *p++) & 0xff]) & 0xffff;
    return (uint16_t)crc;
}

static uint8_t noise(struct sd_model *m)
{
    m->random = m->random * 1664525u + 1013904223u;
    return (uint8_t)(m->random >> 24);
}

/* True if the planned fault is this one and its time has come. */
static bool fails(struct sd_model *m, enum sd_fault fault, uint64_t count)
{
    if (m->fault != fault || count < m->at || count > m->at + m->more)
        return false;
    m->happened++;
    return true;
}

static void power_off(struct sd_model *m)
{
    if (m->forgets && m->undo_valid)
        memcpy(m->image + (size_t)m->undo_from * SD_BLOCK,
               m->undo + (size_t)m->undo_from * SD_BLOCK,
               (size_t)(m->lba - m->undo_from) * SD_BLOCK);
    m->undo_valid = false;
    m->spi = m->app = m->crc_on = m->stuck_busy = m->initialising = m->forgotten = false;
    m->idle = true;
    m->phase = LISTEN;
    m->frame_len = 0;
    m->busy_until_ns = 0;
    m->status = 0;
    m->written = 0;
}

/* --------------------------------------------------------------------------------------
 * Answers
 */

static void respond(struct sd_model *m, uint8_t r1, const uint8_t *more, unsigned n)
{
    m->out_len = m->out_at = 0;
    for (unsigned i = 0; i < m->response_wait; i++)
        m->out[m->out_len++] = 0xff;
    m->out[m->out_len++] = (uint8_t)(r1 | (m->idle ? R1_IDLE : 0));
    for (unsigned i = 0; i < n; i++)
        m->out[m->out_len++] = more[i];
    m->phase = RESPOND;
}

static void prepare_packet(struct sd_model *m, const uint8_t *data, unsigned n)
{
    memcpy(m->packet, data, n);
    uint16_t crc = crc16(data, n);
    m->packet[n] = (uint8_t)(crc >> 8);
    m->packet[n + 1] = (uint8_t)crc;
    m->packet_len = n + 2;
    m->packet_at = 0;
    m->wait = m->read_wait;
    m->token = 0xfe;

    uint64_t k = m->packets_out++;
    if (fails(m, SD_FAULT_READ_CRC, k))
        m->packet[n / 2] ^= 0x10;
    if (fails(m, SD_FAULT_READ_ERROR, k))
        m->token = 0x04;                /* card ECC failed */
    if (fails(m, SD_FAULT_READ_TOKEN, k))
        m->token = 0x7e;
    if (fails(m, SD_FAULT_READ_NEVER, k))
        m->wait = UINT32_MAX;
    if (fails(m, SD_FAULT_READ_LATE, k))
        m->ready_at_ns = m->ns + (uint64_t)m->slow_ms * 1000000;
}

static void prepare_block(struct sd_model *m)
{
    if (m->lba >= m->size_blocks) {
        uint8_t nothing[2] = { 0, 0 };
        prepare_packet(m, nothing, 2);
        m->token = 0x08;                /* out of range */
        m->status |= R2_RANGE;
        return;
    }
    prepare_packet(m, m->image + (size_t)m->lba * SD_BLOCK, SD_BLOCK);
    m->lba++;
}

static void answer_with_data(struct sd_model *m, const uint8_t *data, unsigned n)
{
    m->multiple = false;
    prepare_packet(m, data, n);
    respond(m, 0, NULL, 0);
}

static void busy(struct sd_model *m, uint64_t us)
{
    m->busy_until_ns = m->ns + us * 1000;
}

/* --------------------------------------------------------------------------------------
 * Commands
 */

static bool block_of(struct sd_model *m, uint32_t argument, uint32_t *lba)
{
    if (!m->high_capacity && argument % SD_BLOCK != 0) {
        respond(m, R1_ADDRESS, NULL, 0);
        return false;
    }
    *lba = m->high_capacity ? argument : argument / SD_BLOCK;
    if (*lba >= m->size_blocks) {
        respond(m, R1_PARAMETER, NULL, 0);
        return false;
    }
    return true;
}

static bool write_protected(const struct sd_model *m)
{
    return m->csd[14] & 0x30;
}

/* Block m->lba is about to be written; what it was is kept until the write ends. */
static void keep_for_undo(struct sd_model *m)
{
    size_t offset = (size_t)m->lba * SD_BLOCK;
    memcpy(m->undo + offset, m->image + offset, SD_BLOCK);
}

static void erase(struct sd_model *m)
{
    if (!m->erase_from_set || !m->erase_to_set || m->erase_to < m->erase_from) {
        m->status |= 0x40;
        respond(m, 0, NULL, 0);
        return;
    }
    if (write_protected(m))
        m->status |= R2_WP;
    else
        memset(m->image + (size_t)m->erase_from * SD_BLOCK, m->erased,
               (size_t)(m->erase_to - m->erase_from + 1) * SD_BLOCK);
    m->erase_from_set = m->erase_to_set = false;
    respond(m, 0, NULL, 0);
    busy(m, m->busy_us);
}

static bool sending(const struct sd_model *m)
{
    return m->phase == SEND_WAIT || m->phase == SEND_TOKEN || m->phase == SEND_DATA;
}

static void stop(struct sd_model *m)
{
    bool reading = sending(m);
    bool writing = m->phase == TAKE_TOKEN;

    respond(m, reading || writing ? 0 : R1_ILLEGAL, NULL, 0);
    if (m->lba >= m->size_blocks && reading)
        m->out[m->out_len - 1] |= R1_PARAMETER;     /* as some cards do at the end */
    for (unsigned i = m->out_len; i > 0; i--)       /* the byte that may be anything */
        m->out[i] = m->out[i - 1];
    m->out[0] = 0x3f;
    m->out_len++;
    m->multiple = m->writing_failed = m->undo_valid = false;
    busy(m, m->busy_us);
}

static void application_command(struct sd_model *m, uint8_t index, uint32_t argument)
{
    switch (index) {
    case 41:
        if (!m->initialising) {
            m->initialising = true;
            m->ready_at_ns = m->ns + (uint64_t)m->init_ms * 1000000;
        }
        if (m->ns >= m->ready_at_ns && (!m->high_capacity || argument & 0x40000000)) {
            m->idle = false;
            m->ocr[0] = (uint8_t)(0x80 | (m->high_capacity ? 0x40 : 0));
        }
        respond(m, 0, NULL, 0);
        break;
    case 22: {
        uint8_t count[4] = { (uint8_t)(m->written >> 24), (uint8_t)(m->written >> 16),
                             (uint8_t)(m->written >> 8), (uint8_t)m->written };
        answer_with_data(m, count, 4);
        break;
    }
    case 13:
        if (m->no_status) {
            respond(m, R1_ILLEGAL, NULL, 0);
        } else {
            uint8_t status[64] = { [8] = m->speed_class, [10] = (uint8_t)(m->au_size << 4) };
            uint8_t second = m->status;
            m->status = 0;
            answer_with_data(m, status, sizeof status);
            respond(m, 0, &second, 1);
        }
        break;
    case 23:
        respond(m, 0, NULL, 0);
        break;
    case 51:
        if (m->no_scr)
            respond(m, R1_ILLEGAL, NULL, 0);
        else
            answer_with_data(m, m->scr, 8);
        break;
    default:
        respond(m, R1_ILLEGAL, NULL, 0);
        break;
    }
}

static void run_command(struct sd_model *m, uint8_t index, uint32_t argument)
{
    bool app = m->app;
    m->app = false;
    m->count_of[index + (app ? 64 : 0)]++;

    bool idle_ok = index == 0 || index == 8 || index == 55 || index == 58 ||
                   index == 59 || (app && index == 41);
    if (m->idle && !idle_ok) {
        respond(m, R1_ILLEGAL, NULL, 0);
        return;
    }
    if (app) {
        application_command(m, index, argument);
        return;
    }

    bool erasing = index == 32 || index == 33 || index == 38;
    if (!erasing && index != 13)
        m->erase_from_set = m->erase_to_set = false;

    switch (index) {
    case 0:
        power_off(m);
        m->spi = true;
        respond(m, 0, NULL, 0);
        break;
    case 8:
        if (m->version_1) {
            respond(m, R1_ILLEGAL, NULL, 0);
        } else {
            uint8_t echo[4] = { 0, 0, (uint8_t)(argument >> 8 & 15), (uint8_t)argument };
            respond(m, 0, echo, 4);
        }
        break;
    case 9:
        answer_with_data(m, m->csd, 16);
        break;
    case 10:
        answer_with_data(m, m->cid, 16);
        break;
    case 12:
        stop(m);
        break;
    case 13: {
        uint8_t status = m->status;
        m->status = 0;
        m->packet_len = 0;              /* no data follows, as it does ACMD13 */
        respond(m, 0, &status, 1);
        break;
    }
    case 16:
        respond(m, argument == SD_BLOCK ? 0 : R1_PARAMETER, NULL, 0);
        break;
    case 17:
    case 18:
        if (block_of(m, argument, &m->lba)) {
            m->multiple = index == 18;
            prepare_block(m);
            respond(m, 0, NULL, 0);
        }
        break;
    case 24:
    case 25:
        if (block_of(m, argument, &m->lba)) {
            m->multiple = index == 25;
            m->writing_failed = false;
            m->written = 0;
            m->token = 0;               /* RESPOND is followed by TAKE_TOKEN */
            m->packet_len = 0;
            m->undo_from = m->lba;
            m->undo_valid = true;
            respond(m, 0, NULL, 0);
            m->wait = 0;
        }
        break;
    case 32:
        if (m->no_erase)
            respond(m, R1_ILLEGAL, NULL, 0);
        else if ((m->erase_from_set = block_of(m, argument, &m->erase_from)))
            respond(m, 0, NULL, 0);
        break;
    case 33:
        if ((m->erase_to_set = block_of(m, argument, &m->erase_to)))
            respond(m, 0, NULL, 0);
        break;
    case 38:
        erase(m);
        break;
    case 55:
        m->app = true;
        respond(m, 0, NULL, 0);
        break;
    case 58:
        respond(m, 0, m->ocr, 4);
        break;
    case 59:
        if (m->no_crc_command) {
            respond(m, R1_ILLEGAL, NULL, 0);
        } else {
            m->crc_on = argument & 1;
            respond(m, 0, NULL, 0);
        }
        break;
    default:
        respond(m, R1_ILLEGAL, NULL, 0);
        break;
    }
}

/* What follows the response of the command in frame[]. */
static int phase_after(struct sd_model *m, uint8_t index, uint8_t r1)
{
    if (r1 & ~R1_IDLE)
        return LISTEN;
    switch (index) {
    case 9: case 10: case 17: case 18: return SEND_WAIT;
    case 24: case 25:                  return TAKE_TOKEN;
    case 13: case 22: case 51:         return m->packet_len ? SEND_WAIT : LISTEN;
    default:                           return LISTEN;
    }
}

static void on_frame(struct sd_model *m)
{
    uint8_t index = m->frame[0] & 0x3f;
    uint64_t k = m->commands++;

    if (fails(m, SD_FAULT_COMMAND_CRC, k))
        m->frame[3] ^= 0x01;
    bool crc_right = crc7(m->frame, 5) == m->frame[5];
    uint32_t argument = (uint32_t)m->frame[1] << 24 | (uint32_t)m->frame[2] << 16 |
                        (uint32_t)m->frame[3] << 8 | m->frame[4];

    if (fails(m, SD_FAULT_COMMAND_LOST, k))
        return;
    if (fails(m, SD_FAULT_RESET, k)) {
        power_off(m);
        return;
    }
    if (!m->spi) {                      /* SD mode: only CMD0 is heard */
        if (index != 0 || !crc_right)
            return;
    }
    if (!crc_right && (m->crc_on || index == 0 || index == 8)) {
        int phase = m->phase;
        m->app = false;
        respond(m, R1_CRC, NULL, 0);
        m->frame[0] = 0xff;             /* nothing follows the response */
        if (phase != LISTEN)            /* a transfer goes on, and its response is lost */
            m->phase = phase;
        return;
    }
    bool transferring = sending(m) || m->phase == TAKE_TOKEN;
    if (transferring && index != 12 && index != 0) {
        m->violations++;
        if (!sending(m))
            respond(m, R1_ILLEGAL, NULL, 0);
        return;
    }
    if (fails(m, SD_FAULT_PARAMETER, k)) {
        respond(m, R1_PARAMETER, NULL, 0);
        return;
    }

    run_command(m, index, argument);
    if (fails(m, SD_FAULT_RESPONSE_LOST, k) && m->phase == RESPOND) {
        m->out_at = m->out_len;
        m->phase = phase_after(m, index, 0);
    }
}

/* One byte in a phase in which the card listens to commands. */
static void listen(struct sd_model *m, uint8_t in)
{
    if (m->frame_len == 0 && (in & 0xc0) != 0x40)
        return;
    m->frame[m->frame_len++] = in;
    if (m->frame_len == 6) {
        m->frame_len = 0;
        on_frame(m);
    }
}

/* --------------------------------------------------------------------------------------
 * Data to the card
 */

static void on_packet(struct sd_model *m)
{
    uint64_t k = m->packets_in++;
    uint8_t response = 0xe5;
    uint64_t busy_us = m->busy_us;

    if (fails(m, SD_FAULT_WRITE_CRC, k))
        m->packet[SD_BLOCK / 3] ^= 0x80;
    unsigned crc = (unsigned)m->packet[SD_BLOCK] << 8 | m->packet[SD_BLOCK + 1];
    if (m->crc_on && crc16(m->packet, SD_BLOCK) != crc) {
        response = 0xeb;
    } else if (m->writing_failed || fails(m, SD_FAULT_WRITE_ERROR, k)) {
        response = 0xed;
    } else if (write_protected(m)) {
        response = 0xed;
        m->status |= R2_WP;
    } else if (m->lba >= m->size_blocks) {
        response = 0xed;
        m->status |= R2_RANGE;
    } else if (fails(m, SD_FAULT_WRITE_FORGOTTEN, k)) {
        m->forgotten = true;
        keep_for_undo(m);
        m->lba++;
    } else {
        keep_for_undo(m);
        memcpy(m->image + (size_t)m->lba++ * SD_BLOCK, m->packet, SD_BLOCK);
        m->written += !m->forgotten;
    }
    if (response != 0xe5) {
        m->writing_failed = true;
        busy_us = 0;
    }

    m->out[0] = response;
    m->out_len = fails(m, SD_FAULT_WRITE_RESPONSE, k) ? 0 : 1;
    m->out_at = 0;
    if (fails(m, SD_FAULT_WRITE_SLOW, k))
        busy_us = (uint64_t)m->slow_ms * 1000;
    if (fails(m, SD_FAULT_WRITE_STUCK, k))
        m->stuck_busy = true;
    busy(m, busy_us);
    m->phase = m->out_len ? TAKE_RESPONSE : m->multiple ? TAKE_TOKEN : LISTEN;
    m->idle_byte = false;
    if (!m->multiple) {
        m->undo_valid = false;
        if (m->forgotten)
            m->status |= R2_ERROR;
        m->forgotten = false;
    }
}

static void take_token(struct sd_model *m, uint8_t in)
{
    bool collecting = m->frame_len > 0;
    if (collecting || (in & 0xc0) == 0x40) {
        listen(m, in);
        return;
    }
    if (in == 0xff) {
        m->idle_byte = true;
        return;
    }
    if (in == (m->multiple ? 0xfc : 0xfe)) {
        m->violations += !m->idle_byte;
        m->phase = TAKE_DATA;
        m->packet_at = 0;
    } else if (in == 0xfd && m->multiple) {
        m->violations += !m->idle_byte;
        m->phase = LISTEN;
        m->multiple = m->undo_valid = false;
        if (m->forgotten)
            m->status |= R2_ERROR;
        m->forgotten = false;
        busy(m, m->busy_us);
    }
}

/* --------------------------------------------------------------------------------------
 * The bus
 */

static uint8_t card_byte(struct sd_model *m, uint8_t in)
{
    if (m->stuck_busy || m->ns < m->busy_until_ns) {
        if (m->phase == RESPOND || m->phase == TAKE_RESPONSE) {
            /* first the response, then busy */
        } else {
            m->violations += in != 0xff;
            return 0x00;
        }
    }

    uint8_t out = 0xff;
    switch ((enum phase)m->phase) {
    case LISTEN:
        listen(m, in);
        break;
    case RESPOND:
        m->violations += in != 0xff;
        if (m->out_at < m->out_len)
            out = m->out[m->out_at++];
        if (m->out_at == m->out_len)
            m->phase = phase_after(m, m->frame[0] & 0x3f, m->out[m->response_wait]);
        m->idle_byte = false;
        break;
    case SEND_WAIT:
        listen(m, in);
        if (m->phase != SEND_WAIT)
            break;
        if (m->wait > 0)
            m->wait -= m->wait != UINT32_MAX;
        else if (m->ns >= m->ready_at_ns)
            m->phase = SEND_TOKEN;
        break;
    case SEND_TOKEN:
        out = m->token;
        m->packet_at = 0;
        m->phase = SEND_DATA;
        if (m->token < 0x10) {          /* an error: no data follows */
            m->wait = UINT32_MAX;
            m->phase = m->multiple ? SEND_WAIT : LISTEN;
        }
        listen(m, in);
        break;
    case SEND_DATA:
        out = m->packet[m->packet_at++];
        if (m->packet_at == m->packet_len) {
            m->phase = LISTEN;
            if (m->multiple) {
                prepare_block(m);
                m->phase = SEND_WAIT;
            }
        }
        listen(m, in);
        break;
    case TAKE_TOKEN:
        take_token(m, in);
        break;
    case TAKE_DATA:
        m->packet[m->packet_at++] = in;
        if (m->packet_at == sizeof m->packet)
            on_packet(m);
        break;
    case TAKE_RESPONSE:
        out = m->out[0];
        m->phase = m->multiple ? TAKE_TOKEN : LISTEN;
        m->idle_byte = false;
        break;
    }
    return out;
}

static uint8_t bus_byte(struct sd_model *m, uint8_t in)
{
    uint64_t k = m->bytes++;
    m->ns += m->byte_ns ? m->byte_ns : 8000000000u / (m->clock_hz ? m->clock_hz : 400000);
    m->hung = m->hung || m->ns / 1000000 > m->limit_ms;

    if (fails(m, SD_FAULT_BYTE_IN, k))
        in ^= (uint8_t)(1u << k % 8);
    if (fails(m, SD_FAULT_REMOVED, k))
        sd_model_remove(m);
    if (fails(m, SD_FAULT_GARBAGE, k))
        m->garbage = 600;
    if (fails(m, SD_FAULT_STUCK_LOW, k))
        m->stuck_low = true;

    uint8_t out = 0xff;
    if (m->inserted && m->selected)
        out = card_byte(m, in);
    if (m->inserted && !m->selected)
        m->frame_len = 0;
    if (m->garbage > 0) {
        m->garbage--;
        out = noise(m);
    }
    if (fails(m, SD_FAULT_BYTE_OUT, k))
        out ^= (uint8_t)(1u << k % 8);
    return m->stuck_low ? 0x00 : out;
}

static void hook_transfer(void *ctx, const uint8_t *tx, uint8_t *rx, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t out = bus_byte(ctx, tx ? tx[i] : 0xff);
        if (rx)
            rx[i] = out;
    }
}

static void hook_select(void *ctx, bool on)
{
    struct sd_model *m = ctx;
    m->selected = on;
}

/* Looking at the clock takes time as well. */
static uint32_t hook_millis(void *ctx)
{
    struct sd_model *m = ctx;
    m->ns += m->look_ns ? m->look_ns : 1000;
    return (uint32_t)(m->ns / 1000000) + UINT32_C(0xfffffc00);  /* soon wraps */
}

static void hook_set_clock_hz(void *ctx, uint32_t hz)
{
    struct sd_model *m = ctx;
    m->clock_hz = hz;
}

static bool hook_card_present(void *ctx)
{
    const struct sd_model *m = ctx;
    return m->inserted;
}

static bool hook_write_protected(void *ctx)
{
    const struct sd_model *m = ctx;
    return m->switch_protected;
}

/* --------------------------------------------------------------------------------------
 * For the test
 */

void sd_model_make(struct sd_model *m, uint32_t size_blocks, bool high_capacity)
{
    static const uint8_t cid[16] = { 0x03, 'S', 'D', 'S', 'U', '0', '4', 'G', 0x80,
                                     0x12, 0x34, 0xab, 0xcd, 0x01, 0x5a, 0x01 };
    *m = (struct sd_model){
        .size_blocks = size_blocks,
        .high_capacity = high_capacity,
        .busy_us = 100, .init_ms = 30, .read_wait = 4, .response_wait = 1,
        .slow_ms = 50, .limit_ms = 60000,
        .speed_class = 4, .au_size = 9,
        .scr = { 0x02, 0x35, 0x80 },
        .ocr = { 0x00, 0xff, 0x80, 0x00 },
        .random = 1,
    };
    memcpy(m->cid, cid, sizeof cid);

    uint8_t *csd = m->csd;
    csd[4] = 0x5b;                      /* classes 0, 2, 4, 5, 7, 8, 10 */
    if (high_capacity) {
        uint32_t c_size = size_blocks / 1024 - 1;
        csd[0] = 0x40;
        csd[5] = 0x59;
        csd[7] = (uint8_t)(c_size >> 16);
        csd[8] = (uint8_t)(c_size >> 8);
        csd[9] = (uint8_t)c_size;
    } else {
        uint32_t c_size = size_blocks / 512 - 1;        /* C_SIZE_MULT 7: units of 512 */
        csd[5] = 0x59;
        csd[6] = (uint8_t)(c_size >> 10 & 3);
        csd[7] = (uint8_t)(c_size >> 2);
        csd[8] = (uint8_t)(c_size << 6);
        csd[9] = 0x03;
        csd[10] = 0x80;
    }
    csd[10] |= 0x40;                    /* ERASE_BLK_EN */

    m->image = calloc(size_blocks, SD_BLOCK);
    m->undo = malloc((size_t)size_blocks * SD_BLOCK);
    if (!m->image || !m->undo)
        abort();
    power_off(m);
}

void sd_model_free(struct sd_model *m)
{
    free(m->image);
    free(m->undo);
    m->image = m->undo = NULL;
}

void sd_model_insert(struct sd_model *m)
{
    m->inserted = true;
    power_off(m);
}

void sd_model_remove(struct sd_model *m)
{
    power_off(m);
    m->inserted = false;
}

void sd_model_swap(struct sd_model *m, uint8_t serial_number)
{
    sd_model_remove(m);
    m->cid[12] = serial_number;
    memset(m->image, serial_number, (size_t)m->size_blocks * SD_BLOCK);
    sd_model_insert(m);
}

void sd_model_fail(struct sd_model *m, enum sd_fault fault, uint64_t at, uint64_t more)
{
    m->fault = fault;
    m->at = at;
    m->more = more;
    m->happened = 0;
    m->bytes = m->commands = m->packets_out = m->packets_in = 0;
}

void sd_model_heal(struct sd_model *m)
{
    sd_model_fail(m, SD_FAULT_NONE, 0, 0);
    m->stuck_low = false;
    m->stuck_busy = false;
    m->garbage = 0;
}

void sd_model_wait_ms(struct sd_model *m, uint32_t ms)
{
    m->ns += (uint64_t)ms * 1000000;
}

struct thimble_sdspi_config sd_model_config(struct sd_model *m)
{
    struct thimble_sdspi_config config = {
        .hooks = {
            .ctx = m,
            .transfer = hook_transfer,
            .select = hook_select,
            .millis = hook_millis,
            .set_clock_hz = hook_set_clock_hz,
            .card_present = m->switch_present ? hook_card_present : NULL,
            .write_protected = m->protect_switch ? hook_write_protected : NULL,
        },
    };
    return config;
}
