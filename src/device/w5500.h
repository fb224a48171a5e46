/* SPDX-License-Identifier: MIT
 *
 * w5500.h: WIZnet's W5500 as a plain Ethernet controller: whole frames in and out through its socket 0 in
 * MACRAW mode, with all 16 KiB of each of its two memories.  Its own TCP is not used.
 *
 * Knows neither platform nor network stack: an SPI bus by the functions of struct thimble_w5500_hooks, frames
 * in as many pieces as their owner has.  What it is told by the chip it believes only as far as it makes
 * sense: a length that cannot be ends the socket and opens it again, which empties the chip's memory; a
 * chip that does not answer, or lost what it was told, is started anew, with pauses that grow.  Every wait has a
 * limit.
 *
 *     thimble_w5500_init(&w, &config);
 *     for (;;) {
 *         thimble_w5500_poll(&w);                     w.link tells the link's state
 *         while ((len = thimble_w5500_receive(&w)) > 0) {
 *             thimble_w5500_take(&w, piece, n);       none to all of it, in order
 *             thimble_w5500_received(&w);
 *         }
 *     }
 *     if (thimble_w5500_send(&w, len)) {
 *         thimble_w5500_put(&w, piece, n);            all of it, in order
 *         thimble_w5500_sent(&w);
 *     }
 *
 * Between receive() and received(), and between send() and sent(), the chip is selected: nothing else may be
 * called then.
 *
 * One frame is on its way out at a time; the next one is written into the chip's memory meanwhile.
 */
#ifndef THIMBLE_DEVICE_W5500_H
#define THIMBLE_DEVICE_W5500_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backoff.h"

#ifdef __cplusplus
extern "C" {
#endif

/* SPI mode 0, most significant bit first, 33.3 MHz at most.  All get `ctx`. */
struct thimble_w5500_hooks {
    void *ctx;

    /* Exchanges n bytes.  tx NULL: anything may be sent.  rx NULL: what comes is dropped. */
    void (*transfer)(void *ctx, const uint8_t *tx, uint8_t *rx, size_t n);

    /* Chip select: true is low on the wire. */
    void (*select)(void *ctx, bool on);

    /* Milliseconds; starts anywhere, wraps, never stands still. */
    uint32_t (*millis)(void *ctx);

    /* The reset wire: true is low.  NULL: there is none; the chip is reset by a command. */
    void (*reset)(void *ctx, bool on);

    /* True: the interrupt wire is low: a frame has come in.  NULL: there is none.  It saves looks at the chip and
     * is not trusted: without it, the chip is looked at every THIMBLE_W5500_LOOK_MS. */
    bool (*interrupt)(void *ctx);
};

enum { THIMBLE_W5500_LOOK_MS = 2, THIMBLE_W5500_FRAME_MAX = 1518 };

struct thimble_w5500_config {
    struct thimble_w5500_hooks hooks;
    uint8_t mac[6];
};

/* All fields are private; those under "to show" may be read. */
struct thimble_w5500 {
    struct thimble_w5500_config config;

    /* To show. */
    bool     present;               /* the chip answers */
    bool     link, fast, full_duplex;       /* 100 Mbit/s; both ways at once */
    uint32_t frames_in, frames_out;
    uint32_t dropped_out;           /* no link, no chip, or longer than a frame may be */
    uint32_t reopened;              /* the socket, and all told anew, after something that could not be */
    uint32_t restarted;             /* the chip, after it was gone */

    struct thimble_backoff backoff;
    uint32_t next_start_ms;         /* without a chip: when to look again */
    uint32_t checked_ms, looked_ms, sent_ms;
    uint16_t rx_at, tx_at;          /* the chip's own pointers: 16 bits, wrap */
    uint16_t rx_left;               /* bytes that it has for us, as it said last */
    uint16_t rx_used;               /* read, and not told to it yet */
    uint16_t frame_len, frame_left; /* of the frame that is being moved */
    uint16_t padding;
    bool     sending;               /* a frame is on its way out */
    bool     started;               /* once at least */
};

/* Takes the configuration (copied) and starts the chip: 60 to 200 ms.  False: it does not answer; poll() looks for it
 * again. */
bool thimble_w5500_init(struct thimble_w5500 *w, const struct thimble_w5500_config *config);

/* From the main loop, as often as convenient: looks after the chip and the link ten times a second.  Without a
 * chip it takes up to 200 ms, seldom. */
void thimble_w5500_poll(struct thimble_w5500 *w);

/* Length of the next frame that came in, which is then open; 0: there is none. */
size_t thimble_w5500_receive(struct thimble_w5500 *w);
void thimble_w5500_take(struct thimble_w5500 *w, void *to, size_t n);
void thimble_w5500_received(struct thimble_w5500 *w);

/* Opens a frame of len bytes, without check sequence; short ones are padded.  False: it is dropped. */
bool thimble_w5500_send(struct thimble_w5500 *w, size_t len);
void thimble_w5500_put(struct thimble_w5500 *w, const void *from, size_t n);
void thimble_w5500_sent(struct thimble_w5500 *w);

#ifdef __cplusplus
}
#endif

#endif
