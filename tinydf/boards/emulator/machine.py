"""The chips that can be emulated, and a machine made from one with a firmware in its flash."""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from tinydf.boards.emulator import native
from tinydf.boards.emulator.symbols import Symbols
from tinydf.errors import TinydfError

UNIQUE_ID = b"TINYDF-EMUL."


@dataclass(frozen=True)
class Memory:
    """A memory of the chip. `alias_of` is the origin of the memory that is seen here a second time."""

    origin: int
    size: int
    writable: bool = True
    alias_of: int | None = None


@dataclass(frozen=True)
class Peripheral:
    """A peripheral that is modelled. `gate` is (offset, bit) of its clock enable bit in RCC; None if always on."""

    name: str
    kind: str
    base: int
    size: int = 0x400
    gate: tuple[int, int] | None = None


@dataclass(frozen=True)
class Chip:
    """A chip: its core, all its memories, and the peripherals that are modelled.

    `unique_id_address` is where a memory has the unique id; None if a peripheral has it.
    """

    core: str
    elf_machine: str
    memories: tuple[Memory, ...]
    peripherals: tuple[Peripheral, ...]
    boot_address: int
    unique_id_address: int | None = None


_AHB4ENR, _APB1LENR, _APB4ENR = 0xE0, 0xE8, 0xF4

# RM0433: tables 6 and 8 (memory map), 8.7.39 on (clock enables), 61.1 (unique id).
STM32H743 = Chip(
    core="cortex-m7",
    elf_machine="EM_ARM",
    memories=(
        Memory(0x0000_0000, 64 << 10),  # ITCM
        Memory(0x0800_0000, 2 << 20, writable=False),  # flash, two banks
        Memory(0x1FF0_0000, 128 << 10, writable=False),  # system memory
        Memory(0x2000_0000, 128 << 10),  # DTCM
        Memory(0x2400_0000, 512 << 10),  # AXI SRAM
        Memory(0x3000_0000, 288 << 10),  # SRAM1, SRAM2, SRAM3
        Memory(0x3800_0000, 64 << 10),  # SRAM4
        Memory(0x3880_0000, 4 << 10),  # backup SRAM
    ),
    peripherals=(
        Peripheral("USART3", "usart", 0x4000_4800, gate=(_APB1LENR, 18)),
        Peripheral("FLASH", "flash", 0x5200_2000),
        Peripheral("SYSCFG", "syscfg", 0x5800_0400, gate=(_APB4ENR, 1)),
        Peripheral("IWDG1", "iwdg", 0x5800_4800),
        *(Peripheral(f"GPIO{'ABCDEFGHIJK'[n]}", "storage", 0x5802_0000 + 0x400 * n, gate=(_AHB4ENR, n))
          for n in range(11)),
        Peripheral("RCC", "rcc", 0x5802_4400),
        Peripheral("PWR", "pwr", 0x5802_4800),
        Peripheral("DBGMCU", "dbgmcu", 0x5C00_1000),
        Peripheral("DWT", "dwt", 0xE000_1000, size=0x1000),
        Peripheral("SCS", "scs", 0xE000_E000, size=0x1000),
    ),
    boot_address=0x0800_0000,
    unique_id_address=0x1FF1_E800,
)  # fmt: skip

# ESP32-C3 Technical Reference Manual: table 3-1 (memory map) and 3-3 (peripherals). The ROM has mapped the first 4 MiB
# of the flash to both buses ("direct boot", firmware/port/esp32c3).
ESP32C3 = Chip(
    core="rv32imc",
    elf_machine="EM_RISCV",
    memories=(
        Memory(0x4200_0000, 4 << 20, writable=False),  # flash, instruction bus
        Memory(0x3C00_0000, 4 << 20, writable=False, alias_of=0x4200_0000),  # ... data bus
        Memory(0x3FC8_0000, 384 << 10),  # SRAM1, data bus
        Memory(0x4038_0000, 384 << 10, alias_of=0x3FC8_0000),  # ... instruction bus
        Memory(0x5000_0000, 8 << 10),  # RTC fast memory
    ),
    peripherals=(
        Peripheral("SYSTEM", "esp32c3-system", 0x600C_0000, size=0x1000),
        Peripheral("UART0", "esp32c3-uart", 0x6000_0000),
        Peripheral("GPIO", "storage", 0x6000_4000, size=0x1000),
        Peripheral("RTC_CNTL", "esp32c3-rtc", 0x6000_8000),
        Peripheral("EFUSE", "esp32c3-efuse", 0x6000_8800),
        Peripheral("IO_MUX", "storage", 0x6000_9000),
        Peripheral("TIMG0", "esp32c3-timer-group", 0x6001_F000),
        Peripheral("SYSTIMER", "esp32c3-systimer", 0x6002_3000),
    ),
    boot_address=0x4200_0000,
)

CHIPS = {"stm32h743": STM32H743, "esp32c3": ESP32C3}


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
            raise TinydfError("unicorn does not start", "try `pip install --force-reinstall 'tinydf[emulator]'`")
        for memory in chip.memories:
            if memory.alias_of is None:
                self._do("machine_add_memory", memory.origin, memory.size, memory.writable)
            else:
                self._do("machine_add_alias", memory.origin, memory.alias_of)
        for one in chip.peripherals:
            offset, mask = (one.gate[0], 1 << one.gate[1]) if one.gate else (0, 0)
            names = one.name.encode(), one.kind.encode()
            self._do("machine_add_peripheral", *names, one.base, one.size, offset, mask)
        if chip.unique_id_address is not None:
            self._do("machine_load", chip.unique_id_address, UNIQUE_ID, len(UNIQUE_ID))
        for segment in content:
            arguments = segment.address, segment.content, len(segment.content)
            if self._native.machine_load(self._machine, *arguments):
                where = f"0x{segment.address:08X}, {len(segment.content)} bytes"
                raise TinydfError(f"{elf}: a segment at {where} is outside the chip's memories")
        self._do("machine_start")

    def _do(self, function: str, *arguments: int | bytes) -> None:
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
