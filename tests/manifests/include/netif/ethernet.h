/* SPDX-License-Identifier: MIT
 *
 * ethernet.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_NETIF_ETHERNET_H
#define TEST_NETIF_ETHERNET_H

#include "lwip/netif.h"

err_t ethernet_input(struct pbuf *p, struct netif *n);

#endif
