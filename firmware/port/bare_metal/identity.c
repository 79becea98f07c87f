/* SPDX-License-Identifier: Apache-2.0 */
#include "port/bare_metal/identity.h"

#include <string.h>

void identity_read(port_description *description, const volatile uint32_t *unique_id) {
    uint32_t words[PORT_UNIQUE_ID_BYTES / 4];
    for (uint32_t i = 0; i < PORT_UNIQUE_ID_BYTES / 4; i++) {
        words[i] = unique_id[i];
    }
    memcpy(description->unique_id, words, sizeof words);
    const bool emulated = memcmp(words, EMULATOR_ID, sizeof words) == 0;
    description->counter_unit = emulated ? WIRE_COUNTER_EMULATED_INSTRUCTIONS : WIRE_COUNTER_CYCLES;
}
