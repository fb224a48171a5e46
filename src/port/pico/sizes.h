/* SPDX-License-Identifier: MIT
 *
 * sizes.h: sizes of thimble_board.h for an RP2040, which has 264 KiB of RAM, where the firmware does not set
 * others.
 *
 * Layer 6, private to src/port/.
 *
 * lwIP must have memory for what all connections may hold (port/lwip/thimble_lwip.h): with
 * arduino-pico, whose lwIP has a window of eight segments and at most 32 frames, that is three connections.
 */
#ifndef TH_PICO_SIZES_H
#define TH_PICO_SIZES_H

#include "../../thimble_config.h"       /* and THIMBLE_CONFIG_FILE, which goes first */

#ifndef THIMBLE_BOARD_CONNECTIONS
#ifdef ARDUINO
#define THIMBLE_BOARD_CONNECTIONS 3
#else
#define THIMBLE_BOARD_CONNECTIONS 4
#endif
#endif
#ifndef THIMBLE_BOARD_SESSIONS
#define THIMBLE_BOARD_SESSIONS 2
#endif
#ifndef THIMBLE_BOARD_QUEUE_DEPTH
#define THIMBLE_BOARD_QUEUE_DEPTH 16
#endif
#ifndef THIMBLE_BOARD_BUFFERS
#define THIMBLE_BOARD_BUFFERS 6
#endif
#ifndef THIMBLE_BOARD_BUFFER_BYTES
#define THIMBLE_BOARD_BUFFER_BYTES 8192
#endif

/* One more than a window of eight segments fills. */
#ifndef THIMBLE_LWIP_HELD_MAX
#define THIMBLE_LWIP_HELD_MAX 9
#endif

/* The watchdog counts to 8.3 seconds. */
#ifndef THIMBLE_BOARD_WATCHDOG_MS
#define THIMBLE_BOARD_WATCHDOG_MS 8000
#endif

#endif
