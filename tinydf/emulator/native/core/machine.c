/* SPDX-License-Identifier: Apache-2.0 */
// Memories, hooks, reset and the run loop.
#include "core/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TCG_BUFFER_BYTES (64u << 20)

static machine_family *families;

void machine_announce(machine_family *family) {
    family->next = families;
    families = family;
}

uint64_t machine_ticks(const machine *chip) {
    return chip->before_current;
}

// The first failure is the one that counts; the program counter is read when the engine has come to rest.
void machine_fail(machine *chip, const char *format, ...) {
    if (chip->status.outcome == OUTCOME_NONE) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(chip->status.message, sizeof chip->status.message, format, arguments);
        va_end(arguments);
        chip->status.outcome = OUTCOME_FAULT;
    }
    uc_emu_stop(chip->engine);
}

void machine_request_reset(machine *chip, reset_cause cause) {
    chip->reset_due = cause;
    uc_emu_stop(chip->engine);
}

void machine_watch(machine *chip, uint64_t deadline, reset_cause cause) {
    if (machine_ticks(chip) < deadline || chip->reset_due != RESET_POWER)
        return;
    fprintf(stderr, "the watchdog was not refreshed in time: reset\n");
    chip->status.watchdog_resets++;
    machine_request_reset(chip, cause);
}

void machine_reset_registers(peripheral *self) {
    memcpy(self->registers, self->initial, self->size);
}

const uint8_t *machine_bytes(const machine *chip, uint32_t address, uint32_t size) {
    for (uint32_t index = 0; index < chip->memory_count; index++) {
        const memory *one = &chip->memories[index];
        if (address - one->origin < one->size && size <= one->size - (address - one->origin))
            return one->bytes + (address - one->origin);
    }
    return NULL;
}

peripheral *machine_peripheral(machine *chip, uint32_t address) {
    for (uint32_t index = 0; index < chip->peripheral_count; index++) {
        peripheral *one = &chip->peripherals[index];
        if (address - one->base < one->size)
            return one;
    }
    return NULL;
}

peripheral *machine_find(machine *chip, const peripheral_model *model) {
    for (uint32_t index = 0; index < chip->peripheral_count; index++)
        if (chip->peripherals[index].model == model)
            return &chip->peripherals[index];
    return NULL;
}

void machine_clock_changed(machine *chip) {
    for (uint32_t index = 0; index < chip->peripheral_count; index++) {
        peripheral *one = &chip->peripherals[index];
        if (one->model->clock)
            one->model->clock(chip, one);
    }
}

// The peripheral at an address, if it is modelled and its clock runs; else the machine stops.
static peripheral *reachable(machine *chip, const char *access, uint32_t address) {
    peripheral *one = machine_peripheral(chip, address);
    if (one == NULL) {
        machine_fail(chip, "%s 0x%08X, where the emulated chip has no peripheral", access, address);
        return NULL;
    }
    if (one->gate_mask != 0 && (chip->gates->registers[one->gate_offset / 4] & one->gate_mask) == 0) {
        machine_fail(chip, "%s 0x%08X (%s), whose clock is not enabled in %s + 0x%02X, mask 0x%08X", access, address,
                     one->name, chip->gates->name, one->gate_offset, one->gate_mask);
        return NULL;
    }
    return one;
}

uint64_t machine_read_peripheral(machine *chip, uint32_t address, unsigned size) {
    peripheral *one = reachable(chip, "read of", address);
    if (one == NULL)
        return 0;
    uint32_t offset = (address - one->base) & ~3u;
    uint32_t word = one->model->read ? one->model->read(chip, one, offset) : one->registers[offset / 4];
    word >>= 8 * (address & 3);
    return size < 4 ? word & ((1u << 8 * size) - 1) : word;
}

