/* SPDX-License-Identifier: MIT
 *
 * gpio.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_HARDWARE_GPIO_H
#define TEST_HARDWARE_GPIO_H

#include <stdbool.h>
#include <stdint.h>

typedef unsigned int uint;
enum { GPIO_IN = 0, GPIO_OUT = 1 };
typedef enum { GPIO_FUNC_SPI = 1 } gpio_function_t;

void gpio_init(uint pin);
void gpio_put(uint pin, bool high);
bool gpio_get(uint pin);
void gpio_set_dir(uint pin, bool out);
void gpio_pull_up(uint pin);
void gpio_set_function(uint pin, gpio_function_t f);

#endif
