/* SPDX-License-Identifier: MIT
 *
 * start.c: vectors and entry of the LM3S6965, Cortex-M3.  Also built for the Cortex-M0+'s
 * instruction set; unaligned accesses are then trapped, as that processor does.
 */
#include <stdint.h>
#include <stdio.h>

#include "board.h"
#include "irq.h"
#include "memory.h"
#include "mmio.h"

#define CCR         REG(0xe000ed14)
#define CCR_UNALIGN_TRP BIT(3)

int main(void);
void reset_entry(void);
void fault_entry(void);
void fault_report(const uint32_t *frame);

void reset_entry(void)
{
#ifdef __ARM_ARCH_6M__
    CCR |= CCR_UNALIGN_TRP;
#endif
    memory_start();
    main();
}

/* r0..r3, r12, lr, pc, psr were pushed by the processor. */
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
    vector pendsv, systick, irq[44];
} vectors = {
    .stack = _stack_top,
    .reset = reset_entry,
    .nmi = fault_entry,
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
