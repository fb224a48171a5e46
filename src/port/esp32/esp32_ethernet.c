/* SPDX-License-Identifier: MIT
 *
 * esp32_ethernet.c: the ESP32's own Ethernet with a LAN8720, as on a WT32-ETH01.
 *
 * Layer 6.  The driver tells of the link in a task of its own; that is only noted there.
 */
#include "esp32.h"

#if TH_BOARD_ESP32 && THIMBLE_BOARD_ETHERNET

#include <driver/gpio.h>
#include <esp_eth.h>
#include <esp_event.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <stdatomic.h>

/* How the LAN8720 is connected.  Data lines are fixed, MDC is 23 and MDIO 18, as the driver has them.  POWER switches its
 * 50 MHz oscillator, which the chip needs at GPIO 0. */
#ifndef THIMBLE_BOARD_ETH_ADDRESS
#define THIMBLE_BOARD_ETH_ADDRESS 1
#endif
#ifndef THIMBLE_BOARD_ETH_POWER
#define THIMBLE_BOARD_ETH_POWER 16
#endif

enum { POWER_MS = 50 };

static esp_netif_t *interface;
static bool handler_made, attached;
static atomic_bool link_is_up;

static void on_ethernet(void *unused, esp_event_base_t base, int32_t event, void *data)
{
    (void)unused;
    (void)base;
    (void)data;
    if (event == ETHERNET_EVENT_CONNECTED)
        atomic_store(&link_is_up, true);
    else if (event == ETHERNET_EVENT_DISCONNECTED || event == ETHERNET_EVENT_STOP)
        atomic_store(&link_is_up, false);
}

static void power_on(void)
{
    if (THIMBLE_BOARD_ETH_POWER < 0)
        return;
    gpio_set_direction((gpio_num_t)THIMBLE_BOARD_ETH_POWER, GPIO_MODE_OUTPUT);
    gpio_set_level((gpio_num_t)THIMBLE_BOARD_ETH_POWER, 1);
    vTaskDelay(pdMS_TO_TICKS(POWER_MS));
}

static esp_eth_handle_t make_driver(void)
{
    eth_mac_config_t mac_config = ETH_MAC_DEFAULT_CONFIG();
    eth_esp32_emac_config_t emac_config = ETH_ESP32_EMAC_DEFAULT_CONFIG();
    eth_phy_config_t phy_config = ETH_PHY_DEFAULT_CONFIG();
    emac_config.clock_config.rmii.clock_mode = EMAC_CLK_EXT_IN;
    emac_config.clock_config.rmii.clock_gpio = EMAC_CLK_IN_GPIO;
    phy_config.phy_addr = THIMBLE_BOARD_ETH_ADDRESS;
    phy_config.reset_gpio_num = -1;

    esp_eth_handle_t driver = NULL;
    esp_eth_mac_t *mac = esp_eth_mac_new_esp32(&emac_config, &mac_config);
    esp_eth_phy_t *phy = mac ? esp_eth_phy_new_lan87xx(&phy_config) : NULL;
    if (phy) {
        esp_eth_config_t config = ETH_DEFAULT_CONFIG(mac, phy);
        if (esp_eth_driver_install(&config, &driver) == ESP_OK)
            return driver;
        phy->del(phy);
    }
    if (mac)
        mac->del(mac);
    return NULL;
}

static esp_err_t start_driver(esp_eth_handle_t driver)
{
    esp_netif_config_t config = ESP_NETIF_DEFAULT_ETH();
    if (!interface)
        interface = esp_netif_new(&config);
    if (!interface)
        return ESP_ERR_NO_MEM;
    esp_err_t err = attached ? ESP_OK : esp_netif_attach(interface, esp_eth_new_netif_glue(driver));
    attached = err == ESP_OK;
    if (err == ESP_OK && !handler_made) {
        err = esp_event_handler_register(ETH_EVENT, ESP_EVENT_ANY_ID, on_ethernet, NULL);
        handler_made = err == ESP_OK;
    }
    return err == ESP_OK ? esp_eth_start(driver) : err;
}

esp_netif_t *th_esp32_link_start(const struct thimble_settings *s)
{
    static esp_eth_handle_t driver;
    (void)s;
    if (!driver) {
        power_on();
        driver = make_driver();
    }
    if (!driver) {
        th_board_log(TH_LOG_ERROR, "network: the Ethernet chip does not answer");
        return NULL;
    }
    esp_err_t err = start_driver(driver);
    if (err != ESP_OK) {
        th_board_log(TH_LOG_ERROR, "network: Ethernet does not start: error 0x%x", (unsigned)err);
        return NULL;
    }
    return interface;
}

void th_esp32_link_poll(void)
{
}

bool th_esp32_link_is_up(void)
{
    return atomic_load(&link_is_up);
}

enum th_network_trouble th_esp32_link_trouble(void)
{
    return interface ? TH_NETWORK_NO_LINK : TH_NETWORK_NO_DEVICE;
}

#else

/* ISO C wants something in every file. */
typedef int th_esp32_ethernet_is_not_compiled;

#endif
