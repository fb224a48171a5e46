/* SPDX-License-Identifier: MIT
 *
 * sdspi.c: requests for blocks into SD commands over SPI, and the card's failures into
 * results.  See sdspi.h.  SD Physical Layer specification, chapters 4 (commands, CRC), 5
 * (registers) and 7 (SPI mode).
 *
 * From the bottom up
 *
 *     CRC                 7 bits over commands, 16 bits over data
 *     bytes, waiting      the hooks; every wait has a limit in milliseconds
 *     commands            frame out, R1 in, R1 into enum fault
 *     data                one block in, one block out
 *     registers           CSD, CID, SCR: size, protection, serial number, erased value; SD status: speed class
 *     health              what went wrong, counted
 *     opening a card      from any state that it may be in
 *     transfers           the open CMD18 or CMD25: begun, continued, ended, given up
 *     requests            tried again within limits; the disk interface
 *     coming and going    poll
 */
#include "sdspi.h"

#include <string.h>

#include "../core/wire.h"

enum {
    GO_IDLE_STATE = 0, SEND_IF_COND = 8, SEND_CSD = 9, SEND_CID = 10,
    STOP_TRANSMISSION = 12, SEND_STATUS = 13, SET_BLOCKLEN = 16, READ_SINGLE_BLOCK = 17,
    READ_MULTIPLE_BLOCK = 18, WRITE_BLOCK = 24, WRITE_MULTIPLE_BLOCK = 25,
    ERASE_WR_BLK_START = 32, ERASE_WR_BLK_END = 33, ERASE = 38, APP_CMD = 55,
    READ_OCR = 58, CRC_ON_OFF = 59,

    APP = 0x80,                         /* after an APP_CMD */
    SD_STATUS = APP | 13, SEND_NUM_WR_BLOCKS = APP | 22, SET_WR_BLK_ERASE_COUNT = APP | 23,
    SD_SEND_OP_COND = APP | 41, SEND_SCR = APP | 51,
};

enum {                                  /* R1, 7.3.2.1 */
    R1_IDLE = 0x01, R1_ILLEGAL = 0x04, R1_CRC = 0x08, R1_ERRORS = 0x70, R1_NONE = 0x80,
};

enum {                                  /* second byte of R2, 7.3.2.3 */
    R2_LOCKED = 0x01, R2_WP_VIOLATION = 0x20,
};

enum {                                  /* 7.3.3 */
    TOKEN_BLOCK = 0xfe, TOKEN_WRITE_MULTIPLE = 0xfc, TOKEN_STOP = 0xfd,
    DATA_ACCEPTED = 0x05, DATA_CRC_ERROR = 0x0b, DATA_WRITE_ERROR = 0x0d,
};

enum {
    BLOCK_BYTES = 512,
    IDENTIFICATION_HZ = 400000, DEFAULT_HZ = 25000000,
    DEFAULT_STREAM_IDLE_MS = 20,

    /* Limits.  The standard asks a host to wait 100 ms for data, 250 ms (SDXC: 500 ms)
     * for a write and a second for initialisation; worn-out cards take longer. */
    READ_MS = 500, BUSY_MS = 1000, INIT_MS = 1000,

    /* The standard's limit for an erase, 250 ms a block, is none.  This many blocks at a
     * time, and an eighth of a millisecond for each. */
    ERASE_BLOCKS = 65536, ERASE_BLOCKS_PER_MS = 8,

    LOOK_MS = 1000,                     /* between two looks whether there is a card */
    TRIES = 3,                          /* of a request, after the first failed */
    COMMAND_TRIES = 3,                  /* of a command whose repetition is harmless */
    ZEROES_BY_ERASE_BLOCKS = 64,        /* below, writing zeros is the gentler way */
};

/* What can be wrong, sorted by what helps. */
enum fault {
    FAULT_NONE,
    FAULT_SILENT,       /* no answer in time: open the card again */
    FAULT_GARBLED,      /* a CRC, or bytes that make no sense: say it again */
    FAULT_REFUSED,      /* the card does not know the command, or not now: as SILENT */
    FAULT_CARD,         /* the card says that it failed */
    FAULT_PROTECTED,    /* the card says that it is write-protected */
};

enum stream { STREAM_NONE, STREAM_READ, STREAM_WRITE };

/* --------------------------------------------------------------------------------------
 * CRC
 */

/* x^7 + x^3 + 1 (4.5), shifted left by one so that the end bit can be added. */
static uint8_t crc7(const uint8_t *p, size_t n)
{
    uint8_t crc = 0;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (uint8_t)(crc & 0x80 ? crc << 1 ^ 0x12 : crc << 1);
    }
    return crc;
}

/* x^16 + x^12 + x^5 + 1 (4.5), without a table, two bytes at a time; n is even.
 *
 * With w the 16 bits that leave the register, what they leave behind is w * x^16, that
 * is w * (x^12 + x^5 + 1); of that, what is beyond 16 bits comes back the same way.
 * Summed up, h = w + w>>4 + w>>8 + w>>12 + w>>11 comes in all, and leaves h * (x^12 +
 * x^5 + 1). */
static uint32_t crc16(const uint8_t *p, size_t n)
{
    uint32_t crc = 0;
    for (const uint8_t *end = p + n; p != end; p += 2) {
        uint32_t w = crc ^ th_get16(p);
        uint32_t h = w ^ w >> 4;
        h ^= h >> 8;
        h ^= w >> 11;
        crc = (h ^ h << 5 ^ h << 12) & 0xffff;
    }
    return crc;
}

