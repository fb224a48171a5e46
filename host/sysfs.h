/* SPDX-License-Identifier: MIT
 *
 * sysfs.h: what Linux tells of a block device in /sys, which everybody may read: who it is, and how it is.
 *
 * `root` is "/sys", and a folder of files for tests.  The device is named by its number; a partition is a device of its
 * own.  Elsewhere than on Linux there is no such folder, and nothing is told.
 */
#ifndef HOST_SYSFS_H
#define HOST_SYSFS_H

#include <stdbool.h>

#include "../src/thimble.h"

#define SYSFS_SERIAL_BYTES 33

/* The serial number for a device that identifies itself: an SD card's is the same as in a board's slot; of others it is
 * made from what the device calls itself in the world (wwid, or the UUID of a volume).  False: it does not. */
bool sysfs_serial(const char *root, unsigned major, unsigned minor, char serial[SYSFS_SERIAL_BYTES]);

/* The temperature of a disk whose driver tells it (NVMe; SATA with the module drivetemp), and how much of an eMMC is worn: in steps of
 * 10 percent, of which the upper end is told.  It is failing when it calls the use of its spare blocks urgent.  False:
 * neither is known. */
bool sysfs_health(const char *root, unsigned major, unsigned minor, struct thimble_health *h);

#endif
