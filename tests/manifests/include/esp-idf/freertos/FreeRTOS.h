/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: freertos.  See ../README.md.
 */
#ifndef FAKE_FREERTOS_FREERTOS_H
#define FAKE_FREERTOS_FREERTOS_H

#include <stdint.h>

typedef uint32_t TickType_t;
typedef int BaseType_t;
typedef unsigned UBaseType_t;
#define pdPASS 1
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))

#endif
