/* SPDX-License-Identifier: MIT
 *
 * net.c: lwIP on a board: frames from the controller into lwIP and back, the address, time.
 *
 * Knows lwIP and drivers/nic.h; no board, no iSCSI.
 */
#include "net.h"

#include <stdio.h>
#include <string.h>

#include "board.h"
#include "drivers/nic.h"
#include "lwip/dhcp.h"
#include "lwip/ethip6.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "random.h"

struct net_counters net_counters;

static struct netif netif;
static char address_text[IP4ADDR_STRLEN_MAX];
static struct net_config config;
static uint32_t dhcp_started_ms, link_looked_ms;
static bool dhcp_waiting, dhcp_silent, linked;

enum { DHCP_WAIT_MS = 10000, LINK_LOOK_MS = 200 };

u32_t sys_now(void)
{
    return board_ms();
}

/* ---------------------------------------------------------------------------------------
 * Memory for frames.  When connections hold all the pool's buffers, because their data waits
 * for a place that another connection's data on its way out will leave, then only that one's
 * acknowledgements can free anything: they must get in all the same.  For them there is one
 * small frame in reserve, and nothing else may use it.
 */
enum { RESERVE_BYTES = 100 };

static struct pbuf_custom reserve;
static uint32_t reserve_data[RESERVE_BYTES / 4];
static bool reserve_taken;

static void reserve_freed(struct pbuf *p)
{
    (void)p;
    reserve_taken = false;
}

struct pbuf *net_frame_alloc(uint16_t len)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, len, PBUF_POOL);
    if (p || len > RESERVE_BYTES || reserve_taken)
        return p;

    reserve_taken = true;
    reserve.custom_free_function = reserve_freed;
    return pbuf_alloced_custom(PBUF_RAW, len, PBUF_REF, &reserve, reserve_data, RESERVE_BYTES);
}

/* True: ARP, or a TCP segment without data.  lwIP looks at these and is done with them. */
static bool keeps_no_memory(const uint8_t *frame, size_t len)
{
    enum { TYPE = ETH_PAD_SIZE + 12, IP = SIZEOF_ETH_HDR };
    if (len < IP + 40)
        return false;

    unsigned type = (unsigned)frame[TYPE] << 8 | frame[TYPE + 1];
    const uint8_t *ip = frame + IP;
    if (type == ETHTYPE_ARP)
        return true;
    if (type == ETHTYPE_IP && ip[9] == 6) {
        size_t header = (ip[0] & 15u) * 4u;
        size_t total = (size_t)ip[2] << 8 | ip[3];
        return IP + header + 13 <= len && total == header + (ip[header + 12] >> 4) * 4u;
    }
    if (type == ETHTYPE_IPV6 && ip[6] == 6 && IP + 40 + 13 <= len) {
        size_t payload = (size_t)ip[4] << 8 | ip[5];
        return payload == (ip[40 + 12] >> 4) * 4u;
    }
    return false;
}

/* ---------------------------------------------------------------------------------------
 * Frames
 */
static err_t frame_out(struct netif *n, struct pbuf *p)
{
    (void)n;
    if (!nic_send(p)) {
        net_counters.dropped_out++;
        return ERR_BUF;
    }
    net_counters.frames_out++;
    return ERR_OK;
}

static void frame_in(struct pbuf *p)
{
    random_stir(board_ticks());
    net_counters.frames_in++;

    bool refuse = p == &reserve.pbuf && !keeps_no_memory(p->payload, p->len);
    if (refuse)
        net_counters.dropped_in++;
    if (refuse || netif.input(p, &netif) != ERR_OK)
        pbuf_free(p);
}

static err_t netif_start(struct netif *n)
{
    n->name[0] = 'e';
    n->name[1] = 'n';
    n->hostname = config.host_name;
    n->mtu = 1500;
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
               NETIF_FLAG_LINK_UP;
    n->hwaddr_len = 6;
    n->output = etharp_output;
#if LWIP_IGMP
    n->flags |= NETIF_FLAG_IGMP;        /* drivers let all groups in */
#endif
#if LWIP_IPV6
    n->output_ip6 = ethip6_output;
    n->flags |= NETIF_FLAG_MLD6;
#endif
    n->linkoutput = frame_out;
    nic_start(n->hwaddr);
    for (int i = 0; i < 6; i++)
        random_stir(n->hwaddr[i]);
    return ERR_OK;
}

