# SPDX-License-Identifier: Apache-2.0
"""A model of the boot loader in the ROM of ST's chips (AN3155), behind a pseudo-terminal."""

import os
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from operator import xor

ACK, NACK = b"\x79", b"\x1f"
INIT = 0x7F
GET, VERSION, ID, READ, GO, WRITE, EXTENDED_ERASE = 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44
COMMANDS = bytes([GET, VERSION, ID, READ, GO, WRITE, EXTENDED_ERASE])
PROTOCOL = 0x31  # version 3.1
FLASH_START = 0x0800_0000


class BootLoader:
    """One chip.

    Attributes:
        flash: what it holds, from FLASH_START on.
        started: the address that GO named; None before.
        refused: a command that it answers with NACK.
        worn: an offset whose bits do not take what is written.
        silent_from: an address from which on it answers no WRITE.
    """

    def __init__(self, descriptor: int, chip: int = 0x450, size: int = 1 << 21) -> None:
        self.flash = bytearray(b"\xff" * size)
        self.started: int | None = None
        self.refused: int | None = None
        self.worn: int | None = None
        self.silent_from: int | None = None
        self._descriptor = descriptor
        self._chip = chip

    def serve(self) -> None:
        """Answer until the line is closed."""
        try:
            while True:
                self._one()
        except (EOFError, OSError):
            pass

    def _take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            data = os.read(self._descriptor, count - len(taken))
            if not data:
                raise EOFError
            taken += data
        return taken

    def _say(self, data: bytes) -> None:
        os.write(self._descriptor, data)

    def _one(self) -> None:
        (command,) = self._take(1)
        if command == INIT:
            self._say(ACK)
            return
        (complement,) = self._take(1)
        if complement != command ^ 0xFF or command not in COMMANDS or command == self.refused:
            self._say(NACK)
            return
        self._say(ACK)
        answers = {GET: bytes([PROTOCOL]) + COMMANDS, ID: self._chip.to_bytes(2, "big")}
        if command in answers:
            self._say(bytes([len(answers[command]) - 1]) + answers[command] + ACK)
        elif command == VERSION:
            self._say(bytes([PROTOCOL, 0, 0]) + ACK)
        else:
            {READ: self._read, GO: self._go, WRITE: self._write, EXTENDED_ERASE: self._erase}[command]()

    def _address(self) -> int | None:
        """An address with its checksum, acknowledged; None, and NACK, if it is none of the flash."""
        data = self._take(5)
        address = int.from_bytes(data[:4], "big")
        good = reduce(xor, data) == 0 and FLASH_START <= address < FLASH_START + len(self.flash)
        if not good:
            self._say(NACK)
            return None
        if self.silent_from is not None and address >= self.silent_from:
            raise EOFError
        self._say(ACK)
        return address

    def _read(self) -> None:
        address = self._address()
        if address is not None:
            count, _ = self._take(2)
            offset = address - FLASH_START
            self._say(ACK + bytes(self.flash[offset : offset + count + 1]))

    def _go(self) -> None:
        self.started = self._address()

    def _write(self) -> None:
        address = self._address()
        if address is None:
            return
        (last,) = self._take(1)
        data = self._take(last + 2)
        if reduce(xor, data) ^ last:
            self._say(NACK)
            return
        offset = address - FLASH_START
        for at, byte in enumerate(data[:-1], start=offset):
            self.flash[at] &= byte ^ (1 if at == self.worn else 0)
        self._say(ACK)

    def _erase(self) -> None:
        """All that the tests' binaries take is one sector of the H743: erase the flash whole, whichever are named."""
        count = int.from_bytes(head := self._take(2), "big")
        rest = self._take(1 if count >= 0xFFF0 else 2 * (count + 1) + 1)
        if reduce(xor, head + rest):
            self._say(NACK)
            return
        self.flash[:] = b"\xff" * len(self.flash)
        self._say(ACK)


@contextmanager
def boot_loader() -> Iterator[tuple[str, BootLoader]]:
    """A port, and the chip behind it that waits for 0x7F."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    chip = BootLoader(ours)
    thread = threading.Thread(target=chip.serve, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs), chip
    finally:
        os.close(theirs)
        thread.join(10)
        os.close(ours)
