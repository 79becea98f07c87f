/* SPDX-License-Identifier: Apache-2.0 */
// Bits that follow others, prescalers, and the limits that the voltage regulator and the flash set to the clocks.
#include "stm32/stm32.h"

#include <string.h>

enum { FLASH_ACR = 0x00 };

#define FLASH_ACR_LATENCY 15u

rcc_state *clocks_of(const machine *chip) {
    return chip->gates->state;
}

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
    const pll_range *range = &clocks_of(chip)->pll;
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

static const supply *present_supply(const rcc_state *clocks) {
    return &clocks->supplies[(clocks->boosted ? 4 : 0) + (clocks->voltage & 3)];
}

static void check_buses(machine *chip, const rcc_state *clocks) {
    for (uint32_t bus = 1; bus < STM32_MAX_BUSES; bus++)
        if (clocks->apb_limits_hz[bus] != 0 && clocks->tree.apb_hz[bus] > clocks->apb_limits_hz[bus])
            machine_fail(chip, "APB%u's clock of %u Hz; the chip allows %u Hz", bus, clocks->tree.apb_hz[bus],
                         clocks->apb_limits_hz[bus]);
}

void clocks_check(machine *chip) {
    const rcc_state *clocks = clocks_of(chip);
    const clock_tree *tree = &clocks->tree;
    const supply *now = present_supply(clocks);
    uint32_t states = machine_find(chip, &flash_model)->registers[FLASH_ACR / 4] & FLASH_ACR_LATENCY;
    chip->status.wait_states = states;
    memcpy(chip->status.supply, now->name, sizeof chip->status.supply);
    if (now->wait_states == 0) {
        machine_fail(chip, "voltage selection %u%s, which is reserved", clocks->voltage,
                     clocks->boosted ? ", boosted" : "");
        return;
    }
    uint32_t flash_hz = now->flash_hz[states < now->wait_states ? states : now->wait_states - 1];
    if (tree->core_hz == 0)
        machine_fail(chip, "the system clock has been stopped");
    else if (tree->core_hz > now->core_hz)
        machine_fail(chip, "core clock of %u Hz at %s, which allows %u Hz", tree->core_hz, now->name, now->core_hz);
    else if (tree->bus_hz > flash_hz)
        machine_fail(chip, "bus clock of %u Hz with %u flash wait states at %s, which allow %u Hz", tree->bus_hz,
                     states, now->name, flash_hz);
    else
        check_buses(chip, clocks);
}

uint32_t clocks_kernel_hz(const machine *chip, const usart_state *serial_port) {
    const clock_tree *tree = &clocks_of(chip)->tree;
    uint32_t mask = serial_port->select_mask;
    uint32_t field = mask ? (chip->gates->registers[serial_port->select_offset / 4] & mask) / (mask & -mask) : 0;
    return field == 0 ? tree->apb_hz[serial_port->bus] : tree->kernel_hz[field];
}

static void flash_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    self->registers[offset / 4] = value;
    clocks_check(chip);
}

const peripheral_model flash_model = {.kind = "flash", .write = flash_write};
