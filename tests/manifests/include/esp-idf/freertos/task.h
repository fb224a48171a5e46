/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: freertos.  See ../README.md.
 */
#ifndef FAKE_FREERTOS_TASK_H
#define FAKE_FREERTOS_TASK_H

#include "FreeRTOS.h"

struct tskTaskControlBlock;
typedef struct tskTaskControlBlock *TaskHandle_t;
typedef void (*TaskFunction_t)(void *);
BaseType_t xTaskCreatePinnedToCore(TaskFunction_t code, const char *name, uint32_t stack_bytes, void *parameter,
                                   UBaseType_t priority, TaskHandle_t *created, BaseType_t core);
void vTaskDelay(TickType_t ticks);

#endif
