# SPDX-License-Identifier: Apache-2.0
"""The chips that can be emulated, one file each."""

from tinydf.emulator.chips.esp32c3 import ESP32C3
from tinydf.emulator.chips.stm32f446 import STM32F446
from tinydf.emulator.chips.stm32f767 import STM32F767
from tinydf.emulator.chips.stm32h7a3 import STM32H7A3
from tinydf.emulator.chips.stm32h743 import STM32H743
from tinydf.emulator.chips.stm32l4r5 import STM32L4R5
from tinydf.emulator.chips.stm32u575 import STM32U575

CHIPS = {
    "stm32h743": STM32H743,
    "stm32h7a3": STM32H7A3,
    "stm32f446": STM32F446,
    "stm32f767": STM32F767,
    "stm32l4r5": STM32L4R5,
    "stm32u575": STM32U575,
    "esp32c3": ESP32C3,
}
"""By the name that a board's TOML has for it."""
