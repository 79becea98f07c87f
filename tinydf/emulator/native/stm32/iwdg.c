/* SPDX-License-Identifier: Apache-2.0 */
// Independent watchdog (RM0433, chapter 44; the same in every family). Its 32 kHz are derived from the tick counter: a
// firmware that executes more instructions between two refreshes than the core has cycles in the time-out is reset, as
// on the chip.
#include "machine.h"

#include <stdio.h>

enum { KR = 0x00, PR = 0x04, RLR = 0x08, SR = 0x0C };

#define KEY_REFRESH 0xAAAAu
#define KEY_UNLOCK  0x5555u
#define KEY_START   0xCCCCu
#define LSI_HZ      32000u

static uint64_t timeout_ticks(const machine *chip, const peripheral *self) {
    uint32_t exponent = self->registers[PR / 4] & 7;
    uint64_t divider = 4ull << (exponent < 6 ? exponent : 6);
    return ((self->registers[RLR / 4] & 0xFFFu) + 1) * divider * chip->clocks.core_hz / LSI_HZ;
}

static void iwdg_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    bool running = chip->watchdog_deadline != UINT64_MAX;
    bool unlocked = self->registers[KR / 4] == KEY_UNLOCK;
    if (offset == KR) {
        self->registers[KR / 4] = value & 0xFFFFu;
        if ((value & 0xFFFFu) == KEY_START || ((value & 0xFFFFu) == KEY_REFRESH && running))
            chip->watchdog_deadline = machine_ticks(chip) + timeout_ticks(chip, self);
    } else if (offset == SR || !unlocked) {
        return; // read-only, or protected
    } else {
        self->registers[offset / 4] = value;
        if (running)
            chip->watchdog_deadline = machine_ticks(chip) + timeout_ticks(chip, self);
    }
}

static uint32_t iwdg_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    return offset == KR || offset == SR ? 0 : self->registers[offset / 4];
}

static void iwdg_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    self->registers[RLR / 4] = 0xFFFu;
    chip->watchdog_deadline = UINT64_MAX;
}

void iwdg_service(machine *chip) {
    if (machine_ticks(chip) < chip->watchdog_deadline)
        return;
    fprintf(stderr, "the watchdog was not refreshed in time: reset\n");
    chip->status.watchdog_resets++;
    machine_request_reset(chip, RESET_WATCHDOG);
}

const peripheral_model iwdg_model = {"iwdg", iwdg_read, iwdg_write, iwdg_reset, NULL};
