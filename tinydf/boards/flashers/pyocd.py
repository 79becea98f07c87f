# SPDX-License-Identifier: Apache-2.0
"""pyocd, by its commander: its `load` does not read back what it wrote, so `compare` does."""

from pathlib import Path

from tinydf.boards.board import PyOcd
from tinydf.boards.flashers.job import Job
from tinydf.installation import install_package

PROGRAM = "pyocd"
INSTALL = install_package("pyocd")
NO_PROBE = r"No connected debug probe|No available debug probes"
PROGRESS = r"^(Erased|Comparing|All \d+ bytes match)|programmed \d+ bytes"
DONE = r"All \d+ bytes match"
UNKNOWN_CHIP = r"Target type \S+ not recognized"


def command(settings: PyOcd, job: Job) -> list[str]:
    """Load the ELF file, compare the flash with the binary, reset."""
    probe = ["--uid", job.probe] if job.probe else []
    steps = [f"load {_quoted(job.elf)}", f"compare 0x{settings.address:08X} {_quoted(job.binary)}", "reset"]
    commands = [word for step in steps for word in ("-c", step)]
    return [PROGRAM, "commander", "--no-wait", "--target", settings.target, *probe, *commands]


def _quoted(path: Path) -> str:
    """A path as the commander's own parser takes it."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
