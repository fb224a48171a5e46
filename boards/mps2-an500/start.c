/* SPDX-License-Identifier: MIT
 *
 * start.c: vectors and entry of a Cortex-M7.
 */
#include <stdint.h>
#include <stdio.h>

#include "board.h"
#include "irq.h"
#include "memory.h"

int main(void);
void reset_entry(void);
void fault_entry(void);
void fault_report(const uint32_t *frame);

void reset_entry(void)
{
    memory_start();
    main();
}

/* r0..r3, r12, lr, pc, psr were pushed by the processor.  The watchdog's first expiry comes here,
 * too, and so tells where the program hung. */
void fault_report(const uint32_t *frame)
{
    printf("\nfault at %08lx, called from %08lx; restarting\n", (unsigned long)frame[6],
           (unsigned long)frame[5]);
    board_restart();
}

__attribute__((naked)) void fault_entry(void)
{
    __asm__ volatile("mrs r0, msp\n"
                     "bl fault_report\n");
}

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const struct {
    const void *stack;
    vector reset, nmi, hard_fault, memory, bus, usage, reserved1[4], svcall, debug, reserved2;
    vector pendsv, systick, irq[IRQ_COUNT];
} vectors = {
    .stack = _stack_top,
    .reset = reset_entry,
    .nmi = fault_entry,                 /* the watchdog's first expiry */
    .hard_fault = fault_entry,
    .memory = fault_entry,
    .bus = fault_entry,
    .usage = fault_entry,
    .svcall = fault_entry,
    .debug = fault_entry,
    .pendsv = fault_entry,
    .systick = systick_irq,
    .irq = { [IRQ_ETHERNET] = ethernet_irq },
};
