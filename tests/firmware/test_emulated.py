# SPDX-License-Identifier: Apache-2.0
"""The STM32 firmwares on their emulated chips: boot, inferences, the stack's depth, the watchdog, a dead clock."""

import shutil
from pathlib import Path

import pytest

from tests.firmware.board import NUCLEO, built, chip_of, emulated, running, stm32_boards
from tests.firmware.host import INPUT_BYTES, expected_output, expected_verdict
from tests.link.test_client import SAMPLES
from tinydf.boards import board as boards
from tinydf.errors import TinydfError
from tinydf.link import client, wire
from tinydf.link.client import Connection

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"),
]

EXTERNALLY_CLOCKED = [name for name in stm32_boards() if boards.load(name).core.external_clock_hz]


@pytest.fixture(scope="module")
def elfs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The firmware of each board with an STM32."""
    return {name: built(tmp_path_factory.mktemp(name), target=name) for name in stm32_boards()}


@pytest.fixture
def elf(elfs: dict[str, Path]) -> Path:
    """The firmware of one of them."""
    return elfs[NUCLEO]


@pytest.mark.parametrize("name", stm32_boards())
def test_it_boots_and_says_what_it_is(name: str, elfs: dict[str, Path]) -> None:
    with running(name, elfs[name]) as port, Connection(port) as board:
        hello = board.hello()
        result = board.infer(0, SAMPLES[0])
    assert hello.board == name
    assert hello.clock_hz == boards.load(name).core.clock_hz
    assert hello.counter_unit == wire.CounterUnit.EMULATED_INSTRUCTIONS
    assert hello.reset_cause == wire.ResetCause.POWER
    assert hello.build_id == "0123abcd"
    assert hello.stack_bytes == 8192
    assert hello.arena_bytes == 2560
    assert hello.input.bytes == INPUT_BYTES
    assert result.output == expected_output(SAMPLES[0], runs=1)
    assert result.arena_intact


def test_inferences(elf: Path) -> None:
    with running(NUCLEO, elf) as port, Connection(port) as board:
        results = [board.infer(index, data) for index, data in enumerate(SAMPLES)]
        assert board.hello().dropped_frames == 0
    for index, (result, data) in enumerate(zip(results, SAMPLES, strict=True)):
        assert result.output == expected_output(data, runs=index + 1)
        assert result.fake == expected_verdict(result.output)
        assert result.arena_intact
        assert 0 < result.peak_stack_bytes < 8192
    assert len({result.ticks for result in results[1:]}) == 1, "the count of instructions can be repeated"
    assert INPUT_BYTES < results[0].ticks < 100 * INPUT_BYTES


def test_the_peak_of_the_stack_is_measured(elf: Path, tmp_path: Path) -> None:
    def peak(firmware: Path) -> int:
        with running(NUCLEO, firmware) as port, Connection(port) as board:
            return board.infer(0, SAMPLES[0]).peak_stack_bytes

    shallow, deep = peak(elf), peak(built(tmp_path, "TEST_DEEP=4000"))
    # The answer to HELLO takes more than a shallow inference.
    assert 3300 < deep - shallow < 4100


@pytest.mark.parametrize("name", stm32_boards())
def test_what_runs_out_of_the_stack_is_stopped(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_INFERENCE_SECONDS", 1.0)
    monkeypatch.setattr(client, "INFERENCE_PATIENCE_SECONDS", 1.0)
    with (
        pytest.raises(AssertionError, match=r"MPU forbids|below its limit \(MSPLIM\)"),
        running(name, built(tmp_path, "TEST_DEEP=8192", target=name)) as port,
        pytest.raises(TinydfError),
        Connection(port) as board,
    ):
        board.infer(0, SAMPLES[0])


def test_an_engine_that_leaves_its_arena_is_seen(tmp_path: Path) -> None:
    with running(NUCLEO, built(tmp_path, "TEST_OVERRUN=1")) as port, Connection(port) as board:
        assert not board.infer(0, SAMPLES[0]).arena_intact


@pytest.mark.parametrize("name", EXTERNALLY_CLOCKED)
def test_without_its_clock_it_says_so_and_does_not_measure(name: str, elfs: dict[str, Path]) -> None:
    with (
        emulated(chip_of(name), elfs[name], 0) as port,
        Connection(port) as board,
        pytest.raises(TinydfError, match="did not start: the external clock did not start"),
    ):
        board.hello()


@pytest.mark.slow
@pytest.mark.parametrize("name", stm32_boards())
def test_a_hang_ends_by_the_watchdog_and_the_run_goes_on(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "INFERENCE_PATIENCE_SECONDS", 300.0)  # 8 emulated seconds take longer than real ones
    with running(name, built(tmp_path, "TEST_HANG=2", target=name)) as port, Connection(port) as board:
        board.infer(0, SAMPLES[0])
        assert board.infer(1, SAMPLES[1]).output == expected_output(SAMPLES[1], runs=1)
        assert board.hello().reset_cause == wire.ResetCause.WATCHDOG
