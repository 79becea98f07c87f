# SPDX-License-Identifier: Apache-2.0
"""STM32F767: RM0410, chapters 2 (memory map), 3 (flash), 4 (power), 5 (RCC), device electronic signature."""

from tinydf.emulator.chips.chip import UNIQUE_ID, Chip, MemoryBank, Peripheral, Pll, Serial, Supply
from tinydf.emulator.chips.cortex_m import CORTEX_M7_R1P0, core_peripherals
from tinydf.emulator.chips.stm32 import flash_kib, gpio_ports

_AHB1ENR, _APB1ENR, _DCKCFGR2 = 0x30, 0x40, 0x90
_FLASH_MHZ = (30, 60, 90, 120, 150, 180, 210, 216)  # at 2.7 to 3.6 V

STM32F767 = Chip(
    core="cortex-m7",
    elf_machine="EM_ARM",
    memories=(
        MemoryBank(0x0000_0000, 16 << 10),  # ITCM
        MemoryBank(0x0800_0000, 2 << 20, writable=False),  # flash, on AXI
        MemoryBank(0x0020_0000, 2 << 20, writable=False, alias_of=0x0800_0000),  # ... by way of the ITCM
        MemoryBank(0x1FF0_0000, 64 << 10, writable=False),  # system memory, one-time programmable, unique id
        MemoryBank(0x2000_0000, 128 << 10),  # DTCM
        MemoryBank(0x2002_0000, 384 << 10),  # SRAM1, SRAM2
    ),
    peripherals=(
        Peripheral("USART3", "usart", 0x4000_4800, size=0x2C, gate=(_APB1ENR, 18),
                   serial=Serial(bus=1, select=(_DCKCFGR2, 4, 2))),
        Peripheral("IWDG", "iwdg", 0x4000_3000),
        Peripheral("PWR", "pwr-f4", 0x4000_7000, gate=(_APB1ENR, 28), initial={0x00: 0xC000}),
        *gpio_ports("ABCDEFGHIJK", 0x4002_0000, _AHB1ENR, analog=False),
        Peripheral("RCC", "rcc-f4", 0x4002_3800, initial={0x00: 0x83, 0x04: 0x2400_3010, 0x74: 0x0E00_0000}),
        Peripheral("FLASH", "flash", 0x4002_3C00),
        Peripheral("DBGMCU", "storage", 0xE004_2000, initial={0x00: 0x1001_6451}),
        *core_peripherals(CORTEX_M7_R1P0, mpu_regions=8),
    ),
    boot_address=0x0800_0000,
    factory={0x1FF0_F420: UNIQUE_ID, 0x1FF0_F442: flash_kib(2048)},
    supplies={
        1: Supply("voltage scale 3", 144, _FLASH_MHZ),
        2: Supply("voltage scale 2", 168, _FLASH_MHZ),
        3: Supply("voltage scale 1", 180, _FLASH_MHZ),
        6: Supply("voltage scale 2, over-drive", 180, _FLASH_MHZ),
        7: Supply("voltage scale 1, over-drive", 216, _FLASH_MHZ),
    },
    pll=Pll(input_mhz=(0.95, 2.1), vco_mhz=(100, 432)),
    bus_limits_mhz=(54, 108),
)  # fmt: skip
