/* SPDX-License-Identifier: Apache-2.0 */
// For an ESP32-C3: runs pieces of code of known length between two reads of its performance counter, and sends the
// differences, a byte each. The number of instructions from the first CSRR (included) to the second (excluded) is plain
// to see.
    .section .text
    .word 0xAEDB041D
    .word 0xAEDB041D
    .global _start
_start:
    csrwi 0x7E0, 1 // mpcer: cycles
    csrwi 0x7E1, 1 // mpcmr: on
    li s0, 0x60000000 // UART 0, as the ROM leaves it
    li t0, 0x80000000
    sw t0, 0x80(s0) // UART_ID: take the settings
wait:
    lw t0, 0x1C(s0) // UART_STATUS
    andi t0, t0, 0x3FF
    beqz t0, wait
    lw t0, 0(s0) // which piece
    la t1, pieces
    slli t0, t0, 2
    add t1, t1, t0
    jr t1
pieces: // four bytes each
    .option push
    .option norvc
    j straight
    j loop
    j branches
    j adjacent
    .option pop

// 1 (csrr) + 3, of two and four bytes
straight:
    csrr a0, 0x7E2
    nop
    addi a2, a2, 1000
    nop
    csrr a1, 0x7E2
    j send

// 1 (csrr) + 1 (li) + 40 * 3
loop:
    csrr a0, 0x7E2
    li a2, 40
1:  nop
    addi a2, a2, -1
    bnez a2, 1b
    csrr a1, 0x7E2
    j send

// 1 (csrr) + 1 (taken over two) + 1 (call, which is two instructions where far) + 1 (ret)
branches:
    csrr a0, 0x7E2
    beq zero, zero, 2f
    nop
    nop
2:  jal ra, 3f
    csrr a1, 0x7E2
    j send
3:  ret

// 1 (csrr): two reads in a row
adjacent:
    csrr a0, 0x7E2
    csrr a1, 0x7E2

send:
    sub a1, a1, a0
    sw a1, 0(s0)
    j wait