/* --------------------------------------------------------------------------------------
 * Bytes, waiting
 */

static void exchange(struct thimble_sdspi *sd, const uint8_t *tx, uint8_t *rx, size_t n)
{
    sd->config.hooks.transfer(sd->config.hooks.ctx, tx, rx, n);
}

static uint8_t get(struct thimble_sdspi *sd)
{
    uint8_t byte;
    exchange(sd, NULL, &byte, 1);
    return byte;
}

static void put(struct thimble_sdspi *sd, uint8_t byte)
{
    exchange(sd, &byte, NULL, 1);
}

static void skip(struct thimble_sdspi *sd, size_t n)
{
    exchange(sd, NULL, NULL, n);
}

static uint32_t now(struct thimble_sdspi *sd)
{
    return sd->config.hooks.millis(sd->config.hooks.ctx);
}

static void set_clock_hz(struct thimble_sdspi *sd, uint32_t hz)
{
    if (sd->config.hooks.set_clock_hz)
        sd->config.hooks.set_clock_hz(sd->config.hooks.ctx, hz);
}

static bool slot_empty(struct thimble_sdspi *sd)
{
    const struct thimble_sdspi_hooks *hooks = &sd->config.hooks;
    return hooks->card_present && !hooks->card_present(hooks->ctx);
}

static void begin(struct thimble_sdspi *sd)
{
    sd->config.hooks.select(sd->config.hooks.ctx, true);
}

/* The card lets go of the line only with the next clock. */
static void end(struct thimble_sdspi *sd)
{
    sd->config.hooks.select(sd->config.hooks.ctx, false);
    skip(sd, 1);
}

/* Waits while the card holds the line low (busy). */
static enum fault wait_ready(struct thimble_sdspi *sd, uint32_t limit_ms)
{
    uint32_t start = now(sd);
    do {
        if (get(sd) == 0xff)
            return FAULT_NONE;
    } while (now(sd) - start < limit_ms);
    return FAULT_SILENT;
}

/* --------------------------------------------------------------------------------------
 * Commands
 */

/* Selects the card and sends a command; returns R1, or R1_NONE set.  The card stays
 * selected. Two commands do not wait until the card is ready: one resets it, the other
 * is sent while it sends data, and one byte after it may be anything (7.2.3, figure
 * 7-4). */
static uint8_t command(struct thimble_sdspi *sd, uint8_t index, uint32_t argument)
{
    uint8_t frame[6] = { (uint8_t)(0x40 | index) };
    th_put32(frame + 1, argument);
    frame[5] = crc7(frame, 5) | 1;

    begin(sd);
    if (index != GO_IDLE_STATE && index != STOP_TRANSMISSION && wait_ready(sd, BUSY_MS))
        return 0xff;

    exchange(sd, frame, NULL, sizeof frame);
    if (index == STOP_TRANSMISSION)
        skip(sd, 1);
    for (int i = 0; i < 10; i++) {
        uint8_t r1 = get(sd);
        if (!(r1 & R1_NONE))
            return r1;
    }
    return 0xff;
}

/* A card that was reset or replaced is idle, and refuses what it is asked then. */
static enum fault judge(uint8_t r1)
{
    if (r1 & R1_NONE)
        return FAULT_SILENT;
    if (r1 & R1_CRC)
        return FAULT_GARBLED;
    if (r1 & R1_ILLEGAL)
        return FAULT_REFUSED;
    if (r1 & R1_ERRORS)
        return FAULT_CARD;
    return FAULT_NONE;
}

/* Selects the card and sends a command of either kind.  The card stays selected. */
static enum fault ask(struct thimble_sdspi *sd, uint8_t index, uint32_t argument)
{
    if (index & APP) {
        enum fault fault = judge(command(sd, APP_CMD, 0));
        end(sd);
        if (fault)
            return fault;
    }
    return judge(command(sd, index & 0x7f, argument));
}

/* The same with the card deselected afterwards, tried again if it was not understood,
 * and with n further bytes of response. */
static enum fault ask_for(struct thimble_sdspi *sd, uint8_t index, uint32_t argument,
                          uint8_t *more, size_t n)
{
    enum fault fault;
    for (int tries = 0; tries < COMMAND_TRIES; tries++) {
        fault = ask(sd, index, argument);
        if (!fault && n > 0)
            exchange(sd, NULL, more, n);
        end(sd);
        if (fault != FAULT_GARBLED)
            break;
    }
    return fault;
}

/* Waits for the end of the last write or erase; what the card has to say about it. */
static enum fault card_status(struct thimble_sdspi *sd)
{
    uint8_t r2;
    enum fault fault = ask_for(sd, SEND_STATUS, 0, &r2, 1);

    if (fault)
        return fault;
    if (r2 & R2_WP_VIOLATION)
        return FAULT_PROTECTED;
    return r2 & ~R2_LOCKED ? FAULT_CARD : FAULT_NONE;
}

/* --------------------------------------------------------------------------------------
 * Data
 */

/* One data packet of n bytes. */
static enum fault receive(struct thimble_sdspi *sd, uint8_t *buf, size_t n)
{
    uint8_t token, crc[2];
    uint32_t start = now(sd);
    do {
        token = get(sd);
    } while (token == 0xff && now(sd) - start < READ_MS);

    if (token == 0xff)
        return FAULT_SILENT;
    if (token != TOKEN_BLOCK)           /* an error token has four zeros and a reason */
        return token > 0 && token < 0x20 ? FAULT_CARD : FAULT_GARBLED;

