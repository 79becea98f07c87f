/* SPDX-License-Identifier: Apache-2.0 */
// The serial line of the link: a UART (line_uart.c) or USB-Serial-JTAG (line_usb.c); Kconfig chooses one.
#ifndef TINYDF_ESP_IDF_LINE_H
#define TINYDF_ESP_IDF_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/wire.h"

// The driver's ring buffer for each direction: what may be on its way while the model runs, and room to spare.
#define LINE_BUFFER_BYTES 2048
_Static_assert(LINE_BUFFER_BYTES >= WIRE_ENCODED_BYTES, "the largest frame fits the driver's buffer");

#define LINE_READ_MS  5
#define LINE_WRITE_MS 1000

// Takes the line from ESP-IDF and installs its driver, which allocates here and never again; false if it refuses.
bool line_start(void);

// port_read and port_write on the line.
size_t line_read(uint8_t *bytes, size_t capacity);
bool line_write(const uint8_t *bytes, size_t count);

#endif
