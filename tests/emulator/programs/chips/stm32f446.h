/* SPDX-License-Identifier: Apache-2.0 */
// HSI at 16 MHz; 115,200 baud.
#define UART_CLOCK     REGISTER(0x40023840u)
#define UART_CLOCK_BIT (1u << 17)
#define UART           0x40004400u
#define UART_DIVISOR   139u
#define UART_HAS_SR