    exchange(sd, NULL, buf, n);
    exchange(sd, NULL, crc, sizeof crc);
    return th_get16(crc) == crc16(buf, n) ? FAULT_NONE : FAULT_GARBLED;
}

/* A block of zeros: its CRC is 0. */
static void send_zeros(struct thimble_sdspi *sd)
{
    static const uint8_t zeros[64];
    for (size_t sent = 0; sent < BLOCK_BYTES; sent += sizeof zeros)
        exchange(sd, zeros, NULL, sizeof zeros);
}

/* One block out, when the card has done with the last; it may be busy with this one
 * afterwards.  buf NULL: zeros. */
static enum fault send(struct thimble_sdspi *sd, uint8_t token, const uint8_t *buf)
{
    if (wait_ready(sd, BUSY_MS))
        return FAULT_SILENT;

    uint8_t crc[2] = { 0, 0 };
    put(sd, token);
    if (buf) {
        th_put16(crc, crc16(buf, BLOCK_BYTES));
        exchange(sd, buf, NULL, BLOCK_BYTES);
    } else {
        send_zeros(sd);
    }
    exchange(sd, crc, NULL, sizeof crc);

    uint8_t response = 0xff;
    for (int i = 0; i < 8 && (response & 0x11) != 0x01; i++)
        response = get(sd);
    switch (response & 0x1f) {
    case DATA_ACCEPTED:    return FAULT_NONE;
    case DATA_CRC_ERROR:   return FAULT_GARBLED;
    case DATA_WRITE_ERROR: return FAULT_CARD;
    default:               return response == 0xff ? FAULT_SILENT : FAULT_GARBLED;
    }
}

/* Data that is the answer to a command: a register. */
static enum fault fetch(struct thimble_sdspi *sd, uint8_t index, uint8_t *buf, size_t n)
{
    enum fault fault;
    for (int tries = 0; tries < COMMAND_TRIES; tries++) {
        fault = ask(sd, index, 0);
        if (!fault && index == SD_STATUS)       /* its response is an R2 */
            skip(sd, 1);
        if (!fault)
            fault = receive(sd, buf, n);
        if (fault == FAULT_GARBLED)     /* whatever the card still sends */
            skip(sd, n + 2);
        end(sd);
        if (fault != FAULT_GARBLED)
            break;
    }
    return fault;
}

/* --------------------------------------------------------------------------------------
 * Registers
 */

enum { CSD_BYTES = 16, CID_BYTES = 16, SCR_BYTES = 8 };

/* Blocks of 512 bytes, 5.3; 0: the register makes no sense. */
static uint64_t csd_size_blocks(const uint8_t csd[CSD_BYTES])
{
    unsigned structure = csd[0] >> 6;
    if (structure == 0) {               /* SDSC */
        unsigned read_bl_len = csd[5] & 15;
        uint32_t c_size = (csd[6] & 3u) << 10 | (uint32_t)csd[7] << 2 | csd[8] >> 6;
        unsigned c_size_mult = (csd[9] & 3u) << 1 | csd[10] >> 7;
        if (read_bl_len < 9 || read_bl_len > 11)
            return 0;
        return (uint64_t)(c_size + 1) << (c_size_mult + 2 + read_bl_len - 9);
    }
    if (structure == 1) {               /* SDHC, SDXC: units of 512 KiB */
        uint32_t c_size = th_get24(csd + 7) & 0x3fffff;
        return (uint64_t)(c_size + 1) << 10;
    }
    if (structure == 2) {               /* SDUC: what 32 bits of address reach */
        uint64_t size_blocks = ((uint64_t)(th_get32(csd + 6) & 0xfffffff) + 1) << 10;
        return size_blocks >> 32 ? UINT64_C(1) << 32 : size_blocks;
    }
    return 0;
}

static bool csd_write_protected(const uint8_t csd[CSD_BYTES])
{
    return csd[14] & 0x30;              /* PERM_WRITE_PROTECT, TMP_WRITE_PROTECT */
}

/* True if single blocks can be erased; otherwise their neighbours are erased as well. */
static bool csd_erases_blocks(const uint8_t csd[CSD_BYTES])
{
    bool class_5 = csd[4] & 0x02;       /* CCC is byte 4 and the upper half of byte 5 */
    bool erase_blk_en = csd[10] & 0x40;
    return class_5 && erase_blk_en;
}

/* --------------------------------------------------------------------------------------
 * Health
 */
enum request { REQUEST_READ, REQUEST_WRITE, REQUEST_ERASE };

#if THIMBLE_HEALTH

static bool health(struct thimble_insight *of, struct thimble_health *h)
{
    const struct thimble_sdspi *sd =
        (const struct thimble_sdspi *)(const void *)((const char *)of - offsetof(struct thimble_sdspi, insight));

    *h = sd->health;
    return sd->state == THIMBLE_OK;
}

/* 4.10.2: what the card says of its speed; it need not. */
static void read_status(struct thimble_sdspi *sd)
{
    static const uint8_t classes[] = { 0, 2, 4, 6, 10 };
    static const uint16_t units_16kib[] = { 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 1536, 2048, 4096 };
    uint8_t status[64];

    if (fetch(sd, SD_STATUS, status, sizeof status))
        return;
    if (status[8] < sizeof classes)
        sd->health.speed_class = classes[status[8]];
    sd->health.erase_unit_kib = units_16kib[status[10] >> 4] * UINT32_C(16);
}

