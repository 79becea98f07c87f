/* SPDX-License-Identifier: Apache-2.0 */
// Power control of the STM32U575 (RM0456, chapter 10): four voltage ranges, the booster that ranges 1 and 2 need above
// 55 MHz, and the choice between LDO and SMPS. The supply is always good.
#include "stm32/stm32.h"

enum { PWR_CR3 = 0x08, PWR_VOSR = 0x0C, PWR_SVMSR = 0x3C };

#define CR3_REGSEL      (1u << 1)
#define VOSR_BOOSTRDY   (1u << 14)
#define VOSR_VOSRDY     (1u << 15)
#define VOSR_VOS        (3u << 16)
#define VOSR_BOOSTEN    (1u << 18)
#define BOOSTER_LOW_HZ  4000000u
#define BOOSTER_HIGH_HZ 16000000u
#define RANGE_2         2u // of VOS; range 1 is 3

static bool boosts(const machine *chip, const peripheral *self) {
    uint32_t voltage = self->registers[PWR_VOSR / 4];
    uint32_t clock = rcc_u5_booster_hz(chip);
    return voltage & VOSR_BOOSTEN && (voltage & VOSR_VOS) >> 16 >= RANGE_2 && clock >= BOOSTER_LOW_HZ &&
           clock <= BOOSTER_HIGH_HZ;
}

static uint32_t pwr_read(machine *chip, peripheral *self, uint32_t offset) {
    uint32_t voltage = self->registers[PWR_VOSR / 4] & (VOSR_VOS | VOSR_BOOSTEN);
    if (offset == PWR_VOSR)
        return voltage | VOSR_VOSRDY | (boosts(chip, self) ? VOSR_BOOSTRDY : 0);
    if (offset == PWR_SVMSR) // ACTVOS, ACTVOSRDY, REGS
        return (voltage & VOSR_VOS) | VOSR_VOSRDY | (self->registers[PWR_CR3 / 4] & CR3_REGSEL);
    return self->registers[offset / 4];
}

static void take_voltage(machine *chip, const peripheral *self) {
    rcc_state *clocks = clocks_of(chip);
    clocks->voltage = (self->registers[PWR_VOSR / 4] & VOSR_VOS) >> 16;
    clocks->boosted = boosts(chip, self);
}

static void pwr_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    if (offset != PWR_SVMSR)
        self->registers[offset / 4] = value;
    take_voltage(chip, self);
    clocks_check(chip);
}

static void pwr_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    take_voltage(chip, self);
}

// The booster's clock is PLL1's source.
static void pwr_clock(machine *chip, peripheral *self) {
    take_voltage(chip, self);
}

const peripheral_model pwr_u5_model = {
    .kind = "pwr-u5",
    .read = pwr_read,
    .write = pwr_write,
    .reset = pwr_reset,
    .clock = pwr_clock,
};
