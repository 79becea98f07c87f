# SPDX-License-Identifier: Apache-2.0
"""The emulated ESP32-C3: instructions are counted to the one, and what does not begin as it must is not started."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.emulator.machines import PROGRAMS, Box
from tinydf.emulator.chips.esp32c3 import ESP32C3

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(shutil.which("riscv64-unknown-elf-gcc") is None, reason="no riscv64-unknown-elf-gcc"),
]

HSE_HZ = 40_000_000


def _assemble(source: Path, elf: Path) -> Path:
    compiler = ("riscv64-unknown-elf-gcc", "-march=rv32imc", "-misa-spec=2.2", "-mabi=ilp32", "-nostdlib")
    subprocess.run([*compiler, "-Wl,-N,-Ttext=0x42000000", str(source), "-o", str(elf)], check=True)
    return elf


def test_instructions_are_counted_exactly(tmp_path: Path) -> None:
    elf = _assemble(PROGRAMS / "count_rv32.S", tmp_path / "count.elf")
    with Box(elf, ESP32C3, HSE_HZ) as box:
        assert [box.ask(bytes([piece]), 1)[0] for piece in range(4)] == [4, 122, 4, 1]


def test_a_flash_without_the_magic_words_is_not_started(tmp_path: Path) -> None:
    source = tmp_path / "nothing.S"
    source.write_text(".global _start\n_start: j _start\n")
    elf = _assemble(source, tmp_path / "nothing.elf")
    with Box(elf, ESP32C3, HSE_HZ) as box:
        assert "the flash does not begin with what the ROM starts" in box.last_words()
