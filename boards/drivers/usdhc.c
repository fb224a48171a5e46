/* SPDX-License-Identifier: MIT
 *
 * usdhc.c: see usdhc.h.  SD Physical Layer specification, chapter 4 (SD mode), and the i.MX
 * 6UltraLite and i.MX RT1060 reference manuals, chapter "uSDHC"; data moved by the
 * processor, four data lines, 25 MHz.
 *
 * Each call answers when the card has done the work, so a write is durable when it is
 * answered, and there is no flush.
 *
 * board_config.h: USDHC_BASE, USDHC_CLOCK_HZ.
 */
#include "usdhc.h"

#include <string.h>

#include "block/serial.h"
#include "board.h"
#include "board_config.h"
#include "mmio.h"

#define BLK_ATT         REG(USDHC_BASE + 0x04)
#define CMD_ARG         REG(USDHC_BASE + 0x08)
#define CMD_XFR_TYP     REG(USDHC_BASE + 0x0c)
#define CMD_RSP(n)      REG(USDHC_BASE + 0x10 + 4 * (n))
#define DATA_PORT       REG(USDHC_BASE + 0x20)
#define PRES_STATE      REG(USDHC_BASE + 0x24)
#define PROT_CTRL       REG(USDHC_BASE + 0x28)
#define SYS_CTRL        REG(USDHC_BASE + 0x2c)
#define INT_STATUS      REG(USDHC_BASE + 0x30)
#define INT_STATUS_EN   REG(USDHC_BASE + 0x34)
#define INT_SIGNAL_EN   REG(USDHC_BASE + 0x38)
#define WTMK_LVL        REG(USDHC_BASE + 0x44)
#define MIX_CTRL        REG(USDHC_BASE + 0x48)

#define TYP_INDEX(n)    ((uint32_t)(n) << 24)
#define TYP_DATA        BIT(21)
#define TYP_CHECK_INDEX BIT(20)
#define TYP_CHECK_CRC   BIT(19)
#define TYP_136         (UINT32_C(1) << 16)
#define TYP_48          (UINT32_C(2) << 16)
#define TYP_48_BUSY     (UINT32_C(3) << 16)

#define MIX_COUNT       BIT(1)
#define MIX_AUTO_STOP   BIT(2)
#define MIX_READ        BIT(4)
#define MIX_MULTI       BIT(5)

#define PRES_BUSY       (BIT(0) | BIT(1))       /* command line, data lines */

#define PROT_4_LINES    BIT(1)
#define PROT_LITTLE_ENDIAN (UINT32_C(2) << 4)

#define SYS_CLOCKS_ON   UINT32_C(15)
#define SYS_TIMEOUT_MAX (UINT32_C(14) << 16)
#define SYS_RESET_ALL   BIT(24)
#define SYS_RESET_CMD   BIT(25)
#define SYS_RESET_DATA  BIT(26)
#define SYS_INIT_ACTIVE BIT(27)

#define INT_COMMAND     BIT(0)
#define INT_TRANSFER    BIT(1)
#define INT_CAN_WRITE   BIT(4)
#define INT_CAN_READ    BIT(5)
#define INT_CMD_TIMEOUT BIT(16)
#define INT_ERRORS      UINT32_C(0x117f0000)

/* Out of range, address, length, erase, protection, CRC, illegal, ECC, controller, other. */
#define R1_ERRORS       0xfdf80000u

enum {
    R1_READY = 1 << 8, R1_STATE = 15 << 9, R1_STATE_TRAN = 4 << 9,
    BLOCK_BYTES = 512, BLOCK_WORDS = BLOCK_BYTES / 4, MAX_BLOCKS = 0xffff,
    COMMAND_MS = 100, BLOCK_MS = 1000, BUSY_MS = 1000, POWER_UP_MS = 1000, LOOK_MS = 1000,
    TRIES = 3,
};

enum reply { NONE, R1, R1_BUSY, R2, R3, R6, R7 };

