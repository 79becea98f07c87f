/* SPDX-License-Identifier: Apache-2.0 */
// The line of a polled serial port, 8 data bits: a file descriptor, the master of a pty.
//
// Time on the line is counted in ticks. While the firmware looks at an empty receiver, a byte that the host has sent
// arrives at once: waiting is not emulated. While it is busy elsewhere, bytes arrive at the baud rate that it set, and
// those that find the FIFO full are lost, as on the chip.
#include "core/machine.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define BITS_OF_A_BYTE 10 // start, eight data, stop
#define IDLE_POLLS     64 // that many looks at an empty receiver, close together, mean that the firmware waits
#define IDLE_TICKS     4096
#define SLEEP_MS       5
#define PATIENCE_MS    2000 // for a reader that has opened the pty and does not read

static uint64_t ticks_of_a_byte(const machine *chip) {
    uint32_t baud = chip->status.baud ? chip->status.baud : 115200;
    return (uint64_t)chip->status.core_hz * BITS_OF_A_BYTE / baud;
}

// Takes what the host has sent, without waiting.
static void take_input(serial *line) {
    if (line->input_start != line->input_end)
        return;
    ssize_t taken = read(line->descriptor, line->input, sizeof line->input);
    line->input_start = 0;
    line->input_end = taken > 0 ? (uint32_t)taken : 0;
}

static void arrive(machine *chip, uint64_t now) {
    serial *line = &chip->serial;
    uint8_t byte = line->input[line->input_start++];
    line->next_arrival = now + ticks_of_a_byte(chip);
    if (line->fifo_count >= line->capacity) {
        line->lost++;
        line->overrun = true;
        return;
    }
    line->fifo[(line->fifo_start + line->fifo_count++) % sizeof line->fifo] = byte;
    line->received++;
}

static void let_arrive(machine *chip) {
    serial *line = &chip->serial;
    while (line->receiving && line->input_start != line->input_end && line->next_arrival <= machine_ticks(chip))
        arrive(chip, line->next_arrival);
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

bool serial_available(machine *chip) {
    serial *line = &chip->serial;
    let_arrive(chip);
    if (line->fifo_count == 0 && line->receiving) {
        if (line->input_start == line->input_end)
            look_at_empty(chip);
        if (line->input_start != line->input_end)
            arrive(chip, machine_ticks(chip));
    }
    return line->fifo_count > 0;
}

uint8_t serial_take(machine *chip) {
    serial *line = &chip->serial;
    uint8_t byte = line->fifo[line->fifo_start];
    line->fifo_start = (line->fifo_start + 1) % sizeof line->fifo;
    line->fifo_count--;
    line->empty_polls = 0;
    return byte;
}

void serial_put(machine *chip, uint8_t byte) {
    serial *line = &chip->serial;
    line->output[line->output_end++] = byte;
    line->empty_polls = 0;
    if (line->output_end == sizeof line->output)
        flush_output(line);
}

void serial_reset(machine *chip) {
    chip->serial.fifo_count = 0;
    chip->serial.overrun = false;
    chip->serial.empty_polls = 0;
    chip->serial.receiving = false;
}

void serial_service(machine *chip) {
    serial *line = &chip->serial;
    if (line->output_end > 0)
        flush_output(line);
    uint32_t before = line->input_end - line->input_start;
    take_input(line);
    if (before == 0 && line->next_arrival < machine_ticks(chip))
        line->next_arrival = machine_ticks(chip);
    let_arrive(chip);
}
