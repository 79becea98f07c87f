/* SPDX-License-Identifier: Apache-2.0 */
// The registers that the STM32H742/743/753 and the STM32H7A3/7B3 have at the same places, of those that their ports
// use. Names are those of the reference manual RM0433 (rev 8); RM0455 has D3CR as SRDCR, D1CFGR as CDCFGR1, D2CFGR as
// CDCFGR2, D3CFGR as SRDCFGR.
#ifndef TINYDF_STM32H7_REGISTERS_H
#define TINYDF_STM32H7_REGISTERS_H

#include <stdint.h>

#include "port/cortex_m/core.h"

// Power control, RM0433 6.8.
#define PWR_CSR1           REGISTER(0x58024804u)
#define PWR_CSR1_ACTVOSRDY BIT(13)
#define PWR_CR3            REGISTER(0x5802480Cu)
#define PWR_CR3_BYPASS     BIT(0)
#define PWR_CR3_LDOEN      BIT(1)
#define PWR_CR3_SCUEN      BIT(2) // of the STM32H743: the supply can still be chosen
#define PWR_CR3_SMPSEN     BIT(2) // of the STM32H7A3
#define PWR_D3CR           REGISTER(0x58024818u)
#define PWR_D3CR_VOS       (3u << 14)
#define PWR_D3CR_VOSRDY    BIT(13)

// Reset and clock control, RM0433 8.7.
#define RCC_CR                   REGISTER(0x58024400u)
#define RCC_CR_HSEON             BIT(16)
#define RCC_CR_HSERDY            BIT(17)
#define RCC_CR_HSEBYP            BIT(18)
#define RCC_CR_PLL1ON            BIT(24)
#define RCC_CR_PLL1RDY           BIT(25)
#define RCC_CFGR                 REGISTER(0x58024410u)
#define RCC_CFGR_SW_MASK         7u
#define RCC_CFGR_SW_PLL1         3u
#define RCC_CFGR_SWS_MASK        (7u << 3)
#define RCC_CFGR_SWS_PLL1        (3u << 3)
#define RCC_D1CFGR               REGISTER(0x58024418u)
#define RCC_D1CFGR_HPRE(n)       ((n) << 0)
#define RCC_D1CFGR_D1PPRE_2      (4u << 4)
#define RCC_D2CFGR               REGISTER(0x5802441Cu)
#define RCC_D2CFGR_D2PPRE1_2     (4u << 4)
#define RCC_D2CFGR_D2PPRE2_2     (4u << 8)
#define RCC_D3CFGR               REGISTER(0x58024420u)
#define RCC_D3CFGR_D3PPRE_2      (4u << 4)
#define RCC_PLLCKSELR            REGISTER(0x58024428u)
#define RCC_PLLCKSELR_PLLSRC_HSE 2u
#define RCC_PLLCKSELR_DIVM1(m)   ((m) << 4)
#define RCC_PLLCFGR              REGISTER(0x5802442Cu)
#define RCC_PLLCFGR_PLL1RGE_8_16 (3u << 2)
#define RCC_PLLCFGR_DIVP1EN      BIT(16)
#define RCC_PLL1DIVR             REGISTER(0x58024430u)
#define RCC_PLL1DIVR_N(n)        (((n) - 1u) << 0)
#define RCC_PLL1DIVR_P(p)        (((p) - 1u) << 9)
#define RCC_PLL1DIVR_Q(q)        (((q) - 1u) << 16)
#define RCC_PLL1DIVR_R(r)        (((r) - 1u) << 24)
#define RCC_RSR                  REGISTER(0x580244D0u)
#define RCC_RSR_RMVF             BIT(16)
#define RCC_RSR_BORRSTF          BIT(21)
#define RCC_RSR_PINRSTF          BIT(22)
#define RCC_RSR_PORRSTF          BIT(23)
#define RCC_RSR_SFTRSTF          BIT(24)
#define RCC_RSR_IWDG1RSTF        BIT(26)
#define RCC_RSR_LPWRRSTF         BIT(30)
#define RCC_AHB4ENR              REGISTER(0x580244E0u)
#define RCC_AHB4ENR_GPIODEN      BIT(3)
#define RCC_APB1LENR             REGISTER(0x580244E8u)
#define RCC_APB1LENR_USART3EN    BIT(18)
#define RCC_APB4ENR              REGISTER(0x580244F4u)
#define RCC_APB4ENR_SYSCFGEN     BIT(1)

// Embedded flash, RM0433 4.9.
#define FLASH_ACR                 REGISTER(0x52002000u)
#define FLASH_ACR_LATENCY(states) ((states) << 0)
#define FLASH_ACR_WRHIGHFREQ(n)   ((n) << 4)

// General-purpose I/O.
#define GPIOD_BASE 0x58020C00u

#endif
