/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: bootloader_support.  See ../README.md.
 */
#ifndef FAKE_BOOTLOADER_RANDOM_H
#define FAKE_BOOTLOADER_RANDOM_H

void bootloader_random_enable(void);
void bootloader_random_disable(void);

#endif
