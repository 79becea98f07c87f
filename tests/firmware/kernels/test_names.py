# SPDX-License-Identifier: Apache-2.0
"""The kernels and a user's program share one namespace: all that other files see has the prefix."""

import re
import subprocess
from pathlib import Path

import pytest

from tinydf.resources import KERNELS

HEADERS = {path.name: path for path in sorted(KERNELS.glob("*/*.h"))}
INCLUDES = [f"-I{folder}" for folder in sorted({path.parent for path in HEADERS.values()})]
SYSTEM = ("stdbool.h", "stddef.h", "stdint.h", "string.h", "emmintrin.h")
PREFIXED = re.compile(r"(tdf_|TDF_|TINYDF_\w+_H$)")
# A token that begins a declaration's name: the last word before its parameters or its semicolon.
DECLARED = re.compile(r"^(?:static inline |extern )?\w[\w ]*?[ *](\w+)\(|^\} (\w+);$", re.MULTILINE)


@pytest.mark.slow
def test_symbols_have_the_prefix(tmp_path: Path) -> None:
    whole = tmp_path / "kernels.o"
    sources = [str(path) for path in sorted(KERNELS.glob("*/*.c"))]
    subprocess.run(["cc", "-std=c11", *INCLUDES, "-r", *sources, "-o", str(whole)], check=True)
    listing = subprocess.run(["nm", "--defined-only", "-g", str(whole)], check=True, capture_output=True, text=True)
    symbols = [line.split()[-1] for line in listing.stdout.splitlines()]
    assert len(symbols) > len(sources) // 2
    assert [symbol for symbol in symbols if not symbol.startswith("tdf_")] == []


def test_macros_have_the_prefix(tmp_path: Path) -> None:
    def macros(headers: list[str]) -> set[str]:
        source = tmp_path / "headers.c"
        source.write_text("".join(f"#include <{name}>\n" for name in [*SYSTEM, *headers]))
        flags = ["-std=c11", "-E", "-dM", *INCLUDES]
        text = subprocess.run(["cc", *flags, str(source)], check=True, capture_output=True, text=True).stdout
        return {re.split(r"[ (]", line)[1] for line in text.splitlines()}

    own = macros([*HEADERS]) - macros([])
    assert len(own) > len(HEADERS)
    assert sorted(name for name in own if not PREFIXED.match(name)) == []


def test_types_and_functions_have_the_prefix() -> None:
    names = [one or other for path in HEADERS.values() for one, other in DECLARED.findall(path.read_text())]
    assert {"tdf_conv_2d", "tdf_window", "tdf_clamp"} <= set(names)
    assert [name for name in names if not PREFIXED.match(name)] == []
