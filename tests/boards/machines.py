"""Bare programs, compiled for the chip, and machines that run them behind a pseudo-terminal."""

import os
import select
import subprocess
import threading
import time
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

from tinydf.boards import board as boards
from tinydf.boards.emulator.machine import STM32H743, Chip, Machine

PROGRAMS = Path(__file__).parent / "programs"


def compile_program(name: str, out: Path) -> Path:
    """Compile `programs/NAME.c` alone, with no start-up code and no library."""
    board = boards.load("nucleo-h743")
    elf = out / f"{name}.elf"
    subprocess.run(
        [
            *(f"{board.toolchain.prefix}gcc", *board.toolchain.flags, "-O2", "-g", "-Wall", "-Wextra", "-Werror"),
            *("-nostdlib", "-nostartfiles", "-T", str(PROGRAMS / "program.ld"), str(PROGRAMS / f"{name}.c")),
            *("-lgcc", "-o", str(elf)),
        ],
        check=True,
    )
    return elf


class Box:
    """A machine that runs in a thread, and the host's end of its serial line."""

    def __init__(self, elf: Path, chip: Chip = STM32H743, hse_hz: int = 8_000_000) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.machine = Machine(chip, elf, hse_hz, self._master)
        self._thread = threading.Thread(target=self.machine.run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.machine.stop()
        self._thread.join()
        self.machine.close()
        os.close(self._master)
        os.close(self._slave)

    def send(self, data: bytes) -> None:
        """Send all of `data`, as fast as the machine takes it."""
        while data:
            data = data[os.write(self._slave, data[:4096]) :]

    def receive(self, count: int, seconds: float = 20.0) -> bytes:
        """The next `count` bytes, or fewer if they do not come in time."""
        got = b""
        deadline = time.monotonic() + seconds
        while len(got) < count and time.monotonic() < deadline:
            if select.select([self._slave], [], [], 0.05)[0]:
                got += os.read(self._slave, count - len(got))
        return got

    def ask(self, data: bytes, count: int) -> bytes:
        """Send, and receive `count` bytes."""
        self.send(data)
        return self.receive(count)

    def last_words(self) -> str:
        """Wait until it stops by itself; why it did."""
        self._thread.join(20)
        assert not self._thread.is_alive(), "it did not stop"
        return self.machine.last_words()
