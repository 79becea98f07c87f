/* SPDX-License-Identifier: Apache-2.0 */
// Power and clock tree of the STM32L4+: HSI16 through the PLL. Nucleo boards with an STM32L4 do not wire the ST-LINK's
// clock to OSC_IN as delivered.
#include <family.h>

#include "port/stm32/chip.h"

#define PLL_M 4u
#define PLL_R 2u
#define PLL_N (TINYDF_CLOCK_HZ / (HSI_HZ / PLL_M) * PLL_R)

_Static_assert(HSI_HZ / PLL_M * PLL_N / PLL_R == TINYDF_CLOCK_HZ, "the PLL can make the clock exactly");
_Static_assert(TINYDF_CLOCK_HZ > CLOCK_LOWEST_HZ && TINYDF_CLOCK_HZ <= CLOCK_HIGHEST_HZ,
               "the wait states and boost mode are for this clock");

#define MICROSECOND_POLLS 60u // of at least two cycles each, at half the clock

static wire_boot start_oscillator(void) {
    RCC_CR |= RCC_CR_HSION;
    return wait_until(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY) ? WIRE_BOOT_OK : WIRE_BOOT_OSCILLATOR;
}

// RM0432 5.1.8, dynamic voltage scaling: the chip starts in range 1, normal mode; above 80 MHz it has to be boost mode.
static wire_boot raise_voltage(void) {
    RCC_APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC_APB1ENR1; // the clock is on two cycles later
    PWR_CR5 &= ~PWR_CR5_R1MODE;
    return wait_until(&PWR_SR2, PWR_SR2_VOSF, 0) ? WIRE_BOOT_OK : WIRE_BOOT_VOLTAGE_SCALE;
}

// RM0432 6.4.4: the PLL is set while it is off. Output R alone.
static wire_boot start_pll(void) {
    RCC_CR &= ~RCC_CR_PLLON;
    if (!wait_until(&RCC_CR, RCC_CR_PLLRDY, 0)) {
        return WIRE_BOOT_PLL;
    }
    RCC_PLLCFGR = RCC_PLLCFGR_PLLSRC_HSI | RCC_PLLCFGR_M(PLL_M) | RCC_PLLCFGR_N(PLL_N) | RCC_PLLCFGR_R(PLL_R) |
                  RCC_PLLCFGR_PLLREN;
    RCC_CR |= RCC_CR_PLLON;
    return wait_until(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY) ? WIRE_BOOT_OK : WIRE_BOOT_PLL;
}

// RM0432 3.3.3: wait states for the clock to come, before it comes. Read back until taken.
static wire_boot slow_flash(void) {
    const uint32_t wanted = FLASH_ACR_LATENCY(FLASH_WAIT_STATES) | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
    FLASH_ACR = wanted;
    return wait_until(&FLASH_ACR, wanted, wanted) ? WIRE_BOOT_OK : WIRE_BOOT_FLASH;
}

// RM0432 5.1.8: to more than 80 MHz by way of half the clock, for at least a microsecond.
static wire_boot switch_to_pll(void) {
    RCC_CFGR = RCC_CFGR_HPRE_2;
    RCC_CFGR = RCC_CFGR_HPRE_2 | RCC_CFGR_SW_PLL;
    if (!wait_until(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_PLL)) {
        RCC_CFGR = 0;
        return WIRE_BOOT_CLOCK_SWITCH;
    }
    for (uint32_t polls = 0; polls < MICROSECOND_POLLS; polls++) {
        (void)RCC_CFGR;
    }
    RCC_CFGR = RCC_CFGR_SW_PLL;
    return WIRE_BOOT_OK;
}

const clock_step clock_steps[] = {start_oscillator, raise_voltage, start_pll, slow_flash, switch_to_pll};
const uint32_t clock_step_count = sizeof clock_steps / sizeof clock_steps[0];
