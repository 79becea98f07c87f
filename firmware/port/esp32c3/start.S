/* SPDX-License-Identifier: Apache-2.0 */
// From the ROM to C.
//
// Direct boot: if the flash begins with the word 0xAEDB041D, twice, the ROM maps the flash's first 4 MiB to 0x42000000
// (instruction bus) and 0x3C000000 (data bus), enables the cache, and jumps to 0x42000008. Chips from revision v0.3 on
// have it, unless secure boot is on or an eFuse forbids it (Espressif, esp32c3-direct-boot-example).
    .section .start, "ax"
    .word 0xAEDB041D
    .word 0xAEDB041D
    .global _start
_start:
    .option push
    .option norelax // gp is not set yet
    la gp, __global_pointer$
    .option pop
    la sp, stack_top
    csrw mie, zero // no interrupt is ever enabled
    j start_c

// The core takes exceptions at the base of mtvec, 256-byte aligned, and interrupts behind it (1.6); it has no other mode.
// A stack of its own: the usual fault is that the other one is full.
    .section .hot.trap, "ax"
    .global trap_entry
    .balign 256
trap_entry:
    csrw mscratch, sp
    la sp, fault_stack_top
    lw sp, 0(sp)
    mv a0, ra
    csrr a1, mscratch
    tail fault_report
