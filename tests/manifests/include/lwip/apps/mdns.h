/* SPDX-License-Identifier: MIT
 *
 * mdns.h: declarations for a compile test only, see ../../README.md: those of lwIP 2.2.
 */
#ifndef TEST_LWIP_MDNS_H
#define TEST_LWIP_MDNS_H

#include "lwip/netif.h"

/* arduino-pico's lwIP was built without it. */
#if defined(ARDUINO_ARCH_RP2040)
#define LWIP_MDNS_RESPONDER 0
#else
#define LWIP_MDNS_RESPONDER 1
#endif

enum mdns_sd_proto { DNSSD_PROTO_UDP, DNSSD_PROTO_TCP };
enum { MDNS_PROBING_CONFLICT, MDNS_PROBING_SUCCESSFUL };

struct mdns_service;
typedef void (*service_get_txt_fn_t)(struct mdns_service *service, void *ctx);
typedef void (*mdns_name_result_cb_t)(struct netif *n, u8_t result, s8_t slot);

void mdns_resp_init(void);
void mdns_resp_register_name_result_cb(mdns_name_result_cb_t f);
err_t mdns_resp_add_netif(struct netif *n, const char *host);
err_t mdns_resp_remove_netif(struct netif *n);
err_t mdns_resp_rename_netif(struct netif *n, const char *host);
s8_t mdns_resp_add_service(struct netif *n, const char *name, const char *type, enum mdns_sd_proto proto, u16_t port,
                           service_get_txt_fn_t f, void *ctx);
err_t mdns_resp_rename_service(struct netif *n, u8_t slot, const char *name);
err_t mdns_resp_add_service_txtitem(struct mdns_service *service, const char *text, u8_t len);
void mdns_resp_announce(struct netif *n);

#endif
