# SPDX-License-Identifier: Apache-2.0
"""A board is data: the schema of `boards/*.toml`, and nothing about any board anywhere else."""

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tinydf import resources
from tinydf.boards.packages import other_packages
from tinydf.errors import TinydfError
from tinydf.files import first_problem, sha256_bytes
from tinydf.installation import NAME

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
RegionName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,14}$")]
Address = Annotated[int, Field(ge=0, le=0xFFFF_FFFF)]
Script = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]+\.cfg$")]
EspChip = Literal["esp32", "esp32c3", "esp32s3"]
ARENA_GUARD_BYTES = 96
"""The most that firmware/app/arena.c lays around the arena."""
Megabytes64 = Annotated[int, Field(gt=0, le=64 << 20)]

ESP_IDF_PORT = "esp-idf"
PORT_FILE = "port.cmake"


class Table(BaseModel):
    """A table of the file: no other keys, no changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Core(Table):
    """The processor. `clock_hz` is what the firmware runs it at, and the rate of the tick counter."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", description="the core, such as cortex-m7")]
    clock_hz: int = Field(ge=1_000_000, le=2_000_000_000, description="what the firmware runs the core at")
    external_clock_hz: int | None = Field(
        default=None, ge=1_000_000, le=100_000_000, description="of the crystal or clock input that the PLL starts from"
    )


class Toolchain(Table):
    """The compiler: what stands before `gcc`, the flags that choose the core, and the command that installs it."""

    prefix: Annotated[str, Field(pattern=r"^([a-z0-9_.-]+-)?$", description="what stands before gcc")]
    flags: tuple[Annotated[str, Field(pattern=r"^-[A-Za-z0-9=_+.,-]+$")], ...] = Field(
        description="those that choose the core"
    )
    install: str = Field(description="the command that installs the compiler")


class Uart(Table):
    """The serial line that the link uses."""

    name: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*$", description="as the chip's manual calls it")]
    baud: int = Field(ge=9_600, le=12_500_000, description="bits a second")


class Usb(Table):
    """How the board's serial port shows on USB: vendor and product, each four digits of hexadecimal."""

    ids: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")], ...] = Field(
        min_length=1, description="vendor:product, as lsusb prints them; --port auto looks for these"
    )


class EspIdf(Table):
    """The firmware is built by ESP-IDF, for this target of its; the board's memories are those of its linker script.

    The toolchain's `install` is then ESP-IDF's. `uart.name` says which line the link uses, UART0 or USB.
    """

    target: EspChip = Field(description="the chip, as idf.py calls it")

    @property
    def clocks_hz(self) -> tuple[int, ...]:
        """The clocks that ESP-IDF can run the core at."""
        return tuple(mhz * 1_000_000 for mhz in ((80, 160) if self.target == "esp32c3" else (80, 160, 240)))

    @property
    def lines(self) -> tuple[str, ...]:
        """The serial lines that the link can use: the ESP32 has no USB-Serial-JTAG."""
        return ("UART0",) if self.target == "esp32" else ("UART0", "USB")


class MemoryRegion(Table):
    """A region of the linker script. The arena leaves `reserved` bytes of it free."""

    origin: Address = Field(description="its first address")
    bytes: Megabytes64 = Field(description="its size")
    kind: Literal["ram", "flash"] = Field(description="what it is")
    reserved: int = Field(default=0, ge=0, description="bytes left free by the arena, for stack and variables")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.origin + self.bytes > 1 << 32:
            raise ValueError("ends past the 32-bit address space")
        if self.reserved > self.bytes:
            raise ValueError("reserves more than it has")
        return self

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.origin + self.bytes

    @property
    def for_arena(self) -> int:
        """How large an arena it can hold, in bytes."""
        return max(0, self.bytes - self.reserved - ARENA_GUARD_BYTES)


class Arena(Table):
    """Where the model's tensors may go; the first region in which they fit is taken."""

    regions: tuple[RegionName, ...] = Field(min_length=1, description="memories in the order in which they are tried")


class OpenOcd(Table):
    """OpenOCD: scripts that come with it, of the board, or of its chip with that of the debug probe."""

    script: Script = Field(description="of the board, or of the chip")
    interface: Script | None = Field(default=None, description="of the debug probe, beside a chip's script")


class StFlash(Table):
    """st-flash of stlink-tools: where the binary goes."""

    address: Address = Field(description="where the binary goes")


class CubeProgrammer(Table):
    """STM32CubeProgrammer: how to reach the chip, as its `-c` option takes it."""

    connect: str = Field(min_length=1, description="what stands behind -c")


class PyOcd(Table):
    """pyocd: its name of the chip, and where the binary goes. Chips that it does not know come in CMSIS packs."""

    target: Annotated[str, Field(pattern=r"^[a-z0-9_]+$", description="as `pyocd list --targets` has it")]
    address: Address = Field(description="where the binary goes")


