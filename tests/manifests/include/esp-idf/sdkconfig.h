/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: a project's configuration.  See ../README.md.
 */
#ifndef FAKE_SDKCONFIG_H
#define FAKE_SDKCONFIG_H

/* Which chip it is says the compiler's command line. */
#if defined(CONFIG_IDF_TARGET_ESP32)
#define CONFIG_IDF_TARGET "esp32"
#define CONFIG_ETH_USE_ESP32_EMAC 1
#elif defined(CONFIG_IDF_TARGET_ESP32S3)
#define CONFIG_IDF_TARGET "esp32s3"
#elif defined(CONFIG_IDF_TARGET_ESP32C3)
#define CONFIG_IDF_TARGET "esp32c3"
#define CONFIG_FREERTOS_UNICORE 1
#else
#define CONFIG_IDF_TARGET "esp32c6"
#endif

#endif
