# SPDX-License-Identifier: Apache-2.0
"""Ways to program a board, one a module: each knows one program, its command line, and how it says "no probe"."""

import logging
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from tinydf.boards.board import Board, EspTool
from tinydf.boards.flashers import cube_programmer, esptool, gdb, openocd, pyocd, st_flash, stm32flash
from tinydf.boards.flashers.job import Job
from tinydf.boards.flashers.process import run
from tinydf.errors import TinydfError

logger = logging.getLogger(__name__)

# In the order in which they are tried: the name of the table in the board's `[flash]`, and the module.
FLASHERS: dict[str, ModuleType] = {
    "openocd": openocd,
    "st_flash": st_flash,
    "cube_programmer": cube_programmer,
    "pyocd": pyocd,
    "esptool": esptool,
    "stm32flash": stm32flash,
    "gdb": gdb,
}
# Those that reach the board over a serial port; the others find a debug probe on USB by themselves.
SERIAL = {esptool, stm32flash}
# ... and over the very port that the firmware speaks on.
OVER_LINK = {esptool}
# Those that choose among debug probes by the serial number that USB shows.
USB_PROBES = {openocd, st_flash, cube_programmer, pyocd}
# Those that need a hand first (a boot pin, a server that runs), and so are taken only if they are asked for.
BY_NAME_ONLY = {stm32flash, gdb}
# What each finds missing, and how to mend it; the others miss a probe.
MISSING = {
    esptool: ("no board at that port", "plug {board} in{or_emulate}"),
    stm32flash: ("no boot loader at that port", "pull BOOT0 high, press reset, and flash again"),
    gdb: ("no gdb server", "start one, or name it with --probe HOST:PORT"),
}
OVERWRITTEN = re.compile(r"^.*\d%\) +(?=\S)")  # progress that the next line did not begin below
WRONG = re.compile(r"error|fail|mismatch|mis-match|nack|time[d ]*-?out|refused|not recognized", re.IGNORECASE)


def names() -> list[str]:
    """The flashers there are, as `--flasher` takes them."""
    return [name.replace("_", "-") for name in FLASHERS]


def installed(program: str) -> str | None:
    """The path of a program: on PATH, or beside this Python, where pip puts those that come with a package."""
    return shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))


def choose(board: Board, name: str | None = None) -> tuple[ModuleType, BaseModel]:
    """A flasher, and the board's table for it.

    Args:
        board: the board.
        name: as `names` gives it; by default the first that the board has a table for and that is installed.

    Raises:
        TinydfError: if the board has no such table, or the program is not installed.
    """
    offered = {name: (module, table) for name, module in FLASHERS.items() if (table := getattr(board.flash, name))}
    if not offered:
        raise TinydfError(f"{board.name} has no [flash] table", "it can only be emulated: --emulator")
    if name is not None:
        return _named(board, name, offered)
    for module, table in offered.values():
        if module not in BY_NAME_ONLY and installed(module.PROGRAM):
            return module, table
    programs = ", ".join(module.PROGRAM for module, _ in offered.values())
    first, _ = next(iter(offered.values()))
    raise TinydfError(f"no program to flash {board.name} with ({programs})", first.INSTALL)


def _named(board: Board, name: str, offered: dict[str, tuple[ModuleType, BaseModel]]) -> tuple[ModuleType, BaseModel]:
    key = name.replace("-", "_")
    if key not in offered:
        there = ", ".join(one.replace("_", "-") for one in offered)
        raise TinydfError(f"{board.name} has no [flash.{key}] table", f"it is flashed by {there}")
    module, table = offered[key]
    return module, table


def commands(board: Board, job: Job, name: str | None = None) -> list[list[str]]:
    """The command lines that `program` would run, in this order.

    Raises:
        TinydfError: as `choose`; if the job has no port for a flasher that needs one, or names a probe to such a one.
    """
    module, table = choose(board, name)
    if module in SERIAL and job.probe is not None:
        raise TinydfError(f"{module.PROGRAM} programs over a serial port", "give --port instead of --probe")
    if module in SERIAL and job.port is None:
        raise TinydfError(f"{module.PROGRAM} needs the serial port of {board.name}", "give --port")
    lines = [module.command(table, job)]
    return [module.identify(table, job), *lines] if isinstance(table, EspTool) else lines


def program(board: Board, job: Job, say: Callable[[str], None], name: str | None = None) -> str:
    """Write, verify and reset.

    Args:
        board: a board that is plugged in.
        job: what to write, and how the board is reached.
        say: called with each line of progress.
        name: of the flasher; by default the first that is installed.

    Returns:
        The program that did it.

    Raises:
        TinydfError: if no program is installed, no probe is plugged in, the chip is too old, or it fails.
        KeyboardInterrupt: on Ctrl-C; the flash may be half-written then.
    """
    module, table = choose(board, name)
    if installed(module.PROGRAM) is None:
        raise TinydfError(f"{module.PROGRAM} is not installed", module.INSTALL)
    *_, write = commands(board, job, name)
    if isinstance(table, EspTool):
        esptool.refuse(table, _run(module, board, esptool.identify(table, job), say)[1])
    try:
        status, output = _run(module, board, write, say)
    except KeyboardInterrupt:
        logger.info("stopped; the flash of %s may be half-written: flash it again", board.name)
        raise
    if status != 0 or not re.search(module.DONE, output):
        raise _failed(module, board, status, output)
    return str(module.PROGRAM)


def _run(module: ModuleType, board: Board, command: list[str], say: Callable[[str], None]) -> tuple[int, str]:
    """Run a flasher; its exit status and all that it printed. Raises TinydfError if it reaches no board."""
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        if re.search(module.PROGRESS, line):
            say(line.strip("* "))

    status = run([installed(module.PROGRAM) or command[0], *command[1:]], hear)
    output = "\n".join(lines)
    if re.search(module.NO_PROBE, output):
        what, hint = MISSING.get(module, ("no probe", "plug {board} in{or_emulate}"))
        or_emulate = ", or use --emulator" if board.emulator else ""
        raise TinydfError(f"{module.PROGRAM} found {what}", hint.format(board=board.name, or_emulate=or_emulate))
    return status, output


def _failed(module: ModuleType, board: Board, status: int, output: str) -> TinydfError:
    if status < 0:
        return TinydfError(f"{module.PROGRAM} was killed by signal {-status}", f"flash {board.name} again")
    if module is pyocd and re.search(pyocd.UNKNOWN_CHIP, output) and board.flash.pyocd:
        target = board.flash.pyocd.target
        return TinydfError(f"pyocd does not know {target}", f"`pyocd pack install {target}` (it is downloaded once)")
    wrong = (line for line in output.splitlines() if WRONG.search(line))
    why = OVERWRITTEN.sub("", next(wrong, f"status {status}"))
    return TinydfError(
        f"{module.PROGRAM} did not program {board.name}: {why}", "check cable and power, and flash it again"
    )
