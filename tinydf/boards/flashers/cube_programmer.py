# SPDX-License-Identifier: Apache-2.0
"""STM32CubeProgrammer's command line (UM2237)."""

from tinydf.boards.board import CubeProgrammer
from tinydf.boards.flashers.job import Job

PROGRAM = "STM32_Programmer_CLI"
INSTALL = "install STM32CubeProgrammer, from ST"
NO_PROBE = r"No (ST-LINK|STLink|debug probe) detected|ST-LINK with serial number .* not found"
PROGRESS = r"Download|verif|reset"
DONE = r"Download verified successfully"


def command(settings: CubeProgrammer, job: Job) -> list[str]:
    """Connect, write, verify, reset."""
    probe = [f"sn={job.probe}"] if job.probe else []
    return [PROGRAM, "-c", settings.connect, *probe, "-w", str(job.elf), "-v", "-rst"]
