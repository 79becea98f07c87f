# SPDX-License-Identifier: Apache-2.0
"""Emulated boards in the background: started, found, talked to, stopped, and outlived by no stale state."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.boards.export import INPUT_BYTES, expected_output, write_export
from tinydf import emulator
from tinydf.artefacts.build import read_build
from tinydf.boards import board as boards
from tinydf.boards.build import build
from tinydf.compiler import target_of
from tinydf.errors import TinydfError
from tinydf.link import wire
from tinydf.link.client import Connection

pytestmark = pytest.mark.emulator

Program = Callable[[str], Path]
BOARDS = ("nucleo-h743", "mps3-an547", "posix")  # one a kind of emulator


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The real firmware, for each board, with a small engine."""
    base = tmp_path_factory.mktemp("firmware")
    for board in BOARDS:
        target = target_of(boards.load(board).core.name).name
        build(board, write_export(base / target, target=target), base / board)
    return {board: base / board for board in BOARDS}


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    for state in emulator.list_all():
        emulator.stop(state.name)


def tinydf(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    command = [sys.executable, "-m", "tinydf.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", BOARDS)
def test_the_firmware_answers(firmware: dict[str, Path], name: str) -> None:
    running = emulator.start(name, firmware[name] / "firmware.elf")
    made = read_build(firmware[name])
    data = np.random.default_rng(3).integers(0, 256, INPUT_BYTES, dtype=np.uint8).tobytes()
    with Connection(running.port) as board:
        hello = board.hello()
        assert hello.board == name and hello.build_id == made.build_id
        assert hello.model_sha256 == bytes.fromhex(made.model)
        assert hello.boot == wire.Boot.OK
        results = [board.infer(sample, data) for sample in range(3)]
    assert [result.output for result in results] == [expected_output(data)] * 3
    assert all(result.arena_intact for result in results)
    running.stop()
    assert not emulator.alive(name)


@pytest.mark.parametrize("name", ["nucleo-h743", "mps3-an547"])
def test_it_counts_instructions_and_comes_up_as_its_board_file_says(firmware: dict[str, Path], name: str) -> None:
    running = emulator.start(name, firmware[name] / "firmware.elf")
    with Connection(running.port) as board:
        hello = board.hello()
        ticks = {board.infer(sample, bytes(INPUT_BYTES)).ticks for sample in range(4)}
    assert hello.counter_unit == wire.CounterUnit.EMULATED_INSTRUCTIONS
    assert hello.unique_id == b"TINYDF-EMUL."
    assert hello.clock_hz == boards.load(name).core.clock_hz
    # The same work is the same number of instructions; of QEMU's clock, both readings are rounded.
    assert max(ticks) - min(ticks) <= (2 if name.startswith("mps") else 0)
    assert (emulator.home(name) / "log").read_text() == "", "no warning of clock tree or baud rate"


def test_a_port_can_be_opened_again_and_again(firmware: dict[str, Path]) -> None:
    running = emulator.start("nucleo-h743", firmware["nucleo-h743"] / "firmware.elf")
    for _ in range(5):
        with Connection(running.port) as board:
            assert board.hello().board == "nucleo-h743"


def test_a_second_of_the_same_name_is_refused_and_other_names_run_beside(program: Program) -> None:
    emulator.start("nucleo-h743", program("echo"), "one")
    with pytest.raises(TinydfError, match="an emulated one runs already: stop it with `tinydf emulator stop one`"):
        emulator.start("nucleo-h743", program("echo"), "one")
    emulator.start("nucleo-h743", program("echo"), "two")
    assert [state.name for state in emulator.list_all()] == ["one", "two"]
    before = emulator.read_state("one")
    emulator.start("nucleo-h743", program("echo"), "one", replace=True)
    after = emulator.read_state("one")
    assert before and after and before.pid != after.pid and before.port == after.port


def test_one_that_dies_leaves_its_last_words(program: Program) -> None:
    running = emulator.start("nucleo-h743", program("echo"), "doomed")
    with Path(running.port).open("wb", buffering=0) as port:
        port.write(b"X")
        deadline = time.monotonic() + 10
        while emulator.alive("doomed") and time.monotonic() < deadline:
            time.sleep(0.02)
    listed = json.loads(tinydf("emulator", "list", "--json").stdout)
    assert [one["status"] for one in listed] == ["stopped"]
    assert "write of 4 bytes at 0x60000000" in listed[0]["last_words"]
    assert "touch_nothing" in (emulator.home("doomed") / "log").read_text()
    assert "touch_nothing" in tinydf("emulator", "list").stdout


def test_a_firmware_that_dies_while_it_boots(tmp_path: Path, program: Program) -> None:
    broken = bytearray(program("echo").read_bytes())
    start = broken.index(bytes.fromhex("00000220"))  # the first vector; the reset vector follows
    broken[start + 4 : start + 8] = (0x90000001).to_bytes(4, "little")
    elf = tmp_path / "broken.elf"
    elf.write_bytes(broken)
    with pytest.raises(
        TinydfError, match=r"the emulated nucleo-h743 stopped: jump to 0x90000000, where there is no code"
    ):
        emulator.start("nucleo-h743", elf)
    assert not emulator.alive("nucleo-h743")


def test_qemu_ends_with_its_guard(firmware: dict[str, Path]) -> None:
    running = emulator.start("mps3-an547", firmware["mps3-an547"] / "firmware.elf")
    qemu = int(Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text())
    assert "qemu-system-arm" in Path(f"/proc/{qemu}/cmdline").read_text()
    os.kill(running.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{qemu}/cmdline").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{qemu}/cmdline").exists()


def test_one_that_was_killed_is_forgotten(program: Program) -> None:
    running = emulator.start("nucleo-h743", program("echo"), "killed")
    os.kill(running.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while emulator.alive("killed") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert emulator.list_all() == []
    assert not emulator.home("killed").exists()
    emulator.start("nucleo-h743", program("echo"), "killed")


def test_a_file_that_is_no_firmware(tmp_path: Path) -> None:
    elf = tmp_path / "firmware.elf"
    with pytest.raises(TinydfError, match="does not exist: build it with `tinydf build`"):
        emulator.start("nucleo-h743", elf)
    elf.write_bytes(b"\x7fELF and nothing")
    for board in ("nucleo-h743", "mps3-an547"):
        with pytest.raises(TinydfError, match="is not a complete ELF file"):
            emulator.start(board, elf)
    with pytest.raises(TinydfError, match="does not run here"):
        emulator.start("posix", elf)


@pytest.mark.parametrize("name", ["../../x", "/var/x", ".", "..", ".hidden", "", "a/b", "a\0b", "-x", "x" * 64])
def test_a_name_is_not_a_path(firmware: dict[str, Path], name: str, cache: Path) -> None:
    kept = cache / "x" / "kept"
    kept.parent.mkdir(exist_ok=True)
    kept.touch()
    with pytest.raises(TinydfError, match=r"an emulated board cannot be called .*: use letters, digits"):
        emulator.start("posix", firmware["posix"] / "firmware.elf", name or "\n", replace=True)
    with pytest.raises(TinydfError, match="cannot be called"):
        emulator.stop(name)
    assert kept.exists()
    assert emulator.list_all() == []


def test_what_is_no_emulated_board_is_left_alone_by_the_list(cache: Path) -> None:
    others = [emulator.home("a").parent / name for name in ("state.json", ".git/kept", "has blank/kept")]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert emulator.list_all() == []
    assert all(path.exists() for path in others)


def test_flash_starts_and_replaces_and_stop_stops(firmware: dict[str, Path]) -> None:
    arguments = ("flash", "--board", "nucleo-h743", "--firmware", firmware["nucleo-h743"], "--emulator")
    first = tinydf(*arguments)
    assert first.returncode == 0, first.stderr
    port = first.stdout.strip()
    assert port == str(emulator.home("nucleo-h743") / "tty") and Path(port).exists()
    second = tinydf(*arguments, "--json")
    assert "stopping the emulated nucleo-h743 that was running" in second.stderr
    assert json.loads(second.stdout)["port"] == port
    assert tinydf("emulator", "stop", "nucleo-h743").returncode == 0
    assert not Path(port).exists()
    again = tinydf("emulator", "stop", "nucleo-h743")
    assert again.returncode == 1
    assert again.stderr.strip() == "tinydf: no emulated board is called 'nucleo-h743': see `tinydf emulator list`"


@pytest.mark.parametrize("name", ["nucleo-h743", "posix"])
def test_foreground_runs_until_ctrl_c(firmware: dict[str, Path], name: str) -> None:
    arguments = ["flash", "--board", name, "--firmware", str(firmware[name]), "--foreground"]
    arguments += ["--emulator"] if name == "nucleo-h743" else []
    with subprocess.Popen(
        [sys.executable, "-m", "tinydf.cli", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        with Connection(port) as board:
            assert board.hello().board == name
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert emulator.list_all() == []
