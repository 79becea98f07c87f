/* SPDX-License-Identifier: Apache-2.0 */
// The registers of the ESP32-C3 that this port uses, and no others. Names are those of its Technical Reference Manual
// (version 1.1), whose chapters are given.
#ifndef TINYDF_ESP32C3_REGISTERS_H
#define TINYDF_ESP32C3_REGISTERS_H

#include <stdint.h>

#include "port/bare_metal/registers.h"

// UART 0, chapter 26.
#define UART_FIFO               REGISTER(0x60000000u)
#define UART_INT_CLR            REGISTER(0x60000010u)
#define UART_INT_ERRORS         (BIT(2) | BIT(3) | BIT(4)) // parity, frame, FIFO overflow
#define UART_CLKDIV             REGISTER(0x60000014u)
#define UART_CLKDIV_FRAG(n)     ((n) << 20)
#define UART_STATUS             REGISTER(0x6000001Cu)
#define UART_RXFIFO_CNT(status) ((status) & 0x3FFu)
#define UART_TXFIFO_CNT(status) (((status) >> 16) & 0x3FFu)
#define UART_CONF0              REGISTER(0x60000020u)
#define UART_BIT_NUM_8          (3u << 2)
#define UART_STOP_BIT_NUM_1     (1u << 4)
#define UART_RXFIFO_RST         BIT(17)
#define UART_TXFIFO_RST         BIT(18)
#define UART_MEM_CLK_EN         BIT(28)
#define UART_CLK_CONF           REGISTER(0x60000078u)
#define UART_SCLK_SEL_XTAL      (3u << 20)
#define UART_SCLK_EN            BIT(22)
#define UART_TX_SCLK_EN         BIT(24)
#define UART_RX_SCLK_EN         BIT(25)
#define UART_ID                 REGISTER(0x60000080u)
#define UART_REG_UPDATE         BIT(31)

// RTC control, chapters 6 (cause of a reset) and 12 (watchdogs).
#define RTC_CNTL_RESET_STATE        REGISTER(0x60008038u)
#define RTC_CNTL_RESET_CAUSE(state) ((state) & 0x3Fu)
#define RTC_CNTL_WDTCONFIG0         REGISTER(0x60008090u)
#define RTC_CNTL_WDTWPROTECT        REGISTER(0x600080A8u)
#define RTC_CNTL_SWD_CONF           REGISTER(0x600080ACu)
#define RTC_CNTL_SWD_AUTO_FEED_EN   BIT(31)
#define RTC_CNTL_SWD_WPROTECT       REGISTER(0x600080B0u)
#define RTC_CNTL_SWD_KEY            0x8F1D312Au

// eFuses, chapter 4: the MAC address, and the settings of the flash's pins after it.
#define EFUSE_RD_MAC_SPI_SYS ((const volatile uint32_t *)0x60008844u)

// Timer group 0: its watchdog, chapter 12.
#define TIMG0_WDTCONFIG0            REGISTER(0x6001F048u)
#define TIMG_WDT_EN                 BIT(31)
#define TIMG_WDT_STG0_RESET_SYSTEM  (3u << 29)
#define TIMG_WDT_CONF_UPDATE_EN     BIT(22)
#define TIMG_WDT_USE_XTAL           BIT(21)
#define TIMG_WDT_CPU_RESET_LENGTH_7 (7u << 18)
#define TIMG_WDT_SYS_RESET_LENGTH_7 (7u << 15)
#define TIMG0_WDTCONFIG1            REGISTER(0x6001F04Cu)
#define TIMG_WDT_CLK_PRESCALE(n)    ((n) << 16)
#define TIMG0_WDTCONFIG2            REGISTER(0x6001F050u)
#define TIMG0_WDTFEED               REGISTER(0x6001F060u)
#define TIMG0_WDTWPROTECT           REGISTER(0x6001F064u)
#define WATCHDOG_KEY                0x50D83AA1u // of this one and of the RTC's

// System timer, chapter 10.
#define SYSTIMER_UNIT0_OP       REGISTER(0x60023004u)
#define SYSTIMER_UPDATE         BIT(30)
#define SYSTIMER_VALUE_VALID    BIT(29)
#define SYSTIMER_UNIT0_VALUE_LO REGISTER(0x60023044u)

// System registers, chapters 6 and 16.
#define SYSTEM_CPU_PER_CONF        REGISTER(0x600C0008u)
#define SYSTEM_CPU_WAIT_MODE_FORCE BIT(3)
#define SYSTEM_PLL_FREQ_SEL_480    BIT(2)
#define SYSTEM_CPUPERIOD_SEL_160   (1u << 0)
#define SYSTEM_SYSCLK_CONF         REGISTER(0x600C0058u)
#define SYSTEM_SOC_CLK_SEL_XTAL    (0u << 10) // divided by 1, with the field beside it 0
#define SYSTEM_SOC_CLK_SEL_PLL     (1u << 10)

// Registers of the core (CSRs), chapter 1: the performance counter's by number, which assemblers do not know.
#define CSR_MPCER       0x7E0
#define CSR_MPCMR       0x7E1
#define CSR_MPCCR       0x7E2
#define MPCER_CYCLE     BIT(0)
#define MPCMR_COUNT_EN  BIT(0)
#define CSR_TEXT(csr)   CSR_QUOTED(csr)
#define CSR_QUOTED(csr) #csr

#define CSR_WRITE(csr, value) __asm volatile("csrw " CSR_TEXT(csr) ", %0" ::"r"(value) : "memory")
#define CSR_READ(csr, target) __asm volatile("csrr %0, " CSR_TEXT(csr) : "=r"(target)::"memory")

// 1.4: cycles of the core since the counter was started, modulo 2^32.
static inline uint32_t counter_read(void) {
    uint32_t now;
    CSR_READ(CSR_MPCCR, now);
    return now;
}

#endif
