/* SPDX-License-Identifier: Apache-2.0 */
// MSIS at 4 MHz; 115,200 baud.
#define UART_CLOCK     REGISTER(0x46020CA4u)
#define UART_CLOCK_BIT (1u << 14)
#define UART           0x40013800u
#define UART_DIVISOR   35u
