/* SPDX-License-Identifier: Apache-2.0 */
// A microcontroller on unicorn: memories, peripherals, an exact instruction counter and a serial line to a file
// descriptor. Python (tinydf/emulator/machine.py) describes the chip through the functions at the end; all that
// happens while the firmware runs happens here.
#ifndef TINYDF_EMULATOR_MACHINE_H
#define TINYDF_EMULATOR_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#define MACHINE_MAX_MEMORIES    16
#define MACHINE_MAX_PERIPHERALS 48
#define MACHINE_MAX_GUARDS      16
#define MACHINE_BLOCKS          (1u << 16) // entries of the cache of decoded blocks, a power of two
#define MACHINE_SERVICE_TICKS   (1u << 16) // how often the slow things are looked after: host I/O, watchdog, stop
#define MACHINE_MESSAGE_BYTES   256
#define MACHINE_MAX_WRITES      1024 // the first writes to peripherals are kept: those of the start
#define MACHINE_MAX_SUPPLIES    8
#define MACHINE_MAX_WAIT_STATES 16
#define MACHINE_MAX_BUSES       5 // APB1 on; 0 is none
#define MACHINE_MAX_SELECTIONS  8

typedef struct machine machine;
typedef struct peripheral peripheral;

// One kind of peripheral. A NULL function means plain storage. Offsets are multiples of 4.
typedef struct {
    const char *kind;
    uint32_t (*read)(machine *chip, peripheral *self, uint32_t offset);
    void (*write)(machine *chip, peripheral *self, uint32_t offset, uint32_t value);
    void (*reset)(machine *chip, peripheral *self);
    void (*clock)(machine *chip, peripheral *self); // the clock tree has changed
} peripheral_model;

struct peripheral {
    const peripheral_model *model;
    char name[16];
    uint32_t base;
    uint32_t size;
    uint32_t gate_offset; // of the RCC register with its clock enable bit; unused if gate_mask is 0
    uint32_t gate_mask;
    uint32_t *registers; // size / 4 words
    uint32_t *initial;   // what they are after a reset
    // Of a USART: the APB bus that it is on, the RCC field that selects another clock, and the depth of its FIFOs.
    uint32_t bus;
    uint32_t select_offset;
    uint32_t select_mask; // 0 if the bus is the only clock
    uint32_t fifo_bytes;
};

// A kind of processor: what unicorn is to be, and what differs between them.
typedef struct {
    const char *name;
    uc_arch architecture;
    uc_mode mode;
    int cpu;
    int program_counter; // unicorn's numbers of two registers
    int link_register;
    uint32_t peripherals_origin; // what no memory of the chip lies in
    uint32_t peripherals_size;
    uint32_t entry_bit;             // set in the address where to go on
    bool armv8m;                    // the MPU is that of Armv8-M
    bool counter_locked;            // DWT takes writes only after the CoreSight key
    bool (*is_wide)(uint16_t half); // whether an instruction that begins so has four bytes, and not two
    void (*reset)(machine *chip);   // its registers
    uc_err (*add_hooks)(machine *chip);
    void (*service)(machine *chip); // what the chip's watchdogs and guards want now and then
} core_model;

typedef struct {
    uint32_t origin;
    uint32_t size;
    bool writable;
    bool alias; // of another memory, whose bytes these are
    uint8_t *bytes;
} memory;

// A run of instructions with one entry, and how many instructions it has.
typedef struct {
    uint32_t address;
    uint32_t size;
    uint32_t instructions;
} block;

// A no-access MPU region: unicorn does not enforce it, so its bytes are compared with a copy at every service.
typedef struct {
    const uint8_t *live;
    uint8_t *copy;
    uint32_t origin;
    uint32_t size;
} guard;

typedef struct {
    int descriptor;
    uint8_t input[4096]; // what the host has sent and the line has not delivered yet
    uint32_t input_start, input_end;
    uint8_t output[4096];
    uint32_t output_end;
    uint8_t fifo[128];
    uint32_t fifo_start, fifo_count;
    uint32_t capacity; // of the FIFO, in bytes
    bool receiving;    // else the line is not looked at
    bool overrun;
    uint64_t next_arrival; // the tick at which the line delivers the next byte
    uint64_t last_poll;    // the tick of the last look at an empty receiver
    uint32_t empty_polls;  // how many such looks in a row
    uint64_t received, sent, lost, dropped;
} serial;

// What an STM32's RCC makes of its registers. `kernel_hz` is by the value of a USART's selection field; 0 is its bus.
typedef struct {
    uint32_t core_hz;
    uint32_t bus_hz; // of the AHB, on which the flash is
    uint32_t apb_hz[MACHINE_MAX_BUSES];
    uint32_t kernel_hz[MACHINE_MAX_SELECTIONS];
} clock_tree;

