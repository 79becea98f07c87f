/* SPDX-License-Identifier: Apache-2.0 */
// The Cortex-M4, M7 and M33, by QEMU's Arm target on which unicorn stands.
#include "cortex_m/cortex_m.h"

#include <string.h>

#define PRIVATE_ORIGIN 0xE0000000u // the core's own peripherals (Armv7-M ARM, B3.1)
#define PRIVATE_SIZE   0x00100000u

// A Thumb instruction is four bytes long if its first half-word is 0b11101..., 0b11110... or 0b11111...
// (Armv7-M ARM, A5.1).
static bool is_wide(uint16_t half) {
    return (half & 0xF800u) >= 0xE800u;
}

static uint32_t core_register(machine *chip, uint32_t number) {
    uint32_t value = 0;
    int identifier = number <= 12 ? (int)(UC_ARM_REG_R0 + number) : UC_ARM_REG_SP;
    uc_reg_read(chip->engine, identifier, &value);
    return value;
}

const cortex_m_model *cortex_m_of(const machine *chip) {
    return (const cortex_m_model *)chip->core;
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
uint32_t count_before_load(machine *chip, dwt_state *counter, uint32_t target) {
    const block *now = chip->current;
    const uint8_t *bytes = now ? machine_bytes(chip, now->address, now->size) : NULL;
    if (bytes == NULL)
        return 0;
    bool again = counter->read_at == chip->before_current;
    uint32_t position = 0;
    for (uint32_t offset = 0; offset < now->size; offset += is_wide(half_at(bytes + offset)) ? 4 : 2, position++) {
        if (again && position <= counter->position)
            continue;
        if (!loads(chip, bytes + offset, target))
            continue;
        counter->read_at = chip->before_current;
        counter->position = position;
        return position;
    }
    return 0;
}

static uint64_t on_private_read(uc_engine *engine, uint64_t offset, unsigned size, void *chip) {
    (void)engine;
    return machine_read_peripheral(chip, PRIVATE_ORIGIN + (uint32_t)offset, size);
}

static void on_private_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value, void *chip) {
    (void)engine;
    machine_write_peripheral(chip, PRIVATE_ORIGIN + (uint32_t)offset, size, (uint32_t)value);
}

// Exception numbers of QEMU's Arm target, on which unicorn stands.
static const char *exception_name(uint32_t number) {
    switch (number) {
    case 1:
        return "undefined instruction";
    case 2:
        return "SVC instruction (exceptions are not emulated)";
    case 3:
        return "instruction fetch fault";
    case 4:
        return "data access fault";
    case 7:
        return "BKPT instruction";
    case 17:
        return "coprocessor instruction without that coprocessor";
    case 18:
        return "jump to an address without the Thumb bit";
    case 19:
        return "stack pointer below its limit (MSPLIM)";
    default:
        return "exception";
    }
}

static void on_exception(uc_engine *engine, uint32_t number, void *chip) {
    (void)engine;
    machine_fail(chip, "%s (%u)", exception_name(number), number);
}

static bool on_undefined(uc_engine *engine, void *chip) {
    uint32_t status = 0;
    uc_reg_read(engine, UC_ARM_REG_CPSR, &status);
    bool thumb = status & 1u << 5;
    machine_fail(chip, "%s", exception_name(thumb ? 1 : 18));
    return false;
}

static uint32_t word_at(const machine *chip, uint32_t address) {
    uint32_t word = 0;
    const uint8_t *bytes = machine_bytes(chip, address, 4);
    if (bytes)
        memcpy(&word, bytes, 4);
    return word;
}

// Registers as after a reset (Armv7-M ARM, B1.5.5): stack pointer and entry stand where the chip boots.
static void arm_reset(machine *chip) {
    static const uint32_t zero = 0;
    static const uint32_t no_return = 0xFFFFFFFFu;
    for (int identifier = UC_ARM_REG_R0; identifier <= UC_ARM_REG_R12; identifier++)
        uc_reg_write(chip->engine, identifier, &zero);
    uint32_t stack = word_at(chip, chip->boot_address) & ~3u;
    uint32_t entry = word_at(chip, chip->boot_address + 4);
    uc_reg_write(chip->engine, UC_ARM_REG_PRIMASK, &zero);
    uc_reg_write(chip->engine, UC_ARM_REG_CONTROL, &zero);
    uc_reg_write(chip->engine, UC_ARM_REG_FPSCR, &zero);
    uc_reg_write(chip->engine, UC_ARM_REG_SP, &stack);
    uc_reg_write(chip->engine, UC_ARM_REG_LR, &no_return);
    uc_reg_write(chip->engine, UC_ARM_REG_PC, &entry);
}

static uc_err arm_add_hooks(machine *chip) {
    uc_hook hook;
    uc_err error = uc_hook_add(chip->engine, &hook, UC_HOOK_INTR, (void *)on_exception, chip, 1, 0);
    if (error == UC_ERR_OK)
        error = uc_hook_add(chip->engine, &hook, UC_HOOK_INSN_INVALID, (void *)on_undefined, chip, 1, 0);
    if (error == UC_ERR_OK)
        error = uc_mmio_map(chip->engine, PRIVATE_ORIGIN, PRIVATE_SIZE, on_private_read, chip, on_private_write, chip);
    return error;
}

// Without UC_MODE_MCLASS, which takes a Cortex-M33 without a double-precision FPU for every one of them.
#define ARM_CORE                                                                                                       \
    .architecture = UC_ARCH_ARM, .mode = UC_MODE_THUMB, .program_counter = UC_ARM_REG_PC,                              \
    .link_register = UC_ARM_REG_LR, .peripherals_origin = 0x40000000u, .peripherals_size = 0x20000000u,                \
    .entry_bit = 1, .is_wide = is_wide, .reset = arm_reset, .add_hooks = arm_add_hooks

static const cortex_m_model m4 = {.model = {ARM_CORE, .name = "cortex-m4", .cpu = UC_CPU_ARM_CORTEX_M4}};
static const cortex_m_model m7 = {.model = {ARM_CORE, .name = "cortex-m7", .cpu = UC_CPU_ARM_CORTEX_M7},
                                  .counter_locked = true};
static const cortex_m_model m33 = {.model = {ARM_CORE, .name = "cortex-m33", .cpu = UC_CPU_ARM_CORTEX_M33},
                                   .armv8m = true};

static const core_model *const cores[] = {&m4.model, &m7.model, &m33.model, NULL};
static const peripheral_model *const peripherals[] = {&scs_model, &dwt_model, NULL};

__attribute__((constructor)) static void announce(void) {
    static machine_family cortex_m = {.cores = cores, .peripherals = peripherals};
    machine_announce(&cortex_m);
}
