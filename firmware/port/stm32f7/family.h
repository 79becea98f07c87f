/* SPDX-License-Identifier: Apache-2.0 */
// The STM32F76x/77x: RM0410 is the manual, DS11532 the data sheet.
#ifndef TINYDF_FAMILY_H
#define TINYDF_FAMILY_H

#include "port/stm32f4/registers.h"

#define UNIQUE_ID   ((const volatile uint32_t *)0x1FF0F420u) // RM0410, device electronic signature
#define IWDG_BASE   0x40003000u
#define UART_BASE   0x40004800u // USART3
#define UART_SCALE  1u
#define UART_FIFOEN 0u // there is none

// PD8 and PD9 are USART3's TX and RX (DS11532, alternate functions, AF7), wired to the ST-LINK (UM1974 6.9).
#define UART_PORT            GPIOD_BASE
#define UART_TX_PIN          8u
#define UART_RX_PIN          9u
#define UART_FUNCTION        7u
#define RCC_AHB1ENR_UARTPORT RCC_AHB1ENR_GPIODEN
#define RCC_APB1ENR_UARTEN   RCC_APB1ENR_USART3EN

//     HSE -> PLL (/M 2 MHz, xN) VCO = 2 x core -> /P 2 -> core, AHB -> /4 -> APB1
//                                                                   -> /2 -> APB2
#define INTERNAL_HZ       16000000u // HSI after reset
#define UART_CLOCK_HZ     (TINYDF_CLOCK_HZ / 4u)
#define CLOCK_LOWEST_HZ   210000000u // below it there are fewer wait states
#define CLOCK_HIGHEST_HZ  216000000u // DS11532, general operating conditions: with overdrive
#define FLASH_WAIT_STATES 7u         // RM0410 table 7: 210 to 216 MHz at 2.7 to 3.6 V
#define FLASH_ACCELERATOR 0u         // ART and prefetch serve the ITCM bus alone (RM0410 3.3); the L1 caches serve AXI

#endif
