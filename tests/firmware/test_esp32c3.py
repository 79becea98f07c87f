# SPDX-License-Identifier: Apache-2.0
"""The ESP32-C3 firmware: what the linker made, and the ELF on the emulated chip."""

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from tests.firmware.board import ESP32C3, build, built, emulated
from tests.firmware.host import expected_output
from tests.link.test_client import SAMPLES
from tinydf.emulator.chips.esp32c3 import ESP32C3 as ESP32C3_CHIP
from tinydf.emulator.symbols import Symbols
from tinydf.errors import TinydfError
from tinydf.link import client, wire
from tinydf.link.client import Connection

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(shutil.which("riscv64-unknown-elf-gcc") is None, reason="no riscv64-unknown-elf-gcc"),
]

HSE_HZ = 40_000_000
FLASH, IRAM, DRAM, CONSTANTS = 0x4200_0000, 0x4038_0000, 0x3FC8_8000, 0x3C00_0000


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware."""
    return built(tmp_path_factory.mktemp("esp32c3"), target=ESP32C3)


def test_the_rom_starts_it(elf: Path) -> None:
    """Direct boot: the magic word twice, then the entry; all that is loaded lies in the flash, without holes."""
    with elf.open("rb") as file:
        image = ELFFile(file)
        assert image["e_entry"] == FLASH + 8
        assert image.get_section_by_name(".text").data()[:8] == bytes.fromhex("1d04dbae1d04dbae")
        loaded = [one for one in image.iter_segments("PT_LOAD") if one["p_filesz"]]
        places = sorted((one["p_paddr"], one["p_filesz"]) for one in loaded)
        assert places[0][0] == FLASH
        for (start, size), (follows, _) in pairwise(places):
            assert 0 <= follows - (start + size) < 256
        constants = image.get_section_by_name(".rodata")
        addresses = {one["p_vaddr"]: one["p_paddr"] for one in loaded}
        # Data are read through another window than code is, at the same place of the flash.
        assert addresses[constants["sh_addr"]] - FLASH == constants["sh_addr"] - CONSTANTS
        assert image.get_section_by_name(".hot")["sh_addr"] == IRAM
        assert image.get_section_by_name(".stack")["sh_addr"] == DRAM


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"arena_bytes": 400_000}, "region `DRAM' overflowed"), ({"TINYDF_STACK_BYTES": 1024}, "the stack is too small")],
)
def test_what_does_not_fit_does_not_link(arguments: dict[str, Any], message: str) -> None:
    done = build(target=ESP32C3, **arguments)
    assert done.returncode != 0
    assert message in done.stdout


def test_it_boots_and_measures(elf: Path) -> None:
    with emulated(ESP32C3_CHIP, elf, HSE_HZ) as port, Connection(port) as board:
        hello = board.hello()
        results = [board.infer(index, data) for index, data in enumerate(SAMPLES)]
    assert (hello.board, hello.clock_hz) == ("esp32-c3-devkitm-1", 160_000_000)
    assert hello.counter_unit == wire.CounterUnit.EMULATED_INSTRUCTIONS
    assert hello.reset_cause == wire.ResetCause.POWER
    assert hello.stack_bytes == 8192
    for index, (result, data) in enumerate(zip(results, SAMPLES, strict=True)):
        assert result.output == expected_output(data, runs=index + 1)
        assert result.arena_intact
        assert 0 < result.peak_stack_bytes < 8192
    assert len({result.ticks for result in results[1:]}) == 1, "the count of instructions can be repeated"


def test_the_peak_of_the_stack_is_measured(elf: Path, tmp_path: Path) -> None:
    def peak(firmware: Path) -> int:
        with emulated(ESP32C3_CHIP, firmware, HSE_HZ) as port, Connection(port) as board:
            return board.infer(0, SAMPLES[0]).peak_stack_bytes

    shallow, deep = peak(elf), peak(built(tmp_path, "TEST_DEEP=4000", target=ESP32C3))
    assert 3500 < deep - shallow < 4100


def test_a_stack_that_runs_over_is_a_fault_that_tells_where(tmp_path: Path) -> None:
    """Memory protection stops the store, and the trap handler, on a stack of its own, tells the host."""
    elf = built(tmp_path, "TEST_DEEP=8192", target=ESP32C3)
    with (
        emulated(ESP32C3_CHIP, elf, HSE_HZ) as port,
        Connection(port) as board,
        pytest.raises(TinydfError, match=r"stopped on a store fault at PC 0x[0-9a-f]{8}") as raised,
    ):
        board.infer(0, SAMPLES[0])
    place = int(str(raised.value).partition("PC ")[2][:10], 16)
    assert "engine.c:" in Symbols(elf).line(place) or "model_aot.c:" in Symbols(elf).line(place)


def test_without_its_pll_it_says_so_and_does_not_measure(elf: Path) -> None:
    with (
        emulated(ESP32C3_CHIP, elf, 0) as port,
        Connection(port) as board,
        pytest.raises(TinydfError, match="did not start: the PLL"),
    ):
        board.hello()


@pytest.mark.slow
def test_a_hang_ends_by_the_watchdog_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "INFERENCE_PATIENCE_SECONDS", 300.0)  # 8 emulated seconds take longer than real ones
    firmware = built(tmp_path, "TEST_HANG=2", target=ESP32C3)
    with emulated(ESP32C3_CHIP, firmware, HSE_HZ) as port, Connection(port) as board:
        board.infer(0, SAMPLES[0])
        assert board.infer(1, SAMPLES[1]).output == expected_output(SAMPLES[1], runs=1)
        assert board.hello().reset_cause == wire.ResetCause.WATCHDOG
