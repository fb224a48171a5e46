/* SPDX-License-Identifier: MIT
 *
 * flash.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_PICO_FLASH_H
#define TEST_PICO_FLASH_H

#include <stdint.h>

enum { PICO_OK = 0 };
int flash_safe_execute(void (*f)(void *), void *arg, uint32_t timeout_ms);

#endif
