/* SPDX-License-Identifier: Apache-2.0 */
// The peripherals of the ESP32-C3 that a polled firmware meets: clocks, UART, system timer, watchdogs, eFuses. Chapters
// are those of its Technical Reference Manual.
#include "machine.h"

#include <stdio.h>
#include <string.h>

#define XTAL_HZ     40000000u
#define SYSTIMER_HZ 16000000u // XTAL's, divided (chapter 10)
#define RTC_SLOW_HZ 136000u   // chapter 6

#define WATCHDOG_KEY 0x50D83AA1u // chapter 12

// --- Clocks (chapter 6) and the gates of the peripherals' clocks (chapter 16).
enum { CPU_PER_CONF = 0x08, PERIP_CLK_EN0 = 0x10, SYSCLK_CONF = 0x58 };

// The system timer goes on from where it is when the clock of the core, which its value is derived from, changes.
static uint64_t systimer_now(const machine *chip) {
    return chip->timer_value + (machine_ticks(chip) - chip->timer_at) * SYSTIMER_HZ / chip->status.core_hz;
}

// Table 6-2 and 6-3. `hse_hz` is the crystal; without one, the PLL does not run, and the core stays on what it has.
static uint32_t core_hz(const machine *chip, const peripheral *self) {
    uint32_t source = (self->registers[SYSCLK_CONF / 4] >> 10) & 3;
    if (source == 1 && chip->hse_hz != 0)
        return (self->registers[CPU_PER_CONF / 4] & 3) == 0 ? 80000000u : 160000000u;
    return XTAL_HZ / ((self->registers[SYSCLK_CONF / 4] & 0x3FF) + 1);
}

static void system_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    self->registers[offset / 4] = value;
    chip->timer_value = systimer_now(chip);
    chip->timer_at = machine_ticks(chip);
    chip->status.core_hz = core_hz(chip, self);
}

// What the ROM leaves: the crystal, divided by 2, and most clocks on.
static void system_reset(machine *chip, peripheral *self) {
    memset(self->registers, 0, self->size);
    self->registers[CPU_PER_CONF / 4] = 0x0Cu;
    self->registers[PERIP_CLK_EN0 / 4] = 0xF9C1E06Fu;
    self->registers[SYSCLK_CONF / 4] = 1;
    chip->status.core_hz = core_hz(chip, self);
    chip->timer_value = 0;
    chip->timer_at = machine_ticks(chip);
}

// --- System timer, unit 0 (chapter 10): an update latches the value.
enum { UNIT0_OP = 0x04, UNIT0_VALUE_HI = 0x40, UNIT0_VALUE_LO = 0x44 };
#define OP_VALID  (1u << 29)
#define OP_UPDATE (1u << 30)

static void systimer_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    self->registers[offset / 4] = value;
    if (offset == UNIT0_OP && value & OP_UPDATE) {
        uint64_t now = systimer_now(chip);
        self->registers[UNIT0_OP / 4] = OP_VALID;
        self->registers[UNIT0_VALUE_HI / 4] = (uint32_t)(now >> 32);
        self->registers[UNIT0_VALUE_LO / 4] = (uint32_t)now;
    }
}

// --- UART (chapter 26); serial.c is its line.
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

// --- Watchdogs (chapter 12). Their clocks are derived from the tick counter: a firmware that executes more
// instructions between two feedings than the core has cycles in the time-out is reset, as on the chip. After a boot
// from flash, that of timer group 0 and that of the RTC run without having been started ("flash boot protection").
enum { WDTCONFIG0 = 0x48, WDTCONFIG1 = 0x4C, WDTCONFIG2 = 0x50, WDTFEED = 0x60, WDTWPROTECT = 0x64 };
#define WDT_EN            (1u << 31)
#define WDT_UPDATE        (1u << 22)
#define WDT_XTAL          (1u << 21)
#define WDT_FLASHBOOT     (1u << 14)
#define RTC_WDT_FLASHBOOT (1u << 12)

static void group_restart(machine *chip, const peripheral *self) {
    uint32_t control = self->registers[WDTCONFIG0 / 4];
    uint32_t prescale = self->registers[WDTCONFIG1 / 4] >> 16;
    uint32_t clock = control & WDT_XTAL ? XTAL_HZ : chip->status.core_hz / 2;
    uint64_t cycles = (uint64_t)self->registers[WDTCONFIG2 / 4] * (prescale ? prescale : 1);
    bool running = control & (WDT_EN | WDT_FLASHBOOT);
    chip->watchdog_deadline = running ? machine_ticks(chip) + cycles * chip->status.core_hz / clock : UINT64_MAX;
}

