/* SPDX-License-Identifier: Apache-2.0 */
// Reset and clock control of the STM32L4R5 (RM0432, chapter 6).
#include "stm32/stm32.h"

enum { CR = 0x00, CFGR = 0x08, PLLCFGR = 0x0C, BDCR = 0x90, CSR = 0x94 };

#define HSI_HZ       16000000u
#define LSE_HZ       32768u
#define CSR_FLAGS    0xFF000000u
#define CSR_RMVF     (1u << 23)
#define CSR_SFTRSTF  (1u << 28)
#define CSR_IWDGRSTF (1u << 29)
#define CR_MSIRDY    (1u << 1)
#define CR_RGSEL     (1u << 3)
#define CR_HSIRDY    (1u << 10)
#define CR_HSERDY    (1u << 17)
#define CR_PLLON     (1u << 24)
#define CR_PLLRDY    (1u << 25)
#define PLLR_EN      (1u << 24)
#define SYSTEM_PLL   3u        // of CFGR.SW
#define STEP_HZ      80000000u // above it, the AHB clock is reached by way of its half

// RCC_CR.MSIRANGE, and RCC_CSR.MSISRANGE while MSIRGSEL is 0.
static uint32_t msi_hz(const peripheral *self) {
    static const uint32_t ranges[16] = {100000,  200000,  400000,   800000,   1000000,  2000000,
                                        4000000, 8000000, 16000000, 24000000, 32000000, 48000000};
    bool selected = self->registers[CR / 4] & CR_RGSEL;
    return ranges[(selected ? self->registers[CR / 4] >> 4 : self->registers[CSR / 4] >> 8) & 15];
}

static uint32_t input_hz(const machine *chip, const peripheral *self) {
    uint32_t pll = self->registers[PLLCFGR / 4];
    const uint32_t sources[4] = {0, msi_hz(self), HSI_HZ, chip->hse_hz};
    return sources[pll & 3] / (((pll >> 4) & 15) + 1);
}

static uint64_t vco_hz(const machine *chip, const peripheral *self) {
    return (uint64_t)input_hz(chip, self) * ((self->registers[PLLCFGR / 4] >> 8) & 127);
}

// PLLSAI1 and PLLSAI2 have settings of their own, which are not looked at. A PLL that is the system clock cannot be
// turned off.
static uint32_t with_ready_bits(machine *chip, const peripheral *self, uint32_t control) {
    if (((self->registers[CFGR / 4] >> 2) & 3) == SYSTEM_PLL)
        control |= CR_PLLON;
    control = clocks_follow(control, 0, 1, true);
    control = clocks_follow(control, 8, 10, true);
    control = clocks_follow(control, 16, 17, chip->hse_hz != 0);
    const bool sources[4] = {false, control & CR_MSIRDY, control & CR_HSIRDY, control & CR_HSERDY};
    bool source = sources[self->registers[PLLCFGR / 4] & 3];
    bool runs = source && control & CR_PLLON && clocks_pll_locks(chip, input_hz(chip, self), vco_hz(chip, self));
    control = clocks_follow(control, 24, 25, runs);
    control = clocks_follow(control, 26, 27, source);
    return clocks_follow(control, 28, 29, source);
}

// The system clock that CFGR.SW selects: MSI, HSI, HSE, PLL's R; 0 if it is not running.
static uint32_t system_hz(const machine *chip, const peripheral *self, uint32_t selection) {
    uint32_t control = self->registers[CR / 4], pll = self->registers[PLLCFGR / 4];
    bool divided = control & CR_PLLRDY && pll & PLLR_EN;
    const uint32_t clocks[4] = {
        control & CR_MSIRDY ? msi_hz(self) : 0,
        control & CR_HSIRDY ? HSI_HZ : 0,
        control & CR_HSERDY ? chip->hse_hz : 0,
        divided ? (uint32_t)(vco_hz(chip, self) / (2 * ((pll >> 25) & 3) + 2)) : 0,
    };
    return clocks[selection & 3];
}

static clock_tree tree(const machine *chip, const peripheral *self) {
    uint32_t configuration = self->registers[CFGR / 4];
    uint32_t system = system_hz(chip, self, configuration >> 2);
    uint32_t core = system >> clocks_ahb_shift((configuration >> 4) & 15);
    return (clock_tree){
        .core_hz = core,
        .bus_hz = core,
        .apb_hz = {0, core >> clocks_apb_shift((configuration >> 8) & 7),
                   core >> clocks_apb_shift((configuration >> 11) & 7)},
        .kernel_hz = {0, system, HSI_HZ, LSE_HZ}, // RCC_CCIPR
    };
}

// RM0432, system clock selection: the PLL's clock, if above 80 MHz, is switched to with the AHB's prescaler at 2.
static void check_step(machine *chip, const peripheral *self, uint32_t before) {
    bool switched = before != SYSTEM_PLL && ((self->registers[CFGR / 4] >> 2) & 3) == SYSTEM_PLL;
    if (switched && chip->status.core_hz > STEP_HZ)
        machine_fail(chip, "the core goes to %u Hz in one step; above %u Hz, the AHB prescaler has to be 2 first",
                     chip->status.core_hz, STEP_HZ);
}

static void write_l4(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    bool on = self->registers[CR / 4] & CR_PLLON;
    if (offset == PLLCFGR && on && (self->registers[PLLCFGR / 4] ^ value) & 0x7FF3u)
        machine_fail(chip, "source, M or N of PLLCFGR written while the PLL is on (RM0432, 6.4.4)");
    rcc_write(chip, self, offset, value);
}

const rcc_model rcc_l4_model = {
    .model = {RCC_MODEL("rcc-l4"), .write = write_l4},
    .cr = CR,
    .cfgr = CFGR,
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
    .step = check_step,
};
