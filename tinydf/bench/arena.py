# SPDX-License-Identifier: Apache-2.0
"""`tinydf arena`: the smallest arena in which TFLM runs a model, found on the board itself or its emulator.

One firmware is built with as large an arena as the board has. The link's ARENA request starts its engine again in a
part of it, so that each probe takes a moment: the tensors are allocated, an inference is run, and its bytes must be
those of the full arena. Bisection finds the smallest size that passes. Then a firmware with exactly that arena is built
and run.
"""

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from tinydf import emulator, progress
from tinydf.artefacts.build import ELF
from tinydf.artefacts.manifest import read_export
from tinydf.boards import board as boards
from tinydf.boards.build import build
from tinydf.boards.tflm.setup import ArenaFigure, Choice, keep_figure, prepare
from tinydf.compiler.host.check import random_inputs
from tinydf.errors import TinydfError
from tinydf.flash import flash
from tinydf.link import wire
from tinydf.link.client import Connection, Result

logger = logging.getLogger(__name__)

HOSTED_BYTES = 8 << 20
FIRST_STEP = 16


def find_arena(board_name: str, export: Path, port: str | None = None, library: Path | None = None) -> ArenaFigure:
    """Find the exact arena, and keep it in the export's tflm_arena.json, where builds look for it.

    Args:
        board_name: the board.
        export: export directory.
        port: serial port of a real board, which is programmed twice; None starts the emulator.
        library: the library, if not the one under TFLM_ROOT.

    Raises:
        TinydfError: if there is no library for the board, the board has too little memory, or it does not answer.
    """
    board, manifest = boards.load(board_name), read_export(export)
    if board.emulator is None and port is None:
        raise TinydfError(f"{board_name} has no emulator", "plug the board in and give its --port")
    linked = prepare(board, export, manifest, Choice(library)).library
    sample = random_inputs(manifest.input.shape, 3)[2].tobytes()
    with tempfile.TemporaryDirectory(prefix="tinydf-arena-") as scratch, progress.spinner("finding the arena") as say:
        station = _Station(board, export, Path(scratch), port, library)
        try:
            size = _smallest(station, sample, say)
            say(f"running with {size} bytes")
            station.load(size)
            with station.open() as link:
                link.infer(0, sample)
        finally:
            station.stop()
    figure = ArenaFigure(board=board_name, library_sha256=linked.sha256, library=str(linked), arena_bytes=size)
    keep_figure(export, manifest, figure)
    return figure


class _Station:
    """A board with a firmware on it, whose arena can be cut."""

    def __init__(
        self, board: boards.Board, export: Path, firmware: Path, port: str | None, library: Path | None
    ) -> None:
        self._board, self._export, self._firmware, self._library = board, export, firmware, library
        self._real = port
        self._build_id = ""
        self._running: emulator.Running | None = None
        self.port = port or ""

    @property
    def largest(self) -> int:
        """Bytes of arena that the board has in one piece."""
        memory, arena = self._board.memory, self._board.arena
        return max(memory[name].for_arena for name in arena.regions) if arena else HOSTED_BYTES

    def load(self, arena_bytes: int) -> None:
        """Build with an arena of so many bytes, and start it on the board."""
        choice = Choice(self._library, arena_bytes)
        self._build_id = build(self._board.name, self._export, self._firmware, "tflm", choice).build_id
        self.start()

    def start(self) -> None:
        """Start the firmware; a real board that stopped on a fault is started by programming it again."""
        if self._real is not None:
            flash(self._board, self._firmware, self._build_id, lambda line: None, port=self._real)
            return
        name = f"{self._board.name}-arena-{os.getpid()}"
        self._running = emulator.start(self._board.name, self._firmware / ELF, name=name, replace=True)
        self.port = self._running.port

    def open(self) -> Connection:
        """Open the link, without HELLO: an engine whose arena is too small does not start, and still can be asked."""
        uart = self._board.uart
        return Connection(self.port, uart.baud if uart else wire.BAUD)

    def stop(self) -> None:
        """Stop the emulator, if it is one."""
        if self._running is not None:
            self._running.stop()


def _smallest(station: _Station, sample: bytes, say: Callable[[str], None]) -> int:
    """Bisect; every size below the answer was refused, or would be by TFLM's own count."""
    largest = station.largest
    station.load(largest)
    with station.open() as link:
        used = link.arena(largest).arena_used
        expected = link.infer(0, sample)
    low, high, step = used - 1, used, FIRST_STEP
    while not _passes(station, high, sample, expected):
        if high == largest:
            what = f"the answer in the whole arena of {largest} bytes cannot be had twice"
            raise TinydfError(what, "check the board's cable and power, and run it again")
        low, high, step = high, min(high + step, largest), 4 * step
        say(f"finding the arena: more than {low} bytes")
    while high - low > 1:
        middle = (low + high) // 2
        say(f"finding the arena: {low + 1} to {high} bytes")
        low, high = (low, middle) if _passes(station, middle, sample, expected) else (middle, high)
    logger.info("TFLM counts %s bytes as used; it needs %s", used, high)
    return high


def _passes(station: _Station, size: int, sample: bytes, expected: Result) -> bool:
    try:
        with station.open() as link:
            if link.arena(size).engine_status != wire.EngineStatus.OK:
                return False
            result = link.infer(0, sample)
            return result.output == expected.output and result.arena_intact
    except TinydfError:  # a library without assertions writes to address 0 where there is no memory
        station.start()
        return False
