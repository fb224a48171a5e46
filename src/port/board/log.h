/* SPDX-License-Identifier: MIT
 *
 * log.h: how much the serial log says; the log itself is thimble_board_log() and th_board_log().
 *
 * Layer 6, private to src/port/board.
 */
#ifndef TH_BOARD_LOG_H
#define TH_BOARD_LOG_H

#include "platform.h"

/* [log] of thimble.ini. */
void th_log_set(const struct thimble_settings_log *log);

/* What the engine tells, as a line. */
void th_log_event(const struct thimble_event *e);

#endif
