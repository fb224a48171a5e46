/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: a project's configuration.  See ../README.md.
 */
#ifndef FAKE_SDKCONFIG_H
#define FAKE_SDKCONFIG_H

/* Which chip it is says the compiler's command line. */
#if defined(CONFIG_IDF_TARGET_ESP32)
#define CONFIG_IDF_TARGET "esp32"
#define CONFIG_IDF_FIRMWARE_CHIP_ID 0x0000
#define CONFIG_ETH_USE_ESP32_EMAC 1
#elif defined(CONFIG_IDF_TARGET_ESP32S3)
#define CONFIG_IDF_TARGET "esp32s3"
#define CONFIG_IDF_FIRMWARE_CHIP_ID 0x0009
#elif defined(CONFIG_IDF_TARGET_ESP32C3)
#define CONFIG_IDF_TARGET "esp32c3"
#define CONFIG_IDF_FIRMWARE_CHIP_ID 0x0005
#define CONFIG_FREERTOS_UNICORE 1
#else
#define CONFIG_IDF_TARGET "esp32c6"
#define CONFIG_IDF_FIRMWARE_CHIP_ID 0x000d
#endif
#define CONFIG_HTTPD_MAX_URI_LEN 512
#define CONFIG_LWIP_IPV6 1

#endif