class EspTool(Table):
    """esptool: the chip, its oldest revision (major, minor) that will do, and where in its flash the binary goes."""

    chip: EspChip = Field(description="as esptool calls it")
    oldest_revision: tuple[int, int] = Field(description="major and minor; an older chip is refused")
    address: Address = Field(description="where in its flash the binary goes")


class Stm32Flash(Table):
    """stm32flash, over the UART of ST's boot loader in ROM (AN3155), which takes 8E1 and finds the baud rate itself."""

    address: Address = Field(description="where the binary goes")
    baud: int = Field(default=115_200, ge=1_200, le=115_200, description="bits a second")
    mode: Literal["8e1", "8n1"] = Field(default="8e1", description="the boot loader's is 8e1")


class Gdb(Table):
    """gdb, through any server that speaks its protocol; `reset` is the server's command that resets the chip."""

    remote: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]*:[0-9]+$")] = "localhost:3333"
    reset: Annotated[str, Field(pattern=r"^[a-z_ ]+$")] = "reset"


class Flash(Table):
    """Ways to program the board, one module of `tinydf/boards/flashers` each."""

    openocd: OpenOcd | None = None
    st_flash: StFlash | None = None
    cube_programmer: CubeProgrammer | None = None
    pyocd: PyOcd | None = None
    esptool: EspTool | None = None
    stm32flash: Stm32Flash | None = None
    gdb: Gdb | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        """The ways that there are, as `tinydf flash --flasher` takes them: the tables' names, with dashes."""
        return tuple(name.replace("_", "-") for name in type(self).model_fields if getattr(self, name) is not None)


class UnicornEmulator(Table):
    """The chip on unicorn, with the peripherals of a machine of `tinydf/emulator/chips`."""

    kind: Literal["unicorn"]
    machine: Literal["stm32h743", "stm32h7a3", "stm32f446", "stm32f767", "stm32l4r5", "stm32u575", "esp32c3"]


class QemuEmulator(Table):
    """A machine of qemu-system-arm."""

    kind: Literal["qemu"]
    machine: Literal["mps2-an386", "mps2-an500", "mps3-an547"]


class ProcessEmulator(Table):
    """The firmware is a program of this computer, and makes its own pseudo-terminal."""

    kind: Literal["process"]


class Board(Table):
    """One board, as its TOML file describes it.

    `silicon` says who has run the firmware on a real board, and when.
    """

    name: Name = Field(description="the file's name: lower case, digits and dashes")
    title: str = Field(min_length=1, description="what a person calls it")
    silicon: str | None = Field(
        default=None, min_length=1, description="who has run the firmware on a real board, and when"
    )
    port: Name = Field(description="the folder of firmware/port/")
    core: Core
    toolchain: Toolchain
    uart: Uart | None = None
    usb: Usb | None = None
    memory: dict[RegionName, MemoryRegion] = Field(default_factory=dict)
    arena: Arena | None = None
    flash: Flash = Flash()
    esp_idf: EspIdf | None = None
    emulator: Annotated[UnicornEmulator | QemuEmulator | ProcessEmulator, Field(discriminator="kind")] | None = None

    @model_validator(mode="after")
    def _memories_are_apart(self) -> Self:
        ordered = sorted(self.memory.items(), key=lambda item: item[1].origin)
        for (lower_name, lower), (upper_name, upper) in pairwise(ordered):
            if lower.end > upper.origin:
                raise ValueError(f"memory.{lower_name} and memory.{upper_name} overlap")
        return self

    @model_validator(mode="after")
    def _flash_memory(self) -> Self:
        if self.memory and not any(region.kind == "flash" for region in self.memory.values()):
            raise ValueError("memory has no region of kind flash")
        return self

    @model_validator(mode="after")
    def _arena_in_ram(self) -> Self:
        for name in self.arena.regions if self.arena else ():
            if name not in self.memory or self.memory[name].kind != "ram":
                raise ValueError(f"arena.regions: {name} is no memory of kind ram")
        return self

    @model_validator(mode="after")
    def _microcontroller_is_whole(self) -> Self:
        has = {"memory": bool(self.memory), "arena": self.arena is not None, "uart": self.uart is not None}
        missing = [name for name, there in has.items() if not there]
        if any(has.values()) and missing:
            raise ValueError(f"a microcontroller needs memory, arena and uart; {missing[0]} is missing")
        is_process = isinstance(self.emulator, ProcessEmulator)
        if is_process == bool(self.memory):
            raise ValueError("a board without memory runs as a process, and one with memory does not")
        return self

    @model_validator(mode="after")
    def _esp_idf_can(self) -> Self:
        if (self.esp_idf is not None) != (self.port == ESP_IDF_PORT):
            raise ValueError(f'port = "{ESP_IDF_PORT}" and a table esp_idf go together')
        if self.esp_idf is None or self.uart is None:
            return self
        if self.core.clock_hz not in self.esp_idf.clocks_hz:
            hertz = ", ".join(map(str, self.esp_idf.clocks_hz))
            raise ValueError(f"core.clock_hz: ESP-IDF runs an {self.esp_idf.target} at {hertz} Hz")
        if self.uart.name not in self.esp_idf.lines:
            raise ValueError(f"uart.name: the link of an {self.esp_idf.target} is {' or '.join(self.esp_idf.lines)}")
        if self.flash.esptool is None or self.flash.esptool.chip != self.esp_idf.target:
            raise ValueError(f"flash.esptool.chip: must be {self.esp_idf.target}, as esp_idf.target")
        return self

    @model_validator(mode="after")
    def _silicon_can_be_flashed(self) -> Self:
        if self.silicon is not None and not self.flash.tables:
            raise ValueError("silicon: without a flash table nobody can have run it on a real board")
        return self

    @property
    def built_with(self) -> str:
        """The program that builds its firmware."""
        return "idf.py" if self.esp_idf else f"{self.toolchain.prefix}gcc"

    @property
    def on_silicon(self) -> str | None:
        """Who has run the firmware on a real board; None where there is none to be flashed."""
        return self.silicon or ("nobody yet" if self.flash.tables else None)

    @property
    def hosted(self) -> bool:
        """True if the firmware is a program of this computer."""
        return isinstance(self.emulator, ProcessEmulator)


