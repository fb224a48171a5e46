/* SPDX-License-Identifier: MIT
 *
 * thimble_board.h: a whole target in a few lines, on a Teensy 4.1 under Arduino, on a Raspberry Pi Pico W or a
 * Pico with a W5500 under Arduino or with pico-sdk, on an ESP32 under Arduino or with ESP-IDF.
 *
 *     thimble_board_begin(&config);                    network and engine
 *     thimble_board_lun_add(0, &lun);                  once for each disk
 *     thimble_board_run();                             again and again, from loop()
 *
 * It is the engine of thimble.h, with its port, its network, its disks, a serial log, LEDs
 * and the watchdog put together.  Whoever wants other parts puts them together differently:
 * src/port/board/board.c is the example.
 *
 * On an ESP32 the first call of thimble_board_run() starts a task that does the work; the others let it.
 *
 * On a Teensy a sketch must include <QNEthernet.h> and, for the card, <SdFat.h>: without the second there is no
 * card, without the first these functions do not exist.  For CHAP it must bring Mbed TLS and
 * include <mbedtls/md.h>.  QNEthernet has a licence of its own (AGPL-3.0), which then holds for the
 * firmware as a whole.
 *
 * Pins and sizes are macros below, to be set on the compiler's command line or in the header
 * that THIMBLE_CONFIG_FILE names.
 */
#ifndef THIMBLE_BOARD_H
#define THIMBLE_BOARD_H

#include "thimble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------------------
 * Sizes.  Each is that of struct thimble_config; what they come to in RAM is told on the serial
 * line at the start.  The data buffers are most of it.
 */
#ifndef THIMBLE_BOARD_CONNECTIONS
#define THIMBLE_BOARD_CONNECTIONS   6
#endif
#ifndef THIMBLE_BOARD_SESSIONS
#define THIMBLE_BOARD_SESSIONS      4
#endif
#ifndef THIMBLE_BOARD_QUEUE_DEPTH
#define THIMBLE_BOARD_QUEUE_DEPTH   32
#endif
#ifndef THIMBLE_BOARD_BUFFERS
#define THIMBLE_BOARD_BUFFERS       12
#endif
#ifndef THIMBLE_BOARD_BUFFER_BYTES
#define THIMBLE_BOARD_BUFFER_BYTES  8192
#endif
#ifndef THIMBLE_BOARD_TARGETS
#define THIMBLE_BOARD_TARGETS       2
#endif
#ifndef THIMBLE_BOARD_LUNS
#define THIMBLE_BOARD_LUNS          4   /* of all targets together */
#endif

/* Memory for a cache over the card where thimble.ini does not say ([limits] cache), in bytes; 0: none.  With a cache
 * writes are answered before they are on the card, which initiators are told (WCE); a flush gets them there. */
#ifndef THIMBLE_BOARD_CACHE_BYTES
#define THIMBLE_BOARD_CACHE_BYTES   0
#endif

/* 0: the cache is not compiled in: 6 KiB of flash less. */
#ifndef THIMBLE_BOARD_CACHE
#define THIMBLE_BOARD_CACHE         1
#endif

/* The TCP port when the configuration names none. */
#ifndef THIMBLE_BOARD_PORT
#define THIMBLE_BOARD_PORT 3260
#endif

/* The watchdog restarts a board whose main loop has stood still for so long, in ms (128000 at
 * most).  0: no watchdog. */
#ifndef THIMBLE_BOARD_WATCHDOG_MS
#define THIMBLE_BOARD_WATCHDOG_MS 8000
#endif

/* Pins, where [pins] of thimble.ini does not say otherwise; -1: none.  Defaults are those of the board's page in
 * docs/boards, set in its folder of src/port.
 *
 *     THIMBLE_BOARD_LED_READY, _READ, _WRITE, _ERROR      LEDs, each with a resistor
 *     THIMBLE_BOARD_DISPLAY_CLK, _DIO                     a TM1637
 */

/* A line about traffic on the serial line, at most so often, in ms, and only if there was any. */
#ifndef THIMBLE_BOARD_STATUS_MS
#define THIMBLE_BOARD_STATUS_MS 10000
#endif

/* --------------------------------------------------------------------------------------
 * The target
 */

/* All is borrowed for good.  Zero and NULL are the defaults. */
struct thimble_board_config {
    /* The name under which DHCP servers see the board.  NULL: "thimble". */
    const char *host_name;

    /* "192.0.2.5", "255.255.255.0", "192.0.2.1".  address NULL: by DHCP. */
    const char *address, *netmask, *gateway;

    /* With DHCP: the address to take, in the same network, when there is no answer.  NULL: none; DHCP is asked
     * on and on. */
    const char *fallback;

    /* A WiFi network, where thimble.ini has no [wifi].  password NULL: it is open.  country: two letters (ISO 3166). */
    const char *ssid, *password, *country;

    uint16_t port;                      /* 0: THIMBLE_BOARD_PORT */

    /* Target 0.  target.name NULL: "iqn.2026-11.org.thimble:disk". */
    struct thimble_target_config target;
};

/* Starts the serial log, the engine and the network; does not wait for an address.  THIMBLE_OK, or what was
 * refused, which the log tells, too: thimble_board_run() then does nothing but blink and tell it again. */
int thimble_board_begin(const struct thimble_board_config *config);

/* A further target; returns its index, or a negative thimble_err. */
int thimble_board_target_add(const struct thimble_target_config *config);

/* A disk of a target: before the first thimble_board_run().  A NULL block is a disk that could not be had; it is
 * left out, so that no other takes its number.  Without any, thimble.img on the card is served, or else
 * the whole card.  If thimble.ini has a [lun], it decides about all disks, and this does nothing. */
int thimble_board_lun_add(int target, const struct thimble_lun_config *config);

/* Does what there is to do and returns soon. */
void thimble_board_run(void);

/* A line on the serial log; printf's format, without the line's end. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void thimble_board_log(const char *format, ...);

/* --------------------------------------------------------------------------------------
 * The board's own disks.  NULL: there is none, and the log says why.
 */

/* The card in the board's slot: all of it.  It is there whether a card is in or not; its `ready` tells, and a card that
 * is changed is noticed. */
struct thimble_block *thimble_board_card(void);

/* A partition of that card, counted as Linux does, from 1; or a file on it (FAT16, FAT32 or exFAT), served by sector.
 * When another card is put in, its own partition or file of that name is looked for; a card without one is as good as
 * none.  A file may lie in THIMBLE_BOARD_RUNS pieces at most; one that was copied to a freshly formatted card is one.
 * `path` is borrowed. */
struct thimble_block *thimble_board_partition(unsigned number);
struct thimble_block *thimble_board_image(const char *path);

#ifndef THIMBLE_BOARD_RUNS
#define THIMBLE_BOARD_RUNS 16
#endif

/* Memory beside the processor (PSRAM), zeroed.  NULL: there is none, or not so much. */
void *thimble_board_psram(size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
