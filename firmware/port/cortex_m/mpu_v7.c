/* SPDX-License-Identifier: Apache-2.0 */
#include "port/cortex_m/mpu_v7.h"

#define MPU_CTRL        REGISTER(0xE000ED94u)
#define MPU_CTRL_ENABLE BIT(0)
#define MPU_RBAR        REGISTER(0xE000ED9Cu)
#define MPU_RBAR_VALID  BIT(4)
#define MPU_RASR        REGISTER(0xE000EDA0u)
#define MPU_RASR_ENABLE BIT(0)

void mpu_enable(const mpu_region *regions, uint32_t count) {
    barrier();
    for (uint32_t number = 0; number < count; number++) {
        MPU_RBAR = regions[number].base | MPU_RBAR_VALID | number;
        MPU_RASR = regions[number].attributes | MPU_RASR_ENABLE;
    }
    // Not HFNMIENA: the HardFault handler runs without the MPU, and can report a broken stack.
    MPU_CTRL = MPU_CTRL_ENABLE;
    barrier();
}
