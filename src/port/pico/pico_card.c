/* SPDX-License-Identifier: MIT
 *
 * pico_card.c: the card of an RP2040 board: block/sdspi.h over a bus of its own.
 *
 * Layer 6.
 */
#include "pico.h"

#if TH_BOARD_PICO

#include "../../block/sdspi.h"

static struct th_pico_spi bus;
static struct thimble_sdspi card;
static uint32_t wanted_hz = 400000, most_hz = UINT32_MAX;
static bool started, usable;

static void transfer(void *ctx, const uint8_t *tx, uint8_t *rx, size_t n)
{
    th_pico_spi_transfer(ctx, tx, rx, n);
}

static void select_card(void *ctx, bool on)
{
    th_pico_spi_select(ctx, on);
}

static uint32_t millis(void *ctx)
{
    (void)ctx;
    return th_board_ms();
}

static void set_clock_hz(void *ctx, uint32_t hz)
{
    wanted_hz = hz;
    th_pico_spi_speed(ctx, hz < most_hz ? hz : most_hz);
}

void th_pico_card_limit(uint32_t hz)
{
    most_hz = hz;
    if (usable)
        set_clock_hz(&bus, wanted_hz);
}

struct thimble_block *thimble_board_card(void)
{
    static const struct th_pico_spi_pins pins = {
        .cs = THIMBLE_BOARD_SD_CS, .sck = THIMBLE_BOARD_SD_SCK, .mosi = THIMBLE_BOARD_SD_MOSI,
        .miso = THIMBLE_BOARD_SD_MISO,
    };
    static const struct thimble_sdspi_config config = {
        .hooks = {
            .ctx = &bus,
            .transfer = transfer,
            .select = select_card,
            .millis = millis,
            .set_clock_hz = set_clock_hz,
        },
    };
    if (started)
        return usable ? &card.block : NULL;
    started = true;
    usable = th_pico_spi_open(&bus, &pins, "card");
    if (!usable)
        return NULL;
    if (thimble_sdspi_init(&card, &config) != THIMBLE_OK)
        thimble_board_log("card: there is none, or it does not answer");
    return &card.block;
}

bool th_board_card_poll(void)
{
    return usable && thimble_sdspi_poll(&card) != THIMBLE_SDSPI_SAME;
}

#else

/* ISO C wants something in every file. */
typedef int th_pico_card_is_not_compiled;

#endif