/* ---------------------------------------------------------------------------------------
 * The address
 */
static void address_changed(struct netif *n)
{
    if (ip4_addr_isany(netif_ip4_addr(n))) {
        address_text[0] = '\0';
        return;
    }
    if (strcmp(ip4addr_ntoa(netif_ip4_addr(n)), address_text) == 0)
        return;
    ip4addr_ntoa_r(netif_ip4_addr(n), address_text, sizeof address_text);
    printf("network: address %s (%s), hardware address %02x:%02x:%02x:%02x:%02x:%02x\n",
           address_text, dhcp_supplied_address(n) ? "DHCP" : "static", n->hwaddr[0],
           n->hwaddr[1], n->hwaddr[2], n->hwaddr[3], n->hwaddr[4], n->hwaddr[5]);
}

static void take_static_address(void)
{
    ip4_addr_t address, mask, gateway;
    IP4_ADDR(&address, config.ip[0], config.ip[1], config.ip[2], config.ip[3]);
    IP4_ADDR(&gateway, config.gateway[0], config.gateway[1], config.gateway[2],
             config.gateway[3]);
    ip4_addr_set_u32(&mask, lwip_htonl(UINT32_MAX << (32 - config.prefix)));
    netif_set_addr(&netif, &address, &mask, &gateway);
}

/* The time without a link does not count: nobody was asked. */
static void watch_dhcp(void)
{
    if (!linked)
        dhcp_started_ms = board_ms();
    if (!dhcp_waiting && !dhcp_silent)
        return;
    if (dhcp_supplied_address(&netif)) {
        dhcp_waiting = dhcp_silent = false;
    } else if (dhcp_waiting && board_ms() - dhcp_started_ms >= DHCP_WAIT_MS) {
        dhcp_waiting = false;
        dhcp_silent = config.prefix == 0;
        if (dhcp_silent)
            return;                     /* it is asked on */
        printf("network: no answer from DHCP\n");
        dhcp_release_and_stop(&netif);
        take_static_address();
    }
}

/* lwIP asks DHCP anew, or announces the address, when a link comes. */
static void watch_link(void)
{
    if (board_ms() - link_looked_ms < LINK_LOOK_MS)
        return;
    link_looked_ms = board_ms();
    if (nic_link() == linked)
        return;
    linked = !linked;
    if (linked)
        netif_set_link_up(&netif);
    else
        netif_set_link_down(&netif);
}

bool net_link(void)
{
    return linked;
}

bool net_dhcp_silent(void)
{
    return dhcp_silent;
}

const char *net_address(void)
{
    return address_text;
}

/* --------------------------------------------------------------------------------------- */

void net_start(const struct net_config *c)
{
    config = *c;
    lwip_init();
    netif_add(&netif, NULL, NULL, NULL, NULL, netif_start, ethernet_input);
    netif_set_status_callback(&netif, address_changed);
    netif_set_default(&netif);
    netif_set_up(&netif);
    linked = nic_link();
    if (!linked)
        netif_set_link_down(&netif);
#if LWIP_IPV6
    if (config.ipv6) {
        netif_create_ip6_linklocal_address(netif_default, 1);
        netif_set_ip6_autoconfig_enabled(netif_default, 1);
    }
#endif

    if (config.dhcp && dhcp_start(&netif) == ERR_OK) {
        dhcp_waiting = true;
        dhcp_started_ms = board_ms();
        printf("network: asking DHCP for an address\n");
    } else {
        take_static_address();
    }
}

void net_poll(void)
{
    for (;;) {
        uint32_t dropped = net_counters.dropped_in;
        struct pbuf *p = nic_receive(&net_counters.dropped_in);
        if (p)
            frame_in(p);
        else if (net_counters.dropped_in == dropped)
            break;
    }
    sys_check_timeouts();
    watch_link();
    watch_dhcp();
}

uint32_t net_sleep_ms(void)
{
    return sys_timeouts_sleeptime();
}
