/* SPDX-License-Identifier: MIT
 *
 * etharp.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_ETHARP_H
#define TEST_LWIP_ETHARP_H

#include "lwip/netif.h"

enum { ETH_HWADDR_LEN = 6 };
struct eth_addr;
err_t etharp_output(struct netif *n, struct pbuf *p, const ip4_addr_t *to);
err_t etharp_request(struct netif *n, const ip4_addr_t *ip);
int etharp_find_addr(struct netif *n, const ip4_addr_t *ip, struct eth_addr **hardware, const ip4_addr_t **found);

#endif
