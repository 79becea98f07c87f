/* SPDX-License-Identifier: Apache-2.0 */
// The STM32U575/585: RM0456 is the manual, DS13737 the data sheet. The registers that this port uses, and no others, at
// their non-secure addresses.
#ifndef TINYDF_FAMILY_H
#define TINYDF_FAMILY_H

#include <stdint.h>

#include "port/cortex_m/core.h"

#define UNIQUE_ID   ((const volatile uint32_t *)0x0BFA0700u) // RM0456, device electronic signature
#define IWDG_BASE   0x40003000u
#define UART_BASE   0x40013800u // USART1
#define UART_SCALE  1u
#define UART_FIFOEN BIT(29) // CR1

//     HSI16 -> PLL1 (/M, xN) VCO = 2 x core -> /R 2 -> core, AHB, APB
#define HSI_HZ            16000000u
#define INTERNAL_HZ       24000000u // MSIS, as the first step sets it
#define UART_CLOCK_HZ     TINYDF_CLOCK_HZ
#define CLOCK_LOWEST_HZ   128000000u // below it there are fewer wait states
#define CLOCK_HIGHEST_HZ  160000000u // DS13737, general operating conditions: in range 1
#define FLASH_WAIT_STATES 4u         // RM0456 7.3.3: above 128 MHz in range 1

// Power control, RM0456 10.10.
#define PWR_VOSR          REGISTER(0x4602080Cu)
#define PWR_VOSR_BOOSTRDY BIT(14)
#define PWR_VOSR_VOSRDY   BIT(15)
#define PWR_VOSR_RANGE_1  (3u << 16)
#define PWR_VOSR_BOOSTEN  BIT(18)

// Reset and clock control, RM0456 11.8.
#define RCC_CR                    REGISTER(0x46020C00u)
#define RCC_CR_MSISRDY            BIT(2)
#define RCC_CR_HSION              BIT(8)
#define RCC_CR_HSIRDY             BIT(10)
#define RCC_CR_PLL1ON             BIT(24)
#define RCC_CR_PLL1RDY            BIT(25)
#define RCC_ICSCR1                REGISTER(0x46020C08u)
#define RCC_ICSCR1_MSIRGSEL       BIT(23)
#define RCC_ICSCR1_MSISRANGE_MASK (15u << 28)
#define RCC_ICSCR1_MSISRANGE_24   (1u << 28)
#define RCC_CFGR1                 REGISTER(0x46020C1Cu)
#define RCC_CFGR1_SW_MASK         3u
#define RCC_CFGR1_SW_PLL1         3u
#define RCC_CFGR1_SWS_MASK        (3u << 2)
#define RCC_CFGR1_SWS_PLL1        (3u << 2)
#define RCC_PLL1CFGR              REGISTER(0x46020C28u)
#define RCC_PLL1CFGR_PLL1SRC_HSI  2u
#define RCC_PLL1CFGR_PLL1RGE_8_16 (3u << 2)
#define RCC_PLL1CFGR_M(m)         (((m) - 1u) << 8)
#define RCC_PLL1CFGR_PLL1MBOOST_1 (0u << 12)
#define RCC_PLL1CFGR_PLL1REN      BIT(18)
#define RCC_PLL1DIVR              REGISTER(0x46020C34u)
#define RCC_PLL1DIVR_N(n)         (((n) - 1u) << 0)
#define RCC_PLL1DIVR_P(p)         (((p) - 1u) << 9)
#define RCC_PLL1DIVR_Q(q)         (((q) - 1u) << 16)
#define RCC_PLL1DIVR_R(r)         (((r) - 1u) << 24)
#define RCC_AHB2ENR1              REGISTER(0x46020C8Cu)
#define RCC_AHB2ENR1_GPIOAEN      BIT(0)
#define RCC_AHB3ENR               REGISTER(0x46020C94u)
#define RCC_AHB3ENR_PWREN         BIT(2)
#define RCC_APB2ENR               REGISTER(0x46020CA4u)
#define RCC_APB2ENR_USART1EN      BIT(14)
#define RCC_CSR                   REGISTER(0x46020CF4u)
#define RCC_CSR_RMVF              BIT(23)
#define RCC_CSR_PINRSTF           BIT(26)
#define RCC_CSR_BORRSTF           BIT(27)
#define RCC_CSR_SFTRSTF           BIT(28)
#define RCC_CSR_IWDGRSTF          BIT(29)
#define RCC_CSR_LPWRRSTF          BIT(31)

// Embedded flash, RM0456 7.9.
#define FLASH_ACR                 REGISTER(0x40022000u)
#define FLASH_ACR_LATENCY(states) ((states) << 0)
#define FLASH_ACR_PRFTEN          BIT(8)

// Instruction cache, RM0456 8.7.
#define ICACHE_CR       REGISTER(0x40030400u)
#define ICACHE_CR_EN    BIT(0)
#define ICACHE_SR       REGISTER(0x40030404u)
#define ICACHE_SR_BUSYF BIT(0)

// General-purpose I/O.
#define GPIOA_BASE 0x42020000u

#endif
