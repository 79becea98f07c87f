/* SPDX-License-Identifier: Apache-2.0 */
// The STM32 families: what their clocks, supplies and serial ports share. What the chip does not allow stops the
// machine: on a bench it would fail now and then.
#ifndef TINYDF_EMULATOR_STM32_H
#define TINYDF_EMULATOR_STM32_H

#include "core/machine.h"

#define STM32_MAX_SUPPLIES    8
#define STM32_MAX_WAIT_STATES 16
#define STM32_MAX_BUSES       5 // APB1 on; 0 is none
#define STM32_MAX_SELECTIONS  8

// What an RCC makes of its registers. `kernel_hz` is by the value of a USART's selection field; 0 is its bus.
typedef struct {
    uint32_t core_hz;
    uint32_t bus_hz; // of the AHB, on which the flash is
    uint32_t apb_hz[STM32_MAX_BUSES];
    uint32_t kernel_hz[STM32_MAX_SELECTIONS];
} clock_tree;

// What one setting of the voltage regulator allows. The flash's limit is by wait states; the last goes for more.
typedef struct {
    char name[32]; // empty: reserved
    uint32_t core_hz;
    uint32_t flash_hz[STM32_MAX_WAIT_STATES];
    uint32_t wait_states; // how many limits there are
} supply;

// What every PLL of the chip needs to lock.
typedef struct {
    uint32_t input_low_hz, input_high_hz, vco_low_hz, vco_high_hz;
} pll_range;

// The state of an RCC, of any family: the clock tree, and what limits it.
typedef struct {
    clock_tree tree;
    pll_range pll;
    supply supplies[STM32_MAX_SUPPLIES]; // by `voltage`, plus 4 where `boosted`
    uint32_t voltage;                    // the field that selects it, as PWR has it
    bool boosted;                        // over-drive, boost: what PWR adds to it
    uint32_t apb_limits_hz[STM32_MAX_BUSES];
} rcc_state;

// An RCC: where its registers are, and what its family makes of them.
typedef struct {
    peripheral_model model;         // first: peripheral.model points to it
    uint32_t cr, cfgr, bdcr, csr;   // offsets; CSR has LSION and LSIRDY
    uint32_t switch_bits;           // the width of CFGR.SW, which is at bit 0, and of CFGR.SWS, which is right above
    uint32_t causes;                // the offset of the register with the flags of reset causes, and its bits:
    uint32_t cause_flags, software, // all flags, that of a software reset,
        watchdog, remove;           // that of the independent watchdog, and what removes all
    uint32_t (*with_ready_bits)(machine *chip, const peripheral *self, uint32_t control);
    uint32_t (*system_hz)(const machine *chip, const peripheral *self, uint32_t selection); // 0 if it is not running
    clock_tree (*tree)(const machine *chip, const peripheral *self);
    // The system clock may have changed from source `before`; NULL if every step is allowed.
    void (*step)(machine *chip, const peripheral *self, uint32_t before);
} rcc_model;

// What every RCC's peripheral_model has. Its own `write` ends in rcc_write.
#define RCC_MODEL(name) .kind = name, .state_bytes = sizeof(rcc_state), .gates = true, .reset = rcc_reset

// Of a USART: the APB bus that it is on, the RCC field that selects another clock, and the depth of its FIFOs.
typedef struct {
    uint32_t bus;
    uint32_t select_offset;
    uint32_t select_mask; // 0 if the bus is the only clock
    uint32_t fifo_bytes;
} usart_state;

// rcc.c
void rcc_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value);
void rcc_reset(machine *chip, peripheral *self);

// clocks.c
rcc_state *clocks_of(const machine *chip);
bool clocks_pll_locks(machine *chip, uint32_t input_hz, uint64_t vco_hz);           // else the machine stops
uint32_t clocks_follow(uint32_t value, uint32_t enable, uint32_t ready, bool runs); // bits, by their numbers
uint32_t clocks_ahb_shift(uint32_t field);
uint32_t clocks_apb_shift(uint32_t field);
void clocks_check(machine *chip); // stops the machine where voltage and wait states do not allow the clocks
uint32_t clocks_kernel_hz(const machine *chip, const usart_state *serial_port);

// rcc_u5.c
uint32_t rcc_u5_booster_hz(const machine *chip);

// usart.c
uint32_t usart_baud(uint32_t clock_hz, uint32_t divisor, bool over8);
void usart_reset(machine *chip, peripheral *self);

extern const rcc_model rcc_f4_model, rcc_h7_model, rcc_l4_model, rcc_u5_model;
extern const peripheral_model flash_model, iwdg_model, usart_model, lpuart_model, usart_f4_model;
extern const peripheral_model pwr_f4_model, pwr_h7_model, pwr_l4_model, pwr_u5_model, syscfg_h743_model;

// For Python, after the RCC and the serial port have been added. All return 0, or a uc_err.
int stm32_set_serial(machine *chip, uint32_t base, uint32_t bus, uint32_t select_offset, uint32_t select_mask,
                     uint32_t fifo_bytes);
int stm32_set_supply(machine *chip, uint32_t index, const char *name, uint32_t core_hz, const uint32_t *flash_hz,
                     uint32_t wait_states);
int stm32_set_pll(machine *chip, uint32_t input_low, uint32_t input_high, uint32_t vco_low, uint32_t vco_high);
int stm32_set_bus_limit(machine *chip, uint32_t bus, uint32_t hz);

#endif
