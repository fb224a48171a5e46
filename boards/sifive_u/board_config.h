/* SPDX-License-Identifier: MIT
 *
 * board_config.h: addresses and sizes of the SiFive U: RV32IMAC (QEMU's 32-bit variant), RAM by
 * the megabyte, DMA for Ethernet.
 */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#define BOARD_NAME              "sifive_u"

#define GEM_BASE                0x10090000

#include "large_board.h"

#endif
