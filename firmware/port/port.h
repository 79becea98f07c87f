/* SPDX-License-Identifier: Apache-2.0 */
// The contract between the application and a port: all that is of a chip family or a host, and nothing else.
//
// A port owns the entry point. It brings the machine up as far as C needs, then calls app_run() (app/app.h).
#ifndef TINYDF_PORT_H
#define TINYDF_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/wire.h"

#define PORT_UNIQUE_ID_BYTES 12

// What the machine is and how it came up. Valid after port_init.
typedef struct {
    const char *board; // the name of its TOML file
    uint8_t unique_id[PORT_UNIQUE_ID_BYTES];
    uint32_t clock_hz; // of the core, as it runs now
    wire_counter_unit counter_unit;
    wire_reset_cause reset_cause;
    wire_boot boot;
    uint32_t stack_bytes; // what the stack may use; 0 if not known
} port_description;

// Clocks, serial line, counter, watchdog. Returns even if a step fails, with the serial line as usable as can be, and
// names that step in `boot`.
const port_description *port_init(void);

// Takes up to `capacity` bytes that arrived; waits a little while (at most a few milliseconds) if there are none, and
// then returns 0.
size_t port_read(uint8_t *bytes, size_t capacity);

// Sends `count` bytes; false if the line did not take them in time.
bool port_write(const uint8_t *bytes, size_t count);

// A free-running counter in units of counter_unit; wraps at 2^32.
uint32_t port_ticks(void);

// Tells the watchdog that all is well. To be called from the main loop alone, so that a loop that hangs is noticed.
void port_alive(void);

// The deepest use of the stack since start, in bytes; 0 if not known.
uint32_t port_peak_stack(void);

#endif
