"""Ways to program a board, one a module: each knows one program, its command line, and how it says "no probe"."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from tinydf.boards.board import Board, EspTool
from tinydf.boards.flashers import cube_programmer, esptool, openocd, st_flash
from tinydf.errors import TinydfError

# In the order in which they are tried: the name of the table in the board's `[flash]`, and the module.
FLASHERS: dict[str, ModuleType] = {
    "openocd": openocd,
    "st_flash": st_flash,
    "cube_programmer": cube_programmer,
    "esptool": esptool,
}
# Those that reach the board over a serial port; the others find a debug probe on USB by themselves.
SERIAL = {esptool}


def installed(program: str) -> str | None:
    """The path of a program: on PATH, or beside this Python, where pip puts those that come with a package."""
    return shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))


def choose(board: Board) -> tuple[ModuleType, BaseModel]:
    """The first flasher that the board has a table for and that is installed, with that table.

    Raises:
        TinydfError: if the board has none, or none is installed.
    """
    offered = [(module, table) for name, module in FLASHERS.items() if (table := getattr(board.flash, name))]
    if not offered:
        raise TinydfError(f"{board.name} has no [flash] table", "it can only be emulated: --emulator")
    for module, table in offered:
        if installed(module.PROGRAM):
            return module, table
    programs = ", ".join(module.PROGRAM for module, _ in offered)
    raise TinydfError(f"no program to flash {board.name} with ({programs})", offered[0][0].INSTALL)


def program(board: Board, firmware: Path, say: Callable[[str], None], port: str | None = None) -> str:
    """Write, verify and reset.

    Args:
        board: a board that is plugged in.
        firmware: the directory with firmware.elf and firmware.bin.
        say: called with each line of progress.
        port: the serial port, for a board that is programmed over one; by default the only one on USB.

    Returns:
        The program that did it.

    Raises:
        TinydfError: if no program is installed, no probe is plugged in, the chip is too old, or it fails.
    """
    module, table = choose(board)
    if port is not None and module not in SERIAL:
        raise TinydfError(f"{module.PROGRAM} finds {board.name} by its debug probe", "leave --port out")
    if isinstance(table, EspTool):
        esptool.refuse(table, _run(module, board, esptool.identify(table, port), say)[1])
    status, output = _run(module, board, module.command(table, firmware, port), say)
    if status != 0 or not re.search(module.DONE, output):
        wrong = (line for line in output.splitlines() if re.search(r"error|fail", line, re.IGNORECASE))
        raise TinydfError(f"{module.PROGRAM} did not program {board.name}: {next(wrong, f'status {status}')}")
    return str(module.PROGRAM)


def _run(module: ModuleType, board: Board, command: list[str], say: Callable[[str], None]) -> tuple[int, str]:
    """Run a flasher; its exit status and all that it printed. Raises TinydfError if it reaches no board."""
    lines: list[str] = []
    command[0] = installed(module.PROGRAM) or command[0]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as run:
        assert run.stdout is not None
        for line in map(str.strip, run.stdout):
            lines.append(line)
            if re.search(module.PROGRESS, line):
                say(line.strip("* "))
        status = run.wait()
    output = "\n".join(lines)
    if re.search(module.NO_PROBE, output):
        what = "no board at that port" if module in SERIAL else "no probe"
        raise TinydfError(f"{module.PROGRAM} found {what}", f"plug {board.name} in, or use --emulator")
    return status, output
