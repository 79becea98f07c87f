# SPDX-License-Identifier: Apache-2.0
"""STM32U575 without TrustZone (TZEN = 0): RM0456, chapters on the memory map, FLASH (wait states), PWR and RCC."""

from tinydf.emulator.chips.chip import UNIQUE_ID, Chip, MemoryBank, Peripheral, Pll, Serial, Supply
from tinydf.emulator.chips.cortex_m import CORTEX_M33, core_peripherals
from tinydf.emulator.chips.stm32 import flash_kib, gpio_ports

_AHB2ENR1, _AHB3ENR, _APB2ENR, _APB3ENR, _CCIPR1 = 0x8C, 0x94, 0xA4, 0xA8, 0xE0
_RANGE_1_MHZ = (32, 64, 96, 128, 160)
_RANGE_2_MHZ = (25, 50, 75, 100, 110)

STM32U575 = Chip(
    core="cortex-m33",
    elf_machine="EM_ARM",
    memories=(
        MemoryBank(0x0800_0000, 2 << 20, writable=False),  # flash
        MemoryBank(0x0BF9_0000, 64 << 10, writable=False),  # system memory
        MemoryBank(0x0BFA_0000, 4 << 10, writable=False),  # one-time programmable, unique id
        MemoryBank(0x2000_0000, 192 << 10),  # SRAM1
        MemoryBank(0x2003_0000, 64 << 10),  # SRAM2
        MemoryBank(0x2004_0000, 512 << 10),  # SRAM3
        MemoryBank(0x2800_0000, 16 << 10),  # SRAM4
    ),
    peripherals=(
        Peripheral("IWDG", "iwdg", 0x4000_3000),
        Peripheral("USART1", "usart", 0x4001_3800, gate=(_APB2ENR, 14),
                   serial=Serial(bus=2, select=(_CCIPR1, 0, 2), fifo_bytes=8)),
        Peripheral("FLASH", "flash", 0x4002_2000, initial={0x00: 0x1}),
        Peripheral("ICACHE", "storage", 0x4003_0400),
        *gpio_ports("ABCDEFGHI", 0x4202_0000, _AHB2ENR1, analog=True),
        Peripheral("SYSCFG", "storage", 0x4600_0400, gate=(_APB3ENR, 1)),
        Peripheral("PWR", "pwr-u5", 0x4602_0800, gate=(_AHB3ENR, 2), initial={0x0C: 0x8000}),
        # CR, ICSCR1, three PLLxDIVR, AHB1ENR, AHB2ENR1, AHB3ENR, CSR
        Peripheral("RCC", "rcc-u5", 0x4602_0C00, initial={
            0x00: 0x35, 0x08: 0x4400_0000, 0x34: 0x0101_0280, 0x3C: 0x0101_0280, 0x44: 0x0101_0280,
            0x88: 0xD020_0100, 0x8C: 0xC000_0000, 0x94: 0x8000_0000, 0xF4: 0x0C00_4400,
        }),
        Peripheral("DBGMCU", "storage", 0xE004_4000, initial={0x00: 0x3001_6482}),
        *core_peripherals(CORTEX_M33, mpu_regions=8),
    ),
    boot_address=0x0800_0000,
    factory={0x0BFA_0700: UNIQUE_ID, 0x0BFA_07A0: flash_kib(2048)},
    supplies={
        0: Supply("voltage range 4", 25, (8, 16, 24, 25)),
        1: Supply("voltage range 3", 55, (12.5, 25, 37.5, 50, 55)),
        2: Supply("voltage range 2", 55, _RANGE_2_MHZ),
        3: Supply("voltage range 1", 55, _RANGE_1_MHZ),
        6: Supply("voltage range 2, boost", 110, _RANGE_2_MHZ),
        7: Supply("voltage range 1, boost", 160, _RANGE_1_MHZ),
    },
    pll=Pll(input_mhz=(4, 16), vco_mhz=(128, 544)),
    bus_limits_mhz=(160, 160, 160),
)  # fmt: skip
