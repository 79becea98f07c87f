/* SPDX-License-Identifier: Apache-2.0 */
// The STM32H7A3/7B3: RM0455 is the manual, DS13195 the data sheet.
#ifndef TINYDF_FAMILY_H
#define TINYDF_FAMILY_H

#include "port/stm32h7/registers.h"

#define UNIQUE_ID   ((const volatile uint32_t *)0x08FFF800u) // RM0455, device electronic signature
#define IWDG_BASE   0x58004800u
#define UART_BASE   0x40004800u // USART3
#define UART_SCALE  1u
#define UART_FIFOEN BIT(29) // CR1

//     HSE -> PLL1 (/M, xN) VCO = 2 x core -> /P 2 -> core, AXI, AHB -> /2 -> APB1..4
#define INTERNAL_HZ       64000000u // HSI after reset
#define UART_CLOCK_HZ     (TINYDF_CLOCK_HZ / 2u)
#define CLOCK_HIGHEST_HZ  280000000u // DS13195, general operating conditions: at VOS0
#define CLOCK_LOWEST_HZ   64000000u  // VCO of 128 to 560 MHz (DS13195, PLL characteristics)
#define AHB_PRESCALER     0u         // by 1: AXI and AHB take 280 MHz too
#define FLASH_WAIT_STATES 6u         // RM0455, FLASH recommended number of wait states: above 264 MHz at VOS0
#define FLASH_PROGRAMMING 3u         // ... WRHIGHFREQ, as after reset

#endif
