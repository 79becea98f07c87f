/* SPDX-License-Identifier: Apache-2.0 */
// MPU and instruction cache of the STM32U575/585.
#include <family.h>

#include "port/bare_metal/memory.h"
#include "port/cortex_m/mpu_v8.h"
#include "port/stm32/chip.h"

void chip_before_memory(void) {}

// RM0456 8.4: the cache empties itself at reset, and serves code and constants in flash. Without it all runs as well.
static void enable_cache(void) {
    if (wait_until(&ICACHE_SR, ICACHE_SR_BUSYF, 0)) {
        ICACHE_CR |= ICACHE_CR_EN;
    }
}

// DDI 0553, MSPLIM: the stack pointer itself stops at the stack's end.
static void limit_stack(void) {
    __asm volatile("msr msplim, %0" ::"r"(stack_bottom));
}

// RM0456 2.3.2 has the map. SRAM begins after the stack's guard: regions of Armv8-M do not overlap.
void chip_after_memory(void) {
    const mpu_region regions[] = {
        {0x08000000u, 0x08200000u, MPU_READ_ONLY, MPU_WRITE_THROUGH},                           // flash, 2 MiB
        {(uint32_t)stack_bottom, 0x200C0000u, MPU_READ_WRITE | MPU_NO_EXECUTE, MPU_NOT_CACHED}, // SRAM 1 to 3
        {0x0BFA0000u, 0x0BFA1000u, MPU_READ_ONLY | MPU_NO_EXECUTE, MPU_NOT_CACHED},             // unique id
        {0x40000000u, 0x60000000u, MPU_READ_WRITE | MPU_NO_EXECUTE, MPU_DEVICE},                // peripherals
    };
    mpu_enable(regions, sizeof regions / sizeof regions[0]);
    limit_stack();
    enable_cache();
}
