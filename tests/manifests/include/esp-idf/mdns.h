/* SPDX-License-Identifier: MIT
 *
 * mdns.h: declarations for a compile test only, see ../README.md: those of the component espressif/mdns.
 */
#ifndef TEST_MDNS_H
#define TEST_MDNS_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

typedef struct {
    const char *key, *value;
} mdns_txt_item_t;

esp_err_t mdns_init(void);
esp_err_t mdns_hostname_set(const char *name);
esp_err_t mdns_service_add(const char *name, const char *type, const char *proto, uint16_t port, mdns_txt_item_t txt[], size_t n);

#endif
