/* SPDX-License-Identifier: MIT
 *
 * which.h: is this a board that thimble_board.h is for?  From what its compiler defines.
 *
 *     TH_BOARD_TEENSY    Teensy 4.1, if QNEthernet is there
 *     TH_BOARD_ESP32     ESP-IDF, or Arduino upon it
 *     TH_BOARD_BARE      a board of boards/, whose build says so
 *
 * Elsewhere the files of port/board, port/teensy and port/esp32 compile to nothing.
 *
 * Layer 6, private to src/port/.
 */
#ifndef TH_BOARD_WHICH_H
#define TH_BOARD_WHICH_H

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

#ifndef TH_BOARD_BARE
#define TH_BOARD_BARE 0
#endif

#define TH_BOARD_ANY (TH_BOARD_TEENSY || TH_BOARD_ESP32 || TH_BOARD_BARE)

/* lwIP's raw interface, without a task of its own: transport_lwip.c. */
#define TH_BOARD_LWIP (TH_BOARD_TEENSY || TH_BOARD_BARE)

/* Sockets, and a task for the target: transport_sockets.c. */
#define TH_BOARD_SOCKETS TH_BOARD_ESP32

#endif
