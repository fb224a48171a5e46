/* SPDX-License-Identifier: MIT
 *
 * dhcp.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_DHCP_H
#define TEST_LWIP_DHCP_H

#include "lwip/netif.h"

err_t dhcp_start(struct netif *n);
void dhcp_release_and_stop(struct netif *n);

#endif
