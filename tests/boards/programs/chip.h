// What the test programs share: just enough of an STM32H743 to talk, and nothing of the firmware.
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define RCC_AHB4ENR       REGISTER(0x580244E0u)
#define RCC_APB1LENR      REGISTER(0x580244E8u)
#define USART3_CR1        REGISTER(0x40004800u)
#define USART3_BRR        REGISTER(0x4000480Cu)
#define USART3_ISR        REGISTER(0x4000481Cu)
#define USART3_ICR        REGISTER(0x40004820u)
#define USART3_RDR        REGISTER(0x40004824u)
#define USART3_TDR        REGISTER(0x40004828u)
#define DWT_CTRL          REGISTER(0xE0001000u)
#define DWT_CYCCNT        REGISTER(0xE0001004u)
#define DWT_LAR           REGISTER(0xE0001FB0u)
#define SCB_AIRCR         REGISTER(0xE000ED0Cu)
#define DEMCR             REGISTER(0xE000EDFCu)

static inline void serial_start(void) {
    RCC_APB1LENR |= 1u << 18;
    USART3_BRR = 69; // 64 MHz / 921600
    USART3_CR1 = 1u << 29 | 1u << 3 | 1u << 2 | 1u;
}

static inline uint8_t serial_get(void) {
    while ((USART3_ISR & 1u << 5) == 0)
        ;
    return (uint8_t)USART3_RDR;
}

static inline void serial_put(uint8_t byte) {
    while ((USART3_ISR & 1u << 7) == 0)
        ;
    USART3_TDR = byte;
}

static inline void serial_put_word(uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8)
        serial_put((uint8_t)(word >> shift));
}

static inline void counter_start(void) {
    DEMCR |= 1u << 24;
    DWT_LAR = 0xC5ACCE55u;
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1;
}

_Noreturn void reset_handler(void);

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[2] = {
    0x20020000u,
    (uintptr_t)reset_handler,
};
