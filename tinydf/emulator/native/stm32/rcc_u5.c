/* SPDX-License-Identifier: Apache-2.0 */
// Reset and clock control of the STM32U575 (RM0456, chapter 11).
#include "stm32/stm32.h"

enum {
    CR = 0x00,
    ICSCR1 = 0x08,
    CFGR1 = 0x1C,
    CFGR2 = 0x20,
    CFGR3 = 0x24,
    PLL1CFGR = 0x28, // then those of PLL2 and PLL3
    PLL1DIVR = 0x34, // and so on, every second word
    BDCR = 0xF0,
    CSR = 0xF4,
};

#define HSI_HZ       16000000u
#define LSE_HZ       32768u
#define CSR_FLAGS    0xFE000000u
#define CSR_RMVF     (1u << 23)
#define CSR_SFTRSTF  (1u << 28)
#define CSR_IWDGRSTF (1u << 29)
#define CR_MSISRDY   (1u << 2)
#define CR_HSIRDY    (1u << 10)
#define CR_HSERDY    (1u << 17)
#define CR_PLL1ON    (1u << 24)
#define CR_PLL1RDY   (1u << 25)
#define RGSEL        (1u << 23)
#define PLLR_EN      (1u << 18)
#define SYSTEM_PLL   3u // of CFGR1.SW

// RCC_ICSCR1.MSISRANGE and MSIKRANGE: four oscillators, each divided by 1, 2, 3 or 4. While MSIRGSEL is 0, the ranges
// of CSR go.
static uint32_t msi_hz(uint32_t range) {
    static const uint32_t oscillators[4] = {48000000, 4000000, 3072000, 400000};
    return oscillators[range >> 2 & 3] / ((range & 3) + 1);
}

static uint32_t msis_hz(const peripheral *self) {
    uint32_t calibration = self->registers[ICSCR1 / 4];
    return msi_hz(calibration & RGSEL ? calibration >> 28 : self->registers[CSR / 4] >> 12 & 15);
}

static uint32_t msik_hz(const peripheral *self) {
    uint32_t calibration = self->registers[ICSCR1 / 4];
    return msi_hz(calibration & RGSEL ? calibration >> 24 & 15 : self->registers[CSR / 4] >> 8 & 15);
}

static uint32_t configuration(const peripheral *self, uint32_t pll) {
    return self->registers[PLL1CFGR / 4 + pll - 1];
}

static uint32_t source_hz(const machine *chip, const peripheral *self, uint32_t pll) {
    const uint32_t sources[4] = {0, msis_hz(self), HSI_HZ, chip->hse_hz};
    return sources[configuration(self, pll) & 3];
}

static uint32_t input_hz(const machine *chip, const peripheral *self, uint32_t pll) {
    return source_hz(chip, self, pll) / ((configuration(self, pll) >> 8 & 15) + 1);
}

// The fractional part is taken as 0.
static uint64_t vco_hz(const machine *chip, const peripheral *self, uint32_t pll) {
    uint32_t multiplier = (self->registers[PLL1DIVR / 4 + 2 * (pll - 1)] & 511) + 1;
    return (uint64_t)input_hz(chip, self, pll) * multiplier;
}

static bool source_runs(const peripheral *self, uint32_t control, uint32_t pll) {
    const bool sources[4] = {false, control & CR_MSISRDY, control & CR_HSIRDY, control & CR_HSERDY};
    return sources[configuration(self, pll) & 3];
}

// A PLL that is the system clock cannot be turned off.
static uint32_t with_ready_bits(machine *chip, const peripheral *self, uint32_t control) {
    if ((self->registers[CFGR1 / 4] >> 2 & 3) == SYSTEM_PLL)
        control |= CR_PLL1ON;
    control = clocks_follow(control, 0, 2, true);
    control = clocks_follow(control, 4, 5, true);
    control = clocks_follow(control, 8, 10, true);
    control = clocks_follow(control, 12, 13, true);
    control = clocks_follow(control, 14, 15, true);
    control = clocks_follow(control, 16, 17, chip->hse_hz != 0);
    for (uint32_t pll = 1; pll <= 3; pll++) {
        uint32_t enable = 24 + 2 * (pll - 1);
        bool runs = control & 1u << enable && source_runs(self, control, pll);
        runs = runs && clocks_pll_locks(chip, input_hz(chip, self, pll), vco_hz(chip, self, pll));
        control = clocks_follow(control, enable, enable + 1, runs);
    }
    return control;
}

// The clock of the booster of the core's supply (RM0456, chapter 10): PLL1's source, divided; 0 if it does not run.
uint32_t rcc_u5_booster_hz(const machine *chip) {
    uint32_t field = configuration(chip->gates, 1) >> 12 & 15;
    bool runs = source_runs(chip->gates, chip->gates->registers[CR / 4], 1);
    return runs && field <= 8 ? source_hz(chip, chip->gates, 1) / (field ? 2 * field : 1) : 0;
}

// The system clock that CFGR1.SW selects: MSIS, HSI, HSE, PLL1's R; 0 if it is not running.
static uint32_t system_hz(const machine *chip, const peripheral *self, uint32_t selection) {
    uint32_t control = self->registers[CR / 4];
    bool divided = control & CR_PLL1RDY && configuration(self, 1) & PLLR_EN;
    uint32_t divider = (self->registers[PLL1DIVR / 4] >> 24 & 127) + 1;
    const uint32_t clocks[4] = {
        control & CR_MSISRDY ? msis_hz(self) : 0,
        control & CR_HSIRDY ? HSI_HZ : 0,
        control & CR_HSERDY ? chip->hse_hz : 0,
        divided ? (uint32_t)(vco_hz(chip, self, 1) / divider) : 0,
    };
    return clocks[selection & 3];
}

static clock_tree tree(const machine *chip, const peripheral *self) {
    uint32_t prescalers = self->registers[CFGR2 / 4];
    uint32_t system = system_hz(chip, self, self->registers[CFGR1 / 4] >> 2);
    uint32_t core = system >> clocks_ahb_shift(prescalers & 15);
    return (clock_tree){
        .core_hz = core,
        .bus_hz = core,
        .apb_hz = {0, core >> clocks_apb_shift(prescalers >> 4 & 7), core >> clocks_apb_shift(prescalers >> 8 & 7),
                   core >> clocks_apb_shift(self->registers[CFGR3 / 4] >> 4 & 7)},
        .kernel_hz = {0, system, HSI_HZ, LSE_HZ, msik_hz(self)}, // RCC_CCIPR1 and RCC_CCIPR3
    };
}

static void write_u5(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    bool on = self->registers[CR / 4] & CR_PLL1ON;
    if (offset == PLL1CFGR && on && (self->registers[PLL1CFGR / 4] ^ value) & 0xFF0Fu)
        machine_fail(chip, "source, range or M of PLL1CFGR written while the PLL is on");
    rcc_write(chip, self, offset, value);
}

const rcc_model rcc_u5_model = {
    .model = {RCC_MODEL("rcc-u5"), .write = write_u5},
    .cr = CR,
    .cfgr = CFGR1,
    .bdcr = BDCR,
    .csr = CSR,
    .switch_bits = 2,
    .causes = CSR,
    .cause_flags = CSR_FLAGS,
    .software = CSR_SFTRSTF,
    .watchdog = CSR_IWDGRSTF,
    .remove = CSR_RMVF,
    .with_ready_bits = with_ready_bits,
    .system_hz = system_hz,
    .tree = tree,
};
