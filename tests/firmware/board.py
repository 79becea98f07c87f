"""The firmware of the nucleo-h743 with the small engine of programs/engine.c, built by firmware/CMakeLists.txt."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.firmware.host import PROGRAMS
from tinydf.resources import FIRMWARE

ARENA_BYTES = 2560

BOARD_CMAKE = """\
set(TINYDF_BOARD nucleo-h743)
set(TINYDF_PORT stm32h7)
set(TINYDF_CPU_FLAGS -mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard)
set(TINYDF_TOOLCHAIN_PREFIX arm-none-eabi-)
set(TINYDF_LINKER_DIR "${CMAKE_CURRENT_LIST_DIR}")
set(TINYDF_DEFINITIONS TINYDF_CLOCK_HZ=480000000u TINYDF_HSE_HZ=8000000u TINYDF_UART_BAUD=921600u
    TINYDF_BOARD_NAME="nucleo-h743")
"""

MEMORY = """\
MEMORY
{
    ITCM (rwx) : ORIGIN = 0x00000000, LENGTH = 64K
    DTCM (rwx) : ORIGIN = 0x20000000, LENGTH = 128K
    AXI (rwx) : ORIGIN = 0x24000000, LENGTH = 512K
    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 2M
}
"""


_kept: list[TemporaryDirectory[str]] = []  # until the tests end


@cache
def _tree() -> Path:
    """One build tree for all tests, so that the kernels are compiled once."""
    _kept.append(TemporaryDirectory(prefix="tinydf-test-"))
    return Path(_kept[-1].name)


def build(
    *definitions: str, region: str = "DTCM", arena_bytes: int = ARENA_BYTES, **settings: int
) -> subprocess.CompletedProcess[str]:
    """Configure and build; the result is the build's, and what it made is overwritten by the next one.

    Args:
        definitions: those that programs/engine.c knows, as NAME=VALUE.
        region: where the arena goes.
        arena_bytes: its size.
        settings: CMake variables.
    """
    tree = _tree()
    export = tree / "export"
    export.mkdir(exist_ok=True)
    (export / "plan.json").write_text(json.dumps({"arena_bytes": arena_bytes}))
    defines = "".join(f"#define {one.replace('=', ' ')}\n" for one in definitions)
    (export / "model_aot.c").write_text(defines + (PROGRAMS / "engine.c").read_text())
    (tree / "board.cmake").write_text(f"{BOARD_CMAKE}set(TINYDF_ARENA_REGION {region})\n")
    (tree / "memory.ld").write_text(MEMORY)
    cmake = {
        "CMAKE_TOOLCHAIN_FILE": FIRMWARE / "cmake" / "arm-none-eabi.cmake",
        "TINYDF_BOARD_CMAKE": tree / "board.cmake",
        "TINYDF_EXPORT": export,
        "TINYDF_BUILD_ID": "0123abcd",
        "TINYDF_STACK_BYTES": 8192,
        **settings,
    }
    configure = ["cmake", "-G", "Ninja", "-S", FIRMWARE, "-B", tree / "build"]
    subprocess.run([*configure, *(f"-D{k}={v}" for k, v in cmake.items())], capture_output=True, check=True)
    return subprocess.run(["cmake", "--build", tree / "build"], capture_output=True, text=True, check=False)


def built(directory: Path, *definitions: str, **arguments: Any) -> Path:
    """Like `build`, and gives the ELF file, in `directory`."""
    done = build(*definitions, **arguments)
    assert done.returncode == 0, done.stdout
    elf = directory / "firmware.elf"
    shutil.copy(_tree() / "build" / "firmware.elf", elf)
    return elf
