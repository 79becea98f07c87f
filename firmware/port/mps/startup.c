// From reset to app_run(): what C needs, before C may be used fully.
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "chip.h"
#include "registers.h"

// From sections.ld; all are multiples of 4.
extern uint32_t data_start[], data_end[], data_load[];
extern uint32_t bss_start[], bss_end[];
extern uint32_t arena_start[], arena_end[];
extern void (*init_array_start[])(void);
extern void (*init_array_end[])(void);

void Reset_Handler(void);
void fault_entry(void);

// Initial stack pointer, then the exceptions 1 to 15 (DDI 0403E B1.5.2). Interrupts wake the core, and are never taken.
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

static void copy_words(uint32_t *to, const uint32_t *end, const uint32_t *from) {
    while (to < end) {
        *to++ = *from++;
    }
}

static void fill_words(uint32_t *to, const uint32_t *end, uint32_t word) {
    while (to < end) {
        *to++ = word;
    }
}

static void prepare_memory(void) {
    copy_words(data_start, data_end, data_load);
    fill_words(bss_start, bss_end, 0);
    fill_words(arena_start, arena_end, 0);
    const uint32_t *in_use;
    __asm volatile("mov %0, sp" : "=r"(in_use));
    fill_words(stack_bottom, in_use - 16, STACK_PAINT); // 16: for the calls made from here
}

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
    SCB_CPACR |= SCB_CPACR_FPU;
    barrier();
    prepare_memory();
    SCB_SHCSR |= SCB_SHCSR_FAULTS;
    SCB_CCR |= SCB_CCR_DIV_0_TRP;
    start();
}
