/* SPDX-License-Identifier: MIT
 *
 * w5500.c: see w5500.h.  W5500 Datasheet, chapters 2 (SPI), 3 and 4 (registers).
 *
 * From the bottom up
 *
 *     registers           a head of three bytes (address, block, direction), then data
 *     the socket          told what to do, opened
 *     the chip            told all it must know, given up, reset, looked after
 *     frames              in: two bytes of length and the frame, from a ring of 16 KiB;
 *                         out: into the other ring, then the pointer, then the command
 *
 * The rings wrap inside the chip: it takes 16 bits of address and uses the lower 14.
 */
#include "w5500.h"

enum {                                  /* block and direction: the head's third byte */
    COMMON = 0x00, SOCKET = 0x08, TX_RING = 0x10, RX_RING = 0x18,
    WRITE = 0x04, NEXT_SOCKET = 0x20,
};

enum {                                  /* common registers */
    MODE = 0x00, MODE_RESET = 0x80,
    SOURCE_MAC = 0x09, SOCKET_INTERRUPTS = 0x18, PHY = 0x2e, VERSION = 0x39,
    PHY_LINK = 0x01, PHY_FAST = 0x02, PHY_FULL = 0x04, THE_VERSION = 4,
};

enum {                                  /* a socket's */
    S_MODE = 0x00, S_COMMAND = 0x01, S_INTERRUPT = 0x02, S_STATUS = 0x03,
    S_RX_KIB = 0x1e, S_TX_KIB = 0x1f, S_TX_WRITE = 0x24, S_RX_SIZE = 0x26, S_RX_READ = 0x28,
    S_INTERRUPT_MASK = 0x2c,

    MACRAW = 0x04, OUR_MAC_ONLY = 0x80, STATUS_MACRAW = 0x42,
    OPEN = 0x01, CLOSE = 0x10, SEND = 0x20, RECEIVE = 0x40,
    CAME_IN = 0x04, TIMED_OUT = 0x08, WENT_OUT = 0x10,
};

enum {
    SOCKETS = 8, RING_BYTES = 16384, RING_KIB = 16,
    LENGTH_BYTES = 2,                   /* before each frame; it counts itself */
    FRAME_MIN = 14, PADDED = 60,        /* without check sequence */
    USED_MAX = RING_BYTES / 4,          /* room is given back at this many bytes, or at the end */

    RESET_MS = 2, READY_MS = 150,       /* at least half a millisecond; its clock needs one more */
    CHECK_MS = 100, COMMAND_MS = 5,
    SEND_MS = 50,                       /* half duplex, with collisions */
    START_MS = 1000, START_MAX_MS = 16000,
    STEADY_TRIES = 8,
};

/* --------------------------------------------------------------------------------------
 * Registers
 */

static uint32_t now(struct thimble_w5500 *w)
{
    return w->config.hooks.millis(w->config.hooks.ctx);
}

static void exchange(struct thimble_w5500 *w, const uint8_t *tx, uint8_t *rx, size_t n)
{
    w->config.hooks.transfer(w->config.hooks.ctx, tx, rx, n);
}

/* Selects the chip, which stays selected. */
static void begin(struct thimble_w5500 *w, uint8_t block, uint16_t address)
{
    uint8_t head[3] = { (uint8_t)(address >> 8), (uint8_t)address, block };
    w->config.hooks.select(w->config.hooks.ctx, true);
    exchange(w, head, NULL, sizeof head);
}

static void end(struct thimble_w5500 *w)
{
    w->config.hooks.select(w->config.hooks.ctx, false);
}

static uint8_t get8(struct thimble_w5500 *w, uint8_t block, uint16_t address)
{
    uint8_t byte;
    begin(w, block, address);
    exchange(w, NULL, &byte, 1);
    end(w);
    return byte;
}

