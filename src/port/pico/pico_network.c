/* SPDX-License-Identifier: MIT
 *
 * pico_network.c: the address of the board's one interface: static, from DHCP, or what thimble.ini gives to fall
 * back on.
 *
 * Layer 6.  Knows lwIP; the link below is pico_wifi.c or pico_w5500.c.
 */
#include "pico.h"

#if TH_BOARD_PICO

#include "lwip/dhcp.h"
#include "lwip/netif.h"

enum { DHCP_WAIT_MS = 10000 };

static const struct thimble_settings *settings;
static struct netif *interface;
static bool link_was_up, fell_back, dhcp_silent;
static uint32_t dhcp_since_ms;

static void take_address(const struct thimble_settings_address *a)
{
    const uint8_t *g = settings->network.gateway;
    uint32_t bits = UINT32_MAX << (32 - a->prefix);
    ip4_addr_t address, mask, gateway;

    IP4_ADDR(&address, a->ip[0], a->ip[1], a->ip[2], a->ip[3]);
    IP4_ADDR(&gateway, g[0], g[1], g[2], g[3]);
    ip4_addr_set_u32(&mask, lwip_htonl(bits));
    dhcp_release_and_stop(interface);
    netif_set_addr(interface, &address, &mask, &gateway);
}

static void ask_dhcp(void)
{
    dhcp_since_ms = th_board_ms();
    if (dhcp_start(interface) != ERR_OK)
        th_board_log(TH_LOG_ERROR, "network: no memory for DHCP");
}

bool th_board_network_start(const struct thimble_settings *s)
{
    settings = s;
    if (!interface)
        interface = th_pico_link_start(s);
    if (!interface)
        return false;
    netif_set_hostname(interface, thimble_settings_text(s, s->network.hostname));
    if (s->network.address.prefix) {
        take_address(&s->network.address);
    } else {
        th_board_log(TH_LOG_INFO, "network: asking DHCP for an address");
        ask_dhcp();
    }
    return true;
}

static bool has_address(void)
{
    return link_was_up && !ip4_addr_isany_val(*netif_ip4_addr(interface));
}

/* The time without a link does not count: nobody was asked.  Who fell back asks again with the next link. */
static void watch_dhcp(void)
{
    if (settings->network.address.prefix)
        return;
    if (!link_was_up) {
        if (fell_back) {
            netif_set_addr(interface, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
            ask_dhcp();
        }
        fell_back = dhcp_silent = false;
        dhcp_since_ms = th_board_ms();
    } else if (has_address()) {
        dhcp_silent = false;
    } else if (!dhcp_silent && th_board_ms() - dhcp_since_ms >= DHCP_WAIT_MS) {
        dhcp_silent = true;
        fell_back = settings->network.fallback.prefix != 0;
        if (fell_back)
            take_address(&settings->network.fallback);
    }
}

void th_board_network_poll(void)
{
    th_pico_link_poll();
    link_was_up = netif_is_link_up(interface) != 0;
    watch_dhcp();
}

const char *th_board_address(void)
{
    static char text[IP4ADDR_STRLEN_MAX];
    if (!interface || !has_address())
        return "";
    return ip4addr_ntoa_r(netif_ip4_addr(interface), text, sizeof text);
}

enum th_network_trouble th_board_network_trouble(void)
{
    if (!interface || !link_was_up)
        return th_pico_link_trouble();
    return dhcp_silent && !has_address() ? TH_NETWORK_NO_DHCP : TH_NETWORK_NO_TROUBLE;
}

#else

/* ISO C wants something in every file. */
typedef int th_pico_network_is_not_compiled;

#endif
