# SPDX-License-Identifier: Apache-2.0
"""STM32L4R5: RM0432, chapters 2 (memory map), 3 (flash), 5 (power), 6 (RCC), device electronic signature."""

from tinydf.emulator.chips.chip import UNIQUE_ID, Chip, MemoryBank, Peripheral, Pll, Serial, Supply
from tinydf.emulator.chips.cortex_m import CORTEX_M4, core_peripherals
from tinydf.emulator.chips.stm32 import flash_kib, gpio_ports

_AHB2ENR, _APB1ENR1, _APB1ENR2, _CCIPR = 0x4C, 0x58, 0x5C, 0x88

STM32L4R5 = Chip(
    core="cortex-m4",
    elf_machine="EM_ARM",
    memories=(
        MemoryBank(0x0800_0000, 2 << 20, writable=False),  # flash
        MemoryBank(0x0000_0000, 2 << 20, writable=False, alias_of=0x0800_0000),
        MemoryBank(0x1FFF_0000, 32 << 10, writable=False),  # system memory, one-time programmable, unique id
        MemoryBank(0x2000_0000, 192 << 10),  # SRAM1
        MemoryBank(0x1000_0000, 64 << 10),  # SRAM2
        MemoryBank(0x2003_0000, 64 << 10, alias_of=0x1000_0000),
        MemoryBank(0x2004_0000, 384 << 10),  # SRAM3
    ),
    peripherals=(
        Peripheral("LPUART1", "lpuart", 0x4000_8000, gate=(_APB1ENR2, 0),
                   serial=Serial(bus=1, select=(_CCIPR, 10, 2), fifo_bytes=8)),
        Peripheral("IWDG", "iwdg", 0x4000_3000),
        Peripheral("PWR", "pwr-l4", 0x4000_7000, gate=(_APB1ENR1, 28),
                   initial={0x00: 0x200, 0x08: 0x8000, 0x80: 0x100}),
        # CR, PLLCFGR, AHB1ENR, APB1ENR1, CSR
        Peripheral("RCC", "rcc-l4", 0x4002_1000, initial={
            0x00: 0x63, 0x0C: 0x1000, 0x48: 0x100, 0x58: 0x400, 0x94: 0x0C00_0600,
        }),
        Peripheral("FLASH", "flash", 0x4002_2000, initial={0x00: 0x600}),
        *gpio_ports("ABCDEFGHI", 0x4800_0000, _AHB2ENR, analog=True),
        Peripheral("DBGMCU", "storage", 0xE004_2000, initial={0x00: 0x101F_6470}),
        *core_peripherals(CORTEX_M4, mpu_regions=8),
    ),
    boot_address=0x0800_0000,
    factory={0x1FFF_7590: UNIQUE_ID, 0x1FFF_75E0: flash_kib(2048)},
    supplies={
        1: Supply("voltage range 1", 80, (20, 40, 60, 80)),
        2: Supply("voltage range 2", 26, (8, 16, 26)),
        5: Supply("voltage range 1, boost", 120, (20, 40, 60, 80, 100, 120)),
    },
    pll=Pll(input_mhz=(2.66, 16), vco_mhz=(64, 344)),
    bus_limits_mhz=(120, 120),
)  # fmt: skip
