/* SPDX-License-Identifier: Apache-2.0 */
// Does, by letter, what an STM32H743 does not forgive.
#include "chip.h"

#define RCC_CR        REGISTER(0x58024400u)
#define RCC_CFGR      REGISTER(0x58024410u)
#define RCC_D1CFGR    REGISTER(0x58024418u)
#define RCC_PLLCKSELR REGISTER(0x58024428u)
#define RCC_PLL1DIVR  REGISTER(0x58024430u)
#define RCC_RSR       REGISTER(0x580244D0u)
#define IWDG_KR       REGISTER(0x58004800u)
#define IWDG_PR       REGISTER(0x58004804u)
#define IWDG_RLR      REGISTER(0x58004808u)
#define NVIC_ISER0    REGISTER(0xE000E100u)
#define SYST_CSR      REGISTER(0xE000E010u)
#define MPU_CTRL      REGISTER(0xE000ED94u)
#define MPU_RBAR      REGISTER(0xE000ED9Cu)
#define MPU_RASR      REGISTER(0xE000EDA0u)
#define GUARDED       0x20001000u

static uint32_t received;

__attribute__((noinline)) static void busy(uint32_t rounds) {
    for (; rounds != 0; rounds--)
        __asm volatile("nop");
}

// 64 MHz HSI / 4 * 30 / 1 = 480 MHz, although voltage and wait states are those of reset.
static void too_fast(void) {
    RCC_PLLCKSELR = 4u << 4;
    RCC_PLL1DIVR = 29u | 0u << 9;
    RCC_CR |= 1u << 24;
    while ((RCC_CR & 1u << 25) == 0)
        ;
    RCC_CFGR = 3;
}

static void break_guard(void) {
    MPU_RBAR = GUARDED | 1u << 4;
    MPU_RASR = 7u << 1 | 1u; // 256 bytes, no access
    MPU_CTRL = 1;
    REGISTER(GUARDED + 0x80u) ^= 1u;
    busy(1000000);
}

// 1 ms: 8 periods of LSI / 4.
static void starve_watchdog(void) {
    IWDG_KR = 0xCCCCu;
    IWDG_KR = 0x5555u;
    IWDG_PR = 0;
    IWDG_RLR = 7;
    IWDG_KR = 0xAAAAu;
    for (;;)
        ;
}

// Looks away for a while, then sends how many bytes the FIFO kept, and the status.
static void look_away(void) {
    busy(1000000);
    uint32_t status = UART_STATUS;
    uint32_t kept = 0;
    for (; kept < 16 && (UART_STATUS & 1u << 5) != 0; kept++)
        (void)UART_RECEIVE;
    serial_put_word(kept);
    serial_put_word(status);
}

_Noreturn void reset_handler(void) {
    serial_start();
    serial_put((uint8_t)(RCC_RSR >> 24));
    for (received = 0;; received++) {
        switch (serial_get()) {
        case 'p':
            (void)REGISTER(0x40000000u); // TIM2
            break;
        case 'g':
            REGISTER(0x58020C00u) = 0; // GPIOD
            break;
        case 'f':
            REGISTER(0x08010000u) = 0;
            break;
        case 'r':
            (void)REGISTER(0x90000000u);
            break;
        case 'j':
            ((void (*)(void))0x90000001u)();
            break;
        case 't':
            ((void (*)(void))0x08000100u)();
            break;
        case 'u':
            __asm volatile("udf #1");
            break;
        case 'b':
            __asm volatile("bkpt #1");
            break;
        case 'i':
            NVIC_ISER0 = 1;
            break;
        case 's':
            SYST_CSR = 3;
            break;
        case 'm':
            break_guard();
            break;
        case 'c':
            too_fast();
            break;
        case 'w':
            starve_watchdog();
            break;
        case 'o':
            look_away();
            break;
        }
    }
}
