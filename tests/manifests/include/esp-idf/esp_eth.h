/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: esp_eth.  See ../README.md.
 */
#ifndef FAKE_ESP_ETH_H
#define FAKE_ESP_ETH_H

#include "esp_event.h"
#include "esp_netif.h"

extern esp_event_base_t const ETH_EVENT;
enum { ETHERNET_EVENT_START, ETHERNET_EVENT_STOP, ETHERNET_EVENT_CONNECTED, ETHERNET_EVENT_DISCONNECTED };
typedef void *esp_eth_handle_t;
typedef struct esp_eth_netif_glue_t *esp_eth_netif_glue_handle_t;
typedef struct esp_eth_mac_s esp_eth_mac_t;
struct esp_eth_mac_s { esp_err_t (*del)(esp_eth_mac_t *mac); };
typedef struct esp_eth_phy_s esp_eth_phy_t;
struct esp_eth_phy_s { esp_err_t (*del)(esp_eth_phy_t *phy); };
typedef enum { EMAC_CLK_DEFAULT, EMAC_CLK_EXT_IN } emac_rmii_clock_mode_t;
typedef enum { EMAC_CLK_IN_GPIO = 0 } emac_rmii_clock_gpio_t;
typedef struct { uint32_t rx_task_stack_size; } eth_mac_config_t;
typedef struct {
    union { struct { emac_rmii_clock_mode_t clock_mode; emac_rmii_clock_gpio_t clock_gpio; } rmii; } clock_config;
} eth_esp32_emac_config_t;
typedef struct { int32_t phy_addr; int reset_gpio_num; } eth_phy_config_t;
typedef struct { esp_eth_mac_t *mac; esp_eth_phy_t *phy; } esp_eth_config_t;
#define ETH_MAC_DEFAULT_CONFIG() { .rx_task_stack_size = 2048 }
#define ETH_ESP32_EMAC_DEFAULT_CONFIG() { .clock_config = { .rmii = { EMAC_CLK_DEFAULT, EMAC_CLK_IN_GPIO } } }
#define ETH_PHY_DEFAULT_CONFIG() { .phy_addr = -1, .reset_gpio_num = 5 }
#define ETH_DEFAULT_CONFIG(of_mac, of_phy) { .mac = of_mac, .phy = of_phy }
esp_eth_mac_t *esp_eth_mac_new_esp32(const eth_esp32_emac_config_t *esp32_config, const eth_mac_config_t *config);
esp_eth_phy_t *esp_eth_phy_new_lan87xx(const eth_phy_config_t *config);
esp_err_t esp_eth_driver_install(const esp_eth_config_t *config, esp_eth_handle_t *driver);
esp_eth_netif_glue_handle_t esp_eth_new_netif_glue(esp_eth_handle_t driver);
esp_err_t esp_eth_start(esp_eth_handle_t driver);

#endif
