/* SPDX-License-Identifier: MIT
 *
 * point.h: set-up by an access point of the board's own, as far as platforms share it: when it is there (device/setup.h
 * decides, [setup] access-point may forbid it), and what the log says of it.  The platform has the functions below
 * th_point_poll(), which it calls each turn from where the WiFi's state is known.
 *
 * Layer 6, private to src/port/.  Compiled where TH_BOARD_SETUP is 1.
 */
#ifndef TH_BOARD_POINT_H
#define TH_BOARD_POINT_H

#include "../../device/setup.h"
#include "platform.h"

enum th_point { TH_POINT_OFF, TH_POINT_ON, TH_POINT_GUESTS };

/* alone: the radio cannot look for networks while it is an access point. */
enum th_point th_point_poll(const struct thimble_settings *s, bool joined, bool any_network, bool alone);

/* --------------------------------------------------------------------------------------
 * The platform's
 */

/* Starts it, with the password ("": open), and with a page at http://ADDRESS/setup.  NULL: it cannot be, and why was told;
 * else ADDRESS. */
const char *th_point_start(const char *name, const char *password);
void th_point_stop(void);

/* How many are there; asked for once a second. */
unsigned th_point_guests(void);

/* The password, made once and kept for good; false: it cannot be kept. */
bool th_point_password(char password[THIMBLE_POINT_PASSWORD + 1]);

/* For its name. */
bool th_point_mac(uint8_t mac[6]);

#endif
