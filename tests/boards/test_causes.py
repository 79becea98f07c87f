# SPDX-License-Identifier: Apache-2.0
"""What failing builds are reduced to: of output that the real tools gave, one true line."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tinydf.boards.causes import HEAP, cause, puller, undefined

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")

SCRIPT = """
MEMORY { FLASH (rx) : ORIGIN = 0, LENGTH = 4K
         RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 1K }
SECTIONS { .text : { *(.text*) *(.rodata*) } > FLASH
           .bss : { *(.data*) *(.bss*) *(COMMON) } > RAM }
"""
ENTRY = "int main(void);\nvoid _start(void) { main(); }\n"


def link(directory: Path, *flags: str, **sources: str) -> str:
    """What the compiler says of a program that does not link; each source is a file."""
    (directory / "script.ld").write_text(SCRIPT)
    for name, text in sources.items():
        (directory / f"{name}.c").write_text(text)
    files = [f"{name}.c" for name in sources]
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-nostartfiles", "-Tscript.ld", "-Wl,-Map=map"]
    done = subprocess.run(
        [*command, "-o", "out.elf", *files, *flags], cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    return done.stderr


def test_a_function_that_is_nowhere(tmp_path: Path) -> None:
    output = link(
        tmp_path, main=f"{ENTRY}void gone(void); void more(void);\nint main(void) {{ gone(); more(); return 0; }}"
    )
    assert cause(output).startswith("undefined reference to gone in main of ")
    assert cause(output).endswith("and 1 more: more")
    assert undefined(output) == ["gone", "more"]


def test_memories_that_are_full_with_how_much(tmp_path: Path) -> None:
    big = (
        f"{ENTRY}char buffer[3000]; const char table[9000] = {{1}};\nint main(void) {{ return buffer[0] + table[1]; }}"
    )
    said = cause(link(tmp_path, main=big, use="extern const char table[]; const char *used = table;"))
    assert "region FLASH overflowed by " in said and "region RAM overflowed by " in said


def test_a_function_that_is_there_twice(tmp_path: Path) -> None:
    output = link(tmp_path, main=f"{ENTRY}int main(void) {{ return 0; }}", twice="int main(void) { return 1; }")
    assert cause(output).startswith("multiple definition of main, in ")


def test_a_library_that_is_nowhere(tmp_path: Path) -> None:
    output = link(tmp_path, "-lnowhere", main=f"{ENTRY}int main(void) {{ return 0; }}")
    assert cause(output) == "the linker cannot find library nowhere"


def test_a_source_that_does_not_compile(tmp_path: Path) -> None:
    output = link(tmp_path, main='#include "gone.h"\n')
    assert cause(output) == "main.c:1:10: fatal error: gone.h: No such file or directory"


def test_floats_passed_in_two_ways(tmp_path: Path) -> None:
    (tmp_path / "soft.c").write_text("float half(float x) { return x / 2; }")
    soft = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft", "-c", "soft.c"]
    subprocess.run(soft, cwd=tmp_path, check=True)
    program = f"{ENTRY}float half(float);\nint main(void) {{ return (int)half(3.0f); }}"
    output = link(tmp_path, "soft.o", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", main=program)
    assert cause(output) == "out.elf passes floats in registers, soft.o does not"


def test_who_wants_a_heap(tmp_path: Path) -> None:
    (tmp_path / "lib.c").write_text('#include <stdio.h>\nvoid tell(int n) { printf("%d %f", n, n / 3.0); }')
    subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-c", "lib.c"], cwd=tmp_path, check=True)
    subprocess.run(["arm-none-eabi-ar", "rcs", "libuser.a", "lib.o"], cwd=tmp_path, check=True)
    program = f"{ENTRY}void tell(int);\nint main(void) {{ tell(1); return 0; }}"
    output = link(tmp_path, "libuser.a", main=program)
    assert set(undefined(output)) & set(HEAP)
    assert puller((tmp_path / "map").read_text()) == "libuser.a(lib.o), which wants printf"


def test_an_error_of_cmake_in_many_lines(tmp_path: Path) -> None:
    text = "no library for this board was found in a directory whose name is long enough for CMake to wrap the line"
    (tmp_path / "CMakeLists.txt").write_text(f'cmake_minimum_required(VERSION 3.22)\nproject(x LANGUAGES NONE)\n'
                                             f'message(FATAL_ERROR "{text}")\n')  # fmt: skip
    done = subprocess.run(
        ["cmake", "-S", tmp_path, "-B", tmp_path / "b"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert cause(done.stdout) == text


def test_output_without_an_error() -> None:
    assert cause("one line\nninja: build stopped: subcommand failed.\n") == "one line"
    assert cause("") == "no output"
