/* SPDX-License-Identifier: Apache-2.0 */
// USART with SR and DR, without FIFOs: STM32F4 (RM0390 25.6).
#include <family.h>

#include "port/stm32/chip.h"

#define USART_SR      REGISTER(UART_BASE + 0x00u)
#define USART_SR_ORE  BIT(3)
#define USART_SR_RXNE BIT(5)
#define USART_SR_TXE  BIT(7)
#define USART_DR      REGISTER(UART_BASE + 0x04u)
#define USART_BRR     REGISTER(UART_BASE + 0x08u)
#define USART_CR1     REGISTER(UART_BASE + 0x0Cu)
#define USART_CR1_RE  BIT(2)
#define USART_CR1_TE  BIT(3)
#define USART_CR1_UE  BIT(13)

// RM0390 25.4.2, 25.4.3: it has no flag that says that it is ready.
wire_boot uart_start(uint32_t clock_hz) {
    USART_CR1 = USART_CR1_UE;
    USART_BRR = uart_divisor(clock_hz, 1);
    USART_CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
    return WIRE_BOOT_OK;
}

// RM0390 25.6.1: errors are cleared by reading SR, then DR. An overrun comes with a byte in DR, or with none.
bool uart_take(uint8_t *byte) {
    const uint32_t status = USART_SR;
    if ((status & (USART_SR_RXNE | USART_SR_ORE)) == 0) {
        return false;
    }
    *byte = (uint8_t)USART_DR;
    return (status & USART_SR_RXNE) != 0;
}

bool uart_give(uint8_t byte) {
    if ((USART_SR & USART_SR_TXE) == 0) {
        return false;
    }
    USART_DR = byte;
    return true;
}
