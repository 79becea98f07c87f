/* SPDX-License-Identifier: Apache-2.0 */
// Power and clock tree of the STM32U575/585: HSI16 through PLL1. The board has no external high-speed clock.
#include <family.h>

#include "port/stm32/chip.h"

#define PLL_M 1u
#define PLL_R 2u
#define PLL_N (TINYDF_CLOCK_HZ / (HSI_HZ / PLL_M) * PLL_R)

_Static_assert(HSI_HZ / PLL_M * PLL_N / PLL_R == TINYDF_CLOCK_HZ, "the PLL can make the clock exactly");
_Static_assert(TINYDF_CLOCK_HZ > CLOCK_LOWEST_HZ && TINYDF_CLOCK_HZ <= CLOCK_HIGHEST_HZ,
               "the wait states and voltage range are for this clock");

static bool flash_takes(uint32_t wanted) {
    FLASH_ACR = wanted;
    return wait_until(&FLASH_ACR, wanted, wanted);
}

// What the chip stays on if a later step fails: 4 MHz, as after reset, cannot make the baud rate. 24 MHz is the limit
// of range 4, the voltage after reset, and wants two wait states there (RM0456 7.3.3).
static wire_boot quicken_internal(void) {
    if (!flash_takes(FLASH_ACR_LATENCY(2u))) {
        return WIRE_BOOT_FLASH;
    }
    RCC_ICSCR1 = (RCC_ICSCR1 & ~RCC_ICSCR1_MSISRANGE_MASK) | RCC_ICSCR1_MSISRANGE_24 | RCC_ICSCR1_MSIRGSEL;
    return wait_until(&RCC_CR, RCC_CR_MSISRDY, RCC_CR_MSISRDY) ? WIRE_BOOT_OK : WIRE_BOOT_OSCILLATOR;
}

// RM0456 10.5.4: range 1. The chip stays on the linear regulator (PWR_CR3.REGSEL 0), which every board wires.
static wire_boot raise_voltage(void) {
    RCC_AHB3ENR |= RCC_AHB3ENR_PWREN;
    (void)RCC_AHB3ENR; // the clock is on two cycles later
    PWR_VOSR |= PWR_VOSR_RANGE_1;
    return wait_until(&PWR_VOSR, PWR_VOSR_VOSRDY, PWR_VOSR_VOSRDY) ? WIRE_BOOT_OK : WIRE_BOOT_VOLTAGE_SCALE;
}

static wire_boot start_oscillator(void) {
    RCC_CR |= RCC_CR_HSION;
    return wait_until(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY) ? WIRE_BOOT_OK : WIRE_BOOT_OSCILLATOR;
}

// RM0456 11.4.6: the PLL is set while it is off. No fraction, output R alone. The booster of the core's supply, needed
// above 55 MHz, is clocked by the PLL's source, which has to be chosen first (10.5.4).
static wire_boot start_pll(void) {
    RCC_CR &= ~RCC_CR_PLL1ON;
    if (!wait_until(&RCC_CR, RCC_CR_PLL1RDY, 0)) {
        return WIRE_BOOT_PLL;
    }
    RCC_PLL1CFGR = RCC_PLL1CFGR_PLL1SRC_HSI | RCC_PLL1CFGR_PLL1RGE_8_16 | RCC_PLL1CFGR_M(PLL_M) |
                   RCC_PLL1CFGR_PLL1MBOOST_1 | RCC_PLL1CFGR_PLL1REN;
    RCC_PLL1DIVR = RCC_PLL1DIVR_N(PLL_N) | RCC_PLL1DIVR_P(PLL_R) | RCC_PLL1DIVR_Q(PLL_R) | RCC_PLL1DIVR_R(PLL_R);
    PWR_VOSR |= PWR_VOSR_BOOSTEN;
    if (!wait_until(&PWR_VOSR, PWR_VOSR_BOOSTRDY, PWR_VOSR_BOOSTRDY)) {
        return WIRE_BOOT_VOLTAGE_SCALE;
    }
    RCC_CR |= RCC_CR_PLL1ON;
    return wait_until(&RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY) ? WIRE_BOOT_OK : WIRE_BOOT_PLL;
}

// RM0456 7.3.3: wait states for the clock to come, before it comes.
static wire_boot slow_flash(void) {
    return flash_takes(FLASH_ACR_LATENCY(FLASH_WAIT_STATES) | FLASH_ACR_PRFTEN) ? WIRE_BOOT_OK : WIRE_BOOT_FLASH;
}

// All buses run at the core's clock, as after reset.
static wire_boot switch_to_pll(void) {
    RCC_CFGR1 = (RCC_CFGR1 & ~RCC_CFGR1_SW_MASK) | RCC_CFGR1_SW_PLL1;
    if (wait_until(&RCC_CFGR1, RCC_CFGR1_SWS_MASK, RCC_CFGR1_SWS_PLL1)) {
        return WIRE_BOOT_OK;
    }
    RCC_CFGR1 &= ~RCC_CFGR1_SW_MASK; // MSIS
    return WIRE_BOOT_CLOCK_SWITCH;
}

const clock_step clock_steps[] = {quicken_internal, raise_voltage, start_oscillator,
                                  start_pll,        slow_flash,    switch_to_pll};
const uint32_t clock_step_count = sizeof clock_steps / sizeof clock_steps[0];