// What one setting of the voltage regulator allows. The flash's limit is by wait states; the last goes for more.
typedef struct {
    char name[32]; // empty: reserved
    uint32_t core_hz;
    uint32_t flash_hz[MACHINE_MAX_WAIT_STATES];
    uint32_t wait_states; // how many limits there are
} supply;

// What every PLL of the chip needs to lock.
typedef struct {
    uint32_t input_low_hz, input_high_hz, vco_low_hz, vco_high_hz;
} pll_range;

typedef struct {
    uint32_t address, value;
} register_write;

typedef enum {
    RESET_POWER = 0,
    RESET_SOFTWARE,
    RESET_WATCHDOG,
    RESET_SECOND_WATCHDOG,
} reset_cause;

typedef enum {
    OUTCOME_NONE = 0,
    OUTCOME_STOPPED = 1, // machine_stop
    OUTCOME_FAULT = 2,   // the firmware did what the chip, or this model of it, cannot do
} outcome;

// What Python reads; the layout is repeated in machine.py.
typedef struct {
    uint64_t instructions; // executed since power-on
    uint64_t received;     // bytes that reached the receiver's FIFO
    uint64_t sent;         // bytes written to the host
    uint64_t overruns;     // received bytes lost because the FIFO was full
    uint64_t dropped;      // sent bytes lost because nobody was reading
    uint32_t resets;
    uint32_t watchdog_resets;
    uint32_t core_hz;   // what the clock tree is set to
    uint32_t kernel_hz; // of the serial port's clock
    uint32_t baud;      // what the serial port is set to
    uint32_t wait_states;
    uint32_t ready; // 1 once the firmware has waited for the serial line
    uint32_t outcome;
    uint32_t program_counter;
    uint32_t link_register;
    char supply[32]; // the voltage regulator's setting, in the manual's words
    char message[MACHINE_MESSAGE_BYTES];
} machine_status;

struct machine {
    const core_model *core;
    uc_engine *engine;
    memory memories[MACHINE_MAX_MEMORIES];
    uint32_t memory_count;
    peripheral peripherals[MACHINE_MAX_PERIPHERALS];
    uint32_t peripheral_count;
    guard guards[MACHINE_MAX_GUARDS];
    uint32_t guard_count;
    peripheral *rcc, *flash; // of an STM32: gates and wait states
    clock_tree clocks;
    pll_range pll;
    supply supplies[MACHINE_MAX_SUPPLIES]; // by `voltage`, plus 4 where `boosted`
    uint32_t voltage;                      // the field that selects it, as PWR has it
    bool boosted;                          // over-drive, boost: what PWR adds to it
    uint32_t apb_limits_hz[MACHINE_MAX_BUSES];
    serial serial;
    uint32_t hse_hz; // of the external clock
    uint32_t boot_address;

    block blocks[MACHINE_BLOCKS];
    const block *current;      // being executed, and counted whole
    uint64_t before_current;   // instructions executed before it
    uint64_t next_service;     // in instructions
    uint64_t counter_base;     // ticks at which DWT->CYCCNT was 0
    uint64_t counter_read_at;  // `before_current` of the last read of CYCCNT ...
    uint32_t counter_position; // ... and how far into the block it was
    uint64_t systick_base;
    uint64_t watchdog_deadline; // in ticks; UINT64_MAX until the watchdog is started
    uint64_t rtc_deadline;      // of a second watchdog
    reset_cause reset_due;      // RESET_POWER if none is
    uint32_t counter_event;     // of the ESP32-C3's performance counter: mpcer, mpcmr, and mpccr while it stands still
    uint32_t counter_mode;
    uint32_t counter_stopped_at;
    uint64_t timer_value; // of the ESP32-C3's system timer at tick `timer_at`
    uint64_t timer_at;
    bool counter_unlocked;
    register_write writes[MACHINE_MAX_WRITES];
    uint32_t write_count;
    volatile bool stop_requested;
    machine_status status;
};

// machine.c
uint64_t machine_ticks(const machine *chip); // instructions since power-on, at the present block's start
void machine_fail(machine *chip, const char *format, ...) __attribute__((format(printf, 2, 3)));
void machine_request_reset(machine *chip, reset_cause cause);
void machine_reset_registers(peripheral *self); // to their initial values
peripheral *machine_peripheral(machine *chip, uint32_t address);
uint64_t machine_read_peripheral(machine *chip, uint32_t address, unsigned size);
void machine_write_peripheral(machine *chip, uint32_t address, unsigned size, uint32_t value);
const uint8_t *machine_bytes(const machine *chip, uint32_t address, uint32_t size); // NULL outside the memories