static uint16_t get16(struct thimble_w5500 *w, uint16_t address)
{
    uint8_t two[2];
    begin(w, SOCKET, address);
    exchange(w, NULL, two, 2);
    end(w);
    return (uint16_t)(two[0] << 8 | two[1]);
}

static void put(struct thimble_w5500 *w, uint8_t block, uint16_t address, const uint8_t *bytes,
                size_t n)
{
    begin(w, block | WRITE, address);
    exchange(w, bytes, NULL, n);
    end(w);
}

static void put8(struct thimble_w5500 *w, uint8_t block, uint16_t address, uint8_t byte)
{
    put(w, block, address, &byte, 1);
}

static void put16(struct thimble_w5500 *w, uint16_t address, uint16_t value)
{
    uint8_t two[2] = { (uint8_t)(value >> 8), (uint8_t)value };
    put(w, SOCKET, address, two, 2);
}

/* --------------------------------------------------------------------------------------
 * The socket
 */

/* Gives a command and waits until the chip has taken it. */
static bool command(struct thimble_w5500 *w, uint8_t what)
{
    put8(w, SOCKET, S_COMMAND, what);
    uint32_t since_ms = now(w);
    do {
        if (get8(w, SOCKET, S_COMMAND) == 0)
            return true;
    } while (now(w) - since_ms < COMMAND_MS);
    return false;
}

/* Opens the socket, whatever state it is in: both rings are empty then. */
static bool open_socket(struct thimble_w5500 *w)
{
    if (!command(w, CLOSE))
        return false;
    put8(w, SOCKET, S_INTERRUPT, 0xff);
    put8(w, SOCKET, S_MODE, MACRAW | OUR_MAC_ONLY);
    if (!command(w, OPEN) || get8(w, SOCKET, S_STATUS) != STATUS_MACRAW)
        return false;
    w->rx_at = get16(w, S_RX_READ);
    w->tx_at = get16(w, S_TX_WRITE);
    w->rx_left = w->rx_used = 0;
    w->sending = false;
    return true;
}

/* --------------------------------------------------------------------------------------
 * The chip
 */

static bool knows_address(struct thimble_w5500 *w)
{
    uint8_t mac[sizeof w->config.mac], differ = 0;
    begin(w, COMMON, SOURCE_MAC);
    exchange(w, NULL, mac, sizeof mac);
    end(w);
    for (unsigned i = 0; i < sizeof mac; i++)
        differ |= mac[i] ^ w->config.mac[i];
    return differ == 0;
}

/* All that the chip is told, and an open socket.  The address comes first and is read back: a chip that knows it
 * has not been without power since, and its wires are right. */
static bool configure(struct thimble_w5500 *w)
{
    put(w, COMMON, SOURCE_MAC, w->config.mac, sizeof w->config.mac);
    if (!knows_address(w))
        return false;
    for (unsigned i = 0; i < SOCKETS; i++) {
        uint8_t block = (uint8_t)(SOCKET + i * NEXT_SOCKET);
        put8(w, block, S_RX_KIB, i == 0 ? RING_KIB : 0);
        put8(w, block, S_TX_KIB, i == 0 ? RING_KIB : 0);
    }
    put8(w, SOCKET, S_INTERRUPT_MASK, CAME_IN);
    put8(w, COMMON, SOCKET_INTERRUPTS, 1);
    return open_socket(w);
}

static void lose(struct thimble_w5500 *w)
{
    w->present = w->link = false;
    w->next_start_ms = now(w) + thimble_backoff_next(&w->backoff, now(w));
}

/* Something was read that cannot be: what else was read, or told, may be as wrong.  What is lost, the network's peers
 * send again. */
static void give_up(struct thimble_w5500 *w)
{
    w->reopened++;
    if (!configure(w))
        lose(w);
}

static void wait_ms(struct thimble_w5500 *w, uint32_t ms)
{
    uint32_t since_ms = now(w);
    while (now(w) - since_ms <= ms)
        ;
}

