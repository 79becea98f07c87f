/* SPDX-License-Identifier: Apache-2.0 */
// Reset flags and pins of the STM32H742/743/753 and STM32H7A3/7B3.
#include <family.h>

#include "port/stm32/chip.h"

// RM0433 8.7.39 and table 60: a later flag of this list is also set by the causes before it.
wire_reset_cause chip_reset_cause(void) {
    static const reset_flag flags[] = {
        {RCC_RSR_LPWRRSTF, WIRE_RESET_LOW_POWER}, {RCC_RSR_IWDG1RSTF, WIRE_RESET_WATCHDOG},
        {RCC_RSR_SFTRSTF, WIRE_RESET_SOFTWARE},   {RCC_RSR_PORRSTF, WIRE_RESET_POWER},
        {RCC_RSR_BORRSTF, WIRE_RESET_BROWN_OUT},  {RCC_RSR_PINRSTF, WIRE_RESET_PIN},
    };
    return reset_cause(&RCC_RSR, RCC_RSR_RMVF, flags, sizeof flags / sizeof flags[0]);
}

// PD8 and PD9 are USART3's TX and RX (DS12110 table 12, AF7), wired to the ST-LINK (UM2407 6.9). A pull-up on RX, so
// that an open line is idle. The USART is clocked by APB1 (RM0433 8.7.16).
void chip_connect_uart(void) {
    RCC_AHB4ENR |= RCC_AHB4ENR_GPIODEN;
    (void)RCC_AHB4ENR;
    pin_alternate(GPIOD_BASE, 8, 7, false);
    pin_alternate(GPIOD_BASE, 9, 7, true);
    RCC_APB1LENR |= RCC_APB1LENR_USART3EN;
    (void)RCC_APB1LENR;
}
