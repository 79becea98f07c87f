/* SPDX-License-Identifier: Apache-2.0 */
// HSI at 64 MHz; 921,600 baud.
#define UART_CLOCK     REGISTER(0x580244E8u)
#define UART_CLOCK_BIT (1u << 18)
#define UART           0x40004800u
#define UART_DIVISOR   69u
