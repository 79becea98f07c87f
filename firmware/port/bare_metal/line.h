/* SPDX-License-Identifier: Apache-2.0 */
// The serial line of a port without an operating system: port_read and port_write on a UART that is polled. A port
// describes its UART by a constant of type `line`. The functions are inline, so that it costs no code and no call.
#ifndef TINYDF_BARE_METAL_LINE_H
#define TINYDF_BARE_METAL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    bool (*take)(uint8_t *byte); // takes a byte that has arrived; false if none has
    bool (*give)(uint8_t byte);  // hands a byte over for sending; false while the UART has no room for it
    void (*idle)(void);          // called after each look in vain for a first byte; NULL: looks again at once
    uint32_t read_polls;         // how often line_read calls `take` at most
    uint32_t write_polls;        // how often line_write calls `give` at most, for each byte
} line;

// Takes up to `capacity` bytes that arrived, and returns how many. Waits for the first byte alone.
static inline size_t line_read(const line *uart, uint8_t *bytes, size_t capacity) {
    size_t count = 0;
    for (uint32_t polls = 0; polls < uart->read_polls && count < capacity; polls++) {
        if (uart->take(bytes + count)) {
            count++;
        } else if (count > 0) {
            break;
        } else if (uart->idle != NULL) {
            uart->idle();
        }
    }
    return count;
}

static inline bool line_write_byte(const line *uart, uint8_t byte) {
    for (uint32_t polls = 0; polls < uart->write_polls; polls++) {
        if (uart->give(byte)) {
            return true;
        }
    }
    return false;
}

// Sends `count` bytes; false if the UART did not take one of them in time.
static inline bool line_write(const line *uart, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!line_write_byte(uart, bytes[i])) {
            return false;
        }
    }
    return true;
}

#endif
