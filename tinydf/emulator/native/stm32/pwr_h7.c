/* SPDX-License-Identifier: Apache-2.0 */
// Power control of the STM32H743 (RM0433, chapter 6) and H7A3 (RM0455, chapter 6), and the part of the H743's SYSCFG
// that goes with it. What supplies the core is said once after power-on, and the voltage scale can be changed only
// then. The supply is always good, and a scale is reached as soon as it is asked for.
#include "stm32/stm32.h"

enum { PWR_CSR1 = 0x04, PWR_CR3 = 0x0C, PWR_D3CR = 0x18 }; // PWR_SRDCR in the H7A3
enum { SYSCFG_CCCSR = 0x20, SYSCFG_PWRCR = 0x2C };

#define READY      (1u << 13) // PWR_CSR1.ACTVOSRDY and PWR_D3CR.VOSRDY
#define VOS        (3u << 14)
#define CR3_SUPPLY 7u // SMPSEN or SCUEN, LDOEN, BYPASS: only the first write counts

static bool supplied(const peripheral *self) {
    return self->registers[PWR_CSR1 / 4] & READY;
}

static uint32_t pwr_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    uint32_t scale = self->registers[PWR_D3CR / 4] & VOS;
    if (offset == PWR_CSR1 || offset == PWR_D3CR)
        return (self->registers[PWR_CSR1 / 4] & READY) | scale;
    return self->registers[offset / 4];
}

static void take_voltage(machine *chip, const peripheral *self) {
    clocks_of(chip)->voltage = (self->registers[PWR_D3CR / 4] & VOS) >> 14;
}

static void pwr_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    uint32_t before = self->registers[offset / 4];
    if (offset == PWR_CSR1)
        return;
    if (offset == PWR_CR3 && supplied(self))
        value = (value & ~CR3_SUPPLY) | (before & CR3_SUPPLY);
    if (offset == PWR_CR3)
        self->registers[PWR_CSR1 / 4] |= READY;
    if (offset == PWR_D3CR && (before ^ value) & VOS && !supplied(self))
        machine_fail(chip, "the voltage scale is changed before PWR_CR3 says what supplies the core");
    self->registers[offset / 4] = value;
    take_voltage(chip, self);
    clocks_check(chip);
}

// What supplies the core is forgotten at power-off alone.
static void pwr_reset(machine *chip, peripheral *self) {
    uint32_t supply = self->registers[PWR_CR3 / 4], ready = self->registers[PWR_CSR1 / 4] & READY;
    machine_reset_registers(self);
    if (chip->reset_due != RESET_POWER) {
        self->registers[PWR_CR3 / 4] = supply;
        self->registers[PWR_CSR1 / 4] |= ready;
    }
    take_voltage(chip, self);
}

static uint32_t syscfg_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    uint32_t value = self->registers[offset / 4];
    return offset == SYSCFG_CCCSR ? clocks_follow(value, 0, 8, true) : value; // READY follows EN
}

static void syscfg_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    self->registers[offset / 4] = value;
    clocks_of(chip)->boosted = self->registers[SYSCFG_PWRCR / 4] & 1; // ODEN
    clocks_check(chip);
}

static void syscfg_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    clocks_of(chip)->boosted = false;
}

const peripheral_model pwr_h7_model = {.kind = "pwr-h7", .read = pwr_read, .write = pwr_write, .reset = pwr_reset};
const peripheral_model syscfg_h743_model = {
    .kind = "syscfg-h743", .read = syscfg_read, .write = syscfg_write, .reset = syscfg_reset};
