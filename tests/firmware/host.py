# SPDX-License-Identifier: Apache-2.0
"""The application compiled for the host, under the sanitizers, with the small engine of programs/engine.c."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tinydf.resources import FIRMWARE

PROGRAMS = Path(__file__).parent / "programs"
STDIO_PORT = PROGRAMS / "stdio_port.c"
POSIX_PORT = FIRMWARE / "port" / "posix" / "port.c"
INPUT_BYTES = 2500
OUTPUT_BYTES = 3
THRESHOLD_STEPS = 5

FLAGS = (
    *("-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wconversion", "-Werror", f"-I{FIRMWARE}"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"),
)

_kept: list[TemporaryDirectory[str]] = []  # until the tests end


@cache
def compiled(*sources: Path, definitions: tuple[str, ...] = (), include: tuple[Path, ...] = ()) -> Path:
    """A program from C sources, under AddressSanitizer and UndefinedBehaviorSanitizer."""
    directory = TemporaryDirectory(prefix="tinydf-test-")
    _kept.append(directory)
    program = Path(directory.name) / "program"
    options = [*(f"-D{one}" for one in definitions), *(f"-I{one}" for one in include)]
    command = ["cc", *FLAGS, *options, *map(str, sources), "-o", str(program)]
    subprocess.run(command, check=True, timeout=120)
    return program


def application(
    port: Path, *definitions: str, arena_bytes: int = 2560, build_id: str = "0123abcd", board: str = "posix"
) -> Path:
    """The application on `port`; `definitions` are those that programs/engine.c and programs/stdio_port.c know."""
    rooms = sorted([*(FIRMWARE / "app").glob("*.c"), *(FIRMWARE / "link").glob("*.c")])
    always = (f"TINYDF_ARENA_BYTES={arena_bytes}", f'TINYDF_BUILD_ID="{build_id}"', f'TINYDF_BOARD_NAME="{board}"')
    return compiled(PROGRAMS / "engine.c", port, *rooms, definitions=always + definitions)


def expected_output(data: bytes, runs: int) -> bytes:
    """What programs/engine.c gives for an input at its run number `runs`."""
    return bytes([sum(data[0::2]) & 0xFF, sum(data[1::2]) & 0xFF, runs & 0xFF])


def expected_verdict(output: bytes) -> bool:
    """The verdict that belongs to an output."""
    real, fake = memoryview(output[:2]).cast("b")
    return bool(fake - real > THRESHOLD_STEPS)


@contextmanager
def running(*definitions: str, board: str = "posix") -> Iterator[str]:
    """The application on the posix port, which says that it is on `board`; gives the path of its terminal."""
    program = application(POSIX_PORT, *definitions, board=board)
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            assert process.wait(10) == 0  # a sanitizer's finding would be another status
