/* SPDX-License-Identifier: Apache-2.0 */
// The port on ESP-IDF v5, by its documented API alone: identity, counter, watchdog, stack. ESP-IDF owns the entry
// point, the clocks and the panic handler; app_run is called from app_main, in ESP-IDF's main task.
#include "port/port.h"

#include "esp_clk_tree.h"
#include "esp_cpu.h"
#include "esp_idf_version.h"
#include "esp_mac.h"
#include "esp_system.h"
#include "esp_task.h"
#include "esp_task_wdt.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port/esp-idf/line.h"
#include "sdkconfig.h"

// esp_efuse_mac_get_default writes 6 bytes, 8 on chips with IEEE 802.15.4.
_Static_assert(PORT_UNIQUE_ID_BYTES >= 8, "the MAC address fits");

static port_description description = {
    .board = CONFIG_TINYDF_BOARD,
    .counter_unit = WIRE_COUNTER_CYCLES,
    .stack_bytes = ESP_TASK_MAIN_STACK,
};

static wire_reset_cause read_reset_cause(void) {
    switch (esp_reset_reason()) {
    case ESP_RST_POWERON: // of which the reset pin is a kind on these chips
        return WIRE_RESET_POWER;
    case ESP_RST_EXT:
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 2, 0)
    case ESP_RST_USB: // the flasher, over USB-Serial-JTAG
#endif
        return WIRE_RESET_PIN;
    case ESP_RST_SW:
        return WIRE_RESET_SOFTWARE;
    case ESP_RST_PANIC:
        return WIRE_RESET_FAULT;
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
        return WIRE_RESET_WATCHDOG;
    case ESP_RST_BROWNOUT:
        return WIRE_RESET_BROWN_OUT;
    case ESP_RST_DEEPSLEEP:
        return WIRE_RESET_LOW_POWER;
    default:
        return WIRE_RESET_UNKNOWN;
    }
}

// 0 if ESP-IDF does not know.
static uint32_t core_hz(void) {
    uint32_t hz = 0;
    const esp_err_t failed = esp_clk_tree_src_get_freq_hz(SOC_MOD_CLK_CPU, ESP_CLK_TREE_SRC_FREQ_PRECISION_CACHED, &hz);
    return failed ? 0 : hz;
}

const port_description *port_init(void) {
    description.clock_hz = core_hz();
    description.reset_cause = read_reset_cause();
    (void)esp_efuse_mac_get_default(description.unique_id); // zeros tell that it failed
    const bool watched = esp_task_wdt_add(NULL) == ESP_OK;  // this task; the period is ESP-IDF's configuration
    const bool connected = line_start();
    description.boot = !connected ? WIRE_BOOT_UART : !watched ? WIRE_BOOT_WATCHDOG : WIRE_BOOT_OK;
    return &description;
}

size_t port_read(uint8_t *bytes, size_t capacity) {
    return line_read(bytes, capacity);
}

bool port_write(const uint8_t *bytes, size_t count) {
    return line_write(bytes, count);
}

uint32_t port_ticks(void) {
    return esp_cpu_get_cycle_count();
}

void port_alive(void) {
    (void)esp_task_wdt_reset();
}

// ESP-IDF paints the stack, and counts in bytes what has kept its paint.
uint32_t port_peak_stack(void) {
    return ESP_TASK_MAIN_STACK - (uint32_t)uxTaskGetStackHighWaterMark(NULL);
}
