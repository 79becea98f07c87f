/* SPDX-License-Identifier: Apache-2.0 */
// Runs pieces of code of known length between two reads of the cycle counter, and sends the differences.
#include "chip.h"

// All are asm, so that the number of instructions from the first LDR (included) to the second (excluded) is plain to
// see.
#define COUNTER "ldr r2, =0xE0001004\n"

// 1 (ldr) + 3
__attribute__((naked)) static uint32_t straight(void) {
    __asm volatile(COUNTER "ldr r0, [r2]\n nop\n add.w r1, r1, #1\n nop\n ldr r1, [r2]\n sub r0, r1, r0\n bx lr\n");
}

// 1 (ldr) + 1 (mov) + 1000 * 4 (nop, wide add, subs, bne)
__attribute__((naked)) static uint32_t loop(void) {
    __asm volatile(COUNTER "ldr r0, [r2]\n mov r3, #1000\n 1: nop\n add.w r1, r1, #1\n subs r3, #1\n bne 1b\n"
                           "ldr r1, [r2]\n sub r0, r1, r0\n bx lr\n");
}

// 1 (ldr) + 1 (cmp) + 1 (itte) + 3 (all three count, done or not)
__attribute__((naked)) static uint32_t conditional(void) {
    __asm volatile(COUNTER "ldr r0, [r2]\n cmp r2, #0\n itte eq\n moveq r1, #1\n moveq r1, #2\n movne r1, #3\n"
                           "ldr r1, [r2]\n sub r0, r1, r0\n bx lr\n");
}

// 1 (ldr) + 1 (movs) + 1 (cbz, taken over two) + 1 (nop) + 1 (bl) + 1 (bx lr)
__attribute__((naked)) static uint32_t branches(void) {
    __asm volatile("push {r4, lr}\n" COUNTER "ldr r0, [r2]\n movs r1, #0\n cbz r1, 2f\n nop\n nop\n 2: nop\n bl 3f\n"
                   "ldr r1, [r2]\n sub r0, r1, r0\n pop {r4, pc}\n 3: bx lr\n");
}

// 1 (ldr): two reads in a row, by three forms of LDR
__attribute__((naked)) static uint32_t adjacent(void) {
    __asm volatile("ldr r2, =0xE0001000\n movs r3, #4\n ldr r0, [r2, r3]\n ldr.w r1, [r2, #4]\n sub r0, r1, r0\n"
                   "bx lr\n");
}

_Noreturn void reset_handler(void) {
    uint32_t (*const pieces[])(void) = {straight, loop, conditional, branches, adjacent};
    serial_start();
    counter_start();
    for (;;) {
        uint8_t index = serial_get();
        serial_put_word(pieces[index]());
    }
}
