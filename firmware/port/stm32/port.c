/* SPDX-License-Identifier: Apache-2.0 */
// Serial line, counter, watchdog, identity.
#include "port/port.h"

#include <family.h>

#include "port/bare_metal/identity.h"
#include "port/bare_metal/line.h"
#include "port/bare_metal/memory.h"
#include "port/cortex_m/counter.h"
#include "port/stm32/chip.h"

// Independent watchdog, alike in all families (RM0433 47.4).
#define IWDG_KR         REGISTER(IWDG_BASE + 0x00u)
#define IWDG_KR_REFRESH 0xAAAAu
#define IWDG_KR_UNLOCK  0x5555u
#define IWDG_KR_START   0xCCCCu
#define IWDG_PR         REGISTER(IWDG_BASE + 0x04u)
#define IWDG_PR_64      4u
#define IWDG_RLR        REGISTER(IWDG_BASE + 0x08u)
#define IWDG_SR         REGISTER(IWDG_BASE + 0x0Cu)
#define IWDG_SR_PVU     BIT(0)
#define IWDG_SR_RVU     BIT(1)

static port_description description = {.board = TINYDF_BOARD_NAME};

static const line uart = {
    .take = uart_take,
    .give = uart_give,
    .read_polls = TINYDF_CLOCK_HZ / 24000u, // about half a millisecond to two
    .write_polls = TINYDF_CLOCK_HZ / 2000u, // at least 5 ms for one byte, which takes 11 us
};

wire_reset_cause reset_cause(volatile uint32_t *flags, uint32_t remove, const reset_flag *table, uint32_t count) {
    const uint32_t set = *flags;
    *flags |= remove;
    for (uint32_t i = 0; i < count; i++) {
        if ((set & table[i].flag) != 0) {
            return table[i].cause;
        }
    }
    return WIRE_RESET_UNKNOWN;
}

// RM0433 47.3.3: 4096 x 64 periods of the 32 kHz LSI are 8.2 s. An inference may take no longer, so the cycle counter,
// which wraps after 8.9 s or more, cannot deceive.
static wire_boot start_watchdog(void) {
    IWDG_KR = IWDG_KR_START;
    IWDG_KR = IWDG_KR_UNLOCK;
    IWDG_PR = IWDG_PR_64;
    IWDG_RLR = 0xFFFu;
    const bool taken = wait_until(&IWDG_SR, IWDG_SR_PVU | IWDG_SR_RVU, 0);
    IWDG_KR = IWDG_KR_REFRESH;
    return taken ? WIRE_BOOT_OK : WIRE_BOOT_WATCHDOG;
}

const port_description *port_init(void) {
    description.reset_cause = chip_reset_cause();
    identity_read(&description, UNIQUE_ID);
    const wire_boot clock = clock_start();
    chip_connect_uart();
    const wire_boot serial = uart_start(clock_uart_hz()); // also if the clock failed: the host is to hear of it
    counter_start();
    const wire_boot watchdog = start_watchdog();
    description.boot = clock != WIRE_BOOT_OK ? clock : serial != WIRE_BOOT_OK ? serial : watchdog;
    description.clock_hz = clock_core_hz();
    description.stack_bytes = memory_stack_bytes();
    return &description;
}

size_t port_read(uint8_t *bytes, size_t capacity) {
    return line_read(&uart, bytes, capacity);
}

bool port_write(const uint8_t *bytes, size_t count) {
    return line_write(&uart, bytes, count);
}

uint32_t port_ticks(void) {
    return counter_read();
}

void port_alive(void) {
    IWDG_KR = IWDG_KR_REFRESH;
}

_Noreturn void chip_restart(void) {
    IWDG_KR = IWDG_KR_START; // if the fault came before the watchdog was started
    for (;;) {               // the watchdog resets the chip
    }
}
