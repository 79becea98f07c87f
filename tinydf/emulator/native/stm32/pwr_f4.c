/* SPDX-License-Identifier: Apache-2.0 */
// Power control of the STM32F446 (RM0390, chapter 5) and F767 (RM0410, chapter 4), which is the same: voltage scales,
// which hold while the PLL is on, and the over-drive.
#include "stm32/stm32.h"

enum { PWR_CR = 0x00, PWR_CSR = 0x04 };
enum { RCC_CR = 0x00, RCC_CFGR = 0x08 };

#define CR_VOS        (3u << 14)
#define CR_ODEN       (1u << 16)
#define CR_ODSWEN     (1u << 17)
#define CSR_VOSRDY    (1u << 14)
#define CSR_ODRDY     (1u << 16)
#define CSR_ODSWRDY   (1u << 17)
#define RCC_CR_PLLON  (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)

static uint32_t pwr_read(machine *chip, peripheral *self, uint32_t offset) {
    uint32_t control = self->registers[PWR_CR / 4];
    if (offset != PWR_CSR)
        return self->registers[offset / 4];
    uint32_t status = chip->gates->registers[RCC_CR / 4] & RCC_CR_PLLRDY ? CSR_VOSRDY : 0;
    status |= control & CR_ODEN ? CSR_ODRDY : 0;
    return status | (control & CR_ODEN && control & CR_ODSWEN ? CSR_ODSWRDY : 0);
}

static void take_voltage(machine *chip, const peripheral *self) {
    uint32_t control = self->registers[PWR_CR / 4];
    rcc_state *clocks = clocks_of(chip);
    clocks->voltage = (control & CR_VOS) >> 14;
    clocks->boosted = control & CR_ODEN && control & CR_ODSWEN;
}

// VOS keeps what it has while the PLL is on (RM0390, PWR_CR). The over-drive is switched while HSI or HSE is the system
// clock (RM0390, entering over-drive mode).
static void pwr_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    uint32_t before = self->registers[PWR_CR / 4];
    if (offset == PWR_CR && chip->gates->registers[RCC_CR / 4] & RCC_CR_PLLON)
        value = (value & ~CR_VOS) | (before & CR_VOS);
    if (offset == PWR_CR && (before ^ value) & CR_ODSWEN && (chip->gates->registers[RCC_CFGR / 4] >> 2 & 3) > 1)
        machine_fail(chip, "the over-drive is switched while the PLL is the system clock");
    if (offset != PWR_CSR)
        self->registers[offset / 4] = value;
    take_voltage(chip, self);
    clocks_check(chip);
}

static void pwr_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    take_voltage(chip, self);
}

const peripheral_model pwr_f4_model = {.kind = "pwr-f4", .read = pwr_read, .write = pwr_write, .reset = pwr_reset};
