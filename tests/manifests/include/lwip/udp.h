/* SPDX-License-Identifier: MIT
 *
 * udp.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_LWIP_UDP_H
#define TEST_LWIP_UDP_H

#include "lwip/netif.h"
#include "lwip/tcp.h"

/* As where lwIP has IPv6, too. */
#define IP_ADDR4(ip, a, b, c, d) ((ip)->type = 0, (ip)->addr[0] = (u32_t)(a) | (u32_t)(b) << 8 | (u32_t)(c) << 16 | (u32_t)(d) << 24)

struct udp_pcb;
typedef void (*udp_recv_fn)(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port);
struct udp_pcb {
    struct udp_pcb *next;
    u16_t local_port;
    udp_recv_fn recv;
    void *recv_arg;
};
extern struct udp_pcb *udp_pcbs;
struct udp_pcb *udp_new(void);
err_t udp_bind(struct udp_pcb *pcb, const ip_addr_t *at, u16_t port);
void udp_recv(struct udp_pcb *pcb, udp_recv_fn f, void *arg);
void udp_remove(struct udp_pcb *pcb);
err_t udp_sendto_if(struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *to, u16_t port, struct netif *n);
err_t udp_sendto(struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *to, u16_t port);

#endif
