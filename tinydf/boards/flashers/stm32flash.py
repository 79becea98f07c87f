# SPDX-License-Identifier: Apache-2.0
"""stm32flash, which talks to ST's boot loader in ROM over a UART (AN3155), verifies, and starts the firmware."""

from tinydf.boards.board import Stm32Flash
from tinydf.boards.flashers.job import Job

PROGRAM = "stm32flash"
INSTALL = "apt-get install stm32flash"
NO_PROBE = r"Failed to open port|Failed to init device|Failed to send init|No such file or directory"
PROGRESS = r"^(Wrote|Erasing|Starting execution)"
DONE = r"Wrote and verified address \S+ \(100\.00%\)[\s\S]*Starting execution at address \S+ done"


def command(settings: Stm32Flash, job: Job) -> list[str]:
    """Write the binary, verify each block, start it."""
    assert job.port is not None
    address = f"0x{settings.address:08X}"
    line = ["-b", str(settings.baud), "-m", settings.mode]
    return [PROGRAM, *line, "-w", str(job.binary), "-v", "-S", address, "-g", address, job.port]
