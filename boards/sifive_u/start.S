/* SPDX-License-Identifier: MIT
 *
 * start.S: entry of all harts, in machine mode.  Hart 1 runs the firmware, the others sleep.
 */
    .section .entry, "ax"
    .global _start
_start:
    csrw    mie, zero
    csrr    t0, mhartid
    li      t1, 1
    beq     t0, t1, 2f
1:  wfi
    j       1b

2:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      sp, _stack_top
    la      t0, trap_entry
    csrw    mtvec, t0
    jal     reset_entry

    /* Nothing is ever interrupted (board_sleep), so a trap is a fault. */
    .balign 4
trap_entry:
    csrr    a0, mcause
    csrr    a1, mepc
    csrr    a2, mtval
    j       fault_report
