/* SPDX-License-Identifier: Apache-2.0 */
// Peripherals whose registers the firmware writes and reads back, and nothing more (GPIO, DBGMCU).
#include "machine.h"

const peripheral_model storage_model = {.kind = "storage"};
