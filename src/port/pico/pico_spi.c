/* SPDX-License-Identifier: MIT
 *
 * pico_spi.c: one device on one of the RP2040's two SPI controllers (PL022), its bytes moved by two channels of the
 * DMA, one each way.
 *
 * Layer 6.  RP2040 datasheet, chapters 2.19.2 (which pin can be what), 4.4 (SPI), 2.5 (DMA).  A transfer is waited for:
 * the disk and the network take turns in one loop.
 */
#include "pico.h"

#if TH_BOARD_PICO

#include <hardware/dma.h>
#include <hardware/gpio.h>
#include <hardware/spi.h>

enum {
    DMA_WORTH_BYTES = 24,               /* below, starting it takes longer than the transfer */
    START_HZ = 400000,
    ROLE_MISO = 0, ROLE_SCK = 2, ROLE_MOSI = 3,         /* pin % 4 */
};

static spi_inst_t *controller(const struct th_pico_spi *bus)
{
    return bus->instance ? spi1 : spi0;
}

/* SPI0 is at pins 0 to 7 and 16 to 23, SPI1 at 8 to 15 and 24 to 29. */
static bool plays(int pin, int role, unsigned instance)
{
    return pin >= 0 && pin < 30 && pin % 4 == role && (unsigned)pin / 8 % 2 == instance;
}

bool th_pico_spi_open(struct th_pico_spi *bus, const struct th_pico_spi_pins *pins, const char *who)
{
    unsigned instance = pins->sck >= 0 ? (unsigned)pins->sck / 8 % 2 : 0;
    if (!plays(pins->sck, ROLE_SCK, instance) || !plays(pins->mosi, ROLE_MOSI, instance) ||
        !plays(pins->miso, ROLE_MISO, instance) || pins->cs < 0 || pins->cs >= 30) {
        th_board_log(TH_LOG_ERROR, "%s: pins %d, %d, %d are not SCK, MOSI and MISO of one SPI", who,
                     pins->sck, pins->mosi, pins->miso);
        return false;
    }
    *bus = (struct th_pico_spi){ .instance = instance, .cs = pins->cs };

    gpio_init((uint)pins->cs);
    gpio_put((uint)pins->cs, true);
    gpio_set_dir((uint)pins->cs, GPIO_OUT);
    spi_init(controller(bus), START_HZ);
    gpio_set_function((uint)pins->sck, GPIO_FUNC_SPI);
    gpio_set_function((uint)pins->mosi, GPIO_FUNC_SPI);
    gpio_set_function((uint)pins->miso, GPIO_FUNC_SPI);
    gpio_pull_up((uint)pins->miso);     /* an empty slot shall read as 0xff */

    bus->tx_channel = dma_claim_unused_channel(false);
    bus->rx_channel = dma_claim_unused_channel(false);
    return true;
}

void th_pico_spi_speed(struct th_pico_spi *bus, uint32_t hz)
{
    spi_set_baudrate(controller(bus), hz);
}

void th_pico_spi_select(struct th_pico_spi *bus, bool on)
{
    gpio_put((uint)bus->cs, !on);
}

static void by_dma(struct th_pico_spi *bus, const uint8_t *tx, uint8_t *rx, size_t n)
{
    static const uint8_t ones = 0xff;
    static uint8_t drain;
    spi_inst_t *spi = controller(bus);
    uint in = (uint)bus->rx_channel, out = (uint)bus->tx_channel;

    dma_channel_config c = dma_channel_get_default_config(in);
    channel_config_set_transfer_data_size(&c, DMA_SIZE_8);
    channel_config_set_dreq(&c, spi_get_dreq(spi, false));
    channel_config_set_read_increment(&c, false);
    channel_config_set_write_increment(&c, rx != NULL);
    dma_channel_configure(in, &c, rx ? rx : &drain, &spi_get_hw(spi)->dr, n, false);

    c = dma_channel_get_default_config(out);
    channel_config_set_transfer_data_size(&c, DMA_SIZE_8);
    channel_config_set_dreq(&c, spi_get_dreq(spi, true));
    channel_config_set_read_increment(&c, tx != NULL);
    channel_config_set_write_increment(&c, false);
    dma_channel_configure(out, &c, &spi_get_hw(spi)->dr, tx ? tx : &ones, n, false);

    dma_start_channel_mask(UINT32_C(1) << in | UINT32_C(1) << out);
    dma_channel_wait_for_finish_blocking(in);   /* the last byte that comes is the last of all */
}

static void by_processor(struct th_pico_spi *bus, const uint8_t *tx, uint8_t *rx, size_t n)
{
    uint8_t one;
    if (tx && rx)
        spi_write_read_blocking(controller(bus), tx, rx, n);
    else if (tx)
        spi_write_blocking(controller(bus), tx, n);
    else if (rx)
        spi_read_blocking(controller(bus), 0xff, rx, n);
    else
        while (n-- > 0)
            spi_read_blocking(controller(bus), 0xff, &one, 1);
}

void th_pico_spi_transfer(struct th_pico_spi *bus, const uint8_t *tx, uint8_t *rx, size_t n)
{
    bool dma = bus->tx_channel >= 0 && bus->rx_channel >= 0;
    if (dma && n >= DMA_WORTH_BYTES)
        by_dma(bus, tx, rx, n);
    else
        by_processor(bus, tx, rx, n);
}

#else

/* ISO C wants something in every file. */
typedef int th_pico_spi_is_not_compiled;

#endif