/* Another card is in use. */
static void begin_health(struct thimble_sdspi *sd)
{
    sd->health = (struct thimble_health){
        .temperature_c = THIMBLE_HEALTH_UNKNOWN, .used_percent = THIMBLE_HEALTH_UNKNOWN, .counted = true,
    };
    sd->insight.health = health;
    sd->block.insight = &sd->insight;
    read_status(sd);
}

static struct thimble_health_requests *requests_of(struct thimble_sdspi *sd, enum request request)
{
    return request == REQUEST_READ ? &sd->health.reads : &sd->health.writes;
}

static void count_fault(struct thimble_sdspi *sd, enum fault fault)
{
    switch (fault) {
    case FAULT_NONE:
    case FAULT_PROTECTED: break;
    case FAULT_SILENT:    sd->health.silent++; break;
    case FAULT_GARBLED:   sd->health.garbled++; break;
    case FAULT_REFUSED:
    case FAULT_CARD:      sd->health.refused++; break;
    }
}

static void count_restart(struct thimble_sdspi *sd)
{
    sd->health.restarts++;
}

static void count_retry(struct thimble_sdspi *sd, enum request request)
{
    requests_of(sd, request)->tries++;
}

static void count_mended(struct thimble_sdspi *sd, enum request request, bool late)
{
    struct thimble_health_requests *r = requests_of(sd, request);
    (*(late ? &r->mended_late : &r->mended))++;
}

/* A request is given up, or what was written and answered before is lost. */
static void count_failed(struct thimble_sdspi *sd, enum request request, enum fault fault)
{
    requests_of(sd, request)->failed++;
    if (request != REQUEST_READ && fault == FAULT_CARD)
        sd->health.failing = true;
}

#else

#define begin_health(sd) ((void)(sd))
#define count_fault(sd, fault) ((void)(sd))
#define count_restart(sd) ((void)(sd))
#define count_retry(sd, request) ((void)(sd))
#define count_mended(sd, request, late) ((void)(sd), (void)(late))
#define count_failed(sd, request, fault) ((void)(sd))

#endif

/* --------------------------------------------------------------------------------------
 * Opening a card
 */

/* A processor that was restarted, or a transfer that went wrong, can leave the card
 * waiting for the rest of a block.  Gives it that, the end of a write, and of a read. */
static void bring_into_step(struct thimble_sdspi *sd)
{
    begin(sd);
    skip(sd, BLOCK_BYTES + 8);
    put(sd, TOKEN_STOP);
    skip(sd, 1);
    (void)wait_ready(sd, BUSY_MS / 2);
    (void)command(sd, STOP_TRANSMISSION, 0);
    end(sd);
}

static int go_idle(struct thimble_sdspi *sd)
{
    bool heard = false;
    for (int tries = 0; tries < 5; tries++) {
        uint8_t r1 = command(sd, GO_IDLE_STATE, 0);
        end(sd);
        if (r1 == R1_IDLE)
            return THIMBLE_OK;
        heard = heard || !(r1 & R1_NONE);
        if (tries == 1 && sd->out_of_step)
            bring_into_step(sd);
    }

    sd->out_of_step = heard;
    return heard || sd->config.hooks.card_present ? THIMBLE_ERR_HARDWARE
                                                  : THIMBLE_ERR_NO_MEDIUM;
}

/* 7.2.1, figure 7-2: voltage, CRC on, high capacity offered, wait. */
static int initialise(struct thimble_sdspi *sd)
{
    uint8_t more[4];
    enum fault fault = ask_for(sd, SEND_IF_COND, 0x1aa, more, sizeof more);
    bool version_2 = fault != FAULT_REFUSED;
    if (version_2 && (fault || (more[2] & 15) != 1 || more[3] != 0xaa))
        return THIMBLE_ERR_HARDWARE;

    fault = ask_for(sd, CRC_ON_OFF, 1, NULL, 0);
    if (fault && fault != FAULT_REFUSED)
        return THIMBLE_ERR_HARDWARE;

    uint32_t start = now(sd);
    for (int bad = 0; ; ) {
        fault = judge(command(sd, APP_CMD, 0));
        end(sd);
        if (!fault) {
            uint8_t r1 = command(sd, SD_SEND_OP_COND & 0x7f, version_2 ? 0x40000000 : 0);
            end(sd);
            if (r1 == 0)
                break;
            fault = judge(r1);
        }
        if (fault && ++bad > COMMAND_TRIES)
            return THIMBLE_ERR_HARDWARE;
        if (now(sd) - start >= INIT_MS)
            return THIMBLE_ERR_HARDWARE;
    }

    sd->block_addressed = false;
    if (version_2) {
        if (ask_for(sd, READ_OCR, 0, more, sizeof more))
            return THIMBLE_ERR_HARDWARE;
        sd->block_addressed = more[0] & 0x40;           /* CCS */
    }
    if (!sd->block_addressed && ask_for(sd, SET_BLOCKLEN, BLOCK_BYTES, NULL, 0))
        return THIMBLE_ERR_HARDWARE;
    return THIMBLE_OK;
}

static int read_io(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                   struct thimble_io *io);
static int write_io(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                    const void *buf, struct thimble_io *io);
static int flush_io(struct thimble_block *b, struct thimble_io *io);
static int unmap_io(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                    struct thimble_io *io);
static int write_zeroes_io(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                           struct thimble_io *io);

