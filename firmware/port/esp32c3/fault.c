/* SPDX-License-Identifier: Apache-2.0 */
// Exceptions: say where the processor stopped, then wait for the watchdog.
#include "app/app.h"
#include "chip.h"
#include "registers.h"

#define FAULT_STACK_WORDS 256
#define RISCV_TRAP        256u // what such numbers begin at (docs/reference/protocol.md)

static _Alignas(16) uint32_t fault_stack[FAULT_STACK_WORDS];

// For trap_entry.
extern uint32_t *const fault_stack_top;
uint32_t *const fault_stack_top = fault_stack + FAULT_STACK_WORDS;

void trap_entry(void); // start.S
_Noreturn void fault_report(uint32_t return_address, uint32_t stack_pointer);

void faults_catch(void) {
    CSR_WRITE(mtvec, (uint32_t)(uintptr_t)trap_entry | 1u);
}

__attribute__((used)) _Noreturn void fault_report(uint32_t return_address, uint32_t stack_pointer) {
    uint32_t cause, place, address, status;
    CSR_READ(mcause, cause);
    CSR_READ(mepc, place);
    CSR_READ(mtval, address);
    CSR_READ(mstatus, status);
    const wire_fault fault = {
        .program_counter = place,
        .link_register = return_address,
        .status = status,
        .address = address,
        .stack_pointer = stack_pointer,
    };
    app_report_fault(RISCV_TRAP + cause, &fault);
    watchdog_start(); // if the fault came before that
    for (;;) {        // the watchdog resets the chip
    }
}
