/* SPDX-License-Identifier: Apache-2.0 */
// Reset and clock control of the STM32H743 (RM0433, chapter 8) and H7A3 (RM0455, chapter 8, where D1, D2 and D3 are
// called CD, CD and SRD).
#include "stm32/stm32.h"

enum {
    CR = 0x00,
    CFGR = 0x10,
    D1CFGR = 0x18,
    D2CFGR = 0x1C,
    D3CFGR = 0x20,
    PLLCKSELR = 0x28,
    PLLCFGR = 0x2C,
    PLL1DIVR = 0x30,
    PLL2DIVR = 0x38,
    PLL3DIVR = 0x40,
    BDCR = 0x70,
    CSR = 0x74,
    RSR = 0xD0,
    C1_RSR = 0x130,
    C1_AHB3ENR = 0x134,
    C1_END = 0x160,
};

#define CR_DOMAINS    0x0000C000u // D1CKRDY, D2CKRDY
#define RSR_FLAGS     0xFFFFFFFFu
#define RSR_RMVF      (1u << 16)
#define RSR_SFTRSTF   (1u << 24)
#define RSR_IWDG1RSTF (1u << 26)
#define HSI_HZ        64000000u
#define CSI_HZ        4000000u
#define LSE_HZ        32768u

static uint32_t hsi_hz(const peripheral *self) {
    return HSI_HZ >> ((self->registers[CR / 4] >> 3) & 3);
}

static uint32_t source_hz(const machine *chip, const peripheral *self) {
    const uint32_t sources[4] = {hsi_hz(self), CSI_HZ, chip->hse_hz, 0};
    return sources[self->registers[PLLCKSELR / 4] & 3];
}

// Of PLL 1, 2 or 3; the fractional part is taken as 0.
static uint32_t input_hz(const machine *chip, const peripheral *self, uint32_t pll) {
    uint32_t divider = (self->registers[PLLCKSELR / 4] >> (4 + 8 * (pll - 1))) & 63;
    return divider ? source_hz(chip, self) / divider : 0;
}

static uint32_t dividers(const peripheral *self, uint32_t pll) {
    static const uint32_t offsets[3] = {PLL1DIVR, PLL2DIVR, PLL3DIVR};
    return self->registers[offsets[pll - 1] / 4];
}

static uint64_t vco_hz(const machine *chip, const peripheral *self, uint32_t pll) {
    return (uint64_t)input_hz(chip, self, pll) * ((dividers(self, pll) & 511) + 1);
}

// Each ready bit stands right after its enable bit, but for HSI's and the PLLs' (RM0433, 8.7.2). A PLL that is the
// system clock cannot be turned off.
static uint32_t with_ready_bits(machine *chip, const peripheral *self, uint32_t control) {
    if (((self->registers[CFGR / 4] >> 3) & 7) == 3)
        control |= 1u << 24;
    control = clocks_follow(control, 0, 2, true);
    control = clocks_follow(control, 7, 8, true);
    control = clocks_follow(control, 12, 13, true);
    control = clocks_follow(control, 16, 17, chip->hse_hz != 0);
    const bool sources[4] = {control & 1u << 2, control & 1u << 8, control & 1u << 17, false};
    for (uint32_t pll = 1; pll <= 3; pll++) {
        uint32_t enable = 24 + 2 * (pll - 1);
        bool runs = control & 1u << enable && sources[self->registers[PLLCKSELR / 4] & 3];
        runs = runs && clocks_pll_locks(chip, input_hz(chip, self, pll), vco_hz(chip, self, pll));
        control = clocks_follow(control, enable, enable + 1, runs);
    }
    return control | CR_DOMAINS;
}

// Output 0 (P), 1 (Q) or 2 (R) of PLL 1, 2 or 3.
static uint32_t pll_hz(const machine *chip, const peripheral *self, uint32_t pll, uint32_t output) {
    static const uint32_t shifts[3] = {9, 16, 24};
    bool ready = self->registers[CR / 4] & 1u << (25 + 2 * (pll - 1));
    bool enabled = self->registers[PLLCFGR / 4] & 1u << (16 + 3 * (pll - 1) + output);
    uint32_t divider = ((dividers(self, pll) >> shifts[output]) & 127) + 1;
    return ready && enabled ? (uint32_t)(vco_hz(chip, self, pll) / divider) : 0;
}

// The system clock that CFGR.SW selects: HSI, CSI, HSE, PLL1's P; 0 if it is not running.
static uint32_t system_hz(const machine *chip, const peripheral *self, uint32_t selection) {
    uint32_t control = self->registers[CR / 4];
    const uint32_t clocks[4] = {
        control & 1u << 2 ? hsi_hz(self) : 0,
        control & 1u << 8 ? CSI_HZ : 0,
        control & 1u << 17 ? chip->hse_hz : 0,
        pll_hz(chip, self, 1, 0),
    };
    return clocks[selection & 3];
}

static clock_tree tree(const machine *chip, const peripheral *self) {
    uint32_t domain1 = self->registers[D1CFGR / 4], domain2 = self->registers[D2CFGR / 4];
    uint32_t system = system_hz(chip, self, self->registers[CFGR / 4] >> 3);
    uint32_t core = system >> clocks_ahb_shift((domain1 >> 8) & 15);
    uint32_t bus = core >> clocks_ahb_shift(domain1 & 15);
    return (clock_tree){
        .core_hz = core,
        .bus_hz = bus,
        .apb_hz = {0, bus >> clocks_apb_shift((domain2 >> 4) & 7), bus >> clocks_apb_shift((domain2 >> 8) & 7),
                   bus >> clocks_apb_shift((domain1 >> 4) & 7),
                   bus >> clocks_apb_shift((self->registers[D3CFGR / 4] >> 4) & 7)},
        // RM0433, 8.7.16: what the fields for USARTs select
        .kernel_hz = {0, pll_hz(chip, self, 2, 1), pll_hz(chip, self, 3, 1), hsi_hz(self), CSI_HZ, LSE_HZ},
    };
}

// The core's own view of the enable registers is the same as the shared one on this single-core chip.
static uint32_t shared(uint32_t offset) {
    return offset >= C1_RSR && offset < C1_END ? offset - (C1_RSR - RSR) : offset;
}

static uint32_t read_h7(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    return self->registers[shared(offset) / 4];
}

// A PLL starts, or stops, by what feeds it.
static void write_h7(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    offset = shared(offset);
    if (offset == PLLCKSELR) {
        self->registers[PLLCKSELR / 4] = value;
        rcc_write(chip, self, CR, self->registers[CR / 4]);
        return;
    }
    rcc_write(chip, self, offset, value);
}

const rcc_model rcc_h7_model = {
    .model = {RCC_MODEL("rcc-h7"), .read = read_h7, .write = write_h7},
    .cr = CR,
    .cfgr = CFGR,
    .bdcr = BDCR,
    .csr = CSR,
    .switch_bits = 3,
    .causes = RSR,
    .cause_flags = RSR_FLAGS,
    .software = RSR_SFTRSTF,
    .watchdog = RSR_IWDG1RSTF,
    .remove = RSR_RMVF,
    .with_ready_bits = with_ready_bits,
    .system_hz = system_hz,
    .tree = tree,
};
