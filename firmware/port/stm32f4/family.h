/* SPDX-License-Identifier: Apache-2.0 */
// The STM32F446: RM0390 is the manual, DS10693 the data sheet.
#ifndef TINYDF_FAMILY_H
#define TINYDF_FAMILY_H

#include "port/stm32f4/registers.h"

#define UNIQUE_ID ((const volatile uint32_t *)0x1FFF7A10u) // RM0390, device electronic signature
#define IWDG_BASE 0x40003000u
#define UART_BASE 0x40004400u // USART2

// PA2 and PA3 are USART2's TX and RX (DS10693, alternate functions, AF7), wired to the ST-LINK (UM1724 6.8).
#define UART_PORT            GPIOA_BASE
#define UART_TX_PIN          2u
#define UART_RX_PIN          3u
#define UART_FUNCTION        7u
#define RCC_AHB1ENR_UARTPORT RCC_AHB1ENR_GPIOAEN
#define RCC_APB1ENR_UARTEN   RCC_APB1ENR_USART2EN

//     HSE -> PLL (/M 2 MHz, xN) VCO = 2 x core -> /P 2 -> core, AHB -> /4 -> APB1
//                                                                   -> /2 -> APB2
#define INTERNAL_HZ       16000000u // HSI after reset
#define UART_CLOCK_HZ     (TINYDF_CLOCK_HZ / 4u)
#define CLOCK_LOWEST_HZ   150000000u // below it there are fewer wait states
#define CLOCK_HIGHEST_HZ  180000000u // DS10693, general operating conditions: with overdrive
#define FLASH_WAIT_STATES 5u         // RM0390 table 5: 150 to 180 MHz at 2.7 to 3.6 V
#define FLASH_ACCELERATOR (FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN) // RM0390 3.5.2

#endif
