# SPDX-License-Identifier: Apache-2.0
"""The test programs, compiled once, and a cache of their own for the emulated boards of the tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.machines import compile_program


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Compiles a test program for a chip when first asked for, and gives its ELF file."""
    out = tmp_path_factory.mktemp("programs")
    made: dict[tuple[str, str], Path] = {}

    def get(name: str, machine: str = "stm32h743") -> Path:
        if (name, machine) not in made:
            made[name, machine] = compile_program(name, out, machine)
        return made[name, machine]

    return get


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emulated boards of the tests do not meet the user's."""
    monkeypatch.setenv("TINYDF_CACHE", str(cache))
