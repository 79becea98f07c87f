/* SPDX-License-Identifier: Apache-2.0 */
// Counts instructions exactly: every block that runs is decoded once into instructions of two or four bytes.
#include "core/machine.h"

uint16_t half_at(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

const block *count_block(machine *chip, uint32_t address, uint32_t size) {
    block *found = &chip->blocks[(address >> 1 ^ address >> 16) & (MACHINE_BLOCKS - 1)];
    if (found->address == address && found->size == size)
        return found;
    found->address = address;
    found->size = size;
    found->instructions = 0;
    const uint8_t *bytes = machine_bytes(chip, address, size);
    if (bytes == NULL)
        return found; // unicorn reports the fetch
    for (uint32_t offset = 0; offset < size; offset += chip->core->is_wide(half_at(bytes + offset)) ? 4 : 2)
        found->instructions++;
    return found;
}

uint32_t count_before(const machine *chip, uint32_t address) {
    const block *now = chip->current;
    const uint8_t *bytes = now ? machine_bytes(chip, now->address, now->size) : NULL;
    uint32_t count = 0;
    for (uint32_t offset = 0; bytes != NULL && offset < now->size && now->address + offset < address; count++)
        offset += chip->core->is_wide(half_at(bytes + offset)) ? 4 : 2;
    return count;
}
