/* SPDX-License-Identifier: MIT
 *
 * esp32_wifi.c: joins the WiFi networks of thimble.ini as a station.
 *
 * Layer 6.  The driver tells what happened in a task of its own; that is only noted there, and acted upon
 * in our turn (board/wifi_order.h decides).  Nothing is stored in flash but what the radio calibrates.
 */
#include "esp32.h"

#if TH_BOARD_ESP32 && !THIMBLE_BOARD_ETHERNET

#include <esp_event.h>
#include <esp_random.h>
#include <esp_wifi.h>
#include <nvs_flash.h>
#include <stdatomic.h>
#include <string.h>

#include "../board/wifi_order.h"

/* Bits of `noted`; the reason of an end is above them. */
enum { NOTED_JOINED = 1, NOTED_ENDED = 2, NOTED_REASON_SHIFT = 8 };

static const struct thimble_settings *settings;
static uint8_t networks[THIMBLE_SETTINGS_WIFI];         /* indices of settings->wifi, in order */
static struct th_wifi_order order;
static atomic_uint noted;

static esp_netif_t *station;
static bool driver_made, handler_made;

static void on_wifi(void *unused, esp_event_base_t base, int32_t event, void *data)
{
    (void)unused;
    (void)base;
    if (event == WIFI_EVENT_STA_CONNECTED) {
        atomic_store(&noted, NOTED_JOINED);
    } else if (event == WIFI_EVENT_STA_DISCONNECTED) {
        const wifi_event_sta_disconnected_t *d = data;
        atomic_store(&noted, NOTED_ENDED | (unsigned)d->reason << NOTED_REASON_SHIFT);
    }
}

/* --------------------------------------------------------------------------------------
 * Beginning
 */

/* Where the driver keeps its calibration.  One that another version wrote is begun anew. */
esp_err_t th_esp32_storage(void)
{
    esp_err_t err = nvs_flash_init();
    if (err != ESP_ERR_NVS_NO_FREE_PAGES && err != ESP_ERR_NVS_NEW_VERSION_FOUND)
        return err;
    err = nvs_flash_erase();
    return err == ESP_OK ? nvs_flash_init() : err;
}

static esp_err_t make_driver(void)
{
    wifi_init_config_t c = WIFI_INIT_CONFIG_DEFAULT();
    esp_err_t err = driver_made ? ESP_OK : esp_wifi_init(&c);
    driver_made = err == ESP_OK;
    if (err == ESP_OK && !handler_made) {
        err = esp_event_handler_register(WIFI_EVENT, ESP_EVENT_ANY_ID, on_wifi, NULL);
        handler_made = err == ESP_OK;
    }
    return err;
}

/* With power saving on, the radio sleeps between beacons, and each answer may wait for a tenth of a second. */
static esp_err_t start_driver(void)
{
    esp_err_t err = th_esp32_storage();
    if (err == ESP_OK)
        err = make_driver();
    if (err == ESP_OK)
        err = esp_wifi_set_storage(WIFI_STORAGE_RAM);
    if (err == ESP_OK)
        err = esp_wifi_set_mode(WIFI_MODE_STA);
    if (err == ESP_OK)
        err = esp_wifi_start();
    if (err == ESP_OK)
        err = esp_wifi_set_ps(WIFI_PS_NONE);
    return err;
}

esp_netif_t *th_esp32_link_start(const struct thimble_settings *s)
{
    unsigned n = 0;
    settings = s;
    for (unsigned i = 0; i < THIMBLE_SETTINGS_WIFI; i++)
        if (!s->wifi[i].head.bad && s->wifi[i].ssid)
            networks[n++] = (uint8_t)i;

    if (!station)
        station = esp_netif_create_default_wifi_sta();
    esp_err_t err = start_driver();
    if (err != ESP_OK) {
        th_board_log(TH_LOG_ERROR, "network: WiFi does not start: error 0x%x", (unsigned)err);
        return NULL;
    }
    th_wifi_order_init(&order, n);
    return station;
}

/* --------------------------------------------------------------------------------------
 * Joining
 */

static bool is_refusal(unsigned reason)
{
    switch (reason) {
    case WIFI_REASON_MIC_FAILURE:
    case WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT:
    case WIFI_REASON_AUTH_FAIL:
    case WIFI_REASON_HANDSHAKE_TIMEOUT:
        return true;
    default:
        return false;
    }
}

static void put(uint8_t *field, size_t size, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    memcpy(field, text ? text : "", len < size ? len : size);
}

/* The strongest access point of that name, on whatever channel.  A network without a password is open. */
static void join(unsigned number)
{
    const struct thimble_settings_wifi *w = &settings->wifi[networks[number]];
    const char *country = thimble_settings_text(settings, w->country);
    const char *ssid = thimble_settings_text(settings, w->ssid);
    wifi_config_t c = { .sta = { .scan_method = WIFI_ALL_CHANNEL_SCAN,
                                 .sort_method = WIFI_CONNECT_AP_BY_SIGNAL,
                                 .pmf_cfg = { .capable = true } } };
    put(c.sta.ssid, sizeof c.sta.ssid, ssid);
    put(c.sta.password, sizeof c.sta.password, thimble_settings_text(settings, w->password));

    th_board_log(TH_LOG_INFO, "network: joining %s", ssid);
    esp_wifi_disconnect();              /* an attempt that was given up */
    atomic_store(&noted, 0);
    if (country)
        esp_wifi_set_country_code(country, true);
    esp_err_t err = esp_wifi_set_config(WIFI_IF_STA, &c);
    memset(&c, 0, sizeof c);
    if (err == ESP_OK)
        err = esp_wifi_connect();
    if (err == ESP_OK)
        return;
    th_board_log(TH_LOG_ERROR, "network: %s cannot be joined: error 0x%x", ssid, (unsigned)err);
    th_wifi_order_ended(&order, false, th_board_ms(), esp_random());
}

void th_esp32_link_poll(void)
{
    unsigned what = atomic_exchange(&noted, 0);
    unsigned reason = what >> NOTED_REASON_SHIFT;
    bool echo = order.state == TH_WIFI_JOINING && reason == WIFI_REASON_ASSOC_LEAVE;
    if (what & NOTED_JOINED) {
        th_wifi_order_joined(&order);
    } else if (what & NOTED_ENDED && !echo) {   /* the echo of an attempt that was given up */
        bool refused = is_refusal(reason);
        th_board_log(TH_LOG_WARNING, "network: WiFi %s (reason %u)",
                     order.state == TH_WIFI_JOINED ? "is lost"
                     : refused                     ? "refuses us; is the password right?"
                                                   : "is not found, or not joined",
                     reason);
        th_wifi_order_ended(&order, refused, th_board_ms(), esp_random());
    }
#if TH_BOARD_SETUP
    if (th_esp32_point_poll(settings, order.state == TH_WIFI_JOINED, order.n > 0))
        return;
#endif
    int number = th_wifi_order_next(&order, th_board_ms(), esp_random());
    if (number >= 0)
        join((unsigned)number);
}

bool th_esp32_link_is_up(void)
{
    return order.state == TH_WIFI_JOINED;
}

enum th_network_trouble th_esp32_link_trouble(void)
{
    return order.trouble;
}

#else

/* ISO C wants something in every file. */
typedef int th_esp32_wifi_is_not_compiled;

#endif