/* Learns what card it is.  A different one than before is not used until the owner
 * knows. */
static int identify(struct thimble_sdspi *sd)
{
    uint8_t csd[CSD_BYTES], cid[CID_BYTES], scr[SCR_BYTES];
    if (fetch(sd, SEND_CSD, csd, sizeof csd) || fetch(sd, SEND_CID, cid, sizeof cid))
        return THIMBLE_ERR_HARDWARE;
    bool scr_known = fetch(sd, SEND_SCR, scr, sizeof scr) == FAULT_NONE;

    /* Byte and block addresses must not be mistaken for each other. */
    uint64_t size_blocks = csd_size_blocks(csd);
    if (size_blocks == 0 || sd->block_addressed != (csd[0] >> 6 != 0))
        return THIMBLE_ERR_HARDWARE;

    char serial[sizeof sd->serial];
    thimble_card_serial(serial, cid);
    if (!sd->known || size_blocks != sd->block.size_blocks ||
        memcmp(serial, sd->serial, sizeof serial) != 0) {
        sd->generation++;
        sd->known = true;
        sd->told = false;
    }
    if (memcmp(serial, sd->serial, sizeof serial) != 0)
        begin_health(sd);
    memcpy(sd->serial, serial, sizeof serial);

    const struct thimble_sdspi_hooks *hooks = &sd->config.hooks;
    bool switched = hooks->write_protected && hooks->write_protected(hooks->ctx);
    sd->write_protected = switched || csd_write_protected(csd);
    /* DATA_STAT_AFTER_ERASE, 5.6 */
    sd->erases_to_zeros = csd_erases_blocks(csd) && scr_known && !(scr[1] & 0x80);

    /* A function that was offered once stays: somebody may be about to call it. */
    struct thimble_block *b = &sd->block;
    b->size_blocks = size_blocks;
    b->serial = sd->serial;
    if (!sd->write_protected) {
        b->write = write_io;
        b->write_zeroes = write_zeroes_io;
        if (sd->erases_to_zeros)
            b->unmap = unmap_io;
    }
    return THIMBLE_OK;
}

/* From whatever state to a card that takes requests. */
static int open_card(struct thimble_sdspi *sd)
{
    if (slot_empty(sd))
        return THIMBLE_ERR_NO_MEDIUM;

    sd->stream = STREAM_NONE;
    set_clock_hz(sd, IDENTIFICATION_HZ);
    sd->config.hooks.select(sd->config.hooks.ctx, false);
    skip(sd, 10);

    int result = go_idle(sd);
    if (result == THIMBLE_OK)
        result = initialise(sd);
    if (result == THIMBLE_OK) {
        set_clock_hz(sd, sd->config.max_clock_hz);
        result = identify(sd);
    }
    if (result != THIMBLE_OK)
        return result;

    sd->state = THIMBLE_OK;
    sd->out_of_step = false;
    sd->seen_ms = now(sd);
    return THIMBLE_OK;
}

/* Data that was answered and not flushed is gone, or may be. */
static void defer(struct thimble_sdspi *sd, enum fault fault)
{
    bool protected = fault == FAULT_PROTECTED;
    if (sd->answered_blocks > 0) {
        sd->deferred = protected ? THIMBLE_ERR_WRITE_PROTECTED : THIMBLE_ERR_IO;
        if (!protected)
            count_failed(sd, REQUEST_WRITE, fault);
    }
    sd->answered_blocks = 0;
}

/* There is no card any more; the next one counts as new, even if it is the same. */
static void lose(struct thimble_sdspi *sd, int why)
{
    defer(sd, FAULT_SILENT);
    sd->config.hooks.select(sd->config.hooks.ctx, false);
    sd->stream = STREAM_NONE;
    sd->last_op = STREAM_NONE;
    sd->state = (int8_t)why;
    sd->known = false;
    sd->told = false;
    sd->out_of_step = true;
    sd->next_try_ms = now(sd) + LOOK_MS;
}

/* THIMBLE_OK: the same card is ready again. */
static int reopen(struct thimble_sdspi *sd)
{
    sd->restarts++;
    count_restart(sd);
    sd->out_of_step = true;
    int result = open_card(sd);
    if (result == THIMBLE_ERR_HARDWARE)
        result = open_card(sd);
    if (result != THIMBLE_OK) {
        lose(sd, result);
        return result;
    }
    return sd->told ? THIMBLE_OK : THIMBLE_ERR_NO_MEDIUM;
}

/* --------------------------------------------------------------------------------------
 * Transfers
 */

static uint32_t address(const struct thimble_sdspi *sd, uint64_t lba)
{
    return (uint32_t)(sd->block_addressed ? lba : lba * BLOCK_BYTES);
}

/* At the end of the card some report an error with the response; the data was right. */
static void stop_read(struct thimble_sdspi *sd)
{
    for (int tries = 0; tries < COMMAND_TRIES; tries++) {
        enum fault fault = judge(command(sd, STOP_TRANSMISSION, 0));
        if (fault != FAULT_GARBLED && fault != FAULT_SILENT)
            break;
    }
    (void)wait_ready(sd, BUSY_MS);
    end(sd);
    sd->stream = STREAM_NONE;
}

/* A write failed in the middle.  The current request can be tried again; whether the
 * blocks before it have arrived, the card knows (ACMD22). */
