/* SPDX-License-Identifier: Apache-2.0 */
// The STM32L4R5 and its kin (STM32L4+): RM0432 is the manual, DS12023 the data sheet. The registers that this port
// uses, and no others.
#ifndef TINYDF_FAMILY_H
#define TINYDF_FAMILY_H

#include <stdint.h>

#include "port/cortex_m/core.h"

#define UNIQUE_ID   ((const volatile uint32_t *)0x1FFF7590u) // RM0432, device electronic signature
#define IWDG_BASE   0x40003000u
#define UART_BASE   0x40008000u // LPUART1
#define UART_SCALE  256u
#define UART_FIFOEN BIT(29) // CR1

//     HSI16 -> PLL (/M 4, xN) VCO = 2 x core -> /R 2 -> core, AHB, APB
#define HSI_HZ            16000000u
#define INTERNAL_HZ       4000000u // MSI after reset
#define UART_CLOCK_HZ     TINYDF_CLOCK_HZ
#define CLOCK_HIGHEST_HZ  120000000u // DS12023, general operating conditions: in range 1 boost mode
#define CLOCK_LOWEST_HZ   100000000u // below it there are fewer wait states
#define FLASH_WAIT_STATES 5u         // RM0432 3.3.3: above 100 MHz in range 1 boost mode

// Power control, RM0432 5.4.
#define PWR_CR2        REGISTER(0x40007004u)
#define PWR_CR2_IOSV   BIT(9)
#define PWR_SR2        REGISTER(0x40007014u)
#define PWR_SR2_VOSF   BIT(10)
#define PWR_CR5        REGISTER(0x40007080u)
#define PWR_CR5_R1MODE BIT(8)

// Reset and clock control, RM0432 6.4.
#define RCC_CR                 REGISTER(0x40021000u)
#define RCC_CR_HSION           BIT(8)
#define RCC_CR_HSIRDY          BIT(10)
#define RCC_CR_PLLON           BIT(24)
#define RCC_CR_PLLRDY          BIT(25)
#define RCC_CFGR               REGISTER(0x40021008u)
#define RCC_CFGR_SW_PLL        (3u << 0)
#define RCC_CFGR_SWS_MASK      (3u << 2)
#define RCC_CFGR_SWS_PLL       (3u << 2)
#define RCC_CFGR_HPRE_2        (8u << 4)
#define RCC_PLLCFGR            REGISTER(0x4002100Cu)
#define RCC_PLLCFGR_PLLSRC_HSI 2u
#define RCC_PLLCFGR_M(m)       (((m) - 1u) << 4)
#define RCC_PLLCFGR_N(n)       ((n) << 8)
#define RCC_PLLCFGR_PLLREN     BIT(24)
#define RCC_PLLCFGR_R(r)       (((r) / 2u - 1u) << 25)
#define RCC_AHB2ENR            REGISTER(0x4002104Cu)
#define RCC_AHB2ENR_GPIOGEN    BIT(6)
#define RCC_APB1ENR1           REGISTER(0x40021058u)
#define RCC_APB1ENR1_PWREN     BIT(28)
#define RCC_APB1ENR2           REGISTER(0x4002105Cu)
#define RCC_APB1ENR2_LPUART1EN BIT(0)
#define RCC_CSR                REGISTER(0x40021094u)
#define RCC_CSR_RMVF           BIT(23)
#define RCC_CSR_PINRSTF        BIT(26)
#define RCC_CSR_BORRSTF        BIT(27)
#define RCC_CSR_SFTRSTF        BIT(28)
#define RCC_CSR_IWDGRSTF       BIT(29)
#define RCC_CSR_LPWRRSTF       BIT(31)

// Embedded flash, RM0432 3.7.
#define FLASH_ACR                 REGISTER(0x40022000u)
#define FLASH_ACR_LATENCY(states) ((states) << 0)
#define FLASH_ACR_PRFTEN          BIT(8)
#define FLASH_ACR_ICEN            BIT(9)
#define FLASH_ACR_DCEN            BIT(10)

// General-purpose I/O.
#define GPIOG_BASE 0x48001800u

#endif
