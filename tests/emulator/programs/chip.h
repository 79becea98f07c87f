/* SPDX-License-Identifier: Apache-2.0 */
// What the test programs share: just enough of a chip to talk, and nothing of the firmware. `CHIP` is a file of chips/;
// it says how the serial port's clock is turned on, where the port is, its layout, and its divisor after reset.
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define DWT_CTRL          REGISTER(0xE0001000u)
#define DWT_CYCCNT        REGISTER(0xE0001004u)
#define DWT_LAR           REGISTER(0xE0001FB0u)
#define SCB_AIRCR         REGISTER(0xE000ED0Cu)
#define SCB_CPACR         REGISTER(0xE000ED88u)
#define DEMCR             REGISTER(0xE000EDFCu)

#include CHIP

#ifdef UART_HAS_SR
#define UART_STATUS   REGISTER(UART + 0x00u)
#define UART_RECEIVE  REGISTER(UART + 0x04u)
#define UART_TRANSMIT REGISTER(UART + 0x04u)
#define UART_BRR      REGISTER(UART + 0x08u)
#define UART_CR1      REGISTER(UART + 0x0Cu)
#define UART_ON       (1u << 13 | 1u << 3 | 1u << 2)
#else
#define UART_CR1      REGISTER(UART + 0x00u)
#define UART_BRR      REGISTER(UART + 0x0Cu)
#define UART_STATUS   REGISTER(UART + 0x1Cu)
#define UART_RECEIVE  REGISTER(UART + 0x24u)
#define UART_TRANSMIT REGISTER(UART + 0x28u)
#define UART_ON       (1u << 29 | 1u << 3 | 1u << 2 | 1u)
#endif

static inline void serial_start(void) {
    UART_CLOCK |= UART_CLOCK_BIT;
    UART_BRR = UART_DIVISOR;
    UART_CR1 = UART_ON;
}

static inline uint8_t serial_get(void) {
    while ((UART_STATUS & 1u << 5) == 0)
        ;
    return (uint8_t)UART_RECEIVE;
}

static inline uint32_t serial_get_word(void) {
    uint32_t word = 0;
    for (int shift = 0; shift < 32; shift += 8)
        word |= (uint32_t)serial_get() << shift;
    return word;
}

static inline void serial_put(uint8_t byte) {
    while ((UART_STATUS & 1u << 7) == 0)
        ;
    UART_TRANSMIT = byte;
}

static inline void serial_put_word(uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8)
        serial_put((uint8_t)(word >> shift));
}

static inline void counter_start(void) {
    DEMCR |= 1u << 24;
    DWT_LAR = 0xC5ACCE55u;
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1;
}

_Noreturn void reset_handler(void);

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[2] = {
    0x20020000u,
    (uintptr_t)reset_handler,
};
