/* SPDX-License-Identifier: Apache-2.0 */
// Power control of the STM32L4R5 (RM0432, chapter 5): voltage ranges 1 and 2, and range 1's boost.
#include "stm32/stm32.h"

enum { PWR_CR1 = 0x00, PWR_SR1 = 0x10, PWR_SR2 = 0x14, PWR_CR5 = 0x80 };

#define CR1_VOS    (3u << 9)
#define CR5_R1MODE (1u << 8) // 0 is the boost
#define SR2_REGLPS (1u << 8)
#define RANGE_1    1u

static void take_voltage(machine *chip, const peripheral *self) {
    rcc_state *clocks = clocks_of(chip);
    clocks->voltage = (self->registers[PWR_CR1 / 4] & CR1_VOS) >> 9;
    clocks->boosted = clocks->voltage == RANGE_1 && (self->registers[PWR_CR5 / 4] & CR5_R1MODE) == 0;
}

// A range is reached as soon as it is asked for: SR2.VOSF reads as 0.
static uint32_t pwr_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    return offset == PWR_SR2 ? SR2_REGLPS : self->registers[offset / 4];
}

static void pwr_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    if (offset != PWR_SR1 && offset != PWR_SR2)
        self->registers[offset / 4] = value;
    take_voltage(chip, self);
    clocks_check(chip);
}

static void pwr_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    take_voltage(chip, self);
}

const peripheral_model pwr_l4_model = {.kind = "pwr-l4", .read = pwr_read, .write = pwr_write, .reset = pwr_reset};