void machine_write_peripheral(machine *chip, uint32_t address, unsigned size, uint32_t value) {
    peripheral *one = reachable(chip, "write to", address);
    if (one == NULL)
        return;
    uint32_t offset = (address - one->base) & ~3u;
    if (size < 4) {
        uint32_t shift = 8 * (address & 3);
        uint32_t mask = ((1u << 8 * size) - 1) << shift;
        value = (one->registers[offset / 4] & ~mask) | ((value << shift) & mask);
    }
    if (one->model->write)
        one->model->write(chip, one, offset, value);
    else
        one->registers[offset / 4] = value;
}

static uint64_t on_peripheral_read(uc_engine *engine, uint64_t offset, unsigned size, void *chip) {
    (void)engine;
    return machine_read_peripheral(chip, ((machine *)chip)->core->peripherals_origin + (uint32_t)offset, size);
}

// The same write over and over, as of a timer that is polled, counts once.
static void remember(machine *chip, uint32_t address, uint32_t value) {
    const register_write *last = chip->write_count > 0 ? &chip->writes[chip->write_count - 1] : NULL;
    bool again = last != NULL && last->address == address && last->value == value;
    if (!again && chip->write_count < MACHINE_MAX_WRITES)
        chip->writes[chip->write_count++] = (register_write){address, value};
}

static void on_peripheral_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value, void *chip) {
    (void)engine;
    uint32_t address = ((machine *)chip)->core->peripherals_origin + (uint32_t)offset;
    remember(chip, address, (uint32_t)value);
    machine_write_peripheral(chip, address, size, (uint32_t)value);
}

static bool on_invalid_access(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value,
                              void *user) {
    (void)engine;
    (void)value;
    machine *chip = user;
    if (type == UC_MEM_WRITE_PROT)
        machine_fail(chip, "write of %d bytes to 0x%08X, which is read-only memory", size, (uint32_t)address);
    else if (type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT)
        machine_fail(chip, "jump to 0x%08X, where there is no code", (uint32_t)address);
    else
        machine_fail(chip, "%s of %d bytes at 0x%08X, outside the chip's memory map",
                     type == UC_MEM_WRITE_UNMAPPED ? "write" : "read", size, (uint32_t)address);
    return false;
}

// What need not be looked after at every block.
static void service(machine *chip) {
    chip->next_service = chip->status.instructions + MACHINE_SERVICE_TICKS;
    serial_service(chip);
    for (uint32_t index = 0; index < chip->peripheral_count; index++) {
        peripheral *one = &chip->peripherals[index];
        if (one->model->service)
            one->model->service(chip, one);
    }
    if (chip->stop_requested)
        uc_emu_stop(chip->engine);
}

static void on_block(uc_engine *engine, uint64_t address, uint32_t size, void *user) {
    (void)engine;
    machine *chip = user;
    chip->before_current = chip->status.instructions;
    chip->current = count_block(chip, (uint32_t)address, size);
    chip->status.instructions += chip->current->instructions;
    if (chip->status.instructions >= chip->next_service)
        service(chip);
}

// Registers and peripherals as after a reset; memories keep what they hold (RM0433, 8.4.1).
static void reset(machine *chip) {
    for (uint32_t index = 0; index < chip->peripheral_count; index++) {
        peripheral *one = &chip->peripherals[index];
        if (one->model->reset)
            one->model->reset(chip, one);
        else
            machine_reset_registers(one);
    }
    memset(chip->blocks, 0, sizeof chip->blocks);
    chip->current = NULL;
    chip->before_current = chip->status.instructions;
    chip->next_service = chip->status.instructions;
    chip->reset_due = RESET_POWER;
    uc_ctl_flush_tb(chip->engine);
    chip->core->reset(chip);
}

static int larger_first(const void *left, const void *right) {
    uint32_t left_size = ((const memory *)left)->size;
    uint32_t right_size = ((const memory *)right)->size;
    return (left_size < right_size) - (left_size > right_size);
}