static bool reset(struct thimble_w5500 *w)
{
    const struct thimble_w5500_hooks *hooks = &w->config.hooks;
    if (hooks->reset) {
        hooks->reset(hooks->ctx, true);
        wait_ms(w, RESET_MS);
        hooks->reset(hooks->ctx, false);
        wait_ms(w, RESET_MS);
    } else {
        put8(w, COMMON, MODE, MODE_RESET);
    }
    uint32_t since_ms = now(w);
    do {
        if (get8(w, COMMON, VERSION) == THE_VERSION && get8(w, COMMON, MODE) == 0)
            return true;
    } while (now(w) - since_ms < READY_MS);
    return false;
}

static bool start(struct thimble_w5500 *w)
{
    if (!reset(w) || !configure(w))
        return false;
    if (w->started)
        w->restarted++;
    w->started = w->present = true;
    w->checked_ms = now(w) - CHECK_MS;
    thimble_backoff_reset(&w->backoff);
    return true;
}

bool thimble_w5500_init(struct thimble_w5500 *w, const struct thimble_w5500_config *config)
{
    *w = (struct thimble_w5500){ .config = *config };
    thimble_backoff_init(&w->backoff, START_MS, START_MAX_MS);
    if (start(w))
        return true;
    lose(w);
    return false;
}

void thimble_w5500_poll(struct thimble_w5500 *w)
{
    if (!w->present) {
        if ((int32_t)(now(w) - w->next_start_ms) >= 0 && !start(w))
            lose(w);
        return;
    }
    if (now(w) - w->checked_ms < CHECK_MS)
        return;
    w->checked_ms = now(w);

    /* A chip whose supply broke down for a moment answers, but knows nothing any more. */
    if (get8(w, COMMON, VERSION) != THE_VERSION) {
        lose(w);
        return;
    }
    if (get8(w, SOCKET, S_STATUS) != STATUS_MACRAW || !knows_address(w))
        give_up(w);
    if (!w->present)
        return;
    uint8_t phy = get8(w, COMMON, PHY);
    w->link = (phy & PHY_LINK) != 0;
    w->fast = (phy & PHY_FAST) != 0;
    w->full_duplex = (phy & PHY_FULL) != 0;
}

/* --------------------------------------------------------------------------------------
 * Frames in
 */

/* How much there is to read.  The chip may be counting it up while it is read.  False: it cannot be so much. */
static bool look(struct thimble_w5500 *w)
{
    uint16_t size = get16(w, S_RX_SIZE);
    for (int tries = 0; tries < STEADY_TRIES; tries++) {
        uint16_t again = get16(w, S_RX_SIZE);
        if (again == size && size <= RING_BYTES) {
            w->rx_left = size > w->rx_used ? (uint16_t)(size - w->rx_used) : 0;
            return size >= w->rx_used;
        }
        size = again;
    }
    return false;
}

static bool worth_a_look(struct thimble_w5500 *w)
{
    const struct thimble_w5500_hooks *hooks = &w->config.hooks;
    if (!hooks->interrupt)
        return true;
    if (!hooks->interrupt(hooks->ctx) && now(w) - w->looked_ms < THIMBLE_W5500_LOOK_MS)
        return false;
    w->looked_ms = now(w);
    put8(w, SOCKET, S_INTERRUPT, CAME_IN);      /* before the look: what comes after it counts */
    return true;
}

/* Gives the chip its room back. */
static void give_back(struct thimble_w5500 *w)
{
    if (w->rx_used == 0)
        return;
    w->rx_used = 0;
    put16(w, S_RX_READ, w->rx_at);
    if (!command(w, RECEIVE))
        give_up(w);
}

