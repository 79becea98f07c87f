# SPDX-License-Identifier: Apache-2.0
"""`tinydf flash` waits for the build that it wrote: lines and application are real, flasher and USB are made up."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from tests.firmware.host import POSIX_PORT, application, running
from tests.link.line import bad_line
from tinydf import flash as flashing
from tinydf.boards import board as boards
from tinydf.errors import TinydfError
from tinydf.flash import confirm, flash, plan

H743 = boards.load("nucleo-h743")
BUILD = "0123abcd"  # of tests.firmware.host
VERIFIED = "echo '** Verified OK **'"


@pytest.fixture(autouse=True)
def openocd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name which writes down how it was called, and says what the real one says; little patience."""
    path = tmp_path / "bin" / "openocd"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n{VERIFIED}\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
    monkeypatch.setattr(flashing, "WAIT_SECONDS", 3.0)
    monkeypatch.setattr(flashing, "SETTLE_SECONDS", 0.5)
    monkeypatch.setattr(flashing, "ATTEMPT_SECONDS", 0.5)
    return path


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Lets USB show the port of an ST-LINK."""
    there: list[ListPortInfo] = []
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: there)

    def add(port: str, number: str) -> None:
        info = ListPortInfo(port)
        info.vid, info.pid, info.serial_number = 0x0483, 0x374B, number
        there.append(info)

    return add


Plug = Callable[[str, str], None]


def calls(tmp_path: Path) -> list[str]:
    """How the flasher was called."""
    path = tmp_path / "calls"
    return path.read_text().splitlines() if path.exists() else []


def refused(tmp_path: Path, build_id: str = BUILD, **options: str) -> str:
    with pytest.raises(TinydfError) as caught:
        flash(H743, tmp_path, build_id, print, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value) and caught.value.hint
    return str(caught.value)


def test_the_build_that_was_written_answers(plug: Plug, tmp_path: Path) -> None:
    said: list[str] = []
    with running(board=H743.name) as port:
        plug(port, "AAA")
        done = flash(H743, tmp_path, BUILD, said.append)
    assert (done.program, done.port, done.build_id) == ("openocd", port, BUILD)
    assert said == ["Verified OK", f"waiting for nucleo-h743 to answer at {port}"]
    assert len(calls(tmp_path)) == 1 and "adapter serial" not in calls(tmp_path)[0]


def test_a_stale_image_is_not_done(plug: Plug, tmp_path: Path) -> None:
    with running(board=H743.name) as port:
        plug(port, "AAA")
        line = refused(tmp_path, "fedcba9876543210")
    assert line.startswith(
        "written and verified by openocd, but the build that runs is not confirmed: the nucleo-h743 "
    )
    assert f"at {port} answers with build {BUILD}, not fedcba987654, which was written: is it the board" in line
    assert line.endswith("; --no-wait leaves the question out")


@pytest.mark.slow
def test_silence_after_the_reset(plug: Plug, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    plug(os.ttyname(theirs), "AAA")
    line = refused(tmp_path)
    assert f"not confirmed: nothing answers HELLO at {os.ttyname(theirs)}: press its reset button, or name" in line
    os.close(ours)
    os.close(theirs)


def test_a_port_that_is_not_found(plug: Plug, tmp_path: Path) -> None:
    line = refused(tmp_path)
    assert "not confirmed: there is no serial port of nucleo-h743 (0483:374a, " in line
    assert line.endswith(
        ": press its reset button, or name its serial port with --port; --no-wait leaves the question out"
    )
    assert flash(H743, tmp_path, BUILD, print, wait=False).port is None


@pytest.mark.slow
def test_the_other_board_answers(plug: Plug, tmp_path: Path) -> None:
    with running(board="nucleo-f446") as port:
        assert f"the board at {port} is a nucleo-f446, not a nucleo-h743" in refused(tmp_path, port=port)


def test_of_two_boards_none_is_flashed_until_one_is_chosen(plug: Plug, tmp_path: Path) -> None:
    with running(board=H743.name) as left, running(board=H743.name) as right:
        one, other = sorted((left, right), key=lambda port: int(Path(port).name))  # /dev/pts/9 before /dev/pts/10
        plug(one, "AAA")
        plug(other, "BBB")
        line = refused(tmp_path)
        assert line.startswith("there are 2 boards: ") and "serial number AAA" in line and f"--port {one}" in line
        assert calls(tmp_path) == []
        assert flash(H743, tmp_path, BUILD, print, probe="BBB").port == other
        assert flash(H743, tmp_path, BUILD, print, port=one).port == one
        line = refused(tmp_path, probe="CCC")
        assert f"not confirmed: there is no serial port with the serial number CCC, only {one} (USB 0483:374b, " in line
    assert ["adapter serial {BBB}" in calls(tmp_path)[0], "adapter serial {AAA}" in calls(tmp_path)[1]] == [True, True]


def test_a_port_that_comes_back_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the chip's own USB does at each reset."""
    monkeypatch.setattr(flashing, "WAIT_SECONDS", 20.0)
    link = tmp_path / "tty"
    program = application(POSIX_PORT, board=H743.name)
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        time.sleep(0.5)
        started.append(subprocess.Popen([program, link], stdout=subprocess.DEVNULL))

    thread = threading.Thread(target=start)
    thread.start()
    try:
        assert confirm(H743, str(link), BUILD, print).build_id == BUILD
    finally:
        thread.join()
        started[0].terminate()
        started[0].wait(10)


