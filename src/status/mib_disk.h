/* SPDX-License-Identifier: MIT
 *
 * mib_disk.h: what a device without an operating system can tell of the UCD MIBs (1.3.6.1.4.1.2021), where many tools
 * look: the disk that it serves (UCD-DISKIO-MIB, all units together), and its version.  On a host, snmpd has these of
 * its own.
 *
 *     2021.4.11.0             memAvailReal, kB: the least memory that was ever free
 *     2021.13.15.1.1.c.1      diskIOTable: index, device, bytes read and written, reads, writes; 12, 13: 64 bits
 *     2021.100.1.0 .2.0 .3.0  version
 *
 * Names behind 2021; else as mib.h.  Layer 6.
 */
#ifndef THIMBLE_MIB_DISK_H
#define THIMBLE_MIB_DISK_H

#include "mib.h"

#ifdef __cplusplus
extern "C" {
#endif

bool thimble_mib_disk_get(const struct thimble_mib *m, const uint32_t *name, size_t len,
                          struct thimble_mib_value *value);
bool thimble_mib_disk_next(const struct thimble_mib *m, const uint32_t *name, size_t len, uint32_t *next,
                           size_t *next_len, struct thimble_mib_value *value);

#ifdef __cplusplus
}
#endif

#endif
