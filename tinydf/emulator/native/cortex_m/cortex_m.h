/* SPDX-License-Identifier: Apache-2.0 */
// The Cortex-M4, M7 and M33: the core, its system control space with the memory protection unit, its cycle counter.
#ifndef TINYDF_EMULATOR_CORTEX_M_H
#define TINYDF_EMULATOR_CORTEX_M_H

#include "core/machine.h"

#define CORTEX_M_MAX_GUARDS 16

typedef struct {
    core_model model;    // first: machine.core points to it
    bool armv8m;         // the MPU is that of Armv8-M
    bool counter_locked; // DWT takes writes only after the CoreSight key
} cortex_m_model;

// A no-access MPU region: unicorn does not enforce it, so its bytes are compared with a copy at every service.
typedef struct {
    const uint8_t *live;
    uint8_t *copy;
    uint32_t origin;
    uint32_t size;
} guard;

// Of the system control space.
typedef struct {
    uint64_t systick_base; // the tick at which it was 0
    guard guards[CORTEX_M_MAX_GUARDS];
    uint32_t guard_count;
} scs_state;

// Of the cycle counter, DWT.
typedef struct {
    uint64_t base;     // the tick at which CYCCNT was 0
    uint64_t read_at;  // the tick at which the block began that read CYCCNT last ...
    uint32_t position; // ... and how far into the block that was
    bool unlocked;
} dwt_state;

// core.c
const cortex_m_model *cortex_m_of(const machine *chip);
uint32_t count_before_load(machine *chip, dwt_state *counter, uint32_t target); // done of the block before that load

// mpu.c, a part of the system control space
void mpu_write(machine *chip, peripheral *scs, uint32_t offset, uint32_t value);
uint32_t mpu_read(const machine *chip, peripheral *scs, uint32_t offset);
void mpu_drop_guards(peripheral *scs);
void mpu_service(machine *chip, peripheral *scs);

// scs.c
extern const peripheral_model scs_model, dwt_model;

#endif
