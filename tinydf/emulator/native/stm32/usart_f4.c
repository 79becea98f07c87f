/* SPDX-License-Identifier: Apache-2.0 */
// USART with the registers SR and DR (RM0390, chapter 25), polled, 8 data bits; serial.c is its line.
#include "stm32/stm32.h"

enum { SR = 0x00, DR = 0x04, BRR = 0x08, CR1 = 0x0C };

#define CR1_RE    (1u << 2)
#define CR1_TE    (1u << 3)
#define CR1_UE    (1u << 13)
#define CR1_OVER8 (1u << 15)
#define SR_ORE    (1u << 3)
#define SR_RXNE   (1u << 5)
#define SR_TC     (1u << 6)
#define SR_TXE    (1u << 7)

// RM0390, USART_BRR: the 12 high bits of BRR are whole, the 4 (3 with oversampling by 8) low ones a fraction.
static void set_baud(machine *chip, peripheral *self) {
    uint32_t divisor = self->registers[BRR / 4];
    bool over8 = self->registers[CR1 / 4] & CR1_OVER8;
    chip->status.kernel_hz = clocks_kernel_hz(chip, self->state);
    chip->status.baud = usart_baud(chip->status.kernel_hz, divisor, over8);
}

// RM0390, USART_SR.ORE: reading SR and then DR clears the overrun flag.
static uint32_t usart_read(machine *chip, peripheral *self, uint32_t offset) {
    serial *line = &chip->serial;
    if (offset == SR) {
        uint32_t status = SR_TC | SR_TXE | (serial_available(chip) ? SR_RXNE : 0) | (line->overrun ? SR_ORE : 0);
        self->registers[SR / 4] = status; // what has been seen
        return status;
    }
    if (offset == DR) {
        line->overrun = line->overrun && (self->registers[SR / 4] & SR_ORE) == 0;
        self->registers[DR / 4] = line->fifo_count > 0 ? serial_take(chip) : self->registers[DR / 4];
    }
    return self->registers[offset / 4];
}

static void usart_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    uint32_t control = self->registers[CR1 / 4];
    if (offset == SR)
        return;
    if (offset == DR) {
        if ((control & CR1_UE) && (control & CR1_TE)) // else it goes nowhere, as on the chip
            serial_put(chip, (uint8_t)value);
        return;
    }
    self->registers[offset / 4] = value;
    control = self->registers[CR1 / 4];
    chip->serial.receiving = (control & (CR1_UE | CR1_RE)) == (CR1_UE | CR1_RE);
    set_baud(chip, self);
}

const peripheral_model usart_f4_model = {
    .kind = "usart-f4",
    .state_bytes = sizeof(usart_state),
    .read = usart_read,
    .write = usart_write,
    .reset = usart_reset,
    .clock = set_baud,
};
