/* SPDX-License-Identifier: Apache-2.0 */
// What the files of an STM32's port share. A family's folder has family.h (the registers and figures of its own), the
// functions marked "family", and port.cmake.
#ifndef TINYDF_STM32_CHIP_H
#define TINYDF_STM32_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "link/wire.h"

// Polls *address until (value & mask) == wanted; false if that takes 50 ms or more: something is broken.
bool wait_until(const volatile uint32_t *address, uint32_t mask, uint32_t wanted);

// Brings core and buses to TINYDF_CLOCK_HZ. On failure the chip stays on its internal oscillator.
wire_boot clock_start(void);

// The frequency of the core, and that of the USART, as they are now.
uint32_t clock_core_hz(void);
uint32_t clock_uart_hz(void);

// Family: the steps of the clock's start, in their order; the last puts the core on the PLL.
typedef wire_boot (*clock_step)(void);
extern const clock_step clock_steps[];
extern const uint32_t clock_step_count;

// One reset flag, and what it tells.
typedef struct {
    uint32_t flag;
    wire_reset_cause cause;
} reset_flag;

// The first of the flags that is set. Removes all of them, so that the next reset tells of itself alone.
wire_reset_cause reset_cause(volatile uint32_t *flags, uint32_t remove, const reset_flag *table, uint32_t count);

// Family: by its own flags.
wire_reset_cause chip_reset_cause(void);

// Family: clocks and pins of the USART.
void chip_connect_uart(void);

// Makes a pin of the GPIO port at that address an alternate function, of medium speed; pulled up if wanted.
void pin_alternate(uint32_t port, uint32_t pin, uint32_t function, bool pull_up);

// 8 bits, no parity, one stop bit.
wire_boot uart_start(uint32_t clock_hz);

// True if a byte was there; false if none is. Errors are cleared: bytes lost or garbled are found by the frame's CRC.
bool uart_take(uint8_t *byte);

// True if the byte was taken for sending.
bool uart_give(uint8_t byte);

// BRR for sixteen samples a bit, rounded to the nearest; `scale` is 256 for an LPUART, else 1.
static inline uint32_t uart_divisor(uint32_t clock_hz, uint32_t scale) {
    const uint32_t whole = clock_hz / TINYDF_UART_BAUD;
    const uint32_t rest = clock_hz % TINYDF_UART_BAUD;
    return whole * scale + (rest * scale + TINYDF_UART_BAUD / 2u) / TINYDF_UART_BAUD;
}

#endif
