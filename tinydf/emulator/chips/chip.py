# SPDX-License-Identifier: Apache-2.0
"""What describes a chip: its core, all its memories, the peripherals that are modelled, its electrical limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNIQUE_ID = b"TINYDF-EMUL."


@dataclass(frozen=True)
class MemoryBank:
    """A memory of the chip. `alias_of` is the origin of the memory that is seen here a second time."""

    origin: int
    size: int
    writable: bool = True
    alias_of: int | None = None


@dataclass(frozen=True)
class Serial:
    """The clock and the FIFOs of a USART.

    `bus` is the number of its APB bus; `select` is (offset, bit, width) of the RCC field that selects another clock;
    None if there is none.
    """

    bus: int
    select: tuple[int, int, int] | None = None
    fifo_bytes: int = 1


@dataclass(frozen=True)
class Peripheral:
    """A peripheral that is modelled.

    `gate` is (offset, bit) of its clock enable bit in RCC; None if always on. `initial` holds the registers that are
    not 0 after a reset, by offset.
    """

    name: str
    kind: str
    base: int
    size: int = 0x400
    gate: tuple[int, int] | None = None
    initial: Mapping[int, int] = field(default_factory=dict)
    serial: Serial | None = None


@dataclass(frozen=True)
class Supply:
    """What a setting of the voltage regulator allows: the core's clock, and the flash's by wait states, in MHz."""

    name: str
    core_mhz: float
    flash_mhz: tuple[float, ...]


@dataclass(frozen=True)
class Pll:
    """Between which frequencies a PLL locks, in MHz: its input, after the divider, and its oscillator."""

    input_mhz: tuple[float, float]
    vco_mhz: tuple[float, float]


@dataclass(frozen=True)
class Chip:
    """A chip.

    `factory` is what the maker wrote into memories, by address: the unique id, the size of the flash. `supplies` are by
    the value of the field that selects the voltage, plus 4 with the over-drive or boost. `bus_limits_mhz` are those of
    APB1, APB2 and so on.
    """

    core: str
    elf_machine: str
    memories: tuple[MemoryBank, ...]
    peripherals: tuple[Peripheral, ...]
    boot_address: int
    factory: Mapping[int, bytes] = field(default_factory=dict)
    supplies: Mapping[int, Supply] = field(default_factory=dict)
    pll: Pll | None = None
    bus_limits_mhz: tuple[float, ...] = ()
