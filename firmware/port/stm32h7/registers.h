// The registers of the STM32H742/743/753 that this port uses, and no others. Names are those of the reference manual
// RM0433 (rev 8) for the chip, and of the Armv7-M Architecture Reference Manual (DDI 0403E) for the core.
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
#define PWR_CR3_SCUEN      BIT(2)
#define PWR_D3CR           REGISTER(0x58024818u)
#define PWR_D3CR_VOS1      (3u << 14)
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
#define RCC_D1CFGR_HPRE_2        (8u << 0)
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

// System configuration, RM0433 12.3.
#define SYSCFG_PWRCR      REGISTER(0x5800042Cu)
#define SYSCFG_PWRCR_ODEN BIT(0)

// Embedded flash, RM0433 4.9.
#define FLASH_ACR                 REGISTER(0x52002000u)
#define FLASH_ACR_LATENCY(states) ((states) << 0)
#define FLASH_ACR_WRHIGHFREQ(n)   ((n) << 4)

// General-purpose I/O, port D, RM0433 11.4.
#define GPIOD_MODER   REGISTER(0x58020C00u)
#define GPIOD_OSPEEDR REGISTER(0x58020C08u)
#define GPIOD_PUPDR   REGISTER(0x58020C0Cu)
#define GPIOD_AFRH    REGISTER(0x58020C24u)

// USART3, RM0433 48.7.
#define USART3_CR1       REGISTER(0x40004800u)
#define USART_CR1_UE     BIT(0)
#define USART_CR1_RE     BIT(2)
#define USART_CR1_TE     BIT(3)
#define USART_CR1_FIFOEN BIT(29)
#define USART3_BRR       REGISTER(0x4000480Cu)
#define USART3_ISR       REGISTER(0x4000481Cu)
#define USART_ISR_PE     BIT(0)
#define USART_ISR_FE     BIT(1)
#define USART_ISR_NE     BIT(2)
#define USART_ISR_ORE    BIT(3)
#define USART_ISR_RXFNE  BIT(5)
#define USART_ISR_TXFNF  BIT(7)
#define USART_ISR_TEACK  BIT(21)
#define USART_ISR_REACK  BIT(22)
#define USART3_ICR       REGISTER(0x40004820u) // its flags are at the places of ISR's
#define USART3_RDR       REGISTER(0x40004824u)
#define USART3_TDR       REGISTER(0x40004828u)

// Independent watchdog 1, RM0433 47.4.
#define IWDG1_KR         REGISTER(0x58004800u)
#define IWDG1_KR_REFRESH 0xAAAAu
#define IWDG1_KR_UNLOCK  0x5555u
#define IWDG1_KR_START   0xCCCCu
#define IWDG1_PR         REGISTER(0x58004804u)
#define IWDG1_PR_64      4u
#define IWDG1_RLR        REGISTER(0x58004808u)
#define IWDG1_SR         REGISTER(0x5800480Cu)

// Identity: RM0433 61.1 (unique id) and 60.5.8 (revision).
#define UNIQUE_ID                  ((const volatile uint32_t *)0x1FF1E800u)
#define DBGMCU_IDC                 REGISTER(0x5C001000u)
#define DBGMCU_IDC_REVISION(value) ((value) >> 16)
#define DBGMCU_IDC_REVISION_Y      0x1003u

// AXI interconnect, RM0433 2.2.4: how the AXI SRAM (target 7) is read.
#define AXI_TARG7_FN_MOD                   REGISTER(0x51008108u)
#define AXI_TARG7_FN_MOD_READ_ISS_OVERRIDE BIT(0)

// The core beside port/cortex_m/core.h: DDI 0403E B3.2 (caches), B3.5 (MPU), C1.8 (DWT).
#define SCB_CCR_DC         BIT(16)
#define SCB_CCR_IC         BIT(17)
#define SCB_CSSELR         REGISTER(0xE000ED84u)
#define SCB_ICIALLU        REGISTER(0xE000EF50u)
#define SCB_DCISW          REGISTER(0xE000EF60u)
#define MPU_CTRL           REGISTER(0xE000ED94u)
#define MPU_CTRL_ENABLE    BIT(0)
#define MPU_RBAR           REGISTER(0xE000ED9Cu)
#define MPU_RBAR_VALID     BIT(4)
#define MPU_RASR           REGISTER(0xE000EDA0u)
#define DEMCR              REGISTER(0xE000EDFCu)
#define DEMCR_TRCENA       BIT(24)
#define DWT_CTRL           REGISTER(0xE0001000u)
#define DWT_CTRL_CYCCNTENA BIT(0)
#define DWT_CYCCNT         REGISTER(0xE0001004u)
#define DWT_LAR            REGISTER(0xE0001FB0u) // Cortex-M7: CoreSight software lock
#define DWT_LAR_KEY        0xC5ACCE55u

#endif
