# SPDX-License-Identifier: Apache-2.0
"""A machine of qemu-system-arm: started behind a pseudo-terminal, counting 64 ns of its time for each instruction."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tinydf.emulator.machine import segments
from tinydf.errors import TinydfError

PROGRAM = "qemu-system-arm"
# As NANOSECONDS_PER_INSTRUCTION in firmware/port/mps/port.c: 2 ** 6.
ICOUNT_SHIFT = 6


class Qemu:
    """A running machine. It ends with this process, however that ends.

    Args:
        machine: QEMU's name of the machine.
        elf: its firmware.

    Attributes:
        terminal: the path of its serial port.

    Raises:
        TinydfError: if QEMU is not installed, or does not start with this firmware.
    """

    def __init__(self, machine: str, elf: Path) -> None:
        segments(elf, "EM_ARM")  # QEMU would take any other file for a memory's plain contents
        self._process = subprocess.Popen(
            command(machine, elf),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        assert self._process.stdout is not None
        found = re.search(r"redirected to (\S+)", self._process.stdout.readline())
        if found is None:
            self.stop()
            raise TinydfError(f"{PROGRAM} did not start: {self.wait() or 'it said nothing'}")
        self.terminal = Path(found[1])

    def stop(self) -> None:
        """Ask it to end; `wait` then returns."""
        self._process.terminate()

    def wait(self) -> str:
        """Wait for its end; what it said of it, empty if it was stopped."""
        _, errors = self._process.communicate()
        lines = [line for line in errors.splitlines() if line.strip() and "terminating on signal" not in line]
        if lines:
            return lines[0]
        return f"{PROGRAM} ended with status {self._process.returncode}" if self._process.returncode > 0 else ""


def command(machine: str, elf: Path) -> Sequence[str]:
    """The command line that starts a machine.

    Raises:
        TinydfError: if QEMU is not installed.
    """
    if shutil.which(PROGRAM) is None:
        raise TinydfError(f"{PROGRAM} is not installed", f"apt-get install {PROGRAM}")
    guard = ["setpriv", "--pdeathsig", "KILL"]  # if this process is killed, it is not left behind
    options = ["-nodefaults", "-display", "none", "-serial", "pty", "-icount", f"shift={ICOUNT_SHIFT}"]
    return [*guard, PROGRAM, "-machine", machine, *options, "-kernel", str(elf)]
