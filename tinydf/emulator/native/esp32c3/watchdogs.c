/* SPDX-License-Identifier: Apache-2.0 */
// Watchdogs (chapter 12). Their clocks are derived from the tick counter: a firmware that executes more
// instructions between two feedings than the core has cycles in the time-out is reset, as on the chip. After a boot
// from flash, that of timer group 0 and that of the RTC run without having been started ("flash boot protection").
#include "esp32c3/esp32c3.h"

#include <string.h>

#define WATCHDOG_KEY 0x50D83AA1u
#define RTC_SLOW_HZ  136000u // chapter 6

// Of either: the tick from which on it bites; UINT64_MAX while it does not run.
typedef struct {
    uint64_t deadline;
} watchdog_state;

enum { WDTCONFIG0 = 0x48, WDTCONFIG1 = 0x4C, WDTCONFIG2 = 0x50, WDTFEED = 0x60, WDTWPROTECT = 0x64 };
#define WDT_EN            (1u << 31)
#define WDT_UPDATE        (1u << 22)
#define WDT_XTAL          (1u << 21)
#define WDT_FLASHBOOT     (1u << 14)
#define RTC_WDT_FLASHBOOT (1u << 12)

static void group_restart(machine *chip, peripheral *self) {
    watchdog_state *state = self->state;
    uint32_t control = self->registers[WDTCONFIG0 / 4];
    uint32_t prescale = self->registers[WDTCONFIG1 / 4] >> 16;
    uint32_t clock = control & WDT_XTAL ? XTAL_HZ : chip->status.core_hz / 2;
    uint64_t cycles = (uint64_t)self->registers[WDTCONFIG2 / 4] * (prescale ? prescale : 1);
    bool running = control & (WDT_EN | WDT_FLASHBOOT);
    state->deadline = running ? machine_ticks(chip) + cycles * chip->status.core_hz / clock : UINT64_MAX;
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

static void rtc_restart(machine *chip, peripheral *self) {
    watchdog_state *state = self->state;
    bool running = self->registers[RTC_WDTCONFIG0 / 4] & (WDT_EN | RTC_WDT_FLASHBOOT);
    uint64_t ticks = (uint64_t)self->registers[RTC_WDTCONFIG1 / 4] * chip->status.core_hz / RTC_SLOW_HZ;
    state->deadline = running ? machine_ticks(chip) + ticks : UINT64_MAX;
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

static void group_service(machine *chip, peripheral *self) {
    machine_watch(chip, ((const watchdog_state *)self->state)->deadline, RESET_WATCHDOG);
}

static void rtc_service(machine *chip, peripheral *self) {
    machine_watch(chip, ((const watchdog_state *)self->state)->deadline, RESET_SECOND_WATCHDOG);
}

const peripheral_model esp32c3_timer_group_model = {
    .kind = "esp32c3-timer-group",
    .state_bytes = sizeof(watchdog_state),
    .write = group_write,
    .reset = group_reset,
    .service = group_service,
};

const peripheral_model esp32c3_rtc_model = {
    .kind = "esp32c3-rtc",
    .state_bytes = sizeof(watchdog_state),
    .write = rtc_write,
    .reset = rtc_reset,
    .service = rtc_service,
};