static const uint32_t reply_type[] = {
    [NONE] = 0,
    [R1] = TYP_48 | TYP_CHECK_INDEX | TYP_CHECK_CRC,
    [R1_BUSY] = TYP_48_BUSY | TYP_CHECK_INDEX | TYP_CHECK_CRC,
    [R2] = TYP_136 | TYP_CHECK_CRC,
    [R3] = TYP_48,
    [R6] = TYP_48 | TYP_CHECK_INDEX | TYP_CHECK_CRC,
    [R7] = TYP_48 | TYP_CHECK_INDEX | TYP_CHECK_CRC,
};

static struct thimble_block disk;
static int state = THIMBLE_ERR_NO_MEDIUM;
static uint32_t rca;                    /* the card's address, in the upper half */
static bool by_block;                   /* SDHC: addresses count blocks, not bytes */
static uint32_t seen_ms;
static char serial[THIMBLE_CARD_SERIAL_BYTES];

/* Waits for one of the bits, or an error; returns what was there, 0: time is up. */
static uint32_t wait_for(uint32_t bits, uint32_t limit_ms)
{
    uint32_t start = board_ms();
    uint32_t got;
    do {
        got = INT_STATUS & (bits | INT_ERRORS);
        if (got != 0)
            return got;
    } while (board_ms() - start < limit_ms);
    return 0;
}

static void reset_lines(void)
{
    SYS_CTRL |= SYS_RESET_CMD;          /* QEMU knows one at a time */
    while (SYS_CTRL & SYS_RESET_CMD)
        ;
    SYS_CTRL |= SYS_RESET_DATA;
    while (SYS_CTRL & SYS_RESET_DATA)
        ;
    INT_STATUS = UINT32_MAX;
}

/* THIMBLE_OK; NO_MEDIUM: no answer; HARDWARE: a garbled one. */
static int command(unsigned index, uint32_t argument, enum reply reply, uint32_t data)
{
    uint32_t start = board_ms();
    while (PRES_STATE & PRES_BUSY) {
        if (board_ms() - start >= BUSY_MS) {
            reset_lines();
            return THIMBLE_ERR_HARDWARE;
        }
    }
    INT_STATUS = UINT32_MAX;
    CMD_ARG = argument;
    CMD_XFR_TYP = TYP_INDEX(index) | reply_type[reply] | data;

    uint32_t got = wait_for(INT_COMMAND, COMMAND_MS);
    if (got == INT_COMMAND) {
        INT_STATUS = INT_COMMAND;
        return THIMBLE_OK;
    }
    reset_lines();
    return got == 0 || (got & INT_CMD_TIMEOUT) ? THIMBLE_ERR_NO_MEDIUM : THIMBLE_ERR_HARDWARE;
}

static int app_command(unsigned index, uint32_t argument, enum reply reply)
{
    int err = command(55, rca, R1, 0);
    return err ? err : command(index, argument, reply, 0);
}

static void clock(uint32_t hz)
{
    uint32_t prescale = 1;
    while (prescale < 256 && USDHC_CLOCK_HZ / (prescale * 16) > hz)
        prescale *= 2;
    uint32_t divide = (USDHC_CLOCK_HZ / prescale + hz - 1) / hz;
    if (divide > 16)
        divide = 16;
    if (divide < 1)
        divide = 1;
    SYS_CTRL = SYS_TIMEOUT_MAX | prescale / 2 << 8 | (divide - 1) << 4 | SYS_CLOCKS_ON;
}

/* Bits high to low of the 128 of a CSD or CID, of which the controller keeps 127 to 8. */
static uint32_t reply_bits(unsigned high, unsigned low)
{
    uint32_t value = 0;
    for (unsigned bit = high + 1; bit-- > low;)
        value = value << 1 | (CMD_RSP((bit - 8) / 32) >> (bit - 8) % 32 & 1);
    return value;
}

