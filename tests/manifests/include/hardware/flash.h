/* SPDX-License-Identifier: MIT
 *
 * flash.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_HARDWARE_FLASH_H
#define TEST_HARDWARE_FLASH_H

#include <stddef.h>
#include <stdint.h>

#define FLASH_PAGE_SIZE (1u << 8)
#define FLASH_SECTOR_SIZE (1u << 12)
#define PICO_FLASH_SIZE_BYTES (2 * 1024 * 1024)

extern uint8_t flash_memory[];
#define XIP_BASE ((uintptr_t)flash_memory)

void flash_range_erase(uint32_t offset, size_t count);
void flash_range_program(uint32_t offset, const uint8_t *data, size_t count);

#endif
