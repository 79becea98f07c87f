# SPDX-License-Identifier: Apache-2.0
"""A machine made from a chip (tinydf/emulator/chips), with a firmware in its flash."""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from tinydf.emulator import native
from tinydf.emulator.chips.chip import Chip, Peripheral
from tinydf.emulator.symbols import Symbols
from tinydf.errors import TinydfError
from tinydf.installation import install_package

FAMILIES = {"EM_ARM": "an Arm", "EM_RISCV": "a RISC-V"}


@dataclass(frozen=True)
class Segment:
    """Bytes of an ELF file and where a flasher puts them."""

    address: int
    content: bytes


def segments(elf: Path, machine: str) -> list[Segment]:
    """What a flasher would write: the loaded segments, at their physical addresses.

    Args:
        elf: the firmware.
        machine: the processor family that it has to be for, as in the ELF header ("EM_ARM", "EM_RISCV").

    Raises:
        TinydfError: if the file is no ELF file of that family.
    """
    try:
        with elf.open("rb") as file:
            image = ELFFile(file)
            if image["e_machine"] != machine:
                raise TinydfError(f"{elf} is not for {FAMILIES[machine]} core", "build it with `tinydf build`")
            if elf.stat().st_size < image["e_shoff"] + image["e_shnum"] * image["e_shentsize"]:
                raise ELFError("the section headers, which come last, are cut off")
            loaded = [one for one in image.iter_segments("PT_LOAD") if one["p_filesz"]]
            return [Segment(one["p_paddr"], one.data()) for one in loaded]
    except OSError as error:
        raise TinydfError(f"{elf}: {error.strerror}", "build it with `tinydf build`") from None
    except (ELFError, ValueError, KeyError):
        raise TinydfError(f"{elf} is not a complete ELF file", "build it with `tinydf build`") from None


def _hz(mhz: float) -> int:
    return round(mhz * 1e6)


class Machine:
    """An emulated microcontroller, with a firmware in its flash and its serial line on a file descriptor.

    Args:
        chip: what it is.
        elf: the firmware, the very file that a flasher takes.
        hse_hz: the board's external clock; 0 if there is none.
        descriptor: a non-blocking file descriptor, its serial line.

    Raises:
        TinydfError: if the firmware does not fit the chip's memories.
    """

    def __init__(self, chip: Chip, elf: Path, hse_hz: int, descriptor: int) -> None:
        content = segments(elf, chip.elf_machine)
        self._native = native.library()
        self._symbols = Symbols(elf)
        self._machine = self._native.machine_create(chip.core.encode(), hse_hz, chip.boot_address, descriptor)
        if not self._machine:
            raise TinydfError("unicorn does not start", f"try `{install_package('unicorn')} --force-reinstall`")
        self._describe(chip)
        for segment in content:
            arguments = segment.address, segment.content, len(segment.content)
            if self._native.machine_load(self._machine, *arguments):
                where = f"0x{segment.address:08X}, {len(segment.content)} bytes"
                raise TinydfError(f"{elf}: a segment at {where} is outside the chip's memories")
        self._do("machine_start")

    def _describe(self, chip: Chip) -> None:
        for memory in chip.memories:
            if memory.alias_of is None:
                self._do("machine_add_memory", memory.origin, memory.size, memory.writable)
            else:
                self._do("machine_add_alias", memory.origin, memory.alias_of)
        for one in chip.peripherals:
            self._add_peripheral(one)
        for address, content in chip.factory.items():
            self._do("machine_load", address, content, len(content))
        for index, supply in chip.supplies.items():
            limits = (ctypes.c_uint32 * len(supply.flash_mhz))(*map(_hz, supply.flash_mhz))
            name, core_hz = supply.name.encode(), _hz(supply.core_mhz)
            self._do("stm32_set_supply", index, name, core_hz, limits, len(limits))
        if chip.pll:
            self._do("stm32_set_pll", *map(_hz, (*chip.pll.input_mhz, *chip.pll.vco_mhz)))
        for bus, limit in enumerate(chip.bus_limits_mhz, start=1):
            self._do("stm32_set_bus_limit", bus, _hz(limit))

    def _add_peripheral(self, one: Peripheral) -> None:
        offset, mask = (one.gate[0], 1 << one.gate[1]) if one.gate else (0, 0)
        self._do("machine_add_peripheral", one.name.encode(), one.kind.encode(), one.base, one.size, offset, mask)
        for register, value in one.initial.items():
            self._do("machine_set_initial", one.base + register, value)
        if one.serial:
            select, bit, width = one.serial.select or (0, 0, 0)
            selection = ((1 << width) - 1) << bit
            self._do("stm32_set_serial", one.base, one.serial.bus, select, selection, one.serial.fifo_bytes)

    def _do(self, function: str, *arguments: int | bytes | ctypes.Array[ctypes.c_uint32]) -> None:
        error = getattr(self._native, function)(self._machine, *arguments)
        if error:
            raise TinydfError(f"the emulator's {function} failed with unicorn error {error}")

    def run(self) -> None:
        """Run until `stop` is called or the firmware does what the chip cannot; `status` and `last_words` say which."""
        self._native.machine_run(self._machine)

    def stop(self) -> None:
        """Make `run` return soon; may be called from another thread or a signal handler."""
        self._native.machine_stop(self._machine)

    @property
    def status(self) -> native.Status:
        """A copy of the machine's figures as they are now."""
        copy = native.Status()
        ctypes.pointer(copy)[0] = self._native.machine_look(self._machine).contents
        return copy

    @property
    def writes(self) -> list[tuple[int, int]]:
        """The first register writes to the chip's peripherals since power-on, in order: address and value."""
        count = ctypes.c_uint32()
        first = self._native.machine_writes(self._machine, ctypes.byref(count))
        return [(first[index].address, first[index].value) for index in range(count.value)]

    def last_words(self) -> str:
        """Why it stopped: what happened, and the address, function and line where; empty if it was told to stop."""
        status = self.status
        if not status.message:
            return ""
        where = self._symbols.describe(status.program_counter)
        caller = self._symbols.describe(status.link_register & ~1)
        return f"{status.message.decode()}, at {where}, called from {caller}"

    def close(self) -> None:
        """Free the machine; `run` must have returned."""
        if self._machine:
            self._native.machine_destroy(self._machine)
            self._machine = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
