/* SPDX-License-Identifier: Apache-2.0 */
// The RV32IMC core of the ESP32-C3, by QEMU's RISC-V target on which unicorn stands. Chapter numbers without a name are
// those of the ESP32-C3 Technical Reference Manual.
#include "esp32c3/esp32c3.h"

#include <stdio.h>

#define BOOT_MAGIC 0xAEDB041Du // twice at the start of the flash: the ROM starts what follows ("direct boot")

// The performance counter (1.4: mpcer, mpcmr, mpccr), which QEMU does not have.
enum { MPCER = 0x7E0, MPCMR = 0x7E1, MPCCR = 0x7E2 };
#define MPCER_CYCLE  (1u << 0)
#define MPCMR_ENABLE (1u << 0)

// Its registers, and mpccr while it stands still; `base` is the tick at which it was 0.
typedef struct {
    uint32_t event, mode, stopped_at;
    uint64_t base;
} counter_state;

// Privileged ISA, table 3.6.
enum { CAUSE_ILLEGAL = 2 };

// An instruction is four bytes long if its two low bits are set (RISC-V ISA, 1.5).
static bool is_wide(uint16_t half) {
    return (half & 3) == 3;
}

static uint32_t read_register(const machine *chip, int number) {
    uint32_t value = 0;
    uc_reg_read(chip->engine, number, &value);
    return value;
}

static void write_register(const machine *chip, int number, uint32_t value) {
    uc_reg_write(chip->engine, number, &value);
}

static bool counter_runs(const counter_state *counter) {
    return (counter->event & MPCER_CYCLE) && (counter->mode & MPCMR_ENABLE);
}

// Instructions stand for cycles; those before the one at `address` count.
static uint32_t counter_now(const machine *chip, uint32_t address) {
    const counter_state *counter = chip->core_state;
    uint64_t ticks = machine_ticks(chip) + count_before(chip, address);
    return counter_runs(counter) ? (uint32_t)(ticks - counter->base) : counter->stopped_at;
}

static void set_counter(machine *chip, uint32_t address, uint32_t value) {
    counter_state *counter = chip->core_state;
    counter->stopped_at = value;
    counter->base = machine_ticks(chip) + count_before(chip, address) - value;
}

// CSRRW, CSRRS, CSRRC and their immediate forms (RISC-V ISA, 9.1) on one of the counter's registers.
static bool do_counter_instruction(machine *chip, uint32_t address, uint32_t word) {
    uint32_t number = word >> 20, function = (word >> 12) & 7, source = (word >> 15) & 31, target = (word >> 7) & 31;
    if ((word & 0x7F) != 0x73 || (function & 3) == 0 || number < MPCER || number > MPCCR)
        return false;
    counter_state *counter = chip->core_state;
    uint32_t count = counter_now(chip, address);
    uint32_t before = number == MPCER ? counter->event : number == MPCMR ? counter->mode : count;
    uint32_t operand = function & 4 || source == 0 ? source : read_register(chip, UC_RISCV_REG_X0 + (int)source);
    uint32_t after = (function & 3) == 1 ? operand : (function & 3) == 2 ? before | operand : before & ~operand;
    if (target != 0)
        write_register(chip, UC_RISCV_REG_X0 + (int)target, before);
    if (after == before)
        return true;
    counter->event = number == MPCER ? after : counter->event;
    counter->mode = number == MPCMR ? after : counter->mode;
    set_counter(chip, address, number == MPCCR ? after : count);
    return true;
}

static const char *exception_name(uint32_t number) {
    static const char *const names[] = {
        "misaligned jump", "instruction fetch fault", "illegal instruction", "breakpoint", "misaligned load",
        "load fault",      "misaligned store",        "store fault",
    };
    return number < sizeof names / sizeof *names ? names[number] : "exception";
}

// The core goes to its trap handler, if it has one (Privileged ISA, 3.1.7: exceptions go to the base).
static void on_exception(uc_engine *engine, uint32_t number, void *user) {
    (void)engine;
    machine *chip = user;
    uint32_t address = read_register(chip, UC_RISCV_REG_PC) - 4; // unicorn has gone on by four bytes
    const uint8_t *bytes = machine_bytes(chip, address, 4);
    uint32_t word = bytes ? half_at(bytes) | (uint32_t)half_at(bytes + 2) << 16 : 0;
    if (number == CAUSE_ILLEGAL && do_counter_instruction(chip, address, word))
        return;
    uint32_t handler = read_register(chip, UC_RISCV_REG_MTVEC) & ~3u;
    if (handler == 0) {
        write_register(chip, UC_RISCV_REG_PC, address);
        machine_fail(chip, "%s, and no trap handler", exception_name(number));
        return;
    }
    fprintf(stderr, "%s at 0x%08X\n", exception_name(number), address);
    write_register(chip, UC_RISCV_REG_MCAUSE, number);
    write_register(chip, UC_RISCV_REG_MEPC, address);
    write_register(chip, UC_RISCV_REG_MTVAL, read_register(chip, UC_RISCV_REG_MBADADDR));
    write_register(chip, UC_RISCV_REG_PC, handler);
}

// As after a reset, once the ROM has looked at the flash and mapped it.
static void riscv_reset(machine *chip) {
    for (int identifier = UC_RISCV_REG_X1; identifier <= UC_RISCV_REG_X31; identifier++)
        write_register(chip, identifier, 0);
    write_register(chip, UC_RISCV_REG_MTVEC, 0);
    *(counter_state *)chip->core_state = (counter_state){0};
    const uint8_t *flash = machine_bytes(chip, chip->boot_address, 8);
    for (uint32_t index = 0; index < 8; index++)
        if (flash == NULL || flash[index] != (uint8_t)(BOOT_MAGIC >> (8 * (index % 4))))
            machine_fail(chip, "the flash does not begin with what the ROM starts (0x%08X, twice)", BOOT_MAGIC);
    write_register(chip, UC_RISCV_REG_PC, chip->boot_address + 8);
}

static uc_err riscv_add_hooks(machine *chip) {
    uc_hook hook;
    return uc_hook_add(chip->engine, &hook, UC_HOOK_INTR, (void *)on_exception, chip, 1, 0);
}

const core_model esp32c3_core = {
    .name = "rv32imc",
    .architecture = UC_ARCH_RISCV,
    .mode = UC_MODE_RISCV32,
    .cpu = UC_CPU_RISCV32_SIFIVE_E31, // RV32IMAC with physical memory protection
    .program_counter = UC_RISCV_REG_PC,
    .link_register = UC_RISCV_REG_RA,
    .peripherals_origin = 0x60000000u,
    .peripherals_size = 0x00100000u,
    .state_bytes = sizeof(counter_state),
    .is_wide = is_wide,
    .reset = riscv_reset,
    .add_hooks = riscv_add_hooks,
};
