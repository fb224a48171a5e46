/* SPDX-License-Identifier: MIT
 *
 * mmio.h: device registers by address.
 */
#ifndef MMIO_H
#define MMIO_H

#include <stdint.h>

#define REG(address)    (*(volatile uint32_t *)(uintptr_t)(address))
#define REG16(address)  (*(volatile uint16_t *)(uintptr_t)(address))
#define BIT(n)          (UINT32_C(1) << (n))

#endif
