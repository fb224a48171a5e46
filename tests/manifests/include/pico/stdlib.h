/* SPDX-License-Identifier: MIT
 *
 * stdlib.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_PICO_STDLIB_H
#define TEST_PICO_STDLIB_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t absolute_time_t;
bool stdio_init_all(void);
int stdio_put_string(const char *text, int len, bool newline, bool cr_translation);
absolute_time_t get_absolute_time(void);
uint32_t to_ms_since_boot(absolute_time_t t);
void busy_wait_us_32(uint32_t us);
void tight_loop_contents(void);

#endif
