/* SPDX-License-Identifier: MIT
 *
 * esp32_card.c: the SD card as a disk, by the drivers of ESP-IDF: its own protocol with one or four data lines (SDMMC), or
 * SPI.  Neither of ESP-IDF's file systems is used.
 *
 * Layer 6.  The drivers move data by DMA and let other tasks run meanwhile; a call here ends when the card has
 * answered.  A buffer that DMA cannot reach (PSRAM, or not at a multiple of four) they copy, sector by sector.
 */
#include "esp32.h"

#include "../../block/serial.h"

#if TH_BOARD_ESP32

#include <sdmmc_cmd.h>
#include <string.h>

#include "../board/card_watch.h"

#if THIMBLE_BOARD_SD_LINES
#include <driver/sdmmc_host.h>
#else
#include <driver/sdspi_host.h>
#include <driver/spi_master.h>
#endif

/* SPI.  The defaults are those of docs/boards. */
#ifndef THIMBLE_BOARD_SD_CS
#define THIMBLE_BOARD_SD_CS ((const int[])TH_SPI_PINS)[0]
#endif
#ifndef THIMBLE_BOARD_SD_SCK
#define THIMBLE_BOARD_SD_SCK ((const int[])TH_SPI_PINS)[1]
#endif
#ifndef THIMBLE_BOARD_SD_MOSI
#define THIMBLE_BOARD_SD_MOSI ((const int[])TH_SPI_PINS)[2]
#endif
#ifndef THIMBLE_BOARD_SD_MISO
#define THIMBLE_BOARD_SD_MISO ((const int[])TH_SPI_PINS)[3]
#endif

/* SDMMC.  The ESP32 has these lines and no others; an ESP32-S3 can take them to any pin. */
#ifndef THIMBLE_BOARD_SD_CLK
#define THIMBLE_BOARD_SD_CLK 14
#endif
#ifndef THIMBLE_BOARD_SD_CMD
#define THIMBLE_BOARD_SD_CMD 15
#endif
#ifndef THIMBLE_BOARD_SD_D0
#define THIMBLE_BOARD_SD_D0 2
#endif
#ifndef THIMBLE_BOARD_SD_D1
#define THIMBLE_BOARD_SD_D1 4
#endif
#ifndef THIMBLE_BOARD_SD_D2
#define THIMBLE_BOARD_SD_D2 12
#endif
#ifndef THIMBLE_BOARD_SD_D3
#define THIMBLE_BOARD_SD_D3 13
#endif

enum { FLUSH_MS = 1000 };

/* Physical Layer Specification, 4.7.4 and 4.10.1. */
enum { SD_SEND_STATUS = 13, SD_STATE_SHIFT = 9, SD_STATE_TRANSFER = 4 };

static struct thimble_block disk;
static sdmmc_host_t host;
static sdmmc_card_t card;
static char serial[THIMBLE_CARD_SERIAL_BYTES];
static bool started, host_made;
static struct th_card_watch watch;

/* --------------------------------------------------------------------------------------
 * The controller
 */
#if THIMBLE_BOARD_SD_LINES

static esp_err_t make_host(void)
{
    sdmmc_slot_config_t slot = SDMMC_SLOT_CONFIG_DEFAULT();
    slot.width = THIMBLE_BOARD_SD_LINES;
    slot.flags |= SDMMC_SLOT_FLAG_INTERNAL_PULLUP;      /* too weak alone; they do no harm */
#ifdef SOC_SDMMC_USE_GPIO_MATRIX
    slot.clk = (gpio_num_t)THIMBLE_BOARD_SD_CLK;
    slot.cmd = (gpio_num_t)THIMBLE_BOARD_SD_CMD;
    slot.d0 = (gpio_num_t)THIMBLE_BOARD_SD_D0;
    slot.d1 = (gpio_num_t)THIMBLE_BOARD_SD_D1;
    slot.d2 = (gpio_num_t)THIMBLE_BOARD_SD_D2;
    slot.d3 = (gpio_num_t)THIMBLE_BOARD_SD_D3;
#endif
    host = (sdmmc_host_t)SDMMC_HOST_DEFAULT();
    host.flags &= ~(uint32_t)(SDMMC_HOST_FLAG_8BIT | SDMMC_HOST_FLAG_DDR);
    if (THIMBLE_BOARD_SD_LINES == 1)
        host.flags &= ~(uint32_t)SDMMC_HOST_FLAG_4BIT;
    esp_err_t err = sdmmc_host_init();
    return err == ESP_OK ? sdmmc_host_init_slot(host.slot, &slot) : err;
}

