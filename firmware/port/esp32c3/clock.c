/* SPDX-License-Identifier: Apache-2.0 */
// The core's clock: from the crystal to the PLL.
#include "chip.h"
#include "registers.h"

#define XTAL_HZ        TINYDF_HSE_HZ
#define SYSTIMER_HZ    (XTAL_HZ * 2u / 5u) // 10.3: 16 MHz of 40
#define MEASURED_TICKS 1600u               // of the system timer: 100 us
#define WAIT_POLLS     100000u

_Static_assert(XTAL_HZ == 40000000u, "the ESP32-C3 wants a crystal of 40 MHz (its data sheet, 4.5)");
_Static_assert(TINYDF_CLOCK_HZ == 160000000u, "480 MHz of the PLL, divided by 3 (table 6-3)");

static uint32_t core_hz = XTAL_HZ;

// 10.4.1: a reading is asked for, and is then valid. 0 if that never comes.
static uint32_t system_timer(void) {
    SYSTIMER_UNIT0_OP = SYSTIMER_UPDATE;
    const bool valid = poll_until(&SYSTIMER_UNIT0_OP, SYSTIMER_VALUE_VALID, SYSTIMER_VALUE_VALID, WAIT_POLLS);
    return valid ? SYSTIMER_UNIT0_VALUE_LO : 0;
}

// The core's clock by the crystal's: whether it is `hz`, to within 2 percent.
static bool runs_at(uint32_t hz) {
    const uint32_t expected = (uint32_t)((uint64_t)hz * MEASURED_TICKS / SYSTIMER_HZ);
    const uint32_t begin = system_timer(), first = counter_read();
    uint32_t elapsed = 0;
    for (uint32_t polls = 0; polls < WAIT_POLLS && elapsed < MEASURED_TICKS; polls++) {
        elapsed = system_timer() - begin;
    }
    const uint32_t counted = counter_read() - first;
    return elapsed >= MEASURED_TICKS && counted > expected - expected / 50 && counted < expected + expected / 50;
}

// 6.2.4: the ROM leaves the PLL running (its USB port needs it) and the core on the crystal. That it does run, and how
// fast, has no ready bit: the core's clock is measured.
wire_boot clock_start(void) {
    SYSTEM_CPU_PER_CONF = SYSTEM_CPU_WAIT_MODE_FORCE | SYSTEM_PLL_FREQ_SEL_480 | SYSTEM_CPUPERIOD_SEL_160;
    SYSTEM_SYSCLK_CONF = SYSTEM_SOC_CLK_SEL_PLL;
    if (runs_at(TINYDF_CLOCK_HZ)) {
        core_hz = TINYDF_CLOCK_HZ;
        return WIRE_BOOT_OK;
    }
    SYSTEM_SYSCLK_CONF = SYSTEM_SOC_CLK_SEL_XTAL;
    return WIRE_BOOT_PLL;
}

uint32_t clock_core_hz(void) {
    return core_hz;
}
