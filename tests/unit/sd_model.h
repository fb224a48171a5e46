/* SPDX-License-Identifier: MIT
 *
 * sd_model.h: a model of an SD card on SPI, byte by byte, over an image in memory.
 *
 * It is stricter than cards are: what a host must not do (a command while the card is
 * busy, a data token without the byte before it, a write in the middle of a read) is
 * counted in `violations`.  It has its own time, which goes on with every byte on the
 * bus, so a test waits for no clock, and a driver that waits for ever is caught by
 * `limit_ms`.
 *
 * It can go wrong in every way listed in enum sd_fault: at the k-th command, block or
 * byte.
 */
#ifndef SD_MODEL_H
#define SD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "block/sdspi.h"

enum { SD_BLOCK = 512 };

enum sd_fault {
    SD_FAULT_NONE,

    /* At the k-th command frame. */
    SD_FAULT_COMMAND_CRC,       /* it arrives with a bit turned */
    SD_FAULT_COMMAND_LOST,      /* it is not answered and not done */
    SD_FAULT_RESPONSE_LOST,     /* it is done and not answered */
    SD_FAULT_RESET,             /* the card loses its power for a moment */
    SD_FAULT_PARAMETER,         /* it is answered with "parameter error" and not done */

    /* At the k-th data packet from the card. */
    SD_FAULT_READ_CRC,          /* a bit of it is turned */
    SD_FAULT_READ_ERROR,        /* an error token comes instead */
    SD_FAULT_READ_TOKEN,        /* its token is not one */
    SD_FAULT_READ_NEVER,        /* it does not come */
    SD_FAULT_READ_LATE,         /* it comes after slow_ms */

    /* At the k-th data packet to the card. */
    SD_FAULT_WRITE_CRC,         /* a bit of it is turned */
    SD_FAULT_WRITE_ERROR,       /* the card answers "write error" and does not keep it */
    SD_FAULT_WRITE_RESPONSE,    /* it is kept, but the answer does not come */
    SD_FAULT_WRITE_SLOW,        /* the card is busy for slow_ms */
    SD_FAULT_WRITE_STUCK,       /* the card is busy until its power goes */
    SD_FAULT_WRITE_FORGOTTEN,   /* it is taken, not kept, and CMD13 tells it later */

    /* At the k-th byte on the bus. */
    SD_FAULT_BYTE_IN,           /* a bit of it is turned on its way to the card */
    SD_FAULT_BYTE_OUT,          /* and from it */
    SD_FAULT_GARBAGE,           /* it and the next 600 from the card are garbage */
    SD_FAULT_STUCK_LOW,         /* the line from the card stays low */
    SD_FAULT_REMOVED,           /* the card is taken out */
    SD_FAULT_COUNT
};

struct sd_model {
    /* What card it is; may be changed before it is put in. */
    uint8_t *image;
    uint32_t size_blocks;
    bool     high_capacity;     /* SDHC: addresses are blocks */
    bool     version_1;         /* does not know CMD8 */
    bool     no_scr, no_status, no_erase, no_crc_command;
    uint8_t  csd[16], cid[16], scr[8], ocr[4];
    uint8_t  speed_class, au_size;          /* of its SD status */
    uint8_t  erased;            /* what erased blocks read as */

    /* How it behaves. */
    uint32_t byte_ns;           /* 0: by the clock that the driver sets */
    uint32_t look_ns;           /* that looking at the clock takes; 0: 1000 */
    uint32_t init_ms, busy_us;
    uint32_t read_wait, response_wait;      /* bytes before a token, before R1 (1 to 8) */
    bool     forgets;           /* blocks of an open CMD25 are lost with the power */
    bool     switch_present, switch_protected, protect_switch;
    uint32_t slow_ms;

    /* The planned fault: at occurrence number `at` (from 0) and the `more` that follow;
     * counted from when it is set. */
    enum sd_fault fault;
    uint64_t at, more;
    uint64_t happened;

    /* Seen so far. */
    uint64_t bytes, commands, packets_out, packets_in;
    uint32_t count_of[128];     /* commands, and 64 + n: application commands */
    uint32_t violations;
    uint64_t limit_ms;          /* time that must not be reached */
    bool     hung;

    /* Private. */
    uint64_t ns, busy_until_ns, ready_at_ns;
    uint32_t clock_hz;
    bool     inserted, selected, spi, idle, initialising, app, crc_on;
    bool     stuck_busy, stuck_low;
    uint32_t garbage;
    uint32_t random;
    uint8_t  status;            /* second byte of R2 */
    uint8_t  frame[6];
    unsigned frame_len;
    uint8_t  out[16 + 8];       /* response on its way */
    unsigned out_len, out_at;
    int      phase;             /* enum phase, sd_model.c */
    bool     multiple, writing_failed, idle_byte;
    uint32_t lba;               /* next block of a transfer */
    uint8_t  packet[SD_BLOCK + 2];
    unsigned packet_len, packet_at, wait;
    uint8_t  token;
    uint32_t erase_from, erase_to;
    bool     erase_from_set, erase_to_set;
    uint32_t written;           /* well, since the last write command */
    uint8_t *undo;              /* blocks as they were before the open CMD25 */
    uint32_t undo_from;
    bool     undo_valid;
    bool     forgotten;
};

/* A card of so many blocks, a multiple of 1024, not yet in the slot. */
void sd_model_make(struct sd_model *m, uint32_t size_blocks, bool high_capacity);
void sd_model_free(struct sd_model *m);

void sd_model_insert(struct sd_model *m);
void sd_model_remove(struct sd_model *m);

/* Takes it out, makes it another card with other contents (same size), and puts it in. */
void sd_model_swap(struct sd_model *m, uint8_t serial_number);

/* Plans a fault; counts start now. */
void sd_model_fail(struct sd_model *m, enum sd_fault fault, uint64_t at, uint64_t more);

/* The planned fault, and lines that are stuck, are over. */
void sd_model_heal(struct sd_model *m);

/* Time goes by. */
void sd_model_wait_ms(struct sd_model *m, uint32_t ms);

/* The driver's configuration for this card. */
struct thimble_sdspi_config sd_model_config(struct sd_model *m);

#endif
