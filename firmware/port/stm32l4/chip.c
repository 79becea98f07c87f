/* SPDX-License-Identifier: Apache-2.0 */
// Reset flags and pins of the STM32L4+.
#include <family.h>

#include "port/stm32/chip.h"

// RM0432 6.4.33: a later flag of this list is also set by the causes before it. Power-on is a brown-out that ends.
wire_reset_cause chip_reset_cause(void) {
    static const reset_flag flags[] = {
        {RCC_CSR_LPWRRSTF, WIRE_RESET_LOW_POWER}, {RCC_CSR_IWDGRSTF, WIRE_RESET_WATCHDOG},
        {RCC_CSR_SFTRSTF, WIRE_RESET_SOFTWARE},   {RCC_CSR_BORRSTF, WIRE_RESET_POWER},
        {RCC_CSR_PINRSTF, WIRE_RESET_PIN},
    };
    return reset_cause(&RCC_CSR, RCC_CSR_RMVF, flags, sizeof flags / sizeof flags[0]);
}

// PG7 and PG8 are LPUART1's TX and RX (DS12023, alternate functions, AF8), wired to the ST-LINK (UM2179, USART
// communication). PG2 to PG15 have a supply of their own, VDDIO2, which has to be declared valid (RM0432 5.1.3). A
// pull-up on RX, so that an open line is idle. The LPUART is clocked by APB1.
void chip_connect_uart(void) {
    RCC_APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC_APB1ENR1;
    PWR_CR2 |= PWR_CR2_IOSV;
    RCC_AHB2ENR |= RCC_AHB2ENR_GPIOGEN;
    (void)RCC_AHB2ENR;
    pin_alternate(GPIOG_BASE, 7, 8, false);
    pin_alternate(GPIOG_BASE, 8, 8, true);
    RCC_APB1ENR2 |= RCC_APB1ENR2_LPUART1EN;
    (void)RCC_APB1ENR2;
}
