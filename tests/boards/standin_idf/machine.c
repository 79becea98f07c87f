/* SPDX-License-Identifier: Apache-2.0 */
// What the stand-in headers declare, on this computer: one pseudo-terminal is the UART or USB-Serial-JTAG, whichever
// driver the port installs. Prints the terminal's path, then runs app_main. What the port asks for is checked against
// the rules of ESP-IDF's programming guide; a breach ends the program.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "driver/uart.h"
#include "driver/usb_serial_jtag.h"
#include "esp_clk_tree.h"
#include "esp_cpu.h"
#include "esp_mac.h"
#include "esp_system.h"
#include "esp_task_wdt.h"

#define FIFO_BYTES 128 // of the UART: the driver's buffer must be larger

void app_main(void);

static int line = -1;
static size_t tx_limit; // of one write to USB-Serial-JTAG
static bool watched;
static bool routed;

static void require(bool kept, const char *rule) {
    if (!kept) {
        fprintf(stderr, "stand-in: broken rule: %s\n", rule);
        exit(3);
    }
}

static void open_line(void) {
    require(line < 0, "a driver is installed once");
    line = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    require(line >= 0 && grantpt(line) == 0 && unlockpt(line) == 0, "a pseudo-terminal");
    const int host_end = open(ptsname(line), O_RDWR | O_NOCTTY | O_CLOEXEC); // held: no hang-up between two hosts
    struct termios raw;
    require(host_end >= 0 && tcgetattr(host_end, &raw) == 0, "a terminal");
    cfmakeraw(&raw);
    require(tcsetattr(host_end, TCSANOW, &raw) == 0, "a raw terminal");
    printf("%s\n", ptsname(line));
    fflush(stdout);
}

static size_t read_line(uint8_t *bytes, size_t length, uint32_t ticks) {
    require(line >= 0, "a driver is installed before it is used");
    struct pollfd wanted = {.fd = line, .events = POLLIN};
    const ssize_t count =
        poll(&wanted, 1, (int)(ticks * 1000u / CONFIG_FREERTOS_HZ)) > 0 ? read(line, bytes, length) : 0;
    return count > 0 ? (size_t)count : 0;
}

static void write_line(const uint8_t *bytes, size_t size) {
    require(line >= 0, "a driver is installed before it is used");
    while (size > 0) {
        const ssize_t count = write(line, bytes, size);
        require(count > 0, "a host that reads");
        bytes += count;
        size -= (size_t)count;
    }
}

esp_err_t uart_driver_install(uart_port_t port, int rx_buffer_size, int tx_buffer_size, int queue_size,
                              QueueHandle_t *queue, int interrupt_flags) {
    require(rx_buffer_size > FIFO_BYTES, "rx_buffer_size is greater than the FIFO");
    require(tx_buffer_size == 0 || tx_buffer_size > FIFO_BYTES, "tx_buffer_size is 0, or greater than the FIFO");
    require((queue_size == 0) == (queue == NULL), "a queue has a size");
    require(port == UART_NUM_0 && interrupt_flags == 0, "UART 0, no flags");
    open_line();
    return ESP_OK;
}

esp_err_t uart_param_config(uart_port_t port, const uart_config_t *config) {
    require(port == UART_NUM_0 && config->baud_rate == CONFIG_TINYDF_UART_BAUD, "the baud rate that was configured");
    require(config->data_bits == UART_DATA_8_BITS && config->stop_bits == UART_STOP_BITS_1, "8N1");
    return ESP_OK;
}

esp_err_t uart_set_pin(uart_port_t port, int tx, int rx, int rts, int cts) {
    require(port == UART_NUM_0 && rts == UART_PIN_NO_CHANGE && cts == UART_PIN_NO_CHANGE, "two pins");
    require(tx != rx, "each its own pin");
    routed = true;
    return ESP_OK;
}

esp_err_t uart_get_buffered_data_len(uart_port_t port, size_t *size) {
    int count = 0;
    require(port == UART_NUM_0 && routed, "pins before data");
    *size = ioctl(line, FIONREAD, &count) == 0 && count > 0 ? (size_t)count : 0;
    return ESP_OK;
}

// Waits for all `length` bytes, or until the time is over.
int uart_read_bytes(uart_port_t port, void *bytes, uint32_t length, uint32_t ticks_to_wait) {
    require(port == UART_NUM_0, "UART 0");
    size_t held = 0;
    for (size_t count = 1; held < length && count > 0; held += count) {
        count = read_line((uint8_t *)bytes + held, length - held, ticks_to_wait);
    }
    return (int)held;
}

int uart_write_bytes(uart_port_t port, const void *bytes, size_t size) {
    require(port == UART_NUM_0, "UART 0");
    write_line(bytes, size);
    return (int)size;
}

esp_err_t usb_serial_jtag_driver_install(usb_serial_jtag_driver_config_t *config) {
    require(config->tx_buffer_size > 0 && config->rx_buffer_size > 0, "both buffers have a size");
    tx_limit = config->tx_buffer_size;
    open_line();
    return ESP_OK;
}

int usb_serial_jtag_read_bytes(void *bytes, uint32_t length, uint32_t ticks_to_wait) {
    return (int)read_line(bytes, length, ticks_to_wait);
}

// All that fits the ring buffer, or nothing.
int usb_serial_jtag_write_bytes(const void *bytes, size_t size, uint32_t ticks_to_wait) {
    require(ticks_to_wait > 0, "a write may wait");
    if (size > tx_limit) {
        return 0;
    }
    write_line(bytes, size);
    return (int)size;
}

// STANDIN_RESET in the environment is the number of a reset reason.
esp_reset_reason_t esp_reset_reason(void) {
    const char *number = getenv("STANDIN_RESET");
    return number == NULL ? ESP_RST_POWERON : (esp_reset_reason_t)atoi(number);
}

esp_err_t esp_efuse_mac_get_default(uint8_t *mac) {
    memcpy(mac, "\x24\x0A\xC4\x01\x02\x03", 6); // one of Espressif's
    return ESP_OK;
}

esp_cpu_cycle_count_t esp_cpu_get_cycle_count(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

esp_err_t esp_clk_tree_src_get_freq_hz(soc_module_clk_t source, esp_clk_tree_src_freq_precision_t precision,
                                       uint32_t *hz) {
    require(source == SOC_MOD_CLK_CPU && precision == ESP_CLK_TREE_SRC_FREQ_PRECISION_CACHED, "the core's clock");
    *hz = CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ * 1000000u;
    return ESP_OK;
}

// STANDIN_NO_WATCHDOG in the environment: nobody has started it.
esp_err_t esp_task_wdt_add(TaskHandle_t task) {
    require(task == NULL && !watched, "this task, once");
    watched = getenv("STANDIN_NO_WATCHDOG") == NULL;
    return watched ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_task_wdt_reset(void) {
    return watched ? ESP_OK : ESP_FAIL;
}

UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task) {
    require(task == NULL, "this task");
    return CONFIG_ESP_MAIN_TASK_STACK_SIZE - 1000;
}

int main(void) {
    app_main();
    return 4; // the application never returns
}