/* Reads a frame's length; the frame is open then.  0: it cannot be. */
static size_t open_frame(struct thimble_w5500 *w)
{
    uint8_t length[LENGTH_BYTES];
    begin(w, RX_RING, w->rx_at);
    exchange(w, NULL, length, LENGTH_BYTES);
    size_t whole = (size_t)(length[0] << 8 | length[1]);

    if (whole > w->rx_left || whole < LENGTH_BYTES + FRAME_MIN ||
        whole > LENGTH_BYTES + THIMBLE_W5500_FRAME_MAX) {
        end(w);
        return 0;
    }
    w->frame_len = w->frame_left = (uint16_t)(whole - LENGTH_BYTES);
    return w->frame_len;
}

size_t thimble_w5500_receive(struct thimble_w5500 *w)
{
    if (!w->present)
        return 0;
    if (w->rx_left == 0) {
        if (!worth_a_look(w))
            return 0;
        if (!look(w)) {
            give_up(w);
            return 0;
        }
        if (w->rx_left == 0)
            return 0;
    }
    size_t len = open_frame(w);
    if (len == 0 && look(w))            /* perhaps it was read wrong, or came too early */
        len = open_frame(w);
    if (len == 0)
        give_up(w);
    return len;
}

void thimble_w5500_take(struct thimble_w5500 *w, void *to, size_t n)
{
    if (n > w->frame_left)
        n = w->frame_left;
    if (n > 0)
        exchange(w, NULL, to, n);
    w->frame_left = (uint16_t)(w->frame_left - n);
}

void thimble_w5500_received(struct thimble_w5500 *w)
{
    uint16_t whole = (uint16_t)(w->frame_len + LENGTH_BYTES);
    end(w);
    w->rx_at = (uint16_t)(w->rx_at + whole);
    w->rx_left = (uint16_t)(w->rx_left - whole);
    w->rx_used = (uint16_t)(w->rx_used + whole);
    w->frames_in++;
    if (w->rx_left == 0 || w->rx_used >= USED_MAX)
        give_back(w);
}

/* --------------------------------------------------------------------------------------
 * Frames out
 */

bool thimble_w5500_send(struct thimble_w5500 *w, size_t len)
{
    if (!w->present || !w->link || len < FRAME_MIN || len > THIMBLE_W5500_FRAME_MAX) {
        w->dropped_out++;
        return false;
    }
    w->frame_len = w->frame_left = (uint16_t)len;
    w->padding = (uint16_t)(len < PADDED ? PADDED - len : 0);
    begin(w, TX_RING | WRITE, w->tx_at);
    return true;
}

void thimble_w5500_put(struct thimble_w5500 *w, const void *from, size_t n)
{
    if (n > w->frame_left)
        n = w->frame_left;
    if (n > 0)
        exchange(w, from, NULL, n);
    w->frame_left = (uint16_t)(w->frame_left - n);
}

/* Waits until the last frame is on the wire: usually it is, for moving this one to the chip takes longer. */
static bool wait_for_last(struct thimble_w5500 *w)
{
    while (w->sending) {
        uint8_t what = get8(w, SOCKET, S_INTERRUPT) & (WENT_OUT | TIMED_OUT);
        if (what) {
            put8(w, SOCKET, S_INTERRUPT, what);
            w->sending = false;
        } else if (now(w) - w->sent_ms > SEND_MS) {
            return false;
        }
    }
    return true;
}

void thimble_w5500_sent(struct thimble_w5500 *w)
{
    static const uint8_t zeros[PADDED];
    if (w->padding > 0)
        exchange(w, zeros, NULL, w->padding);
    end(w);
    if (!wait_for_last(w)) {
        w->dropped_out++;
        give_up(w);
        return;
    }
    w->tx_at = (uint16_t)(w->tx_at + w->frame_len + w->padding);
    put16(w, S_TX_WRITE, w->tx_at);
    if (!command(w, SEND)) {
        w->dropped_out++;
        give_up(w);
        return;
    }
    w->sending = true;
    w->sent_ms = now(w);
    w->frames_out++;
}
