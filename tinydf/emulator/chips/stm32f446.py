# SPDX-License-Identifier: Apache-2.0
"""STM32F446: RM0390, chapters 2 (memory map), 3 (flash), 5 (power), 6 (RCC), device electronic signature."""

from tinydf.emulator.chips.chip import UNIQUE_ID, Chip, MemoryBank, Peripheral, Pll, Serial, Supply
from tinydf.emulator.chips.cortex_m import CORTEX_M4, core_peripherals
from tinydf.emulator.chips.stm32 import flash_kib, gpio_ports

_AHB1ENR, _APB1ENR = 0x30, 0x40
_FLASH_MHZ = (30, 60, 90, 120, 150, 180)  # at 2.7 to 3.6 V

STM32F446 = Chip(
    core="cortex-m4",
    elf_machine="EM_ARM",
    memories=(
        MemoryBank(0x0800_0000, 512 << 10, writable=False),  # flash
        MemoryBank(0x0000_0000, 512 << 10, writable=False, alias_of=0x0800_0000),
        MemoryBank(0x1FFF_0000, 32 << 10, writable=False),  # system memory, one-time programmable, unique id
        MemoryBank(0x2000_0000, 128 << 10),  # SRAM1, SRAM2
    ),
    peripherals=(
        Peripheral("USART2", "usart-f4", 0x4000_4400, gate=(_APB1ENR, 17), serial=Serial(bus=1)),
        Peripheral("IWDG", "iwdg", 0x4000_3000),
        Peripheral("PWR", "pwr-f4", 0x4000_7000, gate=(_APB1ENR, 28), initial={0x00: 0xC000}),
        *gpio_ports("ABCDEFGH", 0x4002_0000, _AHB1ENR, analog=False),
        Peripheral("RCC", "rcc-f4", 0x4002_3800, initial={0x00: 0x83, 0x04: 0x2400_3010, 0x74: 0x0E00_0000}),
        Peripheral("FLASH", "flash", 0x4002_3C00),
        Peripheral("DBGMCU", "storage", 0xE004_2000, initial={0x00: 0x1000_6421}),
        *core_peripherals(CORTEX_M4, mpu_regions=8),
    ),
    boot_address=0x0800_0000,
    factory={0x1FFF_7A10: UNIQUE_ID, 0x1FFF_7A22: flash_kib(512)},
    supplies={
        1: Supply("voltage scale 3", 120, _FLASH_MHZ),
        2: Supply("voltage scale 2", 144, _FLASH_MHZ),
        3: Supply("voltage scale 1", 168, _FLASH_MHZ),
        6: Supply("voltage scale 2, over-drive", 168, _FLASH_MHZ),
        7: Supply("voltage scale 1, over-drive", 180, _FLASH_MHZ),
    },
    pll=Pll(input_mhz=(0.95, 2.1), vco_mhz=(100, 432)),
    bus_limits_mhz=(45, 90),
)  # fmt: skip
