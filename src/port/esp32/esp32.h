/* SPDX-License-Identifier: MIT
 *
 * esp32.h: pins and sizes of the boards with an ESP32, ESP32-S3 or ESP32-C3, and what the files of this folder know of
 * each other.
 *
 * Everything here is ESP-IDF's, so the same files work under ESP-IDF and under Arduino, which is built on it.  The
 * macros are set on the compiler's command line or in the header that THIMBLE_CONFIG_FILE names; -1: no such pin.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_PORT_ESP32_H
#define TH_PORT_ESP32_H

#include "../board/which.h"

#if TH_BOARD_ESP32

#include <esp_netif.h>
#include <sdkconfig.h>
#include <soc/soc_caps.h>

#include "../../device/setup.h"
#include "../board/platform.h"

#if THIMBLE_BOARD_ETHERNET && !defined(CONFIG_IDF_TARGET_ESP32)
#error "THIMBLE_BOARD_ETHERNET: of these chips only the ESP32 has Ethernet"
#endif

/* Data lines of the card: 0: SPI; 1 or 4: its own protocol (SDMMC). */
#ifndef THIMBLE_BOARD_SD_LINES
#define THIMBLE_BOARD_SD_LINES THIMBLE_BOARD_ETHERNET
#endif

#if THIMBLE_BOARD_SD_LINES != 0 && THIMBLE_BOARD_SD_LINES != 1 && THIMBLE_BOARD_SD_LINES != 4
#error "THIMBLE_BOARD_SD_LINES is 0 (SPI), 1 or 4"
#endif
#if THIMBLE_BOARD_SD_LINES && !SOC_SDMMC_HOST_SUPPORTED
#error "THIMBLE_BOARD_SD_LINES: this chip has SPI only"
#endif

/* Until thimble.ini says otherwise.  20 is what every card can do. */
#ifndef THIMBLE_BOARD_SD_MHZ
#define THIMBLE_BOARD_SD_MHZ 20
#endif

/* --------------------------------------------------------------------------------------
 * Pins of docs/boards
 */
#if THIMBLE_BOARD_ETHERNET                      /* WT32-ETH01 */
#define TH_LED_PINS     { 32, 33, 4, 12 }
#define TH_DISPLAY_PINS { 5, 17 }
#elif defined(CONFIG_IDF_TARGET_ESP32)
#define TH_SPI_PINS     { 5, 18, 23, 19 }       /* CS, SCK, MOSI, MISO */
#define TH_LED_PINS     { 2, 25, 26, 27 }       /* ready, read, write, error */
#define TH_DISPLAY_PINS { 32, 33 }              /* CLK, DIO */
#elif defined(CONFIG_IDF_TARGET_ESP32S3)
#define TH_SPI_PINS     { 10, 12, 11, 13 }
#define TH_LED_PINS     { 4, 5, 6, 7 }
#define TH_DISPLAY_PINS { 15, 16 }
#elif defined(CONFIG_IDF_TARGET_ESP32C3)
#define TH_SPI_PINS     { 7, 4, 6, 5 }
#define TH_LED_PINS     { 0, 1, 3, 10 }
#define TH_DISPLAY_PINS { 18, 19 }
#endif

/* Other chips of the family: nothing was looked up, so nothing is driven until the macros say so. */
#ifndef TH_SPI_PINS
#define TH_SPI_PINS { -1, -1, -1, -1 }
#endif
#ifndef TH_LED_PINS
#define TH_LED_PINS { -1, -1, -1, -1 }
#define TH_DISPLAY_PINS { -1, -1 }
#endif

/* --------------------------------------------------------------------------------------
 * The task
 */

/* Bytes.  The deepest chain of Thimble's own is 1.6 KiB on other processors of 32 bits (docs/size.md), a line of the log
 * takes 2 KiB in newlib's printf, the card's driver and its SPI 1 KiB; Xtensa's windows of registers add up to a half.
 * Arduino gives its own task as much. */
#ifndef THIMBLE_BOARD_STACK_BYTES
#define THIMBLE_BOARD_STACK_BYTES 8192
#endif

/* Above loop() and app_main() (1), below the network's tasks (18 and more). */
#ifndef THIMBLE_BOARD_PRIORITY
#define THIMBLE_BOARD_PRIORITY 5
#endif

/* Bytes of the heap that a RAM disk or a cache leaves to WiFi, TCP and the sketch. */
#ifndef THIMBLE_BOARD_HEAP_BYTES
#define THIMBLE_BOARD_HEAP_BYTES 98304
#endif

/* --------------------------------------------------------------------------------------
 * esp32_wifi.c or esp32_ethernet.c
 */

/* Driver and interface; may be called again after NULL. */
esp_netif_t *th_esp32_link_start(const struct thimble_settings *s);
void th_esp32_link_poll(void);
bool th_esp32_link_is_up(void);
enum th_network_trouble th_esp32_link_trouble(void);

/* --------------------------------------------------------------------------------------
 * esp32_card.c: opens the card anew with another clock.
 */
void th_esp32_card_speed(unsigned mhz);

/* --------------------------------------------------------------------------------------
 * Set-up and update: esp32_setup.c and esp32_web.c; the storage is esp32_wifi.c's
 */

/* Starts NVS; may be called again. */
esp_err_t th_esp32_storage(void);

/* Each turn: has the access point come and go.  True: somebody is there, and the radio should stay on its channel. */
bool th_esp32_point_poll(const struct thimble_settings *s, bool joined, bool any_network);

/* Its address, when it begins; NULL, when it ended.  Returns it as text, with the port. */
const char *th_esp32_web_point(const esp_ip4_addr_t *ip);

/* In the server's task. */
bool th_esp32_keep(const struct thimble_setup *s);

#endif

#endif
