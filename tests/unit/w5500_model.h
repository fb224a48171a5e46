/* SPDX-License-Identifier: MIT
 *
 * w5500_model.h: a model of the Ethernet chip W5500 on SPI, byte by byte, as far as MACRAW on socket 0 goes.
 *
 * What a host must not do (a command before the last one was taken, a frame while one is on its way, more
 * room given back than was used) is counted in `violations`.  It has its own time, which goes on
 * with every byte on the bus and every look at the clock, so a test waits for no clock, and a driver that waits for
 * ever is caught by `limit_ms`.
 */
#ifndef W5500_MODEL_H
#define W5500_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/w5500.h"

enum { W5500_RING = 16384, W5500_FRAME_ROOM = 2048 };

enum w5500_fault {
    W5500_FAULT_NONE,

    /* At the k-th byte on the bus. */
    W5500_FAULT_BYTE_IN,        /* a bit of it is turned on its way to the chip */
    W5500_FAULT_BYTE_OUT,       /* and from it */
    W5500_FAULT_GARBAGE,        /* it and the next 600 from the chip are garbage */
    W5500_FAULT_HIGH,           /* from it on the line from the chip is high: it is gone */
    W5500_FAULT_LOW,            /* ... is low */
    W5500_FAULT_RESET,          /* the chip loses its power for a moment */

    /* At the k-th command. */
    W5500_FAULT_COMMAND_STUCK,  /* it is not taken, nor any later one */
    W5500_FAULT_COMMAND_LOST,   /* it seems to be taken, and is not done */

    /* At the k-th frame out. */
    W5500_FAULT_NEVER_SENT,     /* it does not go, and the chip does not tell */
    W5500_FAULT_COUNT
};

struct w5500_model {
    /* How it behaves. */
    bool     link;
    uint8_t  version;
    bool     wire_broken;       /* the interrupt wire is high whatever happens */
    uint32_t limit_ms;          /* time that must not be reached */

    enum w5500_fault fault;
    uint64_t at, happened;

    /* Comes in between the two bytes of a look how much there is. */
    const uint8_t *tearing;
    size_t   tearing_len;

    /* Seen so far. */
    uint64_t bytes, commands, sends;
    uint32_t violations;
    uint32_t frames_out, frames_lost;
    uint8_t  out[W5500_FRAME_ROOM];     /* the last frame that went out */
    size_t   out_len;
    bool     hung;

    /* Private. */
    uint64_t ns, sent_at_ns, taken_at_ns;
    bool     selected, sending, stuck, in_reset, gone_high, gone_low;
    uint32_t garbage, random;
    uint8_t  head[3];
    unsigned n_head;
    uint16_t address;
    uint8_t  common[64], socket[8][64];
    uint8_t  rx[W5500_RING], tx[W5500_RING];
    uint16_t rx_read, rx_write, tx_read;
    uint8_t  seen_size;         /* the low byte of a size that is being read */
};

void w5500_model_make(struct w5500_model *m);

/* A frame arrives; false: no room, or nobody listens.  `claimed`: what its length says, 0: the truth. */
bool w5500_model_arrive(struct w5500_model *m, const uint8_t *frame, size_t len, uint16_t claimed);

void w5500_model_fail(struct w5500_model *m, enum w5500_fault fault, uint64_t at);
void w5500_model_heal(struct w5500_model *m);
void w5500_model_wait_ms(struct w5500_model *m, uint32_t ms);

/* The driver's hooks for this chip; those of the two wires may be cleared. */
struct thimble_w5500_config w5500_model_config(struct w5500_model *m);

#endif
