"""esptool, which talks to the boot loader in the ROM of Espressif's chips over the serial port, and verifies by MD5."""

from pathlib import Path

from serial.tools import list_ports

from tinydf.boards.board import EspTool
from tinydf.errors import TinydfError

PROGRAM = "esptool"
INSTALL = "pip install 'tinydf[flash]'"
NO_PROBE = r"Could not open|No serial data received|Could not connect|No serial ports"
PROGRESS = r"^(Connected|Writing|Wrote|Verifying|Hash of data)"
DONE = r"Hash of data verified"


def command(settings: EspTool, firmware: Path, port: str | None) -> list[str]:
    """Write the binary, verify, reset; on the only serial port on USB if none is given."""
    binary = (firmware / "firmware.bin").absolute()
    where = ("--chip", settings.chip, "--port", port or _only_port())
    return [PROGRAM, *where, "--baud", "921600", "write-flash", f"0x{settings.address:X}", str(binary)]


def _only_port() -> str:
    """The serial port on USB; esptool itself would try, and reset, whatever is there."""
    found = [one.device for one in list_ports.comports() if one.vid is not None]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise TinydfError(f"there are several serial ports: {', '.join(found)}", "choose one with --port")
    raise TinydfError("no serial port on USB was found", "plug the board in, give --port, or use --emulator")
