/* SPDX-License-Identifier: Apache-2.0 */
// Supply and core voltage of the STM32H742/743/753.
#include <family.h>

#include "port/stm32/chip.h"
#include "port/stm32h7/clock.h"

#define VOS1_MAX_HZ 400000000u // DS12110 table 23: above it, VOS0

// RM0433 6.4.1: the supply configuration is written once after power-on, before the voltage is changed. The board feeds
// the core by the internal regulator (LDO).
wire_boot start_supply(void) {
    PWR_CR3 = (PWR_CR3 & ~(PWR_CR3_SCUEN | PWR_CR3_BYPASS)) | PWR_CR3_LDOEN;
    return wait_until(&PWR_CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY) ? WIRE_BOOT_OK : WIRE_BOOT_SUPPLY;
}

// RM0433 6.6.2: VOS1, and from there VOS0 by the overdrive, which revision Y does not have (ES0392).
wire_boot raise_voltage(void) {
    PWR_D3CR |= PWR_D3CR_VOS;
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
