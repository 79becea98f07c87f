// USART with FIFOs (RM0433, chapter 48), polled, 8 data bits; its line is a file descriptor (the master of a pty).
//
// Time on the line is counted in ticks. While the firmware looks at an empty receiver, a byte that the host has sent
// arrives at once: waiting is not emulated. While it is busy elsewhere, bytes arrive at the baud rate that it set, and
// those that find the FIFO full are lost, as on the chip.
#include "machine.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CR1 = 0x00, CR3 = 0x08, BRR = 0x0C, RQR = 0x18, ISR = 0x1C, ICR = 0x20, RDR = 0x24, TDR = 0x28, PRESC = 0x2C };

#define CR1_UE     (1u << 0)
#define CR1_RE     (1u << 2)
#define CR1_TE     (1u << 3)
#define CR1_OVER8  (1u << 15)
#define CR1_FIFOEN (1u << 29)
#define CR3_OVRDIS (1u << 12)
#define RQR_RXFRQ  (1u << 3)
#define ISR_ORE    (1u << 3)
#define ISR_RXNE   (1u << 5)
#define ISR_TC     (1u << 6)
#define ISR_TXFNF  (1u << 7)
#define ISR_TEACK  (1u << 21)
#define ISR_REACK  (1u << 22)
#define ISR_TXFE   (1u << 23)
#define ISR_RXFF   (1u << 24)
#define ICR_ORECF  (1u << 3)

#define BITS_OF_A_BYTE 10 // start, eight data, stop
#define IDLE_POLLS     64 // that many looks at an empty receiver, close together, mean that the firmware waits
#define IDLE_TICKS     4096
#define SLEEP_MS       5
#define PATIENCE_MS    2000 // for a reader that has opened the pty and does not read

static uint32_t capacity(const peripheral *self) {
    return self->registers[CR1 / 4] & CR1_FIFOEN ? 16 : 1;
}

static bool receiving(const peripheral *self) {
    return (self->registers[CR1 / 4] & (CR1_UE | CR1_RE)) == (CR1_UE | CR1_RE);
}

// RM0433, 48.5.6: baud = kernel clock / BRR with oversampling by 16; by 8 the low four bits are shifted right by one.
static uint32_t baud_of(const machine *chip, const peripheral *self) {
    static const uint32_t prescalers[16] = {1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256, 256, 256, 256, 256};
    uint32_t divisor = self->registers[BRR / 4] & 0xFFFFu;
    uint32_t clock = rcc_usart_hz(chip) / prescalers[self->registers[PRESC / 4] & 15];
    if (self->registers[CR1 / 4] & CR1_OVER8) {
        divisor = (divisor & 0xFFF0u) | (divisor & 7u) << 1;
        clock *= 2;
    }
    return divisor < 16 ? 0 : clock / divisor;
}

static uint64_t ticks_of_a_byte(const machine *chip) {
    uint32_t baud = chip->status.baud ? chip->status.baud : 115200;
    return (uint64_t)rcc_core_hz(chip) * BITS_OF_A_BYTE / baud;
}

// Takes what the host has sent, without waiting.
static void take_input(serial *line) {
    if (line->input_start != line->input_end)
        return;
    ssize_t taken = read(line->descriptor, line->input, sizeof line->input);
    line->input_start = 0;
    line->input_end = taken > 0 ? (uint32_t)taken : 0;
}

static void arrive(machine *chip, const peripheral *self, uint64_t now) {
    serial *line = &chip->serial;
    uint8_t byte = line->input[line->input_start++];
    line->next_arrival = now + ticks_of_a_byte(chip);
    if (line->fifo_count >= capacity(self)) {
        line->lost++;
        line->overrun = (self->registers[CR3 / 4] & CR3_OVRDIS) == 0;
        return;
    }
    line->fifo[(line->fifo_start + line->fifo_count++) % sizeof line->fifo] = byte;
    line->received++;
}

static void let_arrive(machine *chip, const peripheral *self) {
    serial *line = &chip->serial;
    while (receiving(self) && line->input_start != line->input_end && line->next_arrival <= machine_ticks(chip))
        arrive(chip, self, line->next_arrival);
}

// Nobody has the pty open.
static bool unplugged(const serial *line) {
    struct pollfd one = {.fd = line->descriptor, .events = POLLOUT};
    return poll(&one, 1, 0) > 0 && (one.revents & (POLLHUP | POLLERR)) != 0;
}

static void flush_output(serial *line) {
    uint32_t done = 0;
    while (done < line->output_end && !unplugged(line)) {
        ssize_t count = write(line->descriptor, line->output + done, line->output_end - done);
        if (count > 0) {
            done += (uint32_t)count;
            continue;
        }
        struct pollfd room = {.fd = line->descriptor, .events = POLLOUT};
        if (count < 0 && errno != EAGAIN && errno != EINTR)
            break;
        if (poll(&room, 1, PATIENCE_MS) == 0)
            break;
    }
    line->sent += done;
    line->dropped += line->output_end - done;
    line->output_end = 0;
}

