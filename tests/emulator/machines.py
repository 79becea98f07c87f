# SPDX-License-Identifier: Apache-2.0
"""Bare programs, compiled for the chip, and machines that run them behind a pseudo-terminal."""

import os
import select
import struct
import subprocess
import threading
import time
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

from tinydf.emulator.chips import CHIPS
from tinydf.emulator.chips.chip import Chip
from tinydf.emulator.chips.stm32h743 import STM32H743
from tinydf.emulator.machine import Machine

PROGRAMS = Path(__file__).parent / "programs"


FPUS = {"cortex-m4": "fpv4-sp-d16", "cortex-m7": "fpv5-d16", "cortex-m33": "fpv5-sp-d16"}


def compile_program(name: str, out: Path, machine: str) -> Path:
    """Compile `programs/NAME.c` alone for a chip, with no start-up code and no library."""
    core = CHIPS[machine].core
    elf = out / f"{name}-{machine}.elf"
    subprocess.run(
        [
            *("arm-none-eabi-gcc", f"-mcpu={core}", "-mthumb", f"-mfpu={FPUS[core]}", "-mfloat-abi=hard"),
            *("-O2", "-g", "-Wall", "-Wextra", "-Werror", f'-DCHIP="chips/{machine}.h"'),
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

    @property
    def terminal(self) -> str:
        """The path of the host's end."""
        return os.ttyname(self._slave)

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


class Monitor(Box):
    """A machine that runs `programs/monitor.c`: reads and writes its registers."""

    def write(self, address: int, value: int) -> None:
        """Write a word."""
        self.send(b"w" + struct.pack("<2I", address, value))

    def read(self, address: int) -> int:
        """Read a word."""
        return int(struct.unpack("<I", self.ask(b"r" + struct.pack("<I", address), 4))[0])

    def set(self, address: int, bits: int) -> None:
        """Set bits of a word."""
        self.write(address, self.read(address) | bits)
