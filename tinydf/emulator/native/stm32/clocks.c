/* SPDX-License-Identifier: Apache-2.0 */
// What the RCCs of all STM32 families share: bits that follow others, prescalers, and the limits that the voltage
// regulator and the flash set to the clocks. What the chip does not allow stops the machine: on a bench it would fail
// now and then.
#include "machine.h"

#include <string.h>

enum { FLASH_ACR = 0x00 };

#define FLASH_ACR_LATENCY 15u

uint32_t clocks_follow(uint32_t value, uint32_t enable, uint32_t ready, bool runs) {
    return runs && (value & 1u << enable) != 0 ? value | 1u << ready : value & ~(1u << ready);
}

// The prescalers of the AHB (four bits) and of an APB (three bits); the same in every family.
uint32_t clocks_ahb_shift(uint32_t field) {
    static const uint32_t shifts[8] = {1, 2, 3, 4, 6, 7, 8, 9};
    return field & 8 ? shifts[field & 7] : 0;
}

uint32_t clocks_apb_shift(uint32_t field) {
    return field & 4 ? (field & 3) + 1 : 0;
}

bool clocks_pll_locks(machine *chip, uint32_t input_hz, uint64_t vco_hz) {
    const pll_range *range = &chip->pll;
    if (input_hz < range->input_low_hz || input_hz > range->input_high_hz)
        machine_fail(chip, "a PLL's input is %u Hz; it takes %u to %u Hz", input_hz, range->input_low_hz,
                     range->input_high_hz);
    else if (vco_hz < range->vco_low_hz || vco_hz > range->vco_high_hz)
        machine_fail(chip, "a PLL's oscillator is set to %llu Hz; it makes %u to %u Hz", (unsigned long long)vco_hz,
                     range->vco_low_hz, range->vco_high_hz);
    else
        return true;
    return false;
}

void clocks_set(machine *chip, const clock_tree *clocks) {
    chip->clocks = *clocks;
    chip->status.core_hz = clocks->core_hz;
    for (uint32_t index = 0; index < chip->peripheral_count; index++) {
        peripheral *one = &chip->peripherals[index];
        if (one->model->clock)
            one->model->clock(chip, one);
    }
}

static const supply *present_supply(const machine *chip) {
    return &chip->supplies[(chip->boosted ? 4 : 0) + (chip->voltage & 3)];
}

static void check_buses(machine *chip) {
    for (uint32_t bus = 1; bus < MACHINE_MAX_BUSES; bus++)
        if (chip->apb_limits_hz[bus] != 0 && chip->clocks.apb_hz[bus] > chip->apb_limits_hz[bus])
            machine_fail(chip, "APB%u's clock of %u Hz; the chip allows %u Hz", bus, chip->clocks.apb_hz[bus],
                         chip->apb_limits_hz[bus]);
}

void clocks_check(machine *chip) {
    const supply *now = present_supply(chip);
    uint32_t states = chip->flash->registers[FLASH_ACR / 4] & FLASH_ACR_LATENCY;
    chip->status.wait_states = states;
    memcpy(chip->status.supply, now->name, sizeof chip->status.supply);
    if (now->wait_states == 0) {
        machine_fail(chip, "voltage selection %u%s, which is reserved", chip->voltage,
                     chip->boosted ? ", boosted" : "");
        return;
    }
    uint32_t flash_hz = now->flash_hz[states < now->wait_states ? states : now->wait_states - 1];
    if (chip->clocks.core_hz == 0)
        machine_fail(chip, "the system clock has been stopped");
    else if (chip->clocks.core_hz > now->core_hz)
        machine_fail(chip, "core clock of %u Hz at %s, which allows %u Hz", chip->clocks.core_hz, now->name,
                     now->core_hz);
    else if (chip->clocks.bus_hz > flash_hz)
        machine_fail(chip, "bus clock of %u Hz with %u flash wait states at %s, which allow %u Hz", chip->clocks.bus_hz,
                     states, now->name, flash_hz);
    else
        check_buses(chip);
}

uint32_t clocks_kernel_hz(const machine *chip, const peripheral *serial_port) {
    uint32_t mask = serial_port->select_mask;
    uint32_t field = mask ? (chip->rcc->registers[serial_port->select_offset / 4] & mask) / (mask & -mask) : 0;
    return field == 0 ? chip->clocks.apb_hz[serial_port->bus] : chip->clocks.kernel_hz[field];
}

// RCC_CSR: the flags of reset causes stay until RMVF removes them, and LSIRDY follows LSION.
void clocks_reset_causes(machine *chip, peripheral *self, uint32_t offset, uint32_t flags) {
    static const uint32_t causes[] = {[RESET_SOFTWARE] = 1u << 28, [RESET_WATCHDOG] = 1u << 29};
    uint32_t before = self->registers[offset / 4] & flags;
    machine_reset_registers(self);
    if (chip->reset_due != RESET_POWER)
        self->registers[offset / 4] = (self->registers[offset / 4] & ~flags) | before | causes[chip->reset_due];
}

void clocks_write_causes(peripheral *self, uint32_t offset, uint32_t value, uint32_t flags, uint32_t remove) {
    uint32_t kept = value & remove ? 0 : self->registers[offset / 4] & flags;
    self->registers[offset / 4] = kept | (clocks_follow(value, 0, 1, true) & ~flags & ~remove);
}

static void flash_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    self->registers[offset / 4] = value;
    clocks_check(chip);
}

const peripheral_model flash_model = {"flash", NULL, flash_write, NULL, NULL};
