// Power and clock tree.
//
//     HSE (8 MHz, from the ST-LINK) -> PLL1 (/M, xN) VCO = 2 x core -> /P 2 -> core -> /2 -> AXI, AHB -> /2 -> APB1..4
#include "chip.h"
#include "registers.h"

#define HSI_HZ           64000000u  // the oscillator after reset, RM0433 8.5.2
#define VOS1_MAX_HZ      400000000u // DS12110 table 23: above it, VOS0
#define VOS1_AXI_4_WAITS 225000000u // RM0433 table 17

#define PLL_M 1u
#define PLL_P 2u
#define PLL_N (TINYDF_CLOCK_HZ / (TINYDF_HSE_HZ / PLL_M) * PLL_P)

_Static_assert(TINYDF_HSE_HZ / PLL_M >= 8000000u && TINYDF_HSE_HZ / PLL_M <= 16000000u,
               "PLL1RGE is set for 8 to 16 MHz");
_Static_assert(TINYDF_HSE_HZ / PLL_M * PLL_N / PLL_P == TINYDF_CLOCK_HZ, "the PLL can make the clock exactly");
_Static_assert(TINYDF_CLOCK_HZ >= 100000000u && TINYDF_CLOCK_HZ <= 480000000u,
               "VCO of 192 to 960 MHz (DS12110 table 49)");

// About ten cycles a poll: 50 ms at 480 MHz, more when slower. The slowest thing waited for takes 2 ms.
#define WAIT_POLLS 2400000u

static bool running; // on the PLL

bool wait_until(const volatile uint32_t *address, uint32_t mask, uint32_t wanted) {
    for (uint32_t polls = 0; polls < WAIT_POLLS; polls++) {
        if ((*address & mask) == wanted) {
            return true;
        }
    }
    return false;
}

// RM0433 6.4.1: the supply configuration is written once after power-on, before the voltage is changed. The board feeds
// the core by the internal regulator (LDO).
static wire_boot start_supply(void) {
    PWR_CR3 = (PWR_CR3 & ~(PWR_CR3_SCUEN | PWR_CR3_BYPASS)) | PWR_CR3_LDOEN;
    return wait_until(&PWR_CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY) ? WIRE_BOOT_OK : WIRE_BOOT_SUPPLY;
}

// RM0433 6.6.2: VOS1, and from there VOS0 by the overdrive, which revision Y does not have (ES0392).
static wire_boot raise_voltage(void) {
    PWR_D3CR |= PWR_D3CR_VOS1;
    if (!wait_until(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY)) {
        return WIRE_BOOT_VOLTAGE_SCALE;
    }
    if (TINYDF_CLOCK_HZ <= VOS1_MAX_HZ) {
        return WIRE_BOOT_OK;
    }
    if (DBGMCU_IDC_REVISION(DBGMCU_IDC) == DBGMCU_IDC_REVISION_Y) {
        return WIRE_BOOT_REVISION;
    }
    RCC_APB4ENR |= RCC_APB4ENR_SYSCFGEN;
    (void)RCC_APB4ENR; // RM0433 8.5.11: the clock is on two cycles later
    SYSCFG_PWRCR |= SYSCFG_PWRCR_ODEN;
    return wait_until(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY) ? WIRE_BOOT_OK : WIRE_BOOT_VOLTAGE_SCALE;
}

// RM0433 8.5.1: the ST-LINK drives OSC_IN (UM2407 6.8.1), so the oscillator's amplifier is bypassed.
static wire_boot start_oscillator(void) {
    RCC_CR |= RCC_CR_HSEBYP;
    RCC_CR |= RCC_CR_HSEON;
    return wait_until(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY) ? WIRE_BOOT_OK : WIRE_BOOT_OSCILLATOR;
}

// RM0433 8.5.5: the PLL is set while it is off. Wide VCO (PLL1VCOSEL 0), no fraction, output P alone.
static wire_boot start_pll(void) {
    RCC_CR &= ~RCC_CR_PLL1ON;
    if (!wait_until(&RCC_CR, RCC_CR_PLL1RDY, 0)) {
        return WIRE_BOOT_PLL;
    }
    RCC_PLLCKSELR = RCC_PLLCKSELR_PLLSRC_HSE | RCC_PLLCKSELR_DIVM1(PLL_M);
    RCC_PLLCFGR = RCC_PLLCFGR_PLL1RGE_8_16 | RCC_PLLCFGR_DIVP1EN;
    RCC_PLL1DIVR = RCC_PLL1DIVR_N(PLL_N) | RCC_PLL1DIVR_P(PLL_P) | RCC_PLL1DIVR_Q(PLL_P) | RCC_PLL1DIVR_R(PLL_P);
    RCC_CR |= RCC_CR_PLL1ON;
    return wait_until(&RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY) ? WIRE_BOOT_OK : WIRE_BOOT_PLL;
}

// RM0433 4.3.8 and table 17: wait states for the AXI clock to come, before it comes; 4 up to 240 MHz at VOS0 and up to
// 225 MHz at VOS1 (where 3 would do). Read back until taken.
static wire_boot slow_flash(void) {
    const uint32_t wanted = FLASH_ACR_LATENCY(4u) | FLASH_ACR_WRHIGHFREQ(2u);
    FLASH_ACR = wanted;
    return wait_until(&FLASH_ACR, wanted, wanted) ? WIRE_BOOT_OK : WIRE_BOOT_FLASH;
}

// RM0433 8.5.6: the dividers first, so that no bus is ever too fast; then the switch.
static wire_boot switch_to_pll(void) {
    RCC_D1CFGR = RCC_D1CFGR_HPRE_2 | RCC_D1CFGR_D1PPRE_2;
    RCC_D2CFGR = RCC_D2CFGR_D2PPRE1_2 | RCC_D2CFGR_D2PPRE2_2;
    RCC_D3CFGR = RCC_D3CFGR_D3PPRE_2;
    RCC_CFGR = (RCC_CFGR & ~RCC_CFGR_SW_MASK) | RCC_CFGR_SW_PLL1;
    if (!wait_until(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_PLL1)) {
        return WIRE_BOOT_CLOCK_SWITCH;
    }
    running = true;
    return WIRE_BOOT_OK;
}

wire_boot clock_start(void) {
    wire_boot (*const steps[])(void) = {start_supply, raise_voltage, start_oscillator,
                                        start_pll,    slow_flash,    switch_to_pll};
    for (uint32_t step = 0; step < sizeof steps / sizeof steps[0]; step++) {
        const wire_boot result = steps[step]();
        if (result != WIRE_BOOT_OK) {
            return result;
        }
    }
    return WIRE_BOOT_OK;
}

uint32_t clock_core_hz(void) {
    return running ? TINYDF_CLOCK_HZ : HSI_HZ;
}

uint32_t clock_apb1_hz(void) {
    return running ? TINYDF_CLOCK_HZ / 4u : HSI_HZ;
}
