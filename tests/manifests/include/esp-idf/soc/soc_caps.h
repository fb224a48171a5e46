/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: soc.  See ../README.md.
 */
#ifndef FAKE_SOC_SOC_CAPS_H
#define FAKE_SOC_SOC_CAPS_H

#include "sdkconfig.h"

#if defined(CONFIG_IDF_TARGET_ESP32) || defined(CONFIG_IDF_TARGET_ESP32S3)
#define SOC_SDMMC_HOST_SUPPORTED 1
#endif
#ifdef CONFIG_IDF_TARGET_ESP32S3
#define SOC_SDMMC_USE_GPIO_MATRIX 1
#endif

#endif
