/* SPDX-License-Identifier: MIT
 *
 * init.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_INIT_H
#define TEST_LWIP_INIT_H

#define LWIP_VERSION_MAJOR 2
#define LWIP_VERSION_MINOR 2

void lwip_init(void);

#endif
