# SPDX-License-Identifier: Apache-2.0
"""Firmware by ESP-IDF: the project that its `idf.py` builds, and one image of what came out.

The programming guide of ESP-IDF v5 (Build System; Tools; Project Configuration) is the source of names and formats.
"""

import logging
import os
import re
import shutil
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tinydf import resources
from tinydf.boards.board import Board, EspIdf
from tinydf.errors import TinydfError
from tinydf.files import read_record, write_text

logger = logging.getLogger(__name__)

OLDEST, TOO_NEW = (5, 1), (6, 0)
DEFAULTS, CONFIGURED = "sdkconfig.defaults", "sdkconfig"
PROJECT = ("CMakeLists.txt", "partitions.csv", DEFAULTS, "main/CMakeLists.txt", "main/main.c")
ERASED = b"\xff"  # what flash holds where nothing is written


class FlasherArgs(BaseModel):
    """`flasher_args.json`, which ESP-IDF writes beside what it builds: files by their offset in the flash."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    flash_files: dict[str, str] = Field(min_length=1)


def version(board: Board) -> str:
    """What `idf.py --version` says, such as "ESP-IDF v5.5.1".

    Raises:
        TinydfError: if there is no ESP-IDF, it is not active in this shell, or it is of another version.
    """
    if shutil.which("idf.py") is None:
        export = Path(os.environ.get("IDF_PATH", "")) / "export.sh"
        if export.is_absolute() and export.is_file():
            raise TinydfError("ESP-IDF is not active in this shell (no idf.py on PATH)", f". {export}")
        raise TinydfError("ESP-IDF is not installed (no idf.py on PATH)", board.toolchain.install)
    done = subprocess.run(["idf.py", "--version"], capture_output=True, text=True, errors="replace", check=False)
    found = re.search(r"^ESP-IDF v(\d+)\.(\d+)\S*", done.stdout, re.MULTILINE)
    if done.returncode != 0 or found is None:
        said = (done.stdout + done.stderr).strip().splitlines() or ["no answer"]
        raise TinydfError(f"idf.py does not run: {said[-1]}", "run ESP-IDF's install.sh and export.sh again")
    if not OLDEST <= (int(found[1]), int(found[2])) < TOO_NEW:
        wanted = f"v{OLDEST[0]}.{OLDEST[1]} and newer, before v{TOO_NEW[0]}.{TOO_NEW[1]}"
        raise TinydfError(f"{found[0]} will not do: the firmware is written for {wanted}", board.toolchain.install)
    return found[0]


def write_project(board: Board, tree: Path) -> Path:
    """Write the project that ESP-IDF builds to `tree/project`; what says the same stays untouched.

    ESP-IDF's `sdkconfig` stays only if it is the one that the last build left: the defaults are what a build id tells.
    """
    source = resources.FIRMWARE / "esp-idf" / "project"
    project = tree / "project"
    same = True
    for name in PROJECT:
        text = (source / name).read_text(encoding="utf-8")
        if name == DEFAULTS:
            text += "".join(f"{line}\n" for line in _board_settings(board))
        copy = project / name
        if not copy.is_file() or copy.read_text(encoding="utf-8") != text:
            write_text(copy, text)
            same = same and name != DEFAULTS
    configured = project / CONFIGURED
    if configured.is_file() and not (same and _of_last_build(configured, tree)):
        configured.unlink()
    return project


def _of_last_build(configured: Path, tree: Path) -> bool:
    kept = tree / CONFIGURED
    if kept.is_file() and kept.read_bytes() != configured.read_bytes():
        logger.info("%s was edited, and is made from %s again", configured, DEFAULTS)
        return False
    return kept.is_file()


def keep_configuration(tree: Path) -> None:
    """Remember the `sdkconfig` of a build that went well."""
    shutil.copy(tree / "project" / CONFIGURED, tree / CONFIGURED)


def _board_settings(board: Board) -> list[str]:
    """The board's own lines of sdkconfig.defaults."""
    assert board.esp_idf is not None and board.uart is not None
    lines = [
        "",
        f"# From boards/{board.name}.toml, by `tinydf build`.",
        f'CONFIG_TINYDF_BOARD="{board.name}"',
        f"CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ_{board.core.clock_hz // 1_000_000}=y",
    ]
    if board.uart.name == "USB":
        lines.append("CONFIG_TINYDF_LINK_USB_SERIAL_JTAG=y")
    else:
        lines += ["CONFIG_TINYDF_LINK_UART=y", f"CONFIG_TINYDF_UART_BAUD={board.uart.baud}"]
    return [*lines, *_console(board.esp_idf, board.uart.name)]


def _console(idf: EspIdf, line: str) -> list[str]:
    """A panic's last words go to the line that the link does not use, if the chip has one."""
    if line == "USB":
        return ["CONFIG_ESP_CONSOLE_UART_DEFAULT=y", "CONFIG_ESP_CONSOLE_SECONDARY_NONE=y"]
    if "USB" in idf.lines:
        return ["CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG=y"]
    return ["CONFIG_ESP_CONSOLE_NONE=y"]


def command(board: Board, project: Path, build: Path, export: Path, build_id: str) -> list[str]:
    """The command that configures and builds `project` in `build`."""
    assert board.esp_idf is not None
    settings = {
        "IDF_TARGET": board.esp_idf.target,
        "TINYDF_FIRMWARE": resources.FIRMWARE.absolute(),
        "TINYDF_EXPORT": export.absolute(),
        "TINYDF_BUILD_ID": build_id,
    }
    defines = [f"-D{name}={value}" for name, value in settings.items()]
    return ["idf.py", "-C", str(project.absolute()), "-B", str(build.absolute()), *defines, "build"]


def stack_bytes(project: Path) -> int:
    """The size of the task that runs the application, which ESP-IDF takes from its heap at start."""
    found = re.search(r"^CONFIG_ESP_MAIN_TASK_STACK_SIZE=(\d+)$", (project / CONFIGURED).read_text("utf-8"), re.M)
    return int(found[1]) if found else 0


def merge(build: Path) -> bytes:
    """Boot loader, partition table and program as one image, from offset 0 of the flash.

    Raises:
        TinydfError: if what ESP-IDF says that it built is not there, or overlaps.
    """
    listed = read_record(FlasherArgs, build / "flasher_args.json", "tinydf build").flash_files
    image = b""
    for offset, name in sorted((int(offset, 0), name) for offset, name in listed.items()):
        part = build / name
        if not part.is_file():
            raise TinydfError(f"{part} does not exist, and flasher_args.json names it", f"remove {build}, build again")
        if offset < len(image):
            raise TinydfError(f"{name} is to go to 0x{offset:X}, into what stands before it", "see partitions.csv")
        image = image.ljust(offset, ERASED) + part.read_bytes()
    return image
