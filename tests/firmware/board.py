"""The firmware of a board with the small engine of programs/engine.c, built by firmware/CMakeLists.txt."""

import json
import os
import shutil
import subprocess
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.firmware.host import PROGRAMS
from tinydf.boards.emulator.chips.chip import Chip
from tinydf.boards.emulator.machine import Machine
from tinydf.compiler.compile import Compiled, write_compiled
from tinydf.resources import FIRMWARE

ARENA_BYTES = 2560


@dataclass(frozen=True)
class Target:
    """A board, as CMake and the linker are told of it."""

    toolchain: str
    region: str
    cmake: str
    memory: str


NUCLEO = Target(
    toolchain="arm-none-eabi.cmake",
    region="DTCM",
    cmake="""\
set(TINYDF_BOARD nucleo-h743)
set(TINYDF_PORT stm32h7)
set(TINYDF_CPU_FLAGS -mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard)
set(TINYDF_TOOLCHAIN_PREFIX arm-none-eabi-)
set(TINYDF_LINKER_DIR "${CMAKE_CURRENT_LIST_DIR}")
set(TINYDF_DEFINITIONS TINYDF_CLOCK_HZ=480000000u TINYDF_HSE_HZ=8000000u TINYDF_UART_BAUD=921600u
    TINYDF_BOARD_NAME="nucleo-h743")
""",
    memory="""\
MEMORY
{
    ITCM (rwx) : ORIGIN = 0x00000000, LENGTH = 64K
    DTCM (rwx) : ORIGIN = 0x20000000, LENGTH = 128K
    AXI (rwx) : ORIGIN = 0x24000000, LENGTH = 512K
    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 2M
}
""",
)

ESP32C3 = Target(
    toolchain="riscv64-unknown-elf.cmake",
    region="DRAM",
    cmake="""\
set(TINYDF_BOARD esp32-c3-devkitm-1)
set(TINYDF_PORT esp32c3)
set(TINYDF_CPU_FLAGS -march=rv32imc -misa-spec=2.2 -mabi=ilp32)
set(TINYDF_TOOLCHAIN_PREFIX riscv64-unknown-elf-)
set(TINYDF_LINKER_DIR "${CMAKE_CURRENT_LIST_DIR}")
set(TINYDF_DEFINITIONS TINYDF_CLOCK_HZ=160000000u TINYDF_HSE_HZ=40000000u TINYDF_UART_BAUD=921600u
    TINYDF_BOARD_NAME="esp32-c3-devkitm-1")
""",
    memory="""\
MEMORY
{
    IRAM (rwx) : ORIGIN = 0x40380000, LENGTH = 32K
    DRAM (rwx) : ORIGIN = 0x3FC88000, LENGTH = 352K
    FLASH (rx) : ORIGIN = 0x42000000, LENGTH = 4M
}
""",
)


_kept: list[TemporaryDirectory[str]] = []  # until the tests end


@cache
def _tree(target: Target) -> Path:
    """One build tree for all tests of a board, so that the kernels are compiled once."""
    _kept.append(TemporaryDirectory(prefix="tinydf-test-"))
    return Path(_kept[-1].name)


def build(
    *definitions: str,
    target: Target = NUCLEO,
    region: str | None = None,
    arena_bytes: int = ARENA_BYTES,
    compiled: Compiled | None = None,
    **settings: int,
) -> subprocess.CompletedProcess[str]:
    """Configure and build; the result is the build's, and what it made is overwritten by the next one.

    Args:
        definitions: those that programs/engine.c knows, as NAME=VALUE.
        target: the board.
        region: where the arena goes.
        arena_bytes: its size.
        compiled: a compiled model, instead of programs/engine.c.
        settings: CMake variables.
    """
    tree = _tree(target)
    export = tree / "export"
    export.mkdir(exist_ok=True)
    if compiled is not None:
        write_compiled(compiled, export)
    else:
        (export / "plan.json").write_text(json.dumps({"arena_bytes": arena_bytes}))
        defines = "".join(f"#define {one.replace('=', ' ')}\n" for one in definitions)
        (export / "model_aot.c").write_text(defines + (PROGRAMS / "engine.c").read_text())
    (tree / "board.cmake").write_text(f"{target.cmake}set(TINYDF_ARENA_REGION {region or target.region})\n")
    (tree / "memory.ld").write_text(target.memory)
    cmake = {
        "CMAKE_TOOLCHAIN_FILE": FIRMWARE / "cmake" / target.toolchain,
        "TINYDF_BOARD_CMAKE": tree / "board.cmake",
        "TINYDF_EXPORT": export,
        "TINYDF_BUILD_ID": "0123abcd",
        "TINYDF_STACK_BYTES": 8192,
        **settings,
    }
    configure = ["cmake", "-G", "Ninja", "-S", FIRMWARE, "-B", tree / "build"]
    subprocess.run([*configure, *(f"-D{k}={v}" for k, v in cmake.items())], capture_output=True, check=True)
    return subprocess.run(["cmake", "--build", tree / "build"], capture_output=True, text=True, check=False)


@contextmanager
def emulated(chip: Chip, elf: Path, hse_hz: int) -> Iterator[str]:
    """The firmware on an emulated chip with a crystal of so many hertz; gives its port."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    with Machine(chip, elf, hse_hz, ours) as machine:
        thread = threading.Thread(target=machine.run)
        thread.start()
        try:
            yield os.ttyname(theirs)
        finally:
            machine.stop()
            thread.join(10)
            words = machine.last_words()
            assert words == "", words
    os.close(ours)
    os.close(theirs)


def built(directory: Path, *definitions: str, target: Target = NUCLEO, **arguments: Any) -> Path:
    """Like `build`, and gives the ELF file, in `directory`."""
    done = build(*definitions, target=target, **arguments)
    assert done.returncode == 0, done.stdout
    elf = directory / "firmware.elf"
    shutil.copy(_tree(target) / "build" / "firmware.elf", elf)
    return elf
