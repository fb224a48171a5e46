/* SPDX-License-Identifier: MIT
 *
 * ip.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_IP_H
#define TEST_LWIP_IP_H

#include "lwip/ip4.h"

struct netif *ip_current_input_netif(void);

#endif