static void read_cid(void)
{
    uint8_t cid[16] = { 0 };            /* without the check sum */
    for (unsigned i = 0; i < 15; i++)
        cid[i] = (uint8_t)reply_bits(127 - 8 * i, 120 - 8 * i);
    thimble_card_serial(serial, cid);
}

static int read_csd(void)
{
    if (reply_bits(127, 126) == 1) {
        disk.size_blocks = (reply_bits(69, 48) + UINT64_C(1)) << 10;
    } else if (reply_bits(127, 126) == 0) {
        unsigned shift = reply_bits(49, 47) + 2 + reply_bits(83, 80);
        if (shift < 9)
            return THIMBLE_ERR_HARDWARE;
        disk.size_blocks = (reply_bits(73, 62) + UINT64_C(1)) << (shift - 9);
    } else {
        return THIMBLE_ERR_HARDWARE;
    }
    return THIMBLE_OK;
}

static int power_up(void)
{
    uint32_t start = board_ms();
    bool v2;
    int err;

    command(0, 0, NONE, 0);
    err = command(8, 0x1aa, R7, 0);             /* 2.7 to 3.6 V, and an echo */
    if (err == THIMBLE_ERR_HARDWARE)
        return err;
    v2 = err == THIMBLE_OK && (CMD_RSP(0) & 0xfff) == 0x1aa;
    do {
        err = app_command(41, v2 ? 0x40ff8000 : 0x00ff8000, R3);
        if (err)
            return err;
        if (CMD_RSP(0) & BIT(31)) {
            by_block = (CMD_RSP(0) & BIT(30)) != 0;
            return THIMBLE_OK;
        }
    } while (board_ms() - start < POWER_UP_MS);
    return THIMBLE_ERR_HARDWARE;
}

static int identify(void)
{
    int err;

    rca = 0;
    if ((err = power_up()) != 0 || (err = command(2, 0, R2, 0)) != 0)
        return err;
    read_cid();
    if ((err = command(3, 0, R6, 0)) != 0)
        return err;
    rca = CMD_RSP(0) & 0xffff0000u;
    if ((err = command(9, rca, R2, 0)) != 0 || (err = read_csd()) != 0)
        return err;
    if ((err = command(7, rca, R1_BUSY, 0)) != 0 || (err = app_command(6, 2, R1)) != 0)
        return err;
    PROT_CTRL = PROT_LITTLE_ENDIAN | PROT_4_LINES;
    return command(16, BLOCK_BYTES, R1, 0);
}

static void open_card(void)
{
    SYS_CTRL |= SYS_RESET_ALL;
    while (SYS_CTRL & SYS_RESET_ALL)
        ;
    INT_STATUS_EN = UINT32_MAX;
    INT_SIGNAL_EN = 0;
    PROT_CTRL = PROT_LITTLE_ENDIAN;
    WTMK_LVL = (uint32_t)BLOCK_WORDS << 16 | BLOCK_WORDS;
    MIX_CTRL = 0;
    clock(400000);
    SYS_CTRL |= SYS_INIT_ACTIVE;                /* 80 clocks */
    while (SYS_CTRL & SYS_INIT_ACTIVE)
        ;

    disk.size_blocks = 1;
    state = identify();
    if (state == THIMBLE_OK)
        clock(25000000);
    seen_ms = board_ms();
}

/* Waits until the card has written what it was given; what it then says about it. */
static int card_status(void)
{
    uint32_t start = board_ms();
    do {
        int err = command(13, rca, R1, 0);
        if (err)
            return err;
        uint32_t r1 = CMD_RSP(0);
        if (r1 & R1_ERRORS)
            return THIMBLE_ERR_IO;
        if ((r1 & R1_READY) && (r1 & R1_STATE) == R1_STATE_TRAN)
            return THIMBLE_OK;
    } while (board_ms() - start < BUSY_MS);
    return THIMBLE_ERR_HARDWARE;
}

