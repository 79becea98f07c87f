# SPDX-License-Identifier: Apache-2.0
"""A firmware of the host as a board that can be switched on and off."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinydf.artefacts.build import ELF


class Posix:
    """A process of the real firmware; `port` is the same path each time it is switched on."""

    def __init__(self, firmware: Path, port: Path) -> None:
        self.port = str(port)
        self._elf = firmware / ELF
        self._process: subprocess.Popen[str] | None = None

    def on(self) -> None:
        """Start it, and wait until its port is there."""
        self._process = subprocess.Popen([self._elf, self.port], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == self.port

    def off(self) -> None:
        """Pull the plug: the port vanishes under the program that has it open."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@contextmanager
def switched_on(firmware: Path, port: Path) -> Iterator[Posix]:
    """A board that is on."""
    board = Posix(firmware, port)
    board.on()
    try:
        yield board
    finally:
        board.off()
