/* SPDX-License-Identifier: Apache-2.0 */
// Reset and clock control of the STM32F446 (RM0390, chapter 6) and F767 (RM0410, chapter 5), which is the same.
#include "stm32/stm32.h"

enum { CR = 0x00, PLLCFGR = 0x04, CFGR = 0x08, BDCR = 0x70, CSR = 0x74 };

#define HSI_HZ       16000000u
#define LSE_HZ       32768u
#define PLLCFGR_SRC  (1u << 22) // HSE
#define CSR_FLAGS    0xFE000000u
#define CSR_RMVF     (1u << 24)
#define CSR_SFTRSTF  (1u << 28)
#define CSR_IWDGRSTF (1u << 29)
#define CR_HSIRDY    (1u << 1)
#define CR_HSERDY    (1u << 17)
#define CR_PLLON     (1u << 24)
#define CR_PLLRDY    (1u << 25)
#define SYSTEM_PLL_P 2u // of CFGR.SW

static uint32_t input_hz(const machine *chip, const peripheral *self) {
    uint32_t divider = self->registers[PLLCFGR / 4] & 63;
    uint32_t source = self->registers[PLLCFGR / 4] & PLLCFGR_SRC ? chip->hse_hz : HSI_HZ;
    return divider ? source / divider : 0;
}

static uint64_t vco_hz(const machine *chip, const peripheral *self) {
    return (uint64_t)input_hz(chip, self) * ((self->registers[PLLCFGR / 4] >> 6) & 511);
}

// Each ready bit stands right after its enable bit (RM0390, 6.3.1). PLLI2S and PLLSAI have settings of their own, which
// are not looked at. A PLL that is the system clock cannot be turned off.
static uint32_t with_ready_bits(machine *chip, const peripheral *self, uint32_t control) {
    if (((self->registers[CFGR / 4] >> 2) & 3) >= SYSTEM_PLL_P)
        control |= CR_PLLON;
    control = clocks_follow(control, 0, 1, true);
    control = clocks_follow(control, 16, 17, chip->hse_hz != 0);
    bool source = control & (self->registers[PLLCFGR / 4] & PLLCFGR_SRC ? CR_HSERDY : CR_HSIRDY);
    bool runs = source && control & CR_PLLON && clocks_pll_locks(chip, input_hz(chip, self), vco_hz(chip, self));
    control = clocks_follow(control, 24, 25, runs);
    control = clocks_follow(control, 26, 27, source);
    return clocks_follow(control, 28, 29, source);
}

// The system clock that CFGR.SW selects: HSI, HSE, PLL's P (2, 4, 6, 8) or, in the F446, R (2 to 7); 0 if it is not
// running.
static uint32_t system_hz(const machine *chip, const peripheral *self, uint32_t selection) {
    uint32_t control = self->registers[CR / 4], pll = self->registers[PLLCFGR / 4];
    uint32_t divider = (selection & 3) == SYSTEM_PLL_P ? 2 * ((pll >> 16) & 3) + 2 : (pll >> 28) & 7;
    switch (selection & 3) {
    case 0:
        return HSI_HZ;
    case 1:
        return control & CR_HSERDY ? chip->hse_hz : 0;
    default:
        return control & CR_PLLRDY && divider >= 2 ? (uint32_t)(vco_hz(chip, self) / divider) : 0;
    }
}

static clock_tree tree(const machine *chip, const peripheral *self) {
    uint32_t configuration = self->registers[CFGR / 4];
    uint32_t system = system_hz(chip, self, configuration >> 2);
    uint32_t core = system >> clocks_ahb_shift((configuration >> 4) & 15);
    return (clock_tree){
        .core_hz = core,
        .bus_hz = core,
        .apb_hz = {0, core >> clocks_apb_shift((configuration >> 10) & 7),
                   core >> clocks_apb_shift((configuration >> 13) & 7)},
        .kernel_hz = {0, system, HSI_HZ, LSE_HZ}, // RCC_DCKCFGR2 of the F767
    };
}

static void write_f4(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    if (offset == PLLCFGR && self->registers[CR / 4] & CR_PLLON)
        machine_fail(chip, "PLLCFGR written while the PLL is on (RM0390, 6.3.2)");
    rcc_write(chip, self, offset, value);
}

const rcc_model rcc_f4_model = {
    .model = {RCC_MODEL("rcc-f4"), .write = write_f4},
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
};
