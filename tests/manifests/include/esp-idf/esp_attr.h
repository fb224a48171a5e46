/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: esp_common.  See ../README.md.
 */
#ifndef FAKE_ESP_ATTR_H
#define FAKE_ESP_ATTR_H

#define RTC_NOINIT_ATTR __attribute__((section(".rtc_noinit")))

#endif