static void group_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    if (offset >= WDTCONFIG0 && offset <= WDTFEED && self->registers[WDTWPROTECT / 4] != WATCHDOG_KEY)
        return;
    self->registers[offset / 4] = offset == WDTCONFIG0 ? value & ~WDT_UPDATE : value;
    if (offset == WDTFEED || (offset == WDTCONFIG0 && value & WDT_UPDATE))
        group_restart(chip, self);
}

static void group_reset(machine *chip, peripheral *self) {
    memset(self->registers, 0, self->size);
    self->registers[WDTCONFIG0 / 4] = WDT_FLASHBOOT;
    self->registers[WDTCONFIG1 / 4] = 1u << 16;
    self->registers[WDTCONFIG2 / 4] = 26000000u;
    self->registers[WDTWPROTECT / 4] = WATCHDOG_KEY;
    group_restart(chip, self);
}

enum {
    OPTIONS0 = 0x00,
    RESET_STATE = 0x38,
    RTC_WDTCONFIG0 = 0x90,
    RTC_WDTCONFIG1 = 0x94,
    RTC_WDTFEED = 0xA4,
    RTC_WDTWPROTECT = 0xA8
};

static void rtc_restart(machine *chip, const peripheral *self) {
    bool running = self->registers[RTC_WDTCONFIG0 / 4] & (WDT_EN | RTC_WDT_FLASHBOOT);
    uint64_t ticks = (uint64_t)self->registers[RTC_WDTCONFIG1 / 4] * chip->status.core_hz / RTC_SLOW_HZ;
    chip->rtc_deadline = running ? machine_ticks(chip) + ticks : UINT64_MAX;
}

static void rtc_write(machine *chip, peripheral *self, uint32_t offset, uint32_t value) {
    bool watchdog = offset >= RTC_WDTCONFIG0 && offset <= RTC_WDTFEED;
    if (offset == RESET_STATE || (watchdog && self->registers[RTC_WDTWPROTECT / 4] != WATCHDOG_KEY))
        return;
    self->registers[offset / 4] = value;
    if (watchdog)
        rtc_restart(chip, self);
    if (offset == OPTIONS0 && value & 1u << 31) // SW_SYS_RST
        machine_request_reset(chip, RESET_SOFTWARE);
}

static void rtc_reset(machine *chip, peripheral *self) {
    static const uint32_t causes[] = {// 6.1.3
                                      [RESET_POWER] = 0x01,
                                      [RESET_SOFTWARE] = 0x03,
                                      [RESET_WATCHDOG] = 0x07,
                                      [RESET_SECOND_WATCHDOG] = 0x09};
    memset(self->registers, 0, self->size);
    self->registers[RESET_STATE / 4] = causes[chip->reset_due];
    self->registers[RTC_WDTCONFIG0 / 4] = RTC_WDT_FLASHBOOT;
    self->registers[RTC_WDTCONFIG1 / 4] = 200000u;
    rtc_restart(chip, self);
}

void esp32c3_service(machine *chip) {
    bool group = machine_ticks(chip) >= chip->watchdog_deadline;
    if (!group && machine_ticks(chip) < chip->rtc_deadline)
        return;
    fprintf(stderr, "the watchdog was not refreshed in time: reset\n");
    chip->status.watchdog_resets++;
    machine_request_reset(chip, group ? RESET_WATCHDOG : RESET_SECOND_WATCHDOG);
}

// --- eFuses (chapter 4): where a chip has its MAC address, this one tells that it is emulated.
enum { RD_MAC_SPI_SYS_0 = 0x44 };

static void efuse_reset(machine *chip, peripheral *self) {
    (void)chip;
    memset(self->registers, 0, self->size);
    memcpy(&self->registers[RD_MAC_SPI_SYS_0 / 4], "TINYDF-EMUL.", 12);
}

const peripheral_model esp32c3_system_model = {"esp32c3-system", NULL, system_write, system_reset, NULL};
const peripheral_model esp32c3_systimer_model = {"esp32c3-systimer", NULL, systimer_write, NULL, NULL};
const peripheral_model esp32c3_uart_model = {"esp32c3-uart", uart_read, uart_write, uart_reset, NULL};
const peripheral_model esp32c3_timer_group_model = {"esp32c3-timer-group", NULL, group_write, group_reset, NULL};
const peripheral_model esp32c3_rtc_model = {"esp32c3-rtc", NULL, rtc_write, rtc_reset, NULL};
const peripheral_model esp32c3_efuse_model = {"esp32c3-efuse", NULL, NULL, efuse_reset, NULL};
