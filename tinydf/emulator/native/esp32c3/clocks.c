/* SPDX-License-Identifier: Apache-2.0 */
// Clocks (chapter 6), the gates of the peripherals' clocks (chapter 16), and the system timer (chapter 10).
#include "esp32c3/esp32c3.h"

#include <string.h>

#define SYSTIMER_HZ 16000000u // XTAL's, divided (chapter 10)

enum { CPU_PER_CONF = 0x08, PERIP_CLK_EN0 = 0x10, SYSCLK_CONF = 0x58 };

// Of the system timer, whose value is derived from the core's clock.
typedef struct {
    uint64_t value; // at the tick `at`, the last time that the core's clock changed
    uint64_t at;
} systimer_state;

static uint64_t systimer_now(const machine *chip, const systimer_state *state) {
    return state->value + (machine_ticks(chip) - state->at) * SYSTIMER_HZ / chip->status.core_hz;
}

// The system timer goes on from where it is when the clock of the core changes.
static void hold_systimer(machine *chip) {
    peripheral *systimer = machine_find(chip, &esp32c3_systimer_model);
    systimer_state *state = systimer ? systimer->state : NULL;
    if (state)
        *state = (systimer_state){systimer_now(chip, state), machine_ticks(chip)};
}

// Table 6-2 and 6-3. `hse_hz` is the crystal; without one, the PLL does not run, and the core stays on what it has.
static uint32_t core_hz(const machine *chip, const peripheral *self) {
    uint32_t source = (self->registers[SYSCLK_CONF / 4] >> 10) & 3;
    if (source == 1 && chip->hse_hz != 0)
        return (self->registers[CPU_PER_CONF / 4] & 3) == 0 ? 80000000u : 160000000u;
    return XTAL_HZ / ((self->registers[SYSCLK_CONF / 4] & 0x3FF) + 1);
}

static void system_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    self->registers[offset / 4] = value;
    hold_systimer(chip);
    chip->status.core_hz = core_hz(chip, self);
}

// What the ROM leaves: the crystal, divided by 2, and most clocks on.
static void system_reset(machine *chip, peripheral *self) {
    memset(self->registers, 0, self->size);
    self->registers[CPU_PER_CONF / 4] = 0x0Cu;
    self->registers[PERIP_CLK_EN0 / 4] = 0xF9C1E06Fu;
    self->registers[SYSCLK_CONF / 4] = 1;
    chip->status.core_hz = core_hz(chip, self);
}

// System timer, unit 0: an update latches the value.
enum { UNIT0_OP = 0x04, UNIT0_VALUE_HI = 0x40, UNIT0_VALUE_LO = 0x44 };
#define OP_VALID  (1u << 29)
#define OP_UPDATE (1u << 30)

static void systimer_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    self->registers[offset / 4] = value;
    if (offset == UNIT0_OP && value & OP_UPDATE) {
        uint64_t now = systimer_now(chip, self->state);
        self->registers[UNIT0_OP / 4] = OP_VALID;
        self->registers[UNIT0_VALUE_HI / 4] = (uint32_t)(now >> 32);
        self->registers[UNIT0_VALUE_LO / 4] = (uint32_t)now;
    }
}

static void systimer_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    *(systimer_state *)self->state = (systimer_state){.at = machine_ticks(chip)};
}

const peripheral_model esp32c3_system_model = {
    .kind = "esp32c3-system",
    .write = system_write,
    .reset = system_reset,
};

const peripheral_model esp32c3_systimer_model = {
    .kind = "esp32c3-systimer",
    .state_bytes = sizeof(systimer_state),
    .write = systimer_write,
    .reset = systimer_reset,
};