// count.c
const block *count_block(machine *chip, uint32_t address, uint32_t size);
uint32_t count_before(const machine *chip, uint32_t address); // instructions of the block before that at `address`
uint16_t half_at(const uint8_t *bytes);

// arm.c
extern const core_model cortex_m4_core, cortex_m7_core, cortex_m33_core;
uint32_t count_before_load(machine *chip, uint32_t target); // instructions of the block done before it loads `target`

// riscv.c
extern const core_model riscv_core;

// esp32c3/esp32c3.c
void esp32c3_service(machine *chip);

// serial.c, for the models of serial ports
void serial_reset(machine *chip);
bool serial_available(machine *chip);         // the firmware looks whether there is a byte
uint8_t serial_take(machine *chip);           // the next byte; only if there is one
void serial_put(machine *chip, uint8_t byte); // to the host
void serial_service(machine *chip);

// stm32/clocks.c: what the families' RCCs share
bool clocks_pll_locks(machine *chip, uint32_t input_hz, uint64_t vco_hz);           // else the machine stops
uint32_t clocks_follow(uint32_t value, uint32_t enable, uint32_t ready, bool runs); // bits, by their numbers
uint32_t clocks_ahb_shift(uint32_t field);
uint32_t clocks_apb_shift(uint32_t field);
void clocks_set(machine *chip, const clock_tree *clocks);
void clocks_check(machine *chip); // stops the machine where voltage and wait states do not allow the clocks
uint32_t clocks_kernel_hz(const machine *chip, const peripheral *serial_port);
void clocks_reset_causes(machine *chip, peripheral *self, uint32_t offset, uint32_t flags); // RCC_CSR of F4, F7, L4, U5
void clocks_write_causes(peripheral *self, uint32_t offset, uint32_t value, uint32_t flags, uint32_t remove);

// stm32/rcc_u5.c
uint32_t rcc_u5_booster_hz(const machine *chip);

// stm32/usart.c
uint32_t usart_baud(uint32_t clock_hz, uint32_t divisor, bool over8);

// stm32/iwdg.c
void iwdg_service(machine *chip);

// mpu.c
void mpu_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value);
uint32_t mpu_read(const machine *chip, peripheral *self, uint32_t offset);
void mpu_reset(machine *chip);
void mpu_service(machine *chip);

extern const peripheral_model storage_model, scs_model, dwt_model;
extern const peripheral_model flash_model, iwdg_model, usart_model, lpuart_model, usart_f4_model;
extern const peripheral_model rcc_f4_model, rcc_h7_model, rcc_l4_model, rcc_u5_model;
extern const peripheral_model pwr_f4_model, pwr_h7_model, pwr_l4_model, pwr_u5_model, syscfg_h743_model;
extern const peripheral_model esp32c3_uart_model, esp32c3_system_model, esp32c3_systimer_model,
    esp32c3_timer_group_model, esp32c3_rtc_model, esp32c3_efuse_model;

// For Python. All return 0, or a uc_err.
machine *machine_create(const char *core, uint32_t hse_hz, uint32_t boot_address, int serial_descriptor);
int machine_add_memory(machine *chip, uint32_t origin, uint32_t size, bool writable);
int machine_add_alias(machine *chip, uint32_t origin, uint32_t of); // the memory at `of` once more, at `origin`
int machine_add_peripheral(machine *chip, const char *name, const char *kind, uint32_t base, uint32_t size,
                           uint32_t gate_offset, uint32_t gate_mask);
int machine_set_initial(machine *chip, uint32_t address, uint32_t value); // of a register, after every reset
int machine_set_serial(machine *chip, uint32_t base, uint32_t bus, uint32_t select_offset, uint32_t select_mask,
                       uint32_t fifo_bytes);
int machine_set_supply(machine *chip, uint32_t index, const char *name, uint32_t core_hz, const uint32_t *flash_hz,
                       uint32_t wait_states);
void machine_set_pll(machine *chip, uint32_t input_low, uint32_t input_high, uint32_t vco_low, uint32_t vco_high);
int machine_set_bus_limit(machine *chip, uint32_t bus, uint32_t hz);
int machine_load(machine *chip, uint32_t address, const uint8_t *bytes, uint32_t size);
int machine_start(machine *chip);                  // after the last memory and peripheral
void machine_run(machine *chip);                   // returns when stopped; `status` says why
void machine_stop(machine *chip);                  // from any thread or signal handler
const machine_status *machine_look(machine *chip); // from any thread; figures may be a service old
const register_write *machine_writes(const machine *chip, uint32_t *count); // the first ones since power-on, in order
void machine_destroy(machine *chip);

#endif
