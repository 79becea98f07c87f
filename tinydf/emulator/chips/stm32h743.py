# SPDX-License-Identifier: Apache-2.0
"""STM32H743: RM0433, tables 6 and 8 (memory map), 8.7.39 on (clock enables), 61.1 (unique id), 17 (wait states)."""

from tinydf.emulator.chips.chip import UNIQUE_ID, Chip, MemoryBank, Peripheral, Pll, Serial, Supply
from tinydf.emulator.chips.cortex_m import CORTEX_M7_R1P1, core_peripherals
from tinydf.emulator.chips.stm32 import flash_kib, gpio_ports

_D2CCIP2R, _AHB4ENR, _APB1LENR, _APB4ENR = 0x54, 0xE0, 0xE8, 0xF4
_SCALE_1 = (70, 140, 185, 210, 225)
_SCALE_2 = Supply("voltage scale 2", 300, (55, 110, 165, 225))
_SCALE_3 = Supply("voltage scale 3", 200, (45, 90, 135, 180, 225))

STM32H743 = Chip(
    core="cortex-m7",
    elf_machine="EM_ARM",
    memories=(
        MemoryBank(0x0000_0000, 64 << 10),  # ITCM
        MemoryBank(0x0800_0000, 2 << 20, writable=False),  # flash, two banks
        MemoryBank(0x1FF0_0000, 128 << 10, writable=False),  # system memory
        MemoryBank(0x2000_0000, 128 << 10),  # DTCM
        MemoryBank(0x2400_0000, 512 << 10),  # AXI SRAM
        MemoryBank(0x3000_0000, 288 << 10),  # SRAM1, SRAM2, SRAM3
        MemoryBank(0x3800_0000, 64 << 10),  # SRAM4
        MemoryBank(0x3880_0000, 4 << 10),  # backup SRAM
    ),
    peripherals=(
        Peripheral("USART3", "usart", 0x4000_4800, gate=(_APB1LENR, 18),
                   serial=Serial(bus=1, select=(_D2CCIP2R, 0, 3), fifo_bytes=16)),
        Peripheral("FLASH", "flash", 0x5200_2000, initial={0x00: 0x37}),
        Peripheral("SYSCFG", "syscfg-h743", 0x5800_0400, gate=(_APB4ENR, 1)),
        Peripheral("IWDG1", "iwdg", 0x5800_4800),
        *gpio_ports("ABCDEFGHIJK", 0x5802_0000, _AHB4ENR, analog=True),
        # CR, PLLCKSELR, PLLCFGR, three PLLxDIVR, RSR (table 56)
        Peripheral("RCC", "rcc-h7", 0x5802_4400, initial={
            0x00: 0xC025, 0x28: 0x0202_0200, 0x2C: 0x01FF_0000,
            0x30: 0x0101_0280, 0x38: 0x0101_0280, 0x40: 0x0101_0280, 0xD0: 0x00E8_0000,
        }),
        Peripheral("PWR", "pwr-h7", 0x5802_4800, initial={0x00: 0xF000_C000, 0x0C: 0x6, 0x18: 0x4000}),
        Peripheral("DBGMCU", "storage", 0x5C00_1000, initial={0x00: 0x2003_6450}),  # revision V (60.5.8)
        *core_peripherals(CORTEX_M7_R1P1, mpu_regions=16),
    ),
    boot_address=0x0800_0000,
    factory={0x1FF1_E800: UNIQUE_ID, 0x1FF1_E880: flash_kib(2048)},
    supplies={
        0: _SCALE_3, 1: _SCALE_3, 2: _SCALE_2, 3: Supply("voltage scale 1", 400, _SCALE_1),
        4: _SCALE_3, 5: _SCALE_3, 6: _SCALE_2, 7: Supply("voltage scale 0", 480, (*_SCALE_1[:4], 240)),
    },
    pll=Pll(input_mhz=(1, 16), vco_mhz=(150, 960)),
    bus_limits_mhz=(120, 120, 120, 120),
)  # fmt: skip
