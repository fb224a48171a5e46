/* SPDX-License-Identifier: MIT
 *
 * timeouts.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_TIMEOUTS_H
#define TEST_LWIP_TIMEOUTS_H

void sys_check_timeouts(void);

#endif
