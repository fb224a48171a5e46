/* SPDX-License-Identifier: MIT
 *
 * init.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_INIT_H
#define TEST_LWIP_INIT_H

void lwip_init(void);

#endif
