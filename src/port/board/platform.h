/* SPDX-License-Identifier: MIT
 *
 * platform.h: what a platform gives to board.c, and all that board.c knows of it.  One platform
 * is linked, so these are plain functions; all of them must be there.
 *
 * In the order of a start: th_board_start, the card (thimble_board_card) and thimble.ini on it, th_board_pins,
 * the engine (th_transport_prepare), th_board_watchdog_start, th_board_network_start until it succeeds, th_transport_start;
 * from then on thimble_board_run() goes round, and each of its turns ends with th_board_idle.
 *
 * Layer 6, private to src/port/ and boards/.  port/teensy and boards/common have them.
 */
#ifndef TH_BOARD_PLATFORM_H
#define TH_BOARD_PLATFORM_H

#include "../../device/lights.h"
#include "../../settings/settings.h"
#include "../../thimble_board.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const char th_board_name[];

/* Serial line, counters.  Called once, before anything else. */
void th_board_start(void);

/* Milliseconds since the start; wraps after 49 days. */
uint32_t th_board_ms(void);

void th_board_write(const char *text, size_t len);

/* The end of a turn: there is nothing to do for `ms` unless something comes.  A platform that can be woken by what comes
 * sleeps for at most so long, one with other tasks lets them run; the others return at once.  0: only what must be
 * done each turn. */
void th_board_idle(uint32_t ms);

/* Where there are tasks: has one of its own take the turns from now on, and lets the caller rest a moment.  False: the
 * caller is to take the turn itself. */
bool th_board_task(void (*turn)(void));

/* Called once, when the settings are known: pins of LEDs and of the display, by thimble_settings_pin() with the board's own
 * (macros THIMBLE_BOARD_LED_..., THIMBLE_BOARD_DISPLAY_...); `lights.active`, the level at which a LED is on;
 * `card.speed_mhz`.  The card itself was opened before, by the board's own pins, for that is where the settings
 * come from: what [pins] says of sd-... cannot be followed, and board.c tells so. */
void th_board_pins(const struct thimble_settings *s);

enum th_led { TH_LED_READY, TH_LED_READ, TH_LED_WRITE, TH_LED_ERROR, TH_LED_COUNT };
/* A LED that the board does not have is no error, nor is one before th_board_pins(). */
void th_board_led(enum th_led led, bool on);

/* The wires of a TM1637 (device/tm1637.h): released, they are pulled up by a resistor.  Without a display, as
 * th_board_has_display() tells, the other three are not called. */
enum th_wire { TH_WIRE_CLK, TH_WIRE_DIO };
bool th_board_has_display(void);
void th_board_wire(enum th_wire wire, bool released);
bool th_board_wire_is_high(enum th_wire wire);
void th_board_wire_wait(void);          /* 5 us */

void th_board_watchdog_start(uint32_t ms);
void th_board_watchdog_feed(void);

/* A number that outlives a restart but not the loss of power: how often in a row the watchdog had to act.  A platform
 * without such memory answers 0. */
uint8_t th_board_strikes(void);
void th_board_set_strikes(uint8_t n);

/* True: this start is the watchdog's doing, or a fault's. */
bool th_board_was_stuck(void);

/* --------------------------------------------------------------------------------------
 * The network: host name, a static address or DHCP and what to fall back on, WiFi networks in their order.  The
 * settings are those of the sketch and of thimble.ini together, and outlive everything.
 */

/* Brings it up; returns at once.  False: it cannot be started now; board.c tries again, with pauses that
 * grow. */
bool th_board_network_start(const struct thimble_settings *s);

/* Goes on with it (link, WiFi, DHCP), takes in frames.  Called each turn; a link that is lost and comes back is the
 * platform's matter, with thimble_backoff where it tries. */
void th_board_network_poll(void);

/* The address as text, "" while there is none. */
const char *th_board_address(void);

/* Why there is no address.  board.c tells each change on the log, and blinks. */
enum th_network_trouble {
    TH_NETWORK_NO_TROUBLE,              /* there is one, or it is too early to tell */
    TH_NETWORK_NO_DEVICE,               /* the chip does not answer */
    TH_NETWORK_NO_LINK,                 /* cable */
    TH_NETWORK_NO_DHCP,                 /* no answer */
    TH_NETWORK_WIFI_NOT_SET,            /* there is no [wifi] */
    TH_NETWORK_WIFI_NOT_FOUND,          /* none of them */
    TH_NETWORK_WIFI_REFUSED,            /* the password, as far as one can tell */
};
enum th_network_trouble th_board_network_trouble(void);

/* --------------------------------------------------------------------------------------
 * Memory and disks; thimble_board_card() and thimble_board_psram() are in thimble_board.h
 */

/* Internal flash memory as a disk: a partition, or what the firmware leaves.  NULL: there is none. */
struct thimble_block *thimble_board_flash(void);

/* Bytes of PSRAM that thimble_board_psram() could still give, for `disk = psram`. */
size_t th_board_psram_bytes(void);

/* Memory for a RAM disk or the cache: zeroed, aligned for DMA, given for good.  NULL: there is not so much. */
void *th_board_memory(size_t bytes);

/* Looks after the card: true, it was changed or went.  May be called before thimble_board_card(). */
bool th_board_card_poll(void);

/* --------------------------------------------------------------------------------------
 * Random bytes and hashes
 */

/* Fills buf with bytes of a true random source.  False: it has none now. */
bool th_board_random(void *buf, size_t len);

/* crypto.c, by Mbed TLS.  NULL: no hashes here, so no CHAP. */
const struct thimble_crypto *th_board_crypto(void);

/* --------------------------------------------------------------------------------------
 * The port: transport_lwip.c where lwIP has no task of its own, transport_sockets.c where it has
 */

/* Memory and hooks, before thimble_init().  THIMBLE_OK or a negative thimble_err. */
int th_transport_prepare(struct thimble_config *config);

int th_transport_start(struct thimble *engine, uint16_t port);

/* Moves what can be moved, and tells the engine the time.  Returns the time in ms for which there is nothing
 * to do unless something comes. */
uint32_t th_transport_poll(void);

unsigned th_transport_open(void);

/* Sends a datagram by UDP.  False: it cannot be sent now (no route, no memory, the neighbour's hardware address is not known
 * yet); the caller may try again in its next turn.  Never waits. */
bool th_transport_datagram(const uint8_t ip[4], uint16_t port, const void *data, size_t len);

/* transport_sockets.c only, for th_board_idle(): sleeps for `ms` at most until something comes, and takes it in.  False:
 * nobody is listened to yet. */
bool th_transport_sleep(uint32_t ms);

/* --------------------------------------------------------------------------------------
 * From board.c, for platforms: a line on the serial log, if [log] level lets it through.
 */
enum th_log { TH_LOG_ERROR = 1, TH_LOG_WARNING, TH_LOG_INFO, TH_LOG_DEBUG };
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void th_board_log(enum th_log level, const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif
