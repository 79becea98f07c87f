# SPDX-License-Identifier: Apache-2.0
"""STM32H7A3: RM0455, chapters 2 (memory map), 4 (wait states), 6 (PWR), 8 (RCC), device electronic signature."""

from tinydf.emulator.chips.chip import UNIQUE_ID, Chip, MemoryBank, Peripheral, Pll, Serial, Supply
from tinydf.emulator.chips.cortex_m import CORTEX_M7_R1P1, core_peripherals
from tinydf.emulator.chips.stm32 import flash_kib, gpio_ports

_CDCCIP2R, _AHB4ENR, _APB1LENR, _APB4ENR = 0x54, 0xE0, 0xE8, 0xF4

STM32H7A3 = Chip(
    core="cortex-m7",
    elf_machine="EM_ARM",
    memories=(
        MemoryBank(0x0000_0000, 64 << 10),  # ITCM
        MemoryBank(0x0800_0000, 2 << 20, writable=False),  # flash, two banks
        MemoryBank(0x08FF_F000, 4 << 10, writable=False),  # one-time programmable, unique id
        MemoryBank(0x1FF0_0000, 128 << 10, writable=False),  # system memory
        MemoryBank(0x2000_0000, 128 << 10),  # DTCM
        MemoryBank(0x2400_0000, 1 << 20),  # AXI SRAM1, 2, 3
        MemoryBank(0x3000_0000, 128 << 10),  # AHB SRAM1, 2
        MemoryBank(0x3800_0000, 32 << 10),  # SRD SRAM
        MemoryBank(0x3880_0000, 4 << 10),  # backup SRAM
    ),
    peripherals=(
        Peripheral("USART3", "usart", 0x4000_4800, gate=(_APB1LENR, 18),
                   serial=Serial(bus=1, select=(_CDCCIP2R, 0, 3), fifo_bytes=16)),
        Peripheral("FLASH", "flash", 0x5200_2000, initial={0x00: 0x13}),
        Peripheral("SYSCFG", "storage", 0x5800_0400, gate=(_APB4ENR, 1)),
        Peripheral("IWDG", "iwdg", 0x5800_4800),
        *gpio_ports("ABCDEFGHIJK", 0x5802_0000, _AHB4ENR, analog=True),
        # CR, PLLCKSELR, PLLCFGR, three PLLxDIVR, RSR
        Peripheral("RCC", "rcc-h7", 0x5802_4400, initial={
            0x00: 0xC025, 0x28: 0x0202_0200, 0x2C: 0x01FF_0000,
            0x30: 0x0101_0280, 0x38: 0x0101_0280, 0x40: 0x0101_0280, 0xD0: 0x00E8_0000,
        }),
        Peripheral("PWR", "pwr-h7", 0x5802_4800, initial={0x00: 0xC000, 0x0C: 0x6}),
        Peripheral("DBGMCU", "storage", 0x5C00_1000, initial={0x00: 0x1001_6480}),
        *core_peripherals(CORTEX_M7_R1P1, mpu_regions=16),
    ),
    boot_address=0x0800_0000,
    factory={0x08FF_F800: UNIQUE_ID, 0x08FF_F80C: flash_kib(2048)},
    supplies={
        0: Supply("voltage scale 3", 88, (22, 44, 66, 88)),
        1: Supply("voltage scale 2", 160, (34, 68, 102, 136, 160)),
        2: Supply("voltage scale 1", 225, (42, 84, 126, 168, 210, 225)),
        3: Supply("voltage scale 0", 280, (44, 88, 132, 176, 220, 264, 280)),
    },
    pll=Pll(input_mhz=(1, 16), vco_mhz=(128, 560)),
    bus_limits_mhz=(140, 140, 140, 140),
)  # fmt: skip
