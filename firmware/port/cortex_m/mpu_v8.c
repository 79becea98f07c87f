/* SPDX-License-Identifier: Apache-2.0 */
#include "port/cortex_m/mpu_v8.h"

#define MPU_CTRL           REGISTER(0xE000ED94u)
#define MPU_CTRL_ENABLE    BIT(0)
#define MPU_RNR            REGISTER(0xE000ED98u)
#define MPU_RBAR           REGISTER(0xE000ED9Cu)
#define MPU_RLAR           REGISTER(0xE000EDA0u)
#define MPU_RLAR_ENABLE    BIT(0)
#define MPU_RLAR_KIND(one) ((uint32_t)(one) << 1)
#define MPU_MAIR0          REGISTER(0xE000EDC0u)

// MPU_MAIR0, a byte for each mpu_kind: inner and outer non-cacheable; inner and outer write-through, not transient,
// read allocate; device nGnRE.
#define MAIR_NOT_CACHED    0x44u
#define MAIR_WRITE_THROUGH 0xAAu
#define MAIR_DEVICE        0x04u

void mpu_enable(const mpu_region *regions, uint32_t count) {
    barrier();
    MPU_MAIR0 = MAIR_NOT_CACHED << (8 * MPU_NOT_CACHED) | MAIR_WRITE_THROUGH << (8 * MPU_WRITE_THROUGH) |
                MAIR_DEVICE << (8 * MPU_DEVICE);
    for (uint32_t number = 0; number < count; number++) {
        MPU_RNR = number;
        MPU_RBAR = regions[number].start | regions[number].access;
        MPU_RLAR = (regions[number].end - 32u) | MPU_RLAR_KIND(regions[number].kind) | MPU_RLAR_ENABLE;
    }
    // Not HFNMIENA: the HardFault handler runs without the MPU, and can report a broken stack.
    MPU_CTRL = MPU_CTRL_ENABLE;
    barrier();
}
