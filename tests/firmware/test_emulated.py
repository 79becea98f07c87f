"""The STM32H743 firmware on the emulated chip: boot, inferences, the stack's depth, the watchdog, a dead clock."""

import shutil
from pathlib import Path

import pytest

from tests.firmware.board import built, emulated
from tests.firmware.host import INPUT_BYTES, expected_output, expected_verdict
from tests.link.test_client import SAMPLES
from tinydf.boards.emulator.chips import STM32H743
from tinydf.errors import TinydfError
from tinydf.link import client, wire
from tinydf.link.client import Board

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"),
]

HSE_HZ = 8_000_000


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware."""
    return built(tmp_path_factory.mktemp("emulated"))


def test_it_boots_and_says_what_it_is(elf: Path) -> None:
    with emulated(STM32H743, elf, HSE_HZ) as port, Board(port) as board:
        hello = board.hello()
    assert hello.board == "nucleo-h743"
    assert hello.clock_hz == 480_000_000
    assert hello.counter_unit == wire.CounterUnit.EMULATED_INSTRUCTIONS
    assert hello.reset_cause == wire.ResetCause.POWER
    assert hello.build_id == "0123abcd"
    assert hello.stack_bytes == 8192
    assert hello.arena_bytes == 2560
    assert hello.input.bytes == INPUT_BYTES


def test_inferences(elf: Path) -> None:
    with emulated(STM32H743, elf, HSE_HZ) as port, Board(port) as board:
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
        with emulated(STM32H743, firmware, HSE_HZ) as port, Board(port) as board:
            return board.infer(0, SAMPLES[0]).peak_stack_bytes

    shallow, deep = peak(elf), peak(built(tmp_path, "TEST_DEEP=4000"))
    assert 3500 < deep - shallow < 4100


def test_what_runs_out_of_the_stack_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_INFERENCE_SECONDS", 1.0)
    monkeypatch.setattr(client, "INFERENCE_PATIENCE_SECONDS", 1.0)
    with (
        pytest.raises(AssertionError, match="MPU forbids"),
        emulated(STM32H743, built(tmp_path, "TEST_DEEP=8000"), HSE_HZ) as port,
        pytest.raises(TinydfError),
        Board(port) as board,
    ):
        board.infer(0, SAMPLES[0])


def test_an_engine_that_leaves_its_arena_is_seen(tmp_path: Path) -> None:
    with emulated(STM32H743, built(tmp_path, "TEST_OVERRUN=1"), HSE_HZ) as port, Board(port) as board:
        assert not board.infer(0, SAMPLES[0]).arena_intact


def test_without_its_clock_it_says_so_and_does_not_measure(elf: Path) -> None:
    with (
        emulated(STM32H743, elf, 0) as port,
        Board(port) as board,
        pytest.raises(TinydfError, match="did not start: the external clock did not start"),
    ):
        board.hello()


@pytest.mark.slow
def test_a_hang_ends_by_the_watchdog_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "INFERENCE_PATIENCE_SECONDS", 300.0)  # 8 emulated seconds take longer than real ones
    with emulated(STM32H743, built(tmp_path, "TEST_HANG=2"), HSE_HZ) as port, Board(port) as board:
        board.infer(0, SAMPLES[0])
        assert board.infer(1, SAMPLES[1]).output == expected_output(SAMPLES[1], runs=1)
        assert board.hello().reset_cause == wire.ResetCause.WATCHDOG
