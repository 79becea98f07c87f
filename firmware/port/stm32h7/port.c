// Serial line, counter, watchdog, identity.
#include "port/port.h"

#include <string.h>

#include "chip.h"
#include "port/bare_metal/memory.h"
#include "registers.h"

#define READ_POLLS  20000u  // about half a millisecond
#define WRITE_POLLS 240000u // at least 5 ms for one byte, which takes 11 us

// What an emulator answers as unique id: its counter counts instructions.
#define EMULATOR_ID "TINYDF-EMUL."

static port_description description = {.board = TINYDF_BOARD_NAME};

static wire_reset_cause read_reset_cause(void) {
    // RM0433 8.7.39 and table 60: a later flag of this list is also set by the causes before it.
    static const struct {
        uint32_t flag;
        wire_reset_cause cause;
    } causes[] = {
        {RCC_RSR_LPWRRSTF, WIRE_RESET_LOW_POWER}, {RCC_RSR_IWDG1RSTF, WIRE_RESET_WATCHDOG},
        {RCC_RSR_SFTRSTF, WIRE_RESET_SOFTWARE},   {RCC_RSR_PORRSTF, WIRE_RESET_POWER},
        {RCC_RSR_BORRSTF, WIRE_RESET_BROWN_OUT},  {RCC_RSR_PINRSTF, WIRE_RESET_PIN},
    };
    const uint32_t flags = RCC_RSR;
    RCC_RSR |= RCC_RSR_RMVF; // so that the next reset tells of itself alone
    for (uint32_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if ((flags & causes[i].flag) != 0) {
            return causes[i].cause;
        }
    }
    return WIRE_RESET_UNKNOWN;
}

static void read_identity(void) {
    uint32_t words[PORT_UNIQUE_ID_BYTES / 4];
    for (uint32_t i = 0; i < PORT_UNIQUE_ID_BYTES / 4; i++) {
        words[i] = UNIQUE_ID[i];
    }
    memcpy(description.unique_id, words, sizeof words);
    const bool emulated = memcmp(words, EMULATOR_ID, sizeof words) == 0;
    description.counter_unit = emulated ? WIRE_COUNTER_EMULATED_INSTRUCTIONS : WIRE_COUNTER_CYCLES;
}

// PD8 and PD9 are USART3's TX and RX (DS12110 table 12, AF7), wired to the ST-LINK (UM2407 6.9).
static void connect_pins(void) {
    RCC_AHB4ENR |= RCC_AHB4ENR_GPIODEN;
    (void)RCC_AHB4ENR;
    // RM0433 11.3.12: alternate function 7; medium speed; a pull-up on RX, so that an open line is idle.
    GPIOD_AFRH = (GPIOD_AFRH & ~0xFFu) | 0x77u;
    GPIOD_OSPEEDR = (GPIOD_OSPEEDR & ~(0xFu << 16)) | (0x5u << 16);
    GPIOD_PUPDR = (GPIOD_PUPDR & ~(0xFu << 16)) | (0x4u << 16);
    GPIOD_MODER = (GPIOD_MODER & ~(0xFu << 16)) | (0xAu << 16);
}

// RM0433 48.5.4, 48.5.5: 8 bits, no parity, one stop bit, FIFOs on, sixteen samples a bit, clocked by APB1.
static wire_boot start_uart(void) {
    connect_pins();
    RCC_APB1LENR |= RCC_APB1LENR_USART3EN;
    (void)RCC_APB1LENR;
    USART3_CR1 = 0;
    USART3_BRR = (clock_apb1_hz() + TINYDF_UART_BAUD / 2u) / TINYDF_UART_BAUD;
    USART3_CR1 = USART_CR1_FIFOEN | USART_CR1_TE | USART_CR1_RE;
    USART3_CR1 |= USART_CR1_UE;
    const uint32_t ready = USART_ISR_TEACK | USART_ISR_REACK;
    return wait_until(&USART3_ISR, ready, ready) ? WIRE_BOOT_OK : WIRE_BOOT_UART;
}

// DDI 0403E C1.8.8; the lock is the Cortex-M7's (DDI 0489F 10.2).
static void start_counter(void) {
    DEMCR |= DEMCR_TRCENA;
    DWT_LAR = DWT_LAR_KEY;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

// RM0433 47.3.3: 4096 x 64 periods of the 32 kHz LSI are 8.2 s. An inference may take no longer, so the cycle counter,
// which wraps at 8.9 s, cannot deceive.
static wire_boot start_watchdog(void) {
    IWDG1_KR = IWDG1_KR_START;
    IWDG1_KR = IWDG1_KR_UNLOCK;
    IWDG1_PR = IWDG1_PR_64;
    IWDG1_RLR = 0xFFFu;
    const bool taken = wait_until(&IWDG1_SR, 3u, 0);
    IWDG1_KR = IWDG1_KR_REFRESH;
    return taken ? WIRE_BOOT_OK : WIRE_BOOT_WATCHDOG;
}

const port_description *port_init(void) {
    description.reset_cause = read_reset_cause();
    read_identity();
    const wire_boot clock = clock_start();
    const wire_boot uart = start_uart(); // also if the clock failed: the host is to hear of it
    start_counter();
    const wire_boot watchdog = start_watchdog();
    description.boot = clock != WIRE_BOOT_OK ? clock : uart != WIRE_BOOT_OK ? uart : watchdog;
    description.clock_hz = clock_core_hz();
    description.stack_bytes = (uint32_t)(stack_top - stack_bottom) * (uint32_t)sizeof *stack_top;
    return &description;
}

size_t port_read(uint8_t *bytes, size_t capacity) {
    size_t count = 0;
    for (uint32_t polls = 0; polls < READ_POLLS && count < capacity; polls++) {
        const uint32_t status = USART3_ISR;
        // RM0433 48.5.6: errors stay until cleared. Bytes lost or garbled are found by the frame's CRC.
        USART3_ICR = status & (USART_ISR_PE | USART_ISR_FE | USART_ISR_NE | USART_ISR_ORE);
        if ((status & USART_ISR_RXFNE) != 0) {
            bytes[count++] = (uint8_t)USART3_RDR;
        } else if (count > 0) {
            break;
        }
    }
    return count;
}

static bool write_byte(uint8_t byte) {
    for (uint32_t polls = 0; polls < WRITE_POLLS; polls++) {
        if ((USART3_ISR & USART_ISR_TXFNF) != 0) {
            USART3_TDR = byte;
            return true;
        }
    }
    return false;
}

bool port_write(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!write_byte(bytes[i])) {
            return false;
        }
    }
    return true;
}

uint32_t port_ticks(void) {
    return DWT_CYCCNT;
}

void port_alive(void) {
    IWDG1_KR = IWDG1_KR_REFRESH;
}

_Noreturn void chip_restart(void) {
    IWDG1_KR = IWDG1_KR_START; // if the fault came before the watchdog was started
    for (;;) {                 // the watchdog resets the chip
    }
}
