# SPDX-License-Identifier: Apache-2.0
"""The process of one emulated board: runs until told to stop, or until the firmware does what the chip cannot."""

import datetime
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tinydf import emulator
from tinydf.boards import board as boards
from tinydf.emulator import State
from tinydf.emulator.chips import CHIPS
from tinydf.emulator.machine import Machine
from tinydf.emulator.qemu import Qemu
from tinydf.errors import TinydfError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.05
Ready = Callable[[State], None]


def serve(name: str, board_name: str, ready: Ready = lambda state: None) -> State:
    """Run the firmware in the directory of the emulated board `name`, until SIGTERM or Ctrl-C.

    Args:
        name: the emulated board; its directory was made by `emulator.prepare`.
        board_name: which board it is.
        ready: called once, when the firmware waits for the host.

    Returns:
        How it ended: `last_words` is empty if it was told to stop.

    Raises:
        TinydfError: if it cannot start.
    """
    board = boards.load(board_name)
    assert board.emulator is not None
    with emulator.claimed(name):
        directory = emulator.home(name)
        state = State(
            name=name,
            board=board_name,
            elf_sha256=emulator.describe_firmware(name),
            port=str(directory / "tty"),
            log=str(directory / "log"),
            pid=os.getpid(),
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            status="starting",
        )
        emulator.write_state(state)
        state = _RUN[board.emulator.kind](board, state, ready)
        emulator.write_state(state)
        return state


@contextmanager
def _stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """SIGTERM and Ctrl-C call `stop` instead of ending the process at once."""

    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _pseudo_terminal(link: Path) -> Iterator[int]:
    """A raw pseudo-terminal: gives its master, non-blocking, and links `link` to its slave."""
    import tty

    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        os.set_blocking(master, False)
        link.symlink_to(os.ttyname(slave))
    finally:
        os.close(slave)  # open only while a client has it: what is sent to nobody is lost, as on a cable
    try:
        yield master
    finally:
        os.close(master)
        link.unlink()


def _run_machine(board: boards.Board, state: State, ready: Ready) -> State:
    assert isinstance(board.emulator, boards.UnicornEmulator)
    elf = emulator.home(state.name) / "firmware.elf"
    chip, hse_hz = CHIPS[board.emulator.machine], board.core.external_clock_hz or 0
    with _pseudo_terminal(Path(state.port)) as line, Machine(chip, elf, hse_hz, line) as machine:
        thread = threading.Thread(target=machine.run)
        with _stopped_by_signals(machine.stop):
            thread.start()
            while thread.is_alive():
                thread.join(LOOK_SECONDS)
                if state.status == "starting" and machine.status.ready:
                    state = _came_up(board, state, machine, ready)
        figures = machine.status
        ended = {"instructions": figures.instructions, "resets": figures.resets, "last_words": machine.last_words()}
    return state.model_copy(update={"status": "stopped", **ended})


def _came_up(board: boards.Board, state: State, machine: Machine, ready: Ready) -> State:
    state = state.model_copy(update={"status": "running"})
    figures = machine.status
    if figures.core_hz != board.core.clock_hz:
        logger.warning(
            "the clock tree is set to %s Hz; %s says %s Hz", figures.core_hz, board.name, board.core.clock_hz
        )
    if board.uart and abs(figures.baud - board.uart.baud) > 0.02 * board.uart.baud:
        logger.warning("%s is set to %s baud; %s says %s", board.uart.name, figures.baud, board.name, board.uart.baud)
    emulator.write_state(state)
    ready(state)
    return state


def _run_qemu(board: boards.Board, state: State, ready: Ready) -> State:
    assert isinstance(board.emulator, boards.QemuEmulator)
    machine = Qemu(board.emulator.machine, emulator.home(state.name) / "firmware.elf")
    with _stopped_by_signals(machine.stop), _held_open(machine.terminal):
        link = Path(state.port)
        link.symlink_to(machine.terminal)
        state = state.model_copy(update={"status": "running"})
        emulator.write_state(state)
        ready(state)
        words = machine.wait()
        link.unlink()
    return state.model_copy(update={"status": "stopped", "last_words": words})


@contextmanager
def _held_open(terminal: Path) -> Iterator[None]:
    """QEMU looks but once a second whether somebody has opened its terminal: let somebody always have."""
    descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    try:
        yield
    finally:
        os.close(descriptor)


def _run_process(board: boards.Board, state: State, ready: Ready) -> State:
    """The program makes its pseudo-terminal and the link, and prints the link's path when it has."""
    elf = emulator.home(state.name) / "firmware.elf"
    try:
        process = subprocess.Popen([str(elf), state.port], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise TinydfError(f"{elf} does not run here: {error.strerror}", f"build it for {board.name}") from None
    assert process.stdout is not None
    with _stopped_by_signals(process.terminate):
        if process.stdout.readline():
            state = state.model_copy(update={"status": "running"})
            emulator.write_state(state)
            ready(state)
        status = process.wait()
    words = f"the program ended with status {status}" if status not in {0, -signal.SIGTERM} else ""
    return state.model_copy(update={"status": "stopped", "last_words": words})


_RUN: dict[str, Callable[[boards.Board, State, Ready], State]] = {
    "unicorn": _run_machine,
    "qemu": _run_qemu,
    "process": _run_process,
}
