/* SPDX-License-Identifier: MIT
 *
 * ini.h: thimble.ini in the main folder of the card's FAT or exFAT volume.
 *
 * Layer 6, private to src/port/board.
 */
#ifndef TH_BOARD_INI_H
#define TH_BOARD_INI_H

#include "platform.h"

enum th_ini {
    TH_INI_NONE,                /* no card, or no such file on it: defaults */
    TH_INI_READ,
    TH_INI_FAILED,              /* the card cannot be read: defaults, and its disks stay shut */
};

/* At the start: fills the settings, and tells each mistake. */
enum th_ini th_ini_read(struct thimble_settings *s);

/* Later: does the card that is in say the same as the one that this board started with?  A card without the file
 * says the same as none. */
enum th_ini_match { TH_INI_SAME, TH_INI_OTHER, TH_INI_UNKNOWN };
enum th_ini_match th_ini_compare(void);

#endif
