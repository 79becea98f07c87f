# SPDX-License-Identifier: Apache-2.0
"""OpenOCD, with the scripts that come with it (OpenOCD 0.12 manual, chapter 12, "program"; 8.2, "adapter serial")."""

from tinydf.boards.board import OpenOcd
from tinydf.boards.flashers.job import Job

PROGRAM = "openocd"
INSTALL = "apt-get install openocd"
NO_PROBE = r"Error: (open failed|unable to find a matching|No DAP/ST-LINK found|no device found|No device matches)"
PROGRESS = r"^\*\* .* \*\*$"
DONE = r"\*\* Verified OK \*\*"


def command(settings: OpenOcd, job: Job) -> list[str]:
    """Program, verify, reset, exit; the braces keep a path with spaces in one piece for Tcl."""
    scripts = [settings.interface, settings.script] if settings.interface else [settings.script]
    chosen = [word for script in scripts for word in ("-f", script)]
    if job.probe:
        chosen += ["-c", f"adapter serial {{{job.probe}}}"]
    return [PROGRAM, *chosen, "-c", f"program {{{job.elf}}} verify reset exit"]
