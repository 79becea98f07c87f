# SPDX-License-Identifier: Apache-2.0
"""Why a serial port cannot be used, or answers nothing, in one line that says how to mend it."""

import contextlib
import errno
import getpass
import os
import shlex
import string
from collections.abc import Iterator
from pathlib import Path

from tinydf.errors import TinydfError
from tinydf.link import wire
from tinydf.text import printable

LIST = "`tinydf ports` lists the serial ports there are"
QUOTED_CHARACTERS = 60
READABLE = frozenset(string.printable.encode())
READABLE_SHARE = 0.8  # of what a program that is not ours says; another baud rate gives about a third


class NoAnswer(TinydfError):
    """A port could be opened, and nothing that speaks the link answered."""


def cannot_open(port: str, error: Exception) -> TinydfError:
    """What an exception of opening a port means."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return TinydfError(f"port {port} does not exist", LIST)
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        users = used_by(port)
        return TinydfError(f"port {port} is busy{f': {users} has it open' if users else ''}", "end what uses it")
    if number in (errno.EACCES, errno.EPERM):
        return _no_permission(port)
    if number in (errno.EIO, errno.ENXIO, errno.ENODEV):
        return TinydfError(f"port {port} has vanished", "plug the board in again")
    if number == errno.ENOTTY or "Inappropriate ioctl" in str(error):
        return TinydfError(f"{port} is not a serial port", LIST)
    return TinydfError(f"cannot open port {port} ({error})", "is it a serial port?")


def _no_permission(port: str) -> TinydfError:
    """The group that may open the port, and the command that makes this user one of it."""
    what = f"no permission to open {port}"
    try:
        group = Path(port).group()
    except (OSError, KeyError, NotImplementedError):
        return TinydfError(what, "let root give it to your user")
    command = f"`sudo usermod -aG {group} {getpass.getuser()}`, then log in again"
    return TinydfError(f"{what}, which is for the group {group}", command)


def used_by(port: str) -> str:
    """The other processes that have a port open, as far as /proc tells; of several, those that hold its lock."""
    try:
        device = Path(port).resolve(strict=True)
    except OSError:
        return ""
    found = dict(_holders(device))
    locking = [who for who, locked in found.items() if locked]
    return ", ".join(locking or found)


def _holders(device: Path) -> Iterator[tuple[str, bool]]:
    """Each process that has a device open, and whether it holds a lock on it."""
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):  # it ended, or is another user's
            for descriptor in (process / "fd").iterdir():
                if descriptor.readlink() == device:
                    locked = "FLOCK" in (process / "fdinfo" / descriptor.name).read_text()
                    yield f"process {process.name} ({_command(process)})", locked


def _command(process: Path) -> str:
    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    line = printable(shlex.join(words))
    return line if len(line) <= QUOTED_CHARACTERS else line[:QUOTED_CHARACTERS] + "..."


def no_answer(port: str, baud: int, heard: bytes, echoed: bool) -> NoAnswer:
    """What it means that HELLO is not answered, by what came instead.

    Args:
        port: where it was asked.
        baud: at how many bits a second.
        heard: the first bytes that came.
        echoed: whether the request itself came back.
    """
    flash = "flash the board with `tinydf flash`"
    if echoed:
        what = f"{port} sends back what it is sent"
        return NoAnswer(what, f"TX and RX are joined, or what runs there echoes: check the cable, or {flash}")
    if not heard:
        users = used_by(port)
        also = f" ({users} has it open too)" if users and not port.startswith("/dev/pts/") else ""
        hint = f"is it the right port, and is the firmware running at {baud} baud? {flash[0].upper()}{flash[1:]}"
        return NoAnswer(f"nothing answers HELLO at {port}{also}", hint)
    readable = sum(byte in READABLE for byte in heard)
    if readable < READABLE_SHARE * len(heard):
        what = f"nothing answers HELLO at {port}; what comes is not readable at {baud} baud"
        return NoAnswer(what, f"give the board's own rate with --baud, or {flash}")
    said = printable(" ".join(heard.decode("ascii", "replace").split()))[:QUOTED_CHARACTERS]
    return NoAnswer(f"the program at {port} is not tinydf's, it says: {said}", flash)


def silent(port: str, kind: wire.Message) -> NoAnswer:
    """A board that answered before is silent now."""
    return NoAnswer(f"nothing answers {kind.name} at {port}", "check the cable and the board's power")
