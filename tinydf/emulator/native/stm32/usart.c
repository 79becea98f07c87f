/* SPDX-License-Identifier: Apache-2.0 */
// USART and LPUART with the registers ISR, RDR and TDR (RM0433, chapters 48 and 49; the F767's have no FIFOs and no
// prescaler), polled, 8 data bits; serial.c is the line.
#include "stm32/stm32.h"

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

// RM0433, 48.5.6: baud = clock / BRR with oversampling by 16; by 8 the low four bits are shifted right by one.
uint32_t usart_baud(uint32_t clock_hz, uint32_t divisor, bool over8) {
    divisor &= 0xFFFFu;
    if (over8)
        divisor = (divisor & 0xFFF0u) | (divisor & 7u) << 1;
    return divisor < 16 ? 0 : (uint32_t)((uint64_t)clock_hz * (over8 ? 2 : 1) / divisor);
}

// RM0432, LPUART_BRR: 256 x clock / BRR, and BRR is 0x300 or more.
static uint32_t lpuart_baud(uint32_t clock_hz, uint32_t divisor) {
    divisor &= 0xFFFFFu;
    return divisor < 0x300u ? 0 : (uint32_t)((uint64_t)clock_hz * 256 / divisor);
}

static void set_baud(machine *chip, peripheral *self) {
    static const uint32_t prescalers[16] = {1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256, 256, 256, 256, 256};
    uint32_t prescaler = self->size > PRESC ? self->registers[PRESC / 4] & 15 : 0;
    uint32_t clock = clocks_kernel_hz(chip, self->state) / prescalers[prescaler];
    uint32_t divisor = self->registers[BRR / 4];
    bool low_power = self->model == &lpuart_model;
    chip->status.kernel_hz = clock;
    chip->status.baud =
        low_power ? lpuart_baud(clock, divisor) : usart_baud(clock, divisor, self->registers[CR1 / 4] & CR1_OVER8);
}

static uint32_t status_of(machine *chip, peripheral *self) {
    const serial *line = &chip->serial;
    uint32_t control = self->registers[CR1 / 4];
    uint32_t status = ISR_TC | ISR_TXFNF;
    status |= serial_available(chip) ? ISR_RXNE : 0;
    status |= line->overrun && (self->registers[CR3 / 4] & CR3_OVRDIS) == 0 ? ISR_ORE : 0;
    status |= control & CR1_UE && control & CR1_TE ? ISR_TEACK : 0;
    status |= control & CR1_UE && control & CR1_RE ? ISR_REACK : 0;
    if (((const usart_state *)self->state)->fifo_bytes > 1 && control & CR1_FIFOEN)
        status |= ISR_TXFE | (line->fifo_count >= line->capacity ? ISR_RXFF : 0);
    return status;
}

static uint32_t receive(machine *chip, peripheral *self) {
    if (chip->serial.fifo_count > 0)
        self->registers[RDR / 4] = serial_take(chip);
    return self->registers[RDR / 4];
}

static void transmit(machine *chip, const peripheral *self, uint32_t value) {
    uint32_t control = self->registers[CR1 / 4];
    if ((control & CR1_UE) && (control & CR1_TE)) // else it goes nowhere, as on the chip
        serial_put(chip, (uint8_t)value);
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
    uint32_t control = self->registers[CR1 / 4];
    chip->serial.capacity = control & CR1_FIFOEN ? ((const usart_state *)self->state)->fifo_bytes : 1;
    chip->serial.receiving = (control & (CR1_UE | CR1_RE)) == (CR1_UE | CR1_RE);
    set_baud(chip, self);
}

void usart_reset(machine *chip, peripheral *self) {
    machine_reset_registers(self);
    serial_reset(chip);
    chip->serial.capacity = 1;
}

#define USART                                                                                                          \
    .state_bytes = sizeof(usart_state), .read = usart_read, .write = usart_write, .reset = usart_reset,                \
    .clock = set_baud

const peripheral_model usart_model = {.kind = "usart", USART};
const peripheral_model lpuart_model = {.kind = "lpuart", USART};