// unicorn 2.1.4 gives memories that are mapped after a smaller one the same internal addresses, and then takes every
// write into one of them for a change of code in the other, which it translates again: right, but many times slower.
static uc_err map_memories(machine *chip) {
    uc_err error = UC_ERR_OK;
    qsort(chip->memories, chip->memory_count, sizeof *chip->memories, larger_first);
    for (uint32_t index = 0; index < chip->memory_count && error == UC_ERR_OK; index++) {
        const memory *one = &chip->memories[index];
        uint32_t rights = one->writable ? UC_PROT_ALL : UC_PROT_READ | UC_PROT_EXEC;
        error = uc_mem_map_ptr(chip->engine, one->origin, one->size, rights, one->bytes);
    }
    return error;
}

int machine_start(machine *chip) {
    for (uint32_t index = 0; index < chip->peripheral_count; index++)
        if (chip->peripherals[index].gate_mask != 0 && chip->gates == NULL)
            return UC_ERR_ARG;
    uc_err error = map_memories(chip);
    if (error == UC_ERR_OK)
        reset(chip);
    return (int)error;
}

void machine_run(machine *chip) {
    while (chip->status.outcome == OUTCOME_NONE) {
        uint32_t entry = 0;
        uc_reg_read(chip->engine, chip->core->program_counter, &entry);
        uc_err error = uc_emu_start(chip->engine, entry | chip->core->entry_bit, UINT32_MAX, 0, 0);
        if (error != UC_ERR_OK)
            machine_fail(chip, "%s", uc_strerror(error));
        else if (chip->stop_requested && chip->status.outcome == OUTCOME_NONE)
            chip->status.outcome = OUTCOME_STOPPED;
        else if (chip->reset_due != RESET_POWER && chip->status.outcome == OUTCOME_NONE) {
            chip->status.resets++;
            reset(chip);
        } else if (chip->status.outcome == OUTCOME_NONE) // WFI and WFE come back at once: there are no interrupts
            service(chip);
    }
    serial_service(chip);
    uc_reg_read(chip->engine, chip->core->program_counter, &chip->status.program_counter);
    uc_reg_read(chip->engine, chip->core->link_register, &chip->status.link_register);
}

void machine_stop(machine *chip) {
    chip->stop_requested = true;
}

const machine_status *machine_look(machine *chip) {
    chip->status.received = chip->serial.received;
    chip->status.sent = chip->serial.sent;
    chip->status.overruns = chip->serial.lost;
    chip->status.dropped = chip->serial.dropped;
    return &chip->status;
}

static uc_err add_hooks(machine *chip) {
    uc_hook hook;
    uc_err error = uc_hook_add(chip->engine, &hook, UC_HOOK_BLOCK, (void *)on_block, chip, 1, 0);
    if (error == UC_ERR_OK)
        error = uc_hook_add(chip->engine, &hook, UC_HOOK_MEM_INVALID, (void *)on_invalid_access, chip, 1, 0);
    if (error == UC_ERR_OK)
        error = uc_mmio_map(chip->engine, chip->core->peripherals_origin, chip->core->peripherals_size,
                            on_peripheral_read, chip, on_peripheral_write, chip);
    if (error == UC_ERR_OK)
        error = chip->core->add_hooks(chip);
    return error;
}

static const core_model *core_named(const char *name) {
    for (const machine_family *family = families; family != NULL; family = family->next)
        for (const core_model *const *one = family->cores; one != NULL && *one != NULL; one++)
            if (strcmp((*one)->name, name) == 0)
                return *one;
    return NULL;
}

static const peripheral_model *model_named(const char *kind) {
    for (const machine_family *family = families; family != NULL; family = family->next)
        for (const peripheral_model *const *one = family->peripherals; one != NULL && *one != NULL; one++)
            if (strcmp((*one)->kind, kind) == 0)
                return *one;
    return NULL;
}

