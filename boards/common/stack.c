/* SPDX-License-Identifier: MIT
 *
 * stack.c: how deep the stack was ever used, from the paint that is left (memory.h).
 */
#include "board.h"
#include "memory.h"

uint32_t board_stack_bytes(void)
{
    return (uint32_t)((uintptr_t)_stack_top - (uintptr_t)_stack_bottom);
}

uint32_t board_stack_used(void)
{
    const uint32_t *p = _stack_bottom;
    while (p < _stack_top && *p == STACK_PAINT)
        p++;
    return (uint32_t)((uintptr_t)_stack_top - (uintptr_t)p);
}
