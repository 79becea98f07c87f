/* SPDX-License-Identifier: Apache-2.0 */
// Reset and clock control: what the families' registers have in common. Ready bits follow enable bits, and the clock
// tree is computed from the registers, so that a wrong divider shows here and not first on the bench.
#include "stm32/stm32.h"

static const rcc_model *model_of(const peripheral *self) {
    return (const rcc_model *)self->model;
}

static uint32_t switch_mask(const rcc_model *model) {
    return (1u << model->switch_bits) - 1;
}

// The source of the system clock, CFGR.SWS.
static uint32_t system_source(const peripheral *self) {
    const rcc_model *model = model_of(self);
    return self->registers[model->cfgr / 4] >> model->switch_bits & switch_mask(model);
}

static void update(machine *chip, const peripheral *self) {
    rcc_state *state = self->state;
    state->tree = model_of(self)->tree(chip, self);
    chip->status.core_hz = state->tree.core_hz;
    machine_clock_changed(chip);
}

// SWS follows SW, if the clock that SW selects runs.
static void write_cfgr(machine *chip, peripheral *self, uint32_t value) {
    const rcc_model *model = model_of(self);
    uint32_t mask = switch_mask(model), before = system_source(self);
    uint32_t *target = &self->registers[model->cfgr / 4];
    *target = value & ~(mask << model->switch_bits);
    *target |= (model->system_hz(chip, self, value) ? value & mask : before) << model->switch_bits;
}

// LSIRDY follows LSION.
static uint32_t with_lsi(uint32_t value) {
    return clocks_follow(value, 0, 1, true);
}

// The flags of reset causes stay until they are removed. In most families they stand in CSR.
static void write_causes(peripheral *self, uint32_t value) {
    const rcc_model *model = model_of(self);
    uint32_t kept = value & model->remove ? 0 : self->registers[model->causes / 4] & model->cause_flags;
    self->registers[model->causes / 4] = kept | (with_lsi(value) & ~model->cause_flags & ~model->remove);
}

void rcc_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    const rcc_model *model = model_of(self);
    uint32_t before = system_source(self);
    if (offset == model->cr)
        self->registers[offset / 4] = model->with_ready_bits(chip, self, value);
    else if (offset == model->cfgr)
        write_cfgr(chip, self, value);
    else if (offset == model->bdcr)
        self->registers[offset / 4] = value & 1u << 16 ? 0 : clocks_follow(value, 0, 1, true); // BDRST; LSEON, LSERDY
    else if (offset == model->causes)
        write_causes(self, value);
    else
        self->registers[offset / 4] = offset == model->csr ? with_lsi(value) : value;
    update(chip, self);
    if (model->step)
        model->step(chip, self, before);
    clocks_check(chip);
}

void rcc_reset(machine *chip, peripheral *self) {
    const rcc_model *model = model_of(self);
    uint32_t *causes = &self->registers[model->causes / 4];
    uint32_t before = *causes & model->cause_flags;
    machine_reset_registers(self);
    if (chip->reset_due != RESET_POWER)
        *causes = (*causes & ~model->cause_flags) | before |
                  (chip->reset_due == RESET_SOFTWARE ? model->software : model->watchdog);
    update(chip, self);
}
