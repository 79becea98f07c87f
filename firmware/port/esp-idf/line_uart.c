/* SPDX-License-Identifier: Apache-2.0 */
// The link on a UART, by ESP-IDF's driver (driver/uart.h).
#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "port/esp-idf/line.h"
#include "sdkconfig.h"

#define LINE ((uart_port_t)CONFIG_TINYDF_UART_PORT)

bool line_start(void) {
    const uart_config_t config = {
        .baud_rate = CONFIG_TINYDF_UART_BAUD,
        .data_bits = UART_DATA_8_BITS,
        .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1,
        .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
        .source_clk = UART_SCLK_DEFAULT,
    };
    // Without a transmit buffer a write returns when the last byte is in the UART's own memory.
    return uart_driver_install(LINE, LINE_BUFFER_BYTES, 0, 0, NULL, 0) == ESP_OK &&
           uart_param_config(LINE, &config) == ESP_OK &&
           uart_set_pin(LINE, CONFIG_TINYDF_UART_TX_GPIO, CONFIG_TINYDF_UART_RX_GPIO, UART_PIN_NO_CHANGE,
                        UART_PIN_NO_CHANGE) == ESP_OK;
}

// uart_read_bytes waits for all that it is asked for: only what has arrived is asked for, or one byte.
size_t line_read(uint8_t *bytes, size_t capacity) {
    size_t arrived = 0;
    if (uart_get_buffered_data_len(LINE, &arrived) != ESP_OK || capacity == 0) {
        return 0;
    }
    const size_t wanted = arrived == 0 ? 1 : arrived < capacity ? arrived : capacity;
    const int count = uart_read_bytes(LINE, bytes, (uint32_t)wanted, pdMS_TO_TICKS(LINE_READ_MS));
    return count > 0 ? (size_t)count : 0;
}

// Without flow control a UART always drains: the write ends by itself.
bool line_write(const uint8_t *bytes, size_t count) {
    return uart_write_bytes(LINE, bytes, count) == (int)count;
}
