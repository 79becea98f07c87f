/* SPDX-License-Identifier: Apache-2.0 */
// What the files of this port share.
#ifndef TINYDF_ESP32C3_CHIP_H
#define TINYDF_ESP32C3_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "link/wire.h"

// Brings the core to TINYDF_CLOCK_HZ. On failure it runs on the crystal, undivided.
wire_boot clock_start(void);

// The frequency of the core, as it is now.
uint32_t clock_core_hz(void);

// Stops the watchdogs that run after a boot from flash, but for timer group 0's, which is set to WATCHDOG_SECONDS.
void watchdog_start(void);
void watchdog_feed(void);

// What the core does on an exception, from now on.
void faults_catch(void);

#endif