static int move_block(bool reading, uint8_t *buf)
{
    uint32_t ready = reading ? INT_CAN_READ : INT_CAN_WRITE;
    if ((wait_for(ready, BLOCK_MS) & (ready | INT_ERRORS)) != ready)
        return THIMBLE_ERR_IO;
    INT_STATUS = ready;

    for (int i = 0; i < BLOCK_WORDS; i++, buf += 4) {
        uint32_t word;
        if (reading) {
            word = DATA_PORT;
            memcpy(buf, &word, 4);
        } else {
            memcpy(&word, buf, 4);
            DATA_PORT = word;
        }
    }
    return THIMBLE_OK;
}

static int transfer_once(bool reading, uint32_t address, uint32_t n_blocks, uint8_t *buf)
{
    bool multi = n_blocks > 1;
    BLK_ATT = n_blocks << 16 | BLOCK_BYTES;
    MIX_CTRL = (reading ? MIX_READ : 0) | (multi ? MIX_MULTI | MIX_COUNT | MIX_AUTO_STOP : 0);

    int err = command((reading ? 17u : 24u) + multi, address, R1, TYP_DATA);
    if (err)
        return err;
    err = CMD_RSP(0) & R1_ERRORS ? THIMBLE_ERR_IO : THIMBLE_OK;
    for (uint32_t i = 0; i < n_blocks && !err; i++)
        err = move_block(reading, buf + i * BLOCK_BYTES);
    if (!err) {
        /* The end may have been seen together with the last block. */
        uint32_t got = wait_for(INT_TRANSFER, BUSY_MS);
        err = got & INT_TRANSFER && !(got & INT_ERRORS) ? THIMBLE_OK : THIMBLE_ERR_IO;
    }
    if (err) {
        reset_lines();
        MIX_CTRL = 0;
        command(12, 0, R1_BUSY, 0);
    }
    int status = reading && !err ? THIMBLE_OK : card_status();
    return status ? status : err;
}

static int transfer(bool reading, uint64_t lba, uint32_t n_blocks, uint8_t *buf)
{
    while (n_blocks > 0) {
        uint32_t n = n_blocks < MAX_BLOCKS ? n_blocks : MAX_BLOCKS;
        uint32_t address = (uint32_t)(by_block ? lba : lba * BLOCK_BYTES);
        int err = state;
        for (int i = 0; i < TRIES && (i == 0 || err) && !state; i++) {
            err = transfer_once(reading, address, n, buf);
            if (err == THIMBLE_ERR_NO_MEDIUM)
                state = err;                    /* until usdhc_poll() finds a card */
        }
        seen_ms = board_ms();
        if (err)
            return err;
        lba += n;
        buf += n * BLOCK_BYTES;
        n_blocks -= n;
    }
    return THIMBLE_OK;
}

static int do_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                   struct thimble_io *io)
{
    (void)b;
    (void)io;
    return transfer(true, lba, n_blocks, buf);
}

static int do_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, const void *buf,
                    struct thimble_io *io)
{
    (void)b;
    (void)io;
    return transfer(false, lba, n_blocks, (uint8_t *)(uintptr_t)buf);
}

static int do_ready(struct thimble_block *b)
{
    (void)b;
    return state;
}

struct thimble_block *usdhc_disk(void)
{
    if (!disk.read) {
        disk.block_shift = 9;
        disk.removable = true;
        disk.serial = serial;
        disk.read = do_read;
        disk.write = do_write;
        disk.ready = do_ready;
        open_card();
    }
    return &disk;
}

bool usdhc_poll(void)
{
    if (!disk.read || board_ms() - seen_ms < LOOK_MS)
        return false;

    int before = state;
    if (state == THIMBLE_OK) {
        if (command(13, rca, R1, 0) != THIMBLE_OK)
            state = THIMBLE_ERR_NO_MEDIUM;
        seen_ms = board_ms();
    } else {
        open_card();
    }
    return state != before;
}