static void give_up_write(struct thimble_sdspi *sd)
{
    uint8_t count[4];

    sd->stream = STREAM_NONE;
    enum fault fault = wait_ready(sd, BUSY_MS);
    if (!fault) {
        (void)command(sd, STOP_TRANSMISSION, 0);
        fault = wait_ready(sd, BUSY_MS);
    }
    end(sd);
    if (!fault && sd->answered_blocks > 0)
        fault = fetch(sd, SEND_NUM_WR_BLOCKS, count, sizeof count);
    if (fault || (sd->answered_blocks > 0 && th_get32(count) < sd->answered_blocks))
        defer(sd, fault);
    sd->answered_blocks = 0;
}

static enum fault stop_write(struct thimble_sdspi *sd)
{
    enum fault fault = wait_ready(sd, BUSY_MS);
    if (!fault) {
        put(sd, TOKEN_STOP);
        skip(sd, 1);
    }
    end(sd);
    if (!fault)
        fault = card_status(sd);

    sd->stream = STREAM_NONE;
    if (fault == FAULT_CARD || fault == FAULT_PROTECTED)
        defer(sd, fault);
    else if (fault)
        give_up_write(sd);
    sd->answered_blocks = 0;
    return fault;
}

/* Ends the open transfer.  A fault is that of blocks that were written before. */
static enum fault close_stream(struct thimble_sdspi *sd)
{
    switch ((enum stream)sd->stream) {
    case STREAM_NONE:  break;
    case STREAM_READ:  stop_read(sd); break;
    case STREAM_WRITE: return stop_write(sd);
    }
    return FAULT_NONE;
}

/* True if the open transfer is of this kind and goes on at lba. */
static bool continues(const struct thimble_sdspi *sd, enum stream op, uint64_t lba)
{
    return sd->stream == op && lba == sd->next_lba;
}

/* A request for one block that follows no other gets a command of its own: an open
 * transfer costs a command more to end. */
static bool alone(const struct thimble_sdspi *sd, enum stream op, uint64_t lba,
                  uint32_t n_blocks)
{
    return n_blocks == 1 && !(sd->last_op == op && lba == sd->next_lba);
}

/* Reads on from where *done says; counts it up with each block that is right. */
static enum fault read_blocks(struct thimble_sdspi *sd, uint64_t lba, uint32_t n_blocks,
                              uint8_t *buf, uint32_t *done)
{
    enum fault fault;
    lba += *done;
    if (!continues(sd, STREAM_READ, lba)) {
        bool single = alone(sd, STREAM_READ, lba, n_blocks);
        (void)close_stream(sd);
        fault = ask(sd, single ? READ_SINGLE_BLOCK : READ_MULTIPLE_BLOCK,
                    address(sd, lba));
        if (fault) {
            end(sd);
            return fault;
        }
        if (!single)
            sd->stream = STREAM_READ;
    }

    do {
        fault = receive(sd, buf + (size_t)*done * BLOCK_BYTES, BLOCK_BYTES);
        if (fault)
            break;
        sd->next_lba = (uint32_t)++lba;
    } while (++*done < n_blocks);

    if (sd->stream == STREAM_NONE) {
        if (fault == FAULT_GARBLED)     /* perhaps the card is still sending */
            skip(sd, BLOCK_BYTES + 2);
        end(sd);
    } else if (fault || sd->config.shared_bus || lba == sd->block.size_blocks) {
        stop_read(sd);
    }
    /* A card that read ahead over its end, or into a bad block, notes that in its
     * status: the next write must not be blamed for it. */
    if ((fault && fault != FAULT_SILENT) || lba == sd->block.size_blocks)
        (void)card_status(sd);
    return fault;
}

static enum fault write_single(struct thimble_sdspi *sd, uint64_t lba, const uint8_t *buf)
{
    enum fault fault = ask(sd, WRITE_BLOCK, address(sd, lba));
    if (!fault)
        fault = send(sd, TOKEN_BLOCK, buf);
    end(sd);
    if (fault == FAULT_CARD && card_status(sd) == FAULT_PROTECTED)
        return FAULT_PROTECTED;         /* a data response does not tell which */
    return fault ? fault : card_status(sd);
}

static enum fault open_write(struct thimble_sdspi *sd, uint64_t lba, uint32_t n_blocks)
{
    if (sd->config.pre_erase)           /* advice: the card may refuse it */
        (void)ask_for(sd, SET_WR_BLK_ERASE_COUNT, n_blocks & 0x7fffff, NULL, 0);

    enum fault fault = ask(sd, WRITE_MULTIPLE_BLOCK, address(sd, lba));
    if (fault) {
        end(sd);
        return fault;
    }
    sd->stream = STREAM_WRITE;
    sd->answered_blocks = 0;
    return FAULT_NONE;
}

/* buf NULL: zeros. */
static enum fault write_blocks(struct thimble_sdspi *sd, uint64_t lba, uint32_t n_blocks,
                               const uint8_t *buf)
{
    if (!continues(sd, STREAM_WRITE, lba)) {
        bool single = alone(sd, STREAM_WRITE, lba, n_blocks);
        (void)close_stream(sd);
        enum fault fault = single ? write_single(sd, lba, buf)
                                  : open_write(sd, lba, n_blocks);
        if (fault)
            return fault;
        if (single) {
            sd->next_lba = (uint32_t)lba + 1;
            return FAULT_NONE;
        }
    }

    for (uint32_t i = 0; i < n_blocks; i++) {
        const uint8_t *block = buf ? buf + (size_t)i * BLOCK_BYTES : NULL;
        enum fault fault = send(sd, TOKEN_WRITE_MULTIPLE, block);
        if (fault) {
            enum fault status = FAULT_NONE;
            give_up_write(sd);
            if (fault == FAULT_CARD)
                status = card_status(sd);
            return status == FAULT_PROTECTED ? status : fault;
        }
    }

    sd->next_lba = (uint32_t)(lba + n_blocks);
    if (sd->config.shared_bus || lba + n_blocks == sd->block.size_blocks)
        return stop_write(sd);
    sd->answered_blocks += n_blocks;
    return FAULT_NONE;
}

