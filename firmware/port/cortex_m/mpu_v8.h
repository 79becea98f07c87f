/* SPDX-License-Identifier: Apache-2.0 */
// The memory protection unit of an Armv8-M core (DDI 0553, "Protected Memory System Architecture"): a table of regions
// that do not overlap, and nothing else is accessible.
#ifndef TINYDF_CORTEX_M_MPU_V8_H
#define TINYDF_CORTEX_M_MPU_V8_H

#include "port/cortex_m/core.h"

// MPU_RBAR.
#define MPU_NO_EXECUTE BIT(0)
#define MPU_READ_WRITE (1u << 1)
#define MPU_READ_ONLY  (3u << 1)

// What MPU_RLAR.AttrIndx picks of MPU_MAIR0.
typedef enum {
    MPU_NOT_CACHED = 0,    // normal memory
    MPU_WRITE_THROUGH = 1, // normal memory, read allocate
    MPU_DEVICE = 2,        // nGnRE
} mpu_kind;

typedef struct {
    uint32_t start; // a multiple of 32
    uint32_t end;   // the first address after it, a multiple of 32
    uint32_t access;
    mpu_kind kind;
} mpu_region;

// Every address that is not in one of these faults (the MPU's default map is off).
void mpu_enable(const mpu_region *regions, uint32_t count);

#endif