def test_an_old_build_that_still_answers_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flashing, "SETTLE_SECONDS", 20.0)
    monkeypatch.setattr(flashing, "WAIT_SECONDS", 20.0)
    new = application(POSIX_PORT, board=H743.name, build_id="feed")
    with bad_line(application(POSIX_PORT, board=H743.name)) as line:

        def reset(_: str) -> None:
            line.program = new
            threading.Timer(0.5, line.reset).start()

        assert confirm(H743, line.port, "feed", reset).build_id == "feed"


def test_what_would_be_run(plug: Plug, tmp_path: Path) -> None:
    plug("/dev/ttyACM0", "AAA")
    (command,) = plan(H743, tmp_path, "stm32flash", None, "/dev/ttyUSB0").commands
    assert command[0] == "stm32flash" and command[-1] == "/dev/ttyUSB0"
    esp32 = boards.load("esp32-c3-devkitm-1")
    ask, write = plan(esp32, tmp_path, None, None, "/dev/ttyUSB0").commands
    assert ask[-1] == "chip-id" and write[-1] == f"{tmp_path}/firmware.bin"
    with pytest.raises(
        TinydfError, match=r"no serial port of esp32-c3.*if /dev/ttyACM0 \(USB 0483:374b\) is it, give it"
    ):
        plan(esp32, tmp_path, None, None, None)
    assert calls(tmp_path) == []


def test_the_command_line(h743_firmware: Path, tmp_path: Path) -> None:
    """As typed: a dry run, one for a script, one that flashes; what the flasher prints is no markup."""
    firmware = tmp_path / "a b"
    firmware.symlink_to(h743_firmware)

    def tinydf(*options: str) -> subprocess.CompletedProcess[str]:
        words = ["flash", "--board", "nucleo-h743", "--firmware", str(firmware), *options]
        return subprocess.run([sys.executable, "-m", "tinydf.cli", *words], capture_output=True, text=True, check=False)

    dry = tinydf("--dry-run", "--probe", "067")
    assert dry.stdout == (
        f"openocd -f board/st_nucleo_h743zi.cfg -c 'adapter serial {{067}}' -c 'program {{{firmware}/firmware.elf}} "
        "verify reset exit'\n"
    )
    listed = json.loads(tinydf("--dry-run", "--flasher", "st-flash", "--json").stdout)
    assert listed["commands"][0][:2] == ["st-flash", "--reset"]
    assert calls(tmp_path) == []
    (tmp_path / "bin" / "openocd").write_text(f"#!/bin/sh\necho '** [/x] **'\n{VERIFIED}\n")
    done = tinydf("--no-wait", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["port"] is None
    emulated = tinydf("--emulator", "--flasher", "openocd")
    assert emulated.returncode == 2 and "--flasher, --probe and --dry-run go with a real board" in emulated.stderr
    unknown = tinydf("--flasher", "dfu-util")
    assert unknown.returncode == 2 and "'stm32flash', 'gdb'" in unknown.stderr
