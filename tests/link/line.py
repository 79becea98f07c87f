# SPDX-License-Identifier: Apache-2.0
"""A bad line: a pseudo-terminal for the host, and faults between it and the firmware behind another one."""

import os
import select
import signal
import subprocess
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Fault = Callable[[bytes], bytes]


def clean(data: bytes) -> bytes:
    """Change nothing."""
    return data


class BadLine:
    """Carries bytes between a host and a firmware process, through `to_board` and `to_host`.

    Attributes:
        port: where the host connects.
        program: what the board runs when it is switched on.
        resets: how often the board was reset.
    """

    def __init__(self, program: Path, to_board: Fault, to_host: Fault) -> None:
        self.program = program
        self._faults = to_board, to_host
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.port = os.ttyname(self._theirs)
        self.resets = 0
        self._reset_due = threading.Event()
        self._ended = threading.Event()
        self._power_on()
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def _power_on(self) -> None:
        self._process = subprocess.Popen([self.program], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._board = os.open(self._process.stdout.readline().strip(), os.O_RDWR | os.O_NOCTTY)

    def _power_off(self, number: signal.Signals = signal.SIGKILL) -> int:
        os.close(self._board)
        self._process.send_signal(number)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return self._process.wait(10)

    def reset(self) -> None:
        """Cut the board's power and give it back, before the next bytes are carried."""
        self._reset_due.set()

    def _carry(self) -> None:
        to_board, to_host = self._faults
        while not self._ended.is_set():
            ready, _, _ = select.select([self._ours, self._board], [], [], 0.05)
            if self._ours in ready:
                self._forward(self._board, to_board(os.read(self._ours, 4096)))
            if self._board in ready:
                self._forward(self._ours, to_host(os.read(self._board, 4096)))
            if self._reset_due.is_set():
                self._reset_due.clear()
                self.resets += 1
                self._power_off()
                self._power_on()

    @staticmethod
    def _forward(descriptor: int, data: bytes) -> None:
        while data:
            data = data[os.write(descriptor, data) :]

    def close(self) -> int:
        """End everything; gives the firmware's exit status."""
        self._ended.set()
        self._thread.join(10)
        status = self._power_off(signal.SIGTERM)
        os.close(self._ours)
        os.close(self._theirs)
        return status


@contextmanager
def bad_line(program: Path, to_board: Fault = clean, to_host: Fault = clean) -> Iterator[BadLine]:
    """A bad line to a program on the posix port, which must end without a sanitizer's finding."""
    line = BadLine(program, to_board, to_host)
    try:
        yield line
    finally:
        assert line.close() == 0
