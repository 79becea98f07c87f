/* SPDX-License-Identifier: Apache-2.0 */
// UART (chapter 26); core/serial.c is its line.
#include "esp32c3/esp32c3.h"

#include <string.h>

enum {
    FIFO = 0x00,
    INT_RAW = 0x04,
    INT_CLR = 0x10,
    CLKDIV = 0x14,
    STATUS = 0x1C,
    CONF0 = 0x20,
    CLK_CONF = 0x78,
    ID = 0x80
};
#define FIFO_BYTES        128
#define INT_OVERFLOW      (1u << 4)
#define CONF0_RXFIFO_RST  (1u << 17)
#define CLK_CONF_RESET    0x03701000u // crystal, divided by 2, transmitter and receiver clocked
#define CLK_CONF_EN       (1u << 22)
#define CLK_CONF_RST_CORE (1u << 23)
#define CLK_CONF_TX_EN    (1u << 24)
#define CLK_CONF_RX_EN    (1u << 25)
#define ID_UPDATE         (1u << 31)

// 26.3.3: clock / (CLKDIV + FRAG / 16).
static uint32_t baud_of(const peripheral *self) {
    static const uint32_t sources[4] = {0, 80000000u, 17500000u, XTAL_HZ};
    uint32_t clock = self->registers[CLK_CONF / 4];
    uint32_t divider = (self->registers[CLKDIV / 4] & 0xFFF) * 16 + ((self->registers[CLKDIV / 4] >> 20) & 15);
    uint32_t input = sources[(clock >> 20) & 3] / (((clock >> 12) & 0xFF) + 1);
    return divider == 0 ? 0 : (uint32_t)((uint64_t)input * 16 / divider);
}

static uint32_t uart_read(machine *chip, peripheral *self, uint32_t offset) {
    switch (offset) {
    case FIFO:
        return chip->serial.fifo_count > 0 ? serial_take(chip) : 0;
    case STATUS:
        return serial_available(chip) ? chip->serial.fifo_count : 0; // what is sent is gone at once
    case INT_RAW:
        return chip->serial.overrun ? INT_OVERFLOW : 0;
    default:
        return self->registers[offset / 4];
    }
}

static void uart_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    uint32_t clock = self->registers[CLK_CONF / 4];
    switch (offset) {
    case FIFO:
        if ((clock & CLK_CONF_EN) && (clock & CLK_CONF_TX_EN))
            serial_put(chip, (uint8_t)value);
        return;
    case INT_CLR:
        chip->serial.overrun = chip->serial.overrun && (value & INT_OVERFLOW) == 0;
        return;
    case ID:
        if (value & ID_UPDATE) { // 26.5: registers reach the UART's own clock domain
            chip->status.baud = baud_of(self);
            chip->serial.receiving = (clock & CLK_CONF_EN) && (clock & CLK_CONF_RX_EN) && !(clock & CLK_CONF_RST_CORE);
        }
        self->registers[ID / 4] = value & ~ID_UPDATE;
        return;
    default:
        self->registers[offset / 4] = value;
        if (offset == CONF0 && value & CONF0_RXFIFO_RST)
            chip->serial.fifo_count = 0;
    }
}

static void uart_reset(machine *chip, peripheral *self) {
    memset(self->registers, 0, self->size);
    self->registers[CLKDIV / 4] = 0x2B6;
    self->registers[CLK_CONF / 4] = CLK_CONF_RESET;
    serial_reset(chip);
    chip->serial.capacity = FIFO_BYTES;
}

const peripheral_model esp32c3_uart_model = {
    .kind = "esp32c3-uart",
    .read = uart_read,
    .write = uart_write,
    .reset = uart_reset,
};
