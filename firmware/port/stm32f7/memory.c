/* SPDX-License-Identifier: Apache-2.0 */
// MPU and caches of the STM32F76x/77x.
#include "port/bare_metal/memory.h"
#include "port/cortex_m/cache_m7.h"
#include "port/cortex_m/mpu_v7.h"

void chip_before_memory(void) {}

// RM0410 2.2.2 has the map. The MPU has eight regions (PM0253). TCMs are never cached, with any attributes.
void chip_after_memory(void) {
    const mpu_region regions[] = {
        {0x08000000u, MPU_SIZE(21) | MPU_READ_ONLY | MPU_WRITE_THROUGH},                // flash by the AXI bus, 2 MiB
        {0x00000000u, MPU_SIZE(14) | MPU_READ_ONLY | MPU_NOT_CACHED},                   // ITCM, 16 KiB
        {0x20000000u, MPU_SIZE(19) | MPU_READ_WRITE | MPU_WRITE_BACK | MPU_NO_EXECUTE}, // DTCM, SRAM 1 and 2, 512 KiB
        {0x20000000u, MPU_SIZE(17) | MPU_READ_WRITE | MPU_NOT_CACHED | MPU_NO_EXECUTE}, // DTCM, 128 KiB
        {0x1FF00000u, MPU_SIZE(16) | MPU_READ_ONLY | MPU_NOT_CACHED | MPU_NO_EXECUTE},  // system memory: unique id
        {0x40000000u, MPU_SIZE(29) | MPU_READ_WRITE | MPU_DEVICE | MPU_NO_EXECUTE},     // peripherals
        {0x00000000u, MPU_SIZE(8) | MPU_NO_ACCESS | MPU_NO_EXECUTE},                    // null pointers
        MPU_STACK_GUARD,
    };
    mpu_enable(regions, sizeof regions / sizeof regions[0]);
    cache_enable();
}
