/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: esp_netif.  See ../README.md.
 */
#ifndef FAKE_ESP_NETIF_H
#define FAKE_ESP_NETIF_H

#include <stdbool.h>

#include "esp_err.h"

#define ESP_ERR_ESP_NETIF_DHCP_ALREADY_STOPPED 0x5005
typedef struct esp_netif_obj esp_netif_t;
typedef void *esp_netif_iodriver_handle;
typedef struct { uint32_t addr; } esp_ip4_addr_t;
typedef struct { esp_ip4_addr_t ip, netmask, gw; } esp_netif_ip_info_t;
typedef struct { const void *base, *driver, *stack; } esp_netif_config_t;
#define IPSTR "%d.%d.%d.%d"
#define IP2STR(a) ((const uint8_t *)(a))[0], ((const uint8_t *)(a))[1], ((const uint8_t *)(a))[2], ((const uint8_t *)(a))[3]
extern const void *const fake_netif_base_eth, *const fake_netif_stack_eth;
#define ESP_NETIF_DEFAULT_ETH() { .base = fake_netif_base_eth, .driver = NULL, .stack = fake_netif_stack_eth }
esp_err_t esp_netif_init(void);
esp_netif_t *esp_netif_new(const esp_netif_config_t *config);
esp_err_t esp_netif_attach(esp_netif_t *netif, esp_netif_iodriver_handle driver);
esp_err_t esp_netif_set_hostname(esp_netif_t *netif, const char *name);
esp_err_t esp_netif_dhcpc_start(esp_netif_t *netif);
esp_err_t esp_netif_dhcpc_stop(esp_netif_t *netif);
esp_err_t esp_netif_set_ip_info(esp_netif_t *netif, const esp_netif_ip_info_t *info);
esp_err_t esp_netif_get_ip_info(esp_netif_t *netif, esp_netif_ip_info_t *info);
bool esp_netif_is_netif_up(esp_netif_t *netif);
void esp_netif_set_ip4_addr(esp_ip4_addr_t *address, uint8_t a, uint8_t b, uint8_t c, uint8_t d);
char *esp_ip4addr_ntoa(const esp_ip4_addr_t *address, char *text, int size);

#endif
