/* SPDX-License-Identifier: MIT
 *
 * transport_lwip.c: board.c's transport where lwIP has no task of its own.
 *
 * Layer 6.
 */
#include "which.h"

#if TH_BOARD_LWIP

#include "../lwip/thimble_lwip.h"
#include "lwip/etharp.h"
#include "lwip/ip4.h"
#include "lwip/udp.h"
#include "platform.h"

enum { ASK_AGAIN_MS = 1000 };

static struct thimble_lwip port;
static struct thimble_lwip_conn conns[THIMBLE_BOARD_CONNECTIONS + 1];

int th_transport_prepare(struct thimble_config *config)
{
    config->ctx = &port;
    config->wake = thimble_lwip_wake;
    config->portal = thimble_lwip_portal;
    return THIMBLE_OK;
}

int th_transport_start(struct thimble *engine, uint16_t tcp_port)
{
    thimble_tick(engine, th_board_ms());
    return thimble_lwip_start(&port, engine, conns, THIMBLE_BOARD_CONNECTIONS + 1, tcp_port);
}

uint32_t th_transport_poll(void)
{
    thimble_lwip_poll(&port);
    uint32_t idle_ms = thimble_tick(port.engine, th_board_ms());
    return thimble_lwip_poll(&port) ? 0 : idle_ms;
}

unsigned th_transport_open(void)
{
    return port.n_open;
}

/* True: the next machine on the way to `to` is known.  lwIP would keep datagrams until it is, in memory that TCP needs. */
static bool next_hop_is_known(const ip4_addr_t *to)
{
    static uint32_t asked_ms;
    struct netif *out = ip4_route(to);
    struct eth_addr *hardware;
    const ip4_addr_t *ip;

    if (!out)
        return false;
    const ip4_addr_t *hop = ip4_addr_netcmp(to, netif_ip4_addr(out), netif_ip4_netmask(out)) ? to : netif_ip4_gw(out);
    if (ip4_addr_isbroadcast(to, out) || etharp_find_addr(out, hop, &hardware, &ip) >= 0)
        return true;
    if (asked_ms == 0 || th_board_ms() - asked_ms >= ASK_AGAIN_MS) {
        asked_ms = th_board_ms();
        etharp_request(out, hop);
    }
    return false;
}

bool th_transport_datagram(const uint8_t ip[4], uint16_t udp_port, const void *data, size_t len)
{
    static struct udp_pcb *pcb;
    ip_addr_t to;

    IP_ADDR4(&to, ip[0], ip[1], ip[2], ip[3]);

    if (!next_hop_is_known(ip_2_ip4(&to)))
        return false;
    if (!pcb)
        pcb = udp_new();
    struct pbuf *p = pcb ? pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM) : NULL;
    if (!p)
        return false;
    bool sent = pbuf_take(p, data, (u16_t)len) == ERR_OK && udp_sendto(pcb, p, &to, udp_port) == ERR_OK;
    pbuf_free(p);
    return sent;
}

#else

/* ISO C wants something in every file. */
typedef int th_transport_is_not_lwip;

#endif
