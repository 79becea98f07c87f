/* SPDX-License-Identifier: Apache-2.0 */
// Power and clock tree of the STM32F446 and the STM32F76x/77x: HSE through the PLL, with overdrive, and the figures of
// family.h.
#include <family.h>

#include "port/stm32/chip.h"

#define PLL_INPUT_HZ 2000000u // RM0390 6.3.2: recommended, for the least jitter
#define PLL_M        (TINYDF_HSE_HZ / PLL_INPUT_HZ)
#define PLL_P        2u
#define PLL_N        (TINYDF_CLOCK_HZ / PLL_INPUT_HZ * PLL_P)
#define PLL_Q        ((PLL_N * PLL_INPUT_HZ + 47999999u) / 48000000u) // at most 48 MHz; nobody takes it
#define PLL_R        2u                                               // ... nor this

_Static_assert(TINYDF_HSE_HZ == PLL_M * PLL_INPUT_HZ && PLL_M >= 2u && PLL_M <= 63u, "M makes the PLL's input");
_Static_assert(PLL_INPUT_HZ *PLL_N / PLL_P == TINYDF_CLOCK_HZ, "the PLL can make the clock exactly");
_Static_assert(TINYDF_CLOCK_HZ > CLOCK_LOWEST_HZ && TINYDF_CLOCK_HZ <= CLOCK_HIGHEST_HZ,
               "the wait states and overdrive are for this clock");

// RM0390 6.2.1: the ST-LINK drives OSC_IN, so the oscillator's amplifier is bypassed.
static wire_boot start_oscillator(void) {
    RCC_CR |= RCC_CR_HSEBYP;
    RCC_CR |= RCC_CR_HSEON;
    return wait_until(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY) ? WIRE_BOOT_OK : WIRE_BOOT_OSCILLATOR;
}

// RM0390 6.3.2: the PLL is set while it is off; so is the voltage scale (5.4.1), which is reached when the PLL runs.
static wire_boot start_pll(void) {
    RCC_APB1ENR |= RCC_APB1ENR_PWREN;
    (void)RCC_APB1ENR; // the clock is on two cycles later (6.2.9)
    RCC_CR &= ~RCC_CR_PLLON;
    if (!wait_until(&RCC_CR, RCC_CR_PLLRDY, 0)) {
        return WIRE_BOOT_PLL;
    }
    PWR_CR |= PWR_CR_VOS;
    RCC_PLLCFGR = RCC_PLLCFGR_M(PLL_M) | RCC_PLLCFGR_N(PLL_N) | RCC_PLLCFGR_P(PLL_P) | RCC_PLLCFGR_PLLSRC_HSE |
                  RCC_PLLCFGR_Q(PLL_Q) | RCC_PLLCFGR_R(PLL_R);
    RCC_CR |= RCC_CR_PLLON;
    return wait_until(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY) ? WIRE_BOOT_OK : WIRE_BOOT_PLL;
}

// RM0390 5.1.3, "Entering Over-drive mode": while the core still runs on HSI, and the PLL is on.
static wire_boot raise_voltage(void) {
    if (!wait_until(&PWR_CSR, PWR_CSR_VOSRDY, PWR_CSR_VOSRDY)) {
        return WIRE_BOOT_VOLTAGE_SCALE;
    }
    PWR_CR |= PWR_CR_ODEN;
    if (!wait_until(&PWR_CSR, PWR_CSR_ODRDY, PWR_CSR_ODRDY)) {
        return WIRE_BOOT_VOLTAGE_SCALE;
    }
    PWR_CR |= PWR_CR_ODSWEN;
    return wait_until(&PWR_CSR, PWR_CSR_ODSWRDY, PWR_CSR_ODSWRDY) ? WIRE_BOOT_OK : WIRE_BOOT_VOLTAGE_SCALE;
}

// RM0390 3.4.1: wait states for the clock to come, before it comes. Read back until taken.
static wire_boot slow_flash(void) {
    const uint32_t wanted = FLASH_ACR_LATENCY(FLASH_WAIT_STATES) | FLASH_ACCELERATOR;
    FLASH_ACR = wanted;
    return wait_until(&FLASH_ACR, wanted, wanted) ? WIRE_BOOT_OK : WIRE_BOOT_FLASH;
}

// RM0390 6.3.3: the dividers first, so that no bus is ever too fast; then the switch.
static wire_boot switch_to_pll(void) {
    RCC_CFGR = RCC_CFGR_PPRE1_4 | RCC_CFGR_PPRE2_2;
    RCC_CFGR = RCC_CFGR_PPRE1_4 | RCC_CFGR_PPRE2_2 | RCC_CFGR_SW_PLL;
    if (wait_until(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_PLL)) {
        return WIRE_BOOT_OK;
    }
    RCC_CFGR = 0; // the UART's bus as after reset
    return WIRE_BOOT_CLOCK_SWITCH;
}

const clock_step clock_steps[] = {start_oscillator, start_pll, raise_voltage, slow_flash, switch_to_pll};
const uint32_t clock_step_count = sizeof clock_steps / sizeof clock_steps[0];