machine *machine_create(const char *core, uint32_t hse_hz, uint32_t boot_address, int serial_descriptor) {
    const core_model *model = core_named(core);
    machine *chip = model ? calloc(1, sizeof *chip) : NULL;
    if (chip == NULL)
        return NULL;
    chip->core = model;
    chip->core_state = calloc(1, model->state_bytes + 1);
    chip->hse_hz = hse_hz;
    chip->boot_address = boot_address;
    chip->serial.descriptor = serial_descriptor;
    if (chip->core_state == NULL || uc_open(model->architecture, model->mode, &chip->engine) != UC_ERR_OK) {
        free(chip->core_state);
        free(chip);
        return NULL;
    }
    if (uc_ctl_set_cpu_model(chip->engine, model->cpu) != UC_ERR_OK ||
        uc_ctl_set_tcg_buffer_size(chip->engine, TCG_BUFFER_BYTES) != UC_ERR_OK || add_hooks(chip) != UC_ERR_OK) {
        machine_destroy(chip);
        return NULL;
    }
    return chip;
}

int machine_add_memory(machine *chip, uint32_t origin, uint32_t size, bool writable) {
    if (chip->memory_count == MACHINE_MAX_MEMORIES)
        return UC_ERR_RESOURCE;
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return UC_ERR_NOMEM;
    // Erased flash reads as ones; memory that lost its power holds anything, here 0xA5 so that nobody counts on zeros.
    memset(bytes, writable ? 0xA5 : 0xFF, size);
    chip->memories[chip->memory_count++] = (memory){origin, size, writable, false, bytes};
    return UC_ERR_OK;
}

int machine_add_alias(machine *chip, uint32_t origin, uint32_t of) {
    for (uint32_t index = 0; index < chip->memory_count; index++) {
        memory one = chip->memories[index];
        if (one.origin != of || chip->memory_count == MACHINE_MAX_MEMORIES)
            continue;
        one.origin = origin;
        one.alias = true;
        chip->memories[chip->memory_count++] = one;
        return UC_ERR_OK;
    }
    return UC_ERR_ARG;
}

int machine_add_peripheral(machine *chip, const char *name, const char *kind, uint32_t base, uint32_t size,
                           uint32_t gate_offset, uint32_t gate_mask) {
    const peripheral_model *model = model_named(kind);
    if (model == NULL)
        return UC_ERR_ARG;
    if (chip->peripheral_count == MACHINE_MAX_PERIPHERALS)
        return UC_ERR_RESOURCE;
    peripheral *one = &chip->peripherals[chip->peripheral_count++];
    *one = (peripheral){.model = model, .base = base, .size = size};
    one->gate_offset = gate_offset;
    one->gate_mask = gate_mask;
    snprintf(one->name, sizeof one->name, "%s", name);
    one->registers = calloc(size / 4, 4);
    one->initial = calloc(size / 4, 4);
    one->state = calloc(1, model->state_bytes + 1); // + 1: NULL means no memory
    if (one->registers == NULL || one->initial == NULL || one->state == NULL)
        return UC_ERR_NOMEM;
    if (model->gates)
        chip->gates = one;
    return UC_ERR_OK;
}

int machine_set_initial(machine *chip, uint32_t address, uint32_t value) {
    peripheral *one = machine_peripheral(chip, address);
    if (one == NULL)
        return UC_ERR_ARG;
    one->initial[(address - one->base) / 4] = value;
    return UC_ERR_OK;
}

const register_write *machine_writes(const machine *chip, uint32_t *count) {
    *count = chip->write_count;
    return chip->writes;
}

int machine_load(machine *chip, uint32_t address, const uint8_t *bytes, uint32_t size) {
    uint8_t *target = (uint8_t *)machine_bytes(chip, address, size);
    if (target == NULL)
        return UC_ERR_WRITE_UNMAPPED;
    memcpy(target, bytes, size);
    return UC_ERR_OK;
}

void machine_destroy(machine *chip) {
    uc_close(chip->engine);
    for (uint32_t index = 0; index < chip->memory_count; index++)
        if (!chip->memories[index].alias)
            munmap(chip->memories[index].bytes, chip->memories[index].size);
    for (uint32_t index = 0; index < chip->peripheral_count; index++) {
        peripheral *one = &chip->peripherals[index];
        if (one->model->close && one->state)
            one->model->close(one);
        free(one->registers);
        free(one->initial);
        free(one->state);
    }
    free(chip->core_state);
    free(chip);
}
