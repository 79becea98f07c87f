/* SPDX-License-Identifier: Apache-2.0 */
// MPU and caches of the STM32H7A3/7B3.
#include "port/bare_metal/memory.h"
#include "port/cortex_m/cache_m7.h"
#include "port/cortex_m/mpu_v7.h"

void chip_before_memory(void) {}

// RM0455, "Memory organization" has the map. TCMs are never cached, with any attributes.
void chip_after_memory(void) {
    const mpu_region regions[] = {
        {0x08000000u, MPU_SIZE(21) | MPU_READ_ONLY | MPU_WRITE_THROUGH},                // flash, 2 MiB
        {0x00000000u, MPU_SIZE(16) | MPU_READ_ONLY | MPU_NOT_CACHED},                   // ITCM, 64 KiB
        {0x20000000u, MPU_SIZE(17) | MPU_READ_WRITE | MPU_NOT_CACHED | MPU_NO_EXECUTE}, // DTCM, 128 KiB
        {0x24000000u, MPU_SIZE(20) | MPU_READ_WRITE | MPU_WRITE_BACK | MPU_NO_EXECUTE}, // AXI SRAM 1 to 3, 1 MiB
        {0x08FFF000u, MPU_SIZE(12) | MPU_READ_ONLY | MPU_NOT_CACHED | MPU_NO_EXECUTE},  // unique id
        {0x40000000u, MPU_SIZE(29) | MPU_READ_WRITE | MPU_DEVICE | MPU_NO_EXECUTE},     // peripherals
        {0x00000000u, MPU_SIZE(8) | MPU_NO_ACCESS | MPU_NO_EXECUTE},                    // null pointers
        MPU_STACK_GUARD,
    };
    mpu_enable(regions, sizeof regions / sizeof regions[0]);
    cache_enable();
}