#else

static esp_err_t make_host(void)
{
    const spi_bus_config_t bus = {
        .mosi_io_num = THIMBLE_BOARD_SD_MOSI,
        .miso_io_num = THIMBLE_BOARD_SD_MISO,
        .sclk_io_num = THIMBLE_BOARD_SD_SCK,
        .quadwp_io_num = -1,
        .quadhd_io_num = -1,
        .max_transfer_sz = 4096,
    };
    sdspi_device_config_t device = SDSPI_DEVICE_CONFIG_DEFAULT();
    sdspi_dev_handle_t handle;
    if (THIMBLE_BOARD_SD_CS < 0)
        return ESP_ERR_NOT_FOUND;
    device.host_id = SPI2_HOST;
    device.gpio_cs = (gpio_num_t)THIMBLE_BOARD_SD_CS;
    host = (sdmmc_host_t)SDSPI_HOST_DEFAULT();

    esp_err_t err = spi_bus_initialize(SPI2_HOST, &bus, SPI_DMA_CH_AUTO);
    if (err == ESP_OK || err == ESP_ERR_INVALID_STATE)      /* the sketch uses the bus, too */
        err = sdspi_host_init();
    if (err == ESP_OK)
        err = sdspi_host_init_device(&device, &handle);
    if (err == ESP_OK)
        host.slot = handle;
    return err;
}

#endif

/* --------------------------------------------------------------------------------------
 * The card
 */

/* Manufacturer, OEM, product, revision, serial number, date: the card's CID register again, which the driver has taken
 * apart. */
static void make_serial(const sdmmc_cid_t *cid)
{
    uint8_t b[16] = { (uint8_t)cid->mfg_id, (uint8_t)(cid->oem_id >> 8), (uint8_t)cid->oem_id };
    memcpy(b + 3, cid->name, 5);
    b[8] = (uint8_t)cid->revision;
    for (int i = 0; i < 4; i++)
        b[9 + i] = (uint8_t)((uint32_t)cid->serial >> (24 - 8 * i));
    b[13] = (uint8_t)(cid->date >> 8);
    b[14] = (uint8_t)cid->date;
    thimble_card_serial(serial, b);
}

/* An error: is the card still there?  One that was changed does not know its address any more. */
static int why(void)
{
    if (sdmmc_get_status(&card) == ESP_OK)
        return THIMBLE_ERR_IO;
    th_card_watch_gone(&watch);
    return THIMBLE_ERR_NO_MEDIUM;
}

static int card_read(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, void *buf,
                     struct thimble_io *io)
{
    (void)b;
    (void)io;
    if (!watch.present)
        return THIMBLE_ERR_NO_MEDIUM;
    return sdmmc_read_sectors(&card, buf, (size_t)lba, n_blocks) == ESP_OK ? THIMBLE_OK : why();
}

static int card_write(struct thimble_block *b, uint64_t lba, uint32_t n_blocks, const void *buf,
                      struct thimble_io *io)
{
    (void)b;
    (void)io;
    if (!watch.present)
        return THIMBLE_ERR_NO_MEDIUM;
    return sdmmc_write_sectors(&card, buf, (size_t)lba, n_blocks) == ESP_OK ? THIMBLE_OK : why();
}

#if THIMBLE_BOARD_SD_LINES

/* The driver's write ends when the card can take more data; what it took is on the medium when it is back in the
 * transfer state.  By SPI the card is busy until then, and the driver waits for that. */
