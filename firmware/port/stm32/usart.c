/* SPDX-License-Identifier: Apache-2.0 */
// USART and LPUART with ISR, ICR, RDR and TDR, with or without FIFOs: STM32H7, F7, L4+ and U5 (RM0433 48.7).
#include <family.h>

#include "port/stm32/chip.h"

#define USART_CR1       REGISTER(UART_BASE + 0x00u)
#define USART_CR1_UE    BIT(0)
#define USART_CR1_RE    BIT(2)
#define USART_CR1_TE    BIT(3)
#define USART_BRR       REGISTER(UART_BASE + 0x0Cu)
#define USART_ISR       REGISTER(UART_BASE + 0x1Cu)
#define USART_ISR_PE    BIT(0)
#define USART_ISR_FE    BIT(1)
#define USART_ISR_NE    BIT(2)
#define USART_ISR_ORE   BIT(3)
#define USART_ISR_RXFNE BIT(5) // RXNE without FIFO
#define USART_ISR_TXFNF BIT(7) // TXE
#define USART_ISR_TEACK BIT(21)
#define USART_ISR_REACK BIT(22)
#define USART_ICR       REGISTER(UART_BASE + 0x20u) // its flags are at the places of ISR's
#define USART_RDR       REGISTER(UART_BASE + 0x24u)
#define USART_TDR       REGISTER(UART_BASE + 0x28u)

// RM0433 48.5.4, 48.5.5: the FIFOs on, where there are some.
wire_boot uart_start(uint32_t clock_hz) {
    USART_CR1 = 0;
    USART_BRR = uart_divisor(clock_hz, UART_SCALE);
    USART_CR1 = UART_FIFOEN | USART_CR1_TE | USART_CR1_RE;
    USART_CR1 |= USART_CR1_UE;
    const uint32_t ready = USART_ISR_TEACK | USART_ISR_REACK;
    return wait_until(&USART_ISR, ready, ready) ? WIRE_BOOT_OK : WIRE_BOOT_UART;
}

bool uart_take(uint8_t *byte) {
    const uint32_t status = USART_ISR;
    USART_ICR = status & (USART_ISR_PE | USART_ISR_FE | USART_ISR_NE | USART_ISR_ORE); // they stay until cleared
    if ((status & USART_ISR_RXFNE) == 0) {
        return false;
    }
    *byte = (uint8_t)USART_RDR;
    return true;
}

bool uart_give(uint8_t byte) {
    if ((USART_ISR & USART_ISR_TXFNF) == 0) {
        return false;
    }
    USART_TDR = byte;
    return true;
}
