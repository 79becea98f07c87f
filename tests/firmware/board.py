"""The firmware of the nucleo-h743 with the small engine of programs/engine.c, built by firmware/CMakeLists.txt."""

import json
import subprocess
from pathlib import Path

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


def build(
    directory: Path, *definitions: str, region: str = "DTCM", arena_bytes: int = ARENA_BYTES, **settings: int
) -> subprocess.CompletedProcess[str]:
    """Build into `directory`; `directory / "build" / "firmware.elf"` if it succeeds.

    Args:
        directory: an empty one.
        definitions: those that programs/engine.c knows.
        region: where the arena goes.
        arena_bytes: its size.
        settings: CMake variables.
    """
    export = directory / "export"
    export.mkdir()
    (export / "plan.json").write_text(json.dumps({"arena_bytes": arena_bytes}))
    (export / "model_aot.c").write_text((PROGRAMS / "engine.c").read_text())
    lines = [BOARD_CMAKE, f"set(TINYDF_ARENA_REGION {region})", f"add_compile_definitions({' '.join(definitions)})"]
    (directory / "board.cmake").write_text("\n".join(lines))
    (directory / "memory.ld").write_text(MEMORY)
    cmake = {
        "CMAKE_TOOLCHAIN_FILE": FIRMWARE / "cmake" / "arm-none-eabi.cmake",
        "TINYDF_BOARD_CMAKE": directory / "board.cmake",
        "TINYDF_EXPORT": export,
        "TINYDF_BUILD_ID": "0123abcd",
        **settings,
    }
    tree = directory / "build"
    configure = ["cmake", "-G", "Ninja", "-S", FIRMWARE, "-B", tree, *(f"-D{k}={v}" for k, v in cmake.items())]
    subprocess.run(configure, capture_output=True, text=True, check=True)
    return subprocess.run(["cmake", "--build", tree], capture_output=True, text=True, check=False)


def built(directory: Path, *definitions: str) -> Path:
    """Like `build`, and gives the ELF file."""
    done = build(directory, *definitions)
    assert done.returncode == 0, done.stdout
    return directory / "build" / "firmware.elf"