// The firmware waits, and so does the host, until a byte comes or a little time has passed.
static void wait_for_input(machine *chip) {
    serial *line = &chip->serial;
    struct pollfd one = {.fd = line->descriptor, .events = POLLIN};
    if (unplugged(line)) {
        struct timespec pause = {.tv_nsec = SLEEP_MS * 1000000};
        nanosleep(&pause, NULL);
    } else {
        poll(&one, 1, SLEEP_MS);
    }
    take_input(line);
    chip->status.ready = 1;
    chip->next_service = chip->status.instructions;
}

static void look_at_empty(machine *chip) {
    serial *line = &chip->serial;
    uint64_t now = machine_ticks(chip);
    line->empty_polls = now - line->last_poll < IDLE_TICKS ? line->empty_polls + 1 : 0;
    line->last_poll = now;
    if (line->empty_polls == IDLE_POLLS && line->output_end > 0)
        flush_output(line);
    if (line->empty_polls < IDLE_POLLS)
        return;
    take_input(line);
    if (line->input_start == line->input_end)
        wait_for_input(chip);
    line->empty_polls = IDLE_POLLS;
    line->last_poll = machine_ticks(chip);
}

static uint32_t status_of(machine *chip, peripheral *self) {
    serial *line = &chip->serial;
    let_arrive(chip, self);
    if (line->fifo_count == 0 && receiving(self)) {
        if (line->input_start == line->input_end)
            look_at_empty(chip);
        if (line->input_start != line->input_end)
            arrive(chip, self, machine_ticks(chip));
    }
    uint32_t control = self->registers[CR1 / 4];
    uint32_t status = ISR_TC | ISR_TXFNF;
    status |= line->fifo_count ? ISR_RXNE : 0;
    status |= line->overrun ? ISR_ORE : 0;
    status |= control & CR1_UE && control & CR1_TE ? ISR_TEACK : 0;
    status |= control & CR1_UE && control & CR1_RE ? ISR_REACK : 0;
    if (control & CR1_FIFOEN)
        status |= ISR_TXFE | (line->fifo_count >= capacity(self) ? ISR_RXFF : 0);
    return status;
}

static uint32_t receive(machine *chip, peripheral *self) {
    serial *line = &chip->serial;
    let_arrive(chip, self);
    if (line->fifo_count == 0)
        return self->registers[RDR / 4];
    self->registers[RDR / 4] = line->fifo[line->fifo_start];
    line->fifo_start = (line->fifo_start + 1) % sizeof line->fifo;
    line->fifo_count--;
    line->empty_polls = 0;
    return self->registers[RDR / 4];
}

static void transmit(machine *chip, const peripheral *self, uint32_t value) {
    serial *line = &chip->serial;
    uint32_t control = self->registers[CR1 / 4];
    if ((control & CR1_UE) == 0 || (control & CR1_TE) == 0)
        return; // goes nowhere, as on the chip
    line->output[line->output_end++] = (uint8_t)value;
    line->empty_polls = 0;
    if (line->output_end == sizeof line->output)
        flush_output(line);
}

static uint32_t usart_read(machine *chip, peripheral *self, uint32_t offset) {
    if (offset == ISR)
        return status_of(chip, self);
    if (offset == RDR)
        return receive(chip, self);
    return self->registers[offset / 4];
}

static void usart_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    bool enabled = self->registers[CR1 / 4] & CR1_UE;
    switch (offset) {
    case TDR:
        transmit(chip, self, value);
        return;
    case ICR:
        chip->serial.overrun = chip->serial.overrun && (value & ICR_ORECF) == 0;
        return;
    case RQR:
        if (value & RQR_RXFRQ)
            chip->serial.fifo_count = 0;
        return;
    case BRR:
    case PRESC:
        if (!enabled) // RM0433, 48.7.5: "can only be written when the USART is disabled"
            self->registers[offset / 4] = value;
        break;
    default:
        self->registers[offset / 4] = value;
    }
    chip->status.baud = baud_of(chip, self);
}

static void usart_reset(machine *chip, peripheral *self) {
    memset(self->registers, 0, self->size);
    chip->serial.fifo_count = 0;
    chip->serial.overrun = false;
    chip->serial.empty_polls = 0;
}

void serial_service(machine *chip) {
    serial *line = &chip->serial;
    if (line->output_end > 0)
        flush_output(line);
    uint32_t before = line->input_end - line->input_start;
    take_input(line);
    if (before == 0 && line->next_arrival < machine_ticks(chip))
        line->next_arrival = machine_ticks(chip);
    for (uint32_t index = 0; index < chip->peripheral_count; index++)
        if (chip->peripherals[index].model == &usart_model)
            let_arrive(chip, &chip->peripherals[index]);
}

const peripheral_model usart_model = {"usart", usart_read, usart_write, usart_reset};
