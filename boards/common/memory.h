/* SPDX-License-Identifier: MIT
 *
 * memory.h: what every board's entry code does before main(), and the symbols that every
 * linker script gives: variables are copied from their load address, the rest is
 * cleared, the stack is painted so that its deepest use can be seen later.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdint.h>

extern uint32_t _data_load[], _data_start[], _data_end[];
extern uint32_t _bss_start[], _bss_end[];
extern uint32_t _stack_bottom[], _stack_top[];

#define STACK_PAINT UINT32_C(0x57ac57ac)

static inline void memory_start(void)
{
    const volatile uint32_t *from = _data_load;
    for (volatile uint32_t *to = _data_start; to != _data_end;)
        *to++ = *from++;
    for (volatile uint32_t *to = _bss_start; to != _bss_end;)
        *to++ = 0;

    /* The part that is in use now ends below this frame. */
    volatile uint32_t *in_use = (uint32_t *)__builtin_frame_address(0) - 16;
    for (volatile uint32_t *to = _stack_bottom; to < in_use;)
        *to++ = STACK_PAINT;
}

#endif
