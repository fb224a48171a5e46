/* SPDX-License-Identifier: MIT
 *
 * which.h: is this a board that thimble_board.h is for?  From what its compiler defines.
 *
 *     TH_BOARD_TEENSY    Teensy 4.1, if QNEthernet is there
 *     TH_BOARD_ESP32     ESP-IDF, or Arduino upon it
 *     TH_BOARD_PICO      an RP2040 with a radio (Pico W) or a W5500, by pico-sdk or arduino-pico
 *     TH_BOARD_BARE      a board of boards/, whose build says so
 *
 * Elsewhere the files of port/board and of the boards' folders compile to nothing.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_WHICH_H
#define TH_BOARD_WHICH_H

#include "../../thimble_config.h"       /* and THIMBLE_CONFIG_FILE, which goes first */

#if defined(__IMXRT1062__) && defined(ARDUINO_TEENSY41) && defined(__has_include)
#if __has_include(<QNEthernet.h>)
#define TH_BOARD_TEENSY 1
#endif
#endif
#ifndef TH_BOARD_TEENSY
#define TH_BOARD_TEENSY 0
#endif

#ifdef ESP_PLATFORM
#define TH_BOARD_ESP32 1
#else
#define TH_BOARD_ESP32 0
#endif

/* THIMBLE_BOARD_W5500 is the firmware's to define; WIZnet's board says so by itself under Arduino.  The radio is had by
 * linking pico-sdk's pico_cyw43_arch_..., or by choosing the board under Arduino. */
#if defined(ARDUINO_WIZNET_5500_EVB_PICO) && !defined(THIMBLE_BOARD_W5500)
#define THIMBLE_BOARD_W5500 1
#endif
#if defined(PICO_RP2040) && PICO_RP2040 && !defined(__FREERTOS)
#if defined(THIMBLE_BOARD_W5500) && THIMBLE_BOARD_W5500
#define TH_PICO_W5500 1
#elif defined(ARDUINO)
#ifdef ARDUINO_RASPBERRY_PI_PICO_W
#define TH_PICO_WIFI 1
#endif
#elif defined(PICO_CYW43_ARCH_POLL) || defined(PICO_CYW43_ARCH_THREADSAFE_BACKGROUND)
#define TH_PICO_WIFI 1
#endif
#endif
#ifndef TH_PICO_W5500
#define TH_PICO_W5500 0
#endif
#ifndef TH_PICO_WIFI
#define TH_PICO_WIFI 0
#endif
#define TH_BOARD_PICO (TH_PICO_W5500 || TH_PICO_WIFI)

#ifndef TH_BOARD_BARE
#define TH_BOARD_BARE 0
#endif

#define TH_BOARD_ANY (TH_BOARD_TEENSY || TH_BOARD_ESP32 || TH_BOARD_PICO || TH_BOARD_BARE)

/* lwIP's raw interface, without a task of its own: transport_lwip.c. */
#define TH_BOARD_LWIP (TH_BOARD_TEENSY || TH_BOARD_PICO || TH_BOARD_BARE)

#if TH_BOARD_ESP32
#include "../esp32/sizes.h"
#endif
#if TH_BOARD_PICO
#include "../pico/sizes.h"
#endif

/* The engine's memory is had from th_board_memory(), not from the linker: Arduino's for the ESP32 has 122 KiB for all
 * variables, WiFi's included, while the heap has twice as much. */
#define TH_BOARD_ENGINE_ON_HEAP TH_BOARD_ESP32

/* Sockets, and a task for the target: transport_sockets.c. */
#define TH_BOARD_SOCKETS TH_BOARD_ESP32

/* Numbers over HTTP: web.c.  A board of boards/ says TH_BOARD_STATUS, which has SNMP with it. */
#ifndef TH_BOARD_WEB
#if TH_BOARD_BARE
#if defined(TH_BOARD_STATUS) && TH_BOARD_STATUS
#define TH_BOARD_WEB 1
#else
#define TH_BOARD_WEB 0
#endif
#else
#define TH_BOARD_WEB ((TH_BOARD_TEENSY || TH_BOARD_ESP32 || TH_BOARD_PICO) && THIMBLE_STATS)
#endif
#endif
#if !defined(TH_BOARD_STATUS)
#define TH_BOARD_STATUS TH_BOARD_WEB
#endif

/* By a server with a task of its own (web_task.c), or within lwIP's turn (web_lwip.c). */
#ifndef TH_BOARD_WEB_TASK
#define TH_BOARD_WEB_TASK (TH_BOARD_WEB && TH_BOARD_ESP32)
#endif

/* A form for the WiFi network at an access point of our own. */
#ifndef TH_BOARD_SETUP
#if TH_BOARD_ESP32
#define TH_BOARD_SETUP (TH_BOARD_WEB && !THIMBLE_BOARD_ETHERNET)
#else
#define TH_BOARD_SETUP (TH_BOARD_WEB && TH_PICO_WIFI)
#endif
#endif

#endif
