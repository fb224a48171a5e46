/* SPDX-License-Identifier: MIT
 *
 * ip4.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_IP4_H
#define TEST_LWIP_IP4_H

#include "lwip/netif.h"

#define ip4_addr_netcmp(a, b, mask) (((a)->addr & (mask)->addr) == ((b)->addr & (mask)->addr))
struct netif *ip4_route(const ip4_addr_t *to);
u8_t ip4_addr_isbroadcast(const ip4_addr_t *ip, const struct netif *n);
const ip4_addr_t *netif_ip4_netmask(const struct netif *n);
const ip4_addr_t *netif_ip4_gw(const struct netif *n);

#endif
