/* SPDX-License-Identifier: Apache-2.0 */
// The link on the chip's own USB port, by ESP-IDF's driver of USB-Serial-JTAG (driver/usb_serial_jtag.h).
#include "driver/usb_serial_jtag.h"
#include "freertos/FreeRTOS.h"
#include "port/esp-idf/line.h"

bool line_start(void) {
    usb_serial_jtag_driver_config_t config = {
        .tx_buffer_size = LINE_BUFFER_BYTES,
        .rx_buffer_size = LINE_BUFFER_BYTES,
    };
    return usb_serial_jtag_driver_install(&config) == ESP_OK;
}

size_t line_read(uint8_t *bytes, size_t capacity) {
    const int count = usb_serial_jtag_read_bytes(bytes, (uint32_t)capacity, pdMS_TO_TICKS(LINE_READ_MS));
    return count > 0 ? (size_t)count : 0;
}

// All or nothing goes into the driver's buffer; a host that does not read leaves it full.
bool line_write(const uint8_t *bytes, size_t count) {
    return usb_serial_jtag_write_bytes(bytes, count, pdMS_TO_TICKS(LINE_WRITE_MS)) == (int)count;
}
