/* SPDX-License-Identifier: Apache-2.0 */
// The memory protection unit: registers of Armv7-M (ARM DDI 0403E, B3.5) or of Armv8-M (DDI 0553, D1.2), and guards.
// unicorn does not enforce it. A region that may not be written is compared with a copy at every service.
#include "cortex_m/cortex_m.h"

#include <stdlib.h>
#include <string.h>

#define REGIONS      16
#define STORE        0x800 // behind the registers that software sees: RBAR, then RASR or RLAR, of each region
#define LEAST_SHIFT  5
#define GUARD_BYTES  (64u << 10) // what is larger is no guard
#define RBAR_VALID   (1u << 4)   // Armv7-M: RBAR selects its region too
#define V8_READ_ONLY (1u << 2)   // RBAR.AP[2]

enum { MPU_CTRL = 0xD94, MPU_RNR = 0xD98, MPU_RBAR = 0xD9C, MPU_MAIR0 = 0xDC0 };

static uint32_t *region_base(peripheral *self, uint32_t region) {
    return &self->registers[STORE / 4 + 2 * region];
}

static uint32_t *region_attributes(peripheral *self, uint32_t region) {
    return &self->registers[STORE / 4 + 2 * region + 1];
}

// The aliases from 0xDA4 on are RBAR and RASR again in Armv7-M, and those of the next regions in Armv8-M.
static uint32_t region_at(const machine *chip, const peripheral *self, uint32_t offset) {
    uint32_t selected = self->registers[MPU_RNR / 4] % REGIONS;
    uint32_t alias = (offset - MPU_RBAR) / 8;
    return cortex_m_of(chip)->armv8m && alias > 0 ? (selected & ~3u) + alias : selected;
}

void mpu_drop_guards(peripheral *self) {
    scs_state *state = self->state;
    for (uint32_t index = 0; index < state->guard_count; index++)
        free(state->guards[index].copy);
    state->guard_count = 0;
}

static void add_guard(const machine *chip, scs_state *state, uint32_t origin, uint32_t size) {
    const uint8_t *live = machine_bytes(chip, origin, size);
    uint8_t *copy = live && size <= GUARD_BYTES && state->guard_count < CORTEX_M_MAX_GUARDS ? malloc(size) : NULL;
    if (copy == NULL)
        return;
    memcpy(copy, live, size);
    state->guards[state->guard_count++] = (guard){live, copy, origin, size};
}

// Region n is [base, base + 2^(SIZE + 1)) and forbids access if AP is 0 (Armv7-M ARM, B3.5.9).
static void take_v7_region(const machine *chip, scs_state *state, uint32_t base, uint32_t attributes) {
    uint32_t exponent = ((attributes >> 1) & 31) + 1;
    if ((attributes & 1) == 0 || ((attributes >> 24) & 7) != 0 || exponent < LEAST_SHIFT || exponent > 16)
        return;
    add_guard(chip, state, base & ~((1u << exponent) - 1), 1u << exponent);
}

// Region n is [BASE, LIMIT + 32) (Armv8-M ARM, MPU_RBAR and MPU_RLAR).
static void take_v8_region(const machine *chip, scs_state *state, uint32_t base, uint32_t limit) {
    if ((limit & 1) != 0 && (base & V8_READ_ONLY) != 0)
        add_guard(chip, state, base & ~31u, (limit | 31u) + 1 - (base & ~31u));
}

static void take_guards(const machine *chip, peripheral *self) {
    mpu_drop_guards(self);
    if ((self->registers[MPU_CTRL / 4] & 1) == 0)
        return;
    for (uint32_t region = 0; region < REGIONS; region++) {
        uint32_t base = *region_base(self, region), attributes = *region_attributes(self, region);
        (cortex_m_of(chip)->armv8m ? take_v8_region : take_v7_region)(chip, self->state, base, attributes);
    }
}

void mpu_service(machine *chip, peripheral *self) {
    const scs_state *state = self->state;
    for (uint32_t index = 0; index < state->guard_count; index++) {
        const guard *one = &state->guards[index];
        if (memcmp(one->live, one->copy, one->size) != 0)
            machine_fail(chip, "write into 0x%08X to 0x%08X, which the MPU forbids (the stack guard?)", one->origin,
                         one->origin + one->size - 1);
    }
}

uint32_t mpu_read(const machine *chip, peripheral *self, uint32_t offset) {
    if (offset >= MPU_MAIR0)
        return self->registers[offset / 4];
    uint32_t region = region_at(chip, self, offset);
    return (offset - MPU_RBAR) % 8 == 0 ? *region_base(self, region) : *region_attributes(self, region);
}

static void write_region(const machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    bool is_base = (offset - MPU_RBAR) % 8 == 0;
    if (is_base && !cortex_m_of(chip)->armv8m) {
        if (value & RBAR_VALID)
            self->registers[MPU_RNR / 4] = value % REGIONS;
        value = (value & ~31u) | self->registers[MPU_RNR / 4] % REGIONS;
    }
    uint32_t region = region_at(chip, self, offset);
    *(is_base ? region_base : region_attributes)(self, region) = value;
}

void mpu_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    if (offset < MPU_RBAR || offset >= MPU_MAIR0)
        self->registers[offset / 4] = value;
    else
        write_region(chip, self, offset, value);
    if (offset != MPU_RNR)
        take_guards(chip, self);
}
