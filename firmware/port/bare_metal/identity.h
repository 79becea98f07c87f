/* SPDX-License-Identifier: Apache-2.0 */
// Who the chip is, and what its counter counts.
#ifndef TINYDF_BARE_METAL_IDENTITY_H
#define TINYDF_BARE_METAL_IDENTITY_H

#include "port/port.h"

// What an emulator answers as unique id: its counter counts instructions.
#define EMULATOR_ID "TINYDF-EMUL."

// Sets unique_id, from the words where the chip has it, and counter_unit.
void identity_read(port_description *description, const volatile uint32_t *unique_id);

#endif
