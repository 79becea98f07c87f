/* SPDX-License-Identifier: Apache-2.0 */
// Independent watchdog (RM0433, chapter 44; the same in every family). Its 32 kHz are derived from the tick counter: a
// firmware that executes more instructions between two refreshes than the core has cycles in the time-out is reset, as
// on the chip.
#include "stm32/stm32.h"

enum { KR = 0x00, PR = 0x04, RLR = 0x08, SR = 0x0C };

#define KEY_REFRESH 0xAAAAu
#define KEY_UNLOCK  0x5555u
#define KEY_START   0xCCCCu
#define LSI_HZ      32000u

typedef struct {
    uint64_t deadline; // the tick from which on it bites; UINT64_MAX until it is started
} iwdg_state;

static uint64_t timeout_ticks(const machine *chip, const peripheral *self) {
    uint32_t exponent = self->registers[PR / 4] & 7;
    uint64_t divider = 4ull << (exponent < 6 ? exponent : 6);
    return ((self->registers[RLR / 4] & 0xFFFu) + 1) * divider * chip->status.core_hz / LSI_HZ;
}

static void iwdg_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    iwdg_state *state = self->state;
    bool running = state->deadline != UINT64_MAX;
    bool unlocked = self->registers[KR / 4] == KEY_UNLOCK;
    if (offset == KR) {
        self->registers[KR / 4] = value & 0xFFFFu;
        if ((value & 0xFFFFu) == KEY_START || ((value & 0xFFFFu) == KEY_REFRESH && running))
            state->deadline = machine_ticks(chip) + timeout_ticks(chip, self);
    } else if (offset == SR || !unlocked) {
        return; // read-only, or protected
    } else {
        self->registers[offset / 4] = value;
        if (running)
            state->deadline = machine_ticks(chip) + timeout_ticks(chip, self);
    }
}

static uint32_t iwdg_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    return offset == KR || offset == SR ? 0 : self->registers[offset / 4];
}

static void iwdg_reset(machine *chip, peripheral *self) {
    (void)chip;
    machine_reset_registers(self);
    self->registers[RLR / 4] = 0xFFFu;
    *(iwdg_state *)self->state = (iwdg_state){.deadline = UINT64_MAX};
}

static void iwdg_service(machine *chip, peripheral *self) {
    machine_watch(chip, ((const iwdg_state *)self->state)->deadline, RESET_WATCHDOG);
}

const peripheral_model iwdg_model = {
    .kind = "iwdg",
    .state_bytes = sizeof(iwdg_state),
    .read = iwdg_read,
    .write = iwdg_write,
    .reset = iwdg_reset,
    .service = iwdg_service,
};
