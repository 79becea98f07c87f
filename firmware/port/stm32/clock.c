/* SPDX-License-Identifier: Apache-2.0 */
// The walk through a family's clock steps.
#include <family.h>

#include "port/bare_metal/registers.h"
#include "port/stm32/chip.h"

// About ten cycles a poll: 50 ms at full speed, more when slower. The slowest thing waited for takes 2 ms.
#define WAIT_POLLS (TINYDF_CLOCK_HZ / 200u)

static bool running; // on the PLL

bool wait_until(const volatile uint32_t *address, uint32_t mask, uint32_t wanted) {
    return poll_until(address, mask, wanted, WAIT_POLLS);
}

wire_boot clock_start(void) {
    for (uint32_t step = 0; step < clock_step_count; step++) {
        const wire_boot result = clock_steps[step]();
        if (result != WIRE_BOOT_OK) {
            return result;
        }
    }
    running = true;
    return WIRE_BOOT_OK;
}

uint32_t clock_core_hz(void) {
    return running ? TINYDF_CLOCK_HZ : INTERNAL_HZ;
}

uint32_t clock_uart_hz(void) {
    return running ? UART_CLOCK_HZ : INTERNAL_HZ;
}
