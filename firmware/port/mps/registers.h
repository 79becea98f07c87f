/* SPDX-License-Identifier: Apache-2.0 */
// The registers of MPS2 (Cortex-M4, M7) and MPS3 with the SSE-300 (Cortex-M55) that this port uses, and no others.
// Names are those of the Cortex-M System Design Kit's Technical Reference Manual (DDI 0479), of the SSE-300's (101773)
// and of the Armv7-M Architecture Reference Manual (DDI 0403E).
#ifndef TINYDF_MPS_REGISTERS_H
#define TINYDF_MPS_REGISTERS_H

#include <stdint.h>

#include "port/cortex_m/core.h"

#if __ARM_ARCH >= 8
// MPS3, application note AN547, addresses of secure state, in which the core starts.
#define UART0_BASE     0x59303000u
#define UART0_RX_IRQ   33u
#define SYSTEM_COUNTER 1
// SSE-300, the system timestamp counter's control frame.
#define CNTCR    REGISTER(0x58100000u)
#define CNTCR_EN BIT(0)
#define CNTCV_LO REGISTER(0x58100008u)
#else
// MPS2, application notes AN386 and AN500.
#define UART0_BASE         0x40004000u
#define UART0_RX_IRQ       0u
#define SYSTEM_COUNTER     0
// APB timer 0, DDI 0479 4.3: counts down, and from RELOAD again.
#define TIMER0_CTRL        REGISTER(0x40000000u)
#define TIMER0_CTRL_ENABLE BIT(0)
#define TIMER0_VALUE       REGISTER(0x40000004u)
#define TIMER0_RELOAD      REGISTER(0x40000008u)
#endif

// APB UART, DDI 0479 4.5.
#define UART0_DATA         REGISTER(UART0_BASE + 0x0u)
#define UART0_STATE        REGISTER(UART0_BASE + 0x4u)
#define UART_STATE_TX_FULL BIT(0)
#define UART_STATE_RX_FULL BIT(1)
#define UART0_CTRL         REGISTER(UART0_BASE + 0x8u)
#define UART_CTRL_TX_EN    BIT(0)
#define UART_CTRL_RX_EN    BIT(1)
#define UART_CTRL_RX_INT   BIT(3)
#define UART0_INTCLEAR     REGISTER(UART0_BASE + 0xCu)
#define UART_INT_RX        BIT(1)
#define UART0_BAUDDIV      REGISTER(UART0_BASE + 0x10u)

// The core beside port/cortex_m/core.h: DDI 0403E B3.2 (system control), B3.3 (SysTick), B3.4 (NVIC).
#define SYST_CSR           REGISTER(0xE000E010u)
#define SYST_CSR_ENABLE    BIT(0)
#define SYST_CSR_TICKINT   BIT(1)
#define SYST_CSR_CLKSOURCE BIT(2)
#define SYST_RVR           REGISTER(0xE000E014u)
#define SYST_CVR           REGISTER(0xE000E018u)
#define NVIC_ISER(irq)     REGISTER(0xE000E100u + (irq) / 32u * 4u)
#define NVIC_ICER(irq)     REGISTER(0xE000E180u + (irq) / 32u * 4u)
#define NVIC_ICPR(irq)     REGISTER(0xE000E280u + (irq) / 32u * 4u)
#define NVIC_BIT(irq)      BIT((irq) % 32u)
#define SCB_ICSR           REGISTER(0xE000ED04u)
#define SCB_ICSR_PENDSTCLR BIT(25)
#define SCB_AIRCR          REGISTER(0xE000ED0Cu)
#define SCB_AIRCR_RESET    0x05FA0004u // the key, and SYSRESETREQ

#endif
