/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: esp_wifi.  See ../README.md.
 */
#ifndef FAKE_ESP_WIFI_H
#define FAKE_ESP_WIFI_H

#include <stdbool.h>

#include "esp_event.h"
#include "esp_netif.h"

extern esp_event_base_t const WIFI_EVENT;
enum { WIFI_EVENT_STA_CONNECTED = 4, WIFI_EVENT_STA_DISCONNECTED };
enum {
    WIFI_REASON_ASSOC_LEAVE = 8, WIFI_REASON_MIC_FAILURE = 14, WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT = 15,
    WIFI_REASON_AUTH_FAIL = 202, WIFI_REASON_HANDSHAKE_TIMEOUT = 204
};
typedef struct { uint8_t ssid[32], ssid_len, bssid[6], reason; int8_t rssi; } wifi_event_sta_disconnected_t;
typedef struct { int magic; } wifi_init_config_t;
#define WIFI_INIT_CONFIG_DEFAULT() { .magic = 0x1F2F3F4F }
typedef enum { WIFI_MODE_NULL, WIFI_MODE_STA, WIFI_MODE_AP, WIFI_MODE_APSTA } wifi_mode_t;
typedef enum { WIFI_PS_NONE } wifi_ps_type_t;
typedef enum { WIFI_STORAGE_FLASH, WIFI_STORAGE_RAM } wifi_storage_t;
typedef enum { WIFI_IF_STA, WIFI_IF_AP } wifi_interface_t;
typedef enum { WIFI_FAST_SCAN, WIFI_ALL_CHANNEL_SCAN } wifi_scan_method_t;
typedef enum { WIFI_CONNECT_AP_BY_SIGNAL } wifi_sort_method_t;
typedef struct { bool capable, required; } wifi_pmf_config_t;
typedef struct {
    uint8_t ssid[32], password[64];
    wifi_scan_method_t scan_method;
    wifi_sort_method_t sort_method;
    wifi_pmf_config_t pmf_cfg;
} wifi_sta_config_t;
typedef enum { WIFI_AUTH_OPEN, WIFI_AUTH_WPA2_PSK = 3 } wifi_auth_mode_t;
typedef struct {
    uint8_t ssid[32], password[64], ssid_len, channel;
    wifi_auth_mode_t authmode;
    uint8_t ssid_hidden, max_connection;
} wifi_ap_config_t;
typedef union { wifi_ap_config_t ap; wifi_sta_config_t sta; } wifi_config_t;
typedef struct { struct { uint8_t mac[6]; } sta[10]; int num; } wifi_sta_list_t;
esp_netif_t *esp_netif_create_default_wifi_sta(void);
esp_netif_t *esp_netif_create_default_wifi_ap(void);
esp_err_t esp_wifi_init(const wifi_init_config_t *config);
esp_err_t esp_wifi_set_storage(wifi_storage_t storage);
esp_err_t esp_wifi_set_mode(wifi_mode_t mode);
esp_err_t esp_wifi_start(void);
esp_err_t esp_wifi_set_ps(wifi_ps_type_t type);
esp_err_t esp_wifi_set_country_code(const char *country, bool ieee80211d_enabled);
esp_err_t esp_wifi_set_config(wifi_interface_t interface, wifi_config_t *config);
esp_err_t esp_wifi_connect(void);
esp_err_t esp_wifi_disconnect(void);
esp_err_t esp_wifi_get_mac(wifi_interface_t interface, uint8_t mac[6]);
esp_err_t esp_wifi_ap_get_sta_list(wifi_sta_list_t *list);

#endif
