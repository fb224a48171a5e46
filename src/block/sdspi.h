/* SPDX-License-Identifier: MIT
 *
 * sdspi.h: an SD card on SPI as a disk.  SDSC, SDHC and SDXC; SD Physical Layer
 * specification, chapter 7 (SPI mode).
 *
 * Layer 0.  Knows the disk interface (thimble.h) and the few functions of struct
 * thimble_sdspi_hooks; no platform, no memory but struct thimble_sdspi and a little
 * stack.
 *
 * Every call answers when it is done; each wait for the card has a limit.  A request
 * that continues where the last one ended continues the card's open transfer (CMD18,
 * CMD25); any other request, a flush, or thimble_sdspi_poll() after a while closes it.
 *
 * What a write means: an answered write may still sit in an open transfer or in the
 * card.  It is durable after flush, which ends the transfer, waits until the card is no
 * longer busy, and asks the card for its status.  If the card then lost data that was
 * answered before, that flush fails.
 *
 * A card comes and goes.  Without one, every call answers THIMBLE_ERR_NO_MEDIUM at once;
 * thimble_sdspi_poll() looks for one.  Another card, or the same one after it was away,
 * is not used before thimble_sdspi_poll() has answered THIMBLE_SDSPI_NEW: nothing that
 * was meant for one card ends on another.
 *
 * With THIMBLE_HEALTH it counts what went wrong, for each card since it was put in, and tells by block.insight.  A card
 * is said to be failing when it has refused a write for good (by its own word, not for a wire's fault): cards put
 * other blocks in the place of worn ones by themselves, so one that reports the failure has none left, or is broken.
 *
 * A write-protected card has no write, unmap and write_zeroes.  Once they were there
 * they stay, for somebody may be about to call them: when a protected card follows one
 * that was not, they answer THIMBLE_ERR_WRITE_PROTECTED.
 */
#ifndef THIMBLE_BLOCK_SDSPI_H
#define THIMBLE_BLOCK_SDSPI_H

#include "../thimble.h"
#include "serial.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The way to the card.  SPI mode 0, most significant bit first.  All get `ctx`. */
struct thimble_sdspi_hooks {
    void *ctx;

    /* Exchanges n bytes.  tx NULL: sends bytes of 0xff.  rx NULL: what comes is dropped.
     * The line from the card needs a pull-up, so that an empty slot reads as 0xff. */
    void (*transfer)(void *ctx, const uint8_t *tx, uint8_t *rx, size_t n);

    /* Chip select: true is low on the wire.  It stays selected while a transfer is open;
     * see shared_bus. */
    void (*select)(void *ctx, bool on);

    /* Milliseconds; starts anywhere, wraps, never stands still. */
    uint32_t (*millis)(void *ctx);

    /* The bus's clock from now on: at most hz.  NULL: the clock is fixed, and slow
     * enough for every card. */
    void (*set_clock_hz)(void *ctx, uint32_t hz);

    /* The slot's card switch.  NULL: there is none; the card is asked once a second. */
    bool (*card_present)(void *ctx);

    /* The slot's write-protect switch, looked at when a card is opened.  NULL: there is
     * none. */
    bool (*write_protected)(void *ctx);
};

struct thimble_sdspi_config {
    struct thimble_sdspi_hooks hooks;

    /* Fastest clock after initialisation.  0: 25 MHz, which every card can. */
    uint32_t max_clock_hz;

    /* An open transfer is closed by thimble_sdspi_poll() after this time without a
     * request. 0: 20 ms. */
    uint16_t stream_idle_ms;

    /* Other devices are on the bus: every request closes its transfer and deselects. */
    bool shared_bus;

    /* Tells the card before a write how many blocks it has (ACMD23): faster on some
     * cards. */
    bool pre_erase;
};

/* All fields but `block` are private; those under "to show" may be read. */
struct thimble_sdspi {
    struct thimble_block block;
    struct thimble_sdspi_config config;

    /* To show. */
    uint32_t generation;        /* counts cards: changes with each THIMBLE_SDSPI_NEW */
    uint32_t retries;           /* requests, or parts of them, that were tried again */
    uint32_t restarts;          /* of these, after initialising the card anew */
    char     serial[THIMBLE_CARD_SERIAL_BYTES];

#if THIMBLE_HEALTH
    struct thimble_insight insight;
    struct thimble_health health;
#endif
    uint32_t seen_ms;           /* last time that the card answered a request */
    uint32_t next_try_ms;       /* without a card: when to look again */
    uint32_t next_lba;          /* where the last read or write ended */
    uint32_t answered_blocks;   /* of the open CMD25: blocks whose request was answered */
    int8_t   state;             /* THIMBLE_OK, or why there is no card */
    int8_t   deferred;          /* what the next flush answers */
    uint8_t  stream;            /* enum stream: the open transfer */
    uint8_t  last_op;           /* enum stream: what the last request would have opened */
    bool     block_addressed : 1, write_protected : 1, erases_to_zeros : 1;
    bool     known : 1;         /* serial and size are those of the card in use */
    bool     told : 1;          /* the owner knows of `state` and of the card */
    bool     out_of_step : 1;   /* the card may be in the middle of a transfer */
};

/* Takes the configuration (copied) and looks for a card.  THIMBLE_OK;
 * THIMBLE_ERR_ARGUMENT: a mandatory hook is missing; any other error says why there is
 * no card to use yet: the disk is usable nevertheless, with size_blocks 1, and `ready`
 * telling the same, until thimble_sdspi_poll() finds one.  block.removable is true;
 * clear it for a card that is soldered or locked in. */
int thimble_sdspi_init(struct thimble_sdspi *sd,
                       const struct thimble_sdspi_config *config);

/* Another fastest clock, from now on: at most hz, which is not 0. */
void thimble_sdspi_set_clock(struct thimble_sdspi *sd, uint32_t hz);

enum thimble_sdspi_change {
    THIMBLE_SDSPI_SAME,
    THIMBLE_SDSPI_GONE,         /* no usable card any more; block.ready() says why */
    THIMBLE_SDSPI_NEW,          /* a card is in use from now on: size, serial and write
                                 * protection may differ; call thimble_lun_changed() */
};

/* To be called from the main loop, as often as convenient.  Closes a transfer that has
 * been idle, notices a card that went or came.  A card that does not initialise costs at
 * most a second and a half, and such attempts take at most a sixteenth of the time. */
enum thimble_sdspi_change thimble_sdspi_poll(struct thimble_sdspi *sd);

#ifdef __cplusplus
}
#endif

#endif
