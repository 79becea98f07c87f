/* SPDX-License-Identifier: Apache-2.0 */
// MPU of the STM32F446. The core has no caches; those of the flash come with its wait states (clock.c).
#include "port/bare_metal/memory.h"
#include "port/cortex_m/mpu_v7.h"

void chip_before_memory(void) {}

// RM0390 2.2.2 has the map. What is at 0, an alias of the flash, is in none of these: null pointers fault.
void chip_after_memory(void) {
    const mpu_region regions[] = {
        {0x08000000u, MPU_SIZE(19) | MPU_READ_ONLY | MPU_WRITE_THROUGH},                   // flash, 512 KiB
        {0x20000000u, MPU_SIZE(17) | MPU_READ_WRITE | MPU_WRITE_THROUGH | MPU_NO_EXECUTE}, // SRAM 1 and 2, 128 KiB
        {0x1FFF0000u, MPU_SIZE(15) | MPU_READ_ONLY | MPU_NOT_CACHED | MPU_NO_EXECUTE},     // system memory: unique id
        {0x40000000u, MPU_SIZE(29) | MPU_READ_WRITE | MPU_DEVICE | MPU_NO_EXECUTE},        // peripherals
        MPU_STACK_GUARD,
    };
    mpu_enable(regions, sizeof regions / sizeof regions[0]);
}
