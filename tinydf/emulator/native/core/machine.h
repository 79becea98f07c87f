/* SPDX-License-Identifier: Apache-2.0 */
// A microcontroller on unicorn: memories, peripherals, an exact instruction counter and a serial line to a file
// descriptor. Python (tinydf/emulator/machine.py) describes the chip through the functions at the end; all that
// happens while the firmware runs happens here.
//
// Nothing here knows a chip. A family of chips is a folder: its cores and kinds of peripherals, each with a state of
// its own that the machine holds for it, and one `machine_family` that names them.
#ifndef TINYDF_EMULATOR_MACHINE_H
#define TINYDF_EMULATOR_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#define MACHINE_MAX_MEMORIES    16
#define MACHINE_MAX_PERIPHERALS 48
#define MACHINE_BLOCKS          (1u << 16) // entries of the cache of decoded blocks, a power of two
#define MACHINE_SERVICE_TICKS   (1u << 16) // how often the slow things are looked after: host I/O, watchdog, stop
#define MACHINE_MESSAGE_BYTES   256
#define MACHINE_MAX_WRITES      1024 // the first writes to peripherals are kept: those of the start

typedef struct machine machine;
typedef struct peripheral peripheral;

// One kind of peripheral. A NULL function means plain storage. Offsets are multiples of 4.
typedef struct {
    const char *kind;
    size_t state_bytes; // of peripheral.state, beside its registers; zeros at power-on
    bool gates;         // its registers hold the clock enable bits of the chip's peripherals
    uint32_t (*read)(machine *chip, peripheral *self, uint32_t offset);
    void (*write)(machine *chip, peripheral *self, uint32_t offset, uint32_t value);
    void (*reset)(machine *chip, peripheral *self);
    void (*clock)(machine *chip, peripheral *self);   // the clock tree has changed
    void (*service)(machine *chip, peripheral *self); // every MACHINE_SERVICE_TICKS: a watchdog
    void (*close)(peripheral *self);                  // frees what the state holds
} peripheral_model;

struct peripheral {
    const peripheral_model *model;
    char name[16];
    uint32_t base;
    uint32_t size;
    uint32_t gate_offset; // of the register with its clock enable bit; unused if gate_mask is 0
    uint32_t gate_mask;
    uint32_t *registers; // size / 4 words
    uint32_t *initial;   // what they are after a reset
    void *state;         // what its model keeps beside them
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
    size_t state_bytes;             // of machine.core_state; zeros at power-on
    bool (*is_wide)(uint16_t half); // whether an instruction that begins so has four bytes, and not two
    void (*reset)(machine *chip);   // its registers
    uc_err (*add_hooks)(machine *chip);
} core_model;

// A folder of cores and peripherals, which Python names. Lists end with NULL; the family announces itself when the
// library is loaded, by a function that is marked as a constructor.
typedef struct machine_family {
    const core_model *const *cores;
    const peripheral_model *const *peripherals;
    struct machine_family *next; // set by machine_announce
} machine_family;

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
    void *core_state;
    uc_engine *engine;
    memory memories[MACHINE_MAX_MEMORIES];
    uint32_t memory_count;
    peripheral peripherals[MACHINE_MAX_PERIPHERALS];
    uint32_t peripheral_count;
    peripheral *gates; // with the clock enable bits; NULL if the chip has none
    serial serial;
    uint32_t hse_hz; // of the external clock
    uint32_t boot_address;

    block blocks[MACHINE_BLOCKS];
    const block *current;    // being executed, and counted whole
    uint64_t before_current; // instructions executed before it
    uint64_t next_service;   // in instructions
    reset_cause reset_due;   // RESET_POWER if none is
    register_write writes[MACHINE_MAX_WRITES];
    uint32_t write_count;
    volatile bool stop_requested;
    machine_status status;
};

// machine.c
uint64_t machine_ticks(const machine *chip); // instructions since power-on, at the present block's start
void machine_fail(machine *chip, const char *format, ...) __attribute__((format(printf, 2, 3)));
void machine_request_reset(machine *chip, reset_cause cause);
void machine_watch(machine *chip, uint64_t deadline,
                   reset_cause cause);          // a watchdog's service: bites from that tick on
void machine_reset_registers(peripheral *self); // to their initial values
peripheral *machine_peripheral(machine *chip, uint32_t address);
peripheral *machine_find(machine *chip, const peripheral_model *model); // the first of that kind; NULL if there is none
void machine_clock_changed(machine *chip);                              // tells the peripherals
void machine_announce(machine_family *family);
uint64_t machine_read_peripheral(machine *chip, uint32_t address, unsigned size);
void machine_write_peripheral(machine *chip, uint32_t address, unsigned size, uint32_t value);
const uint8_t *machine_bytes(const machine *chip, uint32_t address, uint32_t size); // NULL outside the memories

// count.c
const block *count_block(machine *chip, uint32_t address, uint32_t size);
uint32_t count_before(const machine *chip, uint32_t address); // instructions of the block before that at `address`
uint16_t half_at(const uint8_t *bytes);

// serial.c, for the models of serial ports
void serial_reset(machine *chip);
bool serial_available(machine *chip);         // the firmware looks whether there is a byte
uint8_t serial_take(machine *chip);           // the next byte; only if there is one
void serial_put(machine *chip, uint8_t byte); // to the host
void serial_service(machine *chip);

// For Python. All return 0, or a uc_err.
machine *machine_create(const char *core, uint32_t hse_hz, uint32_t boot_address, int serial_descriptor);
int machine_add_memory(machine *chip, uint32_t origin, uint32_t size, bool writable);
int machine_add_alias(machine *chip, uint32_t origin, uint32_t of); // the memory at `of` once more, at `origin`
int machine_add_peripheral(machine *chip, const char *name, const char *kind, uint32_t base, uint32_t size,
                           uint32_t gate_offset, uint32_t gate_mask);
int machine_set_initial(machine *chip, uint32_t address, uint32_t value); // of a register, after every reset
int machine_load(machine *chip, uint32_t address, const uint8_t *bytes, uint32_t size);
int machine_start(machine *chip);                  // after the last memory and peripheral
void machine_run(machine *chip);                   // returns when stopped; `status` says why
void machine_stop(machine *chip);                  // from any thread or signal handler
const machine_status *machine_look(machine *chip); // from any thread; figures may be a service old
const register_write *machine_writes(const machine *chip, uint32_t *count); // the first ones since power-on, in order
void machine_destroy(machine *chip);

#endif