static int card_flush(struct thimble_block *b, struct thimble_io *io)
{
    uint32_t since_ms = th_board_ms();
    (void)b;
    (void)io;
    while (watch.present && th_board_ms() - since_ms < FLUSH_MS) {
        sdmmc_command_t c = { .opcode = SD_SEND_STATUS, .arg = (uint32_t)card.rca << 16,
                              .flags = SCF_CMD_AC | SCF_RSP_R1 };
        if (host.do_transaction(host.slot, &c) != ESP_OK || c.error != ESP_OK)
            return why();
        if ((c.response[0] >> SD_STATE_SHIFT & 0xf) == SD_STATE_TRANSFER)
            return THIMBLE_OK;
    }
    return watch.present ? THIMBLE_ERR_IO : THIMBLE_ERR_NO_MEDIUM;
}

#endif

/* CMD38 with argument 0 (erase).  Not with 1 (discard): what is read after that, old data or none, is up to the
 * card. */
static int card_erase(struct thimble_block *b, uint64_t lba, uint32_t n_blocks,
                      struct thimble_io *io)
{
    (void)b;
    (void)io;
    if (!watch.present)
        return THIMBLE_ERR_NO_MEDIUM;
    return sdmmc_erase_sectors(&card, (size_t)lba, n_blocks, SDMMC_ERASE_ARG) == ESP_OK
               ? THIMBLE_OK : why();
}

static int card_ready(struct thimble_block *b)
{
    (void)b;
    return watch.present ? THIMBLE_OK : THIMBLE_ERR_NO_MEDIUM;
}

/* The driver knows cards of 512-byte sectors only. */
static bool open_card(void)
{
    if (!host_made || sdmmc_card_init(&host, &card) != ESP_OK || card.is_mmc || !card.is_mem ||
        card.csd.sector_size != 512 || card.csd.capacity <= 0)
        return false;
    make_serial(&card.cid);
    disk.size_blocks = (uint64_t)card.csd.capacity;
    disk.unmap = card.scr.erase_mem_state == 0 ? card_erase : NULL;     /* what is erased reads as zeros */
    disk.write_zeroes = disk.unmap;
    return true;
}

static void start(void)
{
    started = true;
    disk = (struct thimble_block){
        .size_blocks = 1, .block_shift = 9, .removable = true, .serial = serial,
        .read = card_read, .write = card_write, .ready = card_ready,
    };
#if THIMBLE_BOARD_SD_LINES
    disk.flush = card_flush;
#endif
    esp_err_t err = make_host();
    host.max_freq_khz = THIMBLE_BOARD_SD_MHZ * 1000;
    host_made = err == ESP_OK;
    watch.present = open_card();
    watch.looked_ms = th_board_ms();
    if (!host_made)
        th_board_log(TH_LOG_ERROR, "card: its bus cannot be had: error 0x%x", (unsigned)err);
    else if (!watch.present)
        th_board_log(TH_LOG_WARNING, "card: there is none, or it does not answer");
}

struct thimble_block *thimble_board_card(void)
{
    if (!started)
        start();
    return &disk;
}

void th_esp32_card_speed(unsigned mhz)
{
    int khz = (int)mhz * 1000;
    if (!started || khz == host.max_freq_khz)
        return;
    host.max_freq_khz = khz;
    if (watch.present && !open_card()) {
        th_board_log(TH_LOG_ERROR, "card: it does not answer at %u MHz", mhz);
        th_card_watch_gone(&watch);
    }
}

/* Asks a card that is there whether it still is, and looks for one that is not, less and less often. */
bool th_board_card_poll(void)
{
    if (host_made && th_card_watch_is_due(&watch, th_board_ms())) {
        if (watch.present)
            why();
        else
            th_card_watch_tried(&watch, open_card());
    }
    return th_card_watch_news(&watch);
}

#else

/* ISO C wants something in every file. */
typedef int th_esp32_card_is_not_compiled;

#endif
