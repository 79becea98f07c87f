/* SPDX-License-Identifier: Apache-2.0 */
// What the ESP32-C3 has, and its eFuses.
#include "esp32c3/esp32c3.h"

#include <string.h>

// Chapter 4: where a chip has its MAC address, this one tells that it is emulated.
enum { RD_MAC_SPI_SYS_0 = 0x44 };

static void efuse_reset(machine *chip, peripheral *self) {
    (void)chip;
    memset(self->registers, 0, self->size);
    memcpy(&self->registers[RD_MAC_SPI_SYS_0 / 4], "TINYDF-EMUL.", 12);
}

static const peripheral_model esp32c3_efuse_model = {.kind = "esp32c3-efuse", .reset = efuse_reset};

static const core_model *const cores[] = {&esp32c3_core, NULL};
static const peripheral_model *const peripherals[] = {
    &esp32c3_system_model,
    &esp32c3_systimer_model,
    &esp32c3_uart_model,
    &esp32c3_timer_group_model,
    &esp32c3_rtc_model,
    &esp32c3_efuse_model,
    NULL,
};

__attribute__((constructor)) static void announce(void) {
    static machine_family esp32c3 = {.cores = cores, .peripherals = peripherals};
    machine_announce(&esp32c3);
}
