"""OpenOCD, with the board script that comes with it (OpenOCD 0.12 manual, chapter 12, "program")."""

from pathlib import Path

from tinydf.boards.board import OpenOcd

PROGRAM = "openocd"
INSTALL = "apt-get install openocd"
NO_PROBE = r"Error: (open failed|unable to find a matching|No DAP/ST-LINK found|no device found)"
PROGRESS = r"^\*\* .* \*\*$"
DONE = r"\*\* Verified OK \*\*"


def command(settings: OpenOcd, firmware: Path, port: str | None) -> list[str]:
    """Program, verify, reset, exit; the braces keep a path with spaces in one piece for Tcl."""
    elf = (firmware / "firmware.elf").absolute()
    return [PROGRAM, "-f", settings.script, "-c", f"program {{{elf}}} verify reset exit"]