def names() -> list[str]:
    """The boards there are, by name; those of other packages among them.

    Raises:
        TinydfError: if a package announces boards and has none.
    """
    return sorted({path.stem for path in _files()})


def path_of(name: str) -> Path:
    """The file of a board.

    Raises:
        TinydfError: if there is no such board (the message lists those there are), or several packages have one.
    """
    found = [path for path in _files() if path.stem == name]
    if not found:
        raise TinydfError(f"there is no board {name!r}", f"boards: {', '.join(names())}")
    if len(found) > 1:
        raise TinydfError(f"there are two boards {name!r}: {found[0]} and {found[1]}", "uninstall one of the packages")
    return found[0]


def package_of(name: str) -> str:
    """The package that a board comes from: tinydf, or another one and its version.

    Raises:
        TinydfError: as `path_of`.
    """
    folder = path_of(name).parent
    return next((one.name for one in other_packages() if one.boards == folder), NAME)


def _files() -> list[Path]:
    folders = [resources.BOARDS, *(one.boards for one in other_packages())]
    return [path for folder in folders for path in folder.glob("*.toml")]


def load(name: str) -> Board:
    """Read a board by its name.

    Raises:
        TinydfError: if there is no such board, or its file breaks a rule.
    """
    return validate(path_of(name))


def validate(path: Path) -> Board:
    """Read a board file, and check it against every rule.

    Raises:
        TinydfError: names the first key that breaks a rule, and the rule.
    """
    try:
        board = Board.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise TinydfError(f"{path} is not a file", "give a board file, such as boards/nucleo-h743.toml") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TinydfError(f"{path}: not TOML: {error}", "see docs/how-to/add-a-board.md") from None
    except ValidationError as error:
        problem = first_problem(error).replace("Value error, ", "")
        raise TinydfError(f"{path}: {problem}", "see docs/how-to/add-a-board.md") from None
    if board.name != path.stem:
        raise TinydfError(f"{path}: name: {board.name!r} is not the file's name", f"call it {path.stem!r}")
    if board.port not in (ports := _ports(path)):
        raise TinydfError(f"{path}: port: there is no firmware/port/{board.port}", f"ports: {', '.join(ports)}")
    return board


def own_port(name: str) -> Path | None:
    """The folder of a board's port, if that comes with the board and not with tinydf."""
    path = path_of(name)
    folder = _beside(path) / load(name).port
    return folder if (folder / PORT_FILE).is_file() else None


def _ports(path: Path) -> list[str]:
    """The ports that a board's file can name: folders with a port.cmake; ESP-IDF's is built by its own CMake."""
    found = [one for folder in (resources.FIRMWARE / "port", _beside(path)) for one in folder.glob(f"*/{PORT_FILE}")]
    return sorted({one.parent.name for one in found} | {ESP_IDF_PORT})


def _beside(path: Path) -> Path:
    """Where a package keeps the ports of its boards, by the file of one: `port/` beside the folder of the boards."""
    return path.absolute().parent.parent / "port"


def sha256(name: str) -> str:
    """SHA-256 of a board's file."""
    return sha256_bytes(path_of(name).read_bytes())
