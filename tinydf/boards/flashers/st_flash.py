"""st-flash of stlink-tools, which verifies what it writes."""

from pathlib import Path

from tinydf.boards.board import StFlash

PROGRAM = "st-flash"
INSTALL = "apt-get install stlink-tools"
NO_PROBE = r"Couldn't find any ST-Link devices|Failed to connect to target|usb_open"
PROGRESS = r"Flash page|Starting verification|verified"
DONE = r"jolly good"


def command(settings: StFlash, firmware: Path, port: str | None) -> list[str]:
    """Write the binary, verify, reset."""
    binary = (firmware / "firmware.bin").absolute()
    return [PROGRAM, "--reset", "write", str(binary), f"0x{settings.address:08X}"]
