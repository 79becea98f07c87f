# SPDX-License-Identifier: Apache-2.0
"""What a flasher is asked to do."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One board to program.

    Attributes:
        firmware: the directory with firmware.elf and firmware.bin.
        port: the serial port, for a flasher that uses one.
        probe: which debug probe, as the flasher names it; None is the only one there.
    """

    firmware: Path
    port: str | None = None
    probe: str | None = None

    @property
    def elf(self) -> Path:
        """The linked firmware."""
        return (self.firmware / "firmware.elf").absolute()

    @property
    def binary(self) -> Path:
        """The firmware's bytes as they stand in flash."""
        return (self.firmware / "firmware.bin").absolute()
