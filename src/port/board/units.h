/* SPDX-License-Identifier: MIT
 *
 * units.h: the logical units of a board: each a disk behind a line (disk_line.h), known to the
 * engine.
 *
 * Layer 6, private to src/port/board.
 */
#ifndef TH_BOARD_UNITS_H
#define TH_BOARD_UNITS_H

#include "platform.h"

/* Adds one to a target of the engine's, under `name` in the log.  serial: NULL, or in the place of the disk's.
 * THIMBLE_OK, or a negative thimble_err, which the log has told. */
int th_unit_add(struct thimble *engine, int target, const char *name,
                const struct thimble_lun_config *lun, const char *serial);

/* A piece of work for each.  True: something was done. */
bool th_units_run(void);

/* There is work that can be done now. */
bool th_units_waiting(void);

/* The card was changed or went: looks for what is served of it, and tells the initiators.  Not changed: only for what
 * could not be read.  True: something still cannot; try again later. */
bool th_units_follow(struct thimble *engine, bool changed);

/* A disk below is still at work, so this is no moment for th_units_follow(). */
bool th_units_busy(void);

/* How many a target of the engine's has. */
unsigned th_units_of(int target);

/* To show. */
struct th_units {
    unsigned count;
    uint32_t read_bytes, written_bytes;     /* wrap */
    enum thimble_lights_error trouble;      /* of the first unit that has one */
    unsigned first_lun;                     /* of the first one that was added */
};
void th_units_look(struct th_units *u);

#endif
