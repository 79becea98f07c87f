// From _start (start.S) to app_run(): what C needs, before C may be used fully.
#include <stdint.h>

#include "app/app.h"
#include "chip.h"
#include "registers.h"

// From sections.ld; all are multiples of 4.
extern uint32_t hot_start[], hot_end[], hot_load[];
extern uint32_t data_start[], data_end[], data_load[];
extern uint32_t bss_start[], bss_end[];
extern uint32_t arena_start[], arena_end[];
extern uint32_t hot_alias[], hot_alias_bytes[];

_Noreturn void start_c(void);

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

// Physical memory protection (1.8; Privileged ISA 3.7): the RAM that holds code is seen by the data bus too, right
// below the stack. Nobody reads or writes it there, so a stack that runs over stops at once. Locked: it binds machine
// mode.
static void guard_stack(void) {
    const uint32_t origin = (uint32_t)(uintptr_t)hot_alias, bytes = (uint32_t)(uintptr_t)hot_alias_bytes;
    const uint32_t lock = BIT(7), naturally_aligned_power_of_two = 3u << 3, no_rights = 0;
    CSR_WRITE(pmpaddr0, (origin >> 2) | ((bytes >> 3) - 1));
    CSR_WRITE(pmpcfg0, lock | naturally_aligned_power_of_two | no_rights);
}

// noinline: nothing of the application may be moved before the memory that it uses is ready.
__attribute__((noinline)) _Noreturn void start_c(void) {
    copy_words(hot_start, hot_end, hot_load);
    copy_words(data_start, data_end, data_load);
    fill_words(bss_start, bss_end, 0);
    fill_words(arena_start, arena_end, 0);
    const uint32_t *in_use;
    __asm volatile("mv %0, sp" : "=r"(in_use));
    fill_words(stack_bottom, in_use - 16, STACK_PAINT); // 16: for the calls made from here
    guard_stack();
    faults_catch();
    app_run();
}
