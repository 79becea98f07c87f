/* SPDX-License-Identifier: Apache-2.0 */
// Reset flags and pins of the STM32F446 and the STM32F76x/77x.
#include <family.h>

#include "port/stm32/chip.h"

// RM0390 6.3.21: a later flag of this list is also set by the causes before it.
wire_reset_cause chip_reset_cause(void) {
    static const reset_flag flags[] = {
        {RCC_CSR_LPWRRSTF, WIRE_RESET_LOW_POWER}, {RCC_CSR_IWDGRSTF, WIRE_RESET_WATCHDOG},
        {RCC_CSR_SFTRSTF, WIRE_RESET_SOFTWARE},   {RCC_CSR_PORRSTF, WIRE_RESET_POWER},
        {RCC_CSR_BORRSTF, WIRE_RESET_BROWN_OUT},  {RCC_CSR_PINRSTF, WIRE_RESET_PIN},
    };
    return reset_cause(&RCC_CSR, RCC_CSR_RMVF, flags, sizeof flags / sizeof flags[0]);
}

// A pull-up on RX, so that an open line is idle. The USART is clocked by APB1.
void chip_connect_uart(void) {
    RCC_AHB1ENR |= RCC_AHB1ENR_UARTPORT;
    (void)RCC_AHB1ENR;
    pin_alternate(UART_PORT, UART_TX_PIN, UART_FUNCTION, false);
    pin_alternate(UART_PORT, UART_RX_PIN, UART_FUNCTION, true);
    RCC_APB1ENR |= RCC_APB1ENR_UARTEN;
    (void)RCC_APB1ENR;
}
