/* SPDX-License-Identifier: MIT
 *
 * board_config.h: addresses and sizes of the i.MX 6UltraLite evaluation kit: Cortex-A7.  Its
 * Ethernet and SD blocks are those of the i.MX RT1062 (Teensy 4.1), at other addresses.
 */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#define BOARD_NAME              "mcimx6ul-evk"

#define ENET_BASE               0x02188000      /* RT1062: 0x402d8000 */
#define USDHC_BASE              0x02190000      /* RT1062: 0x402c0000 */
#define USDHC_CLOCK_HZ          198000000u

#include "large_board.h"

#endif
