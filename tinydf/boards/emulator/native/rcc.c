// Reset and clock control of the STM32H743 (RM0433, chapter 8): ready bits follow enable bits, and the clock tree is
// computed from the registers, so that a wrong divider shows here and not first on the bench.
#include "machine.h"

#include <string.h>

enum {
    CR = 0x00,
    CFGR = 0x10,
    D1CFGR = 0x18,
    D2CFGR = 0x1C,
    PLLCKSELR = 0x28,
    PLLCFGR = 0x2C,
    PLL1DIVR = 0x30,
    PLL2DIVR = 0x38,
    PLL3DIVR = 0x40,
    D2CCIP2R = 0x54,
    BDCR = 0x70,
    CSR = 0x74,
    RSR = 0xD0,
    AHB3ENR = 0xD4,
    C1_RSR = 0x130,
    C1_AHB3ENR = 0x134,
    C1_END = 0x160,
};

#define CR_RESET   0x00000025u // HSION, HSIRDY, HSIDIVF
#define CR_DOMAINS 0x0000C000u // D1CKRDY, D2CKRDY
#define RSR_RESET  0x00E80000u // after power-on (RM0433, table 56)
#define RSR_REMOVE (1u << 16)
#define HSI_HZ     64000000u
#define CSI_HZ     4000000u
#define MHZ        1000000u

// Each ready bit stands right after its enable bit, but for HSI's and the PLLs' (RM0433, 8.7.2).
static uint32_t with_ready_bits(const machine *chip, uint32_t control) {
    static const struct {
        uint32_t enable, ready;
    } pairs[] = {{0, 2}, {7, 8}, {12, 13}, {16, 17}};
    uint32_t value = control & ~(1u << 2 | 1u << 8 | 1u << 13 | 1u << 17 | 1u << 25 | 1u << 27 | 1u << 29);
    for (size_t index = 0; index < sizeof pairs / sizeof *pairs; index++)
        if (control & 1u << pairs[index].enable)
            value |= 1u << pairs[index].ready;
    if (chip->hse_hz == 0)
        value &= ~(1u << 17);
    uint32_t source = chip->rcc->registers[PLLCKSELR / 4] & 3;
    bool running = source == 0 ? value & 1u << 2 : source == 1 ? value & 1u << 8 : source == 2 && value & 1u << 17;
    for (uint32_t pll = 0; pll < 3; pll++)
        if (running && control & 1u << (24 + 2 * pll))
            value |= 1u << (25 + 2 * pll);
    return value | CR_DOMAINS;
}

static uint32_t source_hz(const machine *chip) {
    const uint32_t sources[4] = {HSI_HZ >> ((chip->rcc->registers[CR / 4] >> 3) & 3), CSI_HZ, chip->hse_hz, 0};
    return sources[chip->rcc->registers[PLLCKSELR / 4] & 3];
}

// Output 0 (P), 1 (Q) or 2 (R) of PLL 1, 2 or 3; the fractional part is taken as 0.
static uint32_t pll_hz(const machine *chip, uint32_t pll, uint32_t output) {
    static const uint32_t dividers[3] = {PLL1DIVR, PLL2DIVR, PLL3DIVR};
    uint32_t reference_divider = (chip->rcc->registers[PLLCKSELR / 4] >> (4 + 8 * (pll - 1))) & 63;
    uint32_t fields = chip->rcc->registers[dividers[pll - 1] / 4];
    uint32_t ready = chip->rcc->registers[CR / 4] & 1u << (25 + 2 * (pll - 1));
    uint32_t enabled = chip->rcc->registers[PLLCFGR / 4] & 1u << (16 + 3 * (pll - 1) + output);
    if (reference_divider == 0 || !ready || !enabled)
        return 0;
    static const uint32_t shifts[3] = {9, 16, 24};
    uint32_t divider = ((fields >> shifts[output]) & 127) + 1;
    return (uint32_t)((uint64_t)source_hz(chip) * ((fields & 511) + 1) / reference_divider / divider);
}

static uint32_t system_hz(const machine *chip, uint32_t selection) {
    switch (selection) {
    case 0:
        return HSI_HZ >> ((chip->rcc->registers[CR / 4] >> 3) & 3);
    case 1:
        return CSI_HZ;
    case 2:
        return chip->hse_hz;
    default:
        return pll_hz(chip, 1, 0);
    }
}

// The prescalers of the system, the AHB (four bits) and the APB buses (three bits) (RM0433, 8.7.6 and 8.7.7).
static uint32_t ahb_shift(uint32_t field) {
    static const uint32_t shifts[8] = {1, 2, 3, 4, 6, 7, 8, 9};
    return field & 8 ? shifts[field & 7] : 0;
}

static uint32_t apb_shift(uint32_t field) {
    return field & 4 ? (field & 3) + 1 : 0;
}

uint32_t rcc_core_hz(const machine *chip) {
    uint32_t selection = (chip->rcc->registers[CFGR / 4] >> 3) & 7;
    return system_hz(chip, selection) >> ahb_shift((chip->rcc->registers[D1CFGR / 4] >> 8) & 15);
}

