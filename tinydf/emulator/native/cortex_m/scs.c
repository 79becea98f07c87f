/* SPDX-License-Identifier: Apache-2.0 */
// The core's system control space and its cycle counter (Armv7-M ARM, B3.2 and C1.8; Armv8-M ARM, D1.2). What the core
// is (CPUID, caches, features) are initial values. There are no exceptions here: a firmware that asks for interrupts
// stops.
#include "cortex_m/cortex_m.h"

enum {
    SYST_CSR = 0x010,
    SYST_RVR = 0x014,
    SYST_CVR = 0x018,
    NVIC_ISER = 0x100,
    NVIC_ISER_END = 0x140,
    CPUID = 0xD00,
    VTOR = 0xD08,
    AIRCR = 0xD0C,
    CFSR = 0xD28,
    HFSR = 0xD2C,
    CLIDR = 0xD78,
    CTR = 0xD7C,
    CCSIDR = 0xD80,
    CSSELR = 0xD84,
    MPU_TYPE = 0xD90,
    MPU_CTRL = 0xD94,
    MPU_RNR = 0xD98,
    MPU_END = 0xDC8,
    DEMCR = 0xDFC,
    MVFR0 = 0xF40,
    MVFR1 = 0xF44,
    MVFR2 = 0xF48,
};

enum { DWT_CTRL = 0x000, DWT_CYCCNT = 0x004, DWT_LAR = 0xFB0, DWT_LSR = 0xFB4 };

static const uint32_t READ_ONLY[] = {CPUID, CLIDR, CTR, CCSIDR, MPU_TYPE, MVFR0, MVFR1, MVFR2};

static uint32_t systick_value(const machine *chip, const peripheral *self) {
    uint64_t period = (uint64_t)(self->registers[SYST_RVR / 4] & 0xFFFFFFu) + 1;
    const scs_state *state = self->state;
    return (uint32_t)(period - 1 - (machine_ticks(chip) - state->systick_base) % period);
}

static uint32_t systick_control(machine *chip, peripheral *self) {
    scs_state *state = self->state;
    uint64_t period = (uint64_t)(self->registers[SYST_RVR / 4] & 0xFFFFFFu) + 1;
    uint64_t elapsed = machine_ticks(chip) - state->systick_base;
    uint32_t control = self->registers[SYST_CSR / 4];
    if ((control & 1) == 0 || elapsed < period)
        return control;
    state->systick_base += elapsed / period * period; // COUNTFLAG is cleared by reading it
    return control | 1u << 16;
}

static uint32_t scs_read(machine *chip, peripheral *self, uint32_t offset) {
    switch (offset) {
    case SYST_CSR:
        return systick_control(chip, self);
    case SYST_CVR:
        return self->registers[SYST_CSR / 4] & 1 ? systick_value(chip, self) : 0;
    case AIRCR:
        return 0xFA050000u | (self->registers[AIRCR / 4] & 0x700u);
    case CCSIDR: // 16 kB each: data 4 ways of 128 sets, instructions 2 ways of 256 sets, lines of 32 bytes
        return self->registers[CSSELR / 4] & 1 ? 0xF01FE009u : 0xF00FE019u;
    default:
        return offset > MPU_RNR && offset < MPU_END ? mpu_read(chip, self, offset) : self->registers[offset / 4];
    }
}

static void scs_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    scs_state *state = self->state;
    if (offset >= NVIC_ISER && offset < NVIC_ISER_END && value != 0) {
        machine_fail(chip, "interrupt enabled in NVIC_ISER%u: interrupts are not emulated", (offset - NVIC_ISER) / 4);
        return;
    }
    for (size_t index = 0; index < sizeof READ_ONLY / sizeof *READ_ONLY; index++)
        if (READ_ONLY[index] == offset)
            return;
    if (offset >= MPU_CTRL && offset < MPU_END) {
        mpu_write(chip, self, offset, value);
        return;
    }
    switch (offset) {
    case SYST_CSR:
        if (value & 2)
            machine_fail(chip, "SysTick interrupt enabled: interrupts are not emulated");
        if (value & 1 && (self->registers[SYST_CSR / 4] & 1) == 0)
            state->systick_base = machine_ticks(chip);
        self->registers[SYST_CSR / 4] = value & 7;
        return;
    case SYST_CVR:
        state->systick_base = machine_ticks(chip);
        return;
    case AIRCR:
        if (value >> 16 != 0x05FA) // the key (Armv7-M ARM, B3.2.6)
            return;
        self->registers[AIRCR / 4] = value & 0x700u;
        if (value & 1u << 2)
            machine_request_reset(chip, RESET_SOFTWARE);
        return;
    case CFSR:
    case HFSR:
        self->registers[offset / 4] &= ~value; // written ones clear
        return;
    default:
        self->registers[offset / 4] = value;
    }
}

static void scs_reset(machine *chip, peripheral *self) {
    scs_state *state = self->state;
    machine_reset_registers(self);
    self->registers[VTOR / 4] = chip->boot_address;
    state->systick_base = machine_ticks(chip);
    mpu_drop_guards(self);
}

static bool counter_runs(machine *chip, const peripheral *self) {
    const peripheral *control = machine_peripheral(chip, 0xE000E000u + DEMCR);
    bool trace = control && control->registers[DEMCR / 4] & 1u << 24; // TRCENA
    return trace && self->registers[DWT_CTRL / 4] & 1;
}

// CYCCNT counts instructions here, those of the running block up to the load that reads it included.
static uint32_t counter_now(machine *chip, peripheral *self, bool precise) {
    if (!counter_runs(chip, self))
        return self->registers[DWT_CYCCNT / 4];
    dwt_state *state = self->state;
    uint64_t ticks = machine_ticks(chip) + (precise ? count_before_load(chip, state, self->base + DWT_CYCCNT) : 0);
    return (uint32_t)(ticks - state->base);
}

static uint32_t dwt_read(machine *chip, peripheral *self, uint32_t offset) {
    const dwt_state *state = self->state;
    if (offset == DWT_CYCCNT)
        return counter_now(chip, self, true);
    if (offset == DWT_LSR)
        return state->unlocked ? 1 : 3;
    return self->registers[offset / 4];
}

static void dwt_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    dwt_state *state = self->state;
    if (offset == DWT_LAR) {
        state->unlocked = value == 0xC5ACCE55u;
        return;
    }
    if (!state->unlocked)
        return; // writes by software are ignored until then (CoreSight lock; Cortex-M7 TRM, 9.3)
    uint32_t count = offset == DWT_CYCCNT ? value : counter_now(chip, self, false);
    self->registers[offset / 4] = value;
    self->registers[DWT_CYCCNT / 4] = count;
    state->base = machine_ticks(chip) - count;
}

static void dwt_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    self->registers[DWT_CTRL / 4] = 0x40000000u; // four comparators
    *(dwt_state *)self->state =
        (dwt_state){.base = machine_ticks(chip), .read_at = UINT64_MAX, .unlocked = !cortex_m_of(chip)->counter_locked};
}

const peripheral_model scs_model = {
    .kind = "scs",
    .state_bytes = sizeof(scs_state),
    .read = scs_read,
    .write = scs_write,
    .reset = scs_reset,
    .service = mpu_service,
    .close = mpu_drop_guards,
};

const peripheral_model dwt_model = {
    .kind = "dwt",
    .state_bytes = sizeof(dwt_state),
    .read = dwt_read,
    .write = dwt_write,
    .reset = dwt_reset,
};
