/* SPDX-License-Identifier: MIT
 *
 * pico.h: what the files of this folder share: pins, the SPI buses, the link.
 *
 *     pico_board.c        serial line, LEDs, display, watchdog, random bytes, memory
 *     pico_card.c         the SD card, by block/sdspi.h
 *     pico_network.c      the address: static, DHCP, fallback
 *     pico_wifi.c         the link by the radio of a Pico W
 *     pico_point.c        a Pico W as an access point, for the form of device/setup.h
 *     pico_kept.c         what is entered there, in the flash
 *     pico_w5500.c        the link by a W5500, by device/w5500.h
 *     pico_spi.c          an SPI bus with DMA
 *     pico_arduino.cpp    what is to be had from arduino-pico in C++ only
 *
 * All are written for pico-sdk 2.x, which arduino-pico is built on.  Everything runs in the main loop; where the
 * radio's driver has an interrupt of its own, pico_wifi.c keeps it out.
 *
 * Layer 6, private to src/port/pico/.
 */
#ifndef TH_PICO_H
#define TH_PICO_H

#include "../board/which.h"

#if TH_BOARD_PICO

#include "../board/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------------------
 * Pins, as on the boards' pages; -1: none
 */
#ifndef THIMBLE_BOARD_LED_READY
#define THIMBLE_BOARD_LED_READY 6
#endif
#ifndef THIMBLE_BOARD_LED_READ
#define THIMBLE_BOARD_LED_READ 7
#endif
#ifndef THIMBLE_BOARD_LED_WRITE
#define THIMBLE_BOARD_LED_WRITE 8
#endif
#ifndef THIMBLE_BOARD_LED_ERROR
#define THIMBLE_BOARD_LED_ERROR 9
#endif
#ifndef THIMBLE_BOARD_DISPLAY_CLK
#define THIMBLE_BOARD_DISPLAY_CLK 14
#endif
#ifndef THIMBLE_BOARD_DISPLAY_DIO
#define THIMBLE_BOARD_DISPLAY_DIO 15
#endif

/* The card: by macro only, since thimble.ini is read from it. */
#ifndef THIMBLE_BOARD_SD_CS
#define THIMBLE_BOARD_SD_CS (TH_PICO_W5500 ? 13 : 17)
#endif
#ifndef THIMBLE_BOARD_SD_SCK
#define THIMBLE_BOARD_SD_SCK (TH_PICO_W5500 ? 10 : 18)
#endif
#ifndef THIMBLE_BOARD_SD_MOSI
#define THIMBLE_BOARD_SD_MOSI (TH_PICO_W5500 ? 11 : 19)
#endif
#ifndef THIMBLE_BOARD_SD_MISO
#define THIMBLE_BOARD_SD_MISO (TH_PICO_W5500 ? 12 : 16)
#endif

#ifndef THIMBLE_BOARD_ETH_CS
#define THIMBLE_BOARD_ETH_CS 17
#endif
#ifndef THIMBLE_BOARD_ETH_SCK
#define THIMBLE_BOARD_ETH_SCK 18
#endif
#ifndef THIMBLE_BOARD_ETH_MOSI
#define THIMBLE_BOARD_ETH_MOSI 19
#endif
#ifndef THIMBLE_BOARD_ETH_MISO
#define THIMBLE_BOARD_ETH_MISO 16
#endif
#ifndef THIMBLE_BOARD_ETH_INT
#define THIMBLE_BOARD_ETH_INT 21
#endif
#ifndef THIMBLE_BOARD_ETH_RESET
#define THIMBLE_BOARD_ETH_RESET 20
#endif

/* W5500: its clock at most.  33.3 MHz is what its datasheet guarantees. */
#ifndef THIMBLE_BOARD_ETH_HZ
#define THIMBLE_BOARD_ETH_HZ 33300000
#endif

/* True: the board has this pin, and not for itself. */
bool th_pico_pin_is_free(int pin);

/* --------------------------------------------------------------------------------------
 * An SPI bus with one device: mode 0, eight bits
 */
struct th_pico_spi {
    unsigned instance;                  /* 0 or 1 */
    int cs;
    int tx_channel, rx_channel;         /* of the DMA; -1: the processor moves all */
};

struct th_pico_spi_pins {
    int cs, sck, mosi, miso;
};

/* False: these pins are not those of one SPI; `who` names the device in the log. */
bool th_pico_spi_open(struct th_pico_spi *bus, const struct th_pico_spi_pins *pins,
                      const char *who);
void th_pico_spi_speed(struct th_pico_spi *bus, uint32_t hz);
void th_pico_spi_select(struct th_pico_spi *bus, bool on);

/* tx NULL: bytes of 0xff.  rx NULL: what comes is dropped. */
void th_pico_spi_transfer(struct th_pico_spi *bus, const uint8_t *tx, uint8_t *rx, size_t n);

/* [card] speed. */
void th_pico_card_limit(uint32_t hz);

/* --------------------------------------------------------------------------------------
 * The link: pico_wifi.c or pico_w5500.c
 */
struct netif;

/* lwIP and its interface, with frames going in and out from now on as far as there is a link.  NULL: it cannot be started
 * now. */
struct netif *th_pico_link_start(const struct thimble_settings *s);
void th_pico_link_poll(void);

/* Why there is no link. */
enum th_network_trouble th_pico_link_trouble(void);

/* The LED that hangs at the radio, if there is one. */
void th_pico_radio_led(bool on);

/* --------------------------------------------------------------------------------------
 * Set-up, of a Pico W
 */
struct thimble_setup;

/* Each turn: has the access point come and go.  True: it is there, and the radio has no time for other networks. */
bool th_pico_point_poll(const struct thimble_settings *s, bool joined, bool any_network);

/* Keeps it over restarts. */
bool th_pico_keep(const struct thimble_setup *s);

/* pico_wifi.c: the radio as an access point, at 192.168.4.1; its interface to lwIP. */
struct netif *th_pico_point_up(const char *name, const char *password);
void th_pico_point_down(void);

/* Calls write(arg) while nobody reads the flash.  False: that cannot be had. */
bool th_pico_with_flash(void (*write)(void *arg), void *arg);

/* --------------------------------------------------------------------------------------
 * Between pico_arduino.cpp and the others
 */
void th_pico_serial_begin(void);
void th_pico_serial_write(const char *text, size_t len);
struct netif *th_pico_radio_netif(void);

#ifdef __cplusplus
}
#endif

#endif

#endif
