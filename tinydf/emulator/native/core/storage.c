/* SPDX-License-Identifier: Apache-2.0 */
// Peripherals whose registers the firmware writes and reads back, and nothing more (GPIO, DBGMCU).
#include "core/machine.h"

static const peripheral_model storage_model = {.kind = "storage"};

static const peripheral_model *const peripherals[] = {&storage_model, NULL};

__attribute__((constructor)) static void announce(void) {
    static machine_family storage = {.peripherals = peripherals};
    machine_announce(&storage);
}
