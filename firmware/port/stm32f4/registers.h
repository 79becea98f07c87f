/* SPDX-License-Identifier: Apache-2.0 */
// The registers that the STM32F446 and the STM32F76x/77x have at the same places, of those that their ports use. Names
// are those of the reference manual RM0390 (rev 6); RM0410 has PWR_CR as PWR_CR1 and PWR_CSR as PWR_CSR1.
#ifndef TINYDF_STM32F4_REGISTERS_H
#define TINYDF_STM32F4_REGISTERS_H

#include <stdint.h>

#include "port/cortex_m/core.h"

// Power control, RM0390 5.4.
#define PWR_CR          REGISTER(0x40007000u)
#define PWR_CR_VOS      (3u << 14) // scale 1
#define PWR_CR_ODEN     BIT(16)
#define PWR_CR_ODSWEN   BIT(17)
#define PWR_CSR         REGISTER(0x40007004u)
#define PWR_CSR_VOSRDY  BIT(14)
#define PWR_CSR_ODRDY   BIT(16)
#define PWR_CSR_ODSWRDY BIT(17)

// Reset and clock control, RM0390 6.3.
#define RCC_CR                 REGISTER(0x40023800u)
#define RCC_CR_HSEON           BIT(16)
#define RCC_CR_HSERDY          BIT(17)
#define RCC_CR_HSEBYP          BIT(18)
#define RCC_CR_PLLON           BIT(24)
#define RCC_CR_PLLRDY          BIT(25)
#define RCC_PLLCFGR            REGISTER(0x40023804u)
#define RCC_PLLCFGR_M(m)       ((m) << 0)
#define RCC_PLLCFGR_N(n)       ((n) << 6)
#define RCC_PLLCFGR_P(p)       (((p) / 2u - 1u) << 16)
#define RCC_PLLCFGR_PLLSRC_HSE BIT(22)
#define RCC_PLLCFGR_Q(q)       ((q) << 24)
#define RCC_PLLCFGR_R(r)       ((r) << 28)
#define RCC_CFGR               REGISTER(0x40023808u)
#define RCC_CFGR_SW_PLL        (2u << 0)
#define RCC_CFGR_SWS_MASK      (3u << 2)
#define RCC_CFGR_SWS_PLL       (2u << 2)
#define RCC_CFGR_PPRE1_4       (5u << 10)
#define RCC_CFGR_PPRE2_2       (4u << 13)
#define RCC_AHB1ENR            REGISTER(0x40023830u)
#define RCC_AHB1ENR_GPIOAEN    BIT(0)
#define RCC_AHB1ENR_GPIODEN    BIT(3)
#define RCC_APB1ENR            REGISTER(0x40023840u)
#define RCC_APB1ENR_USART2EN   BIT(17)
#define RCC_APB1ENR_USART3EN   BIT(18)
#define RCC_APB1ENR_PWREN      BIT(28)
#define RCC_CSR                REGISTER(0x40023874u)
#define RCC_CSR_RMVF           BIT(24)
#define RCC_CSR_BORRSTF        BIT(25)
#define RCC_CSR_PINRSTF        BIT(26)
#define RCC_CSR_PORRSTF        BIT(27)
#define RCC_CSR_SFTRSTF        BIT(28)
#define RCC_CSR_IWDGRSTF       BIT(29)
#define RCC_CSR_LPWRRSTF       BIT(31)

// Embedded flash, RM0390 3.8.
#define FLASH_ACR                 REGISTER(0x40023C00u)
#define FLASH_ACR_LATENCY(states) ((states) << 0)
#define FLASH_ACR_PRFTEN          BIT(8)
#define FLASH_ACR_ICEN            BIT(9)  // of the STM32F446
#define FLASH_ACR_DCEN            BIT(10) // ... as well

// General-purpose I/O.
#define GPIOA_BASE 0x40020000u
#define GPIOD_BASE 0x40020C00u

#endif