/* Erases, waits, and looks whether it is true that zeros are left: there are cards whose
 * SCR says so while their blocks read as 0xff, and some that refuse to erase. */
static enum fault erase_blocks(struct thimble_sdspi *sd, uint64_t lba, uint32_t n_blocks)
{
    uint64_t last = lba + n_blocks - 1;

    (void)close_stream(sd);
    enum fault fault = ask_for(sd, ERASE_WR_BLK_START, address(sd, lba), NULL, 0);
    if (!fault)
        fault = ask_for(sd, ERASE_WR_BLK_END, address(sd, last), NULL, 0);
    if (fault)
        return fault;

    fault = ask(sd, ERASE, 0);
    if (!fault)
        fault = wait_ready(sd, BUSY_MS + n_blocks / ERASE_BLOCKS_PER_MS);
    end(sd);
    return fault ? fault : card_status(sd);
}

/* *zero: the block reads as zeros.  No room for a block here, so it comes in small
 * pieces. */
static enum fault check_zero(struct thimble_sdspi *sd, uint64_t lba, bool *zero)
{
    enum fault fault = ask(sd, READ_SINGLE_BLOCK, address(sd, lba));
    uint8_t piece[16], bits = 0;
    uint32_t start = now(sd);

    while (!fault && (piece[0] = get(sd)) != TOKEN_BLOCK)
        if (piece[0] != 0xff || now(sd) - start >= READ_MS)
            fault = piece[0] == 0xff ? FAULT_SILENT : FAULT_CARD;
    for (size_t got = 0; !fault && got < BLOCK_BYTES + 2; got += sizeof piece) {
        size_t n = got < BLOCK_BYTES ? sizeof piece : 2;
        exchange(sd, NULL, piece, n);
        while (n > 0)                   /* the CRC of zeros is zero as well */
            bits |= piece[--n];
    }
    end(sd);
    if (fault == FAULT_CARD)
        (void)card_status(sd);          /* as in read_blocks() */
    *zero = !fault && bits == 0;
    return fault;
}

static enum fault zero_by_erase(struct thimble_sdspi *sd, uint64_t lba, uint32_t n_blocks)
{
    bool first_zero = false, last_zero = false;
    enum fault fault = erase_blocks(sd, lba, n_blocks);
    if (!fault)
        fault = check_zero(sd, lba, &first_zero);
    if (!fault)
        fault = check_zero(sd, lba + n_blocks - 1, &last_zero);
    if (fault == FAULT_SILENT || fault == FAULT_GARBLED || fault == FAULT_PROTECTED)
        return fault;
    if (first_zero && last_zero)
        return FAULT_NONE;

    sd->erases_to_zeros = false;        /* from now on zeros are written */
    return write_blocks(sd, lba, n_blocks, NULL);
}

/* --------------------------------------------------------------------------------------
 * Requests
 */

static int usable(struct thimble_sdspi *sd)
{
    if (sd->state == THIMBLE_OK && slot_empty(sd))
        lose(sd, THIMBLE_ERR_NO_MEDIUM);
    if (sd->state != THIMBLE_OK)
        return sd->state;
    return sd->told ? THIMBLE_OK : THIMBLE_ERR_NO_MEDIUM;
}

/* What was garbled or failed is tried again at once, and then after opening the card
 * anew; a card that does not answer is opened anew at once. */
static int serve(struct thimble_sdspi *sd, enum request request, uint64_t lba,
                 uint32_t n_blocks, void *read_to, const void *write_from, struct thimble_io *io)
{
    int result = usable(sd);
    if (result != THIMBLE_OK)
        return result;
    if (request != REQUEST_READ && sd->write_protected)
        return THIMBLE_ERR_WRITE_PROTECTED;

    uint32_t read_done = 0;
    bool late = false;
    for (int tries = 0; ; tries++) {
        enum fault fault = FAULT_NONE;
        switch (request) {
        case REQUEST_READ:
            fault = read_blocks(sd, lba, n_blocks, read_to, &read_done);
            break;
        case REQUEST_WRITE:
            fault = write_blocks(sd, lba, n_blocks, write_from);
            break;
        case REQUEST_ERASE:
            fault = zero_by_erase(sd, lba, n_blocks);
            break;
        }
        if (!fault) {
            if (tries > 0)
                count_mended(sd, request, late);
            sd->last_op = request == REQUEST_READ ? STREAM_READ : STREAM_WRITE;
            sd->seen_ms = now(sd);
            return THIMBLE_OK;
        }

        sd->last_op = STREAM_NONE;
        if (fault == FAULT_PROTECTED)
            return THIMBLE_ERR_WRITE_PROTECTED;
        count_fault(sd, fault);
        if (tries == TRIES) {
            count_failed(sd, request, fault);
            if (fault == FAULT_CARD && request == REQUEST_READ) {
                io->n_blocks = read_done;
                return THIMBLE_ERR_BLOCK;
            }
            return fault == FAULT_CARD ? THIMBLE_ERR_IO : THIMBLE_ERR_HARDWARE;
        }
        sd->retries++;
        count_retry(sd, request);
        bool anew = fault == FAULT_CARD ? tries > 1 : fault != FAULT_GARBLED || tries > 0;
        if (anew) {
            late = true;
            result = reopen(sd);
            if (result != THIMBLE_OK)
                return result;
        }
    }
}

