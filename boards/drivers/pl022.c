/* SPDX-License-Identifier: MIT
 *
 * pl022.c: see pl022.h.  ARM DDI 0194 (PrimeCell SSP).
 *
 * The queues are 8 deep.  A transfer fills the first, then takes out four and puts in four as
 * often as four have arrived: one look at the state for four bytes, and the bus never waits as
 * long as the processor keeps up.
 */
#include "pl022.h"

#include <stdbool.h>

#include "mmio.h"

enum {
    CR0 = 0x00, CR1 = 0x04, DR = 0x08, SR = 0x0c, CPSR = 0x10, IMSC = 0x14, RIS = 0x18,
    SR_RNE = 0x04, SR_BSY = 0x10,
    RIS_RX = 0x04,                      /* four or more have arrived */
    QUEUE = 8, BATCH = 4,
};

void pl022_start(uint32_t base, uint32_t clock_hz, uint32_t bus_hz)
{
    uint32_t divisor = (clock_hz + bus_hz - 1) / bus_hz;
    divisor += divisor & 1;
    if (divisor < 2)
        divisor = 2;
    if (divisor > 254)
        divisor = 254;

    while (REG(base + SR) & SR_BSY)
        ;
    REG(base + CR1) = 0;
    REG(base + CR0) = 7;                /* 8 bits, mode 0 */
    REG(base + CPSR) = divisor;
    REG(base + IMSC) = 0;
    REG(base + CR1) = 2;                /* on */
    while (REG(base + SR) & SR_RNE)
        (void)REG(base + DR);
}

static void wait_for_batch(uint32_t base)
{
    while (!(REG(base + RIS) & RIS_RX))
        ;
}

static uint8_t wait_for_byte(uint32_t base)
{
    while (!(REG(base + SR) & SR_RNE))
        ;
    return (uint8_t)REG(base + DR);
}

static void exchange_few(uint32_t base, const uint8_t *tx, uint8_t *rx, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        REG(base + DR) = tx ? tx[i] : 0xff;
        uint8_t got = wait_for_byte(base);
        if (rx)
            rx[i] = got;
    }
}

static void receive(uint32_t base, uint8_t *rx, size_t n)
{
    for (int i = 0; i < QUEUE; i++)
        REG(base + DR) = 0xff;
    for (n -= QUEUE; n > 0; n -= BATCH, rx += BATCH) {
        wait_for_batch(base);
        for (int i = 0; i < BATCH; i++)
            rx[i] = (uint8_t)REG(base + DR);
        for (int i = 0; i < BATCH; i++)
            REG(base + DR) = 0xff;
    }
    for (int i = 0; i < QUEUE; i++)
        rx[i] = wait_for_byte(base);
}

static void send(uint32_t base, const uint8_t *tx, size_t n)
{
    for (int i = 0; i < QUEUE; i++)
        REG(base + DR) = tx[i];
    tx += QUEUE;
    for (n -= QUEUE; n > 0; n -= BATCH, tx += BATCH) {
        wait_for_batch(base);
        for (int i = 0; i < BATCH; i++)
            (void)REG(base + DR);
        for (int i = 0; i < BATCH; i++)
            REG(base + DR) = tx[i];
    }
    for (int i = 0; i < QUEUE; i++)
        wait_for_byte(base);
}

void pl022_transfer(uint32_t base, const uint8_t *tx, uint8_t *rx, size_t n)
{
    size_t batches = n - n % BATCH;
    bool one_way = !tx != !rx;

    if (one_way && batches >= QUEUE) {
        if (rx) {
            receive(base, rx, batches);
            rx += batches;
        } else {
            send(base, tx, batches);
            tx += batches;
        }
        n -= batches;
    }
    exchange_few(base, tx, rx, n);
}
