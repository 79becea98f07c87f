/* SPDX-License-Identifier: Apache-2.0 */
// Serial line, instruction counter, identity. These boards exist here only in QEMU: there is no watchdog, and the
// counter counts instructions.
#include "port/port.h"

#include <string.h>

#include "port/bare_metal/identity.h"
#include "port/bare_metal/line.h"
#include "port/bare_metal/memory.h"
#include "registers.h"

#define WAIT_TICKS (TINYDF_CLOCK_HZ / 1000u) // of SysTick: a millisecond

// QEMU, told -icount shift=6, lets 64 ns pass with each instruction.
#define NANOSECONDS_PER_INSTRUCTION 64u

// RAM that no reset changes: tells the first start from later ones.
#define STARTED_BEFORE 0x5EED1E55u
static __attribute__((section(".kept"))) uint32_t started;

static port_description description = {.board = TINYDF_BOARD_NAME};

void chip_before_memory(void) {}

void chip_after_memory(void) {}

// Restarts the whole system; the RAM keeps its contents.
_Noreturn void chip_restart(void) {
    barrier();
    SCB_AIRCR = SCB_AIRCR_RESET;
    for (;;) {
    }
}

static void read_reset_cause(void) {
    description.reset_cause = started == STARTED_BEFORE ? WIRE_RESET_SOFTWARE : WIRE_RESET_POWER;
    started = STARTED_BEFORE;
}

static void start_uart(void) {
    UART0_BAUDDIV = TINYDF_CLOCK_HZ / TINYDF_UART_BAUD;
    UART0_CTRL = UART_CTRL_TX_EN | UART_CTRL_RX_EN | UART_CTRL_RX_INT;
}

// Ticks of the core's clock since start, modulo 2^32.
#if SYSTEM_COUNTER
static void start_counter(void) {
    CNTCR = CNTCR_EN;
}

static uint32_t clock_ticks(void) {
    return CNTCV_LO;
}
#else
static void start_counter(void) {
    TIMER0_RELOAD = UINT32_MAX;
    TIMER0_VALUE = UINT32_MAX;
    TIMER0_CTRL = TIMER0_CTRL_ENABLE;
}

static uint32_t clock_ticks(void) {
    return UINT32_MAX - TIMER0_VALUE;
}
#endif

const port_description *port_init(void) {
    read_reset_cause();
    start_counter();
    start_uart();
    memcpy(description.unique_id, EMULATOR_ID, sizeof description.unique_id);
    description.counter_unit = WIRE_COUNTER_EMULATED_INSTRUCTIONS;
    description.clock_hz = TINYDF_CLOCK_HZ;
    description.stack_bytes = memory_stack_bytes();
    return &description;
}

// Sleeps until a byte comes, or a millisecond has passed. Pending interrupts wake the core also where none is taken.
static void wait_for_byte(void) {
    __asm volatile("cpsid i" ::: "memory");
    NVIC_ISER(UART0_RX_IRQ) = NVIC_BIT(UART0_RX_IRQ);
    SYST_RVR = WAIT_TICKS;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
    __asm volatile("wfi" ::: "memory");
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    UART0_INTCLEAR = UART_INT_RX;
    NVIC_ICER(UART0_RX_IRQ) = NVIC_BIT(UART0_RX_IRQ);
    NVIC_ICPR(UART0_RX_IRQ) = NVIC_BIT(UART0_RX_IRQ);
    barrier();
    __asm volatile("cpsie i" ::: "memory");
}

static bool uart_take(uint8_t *byte) {
    if ((UART0_STATE & UART_STATE_RX_FULL) == 0) {
        return false;
    }
    *byte = (uint8_t)UART0_DATA;
    return true;
}

static bool uart_give(uint8_t byte) {
    if ((UART0_STATE & UART_STATE_TX_FULL) != 0) {
        return false;
    }
    UART0_DATA = byte;
    return true;
}

static const line uart = {
    .take = uart_take,
    .give = uart_give,
    .idle = wait_for_byte,
    .read_polls = 1000u,
    .write_polls = 240000u,
};

size_t port_read(uint8_t *bytes, size_t capacity) {
    return line_read(&uart, bytes, capacity);
}

bool port_write(const uint8_t *bytes, size_t count) {
    return line_write(&uart, bytes, count);
}

// The clock's ticks, carried on past 2^32: an inference may take no longer than that.
uint32_t port_ticks(void) {
    static uint32_t before;
    static uint64_t total;
    const uint32_t now = clock_ticks();
    total += now - before;
    before = now;
    return (uint32_t)(total * (1000000000u / NANOSECONDS_PER_INSTRUCTION) / TINYDF_CLOCK_HZ);
}

void port_alive(void) {}