static struct thimble_sdspi *card_of(struct thimble_block *b)
{
    return (struct thimble_sdspi *)b;   /* its first member */
}

static int read_io(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                   struct thimble_io *io)
{
    return serve(card_of(b), REQUEST_READ, lba, n_blocks, buf, NULL, io);
}

static int write_io(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                    const void *buf, struct thimble_io *io)
{
    return serve(card_of(b), REQUEST_WRITE, lba, n_blocks, NULL, buf, io);
}

static int zero(struct thimble_sdspi *sd, uint64_t lba, uint32_t n_blocks, bool by_erase)
{
    while (n_blocks > 0) {
        uint32_t n = th_min32(n_blocks, ERASE_BLOCKS);
        bool erase = by_erase && sd->erases_to_zeros;
        enum request request = erase ? REQUEST_ERASE : REQUEST_WRITE;
        int result = serve(sd, request, lba, n, NULL, NULL, NULL);
        if (result != THIMBLE_OK)
            return result;
        lba += n;
        n_blocks -= n;
    }
    return THIMBLE_OK;
}

static int unmap_io(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                    struct thimble_io *io)
{
    (void)io;
    return zero(card_of(b), lba, n_blocks, true);
}

static int write_zeroes_io(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                           struct thimble_io *io)
{
    (void)io;
    return zero(card_of(b), lba, n_blocks, n_blocks >= ZEROES_BY_ERASE_BLOCKS);
}

static int flush_io(struct thimble_block *b, struct thimble_io *io)
{
    (void)io;
    struct thimble_sdspi *sd = card_of(b);
    int result = usable(sd);
    if (result == THIMBLE_OK && sd->stream == STREAM_WRITE)
        (void)close_stream(sd);

    if (sd->deferred != THIMBLE_OK) {
        result = sd->deferred;
        sd->deferred = THIMBLE_OK;
    }
    return result;
}

static int ready_io(struct thimble_block *b)
{
    return usable(card_of(b));
}

void thimble_sdspi_set_clock(struct thimble_sdspi *sd, uint32_t hz)
{
    sd->config.max_clock_hz = hz;
    if (sd->state == THIMBLE_OK)
        set_clock_hz(sd, hz);
}

int thimble_sdspi_init(struct thimble_sdspi *sd,
                       const struct thimble_sdspi_config *config)
{
    const struct thimble_sdspi_hooks *hooks = &config->hooks;
    if (!hooks->transfer || !hooks->select || !hooks->millis)
        return THIMBLE_ERR_ARGUMENT;

    *sd = (struct thimble_sdspi){
        .config = *config,
        .block = {
            .size_blocks = 1,
            .block_shift = 9,
            .physical_shift = 3,        /* flash pages are 4 KiB and more */
            .removable = true,
            .read = read_io,
            .flush = flush_io,
            .ready = ready_io,
        },
        .out_of_step = true,
        .state = THIMBLE_ERR_NO_MEDIUM,
    };
    if (sd->config.max_clock_hz == 0)
        sd->config.max_clock_hz = DEFAULT_HZ;
    if (sd->config.stream_idle_ms == 0)
        sd->config.stream_idle_ms = DEFAULT_STREAM_IDLE_MS;

    int result = open_card(sd);
    if (result == THIMBLE_ERR_HARDWARE)
        result = open_card(sd);
    if (result != THIMBLE_OK)
        lose(sd, result);
    sd->told = true;
    return result;
}

/* --------------------------------------------------------------------------------------
 * Coming and going
 */

static void look_for_card(struct thimble_sdspi *sd)
{
    uint32_t start = now(sd);
    int result = open_card(sd);
    if (result == THIMBLE_OK)
        return;

    sd->state = (int8_t)result;
    sd->next_try_ms = now(sd) + LOOK_MS + 16 * (now(sd) - start);
}

/* The card was not asked for anything lately. */
static void look_after_card(struct thimble_sdspi *sd)
{
    uint32_t idle_ms = now(sd) - sd->seen_ms;

    if (slot_empty(sd)) {
        lose(sd, THIMBLE_ERR_NO_MEDIUM);
    } else if (sd->stream != STREAM_NONE) {
        if (idle_ms >= sd->config.stream_idle_ms)
            (void)close_stream(sd);
    } else if (idle_ms >= LOOK_MS) {
        enum fault fault = card_status(sd);
        sd->seen_ms = now(sd);
        if (fault == FAULT_SILENT || fault == FAULT_REFUSED || fault == FAULT_GARBLED)
            (void)reopen(sd);
    }
}

enum thimble_sdspi_change thimble_sdspi_poll(struct thimble_sdspi *sd)
{
    if (sd->told) {
        if (sd->state == THIMBLE_OK)
            look_after_card(sd);
        else if (!th_sn_before(now(sd), sd->next_try_ms))
            look_for_card(sd);
    }

    if (sd->told)
        return THIMBLE_SDSPI_SAME;
    sd->told = true;
    return sd->state == THIMBLE_OK ? THIMBLE_SDSPI_NEW : THIMBLE_SDSPI_GONE;
}
