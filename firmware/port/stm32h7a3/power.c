/* SPDX-License-Identifier: Apache-2.0 */
// Supply and core voltage of the STM32H7A3/7B3 (RM0455, power control).
#include <family.h>

#include "port/stm32/chip.h"
#include "port/stm32h7/clock.h"

// RM0455, "System supply startup": the supply configuration is written once after power-on, before the voltage is
// changed. On boards whose name ends in -Q the switching regulator feeds the core alone (UM2407, power supply).
wire_boot start_supply(void) {
    PWR_CR3 = (PWR_CR3 & ~(PWR_CR3_LDOEN | PWR_CR3_BYPASS)) | PWR_CR3_SMPSEN;
    return wait_until(&PWR_CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY) ? WIRE_BOOT_OK : WIRE_BOOT_SUPPLY;
}

// RM0455, PWR_SRDCR: the highest setting is VOS0; there is no overdrive.
wire_boot raise_voltage(void) {
    PWR_D3CR |= PWR_D3CR_VOS;
    return wait_until(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY) ? WIRE_BOOT_OK : WIRE_BOOT_VOLTAGE_SCALE;
}
