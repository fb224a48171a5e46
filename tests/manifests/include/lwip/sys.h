/* SPDX-License-Identifier: MIT
 *
 * sys.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_SYS_H
#define TEST_LWIP_SYS_H

#include "lwip/pbuf.h"

u32_t sys_now(void);

#endif
