/* SPDX-License-Identifier: MIT
 *
 * cyw43_arch.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_PICO_CYW43_ARCH_H
#define TEST_PICO_CYW43_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/netif.h"

#define CYW43_COUNTRY(a, b, revision) ((unsigned char)(a) | ((unsigned char)(b) << 8) | ((revision) << 16))
#define CYW43_COUNTRY_WORLDWIDE CYW43_COUNTRY('X', 'X', 0)
#define CYW43_AUTH_OPEN 0
#define CYW43_AUTH_WPA2_AES_PSK 0x00400004
#define CYW43_CHANNEL_NONE 0xffffffff
#define CYW43_NONE_PM 0x10
enum { CYW43_ITF_STA, CYW43_ITF_AP };
enum { CYW43_LINK_DOWN = 0, CYW43_LINK_JOIN = 1, CYW43_LINK_BADAUTH = -3 };

typedef struct {
    struct netif netif[2];              /* where the driver has an interface to lwIP */
} cyw43_t;
extern cyw43_t cyw43_state;

bool cyw43_is_initialized(cyw43_t *self);
void cyw43_wifi_set_up(cyw43_t *self, int itf, bool up, uint32_t country);
int cyw43_wifi_get_mac(cyw43_t *self, int itf, uint8_t mac[6]);
int cyw43_wifi_pm(cyw43_t *self, uint32_t mode);
int cyw43_wifi_join(cyw43_t *self, size_t ssid_len, const uint8_t *ssid, size_t key_len, const uint8_t *key,
                    uint32_t auth_type, const uint8_t *bssid, uint32_t channel);
int cyw43_wifi_leave(cyw43_t *self, int itf);
void cyw43_wifi_ap_set_ssid(cyw43_t *self, size_t len, const uint8_t *ssid);
void cyw43_wifi_ap_set_password(cyw43_t *self, size_t len, const uint8_t *password);
void cyw43_wifi_ap_set_auth(cyw43_t *self, uint32_t auth);
void cyw43_wifi_ap_get_stas(cyw43_t *self, int *n, uint8_t *macs);
int cyw43_wifi_link_status(cyw43_t *self, int itf);
int cyw43_send_ethernet(cyw43_t *self, int itf, size_t len, const void *buf, bool is_pbuf);

int cyw43_arch_init_with_country(uint32_t country);
void cyw43_arch_poll(void);
void cyw43_arch_lwip_begin(void);
void cyw43_arch_lwip_end(void);
void cyw43_arch_gpio_put(unsigned pin, bool high);

#endif
