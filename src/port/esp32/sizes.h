/* SPDX-License-Identifier: MIT
 *
 * sizes.h: sizes of thimble_board.h for an ESP32, where the firmware does not set others: 83 KiB, about half of what
 * an ESP32 without PSRAM has left for data beside WiFi and TCP/IP.  All of it is of the internal heap, for DMA reaches no
 * other memory.
 *
 * Layer 6, private to src/port/.
 *
 * Arduino's lwIP has 16 sockets, ESP-IDF's 10 if the project does not say otherwise: one listens, two
 * are for peers that wait for a place or say goodbye.
 */
#ifndef TH_ESP32_SIZES_H
#define TH_ESP32_SIZES_H

#include "../../thimble_config.h"       /* and THIMBLE_CONFIG_FILE, which goes first */

/* 1: the cable (the ESP32's own Ethernet, with a LAN8720 as on a WT32-ETH01); 0: WiFi. */
#ifndef THIMBLE_BOARD_ETHERNET
#ifdef ARDUINO_WT32_ETH01
#define THIMBLE_BOARD_ETHERNET 1
#else
#define THIMBLE_BOARD_ETHERNET 0
#endif
#endif

#ifndef THIMBLE_BOARD_CONNECTIONS
#define THIMBLE_BOARD_CONNECTIONS 4
#endif
#ifndef THIMBLE_BOARD_SESSIONS
#define THIMBLE_BOARD_SESSIONS 3
#endif
#ifndef THIMBLE_BOARD_QUEUE_DEPTH
#define THIMBLE_BOARD_QUEUE_DEPTH 16
#endif
#ifndef THIMBLE_BOARD_BUFFERS
#define THIMBLE_BOARD_BUFFERS 4
#endif
#ifndef THIMBLE_BOARD_BUFFER_BYTES
#define THIMBLE_BOARD_BUFFER_BYTES 8192
#endif

#endif
