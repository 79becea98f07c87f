# SPDX-License-Identifier: Apache-2.0
"""ESP32-C3: Technical Reference Manual, table 3-1 (memory map) and 3-3 (peripherals).

The ROM has mapped the first 4 MiB of the flash to both buses ("direct boot", firmware/port/esp32c3).
"""

from tinydf.emulator.chips.chip import Chip, MemoryBank, Peripheral

ESP32C3 = Chip(
    core="rv32imc",
    elf_machine="EM_RISCV",
    memories=(
        MemoryBank(0x4200_0000, 4 << 20, writable=False),  # flash, instruction bus
        MemoryBank(0x3C00_0000, 4 << 20, writable=False, alias_of=0x4200_0000),  # ... data bus
        MemoryBank(0x3FC8_0000, 384 << 10),  # SRAM1, data bus
        MemoryBank(0x4038_0000, 384 << 10, alias_of=0x3FC8_0000),  # ... instruction bus
        MemoryBank(0x5000_0000, 8 << 10),  # RTC fast memory
    ),
    peripherals=(
        Peripheral("SYSTEM", "esp32c3-system", 0x600C_0000, size=0x1000),
        Peripheral("UART0", "esp32c3-uart", 0x6000_0000),
        Peripheral("GPIO", "storage", 0x6000_4000, size=0x1000),
        Peripheral("TIMG0", "esp32c3-timer-group", 0x6001_F000),
        Peripheral("RTC_CNTL", "esp32c3-rtc", 0x6000_8000),
        Peripheral("EFUSE", "esp32c3-efuse", 0x6000_8800),
        Peripheral("IO_MUX", "storage", 0x6000_9000),
        Peripheral("SYSTIMER", "esp32c3-systimer", 0x6002_3000),
    ),
    boot_address=0x4200_0000,
)
