/* SPDX-License-Identifier: MIT
 *
 * watchdog.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_HARDWARE_WATCHDOG_H
#define TEST_HARDWARE_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    volatile uint32_t ctrl, load, reason, scratch[8];
} watchdog_hw_t;
extern watchdog_hw_t watchdog_registers;
#define watchdog_hw (&watchdog_registers)

void watchdog_enable(uint32_t ms, bool pause_on_debug);
void watchdog_update(void);
void watchdog_reboot(uint32_t pc, uint32_t sp, uint32_t delay_ms);
bool watchdog_enable_caused_reboot(void);

#endif
