# SPDX-License-Identifier: Apache-2.0
"""esptool, which talks to the boot loader in the ROM of Espressif's chips over the serial port, and verifies by MD5."""

import re

from tinydf.boards.board import EspTool
from tinydf.boards.flashers.job import Job
from tinydf.errors import TinydfError
from tinydf.installation import install

PROGRAM = "esptool"
INSTALL = install("flash")
NO_PROBE = r"Could not open|No serial data received|Could not connect|No serial ports"
PROGRESS = r"^(Connected|Writing|Wrote|Verifying|Hash of data)"
DONE = r"Hash of data verified"


def identify(settings: EspTool, job: Job) -> list[str]:
    """Ask the chip what it is; it stays in its boot loader."""
    return [*_reach(settings, job), "--after", "no-reset", "chip-id"]


def refuse(settings: EspTool, identity: str) -> None:
    """Raise TinydfError if esptool's answer names a revision that is too old to run what would be written."""
    found = re.search(r"revision v(\d+)\.(\d+)", identity)
    if found and (int(found[1]), int(found[2])) < settings.oldest_revision:
        oldest = "v{}.{}".format(*settings.oldest_revision)
        what = f"the chip is of {found[0]}, whose ROM would not start the firmware; nothing was written"
        raise TinydfError(what, f"use a board whose chip is of revision {oldest} or newer")


def command(settings: EspTool, job: Job) -> list[str]:
    """Write the binary, verify, reset."""
    write = ["--baud", "921600", "write-flash", f"0x{settings.address:X}", str(job.binary)]
    return [*_reach(settings, job), *write]


def _reach(settings: EspTool, job: Job) -> list[str]:
    assert job.port is not None
    return [PROGRAM, "--chip", settings.chip, "--port", job.port]
