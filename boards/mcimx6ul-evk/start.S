/* SPDX-License-Identifier: MIT
 *
 * start.S: entry of the Cortex-A7: ARM state, supervisor mode, MMU and caches off, as the boot
 * ROM leaves it.
 */
    .syntax unified
    .arch armv7-a
    .arch_extension virt
    .arch_extension sec
    .arm
    .section .entry, "ax"
    .global _start
_start:
    cpsid   if
    ldr     sp, =_stack_top
    ldr     r0, =vectors
    mcr     p15, 0, r0, c12, c0, 0      /* VBAR */
    mrc     p15, 0, r0, c1, c0, 0       /* SCTLR: vectors low, no MMU, no caches */
    bic     r0, r0, #0x2000
    bic     r0, r0, #0x0005
    mcr     p15, 0, r0, c1, c0, 0
    bl      reset_entry
    b       .

    /* Interrupts stay masked (board_sleep), so what comes here is a fault.  The mode's own
     * stack is not set up; the report borrows the main one, which is lost anyway. */
    .balign 32
vectors:
    b       _start
    b       fault
    b       fault
    b       fault
    b       fault
    b       fault
    b       fault
    b       fault

fault:
    mov     r0, lr
    mrs     r1, cpsr
    and     r1, r1, #31
    cps     #0x13
    ldr     sp, =_stack_top
    b       fault_report
