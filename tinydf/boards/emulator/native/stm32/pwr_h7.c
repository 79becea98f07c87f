// Power control of the STM32H743 (RM0433, chapter 6) and H7A3 (RM0455, chapter 6), and the part of the H743's SYSCFG
// that goes with it. The supply is always good, and a voltage scale is reached as soon as it is asked for.
#include "machine.h"

enum { PWR_CSR1 = 0x04, PWR_D3CR = 0x18 }; // PWR_SRDCR in the H7A3
enum { SYSCFG_CCCSR = 0x20, SYSCFG_PWRCR = 0x2C };

#define READY (1u << 13) // PWR_CSR1.ACTVOSRDY and PWR_D3CR.VOSRDY
#define VOS   (3u << 14)

static uint32_t pwr_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    if (offset == PWR_CSR1)
        return READY | (self->registers[PWR_D3CR / 4] & VOS);
    if (offset == PWR_D3CR)
        return self->registers[PWR_D3CR / 4] | READY;
    return self->registers[offset / 4];
}

static void take_voltage(machine *chip, const peripheral *self) {
    chip->voltage = (self->registers[PWR_D3CR / 4] & VOS) >> 14;
}

static void pwr_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    self->registers[offset / 4] = value;
    take_voltage(chip, self);
    clocks_check(chip);
}

static void pwr_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    take_voltage(chip, self);
}

static uint32_t syscfg_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    uint32_t value = self->registers[offset / 4];
    return offset == SYSCFG_CCCSR ? clocks_follow(value, 0, 8, true) : value; // READY follows EN
}

static void syscfg_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    self->registers[offset / 4] = value;
    chip->boosted = self->registers[SYSCFG_PWRCR / 4] & 1; // ODEN
    clocks_check(chip);
}

static void syscfg_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    chip->boosted = false;
}

const peripheral_model pwr_h7_model = {"pwr-h7", pwr_read, pwr_write, pwr_reset, NULL};
const peripheral_model syscfg_h743_model = {"syscfg-h743", syscfg_read, syscfg_write, syscfg_reset, NULL};