static uint32_t ahb_hz(const machine *chip) {
    return rcc_core_hz(chip) >> ahb_shift(chip->rcc->registers[D1CFGR / 4] & 15);
}

// The kernel clock of USART 2, 3, 4, 5, 7 and 8 (RM0433, 8.7.16).
uint32_t rcc_usart_hz(const machine *chip) {
    switch (chip->rcc->registers[D2CCIP2R / 4] & 7) {
    case 0:
        return ahb_hz(chip) >> apb_shift((chip->rcc->registers[D2CFGR / 4] >> 4) & 7);
    case 1:
        return pll_hz(chip, 2, 1);
    case 2:
        return pll_hz(chip, 3, 1);
    case 3:
        return system_hz(chip, 0);
    case 4:
        return CSI_HZ;
    default:
        return 32768;
    }
}

// The highest bus clock for a voltage scale and a number of flash wait states, in MHz (RM0433, table 17).
static uint32_t flash_limit_mhz(uint32_t scale, uint32_t wait_states) {
    static const uint32_t limits[4][5] = {
        {70, 140, 185, 210, 240}, // scale 0: the over-drive
        {70, 140, 185, 210, 225},
        {55, 110, 165, 225, 225},
        {45, 90, 135, 180, 225},
    };
    return limits[scale][wait_states < 5 ? wait_states : 4];
}

// What the chip's electrical limits do not allow stops the machine: on a bench it would fail now and then.
static void check_clocks(machine *chip) {
    static const uint32_t core_limits[4] = {480 * MHZ, 400 * MHZ, 300 * MHZ, 200 * MHZ};
    uint32_t voltage = (chip->pwr->registers[0x18 / 4] >> 14) & 3; // PWR_D3CR.VOS
    uint32_t overdrive = chip->syscfg->registers[0x2C / 4] & 1;    // SYSCFG_PWRCR.ODEN
    uint32_t scale = voltage == 3 ? (overdrive ? 0 : 1) : voltage == 2 ? 2 : 3;
    uint32_t core = rcc_core_hz(chip);
    uint32_t bus = ahb_hz(chip);
    uint32_t wait_states = chip->flash->registers[0] & 15;
    chip->status.core_hz = core;
    if (core > core_limits[scale])
        machine_fail(chip, "core clock of %u Hz at voltage scale %u, which allows %u Hz", core, scale,
                     core_limits[scale]);
    else if (bus > flash_limit_mhz(scale, wait_states) * MHZ)
        machine_fail(chip, "bus clock of %u Hz with %u flash wait states at voltage scale %u, which allow %u MHz", bus,
                     wait_states, scale, flash_limit_mhz(scale, wait_states));
}

// The core's own view of the enable registers is the same as the shared one on this single-core chip.
static uint32_t shared(uint32_t offset) {
    return offset >= C1_RSR && offset < C1_END ? offset - (C1_RSR - RSR) : offset;
}

static uint32_t rcc_read(machine *chip, peripheral *self, uint32_t offset) {
    (void)chip;
    return self->registers[shared(offset) / 4];
}

static void rcc_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    uint32_t *target = &self->registers[shared(offset) / 4];
    switch (shared(offset)) {
    case CR:
        *target = with_ready_bits(chip, value);
        break;
    case CFGR:
        *target = value & ~(7u << 3);
        *target |= (system_hz(chip, value & 7) ? value & 7 : (*target >> 3) & 7) << 3; // SWS follows SW
        break;
    case PLLCKSELR:
        *target = value;
        self->registers[CR / 4] = with_ready_bits(chip, self->registers[CR / 4]);
        break;
    case BDCR:
        *target = value & 1u << 16 ? 0 : (value & ~2u) | (value & 1u) << 1; // BDRST; LSERDY follows LSEON
        break;
    case CSR:
        *target = (value & ~2u) | (value & 1u) << 1; // LSIRDY follows LSION
        break;
    case RSR:
        if (value & RSR_REMOVE)
            *target = 0;
        break;
    default:
        *target = value;
    }
    check_clocks(chip);
}

static void rcc_reset(machine *chip, peripheral *self) {
    // Flags stay until the firmware removes them.
    uint32_t cause = chip->reset_cause ? self->registers[RSR / 4] | chip->reset_cause : RSR_RESET;
    memset(self->registers, 0, self->size);
    self->registers[CR / 4] = CR_RESET | CR_DOMAINS;
    self->registers[PLLCKSELR / 4] = 0x02020200u;
    self->registers[PLLCFGR / 4] = 0x01FF0000u;
    self->registers[PLL1DIVR / 4] = self->registers[PLL2DIVR / 4] = self->registers[PLL3DIVR / 4] = 0x01010280u;
    self->registers[RSR / 4] = cause;
    chip->status.core_hz = rcc_core_hz(chip);
}

const peripheral_model rcc_model = {"rcc", rcc_read, rcc_write, rcc_reset};
