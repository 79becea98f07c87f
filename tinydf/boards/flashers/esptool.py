"""esptool, which talks to the boot loader in the ROM of Espressif's chips over the serial port, and verifies by MD5."""

import re
from pathlib import Path

from serial.tools import list_ports

from tinydf.boards.board import EspTool
from tinydf.errors import TinydfError
from tinydf.installation import install

PROGRAM = "esptool"
INSTALL = install("flash")
NO_PROBE = r"Could not open|No serial data received|Could not connect|No serial ports"
PROGRESS = r"^(Connected|Writing|Wrote|Verifying|Hash of data)"
DONE = r"Hash of data verified"


def identify(settings: EspTool, port: str | None) -> list[str]:
    """Ask the chip what it is; it stays in its boot loader."""
    return [*_reach(settings, port), "--after", "no-reset", "chip-id"]


def refuse(settings: EspTool, identity: str) -> None:
    """Raise TinydfError if esptool's answer names a revision that is too old to run what would be written."""
    found = re.search(r"revision v(\d+)\.(\d+)", identity)
    if found and (int(found[1]), int(found[2])) < settings.oldest_revision:
        oldest = "v{}.{}".format(*settings.oldest_revision)
        what = f"the chip is of {found[0]}, whose ROM would not start the firmware; nothing was written"
        raise TinydfError(what, f"use a board whose chip is of revision {oldest} or newer")


def command(settings: EspTool, firmware: Path, port: str | None) -> list[str]:
    """Write the binary, verify, reset; on the only serial port on USB if none is given."""
    binary = (firmware / "firmware.bin").absolute()
    return [*_reach(settings, port), "--baud", "921600", "write-flash", f"0x{settings.address:X}", str(binary)]


def _reach(settings: EspTool, port: str | None) -> list[str]:
    return [PROGRAM, "--chip", settings.chip, "--port", port or _only_port()]


def _only_port() -> str:
    """The serial port on USB; esptool itself would try, and reset, whatever is there."""
    found = [one.device for one in list_ports.comports() if one.vid is not None]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise TinydfError(f"there are several serial ports: {', '.join(found)}", "choose one with --port")
    raise TinydfError("no serial port on USB was found", "plug the board in, give --port, or use --emulator")
