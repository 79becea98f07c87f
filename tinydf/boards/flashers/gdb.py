# SPDX-License-Identifier: Apache-2.0
"""gdb, through a server that runs already: `load` writes, `compare-sections` verifies by the server's checksums."""

from tinydf.boards.board import Gdb
from tinydf.boards.flashers.job import Job

PROGRAM = "gdb-multiarch"
INSTALL = "apt-get install gdb-multiarch"
NO_PROBE = r"could not connect|Connection (refused|timed out)|Name or service not known"
PROGRESS = r"^(Loading section|Transfer rate|Section )"
DONE = r"(?s)\A(?!.*MIS-MATCHED).*: matched\."


def command(settings: Gdb, job: Job) -> list[str]:
    """Load, compare, reset, and let the chip run; `probe` is another server than the board's file names."""
    steps = [f"target extended-remote {job.probe or settings.remote}", "load", "compare-sections"]
    steps += [f"monitor {settings.reset}", "detach"]
    commands = [word for step in steps for word in ("-ex", step)]
    return [PROGRAM, "-nx", "-batch", *commands, str(job.elf)]
