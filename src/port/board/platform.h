/* SPDX-License-Identifier: MIT
 *
 * platform.h: what a platform gives to board.c, and all that board.c knows of it.  One platform
 * is linked, so these are plain functions.
 *
 * Layer 6, private to src/port/.  port/teensy has them.
 */
#ifndef TH_BOARD_PLATFORM_H
#define TH_BOARD_PLATFORM_H

#include "../../thimble_board.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const char th_board_name[];

/* Serial line, LEDs, counters.  Called once, before anything else. */
void th_board_start(void);

/* Milliseconds since the start; wraps after 49 days. */
uint32_t th_board_ms(void);

void th_board_write(const char *text, size_t len);

enum th_led { TH_LED_READY, TH_LED_READ, TH_LED_WRITE, TH_LED_ERROR, TH_LED_COUNT };
/* A LED that the board does not have is no error. */
void th_board_led(enum th_led led, bool on);

void th_board_watchdog_start(uint32_t ms);
void th_board_watchdog_feed(void);

/* A number that outlives a restart but not the loss of power: how often in a row the watchdog had to act.  A platform
 * without such memory answers 0. */
uint8_t th_board_strikes(void);
void th_board_set_strikes(uint8_t n);

/* True: this start is the watchdog's doing. */
bool th_board_was_stuck(void);

/* Brings the network up; returns at once.  False: it cannot be started now; it is tried again. */
bool th_board_network_start(const struct thimble_board_config *config, const char *host_name);

/* Goes on with it (link, DHCP), takes in frames.  Called from the loop, often. */
void th_board_network_poll(void);

/* The address as text, "" while there is none. */
const char *th_board_address(void);

/* Fills buf with bytes of a true random source.  False: it has none now. */
bool th_board_random(void *buf, size_t len);

/* crypto.c: NULL: no hashes here, so no CHAP. */
const struct thimble_crypto *th_board_crypto(void);

/* Looks after the card: true, it was changed or went. */
bool th_board_card_poll(void);

/* --------------------------------------------------------------------------------------
 * card_views.c: parts of the card.  The card was changed: looks for each of them anew.
 */
void th_card_views_follow(void);

/* --------------------------------------------------------------------------------------
 * The port: transport_lwip.c
 */

/* Memory and hooks, before thimble_init().  THIMBLE_OK or a negative thimble_err. */
int th_transport_prepare(struct thimble_config *config);

int th_transport_start(struct thimble *engine, uint16_t port);

/* Moves what can be moved, and tells the engine the time. */
void th_transport_poll(void);

unsigned th_transport_open(void);

#ifdef __cplusplus
}
#endif

#endif
