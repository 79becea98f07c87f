# SPDX-License-Identifier: Apache-2.0
"""st-flash of stlink-tools, which verifies what it writes."""

from tinydf.boards.board import StFlash
from tinydf.boards.flashers.job import Job

PROGRAM = "st-flash"
INSTALL = "apt-get install stlink-tools"
NO_PROBE = r"Couldn't find any ST-Link devices|Failed to connect to target|usb_open"
PROGRESS = r"Flash page|Starting verification|verified"
DONE = r"jolly good"


def command(settings: StFlash, job: Job) -> list[str]:
    """Write the binary, verify, reset."""
    probe = ["--serial", job.probe] if job.probe else []
    return [PROGRAM, *probe, "--reset", "write", str(job.binary), f"0x{settings.address:08X}"]
