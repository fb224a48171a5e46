/* SPDX-License-Identifier: MIT
 *
 * esp32_network.c: the address of the board's one interface: static, from DHCP, or what thimble.ini gives to fall
 * back on.
 *
 * Layer 6.  The link below is esp32_wifi.c or esp32_ethernet.c; TCP/IP is lwIP in a task of its own.
 */
#include "esp32.h"

#if TH_BOARD_ESP32

#include <esp_event.h>
#include <stdio.h>

enum { DHCP_WAIT_MS = 10000 };

static const struct thimble_settings *settings;
static esp_netif_t *interface;
static bool link_was_up;
static bool fell_back, dhcp_silent;
static uint32_t dhcp_since_ms;

static bool take_address(const struct thimble_settings_address *a)
{
    const uint8_t *g = settings->network.gateway;
    uint32_t mask = a->prefix ? UINT32_MAX << (32 - a->prefix) : 0;
    esp_netif_ip_info_t ip = { 0 };
    esp_netif_set_ip4_addr(&ip.ip, a->ip[0], a->ip[1], a->ip[2], a->ip[3]);
    esp_netif_set_ip4_addr(&ip.netmask, (uint8_t)(mask >> 24), (uint8_t)(mask >> 16),
                           (uint8_t)(mask >> 8), (uint8_t)mask);
    esp_netif_set_ip4_addr(&ip.gw, g[0], g[1], g[2], g[3]);

    esp_err_t err = esp_netif_dhcpc_stop(interface);
    if (err == ESP_OK || err == ESP_ERR_ESP_NETIF_DHCP_ALREADY_STOPPED)
        err = esp_netif_set_ip_info(interface, &ip);
    if (err != ESP_OK)
        th_board_log(TH_LOG_ERROR, "network: the static address is not taken: error 0x%x",
                     (unsigned)err);
    return err == ESP_OK;
}

/* Both may have been started by the sketch. */
static bool start_stack(void)
{
    esp_err_t err = esp_netif_init();
    if (err == ESP_OK)
        err = esp_event_loop_create_default();
    if (err == ESP_OK || err == ESP_ERR_INVALID_STATE)
        return true;
    th_board_log(TH_LOG_ERROR, "network: TCP/IP does not start: error 0x%x", (unsigned)err);
    return false;
}

bool th_board_network_start(const struct thimble_settings *s)
{
    settings = s;
    if (!start_stack())
        return false;
    interface = th_esp32_link_start(s);
    if (!interface)
        return false;
    esp_netif_set_hostname(interface, thimble_settings_text(s, s->network.hostname));
    if (s->network.address.prefix)
        return take_address(&s->network.address);
    th_board_log(TH_LOG_INFO, "network: asking DHCP for an address");
    return true;
}

static bool address_of(esp_netif_ip_info_t *ip)
{
    return link_was_up && interface && esp_netif_is_netif_up(interface) &&
           esp_netif_get_ip_info(interface, ip) == ESP_OK && ip->ip.addr != 0;
}

/* The time without a link does not count: nobody was asked.  Who fell back asks again with the next link. */
static void watch_dhcp(bool link)
{
    esp_netif_ip_info_t ip;
    if (!link) {
        if (fell_back && link_was_up)
            esp_netif_dhcpc_start(interface);
        fell_back = dhcp_silent = false;
        dhcp_since_ms = th_board_ms();
        return;
    }
    if (settings->network.address.prefix || fell_back)
        return;
    if (address_of(&ip)) {
        dhcp_silent = false;
    } else if (!dhcp_silent && th_board_ms() - dhcp_since_ms >= DHCP_WAIT_MS) {
        dhcp_silent = true;
        fell_back = settings->network.fallback.prefix && take_address(&settings->network.fallback);
    }
}

void th_board_network_poll(void)
{
    th_esp32_link_poll();
    bool link = th_esp32_link_is_up();
    watch_dhcp(link);
    link_was_up = link;
}

const char *th_board_address(void)
{
    static char text[16];
    esp_netif_ip_info_t ip;
    if (!address_of(&ip))
        return "";
    return esp_ip4addr_ntoa(&ip.ip, text, sizeof text);
}

enum th_network_trouble th_board_network_trouble(void)
{
    if (!link_was_up)
        return th_esp32_link_trouble();
    return dhcp_silent && !fell_back ? TH_NETWORK_NO_DHCP : TH_NETWORK_NO_TROUBLE;
}

#else

/* ISO C wants something in every file. */
typedef int th_esp32_network_is_not_compiled;

#endif
