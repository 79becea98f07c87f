# SPDX-License-Identifier: Apache-2.0
"""What all STM32 chips have alike."""

from tinydf.emulator.chips.chip import Peripheral

_MODER = 0x00


def gpio_ports(letters: str, base: int, gates: int, analog: bool) -> tuple[Peripheral, ...]:
    """The GPIO ports, 0x400 apart, with clock enable bits from 0 on in the RCC register at `gates`.

    After a reset, pins are analogue in the newer families and inputs in the older ones, but for those of JTAG, on ports
    A and B.
    """
    idle = {"A": 0xABFF_FFFF, "B": 0xFFFF_FEBF} if analog else {"A": 0xA800_0000, "B": 0x280}
    other = 0xFFFF_FFFF if analog else 0
    return tuple(
        Peripheral(
            f"GPIO{letter}",
            "storage",
            base + 0x400 * index,
            gate=(gates, index),
            initial={_MODER: idle.get(letter, other)},
        )
        for index, letter in enumerate(letters)
    )


def flash_kib(size: int) -> bytes:
    """What the register of the flash's size holds."""
    return size.to_bytes(2, "little")
