/* SPDX-License-Identifier: Apache-2.0 */
// MSI at 4 MHz; 115,200 baud, in 256ths of the clock's period.
#define UART_CLOCK     REGISTER(0x4002105Cu)
#define UART_CLOCK_BIT (1u << 0)
#define UART           0x40008000u
#define UART_DIVISOR   8889u
