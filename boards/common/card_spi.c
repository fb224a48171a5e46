/* SPDX-License-Identifier: MIT
 *
 * card_spi.c: the card of a board that has it on SPI: src/block/sdspi.c over the three
 * functions of card_spi.h.
 */
#include "card_spi.h"

#include "block/sdspi.h"
#include "board.h"

static struct thimble_sdspi card;

static void transfer(void *ctx, const uint8_t *tx, uint8_t *rx, size_t n)
{
    (void)ctx;
    board_spi_transfer(tx, rx, n);
}

static void select_card(void *ctx, bool on)
{
    (void)ctx;
    board_spi_select(on);
}

static uint32_t millis(void *ctx)
{
    (void)ctx;
    return board_ms();
}

static void set_clock_hz(void *ctx, uint32_t hz)
{
    (void)ctx;
    board_spi_speed(hz);
}

struct thimble_block *board_disk(void)
{
    static const struct thimble_sdspi_config config = {
        .hooks = {
            .transfer = transfer,
            .select = select_card,
            .millis = millis,
            .set_clock_hz = set_clock_hz,
        },
    };
    static bool started;
    if (!started)
        thimble_sdspi_init(&card, &config);
    started = true;
    return &card.block;
}

void board_disk_speed(uint32_t hz)
{
    thimble_sdspi_set_clock(&card, hz);
}

bool board_disk_poll(void)
{
    return thimble_sdspi_poll(&card) != THIMBLE_SDSPI_SAME;
}
