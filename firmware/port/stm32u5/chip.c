/* SPDX-License-Identifier: Apache-2.0 */
// Reset flags and pins of the STM32U575/585.
#include <family.h>

#include "port/stm32/chip.h"

// RM0456, RCC_CSR: a later flag of this list is also set by the causes before it. Power-on is a brown-out that ends.
wire_reset_cause chip_reset_cause(void) {
    static const reset_flag flags[] = {
        {RCC_CSR_LPWRRSTF, WIRE_RESET_LOW_POWER}, {RCC_CSR_IWDGRSTF, WIRE_RESET_WATCHDOG},
        {RCC_CSR_SFTRSTF, WIRE_RESET_SOFTWARE},   {RCC_CSR_BORRSTF, WIRE_RESET_POWER},
        {RCC_CSR_PINRSTF, WIRE_RESET_PIN},
    };
    return reset_cause(&RCC_CSR, RCC_CSR_RMVF, flags, sizeof flags / sizeof flags[0]);
}

// PA9 and PA10 are USART1's TX and RX (DS13737, alternate functions, AF7), wired to the ST-LINK (UM2861, virtual COM
// port). A pull-up on RX, so that an open line is idle. The USART is clocked by APB2.
void chip_connect_uart(void) {
    RCC_AHB2ENR1 |= RCC_AHB2ENR1_GPIOAEN;
    (void)RCC_AHB2ENR1;
    pin_alternate(GPIOA_BASE, 9, 7, false);
    pin_alternate(GPIOA_BASE, 10, 7, true);
    RCC_APB2ENR |= RCC_APB2ENR_USART1EN;
    (void)RCC_APB2ENR;
}
