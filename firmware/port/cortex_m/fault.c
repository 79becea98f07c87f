/* SPDX-License-Identifier: Apache-2.0 */
// Fault handlers: say where the processor stopped, then restart.
#include <stdbool.h>

#include "app/app.h"
#include "port/bare_metal/memory.h"
#include "port/cortex_m/core.h"

#define FRAME_LINK_REGISTER   5 // words of the exception frame, DDI 0403E B1.5.6
#define FRAME_PROGRAM_COUNTER 6
#define FRAME_WORDS           8
#define FAULT_STACK_WORDS     256

// A stack of their own: the usual fault is that the other one is full.
static _Alignas(8) uint32_t fault_stack[FAULT_STACK_WORDS];
__attribute__((used)) static uint32_t *const fault_stack_top = fault_stack + FAULT_STACK_WORDS;

void fault_entry(void);
_Noreturn void fault_report(const uint32_t *stack);

// The exception frame can be trusted only where there is stack.
static bool is_stack(const uint32_t *frame) {
    const uintptr_t address = (uintptr_t)frame;
    const uintptr_t last = (uintptr_t)stack_top - FRAME_WORDS * sizeof *frame;
    return address >= (uintptr_t)stack_bottom && address <= last && address % sizeof *frame == 0;
}

static uint32_t faulting_address(uint32_t status) {
    if ((status & SCB_CFSR_MMARVALID) != 0) {
        return SCB_MMFAR;
    }
    return (status & SCB_CFSR_BFARVALID) != 0 ? SCB_BFAR : 0;
}

static uint32_t exception_number(void) {
    uint32_t number;
    __asm volatile("mrs %0, ipsr" : "=r"(number));
    return number;
}

__attribute__((used)) _Noreturn void fault_report(const uint32_t *stack) {
    const uint32_t status = SCB_CFSR;
    wire_fault fault = {
        .status = status, .address = faulting_address(status), .stack_pointer = (uint32_t)(uintptr_t)stack};
    if (is_stack(stack)) {
        fault.program_counter = stack[FRAME_PROGRAM_COUNTER];
        fault.link_register = stack[FRAME_LINK_REGISTER];
    }
    app_report_fault(exception_number(), &fault);
    chip_restart();
}

// Every exception comes here. There is one stack, the main one.
__attribute__((naked)) void fault_entry(void) {
    __asm volatile("mrs r0, msp\n"
                   "ldr r1, =fault_stack_top\n"
                   "ldr r1, [r1]\n"
                   "mov sp, r1\n"
                   "b fault_report\n");
}
