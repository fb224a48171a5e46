/* SPDX-License-Identifier: MIT
 *
 * log.h: how much the log says and where; the log itself is thimble_board_log() and th_board_log().
 *
 * Layer 6, private to src/port/board.
 */
#ifndef TH_BOARD_LOG_H
#define TH_BOARD_LOG_H

#include "platform.h"

/* [log] of thimble.ini.  The settings must live on. */
void th_log_set(const struct thimble_settings *s);

/* Each turn, once the transport has been started: sends a line to syslog, if one waits. */
void th_log_send(void);

/* What the engine tells, as a line. */
void th_log_event(const struct thimble_event *e);

#endif
