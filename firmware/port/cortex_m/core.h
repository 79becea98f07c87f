/* SPDX-License-Identifier: Apache-2.0 */
// Start and faults of a Cortex-M, and what a chip family adds to them. Registers are named as in the Armv7-M
// Architecture Reference Manual (DDI 0403E), B3.2.
#ifndef TINYDF_CORTEX_M_CORE_H
#define TINYDF_CORTEX_M_CORE_H

#include <stdint.h>

#include "port/bare_metal/registers.h"

#define SCB_VTOR              REGISTER(0xE000ED08u)
#define SCB_CCR               REGISTER(0xE000ED14u)
#define SCB_CCR_DIV_0_TRP     BIT(4)
#define SCB_SHCSR             REGISTER(0xE000ED24u)
#define SCB_SHCSR_MEMFAULTENA BIT(16)
#define SCB_SHCSR_BUSFAULTENA BIT(17)
#define SCB_SHCSR_USGFAULTENA BIT(18)
#define SCB_CFSR              REGISTER(0xE000ED28u)
#define SCB_CFSR_MMARVALID    BIT(7)
#define SCB_CFSR_BFARVALID    BIT(15)
#define SCB_MMFAR             REGISTER(0xE000ED34u)
#define SCB_BFAR              REGISTER(0xE000ED38u)
#define SCB_CPACR             REGISTER(0xE000ED88u)
#define SCB_CPACR_FPU         (0xFu << 20) // and MVE

// All that was written is there; what follows is fetched again.
static inline void barrier(void) {
    __asm volatile("dsb 0xF\n isb 0xF" ::: "memory");
}

// The chip's part of the start: before there are variables, and after.
void chip_before_memory(void);
void chip_after_memory(void);

// Restarts the chip, after a fault was reported.
_Noreturn void chip_restart(void);

#endif
