// What the files of this port share.
#ifndef TINYDF_STM32H7_CHIP_H
#define TINYDF_STM32H7_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "link/wire.h"

// Polls *address until (value & mask) == wanted; false after so many polls that something is broken (at least 50 ms).
bool wait_until(const volatile uint32_t *address, uint32_t mask, uint32_t wanted);

// Brings core and buses to TINYDF_CLOCK_HZ. On failure the chip stays on its internal 64 MHz oscillator.
wire_boot clock_start(void);

// The frequency of the core, and that of the USART's bus, as they are now.
uint32_t clock_core_hz(void);
uint32_t clock_apb1_hz(void);

#endif
