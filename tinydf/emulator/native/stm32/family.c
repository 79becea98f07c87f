/* SPDX-License-Identifier: Apache-2.0 */
// What the STM32s have, and what Python says of a chip: its limits, and where its serial port gets its clock.
#include "stm32/stm32.h"

#include <stdio.h>
#include <string.h>

static bool is_usart(const peripheral *one) {
    return one->model == &usart_model || one->model == &lpuart_model || one->model == &usart_f4_model;
}

int stm32_set_serial(machine *chip, uint32_t base, uint32_t bus, uint32_t select_offset, uint32_t select_mask,
                     uint32_t fifo_bytes) {
    peripheral *one = machine_peripheral(chip, base);
    if (one == NULL || !is_usart(one) || bus >= STM32_MAX_BUSES || fifo_bytes > sizeof chip->serial.fifo)
        return UC_ERR_ARG;
    *(usart_state *)one->state = (usart_state){bus, select_offset, select_mask, fifo_bytes};
    return UC_ERR_OK;
}

int stm32_set_supply(machine *chip, uint32_t index, const char *name, uint32_t core_hz, const uint32_t *flash_hz,
                     uint32_t wait_states) {
    bool fits = index < STM32_MAX_SUPPLIES && wait_states != 0 && wait_states <= STM32_MAX_WAIT_STATES;
    if (chip->gates == NULL || !fits)
        return UC_ERR_ARG;
    supply *one = &clocks_of(chip)->supplies[index];
    snprintf(one->name, sizeof one->name, "%s", name);
    one->core_hz = core_hz;
    one->wait_states = wait_states;
    memcpy(one->flash_hz, flash_hz, wait_states * sizeof *flash_hz);
    return UC_ERR_OK;
}

int stm32_set_pll(machine *chip, uint32_t input_low, uint32_t input_high, uint32_t vco_low, uint32_t vco_high) {
    if (chip->gates == NULL)
        return UC_ERR_ARG;
    clocks_of(chip)->pll = (pll_range){input_low, input_high, vco_low, vco_high};
    return UC_ERR_OK;
}

int stm32_set_bus_limit(machine *chip, uint32_t bus, uint32_t hz) {
    if (chip->gates == NULL || bus >= STM32_MAX_BUSES)
        return UC_ERR_ARG;
    clocks_of(chip)->apb_limits_hz[bus] = hz;
    return UC_ERR_OK;
}

static const peripheral_model *const peripherals[] = {
    &flash_model,        &iwdg_model,         &usart_model,        &lpuart_model,       &usart_f4_model,
    &rcc_f4_model.model, &rcc_h7_model.model, &rcc_l4_model.model, &rcc_u5_model.model, &pwr_f4_model,
    &pwr_h7_model,       &pwr_l4_model,       &pwr_u5_model,       &syscfg_h743_model,  NULL,
};

__attribute__((constructor)) static void announce(void) {
    static machine_family stm32 = {.peripherals = peripherals};
    machine_announce(&stm32);
}
