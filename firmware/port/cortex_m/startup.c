/* SPDX-License-Identifier: Apache-2.0 */
// From reset to app_run(): what C needs, before C may be used fully.
#include <stddef.h>

#include "app/app.h"
#include "port/bare_metal/memory.h"
#include "port/cortex_m/core.h"

// From sections.ld.
extern void (*init_array_start[])(void);
extern void (*init_array_end[])(void);

void Reset_Handler(void);
void fault_entry(void);

// Initial stack pointer, then the exceptions 1 to 15 (DDI 0403E B1.5.2). Interrupts may wake the core; none is taken.
typedef union {
    const void *stack;
    void (*handler)(void);
} vector;

__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    {.stack = stack_top},     {.handler = Reset_Handler},
    {.handler = fault_entry}, // 2 NMI
    {.handler = fault_entry}, // 3 HardFault
    {.handler = fault_entry}, // 4 MemManage
    {.handler = fault_entry}, // 5 BusFault
    {.handler = fault_entry}, // 6 UsageFault
    {.handler = fault_entry}, // 7 SecureFault, of Armv8-M
    {.stack = NULL},          // 8 to 10 are reserved
    {.stack = NULL},          {.stack = NULL},
    {.handler = fault_entry}, // 11 SVCall
    {.handler = fault_entry}, // 12 DebugMonitor
    {.stack = NULL},          // 13 is reserved
    {.handler = fault_entry}, // 14 PendSV
    {.handler = fault_entry}, // 15 SysTick
};

// C++ constructors, of an engine that has some.
static void run_constructors(void) {
    for (void (**constructor)(void) = init_array_start; constructor < init_array_end; constructor++) {
        (*constructor)();
    }
}

_Noreturn static void start(void) {
    run_constructors();
    app_run();
}

// noinline: nothing that uses the FPU or memory may be moved before what makes them ready.
__attribute__((noinline)) void Reset_Handler(void) {
    // DDI 0403E B3.2.20: full access to the FPU.
    SCB_CPACR |= SCB_CPACR_FPU;
    barrier();
    // DDI 0403E B3.2.5: the table where it was linked to, not at the alias from which the core may have started.
    SCB_VTOR = (uint32_t)vectors;
    chip_before_memory();
    memory_prepare();
    // DDI 0403E B3.2.13: each fault its own exception; and division by zero is one.
    SCB_SHCSR |= SCB_SHCSR_MEMFAULTENA | SCB_SHCSR_BUSFAULTENA | SCB_SHCSR_USGFAULTENA;
    SCB_CCR |= SCB_CCR_DIV_0_TRP;
    chip_after_memory();
    start();
}
