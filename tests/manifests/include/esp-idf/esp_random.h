/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: esp_hw_support.  See ../README.md.
 */
#ifndef FAKE_ESP_RANDOM_H
#define FAKE_ESP_RANDOM_H

#include <stddef.h>
#include <stdint.h>

uint32_t esp_random(void);
void esp_fill_random(void *buf, size_t len);

#endif
