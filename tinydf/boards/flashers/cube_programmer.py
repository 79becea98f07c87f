"""STM32CubeProgrammer's command line (UM2237)."""

from pathlib import Path

from tinydf.boards.board import CubeProgrammer

PROGRAM = "STM32_Programmer_CLI"
INSTALL = "install STM32CubeProgrammer, from ST"
NO_PROBE = r"No (ST-LINK|STLink|debug probe) detected"
PROGRESS = r"Download|verif|reset"
DONE = r"Download verified successfully"


def command(settings: CubeProgrammer, firmware: Path, port: str | None) -> list[str]:
    """Connect, write, verify, reset."""
    elf = (firmware / "firmware.elf").absolute()
    return [PROGRAM, "-c", settings.connect, "-w", str(elf), "-v", "-rst"]
