/* SPDX-License-Identifier: Apache-2.0 */
// The memory protection unit of an Armv7-M core (DDI 0403E B3.5): a table of regions, and nothing else is accessible.
#ifndef TINYDF_CORTEX_M_MPU_V7_H
#define TINYDF_CORTEX_M_MPU_V7_H

#include "port/cortex_m/core.h"

// MPU_RASR, DDI 0403E B3.5.9 and table B3-13.
#define MPU_SIZE(log2)       ((uint32_t)((log2) - 1) << 1)
#define MPU_WITHOUT(eighths) ((eighths) << 8) // a bit for each eighth of the region that is left out
#define MPU_NO_EXECUTE       BIT(28)
#define MPU_NO_ACCESS        (0u << 24)
#define MPU_READ_WRITE       (3u << 24)
#define MPU_READ_ONLY        (6u << 24)
#define MPU_DEVICE           BIT(16)                       // B, shareable by nature
#define MPU_WRITE_THROUGH    BIT(17)                       // C
#define MPU_WRITE_BACK       (BIT(19) | BIT(17) | BIT(16)) // TEX 1, C, B: write-back, write and read allocate
#define MPU_NOT_CACHED       BIT(19)                       // TEX 1: normal memory

// The last region of each chip: what runs over the stack's end is stopped.
#define MPU_STACK_GUARD {(uint32_t)stack_guard_start, MPU_SIZE(8) | MPU_NO_ACCESS | MPU_NO_EXECUTE}

typedef struct {
    uint32_t base; // a multiple of the size
    uint32_t attributes;
} mpu_region;

// Every address that is not in one of these faults (the MPU's default map is off): a wild pointer is caught where it is
// used, and the core cannot read ahead into memories that are not there. Where two overlap, the later one rules.
void mpu_enable(const mpu_region *regions, uint32_t count);

#endif
