/* SPDX-License-Identifier: Apache-2.0 */
// Clock tree of the STM32H742/743/753 and STM32H7A3/7B3: HSE through PLL1, with the figures of family.h.
#include "port/stm32h7/clock.h"

#include <family.h>

#include "port/stm32/chip.h"

#define PLL_M 1u
#define PLL_P 2u
#define PLL_N (TINYDF_CLOCK_HZ / (TINYDF_HSE_HZ / PLL_M) * PLL_P)

_Static_assert(TINYDF_HSE_HZ / PLL_M >= 8000000u && TINYDF_HSE_HZ / PLL_M <= 16000000u,
               "PLL1RGE is set for 8 to 16 MHz");
_Static_assert(TINYDF_HSE_HZ / PLL_M * PLL_N / PLL_P == TINYDF_CLOCK_HZ, "the PLL can make the clock exactly");
_Static_assert(TINYDF_CLOCK_HZ >= CLOCK_LOWEST_HZ && TINYDF_CLOCK_HZ <= CLOCK_HIGHEST_HZ,
               "the chip can run at this clock, and its VCO at twice that");

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

// RM0433 4.3.8: wait states for the AXI clock to come, before it comes. Read back until taken.
static wire_boot slow_flash(void) {
    const uint32_t wanted = FLASH_ACR_LATENCY(FLASH_WAIT_STATES) | FLASH_ACR_WRHIGHFREQ(FLASH_PROGRAMMING);
    FLASH_ACR = wanted;
    return wait_until(&FLASH_ACR, wanted, wanted) ? WIRE_BOOT_OK : WIRE_BOOT_FLASH;
}

// RM0433 8.5.6: the dividers first, so that no bus is ever too fast; then the switch.
static wire_boot switch_to_pll(void) {
    RCC_D1CFGR = RCC_D1CFGR_HPRE(AHB_PRESCALER) | RCC_D1CFGR_D1PPRE_2;
    RCC_D2CFGR = RCC_D2CFGR_D2PPRE1_2 | RCC_D2CFGR_D2PPRE2_2;
    RCC_D3CFGR = RCC_D3CFGR_D3PPRE_2;
    RCC_CFGR = (RCC_CFGR & ~RCC_CFGR_SW_MASK) | RCC_CFGR_SW_PLL1;
    if (wait_until(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_PLL1)) {
        return WIRE_BOOT_OK;
    }
    RCC_CFGR &= ~RCC_CFGR_SW_MASK; // core and UART on the undivided HSI, as after reset
    RCC_D1CFGR = 0;
    RCC_D2CFGR = 0;
    RCC_D3CFGR = 0;
    return WIRE_BOOT_CLOCK_SWITCH;
}

const clock_step clock_steps[] = {start_supply, raise_voltage, start_oscillator, start_pll, slow_flash, switch_to_pll};
const uint32_t clock_step_count = sizeof clock_steps / sizeof clock_steps[0];
