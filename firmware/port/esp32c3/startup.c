/* SPDX-License-Identifier: Apache-2.0 */
// From _start (start.S) to app_run(): what C needs, before C may be used fully.
#include <stdint.h>

#include "app/app.h"
#include "chip.h"
#include "port/bare_metal/memory.h"
#include "registers.h"

// From sections.ld.
extern uint32_t hot_alias[], hot_alias_bytes[];

_Noreturn void start_c(void);

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
    memory_prepare();
    guard_stack();
    faults_catch();
    app_run();
}
