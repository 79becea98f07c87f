# SPDX-License-Identifier: Apache-2.0
"""The firmware of a board with the small engine of programs/engine.c, built by firmware/CMakeLists.txt."""

import json
import os
import shutil
import subprocess
import threading
import tty
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.firmware.host import PROGRAMS
from tinydf.boards import board as boards
from tinydf.boards.board import UnicornEmulator
from tinydf.boards.build import write_settings
from tinydf.compiler.compile import Compiled, write_compiled
from tinydf.emulator.chips import CHIPS
from tinydf.emulator.chips.chip import Chip
from tinydf.emulator.machine import Machine
from tinydf.resources import FIRMWARE

ARENA_BYTES = 2560
BARE_ENGINE = os.path.relpath(PROGRAMS / "bare", FIRMWARE / "engine")  # CMakeLists.txt looks for engines there
TWO_MODELS = os.path.relpath(PROGRAMS / "two_models", FIRMWARE / "engine")
NUCLEO = "nucleo-h743"
ESP32C3 = "esp32-c3-devkitm-1"

_kept: list[TemporaryDirectory[str]] = []  # until the tests end


@cache
def _tree(board: str) -> Path:
    """One build tree for all tests of a board, so that the kernels are compiled once."""
    _kept.append(TemporaryDirectory(prefix="tinydf-test-"))
    return Path(_kept[-1].name)


def build(
    *definitions: str,
    target: str = NUCLEO,
    region: str | None = None,
    arena_bytes: int = ARENA_BYTES,
    compiled: Compiled | None = None,
    models: tuple[Compiled, ...] = (),
    **settings: int,
) -> subprocess.CompletedProcess[str]:
    """Configure and build; the result is the build's, and what it made is overwritten by the next one.

    Args:
        definitions: those that programs/engine.c knows, as NAME=VALUE.
        target: the board's name.
        region: where the arena goes; the first of the board's regions if not said.
        arena_bytes: its size.
        compiled: a compiled model, instead of programs/engine.c.
        models: those called first and second, for programs/two_models.
        settings: CMake variables.
    """
    tree = _tree(target)
    board = boards.load(target)
    assert board.arena
    export = tree / "export"
    export.mkdir(exist_ok=True)
    if compiled is not None:
        write_compiled(compiled, export)
    else:
        for model in models:
            write_compiled(model, export)
        arena_bytes = max((model.arena_bytes for model in models), default=arena_bytes)
        (export / "plan.json").write_text(json.dumps({"arena_bytes": arena_bytes}))
        defines = "".join(f"#define {one.replace('=', ' ')}\n" for one in definitions)
        (export / "model_aot.c").write_text(defines + (PROGRAMS / "engine.c").read_text())
    write_settings(board, region or board.arena.regions[0], tree)
    cmake: dict[str, str | Path | int] = {
        "CMAKE_TOOLCHAIN_FILE": FIRMWARE / "cmake" / f"{board.toolchain.prefix.rstrip('-')}.cmake",
        "TINYDF_BOARD_CMAKE": tree / "board" / "board.cmake",
        "TINYDF_EXPORT": export,
        "TINYDF_ENGINE": "aot" if compiled else TWO_MODELS if models else BARE_ENGINE,
        "TINYDF_BUILD_ID": "0123abcd",
        "TINYDF_STACK_BYTES": 8192,
        **settings,
    }
    configure = ["cmake", "-G", "Ninja", "-S", str(FIRMWARE), "-B", str(tree / "build")]
    subprocess.run([*configure, *(f"-D{k}={v}" for k, v in cmake.items())], capture_output=True, check=True)
    return subprocess.run(["cmake", "--build", tree / "build"], capture_output=True, text=True, check=False)


def stm32_boards() -> list[str]:
    """The boards with an STM32."""
    return [name for name in boards.names() if boards.load(name).port.startswith("stm32")]


def chip_of(name: str) -> Chip:
    """The emulated chip of a board."""
    emulator = boards.load(name).emulator
    assert isinstance(emulator, UnicornEmulator)
    return CHIPS[emulator.machine]


def running(name: str, elf: Path) -> AbstractContextManager[str]:
    """The firmware on the board's emulated chip, with the board's external clock; gives its port."""
    return emulated(chip_of(name), elf, boards.load(name).core.external_clock_hz or 0)


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


def built(directory: Path, *definitions: str, target: str = NUCLEO, **arguments: Any) -> Path:
    """Like `build`, and gives the ELF file, in `directory`."""
    done = build(*definitions, target=target, **arguments)
    assert done.returncode == 0, done.stdout
    elf = directory / "firmware.elf"
    shutil.copy(_tree(target) / "build" / "firmware.elf", elf)
    return elf
