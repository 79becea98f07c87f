// Counts instructions exactly: every block that runs is decoded once into Thumb instructions of two or four bytes.
#include "machine.h"

// A Thumb instruction is four bytes long if its first half-word is 0b11101..., 0b11110... or 0b11111...
// (Armv7-M ARM, A5.1).
static bool is_wide(uint16_t half) {
    return (half & 0xF800u) >= 0xE800u;
}

static uint16_t half_at(const uint8_t *bytes) {
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
    for (uint32_t offset = 0; offset < size; offset += is_wide(half_at(bytes + offset)) ? 4 : 2)
        found->instructions++;
    return found;
}

static uint32_t core_register(machine *chip, uint32_t number) {
    uint32_t value = 0;
    int identifier = number <= 12 ? (int)(UC_ARM_REG_R0 + number) : UC_ARM_REG_SP;
    uc_reg_read(chip->engine, identifier, &value);
    return value;
}

// Would this instruction, with the registers as they are, load the word at `target`? (Armv7-M ARM, A7.7.43 and
// A7.7.45: LDR immediate, encodings T1, T3 and T4, and LDR register, T1 and T2. A load relative to PC or SP cannot
// reach a peripheral.)
static bool loads(machine *chip, const uint8_t *bytes, uint32_t target) {
    uint16_t first = half_at(bytes);
    if ((first & 0xF800u) == 0x6800u) // LDR Rt, [Rn, #imm5 * 4]
        return core_register(chip, (first >> 3) & 7) + ((first >> 6) & 31u) * 4 == target;
    if ((first & 0xFE00u) == 0x5800u) // LDR Rt, [Rn, Rm]
        return core_register(chip, (first >> 3) & 7) + core_register(chip, (first >> 6) & 7) == target;
    if (!is_wide(first))
        return false;
    uint16_t second = half_at(bytes + 2);
    uint32_t base = core_register(chip, first & 15);
    if ((first & 0xFFF0u) == 0xF8D0u) // LDR Rt, [Rn, #imm12]
        return base + (second & 0xFFFu) == target;
    if ((first & 0xFFF0u) != 0xF850u)
        return false;
    if ((second & 0x0FC0u) == 0) // LDR Rt, [Rn, Rm, LSL #imm2]
        return base + (core_register(chip, second & 15) << ((second >> 4) & 3)) == target;
    if ((second & 0x0F00u) == 0x0C00u) // LDR Rt, [Rn, #-imm8]
        return base - (second & 0xFFu) == target;
    if ((second & 0x0D00u) == 0x0900u) // LDR Rt, [Rn], #imm8
        return base == target;
    if ((second & 0x0D00u) == 0x0D00u) // LDR Rt, [Rn, #imm8]!
        return (second & 0x0200u ? base + (second & 0xFFu) : base - (second & 0xFFu)) == target;
    return false;
}

// unicorn tells a peripheral which block is running, not which instruction of it. The registers are right, though, so
// the load is the one whose address comes out as `target`; of several, the first after the last one seen.
uint32_t count_before_load(machine *chip, uint32_t target) {
    const block *now = chip->current;
    const uint8_t *bytes = now ? machine_bytes(chip, now->address, now->size) : NULL;
    if (bytes == NULL)
        return 0;
    bool again = chip->counter_read_at == chip->before_current;
    uint32_t position = 0;
    for (uint32_t offset = 0; offset < now->size; offset += is_wide(half_at(bytes + offset)) ? 4 : 2, position++) {
        if (again && position <= chip->counter_position)
            continue;
        if (!loads(chip, bytes + offset, target))
            continue;
        chip->counter_read_at = chip->before_current;
        chip->counter_position = position;
        return position;
    }
    return 0;
}
