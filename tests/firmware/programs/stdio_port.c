/* SPDX-License-Identifier: Apache-2.0 */
// A port for fuzzing: bytes come from standard input and go to standard output; the end of the input ends the program.
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "port/port.h"

#ifndef TEST_BOOT
#define TEST_BOOT WIRE_BOOT_OK
#endif

static const port_description description = {.board = "fuzz",
                                             .unique_id = "fuzzing.....",
                                             .clock_hz = 1,
                                             .counter_unit = WIRE_COUNTER_CYCLES,
                                             .boot = TEST_BOOT};

static uint32_t ticks;

const port_description *port_init(void) {
    return &description;
}

size_t port_read(uint8_t *bytes, size_t capacity) {
    const size_t count = fread(bytes, 1, capacity, stdin);
    if (count == 0) {
        exit(EXIT_SUCCESS);
    }
    return count;
}

bool port_write(const uint8_t *bytes, size_t count) {
    return fwrite(bytes, 1, count, stdout) == count;
}

uint32_t port_ticks(void) {
    return ticks += 1000;
}

void port_alive(void) {}

uint32_t port_peak_stack(void) {
    return 77;
}

int main(void) {
    app_run();
}
