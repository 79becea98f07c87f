/* SPDX-License-Identifier: Apache-2.0 */
// The ESP32-C3: its core, and the peripherals that a polled firmware meets. Chapters are those of its Technical
// Reference Manual.
#ifndef TINYDF_EMULATOR_ESP32C3_H
#define TINYDF_EMULATOR_ESP32C3_H

#include "core/machine.h"

#define XTAL_HZ 40000000u

extern const core_model esp32c3_core;                                       // core.c
extern const peripheral_model esp32c3_system_model, esp32c3_systimer_model; // clocks.c
extern const peripheral_model esp32c3_uart_model;                           // uart.c
extern const peripheral_model esp32c3_timer_group_model, esp32c3_rtc_model; // watchdogs.c

#endif
