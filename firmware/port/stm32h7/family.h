/* SPDX-License-Identifier: Apache-2.0 */
// The STM32H742/743/753: RM0433 is the manual, DS12110 the data sheet.
#ifndef TINYDF_FAMILY_H
#define TINYDF_FAMILY_H

#include "port/stm32h7/registers.h"

#define UNIQUE_ID   ((const volatile uint32_t *)0x1FF1E800u) // RM0433 61.1
#define IWDG_BASE   0x58004800u                              // IWDG1
#define UART_BASE   0x40004800u                              // USART3
#define UART_SCALE  1u
#define UART_FIFOEN BIT(29) // CR1

//     HSE -> PLL1 (/M, xN) VCO = 2 x core -> /P 2 -> core -> /2 -> AXI, AHB -> /2 -> APB1..4
#define INTERNAL_HZ       64000000u // HSI after reset, RM0433 8.5.2
#define UART_CLOCK_HZ     (TINYDF_CLOCK_HZ / 4u)
#define CLOCK_HIGHEST_HZ  480000000u // DS12110 table 23
#define CLOCK_LOWEST_HZ   100000000u // VCO of 192 to 960 MHz (DS12110 table 49)
#define AHB_PRESCALER     8u         // by 2; RM0433 8.7.6
#define FLASH_WAIT_STATES 4u         // RM0433 table 17: up to 240 MHz at VOS0, up to 225 MHz at VOS1 (where 3 would do)
#define FLASH_PROGRAMMING 2u         // ... WRHIGHFREQ

// System configuration, RM0433 12.3.
#define SYSCFG_PWRCR      REGISTER(0x5800042Cu)
#define SYSCFG_PWRCR_ODEN BIT(0)

// Revision of the chip, RM0433 60.5.8.
#define DBGMCU_IDC                 REGISTER(0x5C001000u)
#define DBGMCU_IDC_REVISION(value) ((value) >> 16)
#define DBGMCU_IDC_REVISION_Y      0x1003u

// AXI interconnect, RM0433 2.2.4: how the AXI SRAM (target 7) is read.
#define AXI_TARG7_FN_MOD                   REGISTER(0x51008108u)
#define AXI_TARG7_FN_MOD_READ_ISS_OVERRIDE BIT(0)

#endif
