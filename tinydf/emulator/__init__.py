# SPDX-License-Identifier: Apache-2.0
"""Emulated boards: the very firmware that would be flashed, in a background process behind a pseudo-terminal.

Each runs under a name in a directory of its own in the cache: its firmware, its state, its log, and `tty`, the stable
path of its serial port. The process holds a lock as long as it lives, so that nothing stale is taken for running.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tinydf.boards import board as boards
from tinydf.errors import TinydfError
from tinydf.files import atomic_path, sha256_file, try_lock, write_json
from tinydf.resources import cache_directory

BOOT_SECONDS = 60.0
STOP_SECONDS = 10.0
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class State(BaseModel):
    """What is known of an emulated board; `state.json` in its directory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    board: str
    elf_sha256: str
    port: str
    log: str
    pid: int
    started: str
    status: Literal["starting", "running", "stopped"]
    last_words: str = ""
    instructions: int = 0
    resets: int = 0


@dataclass(frozen=True)
class Running:
    """An emulated board that runs. `port` is the path that `tinydf bench --port` takes."""

    name: str
    port: str
    pid: int

    def stop(self) -> None:
        """Stop it; no error if it has stopped by itself."""
        stop(self.name)


def home(name: str) -> Path:
    """The directory of the emulated board `name`, below the cache and nowhere else.

    Raises:
        TinydfError: if the name could be a path, or is no name.
    """
    if not NAME.fullmatch(name):
        hint = "use letters, digits, dots, dashes and underscores, a letter or digit first, at most 63"
        raise TinydfError(f"an emulated board cannot be called {name!r}", hint)
    return cache_directory("emulators") / name


def start(board: str, elf: Path, name: str | None = None, replace: bool = False) -> Running:
    """Start an emulated board in the background, and wait until its firmware waits for the host.

    Args:
        board: the board's name.
        elf: its firmware.
        name: what to call it, so that several can run; the board's name by default.
        replace: stop the one that runs under this name, instead of failing.

    Raises:
        TinydfError: if it cannot be started, one of this name runs already, or the firmware stops while it boots.
    """
    name = name or board
    prepare(board, elf, name, replace)
    directory = home(name)
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tinydf.emulator", name, board],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return _wait_for_boot(name, process)
    except BaseException:
        process.terminate()
        process.wait(STOP_SECONDS)
        raise


def prepare(board: str, elf: Path, name: str, replace: bool) -> None:
    """Make the directory of an emulated board, with a copy of its firmware.

    Raises:
        TinydfError: if the board has no emulator, the firmware is missing, or one of this name runs.
    """
    if boards.load(board).emulator is None:
        raise TinydfError(f"{board} has no emulator", "flash a real one, without --emulator")
    if not elf.is_file():
        raise TinydfError(f"{elf} does not exist", "build it with `tinydf build`")
    if alive(name):
        if not replace:
            raise TinydfError(f"an emulated {name} runs already", f"stop it with `tinydf emulator stop {name}`")
        stop(name)
    directory = home(name)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with atomic_path(directory / "firmware.elf") as aside:
        shutil.copy(elf, aside)


def _wait_for_boot(name: str, process: subprocess.Popen[bytes]) -> Running:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        state = read_state(name)
        if state and state.status == "running":
            return Running(name, state.port, state.pid)
        if ended:
            words = (state.last_words if state else "") or _last_line(home(name) / "log")
            raise TinydfError(f"the emulated {name} stopped: {words or f'exit status {process.returncode}'}")
        time.sleep(0.02)
    raise TinydfError(
        f"the firmware on the emulated {name} did not come up in {BOOT_SECONDS:.0f} s", f"see {home(name) / 'log'}"
    )


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def read_state(name: str) -> State | None:
    """The state of an emulated board; None if there is none."""
    try:
        return State.model_validate_json((home(name) / "state.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_state(state: State) -> None:
    """Write the state of an emulated board."""
    write_json(home(state.name) / "state.json", state)


@contextmanager
def claimed(name: str) -> Iterator[None]:
    """Hold the lock of an emulated board, which says that it lives.

    Raises:
        TinydfError: if another process holds it.
    """
    with (home(name) / "lock").open("w") as lock:
        if not try_lock(lock.fileno()):
            raise TinydfError(f"an emulated {name} runs already", f"stop it with `tinydf emulator stop {name}`")
        yield


def alive(name: str) -> bool:
    """True if a process runs this emulated board."""
    try:
        with (home(name) / "lock").open("r+") as lock:
            return not try_lock(lock.fileno())
    except FileNotFoundError:
        return False


def running() -> list[State]:
    """The emulated boards that run."""
    names = [directory.name for directory in _directories() if alive(directory.name)]
    return [state for state in map(read_state, names) if state and state.status == "running"]


def list_all() -> list[State]:
    """The emulated boards that run, and those that stopped by themselves; those that were killed are forgotten."""
    found = []
    for directory in _directories():
        state = read_state(directory.name)
        if state and (state.last_words or alive(state.name)):
            found.append(state)
        elif not alive(directory.name):
            shutil.rmtree(directory, ignore_errors=True)
    return found


def _directories() -> list[Path]:
    """Those of emulated boards; other files in the cache are left alone."""
    there = sorted(cache_directory("emulators").iterdir())
    return [directory for directory in there if directory.is_dir() and NAME.fullmatch(directory.name)]


def stop(name: str) -> bool:
    """Stop an emulated board and forget it; False if there was none."""
    state = read_state(name)
    if state and alive(name):
        _end(name, state.pid)
    there = home(name).exists()
    shutil.rmtree(home(name), ignore_errors=True)
    return there


def _end(name: str, pid: int) -> None:
    """Ask the process to end; after a while, make it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if not alive(name):
                return
            time.sleep(0.02)


def describe_firmware(name: str) -> str:
    """SHA-256 of the firmware in an emulated board's directory."""
    return sha256_file(home(name) / "firmware.elf")
