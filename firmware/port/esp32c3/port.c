/* SPDX-License-Identifier: Apache-2.0 */
// Serial line, counter, watchdogs, identity.
#include "port/port.h"

#include "chip.h"
#include "port/bare_metal/identity.h"
#include "port/bare_metal/line.h"
#include "port/bare_metal/memory.h"
#include "registers.h"

#define UPDATE_POLLS 80000u
#define TX_FIFO_FULL 127u

#define WATCHDOG_SECONDS 8u
#define UART_CLOCK_HZ    TINYDF_HSE_HZ // the crystal: right with and without the PLL

static port_description description = {.board = TINYDF_BOARD_NAME};

// Table 6-1.
static wire_reset_cause read_reset_cause(void) {
    switch (RTC_CNTL_RESET_CAUSE(RTC_CNTL_RESET_STATE)) {
    case 0x01: // chip power-on, of which the reset pin is a kind
        return WIRE_RESET_POWER;
    case 0x03: // core, by software
    case 0x0C: // CPU, by software
        return WIRE_RESET_SOFTWARE;
    case 0x07: // core, by timer group 0's watchdog
    case 0x08: // ... 1's
    case 0x09: // ... the RTC's
    case 0x0B: // CPU, by the same
    case 0x0D:
    case 0x11:
    case 0x10: // system, by the RTC's
    case 0x12: // ... by the super watchdog
        return WIRE_RESET_WATCHDOG;
    case 0x0F:
        return WIRE_RESET_BROWN_OUT;
    case 0x05: // deep sleep
        return WIRE_RESET_LOW_POWER;
    default:
        return WIRE_RESET_UNKNOWN;
    }
}

// 26.5: 8 bits, no parity, one stop bit. The pins are UART 0's own (GPIO 21 is TX, GPIO 20 RX) and connected since the
// reset (table 5-2), and its clocks are on (16.3). Clock and format reach the UART's own clock domain by REG_UPDATE.
static wire_boot start_uart(void) {
    const uint32_t sixteenths = (uint32_t)((uint64_t)UART_CLOCK_HZ * 16u / TINYDF_UART_BAUD);
    UART_CLK_CONF = UART_SCLK_SEL_XTAL | UART_SCLK_EN | UART_TX_SCLK_EN | UART_RX_SCLK_EN; // undivided
    UART_CLKDIV = (sixteenths >> 4) | UART_CLKDIV_FRAG(sixteenths & 15u);
    UART_CONF0 = UART_BIT_NUM_8 | UART_STOP_BIT_NUM_1 | UART_MEM_CLK_EN | UART_RXFIFO_RST | UART_TXFIFO_RST;
    UART_CONF0 = UART_BIT_NUM_8 | UART_STOP_BIT_NUM_1 | UART_MEM_CLK_EN;
    UART_ID |= UART_REG_UPDATE;
    return poll_until(&UART_ID, UART_REG_UPDATE, 0, UPDATE_POLLS) ? WIRE_BOOT_OK : WIRE_BOOT_UART;
}

// 1.4: counts the core's cycles.
static void start_counter(void) {
    CSR_WRITE(CSR_MPCER, MPCER_CYCLE);
    CSR_WRITE(CSR_MPCMR, MPCMR_COUNT_EN);
}

// 12.2: after a boot from flash two watchdogs run that the ROM leaves to the firmware. The RTC's is stopped; the super
// watchdog, whose clock no firmware sees, feeds itself (12.3); timer group 0's becomes ours, counted in milliseconds of
// the crystal. Registers take writes only while the key stands beside them.
void watchdog_start(void) {
    RTC_CNTL_WDTWPROTECT = WATCHDOG_KEY;
    RTC_CNTL_WDTCONFIG0 = 0;
    RTC_CNTL_WDTWPROTECT = 0;
    RTC_CNTL_SWD_WPROTECT = RTC_CNTL_SWD_KEY;
    RTC_CNTL_SWD_CONF |= RTC_CNTL_SWD_AUTO_FEED_EN;
    RTC_CNTL_SWD_WPROTECT = 0;
    TIMG0_WDTWPROTECT = WATCHDOG_KEY;
    TIMG0_WDTCONFIG1 = TIMG_WDT_CLK_PRESCALE(TINYDF_HSE_HZ / 1000u);
    TIMG0_WDTCONFIG2 = WATCHDOG_SECONDS * 1000u;
    TIMG0_WDTCONFIG0 = TIMG_WDT_EN | TIMG_WDT_STG0_RESET_SYSTEM | TIMG_WDT_USE_XTAL | TIMG_WDT_CPU_RESET_LENGTH_7 |
                       TIMG_WDT_SYS_RESET_LENGTH_7 | TIMG_WDT_CONF_UPDATE_EN;
    TIMG0_WDTWPROTECT = 0;
    watchdog_feed();
}

void watchdog_feed(void) {
    TIMG0_WDTWPROTECT = WATCHDOG_KEY;
    TIMG0_WDTFEED = 1;
    TIMG0_WDTWPROTECT = 0;
}

const port_description *port_init(void) {
    watchdog_start(); // first of all: what the ROM started would bite within a second
    description.reset_cause = read_reset_cause();
    identity_read(&description, EFUSE_RD_MAC_SPI_SYS); // 4.3: block 1 has the MAC address in its first 48 bits
    start_counter();
    const wire_boot clock = clock_start();
    const wire_boot serial = start_uart(); // also if the clock failed: the host is to hear of it
    description.boot = clock != WIRE_BOOT_OK ? clock : serial;
    description.clock_hz = clock_core_hz();
    description.stack_bytes = memory_stack_bytes();
    return &description;
}

static bool uart_take(uint8_t *byte) {
    if (UART_RXFIFO_CNT(UART_STATUS) == 0) {
        return false;
    }
    *byte = (uint8_t)UART_FIFO;
    return true;
}

static bool uart_give(uint8_t byte) {
    if (UART_TXFIFO_CNT(UART_STATUS) >= TX_FIFO_FULL) {
        return false;
    }
    UART_FIFO = byte;
    return true;
}

static const line uart = {
    .take = uart_take,
    .give = uart_give,
    .read_polls = 8000u,   // about half a millisecond
    .write_polls = 80000u, // at least 5 ms for one byte, which takes 11 us
};

size_t port_read(uint8_t *bytes, size_t capacity) {
    const size_t count = line_read(&uart, bytes, capacity);
    UART_INT_CLR = UART_INT_ERRORS; // bytes lost or garbled are found by the frame's CRC
    return count;
}

bool port_write(const uint8_t *bytes, size_t count) {
    return line_write(&uart, bytes, count);
}

uint32_t port_ticks(void) {
    return counter_read();
}

void port_alive(void) {
    watchdog_feed();
}
